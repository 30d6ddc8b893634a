//! Buttons to step and play, the grain, the speed.

use crate::app::{
    Action,
    command::{Command, command},
};
use crate::trace::{Grain, Move};
use crate::ui::{keys, number::thousands, view::View};
use egui::{Button, ComboBox, RichText, Role, Slider, Ui, WidgetInfo, vec2};

/// Draws the buttons for stepping and playing, the step size and the speed.
pub fn transport_ui(ui: &mut Ui, view: &View) {
    ui.horizontal(|ui| {
        for id in ["start", "back_over", "previous", "play", "next", "over", "end"] {
            if let Some(command) = command(id) {
                button_ui(ui, view, command);
            }
        }
        ui.separator();
        for id in ["out", "into"] {
            if let Some(command) = command(id) {
                button_ui(ui, view, command);
            }
        }
        grain_ui(ui, view);
        ui.separator();
        speed_ui(ui, view);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| position_ui(ui, view));
    });
}

fn button_ui(ui: &mut Ui, view: &View, command: &Command) {
    let playing = view.state.playback().playing;
    let icon = if command.id == "play" && playing { "⏸" } else { command.icon };
    let keys = command.shortcut.as_ref().and_then(|keys| keys::words(ui.ctx(), keys)).unwrap_or_default();
    let name = view.text(&format!("cmd.{}", command.id));
    let mut text = RichText::new(icon).size(if command.id == "play" { 19.0 } else { 17.0 });
    if command.id == "play" {
        text = text.color(view.theme.on_accent);
    }
    let mut button = Button::new(text).min_size(vec2(34.0, 30.0));
    if command.id == "play" {
        button = button.fill(view.theme.accent).min_size(vec2(46.0, 30.0));
    }
    let tip = format!("{name}  ({keys})\n{}", view.text(&format!("cmd.{}.tip", command.id)));
    let response = ui.add(button).on_hover_text(tip);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if response.clicked() {
        view.act((command.action)(view.state));
    }
}

fn grain_ui(ui: &mut Ui, view: &View) {
    let now = view.state.cursor().grain();
    let name = |grain: Grain| view.text(&format!("grain.{}", grain.name()));
    let combo = ComboBox::from_id_salt("grain").width(110.0).height(320.0).selected_text(name(now));
    let response = combo
        .show_ui(ui, |ui| {
            for (number, grain) in Grain::ALL.into_iter().enumerate() {
                let words = format!("{}  {}", number + 1, name(grain));
                if ui.selectable_label(grain == now, words).clicked() {
                    view.act(Action::Go(Move::Grain(grain)));
                }
            }
        })
        .response
        .on_hover_text(view.text("transport.grain.tip"));
    response.widget_info(|| {
        WidgetInfo::labeled(Role::ComboBox, true, view.fill("transport.grain", &[("grain", &name(now))]))
    });
}

fn speed_ui(ui: &mut Ui, view: &View) {
    let mut speed = view.state.playback().moves_per_sec;
    ui.spacing_mut().slider_width = 90.0;
    let slider = Slider::new(&mut speed, 0.25..=1000.0).logarithmic(true).show_value(false);
    let response = ui.add(slider).on_hover_text(view.text("transport.speed.tip"));
    response.widget_info(|| WidgetInfo::slider(true, f64::from(speed), view.text("transport.speed")));
    let shown = if speed < 10.0 { format!("{speed:.1}") } else { format!("{speed:.0}") };
    ui.label(view.fill("transport.per_second", &[("n", &shown)]));
    if speed != view.state.playback().moves_per_sec {
        view.act(Action::SetSpeed(speed));
    }
}

/// How many steps are done, of how many.
fn position_ui(ui: &mut Ui, view: &View) {
    let plan = view.state.plan();
    let (at, time) = (view.state.cursor().at(), view.state.cursor().time(plan));
    let within = at - u64::from(time) * plan.len();
    let (done, all) = (thousands(within), thousands(plan.len()));
    let words = view.fill("transport.steps", &[("done", &done), ("all", &all)]);
    // Where the two numbers are too long for the room, the first is worth more; the other is under the pointer.
    let font = egui::TextStyle::Body.resolve(ui.style());
    let wide = |text: &str| {
        ui.painter().layout_no_wrap(text.to_owned(), font.clone(), egui::Color32::PLACEHOLDER).size().x
    };
    let shown = if wide(&words) <= ui.available_width() { &words } else { &done };
    let label = RichText::new(shown).color(view.theme.text_weak);
    ui.add(egui::Label::new(label).truncate()).on_hover_text(&words);
}
