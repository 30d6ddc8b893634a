//! Softmax over the channels, in four stages: maximum, shifted exponential, sum, quotient.
//!
//! Letters: n image, c channel, (i, j) position.

use super::{Real, pool::takes_over};
use crate::tensor::Tensor;

/// The tensors that softmax makes on its way.
pub struct Softmax<T> {
    /// (N, 1, H, W): the largest x over the channels.
    pub max: Tensor<T>,
    /// (N, C, H, W): x - max, so that the exponential cannot overflow.
    pub shift: Tensor<T>,
    /// (N, C, H, W): exp(shift).
    pub exp: Tensor<T>,
    /// (N, 1, H, W): the sum of exp over the channels.
    pub sum: Tensor<T>,
    /// (N, C, H, W): exp / sum.
    pub out: Tensor<T>,
}

/// x: (N, C, H, W) -> y: (N, C, H, W), `y[n,c,i,j] = exp(x - max) / (sum over c of exp(x - max))`.
pub fn forward<T: Real>(x: &Tensor<T>) -> Softmax<T> {
    let (n, channels, h, w) = x.dim();
    let max = Tensor::from_shape_fn((n, 1, h, w), |(n, _, i, j)| {
        let x = (0..channels).map(|c| x[[n, c, i, j]]);
        x.fold(T::neg_infinity(), |best, x| if takes_over(x, best) { x } else { best })
    });
    let shift = Tensor::from_shape_fn(x.dim(), |(n, c, i, j)| x[[n, c, i, j]] - max[[n, 0, i, j]]);
    let exp = shift.mapv(T::exp);
    let sum = Tensor::from_shape_fn((n, 1, h, w), |(n, _, i, j)| {
        (0..channels).fold(T::zero(), |sum, c| sum + exp[[n, c, i, j]])
    });
    let out = Tensor::from_shape_fn(x.dim(), |(n, c, i, j)| exp[[n, c, i, j]] / sum[[n, 0, i, j]]);
    Softmax { max, shift, exp, sum, out }
}

/// dy, y: (N, C, H, W) -> dot: (N, 1, H, W), dx: (N, C, H, W): `dot = sum over c of dy * y`,
/// `dx = (dy - dot) * y`.
pub fn backward<T: Real>(dy: &Tensor<T>, y: &Tensor<T>) -> (Tensor<T>, Tensor<T>) {
    let (n, channels, h, w) = y.dim();
    let dot = Tensor::from_shape_fn((n, 1, h, w), |(n, _, i, j)| {
        (0..channels).fold(T::zero(), |sum, c| dy[[n, c, i, j]].mul_add(y[[n, c, i, j]], sum))
    });
    let dx = Tensor::from_shape_fn(y.dim(), |(n, c, i, j)| {
        (dy[[n, c, i, j]] - dot[[n, 0, i, j]]) * y[[n, c, i, j]]
    });
    (dot, dx)
}
