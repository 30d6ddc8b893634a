//! Laws of the trace, tried on random small networks: the plan is a plan, an address is a place in
//! it, and the steps are what the network and the optimizer really computed.
//!
//! Bits are compared as bits, NaN aside: which NaN comes of two is not ours to say.

use convstep::nn::{
    Execution, Mode, Network, Op, Part,
    loss::Loss,
    optimizer::{Moments, Optimizer, Rule},
    spec::{ConvSpec, DenseSpec, Kind, LayerSpec, MaxPoolSpec, Pair},
};
use convstep::trace::{
    Address, Break, Cursor, Grain, Move, Operand, Owner, Pass, Place, Plan, Setup, TensorId, Trace,
    breakpoint,
};
use proptest::prelude::*;
use std::{collections::HashMap, sync::Arc};

use crate::random;
use crate::random::Numbers;

/// Random networks that each law is tried on.
const CASES: u32 = 256;

/// Steps of a training step, at most, so that all of them can be gone through.
const SMALL: u64 = 40_000;

fn setup() -> impl Strategy<Value = Setup> {
    let optimizer =
        (0..Rule::ALL.len(), prop_oneof![Just(0.0), Just(0.1)]).prop_map(|(rule, weight_decay)| Optimizer {
            rule: Rule::ALL[rule],
            learning_rate: 0.1,
            weight_decay,
        });
    let mode = prop_oneof![Just(Mode::Eval), Just(Mode::Train)];
    (1..=3u32, 1..=2u32, 1..=3u32, mode, optimizer, any::<u64>()).prop_map(
        |(images, batches, epochs, mode, optimizer, seed)| Setup {
            images,
            batches,
            epochs,
            mode,
            optimizer,
            seed,
        },
    )
}

fn plan() -> impl Strategy<Value = Arc<Plan>> {
    (random::network(), setup())
        .prop_map(|(network, setup)| Arc::new(Plan::new(Arc::new(network), setup)))
        .prop_filter("few steps", |plan| plan.len() <= SMALL)
}

/// The training steps of a run, at most three of them, on pictures with whole numbers and with
/// numbers that are none among them.
fn traces() -> impl Strategy<Value = Vec<Trace>> {
    (plan(), any::<u64>(), 0..4u8).prop_map(|(plan, seed, spoil)| {
        let (mut numbers, images) = (Numbers::new(seed), plan.setup().images as usize);
        let network = Arc::clone(plan.network());
        let (params, target) = (Arc::new(numbers.params(&network)), numbers.targets(&network, images));
        let mut x = numbers.pictures(&network, images);
        if spoil < 2 {
            x.mapv_inplace(f32::round);
        }
        if spoil == 0 {
            let cell = numbers.below(x.len());
            if let Some(x) = x.iter_mut().nth(cell) {
                *x = [f32::NAN, f32::INFINITY, -0.0][cell % 3];
            }
        }
        let times = plan.times().min(3);
        let first = Trace::new(plan, 0, params, Arc::new(Moments::default()), &x, target);
        let mut traces = vec![first];
        for _ in 1..times {
            traces.push(traces[traces.len() - 1].next());
        }
        traces
    })
}

