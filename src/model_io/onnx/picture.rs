//! The graph's input: a picture, and the ways in which its axes may be meant.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes, and sides of squares")]

use super::{
    drawn::Layout,
    names::quoted,
    proto::{GraphProto, HeadProto, ValueInfoProto, data_type},
    value::Value,
};
use crate::model_io::ModelError;
use prost::Message;
use std::collections::HashSet;

/// As in an architecture file.
const LARGEST: i64 = 1 << 16;

/// The sizes that are tried if the file leaves rows and columns free, the most usual first.
const SIZES: [usize; 12] = [224, 32, 28, 64, 128, 96, 256, 299, 227, 48, 16, 8];

/// The graph's input, read in one way.
pub struct Picture<'a> {
    /// The name of the tensor.
    pub name: &'a str,
    /// The batch size if it is fixed.
    pub batch: Option<i64>,
    /// The picture.
    pub value: Value,
    /// What this way of reading changes.
    pub notes: Vec<String>,
}

/// The ways in which the graph's input can be read, the most probable first. `size`: rows and columns if the file leaves
/// them free; `layout`: the order of the axes, if the file tells.
///
/// # Errors
/// If the graph has another number of inputs, or its input is no picture.
pub fn possible(
    graph: &GraphProto,
    size: Option<[usize; 2]>,
    layout: Option<Layout>,
) -> Result<Vec<Picture<'_>>, ModelError> {
    const FIRST: [usize; 3] = [0, 1, 2];
    const LAST: [usize; 3] = [1, 2, 0];
    let weights = graph.initializer.iter().map(|tensor| tensor.name.as_str());
    let input = only(weights, &graph.input)?;
    let (batch, dims) = dims(input)?;
    let name = input.name.as_str();
    match *dims.as_slice() {
        [features] => return vector(name, batch, features),
        [first, last] => return line(name, batch, [first, last], size, layout),
        _ => {}
    }
    let layouts = match layout {
        Some(Layout::ChannelsFirst) => vec![FIRST],
        Some(Layout::ChannelsLast) => vec![LAST],
        None if is_last(graph, name, &dims) => vec![LAST, FIRST],
        None => vec![FIRST, LAST],
    };
    let mut found = Vec::new();
    for layout in layouts {
        // Which of the file's axes are the channels, rows and columns.
        let at = |axis: usize| dims[layout.iter().position(|&own| own == axis).unwrap_or(axis)];
        let cells = [at(0), at(1), at(2)];
        for (cells, mut notes) in filled(cells, size) {
            let axes = layout.map(|axis| vec![axis]).into();
            if layout != [0, 1, 2] {
                notes.push(
                    "the file has its pictures as (rows, columns, channels); they are shown as (channels, rows, columns), \
                     and the weights are turned to match"
                        .into(),
                );
            }
            found.push(Picture { name, batch, value: Value::new(None, cells, false, axes), notes });
        }
    }
    if found.is_empty() {
        return Err(ModelError(format!(
            "input {}: expected a number of channels, got none; export it with a fixed size, only the batch, rows and \
             columns may be free",
            quoted(name)
        )));
    }
    Ok(found)
}

/// A vector of features: as a square picture of one or three channels if there are as many, else as channels of one
/// cell.
fn vector(name: &str, batch: Option<i64>, features: Option<usize>) -> Result<Vec<Picture<'_>>, ModelError> {
    let Some(features) = features else {
        return Err(ModelError(format!(
            "input {}: expected a number of features, got a free size; export it with a fixed size, only the batch may be \
             free",
            quoted(name)
        )));
    };
    let side = |cells: usize| Some(cells.isqrt()).filter(|side| side * side == cells && cells > 1);
    let cells = match (side(features), side(features / 3).filter(|_| features % 3 == 0)) {
        (Some(side), _) => [1, side, side],
        (None, Some(side)) => [3, side, side],
        (None, None) => [features, 1, 1],
    };
    let note = format!(
        "the file's input is a vector of {features} features; it is shown as a picture {cells:?}, row by row"
    );
    let value = Value::new(None, cells, false, vec![vec![0, 1, 2]]);
    Ok(vec![Picture { name, batch, value, notes: vec![note] }])
}

/// A sequence of columns, as a picture with one row: channels first, or last.
fn line(
    name: &str,
    batch: Option<i64>,
    dims: [Option<usize>; 2],
    size: Option<[usize; 2]>,
    layout: Option<Layout>,
) -> Result<Vec<Picture<'_>>, ModelError> {
    let mut found = Vec::new();
    let (first, last) = ((false, dims), (true, [dims[1], dims[0]]));
    let ways = match layout {
        Some(Layout::ChannelsFirst) => vec![first],
        Some(Layout::ChannelsLast) => vec![last],
        None => vec![first, last],
    };
    for (is_last, [channels, columns]) in ways {
        for (cells, mut notes) in filled([channels, Some(1), columns], size) {
            let axes = if is_last { vec![vec![2], vec![0]] } else { vec![vec![0], vec![2]] };
            notes.push(match is_last {
                true => {
                    "the file's input has one row, as (columns, channels); the picture has one row".to_owned()
                }
                false => "the file's input has one row, so the picture has one".to_owned(),
            });
            found.push(Picture { name, batch, value: Value::new(None, cells, false, axes), notes });
        }
    }
    match found.is_empty() {
        false => Ok(found),
        true => Err(ModelError(format!(
            "input {}: expected a number of channels, got a free size; export it with a fixed size, only the batch and the \
             columns may be free",
            quoted(name)
        ))),
    }
}

