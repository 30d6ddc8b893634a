//! CSV tables with one picture per line: a label and its pixels.
//!
//! The label is in the column whose heading names it, else in the first or the last column. The other columns are
//! pixels, whole numbers from 0 to 255, row by row; or all pixels stand in one column, between spaces, as in FER2013. A
//! square number of pixels is a grey picture; three times a square number is a colour picture, channel by channel.
//! Where headings name them, a column may say the part of each picture, and columns of numbers of rows are not read.

#![deny(clippy::arithmetic_side_effects)]

use super::counter::Counter;
use super::dataset::Split;
use super::error::DataError;
use super::files::{failed, file_name, is_gzip, open_file, unpacked};
use super::parts::{part_of, words_of};
use super::square::shape_of;
use super::store::{Held, Pixels, Stored};
use super::system::{self, File};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The most bytes in a line: a colour picture of 1024 x 1024.
const LONGEST: u64 = 16 << 20;
/// The most bytes in a label.
const LONGEST_LABEL: usize = 200;
/// The headings that mark the label column.
const LABEL_NAMES: [&str; 6] = ["label", "labels", "class", "target", "y", "emotion"];
/// The headings that mark the column of parts.
pub(super) const PART_NAMES: [&str; 6] = ["usage", "split", "part", "partition", "subset", "set"];
/// The headings of columns that number or name rows.
const ROW_NAMES: [&str; 9] =
    ["", "id", "index", "idx", "imageid", "image_id", "image id", "unnamed: 0", "row"];

/// The contents of one table.
pub(super) struct Table {
    /// (C, H, W) of each picture.
    pub shape: [usize; 3],
    /// Headings of columns that are not read.
    pub ignored: Vec<String>,
    /// What the column of parts says, and what it was taken for; empty without one.
    pub said: BTreeMap<String, Split>,
    /// The rows of each split.
    parts: [TablePart; 3],
    names: Vec<String>,
}

/// The rows of a table that belong to one split.
struct TablePart {
    pixels: Box<dyn Pixels>,
    /// For each picture, the index of its label in the table's names.
    labels: Vec<usize>,
}

/// The rows of a split while they are read.
#[derive(Default)]
struct Part {
    pixels: Vec<u8>,
    /// Where each row begins.
    begins: Vec<u64>,
    labels: Vec<usize>,
}

/// Whether the path is a file with the name of a table.
pub(super) fn is_table(path: &Path) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    system::is_file(path)
        && [".csv", ".tsv", ".csv.gz", ".tsv.gz"].iter().any(|ending| name.ends_with(ending))
}

impl Table {
    /// Whether any of its rows belong to a split.
    pub(super) fn has(&self, split: Split) -> bool {
        !self.parts[split as usize].labels.is_empty()
    }

    /// Reads a table; its rows belong to the split that its column of parts says, or to `split`. The inner error means
    /// that it is no table of labels and pixels. If the pixels exceed `room` bytes, they stay in the file and only the
    /// start of each line is kept; a packed file is refused in that case.
    pub(super) fn read(
        path: &Path,
        split: Split,
        room: &mut u64,
        counter: &Counter,
    ) -> Result<Result<Table, String>, DataError> {
        let layout = match Layout::find(path, counter)? {
            Ok(layout) => layout,
            Err(other) => return Ok(Err(other)),
        };
        let mut lines = Lines::open(path, counter)?;
        if layout.has_head {
            lines.next()?;
        }
        let is_packed = is_gzip(path)?;
        let mut holds = true;
        let mut parts: [Part; 3] = Default::default();
        let (mut names, mut said) = (Vec::new(), BTreeMap::new());
        let (mut held, mut count) = (0usize, 0usize);
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        let mut row = Vec::new();
        while let Some(TextLine { number, begin, text }) = lines.next()? {
            let wrong = |what: String| DataError::wrong(&file_name(path), format!("line {number}: {what}"));
            let (label, part) = layout.row(text, &mut row).map_err(wrong)?;
            let part = match part {
                Some(part) => split_said(part, &mut said).map_err(wrong)?,
                None => split,
            };
            let next = numbers.len();
            let of_label = *numbers.entry(label.to_owned()).or_insert(next);
            if of_label == names.len() {
                names.push(label.to_owned());
            }
            let part = &mut parts[part as usize];
            part.labels.push(of_label);
            part.begins.push(begin);
            count = count.saturating_add(1);
            if holds {
                part.pixels.extend_from_slice(&row);
                held = held.saturating_add(row.len());
            }
            if holds && held.saturating_add(kept_beside(count, names.len())) as u64 > *room {
                if is_packed {
                    let most = *room >> 20;
                    return Err(wrong(format!(
                        "expected a packed table of at most {most} MB, got a larger one; unpack it first"
                    )));
                }
                parts.iter_mut().for_each(|part| part.pixels = Vec::new());
                holds = false;
            }
        }
        if holds {
            *room = room.saturating_sub(held as u64);
        }
        let (shape, ignored) = (layout.shape, layout.ignored.clone());
        let parts = parts.map(|part| stored_part(path, part, holds, &layout));
        let [a, b, c] = parts;
        Ok(Ok(Table { shape, ignored, said, parts: [a?, b?, c?], names }))
    }
}

