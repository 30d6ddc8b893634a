//! How every later activation moves with one cell: the derivative taken forward, layer by layer. Times the
//! gradient that came back, it tells how much of the cell's own gradient goes through each activation.
//!
//! A layer's derivative is the same linear map forward as backward, but transposed; where it is symmetric (cell by
//! cell, softmax, normalisations but for their scale) its backward function serves both ways.

use super::{
    Compute, Mode, Op, Part, Source, batchnorm,
    check::{Cell, Ran},
    conv,
    execution::Alone,
    group_norm, join,
    local_response_norm::{self, Normalised},
    norm, pool, prelu, resample, softmax,
};
use crate::tensor::Tensor;

/// An output, or the input, on its way past a layer: read by layers behind that one, or by the loss.
#[derive(Clone, PartialEq, Debug)]
pub struct Passing<T> {
    /// Whose it is.
    pub source: Source,
    /// The part of a cell's gradient that comes back through each of its cells from behind the layer: dL/dy * dy/dcell,
    /// (N, C, H, W).
    pub through: Tensor<T>,
    /// The gradient that comes back to each of its cells from behind the layer: dL/dy.
    pub gradient: Tensor<T>,
    /// The derivative of each of its cells by the cell: dy/dcell.
    pub moves: Tensor<T>,
}

/// Takes a layer, and all that carries the cell's gradient past it.
pub type Each<'a, T> = &'a mut dyn FnMut(usize, &[Passing<T>]);

