//! The lesson that is open: its text, its question and its buttons, in a panel beside the stage, in a sheet below it,
//! or as two lines below a presented stage.

mod answers;
mod experiment;
mod list;
mod notes;
mod row;
mod text;
mod verdict;

pub use experiment::experiment_ui;
pub use list::list_ui;
pub use notes::notes_ui;

use crate::app::{
    Action, LessonAction, LessonState, Phase,
    command::{command, is_of_lesson_at_hand},
};
use crate::ui::{
    fonts,
    room::LessonForm,
    theme::{self, space, text_size},
    view::View,
    widgets::{
        flow::{fitted_ui, text_width},
        sign::{Sign, sign_button_ui},
    },
};
use egui::{
    Align, Button, FontId, Layout, Rect, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2,
    vec2,
};
use text::{Ink, in_lang, said, text_ui};

/// From the panel's edge to its words.
const MARGIN: f32 = 20.0;

/// The height of the line with the title.
const TITLE: f32 = 36.0;

/// The height of the line of dashes.
const DASHES: f32 = 16.0;

/// The height of the buttons at the bottom.
const FOOT: f32 = 48.0;

/// Draws the lesson that is open into its place.
pub fn lesson_ui(ui: &mut Ui, view: &View, form: LessonForm) {
    let Some(lesson) = view.state.lesson() else { return };
    match form {
        LessonForm::Panel => panel_ui(ui, view, lesson),
        LessonForm::Sheet => sheet_ui(ui, view, lesson),
        LessonForm::Lines => lines_ui(ui, view, lesson),
    }
}

/// A part of the panel.
fn part_ui(ui: &mut Ui, rect: Rect, name: &str, add: impl FnOnce(&mut Ui)) {
    ui.scope_builder(UiBuilder::new().max_rect(rect).id_salt(name), |ui| {
        ui.set_clip_rect(rect.expand(2.0).intersect(ui.clip_rect()));
        add(ui);
    });
}

fn panel_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let whole = ui.max_rect();
    let inner = whole.shrink2(vec2(MARGIN, 0.0));
    let (head, rest) = inner.split_top_bottom_at_y(inner.top() + TITLE + 6.0);
    let (dashes, rest) = rest.split_top_bottom_at_y(rest.top() + DASHES);
    let (body, foot) = rest.split_top_bottom_at_y((rest.bottom() - FOOT).max(rest.top()));
    part_ui(ui, head.with_min_y(head.top() + 6.0), "head", |ui| head_ui(ui, view, lesson));
    part_ui(ui, dashes, "dashes", |ui| dashes_ui(ui, view, lesson));
    // The bar of scrolling stands in the margin.
    let body = Rect::from_min_max(body.min, pos2(whole.right() - 6.0, body.bottom()));
    part_ui(ui, body, "body", |ui| {
        let beat = (&lesson.lesson().id, lesson.beat());
        ScrollArea::vertical().id_salt(beat).auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(inner.width());
            ui.add_space(space::S);
            told_ui(ui, view, lesson);
            asked_ui(ui, view, lesson);
            ui.add_space(space::S);
            show_end_ui(ui, lesson);
        });
    });
    let line = egui::Stroke::new(1.0, view.theme.line);
    ui.painter().hline(whole.x_range(), foot.top() + 0.5, line);
    part_ui(ui, foot.expand2(vec2(8.0, 0.0)), "foot", |ui| foot_ui(ui, view, lesson));
}

/// Scrolls to what is said of an answer, once: a class that watches cannot scroll.
fn show_end_ui(ui: &mut Ui, lesson: &LessonState) {
    let id = ui.scope_id().with("the answer that was scrolled to");
    let shown = (lesson.phase() == Phase::Shown)
        .then(|| (lesson.beat(), lesson.tries(), lesson.item().map(|item| item.seed)));
    let last: Option<(usize, u32, Option<u64>)> = ui.data(|data| data.get_temp(id)).flatten();
    if shown != last {
        ui.data_mut(|data| data.insert_temp(id, shown));
        if shown.is_some() {
            ui.scroll_to_cursor(Some(Align::Max));
        }
    }
}

/// Number and title, which beat it is, and a button to close the lesson.
fn head_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let rect = ui.max_rect();
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        if sign_button_ui(ui, view.theme, Sign::Close, &view.text("lesson.close")).clicked() {
            view.push(LessonAction::Leave.into());
        }
        let (n, all) = ((lesson.beat() + 1).to_string(), lesson.lesson().beats.len().to_string());
        let count = view.fill("lesson.count", &[("n", &n), ("all", &all)]);
        let count = RichText::new(count).font(theme::body_font()).color(view.theme.text_weak);
        let left = ui.label(count).rect.left();
        let title = Rect::from_min_max(rect.min, pos2(left - space::S, rect.bottom()));
        let words = title_of(view, lesson);
        // A long title is written smaller rather than cut.
        let sizes =
            [theme::title_font(), theme::strong_font(), FontId::new(text_size::SMALL, fonts::strong())];
        let fits =
            sizes.iter().find(|font| text_width(ui.painter(), &words, (*font).clone()) <= title.width());
        let font = fits.unwrap_or(&sizes[2]).clone();
        fitted_ui(ui, title, &words, font, view.theme.text_strong);
        let response = ui.interact(title, ui.scope_id().with("title"), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, title_of(view, lesson)));
    });
}

