//! Files: where the session is kept and whether it has changed since, what was opened lately, what a crash left
//! behind. What is to be read or written goes to the shell as an effect.

use super::{
    Inputs, Marks, Restored, Session,
    action::{Action, Effect, fail, notice, open_bytes},
    session,
    state::{AppState, Doing, NoticeKind, Page, ViewState},
    training,
    work::{self, Task},
};
use crate::data::{Dataset, Recipe};
use crate::model_io::{Model, session::ENDING};
use crate::trace::{Address, Cursor};
use crate::train::{Fork, StopWhen};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Something about files.
#[derive(Clone, Debug)]
pub enum FileAction {
    /// Save the session where it was saved last, or ask where.
    Save,
    /// Ask where to save.
    Ask(Kind),
    /// The place is being typed.
    Type(String),
    /// Ask the system's dialog for the place.
    Browse,
    /// Not to be saved after all.
    Forget,
    /// Save at the place that was typed; `replace`: also where a file is there.
    Confirm {
        /// Whether to replace.
        replace: bool,
    },
    /// The system's dialog gave a place; it has asked about replacing.
    Chosen(PathBuf),
    /// The place is taken.
    Taken(PathBuf),
    /// It is written, or not.
    Written {
        /// Where.
        path: PathBuf,
        /// What was written.
        kind: Kind,
        /// What it was when it was written.
        stamp: Box<Stamp>,
        /// Why it is not written.
        result: Result<(), String>,
    },
    /// Open a file that was opened before.
    Open(PathBuf),
    /// A file's bytes have come.
    Opened {
        /// Where it is.
        path: PathBuf,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
    },
    /// The files that were opened lately, and whether they are there.
    Recent(Vec<Recent>),
    /// A crash left a session behind, or nothing more is left.
    Offer(Option<Offer>),
    /// Go on with what a crash left behind.
    Restore,
    /// Forget it.
    Discard,
    /// Its bytes have come.
    Rescued(Arc<Vec<u8>>),
    /// The data set of a session has been opened, or not.
    DataMade {
        /// The job's number.
        job: u64,
        /// The session.
        session: Box<Session>,
        /// The data set.
        result: Result<Dataset, String>,
    },
    /// Look again for the data set that a session trained on: where it was, or elsewhere.
    FindData(Option<PathBuf>),
}

/// What can be saved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// All of it.
    Session,
    /// The network and its weights.
    Model,
}

impl Kind {
    /// The ending of its files.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Session => ENDING,
            Self::Model => "safetensors",
        }
    }
}

/// What is to be written.
#[derive(Clone, Debug)]
pub enum Content {
    /// A session.
    Session(Box<Session>),
    /// A model.
    Model(Arc<Model>),
}

impl Content {
    /// What it is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Session(_) => Kind::Session,
            Self::Model(_) => Kind::Model,
        }
    }

    /// The file.
    ///
    /// # Errors
    /// Where something does not fit its form.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Session(session) => session.to_bytes(),
            Self::Model(model) => model.to_bytes().map_err(|error| error.0),
        }
    }
}

/// A file that was opened or saved lately.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recent {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it was there when it was last looked for.
    #[serde(skip, default = "is_there")]
    pub is_there: bool,
}

const fn is_there() -> bool {
    true
}

/// Files that are remembered.
pub const RECENT: usize = 10;

/// A session that a crash left behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Minutes since it was last saved by itself.
    pub minutes: u64,
}

/// The place that is being asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// What is to be saved.
    pub kind: Kind,
    /// The path as it is typed.
    pub text: String,
    /// There is such a file.
    pub is_taken: bool,
}

/// A session whose data set is not there.
#[derive(Clone, PartialEq, Debug)]
pub struct Absent {
    /// The session, whole.
    pub session: Box<Session>,
    /// Why.
    pub why: String,
}

