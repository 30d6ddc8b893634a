//! What is known of training beside loss and accuracy: gradients and changes per layer, learning rate, dead units;
//! what the last check took for what, its worst and best pictures; and the filters as they are.

use super::plots;
use crate::app::{Action, DataAction};
use crate::data::{Dataset, Split};
use crate::nn::{Op, Part, engine::LayerNorms};
use crate::train::{Check, Outcome};
use crate::ui::{
    colormap::Mapping,
    names, theme,
    view::View,
    widgets::{
        grid::{CellView, Grid},
        thumbnail::{Budget, from_example, thumbnail_ui},
    },
};
use egui::{Align2, Grid as Table, Id, RichText, Sense, Ui, vec2};
use egui_plot::{Legend, Line, PlotPoints};

/// What is shown.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Tab {
    #[default]
    Gradients,
    Changes,
    Rate,
    Dead,
    Confusion,
    Pictures,
    Filters,
}

const TABS: [(Tab, &str); 7] = [
    (Tab::Gradients, "training.gradients"),
    (Tab::Changes, "training.changes"),
    (Tab::Confusion, "training.confusion"),
    (Tab::Pictures, "training.pictures"),
    (Tab::Filters, "training.filters"),
    (Tab::Dead, "training.dead"),
    (Tab::Rate, "training.rate_plot"),
];

/// Draws the column, in so much height where that can be.
pub fn diagnostics_ui(ui: &mut Ui, view: &View, room: f32) {
    let top = ui.cursor().top();
    let id = Id::unique("training tab");
    let mut tab: Tab = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    ui.horizontal_wrapped(|ui| {
        for (other, key) in TABS {
            if ui.selectable_label(tab == other, view.text(key)).clicked() {
                tab = other;
                ui.data_mut(|data| data.insert_temp(id, tab));
            }
        }
    });
    // The sentence above a plot takes a line.
    let texts = ui.cursor().top() - top + ui.text_style_height(&egui::TextStyle::Body);
    let height = (room - texts - 3.0 * ui.spacing().item_spacing.y).clamp(180.0, 480.0);
    match tab {
        Tab::Gradients => layers_ui(ui, view, ("training.gradients", height), &|norms| norms.gradient),
        Tab::Changes => {
            layers_ui(ui, view, ("training.changes", height), &|norms| norms.update / norms.weight);
        }
        Tab::Rate => rate_ui(ui, view, height),
        Tab::Dead => dead_ui(ui, view),
        Tab::Confusion => checked_ui(ui, view, confusion_ui),
        Tab::Pictures => checked_ui(ui, view, pictures_ui),
        Tab::Filters => filters_ui(ui, view),
    }
}

/// What a plot shows, in one line.
fn tip_ui(ui: &mut Ui, view: &View, key: &str) {
    let words = RichText::new(view.text(&format!("{key}_tip"))).color(view.theme.text_weak);
    ui.add(egui::Label::new(words).truncate());
}

/// A number of each layer over the steps, its logarithm upwards.
fn layers_ui(ui: &mut Ui, view: &View, (key, height): (&str, f32), of: &dyn Fn(&LayerNorms) -> f64) {
    tip_ui(ui, view, key);
    let (line, plan) = (view.state.run().line(), view.state.plan());
    let layers = plan.network().layers.iter().enumerate().filter(|(_, layer)| !layer.parameters().is_empty());
    let series: Vec<_> = layers
        .map(|(l, layer)| {
            let known = line.records.range(..line.done()).filter_map(|(&time, record)| {
                let y = of(record.norms.get(l)?).log10();
                y.is_finite().then_some((time, y))
            });
            (layer.name().to_owned(), plots::curve(known.collect::<Vec<_>>().into_iter(), 0.6))
        })
        .collect();
    let says = series.iter().filter_map(|(name, points)| Some(format!("{name} 10^{:.1}", points.last()?.y)));
    let says = format!("{}: {}", view.text(key), says.collect::<Vec<_>>().join(", "));
    // Half decades where there are few whole ones.
    let marks = |at: egui_plot::GridInput| match at.bounds.1 - at.bounds.0 < 2.5 {
        true => [1.0, 0.5, 0.5],
        false => [10.0, 2.0, 1.0],
    };
    let plot = plots::plot(view, key, |y| 10f64.powf(y))
        .height(height)
        .legend(Legend::default())
        .y_grid_spacer(egui_plot::uniform_grid_spacer(marks));
    let response = plot.show(ui, |plot| {
        for (number, (name, points)) in series.iter().enumerate() {
            let color = plots::color(view.theme, number);
            plot.line(Line::new(name.clone(), PlotPoints::Borrowed(points)).color(color).width(1.5));
        }
        plots::here(plot, view);
        plot.pointer_coordinate()
    });
    plots::answer(view, &response.response, response.inner, &says);
}

