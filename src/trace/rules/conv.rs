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
    term::{Operand, Start, Term, TermOp},
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

/// The sums of products of a convolution, and of a transposed one, which has the same ones in other stages.
pub(super) struct Products<'a> {
    /// The layer.
    pub l: usize,
    /// The convolution.
    pub spec: &'a Conv2d,
    /// What its windows slide over, with its extents [C, H, W]: a convolution's input.
    pub over: (TensorId, [usize; 3]),
    /// What has a cell for each window, with its extents [O, H', W']: the gradient of a convolution's sum.
    pub each: (TensorId, [usize; 3]),
}

impl Products<'_> {
    /// Number of the weight (o, c, u, v).
    fn weight(&self, o: usize, c: usize, [u, v]: [usize; 2]) -> Operand {
        param(self.l, Part::Weight, Shape(self.spec.weight_shape()).flat([o, c, u, v]))
    }

    /// (first, u, v) of a term over something x taps.
    fn split(&self, m: usize) -> (usize, [usize; 2]) {
        let (taps, kw) = (self.spec.window.taps(), self.spec.window.cols.kernel);
        (m / taps, [m % taps / kw, m % kw])
    }

    /// A cell that a window reads.
    fn tap(&self, image: u32, c: usize, ij: [usize; 2], uv: [usize; 2]) -> Operand {
        let (tensor, extents) = self.over;
        self.spec.window.tap(ij, uv).map_or(ZERO, |[p, q]| cell(tensor, image, extents, [c, p, q]))
    }

    /// Term `m` of window (i, j): what it reads times the weights of filter o.
    pub fn sliding(&self, image: u32, [o, i, j]: [usize; 3], m: usize) -> Term {
        let (c, uv) = self.split(m);
        let x = self.tap(image, self.spec.inputs_of(o).start + c, [i, j], uv);
        Term::two(TermOp::MulAdd, x, self.weight(o, c, uv))
    }

    /// Term `m` of what the windows that read cell (c, p, q) hand back to it.
    pub fn gathered(&self, image: u32, [c, p, q]: [usize; 3], m: usize) -> Term {
        let (o, uv) = self.split(m);
        let o = self.spec.outputs_of(c).start + o;
        let (tensor, extents) = self.each;
        let window = self.spec.window.window_of([p, q], uv);
        let each = window.map_or(ZERO, |[i, j]| cell(tensor, image, extents, [o, i, j]));
        Term::two(TermOp::MulAdd, each, self.weight(o, c % self.spec.group_in(), uv))
    }

    /// The term of weight (o, c, u, v)'s gradient at a window, by its number in the image.
    pub fn at_window(&self, image: u32, [o, c, u, v]: [usize; 4], m: usize) -> Term {
        let cols = self.spec.window.cols.out;
        let ij = [m / cols, m % cols];
        let (tensor, extents) = self.each;
        let each = cell(tensor, image, extents, [o, ij[0], ij[1]]);
        let x = self.tap(image, self.spec.inputs_of(o).start + c, ij, [u, v]);
        Term::two(TermOp::MulAdd, each, x)
    }

    fn taps(&self) -> impl DoubleEndedIterator<Item = [usize; 2]> + use<> {
        let (kh, kw) = (self.spec.window.rows.kernel, self.spec.window.cols.kernel);
        (0..kh * kw).map(move |uv| [uv / kw, uv % kw])
    }

    /// The number of the term of (first, u, v).
    fn nth(&self, first: usize, [u, v]: [usize; 2]) -> u32 {
        let (kh, kw) = (self.spec.window.rows.kernel, self.spec.window.cols.kernel);
        ((first * kh + u) * kw + v) as u32
    }

    /// Readers in the stage of [`Self::sliding`].
    pub fn readers_of_sliding(&self, reading: &Reading, visit: Visit) {
        let (spec, [a, b, i, j]) = (self.spec, reading.at());
        if reading.tensor == TensorId::layer(self.l, Part::Weight) {
            return plane(reading, a, self.nth(b, [i, j]), visit);
        }
        if reading.tensor != self.over.0 {
            return;
        }
        let n = reading.own_image();
        for o in spec.outputs_of(b) {
            // Later taps read from earlier windows.
            for uv in self.taps().rev() {
                if let Some([i, j]) = spec.window.window_of([i, j], uv) {
                    visit(reading.stage.shape.flat([n, o, i, j]) as u32, self.nth(b % spec.group_in(), uv));
                }
            }
        }
    }

    /// Readers in the stage of [`Self::gathered`].
    pub fn readers_of_gathered(&self, reading: &Reading, visit: Visit) {
        let (spec, [a, b, i, j]) = (self.spec, reading.at());
        if reading.tensor == TensorId::layer(self.l, Part::Weight) {
            let channel = spec.inputs_of(a).start + b;
            return plane(reading, channel, self.nth(a % spec.group_out(), [i, j]), visit);
        }
        if reading.tensor != self.each.0 {
            return;
        }
        let n = reading.own_image();
        for channel in spec.inputs_of(b) {
            for uv in self.taps() {
                if let Some([p, q]) = spec.window.tap([i, j], uv) {
                    visit(
                        reading.stage.shape.flat([n, channel, p, q]) as u32,
                        self.nth(b % spec.group_out(), uv),
                    );
                }
            }
        }
    }

    /// Readers in the stage of [`Self::at_window`].
    pub fn readers_at_windows(&self, reading: &Reading, visit: Visit) {
        let (spec, [_, b, i, j]) = (self.spec, reading.at());
        let [rows, cols] = spec.window.out();
        let n = reading.own_image();
        // In a sum over the batch the images follow one another.
        let window = |[i, j]: [usize; 2]| ((n * rows + i) * cols + j) as u32;
        let cell = |at| reading.stage.shape.flat(at) as u32;
        if reading.tensor == self.over.0 {
            for o in spec.outputs_of(b) {
                for [u, v] in self.taps() {
                    if let Some(ij) = spec.window.window_of([i, j], [u, v]) {
                        visit(cell([o, b % spec.group_in(), u, v]), window(ij));
                    }
                }
            }
        } else if reading.tensor == self.each.0 {
            for c in 0..spec.group_in() {
                for [u, v] in self.taps() {
                    visit(cell([b, c, u, v]), window([i, j]));
                }
            }
        }
    }
}

