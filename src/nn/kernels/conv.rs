//! Convolution of one image: forward, weight gradient, input gradient.
//!
//! Forward and input gradient are the same loop: lanes are neighbouring pixels of a row, rows are
//! channels, and a term is an offset into a padded copy of the source (for a stride, each row of it
//! is sorted by phase, so that neighbouring windows read neighbouring numbers). The weight gradient
//! has lanes along (v, c) of a channels-last copy of the input, so that no window is copied out.

use super::plain::{BLOCK, interleave};
use super::tile::{Grid, Isa, MAX_ROWS, MAX_VECTORS, SLACK, Taps};
use crate::nn::{Axis, conv::Conv2d};

/// What follows a sum.
#[derive(Clone, Copy, Default)]
pub struct Finish<'a> {
    /// The divisor K, or 0 for none.
    pub divide: f32,
    /// One number for each output channel.
    pub bias: Option<&'a [f32]>,
    /// Whether ReLU follows.
    pub relu: bool,
}

/// How a padded source lies in memory, and where its terms are.
#[derive(Clone, Debug)]
struct Lattice {
    /// Channels of the source and of the result, in each of `groups`.
    from: usize,
    to: usize,
    groups: usize,
    /// Extents of the result.
    out: [usize; 2],
    /// Numbers in a row and in a channel of the source.
    row: usize,
    plane: usize,
    /// Distance in the source between two rows of the result.
    row_step: usize,
    /// Offset of each term.
    off: Vec<usize>,
}

/// Folds of more terms are done in pieces.
const LONG: usize = 640;

impl Lattice {
    const fn source_len(&self) -> usize {
        self.groups * self.from * self.plane + SLACK
    }

    /// Numbers in the weights of one group.
    const fn panel_len(&self) -> usize {
        self.to * self.off.len()
    }

    /// w, in which the taps of channels `to` and `from` of group g begin at `begin(g, to, from)` -> panels: for each
    /// tile of R rows (terms, R).
    fn pack(&self, isa: Isa, w: &[f32], panels: &mut [f32], begin: impl Fn(usize, usize, usize) -> usize) {
        assert!(panels.len() >= self.groups * self.panel_len());
        let taps = self.off.len() / self.from;
        let mut panels = panels.iter_mut();
        for g in 0..self.groups {
            let mut first = 0;
            while first < self.to {
                let rows = first..first + isa.rows(self.to - first);
                for from in 0..self.from {
                    let mut begins = [0; MAX_ROWS];
                    let begins = &mut begins[..rows.len()];
                    begins.iter_mut().zip(rows.clone()).for_each(|(at, to)| *at = begin(g, to, from));
                    for tap in 0..taps {
                        begins.iter().zip(panels.by_ref()).for_each(|(begin, panel)| *panel = w[begin + tap]);
                    }
                }
                first = rows.end;
            }
        }
    }

