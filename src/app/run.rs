//! The training steps of a run: weights kept at some of them, replayed exactly between.

use crate::nn::{Params, Watch, optimizer::Moments};
use crate::tensor::Tensor;
use crate::trace::{Address, Cursor, Grain, Pass, Place, Plan, Trace};
use std::{
    collections::BTreeMap,
    sync::Arc,
    sync::atomic::{AtomicU64, Ordering},
};

/// Which values are wanted: of a training step, up to and with a pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Need {
    /// The training step.
    pub time: u32,
    /// The loss, backward or the update.
    pub pass: Pass,
}

/// The run, and the values of the training step that is looked at.
#[derive(Clone, Debug)]
pub struct Run {
    /// Step 0 as it began.
    first: Arc<Trace>,
    /// Weights and moments before some of the steps; step 0 always among them.
    keyframes: BTreeMap<u32, (Arc<Params>, Arc<Moments>)>,
    trace: Arc<Trace>,
    /// On the way to another step.
    replay: Option<Trace>,
    /// The mean loss before each step that has been visited.
    losses: BTreeMap<u32, f32>,
    revision: u64,
    large: bool,
}

/// At most this many steps' weights are kept; older ones are thinned.
const KEYFRAMES: usize = 32;

/// Nor more bytes of them than this, but for those of step 0.
const KEYFRAME_BYTES: usize = 1 << 28;

/// Each run's values are told from all others' by this number.
static REVISIONS: AtomicU64 = AtomicU64::new(1);

impl Run {
    /// The run that begins with this step. With `large` values are computed no further than they are needed.
    pub fn new(first: Trace, large: bool) -> Self {
        let trace = Arc::new(first);
        let mut run = Self {
            first: Arc::clone(&trace),
            keyframes: BTreeMap::from([(0, (Arc::clone(trace.params()), Arc::clone(trace.moments())))]),
            losses: BTreeMap::new(),
            revision: REVISIONS.fetch_add(1, Ordering::Relaxed),
            trace,
            replay: None,
            large,
        };
        run.note_loss();
        run
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
            if done == 0 { Pass::Loss } else { pass_of(plan.locate(cursor.at() - 1, Grain::Term).place) };
        let all_images = if done > plan.len() / u64::from(plan.repeats()) { Pass::Bwd } else { Pass::Loss };
        let pass = last.max(all_images).max(selected.map_or(Pass::Loss, |selected| pass_of(selected.place)));
        Need { time, pass }
    }

    /// Whether it has the values.
    pub fn has(&self, need: Need) -> bool {
        self.trace.time() == need.time && self.trace.reached() >= need.pass
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
    pub fn input(&self) -> &Tensor {
        &self.trace.values().input
    }

    /// The mean loss before each step that has been visited.
    pub const fn losses(&self) -> &BTreeMap<u32, f32> {
        &self.losses
    }

    /// Goes towards values by exact replay from the nearest kept weights before them, at most `most` steps of
    /// it; true when they are there. Where the watch says stop, those looked at stay.
    pub fn approach(&mut self, need: Need, most: u32, watch: Watch) -> bool {
        if self.has(need) {
            self.replay = None;
            return true;
        }
        let time = need.time;
        let replay = self.replay.take().filter(|trace| trace.time() <= time);
        let Some(mut trace) = replay.or_else(|| self.nearest(time, watch)) else { return false };
        let start = trace.time();
        for _ in 0..most {
            if trace.time() == time {
                break;
            }
            let (begin, all) = ((trace.time() - start) as f32, (time - start + 1) as f32);
            let told = |part: f32| (watch.told)((begin + part) / all);
            let watch = Watch { told: &told, ..watch };
            if !trace.go_on(Pass::Update, watch) {
                return false;
            }
            self.losses.insert(trace.time(), trace.loss_before());
            let Some(next) = trace.next_loss(watch) else { return false };
            trace = next;
            self.keep(&trace);
        }
        if trace.time() < time {
            self.replay = Some(trace);
            return false;
        }
        if !trace.go_on(need.pass, watch) {
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
    fn nearest(&self, time: u32, watch: Watch) -> Option<Trace> {
        let kept = self.keyframes.range(..=time).next_back();
        let start = kept.map_or(0, |(&start, _)| start);
        match kept {
            Some(_) if (start..=time).contains(&self.trace.time()) => Some((*self.trace).clone()),
            None | Some((0, _)) => Some((*self.first).clone()),
            Some((_, (params, moments))) => {
                self.first.at(start, Arc::clone(params), Arc::clone(moments), watch)
            }
        }
    }

    fn note_loss(&mut self) {
        self.losses.insert(self.trace.time(), self.trace.loss_before());
    }

    /// Keeps the weights before a step; where there are too many, every other of the older half goes.
    fn keep(&mut self, trace: &Trace) {
        self.keyframes.insert(trace.time(), (Arc::clone(trace.params()), Arc::clone(trace.moments())));
        let bytes = trace.params().bytes() + trace.moments().bytes();
        let most = (KEYFRAME_BYTES / bytes.max(1)).clamp(1, KEYFRAMES);
        if self.keyframes.len() > most {
            let old: Vec<u32> = self.keyframes.keys().copied().take(most.div_ceil(2) + 1).collect();
            for time in old.into_iter().skip(1).step_by(2) {
                self.keyframes.remove(&time);
            }
        }
    }
}
