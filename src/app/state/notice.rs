//! Lines for the user.

use crate::data::{DataError, DataNote, PictureError};
use crate::model_io::ModelError;
use std::fmt;

/// How much a notice weighs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NoticeKind {
    /// Something that happened.
    Info,
    /// Something that did not work.
    Error,
}

/// A line for the user.
#[derive(Clone, PartialEq, Debug)]
pub struct Notice {
    /// The line in English, as the command line prints it.
    pub text: String,
    /// What it is about: the window says that in its own language.
    pub about: About,
    /// How much it weighs.
    pub kind: NoticeKind,
}

/// What a line is about.
#[derive(Clone, PartialEq, Debug)]
pub enum About {
    /// It stands as it is: a place, or words that are in the window's language already.
    Itself,
    /// A picture or an array that cannot be used.
    Picture(PictureError),
    /// A data set that cannot be used.
    Data(DataError),
    /// What was taken for what in the data set of this name.
    Note(String, DataNote),
    /// A sentence among the strings under `notice`, with what stands in its blanks.
    Sentence(&'static str, Vec<(&'static str, String)>),
    /// Work that did not succeed: the line says why.
    Work(Work),
}

/// What the program was to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Work {
    /// Something else than the following.
    Other,
    /// Read a file.
    Reading,
    /// Open a network.
    OpenModel,
    /// Open a saved session.
    OpenSession,
    /// Open a lesson, or a part of it.
    OpenLesson,
    /// Write a file.
    Save,
    /// Build a network.
    Build,
    /// Train.
    Train,
    /// Change a weight or the picture.
    Edit,
    /// Go to an address.
    GoTo,
    /// Compute what speaks for an answer.
    Evidence,
}

impl Work {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Other,
        Self::Reading,
        Self::OpenModel,
        Self::OpenSession,
        Self::OpenLesson,
        Self::Save,
        Self::Build,
        Self::Train,
        Self::Edit,
        Self::GoTo,
        Self::Evidence,
    ];

    /// The key of the sentence that says that it did not succeed.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Other => "failed.other",
            Self::Reading => "failed.reading",
            Self::OpenModel => "failed.model",
            Self::OpenSession => "failed.session",
            Self::OpenLesson => "failed.lesson",
            Self::Save => "failed.save",
            Self::Build => "failed.build",
            Self::Train => "failed.train",
            Self::Edit => "failed.edit",
            Self::GoTo => "failed.go_to",
            Self::Evidence => "failed.evidence",
        }
    }

    /// The failure of this work, with its reason in one English line.
    pub fn failed(self, why: impl Into<String>) -> Message {
        Message { text: why.into(), about: About::Work(self) }
    }
}

/// What is said to the user.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    /// In one English line: of what did not work what was expected, what came, what to do.
    pub text: String,
    /// What it is about.
    pub about: About,
}

impl Message {
    /// A line that stands as it is in every language.
    pub fn as_it_is(text: String) -> Self {
        Self { text, about: About::Itself }
    }

    /// A sentence among the strings under `notice`; `text` is the same in English.
    pub fn sentence(text: String, key: &'static str, blanks: &[(&'static str, &str)]) -> Self {
        let blanks = blanks.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { text, about: About::Sentence(key, blanks) }
    }

    /// The same as what did not succeed, where only the reason is known.
    pub fn during(self, work: Work) -> Self {
        match self.about {
            About::Work(Work::Other) => work.failed(self.text),
            About::Itself
            | About::Picture(_)
            | About::Data(_)
            | About::Note(..)
            | About::Sentence(..)
            | About::Work(_) => self,
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<PictureError> for Message {
    fn from(error: PictureError) -> Self {
        Self { text: error.to_string(), about: About::Picture(error) }
    }
}

impl From<DataError> for Message {
    fn from(error: DataError) -> Self {
        Self { text: error.to_string(), about: About::Data(error) }
    }
}

impl From<ModelError> for Message {
    fn from(error: ModelError) -> Self {
        Work::OpenModel.failed(error.0)
    }
}

impl From<Message> for String {
    fn from(message: Message) -> Self {
        message.text
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Work::Other.failed(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}
