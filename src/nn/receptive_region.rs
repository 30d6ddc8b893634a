//! Which cells a block of cells depends on, layer after layer, and which depend on it.

use super::{
    Axis, Layer, Network, Op, Source, Window, conv::Conv2d, group_norm::GroupNorm, join,
    resample::ResampleAxis,
};
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

    /// Whether all cells of another block lie in it.
    pub fn holds(&self, other: &Self) -> bool {
        let within = |a: &Range<usize>, b: &Range<usize>| a.start <= b.start && b.end <= a.end;
        within(&self.channels, &other.channels)
            && within(&self.rows, &other.rows)
            && within(&self.cols, &other.cols)
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

/// The cells of some channels under a block of windows.
fn under(window: &Window, channels: Range<usize>, windows: &Block) -> Vec<Block> {
    let (rows, cols) = (seen(&window.rows, &windows.rows), seen(&window.cols, &windows.cols));
    rows.zip(cols).map(|(rows, cols)| Block { channels, rows, cols }).into_iter().collect()
}

/// The windows of some channels that reach over a block of cells.
fn over(window: &Window, channels: Range<usize>, cells: &Block) -> Vec<Block> {
    let (rows, cols) = (seeing(&window.rows, &cells.rows), seeing(&window.cols, &cells.cols));
    rows.zip(cols).map(|(rows, cols)| Block { channels, rows, cols }).into_iter().collect()
}

/// Positions as ranges without gaps, in order.
fn runs(mut positions: Vec<usize>) -> Vec<Range<usize>> {
    positions.sort_unstable();
    positions.dedup();
    let mut runs: Vec<Range<usize>> = Vec::new();
    for p in positions {
        match runs.last_mut() {
            Some(run) if run.end == p => run.end = p + 1,
            Some(_) | None => runs.push(p..p + 1),
        }
    }
    runs
}

/// The blocks of channels, rows and columns.
fn blocks(channels: &[Range<usize>], rows: &[Range<usize>], cols: &[Range<usize>]) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(channels.len() * rows.len() * cols.len());
    for channels in channels {
        for rows in rows {
            let block = |cols: &Range<usize>| Block {
                channels: channels.clone(),
                rows: rows.clone(),
                cols: cols.clone(),
            };
            blocks.extend(cols.iter().map(block));
        }
    }
    blocks
}

/// The input channels that a range of output channels reads.
fn inputs_of(conv: &Conv2d, outputs: &Range<usize>) -> Range<usize> {
    conv.inputs_of(outputs.start).start..conv.inputs_of(outputs.end - 1).end
}

/// The output channels that read a range of input channels.
fn outputs_of(conv: &Conv2d, inputs: &Range<usize>) -> Range<usize> {
    conv.outputs_of(inputs.start).start..conv.outputs_of(inputs.end - 1).end
}

/// All cells of the groups that some channels are in.
const fn whole_groups(norm: &GroupNorm, channels: &Range<usize>) -> Block {
    let [_, h, w] = norm.extents;
    let start = norm.channels_of(norm.group_of(channels.start)).start;
    let end = norm.channels_of(norm.group_of(channels.end - 1)).end;
    Block { channels: start..end, rows: 0..h, cols: 0..w }
}

