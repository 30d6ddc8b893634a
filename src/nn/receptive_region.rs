//! Which cells a block of cells depends on, layer after layer, and which depend on it.

use super::{Axis, Layer, Op, Window, conv::Conv2d};
use std::ops::Range;

/// Cells of one image's tensor: the same rectangle in some channels. It is not empty.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Block {
    /// The channels.
    pub channels: Range<usize>,
    /// The rows in each.
    pub rows: Range<usize>,
    /// The columns.
    pub cols: Range<usize>,
}

impl Block {
    /// One cell [channel, row, column].
    pub const fn cell([k, i, j]: [usize; 3]) -> Self {
        Self { channels: k..k + 1, rows: i..i + 1, cols: j..j + 1 }
    }

    /// All cells of a shape [C, H, W].
    pub const fn whole([c, h, w]: [usize; 3]) -> Self {
        Self { channels: 0..c, rows: 0..h, cols: 0..w }
    }

    /// Whether a cell [channel, row, column] lies in it.
    pub fn contains(&self, [k, i, j]: [usize; 3]) -> bool {
        self.channels.contains(&k) && self.rows.contains(&i) && self.cols.contains(&j)
    }
}

/// The input positions under the windows `made`, and between them; `None` where they see padding alone.
fn seen(axis: &Axis, made: &Range<usize>) -> Option<Range<usize>> {
    let reach = axis.reach();
    let start = (made.start * axis.stride).saturating_sub(axis.padding);
    let end = ((made.end - 1) * axis.stride + reach).saturating_sub(axis.padding).min(axis.len);
    (start < end).then_some(start..end)
}

/// The windows that reach over the input positions `read`; `None` where none does.
fn seeing(axis: &Axis, read: &Range<usize>) -> Option<Range<usize>> {
    let reach = axis.dilation * (axis.kernel - 1);
    let start = (read.start + axis.padding).saturating_sub(reach).div_ceil(axis.stride);
    let end = ((read.end - 1 + axis.padding) / axis.stride + 1).min(axis.out);
    (start < end).then_some(start..end)
}

/// The input channels that a range of output channels reads.
fn inputs_of(conv: &Conv2d, outputs: &Range<usize>) -> Range<usize> {
    conv.inputs_of(outputs.start).start..conv.inputs_of(outputs.end - 1).end
}

/// The output channels that read a range of input channels.
fn outputs_of(conv: &Conv2d, inputs: &Range<usize>) -> Range<usize> {
    conv.outputs_of(inputs.start).start..conv.outputs_of(inputs.end - 1).end
}

impl Layer {
    /// The input cells that a block of output cells is made of; with strides and dilations also those between them.
    pub fn reads(&self, made: &Block) -> Vec<Block> {
        let under = |window: Window, channels| {
            let (rows, cols) = (seen(&window.rows, &made.rows), seen(&window.cols, &made.cols));
            rows.zip(cols).map(|(rows, cols)| Block { channels, rows, cols }).into_iter().collect()
        };
        match &self.op {
            Op::Conv2d(conv) => under(conv.window, inputs_of(conv, &made.channels)),
            Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => under(pool.window, made.channels.clone()),
            Op::Activation(_) | Op::Dropout { .. } | Op::BatchNorm2d(_) => vec![made.clone()],
            Op::Flatten => {
                let [_, h, w] = self.input;
                if made.channels == (0..self.output[0]) {
                    return vec![Block::whole(self.input)];
                }
                made.channels.clone().map(|f| Block::cell([f / (h * w), f / w % h, f % w])).collect()
            }
            Op::LocalResponseNorm(norm) => {
                let Range { start, end } = made.channels;
                let end = (end + (norm.size - 1) / 2).min(norm.channels);
                let channels = start.saturating_sub(norm.size / 2)..end;
                vec![Block { channels, ..made.clone() }]
            }
            Op::Dense(_) | Op::Softmax => vec![Block::whole(self.input)],
        }
    }