    /// source: [`Self::source_len`] -> y: (groups * to, out).
    fn run(&self, isa: Isa, panels: &[f32], source: &[f32], finish: Finish, y: &mut [f32]) {
        let [h, w] = self.out;
        let terms = self.off.len();
        assert!(panels.len() >= self.groups * self.panel_len());
        assert!(source.len() >= self.source_len());
        assert!(y.len() >= self.groups * self.to * h * w);
        assert!(finish.bias.is_none_or(|bias| bias.len() >= self.groups * self.to));
        let lanes = isa.lanes();
        // A unit is one vector of the result: part of a row, or two parts of half the length, where that
        // leaves fewer lanes idle.
        let (per_row, per_row_halves) = (w.div_ceil(lanes), w.div_ceil(lanes / 2));
        let halves = per_row_halves % 2 == 1 && h > 1 && (per_row == 1 || terms <= LONG);
        let units = if halves { (h * per_row_halves).div_ceil(2) } else { h * per_row };
        // Long folds go a number of channels at a time, so that what they read stays near.
        let taps = terms / self.from;
        let piece = if terms > LONG && !halves { (288 / taps).clamp(1, self.from) } else { self.from };
        let pieces = self.from.div_ceil(piece);
        let place = |unit: usize| -> [(usize, usize, usize); 2] {
            if halves {
                [2 * unit, 2 * unit + 1].map(|half| {
                    let (i, part) = (half / per_row_halves, half % per_row_halves);
                    let j = (part * lanes / 2).min(w.saturating_sub(lanes / 2));
                    // There may be an odd number of halves.
                    if i < h { (i, j, w.min(lanes / 2)) } else { (0, 0, 0) }
                })
            } else {
                let (i, part) = (unit / per_row, unit % per_row);
                // A last vector reaches back into the row, to the same bits; not where the cells go on from
                // what they hold.
                let back = if pieces > 1 { w } else { w.saturating_sub(lanes) };
                let j = (part * lanes).min(back);
                [(i, j, lanes.min(w - j)); 2]
            }
        };
        // So many units at a time, for the same reason.
        let block = (6 * 1024 * per_row / (piece * self.row)).max(4).next_multiple_of(6);
        let block = if units <= block * 3 / 2 { units } else { block };
        let (source, y) = (source.as_ptr(), y.as_mut_ptr());
        for g in 0..self.groups {
            for block_begin in (0..units).step_by(block) {
                let block_end = (block_begin + block).min(units);
                // The next tile of rows, piece after piece.
                let (mut first, mut begin) = (0, 0);
                while begin < terms {
                    let end = (begin + piece * taps).min(terms);
                    let rows = isa.rows(self.to - first);
                    let o = g * self.to + first;
                    let mut unit = block_begin;
                    while unit < block_end {
                        let vectors = isa.vectors(rows, block_end - unit);
                        // SAFETY: an Isa is present; every offset, row and column lies in the
                        // source, which a vector may overread by SLACK, and every row and column
                        // that is written in y, by the lengths asserted above.
                        unsafe {
                            let mut t = Taps {
                                a: panels.as_ptr().add((g * self.to + first) * terms + begin * rows),
                                off: self.off.as_ptr().add(begin),
                                terms: end - begin,
                                goes_on: begin > 0,
                                b: [[source; 2]; MAX_VECTORS],
                                c: [[y; 2]; MAX_VECTORS],
                                count: [[0; 2]; MAX_VECTORS],
                                whole: if pieces > 1 { w % lanes == 0 } else { w >= lanes },
                                c_row: h * w,
                                divide: 0.0,
                                bias: std::ptr::null(),
                                relu: false,
                            };
                            if end == terms {
                                t.divide = finish.divide;
                                t.bias = finish.bias.map_or(t.bias, |bias| bias.as_ptr().add(o));
                                t.relu = finish.relu;
                            }
                            for v in 0..vectors {
                                for (half, (i, j, count)) in place(unit + v).into_iter().enumerate() {
                                    t.b[v][half] =
                                        source.add(g * self.from * self.plane + i * self.row_step + j);
                                    t.c[v][half] = y.add((o * h + i) * w + j);
                                    t.count[v][half] = count;
                                }
                            }
                            isa.taps(&t, rows, vectors, halves);
                        }
                        unit += vectors;
                    }
                    first += rows;
                    if first == self.to {
                        (first, begin) = (0, end);
                    }
                }
            }
        }
    }
}

/// One axis of the source of an input gradient: the sum's gradient, its stride filled with zeros, from
/// position `low` on.
fn spread(axis: &Axis) -> (isize, usize) {
    let reach = (axis.dilation * (axis.kernel - 1)) as isize;
    let low = (axis.padding as isize - reach).min(0);
    let high = (axis.len - 1 + axis.padding).max((axis.out - 1) * axis.stride) as isize;
    (low, (high - low + 1) as usize)
}

