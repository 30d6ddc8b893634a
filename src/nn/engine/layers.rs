//! One worker's images through the layers, forward and backward, on its own buffers.

use super::{Joins, Own, Reading, Shard, Step, Sums, places::Places};
use crate::nn::{
    Op,
    activation::Reads,
    dense::Dense,
    dropout::Stream,
    group_norm::GroupNorm,
    kernels::{
        Isa,
        conv::Finish,
        dense,
        norm::{self, Gradient, Statistics},
        plain, prelu,
    },
    local_response_norm::LocalResponseNorm,
    norm::inv_std,
};
use std::ops::Range;

/// One worker's images of one group.
pub(super) struct Run<'a> {
    pub steps: &'a [Step],
    pub own: &'a [Own],
    pub isa: Isa,
    pub images: usize,
    /// Which of the batch the first one is.
    pub at: usize,
    /// All workers' images.
    pub count: usize,
    /// In training, where the masks of dropout come from.
    pub stream: Option<Stream>,
    /// Where the buffers lie.
    pub places: &'a Places,
}

/// Two buffers of one list, the first to read and the second to write.
fn pair(buffers: &mut [Vec<f32>], from: usize, to: usize) -> (&[f32], &mut [f32]) {
    if from < to {
        let (before, after) = buffers.split_at_mut(to);
        (&before[from], &mut after[0])
    } else {
        let (before, after) = buffers.split_at_mut(from);
        (&after[0], &mut before[to])
    }
}

