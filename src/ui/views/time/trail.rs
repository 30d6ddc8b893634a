//! Where the cursor was: the newest place first, the one it is at marked, those gone back from above it.

use super::{command_ui, heading_ui, note_ui};
use crate::app::{Action, PlaceText};
use crate::ui::{names, view::View};
use egui::{Align, Button, Layout, RichText, Ui};

/// Places that are listed to either side.
const LISTED: usize = 40;

/// Draws the places visited before; a click goes back to one.
pub fn trail_ui(ui: &mut Ui, view: &View) {
    let state = view.state;
    ui.horizontal(|ui| {
        heading_ui(ui, view, "time.trail");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            command_ui(ui, view, "trail_ahead");
            command_ui(ui, view, "trail_back");
        });
    });
    if state.trail().is_empty() && state.trail_ahead().is_empty() {
        return note_ui(ui, view, &view.text("time.no_trail"));
    }
    let ahead = state.trail_ahead().len();
    for (number, place) in state.trail_ahead().iter().enumerate().skip(ahead.saturating_sub(LISTED)) {
        // The last one of these is the next one ahead.
        let far = state.trail_ahead().len() - number;
        place_ui(ui, view, place, -(far as isize));
    }
    let here = state.place();
    ui.label(
        RichText::new(format!("▸ {}", names::place_of_text(view, here.text()))).color(view.theme.text_strong),
    );
    for (number, place) in state.trail().iter().rev().enumerate().take(LISTED) {
        place_ui(ui, view, place, number as isize + 1);
    }
}

fn place_ui(ui: &mut Ui, view: &View, place: &PlaceText, back: isize) {
    let color = if back > 0 { view.theme.accent } else { view.theme.text_weak };
    let link = RichText::new(names::place_of_text(view, place.text())).color(color);
    let is_there = place.resolve(view.state.plan()).is_some();
    if ui.add_enabled(is_there, Button::new(link).frame(false).truncate()).clicked() {
        view.push(Action::Trail(back));
    }
}