/// The bytes that the positions and labels of rows take beside the pixels: a picture may be a single pixel.
fn kept_beside(rows: usize, names: usize) -> usize {
    let of_row = size_of::<usize>().saturating_add(size_of::<u64>());
    rows.saturating_mul(of_row).saturating_add(names.saturating_mul(LONGEST_LABEL).saturating_mul(2))
}

/// The rows of a split, held or left in the file.
fn stored_part(path: &Path, part: Part, holds: bool, layout: &Layout) -> Result<TablePart, DataError> {
    let Part { pixels, begins, labels } = part;
    let pixels: Box<dyn Pixels> = if holds || labels.is_empty() {
        Box::new(Held(pixels))
    } else {
        let file = Mutex::new(open_file(path)?);
        Box::new(Rows { name: file_name(path), file, begins, layout: layout.clone() })
    };
    Ok(TablePart { pixels, labels })
}

/// The split that a field of the column of parts stands for. FER2013's public test is for validation, its private one
/// for testing.
fn split_said(field: &str, said: &mut BTreeMap<String, Split>) -> Result<Split, String> {
    if let Some(split) = said.get(field) {
        return Ok(*split);
    }
    let is_public = words_of(field).iter().any(|word| word == "public");
    let split = if is_public { Some(Split::Validation) } else { part_of(field) };
    let split = split.ok_or_else(|| {
        format!("expected a part such as train, validation or test, got \"{}\"; correct it", short(field))
    })?;
    said.insert(field.to_owned(), split);
    Ok(split)
}

/// A table whose pixels stay in its file.
struct Rows {
    name: String,
    file: Mutex<File>,
    /// Where each picture's line begins.
    begins: Vec<u64>,
    layout: Layout,
}

impl Pixels for Rows {
    fn read(&self, index: u64, bytes: &mut [u8]) -> Result<(), DataError> {
        let wrong = |what: String| DataError::wrong(&self.name, what);
        let begin = usize::try_from(index).ok().and_then(|index| self.begins.get(index));
        let begin = *begin.ok_or_else(|| {
            wrong(format!("expected a line of the table, got number {index}; open the set again"))
        })?;
        let mut text = Vec::new();
        // After a panic elsewhere the lock is poisoned, but a seek resets the file's only state.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(begin))
            .and_then(|_| BufReader::new((&mut *file).take(LONGEST)).read_until(b'\n', &mut text))
            .map_err(|error| wrong(format!("expected a line at {begin}, got {error}; open the set again")))?;
        let mut row = Vec::new();
        let read = std::str::from_utf8(&text).map_err(|error| error.to_string());
        let read = read.and_then(|text| self.layout.row(text.trim_end(), &mut row));
        match read {
            Ok(_) if row.len() == bytes.len() => bytes.copy_from_slice(&row),
            Ok(_) | Err(_) => {
                return Err(wrong(format!(
                    "expected the line at {begin} to be unchanged, but the file has changed; open the set again"
                )));
            }
        }
        Ok(())
    }
}

