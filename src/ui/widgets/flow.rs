//! What stands between planes: captions, operation signs, and the lines that lead the eye.

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{
    Align, Align2, Color32, FontId, Label, Layout, Painter, Pos2, Rect, Shape, Stroke, Ui, UiBuilder, vec2,
};

use super::super::theme::{self, Theme, text_size};

/// The height of a caption's line, in points.
pub const CAPTION: f32 = 18.0;

/// A line over a plane, its top left corner at `at`: a name, then in weaker ink what there is to say
/// of it, if that fits too. A name that does not fit into `width` is cut, and shown whole under the
/// pointer.
pub fn caption_ui(ui: &mut Ui, at: Pos2, width: f32, name: &str, detail: &str) {
    let theme = Theme::from_ui(ui);
    let fits = small_width(ui, name) + GAP + small_width(ui, detail) <= width;
    let detail = if fits { detail } else { "" };
    line_ui(ui, at, width, text_size::SMALL, &[(name, theme.text), (detail, theme.text_weak)]);
}

/// The width of a line of text, in points.
pub fn text_width(painter: &Painter, text: &str, font: FontId) -> f32 {
    painter.layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x
}

/// The width of a text of the body size.
pub fn body_width(ui: &Ui, text: &str) -> f32 {
    text_width(ui.painter(), text, theme::body_font())
}

/// The width of a text of the small size.
pub fn small_width(ui: &Ui, text: &str) -> f32 {
    text_width(ui.painter(), text, FontId::proportional(text_size::SMALL))
}

/// The most of `count` parts whose width, as `width` tells it for so many, is within `room`; 0 where not even one is.
pub fn most_fitting(count: usize, room: f32, width: impl Fn(usize) -> f32) -> usize {
    (1..=count).rev().find(|&shown| width(shown) <= room).unwrap_or(0)
}

/// A line of text at the left of a rectangle, cut with "…" where it is longer: a name that the user gave may be.
pub fn fitted_ui(ui: &Ui, rect: Rect, text: &str, font: FontId, color: Color32) {
    let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = TextWrapping::truncate_at_width(rect.width());
    let galley = ui.painter().layout_job(job);
    let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), rect);
    ui.painter().galley(at.min, galley, color);
}

/// Between two inks of a line.
const GAP: f32 = 6.0;

/// One line of text in several inks, cut at `width`.
pub fn line_ui(ui: &mut Ui, at: Pos2, width: f32, size: f32, parts: &[(&str, Color32)]) {
    let mut job = LayoutJob { wrap: TextWrapping::truncate_at_width(width.max(8.0)), ..LayoutJob::default() };
    for (text, color) in parts.iter().filter(|(text, _)| !text.is_empty()) {
        let space = if job.text.is_empty() { 0.0 } else { GAP };
        job.append(text, space, TextFormat::simple(FontId::proportional(size), *color));
    }
    let rect = Rect::from_min_size(at, vec2(width.max(8.0), size + 6.0));
    let layout = Layout::left_to_right(Align::Min);
    ui.new_child(UiBuilder::new().max_rect(rect).layout(layout)).add(Label::new(job).truncate());
}

/// An operation's sign, centred between two planes.
pub fn sign_ui(ui: &Ui, center: Pos2, sign: &str) {
    let font = FontId::proportional(text_size::HEADING);
    ui.painter().text(center, Align2::CENTER_CENTER, sign, font, Theme::from_ui(ui).text_strong);
}

/// Two lines, and a veil between them, from a window at its place to the same window drawn large to
/// the right of it.
pub fn funnel_ui(ui: &Ui, from: Rect, to: Rect, color: Color32) {
    let corners = vec![from.right_top(), to.left_top(), to.left_bottom(), from.right_bottom()];
    ui.painter().add(Shape::convex_polygon(corners, color.gamma_multiply(0.12), Stroke::NONE));
    let line = Stroke::new(1.2, color);
    ui.painter().line_segment([from.right_top(), to.left_top()], line);
    ui.painter().line_segment([from.right_bottom(), to.left_bottom()], line);
}

/// A line along `points` with a head at its end.
pub fn arrow_ui(ui: &Ui, points: &[Pos2], color: Color32) {
    const HEAD: f32 = 5.0;
    let [.., before, tip] = points else { return };
    let way = *tip - *before;
    if way.length() < 1.0 {
        return;
    }
    let along = way.normalized();
    let base = *tip - along * (1.4 * HEAD);
    let across = vec2(-along.y, along.x) * (0.7 * HEAD);
    let mut path = points.to_vec();
    if let Some(last) = path.last_mut() {
        *last = base;
    }
    ui.painter().add(Shape::line(path, Stroke::new(1.5, color)));
    ui.painter().add(Shape::convex_polygon(vec![*tip, base + across, base - across], color, Stroke::NONE));
}
