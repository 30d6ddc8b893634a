//! What each layer's stages are and what their terms do: one file per layer family.
//!
//! A rule gives for any (cell, term) of a stage which operands meet and how, and for any tensor cell which
//! terms read it. It is the same sum as the definition in [`crate::nn`], asked for one term at a time; a law
//! holds the two together bit for bit.
//!
//! Each family declares its stages as an enum of its own (`family_stages!`). What a stage
//! is, computes and reads is matched on that enum, so a stage without a rule does not compile.

pub mod activation;
pub mod batchnorm;
pub mod conv;
pub mod conv_transpose;
pub mod dense;
pub mod group_norm;
pub mod join;
pub mod local_response_norm;
pub mod loss;
mod norm;
pub mod pool;
pub mod prelu;
pub mod resample;
pub mod softmax;
pub mod update;

use super::address::Pass;
use super::plan::{Plan, Stage};
use super::tensor_id::{Owner, TensorId};
use super::term::{Operand, Start, Term, TermOp};
use crate::nn::{Op, Part, Source};
use crate::tensor::Shape;

/// Declares the stages of a family as an enum: one variant for each [`Part`] that a stage makes,
/// under the part's name.
macro_rules! family_stages {
    ($(#[$attribute:meta])* $name:ident: $($part:ident),+ $(,)?) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum $name {
            $($part,)+
        }

        impl $name {
            /// The part that the stage makes.
            pub(crate) const fn part(self) -> $crate::nn::Part {
                match self {
                    $(Self::$part => $crate::nn::Part::$part,)+
                }
            }

            /// The stage that makes a part.
            ///
            /// # Panics
            /// For a part that no stage of the family makes.
            pub(crate) fn from_part(part: $crate::nn::Part) -> Self {
                $(if part == $crate::nn::Part::$part {
                    return Self::$part;
                })+
                unreachable!("no {} makes {part:?}", stringify!($name))
            }
        }
    };
}
use family_stages;

/// Takes a stage: the tensor it makes, its shape (of one image), the terms of each cell.
pub(super) type Push<'a> = &'a mut dyn FnMut(TensorId, Shape, usize);

/// Takes a reading term: its cell within the stage, and its number.
pub type Visit<'a> = &'a mut dyn FnMut(u32, u32);

/// The stages of a pass, in order: what each makes, its shape (of one image), the terms of a cell.
pub(super) fn stages(plan: &Plan, pass: Pass) -> Vec<(TensorId, Shape, usize)> {
    let mut stages = Vec::new();
    let push: Push = &mut |tensor, shape, terms| stages.push((tensor, shape, terms));
    let layers = plan.network().layers.len();
    match pass {
        Pass::Fwd => (0..layers).for_each(|l| layer_stages(plan, l, pass, push)),
        Pass::Loss => loss::stages(plan, pass, push),
        Pass::Bwd => {
            loss::stages(plan, pass, push);
            for l in (0..layers).rev() {
                join::sum_stages(plan, Source::Layer(l), push);
                layer_stages(plan, l, pass, push);
            }
            join::sum_stages(plan, Source::Input, push);
        }
        Pass::Update => update::stages(plan, push),
    }
    stages
}

fn layer_stages(plan: &Plan, l: usize, pass: Pass, push: Push) {
    match &plan.layer(l).op {
        Op::Conv2d(spec) => conv::stages(plan, l, spec, pass, push),
        Op::ConvTranspose2d(spec) => conv_transpose::stages(plan, l, spec, pass, push),
        Op::MaxPool2d(spec) => pool::max_stages(plan, l, spec, pass, push),
        Op::AvgPool2d(spec) => pool::avg_stages(plan, l, spec, pass, push),
        Op::Resample2d(spec) => resample::stages(plan, l, spec, pass, push),
        Op::Dense(spec) => dense::stages(plan, l, spec, pass, push),
        Op::BatchNorm2d(_) => batchnorm::stages(plan, l, pass, push),
        Op::GroupNorm(spec) => group_norm::stages(plan, l, spec, pass, push),
        Op::LocalResponseNorm(spec) => local_response_norm::stages(plan, l, spec, pass, push),
        Op::Softmax => softmax::stages(plan, l, pass, push),
        Op::Dropout { .. } => activation::dropout_stages(plan, l, pass, push),
        Op::PRelu(spec) => prelu::stages(plan, l, spec, pass, push),
        Op::Activation(_) | Op::Flatten => activation::stages(plan, l, pass, push),
        Op::Add | Op::Multiply | Op::Concat => join::stages(plan, l, pass, push),
    }
}

