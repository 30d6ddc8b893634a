//! Bounded reads: a file is never read beyond a given size, whatever its header claims.

#![deny(clippy::arithmetic_side_effects)]

use super::error::DataError;
use super::system::{self, File};
use flate2::read::MultiGzDecoder;
use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Reads at most `most` bytes plus one, so that the caller can tell whether there is more.
pub(super) fn read_bounded(path: &Path, from: &mut dyn Read, most: u64) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    let read = from.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| failed(path, "a complete file", &error))?;
    Ok(bytes)
}

/// Fills `bytes` up to the end of the file; returns the number of bytes read.
pub(super) fn read_up_to(path: &Path, from: &mut dyn Read, bytes: &mut [u8]) -> Result<usize, DataError> {
    let mut n = 0;
    while n < bytes.len() {
        match from.read(&mut bytes[n..]) {
            Ok(0) => break,
            Ok(more) => n = n.saturating_add(more),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(path, "a complete file", &error)),
        }
    }
    Ok(n)
}

/// The first 16 bytes of a file, after unpacking.
pub(super) fn start_of(path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = [0; 16];
    let n = read_up_to(path, &mut unpacked(path)?, &mut bytes)?;
    Ok(bytes[..n].to_vec())
}

/// Whether a file is compressed with gzip.
pub(super) fn is_gzip(path: &Path) -> Result<bool, DataError> {
    let mut bytes = [0; 2];
    let n = read_up_to(path, &mut open_file(path)?, &mut bytes)?;
    Ok(bytes[..n] == [0x1f, 0x8b])
}

/// A reader of a file's bytes, unpacked if gzip packed them; the unpacked length is not known in advance.
pub(super) fn unpacked(path: &Path) -> Result<Box<dyn Read>, DataError> {
    let file = open_file(path)?;
    Ok(if is_gzip(path)? { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// Opens a file for reading.
pub(super) fn open_file(path: &Path) -> Result<File, DataError> {
    system::open(path).map_err(|error| failed(path, "a file that can be read", &error))
}

/// A folder's entries, sorted by name.
pub(super) fn list(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    let wrong = |error| failed(path, "a folder that can be read", &error);
    let mut entries = system::list(path).map_err(wrong)?;
    entries.sort_unstable();
    Ok(entries)
}

/// The error for a file that the system could not read.
pub(super) fn failed(path: &Path, expected: &str, error: &io::Error) -> DataError {
    DataError::Unreadable {
        path: path.display().to_string(),
        expected: expected.to_owned(),
        is_missing: error.kind() == io::ErrorKind::NotFound,
        reason: error.to_string().lines().collect::<Vec<_>>().join(" "),
    }
}

/// The last component of a path.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A data set's name: its folder's name, or its file's name without extensions.
pub(super) fn name_of(path: &Path) -> String {
    let whole = system::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = file_name(&whole);
    if system::is_dir(&whole) { name } else { name.split('.').next().unwrap_or(&name).to_owned() }
}
/// The file of this name in the same folder, packed or not.
pub(super) fn beside(path: &Path, name: &str) -> Option<PathBuf> {
    let plain = name.strip_suffix(".gz").unwrap_or(name);
    [plain.to_owned(), format!("{plain}.gz")]
        .iter()
        .map(|name| path.with_file_name(name))
        .find(|path| system::is_file(path))
}
