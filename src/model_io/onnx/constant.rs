//! The constants of a graph: its weights, and the whole numbers that make up shapes.

#![expect(clippy::arithmetic_side_effects, reason = "lengths of lists that are in memory")]

use super::{
    external::External,
    names::quoted,
    proto::{AttributeProto, NodeProto, TensorProto, data_type},
};
use crate::data::Beside;
use crate::model_io::{architecture::short, weights::from_f16};
use std::{borrow::Cow, collections::HashMap, rc::Rc};

/// Numbers with their shape, outermost axis first.
#[derive(Clone, PartialEq, Debug)]
pub struct Array<T> {
    /// The shape; empty for a single number.
    pub dims: Vec<usize>,
    /// The numbers in row-major order, as many as the shape requires.
    pub values: Vec<T>,
}

impl<T> Array<T> {
    /// A list of numbers.
    pub fn row(values: Vec<T>) -> Self {
        Self { dims: vec![values.len()], values }
    }
}

/// The numbers of a constant.
#[derive(Clone, PartialEq, Debug)]
pub enum Numbers {
    /// Floating-point numbers.
    Floats(Array<f32>),
    /// Whole numbers and truth values; in a shape, [`BATCH`] stands for the number of pictures.
    Ints(Array<i64>),
}

impl Numbers {
    /// Their shape.
    pub fn dims(&self) -> &[usize] {
        match self {
            Self::Floats(array) => &array.dims,
            Self::Ints(array) => &array.dims,
        }
    }

    /// The same numbers in another shape, which must have as many.
    #[must_use]
    pub fn with_dims(self, dims: Vec<usize>) -> Self {
        match self {
            Self::Floats(array) => Self::Floats(Array { dims, ..array }),
            Self::Ints(array) => Self::Ints(Array { dims, ..array }),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Floats(array) => array.values.len(),
            Self::Ints(array) => array.values.len(),
        }
    }
}

/// Stands for the number of pictures in a shape, if the file leaves it free.
pub const BATCH: i64 = i64::MIN + 7;

/// A value that does not depend on the picture.
#[derive(Clone, Debug)]
enum Constant<'a> {
    Tensor(&'a TensorProto),
    /// Computed from others, and whether it was converted to float32.
    Made(Rc<Numbers>, bool),
}

/// The constants, by name.
pub struct Constants<'a> {
    by_name: HashMap<&'a str, Constant<'a>>,
    external: External<'a>,
    /// How many more numbers may be computed.
    room: usize,
}

impl<'a> Constants<'a> {
    /// No constants yet. `len` is the file's size in bytes; tensors may be in the files beside it.
    pub fn new(len: usize, files: &'a dyn Beside) -> Self {
        /// What even a small file may compute.
        const LEAST: usize = 1 << 16;
        let room = len.saturating_mul(4).saturating_add(LEAST);
        Self { by_name: HashMap::new(), external: External::new(files), room }
    }

    /// Whether there is a constant with this name.
    pub fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// Whether the numbers of a constant are in the file itself.
    pub fn is_here(&self, name: &str) -> bool {
        !matches!(self.by_name.get(name), Some(Constant::Tensor(tensor)) if tensor.data_location != 0)
    }

    /// Adds an initializer.
    pub fn add_tensor(&mut self, tensor: &'a TensorProto) {
        self.by_name.insert(&tensor.name, Constant::Tensor(tensor));
    }

    /// Adds the shape of an activation.
    pub fn add_shape(&mut self, name: &'a str, shape: Vec<i64>) {
        self.add(name, Numbers::Ints(Array::row(shape)), false);
    }

    fn add(&mut self, name: &'a str, numbers: Numbers, is_converted: bool) {
        self.by_name.insert(name, Constant::Made(Rc::new(numbers), is_converted));
    }

    /// The size in bytes of the other files that were read from.
    pub fn external_len(&self) -> usize {
        self.external.read.get()
    }

    /// The numbers of a constant as f32, and whether they were converted.
    ///
    /// # Errors
    /// If there is no such constant, it has another type, or the number of values does not match its shape.
    pub fn floats(&self, name: &str) -> Result<(Array<f32>, bool), String> {
        let tensor = match self.find(name)? {
            Constant::Made(numbers, is_converted) => match numbers.as_ref() {
                Numbers::Floats(array) => return Ok((array.clone(), *is_converted)),
                Numbers::Ints(_) => {
                    return Err(format!(
                        "expected floating-point numbers in {}, got whole numbers; export them as float32",
                        quoted(name)
                    ));
                }
            },
            Constant::Tensor(tensor) => tensor,
        };
        let raw = self.raw(tensor)?;
        let values = floats_of(tensor, &raw).map_err(|got| {
            format!("expected numbers of type float32, float16, bfloat16 or float64 in {}, got {got}; export the model again as float32", quoted(name))
        })?;
        Ok((with_extents(tensor, values)?, tensor.data_type != data_type::FLOAT))
    }