/// How the channels-last copy, or the windows, lie that a weight gradient reads.
#[derive(Clone, Debug)]
struct Lowered {
    /// Whether windows are copied out, each into vectors of its own.
    windows: bool,
    /// Whether a vector holds two short runs.
    halves: bool,
    /// Offset of each vector's lower and upper half of one group from where a window begins.
    off: Vec<[usize; 2]>,
    /// Distance of two windows, by row and by column.
    step: [usize; 2],
    /// Distance of two groups.
    group: usize,
    /// Lane of each tap (c, u, v) in the vectors of a window.
    lane: Vec<usize>,
    /// A lane that is always 1, where one is left over: its sum is that of a bias' gradient.
    one: Option<usize>,
}

/// A convolution as the kernels run it: sizes and offsets, worked out once.
#[derive(Clone, Debug)]
pub struct ConvPlan {
    isa: Isa,
    spec: Conv2d,
    forward: Lattice,
    input: Lattice,
    lowered: Lowered,
}

impl ConvPlan {
    /// The plan of one convolution on one instruction set.
    pub fn new(isa: Isa, spec: &Conv2d) -> Self {
        let (rows, cols) = (spec.window.rows, spec.window.cols);
        let taps = |from: usize, at: &dyn Fn(usize, usize, usize) -> usize| -> Vec<usize> {
            let taps = (0..from).flat_map(|c| (0..rows.kernel).map(move |u| (c, u)));
            taps.flat_map(|(c, u)| (0..cols.kernel).map(move |v| (c, u, v)))
                .map(|(c, u, v)| at(c, u, v))
                .collect()
        };
        let phase = cols.padded().div_ceil(cols.stride);
        let row = phase * cols.stride;
        let plane = row * rows.padded();
        let forward = Lattice {
            from: spec.group_in(),
            to: spec.group_out(),
            groups: spec.groups,
            out: spec.window.out(),
            row,
            plane,
            row_step: rows.stride * row,
            off: taps(spec.group_in(), &|c, u, v| {
                let q = v * cols.dilation;
                c * plane + u * rows.dilation * row + q % cols.stride * phase + q / cols.stride
            }),
        };
        let ((low_p, height), (low_q, width)) = (spread(&rows), spread(&cols));
        let from_low = |axis: &Axis, low: isize, u: usize| {
            (axis.padding as isize - (u * axis.dilation) as isize - low) as usize
        };
        let input = Lattice {
            from: spec.group_out(),
            to: spec.group_in(),
            groups: spec.groups,
            out: [rows.len, cols.len],
            row: width,
            plane: width * height,
            row_step: width,
            off: taps(spec.group_out(), &|o, u, v| {
                (o * height + from_low(&rows, low_p, u)) * width + from_low(&cols, low_q, v)
            }),
        };
        Self { isa, spec: *spec, forward, input, lowered: Lowered::new(isa, spec) }
    }

    /// The convolution.
    pub const fn spec(&self) -> &Conv2d {
        &self.spec
    }

    /// Numbers in the weights, however they are packed.
    pub const fn weight_len(&self) -> usize {
        self.spec.out_channels * self.spec.filter_pixels()
    }

    /// w: (O, C/groups, kh, kw) -> panels, as [`Self::forward`] reads them.
    pub fn pack_forward(&self, w: &[f32], panels: &mut [f32]) {
        let Lattice { from, to, .. } = self.forward;
        let taps = self.spec.window.taps();
        self.forward.pack(self.isa, w, panels, |g, o, c| ((g * to + o) * from + c) * taps);
    }

    /// w: (O, C/groups, kh, kw) -> panels, as [`Self::backward_input`] reads them.
    pub fn pack_input(&self, w: &[f32], panels: &mut [f32]) {
        let Lattice { from, to, .. } = self.input;
        let taps = self.spec.window.taps();
        self.input.pack(self.isa, w, panels, |g, c, o| ((g * from + o) * to + c) * taps);
    }

