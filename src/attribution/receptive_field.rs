//! Receptive fields, traced back from layer to layer to the input.

use super::Rect;
use crate::nn::{Block, Network};

/// The bounding rectangle of the input cells that cell (i, j) of a layer's output depends on.
///
/// # Panics
/// If the network has no such layer, which is a bug.
pub fn receptive_field(network: &Network, layer: usize, [i, j]: [usize; 2]) -> Rect {
    let whole = Block::whole(network.layers[layer].output);
    let mut seen = Block { rows: i..i + 1, cols: j..j + 1, ..whole };
    for layer in network.layers[..=layer].iter().rev() {
        // For a window of padding only, an arbitrary cell stands in.
        seen = layer.reads(&seen).into_iter().next().unwrap_or(Block::cell([0, 0, 0]));
    }
    Rect { at: [seen.rows.start, seen.cols.start], size: [seen.rows.len(), seen.cols.len()] }
}
