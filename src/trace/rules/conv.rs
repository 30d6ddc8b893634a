//! Convolution. Letters as in [`crate::nn::conv`]; terms run over (c, u, v) forward, over windows
//! (i, j) for the weight, over (o, u, v) for the input.

use super::{
    Push, Reading, Site, Visit, ZERO, cell, constant, family_stages, gradient_start, images_at_once, param,
    scan,
};
use crate::nn::{Part, conv::Conv2d};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Start, Term, TermOp},
};

family_stages! {
    /// The stages of a convolution.
    ConvStage: Out, Ds, Dw, Db, Dx
}

pub(super) fn stages(plan: &Plan, l: usize, spec: &Conv2d, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    let id = |stage: ConvStage| TensorId::layer(l, stage.part());
    let windows = spec.window.out()[0] * spec.window.out()[1] * images_at_once(plan);
    let taps = spec.window.taps();
    match pass {
        Pass::Fwd => {
            let terms = spec.filter_pixels() + usize::from(spec.normalize) + usize::from(spec.bias);
            push(id(ConvStage::Out), Shape::image(layer.output), terms);
        }
        Pass::Bwd => {
            if spec.normalize {
                push(id(ConvStage::Ds), Shape::image(layer.output), 1);
            }
            push(id(ConvStage::Dw), Shape(spec.weight_shape()), windows);
            if spec.bias {
                push(id(ConvStage::Db), Shape::new(1, spec.out_channels, 1, 1), windows);
            }
            push(id(ConvStage::Dx), Shape::image(layer.input), spec.group_out() * taps);
        }
        Pass::Loss | Pass::Update => {}
    }
}

/// Number of the weight (o, c, u, v).
fn weight_index(spec: &Conv2d, o: usize, c: usize, [u, v]: [usize; 2]) -> usize {
    Shape(spec.weight_shape()).flat([o, c, u, v])
}

/// (first, u, v) of a term over something x taps.
fn split(spec: &Conv2d, m: usize) -> (usize, [usize; 2]) {
    let (taps, kw) = (spec.window.taps(), spec.window.cols.kernel);
    (m / taps, [m % taps / kw, m % kw])
}

pub(super) fn term(site: &Site, l: usize, spec: &Conv2d) -> Term {
    let layer = site.plan.layer(l);
    let x = site.plan.input_of(l);
    let pixels = spec.filter_pixels();
    let [a, b, i, j] = site.at;
    match ConvStage::from_part(site.stage.tensor.part) {
        ConvStage::Out => {
            let o = b;
            if site.m < pixels {
                let (c, uv) = split(spec, site.m);
                let channel = spec.inputs_of(o).start + c;
                let x = spec
                    .window
                    .tap([i, j], uv)
                    .map_or(ZERO, |[p, q]| cell(x, site.image, layer.input, [channel, p, q]));
                Term::two(TermOp::MulAdd, x, param(l, Part::Weight, weight_index(spec, o, c, uv)))
            } else if spec.normalize && site.m == pixels {
                Term::one(TermOp::Div, constant("K", pixels as f64))
            } else {
                Term::one(TermOp::Add, param(l, Part::Bias, o))
            }
        }
        ConvStage::Ds => {
            let dy = site.same(site.plan.output_gradient_of(l));
            Term::two(TermOp::Quotient, dy, constant("K", pixels as f64))
        }
        ConvStage::Dw => {
            let (o, c, uv) = (a, b, [i, j]);
            let [rows, cols] = spec.window.out();
            let (image, m) = site.image_and_rest(rows * cols);
            let ij = [m / cols, m % cols];
            let channel = spec.inputs_of(o).start + c;
            let ds = cell(site.plan.sum_gradient_of(l, spec), image, layer.output, [o, ij[0], ij[1]]);
            let x =
                spec.window.tap(ij, uv).map_or(ZERO, |[p, q]| cell(x, image, layer.input, [channel, p, q]));
            Term::two(TermOp::MulAdd, ds, x)
        }
        ConvStage::Db => {
            let [rows, cols] = spec.window.out();
            let (image, m) = site.image_and_rest(rows * cols);
            let dy = site.plan.output_gradient_of(l);
            Term::one(TermOp::Add, cell(dy, image, layer.output, [b, m / cols, m % cols]))
        }
        ConvStage::Dx => {
            let (channel, (o, uv)) = (b, split(spec, site.m));
            let o = spec.outputs_of(channel).start + o;
            let ds = site.plan.sum_gradient_of(l, spec);
            let ds = spec
                .window
                .window_of([i, j], uv)
                .map_or(ZERO, |[i, j]| cell(ds, site.image, layer.output, [o, i, j]));
            let w = param(l, Part::Weight, weight_index(spec, o, channel % spec.group_in(), uv));
            Term::two(TermOp::MulAdd, ds, w)
        }
    }
}

pub(super) fn start(plan: &Plan, part: Part) -> Start {
    match ConvStage::from_part(part) {
        ConvStage::Dw | ConvStage::Db => gradient_start(plan),
        ConvStage::Out | ConvStage::Ds | ConvStage::Dx => Start::ZERO,
    }
}

