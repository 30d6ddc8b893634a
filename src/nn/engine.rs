//! Whole training steps on planned buffers: the same numbers as [`Network::run`] and
//! [`Optimizer::update`], bit for bit, without keeping every tensor on the way.
//!
//! A batch is cut into groups of images. For each group every worker runs its own images forward, loss
//! and backward; then the parameters' gradients go on over the group's images in batch order, each
//! worker with its own output channels. So a fold is never split, and the number of workers does not
//! show in the result. All buffers are made from the shapes once; a step allocates nothing.

use super::{
    activation,
    dropout::Stream,
    kernels::{
        Isa, compiled,
        conv::{ConvPlan, Finish},
        dense, plain,
    },
    loss::{Loss, cross_term},
    network::{Network, Op, Params, Part, Parts},
    optimizer::{Moments, Optimizer, Rule, bias_correction},
    pool::takes_over,
};
use crate::tensor::Tensor;
use std::{
    ops::Range,
    sync::{Mutex, PoisonError, RwLock},
};

/// Who does the work: the threads are the caller's.
pub trait Workers: Sync {
    /// How many there are, at least 1.
    fn count(&self) -> usize;
    /// Calls `work` once with each number below the count, and returns when all have returned.
    fn run(&self, work: &(dyn Fn(usize) + Sync));
}

/// The caller's own thread and no other.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Workers for Alone {
    fn count(&self) -> usize {
        1
    }
    fn run(&self, work: &(dyn Fn(usize) + Sync)) {
        work(0);
    }
}

/// One layer, planned.
#[derive(Debug)]
struct Step {
    op: Op,
    conv: Option<ConvPlan>,
    /// The buffers that it reads and writes; the same for a layer that works in place.
    from: usize,
    to: usize,
    /// Whether a ReLU behind it is done with it.
    relu: bool,
    /// Whether an earlier ReLU's gate is done with its input gradient.
    gates: bool,
    /// Whether that is all that this layer does: it is done with another.
    fused: [bool; 2],
    /// Extents of the input as numbers in one image.
    inputs: usize,
    outputs: usize,
}

/// A layer's parameters and what goes with them.
#[derive(Debug, Default)]
struct Own {
    w: Vec<f32>,
    b: Vec<f32>,
    /// First and second moments of weight and bias.
    moments: [[Vec<f32>; 2]; 2],
    /// The weight as forward and as the input gradient read it; empty where that is as it is.
    forward: Vec<f32>,
    backward: Vec<f32>,
    /// The gradients, gathered from the workers' sums.
    gradient: [Vec<f32>; 2],
}

/// What one worker keeps of its images.
#[derive(Debug, Default)]
struct Shard {
    /// Per buffer: (images, numbers).
    values: Vec<Vec<f32>>,
    gradients: Vec<Vec<f32>>,
    /// Per layer: a max pool's winners.
    winners: Vec<Vec<u32>>,
    /// Per layer: what a weight gradient reads, per image.
    lowered: Vec<Vec<f32>>,
    /// Per layer that divides its sum: the sum's gradient.
    ds: Vec<Vec<f32>>,
    scratch: Vec<f32>,
    losses: Vec<f32>,
}

/// The sums of one layer's gradients for a range of output channels.
#[derive(Debug, Default)]
struct Sums {
    o: Range<usize>,
    dw: Vec<f32>,
    db: Vec<f32>,
}

/// A network with its parameters, ready to run or train.
#[derive(Debug)]
pub struct Engine {
    network: Network,
    isa: Isa,
    workers: usize,
    /// Images that one worker takes at a time.
    group: usize,
    steps: Vec<Step>,
    /// Numbers in an image's part of each buffer; buffer 0 is the input.
    lens: Vec<usize>,
    own: Vec<Own>,
    shards: Vec<RwLock<Shard>>,
    /// Per worker, per layer.
    sums: Vec<Mutex<Vec<Sums>>>,
    /// The first layer with parameters: no gradient is wanted before it.
    first: usize,
    steps_done: u64,
    outputs: Vec<f32>,
    losses: Vec<f32>,
}

/// Behind every buffer, so that vectors may overread it.
const BEHIND: usize = 64;

