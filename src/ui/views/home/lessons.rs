//! The first lessons with what was done of them, and the way to all.

use crate::app::{Action, Lang, LessonAction, Sheet};
use crate::lesson::{Lesson, bundled};
use crate::ui::{
    fonts,
    theme::{self, space, text_size},
    view::View,
    widgets::flow::{fitted_ui, text_width},
};
use egui::{Align2, FontId, Galley, Rect, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};
use std::sync::Arc;

/// The height of the row: a title, and cards below it.
pub const HEIGHT: f32 = 112.0;

/// The height of the title.
const TITLE: f32 = 30.0;

/// Between two cards.
const GAP: f32 = 12.0;

/// As many cards stand in a wide page, and in one below 1100 points; fewer where their titles need more than two lines.
const CARDS: [usize; 2] = [6, 4];

/// From a card's edge to its words, beside the number.
const LEFT: f32 = 38.0;

/// From the words to the card's other edge.
const RIGHT: f32 = 10.0;

/// Draws the row.
pub fn lessons_ui(ui: &mut Ui, view: &View, rect: Rect, is_narrow: bool) {
    let theme = view.theme;
    let (head, cards) = rect.split_top_bottom_at_y(rect.top() + TITLE);
    let title = view.text("home.lessons");
    let font = FontId::new(text_size::EQUATION, fonts::strong());
    let width = text_width(ui.painter(), &title, font.clone());
    ui.painter().text(head.left_center(), Align2::LEFT_CENTER, title, font, theme.text_strong);
    let all = view.fill("home.all_lessons", &[("n", &bundled().lessons.len().to_string())]);
    let all_width = text_width(ui.painter(), &all, theme::body_font());
    let link = Rect::from_min_max(pos2(head.right() - all_width, head.top()), head.max);
    let response = ui.interact(link, ui.scope_id().with("all lessons"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, &all));
    ui.painter().text(link.right_center(), Align2::RIGHT_CENTER, all, theme::body_font(), theme.accent);
    if response.hovered() || response.has_focus() {
        ui.painter().hline(link.x_range(), link.center().y + 9.0, Stroke::new(1.0, theme.accent));
    }
    if response.clicked() {
        view.push(Action::ShowSheet(Some(Sheet::Lessons)));
    }
    let says = Rect::from_min_max(
        pos2(head.left() + width + GAP, head.top()),
        pos2(link.left() - GAP, head.bottom()),
    );
    if says.width() > 160.0 {
        fitted_ui(ui, says, &view.text("home.lessons_say"), theme::body_font(), theme.text_weak);
    }
    let width = |count: usize| (cards.width() - GAP * (count - 1) as f32) / count as f32;
    let most = if is_narrow { CARDS[1] } else { CARDS[0] };
    let fits = |count: &usize| {
        offered(view, *count)
            .iter()
            .all(|lesson| title_galley(ui, view, lesson, width(*count)).rows.len() <= 2)
    };
    let count = (2..=most).rev().find(fits).unwrap_or(1);
    let each = width(count);
    let offered = offered(view, count);
    for (k, lesson) in offered.iter().enumerate() {
        let left = cards.left() + k as f32 * (each + GAP);
        let card = Rect::from_min_size(pos2(left, cards.top()), vec2(each, cards.height()));
        card_ui(ui, view, lesson, card);
    }
}

/// The lessons that are offered: so many in a row, with the one to go on with and the one before it.
fn offered(view: &View, count: usize) -> &'static [Arc<Lesson>] {
    let all = &bundled().lessons;
    let done = |lesson: &Lesson| view.state.progress().0.get(&lesson.id).map(|progress| progress.done);
    let last = all.iter().rposition(|lesson| done(lesson).is_some());
    let next = last.map_or(0, |last| if done(&all[last]) == Some(true) { last + 1 } else { last });
    let first = next.saturating_sub(1).min(all.len().saturating_sub(count));
    &all[first..all.len().min(first + count)]
}

/// A lesson's title.
fn title_of<'a>(view: &View, lesson: &'a Lesson) -> &'a str {
    match view.words.0 {
        Lang::En => &lesson.title.en,
        Lang::Zh => &lesson.title.zh,
    }
}

