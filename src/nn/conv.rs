//! Convolution: y = w * x + b, its weight, bias and input gradients.
//!
//! Letters: n image, o output channel, c input channel within its group, (i, j) window,
//! (u, v) tap, (p, q) input position. K = kh * kw * C / groups.

use super::{Real, Window};
use crate::tensor::{ShapeError, Tensor};
use std::ops::Range;

/// A convolution whose numbers fit its input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Conv2d {
    /// Input channels C.
    pub in_channels: usize,
    /// Output channels O.
    pub out_channels: usize,
    /// Groups: output channel o reads the C/groups input channels of its own group.
    pub groups: usize,
    /// Where the windows lie.
    pub window: Window,
    /// Whether a bias is added.
    pub bias: bool,
    /// Whether the sum is divided by the number of filter pixels K, as in a pattern-matching score.
    pub normalize: bool,
}

impl Conv2d {
    /// # Errors
    /// Where the channels cannot be divided into the groups.
    pub fn new(
        name: &str,
        in_channels: usize,
        out_channels: usize,
        groups: usize,
        window: Window,
        bias: bool,
        normalize: bool,
    ) -> Result<Self, ShapeError> {
        if out_channels == 0 {
            return Err(ShapeError(format!(
                "{name}: expected out_channels of at least 1, got 0; set out_channels = 1"
            )));
        }
        if groups == 0 || !in_channels.is_multiple_of(groups) || !out_channels.is_multiple_of(groups) {
            return Err(ShapeError(format!(
                "{name}: expected groups to divide {in_channels} input and {out_channels} output channels, got \
                 groups = {groups}; set groups = 1 or change out_channels"
            )));
        }
        Ok(Self { in_channels, out_channels, groups, window, bias, normalize })
    }

    /// Input channels of one group, C / groups.
    pub const fn group_in(&self) -> usize {
        self.in_channels / self.groups
    }

    /// Output channels of one group, O / groups.
    pub const fn group_out(&self) -> usize {
        self.out_channels / self.groups
    }

    /// The input channels that output channel `o` reads: those of its group.
    pub const fn inputs_of(&self, o: usize) -> Range<usize> {
        let first = o / self.group_out() * self.group_in();
        first..first + self.group_in()
    }

    /// The output channels that read input channel `c`: those of its group.
    pub const fn outputs_of(&self, c: usize) -> Range<usize> {
        let first = c / self.group_in() * self.group_out();
        first..first + self.group_out()
    }

    /// The number of filter pixels K = kh * kw * C / groups.
    pub const fn filter_pixels(&self) -> usize {
        self.group_in() * self.window.taps()
    }

    /// Weight shape (O, C/groups, kh, kw).
    pub const fn weight_shape(&self) -> [usize; 4] {
        [self.out_channels, self.group_in(), self.window.rows.kernel, self.window.cols.kernel]
    }
}

/// x: (N, C, H, W), w: (O, C/groups, kh, kw), b: (1, O, 1, 1) -> y: (N, O, H', W').
///
/// `y[n,o,i,j] = (sum over c, u, v of x[n, c, iS + uD - P, jS + vD - P] * w[o,c,u,v]) (/ K) + b[o]`;
/// taps on padding are explicit zero terms.
#[inline(always)]
pub fn forward<T: Real>(spec: &Conv2d, x: &Tensor<T>, w: &Tensor<T>, b: Option<&Tensor<T>>) -> Tensor<T> {
    let [h_out, w_out] = spec.window.out();
    let (kh, kw) = (spec.window.rows.kernel, spec.window.cols.kernel);
    let mut y = Tensor::zeros((x.dim().0, spec.out_channels, h_out, w_out));
    for ((n, o, i, j), y) in y.indexed_iter_mut() {
        let first = spec.inputs_of(o).start;
        let mut sum = T::zero();
        for c in 0..spec.group_in() {
            for u in 0..kh {
                for v in 0..kw {
                    let tap = spec.window.tap([i, j], [u, v]);
                    let x = tap.map_or(T::zero(), |[p, q]| x[[n, first + c, p, q]]);
                    sum = x.mul_add(w[[o, c, u, v]], sum);
                }
            }
        }
        if spec.normalize {
            sum = sum / T::nearest(spec.filter_pixels() as f64);
        }
        *y = b.map_or(sum, |b| sum + b[[0, o, 0, 0]]);
    }
    y
}

/// dy: (N, O, H', W') -> ds: (N, O, H', W'), the gradient of the sum before its division: ds = dy / K.
/// Only where the convolution normalizes; else the sum's gradient is dy itself.
pub fn backward_sum<T: Real>(spec: &Conv2d, dy: &Tensor<T>) -> Tensor<T> {
    dy.mapv(|dy| dy / T::nearest(spec.filter_pixels() as f64))
}

/// x: (N, C, H, W), ds: (N, O, H', W') -> dw += (O, C/groups, kh, kw).
///
/// `dw[o,c,u,v] += sum over n, i, j of ds[n,o,i,j] * x[n, c, iS + uD - P, jS + vD - P]`, continuing
/// the fold from what `dw` holds: positions within an image, then images in batch order.
#[inline(always)]
pub fn backward_weight<T: Real>(spec: &Conv2d, x: &Tensor<T>, ds: &Tensor<T>, dw: &mut Tensor<T>) {
    let [h_out, w_out] = spec.window.out();
    for ((o, c, u, v), dw) in dw.indexed_iter_mut() {
        let channel = spec.inputs_of(o).start + c;
        for n in 0..x.dim().0 {
            for i in 0..h_out {
                for j in 0..w_out {
                    let tap = spec.window.tap([i, j], [u, v]);
                    let x = tap.map_or(T::zero(), |[p, q]| x[[n, channel, p, q]]);
                    *dw = ds[[n, o, i, j]].mul_add(x, *dw);
                }
            }
        }
    }
}

/// dy: (N, O, H', W') -> db += (1, O, 1, 1): `db[o] += sum over n, i, j of dy[n,o,i,j]`.
pub fn backward_bias<T: Real>(dy: &Tensor<T>, db: &mut Tensor<T>) {
    for ((n, o, i, j), _) in dy.indexed_iter() {
        db[[0, o, 0, 0]] = db[[0, o, 0, 0]] + dy[[n, o, i, j]];
    }
}

/// ds: (N, O, H', W'), w: (O, C/groups, kh, kw) -> dx: (N, C, H, W).
///
/// Gathered per input cell: `dx[n,c,p,q] = sum over o, u, v of ds[n,o,i,j] * w[o,c,u,v]` with
/// i = (p + P - uD)/S, j likewise; where that is not a window, an explicit zero term. This is the
/// convolution of the padded, stride-dilated ds with the flipped filter.
#[inline(always)]
pub fn backward_input<T: Real>(spec: &Conv2d, ds: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
    let (kh, kw) = (spec.window.rows.kernel, spec.window.cols.kernel);
    let mut dx = Tensor::zeros((ds.dim().0, spec.in_channels, spec.window.rows.len, spec.window.cols.len));
    for ((n, c, p, q), dx) in dx.indexed_iter_mut() {
        for o in spec.outputs_of(c) {
            for u in 0..kh {
                for v in 0..kw {
                    let window = spec.window.window_of([p, q], [u, v]);
                    let ds = window.map_or(T::zero(), |[i, j]| ds[[n, o, i, j]]);
                    *dx = ds.mul_add(w[[o, c % spec.group_in(), u, v]], *dx);
                }
            }
        }
    }
    dx
}
