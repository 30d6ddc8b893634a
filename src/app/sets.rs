//! The data sets at hand: opening one, looking at what it holds, taking an example to step through.

use super::{
    action::{Effect, fail, set_inputs},
    files,
    history::Inputs,
    state::{AppState, Busy, Doing, Page},
    training::{self, TrainAction},
    work::Change,
};
use crate::data::{
    Content, DataError, Dataset, Generated, Loaded, Measured, Opened, Picture, Skipped, Split,
};
use crate::model_io::Model;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::Ordering},
};

/// Something about the data sets at hand.
#[derive(Clone, Debug)]
pub enum DataAction {
    /// Opens or closes the question where a data set lies.
    Ask(bool),
    /// Let the system ask for it.
    Choose {
        /// A folder instead of a file.
        folder: bool,
    },
    /// Open the set at a path.
    Open(PathBuf),
    /// A worker is so far: from 0 to 1.
    Progress {
        /// The job's number.
        job: u64,
        /// The part that is done.
        part: f32,
    },
    /// A set has been opened, or not.
    Opened {
        /// The job's number.
        job: u64,
        /// The set.
        result: Result<Opened, DataError>,
    },
    /// Open no longer.
    Cancel,
    /// Look at another set.
    Show(Shown),
    /// Look at another part of it.
    Split(Split),
    /// Look at one class only, or at all.
    Class(Option<usize>),
    /// What the part that is looked at holds, or why that cannot be told.
    Measured {
        /// The job's number.
        job: u64,
        /// The answer.
        result: Result<Measured, DataError>,
    },
    /// An example becomes the picture that is stepped through, with its label; of a network in training by the weights
    /// after the step looked at, or the latest while it goes on.
    StepThrough {
        /// Its set.
        data: Dataset,
        /// Its part.
        part: Split,
        /// Its number in the part.
        index: u64,
    },
}

/// A set that can be looked at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Shown {
    /// A generator's.
    Generated(Generated),
    /// The one that was opened.
    Opened,
}

/// A set that was opened.
#[derive(Clone, Debug)]
pub struct OpenedSet {
    /// Where it lies.
    pub path: PathBuf,
    /// The set; what it has not is kept back from training in the usual share.
    pub dataset: Dataset,
    /// Files that were left out.
    pub skipped: Vec<Skipped>,
}

/// The data sets at hand.
#[derive(Clone, Debug)]
pub struct DataState {
    /// The question where a data set lies is open.
    pub asking: bool,
    /// The set that was opened last.
    pub opened: Option<OpenedSet>,
    /// The opening that goes on.
    pub opening: Option<Busy>,
    /// The part that is looked at.
    pub part: Split,
    /// The class that is looked at; `None` for all.
    pub class: Option<usize>,
    path: PathBuf,
    shown: Option<Shown>,
    measuring: Option<(Busy, Dataset, Split)>,
    measured: Vec<(Dataset, Split, Result<Arc<Measured>, DataError>)>,
}

impl Default for DataState {
    fn default() -> Self {
        Self {
            asking: false,
            opened: None,
            opening: None,
            part: Split::Train,
            class: None,
            path: PathBuf::new(),
            shown: None,
            measuring: None,
            measured: Vec::new(),
        }
    }
}

impl DataState {
    /// What a part of a set holds, once that is known.
    pub fn measured(&self, data: &Dataset, part: Split) -> Option<&Result<Arc<Measured>, DataError>> {
        self.measured.iter().find(|(of, its, _)| (of, *its) == (data, part)).map(|(.., measured)| measured)
    }

    /// The part of the measuring that is done, where it goes on: from 0 to 1.
    pub fn measuring(&self) -> Option<f32> {
        self.measuring.as_ref().map(|(busy, ..)| busy.part)
    }
}

