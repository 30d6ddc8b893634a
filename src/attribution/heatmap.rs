//! Heat maps: reducing several channels to one, and enlarging a coarse map.

use crate::tensor::Tensor;

/// (1, C, H, W) -> (1, 1, H, W): the value of largest magnitude over the channels, with its sign; the first of
/// equals; NaN if any is NaN. Simonyan et al. 2014, section 3.1, reduce colour pictures this way.
pub fn strongest(cells: &Tensor) -> Tensor {
    over_channels(cells, |best: f32, x| if x.is_nan() || x.abs() > best.abs() { x } else { best })
}

/// (1, C, H, W) -> (1, 1, H, W): the sum over the channels.
pub fn summed(cells: &Tensor) -> Tensor {
    over_channels(cells, |sum, x| sum + x)
}

fn over_channels(cells: &Tensor, fold: impl Fn(f32, f32) -> f32) -> Tensor {
    let (_, channels, h, w) = cells.dim();
    Tensor::from_shape_fn((1, 1, h, w), |(_, _, i, j)| {
        (0..channels).fold(0.0, |running, c| fold(running, cells[[0, c, i, j]]))
    })
}

/// (1, 1, H, W) -> (1, 1, h, w) by bilinear interpolation between cell centres, constant beyond the outermost
/// centres. These are the half-pixel coordinates of most frameworks (`align_corners` off).
pub fn upsample(plane: &Tensor, [h, w]: [usize; 2]) -> Tensor {
    let (_, _, from_h, from_w) = plane.dim();
    // The two cells beside a position, and the distance from the first one.
    let beside = |p: usize, to: usize, from: usize| {
        let at = ((p as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, (from - 1) as f32);
        let first = at.floor() as usize;
        (first, (first + 1).min(from - 1), at - first as f32)
    };
    Tensor::from_shape_fn((1, 1, h, w), |(_, _, i, j)| {
        let (i0, i1, a) = beside(i, h, from_h);
        let (j0, j1, b) = beside(j, w, from_w);
        let row = |i: usize| plane[[0, 0, i, j0]] * (1.0 - b) + plane[[0, 0, i, j1]] * b;
        row(i0) * (1.0 - a) + row(i1) * a
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(w: usize, cells: &[f32]) -> Tensor {
        Tensor::from_shape_vec((1, 1, cells.len() / w, w), cells.to_vec()).expect("fits")
    }

    #[test]
    fn upsampling_goes_through_the_centres() {
        let up = upsample(&plane(2, &[0.0, 4.0]), [1, 4]);
        assert_eq!(up.iter().copied().collect::<Vec<_>>(), [0.0, 1.0, 3.0, 4.0]);
        let same = plane(2, &[1.0, 2.0, 3.0, 4.0]);
        assert_eq!(upsample(&same, [2, 2]), same);
        assert!(upsample(&plane(1, &[7.0]), [3, 5]).iter().all(|&x| x == 7.0));
    }

    #[test]
    fn channels_become_one_plane() {
        let cells = Tensor::from_shape_vec((1, 3, 1, 2), vec![1.0, -2.0, -3.0, 2.0, 2.0, 0.5]).expect("fits");
        assert_eq!(strongest(&cells).iter().copied().collect::<Vec<_>>(), [-3.0, -2.0]);
        assert_eq!(summed(&cells).iter().copied().collect::<Vec<_>>(), [0.0, 0.5]);
        let odd = Tensor::from_shape_vec((1, 3, 1, 2), vec![1.0, 1.0, f32::NAN, f32::INFINITY, 2.0, -3.0]);
        let odd = odd.expect("fits");
        for one in [strongest(&odd), summed(&odd)] {
            assert!(one[[0, 0, 0, 0]].is_nan() && one[[0, 0, 0, 1]] == f32::INFINITY, "{one}");
        }
    }
}
