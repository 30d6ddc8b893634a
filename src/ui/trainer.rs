//! The worker that trains: a thread of its own, batch after batch, with news several times a second.

use crate::app::{Action, End, News, TrainAction, TrainingJob};
use crate::nn::optimizer::Optimizer;
use crate::threads::Threads;
use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The handle of a worker: it stops after the step under way when this is dropped.
pub struct Worker {
    control: Arc<Control>,
}

struct Control {
    cancel: Arc<AtomicBool>,
    optimizer: Mutex<Option<Optimizer>>,
}

/// The time between news.
const NEWS: Duration = Duration::from_millis(50);

impl Worker {
    /// Trains on a thread of its own until the job ends or, after a further step, `cancel` is set; `tell` takes the news
    /// there.
    pub fn start(
        job: TrainingJob,
        cancel: Arc<AtomicBool>,
        tell: impl Fn(Action) + Send + Sync + 'static,
    ) -> Self {
        let control = Arc::new(Control { cancel, optimizer: Mutex::default() });
        let its = Arc::clone(&control);
        std::thread::spawn(move || {
            let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
            let tell = |news: News| tell(Action::Train(TrainAction::News(Box::new(news))));
            let id = job.id;
            match Threads::new(cores) {
                Ok(threads) => train(job, &threads, &its, &tell),
                Err(error) => tell(News { id, end: Some(End::Failed(error)), ..News::default() }),
            }
        });
        Self { control }
    }

    /// Other hyperparameters from the next step on.
    pub fn steer(&self, optimizer: Optimizer) {
        *self.control.optimizer.lock().unwrap_or_else(PoisonError::into_inner) = Some(optimizer);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.control.cancel.store(true, Ordering::Relaxed);
    }
}

fn train(mut job: TrainingJob, threads: &Threads, control: &Control, tell: &dyn Fn(News)) {
    let new = |job: &TrainingJob| News { id: job.id, ..News::default() };
    let (mut news, mut since) = (new(&job), Instant::now());
    loop {
        let asked = control.optimizer.lock().unwrap_or_else(PoisonError::into_inner).take();
        news.optimizers.extend(asked.map(|optimizer| (job.steer(optimizer), optimizer)));
        let stopping = control.cancel.load(Ordering::Relaxed);
        if stopping {
            // The last batch will be looked at: its weights are kept before it.
            news.keyframes.push((job.time(), job.keyframe()));
        }
        match job.step(threads) {
            Ok(step) => {
                news.steps.push((step.time, step.record));
                news.checks.extend(step.check.map(|check| (job.time(), check)));
                news.end = step.end.or(stopping.then_some(End::Paused));
            }
            Err(error) => news.end = Some(End::Failed(error)),
        }
        if news.end.is_some() || since.elapsed() >= NEWS {
            news.seconds = since.elapsed().as_secs_f64();
            news.keyframes.push((job.time(), job.keyframe()));
            let ended = news.end.is_some();
            tell(std::mem::replace(&mut news, new(&job)));
            if ended {
                return;
            }
            since = Instant::now();
        }
    }
}
