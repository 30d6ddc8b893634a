//! CSV tables with one picture per line: a label and its pixels.
//!
//! The label is in the column whose heading names it, else in the first or the last column. The other columns are
//! pixels, whole numbers from 0 to 255, row by row. A square number of pixels is a grey picture; three times a
//! square number is a colour picture, channel by channel.

use super::counter::Counter;
use super::error::DataError;
use super::files::{failed, file_name, is_gzip, open_file, unpacked};
use super::store::{Held, Pixels, Stored};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The most bytes in a line: a colour picture of 1024 x 1024.
const LONGEST: u64 = 16 << 20;
/// The most bytes in a label.
const LONGEST_LABEL: usize = 200;
/// The headings that mark the label column.
const LABEL_NAMES: [&str; 5] = ["label", "labels", "class", "target", "y"];

/// The contents of one table.
pub(super) struct Table {
    /// (C, H, W) of each picture.
    pub shape: [usize; 3],
    pixels: Box<dyn Pixels>,
    /// For each picture, the index of its label in `names`.
    labels: Vec<usize>,
    names: Vec<String>,
}

/// Whether the path is a file with the name of a table.
pub(super) fn is_table(path: &Path) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    path.is_file() && [".csv", ".tsv", ".csv.gz", ".tsv.gz"].iter().any(|ending| name.ends_with(ending))
}

impl Table {
    /// Reads a table. The inner error means that the table has no labels. If the pixels exceed `room` bytes, they
    /// stay in the file and only the start of each line is kept; a packed file is refused in that case.
    pub(super) fn read(
        path: &Path,
        room: &mut u64,
        counter: &Counter,
    ) -> Result<Result<Table, String>, DataError> {
        let layout = match Layout::find(path, counter)? {
            Ok(layout) => layout,
            Err(no_labels) => return Ok(Err(no_labels)),
        };
        let mut lines = Lines::open(path, counter)?;
        if layout.has_head {
            lines.next()?;
        }
        let is_packed = is_gzip(path)?;
        let (mut pixels, mut begins, mut holds) = (Vec::new(), Vec::new(), true);
        let (mut labels, mut names) = (Vec::new(), Vec::new());
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        let mut row = Vec::new();
        while let Some(TextLine { number, begin, text }) = lines.next()? {
            let wrong = |what: String| DataError::wrong(&file_name(path), format!("line {number}: {what}"));
            let label = layout.row(text, &mut row).map_err(wrong)?;
            let next = numbers.len();
            let of_label = *numbers.entry(label.to_owned()).or_insert(next);
            if of_label == names.len() {
                names.push(label.to_owned());
            }
            labels.push(of_label);
            begins.push(begin);
            if holds {
                pixels.extend_from_slice(&row);
            }
            // The positions and labels count too: a picture may be a single pixel.
            let kept =
                labels.len() * (size_of::<usize>() + size_of::<u64>()) + names.len() * 2 * LONGEST_LABEL;
            if holds && (pixels.len() + kept) as u64 > *room {
                if is_packed {
                    let most = *room >> 20;
                    return Err(wrong(format!(
                        "expected a packed table of at most {most} MB, got a larger one; unpack it first"
                    )));
                }
                (pixels, holds) = (Vec::new(), false);
            }
        }
        let pixels: Box<dyn Pixels> = if holds {
            *room -= pixels.len() as u64;
            Box::new(Held(pixels))
        } else {
            let file = Mutex::new(open_file(path)?);
            Box::new(Rows { name: file_name(path), file, begins, layout })
        };
        Ok(Ok(Table { shape: layout.shape, pixels, labels, names }))
    }
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

/// The classes of all tables together, and each table as a stored split. If all labels are whole numbers up to
/// 1000, they are the class numbers; otherwise they are class names, in sorted order.
pub(super) fn with_classes(
    name: &str,
    tables: [Option<Table>; 3],
) -> Result<(Vec<String>, [Stored; 3]), DataError> {
    const MOST: u64 = 1000;
    let names: BTreeSet<&str> =
        tables.iter().flatten().flat_map(|table| &table.names).map(String::as_str).collect();
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
    let stored = tables.map(|table| {
        table.map_or_else(Stored::none, |table| {
            let of_names: Vec<u16> = table.names.iter().map(class).collect();
            let labels = table.labels.iter().map(|label| of_names[*label]).collect();
            Stored { pixels: table.pixels, labels }
        })
    });
    Ok((classes, stored))
}

/// Which column holds what.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Layout {
    delimiter: char,
    has_head: bool,
    columns: usize,
    label: usize,
    shape: [usize; 3],
}

