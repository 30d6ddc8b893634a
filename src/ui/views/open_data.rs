//! Where does the data set lie: a path to type or paste, or the system's dialog for a folder or a file. And which of its
//! folders holds the test pictures, where names do not tell.

use crate::app::{Action, DataAction, PartsQuestion};
use crate::data::{UpperFolders, list_names};
use crate::ui::{
    theme::{self, space},
    view::View,
};
use egui::{Align2, Button, Id, Key, Modal, RichText, ScrollArea, TextEdit, Ui, Window, vec2};

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

/// Draws the question which of a set's folders holds the test pictures.
pub fn parts_question_ui(ui: &mut Ui, view: &View, question: &PartsQuestion) {
    let answer = |folders| view.push(Action::Data(DataAction::AnswerParts(folders)));
    let wide = |words: String| Button::new(words).min_size(vec2(220.0, 30.0));
    let shown = Modal::new(Id::unique("which folder is the test part")).show(ui.ctx(), |ui| {
        ui.set_width(520.0_f32.min(view.room.window.width() - 60.0));
        ui.spacing_mut().item_spacing.y = space::S;
        ui.label(RichText::new(view.text("sets.which_test")).font(theme::title_font()));
        let list = list_names(&question.folders);
        let name = question.location.display_name();
        ui.label(view.fill("sets.which_why", &[("name", &name), ("list", &list)]));
        let room = view.room.window.height() * 0.5;
        ScrollArea::vertical().max_height(room).show(ui, |ui| {
            for folder in &question.folders {
                if ui.add(wide(view.fill("sets.is_test_folder", &[("folder", folder)]))).clicked() {
                    answer(Some(UpperFolders::Test(folder.clone())));
                }
            }
        });
        ui.separator();
        ui.horizontal_wrapped(|ui| {
            if ui.add(wide(view.text("sets.are_classes"))).clicked() {
                answer(Some(UpperFolders::Classes));
            }
            if ui.add(Button::new(view.text("files.cancel")).min_size(vec2(100.0, 30.0))).clicked() {
                answer(None);
            }
        });
    });
    if shown.backdrop_response.clicked() {
        answer(None);
    }
}
