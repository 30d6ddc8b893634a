//! The notice row: why the run stopped, running work, messages for the user. It pushes the stage and covers
//! nothing.

use crate::app::{Action, Advice, AppState, Job, JobKind, NoticeKind};
use crate::ui::{
    picture_words, sentences, theme, told,
    view::View,
    widgets::{
        busy::busy_ui,
        sign::{Sign, sign_button_ui},
    },
};
use egui::{Align, Button, Label, Layout, ProgressBar, RichText, Role, Ui, WidgetInfo, vec2};

/// The content of the row: one item at a time.
enum Line<'a> {
    /// A line for the user, and how many others wait.
    Notice(&'a crate::app::Notice, usize),
    /// Running work that the user started.
    Job(&'a Job),
    /// The search for a breakpoint, in a training step.
    Search(u32),
    /// The replay of training steps, and up to which.
    Replay(u32),
    /// Why the run stopped.
    Stopped,
    /// Which answer is right.
    RightAnswer,
    /// Advice on the picture.
    Advice(Advice),
}

/// The items, the most urgent first.
fn line(state: &AppState) -> Option<Line<'_>> {
    let of_kind = |kind| state.jobs().of_kind(kind);
    let foreground =
        state.jobs().foreground().or(of_kind(JobKind::OpeningData)).or(of_kind(JobKind::Filming));
    if let Some(notice) = state.notices().last() {
        return Some(Line::Notice(notice, state.notices().len() - 1));
    }
    if let Some(job) = foreground {
        return Some(Line::Job(job));
    }
    if let Some(search) = state.breakpoint_search() {
        return Some(Line::Search(search.time));
    }
    // A large network's replay counts as running work.
    if let Some(pending) = state.pending().filter(|_| !state.run().is_large()) {
        return Some(Line::Replay(pending.time()));
    }
    if state.stopped().is_some() {
        return Some(Line::Stopped);
    }
    if state.asks_right_answer() {
        return Some(Line::RightAnswer);
    }
    // The dialog that adjusts the picture shows the advice itself.
    state.advice().filter(|_| !state.view().adjust).map(Line::Advice)
}

/// Whether the row is shown.
pub fn is_needed(state: &AppState) -> bool {
    line(state).is_some()
}

/// Draws the most urgent item, with its buttons and a count of the others.
pub fn notices_ui(ui: &mut Ui, view: &View) {
    let Some(line) = line(view.state) else { return };
    match line {
        Line::Notice(notice, more) => notice_ui(ui, view, notice, more),
        Line::Job(job) => job_ui(ui, view, job),
        Line::Search(time) => {
            let words = view.fill("time.searching", &[("time", &time.to_string())]);
            work_ui(ui, view, &words, JobKind::Computing);
        }
        Line::Replay(to) => {
            let done = view.state.run().replayed().unwrap_or(0).to_string();
            let words = view.fill("notice.replay", &[("done", &done), ("to", &to.to_string())]);
            work_ui(ui, view, &words, JobKind::Computing);
        }
        Line::Stopped => stopped_ui(ui, view),
        Line::RightAnswer => right_answer_ui(ui, view),
        Line::Advice(advice) => advice_ui(ui, view, advice),
    }
}

/// Seconds after which what was done leaves by itself.
const DONE: f64 = 6.0;
/// Seconds after which advice does.
const ADVISED: f64 = 20.0;

/// Removes a line after it was visible for some seconds; `text` identifies it.
fn leave_in_time(ui: &Ui, view: &View, text: &str, seconds: f64, action: Action) {
    let id = egui::Id::unique("notice since");
    let now = ui.input(|input| input.time);
    let known: Option<(String, f64)> = ui.data(|data| data.get_temp(id));
    let since = match known {
        Some((known, since)) if known == text => since,
        Some(_) | None => {
            ui.data_mut(|data| data.insert_temp(id, (text.to_owned(), now)));
            now
        }
    };
    if now - since >= seconds {
        ui.data_mut(|data| data.remove::<(String, f64)>(id));
        view.push(action);
    } else {
        ui.ctx().request_repaint_after_secs((seconds - (now - since)) as f32);
    }
}

fn notice_ui(ui: &mut Ui, view: &View, notice: &crate::app::Notice, more: usize) {
    let words = told::notice(view.words, notice);
    // An error stays.
    if notice.kind == NoticeKind::Info {
        leave_in_time(ui, view, &notice.text, DONE, Action::DismissNotice);
    }
    let (sign, color) = match notice.kind {
        NoticeKind::Info => ("●", view.theme.accent),
        NoticeKind::Error => ("▲", view.theme.bad),
    };
    ui.label(RichText::new(sign).color(color));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if sign_button_ui(ui, view.theme, Sign::Close, &view.text("notice.dismiss")).clicked() {
            view.push(Action::DismissNotice);
        }
        if more > 0 {
            let words = view.fill("notice.more", &[("n", &more.to_string())]);
            ui.label(RichText::new(words).color(view.theme.text_weak));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let label = ui.add(Label::new(RichText::new(&words).color(view.theme.text)).truncate());
            // A screen reader reads it when it appears.
            ui.ctx().accesskit_node_builder(label.id, |node| node.set_live(egui::accesskit::Live::Polite));
            label.on_hover_text(words);
        });
    });
}

