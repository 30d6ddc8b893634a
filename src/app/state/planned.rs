//! Training on a data set with the examples left out: as a session keeps it.

use super::training::Training;
use crate::data::{Augment, Dataset, Recipe};
use crate::train::BatchSchedule;

/// Training on a data set, the examples left out.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Planned {
    /// Where the examples come from.
    pub data: Recipe,
    /// The seed of order and augmentation.
    pub seed: u64,
    /// Examples in an epoch.
    pub epoch_len: u64,
    /// Examples in a batch.
    pub batch_len: u64,
    /// How pictures are augmented.
    pub augment: Augment,
    /// Times to go through an epoch.
    pub epochs: u32,
    /// The share of a loaded set that is kept back for validation.
    pub validation: f64,
}

impl Planned {
    /// Of a training; `None` where its set was neither generated nor opened.
    pub(in crate::app) fn from_training(training: &Training) -> Option<Self> {
        let Training {
            schedule: BatchSchedule { data, seed, epoch_len, batch_len, augment },
            epochs,
            validation,
        } = training;
        Some(Self {
            data: Recipe::from_dataset(data)?,
            seed: *seed,
            epoch_len: *epoch_len,
            batch_len: *batch_len,
            augment: *augment,
            epochs: *epochs,
            validation: *validation,
        })
    }

    /// The training on this data set.
    ///
    /// # Errors
    /// Where the numbers do not go together.
    pub(in crate::app) fn with(&self, data: Dataset) -> Result<Training, String> {
        let &Self { data: _, seed, epoch_len, batch_len, augment, epochs, validation } = self;
        let is_full = (1..=Training::MAX_BATCH).contains(&batch_len) && epoch_len.is_multiple_of(batch_len);
        if !is_full || epoch_len == 0 || epochs == 0 {
            return Err(format!(
                "session: expected full batches of 1 to {} in at least one epoch, got {epochs} epochs of {epoch_len} in \
                 batches of {batch_len}; take an earlier session",
                Training::MAX_BATCH
            ));
        }
        Ok(Training {
            schedule: BatchSchedule { data, seed, epoch_len, batch_len, augment },
            epochs,
            validation,
        })
    }
}
