//! The bar below the plots: which step is selected, the way back to the newest, and what can be done with its
//! weights.

use crate::app::{Action, Page, TrainAction};
use crate::ui::{
    number,
    theme::{self, space},
    view::View,
    widgets::flow::body_width,
};
use egui::{Align, Button, Id, Layout, RichText, Role, Slider, Stroke, Ui, WidgetInfo, vec2};

/// Draws the slider over the trained steps, and the buttons for the selected one.
pub fn bottom_ui(ui: &mut Ui, view: &View) {
    let rect = ui.max_rect();
    ui.painter().hline(rect.x_range(), rect.top(), Stroke::new(1.0, view.theme.line));
    let Some(last) = view.state.run().branch().done().checked_sub(1) else { return };
    let id = Id::unique("selected step");
    let at = view.state.trace().time().min(last);
    let mut step = ui.data(|data| data.get_temp::<u32>(id)).unwrap_or(at).min(last);
    ui.horizontal_centered(|ui| {
        let is_wide = ui.available_width() >= 640.0;
        let words = view.fill("training.looking_at", &[("step", &number::thousands(u64::from(step)))]);
        // Where there is little room, the line in the plots alone says it.
        let needed = body_width(ui, &words) + space::L + buttons_width(ui, view);
        if needed <= ui.available_width() {
            ui.label(RichText::new(&words).font(theme::strong_font()).color(view.theme.text_strong));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            buttons_ui(ui, view, (at, last));
            if !is_wide {
                return;
            }
            ui.add_space(space::M);
            ui.spacing_mut().slider_width = (ui.available_width() - space::XL).max(40.0);
            let name = view.text("training.step_slider");
            let response = ui.add(Slider::new(&mut step, 0..=last).show_value(false));
            response.widget_info(|| egui::WidgetInfo::slider(true, f64::from(step), &name));
            if response.dragged() {
                ui.data_mut(|data| data.insert_temp(id, step));
            } else {
                ui.data_mut(|data| data.remove::<u32>(id));
                if (response.drag_stopped() || response.changed()) && step != at {
                    view.push(Action::Train(TrainAction::GoTo(step)));
                }
            }
        });
    });
}

/// The width of the buttons.
fn buttons_width(ui: &Ui, view: &View) -> f32 {
    let keys = ["training.keep", "training.step_in", "training.newest"];
    let each = |key: &str| {
        body_width(ui, &view.text(key)) + 2.0 * ui.spacing().button_padding.x + ui.spacing().item_spacing.x
    };
    keys.into_iter().map(each).sum()
}

/// Draws the buttons from right to left: keep the weights, step through the batch, back to the newest step.
fn buttons_ui(ui: &mut Ui, view: &View, (at, last): (u32, u32)) {
    let running = view.state.training().running.is_some();
    let is_short = buttons_width(ui, view) > ui.available_width();
    let button = |ui: &mut Ui, key: &str, enabled: bool| {
        let name = view.text(key);
        let shown = if is_short && key == "training.newest" {
            view.text("training.newest_short")
        } else {
            name.clone()
        };
        let response = ui.add_enabled(enabled, Button::new(shown).min_size(vec2(0.0, 32.0)));
        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &name));
        response.on_hover_text(view.text(&format!("{key}_tip"))).clicked()
    };
    if button(ui, "training.keep", !running) {
        view.push(Action::Train(TrainAction::Keep));
    }
    if button(ui, "training.step_in", true) {
        if running && at == last {
            view.push(Action::Train(TrainAction::StepIn));
        }
        view.push(Action::SetPage(Page::Network));
    }
    if button(ui, "training.newest", at != last) {
        view.push(Action::Train(TrainAction::GoTo(last)));
    }
}
