//! Below the map: its figures, and the buttons that act on it.

use super::scene::{Scene, strong_value};
use super::{body_font, strong_font, text_ui};
use crate::app::{Action, AttributionAction, Drawer, EditAction, Page, Subject};
use crate::attribution::Unit;
use crate::nn::{Op, Part};
use crate::trace::{Address, TensorId};
use crate::ui::widgets::flow::text_width;
use crate::ui::{number, theme::space, view::View};
use egui::{Align, Align2, Button, Layout, Rect, Ui, UiBuilder, pos2, vec2};

/// The line of numbers.
const LINE: f32 = 24.0;
/// The row of buttons.
const BUTTONS: f32 = 34.0;

/// The height of both in a stage of a height: low ones have the buttons alone.
pub fn height(stage: f32) -> f32 {
    if stage < 260.0 { BUTTONS } else { LINE + BUTTONS }
}

/// Draws figures and buttons at the bottom right of `rect`.
pub fn foot_ui(ui: &mut Ui, scene: &Scene, rect: Rect) {
    let stage = ui.max_rect();
    let bottom = rect.with_min_y(stage.bottom() - BUTTONS);
    if height(stage.height()) > BUTTONS {
        let line = Rect::from_x_y_ranges(rect.x_range(), bottom.top() - LINE..=bottom.top());
        numbers_ui(ui, scene, line);
    }
    let layout = Layout::right_to_left(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(bottom).layout(layout), |ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        buttons_ui(ui, scene);
    });
}

/// Draws the buttons in a column.
pub fn beside_ui(ui: &mut Ui, scene: &Scene, rect: Rect) {
    ui.scope_builder(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)), |ui| {
        buttons_ui(ui, scene);
    });
}

/// Largest, mean and the share of zeros; what has no room is left out, the mean first.
fn numbers_ui(ui: &Ui, scene: &Scene, rect: Rect) {
    let view = scene.view;
    let Some(summary) = scene.summary(ui.ctx()) else {
        let at = pos2(rect.right(), rect.center().y);
        let words = view.text("map.not_yet");
        let font = body_font(view);
        text_ui(ui, at, Align2::RIGHT_CENTER, &words, font, view.theme.text_weak, rect.width());
        return;
    };
    if summary.cells <= 1 {
        return;
    }
    let strong = strong_value(scene, &summary);
    let key = if scene.is_forward() { "map.largest" } else { "map.farthest" };
    let front = view.fill(key, &[("value", &number::significant(strong, 3))]);
    let mean = number::short((summary.sum / summary.cells as f64) as f32);
    let mean = view.fill("map.mean", &[("value", &mean)]);
    let zeros = view.fill("map.zeros", &[("share", &percent(summary.zeros, summary.cells))]);
    let strong_font = strong_font(view);
    let width = |text: &str| text_width(ui.painter(), text, body_font(view)) + space::XL;
    let mut x = rect.right();
    let mut texts = vec![(zeros, body_font(view), view.theme.text)];
    if width(&front) + width(&mean) + width(&texts[0].0) <= rect.width() {
        texts.push((mean, body_font(view), view.theme.text));
    }
    texts.push((front, strong_font, view.theme.text_strong));
    for (text, font, ink) in texts {
        let at = pos2(x, rect.center().y);
        let room = x - rect.left();
        x = text_ui(ui, at, Align2::RIGHT_CENTER, &text, font, ink, room).left() - space::XL;
    }
}

/// A share in whole per cents; below one and above 99 with a decimal.
fn percent(part: usize, all: usize) -> String {
    let percent = 100.0 * part as f64 / all.max(1) as f64;
    if (1.0..=99.0).contains(&percent) {
        format!("{percent:.0}")
    } else {
        number::percent(part as u64, all as u64)
    }
}

/// The layer whose weights make the map: its own, or the one before its activation.
fn made_by(scene: &Scene) -> Option<usize> {
    scene.sum.as_ref().map(|sum| sum.shown.layer).filter(|_| scene.tensor.part == Part::Out)
}

/// From right to left.
fn buttons_ui(ui: &mut Ui, scene: &Scene) {
    let view = scene.view;
    // In front of a class, and on paper, there are maps alone.
    if view.state.view().presenting || view.room.is_picture {
        return;
    }
    if let Some(layer) = scene.layer().filter(|_| scene.is_forward()) {
        let unit = match scene.is_vector() {
            true => Unit::Cell { layer, channel: scene.map, at: [0, 0] },
            false => Unit::Channel { layer, channel: scene.map },
        };
        if button_ui(ui, view, "map.best", "map.best_tip") {
            view.push(Action::Attribution(AttributionAction::Subject(Subject::Unit(unit))));
            view.push(Action::Attribution(AttributionAction::Search));
            view.push(Action::SetPage(Page::Attribution));
        }
    }
    if let Some(layer) = made_by(scene) {
        let op = &view.state.plan().layer(layer).op;
        let keys = if matches!(op, Op::ConvTranspose2d(_)) {
            ["map.edit", "map.edit_tip", "map.blank_map", "map.blank_map_tip"]
        } else if matches!(op, Op::Conv2d(_)) {
            ["map.edit", "map.edit_tip", "map.blank", "map.blank_tip"]
        } else {
            ["map.edit_neuron", "map.edit_neuron_tip", "map.blank_neuron", "map.blank_neuron_tip"]
        };
        if button_ui(ui, view, keys[0], keys[1]) {
            view.look(&weights_at(scene, layer));
            view.push(Action::SetDrawer(Some(Drawer::Why)));
        }
        if button_ui(ui, view, keys[2], keys[3]) {
            let edit = EditAction::Blank { layer, out: scene.map };
            view.push(Action::Edit { edit, more: false });
        }
    }
}

/// The weights that read what gives most.
fn weights_at(scene: &Scene, layer: usize) -> Address {
    let first = scene.sum.as_ref().and_then(|sum| {
        let place = *sum.order.first()?;
        Some(sum.shown.each[place].weights.start as u32)
    });
    let time = scene.view.state.trace().time();
    Address::whole_given(time, 0, TensorId::layer(layer, Part::Weight)).with_cell(first.unwrap_or(0))
}

fn button_ui(ui: &mut Ui, view: &View, key: &str, tip: &str) -> bool {
    let button = Button::new(view.text(key)).min_size(vec2(0.0, 30.0));
    ui.add(button).on_hover_text(view.text(tip)).clicked()
}
