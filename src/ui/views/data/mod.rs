//! A look at a data set: its examples to scroll through and to click, how many there are of each class, the mean
//! picture of each.

mod classes;
mod examples;
mod head;

use crate::app::{Action, DataAction};
use crate::ui::{theme::space, view::View};
use egui::{Ui, UiBuilder, vec2};

/// Draws the page Data: the data set's figures, its classes and its examples.
pub fn data_ui(ui: &mut Ui, view: &View) {
    let data = view.state.shown_data();
    head::head_ui(ui, view, &data);
    ui.add_space(space::XS);
    let room = ui.available_size();
    // The classes stand beside the examples, or above them where it is narrow.
    let beside = room.x >= 480.0;
    let list = if beside { vec2(232.0_f32.min(room.x * 0.42), room.y) } else { vec2(room.x, room.y * 0.35) };
    let rect = ui.available_rect_before_wrap();
    let (classes, examples) = if beside {
        let at = rect.right() - list.x;
        (rect.with_min_x(at), rect.with_max_x(at - space::M))
    } else {
        let at = rect.top() + list.y;
        (rect.with_max_y(at), rect.with_min_y(at + space::S))
    };
    ui.scope_builder(UiBuilder::new().max_rect(examples), |ui| examples::examples_ui(ui, view, &data));
    ui.scope_builder(UiBuilder::new().max_rect(classes), |ui| classes::classes_ui(ui, view, &data));
}

fn push(view: &View, action: DataAction) {
    view.push(Action::Data(action));
}
