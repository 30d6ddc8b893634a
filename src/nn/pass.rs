//! One pass over a network: forward, loss, backward, layer by layer.

use super::{
    Compute, Gradient, Layer, Mode, Network, Op, Params, Part, Parts, Real, Source,
    activation::{Activation, Gate},
    batchnorm, conv, conv_transpose,
    dropout::{self, Stream},
    execution::{Alone, Execution, Workers},
    group_norm::{self, GroupNorm},
    join,
    local_response_norm::{self, Normalised},
    loss::{self, Loss},
    norm, pool, prelu, resample, softmax,
};
use crate::tensor::Tensor;

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
    /// [`Part::Dy`], the gradient of the input where more than one layer reads it; else nothing.
    pub picture: Parts<T>,
}

impl<T: Real> Values<T> {
    /// The last layer's output, (N, C, H, W).
    pub fn output(&self) -> &Tensor<T> {
        self.layers.last().map_or(&self.input, |layer| layer.at(Part::Out))
    }

    /// What a layer reads, (N, C, H, W).
    pub fn of(&self, source: Source) -> &Tensor<T> {
        source.layer().map_or(&self.input, |l| self.layers[l].at(Part::Out))
    }

    /// The gradient of the loss by an output, or by the input: what its one reader hands back, or the sum where it has
    /// several.
    pub fn gradient(&self, network: &Network, source: Source) -> Option<&Tensor<T>> {
        match network.gradient_of(source)? {
            Gradient::Loss => self.loss.get(Part::Dx),
            Gradient::Edge(edge) => self.layers.get(edge.layer)?.get(network.edge_part(edge)),
            Gradient::Sum => {
                source.layer().map_or(Some(&self.picture), |l| self.layers.get(l))?.get(Part::Dy)
            }
        }
    }

    /// The mean loss of the batch: the sum over its images, divided by their number.
    pub fn mean_loss(&self) -> T {
        let loss = self.loss.at(Part::Out);
        loss.iter().fold(T::zero(), |sum, &x| sum + x) / T::nearest(loss.len() as f64)
    }
}

impl Values {
    /// The classes' scores of one image, as [`Network::scores`].
    pub fn scores(&self, network: &Network, image: usize) -> Vec<f32> {
        network.scores(self.output(), &self.loss, image)
    }
}

impl Network {
    /// Forward over a batch x: (N, C, H, W); `values.loss` stays empty.
    pub fn forward<T: Compute>(
        &self,
        params: &Params<T>,
        x: &Tensor<T>,
        mode: Mode,
        stream: Stream,
    ) -> Values<T> {
        self.forward_as_far(params, x, mode, stream, Execution::SERIAL).0
    }

    /// The same, shared out among workers; `None` if cancelled.
    pub fn forward_with<T: Compute>(
        &self,
        params: &Params<T>,
        x: &Tensor<T>,
        mode: Mode,
        stream: Stream,
        exec: Execution,
    ) -> Option<Values<T>> {
        let (values, whole) = self.forward_as_far(params, x, mode, stream, exec);
        whole.then_some(values)
    }

    /// Forward over a batch x: (N, C, H, W) in evaluation, for the output alone, which it answers: what a layer made is
    /// dropped when the last layer that reads it has. `see` is shown the output of each layer by its number, while it is
    /// there. `None` if cancelled.
    pub fn output_with<T: Compute>(
        &self,
        params: &Params<T>,
        x: &Tensor<T>,
        exec: Execution,
        see: &mut dyn FnMut(usize, &Tensor<T>),
    ) -> Option<Tensor<T>> {
        let (last, nothing) = (self.last_readings(), || Tensor::zeros([0; 4]));
        let mut outs: Vec<Tensor<T>> = Vec::new();
        let (all, mut done) = (self.terms(), 0);
        for (l, layer) in self.layers.iter().enumerate() {
            if !exec.report(done, all) {
                return None;
            }
            let workers = layer.worth(x.dim().0, exec.workers);
            let xs = layer.sources.iter().map(|source| source.layer().map_or(x, |l| &outs[l]));
            let xs: Vec<&Tensor<T>> = xs.collect();
            let mut made = forward_layer(layer, l, &params.0[l], &xs, Mode::Eval, Stream::default(), workers);
            let out = made.take(Part::Out).unwrap_or_else(nothing);
            see(l, &out);
            outs.push(out);
            for read in
                layer.sources.iter().filter_map(|source| source.layer()).filter(|&read| last[read] == l)
            {
                outs[read] = nothing();
            }
            done += layer.terms();
        }
        Some(outs.pop().unwrap_or_else(|| x.clone()))
    }

