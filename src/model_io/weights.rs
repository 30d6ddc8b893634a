//! Weight files: reading and writing [`Params`] as safetensors.
//!
//! Tensors have PyTorch's names and layouts: `<layer>.weight` is (O, I/groups, kh, kw) for a convolution, (I, O/groups,
//! kh, kw) for a transposed one and (out, in) for a dense layer; those of a layer normalisation have the form of its
//! input; all others are vectors.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "a count of names, and the exponent of a number of 16 bits"
)]

use super::{ModelError, recognise::recognise};
use crate::nn::{
    Layer, Network, Op, Params, Part, Parts,
    group_norm::{Affine, GroupNorm},
};
use crate::tensor::{Shape, Tensor};
use safetensors::{Dtype, SafeTensorError, SafeTensors, tensor::TensorView};
use std::collections::HashMap;

/// The metadata key of the architecture.
pub const METADATA_KEY: &str = "convstep.architecture";

/// A state dict's batch counter, which no network here uses.
pub(super) const COUNTER: &str = ".num_batches_tracked";

/// The prefix of the names of an optimizer's moments in a checkpoint.
pub(super) const MOMENTS_PREFIX: &str = "optimizer/";
/// The name of the tensor that holds a checkpoint's run, as JSON.
pub(super) const RUN: &str = "checkpoint/run";

/// The parameters in a file, and the names of unused tensors.
#[derive(Clone, PartialEq, Debug)]
pub struct Weights {
    /// The parameters of each layer.
    pub params: Params,
    /// The names of the tensors that no layer uses, in order.
    pub unused: Vec<String>,
}

/// The name of a parameter in a weight file.
pub fn tensor_name(layer: &Layer, part: Part) -> String {
    format!("{}.{}", layer.file_name(), part.suffix())
}

/// The shape of a parameter in a weight file: rank 4 for a convolution's weight, 2 for a dense layer's, else 1.
pub fn tensor_shape(layer: &Layer, part: Part, shape: Shape) -> Vec<usize> {
    let [n, c, _, _] = shape.0;
    let is_weight = part == Part::Weight;
    match layer.op {
        Op::Conv2d(_) | Op::ConvTranspose2d(_) if is_weight => shape.0.to_vec(),
        Op::Dense(_) if is_weight => vec![n, c],
        Op::GroupNorm(norm) if norm.affine == Some(Affine::Cell) => match norm.extents {
            [c, 1, 1] => vec![c],
            extents => extents.to_vec(),
        },
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::Dense(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Activation(_)
        | Op::PRelu(_)
        | Op::Flatten
        | Op::LocalResponseNorm(_)
        | Op::Dropout { .. }
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => vec![shape.len()],
    }
}

/// The shape of a tensor in a file, where the layer normalises a vector without the extents of 1 behind it: a volume of
/// single cells is a vector.
fn without_extents_of_one<'a>(layer: &Layer, shape: &'a [usize]) -> &'a [usize] {
    match (&layer.op, shape) {
        (Op::GroupNorm(GroupNorm { extents: [_, 1, 1], .. }), [_, 1, 1]) => &shape[..1],
        _ => shape,
    }
}

/// The architecture in a file's metadata, if there is one.
///
/// # Errors
/// If the bytes are not a safetensors file.
pub fn architecture_text(bytes: &[u8]) -> Result<Option<String>, ModelError> {
    open(bytes)?;
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|error| damaged(bytes, &error.to_string()))?;
    Ok(header.metadata().as_ref().and_then(|metadata| metadata.get(METADATA_KEY).cloned()))
}

