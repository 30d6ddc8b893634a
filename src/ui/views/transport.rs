//! Buttons to step and play, how much a step covers, the speed.

use crate::app::{
    Action,
    command::{Command, command},
};
use crate::trace::{Depth, Grain, Move};
use crate::ui::{keys, number::thousands, room::Height, view::View, widgets::segments::list_ui};
use egui::{Align, Button, Layout, Rect, RichText, Role, Slider, Ui, WidgetInfo, vec2};

/// Below this width of the window the words beside the choices go.
const WORDS: f32 = 1000.0;
/// Below this width of the window playing by itself is found in the menu alone.
const PLAY: f32 = 700.0;

/// Draws the buttons at both ends of the bar and answers the room between them, for the timeline as one bar.
pub fn transport_ui(ui: &mut Ui, view: &View) -> Rect {
    let (width, is_short) = (view.room.window.width(), view.room.height == Height::Short);
    let side = if is_short { 28.0 } else { 34.0 };
    for id in ["start", "previous", "next", "end"] {
        if let Some(command) = command(id) {
            button_ui(ui, view, command, side);
        }
    }
    if width >= WORDS {
        ui.label(view.text("transport.step_by"));
    }
    grain_ui(ui, view);
    for id in ["into", "out"] {
        if let Some(command) = command(id) {
            button_ui(ui, view, command, side);
        }
    }
    let left = ui.cursor().left();
    let mut right = ui.max_rect().right();
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        unfold_ui(ui, view, width >= WORDS);
        if width >= PLAY {
            auto_ui(ui, view);
        }
        right = ui.cursor().right();
    });
    let y = ui.max_rect().y_range();
    Rect::from_x_y_ranges(left..=right.max(left), y)
}

fn name_of(view: &View, id: &str) -> String {
    view.text(&format!("cmd.{id}"))
}

fn button_ui(ui: &mut Ui, view: &View, command: &Command, side: f32) {
    let is_next = command.id == "next";
    let keys = command.shortcut.as_ref().and_then(|keys| keys::words(ui.ctx(), keys)).unwrap_or_default();
    let name = name_of(view, command.id);
    let mut text = RichText::new(command.icon).size(17.0);
    let width = if is_next { 1.9 * side } else { side };
    if is_next {
        text = text.color(view.theme.on_accent);
    }
    let mut button = Button::new(text).min_size(vec2(width, side));
    if is_next {
        button = button.fill(view.theme.accent);
    }
    let tip = format!("{name}  ({keys})\n{}", view.text(&format!("cmd.{}.tip", command.id)));
    let response = ui.add(button).on_hover_text(tip);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    if response.clicked() {
        view.push((command.action)(view.state));
    }
}

/// How much one step covers: the depth of the selected place, otherwise the cursor's grain.
fn grain_ui(ui: &mut Ui, view: &View) {
    let state = view.state;
    let now = state.selected().map_or(state.cursor().grain(), |look| Depth::new(&look).grain());
    let words = Grain::ALL.map(|grain| view.text(&format!("grain.{}", grain.name()))).to_vec();
    let chosen = Grain::ALL.iter().position(|grain| *grain == now).unwrap_or(0);
    if let Some(grain) = list_ui(ui, view.theme, &view.text("transport.step_by"), &words, chosen) {
        view.push(Action::Go(Move::Grain(Grain::ALL[grain])));
    }
}

/// Plays and pauses; its speed and how far the cursor has come stand below it.
fn auto_ui(ui: &mut Ui, view: &View) {
    let playback = view.state.playback();
    let speed = speed_text(playback.moves_per_sec);
    let sign = if playback.playing { "⏸" } else { "⏵" };
    let words = view.fill("transport.auto", &[("sign", sign), ("n", &speed)]);
    let name = name_of(view, "play");
    let response = ui.add(Button::new(words).min_size(vec2(0.0, 30.0)));
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, playback.playing, &name));
    egui::Popup::context_menu(&response).show(|ui| speed_ui(ui, view));
    let steps = steps_text(view);
    if response.on_hover_text(format!("{name}\n{steps}\n{}", view.text("transport.auto_tip"))).clicked() {
        view.push(Action::TogglePlay);
    }
}

fn speed_text(speed: f32) -> String {
    if speed < 10.0 && speed.fract() != 0.0 { format!("{speed:.1}") } else { format!("{speed:.0}") }
}

fn speed_ui(ui: &mut Ui, view: &View) {
    let mut speed = view.state.playback().moves_per_sec;
    let slider = Slider::new(&mut speed, 0.25..=1000.0).logarithmic(true).show_value(false);
    let response = ui.add(slider).on_hover_text(view.text("transport.speed.tip"));
    response.widget_info(|| WidgetInfo::slider(true, f64::from(speed), view.text("transport.speed")));
    ui.label(view.fill("transport.per_second", &[("n", &speed_text(speed))]));
    if speed != view.state.playback().moves_per_sec {
        view.push(Action::SetSpeed(speed));
    }
}

/// How many operations are done, of how many.
fn steps_text(view: &View) -> String {
    let plan = view.state.plan();
    let (at, time) = (view.state.cursor().at(), view.state.cursor().time(plan));
    let within = at - u64::from(time) * plan.len();
    view.fill("transport.steps", &[("done", &thousands(within)), ("all", &thousands(plan.len()))])
}

/// Unfolds and folds the timeline.
fn unfold_ui(ui: &mut Ui, view: &View, with_words: bool) {
    let is_open = view.state.view().timeline;
    let sign = if is_open { "▼" } else { "▲" };
    let name = name_of(view, "show_timeline");
    let words =
        if with_words { format!("{} {sign}", view.text("transport.timeline")) } else { sign.to_owned() };
    let response = ui.add(Button::new(words).min_size(vec2(34.0, 30.0)));
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_open, &name));
    if response.on_hover_text(name).clicked() {
        view.push(Action::ShowTimeline(!is_open));
    }
}
