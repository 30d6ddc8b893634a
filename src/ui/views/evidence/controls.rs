//! The controls of the page Evidence: the method, what the evidence is for, the method's settings, and its progress.

use super::{push, top_activations};
use crate::app::{AttributionAction, Subject, focused_unit};
use crate::attribution::{AscentRules, AttributionSettings, Fill, Method, Unit, usual_layer};
use crate::ui::{names, theme, view::View};
use egui::{
    Button, ComboBox, DragValue, Label, RichText, Role, Slider, TextStyle, Ui, WidgetInfo, emath::Numeric,
};
use std::ops::RangeInclusive;

/// Draws the controls: method, unit, settings, progress, top activations.
pub fn controls_ui(ui: &mut Ui, view: &View) {
    let settings = view.state.attribution().settings(view.state.plan().network());
    ui.horizontal_wrapped(|ui| {
        method_ui(ui, view, &settings);
        subject_ui(ui, view);
        settings_ui(ui, view, &settings);
        progress_ui(ui, view, &settings);
        top_activations::button_ui(ui, view);
    });
}

fn method_ui(ui: &mut Ui, view: &View, settings: &AttributionSettings) {
    let name = |method: Method| view.text(&format!("evidence.name.{}", method.name()));
    let options = Method::ALL.map(|method| (method, name(method)));
    if let Some(method) = choice_ui(ui, view, "evidence.method", &name(settings.method), &options) {
        push(view, AttributionAction::Settings(AttributionSettings { method, ..*settings }));
    }
}

/// Which kind of unit, and its parts.
fn subject_ui(ui: &mut Ui, view: &View) {
    let state = view.state;
    let network = state.plan().network();
    let predicted = state.prediction().0;
    let unit = match state.attribution().subject {
        Subject::Predicted => None,
        Subject::Unit(unit) => Some(unit),
    };
    let (layer, channel, at, class) = match unit {
        None => (0, 0, [0; 2], predicted),
        Some(Unit::Score(class) | Unit::Probability(class)) => (0, 0, [0; 2], class),
        Some(Unit::Channel { layer, channel }) => {
            (layer, channel, middle(network.layers[layer].output), predicted)
        }
        Some(Unit::Cell { layer, channel, at }) => (layer, channel, at, predicted),
    };
    let name = names::class(view, predicted);
    let predicted_key = if state.names_classes() { "evidence.predicted" } else { "evidence.largest" };
    let kinds = [
        (Subject::Predicted, view.fill(predicted_key, &[("name", &name)])),
        (Subject::Unit(Unit::Score(class)), view.text("evidence.score")),
        (Subject::Unit(Unit::Probability(class)), view.text("evidence.probability")),
        (Subject::Unit(Unit::Channel { layer, channel }), view.text("evidence.channel")),
        (Subject::Unit(Unit::Cell { layer, channel, at }), view.text("evidence.cell")),
    ];
    let now = match unit {
        None => 0,
        Some(Unit::Score(_)) => 1,
        Some(Unit::Probability(_)) => 2,
        Some(Unit::Channel { .. }) => 3,
        Some(Unit::Cell { .. }) => 4,
    };
    if let Some(subject) = choice_ui(ui, view, "evidence.whose", &kinds[now].1, &kinds) {
        push(view, AttributionAction::Subject(subject));
    }
    match unit {
        None => {}
        Some(Unit::Score(class)) => class_ui(ui, view, class, Unit::Score),
        Some(Unit::Probability(class)) => class_ui(ui, view, class, Unit::Probability),
        Some(Unit::Channel { layer, channel }) => map_ui(ui, view, layer, channel, None),
        Some(Unit::Cell { layer, channel, at }) => map_ui(ui, view, layer, channel, Some(at)),
    }
    let focused = focused_unit(state);
    let button = ui.add_enabled(focused.is_some(), Button::new(view.text("evidence.focused")));
    let button = button.on_disabled_hover_text(view.text("evidence.focused_none"));
    let button = match focused {
        Some(unit) => {
            let text = names::unit(view, unit);
            button.on_hover_text(view.fill("evidence.focused_tip", &[("unit", &text)]))
        }
        None => button,
    };
    if button.clicked() {
        push(view, AttributionAction::Focused);
    }
}

