//! Where to save, and what a crash left behind.

use crate::app::{Action, FileAction, FileKind, SaveQuestion};
use crate::ui::{theme, view::View};
use egui::{Align2, Area, Button, Frame, Id, Key, Modal, RichText, Stroke, TextEdit, Ui, vec2};

fn push(view: &View, action: FileAction) {
    view.push(Action::File(action));
}

/// Draws the offer to restore a session, and the dialog that asks where to save.
pub fn files_ui(ui: &mut Ui, view: &View) {
    if let Some(offer) = &view.state.files().offer {
        offer_ui(ui, view, offer.minutes);
    }
    if let Some(asked) = &view.state.files().asked {
        Modal::new(Id::unique("save")).show(ui.ctx(), |ui| asked_ui(ui, view, asked));
    }
}

/// A session that a crash left behind: a card at the upper edge, its first button ready for Enter.
fn offer_ui(ui: &mut Ui, view: &View, minutes: u64) {
    Area::new(Id::unique("offer")).anchor(Align2::CENTER_TOP, vec2(0.0, 52.0)).show(ui.ctx(), |ui| {
        let stroke = Stroke::new(1.5, view.theme.accent);
        Frame::popup(ui.style()).fill(view.theme.raised).stroke(stroke).inner_margin(14.0).show(ui, |ui| {
            ui.set_max_width(460.0);
            ui.label(RichText::new(view.text("files.offer")).strong());
            let when = match minutes {
                0 => view.text("files.just_now"),
                minutes => view.fill("files.minutes", &[("n", &minutes.to_string())]),
            };
            ui.label(when);
            ui.add_space(theme::space::S);
            ui.horizontal(|ui| {
                let text = RichText::new(view.text("files.restore")).color(view.theme.on_accent);
                let restore = ui.add(Button::new(text).fill(view.theme.accent).min_size(vec2(110.0, 30.0)));
                let first = Id::unique("offered");
                if !ui.data(|data| data.get_temp(first).unwrap_or(false)) {
                    ui.data_mut(|data| data.insert_temp(first, true));
                    restore.request_focus();
                }
                if restore.clicked() {
                    push(view, FileAction::Restore);
                }
                let discard = Button::new(view.text("files.discard")).min_size(vec2(110.0, 30.0));
                if ui.add(discard).clicked() {
                    push(view, FileAction::Discard);
                }
            });
        });
    });
}

/// The place to save at: typed, or by the system's dialog.
fn asked_ui(ui: &mut Ui, view: &View, asked: &SaveQuestion) {
    ui.set_width(520.0_f32.min(ui.ctx().content_rect().width() - 60.0));
    let title = match asked.kind {
        FileKind::Session => "files.save_session",
        FileKind::Model => "files.save_model",
        FileKind::Progress => "files.save_progress",
        FileKind::Code(_) | FileKind::CodeWeights(_) => "files.save_code",
        FileKind::Diagram(_) => "files.save_diagram",
        FileKind::Picture(_) => "files.save_picture",
        FileKind::Sheet => "files.save_sheet",
        FileKind::LessonSheets => "files.save_sheets",
        FileKind::Numbers(_) | FileKind::Tensors | FileKind::TrainingLog => "files.save_numbers",
        FileKind::TrainingPlot => "files.save_plot",
        FileKind::Film(_) => "files.save_film",
    };
    ui.label(RichText::new(view.text(title)).font(theme::title_font()));
    ui.add_space(theme::space::S);
    let label = ui.label(view.text("files.path"));
    let mut text = asked.text.clone();
    let edit = ui.add(TextEdit::singleline(&mut text).desired_width(f32::INFINITY)).labelled_by(label.id);
    if edit.changed() {
        push(view, FileAction::Type(text));
    }
    let is_sent = edit.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if asked.is_taken {
        ui.label(RichText::new(view.text("files.taken")).color(view.theme.warn));
    }
    ui.add_space(theme::space::S);
    ui.horizontal(|ui| {
        let words = if asked.is_taken { "files.replace" } else { "files.save" };
        let words = RichText::new(view.text(words)).color(view.theme.on_accent);
        let save = ui.add(Button::new(words).fill(view.theme.accent).min_size(vec2(100.0, 30.0)));
        // A file is replaced by the button only, not by the Enter that asked for the name.
        if save.clicked() || (is_sent && !asked.is_taken) {
            push(view, FileAction::Confirm { replace: asked.is_taken });
        }
        if ui.add(Button::new(view.text("files.browse")).min_size(vec2(100.0, 30.0))).clicked() {
            push(view, FileAction::Browse);
        }
        if ui.add(Button::new(view.text("files.cancel")).min_size(vec2(100.0, 30.0))).clicked() {
            push(view, FileAction::Forget);
        }
    });
    let focused = Id::unique("save asked");
    if ui.data(|data| data.get_temp::<Option<FileKind>>(focused)) != Some(Some(asked.kind)) {
        ui.data_mut(|data| data.insert_temp(focused, Some(asked.kind)));
        edit.request_focus();
    }
}
