//! Pages of paper, filled from top to bottom with blocks.

use super::{
    grid::Grid,
    ink::{INK, Ink, WEAK},
    text::{Run, lines},
};
use crate::export::fonts::Face;

/// A size of paper.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Paper {
    /// 210 × 297 mm.
    #[default]
    A4,
    /// 8.5 × 11 inches.
    Letter,
}

impl Paper {
    /// Width and height in points.
    pub const fn size(self) -> [f64; 2] {
        match self {
            Self::A4 => [595.28, 841.89],
            Self::Letter => [612.0, 792.0],
        }
    }
}

/// What stands in a row of figures.
#[derive(Clone, PartialEq, Debug)]
pub enum Figure {
    /// A grid.
    Grid(Grid),
    /// A sign between two.
    Sign(String),
    /// Ruled lines to write on, as many, as far as the right margin.
    Lines(usize),
    /// Lines of text.
    Words(Vec<Vec<Run>>),
}

/// A part of a page.
#[derive(Clone, PartialEq, Debug)]
pub enum Block {
    /// A heading with small print at the right end of its line.
    Heading(String, String),
    /// A text of a size.
    Text(Vec<Run>, f64),
    /// A text in small print.
    Small(String),
    /// Grids and signs side by side, on as many lines as they need.
    Figures(Vec<Figure>),
    /// Ruled lines to write on.
    Lines(usize),
    /// Words, and a line to write on behind them.
    Answer(String),
    /// Boxes to tick.
    Choices(Vec<String>),
    /// Space, in points.
    Space(f64),
    /// Blocks that stay on one page if they fit on one.
    Together(Vec<Self>),
}

/// The size of running text, in points.
pub const BODY: f64 = 10.5;

const MARGIN: f64 = 48.0;
/// Where the footer's base line stands, from below.
const FOOT: f64 = 26.0;
const GAP: f64 = 8.0;

/// Writes blocks on pages.
#[derive(Clone, PartialEq, Debug)]
pub struct Press {
    paper: Paper,
    title: String,
    foot: String,
    pages: Vec<(Ink, String)>,
    y: f64,
}

impl Press {
    /// An empty press. `foot` is the small print at the lower left of the pages that follow.
    pub fn new(paper: Paper, title: &str) -> Self {
        Self { paper, title: title.to_owned(), foot: String::new(), pages: Vec::new(), y: f64::INFINITY }
    }

    /// The width of a line of text.
    pub const fn width(&self) -> f64 {
        self.paper.size()[0] - 2.0 * MARGIN
    }

    fn bottom(&self) -> f64 {
        self.paper.size()[1] - MARGIN
    }

    /// Begins a page with small print at its foot.
    pub fn turn(&mut self, foot: &str) {
        self.foot = foot.to_owned();
        self.new_page();
    }

    fn new_page(&mut self) {
        self.pages.push((Ink::default(), self.foot.clone()));
        self.y = MARGIN;
    }

    fn ink(&mut self) -> &mut Ink {
        if self.pages.is_empty() {
            self.new_page();
        }
        let last = self.pages.len() - 1;
        &mut self.pages[last].0
    }

