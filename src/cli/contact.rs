//! A contact sheet of pictures as PNG, each with a framed patch that is enlarged beside it.

use super::{CliError, heat};
use crate::attribution::Rect;
use crate::tensor::Tensor;
use image::{ImageFormat, Rgb, RgbImage, imageops};
use std::io::Cursor;

/// A picture on the sheet.
pub struct Tile {
    /// (1, C, H, W) in 0..=255.
    pub pixels: Tensor,
    /// The patch within the picture.
    pub patch: Rect,
}

/// The frame's colour: the vermilion of Okabe & Ito 2008, which readers with colour blindness can distinguish too.
const FRAME: Rgb<u8> = Rgb([213, 94, 0]);
/// The gap between pictures.
const GROUND: Rgb<u8> = Rgb([255, 255, 255]);
/// The least side of a picture on the sheet.
const SIDE: usize = 128;
const GAP: u32 = 12;
/// The thickness of the frame, in pixels of the sheet.
const THICK: u32 = 2;

/// Draws the pictures row by row; there must be at least one, and all must have the same size.
pub fn sheet(tiles: &[Tile]) -> Result<Vec<u8>, CliError> {
    let Some(first) = tiles.first() else {
        return Err(CliError(
            "--out: expected a picture that activates the unit, got none, because all values are NaN; use another unit or \
             other weights"
                .into(),
        ));
    };
    let (_, _, h, w) = first.pixels.dim();
    let times = SIDE.div_ceil(h.min(w)).max(1);
    let [high, wide] = [h * times, w * times].map(|side| side as u32);
    // A patch that covers the whole picture is not repeated.
    let has_patches = tiles.iter().any(|tile| tile.patch.size != [h, w]);
    let [tile_wide, tile_high] = [if has_patches { 2 * wide + GAP / 2 } else { wide }, high];
    let columns = (1..=tiles.len()).find(|n| n * n >= tiles.len()).unwrap_or(1) as u32;
    let rows = (tiles.len() as u32).div_ceil(columns);
    let across = |n: u32, side: u32| n * (side + GAP) + GAP;
    let mut sheet = RgbImage::from_pixel(across(columns, tile_wide), across(rows, tile_high), GROUND);
    for (k, Tile { pixels, patch }) in tiles.iter().enumerate() {
        let k = k as u32;
        let left = across(k % columns, tile_wide);
        let top = across(k / columns, tile_high);
        let picture = picture(pixels);
        let [i, j, rows, cols] =
            [patch.at[0], patch.at[1], patch.size[0], patch.size[1]].map(|length| length as u32);
        let large = imageops::resize(&picture, wide, high, imageops::FilterType::Nearest);
        imageops::replace(&mut sheet, &large, left.into(), top.into());
        let n = times as u32;
        frame(&mut sheet, [left + j * n, top + i * n], [cols * n, rows * n]);
        if has_patches {
            // Enlarged by the same factor in both directions, as far as there is room.
            let n = (wide / cols).min(high / rows).max(1);
            let cut = imageops::crop_imm(&picture, j, i, cols, rows).to_image();
            let cut = imageops::resize(&cut, cols * n, rows * n, imageops::FilterType::Nearest);
            let left = left + wide + GAP / 2;
            imageops::replace(&mut sheet, &cut, left.into(), top.into());
        }
    }
    let mut png = Cursor::new(Vec::new());
    sheet
        .write_to(&mut png, ImageFormat::Png)
        .map_err(|error| CliError(format!("expected to write a PNG, got {error}; use fewer pictures")))?;
    Ok(png.into_inner())
}

/// An image from pixels: (1, C, H, W) in 0..=255.
fn picture(pixels: &Tensor) -> RgbImage {
    let (_, _, h, w) = pixels.dim();
    RgbImage::from_fn(w as u32, h as u32, |j, i| {
        Rgb(heat::rgb(pixels, i as usize, j as usize).map(|x| x.round().clamp(0.0, 255.0) as u8))
    })
}

/// Draws a frame just outside a rectangle, as far as it lies on the sheet, so that the framed part stays visible.
fn frame(sheet: &mut RgbImage, [left, top]: [u32; 2], [wide, high]: [u32; 2]) {
    let [outer_left, outer_top] = [left, top].map(|at| at.saturating_sub(THICK));
    let (right, bottom) = (left + wide, top + high);
    for y in outer_top..(bottom + THICK).min(sheet.height()) {
        for x in outer_left..(right + THICK).min(sheet.width()) {
            if !(left..right).contains(&x) || !(top..bottom).contains(&y) {
                sheet.put_pixel(x, y, FRAME);
            }
        }
    }
}
