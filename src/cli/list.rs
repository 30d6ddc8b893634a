//! `models` and `samples`: list the bundled models, presets and samples.

use super::{
    CliError,
    out::{print, shape, table},
};
use crate::data::{Content, Generated, SAMPLES, samples};
use crate::model_io::{Preset, bundled, presets};

fn row(cells: [&str; 5]) -> Vec<String> {
    cells.map(str::to_owned).into()
}

/// Prints the bundled models and the presets.
pub fn models() -> Result<(), CliError> {
    print(&format!(
        "{}\nFor lessons:\n\n{}\nUntrained presets:\n\n{}\nConvolution arithmetic, one layer each:\n\n{}",
        bundled_models(false)?,
        bundled_models(true)?,
        of_presets(presets::all())?,
        of_presets(presets::arithmetic())?
    ))
}

/// The models that everybody may want to look at, or those that only lessons need.
fn bundled_models(is_for_lessons: bool) -> Result<String, CliError> {
    let mut rows = vec![row(["NAME", "INPUT", "CLASSES", "PARAMETERS", "WHAT IT IS"])];
    for bundled in bundled::group(is_for_lessons) {
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
    Ok(table(&rows, &[2, 3]))
}

fn of_presets(presets: &[Preset]) -> Result<String, CliError> {
    let mut rows = vec![row(["NAME", "INPUT", "DATA", "PARAMETERS", "WHAT IT IS"])];
    for preset in presets {
        let network = preset.architecture()?.build()?;
        rows.push(row([
            preset.name,
            &shape(network.input),
            preset.data.map_or("-", Generated::name),
            &network.parameter_count().to_string(),
            preset.summary,
        ]));
    }
    Ok(table(&rows, &[3]))
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
