//! NumPy arrays (.npy): read as network inputs, neither scaled nor rounded, and written.

use crate::tensor::Tensor;
use ndarray::{Array3, Axis, Ix3, ShapeBuilder};

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

/// Decodes the bytes of a .npy file of shape (C, H, W) into a tensor (1, C, H, W). float32 is taken bit for bit,
/// float64 is rounded to float32, uint8 is converted. A single picture may also have shape (1, C, H, W) or, with one
/// channel, (H, W).
pub fn decode(bytes: &[u8]) -> Result<Tensor, NpyError> {
    let (text, numbers) = split(bytes)?;
    let header =
        Header::parse(text).ok_or_else(|| NpyError::Header("the header cannot be read".to_owned()))?;
    let size = match header.descr {
        "<f4" | ">f4" => 4,
        "<f8" | ">f8" => 8,
        "|u1" => 1,
        kind => return Err(NpyError::Type(kind.to_owned())),
    };
    let chw = match header.shape[..] {
        [c, h, w] | [1, c, h, w] => [c, h, w],
        [h, w] => [1, h, w],
        _ => return Err(NpyError::Shape(header.shape)),
    };
    let len = chw.iter().try_fold(1usize, |n, &axis| n.checked_mul(axis));
    let Some(len @ 1..=MAX_LEN) = len else { return Err(NpyError::Shape(header.shape)) };
    let (expected, got) = (len * size, numbers.len());
    if expected != got {
        return Err(NpyError::Length { expected, got });
    }
    let values = match header.descr {
        "<f4" => numbers.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
        ">f4" => numbers.as_chunks().0.iter().map(|&b| f32::from_be_bytes(b)).collect(),
        "<f8" => numbers.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
        ">f8" => numbers.as_chunks().0.iter().map(|&b| f64::from_be_bytes(b) as f32).collect(),
        _ => numbers.iter().map(|&b| f32::from(b)).collect(),
    };
    let shape = Ix3(chw[0], chw[1], chw[2]).set_f(header.column_order);
    let array = Array3::from_shape_vec(shape, values).map_err(|_| NpyError::Shape(chw.to_vec()))?;
    Ok(array.as_standard_layout().into_owned().insert_axis(Axis(0)))
}

/// Encodes float32 numbers, the last axis fastest, as a .npy file.
pub fn encode(shape: &[usize], numbers: impl IntoIterator<Item = f32>) -> Vec<u8> {
    let axes = match shape {
        [one] => format!("{one},"),
        axes => axes.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    };
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({axes}), }}");
    // The numbers begin at a multiple of 64 bytes, after a line feed.
    let end = (MAGIC.len() + 4 + header.len() + 1).next_multiple_of(64);
    let padded = end - MAGIC.len() - 4;
    header += &" ".repeat(padded - 1 - header.len());
    header.push('\n');
    let mut bytes = [MAGIC, &[1, 0], &(padded as u16).to_le_bytes(), header.as_bytes()].concat();
    bytes.extend(numbers.into_iter().flat_map(f32::to_le_bytes));
    bytes
}

/// Splits a file into its header's text and its numbers.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), NpyError> {
    const LONGEST: usize = 1024;
    let wrong = |why: &str| NpyError::Header(why.to_owned());
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err(wrong("the first bytes are not those of an array"));
    };
    let (len, rest) = match rest {
        [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        _ => return Err(wrong("cut short, or of a version above 3")),
    };
    if len > LONGEST {
        return Err(wrong("the header is too long"));
    }
    let Some((text, numbers)) = rest.split_at_checked(len) else {
        return Err(wrong("the header is cut short"));
    };
    let text = str::from_utf8(text).map_err(|_| wrong("the header is not text"))?;
    Ok((text, numbers))
}

/// What a file's header says: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, a Python dictionary.
#[derive(Debug, PartialEq, Eq)]
struct Header<'a> {
    /// The numbers' type: `<f4` is a little-endian float of four bytes.
    descr: &'a str,
    /// Whether the first axis is the fastest.
    column_order: bool,
    shape: Vec<usize>,
}

