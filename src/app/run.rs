//! The training steps of a run: weights kept at some of them, replayed exactly between.

use super::history::Inputs;
use crate::nn::{Params, optimizer::Moments};
use crate::tensor::{ShapeError, Tensor};
use crate::trace::{Plan, Setup, Trace};
use std::{
    collections::BTreeMap,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
};

/// The run, and the values of the training step that is looked at.
#[derive(Clone, Debug)]
pub struct Run {
    input: Arc<Tensor>,
    target: Arc<Tensor>,
    /// Weights and moments before some of the steps; step 0 always among them.
    keyframes: BTreeMap<u32, (Arc<Params>, Arc<Moments>)>,
    trace: Arc<Trace>,
    /// On the way to another step.
    replay: Option<Trace>,
    /// The mean loss before each step that has been visited.
    losses: BTreeMap<u32, f32>,
    revision: u64,
}

/// At most this many steps' weights are kept; older ones are thinned.
const KEYFRAMES: usize = 32;

/// Each run's values are told from all others' by this number.
static REVISIONS: AtomicU64 = AtomicU64::new(1);

impl Run {
    /// The run of a model on a picture, at its first step.
    ///
    /// # Errors
    /// Where the network has more steps than can be counted.
    pub fn new(inputs: &Inputs, input: Tensor, target: Tensor) -> Result<Self, ShapeError> {
        let setup = Setup {
            images: input.dim().0 as u32,
            batches: 1,
            epochs: inputs.epochs,
            mode: inputs.mode,
            optimizer: inputs.optimizer,
            seed: inputs.seed,
        };
        let plan = Arc::new(Plan::try_new(Arc::new(inputs.model.network.clone()), setup)?);
        let params = Arc::clone(&inputs.model.params);
        let moments = Arc::new(Moments::default());
        let trace = Trace::new(plan, 0, Arc::clone(&params), Arc::clone(&moments), &input, target.clone());
        let mut run = Self {
            input: Arc::new(input),
            target: Arc::new(target),
            keyframes: BTreeMap::from([(0, (params, moments))]),
            losses: BTreeMap::new(),
            revision: REVISIONS.fetch_add(1, Ordering::Relaxed),
            trace: Arc::new(trace),
            replay: None,
        };
        run.note_loss();
        Ok(run)
    }

    /// The plan of each step.
    pub fn plan(&self) -> &Arc<Plan> {
        self.trace.plan()
    }

    /// The values of the step that is looked at.
    pub const fn trace(&self) -> &Arc<Trace> {
        &self.trace
    }

    /// A number that changes with the values.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The network's input, (N, C, H, W), after preprocessing.
    pub const fn input(&self) -> &Arc<Tensor> {
        &self.input
    }

    /// The mean loss before each step that has been visited.
    pub const fn losses(&self) -> &BTreeMap<u32, f32> {
        &self.losses
    }

    /// Goes towards a training step by exact replay from the nearest kept weights before it, at most
    /// `most` steps of it; true when it is the one looked at.
    pub fn approach(&mut self, time: u32, most: u32) -> bool {
        if time == self.trace.time() {
            self.replay = None;
            return true;
        }
        let mut trace = match self.replay.take().filter(|trace| trace.time() <= time) {
            Some(trace) => trace,
            None => self.nearest(time),
        };
        for _ in 0..most {
            if trace.time() == time {
                break;
            }
            self.losses.insert(trace.time(), trace.loss_before());
            trace = trace.next();
            self.keep(&trace);
        }
        if trace.time() < time {
            self.replay = Some(trace);
            return false;
        }
        self.trace = Arc::new(trace);
        self.revision = REVISIONS.fetch_add(1, Ordering::Relaxed);
        self.note_loss();
        true
    }

    /// How far the replay has come.
    pub fn replayed(&self) -> Option<u32> {
        self.replay.as_ref().map(Trace::time)
    }

    /// The trace at or before a step that is nearest to it: the one looked at, or one from kept
    /// weights.
    fn nearest(&self, time: u32) -> Trace {
        let kept = self.keyframes.range(..=time).next_back();
        let start = kept.map_or(0, |(&start, _)| start);
        match kept {
            Some((_, (params, moments))) if !(start..=time).contains(&self.trace.time()) => {
                let (plan, target) = (Arc::clone(self.plan()), (*self.target).clone());
                Trace::new(plan, start, Arc::clone(params), Arc::clone(moments), &self.input, target)
            }
            _ => (*self.trace).clone(),
        }
    }

    fn note_loss(&mut self) {
        self.losses.insert(self.trace.time(), self.trace.loss_before());
    }

    /// Keeps the weights before a step; where there are too many, every other of the older half goes.
    fn keep(&mut self, trace: &Trace) {
        self.keyframes.insert(trace.time(), (Arc::clone(trace.params()), Arc::clone(trace.moments())));
        if self.keyframes.len() > KEYFRAMES {
            let old: Vec<u32> = self.keyframes.keys().copied().take(KEYFRAMES / 2).collect();
            for time in old.into_iter().skip(1).step_by(2) {
                self.keyframes.remove(&time);
            }
        }
    }
}
