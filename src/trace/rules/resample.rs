//! Resampling. Letters as in [`crate::nn::resample`]; terms run over the taps forward, over the cells that read a cell
//! backward.

use super::{Push, Reading, Site, Visit, ZERO, cell, constant, family_stages, set};
use crate::nn::{
    Part,
    resample::{Border, Does, Resample2d, Upsampling, Weighted},
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
        let (value, weight) =
            read.map_or((ZERO, 0.0), |(at, weight)| (cell(tensor, site.image, extents, at), weight));
        (value, constant("w", weight))
    };
    let is_copy = spec.is_copy();
    match ResampleStage::from_part(site.stage.tensor.part) {
        ResampleStage::Out => {
            let (x, w) = of(site.plan.input_of(l), layer.input, spec.tap([c, i, j], site.m));
            if is_copy { set(x) } else { Term::two(TermOp::MulAdd, x, w) }
        }
        ResampleStage::Dx => {
            let (dy, w) = of(site.plan.output_gradient_of(l), layer.output, spec.reader([c, i, j], site.m));
            if is_copy { Term::one(TermOp::Add, dy) } else { Term::two(TermOp::MulAdd, dy, w) }
        }
    }
}

pub(super) fn formula(spec: &Resample2d, part: Part) -> &'static str {
    match (ResampleStage::from_part(part), spec.does()) {
        (ResampleStage::Out, Does::Scale(Upsampling::Nearest)) => "y[c,i,j] = x[c, ⌊i ÷ S⌋, ⌊j ÷ S⌋]",
        (ResampleStage::Out, Does::Scale(Upsampling::NearestExact)) => {
            "y[c,i,j] = x[c, ⌊(i + ½) ÷ S⌋, ⌊(j + ½) ÷ S⌋]"
        }
        (ResampleStage::Out, Does::Scale(Upsampling::Bilinear | Upsampling::Bicubic)) => {
            "y[c,i,j] = Σ x[c,p,q] · w[i,p] · w[j,q]"
        }
        (ResampleStage::Out, Does::Pad(Border::Zero)) => "y[c,i,j] = x[c, i−P, j−P]",
        (ResampleStage::Out, Does::Pad(Border::Reflection | Border::Replication)) => {
            "y[c,i,j] = x[c, p(i−P), q(j−P)]"
        }
        (ResampleStage::Out, Does::Crop) => "y[c,i,j] = x[c, p(i), q(j)]",
        (ResampleStage::Out, Does::Slice | Does::Shuffle) => "y[c,i,j] = x[k(c), i, j]",
        (ResampleStage::Dx, Does::Scale(Upsampling::Bilinear | Upsampling::Bicubic)) => {
            "dX[c,p,q] = Σ dy[c,i,j] · w[i,p] · w[j,q]"
        }
        (
            ResampleStage::Dx,
            Does::Scale(Upsampling::Nearest | Upsampling::NearestExact) | Does::Pad(_) | Does::Crop,
        ) => "dX[c,p,q] = Σ dy[c,i,j] · [(i,j) ← (p,q)]",
        (ResampleStage::Dx, Does::Slice | Does::Shuffle) => "dX[k,i,j] = Σ dy[c,i,j] · [c ← k]",
    }
}

/// Readers of x forward, of dy backward.
pub(super) fn readers(reading: &Reading, l: usize, spec: &Resample2d, visit: Visit) {
    let [_, c, i, j] = reading.at();
    let n = reading.own_image();
    let mut cells = |[c, i, j]: [usize; 3], m: usize| {
        visit(reading.stage.shape.flat([n, c, i, j]) as u32, m as u32);
    };
    let own = [c, i, j];
    match ResampleStage::from_part(reading.stage.tensor.part) {
        ResampleStage::Out if reading.tensor == reading.plan.input_of(l) => {
            for (at, _) in (0..spec.cover()).filter_map(|s| spec.reader(own, s)) {
                let reads = |m: &usize| spec.tap(at, *m).is_some_and(|(read, _)| read == own);
                (0..spec.taps()).filter(reads).for_each(|m| cells(at, m));
            }
        }
        ResampleStage::Dx if reading.tensor == reading.plan.output_gradient_of(l) => {
            let mut read: Vec<[usize; 3]> =
                (0..spec.taps()).filter_map(|m| spec.tap(own, m)).map(|(at, _)| at).collect();
            read.sort_unstable();
            read.dedup();
            for at in read {
                let reads = |m: &usize| spec.reader(at, *m).is_some_and(|(by, _)| by == own);
                (0..spec.cover()).filter(reads).for_each(|m| cells(at, m));
            }
        }
        ResampleStage::Out | ResampleStage::Dx => {}
    }
}
