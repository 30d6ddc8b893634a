//! The constants of a graph: its weights, and the whole numbers that make up shapes.

use super::proto::{AttributeProto, NodeProto, TensorProto, data_type};
use crate::model_io::{architecture::short, weights::from_f16};
use std::collections::HashMap;

/// Numbers with their shape, outermost axis first.
#[derive(Clone, PartialEq, Debug)]
pub struct Array<T> {
    /// The shape; empty for a single number.
    pub dims: Vec<usize>,
    /// The numbers in row-major order, as many as the shape requires.
    pub values: Vec<T>,
}

/// A value that does not depend on the picture. Cheap to copy, because the numbers stay in the file.
#[derive(Clone, Debug)]
enum Constant<'a> {
    Tensor(&'a TensorProto),
    Float(f32),
    Floats(&'a [f32]),
    /// A shape or a part of one; 0 stands for the batch, as in the shape of a Reshape.
    Ints(Array<i64>),
}

/// The constants, by name.
#[derive(Default)]
pub struct Constants<'a>(HashMap<&'a str, Constant<'a>>);

impl<'a> Constants<'a> {
    /// Whether there is a constant with this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Adds an initializer.
    pub fn add_tensor(&mut self, tensor: &'a TensorProto) {
        self.0.insert(&tensor.name, Constant::Tensor(tensor));
    }

    /// Adds the shape of an activation.
    pub fn add_shape(&mut self, name: &'a str, shape: Vec<i64>) {
        self.0.insert(name, Constant::Ints(Array { dims: vec![shape.len()], values: shape }));
    }

    /// The numbers of a constant as f32, and whether they were converted.
    ///
    /// # Errors
    /// If there is no such constant, it has another type, or the number of values does not match its shape.
    pub fn floats(&self, name: &str) -> Result<(Array<f32>, bool), String> {
        let array = match self.find(name)? {
            Constant::Float(x) => return Ok((Array { dims: vec![], values: vec![*x] }, false)),
            Constant::Floats(values) => {
                return Ok((Array { dims: vec![values.len()], values: values.to_vec() }, false));
            }
            Constant::Ints(_) => {
                return Err(format!(
                    "expected floating-point numbers in {}, got whole numbers; export them as float32",
                    quoted(name)
                ));
            }
            Constant::Tensor(tensor) => tensor,
        };
        here(array)?;
        let values = floats_of(array).map_err(|got| {
            format!("expected numbers of type float32, float16, bfloat16 or float64 in {}, got {got}; export the model again as float32", quoted(name))
        })?;
        Ok((with_extents(array, values)?, array.data_type != data_type::FLOAT))
    }

    /// The whole numbers of a constant.
    ///
    /// # Errors
    /// As for [`Constants::floats`].
    pub fn ints(&self, name: &str) -> Result<Array<i64>, String> {
        let wrong = |got: &str| {
            format!("expected whole numbers in {}, got {got}; export the model again", quoted(name))
        };
        match self.find(name)? {
            Constant::Ints(array) => Ok(array.clone()),
            Constant::Float(_) | Constant::Floats(_) => Err(wrong("floating-point numbers")),
            Constant::Tensor(tensor) => {
                here(tensor)?;
                few(self.len(name))?;
                with_extents(tensor, ints_of(tensor).map_err(|got| wrong(&got))?)
            }
        }
    }

    /// The number of values in a constant.
    pub fn len(&self, name: &str) -> usize {
        match self.0.get(name) {
            None => 0,
            Some(Constant::Float(_)) => 1,
            Some(Constant::Floats(values)) => values.len(),
            Some(Constant::Ints(array)) => array.values.len(),
            Some(Constant::Tensor(tensor)) => {
                // Counts the values present, whatever the shape says.
                let width = match tensor.data_type {
                    data_type::DOUBLE | data_type::INT64 => 8,
                    data_type::FLOAT | data_type::INT32 => 4,
                    data_type::BOOL => 1,
                    _ => 2,
                };
                tensor.float_data.len()
                    + tensor.int32_data.len()
                    + tensor.int64_data.len()
                    + tensor.double_data.len()
                    + tensor.raw_data.len() / width
            }
        }
    }

    fn find(&self, name: &str) -> Result<&Constant<'a>, String> {
        self.0.get(name).ok_or_else(|| {
            format!("expected a constant, got {}, which is computed; export the model with its weights, in evaluation mode", quoted(name))
        })
    }

    /// Evaluates a node that reads only constants. `None` if its operator is not among those that compute shapes.
    ///
    /// # Errors
    /// If its numbers don't fit.
    pub fn compute(&mut self, node: &'a NodeProto) -> Result<Option<()>, String> {
        let Some(output) = node.output.first() else { return Ok(None) };
        let input = node.input.first().map_or("", String::as_str);
        let constant = match node.op_type.as_str() {
            "Constant" => constant_of(node)?,
            // Numbers are converted when they are read; shapes are only cast between types of whole numbers.
            "Identity" | "Cast" => self.find(input)?.clone(),
            "Unsqueeze" | "Squeeze" => {
                let Array { values, .. } = self.ints(input)?;
                let dims =
                    if node.op_type == "Squeeze" && values.len() == 1 { vec![] } else { vec![values.len()] };
                Constant::Ints(Array { dims, values })
            }
            "Concat" => {
                let mut values = Vec::new();
                for name in &node.input {
                    values.extend(self.ints(name)?.values);
                    few(values.len())?;
                }
                Constant::Ints(Array { dims: vec![values.len()], values })
            }
            "Gather" => {
                let (from, at) =
                    (self.ints(input)?, self.ints(node.input.get(1).map_or("", String::as_str))?);
                few(at.values.len())?;
                let get = |&i: &i64| {
                    let i = if i < 0 { i + from.values.len() as i64 } else { i };
                    usize::try_from(i).ok().and_then(|i| from.values.get(i)).copied()
                };
                let values: Option<Vec<i64>> = at.values.iter().map(get).collect();
                let values = values.ok_or_else(|| {
                    format!(
                        "expected indices below {}, got others; export the model again",
                        from.values.len()
                    )
                })?;
                Constant::Ints(Array { dims: at.dims, values })
            }
            _ => return Ok(None),
        };
        self.0.insert(output, constant);
        Ok(Some(()))
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

fn constant_of(node: &NodeProto) -> Result<Constant<'_>, String> {
    let find = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
    if let Some(AttributeProto { t: Some(tensor), .. }) = find("value") {
        Ok(Constant::Tensor(tensor))
    } else if let Some(attribute) = find("value_int") {
        Ok(Constant::Ints(Array { dims: vec![], values: vec![attribute.i] }))
    } else if let Some(attribute) = find("value_ints") {
        few(attribute.ints.len())?;
        Ok(Constant::Ints(Array { dims: vec![attribute.ints.len()], values: attribute.ints.clone() }))
    } else if let Some(attribute) = find("value_float") {
        Ok(Constant::Float(attribute.f))
    } else if let Some(attribute) = find("value_floats") {
        Ok(Constant::Floats(&attribute.floats))
    } else {
        Err("expected a constant of numbers, got text, a sparse tensor or nothing; export the model again"
            .into())
    }
}

/// The numbers with the tensor's shape; their count must match.
fn with_extents<T>(tensor: &TensorProto, values: Vec<T>) -> Result<Array<T>, String> {
    let dims: Option<Vec<usize>> = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    let count =
        dims.as_ref().and_then(|dims| dims.iter().try_fold(1usize, |count, &dim| count.checked_mul(dim)));
    match dims {
        Some(dims) if count == Some(values.len()) => Ok(Array { dims, values }),
        _ => Err(format!(
            "expected as many numbers in {} as its shape {} requires, got {}; the file is damaged, export it again",
            quoted(&tensor.name),
            short(&format!("{:?}", tensor.dims)),
            values.len()
        )),
    }
}

/// The error says what came instead.
fn floats_of(tensor: &TensorProto) -> Result<Vec<f32>, String> {
    let raw = tensor.raw_data.as_slice();
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

fn ints_of(tensor: &TensorProto) -> Result<Vec<i64>, String> {
    let raw = tensor.raw_data.as_slice();
    match tensor.data_type {
        data_type::INT64 if raw.is_empty() => Ok(tensor.int64_data.clone()),
        data_type::INT64 => Ok(whole(raw)?.iter().map(|&bytes| i64::from_le_bytes(bytes)).collect()),
        data_type::INT32 if raw.is_empty() => Ok(tensor.int32_data.iter().map(|&n| n.into()).collect()),
        data_type::INT32 => Ok(whole(raw)?.iter().map(|&bytes| i32::from_le_bytes(bytes).into()).collect()),
        data_type::BOOL if raw.is_empty() => Ok(tensor.int32_data.iter().map(|&n| n.into()).collect()),
        data_type::BOOL => Ok(raw.iter().map(|&byte| byte.into()).collect()),
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

/// Checks that a tensor's numbers are in the file itself.
fn here(tensor: &TensorProto) -> Result<(), String> {
    match tensor.data_location {
        0 => Ok(()),
        _ => Err(format!(
            "expected weights in the file itself, got {} in a second file; export it as one file (in PyTorch: \
             torch.onnx.export(..., external_data=False))",
            quoted(&tensor.name)
        )),
    }
}

/// A name from the file, as shown in an error message.
pub fn quoted(name: &str) -> String {
    short(&format!("{name:?}"))
}
