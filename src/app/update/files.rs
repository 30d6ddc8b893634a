//! Opens and saves files.

use super::{
    film, jobs, lesson,
    models::use_model,
    notice::{fail, notice},
    session,
};
use crate::app::{
    action::FileAction,
    effect::Effect,
    state::{
        AppState, FileContent, FileKind, FilmQuestion, JobKind, Message, MissingData, NoticeKind, Page,
        PictureSetup, RECENT, Recent, Restored, SaveQuestion, Session, SheetPlace, SizeQuestion, Stamp, Work,
        training::model_that_learned,
    },
    task::Task,
};
use crate::data::{Content, Dataset, Location, Recipe, samples};
use crate::export::sheet::Options;
use crate::export::training::{self, LoggedRun};
use crate::lesson::Lesson;
use crate::model_io::{Model, session as session_file};
use crate::nn::Execution;
use std::sync::Arc;

/// Applies an action on files.
pub(in crate::app) fn update(state: &mut AppState, action: FileAction) -> Vec<Effect> {
    match action {
        FileAction::Save => match state.files.location.clone() {
            Some(location) => return write_file(state, FileKind::Session, location, true),
            None => ask_where(state, FileKind::Session),
        },
        FileAction::Ask(FileKind::Numbers(_) | FileKind::Tensors) if !state.covers().is_empty() => {
            let text = "expected numbers that are shown, got some that a question covers; answer it first";
            fail(state, Message::sentence(text.into(), "notice.covered", &[]));
        }
        FileAction::Ask(kind) => ask_where(state, kind),
        FileAction::Type(text) => {
            if let Some(asked) = &mut state.files.asked {
                (asked.text, asked.is_taken) = (text, false);
            }
        }
        FileAction::Browse => {
            if let Some(asked) = &state.files.asked {
                let (kind, location) = (asked.kind, Location::from(asked.text.as_str()));
                return vec![Effect::AskWhere { kind, location }];
            }
        }
        FileAction::Forget => state.files.asked = None,
        FileAction::Confirm { replace } => return save_as_typed(state, replace),
        FileAction::Chosen(location) => {
            if let Some(kind) = state.files.asked.as_ref().map(|asked| asked.kind) {
                let whole = location.with_ending(kind.ending());
                // The dialog has asked only about the name as it was typed there.
                let replace = whole == location;
                return write_file(state, kind, whole, replace);
            }
        }
        FileAction::Taken(location) => {
            if let Some(asked) = &mut state.files.asked {
                (asked.text, asked.is_taken) = (location.to_string(), true);
            }
        }
        FileAction::Written { location, kind, stamp, result } => {
            return apply_written(state, location, kind, stamp, result);
        }
        FileAction::SetFolder(folder) => state.files.folder = folder,
        FileAction::Open(location) => return vec![Effect::Read(location)],
        FileAction::Opened { location, bytes } => {
            let effects = open_bytes(state, &location, bytes);
            state.jobs.set_file(Some(location));
            return effects;
        }
        FileAction::SetSize(size) => {
            if let Some(question) = &mut state.files.size_question {
                question.size = size.map(|side| side.clamp(1, LARGEST_SIDE));
            }
        }
        FileAction::OpenSized => return open_sized(state),
        FileAction::ForgetSize => state.files.size_question = None,
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
            return vec![read_session(state, "session".into(), bytes)];
        }
        FileAction::FindData(location) => return find_data(state, location),
        FileAction::AskFilm => state.files.film = Some(FilmQuestion::new(film::grain_of(state))),
        FileAction::SetFilm(film) => state.files.film = Some(film),
        FileAction::ForgetFilm => state.files.film = None,
        FileAction::ConfirmFilm => {
            if let Some(film) = state.files.film.take() {
                state.files.film_asked = Some(film);
                ask_where(state, FileKind::Film(film.form));
            }
        }
        FileAction::Filmed { job, location, replace, result } => {
            return film::finish(state, job, location, replace, result);
        }
    }
    Vec::new()
}

/// The longest side that a picture of a network may have.
const LARGEST_SIDE: usize = 1 << 16;

