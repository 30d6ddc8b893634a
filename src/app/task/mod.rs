//! Work that may take long. A task is pure: it reads no file and no clock, reports its progress and can be cancelled.

mod training_job;

pub use training_job::{JobStep, News, TrainingJob, Until, checked};

use crate::app::state::{
    ActivationSearch, Answer, AttributionMaps, BreakpointSearch, Change, Derived, Draft, Inputs, Message,
    Need, Question, Restored, Run, Session, StopReason, derived, question,
};
use crate::data::{
    DataError, DataFiles, Dataset, Loaded, Location, Measured, OpenOptions, Opened, PictureError, Recipe,
    Split,
};
use crate::model_io::{Model, Near, Preset, presets};
use crate::nn::Execution;
use crate::trace::Trace;
use crate::train::{Learned, ShuffleExperiment};
use std::sync::Arc;

/// Something that a worker does.
#[derive(Debug)]
pub enum Task {
    /// Decode a picture or an array.
    Decode {
        /// The file's name.
        name: String,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
    },
    /// Make a model of a file's bytes.
    Read {
        /// The file's name.
        name: String,
        /// Where it is, for files in the same folder.
        location: Location,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
        /// The rows and columns of its picture, if the file leaves them free and they were asked for.
        size: Option<[usize; 2]>,
    },
    /// Make a session of a file's bytes.
    ReadSession {
        /// The file's name.
        name: String,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
    },
    /// Compute what it takes to continue a session.
    Restore {
        /// The session.
        session: Box<Session>,
        /// Its data set, or why it is not there; `None` where it has none.
        data: Option<Result<Dataset, String>>,
    },
    /// Make a preset's first weights.
    Start(Preset),
    /// Make the model that has been written, with what it keeps from the one that runs.
    Build {
        /// The draft.
        draft: Box<Draft>,
        /// The model that runs.
        running: Arc<Model>,
    },
    /// Compute what follows from inputs.
    Derive {
        /// The inputs.
        inputs: Box<Inputs>,
        /// Why they change.
        change: Change,
    },
    /// Train networks on pictures as they are and on shuffled ones.
    Experiment(ShuffleExperiment),
    /// Answer a question about a run's values.
    Answer {
        /// The values.
        trace: Arc<Trace>,
        /// The question.
        question: Question,
    },
    /// Compute more of a run's values.
    Approach {
        /// The run.
        run: Box<Run>,
        /// What it is to have.
        need: Need,
    },
    /// Look for the next breakpoint.
    BreakpointSearch(Box<BreakpointSearch>),
    /// Continue attribution maps.
    AttributionMaps {
        /// The map so far.
        made: Arc<AttributionMaps>,
        /// Whether to do one step only.
        once: bool,
    },
    /// Try some more examples of a data set.
    TopActivations(Box<ActivationSearch>),
    /// Open a data set.
    OpenData {
        /// Where it is.
        location: Location,
        /// How to read it.
        options: OpenOptions,
    },
    /// Open a session's data set again.
    OpenSessionData {
        /// The session, to be given back.
        session: Box<Session>,
        /// What to open.
        recipe: Box<Recipe>,
    },
    /// Find out what a part of a data set holds.
    MeasureData {
        /// The set.
        data: Dataset,
        /// The part.
        part: Split,
    },
    /// Compute the loss with the parameters after the update.
    LossAfter {
        /// The values.
        trace: Arc<Trace>,
        /// Their revision.
        revision: u64,
    },
}

/// What came of a task.
#[derive(Clone, Debug)]
pub enum Done {
    /// A model, or why not.
    Model(Result<Box<Model>, String>),
    /// A model whose file leaves the picture's size free, opened with a usual one.
    FreeSize {
        /// The file's name.
        name: String,
        /// Where it is.
        location: Location,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
        /// The model.
        model: Box<Model>,
    },
    /// A session, or why not.
    Session(Result<Box<Session>, String>),
    /// A session to continue, or why not.
    Restored(Result<Box<Restored>, String>),
    /// What follows from inputs, or why they do not go together.
    Derived(Change, Result<Box<Derived>, Message>),
    /// The run with more values, or why not.
    Approached(Result<Box<Run>, String>),
    /// What came of the experiment with shuffled pixels, or why nothing did.
    Experimented(Result<Arc<[Learned; 4]>, String>),
    /// The answer to a question.
    Answered(Question, Box<Answer>),
    /// A search and where it stopped, or why it failed.
    BreakpointSearched(Result<(Box<BreakpointSearch>, StopReason), String>),
    /// The attribution maps so far.
    AttributionMaps(Box<AttributionMaps>),
    /// What was found in the examples so far.
    TopActivations(Box<ActivationSearch>),
    /// A picture or an array, or why not.
    Picture(Result<Arc<Loaded>, PictureError>),
    /// A data set, or why it could not be opened.
    DataOpened(Result<Opened, DataError>),
    /// A session and its data set, or why that could not be opened.
    SessionData(Box<Session>, Result<Dataset, String>),
    /// What a part of a data set holds, or why that cannot be found out.
    DataMeasured {
        /// The set.
        data: Dataset,
        /// The part.
        part: Split,
        /// What it holds.
        result: Result<Measured, DataError>,
    },
    /// The loss after the update.
    LossAfter {
        /// The revision of the values.
        revision: u64,
        /// The loss.
        loss: f32,
    },
}

