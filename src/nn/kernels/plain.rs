//! The layers that fold nothing, or little, over one image's numbers: activations, pooling, softmax, bias
//! gradients. Plain loops, compiled for the instruction set in use.

use super::compiled;
use crate::nn::{
    activation::{self, Activation},
    pool::{Pool2d, takes_over},
    resample::Resample2d,
};

/// Whether a pool's windows are 2 x 2, side by side, without padding and none over the end.
pub fn is_halving(spec: &Pool2d) -> bool {
    [spec.window.rows, spec.window.cols].iter().all(|axis| {
        (axis.kernel, axis.stride, axis.dilation, axis.padding) == (2, 2, 1, 0) && 2 * axis.out <= axis.len
    })
}

compiled! {
/// x: (C, H, W) -> y: (C, H', W'), winner: the row-major number of the first maximum within its 2 x 2
/// window where the pool [`is_halving`], else within the channel.
pub fn max_pool(spec: &Pool2d, x: &[f32], y: &mut [f32], winner: &mut [u32]) {
    let (rows, cols) = (spec.window.rows, spec.window.cols);
    let halving = is_halving(spec);
    {
        let planes = x.chunks_exact(rows.len * cols.len).take(spec.channels);
        let out = rows.out * cols.out;
        for ((x, y), winner) in planes.zip(y.chunks_exact_mut(out)).zip(winner.chunks_exact_mut(out)) {
            let lines = y.chunks_exact_mut(cols.out).zip(winner.chunks_exact_mut(cols.out));
            for (i, (y, winner)) in lines.enumerate() {
                if halving {
                    let (above, below) = x[2 * i * cols.len..][..2 * cols.len].split_at(cols.len);
                    halve(above, below, y, winner);
                } else {
                    first_maxima(spec, x, i, y, winner);
                }
            }
        }
    }
}
}

/// Where the run of N after the one at `j` begins, until all of 0..len is covered; the last one reaches back, to
/// the same numbers. A plain function: a closure would not be compiled for the instruction set.
#[inline(always)]
fn next_run<const N: usize>(j: usize, len: usize) -> Option<usize> {
    (j + N < len).then(|| (j + N).min(len - N))
}

/// Runs of neighbouring windows, as long as the row allows; a loop of fixed length goes into vectors.
#[inline(always)]
fn halve(above: &[f32], below: &[f32], y: &mut [f32], winner: &mut [u32]) {
    let (above, below) = (above.as_chunks::<2>().0, below.as_chunks::<2>().0);
    match y.len() {
        16.. => halve_runs::<16>(above, below, y, winner),
        8.. => halve_runs::<8>(above, below, y, winner),
        4.. => halve_runs::<4>(above, below, y, winner),
        _ => halve_runs::<1>(above, below, y, winner),
    }
}

#[inline(always)]
fn halve_runs<const N: usize>(above: &[[f32; 2]], below: &[[f32; 2]], y: &mut [f32], winner: &mut [u32]) {
    let mut run = Some(0);
    while let Some(j) = run {
        let (a, b): (&[[f32; 2]; N], &[[f32; 2]; N]) = (first(&above[j..]), first(&below[j..]));
        let len = y.len();
        let (y, winner): (&mut [f32; N], &mut [u32; N]) =
            (first_mut(&mut y[j..]), first_mut(&mut winner[j..]));
        for k in 0..N {
            let (mut best, mut at) = (a[k][0], 0);
            for (v, x) in [(1, a[k][1]), (2, b[k][0]), (3, b[k][1])] {
                // As `takes_over`: larger, or the first NaN.
                let takes = ((x > best) | x.is_nan()) & !best.is_nan();
                best = if takes { x } else { best };
                at = if takes { v } else { at };
            }
            (y[k], winner[k]) = (best, at);
        }
        run = next_run::<N>(j, len);
    }
}

/// The first N of a slice that has them.
#[inline(always)]
fn first<T, const N: usize>(of: &[T]) -> &[T; N] {
    of.first_chunk().expect("as long as a run")
}

#[inline(always)]
fn first_mut<T, const N: usize>(of: &mut [T]) -> &mut [T; N] {
    of.first_chunk_mut().expect("as long as a run")
}

/// No cell has won yet.
const NOBODY: u32 = u32::MAX;

