//! Painting on the pixels of a network's input.
//!
//! Points are (x, y) in cells of the input: the centre of the cell in row i, column j is (j + 0.5, i + 0.5).

use super::draw::{Point, at, brightness, distance_to_line};
use super::{Content, Loaded, Picture, PictureError};
use crate::tensor::Tensor;

/// The shape of a pen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Pen {
    /// The distance from the middle of the line to its edge, in cells.
    pub radius: f32,
    /// The width over which the edge fades, in cells; 0 is a hard edge.
    pub softness: f32,
}

impl Pen {
    /// The share of a cell that the pen covers at this distance from the line.
    fn coverage(self, distance: f32) -> f32 {
        if self.softness > 0.0 {
            (0.5 + (self.radius - distance) / self.softness).clamp(0.0, 1.0)
        } else if distance <= self.radius {
            1.0
        } else {
            0.0
        }
    }
}

/// Draws a stroke through `points` onto pixels (1, C, H, W). Each cell moves towards `ink(channel, row, column)` by
/// the share of it that the whole stroke covers, and is rounded. The cell under the first point is always covered,
/// however thin the pen.
pub fn stroke(
    pixels: &Tensor,
    points: &[[f32; 2]],
    pen: Pen,
    ink: impl Fn(usize, usize, usize) -> f32,
) -> Tensor {
    let mut out = pixels.clone();
    let points: Vec<Point> =
        points.iter().filter(|[x, y]| x.is_finite() && y.is_finite()).map(|&[x, y]| at(x, y)).collect();
    let Some(&first) = points.first() else { return out };
    let (_, channels, h, w) = pixels.dim();
    for i in 0..h {
        for j in 0..w {
            let middle = at(j as f32 + 0.5, i as f32 + 0.5);
            let is_first = (first.x.floor(), first.y.floor()) == (j as f32, i as f32);
            let distance = if let [only] = points.as_slice() {
                (middle - *only).length()
            } else {
                let lines = points.windows(2).map(|line| distance_to_line(middle, line[0], line[1]).0);
                lines.fold(f32::INFINITY, f32::min)
            };
            let covered = if is_first { 1.0 } else { pen.coverage(distance) };
            if covered > 0.0 {
                for c in 0..channels {
                    let cell = &mut out[[0, c, i, j]];
                    *cell = (*cell + (ink(c, i, j) - *cell) * covered).round();
                }
            }
        }
    }
    out
}

/// A colour's value in one of `channels` channels: red, green or blue if there are three, else its brightness.
pub fn in_channel(colour: [u8; 3], channels: usize, channel: usize) -> f32 {
    let colour = colour.map(f32::from);
    if channels == 3 { colour[channel.min(2)] } else { brightness(colour).round() }
}

/// The name of a picture that was drawn in the program.
pub const DRAWING: &str = "drawing";

/// A drawing from its pixels, (1, C, H, W) in 0..=255 with C = 1 or 3.
///
/// # Errors
/// As for [`Picture::from_tensor`].
pub fn drawing(pixels: &Tensor) -> Result<Loaded, PictureError> {
    let content = Content::Picture(Picture::from_tensor(DRAWING, pixels)?);
    Ok(Loaded { name: DRAWING.into(), content, label: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Background, Fit};

    fn blank() -> Tensor {
        Tensor::zeros([1, 1, 8, 8])
    }

    const HARD: Pen = Pen { radius: 1.0, softness: 0.0 };

    #[test]
    fn a_hard_stroke_covers_what_is_within_its_radius() {
        let out = stroke(&blank(), &[[1.5, 3.5], [6.5, 3.5]], HARD, |_, _, _| 200.0);
        for ((_, _, i, j), &x) in out.indexed_iter() {
            let is_on = (2..=4).contains(&i) && (1..=6).contains(&j) || i == 3 && (j == 0 || j == 7);
            assert_eq!(x, if is_on { 200.0 } else { 0.0 }, "({i}, {j})");
        }
    }

    #[test]
    fn a_thin_pen_marks_the_cell_under_it_and_a_soft_one_fades() {
        let thin = Pen { radius: 0.1, softness: 0.0 };
        let out = stroke(&blank(), &[[2.9, 5.1]], thin, |_, _, _| 255.0);
        assert_eq!((out.sum(), out[[0, 0, 5, 2]]), (255.0, 255.0));
        let soft = Pen { radius: 1.5, softness: 2.0 };
        let out = stroke(&blank(), &[[4.5, 0.5], [4.5, 7.5]], soft, |_, _, _| 100.0);
        assert_eq!([2, 3, 4, 5].map(|j| out[[0, 0, 4, j]]), [25.0, 75.0, 100.0, 75.0]);
        // Covering a cell twice has no further effect.
        let twice = stroke(&blank(), &[[4.5, 0.5], [4.5, 7.5], [4.5, 0.5]], soft, |_, _, _| 100.0);
        assert_eq!(twice, out);
    }

    #[test]
    fn nothing_comes_of_no_points_and_of_odd_ones() {
        assert_eq!(stroke(&blank(), &[], HARD, |_, _, _| 9.0), blank());
        assert_eq!(stroke(&blank(), &[[f32::NAN, 1.0]], HARD, |_, _, _| 9.0), blank());
        assert_eq!(stroke(&blank(), &[[-90.0, 1e9]], HARD, |_, _, _| 9.0), blank());
    }

    #[test]
    fn a_drawing_is_seen_as_it_was_drawn() {
        for channels in [1, 3] {
            let mut pixels = Tensor::zeros([1, channels, 5, 7]);
            for (k, x) in pixels.iter_mut().enumerate() {
                *x = (k * 3 % 256) as f32;
            }
            let loaded = drawing(&pixels).expect("fits");
            let seen = loaded.input(channels, 5, 7, Fit::CenterCrop, Background::BLACK).expect("fits");
            assert_eq!(seen.tensor, pixels);
        }
    }
}
