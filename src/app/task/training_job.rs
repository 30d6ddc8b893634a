//! The training job: one call trains one batch.

use crate::app::state::{BatchSource, End};
use crate::data::{Dataset, Split};
use crate::nn::{Workers, optimizer::Optimizer};
use crate::tensor::Tensor;
use crate::train::{Check, Checker, Keyframe, Record, StopMonitor, StopWhen, Trainer, TrainingBranch, stack};
use std::{collections::BTreeMap, sync::Arc};

/// How far to train.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// To the end of the run.
    End,
    /// Up to and with this step.
    Step(u32),
}

/// Work for a trainer: batch after batch of one branch.
#[derive(Debug)]
pub struct TrainingJob {
    /// Its number, by which its news are recognised.
    pub id: u64,
    trainer: Trainer,
    source: Arc<BatchSource>,
    stops: Vec<StopWhen>,
    monitor: StopMonitor,
    /// The optimizers in force, by the step from which they apply.
    optimizers: BTreeMap<u32, Optimizer>,
    /// The step after the last one.
    end: u32,
    check_every: u32,
    /// Examples to check on, prepared for the network: made when they are first needed.
    examples: Vec<(Tensor, Tensor)>,
}

/// What one step of a job gave.
#[derive(Debug)]
pub struct JobStep {
    /// The step.
    pub time: u32,
    /// What it measured.
    pub record: Record,
    /// How the network does after it, now and then.
    pub check: Option<Check>,
    /// Why the job ends here.
    pub end: Option<End>,
}

/// What a worker reports of a job, several steps at once.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// The job's number.
    pub id: u64,
    /// Steps made since the last news, in order.
    pub steps: Vec<(u32, Record)>,
    /// Checks made since, by the number of the next step.
    pub checks: Vec<(u32, Check)>,
    /// Other hyperparameters from a step on.
    pub optimizers: Vec<(u32, Optimizer)>,
    /// Weights before a step.
    pub keyframes: Vec<(u32, Keyframe)>,
    /// Seconds that the steps took.
    pub seconds: f64,
    /// Why it ended, where it has.
    pub end: Option<End>,
}

/// Examples that are checked at once.
const AT_ONCE: usize = 50;

/// Validation examples that the network is checked on.
pub const CHECKED: u64 = 400;

impl TrainingJob {
    /// A job that continues with a trainer to the step before `end`. `batches`: in an epoch.
    pub(in crate::app) fn new(
        id: u64,
        mut trainer: Trainer,
        source: Arc<BatchSource>,
        branch: &TrainingBranch,
        stops: Vec<StopWhen>,
        end: u32,
        batches: u32,
    ) -> Self {
        const CHECKS_PER_EPOCH: u32 = 5;
        trainer.measure = true;
        let check_every = (batches / CHECKS_PER_EPOCH).clamp(1, 200);
        let (optimizers, monitor) = (branch.optimizers().clone(), StopMonitor::default());
        Self { id, trainer, source, stops, monitor, optimizers, end, check_every, examples: Vec::new() }
    }

    /// The number of the next step.
    pub fn time(&self) -> u32 {
        self.trainer.steps() as u32
    }

    /// Other hyperparameters from the next step on; that step.
    pub fn steer(&mut self, optimizer: Optimizer) -> u32 {
        let time = self.time();
        self.optimizers.retain(|&from, _| from < time);
        self.optimizers.insert(time, optimizer);
        time
    }

    /// Weights and moments before the next step.
    pub fn keyframe(&self) -> Keyframe {
        Keyframe {
            params: Arc::new(self.trainer.params().clone()),
            moments: Arc::new(self.trainer.moments().clone()),
        }
    }

    /// Makes one step; who works on it does not show in the numbers.
    ///
    /// # Errors
    /// Where an example cannot be read.
    pub fn step(&mut self, workers: &dyn Workers) -> Result<JobStep, String> {
        let time = self.time();
        if let Some((_, &optimizer)) = self.optimizers.range(..=time).next_back() {
            self.trainer.optimizer = optimizer;
        }
        let (x, target) = self.source.batch(time)?;
        let report = self.trainer.step_on(workers, &x, &target).map_err(|error| error.0)?;
        let norms = self.trainer.norms().into();
        let record = Record { report, learning_rate: self.trainer.optimizer.learning_rate, norms };
        let is_last = self.time() >= self.end;
        let is_due = self.time().is_multiple_of(self.check_every) || is_last;
        let check = is_due.then(|| self.check(workers)).transpose()?.flatten();
        let stop = self.monitor.update(&self.stops, &record, check.as_ref()).map(End::Stopped);
        Ok(JobStep { time, record, check, end: stop.or(is_last.then_some(End::Done)) })
    }

    /// How the network does on validation examples.
    fn check(&mut self, workers: &dyn Workers) -> Result<Option<Check>, String> {
        let BatchSource::Batches { schedule, preprocess, targets } = &*self.source else { return Ok(None) };
        if self.examples.is_empty() {
            let (part, indices) = checked(&schedule.data);
            for indices in indices.chunks(AT_ONCE) {
                let examples = indices.iter().map(|&index| {
                    let example = schedule.data.example(part, index).map_err(|error| error.to_string())?;
                    Ok((example.pixels, example.class))
                });
                let examples = examples.collect::<Result<Vec<_>, String>>()?;
                self.examples.extend(stack(&examples, |pixels| preprocess.apply(pixels), *targets));
            }
        }
        let mut checker = Checker::new(self.trainer.network(), self.trainer.params());
        for (x, target) in &self.examples {
            checker.add_on(workers, x, target);
        }
        Ok((!self.examples.is_empty()).then(|| checker.finish()))
    }
}

/// The examples that a network is checked on while it trains: the part of the set, and which of it, evenly spread:
/// a set may lie in the order of its classes.
pub fn checked(data: &Dataset) -> (Split, Vec<u64>) {
    let parts = [Split::Validation, Split::Test, Split::Train];
    let part = parts.into_iter().find(|&part| !data.is_empty(part)).unwrap_or(Split::Train);
    let len = data.len(part).unwrap_or(CHECKED);
    let count = len.min(CHECKED);
    (part, (0..count).map(|k| (u128::from(k) * u128::from(len) / u128::from(count)) as u64).collect())
}
