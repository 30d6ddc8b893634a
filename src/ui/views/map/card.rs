//! The card of the sum: what is shown gives, what the rest gives, the bias, the sum, and what the activation makes of it.

use super::scene::{Scene, Sum};
use super::{body_font, foot, small_font, text_ui};
use crate::tensor::printed_sum::PrintedSum;
use crate::ui::widgets::flow::text_width;
use crate::ui::{
    names, number,
    theme::{space, text_size},
    view::View,
    widgets::icon::{Icon, icon_ui},
};
use egui::{Align2, FontId, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};

/// Its least width, and its largest.
const WIDTHS: [f32; 2] = [158.0, 210.0];
/// As many maps are taken to be shown where it is measured.
const SHOWN: usize = 12;
/// The most inputs that have a line of their own.
const NAMED: usize = 4;

/// A line: what it is, and its number.
struct Line {
    words: String,
    number: String,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Part,
    /// With a line above it.
    Sum,
    Activated,
}

/// The width that its lines need.
pub fn width(ui: &Ui, scene: &Scene) -> f32 {
    let [least, most] = WIDTHS;
    let Some(sum) = scene.sum.as_ref().filter(|_| scene.is_done()) else { return least };
    let lines = lines(scene, sum, SHOWN);
    let font = || body_font(scene.view);
    let widths = lines
        .iter()
        .map(|line| {
            text_width(ui.painter(), &line.words, font()) + text_width(ui.painter(), &line.number, font())
        })
        .fold(0.0, f32::max);
    (widths + 2.0 * space::M + space::L).clamp(least, most).ceil()
}

/// Draws the card in the middle of a part; the maps at the first `shown` places are seen beside it. Answers where it is.
pub fn card_ui(ui: &mut Ui, scene: &Scene, rect: Rect, shown: usize) -> Rect {
    let (view, Some(sum)) = (scene.view, &scene.sum) else { return rect };
    let lines = if scene.is_done() { lines(scene, sum, shown) } else { Vec::new() };
    let is_low = rect.height() < 300.0;
    let (pitch, caption) = if is_low { (21.0, 20.0) } else { (30.0, 24.0) };
    // In a low stage the buttons lie below the card.
    let rect = if is_low { rect.with_max_y(rect.bottom() - foot::height(rect.height())) } else { rect };
    let content = if lines.is_empty() { 96.0 } else { pitch * lines.len() as f32 + caption };
    let size = vec2(rect.width(), content + 2.0 * space::S);
    let card = Rect::from_center_size(rect.center(), size);
    let card = card.translate(vec2(0.0, (rect.top() - card.top()).max(0.0)));
    ui.painter().rect_filled(card, 8.0, view.theme.raised);
    if lines.is_empty() {
        ui.painter().rect_stroke(card, 8.0, Stroke::new(1.0, view.theme.line), StrokeKind::Inside);
        not_yet_ui(ui, scene, card);
        return card;
    }
    let place = place(scene);
    let last = lines.last().map_or("", |line| line.number.as_str());
    let words = view.fill("map.card", &[("sum", last), ("place", &place)]);
    let response = ui.interact(card, ui.scope_id().with("sum"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words.trim_end()));
    let frame = if response.hovered() || response.has_focus() { view.theme.accent } else { view.theme.line };
    ui.painter().rect_stroke(card, 8.0, Stroke::new(1.0, frame), StrokeKind::Inside);
    let inner = card.shrink2(vec2(space::M, space::S));
    for (k, line) in lines.iter().enumerate() {
        let row = Rect::from_min_size(inner.min + vec2(0.0, pitch * k as f32), vec2(inner.width(), pitch));
        line_ui(ui, scene, line, row);
    }
    let at = pos2(inner.left(), inner.bottom() - 0.5 * caption);
    let fits = text_width(ui.painter(), &place, small_font(view)) <= inner.width();
    let place = if fits { place } else { format!("({},{})", scene.cell.0, scene.cell.1) };
    text_ui(ui, at, Align2::LEFT_CENTER, &place, small_font(view), view.theme.text_weak, inner.width());
    if response.hovered() {
        view.read_out(view.text("map.card_front"), view.text("map.card_click"));
    }
    if response.clicked() {
        view.look(&sum.address.whole_cell());
    }
    card
}