/// Row i of the windows of one channel, x: (H, W): each window's taps in their order, those of all windows side by side.
#[inline(always)]
fn first_maxima(spec: &Pool2d, x: &[f32], i: usize, y: &mut [f32], winner: &mut [u32]) {
    let (rows, cols) = (spec.window.rows, spec.window.cols);
    y.fill(f32::NEG_INFINITY);
    winner.fill(NOBODY);
    for u in 0..rows.kernel {
        let Some(p) = rows.tap(i, u) else { continue };
        for v in 0..cols.kernel {
            let windows = cols.windows_of_tap(v);
            let Some(q) = cols.tap(windows.start, v) else { continue };
            let (x, at) = (&x[p * cols.len + q..(p + 1) * cols.len], (p * cols.len + q) as u32);
            let (y, winner) = (&mut y[windows.clone()], &mut winner[windows]);
            match cols.stride {
                1 => keep_largest(x, at, 1, y, winner),
                2 => {
                    let (pairs, rest) = x.as_chunks::<2>();
                    let many = pairs.len().min(y.len());
                    let (y, last_y) = y.split_at_mut(many);
                    let (winner, last_winner) = winner.split_at_mut(many);
                    keep_largest(pairs.iter().map(|[x, _]| x), at, 2, y, winner);
                    keep_largest(rest, at + 2 * many as u32, 2, last_y, last_winner);
                }
                stride => keep_largest(x.iter().step_by(stride), at, stride as u32, y, winner),
            }
        }
    }
    winner.iter_mut().for_each(|winner| *winner = if *winner == NOBODY { 0 } else { *winner });
}

/// One tap of neighbouring windows: x, from cell `at` on, against the best so far.
#[inline(always)]
fn keep_largest<'a>(
    x: impl IntoIterator<Item = &'a f32>,
    at: u32,
    step: u32,
    y: &mut [f32],
    winner: &mut [u32],
) {
    let mut at = at;
    for ((best, winner), &x) in y.iter_mut().zip(winner).zip(x) {
        // As `takes_over`; and the first cell of all.
        let takes = (*winner == NOBODY) | ((x > *best) | x.is_nan()) & !best.is_nan();
        *best = if takes { x } else { *best };
        *winner = if takes { at } else { *winner };
        at = at.wrapping_add(step);
    }
}

compiled! {
/// dy, winner: (C, H', W') -> dx: (C, H, W). With `y`, (C, H', W'), what the pool made of the output of a ReLU,
/// dx is the gradient of that ReLU's input; only where the pool [`is_halving`].
pub fn max_pool_backward(spec: &Pool2d, dy: &[f32], winner: &[u32], y: Option<&[f32]>, dx: &mut [f32]) {
    let (rows, cols) = (spec.window.rows, spec.window.cols);
    let (plane, out) = (rows.len * cols.len, rows.out * cols.out);
    let dx = &mut dx[..spec.channels * plane];
    if !is_halving(spec) {
        assert!(y.is_none(), "a ReLU's gate only where windows lie side by side");
        dx.fill(0.0);
        // Windows in row-major order: so each cell gathers in the order of those that read it.
        for ((dx, dy), winner) in
            dx.chunks_exact_mut(plane).zip(dy.chunks_exact(out)).zip(winner.chunks_exact(out))
        {
            for (&dy, &at) in dy.iter().zip(winner) {
                dx[at as usize] += dy;
            }
        }
        return;
    }
    for (c, dx) in dx.chunks_exact_mut(plane).enumerate() {
        for (i, dx) in dx.chunks_mut(2 * cols.len).enumerate() {
            if i == rows.out {
                dx.fill(0.0);
                continue;
            }
            let windows = (c * rows.out + i) * cols.out..(c * rows.out + i + 1) * cols.out;
            let (above, below) = dx.split_at_mut(cols.len);
            let (dy, winner) = (&dy[windows.clone()], &winner[windows.clone()]);
            let y = y.map(|y| &y[windows]);
            match cols.out {
                16.. => spread::<16>(dy, winner, y, above, below),
                8.. => spread::<8>(dy, winner, y, above, below),
                4.. => spread::<4>(dy, winner, y, above, below),
                _ => spread::<1>(dy, winner, y, above, below),
            }
        }
    }
}
}

