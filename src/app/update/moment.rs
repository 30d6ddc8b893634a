//! Copies a moment as text, and goes to one.

use super::{
    inputs::set_inputs,
    models::inputs_with,
    notice::{fail, notice},
};
use crate::app::{
    effect::Effect,
    state::{AppState, Change, Message, Moment, NoticeKind, PlaceText, Target},
};
use crate::trace::AddressText;

/// Puts the moment that is shown on the clipboard, and names what it cannot hold.
pub(in crate::app) fn copy(state: &mut AppState) -> Vec<Effect> {
    let (moment, left_out) = state.moment();
    let what = match (left_out.picture, left_out.weights) {
        (false, false) => None,
        (true, false) => Some(("the picture is", "notice.moment_picture")),
        (false, true) => Some(("the weights are", "notice.moment_weights")),
        (true, true) => Some(("picture and weights are", "notice.moment_both")),
    };
    if let Some((what, key)) = what {
        let text = format!(
            "The moment is copied, but {what} your own and not in it: it can be pasted where they are open; a session \
             file has all"
        );
        notice(state, Message::sentence(text, key, &[]), NoticeKind::Info);
    }
    vec![Effect::Copy(moment.text())]
}

/// Goes to a moment.
pub(in crate::app) fn open(state: &mut AppState, moment: Moment) -> Vec<Effect> {
    let model = moment.model(&state.inputs);
    let found = model.and_then(|model| Ok((model, moment.picture(&state.inputs)?)));
    let (model, picture) = match found {
        Ok(found) => found,
        Err(error) => {
            fail(state, error);
            return Vec::new();
        }
    };
    let mut inputs = state.inputs.clone();
    if !std::sync::Arc::ptr_eq(&inputs.model, &model) {
        inputs = inputs_with(state, (*model).clone());
    }
    if moment.hash.is_none() || !std::sync::Arc::ptr_eq(&inputs.picture, &picture) {
        inputs = inputs.with_picture(picture);
    }
    (inputs.adjustment, inputs.ground) = (moment.adjustment, moment.ground);
    if inputs.training.is_none() {
        (inputs.optimizer, inputs.mode, inputs.seed) = (moment.optimizer, moment.mode, moment.seed);
    }
    inputs.target = moment.label.filter(|class| *class < inputs.model.network.classes()).map(Target::Given);
    state.view.typing_address = false;
    state.moment = Some(Box::new(moment));
    let effects = match inputs == state.inputs {
        true => Vec::new(),
        false => set_inputs(state, inputs, Change::Renew),
    };
    arrive(state);
    effects
}

/// Goes to the place of the moment that is waited for, once its network and picture are there.
pub(in crate::app) fn arrive(state: &mut AppState) {
    let Some(moment) = &state.moment else { return };
    let is_there = moment.model == state.inputs.model.name && moment.picture == state.inputs.picture.name;
    if !is_there {
        return;
    }
    let Some(moment) = state.moment.take() else { return };
    let time = state.plan().parse(&moment.at).map_or(0, |address| address.time());
    let look = moment.look.as_deref().and_then(AddressText::from_outside);
    let place = PlaceText::from_texts(time, moment.at.clone(), moment.grain, look);
    if !state.position.go_to(&place) {
        let text = format!(
            "{}: expected a place that this network has, got another; copy the moment again",
            moment.at
        );
        fail(state, text);
    }
    let view = &mut state.view;
    (view.page, view.show, view.figure) = (moment.page, moment.show, moment.figure);
    (view.lane, view.order) = (moment.lane, moment.order);
}
