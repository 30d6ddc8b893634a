//! The settings of training on a data set.

use crate::data::{DataError, Dataset};
use crate::model_io::Model;
use crate::train::BatchSchedule;

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

    /// A data set in batches of so many, with usual settings.
    pub fn new(data: Dataset, batch: u64, seed: u64) -> Self {
        let validation = data.usual_share();
        let data = data.with_split(validation, seed);
        let epoch_len = BatchSchedule::default_epoch_len(&data);
        let schedule = BatchSchedule { data, seed, epoch_len, batch_len: 1, augment: Default::default() };
        Self { schedule, epochs: 20, validation }.with_batch(batch)
    }

    /// The same for another model, which takes the names of the classes where it has none; `None` where the data does
    /// not fit it.
    pub(in crate::app) fn for_model(mut self, model: Model) -> (Model, Option<Self>) {
        let is_free = model.architecture.classes.is_empty();
        let data = match fit_to_model(&model, &self.schedule.data) {
            Ok(data) if data.classes().len() <= model.network.classes() => data,
            Ok(_) | Err(_) => return (model, None),
        };
        let names = names(&model, &data);
        if names.is_some() && !is_free {
            return (model, None);
        }
        self.schedule.data = data;
        (with_names(model, names), Some(self))
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

/// The names that a network's outputs take from data of other classes; `None` where they keep their own. Classes
/// that are only numbers leave as many names as they are.
pub(in crate::app) fn names(model: &Model, data: &Dataset) -> Option<Vec<String>> {
    let (outputs, own) = (model.network.classes(), data.classes());
    let named = (0..outputs).map(|class| model.class_name(class));
    let is_as_it_is = named.eq(own.iter().cloned());
    let is_numbers = data.generator().is_none() && !data.names_classes() && own.len() == outputs;
    if is_as_it_is || is_numbers || own.len() > outputs {
        return None;
    }
    // A name comes once: the numbers of outputs without a class are those of places.
    let rest = (own.len()..outputs).map(|output| format!("#{output}"));
    Some(own.iter().cloned().chain(rest).collect())
}

pub(in crate::app) fn with_names(mut model: Model, names: Option<Vec<String>>) -> Model {
    if let Some(names) = names {
        model.architecture.classes = names;
    }
    model
}
