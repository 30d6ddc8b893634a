//! Statistics of the current cell's tensor, over the cells computed at the cursor.

use crate::tensor::{BINS, Statistics, shape_of};
use crate::trace::{Address, Pass, Place, TensorId};
use crate::ui::{names, number, theme, view::View};
use egui::{Align2, Grid, Id, Rect, RichText, Sense, Ui, pos2, vec2};
use std::{ops::Range, sync::Arc};

/// Draws count, range, mean and histogram of the focused tensor.
pub(super) fn statistics_ui(ui: &mut Ui, view: &View, focus: &Address) {
    let Some((tensor, image, _)) = view.state.trace().tensor_cell(focus) else { return };
    if view.state.covers().any_of(tensor) {
        return;
    }
    let plan = view.state.plan();
    let (from, all) = computed(view, focus, tensor, image);
    let name = names::tensor(view, tensor);
    let shape = plan.shape_of(tensor).to_string();
    ui.label(
        RichText::new(format!("{name}  {shape}")).font(theme::mono_font()).color(view.theme.text_strong),
    );
    let (done, all) = (from.len().to_string(), all.to_string());
    if done != all {
        let words = view.fill("statistics.so_far", &[("done", &done), ("all", &all)]);
        ui.label(RichText::new(words).font(theme::small_font()).color(view.theme.text_weak));
    }
    if from.is_empty() {
        return;
    }
    let statistics = statistics(ui, view, focus, tensor, from);
    table_ui(ui, view, &statistics);
    ui.add_space(8.0);
    histogram_ui(ui, view, &name, &statistics);
}

/// The cells of the tensor in memory that are there at the cursor, and how many there will be.
fn computed(view: &View, focus: &Address, tensor: TensorId, image: u32) -> (Range<usize>, usize) {
    let (plan, trace) = (view.state.plan(), view.state.trace());
    let one = plan.shape_of(tensor).len();
    let start = if tensor.is_per_image() { image as usize * one } else { 0 };
    let Place::Stage(stage) = focus.place() else { return (start..start + one, one) };
    let stage = stage as usize;
    let progress = trace.progress(stage, focus.image(), view.state.cursor().at());
    let is_coupled = plan.is_layered() && plan.stages()[stage].per_image;
    let done = progress.done as usize;
    let done = if is_coupled { done.saturating_sub(start).min(one) } else { done.min(one) };
    (start..start + done, one)
}

/// Made once for each state of the tensor.
fn statistics(
    ui: &Ui,
    view: &View,
    focus: &Address,
    tensor: TensorId,
    cells: Range<usize>,
) -> Arc<Statistics> {
    type Kept = ((u64, TensorId, Range<usize>, bool), Arc<Statistics>);
    let (plan, trace) = (view.state.plan(), view.state.trace());
    let is_update = plan.stage_at(focus).is_some_and(|stage| stage.pass == Pass::Update);
    let id = Id::unique("statistics of the inspected tensor");
    let key = (view.state.revision(), tensor, cells.clone(), is_update);
    let kept: Option<Kept> = ui.data(|data| data.get_temp(id));
    if let Some((kept_key, statistics)) = kept
        && kept_key == key
    {
        return statistics;
    }
    let values = if is_update { trace.updated_tensor(tensor) } else { trace.tensor(tensor) };
    let statistics = match values {
        Some(values) => {
            debug_assert!(cells.end <= shape_of(values).len());
            Statistics::from_cells(values.iter().copied().skip(cells.start).take(cells.len()))
        }
        None => Statistics::from_cells(std::iter::empty()),
    };
    let statistics = Arc::new(statistics);
    ui.data_mut(|data| data.insert_temp(id, (key, Arc::clone(&statistics))));
    statistics
}

fn table_ui(ui: &mut Ui, view: &View, statistics: &Statistics) {
    let number = |value: f64| number::four_digits(value as f32);
    let rows = [
        ("statistics.min", number(statistics.min.into())),
        ("statistics.max", number(statistics.max.into())),
        ("statistics.mean", number(statistics.mean)),
        ("statistics.deviation", number(statistics.deviation)),
        ("statistics.zeros", number::percent(statistics.zeros as u64, statistics.count as u64) + " %"),
        ("statistics.not_finite", statistics.not_finite.to_string()),
    ];
    ui.spacing_mut().interact_size.y = 16.0;
    Grid::new("statistics").num_columns(2).min_row_height(16.0).spacing([16.0, 3.0]).show(ui, |ui| {
        for (key, value) in rows {
            ui.label(RichText::new(view.text(key)).font(theme::small_font()).color(view.theme.text_weak));
            let color = match key {
                "statistics.not_finite" if statistics.not_finite > 0 => view.theme.bad,
                _ => view.theme.text_strong,
            };
            ui.label(RichText::new(value).font(theme::mono_font()).color(color));
            ui.end_row();
        }
    });
}

/// Bars over the values from the smallest to the largest.
fn histogram_ui(ui: &mut Ui, view: &View, name: &str, statistics: &Statistics) {
    let theme = view.theme;
    let height = ui.available_height().clamp(60.0, 150.0) - 18.0;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height + 18.0), Sense::hover());
    let plot = Rect::from_min_size(rect.min, vec2(rect.width(), height));
    let painter = ui.painter();
    painter.rect_filled(plot, 3.0, theme.field);
    let most = statistics.bins.iter().copied().max().unwrap_or(0).max(1);
    let width = plot.width() / BINS as f32;
    for (bin, &count) in statistics.bins.iter().enumerate().filter(|(_, count)| **count > 0) {
        // A bar of a few among many stays visible.
        let bar = (count as f32 / most as f32 * (height - 4.0)).max(1.5);
        let left = plot.left() + bin as f32 * width;
        let rect =
            Rect::from_min_max(pos2(left, plot.bottom() - bar), pos2(left + width - 1.0, plot.bottom()));
        painter.rect_filled(rect, 0.0, theme.accent);
    }
    if statistics.min < 0.0 && statistics.max > 0.0 {
        let at = -statistics.min / (statistics.max - statistics.min);
        let x = plot.left() + at * plot.width();
        painter.vline(x, plot.y_range(), egui::Stroke::new(1.0, theme.line_strong));
    }
    let font = theme::small_font();
    for (value, at, align) in [
        (statistics.min, rect.left_bottom(), Align2::LEFT_BOTTOM),
        (statistics.max, rect.right_bottom(), Align2::RIGHT_BOTTOM),
    ] {
        painter.text(at, align, number::four_digits(value), font.clone(), theme.text_weak);
    }
    let count = most.to_string();
    let tallest = view.fill("statistics.tallest", &[("count", &count)]);
    painter.text(rect.center_bottom(), Align2::CENTER_BOTTOM, &tallest, font, theme.text_weak);
    let (low, high) = (number::four_digits(statistics.min), number::four_digits(statistics.max));
    let words = view.fill("statistics.histogram", &[("name", name), ("low", &low), ("high", &high)]);
    let words = format!("{words}; {tallest}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
    if let Some(pos) = response.hover_pos().filter(|pos| plot.contains(*pos)) {
        let bin = (((pos.x - plot.left()) / width) as usize).min(BINS - 1);
        let (from, to) = statistics.stretch(bin);
        let values = [
            ("from", number::four_digits(from)),
            ("to", number::four_digits(to)),
            ("count", statistics.bins[bin].to_string()),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        response.on_hover_text(view.fill("statistics.bar", &values));
    }
}
