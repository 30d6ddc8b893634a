//! Breakpoints and bookmarks.

use crate::trace::{AddressText, Break, Plan};
use serde::{Deserialize, Serialize};

/// A breakpoint.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Breakpoint {
    /// What it stops at.
    pub kind: Break,
    /// Whether it does.
    pub enabled: bool,
    /// It goes off once, and then waits to be set again.
    pub once: bool,
    /// How often a run has stopped at it.
    pub hits: u32,
}

impl Breakpoint {
    /// One that stops every time.
    pub const fn new(kind: Break) -> Self {
        Self { kind, enabled: true, once: false, hits: 0 }
    }
}

/// A marked place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bookmark {
    /// Where, by its names: the current plan need not have it.
    pub place: AddressText,
    /// What the user calls it; empty where it goes by its address.
    pub name: String,
}

/// All that is marked in a run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Marks {
    /// What a run forward or back stops at.
    pub breaks: Vec<Breakpoint>,
    /// Places to come back to.
    pub bookmarks: Vec<Bookmark>,
}

impl Marks {
    /// The conditions that stop a run.
    pub fn enabled(&self) -> impl Iterator<Item = Break> + '_ {
        self.breaks.iter().filter(|breakpoint| breakpoint.enabled).map(|breakpoint| breakpoint.kind)
    }

    /// A run has stopped for this reason.
    pub(in crate::app) fn hit(&mut self, reason: &Break) {
        for breakpoint in self.breaks.iter_mut().filter(|b| b.enabled && b.kind == *reason) {
            breakpoint.hits = breakpoint.hits.saturating_add(1);
            breakpoint.enabled = !breakpoint.once;
        }
    }

    /// Forgets the breakpoints that are about what a plan does not have.
    pub(in crate::app) fn keep_fitting(&mut self, plan: &Plan) {
        self.breaks.retain(|breakpoint| breakpoint.kind.fits(plan));
    }
}
