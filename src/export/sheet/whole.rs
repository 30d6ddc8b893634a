//! All cells of a small map at once, and all partial derivatives of a small convolution.

use super::{
    cell::{Problem, Subject, Worked, plane_of, said},
    grid::{Cell, Grid},
    names,
    page::{BODY, Block, Figure},
    text::Run,
};
use crate::data::Permutation;
use crate::export::ExportError;
use crate::nn::{Op, Part, loss::Loss};
use crate::tensor::number;
use crate::trace::{Address, Grain, Pass, Place, Plan, TensorId, Trace};
use std::sync::Arc;

/// The most cells that are asked for at once, the most terms of each, and the most cells of a grid that they read.
const CELLS: usize = 36;
const TERMS: usize = 40;
const READ: usize = 100;

/// A plane of numbers, to read or to fill in.
fn plane_grid(title: String, rows: usize, columns: usize, cell: impl Fn(usize) -> Cell) -> Grid {
    let row = |r: usize| (0..columns).map(|c| cell(r * columns + c)).collect();
    Grid { title, cells: (0..rows).map(row).collect(), first: None }
}

/// A plane of a tensor as a grid of numbers, rows and columns numbered.
///
/// # Errors
/// Where it has more cells than a sheet has room for.
pub fn tensor_grid(subject: Subject, tensor: TensorId, plane: usize) -> Result<Grid, ExportError> {
    let (trace, plan, words) = (subject.trace, subject.trace.plan(), subject.words);
    let shape = plan.shape_of(tensor);
    let [_, _, rows, columns] = shape.0;
    let title = names::map(words, plan, tensor, plane);
    if shape.plane() > READ {
        return Err(ExportError(format!(
            "{}: expected a map of at most {READ} cells to be read, got {rows} × {columns}; name one cell, as in \
             fwd/conv1/k0/(0,0)",
            plan.name(tensor)
        )));
    }
    let value = |k: usize| trace.value(tensor, 0, (plane * shape.plane() + k) as u32);
    let cell = |k: usize| Cell::Number(number::written(value(k), Some(subject.digits)));
    let first = (shape.plane() > 1).then_some([0, 0]);
    Ok(Grid { first, ..plane_grid(title, rows, columns, cell) })
}

/// All cells of a map, or of a whole tensor of one map.
///
/// # Errors
/// Where they are too many to be worked out by hand, or none is made by a step.
pub fn problem(subject: Subject, address: &Address) -> Result<Problem, ExportError> {
    let (trace, plan, words) = (subject.trace, subject.trace.plan(), subject.words);
    let shape = plan.shape_at(address);
    let text = plan.text(address);
    let stage = plan.stage_at(address).ok_or_else(|| {
        ExportError(format!(
            "{text}: expected numbers that a step makes, got given ones; name a layer's map or cell"
        ))
    })?;
    let cells = if address.grain() == Grain::Channel { shape.plane() } else { shape.len() };
    let is_small = cells <= CELLS && stage.terms as usize <= TERMS;
    if !is_small || cells > shape.plane() && shape.plane() > 1 {
        return Err(ExportError(format!(
            "{text}: expected one map of at most {CELLS} cells with at most {TERMS} terms each, got {cells} cells with {} \
             terms; name a smaller map or one cell, as in {}/(0,0)",
            stage.terms,
            plan.text(&address.refine(Grain::Channel))
        )));
    }
    let [_, _, rows, columns] = shape.0;
    let [rows, columns] = if shape.plane() == 1 { [1, cells] } else { [rows, columns] };
    let worked = |k: usize| Worked::new(subject, &address.with_cell(address.cell() + k as u32));
    let mut given = Vec::new();
    for k in 0..cells {
        for step in trace.cell(&address.with_cell(address.cell() + k as u32)).steps {
            let read = step.term.operands().filter_map(|operand| plane_of(plan, operand));
            given.extend(read.filter(|read| !given.contains(read)).collect::<Vec<_>>());
        }
    }
    let mut figures = Vec::new();
    for (tensor, plane) in given {
        figures.push(Figure::Grid(tensor_grid(subject, tensor, plane)?));
    }
    let name = names::place(words, plan, &address.refine(Grain::Channel));
    let first = (rows > 1).then_some([0, 0]);
    let blank = Grid { first, ..plane_grid(name.clone(), rows, columns, |_| Cell::Blank(String::new())) };
    let filled =
        Grid { first, ..plane_grid(name.clone(), rows, columns, |k| Cell::Number(worked(k).result())) };
    let heading = Block::Heading(name, text);
    let asked = format!("{}{}", said(words, plan, address), words.text("sheet.fill_in"));
    let sheet = vec![
        Block::Together(vec![
            heading.clone(),
            Block::Text(vec![Run::plain(asked)], BODY),
            Block::Figures([figures, vec![Figure::Grid(blank)]].concat()),
        ]),
        Block::Lines(5),
    ];
    let mut key = vec![Block::Together(vec![heading, Block::Figures(vec![Figure::Grid(filled)])])];
    for k in 0..cells {
        let at = format!("({}, {})", k / columns, k % columns);
        let line = worked(k).line().unwrap_or_else(|| worked(k).result());
        key.push(Block::Text(vec![Run::strong(at), Run::plain(format!("  {line}"))], BODY));
    }
    Ok(Problem { sheet, key })
}

