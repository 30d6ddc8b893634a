//! IDX files, the format of MNIST and its relatives: pictures in one file, labels in another.
//!
//! The format is that of Y. LeCun, "The MNIST database", section "File formats": two zero bytes, the type (8 for
//! unsigned bytes), the number of axes, each axis as a big-endian 32-bit number, then the values, last axis
//! fastest.

#![deny(clippy::arithmetic_side_effects)]

use super::error::DataError;
use super::files::{beside, failed, file_name, is_gzip, open_file, read_bounded, read_up_to, unpacked};
use super::store::{Held, Pixels, RecordFile, Records, Stored};
use super::system;
use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

/// The first three bytes of an IDX file of unsigned bytes.
const MAGIC: [u8; 3] = [0, 0, 8];

/// Reads a file of pictures and its file of labels; also returns the pictures' rows and columns. Pixels that exceed
/// `room` bytes stay on disk; a packed file of that size is refused.
pub(super) fn read(path: &Path, room: &mut u64) -> Result<(Stored, [usize; 2]), DataError> {
    let name = file_name(path);
    let mut header = [0; IMAGES_HEADER];
    let (images, pixels): (Images, Box<dyn Pixels>) = if is_gzip(path)? {
        let mut file = unpacked(path)?;
        let n = read_up_to(path, &mut file, &mut header)?;
        let expected = Images::expected_len(&name, &header[..n])?;
        if expected > *room {
            let what = format!(
                "expected a packed file of at most {} MB, got {} MB; unpack it first",
                *room >> 20,
                expected >> 20
            );
            return Err(DataError::wrong(&name, what));
        }
        *room = room.saturating_sub(expected);
        let pixels = read_bounded(path, &mut file, expected.saturating_sub(n as u64))?;
        (Images::parse(&name, &header[..n], n.saturating_add(pixels.len()) as u64)?, Box::new(Held(pixels)))
    } else {
        let mut file = open_file(path)?;
        let len = system::len(&file).map_err(|error| failed(path, "the file's length", &error))?;
        let n = read_up_to(path, &mut file, &mut header)?;
        let images = Images::parse(&name, &header[..n], len)?;
        if len > *room {
            let (count, stride) = (images.count, images.stride() as u64);
            let file =
                RecordFile { name: name.clone(), file: Mutex::new(file), count, begin: n as u64, stride };
            (images, Box::new(Records(vec![file])))
        } else {
            *room = room.saturating_sub(len);
            (images, Box::new(Held(read_bounded(path, &mut file, len)?)))
        }
    };
    let labels_path = labels_beside(path).ok_or_else(|| {
        let what =
            "expected a file of labels in the same folder, got none; put the labels file (labels-idx1-ubyte) there";
        DataError::wrong(&name, what)
    })?;
    let bytes = read_bounded(
        &labels_path,
        &mut unpacked(&labels_path)?,
        images.count.saturating_add(LABELS_HEADER as u64),
    )?;
    let labels_name = file_name(&labels_path);
    let labels = labels(&labels_name, &bytes)?;
    if labels.len() as u64 != images.count {
        let what = format!(
            "expected {} labels, one for each picture of {name}, got {}; use files of the same set",
            images.count,
            labels.len()
        );
        return Err(DataError::wrong(&labels_name, what));
    }
    Ok((Stored { pixels, labels }, [images.h, images.w]))
}

/// The file of labels for a file of pictures: the same name with "labels" and "idx1", packed or not.
fn labels_beside(path: &Path) -> Option<PathBuf> {
    beside(path, &file_name(path).replace("images", "labels").replace("idx3", "idx1"))
}

/// Whether the path is a file with the name of an IDX file of pictures.
pub(super) fn is_images(path: &Path) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    system::is_file(path) && name.contains("images") && name.contains("idx3")
}

/// The header of a file of pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Images {
    /// The number of pictures.
    pub count: u64,
    /// The rows of each picture.
    pub h: usize,
    /// The columns of each picture.
    pub w: usize,
}

/// The length of the header of a file of pictures.
const IMAGES_HEADER: usize = 16;
/// The length of the header of a file of labels.
const LABELS_HEADER: usize = 8;

