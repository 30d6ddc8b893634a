//! A branch of training: the measurements of its steps, the weights kept along the way, and the hyperparameters in
//! force. A change in the past starts a new branch; the old one is kept.

use super::{Check, Keyframe, Keyframes, Report};
use crate::nn::{engine::LayerNorms, optimizer::Optimizer};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The measurements of one step, before its update.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Loss and accuracy of its batch.
    pub report: Report,
    /// The learning rate of its update.
    pub learning_rate: f64,
    /// The norms of each layer; empty if they were not measured.
    pub norms: Arc<[LayerNorms]>,
}

impl Record {
    /// The norm of the whole gradient; `None` if it was not measured.
    pub fn gradient_norm(&self) -> Option<f64> {
        let squares = self.norms.iter().map(|norms| norms.gradient * norms.gradient);
        (!self.norms.is_empty()).then(|| squares.sum::<f64>().sqrt())
    }
}

/// Where a branch left another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fork {
    /// The index of the other branch.
    #[serde(rename = "line")]
    pub branch: usize,
    /// The first step that differs.
    pub time: u32,
}

/// A branch of training.
#[derive(Clone, PartialEq, Debug)]
pub struct TrainingBranch {
    /// Its number among all runs, in the order in which they began; 0 before it is given one.
    number: u32,
    fork: Option<Fork>,
    /// Weights and moments before some of the steps.
    pub keyframes: Keyframes,
    /// The optimizer in force from each of these steps on.
    optimizers: BTreeMap<u32, Optimizer>,
    /// The number of steps whose update is done.
    done: u32,
    /// The measurements of each step.
    pub records: BTreeMap<u32, Record>,
    /// Results on validation examples, by the step they precede.
    pub checks: BTreeMap<u32, Check>,
}

impl TrainingBranch {
    /// A branch before its first step.
    pub fn new(first: Keyframe, optimizer: Optimizer) -> Self {
        Self {
            number: 0,
            fork: None,
            keyframes: Keyframes::new(first),
            optimizers: BTreeMap::from([(0, optimizer)]),
            done: 0,
            records: BTreeMap::new(),
            checks: BTreeMap::new(),
        }
    }

    /// Where this branch left another one; `None` for the first branch.
    pub const fn fork(&self) -> Option<Fork> {
        self.fork
    }

    /// Restores a branch from its stored parts. `done` is the number of steps whose update is done.
    pub fn restored(
        fork: Option<Fork>,
        keyframes: Keyframes,
        optimizers: BTreeMap<u32, Optimizer>,
        done: u32,
        records: BTreeMap<u32, Record>,
        checks: BTreeMap<u32, Check>,
    ) -> Self {
        Self { number: 0, fork, keyframes, optimizers, done, records, checks }
    }

    /// Its number among all runs, in the order in which they began; 0 before it is given one.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The same with a number among all runs.
    #[must_use]
    pub fn with_number(self, number: u32) -> Self {
        Self { number, ..self }
    }

    /// A copy with only the keyframes needed to return quickly to the steps `times` and to the end.
    #[must_use]
    pub fn slim(&self, times: &[u32]) -> Self {
        let times: Vec<u32> = times.iter().copied().chain([self.done]).collect();
        Self { keyframes: self.keyframes.only(&times), ..self.clone() }
    }

    /// A copy with a few keyframes spread over its steps, besides those of [`Self::slim`].
    #[must_use]
    pub fn thinned(&self, times: &[u32]) -> Self {
        const SPREAD: u32 = 8;
        let spread =
            (1..SPREAD).map(|part| (u64::from(self.done) * u64::from(part) / u64::from(SPREAD)) as u32);
        self.slim(&times.iter().copied().chain(spread).collect::<Vec<_>>())
    }

    /// A new branch that shares the steps before `time` with this one, whose index is `own`.
    #[must_use]
    pub fn fork_at(&self, own: usize, time: u32) -> Self {
        Self {
            number: 0,
            fork: Some(Fork { branch: own, time }),
            keyframes: self.keyframes.until(time),
            optimizers: self.optimizers.range(..=time).map(|(&at, &optimizer)| (at, optimizer)).collect(),
            done: self.done.min(time),
            records: self.records.range(..time).map(|(&at, record)| (at, record.clone())).collect(),
            checks: self.checks.range(..=time).map(|(&at, check)| (at, check.clone())).collect(),
        }
    }

    /// The optimizer that makes the update of step `time`.
    pub fn optimizer(&self, time: u32) -> Optimizer {
        let in_force = self.optimizers.range(..=time).next_back();
        in_force.map_or_else(Optimizer::default, |(_, &optimizer)| optimizer)
    }

    /// The optimizers in force, by the step from which they apply.
    pub const fn optimizers(&self) -> &BTreeMap<u32, Optimizer> {
        &self.optimizers
    }

