//! Resampling: upsampling and padding. A cell is a copy of an input cell, or a mean of four with fixed weights.
//!
//! Letters: n image, c channel, (i, j) output position, (p, q) input position, (a, b) tap; S scale, P padding before the
//! input.

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

/// How a map is enlarged.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Upsampling {
    /// Each cell S times.
    #[default]
    Nearest,
    /// Means of neighbours, by distance between the cells' centres.
    Bilinear,
}

/// Where the cells of one axis come from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// Upsampling S times.
    Scale {
        /// S.
        scale: usize,
        /// How.
        by: Upsampling,
    },
    /// Padding.
    Pad {
        /// P.
        before: usize,
        /// With what.
        border: Border,
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
}

impl ResampleAxis {
    /// An axis `scale` times as long.
    ///
    /// # Errors
    /// For a scale of 0, or one that is too large to count with; `what` names the layer and the axis.
    pub fn scaled(what: &str, len: usize, scale: usize, by: Upsampling) -> Result<Self, ShapeError> {
        let out = scale.checked_mul(len).filter(|_| (1..=MOST).contains(&scale)).ok_or_else(|| {
            ShapeError(format!("{what}: expected a scale from 1 to {MOST}, got {scale}; set scale = 2"))
        })?;
        Ok(Self { len, out, source: Source::Scale { scale, by } })
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
        Ok(Self { len, out: before + len + behind, source: Source::Pad { before, border } })
    }

    /// How many taps a cell has.
    pub const fn taps(&self) -> usize {
        match self.source {
            Source::Scale { by: Upsampling::Bilinear, .. } => 2,
            Source::Scale { by: Upsampling::Nearest, .. } | Source::Pad { .. } => 1,
        }
    }

    /// The input position that tap `a` of cell `i` reads, with its weight; `None` where it reads nothing.
    pub fn tap(&self, i: usize, a: usize) -> Option<(usize, f64)> {
        match self.source {
            Source::Scale { scale, by: Upsampling::Nearest } => Some((i / scale, 1.0)),
            Source::Scale { scale, by: Upsampling::Bilinear } => {
                // The centre of cell i, (2i + 1) / 2S − 1/2, but not before the first cell's.
                let at = (2 * i + 1).saturating_sub(scale);
                let (p, rest) = (at / (2 * scale), at % (2 * scale));
                let weight = rest as f64 / (2 * scale) as f64;
                match a {
                    0 => Some((p, 1.0 - weight)),
                    _ => (rest > 0).then(|| ((p + 1).min(self.len - 1), weight)),
                }
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
        }
    }

    /// At most how many cells read one input position.
    pub const fn cover(&self) -> usize {
        match self.source {
            Source::Scale { scale, by: Upsampling::Nearest } => scale,
            Source::Scale { scale, by: Upsampling::Bilinear } => 2 * scale,
            Source::Pad { border: Border::Zero, .. } => 1,
            Source::Pad { border: Border::Reflection, .. } => 3,
            Source::Pad { before, border: Border::Replication } => {
                let behind = self.out - self.len - before;
                if self.len == 1 {
                    self.out
                } else if before > behind {
                    before + 1
                } else {
                    behind + 1
                }
            }
        }
    }

    /// The `s`-th of the cells that may read input position `p`, counted from the first, with its weight; `None` where
    /// there are fewer, and where that one does not read it.
    pub fn reader(&self, p: usize, s: usize) -> Option<(usize, f64)> {
        let cell = |i: usize| (i < self.out).then_some((i, 1.0));
        match self.source {
            Source::Scale { scale, by: Upsampling::Nearest } => Some((p * scale + s, 1.0)),
            Source::Scale { scale, by: Upsampling::Bilinear } => {
                // The first cell whose centre lies behind that of the position before.
                let first = if p == 0 { 0 } else { ((2 * p - 1) * scale).div_ceil(2) };
                let i = first + s;
                let taps = (0..2).filter_map(|a| self.tap(i, a).filter(|&(at, _)| at == p));
                let weight: f64 = taps.map(|(_, weight)| weight).sum();
                (i < self.out && weight > 0.0).then_some((i, weight))
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
        }
    }
}

/// The largest scale and padding.
const MOST: usize = 1 << 16;

/// A resampling whose numbers fit its input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Resample2d {
    /// The vertical axis.
    pub rows: ResampleAxis,
    /// The horizontal axis.
    pub cols: ResampleAxis,
}

/// A position and the weight that it has, [row, column].
pub type Weighted = ([usize; 2], f64);

impl Resample2d {
    /// Output extents [H', W'].
    pub const fn out(&self) -> [usize; 2] {
        [self.rows.out, self.cols.out]
    }

    /// How many taps a cell has.
    pub const fn taps(&self) -> usize {
        self.rows.taps() * self.cols.taps()
    }

