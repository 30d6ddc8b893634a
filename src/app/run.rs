//! The training steps of a run: weights kept at some of them, replayed exactly between.

use super::history::Inputs;
use crate::nn::{Params, optimizer::Moments};
use crate::tensor::Tensor;
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
    pub fn new(inputs: &Inputs, input: Tensor, target: Tensor) -> Self {
        let setup = Setup {
            images: input.dim().0 as u32,
            batches: 1,
            epochs: inputs.epochs,
            mode: inputs.mode,
            optimizer: inputs.optimizer,
            seed: inputs.seed,
        };
        let plan = Arc::new(Plan::new(Arc::new(inputs.model.network.clone()), setup));
        let params = Arc::new(inputs.model.params.clone());
        let moments = Arc::new(Moments::default());
        let trace = Trace::new(plan, 0, Arc::clone(&params), Arc::clone(&moments), &input, target.clone());
        let mut run = Self {
            input: Arc::new(input),
            target: Arc::new(target),
            keyframes: BTreeMap::from([(0, (params, moments))]),
            losses: BTreeMap::new(),
            revision: REVISIONS.fetch_add(1, Ordering::Relaxed),
            trace: Arc::new(trace),
        };
        run.note_loss();
        run
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

    /// Looks at a training step: from the nearest kept weights before it, by exact replay.
    pub fn look_at(&mut self, time: u32) {
        if time == self.trace.time() {
            return;
        }
        // Going on from here is shorter than from a keyframe, unless one lies between.
        let start = self.keyframes.range(..=time).next_back().map_or(0, |(&start, _)| start);
        let mut trace = if self.trace.time() < time && self.trace.time() >= start {
            (*self.trace).clone()
        } else {
            let Some((params, moments)) = self.keyframes.get(&start).cloned() else { return };
            let plan = Arc::clone(self.plan());
            Trace::new(plan, start, params, moments, &self.input, (*self.target).clone())
        };
        while trace.time() < time {
            self.losses.insert(trace.time(), trace.loss_before());
            trace = trace.next();
            self.keep(&trace);
        }
        self.trace = Arc::new(trace);
        self.revision = REVISIONS.fetch_add(1, Ordering::Relaxed);
        self.note_loss();
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
