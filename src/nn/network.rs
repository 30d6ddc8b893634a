//! A network: layers whose sizes fit, its parameters, and one run of it forward and backward.

use super::{
    Real, Window,
    activation::{self, Gate},
    batchnorm::{self, BatchNorm2d},
    conv::{self, Conv2d},
    dense::{self, Dense},
    dropout::{self, Stream},
    engine::{Alone, Workers},
    init::{self, Init},
    loss::{self, Loss},
    pool::{self, Pool2d},
    softmax,
    spec::{ConvSpec, Kind, LayerSpec, Pair},
};
use crate::tensor::{Shape, ShapeError, Tensor};
use serde::{Deserialize, Serialize};

/// Whether batch statistics and dropout are in use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Mode {
    /// Running statistics; dropout passes through.
    #[default]
    Eval,
    /// Batch statistics; dropout drops.
    Train,
}

/// A layer's operation, with sizes that fit its input.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Op {
    /// Convolution.
    Conv2d(Conv2d),
    /// Max pooling.
    MaxPool2d(Pool2d),
    /// Average pooling, global too.
    AvgPool2d(Pool2d),
    /// max(0, x).
    Relu,
    /// ReLU with a slope on the negative side.
    LeakyRelu {
        /// The slope.
        slope: f64,
    },
    /// Hyperbolic tangent.
    Tanh,
    /// Logistic function.
    Sigmoid,
    /// A volume read as a vector.
    Flatten,
    /// Fully connected.
    Dense(Dense),
    /// Batch normalisation.
    BatchNorm2d(BatchNorm2d),
    /// Dropout.
    Dropout {
        /// Probability that a cell is dropped.
        p: f64,
    },
    /// Softmax over the channels.
    Softmax,
}

/// Who works on a run, and who is told how far it has come.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Cells are shared out among them; who makes a cell does not show in it.
    pub workers: &'a dyn Workers,
    /// Takes the part that is done, from 0 to 1; answers whether to go on.
    pub told: &'a dyn Fn(f32) -> bool,
}

impl Watch<'static> {
    /// On the caller's own thread; nobody is told.
    pub const NONE: Self = Self { workers: &Alone, told: &|_| true };
}

impl Watch<'_> {
    /// Tells that so many of all multiply-adds are done.
    fn tell(&self, done: u64, all: u64) -> bool {
        (self.told)(done as f32 / all.max(1) as f32)
    }
}

/// A layer of a network.
#[derive(Clone, PartialEq, Debug)]
pub struct Layer {
    /// As the user wrote it.
    pub spec: LayerSpec,
    /// The operation.
    pub op: Op,
    /// Input extents [C, H, W].
    pub input: [usize; 3],
    /// Output extents [C, H, W].
    pub output: [usize; 3],
}

impl Layer {
    /// A layer on an input of these extents [C, H, W].
    ///
    /// # Errors
    /// Names the layer, the formula and its numbers.
    pub fn new(spec: LayerSpec, input: [usize; 3]) -> Result<Self, ShapeError> {
        let layer = build_layer(spec, input)?;
        check_cells(layer.name(), layer.output)?;
        for (part, shape) in layer.parameters() {
            check_cells(&format!("{}.{}", layer.name(), part.suffix()), shape.0)?;
        }
        Ok(layer)
    }

    /// The layer's name.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The name of its tensors in a weight file.
    pub fn file_name(&self) -> &str {
        self.spec.weights.as_deref().unwrap_or(&self.spec.name)
    }

    /// Its parameters and their shapes, in file order.
    pub fn parameters(&self) -> Vec<(Part, Shape)> {
        let vector = |len| Shape::new(1, len, 1, 1);
        match &self.op {
            Op::Conv2d(conv) => {
                let mut parts = vec![(Part::Weight, Shape(conv.weight_shape()))];
                parts.extend(conv.bias.then(|| (Part::Bias, vector(conv.out_channels))));
                parts
            }
            Op::Dense(dense) => {
                let mut parts = vec![(Part::Weight, Shape::new(dense.out_features, dense.in_features, 1, 1))];
                parts.extend(dense.bias.then(|| (Part::Bias, vector(dense.out_features))));
                parts
            }
            Op::BatchNorm2d(bn) => [Part::Weight, Part::Bias, Part::RunningMean, Part::RunningVar]
                .map(|part| (part, vector(bn.channels)))
                .into(),
            Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Relu
            | Op::LeakyRelu { .. }
            | Op::Tanh
            | Op::Sigmoid
            | Op::Flatten
            | Op::Dropout { .. }
            | Op::Softmax => Vec::new(),
        }
    }