    fn forward_as_far<T: Compute>(
        &self,
        params: &Params<T>,
        x: &Tensor<T>,
        mode: Mode,
        stream: Stream,
        exec: Execution,
    ) -> (Values<T>, bool) {
        let mut values = Values {
            input: x.clone(),
            layers: Vec::new(),
            loss: Parts::default(),
            picture: Parts::default(),
        };
        let (all, mut done) = (self.terms(), 0);
        for (l, layer) in self.layers.iter().enumerate() {
            if !exec.report(done, all) {
                return (values, false);
            }
            let workers = layer.worth(x.dim().0, exec.workers);
            let xs = inputs_of(layer, &values);
            let made = forward_layer(layer, l, &params.0[l], &xs, mode, stream, workers);
            values.layers.push(made);
            done += layer.terms();
        }
        (values, true)
    }

    /// What layer `l` makes forward of its inputs xs, each (N, C, H, W), with parameters that may be others than the
    /// network's own.
    pub fn forward_layer<T: Compute>(
        &self,
        l: usize,
        own: &Parts<T>,
        xs: &[&Tensor<T>],
        mode: Mode,
        stream: Stream,
    ) -> Parts<T> {
        forward_layer(&self.layers[l], l, own, xs, mode, stream, &Alone)
    }

    /// Forward, loss and backward over a batch of at least one image; target: the output's shape.
    ///
    /// # Panics
    /// Where the target has another shape than the output: a mistake in this program, which would otherwise
    /// use only some of the target's cells.
    pub fn run<T: Compute>(
        &self,
        params: &Params<T>,
        x: &Tensor<T>,
        target: &Tensor<T>,
        mode: Mode,
        stream: Stream,
    ) -> Values<T> {
        let mut values = self.forward(params, x, mode, stream);
        self.add_loss(&mut values, target);
        self.add_gradients(params, &mut values, target, mode, Execution::SERIAL);
        values
    }

    /// The loss, after [`Self::forward`].
    ///
    /// # Panics
    /// As [`Self::run`].
    pub fn add_loss<T: Compute>(&self, values: &mut Values<T>, target: &Tensor<T>) {
        assert_eq!(target.dim(), values.output().dim(), "the target has the output's shape");
        values.loss = self.loss_forward(values.output(), target);
        values.loss.set(Part::Mean, Tensor::from_elem([1; 4], values.mean_loss()));
    }

    /// Backward, after [`Self::add_loss`], shared out among workers; false if cancelled.
    pub fn add_gradients<T: Compute>(
        &self,
        params: &Params<T>,
        values: &mut Values<T>,
        target: &Tensor<T>,
        mode: Mode,
        exec: Execution,
    ) -> bool {
        let dy = match self.loss {
            Loss::CrossEntropy | Loss::BinaryCrossEntropy => {
                loss::cross_entropy_backward(values.loss.at(Part::Prob), target)
            }
            Loss::Mse => loss::mse_backward(values.output(), target),
        };
        let how = Back { mode, gate: Gate::Derivative, parameters: true };
        self.go_back(params, values, dy, Source::Input, how, exec)
    }

    /// Backward from any gradient dy of the output, after [`Self::forward`] in evaluation, until the gradient of `to` is
    /// there ([`Values::gradient`]), and none of a parameter. `gate` is the rule at each ReLU. False where it was
    /// cancelled.
    ///
    /// # Panics
    /// Where dy has another shape than the output: a mistake in this program.
    pub fn add_input_gradients<T: Compute>(
        &self,
        params: &Params<T>,
        values: &mut Values<T>,
        dy: Tensor<T>,
        to: Source,
        gate: Gate,
        exec: Execution,
    ) -> bool {
        assert_eq!(dy.dim(), values.output().dim(), "the gradient has the output's shape");
        self.go_back(params, values, dy, to, Back { mode: Mode::Eval, gate, parameters: false }, exec)
    }

