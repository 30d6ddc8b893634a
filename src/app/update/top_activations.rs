//! Starts and stops the search for the highest activations.

use super::{jobs, notice::fail};
use crate::app::{
    effect::Effect,
    state::{
        ActivationSearch, AppState, JobKind,
        top_activations::{ENDLESS, set_to_search},
        unit::asked_unit,
    },
    task::Task,
};
use crate::attribution::TopActivations;
use std::sync::Arc;

/// Begins anew, for the unit that is asked for.
pub(in crate::app) fn start(state: &mut AppState) -> Vec<Effect> {
    state.jobs.cancel(JobKind::TopActivations);
    let (data, part) = set_to_search(state);
    let network = Arc::clone(state.plan().network());
    let data = match data.fitted(network.input) {
        Ok(data) => data,
        Err(error) => {
            fail(state, error);
            return Vec::new();
        }
    };
    state.attribution.search = Some(ActivationSearch {
        unit: asked_unit(state),
        all: data.len(part).unwrap_or(ENDLESS),
        data,
        part,
        error: None,
        found: TopActivations::new(ActivationSearch::KEPT),
        network,
        params: Arc::clone(state.trace().params()),
        preprocess: state.model().architecture.preprocess.clone(),
    });
    resume(state)
}

/// Applies what a worker has found in some more examples, and continues.
pub(in crate::app) fn apply_found(state: &mut AppState, found: ActivationSearch) -> Vec<Effect> {
    state.attribution.search = Some(found);
    resume(state)
}

/// Hands the next examples to a worker, until all have been tried or the search is out of date.
fn resume(state: &mut AppState) -> Vec<Effect> {
    let Some(search) = &state.attribution.search else { return Vec::new() };
    if search.is_done() || search.is_stale(state) {
        return Vec::new();
    }
    let (name, task) = (search.data.name().to_owned(), Task::TopActivations(Box::new(search.clone())));
    vec![jobs::start(state, JobKind::TopActivations, name, task)]
}
