//! Notices and errors in the window's language.

use super::strings::Words;
use crate::app::{About, Notice, Work};
use crate::data::{DataError, DataNote, Instead, PictureError, Split};

/// The most names that a line lists.
const LISTED: usize = 4;

/// What a notice says.
pub fn notice(words: Words, notice: &Notice) -> String {
    match &notice.about {
        About::Itself => notice.text.clone(),
        About::Picture(error) => picture_error(words, error),
        About::Data(error) => data_error(words, error),
        About::Note(data, note) => {
            words.fill("notice.of_data", &[("data", data), ("note", &data_note(words, note))])
        }
        About::Sentence(key, blanks) => {
            let blanks: Vec<(&str, &str)> =
                blanks.iter().map(|(name, value)| (*name, value.as_str())).collect();
            words.fill(key, &blanks)
        }
        About::Work(work) => failed(words, *work, &notice.text),
    }
}

/// That some work did not succeed, and the reason in the core's words.
pub fn failed(words: Words, work: Work, text: &str) -> String {
    words.fill(work.key(), &[("text", text)])
}

/// Why a picture or an array cannot be used.
pub fn picture_error(words: Words, error: &PictureError) -> String {
    let fill = |key: &str, blanks: &[(&str, &str)]| words.fill(&format!("picture_error.{key}"), blanks);
    match error {
        PictureError::Empty { name } => fill("empty", &[("name", name)]),
        PictureError::NotAPicture { name, got } => fill("not_a_picture", &[("name", name), ("got", got)]),
        PictureError::Damaged { name, format, reason } => {
            fill("damaged", &[("name", name), ("format", format), ("reason", reason)])
        }
        PictureError::RareKind { name, format, reason } => {
            fill("rare_kind", &[("name", name), ("format", format), ("reason", reason)])
        }
        PictureError::TooLarge { name, got } => fill("too_large", &[("name", name), ("got", got)]),
        PictureError::WrongLength { name, width, height, expected, got } => {
            let [width, height] = [width, height].map(u32::to_string);
            let (expected, got) = (expected.to_string(), got.to_string());
            let numbers = [("width", &*width), ("height", &height), ("expected", &expected), ("got", &got)];
            fill("wrong_length", &[&[("name", name.as_str())], &numbers[..]].concat())
        }
        PictureError::Channels { name, got } => {
            fill("channels", &[("name", name), ("got", &got.to_string())])
        }
        PictureError::Batch { name, got } => fill("batch", &[("name", name), ("got", &got.to_string())]),
        PictureError::Target { name, h, w } => {
            fill("target", &[("name", name), ("h", &h.to_string()), ("w", &w.to_string())])
        }
        PictureError::ArrayShape { name, expected, got } => {
            let [expected, got] = [expected, got].map(|shape| format!("{shape:?}"));
            fill("array_shape", &[("name", name), ("expected", &expected), ("got", &got)])
        }
        PictureError::Array { name, reason } => {
            fill("array", &[("name", name), ("reason", &reason.to_string())])
        }
        PictureError::UnknownSample { got, .. } => {
            fill("unknown_sample", &[("got", got), ("text", &error.to_string())])
        }
    }
}

/// Why a data set, or one of its examples, cannot be used.
pub fn data_error(words: Words, error: &DataError) -> String {
    let text = error.to_string();
    let fill = |key: &str, blanks: &[(&str, &str)]| {
        words.fill(&format!("data_error.{key}"), &[&[("text", text.as_str())], blanks].concat())
    };
    match error {
        DataError::Cancelled => fill("cancelled", &[]),
        DataError::Wrong { name, what } => fill("wrong", &[("name", name), ("what", what)]),
        DataError::PartsUnclear { name, folders } => {
            fill("parts_unclear", &[("name", name), ("folders", &list(words, folders))])
        }
        DataError::Unreadable { path, expected, is_missing, reason } => {
            let key = if *is_missing { "missing" } else { "unreadable" };
            fill(key, &[("path", path), ("expected", expected), ("reason", reason)])
        }
        DataError::NotADataSet { name } => fill("not_a_data_set", &[("name", name)]),
        DataError::NoClasses { name, got } => {
            fill("no_classes", &[("name", name), ("got", &instead(words, got))])
        }
        DataError::NoReadable { name, first } => fill("no_readable", &[("name", name), ("first", first)]),
        DataError::NoExamples { name } => fill("no_examples", &[("name", name)]),
        DataError::Picture(error) => picture_error(words, error),
    }
}

/// What a data set holds in place of class folders with pictures.
fn instead(words: Words, got: &Instead) -> String {
    match got {
        Instead::Files(endings) if endings.is_empty() => words.text("data_error.no_picture"),
        Instead::Files(endings) => {
            let files = endings.iter().map(|(ending, count)| format!("{count} .{ending}"));
            let files = files.collect::<Vec<_>>().join(&words.text("place.and"));
            words.fill("data_error.no_picture_but", &[("files", &files)])
        }
        Instead::Loose { count } => words.fill("data_error.loose", &[("n", &count.to_string())]),
        Instead::Within { folders, .. } => {
            words.fill("data_error.within", &[("folders", &list(words, folders))])
        }
    }
}

/// What a set's files were taken for.
pub fn data_note(words: Words, note: &DataNote) -> String {
    match note {
        DataNote::Parts(parts) => words.fill("sets.note_parts", &[("list", &parts_list(words, parts))]),
        DataNote::Subfolders(classes) => {
            words.fill("sets.note_subfolders", &[("list", &list(words, classes))])
        }
        DataNote::Labels { table, files, labels } => {
            words.fill("sets.note_labels", &[("table", table), ("files", files), ("labels", labels)])
        }
        DataNote::Scaled { array } => words.fill("sets.note_scaled", &[("array", array)]),
        DataNote::Columns { table, columns } => {
            words.fill("sets.note_columns", &[("table", table), ("list", &list(words, columns))])
        }
    }
}

/// Each part with the folders or files that stand for it.
fn parts_list(words: Words, parts: &[(String, Split)]) -> String {
    let of = |split: Split| {
        let names: Vec<&str> =
            parts.iter().filter(|(_, part)| *part == split).map(|(name, _)| name.as_str()).collect();
        let part = words.text(&format!("sets.{}", split.name()));
        (!names.is_empty())
            .then(|| words.fill("sets.note_part", &[("part", &part), ("names", &list(words, &names))]))
    };
    Split::ALL.into_iter().filter_map(of).collect::<Vec<_>>().join("  ·  ")
}

/// Some names; of many, the first ones and how many more.
pub fn list<S: AsRef<str>>(words: Words, names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(LISTED).map(AsRef::as_ref).collect();
    let shown = shown.join(&words.text("place.and"));
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => words.fill("told.list_more", &[("names", &shown), ("n", &more.to_string())]),
    }
}