impl Engine {
    /// Plans a network for batches of up to `batch` images; `None` where it has a layer that this path does
    /// not know: batch normalisation, whose images depend on one another, and softmax.
    pub fn new(
        network: &Network,
        params: &Params,
        batch: usize,
        isa: Isa,
        workers: &dyn Workers,
    ) -> Option<Self> {
        let workers = workers.count().max(1);
        let mut steps: Vec<Step> = Vec::new();
        let mut lens = vec![network.input.iter().product()];
        for (l, layer) in network.layers.iter().enumerate() {
            let before = steps.last().map_or(0, |step| step.to);
            let conv = match &layer.op {
                Op::Conv2d(spec) => Some(ConvPlan::new(isa, spec)),
                Op::BatchNorm2d(_) | Op::Softmax | Op::AvgPool2d(_) => return None,
                Op::MaxPool2d(_)
                | Op::Relu
                | Op::LeakyRelu { .. }
                | Op::Tanh
                | Op::Sigmoid
                | Op::Flatten
                | Op::Dense(_)
                | Op::Dropout { .. } => None,
            };
            let folds = |l: usize| matches!(network.layers[l].op, Op::Conv2d(_) | Op::Dense(_));
            let is_relu = |l: usize| network.layers.get(l).is_some_and(|layer| layer.op == Op::Relu);
            let in_place = layer.op == Op::Flatten || (l > 0 && is_relu(l) && folds(l - 1));
            let to = if in_place { before } else { lens.len() };
            if !in_place {
                lens.push(layer.output.iter().product());
            }
            let conv_before = |l: usize| l > 0 && matches!(network.layers[l - 1].op, Op::Conv2d(_));
            let halving = |l: usize| matches!(network.layers.get(l).map(|l| l.op), Some(Op::MaxPool2d(spec)) if plain::is_halving(&spec));
            steps.push(Step {
                op: layer.op,
                relu: conv.is_some() && is_relu(l + 1),
                gates: halving(l) && l > 1 && is_relu(l - 1) && folds(l - 2),
                fused: [
                    layer.op == Op::Relu && conv_before(l),
                    layer.op == Op::Relu && l > 0 && folds(l - 1) && halving(l + 1),
                ],
                conv,
                from: before,
                to,
                inputs: layer.input.iter().product(),
                outputs: layer.output.iter().product(),
            });
        }
        let first = network.layers.iter().position(|layer| !layer.parameters().is_empty()).unwrap_or(0);
        let own = network.layers.iter().map(|_| Own::default()).collect();
        let mut engine = Self {
            network: network.clone(),
            isa,
            workers,
            group: 1,
            steps,
            lens,
            own,
            shards: Vec::new(),
            sums: Vec::new(),
            first,
            steps_done: 0,
            outputs: Vec::new(),
            losses: Vec::new(),
        };
        engine.group = engine.group_of(batch.max(1));
        engine.shards = (0..workers).map(|_| RwLock::new(engine.shard())).collect();
        let outputs = network.classes();
        (engine.outputs, engine.losses) = (vec![0.0; batch * outputs], vec![0.0; batch]);
        engine.load(params, &Moments::default());
        Some(engine)
    }

    /// Images that one worker takes at a time: as many as stay in a second-level cache; more where there
    /// are others to wait for, or a large dense weight would be read for each.
    fn group_of(&self, batch: usize) -> usize {
        const NEAR: usize = 1 << 17;
        const LARGE_DENSE: usize = 1 << 17;
        let image: usize = self.lens.iter().sum::<usize>() * 3;
        let is_large =
            |step: &Step| matches!(step.op, Op::Dense(d) if d.in_features * d.out_features > LARGE_DENSE);
        let least = if self.steps.iter().any(is_large) { 8 } else { 1 };
        let (near, least) = if self.workers > 1 { (NEAR * 4, least.max(4)) } else { (NEAR, least) };
        (near / image).clamp(least, 32).min(batch.div_ceil(self.workers))
    }

    fn shard(&self) -> Shard {
        let plans = self.steps.iter().filter_map(|step| step.conv.as_ref());
        let scratch = plans.map(ConvPlan::scratch_len).max().unwrap_or(0);
        Shard {
            values: self.lens.iter().map(|len| vec![0.0; len * self.group + BEHIND]).collect(),
            scratch: vec![0.0; scratch.max(dense::forward_scratch_len(self.isa))],
            losses: vec![0.0; self.group],
            ..Shard::default()
        }
    }

