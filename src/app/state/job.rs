//! Work that runs outside the state.

use std::sync::{Arc, atomic::AtomicBool};

/// Work that goes on outside.
#[derive(Clone, Debug)]
pub struct Busy {
    /// Its number, by which its answer is recognised.
    pub job: u64,
    /// What is worked on: a file's or a model's name.
    pub name: String,
    /// What is done to it.
    pub kind: JobKind,
    /// The part that is done, from 0 to 1; 0 where that is not known.
    pub part: f32,
    /// Set when its answer is no longer wanted.
    pub stop: Arc<AtomicBool>,
}

/// What kind of work goes on outside.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum JobKind {
    /// A file is read, or a preset's weights are made.
    Reading,
    /// A network's values are computed.
    Computing,
}