fn same(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// Every (stage, image) of a training step in order.
fn goes(plan: &Plan) -> Vec<(usize, u32)> {
    let update = plan.pass_stages(Pass::Update);
    let images = (0..plan.repeats()).flat_map(|image| (0..update.start).map(move |s| (s, image)));
    images.chain(update.clone().map(|s| (s, 0))).collect()
}

fn cell_at(time: u32, (stage, image): (usize, u32), cell: u32) -> Address {
    Address::stage_cell(time, image, stage, cell)
}

/// Every cell of a training step in order.
fn cells(plan: &Plan, time: u32) -> impl Iterator<Item = Address> {
    goes(plan)
        .into_iter()
        .flat_map(move |go| (0..plan.stages()[go.0].cells() as u32).map(move |cell| cell_at(time, go, cell)))
}

/// A scattered few of many.
fn some<T>(all: impl Iterator<Item = T>, seed: u64, one_in: u64) -> impl Iterator<Item = T> {
    let is_chosen = move |n: u64| (n ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 < (1 << 32) / one_in;
    all.enumerate().filter(move |(n, _)| is_chosen(*n as u64)).map(|(_, item)| item)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(CASES) })]

    /// What you step is what ran: every cell of every stage ends in the number that the network or the
    /// optimizer computed, and each step continues from the one before.
    #[test]
    fn cells_end_in_what_was_computed(traces in traces()) {
        for trace in &traces {
            let plan = trace.plan();
            for address in cells(plan, trace.time()) {
                let (cell, stage) = (trace.cell(&address), plan.stage_at(&address).expect("it is one"));
                let text = || plan.text(&address);
                prop_assert_eq!(cell.steps.len(), stage.terms as usize);
                let mut running = cell.start;
                for (m, step) in cell.steps.iter().enumerate() {
                    prop_assert!(same(step.before, running), "{} m{}", text(), m);
                    prop_assert_eq!(step.address.term(), m as u32);
                    running = step.after;
                }
                prop_assert!(same(running, cell.value), "{}", text());
                prop_assert!(
                    same(cell.value, trace.finished(&address)),
                    "{} = {}, ran {}", text(), cell.value, trace.finished(&address)
                );
                // What a tensor that each image adds to starts from is what the image before left.
                if matches!(stage.tensor.part, Part::Dw | Part::Db) && address.image() > 0 {
                    let before = address.with_image(address.image() - 1);
                    prop_assert!(same(cell.start, trace.finished(&before)), "{}", text());
                }
            }
        }
    }

    /// A step by itself is the step as part of its cell; its description needs no values.
    #[test]
    fn a_step_alone_is_the_step_in_its_cell(traces in traces(), seed: u64) {
        for trace in &traces {
            let plan = trace.plan();
            for address in some(cells(plan, trace.time()), seed, 16) {
                for in_cell in trace.cell(&address).steps {
                    let alone = trace.step(&in_cell.address).expect("of this training step");
                    prop_assert_eq!((alone.address, alone.term), (in_cell.address, in_cell.term));
                    prop_assert!(same(alone.before, in_cell.before) && same(alone.after, in_cell.after));
                    let number = plan.steps(&in_cell.address).expect("a step").start;
                    let seek = plan.describe(number);
                    prop_assert_eq!((seek.address, seek.term), (in_cell.address, in_cell.term));
                    prop_assert_eq!(Some(seek.formula), trace.formula(&address));
                    for (writer, operand) in seek.writers.iter().zip(in_cell.term.operands) {
                        prop_assert_eq!(*writer, operand.and_then(|operand| trace.writer(&operand)));
                    }
                }
            }
        }
    }

    /// Operands lie in their tensors; each was written before it is read, nothing wrote it since, and
    /// it has the value that was written.
    #[test]
    fn operands_are_what_was_written_last(traces in traces(), seed: u64) {
        for (t, trace) in traces.iter().enumerate() {
            let (plan, all) = (trace.plan(), goes(trace.plan()));
            let steps = cells(plan, trace.time()).flat_map(|address| trace.cell(&address).steps);
            for step in some(steps, seed, 8) {
                let now = plan.steps(&step.address).expect("a step").start;
                for (operand, value) in step.term.operands.iter().zip(step.values) {
                    let Some(Operand::Cell { tensor, image, index }) = *operand else { continue };
                    let text = || format!("{} reads {operand:?}", plan.text(&step.address));
                    prop_assert!((index as usize) < plan.shape_of(tensor).len(), "{}", text());
                    prop_assert!(image < plan.setup().images, "{}", text());
                    let writer = trace.writer(&operand.expect("a cell")).expect("a cell has a writer");
                    let written = match plan.steps(&writer) {
                        None => {
                            prop_assert!(writer.place() == Place::Given(tensor), "{}", text());
                            trace.finished(&writer)
                        }
                        Some(steps) => {
                            prop_assert!(steps.end <= now, "{}", text());
                            prop_assert_eq!(writer.time() as usize, t - usize::from(tensor.is_parameter()));
                            traces[writer.time() as usize].finished(&writer)
                        }
                    };
                    // A pool's winner is found with its output.
                    let canon = if tensor.part == Part::Winner {
                        TensorId { part: Part::Out, ..tensor }
                    } else {
                        prop_assert!(same(value, written), "{}: {} is not {}", text(), value, written);
                        tensor
                    };
                    let (of, of_image, of_index) = trace.tensor_cell(&writer).expect("it has one");
                    prop_assert_eq!((of, of_index), (canon, index));
                    prop_assert!(!of.is_per_image() || of_image == image, "{}", text());
                    // The last making of this cell, searched for.
                    let times = writer.time()..=trace.time();
                    let mut makings = times
                        .flat_map(|time| all.iter().map(move |&go| (time, go)))
                        .filter(|(_, go)| plan.stages()[go.0].tensor == canon)
                        .map(|(time, go)| cell_at(time, go, writer.cell()))
                        .filter(|made| !canon.is_per_image() || plan.is_layered() || made.image() == image);
                    let last = makings
                        .rfind(|made: &Address| plan.steps(made).is_some_and(|steps| steps.end <= now));
                    prop_assert_eq!(last, plan.steps(&writer).map(|_| writer), "{}", text());
                }
            }
        }
    }

    /// The readers of a cell are the terms whose operand it is, found by going through all terms.
    #[test]
    fn readers_are_all_that_read(traces in traces(), seed: u64, from in 0.0..1.0f64) {
        for trace in &traces {
            let (plan, time) = (trace.plan(), trace.time());
            let mut by_cell: HashMap<Address, Vec<Address>> = HashMap::new();
            for address in cells(plan, time) {
                let stage = plan.stage_at(&address).expect("it is one");
                for m in 0..stage.terms {
                    let step = address.with_term(m);
                    let seek = plan.describe(plan.steps(&step).expect("a step").start);
                    for writer in seek.writers.into_iter().flatten() {
                        by_cell.entry(writer).or_default().push(step);
                    }
                }
            }
            let given = plan.given().flat_map(|tensor| {
                let images = if tensor.is_per_image() { plan.setup().images } else { 1 };
                let cells = plan.shape_of(tensor).len() as u32;
                (0..images).flat_map(move |image| {
                    (0..cells).map(move |index| plan.writer(tensor, time, image, index))
                })
            });
            let from = plan.len() * u64::from(time) + (plan.len() as f64 * from) as u64;
            for address in some(given.chain(cells(plan, time)), seed, 10) {
                let expected = by_cell.get(&address).map_or(&[][..], Vec::as_slice);
                let text = plan.text(&address);
                prop_assert_eq!(&trace.readers(&address, usize::MAX)[..], expected, "{}", text);
                prop_assert_eq!(&trace.readers(&address, 2)[..], &expected[..expected.len().min(2)]);
                let is_later = |reader: &&Address| plan.steps(reader).is_some_and(|steps| steps.start >= from);
                prop_assert_eq!(
                    trace.next_reader(&address, from), expected.iter().find(is_later).copied(), "{}", text
                );
                // The parameter before the step is what the update before left.
                let (tensor, _, cell) = trace.tensor_cell(&address).expect("it has one");
                if tensor.is_parameter() && address.time() < time {
                    let before = Address::given_cell(time, address.image(), tensor, cell);
                    prop_assert_eq!(&trace.readers(&before, usize::MAX)[..], expected);
                }
            }
        }
    }

    /// Step number and address, address and text, at every grain.
    #[test]
    fn numbers_addresses_and_texts_are_one(plan in plan(), at in proptest::collection::vec(0.0..1.0f64, 32)) {
        let ends = [0, plan.len() - 1, plan.run_len() - 1, (plan.len()).min(plan.run_len() - 1)];
        let steps = at.into_iter().map(|at| (at * plan.run_len() as f64) as u64).chain(ends);
        for step in steps {
            for grain in Grain::ALL {
                let address = plan.locate(step, grain);
                let steps = plan.steps(&address).expect("steps");
                let text = plan.text(&address);
                prop_assert!(steps.contains(&step), "{text}: {steps:?} without {step}");
                prop_assert_eq!(address.grain(), grain);
                prop_assert_eq!(plan.locate(steps.start, grain), address, "{}", text);
                prop_assert_eq!(plan.locate(steps.end - 1, grain), address, "{}", text);
                prop_assert_eq!(plan.widen(&plan.locate(step, Grain::Term), grain), address, "{}", text);
                if grain == Grain::Term {
                    prop_assert_eq!(&steps, &(step..step + 1));
                }
                let read = plan.parse(&text);
                let is_update = plan.stage_at(&address).is_some_and(|stage| stage.pass == Pass::Update);
                if grain == Grain::Example && is_update {
                    // One unit with two grains: the text names the pass.
                    let read = read.expect("reads");
                    prop_assert_eq!((read.grain(), plan.steps(&read)), (Grain::Pass, Some(steps)), "{}", text);
                } else {
                    prop_assert_eq!(read, Ok(address), "{}", text);
                }
            }
        }
    }

    /// Given tensors have addresses too.
    #[test]
    fn given_cells_have_texts(plan in plan(), seed: u64) {
        let mut numbers = Numbers::new(seed);
        for tensor in plan.given() {
            for _ in 0..4 {
                let shape = plan.shape_of(tensor);
                let image = numbers.below(plan.setup().images as usize) as u32;
                let cell = numbers.below(shape.len());
                let [_, _, i, j] = shape.at(cell);
                let time = numbers.below(plan.times() as usize) as u32;
                let image = if tensor.is_per_image() { image } else { 0 };
                let address = Address::given_cell(time, image, tensor, cell as u32);
                let plane = address.with_channel_from((cell - i * shape.0[3] - j) as u32);
                let layer = address.with_given(tensor);
                for address in [address, plane, layer] {
                    prop_assert_eq!(plan.parse(&plan.text(&address)), Ok(address), "{}", plan.text(&address));
                    prop_assert_eq!(plan.steps(&address), None);
                }
            }
        }
    }

    /// The units of a grain tile the run, and those of a finer grain tile each; a stage's units are
    /// its planes, cells and terms.
    #[test]
    fn units_tile_the_run(plan in plan()) {
        let one: u64 = goes(&plan).iter().map(|&(s, _)| plan.stages()[s].steps()).sum();
        prop_assert_eq!(one, plan.len());
        prop_assert_eq!(plan.len() * u64::from(plan.times()), plan.run_len());
        for grain in Grain::ALL {
            // The finest of one training step only; all are alike.
            let end = if grain >= Grain::Cell { plan.len() } else { plan.run_len() };
            let mut at = 0;
            while at < end {
                let unit = plan.unit(at, grain);
                prop_assert_eq!(unit.start, at);
                prop_assert!(unit.end > at);
                let coarser = plan.unit(at, grain.coarser());
                prop_assert!(coarser.start <= unit.start && unit.end <= coarser.end);
                at = unit.end;
            }
            prop_assert_eq!(at, end);
        }
        let mut next = 0;
        for go in goes(&plan) {
            let stage = &plan.stages()[go.0];
            for cell in 0..stage.cells() as u32 {
                let steps = plan.steps(&cell_at(0, go, cell)).expect("steps");
                prop_assert_eq!(&steps, &(next..next + u64::from(stage.terms)));
                next = steps.end;
            }
        }
    }

    /// As many moves back as forward, out as in; seeking to where the cursor is.
    #[test]
    fn moves_are_undone_by_their_opposites(plan in plan(), at in 0.0..1.0f64, n in 1..40usize) {
        let step = (at * plan.run_len() as f64) as u64;
        for grain in Grain::ALL {
            let mut cursor = Cursor::after(&plan, &plan.locate(step, grain));
            let place = cursor.address(&plan).expect("after a unit");
            prop_assert_eq!(plan.steps(&place).expect("steps").end, cursor.at());
            prop_assert_eq!(Cursor::after(&plan, &place), cursor);
            let read = Cursor::parse(&plan, &cursor.text(&plan)).expect("reads");
            prop_assert_eq!(read.at(), cursor.at());

            let start = cursor;
            let mut done = 0;
            for _ in 0..n {
                if cursor.at() == plan.run_len() {
                    break;
                }
                cursor.go(&plan, Move::Next);
                done += 1;
                let place = cursor.address(&plan).expect("after a unit");
                prop_assert_eq!((place.grain(), plan.steps(&place).map(|s| s.end)), (grain, Some(cursor.at())));
            }
            (0..done).for_each(|_| cursor.go(&plan, Move::Previous));
            prop_assert_eq!(cursor, start);
            let mut done = 0;
            while done < n && cursor.at() > 0 {
                cursor.go(&plan, Move::Previous);
                done += 1;
            }
            (0..done).for_each(|_| cursor.go(&plan, Move::Next));
            prop_assert_eq!(cursor, start);

            let mut inside = start;
            inside.go(&plan, Move::Into);
            prop_assert_eq!(inside.grain(), grain.finer());
            prop_assert!(inside.at() <= start.at());
            if grain != Grain::Term {
                prop_assert_eq!(
                    plan.unit(inside.at() - 1, grain), plan.steps(&place).expect("steps"), "into its unit"
                );
                inside.go(&plan, Move::Out);
            }
            prop_assert_eq!(inside, start);

            for (over, there) in [(Move::Over, true), (Move::BackOver, false)] {
                let mut cursor = start;
                cursor.go(&plan, over);
                prop_assert_eq!(cursor.grain(), grain);
                prop_assert_eq!(cursor.at() >= start.at(), there);
                let is_boundary = cursor.at() == 0
                    || plan.unit(cursor.at() - 1, grain.coarser()).end == cursor.at();
                prop_assert!(is_boundary);
            }
            let mut cursor = start;
            cursor.go(&plan, Move::End);
            prop_assert_eq!(cursor.at(), plan.run_len());
            cursor.go(&plan, Move::Next);
            prop_assert_eq!(cursor.at(), plan.run_len());
            cursor.go(&plan, Move::Start);
            cursor.go(&plan, Move::Previous);
            prop_assert_eq!((cursor.at(), cursor.address(&plan)), (0, None));
        }
    }

    /// How far the making of a tensor has come: nothing before its first step, all after its last.
    #[test]
    fn progress_counts_cells_and_terms(traces in traces(), at in 0.0..1.0f64) {
        let trace = &traces[traces.len() - 1];
        let plan = trace.plan();
        let at = (at * plan.run_len() as f64) as u64;
        for (stage, image) in goes(plan) {
            let progress = trace.progress(stage, image, at);
            let done = (0..plan.stages()[stage].cells() as u32)
                .filter(|&cell| {
                    plan.steps(&cell_at(trace.time(), (stage, image), cell)).is_some_and(|steps| steps.end <= at)
                })
                .count();
            prop_assert_eq!(progress.done as usize, done);
            let next = cell_at(trace.time(), (stage, image), progress.done);
            let begun = plan.steps(&next).map_or(0, |steps| at.saturating_sub(steps.start));
            prop_assert_eq!(
                u64::from(progress.terms), if progress.is_complete() { 0 } else { begun }
            );
        }
    }

    /// A breakpoint finds the first cell at which its condition holds, and none before.
    #[test]
    fn breakpoints_find_the_first(traces in traces(), at in 0.0..1.0f64, limit in 0.0..3.0f32, back: bool) {
        let trace = &traces[traces.len() - 1];
        let plan = trace.plan();
        let from = plan.len() * u64::from(trace.time()) + (plan.len() as f64 * at) as u64;
        let op = |tensor: TensorId| match tensor.owner {
            Owner::Layer(l) if tensor.part == Part::Out => Some(&plan.layer(l as usize).op),
            _ => None,
        };
        let is_whole = |address: &Address| {
            let stage = plan.stage_at(address).expect("it is one");
            let sums = !plan.is_layered() && matches!(stage.tensor.part, Part::Dw | Part::Db);
            !sums || address.image() + 1 == plan.repeats()
        };
        let some_stage = &plan.stages()[(plan.stages().len() as f64 * at) as usize];
        let holds = |what: Break, address: &Address| {
            let tensor = plan.stage_at(address).expect("it is one").tensor;
            let cell = trace.cell(address);
            match what {
                // A sum over the images is shown when it is complete.
                Break::Above { tensor: of, limit } => {
                    of.is_none_or(|of| of == tensor) && is_whole(address) && cell.value.abs() > limit
                }
                Break::Below { tensor: of, limit } => {
                    of.is_none_or(|of| of == tensor) && is_whole(address) && cell.value.abs() < limit
                }
                Break::NotFinite => !cell.value.is_finite(),
                Break::ReluKills => op(tensor) == Some(&Op::RELU) && cell.steps[0].values[0] <= 0.0,
                Break::PoolTies => {
                    matches!(op(tensor), Some(Op::MaxPool2d(_)))
                        && cell.steps.iter().filter(|step| {
                            matches!(step.term.operands[0], Some(Operand::Cell { .. }))
                                && step.values[0] == cell.value
                        }).count() > 1
                }
                // Behind the last cell of a channel, in the last image: all images' cells of the channel are 0.
                Break::DeadUnit => {
                    let shape = plan.shape_of(tensor);
                    let (_, image, index) = trace.tensor_cell(address).expect("a cell");
                    let plane = shape.plane() as u32;
                    op(tensor) == Some(&Op::RELU)
                        && image + 1 == plan.setup().images
                        && (index + 1) % plane == 0
                        && (0..plan.setup().images).all(|image| {
                            (index + 1 - plane..=index).all(|index| trace.value(tensor, image, index) == 0.0)
                        })
                }
                other => panic!("{other:?} is not of one cell"),
            }
        };
        let mut all: Vec<Address> = cells(plan, trace.time()).collect();
        if back {
            all.reverse();
        }
        let is_beyond = |address: &&Address| {
            let end = plan.steps(address).expect("steps").end;
            if back { end < from } else { end > from }
        };
        let (any, one) = (None, Some(some_stage.tensor));
        for what in [
            Break::Above { tensor: any, limit },
            Break::Above { tensor: one, limit },
            Break::Below { tensor: any, limit },
            Break::Below { tensor: one, limit },
            Break::NotFinite,
            Break::ReluKills,
            Break::PoolTies,
            Break::DeadUnit,
        ] {
            let expected = all.iter().filter(is_beyond).find(|address| holds(what, address));
            let found = breakpoint::find(trace, &[what], from, back, Execution::SERIAL);
            prop_assert_eq!(found.map(|stop| stop.address), expected.copied());
            prop_assert!(found.is_none_or(|stop| stop.reason == what));
        }
    }

    /// A text that is no address says in one line what was expected and what came; one that is names
    /// the place that it is read as.
    #[test]
    fn mangled_addresses_are_refused_in_one_line(
        plan in plan(),
        other in plan(),
        at in 0.0..1.0f64,
        grain in 0..Grain::ALL.len(),
        cuts in proptest::collection::vec((0.0..1.0f64, 0..4u8, any::<char>()), 0..4),
    ) {
        let step = (at * plan.run_len() as f64) as u64;
        let mut text: Vec<char> = plan.text(&plan.locate(step, Grain::ALL[grain])).chars().collect();
        let common: Vec<char> = "0179,.()/kmeib*+-".chars().collect();
        for (at, how, c) in cuts {
            let at = (at * text.len() as f64) as usize;
            match how {
                0 if at < text.len() => drop(text.remove(at)),
                1 if at < text.len() => text[at] = common[c as usize % common.len()],
                2 => text.insert(at, common[c as usize % common.len()]),
                _ => text.insert(at, c),
            }
        }
        let text: String = text.into_iter().collect();
        for plan in [&plan, &other] {
            match plan.parse(&text) {
                Ok(address) => {
                    let printed = plan.text(&address);
                    prop_assert_eq!(plan.parse(&printed), Ok(address), "{:?} printed {:?}", text, printed);
                }
                Err(error) => {
                    let line = error.to_string();
                    prop_assert!(line.contains("expected") && line.contains("got"), "{}", line);
                    prop_assert!(!line.contains(['\n', '\r']), "{}", line);
                }
            }
        }
    }

    /// A plan holds nothing per cell: the same layers on a larger picture take the same bytes.
    #[test]
    fn a_plan_is_as_small_for_a_large_picture(
        input in random::input(), kinds in proptest::collection::vec(random::kind(), 1..=6), setup in setup()
    ) {
        let small = random::stack(input, kinds, Loss::Mse);
        let specs = small.layers.iter().map(|layer| layer.spec.clone()).collect();
        let larger = Network::build(input.map(|n| n * 12), specs, Loss::Mse);
        if let Ok(larger) = larger {
            let plan = |network| Plan::new(Arc::new(network), Setup { images: 2, ..setup });
            let (small, larger) = (plan(small), plan(larger));
            prop_assert_eq!(small.stages().len(), larger.stages().len());
            prop_assert!(larger.bytes() < 30_000, "{} bytes", larger.bytes());
        }
    }
}

