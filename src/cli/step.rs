//! `step`: explains one step of a run, a cell with all its terms, or a larger unit, by its address.

use super::{
    CliError, StepArgs, open_input, open_model,
    out::{print, table},
};
use crate::nn::{Execution, Mode, optimizer::Moments};
use crate::tensor::Tensor;
use crate::trace::{
    Address, CellFold, Cursor, Grain, Move, Operand, Pass, Place, Plan, Setup, Step, TensorId, Trace,
};
use serde_json::{Map, Value, json};
use std::{fmt::Write, sync::Arc};

/// Prints what happens at an address, or where moves from it lead.
pub fn step(args: &StepArgs) -> Result<(), CliError> {
    let mut run = SteppedRun::new(args)?;
    let mut here = run.read(&args.at)?;
    if let Some(movement) = &args.movement {
        let movement = Movement::parse(movement)?;
        for _ in 0..args.times {
            let before = here;
            here = run.go(here, movement)?;
            // At an end of the run or at a given tensor, the move stays in place.
            if here == before {
                break;
            }
        }
    }
    let answer = match here {
        Here::Start(_) if args.json => format!("{}\n", json!({ "address": "start", "steps": 0 })),
        Here::Start(_) => "start: no step has been done yet\n".into(),
        Here::At(address) if args.json => format!("{}\n", run.json(&address)),
        Here::At(address) => run.text(&address),
    };
    print(&answer)
}

/// How many planes of a layer the text output shows.
const PLANES: usize = 16;

/// The position that the moves have reached.
#[derive(Clone, Copy, PartialEq)]
enum Here {
    /// Before the first step, at this grain.
    Start(Grain),
    /// After the unit at this address.
    At(Address),
}

/// A move from one position to another.
#[derive(Clone, Copy)]
enum Movement {
    Cursor(Move),
    Writer,
    Reader,
}

impl Movement {
    fn parse(text: &str) -> Result<Self, CliError> {
        let moves = Move::NAMED.into_iter().map(|(name, go)| (name, Self::Cursor(go)));
        let grains = Grain::ALL.into_iter().map(|grain| (grain.name(), Self::Cursor(Move::Grain(grain))));
        let all: Vec<_> =
            moves.chain([("writer", Self::Writer), ("reader", Self::Reader)]).chain(grains).collect();
        let found = all.iter().find(|(name, _)| *name == text).map(|(_, movement)| *movement);
        found.ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            CliError(format!("--move: expected one of {}, got {text:?}; use one of them", names.join(", ")))
        })
    }
}

/// A run on one picture, at one of its training steps.
struct SteppedRun {
    plan: Arc<Plan>,
    first: Trace,
    trace: Trace,
}

impl SteppedRun {
    fn new(args: &StepArgs) -> Result<Self, CliError> {
        let model = open_model(&args.model, Some(&args.image.image))?;
        let input = open_input(&model, &args.image)?;
        let optimizer = args.optimizer.optimizer();
        let mode = if args.train { Mode::Train } else { Mode::Eval };
        let setup = Setup { images: 1, batches: 1, epochs: args.epochs, mode, optimizer, seed: args.seed };
        let plan = Arc::new(Plan::try_new(Arc::new(model.network), setup)?);
        let network = plan.network();
        let values = network.forward(&model.params, &input.x, mode, plan.stream(0));
        let predicted = |output: &Tensor| network.loss.predicted(output.iter().copied());
        let class = match input.label {
            Some((class, _)) => class,
            None if mode == Mode::Eval => predicted(values.output()),
            None => {
                let output = network.output_with(&model.params, &input.x, Execution::SERIAL, &mut |_, _| {});
                predicted(output.as_ref().unwrap_or(values.output()))
            }
        };
        let target = network.target(&[class]);
        let (params, moments) = (model.params, Arc::new(Moments::default()));
        let first = Trace::from_forward(Arc::clone(&plan), 0, params, moments, values, target);
        Ok(Self { trace: first.clone(), first, plan })
    }

    fn read(&self, text: &str) -> Result<Here, CliError> {
        match text.trim() {
            "start" | "end" => Ok(self.here(Cursor::parse(&self.plan, text)?)),
            text => Ok(Here::At(self.plan.parse(text)?)),
        }
    }

