//! The dense layer. Letters as in [`crate::nn::dense`]; terms run over f forward, over images for
//! the weight, over o for the input.

use super::{Push, Reading, Site, Visit, family_stages, gradient_start, images_at_once, param, scan};
use crate::nn::{Part, dense::Dense};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Operand, Start, Term, TermOp},
};

family_stages! {
    /// The stages of a dense layer.
    DenseStage: Out, Dw, Db, Dx
}

pub(super) fn stages(plan: &Plan, l: usize, spec: &Dense, pass: Pass, push: Push) {
    let id = |stage: DenseStage| TensorId::layer(l, stage.part());
    let vector = Shape::new(1, spec.out_features, 1, 1);
    match pass {
        Pass::Fwd => push(id(DenseStage::Out), vector, spec.in_features + usize::from(spec.bias)),
        Pass::Bwd => {
            let images = images_at_once(plan);
            push(id(DenseStage::Dw), Shape::new(spec.out_features, spec.in_features, 1, 1), images);
            if spec.bias {
                push(id(DenseStage::Db), vector, images);
            }
            push(id(DenseStage::Dx), Shape::image(plan.layer(l).input), spec.out_features);
        }
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn term(site: &Site, l: usize, spec: &Dense) -> Term {
    let of = |tensor, image, index: usize| Operand::Cell { tensor, image, index: index as u32 };
    let (x, dy) = (site.plan.input_of(l), site.plan.output_gradient_of(l));
    let weight = |o: usize, f: usize| param(l, Part::Weight, o * spec.in_features + f);
    match DenseStage::from_part(site.stage.tensor.part) {
        DenseStage::Out => {
            let o = site.at[1];
            if site.m < spec.in_features {
                Term::two(TermOp::MulAdd, of(x, site.image, site.m), weight(o, site.m))
            } else {
                Term::one(TermOp::Add, param(l, Part::Bias, o))
            }
        }
        DenseStage::Dw => {
            let (image, _) = site.image_and_rest(1);
            let [o, f, _, _] = site.at;
            Term::two(TermOp::MulAdd, of(dy, image, o), of(x, image, f))
        }
        DenseStage::Db => {
            let (image, _) = site.image_and_rest(1);
            Term::one(TermOp::Add, of(dy, image, site.at[1]))
        }
        DenseStage::Dx => {
            let f = site.index as usize;
            Term::two(TermOp::MulAdd, of(dy, site.image, site.m), weight(site.m, f))
        }
    }
}

pub(super) fn start(plan: &Plan, part: Part) -> Start {
    match DenseStage::from_part(part) {
        DenseStage::Dw | DenseStage::Db => gradient_start(plan),
        DenseStage::Out | DenseStage::Dx => Start::ZERO,
    }
}

pub(super) fn formula(spec: &Dense, part: Part) -> &'static str {
    match (DenseStage::from_part(part), spec.bias) {
        (DenseStage::Out, true) => "y[o] = Σ x[f] · w[o,f] + b[o]",
        (DenseStage::Out, false) => "y[o] = Σ x[f] · w[o,f]",
        (DenseStage::Dw, _) => "dW[o,f] = Σ dy[n,o] · x[n,f]",
        (DenseStage::Db, _) => "db[o] = Σ dy[n,o]",
        (DenseStage::Dx, _) => "dX[f] = Σ dy[o] · w[o,f]",
    }
}

/// Readers of x, the weight and the bias forward, of x, dy and the weight backward.
pub(super) fn readers(reading: &Reading, l: usize, spec: &Dense, visit: Visit) {
    let Reading { plan, stage, tensor, index, .. } = *reading;
    let (features, outs) = (spec.in_features, spec.out_features);
    let own = |part| TensorId::layer(l, part);
    let (x, dy) = (plan.input_of(l), plan.output_gradient_of(l));
    let n = reading.own_image();
    let mut term = |cell: usize, m: usize| visit(cell as u32, m as u32);
    match DenseStage::from_part(stage.tensor.part) {
        DenseStage::Out if tensor == own(Part::Weight) => {
            reading.all_images().for_each(|n| term(n * outs + index / features, index % features));
        }
        DenseStage::Out if tensor == own(Part::Bias) => {
            reading.all_images().for_each(|n| term(n * outs + index, features));
        }
        DenseStage::Out if tensor == x => (0..outs).for_each(|o| term(n * outs + o, index)),
        DenseStage::Dw if tensor == x => (0..outs).for_each(|o| term(o * features + index, n)),
        DenseStage::Dw if tensor == dy => (0..features).for_each(|f| term(index * features + f, n)),
        DenseStage::Dx if tensor == own(Part::Weight) => {
            reading.all_images().for_each(|n| term(n * features + index % features, index / features));
        }
        DenseStage::Dx if tensor == dy => (0..features).for_each(|f| term(n * features + f, index)),
        DenseStage::Out | DenseStage::Dw | DenseStage::Dx => {}
        DenseStage::Db => scan(reading, visit),
    }
}