/// The classes of all tables together, and each split with its rows, of which one table has some. If all labels are whole numbers up to
/// 1000, they are the class numbers; otherwise they are class names, in sorted order.
pub(super) fn with_classes(name: &str, tables: Vec<Table>) -> Result<(Vec<String>, [Stored; 3]), DataError> {
    const MOST: u64 = 1000;
    let names: BTreeSet<&str> = tables.iter().flat_map(|table| &table.names).map(String::as_str).collect();
    let numbers: Option<Vec<u64>> =
        names.iter().map(|name| whole(name).filter(|number| *number <= MOST)).collect();
    let classes: Vec<String> = match numbers.as_deref() {
        Some(numbers) => {
            (0..=numbers.iter().copied().max().unwrap_or(0)).map(|class| class.to_string()).collect()
        }
        None => names.iter().map(|&name| name.to_owned()).collect(),
    };
    if classes.len() > usize::from(u16::MAX) {
        let what = format!(
            "expected at most {} classes, got {}; check which column is the label",
            u16::MAX,
            classes.len()
        );
        return Err(DataError::wrong(name, what));
    }
    let is_numbered = numbers.is_some();
    let class = |label: &String| {
        let number = if is_numbered {
            whole(label)
        } else {
            classes.binary_search(label).ok().map(|class| class as u64)
        };
        number.unwrap_or(0) as u16
    };
    let mut stored = std::array::from_fn(|_| Stored::none());
    for table in tables {
        let of_names: Vec<u16> = table.names.iter().map(class).collect();
        for (stored, part) in stored.iter_mut().zip(table.parts) {
            if !part.labels.is_empty() {
                let labels = part.labels.iter().map(|label| of_names[*label]).collect();
                *stored = Stored { pixels: part.pixels, labels };
            }
        }
    }
    Ok((classes, stored))
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Label,
    /// One pixel.
    Pixel,
    /// All pixels, between spaces.
    Pixels,
    /// The part of the set.
    Part,
    /// Nothing that is read.
    Other,
}

/// Which column holds what.
#[derive(Clone, Debug, PartialEq)]
struct Layout {
    delimiter: char,
    has_head: bool,
    columns: Vec<Role>,
    /// Headings of columns that are not read.
    ignored: Vec<String>,
    shape: [usize; 3],
}

impl Layout {
    /// Parses a line: returns its label and its part, and fills `pixels`. The error is one line.
    fn row<'a>(&self, text: &'a str, pixels: &mut Vec<u8>) -> Result<(&'a str, Option<&'a str>), String> {
        pixels.clear();
        let (mut label, mut part, mut columns) = ("", None, 0usize);
        let wrong = |column: usize, field: &str| {
            let (column, got) = (column.saturating_add(1), short(field));
            format!(
                "expected a whole number from 0 to 255 in column {column}, got \"{got}\"; correct it, or multiply \
                 fractions by 255"
            )
        };
        for (column, field) in fields(text, self.delimiter).enumerate() {
            columns = columns.saturating_add(1);
            match self.columns.get(column) {
                Some(Role::Label) => label = field,
                Some(Role::Part) => part = Some(field),
                Some(Role::Pixel) => pixels.push(pixel(field).ok_or_else(|| wrong(column, field))?),
                Some(Role::Pixels) => {
                    for field in field.split_ascii_whitespace() {
                        pixels.push(pixel(field).ok_or_else(|| wrong(column, field))?);
                    }
                }
                Some(Role::Other) | None => {}
            }
        }
        if columns != self.columns.len() {
            let expected = self.columns.len();
            return Err(format!(
                "expected {expected} columns as in the lines above, got {columns}; complete or remove the line"
            ));
        }
        let expected: usize = self.shape.iter().product();
        if pixels.len() != expected {
            let got = pixels.len();
            return Err(format!(
                "expected {expected} pixels as in the lines above, got {got}; complete or remove the line"
            ));
        }
        if label.len() > LONGEST_LABEL {
            let got = short(label);
            return Err(format!(
                "expected a label of at most {LONGEST_LABEL} bytes, got \"{got}...\"; correct it"
            ));
        }
        Ok((label, part))
    }

    /// Determines the layout from the first two lines, and from all lines if no heading names the label column. The
    /// inner error means that it is no table of labels and pixels.
    fn find(path: &Path, counter: &Counter) -> Result<Result<Layout, String>, DataError> {
        let name = file_name(path);
        let mut lines = Lines::open(path, counter)?;
        let Some(TextLine { text: first, .. }) = lines.next()? else {
            return Err(DataError::wrong(
                &name,
                "expected a table with one picture per line, got an empty file; save it again",
            ));
        };
        let delimiter = delimiter_of(first);
        let head: Vec<String> = fields(first, delimiter).map(str::to_ascii_lowercase).collect();
        let named = head.iter().position(|name| LABEL_NAMES.contains(&name.as_str()));
        // A single word may be the label of the first picture.
        let has_head =
            named.is_some() || head.iter().filter(|field| field.parse::<f64>().is_err()).count() > 1;
        let (mut columns, mut ignored) = (vec![Role::Pixel; head.len()], Vec::new());
        if has_head {
            let second = lines.next()?.map(|line| line.text.to_owned()).unwrap_or_default();
            columns = roles(&head, named, &second, delimiter);
            let others = columns.iter().zip(&head).filter(|(role, _)| **role == Role::Other);
            ignored = others.map(|(_, name)| name.clone()).filter(|name| !name.is_empty()).collect();
            if let Some(count) = texts_len(&second, delimiter, &columns) {
                return Ok(Layout::of_text(delimiter, columns, ignored, count));
            }
        }
        let pixels = columns.iter().filter(|role| **role == Role::Pixel).count();
        let beside_label = if named.is_some() { pixels } else { pixels.saturating_sub(1) };
        let got = head.len();
        // Headings of which none is a label's stand over pixels alone, if they can.
        let is_alone = |shape: Option<[usize; 3]>| named.is_none() && shape.is_some();
        if has_head && is_alone(shape_of(pixels))
            || is_alone(shape_of(pixels)) && shape_of(beside_label).is_none()
        {
            return Ok(Err(format!(
                "expected a label beside the pixels, got {got} columns, which are pixels only; add a column \"label\""
            )));
        }
        let Some(shape) = shape_of(beside_label) else {
            return Ok(Err(format!(
                "expected a label and n x n pixels or three times as many, got {got} columns; use one column per pixel"
            )));
        };
        if named.is_none() {
            let lines = Lines::open(path, counter)?;
            let label = label_column(lines, has_head, &columns, delimiter)?;
            if let Some(role) = columns.get_mut(label) {
                *role = Role::Label;
            }
        }
        Ok(Ok(Layout { delimiter, has_head, columns, ignored, shape }))
    }

    /// The layout of a table with all pixels in one column, `count` in the first row.
    fn of_text(
        delimiter: char,
        columns: Vec<Role>,
        ignored: Vec<String>,
        count: usize,
    ) -> Result<Layout, String> {
        let texts = columns.iter().filter(|role| **role == Role::Pixels).count();
        if texts != 1 {
            return Err(format!("expected one column of pixels, got {texts}; remove the others"));
        }
        if !columns.contains(&Role::Label) {
            return Err("expected a label beside the pixels, got none; add a column \"label\"".to_owned());
        }
        let shape = shape_of(count).ok_or_else(|| {
            format!("expected n x n pixels or three times as many, got {count}; correct the column of pixels")
        })?;
        Ok(Layout { delimiter, has_head: true, columns, ignored, shape })
    }
}