impl Run<'_> {
    /// The first layer of the part where images go together.
    fn tail(&self) -> usize {
        self.steps
            .iter()
            .rposition(|step| matches!(step.op, Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::MaxPool2d(_)))
            .map_or(0, |l| l + 1)
    }

    pub fn forward(&self, shard: &mut Shard, layers: Range<usize>) {
        let tail = self.tail().clamp(layers.start, layers.end);
        for n in 0..self.images {
            for l in layers.start..tail {
                self.forward_layer(shard, l, n..n + 1);
            }
        }
        for l in tail..layers.end {
            self.forward_layer(shard, l, 0..self.images);
        }
    }

    fn forward_layer(&self, shard: &mut Shard, l: usize, n: Range<usize>) {
        let (step, own) = (&self.steps[l], &self.own[l]);
        let (ins, outs) =
            (n.start * step.inputs..n.end * step.inputs, n.start * step.outputs..n.end * step.outputs);
        let [from, to] = [step.from, step.to].map(|buffer| self.places.of[buffer]);
        if step.from == step.to {
            if step.op == Op::RELU && !step.fused[0] {
                plain::relu(self.isa, &mut shard.values[to][outs]);
            }
            return;
        }
        // Only the backward pass asks who won.
        let pool = if self.stream.is_some() { l } else { 0 };
        if matches!(step.op, Op::MaxPool2d(_)) {
            if shard.winners.len() <= pool {
                shard.winners.resize(pool + 1, Vec::new());
            }
            let len = shard.values[to].len().max(shard.winners[pool].len());
            shard.winners[pool].resize(len, 0);
        }
        let (x, y) = pair(&mut shard.values, from, to);
        match (&step.op, &step.conv) {
            (Op::Conv2d(spec), Some(plan)) => {
                let finish = Finish {
                    divide: if spec.normalize { spec.filter_pixels() as f64 as f32 } else { 0.0 },
                    bias: (!own.b.is_empty()).then_some(&own.b),
                    relu: step.relu,
                };
                plan.forward(&own.forward, finish, &x[ins.start..], &mut y[outs], &mut shard.scratch);
            }
            (Op::ConvTranspose2d(_), Some(plan)) => {
                let finish =
                    Finish { bias: (!own.b.is_empty()).then_some(&own.b), relu: step.relu, divide: 0.0 };
                plan.backward_input(&own.forward, finish, &x[ins], &mut y[outs], &mut shard.scratch);
            }
            (Op::MaxPool2d(spec), _) => {
                plain::max_pool(
                    self.isa,
                    spec,
                    &x[ins],
                    &mut y[outs.clone()],
                    &mut shard.winners[pool][outs],
                );
            }
            (Op::Dense(spec), _) => {
                self.forward_dense(spec, own, n.len(), &x[ins], &mut y[outs], &mut shard.scratch);
            }
            (Op::Activation(activation), _) => {
                plain::activation(self.isa, *activation, &x[ins], &mut y[outs]);
            }
            (Op::PRelu(spec), _) => {
                let images = x[ins].chunks_exact(step.inputs).zip(y[outs].chunks_exact_mut(step.outputs));
                images.for_each(|(x, y)| prelu::times_slope(self.isa, x, x, &own.w, spec.run(), y));
            }
            (Op::Dropout { p }, _) => {
                let first = self.at * step.outputs + outs.start;
                self.drop_out(l, *p, first, &x[ins], &mut y[outs]);
            }
            (Op::AvgPool2d(spec), _) => {
                let images = x[ins].chunks_exact(step.inputs).zip(y[outs].chunks_exact_mut(step.outputs));
                images.for_each(|(x, y)| plain::avg_pool(self.isa, spec, x, y));
            }
            (Op::Resample2d(spec), _) => {
                let images = x[ins].chunks_exact(step.inputs).zip(y[outs].chunks_exact_mut(step.outputs));
                images.for_each(|(x, y)| plain::resample(self.isa, spec, x, y));
            }
            (Op::Softmax, _) => {
                let images = x[ins].chunks_exact(step.inputs).zip(y[outs].chunks_exact_mut(step.outputs));
                images.for_each(|(x, y)| plain::softmax(self.isa, x, step.plane, y));
            }
            (Op::LocalResponseNorm(spec), _) => {
                let images = x[ins].chunks_exact(step.inputs).zip(y[outs].chunks_exact_mut(step.outputs));
                images.for_each(|(x, y)| forward_lrn(spec, step.plane, x, y));
            }
            (Op::GroupNorm(spec), _) => {
                let each = 2 * spec.runs();
                let stats = shard.stats[l][n.start * each..n.end * each].chunks_exact_mut(each);
                let images = x[ins].chunks_exact(step.inputs).zip(y[outs].chunks_exact_mut(step.outputs));
                images.zip(stats).for_each(|((x, y), stats)| self.forward_group_norm(spec, own, x, stats, y));
            }
            (Op::BatchNorm2d(spec), _) => {
                let images = x[ins].chunks_exact(step.inputs).zip(y[outs].chunks_exact_mut(step.outputs));
                let [mean, inv_std] = match self.stream {
                    Some(_) => [&own.batch[0][..], &own.batch[2][..]],
                    None => {
                        let [mean, var] = &own.running;
                        let inv_stds = &mut shard.scratch[..spec.channels];
                        inv_stds.iter_mut().zip(var).for_each(|(to, &var)| *to = inv_std(var, spec.eps));
                        [&mean[..], &*inv_stds]
                    }
                };
                let of = Statistics { mean, inv_std };
                images.for_each(|(x, y)| norm::forward(self.isa, x, of, &own.w, &own.b, step.plane, y));
            }
            (Op::Flatten, _) => y[outs].copy_from_slice(&x[ins]),
            (Op::Add | Op::Multiply | Op::Concat, _) => forward_join(step, self.places, &mut shard.values, n),
            (Op::Conv2d(_) | Op::ConvTranspose2d(_), None) => unreachable!("a convolution has a plan"),
        }
    }

    /// One image through a normalisation of each image for itself. stats: the mean and 1 / sqrt(var + eps) of each run
    /// of cells, kept for the way back.
    fn forward_group_norm(&self, spec: &GroupNorm, own: &Own, x: &[f32], stats: &mut [f32], y: &mut [f32]) {
        let (groups, count) = (spec.groups, spec.count());
        let (mean, inv_stds) = stats.split_at_mut(spec.runs());
        let (of_groups, vars) = (&mut mean[..groups], &mut inv_stds[..groups]);
        let divisor = count as f64 as f32;
        of_groups.fill(0.0);
        norm::sums(self.isa, x, count, 0..groups, of_groups);
        of_groups.iter_mut().for_each(|mean| *mean /= divisor);
        vars.fill(0.0);
        norm::squares(self.isa, x, of_groups, count, 0..groups, vars);
        vars.iter_mut().for_each(|var| *var = inv_std(*var / divisor, spec.eps));
        // From the last on, so that none is written before it has been read.
        let runs = spec.runs() / groups;
        for g in (0..groups).rev() {
            for of in [&mut *mean, &mut *inv_stds] {
                let one = of[g];
                of[g * runs..(g + 1) * runs].fill(one);
            }
        }
        let of = Statistics { mean, inv_std: inv_stds };
        match spec.affine {
            Some(_) => norm::forward(self.isa, x, of, &own.w, &own.b, spec.run(), y),
            None => norm::normalise(self.isa, x, of, spec.run(), y),
        }
    }

    /// The same backward. scratch: as long as [`Step::norm_scratch`] says.
    fn backward_group_norm(
        &self,
        spec: &GroupNorm,
        own: &Own,
        [dy, x, stats]: [&[f32]; 3],
        scratch: &mut [f32],
        dx: &mut [f32],
    ) {
        let (groups, count, runs) = (spec.groups, spec.count(), spec.runs() / spec.groups);
        let (of_groups, scratch) = scratch.split_at_mut(4 * groups);
        let (of_groups, sums) = of_groups.split_at_mut(2 * groups);
        for (to, from) in of_groups.iter_mut().zip(stats.iter().step_by(runs)) {
            *to = *from;
        }
        let (mean, inv_std) = of_groups.split_at(groups);
        let of = Statistics { mean, inv_std };
        let dxhat = if spec.affine.is_some() {
            let dxhat = &mut scratch[..dy.len()];
            norm::scale(self.isa, dy, &own.w, spec.run(), dxhat);
            dxhat
        } else {
            dy
        };
        sums.fill(0.0);
        let (sum, dot) = sums.split_at_mut(groups);
        norm::sums(self.isa, dxhat, count, 0..groups, sum);
        norm::products(self.isa, dxhat, x, of, count, 0..groups, dot);
        norm::backward_normalised(self.isa, dxhat, x, of, [dot, sum], count, dx);
    }

    fn forward_dense(
        &self,
        spec: &Dense,
        own: &Own,
        images: usize,
        x: &[f32],
        y: &mut [f32],
        scratch: &mut [f32],
    ) {
        if own.forward.is_empty() {
            dense::forward_untransposed(self.isa, spec, images, x, &own.w, y, scratch);
        } else {
            dense::forward(self.isa, spec, images, x, &own.forward, y);
        }
        if !own.b.is_empty() {
            for y in y.chunks_exact_mut(spec.out_features) {
                y.iter_mut().zip(&own.b).for_each(|(y, b)| *y += b);
            }
        }
    }

    /// Multiplies by the mask of a dropout, forward or backward. `first`: the number of the first cell in the batch.
    fn drop_out(&self, l: usize, p: f64, first: usize, from: &[f32], to: &mut [f32]) {
        for (k, (to, &from)) in to.iter_mut().zip(from).enumerate() {
            *to = match self.stream {
                Some(stream) => from * stream.mask::<f32>(l, first + k, p),
                None => from,
            };
        }
    }

    /// Of a convolution: what its windows slide over lowered for the weights' gradient, its input or, of a transposed
    /// one, the output's gradient; and the gradient of its sum where it divides.
    fn lower(&self, shard: &mut Shard, l: usize, n: &Range<usize>) {
        let step = &self.steps[l];
        let Some(plan) = &step.conv else { return };
        let spec = plan.spec();
        let rows = spec.window.rows.out;
        let len = plan.lowered_len(rows);
        let is_transposed = matches!(step.op, Op::ConvTranspose2d(_));
        let read = match is_transposed {
            true => &shard.gradients[step.to][n.start * step.outputs..n.end * step.outputs],
            false => &shard.values[step.from][n.start * step.inputs..n.end * step.inputs],
        };
        plan.lower(read, 0..rows, &mut shard.lowered[l][n.start * len..n.end * len]);
        if spec.normalize {
            let k = spec.filter_pixels() as f64 as f32;
            let outs = n.start * step.outputs..n.end * step.outputs;
            let dy = &shard.gradients[step.to][outs.clone()];
            shard.ds[l][outs].iter_mut().zip(dy).for_each(|(ds, dy)| *ds = dy / k);
        }
    }

    /// From the gradient of the last buffer to those that parameters need, and the inputs of convolutions
    /// lowered for their weights' gradients.
    pub fn backward(&self, shard: &mut Shard, layers: Range<usize>) {
        let tail = self.tail().clamp(layers.start, layers.end);
        for l in (tail..layers.end).rev() {
            self.backward_layer(shard, l, 0..self.images);
        }
        for n in 0..self.images {
            for l in (layers.start..tail).rev() {
                self.backward_layer(shard, l, n..n + 1);
            }
        }
    }

    fn backward_layer(&self, shard: &mut Shard, l: usize, n: Range<usize>) {
        let step = &self.steps[l];
        if !step.wanted {
            return;
        }
        let outs = n.start * step.outputs..n.end * step.outputs;
        if step.from == step.to {
            if step.op == Op::RELU && !step.fused[1] {
                plain::relu_backward(
                    self.isa,
                    &shard.values[step.to][outs.clone()],
                    &mut shard.gradients[step.to][outs],
                );
            }
            return;
        }
        self.lower(shard, l, &n);
        for (k, read) in step.reads.iter().enumerate().filter(|(_, read)| read.wanted) {
            let ins = n.start * read.len..n.end * read.len;
            // The gradient of one reader among several is made aside.
            let mut edge = std::mem::take(&mut shard.edge);
            let mut gradients = std::mem::take(&mut shard.gradients);
            match read.sum {
                None => {
                    let (dy, dx) = pair(&mut gradients, step.to, read.from);
                    self.backward_input(shard, l, k, n.clone(), dy, dx);
                }
                Some(joins) => {
                    self.backward_input(shard, l, k, n.clone(), &gradients[step.to], &mut edge);
                    join_sum(joins, &edge[ins.clone()], &mut gradients[read.from][ins]);
                }
            }
            (shard.edge, shard.gradients) = (edge, gradients);
        }
    }

    /// The gradient of input `k` of a layer, from the gradient dy of its output; both buffers of all images.
    fn backward_input(
        &self,
        shard: &mut Shard,
        l: usize,
        k: usize,
        n: Range<usize>,
        dy: &[f32],
        dx: &mut [f32],
    ) {
        let (step, own) = (&self.steps[l], &self.own[l]);
        let (ins, outs) =
            (n.start * step.inputs..n.end * step.inputs, n.start * step.outputs..n.end * step.outputs);
        let (x, y) = (&shard.values[step.from], &shard.values[step.to]);
        match (&step.op, &step.conv) {
            (Op::Conv2d(spec), Some(plan)) => {
                let ds = if spec.normalize { &shard.ds[l][outs] } else { &dy[outs] };
                plan.backward_input(&own.backward, Finish::default(), ds, &mut dx[ins], &mut shard.scratch);
            }
            (Op::ConvTranspose2d(_), Some(plan)) => {
                let dy = &dy[outs.start..];
                plan.forward(&own.backward, Finish::default(), dy, &mut dx[ins], &mut shard.scratch);
            }
            (Op::MaxPool2d(spec), _) => {
                let gate = step.gates.then_some(&y[outs.clone()]);
                let winner = &shard.winners[l][outs.clone()];
                plain::max_pool_backward(self.isa, spec, &dy[outs], winner, gate, &mut dx[ins]);
            }
            (Op::Dense(spec), _) => {
                dense::backward_input(
                    self.isa,
                    spec,
                    n.len(),
                    &dy[outs],
                    &own.w,
                    0..spec.in_features,
                    &mut dx[ins],
                );
            }
            (Op::Activation(activation), _) => {
                let read = match activation.reads() {
                    Reads::Input => &x[ins.clone()],
                    Reads::Output => &y[outs.clone()],
                };
                plain::activation_backward(self.isa, *activation, &dy[outs], read, &mut dx[ins]);
            }
            (Op::PRelu(spec), _) => {
                let images = dy[outs]
                    .chunks_exact(step.outputs)
                    .zip(x[ins.clone()].chunks_exact(step.inputs))
                    .zip(dx[ins].chunks_exact_mut(step.inputs));
                for ((dy, x), dx) in images {
                    prelu::times_slope(self.isa, dy, x, &own.w, spec.run(), dx);
                }
            }
            (Op::Dropout { p }, _) => {
                let first = self.at * step.outputs + outs.start;
                self.drop_out(l, *p, first, &dy[outs], &mut dx[ins]);
            }
            (Op::AvgPool2d(spec), _) => {
                let images = dy[outs].chunks_exact(step.outputs).zip(dx[ins].chunks_exact_mut(step.inputs));
                images.for_each(|(dy, dx)| plain::avg_pool_backward(self.isa, spec, dy, dx));
            }
            (Op::Resample2d(spec), _) => {
                let images = dy[outs].chunks_exact(step.outputs).zip(dx[ins].chunks_exact_mut(step.inputs));
                images.for_each(|(dy, dx)| plain::resample_backward(self.isa, spec, dy, dx));
            }
            (Op::Softmax, _) => {
                let images =
                    dy[outs.clone()].chunks_exact(step.outputs).zip(y[outs].chunks_exact(step.outputs));
                for ((dy, y), dx) in images.zip(dx[ins].chunks_exact_mut(step.inputs)) {
                    plain::softmax_backward(self.isa, dy, y, step.plane, dx);
                }
            }
            (Op::LocalResponseNorm(spec), _) => {
                let images = dy[outs.clone()]
                    .chunks_exact(step.outputs)
                    .zip(y[outs].chunks_exact(step.outputs))
                    .zip(x[ins.clone()].chunks_exact(step.inputs));
                for (((dy, y), x), dx) in images.zip(dx[ins].chunks_exact_mut(step.inputs)) {
                    backward_lrn(spec, step.plane, [dy, y, x], dx);
                }
            }
            (Op::GroupNorm(spec), _) => {
                let each = 2 * spec.runs();
                let stats = shard.stats[l][n.start * each..n.end * each].chunks_exact(each);
                let images = dy[outs]
                    .chunks_exact(step.outputs)
                    .zip(x[ins.clone()].chunks_exact(step.inputs))
                    .zip(stats)
                    .zip(dx[ins].chunks_exact_mut(step.inputs));
                for (((dy, x), stats), dx) in images {
                    self.backward_group_norm(spec, own, [dy, x, stats], &mut shard.scratch, dx);
                }
            }
            (Op::BatchNorm2d(_), _) => {
                let by = Gradient {
                    of: Statistics { mean: &own.batch[0], inv_std: &own.batch[2] },
                    gamma: &own.w,
                    sums: own.gradient.each_ref().map(Vec::as_slice),
                    count: (self.count * step.plane) as f64 as f32,
                };
                let images =
                    dy[outs].chunks_exact(step.outputs).zip(x[ins.clone()].chunks_exact(step.inputs));
                for ((dy, x), dx) in images.zip(dx[ins].chunks_exact_mut(step.inputs)) {
                    norm::backward(self.isa, dy, x, by, step.plane, dx);
                }
            }
            (Op::Flatten, _) => dx[ins].copy_from_slice(&dy[outs]),
            (Op::Add | Op::Multiply | Op::Concat, _) => {
                let of_image = |n: usize| (&dy[n * step.outputs..][..step.outputs], n * step.reads[k].len);
                for n in n {
                    let (dy, at) = of_image(n);
                    backward_join(step, &shard.values, [k, n], dy, &mut dx[at..at + step.reads[k].len]);
                }
            }
            (Op::Conv2d(_) | Op::ConvTranspose2d(_), None) => unreachable!("a convolution has a plan"),
        }
    }
}

