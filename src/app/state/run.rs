//! The training steps of a run: weights kept at some of them, replayed exactly between; and the branches of training that
//! have forked off.

use super::batch_source::BatchSource;
use crate::nn::{Execution, Part, engine::LayerNorms, optimizer::Optimizer};
use crate::tensor::Tensor;
use crate::trace::{Address, Cursor, Grain, Pass, Place, Plan, Setup, TensorId, Trace};
use crate::train::{Keyframe, Record, Report, Trainer, TrainingBranch};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Which values are wanted: of a training step, up to and with a pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Need {
    /// The training step.
    pub time: u32,
    /// The loss, backward or the update.
    pub pass: Pass,
}

/// The run, and the values of the training step that is shown.
#[derive(Clone, Debug)]
pub struct Run {
    source: Arc<BatchSource>,
    branches: Vec<TrainingBranch>,
    branch: usize,
    /// Times to go through an epoch; the trace's plan may not know yet.
    epochs: u32,
    /// Step 0 as it began.
    first: Arc<Trace>,
    trace: Arc<Trace>,
    /// The branch, or what is in force on it, is another than when the trace was made.
    stale: bool,
    basis: u64,
    /// The replay towards another step, while it is not finished.
    replay: Option<Replay>,
    revision: u64,
    large: bool,
}

/// What is carried from step to step.
#[derive(Clone, Debug)]
enum Replay {
    /// Replays the one picture; computed to the loss of its step.
    Picture(Trace),
    /// Replays batches; the trainer stands before its step.
    Batches(Box<Trainer>),
}

/// While batches are replayed the weights before every eighth step are kept.
const KEEP_EVERY: u32 = 8;

/// Tells each run's values from those of all others.
static REVISIONS: AtomicU64 = AtomicU64::new(1);

fn next_revision() -> u64 {
    REVISIONS.fetch_add(1, Ordering::Relaxed)
}

impl Run {
    /// The run that begins with this step. With `large` values are computed no further than they are needed.
    pub fn new(source: BatchSource, first: Trace, large: bool) -> Self {
        let trace = Arc::new(first);
        let mut run = Self {
            source: Arc::new(source),
            branches: vec![TrainingBranch::new(frame(&trace), trace.plan().setup().optimizer)],
            branch: 0,
            epochs: trace.plan().setup().epochs,
            first: Arc::clone(&trace),
            revision: 0,
            trace,
            stale: false,
            basis: next_revision(),
            replay: None,
            large,
        };
        run.arrive();
        run
    }

    /// Where its batches come from.
    pub const fn source(&self) -> &Arc<BatchSource> {
        &self.source
    }

    /// The branch of training that is shown.
    pub fn branch(&self) -> &TrainingBranch {
        &self.branches[self.branch]
    }

    /// The index of the branch that is shown, among [`Run::branches`].
    pub const fn branch_index(&self) -> usize {
        self.branch
    }

    /// All branches; the first is the one that the others branch off.
    pub fn branches(&self) -> &[TrainingBranch] {
        &self.branches
    }

    /// A branch, to add what has been trained on it.
    pub(in crate::app) fn branch_mut(&mut self, branch: usize) -> Option<&mut TrainingBranch> {
        self.branches.get_mut(branch)
    }

    /// The place among its branches of the one with a number.
    pub fn place(&self, number: u32) -> Option<usize> {
        self.branches.iter().position(|branch| branch.number() == number)
    }

    /// What each step of the branch that has been visited measured.
    pub fn records(&self) -> &BTreeMap<u32, Record> {
        &self.branch().records
    }

    /// Replaces the branches by stored ones and shows one of them; changes nothing where there is no such branch.
    pub(in crate::app) fn restore_branches(&mut self, branches: Vec<TrainingBranch>, branch: usize) {
        if branch < branches.len() {
            (self.branches, self.branch) = (branches, branch);
            self.leave();
        }
    }

