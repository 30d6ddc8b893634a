//! How many pixels a point of the window has: what the user chose; at a first start and while presenting, what the
//! window's height asks for.

use super::room::Room;
use egui::Context;

/// What the zoom follows.
#[derive(Clone, Debug)]
pub struct Zoom {
    /// Before the stage was presented.
    before: Option<f32>,
    /// The last that a first start chose; `None` once the user has chosen one, and in later starts.
    first: Option<f32>,
}

impl Zoom {
    /// The zoom of a window that opens; with `is_first`, for a user who has not chosen one yet.
    pub fn new(is_first: bool) -> Self {
        Self { before: None, first: is_first.then_some(1.0) }
    }

    /// Whether the stage is presented.
    pub fn is_presented(&self) -> bool {
        self.before.is_some()
    }

    /// Sets the zoom for the size that the window has in this frame. A presented window has 720 points of height,
    /// also where it moves to another screen; afterwards the zoom is what it was.
    pub fn follow(&mut self, ctx: &Context, presenting: bool) {
        if presenting {
            self.before.get_or_insert(ctx.zoom_factor());
            let native = ctx.input(|input| input.viewport().native_pixels_per_point.unwrap_or(1.0));
            let height = ctx.viewport_rect().height() * ctx.pixels_per_point();
            return ctx.set_zoom_factor(Room::presented_zoom(height) / native);
        }
        if let Some(zoom) = self.before.take() {
            return ctx.set_zoom_factor(zoom);
        }
        let Some(first) = self.first else { return };
        if ctx.zoom_factor() != first {
            self.first = None;
            return;
        }
        // Without the zoom, since that is what is looked for.
        let zoom = Room::first_zoom(ctx.content_rect().height() * ctx.zoom_factor());
        self.first = Some(zoom);
        ctx.set_zoom_factor(zoom);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{RawInput, Rect, Vec2, pos2, vec2};

    /// Frames of a window of so many pixels; answers the zoom after them.
    fn frames(ctx: &Context, zoom: &mut Zoom, pixels: Vec2, presenting: bool) -> f32 {
        for _ in 0..3 {
            let points = pixels / ctx.zoom_factor();
            let screen_rect = Some(Rect::from_min_size(pos2(0.0, 0.0), points));
            let input = RawInput { screen_rect, ..RawInput::default() };
            let mut output = ctx.run_ui(input, |ui| zoom.follow(ui.ctx(), presenting));
            output.textures_delta.clear();
        }
        ctx.zoom_factor()
    }

    #[test]
    fn a_presented_window_has_the_same_points_on_every_screen_and_gives_the_zoom_back() {
        let (ctx, mut zoom) = (Context::default(), Zoom::new(false));
        ctx.set_zoom_factor(1.5);
        assert_eq!(frames(&ctx, &mut zoom, vec2(1280.0, 720.0), false), 1.5, "a later start keeps the zoom");
        for height in [720.0, 1080.0, 768.0, 2160.0] {
            let now = frames(&ctx, &mut zoom, vec2(1920.0, height), true);
            assert!((now - Room::presented_zoom(height)).abs() < 1e-4, "{height}: {now}");
            assert!(zoom.is_presented());
        }
        assert_eq!(frames(&ctx, &mut zoom, vec2(1280.0, 720.0), false), 1.5);
        assert!(!zoom.is_presented());
    }

    #[test]
    fn a_first_start_follows_the_window_until_the_user_zooms() {
        let (ctx, mut zoom) = (Context::default(), Zoom::new(true));
        assert_eq!(frames(&ctx, &mut zoom, vec2(1280.0, 720.0), false), 1.0);
        assert_eq!(frames(&ctx, &mut zoom, vec2(1920.0, 1080.0), false), 1.25, "the window was maximized");
        let presented = frames(&ctx, &mut zoom, vec2(1920.0, 1080.0), true);
        assert!((presented - Room::presented_zoom(1080.0)).abs() < 1e-4);
        assert_eq!(frames(&ctx, &mut zoom, vec2(1920.0, 1080.0), false), 1.25);
        ctx.set_zoom_factor(1.1);
        assert_eq!(frames(&ctx, &mut zoom, vec2(1920.0, 1080.0), false), 1.1);
        assert_eq!(frames(&ctx, &mut zoom, vec2(1280.0, 720.0), false), 1.1);
    }
}
