//! Files in the folder of a file that is read: the weights of a model may be in a file of their own, its architecture in
//! another.

use super::system;
use std::{
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// The files in the folder of a file that is read. The names are relative, with `/` between folders; whoever calls has
/// refused names that lead out of the folder.
pub trait Beside {
    /// The size of a file in bytes.
    ///
    /// # Errors
    /// What there is instead, as in "got none".
    fn size(&self, name: &str) -> Result<u64, String>;

    /// `len` bytes of a file from `start` on.
    ///
    /// # Errors
    /// What there is instead.
    fn read(&self, name: &str, start: u64, len: usize) -> Result<Vec<u8>, String>;
}

/// The folder of the file at `path`.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The real place of a file of a folder, all links followed; `None` if it lies outside of the folder.
///
/// # Errors
/// If one of the two is not there.
pub fn place_within(folder: &Path, name: &Path) -> io::Result<Option<PathBuf>> {
    let place = system::canonicalize(folder.join(name))?;
    let folder = system::canonicalize(folder)?;
    Ok(Some(place).filter(|place| place.starts_with(folder)))
}

/// No folder: no files.
impl Beside for () {
    fn size(&self, _: &str) -> Result<u64, String> {
        Err("no folder to look in".into())
    }

    fn read(&self, _: &str, _: u64, _: usize) -> Result<Vec<u8>, String> {
        Err("no folder to look in".into())
    }
}

/// The files in a folder on disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelFolder(PathBuf);

impl ModelFolder {
    /// The folder of the file at `path`.
    pub fn of(path: &Path) -> Self {
        Self(folder_of(path).to_owned())
    }

    /// The real place of a file, which must be in the folder.
    fn place(&self, name: &str) -> Result<PathBuf, String> {
        let fails = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => "none".to_owned(),
            _ => error.to_string(),
        };
        let place = place_within(&self.0, Path::new(name)).map_err(fails)?;
        place.ok_or_else(|| "a link to a place outside the folder".into())
    }
}

impl Beside for ModelFolder {
    fn size(&self, name: &str) -> Result<u64, String> {
        let found = system::size(&self.place(name)?).map_err(|error| error.to_string())?;
        match found {
            Some(size) => Ok(size),
            None => Err("something that is no file".into()),
        }
    }

    fn read(&self, name: &str, start: u64, len: usize) -> Result<Vec<u8>, String> {
        let size = self.size(name)?;
        if start.checked_add(len as u64).is_none_or(|end| end > size) {
            return Err(format!("a file of {size} bytes"));
        }
        let read = || {
            let mut file = system::open(&self.place(name).map_err(io::Error::other)?)?;
            file.seek(SeekFrom::Start(start))?;
            let mut bytes = Vec::with_capacity(len);
            file.take(len as u64).read_to_end(&mut bytes)?;
            Ok::<_, io::Error>(bytes)
        };
        let bytes = read().map_err(|error| error.to_string())?;
        match bytes.len() == len {
            true => Ok(bytes),
            false => Err("a shorter file".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_files_in_the_folder_are_read() {
        let outer = tempfile::tempdir().expect("a folder");
        let inner = outer.path().join("model");
        fs::create_dir(&inner).expect("a folder");
        fs::write(outer.path().join("secret"), b"secret").expect("a file");
        fs::write(inner.join("weights"), b"0123456789").expect("a file");
        let folder = ModelFolder::of(&inner.join("net.onnx"));
        assert_eq!(folder.size("weights"), Ok(10));
        assert_eq!(folder.read("weights", 3, 4), Ok(b"3456".to_vec()));
        assert!(folder.read("weights", 8, 4).is_err() && folder.read("weights", u64::MAX, 1).is_err());
        assert_eq!(folder.size("none"), Err("none".into()));
        assert!(folder.size("../secret").expect_err("outside").contains("outside the folder"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(outer.path().join("secret"), inner.join("link")).expect("a link");
            assert!(folder.read("link", 0, 3).expect_err("outside").contains("outside the folder"));
            std::os::unix::fs::symlink(inner.join("weights"), inner.join("own")).expect("a link");
            assert_eq!(folder.read("own", 0, 2), Ok(b"01".to_vec()));
        }
    }
}
