//! All keys at a glance.

use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn help_ui(ui: &mut Ui, view: &View) {
    ui.label(view.text("help"));
}
