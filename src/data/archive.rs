//! The files of a set of class folders, in a folder on disk or in a .zip archive.

#![deny(clippy::arithmetic_side_effects)]

use super::error::DataError;
use super::files::{file_name, list, open_file, read_bounded};
use super::picture_files::{Files, MAX_FILE};
use super::system;
use crate::execution::OnProgress;
use std::{
    io::{Cursor, Read},
    path::{Path, PathBuf},
    sync::Arc,
};
use zip::ZipArchive;

/// The files of a folder on disk.
pub(super) struct Folder {
    root: PathBuf,
    paths: Vec<String>,
}

impl Folder {
    /// Lists all files in a folder and its subfolders. The depth is bounded, because links may form a cycle.
    pub(super) fn walk(root: &Path, on_progress: OnProgress) -> Result<Folder, DataError> {
        const DEEPEST: usize = 8;
        let mut paths = Vec::new();
        let mut folders = vec![(root.to_owned(), String::new(), 0usize)];
        while let Some((folder, prefix, depth)) = folders.pop() {
            if !on_progress(0.0) {
                return Err(DataError::Cancelled);
            }
            for entry in list(&folder)? {
                let Some(name) = entry.file_name().and_then(|name| name.to_str()) else { continue };
                let path = format!("{prefix}{name}");
                if !system::is_dir(&entry) {
                    paths.push(path);
                } else if depth < DEEPEST {
                    folders.push((entry, format!("{path}/"), depth.saturating_add(1)));
                }
            }
        }
        Ok(Folder { root: root.to_owned(), paths })
    }
}

impl Files for Folder {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn read(&self, number: usize) -> Result<Vec<u8>, String> {
        let mut file = system::open(&self.root.join(&self.paths[number])).map_err(unreadable)?;
        bounded_picture(&mut file)
    }

    fn stay(&self) -> bool {
        true
    }
}

/// The files of an archive, whose packed bytes are kept in memory.
pub(super) struct Zip {
    archive: ZipArchive<Cursor<Arc<[u8]>>>,
    paths: Vec<String>,
}

impl Zip {
    pub(super) fn open(path: &Path, held: u64) -> Result<Zip, DataError> {
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
        if !plausible(&bytes) {
            let what =
                "expected a .zip archive that lists its own files, got a damaged one; download it again";
            return Err(DataError::wrong(&name, what));
        }
        let archive = ZipArchive::new(Cursor::new(Arc::from(bytes))).map_err(|error| {
            let what =
                format!("expected a complete .zip archive, got a damaged one ({error}); download it again");
            DataError::wrong(&name, what)
        })?;
        let paths =
            (0..archive.len()).map(|k| archive.name_for_index(k).unwrap_or("").replace('\\', "/")).collect();
        Ok(Zip { archive, paths })
    }
}

impl Zip {
    /// Reads an entry of any kind of at most `most` bytes, and a little more for its head.
    pub(super) fn entry(&self, number: usize, most: u64) -> Result<Vec<u8>, String> {
        const HEAD: u64 = 1 << 12;
        let most = most.saturating_add(HEAD);
        let mut archive = self.archive.clone();
        let file = archive.by_index(number).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > most {
            return Err(format!(
                "expected an array of at most {} MB, got a larger one; make it smaller",
                most >> 20
            ));
        }
        Ok(bytes)
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

/// Whether an archive is long enough for the number of files that its end record claims. The reader allocates
/// memory for that many entries before it reads them. APPNOTE.TXT (PKWARE), 4.3.12 and 4.3.14: an entry takes at
/// least 46 bytes; the end record of an archive of more than 65,535 files begins with `PK 6 6` and holds their
/// number at offset 32. Archives of fewer files pass.
fn plausible(bytes: &[u8]) -> bool {
    const ENTRY: u64 = 46;
    const TAIL: usize = 1 << 17;
    // A place may be any number that a file says: nothing is added to it.
    let record = |at: usize, len: usize| bytes.get(at..).and_then(|rest| rest.get(..len));
    let number = |at: usize, signature: &[u8], offset: usize, len: usize| {
        let record = record(at, len).filter(|record| record.starts_with(signature))?;
        record.get(offset..)?.first_chunk().map(|number| u64::from_le_bytes(*number))
    };
    let fits =
        |at: usize| number(at, b"PK\x06\x06", 32, 40).is_none_or(|count| count <= bytes.len() as u64 / ENTRY);
    // The locator before the end gives the offset of the end record, if that is not near.
    let tail = bytes.len().saturating_sub(TAIL)..bytes.len();
    tail.clone().all(fits)
        && tail
            .filter_map(|at| number(at, b"PK\x06\x07", 8, 16))
            .all(|place| usize::try_from(place).ok().is_none_or(fits))
}

fn unreadable(error: impl std::fmt::Display) -> String {
    format!("expected a file that can be read, got {error}; save it again")
}

fn bounded_picture(from: &mut dyn Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    from.take(MAX_FILE.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!(
            "expected a picture of at most {} MB, got a larger file; make it smaller",
            MAX_FILE >> 20
        ));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The end record of an archive of more than 65,535 files that claims `count` files, preceded by `before`
    /// bytes.
    fn end(before: usize, count: u64) -> Vec<u8> {
        let mut bytes = vec![b'x'; before];
        bytes.extend(b"PK\x06\x06");
        bytes.extend([0; 28]);
        bytes.extend(count.to_le_bytes());
        bytes.extend([0; 16]);
        bytes
    }

    #[test]
    fn an_archive_cannot_promise_more_than_it_holds() {
        assert!(plausible(&end(46_000, 1000)) && plausible(b"PK\x05\x06") && plausible(b""));
        assert!(!plausible(&end(46_000, 2000)) && !plausible(&end(0, u64::MAX)));
        // Far from the end, but the locator leads there.
        let mut far = end(10, 1 << 40);
        far.extend(vec![0; 1 << 18]);
        assert!(plausible(&far));
        far.extend(b"PK\x06\x07\0\0\0\0");
        far.extend(10u64.to_le_bytes());
        assert!(!plausible(&far));
        far.extend(b"PK\x06\x07\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff");
        assert!(!plausible(&far));
        // Places so near the largest number that nothing can be added to them.
        for place in [u64::MAX, u64::MAX - 39, u64::MAX - 3, u64::from(u32::MAX), 1 << 63] {
            let mut bytes = b"PK\x06\x07\0\0\0\0".to_vec();
            bytes.extend(place.to_le_bytes());
            assert!(plausible(&bytes), "{place}");
        }
        // Records that the file cuts short.
        for len in 0..40 {
            assert!(plausible(&end(0, u64::MAX)[..len]), "{len}");
        }
    }
}
