//! One answer that can be given: a letter, what it says, and once the answer is shown whether it is right and whose
//! idea it is.

use crate::ui::{
    fonts,
    theme::{self, Theme, space, text_size},
    view::View,
};
use egui::{
    Align2, Color32, FontId, Painter, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

/// The least height of a row.
const HEIGHT: f32 = 44.0;

/// From a row's edge to its words, beside the letter.
const LEFT: f32 = 46.0;

/// What is known of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// Nothing yet: it can be chosen.
    Open,
    /// It is right.
    Right,
    /// It was given, and is wrong.
    Wrong,
    /// It is wrong, and was not given.
    Other,
}

/// A row.
pub struct Row<'a> {
    /// Its place among the answers.
    pub number: usize,
    /// What it says.
    pub words: &'a str,
    /// Once the answer is shown: the idea that leads to it.
    pub idea: Option<&'a str>,
    /// What is known of it.
    pub known: Known,
    /// Hands that were raised for it, of how many, and how many before the class talked.
    pub hands: Option<(u32, u32, Option<u32>)>,
    /// The width of the widest answer of the question, so that the ideas stand below one another.
    pub column: f32,
}

/// The letter of an answer.
pub fn letter(number: usize) -> char {
    char::from(b'A' + (number % 26) as u8)
}

/// The font of what answers say.
pub fn font() -> FontId {
    FontId::new(text_size::TITLE, fonts::strong())
}

/// Draws a row; answers whether it was chosen.
pub fn row_ui(ui: &mut Ui, view: &View, row: &Row) -> bool {
    let theme = view.theme;
    let width = ui.available_width();
    let room = width - LEFT - space::M;
    let words = wrapped(ui, row.words, font(), theme.text_strong, room);
    let beside = room - row.column - space::L;
    let idea = row.idea.map(|idea| {
        let is_beside = row.column > 0.0 && beside >= 110.0;
        (is_beside, wrapped(ui, idea, theme::body_font(), theme.text, if is_beside { beside } else { room }))
    });
    let inner = match &idea {
        Some((true, idea)) => words.size().y.max(idea.size().y),
        Some((false, idea)) => words.size().y + 2.0 + idea.size().y,
        None => words.size().y,
    };
    let (rect, response) = ui.allocate_exact_size(vec2(width, (inner + 16.0).max(HEIGHT)), Sense::click());
    let is_open = row.known == Known::Open;
    let label = label(view, row);
    response
        .widget_info(|| WidgetInfo::selected(Role::RadioButton, is_open, row.known == Known::Wrong, &label));
    if !ui.is_rect_visible(rect) {
        return false;
    }
    let is_pointed_at = is_open && (response.hovered() || response.has_focus());
    let (ground, edge) = match row.known {
        Known::Open if is_pointed_at => (theme.accent_soft, Stroke::new(2.0, theme.accent)),
        Known::Open | Known::Other => (theme.raised, Stroke::new(1.0, theme.line_strong)),
        Known::Right => (theme.good.gamma_multiply(0.12), Stroke::new(2.0, theme.good)),
        Known::Wrong => (theme.bad.gamma_multiply(0.10), Stroke::new(2.0, theme.bad)),
    };
    ui.painter().rect_filled(rect, space::RADIUS, ground);
    if let Some(hands) = row.hands {
        hands_ui(ui.painter(), theme, rect, hands);
    }
    ui.painter().rect_stroke(rect, space::RADIUS, edge, StrokeKind::Inside);
    badge_ui(ui.painter(), theme, pos2(rect.left() + 23.0, rect.center().y), row, is_pointed_at);
    let top = rect.center().y - 0.5 * inner;
    let left = rect.left() + LEFT;
    match idea {
        Some((true, idea)) => {
            let middle = |height: f32| rect.center().y - 0.5 * height;
            let at = pos2(left + row.column + space::L, middle(idea.size().y));
            ui.painter().galley(at, idea, theme.text);
            ui.painter().galley(pos2(left, middle(words.size().y)), words, theme.text_strong);
        }
        Some((false, idea)) => {
            let below = top + words.size().y + 2.0;
            ui.painter().galley(pos2(left, top), words, theme.text_strong);
            ui.painter().galley(pos2(left, below), idea, theme.text);
        }
        None => ui.painter().galley(pos2(left, top), words, theme.text_strong),
    }
    response.clicked() && is_open
}

/// What a row says to who does not see it.
fn label(view: &View, row: &Row) -> String {
    let name = format!("{}  {}", letter(row.number), row.words);
    let known = match row.known {
        Known::Open => return name,
        Known::Right => Some("lesson.is_right"),
        Known::Wrong => Some("lesson.is_wrong"),
        Known::Other => None,
    };
    let parts = [Some(name), known.map(|key| view.text(key)), row.idea.map(str::to_owned)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn wrapped(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> std::sync::Arc<egui::Galley> {
    ui.painter().layout(text.to_owned(), font, color, width.max(40.0))
}

/// The letter in a circle; a hook or a cross where it is known.
fn badge_ui(painter: &Painter, theme: &Theme, center: Pos2, row: &Row, is_pointed_at: bool) {
    const RADIUS: f32 = 13.0;
    let (fill, ink) = match row.known {
        Known::Open if is_pointed_at => (theme.accent, theme.on_accent),
        Known::Open | Known::Other => (theme.field, theme.text_strong),
        Known::Right => (theme.good, theme.ground),
        Known::Wrong => (theme.bad, theme.ground),
    };
    painter.circle(center, RADIUS, fill, Stroke::new(1.0, theme.line_strong));
    let sign = Stroke::new(2.5, ink);
    let at = |x: f32, y: f32| center + vec2(x, y);
    match row.known {
        Known::Right => {
            painter.line_segment([at(-5.5, 0.5), at(-1.5, 4.5)], sign);
            painter.line_segment([at(-1.5, 4.5), at(6.0, -4.5)], sign);
        }
        Known::Wrong => {
            painter.line_segment([at(-4.5, -4.5), at(4.5, 4.5)], sign);
            painter.line_segment([at(-4.5, 4.5), at(4.5, -4.5)], sign);
        }
        Known::Open | Known::Other => {
            painter.text(center, Align2::CENTER_CENTER, letter(row.number), theme::strong_font(), ink);
        }
    }
}

/// A bar along the lower edge of a row, as long as its share of the hands; a mark where it was before.
fn hands_ui(painter: &Painter, theme: &Theme, rect: Rect, (hands, of, before): (u32, u32, Option<u32>)) {
    let inner = rect.shrink(2.0);
    let right = |count: u32| inner.left() + inner.width() * count as f32 / of.max(1) as f32;
    let bar = Rect::from_min_max(inner.min, pos2(right(hands), inner.bottom()));
    painter.rect_filled(bar, space::RADIUS, theme.accent_soft);
    if let Some(before) = before {
        let stroke = Stroke::new(2.0, theme.text_weak);
        painter.vline(right(before), inner.y_range(), stroke);
    }
    let words = match before {
        Some(before) => format!("{before} → {hands}"),
        None => hands.to_string(),
    };
    let at = pos2(rect.right() - space::S, rect.top() + 4.0);
    painter.text(at, Align2::RIGHT_TOP, words, theme::strong_font(), theme.text_strong);
}
