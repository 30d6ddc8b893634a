//! One operation: what a cell's running value becomes from one operand pair.

use super::tensor_id::TensorId;
use crate::nn::{
    Real,
    activation::{Activation, Reads},
    loss, pool, prelu,
};
use std::borrow::Cow;

/// What a term does with the running value `r` and its operands `a` and `b`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum TermOp {
    /// r + a * b, rounded once.
    MulAdd,
    /// r - a * b, rounded once.
    NegMulAdd,
    /// r + a * b * b, the square rounded before.
    MulSquareAdd,
    /// r + a * a, rounded once.
    SquareAdd,
    /// r - a * b, rounded once; nothing where a is 0.
    CrossTerm,
    /// r + (a - b)^2, the difference rounded before.
    SquareDiffAdd,
    /// r + a.
    Add,
    /// r + ln(1 + a).
    AddLn1p,
    /// r * a.
    Mul,
    /// r / a.
    Div,
    /// a - r.
    SubFrom,
    /// a / r.
    DivInto,
    /// The square root of r.
    Sqrt,
    /// 1 / r.
    Recip,
    /// The larger of r and a; r on a tie.
    Max,
    /// a.
    Set,
    /// a * b.
    Product,
    /// a / b.
    Quotient,
    /// a - b.
    Difference,
    /// exp(a).
    Exp,
    /// ln(a).
    Ln,
    /// a to the power of b.
    Pow,
    /// 1 where a > 0, else b.
    Slope,
    /// r + a * b, rounded once, where b is not positive; else r + a * 0.
    MulAddNegative,
    /// The activation of a.
    Activation(Activation),
    /// The gradient a times the activation's derivative, which is computed from b.
    ActivationBackward(Activation),
    /// r + a where the winner b is the cell `own` of the plane, else r.
    Route {
        /// p * W + q of the cell that gathers; p in the symbols.
        own: u32,
    },
}

impl TermOp {
    /// The running value after the term.
    pub fn apply<T: Real>(self, r: T, a: T, b: T) -> T {
        match self {
            Self::MulAdd => a.mul_add(b, r),
            Self::NegMulAdd => (-a).mul_add(b, r),
            Self::MulSquareAdd => a.mul_add(b * b, r),
            Self::SquareAdd => a.mul_add(a, r),
            Self::CrossTerm => loss::cross_term(a, b, r),
            Self::SquareDiffAdd => (a - b).mul_add(a - b, r),
            Self::Add => r + a,
            Self::AddLn1p => r + a.ln_1p(),
            Self::Mul => r * a,
            Self::Div => r / a,
            Self::SubFrom => a - r,
            Self::DivInto => a / r,
            Self::Sqrt => r.sqrt(),
            Self::Recip => r.recip(),
            Self::Max => {
                if pool::takes_over(a, r) {
                    a
                } else {
                    r
                }
            }
            Self::Set => a,
            Self::Product => a * b,
            Self::Quotient => a / b,
            Self::Difference => a - b,
            Self::Exp => a.exp(),
            Self::Ln => a.ln(),
            Self::Pow => a.powf(b),
            Self::Slope => prelu::slope(a, b),
            Self::MulAddNegative => a.mul_add(prelu::negative(b), r),
            Self::Activation(activation) => activation.forward_fn()(a),
            Self::ActivationBackward(activation) => activation.backward_fn()(a, b),
            Self::Route { own } => {
                if b == T::nearest(f64::from(own)) {
                    r + a
                } else {
                    r
                }
            }
        }
    }

    /// What the term brings to a sum: the product of a multiply-add, the addend of an addition;
    /// `None` where it adds nothing.
    pub fn product(self, a: f32, b: f32) -> Option<f32> {
        match self {
            Self::MulAdd | Self::Product => Some(a * b),
            Self::NegMulAdd => Some(-a * b),
            Self::MulAddNegative => Some(a * prelu::negative(b)),
            Self::CrossTerm => Some(if a == 0.0 { 0.0 } else { -a * b }),
            Self::MulSquareAdd => Some(a * (b * b)),
            Self::SquareAdd => Some(a * a),
            Self::SquareDiffAdd => Some((a - b) * (a - b)),
            Self::Add | Self::Max | Self::Set => Some(a),
            Self::AddLn1p => Some(a.ln_1p()),
            Self::Route { own } => Some(if b == own as f32 { a } else { 0.0 }),
            Self::Mul
            | Self::Div
            | Self::SubFrom
            | Self::DivInto
            | Self::Sqrt
            | Self::Recip
            | Self::Quotient
            | Self::Difference
            | Self::Exp
            | Self::Ln
            | Self::Pow
            | Self::Slope
            | Self::Activation(_)
            | Self::ActivationBackward(_) => None,
        }
    }

