//! Fitting a picture of any size to the input of a network.

use super::adjust::{Adjustment, Fit, Frame};
use super::background::Background;
use super::draw::sin_cos;
use super::error::PictureError;
use super::limits::MAX_PIXELS;
use super::picture::Picture;
use super::resample::{Beyond, Canvas, Taps, colour_at, resample};
use crate::tensor::Tensor;
use ndarray::Array4;
use serde::{Deserialize, Serialize};

/// A rectangle of the source picture, in source pixels; (0, 0) is the upper left corner of the upper left pixel.
/// The crop of a padded picture extends beyond the picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Crop {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

/// A picture fitted to a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// (1, C, H, W): whole numbers in 0..=255.
    pub tensor: Tensor,
    /// The part of the source picture that fills the input; of a picture turned by degrees, the upright rectangle
    /// around that.
    pub seen: Crop,
    /// Where the input's cells lie on the source picture.
    pub placement: Placement,
}

impl Fitted {
    /// The part of the source picture under the input's rows `i` and columns `j`, as needed to draw a receptive
    /// field on the original picture; of a picture turned by degrees, the upright rectangle around that.
    pub fn source_from_input(&self, i: std::ops::Range<usize>, j: std::ops::Range<usize>) -> Crop {
        around(self.corners(i, j))
    }

    /// The corners of that part: of the first row's first and last cell, then of the last row's last and first cell,
    /// (x, y) in source pixels.
    pub fn corners(&self, i: std::ops::Range<usize>, j: std::ops::Range<usize>) -> [[f64; 2]; 4] {
        let [top, bottom, left, right] = [i.start, i.end, j.start, j.end].map(|at| at as f64);
        [[top, left], [top, right], [bottom, right], [bottom, left]].map(|at| self.placement.source(at))
    }
}

/// The upright rectangle around some places.
fn around(places: [[f64; 2]; 4]) -> Crop {
    let least = |axis: usize| places.iter().map(|place| place[axis]).fold(f64::INFINITY, f64::min);
    let most = |axis: usize| places.iter().map(|place| place[axis]).fold(f64::NEG_INFINITY, f64::max);
    Crop { x: least(0), y: least(1), w: most(0) - least(0), h: most(1) - least(1) }
}

/// Where the cells of a network's input lie on the source picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    adjustment: Adjustment,
    /// Rows and columns of the input.
    input: [usize; 2],
    /// Of the source picture, in its pixels: left, top, width, height.
    take: [f64; 4],
    /// Where that is put, in cells of the input before mirroring and quarter turns: left, top, width, height.
    put: [f64; 4],
}

impl Placement {
    /// An input that is used unchanged, row by row.
    pub(super) fn identity(rows: usize, columns: usize) -> Self {
        let whole = [0.0, 0.0, columns as f64, rows as f64];
        let adjustment = Adjustment::from(Fit::Stretch);
        Placement { adjustment, input: [rows, columns], take: whole, put: whole }
    }

    fn new(adjustment: Adjustment, picture: [usize; 2], input: [usize; 2]) -> Self {
        let [rows, columns] = adjustment.upright_size(input);
        let [w, h] = picture;
        let (source, cells) = (Region { x: 0, y: 0, w, h }, Region { x: 0, y: 0, w: columns, h: rows });
        let (take, put) = match adjustment.fit {
            Fit::Stretch => (source, cells),
            Fit::CenterCrop => (largest_centred(columns, rows, source), cells),
            Fit::Pad => (source, largest_centred(w, h, cells)),
        };
        let (mut take, mut put) = (take.as_f64(), put.as_f64());
        let is_turned_in_bars = adjustment.degrees != 0.0 && adjustment.fit == Fit::Pad;
        let frame = adjustment.frame.or_else(|| is_turned_in_bars.then(Frame::default));
        if let Some(frame) = frame {
            (take, put) = (adjustment.frame_in(frame, picture, input), cells.as_f64());
        }
        Placement { adjustment, input, take, put }
    }

    /// Where a place in the input lies on the source picture: [row, column], in cells from the input's upper left
    /// corner, to [x, y] in source pixels from its.
    pub fn source(&self, at: [f64; 2]) -> [f64; 2] {
        self.upright_to_adjusted(self.adjustment.upright(at, self.input))
    }

