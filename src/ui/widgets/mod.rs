//! Widgets that draw tensors and layers; each is given its data by the caller.

pub mod addressed_grid;
pub mod busy;
pub mod flow;
pub mod grid;
pub mod icon;
pub mod segments;
pub mod sign;
pub mod thumbnail;

use super::theme::Theme;
use egui::{Color32, Painter, Rect, Stroke, StrokeKind, Ui};

/// Ground and hatching of what has not been computed, with its frame.
pub fn hatched_ui(ui: &Ui, theme: &Theme, rect: Rect) {
    ui.painter().rect_filled(rect, 0.0, theme.hatch_ground);
    hatch_ui(ui.painter(), rect, theme.hatch_line);
    ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, theme.plane_frame), StrokeKind::Outside);
}

/// Hatching alone, over what is there.
pub fn hatch_ui(painter: &Painter, rect: Rect, color: Color32) {
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let stroke = Stroke::new(1.0, color);
    let mut x = rect.left() - rect.height();
    while x < rect.right() {
        let (from, to) = (egui::pos2(x, rect.bottom()), egui::pos2(x + rect.height(), rect.top()));
        painter.line_segment([from, to], stroke);
        x += 6.0;
    }
}