impl Layer {
    /// The cells of input `k` that a block of output cells is made of; with strides and dilations also those between them.
    pub fn reads(&self, k: usize, made: &Block) -> Vec<Block> {
        let under = |window, channels| under(window, channels, made);
        match &self.op {
            Op::Conv2d(conv) => under(&conv.window, inputs_of(conv, &made.channels)),
            // Its windows lie on the output.
            Op::ConvTranspose2d(spec) => {
                over(&spec.conv.window, outputs_of(&spec.conv, &made.channels), made)
            }
            Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => under(&pool.window, made.channels.clone()),
            Op::Resample2d(resample) => {
                let taps = |axis: &ResampleAxis, made: &Range<usize>| {
                    let axis = *axis;
                    let taps =
                        made.clone().flat_map(move |i| (0..axis.taps()).filter_map(move |a| axis.tap(i, a)));
                    runs(taps.map(|(p, _)| p).collect())
                };
                blocks(
                    &taps(&resample.channels, &made.channels),
                    &taps(&resample.rows, &made.rows),
                    &taps(&resample.cols, &made.cols),
                )
            }
            Op::Activation(_) | Op::PRelu(_) | Op::Dropout { .. } | Op::BatchNorm2d(_) => vec![made.clone()],
            Op::Flatten => {
                let [_, h, w] = self.input;
                if made.channels == (0..self.output[0]) {
                    return vec![Block::whole(self.input)];
                }
                made.channels.clone().map(|f| Block::cell([f / (h * w), f / w % h, f % w])).collect()
            }
            Op::GroupNorm(norm) => vec![whole_groups(norm, &made.channels)],
            Op::LocalResponseNorm(norm) => {
                let Range { start, end } = made.channels;
                let end = (end + (norm.size - 1) / 2).min(norm.channels);
                let channels = start.saturating_sub(norm.size / 2)..end;
                vec![Block { channels, ..made.clone() }]
            }
            Op::Dense(_) | Op::Softmax => vec![Block::whole(self.input)],
            Op::Add => vec![made.clone()],
            Op::Multiply if self.is_scale(k) => vec![Block { rows: 0..1, cols: 0..1, ..made.clone() }],
            Op::Multiply => vec![made.clone()],
            Op::Concat => self.within_input(k, made).into_iter().collect(),
        }
    }

    /// The output cells that a block of cells of input `k` goes into; with strides and dilations also some beside them.
    pub fn read_by(&self, k: usize, read: &Block) -> Vec<Block> {
        let over = |window, channels| over(window, channels, read);
        match &self.op {
            Op::Conv2d(conv) => over(&conv.window, outputs_of(conv, &read.channels)),
            Op::ConvTranspose2d(spec) => {
                under(&spec.conv.window, inputs_of(&spec.conv, &read.channels), read)
            }
            Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => over(&pool.window, read.channels.clone()),
            Op::Resample2d(resample) => {
                let readers = |axis: &ResampleAxis, read: &Range<usize>| {
                    let axis = *axis;
                    let by = read
                        .clone()
                        .flat_map(move |p| (0..axis.cover()).filter_map(move |s| axis.reader(p, s)));
                    runs(by.map(|(i, _)| i).collect())
                };
                blocks(
                    &readers(&resample.channels, &read.channels),
                    &readers(&resample.rows, &read.rows),
                    &readers(&resample.cols, &read.cols),
                )
            }
            Op::Activation(_) | Op::PRelu(_) | Op::Dropout { .. } | Op::BatchNorm2d(_) => vec![read.clone()],
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
            Op::GroupNorm(norm) => vec![whole_groups(norm, &read.channels)],
            Op::LocalResponseNorm(norm) => {
                let Range { start, end } = read.channels;
                let channels =
                    start.saturating_sub((norm.size - 1) / 2)..(end + norm.size / 2).min(norm.channels);
                vec![Block { channels, ..read.clone() }]
            }
            Op::Dense(_) | Op::Softmax => vec![Block::whole(self.output)],
            Op::Add => vec![read.clone()],
            Op::Multiply if self.is_scale(k) => {
                let [_, h, w] = self.output;
                vec![Block { rows: 0..h, cols: 0..w, ..read.clone() }]
            }
            Op::Multiply => vec![read.clone()],
            Op::Concat => {
                let first = self.first_channel(k);
                let channels = first + read.channels.start..first + read.channels.end;
                vec![Block { channels, ..read.clone() }]
            }
        }
    }

    /// Whether input `k` of a product has one number for each channel of the other.
    pub fn is_scale(&self, k: usize) -> bool {
        self.scale() == Some(k)
    }

    /// The input that has one number for each map of the other, if it is a product with such a one.
    pub fn scale(&self) -> Option<usize> {
        join::scale_of(&self.inputs).filter(|_| self.op == Op::Multiply)
    }

    /// The first channel of input `k` in the output of a concatenation.
    pub fn first_channel(&self, k: usize) -> usize {
        self.inputs[..k].iter().map(|[c, ..]| c).sum()
    }

    /// The cells of input `k` of a concatenation that lie in a block of its output.
    fn within_input(&self, k: usize, made: &Block) -> Option<Block> {
        let first = self.first_channel(k);
        let start = made.channels.start.max(first);
        let end = made.channels.end.min(first + self.inputs[k][0]);
        (start < end).then(|| Block { channels: start - first..end - first, ..made.clone() })
    }
}

