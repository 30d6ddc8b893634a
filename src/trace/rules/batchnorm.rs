//! Batch normalisation. Letters as in [`crate::nn::batchnorm`].

use super::{Push, Site, cell, family_stages, gradient_start, images_at_once, norm, param};
use crate::nn::{Mode, Part, batchnorm::BatchNorm2d};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Operand, Start, Term, TermOp},
};

family_stages! {
    /// The stages of a batch normalisation.
    BatchNormStage: Mean, Var, InvStd, Xhat, Out, Dw, Db, Dx
}

pub(super) fn stages(plan: &Plan, l: usize, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    let id = |stage: BatchNormStage| TensorId::layer(l, stage.part());
    let [channels, h, w] = layer.input;
    let (vector, image) = (Shape::new(1, channels, 1, 1), Shape::image(layer.input));
    let count = images_at_once(plan) * h * w;
    let train = plan.setup().mode == Mode::Train;
    match pass {
        Pass::Fwd => {
            if train {
                push(id(BatchNormStage::Mean), vector, count + 1);
                push(id(BatchNormStage::Var), vector, count + 1);
            }
            push(id(BatchNormStage::InvStd), vector, 4);
            push(id(BatchNormStage::Xhat), image, 2);
            push(id(BatchNormStage::Out), image, 2);
        }
        Pass::Bwd => {
            push(id(BatchNormStage::Dw), vector, count);
            push(id(BatchNormStage::Db), vector, count);
            push(id(BatchNormStage::Dx), image, if train { norm::CENTRED + 2 } else { 2 });
        }
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn term(site: &Site, l: usize, spec: &BatchNorm2d) -> Term {
    let layer = site.plan.layer(l);
    let (x, dy) = (site.plan.input_of(l), site.plan.output_gradient_of(l));
    let (c, m) = (site.at[1], site.m);
    let train = site.plan.setup().mode == Mode::Train;
    let [_, h, w] = layer.input;
    let count = images_at_once(site.plan) * h * w;
    // The m-th of the cells of channel c over the images.
    let nth = |tensor| {
        let (image, rest) = site.image_and_rest(h * w);
        cell(tensor, image, layer.input, [c, rest / w, rest % w])
    };
    let vector = |part| param(l, part, c);
    // In evaluation each image's pass makes it again.
    let inv_std = || Operand::Cell {
        tensor: TensorId::layer(l, Part::InvStd),
        image: if site.plan.is_layered() { 0 } else { site.image },
        index: c as u32,
    };
    match BatchNormStage::from_part(site.stage.tensor.part) {
        BatchNormStage::Mean if m < count => Term::one(TermOp::Add, nth(x)),
        BatchNormStage::Var if m < count => Term::two(TermOp::SquareDiffAdd, nth(x), vector(Part::Mean)),
        BatchNormStage::Mean | BatchNormStage::Var => norm::divide(count),
        BatchNormStage::InvStd => {
            norm::inv_std(m, vector(if train { Part::Var } else { Part::RunningVar }), spec.eps)
        }
        BatchNormStage::Xhat => {
            let mean = vector(if train { Part::Mean } else { Part::RunningMean });
            norm::normalised(m, [site.same(x), mean, inv_std()])
        }
        BatchNormStage::Out => {
            let xhat = site.same(TensorId::layer(l, Part::Xhat));
            norm::scaled_and_shifted(m, [xhat, vector(Part::Weight), vector(Part::Bias)])
        }
        BatchNormStage::Dw => Term::two(TermOp::MulAdd, nth(dy), nth(TensorId::layer(l, Part::Xhat))),
        BatchNormStage::Db => Term::one(TermOp::Add, nth(dy)),
        BatchNormStage::Dx if train && m < norm::CENTRED => {
            let xhat = site.same(TensorId::layer(l, Part::Xhat));
            norm::centred(m, [site.same(dy), vector(Part::Dw), xhat, vector(Part::Db)], count)
        }
        BatchNormStage::Dx if train && m == norm::CENTRED => Term::one(TermOp::Mul, vector(Part::Weight)),
        BatchNormStage::Dx if train => Term::one(TermOp::Mul, inv_std()),
        BatchNormStage::Dx => match m {
            0 => Term::two(TermOp::Product, site.same(dy), vector(Part::Weight)),
            _ => Term::one(TermOp::Mul, inv_std()),
        },
    }
}

pub(super) fn start(plan: &Plan, part: Part) -> Start {
    match BatchNormStage::from_part(part) {
        BatchNormStage::Dw | BatchNormStage::Db => gradient_start(plan),
        BatchNormStage::Mean
        | BatchNormStage::Var
        | BatchNormStage::InvStd
        | BatchNormStage::Xhat
        | BatchNormStage::Out
        | BatchNormStage::Dx => Start::ZERO,
    }
}

pub(super) fn formula(mode: Mode, part: Part) -> &'static str {
    match (BatchNormStage::from_part(part), mode) {
        (BatchNormStage::Mean, _) => "mean[c] = (Σ x[n,c,i,j]) ÷ M",
        (BatchNormStage::Var, _) => "var[c] = (Σ (x[n,c,i,j] − mean[c])²) ÷ M",
        (BatchNormStage::InvStd, Mode::Train) => "inv_std[c] = 1 ÷ √(var[c] + ε)",
        (BatchNormStage::InvStd, Mode::Eval) => "inv_std[c] = 1 ÷ √(running_var[c] + ε)",
        (BatchNormStage::Xhat, Mode::Train) => "xhat = (x − mean[c]) · inv_std[c]",
        (BatchNormStage::Xhat, Mode::Eval) => "xhat = (x − running_mean[c]) · inv_std[c]",
        (BatchNormStage::Out, _) => "y = xhat · γ[c] + β[c]",
        (BatchNormStage::Dw, _) => "dγ[c] = Σ dy · xhat",
        (BatchNormStage::Db, _) => "dβ[c] = Σ dy",
        (BatchNormStage::Dx, Mode::Train) => "dX = (dy − (dγ[c] · xhat + dβ[c]) ÷ M) · γ[c] · inv_std[c]",
        (BatchNormStage::Dx, Mode::Eval) => "dX = dy · γ[c] · inv_std[c]",
    }
}
