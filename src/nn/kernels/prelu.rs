//! PReLU of one image: runs of cells with one slope. Letters as in [`crate::nn::prelu`].

use super::{compiled, norm::fold};
use crate::nn::prelu::{negative, slope};
use std::ops::Range;

compiled! {
/// by, x: (slopes, run) -> to = slope(x, a) * by: of the input the output, of the output's gradient the input's.
pub fn times_slope(by: &[f32], x: &[f32], a: &[f32], run: usize, to: &mut [f32]) {
    let runs = to.chunks_exact_mut(run).zip(by.chunks_exact(run)).zip(x.chunks_exact(run)).zip(a);
    for (((to, by), x), &a) in runs {
        for ((to, &by), &x) in to.iter_mut().zip(by).zip(x) {
            *to = slope(x, a) * by;
        }
    }
}

/// dy, x: (slopes, run) -> sums of slopes k of dy * negative(x), going on.
pub fn slope_sums(dy: &[f32], x: &[f32], run: usize, k: Range<usize>, sums: &mut [f32]) {
    fold(run, k, sums, |sum, _, at| dy[at].mul_add(negative(x[at]), sum));
}
}
