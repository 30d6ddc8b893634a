//! Trains on a data set: starts and stops jobs, applies their news, forks training branches.

use super::{inputs::edit_inputs, navigation::travel, notice::fail};
use crate::app::{
    action::TrainAction,
    effect::Effect,
    state::{
        AppState, Edited, End, Forked, JobKind, Run, Running, Training, after_loss,
        training::{fit_to_model, names, with_names},
    },
    task::{News, TrainingJob, Until},
};
use crate::data::{ChannelStatistics, Dataset, Split};
use crate::model_io::{Model, Preprocess};
use crate::nn::{Params, optimizer::Optimizer};
use crate::trace::{Address, Pass};
use crate::train::{Fork, Keyframe, Trainer, TrainingBranch};
use std::sync::{Arc, Mutex};

/// Does it.
pub(in crate::app) fn update(state: &mut AppState, action: TrainAction) -> Vec<Effect> {
    match action {
        TrainAction::Use(data) => return use_data(state, data),
        TrainAction::Set(training) => {
            if state.inputs.training.is_some() {
                return edit_inputs(state, |inputs| inputs.training = Some(training));
            }
        }
        TrainAction::Restart { init, seed } => {
            let model = state.model();
            match Model::initial(&model.name, model.architecture.clone(), init, seed) {
                Ok(model) => return edit_inputs(state, |inputs| inputs.model = Arc::new(model)),
                Err(error) => fail(state, error.0),
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
        TrainAction::News(news) => apply_news(state, *news),
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
        TrainAction::Branch(line) => {
            if line < state.position.run().lines().len() && line != state.position.run().line_number() {
                state.position.change_run(|run| run.switch(line));
                let last = state.position.run().line().done().max(1) - 1;
                go_to_step(state, state.trace().time().min(last));
            }
        }
        TrainAction::Keep => return keep_weights(state),
    }
    Vec::new()
}

/// Cancels the training job without waiting for its end; its news are ignored from now on.
pub(in crate::app) fn abandon_job(state: &mut AppState) {
    state.training.ended = None;
    state.training.images_per_sec = None;
    state.training.running = None;
    state.jobs.cancel(JobKind::Training);
}

fn use_data(state: &mut AppState, data: Option<Dataset>) -> Vec<Effect> {
    const BATCH: u64 = 32;
    let Some(data) = data else { return edit_inputs(state, |inputs| inputs.training = None) };
    let model = state.model();
    match fit_to_model(model, &data) {
        Ok(data) => {
            let names = names(model, &data);
            let training = Training::new(data, BATCH, state.inputs.seed);
            edit_inputs(state, |inputs| {
                if names.is_some() {
                    inputs.model = Arc::new(with_names((*inputs.model).clone(), names));
                }
                inputs.training = Some(training);
            })
        }
        Err(error) => {
            fail(state, error.to_string());
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
            model.architecture.preprocess = preprocess;
            inputs.model = Arc::new(model);
        }),
        Err(error) => {
            fail(state, error.0);
            Vec::new()
        }
    }
}

fn start(state: &mut AppState, until: Until) -> Vec<Effect> {
    if state.inputs.training.is_none() || state.training.running.is_some() {
        return Vec::new();
    }
    let (plan, line) = (state.plan().clone(), state.position.run().line());
    let end = match until {
        Until::End => plan.times(),
        Until::Step(time) => time.saturating_add(1).min(plan.times()),
    };
    if line.done() >= end {
        state.training.ended = Some(End::Done);
        return Vec::new();
    }
    let Some((_, Keyframe { params, moments })) = line.keyframes.before(line.done()) else {
        return Vec::new();
    };
    let (network, setup) = ((**plan.network()).clone(), *plan.setup());
    let optimizer = line.optimizer(moments.steps as u32);
    let (params, moments) = ((**params).clone(), (**moments).clone());
    match Trainer::resume(network, params, moments, optimizer, setup.seed) {
        Ok(trainer) => {
            let (id, cancel) = state.jobs.start(JobKind::Training, state.inputs.model.name.clone());
            let (line, source) = (state.position.run().line(), Arc::clone(state.position.run().source()));
            let stops = state.training.stops.clone();
            let job = TrainingJob::new(id, trainer, source, line, stops, end, setup.batches);
            let running = Running {
                id,
                line: state.position.run().line_number(),
                place: state.position.text(),
                pausing: false,
            };
            (state.training.running, state.training.ended) = (Some(running), None);
            vec![Effect::Train { job: Arc::new(Mutex::new(Some(job))), cancel }]
        }
        Err(error) => {
            fail(state, error.0);
            Vec::new()
        }
    }
}

fn apply_news(state: &mut AppState, news: News) {
    let Some(running) = state.training.running.clone().filter(|running| running.id == news.id) else {
        return;
    };
    let images: usize = news.steps.iter().map(|(_, record)| record.report.images).sum();
    state.position.change_run(|run| {
        for (time, optimizer) in news.optimizers {
            run.change_optimizer(running.line, time, optimizer);
        }
        let Some(line) = run.line_mut(running.line) else { return };
        for (time, record) in news.steps {
            line.add(time, record);
        }
        line.checks.extend(news.checks);
        for (time, frame) in news.keyframes {
            line.keyframes.insert(time, frame);
        }
    });
    if news.seconds > 0.0 && images > 0 {
        state.training.images_per_sec = Some(images as f64 / news.seconds);
    }
    if let Some(end) = news.end {
        state.training.running = None;
        state.jobs.finish(news.id);
        if let End::Failed(text) = &end {
            fail(state, text.clone());
        }
        state.training.ended = Some(end);
        if state.position.text() == running.place && state.position.run().line_number() == running.line {
            go_to_last_step(state);
        }
    }
}

/// Goes to the batch trained last.
fn go_to_last_step(state: &mut AppState) {
    if let Some(last) = state.position.run().line().done().checked_sub(1) {
        go_to_step(state, last);
    }
}

/// Goes to a training step, behind the forward pass and loss of its first image.
fn go_to_step(state: &mut AppState, time: u32) {
    let plan = state.plan();
    let time = time.min(plan.times() - 1);
    travel(state, |cursor, plan| *cursor = after_loss(plan, time));
}

/// The weights that training has come to: while it goes on the latest, else those after the step looked at.
pub(in crate::app) fn trained(state: &AppState) -> Arc<Params> {
    let (line, next) = (state.position.run().line(), state.trace().time() + 1);
    let is_growing = state
        .training
        .running
        .as_ref()
        .is_some_and(|running| running.line == state.position.run().line_number());
    let until = if is_growing { u32::MAX } else { next };
    match line.keyframes.before(until) {
        Some((time, frame)) if is_growing || time == next => Arc::clone(&frame.params),
        Some(_) | None => Arc::new(state.trace().params_after()),
    }
}

/// The weights after the step looked at become the model's own.
fn keep_weights(state: &mut AppState) -> Vec<Effect> {
    if state.inputs.training.is_none() {
        return Vec::new();
    }
    let params = trained(state);
    edit_inputs(state, |inputs| {
        inputs.model = Arc::new(Model { params, ..(*inputs.model).clone() });
        inputs.training = None;
    })
}

/// Other weights before the step that is looked at: a line of their own begins there, and the old one stays. One that
/// goes on with a stroke, or at a step that was just edited and not trained on, takes the place of what it was.
pub(in crate::app) fn fork_with_weights(state: &mut AppState, params: Params, more: bool) -> Vec<Effect> {
    let time = state.trace().time();
    let (line, own) = (state.position.run().line(), state.position.run().line_number());
    let edited = state.inputs.forked.as_ref().filter(|forked| {
        line.done() <= time && line.fork() == Some(Fork { branch: forked.from, time }) && forked.time == time
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
        state.undo.record(Edited::of(state));
    }
    let before = state.inputs.forked.replace(forked);
    state.in_stroke = true;
    switch_to_fork(state, before.as_ref());
    Vec::new()
}

/// Switches to the branch that the inputs name: the one that an edit started, or that the edit before left.
pub(in crate::app) fn switch_to_fork(state: &mut AppState, before: Option<&Forked>) {
    let forked = state.inputs.forked.clone();
    state.position.change_run(|run| match (forked, before) {
        (Some(forked), _) => switch_run_to_fork(run, forked),
        (None, Some(before)) => run.switch(before.from),
        (None, None) => {}
    });
}

/// Switches a run to the branch that an edit of its weights started, and starts it where it is not there.
fn switch_run_to_fork(run: &mut Run, Forked { from, time, params, moments, .. }: Forked) {
    let at = Some(Fork { branch: from, time });
    let is_it = |line: &TrainingBranch| {
        let kept = line.keyframes.before(time).filter(|(kept, _)| *kept == time);
        line.fork() == at && kept.is_some_and(|(_, frame)| Arc::ptr_eq(&frame.params, &params))
    };
    let lines = run.lines();
    let trained = lines.iter().position(is_it);
    let place = trained.or_else(|| lines.iter().position(|line| line.fork() == at && line.done() <= time));
    run.switch(from);
    match place {
        Some(line) => run.switch(line),
        None => run.fork(time),
    }
    if let Some(line) = run.line_mut(run.line_number()).filter(|_| trained.is_none()) {
        line.keyframes.pin(time, Keyframe { params, moments });
        // They are of the weights before.
        line.checks.remove(&time);
        line.records.remove(&time);
    }
    run.leave();
}

/// Other hyperparameters from here on: they take part in the next update that the cursor has not begun. Where
/// that step has been trained already, the change starts another line.
pub(in crate::app) fn set_optimizer(state: &mut AppState, optimizer: Optimizer) -> Vec<Effect> {
    state.inputs.optimizer = optimizer;
    if state.training.running.is_some() {
        return vec![Effect::Steer(optimizer)];
    }
    let plan = state.plan();
    let time = state.position.cursor().time(plan);
    let update = plan.pass_stages(Pass::Update).start;
    let begun = plan.steps(&Address::whole_stage(time, 0, update));
    let begun = begun.is_some_and(|steps| state.position.cursor().at() > steps.start);
    let from = if begun { time + 1 } else { time };
    state.position.change_run(|run| {
        if from < run.line().done() {
            run.fork(from);
        }
        if let Some(line) = run.line_mut(run.line_number()) {
            line.set_optimizer(from, optimizer);
        }
        run.leave();
    });
    Vec::new()
}

/// Other hyperparameters: in training from here on, else for the whole run.
pub(in crate::app) fn change_optimizer(state: &mut AppState, optimizer: Optimizer) -> Vec<Effect> {
    if state.inputs.training.is_none() {
        return edit_inputs(state, |inputs| inputs.optimizer = optimizer);
    }
    if optimizer == state.inputs.optimizer {
        return Vec::new();
    }
    state.undo.record(Edited::of(state));
    set_optimizer(state, optimizer)
}
