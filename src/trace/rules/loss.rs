//! The losses. Letters as in [`crate::nn::loss`].

use super::{Push, Site, constant};
use crate::nn::{Part, loss::Loss};
use crate::tensor::Shape;
use crate::trace::{
    address::Pass,
    plan::Plan,
    tensor_id::TensorId,
    term::{Operand, Term, TermOp},
};

/// The last layer's output.
fn output(plan: &Plan) -> TensorId {
    Plan::input_of(plan.network().layers.len())
}

pub(super) fn stages(plan: &Plan, pass: Pass, push: Push) {
    let features = plan.network().classes();
    let image = Shape::image(plan.network().output());
    let id = TensorId::loss;
    match (pass, plan.network().loss) {
        (Pass::Loss, Loss::CrossEntropy) => {
            push(id(Part::Max), Shape::SCALAR, features);
            push(id(Part::Shift), image, 1);
            push(id(Part::Exp), image, 1);
            push(id(Part::Sum), Shape::SCALAR, features);
            push(id(Part::Prob), image, 1);
            push(id(Part::Out), Shape::SCALAR, features + 1);
        }
        (Pass::Loss, Loss::Mse) => push(id(Part::Out), Shape::SCALAR, features + 1),
        (Pass::Bwd, Loss::CrossEntropy) => push(id(Part::Dx), image, 1),
        (Pass::Bwd, Loss::Mse) => push(id(Part::Dx), image, 3),
        (Pass::Fwd | Pass::Update, _) => {}
    }
}

pub(super) fn term(site: &Site) -> Term {
    let features = site.plan.network().classes();
    let of = |tensor, index: usize| Operand::Cell { tensor, image: site.image, index: index as u32 };
    let own = TensorId::loss;
    let (y, target) = (output(site.plan), TensorId::TARGET);
    let divisor = || constant("F", features as f64);
    let m = site.m;
    match (site.plan.network().loss, site.stage.tensor.part) {
        (_, Part::Max) => Term::one(TermOp::Max, of(y, m)),
        (_, Part::Shift) => Term::two(TermOp::Difference, site.same(y), of(own(Part::Max), 0)),
        (_, Part::Exp) => Term::one(TermOp::Exp, site.same(own(Part::Shift))),
        (_, Part::Sum) => Term::one(TermOp::Add, of(own(Part::Exp), m)),
        (_, Part::Prob) => Term::two(TermOp::Quotient, site.same(own(Part::Exp)), of(own(Part::Sum), 0)),
        (Loss::CrossEntropy, Part::Out) if m == 0 => Term::one(TermOp::Ln, of(own(Part::Sum), 0)),
        (Loss::CrossEntropy, Part::Out) => {
            Term::two(TermOp::CrossTerm, of(target, m - 1), of(own(Part::Shift), m - 1))
        }
        (Loss::Mse, Part::Out) if m < features => Term::two(TermOp::SquareDiffAdd, of(y, m), of(target, m)),
        (Loss::Mse, Part::Out) => Term::one(TermOp::Div, divisor()),
        (Loss::CrossEntropy, _) => {
            Term::two(TermOp::Difference, site.same(own(Part::Prob)), site.same(target))
        }
        (Loss::Mse, _) => match m {
            0 => Term::two(TermOp::Difference, site.same(y), site.same(target)),
            1 => Term::one(TermOp::Mul, constant("2", 2.0)),
            _ => Term::one(TermOp::Div, divisor()),
        },
    }
}

pub(super) fn formula(plan: &Plan, part: Part) -> &'static str {
    match (part, plan.network().loss) {
        (Part::Max, _) => "max = max(z[0], …, z[F−1])",
        (Part::Shift, _) => "shift[f] = z[f] − max",
        (Part::Exp, _) => "exp[f] = exp(shift[f])",
        (Part::Sum, _) => "sum = Σ exp[f]",
        (Part::Prob, _) => "p[f] = exp[f] ÷ sum",
        (Part::Out, Loss::CrossEntropy) => "L = ln(sum) − Σ t[f] · shift[f] = −ln(p[target])",
        (Part::Out, Loss::Mse) => "L = (Σ (y[f] − t[f])²) ÷ F",
        (_, Loss::CrossEntropy) => "dz[f] = p[f] − t[f]",
        (_, Loss::Mse) => "dy[f] = (y[f] − t[f]) · 2 ÷ F",
    }
}
