//! The right side: the filters, gradients per layer, what the last check mixed up, its worst and best pictures, and
//! what is 0 for all of them.

use super::{filters, mixups, plots};
use crate::app::{Action, DataAction};
use crate::data::{Dataset, Split};
use crate::nn::engine::LayerNorms;
use crate::train::{Check, Outcome};
use crate::ui::{
    names,
    theme::{self, space},
    view::View,
    widgets::{
        flow::small_width,
        segments::{list_ui, segments_ui, segments_width},
        thumbnail::{Budget, from_example, thumbnail_ui},
    },
};
use egui::{Button, Color32, Id, RichText, ScrollArea, Ui, vec2};

/// What is shown.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
enum Tab {
    #[default]
    Filters,
    Gradients,
    MixUps,
    Pictures,
    Silent,
}

const TABS: [(Tab, &str); 5] = [
    (Tab::Filters, "training.filters"),
    (Tab::Gradients, "training.gradients"),
    (Tab::MixUps, "training.confusion"),
    (Tab::Pictures, "training.pictures"),
    (Tab::Silent, "training.silent"),
];

/// A choice among a few that this page remembers.
fn choice_ui(ui: &mut Ui, view: &View, name: &str, keys: &[&str]) -> usize {
    let id = Id::unique(("training choice", name));
    let chosen: usize = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let words: Vec<String> = keys.iter().map(|key| view.text(key)).collect();
    let name = view.text(name);
    let clicked = match segments_width(ui, &words) <= ui.available_width() {
        true => segments_ui(ui, view.theme, &name, &words, chosen),
        false => list_ui(ui, view.theme, &name, &words, chosen),
    };
    if let Some(clicked) = clicked {
        ui.data_mut(|data| data.insert_temp(id, clicked));
    }
    clicked.unwrap_or(chosen)
}

/// Draws the chosen diagnostics into the remaining room.
pub fn diagnostics_ui(ui: &mut Ui, view: &View) {
    let keys = TABS.map(|(_, key)| key);
    let chosen = choice_ui(ui, view, "training.look_at", &keys);
    ui.add_space(space::XS);
    match TABS[chosen.min(TABS.len() - 1)].0 {
        Tab::Filters => filters::filters_ui(ui, view),
        Tab::Gradients => gradients_ui(ui, view),
        Tab::MixUps => checked_ui(ui, view, mixups_ui),
        Tab::Pictures => checked_ui(ui, view, pictures_ui),
        Tab::Silent => silent_ui(ui, view),
    }
}

/// How large the gradient is in each layer, now and over the steps; how much each layer changes; the learning rate.
fn gradients_ui(ui: &mut Ui, view: &View) {
    filters::bars_ui(ui, view);
    ui.add_space(space::S);
    let keys = ["training.gradients", "training.changes", "training.rate_plot"];
    let chosen = choice_ui(ui, view, "training.over_steps", &keys);
    let tip = RichText::new(view.text(&format!("{}_tip", keys[chosen.min(2)])));
    ui.label(tip.font(theme::small_font()).color(view.theme.text_weak));
    let height = (ui.available_height() - 40.0).clamp(120.0, 420.0);
    match chosen {
        0 => layers_ui(ui, view, (keys[0], height), &|norms| norms.gradient),
        1 => layers_ui(ui, view, (keys[1], height), &|norms| norms.update / norms.weight),
        _ => {
            let branch = view.state.run().branch();
            let rates = branch.records.range(..branch.done());
            let rates = rates.map(|(&time, record)| (f64::from(time), record.learning_rate)).collect();
            plots::small_ui(ui, view, (keys[2], height), &[(view.text(keys[2]), rates)], |y| y);
        }
    }
}

