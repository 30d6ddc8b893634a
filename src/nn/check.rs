//! The gradient of one cell against a central difference: the loss with the cell moved down and up, and the kinks
//! that lie between.
//!
//! What is differentiated is the sum of the batch's losses, as gradients are summed over the batch.

use super::{
    Compute, Mode, Network, Op, Params, Part, Parts, Real, Source, Values, dropout::Stream,
    optimizer::TRAINED,
};
use crate::tensor::Tensor;
use std::collections::BTreeSet;

/// One number that the loss depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cell {
    /// A cell of the network's input.
    Input {
        /// The image in the batch.
        image: usize,
        /// The cell, row-major within the image.
        index: usize,
    },
    /// A cell of a parameter.
    Parameter {
        /// The layer.
        layer: usize,
        /// Weight or bias; a running statistic, too.
        part: Part,
        /// The cell, row-major.
        index: usize,
    },
    /// A cell of a layer's output.
    Output {
        /// The layer.
        layer: usize,
        /// The image in the batch.
        image: usize,
        /// The cell, row-major within the image.
        index: usize,
    },
}

/// A run of a network: what [`Network::run`] took and what it gave.
#[derive(Clone, Copy)]
pub struct Ran<'a, T> {
    /// The network.
    pub network: &'a Network,
    /// Its parameters.
    pub params: &'a Params<T>,
    /// The target of the loss.
    pub target: &'a Tensor<T>,
    /// Batch statistics and dropout.
    pub mode: Mode,
    /// The dropout masks' stream.
    pub stream: Stream,
    /// What it gave, gradients among it.
    pub values: &'a Values<T>,
}

/// A place where the loss has no derivative, crossed between the cell's value and a moved one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Kink {
    /// The layer.
    pub layer: usize,
    /// The image in the batch.
    pub image: usize,
    /// The cell of the layer's output, row-major within the image: an activation whose input crosses a joint,
    /// such as 0 of ReLU, or a max pool that another input wins.
    pub index: usize,
}

/// Kinks that are kept; all are counted.
const KEPT: usize = 6;

/// A gradient and the central difference of the same cell.
#[derive(Clone, PartialEq, Debug)]
pub struct Check<T> {
    /// The cell's value.
    pub value: T,
    /// The value moved down, as the number type holds it.
    pub below: T,
    /// The value moved up, as the number type holds it.
    pub above: T,
    /// The loss without a change.
    pub loss: T,
    /// The loss with the cell moved down.
    pub loss_below: T,
    /// The loss with the cell moved up.
    pub loss_above: T,
    /// (loss_above - loss_below) / (above - below).
    pub secant: T,
    /// The gradient of the backward pass; `None` where it computes none for this cell.
    pub gradient: Option<T>,
    /// Kinks that the two runs cross, the first of them.
    pub kinks: Vec<Kink>,
    /// How many kinks they cross in all.
    pub kink_count: usize,
}

impl<T: Real> Check<T> {
    /// |secant - gradient| / the larger magnitude of the two; 0 where both are 0.
    pub fn relative_error(&self) -> Option<T> {
        let gradient = self.gradient?;
        let largest = self.secant.abs().max(gradient.abs());
        Some(if largest == T::zero() { T::zero() } else { (self.secant - gradient).abs() / largest })
    }
}

