//! A sum in print: its parts with enough decimals that the printed parts add up to the printed sum.

use super::number::MINUS;

/// A sum in print. All its numbers have the same decimals, and the same exponent if they have one.
#[derive(Clone, PartialEq, Debug)]
pub struct PrintedSum {
    /// The parts in units of the last decimal.
    parts: Vec<i128>,
    /// The sum in units of the last decimal.
    sum: i128,
    decimals: i32,
    exponent: i32,
    /// Not all of it is finite: then it is printed unchanged.
    raw: Option<(Vec<f64>, f64)>,
}

impl PrintedSum {
    /// A sum with `digits` significant digits in its largest number, or up to two more where those would not add up.
    /// Where they do not either, one number is off by one in its last digit.
    pub fn new(parts: &[f64], sum: f64, digits: usize) -> Self {
        let printed = Self::least(parts, sum, digits);
        let least = printed.decimals;
        if printed.raw.is_some() {
            return printed;
        }
        let mut adding = (least..=least + 2).map(|decimals| printed.at(parts, sum, decimals));
        adding.find(|printed| printed.off() == 0).unwrap_or_else(|| printed.mended(parts))
    }

    /// Numbers one below another, with `digits` significant digits in the largest of them; they need not add up.
    pub fn aligned(numbers: &[f64], digits: usize) -> Self {
        Self::least(numbers, 0.0, digits)
    }

    /// Every number rounded by itself.
    fn least(parts: &[f64], sum: f64, digits: usize) -> Self {
        let largest =
            parts.iter().copied().chain([sum]).fold(0.0, |largest: f64, part| largest.max(part.abs()));
        if !parts.iter().all(|part| part.is_finite()) || !sum.is_finite() {
            let raw = Some((parts.to_vec(), sum));
            return Self { parts: Vec::new(), sum: 0, decimals: 0, exponent: 0, raw };
        }
        let magnitude = if largest > 0.0 { largest.log10().floor() as i32 } else { 0 };
        let exponent = if (-4..6).contains(&magnitude) { 0 } else { magnitude };
        let least = (digits.max(1) as i32 - 1 - (magnitude - exponent)).max(0);
        let none = Self { parts: Vec::new(), sum: 0, decimals: 0, exponent, raw: None };
        none.at(parts, sum, least)
    }

    /// The same sum with other decimals.
    fn at(&self, parts: &[f64], sum: f64, decimals: i32) -> Self {
        let exponent = self.exponent;
        let unit = 10f64.powi(decimals - exponent);
        let round = |value: f64| (value * unit).round() as i128;
        let parts: Vec<i128> = parts.iter().copied().map(round).collect();
        Self { parts, sum: round(sum), decimals, exponent, raw: None }
    }

    /// By how many units the printed parts miss the printed sum.
    fn off(&self) -> i128 {
        self.sum - self.parts.iter().sum::<i128>()
    }

    /// The same with the parts that were rounded the farthest rounded the other way.
    fn mended(mut self, exact: &[f64]) -> Self {
        let unit = 10f64.powi(self.decimals - self.exponent);
        while self.off() != 0 && !self.parts.is_empty() {
            let sign = self.off().signum();
            let lacks = |k: usize| (exact[k] * unit - self.parts[k] as f64) * sign as f64;
            let farthest = (0..self.parts.len()).max_by(|&a, &b| lacks(a).total_cmp(&lacks(b)));
            self.parts[farthest.unwrap_or(0)] += sign;
        }
        self
    }

    /// A part as text.
    pub fn part(&self, k: usize) -> String {
        match &self.raw {
            Some((parts, _)) => raw(parts[k]),
            None => self.text(self.parts[k]),
        }
    }

    /// A part with its sign, also where it is a plus.
    pub fn signed_part(&self, k: usize) -> String {
        with_plus(self.part(k))
    }

    /// The sum as text.
    pub fn sum(&self) -> String {
        match &self.raw {
            Some((_, sum)) => raw(*sum),
            None => self.text(self.sum),
        }
    }

