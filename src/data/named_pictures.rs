//! Tables that name the files of pictures and their labels, beside the pictures.
//!
//! The column of file names is the one whose fields name pictures of the set, with or without folders and endings. The
//! column of labels is the one whose heading says so, or the only other one. A column may say the part; else the
//! table's name does (`train.csv`), else the folder of the picture.

#![deny(clippy::arithmetic_side_effects)]

use super::arrange::{Arranged, ENDINGS, Labelled, is_picture, sorted_classes};
use super::csv::{PART_NAMES, delimiter_of};
use super::dataset::Split;
use super::error::DataError;
use super::files::{list, open_file, read_bounded};
use super::notes::DataNote;
use super::open_options::Skipped;
use super::parts::{part_of, parts_of, words_of};
use super::picture_files::Files;
use super::system;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The headings of columns of labels, the best first.
const LABEL_NAMES: [&str; 12] = [
    "label",
    "labels",
    "class",
    "classname",
    "category",
    "target",
    "classid",
    "classlabel",
    "categoryid",
    "labelid",
    "emotion",
    "y",
];
/// Words in the headings of columns of file names.
const FILE_WORDS: [&str; 6] = ["file", "path", "image", "img", "picture", "photo"];
/// Rows that tell which column names files.
const TRIED: usize = 50;

/// Whether a table's first lines name files of pictures, by their endings or because such files are in its folder or in
/// one of that folder's own.
pub(super) fn names_files(path: &Path) -> bool {
    const START: u64 = 1 << 16;
    const FEW: usize = 3;
    const FOLDERS: usize = 40;
    let start = open_file(path).and_then(|mut file| read_bounded(path, &mut file, START)).unwrap_or_default();
    let text = String::from_utf8_lossy(&start);
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let Some(head) = lines.next() else { return false };
    let delimiter = delimiter_of(head);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut folders = list(folder).unwrap_or_default();
    folders.retain(|entry| system::is_dir(entry));
    folders.truncate(FOLDERS);
    folders.push(folder.to_owned());
    let is_there = |field: &String| {
        let named = |ending: &str| {
            folders.iter().any(|folder| system::is_file(&folder.join(format!("{field}.{ending}"))))
        };
        !field.is_empty() && field.len() < 200 && ENDINGS.iter().any(|ending| named(ending))
    };
    lines
        .take(FEW)
        .any(|line| quoted_fields(line, delimiter).iter().any(|field| is_picture(field) || is_there(field)))
}

/// Why tables give no labels.
pub(super) struct NoLabels {
    /// In one line.
    pub reason: String,
    /// Tables that name the pictures, but whose labels are unclear.
    pub unclear: Vec<Skipped>,
}

/// Why a table gives no labels.
struct Refused {
    reason: String,
    /// Whether it names pictures.
    names_pictures: bool,
}

/// Sorts the pictures among `files` by the tables beside them; `only` is the name of the only table that counts. The
/// inner error says why no table gives labels.
///
/// # Errors
/// If there are too many classes, or a table is damaged.
pub(super) fn arrange(
    name: &str,
    files: &dyn Files,
    only: Option<&str>,
) -> Result<Result<Arranged, NoLabels>, DataError> {
    let paths = files.paths();
    let pictures = Pictures::of(paths);
    let tables = tables_beside(paths, only);
    let parts = parts_of(tables.iter().map(|(_, table)| file_of(table)));
    let (mut found, mut notes, mut left_out) = (BTreeMap::new(), Vec::new(), Vec::new());
    let mut unclear = Vec::new();
    let mut why =
        "expected a table of file names and labels, got none; add a header line and both columns".to_owned();
    for ((number, table), part) in tables.iter().zip(parts) {
        let file = file_of(table);
        let is_sample = words_of(file).iter().any(|word| word.starts_with("submission") || word == "sample");
        if is_sample && only.is_none() {
            let reason = "expected labels, got a sample of what to hand in; it is not needed".to_owned();
            left_out.push(Skipped { name: (*table).to_owned(), reason });
            continue;
        }
        let bytes = files.read(*number).map_err(|reason| DataError::wrong(table, reason))?;
        match rows_of(&bytes, part, &pictures, &mut found) {
            Ok(Columns { files, labels, missing }) => {
                notes.push(DataNote::Labels { table: file.to_owned(), files, labels });
                if missing > 0 {
                    let reason = format!(
                        "expected the pictures that it names, got {missing} that are not there; add them"
                    );
                    left_out.push(Skipped { name: (*table).to_owned(), reason });
                }
            }
            Err(Refused { reason, names_pictures }) => {
                why.clone_from(&reason);
                let refused = Skipped { name: (*table).to_owned(), reason };
                if names_pictures {
                    unclear.push(refused.clone());
                }
                left_out.push(refused);
            }
        }
    }
    if found.is_empty() {
        return Ok(Err(NoLabels { reason: why, unclear }));
    }
    let unnamed = pictures.count.saturating_sub(found.len());
    if unnamed > 0 {
        let reason =
            format!("expected pictures with a label, got {unnamed} that no table names; add them to a table");
        left_out.push(Skipped { name: name.to_owned(), reason });
    }
    let classes =
        sorted_classes(name, found.values().map(|(_, label)| label.as_str()).collect::<BTreeSet<_>>())?;
    let number: BTreeMap<&str, u16> = (0..).zip(&classes).map(|(k, class)| (class.as_str(), k)).collect();
    let mut splits: [Vec<Labelled>; 3] = Default::default();
    for (picture, (split, label)) in &found {
        splits[*split as usize].push((*picture, number[label.as_str()]));
    }
    splits.iter_mut().for_each(|split| split.sort_unstable_by_key(|(picture, _)| &paths[*picture]));
    Ok(Ok(Arranged { classes, splits, notes, left_out }))
}

