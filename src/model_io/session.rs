//! The container format of session files: JSON with tensors, numbers and bytes, in one safetensors file. Their
//! meaning is up to the writer.

#![expect(clippy::arithmetic_side_effects, reason = "lengths of lists that are in memory")]

use super::{ModelError, weights};
use crate::tensor::Tensor;
use safetensors::{Dtype, SafeTensors, tensor::View};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{borrow::Cow, collections::HashMap};

/// The extension of session files.
pub const ENDING: &str = "convstep";

/// The version that is written, and the latest that can be read.
pub const VERSION: u32 = 1;

/// The metadata key that holds the JSON.
const KEY: &str = "convstep.session";

/// Whether a file name has the extension of a session file.
pub fn is_file(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case(ENDING))
}

/// A named item stored beside the JSON.
#[derive(Clone, Debug)]
pub enum Entry<'a> {
    /// A tensor, stored exactly.
    Tensor(&'a Tensor),
    /// A list of numbers, stored exactly.
    Numbers(Vec<f64>),
    /// An embedded file.
    Bytes(Cow<'a, [u8]>),
}

#[derive(Serialize)]
struct Written<'a, T> {
    version: u32,
    session: &'a T,
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Deserialize)]
struct Content<T> {
    session: T,
}

/// An entry with its shape; its bytes are produced on demand, one entry at a time.
struct Held<'a> {
    shape: Vec<usize>,
    entry: &'a Entry<'a>,
}

impl View for Held<'_> {
    fn dtype(&self) -> Dtype {
        match self.entry {
            Entry::Tensor(_) => Dtype::F32,
            Entry::Numbers(_) => Dtype::F64,
            Entry::Bytes(_) => Dtype::U8,
        }
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self.entry {
            Entry::Tensor(tensor) => tensor.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Entry::Numbers(numbers) => numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Entry::Bytes(bytes) => Cow::Borrowed(bytes),
        }
    }

    fn data_len(&self) -> usize {
        match self.entry {
            Entry::Tensor(tensor) => tensor.len() * size_of::<f32>(),
            Entry::Numbers(numbers) => numbers.len() * size_of::<f64>(),
            Entry::Bytes(bytes) => bytes.len(),
        }
    }
}

/// Writes a session file; the bytes are the same every time.
///
/// # Errors
/// If two entries have the same name, or the format cannot hold something.
pub fn write(about: &impl Serialize, entries: &[(String, Entry)]) -> Result<Vec<u8>, ModelError> {
    let fails =
        |what: String| ModelError(format!("expected a session that fits its file, got {what}; report this"));
    let mut names = std::collections::HashSet::new();
    if let Some((twice, _)) = entries.iter().find(|(name, _)| !names.insert(name.as_str())) {
        return Err(fails(format!("{twice} twice")));
    }
    let text = serde_json::to_string(&Written { version: VERSION, session: about });
    let text = text.map_err(|error| fails(error.to_string()))?;
    let held = entries.iter().map(|(name, entry)| {
        let shape = match entry {
            Entry::Tensor(tensor) => tensor.shape().to_vec(),
            Entry::Numbers(numbers) => vec![numbers.len()],
            Entry::Bytes(bytes) => vec![bytes.len()],
        };
        (name.as_str(), Held { shape, entry })
    });
    // A single entry, because a hash map has no order.
    let metadata = HashMap::from([(KEY.to_owned(), text)]);
    safetensors::serialize(held, Some(metadata)).map_err(|error| fails(error.to_string()))
}

/// An opened session file: its format is valid, its contents are still to be interpreted. It allocates no more than
/// the file holds.
#[derive(Debug)]
pub struct SessionFile<'a> {
    name: String,
    text: String,
    entries: SafeTensors<'a>,
}

impl<'a> SessionFile<'a> {
    /// Opens a session file. `name` appears in errors.
    ///
    /// # Errors
    /// If the bytes are not a session, or one of a later version.
    pub fn open(name: &str, bytes: &'a [u8]) -> Result<Self, ModelError> {
        let fails = |what: String| ModelError(format!("{name}: {what}"));
        let entries = weights::open(bytes).map_err(|error| fails(error.0))?;
        let (_, header) = SafeTensors::read_metadata(bytes)
            .map_err(|_| fails("expected a session, got a damaged file; use an earlier one".into()))?;
        let text =
            header.metadata().as_ref().and_then(|metadata| metadata.get(KEY).cloned()).ok_or_else(|| {
                fails(
                    "expected a session, got a file without one, perhaps a model; open it as a model".into(),
                )
            })?;
        let file = Self { name: name.to_owned(), text, entries };
        // The version comes first, because later versions may have other fields.
        let Versioned { version } = file.parse()?;
        if version > VERSION {
            return Err(fails(format!(
                "expected a session of version {VERSION} or earlier, got version {version}; use a later convstep"
            )));
        }
        Ok(file)
    }

