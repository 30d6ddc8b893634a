//! Group, instance and layer normalisation. Letters as in [`crate::nn::group_norm`]. Where nothing scales and shifts the
//! normalised values, the output is made as they are, and its gradient is theirs.

use super::{Push, Reading, Site, Visit, family_stages, gradient_start, images_at_once, norm, scan};
use crate::nn::{Part, group_norm::GroupNorm};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Operand, Start, Term, TermOp},
};

family_stages! {
    /// The stages of a normalisation of each image for itself.
    GroupNormStage: GroupMean, GroupVar, GroupInvStd, Xhat, Out, Dw, Db, Dxhat, DxhatSum, Dot, Dx
}

pub(super) fn stages(plan: &Plan, l: usize, spec: &GroupNorm, pass: Pass, push: Push) {
    let id = |stage: GroupNormStage| TensorId::layer(l, stage.part());
    let (groups, image) = (Shape::new(1, spec.groups, 1, 1), Shape::image(spec.extents));
    let (count, params) = (spec.count(), spec.parameter_shape().map(Shape));
    match pass {
        Pass::Fwd => {
            push(id(GroupNormStage::GroupMean), groups, count + 1);
            push(id(GroupNormStage::GroupVar), groups, count + 1);
            push(id(GroupNormStage::GroupInvStd), groups, 4);
            if params.is_some() {
                push(id(GroupNormStage::Xhat), image, 2);
            }
            push(id(GroupNormStage::Out), image, 2);
        }
        Pass::Bwd => {
            if let Some(params) = params {
                push(id(GroupNormStage::Dw), params, images_at_once(plan) * spec.run());
                push(id(GroupNormStage::Db), params, images_at_once(plan) * spec.run());
                push(id(GroupNormStage::Dxhat), image, 1);
            }
            push(id(GroupNormStage::DxhatSum), groups, count);
            push(id(GroupNormStage::Dot), groups, count);
            push(id(GroupNormStage::Dx), image, norm::CENTRED + 1);
        }
        Pass::Loss | Pass::Update => {}
    }
}

/// The gradient of the normalised values.
fn normalised_gradient(plan: &Plan, l: usize, spec: &GroupNorm) -> TensorId {
    match spec.affine {
        Some(_) => TensorId::layer(l, Part::Dxhat),
        None => plan.output_gradient_of(l),
    }
}

pub(super) fn term(site: &Site, l: usize, spec: &GroupNorm) -> Term {
    let (m, count) = (site.m, spec.count());
    let own = |part| TensorId::layer(l, part);
    let (x, dy) = (site.plan.input_of(l), site.plan.output_gradient_of(l));
    let (xhat, dxhat) = (own(spec.xhat()), normalised_gradient(site.plan, l, spec));
    let cell = |tensor, image, index: usize| Operand::Cell { tensor, image, index: index as u32 };
    // Of a stage with a number for each group: the m-th cell of the group.
    let nth = |tensor| cell(tensor, site.image, site.at[1] * count + m);
    // The number of the cell's group.
    let group = |part| cell(own(part), site.image, spec.group_of(site.at[1]));
    // The parameter that goes with a cell.
    let param = |part| cell(own(part), 0, site.index as usize / spec.run());
    // Of a parameter's gradient: the m-th cell that goes with it, over the images.
    let nth_of_run = |tensor| {
        let (image, rest) = site.image_and_rest(spec.run());
        cell(tensor, image, site.index as usize * spec.run() + rest)
    };
    match GroupNormStage::from_part(site.stage.tensor.part) {
        GroupNormStage::GroupMean if m < count => Term::one(TermOp::Add, nth(x)),
        GroupNormStage::GroupVar if m < count => {
            Term::two(TermOp::SquareDiffAdd, nth(x), site.same(own(Part::GroupMean)))
        }
        GroupNormStage::GroupMean | GroupNormStage::GroupVar => norm::divide(count),
        GroupNormStage::GroupInvStd => norm::inv_std(m, site.same(own(Part::GroupVar)), spec.eps),
        GroupNormStage::Out if spec.affine.is_some() => {
            norm::scaled_and_shifted(m, [site.same(xhat), param(Part::Weight), param(Part::Bias)])
        }
        GroupNormStage::Xhat | GroupNormStage::Out => {
            norm::normalised(m, [site.same(x), group(Part::GroupMean), group(Part::GroupInvStd)])
        }
        GroupNormStage::Dw => Term::two(TermOp::MulAdd, nth_of_run(dy), nth_of_run(xhat)),
        GroupNormStage::Db => Term::one(TermOp::Add, nth_of_run(dy)),
        GroupNormStage::Dxhat => Term::two(TermOp::Product, site.same(dy), param(Part::Weight)),
        GroupNormStage::DxhatSum => Term::one(TermOp::Add, nth(dxhat)),
        GroupNormStage::Dot => Term::two(TermOp::MulAdd, nth(dxhat), nth(xhat)),
        GroupNormStage::Dx if m < norm::CENTRED => {
            let operands = [site.same(dxhat), group(Part::Dot), site.same(xhat), group(Part::DxhatSum)];
            norm::centred(m, operands, count)
        }
        GroupNormStage::Dx => Term::one(TermOp::Mul, group(Part::GroupInvStd)),
    }
}

