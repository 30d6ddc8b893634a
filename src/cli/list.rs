//! `models` and `samples`: what is bundled.

use super::{
    CliError,
    out::{print, shape, table},
};
use crate::data::{Content, SAMPLES, samples};
use crate::model_io::bundled;

fn row(cells: [&str; 5]) -> Vec<String> {
    cells.map(str::to_owned).into()
}

/// Prints the bundled models.
pub fn models() -> Result<(), CliError> {
    let mut rows = vec![row(["NAME", "INPUT", "CLASSES", "PARAMETERS", "WHAT IT IS"])];
    for bundled in bundled::models() {
        let model = bundled::load(bundled.name)?;
        let classes = model.architecture.classes.len();
        rows.push(vec![
            bundled.name.into(),
            shape(model.network.input),
            if classes == 0 { "-".into() } else { classes.to_string() },
            model.parameter_count().to_string(),
            bundled.summary.into(),
        ]);
    }
    print(&table(&rows, &[2, 3]))
}

/// Prints the bundled samples.
pub fn samples() -> Result<(), CliError> {
    let mut rows = vec![row(["NAME", "SHAPE", "LABEL", "KIND", ""])];
    for sample in SAMPLES {
        let loaded = samples::load(sample.name)?;
        let kind = match loaded.content {
            Content::Picture(_) => "picture",
            Content::Values(_) => "values",
        };
        rows.push(row([sample.name, &shape(loaded.shape()), sample.label.unwrap_or("-"), kind, ""]));
    }
    print(&table(&rows, &[]))
}
