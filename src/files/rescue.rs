//! What is kept against a crash: each running program has a file of its own in one folder, and beside it a file that it
//! holds a lock on. The system lets go of the lock when the program ends, however it ends.

use super::FileError;
use std::{
    fs::{self, File, OpenOptions},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// The ending of the files that are locked.
const LOCK: &str = "lock";

/// A program's own place.
#[derive(Debug)]
pub struct Keeper {
    path: PathBuf,
    /// Held open: so the lock is held.
    _lock: File,
}

/// What a program left that did not end in good order. While this is there, no other program finds it.
#[derive(Debug)]
pub struct Left {
    path: PathBuf,
    _lock: File,
}

impl Keeper {
    /// A place in a folder, which is made if it is not there. `ending`: of the file's name.
    ///
    /// # Errors
    /// Where the folder cannot be written to.
    pub fn begin(folder: &Path, ending: &str) -> Result<Self, FileError> {
        let fails = |error: std::io::Error| {
            FileError(format!(
                "{}: expected to keep the session there against a crash, got {error}; free some space or check the \
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

    /// The file that is to be kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends in good order: nothing is left.
    pub fn end(self) {
        remove(&self.path);
    }

    /// What other programs left, latest first; what they left half-written is removed.
    pub fn left(&self) -> Vec<Left> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        let mut left: Vec<Left> =
            paths.iter().filter(|path| **path != self.path).filter_map(|path| self.claim(path)).collect();
        left.sort_by_cached_key(|left| std::cmp::Reverse(modified(&left.path)));
        for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == LOCK)) {
            let is_old = age(path).is_some_and(|age| age > Duration::from_secs(60));
            // One that was begun this moment may not hold its lock yet.
            if is_old && !self.is_file_of(path).exists() && locked(path).is_some() {
                remove(&self.is_file_of(path));
            }
        }
        left
    }

    /// What is kept beside a lock.
    fn is_file_of(&self, lock: &Path) -> PathBuf {
        lock.with_extension(self.path.extension().unwrap_or_default())
    }

    fn claim(&self, path: &Path) -> Option<Left> {
        let is_kept = path.extension() == self.path.extension() && !is_hidden(path);
        // Only then: to ask for a lock makes its file.
        let lock = is_kept.then(|| locked(&path.with_extension(LOCK))).flatten()?;
        Some(Left { path: path.to_owned(), _lock: lock })
    }
}

impl Left {
    /// Its bytes.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub fn read(&self) -> Result<Vec<u8>, FileError> {
        fs::read(&self.path).map_err(|error| {
            FileError(format!(
                "{}: expected the session that was kept, got {error}; check its rights",
                self.path.display()
            ))
        })
    }

    /// How long ago it was written.
    pub fn age(&self) -> Duration {
        age(&self.path).unwrap_or_default()
    }

    /// Removes it for good.
    pub fn remove(self) {
        remove(&self.path);
    }
}

/// A lock that nobody holds, taken.
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

/// Removes a kept file, its lock, and what was being written of it.
fn remove(path: &Path) {
    // What cannot be removed is found by the next program.
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
        // The running one's two files.
        assert_eq!((fs::read(running.path()).expect("reads"), names(&place)), (b"running".to_vec(), 2));
    }

    #[test]
    fn a_folder_that_cannot_be_made_gets_one_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("writes");
        let error = Keeper::begin(&file.join("kept"), "kept").expect_err("a file in the way").0;
        assert!(error.contains("expected to keep") && !error.contains('\n'), "{error}");
    }
}
