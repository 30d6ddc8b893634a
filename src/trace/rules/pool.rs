//! Pooling. Letters as in [`crate::nn::pool`]; terms run over (u, v) forward, over the windows that
//! read the cell backward.

use super::{Push, Reading, Site, Visit, ZERO, cell, constant};
use crate::nn::{Op, Part, pool::Pool2d};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Operand, Term, TermOp},
};

pub(super) fn max_stages(plan: &Plan, l: usize, spec: &Pool2d, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    match pass {
        Pass::Fwd => {
            push(TensorId::layer(l, Part::Out), Shape::image(layer.output), spec.window.taps());
        }
        Pass::Bwd => push(TensorId::layer(l, Part::Dx), Shape::image(layer.input), windows(spec)),
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn avg_stages(plan: &Plan, l: usize, spec: &Pool2d, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    match pass {
        Pass::Fwd => {
            push(TensorId::layer(l, Part::Out), Shape::image(layer.output), spec.window.taps() + 1);
        }
        Pass::Bwd => {
            push(TensorId::layer(l, Part::Ds), Shape::image(layer.output), 1);
            push(TensorId::layer(l, Part::Dx), Shape::image(layer.input), windows(spec));
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
    spec.window
        .tap([i, j], [site.m / kw, site.m % kw])
        .map_or(padding, |[p, q]| cell(Plan::input_of(l), site.image, site.plan.layer(l).input, [c, p, q]))
}

/// The window of a backward term.
fn window(site: &Site, spec: &Pool2d) -> Option<[usize; 2]> {
    let [_, cols] = spec.cover();
    spec.reader([site.at[2], site.at[3]], [site.m / cols, site.m % cols])
}

pub(super) fn max_term(site: &Site, l: usize, spec: &Pool2d) -> Term {
    let layer = site.plan.layer(l);
    if site.stage.tensor.part == Part::Out {
        let outside = Operand::Padding { value: f32::NEG_INFINITY };
        return Term::one(TermOp::Max, tap(site, l, spec, outside));
    }
    let [_, c, p, q] = site.at;
    let own = (p * layer.input[2] + q) as u32;
    match window(site, spec) {
        Some([i, j]) => {
            let of = |tensor| cell(tensor, site.image, layer.output, [c, i, j]);
            let (dy, winner) = (site.plan.output_gradient_of(l), TensorId::layer(l, Part::Winner));
            Term::two(TermOp::Route { own }, of(dy), of(winner))
        }
        None => Term::one(TermOp::Add, ZERO),
    }
}

pub(super) fn avg_term(site: &Site, l: usize, spec: &Pool2d) -> Term {
    let layer = site.plan.layer(l);
    let [_, c, i, j] = site.at;
    match site.stage.tensor.part {
        Part::Out if site.m < spec.window.taps() => Term::one(TermOp::Add, tap(site, l, spec, ZERO)),
        Part::Out => Term::one(TermOp::Div, constant("count", spec.divisor([i, j]) as f64)),
        Part::Ds => {
            let dy = site.same(site.plan.output_gradient_of(l));
            Term::two(TermOp::Quotient, dy, constant("count", spec.divisor([i, j]) as f64))
        }
        _ => {
            let ds = TensorId::layer(l, Part::Ds);
            let of = |[i, j]: [usize; 2]| cell(ds, site.image, layer.output, [c, i, j]);
            Term::one(TermOp::Add, window(site, spec).map_or(ZERO, of))
        }
    }
}

pub(super) fn max_formula(part: Part) -> &'static str {
    match part {
        Part::Out => "y[c,i,j] = max x[c, i·S+u−P, j·S+v−P]",
        _ => "dX[c,p,q] = Σ dy[c,i,j] · [winner[c,i,j] = (p,q)]",
    }
}

pub(super) fn avg_formula(part: Part) -> &'static str {
    match part {
        Part::Out => "y[c,i,j] = (Σ x[c, i·S+u−P, j·S+v−P]) ÷ count",
        Part::Ds => "dS[c,i,j] = dy[c,i,j] ÷ count",
        _ => "dX[c,p,q] = Σ dS[c,i,j] · [(i,j) ← (p,q)]",
    }
}

/// Readers of x forward, of dy (or ds) and the winner backward.
pub(super) fn readers(reading: &Reading, l: usize, spec: &Pool2d, visit: Visit) {
    let Reading { plan, stage, tensor, .. } = *reading;
    let own = |part| TensorId::layer(l, part);
    let [_, c, i, j] = reading.at();
    let (kh, kw) = (spec.window.rows.kernel, spec.window.cols.kernel);
    let n = reading.own_image();
    let cell = |[i, j]: [usize; 2]| stage.shape.flat([n, c, i, j]) as u32;
    if stage.tensor.part == Part::Out {
        if tensor == Plan::input_of(l) {
            // Later taps read from earlier windows.
            for m in (0..kh * kw).rev() {
                if let Some(window) = spec.window.window_of([i, j], [m / kw, m % kw]) {
                    visit(cell(window), m as u32);
                }
            }
        }
        return;
    }
    let is_read = match plan.layer(l).op {
        // The winner is found with the output, which stands for both.
        Op::MaxPool2d(_) => [plan.output_gradient_of(l), own(Part::Out), own(Part::Winner)].contains(&tensor),
        _ => tensor == own(Part::Ds),
    };
    if !is_read {
        return;
    }
    let [rows, cols] = spec.cover();
    for uv in 0..kh * kw {
        let Some(pq) = spec.window.tap([i, j], [uv / kw, uv % kw]) else { continue };
        for m in 0..rows * cols {
            if spec.reader(pq, [m / cols, m % cols]) == Some([i, j]) {
                visit(cell(pq), m as u32);
            }
        }
    }
}
