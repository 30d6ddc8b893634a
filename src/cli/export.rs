//! `export`: writes a model's weights, its architecture, its code or a drawing of it to a file.

use super::{CliError, ExportArgs, open_model, out::print, read_file};
use crate::export::{arrays, code, diagram};
use crate::files::write_atomically;
use crate::model_io::Model;

/// Writes the model in the format of the file's extension.
pub fn export(args: &ExportArgs) -> Result<(), CliError> {
    let ending =
        args.out.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let known = ["npz", "safetensors", "toml", "py", "svg"];
    if !known.contains(&ending.as_str()) {
        return Err(CliError(format!(
            "{}: expected a file that ends in .npz, .safetensors, .toml, .py or .svg, got {ending:?}; for example, net.npz",
            args.out.display()
        )));
    }
    let model = match open_model(&args.model, None) {
        Ok(model) => model,
        Err(error) if ending == "toml" => return draft(args, error),
        Err(error) => return Err(error),
    };
    let mut written = String::new();
    let bytes = match ending.as_str() {
        "npz" => arrays::weights(&model.network, &model.params)?,
        "safetensors" => model.to_bytes()?,
        "py" => {
            let (program, line) = program(&model, args)?;
            written = line;
            program
        }
        "svg" => diagram::svg(&model.network, args.style.into()).into_bytes(),
        _ => model.architecture.to_toml().into_bytes(),
    };
    write_atomically(&args.out, &bytes)?;
    let notes: String = model.notes.iter().map(|note| format!("{note}\n")).collect();
    print(&format!("{notes}{written}wrote {}\n", args.out.display()))
}

/// The program for a library, after its weights have been written beside `out`, and a line on them.
fn program(model: &Model, args: &ExportArgs) -> Result<(Vec<u8>, String), CliError> {
    let library = args.library.into();
    let path = args.out.with_extension(code::Library::weights_ending(library));
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    write_atomically(&path, &code::weights(library, model)?)?;
    let text = code::program(library, model, &args.optimizer.optimizer(), &name);
    Ok((text.into_bytes(), format!("wrote {}\n", path.display())))
}

/// Writes a draft of the architecture of weights that come without one, or says why they cannot be opened.
fn draft(args: &ExportArgs, error: CliError) -> Result<(), CliError> {
    // What the user has written is never replaced by a draft.
    let path = std::path::Path::new(&args.model.model);
    if args.model.architecture.is_some() || path.with_extension("toml").exists() || args.out.exists() {
        return Err(error);
    }
    let Ok(bytes) = read_file(path) else { return Err(error) };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(text) = Model::draft(&name, &bytes)? else { return Err(error) };
    write_atomically(&args.out, text.as_bytes())?;
    print(&format!(
        "{name} has no architecture; wrote a draft of it to {}: complete what is marked with a question mark, then open the \
         weights with --architecture {0}\n",
        args.out.display()
    ))
}
