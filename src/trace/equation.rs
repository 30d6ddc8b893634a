//! A step in numbers: an equation with enough digits that what is printed on the left gives what is printed
//! on the right.

use super::values::Step;
use crate::nn::Real;
use crate::tensor::number;
use std::str::FromStr;

/// A step in numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Equation {
    /// What is reckoned.
    pub left: String,
    /// What comes of it.
    pub right: String,
    /// Whether the printed numbers give exactly the printed result; else its last digit is off.
    pub exact: bool,
}

impl Equation {
    /// Of a step, with so many significant digits (`None`: all), or up to two more where they would not add up. Where those do not either, with
    /// so many that the last one is off by at most five: a difference of numbers that are nearly equal may need many.
    ///
    /// Numbers of more than six digits are those of f32, as its arithmetic takes them; with all digits it is always
    /// exact.
    pub fn from_step(step: &Step, digits: Option<usize>) -> Self {
        let [a, b] = step.values;
        let write = |digits: Option<usize>| {
            let texts = [step.before, a, b].map(|value| number::written(value, digits));
            let [r, x, y] = texts.each_ref().map(|text| read::<f32>(text));
            let right = number::written(step.after, digits);
            let printed = step.term.op.apply(r, x, y);
            let exact = number::written(printed, digits) == right
                && (digits.is_none() || is_exact(step, &texts, &right));
            let is_near =
                (f64::from(printed) - f64::from(read::<f32>(&right))).abs() <= 5.001 * last_place(&right);
            let [r, a, b] = texts.each_ref().map(String::as_str);
            (Self { left: step.term.op.in_numbers([r, a, b], step.values), right, exact }, is_near)
        };
        let Some(least) = digits else { return write(None).0 };
        let exact = (least..=least + 2).map(|digits| write(Some(digits)).0).find(|equation| equation.exact);
        let near = || (least..9).map(|digits| write(Some(digits))).find(|(_, is_near)| *is_near);
        exact.or_else(|| near().map(|(equation, _)| equation)).unwrap_or_else(|| write(None).0)
    }

    /// Of numbers that add up to a total as printed, with so many significant digits; `None` where they do not, or where all digits are asked for.
    pub fn from_sum(values: &[f32], total: f32, digits: Option<usize>) -> Option<Self> {
        let (texts, right) = number::adding(values, total, digits)?;
        let mut left = String::new();
        for text in texts {
            match text.strip_prefix(number::MINUS) {
                _ if left.is_empty() => left = text,
                Some(size) => left += &format!(" − {size}"),
                None => left += &format!(" + {text}"),
            }
        }
        Some(Self { left, right, exact: true })
    }

    /// `=`, or `≈` where the printed numbers do not give the last digit.
    pub const fn sign(&self) -> &'static str {
        if self.exact { "=" } else { "≈" }
    }
}

/// Whether the printed numbers give the printed result in f64 too: f32 may round a result across the middle between two
/// last digits. Where the result has no last digit, infinity or NaN, f32 has decided.
fn is_exact(step: &Step, texts: &[String; 3], right: &str) -> bool {
    let [r, a, b]: [f64; 3] = texts.each_ref().map(|text| read(text));
    let off = (step.term.op.apply(r, a, b) - read::<f64>(right)).abs();
    !off.is_finite() || off <= 0.5001 * last_place(right)
}

/// Parses a text of [`number`]; NaN if it is not a number.
fn read<T: Real + FromStr>(text: &str) -> T {
    text.replace(number::MINUS, "-").replace('∞', "inf").parse().unwrap_or_else(|_| T::nan())
}

/// What one more in the last digit of a text of [`number`] is worth.
fn last_place(text: &str) -> f64 {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
    10f64.powi(exponent.replace(number::MINUS, "-").parse().unwrap_or(0) - decimals)
}
