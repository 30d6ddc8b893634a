//! Evaluating a network on examples that it is not trained on: loss, accuracy, confusion matrix, worst and best
//! examples, and dead units.

use super::Report;
use crate::nn::{Alone, Execution, Network, Op, Params, Part, Workers};
use crate::tensor::Tensor;

/// A confusion matrix.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Confusion {
    classes: usize,
    counts: Vec<u64>,
}

impl Confusion {
    /// An empty matrix.
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * classes] }
    }

    /// The number of classes.
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// The number of examples of class `truth` predicted as `predicted`.
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.counts[truth * self.classes + predicted]
    }

    /// Counts one example; ignores classes out of range.
    pub fn add(&mut self, truth: usize, predicted: usize) {
        if truth < self.classes && predicted < self.classes {
            self.counts[truth * self.classes + predicted] += 1;
        }
    }

    /// Sets the number of examples of class `truth` predicted as `predicted`; ignores classes out of range.
    pub fn set(&mut self, truth: usize, predicted: usize, count: u64) {
        if truth < self.classes && predicted < self.classes {
            self.counts[truth * self.classes + predicted] = count;
        }
    }

    /// One row per true class, with one column per predicted class.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks(self.classes.max(1))
    }
}

/// The result for one example.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Outcome {
    /// Its index among the checked examples.
    pub index: u64,
    /// Its true class.
    pub truth: usize,
    /// Its predicted class.
    pub predicted: usize,
    /// Its loss.
    pub loss: f32,
}

/// The result of a check.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Check {
    /// Loss and accuracy.
    pub report: Report,
    /// The confusion matrix.
    pub confusion: Confusion,
    /// The examples with the largest loss, worst first.
    pub worst: Vec<Outcome>,
    /// The examples with the smallest loss, best first.
    pub best: Vec<Outcome>,
    /// Of each pair of right class and guess its first examples, by their indices.
    pub samples: Vec<Outcome>,
    /// For each ReLU layer, its index and its units: maps, or features.
    pub dead: Vec<(usize, Units)>,
}

/// Counts of a layer's units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Units {
    /// Units that were zero for every example.
    pub dead: usize,
    /// All units.
    pub all: usize,
}

impl Check {
    /// The share of dead units; `None` without a ReLU.
    pub fn dead_share(&self) -> Option<f64> {
        let (dead, all) = self.dead.iter().fold((0, 0), |(d, a), (_, units)| (d + units.dead, a + units.all));
        (all > 0).then(|| dead as f64 / all as f64)
    }
}

/// A check in progress, to which examples are added batch by batch.
#[derive(Clone, Debug)]
pub struct Checker<'a> {
    network: &'a Network,
    params: &'a Params,
    check: Check,
    fired: Vec<(usize, Vec<bool>)>,
}

/// How many of the worst and of the best examples are kept.
const SHOWN: usize = 12;
/// How many examples of each pair of right class and guess are kept.
const SAMPLES: u64 = 12;

impl<'a> Checker<'a> {
    /// A checker without examples.
    pub fn new(network: &'a Network, params: &'a Params) -> Self {
        let units = network.layers.iter().enumerate().filter(|(_, layer)| layer.op == Op::RELU);
        let fired = units.map(|(l, layer)| (l, vec![false; layer.output[0]])).collect();
        let check = Check { confusion: Confusion::new(network.classes()), ..Check::default() };
        Self { network, params, check, fired }
    }

    /// Calls [`Self::add_on`] on the caller's own thread.
    pub fn add(&mut self, x: &Tensor, target: &Tensor) {
        self.add_on(&Alone, x, target);
    }

