//! Training steps: forward, loss, backward, update.

use super::Report;
use crate::nn::{
    Alone, Network, Params, Workers,
    dropout::Stream,
    engine::{Engine, LayerNorms},
    kernels::Isa,
    optimizer::{Moments, Optimizer},
};
use crate::tensor::{Shape, ShapeError, Tensor, shape_of};
use std::sync::OnceLock;

/// A network in training.
#[derive(Debug)]
pub struct Trainer {
    network: Network,
    /// Parameters and moments; empty while only the engine has them, and copied out of it on demand.
    held: OnceLock<(Params, Moments)>,
    seed: u64,
    /// The optimizer of the next step; its rate may change from step to step.
    pub optimizer: Optimizer,
    /// The engine that makes the steps; created by the first one.
    engine: Option<Box<Engine>>,
    /// Whether the steps measure [`Self::norms`].
    pub measure: bool,
    norms: Vec<LayerNorms>,
}

impl Clone for Trainer {
    fn clone(&self) -> Self {
        let (held, norms) = (OnceLock::from(self.held().clone()), self.norms.clone());
        Self { network: self.network.clone(), held, norms, engine: None, ..*self }
    }
}

/// Compares the numbers of both trainers; the engine holds the same numbers again, and measurements don't count.
impl PartialEq for Trainer {
    fn eq(&self, other: &Self) -> bool {
        let Self { network, held: _, seed, optimizer, engine: _, measure: _, norms: _ } = self;
        (network, self.held(), seed, optimizer)
            == (&other.network, other.held(), &other.seed, &other.optimizer)
    }
}

impl Trainer {
    /// A trainer before its first step. `seed` determines dropout's masks.
    ///
    /// # Errors
    /// If the parameters don't have the network's shapes.
    pub fn new(
        network: Network,
        params: Params,
        optimizer: Optimizer,
        seed: u64,
    ) -> Result<Self, ShapeError> {
        let expected: Vec<Vec<_>> = network.layers.iter().map(|layer| layer.parameters()).collect();
        let fits = params.0.len() == expected.len()
            && params.0.iter().zip(&expected).all(|(parts, expected)| {
                expected.iter().all(|(part, shape)| parts.get(*part).map(shape_of) == Some(*shape))
            });
        if !fits {
            return Err(ShapeError(
                "trainer: expected parameters of the network's shapes, got others; initialise or load them for this network"
                    .into(),
            ));
        }
        Ok(Self {
            network,
            held: OnceLock::from((params, Moments::default())),
            seed,
            optimizer,
            engine: None,
            measure: false,
            norms: Vec::new(),
        })
    }

    /// Calls [`Self::step_on`] on the caller's own thread.
    ///
    /// # Errors
    /// As for [`Self::step_on`].
    pub fn step(&mut self, x: &Tensor, target: &Tensor) -> Result<Report, ShapeError> {
        self.step_on(&Alone, x, target)
    }

    /// Makes one step on a batch. x: (N, C, H, W), target: (N, C', H', W') of the output. The report is that of the
    /// network before the update; the numbers don't depend on `workers`. After the first step with a given number
    /// of workers and images, further steps allocate nothing.
    ///
    /// # Errors
    /// If a shape does not fit; the trainer is unchanged then.
    pub fn step_on(
        &mut self,
        workers: &dyn Workers,
        x: &Tensor,
        target: &Tensor,
    ) -> Result<Report, ShapeError> {
        let Shape([images, input @ ..]) = shape_of(x);
        let Shape([targets, output @ ..]) = shape_of(target);
        if images == 0 || input != self.network.input {
            return Err(ShapeError(format!(
                "trainer: expected a batch of inputs {:?}, got {images} of {input:?}; fit the pictures to the network",
                self.network.input
            )));
        }
        if targets != images || output != self.network.output() {
            return Err(ShapeError(format!(
                "trainer: expected {images} targets {:?}, got {targets} of {output:?}; supply one target per input",
                self.network.output()
            )));
        }
        let stream = Stream { seed: self.seed, step: self.steps() };
        let (x, target) = (x.as_standard_layout(), target.as_standard_layout());
        let engine = match &mut self.engine {
            Some(engine) if engine.suits(workers, images) => engine,
            _ => {
                let (params, moments) = self.held();
                let mut engine = Engine::new(&self.network, params, images, Isa::best(), workers);
                engine.load(params, moments);
                self.engine.insert(Box::new(engine))
            }
        };
        let (x, cells) = (x.as_slice().unwrap_or_default(), target.as_slice().unwrap_or_default());
        let norms = self.measure.then_some(&mut self.norms);
        engine.step(workers, &self.optimizer, x, cells, stream, norms);
        self.held.take();
        Ok(Report::from_batch(self.network.loss, images, engine.outputs(), engine.losses(), cells))
    }

