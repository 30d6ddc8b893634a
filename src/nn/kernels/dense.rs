//! The dense layer over some images.
//!
//! Forward has lanes along the output features, from a transposed weight; both gradients have lanes
//! along the input features, which lie side by side in the weight.

use super::{
    plain::{BLOCK, interleave},
    tile::{Grid, Isa, MAX_VECTORS},
};
use crate::nn::dense::Dense;

/// `c[r, l] += sum over k of a[r * a_row + k * a_term] * b[k * b_row + l]` for r in 0..rows, l in 0..lanes:
/// each cell a fold over k that starts from what it holds.
#[expect(clippy::too_many_arguments, reason = "the three matrices of one product")]
fn product(
    isa: Isa,
    [rows, lanes, terms]: [usize; 3],
    a: &[f32],
    [a_row, a_term]: [usize; 2],
    b: &[f32],
    b_row: usize,
    c: &mut [f32],
    c_row: usize,
) {
    if rows == 0 || lanes == 0 || terms == 0 {
        return;
    }
    assert!(a.len() > (rows - 1) * a_row + (terms - 1) * a_term);
    assert!(b.len() >= (terms - 1) * b_row + lanes);
    assert!(c.len() >= (rows - 1) * c_row + lanes);
    let width = isa.lanes();
    // What the rows of one tile read of b stays near for the next tile.
    let most = if terms > 256 { 3 } else { 12 };
    let mut begin = 0;
    while begin < lanes {
        let whole = (lanes - begin) / width;
        let (units, masked) = if whole == 0 { (1, true) } else { (whole.min(most), false) };
        let mut first = 0;
        while first < rows {
            let tile = isa.rows(rows - first);
            let mut unit = 0;
            while unit < units {
                let vectors = isa.vectors(tile, units - unit);
                let l = begin + unit * width;
                // SAFETY: an Isa is present; rows, lanes and terms lie in the three slices by the
                // lengths asserted above, and a last vector that is not whole is masked.
                unsafe {
                    let grid = Grid {
                        a: a.as_ptr().add(first * a_row),
                        a_stride: [a_row, 0, a_term],
                        b: b.as_ptr().add(l),
                        b_stride: [0, b_row],
                        b_off: std::array::from_fn::<_, MAX_VECTORS, _>(|v| [v * width; 2]),
                        terms: [1, terms],
                        c: c.as_mut_ptr().add(first * c_row + l),
                        c_row,
                        count: if masked { lanes - l } else { width },
                    };
                    isa.grid(&grid, tile, vectors, masked);
                }
                unit += vectors;
            }
            first += tile;
        }
        begin += units * width;
    }
}

/// w: (O, F) -> (F, O).
pub fn transpose(spec: &Dense, w: &[f32], to: &mut [f32]) {
    let (outs, ins) = (spec.out_features, spec.in_features);
    assert!(w.len() >= outs * ins && to.len() >= outs * ins);
    for o in (0..outs).step_by(16) {
        for f in (0..ins).step_by(16) {
            for o in o..(o + 16).min(outs) {
                for f in f..(f + 16).min(ins) {
                    to[f * outs + o] = w[o * ins + f];
                }
            }
        }
    }
}

/// x: (N, F), wt: (F, O) -> y: (N, O) without bias.
pub fn forward(isa: Isa, spec: &Dense, images: usize, x: &[f32], wt: &[f32], y: &mut [f32]) {
    let (outs, ins) = (spec.out_features, spec.in_features);
    y[..images * outs].fill(0.0);
    product(isa, [images, outs, ins], x, [ins, 1], wt, outs, y, outs);
}

/// The same from w: (O, F) itself: a block of it is transposed at a time, `scratch` of
/// [`forward_scratch_len`].
pub fn forward_untransposed(
    isa: Isa,
    spec: &Dense,
    images: usize,
    x: &[f32],
    w: &[f32],
    y: &mut [f32],
    scratch: &mut [f32],
) {
    let (outs, ins) = (spec.out_features, spec.in_features);
    y[..images * outs].fill(0.0);
    let width = isa.lanes() * MAX_VECTORS;
    for o in (0..outs).step_by(width) {
        let lanes = width.min(outs - o);
        for f in (0..ins).step_by(TERMS) {
            let terms = TERMS.min(ins - f);
            let row_of = |lane: usize| &w[(o + lane) * ins + f..][..terms];
            let whole = lanes / BLOCK * BLOCK;
            for lane in (0..whole).step_by(BLOCK) {
                interleave(std::array::from_fn(|k| row_of(lane + k)), scratch, width, lane);
            }
            for lane in whole..lanes {
                for (to, &w) in scratch[lane..].iter_mut().step_by(width).zip(row_of(lane)) {
                    *to = w;
                }
            }
            let (x, y) = (&x[f..], &mut y[o..]);
            product(isa, [images, lanes, terms], x, [ins, 1], scratch, width, y, outs);
        }
    }
}

/// Terms that are transposed at a time.
const TERMS: usize = 128;

/// Numbers of scratch that [`forward_untransposed`] needs.
pub fn forward_scratch_len(isa: Isa) -> usize {
    isa.lanes() * MAX_VECTORS * TERMS
}

/// x: (N, F), dy: (N, O) -> rows `o` of dw: (O, F), each fold going on over the images.
pub fn backward_weight(
    isa: Isa,
    spec: &Dense,
    images: usize,
    x: &[f32],
    dy: &[f32],
    o: std::ops::Range<usize>,
    dw: &mut [f32],
) {
    let (outs, ins) = (spec.out_features, spec.in_features);
    product(isa, [o.len(), ins, images], &dy[o.start..], [1, outs], x, ins, dw, ins);
}

/// dy: (N, O), w: (O, F) -> features `f` of dx: (N, f).
pub fn backward_input(
    isa: Isa,
    spec: &Dense,
    images: usize,
    dy: &[f32],
    w: &[f32],
    f: std::ops::Range<usize>,
    dx: &mut [f32],
) {
    let (outs, ins) = (spec.out_features, spec.in_features);
    dx[..images * f.len()].fill(0.0);
    product(isa, [images, f.len(), outs], dy, [outs, 1], &w[f.start..], ins, dx, f.len());
}
