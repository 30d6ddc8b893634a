//! Lines for the user.

/// How much a notice weighs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NoticeKind {
    /// Something that happened.
    Info,
    /// Something that did not work.
    Error,
}

/// A line for the user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Its text.
    pub text: String,
    /// How much it weighs.
    pub kind: NoticeKind,
}
