//! Resampling: upsampling, padding, cropping, and channels picked or in another order. A cell is a copy of an input cell,
//! or a mean of some with fixed weights.
//!
//! Letters: n image, c channel, (i, j) output position, k input channel, (p, q) input position, (a, b) tap; S scale,
//! P padding before the input. Each axis is resampled by itself, so that a tap's weight is the product of its axes'.

use super::Real;
use crate::tensor::{ShapeError, Tensor};

/// What lies beyond the border of a padded map.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Border {
    /// Zeros.
    #[default]
    Zero,
    /// The map mirrored at its first and last cell, which are not repeated.
    Reflection,
    /// The first and last cell over and over.
    Replication,
}

/// How a map gets another size.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Upsampling {
    /// Copies: cell i is a copy of cell floor(i / S), PyTorch's `nearest`.
    #[default]
    Nearest,
    /// Copies of the cell whose centre is nearest, PyTorch's `nearest-exact`.
    NearestExact,
    /// Means of two neighbours along each axis, by distance between the cells' centres.
    Bilinear,
    /// Sums of four neighbours along each axis by Keys' cubic, some with negative weights: Keys 1981, with a = -3/4.
    Bicubic,
}

impl Upsampling {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Nearest, Self::NearestExact, Self::Bilinear, Self::Bicubic];

    /// How many input cells along an axis go into one.
    pub const fn taps(self) -> usize {
        match self {
            Self::Nearest | Self::NearestExact => 1,
            Self::Bilinear => 2,
            Self::Bicubic => 4,
        }
    }

    /// Whether it mixes several cells.
    pub const fn mixes(self) -> bool {
        self.taps() > 1
    }
}

/// Where the cells of one axis come from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// Another number of cells over the same length.
    Scale {
        /// How.
        by: Upsampling,
        /// Whether the first and the last cells lie on one another, so that the cells between are spread evenly.
        align_corners: bool,
    },
    /// Padding.
    Pad {
        /// P.
        before: usize,
        /// With what.
        border: Border,
    },
    /// Every `step`th cell from `start` on.
    Pick {
        /// The first that is kept.
        start: usize,
        /// The distance between two that are kept.
        step: usize,
    },
    /// The axis cut into groups of equal size, and of each in turn one cell.
    Shuffle {
        /// How many groups.
        groups: usize,
    },
}

/// One axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ResampleAxis {
    /// Input extent.
    pub len: usize,
    /// Output extent.
    pub out: usize,
    /// Where its cells come from.
    pub source: Source,
    /// At most how many cells read one input position.
    cover: usize,
}

/// What a resampling does, where one looks at all its axes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Does {
    /// Changes the number of rows and columns.
    Scale(Upsampling),
    /// Adds a border.
    Pad(Border),
    /// Keeps some rows and columns.
    Crop,
    /// Keeps some channels.
    Slice,
    /// Brings the channels into another order.
    Shuffle,
}

impl ResampleAxis {
    /// An axis that stays as it is.
    pub const fn same(len: usize) -> Self {
        Self { len, out: len, source: Source::Pick { start: 0, step: 1 }, cover: 1 }
    }

    /// Whether it stays as it is.
    pub fn is_same(&self) -> bool {
        *self == Self::same(self.len)
    }

    /// An axis `scale` times as long.
    ///
    /// # Errors
    /// For a scale of 0, or one that is too large to count with; `what` names the layer and the axis.
    pub fn scaled(
        what: &str,
        len: usize,
        scale: usize,
        by: Upsampling,
        align_corners: bool,
    ) -> Result<Self, ShapeError> {
        let out = scale.checked_mul(len).filter(|_| (1..=MOST).contains(&scale)).ok_or_else(|| {
            ShapeError(format!("{what}: expected a scale from 1 to {MOST}, got {scale}; set scale = 2"))
        })?;
        Self::resized(what, len, out, by, align_corners)
    }