    /// The same of a place before mirroring and quarter turns.
    fn upright_to_adjusted(&self, [i, j]: [f64; 2]) -> [f64; 2] {
        let ([left, top, w, h], [put_left, put_top, put_w, put_h]) = (self.take, self.put);
        // Multiplying first keeps a whole input exactly as large as a whole picture.
        let (x, y) = (left + (j - put_left) * w / put_w, top + (i - put_top) * h / put_h);
        if self.adjustment.degrees == 0.0 {
            return [x, y];
        }
        let (middle_x, middle_y) = (left + w / 2.0, top + h / 2.0);
        let (sin, cos) = sin_cos(self.adjustment.turn() / 360.0);
        let (sin, cos) = (f64::from(sin), f64::from(cos));
        let (x, y) = (x - middle_x, y - middle_y);
        [middle_x + x * cos + y * sin, middle_y - x * sin + y * cos]
    }

    /// The part of the source picture that fills the input.
    fn seen(&self) -> Crop {
        let is_upright = self.adjustment.degrees == 0.0 && self.adjustment.quarters == 0;
        if is_upright && !self.adjustment.mirrored && self.adjustment.shift == [0, 0] {
            let ([left, top, w, h], [put_left, put_top, put_w, put_h]) = (self.take, self.put);
            let (across, down) = (|cells: f64| cells * w / put_w, |cells: f64| cells * h / put_h);
            let [rows, columns] = self.input.map(|side| side as f64);
            return Crop {
                x: left - across(put_left),
                y: top - down(put_top),
                w: across(columns),
                h: down(rows),
            };
        }
        let [rows, columns] = self.input.map(|side| side as f64);
        around([[0.0, 0.0], [0.0, columns], [rows, columns], [rows, 0.0]].map(|at| self.source(at)))
    }

    /// Whether bars of background lie beside the cells that the picture is put in.
    fn has_bars(&self) -> bool {
        let Adjustment { fit, frame, degrees, .. } = self.adjustment;
        fit == Fit::Pad && frame.is_none() && degrees == 0.0
    }

    /// What lies beyond the picture's edge.
    fn beyond(&self) -> Beyond {
        match self.adjustment.fit {
            Fit::Pad if !self.has_bars() => Beyond::Background,
            Fit::Pad | Fit::CenterCrop | Fit::Stretch => Beyond::Edge,
        }
    }
}

/// Fits a picture: picture -> (1, channels, h, w) of whole numbers in 0..=255, with 1 or 3 `channels`.
///
/// Transparent pixels are blended with the background, the picture is resized, and colours are converted to grey or
/// grey to colours; each value is rounded once, at the end. Resizing uses a triangle filter: it averages when it
/// reduces and interpolates linearly when it enlarges; a picture of the right size passes unchanged. It works on
/// the stored (gamma-encoded) values, as training pipelines do. Grey is Y = 0.299 R + 0.587 G + 0.114 B (ITU-R
/// BT.601-7, 2.5.1); grey becomes colour by repetition. `how` is a [`Fit`], or a whole [`Adjustment`].
///
/// # Errors
/// If `channels` is neither 1 nor 3, or h x w is not a possible picture size.
///
/// ```
/// use convstep::data::{Fit, Background, Picture, fit};
///
/// let picture = Picture::from_rgba("dot", 1, 1, vec![255, 0, 0, 255])?;
/// let grey = fit(&picture, 1, 2, 2, Fit::Stretch, Background::WHITE)?;
/// assert_eq!(grey.tensor[[0, 0, 1, 1]], 76.0); // 0.299 * 255, rounded
/// assert!(fit(&picture, 2, 2, 2, Fit::Stretch, Background::WHITE).is_err());
/// # Ok::<(), convstep::data::PictureError>(())
/// ```
pub fn fit(
    picture: &Picture,
    channels: usize,
    h: usize,
    w: usize,
    how: impl Into<Adjustment>,
    background: Background,
) -> Result<Fitted, PictureError> {
    if channels != 1 && channels != 3 {
        return Err(PictureError::Channels { name: picture.name().to_owned(), got: channels });
    }
    let pixels = (h as u64).saturating_mul(w as u64);
    if pixels == 0 || pixels > MAX_PIXELS {
        return Err(PictureError::Target { name: picture.name().to_owned(), h, w });
    }
    let adjustment = how.into().in_range();
    let size = [picture.width() as usize, picture.height() as usize];
    let placement = Placement::new(adjustment, size, [h, w]);
    let upright = Upright::new(picture, placement, background);
    let tensor = Array4::from_shape_fn((1, channels, h, w), |(_, c, i, j)| {
        let [i, j] = adjustment.upright([i as f64 + 0.5, j as f64 + 0.5], [h, w]).map(|at| at.floor() as i64);
        let value = |c: usize| upright.value(channels, c, i, j, background);
        let value = match channels {
            3 if adjustment.grey => luma(value(0), value(1), value(2)).round(),
            _ => value(c),
        };
        if adjustment.inverted { 255.0 - value } else { value }
    });
    Ok(Fitted { tensor, seen: placement.seen(), placement })
}

