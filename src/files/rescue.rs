//! Crash recovery: each running program has its own file in a common folder, and next to it a file on which it
//! holds a lock. The system releases the lock when the program ends, however it ends.

use super::FileError;
use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// The extension of the locked files.
const LOCK: &str = "lock";

/// A running program's recovery file.
#[derive(Debug)]
pub struct Keeper {
    path: PathBuf,
    /// Kept open, because closing it releases the lock.
    _lock: File,
}

/// A recovery file that a crashed program left. While this value exists, no other program can claim the file.
#[derive(Debug)]
pub struct Left {
    path: PathBuf,
    _lock: File,
}

impl Keeper {
    /// Claims a recovery file in `folder`, which is created if necessary. `ending` is the file's extension.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub fn begin(folder: &Path, ending: &str) -> Result<Self, FileError> {
        let fails = |error: std::io::Error| {
            FileError(format!(
                "{}: expected to write a recovery file there, got {error}; free some space or check the \
                 folder's rights",
                folder.display()
            ))
        };
        fs::create_dir_all(folder).map_err(fails)?;
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("{}-{}.{ending}", since.as_nanos(), std::process::id());
        let path = folder.join(name);
        let lock =
            OpenOptions::new().write(true).create_new(true).open(path.with_extension(LOCK)).map_err(fails)?;
        lock.lock().map_err(fails)?;
        Ok(Self { path, _lock: lock })
    }

    /// The path of the recovery file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends cleanly: removes the files.
    pub fn end(self) {
        remove(&self.path);
    }

    /// Claims the files that crashed programs left, latest first; incomplete files are removed.
    pub fn left(&self) -> Vec<Left> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        let mut left: Vec<Left> =
            paths.iter().filter(|path| **path != self.path).filter_map(|path| self.claim(path)).collect();
        left.sort_by_cached_key(|left| std::cmp::Reverse(modified(&left.path)));
        for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == LOCK)) {
            let is_old = age(path).is_some_and(|age| age > Duration::from_secs(60));
            // A program that has just started may not hold its lock yet.
            if is_old && !self.is_file_of(path).exists() && locked(path).is_some() {
                remove(&self.is_file_of(path));
            }
        }
        left
    }

    /// The recovery file that belongs to a lock.
    fn is_file_of(&self, lock: &Path) -> PathBuf {
        lock.with_extension(self.path.extension().unwrap_or_default())
    }

    fn claim(&self, path: &Path) -> Option<Left> {
        let is_kept = path.extension() == self.path.extension() && !is_hidden(path);
        // Checked first, because asking for a lock creates its file.
        let lock = is_kept.then(|| locked(&path.with_extension(LOCK))).flatten()?;
        Some(Left { path: path.to_owned(), _lock: lock })
    }
}

impl Left {
    /// The file's bytes.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&self) -> Result<Vec<u8>, FileError> {
        fs::read(&self.path).map_err(|error| {
            FileError(format!(
                "{}: expected to read the recovery file, got {error}; check its permissions",
                self.path.display()
            ))
        })
    }

    /// The time since it was written.
    pub fn age(&self) -> Duration {
        age(&self.path).unwrap_or_default()
    }

    /// Deletes the file.
    pub fn remove(self) {
        remove(&self.path);
    }
}

/// Locks a file, if nobody else holds the lock.
fn locked(path: &Path) -> Option<File> {
    let lock = OpenOptions::new().write(true).create(true).truncate(false).open(path).ok()?;
    lock.try_lock().ok().map(|()| lock)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

fn age(path: &Path) -> Option<Duration> {
    SystemTime::now().duration_since(modified(path)?).ok()
}

/// Removes a recovery file, its lock and its temporary file.
fn remove(path: &Path) {
    // A file that cannot be removed is left to the next program.
    let _ = fs::remove_file(path);
    let _ = fs::remove_file(path.with_extension(LOCK));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entries = path.parent().map(fs::read_dir).and_then(Result::ok);
    for entry in entries.into_iter().flatten().flatten() {
        let other = entry.file_name().to_string_lossy().into_owned();
        if other.starts_with(&format!(".{name}.")) && other.ends_with(".tmp") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).expect("lists").count()
    }

    #[test]
    fn what_a_crash_leaves_is_found_once_and_what_ends_well_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("kept");
        let [running, crashed, ended] = [(); 3].map(|()| Keeper::begin(&place, "kept").expect("begins"));
        for (keeper, text) in [(&running, "running"), (&crashed, "crashed"), (&ended, "ended")] {
            fs::write(keeper.path(), text).expect("writes");
        }
        let half = crashed.path().file_name().expect("a name").to_string_lossy().into_owned();
        fs::write(place.join(format!(".{half}.77.tmp")), "half").expect("writes");
        ended.end();
        // As the system does when a program is killed.
        drop(crashed);
        let next = Keeper::begin(&place, "kept").expect("begins");
        let left = next.left();
        assert_eq!(left.iter().map(|left| left.read().expect("reads")).collect::<Vec<_>>(), [b"crashed"]);
        assert!(next.left().is_empty(), "it is claimed");
        drop(left);
        let mut left = next.left();
        assert!(left[0].age() < Duration::from_secs(60));
        left.remove(0).remove();
        assert!(next.left().is_empty());
        next.end();
        // The two files of the running program.
        assert_eq!((fs::read(running.path()).expect("reads"), names(&place)), (b"running".to_vec(), 2));
    }

    #[test]
    fn a_folder_that_cannot_be_made_gets_one_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("writes");
        let error = Keeper::begin(&file.join("kept"), "kept").expect_err("a file in the way").0;
        assert!(error.contains("expected to write a recovery file") && !error.contains('\n'), "{error}");
    }
}
