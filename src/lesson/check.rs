//! What is wrong with a lesson, where, and what to write instead.

use super::format::Lesson;

/// A fault of a lesson.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The beat's id; empty for the lesson as a whole.
    pub beat: String,
    /// What is wrong and what to write instead.
    pub text: String,
}

/// All faults of a lesson.
pub fn check(_lesson: &Lesson) -> Vec<Fault> {
    Vec::new()
}