/// A number of each layer over the steps, its logarithm upwards.
fn layers_ui(ui: &mut Ui, view: &View, what: (&'static str, f32), of: &dyn Fn(&LayerNorms) -> f64) {
    let (branch, plan) = (view.state.run().branch(), view.state.plan());
    let layers = plan.network().layers.iter().enumerate().filter(|(_, layer)| !layer.parameters().is_empty());
    let series: Vec<_> = layers
        .map(|(l, layer)| {
            let known = branch.records.range(..branch.done()).filter_map(|(&time, record)| {
                let y = of(record.norms.get(l)?).log10();
                y.is_finite().then_some((f64::from(time), y))
            });
            (layer.name().to_owned(), super::curve::smooth(&known.collect::<Vec<_>>()))
        })
        .collect();
    plots::small_ui(ui, view, what, &series, |y| 10f64.powf(y));
}

/// What is 0 for every picture of a check, by layer and over the steps.
fn silent_ui(ui: &mut Ui, view: &View) {
    let words = RichText::new(view.text("training.dead_tip")).color(view.theme.text_weak);
    ui.label(words);
    let checks = view.state.run().branch().checks.iter();
    let shares: Vec<_> =
        checks.filter_map(|(&time, check)| Some((f64::from(time), check.dead_share()? * 100.0))).collect();
    let Some((_, check)) = view.state.run().branch().checks.last_key_value() else {
        ui.label(view.text("training.no_check"));
        return;
    };
    for (l, units) in &check.dead {
        let layer = view.state.plan().layer(*l).name();
        let (dead, all) = (units.dead.to_string(), units.all.to_string());
        ui.label(view.fill("training.dead_of", &[("layer", layer), ("dead", &dead), ("all", &all)]));
    }
    if check.dead.is_empty() {
        ui.label(view.text("training.no_relu"));
        return;
    }
    ui.add_space(space::S);
    plots::small_ui(ui, view, ("training.dead", 180.0), &[(view.text("training.dead"), shares)], |y| y);
}

/// Draws what needs a check: the latest during training, otherwise the last one before the selected step, or
/// the first.
fn checked_ui(ui: &mut Ui, view: &View, draw: fn(&mut Ui, &View, &Check)) {
    let (branch, time) = (view.state.run().branch(), view.state.trace().time());
    let running = view.state.training().running.as_ref();
    let is_growing = running.is_some_and(|job| job.number == branch.number());
    let until = if is_growing { u32::MAX } else { time + 1 };
    let before = branch.checks.range(..=until).next_back();
    match before.or_else(|| branch.checks.first_key_value()) {
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

/// What was taken for what; of a pair that was clicked, its pictures.
fn mixups_ui(ui: &mut Ui, view: &View, check: &Check) {
    let id = Id::unique("mix-up");
    let chosen: Option<mixups::Pair> = ui.data(|data| data.get_temp(id)).unwrap_or_default();
    let Some((truth, predicted)) = chosen else {
        if let Some(clicked) = mixups::mixups_ui(ui, view, check) {
            ui.data_mut(|data| data.insert_temp(id, Some(clicked)));
        }
        return;
    };
    let back = Button::new(view.text("training.all_mixups")).min_size(vec2(0.0, 30.0));
    if ui.add(back).clicked() {
        ui.data_mut(|data| data.remove::<Option<mixups::Pair>>(id));
    }
    let is_of_pair = |outcome: &&Outcome| (outcome.truth, outcome.predicted) == (truth, predicted);
    let samples: Vec<Outcome> = check.samples.iter().filter(is_of_pair).copied().collect();
    let words = mixups::pair_words(view, check.confusion.count(truth, predicted), (truth, predicted));
    outcomes_ui(ui, view, &[(words, &samples)]);
}

/// The worst and the best examples.
fn pictures_ui(ui: &mut Ui, view: &View, check: &Check) {
    let [worst, best] = ["training.worst", "training.best"].map(|key| view.text(key));
    outcomes_ui(ui, view, &[(worst, &check.worst), (best, &check.best)]);
}

/// Examples below their titles; a click steps through one.
fn outcomes_ui(ui: &mut Ui, view: &View, groups: &[(String, &[Outcome])]) {
    let Some(training) = &view.state.inputs().training else { return };
    let (part, indices) = crate::app::checked(&training.schedule.data);
    let mut budget = Budget::for_one_frame();
    let captions = groups.iter().flat_map(|(_, outcomes)| *outcomes).map(|outcome| caption(view, outcome).0);
    let widest = captions.map(|words| small_width(ui, &words)).fold(LEAST_PICTURE, f32::max);
    let side = picture_side(
        ui.available_width() - ui.spacing().scroll.bar_width,
        widest,
        ui.spacing().item_spacing.x,
    );
    ScrollArea::vertical().id_salt("checked pictures").auto_shrink(false).show(ui, |ui| {
        for (title, outcomes) in groups {
            ui.label(RichText::new(title).font(theme::strong_font()));
            ui.horizontal_wrapped(|ui| {
                for outcome in *outcomes {
                    let Some(&index) = indices.get(outcome.index as usize) else { continue };
                    let example = (&training.schedule.data, part, index);
                    example_ui(ui, view, example, outcome, side, &mut budget);
                }
            });
        }
    });
}

/// The least side of an example's picture.
const LEAST_PICTURE: f32 = 60.0;

/// The side of pictures that fill a row of the width `room`, each at least as wide as its caption.
fn picture_side(room: f32, caption: f32, gap: f32) -> f32 {
    let least = caption + 2.0;
    let columns = ((room + gap) / (least + gap)).floor().max(1.0);
    ((room + gap) / columns - gap).clamp(least, least.max(96.0)).floor()
}

/// What stands below an example: what was guessed, and whether that is right.
fn caption(view: &View, outcome: &Outcome) -> (String, Color32) {
    let (sign, color) =
        if outcome.truth == outcome.predicted { ("✓", view.theme.good) } else { ("✗", view.theme.bad) };
    (format!("{sign} {}", names::class(view, outcome.predicted)), color)
}

fn example_ui(
    ui: &mut Ui,
    view: &View,
    (data, part, index): (&Dataset, Split, u64),
    outcome: &Outcome,
    side: f32,
    budget: &mut Budget,
) {
    let thumbnail = from_example(ui.ctx(), data, part, (index, None), budget);
    let [truth, predicted] = [outcome.truth, outcome.predicted].map(|class| names::class(view, class));
    let words = format!("{truth} → {predicted}, {:.3}", outcome.loss);
    let (caption, color) = caption(view, outcome);
    if thumbnail_ui(ui, view.theme, thumbnail.as_deref(), side, (&caption, color), &words).clicked() {
        let data = data.clone();
        view.push(Action::Data(DataAction::StepThrough { data, part, index }));
    }
}