/// The last part of a path.
fn file_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The tables in folders that hold all pictures, in or below them: numbers and paths.
fn tables_beside<'a>(paths: &'a [String], only: Option<&str>) -> Vec<(usize, &'a str)> {
    let folder_of = |path: &'a str| path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut folders = paths.iter().filter(|path| is_picture(path)).map(|path| folder_of(path));
    let mut common = folders.next().unwrap_or("");
    for folder in folders {
        while !is_within(folder, common) {
            common = folder_of(common);
        }
    }
    let is_table = |path: &str| {
        let lower = path.to_ascii_lowercase();
        (lower.ends_with(".csv") || lower.ends_with(".tsv")) && !file_of(path).starts_with('.')
    };
    paths
        .iter()
        .enumerate()
        .map(|(number, path)| (number, path.as_str()))
        .filter(|(_, path)| is_table(path) && is_within(common, folder_of(path)))
        .filter(|(_, path)| only.is_none_or(|only| *path == only))
        .collect()
}

/// Whether a folder is another one, or lies in it.
fn is_within(folder: &str, outer: &str) -> bool {
    outer.is_empty()
        || folder.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The pictures of a set by the names of their files.
struct Pictures<'a> {
    paths: &'a [String],
    /// By the file's name, and by its name without the ending.
    by_name: BTreeMap<String, Vec<usize>>,
    count: usize,
}

