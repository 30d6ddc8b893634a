//! Receptive fields, traced back from layer to layer to the input.

use super::Rect;
use crate::nn::{Block, Network, Source};

/// The bounding rectangle of the input cells that cell (i, j) of a layer's output depends on.
///
/// # Panics
/// If the network has no such layer, which is a bug.
pub fn receptive_field(network: &Network, layer: usize, [i, j]: [usize; 2]) -> Rect {
    let whole = Block::whole(network.layers[layer].output);
    let cell = Block { rows: i..i + 1, cols: j..j + 1, ..whole };
    let seen = network.depends_on(Source::Layer(layer), vec![cell]).swap_remove(0);
    let bounds = |of: fn(&Block) -> &std::ops::Range<usize>| {
        // For a window of padding only, an arbitrary cell stands in.
        let start = seen.iter().map(|block| of(block).start).min().unwrap_or(0);
        let end = seen.iter().map(|block| of(block).end).max().unwrap_or(1);
        (start, end - start)
    };
    let [(top, height), (left, width)] = [bounds(|block| &block.rows), bounds(|block| &block.cols)];
    Rect { at: [top, left], size: [height, width] }
}
