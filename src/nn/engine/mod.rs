//! Whole training steps on planned buffers: the same numbers as [`Network::run`] and
//! [`Optimizer::update`], bit for bit, without keeping every tensor on the way.
//!
//! A batch is cut into groups of images. For each group every worker runs its own images forward, loss and
//! backward; then the parameters' gradients are summed on over the group's images in batch order, each worker
//! with its own output channels. So a fold is never split, and the number of workers does not show in the
//! result. All buffers are made from the shapes once; a step allocates nothing. In training each layer's buffer is kept
//! for the backward pass; where there is none, it is another's as soon as its last reader has read it.

mod layers;
mod phases;
mod places;
mod update;

pub use update::LayerNorms;
pub(crate) use update::norm;

use super::{
    Edge, Network, Op, Params, Part, Parts, Source, batchnorm,
    dropout::Stream,
    execution::Workers,
    kernels::{Isa, conv::ConvPlan, dense, plain},
    optimizer::{Moments, Optimizer},
};
use crate::tensor::{Shape, Tensor};
use layers::Run;
use phases::Group;
use places::Places;
use std::{
    ops::Range,
    sync::{Mutex, PoisonError, RwLock},
};
use update::update;

/// One layer, planned.
#[derive(Debug)]
struct Step {
    op: Op,
    conv: Option<ConvPlan>,
    /// The buffers that it reads (of a join the first) and writes; the same for a layer that works in place.
    from: usize,
    to: usize,
    /// Each of its inputs.
    reads: Vec<Reading>,
    /// Whether the gradient of its output is wanted: for its own parameters or for those of a layer before.
    wanted: bool,
    /// Whether a ReLU behind it is done with it.
    relu: bool,
    /// Whether an earlier ReLU's gate is done with its input gradient.
    gates: bool,
    /// Whether that is all that this layer does: it is done with another.
    fused: [bool; 2],
    /// Extents as numbers in one image.
    inputs: usize,
    outputs: usize,
    /// Positions in one channel of the output.
    plane: usize,
}

/// One input of a layer.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// The buffer.
    from: usize,
    /// Its numbers in one image.
    len: usize,
    /// Whether its gradient is wanted.
    wanted: bool,
    /// Where the buffer has several readers: how its gradient joins theirs.
    sum: Option<Joins>,
}

/// How a reader's gradient joins those of a buffer's other readers, in the order of the backward pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Joins {
    /// It is the first: the sum begins with it.
    First,
    /// It is added to the sum.
    Later,
}

/// A layer's parameters and what goes with them.
#[derive(Debug, Default)]
struct Own {
    w: Vec<f32>,
    b: Vec<f32>,
    /// First and second moments of weight and bias.
    moments: [[Vec<f32>; 2]; 2],
    /// The weight as forward and as the input gradient read it; empty where that needs no other order.
    forward: Vec<f32>,
    backward: Vec<f32>,
    /// The gradients, gathered from the workers' sums.
    gradient: [Vec<f32>; 2],
    /// Batch normalisation: the running mean and variance.
    running: [Vec<f32>; 2],
    /// The last batch's mean and variance, and 1 / sqrt(var + eps) of it.
    batch: [Vec<f32>; 3],
}

/// The moments of a trained parameter, with their names.
type Trained<'a> = (&'a [Vec<f32>; 2], [Part; 2]);

impl Own {
    /// A parameter's numbers, and of a trained one the moments with their names.
    fn part(&self, part: Part) -> Option<(&[f32], Option<Trained<'_>>)> {
        let parameters: [(Part, &[f32], Option<Trained>); 4] = [
            (Part::Weight, &self.w, Some((&self.moments[0], [Part::WeightM, Part::WeightV]))),
            (Part::Bias, &self.b, Some((&self.moments[1], [Part::BiasM, Part::BiasV]))),
            (Part::RunningMean, &self.running[0], None),
            (Part::RunningVar, &self.running[1], None),
        ];
        let found = parameters.into_iter().find(|(own, ..)| *own == part);
        found.map(|(_, numbers, moments)| (numbers, moments))
    }
}