impl AppState {
    /// The set that is looked at: as it is trained on, where it is.
    pub fn shown_data(&self) -> Dataset {
        let trained = self.inputs.training.as_ref().map(|training| &training.schedule.data);
        let chosen = match self.data.shown {
            None => trained.cloned(),
            Some(Shown::Opened) => self.data.opened.as_ref().map(|opened| opened.dataset.clone()),
            Some(Shown::Generated(generated)) => Some(Dataset::generated(generated, self.inputs.seed)),
        };
        let chosen = chosen.unwrap_or_else(|| Dataset::generated(usual(self.model()), self.inputs.seed));
        trained.filter(|trained| trained.is_of_one_source(&chosen)).cloned().unwrap_or(chosen)
    }
}

/// The generator whose pictures have as many channels as the network looks at.
fn usual(model: &Model) -> Generated {
    let channels = model.network.input[0];
    let fits = |generated: &Generated| generated.input_shape()[0] == channels;
    Generated::ALL.into_iter().find(fits).unwrap_or(Generated::ALL[0])
}

/// Does it.
pub(super) fn act(state: &mut AppState, action: DataAction) -> Vec<Effect> {
    match action {
        DataAction::Ask(asking) => state.data.asking = asking,
        DataAction::Choose { folder } => return vec![Effect::AskForData { folder }],
        DataAction::Open(path) => return open(state, path),
        DataAction::Progress { job, part } => {
            let measuring = state.data.measuring.as_mut().map(|(busy, ..)| busy);
            let at_work = state.data.opening.iter_mut().chain(measuring).chain(&mut state.busy);
            at_work.filter(|busy| busy.job == job).for_each(|busy| busy.part = part);
        }
        DataAction::Opened { job, result } => {
            if state.data.opening.take_if(|busy| busy.job == job).is_some() {
                match result {
                    Ok(opened) => return take_over(state, opened),
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
pub(super) fn follow(state: &mut AppState) -> Vec<Effect> {
    let wanted = match state.view.page {
        Page::Data => Some((state.shown_data(), state.data.part)),
        Page::Training => {
            let training = state.inputs.training.as_ref();
            training.map(|training| (training.schedule.data.clone(), Split::Train))
        }
        Page::Closeup | Page::Looks | Page::Compare => None,
    };
    let Some((data, part)) = wanted.filter(|(data, part)| !data.is_empty(*part)) else { return Vec::new() };
    let is_under_way = state.data.measuring.as_ref().is_some_and(|(_, of, its)| (of, *its) == (&data, part));
    if is_under_way || state.data.measured(&data, part).is_some() {
        return Vec::new();
    }
    if let Some((busy, ..)) = state.data.measuring.take() {
        busy.stop.store(true, Ordering::Relaxed);
    }
    let busy = busy(state, data.name().to_owned(), Doing::Computing);
    let effect =
        Effect::MeasureData { job: busy.job, data: data.clone(), part, stop: Arc::clone(&busy.stop) };
    state.data.measuring = Some((busy, data, part));
    vec![effect]
}

fn busy(state: &mut AppState, name: String, doing: Doing) -> Busy {
    state.jobs += 1;
    Busy { job: state.jobs, name, doing, part: 0.0, stop: Arc::default() }
}

fn stop(work: &mut Option<Busy>) {
    if let Some(busy) = work.take() {
        busy.stop.store(true, Ordering::Relaxed);
    }
}

fn open(state: &mut AppState, path: PathBuf) -> Vec<Effect> {
    stop(&mut state.data.opening);
    let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into());
    let busy = busy(state, name, Doing::Reading);
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
fn take_over(state: &mut AppState, opened: Opened) -> Vec<Effect> {
    let dataset = opened.dataset.with_split(opened.dataset.usual_share(), state.inputs.seed);
    let path = std::mem::take(&mut state.data.path);
    state.data.opened = Some(OpenedSet { path, dataset: dataset.clone(), skipped: opened.skipped });
    (state.data.shown, state.data.part, state.data.class) = (Some(Shown::Opened), Split::Train, None);
    // Of a set that is gone.
    state.data.measured.retain(|(data, ..)| data.generator().is_some());
    let whole = dataset.path().map(Path::to_owned);
    let mut effects: Vec<Effect> = whole.map(|path| files::remember(state, path)).into_iter().collect();
    if state.view.page == Page::Training {
        effects.extend(training::act(state, TrainAction::Use(Some(dataset))));
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
