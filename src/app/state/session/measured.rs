//! What the steps of a branch measured, and what its checks found, as a list of numbers: NaN and infinity among them.

use crate::nn::engine::LayerNorms;
use crate::train::{Check, Confusion, Outcome, Record, Report, TrainingBranch, Units};
use std::collections::BTreeMap;

/// Each record: step, images, loss, correct, learning rate, layers with norms, and three norms for each.
pub(super) fn of_records(branch: &TrainingBranch) -> Vec<f64> {
    let mut numbers = Vec::new();
    for (&time, Record { report, learning_rate, norms }) in &branch.records {
        numbers.push(f64::from(time));
        numbers.extend(of_report(report));
        numbers.extend([*learning_rate, norms.len() as f64]);
        numbers.extend(norms.iter().flat_map(|norms| [norms.gradient, norms.weight, norms.update]));
    }
    numbers
}

/// Each check: step, report, classes, the pairs that were counted, the worst and best examples, and dead units.
pub(super) fn of_checks(branch: &TrainingBranch) -> Vec<f64> {
    let mut numbers = Vec::new();
    for (&time, Check { report, confusion, worst, best, samples: _, dead }) in &branch.checks {
        numbers.push(f64::from(time));
        numbers.extend(of_report(report));
        let counted: Vec<[f64; 3]> = confusion
            .rows()
            .enumerate()
            .flat_map(|(truth, row)| {
                let counted = row.iter().enumerate().filter(|(_, count)| **count > 0);
                counted.map(move |(predicted, &count)| [truth as f64, predicted as f64, count as f64])
            })
            .collect();
        numbers.extend([confusion.classes() as f64, counted.len() as f64]);
        numbers.extend(counted.iter().flatten());
        for outcomes in [worst, best] {
            numbers.extend(of_outcomes(outcomes));
        }
        numbers.push(dead.len() as f64);
        numbers
            .extend(dead.iter().flat_map(|(layer, units)| [*layer, units.dead, units.all].map(|n| n as f64)));
    }
    numbers
}

/// The samples of each check: step, their count, and their outcomes.
pub(super) fn of_samples(branch: &TrainingBranch) -> Vec<f64> {
    let checks = branch.checks.iter();
    checks
        .flat_map(|(&time, check)| std::iter::once(f64::from(time)).chain(of_outcomes(&check.samples)))
        .collect()
}

/// A count, and of each outcome its index, both classes and the loss.
fn of_outcomes(outcomes: &[Outcome]) -> Vec<f64> {
    let each = outcomes.iter().flat_map(|outcome| {
        let Outcome { index, truth, predicted, loss } = *outcome;
        [index as f64, truth as f64, predicted as f64, f64::from(loss)]
    });
    std::iter::once(outcomes.len() as f64).chain(each).collect()
}

fn of_report(report: &Report) -> [f64; 3] {
    [report.images as f64, report.loss, report.correct as f64]
}

/// Reads [`of_records`]; `None` where it is something else.
pub(super) fn records(numbers: &[f64]) -> Option<BTreeMap<u32, Record>> {
    let mut left = Left(numbers);
    let mut records = BTreeMap::new();
    while !left.0.is_empty() {
        let (time, report, learning_rate) = (left.step()?, left.report()?, left.number()?);
        let norms = left.many(3, |left| {
            let [gradient, weight, update] = [left.number()?, left.number()?, left.number()?];
            Some(LayerNorms { gradient, weight, update })
        })?;
        records.insert(time, Record { report, learning_rate, norms: norms.into() });
    }
    Some(records)
}

/// Reads [`of_checks`] of a network with this many classes and layers; `None` where it is something else.
pub(super) fn checks(numbers: &[f64], classes: usize, layers: usize) -> Option<BTreeMap<u32, Check>> {
    let mut left = Left(numbers);
    let mut checks = BTreeMap::new();
    let class = |left: &mut Left| left.class(classes);
    while !left.0.is_empty() {
        let (time, report) = (left.step()?, left.report()?);
        let mut confusion = Confusion::new(left.count().filter(|&got| got == classes)?);
        left.many(3, |left| {
            let (truth, predicted) = (class(left)?, class(left)?);
            confusion.set(truth, predicted, left.count()? as u64);
            Some(())
        })?;
        let (worst, best) = (left.outcomes(classes)?, left.outcomes(classes)?);
        let dead = left.many(3, |left| {
            let layer = left.count().filter(|&layer| layer < layers)?;
            Some((layer, Units { dead: left.count()?, all: left.count()? }))
        })?;
        checks.insert(time, Check { report, confusion, worst, best, samples: Vec::new(), dead });
    }
    Some(checks)
}

/// Reads [`of_samples`] into the checks that they are of; `None` where it is something else.
pub(super) fn read_samples(numbers: &[f64], classes: usize, checks: &mut BTreeMap<u32, Check>) -> Option<()> {
    let mut left = Left(numbers);
    while !left.0.is_empty() {
        let (time, samples) = (left.step()?, left.outcomes(classes)?);
        checks.get_mut(&time)?.samples = samples;
    }
    Some(())
}

