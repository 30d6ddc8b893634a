//! The program without a window: state, actions, effects.
//!
//! An [`Action`] is the only way to change the [`AppState`]; [`apply`] is the only place that does.
//! What needs the outside world comes back as an [`Effect`], which the shell runs and answers with
//! another action.

mod action;
mod ask;
mod build;
pub mod command;
mod edit;
mod history;
mod looks;
mod playback;
mod run;
mod sets;
mod state;
mod training;
mod work;

pub use action::{Action, Effect, apply};
pub use ask::{Answer, EXPONENTS, Kind, Question, Tab};
pub use build::{BuildAction, Draft, Written};
pub use edit::{EditAction, Extent, Ink};
pub use history::{Forked, Inputs, Undo};
pub use looks::{Looks, LooksAction, Made, RandomLook, Subject, focused_unit};
pub use playback::Playback;
pub use run::{Need, Run};
pub use sets::{DataAction, DataState, OpenedSet, Shown};
pub use state::{AppState, Busy, Doing, Lang, Notice, NoticeKind, Page, Scale, ThemeChoice, ViewState};
pub use training::{
    End, Feed, Job, News, Running, Step, TrainAction, Training, TrainingState, Until, checked,
};
pub use work::{Change, Derived, Done, Task, is_large, settle};
