//! Addresses: a place in a plan, as numbers.
//!
//! An address is an index into the stages of one plan and means nothing without that plan. What is kept
//! longer than a plan is the address's text, [`text::AddressText`], which is resolved against the current
//! plan.

pub mod text;

use super::tensor_id::TensorId;
use serde::{Deserialize, Serialize};

/// The unit of stepping, coarsest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Grain {
    /// The whole run.
    Run,
    /// One run through all batches.
    Epoch,
    /// One batch: forward, loss, backward of each image, then the update.
    Batch,
    /// One image of a batch; the update is a unit of its own.
    Example,
    /// Forward, loss, backward or update.
    Pass,
    /// One stage: the making of one tensor.
    #[default]
    Layer,
    /// One channel of it; of a weight, one (out, in) plane.
    Channel,
    /// One number.
    Cell,
    /// One operation.
    Term,
}

impl Grain {
    /// All grains, coarsest first.
    pub const ALL: [Self; 9] = [
        Self::Run,
        Self::Epoch,
        Self::Batch,
        Self::Example,
        Self::Pass,
        Self::Layer,
        Self::Channel,
        Self::Cell,
        Self::Term,
    ];

    /// The grain with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grain| grain.name() == name)
    }

    /// The next finer grain, or itself.
    pub fn finer(self) -> Self {
        Self::ALL[(self as usize + 1).min(Self::ALL.len() - 1)]
    }

    /// The next coarser grain, or itself.
    pub fn coarser(self) -> Self {
        Self::ALL[(self as usize).saturating_sub(1)]
    }

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Epoch => "epoch",
            Self::Batch => "batch",
            Self::Example => "example",
            Self::Pass => "pass",
            Self::Layer => "layer",
            Self::Channel => "channel",
            Self::Cell => "cell",
            Self::Term => "term",
        }
    }
}

/// The passes of a training step.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Pass {
    /// Input to output.
    Fwd,
    /// Output to loss.
    Loss,
    /// Loss to gradients.
    Bwd,
    /// Gradients to parameters.
    Update,
}

impl Pass {
    /// All passes in order.
    pub const ALL: [Self; 4] = [Self::Fwd, Self::Loss, Self::Bwd, Self::Update];

    /// Its text in an address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fwd => "fwd",
            Self::Loss => "loss",
            Self::Bwd => "bwd",
            Self::Update => "update",
        }
    }
}

/// What an address points into.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    /// A stage of the plan, by its number.
    Stage(u32),
    /// A tensor that the plan does not make: the input, the target, a parameter before the step.
    Given(TensorId),
}

/// A place in a plan, in the unit that its grain names. The numbers below its grain are 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Address {
    time: u32,
    image: u32,
    place: Place,
    cell: u32,
    term: u32,
    grain: Grain,
}

impl Address {
    /// The whole run.
    pub const RUN: Self =
        Self { time: 0, image: 0, place: Place::Stage(0), cell: 0, term: 0, grain: Grain::Run };

    /// A whole stage of training step `time`, as it runs for image `image` of the batch.
    pub const fn whole_stage(time: u32, image: u32, stage: usize) -> Self {
        Self { time, image, place: Place::Stage(stage as u32), cell: 0, term: 0, grain: Grain::Layer }
    }

    /// A cell of a stage, by its row-major number in the stage's shape.
    pub const fn stage_cell(time: u32, image: u32, stage: usize, cell: u32) -> Self {
        Self::whole_stage(time, image, stage).with_cell(cell)
    }

    /// A whole tensor that the plan does not make, as training step `time` finds it.
    pub const fn whole_given(time: u32, image: u32, tensor: TensorId) -> Self {
        Self { time, image, place: Place::Given(tensor), cell: 0, term: 0, grain: Grain::Layer }
    }

    /// A cell of a tensor that the plan does not make, by its row-major number.
    pub const fn given_cell(time: u32, image: u32, tensor: TensorId, cell: u32) -> Self {
        Self::whole_given(time, image, tensor).with_cell(cell)
    }

    /// The training step: epoch * batches + batch.
    pub const fn time(&self) -> u32 {
        self.time
    }

    /// The image in the batch.
    pub const fn image(&self) -> u32 {
        self.image
    }

    /// The stage or the given tensor.
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The number of the stage; `None` in a given tensor.
    pub const fn stage(&self) -> Option<usize> {
        match self.place {
            Place::Stage(stage) => Some(stage as usize),
            Place::Given(_) => None,
        }
    }

    /// The row-major number of the cell within the stage or the given tensor.
    pub const fn cell(&self) -> u32 {
        self.cell
    }

    /// The number of the term within the cell.
    pub const fn term(&self) -> u32 {
        self.term
    }

    /// The unit that the address names.
    pub const fn grain(&self) -> Grain {
        self.grain
    }

    /// The same place in another training step.
    pub const fn at_time(self, time: u32) -> Self {
        Self { time, ..self }
    }

    /// The same place in another image of the batch.
    pub const fn with_image(self, image: u32) -> Self {
        Self { image, ..self }
    }

    /// The whole of another stage, in the same training step and image.
    pub const fn with_stage(self, stage: usize) -> Self {
        Self::whole_stage(self.time, self.image, stage)
    }

    /// The same cell and term of the stage that makes the same tensor in another plan.
    pub const fn carried_to(self, stage: usize) -> Self {
        Self { place: Place::Stage(stage as u32), ..self }
    }

    /// The whole of a given tensor, in the same training step and image.
    pub const fn with_given(self, tensor: TensorId) -> Self {
        Self::whole_given(self.time, self.image, tensor)
    }

    /// The channel that begins with a cell, by its number in the same stage or tensor.
    pub const fn with_channel_from(self, cell: u32) -> Self {
        Self { cell, term: 0, grain: Grain::Channel, ..self }
    }

    /// A cell of the same stage or tensor.
    pub const fn with_cell(self, cell: u32) -> Self {
        Self { cell, term: 0, grain: Grain::Cell, ..self }
    }

    /// A term of the same cell.
    pub const fn with_term(self, term: u32) -> Self {
        Self { term, grain: Grain::Term, ..self }
    }

    /// The whole cell in which the address begins.
    pub const fn whole_cell(self) -> Self {
        self.with_cell(self.cell)
    }

    /// The first unit of a finer grain in this one; the address itself where the grain is not finer.
    /// [`super::Plan::widen`] goes the other way.
    pub const fn refine(self, grain: Grain) -> Self {
        if (grain as u8) > (self.grain as u8) { Self { grain, ..self } } else { self }
    }

    /// The whole unit, of a grain coarser than a stage, that begins with a stage.
    pub(super) const fn coarse_unit(grain: Grain, time: u32, image: u32, first_stage: usize) -> Self {
        debug_assert!((grain as u8) < (Grain::Layer as u8), "finer units have a constructor each");
        Self { grain, ..Self::whole_stage(time, image, first_stage) }
    }
}
