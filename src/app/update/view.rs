//! Changes how the state is shown; no number depends on it.

use crate::app::state::{AppState, LANE_ZOOM, Page, Side, TOUR};

/// Larger or smaller maps of the network, by `by` half powers of two.
pub(in crate::app) fn zoom_lanes(state: &mut AppState, by: i8) {
    state.view.lane_zoom = state.view.lane_zoom.saturating_add(by).clamp(-LANE_ZOOM, LANE_ZOOM);
}

/// Shows a stop of the tour; behind the last one, and with `None`, the tour is over.
pub(in crate::app) fn show_tour(state: &mut AppState, stop: Option<usize>) {
    let view = &mut state.view;
    view.tour = stop.filter(|&stop| stop < TOUR.len());
    match view.tour {
        // The tour's words presume that all five regions are visible.
        Some(_) => {
            (view.page, view.side) = (Page::Closeup, Side::Cell);
            (view.pad, view.help, view.palette) = (false, false, false);
        }
        None => view.toured = true,
    }
}

/// Closes the topmost thing that is open; if nothing is, pauses or deselects.
pub(in crate::app) fn escape(state: &mut AppState) {
    let view = &mut state.view;
    if view.blank || view.help || view.typing_address || view.palette {
        (view.blank, view.help, view.typing_address, view.palette) = (false, false, false, false);
    } else if state.data.asking {
        state.data.asking = false;
    } else if view.tour.is_some() {
        (view.tour, view.toured) = (None, true);
    } else if state.files.asked.take().is_some() {
    } else if let Some(draft) = &state.draft {
        // A changed draft is not discarded by a single key.
        if !draft.is_changed() {
            state.draft = None;
        }
    } else if view.pad {
        view.pad = false;
    } else if state.playback.playing {
        state.playback.toggle();
    } else {
        state.position.select(None);
    }
}
