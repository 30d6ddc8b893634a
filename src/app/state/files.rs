//! The session's file, the recent files, and what a crash left behind.

use super::{
    AppState, Draw, PictureSetup,
    film::FilmQuestion,
    picture_file,
    session::Session,
    sheets::{SheetPlace, lesson_sheets},
    stamp::Stamp,
};
use crate::data::Location;
use crate::export::{
    ExportError, arrays,
    code::{self, Library},
    diagram::{self, Style},
    film::Form,
    numbers::{self, Array},
    picture::Format,
    sheet::{Options, Set},
    training,
};
use crate::lesson::Lesson;
use crate::model_io::{Model, session::ENDING};
use crate::nn::{Execution, optimizer::Optimizer};
use crate::trace::{Address, Grain, Pass, Trace};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What can be saved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FileKind {
    /// All of it.
    Session,
    /// The network and its weights.
    Model,
    /// What was done of the lessons.
    Progress,
    /// The network as a program.
    Code(Library),
    /// The weights that a program reads.
    CodeWeights(Library),
    /// The architecture as a drawing.
    Diagram(Style),
    /// A picture of what is shown.
    Picture(Format),
    /// A worksheet of the place that is shown.
    Sheet,
    /// Worksheets of the lesson that is open.
    LessonSheets,
    /// The numbers of the place that is shown; of a cell its terms.
    Numbers(NumbersForm),
    /// All tensors of the training step with their gradients.
    Tensors,
    /// The measurements of training as comma-separated values.
    TrainingLog,
    /// Its curves as a drawing.
    TrainingPlot,
    /// A film.
    Film(Form),
}

/// What numbers are written as.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NumbersForm {
    /// Comma-separated values.
    Csv,
    /// A NumPy array.
    Npy,
}

impl FileKind {
    /// The ending of its files.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Session => ENDING,
            Self::Model => "safetensors",
            Self::Progress => "csv",
            Self::Code(_) => "py",
            Self::CodeWeights(library) => library.weights_ending(),
            Self::Picture(format) => format.ending(),
            Self::Sheet | Self::LessonSheets => "pdf",
            Self::Diagram(_) | Self::TrainingPlot => "svg",
            Self::Numbers(NumbersForm::Csv) | Self::TrainingLog => "csv",
            Self::Numbers(NumbersForm::Npy) => "npy",
            Self::Tensors => "npz",
            Self::Film(form) => form.ending(),
        }
    }
}

/// What is to be written.
#[derive(Clone, Debug)]
pub enum FileContent {
    /// A session.
    Session(Box<Session>),
    /// A model.
    Model(Arc<Model>),
    /// Answers to lessons' questions as comma-separated values.
    Progress(String),
    /// The network as a program, which reads its weights from the file of this name beside it.
    Code(Library, Arc<Model>, Optimizer, String),
    /// The weights that a program reads.
    CodeWeights(Library, Arc<Model>),
    /// The architecture as a drawing.
    Diagram(Style, Arc<Model>),
    /// A picture of a state.
    Picture(Box<AppState>, PictureSetup),
    /// A worksheet of a place.
    Sheet(Box<SheetPlace>, Options),
    /// Worksheets of a lesson.
    LessonSheets(Box<Lesson>, Options),
    /// The numbers of a place; of a cell its terms.
    Numbers(NumbersForm, Arc<Trace>, Address),
    /// All tensors of a training step with their gradients.
    Tensors(Arc<Trace>),
    /// The measurements of training as comma-separated values.
    TrainingLog(Vec<u8>),
    /// Those whose curves are drawn.
    TrainingPlot(Vec<u8>),
    /// A film, as it was drawn.
    Film(Form, Arc<Vec<u8>>),
}

/// Worksheets of a lesson that are saved at once: a class of students. The first has the seed 1.
const CLASS: u32 = 30;

impl FileContent {
    /// What it is.
    pub const fn kind(&self) -> FileKind {
        match self {
            Self::Session(_) => FileKind::Session,
            Self::Model(_) => FileKind::Model,
            Self::Progress(_) => FileKind::Progress,
            Self::Code(library, ..) => FileKind::Code(*library),
            Self::CodeWeights(library, _) => FileKind::CodeWeights(*library),
            Self::Diagram(style, _) => FileKind::Diagram(*style),
            Self::Picture(_, setup) => FileKind::Picture(setup.format),
            Self::Sheet(..) => FileKind::Sheet,
            Self::LessonSheets(..) => FileKind::LessonSheets,
            Self::Numbers(form, ..) => FileKind::Numbers(*form),
            Self::Tensors(_) => FileKind::Tensors,
            Self::TrainingLog(_) => FileKind::TrainingLog,
            Self::TrainingPlot(_) => FileKind::TrainingPlot,
            Self::Film(form, _) => FileKind::Film(*form),
        }
    }