impl<'a> Pictures<'a> {
    fn of(paths: &'a [String]) -> Pictures<'a> {
        let mut by_name: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut count = 0usize;
        for (number, path) in paths.iter().enumerate().filter(|(_, path)| is_picture(path)) {
            count = count.saturating_add(1);
            let name = file_of(path).to_lowercase();
            if let Some((stem, _)) = name.rsplit_once('.') {
                by_name.entry(stem.to_owned()).or_default().push(number);
            }
            by_name.entry(name).or_default().push(number);
        }
        Pictures { paths, by_name, count }
    }

    /// The picture that a field names; `None` if there is none, or several that the table's part does not tell apart.
    fn find(&self, field: &str, part: Option<Split>) -> Option<usize> {
        let field = field.replace('\\', "/").to_lowercase();
        let field = field.trim_start_matches("./");
        let of_name = self.by_name.get(file_of(field))?;
        if let [only] = of_name[..] {
            return Some(only);
        }
        let wanted = |path: &str| {
            let path = path.to_lowercase();
            let stem = path.rsplit_once('.').map_or(path.as_str(), |(stem, _)| stem);
            [path.as_str(), stem].iter().any(|path| *path == field || path.ends_with(&format!("/{field}")))
        };
        let alike: Vec<usize> =
            of_name.iter().copied().filter(|number| wanted(&self.paths[*number])).collect();
        let in_part: Vec<usize> =
            alike.iter().copied().filter(|number| part.is_some() && self.part_of(*number) == part).collect();
        match (&alike[..], &in_part[..]) {
            ([only], _) | (_, [only]) => Some(*only),
            _ => None,
        }
    }

    /// The part that a picture's folders stand for.
    fn part_of(&self, number: usize) -> Option<Split> {
        let mut folders: Vec<&str> = self.paths[number].split('/').collect();
        folders.pop();
        folders.into_iter().find_map(part_of)
    }
}

/// The columns of a table that were used, and the number of its rows whose pictures are not there.
struct Columns {
    files: String,
    labels: String,
    missing: usize,
}

/// Adds the rows of a table to what has been found. The error is one line.
fn rows_of(
    bytes: &[u8],
    part: Option<Split>,
    pictures: &Pictures,
    found: &mut BTreeMap<usize, (Split, String)>,
) -> Result<Columns, Refused> {
    let no_names = |reason: &str| Refused { reason: reason.to_owned(), names_pictures: false };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| no_names("expected a table as text, got other bytes; save it in UTF-8"))?;
    let mut lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().is_empty());
    let head = lines.next().ok_or_else(|| no_names("expected a table, got an empty file; save it again"))?;
    let delimiter = delimiter_of(head);
    let head = quoted_fields(head, delimiter);
    let rows: Vec<Vec<String>> = lines.map(|line| quoted_fields(line, delimiter)).collect();
    let column = |column: usize| rows.iter().take(TRIED).filter_map(move |row| row.get(column));
    let known = |column_number: &usize| {
        column(*column_number).filter(|field| pictures.find(field, part).is_some()).count()
    };
    // Of columns that name the same pictures, such as the numbers of rows, the one whose heading says so.
    let says_so = |column: usize| {
        let words = head.get(column).map(|heading| words_of(heading)).unwrap_or_default();
        words.iter().any(|word| FILE_WORDS.iter().any(|known| word.contains(known)))
    };
    let files = (0..head.len()).max_by_key(|column| (known(column), says_so(*column), Reverse(*column)));
    let files =
        files.filter(|files| known(files) > 0 && known(files).saturating_mul(2) >= rows.len().min(TRIED));
    let files = files.ok_or_else(|| {
        no_names("expected a column of names of the pictures beside it, got none; check the names")
    })?;
    let parts = head.iter().position(|heading| PART_NAMES.contains(&heading.to_lowercase().as_str()));
    let labels =
        label_column(&head, files, parts).map_err(|reason| Refused { reason, names_pictures: true })?;
    let mut missing = 0usize;
    let mut mine: BTreeMap<usize, (Split, String)> = BTreeMap::new();
    for row in &rows {
        let (Some(file), Some(label)) = (row.get(files), row.get(labels).filter(|label| !label.is_empty()))
        else {
            missing = missing.saturating_add(1);
            continue;
        };
        let Some(picture) = pictures.find(file, part) else {
            missing = missing.saturating_add(1);
            continue;
        };
        let said = parts.and_then(|column| row.get(column)).and_then(|field| part_of(field));
        let split = said.or(part).or_else(|| pictures.part_of(picture)).unwrap_or(Split::Train);
        match mine.get(&picture).or_else(|| found.get(&picture)) {
            Some((_, other)) if other != label => {
                let reason = format!(
                    "expected one label for each picture, got {other} and {label} for {file}; keep one of them"
                );
                return Err(Refused { reason, names_pictures: true });
            }
            Some(_) => {}
            None => drop(mine.insert(picture, (split, label.clone()))),
        }
    }
    found.append(&mut mine);
    let heading = |column: usize| head.get(column).cloned().unwrap_or_default();
    Ok(Columns { files: heading(files), labels: heading(labels), missing })
}

/// The column of labels: the one whose heading says so, or the only one beside the file names.
fn label_column(head: &[String], files: usize, parts: Option<usize>) -> Result<usize, String> {
    let plain =
        |heading: &String| heading.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let headings: Vec<String> = head.iter().map(plain).collect();
    let named = LABEL_NAMES.iter().find_map(|name| {
        headings.iter().enumerate().find(|(column, heading)| *column != files && heading == name)
    });
    if let Some((column, _)) = named {
        return Ok(column);
    }
    let mut others = (0..head.len()).filter(|column| *column != files && Some(*column) != parts);
    match (others.next(), others.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(format!(
            "expected a column \"label\" beside the file names, got {}; rename the column of labels",
            super::error::list_names(head)
        )),
    }
}

/// The fields of a line, in which a delimiter between quotes is none.
fn quoted_fields(line: &str, delimiter: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.trim_end().chars() {
        if c == '"' {
            quoted = !quoted;
        } else if c == delimiter && !quoted {
            fields.push(String::new());
        } else if let Some(field) = fields.last_mut() {
            field.push(c);
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
}
