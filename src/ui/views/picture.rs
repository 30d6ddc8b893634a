//! The picture, what the network sees of it, and what it makes of it.

use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn picture_ui(ui: &mut Ui, view: &View) {
    ui.label(view.text("picture"));
}
