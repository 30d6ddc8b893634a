//! How to open a data set, and what opening it gives.

use super::{
    beside::Beside, dataset::Dataset, error::DataError, location::Location, notes::DataNote,
    upper_folders::UpperFolders,
};
use crate::execution::Execution;

/// The most bytes of pixels that [`open`](super::open()) keeps in memory for one set: 1 GB. Larger sets are read
/// from disk on demand; a larger packed file is refused.
pub const MAX_HELD_BYTES: u64 = 1 << 30;

/// An opened data set, and the files that were left out of it.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The set.
    pub dataset: Dataset,
    /// What its files were taken for.
    pub notes: Vec<DataNote>,
    /// Files and folders that were left out.
    pub skipped: Vec<Skipped>,
}

/// A file or folder that was left out of a data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path within the set.
    pub name: String,
    /// Why, in one line: what was expected, what came, what to do.
    pub reason: String,
}

/// Options for opening a data set: the size of its pictures, how much memory they may fill, and what its folders are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// (C, H, W) to which pictures are fitted; `None` keeps the set's own shape.
    pub shape: Option<[usize; 3]>,
    /// Without `shape`: the most rows or columns of a picture from class folders; larger ones are reduced.
    pub max_side: Option<usize>,
    /// The most bytes of pixels to keep in memory.
    pub max_held_bytes: u64,
    /// What the upper folders of class folders are.
    pub folders: UpperFolders,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions {
            shape: None,
            max_side: None,
            max_held_bytes: MAX_HELD_BYTES,
            folders: UpperFolders::ByName,
        }
    }
}

/// Access to the files of data sets.
pub trait DataFiles: Sync {
    /// Opens the data set at `location`.
    ///
    /// # Errors
    /// If no data set can be read there; [`DataError::Cancelled`].
    fn open(&self, location: &Location, options: OpenOptions, exec: Execution) -> Result<Opened, DataError>;

    /// The files in the folder of the file at `location`; none unless the host has folders.
    fn beside(&self, location: &Location) -> Box<dyn Beside> {
        let _ = location;
        Box::new(())
    }
}

/// No files: opens nothing.
impl DataFiles for () {
    fn open(&self, location: &Location, _: OpenOptions, _: Execution) -> Result<Opened, DataError> {
        let what = "expected a place to read data sets from, got none; use a generated one".to_owned();
        Err(DataError::Wrong { name: location.to_string(), what })
    }
}
