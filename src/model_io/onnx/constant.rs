//! What a graph knows before it runs: its weights, and the whole numbers that shapes are made of.

use super::proto::{AttributeProto, NodeProto, TensorProto, data_type};
use crate::model_io::{architecture::short, weights::from_f16};
use std::collections::HashMap;

/// Numbers with their extents, outermost first.
#[derive(Clone, PartialEq, Debug)]
pub struct Array<T> {
    /// Extents; none for a single number.
    pub dims: Vec<usize>,
    /// In row-major order, as many as the extents say.
    pub values: Vec<T>,
}

/// A value that does not depend on the picture. Cheap to copy: the file's numbers stay where they are.
#[derive(Clone, Debug)]
enum Constant<'a> {
    Tensor(&'a TensorProto),
    Float(f32),
    Floats(&'a [f32]),
    /// A shape or part of one; 0 stands for the batch, as in a Reshape's shape.
    Ints(Array<i64>),
}

/// The constants by their names.
#[derive(Default)]
pub struct Constants<'a>(HashMap<&'a str, Constant<'a>>);

impl<'a> Constants<'a> {
    /// Whether there is one of this name.
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

    /// The numbers of a constant as f32, and whether they were converted to it.
    ///
    /// # Errors
    /// Where there is none, it has another type, or not as many numbers as its extents say.
    pub fn floats(&self, name: &str) -> Result<(Array<f32>, bool), String> {
        let array = match self.find(name)? {
            Constant::Float(x) => return Ok((Array { dims: vec![], values: vec![*x] }, false)),
            Constant::Floats(values) => {
                return Ok((Array { dims: vec![values.len()], values: values.to_vec() }, false));
            }
            Constant::Ints(_) => {
                return Err(format!(
                    "expected numbers with a point in {}, got whole ones; export them as float32",
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
    /// As [`Constants::floats`].
    pub fn ints(&self, name: &str) -> Result<Array<i64>, String> {
        let wrong = |got: &str| {
            format!("expected whole numbers in {}, got {got}; export the model again", quoted(name))
        };
        match self.find(name)? {
            Constant::Ints(array) => Ok(array.clone()),
            Constant::Float(_) | Constant::Floats(_) => Err(wrong("numbers with a point")),
            Constant::Tensor(tensor) => {
                here(tensor)?;
                few(self.len(name))?;
                with_extents(tensor, ints_of(tensor).map_err(|got| wrong(&got))?)
            }
        }
    }

    /// How many numbers a constant has.
    pub fn len(&self, name: &str) -> usize {
        match self.0.get(name) {
            None => 0,
            Some(Constant::Float(_)) => 1,
            Some(Constant::Floats(values)) => values.len(),
            Some(Constant::Ints(array)) => array.values.len(),
            Some(Constant::Tensor(tensor)) => {
                // What is there, whatever the extents say.
                let width = match tensor.data_type {
                    data_type::DOUBLE | data_type::INT64 => 8,
                    data_type::FLOAT | data_type::INT32 => 4,
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

    /// Computes a node that reads constants alone. `None` where its operator is none of those that shapes are made
    /// with.
    ///
    /// # Errors
    /// Where its numbers do not fit.
    pub fn compute(&mut self, node: &'a NodeProto) -> Result<Option<()>, String> {
        let Some(output) = node.output.first() else { return Ok(None) };
        let input = node.input.first().map_or("", String::as_str);
        let constant = match node.op_type.as_str() {
            "Constant" => constant_of(node)?,
            // A number is converted when it is read; shapes are cast between types of whole numbers only.
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

/// A shape has a handful of numbers; more would only be there to fill memory.
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
        Err("expected a constant of numbers, got a text, a sparse tensor or nothing; export the model again"
            .into())
    }
}

/// The numbers with the tensor's extents, which must be as many.
fn with_extents<T>(tensor: &TensorProto, values: Vec<T>) -> Result<Array<T>, String> {
    let dims: Option<Vec<usize>> = tensor.dims.iter().map(|&dim| usize::try_from(dim).ok()).collect();
    let count =
        dims.as_ref().and_then(|dims| dims.iter().try_fold(1usize, |count, &dim| count.checked_mul(dim)));
    match dims {
        Some(dims) if count == Some(values.len()) => Ok(Array { dims, values }),
        _ => Err(format!(
            "expected as many numbers in {} as its extents {} say, got {}; the file is damaged, export it again",
            quoted(&tensor.name),
            short(&format!("{:?}", tensor.dims)),
            values.len()
        )),
    }
}

/// The error is what came instead.
fn floats_of(tensor: &TensorProto) -> Result<Vec<f32>, String> {
    let raw = tensor.raw_data.as_slice();
    // 16-bit types stand in int32_data, one each.
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
        other => Err(format!("type {other}")),
    }
}

/// Raw data in pieces of one number.
fn whole<const N: usize>(raw: &[u8]) -> Result<&[[u8; N]], String> {
    match raw.as_chunks() {
        (numbers, []) => Ok(numbers),
        (_, rest) => Err(format!("{} bytes too many", rest.len())),
    }
}

/// Whether a tensor's numbers are in the file itself.
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

/// A name of the file as an error line shows it.
pub fn quoted(name: &str) -> String {
    short(&format!("{name:?}"))
}
