//! Class folders: a folder or archive with one folder per class that holds the pictures of that class.

use super::adjust::Fit;
use super::arrange::{Arranged, Labelled, arrange};
use super::background::Background;
use super::counter::Counter;
use super::dataset::Dataset;
use super::error::DataError;
use super::fit::fit;
use super::named_pictures;
use super::open_options::{OpenOptions, Opened, Skipped};
use super::picture::Picture;
use super::picture_files::Files;
use super::store::{Pixels, Stored};
use crate::execution::Execution;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// How many picture headers determine a set's common size; larger sets are sampled evenly.
const SIZED: usize = 1000;

/// Builds a data set from the pictures among `files`, whose folders, or a table of their names, give class and split. Pictures are fitted to `options.shape`, or to the most common size (reduced to `options.max_side`), in
/// colour if any is coloured. Pictures beyond `options.max_held_bytes` are decoded on demand.
///
/// # Errors
/// If there are no class folders or no readable picture, if it is unclear which folder is the test part, if the set
/// exceeds the memory limit and `files` cannot be read on demand, or with [`DataError::Cancelled`].
pub(super) fn load(
    name: &str,
    files: Arc<dyn Files>,
    table: Option<&str>,
    options: &OpenOptions,
    exec: Execution,
) -> Result<Opened, DataError> {
    let held = options.max_held_bytes;
    let Arranged { classes, splits, notes, left_out: mut skipped } =
        by_folders_or_tables(name, files.as_ref(), table, options)?;
    let all: Vec<usize> = splits.iter().flatten().map(|(file, _)| *file).collect();
    let shape = match options.shape {
        Some(shape) => shape,
        None => reduced(common_shape(name, files.as_ref(), &all, exec)?, options.max_side),
    };
    let len: usize = shape.iter().product();
    let all_len = (all.len() as u64).saturating_mul(len as u64);
    if all_len > held && !files.stay() {
        let what = format!(
            "expected pictures of at most {} MB in total, got {} of {shape:?}, which take {} MB; unpack the archive and \
             open the folder",
            held >> 20,
            all.len(),
            all_len >> 20
        );
        return Err(DataError::wrong(name, what));
    }
    let counter = Counter::new(exec, all.len() as u64);
    let mut room = usize::try_from(held).unwrap_or(usize::MAX);
    let mut unreadable = Vec::new();
    let mut stored = Vec::new();
    for examples in splits {
        let split = decode(&files, examples, shape, &mut room, &counter, &mut unreadable)?;
        stored.push(split);
    }
    let stored = <[Stored; 3]>::try_from(stored).unwrap_or_else(|_| std::array::from_fn(|_| Stored::none()));
    if let (true, Some(first)) = (stored.iter().all(|split| split.len() == 0), unreadable.first()) {
        return Err(DataError::NoReadable { name: name.to_owned(), first: first.reason.clone() });
    }
    skipped.append(&mut unreadable);
    Ok(Opened { dataset: Dataset::stored(name, shape, classes, stored)?, notes, skipped })
}

/// Sorts pictures by their folders, or by tables of their names, whichever gives more examples. `table` is the only table
/// that counts, if there is one; a choice of folders leaves tables aside.
fn by_folders_or_tables(
    name: &str,
    files: &dyn Files,
    table: Option<&str>,
    options: &OpenOptions,
) -> Result<Arranged, DataError> {
    if let Some(table) = table {
        return named_pictures::arrange(name, files, Some(table))?
            .map_err(|none| DataError::wrong(table, none.reason));
    }
    let by_folders = arrange(name, files.paths(), &options.folders);
    if !options.folders.are_by_name() {
        return by_folders;
    }
    let count = |arranged: &Arranged| arranged.splits.iter().map(Vec::len).sum::<usize>();
    let folders = by_folders.as_ref().map_or(0, count);
    match named_pictures::arrange(name, files, None)? {
        Ok(by_tables) if count(&by_tables) >= folders && count(&by_tables) > 0 => Ok(by_tables),
        Ok(_) => by_folders,
        Err(none) => {
            let mut by_folders = by_folders?;
            by_folders.left_out.extend(none.unclear);
            Ok(by_folders)
        }
    }
}

