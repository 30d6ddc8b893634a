//! HDF5 files, as Keras writes them: groups, their texts, and arrays of numbers.

use super::weights::{from_f16, one_line};
use hdf5_reader::{Datatype, Hdf5File, OpenOptions};
use std::cell::Cell;

/// Numbers with their shape, outermost axis first.
pub struct Numbers {
    /// The shape; empty for a single number.
    pub dims: Vec<usize>,
    /// The numbers in row-major order.
    pub values: Vec<f32>,
}

/// An HDF5 file in memory.
pub struct File {
    file: Hdf5File,
    /// How many more bytes of numbers may be read.
    left: Cell<u64>,
}

/// What the header of one object may take, in bytes.
const LONGEST_HEADER: usize = 1 << 24;

/// The most axes of an array.
const MOST_AXES: usize = 8;

impl File {
    /// Opens a file.
    ///
    /// # Errors
    /// If the bytes are damaged.
    pub fn open(bytes: Vec<u8>) -> Result<Self, String> {
        // Compressed numbers may be longer than the file, but not by so much: weights hardly repeat.
        let left = (bytes.len() as u64).saturating_mul(16);
        let longest = usize::try_from(left).unwrap_or(usize::MAX);
        let options = OpenOptions::default()
            .with_chunk_cache_bytes(0)
            .with_max_chunk_bytes(longest)
            .with_max_read_bytes(longest)
            .with_max_object_header_bytes(LONGEST_HEADER.min(bytes.len()));
        let file = Hdf5File::from_vec_with_options(bytes, options).map_err(line)?;
        Ok(Self { file, left: Cell::new(left) })
    }

    /// The text of a group's attribute, if there is one.
    pub fn text(&self, group: &str, attribute: &str) -> Option<String> {
        let [text] = <[String; 1]>::try_from(self.texts(group, attribute)?).ok()?;
        Some(text)
    }

    /// The texts of a group's attribute, if there are any.
    pub fn texts(&self, group: &str, attribute: &str) -> Option<Vec<String>> {
        let attribute = self.file.group(group).ok()?.attribute(attribute).ok()?;
        attribute.read_strings().or_else(|_| attribute.read_string().map(|text| vec![text])).ok()
    }

    /// The names of the groups in a group; none if it is not there.
    pub fn groups(&self, group: &str) -> Vec<String> {
        let members = self.file.group(group).and_then(|group| group.member_names());
        members.map(|(groups, _)| groups).unwrap_or_default()
    }

    /// Whether there is a group of this name.
    pub fn has(&self, group: &str) -> bool {
        self.file.group(group).is_ok()
    }

    /// The numbers of a data set; `None` if it is not there.
    ///
    /// # Errors
    /// If it holds something else than floating-point numbers, more than the file can hold, or is damaged.
    pub fn numbers(&self, path: &str) -> Result<Option<Numbers>, String> {
        let Ok(data) = self.file.dataset(path) else { return Ok(None) };
        let dims: Option<Vec<usize>> = data.shape().iter().map(|&dim| usize::try_from(dim).ok()).collect();
        let dims = dims.filter(|dims| dims.len() <= MOST_AXES).ok_or("an array with too many axes")?;
        // How Keras stores the type bfloat16, which HDF5 does not know: as two bytes, and an attribute says so.
        let width = match data.dtype() {
            Datatype::FloatingPoint { size, .. } => usize::from(*size),
            Datatype::Opaque { size, .. } => usize::try_from(*size).unwrap_or(0),
            Datatype::FixedPoint { .. }
            | Datatype::String { .. }
            | Datatype::Compound { .. }
            | Datatype::Array { .. }
            | Datatype::Enum { .. }
            | Datatype::VarLen { .. }
            | Datatype::Reference { .. }
            | Datatype::Bitfield { .. } => 0,
        };
        let is_float = matches!(data.dtype(), Datatype::FloatingPoint { .. });
        let marked = data.attribute("dtype").and_then(|attribute| attribute.read_string());
        let is_brain = marked.is_ok_and(|name| name == "bfloat16");
        if !(is_float && matches!(width, 2 | 4 | 8) || is_brain && width == 2) {
            return Err("an array of something else than floating-point numbers".into());
        }
        // An axis without numbers counts as one with one, so that the others are as long as numbers can be.
        let some = dims.iter().try_fold(width, |len, &dim| len.checked_mul(dim.max(1)));
        let len = some.map(|len| if dims.contains(&0) { 0 } else { len });
        let left = some.and_then(|len| self.left.get().checked_sub(len as u64));
        self.left.set(left.ok_or("more numbers than the file can hold")?);
        let bytes = data.read_native_bytes().map_err(line)?;
        let values: Vec<f32> = match width {
            4 => bytes.as_chunks().0.iter().map(|bytes| f32::from_ne_bytes(*bytes)).collect(),
            8 => bytes.as_chunks().0.iter().map(|bytes| f64::from_ne_bytes(*bytes) as f32).collect(),
            _ => bytes.as_chunks().0.iter().map(|bytes| half(*bytes, is_brain)).collect(),
        };
        match Some(values.len()) == len.and_then(|len| len.checked_div(width)) {
            true => Ok(Some(Numbers { dims, values })),
            false => Err("an array with other numbers than its shape says".into()),
        }
    }
}

fn half(bytes: [u8; 2], is_brain: bool) -> f32 {
    match is_brain {
        true => f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16),
        false => from_f16(u16::from_ne_bytes(bytes)),
    }
}

fn line(error: hdf5_reader::error::Error) -> String {
    one_line(&error.to_string())
}
