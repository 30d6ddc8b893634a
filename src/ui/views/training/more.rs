//! What is behind More…: one batch or round, the examples of a run, first weights, conditions to stop at.

use super::{controls::stop_key, field::field_ui};
use crate::app::{Action, TrainAction, Training, Until};
use crate::data::{Augment, Difficulty, Origin, Split};
use crate::nn::{init::Init, optimizer::Optimizer};
use crate::train::StopWhen;
use crate::ui::{
    number,
    theme::{self, space},
    view::View,
};
use egui::{
    Align, Button, DragValue, Layout, PopupCloseBehavior, RichText, ScrollArea, Ui,
    containers::menu::{MenuButton, MenuConfig},
    style::StyleModifier,
    vec2,
};

fn push(view: &View, action: TrainAction) {
    view.push(Action::Train(action));
}

/// The button, which opens all of it.
pub fn more_ui(ui: &mut Ui, view: &View) {
    let Some(training) = &view.state.inputs().training else { return };
    // Fields and buttons look like what they are, not like a menu's lines.
    let config = MenuConfig::new()
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .style(StyleModifier::default());
    let button = Button::new(view.text("training.more")).min_size(vec2(76.0, 34.0));
    MenuButton::from_button(button).config(config).ui(ui, |ui| {
        ui.set_max_width(460.0);
        let most = (ui.ctx().content_rect().height() - 120.0).max(160.0);
        ScrollArea::vertical().max_height(most).min_scrolled_height(most).show(ui, |ui| {
            ui.spacing_mut().interact_size.y = 30.0;
            ui.with_layout(Layout::top_down(Align::Min), |ui| {
                part_ui(ui, view, "training.part_steps");
                ui.horizontal_wrapped(|ui| steps_ui(ui, view));
                part_ui(ui, view, "training.part_examples");
                examples_ui(ui, view, training);
                part_ui(ui, view, "training.part_weights");
                weights_ui(ui, view);
                part_ui(ui, view, "training.stops");
                stops_ui(ui, view);
            });
        });
    });
}

fn part_ui(ui: &mut Ui, view: &View, key: &str) {
    ui.add_space(space::XS);
    ui.label(RichText::new(view.text(key)).font(theme::strong_font()).color(view.theme.text_strong));
}

/// One batch, one round.
fn steps_ui(ui: &mut Ui, view: &View) {
    let (done, setup) = (view.state.run().branch().done(), *view.state.plan().setup());
    let idle = view.state.training().running.is_none();
    let round_end = (done / setup.batches + 1) * setup.batches - 1;
    for (key, until) in [("training.one_batch", done), ("training.one_epoch", round_end)] {
        let button = Button::new(view.text(key)).min_size(vec2(0.0, 30.0));
        if ui.add_enabled(idle, button).on_hover_text(view.text(&format!("{key}_tip"))).clicked() {
            push(view, TrainAction::Start(Until::Step(until)));
        }
    }
}

/// What the examples of a run are like.
fn examples_ui(ui: &mut Ui, view: &View, training: &Training) {
    ui.horizontal_wrapped(|ui| {
        let seed = training.schedule.seed;
        if let Some(seed) = field_ui(ui, view, "training.seed", seed, |drag| drag.range(0..=999_999)) {
            push(view, TrainAction::Seed(seed));
        }
        difficulty_ui(ui, view, training);
        share_ui(ui, view, training);
    });
    ui.horizontal_wrapped(|ui| augment_ui(ui, view, training));
    normalise_ui(ui, view, training);
}

/// How hard generated examples are.
fn difficulty_ui(ui: &mut Ui, view: &View, training: &Training) {
    let Some(difficulty) = training.schedule.data.difficulty() else { return };
    let changed =
        field_ui(ui, view, "training.difficulty", difficulty.get(), |drag| drag.range(0.0..=1.0).speed(0.01));
    if let Some(difficulty) = changed.and_then(Difficulty::new) {
        let mut other = training.clone();
        other.schedule.data = other.schedule.data.with_difficulty(difficulty);
        push(view, TrainAction::Set(other));
    }
}

/// What is kept back for checking, where the set has no part for that.
fn share_ui(ui: &mut Ui, view: &View, training: &Training) {
    match training.schedule.data.origin(Split::Validation) {
        Origin::Generated => {}
        Origin::Own => {
            ui.label(RichText::new(view.text("training.own_validation")).color(view.theme.text_weak));
        }
        Origin::KeptBack | Origin::Absent => {
            let percent = training.validation * 100.0;
            let changed = field_ui(ui, view, "training.share", percent, |drag| {
                drag.range(0.0..=90.0).speed(0.2).max_decimals(1).suffix(" %")
            });
            if let Some(percent) = changed {
                push(view, TrainAction::Set(training.clone().with_validation(percent / 100.0)));
            }
        }
    }
}

