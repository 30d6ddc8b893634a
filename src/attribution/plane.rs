//! From cells of several channels to one plane, from a small plane to a large one, and the range of pixels.

use crate::tensor::Tensor;

/// (1, C, H, W) -> (1, 1, H, W): the number of largest magnitude over the channels, with its sign, the first of
/// equals; NaN where one is. Simonyan et al. 2014, section 3.1, do so for colour pictures.
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

/// (1, 1, H, W) -> (1, 1, h, w) by bilinear interpolation between the centres of cells; outside of the outermost
/// centres their value goes on. These are the half-pixel coordinates of most frameworks (`align_corners` off).
pub fn upsample(plane: &Tensor, [h, w]: [usize; 2]) -> Tensor {
    let (_, _, from_h, from_w) = plane.dim();
    // The two cells beside a place, and how far it is from the first.
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

/// What a black and a white pixel are in each channel of the network's input.
#[derive(Clone, PartialEq, Debug)]
pub struct PixelRange {
    black: Vec<f32>,
    white: Vec<f32>,
}

impl PixelRange {
    /// The range of so many channels, where `value` says what a pixel of 0 to 255 becomes in a channel.
    pub fn new(channels: usize, value: impl Fn(usize, f32) -> f32) -> Self {
        let of = |pixel| (0..channels).map(|c| value(c, pixel)).collect();
        Self { black: of(0.0), white: of(255.0) }
    }

    fn ends(&self, c: usize) -> [f32; 2] {
        let number = |numbers: &[f32], or| numbers.get(c).copied().filter(|x| x.is_finite()).unwrap_or(or);
        [number(&self.black, 0.0), number(&self.white, 1.0)]
    }

    /// Lower and upper end of channel `c`; 0 and 1 for one beyond the last, or that is not finite.
    pub fn of(&self, c: usize) -> [f32; 2] {
        let [black, white] = self.ends(c);
        [black.min(white), black.max(white)]
    }

    /// The plain colour in channel `c`.
    pub fn fill(&self, fill: Fill, c: usize) -> f32 {
        let [black, white] = self.ends(c);
        match fill {
            Fill::Black => black,
            Fill::Grey => (black + white) / 2.0,
            Fill::White => white,
        }
    }

    /// A picture of one plain colour, (1, C, H, W).
    pub fn plain(&self, fill: Fill, [c, h, w]: [usize; 3]) -> Tensor {
        Tensor::from_shape_fn((1, c, h, w), |(_, c, _, _)| self.fill(fill, c))
    }
}

/// A plain colour: what covers a patch, and where integrated gradients start.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Fill {
    /// Black.
    #[default]
    Black,
    /// Halfway between black and white.
    Grey,
    /// White.
    White,
}

impl Fill {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Black, Self::Grey, Self::White];

    /// The fill of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fill| fill.name() == name)
    }

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Black => "black",
            Self::Grey => "grey",
            Self::White => "white",
        }
    }
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

    #[test]
    fn a_range_is_ordered_where_its_black_is_the_larger() {
        let range = PixelRange::new(3, |c, pixel| match c {
            0 => 1.0 - pixel / 255.0,
            1 => pixel / 255.0 * 4.0 - 1.0,
            _ => pixel / 0.0,
        });
        assert_eq!((range.of(0), range.of(1), range.of(2)), ([0.0, 1.0], [-1.0, 3.0], [0.0, 1.0]));
        assert_eq!((range.fill(Fill::Black, 0), range.fill(Fill::Grey, 1)), (1.0, 1.0));
    }
}
