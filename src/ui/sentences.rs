//! What a cell is, in one sentence; what a breakpoint stops at, and why a run stopped.

use super::{names, number, view::View};
use crate::app::StopReason;
pub use crate::export::sheet::sentence::key;
use crate::nn::{Op, group_norm::GroupNorm};
use crate::trace::{Address, Break, Found, Owner, Place, Stop, TensorId};

/// What a cell is, in one sentence.
pub fn sentence(view: &View, focus: &Address) -> String {
    let plan = view.state.plan();
    let shape = plan.shape_at(focus);
    let at = shape.at(focus.cell() as usize);
    let (at_plane, class) = (at[1], names::class_of_output(view, at[1]));
    let at = at.map(|n| n.to_string());
    let [a, b, i, j] = &at;
    let group = group(view, focus, at_plane);
    let values = [("a", a.as_str()), ("k", b), ("i", i), ("j", j), ("class", &class), ("group", &group)];
    match focus.place() {
        Place::Stage(s) => {
            let stage = &plan.stages()[s as usize];
            view.fill(&key(plan, stage), &values)
        }
        Place::Given(tensor) => {
            let (name, map) = (names::tensor(view, tensor), names::plane(view, tensor, at_plane));
            let mut values = values.to_vec();
            values.extend([("name", name.as_str()), ("map", &map)]);
            let key = match tensor {
                TensorId::INPUT => "sentence.given.input",
                TensorId::TARGET => "sentence.given.target",
                _ => "sentence.given.other",
            };
            view.fill(key, &values)
        }
    }
}

/// What the cell at an address is normalised together with; empty where it is not of such a normalisation.
fn group(view: &View, focus: &Address, at_plane: usize) -> String {
    let plan = view.state.plan();
    let Some(stage) = plan.stage_at(focus) else { return String::new() };
    let Owner::Layer(l) = stage.tensor.owner else { return String::new() };
    let Op::GroupNorm(spec) = &plan.layer(l as usize).op else { return String::new() };
    let is_of_group = GroupNorm::is_of_group(stage.tensor.part);
    let group = if is_of_group { at_plane } else { spec.group_of(at_plane) };
    names::group(view, spec, group)
}

/// What a breakpoint stops at.
pub fn condition(view: &View, kind: &Break) -> String {
    let plan = view.state.plan();
    let magnitude = |key: &str, tensor: &Option<TensorId>, limit: f32| {
        let limit = number::short(limit);
        match tensor {
            Some(tensor) => view
                .fill(&format!("{key}_in"), &[("limit", &limit), ("tensor", &names::tensor(view, *tensor))]),
            None => view.fill(key, &[("limit", &limit)]),
        }
    };
    match kind {
        Break::Above { tensor, limit } => magnitude("sentence.break.above", tensor, *limit),
        Break::Below { tensor, limit } => magnitude("sentence.break.below", tensor, *limit),
        Break::NotFinite => view.text("sentence.break.not_finite"),
        Break::ReluKills => view.text("sentence.break.relu"),
        Break::DeadUnit => view.text("sentence.break.dead"),
        Break::PoolTies => view.text("sentence.break.tie"),
        Break::WinnerChanges => view.text("sentence.break.winner"),
        Break::Misclassified => view.text("sentence.break.wrong"),
        Break::PredictionFlips => view.text("sentence.break.flip"),
        Break::LossRises => view.text("sentence.break.loss"),
        Break::CellChanges(watched) => {
            let cell = plan.writer(watched.tensor, 0, watched.image, watched.index);
            view.fill("sentence.break.changes", &[("cell", &names::cell(view, &cell))])
        }
    }
}

/// Why a run ended.
pub fn stop_reason(view: &View, reason: &StopReason) -> String {
    match reason {
        StopReason::Hit(hit) => stop(view, hit),
        StopReason::End { back: false } => view.text("sentence.stop.end"),
        StopReason::End { back: true } => view.text("sentence.stop.start"),
        StopReason::StepDone { last: false } => view.text("sentence.stop.step_done"),
        StopReason::StepDone { last: true } => view.text("sentence.stop.run_done"),
    }
}

/// Why a run stopped at a breakpoint; the cell stands beside it.
fn stop(view: &View, stop: &Stop) -> String {
    let class = |class: usize| names::class(view, class);
    match stop.found {
        Found::Value(value) => {
            let value = number::four_digits(value);
            let (key, limit) = match stop.reason {
                Break::Above { limit, .. } => ("sentence.stop.above", limit),
                Break::Below { limit, .. } => ("sentence.stop.below", limit),
                Break::NotFinite => ("sentence.stop.not_finite", 0.0),
                Break::DeadUnit if view.state.plan().shape_at(&stop.cell).plane() == 1 => {
                    ("sentence.stop.dead_neuron", 0.0)
                }
                Break::DeadUnit => ("sentence.stop.dead", 0.0),
                Break::PoolTies => ("sentence.stop.tie", 0.0),
                Break::ReluKills
                | Break::WinnerChanges
                | Break::Misclassified
                | Break::PredictionFlips
                | Break::LossRises
                | Break::CellChanges(_) => ("sentence.stop.relu", 0.0),
            };
            view.fill(key, &[("value", &value), ("limit", &number::short(limit))])
        }
        Found::Change { from, to } => {
            let key = match stop.reason {
                Break::LossRises => "sentence.stop.loss",
                Break::Above { .. }
                | Break::Below { .. }
                | Break::NotFinite
                | Break::ReluKills
                | Break::DeadUnit
                | Break::PoolTies
                | Break::WinnerChanges
                | Break::Misclassified
                | Break::PredictionFlips
                | Break::CellChanges(_) => "sentence.stop.changes",
            };
            // As many digits as tell the two apart.
            let texts = [number::four_digits, number::full].map(|text| (text(from), text(to)));
            let [brief, full] = texts;
            let (from, to) = if brief.0 == brief.1 { full } else { brief };
            view.fill(key, &[("from", &from), ("to", &to)])
        }
        Found::Winner { from, to, columns, more } => {
            let at = |index: u32| format!("({},{})", index / columns.max(1), index % columns.max(1));
            let words = view.fill("sentence.stop.winner", &[("from", &at(from)), ("to", &at(to))]);
            if more == 0 {
                words
            } else {
                words + &view.fill("sentence.stop.winner_more", &[("more", &more.to_string())])
            }
        }
        Found::Wrong { predicted, target } => {
            view.fill("sentence.stop.wrong", &[("predicted", &class(predicted)), ("target", &class(target))])
        }
        Found::Flip { from, to } => {
            view.fill("sentence.stop.flip", &[("from", &class(from)), ("to", &class(to))])
        }
    }
}
