//! What the last check took for what: a table where it fits, else the pairs that were mixed up most.

use crate::train::Check;
use crate::ui::widgets::flow::body_width;
use crate::ui::{names, theme, view::View};
use egui::{
    Align2, Color32, Rect, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, epaint::TextShape, vec2,
};

/// The least side of a cell.
const LEAST: f32 = 22.0;
/// Below this side the names of the columns are turned.
const UPRIGHT: f32 = 60.0;
/// Between cells.
const GAP: f32 = 2.0;

/// A right class, and what was guessed.
pub type Pair = (usize, usize);

/// Draws it: rows are right answers, columns guesses. Answers the pair that was clicked.
pub fn mixups_ui(ui: &mut Ui, view: &View, check: &Check) -> Option<Pair> {
    let classes = classes(view, check);
    let names: Vec<String> = classes.iter().map(|&class| names::class(view, class)).collect();
    let label = names.iter().map(|name| body_width(ui, name)).fold(0.0, f32::max) + 10.0;
    let caption = 24.0;
    let count = names.len().max(1) as f32;
    let room = ui.available_size() - vec2(label, caption);
    let turned = ((room.x / count).min((room.y - label) / count) - GAP).floor();
    let upright = ((room.x / count).min((room.y - 24.0) / count) - GAP).floor();
    let widest = label - 4.0;
    let side = if upright >= UPRIGHT && widest <= upright { upright } else { turned };
    if side < LEAST {
        return worst_ui(ui, view, check);
    }
    ui.label(
        RichText::new(view.text("training.mixups_axes"))
            .font(theme::small_font())
            .color(view.theme.text_weak),
    );
    let is_turned = side < UPRIGHT || widest > side;
    let head = if is_turned { label } else { 24.0 };
    let side = side.min(64.0);
    let size = vec2(label + count * (side + GAP), head + count * (side + GAP));
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    names_ui(ui, view, &names, (rect, label, head, side, is_turned));
    table_ui(ui, view, (check, &classes, &names), (rect.min + vec2(label, head), side))
}

/// The classes that come up: those of the data; an output without a class only where it was guessed.
fn classes(view: &View, check: &Check) -> Vec<usize> {
    let data = view.state.inputs().training.as_ref().map(|training| training.schedule.data.classes().len());
    let guessed =
        |class: usize| (0..check.confusion.classes()).any(|truth| check.confusion.count(truth, class) > 0);
    (0..check.confusion.classes()).filter(|&class| data.is_none_or(|n| class < n) || guessed(class)).collect()
}

fn names_ui(
    ui: &Ui,
    view: &View,
    names: &[String],
    (rect, label, head, side, is_turned): (Rect, f32, f32, f32, bool),
) {
    let (font, color) = (theme::body_font(), view.theme.text);
    let painter = ui.painter();
    for (k, name) in names.iter().enumerate() {
        let at = k as f32 * (side + GAP) + side / 2.0;
        let row = rect.min + vec2(label - 8.0, head + at);
        painter.text(row, Align2::RIGHT_CENTER, name, font.clone(), color);
        let column = rect.min + vec2(label + at, head - 4.0);
        if is_turned {
            let galley = painter.layout_no_wrap(name.clone(), font.clone(), color);
            let from = column - vec2(galley.size().y / 2.0, 0.0);
            painter.add(TextShape::new(from, galley, color).with_angle(-std::f32::consts::FRAC_PI_2));
        } else {
            painter.text(column, Align2::CENTER_BOTTOM, name, font.clone(), color);
        }
    }
}

fn table_ui(
    ui: &mut Ui,
    view: &View,
    (check, classes, names): (&Check, &[usize], &[String]),
    (corner, side): (egui::Pos2, f32),
) -> Option<Pair> {
    let mut clicked = None;
    let most = check.confusion.rows().flatten().copied().max().unwrap_or(1).max(1);
    for (i, &truth) in classes.iter().enumerate() {
        for (j, &predicted) in classes.iter().enumerate() {
            let count = check.confusion.count(truth, predicted);
            let at = corner + vec2(j as f32, i as f32) * (side + GAP);
            let cell = Rect::from_min_size(at, vec2(side, side));
            let strength = (count as f32 / most as f32).sqrt();
            let tone = if truth == predicted { view.theme.good } else { view.theme.bad };
            let ground = blend(view.theme.field, tone, strength * 0.85);
            ui.painter().rect_filled(cell, 2.0, ground);
            let sense = if count > 0 { Sense::click() } else { Sense::hover() };
            let response = ui.interact(cell, ui.scope_id().with(("mix-up", truth, predicted)), sense);
            let values = [("n", &*count.to_string()), ("truth", &names[i]), ("predicted", &names[j])];
            let words = view.fill("training.taken_for", &values);
            let role = if count > 0 { Role::Button } else { Role::Label };
            response.widget_info(|| WidgetInfo::labeled(role, true, &words));
            if count > 0 && (response.hovered() || response.has_focus()) {
                let stroke = Stroke::new(2.0, view.theme.accent);
                ui.painter().rect_stroke(cell, 2.0, stroke, StrokeKind::Outside);
            }
            if response.on_hover_text(words).clicked() {
                clicked = Some((truth, predicted));
            }
            if count > 0 {
                let font = if side >= 34.0 { theme::body_font() } else { theme::small_font() };
                let ink = view.theme.ink_on(ground);
                ui.painter().text(cell.center(), Align2::CENTER_CENTER, count.to_string(), font, ink);
            }
        }
    }
    clicked
}

/// A colour between two.
fn blend(from: Color32, to: Color32, share: f32) -> Color32 {
    from.lerp_to_gamma(to, share.clamp(0.0, 1.0))
}

/// The pairs that were mixed up most.
fn worst_ui(ui: &mut Ui, view: &View, check: &Check) -> Option<Pair> {
    let mut clicked = None;
    const SHOWN: usize = 10;
    let classes = check.confusion.classes();
    let pairs = (0..classes).flat_map(|truth| (0..classes).map(move |predicted| (truth, predicted)));
    let mut pairs: Vec<_> = pairs
        .filter(|(truth, predicted)| truth != predicted)
        .map(|(truth, predicted)| (check.confusion.count(truth, predicted), truth, predicted))
        .filter(|(count, ..)| *count > 0)
        .collect();
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    ui.label(RichText::new(view.text("training.worst_pairs")).font(theme::strong_font()));
    for (count, truth, predicted) in pairs.into_iter().take(SHOWN) {
        if ui.button(pair_words(view, count, (truth, predicted))).clicked() {
            clicked = Some((truth, predicted));
        }
    }
    clicked
}

/// `3 × star, answered ring`.
pub fn pair_words(view: &View, count: u64, (truth, predicted): Pair) -> String {
    let [truth, predicted] = [truth, predicted].map(|class| names::class(view, class));
    let values = [("n", &*count.to_string()), ("truth", &truth), ("predicted", &predicted)];
    view.fill("training.taken_for", &values)
}