    /// Switches to another branch; its values are there when a step is next approached.
    pub(in crate::app) fn switch(&mut self, branch: usize) {
        if branch < self.branches.len() && branch != self.branch {
            self.branch = branch;
            self.leave();
        }
    }

    /// Starts a branch that shares the steps before `time` with the one shown, and shows it; `number` is its
    /// number among all runs.
    pub(in crate::app) fn fork(&mut self, time: u32, number: u32) {
        let fork = self.branch().fork_at(self.branch, time).with_number(number);
        self.branches.push(fork);
        self.branch = self.branches.len() - 1;
        self.leave();
    }

    /// Gives the branch shown a number among all runs.
    pub(in crate::app) fn number(&mut self, number: u32) {
        let branch = &mut self.branches[self.branch];
        *branch = branch.clone().with_number(number);
    }

    /// Training steps of the run.
    pub fn times(&self) -> u32 {
        self.epochs.saturating_mul(self.plan().setup().batches)
    }

    /// Goes through an epoch more or fewer times: what has been done stays.
    pub(in crate::app) fn set_epochs(&mut self, epochs: u32) {
        if epochs != self.epochs {
            self.epochs = epochs;
            self.leave();
        }
    }

    /// What is in force has changed: the step that is shown is computed anew when it is next approached.
    pub(in crate::app) fn leave(&mut self) {
        (self.stale, self.replay) = (true, None);
        self.basis = next_revision();
    }

    /// Another optimizer makes the updates of a branch from step `time` on. Values that were replayed beyond it with
    /// the optimizer before are computed anew when they are next approached.
    pub(in crate::app) fn change_optimizer(&mut self, branch: usize, time: u32, optimizer: Optimizer) {
        if branch == self.branch {
            self.leave();
        }
        if let Some(branch) = self.branches.get_mut(branch) {
            branch.change_optimizer(time, optimizer);
        }
    }

    /// Which branches, weights and optimizers its values were computed for: a number that changes with them.
    pub(in crate::app) const fn basis(&self) -> u64 {
        self.basis
    }

    /// Joins this run, which was advanced apart from `other`, with what happened to `other` meanwhile. What
    /// was computed on another basis is dropped.
    pub(in crate::app) fn join(mut self, other: &Self) -> Self {
        if self.basis != other.basis {
            return other.clone();
        }
        let own = std::mem::replace(&mut self.branches, other.branches.clone()).swap_remove(self.branch);
        self.branches[self.branch].add_replayed(own);
        self
    }

    /// Whether its values take long to compute.
    pub const fn is_large(&self) -> bool {
        self.large
    }

    /// What must be there to look from a cursor at a cell.
    pub fn need(&self, cursor: &Cursor, selected: Option<Address>) -> Need {
        let plan = self.plan();
        let time = cursor.time(plan);
        if !self.large {
            return Need { time, pass: Pass::Update };
        }
        let pass_of = |place: Place| match place {
            Place::Stage(stage) => plan.stages()[stage as usize].pass,
            Place::Given(_) => Pass::Loss,
        };
        // The last step done, but the first of a training step that has none done.
        let done = cursor.at().saturating_sub(u64::from(time) * plan.len());
        let last =
            if done == 0 { Pass::Loss } else { pass_of(plan.locate(cursor.at() - 1, Grain::Term).place()) };
        let all_images = if done > plan.len() / u64::from(plan.repeats()) { Pass::Bwd } else { Pass::Loss };
        let pass =
            last.max(all_images).max(selected.map_or(Pass::Loss, |selected| pass_of(selected.place())));
        Need { time, pass }
    }

    /// Whether it has the values.
    pub fn has(&self, need: Need) -> bool {
        !self.stale && self.trace.time() == need.time && self.trace.reached() >= need.pass
    }

    /// The plan of each step.
    pub fn plan(&self) -> &Arc<Plan> {
        self.trace.plan()
    }

    /// The values of the step that is shown.
    pub const fn trace(&self) -> &Arc<Trace> {
        &self.trace
    }