    /// Adds blocks below what stands there.
    pub fn add(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.add_one(block);
        }
    }

    fn add_one(&mut self, block: &Block) {
        let height = self.height(block);
        let is_at_top = self.y <= MARGIN + 0.1;
        let room = self.bottom() - MARGIN;
        if self.y + height > self.bottom()
            && !is_at_top
            && (height <= room || !matches!(block, Block::Together(_)))
        {
            self.new_page();
        }
        match block {
            Block::Together(blocks) => return self.add(blocks),
            Block::Space(_) if self.y <= MARGIN + 0.1 => return,
            Block::Text(runs, size) => return self.text(runs, *size, INK),
            Block::Small(text) => return self.text(&[Run::plain(text)], SMALL, WEAK),
            Block::Heading(..)
            | Block::Figures(_)
            | Block::Lines(_)
            | Block::Answer(_)
            | Block::Choices(_)
            | Block::Space(_) => {}
        }
        self.draw(block);
        self.y += height;
    }

    /// A text, line by line: a page may end between two.
    fn text(&mut self, runs: &[Run], size: f64, colour: &str) {
        for line in lines(runs, size, self.width()) {
            if self.y + size * LEADING > self.bottom() {
                self.new_page();
            }
            let at = [MARGIN, self.y + size];
            self.ink().runs(at, size, colour, &line);
            self.y += size * LEADING;
        }
        self.y += size * 0.3;
    }

    fn height(&self, block: &Block) -> f64 {
        let text = |runs: &[Run], size: f64| {
            lines(runs, size, self.width()).len() as f64 * size * LEADING + size * 0.3
        };
        match block {
            Block::Heading(..) => 26.0,
            Block::Text(runs, size) => text(runs, *size),
            Block::Small(words) => text(&[Run::plain(words)], SMALL),
            Block::Figures(figures) => self.rows(figures).iter().map(|row| row.height + GAP).sum::<f64>(),
            Block::Lines(count) => *count as f64 * RULED + 4.0,
            Block::Answer(_) => 26.0,
            Block::Choices(choices) => self.choices(choices).1 + 4.0,
            Block::Space(height) => *height,
            Block::Together(blocks) => blocks.iter().map(|block| self.height(block)).sum(),
        }
    }

    fn draw(&mut self, block: &Block) {
        let (left, top, width) = (MARGIN, self.y, self.width());
        match block {
            Block::Heading(words, small) => {
                self.ink().text([left, top + 16.0], 13.0, Face::Strong, INK, words);
                self.ink().text_right([left + width, top + 16.0], SMALL, WEAK, small);
            }
            Block::Figures(figures) => {
                let mut y = top;
                for row in self.rows(figures) {
                    let mut x = left;
                    for (figure, width) in row.figures {
                        match figure {
                            Figure::Grid(grid) => grid.draw(self.ink(), [x, y + row.middle - grid.middle()]),
                            Figure::Words(lines) => {
                                let first = y + row.middle - LINE * lines.len() as f64 / 2.0;
                                for (k, line) in lines.iter().enumerate() {
                                    let at = [x, first + LINE * k as f64 + BODY];
                                    self.ink().runs(at, BODY, INK, line);
                                }
                            }
                            Figure::Lines(count) => {
                                let first = y + row.middle - RULED * *count as f64 / 2.0;
                                for k in 1..=*count {
                                    self.ink().line([x, first + RULED * k as f64 - 2.0], width, "#aeb7c2");
                                }
                            }
                            Figure::Sign(sign) => self.ink().text_middle(
                                [x + width / 2.0, y + row.middle + 5.0],
                                14.0,
                                Face::Text,
                                INK,
                                sign,
                            ),
                        }
                        x += width + GAP;
                    }
                    y += row.height + GAP;
                }
            }
            Block::Lines(count) => {
                for k in 1..=*count {
                    self.ink().line([left, top + RULED * k as f64], width, "#aeb7c2");
                }
            }
            Block::Answer(words) => {
                self.ink().text([left, top + 18.0], BODY, Face::Text, INK, words);
                let begin = left + Face::Text.width(words) * BODY + 8.0;
                self.ink().line([begin, top + 20.0], (left + width - begin).min(150.0), INK);
            }
            Block::Choices(choices) => {
                for ([x, y], choice) in self.choices(choices).0.into_iter().zip(choices) {
                    self.ink().rectangle([left + x, top + y + 3.0], [9.0, 9.0], "#ffffff", INK, 0.8);
                    self.ink().text([left + x + 14.0, top + y + 11.5], BODY, Face::Text, INK, choice);
                }
            }
            Block::Text(..) | Block::Small(_) | Block::Space(_) | Block::Together(_) => {}
        }
    }

    /// Where boxes to tick stand below one another's beginnings, and how high they are together.
    fn choices(&self, choices: &[String]) -> (Vec<[f64; 2]>, f64) {
        let (mut x, mut y) = (0.0, 0.0);
        let mut places = Vec::new();
        for choice in choices {
            let width = 14.0 + Face::Text.width(choice) * BODY;
            if x > 0.0 && x + width > self.width() {
                (x, y) = (0.0, y + RULED);
            }
            places.push([x, y]);
            x += width + 28.0;
        }
        (places, y + RULED)
    }

    /// Figures, as many to a row as fit.
    fn rows<'a>(&self, figures: &'a [Figure]) -> Vec<Row<'a>> {
        let mut rows: Vec<Row> = vec![Row::default()];
        let mut used = 0.0;
        for figure in figures {
            let ([width, height], middle) = match figure {
                Figure::Grid(grid) => (grid.size(), grid.middle()),
                Figure::Sign(sign) => ([Face::Text.width(sign) * 14.0, 14.0], 7.0),
                Figure::Words(lines) => {
                    let height = LINE * lines.len() as f64;
                    let wide =
                        |line: &Vec<Run>| line.iter().map(|run| run.face().width(&run.text)).sum::<f64>();
                    ([lines.iter().map(wide).fold(0.0, f64::max) * BODY, height], height / 2.0)
                }
                Figure::Lines(count) => {
                    let height = RULED * *count as f64;
                    ([(self.width() - used).max(80.0), height], height / 2.0)
                }
            };
            // A sign stands before what follows it.
            let is_full =
                used > 0.0 && used + width > self.width() + 0.1 && !matches!(figure, Figure::Sign(_));
            if is_full {
                let sign = rows
                    .last_mut()
                    .and_then(|row| row.figures.pop_if(|(figure, _)| matches!(figure, Figure::Sign(_))));
                used = sign.map_or(0.0, |(_, width)| width + GAP);
                rows.push(Row { figures: sign.into_iter().collect(), ..Row::default() });
            }
            used += width + GAP;
            if let Some(row) = rows.last_mut() {
                let below = (row.height - row.middle).max(height - middle);
                row.middle = row.middle.max(middle);
                row.height = row.middle + below;
                row.figures.push((figure, width));
            }
        }
        rows
    }

    /// The pages as SVG, numbered.
    pub fn finish(self) -> Vec<String> {
        let (size, count) = (self.paper.size(), self.pages.len());
        let [width, height] = size;
        let finish = |(index, (mut ink, foot)): (usize, (Ink, String))| {
            ink.text([MARGIN, height - FOOT], SMALL, Face::Text, WEAK, &foot);
            ink.text_right([width - MARGIN, height - FOOT], SMALL, WEAK, &format!("{} / {count}", index + 1));
            ink.svg(size, &self.title)
        };
        self.pages.into_iter().enumerate().map(finish).collect()
    }
}

