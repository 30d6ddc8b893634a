//! Where the breakpoints hold in the current training step.

use super::{marks::Marks, run::Run};
use crate::trace::{Break, Hits, Pass, breakpoint};

/// Where breakpoints hold in a training step.
#[derive(Clone, Debug, Default)]
pub struct BreakpointHits {
    revision: u64,
    hits: Vec<(Break, Hits)>,
}

impl BreakpointHits {
    /// Those of a breakpoint; `None` while they are not counted: it is off, or the network is large.
    pub fn get(&self, kind: &Break) -> Option<&Hits> {
        self.hits.iter().find(|(counted, _)| counted == kind).map(|(_, hits)| hits)
    }

    /// Those of all breakpoints.
    pub fn all(&self) -> impl Iterator<Item = &(Break, Hits)> {
        self.hits.iter()
    }

    /// Counts anew what is out of date.
    pub(in crate::app) fn follow(&mut self, run: &Run, marks: &Marks) {
        /// Ticks that a line has room for.
        const TICKS: usize = 4096;
        /// Cells that are looked through in a frame's time.
        const CELLS: u64 = 1_000_000;
        let is_known = self.revision == run.revision();
        if is_known && self.hits.iter().map(|(kind, _)| *kind).eq(marks.enabled()) {
            return;
        }
        let plan = run.plan();
        let cells: u64 = plan.stages().iter().map(|stage| stage.cells()).sum();
        let is_too_much = run.is_large()
            || run.trace().reached() < Pass::Update
            || cells.saturating_mul(u64::from(plan.repeats())) > CELLS;
        let known = if is_known { std::mem::take(&mut self.hits) } else { Vec::new() };
        self.revision = run.revision();
        self.hits = Vec::new();
        for kind in marks.enabled().filter(|_| !is_too_much) {
            let hits = match known.iter().find(|(counted, _)| *counted == kind) {
                Some((_, hits)) => hits.clone(),
                None => breakpoint::hits(run.trace(), &kind, TICKS),
            };
            self.hits.push((kind, hits));
        }
    }
}