impl<'a> Header<'a> {
    /// Reads the dictionary; None where the text is no such dictionary or lacks an entry.
    fn parse(text: &'a str) -> Option<Self> {
        let mut text = Literal(text);
        let (mut descr, mut column_order, mut shape) = (None, None, None);
        if !text.eat('{') {
            return None;
        }
        while !text.eat('}') {
            let key = text.string()?;
            if !text.eat(':') {
                return None;
            }
            match key {
                "descr" => descr = Some(text.string().or_else(|| text.list())?),
                "fortran_order" => column_order = Some(text.boolean()?),
                "shape" => shape = Some(text.tuple()?),
                _ => return None,
            }
            if !text.eat(',') && !text.0.trim_start().starts_with('}') {
                return None;
            }
        }
        text.0.trim().is_empty().then_some(())?;
        Some(Self { descr: descr?, column_order: column_order?, shape: shape? })
    }
}

/// The rest of a Python literal that is being read.
struct Literal<'a>(&'a str);

impl<'a> Literal<'a> {
    /// Takes a sign, if it comes next.
    fn eat(&mut self, sign: char) -> bool {
        let rest = self.0.trim_start().strip_prefix(sign);
        rest.map(|rest| self.0 = rest).is_some()
    }

    /// A string in either kind of quotes, without escapes.
    fn string(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (string, rest) = text[1..].split_once(quote)?;
        self.0 = rest;
        Some(string)
    }

    /// The text of a list: the type of numbers that have fields.
    fn list(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        text.starts_with('[').then_some(())?;
        let mut depth = 0usize;
        let end = text.find(|c| {
            depth = if c == '[' { depth + 1 } else { depth - usize::from(c == ']') };
            depth == 0
        })?;
        let (list, rest) = text.split_at(end + 1);
        self.0 = rest;
        Some(list)
    }

    fn boolean(&mut self) -> Option<bool> {
        let text = self.0.trim_start();
        let (value, rest) = match text.strip_prefix("True") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("False")?),
        };
        self.0 = rest;
        Some(value)
    }

    /// A tuple of whole numbers; Python 2 ends the long ones in an L.
    fn tuple(&mut self) -> Option<Vec<usize>> {
        let (inner, rest) = self.0.trim_start().strip_prefix('(')?.split_once(')')?;
        self.0 = rest;
        let inner = inner.trim();
        let inner = inner.strip_suffix(',').unwrap_or(inner);
        if inner.is_empty() {
            return Some(Vec::new());
        }
        inner.split(',').map(|axis| axis.trim().trim_end_matches('L').parse().ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array, Array2, Array4, ArrayD};
    use ndarray_npy::{ReadNpyExt, WriteNpyExt};

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

    #[test]
    fn byte_order_and_other_writers_headers_are_read() {
        let file = |text: &str, numbers: &[u8]| {
            [MAGIC, &[1, 0], &(text.len() as u16).to_le_bytes(), text.as_bytes(), numbers].concat()
        };
        let numbers: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|x| x.to_be_bytes()).collect();
        for text in [
            "{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1, 2), }  \n",
            "{\"shape\":(1L,1L,2L),\"fortran_order\":True,\"descr\":\">f4\"}",
        ] {
            let got = decode(&file(text, &numbers)).unwrap();
            assert_eq!(got.iter().copied().collect::<Vec<_>>(), [1.5, -2.0], "{text}");
        }
        let fields = "{'descr': [('a', '<f4'), ('b', '<i4', (2,))], 'fortran_order': False, 'shape': (2,), }";
        let error = decode(&file(fields, &[])).unwrap_err();
        assert_eq!(error, NpyError::Type("[('a', '<f4'), ('b', '<i4', (2,))]".to_owned()));
        for text in
            ["", "{", "{}", "{'descr': '<f4'}", "{'descr': [[, 'shape': (2, }", "{'shape': (-1, 2), }"]
        {
            assert!(matches!(decode(&file(text, &numbers)), Err(NpyError::Header(_))), "{text}");
        }
    }

    #[test]
    fn another_implementation_reads_what_is_written() {
        for (shape, text) in
            [(&[][..], "()"), (&[4], "(4,)"), (&[2, 3], "(2, 3)"), (&[1, 2, 3, 10], "(1, 2, 3, 10)")]
        {
            let numbers: Vec<f32> = (0..shape.iter().product()).map(|k| k as f32 / 3.0).collect();
            let array = ArrayD::from_shape_vec(shape, numbers.clone()).unwrap();
            let bytes = encode(shape, numbers);
            assert_eq!(ArrayD::<f32>::read_npy(&bytes[..]).unwrap(), array);
            // Written as NumPy writes it.
            let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {text}, }} ");
            assert!(bytes[10..].starts_with(header.as_bytes()) && bytes[127] == b'\n', "{bytes:?}");
        }
    }
}
