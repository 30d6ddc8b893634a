//! Why the focused cell is what it is: a sentence, the formula in symbols and numbers, the terms.

use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn inspector_ui(ui: &mut Ui, view: &View) {
    ui.label(view.text("inspector"));
}
