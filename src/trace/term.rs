//! One operation: what a cell's running value becomes from one operand pair.

use super::plan::TensorId;
use crate::nn::{activation, loss, pool};

/// What a term does with the running value `r` and its operands `a` and `b`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum TermOp {
    /// r + a * b, rounded once.
    MulAdd,
    /// r - a * b, rounded once.
    NegMulAdd,
    /// r + a * b * b, the square rounded before.
    MulSquareAdd,
    /// r - a * b, rounded once; nothing where a is 0.
    CrossTerm,
    /// r + (a - b)^2, the difference rounded before.
    SquareDiffAdd,
    /// r + a.
    Add,
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
    /// max(0, a).
    Relu,
    /// a where b > 0, else 0.
    ReluGate,
    /// a where a > 0, else slope * a.
    LeakyRelu {
        /// The slope.
        slope: f32,
    },
    /// a where b > 0, else slope * a.
    LeakyGate {
        /// The slope.
        slope: f32,
    },
    /// tanh(a).
    Tanh,
    /// a * (1 - b^2).
    TanhGate,
    /// 1 / (1 + exp(-a)).
    Sigmoid,
    /// a * b * (1 - b).
    SigmoidGate,
    /// r + a where the winner b is the cell `own` of the plane, else r.
    Route {
        /// p * W + q of the cell that gathers; p in the symbols.
        own: u32,
    },
}

impl TermOp {
    /// The running value after the term.
    pub fn apply(self, r: f32, a: f32, b: f32) -> f32 {
        match self {
            Self::MulAdd => a.mul_add(b, r),
            Self::NegMulAdd => (-a).mul_add(b, r),
            Self::MulSquareAdd => a.mul_add(b * b, r),
            Self::CrossTerm => loss::cross_term(a, b, r),
            Self::SquareDiffAdd => (a - b).mul_add(a - b, r),
            Self::Add => r + a,
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
            Self::Relu => activation::relu(a),
            Self::ReluGate => activation::relu_backward(a, b),
            Self::LeakyRelu { slope } => activation::leaky_relu(a, slope),
            Self::LeakyGate { slope } => activation::leaky_relu_backward(a, b, slope),
            Self::Tanh => activation::tanh(a),
            Self::TanhGate => activation::tanh_backward(a, b),
            Self::Sigmoid => activation::sigmoid(a),
            Self::SigmoidGate => activation::sigmoid_backward(a, b),
            Self::Route { own } => {
                if b == own as f32 {
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
            Self::CrossTerm => Some(if a == 0.0 { 0.0 } else { -a * b }),
            Self::MulSquareAdd => Some(a * (b * b)),
            Self::SquareDiffAdd => Some((a - b) * (a - b)),
            Self::Add | Self::Max | Self::Set => Some(a),
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
            | Self::Relu
            | Self::ReluGate
            | Self::LeakyRelu { .. }
            | Self::LeakyGate { .. }
            | Self::Tanh
            | Self::TanhGate
            | Self::Sigmoid
            | Self::SigmoidGate => None,
        }
    }

    /// The operation in symbols, `r` being the running value. A condition in square brackets is 1 where it
    /// holds and 0 where it does not (Iverson's bracket; Knuth 1992, "Two notes on notation").
    pub const fn symbols(self) -> &'static str {
        match self {
            Self::MulAdd => "r + a·b",
            Self::NegMulAdd => "r − a·b",
            Self::MulSquareAdd => "r + a·b²",
            Self::CrossTerm => "r − a·b",
            Self::SquareDiffAdd => "r + (a − b)²",
            Self::Add => "r + a",
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
            Self::Relu => "max(0, a)",
            Self::ReluGate => "a · [b > 0]",
            Self::LeakyRelu { .. } => "a · ([a > 0] + α·[a ≤ 0])",
            Self::LeakyGate { .. } => "a · ([b > 0] + α·[b ≤ 0])",
            Self::Tanh => "tanh(a)",
            Self::TanhGate => "a · (1 − b²)",
            Self::Sigmoid => "1 ÷ (1 + exp(−a))",
            Self::SigmoidGate => "a · b · (1 − b)",
            Self::Route { .. } => "r + a·[b = p]",
        }
    }

    /// The operation with the texts of its numbers in place of r, a and b, in brackets where a negative one
    /// follows a sign. What a gate lets through of a, by the numbers themselves, stands as a factor.
    pub fn in_numbers(self, [r, a, b]: [&str; 3], [a_value, b_value]: [f32; 2]) -> String {
        let in_brackets = |text: &str| match text.starts_with(['-', '−']) {
            true => format!("({text})"),
            false => text.to_owned(),
        };
        let [r1, a1, b1] = [r, a, b].map(in_brackets);
        let gate = |open: bool, slope: f32| match open {
            true => format!("{a} · 1"),
            false => format!("{a} · {slope}"),
        };
        match self {
            Self::MulAdd => format!("{r} + {a1} · {b1}"),
            Self::NegMulAdd | Self::CrossTerm => format!("{r} − {a1} · {b1}"),
            Self::MulSquareAdd => format!("{r} + {a1} · {b1}²"),
            Self::SquareDiffAdd => format!("{r} + ({a} − {b1})²"),
            Self::Add => format!("{r} + {a1}"),
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
            Self::Relu => format!("max(0, {a})"),
            Self::ReluGate => gate(b_value > 0.0, 0.0),
            Self::LeakyRelu { slope } => gate(a_value > 0.0, slope),
            Self::LeakyGate { slope } => gate(b_value > 0.0, slope),
            Self::Tanh => format!("tanh({a})"),
            Self::TanhGate => format!("{a} · (1 − {b1}²)"),
            Self::Sigmoid => format!("1 ÷ (1 + exp(−{a1}))"),
            Self::SigmoidGate => format!("{a} · {b1} · (1 − {b1})"),
            Self::Route { own } => match b_value == own as f32 {
                true => format!("{r} + {a1} · 1"),
                false => format!("{r} + {a1} · 0"),
            },
        }
    }
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
