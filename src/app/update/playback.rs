//! Plays on by itself.

use crate::app::state::AppState;
use crate::trace::Move;

/// Plays or pauses; at the end of the run there is nothing to play.
pub(in crate::app) fn toggle(state: &mut AppState) {
    let at_end = state.position.cursor().at() >= state.plan().run_len();
    if !at_end || state.playback.playing {
        state.playback.toggle();
    }
}

/// Makes the moves that are due after `seconds`.
pub(in crate::app) fn tick(state: &mut AppState, seconds: f32) {
    for _ in 0..state.playback.tick(seconds) {
        state.position.go(|cursor, plan| cursor.go(plan, Move::Next));
    }
    if state.position.cursor().at() >= state.plan().run_len() {
        state.playback.playing = false;
    }
}
