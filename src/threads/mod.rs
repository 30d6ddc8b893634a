//! The threads that the engine is lent: the command line and the window own them.

use crate::nn::engine::Workers;

/// A pool of threads; one thread is the caller's own.
pub struct Threads {
    pool: Option<rayon::ThreadPool>,
    count: usize,
}

impl Threads {
    /// So many threads.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn new(count: usize) -> Result<Self, String> {
        let pool = (count > 1).then(|| rayon::ThreadPoolBuilder::new().num_threads(count).build());
        let pool = pool.transpose().map_err(|error| {
            format!("expected {count} threads, got none: {error}; use fewer of them (--threads)")
        })?;
        Ok(Self { pool, count: count.max(1) })
    }

    /// Runs `work` on one of the threads, from where the others are near.
    pub fn within<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

impl Workers for Threads {
    fn count(&self) -> usize {
        self.count
    }

    fn run(&self, work: &(dyn Fn(usize) + Sync)) {
        match &self.pool {
            Some(pool) => {
                pool.broadcast(|worker| work(worker.index()));
            }
            None => work(0),
        }
    }
}
