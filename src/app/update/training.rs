//! Trains on a data set: starts and stops jobs, applies their news, forks training branches.

use super::{inputs::edit_inputs, navigation::travel, notice::fail, training_runs};
use crate::app::{
    action::TrainAction,
    effect::Effect,
    state::{
        AppState, Edited, End, Forked, JobKind, Run, Running, Training, Work, after_loss,
        training::{fit_to_model, model_that_learned},
    },
    task::{News, TrainingJob, Until},
};
use crate::data::{ChannelStatistics, Dataset, Split};
use crate::model_io::{Model, Preprocess};
use crate::nn::{Params, optimizer::Optimizer};
use crate::trace::{Address, Pass};
use crate::train::{Fork, Keyframe, Trainer, TrainingBranch};
use std::sync::{Arc, Mutex};

/// Applies an action on training.
pub(in crate::app) fn update(state: &mut AppState, action: TrainAction) -> Vec<Effect> {
    match action {
        TrainAction::Use(data) => return use_data(state, data),
        TrainAction::Set(training) => {
            if state.inputs.training.is_some() {
                return edit_inputs(state, |inputs| inputs.training = Some(training));
            }
        }
        TrainAction::Optimizer(optimizer) => {
            let next = next_step(state);
            let run = state.position.run();
            if next.is_some() && run.branch().done() >= run.times() && optimizer != state.inputs.optimizer {
                // A run that is over has no next step: another one begins beside it.
                let effects = change_optimizer(state, optimizer, Some(0));
                go_to_step(state, 0);
                return effects;
            }
            return change_optimizer(state, optimizer, next);
        }
        TrainAction::Restart { init, seed } => {
            let model = state.model();
            match Model::initial(&model.name, model.architecture.clone(), init, seed) {
                Ok(model) => return edit_inputs(state, |inputs| inputs.model = Arc::new(model)),
                Err(error) => fail(state, error),
            }
        }
        TrainAction::Seed(seed) => {
            return edit_inputs(state, |inputs| {
                inputs.seed = seed;
                inputs.training = inputs.training.take().map(|training| training.with_seed(seed));
            });
        }
        TrainAction::Normalise => return normalise(state),
        TrainAction::Start(until) => return start(state, until),
        TrainAction::Pause => {
            if let Some(running) = &mut state.training.running {
                running.pausing = true;
                state.jobs.ask_to_end(running.id);
            }
        }
        TrainAction::News(news) => return apply_news(state, *news),
        TrainAction::StopAt(stop) => {
            state.training.stops.retain(|other| !other.is_like(&stop));
            state.training.stops.push(stop);
        }
        TrainAction::StopNoMore(stop) => state.training.stops.retain(|other| !other.is_like(&stop)),
        TrainAction::GoTo(time) => go_to_step(state, time),
        TrainAction::StepIn => {
            go_to_last_step(state);
            return update(state, TrainAction::Pause);
        }
        TrainAction::Choose(number) => return training_runs::choose(state, number),
        TrainAction::Rename(number, name) => training_runs::rename(state, number, name),
        TrainAction::Remove(number) => training_runs::remove(state, number),
        TrainAction::Keep => return keep_weights(state),
    }
    Vec::new()
}

fn use_data(state: &mut AppState, data: Option<Dataset>) -> Vec<Effect> {
    const BATCH: u64 = 32;
    let Some(data) = data else { return edit_inputs(state, |inputs| inputs.training = None) };
    let model = state.model();
    match fit_to_model(model, &data) {
        Ok(data) => {
            let training = Training::new(data, BATCH, state.inputs.seed);
            edit_inputs(state, |inputs| inputs.training = Some(training))
        }
        Err(error) => {
            fail(state, error);
            Vec::new()
        }
    }
}

/// The preprocessing becomes that of the data, where its mean and deviation are known.
fn normalise(state: &mut AppState) -> Vec<Effect> {
    let Some(training) = &state.inputs.training else { return Vec::new() };
    let Some(Ok(measured)) = state.data.measured(&training.schedule.data, Split::Train) else {
        return Vec::new();
    };
    let ChannelStatistics { mean, std, .. } = measured.statistics.clone();
    match Preprocess::new(mean.len(), mean, std) {
        Ok(preprocess) => edit_inputs(state, |inputs| {
            let mut model = (*inputs.model).clone();
            let shuffle = model.architecture.preprocess.shuffle();
            model.architecture.preprocess = preprocess.with_shuffle(shuffle);
            inputs.model = Arc::new(model);
        }),
        Err(error) => {
            fail(state, Work::Train.failed(error.0));
            Vec::new()
        }
    }
}