/// `5  Pooling`; a teacher's own lesson has no number.
fn title_of(view: &View, lesson: &LessonState) -> String {
    let title = said(view, &lesson.lesson().title);
    match lesson.lesson().number {
        0 => title.to_owned(),
        number => format!("{number}\u{2002}{title}"),
    }
}

/// A dash per beat: those that were seen are blue; a click goes there.
fn dashes_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let rect = ui.max_rect();
    let all = lesson.lesson().beats.len().max(1);
    let pitch = rect.width() / all as f32;
    let gap = (0.2 * pitch).min(5.0);
    for beat in 0..all {
        let left = rect.left() + beat as f32 * pitch;
        let place = Rect::from_min_max(pos2(left, rect.top()), pos2(left + pitch, rect.bottom()));
        let response = ui.interact(place, ui.scope_id().with(("beat", beat)), Sense::click());
        let words = view.fill("lesson.beat", &[("n", &(beat + 1).to_string())]);
        let is_here = beat == lesson.beat();
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_here, &words));
        let color = match (beat <= lesson.beat(), response.hovered() || response.has_focus()) {
            (_, true) => view.theme.hover,
            (true, false) => view.theme.accent,
            (false, false) => view.theme.button_down,
        };
        let height = if is_here { 6.0 } else { 4.0 };
        let center = pos2(left + 0.5 * (pitch - gap), rect.center().y);
        ui.painter().rect_filled(
            Rect::from_center_size(center, vec2(pitch - gap, height)),
            0.5 * height,
            color,
        );
        if response.on_hover_text(words).clicked() {
            view.push(LessonAction::GoTo(beat).into());
        }
    }
}

/// The beat's text.
fn told_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let beat = &lesson.lesson().beats[lesson.beat()];
    let ink = Ink { size: text_size::TITLE, color: view.theme.text, is_strong: false, is_for_teacher: false };
    text_ui(ui, view, lesson, in_lang(view, &beat.en, &beat.zh), ink);
    if let Some(trouble) = lesson.trouble() {
        ui.add_space(space::S);
        ui.label(RichText::new(trouble).font(theme::body_font()).color(view.theme.warn));
    }
}

/// The question with its answers, and what is said of the answer that was given.
fn asked_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let Some(ask) = &lesson.lesson().beats[lesson.beat()].ask else { return };
    if lesson.item().is_none() {
        return;
    }
    ui.add_space(space::L);
    // Presenting, all points are larger, and the question is as large as the text.
    let size = if view.state.view().presenting { text_size::TITLE } else { text_size::EQUATION };
    let ink = Ink { size, color: view.theme.text_strong, is_strong: true, is_for_teacher: false };
    text_ui(ui, view, lesson, said(view, &ask.q), ink);
    ui.add_space(space::S);
    answers::answers_ui(ui, view, lesson);
    ui.add_space(space::M);
    match lesson.phase() {
        Phase::Asking => reveal_ui(ui, view, lesson),
        Phase::Shown => verdict::verdict_ui(ui, view, lesson),
        Phase::Told => {}
    }
}

/// The blue button that shows the answer, and the keys that do the same.
fn reveal_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::M;
        if blue_ui(ui, view, &view.text("lesson.show")).clicked() {
            view.push(LessonAction::GoOn.into());
        }
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let hint = |ui: &mut Ui, words: String| {
                ui.label(RichText::new(words).font(theme::small_font()).color(view.theme.text_weak));
            };
            hint(ui, view.text("lesson.space"));
            let counts = lesson.hands().counting;
            if command("lesson_hands").is_some_and(|command| is_of_lesson_at_hand(command, view.state)) {
                hint(ui, view.text(if counts { "lesson.counting" } else { "lesson.hands" }));
            }
        });
    });
}

/// The one blue button.
fn blue_ui(ui: &mut Ui, view: &View, words: &str) -> egui::Response {
    let font = FontId::new(text_size::TITLE, fonts::strong());
    let text = RichText::new(words).font(font).color(view.theme.on_accent);
    ui.add(Button::new(text).fill(view.theme.accent).min_size(vec2(120.0, 40.0)))
}

/// Back, and on: to the next beat, or back to what the lesson shows where the user has stepped away.
fn foot_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        back_ui(ui, view, lesson);
        // The way back to the lesson needs the room.
        if !view.state.is_aside() {
            key_ui(ui, view, "PgUp");
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| on_ui(ui, view, lesson, true));
    });
}

fn key_ui(ui: &mut Ui, view: &View, key: &str) {
    ui.label(RichText::new(key).font(theme::small_font()).color(view.theme.text_weak));
}

