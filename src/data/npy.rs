//! NumPy arrays (.npy) as network inputs; their values are neither scaled nor rounded.

use crate::tensor::Tensor;
use ndarray::{ArrayD, Axis, Ix3};
use ndarray_npy::npy::header::Header;
use ndarray_npy::{ReadNpyExt, ReadableElement};

/// The first bytes of every .npy file.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// The most numbers in an array: three channels of the largest picture.
pub const MAX_LEN: usize = 300_000_000;

/// Why an array could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NpyError {
    /// Not an array file, or a damaged one.
    #[error(
        "expected a NumPy array (.npy), got something else or a damaged file ({0}); write it with numpy.save"
    )]
    Header(String),
    /// Numbers of an unsupported type.
    #[error(
        "expected numbers of type float32, float64 or uint8, got {0}; convert with array.astype('float32')"
    )]
    Type(String),
    /// The wrong number of axes, an empty axis, or too many numbers.
    #[error(
        "expected an array of shape (channels, rows, columns) with 1 to {MAX_LEN} numbers, got shape {0:?}; \
         use array.reshape"
    )]
    Shape(Vec<usize>),
    /// The numbers don't fill the shape.
    #[error(
        "expected {expected} bytes of numbers, got {got}; the file is cut short or damaged, save it again"
    )]
    Length {
        /// The bytes that the shape and the type require.
        expected: usize,
        /// The bytes that follow the header.
        got: usize,
    },
}

/// Decodes a .npy file of shape (C, H, W) -> (1, C, H, W). f32 is kept, f64 is rounded to f32, u8 is converted. The
/// shapes (1, C, H, W) and, for one channel, (H, W) are accepted as well.
pub fn decode(bytes: &[u8]) -> Result<Tensor, NpyError> {
    let header_end = guard_header(bytes)?;
    let header =
        Header::from_reader(&mut &bytes[..header_end]).map_err(|e| NpyError::Header(e.to_string()))?;
    let kind = header.type_descriptor.to_string();
    let kind = kind.trim_matches('\'');
    let size = match kind {
        "<f4" | ">f4" => 4,
        "<f8" | ">f8" => 8,
        "|u1" => 1,
        _ => return Err(NpyError::Type(kind.to_owned())),
    };
    let chw = match header.shape[..] {
        [c, h, w] | [1, c, h, w] => [c, h, w],
        [h, w] => [1, h, w],
        _ => return Err(NpyError::Shape(header.shape)),
    };
    let len = chw.iter().try_fold(1usize, |n, &axis| n.checked_mul(axis));
    let Some(len @ 1..=MAX_LEN) = len else { return Err(NpyError::Shape(header.shape)) };
    let (expected, got) = (len * size, bytes.len() - header_end);
    if expected != got {
        return Err(NpyError::Length { expected, got });
    }
    let values = match size {
        4 => read::<f32>(bytes)?,
        8 => read::<f64>(bytes)?.mapv(|v| v as f32),
        _ => read::<u8>(bytes)?.mapv(f32::from),
    };
    let values = values.as_standard_layout().into_owned();
    let shaped = values.into_shape_with_order(chw).map_err(|_| NpyError::Shape(chw.to_vec()))?;
    Ok(shaped.into_dimensionality::<Ix3>().map_err(|_| NpyError::Shape(chw.to_vec()))?.insert_axis(Axis(0)))
}

fn read<T: ReadableElement>(bytes: &[u8]) -> Result<ArrayD<T>, NpyError> {
    ArrayD::<T>::read_npy(bytes).map_err(|e| NpyError::Header(e.to_string()))
}