    /// An axis of `out` cells over the same length.
    ///
    /// # Errors
    /// For no cells, or more than can be counted with; `what` names the layer and the axis.
    pub fn resized(
        what: &str,
        len: usize,
        out: usize,
        by: Upsampling,
        align_corners: bool,
    ) -> Result<Self, ShapeError> {
        if !(1..=MOST_CELLS).contains(&out) || len > MOST_CELLS {
            return Err(ShapeError(format!(
                "{what}: expected a size from 1 to {MOST_CELLS}, got {out}; set for example size = {}",
                len.min(MOST)
            )));
        }
        let mut axis = Self { len, out, source: Source::Scale { by, align_corners }, cover: 1 };
        let reads = |i: usize| (0..axis.taps()).filter_map(move |a| axis.tap(i, a)).map(move |(p, _)| (i, p));
        let spans = (0..out).flat_map(reads).map(|(i, p)| i - axis.first_reader(p, by, align_corners) + 1);
        axis.cover = spans.max().unwrap_or(1);
        Ok(axis)
    }

    /// An axis with cells before and behind it.
    ///
    /// # Errors
    /// Where they are too many, or with a mirrored border as many as the input has or more; `what` names the layer and
    /// the axis.
    pub fn padded(
        what: &str,
        len: usize,
        [before, behind]: [usize; 2],
        border: Border,
    ) -> Result<Self, ShapeError> {
        let most = if border == Border::Reflection { len - 1 } else { MOST };
        if let Some(large) = [before, behind].into_iter().find(|&n| n > most) {
            return Err(ShapeError(format!(
                "{what}: expected a padding from 0 to {most}, got {large}; use less padding"
            )));
        }
        let out = before + len + behind;
        let cover = match border {
            Border::Zero => 1,
            Border::Reflection => 3,
            Border::Replication if len == 1 => out,
            Border::Replication => before.max(behind) + 1,
        };
        Ok(Self { len, out, source: Source::Pad { before, border }, cover })
    }

    /// Every `step`th cell from `start` on, `out` in number.
    ///
    /// # Errors
    /// Where there are fewer; `what` names the layer and the axis.
    pub fn picked(what: &str, len: usize, start: usize, out: usize, step: usize) -> Result<Self, ShapeError> {
        let last = out.checked_sub(1).and_then(|n| n.checked_mul(step)).and_then(|n| n.checked_add(start));
        if step == 0 || last.is_none_or(|last| last >= len) {
            return Err(ShapeError(format!(
                "{what}: expected cells among the {len} that there are, got {out} from {start} on in steps of {step}; \
                 keep fewer or begin earlier"
            )));
        }
        Ok(Self { len, out, source: Source::Pick { start, step }, cover: 1 })
    }

    /// As many groups of equal size, and of each in turn one cell.
    ///
    /// # Errors
    /// Where they do not divide the axis; `what` names the layer.
    pub fn shuffled(what: &str, len: usize, groups: usize) -> Result<Self, ShapeError> {
        if groups == 0 || !len.is_multiple_of(groups) {
            return Err(ShapeError(format!(
                "{what}: expected groups that divide {len} channels, got {groups}; set for example groups = 2"
            )));
        }
        Ok(Self { len, out: len, source: Source::Shuffle { groups }, cover: 1 })
    }

    /// How many taps a cell has.
    pub const fn taps(&self) -> usize {
        match self.source {
            Source::Scale { by, .. } => by.taps(),
            Source::Pad { .. } | Source::Pick { .. } | Source::Shuffle { .. } => 1,
        }
    }

    /// Where cell `i` of a scaled axis lies between the input's cells, as a fraction.
    const fn place(&self, i: usize, align_corners: bool) -> (i64, i64) {
        let (i, len, out) = (i as i64, self.len as i64, self.out as i64);
        match (align_corners, self.out) {
            (true, 1) => (0, 1),
            (true, _) => (i * (len - 1), out - 1),
            // The centre of cell i, (i + 1/2) len / out - 1/2.
            (false, _) => ((2 * i + 1) * len - out, 2 * out),
        }
    }