fn back_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let words = format!("◀ {}", view.text("lesson.back"));
    let button = Button::new(words).min_size(vec2(84.0, 32.0));
    let response = ui.add_enabled(lesson.beat() > 0, button);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, lesson.beat() > 0, view.text("lesson.back")));
    if response.clicked() {
        view.push(LessonAction::Back.into());
    }
}

/// The button that goes on: what it says depends on where the user and the beat are.
fn on_ui(ui: &mut Ui, view: &View, lesson: &LessonState, has_key: bool) {
    let is_last = lesson.beat() + 1 == lesson.lesson().beats.len();
    let (key, action, keys, is_blue): (_, Action, _, _) = match (view.state.is_aside(), lesson.phase()) {
        (true, _) => ("lesson.return", LessonAction::Return.into(), "Backspace", true),
        (false, Phase::Asking) => ("lesson.skip", LessonAction::GoTo(lesson.beat() + 1).into(), "", false),
        (false, Phase::Told | Phase::Shown) => {
            let key = if is_last { "lesson.finish" } else { "lesson.go_on" };
            (key, LessonAction::GoOn.into(), "PgDn", true)
        }
    };
    if key == "lesson.skip" && is_last {
        return;
    }
    let (fill, ink) = match is_blue {
        true => (view.theme.accent, view.theme.on_accent),
        false => (view.theme.button, view.theme.text),
    };
    let words = RichText::new(format!("{} ▶", view.text(key))).font(theme::strong_font()).color(ink);
    let response = ui.add(Button::new(words).fill(fill).min_size(vec2(100.0, 32.0)));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, view.text(key)));
    if has_key && !keys.is_empty() {
        key_ui(ui, view, keys);
    }
    if response.clicked() {
        view.push(action);
    }
}

/// Title and buttons on one line; below it the question at the left and its answers at the right.
fn sheet_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let inner = ui.max_rect().shrink2(vec2(12.0, 2.0));
    let (head, body) = inner.split_top_bottom_at_y(inner.top() + TITLE);
    part_ui(ui, head, "head", |ui| sheet_head_ui(ui, view, lesson));
    let is_asked = lesson.item().is_some();
    let middle = body.left() + 0.46 * body.width();
    let left = if is_asked { body.with_max_x(middle - space::S) } else { body };
    let beat = (&lesson.lesson().id, lesson.beat());
    part_ui(ui, left, "left", |ui| {
        ScrollArea::vertical().id_salt((beat, "left")).auto_shrink(false).show(ui, |ui| {
            match &lesson.lesson().beats[lesson.beat()].ask {
                Some(ask) if is_asked => {
                    let ink = Ink {
                        size: text_size::TITLE,
                        color: view.theme.text_strong,
                        is_strong: true,
                        is_for_teacher: false,
                    };
                    text_ui(ui, view, lesson, said(view, &ask.q), ink);
                    if lesson.phase() == Phase::Shown {
                        verdict::verdict_ui(ui, view, lesson);
                    }
                }
                Some(_) | None => told_ui(ui, view, lesson),
            }
        });
    });
    if is_asked {
        part_ui(ui, body.with_min_x(middle), "right", |ui| {
            ScrollArea::vertical().id_salt((beat, "right")).auto_shrink(false).show(ui, |ui| {
                answers::answers_ui(ui, view, lesson);
                if lesson.phase() == Phase::Asking {
                    reveal_ui(ui, view, lesson);
                }
            });
        });
    }
}

fn sheet_head_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if sign_button_ui(ui, view.theme, Sign::Close, &view.text("lesson.close")).clicked() {
            view.push(LessonAction::Leave.into());
        }
        on_ui(ui, view, lesson, false);
        back_ui(ui, view, lesson);
        if lesson.item().is_some() {
            ui.menu_button(view.text("lesson.read"), |ui| {
                ui.set_width((0.7 * view.room.window.width()).min(440.0));
                told_ui(ui, view, lesson);
            });
        }
        let (n, all) = ((lesson.beat() + 1).to_string(), lesson.lesson().beats.len().to_string());
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let title = format!("{}\u{2002}{n}/{all}", title_of(view, lesson));
            let title = RichText::new(title).font(theme::strong_font()).color(view.theme.text_strong);
            ui.add(egui::Label::new(title).truncate());
        });
    });
}

/// The text alone, as large as it fits on two lines of a presented stage.
fn lines_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let beat = &lesson.lesson().beats[lesson.beat()];
    let words = in_lang(view, &beat.en, &beat.zh);
    let rect = ui.max_rect().shrink2(vec2(space::M, 4.0));
    let whole = text::plain(ui, lesson, words);
    let rows = |size: f32| {
        let job = egui::text::LayoutJob::simple(
            whole.clone(),
            FontId::proportional(size),
            view.theme.text,
            rect.width(),
        );
        ui.fonts_mut(|fonts| fonts.layout_job(job)).rows.len()
    };
    let size = if rows(text_size::TITLE) <= 2 { text_size::TITLE } else { text_size::BODY };
    part_ui(ui, rect, "lines", |ui| {
        let ink = Ink { size, color: view.theme.text_strong, is_strong: false, is_for_teacher: false };
        text_ui(ui, view, lesson, words, ink);
    });
}