    /// Terms of one image's output, forward: multiply-adds of a convolution or dense layer.
    pub fn terms(&self) -> u64 {
        let terms = match &self.op {
            Op::Conv2d(conv) => conv.filter_pixels(),
            Op::Dense(dense) => dense.in_features,
            Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => pool.window.taps(),
            Op::Relu
            | Op::LeakyRelu { .. }
            | Op::Tanh
            | Op::Sigmoid
            | Op::Flatten
            | Op::BatchNorm2d(_)
            | Op::Dropout { .. }
            | Op::Softmax => 1,
        };
        self.output.iter().product::<usize>() as u64 * terms as u64
    }

    /// The workers, or the caller alone where so few images are not worth waking others for.
    fn worth<'a>(&self, images: usize, workers: &'a dyn Workers) -> &'a dyn Workers {
        const WORTH: u64 = 1 << 21;
        if self.terms() * images as u64 >= WORTH { workers } else { &Alone }
    }

    /// The sliding window, for the layers that have one.
    pub fn window(&self) -> Option<&Window> {
        match &self.op {
            Op::Conv2d(conv) => Some(&conv.window),
            Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => Some(&pool.window),
            Op::Relu
            | Op::LeakyRelu { .. }
            | Op::Tanh
            | Op::Sigmoid
            | Op::Flatten
            | Op::Dense(_)
            | Op::BatchNorm2d(_)
            | Op::Dropout { .. }
            | Op::Softmax => None,
        }
    }
}

/// Which of a layer's tensors, or of the loss's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Part {
    /// Forward: the output.
    Out,
    /// Forward, max pooling: p * W + q of each window's first maximum. Not a stage of its own: it
    /// falls out of the comparisons that make the output.
    Winner,
    /// Forward, softmax: the maximum.
    Max,
    /// Forward, softmax: x - max.
    Shift,
    /// Forward, softmax: exp(shift).
    Exp,
    /// Forward, softmax: the sum of exp.
    Sum,
    /// Forward, cross-entropy: exp / sum.
    Prob,
    /// Forward, batch normalisation: the batch's mean.
    Mean,
    /// Forward, batch normalisation: the batch's biased variance.
    Var,
    /// Forward, batch normalisation: 1 / sqrt(var + eps).
    InvStd,
    /// Forward, batch normalisation: (x - mean) * inv_std.
    Xhat,
    /// Forward, dropout: the mask.
    Mask,
    /// Backward: the gradient of a sum before its division.
    Ds,
    /// Backward, softmax: the sum of dy * y.
    Dot,
    /// Backward: the gradient of the weight, summed over the batch.
    Dw,
    /// Backward: the gradient of the bias, summed over the batch.
    Db,
    /// Backward: the gradient of the input.
    Dx,
    /// Update: the weight's gradient averaged over the batch.
    DwMean,
    /// Update: the bias's gradient averaged over the batch.
    DbMean,
    /// Update: the weight's gradient with weight decay.
    DwDecayed,
    /// Update: the bias's gradient with weight decay.
    DbDecayed,
    /// Update: the weight's first moment, or velocity.
    WeightM,
    /// Update: the bias's first moment, or velocity.
    BiasM,
    /// Update: the weight's second moment.
    WeightV,
    /// Update: the bias's second moment.
    BiasV,
    /// Update: what the learning rate multiplies.
    WeightStep,
    /// Update: what the learning rate multiplies.
    BiasStep,
    /// The weight; gamma of a batch normalisation.
    Weight,
    /// The bias; beta of a batch normalisation.
    Bias,
    /// Batch normalisation: the running mean.
    RunningMean,
    /// Batch normalisation: the running variance.
    RunningVar,
    /// The target of the loss, one-hot for a class.
    Target,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 32] = [
        Self::Out,
        Self::Winner,
        Self::Max,
        Self::Shift,
        Self::Exp,
        Self::Sum,
        Self::Prob,
        Self::Mean,
        Self::Var,
        Self::InvStd,
        Self::Xhat,
        Self::Mask,
        Self::Ds,
        Self::Dot,
        Self::Dw,
        Self::Db,
        Self::Dx,
        Self::DwMean,
        Self::DbMean,
        Self::DwDecayed,
        Self::DbDecayed,
        Self::WeightM,
        Self::BiasM,
        Self::WeightV,
        Self::BiasV,
        Self::WeightStep,
        Self::BiasStep,
        Self::Weight,
        Self::Bias,
        Self::RunningMean,
        Self::RunningVar,
        Self::Target,
    ];

    /// What follows the layer's name in a stage's name: `conv1.dW`; empty for the output.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Out => "",
            Self::Winner => "winner",
            Self::Max => "max",
            Self::Shift => "shift",
            Self::Exp => "exp",
            Self::Sum => "sum",
            Self::Prob => "prob",
            Self::Mean => "mean",
            Self::Var => "var",
            Self::InvStd => "inv_std",
            Self::Xhat => "xhat",
            Self::Mask => "mask",
            Self::Ds => "dS",
            Self::Dot => "dot",
            Self::Dw => "dW",
            Self::Db => "db",
            Self::Dx => "dX",
            Self::DwMean => "dW.mean",
            Self::DbMean => "db.mean",
            Self::DwDecayed => "dW.decayed",
            Self::DbDecayed => "db.decayed",
            Self::WeightM => "weight.m",
            Self::BiasM => "bias.m",
            Self::WeightV => "weight.v",
            Self::BiasV => "bias.v",
            Self::WeightStep => "weight.step",
            Self::BiasStep => "bias.step",
            Self::Weight => "weight",
            Self::Bias => "bias",
            Self::RunningMean => "running_mean",
            Self::RunningVar => "running_var",
            Self::Target => "target",
        }
    }
}

