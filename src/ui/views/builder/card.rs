//! The card of the picked layer: its numbers to change, and the arithmetic that gives its sizes and costs.

use super::{
    columns::Columns,
    hyperparameters::{captioned_ui, hyperparameter_ui, text_ui},
    push,
};
use crate::app::{BuildAction, Draft};
use crate::nn::{
    Layer,
    arithmetic::Quantity,
    spec::{INPUT, LayerSpec},
};
use crate::ui::{number::thousands, theme, theme::space, view::View};
use egui::{
    Button, ComboBox, Frame, Grid, Margin, Rect, RichText, Role, Stroke, Ui, UiBuilder, WidgetInfo, pos2,
};

/// Draws the card of layer `l`: its name, its hyperparameters, and the arithmetic of its sizes and costs.
pub fn card_ui(ui: &mut Ui, view: &View, draft: &Draft, columns: &Columns, l: usize, spec: &LayerSpec) {
    indented_ui(ui, columns, |ui| {
        let frame = Frame::new()
            .fill(view.theme.raised)
            .stroke(Stroke::new(1.0, view.theme.line))
            .corner_radius(space::RADIUS)
            .inner_margin(Margin::same(12));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 6.0;
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing.x = space::M;
                let caption = view.text("build.layer_name");
                captioned_ui(ui, view, 104.0, [&caption, ""], |ui| {
                    if let Some(name) = text_ui(ui, &format!("{} {caption}", spec.name), &spec.name, 92.0) {
                        push(view, BuildAction::Rename(l, name));
                    }
                });
                inputs_ui(ui, view, draft, l, spec);
                for field in spec.kind.hyperparameters() {
                    if let Some(field) = hyperparameter_ui(ui, view, (&spec.name, &spec.kind), field) {
                        push(view, BuildAction::Set(l, field));
                    }
                }
            });
            if let Some(layer) = draft.layers().get(l) {
                arithmetic_ui(ui, view, layer);
            }
        });
    });
}

/// Draws a row that is indented to the layer's name.
pub fn indented_ui(ui: &mut Ui, columns: &Columns, add: impl FnOnce(&mut Ui)) {
    let top = ui.cursor().top();
    let room = Rect::from_x_y_ranges(columns.content()..=columns.content_end(), top..=f32::INFINITY);
    let inner = ui.scope_builder(UiBuilder::new().max_rect(room), add);
    let end = pos2(ui.min_rect().left(), inner.response.rect.bottom());
    ui.expand_to_include_rect(Rect::from_two_pos(pos2(ui.min_rect().left(), top), end));
}

/// What the layer reads: an earlier layer or the picture; of a join several.
fn inputs_ui(ui: &mut Ui, view: &View, draft: &Draft, l: usize, spec: &LayerSpec) {
    let names: Vec<&str> =
        [INPUT].into_iter().chain(draft.specs()[..l].iter().map(|spec| spec.name.as_str())).collect();
    let before = names.last().copied().unwrap_or(INPUT);
    let now: Vec<String> = if spec.inputs.is_empty() { vec![before.to_owned()] } else { spec.inputs.clone() };
    let set = |inputs: Vec<String>| {
        // The layer before goes without saying.
        let is_before = !spec.kind.is_join() && inputs == [before];
        push(view, BuildAction::Reads(l, if is_before { Vec::new() } else { inputs }));
    };
    let caption = view.text("build.reads");
    let width = 128.0 * now.len() as f32 + if spec.kind.is_join() { 72.0 } else { 0.0 };
    captioned_ui(ui, view, width, [&caption, &view.text("build.reads_tip")], |ui| {
        for (k, name) in now.iter().enumerate() {
            let combo = ComboBox::from_id_salt(("reads", l, k)).selected_text(name).width(112.0);
            let combo = combo.show_ui(ui, |ui| {
                for other in &names {
                    if ui.selectable_label(name == other, *other).clicked() {
                        let mut inputs = now.clone();
                        inputs[k] = (*other).to_owned();
                        set(inputs);
                    }
                }
            });
            let words = format!("{} {caption} {name}", spec.name);
            combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, &words));
        }
        if spec.kind.is_join() {
            if ui.button("+").on_hover_text(view.text("build.one_more_input")).clicked() {
                set(now.iter().cloned().chain([before.to_owned()]).collect());
            }
            let fewer = now.len() > 2;
            let button = ui.add_enabled(fewer, Button::new("−"));
            if button.on_hover_text(view.text("build.one_input_less")).clicked() {
                set(now[..now.len() - 1].to_vec());
            }
        }
    });
}

fn arithmetic_ui(ui: &mut Ui, view: &View, layer: &Layer) {
    let lines = layer.arithmetic();
    if lines.is_empty() {
        ui.label(RichText::new(view.text("build.unchanged")).color(view.theme.text_weak));
        return;
    }
    Grid::new("builder arithmetic").num_columns(2).spacing([space::L, 3.0]).min_row_height(20.0).show(
        ui,
        |ui| {
            for line in lines {
                let key = match line.quantity {
                    Quantity::Side => "build.line.side",
                    Quantity::Rows => "build.line.rows",
                    Quantity::Columns => "build.line.columns",
                    Quantity::Features => "build.line.features",
                    Quantity::Channels => "build.line.maps",
                    Quantity::Parameters => "build.line.parameters",
                    Quantity::MultiplyAdds => "build.line.multiply_adds",
                };
                ui.label(RichText::new(view.text(key)).color(view.theme.text_weak));
                let formula = match view.state.covers_layers() {
                    true => "?".to_owned(),
                    false => format!("{} = {}", line.formula, thousands(line.result)),
                };
                ui.label(RichText::new(formula).font(theme::mono_font()).color(view.theme.text_strong));
                ui.end_row();
            }
        },
    );
}
