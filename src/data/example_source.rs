//! Where a data set's examples come from.

use super::{difficulty::Difficulty, generated::Generated};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where the examples come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExampleSource {
    /// They are made.
    Generated {
        /// By this generator.
        generated: Generated,
        /// From this seed.
        seed: u64,
        /// So hard.
        difficulty: Difficulty,
    },
    /// They were read.
    Opened {
        /// From this file or folder.
        path: PathBuf,
    },
}
