//! What a cell is, in one sentence; what a breakpoint stops at, and why a run stopped.

use super::{names, number, view::View};
use crate::app::StopReason;
use crate::nn::{Part, spec::Kind};
use crate::trace::{Address, Break, Found, Owner, Pass, Place, Plan, Stage, Stop, TensorId};

/// The key of a stage's sentence.
pub fn key(plan: &Plan, stage: &Stage) -> String {
    let part = match stage.tensor.part {
        Part::Out => "out",
        Part::DwMean | Part::DbMean => "mean",
        Part::DwDecayed | Part::DbDecayed => "decayed",
        Part::WeightM | Part::BiasM => "m",
        Part::WeightV | Part::BiasV => "v",
        Part::WeightStep | Part::BiasStep => "step",
        Part::Weight | Part::Bias => "param",
        Part::RunningMean | Part::RunningVar => "running",
        part => part.suffix(),
    };
    let family = match (stage.pass, stage.tensor.owner) {
        (Pass::Update, Owner::Loss) => return "sentence.update.loss".into(),
        (Pass::Update, _) => "update",
        (_, Owner::Loss | Owner::Input) => plan.network().loss.name(),
        (_, Owner::Layer(l)) => match &plan.layer(l as usize).spec.kind {
            Kind::GlobalAvgPool2d => "avg_pool2d",
            kind => kind.name(),
        },
    };
    format!("sentence.{family}.{part}")
}

/// What a cell is, in one sentence.
pub fn sentence(view: &View, focus: &Address) -> String {
    let plan = view.state.plan();
    let at = plan.shape_at(focus).at(focus.cell() as usize).map(|n| n.to_string());
    let [a, b, i, j] = &at;
    let class = view.state.model().class_name(plan.shape_at(focus).at(focus.cell() as usize)[1]);
    let values = [("a", a.as_str()), ("k", b), ("i", i), ("j", j), ("class", &class)];
    match focus.place() {
        Place::Stage(s) => {
            let stage = &plan.stages()[s as usize];
            view.fill(&key(plan, stage), &values)
        }
        Place::Given(tensor) => {
            let name = names::tensor(view, tensor);
            let mut values = values.to_vec();
            values.push(("name", &name));
            view.fill(
                if tensor.owner == Owner::Input { "sentence.given.input" } else { "sentence.given.other" },
                &values,
            )
        }
    }
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
            view.fill("sentence.break.changes", &[("cell", &plan.text(&cell))])
        }
    }
}

/// Why a run came to its end.
pub fn stop_reason(view: &View, reason: &StopReason) -> String {
    match reason {
        StopReason::Hit(hit) => stop(view, hit),
        StopReason::End { back: false } => view.text("sentence.stop.end"),
        StopReason::End { back: true } => view.text("sentence.stop.start"),
    }
}

/// Why a run stopped at a breakpoint; the cell stands beside it.
fn stop(view: &View, stop: &Stop) -> String {
    let class = |class: usize| view.state.model().class_name(class);
    match stop.found {
        Found::Value(value) => {
            let value = number::four_digits(value);
            let (key, limit) = match stop.reason {
                Break::Above { limit, .. } => ("sentence.stop.above", limit),
                Break::Below { limit, .. } => ("sentence.stop.below", limit),
                Break::NotFinite => ("sentence.stop.not_finite", 0.0),
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
