//! The one thread that writes files: one after the other in the order in which they were asked for, and all of them
//! before the window is gone.

use crate::app::{Action, FileAction, FileContent, Stamp};
use crate::files::write_atomically;
use std::{
    path::PathBuf,
    sync::mpsc::{Sender, channel},
    thread::JoinHandle,
};

type Job = Box<dyn FnOnce() + Send>;

/// The handle of the thread.
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

    /// Does something after all that was asked for before.
    pub fn push(&self, job: impl FnOnce() + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            // The thread is there as long as this is.
            let _ = jobs.send(Box::new(job));
        }
    }

    /// Writes what the user saves and answers as [`crate::app::Effect::Write`] says.
    pub fn save(
        &self,
        path: PathBuf,
        content: FileContent,
        stamp: Box<Stamp>,
        replace: bool,
        tell: impl FnOnce(Action) + Send + 'static,
    ) {
        self.push(move || {
            if !replace && path.exists() {
                return tell(FileAction::Taken(path).into());
            }
            let result = content.to_bytes();
            let result = result.and_then(|bytes| write_atomically(&path, &bytes).map_err(|error| error.0));
            tell(FileAction::Written { path, kind: content.kind(), stamp, result }.into());
        });
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been told of already.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[test]
    fn all_that_was_asked_for_is_done_in_order_before_it_is_gone() {
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