    /// Makes what only training needs, where it is not there yet.
    fn prepare(&mut self) {
        if !self.sums.is_empty() {
            return;
        }
        for shard in &mut self.shards {
            let shard = shard.get_mut().unwrap_or_else(PoisonError::into_inner);
            shard.gradients = shard.values.iter().map(|values| vec![0.0; values.len()]).collect();
            for step in &self.steps {
                let rows = |plan: &ConvPlan| plan.lowered_len(plan.spec().window.rows.out);
                shard.lowered.push(vec![0.0; step.conv.as_ref().map_or(0, rows) * self.group]);
                let divides = matches!(step.op, Op::Conv2d(spec) if spec.normalize);
                shard.ds.push(vec![0.0; if divides { step.outputs * self.group } else { 0 }]);
            }
        }
        for worker in 0..self.workers {
            let of_layer = |step: &Step| {
                let part = |channels: usize| {
                    channels * worker / self.workers..channels * (worker + 1) / self.workers
                };
                match (&step.op, &step.conv) {
                    (Op::Conv2d(spec), Some(plan)) => {
                        let o = part(spec.out_channels);
                        Sums { dw: vec![0.0; o.len() * plan.sums_row()], db: vec![0.0; o.len()], o }
                    }
                    (Op::Dense(spec), _) => {
                        let o = part(spec.out_features);
                        Sums { dw: vec![0.0; o.len() * spec.in_features], db: vec![0.0; o.len()], o }
                    }
                    _ => Sums::default(),
                }
            };
            self.sums.push(Mutex::new(self.steps.iter().map(of_layer).collect()));
        }
        for own in &mut self.own {
            own.gradient = [vec![0.0; own.w.len()], vec![0.0; own.b.len()]];
        }
        self.pack(true);
    }

    /// Takes over parameters and moments. The parameters are the network's own.
    pub fn load(&mut self, params: &Params, moments: &Moments) {
        let copy = |tensor: Option<&Tensor>, to: &mut Vec<f32>| {
            to.clear();
            to.extend(tensor.into_iter().flatten());
        };
        for (l, own) in self.own.iter_mut().enumerate() {
            copy(params.0[l].get(Part::Weight), &mut own.w);
            copy(params.0[l].get(Part::Bias), &mut own.b);
            let nothing = Parts::default();
            let before = moments.layers.get(l).unwrap_or(&nothing);
            for (p, parts) in [[Part::WeightM, Part::WeightV], [Part::BiasM, Part::BiasV]].iter().enumerate()
            {
                for (moment, &part) in own.moments[p].iter_mut().zip(parts) {
                    copy(before.get(part), moment);
                }
            }
        }
        self.steps_done = moments.steps;
        self.pack(!self.sums.is_empty());
    }

    /// Lays the weights out as the kernels read them.
    fn pack(&mut self, backward: bool) {
        for (l, (step, own)) in self.steps.iter().zip(&mut self.own).enumerate() {
            match (&step.op, &step.conv) {
                (Op::Conv2d(_), Some(plan)) => {
                    own.forward.resize(plan.weight_len(), 0.0);
                    plan.pack_forward(&own.w, &mut own.forward);
                    if backward && l > self.first {
                        own.backward.resize(plan.weight_len(), 0.0);
                        plan.pack_input(&own.w, &mut own.backward);
                    }
                }
                (Op::Dense(spec), _) if own.w.len() <= LARGE => {
                    own.forward.resize(own.w.len(), 0.0);
                    dense::transpose(spec, &own.w, &mut own.forward);
                }
                _ => {}
            }
        }
    }

