//! Who works: the threads are handed in.

/// Who does the work: the threads are the caller's.
pub trait Workers: Sync {
    /// How many there are, at least 1.
    fn count(&self) -> usize;
    /// Calls `work` once with each number below the count, and returns when all have returned.
    fn run(&self, work: &(dyn Fn(usize) + Sync));
}

/// The caller's own thread and no other.
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
