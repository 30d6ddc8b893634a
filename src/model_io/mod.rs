//! Model files, the bundled models and the presets. Everything maps bytes to values or values to bytes; no file is
//! opened here.
//!
//! An [`Architecture`] is TOML text; weights are a safetensors file with PyTorch's names and layouts; a [`Model`]
//! combines both, checked against each other; an ONNX file is a complete model.

#![deny(clippy::wildcard_enum_match_arm)]
// What a file says must not overflow; where sums and products cannot, the file's head says why.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod architecture;
mod arithmetic;
pub mod bundled;
pub mod by_hand;
pub mod checkpoint;
mod families;
mod guess;
mod hdf5;
mod keras;
pub mod model;
mod nearest;
pub mod onnx;
mod open;
pub mod preprocess;
mod preset;
pub mod presets;
mod pt2;
pub mod recognise;
pub mod session;
pub mod torch;
pub mod weights;

pub use architecture::Architecture;
pub use bundled::Bundled;
pub use checkpoint::Checkpoint;
pub use model::{Model, Near};
pub use nearest::nearest;
pub use preprocess::Preprocess;
pub use preset::Preset;

use crate::tensor::ShapeError;

/// Why a model cannot be read or written, in one line: what was expected, what came, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ModelError(pub String);

impl From<ShapeError> for ModelError {
    fn from(error: ShapeError) -> Self {
        Self(error.0)
    }
}
