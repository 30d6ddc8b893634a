//! Pooling. Letters as in [`crate::nn::pool`]; terms run over (u, v) forward, over the windows that
//! read the cell backward.

use super::{Push, Reading, Site, Visit, ZERO, cell, constant, family_stages, scan};
use crate::nn::{Part, pool::Pool2d};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Operand, Start, Term, TermOp},
};

family_stages! {
    /// The stages of a max pool.
    MaxPoolStage: Out, Dx
}

family_stages! {
    /// The stages of an average pool.
    AvgPoolStage: Out, Ds, Dx
}

pub(super) fn max_stages(plan: &Plan, l: usize, spec: &Pool2d, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    let id = |stage: MaxPoolStage| TensorId::layer(l, stage.part());
    match pass {
        Pass::Fwd => push(id(MaxPoolStage::Out), Shape::image(layer.output), spec.window.taps()),
        Pass::Bwd => push(id(MaxPoolStage::Dx), Shape::image(layer.input), windows(spec)),
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn avg_stages(plan: &Plan, l: usize, spec: &Pool2d, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    let id = |stage: AvgPoolStage| TensorId::layer(l, stage.part());
    match pass {
        Pass::Fwd => push(id(AvgPoolStage::Out), Shape::image(layer.output), spec.window.taps() + 1),
        Pass::Bwd => {
            push(id(AvgPoolStage::Ds), Shape::image(layer.output), 1);
            push(id(AvgPoolStage::Dx), Shape::image(layer.input), windows(spec));
        }
        Pass::Loss | Pass::Update => {}
    }
}

fn windows(spec: &Pool2d) -> usize {
    let [rows, cols] = spec.cover();
    rows * cols
}

/// The tap of a forward term, as an operand.
fn tap(site: &Site, l: usize, spec: &Pool2d, padding: Operand) -> Operand {
    let [_, c, i, j] = site.at;
    let kw = spec.window.cols.kernel;
    spec.window.tap([i, j], [site.m / kw, site.m % kw]).map_or(padding, |[p, q]| {
        cell(site.plan.input_of(l), site.image, site.plan.layer(l).input, [c, p, q])
    })
}

/// The window of a backward term.
fn window(site: &Site, spec: &Pool2d) -> Option<[usize; 2]> {
    let [_, cols] = spec.cover();
    spec.reader([site.at[2], site.at[3]], [site.m / cols, site.m % cols])
}

pub(super) fn max_term(site: &Site, l: usize, spec: &Pool2d) -> Term {
    let layer = site.plan.layer(l);
    let [_, c, p, q] = site.at;
    match MaxPoolStage::from_part(site.stage.tensor.part) {
        MaxPoolStage::Out => {
            let outside = Operand::Padding { value: f32::NEG_INFINITY };
            Term::one(TermOp::Max, tap(site, l, spec, outside))
        }
        MaxPoolStage::Dx => match window(site, spec) {
            Some([i, j]) => {
                let own = (p * layer.input[2] + q) as u32;
                let of = |tensor| cell(tensor, site.image, layer.output, [c, i, j]);
                let (dy, winner) = (site.plan.output_gradient_of(l), TensorId::layer(l, Part::Winner));
                Term::two(TermOp::Route { own }, of(dy), of(winner))
            }
            None => Term::one(TermOp::Add, ZERO),
        },
    }
}

pub(super) fn avg_term(site: &Site, l: usize, spec: &Pool2d) -> Term {
    let layer = site.plan.layer(l);
    let [_, c, i, j] = site.at;
    match AvgPoolStage::from_part(site.stage.tensor.part) {
        AvgPoolStage::Out if site.m < spec.window.taps() => Term::one(TermOp::Add, tap(site, l, spec, ZERO)),
        AvgPoolStage::Out => Term::one(TermOp::Div, constant("count", spec.divisor([i, j]) as f64)),
        AvgPoolStage::Ds => {
            let dy = site.same(site.plan.output_gradient_of(l));
            Term::two(TermOp::Quotient, dy, constant("count", spec.divisor([i, j]) as f64))
        }
        AvgPoolStage::Dx => {
            let ds = TensorId::layer(l, Part::Ds);
            let of = |[i, j]: [usize; 2]| cell(ds, site.image, layer.output, [c, i, j]);
            Term::one(TermOp::Add, window(site, spec).map_or(ZERO, of))
        }
    }
}

pub(super) fn max_start(part: Part) -> Start {
    match MaxPoolStage::from_part(part) {
        MaxPoolStage::Out => Start::LEAST,
        MaxPoolStage::Dx => Start::ZERO,
    }
}

pub(super) fn max_formula(spec: &Pool2d, part: Part) -> &'static str {
    let is_dilated = (spec.window.rows.dilation, spec.window.cols.dilation) != (1, 1);
    match MaxPoolStage::from_part(part) {
        MaxPoolStage::Out if is_dilated => "y[c,i,j] = max x[c, i·S+u·D−P, j·S+v·D−P]",
        MaxPoolStage::Out => "y[c,i,j] = max x[c, i·S+u−P, j·S+v−P]",
        MaxPoolStage::Dx => "dX[c,p,q] = Σ dy[c,i,j] · [winner[c,i,j] = (p,q)]",
    }
}

pub(super) fn avg_formula(part: Part) -> &'static str {
    match AvgPoolStage::from_part(part) {
        AvgPoolStage::Out => "y[c,i,j] = (Σ x[c, i·S+u−P, j·S+v−P]) ÷ count",
        AvgPoolStage::Ds => "dS[c,i,j] = dy[c,i,j] ÷ count",
        AvgPoolStage::Dx => "dX[c,p,q] = Σ dS[c,i,j] · [(i,j) ← (p,q)]",
    }
}

