//! The one thread that writes files: in the order in which they were asked for, and all of them before the window
//! is gone.

use std::{
    sync::mpsc::{Sender, channel},
    thread::JoinHandle,
};

type Job = Box<dyn FnOnce() + Send>;

/// The thread. Dropping it waits until all that was asked for is done.
pub struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub fn new() -> Self {
        let (jobs, queue) = channel::<Job>();
        let thread = std::thread::spawn(move || queue.iter().for_each(|job| job()));
        Self { jobs: Some(jobs), thread: Some(thread) }
    }

    /// Runs `job` after all jobs that were pushed before.
    pub fn push(&self, job: impl FnOnce() + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            // The thread lives as long as `self`.
            let _ = jobs.send(Box::new(job));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // The panic hook has already reported a panic of the thread.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn all_jobs_are_done_in_order_before_the_writer_is_gone() {
        let done = Arc::new(Mutex::new(Vec::new()));
        let writer = Writer::new();
        for n in 0..20 {
            let done = Arc::clone(&done);
            writer.push(move || {
                std::thread::sleep(std::time::Duration::from_millis(1));
                done.lock().expect("no panic").push(n);
            });
        }
        drop(writer);
        assert!(done.lock().expect("no panic").iter().copied().eq(0..20));
    }
}
