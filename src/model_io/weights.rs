//! The weight file: safetensors bytes to [`Params`] and back.
//!
//! Tensors have PyTorch's names and layouts: `<layer>.weight` of a convolution (O, I/groups, kh, kw), of a dense
//! layer (out, in); every other parameter is a vector.

use super::ModelError;
use crate::nn::{Layer, Network, Op, Params, Part, Parts};
use crate::tensor::{Shape, Tensor};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::HashMap;

/// The metadata key that holds the architecture.
pub const METADATA_KEY: &str = "convstep.architecture";

/// A state dict's counter of batches, which no network here has a use for.
const COUNTER: &str = ".num_batches_tracked";

/// The parameters of a file, and what in it was not used.
#[derive(Clone, PartialEq, Debug)]
pub struct Weights {
    /// Per layer.
    pub params: Params,
    /// The names of the tensors that no layer reads, in order.
    pub unused: Vec<String>,
}

/// The name of a parameter in a weight file.
pub fn tensor_name(layer: &Layer, part: Part) -> String {
    format!("{}.{}", layer.file_name(), part.suffix())
}

/// The shape of a parameter in a weight file: rank 4 for a convolution's weight, 2 for a dense one, else 1.
pub fn tensor_shape(layer: &Layer, part: Part, shape: Shape) -> Vec<usize> {
    let [n, c, _, _] = shape.0;
    match (&layer.op, part) {
        (Op::Conv2d(_), Part::Weight) => shape.0.to_vec(),
        (Op::Dense(_), Part::Weight) => vec![n, c],
        _ => vec![shape.len()],
    }
}

/// The architecture in a file's metadata, where it has one.
///
/// # Errors
/// Where the bytes are no safetensors file.
pub fn architecture_text(bytes: &[u8]) -> Result<Option<String>, ModelError> {
    open(bytes)?;
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(bytes, &error.to_string()))?;
    Ok(header.metadata().as_ref().and_then(|metadata| metadata.get(METADATA_KEY).cloned()))
}

/// Reads the parameters of `network`.
///
/// # Errors
/// Where the bytes are no safetensors file, a tensor is missing, has another shape or no number type, or a bias is
/// there that the architecture does not have.
pub fn read(bytes: &[u8], network: &Network) -> Result<Weights, ModelError> {
    let file = open(bytes)?;
    let mut used = Vec::new();
    let layers = network.layers.iter().map(|layer| {
        let mut parts = Parts::default();
        for (part, shape) in layer.parameters() {
            let name = tensor_name(layer, part);
            let tensor = find(&file, layer, &name)?;
            check_shape(&file, &name, &tensor_shape(layer, part, shape), tensor.shape())?;
            let numbers = numbers(&name, &tensor)?;
            let tensor = Tensor::from_shape_vec(shape.0, numbers)
                .map_err(|error| ModelError(format!("{name}: {error}; save the file again")))?;
            parts.set(part, tensor);
            used.push(name);
        }
        refuse_bias(&file, layer)?;
        Ok(parts)
    });
    let params = Params(layers.collect::<Result<_, ModelError>>()?);
    let unused = names(&file).into_iter().filter(|name| !used.contains(name) && !name.ends_with(COUNTER)).collect();
    Ok(Weights { params, unused })
}

/// A file with these parameters and the architecture in its metadata; the same bytes every time.
///
/// # Errors
/// Where two parameters have one name, or the file would be too large for its format.
pub fn write(network: &Network, params: &Params, architecture: &str) -> Result<Vec<u8>, ModelError> {
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for (layer, parts) in network.layers.iter().zip(&params.0) {
        for (part, shape) in layer.parameters() {
            let name = tensor_name(layer, part);
            if tensors.iter().any(|(before, ..)| *before == name) {
                return Err(ModelError(format!(
                    "{name}: expected each tensor name once, got it twice; give the layers different names"
                )));
            }
            let Some(tensor) = parts.get(part) else {
                return Err(ModelError(format!("{name}: expected a tensor, got none; initialise the weights first")));
            };
            let bytes = tensor.iter().flat_map(|x| x.to_le_bytes()).collect();
            tensors.push((name, tensor_shape(layer, part, shape), bytes));
        }
    }
    let views: Result<Vec<(&str, TensorView)>, _> = tensors
        .iter()
        .map(|(name, shape, bytes)| {
            Ok((name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes)?))
        })
        .collect();
    let metadata = HashMap::from([(METADATA_KEY.to_owned(), architecture.to_owned())]);
    views.and_then(|views| safetensors::serialize(views, Some(metadata))).map_err(|error: safetensors::SafeTensorError| {
        ModelError(format!("expected weights that fit a safetensors file, got: {error}; make the network smaller"))
    })
}

