//! Training, one batch per call.
//!
//! A [`BatchSchedule`] computes which examples form which batch; a [`Trainer`] makes one step from a batch; a
//! [`TrainingBranch`] keeps the measurements of the steps and what is needed to return to any of them. A run is a
//! function of network, initial weights, seed and data: it gives the same numbers every time.

mod batch_schedule;
mod branch;
mod check;
mod keyframes;
mod learning_rate;
mod report;
mod shuffle_experiment;
mod stop;
mod trainer;

pub use batch_schedule::{BatchSchedule, fault_of_classes, stack};
pub use branch::{Fork, Record, TrainingBranch};
pub use check::{Check, Checker, Confusion, Outcome, Units};
pub use keyframes::{Keyframe, Keyframes};
pub use learning_rate::LearningRateSchedule;
pub use report::{Report, evaluate};
pub use shuffle_experiment::{Learned, Learner, ShuffleExperiment};
pub use stop::{StopMonitor, StopWhen};
pub use trainer::Trainer;
