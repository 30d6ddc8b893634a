//! A line of training: what its steps measured, the weights kept on the way, and the hyperparameters in force. A
//! change made in the past starts another line; the old one stays.

use super::{Check, Keyframe, Keyframes, Report};
use crate::nn::{engine::LayerNorms, optimizer::Optimizer};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// What one step measured, before its update.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Loss and accuracy of its batch.
    pub report: Report,
    /// The learning rate of its update.
    pub learning_rate: f64,
    /// Of each layer; empty where nobody measured.
    pub norms: Arc<[LayerNorms]>,
}

impl Record {
    /// The norm of the whole gradient; `None` where nobody measured.
    pub fn gradient_norm(&self) -> Option<f64> {
        let squares = self.norms.iter().map(|norms| norms.gradient * norms.gradient);
        (!self.norms.is_empty()).then(|| squares.sum::<f64>().sqrt())
    }
}

/// Where a line left another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fork {
    /// The number of the other line.
    pub line: usize,
    /// The first step that differs.
    pub time: u32,
}

/// A line of training.
#[derive(Clone, PartialEq, Debug)]
pub struct TrainingBranch {
    fork: Option<Fork>,
    /// Weights and moments before some of its steps.
    pub keyframes: Keyframes,
    /// From which step on which optimizer.
    optimizers: BTreeMap<u32, Optimizer>,
    /// Steps whose update has been made.
    done: u32,
    /// What its steps measured.
    pub records: BTreeMap<u32, Record>,
    /// How the network did on other examples, before a step.
    pub checks: BTreeMap<u32, Check>,
}

impl TrainingBranch {
    /// A line before its first step.
    pub fn new(first: Keyframe, optimizer: Optimizer) -> Self {
        Self {
            fork: None,
            keyframes: Keyframes::new(first),
            optimizers: BTreeMap::from([(0, optimizer)]),
            done: 0,
            records: BTreeMap::new(),
            checks: BTreeMap::new(),
        }
    }

    /// Where it left another line.
    pub const fn fork(&self) -> Option<Fork> {
        self.fork
    }

    /// A line as it was kept elsewhere. `done`: steps whose update has been made.
    pub fn restored(
        fork: Option<Fork>,
        keyframes: Keyframes,
        optimizers: BTreeMap<u32, Optimizer>,
        done: u32,
        records: BTreeMap<u32, Record>,
        checks: BTreeMap<u32, Check>,
    ) -> Self {
        Self { fork, keyframes, optimizers, done, records, checks }
    }

    /// The same with no more weights than it takes to be back at the steps `times`, and after the last one, quickly.
    #[must_use]
    pub fn slim(&self, times: &[u32]) -> Self {
        let times: Vec<u32> = times.iter().copied().chain([self.done]).collect();
        Self { keyframes: self.keyframes.only(&times), ..self.clone() }
    }

    /// A line that shares the steps before `time` with this one, which is number `own`.
    #[must_use]
    pub fn fork_at(&self, own: usize, time: u32) -> Self {
        Self {
            fork: Some(Fork { line: own, time }),
            keyframes: self.keyframes.until(time),
            optimizers: self.optimizers.range(..=time).map(|(&at, &optimizer)| (at, optimizer)).collect(),
            done: self.done.min(time),
            records: self.records.range(..time).map(|(&at, record)| (at, record.clone())).collect(),
            checks: self.checks.range(..=time).map(|(&at, check)| (at, check.clone())).collect(),
        }
    }

    /// What makes the update of a step.
    pub fn optimizer(&self, time: u32) -> Optimizer {
        let in_force = self.optimizers.range(..=time).next_back();
        in_force.map_or_else(Optimizer::default, |(_, &optimizer)| optimizer)
    }

    /// From which step on which optimizer.
    pub const fn optimizers(&self) -> &BTreeMap<u32, Optimizer> {
        &self.optimizers
    }

    /// Another optimizer from a step on.
    pub fn set_optimizer(&mut self, time: u32, optimizer: Optimizer) {
        self.optimizers.retain(|&at, _| at < time);
        if self.optimizers.is_empty() || self.optimizer(time) != optimizer {
            self.optimizers.insert(time, optimizer);
        }
    }

    /// A step has been made, update and all.
    pub fn add(&mut self, time: u32, record: Record) {
        self.records.insert(time, record);
        self.done = self.done.max(time + 1);
    }

    /// Steps whose update has been made: the number of the next one.
    pub const fn done(&self) -> u32 {
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::optimizer::Rule;

    fn line() -> TrainingBranch {
        let first = Keyframe { params: Arc::default(), moments: Arc::default() };
        let mut line = TrainingBranch::new(first, Optimizer::default());
        for time in 0..10 {
            let report = Report { images: 1, loss: f64::from(time), correct: 0 };
            line.add(time, Record { report, learning_rate: 0.01, norms: Arc::default() });
        }
        line
    }

    #[test]
    fn a_fork_shares_what_came_before_it() {
        let mut line = line();
        let faster = Optimizer { learning_rate: 0.1, ..Optimizer::default() };
        line.set_optimizer(6, faster);
        let mut fork = line.fork_at(0, 4);
        assert_eq!((fork.fork(), fork.done(), line.done()), (Some(Fork { line: 0, time: 4 }), 4, 10));
        assert_eq!(fork.optimizer(8), Optimizer::default());
        let adam = Optimizer { rule: Rule::ALL[3], ..faster };
        fork.set_optimizer(4, adam);
        assert_eq!((fork.optimizer(3), fork.optimizer(4)), (Optimizer::default(), adam));
        assert_eq!((line.optimizer(5), line.optimizer(6)), (Optimizer::default(), faster));
    }

    #[test]
    fn a_later_change_replaces_those_after_it() {
        let mut line = line();
        let of = |learning_rate| Optimizer { learning_rate, ..Optimizer::default() };
        line.set_optimizer(8, of(0.5));
        line.set_optimizer(3, of(0.2));
        assert_eq!((line.optimizer(2), line.optimizer(9)), (Optimizer::default(), of(0.2)));
        line.set_optimizer(3, Optimizer::default());
        assert_eq!(line.optimizer(9), Optimizer::default());
    }
}
