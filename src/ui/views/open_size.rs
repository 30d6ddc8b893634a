//! How large is the picture of a network that takes any size?

use crate::app::{FileAction, SizeQuestion};
use crate::ui::{
    theme::{self, space},
    view::View,
};
use egui::{Button, DragValue, Id, Key, Modal, RichText, Ui, vec2};

/// Draws the question how many rows and columns a network's picture has.
pub fn size_question_ui(ui: &mut Ui, view: &View, question: &SizeQuestion) {
    let push = |action: FileAction| view.push(action.into());
    let [rows, columns] = question.size;
    let shown = Modal::new(Id::unique("size of the picture")).show(ui.ctx(), |ui| {
        ui.set_width(420.0_f32.min(view.room.window.width() - 60.0));
        ui.spacing_mut().item_spacing.y = space::S;
        ui.label(RichText::new(view.text("files.any_size")).font(theme::title_font()));
        ui.label(view.fill("files.any_size_why", &[("name", &question.name)]));
        ui.horizontal(|ui| {
            let mut size = [rows, columns];
            for (side, key) in ["build.rows", "build.columns"].into_iter().enumerate() {
                if side > 0 {
                    ui.label("×");
                }
                let label = ui.label(view.text(key));
                let field = DragValue::new(&mut size[side]).range(1..=1 << 16).speed(1.0);
                ui.add_sized(vec2(84.0, 30.0), field).labelled_by(label.id);
            }
            if size != question.size {
                push(FileAction::SetSize(size));
            }
        });
        if let Some(own) = question.of_picture.filter(|own| *own != question.size) {
            let [rows, columns] = own.map(|side| side.to_string());
            let words = view.fill("files.as_picture", &[("rows", &rows), ("columns", &columns)]);
            if ui.add(Button::new(words).min_size(vec2(0.0, 30.0))).clicked() {
                push(FileAction::SetSize(own));
            }
        }
        if let Some(why_not) = &question.why_not {
            ui.label(RichText::new(why_not).color(view.theme.bad));
        }
        ui.separator();
        ui.horizontal(|ui| {
            let words = RichText::new(view.text("files.open_sized")).color(view.theme.on_accent);
            let button = Button::new(words).fill(view.theme.accent).min_size(vec2(120.0, 30.0));
            let is_entered = ui.memory(|memory| memory.focused().is_none())
                && ui.input(|input| input.key_pressed(Key::Enter));
            if ui.add(button).clicked() || is_entered {
                push(FileAction::OpenSized);
            }
            let cancel = Button::new(view.text("files.cancel")).min_size(vec2(100.0, 30.0));
            if ui.add(cancel).clicked() {
                push(FileAction::ForgetSize);
            }
        });
    });
    if shown.backdrop_response.clicked() {
        push(FileAction::ForgetSize);
    }
}