/// A picture fitted, before mirroring, quarter turns and shifts: the cells that are seen after them.
struct Upright {
    canvas: Canvas,
    /// Row and column of the canvas's first cell.
    first: [i64; 2],
    /// Rows and columns of the canvas.
    size: [i64; 2],
}

impl Upright {
    fn new(picture: &Picture, placement: Placement, background: Background) -> Self {
        let Placement { adjustment, input, take, put } = placement;
        let [rows, columns] = adjustment.upright_size(input);
        // A shift moves which cells are seen.
        let [h, w] = input.map(|side| side as f64);
        let corners = [[0.0, 0.0], [h, w]].map(|at| adjustment.upright(at, input));
        let first = [0, 1].map(|axis| corners[0][axis].min(corners[1][axis]).floor() as i64);
        let [put_left, put_top, put_w, put_h] = put.map(|side| side as i64);
        let (mut top, mut left) = (first[0], first[1]);
        let (mut bottom, mut right) = (top + rows as i64, left + columns as i64);
        if placement.has_bars() {
            // Nothing but background lies outside.
            (top, bottom) = (top.max(put_top), bottom.min(put_top + put_h));
            (left, right) = (left.max(put_left), right.min(put_left + put_w));
        }
        let size = [(bottom - top).max(0), (right - left).max(0)];
        let beyond = placement.beyond();
        let taps = |cells: std::ops::Range<i64>, all: i64, start: f64, len: f64| -> Vec<Taps> {
            cells.map(|cell| Taps::new(cell, all as usize, start, len)).collect()
        };
        let canvas = if adjustment.degrees == 0.0 {
            let across = taps(left - put_left..right - put_left, put_w, take[0], take[2]);
            let down = taps(top - put_top..bottom - put_top, put_h, take[1], take[3]);
            resample(picture, &across, &down, beyond, background)
        } else {
            let turned = turned(picture, placement, [top, left], background);
            let fine = turned.fine as f64;
            let (origin, all) = ([top - 1, left - 1].map(|at| -at as f64 * fine), [rows, columns]);
            let [across, down] = [(left..right, 1), (top..bottom, 0)]
                .map(|(cells, axis)| taps(cells, all[axis] as i64, origin[axis], all[axis] as f64 * fine));
            resample(&turned.picture, &across, &down, Beyond::Edge, background)
        };
        Upright { canvas, first: [top, left], size }
    }

    /// Channel `c` of a cell, converted to `channels` and rounded.
    fn value(&self, channels: usize, c: usize, i: i64, j: i64, background: Background) -> f32 {
        let (i, j) = (i - self.first[0], j - self.first[1]);
        if (0..self.size[0]).contains(&i) && (0..self.size[1]).contains(&j) {
            value(&self.canvas, channels, c, i as usize, j as usize)
        } else {
            background_value(background, channels, c)
        }
    }
}

/// A picture turned by degrees, with a number of pixels per cell of the input in each direction.
struct Turned {
    picture: Picture,
    fine: usize,
}

/// Turns the part of a picture that is seen, and one cell around it; `first`: row and column of the first cell seen.
fn turned(picture: &Picture, placement: Placement, first: [i64; 2], background: Background) -> Turned {
    /// The most pixels of a turned picture, so that turning follows the hand.
    const MOST: f64 = 1_500_000.0;
    let [rows, columns] = placement.adjustment.upright_size(placement.input);
    let (cells_down, cells_across) = (rows + 2, columns + 2);
    let [_, _, w, h] = placement.take;
    let wanted = (w / placement.put[2]).max(h / placement.put[3]).ceil();
    let fine = wanted.min((MOST / (cells_down * cells_across) as f64).sqrt().floor()).max(1.0) as usize;
    let beyond = placement.beyond();
    let mut rgb = Vec::with_capacity(cells_down * cells_across * fine * fine * 3);
    // From whole numbers, so that a place is the same whichever cell is the first.
    let at = |first: i64, k: usize| (((first - 1) * fine as i64 + k as i64) as f64 + 0.5) / fine as f64;
    for y in 0..cells_down * fine {
        for x in 0..cells_across * fine {
            let place = placement.upright_to_adjusted([at(first[0], y), at(first[1], x)]);
            let colour = colour_at(picture, place, beyond, background);
            rgb.extend(colour.map(|value| (value * 257.0).round().clamp(0.0, 65_535.0) as u16));
        }
    }
    let size = [cells_across * fine, cells_down * fine].map(|side| side as u32);
    Turned { picture: Picture::from_rgb16(picture.name(), size, rgb), fine }
}

