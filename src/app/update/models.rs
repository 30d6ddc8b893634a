//! Opens models and pictures.

use super::{inputs::set_inputs, jobs, notice::fail, view};
use crate::app::{
    effect::Effect,
    state::{AppState, Change, Figure, Inputs, JobKind},
    task::Task,
};
use crate::data::{Content, Loaded, samples};
use crate::model_io::{Model, bundled, presets};
use crate::trace::{Address, Cursor, Grain};
use std::sync::Arc;

pub(in crate::app) fn use_picture(state: &mut AppState, picture: Arc<Loaded>) -> Vec<Effect> {
    let inputs = state.inputs.clone().with_picture(picture);
    set_inputs(state, inputs, Change::Renew)
}

pub(in crate::app) fn open_bundled(state: &mut AppState, name: &str) -> Vec<Effect> {
    if let Some(preset) = presets::find(name) {
        return vec![jobs::start(state, JobKind::Reading, name.to_owned(), Task::Start(*preset))];
    }
    match bundled::load(name) {
        Ok(model) => use_model(state, model),
        Err(error) => {
            fail(state, error);
            Vec::new()
        }
    }
}

pub(in crate::app) fn use_model(state: &mut AppState, model: Model) -> Vec<Effect> {
    state.files.size_question = None;
    let models = bundled::models().iter().map(|bundled| (bundled.name, bundled.default_sample));
    let mut known = models.chain(presets::every().map(|preset| (preset.name, preset.default_sample)));
    let sample = known.find(|(name, _)| *name == model.name).map(|(_, sample)| sample);
    let now = &state.inputs.picture;
    let named = |name: &str| samples::SAMPLES.iter().find(|sample| sample.name == name);
    let is_sample = named(&now.name).is_some();
    let (loaded_by_user, fits) = match &now.content {
        Content::Picture(_) => (!is_sample, true),
        Content::Values(values) => (false, model.check_input(values).is_ok()),
    };
    // A bundled array that fits nothing else gives way to a picture, which fits every input.
    let sample = sample.or_else(|| (is_sample && !fits).then_some(bundled::models()[0].default_sample));
    // The user's own picture stays; a sample gives way to the one that goes with the model, unless it is of its kind.
    let is_alike = |sample: &&str| {
        let (now, other) = (named(&now.name), named(sample));
        now.zip(other).is_some_and(|(now, other)| fits && now.source.is_like(&other.source))
    };
    let picture = sample
        .filter(|sample| !loaded_by_user && !is_alike(sample))
        .and_then(|sample| samples::load(sample).ok());
    let mut inputs = inputs_with(state, model);
    if let Some(picture) = picture {
        inputs = inputs.with_picture(Arc::new(picture));
    }
    let effects = set_inputs(state, inputs, Change::Renew);
    show_arithmetic(state);
    effects
}

/// Of convolution arithmetic the first cell, and the window that slides.
fn show_arithmetic(state: &mut AppState) {
    let name = &state.inputs.model.name;
    if presets::arithmetic().iter().any(|preset| preset.name == name) {
        let first = Address::whole_stage(0, 0, 0).refine(Grain::Cell);
        state.position.go(|cursor, plan| *cursor = Cursor::after(plan, &first));
        view::set_figure(state, Some(Figure::Slide));
    }
}

/// The inputs with another model, and the training that continues with it.
pub(in crate::app) fn inputs_with(state: &AppState, model: Model) -> Inputs {
    let training = state.inputs.training.clone();
    let training = training.and_then(|training| training.for_model(&state.inputs.model, &model));
    Inputs { training, ..state.inputs.clone().with_model(Arc::new(model)) }
}

/// Opens a bundled sample picture.
pub(in crate::app) fn open_sample(state: &mut AppState, name: &str) -> Vec<Effect> {
    match samples::load(name) {
        Ok(picture) => use_picture(state, Arc::new(picture)),
        Err(error) => {
            fail(state, error);
            Vec::new()
        }
    }
}
