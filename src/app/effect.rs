//! What the program asks of its host.

use crate::app::{
    state::{AppState, FileContent, FileKind, FilmOrder, PictureSetup, Progress, Recent, Stamp},
    task::{Task, TrainingJob},
};
use crate::data::Location;
use crate::nn::optimizer::Optimizer;
use std::sync::{Arc, Mutex, atomic::AtomicBool};

/// Something that the shell does and answers with an action.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Train off the window's thread; answer [`TrainAction::News`](crate::app::TrainAction::News) several times a second
    /// and at the end.
    Train {
        /// The job, to be taken out.
        job: Arc<Mutex<Option<TrainingJob>>>,
        /// Set when it is to end after its next step.
        cancel: Arc<AtomicBool>,
    },
    /// Other hyperparameters for the training job, from its next step on.
    Steer(Optimizer),
    /// Open a dialog for a picture; answer [`FileAction::Opened`](crate::app::FileAction::Opened).
    AskForPicture,
    /// Open a dialog for a model; answer [`FileAction::Opened`](crate::app::FileAction::Opened).
    AskForModel,
    /// Open a dialog for a data set; answer [`DataAction::Open`](crate::app::DataAction::Open).
    AskForData {
        /// A folder instead of a file.
        folder: bool,
    },
    /// Run a task off the window's thread, reporting by [`Action::Progress`](crate::app::Action::Progress); answer
    /// [`Action::Worked`](crate::app::Action::Worked), unless it was cancelled.
    Work {
        /// The job's number.
        job: u64,
        /// What to do.
        task: Arc<Task>,
        /// Set when the result is no longer wanted.
        cancel: Arc<AtomicBool>,
    },
    /// Answer [`Action::Advance`](crate::app::Action::Advance) in the next frame.
    Advance,
    /// Put a text on the clipboard.
    Copy(String),
    /// Draw a small picture; answer [`PictureAction::Drawn`](crate::app::PictureAction::Drawn).
    Preview {
        /// The picture's number.
        number: u64,
        /// What it shows.
        state: Box<AppState>,
        /// How.
        setup: PictureSetup,
    },
    /// Put a picture on the clipboard; answer [`PictureAction::Copied`](crate::app::PictureAction::Copied).
    CopyPicture {
        /// What it shows.
        state: Box<AppState>,
        /// How.
        setup: PictureSetup,
    },
    /// Read a file; answer [`FileAction::Opened`](crate::app::FileAction::Opened).
    Read(Location),
    /// Open a dialog for a place to save at; answer [`FileAction::Chosen`](crate::app::FileAction::Chosen).
    AskWhere {
        /// What is to be saved.
        kind: FileKind,
        /// The place to begin with.
        location: Location,
    },
    /// Write a file so that at every moment either the old one or the new one is there, off the window's thread; answer
    /// [`FileAction::Written`](crate::app::FileAction::Written), or [`FileAction::Taken`](crate::app::FileAction::Taken) where there is a file and it is not to be replaced.
    Write {
        /// Where.
        location: Location,
        /// What.
        content: FileContent,
        /// What it is.
        stamp: Box<Stamp>,
        /// Whether a file that is there is to be replaced.
        replace: bool,
    },
    /// Draw a film off the window's thread, reporting by [`Action::Progress`](crate::app::Action::Progress); answer
    /// [`FileAction::Filmed`](crate::app::FileAction::Filmed), unless it was cancelled.
    Film {
        /// The job's number.
        job: u64,
        /// What to draw.
        film: Box<FilmOrder>,
        /// Where it is to be saved, for the answer.
        location: Location,
        /// Whether a file that is there is to be replaced, for the answer.
        replace: bool,
        /// Set when the film is no longer wanted.
        cancel: Arc<AtomicBool>,
    },
    /// Keep the list of what was opened lately.
    KeepRecent(Vec<Recent>),
    /// Keep what was done of the lessons.
    KeepProgress(Progress),
    /// Read what a crash left behind; answer [`FileAction::Rescued`](crate::app::FileAction::Rescued).
    Rescue,
    /// Remove what a crash left behind; answer [`FileAction::Offer`](crate::app::FileAction::Offer).
    DiscardRescue,
    /// Close the window.
    Quit,
}