    fn here(&self, cursor: Cursor) -> Here {
        cursor.address(&self.plan).map_or(Here::Start(cursor.grain()), Here::At)
    }

    /// The trace of training step `time`, replayed from the current trace or from the first one.
    fn at_time(&mut self, time: u32) -> &Trace {
        if time < self.trace.time() {
            self.trace = self.first.clone();
        }
        while self.trace.time() < time {
            self.trace.compute_to(Pass::Update, Execution::SERIAL);
            self.trace = self.trace.next();
        }
        &self.trace
    }

    /// The trace computed up to the pass that an address belongs to.
    fn at(&mut self, address: &Address) -> &Trace {
        let stage = self.plan.stage_at(address).filter(|_| address.grain() >= Grain::Layer);
        let given = matches!(address.place(), Place::Given(_));
        let last = if given { Pass::Loss } else { stage.map_or(Pass::Update, |stage| stage.pass) };
        self.at_time(address.time());
        self.trace.compute_to(last, Execution::SERIAL);
        &self.trace
    }

    fn go(&mut self, here: Here, movement: Movement) -> Result<Here, CliError> {
        let address = match (here, movement) {
            (Here::Start(grain), Movement::Cursor(go)) => {
                let mut cursor = Cursor::new(grain);
                cursor.go(&self.plan, go);
                return Ok(self.here(cursor));
            }
            (Here::At(address), Movement::Cursor(go)) => {
                let mut cursor = Cursor::after(&self.plan, &address);
                cursor.go(&self.plan, go);
                return Ok(self.here(cursor));
            }
            (Here::Start(_), Movement::Writer | Movement::Reader) => {
                return Err(CliError(
                    "start: expected a cell or a term, got the start of the run; move next first".into(),
                ));
            }
            (Here::At(address), Movement::Writer | Movement::Reader) => address,
        };
        if address.grain() < Grain::Cell {
            return Err(CliError(format!(
                "{}: expected a cell or a term to go to its writer or reader, got a whole {}; use a cell, for example {}",
                self.plan.text(&address),
                address.grain().name(),
                self.plan.text(&address.whole_cell()),
            )));
        }
        let found = match movement {
            Movement::Writer => self.writer(&address)?,
            Movement::Reader | Movement::Cursor(_) => self.reader(&address)?,
        };
        Ok(Here::At(found))
    }

    /// The address of the step that last wrote the first operand that is a cell; for a cell, that of its first term
    /// with such an operand.
    fn writer(&self, address: &Address) -> Result<Address, CliError> {
        let text = || self.plan.text(address);
        let Some(steps) = self.plan.steps(address) else {
            return Err(CliError(format!(
                "{}: expected a computed cell, got a given one, which has no operands; go to its reader",
                text()
            )));
        };
        steps.flat_map(|step| self.plan.describe(step).writers).flatten().next().ok_or_else(|| {
            CliError(format!(
                "{}: expected an operand that was computed, got only constants and padding; go to another term",
                text()
            ))
        })
    }

    /// The address of the first later term that reads the cell. Updated parameters are read in the next training
    /// step.
    fn reader(&mut self, address: &Address) -> Result<Address, CliError> {
        let plan = Arc::clone(&self.plan);
        let cell = address.whole_cell();
        let from = plan.steps(address).map_or(0, |steps| steps.end);
        let is_updated = plan.stage_at(address).is_some_and(|stage| stage.tensor.is_parameter());
        let times = address.time()..=address.time() + u32::from(is_updated);
        let found = times
            .filter(|&time| time < plan.times())
            .find_map(|time| self.at_time(time).next_reader(&cell, from));
        found.ok_or_else(|| {
            CliError(format!(
                "{}: expected a cell that is read later, got one that no later step reads; continue with next",
                plan.text(&cell)
            ))
        })
    }