/// The tensors of one layer, or of the loss, by part.
#[derive(Clone, PartialEq, Debug)]
pub struct Parts<T = f32>(Vec<(Part, Tensor<T>)>);

impl<T> Default for Parts<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Parts<T> {
    /// The tensor of a part, where there is one.
    pub fn get(&self, part: Part) -> Option<&Tensor<T>> {
        self.0.iter().find(|(p, _)| *p == part).map(|(_, tensor)| tensor)
    }

    /// The same, to change.
    pub fn get_mut(&mut self, part: Part) -> Option<&mut Tensor<T>> {
        self.0.iter_mut().find(|(p, _)| *p == part).map(|(_, tensor)| tensor)
    }

    /// Takes a tensor out.
    pub fn take(&mut self, part: Part) -> Option<Tensor<T>> {
        let at = self.0.iter().position(|(p, _)| *p == part)?;
        Some(self.0.remove(at).1)
    }

    /// Puts a tensor in place.
    pub fn set(&mut self, part: Part, tensor: Tensor<T>) {
        match self.get_mut(part) {
            Some(old) => *old = tensor,
            None => self.0.push((part, tensor)),
        }
    }

    /// Puts those that are there in place.
    fn set_some<const N: usize>(&mut self, parts: [(Part, Option<Tensor<T>>); N]) {
        for (part, tensor) in parts {
            if let Some(tensor) = tensor {
                self.set(part, tensor);
            }
        }
    }

    /// All parts in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = (Part, &Tensor<T>)> {
        self.0.iter().map(|(part, tensor)| (*part, tensor))
    }

    /// The bytes of their numbers.
    pub fn bytes(&self) -> usize {
        self.iter().map(|(_, tensor)| tensor.len() * size_of::<T>()).sum()
    }

    /// A part that this layer always has.
    ///
    /// # Panics
    /// Where it has not: a mistake in this program, never of its input.
    #[track_caller]
    pub fn at(&self, part: Part) -> &Tensor<T> {
        match self.get(part) {
            Some(tensor) => tensor,
            None => panic!("a layer without its {part:?}"),
        }
    }
}

/// The parameters of a network: per layer weight, bias, running statistics.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Params<T = f32>(pub Vec<Parts<T>>);

impl<T> Params<T> {
    /// The bytes of their numbers.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(Parts::bytes).sum()
    }
}

/// Everything that one run over a batch computed.
#[derive(Clone, PartialEq, Debug)]
pub struct Values<T = f32> {
    /// (N, C, H, W).
    pub input: Tensor<T>,
    /// Per layer: what it made forward and backward, the gradients of its parameters among it.
    pub layers: Vec<Parts<T>>,
    /// What the loss made; [`Part::Out`] is (N, 1, 1, 1), the loss of each image, [`Part::Dx`] the
    /// gradient of the last layer's output.
    pub loss: Parts<T>,
}

impl<T: Real> Values<T> {
    /// The last layer's output, (N, C, H, W).
    pub fn output(&self) -> &Tensor<T> {
        self.layers.last().map_or(&self.input, |layer| layer.at(Part::Out))
    }

    /// The gradient of the loss by layer `l`'s output: the next layer's input gradient.
    pub fn output_gradient(&self, l: usize) -> Option<&Tensor<T>> {
        self.layers.get(l + 1).unwrap_or(&self.loss).get(Part::Dx)
    }

    /// The mean loss of the batch: the sum over its images, divided by their number.
    pub fn mean_loss(&self) -> T {
        let loss = self.loss.at(Part::Out);
        loss.iter().fold(T::zero(), |sum, &x| sum + x) / T::of(loss.len() as f64)
    }
}

/// A network whose layers fit one another.
#[derive(Clone, PartialEq, Debug)]
pub struct Network {
    /// Input extents [C, H, W].
    pub input: [usize; 3],
    /// The layers in forward order.
    pub layers: Vec<Layer>,
    /// The loss.
    pub loss: Loss,
}

/// A network that is being written: the layers up to the first that does not fit.
#[derive(Clone, PartialEq, Debug)]
pub struct Outline {
    /// The layers that fit, first layer first.
    pub layers: Vec<Layer>,
    /// What stopped it; `None` where every layer fits.
    pub misfit: Option<Misfit>,
}

