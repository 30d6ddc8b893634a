//! The row that edits a cell, if it is a parameter or a pixel: a number to type or to drag, and what a filter can become.

use super::{number, theme, view::View};
use crate::app::{Action, EditAction, Extent, FilterTurn};
use crate::data::Content;
use crate::nn::{Op, Part, filters::Filter};
use crate::trace::{Address, Owner};
use egui::{DragValue, Id, Response, RichText, Ui};
use std::ops::RangeInclusive;

/// Draws the fields for a cell, where it can be edited.
pub fn edit_row_ui(ui: &mut Ui, view: &View, focus: &Address) {
    let Some((tensor, _, index)) = view.state.trace().tensor_cell(focus) else { return };
    // A lesson's question asks for it.
    if view.state.covers().cell(tensor, index) {
        return;
    }
    let index = index as usize;
    match (tensor.owner, tensor.part) {
        // A data set's examples stay as they are.
        (Owner::Input, Part::Out) if view.state.inputs().training.is_some() => {}
        (Owner::Input, Part::Out) => pixel_ui(ui, view, index),
        (Owner::Layer(l), part) if tensor.is_parameter() => parameter_ui(ui, view, l as usize, part, index),
        (Owner::Layer(_) | Owner::Loss | Owner::Input, _) => {}
    }
}

fn parameter_ui(ui: &mut Ui, view: &View, layer: usize, part: Part, index: usize) {
    let value =
        view.state.trace().params().0[layer].get(part).and_then(|cells| cells.iter().nth(index).copied());
    let Some(value) = value else { return };
    ui.horizontal_wrapped(|ui| {
        let name = view.text("edit.weight");
        number_ui(ui, view, &name, value, f32::MIN..=f32::MAX, |value| EditAction::SetParameter {
            layer,
            part,
            index,
            value,
        });
        filter_ui(ui, view, layer, part, index);
        if view.state.loaded_params().is_some() {
            ui.label("•").on_hover_text(view.text("edit.edited_model"));
            reset_ui(ui, view, layer, part, index);
        }
    });
}

/// What a slice of a filter can be set to.
fn filter_ui(ui: &mut Ui, view: &View, layer: usize, part: Part, index: usize) {
    let Some(spec) = view.state.plan().layer(layer).op.convolution() else { return };
    if part != Part::Weight {
        return;
    }
    let [_, ins, kh, kw] = spec.weight_shape();
    let plane = index / (kh * kw);
    let (out, channel) = (plane / ins, plane % ins);
    ui.menu_button(view.text("edit.filter"), |ui| {
        let id = Id::unique("all slices of the filter");
        let mut all = ui.data(|data| data.get_temp(id).unwrap_or(true));
        if ins > 1 {
            if ui.checkbox(&mut all, view.text("edit.all_slices")).changed() {
                ui.data_mut(|data| data.insert_temp(id, all));
            }
            ui.separator();
        }
        let turns = [(FilterTurn::Half, "edit.turn_half"), (FilterTurn::Exchanged, "edit.turn_exchanged")];
        for (turn, key) in turns {
            let can = turn == FilterTurn::Half || kh == kw;
            if ui.add_enabled(can, egui::Button::new(view.text(key))).clicked() {
                push(view, EditAction::TurnFilter { layer, out, turn });
                ui.close();
            }
        }
        ui.separator();
        for filter in Filter::ALL {
            let filter = match filter {
                // Another one each time, the same in each run of the program.
                Filter::Random { .. } => Filter::Random { seed: view.state.revision() },
                named => named,
            };
            let button = egui::Button::new(view.text(&format!("filter.{}", filter.name())));
            if ui.add_enabled(filter.slice(kh, kw).is_some(), button).clicked() {
                let channel = (!all).then_some(channel);
                push(view, EditAction::SetFilter { layer, out, channel, filter });
                ui.close();
            }
        }
    })
    .response
    .on_hover_text(view.text("edit.filter_tip"));
}

