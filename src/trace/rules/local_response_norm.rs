//! Local response normalisation. Letters as in [`crate::nn::local_response_norm`].

use super::{Push, Reading, Site, Visit, ZERO, cell, constant, family_stages, scan};
use crate::nn::{Part, local_response_norm::LocalResponseNorm};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Term, TermOp},
};

family_stages! {
    /// The stages of a local response normalisation.
    LocalResponseNormStage: Sum, Scale, Factor, Out, Ratio, Dot, Dx
}

pub(super) fn stages(plan: &Plan, l: usize, spec: &LocalResponseNorm, pass: Pass, push: Push) {
    let image = Shape::image(plan.layer(l).output);
    let id = |stage: LocalResponseNormStage| TensorId::layer(l, stage.part());
    match pass {
        Pass::Fwd => {
            push(id(LocalResponseNormStage::Sum), image, spec.size);
            push(id(LocalResponseNormStage::Scale), image, 2);
            push(id(LocalResponseNormStage::Factor), image, 1);
            push(id(LocalResponseNormStage::Out), image, 1);
        }
        Pass::Bwd => {
            push(id(LocalResponseNormStage::Ratio), image, 2);
            push(id(LocalResponseNormStage::Dot), image, spec.size);
            push(id(LocalResponseNormStage::Dx), image, 3);
        }
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn term(site: &Site, l: usize, spec: &LocalResponseNorm) -> Term {
    let [_, c, i, j] = site.at;
    let own = |part| site.same(TensorId::layer(l, part));
    let (x, dy) = (site.plan.input_of(l), site.plan.output_gradient_of(l));
    // A channel at this position, or the zero beside the first and last.
    let channel = |tensor, c: Option<usize>| {
        c.map_or(ZERO, |c| cell(tensor, site.image, site.plan.layer(l).output, [c, i, j]))
    };
    match (LocalResponseNormStage::from_part(site.stage.tensor.part), site.m) {
        (LocalResponseNormStage::Sum, t) => Term::one(TermOp::SquareAdd, channel(x, spec.tap(c, t))),
        (LocalResponseNormStage::Scale, 0) => {
            Term::two(TermOp::Product, own(Part::Sum), constant("α ÷ size", spec.weight()))
        }
        (LocalResponseNormStage::Scale, _) => Term::one(TermOp::Add, constant("k", spec.k)),
        (LocalResponseNormStage::Factor, _) => {
            Term::two(TermOp::Pow, own(Part::Scale), constant("−β", -spec.beta))
        }
        (LocalResponseNormStage::Ratio, 0) => Term::two(TermOp::Product, site.same(dy), own(Part::Out)),
        (LocalResponseNormStage::Ratio, _) => Term::one(TermOp::Div, own(Part::Scale)),
        (LocalResponseNormStage::Dot, t) => {
            Term::one(TermOp::Add, channel(TensorId::layer(l, Part::Ratio), spec.reader(c, t)))
        }
        (LocalResponseNormStage::Dx, 0) => Term::two(TermOp::Product, site.same(x), own(Part::Dot)),
        (LocalResponseNormStage::Dx, 1) => Term::one(TermOp::Mul, constant("−2αβ ÷ size", spec.slope())),
        (LocalResponseNormStage::Dx, _) => Term::two(TermOp::MulAdd, site.same(dy), own(Part::Factor)),
        (LocalResponseNormStage::Out, _) => Term::two(TermOp::Product, site.same(x), own(Part::Factor)),
    }
}

pub(super) fn formula(part: Part) -> &'static str {
    match LocalResponseNormStage::from_part(part) {
        LocalResponseNormStage::Sum => "sum[c] = Σ x[c − ⌊size/2⌋ + t]²",
        LocalResponseNormStage::Scale => "scale = sum · α ÷ size + k",
        LocalResponseNormStage::Factor => "factor = scale ^ −β",
        LocalResponseNormStage::Ratio => "ratio = dy · y ÷ scale",
        LocalResponseNormStage::Dot => "dot[c] = Σ ratio[c − ⌊(size − 1)/2⌋ + t]",
        LocalResponseNormStage::Dx => "dX = x · dot · (−2αβ ÷ size) + dy · factor",
        LocalResponseNormStage::Out => "y = x · factor",
    }
}

/// The terms that read a cell. Those of the two sums are those of the channels whose windows cover it.
pub(super) fn readers(reading: &Reading, l: usize, spec: &LocalResponseNorm, visit: Visit) {
    let tensor = reading.tensor;
    match LocalResponseNormStage::from_part(reading.stage.tensor.part) {
        LocalResponseNormStage::Sum if tensor == reading.plan.input_of(l) => {
            sum_readers(reading, spec.size, |c, t| spec.reader(c, t), visit);
        }
        LocalResponseNormStage::Dot if tensor == TensorId::layer(l, Part::Ratio) => {
            sum_readers(reading, spec.size, |c, t| spec.tap(c, t), visit);
        }
        LocalResponseNormStage::Sum | LocalResponseNormStage::Dot => {}
        LocalResponseNormStage::Scale
        | LocalResponseNormStage::Factor
        | LocalResponseNormStage::Out
        | LocalResponseNormStage::Ratio
        | LocalResponseNormStage::Dx => scan(reading, visit),
    }
}

/// The terms of a sum over a window of `size` channels that read a cell. `by` gives, for the cell's
/// channel and each of the window's places, the channel whose sum reads it.
fn sum_readers(reading: &Reading, size: usize, by: impl Fn(usize, usize) -> Option<usize>, visit: Visit) {
    let [_, c, i, j] = reading.at();
    let n = reading.own_image();
    for t in 0..size {
        if let Some(by) = by(c, t) {
            // The channels ascend, so the taps that they read by descend.
            visit(reading.stage.shape.flat([n, by, i, j]) as u32, (size - 1 - t) as u32);
        }
    }
}
