//! Changes how the state is shown; no number depends on it.

use super::{navigation, notice::fail};
use crate::app::state::{AppState, Compared, Drawer, Figure, LANE_ZOOM, Lane, Message, Order, Page, With};
use crate::trace::{Grain, TensorId};

/// Larger or smaller maps of the network, by `by` half powers of two.
pub(in crate::app) fn zoom_lanes(state: &mut AppState, by: i8) {
    state.view.lane_zoom = state.view.lane_zoom.saturating_add(by).clamp(-LANE_ZOOM, LANE_ZOOM);
}

/// Opens or closes the panel beside the stage; with an open one comes the page that has it.
pub(in crate::app) fn set_drawer(state: &mut AppState, drawer: Option<Drawer>) {
    let view = &mut state.view;
    view.drawer = drawer;
    if let Some(drawer) = drawer {
        view.page = Page::Network;
        view.why_seen |= drawer == Drawer::Why;
    }
}

/// Leaves the stage alone, for a class, or shows the whole window again.
pub(in crate::app) fn present(state: &mut AppState, presenting: bool) {
    (state.view.presenting, state.view.spotlight) = (presenting, false);
}

/// Shows the place in another way; where it has no such way, a place that has it.
pub(in crate::app) fn set_figure(state: &mut AppState, figure: Option<Figure>) {
    let Some(shown) = figure else {
        state.view.figure = None;
        return;
    };
    if !state.figures().contains(&shown) {
        let Some(place) = state.place_of_figure(shown) else {
            let name = state.model().name.clone();
            let (what, key) = match shown {
                Figure::Coverage => ("a layer with a window", "notice.no_window"),
                Figure::Vector => ("a picture or a layer that flattens", "notice.no_vector"),
                Figure::Turned => ("a convolution", "notice.no_convolution"),
                Figure::Derivatives => {
                    ("a convolution of a few numbers; open article-backprop", "notice.no_small_convolution")
                }
                Figure::Kept | Figure::Sizes => ("a layer", "notice.no_layer"),
                Figure::Slide => ("a convolution of one small map", "notice.no_small_map"),
            };
            let text = format!("{name}: expected {what}, got none");
            return fail(state, Message::sentence(text, key, &[("name", &name)]));
        };
        navigation::look(state, place);
    }
    (state.view.page, state.view.figure) = (Page::Network, figure);
}

/// Shows values, gradients or both. Choosing values while a gradient is shown goes to the same cells in the
/// forward pass.
pub(in crate::app) fn set_lane(state: &mut AppState, lane: Lane) {
    state.view.lane = lane;
    if state.lane() == lane {
        return;
    }
    let (look, plan) = (state.look(), state.plan());
    let gradient = state.trace().tensor_cell(&look.whole_cell()).map(|(tensor, ..)| tensor);
    let source = gradient.and_then(|gradient| plan.differentiated(gradient));
    let read = source.map_or_else(|| plan.input_of(plan.network().layers.len()), TensorId::of);
    let cell = plan.writer(read, look.time(), state.image(), look.cell());
    let values = plan.widen(&cell, look.grain().min(Grain::Cell));
    navigation::look(state, values);
}

/// Compares the maps with something. An order by changes comes and goes with it.
pub(in crate::app) fn set_comparison(state: &mut AppState, with: With, compared: Compared) {
    let view = &mut state.view;
    match (view.with == With::Nothing, with == With::Nothing) {
        (true, false) => view.order = Order::Changed,
        (false, true) if view.order == Order::Changed => view.order = Order::default(),
        (true | false, true | false) => {}
    }
    (view.with, view.compared) = (with, compared);
}

/// Closes the topmost thing that is open: what lies over the window, then the newest notice, then the panel
/// beside the stage. With nothing open, pauses, or shows one depth further out.
pub(in crate::app) fn escape(state: &mut AppState) {
    let has_figure = state.figure().is_some();
    let view = &mut state.view;
    if view.sheet.take().is_some() {
    } else if view.blank || view.help || view.typing_address || view.palette {
        (view.blank, view.help, view.typing_address, view.palette) = (false, false, false, false);
    } else if state.data.parts_question.take().is_some() || state.files.size_question.take().is_some() {
    } else if state.data.asking {
        state.data.asking = false;
    } else if state.files.film.take().is_some() || state.files.asked.take().is_some() {
    } else if let Some(draft) = &state.draft {
        // A changed draft is not discarded by a single key.
        if !draft.is_changed() {
            state.draft = None;
        }
    } else if view.typing_path {
        view.typing_path = false;
    } else if view.pad || view.adjust {
        (view.pad, view.adjust) = (false, false);
    } else if state.playback.playing {
        state.playback.toggle();
    } else if view.presenting {
        (view.presenting, view.spotlight) = (false, false);
    } else if state.notices.pop().is_some() {
    } else if view.drawer.is_some() {
        view.drawer = None;
    } else if view.page == Page::Network && has_figure {
        view.figure = None;
    } else if view.page == Page::Network
        && let Some(outer) = navigation::leave(state.plan(), &state.look())
    {
        navigation::look(state, outer);
    }
}