/// Every cell of a channel of the stage reads it, in term `m`.
pub(super) fn plane(reading: &Reading, channel: usize, m: u32, visit: Visit) {
    let [.., h, w] = reading.stage.shape.0;
    for n in reading.all_images() {
        for ij in 0..h * w {
            visit(reading.stage.shape.flat([n, channel, ij / w, ij % w]) as u32, m);
        }
    }
}

fn products<'a>(plan: &Plan, l: usize, spec: &'a Conv2d) -> Products<'a> {
    let layer = plan.layer(l);
    let (over, each) = ((plan.input_of(l), layer.input), (plan.sum_gradient_of(l, spec), layer.output));
    Products { l, spec, over, each }
}

pub(super) fn term(site: &Site, l: usize, spec: &Conv2d) -> Term {
    let products = products(site.plan, l, spec);
    let pixels = spec.filter_pixels();
    let [a, b, i, j] = site.at;
    match ConvStage::from_part(site.stage.tensor.part) {
        ConvStage::Out if site.m < pixels => products.sliding(site.image, [b, i, j], site.m),
        ConvStage::Out if spec.normalize && site.m == pixels => {
            Term::one(TermOp::Div, constant("K", pixels as f64))
        }
        ConvStage::Out => Term::one(TermOp::Add, param(l, Part::Bias, b)),
        ConvStage::Ds => {
            let dy = site.same(site.plan.output_gradient_of(l));
            Term::two(TermOp::Quotient, dy, constant("K", pixels as f64))
        }
        ConvStage::Dw => {
            let (image, m) = site.image_and_rest(spec.window.rows.out * spec.window.cols.out);
            products.at_window(image, [a, b, i, j], m)
        }
        ConvStage::Db => bias_gradient(site, l),
        ConvStage::Dx => products.gathered(site.image, [b, i, j], site.m),
    }
}

/// A term of a bias' gradient: the output's gradient at a position of the bias' map.
pub(super) fn bias_gradient(site: &Site, l: usize) -> Term {
    let layer = site.plan.layer(l);
    let [_, rows, cols] = layer.output;
    let (image, m) = site.image_and_rest(rows * cols);
    let dy = site.plan.output_gradient_of(l);
    Term::one(TermOp::Add, cell(dy, image, layer.output, [site.at[1], m / cols, m % cols]))
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
    let products = products(reading.plan, l, spec);
    match ConvStage::from_part(reading.stage.tensor.part) {
        ConvStage::Out if reading.tensor == TensorId::layer(l, Part::Bias) => {
            plane(reading, reading.at()[1], reading.stage.terms - 1, visit);
        }
        ConvStage::Out => products.readers_of_sliding(reading, visit),
        ConvStage::Dw => products.readers_at_windows(reading, visit),
        ConvStage::Dx => products.readers_of_gathered(reading, visit),
        ConvStage::Ds | ConvStage::Db => scan(reading, visit),
    }
}
