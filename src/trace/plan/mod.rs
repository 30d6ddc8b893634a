//! The plan: the stages of one training step in order. Shapes only; nothing per cell.
//!
//! A batch goes image by image (forward, loss, backward), then comes the update: the stages before
//! the update repeat for each image. Where batch normalisation couples the images, each stage makes
//! the tensor of all images at once and nothing repeats.

mod build;

use super::address::{Address, Grain, Pass, Place};
use super::tensor_id::{Owner, TensorId};
use super::term::Operand;
use crate::nn::{
    Gradient, Layer, Mode, Network, Op, Part, Source, conv::Conv2d, dropout::Stream, optimizer::Optimizer,
};
use crate::tensor::Shape;
use std::{ops::Range, sync::Arc};

/// What a run is, beside the network.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Setup {
    /// Images in a batch, at least 1.
    pub images: u32,
    /// Batches in an epoch, at least 1.
    pub batches: u32,
    /// Epochs of the run, at least 1.
    pub epochs: u32,
    /// Whether batch statistics and dropout are in use.
    pub mode: Mode,
    /// What makes the update.
    pub optimizer: Optimizer,
    /// The seed of the dropout masks.
    pub seed: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self { images: 1, batches: 1, epochs: 1, mode: Mode::Eval, optimizer: Optimizer::default(), seed: 0 }
    }
}

/// The making of one tensor: its cells in row-major order, each cell by its terms in order.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stage {
    /// The pass it belongs to.
    pub pass: Pass,
    /// What it makes.
    pub tensor: TensorId,
    /// What one go of it makes: one image's tensor, a parameter's, or all images' at once.
    pub shape: Shape,
    /// Terms of each cell.
    pub terms: u32,
    /// Whether each image of a batch has its own such tensor.
    pub per_image: bool,
    /// Its first step, counted from the start of its image, or of the update.
    pub start: u64,
}

impl Stage {
    /// Number of cells.
    pub const fn cells(&self) -> u64 {
        self.shape.len() as u64
    }

    /// Number of steps: cells x terms.
    pub const fn steps(&self) -> u64 {
        self.cells() * self.terms as u64
    }
}

/// The stages of one training step.
#[derive(Clone, Debug)]
pub struct Plan {
    network: Arc<Network>,
    setup: Setup,
    layered: bool,
    stages: Vec<Stage>,
    /// Where the stages of each pass lie.
    passes: [Range<usize>; 4],
    /// Steps of one image's stages: of all images' where they are coupled.
    image_len: u64,
    update_len: u64,
    /// (owner, part) -> stage, `NONE` where the plan does not make it; for the inputs of a join the first one's.
    stage_of: Vec<u16>,
}

const NONE: u16 = u16::MAX;

impl Plan {
    fn slot(&self, tensor: TensorId) -> usize {
        let owner = match tensor.owner {
            Owner::Layer(l) => l as usize,
            Owner::Loss => self.network.layers.len(),
            Owner::Input => self.network.layers.len() + 1,
        };
        owner * Part::ALL.len() + tensor.part.number()
    }

    /// The network that it is a plan for.
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

    /// The layer with this number.
    pub fn layer(&self, l: usize) -> &Layer {
        &self.network.layers[l]
    }

    /// What the run is.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Whether each stage makes the tensor of all images at once.
    pub const fn is_layered(&self) -> bool {
        self.layered
    }

    /// All stages, in order; those before the update repeat for each image.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The numbers of a pass's stages.
    pub fn pass_stages(&self, pass: Pass) -> Range<usize> {
        self.passes[pass as usize].clone()
    }

    /// How often the stages before the update are gone through.
    pub const fn repeats(&self) -> u32 {
        if self.layered { 1 } else { self.setup.images }
    }

    /// Steps of one training step.
    pub const fn len(&self) -> u64 {
        self.image_len * self.repeats() as u64 + self.update_len
    }

    /// Whether there is nothing to do; never so for a network.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Training steps of the run.
    pub const fn times(&self) -> u32 {
        self.setup.epochs * self.setup.batches
    }

    /// Steps of the whole run.
    pub const fn run_len(&self) -> u64 {
        self.len() * self.times() as u64
    }

    /// The bytes that the plan owns, with its network.
    pub fn bytes(&self) -> usize {
        let layer = |layer: &Layer| {
            let spec = &layer.spec;
            let names: usize = spec.inputs.iter().map(|name| name.capacity() + size_of::<String>()).sum();
            let inputs = layer.sources.len() * (size_of::<Source>() + size_of::<[usize; 3]>());
            size_of::<Layer>()
                + spec.name.capacity()
                + spec.weights.as_ref().map_or(0, String::capacity)
                + names
                + inputs
        };
        size_of::<Self>()
            + self.stages.capacity() * size_of::<Stage>()
            + self.stage_of.capacity() * size_of::<u16>()
            + size_of::<Network>()
            + self.network.layers.iter().map(layer).sum::<usize>()
            + (self.network.layers.capacity() - self.network.layers.len()) * size_of::<Layer>()
    }