/// Back to what was loaded.
fn reset_ui(ui: &mut Ui, view: &View, layer: usize, part: Part, index: usize) {
    ui.menu_button(view.text("edit.reset"), |ui| {
        let plan = view.state.plan();
        let tensor = crate::trace::TensorId::layer(layer, part);
        let shape = plan.shape_of(tensor);
        let is_weight = plan.is_weight_shaped(tensor);
        let out = if is_weight { index / (shape.len() / shape.0[0]) } else { index };
        // The biases of a transposed convolution belong to no filter, but to its output maps.
        let filter_key = match (&plan.layer(layer).op, is_weight) {
            (Op::ConvTranspose2d(_), false) => None,
            (Op::ConvTranspose2d(_), true) => Some("edit.reset_filter_alone"),
            _ => Some("edit.reset_filter"),
        };
        for (key, extent) in [
            (Some("edit.reset_cell"), Extent::Cell { layer, part, index }),
            (filter_key, Extent::Filter { layer, out }),
            (Some("edit.reset_layer"), Extent::Layer { layer }),
            (Some("edit.reset_model"), Extent::Model),
        ] {
            let Some(key) = key else { continue };
            if ui.button(view.text(key)).clicked() {
                push(view, EditAction::Reset(extent));
                ui.close();
            }
        }
    })
    .response
    .on_hover_text(view.text("edit.reset_tip"));
}

fn pixel_ui(ui: &mut Ui, view: &View, index: usize) {
    let Some(value) = view.state.fitted().tensor.iter().nth(index).copied() else { return };
    ui.horizontal_wrapped(|ui| {
        let (key, range) = match view.state.inputs().picture.content {
            Content::Picture(_) => ("edit.pixel", 0.0..=255.0),
            Content::Values(_) => ("edit.value", f32::MIN..=f32::MAX),
        };
        number_ui(ui, view, &view.text(key), value, range, |value| EditAction::SetPixel { index, value });
        if view.state.inputs().painted.is_some() && ui.button(view.text("edit.reset_picture")).clicked() {
            push(view, EditAction::ResetPixels);
        }
    });
}

fn push(view: &View, edit: EditAction) {
    view.push(Action::Edit { edit, more: false });
}

/// A number to type, to drag, or to turn the wheel over; one drag is undone as one.
fn number_ui(
    ui: &mut Ui,
    view: &View,
    name: &str,
    value: f32,
    range: RangeInclusive<f32>,
    edit: impl Fn(f32) -> EditAction,
) {
    let caption = RichText::new(name).font(theme::small_font()).color(view.theme.text_weak);
    let caption = ui.label(caption);
    let span = range.end() - range.start();
    let step = if span <= 255.0 { 1.0 } else { value.abs().max(0.1) * 0.01 };
    let mut now = value;
    let field = DragValue::new(&mut now)
        .range(range.clone())
        .speed(step)
        .update_while_editing(false)
        .custom_formatter(|value, _| number::full(value as f32))
        .custom_parser(|text| text.trim().replace(number::MINUS, "-").parse().ok());
    let response = ui.add(field).labelled_by(caption.id).on_hover_text(view.text("edit.number_tip"));
    if now.to_bits() != value.to_bits() {
        let more = goes_on(ui, &response, response.dragged());
        view.push(Action::Edit { edit: edit(now), more });
    } else if response.drag_started() {
        ui.data_mut(|data| data.remove::<f64>(response.id));
    }
    // Notches, not the smoothed way that a notch is spread over frames.
    let notches: f32 = if response.hovered() {
        ui.input(|input| {
            let turns = input.events.iter().filter_map(|event| match event {
                egui::Event::MouseWheel { delta, .. } if delta.y != 0.0 => Some(delta.y.signum()),
                _ => None,
            });
            turns.sum()
        })
    } else {
        0.0
    };
    if notches != 0.0 {
        let turned = (value + notches * step).clamp(*range.start(), *range.end());
        let more = goes_on(ui, &response, true);
        view.push(Action::Edit { edit: edit(turned), more });
    }
}

/// Whether a change continues the previous change of the same number, and notes it for the next: changes
/// within half a second, or within one drag, count as one.
fn goes_on(ui: &Ui, response: &Response, may: bool) -> bool {
    const PAUSE: f64 = 0.5;
    let now = ui.input(|input| input.time);
    let before: Option<f64> = ui.data(|data| data.get_temp(response.id));
    ui.data_mut(|data| data.insert_temp(response.id, now));
    may && before.is_some_and(|before| response.dragged() || now - before < PAUSE)
}