impl Layout {
    /// Parses a line: returns its label and fills `pixels`. The error is one line.
    fn row<'a>(&self, text: &'a str, pixels: &mut Vec<u8>) -> Result<&'a str, String> {
        pixels.clear();
        let (mut label, mut columns) = ("", 0);
        for (column, field) in fields(text, self.delimiter).enumerate() {
            columns += 1;
            if column == self.label {
                label = field;
            } else if let Some(pixel) = pixel(field) {
                pixels.push(pixel);
            } else {
                let (column, got) = (column + 1, short(field));
                return Err(format!(
                    "expected a whole number from 0 to 255 in column {column}, got \"{got}\"; correct it, or multiply \
                     fractions by 255"
                ));
            }
        }
        if columns != self.columns {
            let expected = self.columns;
            return Err(format!(
                "expected {expected} columns as in the lines above, got {columns}; complete or remove the line"
            ));
        }
        if label.len() > LONGEST_LABEL {
            let got = short(label);
            return Err(format!(
                "expected a label of at most {LONGEST_LABEL} bytes, got \"{got}...\"; correct it"
            ));
        }
        Ok(label)
    }

    /// Determines the layout from the first line, and from all lines if no heading names the label column. The
    /// inner error means that the table has no labels.
    fn find(path: &Path, counter: &Counter) -> Result<Result<Layout, String>, DataError> {
        let name = file_name(path);
        let mut lines = Lines::open(path, counter)?;
        let Some(TextLine { text: first, .. }) = lines.next()? else {
            return Err(DataError::wrong(
                &name,
                "expected a table with one picture per line, got an empty file; save it again",
            ));
        };
        let count = |delimiter: &char| first.matches(*delimiter).count();
        // `max_by_key` returns the last of equals; a comma is the likeliest.
        let delimiter = ['\t', ';', ','].into_iter().max_by_key(count).unwrap_or(',');
        let head: Vec<String> = fields(first, delimiter).map(str::to_ascii_lowercase).collect();
        let columns = head.len();
        let named = head.iter().position(|name| LABEL_NAMES.contains(&name.as_str()));
        // A single word may be the label of the first picture.
        let has_head =
            named.is_some() || head.iter().filter(|field| field.parse::<f64>().is_err()).count() > 1;
        let Some(shape) = shape_of(columns - 1) else {
            if named.is_none() && shape_of(columns).is_some() {
                return Ok(Err(format!(
                    "expected a label beside the pixels, got {columns} columns, which are pixels only; add a column \"label\""
                )));
            }
            let what = format!(
                "expected a label and n x n pixels or three times as many, got {columns} columns; use one column per pixel"
            );
            return Err(DataError::wrong(&name, what));
        };
        let label = match named {
            Some(label) => label,
            None => label_column(lines, first_if(!has_head, &head), delimiter)?,
        };
        Ok(Ok(Layout { delimiter, has_head, columns, label, shape }))
    }
}

fn first_if(is_picture: bool, head: &[String]) -> Option<[String; 2]> {
    is_picture.then(|| [head.first().cloned().unwrap_or_default(), head.last().cloned().unwrap_or_default()])
}

