//! Opening data sets: the only place that reads them from files. It detects the format, reads the files and bounds
//! the memory that they take.

use super::archive::{Folder, Zip};
use super::class_folders::{self, Files};
use super::counter::Counter;
use super::dataset::{Dataset, Split};
use super::error::DataError;
use super::files::{beside, failed, file_name, list, name_of, start_of};
use super::location::Location;
use super::open_options::{DataFiles, OpenOptions, Opened, Skipped};
use super::store::Stored;
use super::{cifar, csv, idx};
use crate::execution::Execution;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Opens the data set at `path`, in any of these forms:
/// - a folder of class folders with pictures, or a .zip of one;
/// - a file of pictures in IDX, plain or as .gz, with its labels in the same folder, or a folder of such files;
/// - a batch of CIFAR-10 or CIFAR-100 in the binary version, or a folder of batches;
/// - a table of labels and pixels as .csv or .csv.gz, or a folder of such tables.
///
/// Pictures are fitted to `shape` (C, H, W). Without it, class folders take their most common size and the other
/// forms keep their own.
///
/// # Errors
/// If the path holds no data set, a damaged one, or a packed one that is too large for memory; or
/// [`DataError::Cancelled`].
pub fn open(path: &Path, shape: Option<[usize; 3]>, exec: Execution) -> Result<Opened, DataError> {
    OpenOptions { shape, ..OpenOptions::default() }.open(path, exec)
}

impl OpenOptions {
    /// [`open`] with these options.
    ///
    /// # Errors
    /// As for [`open`].
    pub fn open(self, path: &Path, exec: Execution) -> Result<Opened, DataError> {
        let found = fs::metadata(path).map_err(|error| failed(path, "a file or folder with data", &error))?;
        let opener = Opener { options: self, exec };
        if !found.is_dir() && !found.is_file() {
            let what = "expected a file or folder with data, got a device or a pipe; save it as a file first";
            return Err(DataError::wrong(&path.display().to_string(), what));
        }
        let opened = if found.is_dir() { opener.folder(path)? } else { opener.file(path)? };
        // Absolute, because the set may be reopened from another working directory.
        let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let opened = Opened { dataset: opened.dataset.opened_at(place.into()), ..opened };
        match self.shape {
            Some(shape) if shape != opened.dataset.shape() => {
                Ok(Opened { dataset: opened.dataset.fitted(shape)?, ..opened })
            }
            _ => Ok(opened),
        }
    }
}

/// The files of data sets on disk.
pub struct Disk;

impl DataFiles for Disk {
    fn open(&self, location: &Location, options: OpenOptions, exec: Execution) -> Result<Opened, DataError> {
        options.open(location.as_path(), exec)
    }
}

/// Whether a path is that of a data set rather than of a single picture or a model: a folder, or a file with a name
/// that [`open`] knows.
pub fn is_data(path: &Path) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    path.is_dir()
        || [".zip", ".bin", ".csv", ".tsv", ".gz"].iter().any(|ending| name.ends_with(ending))
        || ["idx3-ubyte", "idx3.ubyte", "idx1-ubyte", "idx1.ubyte"]
            .iter()
            .any(|ending| name.ends_with(ending))
}

struct Opener<'a> {
    options: OpenOptions,
    exec: Execution<'a>,
}

/// The format of a set's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileFormat {
    Idx,
    Cifar,
    Csv,
}