impl Images {
    /// Parses the header of a file of `len` bytes and checks it against the length.
    pub(super) fn parse(name: &str, header: &[u8], len: u64) -> Result<Images, DataError> {
        let [count, h, w] = axes(name, header, "pictures (IDX with three axes)")?;
        let stride = u64::from(h).saturating_mul(u64::from(w));
        if count == 0 || stride == 0 || h > 1 << 14 || w > 1 << 14 {
            let what = format!(
                "expected pictures of 1 to 16384 pixels per side, got {count} of {h} x {w}; choose another file"
            );
            return Err(DataError::wrong(name, what));
        }
        let expected = u64::from(count).saturating_mul(stride).saturating_add(IMAGES_HEADER as u64);
        if expected != len {
            return Err(length(name, &format!("{count} pictures of {h} x {w}"), expected, len));
        }
        Ok(Images { count: u64::from(count), h: h as usize, w: w as usize })
    }

    /// The length that the header claims for its file.
    pub(super) fn expected_len(name: &str, header: &[u8]) -> Result<u64, DataError> {
        let [count, h, w] = axes(name, header, "pictures (IDX with three axes)")?;
        let pixels = u64::from(h).saturating_mul(u64::from(w));
        Ok(u64::from(count).saturating_mul(pixels).saturating_add(IMAGES_HEADER as u64))
    }

    /// The bytes of one picture.
    pub(super) fn stride(&self) -> usize {
        self.h.saturating_mul(self.w)
    }
}

/// Parses the bytes of a file of labels.
fn labels(name: &str, bytes: &[u8]) -> Result<Vec<u16>, DataError> {
    let [count] = axes(name, bytes, "labels (IDX with one axis)")?;
    let expected = u64::from(count).saturating_add(LABELS_HEADER as u64);
    if expected != bytes.len() as u64 {
        return Err(length(name, &format!("{count} labels"), expected, bytes.len() as u64));
    }
    Ok(bytes[LABELS_HEADER..].iter().map(|&label| u16::from(label)).collect())
}

/// Whether a file starts like an IDX file with this number of axes.
pub(super) fn has_axes(bytes: &[u8], axes: u8) -> bool {
    bytes.starts_with(&MAGIC) && bytes.get(3) == Some(&axes)
}

fn axes<const N: usize>(name: &str, bytes: &[u8], expected: &str) -> Result<[u32; N], DataError> {
    let (numbers, _) = bytes.get(4..).unwrap_or_default().as_chunks::<4>();
    if !has_axes(bytes, N as u8) || numbers.len() < N {
        let got: Vec<String> = bytes.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let got = if got.is_empty() { "nothing".to_owned() } else { got.join(" ") };
        let what = format!(
            "expected {expected}, which begins with 00 00 08 {N:02x}, got {got} in {} bytes; choose another file",
            bytes.len()
        );
        return Err(DataError::wrong(name, what));
    }
    Ok(std::array::from_fn(|k| numbers.get(k).map_or(0, |number| u32::from_be_bytes(*number))))
}

fn length(name: &str, content: &str, expected: u64, got: u64) -> DataError {
    let what = format!(
        "expected {expected} bytes for its {content}, got {got}; the file is cut short or damaged, download it again"
    );
    DataError::wrong(name, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_held_against_the_length() {
        let header = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4];
        let images = Images { count: 2, h: 3, w: 4 };
        assert_eq!(Images::parse("x", &header, 16 + 24), Ok(images));
        assert_eq!((Images::expected_len("x", &header), images.stride()), (Ok(40), 12));
        for (bytes, len, expected) in [
            (&header[..], 39, "expected 40 bytes for its 2 pictures of 3 x 4, got 39"),
            (&header[..15], 15, "expected pictures (IDX with three axes)"),
            (&[], 0, "got nothing in 0 bytes"),
            (
                &[0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255],
                16,
                "1 to 16384 pixels",
            ),
            (&[0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 4], 16, "got 0 of 3 x 4"),
            (
                &[0, 0, 13, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4],
                40,
                "begins with 00 00 08 03, got 00 00 0d 03",
            ),
        ] {
            let error = Images::parse("x", bytes, len).unwrap_err().to_string();
            assert!(error.starts_with("x: ") && error.contains(expected), "{error}");
        }
        let label_bytes = [0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9];
        assert_eq!(labels("y", &label_bytes), Ok(vec![7, 0, 9]));
        assert!(
            labels("y", &label_bytes[..10])
                .unwrap_err()
                .to_string()
                .contains("11 bytes for its 3 labels, got 10")
        );
        assert!(labels("y", &[0, 0, 8, 1, 255, 255, 255, 255]).is_err());
    }
}