    /// Where the cell that an operand of training step `time` reads was last written; `None` for a
    /// constant and for padding.
    pub fn last_writer(&self, operand: &Operand, time: u32) -> Option<Address> {
        match *operand {
            Operand::Cell { tensor, image, index } => Some(self.writer(tensor, time, image, index)),
            Operand::Constant { .. } | Operand::Padding { .. } => None,
        }
    }

    /// The stage that makes a tensor.
    pub fn stage_of(&self, tensor: TensorId) -> Option<usize> {
        // The comparisons that make a pool's output find its winner too.
        let is_winner = tensor.part == Part::Winner;
        let tensor = if is_winner { TensorId { part: Part::Out, ..tensor } } else { tensor };
        // The gradients of a join's inputs follow one another.
        let input = if let Part::DxOf(input) = tensor.part { input as usize } else { 0 };
        let stage = self.stage_of[self.slot(tensor)] as usize + input;
        (stage < self.stages.len() && (input == 0 || self.stages[stage].tensor == tensor)).then_some(stage)
    }

    /// The shape of a tensor: of one image where each has its own.
    pub fn shape_of(&self, tensor: TensorId) -> Shape {
        let image = |[c, h, w]: [usize; 3]| Shape::new(1, c, h, w);
        match (tensor.owner, tensor.part) {
            (Owner::Input, _) => image(self.network.input),
            (Owner::Loss, Part::Target) => image(self.network.output()),
            (Owner::Layer(l), part) if tensor.is_parameter() => {
                let parameters = self.layer(l as usize).parameters();
                parameters.into_iter().find(|(p, _)| *p == part).map_or(Shape::SCALAR, |(_, shape)| shape)
            }
            _ => self.stage_of(tensor).map_or(Shape::SCALAR, |stage| {
                let stage = &self.stages[stage];
                let [n, c, h, w] = stage.shape.0;
                if stage.per_image { Shape::new(1, c, h, w) } else { Shape::new(n, c, h, w) }
            }),
        }
    }

    /// Whether a tensor's planes are named by two numbers, (out, in).
    pub fn is_weight_shaped(&self, tensor: TensorId) -> bool {
        let is_weight = matches!(
            tensor.part,
            Part::Weight
                | Part::Dw
                | Part::DwMean
                | Part::DwDecayed
                | Part::WeightM
                | Part::WeightV
                | Part::WeightStep
        );
        is_weight
            && match tensor.owner {
                Owner::Layer(l) => {
                    !matches!(self.layer(l as usize).op, Op::BatchNorm2d(_) | Op::GroupNorm(_) | Op::PRelu(_))
                }
                Owner::Input | Owner::Loss => false,
            }
    }

    /// Whether a tensor is one of this plan: made by a stage, or given.
    pub fn knows(&self, tensor: TensorId) -> bool {
        let has_owner = match tensor.owner {
            Owner::Layer(l) => (l as usize) < self.network.layers.len(),
            Owner::Input | Owner::Loss => true,
        };
        has_owner && (self.stage_of(tensor).is_some() || self.given().any(|given| given == tensor))
    }

    /// Whether an address names a place of this plan; one that was read from a file need not.
    pub fn has(&self, address: &Address) -> bool {
        let (images, terms) = match address.place() {
            Place::Stage(s) => match self.stages.get(s as usize) {
                Some(stage) if stage.pass == Pass::Update => (1, stage.terms),
                Some(stage) => (self.repeats(), stage.terms),
                None => return false,
            },
            Place::Given(tensor) if !self.knows(tensor) => return false,
            Place::Given(tensor) => (if tensor.is_per_image() { self.setup.images } else { 1 }, 1),
        };
        address.time() < self.times()
            && address.image() < images
            && (address.cell() as usize) < self.shape_at(address).len()
            && address.term() < terms
    }

    /// Whether every address of this plan names the same stage and cell in another one.
    pub fn has_same_places(&self, other: &Self) -> bool {
        std::ptr::eq(self, other) || {
            let run = |plan: &Self| {
                let Setup { images, batches, epochs, mode: _, optimizer: _, seed: _ } = plan.setup;
                (plan.layered, images, batches, epochs)
            };
            run(self) == run(other) && self.stages == other.stages && self.network == other.network
        }
    }

