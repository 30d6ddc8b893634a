//! A question of a lesson on paper: its text, the grids that it is about, room for an answer, and the key.

use super::{
    cell::{Problem, Subject, Worked},
    grid::{Cell, Grid},
    names,
    page::{BODY, Block, Figure},
    text::Run,
};
use crate::lesson::{
    Answer, Asks, Beat, Evaluator, Expression, Item, Kind, Scene, Sign, Span, bundled, places, question,
    spans, substitute,
};
use crate::tensor::number;
use crate::trace::{Address, Grain, Operand, TensorId};
use std::collections::BTreeSet;

/// Whether a question can be answered on paper: it asks for a number, a choice, an order or a reason.
pub const fn is_on_paper(kind: Kind) -> bool {
    match kind {
        Kind::Number | Kind::Choice | Kind::Sign | Kind::Order | Kind::Think => true,
        Kind::Cell | Kind::Change | Kind::RunTo => false,
    }
}

/// A question as it is asked once.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Numbers, words and digits.
    pub subject: Subject<'a>,
    /// The beat.
    pub beat: &'a Beat,
    /// The network with its numbers.
    pub scene: &'a Scene,
    /// The question with its variables drawn.
    pub item: &'a Item,
}

/// A plane of a tensor, with the cells of it that are shown.
struct Shown {
    tensor: TensorId,
    plane: usize,
    cells: BTreeSet<usize>,
}

/// The most columns of a grid of numbers, and the most cells of a whole map that is shown around what is pointed at.
const COLUMNS: usize = 12;
const WHOLE: usize = 36;

