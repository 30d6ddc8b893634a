//! Data sets as NumPy archives (.npz): arrays of pictures and arrays of labels.
//!
//! An array's name says its part and what it holds: `x_train` and `y_train` as Keras has them, `train_images` and
//! `train_labels` as MedMNIST has them. Without a part, as in `x` and `y`, they are for training.

#![deny(clippy::arithmetic_side_effects)]

use super::archive::Zip;
use super::dataset::{Dataset, Split};
use super::error::{DataError, list_names};
use super::files::file_name;
use super::limits::MAX_PIXELS;
use super::notes::DataNote;
use super::npy::Numbers;
use super::open_options::{OpenOptions, Opened, Skipped};
use super::parts::{part_of, words_of};
use super::picture_files::Files;
use super::square::shape_of;
use super::store::{Held, Stored};
use std::path::Path;

/// Words for arrays of pictures and for arrays of labels.
const PICTURES: [&str; 11] =
    ["x", "images", "image", "imgs", "img", "data", "pictures", "pixels", "features", "inputs", "input"];
const LABELS: [&str; 8] = ["y", "labels", "label", "targets", "target", "classes", "class", "outputs"];

/// Whether the names in an archive are those of arrays only.
pub(super) fn is_of_arrays(paths: &[String]) -> bool {
    !paths.is_empty() && paths.iter().all(|path| path.ends_with(".npy"))
}

/// An array of pictures or of labels, of one part.
struct Named {
    number: usize,
    key: String,
    part: Split,
    is_labels: bool,
}

/// Opens the arrays of an archive as a data set.
///
/// # Errors
/// If no pictures and labels are among them, or they are of another form.
pub(super) fn load(
    name: &str,
    path: &Path,
    archive: &Zip,
    options: &OpenOptions,
) -> Result<Opened, DataError> {
    let mut loading = Loading {
        archive,
        file: file_name(path),
        arrays: named(archive.paths()),
        room: options.max_held_bytes,
        shape: None,
        notes: Vec::new(),
        parts: Vec::new(),
        skipped: Vec::new(),
    };
    let mut stored: [Stored; 3] = std::array::from_fn(|_| Stored::none());
    for (part, stored) in Split::ALL.into_iter().zip(&mut stored) {
        *stored = loading.part(part)?;
    }
    let Loading { shape, mut notes, parts, skipped, .. } = loading;
    let Some(shape) = shape else { return Err(missing(&file_name(path), archive.paths())) };
    notes.insert(0, DataNote::Parts(parts));
    let most = stored.iter().flat_map(|split| &split.labels).max().copied().unwrap_or(0);
    let classes = (0..=most).map(|class| class.to_string()).collect();
    Ok(Opened { dataset: Dataset::stored(name, shape, classes, stored)?, notes, skipped })
}

/// An archive that is being opened.
struct Loading<'a> {
    archive: &'a Zip,
    file: String,
    arrays: Vec<Named>,
    /// Bytes that may still be held.
    room: u64,
    /// The shape of the pictures so far.
    shape: Option<[usize; 3]>,
    notes: Vec<DataNote>,
    parts: Vec<(String, Split)>,
    skipped: Vec<Skipped>,
}

impl Loading<'_> {
    /// The pictures and labels of a part; none if the archive has none.
    fn part(&mut self, part: Split) -> Result<Stored, DataError> {
        let of = |is_labels: bool| {
            let found = self.arrays.iter().filter(|array| array.part == part && array.is_labels == is_labels);
            found.collect::<Vec<_>>()
        };
        let (pictures, labels) = match (&of(false)[..], &of(true)[..]) {
            ([], []) => return Ok(Stored::none()),
            ([pictures], [labels]) => (*pictures, *labels),
            // Competitions keep the labels of their test pictures.
            ([pictures], []) if part == Split::Test => {
                let reason =
                    "expected labels beside the pictures, got none; add them to test on these".to_owned();
                self.skipped.push(Skipped { name: pictures.key.clone(), reason });
                return Ok(Stored::none());
            }
            _ => return Err(missing(&self.file, self.archive.paths())),
        };
        let (pixels, own, scaled) =
            pixels(&self.array(pictures)?).map_err(|what| DataError::wrong(&pictures.key, what))?;
        let shape = *self.shape.get_or_insert(own);
        if shape != own {
            let what = format!(
                "expected pictures of {shape:?} as in the other arrays, got {own:?}; make them alike"
            );
            return Err(DataError::wrong(&pictures.key, what));
        }
        self.room = self.room.saturating_sub(pixels.len() as u64);
        let found = labels_of(&self.array(labels)?).map_err(|what| DataError::wrong(&labels.key, what))?;
        let cells = own.iter().try_fold(1usize, |cells, &axis| cells.checked_mul(axis));
        let Some(cells) = cells.filter(|&cells| cells as u64 <= MAX_PIXELS.saturating_mul(3)) else {
            let what =
                format!("expected pictures of at most {MAX_PIXELS} pixels, got {own:?}; make them smaller");
            return Err(DataError::wrong(&pictures.key, what));
        };
        let count = pixels.len().checked_div(cells).unwrap_or(0);
        if found.len() != count {
            let (key, got) = (&pictures.key, found.len());
            let what =
                format!("expected a label for each of {count} pictures in {key}, got {got}; save both anew");
            return Err(DataError::wrong(&labels.key, what));
        }
        if scaled {
            self.notes.push(DataNote::Scaled { array: pictures.key.clone() });
        }
        self.parts.push((pictures.key.clone(), part));
        Ok(Stored { pixels: Box::new(Held(pixels)), labels: found })
    }

    fn array(&self, array: &Named) -> Result<Vec<u8>, DataError> {
        self.archive.entry(array.number, self.room).map_err(|reason| DataError::wrong(&array.key, reason))
    }
}