/// Asks how large the picture of a network is, whose file leaves that free: as large as the picture at hand, if that is the
/// user's own and not too large, else as it was opened.
pub(in crate::app) fn ask_size(
    state: &mut AppState,
    name: String,
    location: Location,
    bytes: Arc<Vec<u8>>,
    model: Box<Model>,
) {
    /// The longest side of a picture that is offered.
    const LONGEST: u32 = 512;
    let picture = &state.inputs.picture;
    let is_sample = samples::SAMPLES.iter().any(|sample| sample.name == picture.name);
    let of_picture = match &picture.content {
        Content::Picture(picture) if picture.width().max(picture.height()) <= LONGEST => {
            Some([picture.height() as usize, picture.width() as usize])
        }
        Content::Picture(_) | Content::Values(_) => None,
    };
    let of_picture = of_picture.filter(|_| !is_sample);
    let [_, h, w] = model.network.input;
    let size = of_picture.unwrap_or([h, w]);
    let question =
        SizeQuestion { name, location, bytes, model, size, of_picture, why_not: None, is_trying: false };
    state.files.size_question = Some(question);
}

/// Opens the network that was asked about, with the rows and columns that were chosen.
fn open_sized(state: &mut AppState) -> Vec<Effect> {
    let Some(question) = &mut state.files.size_question else { return Vec::new() };
    if question.size == question.model.network.input[1..] {
        let (model, location) = ((*question.model).clone(), question.location.clone());
        let mut effects = use_model(state, model);
        effects.push(remember_recent(state, location));
        return effects;
    }
    (question.is_trying, question.why_not) = (true, None);
    let (name, location) = (question.name.clone(), question.location.clone());
    let (bytes, size) = (Arc::clone(&question.bytes), Some(question.size));
    let task = Task::Read { name: name.clone(), location: location.clone(), bytes, size };
    let effects = vec![jobs::start(state, JobKind::Reading, name, task)];
    state.jobs.set_file(Some(location));
    effects
}

/// Whether a network could not be opened with the size that was chosen; the question is then asked again.
pub(in crate::app) fn asks_again(state: &mut AppState, why_not: &str) -> bool {
    let tried = state.files.size_question.as_mut().filter(|question| question.is_trying);
    let Some(question) = tried else { return false };
    (question.is_trying, question.why_not) = (false, Some(why_not.to_owned()));
    true
}

/// Saves at the typed path.
fn save_as_typed(state: &mut AppState, replace: bool) -> Vec<Effect> {
    let Some(SaveQuestion { kind, text, .. }) = state.files.asked.clone() else { return Vec::new() };
    if text.trim().is_empty() {
        let text = "expected the file's name, got none; type it";
        fail(state, Message::sentence(text.into(), "notice.no_name", &[]));
        return Vec::new();
    }
    let name = Location::from(text.trim()).with_ending(kind.ending());
    let location = state.files.folder.join(&name.to_string());
    write_file(state, kind, location, replace)
}

/// Opens the data set that a session trained on: where it was, or elsewhere.
fn find_data(state: &mut AppState, elsewhere: Option<Location>) -> Vec<Effect> {
    let Some(MissingData { session, .. }) = state.files.absent.clone() else { return Vec::new() };
    let recipe = session.recipe().cloned();
    let session = match recipe.zip(elsewhere) {
        Some((recipe, location)) => Box::new(session.with_recipe(recipe.at(location))),
        None => session,
    };
    open_session_data(state, None, session)
}

fn ask_where(state: &mut AppState, kind: FileKind) {
    let files = &state.files;
    let location = match (kind, &files.location) {
        (FileKind::Session, Some(location)) => location.clone(),
        (FileKind::Picture(format), location) => {
            let name = picture_name(state, format.ending());
            location.as_ref().map_or_else(|| files.folder.join(&name), |location| location.sibling(&name))
        }
        (FileKind::Progress, location) => {
            let name = Location::from("lessons").with_ending(kind.ending()).to_string();
            location.as_ref().map_or_else(|| files.folder.join(&name), |location| location.sibling(&name))
        }
        (FileKind::Sheet | FileKind::LessonSheets, location) => {
            let lesson = state.lesson().filter(|_| kind == FileKind::LessonSheets);
            let stem = lesson.map_or("worksheet", |lesson| lesson.lesson().id.as_str());
            let name = Location::from(stem).with_ending(kind.ending()).to_string();
            location.as_ref().map_or_else(|| files.folder.join(&name), |location| location.sibling(&name))
        }
        (
            FileKind::Session
            | FileKind::Model
            | FileKind::Code(_)
            | FileKind::CodeWeights(_)
            | FileKind::Diagram(_)
            | FileKind::Numbers(_)
            | FileKind::Tensors
            | FileKind::TrainingLog
            | FileKind::TrainingPlot
            | FileKind::Film(_),
            _,
        ) => {
            let model = state.model().name.as_str();
            let stem = Location::from(model).stem();
            let stem = if Model::is_file(model) { stem.as_str() } else { model };
            let name = Location::from(stem).with_ending(kind.ending()).to_string();
            match &files.location {
                Some(location) => location.sibling(&name),
                None => files.folder.join(&name),
            }
        }
    };
    state.files.asked = Some(SaveQuestion { kind, text: location.to_string(), is_taken: false });
}

