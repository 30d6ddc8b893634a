//! Changes the attribution settings and advances the maps.

use super::{jobs, notice::fail, top_activations};
use crate::app::{
    action::AttributionAction,
    effect::Effect,
    state::{AppState, AttributionMaps, JobKind, MapRequest, Page, Subject, Work, derived, focused_unit},
    task::Task,
};
use crate::attribution::PixelRange;
use crate::nn::Execution;
use std::sync::Arc;

/// Applies a change of what is asked for.
pub(in crate::app) fn update(state: &mut AppState, action: AttributionAction) -> Vec<Effect> {
    let focused = focused_unit(state);
    let is_large = derived::is_large(&state.model().network);
    let page = &mut state.attribution;
    match action {
        AttributionAction::Subject(subject) => page.subject = subject,
        AttributionAction::Focused => page.subject = focused.map_or(page.subject, Subject::Unit),
        AttributionAction::Settings(settings) => {
            (page.method, page.settings) = (settings.method, Some(settings));
        }
        AttributionAction::Randomise(seed) => page.random = seed,
        AttributionAction::Opacity(opacity) => page.opacity = opacity.clamp(0.0, 1.0),
        AttributionAction::TogglePlay => {
            page.playing = !page.playing;
            if page.playing {
                return resume(state);
            }
            if is_large {
                state.jobs.cancel_foreground();
            }
        }
        AttributionAction::Next => {
            page.playing = false;
            let Some(made) = &page.made else { return Vec::new() };
            let done = made.look.progress().0;
            if made.look.occlusion().is_some() && page.place + 1 < done {
                page.place += 1;
            } else if !made.is_done() {
                return take_step(state, true);
            }
        }
        AttributionAction::Previous => {
            page.playing = false;
            page.place = page.place.saturating_sub(1);
        }
        AttributionAction::Again => page.made = None,
        AttributionAction::Search => return top_activations::start(state),
    }
    Vec::new()
}

/// Runs after every action: restarts what is out of date, and continues what is not done.
pub(in crate::app) fn advance(state: &mut AppState, time_for_more: bool) -> Vec<Effect> {
    if state.view.page != Page::Attribution {
        return Vec::new();
    }
    let network = Arc::clone(state.plan().network());
    if state.attribution.meet(&network) {
        state.jobs.cancel(JobKind::TopActivations);
    }
    let asked = MapRequest::from_state(state);
    let (settings, random) = (state.attribution.settings(&network), state.attribution.random);
    if state.attribution.made.as_ref().is_some_and(|made| asked.is(made, &settings, random)) {
        // A large network's map waits until the worker is free.
        let may = time_for_more || derived::is_large(&network);
        return if may && state.attribution.playing { resume(state) } else { Vec::new() };
    }
    let model = state.model();
    let range = PixelRange::new(network.input[0], |c, pixel| model.architecture.preprocess.value(c, pixel));
    let begun = AttributionMaps::begin(&asked, settings, range, random);
    (state.attribution.playing, state.attribution.place) = (true, 0);
    match begun {
        Ok(made) => {
            state.attribution.made = Some(Arc::new(made));
            resume(state)
        }
        Err(error) => {
            // The unit is of another network, or there is none such.
            state.attribution.subject = Subject::Predicted;
            fail(state, Work::Evidence.failed(error));
            Vec::new()
        }
    }
}

/// Takes a worker's result: the finished maps, or the next step of them.
pub(in crate::app) fn apply_maps(state: &mut AppState, made: AttributionMaps) {
    let is_of_it = |begun: &Arc<AttributionMaps>| {
        Arc::ptr_eq(&begun.params, &made.params)
            && begun.unit == made.unit
            && begun.look.settings() == made.look.settings()
    };
    if state.attribution.made.as_ref().is_some_and(is_of_it) {
        state.attribution.place = made.look.progress().0.saturating_sub(1);
        state.attribution.made = Some(Arc::new(made));
    }
}

fn resume(state: &mut AppState) -> Vec<Effect> {
    take_step(state, false)
}

/// Steps within a frame's time, or just one; a large network's are a worker's.
fn take_step(state: &mut AppState, once: bool) -> Vec<Effect> {
    /// Multiply-adds in a frame: some milliseconds.
    const IN_A_FRAME: u64 = 8_000_000;
    let terms = state.model().network.terms();
    let is_large = derived::is_large(&state.model().network);
    let Some(made) = state.attribution.made.as_mut().filter(|made| !made.is_done()) else {
        return Vec::new();
    };
    if is_large {
        if state.jobs.foreground().is_some() {
            return Vec::new();
        }
        let task = Task::AttributionMaps { made: Arc::clone(made), once };
        let name = state.model().name.clone();
        return vec![jobs::start(state, JobKind::Computing, name, task)];
    }
    // Nobody else has it: only a worker would.
    let now = Arc::make_mut(made);
    let steps = if once { 1 } else { (IN_A_FRAME / (terms * 3).max(1)).max(1) };
    for _ in 0..steps {
        now.step(Execution::SERIAL);
        if now.is_done() {
            break;
        }
    }
    now.show();
    let (is_done, newest) = (now.is_done(), now.look.progress().0.saturating_sub(1));
    state.attribution.place = newest;
    if is_done || once { Vec::new() } else { vec![Effect::Advance] }
}
