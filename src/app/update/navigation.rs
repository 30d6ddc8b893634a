//! Moves the cursor and keeps the trail.

use super::notice::fail;
use crate::app::state::{AppState, Guide, Lane, Message, StopReason, Work};
use crate::trace::{Address, Cursor, Depth, Grain, Move, Owner, Pass, Place, Plan};

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

/// Makes a move. Where a place is selected, the way leads on from there: among layers and maps, and in and
/// out, the selection moves and the cursor stays; from a cell on, the cursor goes there and moves.
pub(in crate::app) fn step(state: &mut AppState, go: Move) {
    if state.view.guide == Guide::Step {
        state.view.guide = Guide::Done;
    }
    let Some(selected) = state.position.selected() else {
        return travel(state, |cursor, plan| cursor.go(plan, go));
    };
    let depth = Depth::new(&selected);
    let plan = state.plan();
    let target = match (go, depth) {
        (Move::Next, Depth::Layer | Depth::Map) => neighbour(plan, &selected, false),
        (Move::Previous, Depth::Layer | Depth::Map) => neighbour(plan, &selected, true),
        (Move::Into, Depth::Pass) => Some(selected.refine(Grain::Layer)),
        (Move::Into, Depth::Layer) => Some(selected.refine(Grain::Channel)),
        (Move::Into, Depth::Map) => Some(state.focus()),
        (Move::Out, Depth::Layer | Depth::Map | Depth::Cell | Depth::Term) => leave(plan, &selected),
        (Move::Grain(grain), _) if (Grain::Pass..=Grain::Cell).contains(&grain) => {
            Some(if grain > selected.grain() { selected.refine(grain) } else { plan.widen(&selected, grain) })
        }
        (Move::Into, Depth::Cell | Depth::Term) if selected.stage().is_some() => {
            return travel(state, |cursor, plan| *cursor = Cursor::after(plan, &selected.with_term(0)));
        }
        (Move::Next | Move::Previous, Depth::Cell | Depth::Term) if selected.stage().is_some() => {
            return travel(state, |cursor, plan| step_from(cursor, plan, &selected, go));
        }
        _ => return travel(state, |cursor, plan| cursor.go(plan, go)),
    };
    if let Some(target) = target {
        look(state, target);
    }
}

/// Takes the cursor to a place and makes a move there; to one that is not done yet, the way there is the move.
fn step_from(cursor: &mut Cursor, plan: &Plan, place: &Address, go: Move) {
    let there = Cursor::after(plan, place);
    let is_ahead = there.at() > cursor.at();
    *cursor = there;
    if !is_ahead {
        cursor.go(plan, go);
    }
}

/// The layer or the map after or before one; `None` at the ends of the training step.
fn neighbour(plan: &Plan, address: &Address, back: bool) -> Option<Address> {
    let stage = address.stage()?;
    let plane = plan.shape_at(address).plane() as u32;
    let cells = plan.stages()[stage].cells() as u32;
    let is_map = Depth::new(address) == Depth::Map;
    if is_map && !back && address.cell() + plane < cells {
        return Some(address.with_channel_from(address.cell() + plane));
    }
    if is_map && back && address.cell() >= plane {
        return Some(address.with_channel_from(address.cell() - plane));
    }
    let other = if back { stage.checked_sub(1)? } else { stage + 1 };
    let other = (other < plan.stages().len()).then(|| address.with_stage(other))?;
    let plane = plan.shape_at(&other).plane() as u32;
    let last = plan.stages()[other.stage()?].cells() as u32 - plane;
    Some(if is_map { other.with_channel_from(if back { last } else { 0 }) } else { other })
}

/// The unit that one is part of, one depth further out; `None` for a pass.
pub(in crate::app) fn leave(plan: &Plan, address: &Address) -> Option<Address> {
    let grain = match Depth::new(address) {
        Depth::Pass => return None,
        Depth::Layer => Grain::Pass,
        Depth::Map => Grain::Layer,
        Depth::Cell => Grain::Channel,
        Depth::Term => Grain::Cell,
    };
    Some(plan.widen(address, grain))
}

