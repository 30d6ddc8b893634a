//! Where a file or folder is, as the host names it.

use serde::{Deserialize, Serialize};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where a file or folder is. Only the host that opens and writes files knows what it refers to: a path on a desktop,
/// something that the user picked in a browser. The rest of the program passes it on and shows its text.
///
/// ```
/// use convstep::data::Location;
///
/// let location = Location::from("/home/me/net.convstep");
/// assert_eq!(location.name(), "net.convstep");
/// assert_eq!(location.stem(), "net");
/// assert_eq!(location.sibling("other.png").to_string(), "/home/me/other.png");
/// assert_eq!(Location::from("/home/me").join("net").with_ending("convstep"), location);
/// assert_eq!((Location::from("/").name(), Location::from("/").display_name()), ("".into(), "/".into()));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Location(PathBuf);

impl Location {
    /// Its last part: the name of the file or folder. Empty if it has none.
    pub fn name(&self) -> String {
        self.0.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Its name without the last ending: `net` for `net.convstep`. Empty if it has no name.
    pub fn stem(&self) -> String {
        self.0.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Its name, or the whole location if it has none.
    pub fn display_name(&self) -> String {
        self.0.file_name().unwrap_or(self.0.as_os_str()).to_string_lossy().into_owned()
    }

    /// Whether it can be written down as text and read back.
    pub fn is_text(&self) -> bool {
        self.0.to_str().is_some()
    }

    /// The location that a user means by `typed` in this folder. A whole location is taken as typed.
    #[must_use]
    pub fn join(&self, typed: &str) -> Self {
        Self(self.0.join(typed))
    }

    /// The location of a file called `name` in the same folder.
    #[must_use]
    pub fn sibling(&self, name: &str) -> Self {
        Self(self.0.with_file_name(name))
    }

    /// This location if its name ends in `.ending`, in upper or lower case; otherwise with the ending appended.
    #[must_use]
    pub fn with_ending(&self, ending: &str) -> Self {
        if self.0.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending)) {
            return self.clone();
        }
        let mut name = self.0.clone().into_os_string();
        name.push(".");
        name.push(ending);
        Self(name.into())
    }

    /// The path that it stands for, for a host on a desktop.
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

impl From<&str> for Location {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for Location {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self(path)
    }
}

impl From<&Path> for Location {
    fn from(path: &Path) -> Self {
        Self(path.to_owned())
    }
}
