//! The trainer: one call, one batch.
//!
//! A [`Course`] says which example comes when, in closed form; a [`Trainer`] makes one step from a batch of them.
//! A run is a function of network, first weights, seed and data: the same numbers every time.

mod course;
mod report;
mod schedule;
mod trainer;

pub use course::{Course, stack};
pub use report::{Report, class_of, evaluate};
pub use schedule::Schedule;
pub use trainer::Trainer;
