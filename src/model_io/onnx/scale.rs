//! Sums and products with constants of the file: a bias, or a scale and a shift for each channel.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes and nodes, which are few")]

use super::{
    attributes::{input, int, needed},
    constant::Array,
    dense::turned,
    graph::Graph,
    input::{column, first},
    names::quoted,
    norms,
    proto::NodeProto,
    value::Value,
};
use crate::nn::{
    Part,
    spec::{ConvSpec, Kind},
};

/// A tensor with a constant added, subtracted, multiplied or divided by; or its negative.
///
/// # Errors
/// If the constant is not one number for each channel or feature.
pub fn append(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let op = node.op_type.as_str();
    if op == "Neg" {
        let x = first(graph, node)?;
        let x = column(graph, x)?;
        return negative(graph, node, &x);
    }
    let (left, right) = (needed(node, 0, "an input")?, needed(node, 1, "an input")?);
    let (name, other, is_left) = if graph.has(left) { (left, right, true) } else { (right, left, false) };
    let x = graph.value(name)?.clone();
    let x = column(graph, x)?;
    let array = graph.take(other)?;
    let array = placed(graph, node, &x, array);
    if norms::merged(graph, op, &x, &array)? {
        return Ok(x);
    }
    let numbers = numbers(&x, &array)?;
    match (op, is_left) {
        ("Add", _) => shifted(graph, node, &x, &numbers),
        ("Sub", true) => shifted(graph, node, &x, &numbers.iter().map(|x| -x).collect::<Vec<_>>()),
        ("Sub", false) => {
            let negative = scaled(graph, node, &x, &vec![-1.0; numbers.len()])?;
            shifted(graph, node, &negative, &numbers)
        }
        ("Mul", _) => scaled(graph, node, &x, &numbers),
        ("Div", true) => {
            let inverse: Vec<f32> = numbers.iter().map(|x| 1.0 / x).collect();
            if inverse.iter().any(|x| !x.is_finite()) {
                return Err(
                    "expected a divisor other than 0, got 0; the file is damaged, export it again".into()
                );
            }
            scaled(graph, node, &x, &inverse)
        }
        _ => Err(format!(
            "expected a tensor as the dividend, got the constant {}; a number divided by a tensor is not supported",
            quoted(input(node, 0).unwrap_or_default())
        )),
    }
}

/// A constant as one number for each channel or feature of a tensor.
///
/// # Errors
/// If it differs along other axes.
pub fn numbers(x: &Value, array: &Array<f32>) -> Result<Vec<f32>, String> {
    per_channel(x, array).ok_or_else(|| {
        format!(
            "expected one number for each channel or feature, got a constant of shape {:?} for {} of {:?}; only these are \
             supported",
            &array.dims[..array.dims.len().min(8)],
            x.words(),
            x.dims()
        )
    })
}

/// The negative of a tensor.
///
/// # Errors
/// As for [`Graph::push`].
pub fn negative(graph: &mut Graph, node: &NodeProto, x: &Value) -> Result<Value, String> {
    scaled(graph, node, x, &vec![-1.0; x.layer_cells()[0]])
}

/// Before version 7 a node says at which axis the constant begins.
fn placed(graph: &Graph, node: &NodeProto, x: &Value, array: Array<f32>) -> Array<f32> {
    let axis = usize::try_from(int(node, "axis", -1)).ok().filter(|_| graph.opset < 7);
    let Some(axis) = axis else { return array };
    let mut dims = array.dims;
    let rank = x.axes.len() + 1;
    dims.resize(rank.saturating_sub(axis).clamp(dims.len(), rank.max(dims.len())), 1);
    Array { dims, ..array }
}

/// A constant as one number for each channel of the layer's output; `None` if it differs along other axes.
pub fn per_channel(x: &Value, array: &Array<f32>) -> Option<Vec<f32>> {
    let channels = x.layer_cells()[0];
    if let [number] = array.values.as_slice() {
        return (array.dims.len() <= x.axes.len() + 1).then(|| vec![*number; channels]);
    }
    let dims = x.dims();
    // The constant's axes are aligned to the last ones; the first is the batch.
    let missing = (dims.len() + 1).checked_sub(array.dims.len())?;
    let long = array.dims.iter().enumerate().filter(|(_, dim)| **dim != 1);
    let long: Vec<(usize, usize)> = long.map(|(d, &dim)| (d + missing, dim)).collect();
    let &[(place, len)] = long.as_slice() else { return None };
    let axis = x.axes.get(place.checked_sub(1)?)?;
    let is_features = x.is_vector() && x.is_flat;
    if len != channels || !(is_features || (*axis == x.along(0) && x.layer_cells() == x.cells)) {
        return None;
    }
    let row = Array::row(array.values.clone());
    Some(if is_features { turned(x, row).values } else { row.values })
}

/// Adds to each channel: the bias of the layer before if it has none, else a layer of its own.
///
/// # Errors
/// As for [`Graph::push`].
pub fn shifted(graph: &mut Graph, node: &NodeProto, x: &Value, by: &[f32]) -> Result<Value, String> {
    if by.iter().all(|&x| x == 0.0) {
        return Ok(x.clone());
    }
    match x.source.filter(|_| x.is_sole) {
        Some(layer) if graph.add_bias(layer, by)? => Ok(x.clone()),
        _ => {
            let ones = vec![1.0; by.len()];
            let scaled = own_layer(graph, node, x, &ones)?;
            if let Some(layer) = scaled.source {
                graph.add_bias(layer, by)?;
            }
            Ok(scaled)
        }
    }
}

/// Multiplies each channel.
///
/// # Errors
/// As for [`Graph::push`].
pub fn scaled(graph: &mut Graph, node: &NodeProto, x: &Value, by: &[f32]) -> Result<Value, String> {
    if by.iter().all(|&x| x == 1.0) {
        return Ok(x.clone());
    }
    match x.source.filter(|layer| x.is_sole && graph.scales.contains(layer)) {
        Some(layer) => {
            graph.scale(layer, by);
            Ok(x.clone())
        }
        None => own_layer(graph, node, x, by),
    }
}

/// A layer that multiplies each channel: a convolution with a 1x1 kernel and a group for each channel.
fn own_layer(graph: &mut Graph, node: &NodeProto, x: &Value, by: &[f32]) -> Result<Value, String> {
    let channels = by.len();
    let spec = ConvSpec { groups: channels, bias: false, ..ConvSpec::new(channels, 1) };
    let weight = Array { dims: vec![channels, 1, 1, 1], values: by.to_vec() };
    let value = graph.push_same(node, Kind::Conv2d(spec), vec![(Part::Weight, weight)], x)?;
    if let Some(layer) = value.source {
        graph.scales.insert(layer);
        let name = graph.layers[layer].0.name().to_owned();
        graph.note(format!(
            "{name} multiplies or adds constants of the file: it is a convolution with a 1x1 kernel for each channel"
        ));
    }
    Ok(value)
}
