//! States to start a test from, and what is done to them.
#![allow(dead_code, reason = "each test file uses its own part of this one")]

use convstep::{
    app::{Action, AppState, Effect, apply, run_tasks_here},
    data::samples,
    model_io::bundled,
    nn::Execution,
};

/// The network of eight shapes with its star.
pub fn shapes() -> AppState {
    let model = bundled::load("shapes").expect("bundled");
    AppState::open(model, samples::load("shape-star").expect("bundled")).expect("fits")
}

/// Applies actions; tasks are done at once, on the caller's thread. Returns the effects that are left.
pub fn run(state: &mut AppState, actions: impl IntoIterator<Item = Action>) -> Vec<Effect> {
    let mut left = Vec::new();
    for action in actions {
        let effects = apply(state, action);
        left.extend(run_tasks_here(state, effects, Execution::SERIAL, &()));
    }
    left
}

/// The same, of actions that leave no notice.
#[track_caller]
pub fn run_unnoticed(state: &mut AppState, actions: impl IntoIterator<Item = Action>) -> Vec<Effect> {
    let left = run(state, actions);
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    left
}

/// Goes to an address.
pub fn go(text: &str) -> Action {
    Action::GoTo(text.into())
}
