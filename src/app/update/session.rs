//! Replaces the state by a session.

use crate::app::state::{
    AppState, AttributionState, Inputs, OpenedSet, Restored, RightAnswer, Session, TrainingState, Undo,
    ViewState,
};

/// Puts a session in place of all that was there.
pub(in crate::app) fn apply_session(state: &mut AppState, restored: Restored) -> Box<Session> {
    let Restored { inputs, fitted, position, session, missing: _ } = restored;
    (state.inputs, state.fitted, state.position) = (inputs, fitted, position);
    state.breakpoint_search = None;
    state.picture_before = None;
    state.right_answer = RightAnswer::NotAsked;
    state.dismissed_advice.clear();
    (state.undo, state.in_stroke, state.draft, state.answer) = (Undo::default(), false, None, None);
    state.attribution = AttributionState::default();
    state.training = TrainingState::with(session.stops.clone(), session.training_runs());
    state.playback.playing = false;
    state.playback.set_speed(session.moves_per_sec);
    state.data.opened = opened_set(&state.inputs).or(state.data.opened.take());
    // Light or dark, the language and the like are the reader's own.
    let ViewState { theme, lang, still, why_seen, .. } = state.view;
    state.view = ViewState { theme, lang, still, why_seen, page: session.page, ..session.view };
    session
}

/// The data set of a training, where it was opened, to be shown.
fn opened_set(inputs: &Inputs) -> Option<OpenedSet> {
    let dataset = inputs.training.as_ref()?.schedule.data.clone();
    let location = dataset.location()?.clone();
    Some(OpenedSet { location, dataset, notes: Vec::new(), skipped: Vec::new() })
}