fn conv_then_dense(names: [&str; 2]) -> Network {
    let specs = vec![
        LayerSpec::new(names[0], Kind::Conv2d(ConvSpec::new(3, 2))),
        LayerSpec::new(names[1], Kind::Dense(DenseSpec { out_features: 4, bias: true })),
    ];
    Network::build([2, 6, 7], specs, Loss::CrossEntropy).expect("fits")
}

/// The addresses that the documents show.
#[test]
fn addresses_read_as_documented() {
    let network = Arc::new(conv_then_dense(["conv1", "fc"]));
    let setup = Setup { images: 4, batches: 15, epochs: 3, ..Setup::default() };
    let plan = Plan::new(Arc::clone(&network), setup);
    let address = plan.parse("e2.b14.i3/bwd/conv1.dW/k2,0/(1,1)/m29").expect("reads");
    assert_eq!((address.time(), address.image(), address.term()), (2 * 15 + 14, 3, 29));
    assert_eq!(address.cell(), 2 * 2 * 2 * 2 + 3);
    assert_eq!(plan.text(&address), "e2.b14.i3/bwd/conv1.dW/k2,0/(1,1)/m29");
    for text in [
        "run",
        "e2",
        "e2.b14",
        "e2.b14.i3",
        "e2.b14/update",
        "e2.b14/update/fc.weight/k3,89/(0,0)/m0",
        "e1.b2/update/loss.mean/k0/(0,0)/m4",
        "e1.b2.i0/input/k1/(5,6)",
        "e1.b2/fc.bias/k3/(0,0)",
    ] {
        assert_eq!(plan.text(&plan.parse(text).expect(text)), text);
    }
    // Outside training the first part is left out, and a plane of one cell needs no position.
    let alone = Plan::new(network, Setup { epochs: 3, ..Setup::default() });
    for text in ["fwd/conv1/k2/(3,5)/m7", "bwd", "loss/loss.prob/k3", "input", "fc.weight/k3,89/(0,0)"] {
        assert_eq!(alone.text(&alone.parse(text).expect(text)), text);
    }
    assert_eq!(alone.parse("fwd/fc/k1/m3"), alone.parse("fwd/fc/k1/(0,0)/m3"));
    assert_eq!(alone.parse(" fwd/conv1/ "), alone.parse("fwd/conv1"));
    assert_eq!(alone.parse(""), alone.parse("run"));
    assert_eq!(alone.parse("e0.b0.i0/fwd/fc"), alone.parse("fwd/fc"));
}