    /// Parameters and moments, copied out of the engine if it has made steps since.
    fn held(&self) -> &(Params, Moments) {
        self.held.get_or_init(|| self.engine.as_ref().map(|engine| engine.numbers()).unwrap_or_default())
    }

    /// A trainer that continues a run with these moments.
    ///
    /// # Errors
    /// As for [`Self::new`].
    pub fn resume(
        network: Network,
        params: Params,
        moments: Moments,
        optimizer: Optimizer,
        seed: u64,
    ) -> Result<Self, ShapeError> {
        let mut trainer = Self::new(network, params, optimizer, seed)?;
        if let Some((_, before)) = trainer.held.get_mut() {
            *before = moments;
        }
        Ok(trainer)
    }

    /// The norms of each layer's gradient, parameters and update in the last step; empty if [`Self::measure`] was
    /// not set.
    pub fn norms(&self) -> &[LayerNorms] {
        &self.norms
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The parameters after the last step; copied out of the engine on demand.
    pub fn params(&self) -> &Params {
        &self.held().0
    }

    /// The optimizer's moments after the last step.
    pub fn moments(&self) -> &Moments {
        &self.held().1
    }

    /// The number of steps done.
    pub fn steps(&self) -> u64 {
        match &self.engine {
            Some(engine) => engine.steps(),
            None => self.held().1.steps,
        }
    }

    /// The parameters, dropping the rest.
    pub fn into_params(mut self) -> Params {
        self.held();
        self.held.take().unwrap_or_default().0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Augment, Dataset, Generated};
    use crate::nn::{
        Activation, Mode, Part, Parts, Values,
        engine::norm,
        init::Init,
        loss::Loss,
        optimizer::{Rule, TRAINED},
        spec::{BatchNormSpec, ConvSpec, DenseSpec, DropoutSpec, Kind, LayerSpec, MaxPoolSpec, Pair},
    };
    use crate::train::{BatchSchedule, evaluate, stack};

    /// [`LayerNorms`] of a step of the plain definition.
    fn norms(before: &Params, after: &Params, values: &Values) -> Vec<LayerNorms> {
        let images = values.input.dim().0 as f64;
        let of_layer = |((before, after), values): ((&Parts, &Parts), &Parts)| {
            let flat = |parts: &Parts, part: Part| -> Vec<f32> {
                parts.get(part).into_iter().flatten().copied().collect()
            };
            let changes = |part: Part| -> Vec<f32> {
                flat(after, part)
                    .iter()
                    .zip(flat(before, part))
                    .map(|(after, before)| after - before)
                    .collect()
            };
            let [w, b] = TRAINED;
            LayerNorms {
                gradient: norm([&flat(values, w.grad), &flat(values, b.grad)]) / images,
                weight: norm([&flat(before, w.param), &flat(before, b.param)]),
                update: norm([&changes(w.param), &changes(b.param)]),
            }
        };
        before.0.iter().zip(&after.0).zip(&values.layers).map(of_layer).collect()
    }

    fn network() -> Network {
        let pool = MaxPoolSpec {
            kernel: Pair::square(4),
            stride: None,
            padding: Pair::square(0),
            ..MaxPoolSpec::new(1)
        };
        let layers = [
            ("conv1", Kind::Conv2d(ConvSpec { stride: Pair::square(2), ..ConvSpec::new(4, 5) })),
            ("bn1", Kind::BatchNorm2d(BatchNormSpec::default())),
            ("relu1", Kind::RELU),
            ("pool1", Kind::MaxPool2d(pool)),
            ("drop", Kind::Dropout(DropoutSpec { p: 0.1 })),
            ("fc", Kind::Dense(DenseSpec { out_features: 10, bias: true })),
        ];
        let layers = layers.map(|(name, kind)| LayerSpec::new(name, kind));
        Network::build([1, 28, 28], layers.into(), Loss::CrossEntropy).expect("fits")
    }

    const TARGETS: crate::nn::loss::Targets =
        crate::nn::loss::Targets { loss: Loss::CrossEntropy, output: [10, 1, 1] };

    fn digits(seed: u64, epoch_len: u64, batch_len: u64) -> BatchSchedule {
        let data = Dataset::generated(Generated::Digits, seed);
        BatchSchedule { data, seed, epoch_len, batch_len, augment: Augment::default() }
    }

    fn batch(schedule: &BatchSchedule, number: u64) -> (Tensor, Tensor) {
        stack(&schedule.batch(0, number).expect("reads"), |pixels| pixels / 255.0, TARGETS).expect("fits")
    }

    fn trained(seed: u64, steps: u64) -> (Trainer, Vec<Report>) {
        let schedule = digits(seed, 1 << 20, 20);
        let network = network();
        let rule = Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 };
        let optimizer = Optimizer { rule, learning_rate: 0.01, weight_decay: 0.0 };
        let params = network.init(Init::He, seed);
        let mut trainer = Trainer::new(network, params, optimizer, seed).expect("fits");
        let reports = (0..steps).map(|step| {
            let (x, target) = batch(&schedule, step);
            trainer.step(&x, &target).expect("fits")
        });
        let reports = reports.collect();
        (trainer, reports)
    }

