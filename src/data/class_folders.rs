//! Pictures in class folders: a folder or archive with a folder for each class, the pictures of that class inside.

use super::background::Background;
use super::dataset::{Dataset, Split};
use super::error::DataError;
use super::fit::{Fit, fit};
use super::open_options::{OpenOptions, Skipped};
use super::picture::Picture;
use super::progress::{Counter, Progress};
use super::store::{Pixels, Stored};
use rayon::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Encoded pictures under paths, wherever they lie.
pub(super) trait Files: Send + Sync {
    /// The path of each file from the set's own folder on, parted by `/`.
    fn paths(&self) -> &[String];

    /// The bytes of file `number`, or why they cannot be had.
    fn read(&self, number: usize) -> Result<Vec<u8>, String>;

    /// Whether files can be read again and again while the set is in use, at a bearable price.
    fn stay(&self) -> bool;
}

/// A file of more bytes is not taken for a picture of a set.
pub(super) const MAX_FILE: u64 = 1 << 28;

/// The pictures whose headers decide a set's common size; a set of more is sampled evenly.
const SIZED: usize = 1000;

const ENDINGS: [&str; 9] = ["png", "jpg", "jpeg", "jpe", "gif", "bmp", "webp", "tif", "tiff"];

/// Makes a set of the pictures among `files`.
///
/// A picture's class is the name of its folder; `train`, `test` or `val` anywhere above that folder is its part, and
/// without such a name it is to train on. Classes are in the order of their names, or of their numbers where all are
/// numbers. Pictures are fitted to the wanted size or else to the most common one, reduced if that is too large, in
/// colour where any is coloured. A bounded number of bytes is held; beyond, pictures are decoded when asked for, or,
/// where `files` do not allow that, the set is refused.
pub(super) fn load(
    name: &str,
    files: Arc<dyn Files>,
    options: &OpenOptions,
    progress: &dyn Progress,
) -> Result<(Dataset, Vec<Skipped>), DataError> {
    let held = options.max_held_bytes;
    let (classes, parts) = arrange(name, files.paths())?;
    let all: Vec<usize> = parts.iter().flatten().map(|(file, _)| *file).collect();
    let shape = match options.shape {
        Some(shape) => shape,
        None => reduced(common_shape(name, files.as_ref(), &all, progress)?, options.max_side),
    };
    let len: usize = shape.iter().product();
    let all_len = all.len() as u64 * len as u64;
    if all_len > held && !files.stay() {
        let what = format!(
            "expected pictures that fill at most {} MB, got {} of {shape:?}, which fill {} MB; unpack the archive and \
             open the folder",
            held >> 20,
            all.len(),
            all_len >> 20
        );
        return Err(DataError::wrong(name, what));
    }
    let counter = Counter::new(progress, all.len() as u64);
    let mut room = usize::try_from(held).unwrap_or(usize::MAX);
    let mut skipped = Vec::new();
    let mut stored = Vec::new();
    for examples in parts {
        let part = decode(&files, examples, shape, &mut room, &counter, &mut skipped)?;
        stored.push(part);
    }
    let stored = <[Stored; 3]>::try_from(stored).unwrap_or_else(|_| std::array::from_fn(|_| Stored::none()));
    if let (true, Some(first)) = (stored.iter().all(|part| part.len() == 0), skipped.first()) {
        let what =
            format!("expected pictures, got none that can be read; the first fails so: {}", first.reason);
        return Err(DataError::wrong(name, what));
    }
    Ok((Dataset::stored(name, shape, classes, stored)?, skipped))
}

/// The number of a file, and that of its class.
type Labelled = (usize, u16);

