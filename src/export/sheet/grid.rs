//! Numbers in a grid, to read or to fill in.

use super::ink::{INK, Ink, LINE, WEAK};
use crate::export::fonts::Face;

/// A cell of a grid.
#[derive(Clone, PartialEq, Debug)]
pub enum Cell {
    /// A number.
    Number(String),
    /// A number that stands out.
    Marked(String),
    /// To be filled in; a letter in its corner, or none.
    Blank(String),
    /// Padding: what lies outside a map.
    Outside(String),
    /// A pixel of a pattern of two values: bright or dark, with its sign.
    Pixel(bool),
    /// A pixel of a picture, from 0, dark, to 1.
    Shade(f32),
}

impl Cell {
    /// The text that stands in the middle.
    fn text(&self) -> &str {
        match self {
            Self::Number(text) | Self::Marked(text) | Self::Outside(text) => text,
            Self::Pixel(true) => "+",
            Self::Pixel(false) => "−",
            Self::Blank(_) | Self::Shade(_) => "",
        }
    }
}

/// A grid with its title and the numbers of its rows and columns.
#[derive(Clone, PartialEq, Debug)]
pub struct Grid {
    /// What it is, in up to three lines.
    pub title: String,
    /// The cells, row by row; rows may be of unlike length.
    pub cells: Vec<Vec<Cell>>,
    /// The numbers of the first row and column, where they are numbered.
    pub first: Option<[i64; 2]>,
}

/// Points: the size of the numbers, of the title and of the numbers beside rows, the least side of a cell.
const TEXT: f64 = 10.0;
const TITLE: f64 = 8.5;
const SMALL: f64 = 7.0;
const LETTER: f64 = 6.5;
const SIDE: f64 = 24.0;
const PIXEL: f64 = 17.0;

impl Grid {
    fn is_picture(&self) -> bool {
        self.cells.iter().flatten().any(|cell| matches!(cell, Cell::Shade(_)))
    }

    fn is_pattern(&self) -> bool {
        self.cells.iter().flatten().any(|cell| matches!(cell, Cell::Pixel(_)))
    }

    /// Width and height of a cell.
    fn side(&self) -> [f64; 2] {
        let columns = self.cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
        if self.is_picture() {
            return [(170.0 / columns as f64).min(PIXEL); 2];
        }
        if self.is_pattern() {
            return [PIXEL; 2];
        }
        let wide = |cell: &Cell| match cell {
            Cell::Blank(letter) => Face::Text.width(letter) * LETTER,
            _ => Face::Text.width(cell.text()) * TEXT,
        };
        let widest = self.cells.iter().flatten().map(wide).fold(0.0, f64::max);
        let has_letters =
            self.cells.iter().flatten().any(|cell| matches!(cell, Cell::Blank(name) if !name.is_empty()));
        let least = if has_letters { [40.0, 28.0] } else { [SIDE; 2] };
        [least[0].max(widest + 7.0), least[1]]
    }

    fn margin(&self) -> [f64; 2] {
        let [left, above] = if self.first.is_some() { [12.0, 10.0] } else { [0.0; 2] };
        [left, above + self.title_lines().len() as f64 * (TITLE + 2.5) + 2.0]
    }

    fn title_lines(&self) -> Vec<&str> {
        self.title.lines().collect()
    }

    /// Width and height with title and numbers.
    pub fn size(&self) -> [f64; 2] {
        let ([w, h], [left, above]) = (self.side(), self.margin());
        let columns = self.cells.iter().map(Vec::len).max().unwrap_or(0);
        let title = self.title_lines().into_iter().map(|line| Face::Text.width(line) * TITLE);
        [title.fold(left + w * columns as f64, f64::max), above + h * self.cells.len() as f64]
    }

    /// The height of the middle of its cells.
    pub fn middle(&self) -> f64 {
        (self.margin()[1] + self.size()[1]) / 2.0
    }

    /// Draws it with its upper left corner at a point.
    pub fn draw(&self, ink: &mut Ink, [x, y]: [f64; 2]) {
        let ([w, h], [left, above]) = (self.side(), self.margin());
        for (k, line) in self.title_lines().into_iter().enumerate() {
            ink.text([x, y + TITLE + k as f64 * (TITLE + 2.5)], TITLE, Face::Text, WEAK, line);
        }
        for (r, row) in self.cells.iter().enumerate() {
            for (c, cell) in row.iter().enumerate() {
                let at = [x + left + w * c as f64, y + above + h * r as f64];
                draw_cell(ink, cell, at, [w, h]);
            }
        }
        if let Some([row, column]) = self.first {
            self.draw_numbers(ink, [x + left, y + above], [row, column]);
        }
    }

    /// The numbers of rows and columns; of a picture every fifth.
    fn draw_numbers(&self, ink: &mut Ink, [x, y]: [f64; 2], [row, column]: [i64; 2]) {
        let [w, h] = self.side();
        let columns = self.cells.iter().map(Vec::len).max().unwrap_or(0);
        let every = if self.is_picture() { 5 } else { 1 };
        let shown = |n: i64| n % every == 0;
        for (k, n) in (row..).take(self.cells.len()).enumerate().filter(|(_, n)| shown(*n)) {
            let at = [x - 3.0, y + h * (k as f64 + 0.5) + SMALL * 0.36];
            ink.text_right(at, SMALL, WEAK, &n.to_string());
        }
        for (k, n) in (column..).take(columns).enumerate().filter(|(_, n)| shown(*n)) {
            ink.text_middle([x + w * (k as f64 + 0.5), y - 2.5], SMALL, Face::Text, WEAK, &n.to_string());
        }
    }
}

fn draw_cell(ink: &mut Ink, cell: &Cell, [x, y]: [f64; 2], [w, h]: [f64; 2]) {
    let (fill, edge) = match cell {
        Cell::Number(_) | Cell::Blank(_) => ("#ffffff".to_owned(), LINE),
        Cell::Marked(_) => ("#fff0c2".to_owned(), LINE),
        Cell::Outside(_) => ("#eceff3".to_owned(), LINE),
        Cell::Pixel(true) => ("#ffffff".to_owned(), LINE),
        Cell::Pixel(false) => ("#b9c1cc".to_owned(), LINE),
        Cell::Shade(share) => {
            let grey = (50.0 + 205.0 * share.clamp(0.0, 1.0)).round() as u8;
            (format!("#{grey:02x}{grey:02x}{grey:02x}"), "#8a94a1")
        }
    };
    let thin = if matches!(cell, Cell::Shade(_)) { 0.25 } else { 0.7 };
    ink.rectangle([x, y], [w, h], &fill, edge, thin);
    let face = if matches!(cell, Cell::Marked(_)) { Face::Strong } else { Face::Text };
    let colour = if matches!(cell, Cell::Outside(_)) { WEAK } else { INK };
    ink.text_middle([x + w / 2.0, y + h / 2.0 + TEXT * 0.36], TEXT, face, colour, cell.text());
    if let Cell::Blank(letter) = cell {
        ink.text([x + 2.5, y + LETTER + 1.5], LETTER, Face::Text, WEAK, letter);
    }
}
