//! Breakpoints and bookmarks: what a user marks in a run, and finds again.

use super::{history::Edited, state::AppState};
use crate::trace::{Address, Break, Place, Plan};
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
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bookmark {
    /// Where.
    pub address: Address,
    /// What the user calls it; empty where it goes by its address.
    pub name: String,
}

/// All that is marked in a run.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Marks {
    /// What a run forward or back stops at.
    pub breaks: Vec<Breakpoint>,
    /// Places to come back to.
    pub bookmarks: Vec<Bookmark>,
}

/// A change of what is marked.
#[derive(Clone, PartialEq, Debug)]
pub enum MarkAction {
    /// Set a breakpoint, or remove it.
    ToggleBreak(Break),
    /// Another condition for the breakpoint of this number.
    ChangeBreak {
        /// Its number.
        number: usize,
        /// The condition.
        kind: Break,
        /// It goes on with the change before: undone as one.
        more: bool,
    },
    /// Whether the breakpoint of this number stops a run.
    Enable(usize, bool),
    /// Whether it goes off once only.
    Once(usize, bool),
    /// Remove the breakpoint of this number.
    RemoveBreak(usize),
    /// Mark the place that is looked at, or unmark it.
    ToggleBookmark,
    /// Call the bookmark of this number so.
    Rename(usize, String),
    /// Remove the bookmark of this number.
    RemoveBookmark(usize),
}

impl Marks {
    /// The conditions that stop a run.
    pub fn enabled(&self) -> impl Iterator<Item = Break> + '_ {
        self.breaks.iter().filter(|breakpoint| breakpoint.enabled).map(|breakpoint| breakpoint.kind)
    }

    /// A run has stopped for this reason.
    pub(super) fn hit(&mut self, reason: &Break) {
        for breakpoint in self.breaks.iter_mut().filter(|b| b.enabled && b.kind == *reason) {
            breakpoint.hits = breakpoint.hits.saturating_add(1);
            breakpoint.enabled = !breakpoint.once;
        }
    }

    /// Forgets what a plan does not have.
    pub(super) fn keep_fitting(&mut self, plan: &Plan) {
        self.breaks.retain(|breakpoint| breakpoint.kind.fits(plan));
        self.bookmarks.retain(|bookmark| plan.has(&bookmark.address));
    }

    /// From one plan to another of the same network: bookmarks stay at the tensors where they are.
    pub(super) fn carry_over(&mut self, from: &Plan, to: &Plan) {
        for bookmark in &mut self.bookmarks {
            if let Place::Stage(stage) = bookmark.address.place {
                let tensor = from.stages().get(stage as usize).map(|stage| stage.tensor);
                let stage = tensor.and_then(|tensor| to.stage_of(tensor));
                bookmark.address.place = Place::Stage(stage.map_or(u32::MAX, |stage| stage as u32));
            }
        }
        self.keep_fitting(to);
    }
}

/// Applies a change; one that changes nothing is not undone.
pub(super) fn act(state: &mut AppState, action: MarkAction) {
    let before = Edited::of(state);
    let goes_on = matches!(action, MarkAction::ChangeBreak { more: true, .. });
    let here = state.selected.or_else(|| state.cursor.address(state.plan()));
    let Marks { breaks, bookmarks } = &mut state.marks;
    match action {
        MarkAction::ToggleBreak(kind) => match breaks.iter().position(|b| b.kind == kind) {
            Some(place) => drop(breaks.remove(place)),
            None if kind.fits(state.run.plan()) => breaks.push(Breakpoint::new(kind)),
            None => {}
        },
        MarkAction::ChangeBreak { number, kind, .. } => {
            if let Some(breakpoint) = breaks.get_mut(number).filter(|_| kind.fits(state.run.plan())) {
                breakpoint.hits = if kind == breakpoint.kind { breakpoint.hits } else { 0 };
                breakpoint.kind = kind;
            }
        }
        MarkAction::Enable(number, enabled) => {
            if let Some(breakpoint) = breaks.get_mut(number) {
                breakpoint.enabled = enabled;
            }
        }
        MarkAction::Once(number, once) => {
            if let Some(breakpoint) = breaks.get_mut(number) {
                breakpoint.once = once;
            }
        }
        MarkAction::RemoveBreak(number) => {
            if number < breaks.len() {
                breaks.remove(number);
            }
        }
        MarkAction::ToggleBookmark => {
            if let Some(address) = here {
                match bookmarks.iter().position(|mark| mark.address == address) {
                    Some(place) => drop(bookmarks.remove(place)),
                    None => bookmarks.push(Bookmark { address, name: String::new() }),
                }
            }
        }
        MarkAction::Rename(number, name) => {
            /// Characters of a name; a panel has no room for more.
            const LONGEST: usize = 80;
            if let Some(bookmark) = bookmarks.get_mut(number) {
                bookmark.name = name.trim().chars().filter(|c| !c.is_control()).take(LONGEST).collect();
            }
        }
        MarkAction::RemoveBookmark(number) => {
            if number < bookmarks.len() {
                bookmarks.remove(number);
            }
        }
    }
    if state.marks != before.marks && !goes_on {
        state.undo.record(before);
        state.in_stroke = false;
    }
}

/// Brings back what was marked; breakpoints keep counting.
pub(super) fn restore(state: &mut AppState, mut marks: Marks) {
    for breakpoint in &mut marks.breaks {
        if let Some(now) = state.marks.breaks.iter().find(|now| now.kind == breakpoint.kind) {
            breakpoint.hits = now.hits;
        }
    }
    state.marks = marks;
    let plan = state.plan().clone();
    state.marks.keep_fitting(&plan);
}