fn open(bytes: &[u8]) -> Result<SafeTensors<'_>, ModelError> {
    SafeTensors::deserialize(bytes).map_err(|error| damaged(bytes, &error.to_string()))
}

/// Why bytes are no safetensors file, with the remedy for what they look like.
fn damaged(bytes: &[u8], why: &str) -> ModelError {
    let remedy = if bytes.is_empty() {
        "the file is empty, save or download it again"
    } else if bytes.starts_with(b"PK") || bytes.starts_with(b"\x80\x02") {
        "this looks like a PyTorch checkpoint: save its state dict with safetensors.torch.save_file"
    } else if bytes.starts_with(b"\x89HDF") {
        "this looks like an HDF5 file: save its weights with safetensors"
    } else if bytes.starts_with(b"version https://git-lfs") {
        "this is a Git LFS pointer: fetch the file itself with git lfs pull"
    } else {
        "the file is cut short, damaged or of another kind; save or download it again"
    };
    ModelError(format!("expected a safetensors file, got something else ({}); {remedy}", one_line(why)))
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(160).collect()
}

fn names(file: &SafeTensors) -> Vec<String> {
    let mut names: Vec<String> = file.names().into_iter().map(str::to_owned).collect();
    names.sort();
    names
}

/// The file's tensors, as many as an error line can hold.
fn listing(file: &SafeTensors) -> String {
    const SHOWN: usize = 12;
    let names = names(file);
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| {
            let shape = file.tensor(name).map(|tensor| tensor.shape().to_vec()).unwrap_or_default();
            one_line(&format!("{name} {shape:?}"))
        })
        .collect();
    match names.len() {
        0 => "the file has no tensors".into(),
        n if n > SHOWN => format!("the file has {} and {} more", shown.join(", "), n - SHOWN),
        _ => format!("the file has {}", shown.join(", ")),
    }
}

fn find<'a>(file: &SafeTensors<'a>, layer: &Layer, name: &str) -> Result<TensorView<'a>, ModelError> {
    file.tensor(name).map_err(|_| {
        let remedy = if name.ends_with(".bias") {
            format!("set bias = false in {}", layer.name())
        } else {
            format!("rename the layer or set weights = \"...\" in {}", layer.name())
        };
        let remedy = match layer.op {
            Op::BatchNorm2d(_) => format!("set weights = \"...\" in {}", layer.name()),
            _ => remedy,
        };
        ModelError(format!("{}: expected a tensor {name}, got none; {remedy} ({})", layer.name(), listing(file)))
    })
}

fn check_shape(file: &SafeTensors, name: &str, expected: &[usize], got: &[usize]) -> Result<(), ModelError> {
    if expected == got {
        return Ok(());
    }
    Err(ModelError(format!(
        "{name}: expected shape {expected:?}, got {got:?}; change the architecture or use the weights that belong to \
         it ({})",
        listing(file)
    )))
}

/// A bias that the architecture leaves out would silently change the result.
fn refuse_bias(file: &SafeTensors, layer: &Layer) -> Result<(), ModelError> {
    let leaves_out = match &layer.op {
        Op::Conv2d(conv) => !conv.bias,
        Op::Dense(dense) => !dense.bias,
        Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Relu
        | Op::LeakyRelu { .. }
        | Op::Tanh
        | Op::Sigmoid
        | Op::Flatten
        | Op::BatchNorm2d(_)
        | Op::Dropout { .. }
        | Op::Softmax => false,
    };
    let name = tensor_name(layer, Part::Bias);
    if leaves_out && file.tensor(&name).is_ok() {
        return Err(ModelError(format!(
            "{}: expected no bias, as the architecture says bias = false, got a tensor {name}; set bias = true",
            layer.name()
        )));
    }
    Ok(())
}

/// The numbers of a tensor as f32.
fn numbers(name: &str, tensor: &TensorView) -> Result<Vec<f32>, ModelError> {
    let data = tensor.data();
    match tensor.dtype() {
        Dtype::F32 => Ok(data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()),
        Dtype::F64 => Ok(data.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32).collect()),
        Dtype::F16 => Ok(data.as_chunks().0.iter().map(|&bytes| from_f16(u16::from_le_bytes(bytes))).collect()),
        Dtype::BF16 => Ok(data
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| f32::from_bits(u32::from(u16::from_le_bytes(bytes)) << 16))
            .collect()),
        other => Err(ModelError(format!(
            "{name}: expected numbers of type F32, F16, BF16 or F64, got {other:?}; convert the tensor with .float()"
        ))),
    }
}

/// IEEE 754 binary16: one sign bit, five of exponent, ten of fraction.
fn from_f16(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}
