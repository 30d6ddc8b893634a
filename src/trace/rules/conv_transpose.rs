//! Transposed convolution. Letters as in [`crate::nn::conv_transpose`]; terms run over (c, u, v) forward, over input
//! positions (p, q) for the weight, over (o, u, v) for the input: a convolution's three sums in other stages.

use super::{
    Push, Reading, Site, Visit,
    conv::{Products, bias_gradient, plane},
    family_stages, gradient_start, images_at_once, param, scan,
};
use crate::nn::{Part, conv_transpose::ConvTranspose2d};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Start, Term, TermOp},
};

family_stages! {
    /// The stages of a transposed convolution.
    ConvTransposeStage: Out, Dw, Db, Dx
}

pub(super) fn stages(plan: &Plan, l: usize, spec: &ConvTranspose2d, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    let id = |stage: ConvTransposeStage| TensorId::layer(l, stage.part());
    let positions = |[_, h, w]: [usize; 3]| h * w * images_at_once(plan);
    match pass {
        Pass::Fwd => {
            let terms = spec.filter_pixels() + usize::from(spec.bias);
            push(id(ConvTransposeStage::Out), Shape::image(layer.output), terms);
        }
        Pass::Bwd => {
            let weight = Shape(spec.conv.weight_shape());
            push(id(ConvTransposeStage::Dw), weight, positions(layer.input));
            if spec.bias {
                let bias = Shape::new(1, spec.out_channels(), 1, 1);
                push(id(ConvTransposeStage::Db), bias, positions(layer.output));
            }
            push(id(ConvTransposeStage::Dx), Shape::image(layer.input), spec.conv.filter_pixels());
        }
        Pass::Loss | Pass::Update => {}
    }
}

/// The windows lie on the output: they slide over its gradient, and each input cell has one.
fn products<'a>(plan: &Plan, l: usize, spec: &'a ConvTranspose2d) -> Products<'a> {
    let layer = plan.layer(l);
    let (over, each) = ((plan.output_gradient_of(l), layer.output), (plan.input_of(l), layer.input));
    Products { l, spec: &spec.conv, over, each }
}

pub(super) fn term(site: &Site, l: usize, spec: &ConvTranspose2d) -> Term {
    let products = products(site.plan, l, spec);
    let [a, b, i, j] = site.at;
    match ConvTransposeStage::from_part(site.stage.tensor.part) {
        ConvTransposeStage::Out if site.m < spec.filter_pixels() => {
            products.gathered(site.image, [b, i, j], site.m)
        }
        ConvTransposeStage::Out => Term::one(TermOp::Add, param(l, Part::Bias, b)),
        ConvTransposeStage::Dw => {
            let [_, h, w] = site.plan.layer(l).input;
            let (image, m) = site.image_and_rest(h * w);
            products.at_window(image, [a, b, i, j], m)
        }
        ConvTransposeStage::Db => bias_gradient(site, l),
        ConvTransposeStage::Dx => products.sliding(site.image, [b, i, j], site.m),
    }
}

pub(super) fn start(plan: &Plan, part: Part) -> Start {
    match ConvTransposeStage::from_part(part) {
        ConvTransposeStage::Dw | ConvTransposeStage::Db => gradient_start(plan),
        ConvTransposeStage::Out | ConvTransposeStage::Dx => Start::ZERO,
    }
}

pub(super) fn formula(spec: &ConvTranspose2d, part: Part) -> &'static str {
    match (ConvTransposeStage::from_part(part), spec.bias) {
        (ConvTransposeStage::Out, true) => "y[o,i,j] = Σ x[c, (i+P−u·D)/S, (j+P−v·D)/S] · w[c,o,u,v] + b[o]",
        (ConvTransposeStage::Out, false) => "y[o,i,j] = Σ x[c, (i+P−u·D)/S, (j+P−v·D)/S] · w[c,o,u,v]",
        (ConvTransposeStage::Dw, _) => "dW[c,o,u,v] = Σ x[c,p,q] · dy[o, p·S+u·D−P, q·S+v·D−P]",
        (ConvTransposeStage::Db, _) => "db[o] = Σ dy[o,i,j]",
        (ConvTransposeStage::Dx, _) => "dX[c,p,q] = Σ dy[o, p·S+u·D−P, q·S+v·D−P] · w[c,o,u,v]",
    }
}

/// Readers of x, the weight and the bias forward, of x, dy and the weight backward.
pub(super) fn readers(reading: &Reading, l: usize, spec: &ConvTranspose2d, visit: Visit) {
    let products = products(reading.plan, l, spec);
    match ConvTransposeStage::from_part(reading.stage.tensor.part) {
        ConvTransposeStage::Out if reading.tensor == TensorId::layer(l, Part::Bias) => {
            plane(reading, reading.at()[1], reading.stage.terms - 1, visit);
        }
        ConvTransposeStage::Out => products.readers_of_gathered(reading, visit),
        ConvTransposeStage::Dw => products.readers_at_windows(reading, visit),
        ConvTransposeStage::Dx => products.readers_of_sliding(reading, visit),
        ConvTransposeStage::Db => scan(reading, visit),
    }
}
