//! What leaves the program for other programs: arrays, tables, curves, the network as code and as a drawing, films,
//! pages, worksheets.

pub mod arrays;
pub mod code;
pub mod diagram;
pub mod film;
pub mod fonts;
pub mod numbers;
pub mod palette;
pub mod pdf;
pub mod picture;
pub mod sheet;
pub mod training;

/// Why something cannot be exported, in one line: what was expected, what came, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ExportError(pub String);
