//! What the examples of a run are like: seed, augmentation, difficulty, the share to validate on, normalisation.

use super::controls::named;
use crate::app::{Action, TrainAction, Training};
use crate::data::{Augment, Difficulty, Origin, Split};
use crate::ui::{number, view::View};
use egui::{CollapsingHeader, DragValue, RichText, Ui};

fn act(view: &View, action: TrainAction) {
    view.act(Action::Train(action));
}

/// Draws them below a line that says how they stand.
pub fn examples_ui(ui: &mut Ui, view: &View, training: &Training) {
    let schedule = &training.schedule;
    let augment = match schedule.augment.is_nothing() {
        true => view.text("training.plain"),
        false => schedule.augment.to_string(),
    };
    let seed = schedule.seed.to_string();
    let title = view.fill("training.examples", &[("seed", &seed), ("augment", &augment)]);
    CollapsingHeader::new(title).id_salt("examples of the run").show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            let mut seed = schedule.seed;
            let drag = DragValue::new(&mut seed).range(0..=999_999).update_while_editing(false);
            if named(view, ui, "training.seed", drag).changed() {
                act(view, TrainAction::Seed(seed));
            }
            difficulty_ui(ui, view, training);
            share_ui(ui, view, training);
        });
        ui.horizontal_wrapped(|ui| augment_ui(ui, view, training));
        normalise_ui(ui, view, training);
    });
}

/// How hard generated examples are.
fn difficulty_ui(ui: &mut Ui, view: &View, training: &Training) {
    let Some(difficulty) = training.schedule.data.difficulty() else { return };
    let mut value = difficulty.get();
    let drag = DragValue::new(&mut value).range(0.0..=1.0).speed(0.01).update_while_editing(false);
    if named(view, ui, "training.difficulty", drag).changed()
        && let Some(difficulty) = Difficulty::new(value)
    {
        let mut other = training.clone();
        other.schedule.data = other.schedule.data.with_difficulty(difficulty);
        act(view, TrainAction::Set(other));
    }
}

/// What is kept back to validate on, where the set has no part for that.
fn share_ui(ui: &mut Ui, view: &View, training: &Training) {
    match training.schedule.data.origin(Split::Validation) {
        Origin::Generated => {}
        Origin::Own => {
            ui.label(RichText::new(view.text("training.own_validation")).color(view.theme.text_weak));
        }
        Origin::KeptBack | Origin::Absent => {
            let mut percent = training.validation * 100.0;
            let drag = DragValue::new(&mut percent)
                .range(0.0..=90.0)
                .speed(0.2)
                .max_decimals(1)
                .suffix(" %")
                .update_while_editing(false);
            if named(view, ui, "training.share", drag).changed() {
                act(view, TrainAction::Set(training.clone().with_validation(percent / 100.0)));
            }
        }
    }
}

fn augment_ui(ui: &mut Ui, view: &View, training: &Training) {
    let before = training.schedule.augment;
    let Augment { mut shift, mut flip, mut rotate, brightness } = before;
    let mut percent = brightness * 100.0;
    let [_, h, w] = training.schedule.data.shape();
    let most = (h.max(w) / 2).max(1) as u32;
    let drag = DragValue::new(&mut shift).range(0..=most).suffix(" px").update_while_editing(false);
    let mut changed = named(view, ui, "training.shift", drag).changed();
    changed |= ui
        .checkbox(&mut flip, view.text("training.flip"))
        .on_hover_text(view.text("training.flip_tip"))
        .changed();
    let drag =
        DragValue::new(&mut rotate).range(0.0..=180.0).speed(0.5).suffix("°").update_while_editing(false);
    changed |= named(view, ui, "training.rotate", drag).changed();
    let drag =
        DragValue::new(&mut percent).range(0.0..=100.0).speed(0.5).suffix(" %").update_while_editing(false);
    changed |= named(view, ui, "training.brightness", drag).changed();
    if changed {
        let mut other = training.clone();
        other.schedule.augment = Augment { shift, flip, rotate, brightness: percent / 100.0 };
        act(view, TrainAction::Set(other));
    }
}

/// What is taken from pixels and what they are divided by, and what the data has.
fn normalise_ui(ui: &mut Ui, view: &View, training: &Training) {
    let list = |numbers: &[f64]| {
        numbers.iter().map(|&x| number::four_digits(x as f32)).collect::<Vec<_>>().join(" ")
    };
    let preprocess = &view.state.model().architecture.preprocess;
    let (mean, std) = (list(preprocess.mean()), list(preprocess.std()));
    ui.horizontal_wrapped(|ui| {
        ui.label(view.fill("training.preprocess", &[("mean", &mean), ("std", &std)]));
        let measured = view.state.data().measured(&training.schedule.data, Split::Train);
        let Some(Ok(measured)) = measured else { return };
        let (data_mean, data_std) = (list(&measured.statistics.mean), list(&measured.statistics.std));
        if (&data_mean, &data_std) == (&mean, &std) {
            return;
        }
        let words = view.fill("training.normalise", &[("mean", &data_mean), ("std", &data_std)]);
        if ui.button(words).on_hover_text(view.text("training.normalise_tip")).clicked() {
            act(view, TrainAction::Normalise);
        }
    });
}
