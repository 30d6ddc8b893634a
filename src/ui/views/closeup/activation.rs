//! Activations: the curve, the cell's point, the gate both ways.

use crate::trace::{Address, Stage};
use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn activation_ui(ui: &mut Ui, view: &View, focus: &Address, _stage: &Stage, _l: usize) {
    ui.label(view.state.plan().text(focus));
}
