//! Where the batches of a run come from.

use super::training::Training;
use crate::model_io::{Model, Preprocess};
use crate::nn::loss::Targets;
use crate::tensor::Tensor;
use crate::train::{BatchSchedule, fault_of_classes, stack};

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
        /// The preprocessing from pixels to the input.
        preprocess: Preprocess,
        /// What the loss compares the output with.
        targets: Targets,
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
        if let Some(fault) = fault_of_classes(&model.network, data.classes().len(), true) {
            return Err(format!("{}: {fault}", data.name()));
        }
        Ok(Self::Batches {
            schedule: training.schedule.clone(),
            preprocess: model.architecture.preprocess.clone(),
            targets: model.network.targets(),
        })
    }

    /// The input, (N, C, H, W), and target of a step.
    ///
    /// # Errors
    /// Where an example cannot be read.
    pub fn batch(&self, time: u32) -> Result<(Tensor, Tensor), String> {
        match self {
            Self::Picture { input, target } => Ok((input.clone(), target.clone())),
            Self::Batches { schedule, preprocess, targets } => {
                let examples = schedule.batch_at(u64::from(time)).map_err(|error| error.to_string())?;
                stack(&examples, |pixels| preprocess.apply(pixels), *targets).ok_or_else(|| {
                    format!(
                        "{}: expected examples of one shape, got others; choose other data",
                        schedule.data.name()
                    )
                })
            }
        }
    }

    /// The pixels of one image of a step's batch as the network sees them, before they are scaled, (1, C, H, W) in
    /// 0..=255, and its class; `None` for a picture.
    pub fn pixels(&self, time: u32, image: u32) -> Option<(Tensor, usize)> {
        match self {
            Self::Picture { .. } => None,
            Self::Batches { schedule, preprocess, targets: _ } => {
                let mut examples = schedule.batch_at(u64::from(time)).ok()?;
                let image = image as usize;
                let (pixels, class) = (image < examples.len()).then(|| examples.swap_remove(image))?;
                Some((preprocess.seen(&pixels).into_owned(), class))
            }
        }
    }
}