/// The classes, and the examples of each part in the order of their paths.
fn arrange(name: &str, paths: &[String]) -> Result<(Vec<String>, [Vec<Labelled>; 3]), DataError> {
    let mut found: Vec<(&str, Split, &str, usize)> = Vec::new();
    let mut loose = 0;
    for (number, path) in paths.iter().enumerate() {
        let mut folders: Vec<&str> = path.split('/').filter(|folder| !folder.is_empty()).collect();
        let file = folders.pop().unwrap_or("");
        let picture = file
            .rsplit_once('.')
            .is_some_and(|(_, ending)| ENDINGS.iter().any(|e| ending.eq_ignore_ascii_case(e)));
        // Hidden files, and what an archiver of macOS adds.
        let hidden = file.starts_with('.') || folders.iter().any(|f| f.starts_with('.') || *f == "__MACOSX");
        if !picture || hidden {
            continue;
        }
        match folders.pop() {
            Some(class) => {
                let part = folders.iter().rev().find_map(|folder| part_of(folder)).unwrap_or(Split::Train);
                found.push((path, part, class, number));
            }
            None => loose += 1,
        }
    }
    let names: BTreeSet<&str> = found.iter().map(|(_, _, class, _)| *class).collect();
    if names.is_empty() || names.iter().all(|class| part_of(class).is_some()) {
        let got = match (names.is_empty(), loose) {
            (true, 0) => "no picture".to_owned(),
            (true, _) => format!("{loose} pictures in no folder"),
            (false, _) => {
                format!("pictures right in {}", names.iter().copied().collect::<Vec<_>>().join(", "))
            }
        };
        let what = format!(
            "expected a folder for each class with pictures inside, as in train/cat/1.png, got {got}; sort them so"
        );
        return Err(DataError::wrong(name, what));
    }
    let mut classes: Vec<&str> = names.into_iter().collect();
    if classes.iter().all(|class| class.parse::<u64>().is_ok()) {
        classes.sort_by_key(|class| class.parse::<u64>().unwrap_or(0));
    }
    let number: BTreeMap<&str, u16> =
        classes.iter().enumerate().filter_map(|(k, class)| Some((*class, u16::try_from(k).ok()?))).collect();
    if number.len() < classes.len() {
        let what = format!("expected at most {} classes, got {}; leave some out", u16::MAX, classes.len());
        return Err(DataError::wrong(name, what));
    }
    found.sort_unstable_by_key(|(path, ..)| *path);
    let mut parts: [Vec<Labelled>; 3] = Default::default();
    for (_, part, class, file) in found {
        parts[part as usize].push((file, number[class]));
    }
    Ok((classes.into_iter().map(str::to_owned).collect(), parts))
}

/// The part that a folder's name stands for.
fn part_of(folder: &str) -> Option<Split> {
    match folder.to_ascii_lowercase().as_str() {
        "train" | "training" => Some(Split::Train),
        "val" | "valid" | "validation" => Some(Split::Validation),
        "test" | "testing" => Some(Split::Test),
        _ => None,
    }
}

/// The most common (H, W), of equally common ones the larger; three channels where any picture has colour.
fn common_shape(
    name: &str,
    files: &dyn Files,
    all: &[usize],
    progress: &dyn Progress,
) -> Result<[usize; 3], DataError> {
    let looked_at = all.len().min(SIZED);
    let shapes: Vec<Option<[usize; 3]>> = (0..looked_at)
        .into_par_iter()
        .map(|k| {
            if progress.cancelled() {
                return Err(DataError::Cancelled);
            }
            let file = all[k * all.len() / looked_at];
            let bytes = files.read(file).ok();
            Ok(bytes.and_then(|bytes| Picture::shape(&files.paths()[file], &bytes).ok()))
        })
        .collect::<Result<_, _>>()?;
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for [_, h, w] in shapes.iter().flatten() {
        *counts.entry((*h, *w)).or_default() += 1;
    }
    let common = counts.into_iter().max_by_key(|((h, w), count)| (*count, h * w));
    let ((h, w), _) = common.ok_or_else(|| {
        let what =
            format!("expected pictures that can be read, got {looked_at} that cannot; save them as PNG");
        DataError::wrong(name, what)
    })?;
    let colour = shapes.iter().flatten().any(|[c, ..]| *c == 3);
    Ok([if colour { 3 } else { 1 }, h, w])
}

/// The same shape, of at most so many rows and columns.
fn reduced([c, h, w]: [usize; 3], at_most: Option<usize>) -> [usize; 3] {
    let (side, most) = (h.max(w).max(1), at_most.unwrap_or(usize::MAX));
    let fit = |extent: usize| if side > most { (extent * most + side / 2) / side } else { extent };
    [c, fit(h).max(1), fit(w).max(1)]
}

/// One part: what fits in `room` bytes is decoded now, the rest is only tried.
fn decode(
    files: &Arc<dyn Files>,
    examples: Vec<Labelled>,
    shape: [usize; 3],
    room: &mut usize,
    counter: &Counter,
    skipped: &mut Vec<Skipped>,
) -> Result<Stored, DataError> {
    let len: usize = shape.iter().product();
    let now = examples.len().min(*room / len.max(1));
    let (first, rest) = examples.split_at(now);
    let mut held = vec![0u8; now * len];
    let into = held.par_chunks_mut(len.max(1)).zip(first);
    let first_read: Vec<Option<Skipped>> = into
        .map(|(into, (file, _))| {
            counter.one()?;
            Ok(read_into(files.as_ref(), *file, shape, into).err())
        })
        .collect::<Result<_, DataError>>()?;
    let rest_read: Vec<Option<Skipped>> = rest
        .par_iter()
        .map(|(file, _)| {
            counter.one()?;
            let path = &files.paths()[*file];
            let tried = files
                .read(*file)
                .and_then(|bytes| Picture::shape(path, &bytes).map_err(|e| reason(path, &e)));
            Ok(tried.err().map(|reason| Skipped { name: path.clone(), reason }))
        })
        .collect::<Result<_, DataError>>()?;
    let mut kept = 0;
    for (k, bad) in first_read.iter().enumerate() {
        if bad.is_none() {
            held.copy_within(k * len..(k + 1) * len, kept * len);
            kept += 1;
        }
    }
    held.truncate(kept * len);
    held.shrink_to_fit();
    *room -= held.len();
    let read = first_read.into_iter().chain(rest_read);
    let (mut numbers, mut labels) = (Vec::new(), Vec::new());
    for ((file, label), bad) in examples.iter().zip(read) {
        match bad {
            Some(bad) => skipped.push(bad),
            None => {
                numbers.push(*file);
                labels.push(*label);
            }
        }
    }
    // Only what is decoded later needs its file.
    let rest = numbers.split_off(kept);
    let files = (!rest.is_empty()).then(|| Arc::clone(files));
    Ok(Stored { pixels: Box::new(Pictures { held, files, rest, shape }), labels })
}

