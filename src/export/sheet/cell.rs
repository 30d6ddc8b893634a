//! A cell with its terms: as a question with grids to fill in, and as a key with each product and the sum.

use super::{
    grid::{Cell, Grid},
    names,
    page::{BODY, Block, Figure},
    sentence,
    text::Run,
    words::Words,
};
use crate::nn::{Op, Part};
use crate::tensor::{
    number::{self, MINUS},
    printed_sum::PrintedSum,
};
use crate::trace::{Address, CellFold, Equation, Operand, Owner, Plan, Stage, Step, TensorId, TermOp, Trace};

/// What a worksheet is about.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The numbers.
    pub trace: &'a Trace,
    /// The words.
    pub words: Words,
    /// Significant digits of printed numbers.
    pub digits: usize,
}

/// A problem: what the students get, and its key.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Problem {
    /// What is asked.
    pub sheet: Vec<Block>,
    /// The answer.
    pub key: Vec<Block>,
}

/// How the first terms of a cell make its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// Products, added up.
    Products,
    /// Numbers, added up.
    Sum,
    /// The largest.
    Largest,
    /// One operation after another.
    Other,
}

/// Terms that lie in rows.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Block2 {
    terms: Vec<usize>,
    columns: usize,
}

/// The most products on a sheet, and the most that are listed where there are more.
const MOST: usize = 75;
const LISTED: usize = 10;

/// A cell, its terms sorted into what is printed.
#[derive(Clone, Debug)]
pub struct Worked<'a> {
    subject: Subject<'a>,
    fold: CellFold,
    way: Way,
    blocks: Vec<Block2>,
    /// How many of the first terms are of this way.
    count: usize,
    /// How many equal blocks stand for one that is shown.
    same: usize,
}

impl<'a> Worked<'a> {
    /// The cell in which an address begins.
    pub fn new(subject: Subject<'a>, address: &Address) -> Self {
        let (trace, plan) = (subject.trace, subject.trace.plan());
        let fold = trace.cell(address);
        let (way, count) = way(&fold);
        let extents = plan.stage_at(address).map_or([1, count], |stage| extents(plan, stage, way));
        let mut worked = Self { subject, fold, way, blocks: Vec::new(), count, same: 1 };
        worked.sort(extents);
        worked
    }

    /// Which terms are shown, and how they lie.
    fn sort(&mut self, [rows, columns]: [usize; 2]) {
        let each = (rows * columns).max(1);
        let (each, columns) = if self.count.is_multiple_of(each) {
            (each, columns)
        } else {
            (self.count.max(1), self.count.max(1))
        };
        let all: Vec<Vec<usize>> =
            (0..self.count).collect::<Vec<_>>().chunks(each).map(<[usize]>::to_vec).collect();
        let values = |block: &[usize]| block.iter().map(|&m| self.fold.steps[m].values).collect::<Vec<_>>();
        let columns = if rows == 1 { columns.min(LISTED) } else { columns };
        let shown = |terms: &Vec<usize>| Block2 { terms: terms.clone(), columns };
        if all.len() > 1 && all.iter().all(|block| values(block) == values(&all[0])) && each <= MOST {
            self.same = all.len();
            self.blocks = vec![shown(&all[0])];
        } else if self.count <= MOST && all.len() <= 3 || self.way == Way::Largest {
            self.blocks = all.iter().map(shown).collect();
        } else if each <= MOST / 2 {
            let weight = |block: &[usize]| self.parts_of(block).iter().sum::<f64>().abs();
            let strongest = all.iter().max_by(|a, b| weight(a).total_cmp(&weight(b)));
            self.blocks = strongest.into_iter().map(shown).collect();
        } else {
            let mut terms: Vec<usize> = (0..self.count).collect();
            let size = |m: &usize| self.parts_of(&[*m])[0].abs();
            terms.sort_by(|a, b| size(b).total_cmp(&size(a)));
            terms.truncate(LISTED);
            terms.sort_unstable();
            self.blocks = vec![Block2 { terms, columns: LISTED / 2 }];
        }
    }