    /// The few whole numbers of a shape or a list.
    ///
    /// # Errors
    /// As for [`Constants::floats`].
    pub fn ints(&self, name: &str) -> Result<Array<i64>, String> {
        let wrong = |got: &str| {
            format!("expected whole numbers in {}, got {got}; export the model again", quoted(name))
        };
        few(self.len(name))?;
        match self.find(name)? {
            Constant::Made(numbers, _) => match numbers.as_ref() {
                Numbers::Ints(array) => Ok(array.clone()),
                Numbers::Floats(_) => Err(wrong("floating-point numbers")),
            },
            Constant::Tensor(tensor) => {
                let raw = self.raw(tensor)?;
                with_extents(tensor, ints_of(tensor, &raw).map_err(|got| wrong(&got))?)
            }
        }
    }

    /// The numbers of a constant, whatever their type, and whether they were converted.
    pub fn numbers(&self, name: &str) -> Result<(Rc<Numbers>, bool), String> {
        match self.find(name)? {
            Constant::Made(numbers, is_converted) => Ok((Rc::clone(numbers), *is_converted)),
            Constant::Tensor(tensor) if is_whole(tensor.data_type) => {
                let raw = self.raw(tensor)?;
                let values = ints_of(tensor, &raw).map_err(|got| {
                    format!("expected whole numbers in {}, got {got}; export the model again", quoted(name))
                })?;
                Ok((Rc::new(Numbers::Ints(with_extents(tensor, values)?)), false))
            }
            Constant::Tensor(_) => {
                let (array, is_converted) = self.floats(name)?;
                Ok((Rc::new(Numbers::Floats(array)), is_converted))
            }
        }
    }

    /// The number of values in a constant.
    pub fn len(&self, name: &str) -> usize {
        match self.by_name.get(name) {
            None => 0,
            Some(Constant::Made(numbers, _)) => numbers.len(),
            Some(Constant::Tensor(tensor)) if tensor.data_location != 0 => {
                count(&tensor.dims).unwrap_or(usize::MAX)
            }
            // Counts the values present, whatever the shape says.
            Some(Constant::Tensor(tensor)) => {
                tensor.float_data.len()
                    + tensor.int32_data.len()
                    + tensor.int64_data.len()
                    + tensor.double_data.len()
                    + tensor.raw_data.len() / width(tensor.data_type)
            }
        }
    }

    fn find(&self, name: &str) -> Result<&Constant<'a>, String> {
        self.by_name.get(name).ok_or_else(|| {
            format!("expected a constant, got {}, which is computed; export the model with its weights, in evaluation mode", quoted(name))
        })
    }

    /// The raw bytes of a tensor, in the file itself or in one beside it; empty if its numbers are in a field.
    fn raw<'t>(&self, tensor: &'t TensorProto) -> Result<Cow<'t, [u8]>, String> {
        if tensor.data_location == 0 {
            return Ok(Cow::Borrowed(&tensor.raw_data));
        }
        let len = count(&tensor.dims).and_then(|count| count.checked_mul(width(tensor.data_type)));
        let len = len.ok_or_else(|| {
            format!(
                "expected a shape for {}, got {}; the file is damaged, export it again",
                quoted(&tensor.name),
                short(&format!("{:?}", tensor.dims))
            )
        })?;
        self.external.bytes(tensor, len).map(Cow::Owned)
    }

    /// Adds what a node `Constant` holds.
    ///
    /// # Errors
    /// If it holds no numbers.
    pub fn add_constant(&mut self, node: &'a NodeProto) -> Result<(), String> {
        let output = node.output.first().map_or("", String::as_str);
        self.by_name.insert(output, constant_of(node)?);
        Ok(())
    }

    /// Adds computed numbers, and whether they were converted to float32.
    pub fn add_computed(&mut self, name: &'a str, numbers: Numbers, is_converted: bool) {
        self.room = self.room.saturating_sub(numbers.len());
        self.add(name, numbers, is_converted);
    }

    /// How many more numbers may be computed.
    pub const fn room(&self) -> usize {
        self.room
    }
}

/// Shapes have few numbers; long ones would only fill memory.
fn few(count: usize) -> Result<(), String> {
    const MOST: usize = 64;
    if count <= MOST {
        return Ok(());
    }
    Err(format!("expected a shape of at most {MOST} numbers, got {count}; export the model again"))
}

