//! The losses: softmax cross-entropy on logits, binary cross-entropy on one logit, and mean squared error.
//!
//! Each is per image; a batch's loss is the mean over its images. Letters: n image, f output
//! feature (the output's cells in C, H, W order), F their number. The target is a tensor of the
//! output's shape: one-hot for a class, or with binary cross-entropy 0 or 1.

use super::{Real, activation::Activation, pool::takes_over};
use crate::tensor::{Shape, ShapeError, Tensor, argmax, shape_of};

/// Which loss the last layer's output goes to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Loss {
    /// Softmax and negative log-likelihood in one, on logits.
    #[default]
    CrossEntropy,
    /// Sigmoid and negative log-likelihood in one, on the logit of the second of two classes.
    BinaryCrossEntropy,
    /// Mean of the squared differences to the target.
    Mse,
}

impl Loss {
    /// Every loss.
    pub const ALL: [Self; 3] = [Self::CrossEntropy, Self::BinaryCrossEntropy, Self::Mse];

    /// The name in an architecture file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::CrossEntropy => "cross_entropy",
            Self::BinaryCrossEntropy => "binary_cross_entropy",
            Self::Mse => "mse",
        }
    }

    /// The loss of a classifier with this many outputs, where none is named.
    pub const fn of_outputs(outputs: usize) -> Self {
        if outputs == 1 { Self::BinaryCrossEntropy } else { Self::CrossEntropy }
    }

    /// How many classes this many outputs stand for.
    pub const fn classes(self, outputs: usize) -> usize {
        match self {
            Self::BinaryCrossEntropy => 2,
            Self::CrossEntropy | Self::Mse => outputs,
        }
    }

    /// The class that an output speaks for.
    pub const fn class_of(self, output: usize) -> usize {
        match self {
            Self::BinaryCrossEntropy => 1,
            Self::CrossEntropy | Self::Mse => output,
        }
    }

    /// The output that tells of a class.
    pub const fn output_of(self, class: usize) -> usize {
        match self {
            Self::BinaryCrossEntropy => 0,
            Self::CrossEntropy | Self::Mse => class,
        }
    }

    /// Checks that the loss can take this many outputs, made by a layer of this name.
    ///
    /// # Errors
    /// For a binary cross-entropy of another number than one.
    pub(super) fn check(self, outputs: usize, name: &str) -> Result<(), ShapeError> {
        match self {
            Self::BinaryCrossEntropy if outputs != 1 => Err(ShapeError(format!(
                "loss: expected 1 output of {name} for binary_cross_entropy, got {outputs}; give {name} one output, \
                 or write kind = \"cross_entropy\""
            ))),
            Self::BinaryCrossEntropy | Self::CrossEntropy | Self::Mse => Ok(()),
        }
    }

    /// The classes' scores by one image's outputs, in the classes' order. Two probabilities of a binary
    /// cross-entropy's logit; else the outputs themselves, or what the loss made of them.
    pub fn scores(self, outputs: impl IntoIterator<Item = f32>) -> Vec<f32> {
        let outputs = outputs.into_iter();
        match self {
            Self::CrossEntropy | Self::Mse => outputs.collect(),
            Self::BinaryCrossEntropy => outputs.flat_map(|z| both(sigmoid(z))).collect(),
        }
    }

    /// The class that one image's outputs speak for: that of the first largest; of a binary cross-entropy the second
    /// where its probability is above one half.
    pub fn predicted(self, outputs: impl IntoIterator<Item = f32>) -> usize {
        match self {
            Self::CrossEntropy | Self::Mse => argmax(outputs).0,
            Self::BinaryCrossEntropy => argmax(outputs.into_iter().flat_map(|z| both(sigmoid(z)))).0,
        }
    }

    /// The class that one image's target names.
    pub fn truth(self, target: impl IntoIterator<Item = f32>) -> usize {
        match self {
            Self::CrossEntropy | Self::Mse => argmax(target).0,
            Self::BinaryCrossEntropy => argmax(target.into_iter().flat_map(both)).0,
        }
    }
}

/// What the loss of a network compares its output with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Targets {
    /// The loss.
    pub loss: Loss,
    /// The output's extents [C, H, W].
    pub output: [usize; 3],
}

impl Targets {
    /// The number of classes.
    pub fn classes(self) -> usize {
        self.loss.classes(self.output.iter().product())
    }

    /// The target of images of these classes: one-hot, or 0 and 1.
    ///
    /// # Panics
    /// As [`one_hot`].
    pub fn of<T: Real>(self, classes: &[usize]) -> Tensor<T> {
        if self.loss != Loss::BinaryCrossEntropy {
            return one_hot(self.output, classes);
        }
        assert!(classes.iter().all(|&class| class < 2), "two classes: labels are checked when they are read");
        Tensor::from_shape_fn((classes.len(), 1, 1, 1), |(n, ..)| T::nearest(classes[n] as f64))
    }
}

/// The probabilities of both classes by that of the second.
pub fn both(p: f32) -> [f32; 2] {
    [1.0 - p, p]
}

fn sigmoid<T: Real>(z: T) -> T {
    Activation::Sigmoid.forward_fn()(z)
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

/// dz = prob - target, of either cross-entropy.
pub fn cross_entropy_backward<T: Real>(prob: &Tensor<T>, target: &Tensor<T>) -> Tensor<T> {
    let mut dz = prob.clone();
    dz.zip_mut_with(target, |p, &t| *p = *p - t);
    dz
}

/// The tensors that binary cross-entropy makes on its way, (N, 1, 1, 1) each.
pub struct BinaryCrossEntropy<T> {
    /// 1 / (1 + exp(-z)), the probability of the second class.
    pub prob: Tensor<T>,
    /// The larger of 0 and z.
    pub max: Tensor<T>,
    /// z - 2 max, which is -|z|.
    pub shift: Tensor<T>,
    /// exp(shift), which cannot overflow.
    pub exp: Tensor<T>,
    /// `max - t * z + ln(1 + exp)`, which is -ln(prob) for t = 1 and -ln(1 - prob) for t = 0.
    pub loss: Tensor<T>,
}

/// What binary cross-entropy makes of one logit on its way: prob, max, shift, exp.
#[inline(always)]
pub(super) fn binary_cell<T: Real>(z: T) -> [T; 4] {
    let max = [z, T::zero()]
        .into_iter()
        .fold(T::neg_infinity(), |best, x| if takes_over(x, best) { x } else { best });
    let shift = (-T::nearest(2.0)).mul_add(max, z);
    [sigmoid(z), max, shift, shift.exp()]
}

/// The loss of one logit.
#[inline(always)]
pub(super) fn binary_loss<T: Real>(z: T, t: T, max: T, exp: T) -> T {
    cross_term(t, z, max) + exp.ln_1p()
}

/// z, target: (N, 1, 1, 1) -> the loss of each image and what leads to it.
pub fn binary_cross_entropy<T: Real>(z: &Tensor<T>, target: &Tensor<T>) -> BinaryCrossEntropy<T> {
    let [prob, max, shift, exp] = std::array::from_fn(|k| z.mapv(|z| binary_cell(z)[k]));
    let loss = Tensor::from_shape_fn(z.dim(), |at| binary_loss(z[at], target[at], max[at], exp[at]));
    BinaryCrossEntropy { prob, max, shift, exp, loss }
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
