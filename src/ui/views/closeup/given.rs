//! A tensor that is given, not computed: the picture, a weight before training.

use super::captioned_grid::{CaptionedGrid, Item, around_in, legends_ui, row_ui};
use super::focused_cell::FocusedCell;
use super::heading::{note_ui, plain_heading_ui};
use crate::trace::{Address, TensorId};
use crate::ui::{
    names, number,
    tensor_plane::TensorPlane,
    theme::{self, space},
    view::View,
};
use egui::{RichText, Ui, vec2};

/// How many of a tensor's planes are shown beside the one looked at.
const BESIDE: usize = 16;

/// Draws a tensor that no stage computes: the picture, the right answer, a parameter before the update.
pub fn given_ui(ui: &mut Ui, view: &View, focus: &Address) {
    let Some(spot) = FocusedCell::from_address(view, focus) else { return };
    let plan = view.state.plan();
    let title = match spot.tensor {
        TensorId::INPUT => view.text("closeup.given_input"),
        TensorId::TARGET => view.text("closeup.given_target"),
        tensor => names::tensor(view, tensor),
    };
    plain_heading_ui(ui, view, focus, &view.text("closeup.given"), &title);
    let shape = plan.shape_of(spot.tensor);
    let room = ui.available_size();
    let plane_of = spot.index as usize / shape.plane().max(1);
    // A parameter as it was given, not as the update leaves it.
    let plane = |channel: usize| match spot.tensor.is_parameter() {
        true => TensorPlane::before_update(view, spot.tensor, channel),
        false => TensorPlane::new(view, spot.tensor, spot.image, channel),
    };
    let main = around_in(view, plane(plane_of), spot.index);
    let several = shape.plane() > 1 && shape.planes() > 1;
    // One plane alone, above a row of others, above two.
    let share = match (several, shape.planes().min(BESIDE) > 8) {
        (false, _) => 0.75,
        (true, false) => 0.5,
        (true, true) => 0.36,
    };
    row_ui(ui, view, 0, &[main.into()], vec2(room.x, (share * room.y).max(120.0)));
    if several {
        ui.add_space(space::S);
        let count = shape.planes();
        let start = plane_of.saturating_sub(BESIDE / 2).min(count.saturating_sub(BESIDE));
        let shown = start..(start + BESIDE).min(count);
        let most = if shown.len() > 8 { 8 } else { shown.len() };
        let grid = |channel: usize| {
            // Short, for the planes stand close together: filter and slice of a weight.
            let name = if plan.is_weight_shaped(spot.tensor) {
                format!("{},{}", channel / shape.0[1], channel % shape.0[1])
            } else {
                names::plane(view, spot.tensor, channel)
            };
            let own = (channel == plane_of).then_some(spot.index as usize % shape.plane());
            CaptionedGrid::from_plane(plane(channel), name, "").focus(own).at_most(18.0)
        };
        let shown: Vec<usize> = shown.collect();
        for (row, channels) in shown.chunks(most).enumerate() {
            let items: Vec<Item> = channels.iter().map(|&channel| grid(channel).into()).collect();
            row_ui(
                ui,
                view,
                row + 1,
                &items,
                vec2(room.x, if shown.len() > 8 { 0.14 } else { 0.17 } * room.y),
            );
        }
        if shown.len() < count {
            let (shown, all) = (shown.len().to_string(), count.to_string());
            let is_weight = plan.is_weight_shaped(spot.tensor);
            let key = if is_weight { "closeup.given_some_slices" } else { "closeup.given_some" };
            let words = view.fill(key, &[("shown", &shown), ("all", &all)]);
            ui.label(RichText::new(words).small().color(view.theme.text_weak));
        }
    }
    let legend: [Item; 1] = [around_in(view, plane(plane_of), spot.index).into()];
    legends_ui(ui, view, &legend);
    ui.add_space(space::XS);
    let value = view.state.trace().value(spot.tensor, spot.image, spot.index);
    let value = number::full(value);
    let text = format!("{} = {value}", plan.text(focus));
    ui.label(RichText::new(text).font(theme::mono_font()).color(view.theme.text_strong));
    note_ui(ui, view, view.theme.accent, &view.text("closeup.given_note"));
}
