//! Normalisations: their folds, each channel's over positions and then images, and their maps. Letters as in
//! [`crate::nn::batchnorm`]; xhat is made anew from x where it is read, to the same bits. For a normalisation of each
//! image for itself a channel is a group of channels, or a run of cells with one scale and shift.

use super::compiled;
use std::ops::Range;

/// The statistics of some channels.
#[derive(Clone, Copy)]
pub struct Statistics<'a> {
    /// Per channel.
    pub mean: &'a [f32],
    /// 1 / sqrt(var + eps), per channel.
    pub inv_std: &'a [f32],
}

/// What the input gradient of a channel is made with.
#[derive(Clone, Copy)]
pub struct Gradient<'a> {
    /// The batch's statistics.
    pub of: Statistics<'a>,
    /// The scale.
    pub gamma: &'a [f32],
    /// The batch's gradients of scale and shift.
    pub sums: [&'a [f32]; 2],
    /// M.
    pub count: f32,
}

compiled! {
/// x: (C, plane) -> sums of channels c of x, going on.
pub fn sums(x: &[f32], plane: usize, c: Range<usize>, sums: &mut [f32]) {
    fold(plane, c, sums, |sum, _, at| sum + x[at]);
}

/// x: (C, plane), mean: that of channels c -> their sums of (x - mean)^2, going on.
pub fn squares(x: &[f32], mean: &[f32], plane: usize, c: Range<usize>, sums: &mut [f32]) {
    fold(plane, c, sums, |sum, k, at| {
        let x = x[at] - mean[k];
        x.mul_add(x, sum)
    });
}

/// dy, x: (C, plane), the statistics of all channels -> sums of channels c of dy * xhat, going on.
pub fn products(dy: &[f32], x: &[f32], of: Statistics<'_>, plane: usize, c: Range<usize>, sums: &mut [f32]) {
    let first = c.start;
    fold(plane, c, sums, |sum, k, at| {
        let xhat = (x[at] - of.mean[first + k]) * of.inv_std[first + k];
        dy[at].mul_add(xhat, sum)
    });
}

/// x: (C, plane) -> y = xhat * gamma + beta.
pub fn forward(x: &[f32], of: Statistics<'_>, gamma: &[f32], beta: &[f32], plane: usize, y: &mut [f32]) {
    for (c, (x, y)) in x.chunks_exact(plane).zip(y.chunks_exact_mut(plane)).enumerate() {
        let (mean, inv_std, gamma, beta) = (of.mean[c], of.inv_std[c], gamma[c], beta[c]);
        for (y, &x) in y.iter_mut().zip(x) {
            *y = ((x - mean) * inv_std).mul_add(gamma, 0.0) + beta;
        }
    }
}

/// x: (C, plane) -> xhat.
pub fn normalise(x: &[f32], of: Statistics<'_>, plane: usize, xhat: &mut [f32]) {
    for (c, (x, xhat)) in x.chunks_exact(plane).zip(xhat.chunks_exact_mut(plane)).enumerate() {
        let (mean, inv_std) = (of.mean[c], of.inv_std[c]);
        xhat.iter_mut().zip(x).for_each(|(xhat, &x)| *xhat = (x - mean) * inv_std);
    }
}

/// dxhat, x: (C, plane), the sums of dxhat * xhat and of dxhat -> dx = (dxhat - (dot * xhat + sum) / plane) * inv_std.
pub fn backward_normalised(dxhat: &[f32], x: &[f32], of: Statistics<'_>, sums: [&[f32]; 2], plane: usize, dx: &mut [f32]) {
    let count = plane as f64 as f32;
    let numbers = dx.chunks_exact_mut(plane).zip(dxhat.chunks_exact(plane)).zip(x.chunks_exact(plane));
    for (c, ((dx, dxhat), x)) in numbers.enumerate() {
        let (mean, inv_std, [dot, sum]) = (of.mean[c], of.inv_std[c], sums.map(|sums| sums[c]));
        for ((dx, &dxhat), &x) in dx.iter_mut().zip(dxhat).zip(x) {
            let xhat = (x - mean) * inv_std;
            *dx = (dxhat - (dot.mul_add(xhat, 0.0) + sum) / count) * inv_std;
        }
    }
}

/// dy: (C, plane) -> dxhat = dy * gamma.
pub fn scale(dy: &[f32], gamma: &[f32], plane: usize, dxhat: &mut [f32]) {
    for ((dxhat, dy), &gamma) in dxhat.chunks_exact_mut(plane).zip(dy.chunks_exact(plane)).zip(gamma) {
        dxhat.iter_mut().zip(dy).for_each(|(dxhat, &dy)| *dxhat = dy * gamma);
    }
}

/// dy, x: (C, plane) -> dx = (dy - (dgamma * xhat + dbeta) / M) * gamma * inv_std.
pub fn backward(dy: &[f32], x: &[f32], by: Gradient<'_>, plane: usize, dx: &mut [f32]) {
    let Gradient { of, gamma, sums, count } = by;
    let numbers = dx.chunks_exact_mut(plane).zip(dy.chunks_exact(plane)).zip(x.chunks_exact(plane));
    for (c, ((dx, dy), x)) in numbers.enumerate() {
        let (mean, inv_std, gamma, [dgamma, dbeta]) = (of.mean[c], of.inv_std[c], gamma[c], sums.map(|sums| sums[c]));
        for ((dx, &dy), &x) in dx.iter_mut().zip(dy).zip(x) {
            let xhat = (x - mean) * inv_std;
            *dx = (dy - (dgamma.mul_add(xhat, 0.0) + dbeta) / count) * gamma * inv_std;
        }
    }
}
}

/// Folds the positions of channels c, some channels side by side, so that one need not wait for another.
/// `term` takes the running value, the channel's number among c and the position in the tensor.
#[inline(always)]
pub(super) fn fold(plane: usize, c: Range<usize>, sums: &mut [f32], term: impl Fn(f32, usize, usize) -> f32) {
    const BESIDE: usize = 8;
    let (whole, rest) = sums[..c.len()].as_chunks_mut::<BESIDE>();
    let done = whole.len() * BESIDE;
    for (block, sums) in whole.iter_mut().enumerate() {
        for k in 0..plane {
            for (r, sum) in sums.iter_mut().enumerate() {
                let channel = block * BESIDE + r;
                *sum = term(*sum, channel, (c.start + channel) * plane + k);
            }
        }
    }
    for (channel, sum) in (done..).zip(rest) {
        for k in 0..plane {
            *sum = term(*sum, channel, (c.start + channel) * plane + k);
        }
    }
}
