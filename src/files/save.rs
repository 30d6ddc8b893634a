//! Atomic writes: a file is written under a temporary name, synced and renamed.

use super::FileError;
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The temporary file that is being written.
static UNDER_WAY: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Writes a file atomically: at every moment either the old or the new file exists.
///
/// # Errors
/// If the folder does not exist or cannot be written to, or the path is not a regular file.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let (target, temporary) = places(path)?;
    *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) = Some(temporary.clone());
    let written = write_and_rename(&temporary, &target, bytes);
    *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner) = None;
    written.map_err(|error| failed(path, &temporary, &error))
}

/// Writes a folder with files, which is there with all of them or not at all; there must be nothing in its place.
///
/// # Errors
/// If there is, if the folder around it does not exist or cannot be written to.
pub fn write_folder(path: &Path, files: &[(String, Vec<u8>)]) -> Result<(), FileError> {
    let fails = |what: String| FileError(format!("{}: {what}", path.display()));
    if path.exists() {
        return Err(fails(
            "expected a folder that is not there yet, got one that is; choose another name".into(),
        ));
    }
    let (target, temporary) = places(path)?;
    let written = fs::create_dir(&temporary)
        .and_then(|()| files.iter().try_for_each(|(name, bytes)| fs::write(temporary.join(name), bytes)))
        .and_then(|()| fs::rename(&temporary, &target));
    written.map_err(|error| {
        // The first error counts.
        let _ = fs::remove_dir_all(&temporary);
        fails(format!("expected to write the folder, got {error}; choose another place"))
    })
}

/// Checks whether [`write_atomically`] can succeed; does not change the file.
///
/// # Errors
/// As for [`write_atomically`].
pub fn check_writable(path: &Path) -> Result<(), FileError> {
    let (_, temporary) = places(path)?;
    let tried = File::create(&temporary).and_then(|_| fs::remove_file(&temporary));
    tried.map_err(|error| failed(path, &temporary, &error))
}

/// Removes the temporary file of a running [`write_atomically`], just before the program exits.
pub fn abandon() {
    if let Some(temporary) = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
        // Failures are ignored, because the program is exiting.
        let _ = fs::remove_file(temporary);
    }
}

/// The file to replace, and the temporary file.
fn places(path: &Path) -> Result<(PathBuf, PathBuf), FileError> {
    let fails = |what: String| FileError(format!("{}: {what}", path.display()));
    // A symbolic link is kept; its target is replaced.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        return Err(fails("expected a file to write, got a folder or a device; use a file name".into()));
    }
    let name = target
        .file_name()
        .ok_or_else(|| fails("expected a file's name, got none; add one after the folder".into()))?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(fails(format!(
            "expected the folder {} to exist, got none; create it first",
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
    // The first error counts.
    let _ = fs::remove_file(temporary);
    FileError(format!("{}: expected to write the file, got {error}; choose another place", path.display()))
}

fn write_and_rename(temporary: &PathBuf, target: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(temporary, target)?;
    // The new name is durable only once the folder is synced, which not every system supports.
    if let Some(Ok(folder)) = target.parent().map(File::open) {
        let _ = folder.sync_all();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_whole_or_absent() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("film");
        let files = [("1.png".to_owned(), vec![1]), ("2.png".to_owned(), vec![2])];
        write_folder(&path, &files).expect("writes");
        assert_eq!(fs::read(path.join("2.png")).expect("reads"), [2]);
        let error = write_folder(&path, &files).expect_err("it is there").0;
        assert!(error.contains("not there yet") && !error.contains('\n'), "{error}");
        // A file that cannot be written takes the others with it.
        let wrong = [("1.png".to_owned(), vec![1]), ("none/2.png".to_owned(), vec![2])];
        write_folder(&folder.path().join("other"), &wrong).expect_err("no such folder");
        write_folder(&folder.path().join("none/film"), &files).expect_err("no folder around it");
        assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
    }

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
