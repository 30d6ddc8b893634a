//! What the user edits: model, picture, settings.

use super::training::Training;
use crate::data::{Background, Fit, Loaded};
use crate::model_io::Model;
use crate::nn::{
    Mode, Params,
    optimizer::{Moments, Optimizer},
};
use crate::tensor::Tensor;
use std::sync::Arc;

/// Weights that were edited at a later step of training: a line of training begins there.
#[derive(Clone, Debug)]
pub struct Forked {
    /// The number of the line that it left.
    pub from: usize,
    /// The step before which it left it.
    pub time: u32,
    /// The weights before that step as they were trained.
    pub original: Arc<Params>,
    /// The same after the edit.
    pub params: Arc<Params>,
    /// The optimizer's moments before that step.
    pub moments: Arc<Moments>,
}

impl PartialEq for Forked {
    fn eq(&self, other: &Self) -> bool {
        (self.from, self.time) == (other.from, other.time)
            && (Arc::ptr_eq(&self.params, &other.params) || self.params == other.params)
    }
}

/// Everything that a user edits. Cheap to copy: what is large is shared.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The model with its weights before the first step.
    pub model: Arc<Model>,
    /// The weights as they were loaded, where the model's have been edited since.
    pub loaded: Option<Arc<Params>>,
    /// The picture as it was loaded.
    pub picture: Arc<Loaded>,
    /// What the network sees in place of the fitted picture, once it has been painted on: (1, C, H, W), pixels before
    /// preprocessing, or the values of an array.
    pub painted: Option<Arc<Tensor>>,
    /// How it is fitted to the network's input.
    pub fit: Fit,
    /// What lies under transparency and beside a padded picture.
    pub ground: Background,
    /// The target class; `None` until it is chosen by default.
    pub label: Option<usize>,
    /// What makes the update.
    pub optimizer: Optimizer,
    /// Training steps of the run.
    pub epochs: u32,
    /// Training on a data set instead of the picture.
    pub training: Option<Training>,
    /// The edit of weights in the schedule of it that the line looked at comes from.
    pub forked: Option<Forked>,
    /// Whether batch statistics and dropout are in use; in training on a data set they are.
    pub mode: Mode,
    /// The seed of the dropout masks.
    pub seed: u64,
}

impl PartialEq for Inputs {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            model,
            loaded,
            picture,
            painted,
            fit,
            ground,
            label,
            optimizer,
            epochs,
            training,
            forked,
            mode,
            seed,
        } = self;
        // A large model is not compared number by number with itself.
        fn same<T: PartialEq>(a: &Arc<T>, b: &Arc<T>) -> bool {
            Arc::ptr_eq(a, b) || a == b
        }
        same(model, &other.model)
            && same(picture, &other.picture)
            && (loaded.is_some(), painted) == (other.loaded.is_some(), &other.painted)
            && (fit, ground, label) == (&other.fit, &other.ground, &other.label)
            && (optimizer, epochs, mode, seed) == (&other.optimizer, &other.epochs, &other.mode, &other.seed)
            && (training, forked) == (&other.training, &other.forked)
    }
}

impl Inputs {
    /// A model and a picture, all else by default.
    pub fn new(model: Arc<Model>, picture: Arc<Loaded>) -> Self {
        Self {
            model,
            loaded: None,
            picture,
            painted: None,
            fit: Fit::default(),
            ground: Background::default(),
            label: None,
            optimizer: Optimizer::default(),
            epochs: 100,
            training: None,
            forked: None,
            mode: Mode::Eval,
            seed: 0,
        }
    }

    /// The same with another model: nothing of it has been edited, and the target is to be chosen anew.
    pub fn with_model(self, model: Arc<Model>) -> Self {
        Self { model, loaded: None, painted: None, label: None, ..self }
    }

    /// Whether both are the same, large things by what they are and not number by number.
    pub(in crate::app) fn is_identical(&self, other: &Self) -> bool {
        let shared = Arc::ptr_eq(&self.model, &other.model)
            && Arc::ptr_eq(&self.picture, &other.picture)
            && match (&self.painted, &other.painted) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (a, b) => a.is_none() && b.is_none(),
            };
        shared && self == other
    }

    /// Whether both train the same network from the same weights on the same batches; hyperparameters, and how often
    /// they go through the data, may differ.
    pub(in crate::app) fn is_same_training(&self, other: &Self) -> bool {
        let is_same_data = match (&self.training, &other.training) {
            (Some(own), Some(other)) => own.is_same_but_epochs(other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        (Arc::ptr_eq(&self.model, &other.model) || self.model == other.model)
            && is_same_data
            && self.seed == other.seed
    }
}

/// Why inputs change, and so what happens to what was there before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// A setting.
    Edit,
    /// A number or a pixel, in place.
    Stroke {
        /// It goes on with the one before, and is undone with it.
        more: bool,
    },
    /// Another run of training, to be looked at where it stands.
    Choose {
        /// Its number.
        number: u32,
    },
    /// A new picture or model.
    Renew,
    /// Back to those before.
    Undo,
    /// Forward to those undone.
    Redo,
}
