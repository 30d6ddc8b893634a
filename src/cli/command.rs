//! The command line: its commands.

use super::{
    args::{AttributeArgs, BenchArgs, EvalArgs, LessonCommand, RenderArgs, RunArgs, StepArgs, TrainArgs},
    export::ExportArgs,
};
use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Steps through a convolutional neural network, forward and backward, down to one multiply-add.
#[derive(Parser, Clone, PartialEq, Debug)]
#[command(name = "convstep", version, about, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// The command to run; without one, the window opens.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// A picture, model, session or data set to open in the window.
    pub file: Option<PathBuf>,
    /// A moment to show in the window, as it was copied.
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    pub moment: Option<String>,
}

/// The commands that run without a window.
#[derive(Subcommand, Clone, PartialEq, Debug)]
pub enum Command {
    /// Lists the bundled models and the presets.
    Models,
    /// Lists the bundled samples.
    Samples,
    /// Runs a model on a picture: forward, loss and backward.
    Run(RunArgs),
    /// Trains a network on generated data or a data set.
    Train(Box<TrainArgs>),
    /// Evaluates a model on a data set: accuracy, loss and confusion matrix.
    Eval(EvalArgs),
    /// Explains one step by its address: formula, operands and value.
    Step(StepArgs),
    /// Writes a file for other programs: of the network by its options, or by a command of its own.
    Export(ExportArgs),
    /// Attributes a class or another unit to the picture (saliency, Grad-CAM and others), or finds the pictures of
    /// a data set that activate it most.
    #[command(alias = "look")]
    Attribute(Box<AttributeArgs>),
    /// Measures the speed of the core, as JSON lines.
    Bench(BenchArgs),
    /// Renders the window into a PNG file, without a display.
    Render(RenderArgs),
    /// Lists, checks, begins and draws lessons, and prints their questions.
    Lesson {
        /// What to do.
        #[command(subcommand)]
        command: LessonCommand,
    },
}
