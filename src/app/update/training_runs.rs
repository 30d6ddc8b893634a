//! Chooses, names and takes away runs of training.

use super::{inputs::set_inputs, navigation::travel, notice::fail};
use crate::app::{
    effect::Effect,
    state::{AppState, Change, Edited, Inputs, Message, RunsAside, Work, after_loss},
};
use crate::data::Dataset;
use crate::nn::Execution;

/// Selects the run with a number, at the shown training step, or at its last.
pub(in crate::app) fn choose(state: &mut AppState, number: u32) -> Vec<Effect> {
    if let Some(place) = state.position.run().place(number) {
        if state.inputs.training.is_some() && place != state.position.run().branch_index() {
            state.undo.record(Edited::from_state(state));
            state.position.change_run(|run| run.switch(place));
            let branch = state.position.run().branch();
            state.inputs.optimizer = branch.optimizer(branch.done());
            let time = state.trace().time().min(branch.done().max(1) - 1);
            travel(state, |cursor, plan| *cursor = after_loss(plan, time));
        }
        return Vec::new();
    }
    match inputs_of(state, number) {
        Some(Ok(inputs)) => set_inputs(state, inputs, Change::Choose { number }),
        Some(Err(error)) => {
            fail(state, Message::from(error).during(Work::Train));
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// The inputs that come back to a run aside: its own, with the picture that is there where that fits.
fn inputs_of(state: &mut AppState, number: u32) -> Option<Result<Inputs, String>> {
    let at = state.training.runs.aside.iter().position(|aside| aside.place(number).is_some())?;
    if let Err(error) = find_data(state, at) {
        return Some(Err(error));
    }
    let aside = &state.training.runs.aside[at];
    let branch = &aside.branches[aside.place(number)?];
    let (own, now) = (aside.inputs.clone(), state.inputs.clone());
    let mut inputs = Inputs { optimizer: branch.optimizer(branch.done()), ..own };
    if inputs.model.network.input == now.model.network.input {
        let Inputs { picture, painted, adjustment, ground, .. } = now;
        inputs = Inputs { picture, painted, adjustment, ground, target: None, ..inputs };
    }
    Some(Ok(inputs))
}

/// Makes the data set of runs that came back without it: a generated one, or the current one if it is the
/// same.
fn find_data(state: &mut AppState, at: usize) -> Result<(), String> {
    let RunsAside { inputs, planned: Some(planned), .. } = &state.training.runs.aside[at] else {
        return Ok(());
    };
    let recipe = &planned.data;
    let data = if recipe.is_opened() {
        let opened = state.data.opened.as_ref().map(|opened| &opened.dataset);
        let trained = state.inputs.training.as_ref().map(|training| &training.schedule.data);
        let found = opened.into_iter().chain(trained).find_map(|data: &Dataset| recipe.made_of(data));
        found.ok_or_else(|| {
            format!("{}: expected the data set of this run, got none at hand; open it first", recipe.name())
        })?
    } else {
        recipe.make(&(), Execution::SERIAL).map_err(|error| error.to_string())?
    };
    let inputs = Inputs { training: Some(planned.with(data)?), ..inputs.clone() };
    let aside = &mut state.training.runs.aside[at];
    (aside.inputs, aside.planned) = (inputs, None);
    Ok(())
}

/// Calls a run so; an empty name gives it back the one that its settings make.
pub(in crate::app) fn rename(state: &mut AppState, number: u32, name: String) {
    let name = name.trim().to_owned();
    let before = state.training.runs.labels.names.get(&number);
    if before.map_or("", String::as_str) == name || !is_there(state, number) {
        return;
    }
    state.undo.record(Edited::from_state(state));
    let names = &mut state.training.runs.labels.names;
    if name.is_empty() {
        names.remove(&number);
    } else {
        names.insert(number, name);
    }
}

/// Takes a run away; undo brings it back. The one that is shown stays.
pub(in crate::app) fn remove(state: &mut AppState, number: u32) {
    let trained = state.training.running.as_ref().map(|running| running.number);
    let is_chosen = state.inputs.training.is_some() && state.position.run().branch().number() == number;
    if is_chosen || trained == Some(number) || !is_there(state, number) {
        return;
    }
    state.undo.record(Edited::from_state(state));
    state.training.runs.labels.removed.insert(number);
}

fn is_there(state: &AppState, number: u32) -> bool {
    state.training_runs().iter().any(|run| run.branch.number() == number)
}
