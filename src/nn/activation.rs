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

/// What a ReLU lets through on the way back. Only the first is the derivative; the others are rules for
/// pictures of what a network looks at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Gate {
    /// dy where x > 0: the derivative.
    #[default]
    Derivative,
    /// dy where x > 0 and dy > 0: guided backpropagation, Springenberg et al. 2015.
    Guided,
    /// dy where dy > 0, whatever x was: the deconvnet, Zeiler & Fergus 2014.
    Deconv,
}

impl Gate {
    /// The gradient behind the gate.
    #[inline(always)]
    pub fn relu_backward<T: Real>(self, dy: T, x: T) -> T {
        match self {
            Self::Derivative => relu_backward(dy, x),
            Self::Guided => relu_backward(relu_backward(dy, dy), x),
            Self::Deconv => relu_backward(dy, dy),
        }
    }
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
