//! Addresses in lessons: with variables in braces, and with ranges.

use crate::trace::{Address, Grain, Plan};
use std::collections::BTreeMap;

/// The variables of an item with their numbers.
pub type Variables = BTreeMap<String, i64>;

/// The most places that one pattern may name.
const MOST: usize = 4096;

/// The text with numbers for its variables: `{i}` and, as one number, `{i}+1` and `{i}-1`.
///
/// # Errors
/// Names a variable that is not there.
pub fn substitute(text: &str, variables: &Variables) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find('{') {
        out.push_str(&rest[..begin]);
        let Some(len) = rest[begin..].find('}') else {
            return Err(format!("{text}: expected }} after {{, got the end; close the brace"));
        };
        let name = &rest[begin + 1..begin + len];
        let Some(&value) = variables.get(name) else {
            let known: Vec<&str> = variables.keys().map(String::as_str).collect();
            return Err(format!(
                "{text}: expected a variable of vary ({}), got {{{name}}}; add it to vary",
                known.join(", ")
            ));
        };
        rest = &rest[begin + len + 1..];
        let (added, used) = offset(rest);
        out.push_str(&(value + added).to_string());
        rest = &rest[used..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The number that is added right behind a variable, and how many bytes of the text say so.
fn offset(text: &str) -> (i64, usize) {
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) | None => return (0, 0),
    };
    let digits = text[1..].bytes().take_while(u8::is_ascii_digit).count();
    match text[1..=digits].parse::<i64>() {
        Ok(number) => (sign * number, digits + 1),
        Err(_) => (0, 0),
    }
}

/// The places that a pattern without variables names: one, or with ranges (`k0..2`, `(1..3,0..4)`, both ends
/// included) all of them.
///
/// # Errors
/// What is wrong with the first address that the plan does not have.
pub fn places(plan: &Plan, pattern: &str) -> Result<Vec<Address>, String> {
    let mut texts = vec![pattern.trim().to_owned()];
    loop {
        let mut is_done = true;
        let mut next = Vec::new();
        for text in texts {
            match range_in(&text)? {
                Some((span, low, high)) => {
                    is_done = false;
                    next.extend((low..=high).map(|n| format!("{}{n}{}", &text[..span.0], &text[span.1..])));
                }
                None => next.push(text),
            }
            if next.len() > MOST {
                return Err(format!(
                    "{pattern}: expected at most {MOST} places, got more; use smaller ranges"
                ));
            }
        }
        texts = next;
        if is_done {
            break;
        }
    }
    let parse = |text: &String| plan.parse(text).map_err(|error| format!("{pattern}: {}", error.0));
    texts.iter().flat_map(|text| filter_slices(plan, text)).map(|text| parse(&text)).collect()
}

/// All slices of a filter that is named as `conv1.weight/k0`; any other text itself.
fn filter_slices(plan: &Plan, text: &str) -> Vec<String> {
    let filter =
        text.rsplit_once("/k").filter(|(_, k)| !k.is_empty() && k.bytes().all(|b| b.is_ascii_digit()));
    let weight = filter.and_then(|(tensor, _)| plan.parse(tensor).ok());
    let shape = weight.filter(|_| plan.parse(text).is_err()).map(|weight| plan.shape_at(&weight).0);
    match shape {
        Some([_, slices, ..]) => (0..slices).map(|slice| format!("{text},{slice}")).collect(),
        None => vec![text.to_owned()],
    }
}

/// The row-major numbers of all cells of a place in its tensor.
pub fn cells_of(plan: &Plan, place: &Address) -> Vec<u32> {
    let shape = plan.shape_at(place);
    match place.grain() {
        Grain::Cell | Grain::Term => vec![place.cell()],
        Grain::Channel => (place.cell()..place.cell() + shape.plane() as u32).collect(),
        Grain::Run | Grain::Epoch | Grain::Batch | Grain::Example | Grain::Pass | Grain::Layer => {
            (0..shape.len() as u32).collect()
        }
    }
}

/// Where a range stands in a text, and its ends.
type Range = ((usize, usize), u64, u64);

/// The bytes and the ends of the first range in a text.
fn range_in(text: &str) -> Result<Option<Range>, String> {
    let Some(dots) = text.find("..") else { return Ok(None) };
    let begin = text[..dots].rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    let behind = dots + 2;
    let end = behind + text[behind..].bytes().take_while(u8::is_ascii_digit).count();
    match (text[begin..dots].parse(), text[behind..end].parse()) {
        (Ok(low), Ok(high)) if low <= high => Ok(Some(((begin, end), low, high))),
        _ => Err(format!("{text}: expected a range like 2..4, got {:?}", &text[begin..end])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::bundled;
    use crate::trace::Setup;
    use std::sync::Arc;

    #[test]
    fn variables_and_their_neighbours_become_numbers() {
        let variables = Variables::from([("i".into(), 1), ("j".into(), 0)]);
        let text = substitute("input/k0/({i}..{i}+1,{j}..{j}+1)", &variables);
        assert_eq!(text.as_deref(), Ok("input/k0/(1..2,0..1)"));
        assert!(substitute("fwd/{k}", &variables).is_err_and(|error| error.contains("add it to vary")));
        assert!(substitute("fwd/{k", &variables).is_err_and(|error| error.contains("close the brace")));
    }

    #[test]
    fn ranges_name_all_their_places() {
        let model = bundled::load("article-backprop").expect("a bundled model");
        let plan = Plan::new(Arc::new(model.network), Setup::default());
        let found = places(&plan, "input/k0/(0..1,1..2)").expect("places");
        let texts: Vec<String> = found.iter().map(|place| plan.text(place)).collect();
        assert_eq!(texts, ["input/k0/(0,1)", "input/k0/(0,2)", "input/k0/(1,1)", "input/k0/(1,2)"]);
        assert!(places(&plan, "input/k0/(0..3,0)").is_err());
        assert!(places(&plan, "input/k0/(2..1,0)").is_err_and(|error| error.contains("a range like 2..4")));
    }
}
