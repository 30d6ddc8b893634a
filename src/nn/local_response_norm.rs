//! Local response normalisation across neighbouring channels: Krizhevsky et al. 2012, section 3.3, in PyTorch's form,
//! which divides alpha by the size.
//!
//! Letters: n image, c channel, (i, j) position, t tap of the window over the channels.

use super::Real;
use crate::tensor::Tensor;

/// A local response normalisation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LocalResponseNorm {
    /// Channels of the input and of the output.
    pub channels: usize,
    /// Channels in a window.
    pub size: usize,
    /// Weight of the mean square.
    pub alpha: f64,
    /// Exponent.
    pub beta: f64,
    /// Added to the weighted mean square.
    pub k: f64,
}

/// The tensors that local response normalisation makes forward, each (N, C, H, W).
pub struct Forward<T> {
    /// The sum of the squares in the window.
    pub sum: Tensor<T>,
    /// k + alpha / size * sum.
    pub scale: Tensor<T>,
    /// scale^-beta.
    pub factor: Tensor<T>,
    /// x * factor.
    pub out: Tensor<T>,
}

/// What the gradients need of the forward pass, each (N, C, H, W).
#[derive(Clone, Copy)]
pub struct Normalised<'a, T> {
    /// k + alpha / size * sum.
    pub scale: &'a Tensor<T>,
    /// scale^-beta.
    pub factor: &'a Tensor<T>,
    /// x * factor.
    pub out: &'a Tensor<T>,
}

impl LocalResponseNorm {
    /// The channel under tap t of the window of channel c: c - floor(size / 2) + t. `None` outside, where x counts as 0.
    pub fn tap(&self, c: usize, t: usize) -> Option<usize> {
        (c + t).checked_sub(self.size / 2).filter(|&tap| tap < self.channels)
    }

    /// The t-th channel, in ascending order, whose window covers channel c. `None` where there is no such channel.
    pub fn reader(&self, c: usize, t: usize) -> Option<usize> {
        (c + t).checked_sub((self.size - 1) / 2).filter(|&reader| reader < self.channels)
    }

    /// The number that multiplies the sum of squares: alpha / size.
    pub fn weight(&self) -> f64 {
        self.alpha / self.size as f64
    }

    /// The number in the gradient: -2 * alpha * beta / size.
    pub fn slope(&self) -> f64 {
        -2.0 * self.beta * self.weight()
    }

    /// The sum of the squares in channel c's window; `x` gives a channel's value.
    pub fn sum<T: Real>(&self, c: usize, x: impl Fn(usize) -> T) -> T {
        (0..self.size).fold(T::zero(), |sum, t| {
            let x = self.tap(c, t).map_or(T::zero(), &x);
            x.mul_add(x, sum)
        })
    }

    /// The number under the exponent: sum * alpha / size + k.
    pub fn scale<T: Real>(&self, sum: T) -> T {
        sum * T::nearest(self.weight()) + T::nearest(self.k)
    }

    /// scale^-beta.
    pub fn factor<T: Real>(&self, scale: T) -> T {
        scale.powf(T::nearest(-self.beta))
    }

    /// The sum, over the channels whose windows cover channel c, of `ratio`.
    pub fn dot<T: Real>(&self, c: usize, ratio: impl Fn(usize) -> T) -> T {
        (0..self.size).fold(T::zero(), |dot, t| dot + self.reader(c, t).map_or(T::zero(), &ratio))
    }

    /// dx = dy * factor - 2 * alpha * beta / size * x * dot.
    pub fn input_gradient<T: Real>(&self, x: T, dot: T, dy: T, factor: T) -> T {
        dy.mul_add(factor, x * dot * T::nearest(self.slope()))
    }
}

/// x: (N, C, H, W) -> y: (N, C, H, W), `y[c] = x[c] * (k + alpha / size * (sum over t of x[tap(c, t)]^2))^-beta` at each
/// position.
pub fn forward<T: Real>(spec: &LocalResponseNorm, x: &Tensor<T>) -> Forward<T> {
    let sum = Tensor::from_shape_fn(x.dim(), |(n, c, i, j)| spec.sum(c, |c| x[[n, c, i, j]]));
    let scale = sum.mapv(|sum| spec.scale(sum));
    let factor = scale.mapv(|scale| spec.factor(scale));
    let out = x * &factor;
    Forward { sum, scale, factor, out }
}

/// dy, x: (N, C, H, W) -> ratio, dot, dx: (N, C, H, W): `ratio = dy * y / scale`, `dot[c] = sum of ratio over the channels
/// whose windows cover c`, `dx = dy * factor - 2 * alpha * beta / size * x * dot`.
pub fn backward<T: Real>(
    spec: &LocalResponseNorm,
    dy: &Tensor<T>,
    x: &Tensor<T>,
    made: Normalised<T>,
) -> [Tensor<T>; 3] {
    let ratio = dy * made.out / made.scale;
    let dot = Tensor::from_shape_fn(x.dim(), |(n, c, i, j)| spec.dot(c, |c| ratio[[n, c, i, j]]));
    let dx =
        Tensor::from_shape_fn(x.dim(), |at| spec.input_gradient(x[at], dot[at], dy[at], made.factor[at]));
    [ratio, dot, dx]
}

/// dx: how the input moves -> dy: how the output does, both (N, C, H, W):
/// `dy[c] = factor[c] * dx[c] - 2 * alpha * beta / size * y[c] / scale[c] * (sum over t of x[tap] * dx[tap])`.
pub fn push_forward<T: Real>(
    spec: &LocalResponseNorm,
    dx: &Tensor<T>,
    x: &Tensor<T>,
    made: Normalised<T>,
) -> Tensor<T> {
    Tensor::from_shape_fn(x.dim(), |(n, c, i, j)| {
        let at = [n, c, i, j];
        let along = (0..spec.size).filter_map(|t| spec.tap(c, t)).fold(T::zero(), |sum, c| {
            let at = [n, c, i, j];
            x[at].mul_add(dx[at], sum)
        });
        dx[at].mul_add(made.factor[at], made.out[at] / made.scale[at] * along * T::nearest(spec.slope()))
    })
}
