//! The settings of training on a data set.

use super::AppState;
use crate::data::{DataError, Dataset};
use crate::model_io::Model;
use crate::nn::Params;
use crate::train::BatchSchedule;
use std::sync::Arc;

/// What a user chooses to train on.
#[derive(Clone, PartialEq, Debug)]
pub struct Training {
    /// Which example comes when; every batch is full.
    pub schedule: BatchSchedule,
    /// Times to go through an epoch.
    pub epochs: u32,
    /// The share of a loaded set's training part that is kept back for validation, where it has no such part.
    pub validation: f64,
}

impl Training {
    /// The most images in a batch.
    pub const MAX_BATCH: u64 = 1024;

    /// A data set in batches of a given size, with the default settings.
    pub fn new(data: Dataset, batch: u64, seed: u64) -> Self {
        let validation = data.usual_share();
        let data = data.with_split(validation, seed);
        let epoch_len = BatchSchedule::default_epoch_len(&data);
        let schedule = BatchSchedule { data, seed, epoch_len, batch_len: 1, augment: Default::default() };
        Self { schedule, epochs: 20, validation }.with_batch(batch)
    }

    /// The same for another model; `None` where the data does not fit that: its size, or its classes, unless they are
    /// those of the model before.
    pub(in crate::app) fn for_model(mut self, before: &Model, model: &Model) -> Option<Self> {
        let data = fit_to_model(model, &self.schedule.data).ok()?;
        let own = &model.architecture.classes;
        let is_known = own.is_empty() || *own == before.architecture.classes || own == data.classes();
        if data.classes().len() > model.network.classes() || !is_known {
            return None;
        }
        self.schedule.data = data;
        Some(self)
    }

    /// Whether both train on the same batches; how often may differ.
    pub(in crate::app) fn is_same_but_epochs(&self, other: &Self) -> bool {
        (&self.schedule, self.validation) == (&other.schedule, other.validation)
    }

    /// With another seed of order, augmentation and split, and of generated examples.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.schedule.data = self.schedule.data.with_seed(seed).with_split(self.validation, seed);
        self.schedule.seed = seed;
        self
    }

    /// With another share kept back for validation.
    #[must_use]
    pub fn with_validation(mut self, share: f64) -> Self {
        self.validation = share.clamp(0.0, 0.9);
        self.schedule.data = self.schedule.data.with_split(self.validation, self.schedule.seed);
        let batch = self.schedule.batch_len;
        self.with_batch(batch)
    }

    /// With another size of the batches; an epoch is as many full ones as the data fills, at least one.
    #[must_use]
    pub fn with_batch(mut self, batch: u64) -> Self {
        let len = BatchSchedule::default_epoch_len(&self.schedule.data);
        self.schedule.batch_len = batch.clamp(1, Self::MAX_BATCH).min(len);
        self.schedule.epoch_len = len / self.schedule.batch_len * self.schedule.batch_len;
        self
    }
}

/// The set with pictures of the network's size, and with its classes in the network's order where all are among
/// them.
pub(in crate::app) fn fit_to_model(model: &Model, data: &Dataset) -> Result<Dataset, DataError> {
    let data = data.fitted(model.network.input)?;
    let classes: Vec<String> = (0..model.network.classes()).map(|class| model.class_name(class)).collect();
    Ok(data.with_classes(&classes).unwrap_or(data))
}

/// The model with weights that have learned the classes of data: its outputs are called after them. Classes that are
/// only numbers leave as many names as they are.
pub(in crate::app) fn model_that_learned(model: &Model, params: Arc<Params>, data: &Dataset) -> Model {
    let mut model = Model { params, ..model.clone() };
    let (outputs, own) = (model.network.classes(), data.classes());
    let is_as_it_is = own.iter().enumerate().all(|(class, name)| model.class_name(class) == *name);
    let is_numbers = data.generator().is_none() && !data.names_classes() && own.len() == outputs;
    if !is_as_it_is && !is_numbers && own.len() <= outputs {
        // A name comes once: the numbers of outputs without a class are those of places.
        let rest = (own.len()..outputs).map(|output| format!("#{output}"));
        model.architecture.classes = own.iter().cloned().chain(rest).collect();
    }
    model
}

/// How a data set goes with a network.
#[derive(Clone, PartialEq, Debug)]
pub enum DataMatch {
    /// Its classes are the network's own, or neither has names for them.
    Own,
    /// It has other classes, of which each finds an output.
    Others {
        /// How many.
        classes: usize,
        /// Outputs of the network.
        outputs: usize,
    },
    /// It has more classes than the network tells apart.
    TooMany {
        /// How many.
        classes: usize,
        /// Outputs of the network: one that tells two classes apart, or one for each class.
        outputs: usize,
    },
    /// It has only one class, and nothing can be learned from that.
    OneClass,
    /// Its pictures cannot be made to fit; why.
    Pictures(DataError),
}

impl AppState {
    /// How a data set goes with the network.
    pub fn data_match(&self, data: &Dataset) -> DataMatch {
        let model = &self.inputs.model;
        let data = match fit_to_model(model, data) {
            Ok(data) => data,
            Err(error) => return DataMatch::Pictures(error),
        };
        let (classes, outputs) = (data.classes().len(), model.network.classes());
        let own = |class: usize| model.class_name(class) == data.classes()[class];
        let has_names = !model.architecture.classes.is_empty();
        if classes < 2 {
            DataMatch::OneClass
        } else if classes > outputs {
            DataMatch::TooMany { classes, outputs: model.network.outputs() }
        } else if (0..classes).all(own) || !has_names && classes == outputs {
            DataMatch::Own
        } else {
            DataMatch::Others { classes, outputs }
        }
    }

    /// What an output is called: in training by the class that it learns, else as the model names it.
    pub fn class_name(&self, class: usize) -> String {
        let model = &self.inputs.model;
        let learns = self.inputs.training.as_ref().map(|training| &training.schedule.data);
        let learns = learns.filter(|data| data.names_classes() || data.generator().is_some());
        learns.and_then(|data| data.classes().get(class).cloned()).unwrap_or_else(|| model.class_name(class))
    }
}
