//! Lessons without the window: their format, their rules, and each lesson that is built in.

#[path = "../common/program.rs"]
mod program;

mod built_in;
mod models;
mod own;
mod rules;
mod shuffle;