    /// The length of the scratch that a pass over one image needs.
    pub fn scratch_len(&self) -> usize {
        self.forward.source_len().max(self.input.source_len())
    }

    /// Whether the input itself, with [`SLACK`] more numbers behind it, can be the source.
    fn is_plain(&self) -> bool {
        let (rows, cols) = (self.spec.window.rows, self.spec.window.cols);
        rows.padded() == rows.len && cols.padded() == cols.len && cols.stride == 1
    }

    /// x: (C, H, W), perhaps with more behind it, -> y: (O, H', W').
    pub fn forward(&self, panels: &[f32], finish: Finish, x: &[f32], y: &mut [f32], scratch: &mut [f32]) {
        if self.is_plain() && x.len() >= self.forward.source_len() {
            self.forward.run(self.isa, panels, x, finish, y);
            return;
        }
        let (rows, cols) = (self.spec.window.rows, self.spec.window.cols);
        let Lattice { row, plane, .. } = self.forward;
        let source = &mut scratch[..self.forward.source_len()];
        source.fill(0.0);
        let phase = row / cols.stride;
        for (c, x) in x.chunks_exact(rows.len * cols.len).take(self.spec.in_channels).enumerate() {
            for (p, x) in x.chunks_exact(cols.len).enumerate() {
                let to = &mut source[c * plane + (p + rows.padding) * row..][..row];
                if cols.stride == 1 {
                    to[cols.padding..][..cols.len].copy_from_slice(x);
                } else {
                    for (q, &x) in (cols.padding..).zip(x) {
                        to[q % cols.stride * phase + q / cols.stride] = x;
                    }
                }
            }
        }
        self.forward.run(self.isa, panels, source, finish, y);
    }

    /// ds: (O, H', W') -> dx: (C, H, W). What follows the sum is that of a transposed convolution.
    pub fn backward_input(
        &self,
        panels: &[f32],
        finish: Finish,
        ds: &[f32],
        dx: &mut [f32],
        scratch: &mut [f32],
    ) {
        let (rows, cols) = (self.spec.window.rows, self.spec.window.cols);
        let (low_p, low_q) = (-spread(&rows).0 as usize, -spread(&cols).0 as usize);
        let Lattice { row, plane, .. } = self.input;
        let source = &mut scratch[..self.input.source_len()];
        source.fill(0.0);
        for (o, ds) in ds.chunks_exact(rows.out * cols.out).take(self.spec.out_channels).enumerate() {
            for (i, ds) in ds.chunks_exact(cols.out).enumerate() {
                let to = &mut source[o * plane + (i * rows.stride + low_p) * row + low_q..];
                if cols.stride == 1 {
                    to[..cols.out].copy_from_slice(ds);
                } else {
                    for (j, &ds) in ds.iter().enumerate() {
                        to[j * cols.stride] = ds;
                    }
                }
            }
        }
        self.input.run(self.isa, panels, source, finish, dx);
    }

    /// Numbers in one output channel of the sums of a weight gradient.
    pub fn sums_row(&self) -> usize {
        self.lowered.off.len() * self.isa.lanes()
    }

    /// The index of weight (o, c, u, v), given by its row-major number, in the sums.
    pub fn sum_of(&self, flat: usize) -> usize {
        let terms = self.spec.filter_pixels();
        flat / terms * self.sums_row() + self.lowered.lane[flat % terms]
    }

    /// Where in a channel's sums its bias' gradient is, if they hold it: the fold over ds * 1 in the same order.
    pub fn bias_sum(&self) -> Option<usize> {
        self.lowered.one.filter(|_| self.spec.bias && !self.spec.normalize)
    }

    /// sums: (o, sums_row) of some output channels -> their weight gradients (o, C/groups, kh, kw).
    pub fn gather(&self, sums: &[f32], dw: &mut [f32]) {
        let rows = sums.chunks_exact(self.sums_row());
        for (sums, dw) in rows.zip(dw.chunks_exact_mut(self.spec.filter_pixels())) {
            dw.iter_mut().zip(&self.lowered.lane).for_each(|(dw, &lane)| *dw = sums[lane]);
        }
    }

