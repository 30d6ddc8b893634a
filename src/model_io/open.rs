//! Opening a model's file: the reader of its kind, by its first bytes.

use super::{
    Model, ModelError, Near, guess, keras,
    model::has_ending,
    onnx, pt2,
    recognise::{FileKind, recognise},
    torch, weights,
};
use crate::data::Beside;
use std::borrow::Cow;

impl Model {
    /// Reads a model from a file's bytes, named after the file: ONNX, Keras, a program by torch.export, or weights as
    /// safetensors or a PyTorch state dict, by their first bytes.
    ///
    /// # Errors
    /// As for [`Model::from_bytes`], [`onnx::read`] and [`torch::to_safetensors`]; of Keras models and programs in the words of
    /// their files.
    pub fn from_file(file: &str, bytes: &[u8], near: &Near) -> Result<Self, ModelError> {
        let kind = recognise(bytes);
        match kind {
            FileKind::Onnx => onnx::read(file, bytes, near),
            // A file without a mark of its own is what its name says.
            FileKind::Unknown if has_ending(file, "onnx") => onnx::read(file, bytes, near),
            FileKind::Safetensors | FileKind::Unknown => Self::of_weights(file, bytes, near),
            FileKind::Torch | FileKind::OldTorch => {
                Self::of_weights(file, &torch::to_safetensors(bytes)?, near)
            }
            FileKind::TorchExport => onnx::read_drawn(file, pt2::read(bytes)?, near),
            FileKind::Keras | FileKind::Hdf5 => onnx::read_drawn(file, keras::read(bytes)?, near),
            FileKind::Empty
            | FileKind::TorchScript
            | FileKind::Npz
            | FileKind::Npy
            | FileKind::Zip
            | FileKind::TfLite
            | FileKind::LfsPointer
            | FileKind::Html => Err(ModelError(format!(
                "{file}: expected a model as ONNX, Keras, .pt2, safetensors or a PyTorch state dict, got something else; {}",
                kind.remedy().unwrap_or_default()
            ))),
        }
    }

    /// Reads a model from a weight file, with the architecture that is given, in the file, or beside it, or else that which
    /// all its tensors tell.
    fn of_weights(file: &str, bytes: &[u8], near: &Near) -> Result<Self, ModelError> {
        let is_bare = weights::architecture_text(bytes).is_ok_and(|text| text.is_none());
        let beside = match near.architecture {
            None if is_bare => beside(file, near.files)?,
            _ => None,
        };
        let given = near.architecture.or(beside.as_deref());
        let guess = if is_bare && given.is_none() { guess::known(bytes)? } else { None };
        let told = guess.as_ref().map(|guess| guess.architecture.to_toml());
        let mut model = Self::from_bytes(file, bytes, given.or(told.as_deref()))?;
        model.notes.extend(guess.map(|guess| guess.note));
        model.notes.extend(guess::note_on_prefix(bytes));
        Ok(model)
    }

    /// Whether a file leaves the rows or columns of its picture free, so that [`Near::size`] may say them.
    pub fn leaves_size_free(file: &str, bytes: &[u8]) -> bool {
        match recognise(bytes) {
            FileKind::Onnx => onnx::is_size_free(bytes),
            FileKind::Unknown => has_ending(file, "onnx") && onnx::is_size_free(bytes),
            FileKind::Empty
            | FileKind::Safetensors
            | FileKind::Torch
            | FileKind::OldTorch
            | FileKind::TorchExport
            | FileKind::TorchScript
            | FileKind::Keras
            | FileKind::Hdf5
            | FileKind::Npz
            | FileKind::Npy
            | FileKind::Zip
            | FileKind::TfLite
            | FileKind::LfsPointer
            | FileKind::Html => false,
        }
    }

    /// The architecture of a file of weights that has none, as TOML to complete; `None` for other files.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn draft(file: &str, bytes: &[u8]) -> Result<Option<String>, ModelError> {
        let weights = match recognise(bytes) {
            FileKind::Safetensors => Cow::Borrowed(bytes),
            FileKind::Torch | FileKind::OldTorch => Cow::Owned(torch::to_safetensors(bytes)?),
            FileKind::Empty
            | FileKind::Onnx
            | FileKind::TorchExport
            | FileKind::TorchScript
            | FileKind::Keras
            | FileKind::Hdf5
            | FileKind::Npz
            | FileKind::Npy
            | FileKind::Zip
            | FileKind::TfLite
            | FileKind::LfsPointer
            | FileKind::Html
            | FileKind::Unknown => return Ok(None),
        };
        match weights::architecture_text(&weights)?.is_some() || guess::known(&weights)?.is_some() {
            true => Ok(None),
            false => guess::draft(file, &weights).map(Some),
        }
    }
}

/// The text of the .toml file with the same name in the same folder, if there is one.
fn beside(file: &str, files: &dyn Beside) -> Result<Option<String>, ModelError> {
    /// Much longer than any architecture.
    const LONGEST: u64 = 1 << 24;
    let name = format!("{}.toml", file.rsplit_once('.').map_or(file, |(stem, _)| stem));
    let Ok(size) = files.size(&name) else { return Ok(None) };
    let wrong = |got: String| {
        ModelError(format!(
            "{name}: expected an architecture as TOML text, got {got}; use another file or none"
        ))
    };
    if size > LONGEST {
        return Err(wrong(format!("{size} bytes")));
    }
    let bytes = files.read(&name, 0, usize::try_from(size).unwrap_or(0)).map_err(wrong)?;
    String::from_utf8(bytes).map(Some).map_err(|_| wrong("other bytes".into()))
}
