//! Lessons: files that a teacher reads and writes, the questions in them, and what is wrong with a wrong answer.
//!
//! A [`Lesson`] is a list of beats. A [`Beat`] is a place in the program with a text and at most one question
//! ([`Ask`]). No answer stands in a file: `right` is an [`Expression`] over quantities of the network, evaluated on a
//! [`Scene`], the network with its numbers as the beat shows it. A wrong option is a misconception ([`Rule`]): the
//! same expression with one quantity replaced by what a learner who holds the rule makes of it.

mod answer;
mod catalogue;
mod check;
mod evaluator;
mod expression;
mod folder;
mod format;
mod item;
mod markup;
pub mod misconceptions;
mod pattern;
mod quantity;
mod query;
mod read;
mod scene;

pub use answer::{Answer, Number, Sign};
pub use catalogue::{Catalogue, Misconception, Word, bundled};
pub use check::{Fault, Stage, answered, believe, believed_answer, check, scene_of_beat};
pub use evaluator::Evaluator;
pub use expression::{Condition, Expression, ExpressionError};
pub use folder::Folder;
pub use format::{
    Again, Ask, Beat, BeatPage, BeatShow, Kind, Lesson, LessonError, OneOrMany, Open, SetValue, Text,
    Tolerance,
};
pub use item::{Choice, Item, ItemError, Verdict, met, place_of, question};
pub use markup::{Span, spans};
pub use misconceptions::{Rule, rule, rules};
pub use pattern::{Variables, cells_of, places, substitute};
pub use query::{Asks, Function, Query, Value};
pub use scene::{Edit, EditChange, Scene, Setting};