/// A number in subscript digits, counted from 1.
fn index(k: usize, columns: usize) -> String {
    [k / columns + 1, k % columns + 1]
        .map(|n| char::from_u32(0x2080 + n.min(9) as u32).unwrap_or('·'))
        .iter()
        .collect()
}

/// The stage of the one convolution of a network that is worked through by hand: one layer, one map, the mean of the
/// squared differences, few cells.
fn by_hand_stage(plan: &Plan, part: Part) -> Option<Address> {
    let tensor = if part == Part::Dy { plan.output_gradient_of(0) } else { TensorId::layer(0, part) };
    plan.stage_of(tensor).map(|stage| Address::whole_stage(0, 0, stage))
}

/// Whether a network can be worked through by hand: one convolution of one map, at most 5 × 5 pixels, the mean of the
/// squared differences as its loss.
pub fn is_by_hand(plan: &Plan) -> bool {
    let network = plan.network();
    let is_one = matches!(&network.layers[..], [layer] if matches!(&layer.op, Op::Conv2d(conv) if !conv.bias && !conv.normalize));
    let [c, h, w] = network.input;
    let [maps, ..] = network.output();
    is_one && network.loss == Loss::Mse && c == 1 && maps == 1 && h <= 5 && w <= 5
}

/// The same network with numbers of its own, drawn by a seed: small ones that are easy to reckon with.
pub fn drawn(trace: &Trace, seed: u64) -> Trace {
    const PIXELS: [f32; 6] = [-1.0, 0.0, 1.0, 2.0, 3.0, 4.0];
    const WEIGHTS: [f32; 6] = [-2.0, -1.0, -0.5, 0.5, 1.0, 2.0];
    let mut draws = 0;
    let mut draw = |from: [f32; 6]| {
        draws += 1;
        from[Permutation::shuffle(from.len() as u64, seed, draws).at(0) as usize]
    };
    let plan = Arc::clone(trace.plan());
    let mut input = trace.values().input.clone();
    input.iter_mut().for_each(|pixel| *pixel = draw(PIXELS));
    let mut params = (**trace.params()).clone();
    if let Some(weights) = params.0[0].get_mut(Part::Weight) {
        weights.iter_mut().for_each(|weight| *weight = draw(WEIGHTS));
    }
    let moments = Arc::clone(trace.moments());
    Trace::new(plan, trace.time(), Arc::new(params), moments, &input, trace.target().clone())
}

/// A part of the work by hand: which tensor, what its cells are called, the key of its question.
struct Task {
    address: Address,
    letter: &'static str,
    question: &'static str,
}