    /// Sets the optimizer from step `time` on.
    pub fn set_optimizer(&mut self, time: u32, optimizer: Optimizer) {
        self.optimizers.retain(|&at, _| at < time);
        if self.optimizers.is_empty() || self.optimizer(time) != optimizer {
            self.optimizers.insert(time, optimizer);
        }
    }

    /// Sets the optimizer from step `time` on and forgets what was computed with another one from there on: the
    /// records of these steps, the checks and weights behind them.
    pub fn change_optimizer(&mut self, time: u32, optimizer: Optimizer) {
        self.set_optimizer(time, optimizer);
        self.keyframes = self.keyframes.until(time);
        self.done = self.done.min(time);
        self.records.retain(|&at, _| at < time);
        self.checks.retain(|&at, _| at <= time);
    }

    /// Adds what a copy of this branch replayed: records and weights that are not here.
    pub fn add_replayed(&mut self, copy: Self) {
        for (time, record) in copy.records {
            self.records.entry(time).or_insert(record);
        }
        let missing: Vec<_> = copy.keyframes.iter().filter(|(time, _)| !self.keyframes.has(*time)).collect();
        for (time, frame) in missing {
            self.keyframes.insert(time, frame.clone());
        }
        self.done = self.done.max(copy.done);
    }

    /// Records a step after its update.
    pub fn add(&mut self, time: u32, record: Record) {
        self.records.insert(time, record);
        self.done = self.done.max(time + 1);
    }

    /// Whether it has done steps that it does not share with the branch it left.
    pub fn has_own_steps(&self) -> bool {
        self.done > self.fork.map_or(0, |fork| fork.time)
    }

    /// The number of steps whose update is done, which is the number of the next step.
    pub const fn done(&self) -> u32 {
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::optimizer::Rule;

    fn branch() -> TrainingBranch {
        let first = Keyframe { params: Arc::default(), moments: Arc::default() };
        let mut branch = TrainingBranch::new(first, Optimizer::default());
        for time in 0..10 {
            let report = Report { images: 1, loss: f64::from(time), correct: 0 };
            branch.add(time, Record { report, learning_rate: 0.01, norms: Arc::default() });
        }
        branch
    }

    #[test]
    fn a_fork_shares_what_came_before_it() {
        let mut branch = branch();
        let faster = Optimizer { learning_rate: 0.1, ..Optimizer::default() };
        branch.set_optimizer(6, faster);
        let mut fork = branch.fork_at(0, 4);
        assert_eq!((fork.fork(), fork.done(), branch.done()), (Some(Fork { branch: 0, time: 4 }), 4, 10));
        assert_eq!(fork.optimizer(8), Optimizer::default());
        let adam = Optimizer { rule: Rule::ALL[3], ..faster };
        fork.set_optimizer(4, adam);
        assert_eq!((fork.optimizer(3), fork.optimizer(4)), (Optimizer::default(), adam));
        assert_eq!((branch.optimizer(5), branch.optimizer(6)), (Optimizer::default(), faster));
    }

    #[test]
    fn a_change_forgets_what_was_computed_with_another_optimizer() {
        let mut branch = branch();
        let frame = Keyframe { params: Arc::default(), moments: Arc::default() };
        for time in [4, 5, 8] {
            branch.keyframes.insert(time, frame.clone());
            branch.checks.insert(time, Check::default());
        }
        let faster = Optimizer { learning_rate: 0.1, ..Optimizer::default() };
        branch.change_optimizer(5, faster);
        assert_eq!(
            (branch.done(), branch.optimizer(4), branch.optimizer(5)),
            (5, Optimizer::default(), faster)
        );
        assert_eq!(branch.keyframes.times().collect::<Vec<_>>(), [0, 4, 5]);
        assert_eq!(branch.records.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(branch.checks.keys().copied().collect::<Vec<_>>(), [4, 5]);
    }

    #[test]
    fn what_a_copy_replayed_is_added_to_what_came_meanwhile() {
        let mut branch = branch();
        let frame = Keyframe { params: Arc::default(), moments: Arc::default() };
        let record = branch.records[&3].clone();
        let mut copy = branch.clone();
        copy.add(12, Record { learning_rate: 0.5, ..record.clone() });
        copy.keyframes.insert(12, frame);
        branch.add(12, record.clone());
        branch.add(10, record.clone());
        branch.add_replayed(copy);
        assert_eq!((branch.done(), branch.records.len()), (13, 12));
        assert_eq!(branch.records[&12], record, "what came meanwhile stays");
        assert_eq!(branch.keyframes.times().collect::<Vec<_>>(), [0, 12]);
    }

    #[test]
    fn a_later_change_replaces_those_after_it() {
        let mut branch = branch();
        let of = |learning_rate| Optimizer { learning_rate, ..Optimizer::default() };
        branch.set_optimizer(8, of(0.5));
        branch.set_optimizer(3, of(0.2));
        assert_eq!((branch.optimizer(2), branch.optimizer(9)), (Optimizer::default(), of(0.2)));
        branch.set_optimizer(3, Optimizer::default());
        assert_eq!(branch.optimizer(9), Optimizer::default());
    }
}
