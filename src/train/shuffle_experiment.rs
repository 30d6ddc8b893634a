//! What a network loses when the pixels of all pictures change places in the same way: a fully connected one nothing,
//! for it never used which pixels are neighbours; a convolutional one much, for its filters look at neighbours.

use super::{Report, Trainer, report::evaluate_with, stack};
use crate::data::{Generated, shuffle_pixels};
use crate::nn::{
    Execution, Network, Params,
    init::Init,
    loss::{Loss, Targets},
    optimizer::{Optimizer, Rule},
    spec::{ConvSpec, DenseSpec, Kind, LayerSpec, MaxPoolSpec, Pair},
};
use crate::tensor::{ShapeError, Tensor};

/// The experiment: both networks, each trained on pictures as they are and on shuffled ones. What comes out follows
/// from these numbers alone, whatever the threads.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ShuffleExperiment {
    /// The seed of the generated digits, of the first weights and of the shuffle.
    pub seed: u64,
    /// Examples to train on, each seen once.
    pub examples: u64,
    /// Examples in a training step.
    pub batch: u64,
    /// Other examples, to measure the accuracy on.
    pub held_out: u64,
}

/// As a lesson shows it: some seconds of work, after which the effect is plain.
impl Default for ShuffleExperiment {
    fn default() -> Self {
        Self { seed: 1, examples: 8000, batch: 20, held_out: 2000 }
    }
}

/// A kind of network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Learner {
    /// Two fully connected layers.
    Dense,
    /// Two convolutions, each with a pool, and a fully connected layer.
    Convolutional,
}

/// What one of the four trainings came to.
#[derive(Clone, PartialEq, Debug)]
pub struct Learned {
    /// Which network was trained.
    pub learner: Learner,
    /// Whether the pixels of its pictures were shuffled.
    pub is_shuffled: bool,
    /// The loss of each training step, before its update.
    pub losses: Vec<f64>,
    /// The share of examples held out whose digit it knows, from 0 to 1.
    pub accuracy: f64,
}

/// Examples as inputs and targets, step by step.
type Batches = Vec<(Tensor, Tensor)>;

impl ShuffleExperiment {
    /// The four trainings in the order in which they are made: network, and whether pixels are shuffled.
    pub const TRAININGS: [(Learner, bool); 4] = [
        (Learner::Dense, false),
        (Learner::Dense, true),
        (Learner::Convolutional, false),
        (Learner::Convolutional, true),
    ];

    /// Makes the experiment; `None` if it was cancelled.
    ///
    /// # Errors
    /// If there is no example to train on or to measure on.
    pub fn run(&self, exec: Execution) -> Result<Option<[Learned; 4]>, ShapeError> {
        if self.examples == 0 || self.batch == 0 || self.held_out == 0 {
            return Err(ShapeError(
                "experiment: expected examples to train on and examples held out, got none; use at least one of each"
                    .into(),
            ));
        }
        let mut progress = Progress { done: 0, all: 6 * self.parts() };
        let mut learned = Vec::new();
        for is_shuffled in [false, true] {
            let Some((train, held_out)) = self.examples(is_shuffled, &mut progress, exec) else {
                return Ok(None);
            };
            for learner in [Learner::Dense, Learner::Convolutional] {
                let network = learner.network()?;
                let trained = self.train(&network, &train, &mut progress, exec)?;
                let Some((losses, params)) = trained else { return Ok(None) };
                let Some(report) = measure(&network, &params, &held_out, &mut progress, exec) else {
                    return Ok(None);
                };
                learned.push(Learned { learner, is_shuffled, losses, accuracy: report.accuracy() });
            }
        }
        learned.sort_by_key(|one| (one.learner == Learner::Convolutional, one.is_shuffled));
        Ok(learned.try_into().ok())
    }

    /// Training steps of one training.
    pub fn steps(&self) -> u64 {
        self.examples.div_ceil(self.batch.max(1))
    }

    fn checks(&self) -> u64 {
        self.held_out.div_ceil(CHECKED)
    }

    fn parts(&self) -> u64 {
        self.steps() + self.checks()
    }

