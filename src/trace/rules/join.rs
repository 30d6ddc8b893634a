//! Joins: an output from several inputs; and the gradient of an output that is read more than once.

use super::{Push, Reading, Site, cell, set, term};
use crate::nn::{Layer, Op, Part, Source};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::{Owner, TensorId},
    term::{Operand, Start, Term, TermOp},
};

/// The stages of a join: the output, and the gradient of each input.
pub(super) fn stages(plan: &Plan, l: usize, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    match pass {
        Pass::Fwd => push(TensorId::layer(l, Part::Out), Shape::image(layer.output), terms_of_output(layer)),
        Pass::Bwd => {
            for (k, &input) in layer.inputs.iter().enumerate() {
                let terms = match layer.op == Op::Multiply {
                    // Over all positions of a channel; else the gradient times each other input.
                    true if layer.is_scale(k) => layer.output[1] * layer.output[2],
                    true => layer.inputs.len() - 1,
                    false => 1,
                };
                push(TensorId::layer(l, layer.input_gradient(k)), Shape::image(input), terms);
            }
        }
        Pass::Loss | Pass::Update => {}
    }
}

fn terms_of_output(layer: &Layer) -> usize {
    if layer.op == Op::Concat { 1 } else { layer.inputs.len() }
}

/// The stage that adds up what the readers of an output, or of the picture, hand back; none where there is one reader.
pub(super) fn sum_stages(plan: &Plan, source: Source, push: Push) {
    let gradient = plan.gradient_of(source);
    if gradient.part == Part::Dy {
        push(gradient, Shape::image(plan.network().extents(source)), plan.network().readers(source).len());
    }
}

/// What a tensor of gradients is the gradient of, where it is a sum of its readers' gradients.
fn summed(tensor: TensorId) -> Source {
    match tensor.owner {
        Owner::Layer(l) => Source::Layer(l as usize),
        Owner::Input | Owner::Loss => Source::Input,
    }
}

/// The gradient that reader `m` hands back.
fn handed_back(plan: &Plan, source: Source, m: usize) -> TensorId {
    let edge = plan.network().readers(source)[m];
    TensorId::layer(edge.layer, plan.network().edge_part(edge))
}

pub(super) fn sum_term(site: &Site) -> Term {
    let edge = handed_back(site.plan, summed(site.stage.tensor), site.m);
    Term::one(TermOp::Add, site.same(edge))
}

pub(super) fn join_term(site: &Site, l: usize) -> Term {
    let layer = site.plan.layer(l);
    let input = |k: usize| TensorId::of(layer.sources[k]);
    // Where input k has the number that meets this cell.
    let of_input = |k: usize| match layer.is_scale(k) {
        true => cell(input(k), site.image, layer.inputs[k], [site.at[1], 0, 0]),
        false => site.same(input(k)),
    };
    let Some(k) = Layer::input_of_gradient(site.stage.tensor.part) else {
        if layer.op == Op::Concat {
            return set(concat_operand(site, layer));
        }
        let op = if layer.op == Op::Multiply { TermOp::Mul } else { TermOp::Add };
        return Term::one(op, of_input(site.m));
    };
    let dy = site.plan.output_gradient_of(l);
    if layer.op == Op::Concat {
        let [_, c, i, j] = site.at;
        return set(cell(dy, site.image, layer.output, [layer.first_channel(k) + c, i, j]));
    }
    if layer.op == Op::Add {
        return set(site.same(dy));
    }
    if layer.is_scale(k) {
        let [_, _, w] = layer.output;
        let at = [site.at[1], site.m / w, site.m % w];
        let [dy, x] = [dy, input(1 - k)].map(|tensor| cell(tensor, site.image, layer.output, at));
        return Term::two(TermOp::MulAdd, dy, x);
    }
    let other = if site.m < k { site.m } else { site.m + 1 };
    match site.m {
        0 => Term::two(TermOp::Product, site.same(dy), of_input(other)),
        _ => Term::one(TermOp::Mul, of_input(other)),
    }
}

/// The input's cell that a cell of a concatenation copies.
fn concat_operand(site: &Site, layer: &Layer) -> Operand {
    let [_, c, i, j] = site.at;
    let mut first = 0;
    for (k, &[channels, ..]) in layer.inputs.iter().enumerate() {
        if c < first + channels {
            return cell(TensorId::of(layer.sources[k]), site.image, layer.inputs[k], [c - first, i, j]);
        }
        first += channels;
    }
    unreachable!("a channel of one of the inputs")
}

