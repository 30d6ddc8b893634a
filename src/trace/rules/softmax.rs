//! Softmax over the channels. Letters as in [`crate::nn::softmax`].

use super::{Push, Site, cell, family_stages};
use crate::nn::Part;
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Start, Term, TermOp},
};

family_stages! {
    /// The stages of a softmax.
    SoftmaxStage: Max, Shift, Exp, Sum, Out, Dot, Dx
}

pub(super) fn stages(plan: &Plan, l: usize, pass: Pass, push: Push) {
    let [channels, h, w] = plan.layer(l).output;
    let id = |stage: SoftmaxStage| TensorId::layer(l, stage.part());
    let (plane, image) = (Shape::new(1, 1, h, w), Shape::new(1, channels, h, w));
    match pass {
        Pass::Fwd => {
            push(id(SoftmaxStage::Max), plane, channels);
            push(id(SoftmaxStage::Shift), image, 1);
            push(id(SoftmaxStage::Exp), image, 1);
            push(id(SoftmaxStage::Sum), plane, channels);
            push(id(SoftmaxStage::Out), image, 1);
        }
        Pass::Bwd => {
            push(id(SoftmaxStage::Dot), plane, channels);
            push(id(SoftmaxStage::Dx), image, 2);
        }
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn term(site: &Site, l: usize) -> Term {
    let extents = site.plan.layer(l).output;
    let [_, _, i, j] = site.at;
    let own = |part| TensorId::layer(l, part);
    let (x, dy) = (site.plan.input_of(l), site.plan.output_gradient_of(l));
    // The m-th channel at this position, and the plane's one cell there.
    let nth = |tensor| cell(tensor, site.image, extents, [site.m, i, j]);
    let plane = |part| cell(own(part), site.image, [1, extents[1], extents[2]], [0, i, j]);
    match SoftmaxStage::from_part(site.stage.tensor.part) {
        SoftmaxStage::Max => Term::one(TermOp::Max, nth(x)),
        SoftmaxStage::Shift => Term::two(TermOp::Difference, site.same(x), plane(Part::Max)),
        SoftmaxStage::Exp => Term::one(TermOp::Exp, site.same(own(Part::Shift))),
        SoftmaxStage::Sum => Term::one(TermOp::Add, nth(own(Part::Exp))),
        SoftmaxStage::Out => Term::two(TermOp::Quotient, site.same(own(Part::Exp)), plane(Part::Sum)),
        SoftmaxStage::Dot => Term::two(TermOp::MulAdd, nth(dy), nth(own(Part::Out))),
        SoftmaxStage::Dx if site.m == 0 => Term::two(TermOp::Difference, site.same(dy), plane(Part::Dot)),
        SoftmaxStage::Dx => Term::one(TermOp::Mul, site.same(own(Part::Out))),
    }
}

pub(super) fn start(part: Part) -> Start {
    match SoftmaxStage::from_part(part) {
        SoftmaxStage::Max => Start::LEAST,
        SoftmaxStage::Shift
        | SoftmaxStage::Exp
        | SoftmaxStage::Sum
        | SoftmaxStage::Out
        | SoftmaxStage::Dot
        | SoftmaxStage::Dx => Start::ZERO,
    }
}

pub(super) fn formula(part: Part) -> &'static str {
    match SoftmaxStage::from_part(part) {
        SoftmaxStage::Max => "max = max(x[0], …, x[C−1])",
        SoftmaxStage::Shift => "shift[c] = x[c] − max",
        SoftmaxStage::Exp => "exp[c] = exp(shift[c])",
        SoftmaxStage::Sum => "sum = Σ exp[c]",
        SoftmaxStage::Out => "y[c] = exp[c] ÷ sum",
        SoftmaxStage::Dot => "dot = Σ dy[c] · y[c]",
        SoftmaxStage::Dx => "dX[c] = (dy[c] − dot) · y[c]",
    }
}