/// One cell of a stage, about to be asked for a term.
pub(super) struct Site<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The training step.
    pub time: u32,
    /// The stage.
    pub stage: &'a Stage,
    /// The image that the cell belongs to.
    pub image: u32,
    /// The cell's position; the first number is 0 for an image's tensor.
    pub at: [usize; 4],
    /// The cell's number within its image's tensor, or within the parameter.
    pub index: u32,
    /// The term.
    pub m: usize,
}

impl Site<'_> {
    /// For a sum over the images of a batch (a parameter's gradient): the image that the term
    /// belongs to, and the rest of its number, where each image has `per_image` terms.
    fn image_and_rest(&self, per_image: usize) -> (u32, usize) {
        if self.plan.is_layered() {
            ((self.m / per_image) as u32, self.m % per_image)
        } else {
            (self.image, self.m)
        }
    }

    /// The cell of a tensor that lies where this one does.
    fn same(&self, tensor: TensorId) -> Operand {
        Operand::Cell { tensor, image: self.image, index: self.index }
    }
}

/// The images that one go of a summing stage takes in.
pub(super) fn images_at_once(plan: &Plan) -> usize {
    if plan.is_layered() { plan.setup().images as usize } else { 1 }
}

/// A cell of an image's tensor of extents [C, H, W].
pub(super) fn cell(tensor: TensorId, image: u32, [_, h, w]: [usize; 3], [c, i, j]: [usize; 3]) -> Operand {
    Operand::Cell { tensor, image, index: ((c * h + i) * w + j) as u32 }
}

/// A cell of a parameter, or of a vector of one per channel.
pub(super) const fn param(l: usize, part: Part, index: usize) -> Operand {
    Operand::Cell { tensor: TensorId::layer(l, part), image: 0, index: index as u32 }
}

/// A named constant.
pub(super) const fn constant(name: &'static str, value: f64) -> Operand {
    Operand::Constant { name, value: value as f32 }
}

/// Zero, for what lies outside.
pub(super) const ZERO: Operand = Operand::Padding { value: 0.0 };

/// What the term `m` of a cell does.
pub fn term(plan: &Plan, time: u32, stage: &Stage, image: u32, cell: u32, m: u32) -> Term {
    let at = stage.shape.at(cell as usize);
    let coupled = plan.is_layered() && stage.per_image;
    let (image, index) = if coupled {
        let one = (stage.shape.len() / stage.shape.0[0]) as u32;
        (at[0] as u32, cell % one)
    } else {
        (image, cell)
    };
    let site = Site { plan, time, stage, image, at, index, m: m as usize };
    if stage.pass == Pass::Update {
        return update::term(&site);
    }
    if stage.tensor.part == Part::Dy {
        return join::sum_term(&site);
    }
    match stage.tensor.owner {
        Owner::Input | Owner::Loss => loss::term(&site),
        Owner::Layer(l) => {
            let l = l as usize;
            match &plan.layer(l).op {
                Op::Conv2d(spec) => conv::term(&site, l, spec),
                Op::ConvTranspose2d(spec) => conv_transpose::term(&site, l, spec),
                Op::MaxPool2d(spec) => pool::max_term(&site, l, spec),
                Op::AvgPool2d(spec) => pool::avg_term(&site, l, spec),
                Op::Resample2d(spec) => resample::term(&site, l, spec),
                Op::Dense(spec) => dense::term(&site, l, spec),
                Op::BatchNorm2d(spec) => batchnorm::term(&site, l, spec),
                Op::GroupNorm(spec) => group_norm::term(&site, l, spec),
                Op::LocalResponseNorm(spec) => local_response_norm::term(&site, l, spec),
                Op::Softmax => softmax::term(&site, l),
                Op::Dropout { p } => activation::dropout_term(&site, l, *p),
                Op::PRelu(spec) => prelu::term(&site, l, spec),
                Op::Activation(activation) => activation::term(&site, l, *activation),
                Op::Flatten => activation::flatten_term(&site, l),
                Op::Add | Op::Multiply | Op::Concat => join::join_term(&site, l),
            }
        }
    }
}

