//! Normalisation of each image for itself, over groups of channels: group normalisation (Wu & He 2018), instance
//! normalisation with a group for each channel (Ulyanov et al. 2016), layer normalisation with one group (Ba et al.
//! 2016). The variance is the biased one.
//!
//! Letters: n image, g group, c channel, (i, j) position, M = C / G * H * W.

use super::{Part, Real, norm};
use crate::tensor::Tensor;
use ndarray::s;
use std::ops::Range;

/// How many numbers scale and shift the normalised values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Affine {
    /// One of each for a channel.
    Channel,
    /// One of each for a cell of an image.
    Cell,
}

/// A normalisation of each image for itself.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct GroupNorm {
    /// Extents [C, H, W] of the input and of the output.
    pub extents: [usize; 3],
    /// Groups G of C / G neighbouring channels.
    pub groups: usize,
    /// Added to the variance.
    pub eps: f64,
    /// The scale and the shift, if any.
    pub affine: Option<Affine>,
}

impl GroupNorm {
    /// Cells of an image.
    pub const fn cells(&self) -> usize {
        self.extents[0] * self.extents[1] * self.extents[2]
    }

    /// Cells of an image that are normalised together, M.
    pub const fn count(&self) -> usize {
        self.cells() / self.groups
    }

    /// The group of a channel.
    pub const fn group_of(&self, c: usize) -> usize {
        c / (self.extents[0] / self.groups)
    }

    /// The channels of a group.
    pub const fn channels_of(&self, g: usize) -> Range<usize> {
        let each = self.extents[0] / self.groups;
        g * each..(g + 1) * each
    }

    /// The shape of the scale and of the shift.
    pub const fn parameter_shape(&self) -> Option<[usize; 4]> {
        let [c, h, w] = self.extents;
        match self.affine {
            Some(Affine::Channel) => Some([1, c, 1, 1]),
            Some(Affine::Cell) => Some([1, c, h, w]),
            None => None,
        }
    }

    /// Runs of cells of an image that have one mean, and one scale and shift where there are any.
    pub const fn runs(&self) -> usize {
        match self.affine {
            Some(Affine::Channel) => self.extents[0],
            Some(Affine::Cell) => self.cells(),
            None => self.groups,
        }
    }

    /// Cells of such a run.
    pub const fn run(&self) -> usize {
        self.cells() / self.runs()
    }

    /// Whether a tensor of such a layer has one number for each group of an image.
    pub const fn is_of_group(part: Part) -> bool {
        matches!(part, Part::GroupMean | Part::GroupVar | Part::GroupInvStd | Part::DxhatSum | Part::Dot)
    }

    /// The part that holds the normalised values: the output where nothing scales and shifts them.
    pub const fn xhat(&self) -> Part {
        if self.affine.is_some() { Part::Xhat } else { Part::Out }
    }
}

/// x: (N, C, H, W) -> mean, var: (N, G, 1, 1) of each image's groups; var is the biased one.
pub fn statistics<T: Real>(spec: &GroupNorm, x: &Tensor<T>) -> (Tensor<T>, Tensor<T>) {
    let shape = (x.dim().0, spec.groups, 1, 1);
    let cells = |n: usize, g: usize| {
        let Range { start, end } = spec.channels_of(g);
        x.slice(s![n, start..end, .., ..])
    };
    let mean = Tensor::from_shape_fn(shape, |(n, g, _, _)| norm::mean(cells(n, g).iter(), spec.count()));
    let var = Tensor::from_shape_fn(shape, |(n, g, _, _)| {
        norm::variance(cells(n, g).iter(), mean[[n, g, 0, 0]], spec.count())
    });
    (mean, var)
}

/// x: (N, C, H, W), mean, inv_std: (N, G, 1, 1) -> xhat: (N, C, H, W), `(x - mean[n,g]) * inv_std[n,g]`.
pub fn normalise<T: Real>(
    spec: &GroupNorm,
    x: &Tensor<T>,
    mean: &Tensor<T>,
    inv_std: &Tensor<T>,
) -> Tensor<T> {
    let mut xhat = x.clone();
    for ((n, c, _, _), x) in xhat.indexed_iter_mut() {
        let k = [n, spec.group_of(c), 0, 0];
        *x = norm::normalised(*x, mean[k], inv_std[k]);
    }
    xhat
}

/// What the gradient of the input is made of.
pub struct Backward<T> {
    /// (N, G, 1, 1): the sum over a group of the gradients of the normalised values.
    pub sum: Tensor<T>,
    /// (N, G, 1, 1): the sum over a group of those gradients times the normalised values.
    pub dot: Tensor<T>,
    /// (N, C, H, W).
    pub dx: Tensor<T>,
}

/// dxhat: the gradient of the normalised values xhat, both (N, C, H, W); inv_std: (N, G, 1, 1) -> sum, dot, dx:
/// `dx = (dxhat - (dot[n,g] * xhat + sum[n,g]) / M) * inv_std[n,g]`.
pub fn backward<T: Real>(
    spec: &GroupNorm,
    dxhat: &Tensor<T>,
    xhat: &Tensor<T>,
    inv_std: &Tensor<T>,
) -> Backward<T> {
    let (mut sum, mut dot) = (Tensor::zeros(inv_std.dim()), Tensor::zeros(inv_std.dim()));
    for ((n, c, i, j), &dxhat) in dxhat.indexed_iter() {
        let k = [n, spec.group_of(c), 0, 0];
        sum[k] = sum[k] + dxhat;
        dot[k] = dxhat.mul_add(xhat[[n, c, i, j]], dot[k]);
    }
    let dx = Tensor::from_shape_fn(dxhat.dim(), |(n, c, i, j)| {
        let (at, k) = ([n, c, i, j], [n, spec.group_of(c), 0, 0]);
        norm::centred(dxhat[at], xhat[at], [dot[k], sum[k]], spec.count()) * inv_std[k]
    });
    Backward { sum, dot, dx }
}
