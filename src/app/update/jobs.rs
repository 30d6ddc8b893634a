//! Starts and cancels jobs.

use crate::app::{
    effect::Effect,
    state::{AppState, JobKind},
    task::Task,
};
use std::sync::Arc;

/// Hands a task to the host as a job.
pub(in crate::app) fn start(state: &mut AppState, kind: JobKind, name: String, task: Task) -> Effect {
    let (job, cancel) = state.jobs.start(kind, name);
    Effect::Work { job, task: Arc::new(task), cancel }
}

/// Cancels the job of a kind; with the foreground job, what waits for it is given up too.
pub(in crate::app) fn cancel(state: &mut AppState, kind: JobKind) {
    if !kind.is_foreground() {
        return state.jobs.cancel(kind);
    }
    state.jobs.cancel_foreground();
    state.moment = None;
    state.position.stop_waiting();
    state.breakpoint_search = None;
    state.attribution.playing = false;
}

/// Cancels the training job without waiting for its end; its news are ignored from now on.
pub(in crate::app) fn abandon_training(state: &mut AppState) {
    state.training.ended = None;
    state.training.images_per_sec = None;
    state.training.running = None;
    state.jobs.cancel(JobKind::Training);
}