    /// Where cell `i` of a scaled axis lies between the input's cells; other axes answer what they read.
    pub fn position(&self, i: usize) -> f64 {
        match self.source {
            Source::Scale { align_corners, .. } => {
                let (at, whole) = self.place(i, align_corners);
                at as f64 / whole as f64
            }
            Source::Pad { .. } | Source::Pick { .. } | Source::Shuffle { .. } => {
                self.tap(i, 0).map_or(0.0, |(p, _)| p as f64)
            }
        }
    }

    /// The input position that tap `a` of cell `i` reads, with its weight; `None` where it reads nothing.
    pub fn tap(&self, i: usize, a: usize) -> Option<(usize, f64)> {
        let inside = |p: i64| (p.max(0) as usize).min(self.len - 1);
        match self.source {
            Source::Scale { by: Upsampling::Nearest, .. } => {
                Some((inside(i as i64 * self.len as i64 / self.out as i64), 1.0))
            }
            Source::Scale { by: Upsampling::NearestExact, .. } => {
                Some((inside((2 * i as i64 + 1) * self.len as i64 / (2 * self.out as i64)), 1.0))
            }
            Source::Scale { by: Upsampling::Bilinear, align_corners } => {
                let (at, whole) = self.place(i, align_corners);
                // Not before the first cell's centre.
                let at = at.max(0);
                let (p, rest) = (at / whole, at % whole);
                let weight = rest as f64 / whole as f64;
                match a {
                    0 => Some((inside(p), 1.0 - weight)),
                    _ => (rest > 0).then(|| (inside(p + 1), weight)),
                }
            }
            Source::Scale { by: Upsampling::Bicubic, align_corners } => {
                let (at, whole) = self.place(i, align_corners);
                let (p, rest) = (at.div_euclid(whole), at.rem_euclid(whole));
                let weight = cubic(rest as f64 / whole as f64, a);
                (weight != 0.0).then(|| (inside(p + a as i64 - 1), weight))
            }
            Source::Pad { before, border } => {
                let p = match border {
                    Border::Zero => i.checked_sub(before).filter(|&p| p < self.len)?,
                    Border::Replication => i.saturating_sub(before).min(self.len - 1),
                    Border::Reflection => {
                        let p = i.abs_diff(before);
                        if p < self.len { p } else { 2 * (self.len - 1) - p }
                    }
                };
                Some((p, 1.0))
            }
            Source::Pick { start, step } => Some((start + i * step, 1.0)),
            Source::Shuffle { groups } => Some((i % groups * (self.len / groups) + i / groups, 1.0)),
        }
    }

    /// At most how many cells read one input position.
    pub const fn cover(&self) -> usize {
        self.cover
    }

    /// The first cell of a scaled axis that may read input position `p`: that which lies behind the position `reach` before
    /// it.
    fn first_reader(&self, p: usize, by: Upsampling, align_corners: bool) -> usize {
        let (p, len, out) = (p as i64, self.len as i64, self.out as i64);
        let reach = by.taps() as i64 / 2;
        let first = match (by, align_corners) {
            (Upsampling::Nearest, _) => (p * out + len - 1) / len,
            (Upsampling::NearestExact, _) => (2 * p * out + len - 1) / len / 2,
            (Upsampling::Bilinear | Upsampling::Bicubic, _) if p < reach || out == 1 => 0,
            (Upsampling::Bilinear | Upsampling::Bicubic, true) => (p - reach) * (out - 1) / (len - 1) + 1,
            (Upsampling::Bilinear | Upsampling::Bicubic, false) => {
                (out * (2 * (p - reach) + 1) / len + 1) / 2
            }
        };
        first as usize
    }