    /// The output cells that a block of input cells goes into; with strides and dilations also some beside them.
    pub fn read_by(&self, read: &Block) -> Vec<Block> {
        let over = |window: Window, channels| {
            let (rows, cols) = (seeing(&window.rows, &read.rows), seeing(&window.cols, &read.cols));
            rows.zip(cols).map(|(rows, cols)| Block { channels, rows, cols }).into_iter().collect()
        };
        match &self.op {
            Op::Conv2d(conv) => over(conv.window, outputs_of(conv, &read.channels)),
            Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => over(pool.window, read.channels.clone()),
            Op::Activation(_) | Op::Dropout { .. } | Op::BatchNorm2d(_) => vec![read.clone()],
            Op::Flatten => {
                let [_, h, w] = self.input;
                if *read == Block::whole(self.input) {
                    return vec![Block::whole(self.output)];
                }
                let rows =
                    read.channels.clone().flat_map(|c| read.rows.clone().map(move |i| (c * h + i) * w));
                let strip = |first| Block {
                    channels: first + read.cols.start..first + read.cols.end,
                    rows: 0..1,
                    cols: 0..1,
                };
                rows.map(strip).collect()
            }
            Op::LocalResponseNorm(norm) => {
                let Range { start, end } = read.channels;
                let channels =
                    start.saturating_sub((norm.size - 1) / 2)..(end + norm.size / 2).min(norm.channels);
                vec![Block { channels, ..read.clone() }]
            }
            Op::Dense(_) | Op::Softmax => vec![Block::whole(self.output)],
        }
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

    fn layers(kernel: usize, stride: usize, padding: usize, dilation: usize) -> Option<Vec<Layer>> {
        let conv = ConvSpec {
            stride: Pair::square(stride),
            padding: Pair::square(padding),
            dilation: Pair::square(dilation),
            groups: 2,
            ..ConvSpec::new(4, kernel)
        };
        let kinds = [Kind::Conv2d(conv), Kind::RELU, Kind::Flatten];
        let specs = kinds.into_iter().enumerate().map(|(n, kind)| LayerSpec::new(format!("l{n}"), kind));
        Some(Network::build([2, 9, 8], specs.collect(), Loss::Mse).ok()?.layers)
    }

    fn cells([c, h, w]: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
        (0..c * h * w).map(move |n| [n / (h * w), n / w % h, n % w])
    }

    proptest! {
        #[test]
        fn reading_and_being_read_agree(kernel in 1usize..4, stride in 1usize..4, padding in 0usize..3, dilation in 1usize..3) {
            for layer in layers(kernel, stride, padding, dilation).into_iter().flatten() {
                for made in cells(layer.output).step_by(3) {
                    let reads = layer.reads(&Block::cell(made));
                    for read in cells(layer.input) {
                        let readers = layer.read_by(&Block::cell(read));
                        prop_assert_eq!(
                            reads.iter().any(|block| block.contains(read)),
                            readers.iter().any(|block| block.contains(made))
                        );
                    }
                }
            }
        }

        #[test]
        fn a_block_reads_what_its_cells_read(kernel in 1usize..4, stride in 1usize..3, padding in 0usize..3, at in (0usize..3, 0usize..3, 0usize..3)) {
            for layer in layers(kernel, stride, padding, 1).into_iter().flatten() {
                let [c, h, w] = layer.output;
                let from = |at: usize, len: usize| at.min(len - 1)..(at + 2).min(len);
                let block = Block { channels: from(at.0, c), rows: from(at.1, h), cols: from(at.2, w) };
                let reads = layer.reads(&block);
                for made in cells(layer.output).filter(|&made| block.contains(made)) {
                    for read in layer.reads(&Block::cell(made)) {
                        for cell in cells(layer.input).filter(|&cell| read.contains(cell)) {
                            prop_assert!(reads.iter().any(|block| block.contains(cell)));
                        }
                    }
                }
            }
        }
    }
}