/// Two rows of dx from a row of windows.
#[inline(always)]
fn spread<const N: usize>(
    dy: &[f32],
    winner: &[u32],
    y: Option<&[f32]>,
    above: &mut [f32],
    below: &mut [f32],
) {
    let ((above, beside), (below, beneath)) = (above.as_chunks_mut::<2>(), below.as_chunks_mut::<2>());
    beside.fill(0.0);
    beneath.fill(0.0);
    let mut run = Some(0);
    while let Some(j) = run {
        run = next_run::<N>(j, dy.len());
        let (dy, winner): (&[f32; N], &[u32; N]) = (first(&dy[j..]), first(&winner[j..]));
        // A gradient of -0 is gathered onto 0; a winner's cell holds what its window made.
        let mut open = [0.0; N];
        match y {
            Some(y) => {
                let y: &[f32; N] = first(&y[j..]);
                for k in 0..N {
                    open[k] = if y[k] > 0.0 { 0.0 + dy[k] } else { 0.0 };
                }
            }
            None => {
                for k in 0..N {
                    open[k] = 0.0 + dy[k];
                }
            }
        }
        // Two cells of a row are one number of 64 bits: in whole vectors they lie as they are stored.
        let (mut a, mut b) = ([0u64; N], [0u64; N]);
        for k in 0..N {
            let pair = (u64::from(open[k].to_bits()) << (u64::from(winner[k] & 1) * 32)).to_le();
            a[k] = if winner[k] < 2 { pair } else { 0 };
            b[k] = if winner[k] < 2 { 0 } else { pair };
        }
        let (above, below): (&mut [[f32; 2]; N], &mut [[f32; 2]; N]) =
            (first_mut(&mut above[j..]), first_mut(&mut below[j..]));
        // SAFETY: both places hold N pairs of f32, which are as large, and any bits are one.
        unsafe {
            std::ptr::from_mut(above).cast::<[u64; N]>().write_unaligned(a);
            std::ptr::from_mut(below).cast::<[u64; N]>().write_unaligned(b);
        }
    }
}