    /// The tensors that a step starts from: input, target and parameters.
    pub fn given(&self) -> impl Iterator<Item = TensorId> + '_ {
        let parameters = self.network.layers.iter().enumerate().flat_map(|(l, layer)| {
            layer.parameters().into_iter().map(move |(part, _)| TensorId::layer(l, part))
        });
        [TensorId::INPUT, TensorId::TARGET].into_iter().chain(parameters)
    }

    /// What layer `l` reads: the output of the layer before, or the picture; of a join the first input. For the number
    /// after the last layer's: what the loss reads.
    pub fn input_of(&self, l: usize) -> TensorId {
        match self.network.layers.get(l) {
            Some(layer) => TensorId::of(layer.sources[0]),
            None => TensorId::of(Source::before(l)),
        }
    }

    /// All that layer `l` reads, in the order of its inputs.
    pub fn inputs_of(&self, l: usize) -> impl ExactSizeIterator<Item = TensorId> + '_ {
        self.network.layers[l].sources.iter().map(|&source| TensorId::of(source))
    }

    /// The gradient of layer `l`'s output: the input gradient of its one reader, the sum of several, or the loss's.
    pub fn output_gradient_of(&self, l: usize) -> TensorId {
        self.gradient_of(Source::Layer(l))
    }

    /// The gradient of the picture.
    pub fn picture_gradient(&self) -> TensorId {
        self.gradient_of(Source::Input)
    }

    /// The gradient of an output, or of the picture.
    pub fn gradient_of(&self, source: Source) -> TensorId {
        match self.network.gradient_of(source) {
            Some(Gradient::Edge(edge)) => TensorId::layer(edge.layer, self.network.edge_part(edge)),
            Some(Gradient::Sum) => TensorId { part: Part::Dy, ..TensorId::of(source) },
            // A network whose layers all lead to the loss has a gradient of each.
            Some(Gradient::Loss) | None => TensorId::loss(Part::Dx),
        }
    }

    /// What a tensor of gradients is the gradient of: what a layer, or the loss, reads. `None` for other tensors.
    pub fn differentiated(&self, gradient: TensorId) -> Option<Source> {
        match (gradient.owner, gradient.part) {
            (Owner::Loss, Part::Dx) => Some(Source::before(self.network.layers.len())),
            (Owner::Input, Part::Dy) => Some(Source::Input),
            (Owner::Layer(l), Part::Dy) => Some(Source::Layer(l as usize)),
            (Owner::Layer(l), part) => {
                let input = Layer::input_of_gradient(part)?;
                self.network.layers.get(l as usize)?.sources.get(input).copied()
            }
            (Owner::Input | Owner::Loss, _) => None,
        }
    }

    /// The gradient of the sum of products of layer `l`, a convolution: divided where it normalizes.
    pub fn sum_gradient_of(&self, l: usize, spec: &Conv2d) -> TensorId {
        if spec.normalize { TensorId::layer(l, Part::Ds) } else { self.output_gradient_of(l) }
    }

    /// The random stream of a training step.
    pub const fn stream(&self, time: u32) -> Stream {
        Stream { seed: self.setup.seed, step: time as u64 }
    }

    /// The place of step `step` of the run, as an address at `grain`.
    ///
    /// A step past the end gives the last one.
    pub fn locate(&self, step: u64, grain: Grain) -> Address {
        let step = step.min(self.run_len().saturating_sub(1));
        let (time, within) = ((step / self.len()) as u32, step % self.len());
        let images_len = self.image_len * self.repeats() as u64;
        let (image, range, rest) = if within < images_len {
            (
                (within / self.image_len) as u32,
                0..self.passes[Pass::Update as usize].start,
                within % self.image_len,
            )
        } else {
            (0, self.passes[Pass::Update as usize].clone(), within - images_len)
        };
        let stage = range.start + self.stages[range].partition_point(|stage| stage.start <= rest) - 1;
        let rest = rest - self.stages[stage].start;
        let terms = self.stages[stage].terms as u64;
        let cell = Address::stage_cell(time, image, stage, (rest / terms) as u32);
        self.widen(&cell.with_term((rest % terms) as u32), grain)
    }

    /// The unit of a coarser grain that an address lies in; the address itself where the grain is not coarser.
    pub fn widen(&self, address: &Address, grain: Grain) -> Address {
        if grain >= address.grain() {
            return *address;
        }
        let pass = self.stage_at(address).map(|stage| stage.pass);
        let update = self.pass_stages(Pass::Update).start;
        let (time, image) = (address.time(), address.image());
        match grain {
            Grain::Term => *address,
            Grain::Cell => address.whole_cell(),
            Grain::Channel => {
                let plane = self.shape_at(address).plane() as u32;
                address.with_channel_from(address.cell() - address.cell() % plane)
            }
            Grain::Layer => match address.place() {
                Place::Stage(stage) => address.with_stage(stage as usize),
                Place::Given(tensor) => address.with_given(tensor),
            },
            Grain::Pass => {
                let first = pass.map_or(0, |pass| self.pass_stages(pass).start);
                Address::coarse_unit(grain, time, image, first)
            }
            Grain::Example => {
                let first = if pass == Some(Pass::Update) { update } else { 0 };
                Address::coarse_unit(grain, time, image, first)
            }
            Grain::Batch => Address::coarse_unit(grain, time, 0, 0),
            Grain::Epoch => Address::coarse_unit(grain, time - time % self.setup.batches, 0, 0),
            Grain::Run => Address::RUN,
        }
    }

    /// The steps of the run that an address covers; `None` for a given tensor, which takes no step.
    pub fn steps(&self, address: &Address) -> Option<Range<u64>> {
        let stage = &self.stages[address.stage()?];
        let time = address.time() as u64 * self.len();
        let in_update = stage.pass == Pass::Update;
        let update = time + self.image_len * self.repeats() as u64;
        let block = if in_update { update } else { time + self.image_len * address.image() as u64 };
        let stage_start = block + stage.start;
        let terms = stage.terms as u64;
        let cell = stage_start + address.cell() as u64 * terms;
        Some(match address.grain() {
            Grain::Term => cell + address.term() as u64..cell + address.term() as u64 + 1,
            Grain::Cell => cell..cell + terms,
            Grain::Channel => {
                let plane = stage.shape.plane() as u64;
                let start = stage_start + address.cell() as u64 / plane * plane * terms;
                start..start + plane * terms
            }
            Grain::Layer => stage_start..stage_start + stage.steps(),
            Grain::Pass => {
                let range = self.pass_stages(stage.pass);
                let last = &self.stages[range.end - 1];
                block + self.stages[range.start].start..block + last.start + last.steps()
            }
            Grain::Example => {
                let len = if in_update { self.update_len } else { self.image_len };
                block..block + len
            }
            Grain::Batch => time..time + self.len(),
            Grain::Epoch => {
                let epoch = self.len() * self.setup.batches as u64;
                let start = address.time() as u64 / self.setup.batches as u64 * epoch;
                start..start + epoch
            }
            Grain::Run => 0..self.run_len(),
        })
    }

    /// The stretch of the run at `grain` that step `step` lies in.
    pub fn unit(&self, step: u64, grain: Grain) -> Range<u64> {
        let address = self.locate(step, grain);
        self.steps(&address).unwrap_or(0..self.run_len())
    }

    /// Where a cell of a tensor was last written before training step `time` reads it: the stage
    /// that makes it, the update before for a parameter, or the given tensor itself.
    pub fn writer(&self, tensor: TensorId, time: u32, image: u32, index: u32) -> Address {
        let given = Address::given_cell(time, if tensor.is_per_image() { image } else { 0 }, tensor, index);
        let Some(s) = self.stage_of(tensor) else { return given };
        if tensor.is_parameter() && time == 0 {
            return given;
        }
        let stage = &self.stages[s];
        let made_at = if tensor.is_parameter() { time - 1 } else { time };
        if self.layered && stage.per_image {
            let cells_of_one = (stage.shape.len() / stage.shape.0[0]) as u32;
            return Address::stage_cell(made_at, 0, s, image * cells_of_one + index);
        }
        let image = if self.layered || stage.pass == Pass::Update {
            0
        } else if matches!(tensor.part, Part::Dw | Part::Db) {
            // A gradient that is summed over the batch is complete after the last image.
            self.repeats() - 1
        } else {
            image
        };
        Address::stage_cell(made_at, image, s, index)
    }

    /// The name of a tensor: its layer's, and after a dot what it is of that layer.
    pub fn name(&self, tensor: TensorId) -> String {
        let mut name = String::new();
        self.push_name(tensor, &mut name);
        name
    }

    /// Appends the name of a tensor to a text.
    pub(super) fn push_name(&self, tensor: TensorId, text: &mut String) {
        if tensor == TensorId::TARGET {
            text.push_str("target");
            return;
        }
        text.push_str(match tensor.owner {
            Owner::Input => "input",
            Owner::Layer(l) => self.network().layers[l as usize].name(),
            Owner::Loss => "loss",
        });
        if tensor.part != Part::Out {
            text.push('.');
            text.push_str(tensor.part.suffix());
        }
    }

    /// The shape of the tensor that an address points into: of one image, or of the whole batch
    /// where the stage makes all images at once.
    pub fn shape_at(&self, address: &Address) -> Shape {
        match address.place() {
            Place::Stage(stage) => self.stages[stage as usize].shape,
            Place::Given(tensor) => self.shape_of(tensor),
        }
    }

    /// The stage that an address points into; `None` for a given tensor.
    pub fn stage_at(&self, address: &Address) -> Option<&Stage> {
        self.stages.get(address.stage()?)
    }
}