/// What one worker keeps of its images.
#[derive(Debug, Default)]
struct Shard {
    /// Per buffer: (images, numbers).
    values: Vec<Vec<f32>>,
    gradients: Vec<Vec<f32>>,
    /// Per layer: a max pool's winners.
    winners: Vec<Vec<u32>>,
    /// Per layer that normalises each image for itself: the statistics, per image.
    stats: Vec<Vec<f32>>,
    /// Per layer: what a weight gradient reads, per image.
    lowered: Vec<Vec<f32>>,
    /// Per layer that divides its sum: the sum's gradient.
    ds: Vec<Vec<f32>>,
    scratch: Vec<f32>,
    /// The gradient that one of several readers hands back, before it is added to theirs.
    edge: Vec<f32>,
    losses: Vec<f32>,
}

/// The sums of one layer's gradients for a range of [`Step::channels`]; of a batch normalisation its statistics
/// too.
#[derive(Debug, Default)]
struct Sums {
    o: Range<usize>,
    /// The channels of the bias: the same, but of a transposed convolution.
    of_bias: Range<usize>,
    dw: Vec<f32>,
    db: Vec<f32>,
    mean: Vec<f32>,
    var: Vec<f32>,
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
    /// Where the buffers lie in training: each by itself.
    apart: Places,
    /// Each worker's, from the first step of training on.
    shards: Vec<RwLock<Shard>>,
    /// Where they lie when nothing is kept for a backward pass, and that one's buffers, from the first call on.
    shared: Places,
    forward: Option<Shard>,
    /// Per worker, per layer.
    sums: Vec<Mutex<Vec<Sums>>>,
    /// The batch normalisations: there all images wait for one another.
    norms: Vec<usize>,
    steps_done: u64,
    outputs: Vec<f32>,
    losses: Vec<f32>,
}

/// Behind every buffer, so that vectors may overread it.
const BEHIND: usize = 64;

/// A step for each layer, and the lengths of the buffers that they read and write. A layer that works in place, or that
/// the one before does as well, has no buffer of its own: it is the only one to read that one's output.
fn plan_steps(network: &Network, isa: Isa) -> (Vec<Step>, Vec<usize>) {
    let mut steps: Vec<Step> = Vec::new();
    let mut lens = vec![network.input.iter().product()];
    for (l, layer) in network.layers.iter().enumerate() {
        let near = Near::of(network, l);
        let conv = match &layer.op {
            Op::Conv2d(spec) => Some(ConvPlan::new(isa, spec)),
            Op::ConvTranspose2d(spec) => Some(ConvPlan::new(isa, &spec.conv)),
            Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::BatchNorm2d(_)
            | Op::PRelu(_)
            | Op::GroupNorm(_)
            | Op::LocalResponseNorm(_)
            | Op::Softmax
            | Op::Activation(_)
            | Op::Flatten
            | Op::Dense(_)
            | Op::Dropout { .. }
            | Op::Add
            | Op::Multiply
            | Op::Concat => None,
        };
        let reads: Vec<Reading> = (0..layer.sources.len())
            .map(|input| reading(network, &steps, Edge { layer: l, input }))
            .collect();
        let from = reads[0].from;
        let in_place = near.alone && (layer.op == Op::Flatten || near.unread && near.relu);
        let to = if in_place { from } else { lens.len() };
        if !in_place {
            lens.push(layer.output.iter().product());
        }
        steps.push(Step {
            op: layer.op,
            relu: conv.is_some() && near.then_relu,
            gates: near.gates,
            fused: [
                near.relu && near.alone && near.is_conv,
                near.relu && near.alone && near.unread && near.then_halving,
            ],
            conv,
            from,
            to,
            wanted: reads.iter().any(|read| read.wanted) || !layer.parameters().is_empty(),
            reads,
            inputs: layer.input.iter().product(),
            outputs: layer.output.iter().product(),
            plane: layer.output[1] * layer.output[2],
        });
    }
    (steps, lens)
}

/// Where an input of a layer lies, and what becomes of its gradient.
fn reading(network: &Network, steps: &[Step], edge: Edge) -> Reading {
    let layer = &network.layers[edge.layer];
    let source = layer.sources[edge.input];
    let readers = network.readers(source);
    let joins = || if readers.first() == Some(&edge) { Joins::First } else { Joins::Later };
    Reading {
        from: source.layer().map_or(0, |l| steps[l].to),
        len: layer.inputs[edge.input].iter().product(),
        wanted: source.layer().is_some_and(|l| steps[l].wanted),
        sum: (readers.len() > 1).then(joins),
    }
}

