//! The training log: a row every few steps and after each epoch, as CSV or JSON lines.

use super::{CliError, source::read_file};
use crate::data::Split;
use crate::files::write_atomically;
use crate::train::Report;
use serde_json::{Value, json};
use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

/// A log file.
pub struct Log {
    path: PathBuf,
    format: LogFormat,
    file: File,
}

/// A row of the log.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Row {
    /// The number of steps done.
    pub step: u64,
    /// The epoch, counted from 1.
    pub epoch: u64,
    /// The split that loss and accuracy are of: training (since the previous row) or validation.
    pub split: Split,
    /// Loss and accuracy.
    pub report: Report,
    /// Further columns of a training row.
    pub step_row: Option<StepRow>,
}

/// The columns that only training rows have.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StepRow {
    /// The learning rate of the step.
    pub learning_rate: f64,
    /// The norm of its whole gradient.
    pub gradient_norm: f64,
    /// Training examples per second, since the previous row.
    pub images_per_second: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum LogFormat {
    Csv,
    JsonLines,
}

const HEAD: &str = "step,epoch,part,loss,accuracy,learning_rate,gradient_norm,images_per_second";

impl Log {
    /// Opens a new log; or, if `from` steps are done, continues the existing log and drops its rows after that
    /// step.
    ///
    /// # Errors
    /// If the name ends in neither .csv nor .jsonl, or the file cannot be written or is not a log.
    pub fn open(path: &Path, from: Option<u64>) -> Result<Self, CliError> {
        let fails = |what: String| CliError(format!("{}: {what}", path.display()));
        let format = match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => LogFormat::Csv,
            Some("jsonl") => LogFormat::JsonLines,
            _ => {
                return Err(fails(
                    "expected the log's name to end in .csv or .jsonl, got another extension; rename it"
                        .into(),
                ));
            }
        };
        let before = match from {
            Some(step) if path.exists() => {
                let text = String::from_utf8_lossy(&read_file(path)?).into_owned();
                format.until(&text, step).ok_or_else(|| {
                    fails("expected the log of this run, got another file; choose another name".into())
                })?
            }
            Some(_) | None => format.head(),
        };
        write_atomically(path, before.as_bytes())?;
        let file = OpenOptions::new().append(true).open(path);
        let file = file.map_err(|error| {
            fails(format!("expected to write the log, got {error}; choose another place"))
        })?;
        Ok(Self { path: path.to_owned(), format, file })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add(&mut self, row: &Row) -> Result<(), CliError> {
        // In one piece, so that killing the program leaves only complete lines.
        self.file.write_all(self.format.line(row).as_bytes()).map_err(|error| {
            let path = self.path.display();
            CliError(format!("{path}: expected to write the log, got {error}; free some space or omit --log"))
        })
    }
}

impl LogFormat {
    fn head(self) -> String {
        match self {
            Self::Csv => format!("{HEAD}\n"),
            Self::JsonLines => String::new(),
        }
    }

    fn line(self, row: &Row) -> String {
        let Row { step, epoch, split, report, step_row } = row;
        let (split, loss, accuracy) = (split.name(), report.loss, report.accuracy());
        let mut line = match (self, step_row) {
            (Self::Csv, Some(StepRow { learning_rate, gradient_norm, images_per_second })) => format!(
                "{step},{epoch},{split},{loss},{accuracy},{learning_rate},{gradient_norm},{images_per_second:.1}"
            ),
            (Self::Csv, None) => format!("{step},{epoch},{split},{loss},{accuracy},,,"),
            (Self::JsonLines, step_row) => {
                let mut line = json!({
                    "step": step, "epoch": epoch, "part": split, "loss": loss, "accuracy": accuracy,
                });
                if let Some(StepRow { learning_rate, gradient_norm, images_per_second }) = step_row {
                    line["learning_rate"] = json!(learning_rate);
                    line["gradient_norm"] = json!(gradient_norm);
                    line["images_per_second"] = json!((images_per_second * 10.0).round() / 10.0);
                }
                line.to_string()
            }
        };
        line.push('\n');
        line
    }

    /// The log's text up to step `last`; `None` if it is not a log. An incomplete last line is dropped.
    fn until(self, text: &str, last: u64) -> Option<String> {
        let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let mut kept = self.head();
        if self == Self::Csv && lines.next().is_some_and(|line| line.trim_end() != HEAD) {
            return None;
        }
        for line in lines {
            let step = match self {
                Self::Csv => line.split(',').next()?.parse().ok()?,
                Self::JsonLines => serde_json::from_str::<Value>(line).ok()?["step"].as_u64()?,
            };
            if step <= last {
                kept.push_str(line);
            }
        }
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: u64) -> Row {
        let report = Report { images: 4, loss: 0.1, correct: 3 };
        let step_row = StepRow { learning_rate: 0.01, gradient_norm: 2.5, images_per_second: 1234.56 };
        Row { step, epoch: 1, split: Split::Train, report, step_row: Some(step_row) }
    }

    #[test]
    fn a_log_goes_on_without_a_line_twice() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.csv", "a.jsonl"] {
            let path = folder.path().join(name);
            let text = || std::fs::read_to_string(&path).expect("reads");
            let mut log = Log::open(&path, None).expect("opens");
            let validation = Row { split: Split::Validation, step_row: None, ..row(10) };
            for row in [row(5), row(10), validation, row(15), row(20)] {
                log.add(&row).expect("writes");
            }
            let whole = text();
            std::fs::write(&path, &whole[..whole.len() - 3]).expect("writes");
            let mut log = Log::open(&path, Some(12)).expect("opens");
            for row in [row(15), row(20)] {
                log.add(&row).expect("writes");
            }
            assert_eq!(text(), whole);
            assert!(whole.contains("1234.6") && whole.contains("0.75"), "{whole}");
            Log::open(&path, None).expect("opens");
            assert!(text().lines().count() <= 1);
        }
    }

    #[test]
    fn what_is_no_log_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, expected) in
            [("a.csv", "got another file"), ("a.jsonl", "got another file"), ("a.txt", ".csv")]
        {
            let path = folder.path().join(name);
            std::fs::write(&path, "dear diary\n").expect("writes");
            let error = Log::open(&path, Some(1)).err().expect("no log").0;
            assert!(error.contains(expected), "{error}");
            assert_eq!(std::fs::read(&path).expect("reads"), b"dear diary\n");
        }
    }
}
