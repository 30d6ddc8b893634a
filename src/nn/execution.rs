//! How a computation is carried out: on which threads, and who follows its progress.

use crate::progress::{OnProgress, UNOBSERVED};

/// The threads that share a computation. The caller owns them; which of them makes a cell does not show in it.
pub trait Workers: Sync {
    /// How many there are, at least 1.
    fn count(&self) -> usize;
    /// Calls `work` once with each number below the count, and returns when all calls have returned.
    fn run(&self, work: &(dyn Fn(usize) + Sync));
}

/// The calling thread alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Workers for Alone {
    fn count(&self) -> usize {
        1
    }
    fn run(&self, work: &(dyn Fn(usize) + Sync)) {
        work(0);
    }
}

/// The workers of a computation and the callback that follows it.
#[derive(Clone, Copy)]
pub struct Execution<'a> {
    /// Share the cells among them.
    pub workers: &'a dyn Workers,
    /// Called between layers.
    pub on_progress: OnProgress<'a>,
}

impl Execution<'static> {
    /// On the calling thread, without a callback.
    pub const SERIAL: Self = Self { workers: &Alone, on_progress: UNOBSERVED };
}

impl Execution<'_> {
    /// Reports `done` of `all` multiply-adds; returns `false` if the computation is cancelled.
    pub(super) fn report(&self, done: u64, all: u64) -> bool {
        (self.on_progress)(done as f32 / all.max(1) as f32)
    }
}