pub(super) fn formula(spec: &Conv2d, part: Part) -> &'static str {
    match (ConvStage::from_part(part), spec.normalize, spec.bias) {
        (ConvStage::Out, false, true) => "y[o,i,j] = Σ x[c, i·S+u·D−P, j·S+v·D−P] · w[o,c,u,v] + b[o]",
        (ConvStage::Out, false, false) => "y[o,i,j] = Σ x[c, i·S+u·D−P, j·S+v·D−P] · w[o,c,u,v]",
        (ConvStage::Out, true, true) => "y[o,i,j] = (Σ x[c, i·S+u·D−P, j·S+v·D−P] · w[o,c,u,v]) ÷ K + b[o]",
        (ConvStage::Out, true, false) => "y[o,i,j] = (Σ x[c, i·S+u·D−P, j·S+v·D−P] · w[o,c,u,v]) ÷ K",
        (ConvStage::Ds, _, _) => "dS[o,i,j] = dy[o,i,j] ÷ K",
        (ConvStage::Dw, false, _) => "dW[o,c,u,v] = Σ dy[o,i,j] · x[c, i·S+u·D−P, j·S+v·D−P]",
        (ConvStage::Dw, true, _) => "dW[o,c,u,v] = Σ dS[o,i,j] · x[c, i·S+u·D−P, j·S+v·D−P]",
        (ConvStage::Db, _, _) => "db[o] = Σ dy[o,i,j]",
        (ConvStage::Dx, false, _) => "dX[c,p,q] = Σ dy[o, (p+P−u·D)/S, (q+P−v·D)/S] · w[o,c,u,v]",
        (ConvStage::Dx, true, _) => "dX[c,p,q] = Σ dS[o, (p+P−u·D)/S, (q+P−v·D)/S] · w[o,c,u,v]",
    }
}

/// Readers of x, the weight and the bias forward, of x, ds and the weight backward.
pub(super) fn readers(reading: &Reading, l: usize, spec: &Conv2d, visit: Visit) {
    let Reading { plan, stage, tensor, .. } = *reading;
    let layer = plan.layer(l);
    let own = |part| TensorId::layer(l, part);
    let (x, ds) = (plan.input_of(l), plan.sum_gradient_of(l, spec));
    let [a, b, i, j] = reading.at();
    let [kh, kw] = [spec.window.rows.kernel, spec.window.cols.kernel];
    let [rows, cols] = spec.window.out();
    let n = reading.own_image();
    let uvs = || (0..kh).flat_map(move |u| (0..kw).map(move |v| [u, v]));
    let nth = |first: usize, [u, v]: [usize; 2]| ((first * kh + u) * kw + v) as u32;
    // In a sum over the batch the images follow one another.
    let window = |[i, j]: [usize; 2]| ((n * rows + i) * cols + j) as u32;
    let cell = |at| stage.shape.flat(at) as u32;
    let (within, out_within) = (|channel: usize| channel % spec.group_in(), |o: usize| o % spec.group_out());
    let mut plane = |channel: usize, [h, w]: [usize; 2], m: u32| {
        for n in reading.all_images() {
            (0..h * w).for_each(|ij| visit(cell([n, channel, ij / w, ij % w]), m));
        }
    };
    match ConvStage::from_part(stage.tensor.part) {
        ConvStage::Out if tensor == own(Part::Weight) => plane(a, [rows, cols], nth(b, [i, j])),
        ConvStage::Out if tensor == own(Part::Bias) => plane(b, [rows, cols], stage.terms - 1),
        ConvStage::Out if tensor == x => {
            for o in spec.outputs_of(b) {
                // Later taps read from earlier windows.
                for [u, v] in uvs().collect::<Vec<_>>().into_iter().rev() {
                    if let Some([i, j]) = spec.window.window_of([i, j], [u, v]) {
                        visit(cell([n, o, i, j]), nth(within(b), [u, v]));
                    }
                }
            }
        }
        ConvStage::Dw if tensor == x => {
            for o in spec.outputs_of(b) {
                for [u, v] in uvs() {
                    if let Some(ij) = spec.window.window_of([i, j], [u, v]) {
                        visit(cell([o, within(b), u, v]), window(ij));
                    }
                }
            }
        }
        ConvStage::Dw if tensor == ds => {
            for c in 0..spec.group_in() {
                for [u, v] in uvs() {
                    visit(cell([b, c, u, v]), window([i, j]));
                }
            }
        }
        ConvStage::Dx if tensor == own(Part::Weight) => {
            let channel = spec.inputs_of(a).start + b;
            plane(channel, [layer.input[1], layer.input[2]], nth(out_within(a), [i, j]));
        }
        ConvStage::Dx if tensor == ds => {
            for channel in spec.inputs_of(b) {
                for [u, v] in uvs() {
                    if let Some([p, q]) = spec.window.tap([i, j], [u, v]) {
                        visit(cell([n, channel, p, q]), nth(out_within(b), [u, v]));
                    }
                }
            }
        }
        ConvStage::Out | ConvStage::Dw | ConvStage::Dx => {}
        ConvStage::Ds | ConvStage::Db => scan(reading, visit),
    }
}
