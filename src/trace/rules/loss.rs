//! The losses. Letters as in [`crate::nn::loss`].

use super::{Push, Site, constant, family_stages};
use crate::nn::{Activation, Part, loss::Loss};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Operand, Start, Term, TermOp},
};

/// The last layer's output.
fn output(plan: &Plan) -> TensorId {
    plan.input_of(plan.network().layers.len())
}

family_stages! {
    /// The stages of the cross-entropy.
    CrossEntropyStage: Max, Shift, Exp, Sum, Prob, Out, Dx
}

family_stages! {
    /// The stages of the binary cross-entropy.
    BinaryCrossEntropyStage: Prob, Max, Shift, Exp, Out, Dx
}

family_stages! {
    /// The stages of the mean squared error.
    MseStage: Out, Dx
}

pub(super) fn stages(plan: &Plan, pass: Pass, push: Push) {
    match plan.network().loss {
        Loss::CrossEntropy => cross_entropy_stages(plan, pass, push),
        Loss::BinaryCrossEntropy => binary_cross_entropy_stages(pass, push),
        Loss::Mse => mse_stages(plan, pass, push),
    }
}

fn cross_entropy_stages(plan: &Plan, pass: Pass, push: Push) {
    let features = plan.network().outputs();
    let image = Shape::image(plan.network().output());
    let id = |stage: CrossEntropyStage| TensorId::loss(stage.part());
    match pass {
        Pass::Loss => {
            push(id(CrossEntropyStage::Max), Shape::SCALAR, features);
            push(id(CrossEntropyStage::Shift), image, 1);
            push(id(CrossEntropyStage::Exp), image, 1);
            push(id(CrossEntropyStage::Sum), Shape::SCALAR, features);
            push(id(CrossEntropyStage::Prob), image, 1);
            push(id(CrossEntropyStage::Out), Shape::SCALAR, features + 1);
        }
        Pass::Bwd => push(id(CrossEntropyStage::Dx), image, 1),
        Pass::Fwd | Pass::Update => {}
    }
}

fn binary_cross_entropy_stages(pass: Pass, push: Push) {
    let mut push =
        |stage: BinaryCrossEntropyStage, terms| push(TensorId::loss(stage.part()), Shape::SCALAR, terms);
    match pass {
        Pass::Loss => {
            push(BinaryCrossEntropyStage::Prob, 1);
            push(BinaryCrossEntropyStage::Max, 2);
            push(BinaryCrossEntropyStage::Shift, 2);
            push(BinaryCrossEntropyStage::Exp, 1);
            push(BinaryCrossEntropyStage::Out, 3);
        }
        Pass::Bwd => push(BinaryCrossEntropyStage::Dx, 1),
        Pass::Fwd | Pass::Update => {}
    }
}

fn mse_stages(plan: &Plan, pass: Pass, push: Push) {
    let features = plan.network().outputs();
    let id = |stage: MseStage| TensorId::loss(stage.part());
    match pass {
        Pass::Loss => push(id(MseStage::Out), Shape::SCALAR, features + 1),
        Pass::Bwd => push(id(MseStage::Dx), Shape::image(plan.network().output()), 3),
        Pass::Fwd | Pass::Update => {}
    }
}

pub(super) fn start(plan: &Plan, part: Part) -> Start {
    match plan.network().loss {
        Loss::CrossEntropy => match CrossEntropyStage::from_part(part) {
            CrossEntropyStage::Max => Start::LEAST,
            CrossEntropyStage::Shift
            | CrossEntropyStage::Exp
            | CrossEntropyStage::Sum
            | CrossEntropyStage::Prob
            | CrossEntropyStage::Out
            | CrossEntropyStage::Dx => Start::ZERO,
        },
        Loss::BinaryCrossEntropy => match BinaryCrossEntropyStage::from_part(part) {
            BinaryCrossEntropyStage::Max => Start::LEAST,
            BinaryCrossEntropyStage::Prob
            | BinaryCrossEntropyStage::Shift
            | BinaryCrossEntropyStage::Exp
            | BinaryCrossEntropyStage::Out
            | BinaryCrossEntropyStage::Dx => Start::ZERO,
        },
        Loss::Mse => match MseStage::from_part(part) {
            MseStage::Out | MseStage::Dx => Start::ZERO,
        },
    }
}

pub(super) fn term(site: &Site) -> Term {
    match site.plan.network().loss {
        Loss::CrossEntropy => cross_entropy_term(site),
        Loss::BinaryCrossEntropy => binary_cross_entropy_term(site),
        Loss::Mse => mse_term(site),
    }
}

/// The cell of a tensor of this site's image with this number.
fn operand(site: &Site, tensor: TensorId, index: usize) -> Operand {
    Operand::Cell { tensor, image: site.image, index: index as u32 }
}

