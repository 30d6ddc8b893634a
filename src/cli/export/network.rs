//! The whole network as a file: its weights, its architecture, its code or a drawing of it.

use crate::cli::{CliError, ModelArgs, args::OptimizerArgs, open_model, out::print, read_file};
use crate::export::{
    arrays,
    code::{self, Library},
    diagram::{self, Style},
};
use crate::files::write_atomically;
use crate::model_io::Model;
use clap::{Args as ClapArgs, ValueEnum};
use std::path::PathBuf;

/// Arguments of `export` for the whole network.
// clap puts no argument into the group of a struct that has others flattened into it; without one it is never there.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
#[group(args = ["out"])]
pub struct NetworkArgs {
    /// The model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The output file: weights with PyTorch's names as .npz or .safetensors, the architecture as .toml or drawn as
    /// .svg, .pdf, .png or, for LaTeX, .tex, or the network as a program in Python as .py; its weights are written beside
    /// it.
    #[arg(long, value_name = "OUT")]
    pub out: PathBuf,
    /// What the program is written with.
    #[arg(long, value_enum, default_value_t, value_name = "LIBRARY")]
    pub library: LibraryArg,
    /// The optimizer of the program.
    #[command(flatten)]
    pub optimizer: OptimizerArgs,
    /// How the architecture is drawn.
    #[arg(long, value_enum, default_value_t, value_name = "STYLE")]
    pub style: StyleArg,
}

/// How an architecture is drawn.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StyleArg {
    /// The volumes as boxes to scale, in a row.
    #[default]
    Boxes,
    /// The layers as a table: output, parameters, multiply-adds.
    Table,
}

impl From<StyleArg> for Style {
    fn from(style: StyleArg) -> Self {
        match style {
            StyleArg::Boxes => Self::Boxes,
            StyleArg::Table => Self::Table,
        }
    }
}

/// What a program is written with.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LibraryArg {
    /// A module of PyTorch.
    #[default]
    Pytorch,
    /// A Keras model, channels last.
    Keras,
    /// Loops over windows, forward and backward.
    Numpy,
}

impl From<LibraryArg> for Library {
    fn from(library: LibraryArg) -> Self {
        match library {
            LibraryArg::Pytorch => Self::PyTorch,
            LibraryArg::Keras => Self::Keras,
            LibraryArg::Numpy => Self::NumPy,
        }
    }
}

/// Writes the model in the format of the file's extension.
pub fn export(args: &NetworkArgs) -> Result<(), CliError> {
    let ending =
        args.out.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    let known = ["npz", "safetensors", "toml", "py", "svg", "pdf", "png", "tex"];
    if !known.contains(&ending.as_str()) {
        return Err(CliError(format!(
            "{}: expected a file that ends in .{}, got {ending:?}; for example, net.npz",
            args.out.display(),
            known.join(", .")
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
        "pdf" => diagram::pdf(&model.network, args.style.into())?,
        "png" => diagram::png(&model.network, args.style.into())?,
        "tex" => diagram::tikz(&model.network, args.style.into()).into_bytes(),
        _ => model.architecture.to_toml().into_bytes(),
    };
    write_atomically(&args.out, &bytes)?;
    let notes: String = model.notes.iter().map(|note| format!("{note}\n")).collect();
    print(&format!("{notes}{written}wrote {}\n", args.out.display()))
}

/// The program for a library, after its weights have been written beside `out`, and a line on them.
fn program(model: &Model, args: &NetworkArgs) -> Result<(Vec<u8>, String), CliError> {
    let library = Library::from(args.library);
    let path = args.out.with_extension(library.weights_ending());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    write_atomically(&path, &code::weights(library, model)?)?;
    let text = code::program(library, model, &args.optimizer.optimizer(), &name);
    Ok((text.into_bytes(), format!("wrote {}\n", path.display())))
}

/// Writes a draft of the architecture of weights that come without one, or says why they cannot be opened.
fn draft(args: &NetworkArgs, error: CliError) -> Result<(), CliError> {
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
