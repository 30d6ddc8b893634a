//! Two filters on one window of a picture: a filter as a pattern.

use super::{
    cell::{Problem, Subject},
    grid::{Cell, Grid},
    page::{BODY, Block, Figure},
    text::Run,
};
use crate::data::Permutation;
use crate::export::ExportError;
use crate::nn::{Op, Part, conv::Conv2d};
use crate::tensor::number;
use crate::trace::{Plan, TensorId, Trace};

/// Whether a network's first layer compares pictures with patterns: two filters, scores divided by the number of their
/// pixels.
pub fn is_of_patterns(plan: &Plan) -> bool {
    first_conv(plan).is_some_and(|conv| conv.normalize && conv.out_channels == 2 && conv.window.taps() <= 49)
}

fn first_conv(plan: &Plan) -> Option<&Conv2d> {
    match &plan.network().layers.first()?.op {
        Op::Conv2d(conv) => Some(conv),
        _ => None,
    }
}

/// The numbers of one map of the window at a cell of the first layer, and those of a filter there.
struct Scene<'a> {
    trace: &'a Trace,
    conv: &'a Conv2d,
    size: [usize; 2],
    width: usize,
}

impl Scene<'_> {
    fn window(&self, [i, j]: [usize; 2]) -> Vec<f32> {
        let [rows, columns] = self.size;
        let shape = self.trace.plan().shape_of(TensorId::INPUT);
        let of = |k: usize| {
            let uv = [k / columns, k % columns];
            let [p, q] = self.conv.window.tap([i, j], uv)?;
            Some(self.trace.value(TensorId::INPUT, 0, (p * shape.0[3] + q) as u32))
        };
        (0..rows * columns).map(|k| of(k).unwrap_or(0.0)).collect()
    }

    fn filter(&self, o: usize) -> Vec<f32> {
        let taps = self.conv.window.taps();
        let first = o * self.conv.filter_pixels();
        let weight = TensorId::layer(0, Part::Weight);
        (0..taps).map(|k| self.trace.value(weight, 0, (first + k) as u32)).collect()
    }

    fn score(&self, o: usize, [i, j]: [usize; 2]) -> f32 {
        let [_, rows, _] = self.trace.plan().layer(0).output;
        let index = (o * rows + i) * self.width + j;
        self.trace.value(TensorId::layer(0, Part::Out), 0, index as u32)
    }

    /// How many pixels agree.
    fn agree(&self, o: usize, at: [usize; 2]) -> usize {
        self.window(at).iter().zip(self.filter(o)).filter(|(x, w)| **x * w > 0.0).count()
    }

    fn pattern(&self, title: String, numbers: &[f32]) -> Figure {
        let rows = numbers.chunks(self.size[1]);
        let cells = rows.map(|row| row.iter().map(|number| Cell::Pixel(*number > 0.0)).collect()).collect();
        Figure::Grid(Grid { title, cells, first: None })
    }
}