/// The delimiter of a line: the commonest one; of equally many a comma.
pub(super) fn delimiter_of(line: &str) -> char {
    // `max_by_key` returns the last of equals; a comma is the likeliest.
    let count = |delimiter: &char| line.matches(*delimiter).count();
    ['\t', ';', ','].into_iter().max_by_key(count).unwrap_or(',')
}

/// What the columns under these headings hold; `named` is that of the label, `second` the line below.
fn roles(head: &[String], named: Option<usize>, second: &str, delimiter: char) -> Vec<Role> {
    let texts = fields(second, delimiter).map(is_text_of_pixels).chain(std::iter::repeat(false));
    let role = |(heading, is_text): (&String, bool)| match heading.as_str() {
        _ if is_text => Role::Pixels,
        heading if PART_NAMES.contains(&heading) => Role::Part,
        heading if ROW_NAMES.contains(&heading) => Role::Other,
        _ => Role::Pixel,
    };
    let mut columns: Vec<Role> = head.iter().zip(texts).map(role).collect();
    if columns.contains(&Role::Pixels) {
        columns.iter_mut().filter(|role| **role == Role::Pixel).for_each(|role| *role = Role::Other);
    }
    if let Some(role) = named.and_then(|label| columns.get_mut(label)) {
        *role = Role::Label;
    }
    columns
}

/// Whether a field is the text of several pixels.
fn is_text_of_pixels(field: &str) -> bool {
    const FEW: usize = 4;
    field.split_ascii_whitespace().take(FEW).filter(|field| pixel(field).is_some()).count() == FEW
}

/// How many pixels the column of pixels has in a line; `None` without such a column.
fn texts_len(line: &str, delimiter: char, columns: &[Role]) -> Option<usize> {
    let mut texts = fields(line, delimiter).zip(columns).filter(|(_, role)| **role == Role::Pixels);
    texts.next().map(|(field, _)| field.split_ascii_whitespace().count())
}