/// Reads the parameters of `network`.
///
/// # Errors
/// If the bytes are not a safetensors file, if a tensor is missing or has another shape or a type that is not
/// numeric, or if there is a bias that the architecture excludes.
pub fn read(bytes: &[u8], network: &Network) -> Result<Weights, ModelError> {
    let file = open(bytes)?;
    let prefix = &prefix(&file);
    let mut used = Vec::new();
    let layers = network.layers.iter().map(|layer| {
        let mut parts = Parts::default();
        for (part, shape) in layer.parameters() {
            let name = own_name(&file, prefix, tensor_name(layer, part));
            let tensor = find(&file, layer, &name)?;
            let got = without_extents_of_one(layer, tensor.shape());
            check_shape(&file, &name, &tensor_shape(layer, part, shape), got)?;
            let numbers = numbers(&name, &tensor)?;
            let tensor = Tensor::from_shape_vec(shape.0, numbers)
                .map_err(|error| ModelError(format!("{name}: {error}; save the file again")))?;
            parts.set(part, tensor);
            used.push(name);
        }
        refuse_bias(&file, prefix, layer)?;
        Ok(parts)
    });
    let params = Params(layers.collect::<Result<_, ModelError>>()?);
    let is_unused = |name: &String| {
        !used.contains(name) && !name.ends_with(COUNTER) && !name.starts_with(MOMENTS_PREFIX) && name != RUN
    };
    let unused = names(&file).into_iter().filter(is_unused).collect();
    Ok(Weights { params, unused })
}

/// Writes a file with these parameters and the architecture in its metadata; the bytes are the same every time.
///
/// # Errors
/// If two parameters have the same name, or the file would be too large for its format.
pub fn write(network: &Network, params: &Params, architecture: &str) -> Result<Vec<u8>, ModelError> {
    write_with(network, params, architecture, Vec::new())
}

/// A tensor in the form in which a file stores it.
pub(super) struct Stored {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    /// Little-endian.
    pub(super) bytes: Vec<u8>,
}

impl Stored {
    pub(super) fn new(name: String, shape: Vec<usize>, tensor: &Tensor) -> Self {
        let bytes = tensor.iter().flat_map(|x| x.to_le_bytes()).collect();
        Self { name, dtype: Dtype::F32, shape, bytes }
    }

    fn view(&self) -> Result<(&str, TensorView<'_>), SafeTensorError> {
        Ok((&self.name, TensorView::new(self.dtype, self.shape.clone(), &self.bytes)?))
    }
}

/// [`write()`] with further tensors.
pub(super) fn write_with(
    network: &Network,
    params: &Params,
    architecture: &str,
    more: Vec<Stored>,
) -> Result<Vec<u8>, ModelError> {
    let mut tensors: Vec<Stored> = Vec::new();
    for (layer, parts) in network.layers.iter().zip(&params.0) {
        for (part, shape) in layer.parameters() {
            let name = tensor_name(layer, part);
            let Some(tensor) = parts.get(part) else {
                return Err(ModelError(format!(
                    "{name}: expected a tensor, got none; initialise the weights first"
                )));
            };
            tensors.push(Stored::new(name, tensor_shape(layer, part, shape), tensor));
        }
    }
    tensors.extend(more);
    let mut names = std::collections::HashSet::new();
    if let Some(twice) = tensors.iter().find(|tensor| !names.insert(tensor.name.as_str())) {
        let name = &twice.name;
        return Err(ModelError(format!(
            "{name}: expected each tensor name once, got it twice; give the layers different names"
        )));
    }
    // A single entry, because a hash map has no order.
    let metadata = HashMap::from([(METADATA_KEY.to_owned(), architecture.to_owned())]);
    let views: Result<Vec<_>, _> = tensors.iter().map(Stored::view).collect();
    views.and_then(|views| safetensors::serialize(views, Some(metadata))).map_err(|error| {
        ModelError(format!(
            "expected weights that fit a safetensors file, got: {error}; make the network smaller"
        ))
    })
}

pub(super) fn open(bytes: &[u8]) -> Result<SafeTensors<'_>, ModelError> {
    SafeTensors::deserialize(bytes).map_err(|error| damaged(bytes, &error.to_string()))
}

/// The error for bytes that are not a safetensors file, with a remedy for what they look like.
fn damaged(bytes: &[u8], why: &str) -> ModelError {
    let remedy = recognise(bytes).remedy();
    let remedy =
        remedy.unwrap_or("the file is cut short, damaged or in another format; save or download it again");
    ModelError(format!("expected a safetensors file, got something else ({}); {remedy}", one_line(why)))
}

pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(160).collect()
}

/// What wrappers put before all names of a state dict.
const PREFIXES: [&str; 4] = ["module.", "model.", "_orig_mod.", "net."];

/// What wrappers put before all names in the file; empty if there is none.
pub(super) fn prefix(file: &SafeTensors) -> String {
    const MOST: usize = 4;
    let names = file.names();
    let mut own = String::new();
    for _ in 0..MOST {
        let has = |prefix: &&str| {
            let rest =
                |name: &&str| name.strip_prefix(own.as_str()).is_some_and(|rest| rest.starts_with(*prefix));
            !names.is_empty() && names.iter().all(rest)
        };
        match PREFIXES.into_iter().find(|prefix| has(prefix)) {
            Some(prefix) => own.push_str(prefix),
            None => break,
        }
    }
    own
}

/// The metadata key of the tensors' names in the order of a file that was not safetensors.
pub(super) const ORDER_KEY: &str = "convstep.order";

/// The names of the tensors in the order of the file that they come from; none if it is not told.
pub(super) fn order(bytes: &[u8]) -> Vec<String> {
    let header = SafeTensors::read_metadata(bytes).ok();
    let names = header.and_then(|(_, header)| header.metadata().as_ref()?.get(ORDER_KEY).cloned());
    names.map(|names| names.lines().map(str::to_owned).collect()).unwrap_or_default()
}

/// A tensor's name as the file has it: with the prefix if only that is there.
fn own_name(file: &SafeTensors, prefix: &str, name: String) -> String {
    let long = format!("{prefix}{name}");
    if file.tensor(&name).is_err() && file.tensor(&long).is_ok() { long } else { name }
}

fn names(file: &SafeTensors) -> Vec<String> {
    let mut names: Vec<String> = file.names().into_iter().map(str::to_owned).collect();
    names.sort();
    names
}

/// A short list of the file's tensors for an error message.
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
        let is_bias = name.ends_with(".bias");
        let remedy = match layer.op {
            Op::GroupNorm(_) => format!("set affine = false or weights = \"...\" in {}", layer.name()),
            Op::BatchNorm2d(_) => format!("set weights = \"...\" in {}", layer.name()),
            Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::Dense(_) if is_bias => {
                format!("set bias = false in {}", layer.name())
            }
            Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::Dense(_)
            | Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::Activation(_)
            | Op::PRelu(_)
            | Op::Flatten
            | Op::LocalResponseNorm(_)
            | Op::Dropout { .. }
            | Op::Softmax
            | Op::Add
            | Op::Multiply
            | Op::Concat => format!("rename the layer or set weights = \"...\" in {}", layer.name()),
        };
        ModelError(format!(
            "{}: expected a tensor {name}, got none; {remedy} ({})",
            layer.name(),
            listing(file)
        ))
    })
}

fn check_shape(file: &SafeTensors, name: &str, expected: &[usize], got: &[usize]) -> Result<(), ModelError> {
    // The weight of a one-dimensional convolution has no axis of rows.
    let is_line = matches!((expected, got), (&[o, c, 1, k], &[a, b, d]) if [o, c, k] == [a, b, d]);
    if expected == got || is_line {
        return Ok(());
    }
    Err(ModelError(format!(
        "{name}: expected shape {expected:?}, got {got:?}; change the architecture or use the weights that belong to \
         it ({})",
        listing(file)
    )))
}

