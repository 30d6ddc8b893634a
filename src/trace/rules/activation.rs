//! What works cell by cell: activations, flatten, dropout.

use super::{Push, Site, set};
use crate::nn::{Mode, Op, Part};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::{Plan, TensorId},
    term::{Operand, Term, TermOp},
};

pub(super) fn stages(plan: &Plan, l: usize, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    match pass {
        Pass::Fwd => push(TensorId::layer(l, Part::Out), Shape::image(layer.output), 1),
        Pass::Bwd => push(TensorId::layer(l, Part::Dx), Shape::image(layer.input), 1),
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn term(site: &Site, l: usize) -> Term {
    let (x, y) = (site.same(Plan::input_of(l)), site.same(TensorId::layer(l, Part::Out)));
    let dy = site.same(site.plan.output_gradient_of(l));
    let forward = site.stage.tensor.part == Part::Out;
    match (&site.plan.layer(l).op, forward) {
        (Op::Relu, true) => Term::one(TermOp::Relu, x),
        (Op::Relu, false) => Term::two(TermOp::ReluGate, dy, x),
        (Op::LeakyRelu { slope }, true) => Term::one(TermOp::LeakyRelu { slope: *slope as f32 }, x),
        (Op::LeakyRelu { slope }, false) => Term::two(TermOp::LeakyGate { slope: *slope as f32 }, dy, x),
        (Op::Tanh, true) => Term::one(TermOp::Tanh, x),
        (Op::Tanh, false) => Term::two(TermOp::TanhGate, dy, y),
        (Op::Sigmoid, true) => Term::one(TermOp::Sigmoid, x),
        (Op::Sigmoid, false) => Term::two(TermOp::SigmoidGate, dy, y),
        (_, true) => set(x),
        (_, false) => set(dy),
    }
}

pub(super) fn dropout_stages(plan: &Plan, l: usize, pass: Pass, push: Push) {
    if pass == Pass::Fwd && plan.setup().mode == Mode::Train {
        push(TensorId::layer(l, Part::Mask), Shape::image(plan.layer(l).output), 1);
    }
    stages(plan, l, pass, push);
}

pub(super) fn dropout_term(site: &Site, l: usize, p: f64) -> Term {
    let source = match site.stage.tensor.part {
        Part::Mask => {
            let cell = site.image as usize * site.plan.layer(l).output.iter().product::<usize>();
            let cell = cell + site.index as usize;
            let mask: f32 = site.plan.stream(site.time).mask(l, cell, p);
            return set(Operand::Constant { name: "mask", value: mask });
        }
        Part::Out => site.same(Plan::input_of(l)),
        _ => site.same(site.plan.output_gradient_of(l)),
    };
    match site.plan.setup().mode {
        Mode::Train => Term::two(TermOp::Product, source, site.same(TensorId::layer(l, Part::Mask))),
        Mode::Eval => set(source),
    }
}