fn write_file(state: &mut AppState, kind: FileKind, location: Location, replace: bool) -> Vec<Effect> {
    if let FileKind::Film(form) = kind {
        return film::start(state, form, location, replace);
    }
    let stamp = Box::new(Stamp::from_state(state));
    let content = match kind {
        FileKind::Session => FileContent::Session(Box::new(Session::from_state(state))),
        FileKind::Model => FileContent::Model(as_trained(state)),
        FileKind::Progress => FileContent::Progress(state.progress.csv()),
        FileKind::Code(library) => {
            let weights = location.with_ending(FileKind::CodeWeights(library).ending());
            let program =
                FileContent::Code(library, as_trained(state), state.inputs.optimizer, weights.name());
            // What the program reads comes first: an older one of the same name is of no use without it.
            let mut effects = write_file(state, FileKind::CodeWeights(library), weights, replace);
            effects.push(Effect::Write { location, content: program, stamp, replace });
            return effects;
        }
        FileKind::CodeWeights(library) => FileContent::CodeWeights(library, as_trained(state)),
        FileKind::Diagram(style) => FileContent::Diagram(style, as_trained(state)),
        FileKind::Picture(format) => {
            let setup = PictureSetup { format, ..state.picture.setup };
            FileContent::Picture(Box::new(state.clone()), setup)
        }
        FileKind::Sheet => FileContent::Sheet(Box::new(SheetPlace::shown(state)), sheet_options(state)),
        FileKind::LessonSheets => {
            let Some(lesson) = state.lesson() else { return Vec::new() };
            FileContent::LessonSheets(Box::new((**lesson.lesson()).clone()), sheet_options(state))
        }
        FileKind::Numbers(form) => FileContent::Numbers(form, Arc::clone(state.trace()), state.look()),
        FileKind::Tensors => FileContent::Tensors(Arc::clone(state.trace())),
        FileKind::TrainingLog => FileContent::TrainingLog(log(state)),
        FileKind::TrainingPlot => FileContent::TrainingPlot(log(state)),
        FileKind::Film(_) => return Vec::new(),
    };
    vec![Effect::Write { location, content, stamp, replace }]
}

/// The measurements of all runs of training, for a file.
fn log(state: &AppState) -> Vec<u8> {
    let steps = state.inputs.training.as_ref().map_or(1, |training| training.schedule.batches());
    let runs = state.training_runs();
    let names: Vec<String> = runs.iter().map(|run| format!("run {}", run.branch.number())).collect();
    let runs: Vec<LoggedRun> = runs
        .iter()
        .zip(&names)
        .map(|(run, name)| LoggedRun { name, branch: run.branch, steps_per_epoch: steps as u32 })
        .collect();
    training::csv(&runs).unwrap_or_default()
}

/// A name for a picture: the model and the place, in letters and digits.
fn picture_name(state: &AppState, ending: &str) -> String {
    let place =
        format!("{} {}", Location::from(state.model().name.as_str()).stem(), state.position.text().text());
    let words = place.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    format!("{}.{ending}", words.collect::<Vec<_>>().join("-"))
}

/// How worksheets are written: in the window's language.
fn sheet_options(state: &AppState) -> Options {
    Options { language: state.view().lang.into(), ..Options::default() }
}

/// The model; in training on a data set with the weights after the last step.
fn as_trained(state: &AppState) -> Arc<Model> {
    let model = &state.inputs.model;
    let branch = state.position.run().branch();
    match branch.keyframes.before(branch.done()).zip(state.inputs.training.as_ref()) {
        Some(((_, last), training)) => {
            Arc::new(model_that_learned(model, Arc::clone(&last.params), &training.schedule.data))
        }
        None => Arc::clone(model),
    }
}

fn apply_written(
    state: &mut AppState,
    location: Location,
    kind: FileKind,
    stamp: Box<Stamp>,
    result: Result<(), String>,
) -> Vec<Effect> {
    if let Err(error) = result {
        fail(state, Work::Save.failed(error));
        return Vec::new();
    }
    state.files.asked = None;
    match kind {
        FileKind::Session => {
            state.files.location = Some(location.clone());
            state.files.saved = Some(stamp);
            state.files.absent = None;
        }
        FileKind::Model
        | FileKind::Progress
        | FileKind::Code(_)
        | FileKind::CodeWeights(_)
        | FileKind::Diagram(_)
        | FileKind::Sheet
        | FileKind::LessonSheets
        | FileKind::Numbers(_)
        | FileKind::Tensors
        | FileKind::TrainingLog
        | FileKind::TrainingPlot
        | FileKind::Film(_) => {
            notice(state, Message::as_it_is(format!("→ {location}")), NoticeKind::Info);
        }
        FileKind::Picture(_) => {
            // It is for other programs.
            notice(state, Message::as_it_is(format!("→ {location}")), NoticeKind::Info);
            return Vec::new();
        }
    }
    vec![remember_recent(state, location)]
}