/// Figures of one row, each with its width.
#[derive(Clone, PartialEq, Debug, Default)]
struct Row<'a> {
    figures: Vec<(&'a Figure, f64)>,
    height: f64,
    middle: f64,
}

/// Points: small print, from line to line as a share of the size, from ruled line to ruled line.
const SMALL: f64 = 7.5;
const LEADING: f64 = 1.4;
const LINE: f64 = BODY * LEADING;
const RULED: f64 = 20.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::sheet::grid::Cell;

    #[test]
    fn blocks_stay_on_their_pages() {
        let grid = Grid { title: "g".into(), cells: vec![vec![Cell::Number("1".into()); 4]; 4], first: None };
        let group = Block::Together(vec![
            Block::Heading("h".into(), String::new()),
            Block::Figures(vec![Figure::Grid(grid)]),
        ]);
        let mut press = Press::new(Paper::A4, "t");
        for _ in 0..12 {
            press.add(std::slice::from_ref(&group));
        }
        let pages = press.finish();
        assert_eq!(pages.len(), 3);
        // Each heading is on the page of its grid.
        for page in &pages {
            assert_eq!(page.matches(">h<").count() * 16, page.matches(">1<").count());
        }
        let mut press = Press::new(Paper::Letter, "t");
        press.add(&[Block::Text(vec![Run::plain("word ".repeat(4000))], BODY)]);
        assert!(press.finish().len() > 3);
    }
}