/// What goes on with files.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Where the session is kept.
    pub path: Option<PathBuf>,
    /// Where files are saved by default.
    pub folder: PathBuf,
    /// The session as it was when it was last saved, opened or begun.
    saved: Option<Box<Stamp>>,
    /// What was opened lately, latest first.
    pub recent: Vec<Recent>,
    /// What a crash left behind.
    pub offer: Option<Offer>,
    /// The place to save at that is being asked for.
    pub asked: Option<Asked>,
    /// Training whose data set is not there.
    pub absent: Option<Absent>,
    /// What a crash left behind is in use: it is kept anew with all else.
    pub is_restored: bool,
    /// The job that reads a file, and where it is.
    reading: Option<(u64, PathBuf)>,
}

/// What there is to save at some moment, to be held against another; all that is large is shared.
#[derive(Clone, Debug)]
pub struct Stamp {
    inputs: Inputs,
    lines: Vec<(Option<Fork>, u32, usize)>,
    stops: Vec<StopWhen>,
    marks: Marks,
    place: (Cursor, Option<Address>, usize),
    view: (ViewState, Page),
}

impl Stamp {
    /// Of this moment.
    pub fn of(state: &AppState) -> Self {
        let lines = state.run.lines().iter();
        let is_training = state.inputs.training.is_some();
        let lines = lines.filter(|_| is_training);
        Self {
            inputs: state.inputs.clone(),
            lines: lines.map(|line| (line.fork(), line.done(), line.optimizers().len())).collect(),
            stops: state.training.stops.clone(),
            marks: state.marks.clone(),
            place: (state.cursor, state.selected, state.run.line_number()),
            view: (state.view, state.view.page),
        }
    }

    /// Whether nothing has changed in between but where one looks.
    pub fn is_same_work(&self, other: &Self) -> bool {
        // Large things are told apart by what they are, not number by number.
        self.inputs.is_identical(&other.inputs)
            && (&self.lines, &self.stops, &self.marks) == (&other.lines, &other.stops, &other.marks)
    }

    /// Whether nothing at all has changed in between.
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_same_work(other) && (&self.place, &self.view) == (&other.place, &other.view)
    }
}

impl AppState {
    /// Whether there is something that has not been saved.
    pub fn is_unsaved(&self) -> bool {
        self.files.saved.as_ref().is_none_or(|saved| !saved.is_same_work(&Stamp::of(self)))
    }

    /// Whether something that the user made, not only opened, has not been saved: what was trained, edited, drawn,
    /// bookmarked.
    pub fn has_unsaved_work(&self) -> bool {
        let trained = self.inputs.training.is_some() && self.run.lines().iter().any(|line| line.done() > 0);
        let edited = self.inputs.loaded.is_some() || self.inputs.painted.is_some();
        let unmarked = self.files.saved.as_ref().is_some_and(|saved| saved.marks == self.marks);
        (trained || edited || !unmarked) && self.is_unsaved()
    }

    /// The session as it is kept by itself: it remembers its file.
    pub fn rescue(&self) -> Session {
        Session::of(self).at(self.files.path.clone())
    }
}

/// What is there now counts as saved.
pub(super) fn settle(state: &mut AppState) {
    state.files.saved = Some(Box::new(Stamp::of(state)));
}

