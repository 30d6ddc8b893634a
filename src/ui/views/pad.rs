//! The pad: what the network sees, large, to draw and paint on with the mouse or the keyboard. Everything follows
//! each stroke.

use crate::app::{Action, EditAction, command};
use crate::data::paint::Pen;
use crate::ui::{
    answer::Answer,
    canvas::{Brush, canvas_ui},
    names, theme,
    view::View,
};
use egui::{Align2, Button, RichText, Slider, Ui, Window, pos2};

/// Draws the drawing pad over the window.
pub fn pad_ui(ui: &mut Ui, view: &View) {
    let mut open = true;
    let room = ui.ctx().content_rect().size();
    Window::new(view.text("pad.title"))
        .collapsible(false)
        .resizable(false)
        .pivot(Align2::CENTER_CENTER)
        .default_pos(pos2(room.x, room.y) * 0.5)
        .open(&mut open)
        .show(ui.ctx(), |ui| {
            ui.horizontal_top(|ui| {
                let mut brush = Brush::kept(ui);
                let [c, h, w] = view.state.model().network.input;
                let side = (room.y - 130.0).min(room.x - 330.0).clamp(160.0, 560.0);
                ui.vertical(|ui| {
                    let cell = side / h.max(w) as f32;
                    canvas_ui(ui, view, "pad", cell, &view.text("pad.canvas"), Some(brush));
                });
                ui.vertical(|ui| {
                    ui.set_max_width(190.0);
                    tools_ui(ui, view, &mut brush, c, h.max(w));
                    brush.keep(ui);
                    ui.separator();
                    whole_ui(ui, view, brush);
                    ui.separator();
                    classes_ui(ui, view);
                });
            });
        });
    if !open {
        view.push(Action::ShowPad(false));
    }
}

fn caption_ui(ui: &mut Ui, view: &View, key: &str) -> egui::Response {
    ui.label(RichText::new(view.text(key)).font(theme::small_font()).color(view.theme.text_weak))
}

/// Pen or eraser, its thickness, its edge, its colour.
fn tools_ui(ui: &mut Ui, view: &View, brush: &mut Brush, channels: usize, side: usize) {
    ui.horizontal(|ui| {
        ui.selectable_value(&mut brush.erases, false, view.text("pad.pen"));
        ui.selectable_value(&mut brush.erases, true, view.text("pad.eraser"));
    });
    let Pen { radius, softness } = &mut brush.pen;
    let caption = caption_ui(ui, view, "pad.thickness");
    let most = (side as f32 / 6.0).max(2.0);
    ui.add(Slider::new(radius, 0.5..=most).fixed_decimals(1)).labelled_by(caption.id);
    let caption = caption_ui(ui, view, "pad.softness");
    ui.add(Slider::new(softness, 0.0..=4.0).fixed_decimals(1)).labelled_by(caption.id);
    if channels == 3 {
        ui.horizontal(|ui| {
            let caption = caption_ui(ui, view, "pad.colour");
            ui.color_edit_button_srgb(&mut brush.colour).labelled_by(caption.id);
        });
    } else {
        let caption = caption_ui(ui, view, "pad.grey");
        let mut grey = brush.colour[0];
        if ui.add(Slider::new(&mut grey, 0..=255)).labelled_by(caption.id).changed() {
            brush.colour = [grey; 3];
        }
    }
}

/// What is done to the whole picture.
fn whole_ui(ui: &mut Ui, view: &View, brush: Brush) {
    let push = |edit| view.push(Action::Edit { edit, more: false });
    ui.horizontal_wrapped(|ui| {
        for (id, can) in [("undo", view.state.undo().can_undo()), ("redo", view.state.undo().can_redo())] {
            let Some(command) = command::command(id) else { continue };
            if ui.add_enabled(can, Button::new(view.text(&format!("cmd.{id}")))).clicked() {
                view.push((command.action)(view.state));
            }
        }
        if ui.button(view.text("pad.fill")).clicked() {
            push(EditAction::Fill(brush.colour));
        }
        if ui
            .add_enabled(view.state.inputs().painted.is_some(), Button::new(view.text("edit.reset_picture")))
            .clicked()
        {
            push(EditAction::ResetPixels);
        }
        for (key, ground, colour) in
            [("pad.new_black", [0; 3], [255; 3]), ("pad.new_white", [255; 3], [0; 3])]
        {
            if ui.button(view.text(key)).clicked() {
                Brush { colour, erases: false, ..brush }.keep(ui);
                push(EditAction::NewDrawing { ground });
            }
        }
    });
}

/// What the network makes of it.
fn classes_ui(ui: &mut Ui, view: &View) {
    if !view.state.knows_scores() {
        return;
    }
    caption_ui(ui, view, "adjust.answer");
    if view.state.inputs().is_inverted_drawing() {
        ui.label(RichText::new(view.text("adjust.inverted")).color(view.theme.text_weak));
    }
    let answer = Answer::new(view);
    for &(class, score) in answer.classes.iter().take(3) {
        let text = format!("{}  {}", names::class(view, class), answer.score(score));
        ui.label(RichText::new(text).color(view.theme.text_strong));
    }
}
