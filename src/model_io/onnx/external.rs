//! The files beside an ONNX file, which may hold its weights.

use super::{names::quoted, proto::TensorProto};
use crate::data::Beside;
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
};

/// Reads the numbers of tensors from other files, within limits.
pub struct External<'a> {
    files: &'a dyn Beside,
    sizes: RefCell<HashMap<String, u64>>,
    /// The size of all files that were read from, in bytes.
    pub read: Cell<usize>,
}

impl<'a> External<'a> {
    /// The files beside an ONNX file.
    pub fn new(files: &'a dyn Beside) -> Self {
        Self { files, sizes: RefCell::default(), read: Cell::new(0) }
    }

    /// The bytes of a tensor, of which there must be `len`.
    ///
    /// # Errors
    /// If there is no such file in the folder, or it is too short, or the tensor says something impossible.
    pub fn bytes(&self, tensor: &TensorProto, len: usize) -> Result<Vec<u8>, String> {
        let of = |key: &str| {
            let entry = tensor.external_data.iter().find(|entry| entry.key == key);
            entry.map(|entry| entry.value.as_str())
        };
        let number = |key: &str| {
            match of(key) {
            None => Ok(None),
            Some(text) => text.parse::<u64>().map(Some).map_err(|_| {
                format!(
                    "expected a whole number as the {key} of {}, got {}; the file is damaged, export it again",
                    quoted(&tensor.name),
                    quoted(text)
                )
            }),
        }
        };
        let location = of("location").unwrap_or_default();
        let size = self.size(location, &tensor.name)?;
        let start = number("offset")?.unwrap_or(0);
        let own = number("length")?.unwrap_or(len as u64);
        if own != len as u64 {
            return Err(format!(
                "expected {len} bytes for {}, as its shape requires, got a length of {own}; the file is damaged, export it \
                 again",
                quoted(&tensor.name)
            ));
        }
        if start.checked_add(own).is_none_or(|end| end > size) {
            return Err(format!(
                "expected {own} bytes of {} from byte {start} of {} on, got a file of {size} bytes; copy both files of \
                 the model again",
                quoted(&tensor.name),
                quoted(location)
            ));
        }
        self.files.read(location, start, len)
    }

    /// The size of a file.
    fn size(&self, location: &str, tensor: &str) -> Result<u64, String> {
        if let Some(size) = self.sizes.borrow().get(location) {
            return Ok(*size);
        }
        check(location, tensor)?;
        let size = self.files.size(location).map_err(|why| {
            format!(
                "expected the weights ({}) in the file {} beside the model, got {why}; put both files into one folder",
                quoted(tensor),
                quoted(location)
            )
        })?;
        self.sizes.borrow_mut().insert(location.to_owned(), size);
        self.read.set(self.read.get().saturating_add(usize::try_from(size).unwrap_or(usize::MAX)));
        Ok(size)
    }
}

/// Checks that a location lies in the folder of the model: no parent, no other drive, nothing from the root.
fn check(location: &str, tensor: &str) -> Result<(), String> {
    let is_bad_part = |part: &str| matches!(part, "" | "." | "..");
    let is_bad = location.is_empty()
        || location.len() > 255
        || location.contains(['\\', ':', '\0'])
        || location.split('/').any(is_bad_part);
    if is_bad {
        return Err(format!(
            "expected the weights ({}) in a file in the model's own folder, got {}; export the model again",
            quoted(tensor),
            quoted(location)
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_in_the_folder_are_read() {
        for good in ["net.onnx.data", "weights/w0", "a b.bin", "..data"] {
            assert_eq!(check(good, "w"), Ok(()), "{good}");
        }
        let long = "a".repeat(300);
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "..",
            ".",
            "a//b",
            "c:\\x",
            "\\\\host\\x",
            "C:x",
            "a\0",
            "./a",
            "a/",
            &long,
        ] {
            assert!(check(bad, "w").is_err(), "{bad}");
        }
    }
}
