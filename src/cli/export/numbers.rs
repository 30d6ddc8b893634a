//! `export tensor`, `export terms` and `export plot`: numbers as arrays and tables, and the curves of a log.

use super::subject::SubjectArgs;
use crate::app::{Action, AppState};
use crate::cli::{CliError, out::print, read_file, shown::apply_all};
use crate::export::{
    arrays,
    numbers::{self, Array},
    training,
};
use crate::files::write_atomically;
use crate::model_io::nearest;
use crate::nn::Execution;
use crate::trace::{Address, Pass, Trace};
use clap::Args as ClapArgs;
use std::path::{Path, PathBuf};

/// Arguments of `export tensor`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct TensorArgs {
    /// The model and the picture.
    #[command(flatten)]
    pub subject: SubjectArgs,
    /// The address of a layer, a map or a cell: fwd/conv1, bwd/conv1.dW, conv1.weight, fwd/conv1/k2.
    #[arg(long, value_name = "ADDRESS")]
    pub at: Vec<String>,
    /// A tensor by the name that it has in PyTorch: input, conv1, conv1.weight, grad.conv1.
    #[arg(long, value_name = "NAME")]
    pub tensor: Vec<String>,
    /// The output file: .csv or .npy of one tensor, .npz of several; of all where none is named.
    #[arg(long, value_name = "NUMBERS.npy|.npz|.csv")]
    pub out: PathBuf,
}

/// Arguments of `export terms`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct TermsArgs {
    /// The model and the picture.
    #[command(flatten)]
    pub subject: SubjectArgs,
    /// The address of a computed cell, as in fwd/conv1/k2/(3,5).
    #[arg(long, value_name = "ADDRESS")]
    pub at: String,
    /// The output file: a table with the operands' addresses (.csv), or the numbers a, b, product and sum of each term
    /// (.npy).
    #[arg(long, value_name = "TERMS.csv|.npy")]
    pub out: PathBuf,
}

/// Arguments of `export plot`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct PlotArgs {
    /// The log of training, as `train --log` or the window writes it.
    #[arg(long, value_name = "LOG.csv")]
    pub log: PathBuf,
    /// The output file.
    #[arg(long, value_name = "CURVES.svg")]
    pub out: PathBuf,
}

/// Writes tensors.
pub fn tensor(args: &TensorArgs) -> Result<(), CliError> {
    let ending = ending(&args.out, &["csv", "npy", "npz"])?;
    let mut state = args.subject.open()?;
    let mut arrays = Vec::new();
    for at in &args.at {
        let place = go(&mut state, at)?;
        arrays.push(Array::from_place(state.trace(), &place)?);
    }
    let trace = computed(&state);
    let network = trace.plan().network();
    if !args.tensor.is_empty() {
        let all = named(&trace);
        for name in &args.tensor {
            let found = all.iter().find(|array| array.name == *name).cloned();
            arrays.push(found.ok_or_else(|| unknown(name, &all))?);
        }
    }
    let bytes = match (ending, arrays.as_slice()) {
        ("npz", []) => arrays::archive(network, trace.params(), trace.values())?,
        ("npz", some) => numbers::npz(some)?,
        ("npy", [one]) => one.npy()?,
        (_, [one]) => one.table().csv()?,
        (_, several) => {
            return Err(CliError(format!(
                "{}: expected one tensor, by --at or --tensor, got {}; name one, or write .npz",
                args.out.display(),
                several.len()
            )));
        }
    };
    write_atomically(&args.out, &bytes)?;
    print(&format!("wrote {}\n", args.out.display()))
}

/// Writes a cell's terms.
pub fn terms(args: &TermsArgs) -> Result<(), CliError> {
    let ending = ending(&args.out, &["csv", "npy"])?;
    let mut state = args.subject.open()?;
    let place = go(&mut state, &args.at)?;
    let bytes = match ending {
        "npy" => numbers::terms_array(state.trace(), &place)?.npy()?,
        _ => numbers::terms(state.trace(), &place)?.csv()?,
    };
    write_atomically(&args.out, &bytes)?;
    print(&format!("wrote {}\n", args.out.display()))
}

/// Writes the curves of a log.
pub fn plot(args: &PlotArgs) -> Result<(), CliError> {
    ending(&args.out, &["svg"])?;
    let svg = training::plot(&read_file(&args.log)?)
        .map_err(|error| CliError(format!("{}: {error}", args.log.display())))?;
    write_atomically(&args.out, svg.as_bytes())?;
    print(&format!("wrote {}\n", args.out.display()))
}

/// The ending of a file's name, one of those that are known.
fn ending<'a>(out: &Path, known: &[&'a str]) -> Result<&'a str, CliError> {
    let own = out.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
    known.iter().find(|known| **known == own).copied().ok_or_else(|| {
        CliError(format!(
            "{}: expected a file that ends in .{}, got {own:?}; for example, numbers.{}",
            out.display(),
            known.join(" or ."),
            known[0]
        ))
    })
}

/// Goes to an address, so that its values are there.
fn go(state: &mut AppState, at: &str) -> Result<Address, CliError> {
    let address = state.plan().parse(at)?;
    apply_all(state, [Action::GoTo(at.to_owned())])?;
    Ok(address)
}

/// The training step with its gradients.
fn computed(state: &AppState) -> Trace {
    let mut trace: Trace = (**state.trace()).clone();
    trace.compute_to(Pass::Bwd, Execution::SERIAL);
    trace
}

/// All its tensors, by PyTorch's names.
fn named(trace: &Trace) -> Vec<Array> {
    let named = arrays::named(trace.plan().network(), trace.params(), trace.values());
    let array = |(name, array): (String, ndarray::ArrayD<f32>)| Array {
        name,
        shape: array.shape().to_vec(),
        values: array.iter().copied().collect(),
    };
    named.into_iter().map(array).collect()
}

fn unknown(name: &str, all: &[Array]) -> CliError {
    let names: Vec<&str> = all.iter().map(|array| array.name.as_str()).collect();
    let hint = nearest(name, &names).map_or_else(String::new, |near| format!(" (did you mean {near:?}?)"));
    CliError(format!(
        "expected the name of a tensor, got {name:?}{hint}; `convstep run --tensors` writes all"
    ))
}