/// What keeps a network from being built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misfit {
    /// The layer; `None` where it is the input, or that there is no layer.
    pub layer: Option<usize>,
    /// The layer, the formula and its numbers in one line.
    pub error: ShapeError,
}

impl Outline {
    /// Checks size after size, first layer first, and stops at the first that does not fit.
    ///
    /// ```
    /// use convstep::nn::{network::Outline, spec::{ConvSpec, Kind, LayerSpec}};
    ///
    /// let conv = |name: &str, kernel| LayerSpec::new(name, Kind::Conv2d(ConvSpec::new(8, kernel)));
    /// let outline = Outline::of([1, 9, 9], vec![conv("a", 3), conv("b", 20), conv("c", 3)]);
    /// assert_eq!(outline.layers.len(), 1);
    /// assert_eq!(outline.misfit.map(|misfit| misfit.layer), Some(Some(1)));
    /// ```
    pub fn of(input: [usize; 3], specs: Vec<LayerSpec>) -> Self {
        let mut layers: Vec<Layer> = Vec::with_capacity(specs.len());
        let misfit = match check_input(input, &specs) {
            Err(error) => Some(Misfit { layer: None, error }),
            Ok(()) => {
                let failed = specs.into_iter().try_for_each(|spec| {
                    let shape = layers.last().map_or(input, |layer| layer.output);
                    check_name(&spec.name, &layers)?;
                    layers.push(Layer::new(spec, shape)?);
                    Ok(())
                });
                failed.err().map(|error| Misfit { layer: Some(layers.len()), error })
            }
        };
        Self { layers, misfit }
    }
}

/// The most cells that one tensor may have; an address counts them in 32 bits.
pub const MAX_CELLS: usize = 1 << 31;

/// The most positions that a channel may have before a max pool: f32 holds every whole number so far.
const MAX_POOL_PLANE: usize = 1 << 24;

impl Network {
    /// Checks every size, first layer first.
    ///
    /// # Errors
    /// Names the layer, the formula and its numbers.
    pub fn build(input: [usize; 3], specs: Vec<LayerSpec>, loss: Loss) -> Result<Self, ShapeError> {
        let outline = Outline::of(input, specs);
        match outline.misfit {
            None => Ok(Self { input, layers: outline.layers, loss }),
            Some(misfit) => Err(misfit.error),
        }
    }

    /// Output extents [C, H, W].
    pub fn output(&self) -> [usize; 3] {
        self.layers.last().map_or(self.input, |layer| layer.output)
    }

    /// The number of output features, which is the number of classes of a classifier.
    pub fn classes(&self) -> usize {
        self.output().iter().product()
    }

    /// The number of trained and running parameters.
    pub fn parameter_count(&self) -> usize {
        self.layers.iter().map(Layer::parameter_count).sum()
    }

    /// Whether, in training, the images of a batch depend on one another.
    pub fn couples_images(&self, mode: Mode) -> bool {
        mode == Mode::Train && self.layers.iter().any(|layer| matches!(layer.op, Op::BatchNorm2d(_)))
    }

    /// Initial parameters: weights by `init`, biases 0; batch normalisation starts as the identity.
    pub fn init<T: Real>(&self, init: Init, seed: u64) -> Params<T> {
        let layers = self.layers.iter().enumerate().map(|(l, layer)| {
            let mut rng = init::rng(seed, l);
            let is_norm = matches!(layer.op, Op::BatchNorm2d(_));
            let mut parts = Parts::default();
            for (part, shape) in layer.parameters() {
                parts.set(
                    part,
                    match part {
                        Part::Weight if is_norm => Tensor::ones(shape.0),
                        Part::RunningVar => Tensor::ones(shape.0),
                        Part::Weight => init::weight(init, shape.0, &mut rng),
                        _ => Tensor::zeros(shape.0),
                    },
                );
            }
            parts
        });
        Params(layers.collect())
    }

    /// One line per layer that leaves rows or columns of its input unread.
    pub fn unseen(&self) -> Vec<Unseen> {
        let unseen = self.layers.iter().enumerate().filter_map(|(layer, l)| {
            let window = l.window()?;
            let unseen = Unseen { layer, rows: window.rows.unseen(), cols: window.cols.unseen() };
            (!unseen.rows.is_empty() || !unseen.cols.is_empty()).then_some(unseen)
        });
        unseen.collect()
    }

    /// Terms of one image forward: multiply-adds of convolutions and dense layers, nearly all.
    pub fn terms(&self) -> u64 {
        self.layers.iter().map(Layer::terms).sum()
    }

    /// Forward over a batch x: (N, C, H, W); `values.loss` stays empty.
    pub fn forward<T: Real>(
        &self,
        params: &Params<T>,
        x: &Tensor<T>,
        mode: Mode,
        stream: Stream,
    ) -> Values<T> {
        self.forward_as_far(params, x, mode, stream, Watch::NONE).0
    }