/// Chooses the first or the last column as the label: the one with words; else the one that is not constant, as a
/// corner pixel often is; else the one with fewer distinct values.
fn label_column(mut lines: Lines, first: Option<[String; 2]>, delimiter: char) -> Result<usize, DataError> {
    const ENOUGH: usize = 300;
    let mut values: [BTreeSet<String>; 2] = Default::default();
    let mut last = 0;
    let mut add = |ends: [&str; 2]| {
        for (values, end) in values.iter_mut().zip(ends) {
            if values.len() < ENOUGH {
                values.insert(short(end));
            }
        }
    };
    if let Some([a, b]) = &first {
        add([a, b]);
    }
    while let Some(TextLine { text, .. }) = lines.next()? {
        let mut fields = fields(text, delimiter);
        let a = fields.next().unwrap_or("");
        let mut b = a;
        let mut count = 0;
        for field in fields {
            b = field;
            count += 1;
        }
        last = last.max(count);
        add([a, b]);
    }
    let words = |k: usize| values[k].iter().any(|value| value.parse::<f64>().is_err());
    let [a, b] = values.each_ref().map(BTreeSet::len);
    let is_last = match (words(0), words(1)) {
        (true, _) => false,
        (false, true) => true,
        (false, false) => b > 1 && (a == 1 || b < a),
    };
    Ok(if is_last { last } else { 0 })
}

/// (C, H, W) of a picture with this many pixels.
fn shape_of(pixels: usize) -> Option<[usize; 3]> {
    let square = |n: usize| Some(n.isqrt()).filter(|side| *side > 0 && side * side == n);
    let grey = square(pixels).map(|side| [1, side, side]);
    grey.or_else(|| {
        pixels.is_multiple_of(3).then(|| square(pixels / 3)).flatten().map(|side| [3, side, side])
    })
}

fn fields(text: &str, delimiter: char) -> impl Iterator<Item = &str> {
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
            let mut from = (&mut self.from).take(LONGEST + 1);
            let read = from.read_until(b'\n', &mut self.text);
            let read = read.map_err(|error| failed(&self.path, "a complete file", &error))?;
            if read == 0 {
                return Ok(None);
            }
            self.read += read as u64;
            self.line += 1;
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
            Some(text) => (begin + MARK.len() as u64, text),
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

    #[test]
    fn the_label_is_found_where_it_stands() {
        let found = |delimiter, has_head, columns, label, shape| {
            Ok(Layout { delimiter, has_head, columns, label, shape })
        };
        let grey = [1, 2, 2];
        assert_eq!(layout("label,pixel0,pixel1,pixel2,pixel3\n3,0,0,0,0"), found(',', true, 5, 0, grey));
        assert_eq!(layout("a;b;\"Class\";c;d\r\n0;0;3;0;0"), found(';', true, 5, 2, grey));
        // Without a heading: words, else the corner that is always the same, else fewer values.
        assert_eq!(layout("0,0,0,9,cat\n0,0,0,0,dog"), found(',', false, 5, 4, grey));
        assert_eq!(layout("cat,0,0,9,0"), found(',', false, 5, 0, grey));
        assert_eq!(layout("1,5,5,5,0\n2,5,5,5,0"), found(',', false, 5, 0, grey));
        assert_eq!(layout("0,5,5,5,1\n0,5,5,5,2"), found(',', false, 5, 4, grey));
        assert_eq!(layout("7,5,5,5,1\n8,5,5,5,2\n9,5,5,5,1"), found(',', false, 5, 4, grey));
        assert_eq!(layout("x0\tx1\tx2\tx3\tx4\n0\t5\t5\t5\t1\n0\t5\t5\t5\t2"), found('\t', true, 5, 4, grey));
        let colour = format!("label{}", ",p".repeat(27));
        assert_eq!(layout(&colour), found(',', true, 28, 0, [3, 3, 3]));
        assert!(
            layout("0,0,0,0,0,0,0,0,0")
                .is_err_and(|error| error.contains("9 columns, which are pixels only"))
        );
        assert!(layout("1,2,3").is_err_and(|error| error.contains("got 3 columns")));
        assert!(layout("").is_err_and(|error| error.contains("empty file")));
        assert!(layout("hello").is_err());
    }

    #[test]
    fn shapes_are_square() {
        assert_eq!(
            [1, 3, 12, 784, 3072].map(shape_of),
            [Some([1, 1, 1]), Some([3, 1, 1]), Some([3, 2, 2]), Some([1, 28, 28]), Some([3, 32, 32])]
        );
        assert_eq!([0, 2, 783].map(shape_of), [None; 3]);
    }
}
