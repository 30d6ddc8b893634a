//! The loss after the update, which the close-up of the update compares with the one before.

use super::jobs;
use crate::app::{
    effect::Effect,
    state::{AppState, JobKind, Page},
    task::Task,
};
use std::sync::Arc;

/// Computes the loss after the update if it is shown and not known yet: a small network's at once, a large one's by a
/// worker.
pub(in crate::app) fn compute_shown(state: &mut AppState) -> Vec<Effect> {
    /// Multiply-adds of one forward pass that a frame has time for.
    const QUICK: u64 = 2_000_000;
    let is_shown = state.view.page == Page::Network && state.shows_loss_after();
    if !is_shown || state.loss_after().is_some() || state.jobs.of_kind(JobKind::LossAfter).is_some() {
        return Vec::new();
    }
    let (trace, revision) = (Arc::clone(state.trace()), state.revision());
    let images = u64::from(trace.plan().setup().images);
    if trace.plan().network().terms() * images <= QUICK {
        state.loss_after = Some((revision, trace.loss_after()));
        return Vec::new();
    }
    let name = state.model().name.clone();
    vec![jobs::start(state, JobKind::LossAfter, name, Task::LossAfter { trace, revision })]
}