    /// The same, shared out among workers; `None` where it was told to stop.
    pub fn forward_watched<T: Real>(
        &self,
        params: &Params<T>,
        x: &Tensor<T>,
        mode: Mode,
        stream: Stream,
        watch: Watch,
    ) -> Option<Values<T>> {
        let (values, whole) = self.forward_as_far(params, x, mode, stream, watch);
        whole.then_some(values)
    }

    fn forward_as_far<T: Real>(
        &self,
        params: &Params<T>,
        x: &Tensor<T>,
        mode: Mode,
        stream: Stream,
        watch: Watch,
    ) -> (Values<T>, bool) {
        let mut values = Values { input: x.clone(), layers: Vec::new(), loss: Parts::default() };
        let (all, mut done) = (self.terms(), 0);
        for (l, layer) in self.layers.iter().enumerate() {
            if !watch.tell(done, all) {
                return (values, false);
            }
            let workers = layer.worth(x.dim().0, watch.workers);
            let made = forward_layer(layer, l, &params.0[l], values.output(), mode, stream, workers);
            values.layers.push(made);
            done += layer.terms();
        }
        (values, true)
    }

    /// What layer `l` makes forward of its input x: (N, C, H, W), with parameters that may be others than the
    /// network's own.
    pub fn forward_layer<T: Real>(
        &self,
        l: usize,
        own: &Parts<T>,
        x: &Tensor<T>,
        mode: Mode,
        stream: Stream,
    ) -> Parts<T> {
        forward_layer(&self.layers[l], l, own, x, mode, stream, &Alone)
    }

    /// Forward, loss and backward over a batch of at least one image; target: the output's shape.
    ///
    /// # Panics
    /// Where the target has another shape than the output: a mistake in this program, which would
    /// otherwise go on with some of the target's cells.
    pub fn run<T: Real>(
        &self,
        params: &Params<T>,
        x: &Tensor<T>,
        target: &Tensor<T>,
        mode: Mode,
        stream: Stream,
    ) -> Values<T> {
        let mut values = self.forward(params, x, mode, stream);
        self.add_loss(&mut values, target);
        self.add_gradients(params, &mut values, target, mode, Watch::NONE);
        values
    }

    /// The loss, after [`Self::forward`].
    ///
    /// # Panics
    /// As [`Self::run`].
    pub fn add_loss<T: Real>(&self, values: &mut Values<T>, target: &Tensor<T>) {
        assert_eq!(target.dim(), values.output().dim(), "the target has the output's shape");
        values.loss = self.loss_forward(values.output(), target);
        values.loss.set(Part::Mean, Tensor::from_elem([1; 4], values.mean_loss()));
    }

    /// Backward, after [`Self::add_loss`], shared out among workers; false where it was told to stop.
    pub fn add_gradients<T: Real>(
        &self,
        params: &Params<T>,
        values: &mut Values<T>,
        target: &Tensor<T>,
        mode: Mode,
        watch: Watch,
    ) -> bool {
        let dy = match self.loss {
            Loss::CrossEntropy => loss::cross_entropy_backward(values.loss.at(Part::Prob), target),
            Loss::Mse => loss::mse_backward(values.output(), target),
        };
        self.go_back(params, values, dy, 0, Back { mode, gate: Gate::Derivative, parameters: true }, watch)
    }

    /// Backward from any gradient dy of the output, after [`Self::forward`] in evaluation: the gradients of the
    /// inputs of layer `to` and those behind it, and none of a parameter. `gate` is the rule at each ReLU. False
    /// where it was told to stop.
    ///
    /// # Panics
    /// Where dy has another shape than the output: a mistake in this program.
    pub fn add_input_gradients<T: Real>(
        &self,
        params: &Params<T>,
        values: &mut Values<T>,
        dy: Tensor<T>,
        to: usize,
        gate: Gate,
        watch: Watch,
    ) -> bool {
        assert_eq!(dy.dim(), values.output().dim(), "the gradient has the output's shape");
        self.go_back(params, values, dy, to, Back { mode: Mode::Eval, gate, parameters: false }, watch)
    }

    fn go_back<T: Real>(
        &self,
        params: &Params<T>,
        values: &mut Values<T>,
        dy: Tensor<T>,
        to: usize,
        how: Back,
        watch: Watch,
    ) -> bool {
        values.loss.set(Part::Dx, dy);
        let (all, mut done) = (self.terms(), 0);
        for (l, layer) in self.layers.iter().enumerate().skip(to).rev() {
            if !watch.tell(done, all) {
                return false;
            }
            let workers = layer.worth(values.input.dim().0, watch.workers);
            let (before, rest) = values.layers.split_at_mut(l);
            let Some((own, after)) = rest.split_first_mut() else { continue };
            let x = before.last().map_or(&values.input, |layer| layer.at(Part::Out));
            let dy = after.first().unwrap_or(&values.loss).at(Part::Dx);
            backward_layer(layer, &params.0[l], x, dy, own, how, workers);
            done += layer.terms();
        }
        true
    }