/// The numbers that have not been read.
struct Left<'a>(&'a [f64]);

impl Left<'_> {
    fn number(&mut self) -> Option<f64> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// A whole number that a list of numbers holds exactly.
    fn count(&mut self) -> Option<usize> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        self.number().filter(|n| (0.0..=EXACT).contains(n) && n.fract() == 0.0).map(|n| n as usize)
    }

    fn class(&mut self, classes: usize) -> Option<usize> {
        self.count().filter(|&class| class < classes)
    }

    fn outcomes(&mut self, classes: usize) -> Option<Vec<Outcome>> {
        self.many(4, |left| {
            let (index, truth, predicted) =
                (left.count()? as u64, left.class(classes)?, left.class(classes)?);
            Some(Outcome { index, truth, predicted, loss: left.number()? as f32 })
        })
    }

    fn step(&mut self) -> Option<u32> {
        self.count()?.try_into().ok()
    }

    fn report(&mut self) -> Option<Report> {
        Some(Report { images: self.count()?, loss: self.number()?, correct: self.count()? })
    }

    /// Reads a count and that many records of `len` numbers each.
    fn many<T>(&mut self, len: usize, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count().filter(|&count| count <= self.0.len() / len)?;
        (0..count).map(|_| one(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Fork, Keyframe, Keyframes};
    use proptest::prelude::*;

    fn branch() -> TrainingBranch {
        let norms = |n: usize| vec![LayerNorms { gradient: n as f64, weight: f64::INFINITY, update: 0.1 }; n];
        let report = |loss| Report { images: 8, loss, correct: 3 };
        let record = |loss, n| Record { report: report(loss), learning_rate: 0.01, norms: norms(n).into() };
        let mut confusion = Confusion::new(3);
        [(0, 0), (0, 2), (2, 1), (0, 0)].into_iter().for_each(|(truth, got)| confusion.add(truth, got));
        let outcome = Outcome { index: 7, truth: 2, predicted: 0, loss: f32::INFINITY };
        let dead = vec![(1, Units { dead: 2, all: 9 })];
        let check = Check {
            report: report(1.0),
            confusion,
            worst: vec![outcome; 2],
            best: vec![outcome],
            samples: Vec::new(),
            dead,
        };
        let first = Keyframe { params: Default::default(), moments: Default::default() };
        TrainingBranch::restored(
            Some(Fork { branch: 0, time: 1 }),
            Keyframes::new(first),
            BTreeMap::new(),
            3,
            BTreeMap::from([
                (0, record(0.5, 0)),
                (1, record(f64::NEG_INFINITY, 4)),
                (9, record(1.0 / 3.0, 1)),
            ]),
            BTreeMap::from([(3, check.clone()), (4, Check { worst: Vec::new(), ..check })]),
        )
    }

    #[test]
    fn what_was_measured_comes_back() {
        let branch = branch();
        assert_eq!(records(&of_records(&branch)), Some(branch.records.clone()));
        assert_eq!(checks(&of_checks(&branch), 3, 2), Some(branch.checks.clone()));
        assert_eq!((records(&[]), checks(&[], 3, 2)), (Some(BTreeMap::new()), Some(BTreeMap::new())));
        let mut nan = branch;
        nan.records.get_mut(&0).expect("there").report.loss = f64::NAN;
        assert!(records(&of_records(&nan)).is_some_and(|records| records[&0].report.loss.is_nan()));
    }

    #[test]
    fn what_is_cut_short_or_speaks_of_other_classes_is_refused() {
        let (records_of, checks_of) = (of_records(&branch()), of_checks(&branch()));
        assert!((1..records_of.len()).filter(|&end| records(&records_of[..end]).is_some()).count() <= 2);
        assert!((1..checks_of.len()).filter(|&end| checks(&checks_of[..end], 3, 2).is_some()).count() <= 1);
        assert_eq!(
            (checks(&checks_of, 2, 2), checks(&checks_of, 4, 2), checks(&checks_of, 3, 1)),
            (None, None, None)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn a_damaged_number_is_refused_or_read(
            at in 0usize..200,
            to in prop_oneof![Just(f64::NAN), Just(1e300), Just(-1.0), 0.0..9.0f64, (0u8..9).prop_map(f64::from)],
        ) {
            let branch = branch();
            let damaged = |mut numbers: Vec<f64>| {
                let at = at % numbers.len();
                // Losses of examples are kept in single precision.
                let differs = to as f32 != numbers[at] as f32;
                numbers[at] = to;
                (numbers, differs)
            };
            let (numbers, differs) = damaged(of_checks(&branch));
            prop_assert!(!differs || checks(&numbers, 3, 2).as_ref() != Some(&branch.checks));
            let (numbers, differs) = damaged(of_records(&branch));
            prop_assert!(!differs || records(&numbers).as_ref() != Some(&branch.records));
        }
    }
}
