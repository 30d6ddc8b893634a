//! The source of a data set's examples.

use super::{difficulty::Difficulty, generated::Generated, location::Location, upper_folders::UpperFolders};
use serde::{Deserialize, Serialize};

/// Where a data set's examples come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExampleSource {
    /// A generator.
    Generated {
        /// The generator.
        generated: Generated,
        /// Its seed.
        seed: u64,
        /// The difficulty of the examples.
        difficulty: Difficulty,
    },
    /// Files.
    Opened {
        /// The file or folder.
        #[serde(rename = "path")]
        location: Location,
        /// What its upper folders were said to be.
        #[serde(default, skip_serializing_if = "UpperFolders::are_by_name")]
        folders: UpperFolders,
    },
}
