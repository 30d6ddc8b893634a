//! What is said once the answer is shown: of the answer that was given, why the right one is right, and another try.

use super::text::{Ink, said, text_ui};
use crate::app::{LessonAction, LessonState};
use crate::lesson::{Verdict, bundled};
use crate::ui::{
    theme::{self, space, text_size},
    view::View,
};
use egui::{Button, RichText, Ui, vec2};

/// Draws it.
pub fn verdict_ui(ui: &mut Ui, view: &View, lesson: &LessonState) {
    let Some(ask) = &lesson.lesson().beats[lesson.beat()].ask else { return };
    ui.spacing_mut().item_spacing.y = space::S;
    let title = |ui: &mut Ui, key: &str, color| {
        ui.label(RichText::new(view.text(key)).font(theme::title_font()).color(color));
    };
    let ink = Ink { size: text_size::TITLE, color: view.theme.text, is_strong: false, is_for_teacher: false };
    match lesson.verdict() {
        Some(Verdict::Right) => title(ui, "lesson.right", view.theme.good),
        Some(Verdict::Rule(rule)) => {
            title(ui, "lesson.wrong", view.theme.bad);
            if let Some(misconception) = bundled().misconceptions.get(rule.id) {
                text_ui(ui, view, lesson, said(view, &misconception.says), ink);
            }
        }
        Some(Verdict::Wrong) => title(ui, "lesson.wrong", view.theme.bad),
        None => {}
    }
    if let Some(why) = &ask.why {
        text_ui(ui, view, lesson, said(view, why), ink);
    }
    if lesson.has_another() {
        let button = Button::new(view.text("lesson.again")).min_size(vec2(120.0, 36.0));
        if ui.add(button).clicked() {
            view.push(LessonAction::Again.into());
        }
    }
}