    /// The length of what [`Self::lower`] writes for a number of output rows.
    pub fn lowered_len(&self, rows: usize) -> usize {
        let lowered = &self.lowered;
        if lowered.windows {
            return rows * lowered.step[0] + SLACK;
        }
        let axis = self.spec.window.rows;
        let ones = self.ones(rows).map_or(0, |ones| ones.end);
        ones.max(height(&axis, rows) * lowered.step[0] / axis.stride) + SLACK
    }

    /// The offset of the ones that the windows of a number of rows read, behind a whole input.
    fn ones(&self, rows: usize) -> Option<std::ops::Range<usize>> {
        let [step, _] = self.lowered.step;
        let at = self.lowered.off.last().filter(|_| self.lowered.halves && self.lowered.one.is_some())?[1];
        Some(at..at + rows * step + self.isa.lanes())
    }

    /// Output rows to lower at a time, so that they stay near.
    pub fn lowered_rows(&self) -> usize {
        let axis = self.spec.window.rows;
        (16 * 1024 / self.lowered.step[0]).clamp(1, axis.out)
    }

    /// x: (C, H, W) -> what rows i of the output read, as [`Self::backward_weight`] reads it.
    pub fn lower(&self, x: &[f32], i: std::ops::Range<usize>, to: &mut [f32]) {
        let (rows, cols) = (self.spec.window.rows, self.spec.window.cols);
        let channels = self.spec.in_channels;
        let lowered = &self.lowered;
        assert!(to.len() >= self.lowered_len(i.len()) && !i.is_empty());
        if lowered.windows {
            self.copy_windows(x, i, to);
            return;
        }
        if let Some(ones) = self.ones(i.len()) {
            to[ones].fill(1.0);
        }
        let row = lowered.step[0] / rows.stride;
        let first = i.start * rows.stride;
        let last = (i.end - 1) * rows.stride + rows.dilation * (rows.kernel - 1);
        for (to, p) in to.chunks_exact_mut(row).zip(first..=last) {
            let Some(p) = p.checked_sub(rows.padding).filter(|&p| p < rows.len) else {
                to.fill(0.0);
                continue;
            };
            let (before, rest) = to.split_at_mut(cols.padding * channels);
            let (within, after) = rest.split_at_mut(cols.len * channels);
            before.fill(0.0);
            after.fill(0.0);
            let row_of = |c: usize| &x[(c * rows.len + p) * cols.len..][..cols.len];
            let whole = channels / BLOCK * BLOCK;
            for c in (0..whole).step_by(BLOCK) {
                let rows: [&[f32]; BLOCK] = std::array::from_fn(|k| row_of(c + k));
                interleave(rows, within, channels, c);
            }
            for c in whole..channels {
                for (to, &x) in within[c..].iter_mut().step_by(channels).zip(row_of(c)) {
                    *to = x;
                }
            }
        }
    }