pub(super) fn start(plan: &Plan, part: Part) -> Start {
    match GroupNormStage::from_part(part) {
        GroupNormStage::Dw | GroupNormStage::Db => gradient_start(plan),
        GroupNormStage::GroupMean
        | GroupNormStage::GroupVar
        | GroupNormStage::GroupInvStd
        | GroupNormStage::Xhat
        | GroupNormStage::Out
        | GroupNormStage::Dxhat
        | GroupNormStage::DxhatSum
        | GroupNormStage::Dot
        | GroupNormStage::Dx => Start::ZERO,
    }
}

pub(super) fn formula(spec: &GroupNorm, part: Part) -> &'static str {
    let is_affine = spec.affine.is_some();
    match GroupNormStage::from_part(part) {
        GroupNormStage::GroupMean => "mean[g] = (Σ x) ÷ M",
        GroupNormStage::GroupVar => "var[g] = (Σ (x − mean[g])²) ÷ M",
        GroupNormStage::GroupInvStd => "inv_std[g] = 1 ÷ √(var[g] + ε)",
        GroupNormStage::Xhat => "xhat = (x − mean[g]) · inv_std[g]",
        GroupNormStage::Out if is_affine => "y = xhat · γ + β",
        GroupNormStage::Out => "y = (x − mean[g]) · inv_std[g]",
        GroupNormStage::Dw => "dγ = Σ dy · xhat",
        GroupNormStage::Db => "dβ = Σ dy",
        GroupNormStage::Dxhat => "dxhat = dy · γ",
        GroupNormStage::DxhatSum if is_affine => "sum[g] = Σ dxhat",
        GroupNormStage::DxhatSum => "sum[g] = Σ dy",
        GroupNormStage::Dot if is_affine => "dot[g] = Σ dxhat · xhat",
        GroupNormStage::Dot => "dot[g] = Σ dy · y",
        GroupNormStage::Dx if is_affine => "dX = (dxhat − (dot[g] · xhat + sum[g]) ÷ M) · inv_std[g]",
        GroupNormStage::Dx => "dX = (dy − (dot[g] · y + sum[g]) ÷ M) · inv_std[g]",
    }
}

/// Groups are axes of their own: a number of a group is read by its cells, a cell by its group.
pub(super) fn readers(reading: &Reading, l: usize, spec: &GroupNorm, visit: Visit) {
    let (stage, tensor, count) = (reading.stage, reading.tensor, spec.count());
    let reads_groups = tensor == TensorId::layer(l, tensor.part) && GroupNorm::is_of_group(tensor.part);
    match GroupNormStage::from_part(stage.tensor.part) {
        GroupNormStage::GroupInvStd | GroupNormStage::Dw | GroupNormStage::Db | GroupNormStage::Dxhat => {
            scan(reading, visit);
        }
        GroupNormStage::Out if spec.affine.is_some() => scan(reading, visit),
        GroupNormStage::GroupMean
        | GroupNormStage::GroupVar
        | GroupNormStage::DxhatSum
        | GroupNormStage::Dot => {
            let first = reading.own_image() * spec.groups;
            if reads_groups {
                reading.visit_those(first + reading.index, 0..count as u32, visit);
            } else if tensor.is_per_image() && reading.index < spec.cells() {
                let m = (reading.index % count) as u32;
                reading.visit_those(first + reading.index / count, m..m + 1, visit);
            }
        }
        GroupNormStage::Xhat | GroupNormStage::Out | GroupNormStage::Dx => {
            let first = reading.own_image() * spec.cells();
            let cells = match reads_groups {
                true => reading.index * count..(reading.index + 1) * count,
                false => reading.index..reading.index + 1,
            };
            for cell in cells.filter(|&cell| cell < spec.cells() && tensor.is_per_image()) {
                reading.visit_those(first + cell, 0..stage.terms, visit);
            }
        }
    }
}