    /// The `s`-th of the cells that may read input position `p`, counted from the first, with its weight; `None` where
    /// there are fewer, and where that one does not read it.
    pub fn reader(&self, p: usize, s: usize) -> Option<(usize, f64)> {
        let cell = |i: usize| (i < self.out).then_some((i, 1.0));
        match self.source {
            Source::Scale { by, align_corners } => {
                let i = self.first_reader(p, by, align_corners) + s;
                if i >= self.out {
                    return None;
                }
                let taps = (0..by.taps()).filter_map(|a| self.tap(i, a)).filter(|&(at, _)| at == p);
                let mut taps = taps.map(|(_, weight)| weight).peekable();
                taps.peek()?;
                Some((i, taps.sum()))
            }
            Source::Pad { before, border: Border::Zero } => cell(before + p),
            Source::Pad { before, border: Border::Replication } => {
                let first = if p == 0 { 0 } else { before + p };
                let own = if p == 0 { before + 1 } else { 1 };
                let count = if p + 1 == self.len { self.out - first } else { own };
                if s < count { cell(first + s) } else { None }
            }
            Source::Pad { before, border: Border::Reflection } => match s {
                0 => before.checked_sub(p).filter(|_| p > 0).and_then(cell),
                1 => cell(before + p),
                _ if p + 1 < self.len => cell(before + 2 * (self.len - 1) - p),
                _ => None,
            },
            Source::Pick { start, step } => {
                p.checked_sub(start).filter(|from| from % step == 0).and_then(|from| cell(from / step))
            }
            Source::Shuffle { groups } => {
                let each = self.len / groups;
                cell(p % each * groups + p / each)
            }
        }
    }
}

/// The weight of tap `a` of four by Keys' cubic, `t` of a cell behind tap 1: PyTorch's bicubic.
fn cubic(t: f64, a: usize) -> f64 {
    const A: f64 = -0.75;
    let near = |x: f64| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    match a {
        0 => far(t + 1.0),
        1 => near(t),
        2 => near(1.0 - t),
        _ => far(2.0 - t),
    }
}

/// The largest scale and padding.
const MOST: usize = 1 << 16;

/// The largest extent of a scaled axis, so that positions can be counted in 64 bits.
const MOST_CELLS: usize = 1 << 24;

/// A resampling whose numbers fit its input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Resample2d {
    /// The channels.
    pub channels: ResampleAxis,
    /// The vertical axis.
    pub rows: ResampleAxis,
    /// The horizontal axis.
    pub cols: ResampleAxis,
}

/// A cell [channel, row, column] and the weight that it has.
pub type Weighted = ([usize; 3], f64);

impl Resample2d {
    /// One that leaves the channels as they are.
    pub const fn of_maps(channels: usize, rows: ResampleAxis, cols: ResampleAxis) -> Self {
        Self { channels: ResampleAxis::same(channels), rows, cols }
    }

    /// One that leaves each map as it is.
    pub const fn of_channels(channels: ResampleAxis, [h, w]: [usize; 2]) -> Self {
        Self { channels, rows: ResampleAxis::same(h), cols: ResampleAxis::same(w) }
    }

    /// What it does.
    pub fn does(&self) -> Does {
        match (self.rows.source, self.channels.source) {
            (Source::Scale { by, .. }, _) => Does::Scale(by),
            (Source::Pad { border, .. }, _) => Does::Pad(border),
            (_, Source::Shuffle { .. }) => Does::Shuffle,
            (Source::Pick { .. } | Source::Shuffle { .. }, _) => {
                if self.rows.is_same() && self.cols.is_same() && !self.channels.is_same() {
                    Does::Slice
                } else {
                    Does::Crop
                }
            }
        }
    }

    /// Output extents [C', H', W'].
    pub const fn out(&self) -> [usize; 3] {
        [self.channels.out, self.rows.out, self.cols.out]
    }

    /// How many taps a cell has.
    pub const fn taps(&self) -> usize {
        self.channels.taps() * self.rows.taps() * self.cols.taps()
    }

    /// Whether each cell is a copy of one input cell, or of the padding's zero.
    pub const fn is_copy(&self) -> bool {
        self.taps() == 1
    }

    /// The input cell that tap `m`, channel by channel and row by row, of cell (c, i, j) reads, with its weight; `None`
    /// where it reads nothing.
    #[inline(always)]
    pub fn tap(&self, [c, i, j]: [usize; 3], m: usize) -> Option<Weighted> {
        let (along, plane) = (self.cols.taps(), self.rows.taps() * self.cols.taps());
        let ((k, by_channel), (p, by_row), (q, by_col)) = (
            self.channels.tap(c, m / plane)?,
            self.rows.tap(i, m % plane / along)?,
            self.cols.tap(j, m % along)?,
        );
        Some(([k, p, q], by_channel * by_row * by_col))
    }

