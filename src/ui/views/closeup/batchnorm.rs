//! Batch normalisation: statistics, normalising, scale and shift.

use crate::trace::{Address, Stage};
use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn batchnorm_ui(ui: &mut Ui, view: &View, focus: &Address, _stage: &Stage, _l: usize) {
    ui.label(view.state.plan().text(focus));
}
