//! Lines for the user, and work that goes on.

use crate::app::{Action, Job, JobKind, NoticeKind};
use crate::ui::{view::View, widgets::busy::busy_ui};
use egui::{Align2, Area, Frame, Id, ProgressBar, RichText, Role, Stroke, Ui, WidgetInfo, vec2};

/// Draws them over the window's lower right corner.
pub fn notices_ui(ui: &mut Ui, view: &View) {
    let state = view.state;
    let (foreground, opening) = (state.jobs().foreground(), state.jobs().of(JobKind::OpeningData));
    let is_quiet = foreground.is_none()
        && state.pending().is_none()
        && state.breakpoint_search().is_none()
        && opening.is_none();
    if view.state.notices().is_empty() && is_quiet {
        return;
    }
    Area::new(Id::unique("notices")).anchor(Align2::RIGHT_BOTTOM, vec2(-14.0, -170.0)).show(ui.ctx(), |ui| {
        ui.set_max_width(440.0);
        if let Some(busy) = foreground {
            card_ui(ui, view, view.theme.accent, |ui| job_ui(ui, view, busy));
        }
        if let Some(opening) = opening {
            card_ui(ui, view, view.theme.accent, |ui| job_ui(ui, view, opening));
        }
        if let Some(hunt) = view.state.breakpoint_search().filter(|_| foreground.is_none()) {
            card_ui(ui, view, view.theme.accent, |ui| {
                busy_ui(ui, view);
                ui.label(view.fill("time.hunting", &[("time", &hunt.time.to_string())]));
                if ui.button(view.text("notice.cancel")).clicked() {
                    view.act(Action::Cancel(JobKind::Computing));
                }
            });
        }
        // A large network's replay is the work that goes on.
        if let Some(pending) = view.state.pending().filter(|_| !view.state.run().is_large()) {
            let to = pending.time();
            let done = view.state.run().replayed().unwrap_or(0);
            card_ui(ui, view, view.theme.accent, |ui| {
                busy_ui(ui, view);
                ui.label(view.fill("notice.replay", &[("done", &done.to_string()), ("to", &to.to_string())]));
                if ui.button(view.text("notice.cancel")).clicked() {
                    view.act(Action::Cancel(JobKind::Computing));
                }
            });
        }
        let newest = view.state.notices().last();
        if let Some(notice) = newest {
            let color = match notice.kind {
                NoticeKind::Info => view.theme.accent,
                NoticeKind::Error => view.theme.bad,
            };
            card_ui(ui, view, color, |ui| {
                ui.vertical(|ui| {
                    ui.label(RichText::new(&notice.text));
                    let more = view.state.notices().len() - 1;
                    ui.horizontal(|ui| {
                        if ui.button(view.text("notice.dismiss")).clicked() {
                            view.act(Action::DismissNotice);
                        }
                        if more > 0 {
                            ui.label(view.fill("notice.more", &[("n", &more.to_string())]));
                        }
                    });
                });
            });
        }
    });
}

fn card_ui(ui: &mut Ui, view: &View, color: egui::Color32, add: impl FnOnce(&mut Ui)) {
    Frame::popup(ui.style()).fill(view.theme.raised).stroke(Stroke::new(1.5, color)).inner_margin(12.0).show(
        ui,
        |ui| {
            ui.horizontal_wrapped(add);
        },
    );
}

/// What a job works on, how far it is, and a button to cancel it.
fn job_ui(ui: &mut Ui, view: &View, job: &Job) {
    let name = ("name", job.name.as_str());
    let is_computing = job.kind == JobKind::Computing;
    let text = if is_computing {
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
    if ui.button(view.text("notice.cancel")).clicked() {
        view.act(Action::Cancel(job.kind));
    }
}
