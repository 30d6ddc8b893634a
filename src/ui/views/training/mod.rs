//! Training on a data set: what is trained on, play and pause, plots over the steps, and what the last check
//! found. The plots are the time line: a click goes to the step.

mod absent;
mod controls;
mod diagnostics;
mod examples;

mod plots;
mod runs;

use crate::ui::view::View;
use egui::{RichText, ScrollArea, Ui};

/// Draws the page.
pub fn training_ui(ui: &mut Ui, view: &View) {
    let height = ui.available_height();
    ScrollArea::vertical().id_salt("training").auto_shrink(false).show(ui, |ui| {
        let top = ui.cursor().top();
        controls::controls_ui(ui, view);
        ui.separator();
        if view.state.inputs().training.is_none() {
            match &view.state.files().absent {
                Some(absent) => absent::absent_ui(ui, view, absent),
                None => controls::invitation_ui(ui, view),
            }
            return;
        }
        if view.state.run().lines().iter().all(|line| line.done() == 0) {
            ui.label(RichText::new(view.text("training.nothing_yet")).color(view.theme.text_weak));
            return;
        }
        let room = height - (ui.cursor().top() - top);
        // Two columns where there is room for two.
        if ui.available_width() >= 560.0 {
            ui.columns_const(|[left, right]| {
                plots::run_ui(left, view, room);
                diagnostics::diagnostics_ui(right, view, room);
            });
        } else {
            plots::run_ui(ui, view, room);
            diagnostics::diagnostics_ui(ui, view, room);
        }
    });
}
