//! From what the user named to a data set: a generator, or what lies at a path.

use super::{CliError, out::shape};
use crate::data::{Dataset, Difficulty, Generated, Origin, Progress, Split, VALIDATION, open};
use crate::model_io::{Model, nearest};
use indicatif::{ProgressBar, ProgressStyle};
use std::{io::Write, path::Path};

/// How [`open_data`] divides a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Division {
    /// Only as the set itself is divided.
    Own,
    /// As training wants it: a part that the set has not is kept back from its training part; for validation so
    /// many examples, or without a number [`VALIDATION`], a tenth at most.
    KeepBack(Option<u64>),
}

/// Opens data for a network with inputs `input` (C, H, W): generated examples, which must have that shape, or a data
/// set, whose pictures are fitted. Says on standard error which files were left out. `seed` generates, and chooses
/// what is kept back.
///
/// # Errors
/// Where there is none, or it cannot be read or fitted.
pub fn open_data(name: &str, input: [usize; 3], seed: u64, division: Division) -> Result<Dataset, CliError> {
    if let Some(generated) = Generated::parse(name) {
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
    let bar = Bar(bar("{bar:30} {pos} of {len} files"));
    let opened = open(path, Some(input), &bar);
    bar.0.finish_and_clear();
    let opened = opened?;
    const SHOWN: usize = 5;
    for skipped in opened.skipped.iter().take(SHOWN) {
        warn(&format!("left out {}: {}", skipped.name, skipped.reason));
    }
    if opened.skipped.len() > SHOWN {
        warn(&format!("left out {} more files", opened.skipped.len() - SHOWN));
    }
    let Division::KeepBack(validation) = division else { return Ok(opened.dataset) };
    let len = opened.dataset.len(Split::Train).unwrap_or(0);
    let validation = validation.unwrap_or(VALIDATION.min(len / 10));
    Ok(opened.dataset.with_split(validation as f64 / len.max(1) as f64, seed))
}

/// Generated data of a difficulty, where one is given.
///
/// # Errors
/// Where one is given for a data set, which is as hard as it is.
pub fn as_hard(data: Dataset, difficulty: Option<Difficulty>) -> Result<Dataset, CliError> {
    match difficulty {
        None => Ok(data),
        Some(difficulty) if data.generator().is_some() => Ok(data.with_difficulty(difficulty)),
        Some(_) => {
            Err(CliError(format!("--difficulty: expected generated data, got {}; leave it out", data.name())))
        }
    }
}

/// Whether a model reads pictures as the data's are.
///
/// # Errors
/// Where they have another shape.
pub fn check_shape(data: &Dataset, model: &Model) -> Result<(), CliError> {
    if data.shape() != model.network.input {
        return Err(CliError(format!(
            "{}: expected pictures of shape {:?}, as {} reads, got {:?}; take other data or another model",
            data.name(),
            model.network.input,
            model.name,
            data.shape()
        )));
    }
    Ok(())
}

/// The part that is looked at: the one that is wanted, else the first that is not trained on.
///
/// # Errors
/// Where the data has no such part.
pub fn part_of(data: &Dataset, wanted: Option<Split>) -> Result<Split, CliError> {
    match wanted {
        Some(part) if data.is_empty(part) => Err(CliError(format!(
            "{}: expected a {} part, got none; leave --part out or take other data",
            data.name(),
            part.name()
        ))),
        Some(part) => Ok(part),
        None => Ok([Split::Test, Split::Validation]
            .into_iter()
            .find(|&part| !data.is_empty(part))
            .unwrap_or(Split::Train)),
    }
}

/// A line on standard error; where nobody reads it, nothing is left to do.
fn warn(line: &str) {
    let _ = writeln!(std::io::stderr(), "convstep: {line}");
}

/// What a set holds, in a line.
pub fn about(data: &Dataset) -> String {
    let parts = Split::ALL.into_iter().filter_map(|part| {
        let kept = if data.origin(part) == Origin::KeptBack { " (kept back from training)" } else { "" };
        data.len(part).filter(|len| *len > 0).map(|len| format!("{len} {}{kept}", part.name()))
    });
    let parts: Vec<String> = parts.collect();
    let parts = if parts.is_empty() { "generated".to_owned() } else { parts.join(", ") };
    let fitted = match (data.own_shape(), data.shape()) {
        (own, fitted) if own != fitted => format!("{} fitted to {}", shape(own), shape(fitted)),
        (own, _) => shape(own),
    };
    format!("{}: {parts}; {} classes, pictures {fitted}\n", data.name(), data.classes().len())
}

/// A progress bar on standard error.
pub fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    // A mistake in the template leaves the default style.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

struct Bar(ProgressBar);

impl Progress for Bar {
    fn report(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }
}
