//! What the user edits: model, picture, settings.

use super::training::Training;
use crate::data::{Adjustment, Background, Content, Fitted, Loaded, PictureError, paint::DRAWING};
use crate::model_io::Model;
use crate::nn::{
    Mode, Params,
    optimizer::{Moments, Optimizer},
};
use crate::tensor::Tensor;
use std::sync::Arc;

/// Weights that were edited at a later step of training: a training branch begins there.
#[derive(Clone, Debug)]
pub struct Forked {
    /// The number of the line that it left.
    pub from: usize,
    /// The step before which it left it.
    pub time: u32,
    /// The weights before that step as they were trained.
    pub original: Arc<Params>,
    /// The weights after the edit.
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

/// The class that the loss measures against.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// The right answer: it came with the picture, or the user gave it.
    Given(usize),
    /// The network's own guess, which gradients assume until the right answer is given.
    Assumed(usize),
}

impl Target {
    /// The class.
    pub const fn class(self) -> usize {
        match self {
            Self::Given(class) | Self::Assumed(class) => class,
        }
    }

    /// Whether it is the right answer.
    pub const fn is_given(self) -> bool {
        match self {
            Self::Given(_) => true,
            Self::Assumed(_) => false,
        }
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
    /// How it is fitted to the network's input, and what the user changed of that.
    pub adjustment: Adjustment,
    /// What lies under transparency and beside a padded picture.
    pub ground: Background,
    /// The class that the loss measures against; `None` until it is chosen by default.
    pub target: Option<Target>,
    /// What makes the update.
    pub optimizer: Optimizer,
    /// Training steps of the run.
    pub epochs: u32,
    /// Training on a data set instead of the picture.
    pub training: Option<Training>,
    /// The edit of weights that the selected branch of its training comes from.
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
            adjustment,
            ground,
            target,
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
            && (adjustment, ground, target) == (&other.adjustment, &other.ground, &other.target)
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
            adjustment: Adjustment::default(),
            ground: Background::default(),
            target: None,
            optimizer: Optimizer::default(),
            epochs: 100,
            training: None,
            forked: None,
            mode: Mode::Eval,
            seed: 0,
        }
    }

    /// The same with another model: nothing of it has been edited, and the right answer is to be chosen anew.
    pub fn with_model(self, model: Arc<Model>) -> Self {
        Self { model, loaded: None, painted: None, target: None, ..self }
    }

    /// The same with another picture, which is only fitted: nothing of it has been changed.
    pub fn with_picture(self, picture: Arc<Loaded>) -> Self {
        let adjustment = Adjustment::from(self.adjustment.fit);
        Self { picture, painted: None, adjustment, target: None, ..self }
    }

    /// The picture fitted to the network's input, with what was painted on it, or the array; before preprocessing, which
    /// may shuffle its pixels.
    ///
    /// # Errors
    /// If the picture cannot be fitted.
    pub fn pixels(&self) -> Result<Fitted, PictureError> {
        let [c, h, w] = self.model.network.input;
        let mut fitted = self.picture.input(c, h, w, self.adjustment, self.ground)?;
        if let Some(painted) = self.painted.as_ref().filter(|painted| painted.dim() == fitted.tensor.dim()) {
            fitted.tensor = (**painted).clone();
        }
        Ok(fitted)
    }

    /// Whether the picture was drawn here, at the size that the network sees.
    pub fn is_drawing(&self) -> bool {
        let [_, h, w] = self.model.network.input;
        self.picture.name == DRAWING
            && match &self.picture.content {
                Content::Picture(picture) => (picture.height() as usize, picture.width() as usize) == (h, w),
                Content::Values(_) => false,
            }
    }

    /// Whether it was drawn here and the network sees it inverted: what is drawn on is the paper.
    pub fn is_inverted_drawing(&self) -> bool {
        self.is_drawing() && self.adjustment.inverted
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
        /// It continues the previous change, and is undone with it.
        more: bool,
    },
    /// Another run of training is selected.
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