    /// The loss of each image and what leads to it.
    pub fn loss_forward<T: Real>(&self, y: &Tensor<T>, target: &Tensor<T>) -> Parts<T> {
        let mut parts = Parts::default();
        match self.loss {
            Loss::CrossEntropy => {
                let ce = loss::cross_entropy(y, target);
                parts.set(Part::Max, ce.max);
                parts.set(Part::Shift, ce.shift);
                parts.set(Part::Exp, ce.exp);
                parts.set(Part::Sum, ce.sum);
                parts.set(Part::Prob, ce.prob);
                parts.set(Part::Out, ce.loss);
            }
            Loss::Mse => parts.set(Part::Out, loss::mse(y, target)),
        }
        parts
    }
}

/// Rows and columns of a layer's input that no window reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unseen {
    /// The layer.
    pub layer: usize,
    /// Rows, counted from 0.
    pub rows: Vec<usize>,
    /// Columns, counted from 0.
    pub cols: Vec<usize>,
}

fn check_input(input: [usize; 3], specs: &[LayerSpec]) -> Result<(), ShapeError> {
    if input.contains(&0) {
        return Err(ShapeError(format!(
            "input: expected [channels, height, width] of at least 1 each, got {input:?}; set for example \
             input = [3, 32, 32]"
        )));
    }
    if specs.is_empty() {
        return Err(ShapeError("expected at least one layer, got none; add a layer".into()));
    }
    check_cells("input", input)
}

fn check_cells(name: &str, shape: impl AsRef<[usize]>) -> Result<(), ShapeError> {
    let cells = shape.as_ref().iter().try_fold(1usize, |cells, &n| cells.checked_mul(n));
    match cells {
        Some(cells) if cells <= MAX_CELLS => Ok(()),
        _ => Err(ShapeError(format!(
            "{name}: expected at most {MAX_CELLS} cells in a tensor, got {:?}; use smaller numbers",
            shape.as_ref()
        ))),
    }
}

/// Whether a layer may have this name after those before.
///
/// # Errors
/// Where an address or a file could not tell it from another thing.
pub(crate) fn check_name(name: &str, before: &[Layer]) -> Result<(), ShapeError> {
    if name.is_empty() || name.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control()) {
        return Err(ShapeError(format!(
            "expected a layer name without spaces and slashes, got {name:?}; name it for example \"conv1\""
        )));
    }
    if ["input", "target", "loss", "start", "end"].contains(&name) {
        return Err(ShapeError(format!(
            "{name}: this name has a meaning of its own; name the layer otherwise"
        )));
    }
    if let Some(part) =
        Part::ALL.iter().find(|part| **part != Part::Out && name.ends_with(&format!(".{}", part.suffix())))
    {
        return Err(ShapeError(format!(
            "{name}: expected a layer name that does not end like a tensor's (\".{}\"); name the layer otherwise",
            part.suffix()
        )));
    }
    if before.iter().any(|layer| layer.name() == name) {
        return Err(ShapeError(format!("{name}: expected each layer name once, got it twice; rename one")));
    }
    Ok(())
}

