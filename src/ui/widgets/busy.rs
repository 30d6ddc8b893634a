//! The activity indicator: turning, or still where the user wants no motion.

use super::super::view::View;
use egui::Ui;

/// Draws a spinner.
pub fn busy_ui(ui: &mut Ui, view: &View) {
    if view.state.view().still {
        ui.label("…");
    } else {
        ui.spinner();
    }
}
