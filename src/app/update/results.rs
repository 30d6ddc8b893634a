//! Applies the results of tasks.

use super::{
    attribution, breakpoint_search, files,
    inputs::apply_inputs,
    models::{use_model, use_picture},
    notice::fail,
    top_activations,
};
use crate::app::{effect::Effect, state::AppState, task::Done};
use crate::data::{Loaded, PictureError};
use std::sync::Arc;

fn apply_result(state: &mut AppState, job: u64, done: Done) -> Vec<Effect> {
    match done {
        Done::Model(Ok(model)) => {
            let opened = files::has_opened(state, job);
            let mut effects = use_model(state, *model);
            effects.extend(opened);
            return effects;
        }
        Done::Session(Ok(session)) => return files::open_session_data(state, job, session),
        Done::Restored(Ok(restored)) => return files::finish_restore(state, job, *restored),
        Done::Session(Err(error)) | Done::Restored(Err(error)) => fail(state, error),
        Done::Model(Err(error)) => fail(state, error),
        Done::Derived(change, derived) => apply_inputs(state, change, derived.map(|derived| *derived)),
        // What has been trained meanwhile stays.
        Done::Approached(Ok(run)) => state.run = run.with_lines_of(&state.run),
        Done::Approached(Err(error)) => {
            state.position.pending = None;
            fail(state, error);
        }
        Done::BreakpointSearched(Ok((hunt, halt))) => breakpoint_search::finish(state, hunt, halt),
        Done::BreakpointSearched(Err(error)) => {
            state.breakpoint_search = None;
            fail(state, error);
        }
        Done::Answered(question, answer) => state.answer = Some((question, *answer)),
        Done::Looked(made) => attribution::apply_maps(state, *made),
        Done::Excited(search) => return top_activations::apply_found(state, job, *search),
    }
    Vec::new()
}

/// Applies the result of a task, unless nobody waits for it any more.
pub(in crate::app) fn update(state: &mut AppState, job: u64, done: Done) -> Vec<Effect> {
    // A search has a job of its own: other work does not end it.
    if let Done::Excited(search) = done {
        return top_activations::apply_found(state, job, *search);
    }
    if state.busy.as_ref().is_none_or(|busy| busy.job != job) {
        return Vec::new();
    }
    state.busy = None;
    apply_result(state, job, done)
}

/// Applies a decoded picture.
pub(in crate::app) fn apply_picture(
    state: &mut AppState,
    job: u64,
    result: Result<Arc<Loaded>, PictureError>,
) -> Vec<Effect> {
    if state.busy.as_ref().is_none_or(|busy| busy.job != job) {
        return Vec::new();
    }
    state.busy = None;
    match result {
        Ok(picture) => {
            let mut effects = use_picture(state, picture);
            effects.extend(files::has_opened(state, job));
            effects
        }
        Err(error) => {
            fail(state, error.to_string());
            Vec::new()
        }
    }
}
