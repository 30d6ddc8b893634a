//! The first convolution's filters as pictures: now, and, where an earlier step is selected, then and now.

use crate::app::AppState;
use crate::nn::{Op, Params, Part, engine::LayerNorms};
use crate::tensor::Tensor;
use crate::ui::{
    colormap::Mapping,
    number,
    theme::{self, space},
    view::View,
};
use egui::{
    Align2, Color32, Mesh, Rect, RichText, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};

/// The height of a filter's number.
const LABEL: f32 = 20.0;
/// Between filters.
const GAP: f32 = 10.0;

/// The newest available weights, those kept or those of the selected step, and the number of steps that made
/// them.
fn newest(state: &AppState) -> (u32, &Params) {
    let trace = state.trace();
    let kept = state.run().branch().keyframes.before(u32::MAX);
    match kept.filter(|(time, _)| *time > trace.time()) {
        Some((time, frame)) => (time, &frame.params),
        None => (trace.time(), trace.params()),
    }
}

/// Whether the selected step is older than the newest.
fn is_past(state: &AppState) -> bool {
    state.trace().time() + 1 < state.run().branch().done()
}

/// Draws the filters, and below them how large the gradient is in each layer.
pub fn filters_ui(ui: &mut Ui, view: &View) {
    let state = view.state;
    let layers = &state.plan().network().layers;
    let Some(l) = layers.iter().position(|layer| matches!(layer.op, Op::Conv2d(_))) else {
        ui.label(view.text("training.no_filters"));
        return;
    };
    let (time, now) = newest(state);
    let Some(now) = now.0[l].get(Part::Weight) else { return };
    let then = state.trace().params().0[l].get(Part::Weight).filter(|_| is_past(state));
    let (count, name) = (now.dim().0.to_string(), layers[l].name());
    let key = if then.is_some() { "training.filters_then" } else { "training.filters_now" };
    ui.label(
        RichText::new(view.fill(key, &[("n", &count), ("layer", name)]))
            .font(theme::title_font())
            .color(view.theme.text_strong),
    );
    let is_rgb = now.dim().1 == 3;
    let words = if is_rgb { "training.filters_rgb" } else { "training.filters_signed" };
    ui.label(RichText::new(view.text(words)).font(theme::small_font()).color(view.theme.text_weak));
    let bars = bars_height(state);
    let room = (ui.available_height() - bars - 84.0).max(120.0);
    grid_ui(ui, view, (then, now), room, name);
    ui.add_space(space::S);
    bars_ui(ui, view);
    let step = number::thousands(u64::from(time));
    let words = view.fill("training.now_is", &[("step", &step)]);
    ui.label(RichText::new(words).font(theme::small_font()).color(view.theme.text_weak));
}

/// The side of a filter, or of then and now together, so that as many as can be fit; how many in a row.
fn side(room: egui::Vec2, count: usize, pair: f32) -> (f32, usize) {
    let fits = |columns: usize| {
        let rows = count.div_ceil(columns);
        let wide = (room.x - GAP * (columns - 1) as f32) / columns as f32 / pair;
        let high = (room.y - GAP * (rows - 1) as f32) / rows as f32 - LABEL;
        (wide.min(high).min(96.0), columns)
    };
    let best = (1..=count.max(1)).map(fits).max_by(|a, b| a.0.total_cmp(&b.0));
    let (side, columns) = best.unwrap_or((96.0, 1));
    if side >= 24.0 {
        return (side.floor(), columns);
    }
    // As many as fit at the least size.
    (24.0, (((room.x + GAP) / (24.0 * pair + GAP)) as usize).max(1))
}

fn grid_ui(ui: &mut Ui, view: &View, (then, now): (Option<&Tensor>, &Tensor), room: f32, layer: &str) {
    let count = now.dim().0;
    let pair = if then.is_some() { 2.05 } else { 1.0 };
    let (side, columns) = side(vec2(ui.available_width(), room), count, pair);
    let rows = count.div_ceil(columns).min(((room + GAP) / (side + LABEL + GAP)).max(1.0) as usize);
    let shown = (rows * columns).min(count);
    let size = vec2(ui.available_width(), rows as f32 * (side + LABEL + GAP));
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let scale = magnitude(now);
    for k in 0..shown {
        let (row, column) = (k / columns, k % columns);
        let at = rect.min + vec2(column as f32 * (side * pair + GAP), row as f32 * (side + LABEL + GAP));
        let font = theme::strong_font();
        ui.painter().text(
            at + vec2(0.0, LABEL / 2.0),
            Align2::LEFT_CENTER,
            k.to_string(),
            font,
            view.theme.text,
        );
        let place = Rect::from_min_size(at + vec2(0.0, LABEL), vec2(side, side));
        let n = k.to_string();
        let patch = |ui: &mut Ui, tensor: &Tensor, place: Rect, key: &str| {
            let words = view.fill(key, &[("n", &n), ("layer", layer)]);
            patch_ui(ui, view, (tensor, k, scale), place, &words);
        };
        match then {
            Some(then) => {
                patch(ui, then, place, "training.filter_then");
                patch(ui, now, place.translate(vec2(side * 1.05, 0.0)), "training.filter_now");
            }
            None => patch(ui, now, place, "training.filter_now"),
        }
    }
    if shown < count {
        let more = (count - shown).to_string();
        let words = view.fill("training.more_filters", &[("n", &more)]);
        ui.label(RichText::new(words).font(theme::small_font()).color(view.theme.text_weak));
    }
}