    /// Writes the parameters and moments as they are now over those of the same network.
    pub fn store(&self, params: &mut Params, moments: &mut Moments) {
        moments.steps = self.steps_done;
        moments.layers.resize_with(self.own.len(), Parts::default);
        for ((own, params), moments) in self.own.iter().zip(&mut params.0).zip(&mut moments.layers) {
            let of = [
                (&own.w, Part::Weight, &own.moments[0], [Part::WeightM, Part::WeightV]),
                (&own.b, Part::Bias, &own.moments[1], [Part::BiasM, Part::BiasV]),
            ];
            let mut kept = Parts::default();
            for (numbers, part, of_part, parts) in of {
                let Some(tensor) = params.get_mut(part) else { continue };
                tensor.iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
                for (numbers, part) in of_part.iter().zip(parts).filter(|(numbers, _)| !numbers.is_empty()) {
                    let mut moment = moments.take(part).unwrap_or_else(|| Tensor::zeros(tensor.dim()));
                    moment.iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
                    kept.set(part, moment);
                }
            }
            *moments = kept;
        }
    }

    /// Steps done.
    pub const fn steps(&self) -> u64 {
        self.steps_done
    }

    /// Whether it was planned for so many workers and for batches of so many images.
    pub fn suits(&self, workers: &dyn Workers, images: usize) -> bool {
        self.workers == workers.count().max(1) && images <= self.losses.len()
    }

    /// The last batch's outputs, (images, outputs), behind them as with [`Self::losses`].
    pub fn outputs(&self) -> &[f32] {
        &self.outputs
    }

    /// The last batch's losses, one for each image; behind them those of a larger batch before.
    pub fn losses(&self) -> &[f32] {
        &self.losses
    }

    /// x: (C, H, W) of one image -> its output, in evaluation.
    ///
    /// # Panics
    /// Where x has another length than the network's input.
    pub fn forward(&mut self, x: &[f32]) -> &[f32] {
        assert_eq!(x.len(), self.lens[0], "one image");
        let shard = &mut *self.shards[0].write().unwrap_or_else(PoisonError::into_inner);
        shard.values[0][..x.len()].copy_from_slice(x);
        let run = Run { steps: &self.steps, own: &self.own, isa: self.isa, images: 1, at: 0, stream: None };
        run.forward(shard);
        let outputs = self.network.classes();
        let last = self.steps.last().map_or(0, |step| step.to);
        self.outputs[..outputs].copy_from_slice(&shard.values[last][..outputs]);
        &self.outputs[..outputs]
    }

    /// Forward, loss and backward over a batch in training: the gradients of all parameters, summed over the
    /// images. x: (N, C, H, W), target: (N, outputs).
    ///
    /// # Panics
    /// Where the lengths are not those of N images, N from 1 to the batch planned for.
    pub fn gradients(&mut self, workers: &dyn Workers, x: &[f32], target: &[f32], stream: Stream) {
        self.prepare();
        let (inputs, outputs) = (self.lens[0], self.network.classes());
        let images = x.len() / inputs;
        assert!((1..=self.losses.len()).contains(&images) && x.len() == images * inputs);
        assert!(target.len() == images * outputs && workers.count() == self.workers);
        for sums in &mut self.sums {
            for sums in sums.get_mut().unwrap_or_else(PoisonError::into_inner) {
                sums.dw.fill(0.0);
                sums.db.fill(0.0);
            }
        }
        let last = self.steps.last().map_or(0, |step| step.to);
        let (shards, at_once) = (self.workers, self.group * self.workers);
        for begin in (0..images).step_by(at_once) {
            let this = &*self;
            let count = images.min(begin + at_once) - begin;
            let part = |worker: usize| begin + count * worker / shards..begin + count * (worker + 1) / shards;
            workers.run(&|worker| {
                let part = part(worker);
                let shard = &mut *this.shards[worker].write().unwrap_or_else(PoisonError::into_inner);
                let from = &x[part.start * inputs..part.end * inputs];
                shard.values[0][..from.len()].copy_from_slice(from);
                let run = Run {
                    steps: &this.steps,
                    own: &this.own,
                    isa: this.isa,
                    images: part.len(),
                    at: part.start,
                    stream: Some(stream),
                };
                run.forward(shard);
                let target = &target[part.start * outputs..part.end * outputs];
                let Shard { values, gradients, losses, .. } = shard;
                for (n, target) in target.chunks_exact(outputs).enumerate() {
                    let at = n * outputs..(n + 1) * outputs;
                    let (y, dy) = (&values[last][at.clone()], &mut gradients[last][at]);
                    losses[n] = loss(this.network.loss, y, target, dy);
                }
                run.backward(shard, this.first);
            });
            workers.run(&|worker| {
                let mut sums = this.sums[worker].lock().unwrap_or_else(PoisonError::into_inner);
                for (l, (step, sums)) in this.steps.iter().zip(&mut *sums).enumerate().rev() {
                    for other in 0..shards {
                        let shard = this.shards[other].read().unwrap_or_else(PoisonError::into_inner);
                        step.add_gradients(this.isa, l, &shard, part(other).len(), sums);
                    }
                }
            });
            for worker in 0..shards {
                let shard = self.shards[worker].read().unwrap_or_else(PoisonError::into_inner);
                let part = part(worker);
                self.losses[part.clone()].copy_from_slice(&shard.losses[..part.len()]);
                let to = &mut self.outputs[part.start * outputs..part.end * outputs];
                to.copy_from_slice(&shard.values[last][..to.len()]);
            }
        }
        for (l, own) in self.own.iter_mut().enumerate() {
            for sums in &mut self.sums {
                let sums = &sums.get_mut().unwrap_or_else(PoisonError::into_inner)[l];
                let Some(each) = own.w.len().checked_div(self.steps[l].channels()) else { continue };
                let to = &mut own.gradient[0][sums.o.start * each..sums.o.end * each];
                match &self.steps[l].conv {
                    Some(plan) => plan.gather(&sums.dw, to),
                    None => to.copy_from_slice(&sums.dw),
                }
                if !own.b.is_empty() {
                    own.gradient[1][sums.o.clone()].copy_from_slice(&sums.db);
                }
            }
        }
    }

