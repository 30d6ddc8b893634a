//! All lessons with what was done of them: to begin, to go on, to begin anew, to write the answers to a file.

use super::text::said;
use crate::app::{Action, FileAction, FileKind, LessonAction, LessonProgress};
use crate::lesson::{Lesson, bundled};
use crate::ui::{
    fonts,
    theme::{self, space, text_size},
    view::View,
};
use egui::{
    Align, Align2, Button, FontId, Layout, Rect, RichText, Role, ScrollArea, Sense, Ui, WidgetInfo, Window,
    vec2,
};

/// Draws the list over the window.
pub fn list_ui(ui: &mut Ui, view: &View) {
    let mut is_open = true;
    let width = (view.room.window.width() - 60.0).min(720.0);
    Window::new(view.text("cmd.lessons"))
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
        .fixed_size(vec2(width, 0.0))
        .open(&mut is_open)
        .show(ui.ctx(), |ui| {
            let room = view.room.window.height() - 170.0;
            ScrollArea::vertical().max_height(room).min_scrolled_height(room).show(ui, |ui| {
                ui.set_width(width - space::M);
                ui.spacing_mut().item_spacing.y = space::S;
                for lesson in &bundled().lessons {
                    lesson_ui(ui, view, lesson);
                }
            });
            ui.separator();
            foot_ui(ui, view);
        });
    if !is_open {
        view.push(Action::ShowSheet(None));
    }
}

/// What becomes of all answers.
fn foot_ui(ui: &mut Ui, view: &View) {
    ui.horizontal(|ui| {
        let has_answers = view.state.progress().0.values().any(|progress| !progress.answers.is_empty());
        let button = Button::new(view.text("lesson.export")).min_size(vec2(0.0, 30.0));
        if ui.add_enabled(has_answers, button).clicked() {
            view.push(FileAction::Ask(FileKind::Progress).into());
            view.push(Action::ShowSheet(None));
        }
        let words = RichText::new(view.text("lesson.stays_here")).font(theme::small_font());
        ui.label(words.color(view.theme.text_weak));
    });
}

/// A lesson: number, title, goal, minutes, progress, and the wrong ideas that were met.
fn lesson_ui(ui: &mut Ui, view: &View, lesson: &Lesson) {
    let theme = view.theme;
    let progress = view.state.progress().0.get(&lesson.id);
    let frame = egui::Frame::new()
        .fill(theme.raised)
        .stroke(egui::Stroke::new(1.0, theme.line))
        .corner_radius(8.0)
        .inner_margin(vec2(14.0, 10.0));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 3.0;
        ui.horizontal(|ui| {
            let number = FontId::new(text_size::TITLE, fonts::strong());
            ui.label(RichText::new(lesson.number.to_string()).font(number).color(theme.accent));
            let title = RichText::new(said(view, &lesson.title)).font(theme::title_font());
            ui.label(title.color(theme.text_strong));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| start_ui(ui, view, lesson, progress));
        });
        ui.label(RichText::new(said(view, &lesson.goal)).font(theme::body_font()).color(theme.text));
        ui.horizontal(|ui| {
            let minutes = view.fill("lesson.minutes", &[("n", &lesson.minutes.to_string())]);
            ui.label(RichText::new(minutes).font(theme::small_font()).color(theme.text_weak));
            progress_ui(ui, view, progress);
        });
        met_ui(ui, view, lesson);
    });
}

fn start_ui(ui: &mut Ui, view: &View, lesson: &Lesson, progress: Option<&LessonProgress>) {
    let key = match progress {
        None => "lesson.start",
        Some(progress) if progress.done => "lesson.once_more",
        Some(_) => "lesson.resume",
    };
    let title = said(view, &lesson.title);
    let response = ui.add(Button::new(view.text(key)).min_size(vec2(96.0, 30.0)));
    let words = format!("{}: {} {title}", view.text(key), lesson.number);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    if response.clicked() {
        view.push(Action::ShowSheet(None));
        view.push(LessonAction::Start(lesson.id.clone()).into());
    }
    if progress.is_some() {
        let response = ui.add(Button::new(view.text("lesson.reset")).min_size(vec2(0.0, 30.0)));
        let words = format!("{}: {} {title}", view.text("lesson.reset"), lesson.number);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
        if response.on_hover_text(view.text("lesson.reset_tip")).clicked() {
            view.push(LessonAction::Reset(lesson.id.clone()).into());
        }
    }
}

/// A bar, how far it is, and how many answers were right.
fn progress_ui(ui: &mut Ui, view: &View, progress: Option<&LessonProgress>) {
    let theme = view.theme;
    let words = match progress {
        None => return,
        Some(progress) if progress.done => view.text("home.lesson_done"),
        Some(progress) => {
            let (n, all) = ((progress.farthest + 1).to_string(), progress.beats.to_string());
            view.fill("lesson.count", &[("n", &n), ("all", &all)])
        }
    };
    let Some(progress) = progress else { return };
    let share =
        if progress.done { 1.0 } else { (progress.farthest + 1) as f32 / progress.beats.max(1) as f32 };
    let (bar, _) = ui.allocate_exact_size(vec2(100.0, 6.0), Sense::hover());
    ui.painter().rect_filled(bar, 3.0, theme.button_down);
    let done = Rect::from_min_size(bar.min, vec2(share * bar.width(), bar.height()));
    ui.painter().rect_filled(done, 3.0, theme.accent);
    let weak = |ui: &mut Ui, words: String| {
        ui.label(RichText::new(words).font(theme::small_font()).color(theme.text_weak));
    };
    weak(ui, words);
    let scored = progress.answers.iter().filter(|answer| answer.hands.is_empty());
    let (all, right) =
        scored.fold((0, 0), |(all, right), answer| (all + 1, right + usize::from(answer.right)));
    if all > 0 {
        let words = view.fill("lesson.rights", &[("n", &right.to_string()), ("all", &all.to_string())]);
        weak(ui, words);
    }
}

/// The wrong ideas that were met, the most frequent first.
fn met_ui(ui: &mut Ui, view: &View, lesson: &Lesson) {
    let mut met: Vec<(&str, usize)> = view.state.progress().misconceptions(&lesson.id).into_iter().collect();
    met.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if met.is_empty() {
        return;
    }
    let ideas = met.iter().filter_map(|(id, count)| {
        let idea = said(view, &bundled().misconceptions.get(*id)?.option);
        Some(if *count > 1 { format!("{idea} (×{count})") } else { idea.to_owned() })
    });
    let ideas = ideas.collect::<Vec<_>>().join(view.text("lesson.between").as_str());
    let words = view.fill("lesson.met", &[("ideas", &ideas)]);
    ui.label(RichText::new(words).font(theme::small_font()).color(view.theme.warn));
}
