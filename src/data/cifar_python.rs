//! CIFAR-10 and CIFAR-100 in their Python version: pickles of a NumPy array of pixels and a list of labels.
//!
//! The format is that of A. Krizhevsky, "The CIFAR-10 and CIFAR-100 datasets", section "Python version": a dictionary
//! with `data`, N x 3072 unsigned bytes (the red, the green and the blue channel, row by row), and `labels` or
//! `fine_labels`. The file `batches.meta` or `meta` in the same folder lists the class names.

#![deny(clippy::arithmetic_side_effects)]

use super::error::DataError;
use super::files::{file_name, open_file, read_bounded, read_up_to};
use super::pickle::{Id, Pickle};
use super::store::{Held, Stored};
use super::system;
use std::path::Path;

/// Bytes of a picture.
const PIXELS: usize = 3 * 32 * 32;

/// Whether the path is a file with the name and the beginning of a batch in the Python version.
pub(super) fn is_batch(path: &Path) -> bool {
    let mut start = [0; 3];
    let mut read = || open_file(path).and_then(|mut file| read_up_to(path, &mut file, &mut start));
    system::is_file(path) && read().is_ok() && is_batch_of(&file_name(path).to_ascii_lowercase(), &start)
}

/// Whether a file in an archive is such a batch, by its name and its beginning.
pub(super) fn is_batch_of(name: &str, bytes: &[u8]) -> bool {
    let is_named = (name.starts_with("data_batch") || name.starts_with("test_batch")) && !name.contains('.');
    (is_named || matches!(name, "train" | "test")) && bytes.first_chunk().is_some_and(starts_pickle)
}

fn starts_pickle(start: &[u8; 3]) -> bool {
    matches!(start, [0x80, 2..=5, _] | [b'(', b'd', b'p' | b'\n'])
}

/// Whether a file begins as a pickle of protocol 2 or later, or as a dictionary of protocol 0.
pub(super) fn is_pickle(path: &Path) -> bool {
    let mut start = [0; 3];
    let read = open_file(path).and_then(|mut file| read_up_to(path, &mut file, &mut start));
    read.is_ok_and(|_| starts_pickle(&start))
}

/// Reads a batch: pixels and labels. `room` bytes are the most that it may take.
pub(super) fn read(path: &Path, room: &mut u64) -> Result<Stored, DataError> {
    let name = file_name(path);
    let wrong = |what: String| DataError::wrong(&name, what);
    let bytes = read_bounded(path, &mut open_file(path)?, *room)?;
    if bytes.len() as u64 > *room {
        let most = *room >> 20;
        return Err(wrong(format!(
            "expected a batch of at most {most} MB, got a larger one; take the binary version"
        )));
    }
    of_bytes(&name, &bytes, room)
}

/// A batch from its bytes.
pub(super) fn of_bytes(name: &str, bytes: &[u8], room: &mut u64) -> Result<Stored, DataError> {
    let wrong = |what: String| DataError::wrong(name, what);
    let pickle = Pickle::read(bytes).map_err(wrong)?;
    let root = pickle.root();
    let pixels = pickle.get(root, "data").ok_or_else(|| {
        wrong(
            "expected a batch of CIFAR with data and labels, got another pickle; choose another file"
                .to_owned(),
        )
    })?;
    let pixels = pixels_of(&pickle, pixels).map_err(wrong)?;
    let labels = ["labels", "fine_labels"].iter().find_map(|key| pickle.get(root, key));
    let labels = labels
        .and_then(|labels| pickle.items(labels))
        .ok_or_else(|| wrong("expected a list of labels, got none; download it again".to_owned()))?;
    let labels: Option<Vec<u16>> =
        labels.iter().map(|id| pickle.int(*id).and_then(|label| u16::try_from(label).ok())).collect();
    let labels =
        labels.ok_or_else(|| wrong("expected labels from 0, got others; download it again".to_owned()))?;
    if labels.len().checked_mul(PIXELS) != Some(pixels.len()) {
        let (count, got) = (pixels.len() / PIXELS, labels.len());
        return Err(wrong(format!(
            "expected a label for each of {count} pictures, got {got}; download it again"
        )));
    }
    *room = room.saturating_sub(pixels.len() as u64);
    Ok(Stored { pixels: Box::new(Held(pixels)), labels })
}

/// The bytes of a pickled NumPy array of N x 3072 unsigned bytes: its state is (version, shape, type, order, bytes).
fn pixels_of(pickle: &Pickle, array: Id) -> Result<Vec<u8>, String> {
    let wrong = "expected N x 3072 unsigned bytes in data, got something else; download it again";
    let (_, state) = pickle.made_by(array, "_reconstruct").ok_or(wrong)?;
    let state = state.and_then(|state| pickle.items(state)).ok_or(wrong)?;
    let &[_, shape, kind, _, bytes] = state else { return Err(wrong.to_owned()) };
    let shape: Option<Vec<usize>> = pickle.items(shape).and_then(|axes| {
        axes.iter().map(|axis| pickle.int(*axis).and_then(|axis| usize::try_from(axis).ok())).collect()
    });
    let is_u8 = pickle
        .made_by(kind, "dtype")
        .is_some_and(|(arguments, _)| arguments.first().and_then(|name| pickle.text(*name)) == Some("u1"));
    let len = match shape.as_deref() {
        Some([count, PIXELS]) if is_u8 => count.checked_mul(PIXELS),
        _ => None,
    };
    let bytes = bytes_of(pickle, bytes).ok_or(wrong)?;
    if len == Some(bytes.len()) { Ok(bytes) } else { Err(wrong.to_owned()) }
}

/// Bytes; Python 3 writes them in protocol 2 as a text whose letters are the bytes.
fn bytes_of(pickle: &Pickle, id: Id) -> Option<Vec<u8>> {
    if let Some((&[text, _], _)) = pickle.made_by(id, "encode") {
        return pickle.text(text)?.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    }
    pickle.bytes(id).map(<[u8]>::to_vec)
}

/// The class names from the file in the same folder as `path`; without that file, `count` numbers.
///
/// # Errors
/// If the file is no list of names.
pub(super) fn classes(path: &Path, count: usize) -> Result<Vec<String>, DataError> {
    const LONGEST: u64 = 1 << 20;
    let beside = META.map(|(file, key)| (path.with_file_name(file), key));
    let Some((meta, key)) = beside.into_iter().find(|(meta, _)| system::is_file(meta)) else {
        return Ok((0..count).map(|class| class.to_string()).collect());
    };
    let bytes = read_bounded(&meta, &mut open_file(&meta)?, LONGEST)?;
    names_of(&file_name(&meta), &bytes, key)
}

/// The files that list the class names, and under which key.
pub(super) const META: [(&str, &str); 2] = [("batches.meta", "label_names"), ("meta", "fine_label_names")];

/// The class names from the bytes of such a file.
///
/// # Errors
/// If it is no list of names.
pub(super) fn names_of(file: &str, bytes: &[u8], key: &str) -> Result<Vec<String>, DataError> {
    let names = Pickle::read(bytes).ok().and_then(|pickle| {
        let names = pickle.get(pickle.root(), key)?;
        pickle
            .items(names)?
            .iter()
            .map(|name| pickle.text(*name).map(str::to_owned))
            .collect::<Option<Vec<_>>>()
    });
    names.filter(|names| !names.is_empty()).ok_or_else(|| {
        let what = format!("expected a list of class names in {key}, got none; correct or remove the file");
        DataError::wrong(file, what)
    })
}
