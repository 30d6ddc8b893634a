//! The headless commands, for scripts and tests.

mod args;
mod attribute;
mod bars;
mod bench;
mod check;
mod command;
mod contact;
mod data;
mod eval;
mod export;
mod heat;
mod interrupt;
mod lesson;
mod list;
mod log;
mod out;
mod render;
mod run;
mod settings;
mod shown;
mod source;
mod step;
mod top_activations;
mod train;

pub use args::{
    AttributeArgs, BenchArgs, EvalArgs, FitArg, ImageArgs, LessonCommand, LessonRunArgs, ModelArgs, QuizArgs,
    RenderArgs, RunArgs, ScheduleArg, ShownArgs, Size, StepArgs, Theme, TrainArgs, one_line,
};
pub use bench::{bench_model, memory_mb};
pub use command::{Args, Command};
pub use export::{ExportArgs, ExportCommand};
pub use lesson::open_lesson;
use shown::drawing;
pub use source::{Input, LabelSource, check_file, open_input, open_model, open_picture, read_file};

use crate::app::Draw;
use crate::data::{DataError, PictureError};
use crate::export::ExportError;
use crate::files::FileError;
use crate::model_io::ModelError;
use crate::tensor::ShapeError;
use crate::trace::AddressError;

/// Why a command failed, in one line: what was expected, what came, what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct CliError(pub String);

impl From<ModelError> for CliError {
    fn from(error: ModelError) -> Self {
        Self(error.0)
    }
}

impl From<ExportError> for CliError {
    fn from(error: ExportError) -> Self {
        Self(error.0)
    }
}

impl From<ShapeError> for CliError {
    fn from(error: ShapeError) -> Self {
        Self(error.0)
    }
}

impl From<AddressError> for CliError {
    fn from(error: AddressError) -> Self {
        Self(error.0)
    }
}

impl From<FileError> for CliError {
    fn from(error: FileError) -> Self {
        Self(error.0)
    }
}

impl From<DataError> for CliError {
    fn from(error: DataError) -> Self {
        Self(error.to_string())
    }
}

impl From<PictureError> for CliError {
    fn from(error: PictureError) -> Self {
        Self(error.to_string())
    }
}

/// How a command that did not fail ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// It finished its work.
    Whole,
    /// Ctrl+C stopped it cleanly.
    Interrupted,
}

impl Ended {
    /// The exit status.
    pub const fn status(self) -> u8 {
        match self {
            Self::Whole => 0,
            Self::Interrupted => interrupt::STATUS,
        }
    }
}

/// Runs a headless command. `draw`: what draws states, in a build with the window.
///
/// # Errors
/// If an argument, a file or the output is invalid.
pub fn execute(args: &Args, draw: Option<&dyn Draw>) -> Result<Ended, CliError> {
    let done = match &args.command {
        Some(Command::Train(args)) => return train::train(args),
        Some(Command::Lesson { command }) => return lesson::execute(command, draw),
        Some(Command::Export(args)) => return export::export(args, draw),
        Some(Command::Eval(args)) => return eval::eval(args),
        Some(Command::Attribute(args)) => {
            return match args.top_activations {
                Some(keep) => top_activations::top_activations(args, keep as usize),
                None => attribute::attribute(args),
            };
        }
        Some(Command::Models) => list::models(),
        Some(Command::Samples) => list::samples(),
        Some(Command::Run(args)) => run::run(args),
        Some(Command::Step(args)) => step::step(args),
        Some(Command::Bench(args)) => bench::bench(args),
        Some(Command::Render(args)) => drawing(draw).and_then(|draw| render::render(args, draw)),
        None => Err(CliError(
            "expected a headless command, got none; the commands are models, samples, run, train, eval, step, attribute, export, bench, render, lesson".into(),
        )),
    };
    done.map(|()| Ended::Whole)
}