    /// What terms bring to the sum.
    fn parts_of(&self, terms: &[usize]) -> Vec<f64> {
        let part = |step: &Step| {
            let [a, b] = step.values.map(f64::from);
            if self.way == Way::Products { a * b } else { a }
        };
        terms.iter().map(|&m| part(&self.fold.steps[m])).collect()
    }

    fn shown(&self) -> Vec<usize> {
        self.blocks.iter().flat_map(|block| block.terms.iter().copied()).collect()
    }

    /// How many terms of the sum are not shown.
    fn left_out(&self) -> usize {
        self.count - self.shown().len() * self.same
    }

    fn tail(&self) -> &[Step] {
        &self.fold.steps[self.count..]
    }

    /// The running value before the tail.
    fn subtotal(&self) -> f32 {
        self.tail().first().map_or(self.fold.value, |step| step.before)
    }

    /// A number with the wanted digits; one that is short is printed whole.
    fn write(&self, value: f32) -> String {
        let whole = number::full(value);
        match whole.chars().count() <= self.subject.digits + 3 {
            true => number::written(value, None),
            false => number::written(value, Some(self.subject.digits)),
        }
    }

    /// A sum with the wanted digits, or with so many that all its numbers stand there whole, if those are few.
    fn sum(&self, parts: &[f64], total: f64) -> PrintedSum {
        let digits = self.subject.digits;
        let is_whole = |sum: &PrintedSum| (0..parts.len()).all(|k| read(&sum.part(k)) == parts[k]);
        let sums = (digits..=digits + 3).map(|digits| PrintedSum::new(parts, total, digits));
        sums.into_iter().find(is_whole).unwrap_or_else(|| PrintedSum::new(parts, total, digits))
    }

    /// Whether window and filter are patterns of 1 and −1 alone.
    fn is_pattern(&self) -> bool {
        self.way == Way::Products
            && self.shown().iter().all(|&m| self.fold.steps[m].values.iter().all(|value| value.abs() == 1.0))
    }

    /// Which of two operands stands in a cell of a grid.
    fn operand(&self, m: usize, side: usize) -> Cell {
        let step = &self.fold.steps[m];
        let value = step.values[side];
        match step.term.operands[side] {
            Some(Operand::Padding { value }) if value.is_infinite() => Cell::Outside(String::new()),
            Some(Operand::Padding { value }) => Cell::Outside(self.write(value)),
            Some(Operand::Cell { .. } | Operand::Constant { .. }) | None if self.is_pattern() => {
                Cell::Pixel(value > 0.0)
            }
            Some(Operand::Cell { .. } | Operand::Constant { .. }) | None => Cell::Number(self.write(value)),
        }
    }

    /// Whether the rows of a block are shown from the last to the first: an input's gradient is then seen as it lies,
    /// under the filter turned by half a turn.
    fn is_turned(&self) -> bool {
        let plan = self.subject.trace.plan();
        let Some(stage) = plan.stage_at(&self.fold.address) else { return false };
        let Owner::Layer(l) = stage.tensor.owner else { return false };
        let part = stage.tensor.part;
        match &plan.layer(usize::from(l)).op {
            Op::Conv2d(_) => matches!(part, Part::Dx | Part::DxOf(_)),
            Op::ConvTranspose2d(_) => part == Part::Out,
            _ => false,
        }
    }

    fn grid(
        &self,
        block: &Block2,
        title: String,
        first: Option<[i64; 2]>,
        cell: impl Fn(usize, usize) -> Cell,
    ) -> Grid {
        let mut order: Vec<(usize, usize)> = block.terms.iter().copied().enumerate().collect();
        if self.is_turned() {
            order.reverse();
        }
        let cells = order.chunks(block.columns.max(1));
        let cells = cells.map(|row| row.iter().map(|&(k, m)| cell(k, m)).collect()).collect();
        Grid { title, cells, first }
    }