impl Network {
    /// The cells that some cells of an output, or of the picture, depend on: of what is read on the way there, by
    /// [`Source::place`]; none where it does not.
    pub fn depends_on(&self, source: Source, of: Vec<Block>) -> Vec<Vec<Block>> {
        let mut found: Vec<Vec<Block>> = vec![Vec::new(); source.place() + 1];
        found[source.place()] = of;
        for place in (1..=source.place()).rev() {
            let layer = &self.layers[place - 1];
            for (k, source) in layer.sources.iter().enumerate() {
                let read: Vec<Block> = found[place].iter().flat_map(|block| layer.reads(k, block)).collect();
                merge(&mut found[source.place()], read);
            }
        }
        found
    }

    /// The cells that depend on some cells of an output, or of the picture, by [`Source::place`].
    pub fn dependents_of(&self, source: Source, of: Vec<Block>) -> Vec<Vec<Block>> {
        let mut found: Vec<Vec<Block>> = vec![Vec::new(); self.layers.len() + 1];
        found[source.place()] = of;
        for (l, layer) in self.layers.iter().enumerate().skip(source.place()) {
            for (k, source) in layer.sources.iter().enumerate() {
                let blocks = found[source.place()].iter();
                let mut made: Vec<Block> = blocks.flat_map(|block| layer.read_by(k, block)).collect();
                made.dedup();
                merge(&mut found[l + 1], made);
            }
        }
        found
    }
}

/// Adds blocks to those of another way; of blocks within one another the largest stays.
fn merge(found: &mut Vec<Block>, more: Vec<Block>) {
    if found.is_empty() {
        *found = more;
        return;
    }
    for block in more {
        if found.iter().any(|other| other.holds(&block)) {
            continue;
        }
        found.retain(|other| !block.holds(other));
        found.push(block);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{
        Network,
        loss::Loss,
        resample::{Border, Upsampling},
        spec::{
            ConvSpec, ConvTransposeSpec, CropSpec, Kind, LayerSpec, PadSpec, Pair, ShuffleSpec, SliceSpec,
            UpsampleSpec,
        },
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
        let padding = Pair([1, 2]);
        let mirrored = Kind::Pad2d(PadSpec::new(Border::Reflection, padding));
        let enlarged = Kind::Upsample2d(UpsampleSpec::by_scale(Upsampling::Bilinear, Pair([2, 1])));
        let smaller = Kind::Upsample2d(UpsampleSpec::to_size(Upsampling::Bicubic, Pair([3, 7])));
        let shuffled = Kind::ChannelShuffle(ShuffleSpec { groups: 2 });
        let sliced = Kind::SliceChannels(SliceSpec { start: 1, count: 2, step: 2 });
        let cut = Kind::Crop2d(CropSpec { start: Pair([0, 1]), size: Pair([2, 2]), step: Pair([1, 2]) });
        let transposed = Kind::ConvTranspose2d(ConvTransposeSpec {
            stride: Pair::square(stride),
            padding: Pair([0, padding.0[0] % kernel]),
            dilation: Pair([dilation, 1]),
            groups: 2,
            ..ConvTransposeSpec::new(4, kernel)
        });
        let kinds = [mirrored, Kind::Conv2d(conv), Kind::RELU, transposed, shuffled, enlarged];
        let kinds = kinds.into_iter().chain([smaller, cut, sliced, Kind::Flatten]);
        let specs = kinds.enumerate().map(|(n, kind)| LayerSpec::new(format!("l{n}"), kind));
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
                    let reads = layer.reads(0, &Block::cell(made));
                    for read in cells(layer.input) {
                        let readers = layer.read_by(0, &Block::cell(read));
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
                let reads = layer.reads(0, &block);
                for made in cells(layer.output).filter(|&made| block.contains(made)) {
                    for read in layer.reads(0, &Block::cell(made)) {
                        for cell in cells(layer.input).filter(|&cell| read.contains(cell)) {
                            prop_assert!(reads.iter().any(|block| block.contains(cell)));
                        }
                    }
                }
            }
        }
    }
}
