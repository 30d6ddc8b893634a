//! The bar below the plots: which step is selected, the way back to the newest, and what can be done with its
//! weights.

use crate::app::{Action, Page, TrainAction};
use crate::ui::{
    number,
    theme::{self, space},
    view::View,
};
use egui::{Align, Button, Id, Layout, RichText, Slider, Stroke, Ui, vec2};

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
        ui.label(RichText::new(&words).font(theme::strong_font()).color(view.theme.text_strong));
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

/// Draws the buttons from right to left: keep the weights, step through the batch, back to the newest step.
fn buttons_ui(ui: &mut Ui, view: &View, (at, last): (u32, u32)) {
    let running = view.state.training().running.is_some();
    let button = |ui: &mut Ui, key: &str, enabled: bool| {
        let button = Button::new(view.text(key)).min_size(vec2(0.0, 32.0));
        ui.add_enabled(enabled, button).on_hover_text(view.text(&format!("{key}_tip"))).clicked()
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