    /// The grid of one operand of a block's terms, where any has it.
    fn operands(&self, block: &Block2, side: usize) -> Option<Grid> {
        let (plan, words) = (self.subject.trace.plan(), self.subject.words);
        let operand = |m: &usize| self.fold.steps[*m].term.operands[side];
        block.terms.iter().any(|m| operand(m).is_some()).then_some(())?;
        let cell = block.terms.iter().find_map(|m| match operand(m) {
            Some(Operand::Cell { tensor, index, .. }) => Some((tensor, index as usize)),
            Some(Operand::Constant { .. } | Operand::Padding { .. }) | None => None,
        });
        let is_list = self.left_out() > 0 && block.terms.len() <= LISTED && self.blocks.len() == 1;
        let title = match cell {
            Some((tensor, _)) if is_list || plan.shape_of(tensor).plane() == 1 && block.terms.len() > 1 => {
                names::tensor(words, plan, tensor)
            }
            Some((tensor, index)) => {
                names::map(words, plan, tensor, index / plan.shape_of(tensor).plane().max(1))
            }
            None => String::new(),
        };
        let is_weight = cell.is_some_and(|(tensor, _)| tensor.part == Part::Weight);
        let title = match self.is_turned() && is_weight {
            true => words.fill("sheet.turned", &[("name", &title)]),
            false => title,
        };
        let grid = self.grid(block, title, None, |_, m| self.operand(m, side));
        Some(Grid {
            first: if self.is_turned() && is_weight { None } else { self.first(block, side) },
            ..grid
        })
    }

    /// Row and column of a block's first operand, where those of all others follow from it.
    fn first(&self, block: &Block2, side: usize) -> Option<[i64; 2]> {
        let plan = self.subject.trace.plan();
        let mut terms = block.terms.clone();
        if self.is_turned() {
            terms.reverse();
        }
        let mut first = None;
        for (k, m) in terms.into_iter().enumerate() {
            let Some(Operand::Cell { tensor, index, .. }) = self.fold.steps[m].term.operands[side] else {
                continue;
            };
            let shape = plan.shape_of(tensor);
            if shape.plane() == 1 {
                return None;
            }
            let [_, _, row, column] = shape.at(index as usize).map(|n| n as i64);
            let begin = [row - (k / block.columns) as i64, column - (k % block.columns) as i64];
            if *first.get_or_insert(begin) != begin {
                return None;
            }
        }
        first
    }

    /// The grids that a reader needs, and one in which each term's part stands, filled in or not.
    fn figures(&self, is_key: bool) -> Vec<Vec<Figure>> {
        let words = self.subject.words;
        let printed = self.printed();
        let mut rows = Vec::new();
        let mut before = 0;
        for (index, block) in self.blocks.iter().enumerate() {
            let operands: Vec<Grid> =
                [0, 1].into_iter().filter_map(|side| self.operands(block, side)).collect();
            let mut figures = Vec::new();
            if index > 0 {
                figures.push(Figure::Sign("+".into()));
            }
            for (side, grid) in operands.into_iter().enumerate() {
                if side > 0 {
                    figures.push(Figure::Sign(if self.way == Way::Products { "×" } else { "," }.into()));
                }
                figures.push(Figure::Grid(grid));
            }
            if self.way == Way::Products {
                let cell = |k: usize, _| match is_key {
                    true => Cell::Number(printed.parts[before + k].clone()),
                    false => Cell::Blank(String::new()),
                };
                let is_exact = !is_key
                    || block
                        .terms
                        .iter()
                        .enumerate()
                        .all(|(k, m)| self.is_exact(*m, &printed.parts[before + k]));
                figures.push(Figure::Sign(if is_exact { "=" } else { "≈" }.into()));
                figures.push(Figure::Grid(self.grid(block, words.text("sheet.products"), None, cell)));
            }
            before += block.terms.len();
            if is_key && self.way == Way::Largest {
                self.mark_largest(&mut figures);
            }
            rows.push(figures);
        }
        rows
    }

    fn mark_largest(&self, figures: &mut [Figure]) {
        let largest = self.write(self.fold.value);
        for figure in figures {
            let Figure::Grid(grid) = figure else { continue };
            let mut cells = grid.cells.iter_mut().flatten();
            if let Some(cell) = cells.find(|cell| **cell == Cell::Number(largest.clone())) {
                *cell = Cell::Marked(largest);
                return;
            }
        }
    }