/// Decoded pictures, and files that are decoded when asked for.
struct Pictures {
    held: Vec<u8>,
    files: Option<Arc<dyn Files>>,
    /// The files of the examples that are not held.
    rest: Vec<usize>,
    shape: [usize; 3],
}

impl Pixels for Pictures {
    fn read(&self, index: u64, bytes: &mut [u8]) -> Result<(), DataError> {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let held = self.held.len() / bytes.len().max(1);
        if index < held {
            bytes.copy_from_slice(&self.held[index * bytes.len()..][..bytes.len()]);
            return Ok(());
        }
        let (Some(files), Some(file)) = (&self.files, self.rest.get(index - held)) else {
            let what = format!("expected a picture of the set, got number {index}; open the set again");
            return Err(DataError::wrong("data", what));
        };
        let read = read_into(files.as_ref(), *file, self.shape, bytes);
        read.map_err(|bad| {
            DataError::wrong(&bad.name, format!("{}; or take the file out of the set", bad.reason))
        })
    }
}

/// Decodes a file, fits it, and writes it plane by plane.
fn read_into(files: &dyn Files, file: usize, [c, h, w]: [usize; 3], into: &mut [u8]) -> Result<(), Skipped> {
    let path = &files.paths()[file];
    let skip = |reason: String| Skipped { name: path.clone(), reason };
    let bytes = files.read(file).map_err(skip)?;
    let picture = Picture::decode(path, &bytes).map_err(|error| skip(reason(path, &error)))?;
    let fitted = fit(&picture, c, h, w, Fit::CenterCrop, Background::default());
    let fitted = fitted.map_err(|error| skip(reason(path, &error)))?;
    into.iter_mut().zip(&fitted.tensor).for_each(|(into, v)| *into = *v as u8);
    Ok(())
}

/// An error's words without the name that stands before them.
fn reason(path: &str, error: &impl ToString) -> String {
    let text = error.to_string();
    text.strip_prefix(path).and_then(|text| text.strip_prefix(": ")).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged(paths: &[&str]) -> Result<(Vec<String>, [Vec<Labelled>; 3]), DataError> {
        arrange("x", &paths.iter().map(|&path| path.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn large_pictures_are_reduced_in_proportion() {
        assert_eq!(reduced([3, 300, 400], Some(96)), [3, 72, 96]);
        assert_eq!(reduced([1, 28, 28], Some(96)), [1, 28, 28]);
        assert_eq!(reduced([1, 1, 4000], Some(96)), [1, 1, 96]);
        assert_eq!(reduced([1, 500, 400], None), [1, 500, 400]);
    }

    #[test]
    fn parts_and_classes_come_from_folders() {
        let plain = arranged(&["dog/b.png", "cat/a.JPG", "notes.txt", "dog/a.png"]).expect("fits");
        assert_eq!(plain.0, ["cat", "dog"]);
        assert_eq!(plain.1, [vec![(1, 0), (3, 1), (0, 1)], vec![], vec![]]);
        let wrapped = [
            "s/Train/dog/1.png",
            "s/test/cat/1.png",
            "s/val/dog/2.png",
            "__MACOSX/s/train/x/1.png",
            "s/train/dog/.1.png",
        ];
        assert_eq!(arranged(&wrapped).expect("fits").1, [vec![(0, 1)], vec![(2, 1)], vec![(1, 0)]]);
        let numbers = arranged(&["10/a.png", "9/a.png", "a/test/007/b.gif"]).expect("fits");
        assert_eq!(numbers.0, ["007", "9", "10"]);
        let only_tests = arranged(&["test/a/1.png", "test/b/1.png"]).expect("fits");
        assert_eq!(only_tests.1.map(|part| part.len()), [0, 0, 2]);
        for (paths, says) in [
            (&["a.png", "b.png"][..], "got 2 pictures in no folder"),
            (&["readme.txt"], "got no picture"),
            (&["train/a.png", "test/b.png"], "got pictures right in test, train"),
        ] {
            let error = arranged(paths).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