    /// Adds a batch, using running statistics and no dropout. The result does not depend on `workers`. x: (N, C, H,
    /// W), target: the output's shape, N at least 1.
    pub fn add_on(&mut self, workers: &dyn Workers, x: &Tensor, target: &Tensor) {
        let first = self.check.report.images as u64;
        let exec = Execution { workers, ..Execution::SERIAL };
        let fired = &mut self.fired;
        let mut look = |l: usize, out: &Tensor| {
            let Some((_, fired)) = fired.iter_mut().find(|(unit, _)| *unit == l) else { return };
            for image in out.outer_iter() {
                for (fired, map) in fired.iter_mut().zip(image.outer_iter()) {
                    *fired = *fired || map.iter().any(|&x| x > 0.0);
                }
            }
        };
        let Some(output) = self.network.output_with(self.params, x, exec, &mut look) else { return };
        let loss = self.network.loss_forward(&output, target);
        let losses = loss.at(Part::Out);
        let rows = output.outer_iter().zip(target.outer_iter()).zip(losses);
        for (n, ((output, target), &loss)) in rows.enumerate() {
            let loss_of = self.network.loss;
            let truth = loss_of.truth(target.iter().copied());
            let predicted = loss_of.predicted(output.iter().copied());
            self.check.confusion.add(truth, predicted);
            let outcome = Outcome { index: first + n as u64, truth, predicted, loss };
            if self.check.confusion.count(truth, predicted) <= SAMPLES {
                self.check.samples.push(outcome);
            }
            keep(&mut self.check.worst, outcome, |a, b| a.loss.total_cmp(&b.loss).is_gt());
            keep(&mut self.check.best, outcome, |a, b| a.loss.total_cmp(&b.loss).is_lt());
        }
        let report = Report::from_output(self.network.loss, &output, losses, target);
        self.check.report = self.check.report.and(report);
    }

    /// The result over all added examples.
    pub fn finish(mut self) -> Check {
        let units = |fired: &[bool]| Units { dead: fired.iter().filter(|f| !**f).count(), all: fired.len() };
        self.check.dead = self.fired.iter().map(|(l, fired)| (*l, units(fired))).collect();
        self.check
    }
}

/// Inserts an outcome into a short sorted list, after its equals.
fn keep(kept: &mut Vec<Outcome>, outcome: Outcome, goes_before: impl Fn(&Outcome, &Outcome) -> bool) {
    let place = kept.iter().position(|other| goes_before(&outcome, other)).unwrap_or(kept.len());
    if place < SHOWN {
        kept.insert(place, outcome);
        kept.truncate(SHOWN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{
        loss::{Loss, one_hot},
        spec::{DenseSpec, Kind, LayerSpec},
    };

    /// Scores are the input through a ReLU whose last feature is always blocked.
    fn network() -> (Network, Params) {
        let dense = Kind::Dense(DenseSpec { out_features: 3, bias: false });
        let layers = vec![LayerSpec::new("fc", dense), LayerSpec::new("relu", Kind::RELU)];
        let network = Network::build([3, 1, 1], layers, Loss::CrossEntropy).expect("fits");
        let mut params: Params = network.init(crate::nn::init::Init::Zeros, 0);
        let weight = Tensor::from_shape_fn((3, 3, 1, 1), |(o, i, _, _)| match (o, i) {
            (2, _) => -1.0,
            _ if o == i => 1.0,
            _ => 0.0,
        });
        params.0[0].set(Part::Weight, weight);
        (network, params)
    }

    #[test]
    fn a_check_counts_what_is_taken_for_what() {
        let (network, params) = network();
        let mut checker = Checker::new(&network, &params);
        let x = Tensor::from_shape_vec((4, 3, 1, 1), vec![9., 0., 0., 0., 9., 0., 1., 2., 0., 0., 4., 1.]);
        let target = one_hot([3, 1, 1], &[0, 1, 0, 2]);
        checker.add(&x.expect("fits"), &target);
        let check = checker.finish();
        assert_eq!(check.report.correct, 2);
        let rows: Vec<_> = check.confusion.rows().map(<[u64]>::to_vec).collect();
        assert_eq!(rows, [[1, 1, 0], [0, 1, 0], [0, 1, 0]]);
        assert_eq!(check.samples.iter().map(|o| o.index).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(check.worst.iter().map(|o| o.index).collect::<Vec<_>>(), [3, 2, 0, 1]);
        assert_eq!((check.best[0].index, check.best[3].index), (0, 3));
        assert_eq!(check.dead, [(1, Units { dead: 1, all: 3 })]);
        assert_eq!(check.dead_share(), Some(1.0 / 3.0));
    }

    #[test]
    fn only_the_first_few_are_kept() {
        let mut kept = Vec::new();
        for index in 0..100 {
            let loss = ((index * 37) % 100) as f32;
            keep(&mut kept, Outcome { index, truth: 0, predicted: 0, loss }, |a, b| a.loss > b.loss);
        }
        let losses: Vec<f32> = kept.iter().map(|outcome| outcome.loss).collect();
        assert_eq!(losses, (88..100).rev().map(|loss| loss as f32).collect::<Vec<_>>());
    }
}
