//! Access to a node's attributes and inputs.

use super::{
    constant::Constants,
    names::quoted,
    proto::{AttributeProto, NodeProto},
};

/// The attribute with this name.
fn find<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

/// A whole number.
pub fn int(node: &NodeProto, name: &str, default: i64) -> i64 {
    find(node, name).map_or(default, |attribute| attribute.i)
}

/// A number, converted through its shortest decimal, so that 0.01f32 becomes 0.01.
pub fn float(node: &NodeProto, name: &str, default: f64) -> f64 {
    find(node, name).map_or(default, |attribute| decimal(attribute.f))
}

/// The f64 nearest to the shortest decimal of an f32.
pub fn decimal(x: f32) -> f64 {
    x.to_string().parse().unwrap_or(f64::from(x))
}

/// A list of whole numbers, if the attribute is present.
pub fn ints<'a>(node: &'a NodeProto, name: &str) -> Option<&'a [i64]> {
    find(node, name).map(|attribute| attribute.ints.as_slice())
}

/// A list of numbers, if the attribute is present.
pub fn floats<'a>(node: &'a NodeProto, name: &str) -> Option<&'a [f32]> {
    find(node, name).map(|attribute| attribute.floats.as_slice())
}

/// A text, if the attribute is present.
pub fn text<'a>(node: &'a NodeProto, name: &str) -> Option<&'a str> {
    find(node, name).and_then(|attribute| std::str::from_utf8(&attribute.s).ok())
}

/// A number, if the attribute is present.
pub fn optional_float(node: &NodeProto, name: &str) -> Option<f32> {
    find(node, name).map(|attribute| attribute.f)
}

/// The name of an input; `None` if it is omitted.
pub fn input(node: &NodeProto, place: usize) -> Option<&str> {
    node.input.get(place).map(String::as_str).filter(|name| !name.is_empty())
}

/// The name of a required input.
///
/// # Errors
/// If it is omitted.
pub fn needed<'a>(node: &'a NodeProto, place: usize, what: &str) -> Result<&'a str, String> {
    input(node, place).ok_or_else(|| {
        format!("expected {what} as input {place}, got none; the file is damaged, export it again")
    })
}

/// A list that is an attribute in older operators and an input in newer ones.
///
/// # Errors
/// If the input is not a constant.
pub fn ints_or_input(
    node: &NodeProto,
    constants: &Constants,
    name: &str,
    place: usize,
) -> Result<Option<Vec<i64>>, String> {
    match (ints(node, name), input(node, place)) {
        (Some(numbers), _) => Ok(Some(numbers.to_vec())),
        (None, Some(input)) => constants.ints(input).map(|array| Some(array.values)),
        (None, None) => Ok(None),
    }
}

/// A number that is an attribute in older operators and an input in newer ones.
///
/// # Errors
/// If the input is not a constant, or is not a single number.
pub fn float_or_input(
    node: &NodeProto,
    constants: &Constants,
    name: &str,
    place: usize,
) -> Result<Option<f32>, String> {
    let Some(input) = input(node, place) else { return Ok(optional_float(node, name)) };
    if constants.len(input) > 1 {
        return Err(format!(
            "expected one number in {}, got {}; export the model again",
            quoted(input),
            constants.len(input)
        ));
    }
    let (array, _) = constants.floats(input)?;
    array
        .values
        .first()
        .copied()
        .map(Some)
        .ok_or_else(|| format!("expected one number in {}, got none; export the model again", quoted(input)))
}

/// A list, as shown in an error message.
pub fn listed(numbers: &[i64]) -> String {
    crate::model_io::architecture::short(&format!("{:?}", &numbers[..numbers.len().min(12)]))
}