/// Does it.
pub(super) fn act(state: &mut AppState, action: FileAction) -> Vec<Effect> {
    match action {
        FileAction::Save => match state.files.path.clone() {
            Some(path) => return write(state, Kind::Session, path, true),
            None => ask(state, Kind::Session),
        },
        FileAction::Ask(kind) => ask(state, kind),
        FileAction::Type(text) => {
            if let Some(asked) = &mut state.files.asked {
                (asked.text, asked.is_taken) = (text, false);
            }
        }
        FileAction::Browse => {
            if let Some(asked) = &state.files.asked {
                let (kind, path) = (asked.kind, PathBuf::from(&asked.text));
                return vec![Effect::AskWhere { kind, path }];
            }
        }
        FileAction::Forget => state.files.asked = None,
        FileAction::Confirm { replace } => {
            if let Some(Asked { kind, text, .. }) = state.files.asked.clone() {
                if text.trim().is_empty() {
                    fail(state, "expected the file's name, got none; type it".into());
                    return Vec::new();
                }
                let path = state.files.folder.join(with_ending(Path::new(text.trim()), kind));
                return write(state, kind, path, replace);
            }
        }
        FileAction::Chosen(path) => {
            if let Some(kind) = state.files.asked.as_ref().map(|asked| asked.kind) {
                let whole = with_ending(&path, kind);
                // The dialog has asked only about the name as it was typed there.
                let replace = whole == path;
                return write(state, kind, whole, replace);
            }
        }
        FileAction::Taken(path) => {
            if let Some(asked) = &mut state.files.asked {
                (asked.text, asked.is_taken) = (path.display().to_string(), true);
            }
        }
        FileAction::Written { path, kind, stamp, result } => {
            return written(state, path, kind, stamp, result);
        }
        FileAction::Open(path) => return vec![Effect::Read(path)],
        FileAction::Opened { path, bytes } => {
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let effects = open_bytes(state, name, bytes);
            state.files.reading = Some((state.jobs, path));
            return effects;
        }
        FileAction::Recent(recent) => state.files.recent = recent.into_iter().take(RECENT).collect(),
        FileAction::Offer(offer) => state.files.offer = offer,
        FileAction::Restore => {
            if state.files.offer.take().is_some() {
                return vec![Effect::Rescue];
            }
        }
        FileAction::Discard => {
            if state.files.offer.take().is_some() {
                return vec![Effect::DiscardRescue];
            }
        }
        FileAction::Rescued(bytes) => {
            state.files.reading = None;
            return vec![read_session(state, "session".into(), bytes)];
        }
        FileAction::DataMade { job, session, result } => {
            if state.busy.as_ref().is_some_and(|busy| busy.job == job) {
                state.busy = None;
                let effect = restore(state, session, Some(result));
                hand_on(state, job);
                return vec![effect];
            }
        }
        FileAction::FindData(path) => {
            if let Some(Absent { session, .. }) = state.files.absent.clone() {
                let recipe = session.recipe().cloned();
                let elsewhere = recipe.and_then(|recipe| Some(recipe.at(path?)));
                let session = match elsewhere {
                    Some(recipe) => Box::new(session.with_recipe(recipe)),
                    None => session,
                };
                state.files.reading = None;
                return come_back(state, 0, session);
            }
        }
    }
    Vec::new()
}

