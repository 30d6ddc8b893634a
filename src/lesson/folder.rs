//! A lesson's own models and pictures: files in its folder, read with it, never from outside of it.

use super::format::{Lesson, LessonError};
use crate::data::Loaded;
use crate::model_io::{Model, Near, weights::architecture_text};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Component, Path},
    sync::Arc,
};

/// The files of a lesson's folder that it names, by those names.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Folder(BTreeMap<String, Arc<Vec<u8>>>);

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Folder {
    /// Files by their names.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Self {
        Self(files.into_iter().map(|(name, bytes)| (name, Arc::new(bytes))).collect())
    }

    /// Whether a name is that of a file; those of bundled models and pictures have no ending.
    pub fn is_file(name: &str) -> bool {
        name.contains(['.', '/', '\\'])
    }

    /// The model of a file; `None` where the name is that of a bundled one.
    ///
    /// # Errors
    /// Where the file is not there, or is no model.
    pub fn model(&self, name: &str) -> Option<Result<Model, String>> {
        Self::is_file(name).then(|| {
            let bytes = self.bytes("model", name)?;
            let beside = self.0.get(&beside(name)).map(|text| String::from_utf8_lossy(text).into_owned());
            let near = Near { architecture: beside.as_deref(), ..Near::NOTHING };
            let model = Model::from_file(name, bytes, &near);
            model.map_err(|error| format!("model: {name}: {error}"))
        })
    }

    /// The picture of a file; `None` where the name is that of a bundled one.
    ///
    /// # Errors
    /// Where the file is not there, or is no picture.
    pub fn picture(&self, name: &str) -> Option<Result<Loaded, String>> {
        Self::is_file(name).then(|| {
            let bytes = self.bytes("picture", name)?;
            Loaded::decode(name, bytes).map_err(|error| format!("picture: {name}: {error}"))
        })
    }

    fn bytes(&self, key: &str, name: &str) -> Result<&Vec<u8>, String> {
        let found = self.0.get(name).map(|bytes| &**bytes);
        found.ok_or_else(|| {
            format!("{key}: expected a file beside the lesson, got no {name:?} there; put it into the lesson's folder")
        })
    }
}

/// The architecture that lies beside weights without one.
fn beside(name: &str) -> String {
    Path::new(name).with_extension("toml").to_string_lossy().into_owned()
}

impl Lesson {
    /// Reads a lesson from a file, and from its folder the models and pictures that it names.
    ///
    /// # Errors
    /// As [`Lesson::parse`]; and where a file that it names cannot be read or lies outside of the folder.
    pub fn read(path: &Path) -> Result<Self, LessonError> {
        let unread = |error: std::io::Error| {
            LessonError(format!("expected a file that can be read, got {error}; check its rights"))
        };
        let bytes = std::fs::read(path).map_err(unread)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| LessonError("expected a text, got bytes that are none; save it as UTF-8".into()))?;
        let mut lesson = Self::parse(&text)?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        lesson.folder = lesson.read_folder(parent.unwrap_or(Path::new(".")))?;
        Ok(lesson)
    }

    /// The files that it names, as [`Folder::is_file`] has it.
    fn files(&self) -> BTreeSet<&str> {
        let opened = self.beats.iter().filter_map(|beat| beat.open.as_ref());
        let opened = opened.flat_map(|open| [&open.model, &open.picture]).flatten();
        let all = [&self.model, &self.picture].into_iter().chain(opened);
        all.map(String::as_str).filter(|name| Folder::is_file(name)).collect()
    }

    fn read_folder(&self, folder: &Path) -> Result<Arc<Folder>, LessonError> {
        let mut files = Vec::new();
        for name in self.files() {
            let bytes = read_within(folder, name)?;
            let lacks_architecture = architecture_text(&bytes).is_ok_and(|text| text.is_none());
            files.push((name.to_owned(), bytes));
            if lacks_architecture && folder.join(beside(name)).is_file() {
                files.push((beside(name), read_within(folder, &beside(name))?));
            }
        }
        Ok(Arc::new(Folder::new(files)))
    }
}

/// Reads a file of a folder; one that lies outside of it, also by a link, is refused.
fn read_within(folder: &Path, name: &str) -> Result<Vec<u8>, LessonError> {
    let outside = || {
        LessonError(format!(
            "{name}: expected a file in the lesson's folder, got one outside of it; copy it there and write its name"
        ))
    };
    let relative = Path::new(name);
    let is_within =
        relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_within || name.contains(['\\', ':']) {
        return Err(outside());
    }
    let unread = |error: std::io::Error| {
        LessonError(format!(
            "{name}: expected a file in the lesson's folder, got {error}; put it beside the lesson, or name a bundled one"
        ))
    };
    let path = folder.join(relative).canonicalize().map_err(unread)?;
    if !path.starts_with(folder.canonicalize().map_err(unread)?) {
        return Err(outside());
    }
    std::fs::read(path).map_err(unread)
}
