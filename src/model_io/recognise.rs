//! What a model's file is, by its first bytes: its name may say something else.

/// The kinds of files that people take for models.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// Nothing at all.
    Empty,
    /// Weights as safetensors.
    Safetensors,
    /// An ONNX graph.
    Onnx,
    /// What `torch.save` writes: a zip with a pickle.
    Torch,
    /// What `torch.save` wrote before version 1.6: pickles and numbers.
    OldTorch,
    /// A program by `torch.export` (.pt2).
    TorchExport,
    /// A program by `torch.jit` (TorchScript).
    TorchScript,
    /// A Keras model (.keras).
    Keras,
    /// HDF5, as Keras writes .h5 files.
    Hdf5,
    /// NumPy arrays (.npz).
    Npz,
    /// A NumPy array (.npy).
    Npy,
    /// Another zip.
    Zip,
    /// TensorFlow Lite.
    TfLite,
    /// The pointer that Git LFS leaves in place of a file.
    LfsPointer,
    /// A web page.
    Html,
    /// None of these.
    Unknown,
}

/// What a file is, by its first bytes and, of a zip, by the names in it.
pub fn recognise(bytes: &[u8]) -> FileKind {
    /// As much of a zip as is searched for names.
    const SEARCHED: usize = 1 << 16;
    let starts = |start: &[u8]| bytes.starts_with(start);
    if bytes.is_empty() {
        return FileKind::Empty;
    }
    if starts(b"PK\x03\x04") {
        let (front, back) =
            (&bytes[..bytes.len().min(SEARCHED)], &bytes[bytes.len().saturating_sub(SEARCHED)..]);
        let has =
            |name: &[u8]| [front, back].iter().any(|part| part.windows(name.len()).any(|at| at == name));
        return if has(b"model.weights.h5") || has(b"metadata.json") && has(b"config.json") {
            FileKind::Keras
        } else if has(b"models/model.json") || has(b"serialized_exported_program") {
            FileKind::TorchExport
        } else if has(b"/constants.pkl") || has(b"/code/") {
            FileKind::TorchScript
        } else if has(b"/data.pkl") {
            FileKind::Torch
        } else if has(b".npy") {
            FileKind::Npz
        } else {
            FileKind::Zip
        };
    }
    if starts(b"\x89HDF\r\n\x1a\n") {
        FileKind::Hdf5
    } else if starts(b"\x93NUMPY") {
        FileKind::Npy
    } else if starts(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") || is_pickle(bytes) {
        FileKind::OldTorch
    } else if bytes.get(4..8) == Some(b"TFL3") {
        FileKind::TfLite
    } else if starts(b"version https://git-lfs") {
        FileKind::LfsPointer
    } else if is_html(bytes) {
        FileKind::Html
    } else if is_safetensors(bytes) {
        FileKind::Safetensors
    } else if is_onnx(bytes) {
        FileKind::Onnx
    } else {
        FileKind::Unknown
    }
}

/// A pickle of version 2 to 5.
fn is_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..=5, ..])
}

fn is_html(bytes: &[u8]) -> bool {
    let start: Vec<u8> = bytes.iter().take(200).map(u8::to_ascii_lowercase).collect();
    let start = start.trim_ascii_start();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}

/// The length of a header, and the header's brace.
fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{') && bytes.first_chunk().is_some_and(|len| u64::from_le_bytes(*len) < 1 << 32)
}

/// The version of the format, a small number, comes first, and is followed by a text or by the graph.
fn is_onnx(bytes: &[u8]) -> bool {
    matches!(bytes, [0x08, 1..=20, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..])
}

impl FileKind {
    /// What the file is and what to do with it, for the kinds that cannot be opened; `None` for those that can.
    pub const fn remedy(self) -> Option<&'static str> {
        match self {
            Self::Safetensors
            | Self::Onnx
            | Self::Torch
            | Self::OldTorch
            | Self::TorchExport
            | Self::Keras
            | Self::Hdf5 => None,
            Self::Empty => Some("the file is empty: save or download it again"),
            Self::TorchScript => Some(
                "this is a program by TorchScript: export the model with torch.export.save (.pt2) or torch.onnx.export, or \
                 save its state dict with torch.save",
            ),
            Self::Npz => Some(
                "this is a set of NumPy arrays (.npz): save the weights with safetensors.numpy.save_file, named as in a \
                 state dict",
            ),
            Self::Npy => Some("this is a NumPy array (.npy), which is an input and no model"),
            Self::Zip => Some("this is a .zip archive: unpack it and open the model in it"),
            Self::TfLite => {
                Some("this is a TensorFlow Lite model: convert it to ONNX with tf2onnx (--tflite)")
            }
            Self::LfsPointer => Some("this is a Git LFS pointer: fetch the file itself with git lfs pull"),
            Self::Html => Some("this is a web page: download the file itself"),
            Self::Unknown => {
                Some("the file is cut short, damaged or in another format; save or download it again")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_say() {
        let zip = |name: &str| [b"PK\x03\x04................", name.as_bytes(), b"....rest"].concat();
        for (bytes, kind) in [
            (vec![], FileKind::Empty),
            (zip("archive/data.pkl"), FileKind::Torch),
            (zip("archive/data.pkl....archive/constants.pkl"), FileKind::TorchScript),
            (zip("net/models/model.json....net/data/sample_inputs/data.pkl"), FileKind::TorchExport),
            (zip("metadata.json....config.json....model.weights.h5"), FileKind::Keras),
            (zip("x_train.npy"), FileKind::Npz),
            (zip("train/cat/1.png"), FileKind::Zip),
            (b"\x89HDF\r\n\x1a\n rest".to_vec(), FileKind::Hdf5),
            (b"\x93NUMPY\x01\x00".to_vec(), FileKind::Npy),
            (b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec(), FileKind::OldTorch),
            (b"\x1c\x00\x00\x00TFL3".to_vec(), FileKind::TfLite),
            (b"version https://git-lfs.github.com/spec/v1\noid".to_vec(), FileKind::LfsPointer),
            (b"\n<!DOCTYPE html><html>".to_vec(), FileKind::Html),
            (b"\x08\x00\x00\x00\x00\x00\x00\x00{}".to_vec(), FileKind::Safetensors),
            (b"\x08\x08\x12\x07pytorch".to_vec(), FileKind::Onnx),
            (b"just some text".to_vec(), FileKind::Unknown),
        ] {
            assert_eq!(recognise(&bytes), kind, "{:?}", String::from_utf8_lossy(&bytes));
        }
    }
}