    /// The operation in symbols, `r` being the running value. A condition in square brackets is 1 where it
    /// holds and 0 where it does not, as in [`Activation::formulas`].
    pub fn symbols(self) -> Cow<'static, str> {
        let symbols = match self {
            Self::MulAdd => "r + a·b",
            Self::NegMulAdd => "r − a·b",
            Self::MulSquareAdd => "r + a·b²",
            Self::SquareAdd => "r + a²",
            Self::CrossTerm => "r − a·b",
            Self::SquareDiffAdd => "r + (a − b)²",
            Self::Add => "r + a",
            Self::AddLn1p => "r + ln(1 + a)",
            Self::Mul => "r · a",
            Self::Div => "r ÷ a",
            Self::SubFrom => "a − r",
            Self::DivInto => "a ÷ r",
            Self::Sqrt => "√r",
            Self::Recip => "1 ÷ r",
            Self::Max => "max(r, a)",
            Self::Set => "a",
            Self::Product => "a · b",
            Self::Quotient => "a ÷ b",
            Self::Difference => "a − b",
            Self::Exp => "exp(a)",
            Self::Ln => "ln(a)",
            Self::Pow => "a ^ b",
            Self::Slope => "[a > 0] + b·[a ≤ 0]",
            Self::MulAddNegative => "r + a·b·[b ≤ 0]",
            Self::Route { .. } => "r + a·[b = p]",
            Self::Activation(activation) => {
                return Cow::Owned(with_operands(activation.formulas()[0], |name| match name {
                    "x" => Some("a".into()),
                    _ => None,
                }));
            }
            Self::ActivationBackward(activation) => {
                return Cow::Owned(with_operands(activation.formulas()[1], |name| match name {
                    "dy" => Some("a".into()),
                    "x" | "y" => Some("b".into()),
                    _ => None,
                }));
            }
        };
        Cow::Borrowed(symbols)
    }

    /// The operation with the texts of its numbers in place of r, a and b, in brackets where a negative one
    /// follows a sign. What a gate lets through of a, by the numbers themselves, stands as a factor.
    pub fn in_numbers(self, [r, a, b]: [&str; 3], [a_value, b_value]: [f32; 2]) -> String {
        let in_brackets = |text: &str| match text.starts_with(['-', '−']) {
            true => format!("({text})"),
            false => text.to_owned(),
        };
        let [r1, a1, b1] = [r, a, b].map(in_brackets);
        match self {
            Self::MulAdd => format!("{r} + {a1} · {b1}"),
            Self::NegMulAdd | Self::CrossTerm => format!("{r} − {a1} · {b1}"),
            Self::MulSquareAdd => format!("{r} + {a1} · {b1}²"),
            Self::SquareAdd => format!("{r} + {a1}²"),
            Self::SquareDiffAdd => format!("{r} + ({a} − {b1})²"),
            Self::Add => format!("{r} + {a1}"),
            Self::AddLn1p => format!("{r} + ln(1 + {a})"),
            Self::Mul => format!("{r} · {a1}"),
            Self::Div => format!("{r} ÷ {a1}"),
            Self::SubFrom => format!("{a} − {r1}"),
            Self::DivInto => format!("{a} ÷ {r1}"),
            Self::Sqrt => format!("√{r1}"),
            Self::Recip => format!("1 ÷ {r1}"),
            Self::Max => format!("max({r}, {a})"),
            Self::Set => a.to_owned(),
            Self::Product => format!("{a} · {b1}"),
            Self::Quotient => format!("{a} ÷ {b1}"),
            Self::Difference => format!("{a} − {b1}"),
            Self::Exp => format!("exp({a})"),
            Self::Ln => format!("ln({a})"),
            Self::Pow => format!("{} ^ {b1}", in_brackets(a)),
            Self::Slope => match a_value > 0.0 {
                true => format!("1 + {b1} · 0"),
                false => format!("0 + {b1} · 1"),
            },
            Self::MulAddNegative => match b_value > 0.0 {
                true => format!("{r} + {a1} · {b1} · 0"),
                false => format!("{r} + {a1} · {b1} · 1"),
            },
            Self::Activation(activation) => match activation.formulas()[0].contains('[') {
                true => format!("{a} · {}", slope(activation, a_value)),
                false => with_operands(activation.formulas()[0], |name| match name {
                    "x" => Some(a.to_owned()),
                    _ => activation.letter(name).map(|value| (value as f32).to_string()),
                }),
            },
            Self::ActivationBackward(activation) => match activation.reads() {
                Reads::Input => format!("{a} · {}", slope(activation, b_value)),
                Reads::Output => with_operands(activation.formulas()[1], |name| match name {
                    "dy" => Some(a.to_owned()),
                    "y" => Some(b.to_owned()),
                    _ => activation.letter(name).map(|value| (value as f32).to_string()),
                }),
            },
            Self::Route { own } => match b_value == own as f32 {
                true => format!("{r} + {a1} · 1"),
                false => format!("{r} + {a1} · 0"),
            },
        }
    }
}

/// An activation's derivative, from what it reads.
fn slope(activation: Activation, read: f32) -> f32 {
    activation.backward_fn()(1.0, read)
}

