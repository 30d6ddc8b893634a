//! The command line, as a user runs it.

mod all;
mod attribute;
mod numbers;
mod step;
#[cfg(unix)]
mod train;
