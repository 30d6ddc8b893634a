//! `step`: one step of a run, by its address.

use super::{CliError, StepArgs};

/// Prints what happens at an address.
pub fn step(args: &StepArgs) -> Result<(), CliError> {
    Err(CliError(format!(
        "expected a build with the trace to answer {}, got one without it; step is not built yet",
        args.at
    )))
}
