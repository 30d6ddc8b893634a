//! Writes a network: starts, changes, applies or discards the draft.

use super::{
    inputs::set_inputs,
    jobs,
    models::{inputs_with, use_model},
    notice::{fail, notice},
};
use crate::app::{
    action::BuildAction,
    effect::Effect,
    state::{AppState, Change, Draft, JobKind, Message, NoticeKind, Work},
    task::Task,
};
use std::sync::Arc;

/// Weights that take long to draw.
const MANY: u64 = 1 << 20;

/// The builder: begins, changes, applies or forgets the draft.
pub(in crate::app) fn update(state: &mut AppState, action: BuildAction) -> Vec<Effect> {
    let running = Arc::clone(&state.inputs.model);
    let begin = |state: &mut AppState, begun: Draft| match &mut state.draft {
        Some(draft) => draft.replace(begun),
        None => {
            state.playback.playing = false;
            state.draft = Some(begun);
        }
    };
    match action {
        BuildAction::New => begin(state, Draft::new(&running)),
        BuildAction::Edit => begin(state, Draft::edit(&running)),
        BuildAction::StartFrom(name) => match Draft::start_from(&name) {
            Ok(draft) => begin(state, draft),
            Err(error) => fail(state, error),
        },
        BuildAction::Cancel => {
            // What a worker makes of it is not to come either.
            state.jobs.cancel_foreground();
            state.draft = None;
        }
        BuildAction::Apply => {
            let Some(draft) = &state.draft else { return Vec::new() };
            if draft.obstacle().is_none() && draft.parameter_count() > MANY {
                let (name, draft) = (draft.written.name.clone(), Box::new(draft.clone()));
                let task = Task::Build { draft, running };
                return vec![jobs::start(state, JobKind::Computing, name, task)];
            }
            match draft.model(&running) {
                Ok(model) => return use_model(state, model),
                Err(obstacle) => fail(state, Work::Build.failed(obstacle)),
            }
        }
        BuildAction::Become(..) if state.draft.is_none() => return change_running_layer(state, action),
        BuildAction::Select(_)
        | BuildAction::Become(..)
        | BuildAction::Add(_)
        | BuildAction::Remove
        | BuildAction::Duplicate
        | BuildAction::Move { .. }
        | BuildAction::Rename(..)
        | BuildAction::Set(..)
        | BuildAction::Reads(..)
        | BuildAction::Name(_)
        | BuildAction::Input(_)
        | BuildAction::Classes(_)
        | BuildAction::ClassNames(_)
        | BuildAction::Loss(_)
        | BuildAction::Init(_)
        | BuildAction::Seed(_)
        | BuildAction::KeepWeights(_) => {
            if let Some(draft) = &mut state.draft {
                draft.change(action);
            }
        }
    }
    Vec::new()
}

/// A layer of the network that runs becomes another, and stays shown; what no longer fits starts anew.
fn change_running_layer(state: &mut AppState, action: BuildAction) -> Vec<Effect> {
    let running = Arc::clone(&state.inputs.model);
    let mut draft = Draft::edit(&running);
    draft.change(action);
    if draft.obstacle().is_none() && draft.parameter_count() > MANY {
        state.draft = Some(draft);
        return update(state, BuildAction::Apply);
    }
    let (kept, all) = draft.kept(&running);
    match draft.model(&running) {
        Ok(mut model) => {
            model.name.clone_from(&running.name);
            let inputs = inputs_with(state, model);
            let place = state.position.text();
            let effects = set_inputs(state, inputs, Change::Edit);
            // In training a changed network begins anew, but is shown at the same place.
            if state.position.go_to(&place) {
                state.position.select(None);
            }
            if kept < all {
                let anew = all - kept;
                let text = format!(
                    "{anew} of {all} layers with weights start anew: their shapes have changed; undo brings the old \
                     ones back"
                );
                let blanks = [("anew", &*anew.to_string()), ("all", &all.to_string())];
                notice(state, Message::sentence(text, "notice.anew", &blanks), NoticeKind::Info);
            }
            return effects;
        }
        Err(obstacle) => fail(state, Work::Build.failed(obstacle)),
    }
    Vec::new()
}
