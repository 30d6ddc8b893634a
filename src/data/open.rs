//! Opening data sets: the only place that reads them from files. It detects the format, reads the files and bounds
//! the memory that they take.

use super::archive::{Folder, Zip};
use super::beside::{Beside, ModelFolder};
use super::class_folders;
use super::counter::Counter;
use super::dataset::{Dataset, Split};
use super::error::DataError;
use super::files::{beside, failed, file_name, list, name_of, start_of};
use super::limits::MAX_PIXELS;
use super::location::Location;
use super::notes::DataNote;
use super::open_options::{DataFiles, OpenOptions, Opened, Skipped};
use super::parts::parts_of;
use super::picture_files::Files;
use super::store::Stored;
use super::system;
use super::tar::{self, Tar};
use super::{arrange, cifar, cifar_archive, cifar_python, csv, idx, named_pictures, npy, npz};
use crate::execution::Execution;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Opens the data set at `path`, in any of these forms:
/// - a folder of class folders with pictures, or a .zip or .tar.gz of one;
/// - a file of pictures in IDX, plain or as .gz, with its labels in the same folder, or a folder of such files;
/// - a batch of CIFAR-10 or CIFAR-100 in the binary or the Python version, or a folder or .tar.gz of batches;
/// - a table of labels and pixels as .csv or .csv.gz, or a folder of such tables;
/// - a table of labels and names of pictures' files as .csv, or the folder or .zip of it and the pictures;
/// - arrays of pictures and labels as .npz;
/// - a folder with nothing of these but one .zip, .tar.gz or .npz.
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
        let is_dir = system::is_dir(path);
        let size = system::size(path).map_err(|error| failed(path, "a file or folder with data", &error))?;
        let opener = Opener { options: &self, exec };
        if !is_dir && size.is_none() {
            let what = "expected a file or folder with data, got a device or a pipe; save it as a file first";
            return Err(DataError::wrong(&path.display().to_string(), what));
        }
        if let Some(shape) = self.shape {
            check_shape(path, shape)?;
        }
        let opened = if is_dir { opener.folder(path)? } else { opener.file(path)? };
        // Absolute, because the set may be reopened from another working directory.
        let place = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let dataset = opened.dataset.opened_at(place.into(), self.folders.clone());
        let opened = Opened { dataset, ..opened };
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

    fn beside(&self, location: &Location) -> Box<dyn Beside> {
        Box::new(ModelFolder::of(location.as_path()))
    }
}

/// Whether a path is that of a data set rather than of a single picture or a model: a folder, or a file with a name
/// that [`open`] knows.
pub fn is_data(path: &Path) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    system::is_dir(path)
        || [".zip", ".bin", ".csv", ".tsv", ".gz", ".tgz", ".tar", ".npz"]
            .iter()
            .any(|ending| name.ends_with(ending))
        || cifar_python::is_batch(path)
        || ["idx3-ubyte", "idx3.ubyte", "idx1-ubyte", "idx1.ubyte"]
            .iter()
            .any(|ending| name.ends_with(ending))
}

struct Opener<'a> {
    options: &'a OpenOptions,
    exec: Execution<'a>,
}

/// The format of a set's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileFormat {
    Idx,
    Cifar,
    CifarPython,
    Csv,
}