/// Where the cell lies.
fn place(scene: &Scene) -> String {
    if scene.is_vector() {
        return String::new();
    }
    let (i, j) = (scene.cell.0.to_string(), scene.cell.1.to_string());
    scene.view.fill("map.at", &[("i", &i), ("j", &j)])
}

/// The significant digits of a sum.
pub fn digits(view: &View) -> usize {
    view.state.view().digits.count().unwrap_or(7)
}

fn lines(scene: &Scene, sum: &Sum, shown: usize) -> Vec<Line> {
    let (view, found) = (scene.view, &sum.shown);
    let shown = &sum.order[..shown.min(sum.order.len())];
    let rest = sum.order.len() - shown.len();
    let has_names = rest == 0 && shown.len() <= NAMED;
    let (mut words, mut parts) = (Vec::new(), Vec::new());
    if has_names {
        for one in &found.each {
            words.push(names::plane(view, found.reads, one.from));
            parts.push(one.gives);
        }
    } else {
        words.push(view.fill("map.shown", &[("n", &shown.len().to_string())]));
        parts.push(found.together(shown));
        if rest > 0 {
            words.push(view.fill("map.more", &[("n", &rest.to_string())]));
            parts.push(found.rest(shown));
        }
    }
    if found.has_bias {
        words.push(view.text("map.bias"));
        parts.push(found.bias);
    }
    let printed = PrintedSum::new(&parts, found.value, digits(view));
    let mut lines: Vec<Line> = words
        .into_iter()
        .enumerate()
        .map(|(k, words)| Line { words, number: printed.signed_part(k), kind: Kind::Part })
        .collect();
    lines.push(Line { words: view.text("map.sum"), number: printed.sum(), kind: Kind::Sum });
    if let Some(activation) = sum.activation {
        let value = scene.plane.cell(scene.cell.0, scene.cell.1).value;
        let is_same = f64::from(value) == found.value;
        let number = if is_same { printed.sum() } else { number::written(value, Some(digits(view))) };
        lines.push(Line { words: activation.title().to_owned(), number, kind: Kind::Activated });
    }
    lines
}

fn line_ui(ui: &Ui, scene: &Scene, line: &Line, row: Rect) {
    let (view, theme) = (scene.view, scene.view.theme);
    let mut left = row.left();
    if line.kind == Kind::Sum {
        ui.painter().hline(row.x_range(), row.top(), Stroke::new(1.0, theme.line_strong));
    }
    if line.kind == Kind::Activated
        && let Some(layer) = scene.layer()
    {
        let square = Rect::from_center_size(pos2(left + 8.0, row.center().y), vec2(16.0, 16.0));
        icon_ui(ui.painter(), square, Icon::Layer(&view.state.plan().layer(layer).spec.kind), theme.text);
        left += 24.0;
    }
    let is_last = line.kind == Kind::Activated;
    let font = match is_last {
        true => FontId::new(text_size::TITLE, crate::ui::fonts::strong()),
        false => body_font(view),
    };
    let ink = if is_last { theme.text_strong } else { theme.text };
    let at = pos2(row.right(), row.center().y);
    let number = text_ui(ui, at, Align2::RIGHT_CENTER, &line.number, font, ink, row.width());
    let at = pos2(left, row.center().y);
    let room = number.left() - left - space::XS;
    text_ui(ui, at, Align2::LEFT_CENTER, &line.words, body_font(view), theme.text, room);
}

/// The map lies after the cursor: the way there.
pub fn not_yet_ui(ui: &mut Ui, scene: &Scene, card: Rect) {
    let view = scene.view;
    let inner = card.shrink2(vec2(space::M, space::S));
    ui.scope_builder(egui::UiBuilder::new().max_rect(inner), |ui| {
        let words = egui::RichText::new(view.text("map.not_yet")).font(body_font(view));
        ui.add(egui::Label::new(words).wrap());
        if ui
            .add(
                egui::Button::new(egui::RichText::new(view.text("map.run")).font(body_font(view)))
                    .min_size(vec2(0.0, 30.0)),
            )
            .clicked()
        {
            let (plane, rows, cols) = (&scene.plane, scene.plane.rows(), scene.plane.cols());
            let map =
                view.state.plan().widen(&plane.address(rows - 1, cols - 1), crate::trace::Grain::Channel);
            view.visit(&map);
        }
    });
}