/// A window, drawn by a seed, in which one of the two patterns stands with some pixels turned over, and what both filters
/// score there. `names` are those of the filters.
///
/// # Errors
/// Where the network has other layers, or its picture other numbers than 1 and −1.
pub fn problem(subject: Subject, seed: u64, names: &[String; 2]) -> Result<Problem, ExportError> {
    let (trace, plan, words) = (subject.trace, subject.trace.plan(), subject.words);
    let conv = first_conv(plan).filter(|_| is_of_patterns(plan)).ok_or_else(|| {
        ExportError(
            "expected a first layer of two patterns whose scores are divided, got another; choose a cell"
                .into(),
        )
    })?;
    let [_, rows, width] = plan.layer(0).output;
    let size = [conv.window.rows.kernel, conv.window.cols.kernel];
    let (drawn, at) = drawn(&Scene { trace, conv, size, width }, rows, seed)?;
    let scene = Scene { trace: &drawn, conv, size, width };
    let window = scene.window(at);
    let pixels = window.len().to_string();
    let title = words.text("two_filters.title");
    let small = words.fill("sheet.seed", &[("seed", &seed.to_string())]);
    let text = |runs: Vec<Run>| Block::Text(runs, BODY);
    let filter =
        |o: usize| scene.pattern(words.fill("two_filters.filter", &[("name", &names[o])]), &scene.filter(o));
    let own = Grid {
        title: words.text("two_filters.own"),
        cells: vec![vec![Cell::Blank(String::new()); size[1]]; size[0]],
        first: None,
    };
    let about = text(vec![Run::plain(words.text("two_filters.about"))]);
    let figures = vec![scene.pattern(words.text("two_filters.window"), &window), filter(0), filter(1)];
    let heading = Block::Heading(title, small);
    let mut sheet = vec![Block::Together(vec![heading.clone(), about, Block::Figures(figures)])];
    for name in names {
        let count = words.fill("two_filters.count", &[("name", name), ("n", &pixels)]);
        sheet.push(text(vec![Run::plain(count)]));
    }
    sheet.push(text(vec![Run::plain(words.text("two_filters.which"))]));
    sheet.push(Block::Choices(names.to_vec()));
    let draw = text(vec![Run::plain(words.text("two_filters.draw"))]);
    sheet.push(Block::Together(vec![draw, Block::Figures(vec![Figure::Grid(own)])]));
    sheet.push(Block::Answer(words.text("two_filters.opposite")));
    let mut key = vec![heading];
    let mut grids = Vec::new();
    for (o, name) in names.iter().enumerate() {
        let signs: Vec<f32> = window.iter().zip(scene.filter(o)).map(|(x, w)| x * w).collect();
        grids.push(products(name.clone(), &signs, size[1]));
    }
    key.push(Block::Figures(grids));
    for (o, name) in names.iter().enumerate() {
        let agree = scene.agree(o, at);
        let numbers = [agree.to_string(), (window.len() - agree).to_string()];
        let counted = words.fill(
            "two_filters.counted",
            &[("name", name), ("agree", &numbers[0]), ("differ", &numbers[1]), ("n", &pixels)],
        );
        let score = number::written(scene.score(o, at), Some(subject.digits));
        key.push(text(vec![Run::plain(counted), Run::strong(score)]));
    }
    let best = usize::from(scene.score(1, at) > scene.score(0, at));
    key.push(text(vec![
        Run::plain(format!("{} ", words.text("two_filters.which"))),
        Run::strong(&names[best]),
    ]));
    let last = format!("{} {} ", words.text("two_filters.drawn"), words.text("two_filters.opposite"));
    key.push(text(vec![Run::plain(last), Run::strong("−1")]));
    Ok(Problem { sheet, key })
}

/// Products of 1 and −1 as numbers.
fn products(title: String, signs: &[f32], columns: usize) -> Figure {
    let cell = |sign: &f32| if *sign > 0.0 { Cell::Number("1".into()) } else { Cell::Outside("−1".into()) };
    let cells = signs.chunks(columns).map(|row| row.iter().map(cell).collect()).collect();
    Figure::Grid(Grid { title, cells, first: None })
}

/// The picture with one of the two patterns in a window, for odd seeds the second, with 3 to 6 pixels turned over; and
/// the window's cell.
fn drawn(scene: &Scene, rows: usize, seed: u64) -> Result<(Trace, [usize; 2]), ExportError> {
    const TURNED: [usize; 4] = [3, 4, 5, 6];
    let draw =
        |n: usize, pass: u64, k: usize| Permutation::shuffle(n as u64, seed, pass).at(k as u64) as usize;
    let pattern = scene.filter((seed % 2) as usize);
    if pattern.iter().any(|number| number.abs() != 1.0) {
        return Err(ExportError("expected filters of 1 and −1, got other numbers; choose a cell".into()));
    }
    let cell = draw(rows * scene.width, 0, 0);
    let at = [cell / scene.width, cell % scene.width];
    let mut pixels = pattern;
    for k in 0..TURNED[draw(TURNED.len(), 1, 0)] {
        let turned = draw(pixels.len(), 2, k);
        pixels[turned] = -pixels[turned];
    }
    let trace = scene.trace;
    let mut input = trace.values().input.clone();
    for (k, pixel) in pixels.iter().enumerate() {
        let uv = [k / scene.size[1], k % scene.size[1]];
        if let Some([p, q]) = scene.conv.window.tap(at, uv) {
            (0..input.dim().1).for_each(|c| input[[0, c, p, q]] = *pixel);
        }
    }
    let (plan, params, moments) = (trace.plan().clone(), trace.params().clone(), trace.moments().clone());
    Ok((Trace::new(plan, trace.time(), params, moments, &input, trace.target().clone()), at))
}
