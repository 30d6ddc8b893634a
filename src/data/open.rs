//! The one place where data sets are opened: it sees what a path is, reads it, and keeps what it holds within bounds.

use super::class_folders::{self, Files, MAX_FILE};
use super::dataset::{Dataset, Part};
use super::error::DataError;
use super::idx;
use super::progress::{Counter, Progress};
use super::store::{Held, RecordFile, Records, Stored};
use flate2::read::MultiGzDecoder;
use std::{
    fs::{self, File},
    io::{self, Cursor, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};
use zip::ZipArchive;

/// The most bytes of pixels that [`open`] keeps in memory for one set: 1 GB. What is larger is read from disk when
/// asked for, or, where it is packed, refused.
pub const HELD: u64 = 1 << 30;

/// A data set, and what of its files was left out.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The set.
    pub dataset: Dataset,
    /// Files that could not be read.
    pub skipped: Vec<Skipped>,
}

/// A file that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its path within the set.
    pub name: String,
    /// What was expected, what came, what to do.
    pub reason: String,
}

/// Opens the data set at `path`, whatever it is: a folder of class folders with pictures, or a .zip of one; a file of
/// pictures in IDX, as it is or as .gz, whose labels lie beside it; a folder of such files.
///
/// Pictures are fitted to `wanted` (C, H, W); without it class folders take their most common size, and the others
/// their own. `progress` hears how far it is, and can stop it.
///
/// # Errors
/// Where there is no data set, it is damaged, or it is packed and too large to hold; and [`DataError::Cancelled`].
pub fn open(path: &Path, wanted: Option<[usize; 3]>, progress: &dyn Progress) -> Result<Opened, DataError> {
    open_within(path, wanted, HELD, progress)
}

/// [`open`] with another bound on the bytes of pixels to keep.
///
/// # Errors
/// As there.
pub fn open_within(
    path: &Path,
    wanted: Option<[usize; 3]>,
    held: u64,
    progress: &dyn Progress,
) -> Result<Opened, DataError> {
    let found = fs::metadata(path).map_err(|error| failed(path, "a file or folder with data", &error))?;
    let opener = Opener { wanted, held, progress };
    let opened = if found.is_dir() { opener.folder(path)? } else { opener.file(path)? };
    match wanted {
        Some(shape) if shape != opened.dataset.shape() => {
            Ok(Opened { dataset: opened.dataset.fitted(shape)?, ..opened })
        }
        _ => Ok(opened),
    }
}

struct Opener<'a> {
    wanted: Option<[usize; 3]>,
    held: u64,
    progress: &'a dyn Progress,
}

impl Opener<'_> {
    fn folder(&self, path: &Path) -> Result<Opened, DataError> {
        let images: Vec<PathBuf> =
            list(&unwrapped(path)?)?.into_iter().filter(|file| is_idx_images(file)).collect();
        if !images.is_empty() {
            return self.idx(&name_of(path), &images);
        }
        self.class_folders(&name_of(path), Arc::new(Folder::walk(path, self.progress)?))
    }

    fn file(&self, path: &Path) -> Result<Opened, DataError> {
        let start = if is_gzip(path)? { start_within(path)? } else { start_of(path)? };
        let name = name_of(path);
        if start.starts_with(b"PK\x03\x04") {
            return self.class_folders(&name, Arc::new(Zip::open(path, self.held)?));
        }
        if is_idx_images(path) || idx::has_axes(&start, 3) {
            return self.idx(&name, &[vec![path.to_owned()], test_beside(path)].concat());
        }
        if idx::has_axes(&start, 1) {
            let what =
                "expected the file of pictures, got that of labels; open the one whose name says images";
            return Err(DataError::wrong(&file_name(path), what));
        }
        let what = "expected a data set (a folder of class folders or a .zip of one, IDX files as of MNIST), got a \
                    file of another kind; convert it, or open one picture as a picture";
        Err(DataError::wrong(&file_name(path), what))
    }

    fn class_folders(&self, name: &str, files: Arc<dyn Files>) -> Result<Opened, DataError> {
        let (dataset, skipped) = class_folders::load(name, files, self.wanted, self.held, self.progress)?;
        Ok(Opened { dataset, skipped })
    }

    /// A set of IDX files of pictures, one for each part.
    fn idx(&self, name: &str, images: &[PathBuf]) -> Result<Opened, DataError> {
        let mut parts = [None, None, None];
        for path in images {
            let part = &mut parts[part_of(path) as usize];
            // The same file, packed and unpacked: the unpacked one comes first in the order of names.
            match part {
                None => *part = Some(path),
                Some(other) if path.file_stem() == other.file_name() => {}
                Some(other) => {
                    let what = format!(
                        "expected one set, got {} and {}; open one of these files",
                        file_name(other),
                        file_name(path)
                    );
                    return Err(DataError::wrong(name, what));
                }
            }
        }
        let counter = Counter::new(self.progress, parts.iter().flatten().count() as u64);
        let mut room = self.held;
        let mut shape = None;
        let mut stored = std::array::from_fn(|_| Stored::none());
        for (stored, path) in stored.iter_mut().zip(parts) {
            let Some(path) = path else { continue };
            let (of_part, [h, w]) = idx_part(path, &mut room)?;
            if *shape.get_or_insert([h, w]) != [h, w] {
                let what = format!(
                    "expected pictures of {shape:?} as in the other part, got {h} x {w}; open one file alone"
                );
                return Err(DataError::wrong(&file_name(path), what));
            }
            *stored = of_part;
            counter.one()?;
        }
        let [h, w] = shape.unwrap_or_default();
        let classes =
            stored.iter().flat_map(|part| &part.labels).max().map_or(0, |most| usize::from(*most) + 1);
        let classes = (0..classes).map(|class| class.to_string()).collect();
        Ok(Opened { dataset: Dataset::stored(name, [1, h, w], classes, stored)?, skipped: Vec::new() })
    }
}

