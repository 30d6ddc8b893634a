//! Changes the comparison.

use crate::app::{
    action::CompareAction,
    state::{AppState, Kept, Page},
};
use std::sync::Arc;

/// Applies a change.
pub(in crate::app) fn update(state: &mut AppState, action: CompareAction) {
    match action {
        CompareAction::Keep => {
            state.compare.kept = Some(Arc::new(Kept::from_state(state)));
            state.view.page = Page::Compare;
        }
        CompareAction::KeepRun(number) => {
            if let Some(kept) = Kept::of_run(state, number) {
                state.compare.kept = Some(Arc::new(kept));
                state.view.page = Page::Compare;
            }
        }
        CompareAction::Forget => state.compare.kept = None,
        CompareAction::Tensor(tensor) => (state.compare.tensor, state.compare.plane) = (Some(tensor), 0),
        CompareAction::Plane(plane) => state.compare.plane = plane,
    }
}
