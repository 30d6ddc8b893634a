//! Files held in memory, where there is no disk: in a browser, what the user opened there. A path is a name of parts
//! with `/` between them; a folder is there as long as there is a file in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Cursor},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

static FILES: Mutex<BTreeMap<PathBuf, Arc<Vec<u8>>>> = Mutex::new(BTreeMap::new());

fn files() -> MutexGuard<'static, BTreeMap<PathBuf, Arc<Vec<u8>>>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file's bytes, shared.
#[derive(Clone, Debug)]
pub struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A file that is read.
pub type File = Cursor<Shared>;

/// Takes a file in, in place of the one of that path.
pub fn put(path: impl AsRef<Path>, bytes: Vec<u8>) {
    files().insert(path.as_ref().to_owned(), Arc::new(bytes));
}

/// The bytes of a file; `None` if there is none.
pub fn read(path: &Path) -> Option<Arc<Vec<u8>>> {
    files().get(path).cloned()
}

/// Whether there is a file at a path.
pub fn is_file(path: &Path) -> bool {
    files().contains_key(path)
}

/// Whether there is a folder at a path: whether a file lies below it.
pub fn is_dir(path: &Path) -> bool {
    files().keys().any(|file| file != path && file.starts_with(path))
}

/// Whether there is a file or a folder at a path.
pub fn exists(path: &Path) -> bool {
    is_file(path) || is_dir(path)
}

/// Opens a file for reading.
///
/// # Errors
/// If there is none.
pub fn open(path: &Path) -> io::Result<File> {
    let bytes = read(path).ok_or(io::ErrorKind::NotFound)?;
    Ok(Cursor::new(Shared(bytes)))
}

/// The paths of what is directly in a folder, in order.
///
/// # Errors
/// If there is no folder.
pub fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
    let files = files();
    let within = files.keys().filter_map(|file| file.strip_prefix(path).ok()?.components().next());
    let entries: BTreeSet<PathBuf> = within.map(|part| path.join(part)).collect();
    match entries.is_empty() {
        true => Err(io::ErrorKind::NotFound.into()),
        false => Ok(entries.into_iter().collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, SeekFrom};

    #[test]
    fn folders_are_there_with_their_files() {
        let at = |name: &str| Path::new("/memory-files").join(name);
        assert!(!exists(&at("")) && list(&at("")).is_err() && open(&at("set/cat/1.png")).is_err());
        for (name, byte) in [("set/cat/1.png", 1), ("set/cat/2.png", 2), ("set/dog/1.png", 3), ("top", 4)] {
            put(at(name), vec![byte; 10]);
        }
        assert_eq!(list(&at("")).expect("lists"), [at("set"), at("top")]);
        assert_eq!(list(&at("set")).expect("lists"), [at("set/cat"), at("set/dog")]);
        assert!(
            is_dir(&at("set/cat")) && !is_file(&at("set/cat")) && is_file(&at("top")) && !is_dir(&at("top"))
        );
        assert!(!exists(&at("se")), "a part of a name is no folder");
        let mut file = open(&at("set/dog/1.png")).expect("opens");
        file.seek(SeekFrom::Start(8)).expect("seeks");
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).expect("reads");
        assert_eq!(rest, [3, 3]);
        put(at("top"), vec![5]);
        assert_eq!(read(&at("top")).expect("is there")[..], [5]);
    }
}
