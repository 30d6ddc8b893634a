//! Progress of work that several threads share, as a count of finished items.

use super::error::DataError;
use crate::progress::OnProgress;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts finished items and reports their share of the total.
pub(super) struct Counter<'a> {
    on_progress: OnProgress<'a>,
    done: AtomicU64,
    total: u64,
}

impl<'a> Counter<'a> {
    /// Nothing of `total` items is done yet.
    pub(super) fn new(on_progress: OnProgress<'a>, total: u64) -> Self {
        Self { on_progress, done: AtomicU64::new(0), total }
    }

    /// Counts one item and reports the progress.
    ///
    /// # Errors
    /// [`DataError::Cancelled`].
    pub(super) fn finish_one(&self) -> Result<(), DataError> {
        self.report(self.done.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Reports the progress without counting an item, so that work on a large item can be cancelled.
    ///
    /// # Errors
    /// [`DataError::Cancelled`].
    pub(super) fn check_cancelled(&self) -> Result<(), DataError> {
        self.report(self.done.load(Ordering::Relaxed))
    }

    fn report(&self, done: u64) -> Result<(), DataError> {
        let goes_on = (self.on_progress)(done as f32 / self.total.max(1) as f32);
        if goes_on { Ok(()) } else { Err(DataError::Cancelled) }
    }
}
