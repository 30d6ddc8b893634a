//! Files that are whole or not there: written under a temporary name, synced, renamed.

use super::FileError;
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The temporary file that is being written.
static UNDER_WAY: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Writes a file so that at every moment either the old one or the new one is there.
///
/// # Errors
/// Where the folder is not there or cannot be written to, or the path is no file.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let (target, temporary) = places(path)?;
    *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) = Some(temporary.clone());
    let written = write_and_rename(&temporary, &target, bytes);
    *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) = None;
    written.map_err(|error| failed(path, &temporary, &error))
}

/// Whether [`write_atomically`] can be expected to succeed; the file stays as it is.
///
/// # Errors
/// As there.
pub fn check_writable(path: &Path) -> Result<(), FileError> {
    let (_, temporary) = places(path)?;
    let tried = File::create(&temporary).and_then(|_| fs::remove_file(&temporary));
    tried.map_err(|error| failed(path, &temporary, &error))
}

/// Takes away what [`write_atomically`] is writing, just before the program ends in the middle of it.
pub fn abandon() {
    if let Some(temporary) = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
        // Nobody is left to hear that it fails.
        let _ = fs::remove_file(temporary);
    }
}

/// The file that is replaced, and the one that is written first.
fn places(path: &Path) -> Result<(PathBuf, PathBuf), FileError> {
    let fails = |what: String| FileError(format!("{}: {what}", path.display()));
    // A link stays a link: its target is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        return Err(fails("expected a file to write, got a folder or a device; give a file's name".into()));
    }
    let name = target
        .file_name()
        .ok_or_else(|| fails("expected a file's name, got none; add one after the folder".into()))?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(fails(format!(
            "expected the folder {} to be there, got none; make it first",
            folder.display()
        )));
    }
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = folder.join(temporary);
    Ok((target, temporary))
}

fn failed(path: &Path, temporary: &Path, error: &std::io::Error) -> FileError {
    // The error that counts is the first one.
    let _ = fs::remove_file(temporary);
    FileError(format!("{}: expected to write the file, got {error}; choose another place", path.display()))
}

fn write_and_rename(temporary: &PathBuf, target: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(temporary, target)?;
    // The new name itself is safe only when the folder is synced; not every system can.
    if let Some(Ok(folder)) = target.parent().map(File::open) {
        let _ = folder.sync_all();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.npz");
        write_atomically(&path, b"one").expect("writes");
        write_atomically(&path, b"two").expect("writes");
        assert_eq!(fs::read(&path).expect("reads"), b"two");
        check_writable(&path).expect("can be written");
        assert_eq!(fs::read(&path).expect("reads"), b"two");
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
        for wrong in [folder.path().to_owned(), folder.path().join("none/a.npz"), PathBuf::from("/dev/null")]
        {
            let error = write_atomically(&wrong, b"three").expect_err("no file").0;
            assert_eq!(check_writable(&wrong), Err(FileError(error.clone())));
            assert!(error.contains("expected") && !error.contains('\n'), "{error}");
        }
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
    }
}
