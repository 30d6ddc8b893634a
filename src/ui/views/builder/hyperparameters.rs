//! The widgets of the builder for single values, each with a name for those who do not see it.

use crate::nn::hyperparameter::{Hyperparameter, Value};
use crate::nn::spec::{Kind, Pair};
use crate::ui::{names::hyperparameter_key, theme, view::View};
use egui::{Align, DragValue, Id, Layout, Response, RichText, TextEdit, Ui, WidgetInfo, vec2};

/// The most that a count can be set to; beyond it no network fits into memory.
const LARGEST: usize = 1 << 20;
/// The height of a caption and the widget below it.
const HEIGHT: f32 = 50.0;

/// A caption with its tooltip, and widgets below it; `width` is in points.
pub fn captioned_ui(
    ui: &mut Ui,
    view: &View,
    width: f32,
    [caption, tip]: [&str; 2],
    add: impl FnOnce(&mut Ui),
) {
    ui.allocate_ui_with_layout(vec2(width, HEIGHT), Layout::top_down(Align::Min), |ui| {
        ui.set_min_size(vec2(width, HEIGHT));
        ui.spacing_mut().item_spacing.y = 3.0;
        let caption = ui.label(RichText::new(caption).font(theme::small_font()).color(view.theme.text_weak));
        if !tip.is_empty() {
            caption.on_hover_text(tip);
        }
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 5.0;
            add(ui);
        });
    });
}

/// A whole number, under a name for those who do not see it; the new one where it changed.
pub fn count_ui(ui: &mut Ui, name: &str, mut n: usize) -> Option<usize> {
    let before = n;
    let drag = DragValue::new(&mut n).range(0..=LARGEST).speed(0.1);
    let response = ui.add_sized(vec2(46.0, 28.0), drag);
    named(&response, n as f64, name);
    (n != before).then_some(n)
}

/// Any number.
pub fn number_ui(ui: &mut Ui, name: &str, mut x: f64) -> Option<f64> {
    let before = x;
    let speed = (0.02 * x.abs()).max(1e-7);
    let drag = DragValue::new(&mut x).speed(speed).max_decimals(8);
    let response = ui.add_sized(vec2(78.0, 28.0), drag);
    named(&response, x, name);
    (x != before).then_some(x)
}

fn named(response: &Response, value: f64, name: &str) {
    response
        .widget_info(|| WidgetInfo { label: Some(name.to_owned()), ..WidgetInfo::drag_value(true, value) });
}

/// A line of text; the new one where it changed.
pub fn text_ui(ui: &mut Ui, name: &str, text: &str, width: f32) -> Option<String> {
    let mut now = text.to_owned();
    let response = ui.add(
        TextEdit::singleline(&mut now).desired_width(width).min_size(vec2(0.0, 28.0)).margin(vec2(6.0, 4.0)),
    );
    response.widget_info(|| WidgetInfo {
        label: Some(name.to_owned()),
        ..WidgetInfo::text_edit(true, text, &now, "")
    });
    response.changed().then_some(now)
}

/// A line of text that counts when it has been left.
pub fn left_text_ui(ui: &mut Ui, name: &str, hint: &str, text: &str, width: f32) -> Option<String> {
    let id = Id::unique(("builder text", name));
    let kept: Option<String> = ui.data(|data| data.get_temp(id));
    let mut now = kept.unwrap_or_else(|| text.to_owned());
    let edit = TextEdit::singleline(&mut now)
        .desired_width(width)
        .hint_text(hint)
        .min_size(vec2(0.0, 28.0))
        .margin(vec2(6.0, 4.0));
    let response = ui.add(edit);
    response.widget_info(|| WidgetInfo {
        label: Some(name.to_owned()),
        ..WidgetInfo::text_edit(true, text, &now, hint)
    });
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, now));
        return None;
    }
    ui.data_mut(|data| data.remove::<String>(id));
    (response.lost_focus() && now != text).then_some(now)
}

/// The widgets of one number of a layer; the new one where it changed.
pub fn hyperparameter_ui(
    ui: &mut Ui,
    view: &View,
    (layer, kind): (&str, &Kind),
    field: Hyperparameter,
) -> Option<Hyperparameter> {
    let key = hyperparameter_key(kind, field.name);
    let (caption, tip) = (view.text(&key), view.text(&format!("{key}_tip")));
    let name = format!("{layer} {caption}");
    let mut changed = None;
    match field.value {
        Value::Count(n) => captioned_ui(ui, view, 52.0, [&caption, &tip], |ui| {
            changed = count_ui(ui, &name, n).map(Value::Count);
        }),
        Value::Number(x) => captioned_ui(ui, view, 84.0, [&caption, &tip], |ui| {
            changed = number_ui(ui, &name, x).map(Value::Number);
        }),
        Value::Pair(Pair([rows, cols])) => captioned_ui(ui, view, 112.0, [&caption, &tip], |ui| {
            let (of_rows, of_cols) = (view.text("build.rows"), view.text("build.columns"));
            if let Some(n) = count_ui(ui, &format!("{name}, {of_rows}"), rows) {
                // A square stays one until its columns are changed.
                changed = Some(Value::Pair(Pair([n, if rows == cols { n } else { cols }])));
            }
            ui.label("×");
            if let Some(n) = count_ui(ui, &format!("{name}, {of_cols}"), cols) {
                changed = Some(Value::Pair(Pair([rows, n])));
            }
        }),
        Value::Flag(on) => captioned_ui(ui, view, 52.0, [&caption, &tip], |ui| {
            let mut now = on;
            let response = ui.checkbox(&mut now, "");
            response.widget_info(|| WidgetInfo::selected(egui::Role::CheckBox, true, now, &name));
            changed = (now != on).then_some(Value::Flag(now));
        }),
    }
    changed.map(|value| Hyperparameter { value, ..field })
}
