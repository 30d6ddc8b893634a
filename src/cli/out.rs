//! Standard output; a closed pipe is not an error.

use super::CliError;
use std::io::{ErrorKind, Write, stdout};

/// Prints a text. A closed pipe is ignored.
pub fn print(text: &str) -> Result<(), CliError> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CliError(format!("standard output: expected to write, got {error}; redirect it elsewhere")))
        }
        _ => Ok(()),
    }
}

/// Formats a table with a header row; columns listed in `right` are aligned to the right.
pub fn table(rows: &[Vec<String>], right: &[usize]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |c: usize| rows.iter().filter_map(|row| row.get(c)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|c| width(c).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(c, (cell, &width))| {
            if right.contains(&c) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// A shape as text, for example 3x32x32.
pub fn shape([c, h, w]: [usize; 3]) -> String {
    format!("{c}x{h}x{w}")
}