impl<T: Compute> Ran<'_, T> {
    /// Calls `each` for every layer that makes something of the cell, first layer first, with all that carries the cell's
    /// gradient past it: the layer's own output, and what goes around it. In a chain it is the layer's output alone. The
    /// numbers of each layer add up to the cell's gradient. `None` where there is no such cell, or no gradient by it.
    pub fn paths(&self, cell: Cell, each: Each<T>) -> Option<()> {
        self.gradient(cell)?;
        let (from, moves) = self.first_moves(cell)?;
        // By the place of each source: how it moves, while a later layer reads it.
        let mut kept: Vec<Option<Tensor<T>>> = vec![None; self.network.layers.len() + 1];
        kept[from.place()] = Some(moves);
        if let Source::Layer(l) = from {
            each(l, &self.passing(l, &kept)?);
        }
        for l in from.place()..self.network.layers.len() {
            let sources = &self.network.layers[l].sources;
            let moves: Vec<Option<&Tensor<T>>> =
                sources.iter().map(|source| kept[source.place()].as_ref()).collect();
            if moves.iter().all(Option::is_none) {
                continue;
            }
            let made = self.push_forward(l, &moves);
            kept[l + 1] = Some(made);
            self.forget(l, &mut kept);
            each(l, &self.passing(l, &kept)?);
        }
        Some(())
    }

    /// What carries the cell's gradient past layer `l`.
    fn passing(&self, l: usize, kept: &[Option<Tensor<T>>]) -> Option<Vec<Passing<T>>> {
        let sources = [Source::Input].into_iter().chain((0..=l).map(Source::Layer));
        let moving = sources.filter_map(|source| Some((source, kept[source.place()].as_ref()?)));
        let passing = moving.map(|(source, moves)| {
            let readers = self.network.readers(source).iter();
            let behind = readers.filter(|edge| edge.layer > l);
            let edges = behind.map(|&edge| self.values.layers[edge.layer].get(self.network.edge_part(edge)));
            let edges: Vec<&Tensor<T>> = edges.collect::<Option<_>>()?;
            let gradient = match edges[..] {
                [] => self.values.gradient(self.network, source)?.clone(),
                [edge] => edge.clone(),
                [..] => join::sum_gradients(edges)?,
            };
            Some(Passing { source, through: moves * &gradient, gradient, moves: moves.clone() })
        });
        passing.collect()
    }

    /// How the first tensor that the cell is in, or makes, moves with it; and whose it is.
    fn first_moves(&self, cell: Cell) -> Option<(Source, Tensor<T>)> {
        let one_hot = |like: &Tensor<T>, at: usize| {
            let mut moves = Tensor::zeros(like.dim());
            *moves.iter_mut().nth(at)? = T::one();
            Some(moves)
        };
        match cell {
            Cell::Input { image, index } => {
                let x = &self.values.input;
                Some((Source::Input, one_hot(x, image * (x.len() / x.dim().0) + index)?))
            }
            Cell::Output { layer, image, index } => {
                let y = self.values.layers.get(layer)?.get(Part::Out)?;
                Some((Source::Layer(layer), one_hot(y, image * (y.len() / y.dim().0) + index)?))
            }
            Cell::Parameter { layer, part, index } => {
                let own = self.values.layers.get(layer)?;
                let (x, y) = (self.inputs_of(layer)[0], own.get(Part::Out)?);
                let weight = |part| one_hot(self.params.0[layer].get(part)?, index);
                // The cells that go with one of the parameter's: those of a channel, or the one in its place.
                let where_it_acts = |from: Option<&Tensor<T>>| {
                    let cells = self.params.0[layer].get(part)?.len();
                    let run = y.len() / y.dim().0 / cells;
                    let mut moves = Tensor::zeros(y.dim());
                    for ((at, moves), k) in moves.indexed_iter_mut().zip((0..cells * run).cycle()) {
                        if k / run == index {
                            *moves = from.map_or(T::one(), |from| from[at]);
                        }
                    }
                    Some(moves)
                };
                let moves = match (&self.network.layers[layer].op, part) {
                    (Op::Conv2d(spec), Part::Weight) => {
                        T::conv_forward(&Alone, spec, x, &weight(part)?, None)
                    }
                    (Op::ConvTranspose2d(spec), Part::Weight) => {
                        T::conv_backward_input(&Alone, &spec.conv, x, &weight(part)?)
                    }
                    (Op::Dense(spec), Part::Weight) => {
                        T::dense_forward(&Alone, spec, x, &weight(part)?, None)
                    }
                    (Op::BatchNorm2d(_) | Op::GroupNorm(_), Part::Weight) => {
                        where_it_acts(Some(own.get(Part::Xhat)?))?
                    }
                    (Op::PRelu(_), Part::Weight) => where_it_acts(Some(&x.mapv(prelu::negative)))?,
                    (_, Part::Bias) => where_it_acts(None)?,
                    _ => return None,
                };
                Some((Source::Layer(layer), moves))
            }
        }
    }

    /// How layer `l`'s inputs move, those that do -> how its output does.
    fn push_forward(&self, l: usize, moves: &[Option<&Tensor<T>>]) -> Tensor<T> {
        match moves {
            [Some(dx)] => self.push_forward_one(l, dx),
            _ => self.push_join(l, moves),
        }
    }

    /// The same of a join.
    fn push_join(&self, l: usize, moves: &[Option<&Tensor<T>>]) -> Tensor<T> {
        let xs = self.inputs_of(l);
        let still: Vec<Tensor<T>> = xs.iter().map(|x| Tensor::zeros(x.dim())).collect();
        let all: Vec<&Tensor<T>> = moves.iter().zip(&still).map(|(dx, still)| dx.unwrap_or(still)).collect();
        let op = self.network.layers[l].op;
        if op == Op::Concat {
            return join::concat(&all);
        }
        if op == Op::Multiply {
            let of = |k: usize| {
                let mut factors = xs.clone();
                factors[k] = all[k];
                join::multiply(&factors)
            };
            let products: Vec<Tensor<T>> = (0..xs.len()).map(of).collect();
            return join::add(&products.iter().collect::<Vec<_>>());
        }
        join::add(&all)
    }

    /// dx: how the input of layer `l`, its only one, moves -> dy: how its output does.
    fn push_forward_one(&self, l: usize, dx: &Tensor<T>) -> Tensor<T> {
        let (layer, own, params) = (&self.network.layers[l], &self.values.layers[l], &self.params.0[l]);
        let (x, y) = (self.inputs_of(l)[0], own.at(Part::Out));
        match &layer.op {
            Op::Conv2d(spec) => T::conv_forward(&Alone, spec, dx, params.at(Part::Weight), None),
            Op::ConvTranspose2d(spec) => {
                T::conv_backward_input(&Alone, &spec.conv, dx, params.at(Part::Weight))
            }
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
            Op::Resample2d(spec) => resample::forward(spec, dx),
            Op::Activation(activation) => activation.backward(dx, x, y),
            Op::PRelu(spec) => prelu::backward_input(spec, dx, x, params.at(Part::Weight)),
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
                        norm::backward_gamma(dx, xhat, &mut along);
                        conv::backward_bias(dx, &mut sum);
                        batchnorm::backward_input_train(dx, xhat, gamma, inv_std, &along, &sum)
                    }
                }
            }
            Op::GroupNorm(spec) => {
                let (xhat, inv_std) = (own.at(spec.xhat()), own.at(Part::GroupInvStd));
                let moved = group_norm::backward(spec, dx, xhat, inv_std).dx;
                match params.get(Part::Weight) {
                    Some(gamma) => norm::scaled(&moved, gamma),
                    None => moved,
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
            Op::Add | Op::Multiply | Op::Concat => self.push_join(l, &[Some(dx)]),
        }
    }
}