    /// Describes an address as JSON.
    fn json(&mut self, address: &Address) -> Value {
        let plan = Arc::clone(&self.plan);
        let trace = self.at(address);
        let mut answer = Map::new();
        let mut put = |name: &str, value: Value| drop(answer.insert(name.to_owned(), value));
        put("address", json!(plan.text(address)));
        if address.grain() >= Grain::Layer {
            put("stage", json!(plan.name(tensor_of(&plan, address))));
            put("formula", json!(trace.formula(address)));
            put("pass", json!(plan.stage_at(address).map(|stage| stage.pass.name())));
        }
        match address.grain() {
            Grain::Term => {
                if let Some(step) = trace.step(address) {
                    step_json(trace, &step, &mut put);
                }
            }
            Grain::Cell => {
                let cell = trace.cell(address);
                put("start", number(cell.start));
                put("value", number(cell.value));
                let terms = cell.steps.iter().map(|step| {
                    let mut term = Map::new();
                    let mut put = |name: &str, value: Value| drop(term.insert(name.to_owned(), value));
                    put("address", json!(plan.text(&step.address)));
                    step_json(trace, step, &mut put);
                    Value::Object(term)
                });
                put("terms", terms.collect());
            }
            Grain::Channel | Grain::Layer => {
                cells_json(trace, address, &mut put);
                put("steps", json!(step_count(&plan, address)));
            }
            Grain::Pass | Grain::Example | Grain::Batch | Grain::Epoch | Grain::Run => {
                let stages = stages_of(&plan, address);
                put("steps", json!(step_count(&plan, address)));
                put("cells", json!(stages.iter().map(|s| plan.stages()[s.place()].cells()).sum::<u64>()));
                put("stages", stages.iter().map(|s| json!(plan.text(&s.0))).collect());
                put("loss_before", number(trace.loss_before()));
                put("loss_after", number(trace.loss_after()));
            }
        }
        Value::Object(answer)
    }

    /// Describes an address as text.
    fn text(&mut self, address: &Address) -> String {
        let plan = Arc::clone(&self.plan);
        let trace = self.at(address);
        let mut text = format!("{}\n{}\n", plan.text(address), sentence(trace, address));
        if let Some(formula) = trace.formula(address).filter(|_| address.grain() >= Grain::Layer) {
            let _ = writeln!(text, "\n{formula}");
        }
        match address.grain() {
            Grain::Term => {
                if let Some(step) = trace.step(address) {
                    let _ = writeln!(text, "{}\n{}", step.term.op.symbols(), in_numbers(&step));
                    text += "\n";
                    text += &terms_text(trace, std::slice::from_ref(&step));
                }
            }
            Grain::Cell => {
                let cell = trace.cell(address);
                if !cell.steps.is_empty() {
                    let _ = writeln!(text, "{}\n", cell_in_numbers(&cell));
                    text += &terms_text(trace, &cell.steps);
                }
            }
            Grain::Channel => text += &plane_text(trace, address),
            Grain::Layer => {
                let shape = plan.shape_at(address);
                for plane in 0..shape.planes().min(PLANES) {
                    let cell = (plane * shape.plane()) as u32;
                    let channel = address.with_channel_from(cell);
                    let _ = writeln!(text, "\n{}", plan.text(&channel));
                    text += &plane_text(trace, &channel);
                }
                if shape.planes() > PLANES {
                    let _ = writeln!(text, "\n… {} more; --json has all", shape.planes() - PLANES);
                }
            }
            Grain::Pass | Grain::Example | Grain::Batch | Grain::Epoch | Grain::Run => {
                let row = |cells: [String; 4]| Vec::from(cells);
                let mut rows = vec![row(["STAGE", "SHAPE", "TERMS", "STEPS"].map(str::to_owned))];
                rows.extend(stages_of(&plan, address).iter().map(|s| {
                    let stage = &plan.stages()[s.place()];
                    row([
                        plan.text(&s.0),
                        stage.shape.to_string(),
                        stage.terms.to_string(),
                        stage.steps().to_string(),
                    ])
                }));
                let _ = write!(text, "\n{}", table(&rows, &[2, 3]));
            }
        }
        text
    }
}

/// The address of a whole stage.
struct Whole(Address);

impl Whole {
    fn place(&self) -> usize {
        match self.0.place() {
            Place::Stage(stage) => stage as usize,
            Place::Given(_) => 0,
        }
    }
}

