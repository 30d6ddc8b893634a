//! convstep shows how a convolutional neural network works: a CNN written from
//! scratch and a program that steps through it, forward and backward, from a
//! whole run down to one multiply-add.
//!
//! ARCHITECTURE.md follows a key press, a picture and a training batch through the modules and tells where
//! things are; docs/addresses.md explains the central idea. The modules in reading order; each may import
//! only what ARCHITECTURE.md says.

#[cfg(feature = "window")]
rust_i18n::i18n!("assets/strings", fallback = "en");

pub mod execution;

pub mod tensor;

pub mod nn;

pub mod trace;

pub mod attribution;

pub mod data;

pub mod model_io;

pub mod train;

pub mod lesson;

pub mod export;

pub mod app;

// The pool lends the caller's closure to its threads without a lifetime; `Threads::run` waits for them.
#[allow(unsafe_code)]
pub mod threads;

pub mod files;

pub mod cli;

#[cfg(feature = "window")]
pub mod ui;
