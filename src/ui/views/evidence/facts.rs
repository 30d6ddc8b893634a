//! The figures of a map: the unit's value, sums, completeness, correlation, and the method's source.

use crate::app::AttributionMaps;
use crate::attribution::{Method, Occlusion};
use crate::nn::Op;
use crate::tensor::Tensor;
use crate::ui::{colormap::ValueRange, names, number, theme, view::View};
use egui::{RichText, Ui};

/// Whether the way to the unit goes through a ReLU.
pub fn has_relu(made: &AttributionMaps) -> bool {
    made.layers().iter().any(|layer| layer.op == Op::RELU)
}

/// Draws a line for each figure.
pub fn facts_ui(ui: &mut Ui, view: &View, made: &AttributionMaps) {
    for line in lines(view, made) {
        ui.label(line);
    }
    if made.look.ascent().is_some_and(|ascent| ascent.is_stuck()) {
        ui.label(RichText::new(format!("! {}", view.text("evidence.stuck"))).color(view.theme.warn));
    }
    let source = view.fill("evidence.source", &[("source", made.look.settings().method.source())]);
    ui.label(RichText::new(source).font(theme::small_font()).color(view.theme.text_weak));
}

fn lines(view: &View, made: &AttributionMaps) -> Vec<String> {
    let look = &made.look;
    let text = |x: f32| number::four_digits(x);
    let unit = names::unit(view, made.unit);
    let mut lines = vec![match look.value() {
        Some(value) => view.fill("evidence.value", &[("unit", &unit), ("value", &text(value))]),
        None => view.fill("evidence.value_none", &[("unit", &unit)]),
    }];
    if let Some(made) = look.integrated() {
        let ([sum, should], (done, all)) = (made.completeness(), made.progress());
        let error = format!("{:.2}", made.completeness_error() * 100.0);
        let parts = [
            ("sum", text(sum)),
            ("should", text(should)),
            ("error", error),
            ("done", done.to_string()),
            ("all", all.to_string()),
        ];
        lines.push(filled(view, "evidence.adds_up", &parts));
    } else if let Some(map) = &made.map {
        lines.extend(map_lines(view, made, map));
    }
    if let Some(cam) = look.grad_cam() {
        let layer = look.settings().layer.or_else(|| made.usual_layer());
        let layer = layer.and_then(|layer| view.state.plan().network().layers.get(layer));
        let (_, _, rows, columns) = cam.coarse.dim();
        let parts = [
            ("layer", layer.map_or_else(String::new, |layer| layer.name().to_owned())),
            ("rows", rows.to_string()),
            ("columns", columns.to_string()),
        ];
        lines.push(filled(view, "evidence.grad_cam_at", &parts));
    }
    lines.extend(look.occlusion().map(|occlusion| patch_line(view, occlusion)));
    if let Some(ascent) = look.ascent()
        && let (Some(first), Some(now)) = (ascent.values().first(), ascent.values().last())
    {
        let done = ascent.progress().0.to_string();
        lines.push(
            view.fill("evidence.climb", &[("first", &text(*first)), ("now", &text(*now)), ("done", &done)]),
        );
    }
    if let Some(correlation) = made.correlation {
        lines.push(if correlation.is_nan() {
            view.text("evidence.correlation_none")
        } else {
            view.fill("evidence.correlation", &[("r", &format!("{correlation:.3}").replace('-', "−"))])
        });
    }
    lines
}

/// The text with this key, its placeholders filled with `parts`.
fn filled<const N: usize>(view: &View, key: &str, parts: &[(&str, String); N]) -> String {
    view.fill(key, &parts.each_ref().map(|(key, text)| (*key, text.as_str())))
}

/// Where the shown patch lies, and how many places there are.
fn patch_line(view: &View, occlusion: &Occlusion) -> String {
    let place = view.state.attribution().place;
    let rect = occlusion.place(place);
    let span = |d: usize| format!("{}–{}", rect.at[d], rect.at[d] + rect.size[d] - 1);
    let parts = [
        ("place", place.to_string()),
        ("all", occlusion.progress().1.to_string()),
        ("rows", span(0)),
        ("columns", span(1)),
    ];
    filled(view, "evidence.drop_at", &parts)
}

/// The range of a map's values, their sum where it has a meaning, and how many are not finite.
fn map_lines(view: &View, made: &AttributionMaps, map: &Tensor) -> Vec<String> {
    let (look, text) = (&made.look, number::four_digits);
    let mut lines = Vec::new();
    let cells = map.indexed_iter().filter(|((_, _, i, j), _)| look.has([*i, *j]));
    let value_range = ValueRange::from_values(cells.map(|(_, value)| *value));
    let range =
        view.fill("evidence.range", &[("min", &text(value_range.min)), ("max", &text(value_range.max))]);
    let sum = map.iter().map(|&x| f64::from(x)).sum::<f64>() as f32;
    // The sum is shown only where it has a meaning: for shares of a value.
    let shares = look.settings().method == Method::GradientTimesInput;
    let sum = shares.then(|| view.fill("evidence.sum_of", &[("sum", &text(sum))]));
    if value_range.is_some() {
        lines.push([Some(range), sum].into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    if value_range.not_finite > 0 {
        let cells = value_range.not_finite.to_string();
        lines.push(view.fill("evidence.not_finite", &[("n", &cells)]));
    }
    lines
}
