//! Heat maps as PNG: a map over a picture, orange where it is positive and blue where it is negative.
//!
//! The two colours are those of Okabe & Ito 2008, which readers with colour blindness can distinguish.

use super::CliError;
use crate::tensor::Tensor;
use image::{ImageFormat, Rgb, RgbImage, imageops};
use std::io::Cursor;

const POSITIVE: [f32; 3] = [230.0, 159.0, 0.0];
const NEGATIVE: [f32; 3] = [0.0, 114.0, 178.0];
const NOT_A_NUMBER: [f32; 3] = [255.0, 0.0, 255.0];

/// The least side of the written picture.
const SIDE: usize = 256;

/// Draws map: (1, 1, H, W) over pixels: (1, C, H, W) in 0..=255, which become grey. The opacity is |map| / max
/// |map|.
pub fn over(map: &Tensor, pixels: &Tensor) -> Result<Vec<u8>, CliError> {
    let reach = map.iter().filter(|x| x.is_finite()).fold(0.0f32, |reach, x| reach.max(x.abs()));
    let (_, channels, _, _) = pixels.dim();
    draw(map.dim().2, map.dim().3, |i, j| {
        let grey = (0..channels).map(|c| pixels[[0, c, i, j]]).sum::<f32>() / channels as f32;
        let x = map[[0, 0, i, j]];
        let (colour, cover) = if !x.is_finite() {
            (NOT_A_NUMBER, 1.0)
        } else if reach > 0.0 {
            (if x < 0.0 { NEGATIVE } else { POSITIVE }, x.abs() / reach)
        } else {
            (POSITIVE, 0.0)
        };
        // The picture has half its contrast, to leave room for the colours.
        colour.map(|colour| (64.0 + grey / 2.0) * (1.0 - cover) + colour * cover)
    })
}

/// Draws pixels: (1, C, H, W) in 0..=255; other channel counts than three become grey.
pub fn picture(pixels: &Tensor) -> Result<Vec<u8>, CliError> {
    let (_, _, h, w) = pixels.dim();
    draw(h, w, |i, j| rgb(pixels, i, j))
}

/// Red, green and blue of a pixel of (1, C, H, W); other channel counts than three become grey.
pub fn rgb(pixels: &Tensor, i: usize, j: usize) -> [f32; 3] {
    match pixels.dim().1 {
        3 => [0, 1, 2].map(|c| pixels[[0, c, i, j]]),
        channels => [(0..channels).map(|c| pixels[[0, c, i, j]]).sum::<f32>() / channels as f32; 3],
    }
}

/// Draws each cell as a square of pixels.
fn draw(h: usize, w: usize, colour: impl Fn(usize, usize) -> [f32; 3]) -> Result<Vec<u8>, CliError> {
    let small = RgbImage::from_fn(w as u32, h as u32, |j, i| {
        Rgb(colour(i as usize, j as usize).map(|x| x.round().clamp(0.0, 255.0) as u8))
    });
    let times = SIDE.div_ceil(h.min(w)) as u32;
    let large = imageops::resize(&small, w as u32 * times, h as u32 * times, imageops::FilterType::Nearest);
    let mut png = Cursor::new(Vec::new());
    large
        .write_to(&mut png, ImageFormat::Png)
        .map_err(|error| CliError(format!("expected to write a PNG, got {error}; use a smaller picture")))?;
    Ok(png.into_inner())
}