pub(super) fn start(op: &Op, part: Part) -> Start {
    if *op == Op::Multiply && part == Part::Out { Start::Number(1.0) } else { Start::ZERO }
}

/// The formula of a sum of readers' gradients.
pub(super) const SUM: &str = "dy = Σ_r dx_r";

pub(super) fn formula(layer: &Layer, part: Part) -> &'static str {
    let input = Layer::input_of_gradient(part);
    match (&layer.op, input) {
        (Op::Multiply, None) if (0..layer.inputs.len()).any(|k| layer.is_scale(k)) => {
            "y[c,i,j] = x[c,i,j] · s[c]"
        }
        (Op::Multiply, None) => "y = Π_k x_k",
        (Op::Multiply, Some(k)) if layer.is_scale(k) => "ds[c] = Σ_ij dy[c,i,j] · x[c,i,j]",
        (Op::Multiply, Some(_)) if (0..layer.inputs.len()).any(|k| layer.is_scale(k)) => {
            "dx[c,i,j] = dy[c,i,j] · s[c]"
        }
        (Op::Multiply, Some(_)) => "dx_k = dy · Π_{n≠k} x_n",
        (Op::Concat, None) => "y[C_k + c,i,j] = x_k[c,i,j]",
        (Op::Concat, Some(_)) => "dx_k[c,i,j] = dy[C_k + c,i,j]",
        (_, None) => "y = Σ_k x_k",
        (_, Some(_)) => "dx_k = dy",
    }
}

/// The readers in a stage that adds up gradients: each cell reads the same place of each edge.
pub(super) fn sum_readers(reading: &Reading, visit: super::Visit) {
    let source = summed(reading.stage.tensor);
    let edges = reading.plan.network().readers(source).len();
    if !(0..edges).any(|m| handed_back(reading.plan, source, m) == reading.tensor) {
        return;
    }
    visit_place(reading, reading.at(), visit);
}

pub(super) fn readers(reading: &Reading, l: usize, visit: super::Visit) {
    let layer = reading.plan.layer(l);
    let reads_of = |k: usize| TensorId::of(layer.sources[k]) == reading.tensor;
    let [n, c, i, j] = reading.at();
    let gradient = Layer::input_of_gradient(reading.stage.tensor.part);
    let is_output_gradient = gradient.is_some() && reading.tensor == reading.plan.output_gradient_of(l);
    let [_, _, rows, cols] = reading.stage.shape.0;
    match (&layer.op, gradient) {
        (Op::Concat, None) => {
            for k in (0..layer.sources.len()).filter(|&k| reads_of(k)) {
                visit_place(reading, [n, layer.first_channel(k) + c, i, j], visit);
            }
        }
        (Op::Concat, Some(k)) => {
            let first = layer.first_channel(k);
            if is_output_gradient && (first..first + layer.inputs[k][0]).contains(&c) {
                visit_place(reading, [n, c - first, i, j], visit);
            }
        }
        (_, gradient) => {
            let reads_input = (0..layer.sources.len()).any(|k| Some(k) != gradient && reads_of(k));
            if !is_output_gradient && !reads_input {
                return;
            }
            let one = reading.plan.shape_of(reading.tensor).0;
            if one[2..] == reading.stage.shape.0[2..] {
                visit_place(reading, [n, c, i, j], visit);
            } else if one[2..] == [1, 1] {
                for place in 0..rows * cols {
                    visit_place(reading, [n, c, place / cols, place % cols], visit);
                }
            } else {
                visit_place(reading, [n, c, 0, 0], visit);
            }
        }
    }
}

/// The terms of the cell at [_, c, i, j] that read the cell asked for.
fn visit_place(reading: &Reading, [_, c, i, j]: [usize; 4], visit: super::Visit) {
    let Reading { plan, stage, tensor, .. } = *reading;
    let cell = stage.shape.flat([reading.own_image(), c, i, j]) as u32;
    for m in 0..stage.terms {
        let reads = term(plan, 0, stage, reading.image as u32, cell, m).operands().any(|operand| {
            matches!(*operand, Operand::Cell { tensor: t, index, .. } if t == tensor && index as usize == reading.index)
        });
        if reads {
            visit(cell, m);
        }
    }
}