    /// Copies the windows of rows `i` out, a run of taps after the other.
    fn copy_windows(&self, x: &[f32], i: std::ops::Range<usize>, to: &mut [f32]) {
        let (rows, cols) = (self.spec.window.rows, self.spec.window.cols);
        let (group_in, plan) = (self.spec.group_in(), &self.lowered);
        // Windows from `inner.start` to `inner.end` read no padding beside their row.
        let start = cols.padding.div_ceil(cols.stride).min(cols.out);
        let reach = cols.dilation * (cols.kernel - 1);
        let end = (cols.len + cols.padding).checked_sub(reach + 1).map_or(0, |last| last / cols.stride + 1);
        let inner = start..end.clamp(start, cols.out);
        for (at, i) in i.enumerate() {
            if let Some(one) = plan.one {
                for window in to[at * plan.step[0]..][..plan.step[0]].chunks_exact_mut(plan.group) {
                    window[one] = 1.0;
                }
            }
            for c in 0..self.spec.in_channels {
                for u in 0..rows.kernel {
                    let run = c / group_in * plan.group + (c % group_in * rows.kernel + u) * cols.kernel;
                    let to = &mut to[at * plan.step[0] + run..];
                    let Some(p) = rows.tap(i, u) else {
                        for j in 0..cols.out {
                            to[j * plan.step[1]..][..cols.kernel].fill(0.0);
                        }
                        continue;
                    };
                    let x = &x[(c * rows.len + p) * cols.len..][..cols.len];
                    for j in (0..inner.start).chain(inner.end..cols.out) {
                        for (v, to) in to[j * plan.step[1]..][..cols.kernel].iter_mut().enumerate() {
                            *to = cols.tap(j, v).map_or(0.0, |q| x[q]);
                        }
                    }
                    if inner.is_empty() {
                        continue;
                    }
                    if cols.dilation > 1 {
                        for j in inner.clone() {
                            let x = &x[j * cols.stride - cols.padding..];
                            let taps = x.iter().step_by(cols.dilation);
                            let to = &mut to[j * plan.step[1]..][..cols.kernel];
                            to.iter_mut().zip(taps).for_each(|(to, x)| *to = *x);
                        }
                        continue;
                    }
                    let (x, step) =
                        (&x[inner.start * cols.stride - cols.padding..], [cols.stride, plan.step[1]]);
                    let to = &mut to[inner.start * plan.step[1]..];
                    match cols.kernel {
                        3 => copy_runs::<3>(x, to, step, inner.len()),
                        5 => copy_runs::<5>(x, to, step, inner.len()),
                        7 => copy_runs::<7>(x, to, step, inner.len()),
                        kernel => {
                            for j in 0..inner.len() {
                                to[j * step[1]..][..kernel].copy_from_slice(&x[j * step[0]..][..kernel]);
                            }
                        }
                    }
                }
            }
        }
    }

    /// lowered: what output rows `i` read, ds: (O, H', W') -> sums of output channels `o`, (o, sums_row), each
    /// fold going on over the positions of these rows. `o` begins and ends where a tile of the group's channels
    /// does, or anywhere.
    pub fn backward_weight(
        &self,
        lowered: &[f32],
        i: std::ops::Range<usize>,
        ds: &[f32],
        o: std::ops::Range<usize>,
        sums: &mut [f32],
    ) {
        let [h, w] = self.spec.window.out();
        let row = self.sums_row();
        let plan = &self.lowered;
        assert!(lowered.len() >= self.lowered_len(i.len()) && i.end <= h);
        assert!(ds.len() >= self.spec.out_channels * h * w);
        assert!(o.end <= self.spec.out_channels && sums.len() >= o.len() * row);
        // So many rows at a time that what they read stays near.
        let block = (10 * 1024 / (plan.step[0] + o.len() * w)).max(1);
        for begin in i.clone().step_by(block) {
            let end = (begin + block).min(i.end);
            let mut first = o.start;
            while first < o.end {
                let group = first / self.spec.group_out();
                let rows = self.isa.rows(o.end.min((group + 1) * self.spec.group_out()) - first);
                let mut t = 0;
                while t < plan.off.len() {
                    let vectors = self.isa.vectors(rows, plan.off.len() - t);
                    // SAFETY: an Isa is present; every position of these rows and every offset lies
                    // in what `lower` wrote, which a vector may overread by SLACK; the sums are those
                    // of channels in `o`.
                    unsafe {
                        let mut b_off = [[0; 2]; MAX_VECTORS];
                        b_off[..vectors].copy_from_slice(&plan.off[t..t + vectors]);
                        let grid = Grid {
                            a: ds.as_ptr().add((first * h + begin) * w),
                            a_stride: [h * w, w, 1],
                            b: lowered.as_ptr().add((begin - i.start) * plan.step[0] + group * plan.group),
                            b_stride: plan.step,
                            b_off,
                            terms: [end - begin, w],
                            c: sums.as_mut_ptr().add((first - o.start) * row + t * self.isa.lanes()),
                            c_row: row,
                            count: self.isa.lanes(),
                        };
                        self.isa.grid_halves(&grid, rows, vectors, plan.halves);
                    }
                    t += vectors;
                }
                first += rows;
            }
        }
    }
}

