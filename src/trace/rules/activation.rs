//! What works cell by cell: activations, flatten, dropout.

use super::{Push, Site, set};
use crate::nn::{
    Mode, Part,
    activation::{Activation, Reads},
};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
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

pub(super) fn term(site: &Site, l: usize, activation: Activation) -> Term {
    let x = site.same(Plan::input_of(l));
    if site.stage.tensor.part == Part::Out {
        return Term::one(TermOp::Activation(activation), x);
    }
    let dy = site.same(site.plan.output_gradient_of(l));
    let read = match activation.reads() {
        Reads::Input => x,
        Reads::Output => site.same(TensorId::layer(l, Part::Out)),
    };
    Term::two(TermOp::ActivationBackward(activation), dy, read)
}

pub(super) fn formula(activation: Activation, part: Part) -> &'static str {
    let [forward, backward] = activation.formulas();
    if part == Part::Out { forward } else { backward }
}

pub(super) fn flatten_term(site: &Site, l: usize) -> Term {
    if site.stage.tensor.part == Part::Out {
        set(site.same(Plan::input_of(l)))
    } else {
        set(site.same(site.plan.output_gradient_of(l)))
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
