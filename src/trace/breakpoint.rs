//! Breakpoints: conditions on cells at which a run forward or back stops.
//!
//! A condition is looked for tensor by tensor, then refined to the cell. A sum over the images of a batch is looked
//! at when it is complete; only what is not finite is found at the image that brought it. What changes "by an update"
//! is compared on the same images, before and after the update of the training step.

use super::address::{Address, Pass};
use super::plan::{Plan, Stage};
use super::rules;
use super::tensor_id::{Owner, TensorId};
use super::term::{Operand, Start};
use super::values::{Step, Trace};
use crate::nn::{Execution, Op, Part};
use crate::tensor::argmax;
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;

/// What to stop at.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub enum Break {
    /// A cell whose magnitude is above a number.
    Above {
        /// The tensor it is limited to.
        tensor: Option<TensorId>,
        /// The number.
        limit: f32,
    },
    /// A cell whose magnitude is below a number.
    Below {
        /// The tensor it is limited to.
        tensor: Option<TensorId>,
        /// The number.
        limit: f32,
    },
    /// A cell that is NaN or infinite.
    NotFinite,
    /// A ReLU that blocks: its input is not positive.
    ReluKills,
    /// A channel of a ReLU that is 0 everywhere, in every image of the batch.
    DeadUnit,
    /// A pooling window whose maximum stands twice in it.
    PoolTies,
    /// A pooling window whose winner is another one after the update.
    WinnerChanges,
    /// An image whose predicted class is not its target.
    Misclassified,
    /// An image whose predicted class is another one after the update.
    PredictionFlips,
    /// The loss of the batch is higher after the update.
    LossRises,
    /// This cell is another number after the update.
    CellChanges(Watched),
}

/// A cell that is watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Watched {
    /// Its tensor.
    pub tensor: TensorId,
    /// The image in the batch, 0 where the tensor is one for all.
    pub image: u32,
    /// Its number within the image's tensor, or the parameter.
    pub index: u32,
}

/// Where and why a run stopped.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stop {
    /// The cell after which it stopped.
    pub address: Address,
    /// The cell that it is about.
    pub cell: Address,
    /// The condition that held.
    pub reason: Break,
    /// What was found.
    pub found: Found,
}

/// What a stop is about.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Found {
    /// The cell's value.
    Value(f32),
    /// A number before and after the update.
    Change {
        /// Before.
        from: f32,
        /// After.
        to: f32,
    },
    /// The winner of a window before and after the update, as row * columns + column of the pool's input.
    Winner {
        /// Before.
        from: u32,
        /// After.
        to: u32,
        /// The width of the pool's input.
        columns: u32,
        /// Further windows whose winner changes.
        more: u32,
    },
    /// An image is taken for another class than its own.
    Wrong {
        /// What it is taken for.
        predicted: usize,
        /// What it is.
        target: usize,
    },
    /// The predicted class of an image before and after the update.
    Flip {
        /// Before.
        from: usize,
        /// After.
        to: usize,
    },
}

/// Where a condition holds in a training step.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hits {
    /// How often.
    pub count: u64,
    /// The steps of the run behind the first of those cells, in order.
    pub at: Vec<u64>,
}

impl Break {
    /// Whether it is about tensors and cells that a plan has.
    pub fn fits(&self, plan: &Plan) -> bool {
        match *self {
            Self::Above { tensor, .. } | Self::Below { tensor, .. } => {
                tensor.is_none_or(|tensor| plan.knows(tensor) && plan.stage_of(tensor).is_some())
            }
            Self::CellChanges(Watched { tensor, image, index }) => {
                plan.knows(tensor)
                    && (index as usize) < plan.shape_of(tensor).len()
                    && image < if tensor.is_per_image() { plan.setup().images } else { 1 }
            }
            Self::NotFinite
            | Self::ReluKills
            | Self::DeadUnit
            | Self::PoolTies
            | Self::WinnerChanges
            | Self::Misclassified
            | Self::PredictionFlips
            | Self::LossRises => true,
        }
    }