/// The magnitude that 99 of 100 weights stay below.
fn magnitude(weight: &Tensor) -> f32 {
    let mut all: Vec<f32> = weight.iter().map(|x| x.abs()).filter(|x| x.is_finite()).collect();
    all.sort_by(f32::total_cmp);
    let at = (all.len() * 99 / 100).min(all.len().saturating_sub(1));
    all.get(at).copied().unwrap_or(1.0).max(f32::MIN_POSITIVE)
}

/// A filter as a picture: of three inputs as colours around grey, else a tile per input in diverging colours.
fn patch_ui(ui: &mut Ui, view: &View, (weight, k, scale): (&Tensor, usize, f32), rect: Rect, words: &str) {
    let (_, channels, h, w) = weight.dim();
    let mut mesh = Mesh::default();
    if channels == 3 {
        let level = |x: f32| (128.0 + 127.0 * (x / scale).clamp(-1.0, 1.0)).round() as u8;
        cells(&mut mesh, rect, (h, w), |i, j| {
            let cell = [0, 1, 2].map(|c| weight[[k, c, i, j]]);
            if cell.iter().any(|x| !x.is_finite()) {
                return view.theme.not_finite;
            }
            let [r, g, b] = cell.map(level);
            Color32::from_rgb(r, g, b)
        });
    } else {
        let mapping = Mapping::fit_signed([-scale, scale], view.theme.dark);
        let across = (channels as f32).sqrt().ceil() as usize;
        let tile = rect.width() / across as f32;
        let gap = if across > 1 { 1.0 } else { 0.0 };
        for c in 0..channels {
            let at = rect.min + vec2((c % across) as f32, (c / across) as f32) * tile;
            let place = Rect::from_min_size(at, vec2(tile - gap, tile - gap));
            cells(&mut mesh, place, (h, w), |i, j| mapping.color(weight[[k, c, i, j]]));
        }
    }
    ui.painter().add(Shape::mesh(mesh));
    ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, view.theme.line_strong), StrokeKind::Outside);
    let response = ui.interact(rect, ui.scope_id().with(words), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words));
    response.on_hover_text(words);
}

fn cells(mesh: &mut Mesh, rect: Rect, (h, w): (usize, usize), color: impl Fn(usize, usize) -> Color32) {
    let at = |i: usize, j: usize| {
        pos2(
            rect.left() + rect.width() * j as f32 / w as f32,
            rect.top() + rect.height() * i as f32 / h as f32,
        )
    };
    for i in 0..h {
        for j in 0..w {
            mesh.add_colored_rect(Rect::from_min_max(at(i, j), at(i + 1, j + 1)), color(i, j));
        }
    }
}

/// The newest norms of the layers that have weights.
fn norms(state: &AppState) -> Vec<(String, LayerNorms)> {
    let branch = state.run().branch();
    let layers = state.plan().network().layers.iter().enumerate();
    let newest = branch.records.range(..branch.done()).next_back().map(|(_, record)| &record.norms);
    let of = |(l, layer): (usize, &crate::nn::Layer)| {
        (!layer.parameters().is_empty()).then_some(())?;
        Some((layer.name().to_owned(), *newest?.get(l)?))
    };
    layers.filter_map(of).collect()
}

const BAR: f32 = 26.0;
/// The most layers that are shown below the filters.
const BARS: usize = 6;

fn bars_height(state: &AppState) -> f32 {
    BAR * norms(state).len().min(BARS) as f32 + 34.0
}

/// How large the gradient is in each layer, as bars.
pub fn bars_ui(ui: &mut Ui, view: &View) {
    let all = norms(view.state);
    if all.is_empty() {
        return;
    }
    ui.label(
        RichText::new(view.text("training.gradient_now"))
            .font(theme::title_font())
            .color(view.theme.text_strong),
    );
    let largest = all.iter().map(|(_, norms)| norms.gradient).filter(|x| x.is_finite()).fold(0.0, f64::max);
    let skipped = all.len().saturating_sub(BARS);
    let widest = |ui: &Ui, text: &str| crate::ui::widgets::flow::body_width(ui, text);
    let names = all.iter().map(|(name, _)| widest(ui, name)).fold(40.0, f32::max).min(140.0) + space::M;
    for (name, norms) in all.iter().skip(skipped) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), BAR), Sense::hover());
        let value = number::short(norms.gradient as f32);
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{name} {value}")));
        let font = theme::body_font();
        let painter = ui.painter();
        painter.text(rect.left_center(), Align2::LEFT_CENTER, name, font.clone(), view.theme.text);
        painter.text(rect.right_center(), Align2::RIGHT_CENTER, &value, font, view.theme.text);
        let bar = Rect::from_min_max(
            pos2(rect.left() + names, rect.top() + 4.0),
            pos2(rect.right() - 64.0, rect.bottom() - 4.0),
        );
        painter.rect_filled(bar, 3.0, view.theme.line);
        let part = if largest > 0.0 { (norms.gradient / largest) as f32 } else { 0.0 };
        let filled = Rect::from_min_size(bar.min, vec2(bar.width() * part.clamp(0.0, 1.0), bar.height()));
        painter.rect_filled(filled, 3.0, view.theme.pass(crate::trace::Pass::Bwd).fill);
    }
}