/// Chooses the first or the last of the columns that may be pixels as the label: the one with words; else the one that
/// is not constant, as a corner pixel often is; else the one with fewer distinct values.
fn label_column(
    mut lines: Lines,
    has_head: bool,
    columns: &[Role],
    delimiter: char,
) -> Result<usize, DataError> {
    const ENOUGH: usize = 300;
    let ends = [
        columns.iter().position(|role| *role == Role::Pixel),
        columns.iter().rposition(|role| *role == Role::Pixel),
    ];
    let [first, last] = ends.map(Option::unwrap_or_default);
    let mut values: [BTreeSet<String>; 2] = Default::default();
    if has_head {
        lines.next()?;
    }
    while let Some(TextLine { text, .. }) = lines.next()? {
        for (column, field) in fields(text, delimiter).enumerate() {
            for (values, end) in values.iter_mut().zip([first, last]) {
                if column == end && values.len() < ENOUGH {
                    values.insert(short(field));
                }
            }
        }
    }
    let words = |k: usize| values[k].iter().any(|value| value.parse::<f64>().is_err());
    let [a, b] = values.each_ref().map(BTreeSet::len);
    let is_last = match (words(0), words(1)) {
        (true, _) => false,
        (false, true) => true,
        (false, false) => b > 1 && (a == 1 || b < a),
    };
    Ok(if is_last { last } else { first })
}

pub(super) fn fields(text: &str, delimiter: char) -> impl Iterator<Item = &str> {
    text.split(delimiter).map(|field| field.trim().trim_matches('"'))
}

/// A pixel's value, which may be written as a float.
fn pixel(field: &str) -> Option<u8> {
    field.parse().ok().or_else(|| whole(field).and_then(|number| u8::try_from(number).ok()))
}

/// A whole number of at least 0, which may be written as a float.
fn whole(field: &str) -> Option<u64> {
    let number: f64 = field.parse().ok()?;
    (number >= 0.0 && number <= f64::from(u32::MAX) && number.fract() == 0.0).then_some(number as u64)
}

fn short(field: &str) -> String {
    field.chars().filter(|c| !c.is_control()).take(20).collect()
}

/// Reads the lines of a file that are not empty, each at most [`LONGEST`] bytes long.
struct Lines<'a> {
    path: PathBuf,
    from: BufReader<Box<dyn Read>>,
    counter: &'a Counter<'a>,
    text: Vec<u8>,
    line: u64,
    /// Bytes read so far.
    read: u64,
}

/// A line that is not empty.
struct TextLine<'a> {
    /// Counted from 1.
    number: u64,
    /// The offset of its first byte in the unpacked file.
    begin: u64,
    text: &'a str,
}

impl<'a> Lines<'a> {
    fn open(path: &Path, counter: &'a Counter<'a>) -> Result<Self, DataError> {
        let from = BufReader::with_capacity(1 << 16, unpacked(path)?);
        Ok(Self { path: path.to_owned(), from, counter, text: Vec::new(), line: 0, read: 0 })
    }