    /// The cells of a stage, made for an image, behind which it may hold: the first and the distance to the next.
    fn places(&self, plan: &Plan, s: usize, image: u32) -> Option<(usize, usize)> {
        let stage = &plan.stages()[s];
        let op = match stage.tensor.owner {
            Owner::Layer(l) if stage.tensor.part == Part::Out => Some(&plan.layer(l as usize).op),
            Owner::Layer(_) | Owner::Input | Owner::Loss => None,
        };
        let of_image = if stage.per_image && plan.is_layered() {
            stage.shape.len() / stage.shape.0[0]
        } else {
            stage.shape.len()
        };
        let is_last_image = image + 1 == plan.repeats();
        // A sum over the images continues.
        let is_partial = rules::start(plan, stage) == Start::ImageBefore && !is_last_image;
        let is_end = s + 1 == plan.stages().len() && stage.pass == Pass::Update;
        let at_end = || is_end.then(|| (stage.shape.len() - 1, 1));
        match *self {
            Self::Above { tensor, .. } | Self::Below { tensor, .. } => {
                let is_it = tensor.is_none_or(|tensor| tensor == stage.tensor);
                (is_it && !is_partial).then_some((0, 1))
            }
            Self::NotFinite => Some((0, 1)),
            Self::ReluKills => (op == Some(&Op::RELU)).then_some((0, 1)),
            Self::PoolTies => matches!(op, Some(Op::MaxPool2d(_))).then_some((0, 1)),
            Self::DeadUnit => {
                let plane = stage.shape.plane();
                (op == Some(&Op::RELU) && is_last_image)
                    .then(|| (stage.shape.len() - of_image + plane - 1, plane))
            }
            Self::Misclassified => (scores_stage(plan) == Some(s) && plan.network().classes() > 1)
                .then_some((of_image - 1, of_image)),
            Self::CellChanges(watched) if watched.is_updated(plan) => {
                // One cell: the next would lie behind the end.
                (stage.tensor == watched.tensor).then_some((watched.index as usize, stage.shape.len()))
            }
            Self::WinnerChanges | Self::PredictionFlips | Self::LossRises | Self::CellChanges(_) => at_end(),
        }
    }

    /// What it finds behind a finished cell, one of its [`Self::places`], and the cell that it is about.
    fn holds(&self, trace: &Trace, after: &After, address: &Address) -> Option<(Address, Found)> {
        let value = || trace.finished(address);
        let own = |holds: bool, value: f32| holds.then_some((*address, Found::Value(value)));
        match *self {
            Self::Above { limit, .. } => own(value().abs() > limit, value()),
            Self::Below { limit, .. } => own(value().abs() < limit, value()),
            Self::NotFinite => {
                // What a sum has once it keeps to its end: those that end finite need not be folded.
                let end = address.with_image(trace.plan().repeats() - 1);
                let may = !is_sum_over_images(trace.plan(), address) || !trace.finished(&end).is_finite();
                own(may && !value().is_finite(), value())
            }
            Self::ReluKills => own(value() == 0.0, value()),
            Self::PoolTies => {
                let value = value();
                let is_maximum = |step: &Step| {
                    matches!(step.term.operands[0], Some(Operand::Cell { .. })) && step.values[0] == value
                };
                own(trace.cell(address).steps.into_iter().filter(is_maximum).count() > 1, value)
            }
            Self::DeadUnit => {
                let plan = trace.plan();
                let stage = plan.stage_at(address)?;
                let cells = trace.tensor(stage.tensor)?;
                let channel = address.cell() as usize / stage.shape.plane() % stage.shape.0[1];
                let plane = cells.index_axis(ndarray::Axis(1), channel);
                own(plane.iter().all(|&y| y == 0.0), 0.0)
            }
            Self::Misclassified => {
                let (_, image, _) = trace.tensor_cell(address)?;
                let target = trace.target().outer_iter().nth(image as usize)?;
                let target = trace.plan().network().loss.truth(target.iter().copied());
                let predicted = *classes(trace).get(image as usize)?;
                let about = self::score(trace, image, predicted);
                (predicted != target).then_some((about, Found::Wrong { predicted, target }))
            }
            Self::LossRises => {
                let (from, to) = (trace.loss_before(), after.trace(Pass::Loss)?.loss_before());
                let rises = to > from || (to.is_nan() && !from.is_nan());
                let about = trace.plan().writer(TensorId::loss(Part::Out), trace.time(), 0, 0);
                rises.then_some((about, Found::Change { from, to }))
            }
            Self::PredictionFlips => {
                let before = classes(trace);
                let later = classes(after.trace(Pass::Loss)?);
                let pairs = before.into_iter().zip(later).enumerate();
                let (image, (from, to)) = pairs.into_iter().find(|(_, (from, to))| from != to)?;
                Some((self::score(trace, image as u32, from), Found::Flip { from, to }))
            }
            Self::WinnerChanges => winner_changes(trace, after.trace(Pass::Loss)?),
            Self::CellChanges(watched) => {
                let Watched { tensor, image, index } = watched;
                let from = trace.value(tensor, image, index);
                let to = if watched.is_updated(trace.plan()) {
                    trace.finished(address)
                } else {
                    let stage = trace.plan().stage_of(tensor)?;
                    after.trace(trace.plan().stages()[stage].pass)?.value(tensor, image, index)
                };
                let about = trace.plan().writer(tensor, trace.time(), image, index);
                let about = if watched.is_updated(trace.plan()) { *address } else { about };
                (from.to_bits() != to.to_bits()).then_some((about, Found::Change { from, to }))
            }
        }
    }
}

