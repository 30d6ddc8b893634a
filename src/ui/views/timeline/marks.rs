//! Bookmarks, where breakpoints hold, where the last run stopped, and what part of the step is shown.

use super::Timeline;
use crate::app::StopReason;
use crate::trace::Address;
use egui::{Align2, Color32, FontId, Painter, Rect, Stroke, pos2, vec2};

impl Timeline<'_> {
    pub(super) fn marks_ui(&self, painter: &Painter) {
        let (theme, state) = (self.view.theme, self.view.state);
        self.hits_ui(painter);
        for bookmark in &state.marks().bookmarks {
            if let Some(address) = bookmark.place.resolve(state.plan()) {
                self.mark_ui(painter, &address, "★", theme.warn);
            }
        }
        if let Some(StopReason::Hit(stop)) = state.stopped() {
            self.mark_ui(painter, &stop.address, "●", theme.bad);
        }
    }

    /// A tick wherever a breakpoint holds; many on one pixel are one.
    fn hits_ui(&self, painter: &Painter) {
        let row = self.rows.passes;
        let mut last = f32::NEG_INFINITY;
        let ticks = self.view.state.breakpoint_hits().all().flat_map(|(_, hits)| hits.at.iter().copied());
        let mut ticks: Vec<u64> = ticks.collect();
        ticks.sort_unstable();
        for step in ticks {
            let x =
                painter.round_to_pixel_center(self.seen(self.scale.x_of(step.saturating_sub(self.before))));
            if x > last + 0.5 && row.x_range().contains(x) {
                last = x;
                painter.vline(x, row.top() - 2.0..=row.top() + 4.0, Stroke::new(1.0, self.view.theme.bad));
            }
        }
    }

    fn mark_ui(&self, painter: &Painter, address: &Address, glyph: &str, color: Color32) {
        let (theme, state) = (self.view.theme, self.view.state);
        let Some(steps) = state.plan().steps(address) else { return };
        let font = FontId::proportional(13.0);
        let at = if address.time() == state.trace().time() {
            let within = steps.end - self.before.min(steps.end);
            let x = self.seen(self.scale.x_of(within));
            painter.vline(
                painter.round_to_pixel_center(x),
                self.rows.passes.top()..=self.rows.terms.bottom(),
                Stroke::new(1.5, color),
            );
            pos2(x, self.rows.passes.top() - 1.0)
        } else {
            pos2(self.x_of_time(f64::from(address.time()) + 0.5), self.rows.run.top() + 5.0)
        };
        for offset in [vec2(-1.0, 0.0), vec2(1.0, 0.0), vec2(0.0, -1.0), vec2(0.0, 1.0)] {
            painter.text(at + offset, Align2::CENTER_CENTER, glyph, font.clone(), theme.panel);
        }
        painter.text(at, Align2::CENTER_CENTER, glyph, font, color);
    }

    /// Under each line that is zoomed, a bar for the part that is shown.
    pub(super) fn bar_ui(&self, painter: &Painter) {
        const HEIGHT: f32 = 3.0;
        let color = self.view.theme.accent;
        for (span, row) in [(self.run, self.rows.run), (self.step, self.rows.terms)] {
            if span.is_whole() {
                continue;
            }
            let x = |share: f64| row.left() + (share * f64::from(row.width())) as f32;
            let (from, to) = (x(span.from), x(span.to).max(x(span.from) + 6.0));
            let y = row.bottom() + 1.0;
            let rail = Rect::from_x_y_ranges(row.x_range(), y..=y + HEIGHT);
            painter.rect_filled(rail, 1, self.view.theme.line);
            painter.rect_filled(Rect::from_x_y_ranges(from..=to, rail.y_range()), 1, color);
        }
    }
}