/// Puts a file before all others that were opened lately.
pub(in crate::app) fn remember_recent(state: &mut AppState, location: Location) -> Effect {
    let recent = &mut state.files.recent;
    recent.retain(|recent| recent.location != location);
    recent.insert(0, Recent { location, is_there: true });
    recent.truncate(RECENT);
    Effect::KeepRecent(recent.clone())
}

/// Remembers the file that a job has opened, if it has one.
pub(in crate::app) fn remember_opened(state: &mut AppState, file: Option<Location>) -> Option<Effect> {
    Some(remember_recent(state, file?))
}

/// A file has come: a session or a model by its ending, else a picture; all are decoded elsewhere.
pub(in crate::app) fn open_bytes(
    state: &mut AppState,
    location: &Location,
    bytes: Arc<Vec<u8>>,
) -> Vec<Effect> {
    let name = location.name();
    if session_file::is_file(&name) {
        return vec![read_session(state, name, bytes)];
    }
    if Lesson::is_file(&name) {
        return lesson::open(state, &name, &bytes);
    }
    if Model::is_file(&name) {
        let task = Task::Read { name: name.clone(), location: location.clone(), bytes, size: None };
        return vec![jobs::start(state, JobKind::Reading, name, task)];
    }
    let task = Task::Decode { name: name.clone(), bytes };
    vec![jobs::start(state, JobKind::Reading, name, task)]
}

/// Reads a session off the window's thread.
pub(in crate::app) fn read_session(state: &mut AppState, name: String, bytes: Arc<Vec<u8>>) -> Effect {
    let task = Task::ReadSession { name: name.clone(), bytes };
    jobs::start(state, JobKind::Reading, name, task)
}

/// A session has been read from `file`: opens its data set, if it has one, then computes the rest.
pub(in crate::app) fn open_session_data(
    state: &mut AppState,
    file: Option<Location>,
    session: Box<Session>,
) -> Vec<Effect> {
    let effect = match session.recipe().cloned() {
        Some(recipe) if recipe.is_opened() => {
            let name = recipe.name();
            let task = Task::OpenSessionData { session, recipe: Box::new(recipe) };
            let effect = jobs::start(state, JobKind::Reading, name, task);
            state.jobs.set_file(file);
            effect
        }
        Some(recipe) => {
            let data = generated_data(&recipe);
            restore_session(state, file, session, Some(data))
        }
        None => restore_session(state, file, session, None),
    };
    vec![effect]
}

/// A generated set, which no file is opened for.
fn generated_data(recipe: &Recipe) -> Result<Dataset, String> {
    recipe.make(&(), Execution::SERIAL).map_err(|error| error.to_string())
}

/// Computes what it takes to continue a session.
pub(in crate::app) fn restore_session(
    state: &mut AppState,
    file: Option<Location>,
    session: Box<Session>,
    data: Option<Result<Dataset, String>>,
) -> Effect {
    let name = session.model_name().to_owned();
    let effect = jobs::start(state, JobKind::Computing, name, Task::Restore { session, data });
    state.jobs.set_file(file);
    effect
}

/// A session has been computed: it takes the place of all that was there.
pub(in crate::app) fn finish_restore(
    state: &mut AppState,
    opened: Option<Location>,
    restored: Restored,
) -> Vec<Effect> {
    jobs::abandon_training(state);
    let mut effects = Vec::new();
    let (why, own) = (restored.missing.clone(), restored.file().cloned());
    let session = session::apply_session(state, restored);
    let is_rescued = opened.is_none();
    effects.extend(opened.clone().map(|location| remember_recent(state, location)));
    state.files.location = opened.or(own);
    state.files.absent = None;
    if let Some(why) = why {
        // Saving what is left over the whole session would lose it.
        state.files.location = None;
        state.view.page = Page::Training;
        fail(state, Work::OpenSession.failed(why.clone()));
        state.files.absent = Some(MissingData { session, why });
    } else if is_rescued {
        (state.files.saved, state.files.is_restored) = (None, true);
        return effects;
    }
    state.mark_saved();
    effects
}
