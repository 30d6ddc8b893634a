//! What a cell is, in one sentence, and why a run stopped.

use super::{number, view::View};
use crate::nn::{Part, spec::Kind};
use crate::trace::{Address, Break, Owner, Pass, Place, Plan, Stage, Stop};

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
        (Pass::Update, Owner::Loss) => return "say.update.loss".into(),
        (Pass::Update, _) => "update",
        (_, Owner::Loss | Owner::Input) => plan.network().loss.name(),
        (_, Owner::Layer(l)) => match &plan.layer(l as usize).spec.kind {
            Kind::GlobalAvgPool2d => "avg_pool2d",
            kind => kind.name(),
        },
    };
    format!("say.{family}.{part}")
}

/// What a cell is, in one sentence.
pub fn sentence(view: &View, focus: &Address) -> String {
    let plan = view.state.plan();
    let at = plan.shape_at(focus).at(focus.cell as usize).map(|n| n.to_string());
    let [a, b, i, j] = &at;
    let class = view.state.model().class_name(plan.shape_at(focus).at(focus.cell as usize)[1]);
    let values = [("a", a.as_str()), ("k", b), ("i", i), ("j", j), ("class", &class)];
    match focus.place {
        Place::Stage(s) => {
            let stage = &plan.stages()[s as usize];
            view.fill(&key(plan, stage), &values)
        }
        Place::Given(tensor) => {
            let name = plan.name(tensor);
            let mut values = values.to_vec();
            values.push(("name", &name));
            view.fill(
                if tensor.owner == Owner::Input { "say.given.input" } else { "say.given.other" },
                &values,
            )
        }
    }
}

/// Why a run stopped.
pub fn stop(view: &View, stop: &Stop) -> String {
    let value = number::four_digits(stop.value);
    let address = view.state.plan().text(&stop.address);
    let key = match stop.reason {
        Break::Above(_) => "say.stop.above",
        Break::NotFinite => "say.stop.not_finite",
        Break::ReluKills => "say.stop.relu",
        Break::PoolTies => "say.stop.tie",
    };
    view.fill(key, &[("value", &value), ("address", &address)])
}
