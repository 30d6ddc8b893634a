//! What the screen calls a run of training: `batch 64`, `η 0.1`.

use super::{number, view::View};
use crate::app::{RunSetting, TrainingRun};
use crate::data::Generated;

/// What a setting is called in a run's name: "batch 64", "η 0.1".
fn setting(view: &View, setting: &RunSetting) -> String {
    let fill = |key: &str, value: &str| view.fill(&format!("training.run.{key}"), &[("value", value)]);
    match setting {
        RunSetting::Network(name) => name.clone(),
        RunSetting::Data(name) => {
            let known = Generated::parse(name);
            known.map_or_else(|| name.clone(), |data| view.text(&format!("data.{}", data.name())))
        }
        RunSetting::Batch(n) => fill("batch", &n.to_string()),
        RunSetting::Rate(rate) => fill("rate", &number::short(*rate as f32)),
        RunSetting::Rule(rule) => view.text(&format!("rule.{}", rule.name())),
        RunSetting::Decay(decay) => fill("decay", &number::short(*decay as f32)),
        RunSetting::Augment(augment) if augment.is_nothing() => view.text("training.run.plain"),
        RunSetting::Augment(augment) => augment.to_string(),
        RunSetting::Difficulty(difficulty) => fill("difficulty", &number::short(*difficulty as f32)),
        RunSetting::Share(share) => fill("share", &number::short((share * 100.0) as f32)),
        RunSetting::Seed(seed) => fill("seed", &seed.to_string()),
        RunSetting::Weights(n) => fill("weights", &n.to_string()),
        RunSetting::Normalisation(n) => fill("normalisation", &n.to_string()),
        RunSetting::From(step) => fill("from", &step.to_string()),
        RunSetting::Number(n) => fill("number", &n.to_string()),
    }
}

/// What a run is called: by the user, or by the settings in which it differs from the others.
pub fn name(view: &View, run: &TrainingRun) -> String {
    let settings = || run.differs.iter().map(|differs| setting(view, differs)).collect::<Vec<_>>().join(", ");
    run.name.map_or_else(settings, str::to_owned)
}

/// The name, or where there is one run alone, what it learns from.
pub fn full_name(view: &View, run: &TrainingRun) -> String {
    let name = name(view, run);
    if !name.is_empty() {
        return name;
    }
    let data = run.inputs.training.as_ref().map(|training| training.schedule.data.name().to_owned());
    setting(view, &RunSetting::Data(data.unwrap_or_else(|| run.inputs.model.name.clone())))
}
