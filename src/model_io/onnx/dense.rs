//! Dense layers: Gemm and MatMul.

#![expect(clippy::arithmetic_side_effects, reason = "places in a weight, as many as its extents have")]

use super::{
    attributes::{float, input, int, needed},
    constant::Array,
    graph::Graph,
    proto::NodeProto,
    value::Value,
};
use crate::nn::{
    Part,
    spec::{ConvSpec, DenseSpec, Kind, Pair},
};

/// A product of the features with a weight, with a bias.
///
/// # Errors
/// If the operands are something else.
pub fn gemm(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = left(graph, node)?;
    if int(node, "transA", 0) != 0 {
        return Err("expected the features not transposed, got transA = 1; export it again".into());
    }
    vector(&x)?;
    let (alpha, beta) = (float(node, "alpha", 1.0) as f32, float(node, "beta", 1.0) as f32);
    let mut weight = weight(graph, node, &x, int(node, "transB", 0) != 0)?;
    let out_features = weight.dims[0];
    if alpha != 1.0 {
        weight.values.iter_mut().for_each(|value| *value *= alpha);
        graph.note(format!("a Gemm multiplies by alpha = {alpha}; its weights are multiplied by it here"));
    }
    let mut parts = vec![(Part::Weight, weight)];
    if let Some(name) = input(node, 2) {
        let bias = bias(graph.take(name)?, out_features)?;
        if beta != 1.0 {
            graph.note(format!(
                "a Gemm multiplies its bias by beta = {beta}; the bias is multiplied by it here"
            ));
        }
        parts.push((Part::Bias, Array::row(bias.into_iter().map(|value| value * beta).collect())));
    }
    let kind = Kind::Dense(DenseSpec { out_features, bias: parts.len() == 2 });
    let source = graph.push(node, kind, parts, &x)?;
    Ok(Value { is_sole: true, ..Value::vector(Some(source), out_features) })
}

/// The bias of a Gemm as a row: a single number is repeated for all outputs.
fn bias(bias: Array<f32>, out_features: usize) -> Result<Vec<f32>, String> {
    let is_row = bias.dims.split_last().is_none_or(|(&last, others)| {
        (last == out_features || last == 1) && others.iter().all(|&dim| dim == 1)
    });
    if !is_row {
        return Err(format!(
            "expected a bias of one row of {out_features} numbers, got {:?}, a different one for each picture; give all \
             pictures of a batch the same bias",
            &bias.dims[..bias.dims.len().min(8)]
        ));
    }
    Ok(if bias.values.len() == 1 { bias.values.repeat(out_features) } else { bias.values })
}

/// A product of the features, or of the channels of each cell, with a weight.
///
/// # Errors
/// If the operands are something else.
pub fn mat_mul(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = left(graph, node)?;
    let is_per_cell = !x.is_vector() && x.axes.last() == Some(&x.along(0)) && (!x.is_flat || x.is_column());
    if is_per_cell && !x.is_column() {
        return per_cell(graph, node, &x);
    }
    if !is_per_cell {
        vector(&x)?;
    }
    let weight = weight(graph, node, &x, false)?;
    let out_features = weight.dims[0];
    let kind = Kind::Dense(DenseSpec { out_features, bias: false });
    let source = graph.push(node, kind, vec![(Part::Weight, weight)], &x)?;
    let mut axes = x.axes.clone();
    if let Some(last) = axes.last_mut() {
        *last = vec![0];
    }
    Ok(Value { is_sole: true, ..Value::new(Some(source), [out_features, 1, 1], true, axes) })
}

/// A dense layer on the channels of each cell, which is a convolution with a 1x1 kernel.
fn per_cell(graph: &mut Graph, node: &NodeProto, x: &Value) -> Result<Value, String> {
    let features = x.cells[0];
    let column = Value::vector(x.source, features);
    let mut weight = weight(graph, node, &column, false)?;
    let out_channels = weight.dims[0];
    weight.dims = vec![out_channels, features, 1, 1];
    let kind =
        Kind::Conv2d(ConvSpec { bias: false, kernel: Pair::square(1), ..ConvSpec::new(out_channels, 1) });
    let source = Some(graph.push(node, kind, vec![(Part::Weight, weight)], x)?);
    let (mut axes, [_, h, w]) = (x.axes.clone(), x.cells);
    if let Some(last) = axes.last_mut() {
        *last = vec![0];
    }
    Ok(Value { is_sole: true, ..Value::new(source, [out_channels, h, w], false, axes) })
}

/// The left operand, which must be what depends on the picture.
fn left(graph: &Graph, node: &NodeProto) -> Result<Value, String> {
    let name = needed(node, 0, "an input")?;
    if !graph.has(name) && graph.constants.has(name) {
        return Err(
            "expected the features as the left operand, got them as the right one; export it again".into()
        );
    }
    if input(node, 1).is_some_and(|weight| graph.has(weight)) {
        return Err("expected a weight stored in the file as the right operand, got a computed one, as in attention; such \
                    products cannot be opened"
            .into());
    }
    graph.value(name).cloned()
}

/// Checks that the tensor is (batch, features).
fn vector(x: &Value) -> Result<(), String> {
    match x.is_vector() {
        true => Ok(()),
        false => Err(format!(
            "expected a flattened input, got {} of {:?}; put a Flatten before it",
            x.words(),
            x.cells
        )),
    }
}

/// Numbers along the file's features, in the order in which this program counts the features.
pub fn turned(x: &Value, array: Array<f32>) -> Array<f32> {
    if !x.is_turned() || array.values.len() != x.features() {
        return array;
    }
    Array::row(x.places().into_iter().map(|place| array.values[place]).collect())
}

/// The second input as (out, in), with the inputs in this program's order; it is (in, out) unless `is_transposed`.
fn weight(graph: &mut Graph, node: &NodeProto, x: &Value, is_transposed: bool) -> Result<Array<f32>, String> {
    let weight = graph.take(needed(node, 1, "a weight")?)?;
    let &[rows, cols] = weight.dims.as_slice() else {
        return Err(format!(
            "expected a weight with 2 axes, got {}; use a plain dense layer",
            weight.dims.len()
        ));
    };
    let [o, i] = if is_transposed { [rows, cols] } else { [cols, rows] };
    let features = x.features();
    if i != features || o == 0 {
        return Err(format!(
            "expected a weight for {features} inputs, got {i} inputs and {o} outputs; the file is damaged, export it again"
        ));
    }
    if is_transposed && !x.is_turned() {
        return Ok(Array { dims: vec![o, i], values: weight.values });
    }
    let places = x.places();
    let at = |o_: usize, place: usize| if is_transposed { o_ * i + place } else { place * o + o_ };
    let values =
        (0..o).flat_map(|o_| places.iter().map(move |&place| at(o_, place))).map(|cell| weight.values[cell]);
    Ok(Array { dims: vec![o, i], values: values.collect() })
}