fn rate_ui(ui: &mut Ui, view: &View, height: f32) {
    let line = view.state.run().line();
    let rates = line.records.range(..line.done()).map(|(&time, record)| (time, record.learning_rate));
    one_ui(
        ui,
        view,
        ("training.rate_plot", height),
        plots::curve(rates.collect::<Vec<_>>().into_iter(), 0.0),
    );
}

fn dead_ui(ui: &mut Ui, view: &View) {
    let checks = view.state.run().line().checks.iter();
    let shares = checks.filter_map(|(&time, check)| Some((time, check.dead_share()? * 100.0)));
    one_ui(ui, view, ("training.dead", 172.0), plots::curve(shares.collect::<Vec<_>>().into_iter(), 0.0));
    let Some((_, check)) = view.state.run().line().checks.last_key_value() else { return };
    for (l, units) in &check.dead {
        let layer = view.state.plan().layer(*l).name();
        let (dead, all) = (units.dead.to_string(), units.all.to_string());
        ui.label(view.fill("training.dead_of", &[("layer", layer), ("dead", &dead), ("all", &all)]));
    }
}

fn one_ui(ui: &mut Ui, view: &View, (key, height): (&str, f32), points: Vec<egui_plot::PlotPoint>) {
    tip_ui(ui, view, key);
    let says = format!("{}: {}", view.text(key), points.last().map_or(0.0, |point| point.y));
    let response = plots::plot(view, key, |y| y).height(height).include_y(0.0).show(ui, |plot| {
        let color = plots::color(view.theme, view.state.run().line_number());
        plot.line(Line::new(view.text(key), PlotPoints::Borrowed(&points)).color(color).width(1.5));
        plots::here(plot, view);
        plot.pointer_coordinate()
    });
    plots::answer(view, &response.response, response.inner, &says);
}

/// What needs a check: while training goes on the latest; else the last one before the step that is looked at, or
/// else the first.
fn checked_ui(ui: &mut Ui, view: &View, draw: fn(&mut Ui, &View, &Check)) {
    let (line, time) = (view.state.run().line(), view.state.trace().time());
    let is_growing = view.state.training().running.as_ref().is_some_and(|job| job.number == line.number());
    let until = if is_growing { u32::MAX } else { time + 1 };
    let before = line.checks.range(..=until).next_back();
    match before.or_else(|| line.checks.first_key_value()) {
        Some((&step, check)) => {
            let (images, step) = (check.report.images.to_string(), step.to_string());
            let words = view.fill("training.check_at", &[("images", &images), ("step", &step)]);
            ui.label(RichText::new(words).color(view.theme.text_weak));
            draw(ui, view, check);
        }
        None => {
            ui.label(view.text("training.no_check"));
        }
    }
}

/// Rows: the truth; columns: what it was taken for.
fn confusion_ui(ui: &mut Ui, view: &View, check: &Check) {
    let classes = check.confusion.classes();
    let most = check.confusion.rows().flatten().copied().max().unwrap_or(1).max(1);
    let names: Vec<String> = (0..classes).map(|class| names::class(view, class)).collect();
    let room = ui.available_width();
    let label = 74.0;
    let side = ((room - label - 8.0) / classes.max(1) as f32 - 2.0).clamp(14.0, 34.0);
    let font = theme::small_font();
    let height = (classes as f32 + 1.0) * (side + 2.0) + 6.0;
    let (rect, _) =
        ui.allocate_exact_size(vec2(room.min(label + classes as f32 * (side + 2.0)), height), Sense::hover());
    let painter = ui.painter();
    let short = |name: &str| name.chars().take((side / 8.0).max(1.0) as usize).collect::<String>();
    for (k, name) in names.iter().enumerate() {
        let at = k as f32 * (side + 2.0);
        let column = rect.min + vec2(label + at + side / 2.0, side / 2.0);
        painter.text(column, Align2::CENTER_CENTER, short(name), font.clone(), view.theme.text_weak);
        let row = rect.min + vec2(label - 6.0, at + side * 1.5 + 2.0);
        painter.text(row, Align2::RIGHT_CENTER, name, font.clone(), view.theme.text_weak);
    }
    for (truth, row) in check.confusion.rows().enumerate() {
        for (predicted, &count) in row.iter().enumerate() {
            let corner =
                rect.min + vec2(label + predicted as f32 * (side + 2.0), (truth as f32 + 1.0) * (side + 2.0));
            let cell = egui::Rect::from_min_size(corner, vec2(side, side));
            let strength = (count as f32 / most as f32).sqrt();
            let tone = if truth == predicted { view.theme.good } else { view.theme.bad };
            painter.rect_filled(cell, 2.0, view.theme.field);
            painter.rect_filled(cell, 2.0, tone.gamma_multiply(strength * 0.85));
            let response =
                ui.interact(cell, ui.scope_id().with(("confusion", truth, predicted)), Sense::hover());
            let words = view.fill(
                "training.taken_for",
                &[("n", &count.to_string()), ("truth", &names[truth]), ("predicted", &names[predicted])],
            );
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
            response.on_hover_text(words);
            if count > 0 && side >= 18.0 {
                painter.text(
                    cell.center(),
                    Align2::CENTER_CENTER,
                    count.to_string(),
                    font.clone(),
                    view.theme.text_strong,
                );
            }
        }
    }
}