/// The pictures and labels of one IDX file of pictures, and their rows and columns.
fn idx_part(path: &Path, room: &mut u64) -> Result<(Stored, [usize; 2]), DataError> {
    let name = file_name(path);
    let mut file = open_file(path)?;
    let len = file.metadata().map_err(|error| failed(path, "the file's length", &error))?.len();
    let mut header = [0; idx::IMAGES_HEADER];
    let (images, pixels): (idx::Images, Box<dyn super::store::Pixels>) = if is_gzip(path)? {
        let mut unpacked = MultiGzDecoder::new(file);
        let n = read_up_to(path, &mut unpacked, &mut header)?;
        let expected = idx::Images::expected_len(&name, &header[..n])?;
        if expected > *room {
            let what = format!(
                "expected at most {} MB in a packed file, got {} MB; unpack it first",
                *room >> 20,
                expected >> 20
            );
            return Err(DataError::wrong(&name, what));
        }
        *room -= expected;
        let pixels = read_bounded(path, &mut unpacked, expected)?;
        (idx::Images::parse(&name, &header[..n], (n + pixels.len()) as u64)?, Box::new(Held(pixels)))
    } else {
        let n = read_up_to(path, &mut file, &mut header)?;
        let images = idx::Images::parse(&name, &header[..n], len)?;
        if len > *room {
            let (count, stride) = (images.count, images.stride() as u64);
            let file =
                RecordFile { name: name.clone(), file: Mutex::new(file), count, begin: n as u64, stride };
            (images, Box::new(Records(vec![file])))
        } else {
            *room -= len;
            (images, Box::new(Held(read_bounded(path, &mut file, len)?)))
        }
    };
    let labels_path = labels_beside(path).ok_or_else(|| {
        let what =
            "expected its labels beside it, got no such file; put the labels file (labels-idx1-ubyte) there";
        DataError::wrong(&name, what)
    })?;
    let mut file = open_file(&labels_path)?;
    // As many labels as there are pictures, a header, and one byte more to see that there is no more.
    let most = images.count + 16;
    let bytes = match is_gzip(&labels_path)? {
        true => read_bounded(&labels_path, &mut MultiGzDecoder::new(file), most)?,
        false => read_bounded(&labels_path, &mut file, most)?,
    };
    let labels_name = file_name(&labels_path);
    let labels = idx::labels(&labels_name, &bytes)?;
    if labels.len() as u64 != images.count {
        let what = format!(
            "expected {} labels, one for each picture of {name}, got {}; take the files of one set",
            images.count,
            labels.len()
        );
        return Err(DataError::wrong(&labels_name, what));
    }
    Ok((Stored { pixels, labels }, [images.h, images.w]))
}

/// The folder within folders that hold nothing else.
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

/// Whether a name is that of an IDX file of pictures.
fn is_idx_images(path: &Path) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    path.is_file() && name.contains("images") && name.contains("idx3")
}

/// The part that a file's name speaks of.
fn part_of(path: &Path) -> Part {
    let name = file_name(path).to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if says(&["train"]) {
        Part::Train
    } else if says(&["t10k", "test"]) {
        Part::Test
    } else if says(&["val"]) {
        Part::Validation
    } else {
        Part::Train
    }
}

/// The labels of a file of pictures: of the same name but for "labels" and "idx1", packed or not.
fn labels_beside(path: &Path) -> Option<PathBuf> {
    beside(path, &file_name(path).replace("images", "labels").replace("idx3", "idx1"))
}

/// The test pictures that belong to a file of training pictures.
fn test_beside(path: &Path) -> Vec<PathBuf> {
    let name = file_name(path);
    let names = ["t10k", "test"].map(|test| name.replace("train", test));
    names.iter().filter(|other| **other != name).find_map(|other| beside(path, other)).into_iter().collect()
}

/// The file of that name in the same folder, packed or not.
fn beside(path: &Path, name: &str) -> Option<PathBuf> {
    let plain = name.strip_suffix(".gz").unwrap_or(name);
    [plain.to_owned(), format!("{plain}.gz")]
        .iter()
        .map(|name| path.with_file_name(name))
        .find(|path| path.is_file())
}

/// A folder's pictures.
struct Folder {
    root: PathBuf,
    paths: Vec<String>,
}