/// The stages of the first training step that a coarse unit covers.
fn stages_of(plan: &Plan, address: &Address) -> Vec<Whole> {
    let update = plan.pass_stages(Pass::Update);
    let stages = match (address.grain(), plan.stage_at(address).map(|stage| stage.pass)) {
        (Grain::Pass, Some(pass)) => plan.pass_stages(pass),
        (Grain::Example, Some(Pass::Update)) => update,
        (Grain::Example, Some(Pass::Fwd | Pass::Loss | Pass::Bwd) | None) => 0..update.start,
        (
            Grain::Pass
            | Grain::Batch
            | Grain::Epoch
            | Grain::Run
            | Grain::Layer
            | Grain::Channel
            | Grain::Cell
            | Grain::Term,
            _,
        ) => 0..update.end,
    };
    let whole = |s: usize| address.with_stage(s);
    stages.map(|s| Whole(whole(s))).collect()
}

fn tensor_of(plan: &Plan, address: &Address) -> TensorId {
    match address.place() {
        Place::Stage(stage) => plan.stages()[stage as usize].tensor,
        Place::Given(tensor) => tensor,
    }
}

fn step_count(plan: &Plan, address: &Address) -> u64 {
    plan.steps(address).map_or(0, |steps| steps.end - steps.start)
}

/// The final value of a cell, by its number in the stage or tensor of an address.
fn value(trace: &Trace, address: &Address, cell: usize) -> f32 {
    trace.finished(&address.with_cell(cell as u32))
}

/// A number that parses to the same f32, the shortest text if possible. NaN and infinities, which JSON lacks,
/// become text.
fn number(value: f32) -> Value {
    if !value.is_finite() {
        return json!(if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        });
    }
    let shortest = value.to_string().parse::<f64>().ok().filter(|x| (*x as f32).to_bits() == value.to_bits());
    json!(shortest.unwrap_or_else(|| f64::from(value)))
}

fn operand_json(trace: &Trace, operand: &Operand, value: f32) -> Value {
    match operand {
        Operand::Cell { .. } => {
            let address = trace.writer(operand).map(|writer| trace.plan().text(&writer));
            json!({ "address": address, "value": number(value) })
        }
        Operand::Constant { name, .. } => json!({ "address": null, "name": name, "value": number(value) }),
        Operand::Padding { .. } => json!({ "address": null, "name": "padding", "value": number(value) }),
    }
}

/// The values of a channel or a whole tensor, row by row.
fn cells_json(trace: &Trace, address: &Address, put: &mut dyn FnMut(&str, Value)) {
    let shape = trace.plan().shape_at(address);
    let [n, c, h, w] = shape.0;
    let plane = |first: usize| -> Value {
        let row = |i: usize| -> Value {
            (0..w).map(|j| number(value(trace, address, first + i * w + j))).collect()
        };
        (0..h).map(row).collect()
    };
    let cells = if address.grain() == Grain::Channel {
        put("shape", json!([h, w]));
        put("values", plane(address.cell() as usize));
        h * w
    } else {
        put("shape", json!(shape.0));
        let image = |n: usize| -> Value { (0..c).map(|k| plane((n * c + k) * h * w)).collect() };
        put("values", (0..n).map(image).collect());
        shape.len()
    };
    put("cells", json!(cells));
}

fn step_json(trace: &Trace, step: &Step, put: &mut dyn FnMut(&str, Value)) {
    let operands = step.term.operands.iter().zip(step.values);
    let operands =
        operands.filter_map(|(operand, value)| Some(operand_json(trace, operand.as_ref()?, value)));
    put("op", json!(step.term.op.symbols()));
    put("operands", operands.collect());
    put("product", step.product().map_or(Value::Null, number));
    put("before", number(step.before));
    put("after", number(step.after));
}

/// The shortest text that parses to the same number.
fn full(value: f32) -> String {
    let plain = value == 0.0 || !value.is_finite() || (1e-4..1e9).contains(&value.abs());
    if plain { format!("{value}") } else { format!("{value:e}") }
}

/// A number as a factor in a formula: negative numbers are put in parentheses.
fn factor(value: f32) -> String {
    let text = full(value);
    if text.starts_with('-') { format!("({text})") } else { text }
}

fn in_numbers(step: &Step) -> String {
    let [r, a, b] = [step.before, step.values[0], step.values[1]].map(full);
    format!("{} = {}", step.term.op.in_numbers([&r, &a, &b], step.values), full(step.after))
}

