//! Pad: a border of zeros that the next layer adds, or a layer of its own.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes, and paddings within limits")]

use super::{
    attributes::{float_or_input, input, ints, ints_or_input, listed, text},
    fold,
    graph::Graph,
    input::first,
    names::quoted,
    proto::NodeProto,
    scale,
    slices::picked,
    value::Value,
    windows::LARGEST,
};
use crate::nn::resample::Border;

/// A border of zeros, of another number, of the edge or of a mirror image; where it is negative, cells are left out.
///
/// # Errors
/// If it pads the batch, or in another way.
pub fn pad(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let sides = sides(graph, node, &x)?;
    if sides.iter().flatten().all(|&cells| cells == 0) {
        return Ok(x);
    }
    let mode = text(node, "mode").unwrap_or("constant");
    let number = float_or_input(node, &graph.constants, "value", 2)?.unwrap_or(0.0);
    let x = cropped(graph, node, x, sides)?;
    let more = sides.map(|side| side.map(|cells| usize::try_from(cells).unwrap_or(0)));
    if more.iter().flatten().all(|&cells| cells == 0) {
        return Ok(x);
    }
    match mode {
        "constant" if number == 0.0 || number <= f32::MIN => zeros(graph, node, x, more, number != 0.0),
        // (x - number), padded with zeros, plus the number.
        "constant" => {
            let settled = graph.settled(node, x)?;
            let lowered = scale::shifted(graph, node, &settled, &vec![-number; settled.layer_cells()[0]])?;
            let [channels, rows, cols] = more;
            let padded = graph.push_border(node, Border::Zero, channels, [rows, cols], &lowered)?;
            scale::shifted(graph, node, &padded, &vec![number; padded.layer_cells()[0]])
        }
        "reflect" | "edge" => {
            let border = if mode == "edge" { Border::Replication } else { Border::Reflection };
            let settled = graph.settled(node, x)?;
            let [channels, rows, cols] = more;
            graph.push_border(node, border, channels, [rows, cols], &settled)
        }
        other => Err(format!(
            "expected the mode constant, reflect or edge, got {}; pad in one of these",
            quoted(other)
        )),
    }
}

/// Zeros: those of rows and columns wait for the next layer, those of channels are a layer.
fn zeros(
    graph: &mut Graph,
    node: &NodeProto,
    x: Value,
    more: [[usize; 2]; 3],
    is_low: bool,
) -> Result<Value, String> {
    let [channels, rows, cols] = more;
    if channels != [0, 0] {
        if is_low {
            return Err("expected a padding of rows and columns with the lowest number, got one of channels; pad with zeros".into());
        }
        let settled = graph.settled(node, x)?;
        return graph.push_border(node, Border::Zero, channels, [rows, cols], &settled);
    }
    let x = if x.pad != [0; 4] && x.is_low != is_low { graph.settled(node, x)?.unpadded()? } else { x };
    let mut pad = x.pad;
    for (side, more) in pad.iter_mut().zip([rows[0], cols[0], rows[1], cols[1]]) {
        *side = side.checked_add(more).filter(|&cells| cells <= LARGEST).ok_or_else(|| too_many(more))?;
    }
    Ok(Value { pad, is_low, ..x })
}

fn too_many(got: usize) -> String {
    format!("expected a padding of at most {LARGEST} cells, got {got}; pad less")
}

/// Before and behind: the channels, rows and columns that a node adds, or where negative leaves out.
fn sides(graph: &Graph, node: &NodeProto, x: &Value) -> Result<[[i64; 2]; 3], String> {
    let pads = match ints(node, "paddings") {
        Some(pads) => pads.to_vec(),
        None => ints_or_input(node, &graph.constants, "pads", 1)?.unwrap_or_default(),
    };
    let rank = x.axes.len() + 1;
    let axes = match input(node, 3) {
        Some(axes) => graph.constants.ints(axes)?.values,
        None => (0..rank as i64).collect(),
    };
    let wrong = || {
        format!(
            "expected a padding of channels, rows and columns, got {} of {}; pad only these",
            listed(&pads),
            x.words()
        )
    };
    let mut sides = [[0; 2]; 3];
    if pads.len() != 2 * axes.len() {
        return Err(wrong());
    }
    for (place, &axis) in axes.iter().enumerate() {
        let own = [pads[place], pads[axes.len() + place]];
        if own == [0, 0] {
            continue;
        }
        if own.iter().any(|cells| cells.unsigned_abs() > LARGEST as u64) {
            return Err(too_many(LARGEST + 1));
        }
        let axis = fold::axis_of(axis, rank)?;
        let is_maps = (2..=3).contains(&x.axes.len()) && (!x.is_flat || x.is_column());
        let of = (0..3).find(|&own| is_maps && axis > 0 && x.place_of(own) == Some(axis - 1));
        sides[of.ok_or_else(wrong)?] = own;
    }
    Ok(sides)
}

/// What negative numbers leave out.
fn cropped(graph: &mut Graph, node: &NodeProto, x: Value, sides: [[i64; 2]; 3]) -> Result<Value, String> {
    let mut x = x;
    for (axis, [before, behind]) in
        sides.into_iter().enumerate().filter(|(_, side)| side.iter().any(|&n| n < 0))
    {
        if x.pad != [0; 4] {
            x = graph.settled(node, x)?.unpadded()?;
        }
        let Some(place) = x.place_of(axis) else { continue };
        let less = |cells: i64| usize::try_from(-cells.min(0)).unwrap_or(0);
        let (start, end) = (less(before), x.cells[axis].saturating_sub(less(behind)));
        let places: Vec<usize> = (start..end).collect();
        x = picked(graph, node, &x, place, &places)?;
    }
    Ok(x)
}