fn class_ui(ui: &mut Ui, view: &View, class: usize, unit: fn(usize) -> Unit) {
    // Lists stay short; any other map is chosen through the current cell.
    let classes = view.state.model().network.classes().min(1000);
    let options: Vec<_> = (0..classes).map(|class| (class, names::class(view, class))).collect();
    let now = names::class(view, class);
    if let Some(class) = choice_ui(ui, view, "evidence.class", &now, &options) {
        push(view, AttributionAction::Subject(Subject::Unit(unit(class))));
    }
}

fn middle([_, h, w]: [usize; 3]) -> [usize; 2] {
    [h / 2, w / 2]
}

/// Layer, map, and for a cell its position.
fn map_ui(ui: &mut Ui, view: &View, layer: usize, channel: usize, at: Option<[usize; 2]>) {
    let layers = &view.state.plan().network().layers;
    let options: Vec<_> = layers.iter().enumerate().map(|(l, layer)| (l, layer.name().to_owned())).collect();
    let ask = |layer: usize, channel: usize, at: Option<[usize; 2]>| {
        let [c, h, w] = layers[layer].output;
        let channel = channel.min(c - 1);
        let unit = match at {
            Some([i, j]) => Unit::Cell { layer, channel, at: [i.min(h - 1), j.min(w - 1)] },
            None => Unit::Channel { layer, channel },
        };
        push(view, AttributionAction::Subject(Subject::Unit(unit)));
    };
    if let Some(layer) = choice_ui(ui, view, "evidence.layer", layers[layer].name(), &options) {
        ask(layer, channel, at);
    }
    let [c, h, w] = layers[layer].output;
    if let Some(channel) = number_ui(ui, view, "evidence.map", None, channel, 0..=c - 1) {
        ask(layer, channel, at);
    }
    if let Some([i, j]) = at {
        if let Some(i) = number_ui(ui, view, "evidence.row", None, i, 0..=h - 1) {
            ask(layer, channel, Some([i, j]));
        }
        if let Some(j) = number_ui(ui, view, "evidence.column", None, j, 0..=w - 1) {
            ask(layer, channel, Some([i, j]));
        }
    }
}

/// The numbers of the method.
fn settings_ui(ui: &mut Ui, view: &View, settings: &AttributionSettings) {
    let set = |settings: AttributionSettings| push(view, AttributionAction::Settings(settings));
    match settings.method {
        Method::Saliency | Method::GradientTimesInput | Method::Guided | Method::Deconv => {}
        Method::GradCam => grad_cam_ui(ui, view, settings),
        Method::Integrated => {
            if let Some(fill) = fill_ui(ui, view, "evidence.fill_baseline", settings.fill) {
                set(AttributionSettings { fill, ..*settings });
            }
            if let Some(steps) = number_ui(ui, view, "evidence.steps", None, settings.steps, 1..=1024) {
                set(AttributionSettings { steps, ..*settings });
            }
        }
        Method::Occlusion => {
            if let Some(fill) = fill_ui(ui, view, "evidence.fill", settings.fill) {
                set(AttributionSettings { fill, ..*settings });
            }
            let [_, h, w] = view.state.plan().network().input;
            let (side, stride) = (settings.patch.size[0], settings.patch.stride[0]);
            let mut patch = settings.patch;
            if let Some(side) = number_ui(ui, view, "evidence.patch", None, side, 1..=h.min(w)) {
                patch.size = [side; 2];
                patch.stride = patch.stride.map(|stride| stride.min(side));
                set(AttributionSettings { patch, ..*settings });
            }
            if let Some(stride) = number_ui(ui, view, "evidence.stride", None, stride, 1..=side) {
                patch.stride = [stride; 2];
                set(AttributionSettings { patch, ..*settings });
            }
        }
        Method::Ascent => {
            let set = |ascent| set(AttributionSettings { ascent, ..*settings });
            let rules = settings.ascent;
            if let Some(steps) = number_ui(ui, view, "evidence.steps", None, rules.steps, 1..=10_000) {
                set(AscentRules { steps, ..rules });
            }
            if let Some(seed) =
                number_ui(ui, view, "evidence.seed", None, rules.seed, 0..=u64::from(u32::MAX))
            {
                set(AscentRules { seed, ..rules });
            }
            let part = |ui: &mut Ui, key: &str, now: f32, most: f32| {
                number_ui(ui, view, key, Some(&format!("{key}_tip")), now, 0.0..=most)
            };
            if let Some(rate) = part(ui, "evidence.rate", rules.rate, 1.0) {
                set(AscentRules { rate, ..rules });
            }
            if let Some(decay) = part(ui, "evidence.decay", rules.decay, 1.0) {
                set(AscentRules { decay, ..rules });
            }
            if let Some(blur) = part(ui, "evidence.blur", rules.blur, 1.0) {
                set(AscentRules { blur, ..rules });
            }
            let tip = Some("evidence.jitter_tip");
            if let Some(jitter) = number_ui(ui, view, "evidence.jitter", tip, rules.jitter, 0..=32) {
                set(AscentRules { jitter, ..rules });
            }
        }
    }
}