/// Moves the cursor to the end of a unit, or back to its start. At the end of a training step it stays there:
/// only a move that begins the next one crosses it.
pub(in crate::app) fn go_to_edge(state: &mut AppState, grain: Grain, back: bool) {
    let (plan, at) = (state.plan(), state.cursor().at());
    let unit = grain.min(state.cursor().grain());
    if !back && unit <= Grain::Batch && at > 0 && plan.unit(at - 1, unit).end == at {
        let last = at >= plan.run_len();
        return state.position.set_stopped(Some(StopReason::StepDone { last }));
    }
    travel(state, |cursor, plan| cursor.to_edge(plan, grain, back));
}

/// Moves the cursor behind a stage's cell; shows a given one.
pub(in crate::app) fn go_to(state: &mut AppState, address: Address) {
    match address.place() {
        Place::Given(_) => look(state, address),
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
        Err(error) => fail(state, Work::GoTo.failed(error.to_string())),
    }
}

/// Shows a place of the current training step, from a pass to a cell; for a place in another step the cursor
/// moves there.
pub(in crate::app) fn look(state: &mut AppState, address: Address) {
    let address = state.plan().widen(&address.refine(Grain::Pass), Grain::Cell);
    if address.time() == state.trace().time() {
        if state.position.selected() != Some(address) {
            state.position.remember();
        }
        state.position.select(Some(address));
    } else {
        travel(state, |cursor, plan| *cursor = Cursor::after(plan, &address));
    }
    if state.view.guide == Guide::Point && Depth::new(&address) >= Depth::Map {
        state.view.guide = Guide::Step;
    }
}

/// Moves the cursor to the end of what is picked: a layer, a map or a cell; with nothing picked, of the
/// focused cell. Where its gradients are shown, to the end of those; the shown place stays.
pub(in crate::app) fn run_to_look(state: &mut AppState) {
    let look = state.look();
    if !matches!(look.place(), Place::Stage(_)) {
        return;
    }
    let shows_gradients = state.view.lane != Lane::Values && Depth::new(&look) <= Depth::Map;
    match shows_gradients.then(|| gradient_of(state.plan(), &look)).flatten() {
        Some(gradient) => {
            travel(state, |cursor, plan| *cursor = Cursor::after(plan, &gradient));
            state.position.select(Some(look));
        }
        None => {
            let picked = state.selected().unwrap_or_else(|| state.focus());
            travel(state, |cursor, plan| *cursor = Cursor::after(plan, &picked));
        }
    }
}

/// The stage that makes the gradient of what a layer puts out; of the forward pass, the whole backward pass.
fn gradient_of(plan: &Plan, look: &Address) -> Option<Address> {
    let stage = &plan.stages()[look.stage()?];
    let stages = plan.pass_stages(Pass::Bwd);
    if stage.pass != Pass::Fwd || stages.is_empty() {
        return None;
    }
    if Depth::new(look) == Depth::Pass {
        return Some(plan.widen(&Address::whole_stage(look.time(), look.image(), stages.start), Grain::Pass));
    }
    let Owner::Layer(l) = stage.tensor.owner else { return None };
    let gradient = plan.output_gradient_of(l as usize);
    Some(Address::whole_stage(look.time(), look.image(), plan.stage_of(gradient)?))
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
        None => {
            let text = "nothing in the run computes this cell: the calculation starts from it";
            fail(state, Message::sentence(text.into(), "notice.no_writer", &[]));
        }
    }
}

/// Goes to the next term that reads the focused cell.
pub(in crate::app) fn go_to_reader(state: &mut AppState) {
    let from = state.plan().steps(&state.focus()).map_or(0, |steps| steps.end);
    match state.trace().next_reader(&state.focus(), from) {
        Some(reader) => go_to(state, reader),
        None => {
            let text = "nothing later in this training step reads this cell";
            fail(state, Message::sentence(text.into(), "notice.no_reader", &[]));
        }
    }
}