/// Returns the length of the header. Its text is a Python literal, which a recursive parser reads; a header nested
/// deeper than an array's is refused before it can exhaust the stack.
fn guard_header(bytes: &[u8]) -> Result<usize, NpyError> {
    const LONGEST: usize = 1024;
    const MOST_BRACKETS: usize = 8;
    let wrong = |why: &str| Err(NpyError::Header(why.to_owned()));
    if !bytes.starts_with(MAGIC) {
        return wrong("the first bytes are not those of an array");
    }
    let end = match bytes[MAGIC.len()..] {
        [1, _, a, b, ..] => 10 + usize::from(u16::from_le_bytes([a, b])),
        [2 | 3, _, a, b, c, d, ..] => 12usize.saturating_add(u32::from_le_bytes([a, b, c, d]) as usize),
        _ => return wrong("cut short, or of a version above 3"),
    };
    if end > LONGEST {
        return wrong("the header is too long");
    }
    let Some(text) = bytes.get(..end) else { return wrong("the header is cut short") };
    if text.iter().filter(|byte| b"([{".contains(byte)).count() > MOST_BRACKETS {
        return wrong("the header is nested too deeply");
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, Array2, Array3, Array4, ShapeBuilder};
    use ndarray_npy::WriteNpyExt;

    fn npy<S>(array: &Array<S, impl ndarray::Dimension>) -> Vec<u8>
    where
        S: ndarray_npy::WritableElement,
    {
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn three_types_and_three_ranks() {
        let f = Array3::from_shape_fn((2, 3, 4), |(c, i, j)| c as f32 - 0.1 * i as f32 + 7.0 * j as f32);
        assert_eq!(decode(&npy(&f)).unwrap(), f.clone().insert_axis(Axis(0)));
        let d = f.mapv(f64::from);
        assert_eq!(decode(&npy(&d)).unwrap(), f.clone().insert_axis(Axis(0)));
        let u = Array2::from_shape_fn((3, 4), |(i, j)| (i * 80 + j) as u8);
        assert_eq!(decode(&npy(&u)).unwrap()[[0, 0, 2, 3]], 163.0);
        let four = Array4::<f32>::ones((1, 3, 2, 2));
        assert_eq!(decode(&npy(&four)).unwrap(), four);
    }

    #[test]
    fn column_order_is_undone() {
        let mut f = Array3::zeros((2, 3, 4).f());
        f.indexed_iter_mut().for_each(|((c, i, j), v)| *v = (100 * c + 10 * i + j) as f32);
        let got = decode(&npy(&f)).unwrap();
        assert!(got.is_standard_layout());
        assert_eq!(got[[0, 1, 2, 3]], 123.0);
    }

    #[test]
    fn errors_say_what_came() {
        let error = |bytes: &[u8]| decode(bytes).unwrap_err();
        assert!(matches!(error(b""), NpyError::Header(_)));
        assert!(matches!(error(b"PNG"), NpyError::Header(_)));
        let ints = npy(&Array3::<i64>::zeros((1, 2, 2)));
        assert_eq!(error(&ints), NpyError::Type("<i8".to_owned()));
        let batch = npy(&Array4::<f32>::zeros((2, 1, 2, 2)));
        assert_eq!(error(&batch), NpyError::Shape(vec![2, 1, 2, 2]));
        let empty = npy(&Array3::<f32>::zeros((0, 2, 2)));
        assert_eq!(error(&empty), NpyError::Shape(vec![0, 2, 2]));
        let whole = npy(&Array3::<f32>::zeros((3, 5, 5)));
        for n in 0..whole.len() {
            assert!(decode(&whole[..n]).is_err(), "{n}");
        }
        assert_eq!(error(&whole[..whole.len() - 4]), NpyError::Length { expected: 300, got: 296 });
    }

    #[test]
    fn hostile_headers_take_neither_memory_nor_stack() {
        let file = |text: &str| {
            let mut bytes = [MAGIC, &[1, 0], &(text.len() as u16).to_le_bytes()].concat();
            bytes.extend(text.bytes());
            bytes
        };
        let huge = "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999, 3), }\n";
        assert!(matches!(decode(&file(huge)), Err(NpyError::Shape(_))));
        let large = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 10000, 10000), }\n";
        assert!(matches!(decode(&file(large)), Err(NpyError::Length { .. })));
        assert!(matches!(decode(&file(&"(".repeat(900))), Err(NpyError::Header(_))));
        assert!(matches!(decode(&file(&"(".repeat(60_000))), Err(NpyError::Header(_))));
    }
}