    /// Whether the printed factors give the printed product, to its last digit.
    fn is_exact(&self, m: usize, product: &str) -> bool {
        let [a, b] = self.fold.steps[m].values.map(|value| read(&self.write(value)));
        (a * b - read(product)).abs() <= 0.5001 * last_place(product)
    }

    /// The sum as it is printed: its parts, its lines, its result.
    fn printed(&self) -> Printed {
        let shown = self.shown();
        let mut parts = self.parts_of(&shown);
        let own = parts.len();
        let is_sum = matches!(self.way, Way::Products | Way::Sum);
        if !is_sum {
            let lines: Vec<String> = match self.way {
                Way::Largest => Vec::new(),
                Way::Products | Way::Sum | Way::Other => self.equations(&self.fold.steps),
            };
            return Printed {
                parts: Vec::new(),
                rest: None,
                lines,
                sum: String::new(),
                result: self.write(self.fold.value),
            };
        }
        let is_all_added = self.same == 1 && self.tail().iter().all(|step| step.term.op == TermOp::Add);
        let subtotal = f64::from(self.subtotal()) / self.same as f64;
        let rest = subtotal - parts.iter().sum::<f64>();
        let has_rest = self.left_out() > 0;
        if has_rest {
            parts.push(rest);
        }
        let added = if is_all_added {
            self.tail().iter().map(|step| f64::from(step.values[0])).collect()
        } else {
            Vec::new()
        };
        parts.extend(&added);
        let total = if is_all_added { f64::from(self.fold.value) } else { subtotal };
        let sum = self.sum(&parts, total);
        let texts = (0..own).map(|k| sum.part(k)).collect();
        let mut lines = vec![self.sum_line(&sum, own)];
        if self.same > 1 {
            let (one, all) = (sum.sum(), self.write(self.subtotal()));
            lines.push(format!("{} · {one} = {all}", self.same));
        }
        if !is_all_added {
            lines.extend(self.equations(self.tail()));
        }
        let result = if is_all_added && self.same == 1 { sum.sum() } else { self.write(self.fold.value) };
        let before_tail = sum.subtotal(0..own + usize::from(has_rest));
        Printed { parts: texts, rest: has_rest.then(|| sum.part(own)), lines, sum: before_tail, result }
    }

    /// The sum of all parts, in a line; of a pattern how many agree and how many differ.
    fn sum_line(&self, sum: &PrintedSum, own: usize) -> String {
        if self.is_pattern()
            && self.left_out() == 0
            && self.tail().iter().all(|step| step.term.op != TermOp::Add)
        {
            let agree = self.parts_of(&self.shown()).iter().filter(|part| **part > 0.0).count();
            let differ = own - agree;
            let numbers = [agree.to_string(), differ.to_string(), sum.sum()];
            return self.subject.words.fill(
                "sheet.agree",
                &[("agree", &numbers[0]), ("differ", &numbers[1]), ("sum", &numbers[2])],
            );
        }
        format!("{} = {}", sum.line(), sum.sum())
    }

    /// Steps as equations, the first and the last where there are many.
    fn equations(&self, steps: &[Step]) -> Vec<String> {
        const MANY: usize = 12;
        let line = |step: &Step| {
            let equation = Equation::from_step(step, Some(self.subject.digits));
            format!("{} {} {}", equation.left, equation.sign(), equation.right)
        };
        if steps.len() <= MANY {
            return steps.iter().map(line).collect();
        }
        let mut lines: Vec<String> = steps[..MANY / 2].iter().map(line).collect();
        lines.push("…".into());
        lines.extend(steps[steps.len() - MANY / 2..].iter().map(line));
        lines
    }

    /// The number of the cell, as it is printed.
    pub fn result(&self) -> String {
        self.printed().result
    }