/// A picture small enough for the screen, blended with the background.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Pixels in a row.
    pub width: usize,
    /// Pixels in a column.
    pub height: usize,
    /// Red, green, blue for each pixel, row by row.
    pub rgb: Vec<u8>,
}

/// Reduces a picture so that its longer side is at most `max_side` pixels; never enlarges it.
pub fn preview(picture: &Picture, max_side: usize, background: Background) -> Preview {
    let (w, h) = (picture.width() as usize, picture.height() as usize);
    let side = max_side.max(1);
    let frame = Region { x: 0, y: 0, w: side.min(w.max(h)), h: side.min(w.max(h)) };
    let Region { w: width, h: height, .. } = largest_centred(w, h, frame);
    let taps = |cells: usize, len: usize| -> Vec<Taps> {
        (0..cells as i64).map(|cell| Taps::new(cell, cells, 0.0, len as f64)).collect()
    };
    let canvas = resample(picture, &taps(width, w), &taps(height, h), Beyond::Edge, background);
    let mut rgb = Vec::with_capacity(width * height * 3);
    for i in 0..height {
        for j in 0..width {
            rgb.extend((0..3).map(|c| value(&canvas, 3, c, i, j) as u8));
        }
    }
    Preview { width, height, rgb }
}

/// A rectangle of whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Region {
    x: usize,
    y: usize,
    w: usize,
    h: usize,
}

impl Region {
    /// Left, top, width, height.
    fn as_f64(self) -> [f64; 4] {
        [self.x, self.y, self.w, self.h].map(|side| side as f64)
    }
}

/// The largest centred rectangle of proportions `w : h` within `frame`, in whole pixels, never empty.
fn largest_centred(w: usize, h: usize, frame: Region) -> Region {
    let scaled = |a: usize, b: usize, c: usize| {
        // a * b / c, rounded; in 128 bits, because all three can be large.
        ((a as u128 * b as u128 + c as u128 / 2) / c as u128) as usize
    };
    let (fw, fh) = (frame.w, frame.h);
    // Cross-multiplied: are the proportions wider than the frame's?
    let (cw, ch) = if (w as u128) * (fh as u128) >= (h as u128) * (fw as u128) {
        (fw, scaled(fw, h, w).clamp(1, fh))
    } else {
        (scaled(fh, w, h).clamp(1, fw), fh)
    };
    Region { x: frame.x + (fw - cw) / 2, y: frame.y + (fh - ch) / 2, w: cw, h: ch }
}

/// Channel `c` of cell (i, j) of a canvas with 1 or 3 channels, converted to `channels` and rounded.
fn value(canvas: &Canvas, channels: usize, c: usize, i: usize, j: usize) -> f32 {
    let pixel = canvas.pixel(i, j);
    let exact = match (channels, pixel) {
        (3, [r, g, b]) => [*r, *g, *b][c],
        (_, [r, g, b]) => luma(*r, *g, *b),
        (_, pixel) => pixel[0],
    };
    exact.clamp(0.0, 255.0).round()
}

fn background_value(Background(rgb): Background, channels: usize, c: usize) -> f32 {
    let [r, g, b] = rgb.map(f32::from);
    match channels {
        3 => [r, g, b][c],
        _ => luma(r, g, b).round(),
    }
}

/// Y = 0.299 R + 0.587 G + 0.114 B: ITU-R BT.601-7, 2.5.1.
fn luma(r: f32, g: f32, b: f32) -> f32 {
    0.299 * r + 0.587 * g + 0.114 * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_of_a_grey_is_the_grey() {
        for v in 0..=255u8 {
            let v = f32::from(v);
            assert_eq!(luma(v, v, v).round(), v);
        }
    }

    #[test]
    fn the_largest_centred_rectangle() {
        let frame = |w, h| Region { x: 0, y: 0, w, h };
        assert_eq!(largest_centred(32, 32, frame(640, 480)), Region { x: 80, y: 0, w: 480, h: 480 });
        assert_eq!(largest_centred(640, 480, frame(32, 32)), Region { x: 0, y: 4, w: 32, h: 24 });
        assert_eq!(largest_centred(1, 10_000, frame(32, 32)), Region { x: 15, y: 0, w: 1, h: 32 });
        assert_eq!(largest_centred(32, 32, frame(1, 1)), frame(1, 1));
        assert_eq!(largest_centred(32, 32, frame(33, 32)), frame(32, 32));
    }

    #[test]
    fn names_parse_back() {
        for fit in Fit::ALL {
            assert_eq!(Fit::parse(fit.name()), Some(fit));
            assert_eq!(serde_json::to_string(&fit).unwrap(), format!("\"{}\"", fit.name()));
        }
        assert_eq!(Fit::parse("zoom"), None);
    }
}
