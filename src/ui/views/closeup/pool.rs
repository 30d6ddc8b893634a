//! Pooling: the window, its winner, the way back.

use crate::trace::{Address, Stage};
use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn pool_ui(
    ui: &mut Ui,
    view: &View,
    focus: &Address,
    _stage: &Stage,
    _l: usize,
    _spec: &crate::nn::pool::Pool2d,
) {
    ui.label(view.state.plan().text(focus));
}