    /// The cell in one line: every product and the sum, padding left out. `None` where it has more than 40 terms, or
    /// is no sum of products.
    pub fn line(&self) -> Option<String> {
        let steps = &self.fold.steps;
        if self.way != Way::Products || self.count != steps.len() || steps.len() > 40 {
            return None;
        }
        let in_brackets = |text: String| if text.starts_with(MINUS) { format!("({text})") } else { text };
        let is_real =
            |step: &&Step| !step.term.operands().any(|operand| matches!(operand, Operand::Padding { .. }));
        let mut printed = 0.0;
        let mut terms = Vec::new();
        for step in steps.iter().filter(is_real) {
            let [a, b] = step.values.map(|value| self.write(value));
            printed += read(&a) * read(&b);
            terms.push(format!("{} · {}", if terms.is_empty() { a } else { in_brackets(a) }, in_brackets(b)));
        }
        let result = self.write(self.fold.value);
        let is_exact = (printed - read(&result)).abs() <= 0.5001 * last_place(&result);
        let left = if terms.is_empty() { "0".into() } else { terms.join(" + ") };
        Some(format!("{left} {} {result}", if is_exact { "=" } else { "≈" }))
    }

    /// The key's lines below its grids.
    pub fn key_lines(&self) -> Vec<Block> {
        let (words, printed) = (self.subject.words, self.printed());
        let mut blocks: Vec<Block> = Vec::new();
        if let Some(rest) = &printed.rest {
            blocks.push(self.rest_block(rest));
        }
        blocks.extend(printed.lines.iter().map(|line| Block::Text(vec![Run::plain(line)], BODY)));
        if self.asks_for_sum() && self.same == 1 {
            let sum = format!("{} {}", words.text("sheet.sum"), printed.sum);
            blocks.push(Block::Text(vec![Run::plain(sum)], BODY));
        }
        let name = names::place(words, self.subject.trace.plan(), &self.fold.address);
        let result = vec![Run::plain(format!("{name} = ")), Run::strong(printed.result)];
        blocks.push(Block::Text(result, BODY));
        blocks
    }

    /// Whether the sum of the products is asked for before the result: where something is done with it.
    fn asks_for_sum(&self) -> bool {
        matches!(self.way, Way::Products | Way::Sum) && (!self.tail().is_empty() || self.same > 1)
    }

    fn rest_block(&self, rest: &str) -> Block {
        let count = number::thousands(self.left_out() as u64);
        let words = self.subject.words.fill("sheet.rest", &[("n", &count), ("sum", rest)]);
        Block::Text(vec![Run::plain(words)], BODY)
    }

    /// What has to be known besides the grids: the sum of what is not shown, a bias, a divisor.
    fn given(&self, printed: &Printed) -> Vec<Block> {
        let words = self.subject.words;
        let text = |words: String| Block::Text(vec![Run::plain(words)], BODY);
        let mut blocks: Vec<Block> = printed.rest.iter().map(|rest| self.rest_block(rest)).collect();
        if self.same > 1 {
            blocks.push(text(words.fill("sheet.same", &[("n", &self.same.to_string())])));
        }
        if self.asks_for_sum() {
            blocks.push(Block::Answer(words.text("sheet.sum")));
        }
        if self.way == Way::Other {
            return blocks;
        }
        for step in self.tail() {
            let value = self.write(step.values[0]);
            match step.term.op {
                TermOp::Add => blocks.push(text(words.fill("sheet.bias", &[("value", &value)]))),
                TermOp::Div => blocks.push(text(words.fill("sheet.divide", &[("value", &value)]))),
                _ => blocks.push(text(format!("{}", step.term.op.symbols()))),
            }
        }
        blocks
    }

