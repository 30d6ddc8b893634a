//! Work that the program gives to its host, and its reports on the way.

use super::Outbox;
use crate::app::Action;
use crate::nn::Workers;
use crate::ui::host::{Clock, Pause, Work};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// Seconds between two reports on the progress of one job.
const BETWEEN: f64 = 0.033;

/// Work of one step.
pub(super) struct Once<F>(Option<F>);

impl<F: FnOnce(&dyn Workers) + Send> Once<F> {
    /// The work that `work` does.
    pub(super) const fn new(work: F) -> Self {
        Self(Some(work))
    }
}

impl<F: FnOnce(&dyn Workers) + Send> Work for Once<F> {
    fn step(&mut self, workers: &dyn Workers) -> bool {
        if let Some(work) = self.0.take() {
            work(workers);
        }
        false
    }
}

/// Reports the progress of a job to the program, some 30 times a second, and passes on that it is cancelled.
pub(super) struct Reporter {
    job: u64,
    cancel: Arc<AtomicBool>,
    clock: Clock,
    pause: Pause,
    outbox: Outbox,
    /// The bits of the time of the last report.
    last: AtomicU64,
}

impl Reporter {
    /// `cancel`: set when the job is cancelled. `pause`: called with each report.
    pub(super) fn new(job: u64, cancel: Arc<AtomicBool>, clock: Clock, pause: Pause, outbox: Outbox) -> Self {
        let last = AtomicU64::new(clock().to_bits());
        Self { job, cancel, clock, pause, outbox, last }
    }

    /// The part that is done, from 0 to 1; may be called from several threads. Returns whether to continue.
    pub(super) fn report(&self, part: f32) -> bool {
        (self.pause)();
        let (last, now) = (self.last.load(Ordering::Relaxed), (self.clock)());
        let is_due = now - f64::from_bits(last) > BETWEEN;
        // Of several threads at once, one reports.
        let order = Ordering::Relaxed;
        if is_due && self.last.compare_exchange(last, now.to_bits(), order, order).is_ok() {
            self.outbox.send(Action::Progress { job: self.job, part });
        }
        !self.cancel.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, mpsc::channel};

    #[test]
    fn progress_is_reported_some_thirty_times_a_second_and_cancelled() {
        let time = Arc::new(Mutex::new(0.0));
        let its = Arc::clone(&time);
        let clock: Clock = Arc::new(move || *its.lock().expect("no panic"));
        let (sender, answers) = channel();
        let outbox = Outbox { sender, waker: Arc::new(|| {}) };
        let cancel = Arc::new(AtomicBool::new(false));
        let reporter = Reporter::new(1, Arc::clone(&cancel), clock, Arc::new(|| {}), outbox);
        for millisecond in 0..1000 {
            *time.lock().expect("no panic") = f64::from(millisecond) / 1000.0;
            assert!(reporter.report(0.5));
        }
        let reports = answers.try_iter().count();
        assert!((25..=31).contains(&reports), "{reports}");
        cancel.store(true, Ordering::Relaxed);
        assert!(!reporter.report(0.5));
    }
}
