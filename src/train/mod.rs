//! The trainer: one call, one batch.
//!
//! A [`Course`] says which example comes when, in closed form; a [`Trainer`] makes one step from a batch of them;
//! a [`Line`] keeps what the steps measured and what is needed to come back to any of them.
//! A run is a function of network, first weights, seed and data: the same numbers every time.

mod check;
mod course;
mod keyframes;
mod line;
mod report;
mod schedule;
mod stop;
mod trainer;

pub use check::{Check, Checker, Confusion, Outcome, Units};
pub use course::{Course, stack};
pub use keyframes::{Keyframe, Keyframes};
pub use line::{Fork, Line, Record};
pub use report::{Report, class_of, evaluate};
pub use schedule::Schedule;
pub use stop::{StopWhen, Watch};
pub use trainer::Trainer;
