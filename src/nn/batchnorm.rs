//! Batch normalisation: Ioffe & Szegedy 2015, algorithm 1. Normalises by the biased variance; the
//! running variance takes the unbiased one (PyTorch's convention).
//!
//! Letters: n image, c channel, (i, j) position, M = N * H * W.

use super::Real;
use crate::tensor::Tensor;

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
    let count = T::nearest((images * h * w) as f64);
    let fold = |c: usize, add: &dyn Fn(T, T) -> T| {
        let mut sum = T::zero();
        for n in 0..images {
            for i in 0..h {
                for j in 0..w {
                    sum = add(sum, x[[n, c, i, j]]);
                }
            }
        }
        sum / count
    };
    let mean = Tensor::from_shape_fn((1, channels, 1, 1), |(_, c, _, _)| fold(c, &|sum, x| sum + x));
    let var = Tensor::from_shape_fn((1, channels, 1, 1), |(_, c, _, _)| {
        let mean = mean[[0, c, 0, 0]];
        fold(c, &|sum, x| (x - mean).mul_add(x - mean, sum))
    });
    (mean, var)
}

/// var: (1, C, 1, 1) -> 1 / sqrt(var + eps).
pub fn inv_std<T: Real>(spec: &BatchNorm2d, var: &Tensor<T>) -> Tensor<T> {
    var.mapv(|var| (var + T::nearest(spec.eps)).sqrt().recip())
}

/// x: (N, C, H, W) -> xhat: (N, C, H, W), `(x - mean[c]) * inv_std[c]`.
pub fn normalise<T: Real>(x: &Tensor<T>, mean: &Tensor<T>, inv_std: &Tensor<T>) -> Tensor<T> {
    let mut xhat = x.clone();
    for ((_, c, _, _), x) in xhat.indexed_iter_mut() {
        *x = (*x - mean[[0, c, 0, 0]]) * inv_std[[0, c, 0, 0]];
    }
    xhat
}

/// xhat: (N, C, H, W), gamma, beta: (1, C, 1, 1) -> y = xhat * gamma + beta.
pub fn scale_shift<T: Real>(xhat: &Tensor<T>, gamma: &Tensor<T>, beta: &Tensor<T>) -> Tensor<T> {
    let mut y = xhat.clone();
    for ((_, c, _, _), y) in y.indexed_iter_mut() {
        *y = y.mul_add(gamma[[0, c, 0, 0]], T::zero()) + beta[[0, c, 0, 0]];
    }
    y
}

/// dy, xhat: (N, C, H, W) -> dgamma += sum of dy * xhat over n, i, j: (1, C, 1, 1).
pub fn backward_gamma<T: Real>(dy: &Tensor<T>, xhat: &Tensor<T>, dgamma: &mut Tensor<T>) {
    for ((n, c, i, j), &dy) in dy.indexed_iter() {
        dgamma[[0, c, 0, 0]] = dy.mul_add(xhat[[n, c, i, j]], dgamma[[0, c, 0, 0]]);
    }
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
    let count = T::nearest((images * h * w) as f64);
    Tensor::from_shape_fn(dy.dim(), |(n, c, i, j)| {
        let k = [0, c, 0, 0];
        let mean = (dgamma[k].mul_add(xhat[[n, c, i, j]], T::zero()) + dbeta[k]) / count;
        (dy[[n, c, i, j]] - mean) * gamma[k] * inv_std[k]
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