/// Grad-CAM's layer: the usual one, or one of those before the unit.
fn grad_cam_ui(ui: &mut Ui, view: &View, settings: &AttributionSettings) {
    let Some(made) = view.state.attribution().made() else { return };
    let network = view.state.plan().network();
    let end = match made.unit {
        Unit::Score(_) | Unit::Probability(_) => network.layers.len() - 1,
        Unit::Channel { layer, .. } | Unit::Cell { layer, .. } => layer,
    };
    let name = |layer: usize| network.layers[layer].name().to_owned();
    let usual =
        usual_layer(network).map(|layer| view.fill("evidence.usual_layer", &[("name", &name(layer))]));
    let mut options: Vec<_> = usual.clone().map(|text| (None, text)).into_iter().collect();
    options.extend((0..end).map(|layer| (Some(layer), name(layer))));
    let now = settings.layer.filter(|&layer| layer < network.layers.len()).map(name).or(usual);
    if let Some(layer) = choice_ui(ui, view, "evidence.at_layer", &now.unwrap_or_default(), &options) {
        push(view, AttributionAction::Settings(AttributionSettings { layer, ..*settings }));
    }
}

fn fill_ui(ui: &mut Ui, view: &View, key: &str, fill: Fill) -> Option<Fill> {
    let options = Fill::ALL.map(|fill| (fill, view.text(&format!("evidence.fill_{}", fill.name()))));
    let now = view.text(&format!("evidence.fill_{}", fill.name()));
    choice_ui(ui, view, key, &now, &options)
}