    /// The gradients of a layer's weight and bias, summed over the last batch.
    pub fn gradient(&self, layer: usize) -> [&[f32]; 2] {
        let [dw, db] = &self.own[layer].gradient;
        [dw, db]
    }

    /// One step of training: [`Self::gradients`], then the update. `norms`: one for each layer is written,
    /// where they are wanted.
    pub fn step(
        &mut self,
        workers: &dyn Workers,
        optimizer: &Optimizer,
        x: &[f32],
        target: &[f32],
        stream: Stream,
        norms: Option<&mut Vec<LayerNorms>>,
    ) {
        self.gradients(workers, x, target, stream);
        let images = x.len() / self.lens[0];
        self.steps_done += 1;
        let mut norms = norms;
        if let Some(norms) = &mut norms {
            let before = |own: &Own| LayerNorms {
                gradient: norm([&own.gradient[0], &own.gradient[1]]) / images as f64,
                weight: norm([&own.w, &own.b]),
                update: 0.0,
            };
            norms.clear();
            norms.extend(self.own.iter().map(before));
        }
        for own in &mut self.own {
            let [dw, db] = &mut own.gradient;
            let [of_w, of_b] = &mut own.moments;
            update(self.isa, optimizer, images, self.steps_done, dw, &mut own.w, of_w);
            update(self.isa, optimizer, images, self.steps_done, db, &mut own.b, of_b);
        }
        // The update leaves what the rate multiplies in the gradient's place.
        for (norms, own) in norms.into_iter().flatten().zip(&self.own) {
            norms.update = optimizer.learning_rate.abs() * norm([&own.gradient[0], &own.gradient[1]]);
        }
        self.pack(true);
    }
}

/// How large a layer's gradient, parameters and change were in one step: Euclidean norms over weight and bias
/// together; 0 for a layer without.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct LayerNorms {
    /// Of the gradient averaged over the batch, without weight decay.
    pub gradient: f64,
    /// Of the parameters before the update.
    pub weight: f64,
    /// Of the change that the update made.
    pub update: f64,
}

/// The Euclidean norm of both lists together. For the eye: its sum goes in lanes, in no order that is promised.
pub(crate) fn norm(lists: [&[f32]; 2]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0f64; LANES];
    for list in lists {
        for chunk in list.chunks(LANES) {
            for (sum, &x) in sums.iter_mut().zip(chunk) {
                *sum += f64::from(x) * f64::from(x);
            }
        }
    }
    sums.iter().sum::<f64>().sqrt()
}