    /// The file. `draw`: what draws states, in a program with a window.
    ///
    /// # Errors
    /// Where something does not fit its form, or nothing draws.
    pub fn to_bytes(&self, draw: Option<&dyn Draw>) -> Result<Vec<u8>, String> {
        match self {
            Self::Session(session) => session.to_bytes(),
            Self::Model(model) => model.to_bytes().map_err(|error| error.0),
            Self::Progress(text) => Ok(text.clone().into_bytes()),
            Self::Code(library, model, optimizer, weights) => {
                Ok(code::program(*library, model, optimizer, weights).into_bytes())
            }
            Self::CodeWeights(library, model) => code::weights(*library, model).map_err(|error| error.0),
            Self::Diagram(style, model) => Ok(diagram::svg(&model.network, *style).into_bytes()),
            Self::Picture(state, setup) => {
                let draw = draw.ok_or("expected a program with a window to draw, got one without it")?;
                picture_file(draw, std::slice::from_ref(state), setup)
            }
            Self::Sheet(place, options) => {
                place.sheets(options).and_then(|sheets| sheets.pdf()).map_err(|error| error.0)
            }
            Self::LessonSheets(lesson, options) => {
                let set = Set { question: None, count: CLASS, seed: 1 };
                lesson_sheets(lesson, &set, options).and_then(|sheets| sheets.pdf()).map_err(|error| error.0)
            }
            Self::Numbers(form, trace, place) => numbers_of(*form, trace, place).map_err(|error| error.0),
            Self::Tensors(trace) => {
                let mut trace = (**trace).clone();
                trace.compute_to(Pass::Bwd, Execution::SERIAL);
                let network = trace.plan().network();
                arrays::archive(network, trace.params(), trace.values()).map_err(|error| error.0)
            }
            Self::TrainingLog(log) => Ok(log.clone()),
            Self::TrainingPlot(log) => training::plot(log).map(String::into_bytes).map_err(|error| error.0),
            Self::Film(_, bytes) => Ok((**bytes).clone()),
        }
    }
}

/// The numbers of a place as a file: of a computed cell or a term its terms, else the tensor or the map.
fn numbers_of(form: NumbersForm, trace: &Trace, place: &Address) -> Result<Vec<u8>, ExportError> {
    let has_terms = place.grain() >= Grain::Cell && place.stage().is_some();
    match (form, has_terms) {
        (NumbersForm::Csv, true) => numbers::terms(trace, place)?.csv(),
        (NumbersForm::Csv, false) => Array::from_place(trace, place)?.table().csv(),
        (NumbersForm::Npy, true) => numbers::terms_array(trace, place)?.npy(),
        (NumbersForm::Npy, false) => Array::from_place(trace, place)?.npy(),
    }
}

/// The numbers of a place with tabs between them, as a spreadsheet takes them.
///
/// # Errors
/// Where the place is more than a layer.
pub(in crate::app) fn table_of(trace: &Trace, place: &Address) -> Result<String, ExportError> {
    let has_terms = place.grain() >= Grain::Cell && place.stage().is_some();
    if has_terms {
        numbers::terms(trace, place)?.tabs()
    } else {
        Array::from_place(trace, place)?.table().tabs()
    }
}

/// A file that was opened or saved lately.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recent {
    /// Where it is.
    #[serde(rename = "path")]
    pub location: Location,
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
pub struct RescueOffer {
    /// Minutes since it was last saved by itself.
    pub minutes: u64,
}

/// The place that is being asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SaveQuestion {
    /// What is to be saved.
    pub kind: FileKind,
    /// The location as typed so far.
    pub text: String,
    /// There is such a file.
    pub is_taken: bool,
}

/// A session whose data set is not there.
#[derive(Clone, PartialEq, Debug)]
pub struct MissingData {
    /// The session, whole.
    pub session: Box<Session>,
    /// Why.
    pub why: String,
}

/// A network whose file leaves the picture's rows and columns free, and the question how many they are.
#[derive(Clone, PartialEq, Debug)]
pub struct SizeQuestion {
    /// The file's name.
    pub name: String,
    /// Where it is.
    pub location: Location,
    /// Its bytes.
    pub(in crate::app) bytes: Arc<Vec<u8>>,
    /// The network as it is opened without an answer.
    pub(in crate::app) model: Box<Model>,
    /// Rows and columns, as chosen so far.
    pub size: [usize; 2],
    /// Those of the picture at hand, if it is not too large.
    pub of_picture: Option<[usize; 2]>,
    /// Why the last answer did not fit.
    pub why_not: Option<String>,
    /// The answer is being tried.
    pub(in crate::app) is_trying: bool,
}

/// The state of opening and saving files.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Where the session is kept.
    pub location: Option<Location>,
    /// Where files are saved by default.
    pub folder: Location,
    /// The session as it was when it was last saved, opened or begun.
    pub(in crate::app) saved: Option<Box<Stamp>>,
    /// What was opened lately, latest first.
    pub recent: Vec<Recent>,
    /// What a crash left behind.
    pub offer: Option<RescueOffer>,
    /// The place to save at that is being asked for.
    pub asked: Option<SaveQuestion>,
    /// How large a network's picture is to be.
    pub(in crate::app) size_question: Option<SizeQuestion>,
    /// The film that is being asked about.
    pub film: Option<FilmQuestion>,
    /// The film that is drawn once its place is known.
    pub(in crate::app) film_asked: Option<FilmQuestion>,
    /// Training whose data set is not there.
    pub absent: Option<MissingData>,
    /// What a crash left behind is in use: it is kept anew with all else.
    pub is_restored: bool,
}

impl Files {
    /// The question how large a network's picture is to be, while it is asked.
    pub fn size_question(&self) -> Option<&SizeQuestion> {
        self.size_question.as_ref().filter(|question| !question.is_trying)
    }
}
