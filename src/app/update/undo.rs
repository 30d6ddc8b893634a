//! Undoes and redoes edits.

use super::{inputs::set_inputs, marks, training};
use crate::app::{
    effect::Effect,
    state::{AppState, Change, Edited, Forked, Inputs, training_state},
};

/// Undoes the last edit, or redoes the one undone last; while a draft is open, its changes.
pub(in crate::app) fn undo(state: &mut AppState, redo: bool) -> Vec<Effect> {
    if let Some(draft) = &mut state.draft {
        if redo {
            draft.redo();
        } else {
            draft.undo();
        }
        return Vec::new();
    }
    let target = if redo { state.undo.after() } else { state.undo.before() };
    let Some(Edited { inputs, marks, labels, run }) = target.cloned() else { return Vec::new() };
    if let Some(place) = other_run(state, &inputs, run) {
        step(state, redo);
        (state.inputs, state.training.runs.labels) = (inputs, labels);
        marks::restore(state, marks);
        state.position.change_run(|run| run.switch(place));
        return Vec::new();
    }
    let change = if redo { Change::Redo } else { Change::Undo };
    let own = &state.inputs;
    let rest = Inputs { optimizer: own.optimizer, forked: own.forked.clone(), ..inputs.clone() };
    let is_other_optimizer = training_state::changes_optimizer(&state.inputs, &inputs);
    if is_other_optimizer || inputs == state.inputs {
        if is_other_optimizer && rest != state.inputs {
            // What else was changed goes back too; of the same training, at once.
            set_inputs(state, rest, change);
        } else {
            step(state, redo);
            state.training.runs.labels = labels;
            marks::restore(state, marks);
        }
        // What has been trained stays: the hyperparameters go back from here on.
        if !is_other_optimizer {
            return Vec::new();
        }
        let from = training::next_step(state);
        return training::set_optimizer(state, inputs.optimizer, from);
    }
    if training_state::changes_only_fork(&state.inputs, &inputs) {
        let left: Option<Forked> = state.inputs.forked.clone();
        step(state, redo);
        (state.inputs, state.training.runs.labels) = (inputs, labels);
        marks::restore(state, marks);
        training::switch_to_fork(state, left.as_ref());
        return Vec::new();
    }
    set_inputs(state, inputs, change)
}

/// The place of the run that was shown with other inputs, where they differ in nothing but that and its
/// hyperparameters; `None` where it is the selected one.
fn other_run(state: &AppState, inputs: &Inputs, number: u32) -> Option<usize> {
    let run = state.position.run();
    let place = run.place(number).filter(|place| *place != run.branch_index())?;
    let is_same = Inputs { optimizer: state.inputs.optimizer, ..inputs.clone() } == state.inputs;
    (is_same && inputs.training.is_some()).then_some(place)
}

/// Goes one step along the list of edits.
fn step(state: &mut AppState, redo: bool) {
    let now = Edited::from_state(state);
    if redo {
        state.undo.redo(now);
    } else {
        state.undo.undo(now);
    }
}