/// The worst and the best examples.
fn pictures_ui(ui: &mut Ui, view: &View, check: &Check) {
    let Some(training) = &view.state.inputs().training else { return };
    let (part, indices) = crate::app::checked(&training.schedule.data);
    let mut budget = Budget::for_one_frame();
    for (key, outcomes) in [("training.worst", &check.worst), ("training.best", &check.best)] {
        ui.label(RichText::new(view.text(key)).strong());
        ui.horizontal_wrapped(|ui| {
            for outcome in outcomes {
                let Some(&index) = indices.get(outcome.index as usize) else { continue };
                example_ui(ui, view, &training.schedule.data, (part, index), outcome, &mut budget);
            }
        });
    }
}

fn example_ui(
    ui: &mut Ui,
    view: &View,
    data: &Dataset,
    (part, index): (Split, u64),
    outcome: &Outcome,
    budget: &mut Budget,
) {
    let thumbnail = from_example(ui.ctx(), data, part, index, budget);
    let (truth, predicted) = (names::class(view, outcome.truth), names::class(view, outcome.predicted));
    let (sign, color) =
        if outcome.truth == outcome.predicted { ("✓", view.theme.good) } else { ("✗", view.theme.bad) };
    let words = format!("{truth} → {predicted}, {:.3}", outcome.loss);
    let caption = format!("{sign} {predicted}");
    const SIDE: f32 = 60.0;
    if thumbnail_ui(ui, view.theme, thumbnail.as_deref(), SIDE, (&caption, color), &words).clicked() {
        let data = data.clone();
        view.act(Action::Data(DataAction::StepThrough { data, part, index }));
    }
}

/// The first convolution's filters as the latest weights have them, and how much they have changed.
fn filters_ui(ui: &mut Ui, view: &View) {
    let (state, line) = (view.state, view.state.run().line());
    let layers = &state.plan().network().layers;
    let Some(l) = layers.iter().position(|layer| matches!(layer.op, Op::Conv2d(_))) else {
        ui.label(view.text("training.no_filters"));
        return;
    };
    let Some((time, frame)) = line.keyframes.before(u32::MAX) else { return };
    let Some(weight) = frame.params.0[l].get(Part::Weight) else { return };
    let (name, step) = (layers[l].name(), time.to_string());
    let words = view.fill("training.filters_of", &[("layer", name), ("step", &step)]);
    ui.label(RichText::new(words).color(view.theme.text_weak));
    let (filters, channels, h, w) = weight.dim();
    let mapping = Mapping::fit_signed(weight.iter().copied(), view.theme.dark);
    Table::new("filters").num_columns(channels.min(3)).spacing(vec2(6.0, 6.0)).show(ui, |ui| {
        let rows = (ui.available_width() / (58.0 * channels.min(3) as f32)).max(1.0) as usize;
        for (n, k) in (0..filters.min(64)).enumerate() {
            for c in 0..channels.min(3) {
                let cells = |i, j| CellView::current(weight[[k, c, i, j]]);
                let (o, slice) = (k.to_string(), c.to_string());
                let slice = view.fill("name.slice", &[("o", &o), ("c", &slice)]);
                let label = |_: Option<(usize, usize)>| format!("{name} · {slice}");
                Grid::new(("filter", k, c), h, w, mapping, &cells)
                    .revision(u64::from(time))
                    .cell_points(48.0 / h.max(w) as f32)
                    .label(&label)
                    .show_ui(ui);
            }
            if (n + 1) % rows == 0 {
                ui.end_row();
            }
        }
    });
}
