//! The texts of a lesson: words that light places, words that are introduced, numbers that are computed.

use crate::app::{Lang, LessonState, Phase};
use crate::lesson::{Span, Text, spans};
use crate::trace::AddressText;
use crate::ui::{fonts, lit::Lit, view::View, widgets::flow::text_width};
use egui::{
    Color32, FontFamily, FontId, Id, Label, Pos2, RichText, Role, Sense, Stroke, Ui, WidgetInfo, pos2,
};
use std::{collections::HashMap, sync::Arc};

/// A text in the user's language.
pub fn said<'a>(view: &View, text: &'a Text) -> &'a str {
    in_lang(view, &text.en, &text.zh)
}

/// One of two texts, in the user's language.
pub fn in_lang<'a>(view: &View, en: &'a str, zh: &'a str) -> &'a str {
    match view.words.0 {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// How a text is drawn.
#[derive(Clone, Copy)]
pub struct Ink {
    /// Points.
    pub size: f32,
    /// The colour of plain words.
    pub color: Color32,
    /// Half-bold throughout.
    pub is_strong: bool,
    /// For the teacher, from whom no number is covered.
    pub is_for_teacher: bool,
}

/// Draws a text with its links and its numbers, wrapped to the width at hand.
pub fn text_ui(ui: &mut Ui, view: &View, lesson: &LessonState, text: &str, ink: Ink) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        // All rows stand equally far from one another.
        ui.spacing_mut().interact_size.y = 0.0;
        ui.spacing_mut().item_spacing.y = 0.25 * ink.size;
        for (span, closing) in closed_spans(text) {
            match span {
                Span::Plain(words) | Span::Literal(words) => plain_ui(ui, &(words + &closing), ink),
                Span::Introduced(words) => {
                    let strong = Ink { is_strong: true, color: view.theme.text_strong, ..ink };
                    ui.label(rich(&(words + &closing), strong));
                }
                Span::Computed(expression) => {
                    let number = computed(ui, lesson, &expression, ink.is_for_teacher);
                    ui.label(rich(&(number + &closing), Ink { is_strong: true, ..ink }));
                }
                Span::Link { text, target } => {
                    link_ui(ui, view, lesson, (&text, &target, &closing), ink);
                }
            }
        }
    });
}

/// No line begins with one of these.
const CLOSING: &str = " ，。、；：！？）”》」,.;:!?)";

/// The spans of a text, each with the punctuation that follows it: the two stay on one line.
fn closed_spans(text: &str) -> Vec<(Span, String)> {
    let mut closed: Vec<(Span, String)> = Vec::new();
    for span in spans(text) {
        match (span, closed.last_mut()) {
            (Span::Plain(words), Some((_, closing))) => {
                let rest = words.trim_start_matches(|c| CLOSING.contains(c));
                closing.push_str(&words[..words.len() - rest.len()]);
                if !rest.is_empty() {
                    closed.push((Span::Plain(rest.to_owned()), String::new()));
                }
            }
            (span, _) => closed.push((span, String::new())),
        }
    }
    closed
}

/// The text without its marks, numbers filled in: for captions and for who does not see it.
pub fn plain(ui: &Ui, lesson: &LessonState, text: &str) -> String {
    let words = spans(text).into_iter().map(|span| match span {
        Span::Plain(words)
        | Span::Literal(words)
        | Span::Introduced(words)
        | Span::Link { text: words, .. } => words.replace('`', ""),
        Span::Computed(expression) => computed(ui, lesson, &expression, false),
    });
    words.collect()
}

fn rich(words: &str, ink: Ink) -> RichText {
    let family = if ink.is_strong { fonts::strong() } else { FontFamily::Proportional };
    RichText::new(words).font(FontId::new(ink.size, family)).color(ink.color)
}

/// Plain words; numbers between back ticks are half-bold.
fn plain_ui(ui: &mut Ui, words: &str, ink: Ink) {
    for (k, part) in words.split('`').enumerate().filter(|(_, part)| !part.is_empty()) {
        ui.label(rich(part, Ink { is_strong: ink.is_strong || k % 2 == 1, ..ink }));
    }
}

/// Words that name a place: they light it while the pointer is on them and are lit while it is on the place; a click
/// looks at it.
fn link_ui(
    ui: &mut Ui,
    view: &View,
    lesson: &LessonState,
    (words, target, closing): (&str, &str, &str),
    ink: Ink,
) {
    let theme = view.theme;
    let places = lesson.places(target);
    let is_pointed_at =
        view.hovered().is_some_and(|cell| Lit::new(view.state, &places).has(view.state, &cell.whole_cell()));
    let label = Label::new(rich(&format!("{words}{closing}"), ink)).sense(Sense::click());
    let (at, galley, response) = label.layout_in_ui(ui);
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, words));
    let is_lit = is_pointed_at || response.hovered() || response.has_focus();
    let size = ink.size;
    let ink = if is_lit { theme.text_strong } else { ink.color };
    let last = galley.rows.len().saturating_sub(1);
    let tail = text_width(ui.painter(), closing, FontId::proportional(size));
    for (k, row) in galley.rows.iter().enumerate() {
        let rect = row.rect_without_leading_space().translate(at.to_vec2());
        let rect = if k == last { rect.with_max_x((rect.right() - tail).max(rect.left())) } else { rect };
        if is_lit {
            ui.painter().rect_filled(rect.expand(1.0), 2.0, theme.point.gamma_multiply(0.45));
        }
        dots(ui, rect.left_bottom(), rect.right(), theme.text_weak);
    }
    ui.painter().galley_with_override_text_color(at, galley, ink);
    if response.hovered() || response.has_focus() {
        view.point_out(places.clone());
    }
    if response.clicked()
        && let Some(place) = places.first().and_then(|place: &AddressText| place.resolve(view.state.plan()))
    {
        view.look(&place);
    }
}

/// A dotted line below words.
fn dots(ui: &Ui, from: Pos2, right: f32, color: Color32) {
    let mut x = from.x;
    while x + 1.5 <= right {
        let y = from.y - 0.5;
        ui.painter().line_segment([pos2(x, y), pos2(x + 1.5, y)], Stroke::new(1.5, color));
        x += 4.0;
    }
}

/// Significant digits of a number in a text, as in a cell.
const DIGITS: usize = 4;

/// The numbers of the texts of one beat; computed once, since some take a training step.
#[derive(Clone, Default)]
struct Kept {
    of: Option<Id>,
    /// By expression, and whether nothing is covered.
    numbers: HashMap<(String, bool), String>,
}

/// A number of a text; "?" while it is covered.
fn computed(ui: &Ui, lesson: &LessonState, expression: &str, is_for_teacher: bool) -> String {
    let id = Id::unique("the numbers of a lesson's texts");
    let scene = Arc::as_ptr(&lesson.scene().trace) as usize;
    let seed = lesson.item().map(|item| item.seed);
    let is_covered = lesson.phase() == Phase::Asking;
    let of = Id::unique((&lesson.lesson().id, lesson.beat(), scene, seed, is_covered));
    let mut kept: Kept = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    if kept.of != Some(of) {
        kept = Kept { of: Some(of), ..Kept::default() };
    }
    let number = kept.numbers.entry((expression.to_owned(), is_for_teacher)).or_insert_with(|| {
        let number = match is_for_teacher {
            true => lesson.uncovered(expression, DIGITS),
            false => lesson.computed(expression, DIGITS),
        };
        number.unwrap_or_else(|| "?".into())
    });
    let number = number.clone();
    ui.data_mut(|data| data.insert_temp(id, kept));
    number
}
