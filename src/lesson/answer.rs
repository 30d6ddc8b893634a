//! What a question is answered with, and how it is printed.

use crate::tensor::number;
use crate::trace::{Address, Plan};

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Sign {
    /// Less than 0.
    Less,
    /// 0.
    Equal,
    /// More than 0.
    More,
}

impl Sign {
    /// The sign of a number; that of NaN is `Equal`.
    pub fn new(value: f64) -> Self {
        match value {
            value if value < 0.0 => Self::Less,
            value if value > 0.0 => Self::More,
            _ => Self::Equal,
        }
    }

    /// The other way.
    pub const fn reversed(self) -> Self {
        match self {
            Self::Less => Self::More,
            Self::Equal => Self::Equal,
            Self::More => Self::Less,
        }
    }
}

/// A number, and whether it counts something.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Number {
    /// Its value.
    pub value: f64,
    /// It counts something and is printed whole.
    pub whole: bool,
}

impl Number {
    /// A count.
    pub fn count(value: usize) -> Self {
        Self { value: value as f64, whole: true }
    }

    /// As text, with so many significant digits where it is no count.
    pub fn print(&self, digits: usize) -> String {
        match self.whole && self.value.fract() == 0.0 && self.value.abs() < 1e15 {
            true if self.value < 0.0 => format!("{}{}", number::MINUS, number::thousands(-self.value as u64)),
            true => number::thousands(self.value as u64),
            false => number::significant(self.value as f32, digits),
        }
    }
}

/// What a question is answered with.
#[derive(Clone, PartialEq, Debug)]
pub enum Answer {
    /// A number.
    Number(Number),
    /// Which way.
    Sign(Sign),
    /// Any of these cells.
    Cells(Vec<Address>),
    /// The place with this number among those that are offered.
    Place(usize),
    /// The numbers of the items, first to last.
    Order(Vec<usize>),
    /// What was edited meets the goal, or does not.
    Met(bool),
}

impl Answer {
    /// A number that is no count.
    pub fn value(value: f32) -> Self {
        Self::Number(Number { value: f64::from(value), whole: false })
    }

    /// A count.
    pub fn count(value: usize) -> Self {
        Self::Number(Number::count(value))
    }

    /// The number, where it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.value),
            Self::Sign(_) | Self::Cells(_) | Self::Place(_) | Self::Order(_) | Self::Met(_) => None,
        }
    }

    /// As text, for options of numbers with so many significant digits; cells by their addresses. Places, signs and
    /// orders by their numbers: the window has words for them.
    pub fn print(&self, plan: &Plan, digits: usize) -> String {
        match self {
            Self::Number(number) => number.print(digits),
            Self::Sign(sign) => match sign {
                Sign::Less => number::MINUS.to_string(),
                Sign::Equal => "0".into(),
                Sign::More => "+".into(),
            },
            Self::Cells(cells) => cells.iter().map(|cell| plan.text(cell)).collect::<Vec<_>>().join(" "),
            Self::Place(place) => place.to_string(),
            Self::Order(order) => order.iter().map(usize::to_string).collect::<Vec<_>>().join(" "),
            Self::Met(met) => met.to_string(),
        }
    }
}
