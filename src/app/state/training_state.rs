//! The progress of training on a data set.

use super::{AppState, inputs::Inputs, position::PlaceText, run::Run};
use crate::train::StopWhen;

/// Why a job ended.
#[derive(Clone, PartialEq, Debug)]
pub enum End {
    /// It was asked to.
    Paused,
    /// All steps are done.
    Done,
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
    /// The line that it trains.
    pub line: usize,
    /// Where the cursor stood: if it still does when the job ends, it goes to the batch done last.
    pub(in crate::app) place: PlaceText,
    /// It has been asked to pause.
    pub pausing: bool,
}

/// What goes on in training.
#[derive(Clone, Debug, Default)]
pub struct TrainingState {
    /// The job under way.
    pub running: Option<Running>,
    /// Conditions to stop at.
    pub stops: Vec<StopWhen>,
    /// Why the last job ended.
    pub ended: Option<End>,
    /// Images a second, as the worker last told.
    pub images_per_sec: Option<f64>,
    /// Runs that were left, with the inputs that they are of, latest last: undo brings them back.
    left: Vec<(Inputs, Run)>,
}

impl TrainingState {
    /// With these conditions to stop at, and nothing going on.
    pub(in crate::app) fn with_stops(stops: Vec<StopWhen>) -> Self {
        Self { stops, ..Self::default() }
    }
}

impl TrainingState {
    /// Keeps a run that has been left for other inputs.
    pub(in crate::app) fn keep_left_run(&mut self, inputs: &Inputs, run: Run) {
        const KEPT: usize = 2;
        if inputs.training.is_some() && run.line().done() > 0 {
            self.left.push((inputs.clone(), run));
            self.left.drain(..self.left.len().saturating_sub(KEPT));
        }
    }
}

impl AppState {
    /// The run of `inputs`, if it is the current one or was kept; a kept run is taken out.
    pub(in crate::app) fn take_left_run(&mut self, inputs: &Inputs) -> Option<Run> {
        inputs.training.as_ref()?;
        if inputs.is_same_training(&self.inputs) {
            return Some(self.position.run().clone());
        }
        let left = &mut self.training.left;
        let place = left.iter().position(|(of, _)| of.is_same_training(inputs))?;
        Some(left.remove(place).1)
    }
}

/// Whether going from the inputs to others only changes hyperparameters of what is being trained.
pub(in crate::app) fn changes_only_optimizer(from: &Inputs, to: &Inputs) -> bool {
    to.training.is_some() && to.is_same_training(from) && to.optimizer != from.optimizer
}

/// Whether going from the inputs to others only changes weights of what is being trained, at a step after the first.
pub(in crate::app) fn changes_only_fork(from: &Inputs, to: &Inputs) -> bool {
    to.training.is_some() && to.is_same_training(from) && to.forked != from.forked
}
