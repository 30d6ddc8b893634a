//! The trainer: one call, one batch.
//!
//! A [`BatchSchedule`] says which example comes when, in closed form; a [`Trainer`] makes one step from a batch of them;
//! a [`TrainingBranch`] keeps what the steps measured and what is needed to come back to any of them.
//! A run is a function of network, first weights, seed and data: the same numbers every time.

mod batch_schedule;
mod branch;
mod check;
mod keyframes;
mod learning_rate;
mod report;
mod stop;
mod trainer;

pub use batch_schedule::{BatchSchedule, stack};
pub use branch::{Fork, Record, TrainingBranch};
pub use check::{Check, Checker, Confusion, Outcome, Units};
pub use keyframes::{Keyframe, Keyframes};
pub use learning_rate::LearningRateSchedule;
pub use report::{Report, class_of, evaluate};
pub use stop::{StopMonitor, StopWhen};
pub use trainer::Trainer;