    fn go_back<T: Compute>(
        &self,
        params: &Params<T>,
        values: &mut Values<T>,
        dy: Tensor<T>,
        to: Source,
        how: Back,
        exec: Execution,
    ) -> bool {
        values.loss.set(Part::Dx, dy);
        let (all, mut done) = (self.terms(), 0);
        for (l, layer) in self.layers.iter().enumerate().skip(to.place()).rev() {
            if !exec.report(done, all) {
                return false;
            }
            let workers = layer.worth(values.input.dim().0, exec.workers);
            self.sum_readers(values, Source::Layer(l));
            let mut own = std::mem::take(&mut values.layers[l]);
            let sum = own.take(Part::Dy);
            if let Some(dy) = sum.as_ref().or_else(|| values.gradient(self, Source::Layer(l))) {
                backward_layer(layer, &params.0[l], &inputs_of(layer, values), dy, &mut own, how, workers);
            }
            own.set_some([(Part::Dy, sum)]);
            values.layers[l] = own;
            done += layer.terms();
        }
        self.sum_readers(values, to);
        true
    }

    /// Where an output, or the input, is read more than once: its gradient, once all its readers have made theirs.
    fn sum_readers<T: Compute>(&self, values: &mut Values<T>, source: Source) {
        if self.gradient_of(source) != Some(Gradient::Sum) {
            return;
        }
        let edges = self.readers(source).iter();
        let edges = edges.filter_map(|&edge| values.layers[edge.layer].get(self.edge_part(edge)));
        if let Some(dy) = join::sum_gradients(edges) {
            let parts = source.layer().map_or(&mut values.picture, |l| &mut values.layers[l]);
            parts.set(Part::Dy, dy);
        }
    }

    /// The loss of each image and what leads to it.
    pub fn loss_forward<T: Compute>(&self, y: &Tensor<T>, target: &Tensor<T>) -> Parts<T> {
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
            Loss::BinaryCrossEntropy => {
                let bce = loss::binary_cross_entropy(y, target);
                parts.set(Part::Prob, bce.prob);
                parts.set(Part::Max, bce.max);
                parts.set(Part::Shift, bce.shift);
                parts.set(Part::Exp, bce.exp);
                parts.set(Part::Out, bce.loss);
            }
            Loss::Mse => parts.set(Part::Out, loss::mse(y, target)),
        }
        parts
    }
}

/// What a layer reads, in the order of its inputs.
fn inputs_of<'a, T: Real>(layer: &Layer, values: &'a Values<T>) -> Vec<&'a Tensor<T>> {
    layer.sources.iter().map(|&source| values.of(source)).collect()
}

