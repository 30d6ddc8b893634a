//! The dense layer: the flattened strip, the weights, the sum.

use crate::trace::{Address, Stage};
use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn dense_ui(
    ui: &mut Ui,
    view: &View,
    focus: &Address,
    _stage: &Stage,
    _l: usize,
    _spec: &crate::nn::dense::Dense,
) {
    ui.label(view.state.plan().text(focus));
}
