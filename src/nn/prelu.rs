//! PReLU, a ReLU whose slope for negative inputs is learned: He et al. 2015, "Delving Deep into Rectifiers", equation 1.
//! One slope serves all channels, or each has its own.
//!
//! Letters: n image, c channel, (i, j) position, a slope.

use super::Real;
use crate::tensor::Tensor;

/// A PReLU.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PRelu {
    /// Extents [C, H, W] of the input and of the output.
    pub extents: [usize; 3],
    /// 1, or as many as there are channels.
    pub slopes: usize,
}

impl PRelu {
    /// Its name, the same in all languages.
    pub const TITLE: &str = "PReLU";
    /// What a slope starts with.
    pub const INITIAL: f64 = 0.25;

    /// Cells of an image that have the same slope; they lie one after the other.
    pub const fn run(&self) -> usize {
        self.extents[0] * self.extents[1] * self.extents[2] / self.slopes
    }

    /// The number of a channel's slope.
    pub const fn slope_of(&self, c: usize) -> usize {
        if self.slopes == 1 { 0 } else { c }
    }
}

/// The slope at x: 1 where x > 0, else a.
#[inline(always)]
pub fn slope<T: Real>(x: T, a: T) -> T {
    if x > T::zero() { T::one() } else { a }
}

/// What the slope a multiplies: 0 where x > 0, else x.
#[inline(always)]
pub fn negative<T: Real>(x: T) -> T {
    if x > T::zero() { T::zero() } else { x }
}

/// x: (N, C, H, W), a: (1, C, 1, 1) or (1, 1, 1, 1) -> y = slope(x, a) * x.
pub fn forward<T: Real>(spec: &PRelu, x: &Tensor<T>, a: &Tensor<T>) -> Tensor<T> {
    let mut y = x.clone();
    for ((_, c, _, _), x) in y.indexed_iter_mut() {
        *x = slope(*x, a[[0, spec.slope_of(c), 0, 0]]) * *x;
    }
    y
}

/// x, dy: (N, C, H, W) -> da += the sum of dy * negative(x) over n, i, j and, where there is one slope, c.
pub fn backward_slope<T: Real>(spec: &PRelu, dy: &Tensor<T>, x: &Tensor<T>, da: &mut Tensor<T>) {
    for ((n, c, i, j), &dy) in dy.indexed_iter() {
        let k = [0, spec.slope_of(c), 0, 0];
        da[k] = dy.mul_add(negative(x[[n, c, i, j]]), da[k]);
    }
}

/// dy, x: (N, C, H, W) -> dx = slope(x, a) * dy. It serves for how the output moves with the input, too.
pub fn backward_input<T: Real>(spec: &PRelu, dy: &Tensor<T>, x: &Tensor<T>, a: &Tensor<T>) -> Tensor<T> {
    let mut dx = dy.clone();
    for ((n, c, i, j), dy) in dx.indexed_iter_mut() {
        *dy = slope(x[[n, c, i, j]], a[[0, spec.slope_of(c), 0, 0]]) * *dy;
    }
    dx
}