impl Opener<'_> {
    fn folder(&self, path: &Path) -> Result<Opened, DataError> {
        let name = name_of(path);
        let entries = list(&unwrapped(path)?)?;
        let flat = entries.iter().all(|entry| entry.is_file());
        for (format, is_of_format) in [
            (FileFormat::Idx, &idx::is_images as &dyn Fn(&Path) -> bool),
            (FileFormat::Cifar, &cifar::is_batch),
            // Next to class folders, a table holds something else.
            (FileFormat::Csv, &|path: &Path| flat && csv::is_table(path)),
        ] {
            let files: Vec<PathBuf> = entries.iter().filter(|entry| is_of_format(entry)).cloned().collect();
            if !files.is_empty() {
                return self.files(&name, format, &files);
            }
        }
        self.class_folders(&name, Arc::new(Folder::walk(path, self.exec.on_progress)?))
    }

    fn file(&self, path: &Path) -> Result<Opened, DataError> {
        let wrong = |what: &str| Err(DataError::wrong(&file_name(path), what));
        let lower = file_name(path).to_ascii_lowercase();
        let name = name_of(path);
        let start = start_of(path)?;
        if start.starts_with(b"PK\x03\x04") {
            self.class_folders(&name, Arc::new(Zip::open(path, self.options.max_held_bytes)?))
        } else if idx::is_images(path) || idx::has_axes(&start, 3) {
            self.files(&name, FileFormat::Idx, &[vec![path.to_owned()], test_beside(path)].concat())
        } else if idx::has_axes(&start, 1) {
            wrong(
                "expected a file of pictures, got a file of labels; open the file whose name contains images",
            )
        } else if [".tar", ".tar.gz", ".tgz", ".7z", ".rar"].iter().any(|ending| lower.ends_with(ending)) {
            wrong("expected a data set, got an archive other than .zip; unpack it and open the folder")
        } else if lower.ends_with(".bin") {
            self.files(&name, FileFormat::Cifar, &[path.to_owned()])
        } else if csv::is_table(path) {
            self.files(&name, FileFormat::Csv, &[path.to_owned()])
        } else {
            wrong(
                "expected a data set (a folder of class folders or a .zip of one, IDX files like MNIST's, batches like CIFAR's, \
                 a .csv table of pixels), got a file of another kind; convert it, or open a picture on its own",
            )
        }
    }

    fn class_folders(&self, name: &str, files: Arc<dyn Files>) -> Result<Opened, DataError> {
        let (dataset, skipped) = class_folders::load(name, files, &self.options, self.exec)?;
        Ok(Opened { dataset, skipped })
    }

    /// Opens a set whose files have one format; each file belongs to one split.
    fn files(&self, name: &str, format: FileFormat, files: &[PathBuf]) -> Result<Opened, DataError> {
        let mut splits: [Vec<PathBuf>; 3] = Default::default();
        for path in files {
            let split = &mut splits[split_of(path) as usize];
            // The same file both packed and unpacked: the unpacked one sorts first.
            let is_packed_again = split.last().is_some_and(|last| path.file_stem() == last.file_name());
            match split.last() {
                Some(_) if is_packed_again => {}
                Some(other) if format != FileFormat::Cifar => {
                    let what = format!(
                        "expected one data set, got {} and {}; open one of these files",
                        file_name(other),
                        file_name(path)
                    );
                    return Err(DataError::wrong(name, what));
                }
                Some(_) | None => split.push(path.clone()),
            }
        }
        let dataset = match format {
            FileFormat::Idx => self.idx(name, &splits)?,
            FileFormat::Cifar => self.cifar(name, &splits)?,
            FileFormat::Csv => return self.csv(name, &splits),
        };
        Ok(Opened { dataset, skipped: Vec::new() })
    }

    fn idx(&self, name: &str, splits: &[Vec<PathBuf>; 3]) -> Result<Dataset, DataError> {
        let counter = self.counter(splits);
        let mut room = self.options.max_held_bytes;
        let mut shape = None;
        let mut stored = empty_splits();
        for (stored, path) in with_first_file(&mut stored, splits) {
            let (split, [h, w]) = idx::read(path, &mut room)?;
            same_shape(path, *shape.get_or_insert([1, h, w]), [1, h, w])?;
            *stored = split;
            counter.finish_one()?;
        }
        let most = stored.iter().flat_map(|split| &split.labels).max();
        let classes = (0..=most.copied().unwrap_or(0)).map(|class| class.to_string()).collect();
        Dataset::stored(name, shape.unwrap_or_default(), classes, stored)
    }

    fn cifar(&self, name: &str, splits: &[Vec<PathBuf>; 3]) -> Result<Dataset, DataError> {
        let counter = self.counter(splits);
        let mut room = self.options.max_held_bytes;
        let all = splits.iter().flatten();
        let variants =
            all.clone().map(|path| cifar::CifarVariant::from_path(path)).collect::<Result<Vec<_>, _>>()?;
        let (Some(path), Some(variant)) = (all.clone().next(), variants.first()) else {
            return Err(DataError::wrong(name, "expected batches of pictures, got none; choose other data"));
        };
        if variants.iter().any(|other| other != variant) {
            let what =
                "expected one data set, got batches of CIFAR-10 and CIFAR-100; open one of these files";
            return Err(DataError::wrong(name, what));
        }
        let mut stored = empty_splits();
        for (stored, paths) in stored.iter_mut().zip(splits) {
            *stored = cifar::read(paths, *variant, &mut room, &counter)?;
        }
        Dataset::stored(name, cifar::SHAPE, variant.classes(path)?, stored)
    }

    /// A table without labels is skipped if there are others: competitions publish such tables for submissions.
    fn csv(&self, name: &str, splits: &[Vec<PathBuf>; 3]) -> Result<Opened, DataError> {
        let counter = self.counter(splits);
        let mut room = self.options.max_held_bytes;
        let mut tables: [Option<csv::Table>; 3] = Default::default();
        let mut skipped = Vec::new();
        let mut shape = None;
        let alone = splits.iter().flatten().count() == 1;
        for (table, path) in with_first_file(&mut tables, splits) {
            match csv::Table::read(path, &mut room, &counter)? {
                Ok(found) => {
                    same_shape(path, *shape.get_or_insert(found.shape), found.shape)?;
                    *table = Some(found);
                }
                Err(reason) if alone => return Err(DataError::wrong(&file_name(path), reason)),
                Err(reason) => skipped.push(Skipped { name: file_name(path), reason }),
            }
            counter.finish_one()?;
        }
        let (classes, stored) = csv::with_classes(name, tables)?;
        Ok(Opened { dataset: Dataset::stored(name, shape.unwrap_or_default(), classes, stored)?, skipped })
    }

    fn counter(&self, splits: &[Vec<PathBuf>; 3]) -> Counter<'_> {
        Counter::new(self.exec, splits.iter().flatten().count() as u64)
    }
}

