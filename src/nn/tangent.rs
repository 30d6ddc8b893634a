//! How every later activation moves with one cell: the derivative taken forward, layer by layer. Times the
//! gradient that came back, it tells how much of the cell's own gradient goes through each activation.
//!
//! A layer's derivative is the same linear map forward as backward, but transposed; where it is symmetric (cell by
//! cell, softmax, batch normalisation but for its scale) its backward function serves both ways.

use super::{
    Compute, Mode, Op, Part, batchnorm,
    check::{Cell, Ran},
    conv,
    execution::Alone,
    local_response_norm::{self, Normalised},
    pool, softmax,
};
use crate::tensor::Tensor;

/// Takes a layer, the part of a cell's gradient that goes through each cell of its output, and the derivative of each
/// by that cell.
pub type Each<'a, T> = &'a mut dyn FnMut(usize, &Tensor<T>, &Tensor<T>);

impl<T: Compute> Ran<'_, T> {
    /// Calls `each` for every layer that makes something of the cell, first layer first, with the part of the
    /// cell's gradient that goes through each cell of the layer's output: dL/dy * dy/dcell, (N, C, H, W). The
    /// numbers of each layer add up to the cell's gradient. The derivative dy/dcell itself is the third argument.
    /// `None` where there is no such cell, or no gradient by it.
    pub fn paths(&self, cell: Cell, each: Each<T>) -> Option<()> {
        self.gradient(cell)?;
        let (first, mut moves) = self.first_moves(cell)?;
        for l in first..self.network.layers.len() {
            if l > first || matches!(cell, Cell::Input { .. }) {
                moves = self.push_forward(l, &moves);
            }
            let through = &moves * self.values.output_gradient(l)?;
            each(l, &through, &moves);
        }
        Some(())
    }

    /// How the first tensor that the cell is in, or makes, moves with it; and the layer.
    fn first_moves(&self, cell: Cell) -> Option<(usize, Tensor<T>)> {
        let one_hot = |like: &Tensor<T>, at: usize| {
            let mut moves = Tensor::zeros(like.dim());
            *moves.iter_mut().nth(at)? = T::one();
            Some(moves)
        };
        match cell {
            Cell::Input { image, index } => {
                let x = &self.values.input;
                Some((0, one_hot(x, image * (x.len() / x.dim().0) + index)?))
            }
            Cell::Output { layer, image, index } => {
                let y = self.values.layers.get(layer)?.get(Part::Out)?;
                Some((layer, one_hot(y, image * (y.len() / y.dim().0) + index)?))
            }
            Cell::Parameter { layer, part, index } => {
                let own = self.values.layers.get(layer)?;
                let (x, y) = (self.input_of(layer), own.get(Part::Out)?);
                let weight = |part| one_hot(self.params.0[layer].get(part)?, index);
                let in_channel = |from: Option<&Tensor<T>>| {
                    let mut moves = Tensor::zeros(y.dim());
                    for ((n, c, i, j), moves) in moves.indexed_iter_mut() {
                        if c == index {
                            *moves = from.map_or(T::one(), |from| from[[n, c, i, j]]);
                        }
                    }
                    moves
                };
                let moves = match (&self.network.layers[layer].op, part) {
                    (Op::Conv2d(spec), Part::Weight) => {
                        T::conv_forward(&Alone, spec, x, &weight(part)?, None)
                    }
                    (Op::Dense(spec), Part::Weight) => {
                        T::dense_forward(&Alone, spec, x, &weight(part)?, None)
                    }
                    (Op::BatchNorm2d(_), Part::Weight) => in_channel(Some(own.get(Part::Xhat)?)),
                    (_, Part::Bias) => in_channel(None),
                    _ => return None,
                };
                Some((layer, moves))
            }
        }
    }

    /// dx: how layer `l`'s input moves -> dy: how its output does.
    fn push_forward(&self, l: usize, dx: &Tensor<T>) -> Tensor<T> {
        let (layer, own, params) = (&self.network.layers[l], &self.values.layers[l], &self.params.0[l]);
        let (x, y) = (self.input_of(l), own.at(Part::Out));
        match &layer.op {
            Op::Conv2d(spec) => T::conv_forward(&Alone, spec, dx, params.at(Part::Weight), None),
            Op::Dense(spec) => T::dense_forward(&Alone, spec, dx, params.at(Part::Weight), None),
            Op::MaxPool2d(spec) => {
                let width = spec.window.cols.len;
                let winner = own.at(Part::Winner);
                Tensor::from_shape_fn(y.dim(), |(n, c, i, j)| {
                    let at = winner[[n, c, i, j]].to_usize().unwrap_or(0);
                    dx[[n, c, at / width, at % width]]
                })
            }
            Op::AvgPool2d(spec) => pool::avg_forward(spec, dx),
            Op::Activation(activation) => activation.backward(dx, x, y),
            Op::Flatten => {
                let mut cells = dx.iter().copied();
                Tensor::from_shape_simple_fn(y.dim(), || cells.next().unwrap_or_else(T::nan))
            }
            Op::BatchNorm2d(spec) => {
                let (xhat, inv_std, gamma) =
                    (own.at(Part::Xhat), own.at(Part::InvStd), params.at(Part::Weight));
                match self.mode {
                    Mode::Eval => batchnorm::backward_input_eval(dx, gamma, inv_std),
                    Mode::Train => {
                        let vector = (1, spec.channels, 1, 1);
                        let (mut along, mut sum) = (Tensor::zeros(vector), Tensor::zeros(vector));
                        batchnorm::backward_gamma(dx, xhat, &mut along);
                        conv::backward_bias(dx, &mut sum);
                        batchnorm::backward_input_train(dx, xhat, gamma, inv_std, &along, &sum)
                    }
                }
            }
            Op::Dropout { .. } => match own.get(Part::Mask) {
                Some(mask) => dx * mask,
                None => dx.clone(),
            },
            Op::LocalResponseNorm(spec) => {
                let (scale, factor) = (own.at(Part::Scale), own.at(Part::Factor));
                local_response_norm::push_forward(spec, dx, x, Normalised { scale, factor, out: y })
            }
            Op::Softmax => softmax::backward(dx, y).1,
        }
    }
}
