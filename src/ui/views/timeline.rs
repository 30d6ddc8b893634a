//! The run as an icicle: a row per grain, the cursor, marks.

use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn timeline_ui(ui: &mut Ui, view: &View) {
    ui.label(view.text("timeline"));
}