/// What a layer makes forward.
fn forward_layer<T: Compute>(
    layer: &Layer,
    l: usize,
    params: &Parts<T>,
    xs: &[&Tensor<T>],
    mode: Mode,
    stream: Stream,
    workers: &dyn Workers,
) -> Parts<T> {
    let x = xs[0];
    let mut made = Parts::default();
    let out = match &layer.op {
        Op::Conv2d(spec) => {
            T::conv_forward(workers, spec, x, params.at(Part::Weight), params.get(Part::Bias))
        }
        Op::ConvTranspose2d(spec) => {
            let sum = T::conv_backward_input(workers, &spec.conv, x, params.at(Part::Weight));
            conv_transpose::with_bias(sum, params.get(Part::Bias))
        }
        Op::MaxPool2d(spec) => {
            let (y, winner) = pool::max_forward(spec, x);
            made.set(Part::Winner, winner);
            y
        }
        Op::AvgPool2d(spec) => pool::avg_forward(spec, x),
        Op::Resample2d(spec) => resample::forward(spec, x),
        Op::Activation(activation) => activation.forward(x),
        Op::PRelu(spec) => prelu::forward(spec, x, params.at(Part::Weight)),
        Op::Flatten => reshape(x, layer.output),
        Op::Dense(spec) => {
            T::dense_forward(workers, spec, x, params.at(Part::Weight), params.get(Part::Bias))
        }
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
            let y = norm::scale_shift(&xhat, params.at(Part::Weight), params.at(Part::Bias));
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
        Op::GroupNorm(spec) => forward_group_norm(spec, params, x, &mut made),
        Op::LocalResponseNorm(spec) => {
            let norm = local_response_norm::forward(spec, x);
            made.set(Part::Sum, norm.sum);
            made.set(Part::Scale, norm.scale);
            made.set(Part::Factor, norm.factor);
            norm.out
        }
        Op::Softmax => {
            let softmax = softmax::forward(x);
            made.set(Part::Max, softmax.max);
            made.set(Part::Shift, softmax.shift);
            made.set(Part::Exp, softmax.exp);
            made.set(Part::Sum, softmax.sum);
            softmax.out
        }
        Op::Add => join::add(xs),
        Op::Multiply => join::multiply(xs),
        Op::Concat => join::concat(xs),
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
fn backward_layer<T: Compute>(
    layer: &Layer,
    params: &Parts<T>,
    xs: &[&Tensor<T>],
    dy: &Tensor<T>,
    own: &mut Parts<T>,
    how: Back,
    workers: &dyn Workers,
) {
    let x = xs[0];
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
                T::conv_backward_weight(workers, spec, x, sum_gradient, &mut dw);
                dw
            });
            let dx = T::conv_backward_input(workers, spec, sum_gradient, params.at(Part::Weight));
            own.set_some([(Part::Ds, ds), (Part::Dw, dw), (Part::Db, bias_gradient())]);
            dx
        }
        Op::ConvTranspose2d(spec) => {
            let dw = how.parameters.then(|| {
                let mut dw = Tensor::zeros(spec.conv.weight_shape());
                T::conv_backward_weight(workers, &spec.conv, dy, x, &mut dw);
                dw
            });
            own.set_some([(Part::Dw, dw), (Part::Db, bias_gradient())]);
            T::conv_forward(workers, &spec.conv, dy, params.at(Part::Weight), None)
        }
        Op::MaxPool2d(spec) => pool::max_backward(spec, dy, own.at(Part::Winner)),
        Op::AvgPool2d(spec) => {
            let ds = pool::avg_backward_sum(spec, dy);
            let dx = pool::avg_backward_input(spec, &ds);
            own.set(Part::Ds, ds);
            dx
        }
        Op::Resample2d(spec) => resample::backward(spec, dy),
        Op::Activation(Activation::Relu) => zip(dy, x, |dy, x| how.gate.relu_backward(dy, x)),
        Op::Activation(activation) => activation.backward(dy, x, own.at(Part::Out)),
        Op::PRelu(spec) => {
            let slopes = params.at(Part::Weight);
            let dw = how.parameters.then(|| {
                let mut dw = Tensor::zeros(slopes.dim());
                prelu::backward_slope(spec, dy, x, &mut dw);
                dw
            });
            own.set_some([(Part::Dw, dw)]);
            prelu::backward_input(spec, dy, x, slopes)
        }
        Op::Flatten => reshape(dy, layer.input),
        Op::Dense(spec) => {
            let dw = how.parameters.then(|| {
                let mut dw = Tensor::zeros((spec.out_features, spec.in_features, 1, 1));
                T::dense_backward_weight(workers, spec, x, dy, &mut dw);
                dw
            });
            own.set_some([(Part::Dw, dw), (Part::Db, bias_gradient())]);
            T::dense_backward_input(workers, spec, dy, params.at(Part::Weight), layer.input)
        }
        Op::BatchNorm2d(spec) => {
            let vector = (1, spec.channels, 1, 1);
            let (mut dw, mut db) = (Tensor::zeros(vector), Tensor::zeros(vector));
            let (xhat, inv_std) = (own.at(Part::Xhat), own.at(Part::InvStd));
            let gamma = params.at(Part::Weight);
            norm::backward_gamma(dy, xhat, &mut dw);
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
        Op::GroupNorm(spec) => backward_group_norm(spec, params, dy, own, how),
        Op::LocalResponseNorm(spec) => {
            let of = |part| own.at(part);
            let (scale, factor, out) = (of(Part::Scale), of(Part::Factor), of(Part::Out));
            let [ratio, dot, dx] =
                local_response_norm::backward(spec, dy, x, Normalised { scale, factor, out });
            own.set(Part::Ratio, ratio);
            own.set(Part::Dot, dot);
            dx
        }
        Op::Softmax => {
            let (dot, dx) = softmax::backward(dy, own.at(Part::Out));
            own.set(Part::Dot, dot);
            dx
        }
        Op::Add | Op::Multiply | Op::Concat => {
            for (k, dx) in backward_join(layer, xs, dy).into_iter().enumerate() {
                own.set(layer.input_gradient(k), dx);
            }
            return;
        }
    };
    own.set(Part::Dx, dx);
}