/// A short sum in full; for other cells, the last step.
fn cell_in_numbers(cell: &CellFold) -> String {
    use crate::trace::TermOp::{Add, MulAdd};
    const MOST: usize = 12;
    let is_sum = cell.start == 0.0 && cell.steps.iter().all(|step| matches!(step.term.op, Add | MulAdd));
    let last = cell.steps.last().map_or_else(String::new, in_numbers);
    if !is_sum || cell.steps.len() < 2 || cell.steps.len() > MOST {
        return last;
    }
    let terms = cell.steps.iter().map(|step| {
        let [a, b] = step.values;
        if step.term.op == MulAdd { format!("{} · {}", factor(a), factor(b)) } else { factor(a) }
    });
    format!("{} = {}", terms.collect::<Vec<_>>().join(" + "), full(cell.value))
}

/// A one-line description of an address.
fn sentence(trace: &Trace, address: &Address) -> String {
    let plan = trace.plan();
    let steps = step_count(plan, address);
    if address.grain() < Grain::Layer {
        let pass = plan.stage_at(address).map_or("", |stage| stage.pass.name());
        let is_pass = address.grain() == Grain::Pass;
        let what =
            if is_pass { format!("the pass {pass}") } else { format!("the {}", address.grain().name()) };
        return format!(
            "{what}: {steps} steps; loss {} before the update, {} after it",
            full(trace.loss_before()),
            full(trace.loss_after())
        );
    }
    let tensor = tensor_of(plan, address);
    let (name, shape) = (plan.name(tensor), plan.shape_at(address));
    let [first, channel, i, j] = shape.at(address.cell() as usize);
    let channel = match plan.is_weight_shaped(tensor) {
        true => format!("from input {channel} to output {first}"),
        false => format!("channel {channel}"),
    };
    let place = format!("{name}, {channel}, row {i}, column {j}");
    let terms = plan.stage_at(address).map_or(0, |stage| stage.terms);
    match address.grain() {
        Grain::Term => format!("{place}: term {} of {terms}", address.term() + 1),
        Grain::Cell if terms == 0 => format!("{place}: given, {}", full(trace.finished(address))),
        Grain::Cell => {
            let terms = if terms == 1 { "its one term".into() } else { format!("{terms} terms") };
            format!("{place}: {} after {terms}", full(trace.finished(address)))
        }
        Grain::Channel => format!("{name}, {channel}: {}x{} cells, {steps} steps", shape.0[2], shape.0[3]),
        Grain::Layer | Grain::Pass | Grain::Example | Grain::Batch | Grain::Epoch | Grain::Run => {
            format!("{name}: {shape}, {} cells, {steps} steps", shape.len())
        }
    }
}

/// The terms as a table; long ones have a gap in the middle.
fn terms_text(trace: &Trace, steps: &[Step]) -> String {
    const MOST: usize = 200;
    let operand = |step: &Step, place: usize| match &step.term.operands[place] {
        None => ["".to_owned(), "".to_owned()],
        Some(operand) => {
            let from = match operand {
                Operand::Cell { .. } => {
                    trace.writer(operand).map_or_else(String::new, |writer| trace.plan().text(&writer))
                }
                Operand::Constant { name, .. } => (*name).to_owned(),
                Operand::Padding { .. } => "padding".to_owned(),
            };
            [full(step.values[place]), from]
        }
    };
    let mut rows = vec![Vec::from(["TERM", "A", "FROM", "B", "FROM", "PRODUCT", "AFTER"].map(str::to_owned))];
    for (n, step) in steps.iter().enumerate() {
        if n == MOST / 2 && steps.len() > MOST {
            rows.push(vec![format!("… {} more; --json has all", steps.len() - MOST)]);
        }
        if n >= MOST / 2 && n + MOST / 2 < steps.len() {
            continue;
        }
        let [[a, from_a], [b, from_b]] = [operand(step, 0), operand(step, 1)];
        let product = step.product().map_or_else(String::new, full);
        rows.push(vec![format!("m{}", step.address.term()), a, from_a, b, from_b, product, full(step.after)]);
    }
    table(&rows, &[1, 3, 5, 6])
}

/// The values of one plane, row by row.
fn plane_text(trace: &Trace, address: &Address) -> String {
    let [_, _, h, w] = trace.plan().shape_at(address).0;
    let row =
        |i: usize| (0..w).map(|j| full(value(trace, address, address.cell() as usize + i * w + j))).collect();
    let rows: Vec<Vec<String>> = (0..h).map(row).collect();
    table(&rows, &(0..w).collect::<Vec<_>>())
}
