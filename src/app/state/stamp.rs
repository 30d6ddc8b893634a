//! What there is to save, compared with what was saved.

use super::{
    AppState,
    inputs::Inputs,
    marks::Marks,
    position::PlaceText,
    session::Session,
    training_runs::RunLabels,
    view::{Page, ViewState},
};
use crate::train::{Fork, StopWhen};

/// What there is to save at some moment, to be held against another; all that is large is shared.
#[derive(Clone, Debug)]
pub struct Stamp {
    inputs: Inputs,
    branches: Vec<(u32, Option<Fork>, u32, usize)>,
    labels: RunLabels,
    stops: Vec<StopWhen>,
    marks: Marks,
    place: (PlaceText, usize),
    view: (ViewState, Page),
}

impl Stamp {
    /// The stamp of a state.
    pub fn from_state(state: &AppState) -> Self {
        let branches = state.position.run().branches().iter();
        let is_training = state.inputs.training.is_some();
        let mut branches: Vec<_> = branches
            .filter(|_| is_training)
            .chain(state.training.runs.aside.iter().flat_map(|aside| &aside.branches))
            .map(|branch| (branch.number(), branch.fork(), branch.done(), branch.optimizers().len()))
            .collect();
        // Which of them is selected is not work to be saved.
        branches.sort_by_key(|branch| branch.0);
        Self {
            inputs: state.inputs.clone(),
            branches,
            labels: state.training.runs.labels.clone(),
            stops: state.training.stops.clone(),
            marks: state.position.marks().clone(),
            place: (state.position.text(), state.position.run().branch_index()),
            view: (state.view, state.view.page),
        }
    }

    /// Whether nothing but the place shown has changed in between.
    pub fn is_same_work(&self, other: &Self) -> bool {
        // Large things are compared by identity, not number by number.
        self.inputs.is_identical(&other.inputs)
            && (&self.branches, &self.labels) == (&other.branches, &other.labels)
            && (&self.stops, &self.marks) == (&other.stops, &other.marks)
    }

    /// Whether nothing at all has changed in between.
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_same_work(other) && (&self.place, &self.view) == (&other.place, &other.view)
    }
}

impl AppState {
    /// Whether there is something that has not been saved.
    pub fn is_unsaved(&self) -> bool {
        self.files.saved.as_ref().is_none_or(|saved| !saved.is_same_work(&Stamp::from_state(self)))
    }

    /// Whether something that the user made, not only opened, has not been saved: what was trained, edited, drawn,
    /// bookmarked.
    pub fn has_unsaved_work(&self) -> bool {
        let trained = self.training_runs().iter().any(|run| run.branch.done() > 0);
        let edited = self.inputs.loaded.is_some() || self.inputs.painted.is_some();
        let unmarked = self.files.saved.as_ref().is_some_and(|saved| saved.marks == *self.position.marks());
        (trained || edited || !unmarked) && self.is_unsaved()
    }

    /// The session as autosave keeps it: it remembers its file.
    pub fn rescue(&self) -> Session {
        Session::from_state(self).at(self.files.location.clone())
    }
}

impl AppState {
    /// Treats the current state as saved.
    pub(in crate::app) fn mark_saved(&mut self) {
        self.files.saved = Some(Box::new(Stamp::from_state(self)));
    }
}
