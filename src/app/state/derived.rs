//! What follows from the inputs: the fitted picture, the target, the run at its first step.

use super::{
    batch_source::BatchSource,
    inputs::{Inputs, Target},
    notice::Message,
    run::Run,
};
use crate::data::{Content, Fitted};
use crate::model_io::ModelError;
use crate::nn::{Execution, Mode, Network, Values};
use crate::tensor::{Tensor, argmax};
use crate::trace::{Pass, Plan, Setup, Trace};
use std::sync::Arc;

/// Inputs and what follows from them.
#[derive(Clone, Debug)]
pub struct Derived {
    /// The inputs, with a target.
    pub inputs: Inputs,
    /// What the network sees of the picture.
    pub fitted: Arc<Fitted>,
    /// The run at its first step.
    pub run: Run,
}

/// Whether computing a network's values would hold up the window, which is drawn 60 times a second.
pub fn is_large(network: &Network) -> bool {
    const TERMS: u64 = 50_000_000;
    const PARAMETERS: usize = 4_000_000;
    network.terms() > TERMS || network.parameter_count() > PARAMETERS
}

/// The same for a batch of `images` images.
pub(in crate::app) fn is_large_batch(network: &Network, images: u32) -> bool {
    const TERMS: u64 = 200_000_000;
    is_large(network) || network.terms().saturating_mul(u64::from(images)) > TERMS
}

/// The picture as the network sees it, with what was painted on it, before its pixels are scaled.
pub(in crate::app) fn fitted(inputs: &Inputs) -> Result<Arc<Fitted>, Message> {
    let mut fitted = inputs.pixels()?;
    let preprocess = &inputs.model.architecture.preprocess;
    if preprocess.shuffle().is_some() && matches!(inputs.picture.content, Content::Picture(_)) {
        fitted.tensor = preprocess.seen(&fitted.tensor).into_owned();
    }
    Ok(Arc::new(fitted))
}

/// The network's own input, of a picture or an array.
pub(in crate::app) fn network_input(inputs: &Inputs, fitted: &Fitted) -> Result<Tensor, ModelError> {
    let (model, seen) = (&inputs.model, &fitted.tensor);
    match inputs.picture.content {
        Content::Picture(_) => model.input_from_seen(seen),
        Content::Values(_) => model.check_input(seen).map(|()| seen.clone()),
    }
}

/// What follows from inputs: the fitted picture, the target where none is given, and the run, of a large
/// network as far as the loss. `None` if cancelled.
pub(in crate::app) fn derive(mut inputs: Inputs, exec: Execution) -> Result<Option<Derived>, Message> {
    let model = Arc::clone(&inputs.model);
    let fitted = fitted(&inputs)?;
    let mut setup = Setup {
        images: 1,
        batches: 1,
        epochs: inputs.epochs,
        mode: inputs.mode,
        optimizer: inputs.optimizer,
        seed: inputs.seed,
    };
    let batches = match &inputs.training {
        Some(training) => {
            let batches = training.schedule.batches().try_into().unwrap_or(u32::MAX);
            setup = Setup { batches, epochs: training.epochs, mode: Mode::Train, ..setup };
            let source = BatchSource::from_training(&model, training)?;
            Some((source.batch(0)?, source))
        }
        None => None,
    };
    let input = match &batches {
        Some(((input, _), _)) => input.clone(),
        None => network_input(&inputs, &fitted)?,
    };
    setup.images = input.dim().0 as u32;
    let plan = Plan::try_new(Arc::new(model.network.clone()), setup).map_err(|error| error.to_string())?;
    let Some(values) = model.network.forward_with(&model.params, &input, setup.mode, plan.stream(0), exec)
    else {
        return Ok(None);
    };
    let (source, target) = match batches {
        Some(((_, target), source)) => (source, target),
        None => {
            let target = match inputs.target {
                Some(given @ Target::Given(_)) => given,
                Some(Target::Assumed(_)) | None => default_target(&inputs, &values),
            };
            inputs.target = Some(target);
            let target: Tensor = model.network.target(&[target.class()]);
            (BatchSource::Picture { input, target: target.clone() }, target)
        }
    };
    let is_large = is_large_batch(&model.network, setup.images);
    let (plan, params) = (Arc::new(plan), Arc::clone(&model.params));
    let mut trace = Trace::from_forward(plan, 0, params, Arc::default(), values, target);
    if !is_large && !trace.compute_to(Pass::Update, exec) {
        return Ok(None);
    }
    Ok(Some(Derived { inputs, fitted, run: Run::new(source, trace, is_large) }))
}

/// The same on the calling thread.
pub(in crate::app) fn derive_now(inputs: Inputs) -> Result<Derived, Message> {
    derive(inputs, Execution::SERIAL)?
        .ok_or_else(|| "expected a result, got a cancelled task; try again".into())
}

impl Derived {
    /// The class that the network guesses at the first step, of the first image.
    pub(in crate::app) fn guess(&self) -> usize {
        guess(&self.inputs, self.run.trace().values())
    }
}

/// The class that a picture comes with, or else the one that the network guesses.
fn default_target(inputs: &Inputs, values: &Values) -> Target {
    let model = &inputs.model;
    let known = inputs.picture.label.as_deref().and_then(|label| model.class_index(label).ok());
    known.map_or_else(|| Target::Assumed(guess(inputs, values)), Target::Given)
}

fn guess(inputs: &Inputs, values: &Values) -> usize {
    let network = &inputs.model.network;
    // Probabilities do not depend on the target.
    let target = network.target(&vec![0; values.output().dim().0]);
    let loss = network.loss_forward(values.output(), &target);
    argmax(network.scores(values.output(), &loss, 0)).0
}
