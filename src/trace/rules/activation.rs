//! What works cell by cell: activations, flatten, dropout.

use super::{Push, Site, family_stages, set};
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

family_stages! {
    /// The stages of an activation or a flatten.
    CellwiseStage: Out, Dx
}

family_stages! {
    /// The stages of a dropout.
    DropoutStage: Mask, Out, Dx
}

pub(super) fn stages(plan: &Plan, l: usize, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    let id = |stage: CellwiseStage| TensorId::layer(l, stage.part());
    match pass {
        Pass::Fwd => push(id(CellwiseStage::Out), Shape::image(layer.output), 1),
        Pass::Bwd => push(id(CellwiseStage::Dx), Shape::image(layer.input), 1),
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn term(site: &Site, l: usize, activation: Activation) -> Term {
    let x = site.same(site.plan.input_of(l));
    match CellwiseStage::from_part(site.stage.tensor.part) {
        CellwiseStage::Out => Term::one(TermOp::Activation(activation), x),
        CellwiseStage::Dx => {
            let dy = site.same(site.plan.output_gradient_of(l));
            let read = match activation.reads() {
                Reads::Input => x,
                Reads::Output => site.same(TensorId::layer(l, Part::Out)),
            };
            Term::two(TermOp::ActivationBackward(activation), dy, read)
        }
    }
}

pub(super) fn formula(activation: Activation, part: Part) -> &'static str {
    let [forward, backward] = activation.formulas();
    match CellwiseStage::from_part(part) {
        CellwiseStage::Out => forward,
        CellwiseStage::Dx => backward,
    }
}

pub(super) fn flatten_term(site: &Site, l: usize) -> Term {
    match CellwiseStage::from_part(site.stage.tensor.part) {
        CellwiseStage::Out => set(site.same(site.plan.input_of(l))),
        CellwiseStage::Dx => set(site.same(site.plan.output_gradient_of(l))),
    }
}

pub(super) fn flatten_formula(part: Part) -> &'static str {
    match CellwiseStage::from_part(part) {
        CellwiseStage::Out => "y[(c·H + i)·W + j] = x[c,i,j]",
        CellwiseStage::Dx => "dx[c,i,j] = dy[(c·H + i)·W + j]",
    }
}

pub(super) fn dropout_stages(plan: &Plan, l: usize, pass: Pass, push: Push) {
    let layer = plan.layer(l);
    let id = |stage: DropoutStage| TensorId::layer(l, stage.part());
    match pass {
        Pass::Fwd => {
            if plan.setup().mode == Mode::Train {
                push(id(DropoutStage::Mask), Shape::image(layer.output), 1);
            }
            push(id(DropoutStage::Out), Shape::image(layer.output), 1);
        }
        Pass::Bwd => push(id(DropoutStage::Dx), Shape::image(layer.input), 1),
        Pass::Loss | Pass::Update => {}
    }
}

pub(super) fn dropout_term(site: &Site, l: usize, p: f64) -> Term {
    let source = match DropoutStage::from_part(site.stage.tensor.part) {
        DropoutStage::Mask => {
            let cell = site.image as usize * site.plan.layer(l).output.iter().product::<usize>();
            let cell = cell + site.index as usize;
            let mask: f32 = site.plan.stream(site.time).mask(l, cell, p);
            return set(Operand::Constant { name: "mask", value: mask });
        }
        DropoutStage::Out => site.same(site.plan.input_of(l)),
        DropoutStage::Dx => site.same(site.plan.output_gradient_of(l)),
    };
    match site.plan.setup().mode {
        Mode::Train => Term::two(TermOp::Product, source, site.same(TensorId::layer(l, Part::Mask))),
        Mode::Eval => set(source),
    }
}

pub(super) fn dropout_formula(mode: Mode, part: Part) -> &'static str {
    match (DropoutStage::from_part(part), mode) {
        (DropoutStage::Mask, _) => "mask = [u ≥ p] ÷ (1 − p)",
        (DropoutStage::Out, Mode::Train) => "y = x · mask",
        (DropoutStage::Dx, Mode::Train) => "dx = dy · mask",
        (DropoutStage::Out, Mode::Eval) => "y = x",
        (DropoutStage::Dx, Mode::Eval) => "dx = dy",
    }
}
