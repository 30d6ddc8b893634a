//! The house: layers, documents and words.

#[path = "../common/start.rs"]
mod start;

mod docs;
mod layering;
#[cfg(feature = "window")]
mod strings;
