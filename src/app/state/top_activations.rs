//! The pictures of a data set with the highest activations of a unit.

use super::{AppState, unit::asked_unit};
use crate::attribution::{Probe, TopActivation, TopActivations, Unit};
use crate::data::{Dataset, Split};
use crate::model_io::Preprocess;
use crate::nn::{Execution, Network, Params};
use std::sync::Arc;

/// Examples of generated data that are searched: there is no last one.
pub(in crate::app) const ENDLESS: u64 = 2000;

/// A search through the examples of a part of a data set.
#[derive(Clone, Debug)]
pub struct ActivationSearch {
    /// Whom the pictures excite.
    pub unit: Unit,
    /// The set, with pictures of the network's size.
    pub data: Dataset,
    /// The part.
    pub part: Split,
    /// Examples to search in all.
    pub all: u64,
    /// Why it stopped early.
    pub error: Option<String>,
    pub(in crate::app) found: TopActivations,
    pub(in crate::app) network: Arc<Network>,
    pub(in crate::app) params: Arc<Params>,
    pub(in crate::app) preprocess: Preprocess,
}

impl ActivationSearch {
    /// Pictures that are kept.
    pub const KEPT: usize = 9;

    /// The top activations so far, the largest first.
    pub fn best(&self) -> &[TopActivation] {
        self.found.best()
    }

    /// The seed by which the network's preprocessing shuffles pixels.
    pub const fn shuffle(&self) -> Option<u64> {
        self.preprocess.shuffle()
    }

    /// Examples searched so far.
    pub fn seen(&self) -> u64 {
        self.found.seen()
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
    pub(in crate::app) fn is_for(&self, network: &Arc<Network>) -> bool {
        Arc::ptr_eq(&self.network, network) || self.network == *network
    }

    /// Tries some more examples; false when it was cancelled.
    pub(in crate::app) fn advance(&mut self, exec: Execution) -> bool {
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

    pub(in crate::app) fn is_done(&self) -> bool {
        self.error.is_some() || self.seen() >= self.all
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
