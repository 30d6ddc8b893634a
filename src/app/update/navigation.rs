//! Moves the cursor and keeps the trail.

use super::notice::fail;
use crate::app::state::AppState;
use crate::trace::{Address, Cursor, Grain, Place, Plan};

/// Moves the cursor; nothing stays selected.
pub(in crate::app) fn travel(state: &mut AppState, go: impl FnOnce(&mut Cursor, &Plan)) {
    let position = &mut state.position;
    let mut cursor = position.cursor();
    go(&mut cursor, position.plan());
    if cursor != position.cursor() || position.selected().is_some() {
        position.remember();
    }
    position.go(|own, _| *own = cursor);
    position.set_stopped(None);
}

/// Moves the cursor behind a stage's cell; selects a given one.
pub(in crate::app) fn go_to(state: &mut AppState, address: Address) {
    match address.place() {
        Place::Given(_) => select(state, address),
        Place::Stage(_) => travel(state, |cursor, plan| *cursor = Cursor::after(plan, &address)),
    }
}

/// Training steps that are replayed before the window is drawn again: some hundredths of a second's worth. Batches
/// go by planned buffers, and so much faster.
pub(in crate::app) fn steps_at_once(plan: &Plan) -> u32 {
    let terms: u64 = if plan.setup().images > 1 { 400_000_000 } else { 10_000_000 };
    (terms / plan.len().max(1)).clamp(1, 32) as u32
}

/// Goes to an address as typed; a given cell becomes the selected one.
pub(in crate::app) fn go_to_text(state: &mut AppState, text: &str) {
    match Cursor::parse(state.plan(), text) {
        Ok(cursor) => {
            let place = state.plan().parse(text).ok().filter(|a| matches!(a.place(), Place::Given(_)));
            travel(state, |own, _| *own = cursor);
            state.position.select(place.map(Address::whole_cell));
            state.view.typing_address = false;
        }
        Err(error) => fail(state, error.to_string()),
    }
}

/// Selects a cell of the current training step; in another step the cursor goes there.
pub(in crate::app) fn select(state: &mut AppState, address: Address) {
    let address = address.refine(Grain::Cell);
    if address.time() == state.trace().time() {
        state.position.remember();
        state.position.select(Some(address.whole_cell()));
    } else {
        travel(state, |cursor, plan| *cursor = Cursor::after(plan, &address));
    }
}

/// Moves the cursor to the end of the focused cell.
pub(in crate::app) fn run_to_focus(state: &mut AppState) {
    let focus = state.focus();
    if matches!(focus.place(), Place::Stage(_)) {
        travel(state, |cursor, plan| *cursor = Cursor::after(plan, &focus));
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
        Some(writer) => go_to(state, writer),
        None => fail(state, "this cell is given: nothing in the run wrote its operands".into()),
    }
}

/// Goes to the next term that reads the focused cell.
pub(in crate::app) fn go_to_reader(state: &mut AppState) {
    let from = state.plan().steps(&state.focus()).map_or(0, |steps| steps.end);
    match state.trace().next_reader(&state.focus(), from) {
        Some(reader) => go_to(state, reader),
        None => fail(state, "nothing later in this training step reads this cell".into()),
    }
}
