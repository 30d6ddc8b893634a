//! What copies or masks cell by cell: flatten, dropout.

use crate::trace::{Address, Stage};
use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn plain_ui(ui: &mut Ui, view: &View, focus: &Address, _stage: &Stage, _l: usize) {
    ui.label(view.state.plan().text(focus));
}
