//! The session's file, the recent files, and what a crash left behind.

use super::{
    AppState, Draw, PictureSetup, picture_file,
    session::Session,
    sheets::{SheetPlace, lesson_sheets},
    stamp::Stamp,
};
use crate::data::Location;
use crate::export::{
    code::{self, Library},
    diagram::{self, Style},
    picture::Format,
    sheet::{Options, Set},
};
use crate::lesson::Lesson;
use crate::model_io::{Model, session::ENDING};
use crate::nn::optimizer::Optimizer;
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
            Self::Diagram(_) => "svg",
            Self::Picture(format) => format.ending(),
            Self::Sheet | Self::LessonSheets => "pdf",
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
        }
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
