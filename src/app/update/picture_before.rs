//! Keeps what the network made of the picture before its last change.

use crate::app::state::{AppState, Inputs, Kept, PictureBefore, PictureChange, derived, is_large};
use crate::nn::Execution;
use crate::trace::Trace;
use std::sync::Arc;

/// Before the inputs change to these: keeps what is there, where they have another picture for the same
/// network. A change that continues a drag keeps what was there before the drag.
pub(in crate::app) fn keep(state: &mut AppState, after: &Inputs, goes_on: bool) {
    let before = &state.inputs;
    let is_same_network =
        Arc::ptr_eq(&before.model, &after.model) || before.model.network == after.model.network;
    let in_training = before.training.is_some() || after.training.is_some();
    if !is_same_network || in_training {
        state.picture_before = None;
    } else if PictureChange::between(before, after).is_some() && !(goes_on && state.picture_before.is_some())
    {
        let kept = Some(Arc::new(Kept::from_state(state)));
        state.picture_before = Some(PictureBefore { inputs: state.inputs.clone(), kept });
    }
}

/// Computes it anew where the weights are others now, if that is quick.
pub(in crate::app) fn refresh(state: &mut AppState) {
    let Some(before) = &state.picture_before else { return };
    if before.kept.as_ref().is_some_and(|kept| kept.is_comparable(state.trace())) {
        return;
    }
    let is_slow = is_large(&state.model().network);
    let kept = if is_slow { None } else { computed(state, &before.inputs) };
    if let Some(before) = &mut state.picture_before {
        before.kept = kept.map(Arc::new);
    }
}

/// What the network makes of the picture of some inputs, with the weights of the selected step.
fn computed(state: &AppState, before: &Inputs) -> Option<Kept> {
    let (trace, model) = (state.trace(), Arc::clone(&state.inputs.model));
    let inputs = Inputs { model: Arc::clone(&model), ..before.clone() };
    let fitted = derived::fitted(&inputs).ok()?;
    let input = derived::network_input(&inputs, &fitted).ok()?;
    let (plan, time) = (Arc::clone(trace.plan()), trace.time());
    let (params, moments) = (Arc::clone(trace.params()), Arc::clone(trace.moments()));
    let network = &model.network;
    let (mode, stream) = (plan.setup().mode, plan.stream(time));
    let values = network.forward_with(&params, &input, mode, stream, Execution::SERIAL)?;
    let target = network.target(&[state.label()]);
    let trace = Trace::from_forward(plan, time, params, moments, values, target);
    let picture = before.picture.name.clone();
    Some(Kept { trace: Arc::new(trace), image: 0, model, picture, run: None })
}