impl Task {
    /// Does it; `None` if it was cancelled. `files` opens data sets.
    pub fn run(&self, exec: Execution, files: &dyn DataFiles) -> Option<Done> {
        match self {
            Self::Decode { name, bytes } => Some(Done::Picture(Loaded::decode(name, bytes).map(Arc::new))),
            Self::Read { name, location, bytes, size } => {
                let near = Near { files: &*files.beside(location), size: *size, ..Near::NOTHING };
                let model = Model::from_file(name, bytes, &near);
                let model = model.map(Box::new).map_err(|error| error.to_string());
                Some(match model {
                    Ok(model) if size.is_none() && Model::leaves_size_free(name, bytes) => {
                        let (name, location, bytes) = (name.clone(), location.clone(), Arc::clone(bytes));
                        Done::FreeSize { name, location, bytes, model }
                    }
                    model => Done::Model(model),
                })
            }
            Self::ReadSession { name, bytes } => {
                Some(Done::Session(Session::from_bytes(name, bytes).map(Box::new)))
            }
            Self::Restore { session, data } => match session.clone().restore(data.clone(), exec) {
                Ok(restored) => Some(Done::Restored(Ok(Box::new(restored?)))),
                Err(error) => Some(Done::Restored(Err(error))),
            },
            Self::Start(preset) => {
                let model = preset.model(presets::SEED);
                Some(Done::Model(model.map(Box::new).map_err(|error| error.to_string())))
            }
            Self::Build { draft, running } => Some(Done::Model(draft.model(running).map(Box::new))),
            Self::Derive { inputs, change } => match derived::derive((**inputs).clone(), exec) {
                Ok(derived) => Some(Done::Derived(*change, Ok(Box::new(derived?)))),
                Err(error) => Some(Done::Derived(*change, Err(error))),
            },
            Self::Experiment(experiment) => match experiment.run(exec) {
                Ok(learned) => Some(Done::Experimented(Ok(Arc::new(learned?)))),
                Err(error) => Some(Done::Experimented(Err(error.0))),
            },
            Self::Answer { trace, question } => {
                let answer = question::answer(trace, *question, exec)?;
                Some(Done::Answered(*question, Box::new(answer)))
            }
            Self::Approach { run, need } => {
                let mut run = run.clone();
                match run.approach(*need, u32::MAX, exec) {
                    Ok(is_there) => is_there.then_some(Done::Approached(Ok(run))),
                    Err(error) => Some(Done::Approached(Err(error))),
                }
            }
            Self::BreakpointSearch(search) => {
                let mut search = search.clone();
                match search.advance(u32::MAX, exec) {
                    Ok(reason) => reason.map(|reason| Done::BreakpointSearched(Ok((search, reason)))),
                    Err(error) => Some(Done::BreakpointSearched(Err(error))),
                }
            }
            Self::AttributionMaps { made, once } => {
                let mut made = Box::new((**made).clone());
                made.advance(*once, exec).then_some(Done::AttributionMaps(made))
            }
            Self::TopActivations(search) => {
                let mut search = search.clone();
                search.advance(exec).then_some(Done::TopActivations(search))
            }
            Self::OpenData { location, options } => {
                Some(Done::DataOpened(files.open(location, options.clone(), exec)))
            }
            Self::OpenSessionData { session, recipe } => {
                let data = recipe.make(files, exec).map_err(|error| error.to_string());
                Some(Done::SessionData(session.clone(), data))
            }
            Self::MeasureData { data, part } => {
                let result = data.measure(*part, exec);
                Some(Done::DataMeasured { data: data.clone(), part: *part, result })
            }
            Self::LossAfter { trace, revision } => {
                Some(Done::LossAfter { revision: *revision, loss: trace.loss_after() })
            }
        }
    }
}