/// The shape of most pictures; among equally common sizes the larger. Three channels if any picture is coloured.
fn common_shape(
    name: &str,
    files: &dyn Files,
    all: &[usize],
    exec: Execution,
) -> Result<[usize; 3], DataError> {
    let sampled = all.len().min(SIZED);
    let counter = Counter::new(exec, all.len() as u64);
    let shapes: Vec<Option<[usize; 3]>> = counter.map(sampled, |k| {
        counter.check_cancelled()?;
        let file = all[k * all.len() / sampled];
        let bytes = files.read(file).ok();
        Ok(bytes.and_then(|bytes| Picture::shape(&files.paths()[file], &bytes).ok()))
    })?;
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for [_, h, w] in shapes.iter().flatten() {
        *counts.entry((*h, *w)).or_default() += 1;
    }
    let common = counts.into_iter().max_by_key(|((h, w), count)| (*count, h * w));
    let ((h, w), _) = common.ok_or_else(|| {
        let what = format!("expected pictures that can be read, got {sampled} that cannot; save them as PNG");
        DataError::wrong(name, what)
    })?;
    let colour = shapes.iter().flatten().any(|[c, ..]| *c == 3);
    Ok([if colour { 3 } else { 1 }, h, w])
}

/// Shrinks a shape in proportion so that neither side exceeds `at_most`.
fn reduced([c, h, w]: [usize; 3], at_most: Option<usize>) -> [usize; 3] {
    let (side, most) = (h.max(w).max(1), at_most.unwrap_or(usize::MAX));
    let fit = |extent: usize| if side > most { (extent * most + side / 2) / side } else { extent };
    [c, fit(h).max(1), fit(w).max(1)]
}

/// Decodes one split: as many pictures as fit into `room` bytes now; the rest are only checked.
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
    // One thread takes each part; the lock shows that to the compiler.
    let parts: Vec<Mutex<&mut [u8]>> = held.chunks_mut(len.max(1)).map(Mutex::new).collect();
    let first_read: Vec<Option<Skipped>> = counter.map(now, |k| {
        counter.finish_one()?;
        let mut into = parts[k].lock().unwrap_or_else(PoisonError::into_inner);
        Ok(read_into(files.as_ref(), first[k].0, shape, &mut into).err())
    })?;
    drop(parts);
    let rest_read: Vec<Option<Skipped>> = counter.map(rest.len(), |k| {
        counter.finish_one()?;
        let (file, _) = rest[k];
        let path = &files.paths()[file];
        let tried =
            files.read(file).and_then(|bytes| Picture::shape(path, &bytes).map_err(|e| reason(path, &e)));
        Ok(tried.err().map(|reason| Skipped { name: path.clone(), reason }))
    })?;
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
    // Only examples decoded later need their files.
    let rest = numbers.split_off(kept);
    let files = (!rest.is_empty()).then(|| Arc::clone(files));
    Ok(Stored { pixels: Box::new(Pictures { held, files, rest, shape }), labels })
}

/// Pictures of one split: the first are decoded and held, the others are decoded on demand.
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
            DataError::wrong(&bad.name, format!("{}; or remove the file from the set", bad.reason))
        })
    }
}

/// Decodes a file, fits it and writes it channel by channel into `into`.
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

/// An error's message without the leading path.
fn reason(path: &str, error: &impl ToString) -> String {
    let text = error.to_string();
    text.strip_prefix(path).and_then(|text| text.strip_prefix(": ")).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_are_reduced_in_proportion() {
        assert_eq!(reduced([3, 300, 400], Some(96)), [3, 72, 96]);
        assert_eq!(reduced([1, 28, 28], Some(96)), [1, 28, 28]);
        assert_eq!(reduced([1, 1, 4000], Some(96)), [1, 1, 96]);
        assert_eq!(reduced([1, 500, 400], None), [1, 500, 400]);
    }
}
