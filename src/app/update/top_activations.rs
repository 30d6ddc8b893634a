//! Starts and stops the search for the highest activations.

use super::notice::fail;
use crate::app::{
    effect::Effect,
    state::{
        ActivationSearch, AppState, SearchJob,
        top_activations::{ENDLESS, set_to_search},
        unit::asked_unit,
    },
    task::Task,
};
use crate::attribution::TopActivations;
use std::sync::Arc;

/// Begins anew, for the unit that is asked for.
pub(in crate::app) fn start(state: &mut AppState) -> Vec<Effect> {
    stop(state);
    let (data, part) = set_to_search(state);
    let network = Arc::clone(state.plan().network());
    let data = match data.fitted(network.input) {
        Ok(data) => data,
        Err(error) => {
            fail(state, error.to_string());
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
        job: None,
    });
    resume(state)
}

/// Stops it; what was found stays.
pub(in crate::app) fn stop(state: &mut AppState) {
    if let Some(search) = &mut state.attribution.search {
        search.stop();
    }
}

/// A worker has looked at some more; what he was no longer to do is not heard.
pub(in crate::app) fn apply_found(state: &mut AppState, number: u64, done: ActivationSearch) -> Vec<Effect> {
    let is_of_it = |search: &ActivationSearch| search.job.as_ref().is_some_and(|job| job.number == number);
    if !state.attribution.search.as_ref().is_some_and(is_of_it) {
        return Vec::new();
    }
    state.attribution.search = Some(ActivationSearch { job: None, ..done });
    resume(state)
}

/// Hands the next examples to a worker, until all have been looked at or the answer would be to another question.
fn resume(state: &mut AppState) -> Vec<Effect> {
    let Some(search) = &state.attribution.search else { return Vec::new() };
    if search.is_done() || search.is_stale(state) {
        return Vec::new();
    }
    let task = Arc::new(Task::Excite(Box::new(search.clone())));
    state.jobs += 1;
    let job = SearchJob { number: state.jobs, stop: Arc::default() };
    let effect = Effect::Work { job: job.number, task, stop: Arc::clone(&job.stop) };
    if let Some(search) = &mut state.attribution.search {
        search.job = Some(job);
    }
    vec![effect]
}