fn start(state: &mut AppState, until: Until) -> Vec<Effect> {
    if state.inputs.training.is_none() || state.training.running.is_some() {
        return Vec::new();
    }
    let (plan, branch, times) =
        (state.plan().clone(), state.position.run().branch(), state.position.run().times());
    let end = match until {
        Until::End => times,
        Until::Step(time) => time.saturating_add(1).min(times),
    };
    if branch.done() >= end {
        state.training.ended = Some(if branch.done() >= times { End::Done } else { End::Reached });
        return Vec::new();
    }
    let Some((_, Keyframe { params, moments })) = branch.keyframes.before(branch.done()) else {
        return Vec::new();
    };
    let (network, setup) = ((**plan.network()).clone(), *plan.setup());
    let optimizer = branch.optimizer(moments.steps as u32);
    let (params, moments) = ((**params).clone(), (**moments).clone());
    match Trainer::resume(network, params, moments, optimizer, setup.seed) {
        Ok(trainer) => {
            let (id, cancel) = state.jobs.start(JobKind::Training, state.inputs.model.name.clone());
            let (branch, source) = (state.position.run().branch(), Arc::clone(state.position.run().source()));
            let stops = state.training.stops.clone();
            let job = TrainingJob::new(id, trainer, source, branch, stops, end, setup.batches);
            let running = Running {
                id,
                number: branch.number(),
                place: state.position.text(),
                pausing: false,
                to_end: until == Until::End,
            };
            (state.training.running, state.training.ended) = (Some(running), None);
            vec![Effect::Train { job: Arc::new(Mutex::new(Some(job))), cancel }]
        }
        Err(error) => {
            fail(state, Work::Train.failed(error.0));
            Vec::new()
        }
    }
}

fn apply_news(state: &mut AppState, news: News) -> Vec<Effect> {
    let Some(running) = state.training.running.clone().filter(|running| running.id == news.id) else {
        return Vec::new();
    };
    let (id, end, seconds) = (news.id, news.end.clone(), news.seconds);
    let images: usize = news.steps.iter().map(|(_, record)| record.report.images).sum();
    // The run may have been put aside, to look at another one.
    let place = state.position.run().place(running.number).filter(|_| state.inputs.training.is_some());
    match place {
        Some(place) => state.position.change_run(|run| {
            for &(time, optimizer) in &news.optimizers {
                run.change_optimizer(place, time, optimizer);
            }
            if let Some(branch) = run.branch_mut(place) {
                add_news(branch, news);
            }
        }),
        None => {
            if let Some(branch) = state.training.runs.branch_mut(running.number) {
                for &(time, optimizer) in &news.optimizers {
                    branch.change_optimizer(time, optimizer);
                }
                add_news(branch, news);
            }
        }
    }
    if seconds > 0.0 && images > 0 {
        state.training.images_per_sec = Some(images as f64 / seconds);
    }
    match end {
        Some(end) => end_job(state, id, &running, end),
        None => Vec::new(),
    }
}

/// Adds to a run what a job tells of its steps.
fn add_news(branch: &mut TrainingBranch, news: News) {
    for (time, record) in news.steps {
        branch.add(time, record);
    }
    branch.checks.extend(news.checks);
    for (time, frame) in news.keyframes {
        branch.keyframes.insert(time, frame);
    }
}

/// A job has ended: the cursor goes to the batch done last, where it has not gone elsewhere meanwhile.
fn end_job(state: &mut AppState, id: u64, running: &Running, end: End) -> Vec<Effect> {
    state.training.running = None;
    state.jobs.finish(id);
    if let End::Failed(text) = &end {
        fail(state, Work::Train.failed(text.clone()));
    }
    let run = state.position.run();
    let is_chosen = state.inputs.training.is_some() && run.branch().number() == running.number;
    let has_more = is_chosen && end == End::Done && run.branch().done() < run.times();
    if has_more && running.to_end {
        // More rounds were asked for while it ran.
        return start(state, Until::End);
    }
    state.training.ended = Some(if has_more { End::Reached } else { end });
    if is_chosen && state.position.text() == running.place {
        go_to_last_step(state);
    }
    Vec::new()
}

/// Goes to the batch trained last.
fn go_to_last_step(state: &mut AppState) {
    if let Some(last) = state.position.run().branch().done().checked_sub(1) {
        go_to_step(state, last);
    }
}

/// Goes to a training step, behind the forward pass and loss of its first image.
fn go_to_step(state: &mut AppState, time: u32) {
    let time = time.min(state.position.run().times().max(1) - 1);
    travel(state, |cursor, plan| *cursor = after_loss(plan, time));
}

/// Whether a job trains the selected run.
fn is_training(state: &AppState) -> bool {
    let number = state.position.run().branch().number();
    state.training.running.as_ref().is_some_and(|running| running.number == number)
}

/// The weights that training has reached: the latest while it runs, otherwise those after the selected step.
pub(in crate::app) fn trained(state: &AppState) -> Arc<Params> {
    let (branch, next) = (state.position.run().branch(), state.trace().time() + 1);
    let is_growing = is_training(state);
    let until = if is_growing { u32::MAX } else { next };
    match branch.keyframes.before(until) {
        Some((time, frame)) if is_growing || time == next => Arc::clone(&frame.params),
        Some(_) | None => Arc::new(state.trace().params_after()),
    }
}

