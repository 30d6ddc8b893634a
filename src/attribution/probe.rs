//! The part of a network that leads to one unit: the unit's value for a picture, and the gradient of that value.

use super::Unit;
use crate::nn::{
    Execution, Mode, Network, Op, Params, Source, Values,
    activation::Gate,
    dropout::Stream,
    loss::{self, Loss},
    softmax,
};
use crate::tensor::{Shape, ShapeError, Tensor};

/// The part of a network that leads to one unit, in evaluation mode. It takes one picture at a time.
pub struct Probe<'a> {
    network: Network,
    params: &'a Params,
    unit: Unit,
}

impl<'a> Probe<'a> {
    /// Cuts a network off after a unit.
    ///
    /// # Errors
    /// If the network has no such unit.
    pub fn new(network: &Network, params: &'a Params, unit: Unit) -> Result<Self, ShapeError> {
        let last = network.layers.len() - 1;
        let is_softmax = network.layers[last].op == Op::Softmax;
        let end = match unit {
            // Scores come before the softmax; a network that is only a softmax has only probabilities.
            Unit::Score(_) if is_softmax && last > 0 => {
                network.layers[last].sources[0].layer().unwrap_or(last)
            }
            Unit::Score(_) | Unit::Probability(_) => last,
            Unit::Channel { layer, .. } | Unit::Cell { layer, .. } => layer,
        };
        let Some(layers) = network.layers.get(..=end) else {
            return Err(ShapeError(format!(
                "expected a layer from 0 to {last}, got {end}; choose one that the network has"
            )));
        };
        let [c, h, w] = layers[end].output;
        let name = layers[end].name();
        match unit {
            Unit::Score(class) | Unit::Probability(class) if class >= network.loss.classes(c * h * w) => {
                return Err(ShapeError(format!(
                    "expected a class from 0 to {}, got {class}; choose one that the network has",
                    network.loss.classes(c * h * w) - 1
                )));
            }
            Unit::Probability(_) if !is_softmax && network.loss == Loss::Mse => {
                return Err(ShapeError(
                    "expected a network that ends in probabilities, got one with a squared error; ask for a \
                     class's score (class:NAME)"
                        .into(),
                ));
            }
            Unit::Channel { channel, .. } | Unit::Cell { channel, .. } if channel >= c => {
                return Err(ShapeError(format!(
                    "{name}: expected a channel from 0 to {}, got {channel}; choose one that the layer has",
                    c - 1
                )));
            }
            Unit::Cell { at: [i, j], .. } if i >= h || j >= w => {
                return Err(ShapeError(format!(
                    "{name}: expected a position up to ({},{}), got ({i},{j}); choose one that the layer has",
                    h - 1,
                    w - 1
                )));
            }
            Unit::Score(_) | Unit::Probability(_) | Unit::Channel { .. } | Unit::Cell { .. } => {}
        }
        let network = network.up_to(end);
        Ok(Self { network, params, unit })
    }

    /// The layers up to the unit's. Those that do not lead to it have no gradients.
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// The unit.
    pub const fn unit(&self) -> Unit {
        self.unit
    }

    /// x: (1, C, H, W) -> the unit's value; `None` if cancelled.
    pub fn value(&self, x: &Tensor, exec: Execution) -> Option<f32> {
        self.forward(x, exec).map(|values| self.value_in(&values))
    }

    pub(super) fn forward(&self, x: &Tensor, exec: Execution) -> Option<Values> {
        self.network.forward_with(self.params, x, Mode::Eval, Stream::default(), exec)
    }

    /// The unit's value after a forward pass.
    pub(super) fn value_in(&self, values: &Values) -> f32 {
        let y = values.output();
        match self.unit {
            Unit::Score(class) => self.sign(class) * y[self.at(class)],
            Unit::Probability(class) if self.is_after_softmax() => y[self.at(class)],
            Unit::Probability(class) if self.is_binary() => {
                self.network.loss.scores(y.iter().copied())[class]
            }
            Unit::Probability(class) => softmax::forward(&as_vector(y)).out[[0, class, 0, 0]],
            Unit::Channel { channel, .. } => {
                let [_, h, w] = self.network.output();
                self.positions().fold(0.0, |sum, [i, j]| sum + y[[0, channel, i, j]]) / (h * w) as f32
            }
            Unit::Cell { channel, at: [i, j], .. } => y[[0, channel, i, j]],
        }
    }

