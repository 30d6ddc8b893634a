//! The runs by name: which is looked at, how each is called, and taking one away.

use super::plots;
use crate::app::{Action, CompareAction, RunSetting, TrainAction, TrainingRun};
use crate::ui::{number, theme, view::View};
use egui::{Id, RichText, TextEdit, Ui};

/// What a setting is called in a run's name: "batch 64", "η 0.1".
fn setting(view: &View, setting: &RunSetting) -> String {
    let fill = |key: &str, value: &str| view.fill(&format!("training.run.{key}"), &[("value", value)]);
    match setting {
        RunSetting::Network(name) => name.clone(),
        RunSetting::Data(name) => {
            let known = crate::data::Generated::parse(name);
            known.map_or_else(|| name.clone(), |data| view.text(&format!("data.{}", data.name())))
        }
        RunSetting::Batch(n) => fill("batch", &n.to_string()),
        RunSetting::Rate(rate) => fill("rate", &number::short(*rate as f32)),
        RunSetting::Rule(rule) => view.text(&format!("rule.{}", rule.name())),
        RunSetting::Decay(decay) => fill("decay", &number::short(*decay as f32)),
        RunSetting::Augment(augment) if augment.is_nothing() => view.text("training.run.plain"),
        RunSetting::Augment(augment) => augment.to_string(),
        RunSetting::Difficulty(difficulty) => fill("difficulty", &number::short(*difficulty as f32)),
        RunSetting::Share(share) => fill("share", &number::short((share * 100.0) as f32)),
        RunSetting::Seed(seed) => fill("seed", &seed.to_string()),
        RunSetting::Weights(n) => fill("weights", &n.to_string()),
        RunSetting::Normalisation(n) => fill("normalisation", &n.to_string()),
        RunSetting::From(step) => fill("from", &step.to_string()),
        RunSetting::Number(n) => fill("number", &n.to_string()),
    }
}

/// What a run is called: by the user, or by the settings in which it differs from the others.
pub fn name(view: &View, run: &TrainingRun) -> String {
    let settings = || run.differs.iter().map(|differs| setting(view, differs)).collect::<Vec<_>>().join(", ");
    run.name.map_or_else(settings, str::to_owned)
}

/// A button per run where there are several; its menu renames it, compares it or takes it away.
pub fn runs_ui(ui: &mut Ui, view: &View) {
    let runs = view.state.training_runs();
    if runs.len() < 2 && runs.iter().all(|run| run.is_chosen) {
        return;
    }
    ui.label(RichText::new(view.text("training.runs")).color(view.theme.text_weak));
    for (place, run) in runs.iter().enumerate() {
        let (name, number) = (name(view, run), run.branch.number());
        let text = RichText::new(&name).color(plots::color(view.theme, place)).strong();
        let response = ui.selectable_label(run.is_chosen, text).on_hover_text(view.text("training.run_tip"));
        if response.clicked() {
            view.act(Action::Train(TrainAction::Choose(number)));
        }
        response.context_menu(|ui| menu_ui(ui, view, run, &name));
    }
}

fn menu_ui(ui: &mut Ui, view: &View, run: &TrainingRun, name: &str) {
    let number = run.branch.number();
    let id = Id::unique(("name of run", number));
    let mut text = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_else(|| name.to_owned());
    let label = ui.label(view.text("training.rename"));
    let edit = ui.add(TextEdit::singleline(&mut text).desired_width(160.0)).labelled_by(label.id);
    ui.data_mut(|data| data.insert_temp(id, text.clone()));
    if edit.lost_focus() && text != name {
        view.act(Action::Train(TrainAction::Rename(number, text)));
        ui.data_mut(|data| data.remove::<String>(id));
        ui.close();
    }
    ui.add_space(theme::space::XS);
    if run.is_chosen {
        return;
    }
    if ui.button(view.text("training.compare_run")).clicked() {
        view.act(Action::Compare(CompareAction::KeepRun(number)));
        ui.close();
    }
    if ui.button(view.text("training.remove_run")).clicked() {
        view.act(Action::Train(TrainAction::Remove(number)));
        ui.close();
    }
}