    /// The examples to train on, and those held out, which come after them.
    fn examples(
        &self,
        is_shuffled: bool,
        progress: &mut Progress,
        exec: Execution,
    ) -> Option<(Batches, Batches)> {
        let mut batches = |from: u64, count: u64, size: u64| -> Option<Batches> {
            let starts = (0..count.div_ceil(size)).map(|batch| from + batch * size);
            let made = starts.map(|start| {
                let end = (start + size).min(from + count);
                let examples: Vec<_> =
                    (start..end).map(|index| Generated::Digits.sample(self.seed, index)).collect();
                let batch = stack(&examples, |pixels| self.input(pixels, is_shuffled), TARGETS)?;
                progress.step(exec).then_some(batch)
            });
            made.collect()
        };
        Some((batches(0, self.examples, self.batch)?, batches(self.examples, self.held_out, CHECKED)?))
    }

    /// The input for a picture: about mean 0 and deviation 1.
    fn input(&self, pixels: &Tensor, is_shuffled: bool) -> Tensor {
        let x = pixels.mapv(|pixel| (pixel / 255.0 - 0.13) / 0.31);
        if is_shuffled { shuffle_pixels(&x, self.seed) } else { x }
    }

    /// The losses and the weights after the last step; `None` if cancelled.
    fn train(
        &self,
        network: &Network,
        batches: &Batches,
        progress: &mut Progress,
        exec: Execution,
    ) -> Result<Option<(Vec<f64>, Params)>, ShapeError> {
        let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 };
        let optimizer = Optimizer { rule, learning_rate: RATE, weight_decay: 0.0 };
        let params = network.init(Init::He, self.seed);
        let mut trainer = Trainer::new(network.clone(), params, optimizer, self.seed)?;
        let mut losses = Vec::with_capacity(batches.len());
        for (x, target) in batches {
            losses.push(trainer.step_on(exec.workers, x, target)?.loss);
            if !progress.step(exec) {
                return Ok(None);
            }
        }
        Ok(Some((losses, trainer.into_params())))
    }
}

/// Digits.
const TARGETS: Targets = Targets { loss: Loss::CrossEntropy, output: [10, 1, 1] };
/// The learning rate of all four.
const RATE: f64 = 0.002;
/// Examples that are measured at once.
const CHECKED: u64 = 100;

/// The parts of the work that are done.
struct Progress {
    done: u64,
    all: u64,
}

impl Progress {
    /// One more is done; `false` if the work is cancelled.
    fn step(&mut self, exec: Execution) -> bool {
        self.done += 1;
        exec.report(self.done, self.all)
    }
}

/// Loss and accuracy on examples held out; `None` if cancelled.
fn measure(
    network: &Network,
    params: &Params,
    held_out: &Batches,
    progress: &mut Progress,
    exec: Execution,
) -> Option<Report> {
    let mut all = Report::default();
    for (x, target) in held_out {
        let quiet = Execution { on_progress: &|_| true, ..exec };
        all = all.and(evaluate_with(network, params, x, target, quiet)?);
        if !progress.step(exec) {
            return None;
        }
    }
    Some(all)
}

impl Learner {
    /// The network, for pictures of 28 x 28.
    ///
    /// # Errors
    /// Only if the rules for networks change.
    pub fn network(self) -> Result<Network, ShapeError> {
        let dense = |name, out_features| (name, Kind::Dense(DenseSpec { out_features, bias: true }));
        let pool = MaxPoolSpec {
            kernel: Pair::square(2),
            stride: None,
            padding: Pair::square(0),
            ..MaxPoolSpec::new(1)
        };
        let layers = match self {
            Self::Dense => {
                vec![("flatten", Kind::Flatten), dense("fc1", 64), ("relu1", Kind::RELU), dense("fc2", 10)]
            }
            Self::Convolutional => vec![
                ("conv1", Kind::Conv2d(ConvSpec::new(8, 5))),
                ("relu1", Kind::RELU),
                ("pool1", Kind::MaxPool2d(pool.clone())),
                ("conv2", Kind::Conv2d(ConvSpec::new(16, 5))),
                ("relu2", Kind::RELU),
                ("pool2", Kind::MaxPool2d(pool)),
                ("flatten", Kind::Flatten),
                dense("fc", 10),
            ],
        };
        let layers = layers.into_iter().map(|(name, kind)| LayerSpec::new(name, kind)).collect();
        Network::build([1, 28, 28], layers, Loss::CrossEntropy)
    }
}
