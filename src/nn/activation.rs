//! Activations, cell by cell, each function beside its derivative.

use super::Real;

/// max(0, x); NaN stays NaN.
#[inline(always)]
pub fn relu<T: Real>(x: T) -> T {
    if x < T::zero() { T::zero() } else { x }
}

/// The gate of ReLU: dy where x > 0, else 0. ReLU'(0) = 0.
#[inline(always)]
pub fn relu_backward<T: Real>(dy: T, x: T) -> T {
    if x > T::zero() { dy } else { T::zero() }
}

/// x where x > 0, else slope * x.
#[inline(always)]
pub fn leaky_relu<T: Real>(x: T, slope: T) -> T {
    if x > T::zero() { x } else { x * slope }
}

/// dy where x > 0, else slope * dy.
#[inline(always)]
pub fn leaky_relu_backward<T: Real>(dy: T, x: T, slope: T) -> T {
    if x > T::zero() { dy } else { dy * slope }
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh<T: Real>(x: T) -> T {
    x.tanh()
}

/// dy * (1 - y^2) with y = tanh(x).
#[inline(always)]
pub fn tanh_backward<T: Real>(dy: T, y: T) -> T {
    dy * (T::one() - y * y)
}

/// 1 / (1 + exp(-x)).
#[inline(always)]
pub fn sigmoid<T: Real>(x: T) -> T {
    T::one() / (T::one() + (-x).exp())
}

/// dy * y * (1 - y) with y = sigmoid(x).
#[inline(always)]
pub fn sigmoid_backward<T: Real>(dy: T, y: T) -> T {
    dy * (y * (T::one() - y))
}
