//! What the normalisations have in common, cell by cell: the mean and variance of some cells, the normalised value, its
//! scale and shift, and their gradients. Which cells are normalised together is said in [`super::batchnorm`] and
//! [`super::group_norm`].
//!
//! Letters: n image, c channel, (i, j) position, M the number of cells that are normalised together.

use super::Real;
use crate::tensor::Tensor;

/// The mean of M cells, added up in order.
pub fn mean<'a, T: Real>(cells: impl Iterator<Item = &'a T>, count: usize) -> T {
    cells.fold(T::zero(), |sum, &x| sum + x) / T::nearest(count as f64)
}

/// Their biased variance.
pub fn variance<'a, T: Real>(cells: impl Iterator<Item = &'a T>, mean: T, count: usize) -> T {
    cells.fold(T::zero(), |sum, &x| (x - mean).mul_add(x - mean, sum)) / T::nearest(count as f64)
}

/// 1 / sqrt(var + eps).
pub fn inv_std<T: Real>(var: T, eps: f64) -> T {
    (var + T::nearest(eps)).sqrt().recip()
}

/// The normalised value: (x - mean) * inv_std.
pub fn normalised<T: Real>(x: T, mean: T, inv_std: T) -> T {
    (x - mean) * inv_std
}

/// A gradient without what the mean and the variance take of it: dy - (dot * xhat + sum) / M, where sum is that of the
/// gradients of the M cells and dot that of the gradients times the normalised values.
pub fn centred<T: Real>(dy: T, xhat: T, [dot, sum]: [T; 2], count: usize) -> T {
    dy - (dot.mul_add(xhat, T::zero()) + sum) / T::nearest(count as f64)
}

/// The cell of a parameter, (1, C, 1, 1) or (1, C, H, W), that goes with cell (c, i, j) of an image.
fn own<T>(param: &Tensor<T>, [c, i, j]: [usize; 3]) -> [usize; 4] {
    let (_, _, h, w) = param.dim();
    [0, c, i.min(h - 1), j.min(w - 1)]
}

/// xhat: (N, C, H, W), gamma, beta: (1, C, 1, 1) or (1, C, H, W) -> y = xhat * gamma + beta.
pub fn scale_shift<T: Real>(xhat: &Tensor<T>, gamma: &Tensor<T>, beta: &Tensor<T>) -> Tensor<T> {
    let mut y = xhat.clone();
    for ((_, c, i, j), y) in y.indexed_iter_mut() {
        let k = own(gamma, [c, i, j]);
        *y = y.mul_add(gamma[k], T::zero()) + beta[k];
    }
    y
}

/// dy: (N, C, H, W), gamma as in [`scale_shift`] -> dy * gamma, the gradient of the normalised values.
pub fn scaled<T: Real>(dy: &Tensor<T>, gamma: &Tensor<T>) -> Tensor<T> {
    let mut dxhat = dy.clone();
    for ((_, c, i, j), dy) in dxhat.indexed_iter_mut() {
        *dy = *dy * gamma[own(gamma, [c, i, j])];
    }
    dxhat
}

/// dy, xhat: (N, C, H, W) -> dgamma += the sum of dy * xhat over the images and, for one number per channel, i and j.
pub fn backward_gamma<T: Real>(dy: &Tensor<T>, xhat: &Tensor<T>, dgamma: &mut Tensor<T>) {
    for ((n, c, i, j), &dy) in dy.indexed_iter() {
        let k = own(dgamma, [c, i, j]);
        dgamma[k] = dy.mul_add(xhat[[n, c, i, j]], dgamma[k]);
    }
}

/// dy: (N, C, H, W) -> dbeta += the sum of dy over the same cells.
pub fn backward_beta<T: Real>(dy: &Tensor<T>, dbeta: &mut Tensor<T>) {
    for ((_, c, i, j), &dy) in dy.indexed_iter() {
        let k = own(dbeta, [c, i, j]);
        dbeta[k] = dbeta[k] + dy;
    }
}
