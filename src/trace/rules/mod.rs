//! What each layer's stages are and what their terms do: one file per layer family.
//!
//! A rule says for any (cell, term) of a stage which operands meet and how, and for any tensor
//! cell which terms read it. It is the same sum as the definition in [`crate::nn`], asked for one
//! term at a time; a law holds the two together bit for bit.

pub mod activation;
pub mod batchnorm;
pub mod conv;
pub mod dense;
pub mod loss;
pub mod pool;
pub mod softmax;
pub mod update;

use super::address::Pass;
use super::plan::{Owner, Plan, Stage, TensorId};
use super::term::{Operand, Start, Term, TermOp};
use crate::nn::{Mode, Op, Part};
use crate::tensor::Shape;

/// Takes a stage: the tensor it makes, its shape (of one image), the terms of each cell.
pub(super) type Push<'a> = &'a mut dyn FnMut(TensorId, Shape, usize);

/// Takes a reading term: its cell within the stage, and its number.
pub type Visit<'a> = &'a mut dyn FnMut(u32, u32);

/// The stages of a pass, in order.
pub(super) fn stages(
    plan: &Plan,
    pass: Pass,
    make: &mut dyn FnMut(TensorId, Shape, usize) -> Stage,
) -> Vec<Stage> {
    let mut stages = Vec::new();
    let push: Push = &mut |tensor, shape, terms| stages.push(make(tensor, shape, terms));
    let layers = plan.network().layers.len();
    match pass {
        Pass::Fwd => (0..layers).for_each(|l| layer_stages(plan, l, pass, push)),
        Pass::Loss => loss::stages(plan, pass, push),
        Pass::Bwd => {
            loss::stages(plan, pass, push);
            (0..layers).rev().for_each(|l| layer_stages(plan, l, pass, push));
        }
        Pass::Update => update::stages(plan, push),
    }
    stages
}

fn layer_stages(plan: &Plan, l: usize, pass: Pass, push: Push) {
    match &plan.layer(l).op {
        Op::Conv2d(spec) => conv::stages(plan, l, spec, pass, push),
        Op::MaxPool2d(spec) => pool::max_stages(plan, l, spec, pass, push),
        Op::AvgPool2d(spec) => pool::avg_stages(plan, l, spec, pass, push),
        Op::Dense(spec) => dense::stages(plan, l, spec, pass, push),
        Op::BatchNorm2d(_) => batchnorm::stages(plan, l, pass, push),
        Op::Softmax => softmax::stages(plan, l, pass, push),
        Op::Dropout { .. } => activation::dropout_stages(plan, l, pass, push),
        Op::Relu | Op::LeakyRelu { .. } | Op::Tanh | Op::Sigmoid | Op::Flatten => {
            activation::stages(plan, l, pass, push)
        }
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
    match stage.tensor.owner {
        Owner::Input | Owner::Loss => loss::term(&site),
        Owner::Layer(l) => {
            let l = l as usize;
            match &plan.layer(l).op {
                Op::Conv2d(spec) => conv::term(&site, l, spec),
                Op::MaxPool2d(spec) => pool::max_term(&site, l, spec),
                Op::AvgPool2d(spec) => pool::avg_term(&site, l, spec),
                Op::Dense(spec) => dense::term(&site, l, spec),
                Op::BatchNorm2d(spec) => batchnorm::term(&site, l, spec),
                Op::Softmax => softmax::term(&site, l),
                Op::Dropout { p } => activation::dropout_term(&site, l, *p),
                Op::Relu | Op::LeakyRelu { .. } | Op::Tanh | Op::Sigmoid | Op::Flatten => {
                    activation::term(&site, l)
                }
            }
        }
    }
}

/// What a cell of a stage starts from.
pub fn start(plan: &Plan, stage: &Stage) -> Start {
    if stage.pass == Pass::Update {
        return update::start(stage);
    }
    match (stage.tensor.part, stage.tensor.owner) {
        (Part::Dw | Part::Db, _) if !plan.is_layered() => Start::ImageBefore,
        (Part::Max, _) => Start::Number(f32::NEG_INFINITY),
        (Part::Out, Owner::Layer(l)) if matches!(plan.layer(l as usize).op, Op::MaxPool2d(_)) => {
            Start::Number(f32::NEG_INFINITY)
        }
        _ => Start::Number(0.0),
    }
}

/// The formula of a stage in symbols.
pub fn formula(plan: &Plan, stage: &Stage) -> &'static str {
    if stage.pass == Pass::Update {
        return update::formula(plan, stage);
    }
    let part = stage.tensor.part;
    match stage.tensor.owner {
        Owner::Input | Owner::Loss => loss::formula(plan, part),
        Owner::Layer(l) => match &plan.layer(l as usize).op {
            Op::Conv2d(spec) => conv::formula(spec, part),
            Op::MaxPool2d(_) => pool::max_formula(part),
            Op::AvgPool2d(_) => pool::avg_formula(part),
            Op::Dense(spec) => dense::formula(spec, part),
            Op::BatchNorm2d(_) => batchnorm::formula(plan.setup().mode, part),
            Op::Softmax => softmax::formula(part),
            Op::Dropout { .. } => match (part, plan.setup().mode) {
                (Part::Mask, _) => "mask = 0 with probability p, else 1/(1 − p)",
                (Part::Out, Mode::Train) => "y = x · mask",
                (_, Mode::Train) => "dx = dy · mask",
                (Part::Out, Mode::Eval) => "y = x",
                (_, Mode::Eval) => "dx = dy",
            },
            Op::Relu => {
                if part == Part::Out {
                    "y = max(0, x)"
                } else {
                    "dx = dy if x > 0, else 0"
                }
            }
            Op::LeakyRelu { .. } => {
                if part == Part::Out {
                    "y = x if x > 0, else slope · x"
                } else {
                    "dx = dy if x > 0, else slope · dy"
                }
            }
            Op::Tanh => {
                if part == Part::Out {
                    "y = tanh(x)"
                } else {
                    "dx = dy · (1 − y²)"
                }
            }
            Op::Sigmoid => {
                if part == Part::Out {
                    "y = 1 / (1 + exp(−x))"
                } else {
                    "dx = dy · y · (1 − y)"
                }
            }
            Op::Flatten => {
                if part == Part::Out {
                    "y[(c·H + i)·W + j] = x[c,i,j]"
                } else {
                    "dx[c,i,j] = dy[(c·H + i)·W + j]"
                }
            }
        },
    }
}