fn empty_splits() -> [Stored; 3] {
    std::array::from_fn(|_| Stored::none())
}

/// Each split that has a file, with that file.
fn with_first_file<'a, T>(
    items: &'a mut [T; 3],
    files: &'a [Vec<PathBuf>; 3],
) -> impl Iterator<Item = (&'a mut T, &'a Path)> {
    items.iter_mut().zip(files).filter_map(|(item, files)| Some((item, files.first()?.as_path())))
}

fn same_shape(path: &Path, expected: [usize; 3], got: [usize; 3]) -> Result<(), DataError> {
    if expected == got {
        return Ok(());
    }
    let what =
        format!("expected pictures of {expected:?} as in the other files, got {got:?}; open one file alone");
    Err(DataError::wrong(&file_name(path), what))
}

/// Descends into folders that contain nothing but one folder.
fn unwrapped(path: &Path) -> Result<PathBuf, DataError> {
    const DEEPEST: usize = 3;
    let mut path = path.to_owned();
    for _ in 0..DEEPEST {
        match &list(&path)?[..] {
            [only] if only.is_dir() => path.clone_from(only),
            _ => break,
        }
    }
    Ok(path)
}

/// The split that a file's name indicates; the training split by default.
fn split_of(path: &Path) -> Split {
    let name = file_name(path).to_ascii_lowercase();
    let has_word = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has_word(&["train"]) {
        Split::Train
    } else if has_word(&["t10k", "test"]) {
        Split::Test
    } else if has_word(&["val"]) {
        Split::Validation
    } else {
        Split::Train
    }
}

/// The file of test pictures that belongs to a file of training pictures.
fn test_beside(path: &Path) -> Vec<PathBuf> {
    let name = file_name(path);
    let names = ["t10k", "test"].map(|test| name.replace("train", test));
    names.iter().filter(|other| **other != name).find_map(|other| beside(path, other)).into_iter().collect()
}
