//! Operators that only count cells in another order or group them otherwise.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes, and a divisor of at least 1")]

use super::{
    attributes::{int, ints_or_input, listed, needed},
    constant::BATCH,
    fold,
    graph::Graph,
    input::first,
    proto::NodeProto,
    value::{GROUPS, Value, WITHIN},
};
use crate::nn::spec::{Kind, ShuffleSpec};

/// A Flatten of each example.
///
/// # Errors
/// If it is of other axes.
pub fn flatten(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let (axis, rank) = (int(node, "axis", 1), x.axes.len() as i64 + 1);
    if axis != 1 && axis != 1 - rank {
        return Err(format!(
            "expected a Flatten of each example (axis 1), got axis {axis}; flatten from axis 1 on"
        ));
    }
    graph.flatten(node, &x)
}

/// A Reshape that keeps the order of the cells and the batch.
///
/// # Errors
/// If it parts an axis or the batch.
pub fn reshape(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = graph.parted(needed(node, 0, "an input")?)?.clone().unpadded()?;
    let shape = match super::attributes::ints(node, "shape") {
        Some(shape) => shape.to_vec(),
        None => graph.constants.ints(needed(node, 1, "a shape")?)?.values,
    };
    let dims = target(graph, node, &x, &shape);
    if let Some(parted) = dims.as_ref().and_then(|dims| x.parted(dims)) {
        return Ok(parted);
    }
    let x = if x.parts.is_some() { unparted(graph, node, x)? } else { x };
    let axes = dims.and_then(|dims| x.regrouped(&dims)).ok_or_else(|| {
        format!(
            "expected a Reshape that flattens, to (batch, {}), or that groups whole axes of {}, got {}; only these and a \
             channel shuffle (Reshape, Transpose, Reshape) are supported",
            x.features(),
            x.words(),
            listed(&shape).replace(&BATCH.to_string(), "batch")
        )
    })?;
    regroup(graph, node, &x, axes)
}

/// Parted channels as channels again: as they were, or those of the groups in turn, which is a layer.
fn unparted(graph: &mut Graph, node: &NodeProto, x: Value) -> Result<Value, String> {
    let groups = x.parts.map_or(1, |[groups, _]| groups);
    let order: Vec<usize> = x.axes.concat();
    let whole = |axes: &[Vec<usize>]| [vec![vec![0]], axes.to_vec()].concat();
    match order.as_slice() {
        [GROUPS, WITHIN, ..] => Ok(Value { axes: whole(&x.axes[2..]), parts: None, ..x }),
        [WITHIN, GROUPS, ..] => {
            let x = Value { axes: whole(&x.axes[2..]), parts: None, ..x };
            graph.push_same(node, Kind::ChannelShuffle(ShuffleSpec { groups }), vec![], &x)
        }
        _ => Err(format!(
            "expected a channel shuffle (Reshape, Transpose, Reshape), got {}; use nn.ChannelShuffle and export again",
            x.words()
        )),
    }
}

/// The extents of a Reshape after the batch; `None` if it does not keep the batch or the number of cells.
pub fn target(graph: &Graph, node: &NodeProto, x: &Value, shape: &[i64]) -> Option<Vec<usize>> {
    let (&batch, rest) = shape.split_first()?;
    let (own, features) = (x.dims(), x.features());
    let copies = int(node, "allowzero", 0) == 0;
    let is_batch =
        batch == BATCH || batch == -1 || batch == 1 || Some(batch) == graph.batch || (batch == 0 && copies);
    if !is_batch {
        return None;
    }
    let mut dims = Vec::with_capacity(rest.len());
    for (place, &dim) in rest.iter().enumerate() {
        dims.push(match dim {
            0 if copies => *own.get(place)?,
            -1 if batch != -1 => 0,
            dim => usize::try_from(dim).ok().filter(|&dim| dim > 0)?,
        });
    }
    let known = dims.iter().filter(|&&dim| dim > 0).try_fold(1usize, |count, &dim| count.checked_mul(dim))?;
    let mut free = dims.iter_mut().filter(|dim| **dim == 0);
    if let Some(free) = free.next() {
        *free = features / known;
    }
    let is_whole =
        free.next().is_none() && dims.iter().try_fold(1usize, |n, &dim| n.checked_mul(dim)) == Some(features);
    is_whole.then_some(dims)
}

/// The same cells with other axes; what becomes a vector is flattened.
fn regroup(graph: &mut Graph, node: &NodeProto, x: &Value, axes: Vec<Vec<usize>>) -> Result<Value, String> {
    match axes.len() {
        1 => graph.flatten(node, x),
        _ => Ok(Value { axes, ..x.clone() }),
    }
}

/// The axes of a Squeeze or Unsqueeze, counted from the front of `rank`.
fn axes(graph: &Graph, node: &NodeProto, rank: usize) -> Result<Option<Vec<i64>>, String> {
    let axes = ints_or_input(node, &graph.constants, "axes", 1)?;
    Ok(axes.map(|mut axes| {
        for axis in &mut axes {
            *axis = axis.saturating_add(if *axis < 0 { rank as i64 } else { 0 });
        }
        axes.sort_unstable();
        axes
    }))
}

/// A Squeeze of axes with one cell.
///
/// # Errors
/// If it is of other axes, or of the batch.
pub fn squeeze(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let dims = x.dims();
    let places = axes(graph, node, dims.len() + 1)?;
    let places =
        places.unwrap_or_else(|| (1..=dims.len() as i64).filter(|&d| dims[d as usize - 1] == 1).collect());
    let is_one = |place: &i64| usize::try_from(place - 1).ok().and_then(|d| dims.get(d)) == Some(&1);
    if !places.iter().all(is_one) {
        return Err(format!(
            "expected a Squeeze of axes of length 1 after the batch, got axes {} of {}; flatten in another way",
            listed(&places),
            x.words()
        ));
    }
    let kept = x.axes.iter().enumerate().filter(|(d, _)| !places.contains(&(*d as i64 + 1)));
    let kept = kept.map(|(_, axes)| axes.clone()).collect();
    regroup(graph, node, &x, kept)
}

/// An Unsqueeze after the batch.
///
/// # Errors
/// If it is of other axes, or makes too many.
pub fn unsqueeze(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    /// More axes than any layer has.
    const MOST: usize = 8;
    let x = first(graph, node)?;
    let count = axes(graph, node, 0)?.map_or(0, |axes| axes.len());
    let rank = x.axes.len() + 1 + count;
    let places = axes(graph, node, rank)?.unwrap_or_default();
    if places.is_empty() || rank > MOST || !places.iter().all(|&place| (1..rank as i64).contains(&place)) {
        return Err(format!(
            "expected an Unsqueeze after the batch, got axes {} of {}; export the model again",
            listed(&places),
            x.words()
        ));
    }
    let mut axes = x.axes.clone();
    for place in places {
        let place = usize::try_from(place - 1).unwrap_or(0).min(axes.len());
        axes.insert(place, Vec::new());
    }
    Ok(Value { axes, ..x })
}

/// A Transpose that keeps the batch first.
///
/// # Errors
/// If it moves the batch.
pub fn transpose(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = graph.parted(needed(node, 0, "an input")?)?.clone();
    let order = fold::order(node, x.axes.len() + 1)?;
    let [0, rest @ ..] = order.as_slice() else {
        return Err(format!(
            "expected a Transpose that keeps the batch as the first axis, got {order:?}; export the model again"
        ));
    };
    let axes = rest.iter().map(|&axis| x.axes[axis - 1].clone()).collect();
    Ok(Value { axes, ..x })
}