/// Readers of x forward, of dy and the winner backward.
pub(super) fn max_readers(reading: &Reading, l: usize, spec: &Pool2d, visit: Visit) {
    let tensor = reading.tensor;
    let own = |part| TensorId::layer(l, part);
    match MaxPoolStage::from_part(reading.stage.tensor.part) {
        MaxPoolStage::Out if tensor == reading.plan.input_of(l) => input_readers(reading, spec, visit),
        // The winner is found with the output, which stands for both.
        MaxPoolStage::Dx
            if [reading.plan.output_gradient_of(l), own(Part::Out), own(Part::Winner)].contains(&tensor) =>
        {
            window_readers(reading, spec, visit);
        }
        MaxPoolStage::Out | MaxPoolStage::Dx => {}
    }
}

/// Readers of x forward, of dy and dS backward.
pub(super) fn avg_readers(reading: &Reading, l: usize, spec: &Pool2d, visit: Visit) {
    let tensor = reading.tensor;
    match AvgPoolStage::from_part(reading.stage.tensor.part) {
        AvgPoolStage::Out if tensor == reading.plan.input_of(l) => input_readers(reading, spec, visit),
        AvgPoolStage::Dx if tensor == TensorId::layer(l, Part::Ds) => window_readers(reading, spec, visit),
        AvgPoolStage::Out | AvgPoolStage::Dx => {}
        AvgPoolStage::Ds => scan(reading, visit),
    }
}

/// The cell of the stage at (i, j) in the channel of the cell that is read.
fn stage_cell(reading: &Reading, [i, j]: [usize; 2]) -> u32 {
    let [_, c, _, _] = reading.at();
    reading.stage.shape.flat([reading.own_image(), c, i, j]) as u32
}

/// The forward terms that read a cell of x.
fn input_readers(reading: &Reading, spec: &Pool2d, visit: Visit) {
    let [_, _, i, j] = reading.at();
    let kw = spec.window.cols.kernel;
    // Later taps read from earlier windows.
    for m in (0..spec.window.taps()).rev() {
        if let Some(window) = spec.window.window_of([i, j], [m / kw, m % kw]) {
            visit(stage_cell(reading, window), m as u32);
        }
    }
}

/// The backward terms that read a cell of a window.
fn window_readers(reading: &Reading, spec: &Pool2d, visit: Visit) {
    let [_, _, i, j] = reading.at();
    let kw = spec.window.cols.kernel;
    let [rows, cols] = spec.cover();
    for uv in 0..spec.window.taps() {
        let Some(pq) = spec.window.tap([i, j], [uv / kw, uv % kw]) else { continue };
        for m in 0..rows * cols {
            if spec.reader(pq, [m / cols, m % cols]) == Some([i, j]) {
                visit(stage_cell(reading, pq), m as u32);
            }
        }
    }
}
