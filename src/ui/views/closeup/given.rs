//! A tensor that is given, not computed: the picture, a weight before training.

use crate::trace::Address;
use crate::ui::view::View;
use egui::Ui;

/// Draws it.
pub fn given_ui(ui: &mut Ui, view: &View, focus: &Address) {
    ui.label(view.state.plan().text(focus));
}