impl Folder {
    /// All files in a folder and its folders, to a bounded depth: links may lead round in circles.
    fn walk(root: &Path, progress: &dyn Progress) -> Result<Folder, DataError> {
        const DEEPEST: usize = 8;
        let mut paths = Vec::new();
        let mut folders = vec![(root.to_owned(), String::new(), 0)];
        while let Some((folder, prefix, depth)) = folders.pop() {
            if progress.cancelled() {
                return Err(DataError::Cancelled);
            }
            for entry in list(&folder)? {
                let Some(name) = entry.file_name().and_then(|name| name.to_str()) else { continue };
                let path = format!("{prefix}{name}");
                if !entry.is_dir() {
                    paths.push(path);
                } else if depth < DEEPEST {
                    folders.push((entry, format!("{path}/"), depth + 1));
                }
            }
        }
        // The folder's own name counts: a set may be opened by its train folder.
        Ok(Folder { root: root.to_owned(), paths })
    }
}

impl Files for Folder {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn read(&self, number: usize) -> Result<Vec<u8>, String> {
        let mut file = File::open(self.root.join(&self.paths[number])).map_err(unreadable)?;
        bounded_picture(&mut file)
    }

    fn stay(&self) -> bool {
        true
    }
}

/// An archive's pictures; its bytes are held, packed.
struct Zip {
    archive: ZipArchive<Cursor<Arc<[u8]>>>,
    paths: Vec<String>,
}

impl Zip {
    fn open(path: &Path, held: u64) -> Result<Zip, DataError> {
        let name = file_name(path);
        let mut file = open_file(path)?;
        let bytes = read_bounded(path, &mut file, held)?;
        if bytes.len() as u64 > held {
            let what = format!(
                "expected an archive of at most {} MB, got a larger one; unpack it and open the folder",
                held >> 20
            );
            return Err(DataError::wrong(&name, what));
        }
        let archive = ZipArchive::new(Cursor::new(Arc::from(bytes))).map_err(|error| {
            let what =
                format!("expected a whole .zip archive, got a damaged one ({error}); download it again");
            DataError::wrong(&name, what)
        })?;
        let paths =
            (0..archive.len()).map(|k| archive.name_for_index(k).unwrap_or("").replace('\\', "/")).collect();
        Ok(Zip { archive, paths })
    }
}

impl Files for Zip {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn read(&self, number: usize) -> Result<Vec<u8>, String> {
        // A clone shares the bytes and the table of contents.
        let mut archive = self.archive.clone();
        let mut file = archive.by_index(number).map_err(unreadable)?;
        bounded_picture(&mut file)
    }

    fn stay(&self) -> bool {
        false
    }
}

fn unreadable(error: impl std::fmt::Display) -> String {
    format!("expected a file that can be read, got {error}; save it again")
}

fn bounded_picture(from: &mut dyn Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    from.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!(
            "expected a picture of at most {} MB, got a larger file; make it smaller",
            MAX_FILE >> 20
        ));
    }
    Ok(bytes)
}

/// At most `most` bytes and one more, by which the caller sees that there is more.
fn read_bounded(path: &Path, from: &mut dyn Read, most: u64) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    let read = from.take(most.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|error| failed(path, "a whole file", &error))?;
    Ok(bytes)
}

/// Fills `bytes` as far as the file goes.
fn read_up_to(path: &Path, from: &mut dyn Read, bytes: &mut [u8]) -> Result<usize, DataError> {
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

/// The first bytes of a file.
fn start_of(path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = [0; 16];
    let n = read_up_to(path, &mut open_file(path)?, &mut bytes)?;
    Ok(bytes[..n].to_vec())
}

/// The same of what a gzip file packs.
fn start_within(path: &Path) -> Result<Vec<u8>, DataError> {
    let mut bytes = [0; 16];
    let n = read_up_to(path, &mut MultiGzDecoder::new(open_file(path)?), &mut bytes)?;
    Ok(bytes[..n].to_vec())
}

fn is_gzip(path: &Path) -> Result<bool, DataError> {
    Ok(start_of(path)?.starts_with(&[0x1f, 0x8b]))
}

fn open_file(path: &Path) -> Result<File, DataError> {
    File::open(path).map_err(|error| failed(path, "a file that can be read", &error))
}

/// A folder's entries in the order of their names.
fn list(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    let wrong = |error| failed(path, "a folder that can be read", &error);
    let entries = fs::read_dir(path).map_err(wrong)?;
    let mut entries =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    entries.sort_unstable();
    Ok(entries)
}

fn failed(path: &Path, expected: &str, error: &io::Error) -> DataError {
    let error: String = error.to_string().lines().collect::<Vec<_>>().join(" ");
    DataError::wrong(
        &path.display().to_string(),
        format!("expected {expected}, got {error}; check the path and the file"),
    )
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// A set's name: that of its folder, or of its file without endings.
fn name_of(path: &Path) -> String {
    let whole = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = file_name(&whole);
    if whole.is_dir() { name } else { name.split('.').next().unwrap_or(&name).to_owned() }
}
