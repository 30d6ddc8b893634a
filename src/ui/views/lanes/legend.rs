//! Below the lanes: what the colours of a column's values and gradients stand for, and the scale.

use super::{column, layout};
use crate::app::{Action, Scale};
use crate::trace::{Pass, TensorId};
use crate::ui::{
    colormap, names,
    tensor_plane::{TensorPlane, mapping, value_range},
    theme::space,
    view::View,
};
use egui::{Align2, ComboBox, Rect, RichText, Ui, UiBuilder, WidgetInfo, pos2, vec2};

/// The height of a caption with its legend.
const LEGEND: f32 = 50.0;
/// The width of the controls beside the legends.
const CONTROLS: f32 = 84.0;
/// The least width with which the controls stand beside the legends.
const WIDE: f32 = 330.0;

/// The height that they take.
pub fn height(width: f32) -> f32 {
    if width >= WIDE { LEGEND } else { LEGEND + 32.0 }
}

/// Draws them for a column; with a scale per map, for the focused map.
pub fn legends_ui(ui: &mut Ui, view: &View, image: u32, c: usize, focus: Option<(TensorId, u32)>) {
    let plan = view.state.plan();
    let rect = ui.max_rect();
    let layers = plan.network().layers.len();
    // The loss is one number: its place shows the colours of the last layer.
    let c = c.min(layers);
    let wide = rect.width() >= WIDE;
    let left = if wide { rect.right() - CONTROLS } else { rect.right() };
    let middle = 0.5 * (rect.left() + left);
    let top = if wide { rect.top() } else { rect.top() + 32.0 };
    let slots = [rect.left()..middle - 5.0, middle + 1.0..left - if wide { space::S } else { 0.0 }];
    let tensors = [Some(column::tensor_at(plan, c)), column::gradient_at(plan, c)];
    let looks = [Pass::Fwd, Pass::Bwd];
    for ((slot, tensor), look) in slots.into_iter().zip(tensors).zip(looks) {
        let Some(tensor) = tensor else { continue };
        let area = Rect::from_min_max(pos2(slot.start, top), pos2(slot.end, rect.bottom()));
        one_ui(ui, view, image, tensor, look, focus, area);
    }
    let controls = if wide {
        Rect::from_min_max(pos2(rect.right() - CONTROLS, rect.top()), rect.max)
    } else {
        Rect::from_min_size(rect.min, vec2(rect.width(), 30.0))
    };
    ui.scope_builder(UiBuilder::new().max_rect(controls), |ui| {
        if wide {
            ui.vertical(|ui| controls_ui(ui, view));
        } else {
            ui.horizontal(|ui| controls_ui(ui, view));
        }
    });
}

fn one_ui(
    ui: &mut Ui,
    view: &View,
    image: u32,
    tensor: TensorId,
    look: Pass,
    focus: Option<(TensorId, u32)>,
    area: Rect,
) {
    let (plan, theme) = (view.state.plan(), view.theme);
    let colors = theme.pass(look);
    let shape = plan.shape_of(tensor);
    // A vector has one scale for all its cells.
    let per_map = view.state.view().scale == Scale::Map && shape.plane() > 1;
    let focused = focus.filter(|(focused, _)| *focused == tensor).map(|(_, index)| index as usize);
    let channel = per_map.then(|| focused.unwrap_or(0) / shape.plane());
    let name = names::tensor(view, tensor);
    let caption = match channel {
        Some(channel) => format!("{} {name} · {}", colors.glyph, names::plane(view, tensor, channel)),
        None => format!("{} {name}", colors.glyph),
    };
    let line = Rect::from_min_size(area.min, vec2(area.width(), 18.0));
    let font = layout::name_font();
    layout::fitted_text_ui(ui.painter(), line, Align2::LEFT_CENTER, &caption, font, colors.strong);
    let below = Rect::from_min_max(pos2(area.left(), line.bottom() + 1.0), area.max);
    ui.scope_builder(UiBuilder::new().max_rect(below), |ui| {
        if !TensorPlane::new(view, tensor, image, 0).is_begun() {
            ui.label(
                RichText::new(view.text("grid.not_yet")).font(layout::small_font()).color(theme.text_weak),
            );
            return;
        }
        let mapping = mapping(view, tensor, image, channel);
        let shown = value_range(view, tensor, image, channel);
        colormap::legend_ui(ui, &mapping, area.width(), Some(shown));
    });
}

/// Over which values the colours stretch, and whether by the logarithm.
fn controls_ui(ui: &mut Ui, view: &View) {
    let now = view.state.view().scale;
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.spacing_mut().interact_size.y = 24.0;
    ui.spacing_mut().button_padding.y = 2.0;
    let name = |scale: Scale| {
        view.text(match scale {
            Scale::Map => "lanes.scale.map",
            Scale::Layer => "lanes.scale.layer",
            Scale::Largest => "lanes.scale.largest",
            Scale::Network => "lanes.scale.network",
        })
    };
    let text = |scale: Scale| RichText::new(name(scale)).font(layout::small_font());
    let combo = ComboBox::from_id_salt("scale").width(CONTROLS - 4.0).selected_text(text(now));
    let response = combo
        .show_ui(ui, |ui| {
            for scale in Scale::ALL {
                if ui.selectable_label(scale == now, text(scale)).clicked() {
                    view.act(Action::SetScale(scale));
                }
            }
        })
        .response
        .on_hover_text(view.text("lanes.scale.tip"));
    let words = format!("{}: {}", view.text("lanes.scale"), name(now));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::ComboBox, true, &words));
    let mut log = view.state.view().log;
    let label = RichText::new(view.text("lanes.log")).font(layout::small_font());
    if ui.checkbox(&mut log, label).on_hover_text(view.text("lanes.log.tip")).changed() {
        view.act(Action::ToggleLog);
    }
}