/// The title as it stands in a card of this width.
fn title_galley(ui: &Ui, view: &View, lesson: &Lesson, width: f32) -> Arc<Galley> {
    let (text, ink) = (title_of(view, lesson).to_owned(), view.theme.text_strong);
    ui.painter().layout(text, theme::strong_font(), ink, width - LEFT - RIGHT)
}

/// A lesson: number, title, progress; a click begins it, or goes on with it.
fn card_ui(ui: &mut Ui, view: &View, lesson: &Lesson, rect: Rect) {
    let theme = view.theme;
    let progress = view.state.progress().0.get(&lesson.id);
    let (says, share) = match progress {
        None => (view.fill("lesson.minutes", &[("n", &lesson.minutes.to_string())]), None),
        Some(progress) if progress.done => (view.text("home.lesson_done"), None),
        Some(progress) => {
            let (n, all) = ((progress.farthest + 1).to_string(), progress.beats.to_string());
            let share = (progress.farthest + 1) as f32 / progress.beats.max(1) as f32;
            (view.fill("lesson.count", &[("n", &n), ("all", &all)]), Some(share))
        }
    };
    let response = ui.interact(rect, ui.scope_id().with(("lesson", &lesson.id)), Sense::click());
    let words = view.fill(
        "home.lesson",
        &[("n", &lesson.number.to_string()), ("title", title_of(view, lesson)), ("says", &says)],
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    let is_pointed_at = response.hovered() || response.has_focus();
    ui.painter().rect_filled(rect, 8.0, theme.raised);
    let edge = if is_pointed_at { Stroke::new(2.0, theme.accent) } else { Stroke::new(1.0, theme.line) };
    ui.painter().rect_stroke(rect, 8.0, edge, StrokeKind::Inside);
    let inner = Rect::from_min_max(rect.min + vec2(14.0, 8.0), rect.max - vec2(RIGHT, 8.0));
    let number = FontId::new(text_size::TITLE, fonts::strong());
    let first = inner.split_top_bottom_at_y(inner.bottom() - 20.0).0;
    ui.painter().text(first.left_center(), Align2::LEFT_CENTER, lesson.number, number, theme.accent);
    let left = rect.left() + LEFT;
    let words_of_title = title_galley(ui, view, lesson, rect.width());
    let top = first.center().y - 0.5 * words_of_title.size().y;
    ui.painter().galley(pos2(left, top), words_of_title, theme.text_strong);
    let second = Rect::from_min_max(pos2(left, first.bottom()), inner.max);
    let is_done = progress.is_some_and(|progress| progress.done);
    let mut says_left = left;
    if let Some(share) = share {
        let width =
            (second.width() - text_width(ui.painter(), &says, theme::small_font()) - space::S).max(0.0);
        let bar = Rect::from_min_size(pos2(left, second.center().y - 3.0), vec2(width.min(110.0), 6.0));
        ui.painter().rect_filled(bar, 3.0, theme.button_down);
        let done = Rect::from_min_size(bar.min, vec2(share * bar.width(), bar.height()));
        ui.painter().rect_filled(done, 3.0, theme.accent);
        says_left = bar.right() + space::S;
    }
    if is_done {
        hook_ui(ui, pos2(inner.left() + 5.0, second.center().y), theme.good);
    }
    let ink = if is_done { theme.good } else { theme.text_weak };
    fitted_ui(ui, second.with_min_x(says_left), &says, theme::small_font(), ink);
    if response.on_hover_text(words).clicked() {
        view.push(LessonAction::Start(lesson.id.clone()).into());
    }
}

fn hook_ui(ui: &Ui, center: egui::Pos2, color: egui::Color32) {
    let stroke = Stroke::new(2.2, color);
    let at = |x: f32, y: f32| center + Vec2::new(x, y);
    ui.painter().line_segment([at(-5.0, 0.0), at(-1.5, 4.0)], stroke);
    ui.painter().line_segment([at(-1.5, 4.0), at(6.0, -5.0)], stroke);
}