    /// At most how many cells read one input cell.
    pub const fn cover(&self) -> usize {
        self.channels.cover() * self.rows.cover() * self.cols.cover()
    }

    /// The `m`-th, channel by channel and row by row, of the cells that may read input cell (k, p, q), with its weight.
    #[inline(always)]
    pub fn reader(&self, [k, p, q]: [usize; 3], m: usize) -> Option<Weighted> {
        let (along, plane) = (self.cols.cover(), self.rows.cover() * self.cols.cover());
        let ((c, by_channel), (i, by_row), (j, by_col)) = (
            self.channels.reader(k, m / plane)?,
            self.rows.reader(p, m % plane / along)?,
            self.cols.reader(q, m % along)?,
        );
        Some(([c, i, j], by_channel * by_row * by_col))
    }

    /// The fold over the taps of cell (c, i, j); `x` reads an input cell.
    #[inline(always)]
    pub fn cell<T: Real>(&self, at: [usize; 3], x: impl Fn([usize; 3]) -> T) -> T {
        if self.is_copy() {
            return self.tap(at, 0).map_or(T::zero(), |(at, _)| x(at));
        }
        self.fold((0..self.taps()).map(|m| self.tap(at, m)), x)
    }

    /// The fold over the cells that read input cell (k, p, q); `dy` reads their gradients.
    #[inline(always)]
    pub fn gradient<T: Real>(&self, at: [usize; 3], dy: impl Fn([usize; 3]) -> T) -> T {
        self.fold((0..self.cover()).map(|m| self.reader(at, m)), dy)
    }

    #[inline(always)]
    fn fold<T: Real>(
        &self,
        cells: impl Iterator<Item = Option<Weighted>>,
        read: impl Fn([usize; 3]) -> T,
    ) -> T {
        cells.fold(T::zero(), |sum, cell| {
            let (value, weight) = cell.map_or((T::zero(), 0.0), |(at, weight)| (read(at), weight));
            if self.is_copy() { sum + value } else { value.mul_add(T::nearest(weight), sum) }
        })
    }
}

/// x: (N, C, H, W) -> y: (N, C', H', W'), `y[n,c,i,j] = sum over taps of x[n,k,p,q] * w`; a copy where there is one tap.
/// Taps that read nothing are explicit zero terms.
pub fn forward<T: Real>(spec: &Resample2d, x: &Tensor<T>) -> Tensor<T> {
    let ([c, h, w], n) = (spec.out(), x.dim().0);
    Tensor::from_shape_fn((n, c, h, w), |(n, c, i, j)| spec.cell([c, i, j], |[k, p, q]| x[[n, k, p, q]]))
}

