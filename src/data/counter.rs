//! Work on numbered items that several threads share, with its progress.

use super::error::DataError;
use crate::execution::Execution;
use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
};

/// Counts finished items, reports their share of the total, and shares items among threads.
pub(super) struct Counter<'a> {
    exec: Execution<'a>,
    done: AtomicU64,
    total: u64,
}

impl<'a> Counter<'a> {
    /// Nothing of `total` items is done yet.
    pub(super) fn new(exec: Execution<'a>, total: u64) -> Self {
        Self { exec, done: AtomicU64::new(0), total }
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
        if self.exec.report(done, self.total) { Ok(()) } else { Err(DataError::Cancelled) }
    }

    /// Shares the items 0 to `len` - 1 among the threads. Each thread adds the items that it takes to a sum of its
    /// own, which begins as `zero()`. Returns all sums; which item is in which sum is left to chance.
    ///
    /// # Errors
    /// The error of the item with the lowest number for which `add` fails.
    pub(super) fn fold<S: Send>(
        &self,
        len: usize,
        zero: impl Fn() -> S,
        add: impl Fn(&mut S, usize) -> Result<(), DataError> + Sync,
    ) -> Result<Vec<S>, DataError> {
        let workers = self.exec.workers;
        let sums: Vec<Mutex<S>> = (0..workers.count()).map(|_| Mutex::new(zero())).collect();
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let error: Mutex<Option<(usize, DataError)>> = Mutex::new(None);
        workers.run(&|worker| {
            let mut sum = sums[worker].lock().unwrap_or_else(PoisonError::into_inner);
            // Items are taken in order, and an item that is taken is finished. So all items below one that fails are
            // tried, and the lowest error does not depend on the number of threads.
            while !failed.load(Ordering::Relaxed) {
                let item = next.fetch_add(1, Ordering::Relaxed);
                if item >= len {
                    break;
                }
                if let Err(reason) = add(&mut sum, item) {
                    failed.store(true, Ordering::Relaxed);
                    let mut error = error.lock().unwrap_or_else(PoisonError::into_inner);
                    if error.as_ref().is_none_or(|(lowest, _)| item < *lowest) {
                        *error = Some((item, reason));
                    }
                }
            }
        });
        match error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some((_, error)) => Err(error),
            None => Ok(sums
                .into_iter()
                .map(|sum| sum.into_inner().unwrap_or_else(PoisonError::into_inner))
                .collect()),
        }
    }

    /// Shares the items 0 to `len` - 1 among the threads. Returns what `make` returns for each of them, in order.
    ///
    /// # Errors
    /// The error of the item with the lowest number for which `make` fails.
    pub(super) fn map<T: Send>(
        &self,
        len: usize,
        make: impl Fn(usize) -> Result<T, DataError> + Sync,
    ) -> Result<Vec<T>, DataError> {
        let add = |made: &mut Vec<(usize, T)>, item| {
            made.push((item, make(item)?));
            Ok(())
        };
        let mut made: Vec<(usize, T)> = self.fold(len, Vec::new, add)?.into_iter().flatten().collect();
        made.sort_unstable_by_key(|(item, _)| *item);
        Ok(made.into_iter().map(|(_, made)| made).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::{Alone, Workers};
    use std::thread;

    /// Three threads.
    struct Three;

    impl Workers for Three {
        fn count(&self) -> usize {
            3
        }
        fn run(&self, work: &(dyn Fn(usize) + Sync)) {
            thread::scope(|scope| (0..3).for_each(|number| drop(scope.spawn(move || work(number)))));
        }
    }

    #[test]
    fn items_are_made_in_order_and_the_lowest_error_is_returned_on_any_number_of_threads() {
        let fails = |item: usize| DataError::wrong(&item.to_string(), "expected no error");
        for workers in [&Alone as &dyn Workers, &Three] {
            let seen = AtomicU64::new(0);
            let on_progress = |part: f32| {
                seen.fetch_max((part * 1000.0).round() as u64, Ordering::Relaxed);
                true
            };
            let counter = Counter::new(Execution { workers, on_progress: &on_progress }, 1000);
            let squares = counter.map(1000, |item| {
                counter.finish_one()?;
                Ok(item * item)
            });
            assert_eq!(squares, Ok((0..1000).map(|item| item * item).collect()));
            assert_eq!(seen.load(Ordering::Relaxed), 1000);
            assert_eq!(counter.map(0, Ok), Ok(Vec::new()));
            for _ in 0..50 {
                let error =
                    counter.map(1000, |item| if item % 300 < 299 { Ok(()) } else { Err(fails(item)) });
                assert_eq!(error, Err(fails(299)));
                let error = counter.map(1000, |item| if item < 40 { Ok(()) } else { Err(fails(item)) });
                assert_eq!(error, Err(fails(40)));
            }
        }
    }
}