    /// A number that changes with the values.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The network's input, (N, C, H, W), after preprocessing.
    pub fn input(&self) -> &Tensor {
        &self.trace.values().input
    }

    /// Goes towards values by exact replay from the nearest kept weights before them, at most `most` steps of
    /// it; true when they are there. If it is cancelled, those shown stay.
    ///
    /// # Errors
    /// Where an example cannot be read.
    pub fn approach(&mut self, need: Need, most: u32, exec: Execution) -> Result<bool, String> {
        if self.has(need) {
            self.replay = None;
            return Ok(true);
        }
        let trace = match &*self.source {
            BatchSource::Picture { .. } => self.replay_picture(need.time, most, exec),
            BatchSource::Batches { .. } => self.replay_batches(need.time, most, exec)?,
        };
        let Some(mut trace) = trace else { return Ok(false) };
        if !trace.compute_to(need.pass, exec) {
            return Ok(false);
        }
        self.trace = Arc::new(trace);
        self.arrive();
        Ok(true)
    }

    fn replay_picture(&mut self, time: u32, most: u32, exec: Execution) -> Option<Trace> {
        let replay = match self.replay.take() {
            Some(Replay::Picture(trace)) if trace.time() <= time => Some(trace),
            _ => self.nearest(time, exec),
        };
        let mut trace = replay?;
        let start = trace.time();
        for _ in 0..most {
            if trace.time() == time {
                break;
            }
            let (begin, all) = ((trace.time() - start) as f32, (time - start + 1) as f32);
            let on_progress = |part: f32| (exec.on_progress)((begin + part) / all);
            let exec = Execution { on_progress: &on_progress, ..exec };
            if !trace.compute_to(Pass::Update, exec) {
                return None;
            }
            self.branches[self.branch].add(trace.time(), record(&trace));
            trace = trace.next_loss(exec)?;
            self.branches[self.branch].keyframes.insert(trace.time(), frame(&trace));
        }
        if trace.time() < time {
            self.replay = Some(Replay::Picture(trace));
            return None;
        }
        Some(trace)
    }

    fn replay_batches(&mut self, time: u32, most: u32, exec: Execution) -> Result<Option<Trace>, String> {
        let mut trainer = match self.replay.take() {
            Some(Replay::Batches(trainer)) if trainer.steps() as u32 <= time => trainer,
            _ => self.trainer(time)?,
        };
        let start = trainer.steps() as u32;
        for _ in 0..most {
            let now = trainer.steps() as u32;
            if now == time {
                break;
            }
            if !(exec.on_progress)((now - start) as f32 / (time - start + 1) as f32) {
                return Ok(None);
            }
            let branch = &mut self.branches[self.branch];
            trainer.optimizer = branch.optimizer(now);
            let (x, target) = self.source.batch(now)?;
            let report = trainer.step_on(exec.workers, &x, &target).map_err(|error| error.0)?;
            let learning_rate = trainer.optimizer.learning_rate;
            branch.add(now, Record { report, learning_rate, norms: trainer.norms().into() });
            if (now + 1).is_multiple_of(KEEP_EVERY) {
                branch.keyframes.insert(now + 1, frame_of(&trainer));
            }
        }
        if (trainer.steps() as u32) < time {
            self.replay = Some(Replay::Batches(trainer));
            return Ok(None);
        }
        let (input, target) = self.source.batch(time)?;
        let setup =
            Setup { optimizer: self.branch().optimizer(time), epochs: self.epochs, ..*self.plan().setup() };
        let network = Arc::clone(self.plan().network());
        let plan = if setup == *self.plan().setup() {
            Arc::clone(self.plan())
        } else {
            Arc::new(Plan::try_new(Arc::clone(&network), setup).map_err(|error| error.0)?)
        };
        let Keyframe { params, moments } = frame_of(&trainer);
        let values = network.forward_with(&params, &input, setup.mode, plan.stream(time), exec);
        Ok(values.map(|values| Trace::from_forward(plan, time, params, moments, values, target)))
    }