    /// Whether each cell is a copy of one input cell, or of the padding's zero.
    pub const fn is_copy(&self) -> bool {
        self.taps() == 1
    }

    /// The input cell that tap `m`, row-major, of cell (i, j) reads, with its weight; `None` where it reads nothing.
    #[inline(always)]
    pub fn tap(&self, [i, j]: [usize; 2], m: usize) -> Option<Weighted> {
        let along = self.cols.taps();
        let ((p, by_row), (q, by_col)) = (self.rows.tap(i, m / along)?, self.cols.tap(j, m % along)?);
        Some(([p, q], by_row * by_col))
    }

    /// At most how many cells read one input cell.
    pub const fn cover(&self) -> usize {
        self.rows.cover() * self.cols.cover()
    }

    /// The `m`-th, row-major, of the cells that may read input cell (p, q), with its weight.
    #[inline(always)]
    pub fn reader(&self, [p, q]: [usize; 2], m: usize) -> Option<Weighted> {
        let along = self.cols.cover();
        let ((i, by_row), (j, by_col)) = (self.rows.reader(p, m / along)?, self.cols.reader(q, m % along)?);
        Some(([i, j], by_row * by_col))
    }

    /// The fold over the taps of cell (i, j); `x` reads an input cell.
    #[inline(always)]
    pub fn cell<T: Real>(&self, at: [usize; 2], x: impl Fn([usize; 2]) -> T) -> T {
        if self.is_copy() {
            return self.tap(at, 0).map_or(T::zero(), |(at, _)| x(at));
        }
        self.fold((0..self.taps()).map(|m| self.tap(at, m)), x)
    }

    /// The fold over the cells that read input cell (p, q); `dy` reads their gradients.
    #[inline(always)]
    pub fn gradient<T: Real>(&self, at: [usize; 2], dy: impl Fn([usize; 2]) -> T) -> T {
        self.fold((0..self.cover()).map(|m| self.reader(at, m)), dy)
    }

    #[inline(always)]
    fn fold<T: Real>(
        &self,
        cells: impl Iterator<Item = Option<Weighted>>,
        read: impl Fn([usize; 2]) -> T,
    ) -> T {
        cells.fold(T::zero(), |sum, cell| {
            let (value, weight) = cell.map_or((T::zero(), 0.0), |(at, weight)| (read(at), weight));
            if self.is_copy() { sum + value } else { value.mul_add(T::nearest(weight), sum) }
        })
    }
}

/// x: (N, C, H, W) -> y: (N, C, H', W'), `y[n,c,i,j] = sum over a, b of x[n,c,p,q] * w`; a copy where there is one tap.
/// Taps that read nothing are explicit zero terms.
pub fn forward<T: Real>(spec: &Resample2d, x: &Tensor<T>) -> Tensor<T> {
    let ([h, w], (n, c, ..)) = (spec.out(), x.dim());
    Tensor::from_shape_fn((n, c, h, w), |(n, c, i, j)| spec.cell([i, j], |[p, q]| x[[n, c, p, q]]))
}

/// dy: (N, C, H', W') -> dx: (N, C, H, W). Gathered per input cell over the cells that read it, in row-major order;
/// where there is none, an explicit zero term.
pub fn backward<T: Real>(spec: &Resample2d, dy: &Tensor<T>) -> Tensor<T> {
    let (n, c, ..) = dy.dim();
    Tensor::from_shape_fn((n, c, spec.rows.len, spec.cols.len), |(n, c, p, q)| {
        spec.gradient([p, q], |[i, j]| dy[[n, c, i, j]])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes() -> Vec<ResampleAxis> {
        let mut axes = Vec::new();
        for len in 1..=6 {
            for scale in 1..=4 {
                for by in [Upsampling::Nearest, Upsampling::Bilinear] {
                    axes.extend(ResampleAxis::scaled("a", len, scale, by));
                }
            }
            for (before, behind) in [(0, 0), (1, 2), (3, 0), (0, 4), (5, 5)] {
                for border in [Border::Zero, Border::Reflection, Border::Replication] {
                    axes.extend(ResampleAxis::padded("a", len, [before, behind], border));
                }
            }
        }
        axes
    }

    #[test]
    fn readers_are_those_that_tap_and_ascend() {
        for axis in axes() {
            for p in 0..axis.len {
                let readers: Vec<_> = (0..axis.cover()).filter_map(|s| axis.reader(p, s)).collect();
                let taps = |i: usize| (0..axis.taps()).filter_map(move |a| axis.tap(i, a));
                let expected: Vec<_> = (0..axis.out)
                    .map(|i| (i, taps(i).filter(|(at, _)| *at == p).map(|(_, weight)| weight).sum::<f64>()))
                    .filter(|(_, weight)| *weight > 0.0)
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
}
