//! The activity indicator: turning, or still where the user wants no motion.

use super::super::view::View;
use egui::Ui;

/// Draws the indicator at the ui's next place.
pub fn busy_ui(ui: &mut Ui, view: &View) {
    if view.state.view().still {
        ui.label("…");
    } else {
        ui.spinner();
    }
}
