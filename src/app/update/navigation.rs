//! Moves the cursor and keeps the trail.

use super::notice::fail;
use crate::app::state::AppState;
use crate::trace::{Address, Cursor, Grain, Move, Place, Plan};
use std::sync::Arc;

/// How far back the trail goes.
const TRAIL: usize = 500;

pub(in crate::app) fn remember_place(state: &mut AppState) {
    state.position.trail.push((state.position.cursor, state.position.selected));
    state.position.trail_ahead.clear();
    if state.position.trail.len() > TRAIL {
        state.position.trail.remove(0);
    }
}

/// Moves the cursor; nothing stays picked.
pub(in crate::app) fn travel(state: &mut AppState, go: impl FnOnce(&mut Cursor, &Plan)) {
    let plan = state.plan().clone();
    let mut cursor = state.position.cursor;
    go(&mut cursor, &plan);
    if cursor != state.position.cursor || state.position.selected.is_some() {
        remember_place(state);
    }
    state.position.cursor = cursor;
    state.position.selected = None;
    state.stopped = None;
}

/// Goes to a cell: selects a given one, moves the cursor behind any other.
pub(in crate::app) fn go_to_cell(state: &mut AppState, address: Address) {
    match address.place {
        Place::Given(_) => {
            remember_place(state);
            state.position.selected = Some(address);
        }
        Place::Stage(_) => travel(state, |cursor, plan| cursor.go(plan, Move::Seek(address))),
    }
}

/// Training steps that are replayed before the window is drawn again: some hundredths of a second's worth. Batches
/// go by planned buffers, and so much faster.
pub(in crate::app) fn steps_at_once(plan: &Plan) -> u32 {
    let terms: u64 = if plan.setup().images > 1 { 400_000_000 } else { 10_000_000 };
    (terms / plan.len().max(1)).clamp(1, 32) as u32
}

/// Where the hyperparameters of the step looked at have other stages than those of `plan`, the cursor goes to the
/// same tensor, or to the end of the batch where it is made no more.
pub(in crate::app) fn rebase_position(state: &mut AppState, plan: &Plan) {
    let now = Arc::clone(state.plan());
    if now.len() == plan.len() {
        return;
    }
    let carry = |address: Address| match address.place {
        Place::Given(_) => address,
        Place::Stage(stage) => match now.stage_of(plan.stages()[stage as usize].tensor) {
            Some(stage) => Address { place: Place::Stage(stage as u32), ..address },
            None => Address { grain: Grain::Batch, ..now.locate(0, Grain::Run) },
        },
    };
    if let Some(address) = state.position.cursor.address(plan) {
        let time = address.time;
        state.position.cursor.go(&now, Move::Seek(Address { time, ..carry(address) }));
    }
    (state.position.selected, state.position.trail, state.position.trail_ahead) =
        (None, Vec::new(), Vec::new());
    state.marks.rebase(plan, &now);
}

/// Goes to an address as typed; a given cell becomes the selected one.
pub(in crate::app) fn go_to_text(state: &mut AppState, text: &str) {
    match Cursor::parse(state.plan(), text) {
        Ok(cursor) => {
            let place = state.plan().parse(text).ok().filter(|a| matches!(a.place, Place::Given(_)));
            travel(state, |old, _| *old = cursor);
            state.position.selected = place.map(|a| Address { grain: Grain::Cell, ..a });
            state.view.typing_address = false;
        }
        Err(error) => fail(state, error.to_string()),
    }
}

/// Selects a cell of the current training step; in another step the cursor goes there.
pub(in crate::app) fn select(state: &mut AppState, address: Address) {
    let address = Address { grain: address.grain.max(Grain::Cell), ..address };
    if address.time == state.trace().time() {
        remember_place(state);
        state.position.selected = Some(Address { grain: Grain::Cell, term: 0, ..address });
    } else {
        travel(state, |cursor, plan| cursor.go(plan, Move::Seek(address)));
    }
}

/// Moves the cursor to the end of the focused cell.
pub(in crate::app) fn run_to_focus(state: &mut AppState) {
    let focus = state.focus();
    if matches!(focus.place, Place::Stage(_)) {
        travel(state, |cursor, plan| cursor.go(plan, Move::Seek(focus)));
    }
}

/// Goes to where the first operand of the last term was written.
pub(in crate::app) fn go_to_writer(state: &mut AppState) {
    let trace = state.trace().clone();
    let focus = state.focus();
    let term = state.current_term().unwrap_or(0);
    let fold = trace.cell_until(&focus, term + 1);
    let writer = fold.steps.last().and_then(|step| step.term.operands().find_map(|o| trace.writer(o)));
    match writer {
        Some(writer) => go_to_cell(state, writer),
        None => fail(state, "this cell is given: nothing in the run wrote its operands".into()),
    }
}

/// Goes to the next term that reads the focused cell.
pub(in crate::app) fn go_to_reader(state: &mut AppState) {
    let from = state.plan().steps(&state.focus()).map_or(0, |steps| steps.end);
    match state.trace().next_reader(&state.focus(), from) {
        Some(reader) => travel(state, |cursor, plan| cursor.go(plan, Move::Seek(reader))),
        None => fail(state, "nothing later in this training step reads this cell".into()),
    }
}

/// Goes `back` places back along the trail, or, negative, ahead again.
pub(in crate::app) fn follow_trail(state: &mut AppState, back: isize) {
    let (from, to) = if back > 0 {
        (&mut state.position.trail, &mut state.position.trail_ahead)
    } else {
        (&mut state.position.trail_ahead, &mut state.position.trail)
    };
    for _ in 0..back.unsigned_abs() {
        let Some(place) = from.pop() else { break };
        to.push((state.position.cursor, state.position.selected));
        (state.position.cursor, state.position.selected) = place;
    }
}

/// The address of the selected cell, or else of the cursor, as text.
pub(in crate::app) fn address_text(state: &AppState) -> String {
    match state.position.selected {
        Some(selected) => state.plan().text(&selected),
        None => state.position.cursor.text(state.plan()),
    }
}
