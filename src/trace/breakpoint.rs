//! Breakpoints: conditions on cells at which a run forward or back stops.
//!
//! A condition is looked for tensor by tensor, then refined to the cell.

use super::address::{Address, Grain, Place};
use super::plan::{Owner, Plan, Stage, TensorId};
use super::term::Operand;
use super::values::{Step, Trace};
use crate::nn::{Op, Part};

/// What to stop at.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Break {
    /// A cell whose magnitude is above a number.
    Above(f32),
    /// A cell that is NaN or infinite.
    NotFinite,
    /// A ReLU that blocks: its input is not positive.
    ReluKills,
    /// A pooling window whose maximum stands twice in it.
    PoolTies,
}

/// Where and why a run stopped.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stop {
    /// The cell.
    pub address: Address,
    /// Its value.
    pub value: f32,
    /// The condition that held.
    pub reason: Break,
}

impl Break {
    /// Whether it can hold in a stage at all.
    fn concerns(self, plan: &Plan, stage: &Stage) -> bool {
        let op = match stage.tensor.owner {
            Owner::Layer(l) if stage.tensor.part == Part::Out => Some(&plan.layer(l as usize).op),
            Owner::Layer(_) | Owner::Input | Owner::Loss => None,
        };
        match self {
            Self::Above(_) | Self::NotFinite => true,
            Self::ReluKills => matches!(op, Some(Op::Relu)),
            Self::PoolTies => matches!(op, Some(Op::MaxPool2d(_))),
        }
    }

    /// Whether it holds for the finished cell at an address, in a stage that it concerns.
    fn holds(self, trace: &Trace, address: &Address, value: f32) -> bool {
        match self {
            Self::Above(limit) => value.abs() > limit,
            Self::NotFinite => !value.is_finite(),
            Self::ReluKills => value == 0.0,
            Self::PoolTies => {
                let is_maximum = |step: &Step| {
                    matches!(step.term.operands[0], Some(Operand::Cell { .. })) && step.values[0] == value
                };
                trace.cell(address).steps.into_iter().filter(is_maximum).count() > 1
            }
        }
    }
}

/// The first cell of the trace's training step that is finished after step `from` of the run and at
/// which a condition holds; looking back, the last one that was finished before it. `only` restricts
/// the search to one tensor.
pub fn find(trace: &Trace, breaks: &[Break], only: Option<TensorId>, from: u64, back: bool) -> Option<Stop> {
    let look = |(stage, image)| find_in_stage(trace, breaks, only, (stage, image), from, back);
    let mut stages = trace.stages_in_order();
    if back { stages.rev().find_map(look) } else { stages.find_map(look) }
}

fn find_in_stage(
    trace: &Trace,
    breaks: &[Break],
    only: Option<TensorId>,
    (s, image): (usize, u32),
    from: u64,
    back: bool,
) -> Option<Stop> {
    let stage = &trace.plan().stages()[s];
    if only.is_some_and(|tensor| tensor != stage.tensor) {
        return None;
    }
    let breaks: Vec<Break> = breaks.iter().copied().filter(|b| b.concerns(trace.plan(), stage)).collect();
    if breaks.is_empty() {
        return None;
    }
    let done = from.saturating_sub(trace.stage_steps(s, image).start);
    let (cells, terms) = (stage.cells(), u64::from(stage.terms));
    let check = |cell: u64| {
        let (place, cell) = (Place::Stage(s as u32), cell as u32);
        let address = Address { time: trace.time(), image, place, cell, term: 0, grain: Grain::Cell };
        let value = trace.finished(&address);
        let reason = breaks.iter().copied().find(|b| b.holds(trace, &address, value))?;
        Some(Stop { address, value, reason })
    };
    if back {
        (0..(done.saturating_sub(1) / terms).min(cells)).rev().find_map(check)
    } else {
        ((done / terms).min(cells)..cells).find_map(check)
    }
}
