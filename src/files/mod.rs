//! Atomic writes and crash recovery files, shared by the command line and the window.

mod rescue;
mod save;

pub use rescue::{Keeper, Left};
pub use save::{abandon, check_writable, write_atomically, write_folder};

/// Why a file cannot be written, in one line: what was expected, what came, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct FileError(pub String);
