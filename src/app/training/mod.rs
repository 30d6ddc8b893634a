//! Training on a data set: what feeds a run; the job that a worker steps through batch by batch; what the user asks for.

use crate::data::Dataset;
use crate::model_io::{Model, Preprocess};
use crate::tensor::Tensor;
use crate::train::{Course, stack};

mod act;
mod job;

pub use act::{Running, TrainAction, TrainingState};
pub(super) use act::{act, halt, is_steering, shelve, steer, unshelve};
pub use job::{End, Job, News, Step, Until, checked};

/// What a user chooses to train on.
#[derive(Clone, PartialEq, Debug)]
pub struct Training {
    /// Which example comes when; every batch is full.
    pub course: Course,
    /// Times to go through an epoch.
    pub epochs: u32,
}

impl Training {
    /// The most images in a batch.
    pub const MAX_BATCH: u64 = 1024;

    /// A data set in batches of so many, with usual settings.
    pub fn new(data: Dataset, batch: u64, seed: u64) -> Self {
        let epoch_len = Course::epoch_of(&data);
        let course = Course { data, seed, epoch_len, batch_len: 1, augment: Default::default() };
        Self { course, epochs: 20 }.with_batch(batch)
    }

    /// The same for another model; `None` where the data does not fit it.
    pub(super) fn for_model(mut self, model: &Model) -> Option<Self> {
        self.course.data = self.course.data.fitted(model.network.input).ok()?;
        (self.course.data.classes().len() <= model.network.classes()).then_some(self)
    }

    /// With another size of the batches; an epoch is as many full ones as the data fills, at least one.
    #[must_use]
    pub fn with_batch(mut self, batch: u64) -> Self {
        let len = Course::epoch_of(&self.course.data);
        self.course.batch_len = batch.clamp(1, Self::MAX_BATCH).min(len);
        self.course.epoch_len = len / self.course.batch_len * self.course.batch_len;
        self
    }
}

/// What feeds a run.
#[derive(Clone, Debug)]
pub enum Feed {
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
        course: Course,
        /// From pixels to the input.
        preprocess: Preprocess,
        /// Extents of the output.
        output: [usize; 3],
    },
}

impl Feed {
    /// The batches of a data set.
    ///
    /// # Errors
    /// Where the examples do not fit the model.
    pub fn of_training(model: &Model, training: &Training) -> Result<Self, String> {
        let data = &training.course.data;
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
            course: training.course.clone(),
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
            Self::Batches { course, preprocess, output } => {
                let examples = course.batch_at(u64::from(time)).map_err(|error| error.to_string())?;
                stack(&examples, |pixels| preprocess.apply(pixels), *output).ok_or_else(|| {
                    format!(
                        "{}: expected examples of one shape, got others; choose other data",
                        course.data.name()
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
            Self::Batches { course, .. } => {
                let mut examples = course.batch_at(u64::from(time)).ok()?;
                let image = image as usize;
                (image < examples.len()).then(|| examples.swap_remove(image))
            }
        }
    }
}
