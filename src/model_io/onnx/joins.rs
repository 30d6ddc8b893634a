//! Operators that join branches: sums, products, and channels one after the other.

use super::{
    attributes::{int, needed},
    graph::Graph,
    input::column,
    names::quoted,
    proto::NodeProto,
    scale,
    value::Value,
};
use crate::nn::spec::Kind;

/// A sum, difference or product of tensors that depend on the picture.
///
/// # Errors
/// If their shapes do not go together.
pub fn append(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let mut inputs = Vec::new();
    for place in 0..node.input.len() {
        let value = graph.value(needed(node, place, "an input")?)?.clone();
        inputs.push(column(graph, value)?);
    }
    match (node.op_type.as_str(), inputs.as_slice()) {
        ("Add" | "Sum" | "Mul", [one]) => Ok(one.clone()),
        ("Add" | "Sum", [first, ..]) => {
            let first = first.clone();
            join(graph, node, Kind::Add, &inputs, first)
        }
        ("Sub", [left, right]) => {
            let negative = scale::negative(graph, node, right)?;
            let first = left.clone();
            join(graph, node, Kind::Add, &[first.clone(), negative], first)
        }
        ("Mul", [left, right]) => {
            // Of a volume and a number for each of its channels, the volume.
            let larger = if left.features() >= right.features() { left } else { right }.clone();
            join(graph, node, Kind::Multiply, &inputs, larger)
        }
        (op, _) => Err(format!(
            "expected a sum, a difference or a product of tensors, got {}; only these are supported",
            quoted(op)
        )),
    }
}

/// A layer that joins tensors whose axes are those of `like`, with as many cells or one along each axis of rows and columns.
fn join(
    graph: &mut Graph,
    node: &NodeProto,
    kind: Kind,
    inputs: &[Value],
    like: Value,
) -> Result<Value, String> {
    let is_alike = |input: &Value| {
        let as_channels: Vec<Vec<usize>> = like
            .axes
            .iter()
            .map(|axes| axes.iter().copied().filter(|&axis| input.cells[axis] > 1).collect())
            .collect();
        input.axes == as_channels
            && (input.cells == like.cells && input.is_flat == like.is_flat
                || input.layer_cells() == input.cells && like.layer_cells() == like.cells)
    };
    if let Some(other) = inputs.iter().find(|input| !is_alike(input)) {
        return Err(format!(
            "expected tensors whose axes go together, got {} of {:?} and {} of {:?}; give both branches the same shape",
            like.words(),
            like.dims(),
            other.words(),
            other.dims()
        ));
    }
    let source = Some(graph.push_on(node, kind, vec![], &inputs.iter().collect::<Vec<_>>())?);
    Ok(Value { source, is_sole: true, ..like })
}

/// The channels of several tensors, one after the other.
///
/// # Errors
/// If they are joined along another axis.
pub fn concat(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let mut inputs = Vec::new();
    for place in 0..node.input.len() {
        let name = needed(node, place, "an input")?;
        let value = graph.value(name)?.clone();
        inputs.push(column(graph, value)?);
    }
    let [first, others @ ..] = inputs.as_slice() else {
        return Err("expected tensors to join, got none; the file is damaged, export it again".into());
    };
    if others.is_empty() {
        return Ok(first.clone());
    }
    let rank = first.axes.len() as i64 + 1;
    let axis = int(node, "axis", 1);
    let axis = axis.saturating_add(if axis < 0 { rank } else { 0 });
    let place = usize::try_from(axis - 1).ok().filter(|&place| place < first.axes.len());
    // A vector is its features one after the other; all else must have its channels there.
    let is_vector = first.is_vector();
    let fits = |x: &Value, place: usize| match is_vector {
        true => x.is_vector() && (x.is_flat || x.is_column()) && !x.is_turned(),
        false => {
            let others = |x: &Value| {
                x.axes
                    .iter()
                    .enumerate()
                    .filter(|(d, _)| *d != place)
                    .map(|(_, axes)| axes.clone())
                    .collect::<Vec<_>>()
            };
            x.axes.len() == first.axes.len()
                && x.axes[place] == x.along(0)
                && others(x) == others(first)
                && x.cells[1..] == first.cells[1..]
                && x.layer_cells() == x.cells
        }
    };
    let Some(place) = place.filter(|&place| inputs.iter().all(|x| fits(x, place))) else {
        return Err(format!(
            "expected tensors joined along their channels, got axis {axis} of {}; only channels can be joined",
            first.words()
        ));
    };
    let channels = inputs.iter().try_fold(0usize, |sum, x| sum.checked_add(x.layer_cells()[0]));
    let channels = channels.ok_or("expected fewer channels, got more than can be counted")?;
    let source = Some(graph.push_on(node, Kind::Concat, vec![], &inputs.iter().collect::<Vec<_>>())?);
    if is_vector {
        return Ok(Value { is_sole: true, source, ..Value::vector(source, channels) });
    }
    let mut axes = first.axes.clone();
    axes[place] = vec![0];
    let [_, h, w] = first.cells;
    Ok(Value { is_sole: true, ..Value::new(source, [channels, h, w], false, axes) })
}
