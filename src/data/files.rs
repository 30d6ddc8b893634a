//! Reading files within bounds: never more than is asked for, whatever they say of themselves.

use super::error::DataError;
use flate2::read::MultiGzDecoder;
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// At most `most` bytes and one more, by which the caller sees that there is more.
pub(super) fn read_bounded(path: &Path, from: &mut dyn Read, most: u64) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    let read = from.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| failed(path, "a whole file", &error))?;
    Ok(bytes)
}

/// Fills `bytes` as far as the file goes.
pub(super) fn read_up_to(path: &Path, from: &mut dyn Read, bytes: &mut [u8]) -> Result<usize, DataError> {
    let mut n = 0;
    while n < bytes.len() {
        match from.read(&mut bytes[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(path, "a whole file", &error)),
        }
    }
    Ok(n)
}

/// The first bytes of a file, or of what it packs.
pub(super) fn start_of(path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = [0; 16];
    let n = read_up_to(path, &mut unpacked(path)?, &mut bytes)?;
    Ok(bytes[..n].to_vec())
}

/// Whether a file is packed by gzip.
pub(super) fn is_gzip(path: &Path) -> Result<bool, DataError> {
    let mut bytes = [0; 2];
    let n = read_up_to(path, &mut open_file(path)?, &mut bytes)?;
    Ok(bytes[..n] == [0x1f, 0x8b])
}

/// A file's bytes, unpacked where gzip packed them; how many there are is not known before.
pub(super) fn unpacked(path: &Path) -> Result<Box<dyn Read>, DataError> {
    let file = open_file(path)?;
    Ok(if is_gzip(path)? { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// Opens a file to read.
pub(super) fn open_file(path: &Path) -> Result<File, DataError> {
    File::open(path).map_err(|error| failed(path, "a file that can be read", &error))
}

/// A folder's entries in the order of their names.
pub(super) fn list(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    let wrong = |error| failed(path, "a folder that can be read", &error);
    let entries = fs::read_dir(path).map_err(wrong)?;
    let mut entries =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    entries.sort_unstable();
    Ok(entries)
}

/// What the system says against a file.
pub(super) fn failed(path: &Path, expected: &str, error: &io::Error) -> DataError {
    let error: String = error.to_string().lines().collect::<Vec<_>>().join(" ");
    DataError::wrong(
        &path.display().to_string(),
        format!("expected {expected}, got {error}; check the path and the file"),
    )
}

/// A file's own name.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A set's name: that of its folder, or of its file without endings.
pub(super) fn name_of(path: &Path) -> String {
    let whole = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = file_name(&whole);
    if whole.is_dir() { name } else { name.split('.').next().unwrap_or(&name).to_owned() }
}
/// The file of that name in the same folder, packed or not.
pub(super) fn beside(path: &Path, name: &str) -> Option<PathBuf> {
    let plain = name.strip_suffix(".gz").unwrap_or(name);
    [plain.to_owned(), format!("{plain}.gz")]
        .iter()
        .map(|name| path.with_file_name(name))
        .find(|path| path.is_file())
}
