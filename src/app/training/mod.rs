//! Training on a data set: what feeds a run; the job that a worker steps through batch by batch; what the user asks for.

use crate::data::{DataError, Dataset};
use crate::model_io::{Model, Preprocess};
use crate::tensor::Tensor;
use crate::train::{BatchSchedule, stack};

mod act;
mod job;

pub use act::{Running, TrainAction, TrainingState};
pub(super) use act::{act, fork, halt, is_forking, is_steering, shelve, steer, take_fork, trained, unshelve};
pub use job::{End, Job, News, Step, Until, checked};

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
    pub(super) fn for_model(mut self, model: Model) -> (Model, Option<Self>) {
        let is_free = model.architecture.classes.is_empty();
        let data = match fitted(&model, &self.schedule.data) {
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
fn fitted(model: &Model, data: &Dataset) -> Result<Dataset, DataError> {
    let data = data.fitted(model.network.input)?;
    let classes: Vec<String> = (0..model.network.classes()).map(|class| model.class_name(class)).collect();
    Ok(data.with_classes(&classes).unwrap_or(data))
}

/// The names that a network's outputs take from data of other classes; `None` where they keep their own. Classes
/// that are only numbers leave as many names as they are.
fn names(model: &Model, data: &Dataset) -> Option<Vec<String>> {
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

fn with_names(mut model: Model, names: Option<Vec<String>>) -> Model {
    if let Some(names) = names {
        model.architecture.classes = names;
    }
    model
}

/// What feeds a run.
#[derive(Clone, Debug)]
pub enum BatchSource {
    /// The same picture at every step.
    Picture {
        /// (1, C, H, W), after preprocessing.
        input: Tensor,
        /// (1, output).
        target: Tensor,
    },
    /// Batches of a data set.
    Batches {
        /// Which comes when.
        schedule: BatchSchedule,
        /// From pixels to the input.
        preprocess: Preprocess,
        /// Extents of the output.
        output: [usize; 3],
    },
}

impl BatchSource {
    /// The batches of a data set.
    ///
    /// # Errors
    /// Where the examples do not fit the model.
    pub fn from_training(model: &Model, training: &Training) -> Result<Self, String> {
        let data = &training.schedule.data;
        if data.shape() != model.network.input {
            return Err(format!(
                "{}: expected examples of {:?} (channels, rows, columns) for {}, got {:?}; choose other data or another \
                 network",
                data.name(),
                model.network.input,
                model.name,
                data.shape()
            ));
        }
        if data.classes().len() > model.network.classes() {
            return Err(format!(
                "{}: expected at most {} classes, as {} has outputs, got {}; choose other data or give the last layer \
                 more outputs",
                data.name(),
                model.network.classes(),
                model.name,
                data.classes().len()
            ));
        }
        Ok(Self::Batches {
            schedule: training.schedule.clone(),
            preprocess: model.architecture.preprocess.clone(),
            output: model.network.output(),
        })
    }

    /// The input, (N, C, H, W), and target of a step.
    ///
    /// # Errors
    /// Where an example cannot be read.
    pub fn batch(&self, time: u32) -> Result<(Tensor, Tensor), String> {
        match self {
            Self::Picture { input, target } => Ok((input.clone(), target.clone())),
            Self::Batches { schedule, preprocess, output } => {
                let examples = schedule.batch_at(u64::from(time)).map_err(|error| error.to_string())?;
                stack(&examples, |pixels| preprocess.apply(pixels), *output).ok_or_else(|| {
                    format!(
                        "{}: expected examples of one shape, got others; choose other data",
                        schedule.data.name()
                    )
                })
            }
        }
    }

    /// The pixels of one image of a step's batch before preprocessing, (1, C, H, W) in 0..=255, and its class;
    /// `None` for a picture.
    pub fn pixels(&self, time: u32, image: u32) -> Option<(Tensor, usize)> {
        match self {
            Self::Picture { .. } => None,
            Self::Batches { schedule, .. } => {
                let mut examples = schedule.batch_at(u64::from(time)).ok()?;
                let image = image as usize;
                (image < examples.len()).then(|| examples.swap_remove(image))
            }
        }
    }
}
