//! What the user edits, and the way back.

use crate::data::{Fit, Ground, Loaded};
use crate::model_io::Model;
use crate::nn::{Mode, optimizer::Optimizer};
use std::sync::Arc;

/// Everything that a user edits. Cheap to copy: what is large is shared.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The model with its weights before the first step.
    pub model: Arc<Model>,
    /// The picture as it was loaded.
    pub picture: Arc<Loaded>,
    /// How it is fitted to the network's input.
    pub fit: Fit,
    /// What lies under transparency and beside a padded picture.
    pub ground: Ground,
    /// The target class; `None` until it is chosen by default.
    pub label: Option<usize>,
    /// What makes the update.
    pub optimizer: Optimizer,
    /// Training steps of the run.
    pub epochs: u32,
    /// Whether batch statistics and dropout are in use.
    pub mode: Mode,
    /// The seed of the dropout masks.
    pub seed: u64,
}

impl PartialEq for Inputs {
    fn eq(&self, other: &Self) -> bool {
        let Self { model, picture, fit, ground, label, optimizer, epochs, mode, seed } = self;
        // A large model is not compared number by number with itself.
        fn same<T: PartialEq>(a: &Arc<T>, b: &Arc<T>) -> bool {
            Arc::ptr_eq(a, b) || a == b
        }
        same(model, &other.model)
            && same(picture, &other.picture)
            && (fit, ground, label) == (&other.fit, &other.ground, &other.label)
            && (optimizer, epochs, mode, seed) == (&other.optimizer, &other.epochs, &other.mode, &other.seed)
    }
}

impl Inputs {
    /// A model and a picture, all else by default.
    pub fn new(model: Arc<Model>, picture: Arc<Loaded>) -> Self {
        Self {
            model,
            picture,
            fit: Fit::default(),
            ground: Ground::default(),
            label: None,
            optimizer: Optimizer::default(),
            epochs: 100,
            mode: Mode::Eval,
            seed: 0,
        }
    }
}

/// Earlier inputs, and undone ones.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Undo {
    past: Vec<Inputs>,
    future: Vec<Inputs>,
}

/// How many edits can be undone.
const DEPTH: usize = 200;

impl Undo {
    /// Remembers the inputs before an edit.
    pub fn record(&mut self, before: Inputs) {
        self.future.clear();
        self.past.push(before);
        if self.past.len() > DEPTH {
            self.past.remove(0);
        }
    }

    /// The inputs before the last edit.
    pub fn before(&self) -> Option<&Inputs> {
        self.past.last()
    }

    /// The inputs that were undone last.
    pub fn after(&self) -> Option<&Inputs> {
        self.future.last()
    }

    /// Goes back to [`Self::before`]; `now` can be redone.
    pub fn undo(&mut self, now: Inputs) {
        if self.past.pop().is_some() {
            self.future.push(now);
        }
    }

    /// Goes forward to [`Self::after`]; `now` can be undone again.
    pub fn redo(&mut self, now: Inputs) {
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
