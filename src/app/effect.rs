//! What the program asks of its host.

use crate::app::{
    state::{FileContent, FileKind, Recent, Session, Stamp},
    task::{Task, TrainingJob},
};
use crate::data::{Dataset, Recipe};
use crate::nn::optimizer::Optimizer;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, atomic::AtomicBool},
};

/// Something that the shell does and answers with an action.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Train on a worker; answer [`TrainAction::News`](crate::app::TrainAction::News) several times a second and at the end. The job is taken out.
    Train(Arc<Mutex<Option<TrainingJob>>>),
    /// Other hyperparameters for the job under way, from its next step on.
    Steer(Optimizer),
    /// End the job under way after its next step.
    PauseTraining,
    /// Open a dialog for a picture; answer [`FileAction::Opened`](crate::app::FileAction::Opened).
    AskForPicture,
    /// Open a dialog for a model; answer [`FileAction::Opened`](crate::app::FileAction::Opened).
    AskForModel,
    /// Open a dialog for a data set; answer [`DataAction::Open`](crate::app::DataAction::Open).
    AskForData {
        /// A folder instead of a file.
        folder: bool,
    },
    /// Open a data set off the window's thread, telling how far it is by [`DataAction::Progress`](crate::app::DataAction::Progress); answer
    /// [`DataAction::Opened`](crate::app::DataAction::Opened).
    OpenData {
        /// The job's number.
        job: u64,
        /// Where it lies.
        path: PathBuf,
        /// The most rows and columns of pictures that may have any size.
        at_most: usize,
        /// Set when the answer is no longer wanted.
        stop: Arc<AtomicBool>,
    },
    /// Find out what a part of a set holds, off the window's thread and telling how far it is by
    /// [`DataAction::Progress`](crate::app::DataAction::Progress); answer [`DataAction::Measured`](crate::app::DataAction::Measured).
    MeasureData {
        /// The job's number.
        job: u64,
        /// The set.
        data: Dataset,
        /// The part.
        part: crate::data::Split,
        /// Set when the answer is no longer wanted.
        stop: Arc<AtomicBool>,
    },
    /// Decode off the window's thread; answer [`Action::PictureDecoded`](crate::app::Action::PictureDecoded).
    Decode {
        /// The job's number.
        job: u64,
        /// The file's name.
        name: String,
        /// Its bytes.
        bytes: Arc<Vec<u8>>,
    },
    /// Do a task off the window's thread, telling how far it is by [`Action::Progress`](crate::app::Action::Progress); answer
    /// [`Action::Worked`](crate::app::Action::Worked).
    Work {
        /// The job's number.
        job: u64,
        /// What to do.
        task: Arc<Task>,
        /// Set when the answer is no longer wanted.
        stop: Arc<AtomicBool>,
    },
    /// Answer [`Action::Advance`](crate::app::Action::Advance) in the next frame.
    Advance,
    /// Put a text on the clipboard.
    Copy(String),
    /// Read a file; answer [`FileAction::Opened`](crate::app::FileAction::Opened).
    Read(PathBuf),
    /// Open a dialog for a place to save at; answer [`FileAction::Chosen`](crate::app::FileAction::Chosen).
    AskWhere {
        /// What is to be saved.
        kind: FileKind,
        /// The place to begin with.
        path: PathBuf,
    },
    /// Write a file so that at every moment either the old one or the new one is there, off the window's thread; answer
    /// [`FileAction::Written`](crate::app::FileAction::Written), or [`FileAction::Taken`](crate::app::FileAction::Taken) where there is a file and it is not to be replaced.
    Write {
        /// Where.
        path: PathBuf,
        /// What.
        content: FileContent,
        /// What it is.
        stamp: Box<Stamp>,
        /// Whether a file that is there is to be replaced.
        replace: bool,
    },
    /// Keep the list of what was opened lately.
    KeepRecent(Vec<Recent>),
    /// Read what a crash left behind; answer [`FileAction::Rescued`](crate::app::FileAction::Rescued).
    Rescue,
    /// Remove what a crash left behind; answer [`FileAction::Offer`](crate::app::FileAction::Offer).
    DiscardRescue,
    /// Open a session's data set off the window's thread, telling how far it is by [`Action::Progress`](crate::app::Action::Progress); answer
    /// [`FileAction::DataMade`](crate::app::FileAction::DataMade).
    MakeData {
        /// The job's number.
        job: u64,
        /// The session, to be given back.
        session: Box<Session>,
        /// What to open.
        recipe: Box<Recipe>,
        /// Set when the answer is no longer wanted.
        stop: Arc<AtomicBool>,
    },
    /// Close the window.
    Quit,
}
