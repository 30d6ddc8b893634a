//! Reads a lesson with the files of its folder that it names, never from outside of it.

use super::{
    folder::{Folder, beside},
    format::{Lesson, LessonError},
};
use crate::data::{folder_of, place_within, system};
use crate::model_io::weights::architecture_text;
use std::{
    collections::BTreeSet,
    path::{Component, Path},
    sync::Arc,
};

impl Lesson {
    /// Reads a lesson from a file, and from its folder the models and pictures that it names.
    ///
    /// # Errors
    /// As [`Lesson::parse`]; and where a file that it names cannot be read or lies outside of the folder.
    pub fn read(path: &Path) -> Result<Self, LessonError> {
        let unread = |error: std::io::Error| {
            LessonError(format!("expected a file that can be read, got {error}; check its rights"))
        };
        let bytes = system::read(path).map_err(unread)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| LessonError("expected a text, got bytes that are none; save it as UTF-8".into()))?;
        let mut lesson = Self::parse(&text)?;
        lesson.folder = lesson.read_folder(folder_of(path))?;
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
            if lacks_architecture && system::is_file(&folder.join(beside(name))) {
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
    let place = place_within(folder, relative).map_err(unread)?.ok_or_else(outside)?;
    system::read(place).map_err(unread)
}
