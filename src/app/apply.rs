//! The only way to change the state.

use super::{
    action::Action,
    effect::Effect,
    state::{AppState, JobKind, Strongest},
    task::Task,
    update::{
        breakpoint_search, follow_up, jobs,
        navigation::steps_at_once,
        notice::{fail, forget_errors},
        question, update,
    },
};
use crate::data::DataFiles;
use crate::nn::Execution;

/// The only place that changes the state. An action that cannot be done leaves a notice and the
/// rest as it was.
pub fn apply(state: &mut AppState, action: Action) -> Vec<Effect> {
    let time_for_more = matches!(action, Action::Advance);
    let before = state.notices.len();
    let ends_errors = action.ends_errors();
    let mut effects = apply_alone(state, action);
    if ends_errors && state.notices.len() == before {
        forget_errors(state);
    }
    state.strongest = Strongest::find(state);
    effects.extend(follow_up(state, time_for_more));
    effects
}

fn apply_alone(state: &mut AppState, action: Action) -> Vec<Effect> {
    let shown = state.position.located();
    let mut effects = update(state, action);
    if state.position.has_moved_from(&shown) {
        state.position.stop_waiting();
    }
    let target = state.position.target();
    let need = target.need(state.run());
    let (at_once, is_large) = (steps_at_once(state.plan()), state.run().is_large());
    let is_there = if is_large {
        Ok(state.run().has(need))
    } else {
        state.position.change_run(|run| run.approach(need, at_once, Execution::SERIAL))
    };
    match is_there {
        Ok(true) => {
            state.position.arrive_at(&target);
            effects.extend(breakpoint_search::advance(state));
            question::answer_if_quick(state);
            return effects;
        }
        Ok(false) => {}
        Err(error) => {
            state.position.return_to(&shown);
            fail(state, error);
            return effects;
        }
    }
    // The window stays where it was, with numbers that fit, until the values are there.
    state.position.wait_for(&target, &shown);
    if !is_large {
        effects.push(Effect::Advance);
    } else if state.jobs.foreground().is_none() {
        let (run, name) = (Box::new(state.position.run().clone()), state.model().name.clone());
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
