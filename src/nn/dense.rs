//! The fully connected layer. A volume (C, H, W) is read as a vector in C, H, W order.
//!
//! Letters: n image, o output feature, f input feature.

use super::Real;
use crate::tensor::Tensor;

/// A dense layer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Dense {
    /// Input features F = C * H * W.
    pub in_features: usize,
    /// Output features O.
    pub out_features: usize,
    /// Whether a bias is added.
    pub bias: bool,
}

/// The rows (N, F) of a tensor in memory order.
fn rows<T: Real>(x: &Tensor<T>, features: usize) -> Vec<T> {
    debug_assert_eq!(x.len() % features, 0);
    x.iter().copied().collect()
}

/// x: (N, C, H, W) with F = C * H * W, w: (O, F, 1, 1), b: (1, O, 1, 1) -> y: (N, O, 1, 1),
/// `y[n,o] = (sum over f of x[n,f] * w[o,f]) + b[o]`.
#[inline(always)]
pub fn forward<T: Real>(spec: &Dense, x: &Tensor<T>, w: &Tensor<T>, b: Option<&Tensor<T>>) -> Tensor<T> {
    let x_rows = rows(x, spec.in_features);
    let mut y = Tensor::zeros((x.dim().0, spec.out_features, 1, 1));
    for ((n, o, _, _), y) in y.indexed_iter_mut() {
        let mut sum = T::zero();
        for f in 0..spec.in_features {
            sum = x_rows[n * spec.in_features + f].mul_add(w[[o, f, 0, 0]], sum);
        }
        *y = b.map_or(sum, |b| sum + b[[0, o, 0, 0]]);
    }
    y
}

/// x: (N, F), dy: (N, O, 1, 1) -> dw += (O, F, 1, 1): `dw[o,f] += sum over n of dy[n,o] * x[n,f]`.
#[inline(always)]
pub fn backward_weight<T: Real>(spec: &Dense, x: &Tensor<T>, dy: &Tensor<T>, dw: &mut Tensor<T>) {
    let x_rows = rows(x, spec.in_features);
    for ((o, f, _, _), dw) in dw.indexed_iter_mut() {
        for n in 0..dy.dim().0 {
            *dw = dy[[n, o, 0, 0]].mul_add(x_rows[n * spec.in_features + f], *dw);
        }
    }
}

/// dy: (N, O, 1, 1), w: (O, F, 1, 1) -> dx: the shape of x, `dx[n,f] = sum over o of dy[n,o] * w[o,f]`.
#[inline(always)]
pub fn backward_input<T: Real>(
    spec: &Dense,
    dy: &Tensor<T>,
    w: &Tensor<T>,
    [c, h, w_in]: [usize; 3],
) -> Tensor<T> {
    let mut dx = Tensor::zeros((dy.dim().0, c, h, w_in));
    for ((n, c, p, q), dx) in dx.indexed_iter_mut() {
        let f = (c * h + p) * w_in + q;
        for o in 0..spec.out_features {
            *dx = dy[[n, o, 0, 0]].mul_add(w[[o, f, 0, 0]], *dx);
        }
    }
    dx
}