fn build_layer(spec: LayerSpec, input: [usize; 3]) -> Result<Layer, ShapeError> {
    let [c, h, w] = input;
    let name = spec.name.as_str();
    let pool = |kernel: Pair, stride: Option<Pair>, padding: Pair, count_include_pad| {
        let window = Window::new(name, [h, w], kernel.0, stride.unwrap_or(kernel).0, padding.0, [1, 1])?;
        Pool2d::new(name, c, window, count_include_pad)
    };
    let op = match &spec.kind {
        Kind::Conv2d(ConvSpec {
            out_channels,
            kernel,
            stride,
            padding,
            dilation,
            groups,
            bias,
            normalize,
        }) => {
            let window = Window::new(name, [h, w], kernel.0, stride.0, padding.0, dilation.0)?;
            Op::Conv2d(Conv2d::new(name, c, *out_channels, *groups, window, *bias, *normalize)?)
        }
        Kind::MaxPool2d(p) => {
            // A winner's position is kept in an f32, which counts without a gap only so far.
            if h * w > MAX_POOL_PLANE {
                return Err(ShapeError(format!(
                    "{name}: expected at most {MAX_POOL_PLANE} positions in a channel, got {h} x {w}; use a \
                     smaller picture or pool by averages first"
                )));
            }
            Op::MaxPool2d(pool(p.kernel, p.stride, p.padding, true)?)
        }
        Kind::AvgPool2d(p) => Op::AvgPool2d(pool(p.kernel, p.stride, p.padding, p.count_include_pad)?),
        Kind::GlobalAvgPool2d => Op::AvgPool2d(pool(Pair([h, w]), None, Pair::square(0), true)?),
        Kind::Relu => Op::Relu,
        Kind::LeakyRelu(leaky) => {
            if !leaky.slope.is_finite() {
                return Err(ShapeError(format!(
                    "{name}: expected a finite slope, got {}; set for example slope = 0.01",
                    leaky.slope
                )));
            }
            Op::LeakyRelu { slope: leaky.slope }
        }
        Kind::Tanh => Op::Tanh,
        Kind::Sigmoid => Op::Sigmoid,
        Kind::Flatten => Op::Flatten,
        Kind::Dense(dense) => {
            if dense.out_features == 0 {
                return Err(ShapeError(format!(
                    "{name}: expected out_features of at least 1, got 0; set out_features = 1"
                )));
            }
            Op::Dense(Dense { in_features: c * h * w, out_features: dense.out_features, bias: dense.bias })
        }
        Kind::BatchNorm2d(bn) => {
            if !(bn.eps >= 0.0 && bn.eps.is_finite()) {
                return Err(ShapeError(format!(
                    "{name}: expected an eps of at least 0, got {}; set for example eps = 1e-5",
                    bn.eps
                )));
            }
            if !(0.0..=1.0).contains(&bn.momentum) {
                return Err(ShapeError(format!(
                    "{name}: expected a momentum from 0 to 1, got {}; set for example momentum = 0.1",
                    bn.momentum
                )));
            }
            Op::BatchNorm2d(BatchNorm2d { channels: c, eps: bn.eps, momentum: bn.momentum })
        }
        Kind::Dropout(dropout) => {
            if !(0.0..=1.0).contains(&dropout.p) {
                return Err(ShapeError(format!(
                    "{name}: expected p from 0 to 1, got {}; set for example p = 0.5",
                    dropout.p
                )));
            }
            Op::Dropout { p: dropout.p }
        }
        Kind::Softmax => Op::Softmax,
    };
    let output = match &op {
        Op::Conv2d(conv) => [conv.out_channels, conv.window.rows.out, conv.window.cols.out],
        Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => [c, pool.window.rows.out, pool.window.cols.out],
        Op::Flatten => [c * h * w, 1, 1],
        Op::Dense(dense) => [dense.out_features, 1, 1],
        Op::Relu
        | Op::LeakyRelu { .. }
        | Op::Tanh
        | Op::Sigmoid
        | Op::BatchNorm2d(_)
        | Op::Dropout { .. }
        | Op::Softmax => input,
    };
    Ok(Layer { spec, op, input, output })
}

/// What a layer makes forward.
fn forward_layer<T: Real>(
    layer: &Layer,
    l: usize,
    params: &Parts<T>,
    x: &Tensor<T>,
    mode: Mode,
    stream: Stream,
    workers: &dyn Workers,
) -> Parts<T> {
    let mut made = Parts::default();
    let out = match &layer.op {
        Op::Conv2d(spec) => conv::forward(workers, spec, x, params.at(Part::Weight), params.get(Part::Bias)),
        Op::MaxPool2d(spec) => {
            let (y, winner) = pool::max_forward(spec, x);
            made.set(Part::Winner, winner);
            y
        }
        Op::AvgPool2d(spec) => pool::avg_forward(spec, x),
        Op::Relu => x.mapv(activation::relu),
        Op::LeakyRelu { slope } => x.mapv(|x| activation::leaky_relu(x, T::of(*slope))),
        Op::Tanh => x.mapv(activation::tanh),
        Op::Sigmoid => x.mapv(activation::sigmoid),
        Op::Flatten => reshape(x, layer.output),
        Op::Dense(spec) => dense::forward(workers, spec, x, params.at(Part::Weight), params.get(Part::Bias)),
        Op::BatchNorm2d(spec) => {
            let (mean, var) = match mode {
                Mode::Train => {
                    let (mean, var) = batchnorm::statistics(x);
                    made.set(Part::Mean, mean.clone());
                    made.set(Part::Var, var.clone());
                    (mean, var)
                }
                Mode::Eval => (params.at(Part::RunningMean).clone(), params.at(Part::RunningVar).clone()),
            };
            let inv_std = batchnorm::inv_std(spec, &var);
            let xhat = batchnorm::normalise(x, &mean, &inv_std);
            let y = batchnorm::scale_shift(&xhat, params.at(Part::Weight), params.at(Part::Bias));
            made.set(Part::InvStd, inv_std);
            made.set(Part::Xhat, xhat);
            y
        }
        Op::Dropout { p } => match mode {
            Mode::Train => {
                let mask = dropout::mask(stream, l, *p, x.dim());
                let y = x * &mask;
                made.set(Part::Mask, mask);
                y
            }
            Mode::Eval => x.clone(),
        },
        Op::Softmax => {
            let softmax = softmax::forward(x);
            made.set(Part::Max, softmax.max);
            made.set(Part::Shift, softmax.shift);
            made.set(Part::Exp, softmax.exp);
            made.set(Part::Sum, softmax.sum);
            softmax.out
        }
    };
    made.set(Part::Out, out);
    made
}