/// A dense weight of more numbers is not kept transposed as well.
const LARGE: usize = 1 << 22;

/// One worker's images of one group.
struct Run<'a> {
    steps: &'a [Step],
    own: &'a [Own],
    isa: Isa,
    images: usize,
    /// Which of the batch the first one is.
    at: usize,
    /// In training, where the masks of dropout come from.
    stream: Option<Stream>,
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
            .rposition(|step| matches!(step.op, Op::Conv2d(_) | Op::MaxPool2d(_)))
            .map_or(0, |l| l + 1)
    }

    fn forward(&self, shard: &mut Shard) {
        let tail = self.tail();
        for n in 0..self.images {
            for l in 0..tail {
                self.forward_layer(shard, l, n..n + 1);
            }
        }
        for l in tail..self.steps.len() {
            self.forward_layer(shard, l, 0..self.images);
        }
    }

    fn forward_layer(&self, shard: &mut Shard, l: usize, n: Range<usize>) {
        let (step, own) = (&self.steps[l], &self.own[l]);
        let (ins, outs) =
            (n.start * step.inputs..n.end * step.inputs, n.start * step.outputs..n.end * step.outputs);
        if step.from == step.to {
            if step.op == Op::Relu && !step.fused[0] {
                plain::relu(self.isa, &mut shard.values[step.to][outs]);
            }
            return;
        }
        let winners_wanted = matches!(step.op, Op::MaxPool2d(_));
        if winners_wanted {
            if shard.winners.len() <= l {
                shard.winners.resize(self.steps.len(), Vec::new());
            }
            let len = shard.values[step.to].len();
            shard.winners[l].resize(len, 0);
        }
        let (x, y) = pair(&mut shard.values, step.from, step.to);
        let each = |f: &dyn Fn(f32) -> f32, x: &[f32], y: &mut [f32]| {
            y.iter_mut().zip(x).for_each(|(y, &x)| *y = f(x));
        };
        match (&step.op, &step.conv) {
            (Op::Conv2d(spec), Some(plan)) => {
                let finish = Finish {
                    divide: if spec.normalize { spec.filter_pixels() as f64 as f32 } else { 0.0 },
                    bias: (!own.b.is_empty()).then_some(&own.b),
                    relu: step.relu,
                };
                plan.forward(&own.forward, finish, &x[ins.start..], &mut y[outs], &mut shard.scratch);
            }
            (Op::MaxPool2d(spec), _) => {
                plain::max_pool(self.isa, spec, &x[ins], &mut y[outs.clone()], &mut shard.winners[l][outs]);
            }
            (Op::Dense(spec), _) => {
                let (x, y) = (&x[ins], &mut y[outs]);
                if own.forward.is_empty() {
                    dense::forward_untransposed(self.isa, spec, n.len(), x, &own.w, y, &mut shard.scratch);
                } else {
                    dense::forward(self.isa, spec, n.len(), x, &own.forward, y);
                }
                if !own.b.is_empty() {
                    for y in y.chunks_exact_mut(spec.out_features) {
                        y.iter_mut().zip(&own.b).for_each(|(y, b)| *y += b);
                    }
                }
            }
            (Op::Relu, _) => each(&activation::relu, &x[ins], &mut y[outs]),
            (Op::LeakyRelu { slope }, _) => {
                let slope = *slope as f32;
                each(&|x| activation::leaky_relu(x, slope), &x[ins], &mut y[outs]);
            }
            (Op::Tanh, _) => each(&activation::tanh, &x[ins], &mut y[outs]),
            (Op::Sigmoid, _) => each(&activation::sigmoid, &x[ins], &mut y[outs]),
            (Op::Dropout { p }, _) => {
                for (k, (y, &x)) in y[outs.clone()].iter_mut().zip(&x[ins]).enumerate() {
                    *y = match self.stream {
                        Some(stream) => {
                            x * stream.mask::<f32>(l, self.at * step.outputs + outs.start + k, *p)
                        }
                        None => x,
                    };
                }
            }
            (Op::Conv2d(_) | Op::AvgPool2d(_) | Op::Flatten | Op::BatchNorm2d(_) | Op::Softmax, _) => {
                unreachable!("done in place, or not planned")
            }
        }
    }

    /// From the gradient of the last buffer to those that parameters need, and the inputs of convolutions
    /// lowered for their weights' gradients.
    fn backward(&self, shard: &mut Shard, first: usize) {
        let tail = self.tail();
        for l in (tail..self.steps.len()).rev() {
            self.backward_layer(shard, l, 0..self.images, first);
        }
        for n in 0..self.images {
            for l in (0..tail).rev() {
                self.backward_layer(shard, l, n..n + 1, first);
            }
        }
    }

    fn backward_layer(&self, shard: &mut Shard, l: usize, n: Range<usize>, first: usize) {
        let (step, own) = (&self.steps[l], &self.own[l]);
        let (ins, outs) =
            (n.start * step.inputs..n.end * step.inputs, n.start * step.outputs..n.end * step.outputs);
        if step.from == step.to {
            if step.op == Op::Relu && !step.fused[1] {
                plain::relu_backward(
                    self.isa,
                    &shard.values[step.to][outs.clone()],
                    &mut shard.gradients[step.to][outs],
                );
            }
            return;
        }
        if let (Op::Conv2d(spec), Some(plan)) = (&step.op, &step.conv) {
            let rows = spec.window.rows.out;
            let len = plan.lowered_len(rows);
            plan.lower(
                &shard.values[step.from][ins.clone()],
                0..rows,
                &mut shard.lowered[l][n.start * len..n.end * len],
            );
            if spec.normalize {
                let k = spec.filter_pixels() as f64 as f32;
                let dy = &shard.gradients[step.to][outs.clone()];
                shard.ds[l][outs.clone()].iter_mut().zip(dy).for_each(|(ds, dy)| *ds = dy / k);
            }
        }
        if l <= first {
            return;
        }
        let (dy, dx) = pair(&mut shard.gradients, step.to, step.from);
        let (x, y) = (&shard.values[step.from], &shard.values[step.to]);
        let each = |f: &dyn Fn(f32, f32) -> f32, by: &[f32], dx: &mut [f32], dy: &[f32]| {
            dx.iter_mut().zip(dy).zip(by).for_each(|((dx, &dy), &by)| *dx = f(dy, by));
        };
        match (&step.op, &step.conv) {
            (Op::Conv2d(spec), Some(plan)) => {
                let ds = if spec.normalize { &shard.ds[l][outs] } else { &dy[outs] };
                plan.backward_input(&own.backward, ds, &mut dx[ins], &mut shard.scratch);
            }
            (Op::MaxPool2d(spec), _) => {
                let gate = step.gates.then_some(&x[ins.clone()]);
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
            (Op::Relu, _) => each(&activation::relu_backward, &x[ins.clone()], &mut dx[ins], &dy[outs]),
            (Op::LeakyRelu { slope }, _) => {
                let slope = *slope as f32;
                let f = |dy, x| activation::leaky_relu_backward(dy, x, slope);
                each(&f, &x[ins.clone()], &mut dx[ins], &dy[outs]);
            }
            (Op::Tanh, _) => each(&activation::tanh_backward, &y[outs.clone()], &mut dx[ins], &dy[outs]),
            (Op::Sigmoid, _) => {
                each(&activation::sigmoid_backward, &y[outs.clone()], &mut dx[ins], &dy[outs])
            }
            (Op::Dropout { p }, _) => {
                for (k, (dx, &dy)) in dx[ins].iter_mut().zip(&dy[outs.clone()]).enumerate() {
                    *dx = match self.stream {
                        Some(stream) => {
                            dy * stream.mask::<f32>(l, self.at * step.outputs + outs.start + k, *p)
                        }
                        None => dy,
                    };
                }
            }
            (Op::Conv2d(_) | Op::AvgPool2d(_) | Op::Flatten | Op::BatchNorm2d(_) | Op::Softmax, _) => {
                unreachable!("done in place, or not planned")
            }
        }
    }
}

