//! The pictures of a data set that excite a unit most: a search that a worker takes on part by part, so that what is
//! found shows while it goes on, and that can be stopped.
//!
//! What was found stays until another search begins or the network changes; where the unit or the weights are others by
//! then it says so.

use super::{
    action::{Effect, fail},
    looks::asked_unit,
    state::AppState,
    work::Task,
};
use crate::attribution::{Probe, TopActivation, TopActivations, Unit};
use crate::data::{Dataset, Split};
use crate::model_io::Preprocess;
use crate::nn::{Execution, Network, Params};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Examples of generated data that are looked at: there is no last one.
const ENDLESS: u64 = 2000;

/// A search through the examples of a part of a data set.
#[derive(Clone, Debug)]
pub struct Search {
    /// Whom the pictures excite.
    pub unit: Unit,
    /// The set, with pictures of the network's size.
    pub data: Dataset,
    /// The part.
    pub part: Split,
    /// Examples that are looked at in all.
    pub all: u64,
    /// Why it could not go on.
    pub error: Option<String>,
    found: TopActivations,
    network: Arc<Network>,
    params: Arc<Params>,
    preprocess: Preprocess,
    job: Option<Job>,
}

/// What a worker does for it now.
#[derive(Clone, Debug)]
struct Job {
    number: u64,
    stop: Arc<AtomicBool>,
}

impl Search {
    /// Pictures that are kept.
    pub const KEPT: usize = 9;

    /// The most exciting pictures so far, the best first.
    pub fn best(&self) -> &[TopActivation] {
        self.found.best()
    }

    /// Examples that it has looked at.
    pub fn seen(&self) -> u64 {
        self.found.seen()
    }

    /// Whether it goes on.
    pub const fn is_running(&self) -> bool {
        self.job.is_some()
    }

    /// Whether it was for another unit than the one that is asked for, or with other weights.
    pub fn is_stale(&self, state: &AppState) -> bool {
        let trace = state.trace();
        !Arc::ptr_eq(&self.params, trace.params())
            || !self.is_for(trace.plan().network())
            || self.preprocess != state.model().architecture.preprocess
            || self.unit != asked_unit(state)
    }

    /// Whether it is of this network, with whatever weights.
    pub(super) fn is_for(&self, network: &Arc<Network>) -> bool {
        Arc::ptr_eq(&self.network, network) || self.network == *network
    }

    /// Looks at some more examples; false if cancelled.
    pub(super) fn go_on(&mut self, exec: Execution) -> bool {
        /// Multiply-adds until it tells what it has found: some tenths of a second.
        const TERMS: u64 = 400_000_000;
        const MOST: u64 = 256;
        let some = (TERMS / self.network.terms().max(1)).clamp(1, MOST);
        match self.look_at(some, exec) {
            Ok(went_on) => went_on,
            Err(error) => {
                self.error = Some(error);
                true
            }
        }
    }

    fn look_at(&mut self, some: u64, exec: Execution) -> Result<bool, String> {
        let probe = Probe::new(&self.network, &self.params, self.unit).map_err(|error| error.0)?;
        for index in (self.found.seen()..self.all).take(some as usize) {
            let example = self.data.example(self.part, index).map_err(|error| error.to_string())?;
            let x = self.preprocess.apply(&example.pixels);
            if !self.found.offer(&probe, index, &x, exec) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_done(&self) -> bool {
        self.error.is_some() || self.seen() >= self.all
    }

    /// Goes on no longer; what was found stays.
    pub(super) fn stop(&mut self) {
        if let Some(job) = self.job.take() {
            job.stop.store(true, Ordering::Relaxed);
        }
    }
}

/// The set that would be gone through, and the part: those that the page of data shows, or another part where that one
/// has no examples.
pub fn set_to_search(state: &AppState) -> (Dataset, Split) {
    let data = state.shown_data();
    let parts = std::iter::once(state.data.part).chain(Split::ALL);
    let part = parts.into_iter().find(|&part| !data.is_empty(part)).unwrap_or(state.data.part);
    (data, part)
}

/// Begins anew, for the unit that is asked for.
pub(super) fn begin(state: &mut AppState) -> Vec<Effect> {
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
    state.looks.search = Some(Search {
        unit: asked_unit(state),
        all: data.len(part).unwrap_or(ENDLESS),
        data,
        part,
        error: None,
        found: TopActivations::new(Search::KEPT),
        network,
        params: Arc::clone(state.trace().params()),
        preprocess: state.model().architecture.preprocess.clone(),
        job: None,
    });
    go_on(state)
}

/// Stops it; what was found stays.
pub(super) fn stop(state: &mut AppState) {
    if let Some(search) = &mut state.looks.search {
        search.stop();
    }
}

/// A worker has looked at some more; what he was no longer to do is not heard.
pub(super) fn take_over(state: &mut AppState, number: u64, done: Search) -> Vec<Effect> {
    let is_of_it = |search: &Search| search.job.as_ref().is_some_and(|job| job.number == number);
    if !state.looks.search.as_ref().is_some_and(is_of_it) {
        return Vec::new();
    }
    state.looks.search = Some(Search { job: None, ..done });
    go_on(state)
}

/// Hands the next examples to a worker, until all have been looked at or the answer would be to another question.
fn go_on(state: &mut AppState) -> Vec<Effect> {
    let Some(search) = &state.looks.search else { return Vec::new() };
    if search.is_done() || search.is_stale(state) {
        return Vec::new();
    }
    let task = Arc::new(Task::Excite(Box::new(search.clone())));
    state.jobs += 1;
    let job = Job { number: state.jobs, stop: Arc::default() };
    let effect = Effect::Work { job: job.number, task, stop: Arc::clone(&job.stop) };
    if let Some(search) = &mut state.looks.search {
        search.job = Some(job);
    }
    vec![effect]
}