fn augment_ui(ui: &mut Ui, view: &View, training: &Training) {
    let before = training.schedule.augment;
    let mut now: Augment = before;
    let [_, h, w] = training.schedule.data.shape();
    let most = (h.max(w) / 2).max(1) as u32;
    let shift = field_ui(ui, view, "training.shift", before.shift, |drag| drag.range(0..=most).suffix(" px"));
    now.shift = shift.unwrap_or(before.shift);
    ui.checkbox(&mut now.flip, view.text("training.flip")).on_hover_text(view.text("training.flip_tip"));
    let rotate = field_ui(ui, view, "training.rotate", before.rotate, |drag| {
        drag.range(0.0..=180.0).speed(0.5).suffix("°")
    });
    now.rotate = rotate.unwrap_or(before.rotate);
    let percent = field_ui(ui, view, "training.brightness", before.brightness * 100.0, |drag| {
        drag.range(0.0..=100.0).speed(0.5).suffix(" %")
    });
    now.brightness = percent.map_or(before.brightness, |percent| percent / 100.0);
    if now != before {
        let mut other = training.clone();
        other.schedule.augment = now;
        push(view, TrainAction::Set(other));
    }
}

/// What is taken from pixels and what they are divided by, and what the data has.
fn normalise_ui(ui: &mut Ui, view: &View, training: &Training) {
    let list = |numbers: &[f64]| {
        numbers.iter().map(|&x| number::four_digits(x as f32)).collect::<Vec<_>>().join(" ")
    };
    let preprocess = &view.state.model().architecture.preprocess;
    let (mean, std) = (list(preprocess.mean()), list(preprocess.std()));
    ui.label(view.fill("training.preprocess", &[("mean", &mean), ("std", &std)]));
    if let Some(seed) = preprocess.shuffle() {
        ui.label(view.fill("training.shuffled", &[("seed", &seed.to_string())]));
    }
    let measured = view.state.data().measured(&training.schedule.data, Split::Train);
    let Some(Ok(measured)) = measured else { return };
    let (data_mean, data_std) = (list(&measured.statistics.mean), list(&measured.statistics.std));
    if (&data_mean, &data_std) == (&mean, &std) {
        return;
    }
    let words = view.fill("training.normalise", &[("mean", &data_mean), ("std", &data_std)]);
    if ui.add(Button::new(words).wrap()).on_hover_text(view.text("training.normalise_tip")).clicked() {
        push(view, TrainAction::Normalise);
    }
}

/// Weight decay, and other first weights.
fn weights_ui(ui: &mut Ui, view: &View) {
    let now = view.state.inputs().optimizer;
    ui.horizontal(|ui| {
        let decay = field_ui(ui, view, "training.decay", now.weight_decay, |drag| {
            drag.range(0.0..=1.0).speed(1e-4).max_decimals(6)
        });
        if let Some(weight_decay) = decay {
            push(view, TrainAction::Optimizer(Optimizer { weight_decay, ..now }));
        }
    });
    ui.label(RichText::new(view.text("training.restart_tip")).color(view.theme.text_weak));
    ui.horizontal_wrapped(|ui| {
        for (init, key) in [
            (Init::He, "init.he"),
            (Init::Xavier, "init.xavier"),
            (Init::Normal { deviation: 1.0 }, "init.wild"),
            (Init::Zeros, "init.zeros"),
        ] {
            if ui.button(view.text(key)).clicked() {
                let seed = view.state.inputs().seed;
                push(view, TrainAction::Restart { init, seed });
            }
        }
    });
}

/// Conditions at which training stops by itself.
fn stops_ui(ui: &mut Ui, view: &View) {
    for usual in StopWhen::ALL {
        let set = view.state.training().stops.iter().find(|stop| stop.is_like(&usual)).copied();
        let shown = set.unwrap_or(usual);
        ui.horizontal(|ui| {
            let mut on = set.is_some();
            if ui.checkbox(&mut on, view.text(stop_key(&usual))).changed() {
                push(view, if on { TrainAction::StopAt(shown) } else { TrainAction::StopNoMore(shown) });
            }
            if let Some(stop) = limit_ui(ui, on, shown) {
                push(view, TrainAction::StopAt(stop));
            }
        });
    }
}

/// The number of a condition; answers the condition with another one.
fn limit_ui(ui: &mut Ui, on: bool, shown: StopWhen) -> Option<StopWhen> {
    match shown {
        StopWhen::NotFinite | StopWhen::UnitDies => None,
        StopWhen::LossRises(mut factor) => {
            let drag = DragValue::new(&mut factor).range(1.1..=1000.0).speed(0.1).suffix(" ×");
            ui.add_enabled(on, drag).changed().then_some(StopWhen::LossRises(factor))
        }
        StopWhen::GradientAbove(mut limit) => {
            let speed = limit * 0.02;
            let drag = DragValue::new(&mut limit).range(1e-6..=1e9).speed(speed);
            ui.add_enabled(on, drag).changed().then_some(StopWhen::GradientAbove(limit))
        }
        StopWhen::Accuracy(goal) => {
            let mut percent = goal * 100.0;
            let drag = DragValue::new(&mut percent).range(1.0..=100.0).speed(0.2).suffix(" %");
            ui.add_enabled(on, drag).changed().then_some(StopWhen::Accuracy(percent / 100.0))
        }
    }
}
