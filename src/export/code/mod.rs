//! A network as a program in Python: a PyTorch module, a Keras model, or NumPy loops, forward and backward.
//!
//! Each program reads its weights from a file beside it, and has the preprocessing, the class names, the loss and the
//! optimizer of the model. Dropout and batch normalisation run as in evaluation.

mod activations;
mod flow;
mod keras;
mod numpy;
mod python;
mod pytorch;

pub use flow::makes_vector;

use super::{ExportError, arrays};
use crate::model_io::Model;
use crate::nn::optimizer::Optimizer;

/// What a program is written with.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Library {
    /// A `torch.nn.Module`.
    PyTorch,
    /// A Keras model of the functional interface, channels last.
    Keras,
    /// Loops over windows, forward and backward.
    NumPy,
}

impl Library {
    /// Every library.
    pub const ALL: [Self; 3] = [Self::PyTorch, Self::Keras, Self::NumPy];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PyTorch => "pytorch",
            Self::Keras => "keras",
            Self::NumPy => "numpy",
        }
    }

    /// Its name in a text.
    pub const fn title(self) -> &'static str {
        match self {
            Self::PyTorch => "PyTorch",
            Self::Keras => "Keras",
            Self::NumPy => "NumPy",
        }
    }

    /// The ending of the weight file that a program of this kind reads: `net.py` reads `net.weights.npz`, a name that
    /// no other file of the user's is likely to have.
    pub const fn weights_ending(self) -> &'static str {
        match self {
            Self::PyTorch => "weights.safetensors",
            Self::Keras | Self::NumPy => "weights.npz",
        }
    }
}

/// The program that computes what `model` computes, reads its weights from the file of this name beside it, and trains
/// with `optimizer`.
pub fn program(library: Library, model: &Model, optimizer: &Optimizer, weights: &str) -> String {
    match library {
        Library::PyTorch => pytorch::program(model, optimizer, weights),
        Library::Keras => keras::program(model, optimizer, weights),
        Library::NumPy => numpy::program(model, optimizer, weights),
    }
}

/// The weight file that a program for `library` reads.
///
/// # Errors
/// Where the tensors do not fit the file's form.
pub fn weights(library: Library, model: &Model) -> Result<Vec<u8>, ExportError> {
    match library {
        Library::PyTorch => model.to_bytes().map_err(|error| ExportError(error.0)),
        Library::Keras | Library::NumPy => arrays::weights(&model.network, &model.params),
    }
}
