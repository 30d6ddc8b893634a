//! CIFAR as it is downloaded: the batches of the binary or the Python version in a .tar archive.

use super::cifar::{self, CifarVariant};
use super::cifar_python;
use super::dataset::{Dataset, Split};
use super::error::DataError;
use super::picture_files::Files;
use super::store::Stored;
use super::tar::Tar;

/// The set in an archive; `None` if it has no batches.
///
/// # Errors
/// If a batch is damaged.
pub(super) fn load(name: &str, tar: &Tar, room: &mut u64) -> Result<Option<Dataset>, DataError> {
    let mut files: Vec<(String, &[u8])> =
        tar.paths().iter().enumerate().map(|(number, path)| (base(path), tar.bytes(number))).collect();
    // As in a folder, where names are sorted.
    files.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let mut splits: [Vec<Stored>; 3] = Default::default();
    let binary = files.iter().filter(|(name, _)| cifar::is_batch_name(name));
    for (file, bytes) in binary {
        let stored = cifar::of_bytes(file, bytes, variant(file))?;
        splits[part(file) as usize].push(stored);
    }
    let python = files.iter().filter(|(name, bytes)| cifar_python::is_batch_of(name, bytes));
    for (file, bytes) in python {
        let stored = cifar_python::of_bytes(file, bytes, room)?;
        splits[part(file) as usize].push(stored);
    }
    if splits.iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let stored = splits.map(Stored::joined);
    let most = stored.iter().flat_map(|split| &split.labels).max().copied().unwrap_or(0);
    let classes = match names(&files)? {
        Some(names) => names,
        None => (0..if most < 10 { 10 } else { 100 }).map(|class: u16| class.to_string()).collect(),
    };
    Dataset::stored(name, cifar::SHAPE, classes, stored).map(Some)
}

/// The name of a file without its folders, in lower case.
fn base(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase()
}

fn variant(file: &str) -> CifarVariant {
    if matches!(file, "train.bin" | "test.bin") { CifarVariant::Hundred } else { CifarVariant::Ten }
}

fn part(file: &str) -> Split {
    if file.starts_with("test") { Split::Test } else { Split::Train }
}

/// The class names, if a file lists them.
fn names(files: &[(String, &[u8])]) -> Result<Option<Vec<String>>, DataError> {
    let find = |wanted: &str| files.iter().find(|(name, _)| name == wanted).map(|(_, bytes)| *bytes);
    for (file, key) in cifar_python::META {
        if let Some(bytes) = find(file) {
            return cifar_python::names_of(file, bytes, key).map(Some);
        }
    }
    for variant in [CifarVariant::Ten, CifarVariant::Hundred] {
        if let Some(text) = find(variant.names_file().0) {
            return variant.names_of(text).map(Some);
        }
    }
    Ok(None)
}
