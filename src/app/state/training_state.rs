//! The progress of training on a data set.

use super::{inputs::Inputs, position::PlaceText, training_runs::TrainingRuns};
use crate::train::StopWhen;

/// Why a job ended.
#[derive(Clone, PartialEq, Debug)]
pub enum End {
    /// The user paused it.
    Paused,
    /// All steps are done.
    Done,
    /// The step is done up to which it was asked to train; more follow.
    Reached,
    /// A condition held.
    Stopped(StopWhen),
    /// An example could not be read.
    Failed(String),
}

/// A job that is under way.
#[derive(Clone, PartialEq, Debug)]
pub struct Running {
    /// Its number.
    pub id: u64,
    /// The number of the run that it trains.
    pub number: u32,
    /// Where the cursor stood: if it still does when the job ends, it goes to the batch done last.
    pub(in crate::app) place: PlaceText,
    /// Whether a pause is pending.
    pub pausing: bool,
    /// It goes to the end of the run, wherever that is by then.
    pub(in crate::app) to_end: bool,
}

/// The state of training.
#[derive(Clone, Debug, Default)]
pub struct TrainingState {
    /// The job under way.
    pub running: Option<Running>,
    /// Conditions to stop at.
    pub stops: Vec<StopWhen>,
    /// Why the last job ended.
    pub ended: Option<End>,
    /// Images per second, as the worker last reported.
    pub images_per_sec: Option<f64>,
    /// Runs of other settings, and the user's labels of all runs.
    pub(in crate::app) runs: TrainingRuns,
}

impl TrainingState {
    /// The state with these stop conditions and these runs, and nothing running.
    pub(in crate::app) fn with(stops: Vec<StopWhen>, runs: TrainingRuns) -> Self {
        Self { stops, runs, ..Self::default() }
    }

    /// Runs of other settings, and the user's labels of all runs.
    pub const fn runs(&self) -> &TrainingRuns {
        &self.runs
    }
}

/// Whether going from the inputs to others changes the optimizer of what is being trained.
pub(in crate::app) fn changes_optimizer(from: &Inputs, to: &Inputs) -> bool {
    to.training.is_some() && to.is_same_training(from) && to.optimizer != from.optimizer
}

/// Whether going from the inputs to others only changes weights of what is being trained, at a step after the first.
pub(in crate::app) fn changes_only_fork(from: &Inputs, to: &Inputs) -> bool {
    to.training.is_some() && to.is_same_training(from) && to.forked != from.forked
}
