//! Pooling. Letters as in [`crate::nn::pool`]; terms run over (u, v) forward, over the windows that
//! read the cell backward.

use super::{Push, Site, Visit, ZERO, cell, constant};
use crate::nn::{Part, pool::Pool2d};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::{Plan, Stage, TensorId},
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
        _ => "dX[c,p,q] = Σ dy[c,i,j] of the windows that (p,q) won",
    }
}

pub(super) fn avg_formula(part: Part) -> &'static str {
    match part {
        Part::Out => "y[c,i,j] = (Σ x[c, i·S+u−P, j·S+v−P]) ÷ count",
        Part::Ds => "dS[c,i,j] = dy[c,i,j] ÷ count",
        _ => "dX[c,p,q] = Σ dS[c,i,j] of the windows that read (p,q)",
    }
}

/// Readers of x forward, of dy, ds or winner backward.
pub(super) fn readers(plan: &Plan, spec: &Pool2d, stage: &Stage, image: u32, index: u32, visit: Visit) {
    let n = if plan.is_layered() { image as usize } else { 0 };
    let (kh, kw) = (spec.window.rows.kernel, spec.window.cols.kernel);
    let (h, w) = (spec.window.rows.len, spec.window.cols.len);
    let [rows, cols] = spec.window.out();
    let index = index as usize;
    let flat = |at| stage.shape.flat(at) as u32;
    if stage.tensor.part == Part::Out {
        let (c, p, q) = (index / (h * w), index / w % h, index % w);
        let mut found: Vec<(u32, u32)> = (0..kh * kw)
            .filter_map(|m| {
                let [i, j] = spec.window.window_of([p, q], [m / kw, m % kw])?;
                Some((flat([n, c, i, j]), m as u32))
            })
            .collect();
        found.sort_unstable();
        return found.into_iter().for_each(|(cell, m)| visit(cell, m));
    }
    let (c, i, j) = (index / (rows * cols), index / cols % rows, index % cols);
    let [cover_rows, cover_cols] = spec.cover();
    for uv in 0..kh * kw {
        let Some([p, q]) = spec.window.tap([i, j], [uv / kw, uv % kw]) else { continue };
        for m in 0..cover_rows * cover_cols {
            if spec.reader([p, q], [m / cover_cols, m % cover_cols]) == Some([i, j]) {
                visit(flat([n, c, p, q]), m as u32);
            }
        }
    }
}