/// What lies around a layer and might be done together with it.
#[derive(Default)]
struct Near {
    /// Whether it is a ReLU.
    relu: bool,
    /// Whether it alone reads what it reads.
    alone: bool,
    /// Whether that is the output of a layer which does not read it on the way back, or of a convolution.
    unread: bool,
    is_conv: bool,
    /// Whether a ReLU alone reads its output, or a max pool that halves.
    then_relu: bool,
    then_halving: bool,
    /// Whether it is a max pool that halves what a ReLU in place made.
    gates: bool,
}

impl Near {
    fn of(network: &Network, l: usize) -> Self {
        let op = |l: usize| &network.layers[l].op;
        let unread = |l: usize| match op(l) {
            Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::Dense(_)
            | Op::BatchNorm2d(_)
            | Op::GroupNorm(_)
            | Op::PRelu(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::Add
            | Op::Multiply
            | Op::Concat => true,
            Op::MaxPool2d(_)
            | Op::Activation(_)
            | Op::Flatten
            | Op::LocalResponseNorm(_)
            | Op::Dropout { .. }
            | Op::Softmax => false,
        };
        let halving = |l: usize| matches!(op(l), Op::MaxPool2d(spec) if plain::is_halving(spec));
        let then = network.only_reader(Source::Layer(l));
        // What a layer alone reads, where that is another layer's output.
        let alone_before = |l: usize| {
            let source = *network.layers[l].sources.first()?;
            network.only_reader(source)?;
            source.layer()
        };
        let before = alone_before(l);
        let relu_before = before.filter(|&before| *op(before) == Op::RELU);
        Self {
            relu: *op(l) == Op::RELU,
            alone: network.layers[l].sources.iter().all(|&source| network.only_reader(source) == Some(l)),
            unread: before.is_some_and(unread),
            is_conv: before
                .is_some_and(|before| matches!(op(before), Op::Conv2d(_) | Op::ConvTranspose2d(_))),
            then_relu: then.is_some_and(|then| *op(then) == Op::RELU),
            then_halving: then.is_some_and(halving),
            gates: halving(l) && relu_before.and_then(alone_before).is_some_and(unread),
        }
    }
}

impl Engine {
    /// Plans a network for batches of up to `batch` images.
    pub fn new(network: &Network, params: &Params, batch: usize, isa: Isa, workers: &dyn Workers) -> Self {
        let workers = workers.count().max(1);
        let (steps, lens) = plan_steps(network, isa);
        let own = network.layers.iter().map(|_| Own::default()).collect();
        let (apart, shared) = (Places::apart(&lens), Places::shared(&steps, &lens));
        let mut engine = Self {
            network: network.clone(),
            isa,
            workers,
            group: 1,
            steps,
            lens,
            own,
            apart,
            shards: Vec::new(),
            shared,
            forward: None,
            sums: Vec::new(),
            norms: (0..network.layers.len())
                .filter(|&l| matches!(network.layers[l].op, Op::BatchNorm2d(_)))
                .collect(),
            steps_done: 0,
            outputs: Vec::new(),
            losses: Vec::new(),
        };
        engine.group = engine.group_of(batch.max(1));
        let outputs = network.outputs();
        (engine.outputs, engine.losses) = (vec![0.0; batch * outputs], vec![0.0; batch]);
        engine.load(params, &Moments::default());
        engine
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
        let whole = batch.div_ceil(self.workers);
        if self.norms.is_empty() { (near / image).clamp(least, 32).min(whole) } else { whole }
    }

    /// Buffers for a number of images.
    fn shard(&self, places: &Places, images: usize) -> Shard {
        let plans = self.steps.iter().filter_map(|step| step.conv.as_ref());
        let scratch = plans.map(ConvPlan::scratch_len).max().unwrap_or(0);
        let norms = self.steps.iter().map(Step::norm_scratch).max().unwrap_or(0);
        Shard {
            values: places.lens.iter().map(|len| vec![0.0; len * images + BEHIND]).collect(),
            scratch: vec![0.0; scratch.max(dense::forward_scratch_len(self.isa)).max(norms)],
            stats: self.steps.iter().map(|step| vec![0.0; step.stats() * images]).collect(),
            losses: vec![0.0; images],
            ..Shard::default()
        }
    }