/// The same with the ending of its kind, where it has none.
fn with_ending(path: &Path, kind: Kind) -> PathBuf {
    let has = path.extension().is_some_and(|own| own.eq_ignore_ascii_case(kind.ending()));
    if has {
        return path.to_owned();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(kind.ending());
    name.into()
}

fn ask(state: &mut AppState, kind: Kind) {
    let files = &state.files;
    let path = match (kind, &files.path) {
        (Kind::Session, Some(path)) => path.clone(),
        (Kind::Session | Kind::Model, _) => {
            let own = files.path.as_deref().and_then(Path::parent).unwrap_or(&files.folder);
            let name = Path::new(&state.model().name);
            let stem =
                if Model::is_file(&state.model().name) { name.file_stem() } else { Some(name.as_os_str()) };
            own.join(with_ending(Path::new(stem.unwrap_or(name.as_os_str())), kind))
        }
    };
    state.files.asked = Some(Asked { kind, text: path.display().to_string(), is_taken: false });
}

fn write(state: &AppState, kind: Kind, path: PathBuf, replace: bool) -> Vec<Effect> {
    let content = match kind {
        Kind::Session => Content::Session(Box::new(Session::of(state))),
        Kind::Model => Content::Model(as_trained(state)),
    };
    vec![Effect::Write { path, content, stamp: Box::new(Stamp::of(state)), replace }]
}

/// The model; in training on a data set with the weights after the last step.
fn as_trained(state: &AppState) -> Arc<Model> {
    let model = &state.inputs.model;
    let line = state.run.line();
    match line.keyframes.before(line.done()).filter(|_| state.inputs.training.is_some()) {
        Some((_, last)) => Arc::new(Model { params: Arc::clone(&last.params), ..(**model).clone() }),
        None => Arc::clone(model),
    }
}

fn written(
    state: &mut AppState,
    path: PathBuf,
    kind: Kind,
    stamp: Box<Stamp>,
    result: Result<(), String>,
) -> Vec<Effect> {
    if let Err(error) = result {
        fail(state, error);
        return Vec::new();
    }
    state.files.asked = None;
    match kind {
        Kind::Session => {
            state.files.path = Some(path.clone());
            state.files.saved = Some(stamp);
            state.files.absent = None;
        }
        Kind::Model => notice(state, format!("→ {}", path.display()), NoticeKind::Info),
    }
    vec![remember(state, path)]
}

/// Puts a file before all others that were opened lately.
pub(super) fn remember(state: &mut AppState, path: PathBuf) -> Effect {
    let recent = &mut state.files.recent;
    recent.retain(|recent| recent.path != path);
    recent.insert(0, Recent { path, is_there: true });
    recent.truncate(RECENT);
    Effect::KeepRecent(recent.clone())
}

/// What a job has read is in use: its file is remembered.
pub(super) fn has_opened(state: &mut AppState, job: u64) -> Option<Effect> {
    let (_, path) = state.files.reading.take_if(|(of, _)| *of == job)?;
    Some(remember(state, path))
}

/// Reads a session off the window's thread.
pub(super) fn read_session(state: &mut AppState, name: String, bytes: Arc<Vec<u8>>) -> Effect {
    let task = Task::ReadSession { name: name.clone(), bytes };
    work::start(state, Doing::Reading, name, task)
}

/// A session has been read by a job: its data set is opened, where it has one, then all is computed.
pub(super) fn come_back(state: &mut AppState, job: u64, session: Box<Session>) -> Vec<Effect> {
    let effect = match session.recipe().cloned() {
        Some(recipe) if recipe.is_opened() => {
            let (next, stop) = work::begin(state, Doing::Reading, recipe.name());
            Effect::MakeData { job: next, session, recipe: Box::new(recipe), stop }
        }
        Some(recipe) => {
            let data = made(&recipe);
            restore(state, session, Some(data))
        }
        None => restore(state, session, None),
    };
    hand_on(state, job);
    vec![effect]
}

/// The job that was begun last goes on with the file that another one has read.
fn hand_on(state: &mut AppState, from: u64) {
    let last = state.jobs;
    // The file of a job that was given up is not that of another.
    let path = state.files.reading.take().filter(|(of, _)| *of == from);
    state.files.reading = path.map(|(_, path)| (last, path));
}

/// A generated set, which no file is opened for.
fn made(recipe: &Recipe) -> Result<Dataset, String> {
    recipe.make(&()).map_err(|error| error.to_string())
}

fn restore(state: &mut AppState, session: Box<Session>, data: Option<Result<Dataset, String>>) -> Effect {
    let name = session.model_name().to_owned();
    work::start(state, Doing::Computing, name, Task::Restore { session, data })
}

/// A session has been computed: it takes the place of all that was there.
pub(super) fn take_over(state: &mut AppState, job: u64, restored: Restored) -> Vec<Effect> {
    let mut effects = training::halt(state);
    let (why, own) = (restored.missing.clone(), restored.file().map(Path::to_owned));
    let session = session::take_over(state, restored);
    let opened = state.files.reading.take_if(|(of, _)| *of == job).map(|(_, path)| path);
    let is_rescued = opened.is_none();
    effects.extend(opened.clone().map(|path| remember(state, path)));
    state.files.path = opened.or(own);
    state.files.absent = None;
    if let Some(why) = why {
        // Saving what is left over the whole session would lose it.
        state.files.path = None;
        state.view.page = Page::Training;
        fail(state, why.clone());
        state.files.absent = Some(Absent { session, why });
    } else if is_rescued {
        (state.files.saved, state.files.is_restored) = (None, true);
        return effects;
    }
    settle(state);
    effects
}

impl From<FileAction> for Action {
    fn from(action: FileAction) -> Self {
        Self::File(action)
    }
}
