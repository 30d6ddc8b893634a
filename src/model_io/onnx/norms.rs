//! Normalisations of each picture for itself, and what the file scales and shifts right behind them.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes, and a divisor of at least 1")]

use super::{
    attributes::{float, input, int, ints_or_input, listed},
    constant::Array,
    dense::turned,
    graph::Graph,
    input::{column, first, maps},
    proto::NodeProto,
    shapes::target,
    value::Value,
};
use crate::nn::{
    Part,
    spec::{GroupNormSpec, Kind, Together},
};

/// A GroupNormalization, InstanceNormalization or LayerNormalization.
///
/// # Errors
/// If it normalises other cells together than a layer of this program does.
pub fn append(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let x = column(graph, x)?;
    let of = match node.op_type.as_str() {
        "LayerNormalization" => whole(graph, node, &x)?,
        "InstanceNormalization" => {
            maps(&x)?;
            Together::Channel
        }
        _ => groups(graph, node, &x)?,
    };
    let params = params(graph, node, &x, of)?;
    let affine = params.is_some();
    let parts = params.map(|[weight, bias]| vec![(Part::Weight, weight), (Part::Bias, bias)]);
    let spec = GroupNormSpec { of, eps: float(node, "epsilon", 1e-5), affine };
    graph.push_same(node, Kind::GroupNorm(spec), parts.unwrap_or_default(), &x)
}

/// The groups of channels, or of the features of a vector.
fn groups(graph: &Graph, node: &NodeProto, x: &Value) -> Result<Together, String> {
    if !x.is_vector() {
        maps(x)?;
    } else if x.is_turned() {
        return Err(format!(
            "expected groups of features in the order channels, rows, columns, got {}; normalise before flattening",
            x.words()
        ));
    }
    // In place of a Reshape, an InstanceNormalization and a Reshape: the last one restores the shape.
    if let Some(shape) = input(node, 3) {
        let shape = graph.constants.ints(shape)?.values;
        if target(graph, node, x, &shape) != Some(x.dims()) {
            return Err(format!(
                "expected a Reshape back to {} after the groups were normalised, got {}; only this is supported",
                x.words(),
                listed(&shape)
            ));
        }
    }
    Ok(Together::Group(usize::try_from(int(node, "num_groups", 0)).unwrap_or(0)))
}

/// The axes of a layer normalisation, counted from the front; the batch is the first.
///
/// # Errors
/// If the file gives none that can be read.
pub fn axes(graph: &Graph, node: &NodeProto, x: &Value) -> Result<Vec<i64>, String> {
    let rank = x.axes.len() as i64 + 1;
    let from_front = |axis: i64| axis.saturating_add(if axis < 0 { rank } else { 0 });
    // In place of the nodes that spell it out: the axes of their means.
    Ok(match ints_or_input(node, &graph.constants, "axes", 3)? {
        Some(axes) => axes.into_iter().map(from_front).collect(),
        None => (from_front(int(node, "axis", -1)).clamp(0, rank)..rank).collect(),
    })
}

/// Checks that a layer normalisation is of all cells of a picture.
fn whole(graph: &Graph, node: &NodeProto, x: &Value) -> Result<Together, String> {
    let dims = x.dims();
    let axes = axes(graph, node, x)?;
    let is_whole =
        !axes.contains(&0) && dims.iter().zip(1i64..).all(|(&dim, axis)| dim == 1 || axes.contains(&axis));
    match is_whole {
        true => Ok(Together::Whole),
        false => Err(format!(
            "expected a layer normalisation over all of {}, got the axes {}; only all cells, or the channels at each position, \
             can be normalised together",
            x.words(),
            listed(&axes)
        )),
    }
}

/// The scale and the shift; `None` where they change nothing and are no weights of their own.
fn params(
    graph: &mut Graph,
    node: &NodeProto,
    x: &Value,
    of: Together,
) -> Result<Option<[Array<f32>; 2]>, String> {
    let Some(name) = input(node, 1) else { return Ok(None) };
    let scale = graph.take(name)?;
    let shift = match input(node, 2) {
        Some(shift) => graph.take(shift)?,
        None => Array { dims: scale.dims.clone(), values: vec![0.0; scale.values.len()] },
    };
    let is_plain = scale.values.iter().all(|&x| x == 1.0) && shift.values.iter().all(|&x| x == 0.0);
    // The names of PyTorch and Keras.
    let is_own = name.ends_with(".weight") || name.ends_with("/gamma");
    if is_plain && !is_own {
        return Ok(None);
    }
    let placed = |array: Array<f32>| placed(x, of, array);
    Ok(Some([placed(scale)?, placed(shift)?]))
}

/// Numbers of a normalisation in the order in which this program has them: one for each channel, or for each cell; one
/// for each group stands for all its channels.
fn placed(x: &Value, of: Together, array: Array<f32>) -> Result<Array<f32>, String> {
    let [channels, h, w] = x.layer_cells();
    let len = array.values.len();
    let wrong = || {
        let expected = if of == Together::Whole { x.features() } else { channels };
        format!(
            "expected {expected} numbers to scale and shift by, got {len}; the file is damaged, export it again"
        )
    };
    match of {
        Together::Whole if len == x.features() => {
            let row = turned(x, Array::row(array.values));
            Ok(Array { dims: vec![channels, h, w], values: row.values })
        }
        Together::Group(groups) if len == groups && channels.is_multiple_of(groups.max(1)) => {
            let each = channels / groups.max(1);
            Ok(Array::row(array.values.iter().flat_map(|&x| std::iter::repeat_n(x, each)).collect()))
        }
        Together::Group(_) | Together::Channel if len == channels => Ok(Array::row(array.values)),
        Together::Whole | Together::Group(_) | Together::Channel => Err(wrong()),
    }
}

/// A constant that multiplies or is added to what a normalisation made, as its scale or shift; `false` where it is not
/// one, or the layer has others already.
///
/// # Errors
/// If the layer does not fit any more.
pub fn merged(graph: &mut Graph, op: &str, x: &Value, array: &Array<f32>) -> Result<bool, String> {
    let part = match op {
        "Mul" => Part::Weight,
        "Add" => Part::Bias,
        _ => return Ok(false),
    };
    let Some(layer) = x.source.filter(|_| x.is_sole) else { return Ok(false) };
    let Kind::GroupNorm(norm) = &graph.layers[layer].0.spec.kind else { return Ok(false) };
    let of = norm.of;
    // The constant's axes are aligned to the last ones.
    let long = |dims: &[usize]| dims.iter().copied().skip_while(|&dim| dim == 1).collect::<Vec<_>>();
    let own: Vec<usize> = match of {
        Together::Whole => x.dims(),
        Together::Group(_) | Together::Channel if x.is_vector() => x.dims(),
        Together::Group(_) | Together::Channel => {
            std::iter::once(x.cells[0]).chain(x.dims().into_iter().skip(1).map(|_| 1)).collect()
        }
    };
    if array.values.len() < 2 || long(&array.dims) != long(&own) {
        return Ok(false);
    }
    let numbers = placed(x, of, array.clone())?;
    graph.scale_norm(layer, part, numbers)
}
