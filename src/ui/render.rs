//! The program's window contents as a picture, with no display and no GPU.

use super::{
    raster::{FrameSetup, LastFrame, last_frame},
    room::{Alone, Room},
    scene::scene,
    shell,
    theme::Theme,
    view::Memory,
};
use crate::app::{AppState, Draw, Framing, PicturePart};
use crate::export::picture::Scene;
use egui::{Color32, Vec2};
use image::RgbaImage;

/// The window's drawing, for those who don't know it.
#[derive(Clone, Copy, Debug)]
pub struct Drawing;

impl Draw for Drawing {
    fn pixels(&self, state: &AppState, framing: &Framing) -> RgbaImage {
        frame(state, framing).paint(ground(framing).unwrap_or(Color32::TRANSPARENT))
    }

    fn scene(&self, state: &AppState, framing: &Framing) -> Scene {
        let size = Vec2::from(framing.size_px.map(|side| side as f32 / framing.pixels_per_point));
        let mut picture = scene(&frame(state, framing), size, state.caption());
        picture.ground = ground(framing).map(|color| color.to_srgba_unmultiplied());
        picture
    }
}

/// The colour behind everything.
fn ground(framing: &Framing) -> Option<Color32> {
    (!framing.is_transparent).then(|| Theme::by_darkness(framing.is_dark).ground)
}

fn frame(state: &AppState, framing: &Framing) -> LastFrame {
    let mut memory = Memory::default();
    let [width, height] = framing.size_px;
    let presented = state.view().presenting && framing.part == PicturePart::Window;
    let presented = presented.then(|| Room::presented_zoom(height as f32));
    let setup = FrameSetup {
        dark: framing.is_dark,
        pixels_per_point: presented.unwrap_or(framing.pixels_per_point),
        ..FrameSetup::new(width, height)
    };
    let alone = Alone { legend: framing.has_legend, caption: framing.has_caption };
    // The painter lays the ground: a rectangle of its own would only lie over it.
    last_frame(&setup, |ui| match framing.part {
        PicturePart::Window => drop(shell::window_on_ui(ui, state, &mut memory, None)),
        PicturePart::Stage => shell::alone_ui(ui, state, &memory, alone),
    })
}

/// Draws the window for a state: `size` in pixels, `zoom` in pixels a point, which a presented window chooses itself.
pub fn render(state: &AppState, size: [u32; 2], zoom: f32, dark: bool) -> RgbaImage {
    Drawing.pixels(state, &Framing::window(size, zoom, dark))
}