    /// Makes what only training needs, where it is not there yet.
    fn prepare(&mut self) {
        if !self.sums.is_empty() {
            return;
        }
        self.shards = (0..self.workers).map(|_| RwLock::new(self.shard(&self.apart, self.group))).collect();
        for shard in &mut self.shards {
            let shard = shard.get_mut().unwrap_or_else(PoisonError::into_inner);
            shard.gradients = shard.values.iter().map(|values| vec![0.0; values.len()]).collect();
            let edges = self.steps.iter().flat_map(|step| &step.reads).filter(|read| read.sum.is_some());
            let longest = edges.map(|read| shard.values[read.from].len()).max();
            shard.edge = vec![0.0; longest.unwrap_or(0)];
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
                let o = part(step.channels());
                let sums = |each: usize, of_bias: Range<usize>| Sums {
                    o: o.clone(),
                    dw: vec![0.0; o.len() * each],
                    db: vec![0.0; of_bias.len()],
                    of_bias,
                    ..Sums::default()
                };
                match (&step.op, &step.conv) {
                    (Op::Conv2d(_), Some(plan)) => sums(plan.sums_row(), o.clone()),
                    (Op::ConvTranspose2d(spec), Some(plan)) => {
                        sums(plan.sums_row(), part(spec.out_channels()))
                    }
                    (Op::Dense(spec), _) => sums(spec.in_features, o.clone()),
                    (Op::BatchNorm2d(_), _) => {
                        let [mean, var] = std::array::from_fn(|_| vec![0.0; o.len()]);
                        Sums { mean, var, ..sums(1, o.clone()) }
                    }
                    (Op::PRelu(_), _) => sums(1, 0..0),
                    (Op::GroupNorm(_), _) => sums(1, o.clone()),
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
                    ) => Sums::default(),
                }
            };
            self.sums.push(Mutex::new(self.steps.iter().map(of_layer).collect()));
        }
        for own in &mut self.own {
            own.gradient = [vec![0.0; own.w.len()], vec![0.0; own.b.len()]];
            own.batch = std::array::from_fn(|_| vec![0.0; own.running[0].len()]);
        }
        self.pack(true);
    }

    /// Copies parameters and moments in. The parameters are the network's own.
    pub fn load(&mut self, params: &Params, moments: &Moments) {
        let copy = |tensor: Option<&Tensor>, to: &mut Vec<f32>| {
            to.clear();
            to.extend(tensor.into_iter().flatten());
        };
        for (l, own) in self.own.iter_mut().enumerate() {
            copy(params.0[l].get(Part::Weight), &mut own.w);
            copy(params.0[l].get(Part::Bias), &mut own.b);
            copy(params.0[l].get(Part::RunningMean), &mut own.running[0]);
            copy(params.0[l].get(Part::RunningVar), &mut own.running[1]);
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
        for (step, own) in self.steps.iter().zip(&mut self.own) {
            match (&step.op, &step.conv) {
                (Op::Conv2d(_), Some(plan)) => {
                    own.forward.resize(plan.weight_len(), 0.0);
                    plan.pack_forward(&own.w, &mut own.forward);
                    if backward && step.reads[0].wanted {
                        own.backward.resize(plan.weight_len(), 0.0);
                        plan.pack_input(&own.w, &mut own.backward);
                    }
                }
                // Forward it is a convolution's input gradient, and the other way round.
                (Op::ConvTranspose2d(_), Some(plan)) => {
                    own.forward.resize(plan.weight_len(), 0.0);
                    plan.pack_input(&own.w, &mut own.forward);
                    if backward && step.reads[0].wanted {
                        own.backward.resize(plan.weight_len(), 0.0);
                        plan.pack_forward(&own.w, &mut own.backward);
                    }
                }
                (Op::Dense(spec), _) if own.w.len() <= LARGE => {
                    own.forward.resize(own.w.len(), 0.0);
                    dense::transpose(spec, &own.w, &mut own.forward);
                }
                (
                    Op::Conv2d(_)
                    | Op::ConvTranspose2d(_)
                    | Op::Dense(_)
                    | Op::MaxPool2d(_)
                    | Op::AvgPool2d(_)
                    | Op::Resample2d(_)
                    | Op::Activation(_)
                    | Op::Flatten
                    | Op::BatchNorm2d(_)
                    | Op::PRelu(_)
                    | Op::GroupNorm(_)
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

    /// The parameters and moments as they are now.
    pub fn numbers(&self) -> (Params, Moments) {
        let tensor = |shape: Shape, numbers: &[f32]| {
            let mut numbers = numbers.iter().copied();
            Tensor::from_shape_simple_fn(shape.0, || numbers.next().unwrap_or_default())
        };
        let (mut params, mut moments) =
            (Params::default(), Moments { steps: self.steps_done, layers: Vec::new() });
        for (layer, own) in self.network.layers.iter().zip(&self.own) {
            let (mut values, mut of_values) = (Parts::default(), Parts::default());
            for (part, shape) in layer.parameters() {
                let Some((numbers, moments)) = own.part(part) else { continue };
                values.set(part, tensor(shape, numbers));
                let moments = moments.into_iter().flat_map(|(moments, parts)| moments.iter().zip(parts));
                for (moment, part) in moments.filter(|(moment, _)| !moment.is_empty()) {
                    of_values.set(part, tensor(shape, moment));
                }
            }
            params.0.push(values);
            // Before the first step there is none.
            moments.layers.extend((self.steps_done > 0).then_some(of_values));
        }
        (params, moments)
    }

    /// Steps done.
    pub const fn steps(&self) -> u64 {
        self.steps_done
    }

    /// Whether it was planned for this number of workers and this batch size.
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
        let mut shard = self.forward.take().unwrap_or_else(|| self.shard(&self.shared, 1));
        shard.values[self.shared.of[0]][..x.len()].copy_from_slice(x);
        let run = Run {
            steps: &self.steps,
            own: &self.own,
            isa: self.isa,
            images: 1,
            at: 0,
            count: 0,
            stream: None,
            places: &self.shared,
        };
        run.forward(&mut shard, 0..self.steps.len());
        let outputs = self.network.outputs();
        let last = self.shared.of[self.last()];
        self.outputs[..outputs].copy_from_slice(&shard.values[last][..outputs]);
        self.forward = Some(shard);
        &self.outputs[..outputs]
    }

    /// Forward, loss and backward over a batch in training: the gradients of all parameters, summed over the
    /// images. x: (N, C, H, W), target: (N, outputs).
    ///
    /// # Panics
    /// Where the lengths are not those of N images, N from 1 to the batch planned for.
    pub fn gradients(&mut self, workers: &dyn Workers, x: &[f32], target: &[f32], stream: Stream) {
        self.prepare();
        let (inputs, outputs) = (self.lens[0], self.network.outputs());
        let images = x.len() / inputs;
        assert!((1..=self.losses.len()).contains(&images) && x.len() == images * inputs);
        assert!(target.len() == images * outputs && workers.count() == self.workers);
        for sums in &mut self.sums {
            for sums in sums.get_mut().unwrap_or_else(PoisonError::into_inner) {
                sums.dw.fill(0.0);
                sums.db.fill(0.0);
            }
        }
        let last = self.last();
        for begin in (0..images).step_by(self.group * self.workers) {
            let count = images.min(begin + self.group * self.workers) - begin;
            let group = Group { begin, count, workers: self.workers };
            self.group_gradients(workers, group, x, target, stream);
            for worker in 0..self.workers {
                let shard = self.shards[worker].read().unwrap_or_else(PoisonError::into_inner);
                let part = group.part(worker);
                self.losses[part.clone()].copy_from_slice(&shard.losses[..part.len()]);
                let to = &mut self.outputs[part.start * outputs..part.end * outputs];
                to.copy_from_slice(&shard.values[last][..to.len()]);
            }
        }
        for l in 0..self.own.len() {
            self.gather(l);
        }
    }

    /// The buffer of the outputs.
    fn last(&self) -> usize {
        self.steps.last().map_or(0, |step| step.to)
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
        for (step, own) in self.steps.iter().zip(&mut self.own) {
            if let Op::BatchNorm2d(spec) = &step.op {
                let unbias = batchnorm::unbias(images * step.inputs / spec.channels);
                let [mean, var, _] = &own.batch;
                for (running, (batch, unbias)) in own.running.iter_mut().zip([(mean, 1.0), (var, unbias)]) {
                    for (running, &batch) in running.iter_mut().zip(batch) {
                        *running = batchnorm::running_cell(spec, *running, batch, unbias);
                    }
                }
            }
        }
        // The update leaves what the rate multiplies in the gradient's place.
        for (norms, own) in norms.into_iter().flatten().zip(&self.own) {
            norms.update = optimizer.learning_rate.abs() * norm([&own.gradient[0], &own.gradient[1]]);
        }
        self.pack(true);
    }
}

/// A dense weight of more numbers is not kept transposed as well.
const LARGE: usize = 1 << 22;