    fn next(&mut self) -> Result<Option<TextLine<'_>>, DataError> {
        let begin = loop {
            self.text.clear();
            let begin = self.read;
            let mut from = (&mut self.from).take(LONGEST.saturating_add(1));
            let read = from.read_until(b'\n', &mut self.text);
            let read = read.map_err(|error| failed(&self.path, "a complete file", &error))?;
            if read == 0 {
                return Ok(None);
            }
            self.read = self.read.saturating_add(read as u64);
            self.line = self.line.saturating_add(1);
            self.counter.check_cancelled()?;
            if self.text.len() as u64 > LONGEST {
                return Err(self.wrong(format!(
                    "expected lines of at most {} MB, got a longer one; choose another file",
                    LONGEST >> 20
                )));
            }
            if !self.text.trim_ascii().is_empty() {
                break begin;
            }
        };
        // A byte order mark before the first line.
        const MARK: &[u8] = b"\xef\xbb\xbf";
        let (begin, marked) = match self.text.strip_prefix(MARK) {
            Some(text) => (begin.saturating_add(MARK.len() as u64), text),
            None => (begin, &self.text[..]),
        };
        match std::str::from_utf8(marked.trim_ascii_end()) {
            Ok(text) => Ok(Some(TextLine { number: self.line, begin, text })),
            Err(_) => {
                Err(self
                    .wrong("expected a table as text, got other bytes; save it as CSV in UTF-8".to_owned()))
            }
        }
    }

    fn wrong(&self, what: String) -> DataError {
        DataError::wrong(&file_name(&self.path), format!("line {}: {what}", self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execution::Execution;

    /// The layout of a text, or the error that refuses it.
    fn layout(text: &str) -> Result<Layout, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).expect("writes");
        Layout::find(&path, &Counter::new(Execution::SERIAL, 1)).map_err(|error| error.to_string())?
    }

    /// The columns of a layout, a letter for each.
    fn columns(layout: &Layout) -> String {
        let letter = |role: &Role| match role {
            Role::Label => 'L',
            Role::Pixel => 'p',
            Role::Pixels => 'P',
            Role::Part => 'S',
            Role::Other => '-',
        };
        layout.columns.iter().map(letter).collect()
    }

    #[test]
    fn the_label_is_found_where_it_stands() {
        let found = |text: &str| {
            let layout = layout(text)?;
            Ok::<_, String>((layout.delimiter, layout.has_head, columns(&layout), layout.shape))
        };
        let grey =
            |delimiter, has_head, columns: &str| Ok((delimiter, has_head, columns.to_owned(), [1, 2, 2]));
        assert_eq!(found("label,pixel0,pixel1,pixel2,pixel3\n3,0,0,0,0"), grey(',', true, "Lpppp"));
        assert_eq!(found("a;b;\"Class\";c;d\r\n0;0;3;0;0"), grey(';', true, "ppLpp"));
        // Without a heading: words, else the corner that is always the same, else fewer values.
        assert_eq!(found("0,0,0,9,cat\n0,0,0,0,dog"), grey(',', false, "ppppL"));
        assert_eq!(found("cat,0,0,9,0"), grey(',', false, "Lpppp"));
        assert_eq!(found("1,5,5,5,0\n2,5,5,5,0"), grey(',', false, "Lpppp"));
        assert_eq!(found("0,5,5,5,1\n0,5,5,5,2"), grey(',', false, "ppppL"));
        assert_eq!(found("7,5,5,5,1\n8,5,5,5,2\n9,5,5,5,1"), grey(',', false, "ppppL"));
        assert_eq!(found("x0\tx1\tx2\tx3\tx4\n0\t5\t5\t5\t1\n0\t5\t5\t5\t2"), grey('\t', true, "ppppL"));
        let colour = format!("label{}", ",p".repeat(27));
        assert_eq!(found(&colour), Ok((',', true, format!("L{}", "p".repeat(27)), [3, 3, 3])));
        assert!(
            found("0,0,0,0,0,0,0,0,0").is_err_and(|error| error.contains("9 columns, which are pixels only"))
        );
        assert!(found("1,2,3").is_err_and(|error| error.contains("got 3 columns")));
        assert!(found("").is_err_and(|error| error.contains("empty file")));
        assert!(found("hello").is_err());
    }

    #[test]
    fn columns_that_are_no_pixels_are_told_by_their_headings() {
        let found = |text: &str| {
            layout(text).map(|layout| (columns(&layout), layout.shape, layout.ignored.join("|")))
        };
        // FER2013, in both orders of its columns; without labels it is no set.
        let text = "emotion,pixels,Usage\n0,1 2 3 4,Training";
        assert_eq!(found(text), Ok(("LPS".into(), [1, 2, 2], String::new())));
        assert_eq!(
            found("emotion, Usage, pixels\n0,Training,1 2 3 4"),
            Ok(("LSP".into(), [1, 2, 2], String::new()))
        );
        assert!(
            found("pixels,Usage\n1 2 3 4,Training").is_err_and(|error| error.contains("expected a label"))
        );
        assert!(found("emotion,pixels\n0,1 2 3 4 5").is_err_and(|error| error.contains("got 5")));
        // The number of the row, as pandas and Kaggle write it.
        assert_eq!(found(",label,a,b,c,d\n0,3,0,0,0,0"), Ok(("-Lpppp".into(), [1, 2, 2], String::new())));
        assert_eq!(
            found("id,label,split,a,b,c,d\n0,3,test,0,0,0,0"),
            Ok(("-LSpppp".into(), [1, 2, 2], "id".into()))
        );
        assert!(found("ImageId,Label\n1,0").is_err_and(|error| error.contains("got 2 columns")));
        // Without a label the rest is pixels, and the number of the row is none.
        assert!(
            found("id,a,b,c,d,e,f,g,h,i\n0,1,2,3,4,5,6,7,8,9")
                .is_err_and(|error| error.contains("pixels only"))
        );
    }
}