    /// How far the replay has come.
    pub fn replayed(&self) -> Option<u32> {
        self.replay.as_ref().map(|replay| match replay {
            Replay::Picture(trace) => trace.time(),
            Replay::Batches(trainer) => trainer.steps() as u32,
        })
    }

    /// The trace at or before a step that is nearest to it: the one shown, or one from kept
    /// weights.
    fn nearest(&self, time: u32, exec: Execution) -> Option<Trace> {
        match self.branch().keyframes.before(time) {
            Some((start, _)) if !self.stale && (start..=time).contains(&self.trace.time()) => {
                Some((*self.trace).clone())
            }
            None | Some((0, _)) => Some((*self.first).clone()),
            Some((start, Keyframe { params, moments })) => {
                self.first.at(start, Arc::clone(params), Arc::clone(moments), exec)
            }
        }
    }

    /// A trainer at the step nearest before one.
    fn trainer(&self, time: u32) -> Result<Box<Trainer>, String> {
        let Keyframe { params, moments } = match self.branch().keyframes.before(time) {
            Some((start, kept)) if self.stale || !(start..=time).contains(&self.trace.time()) => kept.clone(),
            _ => frame(&self.trace),
        };
        let (network, seed) = ((**self.plan().network()).clone(), self.plan().setup().seed);
        let (params, moments) = ((*params).clone(), (*moments).clone());
        let optimizer = self.branch().optimizer(time);
        let trainer = Trainer::resume(network, params, moments, optimizer, seed);
        let mut trainer = trainer.map_err(|error| error.0)?;
        trainer.measure = true;
        Ok(Box::new(trainer))
    }

    /// Notes what the shown step measured.
    fn arrive(&mut self) {
        self.stale = false;
        self.revision = next_revision();
        let (time, record) = (self.trace.time(), record(&self.trace));
        self.branches[self.branch].records.entry(time).or_insert(record);
    }
}

/// Weights and moments before a trace's step.
fn frame(trace: &Trace) -> Keyframe {
    Keyframe { params: Arc::clone(trace.params()), moments: Arc::clone(trace.moments()) }
}

/// Weights and moments of a trainer.
fn frame_of(trainer: &Trainer) -> Keyframe {
    Keyframe { params: Arc::new(trainer.params().clone()), moments: Arc::new(trainer.moments().clone()) }
}

/// What a trace's step measured, as far as it has been computed.
fn record(trace: &Trace) -> Record {
    let report = Report::from_values(trace.plan().network().loss, trace.values(), trace.target());
    let learning_rate = trace.plan().setup().optimizer.learning_rate;
    Record { report, learning_rate, norms: norms(trace) }
}

/// Of each layer's gradient, parameters and change.
fn norms(trace: &Trace) -> Arc<[LayerNorms]> {
    if trace.reached() < Pass::Update {
        return Arc::default();
    }
    let images = f64::from(trace.plan().setup().images);
    let squares = |tensor: Option<&Tensor>| -> f64 {
        tensor.map_or(0.0, |cells| cells.iter().map(|&x| f64::from(x) * f64::from(x)).sum())
    };
    let layer = |l: usize| {
        let of = |part: Part| trace.tensor(TensorId::layer(l, part));
        let change = |part: Part| match of(part).zip(trace.updated_tensor(TensorId::layer(l, part))) {
            Some((before, after)) => {
                before.iter().zip(after).map(|(&a, &b)| f64::from(b - a) * f64::from(b - a)).sum()
            }
            None => 0.0,
        };
        LayerNorms {
            gradient: (squares(of(Part::Dw)) + squares(of(Part::Db))).sqrt() / images,
            weight: (squares(of(Part::Weight)) + squares(of(Part::Bias))).sqrt(),
            update: f64::sqrt(change(Part::Weight) + change(Part::Bias)),
        }
    };
    (0..trace.plan().network().layers.len()).map(layer).collect()
}
