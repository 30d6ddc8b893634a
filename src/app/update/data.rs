//! Opens data sets, measures them, takes an example to step through.

use super::{
    files,
    inputs::set_inputs,
    jobs,
    notice::{fail, notice},
    training,
};
use crate::app::{
    action::{DataAction, TrainAction},
    effect::Effect,
    state::{
        About, AppState, Change, Inputs, JobKind, Message, NoticeKind, OpenedSet, Page, PartsQuestion, Shown,
        training::model_that_learned,
    },
    task::Task,
};
use crate::data::{
    Content, DataError, Dataset, Loaded, Location, Measured, OpenOptions, Opened, Picture, Skipped, Split,
    UpperFolders,
};
use std::sync::Arc;

/// Applies an action on data sets.
pub(in crate::app) fn update(state: &mut AppState, action: DataAction) -> Vec<Effect> {
    match action {
        DataAction::Ask(asking) => state.data.asking = asking,
        DataAction::Choose { folder } => return vec![Effect::AskForData { folder }],
        DataAction::Open(location) => return open_set(state, location, UpperFolders::ByName),
        DataAction::AnswerParts(folders) => return answer_parts(state, folders),
        DataAction::Show(shown) => (state.data.shown, state.data.class) = (Some(shown), None),
        DataAction::Split(part) => state.data.part = part,
        DataAction::Class(class) => state.data.class = class,
        DataAction::StepThrough { data, part, index } => return step_through(state, &data, part, index),
    }
    Vec::new()
}

/// After every action: measures what is shown, or trained on, and not known yet.
pub(in crate::app) fn measure_shown(state: &mut AppState) -> Vec<Effect> {
    let wanted = match state.view.page {
        Page::Data => Some((state.shown_data(), state.data.part)),
        Page::Training => {
            let training = state.inputs.training.as_ref();
            training.map(|training| (training.schedule.data.clone(), Split::Train))
        }
        Page::Home | Page::Network | Page::Attribution | Page::Compare => None,
    };
    let Some((data, part)) = wanted.filter(|(data, part)| !data.is_empty(*part)) else { return Vec::new() };
    let is_measuring = state.jobs.of_kind(JobKind::MeasuringData).is_some()
        && state.data.measuring.as_ref().is_some_and(|(of, its)| (of, *its) == (&data, part));
    if is_measuring || state.data.measured(&data, part).is_some() {
        return Vec::new();
    }
    state.data.measuring = Some((data.clone(), part));
    let name = data.name().to_owned();
    vec![jobs::start(state, JobKind::MeasuringData, name, Task::MeasureData { data, part })]
}

/// Keeps what a part of a set holds.
pub(in crate::app) fn apply_measured(
    state: &mut AppState,
    data: Dataset,
    part: Split,
    result: Result<Measured, DataError>,
) {
    const KEPT: usize = 8;
    state.data.measuring = None;
    if result != Err(DataError::Cancelled) {
        let measured = &mut state.data.measured;
        measured.push((data, part, result.map(Arc::new)));
        measured.drain(..measured.len().saturating_sub(KEPT));
    }
}

/// Opens the set at a location.
fn open_set(state: &mut AppState, location: Location, folders: UpperFolders) -> Vec<Effect> {
    let name = location.display_name();
    let [_, h, w] = state.model().network.input;
    // Pictures of any size are kept large enough for other networks too.
    const SIDE: usize = 96;
    let options = OpenOptions { max_side: Some(h.max(w).max(SIDE)), folders, ..OpenOptions::default() };
    let task = Task::OpenData { location: location.clone(), options };
    let effect = jobs::start(state, JobKind::OpeningData, name, task);
    state.jobs.set_file(Some(location));
    (state.data.asking, state.data.parts_question) = (false, None);
    vec![effect]
}

/// Opens the set that was asked about.
fn answer_parts(state: &mut AppState, folders: Option<UpperFolders>) -> Vec<Effect> {
    let question = state.data.parts_question.take();
    let answered = question.zip(folders);
    answered.map_or_else(Vec::new, |(question, folders)| open_set(state, question.location, folders))
}

/// A set has been opened at `location`, or not.
pub(in crate::app) fn apply_opened(
    state: &mut AppState,
    location: Option<Location>,
    result: Result<Opened, DataError>,
) -> Vec<Effect> {
    match result {
        Ok(opened) => return use_opened(state, location.unwrap_or_default(), opened),
        Err(DataError::Cancelled) => {}
        Err(DataError::PartsUnclear { folders, .. }) if location.is_some() => {
            state.data.parts_question = location.map(|location| PartsQuestion { location, folders });
        }
        Err(error) => fail(state, error),
    }
    Vec::new()
}

/// A set has been opened: it is trained on where the page is that of training, else it is shown.
fn use_opened(state: &mut AppState, location: Location, opened: Opened) -> Vec<Effect> {
    let dataset = opened.dataset.with_split(opened.dataset.usual_share(), state.inputs.seed);
    let Opened { notes, skipped, .. } = opened;
    if state.view.page == Page::Training {
        // The page of data lists them itself.
        for note in &notes {
            let (name, text) = (dataset.name().to_owned(), format!("{}: {note}", dataset.name()));
            notice(state, Message { text, about: About::Note(name, note.clone()) }, NoticeKind::Info);
        }
        if let Some(first) = skipped.first() {
            let (n, Skipped { name, reason }) = (skipped.len(), first);
            let data = dataset.name();
            let text = format!("{data}: left out {n}, the first of them {name}: {reason}");
            let blanks = [("data", data), ("n", &n.to_string()), ("name", name), ("reason", reason)];
            notice(state, Message::sentence(text, "notice.left_out", &blanks), NoticeKind::Info);
        }
    }
    state.data.opened = Some(OpenedSet { location, dataset: dataset.clone(), notes, skipped });
    (state.data.shown, state.data.part, state.data.class) = (Some(Shown::Opened), Split::Train, None);
    // This is for a set that is gone.
    state.data.measured.retain(|(data, ..)| data.generator().is_some());
    let whole = dataset.location().cloned();
    let mut effects: Vec<Effect> =
        whole.map(|location| files::remember_recent(state, location)).into_iter().collect();
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
            let inputs = state.inputs.clone().with_picture(Arc::new(picture));
            let mut inputs = Inputs { training: None, ..inputs };
            if let Some(training) = &state.inputs.training
                && state.position.run().branch().done() > 0
            {
                let params = training::trained(state);
                inputs.model = Arc::new(model_that_learned(&inputs.model, params, &training.schedule.data));
            }
            state.view.page = Page::Network;
            set_inputs(state, inputs, Change::Renew)
        }
        Err(error) => {
            fail(state, error);
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