/// `count` runs of K numbers; `step` from one to the next in x and in `to`.
#[inline]
fn copy_runs<const K: usize>(x: &[f32], to: &mut [f32], step: [usize; 2], count: usize) {
    if step[0] != 1 || step[1] < K {
        for k in 0..count {
            to[k * step[1]..][..K].copy_from_slice(&x[k * step[0]..][..K]);
        }
        return;
    }
    // The last one may end with the buffer.
    let last = count - 1;
    for (x, to) in x.windows(K).zip(to.chunks_exact_mut(step[1])).take(last) {
        to[..K].copy_from_slice(x);
    }
    to[last * step[1]..][..K].copy_from_slice(&x[last..last + K]);
}

/// The rows of the padded input that a number of output rows reads.
const fn height(axis: &Axis, rows: usize) -> usize {
    (rows - 1) * axis.stride + axis.dilation * (axis.kernel - 1) + 1
}

impl Lowered {
    fn new(isa: Isa, spec: &Conv2d) -> Self {
        let (rows, cols) = (spec.window.rows, spec.window.cols);
        let lanes = isa.lanes();
        let (channels, terms) = (spec.in_channels, spec.filter_pixels());
        let run = cols.kernel * channels;
        let per_run = run.div_ceil(lanes);
        let copied = terms.div_ceil(lanes);
        // Two runs of at most half a vector share one.
        let halves = run <= lanes / 2 && rows.kernel > 1;
        let direct = if halves { rows.kernel.div_ceil(2) } else { rows.kernel * per_run };
        // Copying a window out costs some cycle and a half a run of it.
        let worth =
            spec.out_channels * direct > spec.out_channels * copied + 3 * spec.group_in() * rows.kernel;
        if spec.groups > 1 || cols.dilation > 1 || worth {
            let group = copied * lanes;
            let window = group * spec.groups;
            return Self {
                windows: true,
                halves: false,
                off: (0..copied).map(|t| [t * lanes; 2]).collect(),
                step: [window * cols.out, window],
                group,
                lane: (0..terms).collect(),
                one: (terms < group).then_some(terms),
            };
        }
        let row = cols.padded() * channels;
        let of_run = |u: usize| u * rows.dilation * row;
        // The upper half of an odd last one holds ones, which lie behind the input.
        let one = (halves && rows.kernel % 2 == 1).then_some(direct * lanes - lanes / 2);
        let ones = height(&rows, rows.out) * row;
        let off = if halves {
            let of_run = |u: usize| if u < rows.kernel { of_run(u) } else { ones };
            (0..direct).map(|t| [2 * t, 2 * t + 1].map(of_run)).collect()
        } else {
            let runs = (0..rows.kernel).flat_map(|u| (0..per_run).map(move |s| (u, s)));
            runs.map(|(u, s)| [of_run(u) + s * lanes; 2]).collect()
        };
        let lane = (0..terms)
            .map(|flat| {
                let (c, u, v) =
                    (flat / spec.window.taps(), flat / cols.kernel % rows.kernel, flat % cols.kernel);
                (if halves { u * lanes / 2 } else { u * per_run * lanes }) + v * channels + c
            })
            .collect();
        Self {
            windows: false,
            halves,
            off,
            step: [rows.stride * row, cols.stride * channels],
            group: 0,
            lane,
            one,
        }
    }
}
