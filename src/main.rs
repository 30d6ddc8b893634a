//! Arguments to the window or a headless command.

use clap::{Parser, error::ErrorKind};
use convstep::cli::{self, Args};
use std::{io::Write, process::ExitCode};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let done = match &args.command {
        Some(_) => cli::execute(&args),
        None => window(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn window(args: &Args) -> Result<(), cli::CliError> {
    if let Some(file) = &args.file {
        cli::check_file(file)?;
    }
    Err(cli::CliError(
        "expected a build with the window, got one without it; use a headless command (convstep --help)"
            .into(),
    ))
}

/// Help and version go to standard output; a mistake is one line on standard error and status 2.
fn usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A closed pipe is no reason to complain.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        _ => {
            complain(&cli::one_line(error));
            ExitCode::from(2)
        }
    }
}

/// One line on standard error; where nobody reads it, nothing is left to do.
fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "convstep: {line}");
}