/// One of several buffers joins the sum of those before it.
fn join_sum(joins: Joins, dx: &[f32], sum: &mut [f32]) {
    match joins {
        Joins::First => sum.iter_mut().zip(dx).for_each(|(sum, &dx)| *sum = 0.0 + dx),
        Joins::Later => sum.iter_mut().zip(dx).for_each(|(sum, &dx)| *sum += dx),
    }
}

/// Images through a join.
fn forward_join(step: &Step, places: &Places, values: &mut [Vec<f32>], n: Range<usize>) {
    for n in n {
        let mut first = 0;
        for (k, read) in step.reads.iter().enumerate() {
            let (x, y) = pair(values, places.of[read.from], places.of[step.to]);
            let (x, y) = (&x[n * read.len..][..read.len], &mut y[n * step.outputs..][..step.outputs]);
            if step.op == Op::Concat {
                y[first..first + read.len].copy_from_slice(x);
            } else if step.op == Op::Add {
                join_sum(if k == 0 { Joins::First } else { Joins::Later }, x, y);
            } else if read.len < step.outputs {
                for (y, &x) in y.chunks_exact_mut(step.plane).zip(x) {
                    y.iter_mut().for_each(|y| *y = if k == 0 { x } else { *y * x });
                }
            } else if k == 0 {
                y.copy_from_slice(x);
            } else {
                y.iter_mut().zip(x).for_each(|(y, &x)| *y *= x);
            }
            first += read.len;
        }
    }
}

