//! The program without a window: state, actions, effects.
//!
//! An [`Action`] is the only way to change the [`AppState`]; [`apply`] is the only place that does.
//! What needs the outside world comes back as an [`Effect`], which the shell runs and answers with
//! another action.

mod action;
mod ask;
mod build;
pub mod command;
mod compare;
mod edit;
mod exciting;
mod files;
mod history;
mod hunt;
mod looks;
mod marks;
pub mod palette;
mod playback;
mod run;
mod session;
mod sets;
mod span;
mod state;
mod training;
mod work;

pub use action::{Action, Effect, apply};
pub use ask::{Answer, EXPONENTS, Kind, Question, Tab};
pub use build::{BuildAction, Draft, Written};
pub use compare::{Compare, CompareAction, Kept, Sides};
pub use edit::{EditAction, Extent, Ink};
pub use exciting::{Search, set_to_search};
pub use files::{
    Absent, Asked, Content as FileContent, FileAction, Files, Kind as FileKind, Offer, RECENT, Recent, Stamp,
};
pub use history::{Edited, Forked, Inputs, Undo};
pub use hunt::{Halt, Hunt};
pub use looks::{Looks, LooksAction, Made, RandomLook, Subject, asked_unit, focused_unit};
pub use marks::{Bookmark, Breakpoint, MarkAction, Marks};
pub use playback::Playback;
pub use run::{Need, Run};
pub use session::{Restored, Session};
pub use sets::{DataAction, DataState, OpenedSet, Shown};
pub use span::{Span, SpanAction, Spans};
pub use state::{
    AppState, Busy, Counted, Digits, Doing, LANE_ZOOM, Lang, Notice, NoticeKind, Page, Scale, Side, TOUR,
    ThemeChoice, ViewState,
};
pub use training::{
    BatchSource, End, Job, News, Running, Step, TrainAction, Training, TrainingState, Until, checked,
};
pub use work::{Change, Derived, Done, Task, is_large, settle};