/// The right-hand side of a formula with other texts for its names, in brackets where a negative number follows a sign
/// or has an exponent. Names for which `text` is `None` stay.
fn with_operands(formula: &str, text: impl Fn(&str) -> Option<String>) -> String {
    let right = formula.split_once("= ").map_or(formula, |(_, right)| right);
    let mut written = String::new();
    let mut rest = right;
    while let Some(first) = rest.chars().next() {
        let end = match first.is_alphabetic() {
            true => rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (name, after) = rest.split_at(end);
        match text(name) {
            Some(number) => {
                let opens = written.trim_end().ends_with(['(', ',']) || written.is_empty();
                let is_bare = opens && !after.starts_with(['²', '³']);
                match number.starts_with(['-', '−']) && !is_bare {
                    true => written += &format!("({number})"),
                    false => written += &number,
                }
            }
            None => written += name,
        }
        rest = after;
    }
    written
}

/// One operand of a term.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Operand {
    /// A cell of a tensor.
    Cell {
        /// The tensor.
        tensor: TensorId,
        /// The image in the batch, 0 where the tensor is the batch's; where each image's pass makes
        /// the tensor again, the image whose pass reads it.
        image: u32,
        /// The cell, row-major within the image's tensor or the parameter.
        index: u32,
    },
    /// A number that is in no tensor.
    Constant {
        /// What it is called in the formula.
        name: &'static str,
        /// The number.
        value: f32,
    },
    /// What lies outside a tensor: 0 in a sum, minus infinity in a maximum.
    Padding {
        /// The number.
        value: f32,
    },
}

/// What one step does, without the values.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Term {
    /// The operation.
    pub op: TermOp,
    /// Its operands, a and b.
    pub operands: [Option<Operand>; 2],
}

impl Term {
    /// A term of two operands.
    pub const fn two(op: TermOp, a: Operand, b: Operand) -> Self {
        Self { op, operands: [Some(a), Some(b)] }
    }

    /// A term of one operand.
    pub const fn one(op: TermOp, a: Operand) -> Self {
        Self { op, operands: [Some(a), None] }
    }

    /// A term of the running value alone.
    pub const fn none(op: TermOp) -> Self {
        Self { op, operands: [None, None] }
    }

    /// Its operands, without the gaps.
    pub fn operands(&self) -> impl Iterator<Item = &Operand> {
        self.operands.iter().flatten()
    }
}

/// What a cell's running value is before its first term.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Start {
    /// A number: 0, or minus infinity for a maximum.
    Number(f32),
    /// The same cell after the image before; 0 for the first image.
    ImageBefore,
    /// The same cell of the parameter or moment before the update.
    BeforeUpdate,
}

impl Start {
    /// 0, for a sum.
    pub const ZERO: Self = Self::Number(0.0);
    /// Minus infinity, for a maximum.
    pub const LEAST: Self = Self::Number(f32::NEG_INFINITY);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_activations_term_is_its_formula_with_the_operands() {
        let leaky = Activation::LeakyRelu { slope: 0.1 };
        for (op, symbols, numbers) in [
            (TermOp::Activation(Activation::Relu), "max(0, a)", "max(0, −2)"),
            (TermOp::ActivationBackward(Activation::Relu), "a · [b > 0]", "−2 · 1"),
            (TermOp::Activation(leaky), "a · ([a > 0] + α·[a ≤ 0])", "−2 · 0.1"),
            (TermOp::ActivationBackward(leaky), "a · ([b > 0] + α·[b ≤ 0])", "−2 · 1"),
            (TermOp::Activation(Activation::Tanh), "tanh(a)", "tanh(−2)"),
            (TermOp::ActivationBackward(Activation::Tanh), "a · (1 − b²)", "−2 · (1 − 0.5²)"),
            (TermOp::Activation(Activation::Sigmoid), "1 ÷ (1 + exp(−a))", "1 ÷ (1 + exp(−(−2)))"),
            (TermOp::ActivationBackward(Activation::Sigmoid), "a · b · (1 − b)", "−2 · 0.5 · (1 − 0.5)"),
            (TermOp::Activation(Activation::Silu), "a · σ(a)", "−2 · σ(−2)"),
            (
                TermOp::Activation(Activation::Elu { alpha: 1.5 }),
                "max(0, a) + α · (exp(min(0, a)) − 1)",
                "max(0, −2) + 1.5 · (exp(min(0, −2)) − 1)",
            ),
            (
                TermOp::Activation(Activation::GeluTanh),
                "a · (1 + tanh(√(2 ÷ π) · (a + 0.044715 · a³))) ÷ 2",
                "−2 · (1 + tanh(√(2 ÷ π) · (−2 + 0.044715 · (−2)³))) ÷ 2",
            ),
        ] {
            assert_eq!(op.symbols(), symbols);
            assert_eq!(op.in_numbers(["0", "−2", "0.5"], [-2.0, 0.5]), numbers);
        }
    }
}
