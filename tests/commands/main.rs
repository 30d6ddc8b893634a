//! The command line, as a user runs it.

mod all;
mod attribute;
mod step;
#[cfg(unix)]
mod train;
