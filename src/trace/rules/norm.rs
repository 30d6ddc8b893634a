//! The terms that all normalisations have in common. Letters as in [`crate::nn::norm`].

use super::constant;
use crate::trace::term::{Operand, Term, TermOp};

/// Divides by the number of cells that are normalised together.
pub(super) fn divide(count: usize) -> Term {
    Term::one(TermOp::Div, constant("M", count as f64))
}

/// Term m of 1 ÷ √(var + ε).
pub(super) fn inv_std(m: usize, var: Operand, eps: f64) -> Term {
    match m {
        0 => Term::one(TermOp::Add, var),
        1 => Term::one(TermOp::Add, constant("ε", eps)),
        2 => Term::none(TermOp::Sqrt),
        _ => Term::none(TermOp::Recip),
    }
}

/// Term m of (x − mean) · inv_std.
pub(super) fn normalised(m: usize, [x, mean, inv_std]: [Operand; 3]) -> Term {
    match m {
        0 => Term::two(TermOp::Difference, x, mean),
        _ => Term::one(TermOp::Mul, inv_std),
    }
}

/// Term m of xhat · γ + β.
pub(super) fn scaled_and_shifted(m: usize, [xhat, gamma, beta]: [Operand; 3]) -> Term {
    match m {
        0 => Term::two(TermOp::MulAdd, xhat, gamma),
        _ => Term::one(TermOp::Add, beta),
    }
}

/// The terms of [`centred`].
pub(super) const CENTRED: usize = 4;

/// Term m of dy − (dot · xhat + sum) ÷ M: a gradient without what the mean and the variance take of it.
pub(super) fn centred(m: usize, [dy, dot, xhat, sum]: [Operand; 4], count: usize) -> Term {
    match m {
        0 => Term::two(TermOp::MulAdd, dot, xhat),
        1 => Term::one(TermOp::Add, sum),
        2 => divide(count),
        _ => Term::one(TermOp::SubFrom, dy),
    }
}