compiled! {
/// x: (C, H, W) -> y: (C, H', W'), the mean of each window; taps on padding are zero terms.
pub fn avg_pool(spec: &Pool2d, x: &[f32], y: &mut [f32]) {
    let (rows, cols) = (spec.window.rows, spec.window.cols);
    let (plane, out) = (rows.len * cols.len, rows.out * cols.out);
    for (x, y) in x.chunks_exact(plane).zip(y.chunks_exact_mut(out)).take(spec.channels) {
        for (i, y) in y.chunks_exact_mut(cols.out).enumerate() {
            for (j, y) in y.iter_mut().enumerate() {
                let mut sum = 0.0f32;
                for u in 0..rows.kernel {
                    for v in 0..cols.kernel {
                        sum += spec.window.tap([i, j], [u, v]).map_or(0.0, |[p, q]| x[p * cols.len + q]);
                    }
                }
                *y = sum / spec.divisor([i, j]) as f64 as f32;
            }
        }
    }
}

/// dy: (C, H', W') -> dx: (C, H, W): each cell gathers dy / count of the windows that read it; where there is
/// none, a zero term.
pub fn avg_pool_backward(spec: &Pool2d, dy: &[f32], dx: &mut [f32]) {
    let (rows, cols) = (spec.window.rows, spec.window.cols);
    let (plane, out) = (rows.len * cols.len, rows.out * cols.out);
    let [cover_rows, cover_cols] = spec.cover();
    for (dy, dx) in dy.chunks_exact(out).zip(dx.chunks_exact_mut(plane)).take(spec.channels) {
        for (p, dx) in dx.chunks_exact_mut(cols.len).enumerate() {
            for (q, dx) in dx.iter_mut().enumerate() {
                let mut sum = 0.0f32;
                for s in 0..cover_rows {
                    for t in 0..cover_cols {
                        sum += spec.reader([p, q], [s, t]).map_or(0.0, |[i, j]| {
                            dy[i * cols.out + j] / spec.divisor([i, j]) as f64 as f32
                        });
                    }
                }
                *dx = sum;
            }
        }
    }
}

/// x: (C, H, W) -> y: (C', H', W'), as in [`crate::nn::resample`].
pub fn resample(spec: &Resample2d, x: &[f32], y: &mut [f32]) {
    let (rows, cols) = (spec.rows, spec.cols);
    for (c, y) in y.chunks_exact_mut(rows.out * cols.out).enumerate() {
        for (i, y) in y.chunks_exact_mut(cols.out).enumerate() {
            for (j, y) in y.iter_mut().enumerate() {
                *y = spec.cell([c, i, j], |[k, p, q]| x[(k * rows.len + p) * cols.len + q]);
            }
        }
    }
}

/// dy: (C', H', W') -> dx: (C, H, W), as in [`crate::nn::resample`].
pub fn resample_backward(spec: &Resample2d, dy: &[f32], dx: &mut [f32]) {
    let (rows, cols) = (spec.rows, spec.cols);
    for (k, dx) in dx.chunks_exact_mut(rows.len * cols.len).enumerate() {
        for (p, dx) in dx.chunks_exact_mut(cols.len).enumerate() {
            for (q, dx) in dx.iter_mut().enumerate() {
                *dx = spec.gradient([k, p, q], |[c, i, j]| dy[(c * rows.out + i) * cols.out + j]);
            }
        }
    }
}

/// x: (C, plane) -> y: (C, plane), the softmax over the channels.
pub fn softmax(x: &[f32], plane: usize, y: &mut [f32]) {
    for at in 0..plane {
        let x = x[at..].iter().step_by(plane);
        let max = x.clone().fold(f32::NEG_INFINITY, |best, &x| if takes_over(x, best) { x } else { best });
        let mut sum = 0.0;
        for (y, &x) in y[at..].iter_mut().step_by(plane).zip(x) {
            *y = (x - max).exp();
            sum += *y;
        }
        y[at..].iter_mut().step_by(plane).for_each(|y| *y /= sum);
    }
}

/// dy, y: (C, plane) -> dx = (dy - dot) * y, dot = sum over the channels of dy * y.
pub fn softmax_backward(dy: &[f32], y: &[f32], plane: usize, dx: &mut [f32]) {
    for at in 0..plane {
        let pairs = dy[at..].iter().step_by(plane).zip(y[at..].iter().step_by(plane));
        let dot = pairs.clone().fold(0.0f32, |sum, (&dy, &y)| dy.mul_add(y, sum));
        for (dx, (&dy, &y)) in dx[at..].iter_mut().step_by(plane).zip(pairs) {
            *dx = (dy - dot) * y;
        }
    }
}
}

compiled! {
    /// y = max(0, y) in place.
    pub fn relu(y: &mut [f32]) {
        y.iter_mut().for_each(|y| *y = activation::relu(*y));
    }

    /// y: what ReLU made, which is above 0 exactly where its input was; dy in place.
    pub fn relu_backward(y: &[f32], dy: &mut [f32]) {
        for (dy, &y) in dy.iter_mut().zip(y) {
            *dy = activation::relu_backward(*dy, y);
        }
    }
}

compiled! {
/// x -> y, cell by cell.
#[expect(clippy::redundant_closure, reason = "a closure is compiled for this function's instruction set")]
pub fn activation(activation: Activation, x: &[f32], y: &mut [f32]) {
    match activation {
        Activation::Relu => each(x, y, |x| activation::relu(x)),
        Activation::Relu6 => each(x, y, |x| activation::relu6(x)),
        Activation::LeakyRelu { slope } => {
            let slope = slope as f32;
            each(x, y, |x| activation::leaky_relu(x, slope));
        }
        Activation::Hardswish => each(x, y, |x| activation::hardswish(x)),
        Activation::Hardsigmoid => each(x, y, |x| activation::hardsigmoid(x)),
        // An exponential takes longer than the call of a function.
        Activation::Tanh
        | Activation::Sigmoid
        | Activation::Elu { .. }
        | Activation::Selu
        | Activation::Gelu
        | Activation::GeluTanh
        | Activation::Silu
        | Activation::Softplus
        | Activation::Mish
        | Activation::Hardtanh { .. }
        | Activation::ThresholdedRelu { .. } => each(x, y, activation.forward_fn()),
    }
}

/// dy and b, which is x or y as [`Activation::reads`] says, -> dx, cell by cell.
#[expect(clippy::redundant_closure, reason = "a closure is compiled for this function's instruction set")]
pub fn activation_backward(activation: Activation, dy: &[f32], b: &[f32], dx: &mut [f32]) {
    match activation {
        Activation::Relu => each_of_two(dy, b, dx, |dy, x| activation::relu_backward(dy, x)),
        Activation::Relu6 => each_of_two(dy, b, dx, |dy, x| activation::relu6_backward(dy, x)),
        Activation::LeakyRelu { slope } => {
            let slope = slope as f32;
            each_of_two(dy, b, dx, |dy, x| activation::leaky_relu_backward(dy, x, slope));
        }
        Activation::Hardswish => each_of_two(dy, b, dx, |dy, x| activation::hardswish_backward(dy, x)),
        Activation::Hardsigmoid => each_of_two(dy, b, dx, |dy, x| activation::hardsigmoid_backward(dy, x)),
        Activation::Tanh
        | Activation::Sigmoid
        | Activation::Elu { .. }
        | Activation::Selu
        | Activation::Gelu
        | Activation::GeluTanh
        | Activation::Silu
        | Activation::Softplus
        | Activation::Mish
        | Activation::Hardtanh { .. }
        | Activation::ThresholdedRelu { .. } => each_of_two(dy, b, dx, activation.backward_fn()),
    }
}
}

