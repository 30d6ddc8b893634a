//! Applies the results of tasks.

use super::{
    attribution, breakpoint_search, data, files,
    inputs::apply_inputs,
    lesson,
    models::{use_model, use_picture},
    moment,
    notice::fail,
    top_activations,
};
use crate::app::{
    effect::Effect,
    state::{AppState, Work},
    task::Done,
};

/// Applies the result of a job; a cancelled one's is ignored.
pub(in crate::app) fn update(state: &mut AppState, job: u64, done: Done) -> Vec<Effect> {
    let Some(job) = state.jobs.finish(job) else { return Vec::new() };
    match done {
        Done::Model(Ok(model)) => {
            let opened = files::remember_opened(state, job.file);
            let mut effects = use_model(state, *model);
            effects.extend(opened);
            return effects;
        }
        Done::FreeSize { name, location, bytes, model } => {
            files::ask_size(state, name, location, bytes, model);
        }
        Done::Picture(Ok(picture)) => {
            let mut effects = use_picture(state, picture);
            effects.extend(files::remember_opened(state, job.file));
            return effects;
        }
        Done::Session(Ok(session)) => return files::open_session_data(state, job.file, session),
        Done::SessionData(session, data) => {
            return vec![files::restore_session(state, job.file, session, Some(data))];
        }
        Done::Restored(Ok(restored)) => return files::finish_restore(state, job.file, *restored),
        Done::Derived(change, derived) => {
            apply_inputs(state, change, derived.map(|derived| *derived));
            moment::arrive(state);
        }
        // What has been trained meanwhile stays.
        Done::Approached(Ok(run)) => {
            let run = run.join(state.position.run());
            state.position.replace_run(run);
        }
        Done::BreakpointSearched(Ok((search, reason))) => breakpoint_search::finish(state, search, reason),
        Done::Experimented(Ok(learned)) => return lesson::apply_experiment(state, learned),
        Done::Experimented(Err(error)) => fail(state, Work::Train.failed(error)),
        Done::Answered(question, answer) => state.answer = Some((question, *answer)),
        Done::AttributionMaps(maps) => attribution::apply_maps(state, *maps),
        Done::TopActivations(search) => return top_activations::apply_found(state, *search),
        Done::DataOpened(result) => return data::apply_opened(state, job.file, result),
        Done::DataMeasured { data, part, result } => data::apply_measured(state, data, part, result),
        Done::LossAfter { revision, loss } => state.loss_after = Some((revision, loss)),
        Done::Approached(Err(error)) => {
            state.position.stop_waiting();
            fail(state, error);
        }
        Done::BreakpointSearched(Err(error)) => {
            state.breakpoint_search = None;
            fail(state, error);
        }
        Done::Picture(Err(error)) => fail(state, error),
        Done::Model(Err(error)) if files::asks_again(state, &error) => {}
        Done::Model(Err(error)) => fail(state, Work::OpenModel.failed(error)),
        Done::Session(Err(error)) | Done::Restored(Err(error)) => {
            fail(state, Work::OpenSession.failed(error))
        }
    }
    Vec::new()
}
