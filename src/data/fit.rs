//! Fitting a picture of any size to the input of a network.

use super::background::Background;
use super::error::PictureError;
use super::limits::MAX_PIXELS;
use super::picture::Picture;
use super::resample::{Canvas, Region, resample};
use crate::tensor::Tensor;
use ndarray::Array4;
use serde::{Deserialize, Serialize};

/// How a picture of another shape fills the network's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Crops the largest centred rectangle of the input's proportions.
    #[default]
    CenterCrop,
    /// Scales the whole picture without distortion and fills the bars beside it with the background.
    Pad,
    /// Stretches the whole picture over the input; its proportions change.
    Stretch,
}

impl Fit {
    /// All of them, in the order in which menus offer them.
    pub const ALL: [Fit; 3] = [Fit::CenterCrop, Fit::Pad, Fit::Stretch];

    /// The name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Fit::CenterCrop => "center-crop",
            Fit::Pad => "pad",
            Fit::Stretch => "stretch",
        }
    }

    /// The fit with this name.
    pub fn parse(name: &str) -> Option<Fit> {
        Fit::ALL.into_iter().find(|fit| fit.name() == name)
    }
}

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
    /// The part of the source picture that fills the input.
    pub seen: Crop,
}

impl Fitted {
    /// The part of the source picture under the input's rows `i` and columns `j`, as needed to draw a receptive
    /// field on the original picture.
    pub fn source_from_input(&self, i: std::ops::Range<usize>, j: std::ops::Range<usize>) -> Crop {
        let (_, _, h, w) = self.tensor.dim();
        let (row, column) = (self.seen.h / h as f64, self.seen.w / w as f64);
        Crop {
            x: self.seen.x + j.start as f64 * column,
            y: self.seen.y + i.start as f64 * row,
            w: j.len() as f64 * column,
            h: i.len() as f64 * row,
        }
    }
}

/// Fits a picture: picture -> (1, channels, h, w) of whole numbers in 0..=255, with 1 or 3 `channels`.
///
/// Transparent pixels are blended with the background, the picture is resized, and colours are converted to grey or
/// grey to colours; each value is rounded once, at the end. Resizing uses a triangle filter: it averages when it
/// reduces and interpolates linearly when it enlarges; a picture of the right size passes unchanged. It works on
/// the stored (gamma-encoded) values, as training pipelines do. Grey is Y = 0.299 R + 0.587 G + 0.114 B (ITU-R
/// BT.601-7, 2.5.1); grey becomes colour by repetition.
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
    fit: Fit,
    background: Background,
) -> Result<Fitted, PictureError> {
    if channels != 1 && channels != 3 {
        return Err(PictureError::Channels { name: picture.name().to_owned(), got: channels });
    }
    let pixels = (h as u64).saturating_mul(w as u64);
    if pixels == 0 || pixels > MAX_PIXELS {
        return Err(PictureError::Target { name: picture.name().to_owned(), h, w });
    }
    let (source_w, source_h) = (picture.width() as usize, picture.height() as usize);
    let whole = Region { x: 0, y: 0, w: source_w, h: source_h };
    // `take` is the region of the source that goes to the region `put` of the input.
    let input = Region { x: 0, y: 0, w, h };
    let (take, put) = match fit {
        Fit::Stretch => (whole, input),
        Fit::CenterCrop => (largest_centred(w, h, whole), input),
        Fit::Pad => (whole, largest_centred(source_w, source_h, input)),
    };
    let canvas = resample(picture, take, put.w, put.h, background);
    let tensor = Array4::from_shape_fn((1, channels, h, w), |(_, c, i, j)| {
        match (i.checked_sub(put.y), j.checked_sub(put.x)) {
            (Some(i), Some(j)) if i < put.h && j < put.w => value(&canvas, channels, c, i, j),
            _ => background_value(background, channels, c),
        }
    });
    // Input cells in source pixels. Multiplying first keeps a whole input exactly as large as a whole picture.
    let across = |cells: usize| cells as f64 * take.w as f64 / put.w as f64;
    let down = |cells: usize| cells as f64 * take.h as f64 / put.h as f64;
    let seen =
        Crop { x: take.x as f64 - across(put.x), y: take.y as f64 - down(put.y), w: across(w), h: down(h) };
    Ok(Fitted { tensor, seen })
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
    let canvas = resample(picture, Region { x: 0, y: 0, w, h }, width, height, background);
    let mut rgb = Vec::with_capacity(width * height * 3);
    for i in 0..height {
        for j in 0..width {
            rgb.extend((0..3).map(|c| value(&canvas, 3, c, i, j) as u8));
        }
    }
    Preview { width, height, rgb }
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
