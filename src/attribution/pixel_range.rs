//! The values of black, grey and white pixels in a network's input.

use crate::tensor::Tensor;

/// The values of black and white pixels in each channel of the network's input.
#[derive(Clone, PartialEq, Debug)]
pub struct PixelRange {
    black: Vec<f32>,
    white: Vec<f32>,
}

impl PixelRange {
    /// The range of `channels` channels; `value` maps a channel and a pixel in 0..=255 to the network's input.
    pub fn new(channels: usize, value: impl Fn(usize, f32) -> f32) -> Self {
        let of = |pixel| (0..channels).map(|c| value(c, pixel)).collect();
        Self { black: of(0.0), white: of(255.0) }
    }

    fn ends(&self, c: usize) -> [f32; 2] {
        let number = |numbers: &[f32], or| numbers.get(c).copied().filter(|x| x.is_finite()).unwrap_or(or);
        [number(&self.black, 0.0), number(&self.white, 1.0)]
    }

    /// The lower and upper bound of channel `c`; 0 and 1 for a missing channel or a bound that is not finite.
    pub fn bounds(&self, c: usize) -> [f32; 2] {
        let [black, white] = self.ends(c);
        [black.min(white), black.max(white)]
    }

    /// The value of a plain colour in channel `c`.
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

/// A plain colour: what covers a patch, and the baseline of integrated gradients.
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

    /// The colour with this name.
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

    #[test]
    fn a_range_is_ordered_where_its_black_is_the_larger() {
        let range = PixelRange::new(3, |c, pixel| match c {
            0 => 1.0 - pixel / 255.0,
            1 => pixel / 255.0 * 4.0 - 1.0,
            _ => pixel / 0.0,
        });
        assert_eq!(
            (range.bounds(0), range.bounds(1), range.bounds(2)),
            ([0.0, 1.0], [-1.0, 3.0], [0.0, 1.0])
        );
        assert_eq!((range.fill(Fill::Black, 0), range.fill(Fill::Grey, 1)), (1.0, 1.0));
    }
}
