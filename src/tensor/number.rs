//! Numbers as text: as many digits as there is room for, and never a false zero.
//!
//! The rules, for all functions here:
//! - A minus sign is U+2212, also in an exponent.
//! - `0` stands for zero only. A value that is not zero keeps its leading digits,
//!   with an exponent if need be: 0.00001 is `1e−5`, never `0.00`.
//! - Trailing zeros say that digits were cut: 1 is `1`, but 0.9999 to two digits is `1.0`.
//! - Negative zero is `0`, except in [`full`], where it is `−0`.
//! - Not-a-number is `NaN`, the infinities are `∞` and `−∞`.

/// The minus sign that goes with digits; the ASCII one is a hyphen.
pub const MINUS: char = '\u{2212}';

/// Two significant digits: `0.42`, `−1.3`, `124`, `3.4e−5`.
pub fn short(value: f32) -> String {
    significant(value, 2)
}

/// The exact text where it has at most five characters, else two significant digits: `1.25`, `0.42`.
pub fn short_or_exact(value: f32) -> String {
    let all = full(value);
    if all.chars().count() <= 5 { all } else { short(value) }
}

/// Four significant digits: `0.4217`, `−1.342`, `12.34`.
pub fn four_digits(value: f32) -> String {
    significant(value, 4)
}

/// The shortest text that reads back as the same f32, bit for bit (but for the payload of a NaN).
pub fn full(value: f32) -> String {
    if let Some(text) = not_finite(value) {
        return text.to_owned();
    }
    let magnitude = value.abs();
    let plain = magnitude == 0.0 || (1e-4..1e9).contains(&magnitude);
    with_minus(if plain { format!("{value}") } else { format!("{value:e}") })
}

/// So many significant digits, or all (`None`); never more than tell the number whole.
pub fn written(value: f32, digits: Option<usize>) -> String {
    let all = full(value);
    match digits.map(|digits| significant(value, digits)) {
        Some(text) if text.chars().count() < all.chars().count() => text,
        Some(_) | None => all,
    }
}

/// [`written`] where that has at most `max_chars` characters, else as [`fit_number`] has it.
pub fn fit_written(value: f32, max_chars: usize, digits: Option<usize>) -> Option<String> {
    let text = written(value, digits);
    if text.chars().count() <= max_chars { Some(text) } else { fit_number(value, max_chars, digits) }
}

/// A number with no-break spaces between the thousands.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// A share in per cent, without the sign: 0 and 100 only for none and all.
pub fn percent(part: u64, all: u64) -> String {
    match part {
        0 => "0".to_owned(),
        part if part == all => "100".to_owned(),
        part => format!("{:.1}", (100.0 * part as f64 / all as f64).clamp(0.1, 99.9)),
    }
}