impl Step {
    /// Output channels or features of a layer with parameters, else 0.
    const fn channels(&self) -> usize {
        match &self.op {
            Op::Conv2d(spec) => spec.out_channels,
            Op::Dense(spec) => spec.out_features,
            _ => 0,
        }
    }

    /// The sums go on over a shard's images.
    fn add_gradients(&self, isa: Isa, l: usize, shard: &Shard, images: usize, sums: &mut Sums) {
        if sums.o.is_empty() || images == 0 {
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
                    if spec.bias {
                        plain::bias_sums(dy, rows * spec.window.cols.out, sums.o.clone(), &mut sums.db);
                    }
                }
            }
            (Op::Dense(spec), _) => {
                let x = &shard.values[self.from][..images * self.inputs];
                dense::backward_weight(isa, spec, images, x, dy, sums.o.clone(), &mut sums.dw);
                if spec.bias {
                    for dy in dy.chunks_exact(self.outputs) {
                        plain::bias_sums(dy, 1, sums.o.clone(), &mut sums.db);
                    }
                }
            }
            _ => {}
        }
    }
}

/// One image's loss; dy: its gradient by each output. As in [`super::loss`].
fn loss(kind: Loss, y: &[f32], target: &[f32], dy: &mut [f32]) -> f32 {
    match kind {
        Loss::CrossEntropy => {
            let max = y.iter().fold(f32::NEG_INFINITY, |best, &x| if takes_over(x, best) { x } else { best });
            let mut sum = 0.0;
            for (exp, &y) in dy.iter_mut().zip(y) {
                *exp = (y - max).exp();
                sum += *exp;
            }
            let mut loss = sum.ln();
            for ((dy, &y), &t) in dy.iter_mut().zip(y).zip(target) {
                loss = cross_term(t, y - max, loss);
                *dy = *dy / sum - t;
            }
            loss
        }
        Loss::Mse => {
            let features = y.len() as f64 as f32;
            let mut sum = 0.0f32;
            for ((dy, &y), &t) in dy.iter_mut().zip(y).zip(target) {
                sum = (y - t).mul_add(y - t, sum);
                *dy = (y - t) * 2.0 / features;
            }
            sum / features
        }
    }
}

