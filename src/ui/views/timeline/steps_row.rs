//! The row of all training steps: the current one, the epochs, and the losses and gradient norms known by now.

use super::{Timeline, small};
use crate::trace::Pass;
use crate::ui::widgets::flow::text_width;
use crate::ui::{number, theme::space};
use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Ui, pos2, vec2};

impl Timeline<'_> {
    /// Where the start of a training step is seen.
    pub(super) fn x_of_time(&self, time: f64) -> f32 {
        let rect = self.rows.run;
        let share = time / f64::from(self.view.state.plan().times().max(1));
        rect.left() + (self.run.seen(share).clamp(-0.5, 1.5) * f64::from(rect.width())) as f32
    }

    /// The training step that is seen at a place of the window.
    pub(super) fn time_at(&self, x: f32) -> u32 {
        let (rect, times) = (self.rows.run, self.view.state.plan().times());
        let share = self.run.share(f64::from((x - rect.left()) / rect.width())).clamp(0.0, 1.0);
        ((share * f64::from(times)) as u32).min(times.saturating_sub(1))
    }

    pub(super) fn run_ui(&self, ui: &Ui, whole: Rect) {
        let (theme, view) = (self.view.theme, self.view);
        let rect = self.rows.run;
        let plan = view.state.plan();
        let (time, setup) = (view.state.trace().time(), plan.setup());
        let painter = &ui.painter().with_clip_rect(ui.clip_rect().intersect(rect.expand(2.0)));
        painter.rect_filled(rect, 3, theme.field);
        let done = view.state.cursor().at() as f64 / plan.len().max(1) as f64;
        let done = Rect::from_min_max(
            pos2(self.x_of_time(0.0), rect.top()),
            pos2(self.x_of_time(done), rect.bottom()),
        );
        painter.rect_filled(done, 3, theme.accent_soft);
        self.ticks_ui(painter, 1, 0.14);
        self.ticks_ui(painter, setup.batches.max(if setup.batches == 1 { 10 } else { 1 }), 0.3);
        let (from, to) = (self.x_of_time(f64::from(time)), self.x_of_time(f64::from(time) + 1.0));
        let unit = Rect::from_min_max(pos2(from, rect.top()), pos2(to.max(from + 4.0), rect.bottom()));
        // From the part to the whole: what lies below is this one step.
        let below = self.rows.images.unwrap_or(self.rows.passes);
        let seen = unit.intersect(rect);
        if seen.is_positive() {
            let zoom = vec![
                pos2(seen.left(), rect.bottom()),
                pos2(seen.right(), rect.bottom()),
                pos2(below.right(), below.top() - 1.0),
                pos2(below.left(), below.top() - 1.0),
            ];
            ui.painter().add(Shape::convex_polygon(zoom, theme.accent_soft, Stroke::NONE));
        }
        let (losses, gradients) = rect.split_top_bottom_at_fraction(0.58);
        let state = view.state;
        let known =
            state.run().records().keys().filter_map(|&time| Some((time, f64::from(state.known_loss(time)?))));
        self.track_ui(painter, losses, known, theme.pass(Pass::Loss).strong);
        let norms =
            state.run().records().keys().filter_map(|&time| Some((time, state.known_gradient(time)?)));
        self.track_ui(painter, gradients, norms, theme.pass(Pass::Bwd).strong);
        painter.rect_stroke(rect, 3, Stroke::new(1.0, theme.line_strong), StrokeKind::Inside);
        painter.rect_stroke(unit, 2, Stroke::new(2.0, theme.accent), StrokeKind::Middle);
        self.words_beside_ui(ui.painter(), whole);
    }

    /// Marks at regular training steps, where they are not too close.
    fn ticks_ui(&self, painter: &Painter, every: u32, height: f32) {
        const CLOSEST: f32 = 4.0;
        let (rect, times) = (self.rows.run, self.view.state.plan().times());
        let apart = self.x_of_time(f64::from(every)) - self.x_of_time(0.0);
        let shown = rect.width() / (self.run.width() * f64::from(times.max(1))) as f32 * every as f32;
        if apart <= 0.0 || shown < CLOSEST {
            return;
        }
        let (first, last) = (self.time_at(rect.left()) / every, self.time_at(rect.right()) / every);
        for tick in first.max(1)..=last {
            let x = painter.round_to_pixel_center(self.x_of_time(f64::from(tick * every)));
            let top = rect.bottom() - height * rect.height();
            painter.vline(x, top..=rect.bottom(), Stroke::new(1.0, self.view.theme.line_strong));
        }
    }

    /// A number of each training step that has been visited, from 0 to the largest.
    fn track_ui(
        &self,
        painter: &Painter,
        rect: Rect,
        known: impl Iterator<Item = (u32, f64)>,
        color: Color32,
    ) {
        let finite: Vec<(u32, f64)> = known.filter(|(_, value)| value.is_finite()).collect();
        let highest = finite.iter().map(|(_, value)| *value).fold(0.0f64, f64::max);
        let inner = rect.shrink2(vec2(0.0, 3.0));
        let points: Vec<Pos2> = finite
            .into_iter()
            .map(|(time, value)| {
                let share = if highest > 0.0 { value / highest } else { 0.0 };
                let y = egui::lerp(inner.bottom()..=inner.top(), share as f32);
                pos2(self.x_of_time(f64::from(time) + 0.5), y)
            })
            .filter(|point| rect.x_range().expand(rect.width()).contains(point.x))
            .collect();
        // Dots for single steps; many would run together.
        if points.len() <= 60 {
            for &point in &points {
                painter.circle_filled(point, 2.0, color);
            }
        }
        if points.len() > 1 {
            painter.add(Shape::line(points, Stroke::new(1.5, color)));
        }
    }

    /// Epoch, loss and gradient in words, each beside its track.
    fn words_beside_ui(&self, painter: &Painter, whole: Rect) {
        let (theme, view, rect) = (self.view.theme, self.view, self.rows.run);
        let (plan, time) = (view.state.plan(), view.state.trace().time());
        let epoch = (time / plan.setup().batches).to_string();
        let all = plan.setup().epochs.to_string();
        let known = view.state.known_loss(time);
        let loss = known.map_or_else(|| "?".to_owned(), number::short);
        let norm = view.state.known_gradient(time);
        let norm = norm.map_or_else(|| "?".to_owned(), |norm| number::short(norm as f32));
        let above = view.fill("timeline.where", &[("epoch", &epoch), ("all", &all), ("loss", &loss)]);
        let below = view.fill("timeline.gradient", &[("norm", &norm)]);
        let x = rect.right() + space::S;
        let (upper, lower) = (rect.top() + 0.29 * rect.height(), rect.top() + 0.79 * rect.height());
        painter.text(pos2(x, upper), Align2::LEFT_CENTER, above, small(), theme.pass(Pass::Loss).strong);
        let below_width = text_width(painter, &below, small());
        painter.text(pos2(x, lower), Align2::LEFT_CENTER, below, small(), theme.pass(Pass::Bwd).strong);
        let note = view.text("timeline.scale");
        if below_width + text_width(painter, &note, small()) + space::L <= whole.right() - x {
            let at = pos2(whole.right() - 6.0, lower);
            painter.text(at, Align2::RIGHT_CENTER, note, small(), theme.text_weak);
        }
    }
}
