//! Conditions that stop training.

use super::{Check, Record};
use serde::{Deserialize, Serialize};

/// A condition that stops training.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub enum StopWhen {
    /// A loss or gradient that is NaN or infinite.
    NotFinite,
    /// A batch's loss exceeds the mean of the 20 losses before it by this factor.
    LossRises(f64),
    /// The norm of the whole gradient exceeds this.
    GradientAbove(f64),
    /// More units are dead than at the previous check.
    UnitDies,
    /// The accuracy on validation examples has reached this share, from 0 to 1.
    Accuracy(f64),
}

impl StopWhen {
    /// One of each kind, with usual thresholds.
    pub const ALL: [Self; 5] = [
        Self::NotFinite,
        Self::LossRises(3.0),
        Self::GradientAbove(100.0),
        Self::UnitDies,
        Self::Accuracy(0.95),
    ];

    /// Whether both are of the same kind, whatever their thresholds.
    pub fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// What the conditions remember of earlier steps.
#[derive(Clone, Debug, Default)]
pub struct StopMonitor {
    losses: std::collections::VecDeque<f64>,
    dead: Option<usize>,
}

/// The number of losses that a rise is compared with.
const LOSSES: usize = 20;

impl StopMonitor {
    /// Takes the record of a step and the check after it, if any; returns the first condition that holds.
    pub fn update(
        &mut self,
        conditions: &[StopWhen],
        record: &Record,
        check: Option<&Check>,
    ) -> Option<StopWhen> {
        let loss = record.report.loss;
        let mean = self.losses.iter().sum::<f64>() / self.losses.len() as f64;
        let is_full = self.losses.len() == LOSSES;
        let dead = check.map(|check| check.dead.iter().map(|(_, units)| units.dead).sum::<usize>());
        let holds = |condition: &&StopWhen| match **condition {
            StopWhen::NotFinite => {
                !loss.is_finite() || record.gradient_norm().is_some_and(|norm| !norm.is_finite())
            }
            StopWhen::LossRises(factor) => is_full && loss > factor * mean,
            StopWhen::GradientAbove(limit) => record.gradient_norm().is_some_and(|norm| norm > limit),
            StopWhen::UnitDies => matches!((dead, self.dead), (Some(now), Some(before)) if now > before),
            StopWhen::Accuracy(goal) => check.is_some_and(|check| check.report.accuracy() >= goal),
        };
        let stop = conditions.iter().find(holds).copied();
        if is_full {
            self.losses.pop_front();
        }
        self.losses.push_back(loss);
        self.dead = dead.or(self.dead);
        stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::engine::LayerNorms;
    use crate::train::{Report, Units};

    fn record(loss: f64, gradient: f64) -> Record {
        let report = Report { images: 10, loss, correct: 0 };
        Record {
            report,
            learning_rate: 0.1,
            norms: [LayerNorms { gradient, ..LayerNorms::default() }].into(),
        }
    }

    fn check(correct: usize, dead: usize) -> Check {
        let report = Report { images: 100, loss: 1.0, correct };
        Check { report, dead: vec![(1, Units { dead, all: 8 })], ..Check::default() }
    }

    #[test]
    fn each_condition_holds_where_it_says() {
        let mut monitor = StopMonitor::default();
        for _ in 0..20 {
            assert_eq!(monitor.update(&StopWhen::ALL, &record(1.0, 1.0), None), None);
        }
        let mut update =
            |record, check: Option<Check>| monitor.update(&StopWhen::ALL, &record, check.as_ref());
        assert_eq!(update(record(3.5, 1.0), None), Some(StopWhen::LossRises(3.0)));
        assert_eq!(update(record(f64::NAN, 1.0), None), Some(StopWhen::NotFinite));
        assert_eq!(update(record(1.0, f64::INFINITY), None), Some(StopWhen::NotFinite));
        assert_eq!(update(record(1.0, 101.0), None), Some(StopWhen::GradientAbove(100.0)));
        assert_eq!(update(record(1.0, 1.0), Some(check(50, 1))), None);
        assert_eq!(update(record(1.0, 1.0), Some(check(50, 1))), None);
        assert_eq!(update(record(1.0, 1.0), Some(check(50, 2))), Some(StopWhen::UnitDies));
        assert_eq!(update(record(1.0, 1.0), Some(check(95, 2))), Some(StopWhen::Accuracy(0.95)));
        assert_eq!(StopMonitor::default().update(&[], &record(f64::NAN, 1.0), None), None);
    }
}