/// dy: (N, C', H', W') -> dx: (N, C, H, W). Gathered per input cell over the cells that read it, channel by channel and
/// row by row; where there is none, an explicit zero term.
pub fn backward<T: Real>(spec: &Resample2d, dy: &Tensor<T>) -> Tensor<T> {
    let shape = (dy.dim().0, spec.channels.len, spec.rows.len, spec.cols.len);
    Tensor::from_shape_fn(shape, |(n, k, p, q)| spec.gradient([k, p, q], |[c, i, j]| dy[[n, c, i, j]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes() -> Vec<ResampleAxis> {
        let mut axes = Vec::new();
        for len in 1..=6 {
            for by in Upsampling::ALL {
                for align_corners in [false, true] {
                    axes.extend(
                        (1..=4).map(|scale| ResampleAxis::scaled("a", len, scale, by, align_corners)),
                    );
                    axes.extend((1..=11).map(|out| ResampleAxis::resized("a", len, out, by, align_corners)));
                }
            }
            for (start, step) in [(0, 1), (1, 1), (0, 2), (2, 3)] {
                axes.extend((1..=len).map(|out| ResampleAxis::picked("a", len, start, out, step)));
            }
            axes.extend((1..=len).map(|groups| ResampleAxis::shuffled("a", len, groups)));
            for (before, behind) in [(0, 0), (1, 2), (3, 0), (0, 4), (5, 5)] {
                for border in [Border::Zero, Border::Reflection, Border::Replication] {
                    axes.push(ResampleAxis::padded("a", len, [before, behind], border));
                }
            }
        }
        axes.into_iter().flatten().collect()
    }

    #[test]
    fn readers_are_those_that_tap_and_ascend() {
        for axis in axes() {
            for p in 0..axis.len {
                let readers: Vec<_> = (0..axis.cover()).filter_map(|s| axis.reader(p, s)).collect();
                let taps = |i: usize| (0..axis.taps()).filter_map(move |a| axis.tap(i, a));
                let expected: Vec<_> = (0..axis.out)
                    .filter(|&i| taps(i).any(|(at, _)| at == p))
                    .map(|i| (i, taps(i).filter(|(at, _)| *at == p).map(|(_, weight)| weight).sum::<f64>()))
                    .collect();
                assert_eq!(readers, expected, "{axis:?} {p}");
            }
            for i in 0..axis.out {
                let weights: Vec<f64> =
                    (0..axis.taps()).filter_map(|a| axis.tap(i, a)).map(|(_, w)| w).collect();
                let is_outside =
                    matches!(axis.source, Source::Pad { border: Border::Zero, .. }) && weights.is_empty();
                assert!(is_outside || (weights.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{axis:?} {i}");
            }
        }
    }

    #[test]
    fn borders_are_mirrored_repeated_or_empty() {
        let of = |border| {
            let axis = ResampleAxis::padded("a", 4, [2, 3], border).expect("fits");
            (0..axis.out).map(|i| axis.tap(i, 0).map(|(p, _)| p)).collect::<Vec<_>>()
        };
        assert_eq!(of(Border::Reflection), [2, 1, 0, 1, 2, 3, 2, 1, 0].map(Some));
        assert_eq!(of(Border::Replication), [0, 0, 0, 1, 2, 3, 3, 3, 3].map(Some));
        assert_eq!(of(Border::Zero)[..3], [None, None, Some(0)]);
        let error = ResampleAxis::padded("pad rows", 4, [4, 0], Border::Reflection).expect_err("too far").0;
        assert!(error.contains("expected a padding from 0 to 3, got 4"), "{error}");
    }

    #[test]
    fn cells_of_a_scaled_axis_are_where_pytorch_has_them() {
        let read = |len, out, by| {
            let axis = ResampleAxis::resized("a", len, out, by, false).expect("fits");
            (0..out).filter_map(|i| axis.tap(i, 0)).map(|(p, _)| p).collect::<Vec<_>>()
        };
        // F.interpolate of 0..2 and 0..4 with mode "nearest" and "nearest-exact".
        assert_eq!(read(2, 7, Upsampling::Nearest), [0, 0, 0, 0, 1, 1, 1]);
        assert_eq!(read(4, 3, Upsampling::Nearest), [0, 1, 2]);
        assert_eq!(read(4, 3, Upsampling::NearestExact), [0, 2, 3]);
    }

    #[test]
    fn shuffled_channels_are_those_of_the_groups_in_turn() {
        let axis = ResampleAxis::shuffled("a", 6, 2).expect("fits");
        assert_eq!(
            (0..6).filter_map(|i| axis.tap(i, 0)).map(|(p, _)| p).collect::<Vec<_>>(),
            [0, 3, 1, 4, 2, 5]
        );
        let error = ResampleAxis::shuffled("mix", 6, 4).expect_err("4 does not divide 6").0;
        assert!(error.contains("mix: expected groups that divide 6 channels, got 4"), "{error}");
        let error = ResampleAxis::picked("cut rows", 6, 4, 2, 2).expect_err("too far").0;
        assert!(error.contains("cut rows: expected cells among the 6"), "{error}");
    }
}
