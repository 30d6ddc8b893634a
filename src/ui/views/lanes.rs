//! The network: a lane of maps forward, below it a lane of their gradients, columns aligned.

use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn lanes_ui(ui: &mut Ui, view: &View) {
    ui.label(view.text("lanes"));
}