/// Refuses a bias, or the scale and shift of a normalisation, that the architecture excludes, because ignoring it would silently change the result.
fn refuse_bias(file: &SafeTensors, prefix: &str, layer: &Layer) -> Result<(), ModelError> {
    let is_excluded = match &layer.op {
        Op::Conv2d(conv) => !conv.bias,
        Op::ConvTranspose2d(spec) => !spec.bias,
        Op::Dense(dense) => !dense.bias,
        Op::GroupNorm(norm) => norm.affine.is_none(),
        Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Activation(_)
        | Op::PRelu(_)
        | Op::Flatten
        | Op::BatchNorm2d(_)
        | Op::LocalResponseNorm(_)
        | Op::Dropout { .. }
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => false,
    };
    let name = own_name(file, prefix, tensor_name(layer, Part::Bias));
    if is_excluded && file.tensor(&name).is_ok() {
        let key = if matches!(layer.op, Op::GroupNorm(_)) { "affine" } else { "bias" };
        return Err(ModelError(format!(
            "{}: expected no bias, as the architecture says {key} = false, got a tensor {name}; set {key} = true",
            layer.name()
        )));
    }
    Ok(())
}

/// The numbers of a tensor as f32.
#[expect(clippy::wildcard_enum_match_arm, reason = "the number types are those of safetensors and may grow")]
pub(super) fn numbers(name: &str, tensor: &TensorView) -> Result<Vec<f32>, ModelError> {
    let data = tensor.data();
    match tensor.dtype() {
        Dtype::F32 => Ok(data.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()),
        Dtype::F64 => Ok(data.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes) as f32).collect()),
        Dtype::F16 => {
            Ok(data.as_chunks().0.iter().map(|&bytes| from_f16(u16::from_le_bytes(bytes))).collect())
        }
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
pub(super) fn from_f16(bits: u16) -> f32 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        0x1f if fraction == 0.0 => f32::INFINITY,
        0x1f => f32::NAN,
        _ => (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::Architecture;
    use crate::nn::init::Init;

    const NET: &str = r#"
        input = [2, 6, 6]
        [[layers]]
        name = "conv1"
        kind = "conv2d"
        weights = "features.0"
        out_channels = 4
        kernel = 3
        groups = 2
        [[layers]]
        name = "bn"
        kind = "batch_norm2d"
        [[layers]]
        name = "fc"
        kind = "dense"
        out_features = 3
        bias = false
    "#;

    fn network() -> Network {
        Architecture::parse(NET).and_then(|architecture| architecture.build()).expect("valid")
    }

    /// The name, number type, shape and bytes of a tensor.
    type Stored = (&'static str, Dtype, &'static [usize], Vec<u8>);

    /// A file with these tensors.
    fn file(tensors: &[Stored]) -> Vec<u8> {
        let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
            (*name, TensorView::new(*dtype, shape.to_vec(), bytes).expect("a valid view"))
        });
        safetensors::serialize(views, None).expect("serializes")
    }

    /// The tensors of [`NET`], numbered consecutively from 0.
    fn tensors() -> Vec<Stored> {
        let shapes: [(&str, &[usize]); 7] = [
            ("features.0.weight", &[4, 1, 3, 3]),
            ("features.0.bias", &[4]),
            ("bn.weight", &[4]),
            ("bn.bias", &[4]),
            ("bn.running_mean", &[4]),
            ("bn.running_var", &[4]),
            ("fc.weight", &[3, 64]),
        ];
        let numbers = |len: usize| (0..len).flat_map(|x| (x as f32).to_le_bytes()).collect();
        shapes.map(|(name, shape)| (name, Dtype::F32, shape, numbers(shape.iter().product()))).into()
    }

    #[test]
    fn layouts_and_names_are_pytorchs() {
        let mut tensors = tensors();
        tensors.push(("bn.num_batches_tracked", Dtype::I64, &[], vec![0; 8]));
        tensors.push(("head.weight", Dtype::F32, &[1], vec![0; 4]));
        let weights = read(&file(&tensors), &network()).expect("fits");
        assert_eq!(weights.unused, ["head.weight"]);
        assert_eq!(weights.params.0[0].at(Part::Weight)[[3, 0, 1, 2]], 32.0);
        assert_eq!(weights.params.0[1].at(Part::RunningVar)[[0, 2, 0, 0]], 2.0);
        assert_eq!(weights.params.0[2].at(Part::Weight)[[1, 5, 0, 0]], 69.0);
    }

    #[test]
    fn what_is_written_is_read_back_and_the_same_every_time() {
        let network = network();
        let params = network.init(Init::He, 3);
        let bytes = write(&network, &params, NET).expect("writes");
        assert_eq!(bytes, write(&network, &params, NET).expect("writes"));
        assert_eq!(architecture_text(&bytes).expect("reads").as_deref(), Some(NET));
        let weights = read(&bytes, &network).expect("reads");
        assert_eq!(weights.params, params);
        assert!(weights.unused.is_empty());
    }

    #[test]
    fn other_number_types_are_converted() {
        let numbers = [0.0f32, 1.0, -2.5, 0.099_975_586];
        let halves: Vec<u8> = [0u16, 0x3c00, 0xc100, 0x2e66].iter().flat_map(|x| x.to_le_bytes()).collect();
        let brains: Vec<u8> =
            numbers.iter().flat_map(|x| ((x.to_bits() >> 16) as u16).to_le_bytes()).collect();
        let doubles: Vec<u8> = numbers.iter().flat_map(|x| f64::from(*x).to_le_bytes()).collect();
        for (dtype, bytes) in [(Dtype::F16, halves), (Dtype::F64, doubles), (Dtype::BF16, brains)] {
            let mut tensors = tensors();
            tensors[1] = ("features.0.bias", dtype, &[4], bytes);
            let params = read(&file(&tensors), &network()).expect("fits").params;
            let bias: Vec<f32> = params.0[0].at(Part::Bias).iter().copied().collect();
            assert_eq!(bias[..3], numbers[..3], "{dtype:?}");
            assert!((bias[3] - numbers[3]).abs() < 1e-3, "{dtype:?} {bias:?}");
        }
        assert_eq!(from_f16(0x0001), 2f32.powi(-24));
        assert_eq!(from_f16(0x7bff), 65504.0);
        assert_eq!(from_f16(0xfc00), f32::NEG_INFINITY);
        assert!(from_f16(0x7e00).is_nan());
    }

    #[test]
    fn what_does_not_fit_is_named_with_the_remedy() {
        let with = |change: &dyn Fn(&mut Vec<Stored>)| {
            let mut tensors = tensors();
            change(&mut tensors);
            read(&file(&tensors), &network()).expect_err("does not fit").0
        };
        for (error, expected) in [
            (
                with(&|t| t.truncate(0)),
                "expected a tensor features.0.weight, got none; rename the layer or set weights",
            ),
            (
                with(&|t| drop(t.remove(1))),
                "expected a tensor features.0.bias, got none; set bias = false in conv1",
            ),
            (with(&|t| drop(t.remove(4))), "expected a tensor bn.running_mean"),
            (
                with(&|t| t[0].2 = &[1, 4, 3, 3]),
                "features.0.weight: expected shape [4, 1, 3, 3], got [1, 4, 3, 3]; change the architecture",
            ),
            (with(&|t| t[6].2 = &[64, 3]), "(the file has bn.bias [4], bn.running_mean [4]"),
            (
                with(&|t| t[1] = ("features.0.bias", Dtype::I32, &[4], vec![0; 16])),
                "F64, got I32; convert the tensor",
            ),
            (
                with(&|t| t.push(("fc.bias", Dtype::F32, &[3], vec![0; 12]))),
                "fc: expected no bias, as the architecture says bias = false, got a tensor fc.bias; set bias = true",
            ),
        ] {
            assert!(error.contains(expected), "{error}\n  should contain: {expected}");
            assert!(!error.contains('\n'));
        }
    }

    #[test]
    fn other_files_are_refused_with_their_remedy() {
        for (bytes, expected) in [
            (&b""[..], "the file is empty"),
            (b"PK\x03\x04rest of an archive", "a .zip archive"),
            (b"\x93NUMPY\x01\x00 rest", "a NumPy array (.npy)"),
            (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff{}", "cut short, damaged"),
            (b"just some text that is no model", "expected a safetensors file"),
        ] {
            let error = read(bytes, &network()).expect_err(expected).0;
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
            assert_eq!(architecture_text(bytes).expect_err(expected).0, error);
        }
    }
}