/// The value of a `Constant` node.
fn constant_of(node: &NodeProto) -> Result<Constant<'_>, String> {
    let find = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
    let made = |numbers| Ok(Constant::Made(Rc::new(numbers), false));
    if let Some(AttributeProto { t: Some(tensor), .. }) = find("value") {
        Ok(Constant::Tensor(tensor))
    } else if let Some(attribute) = find("value_int") {
        made(Numbers::Ints(Array { dims: vec![], values: vec![attribute.i] }))
    } else if let Some(attribute) = find("value_ints") {
        made(Numbers::Ints(Array::row(attribute.ints.clone())))
    } else if let Some(attribute) = find("value_float") {
        made(Numbers::Floats(Array { dims: vec![], values: vec![attribute.f] }))
    } else if let Some(attribute) = find("value_floats") {
        made(Numbers::Floats(Array::row(attribute.floats.clone())))
    } else {
        Err("expected a constant of numbers, got text, a sparse tensor or nothing; export the model again"
            .into())
    }
}

/// The number of cells of a shape; `None` if there are too many, also along some of its axes: an axis without cells counts
/// as one, so that the product of any of the extents can be counted.
pub fn product(dims: &[usize]) -> Option<usize> {
    const MOST: u64 = 1 << 40;
    let some = dims.iter().try_fold(1usize, |count, &dim| count.checked_mul(dim.max(1)));
    let count = some.filter(|&count| count as u64 <= MOST)?;
    Some(if dims.contains(&0) { 0 } else { count })
}

/// The same of a shape of the file.
fn count(dims: &[i64]) -> Option<usize> {
    let dims: Option<Vec<usize>> = dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    product(&dims?)
}

/// Bytes per number.
fn width(data_type: i32) -> usize {
    match data_type {
        data_type::DOUBLE | data_type::INT64 => 8,
        data_type::FLOAT | data_type::INT32 => 4,
        data_type::BOOL | data_type::INT8 | data_type::UINT8 => 1,
        _ => 2,
    }
}

pub fn is_whole(data_type: i32) -> bool {
    [data_type::INT64, data_type::INT32, data_type::INT8, data_type::UINT8, data_type::BOOL]
        .contains(&data_type)
}

/// The numbers with the tensor's shape; their count must match.
fn with_extents<T>(tensor: &TensorProto, values: Vec<T>) -> Result<Array<T>, String> {
    let dims: Option<Vec<usize>> = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    match dims {
        Some(dims) if count(&tensor.dims) == Some(values.len()) => Ok(Array { dims, values }),
        _ => Err(format!(
            "expected as many numbers in {} as its shape {} requires, got {}; the file is damaged, export it again",
            quoted(&tensor.name),
            short(&format!("{:?}", tensor.dims)),
            values.len()
        )),
    }
}

/// The error says what came instead.
pub fn floats_of(tensor: &TensorProto, raw: &[u8]) -> Result<Vec<f32>, String> {
    // Values of 16 bits are stored in int32_data, one per entry.
    let halves = || -> Vec<u16> {
        match raw.is_empty() {
            true => tensor.int32_data.iter().map(|&bits| bits as u16).collect(),
            false => raw.as_chunks().0.iter().map(|&bytes| u16::from_le_bytes(bytes)).collect(),
        }
    };
    match tensor.data_type {
        data_type::FLOAT if raw.is_empty() => Ok(tensor.float_data.clone()),
        data_type::FLOAT => Ok(whole(raw)?.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()),
        data_type::DOUBLE if raw.is_empty() => Ok(tensor.double_data.iter().map(|&x| x as f32).collect()),
        data_type::DOUBLE => Ok(whole(raw)?.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32).collect()),
        data_type::FLOAT16 => Ok(halves().into_iter().map(from_f16).collect()),
        data_type::BFLOAT16 => {
            Ok(halves().into_iter().map(|bits| f32::from_bits(u32::from(bits) << 16)).collect())
        }
        other => Err(format!("type {other}")),
    }
}

pub fn ints_of(tensor: &TensorProto, raw: &[u8]) -> Result<Vec<i64>, String> {
    match tensor.data_type {
        data_type::INT64 if raw.is_empty() => Ok(tensor.int64_data.clone()),
        data_type::INT64 => Ok(whole(raw)?.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect()),
        data_type::INT32 if raw.is_empty() => Ok(tensor.int32_data.iter().map(|&n| n.into()).collect()),
        data_type::INT32 => Ok(whole(raw)?.iter().map(|&bytes| i32::from_le_bytes(bytes).into()).collect()),
        data_type::BOOL | data_type::UINT8 | data_type::INT8 if raw.is_empty() => {
            Ok(tensor.int32_data.iter().map(|&n| n.into()).collect())
        }
        data_type::INT8 => Ok(raw.iter().map(|&byte| byte.cast_signed().into()).collect()),
        data_type::BOOL | data_type::UINT8 => Ok(raw.iter().map(|&byte| byte.into()).collect()),
        other => Err(format!("type {other}")),
    }
}

/// Splits raw data into numbers of N bytes.
fn whole<const N: usize>(raw: &[u8]) -> Result<&[[u8; N]], String> {
    match raw.as_chunks() {
        (numbers, []) => Ok(numbers),
        (_, rest) => Err(format!("{} bytes too many", rest.len())),
    }
}