/// Calls `visit` for every term of a stage that reads a cell of a tensor. `image` is the cell's
/// image; the stage is one go of it, for that image where it has one of its own.
pub fn readers(plan: &Plan, stage: &Stage, tensor: TensorId, image: u32, index: u32, visit: Visit) {
    if !reads(plan, stage, tensor) {
        return;
    }
    if stage.pass != Pass::Update
        && let Owner::Layer(l) = stage.tensor.owner
    {
        let l = l as usize;
        // The sums whose readers a formula finds; elsewhere a cell is read by few stages' cells.
        match &plan.layer(l).op {
            Op::Conv2d(spec) if stage.tensor.part != Part::Ds && stage.tensor.part != Part::Db => {
                return conv::readers(plan, l, spec, stage, tensor, image, index, visit);
            }
            Op::MaxPool2d(spec) => return pool::readers(plan, spec, stage, image, index, visit),
            Op::AvgPool2d(spec) if stage.tensor.part != Part::Ds => {
                return pool::readers(plan, spec, stage, image, index, visit);
            }
            Op::Dense(spec) if stage.tensor.part != Part::Db => {
                return dense::readers(plan, l, spec, stage, tensor, image, index, visit);
            }
            _ => {}
        }
    }
    scan(plan, stage, tensor, image, index, visit);
}

/// Readers of a stage whose cells each read the same place, the same channel, or everything:
/// looks through the cells that share the channel with `index`, or through all.
fn scan(plan: &Plan, stage: &Stage, tensor: TensorId, image: u32, index: u32, visit: Visit) {
    let shape = plan.shape_of(tensor);
    let same_shape = stage.shape.0[1..] == shape.0[1..];
    let elementwise = same_shape && tensor.is_per_image() == stage.per_image;
    let cells: Box<dyn Iterator<Item = u32>> = if elementwise && !reads_all(stage) {
        let offset = if plan.is_layered() && stage.per_image { image * shape.len() as u32 } else { 0 };
        Box::new(std::iter::once(offset + index))
    } else {
        Box::new(0..stage.cells() as u32)
    };
    for cell in cells {
        for m in 0..stage.terms {
            let term = term(plan, 0, stage, image, cell, m);
            let is_read = term.operands().any(|operand| {
                matches!(*operand, Operand::Cell { tensor: t, image: n, index: i }
                    if t == tensor && i == index && (n == image || !tensor.is_per_image()))
            });
            if is_read {
                visit(cell, m);
            }
        }
    }
}

/// Whether the cells of a stage read cells at other places than their own.
fn reads_all(stage: &Stage) -> bool {
    matches!(stage.tensor.part, Part::Max | Part::Sum | Part::Dot | Part::Mean | Part::Var)
        || (stage.tensor.owner == Owner::Loss && stage.tensor.part == Part::Out)
}

/// Whether some cell of a stage reads a tensor.
pub fn reads(plan: &Plan, stage: &Stage, tensor: TensorId) -> bool {
    // Every cell of a stage reads the same tensors, so its first tells.
    (0..stage.terms)
        .step_by((stage.terms as usize / 8).max(1))
        .chain(stage.terms.saturating_sub(4)..stage.terms)
        .chain(0..stage.terms.min(4))
        .any(|m| {
            term(plan, 0, stage, 0, 0, m)
                .operands()
                .any(|operand| matches!(operand, Operand::Cell { tensor: t, .. } if *t == tensor))
        })
        || reads_past_padding(plan, stage, tensor)
}

/// A window's first cell may lie on padding with all the terms looked at; ask the formula then.
fn reads_past_padding(plan: &Plan, stage: &Stage, tensor: TensorId) -> bool {
    let Owner::Layer(l) = stage.tensor.owner else { return false };
    let l = l as usize;
    if stage.pass == Pass::Update || plan.layer(l).window().is_none() {
        return false;
    }
    let (x, dy, own) = (Plan::input_of(l), plan.output_gradient_of(l), |part| TensorId::layer(l, part));
    let ds = if plan.stage_of(own(Part::Ds)).is_some() { own(Part::Ds) } else { dy };
    match stage.tensor.part {
        Part::Out => tensor == x,
        Part::Dw => tensor == x || tensor == ds,
        Part::Dx => tensor == ds,
        _ => false,
    }
}

/// A term that copies.
pub(super) const fn set(a: Operand) -> Term {
    Term::one(TermOp::Set, a)
}
