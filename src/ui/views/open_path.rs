//! Where no file dialog can be opened: a field for the path of a file.

use crate::app::{Action, FileAction};
use crate::ui::{
    theme::{self, space},
    view::View,
};
use egui::{Button, Id, Key, Modal, RichText, TextEdit, Ui, vec2};

/// Draws the field for a path over the window.
pub fn open_path_ui(ui: &mut Ui, view: &View) {
    let id = Id::unique("path of the file");
    let pass = ui.ctx().cumulative_pass_nr();
    // What was typed when it was last open is there again.
    let (mut text, last): (String, u64) = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let is_new = last + 1 < pass;
    let mut is_given = false;
    let shown = Modal::new(Id::unique("open a path")).show(ui.ctx(), |ui| {
        ui.set_width(520.0_f32.min(view.room.window.width() - 60.0));
        ui.label(RichText::new(view.text("adjust.path_title")).font(theme::title_font()));
        ui.add_space(space::S);
        let label = ui.label(view.text("adjust.path_of"));
        let field = TextEdit::singleline(&mut text).font(theme::mono_font()).desired_width(f32::INFINITY);
        let field = ui.add(field.hint_text(view.text("adjust.path_hint"))).labelled_by(label.id);
        if is_new {
            field.request_focus();
        }
        is_given = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        ui.add_space(space::S);
        ui.horizontal(|ui| {
            let words = RichText::new(view.text("adjust.path_open")).color(view.theme.on_accent);
            let open = Button::new(words).fill(view.theme.accent).min_size(vec2(100.0, 30.0));
            is_given |= ui.add_enabled(!text.trim().is_empty(), open).clicked();
            if ui.add(Button::new(view.text("files.cancel")).min_size(vec2(100.0, 30.0))).clicked() {
                view.push(Action::TypePath(false));
            }
        });
    });
    let path = text.trim().to_owned();
    ui.data_mut(|data| data.insert_temp(id, (text, pass)));
    if is_given && !path.is_empty() {
        view.push(Action::TypePath(false));
        view.push(FileAction::Open(path.into()).into());
    } else if shown.backdrop_response.clicked() {
        view.push(Action::TypePath(false));
    }
}
