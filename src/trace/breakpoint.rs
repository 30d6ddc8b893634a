//! Breakpoints: conditions on cells at which a run forward or back stops.
//!
//! A condition is looked for tensor by tensor, then refined to the cell.

use super::address::{Address, Grain, Pass, Place};
use super::plan::{Plan, TensorId};
use super::values::Trace;
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
    /// Whether it holds for the finished cell at an address.
    fn holds(self, trace: &Trace, address: &Address, value: f32) -> bool {
        let plan = trace.plan();
        let Some(stage) = plan.stage_at(address) else { return false };
        let op = match stage.tensor.owner {
            super::Owner::Layer(l) => Some(plan.layer(l as usize).op),
            super::Owner::Input | super::Owner::Loss => None,
        };
        let forward = stage.pass == Pass::Fwd && stage.tensor.part == Part::Out;
        match self {
            Self::Above(limit) => value.abs() > limit,
            Self::NotFinite => !value.is_finite(),
            Self::ReluKills => forward && op == Some(Op::Relu) && value == 0.0,
            Self::PoolTies => {
                let is_pool = matches!(op, Some(Op::MaxPool2d(_)));
                forward
                    && is_pool
                    && trace.cell(address).steps.iter().filter(|step| step.values[0] == value).count() > 1
            }
        }
    }
}

/// The first cell after step `from` of the trace's training step at which a condition holds;
/// looking back, the last one before it. `only` restricts the search to one tensor.
pub fn find(trace: &Trace, breaks: &[Break], only: Option<TensorId>, from: u64, back: bool) -> Option<Stop> {
    let plan = trace.plan();
    let mut goes: Vec<(usize, u32)> = (0..plan.repeats())
        .flat_map(|image| (0..plan.pass_stages(Pass::Update).start).map(move |s| (s, image)))
        .chain(plan.pass_stages(Pass::Update).map(|s| (s, 0)))
        .collect();
    if back {
        goes.reverse();
    }
    goes.into_iter().find_map(|(stage, image)| {
        let spec = &plan.stages()[stage];
        if only.is_some_and(|tensor| tensor != spec.tensor) {
            return None;
        }
        find_in_stage(plan, trace, breaks, stage, image, from, back)
    })
}

fn find_in_stage(
    plan: &Plan,
    trace: &Trace,
    breaks: &[Break],
    stage: usize,
    image: u32,
    from: u64,
    back: bool,
) -> Option<Stop> {
    let cells = plan.stages()[stage].cells() as u32;
    let check = |cell: u32| {
        let place = Place::Stage(stage as u32);
        let address = Address { time: trace.time(), image, place, cell, term: 0, grain: Grain::Cell };
        let end = plan.steps(&address)?.end;
        if (back && end >= from) || (!back && end <= from) {
            return None;
        }
        let value = trace.finished(&address);
        let reason = breaks.iter().copied().find(|b| b.holds(trace, &address, value))?;
        Some(Stop { address, value, reason })
    };
    if back { (0..cells).rev().find_map(check) } else { (0..cells).find_map(check) }
}
