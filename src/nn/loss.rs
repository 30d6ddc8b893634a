//! The losses: softmax cross-entropy on logits, and mean squared error.
//!
//! Each is per image; a batch's loss is the mean over its images. Letters: n image, f output
//! feature (the output's cells in C, H, W order), F their number. The target is a tensor of the
//! output's shape, one-hot for a class.

use super::{Real, pool::takes_over};
use crate::tensor::{Shape, Tensor, shape_of};

/// Which loss the last layer's output goes to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Loss {
    /// Softmax and negative log-likelihood in one, on logits.
    #[default]
    CrossEntropy,
    /// Mean of the squared differences to the target.
    Mse,
}

impl Loss {
    /// The name in an architecture file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross_entropy",
            Self::Mse => "mse",
        }
    }
}

/// A one-hot target: 1 at the class, else 0.
///
/// # Panics
/// Where a class is not below the number of output features: who reads labels checks them.
pub fn one_hot<T: Real>(output: [usize; 3], classes: &[usize]) -> Tensor<T> {
    let shape = Shape::new(classes.len(), output[0], output[1], output[2]);
    let mut target = Tensor::zeros(shape.0);
    for (n, &class) in classes.iter().enumerate() {
        let features: usize = output.iter().product();
        assert!(class < features, "class {class} of {features}: labels are checked when they are read");
        let [_, c, i, j] = shape.at(class);
        target[[n, c, i, j]] = T::one();
    }
    target
}

/// The tensors that softmax cross-entropy makes on its way.
pub struct CrossEntropy<T> {
    /// (N, 1, 1, 1): the largest logit.
    pub max: Tensor<T>,
    /// The logits' shape: z - max, so that the exponential cannot overflow.
    pub shift: Tensor<T>,
    /// The logits' shape: exp(shift).
    pub exp: Tensor<T>,
    /// (N, 1, 1, 1): the sum of exp.
    pub sum: Tensor<T>,
    /// The logits' shape: exp / sum.
    pub prob: Tensor<T>,
    /// (N, 1, 1, 1): `ln(sum) - (sum over f of t[f] * shift[f])`, which is -ln(prob) of the target class.
    pub loss: Tensor<T>,
}

/// `loss - t * shift`; a class with t = 0 takes no part, whatever its logit.
#[inline(always)]
pub fn cross_term<T: Real>(t: T, shift: T, loss: T) -> T {
    if t == T::zero() { loss } else { (-t).mul_add(shift, loss) }
}

/// z: (N, C, H, W), target one-hot -> the loss of each image and what leads to it.
pub fn cross_entropy<T: Real>(z: &Tensor<T>, target: &Tensor<T>) -> CrossEntropy<T> {
    let images = z.dim().0;
    let features = shape_of(z).len() / images;
    let fold = |z: &Tensor<T>, n: usize, init: T, add: &dyn Fn(T, T) -> T| {
        z.iter().skip(n * features).take(features).fold(init, |acc, &x| add(acc, x))
    };
    let per_image = |f: &dyn Fn(usize) -> T| Tensor::from_shape_fn((images, 1, 1, 1), |(n, ..)| f(n));
    let max =
        per_image(&|n| fold(z, n, T::neg_infinity(), &|best, x| if takes_over(x, best) { x } else { best }));
    let shift = Tensor::from_shape_fn(z.dim(), |(n, c, i, j)| z[[n, c, i, j]] - max[[n, 0, 0, 0]]);
    let exp = shift.mapv(T::exp);
    let sum = per_image(&|n| fold(&exp, n, T::zero(), &|sum, e| sum + e));
    let prob = Tensor::from_shape_fn(z.dim(), |(n, c, i, j)| exp[[n, c, i, j]] / sum[[n, 0, 0, 0]]);
    let loss = per_image(&|n| {
        let pairs = target.iter().zip(&shift).skip(n * features).take(features);
        pairs.fold(sum[[n, 0, 0, 0]].ln(), |loss, (&t, &shift)| cross_term(t, shift, loss))
    });
    CrossEntropy { max, shift, exp, sum, prob, loss }
}

/// dz = prob - target.
pub fn cross_entropy_backward<T: Real>(prob: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    let mut dz = prob.clone();
    dz.zip_mut_with(target, |p, &t| *p = *p - t);
    dz
}

/// y, target: (N, C, H, W) -> (N, 1, 1, 1), `(sum over f of (y[f] - t[f])^2) / F`.
pub fn mse<T: Real>(y: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    let images = y.dim().0;
    let features = y.len() / images;
    Tensor::from_shape_fn((images, 1, 1, 1), |(n, ..)| {
        let pairs = y.iter().zip(target).skip(n * features).take(features);
        let sum = pairs.fold(T::zero(), |sum, (&y, &t)| (y - t).mul_add(y - t, sum));
        sum / T::nearest(features as f64)
    })
}

/// dy = (y - t) * 2 / F.
pub fn mse_backward<T: Real>(y: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    let features = T::nearest((y.len() / y.dim().0) as f64);
    let mut dy = y.clone();
    dy.zip_mut_with(target, |y, &t| *y = (*y - t) * T::nearest(2.0) / features);
    dy
}
