//! The program without its window: actions in, state out.

#[cfg(feature = "window")]
#[path = "../common/fake.rs"]
mod fake;
#[path = "../common/program.rs"]
mod program;
#[path = "../common/start.rs"]
mod start;

mod adjust;
mod app;
mod ask;
mod build;
mod compare;
mod edit;
mod evidence;
#[cfg(feature = "window")]
mod films;
#[cfg(feature = "window")]
mod host;
mod marks;
mod moments;
#[cfg(feature = "window")]
mod picture_files;
mod pictures;
mod random_actions;
mod sessions;
mod sets;
mod shuffled;
mod sizes;
mod training;