/// Words, an activity indicator, and a button to cancel the work.
fn work_ui(ui: &mut Ui, view: &View, words: &str, kind: JobKind) {
    busy_ui(ui, view);
    ui.label(words);
    cancel_ui(ui, view, kind);
}

fn cancel_ui(ui: &mut Ui, view: &View, kind: JobKind) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if ui.add(Button::new(view.text("notice.cancel")).min_size(vec2(80.0, 28.0))).clicked() {
            view.push(Action::Cancel(kind));
        }
    });
}

/// What a job works on, how far it is, and a button to cancel it.
fn job_ui(ui: &mut Ui, view: &View, job: &Job) {
    let name = ("name", job.name.as_str());
    let is_computing = job.kind == JobKind::Computing;
    let text = if job.kind == JobKind::Filming {
        view.fill("notice.filming", &[name])
    } else if is_computing {
        view.fill("notice.computing", &[name, ("percent", &format!("{:.0}", job.part * 100.0))])
    } else {
        busy_ui(ui, view);
        view.fill("notice.reading", &[name])
    };
    ui.label(&text);
    // How far reading a single file is, is not always known.
    if job.kind != JobKind::Reading || job.part > 0.0 {
        let bar = ProgressBar::new(job.part).desired_width(160.0);
        let bar = ui.add(if is_computing { bar } else { bar.show_percentage() });
        bar.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, text.clone()));
    }
    cancel_ui(ui, view, job.kind);
}

/// Why the run stopped, with the cell and the ways on.
fn stopped_ui(ui: &mut Ui, view: &View) {
    let Some(reason) = view.state.stopped() else { return };
    let (sign, color, cell) = match reason {
        crate::app::StopReason::Hit(stop) => ("●", view.theme.bad, Some(stop.cell)),
        crate::app::StopReason::End { .. } | crate::app::StopReason::StepDone { .. } => {
            ("○", view.theme.text_weak, None)
        }
    };
    ui.label(RichText::new(sign).color(color));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if sign_button_ui(ui, view.theme, Sign::Close, &view.text("time.dismiss")).clicked() {
            view.push(Action::DismissStop);
        }
        for id in ["continue", "reverse_continue"] {
            let Some(command) = crate::app::command::command(id) else { continue };
            let name = view.text(&format!("cmd.{id}"));
            let response = ui.add(Button::new(command.icon).min_size(vec2(34.0, 28.0)));
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            if response.on_hover_text(name).clicked() {
                view.push((command.action)(view.state));
            }
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let words = RichText::new(sentences::stop_reason(view, &reason)).color(view.theme.text_strong);
            let why = ui.label(words);
            ui.ctx().accesskit_node_builder(why.id, |node| node.set_live(egui::accesskit::Live::Polite));
            if let Some(cell) = cell {
                let link = RichText::new(crate::ui::names::cell(view, &cell)).color(view.theme.accent);
                if ui.add(Button::new(link.font(theme::body_font())).frame(false)).clicked() {
                    view.look(&cell);
                }
            }
        });
    });
}

/// Which answer is right: the likeliest classes as buttons, the others in a list.
fn right_answer_ui(ui: &mut Ui, view: &View) {
    let state = view.state;
    ui.label(RichText::new("?").font(theme::strong_font()).color(view.theme.accent));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if sign_button_ui(ui, view.theme, Sign::Close, &view.text("notice.dismiss")).clicked() {
            view.push(Action::DismissQuestion);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let label = ui.label(RichText::new(view.text("right.which")).color(view.theme.text_strong));
            ui.ctx().accesskit_node_builder(label.id, |node| node.set_live(egui::accesskit::Live::Polite));
            let likeliest = state.likeliest();
            let shown = if ui.available_width() < 560.0 { 1 } else { 3 };
            for (k, &class) in likeliest.iter().take(shown).enumerate() {
                let name = crate::ui::names::class(view, class);
                let words = if k == 0 { view.fill("right.guess", &[("class", &name)]) } else { name };
                if ui.add(Button::new(words).min_size(vec2(0.0, 28.0))).clicked() {
                    view.push(Action::SetLabel(class));
                }
            }
            ui.menu_button(view.text("right.other"), |ui| {
                egui::ScrollArea::vertical().max_height(320.0).show(ui, |ui| {
                    for class in 0..likeliest.len().min(1000) {
                        if ui.button(crate::ui::names::class(view, class)).clicked() {
                            view.push(Action::SetLabel(class));
                            ui.close();
                        }
                    }
                });
            });
        });
    });
}

/// A piece of advice, with what it offers.
fn advice_ui(ui: &mut Ui, view: &View, advice: Advice) {
    leave_in_time(ui, view, advice.key(), ADVISED, Action::DismissAdvice);
    ui.label(RichText::new("⚠").color(view.theme.warn));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if sign_button_ui(ui, view.theme, Sign::Close, &view.text("notice.dismiss")).clicked() {
            view.push(Action::DismissAdvice);
        }
        let offer = view.text(&format!("{}.offer", advice.key()));
        if ui.add(Button::new(offer).min_size(vec2(0.0, 28.0))).clicked() {
            view.push(advice.action());
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let words = picture_words::advice(view, advice);
            let label = ui.add(Label::new(RichText::new(&words).color(view.theme.text)).truncate());
            ui.ctx().accesskit_node_builder(label.id, |node| node.set_live(egui::accesskit::Live::Polite));
            label.on_hover_text(words);
        });
    });
}