/// The arrays whose names say what they hold.
fn named(paths: &[String]) -> Vec<Named> {
    let arrays = paths.iter().enumerate().filter_map(|(number, path)| {
        let key = path.strip_suffix(".npy")?.to_owned();
        let words = words_of(&key);
        let has = |of: &[&str]| words.iter().any(|word| of.contains(&word.as_str()));
        let is_labels = has(&LABELS);
        let part = part_of(&key).unwrap_or(Split::Train);
        (is_labels || has(&PICTURES)).then_some(Named { number, key, part, is_labels })
    });
    arrays.collect()
}

fn missing(file: &str, paths: &[String]) -> DataError {
    let keys: Vec<&str> = paths.iter().map(|path| path.strip_suffix(".npy").unwrap_or(path)).collect();
    let what = format!(
        "expected arrays of pictures and labels for each part, as x_train and y_train or train_images and train_labels, got \
         {}; save them under such names with numpy.savez",
        list_names(&keys)
    );
    DataError::wrong(file, what)
}

/// The pixels of an array of pictures, picture by picture, channel by channel; the shape of a picture; and whether they
/// were fractions.
fn pixels(bytes: &[u8]) -> Result<(Vec<u8>, [usize; 3], bool), String> {
    let array = Numbers::parse(bytes).map_err(|error| error.to_string())?;
    let wrong = || {
        format!(
            "expected pictures of shape (n, rows, columns), with 1 or 3 channels behind or before the rows, got {:?}; use \
             array.reshape",
            array.shape
        )
    };
    // What the axes behind the first are, and whether channels come last.
    let (chw, channels_last) = match *array.shape {
        [_, h, w] => ([1, h, w], false),
        [_, h, w, c @ (1 | 3)] => ([c, h, w], true),
        [_, c @ (1 | 3), h, w] => ([c, h, w], false),
        [_, pixels] => (shape_of(pixels).ok_or_else(wrong)?, false),
        _ => return Err(wrong()),
    };
    if chw.iter().any(|axis| !(1..=1 << 14).contains(axis)) {
        return Err(wrong());
    }
    let (values, scaled) = bytes_of(&array)?;
    let [c, h, w] = chw;
    if !channels_last || c == 1 {
        return Ok((values, chw, scaled));
    }
    let area = h.checked_mul(w).ok_or_else(wrong)?;
    let len = area.checked_mul(c).ok_or_else(wrong)?;
    let mut planes = Vec::with_capacity(values.len());
    for picture in values.chunks_exact(len) {
        for channel in 0..c {
            planes.extend(picture.iter().skip(channel).step_by(c));
        }
    }
    Ok((planes, chw, scaled))
}

/// The numbers as bytes; fractions from 0 to 1 are multiplied by 255, which is said.
fn bytes_of(array: &Numbers) -> Result<(Vec<u8>, bool), String> {
    if let Some(bytes) = array.bytes() {
        return Ok((bytes.to_vec(), false));
    }
    let is_whole = |x: f64| x.fract() == 0.0 && (0.0..=255.0).contains(&x);
    let scaled = array.is_float() && array.values().all(|x| (0.0..=1.0).contains(&x));
    if !scaled && let Some(got) = array.values().find(|x| !is_whole(*x)) {
        return Err(format!(
            "expected whole numbers from 0 to 255, or fractions from 0 to 1, got {got}; save the pictures as uint8"
        ));
    }
    let factor = if scaled { 255.0 } else { 1.0 };
    Ok((array.values().map(|x| (x * factor).round() as u8).collect(), scaled))
}

/// The labels of an array of shape (n), (n, 1), or (n, classes) with a single 1 in each row.
fn labels_of(bytes: &[u8]) -> Result<Vec<u16>, String> {
    let array = Numbers::parse(bytes).map_err(|error| error.to_string())?;
    let class = |x: f64| {
        let fits = x.fract() == 0.0 && (0.0..=1000.0).contains(&x);
        fits.then_some(x as u16)
            .ok_or_else(|| format!("expected labels from 0 to 1000, got {x}; number the classes from 0"))
    };
    match *array.shape {
        [_] | [_, 1] => array.values().map(class).collect(),
        [_, classes @ 2..=1001] => {
            let values: Vec<f64> = array.values().collect();
            let one_hot = |row: &[f64]| {
                let is_hot = row.iter().all(|x| *x == 0.0 || *x == 1.0) && row.iter().sum::<f64>() == 1.0;
                let class = row.iter().position(|x| *x == 1.0).and_then(|class| u16::try_from(class).ok());
                class.filter(|_| is_hot).ok_or_else(|| {
                    "expected one class for each picture, got several or none; choose a set with one label each".to_owned()
                })
            };
            values.chunks_exact(classes).map(one_hot).collect()
        }
        _ => Err(format!("expected labels of shape (n) or (n, 1), got {:?}; use array.reshape", array.shape)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_arrays_hold() {
        let paths = ["x_train", "y_train", "X_val", "test_images", "testLabels", "arr_0", "images", "label"];
        let paths: Vec<String> = paths.iter().map(|key| format!("{key}.npy")).collect();
        let found: Vec<_> =
            named(&paths).iter().map(|array| (array.number, array.part, array.is_labels)).collect();
        use Split::{Test, Train, Validation};
        assert_eq!(
            found,
            [
                (0, Train, false),
                (1, Train, true),
                (2, Validation, false),
                (3, Test, false),
                (4, Test, true),
                (6, Train, false),
                (7, Train, true),
            ]
        );
    }
}
