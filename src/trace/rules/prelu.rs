//! PReLU. Letters as in [`crate::nn::prelu`].

use super::{Push, Site, family_stages, gradient_start, images_at_once};
use crate::nn::{Part, prelu::PRelu};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Operand, Start, Term, TermOp},
};

family_stages! {
    /// The stages of a PReLU.
    PReluStage: Out, Dw, Dx
}

pub(super) fn stages(plan: &Plan, l: usize, spec: &PRelu, pass: Pass, push: Push) {
    let id = |stage: PReluStage| TensorId::layer(l, stage.part());
    let image = Shape::image(spec.extents);
    match pass {
        Pass::Fwd => push(id(PReluStage::Out), image, 2),
        Pass::Bwd => {
            let slopes = Shape::new(1, spec.slopes, 1, 1);
            push(id(PReluStage::Dw), slopes, images_at_once(plan) * spec.run());
            push(id(PReluStage::Dx), image, 2);
        }
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn term(site: &Site, l: usize, spec: &PRelu) -> Term {
    let (x, dy) = (site.plan.input_of(l), site.plan.output_gradient_of(l));
    let slope = || {
        let index = spec.slope_of(site.at[1]) as u32;
        let a = Operand::Cell { tensor: TensorId::layer(l, Part::Weight), image: 0, index };
        Term::two(TermOp::Slope, site.same(x), a)
    };
    // The m-th cell that goes with a slope, over the images.
    let nth = |tensor| {
        let (image, rest) = site.image_and_rest(spec.run());
        Operand::Cell { tensor, image, index: (site.index as usize * spec.run() + rest) as u32 }
    };
    match PReluStage::from_part(site.stage.tensor.part) {
        PReluStage::Dw => Term::two(TermOp::MulAddNegative, nth(dy), nth(x)),
        PReluStage::Out | PReluStage::Dx if site.m == 0 => slope(),
        PReluStage::Out => Term::one(TermOp::Mul, site.same(x)),
        PReluStage::Dx => Term::one(TermOp::Mul, site.same(dy)),
    }
}

pub(super) fn start(plan: &Plan, part: Part) -> Start {
    match PReluStage::from_part(part) {
        PReluStage::Dw => gradient_start(plan),
        PReluStage::Out | PReluStage::Dx => Start::ZERO,
    }
}

pub(super) fn formula(part: Part) -> &'static str {
    match PReluStage::from_part(part) {
        PReluStage::Out => "y = ([x > 0] + a·[x ≤ 0]) · x",
        PReluStage::Dw => "da = Σ dy · x · [x ≤ 0]",
        PReluStage::Dx => "dX = ([x > 0] + a·[x ≤ 0]) · dy",
    }
}
