//! `export`: writes a model's weights or its architecture to a file for other programs.

use super::{CliError, ExportArgs, npz, open_model, out::print};
use crate::files::write_atomically;

/// Writes the model in the format of the file's extension.
pub fn export(args: &ExportArgs) -> Result<(), CliError> {
    let ending =
        args.out.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let known = ["npz", "safetensors", "toml"];
    if !known.contains(&ending.as_str()) {
        return Err(CliError(format!(
            "{}: expected a file that ends in .npz, .safetensors or .toml, got {ending:?}; for example, net.npz",
            args.out.display()
        )));
    }
    let model = open_model(&args.model)?;
    let bytes = match ending.as_str() {
        "npz" => npz::weights(&model.network, &model.params)?,
        "safetensors" => model.to_bytes()?,
        _ => model.architecture.to_toml().into_bytes(),
    };
    write_atomically(&args.out, &bytes)?;
    let notes: String = model.notes.iter().map(|note| format!("{note}\n")).collect();
    print(&format!("{notes}wrote {}\n", args.out.display()))
}