impl Opener<'_> {
    fn folder(&self, path: &Path) -> Result<Opened, DataError> {
        let name = name_of(path);
        let entries = list(&unwrapped(path)?)?;
        let is_picture = |entry: &PathBuf| arrange::is_picture(&file_name(entry));
        let flat = entries.iter().all(|entry| system::is_file(entry) && !is_picture(entry));
        for (format, is_of_format) in [
            (FileFormat::Idx, &idx::is_images as &dyn Fn(&Path) -> bool),
            (FileFormat::Cifar, &cifar::is_batch),
            (FileFormat::CifarPython, &cifar_python::is_batch),
            // Beside pictures, a table holds something else.
            (FileFormat::Csv, &|path: &Path| flat && csv::is_table(path)),
        ] {
            let files: Vec<PathBuf> = entries.iter().filter(|entry| is_of_format(entry)).cloned().collect();
            if !files.is_empty() {
                return self.files(&name, format, &files);
            }
        }
        if flat && let Some(packed) = self.packed(&name, &entries)? {
            return Ok(packed);
        }
        self.class_folders(&name, Arc::new(Folder::walk(path, self.exec.on_progress)?), None)
    }

    /// The data set of the one archive in a folder; `None` if there is none.
    fn packed(&self, name: &str, entries: &[PathBuf]) -> Result<Option<Opened>, DataError> {
        let is_packed = |entry: &&PathBuf| {
            let name = file_name(entry).to_ascii_lowercase();
            name.ends_with(".zip") || name.ends_with(".npz") || tar::is_tar(&name)
        };
        let archives: Vec<&PathBuf> = entries.iter().filter(is_packed).collect();
        match archives.as_slice() {
            [] => Ok(None),
            [only] => self.file(only).map(Some),
            [first, second, ..] => {
                let what = format!(
                    "expected one data set, got {} archives, {} and {} among them; open one of these files",
                    archives.len(),
                    file_name(first),
                    file_name(second)
                );
                Err(DataError::wrong(name, what))
            }
        }
    }

    fn file(&self, path: &Path) -> Result<Opened, DataError> {
        let wrong = |what: &str| Err(DataError::wrong(&file_name(path), what));
        let lower = file_name(path).to_ascii_lowercase();
        let name = name_of(path);
        let start = start_of(path)?;
        if start.starts_with(b"PK\x03\x04") {
            self.archive(&name, path)
        } else if idx::is_images(path) || idx::has_axes(&start, 3) {
            self.files(&name, FileFormat::Idx, &[vec![path.to_owned()], test_beside(path)].concat())
        } else if idx::has_axes(&start, 1) {
            wrong(
                "expected a file of pictures, got a file of labels; open the file whose name contains images",
            )
        } else if tar::is_tar(&lower) {
            self.tar(&name, path)
        } else if [".7z", ".rar", ".tar.bz2", ".tar.xz"].iter().any(|ending| lower.ends_with(ending)) {
            wrong(
                "expected a data set, got an archive other than .zip and .tar.gz; unpack it and open the folder",
            )
        } else if let Some((got, remedy)) = known_kind(&start, &lower) {
            wrong(&format!("expected a data set, got {got}; {remedy}"))
        } else if cifar_python::is_batch(path) {
            self.files(&name, FileFormat::CifarPython, &[path.to_owned()])
        } else if lower.ends_with(".bin") {
            self.files(&name, FileFormat::Cifar, &[path.to_owned()])
        } else if csv::is_table(path) {
            self.table(&name, path)
        } else if cifar_python::is_pickle(path) {
            wrong(
                "expected a data set, got a Python pickle that is no batch of CIFAR; save it as .npz with numpy.savez",
            )
        } else {
            Err(DataError::NotADataSet { name: file_name(path) })
        }
    }

    /// An archive of pictures, or of arrays.
    fn archive(&self, name: &str, path: &Path) -> Result<Opened, DataError> {
        let archive = Zip::open(path, self.options.max_held_bytes)?;
        let paths = archive.paths();
        if !npz::is_of_arrays(paths) && !paths.iter().any(|path| arrange::is_picture(path)) {
            let got = arrange::no_picture(paths);
            let what = format!(
                "expected an archive of pictures or arrays, got {got}; unpack it and open the folder"
            );
            return Err(DataError::wrong(&file_name(path), what));
        }
        if !npz::is_of_arrays(paths) {
            return self.class_folders(name, Arc::new(archive), None);
        }
        self.without_choice(name)?;
        npz::load(name, path, &archive, self.options)
    }

    /// A .tar archive of pictures, or of CIFAR's batches.
    fn tar(&self, name: &str, path: &Path) -> Result<Opened, DataError> {
        let archive = Tar::open(path, self.options.max_held_bytes)?;
        let mut room = self.options.max_held_bytes;
        if let Some(dataset) = cifar_archive::load(name, &archive, &mut room)? {
            self.without_choice(name)?;
            return Ok(Opened { dataset, notes: Vec::new(), skipped: Vec::new() });
        }
        if !archive.paths().iter().any(|path| arrange::is_picture(path)) {
            let got = arrange::no_picture(archive.paths());
            let what = format!(
                "expected an archive of pictures or of CIFAR's batches, got {got}; unpack it and open the folder"
            );
            return Err(DataError::wrong(&file_name(path), what));
        }
        self.class_folders(name, Arc::new(archive), None)
    }

    /// A table of labels and pixels, or of labels and names of pictures' files.
    fn table(&self, name: &str, path: &Path) -> Result<Opened, DataError> {
        let pixels = self.files(name, FileFormat::Csv, &[path.to_owned()]);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match pixels {
            Err(DataError::Wrong { .. } | DataError::NoExamples { .. })
                if named_pictures::names_files(path) =>
            {
                let files = Folder::walk(folder, self.exec.on_progress)?;
                self.class_folders(name, Arc::new(files), Some(&file_name(path)))
            }
            other => other,
        }
    }

    /// Pictures in folders; `table` is the only table that is to give their labels.
    fn class_folders(
        &self,
        name: &str,
        files: Arc<dyn Files>,
        table: Option<&str>,
    ) -> Result<Opened, DataError> {
        class_folders::load(name, files, table, self.options, self.exec)
    }

    /// The error where a choice of folders was made, but the set has none.
    fn without_choice(&self, name: &str) -> Result<(), DataError> {
        if self.options.folders.are_by_name() {
            return Ok(());
        }
        let what = "expected class folders to choose a test folder from, got a set of files; open it without a choice";
        Err(DataError::wrong(name, what))
    }

    /// Opens a set whose files have one format; each file belongs to one split.
    fn files(&self, name: &str, format: FileFormat, files: &[PathBuf]) -> Result<Opened, DataError> {
        self.without_choice(name)?;
        if format == FileFormat::Csv {
            return self.csv(name, files);
        }
        let mut splits: [Vec<PathBuf>; 3] = Default::default();
        for (path, part) in files.iter().zip(splits_of(files)) {
            let split = &mut splits[part as usize];
            // The same file both packed and unpacked: the unpacked one sorts first.
            let is_packed_again = split.last().is_some_and(|last| path.file_stem() == last.file_name());
            match split.last() {
                Some(_) if is_packed_again => {}
                Some(other) if format == FileFormat::Idx => {
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
            FileFormat::CifarPython => self.cifar_python(name, &splits)?,
            FileFormat::Csv => return self.csv(name, files),
        };
        Ok(Opened { dataset, notes: Vec::new(), skipped: Vec::new() })
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

    fn cifar_python(&self, name: &str, splits: &[Vec<PathBuf>; 3]) -> Result<Dataset, DataError> {
        let counter = self.counter(splits);
        let mut room = self.options.max_held_bytes;
        let mut stored = empty_splits();
        for (stored, paths) in stored.iter_mut().zip(splits) {
            let mut batches = Vec::new();
            for path in paths {
                batches.push(cifar_python::read(path, &mut room)?);
                counter.finish_one()?;
            }
            *stored = Stored::joined(batches);
        }
        let most = stored.iter().flat_map(|split| &split.labels).max().copied().unwrap_or(0);
        let first = splits.iter().flatten().next().map(PathBuf::as_path).unwrap_or(Path::new(""));
        let count = if most < 10 { 10 } else { 100 };
        Dataset::stored(name, cifar::SHAPE, cifar_python::classes(first, count)?, stored)
    }

    /// Tables of labels and pixels. One of another kind is left out if there are others: competitions publish tables
    /// without labels, and samples of what to hand in.
    fn csv(&self, name: &str, files: &[PathBuf]) -> Result<Opened, DataError> {
        let counter = Counter::new(self.exec, files.len() as u64);
        let mut room = self.options.max_held_bytes;
        let mut tables: Vec<(String, csv::Table)> = Vec::new();
        let (mut notes, mut skipped): (Vec<DataNote>, Vec<Skipped>) = (Vec::new(), Vec::new());
        for (path, split) in files.iter().zip(splits_of(files)) {
            let file = file_name(path);
            // The same file both packed and unpacked: the unpacked one sorts first.
            let is_packed_again = tables.last().is_some_and(|(last, _)| file == format!("{last}.gz"));
            if !is_packed_again {
                match csv::Table::read(path, split, &mut room, &counter)? {
                    Ok(found) => {
                        if let Some((_, other)) = tables.first() {
                            same_shape(path, other.shape, found.shape)?;
                        }
                        alone_in_its_parts(name, &tables, &file, &found)?;
                        notes.extend(notes_on(&file, &found));
                        tables.push((file, found));
                    }
                    Err(reason) => skipped.push(Skipped { name: file, reason }),
                }
            }
            counter.finish_one()?;
        }
        let Some((_, first)) = tables.first() else {
            let reason = skipped
                .first()
                .map_or("expected a table, got none; choose other data", |first| &first.reason);
            let name = skipped.first().map_or(name, |first| &first.name);
            return Err(DataError::wrong(name, reason));
        };
        let shape = first.shape;
        let (classes, stored) =
            csv::with_classes(name, tables.into_iter().map(|(_, table)| table).collect())?;
        Ok(Opened { dataset: Dataset::stored(name, shape, classes, stored)?, notes, skipped })
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

/// What a file is that holds data in a form that is not read, by its first bytes and its name in lower case; and what
/// to do with it.
fn known_kind(start: &[u8], name: &str) -> Option<(&'static str, &'static str)> {
    const SAVE: &str = "save its pictures and labels as .npz with numpy.savez, as x_train and y_train";
    const FOLDERS: &str = "write its pictures into a folder for each class";
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    Some(match start {
        _ if start.starts_with(b"version https://") => {
            ("a pointer of Git LFS", "fetch the file with git lfs pull")
        }
        _ if start.starts_with(b"\x89HDF\r\n") => ("an HDF5 file", SAVE),
        _ if start.starts_with(b"MATLAB ") => ("a MATLAB file", SAVE),
        _ if start.starts_with(npy::MAGIC) => ("a single NumPy array", SAVE),
        _ if start.starts_with(b"PAR1") => ("a Parquet file", FOLDERS),
        _ if start.starts_with(b"SQLite format 3") => ("an SQLite database", FOLDERS),
        _ if ends(&[".tfrecord", ".tfrecords", ".arrow"]) => ("records of another program", FOLDERS),
        _ if ends(&[".json", ".jsonl", ".xml"]) => {
            ("a text of annotations", "write file names and labels into a .csv beside the pictures")
        }
        _ => return None,
    })
}

/// Checks the shape to which pictures are to be fitted, which a session may say.
fn check_shape(path: &Path, shape: [usize; 3]) -> Result<(), DataError> {
    let values = shape.iter().try_fold(1u64, |values, axis| values.checked_mul(*axis as u64));
    match values {
        Some(values) if (1..=3 * MAX_PIXELS).contains(&values) => Ok(()),
        Some(_) | None => {
            let what = format!(
                "expected pictures of 1 to {MAX_PIXELS} pixels, got {shape:?}; choose another network"
            );
            Err(DataError::wrong(&file_name(path), what))
        }
    }
}

/// Descends into folders that contain nothing but one folder.
fn unwrapped(path: &Path) -> Result<PathBuf, DataError> {
    const DEEPEST: usize = 3;
    let mut path = path.to_owned();
    for _ in 0..DEEPEST {
        match &list(&path)?[..] {
            [only] if system::is_dir(only) => path.clone_from(only),
            _ => break,
        }
    }
    Ok(path)
}

/// The splits that the names of files indicate; the training split by default.
fn splits_of(files: &[PathBuf]) -> Vec<Split> {
    let names: Vec<String> = files.iter().map(|path| file_name(path)).collect();
    // In names of files the words may be written together with anything.
    let contained = |name: &str| {
        let name = name.to_ascii_lowercase();
        let words = [("train", Split::Train), ("test", Split::Test), ("val", Split::Validation)];
        words.into_iter().find(|(word, _)| name.contains(word)).map_or(Split::Train, |(_, split)| split)
    };
    let parts = parts_of(names.iter().map(String::as_str));
    names.iter().zip(parts).map(|(name, part)| part.unwrap_or_else(|| contained(name))).collect()
}

/// Checks that no other table has rows of the same part.
fn alone_in_its_parts(
    name: &str,
    tables: &[(String, csv::Table)],
    file: &str,
    found: &csv::Table,
) -> Result<(), DataError> {
    let same = |table: &csv::Table| Split::ALL.into_iter().any(|split| table.has(split) && found.has(split));
    match tables.iter().find(|(_, table)| same(table)) {
        None => Ok(()),
        Some((other, _)) => {
            let what = format!("expected one data set, got {other} and {file}; open one of these files");
            Err(DataError::wrong(name, what))
        }
    }
}

/// What the columns of a table were taken for.
fn notes_on(file: &str, table: &csv::Table) -> Vec<DataNote> {
    let parts: Vec<(String, Split)> = table.said.iter().map(|(said, split)| (said.clone(), *split)).collect();
    let parts = (!parts.is_empty()).then_some(DataNote::Parts(parts));
    let columns = (!table.ignored.is_empty())
        .then(|| DataNote::Columns { table: file.to_owned(), columns: table.ignored.clone() });
    parts.into_iter().chain(columns).collect()
}

/// The file of test pictures that belongs to a file of training pictures.
fn test_beside(path: &Path) -> Vec<PathBuf> {
    let name = file_name(path);
    let names = ["t10k", "test"].map(|test| name.replace("train", test));
    names.iter().filter(|other| **other != name).find_map(|other| beside(path, other)).into_iter().collect()
}