/// Extents for those that are free.
fn filled(cells: [Option<usize>; 3], size: Option<[usize; 2]>) -> Vec<([usize; 3], Vec<String>)> {
    let [Some(channels), rows, columns] = cells else { return Vec::new() };
    if let Some((rows, columns)) = rows.zip(columns) {
        return vec![([channels, rows, columns], Vec::new())];
    }
    if let Some([h, w]) = size {
        return vec![([channels, rows.unwrap_or(h), columns.unwrap_or(w)], Vec::new())];
    }
    let with = |side: usize| {
        let cells = [channels, rows.unwrap_or(side), columns.unwrap_or(side)];
        let note = format!(
            "the file leaves the picture's size free: it is opened with {} rows and {} columns",
            cells[1], cells[2]
        );
        (cells, vec![note])
    };
    // A square, if one side is known.
    let known = rows.or(columns);
    known.into_iter().chain(SIZES.into_iter().filter(|&side| Some(side) != known)).map(with).collect()
}

/// Whether a file leaves the picture's rows or columns free.
pub fn is_size_free(bytes: &[u8]) -> bool {
    let Some(graph) = HeadProto::decode(bytes).ok().and_then(|file| file.graph) else { return false };
    let Ok(input) = only(graph.initializer.iter().map(|tensor| tensor.name.as_str()), &graph.input) else {
        return false;
    };
    dims(input).is_ok_and(|(_, dims)| dims.len() > 1 && dims.iter().any(Option::is_none))
}

/// The one input that is no weight.
fn only<'a, 'w>(
    weights: impl Iterator<Item = &'w str>,
    inputs: &'a [ValueInfoProto],
) -> Result<&'a ValueInfoProto, ModelError> {
    let known: HashSet<&str> = weights.collect();
    // Old files list their weights as inputs too.
    let mut inputs = inputs.iter().filter(|input| !known.contains(input.name.as_str()));
    let (input, others) = (inputs.next(), inputs.count());
    input.filter(|_| others == 0).ok_or_else(|| {
        ModelError(format!(
            "input: expected one, the picture, got {}; export a model with one input",
            if input.is_some() { others + 1 } else { 0 }
        ))
    })
}

/// The batch size and the one to three extents after it; `None` for those that are free.
fn dims(input: &ValueInfoProto) -> Result<(Option<i64>, Vec<Option<usize>>), ModelError> {
    let place = format!("input {}", quoted(&input.name));
    let tensor = input.r#type.as_ref().and_then(|r#type| r#type.tensor_type.clone()).unwrap_or_default();
    let floats = [data_type::FLOAT, data_type::FLOAT16, data_type::DOUBLE, data_type::BFLOAT16];
    if !floats.contains(&tensor.elem_type) {
        return Err(ModelError(format!(
            "{place}: expected floating-point numbers, got type {}; export with a float32 input",
            tensor.elem_type
        )));
    }
    let dims = tensor.shape.unwrap_or_default().dim;
    let [batch, dims @ ..] = dims.as_slice() else {
        return Err(ModelError(format!(
            "{place}: expected 4 extents (batch, channels, rows, columns), got none; export it with an input of known size"
        )));
    };
    if !(1..=3).contains(&dims.len()) {
        return Err(ModelError(format!(
            "{place}: expected 4 extents (batch, channels, rows, columns), got {}; only networks for pictures can be opened",
            dims.len() + 1
        )));
    }
    let extents = dims.iter().map(|dim| match dim.dim_value {
        Some(n) if (1..=LARGEST).contains(&n) => Ok(usize::try_from(n).ok()),
        Some(n) if n > 0 => Err(ModelError(format!(
            "{place}: expected at most {LARGEST} channels, rows and columns, got {n}; use a smaller input"
        ))),
        _ => Ok(None),
    });
    Ok((batch.dim_value.filter(|&n| n > 0), extents.collect::<Result<_, _>>()?))
}

/// Whether channels seem to be the last axis: the picture is transposed first, or its last axis is as short as channels are
/// and its first is not.
fn is_last(graph: &GraphProto, input: &str, dims: &[Option<usize>]) -> bool {
    let mut readers = graph.node.iter().filter(|node| node.input.first().is_some_and(|name| name == input));
    let perm = |node: &super::proto::NodeProto| super::attributes::ints(node, "perm").map(<[i64]>::to_vec);
    if let Some(node) = readers.next().filter(|node| node.op_type == "Transpose") {
        return perm(node).as_deref() == Some(&[0, 3, 1, 2]);
    }
    let is_short = |dim: Option<usize>| dim.is_some_and(|dim| [1, 3, 4].contains(&dim));
    match *dims {
        [first, _, last] => is_short(last) && first.is_none_or(|first| first > 4),
        _ => false,
    }
}
