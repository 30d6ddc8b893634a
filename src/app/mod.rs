//! The program without a window: state, actions, effects.
//!
//! An [`Action`] is the only way to change the [`AppState`]; [`apply()`] is the only place that does.
//! What needs the outside world comes back as an [`Effect`], which the shell runs and answers with
//! another action.
//!
//! The files stand on floors, and imports go down only: `state`; then `task`, `effect` and `action`; then
//! `update`, `advice`, `command` and `palette`; then `apply`; then `film`.

mod action;
mod advice;
mod apply;
pub mod command;
mod effect;
mod film;
pub mod palette;
mod state;
mod task;
mod update;

pub use action::{
    Action, AdjustAction, AttributionAction, BuildAction, CompareAction, DataAction, EditAction, Extent,
    FileAction, FilterTurn, Ink, LessonAction, MarkAction, PictureAction, SpanAction, TrainAction,
};
pub use apply::{apply, run_tasks_here};
pub use effect::Effect;
pub use film::{DrawnFilm, FilmSteps, MOST_STEPS};
pub use state::{
    About, ActivationSearch, Advice, Answer, Answered, AppState, AttributionMaps, AttributionState,
    BatchSource, Bookmark, Breakpoint, BreakpointHits, BreakpointSearch, Change, Compare, Compared, Covers,
    DataMatch, DataState, Derived, Digits, Draft, Draw, Drawer, EXPONENTS, Edited, End, Figure, FileContent,
    FileKind, Files, FilmOrder, FilmQuestion, FilmRange, Forked, Framing, Guide, Hands, Inputs, Job, JobKind,
    Jobs, Kept, LANE_ZOOM, Lane, Lang, LeftOut, LessonProgress, LessonState, Link, Marks, Message,
    MissingData, Moment, Need, Notice, NoticeKind, NumbersForm, OpenedSet, Order, Page, PartsQuestion, Phase,
    PictureBefore, PictureChange, PictureEffect, PicturePart, PictureSetup, PictureState, PlaceText, Planned,
    Playback, Progress, Question, QuestionKind, RECENT, RandomisedMap, Recent, RescueOffer, Restored,
    RightAnswer, Run, RunLabels, RunSetting, Running, RunsAside, SaveQuestion, Scale, Session, Sheet,
    SheetPlace, Show, Shown, Sides, SizeQuestion, Span, Spans, Stamp, StopReason, Subject, Tab, Target,
    ThemeChoice, Training, TrainingRun, TrainingRuns, TrainingState, Undo, ViewState, With, Work, Written,
    asked_unit, beat_scene, focused_unit, is_large, lesson_scene, lesson_sheets, picture_file,
    picture_pixels, reads_digits, set_to_search,
};
pub use task::{Done, JobStep, News, Task, TrainingJob, Until, checked};