    #[test]
    fn a_run_is_a_function_of_its_seed() {
        let (first, reports) = trained(5, 3);
        assert_eq!(trained(5, 3), (first.clone(), reports));
        assert_ne!(trained(6, 3).0.params(), first.params());
        assert_eq!(first.steps(), 3);
    }

    #[test]
    fn norms_are_those_of_gradient_weight_and_change() {
        let layers = [
            ("conv1", Kind::Conv2d(ConvSpec { stride: Pair::square(2), ..ConvSpec::new(4, 5) })),
            ("tanh1", Kind::Activation(Activation::Tanh)),
            ("fc", Kind::Dense(DenseSpec { out_features: 10, bias: true })),
        ];
        let layers = layers.map(|(name, kind)| LayerSpec::new(name, kind));
        let network = Network::build([1, 28, 28], layers.into(), Loss::CrossEntropy).expect("fits");
        let params = network.init(Init::He, 4);
        let rule = Rule::Nesterov { momentum: 0.9 };
        let optimizer = Optimizer { rule, learning_rate: 0.01, weight_decay: 0.1 };
        let mut trainer = Trainer::new(network.clone(), params.clone(), optimizer, 0).expect("fits");
        let schedule = digits(1, 100, 10);
        let (x, target) = batch(&schedule, 0);
        trainer.step(&x, &target).expect("fits");
        assert!(trainer.norms().is_empty(), "not measured");
        let before = trainer.params().clone();
        trainer.measure = true;
        trainer.step(&x, &target).expect("fits");
        let values = network.run(&before, &x, &target, Mode::Train, Stream::default());
        let expected = norms(&before, trainer.params(), &values);
        assert_eq!(trainer.norms().len(), 3);
        for (got, expected) in trainer.norms().iter().zip(&expected) {
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-4 * b;
            assert!(near(got.gradient, expected.gradient) && near(got.weight, expected.weight));
            assert!(near(got.update, expected.update), "{got:?} {expected:?}");
        }
        assert!(expected[0].gradient > 0.0 && expected[0].update > 0.0);
        assert_eq!(trainer.norms()[1], LayerNorms::default());
    }

    #[test]
    fn it_learns() {
        let (trainer, reports) = trained(1, 60);
        let mean =
            |reports: &[Report]| reports.iter().map(|report| report.loss).sum::<f64>() / reports.len() as f64;
        let (before, after) = (mean(&reports[..5]), mean(&reports[55..]));
        assert!(after < before * 0.7, "loss {before} -> {after}");
        let schedule = digits(77, 100, 100);
        let (x, target) = batch(&schedule, 0);
        let report = evaluate(trainer.network(), trainer.params(), &x, &target);
        assert!(report.accuracy() > 0.4, "{report:?}");
    }

    #[test]
    fn shapes_that_do_not_fit_change_nothing() {
        let (mut trainer, _) = trained(1, 1);
        let before = trainer.clone();
        let (x, target) = (Tensor::zeros((2, 1, 28, 28)), Tensor::zeros((2, 10, 1, 1)));
        assert!(trainer.step(&Tensor::zeros((2, 1, 28, 27)), &target).is_err());
        assert!(trainer.step(&Tensor::zeros((0, 1, 28, 28)), &Tensor::zeros((0, 10, 1, 1))).is_err());
        let error = trainer.step(&x, &Tensor::zeros((1, 10, 1, 1))).expect_err("one target for two").0;
        assert!(error.contains("expected 2 targets [10, 1, 1], got 1"), "{error}");
        assert_eq!(trainer, before);
        assert!(Trainer::new(network(), Params::default(), Optimizer::default(), 0).is_err());
    }
}
