//! The only way to change the state.

use super::{
    action::Action,
    effect::Effect,
    state::{AppState, JobKind},
    task::{DataFiles, Task},
    update::{
        breakpoint_search, follow_up, jobs,
        navigation::{rebase_position, steps_at_once},
        notice::fail,
        question, training, update,
    },
};
use crate::nn::Execution;
use std::sync::Arc;

/// The only place that changes the state. An action that cannot be done leaves a notice and the
/// rest as it was.
pub fn apply(state: &mut AppState, action: Action) -> Vec<Effect> {
    let time_for_more = matches!(action, Action::Advance);
    let mut effects = apply_alone(state, action);
    effects.extend(follow_up(state, time_for_more));
    effects
}

fn apply_alone(state: &mut AppState, action: Action) -> Vec<Effect> {
    let (before, inputs) = ((state.position.cursor, state.position.selected), state.inputs.clone());
    let mut effects = update(state, action);
    if !inputs.is_same_training(&state.inputs) {
        training::abandon_job(state);
    }
    if (state.position.cursor, state.position.selected) != before {
        state.position.pending = None;
    }
    let target = state.position.pending.unwrap_or((state.position.cursor, state.position.selected));
    let need = state.run.need(&target.0, target.1);
    let (plan, is_large) = (Arc::clone(state.plan()), state.run.is_large());
    let is_there = if is_large {
        Ok(state.run.has(need))
    } else {
        state.run.approach(need, steps_at_once(&plan), Execution::SERIAL)
    };
    match is_there {
        Ok(true) => {
            (state.position.cursor, state.position.selected) = target;
            state.position.pending = None;
            rebase_position(state, &plan);
            effects.extend(breakpoint_search::advance(state));
            question::answer_if_quick(state);
            return effects;
        }
        Ok(false) => {}
        Err(error) => {
            (state.position.cursor, state.position.selected) = before;
            state.position.pending = None;
            fail(state, error);
            return effects;
        }
    }
    // The window stays where it was, with numbers that fit, until the values are there.
    if state.position.pending.is_none() {
        (state.position.cursor, state.position.selected) = before;
        state.position.pending = Some(target);
    }
    if !is_large {
        effects.push(Effect::Advance);
    } else if state.jobs.foreground().is_none() {
        let (run, name) = (Box::new(state.run.clone()), state.model().name.clone());
        effects.push(jobs::start(state, JobKind::Computing, name, Task::Approach { run, need }));
    }
    effects
}

/// Runs the tasks of the effects on the caller's thread, and those that follow, until none is left: for a program without
/// a window. Returns the other effects.
pub fn run_tasks_here(
    state: &mut AppState,
    effects: Vec<Effect>,
    exec: Execution,
    files: &dyn DataFiles,
) -> Vec<Effect> {
    let (mut left, mut queue) = (Vec::new(), effects);
    while let Some(effect) = queue.pop() {
        match effect {
            Effect::Work { job, task, .. } => {
                let kind = state.jobs.get(job).map(|job| job.kind);
                let action = match (task.run(exec, files), kind) {
                    (Some(done), _) => Action::Worked { job, done },
                    (None, Some(kind)) => Action::Cancel(kind),
                    (None, None) => continue,
                };
                queue.extend(apply(state, action));
            }
            Effect::Advance => queue.extend(apply(state, Action::Advance)),
            other => left.push(other),
        }
    }
    left
}
