//! Batch normalisation: Ioffe & Szegedy 2015, algorithm 1. Normalises by the biased variance; the
//! running variance takes the unbiased one (PyTorch's convention). Scale, shift and their gradients are in
//! [`super::norm`].
//!
//! Letters: n image, c channel, (i, j) position, M = N * H * W.

use super::{Real, norm};
use crate::tensor::Tensor;
use ndarray::Axis;

/// A batch normalisation layer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BatchNorm2d {
    /// Channels C.
    pub channels: usize,
    /// Added to the variance.
    pub eps: f64,
    /// Weight of the batch in the running statistics.
    pub momentum: f64,
}

/// x: (N, C, H, W) -> mean, var: (1, C, 1, 1) of the batch; var is the biased one.
pub fn statistics<T: Real>(x: &Tensor<T>) -> (Tensor<T>, Tensor<T>) {
    let (images, channels, h, w) = x.dim();
    let count = images * h * w;
    let cells = |c: usize| x.index_axis(Axis(1), c);
    let mean = Tensor::from_shape_fn((1, channels, 1, 1), |(_, c, _, _)| norm::mean(cells(c).iter(), count));
    let var = Tensor::from_shape_fn((1, channels, 1, 1), |(_, c, _, _)| {
        norm::variance(cells(c).iter(), mean[[0, c, 0, 0]], count)
    });
    (mean, var)
}

/// var: (1, C, 1, 1) -> 1 / sqrt(var + eps).
pub fn inv_std<T: Real>(spec: &BatchNorm2d, var: &Tensor<T>) -> Tensor<T> {
    var.mapv(|var| norm::inv_std(var, spec.eps))
}

/// x: (N, C, H, W) -> xhat: (N, C, H, W), `(x - mean[c]) * inv_std[c]`.
pub fn normalise<T: Real>(x: &Tensor<T>, mean: &Tensor<T>, inv_std: &Tensor<T>) -> Tensor<T> {
    let mut xhat = x.clone();
    for ((_, c, _, _), x) in xhat.indexed_iter_mut() {
        *x = norm::normalised(*x, mean[[0, c, 0, 0]], inv_std[[0, c, 0, 0]]);
    }
    xhat
}

/// Evaluation: the statistics are constants, dx = dy * gamma * inv_std.
pub fn backward_input_eval<T: Real>(dy: &Tensor<T>, gamma: &Tensor<T>, inv_std: &Tensor<T>) -> Tensor<T> {
    let mut dx = dy.clone();
    for ((_, c, _, _), dx) in dx.indexed_iter_mut() {
        *dx = *dx * gamma[[0, c, 0, 0]] * inv_std[[0, c, 0, 0]];
    }
    dx
}

/// Training: dx = (dy - (dgamma * xhat + dbeta) / M) * gamma * inv_std, with the batch's own dgamma
/// and dbeta.
pub fn backward_input_train<T: Real>(
    dy: &Tensor<T>,
    xhat: &Tensor<T>,
    gamma: &Tensor<T>,
    inv_std: &Tensor<T>,
    dgamma: &Tensor<T>,
    dbeta: &Tensor<T>,
) -> Tensor<T> {
    let (images, _, h, w) = dy.dim();
    Tensor::from_shape_fn(dy.dim(), |(n, c, i, j)| {
        let (at, k) = ([n, c, i, j], [0, c, 0, 0]);
        norm::centred(dy[at], xhat[at], [dgamma[k], dbeta[k]], images * h * w) * gamma[k] * inv_std[k]
    })
}

/// The running statistic after a batch: `running * (1 - momentum) + momentum * batch`; for the variance
/// `unbias` is M / (M - 1), for the mean 1.
pub fn running<T: Real>(
    spec: &BatchNorm2d,
    running: &Tensor<T>,
    batch: &Tensor<T>,
    unbias: f64,
) -> Tensor<T> {
    let mut after = running.clone();
    for (after, &batch) in after.iter_mut().zip(batch) {
        *after = running_cell(spec, *after, batch, unbias);
    }
    after
}

/// The same for one channel.
pub fn running_cell<T: Real>(spec: &BatchNorm2d, running: T, batch: T, unbias: f64) -> T {
    T::nearest(spec.momentum * unbias).mul_add(batch, running * T::nearest(1.0 - spec.momentum))
}

/// M / (M - 1), or 1 where M is 1.
pub fn unbias(count: usize) -> f64 {
    if count > 1 { count as f64 / (count - 1) as f64 } else { 1.0 }
}