fn cross_entropy_term(site: &Site) -> Term {
    let of = |tensor, index| operand(site, tensor, index);
    let own = TensorId::loss;
    let (z, target) = (output(site.plan), TensorId::TARGET);
    let m = site.m;
    match CrossEntropyStage::from_part(site.stage.tensor.part) {
        CrossEntropyStage::Max => Term::one(TermOp::Max, of(z, m)),
        CrossEntropyStage::Shift => Term::two(TermOp::Difference, site.same(z), of(own(Part::Max), 0)),
        CrossEntropyStage::Exp => Term::one(TermOp::Exp, site.same(own(Part::Shift))),
        CrossEntropyStage::Sum => Term::one(TermOp::Add, of(own(Part::Exp), m)),
        CrossEntropyStage::Prob => {
            Term::two(TermOp::Quotient, site.same(own(Part::Exp)), of(own(Part::Sum), 0))
        }
        CrossEntropyStage::Out if m == 0 => Term::one(TermOp::Ln, of(own(Part::Sum), 0)),
        CrossEntropyStage::Out => {
            Term::two(TermOp::CrossTerm, of(target, m - 1), of(own(Part::Shift), m - 1))
        }
        CrossEntropyStage::Dx => Term::two(TermOp::Difference, site.same(own(Part::Prob)), site.same(target)),
    }
}

fn binary_cross_entropy_term(site: &Site) -> Term {
    let own = |part| site.same(TensorId::loss(part));
    let (z, target) = (site.same(output(site.plan)), site.same(TensorId::TARGET));
    let m = site.m;
    match BinaryCrossEntropyStage::from_part(site.stage.tensor.part) {
        BinaryCrossEntropyStage::Prob => Term::one(TermOp::Activation(Activation::Sigmoid), z),
        BinaryCrossEntropyStage::Max if m == 0 => Term::one(TermOp::Max, z),
        BinaryCrossEntropyStage::Max => Term::one(TermOp::Max, constant("0", 0.0)),
        BinaryCrossEntropyStage::Shift if m == 0 => Term::one(TermOp::Set, z),
        BinaryCrossEntropyStage::Shift => Term::two(TermOp::NegMulAdd, constant("2", 2.0), own(Part::Max)),
        BinaryCrossEntropyStage::Exp => Term::one(TermOp::Exp, own(Part::Shift)),
        BinaryCrossEntropyStage::Out => match m {
            0 => Term::one(TermOp::Set, own(Part::Max)),
            1 => Term::two(TermOp::CrossTerm, target, z),
            _ => Term::one(TermOp::AddLn1p, own(Part::Exp)),
        },
        BinaryCrossEntropyStage::Dx => Term::two(TermOp::Difference, own(Part::Prob), target),
    }
}

fn mse_term(site: &Site) -> Term {
    let features = site.plan.network().outputs();
    let (y, target) = (output(site.plan), TensorId::TARGET);
    let divide = || Term::one(TermOp::Div, constant("F", features as f64));
    let m = site.m;
    match MseStage::from_part(site.stage.tensor.part) {
        MseStage::Out if m < features => {
            Term::two(TermOp::SquareDiffAdd, operand(site, y, m), operand(site, target, m))
        }
        MseStage::Out => divide(),
        MseStage::Dx => match m {
            0 => Term::two(TermOp::Difference, site.same(y), site.same(target)),
            1 => Term::one(TermOp::Mul, constant("2", 2.0)),
            _ => divide(),
        },
    }
}

pub(super) fn formula(plan: &Plan, part: Part) -> &'static str {
    match plan.network().loss {
        Loss::CrossEntropy => match CrossEntropyStage::from_part(part) {
            CrossEntropyStage::Max => "max = max(z[0], …, z[F−1])",
            CrossEntropyStage::Shift => "shift[f] = z[f] − max",
            CrossEntropyStage::Exp => "exp[f] = exp(shift[f])",
            CrossEntropyStage::Sum => "sum = Σ exp[f]",
            CrossEntropyStage::Prob => "p[f] = exp[f] ÷ sum",
            CrossEntropyStage::Out => "L = ln(sum) − Σ t[f] · shift[f] = −ln(p[target])",
            CrossEntropyStage::Dx => "dz[f] = p[f] − t[f]",
        },
        Loss::BinaryCrossEntropy => match BinaryCrossEntropyStage::from_part(part) {
            BinaryCrossEntropyStage::Prob => "p = 1 ÷ (1 + exp(−z))",
            BinaryCrossEntropyStage::Max => "max = max(z, 0)",
            BinaryCrossEntropyStage::Shift => "shift = z − 2 · max = −|z|",
            BinaryCrossEntropyStage::Exp => "exp = exp(shift)",
            BinaryCrossEntropyStage::Out => {
                "L = max − t · z + ln(1 + exp) = −t · ln(p) − (1 − t) · ln(1 − p)"
            }
            BinaryCrossEntropyStage::Dx => "dz = p − t",
        },
        Loss::Mse => match MseStage::from_part(part) {
            MseStage::Out => "L = (Σ (y[f] − t[f])²) ÷ F",
            MseStage::Dx => "dy[f] = (y[f] − t[f]) · 2 ÷ F",
        },
    }
}
