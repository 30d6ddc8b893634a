//! Opens data sets, measures them, takes an example to step through.

use super::{files, inputs::set_inputs, notice::fail, training};
use crate::app::{
    action::{DataAction, TrainAction},
    effect::Effect,
    state::{AppState, Busy, Change, Inputs, JobKind, OpenedSet, Page, Shown},
};
use crate::data::{Content, DataError, Dataset, Loaded, Opened, Picture, Split};
use crate::model_io::Model;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

/// Does it.
pub(in crate::app) fn update(state: &mut AppState, action: DataAction) -> Vec<Effect> {
    match action {
        DataAction::Ask(asking) => state.data.asking = asking,
        DataAction::Choose { folder } => return vec![Effect::AskForData { folder }],
        DataAction::Open(path) => return open_set(state, path),
        DataAction::Progress { job, part } => {
            let measuring = state.data.measuring.as_mut().map(|(busy, ..)| busy);
            let at_work = state.data.opening.iter_mut().chain(measuring).chain(&mut state.busy);
            at_work.filter(|busy| busy.job == job).for_each(|busy| busy.part = part);
        }
        DataAction::Opened { job, result } => {
            if state.data.opening.take_if(|busy| busy.job == job).is_some() {
                match result {
                    Ok(opened) => return use_opened(state, opened),
                    Err(DataError::Cancelled) => {}
                    Err(error) => fail(state, error.to_string()),
                }
            }
        }
        DataAction::Cancel => stop(&mut state.data.opening),
        DataAction::Show(shown) => (state.data.shown, state.data.class) = (Some(shown), None),
        DataAction::Split(part) => state.data.part = part,
        DataAction::Class(class) => state.data.class = class,
        DataAction::Measured { job, result } => {
            const KEPT: usize = 8;
            let of_it = state.data.measuring.take_if(|(busy, ..)| busy.job == job);
            if let Some((_, data, part)) = of_it.filter(|_| result != Err(DataError::Cancelled)) {
                let measured = &mut state.data.measured;
                measured.push((data, part, result.map(Arc::new)));
                measured.drain(..measured.len().saturating_sub(KEPT));
            }
        }
        DataAction::StepThrough { data, part, index } => return step_through(state, &data, part, index),
    }
    Vec::new()
}

/// After every action: measures what is looked at, or trained on, and not known yet.
pub(in crate::app) fn measure_shown(state: &mut AppState) -> Vec<Effect> {
    let wanted = match state.view.page {
        Page::Data => Some((state.shown_data(), state.data.part)),
        Page::Training => {
            let training = state.inputs.training.as_ref();
            training.map(|training| (training.schedule.data.clone(), Split::Train))
        }
        Page::Closeup | Page::Attribution | Page::Compare => None,
    };
    let Some((data, part)) = wanted.filter(|(data, part)| !data.is_empty(*part)) else { return Vec::new() };
    let is_under_way = state.data.measuring.as_ref().is_some_and(|(_, of, its)| (of, *its) == (&data, part));
    if is_under_way || state.data.measured(&data, part).is_some() {
        return Vec::new();
    }
    if let Some((busy, ..)) = state.data.measuring.take() {
        busy.stop.store(true, Ordering::Relaxed);
    }
    let busy = busy(state, data.name().to_owned(), JobKind::Computing);
    let effect =
        Effect::MeasureData { job: busy.job, data: data.clone(), part, stop: Arc::clone(&busy.stop) };
    state.data.measuring = Some((busy, data, part));
    vec![effect]
}

fn busy(state: &mut AppState, name: String, kind: JobKind) -> Busy {
    state.jobs += 1;
    Busy { job: state.jobs, name, kind, part: 0.0, stop: Arc::default() }
}

fn stop(work: &mut Option<Busy>) {
    if let Some(busy) = work.take() {
        busy.stop.store(true, Ordering::Relaxed);
    }
}

fn open_set(state: &mut AppState, path: PathBuf) -> Vec<Effect> {
    stop(&mut state.data.opening);
    let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into());
    let busy = busy(state, name, JobKind::Reading);
    let [_, h, w] = state.model().network.input;
    // Pictures of any size are kept large enough for other networks too.
    const SIDE: usize = 96;
    let at_most = h.max(w).max(SIDE);
    let effect =
        Effect::OpenData { job: busy.job, path: path.clone(), at_most, stop: Arc::clone(&busy.stop) };
    (state.data.opening, state.data.path, state.data.asking) = (Some(busy), path, false);
    vec![effect]
}

/// A set has been opened: it is trained on where the page is that of training, else it is shown.
fn use_opened(state: &mut AppState, opened: Opened) -> Vec<Effect> {
    let dataset = opened.dataset.with_split(opened.dataset.usual_share(), state.inputs.seed);
    let path = std::mem::take(&mut state.data.path);
    state.data.opened = Some(OpenedSet { path, dataset: dataset.clone(), skipped: opened.skipped });
    (state.data.shown, state.data.part, state.data.class) = (Some(Shown::Opened), Split::Train, None);
    // Of a set that is gone.
    state.data.measured.retain(|(data, ..)| data.generator().is_some());
    let whole = dataset.path().map(Path::to_owned);
    let mut effects: Vec<Effect> =
        whole.map(|path| files::remember_recent(state, path)).into_iter().collect();
    if state.view.page == Page::Training {
        effects.extend(training::update(state, TrainAction::Use(Some(dataset))));
    } else {
        state.view.page = Page::Data;
    }
    effects
}

fn step_through(state: &mut AppState, data: &Dataset, part: Split, index: u64) -> Vec<Effect> {
    match example(data, part, index) {
        Ok(picture) => {
            let mut inputs = Inputs {
                picture: Arc::new(picture),
                painted: None,
                label: None,
                training: None,
                ..state.inputs.clone()
            };
            if state.inputs.training.is_some() && state.run.line().done() > 0 {
                let params = training::trained(state);
                inputs.model = Arc::new(Model { params, ..(*inputs.model).clone() });
            }
            state.view.page = Page::Closeup;
            set_inputs(state, inputs, Change::Renew)
        }
        Err(error) => {
            fail(state, error.to_string());
            Vec::new()
        }
    }
}

/// An example as a picture with its label.
fn example(data: &Dataset, part: Split, index: u64) -> Result<Loaded, DataError> {
    let example = data.example(part, index)?;
    let name = format!("{} {} {index}", data.name(), part.name());
    let picture = Picture::from_tensor(&name, &example.pixels)?;
    let label = data.classes().get(example.class).cloned();
    Ok(Loaded { name, content: Content::Picture(picture), label })
}