    /// Runs forward and backward: x: (1, C, H, W) -> the unit's value and the values of the pass, among them the gradient
    /// of the unit's value with respect to `to`, an earlier output or the picture ([`Values::gradient`]), with `gate` as
    /// the rule at ReLUs. `None` if cancelled.
    pub fn gradients(&self, x: &Tensor, to: Source, gate: Gate, exec: Execution) -> Option<(f32, Values)> {
        let mut values = self.forward(x, exec)?;
        let value = self.value_in(&values);
        let dy = self.output_gradient(&values);
        let is_whole = self.network.add_input_gradients(self.params, &mut values, dy, to, gate, exec);
        is_whole.then_some((value, values))
    }

    /// x: (1, C, H, W) -> the unit's value and its gradient with respect to x, (1, C, H, W).
    pub fn input_gradient(&self, x: &Tensor, gate: Gate, exec: Execution) -> Option<(f32, Tensor)> {
        let (value, values) = self.gradients(x, Source::Input, gate, exec)?;
        // Every layer leads back to the picture, and a complete pass gives it its gradient.
        let dx = values.gradient(&self.network, Source::Input)?.clone();
        Some((value, dx))
    }

    /// The gradient of the unit's value with respect to the last layer's output.
    fn output_gradient(&self, values: &Values) -> Tensor {
        let y = values.output();
        let mut dy = Tensor::zeros(y.dim());
        match self.unit {
            Unit::Score(class) => dy[self.at(class)] = self.sign(class),
            Unit::Probability(class) if self.is_after_softmax() => dy[self.at(class)] = 1.0,
            Unit::Probability(class) if self.is_binary() => {
                let [q, p] = loss::both(self.network.loss.scores(y.iter().copied())[1]);
                dy[self.at(class)] = self.sign(class) * (q * p);
            }
            Unit::Probability(class) => {
                let probability = softmax::forward(&as_vector(y)).out;
                let mut of_class = Tensor::zeros(probability.dim());
                of_class[[0, class, 0, 0]] = 1.0;
                let (_, dx) = softmax::backward(&of_class, &probability);
                dy.iter_mut().zip(&dx).for_each(|(to, from)| *to = *from);
            }
            Unit::Channel { channel, .. } => {
                let [_, h, w] = self.network.output();
                self.positions().for_each(|[i, j]| dy[[0, channel, i, j]] = 1.0 / (h * w) as f32);
            }
            Unit::Cell { channel, at: [i, j], .. } => dy[[0, channel, i, j]] = 1.0,
        }
        dy
    }

    /// Whether one output tells two classes apart.
    fn is_binary(&self) -> bool {
        self.network.loss == Loss::BinaryCrossEntropy
    }

    /// How a class's score grows with its output: the first of two classes has the one output's negative.
    fn sign(&self, class: usize) -> f32 {
        if self.is_binary() && class == 0 { -1.0 } else { 1.0 }
    }

    fn is_after_softmax(&self) -> bool {
        self.network.layers.last().is_some_and(|layer| layer.op == Op::Softmax)
    }

    /// The index of a class's output.
    fn at(&self, class: usize) -> [usize; 4] {
        Shape::image(self.network.output()).at(self.network.loss.output_of(class))
    }

    /// The positions of the output's maps.
    pub(super) fn positions(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        let [_, h, w] = self.network.output();
        (0..h * w).map(move |p| [p / w, p % w])
    }
}

/// (1, C, H, W) -> (1, C*H*W, 1, 1): a loss's softmax runs over all outputs.
fn as_vector(y: &Tensor) -> Tensor {
    let mut cells = y.iter().copied();
    Tensor::from_shape_simple_fn((1, y.len(), 1, 1), || cells.next().unwrap_or(f32::NAN))
}