/// All partial derivatives of a small convolution: of the outputs, of the weights, of the pixels.
///
/// # Errors
/// Where the network is not one that can be worked through by hand.
pub fn by_hand(subject: Subject, seed: Option<u64>) -> Result<Problem, ExportError> {
    // Its numbers are short: they are printed whole.
    let subject = Subject { digits: subject.digits.max(7), ..subject };
    let (trace, plan, words) = (subject.trace, subject.trace.plan(), subject.words);
    if !is_by_hand(plan) {
        return Err(ExportError(
            "expected a network of one convolution of one map, at most 5 × 5 pixels, to be worked through by hand, got \
             another; name one cell"
                .into(),
        ));
    }
    let parts = [
        (Part::Out, "y", "forward"),
        (Part::Dy, "∂L/∂y", "by_output"),
        (Part::Dw, "∂L/∂w", "by_weight"),
        (Part::Dx, "∂L/∂x", "by_pixel"),
    ];
    let tasks: Vec<Task> = parts
        .into_iter()
        .filter_map(|(part, letter, question)| {
            Some(Task { address: by_hand_stage(plan, part)?, letter, question })
        })
        .collect();
    let number = |value: f32| number::written(value, Some(subject.digits));
    let given = |tensor: TensorId, key: &str| {
        let [_, _, rows, columns] = plan.shape_of(tensor).0;
        // The right answers are those of the outputs, in their places.
        let [rows, columns] =
            if tensor == TensorId::TARGET { shape_of(plan, &tasks[0].address) } else { [rows, columns] };
        let cell = |k: usize| Cell::Number(number(trace.value(tensor, 0, k as u32)));
        Figure::Grid(plane_grid(words.text(key), rows, columns, cell))
    };
    let small = seed.map_or_else(
        || plan.text(&tasks[0].address),
        |seed| words.fill("sheet.seed", &[("seed", &seed.to_string())]),
    );
    let heading = Block::Heading(words.text("by_hand.title"), small);
    let figures = Block::Figures(vec![
        given(TensorId::INPUT, "by_hand.x"),
        given(TensorId::layer(0, Part::Weight), "by_hand.w"),
        given(TensorId::TARGET, "by_hand.t"),
    ]);
    let about = Block::Text(vec![Run::plain(words.text("by_hand.about"))], BODY);
    let mut sheet = vec![Block::Together(vec![heading.clone(), about, figures.clone()])];
    let mut key = vec![Block::Together(vec![heading, figures])];
    let outputs = plan.shape_at(&tasks[0].address).len().to_string();
    for (step, task) in tasks.iter().enumerate() {
        let [rows, columns] = shape_of(plan, &task.address);
        let question = words.fill(&format!("by_hand.{}", task.question), &[("n", &outputs)]);
        let asked = vec![Run::strong(format!("{}   ", step + 1)), Run::plain(question)];
        let name = |k: usize| format!("{}{}", task.letter, index(k, columns));
        let blank = plane_grid(String::new(), rows, columns, |k| Cell::Blank(name(k)));
        sheet.push(Block::Together(vec![
            Block::Text(asked, BODY),
            Block::Figures(vec![Figure::Grid(blank), Figure::Lines(rows.max(2) + 1)]),
        ]));
        let value = |k: usize| trace.finished(&task.address.with_cell(k as u32));
        let filled = plane_grid(task.letter.to_owned(), rows, columns, |k| Cell::Number(number(value(k))));
        let mut lines = Vec::new();
        for k in 0..rows * columns {
            let line = match task.question {
                "by_output" => slope_line(subject, k, &outputs, value(k)),
                _ => {
                    let worked = Worked::new(subject, &task.address.with_cell(k as u32));
                    worked.line().unwrap_or_else(|| number(value(k)))
                }
            };
            lines.push(vec![Run::strong(name(k)), Run::plain(format!(" = {line}"))]);
        }
        key.push(Block::Figures(vec![Figure::Grid(filled), Figure::Words(lines)]));
    }
    Ok(Problem { sheet, key })
}

fn shape_of(plan: &Plan, address: &Address) -> [usize; 2] {
    let [_, _, rows, columns] = plan.shape_at(address).0;
    [rows, columns]
}

/// The gradient of an output by the mean of the squared differences.
fn slope_line(subject: Subject, k: usize, outputs: &str, value: f32) -> String {
    let trace = subject.trace;
    let number = |value: f32| number::written(value, Some(subject.digits));
    let in_brackets = |text: String| if text.starts_with(number::MINUS) { format!("({text})") } else { text };
    let y = trace.value(TensorId::layer(0, Part::Out), 0, k as u32);
    let t = trace.value(TensorId::TARGET, 0, k as u32);
    let [y, t, result] = [number(y), number(t), number(value)];
    let printed =
        2.0 * (super::cell::read(&y) - super::cell::read(&t)) / outputs.parse::<f64>().unwrap_or(1.0);
    let is_exact = (printed - super::cell::read(&result)).abs() <= 0.5001 * super::cell::last_place(&result);
    format!("2 · ({y} − {}) ÷ {outputs} {} {result}", in_brackets(t), if is_exact { "=" } else { "≈" })
}

/// Whether an address stands for the whole work by hand: the run or its backward pass.
pub fn is_of_all(plan: &Plan, address: &Address) -> bool {
    let is_backward = plan.stage_at(address).is_some_and(|stage| stage.pass == Pass::Bwd);
    match address.grain() {
        Grain::Run | Grain::Epoch | Grain::Batch | Grain::Example => true,
        Grain::Pass => is_backward && matches!(address.place(), Place::Stage(_)),
        Grain::Layer | Grain::Channel | Grain::Cell | Grain::Term => false,
    }
}
