//! Max pooling and average pooling.
//!
//! Letters: n image, c channel, (i, j) window, (u, v) tap, (p, q) input position.

use super::{Real, Window};
use crate::tensor::{ShapeError, Tensor};

/// A pooling layer whose window fits its input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Pool2d {
    /// Channels C.
    pub channels: usize,
    /// Where the windows lie; of averages the dilation is 1.
    pub window: Window,
    /// Average only: whether padding counts in the divisor.
    pub count_include_pad: bool,
}

impl Pool2d {
    /// # Errors
    /// Where the padding is more than half the window, or the taps lie further apart than the padded input is long: a
    /// window could lie on padding alone.
    pub fn new(
        name: &str,
        channels: usize,
        window: Window,
        count_include_pad: bool,
    ) -> Result<Self, ShapeError> {
        for axis in [window.rows, window.cols] {
            let padding = axis.padding.max(axis.padding_end);
            if padding > axis.reach() / 2 {
                return Err(ShapeError(format!(
                    "{name}: expected a padding of at most half the kernel ({}), got {padding}; use less padding",
                    axis.reach() / 2,
                )));
            }
            if axis.padding > 0 && axis.dilation > axis.len {
                return Err(ShapeError(format!(
                    "{name}: expected a dilation of at most {}, as far as the input reaches, got {}; use less dilation \
                     or no padding",
                    axis.len, axis.dilation
                )));
            }
        }
        Ok(Self { channels, window, count_include_pad })
    }

    /// At most how many windows reach over one input cell, [rows, columns]: ceil((D(k - 1) + 1) / S).
    pub const fn cover(&self) -> [usize; 2] {
        let (rows, cols) = (self.window.rows, self.window.cols);
        [rows.reach().div_ceil(rows.stride), cols.reach().div_ceil(cols.stride)]
    }

    /// The (s, t)-th of the windows that reach over input cell (p, q), counted from the topmost and
    /// leftmost; `None` where there are fewer, and where none of its taps reads the cell.
    #[inline(always)]
    pub fn reader(&self, [p, q]: [usize; 2], [s, t]: [usize; 2]) -> Option<[usize; 2]> {
        let along = |axis: &super::Axis, p: usize, s: usize| {
            let at = p + axis.padding;
            let i = at.saturating_sub(axis.reach() - 1).div_ceil(axis.stride) + s;
            let reads = |start: usize| start <= at && (at - start).is_multiple_of(axis.dilation);
            (i < axis.out && reads(i * axis.stride)).then_some(i)
        };
        Some([along(&self.window.rows, p, s)?, along(&self.window.cols, q, t)?])
    }

    /// What the sum of window (i, j) is divided by: its taps on the input and its padding, or those on the input.
    pub fn divisor(&self, [i, j]: [usize; 2]) -> usize {
        let (rows, cols) = (self.window.rows, self.window.cols);
        if self.count_include_pad {
            return rows.taps_on_padded(i) * cols.taps_on_padded(j);
        }
        (0..rows.kernel).filter(|&u| rows.tap(i, u).is_some()).count()
            * (0..cols.kernel).filter(|&v| cols.tap(j, v).is_some()).count()
    }
}

/// Whether a candidate takes over from the best so far: strictly greater, so that the first of
/// equals stays; a NaN takes over once, so that it is seen.
#[inline(always)]
pub fn takes_over<T: Real>(candidate: T, best: T) -> bool {
    candidate > best || (candidate.is_nan() && !best.is_nan())
}

