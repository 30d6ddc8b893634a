//! Models: an architecture with matching weights.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "there is at least one class, and more are shown than there are only where that was checked"
)]

use super::{Architecture, ModelError, nearest::hint, weights};
use crate::data::Beside;
use crate::nn::{Network, Params, init::Init};
use crate::tensor::{Tensor, shape_of};
use std::sync::Arc;

/// A network with its weights, its classes and its preprocessing.
#[derive(Clone, PartialEq, Debug)]
pub struct Model {
    /// The name of a bundled model or of a file.
    pub name: String,
    /// The network.
    pub network: Network,
    /// Its parameters, shared with runs.
    pub params: Arc<Params>,
    /// The contents of the architecture file.
    pub architecture: Architecture,
    /// The tensors of the weight file that no layer uses, in order.
    pub unused: Vec<String>,
    /// What was changed while reading the file, one line per change.
    pub notes: Vec<String>,
}

/// What a model's file may need beside its own bytes.
#[derive(Clone, Copy)]
pub struct Near<'a> {
    /// The TOML text of the architecture, for files without one, or one that replaces the file's.
    pub architecture: Option<&'a str>,
    /// The files in the same folder.
    pub files: &'a dyn Beside,
    /// Rows and columns of the picture, for files that leave them free.
    pub size: Option<[usize; 2]>,
}

impl Near<'_> {
    /// Nothing.
    pub const NOTHING: Near<'static> = Near { architecture: None, files: &(), size: None };
}

impl Model {
    /// The extensions of model files.
    pub const ENDINGS: [&str; 8] = ["safetensors", "onnx", "pth", "pt", "pt2", "keras", "h5", "hdf5"];

    /// Further extensions of models, of which the reason why they are not opened is said.
    const OTHER_ENDINGS: [&str; 2] = ["ckpt", "tflite"];

    /// Whether a file name has the extension of a model file.
    pub fn is_file(name: &str) -> bool {
        Self::ENDINGS.iter().chain(&Self::OTHER_ENDINGS).any(|ending| has_ending(name, ending))
    }

    /// Reads a model from a weight file, with the architecture `toml` or else that in the file's metadata.
    ///
    /// # Errors
    /// If there is no architecture, or architecture and weights don't match.
    pub fn from_bytes(name: &str, safetensors: &[u8], toml: Option<&str>) -> Result<Self, ModelError> {
        let text = match toml {
            Some(text) => text.to_owned(),
            None => weights::architecture_text(safetensors)?.ok_or_else(|| {
                ModelError(format!(
                    "{name}: expected the architecture in the file's metadata ({}), got none; give it as a TOML file \
                     of the same name in the same folder, or by --architecture NET.toml; `convstep export --model {name} \
                     --out NET.toml` writes a draft of it to complete",
                    weights::METADATA_KEY
                ))
            })?,
        };
        let mut architecture = Architecture::parse(&text)?;
        let mut notes: Vec<String> = architecture.note_on_loss(&text).into_iter().collect();
        if toml.is_none() {
            notes.extend(architecture.mend_loss());
        }
        let network = architecture.build()?;
        let weights = weights::read(safetensors, &network)?;
        Ok(Self {
            name: name.to_owned(),
            network,
            params: Arc::new(weights.params),
            architecture,
            unused: weights.unused,
            notes,
        })
    }