/// What a cell of a stage starts from.
pub fn start(plan: &Plan, stage: &Stage) -> Start {
    if stage.pass == Pass::Update {
        return update::start(stage);
    }
    let part = stage.tensor.part;
    if part == Part::Dy {
        return Start::ZERO;
    }
    match stage.tensor.owner {
        Owner::Input | Owner::Loss => loss::start(plan, part),
        Owner::Layer(l) => match &plan.layer(l as usize).op {
            Op::Conv2d(_) => conv::start(plan, part),
            Op::ConvTranspose2d(_) => conv_transpose::start(plan, part),
            Op::Dense(_) => dense::start(plan, part),
            Op::BatchNorm2d(_) => batchnorm::start(plan, part),
            Op::GroupNorm(_) => group_norm::start(plan, part),
            Op::PRelu(_) => prelu::start(plan, part),
            Op::MaxPool2d(_) => pool::max_start(part),
            Op::Softmax => softmax::start(part),
            op @ (Op::Add | Op::Multiply | Op::Concat) => join::start(op, part),
            Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::LocalResponseNorm(_)
            | Op::Dropout { .. }
            | Op::Activation(_)
            | Op::Flatten => Start::ZERO,
        },
    }
}

/// What a parameter's gradient starts from: it continues from image to image, unless all images of a batch go
/// through a layer together.
fn gradient_start(plan: &Plan) -> Start {
    if plan.is_layered() { Start::ZERO } else { Start::ImageBefore }
}

/// The formula of a stage in symbols.
pub fn formula(plan: &Plan, stage: &Stage) -> &'static str {
    if stage.pass == Pass::Update {
        return update::formula(plan, stage);
    }
    let part = stage.tensor.part;
    if part == Part::Dy {
        return join::SUM;
    }
    match stage.tensor.owner {
        Owner::Input | Owner::Loss => loss::formula(plan, part),
        Owner::Layer(l) => match &plan.layer(l as usize).op {
            Op::Conv2d(spec) => conv::formula(spec, part),
            Op::ConvTranspose2d(spec) => conv_transpose::formula(spec, part),
            Op::MaxPool2d(spec) => pool::max_formula(spec, part),
            Op::AvgPool2d(_) => pool::avg_formula(part),
            Op::Resample2d(spec) => resample::formula(spec, part),
            Op::Dense(spec) => dense::formula(spec, part),
            Op::BatchNorm2d(_) => batchnorm::formula(plan.setup().mode, part),
            Op::GroupNorm(spec) => group_norm::formula(spec, part),
            Op::LocalResponseNorm(_) => local_response_norm::formula(part),
            Op::Softmax => softmax::formula(part),
            Op::Dropout { .. } => activation::dropout_formula(plan.setup().mode, part),
            Op::PRelu(_) => prelu::formula(part),
            Op::Activation(activation) => activation::formula(*activation, part),
            Op::Flatten => activation::flatten_formula(part),
            Op::Add | Op::Multiply | Op::Concat => join::formula(plan.layer(l as usize), part),
        },
    }
}

/// A cell of a tensor, asked for the terms of a stage that read it.
pub(super) struct Reading<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The stage; one go of it.
    pub stage: &'a Stage,
    /// The tensor.
    pub tensor: TensorId,
    /// The cell's image.
    pub image: usize,
    /// The cell's number within its image's tensor, or within the parameter.
    pub index: usize,
}

impl Reading<'_> {
    /// The cell's position; the first number is 0 for an image's tensor.
    fn at(&self) -> [usize; 4] {
        self.plan.shape_of(self.tensor).at(self.index)
    }

    /// The outermost number of the stage's cells that belong to the cell's image.
    fn own_image(&self) -> usize {
        if self.plan.is_layered() { self.image } else { 0 }
    }

    /// Whether term `m` of a cell of the stage reads it.
    fn is_read_by(&self, cell: u32, m: u32) -> bool {
        term(self.plan, 0, self.stage, self.image as u32, cell, m).operands().any(|operand| {
            matches!(*operand, Operand::Cell { tensor, image, index }
                if tensor == self.tensor
                    && index as usize == self.index
                    && (image as usize == self.image || !self.tensor.is_per_image()))
        })
    }

    /// Visits those of some terms of a cell that read it.
    fn visit_those(&self, cell: usize, terms: std::ops::Range<u32>, visit: Visit) {
        for m in terms.filter(|&m| self.is_read_by(cell as u32, m)) {
            visit(cell as u32, m);
        }
    }

    /// The outermost numbers of the cells of an image's tensor that the stage makes.
    fn all_images(&self) -> std::ops::Range<usize> {
        0..if self.stage.per_image { images_at_once(self.plan) } else { 1 }
    }
}