impl Watched {
    /// The cell at an address; `None` for an address of no plan.
    pub fn at(trace: &Trace, address: &Address) -> Option<Self> {
        let (tensor, image, index) = trace.tensor_cell(address)?;
        Some(Self { tensor, image, index })
    }

    /// Whether the update makes it anew: it is a parameter's.
    fn is_updated(&self, plan: &Plan) -> bool {
        self.tensor.is_parameter() && plan.stage_of(self.tensor).is_some()
    }
}

/// The first cell of the trace's training step that is finished after step `from` of the run and at which a
/// condition holds; looking back, the last one that was finished before it. `None` too if `exec` is
/// cancelled.
pub fn find(trace: &Trace, breaks: &[Break], from: u64, back: bool, exec: Execution) -> Option<Stop> {
    let breaks: Vec<Break> = breaks.iter().copied().filter(|b| b.fits(trace.plan())).collect();
    let after = After { before: trace, exec, made: Default::default() };
    let mut look = |(s, image)| find_in_stage(trace, &after, &breaks, (s, image), from, back);
    let mut stages = trace.stages_in_order();
    if back { stages.rev().find_map(look) } else { stages.find_map(&mut look) }
}

/// Where in the trace's training step a condition holds: all are counted, the first `most` are listed.
pub fn hits(trace: &Trace, kind: &Break, most: usize) -> Hits {
    let mut hits = Hits::default();
    if !kind.fits(trace.plan()) {
        return hits;
    }
    let after = After { before: trace, exec: Execution::SERIAL, made: Default::default() };
    for (s, image) in trace.stages_in_order() {
        let Some((first, by)) = kind.places(trace.plan(), s, image) else { continue };
        let stage = &trace.plan().stages()[s];
        let start = trace.stage_steps(s, image).start;
        for cell in (first..stage.shape.len()).step_by(by) {
            if kind.holds(trace, &after, &Address::stage_cell(trace.time(), image, s, cell as u32)).is_some()
            {
                hits.count += 1;
                if hits.at.len() < most {
                    hits.at.push(start + (cell as u64 + 1) * u64::from(stage.terms));
                }
            }
        }
    }
    hits
}

fn find_in_stage(
    trace: &Trace,
    after: &After,
    breaks: &[Break],
    (s, image): (usize, u32),
    from: u64,
    back: bool,
) -> Option<Stop> {
    let stage = &trace.plan().stages()[s];
    let done = from.saturating_sub(trace.stage_steps(s, image).start);
    let (cells, terms) = (stage.cells(), u64::from(stage.terms));
    let mut window = if back {
        0..(done.saturating_sub(1) / terms).min(cells) as usize
    } else {
        (done / terms).min(cells) as usize..cells as usize
    };
    let mut found = None;
    for kind in breaks {
        let Some((first, by)) = kind.places(trace.plan(), s, image) else { continue };
        let start = first + window.start.saturating_sub(first).div_ceil(by) * by;
        let mut places = (start..window.end).step_by(by);
        let check = |cell: usize| {
            let address = Address::stage_cell(trace.time(), image, s, cell as u32);
            let (about, found) = kind.holds(trace, after, &address)?;
            Some((cell, Stop { address, cell: about, reason: *kind, found }))
        };
        let hit = if back { places.rev().find_map(check) } else { places.find_map(check) };
        if let Some((cell, stop)) = hit {
            // The others must come before it.
            window = if back { cell + 1..window.end } else { window.start..cell };
            found = Some(stop);
        }
    }
    found
}