compiled! {
/// One parameter's update, as in [`Optimizer::update`].
fn update(
    optimizer: &Optimizer,
    images: usize,
    step: u64,
    g: &mut [f32],
    w: &mut [f32],
    moments: &mut [Vec<f32>; 2],
) {
    let [m, v] = moments;
    let rule = optimizer.rule;
    // A moment that the rule does not use is forgotten.
    m.resize(if rule == Rule::Sgd { 0 } else { w.len() }, 0.0);
    v.resize(if matches!(rule, Rule::Adam { .. }) { w.len() } else { 0 }, 0.0);
    let (count, decay) = (images as f64 as f32, optimizer.weight_decay as f32);
    let rate = (-optimizer.learning_rate) as f32;
    {
        if images > 1 {
            g.iter_mut().for_each(|g| *g /= count);
        }
        if optimizer.weight_decay != 0.0 {
            g.iter_mut().zip(&*w).for_each(|(g, &w)| *g = decay.mul_add(w, *g));
        }
        match rule {
            Rule::Sgd => {}
            Rule::Momentum { momentum } => {
                let mu = momentum as f32;
                for (g, m) in g.iter_mut().zip(m) {
                    *m = *m * mu + *g;
                    *g = *m;
                }
            }
            Rule::Nesterov { momentum } => {
                let mu = momentum as f32;
                for (g, m) in g.iter_mut().zip(m) {
                    *m = *m * mu + *g;
                    *g = mu.mul_add(*m, *g);
                }
            }
            Rule::Adam { beta1, beta2, eps } => {
                let (b1, b2, eps) = (beta1 as f32, beta2 as f32, eps as f32);
                let (a1, a2) = ((1.0 - beta1) as f32, (1.0 - beta2) as f32);
                let (m_bias, v_bias) =
                    (bias_correction(beta1, step) as f32, bias_correction(beta2, step) as f32);
                for ((g, m), v) in g.iter_mut().zip(m).zip(v) {
                    *m = a1.mul_add(*g, *m * b1);
                    *v = a2.mul_add(*g * *g, *v * b2);
                    *g = *m / ((*v / v_bias).sqrt() + eps) / m_bias;
                }
            }
        }
        w.iter_mut().zip(&*g).for_each(|(w, &step)| *w = rate.mul_add(step, *w));
    }
}
}
