//! The window without a display: what stands where, by role, label and pixel.
#![cfg(feature = "window")]

#[path = "../common/frame.rs"]
mod frame;
#[path = "../common/harness.rs"]
mod harness;
#[path = "../common/program.rs"]
mod program;
#[path = "../common/start.rs"]
mod start;

mod adjust;
mod closeup_conv;
mod closeups;
mod evidence;
mod figures;
mod files;
mod home;
mod large_models;
mod layer;
mod lesson_leaks;
mod lessons;
mod map;
mod matrix;
mod names;
mod overview;
mod picture_sheet;
mod place;
mod sentences;
mod sets;
mod shell;
mod sizes;
mod tools;
mod training;
