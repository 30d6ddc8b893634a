//! The fully connected layer. A volume (C, H, W) is read as a vector in C, H, W order.
//!
//! Letters: n image, o output feature, f input feature.

use super::{
    Real, as_f32, as_f32_mut,
    engine::Workers,
    kernels::{Isa, fused, tensors},
};
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
///
/// For f32 by the fast path, which gives the bits of [`forward_definition`].
pub fn forward<T: Real>(
    workers: &dyn Workers,
    spec: &Dense,
    x: &Tensor<T>,
    w: &Tensor<T>,
    b: Option<&Tensor<T>>,
) -> Tensor<T> {
    let mut y = Tensor::zeros((x.dim().0, spec.out_features, 1, 1));
    match (as_f32(x), as_f32(w), as_f32_mut(&mut y)) {
        (Some(x), Some(w), Some(y)) => {
            tensors::dense_forward(Isa::best(), workers, spec, x, w, b.and_then(as_f32), y);
        }
        _ => return forward_definition(spec, x, w, b),
    }
    y
}

/// The definition of [`forward`].
pub fn forward_definition<T: Real>(
    spec: &Dense,
    x: &Tensor<T>,
    w: &Tensor<T>,
    b: Option<&Tensor<T>>,
) -> Tensor<T> {
    let x_rows = rows(x, spec.in_features);
    let mut y = Tensor::zeros((x.dim().0, spec.out_features, 1, 1));
    fused(|| {
        for ((n, o, _, _), y) in y.indexed_iter_mut() {
            let mut sum = T::zero();
            for f in 0..spec.in_features {
                sum = x_rows[n * spec.in_features + f].mul_add(w[[o, f, 0, 0]], sum);
            }
            *y = b.map_or(sum, |b| sum + b[[0, o, 0, 0]]);
        }
    });
    y
}

/// x: (N, F), dy: (N, O, 1, 1) -> dw += (O, F, 1, 1): `dw[o,f] += sum over n of dy[n,o] * x[n,f]`.
///
/// For f32 by the fast path, which gives the bits of [`backward_weight_definition`].
pub fn backward_weight<T: Real>(
    workers: &dyn Workers,
    spec: &Dense,
    x: &Tensor<T>,
    dy: &Tensor<T>,
    dw: &mut Tensor<T>,
) {
    match (as_f32(x), as_f32(dy), as_f32_mut(dw)) {
        (Some(x), Some(dy), Some(dw)) => {
            tensors::dense_backward_weight(Isa::best(), workers, spec, x, dy, dw)
        }
        _ => backward_weight_definition(spec, x, dy, dw),
    }
}

/// The definition of [`backward_weight`].
pub fn backward_weight_definition<T: Real>(spec: &Dense, x: &Tensor<T>, dy: &Tensor<T>, dw: &mut Tensor<T>) {
    let x_rows = rows(x, spec.in_features);
    fused(|| {
        for ((o, f, _, _), dw) in dw.indexed_iter_mut() {
            for n in 0..dy.dim().0 {
                *dw = dy[[n, o, 0, 0]].mul_add(x_rows[n * spec.in_features + f], *dw);
            }
        }
    });
}

/// dy: (N, O, 1, 1), w: (O, F, 1, 1) -> dx: the shape of x, `dx[n,f] = sum over o of dy[n,o] * w[o,f]`.
///
/// For f32 by the fast path, which gives the bits of [`backward_input_definition`].
pub fn backward_input<T: Real>(
    workers: &dyn Workers,
    spec: &Dense,
    dy: &Tensor<T>,
    w: &Tensor<T>,
    [c, h, w_in]: [usize; 3],
) -> Tensor<T> {
    let mut dx = Tensor::zeros((dy.dim().0, c, h, w_in));
    match (as_f32(dy), as_f32(w), as_f32_mut(&mut dx)) {
        (Some(dy), Some(w), Some(dx)) => tensors::dense_backward_input(Isa::best(), workers, spec, dy, w, dx),
        _ => return backward_input_definition(spec, dy, w, [c, h, w_in]),
    }
    dx
}

/// The definition of [`backward_input`].
pub fn backward_input_definition<T: Real>(
    spec: &Dense,
    dy: &Tensor<T>,
    w: &Tensor<T>,
    [c, h, w_in]: [usize; 3],
) -> Tensor<T> {
    let mut dx = Tensor::zeros((dy.dim().0, c, h, w_in));
    fused(|| {
        for ((n, c, p, q), dx) in dx.indexed_iter_mut() {
            let f = (c * h + p) * w_in + q;
            for o in 0..spec.out_features {
                *dx = dy[[n, o, 0, 0]].mul_add(w[[o, f, 0, 0]], *dx);
            }
        }
    });
    dx
}
