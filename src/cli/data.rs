//! Opens the data set that an argument names: a generator or a path.

use super::{CliError, out::shape};
use crate::data::{Dataset, Difficulty, Generated, OpenOptions, Origin, Split, UpperFolders, VALIDATION};
use crate::execution::Execution;
use crate::model_io::{Model, nearest};
use crate::threads::Threads;
use indicatif::{ProgressBar, ProgressStyle};
use std::{io::Write, path::Path};

/// How [`open_data`] divides a data set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Division {
    /// The set's own splits.
    Own,
    /// As training requires: a missing split is held out from the training examples. For validation, this many
    /// examples, or [`VALIDATION`] (a tenth at most) without a number.
    KeepBack(Option<u64>),
}

/// The data that the arguments name, and how to divide it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DataArgs<'a> {
    /// A generator's name or a path.
    pub name: &'a str,
    /// The folder of test pictures, or `none` if the upper folders are classes.
    pub test_folder: Option<&'a str>,
    /// Determines generated examples and what is held out.
    pub seed: u64,
    /// How the set is divided.
    pub division: Division,
}

/// What an argument says of the upper folders of class folders.
fn folders(test_folder: Option<&str>) -> UpperFolders {
    match test_folder {
        None => UpperFolders::ByName,
        Some("none") => UpperFolders::Classes,
        Some(name) => UpperFolders::Test(name.trim_end_matches(['/', '\\']).to_owned()),
    }
}

/// Opens data for a network with inputs `input` (C, H, W): generated examples, which must have that shape, or a
/// data set, whose pictures are fitted. Says on standard error what files were taken for and which were left out.
///
/// # Errors
/// If there is no such data, or it cannot be read or fitted.
pub fn open_data(args: DataArgs, input: [usize; 3]) -> Result<Dataset, CliError> {
    let DataArgs { name, test_folder, seed, division } = args;
    if let Some(generated) = Generated::parse(name) {
        if test_folder.is_some() {
            return Err(CliError(format!("--test-folder: expected a data set, got {name}; omit it")));
        }
        return Ok(Dataset::generated(generated, seed));
    }
    let path = Path::new(name);
    if !path.exists() {
        let names = Generated::ALL.map(Generated::name);
        let hint =
            nearest(name, &names).map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"));
        return Err(CliError(format!(
            "--data: expected {} or a path to a data set, got {name:?}, which is neither{hint}; check the path",
            names.join(", ")
        )));
    }
    let bar = bar("{bar:30} {percent:>3} %");
    bar.set_length(STEPS);
    let on_progress = |part: f32| {
        bar.set_position((part * STEPS as f32) as u64);
        true
    };
    let workers = Threads::on_all_cores();
    let options = OpenOptions { shape: Some(input), folders: folders(test_folder), ..OpenOptions::default() };
    let opened = options.open(path, Execution { workers: &workers, on_progress: &on_progress });
    bar.finish_and_clear();
    let opened = opened?;
    for note in &opened.notes {
        warn(&note.to_string());
    }
    /// Skipped files that are listed.
    const SHOWN: usize = 5;
    for skipped in opened.skipped.iter().take(SHOWN) {
        warn(&format!("skipped {}: {}", skipped.name, skipped.reason));
    }
    if opened.skipped.len() > SHOWN {
        warn(&format!("skipped {} more files", opened.skipped.len() - SHOWN));
    }
    let Division::KeepBack(validation) = division else { return Ok(opened.dataset) };
    let len = opened.dataset.len(Split::Train).unwrap_or(0);
    let validation = validation.unwrap_or(VALIDATION.min(len / 10));
    Ok(opened.dataset.with_split(validation as f64 / len.max(1) as f64, seed))
}

/// Applies a difficulty to generated data, if one is given.
///
/// # Errors
/// If one is given for a data set that is not generated.
pub fn with_difficulty(data: Dataset, difficulty: Option<Difficulty>) -> Result<Dataset, CliError> {
    match difficulty {
        None => Ok(data),
        Some(difficulty) if data.generator().is_some() => Ok(data.with_difficulty(difficulty)),
        Some(_) => {
            Err(CliError(format!("--difficulty: expected generated data, got {}; omit it", data.name())))
        }
    }
}

/// Checks that a model's input has the shape of the data's pictures.
///
/// # Errors
/// If the shapes differ.
pub fn check_shape(data: &Dataset, model: &Model) -> Result<(), CliError> {
    if data.shape() != model.network.input {
        return Err(CliError(format!(
            "{}: expected pictures of shape {:?} for {}, got {:?}; use other data or another model",
            data.name(),
            model.network.input,
            model.name,
            data.shape()
        )));
    }
    Ok(())
}

/// The split to use: `wanted`, else the first that is not trained on.
///
/// # Errors
/// If the data has no such split.
pub fn split_of(data: &Dataset, wanted: Option<Split>) -> Result<Split, CliError> {
    match wanted {
        Some(split) if data.is_empty(split) => Err(CliError(format!(
            "{}: expected a {} split, got none; omit --split or use other data",
            data.name(),
            split.name()
        ))),
        Some(split) => Ok(split),
        None => Ok([Split::Test, Split::Validation]
            .into_iter()
            .find(|&split| !data.is_empty(split))
            .unwrap_or(Split::Train)),
    }
}

/// Prints a line to standard error; failures are ignored, because there is nowhere to report them.
fn warn(line: &str) {
    let _ = writeln!(std::io::stderr(), "convstep: {line}");
}

/// Describes a data set in one line. Checkpoints record this text and compare it when a run resumes, so changing it
/// makes older checkpoints unusable.
pub fn about(data: &Dataset) -> String {
    let splits = Split::ALL.into_iter().filter_map(|split| {
        let kept = if data.origin(split) == Origin::KeptBack { " (kept back from training)" } else { "" };
        data.len(split).filter(|len| *len > 0).map(|len| format!("{len} {}{kept}", split.name()))
    });
    let splits: Vec<String> = splits.collect();
    let splits = if splits.is_empty() { "generated".to_owned() } else { splits.join(", ") };
    let fitted = match (data.own_shape(), data.shape()) {
        (own, fitted) if own != fitted => format!("{} fitted to {}", shape(own), shape(fitted)),
        (own, _) => shape(own),
    };
    format!("{}: {splits}; {} classes, pictures {fitted}\n", data.name(), data.classes().len())
}

/// The steps of a progress bar that shows a share.
const STEPS: u64 = 1000;

/// A progress bar on standard error.
pub fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    // An error in the template leaves the default style.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
