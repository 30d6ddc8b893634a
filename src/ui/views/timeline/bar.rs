//! The timeline as one bar: the passes of the training step, and the cursor.

use super::{TimeScale, Unit};
use crate::trace::{Grain, Pass};
use crate::ui::widgets::flow::text_width;
use crate::ui::{names, theme, view::View};
use egui::{Align2, CornerRadius, Rect, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use std::ops::Range;

/// The height of the bar.
const HEIGHT: f32 = 18.0;
/// Left and right of the bar.
const MARGIN: f32 = 8.0;

/// Draws the bar into the middle of a rectangle; a press or a drag takes the cursor there.
pub fn bar_ui(ui: &mut Ui, view: &View, area: Rect) {
    let rect = Rect::from_center_size(area.center(), vec2(area.width() - 2.0 * MARGIN, HEIGHT));
    if rect.width() < 60.0 {
        return;
    }
    let (state, plan) = (view.state, view.state.plan());
    let scale = TimeScale::new(plan, state.focus().image(), rect.width());
    let before = u64::from(state.trace().time()) * plan.len();
    let at = state.cursor().at().saturating_sub(before).min(plan.len());
    let x_of = |x: f64| rect.left() + (x / scale.length() * f64::from(rect.width())) as f32;
    for (pass, steps) in passes(view, &scale) {
        let x = scale.range_of(&steps);
        let part = Rect::from_x_y_ranges(x_of(x.start)..=x_of(x.end) - 2.0, rect.y_range());
        let done = x_of(scale.x_of(at.clamp(steps.start, steps.end)));
        pass_ui(ui, view, pass, part, done);
    }
    cursor_ui(ui, view, x_of(scale.x_of(at)), rect);
    let response = ui.interact(area, ui.scope_id().with("bar"), Sense::click_and_drag());
    let start = || view.text("crumb.start");
    let text = state.cursor().address(plan).map_or_else(start, |address| names::place(view, &address));
    let share = at as f64 / plan.len().max(1) as f64;
    response.widget_info(|| WidgetInfo::slider(true, share, view.fill("timeline.label", &[("name", &text)])));
    ui.ctx().accesskit_node_builder(response.id, |node| node.set_value(text.clone()));
    if (response.clicked() || response.dragged())
        && let Some(pos) = response.interact_pointer_pos()
    {
        let x = f64::from((pos.x - rect.left()) / rect.width()).clamp(0.0, 1.0) * scale.length();
        let grain = state.cursor().grain().max(Grain::Pass);
        let address = plan.locate(before + scale.step_at(x), grain);
        if state.cursor().address(plan) != Some(address) || state.selected().is_some() {
            view.visit(&address);
        }
    }
}

/// The passes with their steps, counted from the start of the training step.
fn passes(view: &View, scale: &TimeScale) -> Vec<(Pass, Range<u64>)> {
    let plan = view.state.plan();
    let mut passes: Vec<(Pass, Range<u64>)> = Vec::new();
    for segment in scale.segments() {
        let pass = match segment.unit {
            Unit::Stage { stage, .. } => plan.stages()[stage].pass,
            Unit::Image(_) => Pass::Fwd,
        };
        match passes.last_mut() {
            Some((last, steps)) if *last == pass => steps.end = segment.steps.end,
            Some(_) | None => passes.push((pass, segment.steps.clone())),
        }
    }
    passes
}

/// A pass: pale, filled in proportion to what is done, with its name where there is room for it.
fn pass_ui(ui: &Ui, view: &View, pass: Pass, part: Rect, done: f32) {
    let colors = view.theme.pass(pass);
    let painter = ui.painter().with_clip_rect(part.expand(1.0).intersect(ui.clip_rect()));
    let radius = CornerRadius::same(3);
    painter.rect_filled(part, radius, colors.soft);
    if done > part.left() {
        painter.rect_filled(part.with_max_x(done.min(part.right())), radius, colors.fill);
    }
    painter.rect_stroke(part, radius, Stroke::new(1.0, colors.fill), StrokeKind::Inside);
    let name = view.text(&format!("place.{}", pass.name()));
    let texts = [format!("{} {name}", colors.glyph), colors.glyph.to_string()];
    let (left, right) = part.split_left_right_at_x(done.clamp(part.left(), part.right().max(part.left())));
    let (side, ink) =
        if left.width() >= right.width() { (left, colors.on_fill) } else { (right, colors.strong) };
    let font = theme::small_font();
    let fits = |text: &String| text_width(&painter, text, font.clone()) + 6.0 <= side.width();
    if let Some(text) = texts.iter().find(|text| fits(text)) {
        painter.text(side.center(), Align2::CENTER_CENTER, text, font.clone(), ink);
    }
}

/// The cursor: a line through the bar with a handle above it.
fn cursor_ui(ui: &Ui, view: &View, x: f32, rect: Rect) {
    let (painter, theme) = (ui.painter(), view.theme);
    let y = rect.top() - 6.0..=rect.bottom() + 6.0;
    painter.vline(x, y.clone(), Stroke::new(4.0, theme.halo));
    painter.vline(x, y, Stroke::new(2.0, theme.cursor));
    let top = rect.top() - 9.0;
    let points = vec![pos2(x - 6.0, top), pos2(x + 6.0, top), pos2(x, top + 7.0)];
    painter.add(Shape::convex_polygon(points, theme.cursor, Stroke::NONE));
}
