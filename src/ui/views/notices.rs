//! Lines for the user, and work that goes on.

use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn notices_ui(ui: &mut Ui, view: &View) {
    ui.label(view.text("notices"));
}
