//! How long work tells how far it is, and is told to stop.

use super::error::DataError;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who watches the opening of a data set; it may be asked from several threads.
pub trait Progress: Sync {
    /// `done` of `total` pictures are read.
    fn report(&self, done: u64, total: u64) {
        let _ = (done, total);
    }

    /// Whether to stop; the opening then ends with [`DataError::Cancelled`].
    fn cancelled(&self) -> bool {
        false
    }
}

/// Nobody watches.
impl Progress for () {}

/// Counts what is done by several threads and reports it now and then.
pub(super) struct Counter<'a> {
    progress: &'a dyn Progress,
    done: AtomicU64,
    total: u64,
}

impl<'a> Counter<'a> {
    pub(super) fn new(progress: &'a dyn Progress, total: u64) -> Self {
        progress.report(0, total);
        Self { progress, done: AtomicU64::new(0), total }
    }

    /// One more is done.
    ///
    /// # Errors
    /// [`DataError::Cancelled`].
    pub(super) fn one(&self) -> Result<(), DataError> {
        const EVERY: u64 = 64;
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(EVERY) || done == self.total {
            self.progress.report(done, self.total);
        }
        if self.progress.cancelled() { Err(DataError::Cancelled) } else { Ok(()) }
    }
}
