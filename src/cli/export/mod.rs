//! `export`: writes files for other programs. Each command has a file of its own here, with its arguments and one
//! function that does it; without a command, the network is written.

mod film;
mod network;
mod numbers;
mod picture;
mod sheet;
mod subject;

use super::{CliError, Ended};
use crate::app::Draw;
use clap::{Args as ClapArgs, Subcommand};
use film::FilmArgs;
use network::NetworkArgs;
use numbers::{PlotArgs, TensorArgs, TermsArgs};
use picture::PictureArgs;
use sheet::SheetArgs;

/// Arguments of `export`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ExportArgs {
    /// What to write; without a command, the network.
    #[command(subcommand)]
    pub command: Option<ExportCommand>,
    /// How the network is written.
    #[command(flatten)]
    pub network: Option<NetworkArgs>,
}

/// What is written besides the network.
#[derive(Subcommand, Clone, PartialEq, Debug)]
pub enum ExportCommand {
    /// Draws a place into a file.
    Picture(Box<PictureArgs>),
    /// Writes worksheets and their keys: of a place, or of a lesson's questions.
    Sheet(Box<SheetArgs>),
    /// Draws steps as a moving picture.
    Film(Box<FilmArgs>),
    /// Writes tensors as numbers.
    Tensor(Box<TensorArgs>),
    /// Writes the terms of a cell.
    Terms(Box<TermsArgs>),
    /// Draws the curves of a training log.
    Plot(PlotArgs),
}

/// Writes what is asked for; `draw` draws states, where there is a window.
pub fn export(args: &ExportArgs, draw: Option<&dyn Draw>) -> Result<Ended, CliError> {
    match (&args.command, &args.network) {
        (Some(ExportCommand::Picture(args)), _) => picture::picture(args, super::drawing(draw)?)?,
        (Some(ExportCommand::Sheet(args)), _) => sheet::sheet(args)?,
        (Some(ExportCommand::Film(args)), _) => return film::film(args, super::drawing(draw)?),
        (Some(ExportCommand::Tensor(args)), _) => numbers::tensor(args)?,
        (Some(ExportCommand::Terms(args)), _) => numbers::terms(args)?,
        (Some(ExportCommand::Plot(args)), _) => numbers::plot(args)?,
        (None, Some(args)) => network::export(args)?,
        (None, None) => return Err(CliError("expected --out with a file's name, got none; add it".into())),
    }
    Ok(Ended::Whole)
}
