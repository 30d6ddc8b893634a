//! Operators that join branches: sums, products, and channels one after the other.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes and nodes, which are few")]

use super::{
    attributes::{int, needed},
    graph::Graph,
    input::column,
    names::quoted,
    proto::NodeProto,
    scale,
    slices::repeated,
    value::Value,
};
use crate::nn::spec::Kind;

/// A sum, difference, product, mean, maximum or minimum of tensors that depend on the picture.
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
        ("Add" | "Sum" | "Mul" | "Mean" | "Max" | "Min", [one]) => Ok(one.clone()),
        ("Add" | "Sum", _) => join(graph, node, Kind::Add, &inputs),
        ("Mean", _) => {
            let sum = join(graph, node, Kind::Add, &inputs)?;
            scale::scaled(graph, node, &sum, &vec![1.0 / inputs.len() as f32; sum.layer_cells()[0]])
        }
        ("Sub", [left, right]) => difference(graph, node, left, right),
        ("Mul", [_, _]) => join(graph, node, Kind::Multiply, &inputs),
        ("Max" | "Min", [first, others @ ..]) => {
            others.iter().try_fold(first.clone(), |extreme, other| extreme_of(graph, node, &extreme, other))
        }
        (op, _) => Err(format!(
            "expected a sum, a difference, a product, a mean, a maximum or a minimum of tensors, got {}; only these are \
             supported",
            quoted(op)
        )),
    }
}

fn difference(graph: &mut Graph, node: &NodeProto, left: &Value, right: &Value) -> Result<Value, String> {
    let negative = scale::negative(graph, node, right)?;
    join(graph, node, Kind::Add, &[left.clone(), negative])
}

/// The larger of two, b + relu(a - b), or the smaller, a - relu(a - b).
fn extreme_of(graph: &mut Graph, node: &NodeProto, a: &Value, b: &Value) -> Result<Value, String> {
    let difference = difference(graph, node, a, b)?;
    let more = graph.push_same(node, Kind::RELU, vec![], &difference)?;
    graph.note(format!("the {} of two branches is computed by a ReLU of their difference", node.op_type));
    match node.op_type.as_str() {
        "Max" => join(graph, node, Kind::Add, &[b.clone(), more]),
        _ => self::difference(graph, node, a, &more),
    }
}

/// A sum of tensors, each repeated where it has one cell along an axis.
///
/// # Errors
/// If their shapes do not go together.
pub fn sum(graph: &mut Graph, node: &NodeProto, inputs: &[Value]) -> Result<Value, String> {
    join(graph, node, Kind::Add, inputs)
}

/// A tensor's square.
///
/// # Errors
/// As for [`Graph::push`].
pub fn square(graph: &mut Graph, node: &NodeProto, x: &Value) -> Result<Value, String> {
    join(graph, node, Kind::Multiply, &[x.clone(), x.clone()])
}

/// A layer that joins tensors with the same axes; where one has a single cell along an axis, it is repeated.
fn join(graph: &mut Graph, node: &NodeProto, kind: Kind, inputs: &[Value]) -> Result<Value, String> {
    let [first, ..] = inputs else {
        return Err("expected tensors to join, got none; the file is damaged".into());
    };
    let like = common(first, inputs).filter(|like| inputs.iter().all(|input| is_alike(input, like)));
    let Some(like) = like else {
        let other = inputs.iter().find(|input| input.dims() != first.dims() || input.axes != first.axes);
        let other = other.unwrap_or(first);
        return Err(format!(
            "expected tensors whose axes go together, got {} of {:?} and {} of {:?}; give both branches the same shape",
            first.words(),
            first.dims(),
            other.words(),
            other.dims()
        ));
    };
    let is_scale = |input: &Value| {
        kind == Kind::Multiply
            && inputs.len() == 2
            && input.cells == [like.cells[0], 1, 1]
            && inputs.iter().any(|other| other.cells == like.cells)
    };
    let mut read = Vec::with_capacity(inputs.len());
    for input in inputs {
        let is_whole = input.cells == like.cells || is_scale(input);
        read.push(if is_whole { input.clone() } else { repeated(graph, node, input, &like)? });
    }
    let source = Some(graph.push_on(node, kind, vec![], &read.iter().collect::<Vec<_>>())?);
    Ok(Value { source, is_sole: true, ..like })
}

/// What tensors are like when each is repeated to the most cells along each axis.
fn common(first: &Value, inputs: &[Value]) -> Option<Value> {
    let mut like = first.clone();
    for input in inputs {
        if input.axes.len() != like.axes.len() {
            return None;
        }
        for axis in 0..3 {
            like.cells[axis] = like.cells[axis].max(input.cells[axis]);
        }
        for (own, axes) in like.axes.iter_mut().zip(&input.axes) {
            if own.len() < axes.len() {
                own.clone_from(axes);
            }
        }
        like.is_flat |= input.is_flat && !input.is_column();
    }
    Some(like)
}

/// Whether a tensor has the axes of `like`, with as many cells or one along each, so that it can be repeated.
fn is_alike(input: &Value, like: &Value) -> bool {
    let shared: Vec<Vec<usize>> = like
        .axes
        .iter()
        .map(|axes| axes.iter().copied().filter(|&axis| input.cells[axis] > 1).collect())
        .collect();
    let has_place = |axis: usize| like.cells[axis] == 1 || like.axes.iter().any(|axes| axes.contains(&axis));
    input.axes == shared
        && (0..3)
            .all(|axis| (input.cells[axis] == like.cells[axis] || input.cells[axis] == 1) && has_place(axis))
        && (input.cells == like.cells && input.is_flat == like.is_flat
            || input.layer_cells() == input.cells && like.layer_cells() == like.cells)
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