impl Asked<'_> {
    /// A text of the lesson with its numbers filled in.
    fn runs(&self, text: &str) -> Vec<Run> {
        let mut runs = Vec::new();
        for span in spans(text) {
            match span {
                Span::Plain(words) | Span::Link { text: words, .. } => {
                    let parts = words.split('`').enumerate().filter(|(_, part)| !part.is_empty());
                    runs.extend(parts.map(|(k, part)| Run { text: part.to_owned(), is_strong: k % 2 == 1 }));
                }
                Span::Literal(words) => runs.push(Run::plain(words)),
                Span::Introduced(words) => runs.push(Run::strong(words)),
                Span::Computed(expression) => runs.push(Run::plain(self.computed(&expression))),
            }
        }
        runs
    }

    fn computed(&self, expression: &str) -> String {
        const DIGITS: usize = 4;
        let variables = &self.item.variables;
        if let Some(value) = variables.get(expression) {
            return value.to_string();
        }
        let evaluator = Evaluator::new(self.scene, self.item.at, variables);
        let number = substitute(expression, variables)
            .ok()
            .and_then(|text| Expression::parse(&text).ok())
            .and_then(|expression| evaluator.number(&expression).ok());
        number.map_or_else(|| "?".to_owned(), |number| number.print(DIGITS))
    }

    /// The places that the question asks for, and those that its beat hides.
    fn hidden(&self) -> Vec<Address> {
        let (plan, variables) = (self.scene.plan(), &self.item.variables);
        let mut hidden: Vec<Address> = Vec::new();
        for pattern in &self.beat.hide {
            hidden.extend(
                substitute(pattern, variables).and_then(|text| places(plan, &text)).unwrap_or_default(),
            );
        }
        let Some(ask) = &self.beat.ask else { return hidden };
        let Ok(expression) = question(ask, variables) else { return hidden };
        let evaluator = Evaluator::new(self.scene, self.item.at, variables);
        for (function, arguments) in expression.calls() {
            if let (Asks::Numbers, Ok(query)) = (function.asks(), evaluator.query(function, arguments)) {
                hidden.extend(query.places());
            }
        }
        hidden
    }

    /// The planes of numbers that a reader needs: those that the beat points at, and those that the terms of the cell
    /// read which is asked for.
    fn shown(&self) -> Vec<Shown> {
        let plan = self.scene.plan();
        let mut shown: Vec<Shown> = Vec::new();
        let mut add = |tensor: TensorId, index: usize| {
            let plane = index / plan.shape_of(tensor).plane().max(1);
            let cell = index % plan.shape_of(tensor).plane().max(1);
            match shown.iter_mut().find(|one| one.tensor == tensor && one.plane == plane) {
                Some(one) => drop(one.cells.insert(cell)),
                None => shown.push(Shown { tensor, plane, cells: BTreeSet::from([cell]) }),
            }
        };
        for pattern in &self.beat.point {
            let found = substitute(pattern, &self.item.variables).and_then(|text| places(plan, &text));
            for place in found.unwrap_or_default() {
                let tensor = names::tensor_at(plan, &place);
                crate::lesson::cells_of(plan, &place).into_iter().for_each(|cell| add(tensor, cell as usize));
            }
        }
        let pointed: Vec<TensorId> = shown.iter().map(|one| one.tensor).collect();
        let mut add = |tensor: TensorId, index: usize| {
            let plane = index / plan.shape_of(tensor).plane().max(1);
            let cell = index % plan.shape_of(tensor).plane().max(1);
            match shown.iter_mut().find(|one| one.tensor == tensor && one.plane == plane) {
                Some(one) => drop(one.cells.insert(cell)),
                None => shown.push(Shown { tensor, plane, cells: BTreeSet::from([cell]) }),
            }
        };
        if let Some(at) = self.cell_asked_for() {
            let steps = self.scene.trace.cell(&at).steps;
            for operand in
                steps.iter().take(100).flat_map(|step| step.term.operands().copied().collect::<Vec<_>>())
            {
                if let Operand::Cell { tensor, index, .. } = operand
                    && !pointed.contains(&tensor)
                    && steps.len() <= 100
                {
                    add(tensor, index as usize);
                }
            }
        }
        shown
    }

    /// The cell whose number is asked for.
    fn cell_asked_for(&self) -> Option<Address> {
        let ask = self.beat.ask.as_ref().filter(|ask| ask.right.is_none())?;
        let asks_value = matches!(ask.kind, Kind::Number | Kind::Choice);
        let is_stage = |at: &Address| self.scene.plan().stage_at(at).is_some();
        self.item.at.filter(|at| asks_value && at.grain() >= Grain::Cell && is_stage(at))
    }

    /// The grids of what is shown; planes of the same numbers once.
    fn figures(&self) -> Vec<Figure> {
        const MOST: usize = 4;
        let (plan, trace, words) = (self.scene.plan(), &self.scene.trace, self.subject.words);
        let hidden = self.hidden();
        let begun = hidden.iter().filter_map(|place| Some(plan.steps(place)?.start)).min();
        let mut grids: Vec<(TensorId, Grid, usize)> = Vec::new();
        for one in self.shown() {
            let shape = plan.shape_of(one.tensor);
            // A parameter is shown as the step finds it, not as its update makes it.
            let cells = |k: usize| {
                let index = (one.plane * shape.plane() + k) as u32;
                match one.tensor.is_parameter() {
                    true => Address::given_cell(trace.time(), 0, one.tensor, index),
                    false => plan.writer(one.tensor, trace.time(), 0, index),
                }
            };
            // What comes after the answer, or is hidden, is not given away.
            let is_open = |k: usize| {
                let at = cells(k);
                let is_before =
                    plan.steps(&at).is_none_or(|steps| begun.is_none_or(|begun| steps.end <= begun));
                is_before && !hidden.iter().any(|place| contains(self, place, &at))
            };
            let grid = self.grid(&one, is_open);
            match grids
                .iter_mut()
                .find(|(tensor, other, _)| *tensor == one.tensor && other.cells == grid.cells)
            {
                Some((_, _, count)) => *count += 1,
                None => grids.push((one.tensor, grid, 1)),
            }
        }
        if grids.len() > MOST {
            return Vec::new();
        }
        let finish = |(tensor, mut grid, count): (TensorId, Grid, usize)| {
            if count > 1 {
                let alike = words.fill("sheet.same_maps", &[("n", &count.to_string())]);
                grid.title = format!("{}\n{alike}", names::tensor(words, plan, tensor));
            }
            Figure::Grid(grid)
        };
        grids.into_iter().map(finish).collect()
    }

    /// A plane as a grid: the whole of a small one with what is pointed at marked, else what is pointed at.
    fn grid(&self, one: &Shown, is_open: impl Fn(usize) -> bool) -> Grid {
        let (plan, trace) = (self.scene.plan(), &self.scene.trace);
        let [_, _, _, width] = plan.shape_of(one.tensor).0;
        let plane = plan.shape_of(one.tensor).plane();
        let is_whole = plane <= WHOLE;
        let rows = |k: &usize| k / width.max(1);
        let columns = |k: &usize| k % width.max(1);
        let span = |of: &dyn Fn(&usize) -> usize| {
            let all = one.cells.iter().map(of);
            (all.clone().min().unwrap_or(0), all.max().unwrap_or(0))
        };
        let ([top, bottom], [left, right]) = match is_whole {
            true => ([0, (plane / width.max(1)).max(1) - 1], [0, width.max(1) - 1]),
            false => {
                let ((top, bottom), (left, right)) = (span(&rows), span(&columns));
                ([top, bottom], [left, right])
            }
        };
        let value = |k: usize| trace.value(one.tensor, 0, (one.plane * plane + k) as u32);
        let all = || (top..=bottom).flat_map(|r| (left..=right).map(move |c| r * width + c));
        let is_pattern = all().all(|k| value(k).abs() == 1.0) && all().count() > 4;
        let is_picture = right - left + 1 > COLUMNS;
        let (low, high) =
            all().map(value).fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(v), high.max(v)));
        let marks = is_whole && one.cells.len() < plane;
        let cell = |k: usize| match () {
            () if !is_open(k) => Cell::Blank(String::new()),
            () if is_picture => Cell::Shade((value(k) - low) / (high - low).max(f32::MIN_POSITIVE)),
            () if is_pattern => Cell::Pixel(value(k) > 0.0),
            () => {
                let text = number::written(value(k), Some(self.subject.digits));
                if marks && one.cells.contains(&k) { Cell::Marked(text) } else { Cell::Number(text) }
            }
        };
        let cells = (top..=bottom).map(|r| (left..=right).map(|c| cell(r * width + c)).collect()).collect();
        let title = names::map(self.subject.words, plan, one.tensor, one.plane);
        Grid { title, cells, first: (plane > 1).then_some([top as i64, left as i64]) }
    }

    /// An answer in words.
    fn said(&self, answer: &Answer) -> String {
        let (plan, words) = (self.scene.plan(), self.subject.words);
        let ask = self.beat.ask.as_ref();
        let place = |k: usize| match (self.item.words.get(k), self.item.places.get(k)) {
            (Some(word), _) => word.clone(),
            (None, Some(place)) => names::place(words, plan, place),
            (None, None) => k.to_string(),
        };
        match answer {
            Answer::Number(number) => number.print(4),
            Answer::Place(k) => place(*k),
            Answer::Order(order) => order.iter().map(|k| place(*k)).collect::<Vec<_>>().join(" → "),
            Answer::Sign(sign) => {
                let (own, key) = match sign {
                    Sign::Less => (ask.and_then(|ask| ask.less.as_ref()), "sheet.less"),
                    Sign::Equal => (ask.and_then(|ask| ask.equal.as_ref()), "sheet.equal"),
                    Sign::More => (ask.and_then(|ask| ask.more.as_ref()), "sheet.more"),
                };
                own.map_or_else(|| words.text(key), |text| words.either(&text.en, &text.zh).to_owned())
            }
            Answer::Cells(cells) => {
                cells.iter().map(|cell| names::place(words, plan, cell)).collect::<Vec<_>>().join(", ")
            }
            Answer::Met(_) => String::new(),
        }
    }

    /// The room for an answer.
    fn room(&self) -> Vec<Block> {
        let words = self.subject.words;
        match self.item.kind {
            Kind::Think => vec![Block::Lines(3)],
            Kind::Order => {
                let names = (0..self.item.places.len()).map(|k| self.said(&Answer::Place(k)));
                let said = Block::Text(vec![Run::plain(words.text("sheet.in_order"))], BODY);
                vec![said, Block::Choices(names.collect())]
            }
            Kind::Choice | Kind::Sign => {
                vec![Block::Choices(
                    self.item.options.iter().map(|option| self.said(&option.answer)).collect(),
                )]
            }
            Kind::Number | Kind::Cell | Kind::Change | Kind::RunTo => {
                vec![Block::Lines(1), Block::Answer(words.text("sheet.answer"))]
            }
        }
    }

    /// The question as a problem with a number.
    pub fn problem(&self, number: usize) -> Option<Problem> {
        let words = self.subject.words;
        let ask = self.beat.ask.as_ref()?;
        let place = self.item.at.map(|at| self.scene.plan().text(&at)).unwrap_or_default();
        let heading = Block::Heading(number.to_string(), place);
        let beat = self.runs(words.either(&self.beat.en, &self.beat.zh));
        let mut asked = self.runs(words.either(&ask.q.en, &ask.q.zh));
        asked.iter_mut().for_each(|run| run.is_strong = true);
        let mut blocks = vec![heading.clone(), Block::Text(beat, BODY)];
        let figures = self.figures();
        if !figures.is_empty() {
            blocks.push(Block::Figures(figures));
        }
        blocks.push(Block::Text(asked, BODY));
        blocks.extend(self.room());
        let mut key = vec![heading];
        if let Some(right) = &self.item.right {
            let right = vec![Run::plain(words.text("sheet.right")), Run::strong(self.said(right))];
            key.push(Block::Text(right, BODY));
        }
        if let Some(line) = self.cell_asked_for().and_then(|at| Worked::new(self.subject, &at).line()) {
            key.push(Block::Text(vec![Run::plain(line)], BODY));
        }
        if let Some(why) = &ask.why {
            key.push(Block::Text(self.runs(words.either(&why.en, &why.zh)), BODY));
        }
        key.extend(self.wrong());
        Some(Problem { sheet: vec![Block::Together(blocks)], key: vec![Block::Together(key)] })
    }

    /// What each wrong answer comes of.
    fn wrong(&self) -> Vec<Block> {
        let words = self.subject.words;
        let told = |option: &crate::lesson::Choice| {
            let rule = option.rules.first()?;
            let said = bundled().misconceptions.get(rule.id)?;
            let answer = words.fill("sheet.option", &[("option", &self.said(&option.answer))]);
            Some(Block::Small(format!("{answer}{}", plain(words.either(&said.option.en, &said.option.zh)))))
        };
        self.item.options.iter().filter(|option| !option.is_right).filter_map(told).collect()
    }
}

/// A sentence without its marks.
fn plain(text: &str) -> String {
    let part = |span| match span {
        Span::Plain(words)
        | Span::Literal(words)
        | Span::Introduced(words)
        | Span::Link { text: words, .. } => words.replace('`', ""),
        Span::Computed(_) => String::new(),
    };
    spans(text).into_iter().map(part).collect()
}

/// Whether a place has a cell in it.
fn contains(asked: &Asked, place: &Address, cell: &Address) -> bool {
    let plan = asked.scene.plan();
    place.place() == cell.place() && crate::lesson::cells_of(plan, place).contains(&cell.cell())
}