impl<T: Compute> Ran<'_, T> {
    /// Holds the gradient of a cell against the loss at its value minus and plus `eps`. `None` where there is no
    /// such cell.
    pub fn check(&self, cell: Cell, eps: T) -> Option<Check<T>> {
        let value = self.value(cell)?;
        let (below, above) = (value - eps, value + eps);
        // The two runs may cross the same one.
        let mut crossed = BTreeSet::new();
        let mut note = |kink: Kink| {
            crossed.insert(kink);
        };
        let loss_below = self.loss_with(cell, below, &mut note)?;
        let loss_above = self.loss_with(cell, above, &mut note)?;
        Some(Check {
            value,
            below,
            above,
            loss: sum(self.values.loss.at(Part::Out)),
            loss_below,
            loss_above,
            secant: (loss_above - loss_below) / (above - below),
            gradient: self.gradient(cell),
            kink_count: crossed.len(),
            kinks: crossed.into_iter().take(KEPT).collect(),
        })
    }

    /// The cell's value.
    pub fn value(&self, cell: Cell) -> Option<T> {
        let (tensor, offset) = match cell {
            Cell::Input { image, index } => (&self.values.input, offset(&self.values.input, image, index)?),
            Cell::Parameter { layer, part, index } => (self.params.0.get(layer)?.get(part)?, index),
            Cell::Output { layer, image, index } => {
                let out = self.values.layers.get(layer)?.get(Part::Out)?;
                (out, offset(out, image, index)?)
            }
        };
        tensor.iter().nth(offset).copied()
    }

    /// The derivative of the summed loss by the cell, as the backward pass computed it.
    pub fn gradient(&self, cell: Cell) -> Option<T> {
        let (tensor, offset) = match cell {
            Cell::Input { image, index } => {
                let dx = self.values.gradient(self.network, Source::Input)?;
                (dx, offset(dx, image, index)?)
            }
            Cell::Parameter { layer, part, index } => {
                let trained = TRAINED.iter().find(|trained| trained.param == part)?;
                (self.values.layers.get(layer)?.get(trained.grad)?, index)
            }
            Cell::Output { layer, image, index } => {
                let dy = self.values.gradient(self.network, Source::Layer(layer))?;
                (dy, offset(dy, image, index)?)
            }
        };
        tensor.iter().nth(offset).copied()
    }

    /// The summed loss with one cell at another value; `note` gets each kink on the way there.
    fn loss_with(&self, cell: Cell, value: T, note: &mut dyn FnMut(Kink)) -> Option<T> {
        let put = |tensor: &Tensor<T>, at: usize| {
            let mut moved = tensor.clone();
            *moved.iter_mut().nth(at)? = value;
            Some(moved)
        };
        let (moved, from) = match cell {
            Cell::Input { image, index } => {
                let x = &self.values.input;
                (put(x, offset(x, image, index)?)?, Source::Input)
            }
            Cell::Parameter { layer, part, index } => {
                let mut own = self.params.0.get(layer)?.clone();
                let moved = put(own.get(part)?, index)?;
                own.set(part, moved);
                let made =
                    self.network.forward_layer(layer, &own, &self.inputs_of(layer), self.mode, self.stream);
                (made.at(Part::Out).clone(), Source::Layer(layer))
            }
            Cell::Output { layer, image, index } => {
                let y = self.values.layers.get(layer)?.get(Part::Out)?;
                (put(y, offset(y, image, index)?)?, Source::Layer(layer))
            }
        };
        // By the place of each source: what it is now, where it depends on the cell.
        let mut now: Vec<Option<Tensor<T>>> = vec![None; self.network.layers.len() + 1];
        now[from.place()] = Some(moved);
        for l in from.place()..self.network.layers.len() {
            let sources = &self.network.layers[l].sources;
            if sources.iter().all(|source| now[source.place()].is_none()) {
                continue;
            }
            let reads =
                |source: &Source| now[source.place()].as_ref().unwrap_or_else(|| self.values.of(*source));
            let xs: Vec<&Tensor<T>> = sources.iter().map(reads).collect();
            let made = self.network.forward_layer(l, &self.params.0[l], &xs, self.mode, self.stream);
            self.kinks(l, xs[0], &made, note);
            now[l + 1] = Some(made.at(Part::Out).clone());
            self.forget(l, &mut now);
        }
        let y = now.last().and_then(Option::as_ref).unwrap_or_else(|| self.values.output());
        Some(sum(self.network.loss_forward(y, self.target).at(Part::Out)))
    }

    /// Drops what no layer after `l` reads, of what is kept by the place of each source.
    pub(super) fn forget(&self, l: usize, kept: &mut [Option<Tensor<T>>]) {
        for source in &self.network.layers[l].sources {
            if self.network.readers(*source).first().is_none_or(|last| last.layer <= l) {
                kept[source.place()] = None;
            }
        }
    }

    /// What layer `l` reads.
    pub(super) fn inputs_of(&self, l: usize) -> Vec<&Tensor<T>> {
        self.network.layers[l].sources.iter().map(|&source| self.values.of(source)).collect()
    }

    /// The kinks of layer `l` between this run and one that read x and made `made`.
    fn kinks(&self, l: usize, x: &Tensor<T>, made: &Parts<T>, note: &mut dyn FnMut(Kink)) {
        let mut compare = |differ: &mut dyn Iterator<Item = bool>| {
            let one = (made.at(Part::Out).len() / made.at(Part::Out).dim().0).max(1);
            for (flat, _) in differ.enumerate().filter(|(_, differs)| *differs) {
                note(Kink { layer: l, image: flat / one, index: flat % one });
            }
        };
        match self.network.layers[l].op {
            Op::Activation(activation) => {
                let pairs = x.iter().zip(self.values.of(self.network.layers[l].sources[0]));
                compare(&mut pairs.map(|(&a, &b)| activation.piece(a) != activation.piece(b)));
            }
            Op::PRelu(_) => {
                let pairs = x.iter().zip(self.values.of(self.network.layers[l].sources[0]));
                compare(&mut pairs.map(|(&a, &b)| (a > T::zero()) != (b > T::zero())));
            }
            Op::MaxPool2d(_) => {
                let (now, before) = (made.at(Part::Winner), self.values.layers[l].at(Part::Winner));
                compare(&mut now.iter().zip(before).map(|(a, b)| a != b));
            }
            Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::Flatten
            | Op::Dense(_)
            | Op::BatchNorm2d(_)
            | Op::GroupNorm(_)
            | Op::LocalResponseNorm(_)
            | Op::Dropout { .. }
            | Op::Softmax
            | Op::Add
            | Op::Multiply
            | Op::Concat => {}
        }
    }
}

/// Converts a tensor to f64, exactly.
pub fn widen(tensor: &Tensor) -> Tensor<f64> {
    tensor.mapv(f64::from)
}

/// Converts parameters to f64, exactly.
pub fn widen_params(params: &Params) -> Params<f64> {
    let layers = params.0.iter().map(|parts| {
        let mut wide = Parts::default();
        for (part, tensor) in parts.iter() {
            wide.set(part, widen(tensor));
        }
        wide
    });
    Params(layers.collect())
}

fn sum<T: Real>(tensor: &Tensor<T>) -> T {
    tensor.iter().fold(T::zero(), |sum, &x| sum + x)
}

/// The row-major number within a batch of a cell of one image.
fn offset<T>(tensor: &Tensor<T>, image: usize, index: usize) -> Option<usize> {
    let one = tensor.len() / tensor.dim().0.max(1);
    (image < tensor.dim().0 && index < one).then_some(image * one + index)
}