/// The gradient of input `k` of image `n` of a join, from that of the output, dy.
fn backward_join(step: &Step, values: &[Vec<f32>], [k, n]: [usize; 2], dy: &[f32], dx: &mut [f32]) {
    let image = |read: &Reading| &values[read.from][n * read.len..(n + 1) * read.len];
    if step.op == Op::Concat {
        let first: usize = step.reads[..k].iter().map(|read| read.len).sum();
        return dx.copy_from_slice(&dy[first..first + dx.len()]);
    }
    if step.op == Op::Add {
        return dx.copy_from_slice(dy);
    }
    let others = step.reads.iter().enumerate().filter(|(other, _)| *other != k).map(|(_, read)| image(read));
    if dx.len() < dy.len() {
        dx.fill(0.0);
        for other in others {
            let channels = dy.chunks_exact(step.plane).zip(other.chunks_exact(step.plane));
            for (dx, (dy, x)) in dx.iter_mut().zip(channels) {
                *dx = dy.iter().zip(x).fold(*dx, |dx, (&dy, &x)| dy.mul_add(x, dx));
            }
        }
        return;
    }
    dx.copy_from_slice(dy);
    for other in others {
        if other.len() < dx.len() {
            let channels = dx.chunks_exact_mut(step.plane).zip(other);
            channels.for_each(|(dx, &x)| dx.iter_mut().for_each(|dx| *dx *= x));
        } else {
            dx.iter_mut().zip(other).for_each(|(dx, &x)| *dx *= x);
        }
    }
}