    /// The sum of some of the parts as they are printed.
    pub fn subtotal(&self, parts: std::ops::Range<usize>) -> String {
        match &self.raw {
            Some((all, _)) => raw(all[parts].iter().sum()),
            None => self.text(self.parts[parts].iter().sum()),
        }
    }

    /// The parts in one line: `4.214 + 0.824 − 0.103`.
    pub fn line(&self) -> String {
        let count = self.raw.as_ref().map_or(self.parts.len(), |(parts, _)| parts.len());
        let mut line = String::new();
        for part in (0..count).map(|k| self.part(k)) {
            match part.strip_prefix(MINUS) {
                _ if line.is_empty() => line = part,
                Some(magnitude) => line += &format!(" {MINUS} {magnitude}"),
                None => line += &format!(" + {part}"),
            }
        }
        line
    }

    fn text(&self, units: i128) -> String {
        let sign = if units < 0 { MINUS.to_string() } else { String::new() };
        let (decimals, units) = (self.decimals as usize, units.unsigned_abs());
        let digits = format!("{units:0width$}", width = decimals + 1);
        let (whole, after) = digits.split_at(digits.len() - decimals);
        let point = if decimals > 0 { "." } else { "" };
        let exponent = match self.exponent {
            0 => String::new(),
            exponent if exponent < 0 => format!("e{MINUS}{}", -exponent),
            exponent => format!("e{exponent}"),
        };
        format!("{sign}{whole}{point}{after}{exponent}")
    }
}

/// A number of a sum that is not finite.
fn raw(value: f64) -> String {
    super::number::four_digits(value as f32)
}

/// A number's text with a plus where it has no sign; zero has none.
pub fn with_plus(text: String) -> String {
    let is_signed = text.starts_with(MINUS) || !text.chars().any(|c| ('1'..='9').contains(&c));
    if is_signed { text } else { format!("+{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn examples() {
        let printed = PrintedSum::new(&[4.2138, 0.8243, -0.1031], 4.935, 4);
        assert_eq!((printed.line().as_str(), printed.sum().as_str()), ("4.214 + 0.824 − 0.103", "4.935"));
        assert_eq!(printed.subtotal(0..2), "5.038");
        assert_eq!((printed.signed_part(1).as_str(), printed.signed_part(2).as_str()), ("+0.824", "−0.103"));
        // Rounded one by one, 0.4 + 0.4 would be 0.9: one more digit adds up.
        assert_eq!(PrintedSum::new(&[0.44, 0.44], 0.88, 1).line(), "0.44 + 0.44");
        let small = PrintedSum::new(&[4.0e-9, 1.0e-10], 4.1e-9, 2);
        assert_eq!((small.line().as_str(), small.sum().as_str()), ("4.0e−9 + 0.1e−9", "4.1e−9"));
        let endless = PrintedSum::new(&[f64::INFINITY, 1.0], f64::INFINITY, 4);
        assert_eq!((endless.line().as_str(), endless.sum().as_str()), ("∞ + 1", "∞"));
        assert_eq!(PrintedSum::new(&[], 0.0, 4).sum(), "0.000");
    }

    proptest! {
        #[test]
        fn what_is_printed_adds_up(
            parts in prop::collection::vec(-1e3f64..1e3, 1..6),
            scale in prop::sample::select(vec![1e-12, 1e-5, 1.0, 1e7]),
            digits in 2usize..7,
        ) {
            let parts: Vec<f64> = parts.into_iter().map(|part| part * scale).collect();
            let printed = PrintedSum::new(&parts, parts.iter().sum(), digits);
            prop_assert_eq!(printed.off(), 0);
            let unit = 10f64.powi(printed.exponent - printed.decimals);
            for (k, part) in parts.iter().enumerate() {
                prop_assert!((printed.parts[k] as f64 * unit - part).abs() <= 1.0001 * unit, "{:?}", printed);
            }
        }
    }
}
