//! The part of the input that a cell can see at all: window after window, back to the picture.

use super::Rect;
use crate::nn::{Axis, Network, Op};

/// The input cells that cell (i, j) of a layer's output depends on; the rectangle around them.
///
/// # Panics
/// Where the network has no such layer: a mistake in this program.
pub fn receptive_field(network: &Network, layer: usize, [i, j]: [usize; 2]) -> Rect {
    let [mut rows, mut cols] = [i..i + 1, j..j + 1];
    for layer in network.layers[..=layer].iter().rev() {
        let [_, h, w] = layer.input;
        if let Some(window) = layer.window() {
            let before = |axis: &Axis, seen: std::ops::Range<usize>| {
                let reach = axis.dilation * (axis.kernel - 1) + 1;
                let start = (seen.start * axis.stride).saturating_sub(axis.padding).min(axis.len - 1);
                let end = ((seen.end - 1) * axis.stride + reach).saturating_sub(axis.padding);
                start..end.clamp(start + 1, axis.len)
            };
            (rows, cols) = (before(&window.rows, rows), before(&window.cols, cols));
        } else if matches!(layer.op, Op::Flatten | Op::Dense(_)) {
            (rows, cols) = (0..h, 0..w);
        }
    }
    Rect { at: [rows.start, cols.start], size: [rows.len(), cols.len()] }
}