/// The same images after the update, computed on demand.
struct After<'a> {
    before: &'a Trace,
    exec: Execution<'a>,
    made: [OnceCell<Option<Box<Trace>>>; 3],
}

impl After<'_> {
    /// Computed to the loss, backward or the update; `None` if `exec` is cancelled.
    fn trace(&self, to: Pass) -> Option<&Trace> {
        let number = (to as usize).saturating_sub(Pass::Loss as usize);
        self.made[number].get_or_init(|| self.make(to).map(Box::new)).as_deref()
    }

    fn make(&self, to: Pass) -> Option<Trace> {
        let before = self.before;
        let (plan, time) = (before.plan(), before.time());
        let (params, moments) = (before.params_after(), before.moments_after());
        let (network, mode) = (plan.network(), plan.setup().mode);
        // The masks of the step stay, so that nothing but the update makes a difference.
        let input = &before.values().input;
        let values = network.forward_with(&params, input, mode, plan.stream(time), self.exec)?;
        let (params, moments, target) = (params.into(), moments.into(), before.target().clone());
        let mut after = Trace::from_forward(plan.clone(), time + 1, params, moments, values, target);
        after.compute_to(to, self.exec).then_some(after)
    }
}

fn is_sum_over_images(plan: &Plan, address: &Address) -> bool {
    let is_sum = |stage: &Stage| rules::start(plan, stage) == Start::ImageBefore;
    plan.stage_at(address).is_some_and(is_sum)
}

/// The tensor of the classes' scores: the probabilities with a cross-entropy, else the output.
fn scores_id(plan: &Plan) -> TensorId {
    match plan.stage_of(TensorId::loss(Part::Prob)) {
        Some(_) => TensorId::loss(Part::Prob),
        None => plan.input_of(plan.network().layers.len()),
    }
}

fn scores_stage(plan: &Plan) -> Option<usize> {
    plan.stage_of(scores_id(plan))
}

/// The cell of an image's score for a class.
fn score(trace: &Trace, image: u32, class: usize) -> Address {
    let plan = trace.plan();
    plan.writer(scores_id(plan), trace.time(), image, plan.network().loss.output_of(class) as u32)
}

/// The class that the network answers for each image: that of the first largest score.
fn classes(trace: &Trace) -> Vec<usize> {
    let (network, values) = (trace.plan().network(), trace.values());
    (0..values.input.dim().0).map(|image| argmax(values.scores(network, image)).0).collect()
}

/// The first pooling window whose winner changes.
fn winner_changes(trace: &Trace, after: &Trace) -> Option<(Address, Found)> {
    let plan = trace.plan();
    let mut first = None;
    let mut more = 0;
    for l in 0..plan.network().layers.len() {
        let id = TensorId::layer(l, Part::Winner);
        let Some((before, later)) = trace.tensor(id).zip(after.tensor(id)) else { continue };
        let columns = plan.shape_of(plan.input_of(l)).0[3] as u32;
        let each = (before.len() / before.dim().0.max(1)).max(1);
        for (n, (&from, &to)) in before.iter().zip(later).enumerate() {
            if from.to_bits() == to.to_bits() {
                continue;
            }
            if first.is_some() {
                more += 1;
                continue;
            }
            let out = TensorId::layer(l, Part::Out);
            let about = plan.writer(out, trace.time(), (n / each) as u32, (n % each) as u32);
            first = Some((about, from as u32, to as u32, columns));
        }
    }
    first.map(|(about, from, to, columns)| (about, Found::Winner { from, to, columns, more }))
}