/// `digits` significant digits (at least one), without an exponent where that is no longer.
///
/// An integer of up to four digits is always written whole.
pub fn significant(value: f32, digits: usize) -> String {
    if let Some(text) = not_finite(value) {
        return text.to_owned();
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = digits.max(1) - 1;
    let scientific = format!("{value:.decimals$e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return with_minus(scientific) };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    // Rounding may have carried into a new digit, so the exponent is that of the rounded value.
    if (-4..0).contains(&exponent) || (0..=3.max(decimals as i32)).contains(&exponent) {
        let after_point = (decimals as i32 - exponent).max(0) as usize;
        return with_minus(cut_zeros(&format!("{value:.after_point$}"), value));
    }
    let mantissa = match mantissa.contains('.') {
        true if scientific.parse() == Ok(value) => mantissa.trim_end_matches('0').trim_end_matches('.'),
        _ => mantissa,
    };
    with_minus(format!("{mantissa}e{exponent}"))
}

/// The exact text where it has at most `max_chars` characters; else the most exact one of at most
/// `max_digits` significant digits (`None`: as many as fit). `None` if there is no honest text so short.
///
/// A value too small for its exponent to fit is `≈0`, which says that it is not zero.
///
/// ```
/// use convstep::tensor::number::fit_number;
/// assert_eq!(fit_number(-0.421_749, 5, Some(2)).as_deref(), Some("−0.42"));
/// assert_eq!(fit_number(-0.421_749, 8, None).as_deref(), Some("−0.42175"));
/// assert_eq!(fit_number(1e-12, 3, None).as_deref(), Some("≈0"));
/// assert_eq!(fit_number(123_456.0, 3, None).as_deref(), Some("1e5"));
/// assert_eq!(fit_number(123_456.0, 2, None), None);
/// ```
pub fn fit_number(value: f32, max_chars: usize, max_digits: Option<usize>) -> Option<String> {
    let fits = |text: &String| text.chars().count() <= max_chars;
    // The sign of a zero is shown only where all digits are.
    let value = if value == 0.0 && max_digits.is_some() { 0.0 } else { value };
    let exact = Some(full(value)).filter(fits);
    if exact.is_some() {
        return exact;
    }
    let most = max_digits.unwrap_or(9).clamp(1, 9);
    let rounded = (1..=most).rev().map(|digits| significant(value, digits)).find(fits);
    // One digit with an exponent may be shorter: −0.006 is −6e−3.
    let rounded = rounded
        .or_else(|| Some(with_minus(format!("{value:.0e}"))).filter(|text| value.is_finite() && fits(text)));
    rounded.or_else(|| (value.abs() < 1e-3 && max_chars >= 2).then(|| "≈0".to_owned()))
}

/// A value with at most `decimals` decimals; one that would round to zero is `≈0`.
pub fn decimals(value: f32, most: usize) -> String {
    if let Some(text) = not_finite(value) {
        return text.to_owned();
    }
    let text = format!("{value:.most$}");
    let is_zero = text.parse::<f32>().is_ok_and(|printed| printed == 0.0);
    if is_zero && value != 0.0 { "≈0".to_owned() } else { with_minus(cut_zeros(&text, value)) }
}

/// The texts of numbers and of what they add up to, with the fewest decimals with which what is printed is an exact
/// sum: `digits` significant ones of the total, or up to two more. `None` where those do not add up either, where a
/// number that is not zero would be printed as zero, and where all digits are asked for.
///
/// ```
/// use convstep::tensor::number::adding;
/// let (parts, total) = adding(&[0.17779, 0.031, -0.155, -0.1806], -0.12681, Some(4)).unwrap();
/// assert_eq!((parts.join(" "), total.as_str()), ("0.1778 0.0310 −0.1550 −0.1806".into(), "−0.1268"));
/// let (parts, total) = adding(&[2.5, 2.125, 0.0], 4.625, Some(2)).unwrap();
/// assert_eq!((parts.join(" "), total.as_str()), ("2.5 2.125 0".into(), "4.625"));
/// assert_eq!(adding(&[0.5, 1e-9], 0.5, Some(2)), None);
/// ```
pub fn adding(values: &[f32], total: f32, digits: Option<usize>) -> Option<(Vec<String>, String)> {
    let least = decimals_of(values, total, digits?)?;
    (least..=least + 2).find_map(|decimals| adding_at(values, total, decimals))
}

/// The decimals with which a total, or where it is 0 the largest number, has the wanted significant digits; those with
/// which all the numbers are exact, if up to three do. `None` where numbers are too large or too small for decimals.
pub fn decimals_of(values: &[f32], total: f32, digits: usize) -> Option<usize> {
    let all = || values.iter().copied().chain([total]);
    let scale = if total == 0.0 { all().map(f32::abs).fold(0.0, f32::max) } else { total.abs() };
    let is_plain = all().all(|value| value.is_finite() && value.abs() < 1e6) && scale >= 1e-6;
    let wanted = || (digits as i32 - 1 - f64::from(scale).log10().floor() as i32).clamp(0, 9) as usize;
    let exact = (0..=3).find(|&decimals| all().all(|value| is_exact(value, decimals)));
    is_plain.then(|| exact.unwrap_or_else(wanted))
}

/// Whether a number with so many decimals is the number itself.
fn is_exact(value: f32, decimals: usize) -> bool {
    format!("{value:.decimals$}").parse() == Ok(value)
}

/// [`adding`] with a given number of decimals.
pub fn adding_at(values: &[f32], total: f32, decimals: usize) -> Option<(Vec<String>, String)> {
    let unit = 10f64.powi(decimals as i32);
    let units = |value: f32| (f64::from(value) * unit).round() as i64;
    let is_honest = values.iter().chain([&total]).all(|&value| value == 0.0 || units(value) != 0);
    let adds = values.iter().map(|&value| units(value)).sum::<i64>() == units(total);
    // Zeros at the end say that digits were cut, so that there are none where no number was.
    let are_exact = values.iter().chain([&total]).all(|&value| is_exact(value, decimals));
    let text = |value: f32| match units(value) {
        0 => "0".to_owned(),
        _ if are_exact => with_minus(cut_zeros(&format!("{value:.decimals$}"), value)),
        units => with_minus(format!("{:.decimals$}", units as f64 / unit)),
    };
    (is_honest && adds).then(|| (values.iter().map(|&value| text(value)).collect(), text(total)))
}

/// The text of a NaN or an infinity.
fn not_finite(value: f32) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value.is_infinite() {
        Some(if value > 0.0 { "∞" } else { "−∞" })
    } else {
        None
    }
}

/// Drops the zeros after the last decimal if the value has no further digits.
fn cut_zeros(text: &str, value: f32) -> String {
    if text.contains('.') && text.parse() == Ok(value) {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text.to_owned()
    }
}

fn with_minus(text: String) -> String {
    if text.contains('-') { text.replace('-', &MINUS.to_string()) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_back(text: &str) -> f32 {
        text.replace(MINUS, "-").replace('∞', "inf").parse().unwrap()
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(super::thousands(1_234_567), "1\u{a0}234\u{a0}567");
        assert_eq!(super::thousands(12), "12");
    }

    #[test]
    fn examples() {
        for (value, two, four) in [
            (0.42174917, "0.42", "0.4217"),
            (-1.3418, "−1.3", "−1.342"),
            (0.5, "0.5", "0.5"),
            (1.0, "1", "1"),
            (0.9999, "1.0", "0.9999"),
            (0.99999, "1.0", "1.000"),
            (-0.00034, "−0.00034", "−0.00034"),
            (-0.000034, "−3.4e−5", "−3.4e−5"),
            (12.345, "12", "12.35"),
            (124.4, "124", "124.4"),
            (9999.6, "1.0e4", "1.000e4"),
            (65536.0, "6.6e4", "6.554e4"),
            (0.0, "0", "0"),
            (-0.0, "0", "0"),
            (f32::NAN, "NaN", "NaN"),
            (f32::INFINITY, "∞", "∞"),
            (f32::NEG_INFINITY, "−∞", "−∞"),
        ] {
            assert_eq!(short(value), two, "{value}");
            assert_eq!(four_digits(value), four, "{value}");
        }
    }

    #[test]
    fn full_shows_the_sign_of_zero() {
        assert_eq!(full(-0.0), "−0");
        assert_eq!(full(0.1), "0.1");
        assert_eq!(full(1e-30), "1e−30");
        assert_eq!(full(16_777_216.0), "16777216");
    }

    proptest! {
        #[test]
        fn full_reads_back_bit_for_bit(bits: u32) {
            let value = f32::from_bits(bits);
            let back = read_back(&full(value));
            prop_assert!(back.to_bits() == bits || (value.is_nan() && back.is_nan()));
        }

        #[test]
        fn only_zero_is_zero(bits: u32, digits in 1usize..8) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite() && value.abs() > 1e-37 && value.abs() < 1e37);
            let back = read_back(&significant(value, digits));
            prop_assert_eq!(back == 0.0, value == 0.0);
            prop_assert!((back - value).abs() <= value.abs() * 0.5001 * 10f32.powi(1 - digits as i32));
        }

        #[test]
        fn what_is_printed_as_a_sum_is_one(values in prop::collection::vec(-20f32..20.0, 1..7), digits in 2usize..5) {
            let total = values.iter().sum::<f32>();
            if let Some((parts, sum)) = adding(&values, total, Some(digits)) {
                let read = |text: &str| text.replace(MINUS, "-").parse::<f64>().unwrap();
                let printed: f64 = parts.iter().map(|part| read(part)).sum();
                prop_assert!((printed - read(&sum)).abs() < 1e-9, "{parts:?} {sum}");
                prop_assert!((read(&sum) - f64::from(total)).abs() <= 0.5001 * 10f64.powi(1 - digits as i32) * f64::from(total.abs()).max(1e-3));
            }
        }

        #[test]
        fn fitted_text_fits(bits: u32, max_chars in 0usize..14, max_digits in prop::option::of(1usize..9)) {
            if let Some(text) = fit_number(f32::from_bits(bits), max_chars, max_digits) {
                prop_assert!(text.chars().count() <= max_chars);
            }
        }

        #[test]
        fn more_room_is_never_less_exact(value in -1e4f32..1e4, max_chars in 5usize..12) {
            let error = |chars| fit_number(value, chars, None).map_or(f32::INFINITY, |t| (read_back(&t.replace('≈', "")) - value).abs());
            prop_assert!(error(max_chars + 1) <= error(max_chars));
        }
    }
}
