//! How states become pictures: what the window does, for those who don't know it.

use super::AppState;
use image::RgbaImage;

/// How large a picture is, and in which colours.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Framing {
    /// Width and height in pixels.
    pub size_px: [u32; 2],
    /// Pixels a point; a presented window chooses them itself.
    pub pixels_per_point: f32,
    /// Light ink on a dark ground.
    pub is_dark: bool,
}

impl Framing {
    /// The whole window, light or dark.
    pub const fn window(size_px: [u32; 2], pixels_per_point: f32, is_dark: bool) -> Self {
        Self { size_px, pixels_per_point, is_dark }
    }
}

/// Draws states.
pub trait Draw: Sync {
    /// A state as pixels.
    fn pixels(&self, state: &AppState, framing: &Framing) -> RgbaImage;
}