/// Calls `visit` for every term of one go of a stage that reads a cell of a tensor, in order.
/// `image` is the cell's image.
pub fn readers(plan: &Plan, stage: &Stage, tensor: TensorId, image: u32, index: u32, visit: Visit) {
    let reading = Reading { plan, stage, tensor, image: image as usize, index: index as usize };
    if stage.pass == Pass::Update {
        return scan(&reading, visit);
    }
    if stage.tensor.part == Part::Dy {
        return join::sum_readers(&reading, visit);
    }
    let Owner::Layer(l) = stage.tensor.owner else { return scan(&reading, visit) };
    match &plan.layer(l as usize).op {
        Op::Conv2d(spec) => conv::readers(&reading, l as usize, spec, visit),
        Op::ConvTranspose2d(spec) => conv_transpose::readers(&reading, l as usize, spec, visit),
        Op::Dense(spec) => dense::readers(&reading, l as usize, spec, visit),
        Op::MaxPool2d(spec) => pool::max_readers(&reading, l as usize, spec, visit),
        Op::AvgPool2d(spec) => pool::avg_readers(&reading, l as usize, spec, visit),
        Op::Resample2d(spec) => resample::readers(&reading, l as usize, spec, visit),
        Op::GroupNorm(spec) => group_norm::readers(&reading, l as usize, spec, visit),
        Op::LocalResponseNorm(spec) => local_response_norm::readers(&reading, l as usize, spec, visit),
        Op::BatchNorm2d(_)
        | Op::Softmax
        | Op::Dropout { .. }
        | Op::Activation(_)
        | Op::PRelu(_)
        | Op::Flatten => {
            scan(&reading, visit);
        }
        Op::Add | Op::Multiply | Op::Concat => join::readers(&reading, l as usize, visit),
    }
}

/// Readers in a stage without windows and products: its cells read the same place, their channel's
/// cell, or a sum along the axes that they lack. So tensor and stage fit as in broadcasting: equal
/// extents mean the same position, an extent of 1 meets every position. The terms themselves say
/// which of them it is.
fn scan(reading: &Reading, visit: Visit) {
    let Reading { plan, stage, tensor, .. } = *reading;
    // Every cell of such a stage reads the same tensors, by no more than six kinds of terms.
    let mut kinds = (0..stage.terms.min(6)).chain(stage.terms.checked_sub(1));
    let reads = |operand: &Operand| matches!(operand, Operand::Cell { tensor: t, .. } if *t == tensor);
    if !kinds.any(|m| term(plan, 0, stage, 0, 0, m).operands().any(reads)) {
        return;
    }
    let one = plan.shape_of(tensor);
    let [_, channels, rows, cols] = stage.shape.0;
    let along = |axis: usize, extent: usize| {
        let at = one.at(reading.index)[axis];
        match one.0[axis] {
            n if n == extent => at..at + 1,
            1 => 0..extent,
            _ => 0..1,
        }
    };
    let images = match tensor.is_per_image() {
        true if stage.per_image => reading.own_image()..reading.own_image() + 1,
        true => 0..1,
        false => reading.all_images(),
    };
    let cells_of_one = if stage.per_image { channels * rows * cols } else { stage.shape.len() };
    let mut visit_cell = |cell: usize| reading.visit_those(cell, 0..stage.terms, visit);
    for n in images {
        if one.len() == cells_of_one {
            visit_cell(n * one.len() + reading.index);
            continue;
        }
        for c in along(1, channels) {
            for i in along(2, rows) {
                for j in along(3, cols) {
                    visit_cell(stage.shape.flat([n, c, i, j]));
                }
            }
        }
    }
}

/// A term that copies.
pub(super) const fn set(a: Operand) -> Term {
    Term::one(TermOp::Set, a)
}
