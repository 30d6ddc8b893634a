//! The part of the input that a cell can see at all: window after window, back to the picture.

use super::Rect;
use crate::nn::{Block, Network};

/// The input cells that cell (i, j) of a layer's output depends on; the rectangle around them.
///
/// # Panics
/// Where the network has no such layer: a mistake in this program.
pub fn receptive_field(network: &Network, layer: usize, [i, j]: [usize; 2]) -> Rect {
    let whole = Block::whole(network.layers[layer].output);
    let mut seen = Block { rows: i..i + 1, cols: j..j + 1, ..whole };
    for layer in network.layers[..=layer].iter().rev() {
        // Where it is padding alone, its first cell stands for nothing.
        seen = layer.reads(&seen).into_iter().next().unwrap_or(Block::cell([0, 0, 0]));
    }
    Rect { at: [seen.rows.start, seen.cols.start], size: [seen.rows.len(), seen.cols.len()] }
}
