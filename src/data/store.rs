//! Where the pixels of a loaded set lie: held in memory, a byte a value, or read from disk when asked for.

use super::error::DataError;
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    sync::{Mutex, PoisonError},
};

/// The pixels of one part of a set: example by example, plane by plane, row by row, a byte each.
pub(super) trait Pixels: Send + Sync {
    /// Fills `bytes`, one example long, with example `index`.
    fn read(&self, index: u64, bytes: &mut [u8]) -> Result<(), DataError>;
}

/// One part of a loaded set.
pub(super) struct Stored {
    pub pixels: Box<dyn Pixels>,
    /// The class of each example.
    pub labels: Vec<u16>,
}

impl Stored {
    /// No example.
    pub(super) fn none() -> Stored {
        Stored { pixels: Box::new(Held(Vec::new())), labels: Vec::new() }
    }

    pub(super) fn len(&self) -> u64 {
        self.labels.len() as u64
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

/// Records of one length in files that stay on disk.
pub(super) struct Records(pub Vec<RecordFile>);

/// One file of records.
pub(super) struct RecordFile {
    pub name: String,
    pub file: Mutex<File>,
    /// Records in it.
    pub count: u64,
    /// Where the pixels of the first record begin.
    pub begin: u64,
    /// Bytes from one record to the next.
    pub stride: u64,
}

impl Pixels for Records {
    fn read(&self, index: u64, bytes: &mut [u8]) -> Result<(), DataError> {
        let mut place = index;
        for records in &self.0 {
            if place < records.count {
                let at = records.begin + place * records.stride;
                // A panic elsewhere leaves no state in a file that a seek does not replace.
                let mut file = records.file.lock().unwrap_or_else(PoisonError::into_inner);
                let read = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(bytes));
                return read.map_err(|error| {
                    let what =
                        format!("expected {} bytes at {at}, got {error}; open the set again", bytes.len());
                    DataError::wrong(&records.name, what)
                });
            }
            place -= records.count;
        }
        Err(DataError::wrong(
            "data",
            format!("expected an example on disk, got number {index}; open the set again"),
        ))
    }
}