/// The output of a normalisation of each image for itself; what leads to it is added to `made`.
fn forward_group_norm<T: Compute>(
    spec: &GroupNorm,
    params: &Parts<T>,
    x: &Tensor<T>,
    made: &mut Parts<T>,
) -> Tensor<T> {
    let (mean, var) = group_norm::statistics(spec, x);
    let inv_std = var.mapv(|var| norm::inv_std(var, spec.eps));
    let xhat = group_norm::normalise(spec, x, &mean, &inv_std);
    made.set(Part::GroupMean, mean);
    made.set(Part::GroupVar, var);
    made.set(Part::GroupInvStd, inv_std);
    let Some(gamma) = params.get(Part::Weight) else { return xhat };
    let y = norm::scale_shift(&xhat, gamma, params.at(Part::Bias));
    made.set(Part::Xhat, xhat);
    y
}

/// The gradient of its input; what leads to it, and the gradients of scale and shift, are added to `own`.
fn backward_group_norm<T: Compute>(
    spec: &GroupNorm,
    params: &Parts<T>,
    dy: &Tensor<T>,
    own: &mut Parts<T>,
    how: Back,
) -> Tensor<T> {
    let gamma = params.get(Part::Weight);
    if let Some(gamma) = gamma.filter(|_| how.parameters) {
        let (mut dw, mut db) = (Tensor::zeros(gamma.dim()), Tensor::zeros(gamma.dim()));
        norm::backward_gamma(dy, own.at(Part::Xhat), &mut dw);
        norm::backward_beta(dy, &mut db);
        own.set(Part::Dw, dw);
        own.set(Part::Db, db);
    }
    let dxhat = gamma.map(|gamma| norm::scaled(dy, gamma));
    let of_xhat = dxhat.as_ref().unwrap_or(dy);
    let made = group_norm::backward(spec, of_xhat, own.at(spec.xhat()), own.at(Part::GroupInvStd));
    own.set_some([(Part::Dxhat, dxhat), (Part::DxhatSum, Some(made.sum)), (Part::Dot, Some(made.dot))]);
    made.dx
}

/// The gradient of each input of a join.
fn backward_join<T: Compute>(layer: &Layer, xs: &[&Tensor<T>], dy: &Tensor<T>) -> Vec<Tensor<T>> {
    let gradient = |k: usize| {
        if layer.op == Op::Concat {
            return join::concat_backward(dy, layer.first_channel(k), layer.inputs[k][0]);
        }
        // Of a sum each input has the whole gradient.
        if layer.op == Op::Multiply { join::multiply_backward(dy, xs, k) } else { dy.clone() }
    };
    (0..xs.len()).map(gradient).collect()
}

fn zip<T: Compute>(a: &Tensor<T>, b: &Tensor<T>, f: impl Fn(T, T) -> T) -> Tensor<T> {
    let mut out = a.clone();
    out.zip_mut_with(b, |a, &b| *a = f(*a, b));
    out
}

fn reshape<T: Compute>(x: &Tensor<T>, [c, h, w]: [usize; 3]) -> Tensor<T> {
    let mut cells = x.iter().copied();
    Tensor::from_shape_simple_fn((x.dim().0, c, h, w), || cells.next().unwrap_or_else(T::nan))
}
