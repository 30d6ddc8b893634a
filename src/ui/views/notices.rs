//! Lines for the user, and work that goes on.

use crate::app::{Action, DataAction, JobKind, NoticeKind};
use crate::ui::{view::View, widgets::busy::busy_ui};
use egui::{Align2, Area, Frame, Id, ProgressBar, RichText, Role, Stroke, Ui, WidgetInfo, vec2};

/// Draws them over the window's lower right corner.
pub fn notices_ui(ui: &mut Ui, view: &View) {
    let state = view.state;
    let is_quiet = state.busy().is_none()
        && state.pending().is_none()
        && state.breakpoint_search().is_none()
        && state.data().opening.is_none();
    if view.state.notices().is_empty() && is_quiet {
        return;
    }
    Area::new(Id::unique("notices")).anchor(Align2::RIGHT_BOTTOM, vec2(-14.0, -170.0)).show(ui.ctx(), |ui| {
        ui.set_max_width(440.0);
        if let Some(busy) = view.state.busy() {
            card_ui(ui, view, view.theme.accent, |ui| {
                let name = ("name", busy.name.as_str());
                match busy.kind {
                    JobKind::Reading => {
                        busy_ui(ui, view);
                        let text = view.fill("notice.reading", &[name]);
                        ui.label(&text);
                        if busy.part > 0.0 {
                            let bar =
                                ui.add(ProgressBar::new(busy.part).desired_width(160.0).show_percentage());
                            bar.widget_info(|| {
                                WidgetInfo::labeled(Role::ProgressIndicator, true, text.clone())
                            });
                        }
                    }
                    JobKind::Computing => {
                        let percent = format!("{:.0}", busy.part * 100.0);
                        let text = view.fill("notice.computing", &[name, ("percent", &percent)]);
                        ui.label(&text);
                        let bar = ui.add(ProgressBar::new(busy.part).desired_width(160.0));
                        bar.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, text.clone()));
                    }
                }
                if ui.button(view.text("notice.cancel")).clicked() {
                    view.act(Action::Cancel);
                }
            });
        }
        if let Some(opening) = &view.state.data().opening {
            card_ui(ui, view, view.theme.accent, |ui| {
                let text = view.fill("notice.reading", &[("name", &opening.name)]);
                busy_ui(ui, view);
                ui.label(&text);
                let bar = ui.add(ProgressBar::new(opening.part).desired_width(160.0).show_percentage());
                bar.widget_info(|| WidgetInfo::labeled(Role::ProgressIndicator, true, &text));
                if ui.button(view.text("notice.cancel")).clicked() {
                    view.act(Action::Data(DataAction::Cancel));
                }
            });
        }
        if let Some(hunt) = view.state.breakpoint_search().filter(|_| view.state.busy().is_none()) {
            card_ui(ui, view, view.theme.accent, |ui| {
                busy_ui(ui, view);
                ui.label(view.fill("time.hunting", &[("time", &hunt.time.to_string())]));
                if ui.button(view.text("notice.cancel")).clicked() {
                    view.act(Action::Cancel);
                }
            });
        }
        // A large network's replay is the work that goes on.
        if let Some((cursor, _)) = view.state.pending().filter(|_| !view.state.run().is_large()) {
            let to = cursor.time(view.state.plan());
            let done = view.state.run().replayed().unwrap_or(0);
            card_ui(ui, view, view.theme.accent, |ui| {
                busy_ui(ui, view);
                ui.label(view.fill("notice.replay", &[("done", &done.to_string()), ("to", &to.to_string())]));
                if ui.button(view.text("notice.cancel")).clicked() {
                    view.act(Action::Cancel);
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
