//! Hatching: one small repeating texture per direction, laid over any number of rectangles.

use crate::ui::theme::Theme;
use egui::{Color32, ColorImage, Id, Mesh, Painter, Pos2, Rect, Stroke, StrokeKind, TextureOptions, Ui};

/// Which way the lines of a hatching run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slope {
    /// `/`: not computed yet.
    Rising,
    /// `\`: padding, stale.
    Falling,
}

/// Lays hatching over rectangles; the lines of neighbours join.
pub struct Hatching {
    slope: Slope,
    /// Where the pattern begins, so that it moves with the plane.
    origin: Pos2,
    color: Color32,
    rects: Vec<Rect>,
}

impl Hatching {
    /// Hatching whose pattern begins at a corner.
    pub fn new(slope: Slope, origin: Pos2, color: Color32) -> Self {
        Self { slope, origin, color, rects: Vec::new() }
    }

    /// Adds a rectangle.
    pub fn add(&mut self, rect: Rect) {
        if rect.is_positive() {
            self.rects.push(rect);
        }
    }

    /// Paints all rectangles as one mesh.
    pub fn paint_ui(self, painter: &Painter) {
        if self.rects.is_empty() {
            return;
        }
        let pixels_per_point = painter.pixels_per_point();
        // Powers of two repeat on every graphics driver.
        let side = match pixels_per_point {
            p if p < 1.4 => 8,
            p if p < 2.8 => 16,
            _ => 32,
        };
        let id = Id::unique(("hatching", self.slope, side));
        let image = tile(self.slope, side);
        let texture =
            painter.ctx().load_texture_cached("hatching", id, image, TextureOptions::NEAREST_REPEAT);
        let tile_points = side as f32 / pixels_per_point;
        let mut mesh = Mesh::with_texture(texture.id());
        let uv = |pos: Pos2| ((pos - self.origin) / tile_points).to_pos2();
        for rect in self.rects {
            mesh.add_rect_with_uv(rect, Rect::from_min_max(uv(rect.min), uv(rect.max)), self.color);
        }
        painter.add(mesh);
    }
}

/// Hatching alone, over what is there.
pub fn hatch_ui(painter: &Painter, rect: Rect, color: Color32) {
    let mut hatching = Hatching::new(Slope::Rising, rect.min, color);
    hatching.add(rect);
    hatching.paint_ui(painter);
}

/// Background and hatching of what has not been computed, with its frame.
pub fn hatched_ui(ui: &Ui, theme: &Theme, rect: Rect) {
    ui.painter().rect_filled(rect, 0.0, theme.hatch_ground);
    hatch_ui(ui.painter(), rect, theme.hatch_line);
    ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, theme.plane_frame), StrokeKind::Outside);
}

/// A square tile with one diagonal line, smooth-edged; white, to be coloured by the vertices.
fn tile(slope: Slope, side: usize) -> ColorImage {
    let line_width = side as f32 / 8.0 * 1.05;
    let pixel = |index: usize| {
        let (x, y) = (index % side, index / side);
        let along = match slope {
            Slope::Rising => x + y + 1,
            Slope::Falling => x + side - y,
        };
        let from_line = (along % side) as f32;
        let distance = from_line.min(side as f32 - from_line) / std::f32::consts::SQRT_2;
        let coverage = (line_width / 2.0 + 0.5 - distance).clamp(0.0, 1.0);
        Color32::from_white_alpha((coverage * 255.0).round() as u8)
    };
    ColorImage::new([side, side], (0..side * side).map(pixel).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_join_without_a_seam() {
        for slope in [Slope::Rising, Slope::Falling] {
            for side in [8, 16, 32] {
                let tile = tile(slope, side);
                // Each row is the one above shifted by a pixel, also from the last row to the first.
                for y in 0..side {
                    for x in 0..side {
                        let shifted = match slope {
                            Slope::Rising => (x + side - 1) % side,
                            Slope::Falling => (x + 1) % side,
                        };
                        assert_eq!(tile[(x, y)], tile[(shifted, (y + 1) % side)]);
                    }
                }
            }
        }
    }
}
