//! Training whose data set is missing: its results, and where to look for the data.

use super::plots;
use crate::app::{FileAction, MissingData};
use crate::ui::{theme, view::View};
use egui::{Button, Id, Rect, RichText, TextEdit, Ui};

/// Draws the notice that the data set used for training was not found, with a field for its path.
pub fn absent_ui(ui: &mut Ui, view: &View, absent: &MissingData) {
    ui.label(RichText::new(view.text("files.absent")).strong());
    ui.label(RichText::new(&absent.why).color(view.theme.text_weak));
    let was = absent.session.recipe().map(crate::data::Recipe::name).unwrap_or_default();
    let typed = Id::unique("absent data");
    let mut text = ui.data(|data| data.get_temp::<String>(typed)).unwrap_or(was);
    ui.horizontal(|ui| {
        let label = ui.label(view.text("files.path"));
        let edit = TextEdit::singleline(&mut text).desired_width((ui.available_width() - 140.0).max(120.0));
        if ui.add(edit).labelled_by(label.id).changed() {
            ui.data_mut(|data| data.insert_temp(typed, text.clone()));
        }
        if ui.add(Button::new(view.text("files.look"))).clicked() {
            view.push(FileAction::FindData(Some(text.into())).into());
        }
    });
    ui.add_space(theme::space::M);
    let rest = ui.available_rect_before_wrap();
    let height = rest.height().max(2.0 * plots::LEAST);
    plots::plots_ui(ui, view, Rect::from_min_size(rest.min, egui::vec2(rest.width(), height)));
}
