//! Transposed convolution: a convolution's input gradient as a layer of its own. Each input cell stamps its weighted
//! filter on the output; each output cell gathers the stamps that reach it.
//!
//! Letters: n image, c input channel, o output channel within its group, (p, q) input position, (u, v) tap, (i, j)
//! output position. The weight is (C, O/groups, kh, kw), as PyTorch has it.

use super::{
    Real, WindowNumbers,
    conv::{self, Conv2d},
    geometry::{Axis, Window},
};
use crate::tensor::{ShapeError, Tensor};

/// A transposed convolution whose numbers fit its input.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ConvTranspose2d {
    /// The convolution that it transposes, from this layer's output y, its O channels, to its input x: a window for each
    /// input cell lies on the output. It has no bias.
    pub conv: Conv2d,
    /// Whether a bias is added.
    pub bias: bool,
}

impl ConvTranspose2d {
    /// On an input of extents [C, H, W].
    ///
    /// # Errors
    /// Where the channels cannot be divided into the groups, or the output would have no cell.
    pub fn new(
        name: &str,
        [in_channels, h, w]: [usize; 3],
        out_channels: usize,
        groups: usize,
        numbers: &WindowNumbers,
        output_padding: [usize; 2],
        bias: bool,
    ) -> Result<Self, ShapeError> {
        let window = Window::transposed(name, [h, w], numbers, output_padding)?;
        // Its own channels first, so that a message names them the right way round.
        Conv2d::new(name, in_channels, out_channels, groups, window, bias, false)?;
        let conv = Conv2d::new(name, out_channels, in_channels, groups, window, false, false)?;
        Ok(Self { conv, bias })
    }

    /// Input channels C.
    #[expect(clippy::misnamed_getters, reason = "the convolution goes the other way")]
    pub const fn in_channels(&self) -> usize {
        self.conv.out_channels
    }

    /// Output channels O.
    #[expect(clippy::misnamed_getters, reason = "the convolution goes the other way")]
    pub const fn out_channels(&self) -> usize {
        self.conv.in_channels
    }

    /// Terms of one output cell's sum: the taps of the filters of the input channels of its group.
    pub const fn filter_pixels(&self) -> usize {
        self.conv.group_out() * self.conv.window.taps()
    }

    /// Rows or columns at the end that output_padding adds.
    pub const fn output_padding(axis: &Axis) -> usize {
        axis.padded() - (axis.out - 1) * axis.stride - axis.reach()
    }
}

/// x: (N, C, h, w), w: (C, O/groups, kh, kw), b: (1, O, 1, 1) -> y: (N, O, H, W).
///
/// Gathered per output cell: `y[n,o,i,j] = sum over c, u, v of x[n,c,p,q] * w[c,o,u,v] + b[o]` with p = (i + P - uD)/S,
/// q likewise; where that is not an input cell, an explicit zero term.
pub fn forward<T: Real>(
    spec: &ConvTranspose2d,
    x: &Tensor<T>,
    w: &Tensor<T>,
    b: Option<&Tensor<T>>,
) -> Tensor<T> {
    with_bias(conv::backward_input(&spec.conv, x, w), b)
}

/// sum: (N, O, H, W) -> y: `y[n,o,i,j] = sum[n,o,i,j] + b[o]`.
pub fn with_bias<T: Real>(mut sum: Tensor<T>, b: Option<&Tensor<T>>) -> Tensor<T> {
    if let Some(b) = b {
        for ((_, o, ..), sum) in sum.indexed_iter_mut() {
            *sum = *sum + b[[0, o, 0, 0]];
        }
    }
    sum
}

/// x: (N, C, h, w), dy: (N, O, H, W) -> dw += (C, O/groups, kh, kw).
///
/// `dw[c,o,u,v] += sum over n, p, q of x[n,c,p,q] * dy[n, o, pS + uD - P, qS + vD - P]`, continuing the fold from what
/// `dw` holds: positions within an image, then images in batch order.
pub fn backward_weight<T: Real>(spec: &ConvTranspose2d, x: &Tensor<T>, dy: &Tensor<T>, dw: &mut Tensor<T>) {
    conv::backward_weight(&spec.conv, dy, x, dw);
}

/// dy: (N, O, H, W), w: (C, O/groups, kh, kw) -> dx: (N, C, h, w), an ordinary convolution:
/// `dx[n,c,p,q] = sum over o, u, v of dy[n, o, pS + uD - P, qS + vD - P] * w[c,o,u,v]`.
pub fn backward_input<T: Real>(spec: &ConvTranspose2d, dy: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
    conv::forward(&spec.conv, dy, w, None)
}
