//! The update: before, change, after.

use crate::trace::{Address, Stage};
use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn update_ui(ui: &mut Ui, view: &View, focus: &Address, _stage: &Stage) {
    ui.label(view.state.plan().text(focus));
}
