//! Joins: one output from several inputs, and the gradient of the sum where an output is read more than once.

use super::Real;
use crate::tensor::Tensor;

/// y = x0 + x1 + ..., cell by cell: all (N, C, H, W).
pub fn add<T: Real>(xs: &[&Tensor<T>]) -> Tensor<T> {
    let mut y = Tensor::zeros(xs[0].dim());
    for x in xs {
        y.zip_mut_with(x, |y, &x| *y = *y + x);
    }
    y
}

/// Which of two inputs has one number for each channel of the other: (N, C, 1, 1) against (N, C, H, W).
///
/// `None` where all have one shape.
pub fn scale_of(inputs: &[[usize; 3]]) -> Option<usize> {
    match inputs {
        [a, b] if a != b => Some(usize::from(a[1..] != [1, 1])),
        _ => None,
    }
}

/// Where input `k` of a product has the number that goes into the cell [n, c, i, j].
fn factor<T: Real>(x: &Tensor<T>, [n, c, i, j]: [usize; 4]) -> T {
    let (_, _, h, w) = x.dim();
    x[[n, c, if h == 1 { 0 } else { i }, if w == 1 { 0 } else { j }]]
}

/// y = x0 * x1 * ..., cell by cell: all (N, C, H, W), or one of two (N, C, 1, 1).
pub fn multiply<T: Real>(xs: &[&Tensor<T>]) -> Tensor<T> {
    let largest = xs.iter().max_by_key(|x| x.len()).map_or((0, 0, 0, 0), |x| x.dim());
    Tensor::from_shape_fn(largest, |(n, c, i, j)| {
        xs.iter().fold(T::one(), |y, x| y * factor(x, [n, c, i, j]))
    })
}

/// The gradient of input `k` of [`multiply`]: dy times all other inputs; where it has one number for each channel, the sum
/// of that over the channel's cells, in (i, j) order.
pub fn multiply_backward<T: Real>(dy: &Tensor<T>, xs: &[&Tensor<T>], k: usize) -> Tensor<T> {
    let others = || xs.iter().enumerate().filter(move |(other, _)| *other != k).map(|(_, x)| *x);
    if xs[k].dim() == dy.dim() {
        return Tensor::from_shape_fn(dy.dim(), |(n, c, i, j)| {
            others().fold(dy[[n, c, i, j]], |dx, x| dx * factor(x, [n, c, i, j]))
        });
    }
    let mut dx = Tensor::zeros(xs[k].dim());
    for ((n, c, i, j), &dy) in dy.indexed_iter() {
        for x in others() {
            dx[[n, c, 0, 0]] = dy.mul_add(x[[n, c, i, j]], dx[[n, c, 0, 0]]);
        }
    }
    dx
}

/// y = the channels of x0, then those of x1, ...: (N, C0, H, W), (N, C1, H, W), ... -> (N, C0 + C1 + ..., H, W).
pub fn concat<T: Real>(xs: &[&Tensor<T>]) -> Tensor<T> {
    let (images, _, h, w) = xs[0].dim();
    let channels: Vec<(&Tensor<T>, usize)> =
        xs.iter().flat_map(|x| (0..x.dim().1).map(move |c| (*x, c))).collect();
    Tensor::from_shape_fn((images, channels.len(), h, w), |(n, c, i, j)| {
        let (x, c) = channels[c];
        x[[n, c, i, j]]
    })
}

/// The gradient of an input of [`concat()`] whose channels begin at `first`: the same channels of dy, `channels` of them.
pub fn concat_backward<T: Real>(dy: &Tensor<T>, first: usize, channels: usize) -> Tensor<T> {
    let (images, _, h, w) = dy.dim();
    Tensor::from_shape_fn((images, channels, h, w), |(n, c, i, j)| dy[[n, first + c, i, j]])
}

/// The gradient of an output that is read more than once: the sum of its readers' gradients, in their order.
pub fn sum_gradients<'a, T: Real>(edges: impl IntoIterator<Item = &'a Tensor<T>>) -> Option<Tensor<T>> {
    let mut edges = edges.into_iter();
    let first = edges.next()?;
    let mut dy = first.mapv(|dx| T::zero() + dx);
    for dx in edges {
        dy.zip_mut_with(dx, |dy, &dx| *dy = *dy + dx);
    }
    Some(dy)
}
