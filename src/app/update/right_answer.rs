//! Asks which answer is right.

use crate::app::state::{AppState, RightAnswer};

/// Asks once per picture, when the cursor reaches values that depend on the right answer.
pub(in crate::app) fn ask_when_needed(state: &mut AppState) {
    if state.right_answer == RightAnswer::NotAsked && state.can_ask() && state.is_beyond_answer() {
        state.right_answer = RightAnswer::Asked;
    }
}
