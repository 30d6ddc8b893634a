//! Starts and stops jobs.

use crate::app::{
    effect::Effect,
    state::{AppState, Busy, JobKind},
    task::Task,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Hands a task to a worker; what another one computes is no longer wanted.
pub(in crate::app) fn start(state: &mut AppState, kind: JobKind, name: String, task: Task) -> Effect {
    let (job, stop) = begin(state, kind, name);
    Effect::Work { job, task: Arc::new(task), stop }
}

/// A job begins: its number, and what is set when its answer is no longer wanted.
pub(in crate::app) fn begin(state: &mut AppState, kind: JobKind, name: String) -> (u64, Arc<AtomicBool>) {
    stop(state);
    state.jobs += 1;
    let (job, stop) = (state.jobs, Arc::new(AtomicBool::new(false)));
    state.busy = Some(Busy { job, name, kind, part: 0.0, stop: Arc::clone(&stop) });
    (job, stop)
}

/// Forgets the work that goes on.
pub(in crate::app) fn stop(state: &mut AppState) {
    if let Some(busy) = state.busy.take() {
        busy.stop.store(true, Ordering::Relaxed);
    }
}

/// Notes how much of a job is done.
pub(in crate::app) fn set_progress(state: &mut AppState, job: u64, part: f32) {
    if let Some(busy) = state.busy.as_mut().filter(|busy| busy.job == job) {
        busy.part = part;
    }
}