/// One image through a local response normalisation; `plane`: the positions of a channel.
fn forward_lrn(spec: &LocalResponseNorm, plane: usize, x: &[f32], y: &mut [f32]) {
    for (cell, y) in y.iter_mut().enumerate() {
        let (c, at) = (cell / plane, cell % plane);
        let sum = spec.sum(c, |c| x[c * plane + at]);
        *y = x[cell] * spec.factor(spec.scale(sum));
    }
}

/// The same backward, from the gradient `dy`, the output and the input.
fn backward_lrn(spec: &LocalResponseNorm, plane: usize, [dy, y, x]: [&[f32]; 3], dx: &mut [f32]) {
    for (cell, dx) in dx.iter_mut().enumerate() {
        let (c, at) = (cell / plane, cell % plane);
        let scale = |c| spec.scale(spec.sum(c, |c| x[c * plane + at]));
        let dot = spec.dot(c, |c| {
            let cell = c * plane + at;
            dy[cell] * y[cell] / scale(c)
        });
        *dx = spec.input_gradient(x[cell], dot, dy[cell], spec.factor(scale(c)));
    }
}

impl Step {
    /// The first extent of the weight of a layer with parameters: output channels or features, of a transposed convolution
    /// input channels, of a normalisation its scales, of a PReLU its slopes; else 0.
    pub(super) const fn channels(&self) -> usize {
        match &self.op {
            Op::Conv2d(spec) => spec.out_channels,
            Op::ConvTranspose2d(spec) => spec.in_channels(),
            Op::Dense(spec) => spec.out_features,
            Op::BatchNorm2d(spec) => spec.channels,
            Op::PRelu(spec) => spec.slopes,
            Op::GroupNorm(spec) => match spec.affine {
                Some(_) => spec.runs(),
                None => 0,
            },
            Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::Activation(_)
            | Op::Flatten
            | Op::LocalResponseNorm(_)
            | Op::Dropout { .. }
            | Op::Softmax
            | Op::Add
            | Op::Multiply
            | Op::Concat => 0,
        }
    }

