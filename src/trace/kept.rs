//! What the forward pass leaves for the backward pass: the tensors that it reads, and which of its stages read them.

use super::address::Pass;
use super::plan::{Plan, Stage};
use super::rules;
use super::tensor_id::{Owner, TensorId};
use super::term::Operand;
use crate::nn::Part;

/// A tensor of the forward pass or of the loss that is kept until the backward pass has read it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// The tensor.
    pub tensor: TensorId,
    /// How many numbers it has, of one picture.
    pub numbers: usize,
    /// The stages of the backward pass that read it, in order.
    pub readers: Vec<usize>,
    /// How many terms compute it once more, where it was thrown away; 0 of what is given.
    pub terms: u64,
}

impl Kept {
    /// Its size in memory: four bytes a number.
    pub const fn bytes(&self) -> usize {
        4 * self.numbers
    }
}

/// Terms of a cell that are looked at for what they read: more read nothing else.
const TERMS: u32 = 64;

/// All that the backward pass of one picture reads of what was there before it, parameters left out: they are kept
/// anyway. In the order in which it comes about.
pub fn kept(plan: &Plan) -> Vec<Kept> {
    let mut all: Vec<Kept> = Vec::new();
    for s in plan.pass_stages(Pass::Bwd) {
        for tensor in reads(plan, &plan.stages()[s]) {
            match all.iter_mut().find(|one| one.tensor == tensor) {
                Some(one) => one.readers.push(s),
                None => all.push(Kept {
                    tensor,
                    numbers: plan.shape_of(tensor).len(),
                    readers: vec![s],
                    terms: made_in(plan, tensor).map_or(0, |stage| stage.steps()),
                }),
            }
        }
    }
    all.sort_by_key(|one| made_in(plan, one.tensor).map_or(0, |stage| stage.start + 1));
    all
}

/// The stage in which a tensor comes about: of the winners of a pool, that of its output.
fn made_in(plan: &Plan, tensor: TensorId) -> Option<&Stage> {
    let made = if tensor.part == Part::Winner { TensorId { part: Part::Out, ..tensor } } else { tensor };
    plan.stage_of(made).map(|stage| &plan.stages()[stage])
}

/// The tensors that a stage of the backward pass reads and that were made before it: of the first, the middle and the
/// last cell.
fn reads(plan: &Plan, stage: &Stage) -> Vec<TensorId> {
    let cells = stage.cells() as u32;
    let mut found = Vec::new();
    for cell in [0, cells / 2, cells.saturating_sub(1)] {
        let step = (stage.terms / TERMS).max(1) as usize;
        for m in (0..stage.terms).step_by(step) {
            let term = rules::term(plan, 0, stage, 0, cell, m);
            for operand in term.operands() {
                let Operand::Cell { tensor, .. } = *operand else { continue };
                let pass = plan.stage_of(tensor).map(|made| plan.stages()[made].pass);
                let is_before = pass.is_none_or(|pass| pass < Pass::Bwd);
                if is_before && !tensor.is_parameter() && !found.contains(&tensor) {
                    found.push(tensor);
                }
            }
        }
    }
    found
}

/// How many of the numbers that are kept the backward pass of one layer reads.
pub fn kept_by(plan: &Plan, layer: usize) -> usize {
    let is_of = |s: &usize| plan.stages()[*s].tensor.owner == Owner::Layer(layer as u16);
    kept(plan).iter().filter(|one| one.readers.iter().any(is_of)).map(|one| one.numbers).sum()
}
