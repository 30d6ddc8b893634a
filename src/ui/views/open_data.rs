//! Where does the data set lie: a path to type or paste, or the system's dialog for a folder or a file.

use crate::app::{Action, DataAction};
use crate::ui::{theme, view::View};
use egui::{Align2, Button, Id, Key, RichText, TextEdit, Window, vec2};

/// Draws the question how to read a data set over the window.
pub fn open_data_ui(ui: &mut egui::Ui, view: &View) {
    let push = |action| view.push(Action::Data(action));
    let id = Id::unique("path of the data set");
    let pass = ui.ctx().cumulative_pass_nr();
    // What was typed when it was last open is there again.
    let (mut text, last): (String, u64) = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let is_new = last + 1 < pass;
    let mut open = true;
    let mut given = false;
    Window::new(view.text("cmd.open_data"))
        .collapsible(false)
        .resizable(false)
        .anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
        .open(&mut open)
        .show(ui.ctx(), |ui| {
            ui.set_max_width(460.0);
            let label = ui.label(view.text("sets.path"));
            let field = TextEdit::singleline(&mut text)
                .font(theme::mono_font())
                .hint_text(view.text("sets.path_hint"))
                .desired_width(460.0);
            let field = ui.add(field).labelled_by(label.id);
            if is_new {
                field.request_focus();
            }
            given = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            ui.horizontal_wrapped(|ui| {
                let is_there = !text.trim().is_empty();
                let button = Button::new(RichText::new(view.text("sets.open")).color(view.theme.on_accent));
                given |= ui.add_enabled(is_there, button.fill(view.theme.accent)).clicked();
                for (key, folder) in [("sets.choose_folder", true), ("sets.choose_file", false)] {
                    if ui.button(view.text(key)).clicked() {
                        push(DataAction::Choose { folder });
                    }
                }
            });
            ui.label(RichText::new(view.text("sets.kinds")).color(view.theme.text_weak));
        });
    let path = text.trim().to_owned();
    ui.data_mut(|data| data.insert_temp(id, (text, pass)));
    if given && !path.is_empty() {
        push(DataAction::Open(path.into()));
    } else if !open {
        push(DataAction::Ask(false));
    }
}