/// How to go backward.
#[derive(Clone, Copy)]
struct Back {
    mode: Mode,
    gate: Gate,
    /// Whether the gradients of the parameters are wanted.
    parameters: bool,
}

/// What a layer makes backward, added to `own`, which holds what it made forward.
fn backward_layer<T: Real>(
    layer: &Layer,
    params: &Parts<T>,
    x: &Tensor<T>,
    dy: &Tensor<T>,
    own: &mut Parts<T>,
    how: Back,
    workers: &dyn Workers,
) {
    let bias_gradient = || {
        params.get(Part::Bias).filter(|_| how.parameters).map(|bias| {
            let mut db = Tensor::zeros(bias.dim());
            conv::backward_bias(dy, &mut db);
            db
        })
    };
    let dx = match &layer.op {
        Op::Conv2d(spec) => {
            let ds = spec.normalize.then(|| conv::backward_sum(spec, dy));
            let sum_gradient = ds.as_ref().unwrap_or(dy);
            let dw = how.parameters.then(|| {
                let mut dw = Tensor::zeros(spec.weight_shape());
                conv::backward_weight(workers, spec, x, sum_gradient, &mut dw);
                dw
            });
            let dx = conv::backward_input(workers, spec, sum_gradient, params.at(Part::Weight));
            own.set_some([(Part::Ds, ds), (Part::Dw, dw), (Part::Db, bias_gradient())]);
            dx
        }
        Op::MaxPool2d(spec) => pool::max_backward(spec, dy, own.at(Part::Winner)),
        Op::AvgPool2d(spec) => {
            let ds = pool::avg_backward_sum(spec, dy);
            let dx = pool::avg_backward_input(spec, &ds);
            own.set(Part::Ds, ds);
            dx
        }
        Op::Relu => zip(dy, x, |dy, x| how.gate.relu_backward(dy, x)),
        Op::LeakyRelu { slope } => zip(dy, x, |dy, x| activation::leaky_relu_backward(dy, x, T::of(*slope))),
        Op::Tanh => zip(dy, own.at(Part::Out), activation::tanh_backward),
        Op::Sigmoid => zip(dy, own.at(Part::Out), activation::sigmoid_backward),
        Op::Flatten => reshape(dy, layer.input),
        Op::Dense(spec) => {
            let dw = how.parameters.then(|| {
                let mut dw = Tensor::zeros((spec.out_features, spec.in_features, 1, 1));
                dense::backward_weight(workers, spec, x, dy, &mut dw);
                dw
            });
            own.set_some([(Part::Dw, dw), (Part::Db, bias_gradient())]);
            dense::backward_input(workers, spec, dy, params.at(Part::Weight), layer.input)
        }
        Op::BatchNorm2d(spec) => {
            let vector = (1, spec.channels, 1, 1);
            let (mut dw, mut db) = (Tensor::zeros(vector), Tensor::zeros(vector));
            let (xhat, inv_std) = (own.at(Part::Xhat), own.at(Part::InvStd));
            let gamma = params.at(Part::Weight);
            batchnorm::backward_gamma(dy, xhat, &mut dw);
            conv::backward_bias(dy, &mut db);
            let dx = match how.mode {
                Mode::Train => batchnorm::backward_input_train(dy, xhat, gamma, inv_std, &dw, &db),
                Mode::Eval => batchnorm::backward_input_eval(dy, gamma, inv_std),
            };
            // The input's gradient in training is made of them.
            own.set(Part::Dw, dw);
            own.set(Part::Db, db);
            dx
        }
        Op::Dropout { .. } => match own.get(Part::Mask) {
            Some(mask) => dy * mask,
            None => dy.clone(),
        },
        Op::Softmax => {
            let (dot, dx) = softmax::backward(dy, own.at(Part::Out));
            own.set(Part::Dot, dot);
            dx
        }
    };
    own.set(Part::Dx, dx);
}

fn zip<T: Real>(a: &Tensor<T>, b: &Tensor<T>, f: impl Fn(T, T) -> T) -> Tensor<T> {
    let mut out = a.clone();
    out.zip_mut_with(b, |a, &b| *a = f(*a, b));
    out
}

fn reshape<T: Real>(x: &Tensor<T>, [c, h, w]: [usize; 3]) -> Tensor<T> {
    let mut cells = x.iter().copied();
    Tensor::from_shape_simple_fn((x.dim().0, c, h, w), || cells.next().unwrap_or_else(T::nan))
}