    /// The cell as a problem.
    pub fn problem(&self) -> Problem {
        let (trace, words) = (self.subject.trace, self.subject.words);
        let plan = trace.plan();
        let address = &self.fold.address;
        let printed = self.printed();
        let name = names::place(words, plan, address);
        let heading = Block::Heading(name.clone(), plan.text(address));
        let asked = format!("{}{}", said(words, plan, address), words.text("sheet.work_it_out"));
        let mut top = vec![heading.clone(), Block::Text(vec![Run::plain(asked)], BODY)];
        top.extend(self.figures(false).into_iter().map(Block::Figures));
        let mut sheet = vec![Block::Together(top)];
        sheet.extend(self.given(&printed));
        if self.way == Way::Other {
            let formula = trace.formula(address).unwrap_or_default();
            sheet.push(Block::Text(vec![Run::plain(formula)], BODY));
        }
        sheet.push(Block::Answer(format!("{name} =")));
        let mut top = vec![heading];
        top.extend(self.figures(true).into_iter().map(Block::Figures));
        let mut key = vec![Block::Together(top)];
        key.extend(self.key_lines());
        Problem { sheet, key }
    }
}

/// A sum as it is printed.
#[derive(Clone, PartialEq, Debug)]
struct Printed {
    parts: Vec<String>,
    rest: Option<String>,
    lines: Vec<String>,
    /// The sum before what follows it.
    sum: String,
    result: String,
}

/// The sentence that says what a cell is, with a space behind it.
pub fn said(words: Words, plan: &Plan, address: &Address) -> String {
    let Some(stage) = plan.stage_at(address) else { return String::new() };
    let at = plan.shape_at(address).at(address.cell() as usize).map(|n| n.to_string());
    let [a, b, i, j] = &at;
    let map = names::plane(
        words,
        plan,
        stage.tensor,
        address.cell() as usize / plan.shape_at(address).plane().max(1),
    );
    let map = map.unwrap_or_default();
    let values = [("a", a.as_str()), ("k", b), ("i", i), ("j", j), ("class", b), ("group", &map)];
    words.fill(&sentence::key(plan, stage), &values) + words.either(" ", "")
}

/// How the first terms make a number, and how many they are.
fn way(fold: &CellFold) -> (Way, usize) {
    let leading = |op: TermOp| fold.steps.iter().take_while(|step| step.term.op == op).count();
    let [products, added, largest] = [TermOp::MulAdd, TermOp::Add, TermOp::Max].map(leading);
    match () {
        () if fold.start == 0.0 && products > 0 => (Way::Products, products),
        () if fold.start == 0.0 && added > 1 => (Way::Sum, added),
        () if largest > 0 && largest == fold.steps.len() => (Way::Largest, largest),
        () => (Way::Other, fold.steps.len()),
    }
}

/// Rows and columns in which terms lie: those of a window, or of the map over which a filter was laid.
fn extents(plan: &Plan, stage: &Stage, way: Way) -> [usize; 2] {
    let terms = stage.terms as usize;
    let Owner::Layer(l) = stage.tensor.owner else { return [1, terms] };
    let layer = plan.layer(usize::from(l));
    let kernel = layer.window().map(|window| [window.rows.kernel, window.cols.kernel]);
    match (stage.tensor.part, &layer.op, kernel) {
        (Part::Dw, Op::Conv2d(_), _) | (Part::Db, _, _) => [layer.output[1], layer.output[2]],
        (Part::Dw, Op::ConvTranspose2d(_), _) => [layer.input[1], layer.input[2]],
        (Part::Out | Part::Dx | Part::DxOf(_), _, Some(kernel)) if way != Way::Other => kernel,
        _ => [1, terms],
    }
}

/// Parses a printed number; NaN if it is none.
pub fn read(text: &str) -> f64 {
    text.replace(MINUS, "-").parse().unwrap_or(f64::NAN)
}

/// What one more in the last digit of a printed number is worth.
pub fn last_place(text: &str) -> f64 {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len() as i32);
    10f64.powi(exponent.replace(MINUS, "-").parse().unwrap_or(0) - decimals)
}

/// The plane of a tensor that an operand lies in.
pub fn plane_of(plan: &Plan, operand: &Operand) -> Option<(TensorId, usize)> {
    match operand {
        Operand::Cell { tensor, index, .. } => {
            Some((*tensor, *index as usize / plan.shape_of(*tensor).plane().max(1)))
        }
        Operand::Constant { .. } | Operand::Padding { .. } => None,
    }
}
