//! Softmax over the channels. Letters as in [`crate::nn::softmax`].

use super::{Push, Site, cell};
use crate::nn::Part;
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Term, TermOp},
};

pub(super) fn stages(plan: &Plan, l: usize, pass: Pass, push: Push) {
    let [channels, h, w] = plan.layer(l).output;
    let id = |part| TensorId::layer(l, part);
    let (plane, image) = (Shape::new(1, 1, h, w), Shape::new(1, channels, h, w));
    match pass {
        Pass::Fwd => {
            push(id(Part::Max), plane, channels);
            push(id(Part::Shift), image, 1);
            push(id(Part::Exp), image, 1);
            push(id(Part::Sum), plane, channels);
            push(id(Part::Out), image, 1);
        }
        Pass::Bwd => {
            push(id(Part::Dot), plane, channels);
            push(id(Part::Dx), image, 2);
        }
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn term(site: &Site, l: usize) -> Term {
    let extents = site.plan.layer(l).output;
    let [_, _, i, j] = site.at;
    let own = |part| TensorId::layer(l, part);
    let (x, dy) = (Plan::input_of(l), site.plan.output_gradient_of(l));
    // The m-th channel at this position, and the plane's one cell there.
    let nth = |tensor| cell(tensor, site.image, extents, [site.m, i, j]);
    let plane = |part| cell(own(part), site.image, [1, extents[1], extents[2]], [0, i, j]);
    match site.stage.tensor.part {
        Part::Max => Term::one(TermOp::Max, nth(x)),
        Part::Shift => Term::two(TermOp::Difference, site.same(x), plane(Part::Max)),
        Part::Exp => Term::one(TermOp::Exp, site.same(own(Part::Shift))),
        Part::Sum => Term::one(TermOp::Add, nth(own(Part::Exp))),
        Part::Out => Term::two(TermOp::Quotient, site.same(own(Part::Exp)), plane(Part::Sum)),
        Part::Dot => Term::two(TermOp::MulAdd, nth(dy), nth(own(Part::Out))),
        _ if site.m == 0 => Term::two(TermOp::Difference, site.same(dy), plane(Part::Dot)),
        _ => Term::one(TermOp::Mul, site.same(own(Part::Out))),
    }
}

pub(super) fn formula(part: Part) -> &'static str {
    match part {
        Part::Max => "max = max(x[0], …, x[C−1])",
        Part::Shift => "shift[c] = x[c] − max",
        Part::Exp => "exp[c] = exp(shift[c])",
        Part::Sum => "sum = Σ exp[c]",
        Part::Out => "y[c] = exp[c] ÷ sum",
        Part::Dot => "dot = Σ dy[c] · y[c]",
        _ => "dX[c] = (dy[c] − dot) · y[c]",
    }
}
