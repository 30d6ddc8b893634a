//! The pixels of a loaded set: held in memory, one byte per value, or read from disk on demand.

#![deny(clippy::arithmetic_side_effects)]

use super::error::DataError;
use super::system::File;
use std::{
    io::{Read, Seek, SeekFrom},
    sync::{Mutex, PoisonError},
};

/// The pixels of one split: example by example, channel by channel, row by row, one byte each.
pub(super) trait Pixels: Send + Sync {
    /// Reads example `index` into `bytes`, which has the length of one example.
    fn read(&self, index: u64, bytes: &mut [u8]) -> Result<(), DataError>;
}

/// One split of a loaded set.
pub(super) struct Stored {
    pub pixels: Box<dyn Pixels>,
    /// The class of each example.
    pub labels: Vec<u16>,
}

impl Stored {
    /// An empty split.
    pub(super) fn none() -> Stored {
        Stored { pixels: Box::new(Held(Vec::new())), labels: Vec::new() }
    }

    /// The examples of several splits, one after another.
    pub(super) fn joined(splits: Vec<Stored>) -> Stored {
        let labels = splits.iter().flat_map(|split| &split.labels).copied().collect();
        Stored { pixels: Box::new(Joined(splits)), labels }
    }

    pub(super) fn len(&self) -> u64 {
        self.labels.len() as u64
    }
}

/// The examples of several splits, one after another.
struct Joined(Vec<Stored>);

impl Pixels for Joined {
    fn read(&self, index: u64, bytes: &mut [u8]) -> Result<(), DataError> {
        let mut place = index;
        for split in &self.0 {
            match place.checked_sub(split.len()) {
                None => return split.pixels.read(place, bytes),
                Some(rest) => place = rest,
            }
        }
        Err(DataError::wrong(
            "data",
            format!("expected an example that is held, got number {index}; open the set again"),
        ))
    }
}

/// All examples one after another in memory.
pub(super) struct Held(pub Vec<u8>);

impl Pixels for Held {
    fn read(&self, index: u64, bytes: &mut [u8]) -> Result<(), DataError> {
        let from = usize::try_from(index).ok().and_then(|index| index.checked_mul(bytes.len()));
        let found = from.and_then(|from| self.0.get(from..)?.get(..bytes.len()));
        bytes.copy_from_slice(found.ok_or_else(|| {
            DataError::wrong(
                "data",
                format!("expected an example that is held, got number {index}; open the set again"),
            )
        })?);
        Ok(())
    }
}

/// Records of one length in files on disk.
pub(super) struct Records(pub Vec<RecordFile>);

/// A file of records.
pub(super) struct RecordFile {
    pub name: String,
    pub file: Mutex<File>,
    /// The number of records.
    pub count: u64,
    /// The offset of the first record's pixels.
    pub begin: u64,
    /// The distance from one record to the next, in bytes.
    pub stride: u64,
}

impl Pixels for Records {
    fn read(&self, index: u64, bytes: &mut [u8]) -> Result<(), DataError> {
        let mut place = index;
        for records in &self.0 {
            if place < records.count {
                let at = records.begin.saturating_add(place.saturating_mul(records.stride));
                // After a panic elsewhere the lock is poisoned, but a seek resets the file's only state.
                let mut file = records.file.lock().unwrap_or_else(PoisonError::into_inner);
                let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(bytes));
                return read.map_err(|error| {
                    let what =
                        format!("expected {} bytes at {at}, got {error}; open the set again", bytes.len());
                    DataError::wrong(&records.name, what)
                });
            }
            place = place.saturating_sub(records.count);
        }
        Err(DataError::wrong(
            "data",
            format!("expected an example on disk, got number {index}; open the set again"),
        ))
    }
}
