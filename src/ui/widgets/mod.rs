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
use egui::{Rect, Stroke, StrokeKind, Ui};

/// Ground and hatching of what has not been computed, with its frame.
pub fn hatched_ui(ui: &Ui, theme: &Theme, rect: Rect) {
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, 0.0, theme.hatch_ground);
    let stroke = Stroke::new(1.0, theme.hatch_line);
    let mut x = rect.left() - rect.height();
    while x < rect.right() {
        let (from, to) = (egui::pos2(x, rect.bottom()), egui::pos2(x + rect.height(), rect.top()));
        painter.line_segment([from, to], stroke);
        x += 6.0;
    }
    ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, theme.plane_frame), StrokeKind::Outside);
}