/// x: (N, C, H, W) -> y, winner: (N, C, H', W'). `y[n,c,i,j]` is the maximum over (u, v) of the
/// window; padding loses against everything. `winner` holds p * W + q of the first maximum in
/// row-major order.
pub fn max_forward<T: Real>(spec: &Pool2d, x: &Tensor<T>) -> (Tensor<T>, Tensor<T>) {
    let [h_out, w_out] = spec.window.out();
    let dim = (x.dim().0, spec.channels, h_out, w_out);
    let (mut y, mut winner) = (Tensor::zeros(dim), Tensor::zeros(dim));
    for (n, c, i, j) in ndarray::indices(dim) {
        let (mut best, mut at) = (T::neg_infinity(), None);
        for u in 0..spec.window.rows.kernel {
            for v in 0..spec.window.cols.kernel {
                if let Some([p, q]) = spec.window.tap([i, j], [u, v]) {
                    let x = x[[n, c, p, q]];
                    // A window of -inf alone still has a winner: its first cell.
                    if at.is_none() || takes_over(x, best) {
                        (best, at) = (x, Some(p * spec.window.cols.len + q));
                    }
                }
            }
        }
        y[[n, c, i, j]] = best;
        winner[[n, c, i, j]] = T::nearest(at.unwrap_or(0) as f64);
    }
    (y, winner)
}

/// dy, winner: (N, C, H', W') -> dx: (N, C, H, W). Gathered per input cell over the windows that read
/// it, in row-major order: each gives its whole gradient where this cell is its winner, else nothing.
pub fn max_backward<T: Real>(spec: &Pool2d, dy: &Tensor<T>, winner: &Tensor<T>) -> Tensor<T> {
    let (h, w) = (spec.window.rows.len, spec.window.cols.len);
    let mut dx = Tensor::zeros((dy.dim().0, spec.channels, h, w));
    for ((n, c, p, q), dx) in dx.indexed_iter_mut() {
        let [rows, cols] = spec.cover();
        for s in 0..rows {
            for t in 0..cols {
                if let Some([i, j]) = spec.reader([p, q], [s, t])
                    && winner[[n, c, i, j]] == T::nearest((p * w + q) as f64)
                {
                    *dx = *dx + dy[[n, c, i, j]];
                }
            }
        }
    }
    dx
}

/// x: (N, C, H, W) -> y: (N, C, H', W'), `y[n,c,i,j] = (sum over u, v of x) / count`; taps on padding
/// are explicit zero terms.
pub fn avg_forward<T: Real>(spec: &Pool2d, x: &Tensor<T>) -> Tensor<T> {
    let [h_out, w_out] = spec.window.out();
    Tensor::from_shape_fn((x.dim().0, spec.channels, h_out, w_out), |(n, c, i, j)| {
        let mut sum = T::zero();
        for u in 0..spec.window.rows.kernel {
            for v in 0..spec.window.cols.kernel {
                let tap = spec.window.tap([i, j], [u, v]);
                sum = sum + tap.map_or(T::zero(), |[p, q]| x[[n, c, p, q]]);
            }
        }
        sum / T::nearest(spec.divisor([i, j]) as f64)
    })
}

/// dy: (N, C, H', W') -> ds: (N, C, H', W'), the gradient of the sum before its division.
pub fn avg_backward_sum<T: Real>(spec: &Pool2d, dy: &Tensor<T>) -> Tensor<T> {
    let mut ds = dy.clone();
    for ((_, _, i, j), ds) in ds.indexed_iter_mut() {
        *ds = *ds / T::nearest(spec.divisor([i, j]) as f64);
    }
    ds
}

/// ds: (N, C, H', W') -> dx: (N, C, H, W): each input cell gathers ds of the windows that read it,
/// in row-major order; where there is none, an explicit zero term.
pub fn avg_backward_input<T: Real>(spec: &Pool2d, ds: &Tensor<T>) -> Tensor<T> {
    let dim = (ds.dim().0, spec.channels, spec.window.rows.len, spec.window.cols.len);
    Tensor::from_shape_fn(dim, |(n, c, p, q)| {
        let mut sum = T::zero();
        let [rows, cols] = spec.cover();
        for s in 0..rows {
            for t in 0..cols {
                let window = spec.reader([p, q], [s, t]);
                sum = sum + window.map_or(T::zero(), |[i, j]| ds[[n, c, i, j]]);
            }
        }
        sum
    })
}
