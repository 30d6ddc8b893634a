//! The loss: shift, exp, sum, divide, the logarithm, and p minus y.

use crate::trace::{Address, Stage};
use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn loss_ui(ui: &mut Ui, view: &View, focus: &Address, _stage: &Stage) {
    ui.label(view.state.plan().text(focus));
}
