//! The session file: what is to be said of the program's state as JSON, and the tensors, numbers and bytes that go with
//! it, all in one safetensors file. What they mean is the business of who writes them; this is the form.

use super::{ModelError, weights};
use crate::tensor::Tensor;
use safetensors::{Dtype, SafeTensors, tensor::View};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{borrow::Cow, collections::HashMap};

/// The ending of the files.
pub const ENDING: &str = "convstep";

/// The version that is written, and the latest that is read.
pub const VERSION: u32 = 1;

/// The metadata key that holds the JSON.
const KEY: &str = "convstep.session";

/// Whether a file of this name is a session, by its ending.
pub fn is_file(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case(ENDING))
}

/// Something that goes with the JSON, under a name of its own.
#[derive(Clone, Debug)]
pub enum Entry<'a> {
    /// Rank 4, to the bit.
    Tensor(&'a Tensor),
    /// A list of numbers, to the bit.
    Numbers(Vec<f64>),
    /// A file within the file.
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
struct Said<T> {
    session: T,
}

/// An entry as a file holds it: its bytes are made when they are asked for, one entry after the other.
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

/// The file; the same bytes every time.
///
/// # Errors
/// Where two entries have one name, or something does not fit the form.
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
    // One entry only: a hash map has no order.
    let metadata = HashMap::from([(KEY.to_owned(), text)]);
    safetensors::serialize(held, Some(metadata)).map_err(|error| fails(error.to_string()))
}

/// A file that has been opened: its form is right, its meaning is still to be read. Nothing is allocated but what the
/// file holds.
#[derive(Debug)]
pub struct SessionFile<'a> {
    name: String,
    text: String,
    entries: SafeTensors<'a>,
}

impl<'a> SessionFile<'a> {
    /// Opens a file. `name` is for the errors.
    ///
    /// # Errors
    /// Where the bytes are no session, or one of a later version.
    pub fn open(name: &str, bytes: &'a [u8]) -> Result<Self, ModelError> {
        let fails = |what: String| ModelError(format!("{name}: {what}"));
        let entries = weights::open(bytes).map_err(|error| fails(error.0))?;
        let (_, header) = SafeTensors::read_metadata(bytes)
            .map_err(|_| fails("expected a session, got a damaged file; take an earlier one".into()))?;
        let text =
            header.metadata().as_ref().and_then(|metadata| metadata.get(KEY).cloned()).ok_or_else(|| {
                fails(
                    "expected a session, got a file without one, perhaps a model; open it as a model".into(),
                )
            })?;
        let file = Self { name: name.to_owned(), text, entries };
        // The version is looked at first: a later one may say other things.
        let Versioned { version } = file.parse()?;
        if version > VERSION {
            return Err(fails(format!(
                "expected a session of version {VERSION} or earlier, got version {version}; use a later convstep"
            )));
        }
        Ok(file)
    }

    /// What it says.
    ///
    /// # Errors
    /// Where it says something else than this.
    pub fn about<T: DeserializeOwned>(&self) -> Result<T, ModelError> {
        self.parse::<Said<T>>().map(|said| said.session)
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, ModelError> {
        serde_json::from_str(&self.text).map_err(|error| self.damaged(&weights::one_line(&error.to_string())))
    }

    /// A tensor.
    ///
    /// # Errors
    /// Where there is none of this name.
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
    /// Where there is none of this name.
    pub fn numbers(&self, entry: &str) -> Result<Vec<f64>, ModelError> {
        let view = self.view(entry, Dtype::F64)?;
        Ok(view.data().as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect())
    }

    /// A file within the file.
    ///
    /// # Errors
    /// Where there is none of this name.
    pub fn bytes(&self, entry: &str) -> Result<&'a [u8], ModelError> {
        Ok(self.view(entry, Dtype::U8)?.data())
    }

    fn view(&self, entry: &str, dtype: Dtype) -> Result<safetensors::tensor::TensorView<'a>, ModelError> {
        let view = self.entries.tensor(entry).map_err(|_| self.damaged(&format!("none of {entry}")))?;
        if view.dtype() == dtype { Ok(view) } else { Err(self.damaged(&format!("{entry} of another type"))) }
    }

    /// The error that says what is wrong with the file.
    pub fn damaged(&self, what: &str) -> ModelError {
        ModelError(format!(
            "{}: expected a whole session, got one with {what}; take an earlier one",
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
        write(&vec!["said", "twice"], &entries).expect("writes")
    }

    #[test]
    fn what_is_written_is_read_back_to_the_bit() {
        let bytes = file();
        assert_eq!(bytes, file());
        let read = SessionFile::open("s", &bytes).expect("opens");
        assert_eq!(read.about::<Vec<String>>().expect("says"), ["said", "twice"]);
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
                error.0.starts_with("s: expected a whole session, got") && !error.0.contains('\n'),
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
        let model = crate::model_io::article::backprop().and_then(|model| model.to_bytes()).expect("writes");
        assert!(refused(&model).contains("perhaps a model"));
        for end in [0, 7, 30, bytes.len() - 1] {
            assert!(refused(&bytes[..end]).starts_with("s: expected"), "{}", refused(&bytes[..end]));
        }
        assert!(is_file("My.Session.ConvStep") && !is_file("convstep") && !is_file("a.safetensors"));
    }
}
