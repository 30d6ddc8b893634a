//! How long work is carried out: which threads share it, who follows its progress, and how it is cancelled.

/// Called with the progress, from 0 to 1, during the work; returns `false` to cancel it. May be called from
/// any of the threads that share the work.
pub type OnProgress<'a> = &'a (dyn Fn(f32) -> bool + Sync);

/// The threads that share a computation. The caller owns them; results don't depend on their number.
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

/// The threads of a computation and the callback that follows it.
#[derive(Clone, Copy)]
pub struct Execution<'a> {
    /// The threads that share the work.
    pub workers: &'a dyn Workers,
    /// Called during the work; can cancel it.
    pub on_progress: OnProgress<'a>,
}

impl Execution<'static> {
    /// On the calling thread, without a callback.
    pub const SERIAL: Self = Self { workers: &Alone, on_progress: &|_| true };
}

impl Execution<'_> {
    /// Reports that `done` of `all` units are finished; returns `false` if the computation is cancelled.
    pub fn report(&self, done: u64, all: u64) -> bool {
        (self.on_progress)(done as f32 / all.max(1) as f32)
    }
}
