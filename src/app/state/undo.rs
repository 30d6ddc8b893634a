//! Earlier and undone inputs.

use super::{AppState, inputs::Inputs, marks::Marks, training_runs::RunLabels};
use std::sync::Arc;

/// The part of the program's state that edits change.
#[derive(Clone, PartialEq, Debug)]
pub struct Edited {
    /// What the numbers follow from.
    pub inputs: Inputs,
    /// What is marked in them.
    pub marks: Marks,
    /// The user's labels of training runs.
    pub labels: RunLabels,
    /// The number of the run that is shown.
    pub run: u32,
}

impl Edited {
    /// Copies that part of a state.
    pub(in crate::app) fn from_state(state: &AppState) -> Self {
        Self {
            inputs: state.inputs.clone(),
            marks: state.position.marks().clone(),
            labels: state.training.runs.labels.clone(),
            run: state.position.run().branch().number(),
        }
    }
}

/// What was there before each edit, and what was undone.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Undo {
    past: Vec<Edited>,
    future: Vec<Edited>,
}

/// How many edits can be undone.
const DEPTH: usize = 200;

/// The most bytes of weights that are kept for it; the last edit is always kept.
const BYTES: usize = 1 << 30;

impl Undo {
    /// How many edits can be undone.
    pub const fn edits(&self) -> usize {
        self.past.len()
    }

    /// Remembers what was there before an edit.
    pub fn record(&mut self, before: Edited) {
        self.future.clear();
        self.past.push(before);
        let (mut bytes, mut newer) = (0, None);
        let too_much = self.past.iter().rposition(|edited| {
            let params = &edited.inputs.model.params;
            if newer.replace(Arc::as_ptr(params)) != Some(Arc::as_ptr(params)) {
                bytes += params.bytes();
            }
            bytes > BYTES
        });
        let most = too_much.map_or(DEPTH, |at| self.past.len() - 1 - at).clamp(1, DEPTH);
        self.past.drain(..self.past.len().saturating_sub(most));
    }

    /// What was there before the last edit.
    pub fn before(&self) -> Option<&Edited> {
        self.past.last()
    }

    /// What was undone last.
    pub fn after(&self) -> Option<&Edited> {
        self.future.last()
    }

    /// Goes back to [`Self::before`]; `now` can be redone.
    pub fn undo(&mut self, now: Edited) {
        if self.past.pop().is_some() {
            self.future.push(now);
        }
    }

    /// Goes forward to [`Self::after`]; `now` can be undone again.
    pub fn redo(&mut self, now: Edited) {
        if self.future.pop().is_some() {
            self.past.push(now);
        }
    }

    /// Whether there is something to undo.
    pub const fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// Whether there is something to redo.
    pub const fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }
}
