//! Runs on, or back, to the next breakpoint. Small networks are searched between frames, large ones by a worker.

use super::{
    jobs,
    navigation::{go_to, steps_at_once, travel},
    notice::fail,
};
use crate::app::{
    effect::Effect,
    state::{AppState, BreakpointSearch, JobKind, StopReason, breakpoint_search::shown},
    task::Task,
};
use crate::nn::Execution;
use crate::trace::{Break, Grain, Move};

/// Begins to look; without a breakpoint to look for, the cursor goes to the end of the pass.
pub(in crate::app) fn start(state: &mut AppState, back: bool) {
    let kinds: Vec<Break> = state.position.marks().enabled().collect();
    if kinds.is_empty() {
        return travel(state, |cursor, plan| cursor.to_edge(plan, Grain::Pass, back));
    }
    state.playback.playing = false;
    let (time, from) = (state.trace().time(), state.position.cursor().at());
    state.breakpoint_search = Some(Box::new(BreakpointSearch {
        run: state.position.run().clone(),
        kinds,
        back,
        time,
        from,
        began: shown(state),
    }));
}

/// Runs after every action: drops a search that is no longer wanted, and continues one that is not done.
pub(in crate::app) fn advance(state: &mut AppState) -> Vec<Effect> {
    let now = shown(state);
    let Some(search) = &mut state.breakpoint_search else { return Vec::new() };
    if search.began != now {
        state.breakpoint_search = None;
        return Vec::new();
    }
    if state.position.run().is_large() {
        if state.jobs.foreground().is_some() {
            return Vec::new();
        }
        let (search, name) = (search.clone(), state.model().name.clone());
        return vec![jobs::start(state, JobKind::Computing, name, Task::BreakpointSearch(search))];
    }
    match search.advance(steps_at_once(state.position.run().plan()), Execution::SERIAL) {
        Ok(Some(reason)) => stop_search(state, reason),
        Ok(None) => return vec![Effect::Advance],
        Err(error) => {
            state.breakpoint_search = None;
            fail(state, error);
        }
    }
    Vec::new()
}

/// Takes the result of a worker's search.
pub(in crate::app) fn finish(state: &mut AppState, search: Box<BreakpointSearch>, reason: StopReason) {
    if state.breakpoint_search.as_ref().is_some_and(|waiting| waiting.began == search.began) {
        state.breakpoint_search = Some(search);
        stop_search(state, reason);
    }
}

fn stop_search(state: &mut AppState, reason: StopReason) {
    let Some(search) = state.breakpoint_search.take() else { return };
    // What has been trained meanwhile stays.
    let run = search.run.join(state.position.run());
    state.position.replace_run(run);
    match reason {
        StopReason::Hit(stop) => {
            // Its addresses are those of the run that was searched.
            go_to(state, stop.address);
            state.position.change_marks(|marks, _| marks.hit(&stop.reason));
        }
        // A search does not end so.
        StopReason::StepDone { .. } => {}
        StopReason::End { back } => {
            let end = if back { Move::Start } else { Move::End };
            travel(state, |cursor, plan| cursor.go(plan, end));
        }
    }
    state.position.set_stopped(Some(reason));
}
