//! The teacher's window: the notes on the beat, its answer, and what comes next.

use super::answers::place_of;
use super::{
    foot_ui,
    text::{Ink, in_lang, said, text_ui},
    title_of,
};
use crate::app::LessonState;
use crate::lesson::{Answer, Kind, bundled};
use crate::ui::{
    names,
    theme::{self, space, text_size},
    view::View,
};
use egui::{RichText, ScrollArea, Ui, UiBuilder};

/// Draws it.
pub fn notes_ui(ui: &mut Ui, view: &View) {
    let Some(lesson) = view.state.lesson() else { return };
    ui.painter().rect_filled(ui.max_rect(), 0.0, view.theme.panel);
    let inner = ui.max_rect().shrink(space::L);
    ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| inner_ui(ui, view, lesson));
}

fn inner_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let room = (ui.available_height() - 60.0).max(80.0);
    ui.spacing_mut().item_spacing.y = space::S;
    let (n, all) = ((lesson.beat() + 1).to_string(), lesson.lesson().beats.len().to_string());
    let count = view.fill("lesson.count", &[("n", &n), ("all", &all)]);
    let title = format!("{}, {count}", title_of(view, lesson));
    ui.label(RichText::new(title).font(theme::title_font()).color(view.theme.text_strong));
    ScrollArea::vertical().id_salt("notes").max_height(room - 40.0).auto_shrink(false).show(ui, |ui| {
        beat_ui(ui, view, lesson);
        next_ui(ui, view, lesson);
    });
    ui.separator();
    foot_ui(ui, view, lesson);
}

fn head_ui(ui: &mut Ui, view: &View, key: &str) {
    ui.add_space(space::S);
    ui.label(RichText::new(view.text(key)).font(theme::strong_font()).color(view.theme.accent));
}

fn beat_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let beat = &lesson.lesson().beats[lesson.beat()];
    let ink = Ink { size: text_size::BODY, color: view.theme.text, is_strong: false, is_for_teacher: true };
    if let Some(note) = &beat.note {
        head_ui(ui, view, "lesson.note");
        text_ui(ui, view, lesson, said(view, note), Ink { size: text_size::TITLE, ..ink });
    }
    head_ui(ui, view, "lesson.text");
    text_ui(ui, view, lesson, in_lang(view, &beat.en, &beat.zh), ink);
    let Some(ask) = &beat.ask else { return };
    head_ui(ui, view, "lesson.question");
    text_ui(ui, view, lesson, said(view, &ask.q), Ink { is_strong: true, ..ink });
    let answer = answer_of(view, lesson);
    if !answer.is_empty() {
        head_ui(ui, view, "lesson.answer");
        ui.label(RichText::new(answer).font(theme::title_font()).color(view.theme.good));
    }
    options_ui(ui, view, lesson);
    if let Some(why) = &ask.why {
        text_ui(ui, view, lesson, said(view, why), ink);
    }
}

/// The right answer, in words.
fn answer_of(view: &View, lesson: &LessonState) -> String {
    let Some(item) = lesson.item() else { return String::new() };
    let place = |place: &usize| place_of(view, item, *place);
    match &item.right {
        Some(Answer::Number(number)) => number.print(4),
        Some(Answer::Sign(_)) => item
            .options
            .iter()
            .find(|option| option.is_right)
            .map_or_else(String::new, |option| option.text.clone()),
        Some(Answer::Cells(cells)) => cells.first().map_or_else(String::new, |cell| names::place(view, cell)),
        Some(Answer::Place(at)) => place(at),
        Some(Answer::Order(order)) => order.iter().map(place).collect::<Vec<_>>().join(" → "),
        Some(Answer::Met(_)) | None => String::new(),
    }
}

/// The wrong numbers, with the idea behind each.
fn options_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let Some(item) = lesson.item() else { return };
    if !matches!(item.kind, Kind::Choice | Kind::Number) {
        return;
    }
    for option in item.options.iter().filter(|option| !option.is_right) {
        let Some(rule) = option.rules.first() else { continue };
        let Some(misconception) = bundled().misconceptions.get(rule.id) else { continue };
        let idea = said(view, &misconception.option);
        let front = match &option.answer {
            Answer::Number(number) => format!("{}: ", number.print(4)),
            Answer::Place(at) => format!("{}: ", place_of(view, item, *at)),
            Answer::Sign(_) | Answer::Cells(_) | Answer::Order(_) | Answer::Met(_) => String::new(),
        };
        let words = RichText::new(format!("✗ {front}{idea}")).font(theme::body_font());
        ui.label(words.color(view.theme.text_weak));
    }
}

/// What the next beat says and asks.
fn next_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let Some(next) = lesson.lesson().beats.get(lesson.beat() + 1) else { return };
    head_ui(ui, view, "lesson.next");
    // Its numbers are those of its own scene, which is not set up yet.
    let words = plain_without_numbers(in_lang(view, &next.en, &next.zh));
    ui.label(RichText::new(words).font(theme::body_font()).color(view.theme.text_weak));
    if let Some(ask) = &next.ask {
        let words = plain_without_numbers(said(view, &ask.q));
        ui.label(RichText::new(words).font(theme::strong_font()).color(view.theme.text_weak));
    }
}

/// A text without its marks; "…" where a number stands.
fn plain_without_numbers(text: &str) -> String {
    use crate::lesson::{Span, spans};
    let words = spans(text).into_iter().map(|span| match span {
        Span::Plain(words)
        | Span::Literal(words)
        | Span::Introduced(words)
        | Span::Link { text: words, .. } => words.replace('`', ""),
        Span::Computed(_) => "…".into(),
    });
    words.collect()
}
