//! The jobs: work that runs outside the state, several at a time.

use crate::data::Location;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A running job.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number, by which its result is recognised.
    pub id: u64,
    /// What it does.
    pub kind: JobKind,
    /// What it works on: the name of a file, a model or a data set.
    pub name: String,
    /// The part that is done, from 0 to 1; 0 where that is not known.
    pub part: f32,
    /// The file that it opens.
    pub(in crate::app) file: Option<Location>,
    cancel: Arc<AtomicBool>,
}

/// What a job does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum JobKind {
    /// Reads a file, or makes a preset's weights.
    Reading,
    /// Computes a network's values.
    Computing,
    /// Opens a data set.
    OpeningData,
    /// Measures a part of a data set.
    MeasuringData,
    /// Searches a data set for the highest activations of a unit.
    TopActivations,
    /// Computes the loss after the update.
    LossAfter,
    /// Trains.
    Training,
    /// Trains networks on shuffled pixels, for a lesson.
    Experiment,
    /// Draws a film.
    Filming,
}

impl JobKind {
    /// Whether the rest of the program waits for such a job: only one of them runs at a time.
    pub const fn is_foreground(self) -> bool {
        match self {
            Self::Reading | Self::Computing => true,
            Self::OpeningData
            | Self::MeasuringData
            | Self::TopActivations
            | Self::LossAfter
            | Self::Training
            | Self::Experiment
            | Self::Filming => false,
        }
    }

    /// Whether a new job of this kind takes the place of a running one of `other`.
    fn replaces(self, other: Self) -> bool {
        self == other || (self.is_foreground() && other.is_foreground())
    }
}

/// The running jobs.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    /// The number of the job started last.
    last: u64,
    running: Vec<Job>,
}

impl Jobs {
    /// The running job of a kind.
    pub fn of_kind(&self, kind: JobKind) -> Option<&Job> {
        self.running.iter().find(|job| job.kind == kind)
    }

    /// The running job that the rest of the program waits for.
    pub fn foreground(&self) -> Option<&Job> {
        self.running.iter().find(|job| job.kind.is_foreground())
    }

    /// The running job with a number.
    pub fn get(&self, id: u64) -> Option<&Job> {
        self.running.iter().find(|job| job.id == id)
    }

    /// Starts a job: its number, and the flag that is set when it is cancelled. A running job that it replaces is
    /// cancelled.
    pub(in crate::app) fn start(&mut self, kind: JobKind, name: String) -> (u64, Arc<AtomicBool>) {
        self.cancel_where(|job| kind.replaces(job.kind));
        self.last += 1;
        let cancel = Arc::new(AtomicBool::new(false));
        let job = Job { id: self.last, kind, name, part: 0.0, file: None, cancel: Arc::clone(&cancel) };
        self.running.push(job);
        (self.last, cancel)
    }

    /// Notes which file the job started last opens.
    pub(in crate::app) fn set_file(&mut self, file: Option<Location>) {
        if let Some(job) = self.running.last_mut().filter(|job| job.id == self.last) {
            job.file = file;
        }
    }

    /// Notes how much of a job is done.
    pub(in crate::app) fn set_progress(&mut self, id: u64, part: f32) {
        if let Some(job) = self.running.iter_mut().find(|job| job.id == id) {
            job.part = part;
        }
    }

    /// Takes a job out whose result has come; `None` if it was cancelled before.
    pub(in crate::app) fn finish(&mut self, id: u64) -> Option<Job> {
        let place = self.running.iter().position(|job| job.id == id)?;
        Some(self.running.remove(place))
    }

    /// Sets the cancel flag of a job, which keeps running until it ends by itself.
    pub(in crate::app) fn ask_to_end(&self, id: u64) {
        if let Some(job) = self.running.iter().find(|job| job.id == id) {
            job.cancel.store(true, Ordering::Relaxed);
        }
    }

    /// Cancels the job of a kind: its result is ignored.
    pub(in crate::app) fn cancel(&mut self, kind: JobKind) {
        self.cancel_where(|job| job.kind == kind);
    }

    /// Cancels the job that the rest of the program waits for.
    pub(in crate::app) fn cancel_foreground(&mut self) {
        self.cancel_where(|job| job.kind.is_foreground());
    }

    fn cancel_where(&mut self, is_meant: impl Fn(&Job) -> bool) {
        for job in self.running.extract_if(.., |job| is_meant(job)) {
            job.cancel.store(true, Ordering::Relaxed);
        }
    }
}
