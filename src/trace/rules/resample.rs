//! Resampling. Letters as in [`crate::nn::resample`]; terms run over the taps forward, over the cells that read a cell
//! backward.

use super::{Push, Reading, Site, Visit, ZERO, cell, constant, family_stages, set};
use crate::nn::{
    Part,
    resample::{Border, Resample2d, Source, Upsampling, Weighted},
};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Operand, Term, TermOp},
};

family_stages! {
    /// The stages of a resampling.
    ResampleStage: Out, Dx
}

pub(super) fn stages(plan: &Plan, l: usize, spec: &Resample2d, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    let id = |stage: ResampleStage| TensorId::layer(l, stage.part());
    match pass {
        Pass::Fwd => push(id(ResampleStage::Out), Shape::image(layer.output), spec.taps()),
        Pass::Bwd => push(id(ResampleStage::Dx), Shape::image(layer.input), spec.cover()),
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn term(site: &Site, l: usize, spec: &Resample2d) -> Term {
    let layer = site.plan.layer(l);
    let [_, c, i, j] = site.at;
    let of = |tensor, extents, read: Option<Weighted>| -> (Operand, Operand) {
        let (value, weight) = read
            .map_or((ZERO, 0.0), |([p, q], weight)| (cell(tensor, site.image, extents, [c, p, q]), weight));
        (value, constant("w", weight))
    };
    let is_copy = spec.is_copy();
    match ResampleStage::from_part(site.stage.tensor.part) {
        ResampleStage::Out => {
            let (x, w) = of(site.plan.input_of(l), layer.input, spec.tap([i, j], site.m));
            if is_copy { set(x) } else { Term::two(TermOp::MulAdd, x, w) }
        }
        ResampleStage::Dx => {
            let (dy, w) = of(site.plan.output_gradient_of(l), layer.output, spec.reader([i, j], site.m));
            if is_copy { Term::one(TermOp::Add, dy) } else { Term::two(TermOp::MulAdd, dy, w) }
        }
    }
}

pub(super) fn formula(spec: &Resample2d, part: Part) -> &'static str {
    match (ResampleStage::from_part(part), spec.rows.source) {
        (ResampleStage::Out, Source::Scale { by: Upsampling::Nearest, .. }) => {
            "y[c,i,j] = x[c, ⌊i ÷ S⌋, ⌊j ÷ S⌋]"
        }
        (ResampleStage::Out, Source::Scale { by: Upsampling::Bilinear, .. }) => {
            "y[c,i,j] = Σ x[c,p,q] · w[i,p] · w[j,q]"
        }
        (ResampleStage::Out, Source::Pad { border: Border::Zero, .. }) => "y[c,i,j] = x[c, i−P, j−P]",
        (ResampleStage::Out, Source::Pad { border: Border::Reflection | Border::Replication, .. }) => {
            "y[c,i,j] = x[c, p(i−P), q(j−P)]"
        }
        (ResampleStage::Dx, Source::Scale { by: Upsampling::Bilinear, .. }) => {
            "dX[c,p,q] = Σ dy[c,i,j] · w[i,p] · w[j,q]"
        }
        (ResampleStage::Dx, Source::Scale { by: Upsampling::Nearest, .. } | Source::Pad { .. }) => {
            "dX[c,p,q] = Σ dy[c,i,j] · [(i,j) ← (p,q)]"
        }
    }
}

/// Readers of x forward, of dy backward.
pub(super) fn readers(reading: &Reading, l: usize, spec: &Resample2d, visit: Visit) {
    let [_, c, i, j] = reading.at();
    let n = reading.own_image();
    let mut cells = |at: [usize; 2], m: usize| {
        visit(reading.stage.shape.flat([n, c, at[0], at[1]]) as u32, m as u32);
    };
    match ResampleStage::from_part(reading.stage.tensor.part) {
        ResampleStage::Out if reading.tensor == reading.plan.input_of(l) => {
            for (at, _) in (0..spec.cover()).filter_map(|s| spec.reader([i, j], s)) {
                let reads = |m: &usize| spec.tap(at, *m).is_some_and(|(read, _)| read == [i, j]);
                (0..spec.taps()).filter(reads).for_each(|m| cells(at, m));
            }
        }
        ResampleStage::Dx if reading.tensor == reading.plan.output_gradient_of(l) => {
            let mut read: Vec<[usize; 2]> =
                (0..spec.taps()).filter_map(|m| spec.tap([i, j], m)).map(|(at, _)| at).collect();
            read.sort_unstable();
            read.dedup();
            for at in read {
                let reads = |m: &usize| spec.reader(at, *m).is_some_and(|(by, _)| by == [i, j]);
                (0..spec.cover()).filter(reads).for_each(|m| cells(at, m));
            }
        }
        ResampleStage::Out | ResampleStage::Dx => {}
    }
}