/// Makes the weights after the selected step the model's own.
fn keep_weights(state: &mut AppState) -> Vec<Effect> {
    let Some(training) = &state.inputs.training else { return Vec::new() };
    let model = model_that_learned(&state.inputs.model, trained(state), &training.schedule.data);
    edit_inputs(state, |inputs| {
        inputs.model = Arc::new(model);
        inputs.training = None;
    })
}

/// Replaces the weights before the selected step: a new branch begins there, and the old one stays. A change
/// that continues a stroke, or follows an edit of the same step without training between, replaces that edit.
pub(in crate::app) fn fork_with_weights(state: &mut AppState, params: Params, more: bool) -> Vec<Effect> {
    let time = state.trace().time();
    let (branch, own) = (state.position.run().branch(), state.position.run().branch_index());
    let edited = state.inputs.forked.as_ref().filter(|forked| {
        branch.done() <= time
            && branch.fork() == Some(Fork { branch: forked.from, time })
            && forked.time == time
    });
    let (from, original) = match edited {
        Some(forked) => (forked.from, Arc::clone(&forked.original)),
        None => (own, Arc::clone(state.trace().params())),
    };
    let forked = Forked {
        from,
        time,
        original,
        params: Arc::new(params),
        moments: Arc::clone(state.trace().moments()),
    };
    if !(more && state.in_stroke) {
        state.undo.record(Edited::from_state(state));
    }
    let before = state.inputs.forked.replace(forked);
    state.in_stroke = true;
    switch_to_fork(state, before.as_ref());
    Vec::new()
}

/// Switches to the branch that the inputs name: the one that an edit started, or that the edit before left.
pub(in crate::app) fn switch_to_fork(state: &mut AppState, before: Option<&Forked>) {
    let (forked, number) = (state.inputs.forked.clone(), state.training.runs.next_number());
    state.position.change_run(|run| match (forked, before) {
        (Some(forked), _) => switch_run_to_fork(run, forked, number),
        (None, Some(before)) => run.switch(before.from),
        (None, None) => {}
    });
}

/// Switches a run to the branch that an edit of its weights started, and starts it where it is not there.
fn switch_run_to_fork(run: &mut Run, Forked { from, time, params, moments, .. }: Forked, number: u32) {
    let at = Some(Fork { branch: from, time });
    let is_it = |branch: &TrainingBranch| {
        let kept = branch.keyframes.before(time).filter(|(kept, _)| *kept == time);
        branch.fork() == at && kept.is_some_and(|(_, frame)| Arc::ptr_eq(&frame.params, &params))
    };
    let branches = run.branches();
    let trained = branches.iter().position(is_it);
    let place =
        trained.or_else(|| branches.iter().position(|branch| branch.fork() == at && branch.done() <= time));
    run.switch(from);
    match place {
        Some(branch) => run.switch(branch),
        None => run.fork(time, number),
    }
    if let Some(branch) = run.branch_mut(run.branch_index()).filter(|_| trained.is_none()) {
        branch.keyframes.pin(time, Keyframe { params, moments });
        // They are of the weights before.
        branch.checks.remove(&time);
        branch.records.remove(&time);
    }
    run.leave();
}

/// The step to be trained next, where the newest one is selected.
pub(in crate::app) fn next_step(state: &AppState) -> Option<u32> {
    let done = state.position.run().branch().done();
    (done > 0 && state.trace().time() + 1 == done).then_some(done)
}

/// Other hyperparameters from a step on, or else from here on: they take part in the next update that the cursor has
/// not begun. Where that step has been trained already, the change starts another run.
pub(in crate::app) fn set_optimizer(
    state: &mut AppState,
    optimizer: Optimizer,
    from: Option<u32>,
) -> Vec<Effect> {
    state.inputs.optimizer = optimizer;
    if is_training(state) {
        return vec![Effect::Steer(optimizer)];
    }
    let number = state.training.runs.next_number();
    let plan = state.plan();
    let time = state.position.cursor().time(plan);
    let update = plan.pass_stages(Pass::Update).start;
    let begun = plan.steps(&Address::whole_stage(time, 0, update));
    let begun = begun.is_some_and(|steps| state.position.cursor().at() > steps.start);
    let from = from.unwrap_or(if begun { time + 1 } else { time });
    state.position.change_run(|run| {
        if from < run.branch().done() {
            run.fork(from, number);
        }
        if let Some(branch) = run.branch_mut(run.branch_index()) {
            branch.set_optimizer(from, optimizer);
        }
        run.leave();
    });
    Vec::new()
}

/// Other hyperparameters: in training from a step, or from here on, else for the whole run.
pub(in crate::app) fn change_optimizer(
    state: &mut AppState,
    optimizer: Optimizer,
    from: Option<u32>,
) -> Vec<Effect> {
    if state.inputs.training.is_none() {
        return edit_inputs(state, |inputs| inputs.optimizer = optimizer);
    }
    if optimizer == state.inputs.optimizer {
        return Vec::new();
    }
    state.undo.record(Edited::from_state(state));
    set_optimizer(state, optimizer, from)
}
