//! Training: batch after batch, with news several times a second.

use super::Outbox;
use crate::app::{Action, End, News, TrainAction, TrainingJob};
use crate::nn::{Workers, optimizer::Optimizer};
use crate::ui::host::{Clock, Work};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// Seconds between news.
const BETWEEN: f64 = 0.05;

/// The handle of running training. Dropping it stops the training after its next step.
pub(super) struct Training {
    control: Arc<Control>,
}

struct Control {
    cancel: Arc<AtomicBool>,
    optimizer: Mutex<Option<Optimizer>>,
}

impl Training {
    /// The handle, and the work for the host to do. `cancel`: set when it is to end after its next step.
    pub(super) fn new(
        job: TrainingJob,
        cancel: Arc<AtomicBool>,
        clock: Clock,
        outbox: Outbox,
    ) -> (Self, impl Work + 'static) {
        let control = Arc::new(Control { cancel, optimizer: Mutex::default() });
        let (news, since) = (news_of(&job), clock());
        let work = Steps { job, control: Arc::clone(&control), clock, outbox, news, since };
        (Self { control }, work)
    }

    /// Sets other hyperparameters from the next step on.
    pub(super) fn steer(&self, optimizer: Optimizer) {
        *self.control.optimizer.lock().unwrap_or_else(PoisonError::into_inner) = Some(optimizer);
    }
}

impl Drop for Training {
    fn drop(&mut self) {
        self.control.cancel.store(true, Ordering::Relaxed);
    }
}

/// The steps of a job.
struct Steps {
    job: TrainingJob,
    control: Arc<Control>,
    clock: Clock,
    outbox: Outbox,
    /// What has not been sent yet.
    news: News,
    /// When news were last sent.
    since: f64,
}

fn news_of(job: &TrainingJob) -> News {
    News { id: job.id, ..News::default() }
}

impl Work for Steps {
    fn step(&mut self, workers: &dyn Workers) -> bool {
        let (job, news) = (&mut self.job, &mut self.news);
        let asked = self.control.optimizer.lock().unwrap_or_else(PoisonError::into_inner).take();
        news.optimizers.extend(asked.map(|optimizer| (job.steer(optimizer), optimizer)));
        let stopping = self.control.cancel.load(Ordering::Relaxed);
        if stopping {
            // The cursor may go to the last batch: the weights before it are kept.
            news.keyframes.push((job.time(), job.keyframe()));
        }
        match job.step(workers) {
            Ok(step) => {
                news.steps.push((step.time, step.record));
                news.checks.extend(step.check.map(|check| (job.time(), check)));
                news.end = step.end.or(stopping.then_some(End::Paused));
            }
            Err(error) => news.end = Some(End::Failed(error)),
        }
        let (ended, now) = (news.end.is_some(), (self.clock)());
        if ended || now - self.since >= BETWEEN {
            news.seconds = now - self.since;
            news.keyframes.push((job.time(), job.keyframe()));
            let news = std::mem::replace(news, news_of(job));
            self.outbox.send(Action::Train(TrainAction::News(Box::new(news))));
            self.since = now;
        }
        !ended
    }
}
