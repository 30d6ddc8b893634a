//! The dense layer. Letters as in [`crate::nn::dense`]; terms run over f forward, over images for
//! the weight, over o for the input.

use super::{Push, Reading, Site, Visit, images_at_once, param};
use crate::nn::{Part, dense::Dense};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Operand, Term, TermOp},
};

pub(super) fn stages(plan: &Plan, l: usize, spec: &Dense, pass: Pass, push: Push) {
    let id = |part| TensorId::layer(l, part);
    let vector = Shape::new(1, spec.out_features, 1, 1);
    match pass {
        Pass::Fwd => push(id(Part::Out), vector, spec.in_features + usize::from(spec.bias)),
        Pass::Bwd => {
            let images = images_at_once(plan);
            push(id(Part::Dw), Shape::new(spec.out_features, spec.in_features, 1, 1), images);
            if spec.bias {
                push(id(Part::Db), vector, images);
            }
            push(id(Part::Dx), Shape::image(plan.layer(l).input), spec.out_features);
        }
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn term(site: &Site, l: usize, spec: &Dense) -> Term {
    let of = |tensor, image, index: usize| Operand::Cell { tensor, image, index: index as u32 };
    let (x, dy) = (Plan::input_of(l), site.plan.output_gradient_of(l));
    let weight = |o: usize, f: usize| param(l, Part::Weight, o * spec.in_features + f);
    match site.stage.tensor.part {
        Part::Out => {
            let o = site.at[1];
            if site.m < spec.in_features {
                Term::two(TermOp::MulAdd, of(x, site.image, site.m), weight(o, site.m))
            } else {
                Term::one(TermOp::Add, param(l, Part::Bias, o))
            }
        }
        Part::Dw => {
            let (image, _) = site.image_and_rest(1);
            let [o, f, _, _] = site.at;
            Term::two(TermOp::MulAdd, of(dy, image, o), of(x, image, f))
        }
        Part::Db => {
            let (image, _) = site.image_and_rest(1);
            Term::one(TermOp::Add, of(dy, image, site.at[1]))
        }
        _ => {
            let f = site.index as usize;
            Term::two(TermOp::MulAdd, of(dy, site.image, site.m), weight(site.m, f))
        }
    }
}

pub(super) fn formula(spec: &Dense, part: Part) -> &'static str {
    match (part, spec.bias) {
        (Part::Out, true) => "y[o] = Σ x[f] · w[o,f] + b[o]",
        (Part::Out, false) => "y[o] = Σ x[f] · w[o,f]",
        (Part::Dw, _) => "dW[o,f] = Σ dy[n,o] · x[n,f]",
        (Part::Db, _) => "db[o] = Σ dy[n,o]",
        _ => "dX[f] = Σ dy[o] · w[o,f]",
    }
}

/// Readers of x, the weight and the bias forward, of x, dy and the weight backward.
pub(super) fn readers(reading: &Reading, l: usize, spec: &Dense, visit: Visit) {
    let Reading { plan, stage, tensor, index, .. } = *reading;
    let (features, outs) = (spec.in_features, spec.out_features);
    let own = |part| TensorId::layer(l, part);
    let (x, dy) = (Plan::input_of(l), plan.output_gradient_of(l));
    let n = reading.own_image();
    let mut visit = |cell: usize, m: usize| visit(cell as u32, m as u32);
    match stage.tensor.part {
        Part::Out if tensor == own(Part::Weight) => {
            reading.all_images().for_each(|n| visit(n * outs + index / features, index % features));
        }
        Part::Out if tensor == own(Part::Bias) => {
            reading.all_images().for_each(|n| visit(n * outs + index, features));
        }
        Part::Out if tensor == x => (0..outs).for_each(|o| visit(n * outs + o, index)),
        Part::Dw if tensor == x => (0..outs).for_each(|o| visit(o * features + index, n)),
        Part::Dw if tensor == dy => (0..features).for_each(|f| visit(index * features + f, n)),
        Part::Dx if tensor == own(Part::Weight) => {
            reading.all_images().for_each(|n| visit(n * features + index % features, index / features));
        }
        Part::Dx if tensor == dy => (0..features).for_each(|f| visit(n * features + f, index)),
        _ => {}
    }
}
