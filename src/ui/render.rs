//! The program's window contents as a picture, with no display and no GPU.

use super::{
    raster::{FrameSetup, render_frame},
    room::Room,
    shell,
    view::Memory,
};
use crate::app::{AppState, Draw, Framing};
use image::RgbaImage;

/// The window's drawing, for the command line.
#[derive(Clone, Copy, Debug)]
pub struct Drawing;

impl Draw for Drawing {
    fn pixels(&self, state: &AppState, framing: &Framing) -> RgbaImage {
        render(state, framing.size_px, framing.pixels_per_point, framing.is_dark)
    }
}

/// Draws the window for a state: `size` in pixels, `zoom` in pixels a point, which a presented window chooses itself.
pub fn render(state: &AppState, size: [u32; 2], zoom: f32, dark: bool) -> RgbaImage {
    let mut memory = Memory::default();
    let presented = state.view().presenting.then(|| Room::presented_zoom(size[1] as f32));
    let setup =
        FrameSetup { dark, pixels_per_point: presented.unwrap_or(zoom), ..FrameSetup::new(size[0], size[1]) };
    render_frame(&setup, |ui| {
        shell::window_ui(ui, state, &mut memory);
    })
}
