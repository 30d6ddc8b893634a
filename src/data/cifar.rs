//! CIFAR-10 and CIFAR-100 in their binary version: records of labels and a colour picture of 32 x 32.
//!
//! The format is that of A. Krizhevsky, "The CIFAR-10 and CIFAR-100 datasets", section "Binary version". A record
//! of CIFAR-10 starts with one label byte, one of CIFAR-100 with two (coarse, fine); 3,072 bytes follow: the red,
//! the green and the blue channel, row by row. A text file in the same folder lists the class names, one per line.

#![deny(clippy::arithmetic_side_effects)]

use super::counter::Counter;
use super::error::DataError;
use super::files::{failed, file_name, open_file, read_bounded};
use super::store::{Held, Pixels, RecordFile, Records, Stored};
use super::system;
use std::{
    io::{BufReader, Read},
    path::{Path, PathBuf},
    sync::Mutex,
};

/// (C, H, W) of every picture.
pub(super) const SHAPE: [usize; 3] = [3, 32, 32];
/// Bytes of a picture.
const PIXELS: usize = 3 * 32 * 32;

/// Which of the two sets a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CifarVariant {
    Ten,
    Hundred,
}

impl CifarVariant {
    /// Detects the variant from the file's name, or from its length if the name does not tell.
    ///
    /// # Errors
    /// If the length is not a multiple of the record length.
    pub(super) fn from_path(path: &Path) -> Result<CifarVariant, DataError> {
        let name = file_name(path).to_ascii_lowercase();
        let len =
            system::len(&open_file(path)?).map_err(|error| failed(path, "the file's length", &error))?;
        let fits = |variant: &CifarVariant| len > 0 && len.is_multiple_of(variant.stride() as u64);
        let named = match name.as_str() {
            "train.bin" | "test.bin" => Some(CifarVariant::Hundred),
            _ if is_batch(path) => Some(CifarVariant::Ten),
            _ => None,
        };
        let variant = named.map_or_else(
            || [CifarVariant::Ten, CifarVariant::Hundred].into_iter().find(fits),
            |variant| Some(variant).filter(fits),
        );
        variant.ok_or_else(|| {
            let (expected, remedy) = match named {
                Some(variant) => (format!("a multiple of {} bytes", variant.stride()), "download it again"),
                None => (
                    "a multiple of 3073 bytes (CIFAR-10) or 3074 (CIFAR-100)".to_owned(),
                    "choose another file",
                ),
            };
            DataError::wrong(
                &file_name(path),
                format!("expected a length that is {expected}, got {len} bytes; {remedy}"),
            )
        })
    }

    /// The class names from the file in the same folder as `path`; without that file, the numbers.
    ///
    /// # Errors
    /// If the file has the wrong number of names.
    pub(super) fn classes(self, path: &Path) -> Result<Vec<String>, DataError> {
        let (file, count) = self.names_file();
        let path = path.with_file_name(file);
        if !system::is_file(&path) {
            return Ok((0..count).map(|class| class.to_string()).collect());
        }
        const LONGEST: u64 = 1 << 16;
        let text = read_bounded(&path, &mut open_file(&path)?, LONGEST)?;
        self.names_of(&text)
    }

    /// The name of the file that lists the class names, and how many there are.
    pub(super) const fn names_file(self) -> (&'static str, usize) {
        match self {
            CifarVariant::Ten => ("batches.meta.txt", 10),
            CifarVariant::Hundred => ("fine_label_names.txt", 100),
        }
    }

    /// The class names from the bytes of that file.
    ///
    /// # Errors
    /// If it has the wrong number of names.
    pub(super) fn names_of(self, text: &[u8]) -> Result<Vec<String>, DataError> {
        let (file, count) = self.names_file();
        let text = String::from_utf8_lossy(text);
        let names: Vec<String> =
            text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if names.len() != count {
            let what = format!(
                "expected {count} class names, one per line, got {}; correct or remove the file",
                names.len()
            );
            return Err(DataError::wrong(file, what));
        }
        Ok(names)
    }

    fn labels(self) -> usize {
        match self {
            CifarVariant::Ten => 1,
            CifarVariant::Hundred => 2,
        }
    }

    fn stride(self) -> usize {
        self.labels().saturating_add(PIXELS)
    }
}

/// Whether the path is a file with the name of a CIFAR batch.
pub(super) fn is_batch(path: &Path) -> bool {
    system::is_file(path) && is_batch_name(&file_name(path).to_ascii_lowercase())
}

/// Whether a name is that of a CIFAR batch.
pub(super) fn is_batch_name(name: &str) -> bool {
    let ten = name.starts_with("data_batch") || name.starts_with("test_batch");
    ten && name.ends_with(".bin") || name == "train.bin" || name == "test.bin"
}

/// Reads the records in the bytes of a file.
///
/// # Errors
/// If the length is not a multiple of a record's.
pub(super) fn of_bytes(name: &str, bytes: &[u8], variant: CifarVariant) -> Result<Stored, DataError> {
    let (stride, begin) = (variant.stride(), variant.labels());
    if bytes.is_empty() || !bytes.len().is_multiple_of(stride) {
        let what = format!("expected a multiple of {stride} bytes, got {}; download it again", bytes.len());
        return Err(DataError::wrong(name, what));
    }
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    for record in bytes.chunks_exact(stride) {
        labels.push(u16::from(record[begin.saturating_sub(1)]));
        pixels.extend_from_slice(&record[begin..]);
    }
    Ok(Stored { pixels: Box::new(Held(pixels)), labels })
}

/// Reads the records of all files of one split. If their pixels exceed `room` bytes, they stay on disk.
pub(super) fn read(
    paths: &[PathBuf],
    variant: CifarVariant,
    room: &mut u64,
    counter: &Counter,
) -> Result<Stored, DataError> {
    let (stride, begin) = (variant.stride(), variant.labels());
    let mut files = Vec::new();
    for path in paths {
        let file = open_file(path)?;
        let len = system::len(&file).map_err(|error| failed(path, "the file's length", &error))?;
        let count = len.checked_div(stride as u64).unwrap_or(0);
        files.push(RecordFile {
            name: file_name(path),
            file: Mutex::new(file),
            count,
            begin: begin as u64,
            stride: stride as u64,
        });
    }
    let count = files.iter().fold(0u64, |count, file| count.saturating_add(file.count));
    let bytes = count.saturating_mul(PIXELS as u64);
    let holds = bytes <= *room;
    let (mut labels, mut pixels) = (Vec::new(), Vec::new());
    let mut record = vec![0; stride];
    for (file, path) in files.iter().zip(paths) {
        let mut reader = BufReader::new(open_file(path)?);
        for _ in 0..file.count {
            reader.read_exact(&mut record).map_err(|error| failed(path, "a complete file", &error))?;
            labels.push(u16::from(record[begin.saturating_sub(1)]));
            if holds {
                pixels.extend_from_slice(&record[begin..]);
            }
        }
        counter.finish_one()?;
    }
    let pixels: Box<dyn Pixels> = if holds {
        *room = room.saturating_sub(bytes);
        Box::new(Held(pixels))
    } else {
        Box::new(Records(files))
    };
    Ok(Stored { pixels, labels })
}
