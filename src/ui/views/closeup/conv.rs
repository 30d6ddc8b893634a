//! Convolution: window, filter, products, sum; weight and input gradients.

use crate::trace::{Address, Stage};
use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn conv_ui(
    ui: &mut Ui,
    view: &View,
    focus: &Address,
    _stage: &Stage,
    _l: usize,
    _spec: &crate::nn::conv::Conv2d,
) {
    ui.label(view.state.plan().text(focus));
}
