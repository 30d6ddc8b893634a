//! The threads that the engine is lent: the command line and the window own them.
//!
//! The phases of a training step take some tens of microseconds each, less than a sleeping thread takes to
//! wake. So a thread that has nothing to do looks out for work for a little while before it sleeps.

use crate::nn::Workers;
use std::{
    hint,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// A pool of threads; one of them is the caller's own.
#[derive(Debug)]
pub struct Threads {
    shared: Arc<Shared>,
    others: Vec<thread::JoinHandle<()>>,
    /// One call at a time has the threads.
    turn: Mutex<()>,
}

/// What the threads see of one another.
#[derive(Debug, Default)]
struct Shared {
    job: Mutex<Option<Job>>,
    /// Goes up with each job.
    jobs: AtomicUsize,
    /// Threads that are not done with the job.
    busy: AtomicUsize,
    panicked: AtomicBool,
    ends: AtomicBool,
}

/// The work of one call, whose life is the call's.
#[derive(Clone, Copy, Debug)]
struct Job(*const (dyn Fn(usize) + Sync));

// SAFETY: what it points to may be called from any thread (`Sync`), and lives as long as `Threads::run`, which
// returns only when no thread will touch it again.
unsafe impl Send for Job {}

/// How often a thread looks before it sleeps: a millisecond or two, most of which it lets others run.
const LOOKS: usize = 4000;
/// After so many looks it lets others run between two of them.
const ALONE: usize = 1000;

/// Waits a moment, a longer one the more often it looked.
fn rest(looks: usize) {
    if looks < ALONE {
        hint::spin_loop();
    } else {
        thread::yield_now();
    }
}

impl Threads {
    /// So many threads.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn new(count: usize) -> Result<Self, String> {
        let shared = Arc::new(Shared::default());
        let mut threads = Self { shared, others: Vec::new(), turn: Mutex::new(()) };
        for number in 1..count {
            let shared = Arc::clone(&threads.shared);
            let thread = thread::Builder::new().name(format!("worker {number}"));
            let handle = thread.spawn(move || shared.serve(number)).map_err(|error| {
                format!("expected {count} threads, got {number}: {error}; use fewer of them (--threads)")
            })?;
            threads.others.push(handle);
        }
        Ok(threads)
    }
}

impl Shared {
    /// Does its part of each job until the end.
    fn serve(&self, number: usize) {
        let mut done = 0;
        loop {
            let mut looks = 0;
            while self.jobs.load(Ordering::Acquire) == done {
                if looks < LOOKS {
                    rest(looks);
                    looks += 1;
                } else {
                    // Whoever adds a job unparks, also a thread that is not parked yet.
                    thread::park();
                }
            }
            done += 1;
            if self.ends.load(Ordering::Acquire) {
                return;
            }
            let job = *self.job.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(job) = job {
                // SAFETY: `Threads::run` waits for this thread before it returns.
                let work = unsafe { &*job.0 };
                if catch_unwind(AssertUnwindSafe(|| work(number))).is_err() {
                    self.panicked.store(true, Ordering::Release);
                }
            }
            self.busy.fetch_sub(1, Ordering::Release);
        }
    }
}

impl Workers for Threads {
    fn count(&self) -> usize {
        self.others.len() + 1
    }

    fn run(&self, work: &(dyn Fn(usize) + Sync)) {
        if self.others.is_empty() {
            return work(0);
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: only the lifetime is forgotten. No thread has the pointer once `busy` is 0, for which this
        // call waits whatever becomes of its own part.
        let job = Job(unsafe {
            std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), *const (dyn Fn(usize) + Sync + 'static)>(
                work,
            )
        });
        *self.shared.job.lock().unwrap_or_else(PoisonError::into_inner) = Some(job);
        self.shared.busy.store(self.others.len(), Ordering::Release);
        self.shared.jobs.fetch_add(1, Ordering::Release);
        self.others.iter().for_each(|other| other.thread().unpark());
        let own = catch_unwind(AssertUnwindSafe(|| work(0)));
        let mut looks = 0;
        while self.shared.busy.load(Ordering::Acquire) > 0 {
            rest(looks);
            looks += 1;
        }
        let panicked = self.shared.panicked.swap(false, Ordering::AcqRel);
        if let Err(panic) = own {
            resume_unwind(panic);
        }
        assert!(!panicked, "a worker panicked");
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Release);
        self.shared.jobs.fetch_add(1, Ordering::Release);
        for other in self.others.drain(..) {
            other.thread().unpark();
            // It panics in no place of its own.
            let _ = other.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{sync::atomic::AtomicU64, time::Duration};

    #[test]
    fn each_call_does_each_part_once_and_waits_for_all() {
        let threads = Threads::new(3).expect("threads");
        let mut parts = vec![0; 3];
        for call in 1..=2000 {
            let cells: Vec<Mutex<&mut i32>> = parts.iter_mut().map(Mutex::new).collect();
            threads.run(&|worker| **cells[worker].lock().expect("not poisoned") += 1);
            drop(cells);
            assert_eq!(parts, [call; 3]);
        }
    }

    #[test]
    fn threads_that_fell_asleep_are_woken() {
        let threads = Threads::new(2).expect("threads");
        let calls = AtomicU64::new(0);
        for _ in 0..5 {
            thread::sleep(Duration::from_millis(5));
            threads.run(&|_| {
                calls.fetch_add(1, Ordering::Relaxed);
            });
        }
        assert_eq!(calls.into_inner(), 10);
    }

    #[test]
    fn a_panic_in_any_part_comes_back_to_the_caller_and_the_threads_live_on() {
        let threads = Threads::new(2).expect("threads");
        for bad in 0..2 {
            let call = || threads.run(&|worker| assert_ne!(worker, bad, "on purpose"));
            assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
        }
        let calls = AtomicU64::new(0);
        threads.run(&|_| {
            calls.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(calls.into_inner(), 2);
    }
}