    /// Numbers that a normalisation notes beside its values: of a batch normalisation in evaluation; of one of each image
    /// for itself on the way back: the statistics and the sums of the groups, the gradient of the normalised values.
    pub(super) const fn norm_scratch(&self) -> usize {
        if let Op::GroupNorm(spec) = &self.op {
            return 4 * spec.groups + spec.cells();
        }
        if let Op::BatchNorm2d(spec) = &self.op { spec.channels } else { 0 }
    }

    /// Statistics that a normalisation of each image for itself keeps of an image: mean and 1 / sqrt(var + eps).
    pub(super) const fn stats(&self) -> usize {
        if let Op::GroupNorm(spec) = &self.op { 2 * spec.runs() } else { 0 }
    }

    /// The sums continue over a shard's images.
    pub(super) fn add_gradients(
        &self,
        isa: Isa,
        l: usize,
        own: &Own,
        shard: &Shard,
        images: usize,
        sums: &mut Sums,
    ) {
        if images == 0 || sums.o.is_empty() && sums.of_bias.is_empty() {
            return;
        }
        let dy = &shard.gradients[self.to][..images * self.outputs];
        match (&self.op, &self.conv) {
            (Op::Conv2d(spec), Some(plan)) => {
                let rows = spec.window.rows.out;
                let lowered = shard.lowered[l].chunks_exact(plan.lowered_len(rows));
                let ds = if spec.normalize { &shard.ds[l][..dy.len()] } else { dy };
                let images = dy.chunks_exact(self.outputs).zip(ds.chunks_exact(self.outputs));
                for (lowered, (dy, ds)) in lowered.zip(images) {
                    plan.backward_weight(lowered, 0..rows, ds, sums.o.clone(), &mut sums.dw);
                    if spec.bias && plan.bias_sum().is_none() {
                        plain::bias_sums(dy, self.plane, sums.of_bias.clone(), &mut sums.db);
                    }
                }
                if let Some(at) = plan.bias_sum() {
                    let rows = sums.dw.chunks_exact(plan.sums_row());
                    sums.db.iter_mut().zip(rows).for_each(|(db, row)| *db = row[at]);
                }
            }
            (Op::ConvTranspose2d(spec), Some(plan)) => {
                let rows = spec.conv.window.rows.out;
                let lowered = shard.lowered[l].chunks_exact(plan.lowered_len(rows));
                let x = shard.values[self.from][..images * self.inputs].chunks_exact(self.inputs);
                for (lowered, x) in lowered.zip(x) {
                    plan.backward_weight(lowered, 0..rows, x, sums.o.clone(), &mut sums.dw);
                }
                if spec.bias {
                    for dy in dy.chunks_exact(self.outputs) {
                        plain::bias_sums(dy, self.plane, sums.of_bias.clone(), &mut sums.db);
                    }
                }
            }
            (Op::Dense(spec), _) => {
                let x = &shard.values[self.from][..images * self.inputs];
                dense::backward_weight(isa, spec, images, x, dy, sums.o.clone(), &mut sums.dw);
                if spec.bias {
                    for dy in dy.chunks_exact(self.outputs) {
                        plain::bias_sums(dy, 1, sums.of_bias.clone(), &mut sums.db);
                    }
                }
            }
            (Op::BatchNorm2d(_), _) => {
                let x = &shard.values[self.from][..dy.len()];
                let of = Statistics { mean: &own.batch[0], inv_std: &own.batch[2] };
                for (dy, x) in dy.chunks_exact(self.outputs).zip(x.chunks_exact(self.inputs)) {
                    norm::products(isa, dy, x, of, self.plane, sums.o.clone(), &mut sums.dw);
                    plain::bias_sums(dy, self.plane, sums.of_bias.clone(), &mut sums.db);
                }
            }
            (Op::PRelu(spec), _) => {
                let x = &shard.values[self.from][..dy.len()];
                for (dy, x) in dy.chunks_exact(self.outputs).zip(x.chunks_exact(self.inputs)) {
                    prelu::slope_sums(isa, dy, x, spec.run(), sums.o.clone(), &mut sums.dw);
                }
            }
            (Op::GroupNorm(spec), _) => {
                let x = &shard.values[self.from][..dy.len()];
                let images = dy.chunks_exact(self.outputs).zip(x.chunks_exact(self.inputs));
                for ((dy, x), stats) in images.zip(shard.stats[l].chunks_exact(2 * spec.runs())) {
                    let (mean, inv_std) = stats.split_at(spec.runs());
                    let of = Statistics { mean, inv_std };
                    norm::products(isa, dy, x, of, spec.run(), sums.o.clone(), &mut sums.dw);
                    plain::bias_sums(dy, spec.run(), sums.of_bias.clone(), &mut sums.db);
                }
            }
            (
                Op::Conv2d(_)
                | Op::ConvTranspose2d(_)
                | Op::MaxPool2d(_)
                | Op::AvgPool2d(_)
                | Op::Resample2d(_)
                | Op::Activation(_)
                | Op::Flatten
                | Op::LocalResponseNorm(_)
                | Op::Dropout { .. }
                | Op::Softmax
                | Op::Add
                | Op::Multiply
                | Op::Concat,
                _,
            ) => {}
        }
    }
}