    /// Deserializes the JSON.
    ///
    /// # Errors
    /// If the JSON has another structure.
    pub fn about<T: DeserializeOwned>(&self) -> Result<T, ModelError> {
        self.parse::<Content<T>>().map(|content| content.session)
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, ModelError> {
        serde_json::from_str(&self.text).map_err(|error| self.damaged(&weights::one_line(&error.to_string())))
    }

    /// A tensor.
    ///
    /// # Errors
    /// If there is no tensor with this name.
    pub fn tensor(&self, entry: &str) -> Result<Tensor, ModelError> {
        let view = self.view(entry, Dtype::F32)?;
        let shape: [usize; 4] =
            view.shape().try_into().map_err(|_| self.damaged(&format!("{entry} of another rank than 4")))?;
        let numbers = view.data().as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        Tensor::from_shape_vec(shape, numbers)
            .map_err(|_| self.damaged(&format!("{entry} of another length")))
    }

    /// A list of numbers.
    ///
    /// # Errors
    /// If there is no list with this name.
    pub fn numbers(&self, entry: &str) -> Result<Vec<f64>, ModelError> {
        let view = self.view(entry, Dtype::F64)?;
        Ok(view.data().as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect())
    }

    /// An embedded file.
    ///
    /// # Errors
    /// If there is no embedded file with this name.
    pub fn bytes(&self, entry: &str) -> Result<&'a [u8], ModelError> {
        Ok(self.view(entry, Dtype::U8)?.data())
    }

    fn view(&self, entry: &str, dtype: Dtype) -> Result<safetensors::tensor::TensorView<'a>, ModelError> {
        let view = self.entries.tensor(entry).map_err(|_| self.damaged(&format!("none of {entry}")))?;
        if view.dtype() == dtype { Ok(view) } else { Err(self.damaged(&format!("{entry} of another type"))) }
    }

    /// An error that says what is wrong with the file.
    pub fn damaged(&self, what: &str) -> ModelError {
        ModelError(format!(
            "{}: expected an undamaged session, got one with {what}; use an earlier one",
            self.name
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Vec<u8> {
        let tensor = Tensor::from_shape_fn((1, 2, 3, 4), |(_, c, i, j)| match (c, i, j) {
            (0, 0, 0) => f32::from_bits(0x7fc0_1234),
            (0, 0, 1) => f32::NEG_INFINITY,
            (0, 0, 2) => -0.0,
            (c, i, j) => (c * 100 + i * 10 + j) as f32 / 7.0,
        });
        let numbers = vec![f64::NAN, 1.0 / 3.0, f64::MIN_POSITIVE];
        let entries = [
            ("a".to_owned(), Entry::Tensor(&tensor)),
            ("b".to_owned(), Entry::Numbers(numbers)),
            ("c".to_owned(), Entry::Bytes(Cow::Borrowed(b"text"))),
            ("d".to_owned(), Entry::Numbers(Vec::new())),
        ];
        write(&vec!["one", "two"], &entries).expect("writes")
    }

    #[test]
    fn what_is_written_is_read_back_to_the_bit() {
        let bytes = file();
        assert_eq!(bytes, file());
        let read = SessionFile::open("s", &bytes).expect("opens");
        assert_eq!(read.about::<Vec<String>>().expect("reads"), ["one", "two"]);
        let tensor = read.tensor("a").expect("there");
        assert_eq!((tensor.dim(), tensor[[0, 0, 0, 0]].to_bits()), ((1, 2, 3, 4), 0x7fc0_1234));
        assert_eq!(tensor[[0, 0, 0, 2]].to_bits(), (-0.0f32).to_bits());
        let numbers = read.numbers("b").expect("there");
        assert!(numbers[0].is_nan() && numbers[1..] == [1.0 / 3.0, f64::MIN_POSITIVE]);
        assert_eq!((read.bytes("c").expect("there"), read.numbers("d")), (&b"text"[..], Ok(vec![])));
    }

    #[test]
    fn what_is_not_there_or_of_another_kind_gets_one_line() {
        let bytes = file();
        let read = SessionFile::open("s", &bytes).expect("opens");
        for error in [
            read.tensor("z").expect_err("none"),
            read.tensor("b").expect_err("numbers"),
            read.bytes("a").expect_err("a tensor"),
            read.about::<u8>().expect_err("a list"),
        ] {
            assert!(
                error.0.starts_with("s: expected an undamaged session, got") && !error.0.contains('\n'),
                "{error}"
            );
        }
        let tensor = Tensor::zeros((1, 1, 1, 1));
        let twice = [("a".to_owned(), Entry::Tensor(&tensor)), ("a".to_owned(), Entry::Tensor(&tensor))];
        assert!(write(&1, &twice).expect_err("twice").0.contains("a twice"));
    }

    #[test]
    fn a_later_version_and_other_files_are_refused() {
        let bytes = file();
        let at = bytes.windows(11).position(|part| part == b"version\\\":1").expect("there");
        let later = [&bytes[..at], b"version\\\":9", &bytes[at + 11..]].concat();
        let refused = |bytes: &[u8]| SessionFile::open("s", bytes).expect_err("no session").0;
        assert!(
            refused(&later).contains("of version 1 or earlier, got version 9; use a later"),
            "{}",
            refused(&later)
        );
        let model = crate::model_io::by_hand::backprop().and_then(|model| model.to_bytes()).expect("writes");
        assert!(refused(&model).contains("perhaps a model"));
        for end in [0, 7, 30, bytes.len() - 1] {
            assert!(refused(&bytes[..end]).starts_with("s: expected"), "{}", refused(&bytes[..end]));
        }
        assert!(is_file("My.Session.ConvStep") && !is_file("convstep") && !is_file("a.safetensors"));
    }
}
