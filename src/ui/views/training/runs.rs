//! The runs by name: which one is selected, how each is called, and removing one.

use super::plots;
use crate::app::{Action, CompareAction, TrainAction, TrainingRun};
use crate::ui::{run_names, theme, view::View};
use egui::{Id, RichText, Role, TextEdit, Ui, WidgetInfo};

/// A button per run where there are several, each with a menu to rename it, compare it or take it away.
pub fn runs_ui(ui: &mut Ui, view: &View) {
    let runs = view.state.training_runs();
    if runs.is_empty() || runs.len() == 1 && runs[0].is_chosen {
        return;
    }
    ui.add_space(theme::space::M);
    let key = if view.state.inputs().training.is_some() { "training.runs" } else { "training.go_on" };
    ui.label(RichText::new(view.text(key)).color(view.theme.text_weak));
    for (place, run) in runs.iter().enumerate() {
        let (name, number) = (run_names::full_name(view, run), run.branch.number());
        let text = RichText::new(&name).color(plots::color(view.theme, place)).font(theme::strong_font());
        let response = ui.selectable_label(run.is_chosen, text).on_hover_text(view.text("training.run_tip"));
        if response.clicked() && !run.is_chosen {
            view.push(Action::Train(TrainAction::Choose(number)));
        }
        let menu = ui.menu_button("⋯", |ui| menu_ui(ui, view, run, &name)).response;
        let words = view.fill("training.run_menu", &[("name", &name)]);
        menu.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
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
        view.push(Action::Train(TrainAction::Rename(number, text)));
        ui.data_mut(|data| data.remove::<String>(id));
        ui.close();
    }
    ui.add_space(theme::space::XS);
    if run.is_chosen {
        return;
    }
    let is_same_network = run.inputs.model.network == view.state.model().network;
    if is_same_network && ui.button(view.text("training.compare_run")).clicked() {
        view.push(Action::Compare(CompareAction::KeepRun(number)));
        ui.close();
    }
    if ui.button(view.text("training.remove_run")).clicked() {
        view.push(Action::Train(TrainAction::Remove(number)));
        ui.close();
    }
}
