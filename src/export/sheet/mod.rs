//! Worksheets and their keys: a cell or a small map to be worked out by hand, or a lesson's questions, a different
//! item for each student. All numbers are a trace's.

mod cell;
mod filters;
mod grid;
mod ink;
mod names;
mod page;
mod question;
pub mod sentence;
mod set;
mod text;
mod whole;
pub mod words;

pub use page::Paper;
pub use set::{Options, Set, Sheets, of_address, of_lesson};
pub use words::Language;