#[inline(always)]
fn each(x: &[f32], y: &mut [f32], of: impl Fn(f32) -> f32) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = of(x);
    }
}

#[inline(always)]
fn each_of_two(a: &[f32], b: &[f32], to: &mut [f32], of: impl Fn(f32, f32) -> f32) {
    for ((to, &a), &b) in to.iter_mut().zip(a).zip(b) {
        *to = of(a, b);
    }
}

/// dy: (O, plane) -> sums of channels `o`, each fold going on over the positions.
pub fn bias_sums(dy: &[f32], plane: usize, o: std::ops::Range<usize>, sums: &mut [f32]) {
    /// So many folds run side by side at most.
    const BESIDE: usize = 8;
    let count = o.len();
    let beside = count.div_ceil(count.div_ceil(BESIDE).max(1)).max(1);
    for (sums, first) in sums[..count].chunks_mut(beside).zip(o.step_by(beside)) {
        let dy = &dy[first * plane..];
        match sums.len() {
            8 => sums_beside::<8>(dy, plane, sums),
            7 => sums_beside::<7>(dy, plane, sums),
            6 => sums_beside::<6>(dy, plane, sums),
            5 => sums_beside::<5>(dy, plane, sums),
            4 => sums_beside::<4>(dy, plane, sums),
            3 => sums_beside::<3>(dy, plane, sums),
            2 => sums_beside::<2>(dy, plane, sums),
            _ => sums_beside::<1>(dy, plane, sums),
        }
    }
}

#[inline]
fn sums_beside<const N: usize>(dy: &[f32], plane: usize, sums: &mut [f32]) {
    let rows: [&[f32]; N] = std::array::from_fn(|r| &dy[r * plane..][..plane]);
    let mut own: [f32; N] = std::array::from_fn(|r| sums[r]);
    for k in 0..plane {
        for (own, row) in own.iter_mut().zip(rows) {
            *own += row[k];
        }
    }
    sums.copy_from_slice(&own);
}

/// Rows that are interleaved at a time.
pub(super) const BLOCK: usize = 4;

/// BLOCK rows -> numbers c, c + 1, .. of each pixel of `to`, (pixels, channels).
#[inline]
pub(super) fn interleave(rows: [&[f32]; BLOCK], to: &mut [f32], channels: usize, c: usize) {
    let [a, b, d, e] = rows.map(|row| row.as_chunks::<BLOCK>());
    let mut pixels = to.chunks_exact_mut(channels);
    for (((a, b), d), e) in a.0.iter().zip(b.0).zip(d.0).zip(e.0) {
        for q in 0..BLOCK {
            if let Some(pixel) = pixels.next() {
                pixel[c..c + BLOCK].copy_from_slice(&[a[q], b[q], d[q], e[q]]);
            }
        }
    }
    for (((a, b), d), e) in a.1.iter().zip(b.1).zip(d.1).zip(e.1) {
        if let Some(pixel) = pixels.next() {
            pixel[c..c + BLOCK].copy_from_slice(&[*a, *b, *d, *e]);
        }
    }
}
