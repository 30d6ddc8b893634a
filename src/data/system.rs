//! Where files are: on disk, or in memory where there is no disk.

#[cfg(not(target_arch = "wasm32"))]
pub use disk::*;
#[cfg(target_arch = "wasm32")]
pub use memory::*;

#[cfg(not(target_arch = "wasm32"))]
mod disk {
    pub use std::fs::{File, canonicalize, read};
    use std::{
        fs, io,
        path::{Path, PathBuf},
    };

    /// Whether there is a file at a path.
    pub fn is_file(path: &Path) -> bool {
        path.is_file()
    }

    /// Whether there is a folder at a path.
    pub fn is_dir(path: &Path) -> bool {
        path.is_dir()
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// As the system's.
    pub fn open(path: &Path) -> io::Result<File> {
        File::open(path)
    }

    /// The length of an open file in bytes.
    ///
    /// # Errors
    /// As the system's.
    pub fn len(file: &File) -> io::Result<u64> {
        Ok(file.metadata()?.len())
    }

    /// The size of the file at a path in bytes; `None` if it is a folder or something else.
    ///
    /// # Errors
    /// If there is nothing.
    pub fn size(path: &Path) -> io::Result<Option<u64>> {
        let found = fs::metadata(path)?;
        Ok(found.is_file().then_some(found.len()))
    }

    /// The paths of what is in a folder.
    ///
    /// # Errors
    /// As the system's.
    pub fn list(path: &Path) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path())).collect()
    }
}

#[cfg(target_arch = "wasm32")]
mod memory {
    use super::super::memory_files;
    pub use super::super::memory_files::{File, is_dir, is_file, list, open};
    use std::{
        io,
        path::{Component, Path, PathBuf},
    };

    /// A path without `.` and `..`.
    ///
    /// # Errors
    /// If there is nothing.
    pub fn canonicalize(path: impl AsRef<Path>) -> io::Result<PathBuf> {
        let mut whole = PathBuf::new();
        for part in path.as_ref().components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => drop(whole.pop()),
                part => whole.push(part),
            }
        }
        match memory_files::exists(&whole) {
            true => Ok(whole),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// If there is none.
    pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let bytes = memory_files::read(path.as_ref()).ok_or(io::ErrorKind::NotFound)?;
        Ok(bytes.to_vec())
    }

    /// The length of an open file in bytes.
    ///
    /// # Errors
    /// None.
    pub fn len(file: &File) -> io::Result<u64> {
        Ok(file.get_ref().as_ref().len() as u64)
    }

    /// The size of the file at a path in bytes; `None` if it is a folder.
    ///
    /// # Errors
    /// If there is nothing.
    pub fn size(path: &Path) -> io::Result<Option<u64>> {
        match memory_files::read(path) {
            Some(bytes) => Ok(Some(bytes.len() as u64)),
            None if is_dir(path) => Ok(None),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}
