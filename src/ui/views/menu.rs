//! The menus, from the command table.

use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn menu_ui(ui: &mut Ui, view: &View) {
    ui.label(view.text("menu"));
}