/// A layer may be called as an epoch is written.
#[test]
fn layers_may_be_called_e1() {
    let plan = Plan::new(Arc::new(conv_then_dense(["e1", "e1.b0"])), Setup::default());
    for text in ["e1.weight/k2,1/(1,1)", "e1.b0.weight/k3,2/(0,0)", "fwd/e1/k0/(0,0)/m3", "bwd/e1.b0.dX"] {
        assert_eq!(plan.text(&plan.parse(text).expect(text)), text);
    }
}

/// Each mistake in an address, and the line that it gets.
#[test]
fn mistakes_in_addresses_are_named() {
    let setup = Setup { images: 2, epochs: 2, ..Setup::default() };
    let plan = Plan::new(Arc::new(conv_then_dense(["conv1", "fc"])), setup);
    for (text, expected) in [
        ("fwd/conv2", "expected a stage of the pass, got \"conv2\"; there are conv1, fc"),
        ("forward/conv1", "got \"forward\"; there are fwd, loss, bwd, update, input, target, conv1.weight"),
        ("fwd/conv1/k3", "expected a channel of conv1 from k0 to k2, got \"k3\""),
        ("bwd/conv1.dW/k2", "expected a channel of conv1.dW from k0,0 to k2,1, got \"k2\""),
        ("fwd/conv1/k0/(5,0)", "expected a position of conv1 from (0,0) to (4,5), got \"(5,0)\""),
        ("fwd/conv1/k0/(0,0)/m9", "expected a term of this cell from m0 to m8, got \"m9\""),
        ("fwd/conv1/k0/(0,0)/m+1", "from m0 to m8, got \"m+1\""),
        ("fwd/conv1/k0/(0,0)/m1/x", "expected nothing after the term, got \"x\""),
        ("input/k0/(0,0)/m0", "input is given, not computed, so it has no terms"),
        ("e2/fwd", "expected an epoch of the run from e0 to e1, got e2"),
        ("e0.b1", "expected a batch of the epoch from b0 to b0, got b1"),
        ("e0.b0.i2/fwd", "expected an image of the batch from i0 to i1, got i2"),
        ("e0.b0.i*/fwd", "expected one image of the batch, got i*"),
        ("e0.x1/fwd", "expected epoch, batch and image as in e0.b0.i0, got \"e0.x1\""),
        ("e0.b0.i0.i0", "expected epoch, batch and image as in e0.b0.i0"),
        ("e99999999999999999999", "expected epoch, batch and image as in e0.b0.i0"),
        ("e0.b0.i1/update", "expected an update without an image"),
        ("fwd/conv1/k99999999999999999999999", "from k0 to k2"),
    ] {
        let error = plan.parse(text).expect_err(text).0;
        assert!(error.contains(expected), "{error}\nshould contain\n{expected}");
    }
    let relu = Network::build([1, 2, 2], vec![LayerSpec::new("relu", Kind::RELU)], Loss::Mse).expect("fits");
    let error = Plan::new(Arc::new(relu), Setup::default()).parse("update").expect_err("nothing to update").0;
    assert!(error.contains("expected a pass of this network, got \"update\""), "{error}");
}

