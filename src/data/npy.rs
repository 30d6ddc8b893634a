//! NumPy arrays (.npy) as network inputs, whose values are neither scaled nor rounded, and as parts of data sets.

#![deny(clippy::arithmetic_side_effects)]

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
    let (expected, got) = (len.saturating_mul(size), bytes.len().saturating_sub(header_end));
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

/// The numbers of a .npy file of any whole or floating type, in the order of rows.
pub(super) struct Numbers<'a> {
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// The letter of the type (`u`, `i`, `f`, `b`), and whether the highest byte comes first.
    kind: (char, bool),
    /// Bytes of a number.
    size: usize,
    data: &'a [u8],
}

impl<'a> Numbers<'a> {
    /// Parses a file. Nothing is allocated for the numbers.
    ///
    /// # Errors
    /// If it is no array, one of other values, one in the order of columns, or cut short.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Numbers<'a>, NpyError> {
        let (head, data) = bytes.split_at(guard_header(bytes)?);
        let header = Header::from_reader(&mut &head[..]).map_err(|e| NpyError::Header(e.to_string()))?;
        let kind = header.type_descriptor.to_string();
        let kind = kind.trim_matches('\'');
        let mut letters = kind.chars();
        let is_big = letters.next() == Some('>');
        let (letter, size) = (letters.next(), letters.as_str().parse().unwrap_or(0));
        let is_known =
            matches!((letter, size), (Some('u' | 'i'), 1 | 2 | 4 | 8) | (Some('f'), 4 | 8) | (Some('b'), 1));
        let (Some(letter), true) = (letter, is_known) else { return Err(NpyError::Type(kind.to_owned())) };
        if header.layout.is_fortran() && header.shape.len() > 1 {
            return Err(NpyError::Header(
                "the order is that of columns: use numpy.ascontiguousarray".to_owned(),
            ));
        }
        let len = header.shape.iter().try_fold(size, |n: usize, &axis| n.checked_mul(axis));
        let Some(expected) = len else { return Err(NpyError::Shape(header.shape)) };
        if expected != data.len() {
            return Err(NpyError::Length { expected, got: data.len() });
        }
        Ok(Numbers { shape: header.shape, kind: (letter, is_big), size, data })
    }

    /// The numbers where each is an unsigned byte.
    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        (self.kind.0 == 'u' && self.size == 1).then_some(self.data)
    }

    /// Whether the numbers are floating.
    pub(super) fn is_float(&self) -> bool {
        self.kind.0 == 'f'
    }

    /// The numbers; whole ones beyond 53 bits are rounded.
    pub(super) fn values(&self) -> impl Iterator<Item = f64> {
        self.data.chunks_exact(self.size.max(1)).map(|bytes| self.value(bytes))
    }

    fn value(&self, bytes: &[u8]) -> f64 {
        let mut low_first = [0; 8];
        for (to, from) in low_first.iter_mut().zip(bytes) {
            *to = *from;
        }
        if self.kind.1 {
            low_first[..bytes.len().min(8)].reverse();
        }
        let whole = u64::from_le_bytes(low_first);
        match (self.kind.0, self.size) {
            ('f', 4) => f64::from(f32::from_bits(whole as u32)),
            ('f', _) => f64::from_bits(whole),
            ('i', 1) => f64::from(whole as u8 as i8),
            ('i', 2) => f64::from(whole as u16 as i16),
            ('i', 4) => f64::from(whole as u32 as i32),
            ('i', _) => whole as i64 as f64,
            _ => whole as f64,
        }
    }
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
        [1, _, a, b, ..] => usize::from(u16::from_le_bytes([a, b])).saturating_add(10),
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
    fn numbers_of_all_types_are_read_in_either_byte_order() {
        let file = |kind: &str, shape: &str, data: &[u8]| {
            let text = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n");
            [MAGIC, &[1, 0], &(text.len() as u16).to_le_bytes(), text.as_bytes(), data].concat()
        };
        let values = |bytes: &[u8]| Numbers::parse(bytes).map(|numbers| numbers.values().collect::<Vec<_>>());
        for (kind, data, expected) in [
            ("|u1", &[7u8, 255][..], [7.0, 255.0]),
            ("|i1", &[7, 255], [7.0, -1.0]),
            ("|b1", &[0, 1], [0.0, 1.0]),
            ("<i2", &[1, 2, 0xff, 0xff], [513.0, -1.0]),
            (">u2", &[1, 2, 0, 9], [258.0, 9.0]),
            ("<i4", &[1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff], [1.0, -2.0]),
            (">f4", &[0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], [1.0, -2.0]),
            ("<i8", &[5, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [5.0, -1.0]),
            ("<f8", &[0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0], [0.5, 0.0]),
        ] {
            assert_eq!(values(&file(kind, "(2,)", data)), Ok(expected.to_vec()), "{kind}");
            assert!(matches!(values(&file(kind, "(3,)", data)), Err(NpyError::Length { .. })));
        }
        assert!(matches!(values(&file("|O", "(2,)", &[0; 16])), Err(NpyError::Type(_))));
        assert!(matches!(values(&file("<f2", "(2,)", &[0; 4])), Err(NpyError::Type(_))));
        for shape in ["(18446744073709551615, 18446744073709551615)", "(18446744073709551615, 2)"] {
            assert!(matches!(values(&file("<f8", shape, &[0; 16])), Err(NpyError::Shape(_))), "{shape}");
        }
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
