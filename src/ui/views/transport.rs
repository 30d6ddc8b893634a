//! Buttons to step and play, the grain, the speed.

use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn transport_ui(ui: &mut Ui, view: &View) {
    ui.label(view.text("transport"));
}