    /// A model with initial weights.
    ///
    /// # Errors
    /// If the architecture's sizes don't fit together.
    pub fn initial(
        name: &str,
        architecture: Architecture,
        init: Init,
        seed: u64,
    ) -> Result<Self, ModelError> {
        let network = architecture.build()?;
        let params = Arc::new(network.init(init, seed));
        Ok(Self {
            name: name.to_owned(),
            network,
            params,
            architecture,
            unused: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// A safetensors file with the architecture in its metadata; the bytes are the same every time.
    ///
    /// # Errors
    /// If two layers have the same name in the file, or the model is too large for the format.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ModelError> {
        weights::write(&self.network, &self.params, &self.architecture.to_toml())
    }

    /// The name of a class, or its number if classes have no names.
    pub fn class_name(&self, index: usize) -> String {
        self.architecture.classes.get(index).cloned().unwrap_or_else(|| index.to_string())
    }

    /// The class with this name or number; names take precedence.
    ///
    /// # Errors
    /// If there is no such class; the message lists the classes.
    pub fn class_index(&self, text: &str) -> Result<usize, ModelError> {
        let classes = &self.architecture.classes;
        let text = text.trim();
        let named = classes.iter().position(|class| class == text);
        let folded = || classes.iter().position(|class| class.to_lowercase() == text.to_lowercase());
        let counted = || text.parse().ok().filter(|&index: &usize| index < self.network.classes());
        named.or_else(folded).or_else(counted).ok_or_else(|| {
            const SHOWN: usize = 20;
            let last = self.network.classes() - 1;
            let got: String = text.chars().take(40).collect();
            let names: Vec<&str> = classes.iter().map(String::as_str).collect();
            let list = match names.len() {
                0 => format!("give a number from 0 to {last}"),
                n if n <= SHOWN => {
                    format!("the classes are {}, or a number from 0 to {last}", names.join(", "))
                }
                n => {
                    let more = n - SHOWN;
                    format!(
                        "the classes are {} and {more} more, or a number from 0 to {last}",
                        names[..SHOWN].join(", ")
                    )
                }
            };
            ModelError(format!(
                "expected a class of {}, got {got:?}{}; {list}",
                self.name,
                hint(&got, &names)
            ))
        })
    }

    /// The network's input for the pixels of one picture. pixels: (1, C, H, W) in 0..=255.
    ///
    /// # Errors
    /// If the picture does not have the input's shape.
    pub fn input_from_pixels(&self, pixels: &Tensor) -> Result<Tensor, ModelError> {
        self.check_input(pixels)?;
        Ok(self.architecture.preprocess.apply(pixels))
    }

    /// The network's input for pixels that stand where the network sees them.
    ///
    /// # Errors
    /// If they do not have the input's shape.
    pub fn input_from_seen(&self, seen: &Tensor) -> Result<Tensor, ModelError> {
        self.check_input(seen)?;
        Ok(self.architecture.preprocess.scaled(seen.clone()))
    }

    /// Checks that a tensor can be this network's input.
    ///
    /// # Errors
    /// If it does not have the input's shape.
    pub fn check_input(&self, x: &Tensor) -> Result<(), ModelError> {
        let [n, got @ ..] = shape_of(x).0;
        if n == 0 || got != self.network.input {
            return Err(ModelError(format!(
                "{}: expected an input of shape {:?} (channels, rows, columns), got {got:?}; fit the picture to it",
                self.name, self.network.input
            )));
        }
        Ok(())
    }

    /// The number of trained parameters and running statistics.
    pub fn parameter_count(&self) -> usize {
        self.network.parameter_count()
    }
}

/// Whether a file's name has this extension, in capitals or not.
pub(super) fn has_ending(file: &str, ending: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, own)| own.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::{bundled, by_hand};

    #[test]
    fn classes_go_by_name_then_by_number() {
        let digits = bundled::load("digits").expect("bundled");
        assert_eq!(digits.class_index("7"), Ok(7));
        assert_eq!(digits.class_name(3), "3");
        let shapes = bundled::load("shapes").expect("bundled");
        assert_eq!(shapes.class_index("Star"), Ok(4));
        assert_eq!(shapes.class_index("4"), Ok(4));
        let error = shapes.class_index("strr").expect_err("no class").0;
        assert!(
            error.contains("expected a class of shapes, got \"strr\" (did you mean \"star\"?)"),
            "{error}"
        );
        assert!(error.ends_with("arrow, or a number from 0 to 7"), "{error}");
        let error = by_hand::backprop().and_then(|model| model.class_index("4")).expect_err("no class").0;
        assert!(error.ends_with("give a number from 0 to 3"), "{error}");
    }

    #[test]
    fn a_file_without_architecture_needs_one_beside_it() {
        let bytes = safetensors::serialize(Vec::<(&str, safetensors::tensor::TensorView)>::new(), None)
            .expect("writes");
        let error = Model::from_bytes("net", &bytes, None).expect_err("no architecture").0;
        assert!(
            error.contains(
                "expected the architecture in the file's metadata (convstep.architecture), got none"
            )
        );
        let text = "input = [1, 4, 4]\n[[layers]]\nname = \"r\"\nkind = \"relu\"";
        assert_eq!(Model::from_bytes("net", &bytes, Some(text)).map(|model| model.parameter_count()), Ok(0));
    }

    #[test]
    fn a_picture_of_another_size_is_refused() {
        let model = by_hand::backprop().expect("builds");
        let error = model.input_from_pixels(&Tensor::zeros((1, 3, 3, 3))).expect_err("three channels").0;
        assert!(
            error.contains("expected an input of shape [1, 3, 3] (channels, rows, columns), got [3, 3, 3]")
        );
    }
}
