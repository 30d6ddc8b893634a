//! The program's window contents as a picture, with no display and no GPU.

use super::{
    raster::{FrameSetup, render_frame},
    shell,
    view::Memory,
};
use crate::app::AppState;
use image::RgbaImage;

/// Draws the window for a state: `size` in pixels.
pub fn render(state: &AppState, size: [u32; 2], dark: bool) -> RgbaImage {
    let mut memory = Memory::default();
    let setup = FrameSetup { dark, ..FrameSetup::new(size[0], size[1]) };
    render_frame(&setup, |ui| {
        shell::window_ui(ui, state, &mut memory);
    })
}
