//! DepthToSpace and SpaceToDepth: channels as the cells of blocks of rows and columns, and back.

use super::{
    attributes::{int, text},
    constant::Array,
    graph::Graph,
    input::{first, maps},
    names::quoted,
    proto::NodeProto,
    value::Value,
};
use crate::nn::{
    Part,
    spec::{ConvSpec, ConvTransposeSpec, Kind, Pair, ShuffleSpec},
};

/// The largest block: more rows than any network puts into channels.
const LARGEST: usize = 64;

/// The most numbers of the filters.
const MOST: usize = 1 << 22;

/// A node of either operator: a convolution whose filters have a single 1, with the channels put in order where the file
/// counts them otherwise.
///
/// # Errors
/// If the blocks do not fit the maps.
pub fn append(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    maps(&x)?;
    let side = int(node, "blocksize", 0);
    let side = usize::try_from(side).ok().filter(|side| (1..=LARGEST).contains(side));
    let cells = side.and_then(|side| side.checked_mul(side));
    let (Some(side), Some(cells), 3) = (side, cells, x.axes.len()) else {
        return Err(format!(
            "expected maps and a blocksize from 1 to {LARGEST}, got {} of {}; export the model again",
            int(node, "blocksize", 0),
            x.words()
        ));
    };
    let filters =
        if node.op_type == "DepthToSpace" { Some(x.cells[0]) } else { x.cells[0].checked_mul(cells) };
    if filters.and_then(|filters| filters.checked_mul(cells)).is_none_or(|numbers| numbers > MOST) {
        return Err(format!(
            "expected blocks of fewer channels, got {} channels and blocks of {side} x {side}; use fewer channels",
            x.cells[0]
        ));
    }
    let value = match node.op_type.as_str() {
        "DepthToSpace" => to_space(graph, node, x, [side, cells])?,
        _ => to_depth(graph, node, x, [side, cells])?,
    };
    if let Some(layer) = value.source {
        let name = graph.layers[layer].0.name().to_owned();
        graph.note(format!(
            "{name} moves cells between channels and blocks of {side} x {side}: its filters have a single 1"
        ));
    }
    Ok(value)
}

/// Each group of channels as one map of blocks.
fn to_space(
    graph: &mut Graph,
    node: &NodeProto,
    x: Value,
    [side, cells]: [usize; 2],
) -> Result<Value, String> {
    let channels = x.cells[0];
    let Some(made) = channels.checked_div(cells).filter(|_| channels.is_multiple_of(cells)) else {
        return Err(format!(
            "expected channels in groups of {cells}, a block of {side} x {side}, got {channels}; use another blocksize"
        ));
    };
    let x = match text(node, "mode").unwrap_or("DCR") {
        "CRD" => x,
        // The first cells of all blocks come first.
        "DCR" if made == 1 => x,
        "DCR" => graph.push_same(node, Kind::ChannelShuffle(ShuffleSpec { groups: cells }), vec![], &x)?,
        other => return Err(format!("expected the mode DCR or CRD, got {}; export it again", quoted(other))),
    };
    let spec = ConvTransposeSpec {
        stride: Pair::square(side),
        groups: made,
        bias: false,
        ..ConvTransposeSpec::new(made, side)
    };
    let weight = Array { dims: vec![channels, 1, side, side], values: single(channels, cells) };
    graph.push_maps(node, Kind::ConvTranspose2d(spec), vec![(Part::Weight, weight)], &x)
}

/// Each map of blocks as channels.
fn to_depth(
    graph: &mut Graph,
    node: &NodeProto,
    x: Value,
    [side, cells]: [usize; 2],
) -> Result<Value, String> {
    let [channels, h, w] = x.cells;
    let Some(made) = channels.checked_mul(cells).filter(|_| h.is_multiple_of(side) && w.is_multiple_of(side))
    else {
        return Err(format!(
            "expected rows and columns in blocks of {side} x {side}, got {h} x {w} of {channels} channels; use another \
             blocksize"
        ));
    };
    let spec =
        ConvSpec { stride: Pair::square(side), groups: channels, bias: false, ..ConvSpec::new(made, side) };
    let weight = Array { dims: vec![made, 1, side, side], values: single(made, cells) };
    let value = graph.push_maps(node, Kind::Conv2d(spec), vec![(Part::Weight, weight)], &x)?;
    match (text(node, "mode").unwrap_or("DCR"), channels) {
        ("CRD", _) | ("DCR", 1) => Ok(value),
        // The first cells of all blocks come first.
        ("DCR", groups) => {
            graph.push_same(node, Kind::ChannelShuffle(ShuffleSpec { groups }), vec![], &value)
        }
        (other, _) => Err(format!("expected the mode DCR or CRD, got {}; export it again", quoted(other))),
    }
}

/// Filters of `cells` numbers: in turn, the first, the second … of them is 1, the others are 0.
fn single(filters: usize, cells: usize) -> Vec<f32> {
    let own = |filter: usize| (0..cells).map(move |cell| f32::from(Some(cell) == filter.checked_rem(cells)));
    (0..filters).flat_map(own).collect()
}
