//! How much of a sum's products cancels out, and what each image of a batch brings.

use super::super::parts::Extra;
use super::conv_cell::ConvCell;
use crate::ui::{
    colormap::Mapping,
    number,
    theme::{space, text_size},
    view::View,
    widgets::flow::{CAPTION, caption_ui, small_width},
};
use egui::{Align2, CornerRadius, FontId, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

/// The most images that get a bar.
const MOST_IMAGES: u32 = 64;

/// The width of the bars.
const WIDTH: f32 = 230.0;

/// Bars of what the products of either sign come to, and of what each image brings; nothing before the first term.
pub fn cancel<'a>(conv_cell: &ConvCell<'a>) -> Option<Extra<'a>> {
    let products = || conv_cell.fold.steps.iter().filter_map(|step| step.product()).map(f64::from);
    let more: f64 = products().filter(|&product| product > 0.0).sum();
    let less: f64 = products().filter(|&product| product < 0.0).sum();
    let most = more.max(-less);
    if conv_cell.done == 0 || !most.is_finite() || most == 0.0 {
        return None;
    }
    let view = conv_cell.view;
    let share = 100.0 * (1.0 - (more + less).abs() / (more - less));
    let share = number::significant(share as f32, 2);
    let words = view.fill("conv.cancelled", &[("share", &share)]);
    let signed = conv_cell.sum_mapping();
    let brought = brought(conv_cell);
    let height = CAPTION + 32.0 + if brought.is_empty() { 0.0 } else { 52.0 };
    let draw = move |ui: &mut Ui, rect: Rect| {
        let texts = [more, less].map(|sum| number::four_digits(sum as f32));
        caption_ui(ui, rect.min, WIDTH, &words, "");
        let text_width = texts.iter().map(|text| small_width(ui, text)).fold(0.0, f32::max);
        let longest = WIDTH - text_width - space::S;
        let mut y = rect.top() + CAPTION;
        for (sum, text) in [more, less].into_iter().zip(&texts) {
            let length = (f64::from(longest) * sum.abs() / most) as f32;
            let bar = Rect::from_min_size(pos2(rect.left(), y + 2.0), vec2(length.max(1.0), 11.0));
            let color = signed.color(if sum > 0.0 { f32::MAX } else { f32::MIN });
            ui.painter().rect_filled(bar, CornerRadius::same(2), color);
            let font = FontId::proportional(text_size::SMALL);
            let end = pos2(bar.right() + space::XS, bar.center().y);
            ui.painter().text(end, Align2::LEFT_CENTER, text, font, view.theme.text);
            y += 16.0;
        }
        let spoken = format!("{words}: {} {}", texts[0], texts[1]);
        ui.interact(rect, ui.scope_id().with("cancelled"), Sense::hover())
            .widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
        images_ui(ui, view, signed, &brought, pos2(rect.left(), y + space::XS));
    };
    Some(Extra { size: Box::new(move |_| [WIDTH, height]), draw: Box::new(draw) })
}

/// What the positions of each image of the batch that has had its turn have brought; empty where there is but one image.
fn brought(conv_cell: &ConvCell) -> Vec<f32> {
    let view = conv_cell.view;
    let plan = view.state.plan();
    let images = plan.setup().images;
    if !(2..=MOST_IMAGES).contains(&images) {
        return Vec::new();
    }
    let steps = conv_cell.fold.steps.len();
    let brought: Vec<f32> = if plan.is_layered() {
        let positions = conv_cell.terms as usize / images as usize;
        let each = steps.div_ceil(positions.max(1));
        (0..each).map(|n| conv_cell.brought(n * positions, steps.min((n + 1) * positions)).value).collect()
    } else {
        let after = view.state.trace().by_image(&conv_cell.focus, conv_cell.focus.image());
        let before = after.iter().scan(0.0, |start, &value| Some(value - std::mem::replace(start, value)));
        before.chain([conv_cell.brought(0, steps).value]).collect()
    };
    let most = brought.iter().map(|value| value.abs()).fold(0.0, f32::max);
    if most > 0.0 && most.is_finite() { brought } else { Vec::new() }
}

/// A bar for each image.
fn images_ui(ui: &mut Ui, view: &View, signed: Mapping, brought: &[f32], at: egui::Pos2) {
    const HEIGHT: f32 = 34.0;
    if brought.is_empty() {
        return;
    }
    let images = view.state.plan().setup().images;
    let most = brought.iter().map(|value| value.abs()).fold(0.0, f32::max);
    caption_ui(ui, at, WIDTH, &view.text("conv.by_image"), "");
    let top = at.y + CAPTION;
    let step = (WIDTH / images as f32).clamp(2.0, 16.0);
    let middle = top + 0.5 * HEIGHT;
    for (n, &value) in brought.iter().enumerate() {
        let x = at.x + n as f32 * step;
        let end = middle - 0.5 * HEIGHT * value / most;
        let bar = Rect::from_two_pos(pos2(x, middle), pos2(x + step - 1.0, end));
        let color = signed.color(if value > 0.0 { f32::MAX } else { f32::MIN });
        ui.painter().rect_filled(bar, CornerRadius::ZERO, color);
    }
    let line = egui::Stroke::new(1.0, view.theme.line_strong);
    ui.painter().hline(at.x..=at.x + step * images as f32, middle, line);
    let bars = Rect::from_min_size(pos2(at.x, top), vec2(step * images as f32, HEIGHT));
    let texts: Vec<String> = brought.iter().map(|&value| number::four_digits(value)).collect();
    let words = format!("{}: {}", view.text("conv.by_image"), texts.join(", "));
    let answer = ui.interact(bars, ui.scope_id().with("by image"), Sense::hover());
    answer.widget_info(|| WidgetInfo::labeled(Role::Label, true, &words));
    if let Some(pos) = answer.hover_pos()
        && let Some(text) = texts.get(((pos.x - at.x) / step) as usize)
    {
        let image = (((pos.x - at.x) / step) as usize).to_string();
        let name = view.fill("conv.image", &[("image", &image), ("all", &images.to_string())]);
        answer.on_hover_text_at_pointer(format!("{name}: {text}"));
    }
}
