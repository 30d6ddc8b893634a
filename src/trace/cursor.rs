//! The cursor: a place between two terms, and the moves.
//!
//! All before it is done, nothing after it is. It shows the unit that was done last, at its
//! grain, and always stands at the end of one; so n moves forward and n moves back are the
//! identity at any grain.

use super::address::{Address, Grain, Place, text::AddressError};
use super::plan::Plan;

/// A place between two terms of the run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cursor {
    at: u64,
    grain: Grain,
}

/// A move of the cursor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Move {
    /// Do the next unit at the grain.
    Next,
    /// Undo the last unit at the grain.
    Previous,
    /// Look at the first part of the unit, at the next finer grain.
    Into,
    /// Look at the unit that this one is part of.
    Out,
    /// To the end of the unit that this one is part of, at the same grain.
    Over,
    /// To before the unit that this one is part of, at the same grain.
    BackOver,
    /// Before the first step of the run.
    Start,
    /// After the last step of the run.
    End,
    /// Change the grain.
    Grain(Grain),
}

impl Move {
    /// The moves that need no number, by their names on a command line.
    pub const NAMED: [(&'static str, Self); 8] = [
        ("next", Self::Next),
        ("previous", Self::Previous),
        ("into", Self::Into),
        ("out", Self::Out),
        ("over", Self::Over),
        ("back-over", Self::BackOver),
        ("start", Self::Start),
        ("end", Self::End),
    ];
}

impl Cursor {
    /// Before the first step.
    pub const fn new(grain: Grain) -> Self {
        Self { at: 0, grain }
    }

    /// Before a step of the run: so many are done.
    pub fn before_step(plan: &Plan, step: u64, grain: Grain) -> Self {
        Self { at: step.min(plan.run_len()), grain }
    }

    /// After the unit that an address names, at its grain. A given tensor is there before the first
    /// step.
    pub fn after(plan: &Plan, address: &Address) -> Self {
        match address.place() {
            Place::Stage(_) => {
                let at = plan.steps(address).map_or(0, |steps| steps.end);
                Self { at, grain: address.grain() }
            }
            Place::Given(_) => Self { at: u64::from(address.time()) * plan.len(), grain: Grain::Layer },
        }
    }

    /// Steps done.
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// The unit of stepping.
    pub const fn grain(&self) -> Grain {
        self.grain
    }

    /// The unit that was done last; `None` before the first step.
    pub fn address(&self, plan: &Plan) -> Option<Address> {
        (self.at > 0).then(|| plan.locate(self.at - 1, self.grain))
    }

    /// The training step that it is in.
    pub fn time(&self, plan: &Plan) -> u32 {
        (self.at.saturating_sub(1) / plan.len().max(1)) as u32
    }

    /// Its text: the address, or `start`.
    pub fn text(&self, plan: &Plan) -> String {
        self.address(plan).map_or_else(|| "start".into(), |address| plan.text(&address))
    }

    /// Reads what [`Cursor::text`] writes; `end` as well.
    ///
    /// # Errors
    /// As [`Plan::parse`].
    pub fn parse(plan: &Plan, text: &str) -> Result<Self, AddressError> {
        match text.trim() {
            "start" => Ok(Self::new(Grain::default())),
            "end" => Ok(Self { at: plan.run_len(), grain: Grain::default() }),
            text => Ok(Self::after(plan, &plan.parse(text)?)),
        }
    }

    /// Makes a move; at either end of the run it stays where it is.
    pub fn go(&mut self, plan: &Plan, go: Move) {
        match go {
            Move::Next => self.at = self.next_end(plan, self.grain),
            Move::Previous => self.at = self.last_start(plan, self.grain),
            Move::Into => {
                let finer = self.grain.finer();
                if finer != self.grain {
                    let start = self.last_start(plan, self.grain);
                    self.grain = finer;
                    self.at = plan.unit(start, finer).end;
                }
            }
            Move::Out => self.set_grain(plan, self.grain.coarser()),
            Move::Over => self.at = self.next_end(plan, self.grain.coarser()),
            Move::BackOver => self.at = self.last_start(plan, self.grain.coarser()),
            Move::Start => self.at = 0,
            Move::End => self.at = plan.run_len(),
            Move::Grain(grain) => self.set_grain(plan, grain),
        }
    }

    /// To the end of the unit at `grain` that the next step lies in, or back to the start of the one
    /// that the last step lies in; the cursor's own grain stays.
    pub fn to_edge(&mut self, plan: &Plan, grain: Grain, back: bool) {
        let grain = grain.min(self.grain);
        self.at = if back { self.last_start(plan, grain) } else { self.next_end(plan, grain) };
    }

    /// The end of the unit that the next step lies in.
    fn next_end(&self, plan: &Plan, grain: Grain) -> u64 {
        if self.at < plan.run_len() { plan.unit(self.at, grain).end } else { self.at }
    }

    /// The start of the unit that the last step lies in.
    fn last_start(&self, plan: &Plan, grain: Grain) -> u64 {
        if self.at > 0 { plan.unit(self.at - 1, grain).start } else { 0 }
    }

    fn set_grain(&mut self, plan: &Plan, grain: Grain) {
        // Ends of coarser units are ends of finer ones; the other way round the unit is finished.
        if grain < self.grain && self.at > 0 {
            self.at = plan.unit(self.at - 1, grain).end;
        }
        self.grain = grain;
    }
}