/// Play, step and begin anew; random weights; opacity.
fn progress_ui(ui: &mut Ui, view: &View, settings: &AttributionSettings) {
    let attribution = view.state.attribution();
    let button = |ui: &mut Ui, icon: &str, key: &str, enabled: bool, action: AttributionAction| {
        let label = view.text(key);
        let response = ui.add_enabled(enabled, Button::new(icon).min_size(egui::vec2(30.0, 26.0)));
        response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &label));
        if response.on_hover_text(&label).clicked() {
            push(view, action);
        }
    };
    let steps = matches!(settings.method, Method::Integrated | Method::Occlusion | Method::Ascent);
    if let Some(made) = attribution.made().filter(|_| steps) {
        let (done, all) = made.look.progress();
        let has_places = made.look.occlusion().is_some();
        if has_places {
            button(ui, "◀", "evidence.previous", attribution.place > 0, AttributionAction::Previous);
        }
        let (icon, key) = if attribution.playing && !made.is_done() {
            ("⏸", "evidence.pause")
        } else {
            ("⏵", "evidence.play")
        };
        button(ui, icon, key, !made.is_done(), AttributionAction::TogglePlay);
        let more = !made.is_done() || (has_places && attribution.place + 1 < done);
        let key = if has_places { "evidence.next" } else { "evidence.next_step" };
        button(ui, "▶", key, more, AttributionAction::Next);
        button(ui, "↺", "evidence.again", true, AttributionAction::Again);
        let words = view.fill("evidence.progress", &[("done", &done.to_string()), ("all", &all.to_string())]);
        ui.add(Label::new(words).extend());
    }
    let mut random = attribution.random.is_some();
    let response = ui.checkbox(&mut random, view.text("evidence.randomise"));
    if response.on_hover_text(view.text("evidence.randomise_tip")).changed() {
        push(view, AttributionAction::Randomise(random.then_some(1)));
    }
    if let Some(seed) = attribution.random
        && let Some(seed) = number_ui(ui, view, "evidence.seed", None, seed, 0..=u64::from(u32::MAX))
    {
        push(view, AttributionAction::Randomise(Some(seed)));
    }
    if settings.method.is_map() {
        let label = view.text("evidence.opacity");
        let mut opacity = attribution.opacity;
        ui.spacing_mut().slider_width = 90.0;
        caption_ui(ui, view, &label, 100.0);
        let slider = ui.add(Slider::new(&mut opacity, 0.0..=1.0).show_value(false));
        slider.widget_info(|| WidgetInfo {
            label: Some(label.clone()),
            ..WidgetInfo::slider(true, f64::from(attribution.opacity), &label)
        });
        if slider.on_hover_text(view.text("evidence.opacity_tip")).changed() {
            push(view, AttributionAction::Opacity(opacity));
        }
    }
}

/// A choice with its caption; the option that was chosen.
fn choice_ui<T: Copy>(ui: &mut Ui, view: &View, key: &str, now: &str, options: &[(T, String)]) -> Option<T> {
    let label = view.text(key);
    let mut chosen = None;
    let words =
        ui.painter().layout_no_wrap(now.to_owned(), TextStyle::Button.resolve(ui.style()), view.theme.text);
    caption_ui(ui, view, &label, words.size().x + 44.0);
    let combo = ComboBox::from_id_salt(key).selected_text(now).height(420.0).width(0.0).show_ui(ui, |ui| {
        for (option, text) in options {
            if ui.selectable_label(text == now, text).clicked() && text != now {
                chosen = Some(*option);
            }
        }
    });
    combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{label}: {now}")));
    chosen
}

/// A number with its caption; the new one where it changed.
fn number_ui<N: Numeric>(
    ui: &mut Ui,
    view: &View,
    key: &str,
    tip: Option<&str>,
    mut n: N,
    range: RangeInclusive<N>,
) -> Option<N> {
    let (label, before) = (view.text(key), n);
    caption_ui(ui, view, &label, 62.0);
    let drag = DragValue::new(&mut n).range(range);
    let drag = if N::INTEGRAL { drag.speed(0.1) } else { drag.speed(0.002).max_decimals(3) };
    let response = ui.add(drag);
    response.widget_info(|| WidgetInfo {
        label: Some(label.clone()),
        ..WidgetInfo::drag_value(true, n.to_f64())
    });
    if let Some(tip) = tip {
        response.on_hover_text(view.text(tip));
    }
    (n != before).then_some(n)
}

/// A caption that goes to the next row together with what stands behind it, `behind` points wide.
fn caption_ui(ui: &mut Ui, view: &View, text: &str, behind: f32) {
    let font = theme::small_font();
    let caption = ui.painter().layout_no_wrap(text.to_owned(), font.clone(), view.theme.text_weak);
    let needed = caption.size().x + ui.spacing().item_spacing.x + behind;
    if ui.available_size_before_wrap().x < needed {
        ui.end_row();
        // The caption stands in the middle of what comes behind it.
        ui.set_row_height(30.0);
    }
    ui.add(Label::new(RichText::new(text).font(font).color(view.theme.text_weak)).extend());
}