/// A pool's padding does not tie with an input of minus infinity.
#[test]
fn padding_does_not_tie() {
    let spec = MaxPoolSpec {
        kernel: Pair::square(2),
        stride: None,
        padding: Pair::square(1),
        ..MaxPoolSpec::new(1)
    };
    let network =
        Network::build([1, 2, 2], vec![LayerSpec::new("p", Kind::MaxPool2d(spec))], Loss::Mse).expect("fits");
    let network = Arc::new(network);
    let plan = Arc::new(Plan::new(Arc::clone(&network), Setup::default()));
    let x = convstep::tensor::Tensor::from_elem([1, 1, 2, 2], f32::NEG_INFINITY);
    let (params, moments) = (Arc::new(network.init(Default::default(), 0)), Arc::new(Moments::default()));
    let trace = Trace::new(plan, 0, params, moments, &x, x.mapv(|_| 0.0));
    assert_eq!(breakpoint::find(&trace, &[Break::PoolTies], 0, false, Execution::SERIAL), None);
}

/// A size that no machine holds is refused, not counted wrong.
#[test]
fn plans_that_cannot_be_counted_are_refused() {
    let network = Arc::new(conv_then_dense(["conv1", "fc"]));
    let most = |images, epochs| Setup { images, epochs, batches: epochs, ..Setup::default() };
    for setup in [most(1, u32::MAX), most(u32::MAX, u32::MAX)] {
        let error = Plan::try_new(Arc::clone(&network), setup).expect_err("too many").0;
        assert!(error.contains("expected") && error.contains("got"), "{error}");
    }
    let spec = LayerSpec::new("bn", Kind::BatchNorm2d(Default::default()));
    let network = Arc::new(Network::build([2, 64, 64], vec![spec], Loss::Mse).expect("fits"));
    let setup = Setup { mode: Mode::Train, ..most(1 << 20, 1) };
    let error = Plan::try_new(network, setup).expect_err("too many").0;
    assert!(error.starts_with("bn.mean: expected at most 4294967295 cells"), "{error}");
}
