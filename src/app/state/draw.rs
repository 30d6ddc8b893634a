//! How states become pictures: what the window does, for those who don't know it, and the files of its pictures.

use super::{AppState, PicturePart, PictureSetup};
use crate::export::picture::{self, Format, Scene};
use image::RgbaImage;

/// What of a state is drawn, how large, and in which colours.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Framing {
    /// What is drawn.
    pub part: PicturePart,
    /// Width and height in pixels.
    pub size_px: [u32; 2],
    /// Pixels a point; a presented window chooses them itself.
    pub pixels_per_point: f32,
    /// Light ink on a dark ground.
    pub is_dark: bool,
    /// Without a ground.
    pub is_transparent: bool,
    /// Of a stage alone: with what its colours stand for.
    pub has_legend: bool,
    /// Of a stage alone: with model, picture and address in small print.
    pub has_caption: bool,
}

impl Framing {
    /// The whole window, light or dark.
    pub const fn window(size_px: [u32; 2], pixels_per_point: f32, is_dark: bool) -> Self {
        Self {
            part: PicturePart::Window,
            size_px,
            pixels_per_point,
            is_dark,
            is_transparent: false,
            has_legend: true,
            has_caption: false,
        }
    }

    /// What a setup asks for, at so many pixels a point.
    pub fn new(setup: &PictureSetup, pixels_per_point: f32) -> Self {
        Self {
            part: setup.part,
            size_px: setup.size.map(|side| (side as f32 * pixels_per_point).round() as u32),
            pixels_per_point,
            is_dark: setup.is_dark,
            is_transparent: setup.is_transparent,
            has_legend: setup.has_legend,
            has_caption: setup.has_caption,
        }
    }
}

/// Draws states.
pub trait Draw: Sync {
    /// A state as pixels.
    fn pixels(&self, state: &AppState, framing: &Framing) -> RgbaImage;

    /// A state as shapes, images and text, in points.
    fn scene(&self, state: &AppState, framing: &Framing) -> Scene;
}

/// A state as pixels, as a setup asks for, at so many pixels a point.
///
/// # Errors
/// If the picture would be too large.
pub fn picture_pixels(
    draw: &dyn Draw,
    state: &AppState,
    setup: &PictureSetup,
    scale: f32,
) -> Result<RgbaImage, String> {
    /// The most pixels of a side, and in all: 256 MiB.
    const MOST: (u32, u64) = (16_384, 1 << 26);
    let framing = Framing::new(setup, scale);
    let [width, height] = framing.size_px;
    if width.max(height) > MOST.0 || u64::from(width) * u64::from(height) > MOST.1 {
        return Err(format!(
            "expected a picture of at most {} pixels a side and {} million in all, got {width} x {height}; choose a \
             smaller size or scale",
            MOST.0,
            MOST.1 / 1_000_000
        ));
    }
    Ok(draw.pixels(&state.pictured(setup), &framing))
}

/// The file that a setup asks for: of one state, or as a PDF of many, a page each.
///
/// # Errors
/// If there is not one state, or a picture without pages.
pub fn picture_file(draw: &dyn Draw, states: &[AppState], setup: &PictureSetup) -> Result<Vec<u8>, String> {
    /// Pixels a point to which drawn things are aligned.
    const ALIGNED: f32 = 2.0;
    let scene = |state: &AppState| draw.scene(&state.pictured(setup), &Framing::new(setup, ALIGNED));
    let file = match (setup.format, states) {
        (Format::Png, [state]) => picture::png(&picture_pixels(draw, state, setup, setup.scale as f32)?),
        (Format::Svg, [state]) => Ok(picture::svg(&scene(state)).into_bytes()),
        (Format::Pdf, [_, ..]) => picture::pdf(&states.iter().map(scene).collect::<Vec<_>>()),
        (Format::Png | Format::Svg | Format::Pdf, _) => {
            let (ending, count) = (setup.format.ending(), states.len());
            return Err(format!(
                "expected one place for a .{ending} file, got {count}; a .pdf has a page for each"
            ));
        }
    };
    file.map_err(|error| error.0)
}
