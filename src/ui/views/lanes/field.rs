//! Which cells of the columns beside it a cell reads, and which read it: rectangles over channels.

use super::column::{self, Lane};
use crate::nn::{Layer, Op, Part};
use crate::trace::{Plan, TensorId};
use crate::ui::widgets::grid::CellSpan;
use std::ops::Range;

/// Cells of a tensor: the same rectangle in each of some channels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// The tensor.
    pub tensor: TensorId,
    /// The channels.
    pub channels: Range<usize>,
    /// The cells in each.
    pub span: CellSpan,
    /// Whether these cells read the one asked about; else it reads them.
    pub readers: bool,
}

/// The cells that the cell `index` of a lane's tensor reads, and those that read it.
pub fn fields(plan: &Plan, tensor: TensorId, index: u32) -> Vec<Field> {
    let Some((c, lane)) = column::place_of(plan, tensor) else { return Vec::new() };
    let layers = plan.network().layers.len();
    let [_, k, i, j] = plan.shape_of(tensor).at(index as usize);
    let at = [k, i, j];
    let mut found = Vec::new();
    let mut add = |tensor: Option<TensorId>, (channels, span): (Range<usize>, CellSpan), readers| {
        if let Some(tensor) = tensor {
            found.push(Field { tensor, channels, span, readers });
        }
    };
    if c > layers {
        // The loss reads the last layer's output: one cell of it for a probability, else all.
        let whole = whole(plan.network().output());
        let field = if tensor.part == Part::Prob { same(at) } else { whole };
        add(Some(column::tensor_at(plan, layers)), field, false);
        return found;
    }
    let before = |lane| c.checked_sub(1).and_then(|before| column::tensor_in(plan, before, lane));
    let after = |lane| column::tensor_in(plan, c + 1, lane);
    let forward = lane == Lane::Forward;
    if c > 0 {
        add(before(lane), window_of(plan.layer(c - 1), at), !forward);
    }
    if c < layers {
        add(after(lane), readers_of(plan.layer(c), at), forward);
    } else if plan.stage_of(TensorId::loss(Part::Prob)).is_some() {
        add(Some(TensorId::loss(Part::Prob)), same(at), forward);
    }
    found
}

fn same([k, i, j]: [usize; 3]) -> (Range<usize>, CellSpan) {
    (k..k + 1, CellSpan::cell(i, j))
}

fn whole([c, h, w]: [usize; 3]) -> (Range<usize>, CellSpan) {
    (0..c, CellSpan::new(0, 0, h as i32, w as i32))
}

/// The rows or columns from `start`, `len` of them, as far as they lie within `0..extent`.
fn clip(start: i64, len: i64, extent: usize) -> (i32, i32) {
    let from = start.clamp(0, extent as i64);
    let to = (start + len).clamp(from, extent as i64);
    (from as i32, (to - from) as i32)
}

fn span(rows: (i32, i32), cols: (i32, i32)) -> CellSpan {
    CellSpan::new(rows.0, cols.0, rows.1, cols.1)
}

/// The input cells that an output cell of a layer reads; the rectangle around them, without padding.
pub fn window_of(layer: &Layer, at: [usize; 3]) -> (Range<usize>, CellSpan) {
    let [k, i, j] = at;
    let windowed = |channels| {
        layer.window().map(|window| {
            let of = |axis: &crate::nn::Axis, i: usize| {
                let start = (i * axis.stride) as i64 - axis.padding as i64;
                clip(start, (axis.dilation * (axis.kernel - 1) + 1) as i64, axis.len)
            };
            (channels, span(of(&window.rows, i), of(&window.cols, j)))
        })
    };
    match &layer.op {
        Op::Conv2d(conv) => {
            let (read, made) = (conv.in_channels / conv.groups, conv.out_channels / conv.groups);
            let group = k / made.max(1);
            windowed(group * read..(group + 1) * read).unwrap_or_else(|| same(at))
        }
        Op::MaxPool2d(_) | Op::AvgPool2d(_) => windowed(k..k + 1).unwrap_or_else(|| same(at)),
        Op::Relu
        | Op::LeakyRelu { .. }
        | Op::Tanh
        | Op::Sigmoid
        | Op::Dropout { .. }
        | Op::BatchNorm2d(_) => same(at),
        Op::Flatten => {
            let [_, h, w] = layer.input;
            same([k / (h * w), k / w % h, k % w])
        }
        Op::Dense(_) | Op::Softmax => whole(layer.input),
    }
}

/// The output cells of a layer that read an input cell; the rectangle around them.
pub fn readers_of(layer: &Layer, at: [usize; 3]) -> (Range<usize>, CellSpan) {
    let [c, p, q] = at;
    let windowed = |channels| {
        layer.window().map(|window| {
            let of = |axis: &crate::nn::Axis, p: usize| {
                let reach = axis.dilation * (axis.kernel - 1);
                let first = (p + axis.padding).saturating_sub(reach).div_ceil(axis.stride);
                let last = (p + axis.padding) / axis.stride;
                clip(first as i64, last as i64 + 1 - first as i64, axis.out)
            };
            (channels, span(of(&window.rows, p), of(&window.cols, q)))
        })
    };
    match &layer.op {
        Op::Conv2d(conv) => {
            let (read, made) = (conv.in_channels / conv.groups, conv.out_channels / conv.groups);
            let group = c / read.max(1);
            windowed(group * made..(group + 1) * made).unwrap_or_else(|| same(at))
        }
        Op::MaxPool2d(_) | Op::AvgPool2d(_) => windowed(c..c + 1).unwrap_or_else(|| same(at)),
        Op::Relu
        | Op::LeakyRelu { .. }
        | Op::Tanh
        | Op::Sigmoid
        | Op::Dropout { .. }
        | Op::BatchNorm2d(_) => same(at),
        Op::Flatten => {
            let [_, h, w] = layer.input;
            same([(c * h + p) * w + q, 0, 0])
        }
        Op::Dense(_) | Op::Softmax => whole(layer.output),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{
        Network,
        loss::Loss,
        spec::{ConvSpec, Kind, LayerSpec, Pair},
    };
    use proptest::prelude::*;

    fn layer(kernel: usize, stride: usize, padding: usize) -> Layer {
        let conv = ConvSpec {
            stride: Pair::square(stride),
            padding: Pair::square(padding),
            ..ConvSpec::new(2, kernel)
        };
        let network = Network::build([2, 9, 8], vec![LayerSpec::new("c", Kind::Conv2d(conv))], Loss::Mse);
        network.expect("builds").layers[0].clone()
    }

    proptest! {
        #[test]
        fn reading_and_being_read_agree(kernel in 1usize..5, stride in 1usize..4, padding in 0usize..3) {
            let layer = layer(kernel, stride, padding);
            let [_, rows, cols] = layer.output;
            for i in 0..rows {
                for j in 0..cols {
                    let (_, reads) = window_of(&layer, [0, i, j]);
                    for p in 0..9 {
                        for q in 0..8 {
                            let (_, readers) = readers_of(&layer, [0, p, q]);
                            prop_assert_eq!(
                                reads.contains(p as i32, q as i32),
                                readers.contains(i as i32, j as i32)
                            );
                        }
                    }
                }
            }
        }
    }
}
