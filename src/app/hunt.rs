//! Running on, or back, to the next breakpoint: training step by training step, in pieces beside the drawing; a large
//! network's by a worker.

use super::{
    action::{Effect, carry_over, fail, steps_at_once, travel},
    run::{Need, Run},
    state::{AppState, Doing},
    work::{self, Task},
};
use crate::nn::Execution;
use crate::trace::{Address, Break, Cursor, Grain, Move, Pass, Stop, breakpoint};

/// Why a run came to its end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Halt {
    /// A breakpoint.
    Hit(Stop),
    /// No breakpoint held as far as the last step of the run, or back to its first.
    End {
        /// Towards the start.
        back: bool,
    },
}

/// A search for the next breakpoint.
#[derive(Clone, Debug)]
pub struct Hunt {
    /// The run as far as it has been looked through; the one that is shown stays.
    run: Run,
    kinds: Vec<Break>,
    /// Towards the start.
    pub back: bool,
    /// The training step that is looked through.
    pub time: u32,
    /// The step behind which, or before which, to look.
    from: u64,
    /// What was shown when it began: where that is no longer so, nobody waits for it.
    began: Began,
}

type Began = (Cursor, Option<Address>, u64, usize);

fn shown(state: &AppState) -> Began {
    (state.cursor, state.selected, state.run.revision(), state.run.line_number())
}

impl Hunt {
    /// Looks on, through at most `most` training steps; `None` where it has not come to an end.
    ///
    /// # Errors
    /// Where an example cannot be read.
    pub(super) fn go_on(&mut self, most: u32, exec: Execution) -> Result<Option<Halt>, String> {
        for _ in 0..most {
            let need = Need { time: self.time, pass: Pass::Update };
            if !self.run.approach(need, most, exec)? {
                return Ok(None);
            }
            let found = breakpoint::find(self.run.trace(), &self.kinds, self.from, self.back, exec);
            if let Some(stop) = found {
                return Ok(Some(Halt::Hit(stop)));
            }
            if !(exec.on_progress)(0.0) {
                return Ok(None);
            }
            let end = Some(Halt::End { back: self.back });
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

/// Begins to look; without a breakpoint to look for, the cursor goes to the end of the pass.
pub(super) fn begin(state: &mut AppState, back: bool) {
    let kinds: Vec<Break> = state.marks.enabled().collect();
    if kinds.is_empty() {
        return travel(state, |cursor, plan| cursor.to_edge(plan, Grain::Pass, back));
    }
    state.playback.playing = false;
    let (time, from) = (state.trace().time(), state.cursor.at());
    state.hunt =
        Some(Box::new(Hunt { run: state.run.clone(), kinds, back, time, from, began: shown(state) }));
}

/// After every action: forgets a search that nobody waits for, and goes on with one that is not done.
pub(super) fn follow(state: &mut AppState) -> Vec<Effect> {
    let now = shown(state);
    let Some(hunt) = &mut state.hunt else { return Vec::new() };
    if hunt.began != now {
        state.hunt = None;
        return Vec::new();
    }
    if state.run.is_large() {
        if state.busy.is_some() {
            return Vec::new();
        }
        let (hunt, name) = (hunt.clone(), state.model().name.clone());
        return vec![work::start(state, Doing::Computing, name, Task::Hunt(hunt))];
    }
    match hunt.go_on(steps_at_once(state.run.plan()), Execution::SERIAL) {
        Ok(Some(halt)) => arrive(state, halt),
        Ok(None) => return vec![Effect::Advance],
        Err(error) => {
            state.hunt = None;
            fail(state, error);
        }
    }
    Vec::new()
}

/// A worker has come to the end of a search.
pub(super) fn take_over(state: &mut AppState, hunt: Box<Hunt>, halt: Halt) {
    if state.hunt.as_ref().is_some_and(|waiting| waiting.began == hunt.began) {
        state.hunt = Some(hunt);
        arrive(state, halt);
    }
}

fn arrive(state: &mut AppState, halt: Halt) {
    let Some(hunt) = state.hunt.take() else { return };
    let plan = state.plan().clone();
    // What has been trained meanwhile stays.
    let is_training = state.training.running.is_some();
    state.run = if is_training { hunt.run.with_lines_of(&state.run) } else { hunt.run };
    carry_over(state, &plan);
    match halt {
        Halt::Hit(stop) => {
            travel(state, |cursor, plan| cursor.go(plan, Move::Seek(stop.address)));
            state.marks.hit(&stop.reason);
        }
        Halt::End { back } => {
            let end = if back { Move::Start } else { Move::End };
            travel(state, |cursor, plan| cursor.go(plan, end));
        }
    }
    state.stopped = Some(halt);
}
