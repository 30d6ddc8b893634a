//! A pool of threads for the engine; the command line and the window own it.
//!
//! The phases of a training step take some tens of microseconds each, less than it takes to wake a sleeping thread.
//! Therefore an idle thread polls for work for a while before it sleeps.

use crate::execution::Workers;
use std::{
    hint,
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, PoisonError, TryLockError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// A pool of threads; the calling thread is one of them.
#[derive(Debug, Default)]
pub struct Threads {
    shared: Arc<Shared>,
    others: Vec<thread::JoinHandle<()>>,
    /// Held by the call that uses the threads; a call at the same time does without them.
    turn: Mutex<()>,
}

/// The state that the threads share.
#[derive(Debug, Default)]
struct Shared {
    job: Mutex<Option<Job>>,
    /// Incremented for each job.
    jobs: AtomicUsize,
    /// The number of threads that have not finished the job.
    busy: AtomicUsize,
    panicked: AtomicBool,
    ends: AtomicBool,
}

/// The work of one call; valid as long as the call.
#[derive(Clone, Copy, Debug)]
struct Job(*const (dyn Fn(usize) + Sync));

// SAFETY: the pointee may be called from any thread (`Sync`), and it lives as long as `Threads::run`, which returns
// only when no thread will touch it again.
unsafe impl Send for Job {}

/// How often a thread polls before it sleeps: a millisecond or two, in which it mostly yields.
const MAX_POLLS: usize = 4000;
/// After this many polls, it yields between polls.
const SPINS: usize = 1000;

/// Pauses briefly, longer after more polls.
fn rest(polls: usize) {
    if polls < SPINS {
        hint::spin_loop();
    } else {
        thread::yield_now();
    }
}

impl Threads {
    /// A pool of as many threads as the machine has cores, or of fewer if the system refuses to start them.
    pub fn on_all_cores() -> Self {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let mut threads = Self::default();
        // With fewer threads, work only takes longer.
        let _ = threads.grow(cores);
        threads
    }

    /// A pool of `count` threads.
    ///
    /// # Errors
    /// If the system refuses to start a thread.
    pub fn new(count: usize) -> Result<Self, String> {
        let mut threads = Self::default();
        threads.grow(count)?;
        Ok(threads)
    }

    fn grow(&mut self, count: usize) -> Result<(), String> {
        for number in 1..count {
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new().name(format!("worker {number}"));
            let handle = thread.spawn(move || shared.serve(number)).map_err(|error| {
                format!("expected {count} threads, got {number}: {error}; use fewer threads (--threads)")
            })?;
            self.others.push(handle);
        }
        Ok(())
    }
}

impl Shared {
    /// Runs this thread's share of each job until the pool is dropped.
    fn serve(&self, number: usize) {
        let mut done = 0;
        loop {
            let mut polls = 0;
            while self.jobs.load(Ordering::Acquire) == done {
                if polls < MAX_POLLS {
                    rest(polls);
                    polls += 1;
                } else {
                    // Whoever adds a job unparks the thread, even if it is not parked yet.
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
        let _turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
            // The other call may take long, so the calling thread does all parts of this one.
            Err(TryLockError::WouldBlock) => return (0..self.count()).for_each(work),
        };
        // SAFETY: only the lifetime is erased. No thread has the pointer once `busy` is 0, and this call waits for
        // that even if its own part panics.
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
        let mut polls = 0;
        while self.shared.busy.load(Ordering::Acquire) > 0 {
            rest(polls);
            polls += 1;
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
            // The threads catch panics, so joining cannot fail.
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
    fn calls_at_once_and_calls_within_calls_are_each_done_completely() {
        let threads = Threads::new(2).expect("threads");
        let calls = AtomicU64::new(0);
        let call = || {
            for _ in 0..200 {
                threads.run(&|_| {
                    threads.run(&|_| {
                        calls.fetch_add(1, Ordering::Relaxed);
                    });
                });
            }
        };
        thread::scope(|scope| {
            scope.spawn(call);
            scope.spawn(call);
        });
        assert_eq!(calls.into_inner(), 2 * 200 * 2 * 2);
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
