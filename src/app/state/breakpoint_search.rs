//! The search for the next breakpoint, one training step after another.

use super::{
    AppState,
    run::{Need, Run},
};
use crate::nn::Execution;
use crate::trace::{Address, Break, Cursor, Pass, Stop, breakpoint};

/// Why a run ended.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum StopReason {
    /// A breakpoint.
    Hit(Stop),
    /// No breakpoint held as far as the last step of the run, or back to its first.
    End {
        /// Towards the start.
        back: bool,
    },
    /// Nothing is left of the training step that the cursor was to go to the end of.
    StepDone {
        /// Nor of the run.
        last: bool,
    },
}

/// A search for the next breakpoint.
#[derive(Clone, Debug)]
pub struct BreakpointSearch {
    /// The run as far as it has been searched; the one that is shown stays.
    pub(in crate::app) run: Run,
    pub(in crate::app) kinds: Vec<Break>,
    /// Towards the start.
    pub back: bool,
    /// The training step that is looked through.
    pub time: u32,
    /// The step behind which, or before which, to look.
    pub(in crate::app) from: u64,
    /// What was shown when it began; when that changes, the search is obsolete.
    pub(in crate::app) began: Began,
}

type Began = (Cursor, Option<Address>, u64, u64);

pub(in crate::app) fn shown(state: &AppState) -> Began {
    (
        state.position.cursor(),
        state.position.selected(),
        state.position.run().revision(),
        state.position.run().basis(),
    )
}

impl BreakpointSearch {
    /// Searches on, through at most `most` training steps; `None` where it has not come to an end.
    ///
    /// # Errors
    /// Where an example cannot be read.
    pub(in crate::app) fn advance(
        &mut self,
        most: u32,
        exec: Execution,
    ) -> Result<Option<StopReason>, String> {
        for _ in 0..most {
            let need = Need { time: self.time, pass: Pass::Update };
            if !self.run.approach(need, most, exec)? {
                return Ok(None);
            }
            let found = breakpoint::find(self.run.trace(), &self.kinds, self.from, self.back, exec);
            if let Some(stop) = found {
                return Ok(Some(StopReason::Hit(stop)));
            }
            if !(exec.on_progress)(0.0) {
                return Ok(None);
            }
            let end = Some(StopReason::End { back: self.back });
            if self.back {
                let Some(before) = self.time.checked_sub(1) else { return Ok(end) };
                (self.time, self.from) = (before, u64::MAX);
            } else {
                if self.time + 1 >= self.run.plan().times() {
                    return Ok(end);
                }
                (self.time, self.from) = (self.time + 1, 0);
            }
        }
        Ok(None)
    }
}
