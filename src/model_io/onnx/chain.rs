//! The chain of layers into which a graph is read.

use super::{
    constant::{Array, Constants, quoted},
    names,
    proto::NodeProto,
};
use crate::nn::{
    Layer, Part, Parts, Source,
    spec::{Kind, LayerSpec},
};
use crate::tensor::{Shape, Tensor};
use std::collections::{HashMap, HashSet};

/// The most layers in a network.
const MAX_LAYERS: usize = 1000;

/// The layers read so far, and the tensor that the next one reads.
pub struct Chain<'a> {
    /// The version of the operators.
    pub opset: i64,
    /// The values that are known before the model runs.
    pub constants: Constants<'a>,
    /// The name of the tensor that the next node must read.
    pub at: &'a str,
    /// Its shape, [C, H, W].
    pub cells: [usize; 3],
    /// Whether it has two dimensions, (batch, features), instead of four.
    pub is_vector: bool,
    /// The batch size, if the graph fixes it.
    pub batch: Option<i64>,
    /// The layers and their parameters.
    pub layers: Vec<(Layer, Parts)>,
    /// The name of the tensor that the last layer read.
    pub read: Option<String>,
    /// Whether a logarithm of a softmax came last; only the loss may follow it.
    pub has_ended: bool,
    /// What was changed, one line per change.
    pub notes: Vec<String>,
    /// The names of the weights that layers use.
    taken: HashSet<String>,
    names: HashSet<String>,
    counts: HashMap<&'static str, usize>,
    /// How many more numbers may be used: with shared weights, a small file must not become a large network.
    left: usize,
    is_converted: bool,
}

impl<'a> Chain<'a> {
    /// A chain without layers at the graph's input. `len` is the file's size in bytes.
    pub fn new(opset: i64, at: &'a str, cells: [usize; 3], batch: Option<i64>, len: usize) -> Self {
        Self {
            opset,
            constants: Constants::default(),
            at,
            cells,
            is_vector: false,
            batch,
            layers: Vec::new(),
            read: None,
            has_ended: false,
            notes: Vec::new(),
            taken: HashSet::new(),
            names: HashSet::new(),
            counts: HashMap::new(),
            left: len,
            is_converted: false,
        }
    }

    /// Returns a weight of the file.
    ///
    /// # Errors
    /// As for [`Constants::floats`], or if layers share weights to the extent that the network would be
    /// larger than its file.
    pub fn take(&mut self, name: &str) -> Result<Array<f32>, String> {
        self.left = self.left.checked_sub(self.constants.len(name)).ok_or_else(|| {
            format!(
                "expected unshared weights, got {}, which too many layers share; export the model without sharing",
                quoted(name)
            )
        })?;
        let (array, is_converted) = self.constants.floats(name)?;
        if !self.taken.insert(name.to_owned()) && array.dims.len() > 1 {
            self.notes.push(format!("layers share {} in the file; each gets its own copy", quoted(name)));
        }
        if is_converted && !self.is_converted {
            self.is_converted = true;
            self.notes.push("the file's weights were converted to float32".into());
        }
        Ok(array)
    }

    /// Appends a layer; `parts` are its parameters with their shapes in the file.
    ///
    /// # Errors
    /// If the layer does not fit its input, or a parameter does not fit the layer.
    pub fn push(
        &mut self,
        node: &NodeProto,
        kind: Kind,
        parts: Vec<(Part, Array<f32>)>,
    ) -> Result<(), String> {
        if self.layers.len() == MAX_LAYERS {
            return Err(format!("expected at most {MAX_LAYERS} layers, got more; use a smaller model"));
        }
        let makes_vector = match &kind {
            Kind::Flatten | Kind::Dense(_) => true,
            Kind::Conv2d(_) | Kind::MaxPool2d(_) | Kind::AvgPool2d(_) | Kind::GlobalAvgPool2d => false,
            Kind::Activation(_)
            | Kind::BatchNorm2d(_)
            | Kind::LocalResponseNorm(_)
            | Kind::Dropout(_)
            | Kind::Softmax
            | Kind::Add
            | Kind::Multiply
            | Kind::Concat => self.is_vector,
        };
        let name = names::unused(node, &kind, &mut self.names, &mut self.counts);
        let layer = fit(LayerSpec::new(name, kind), self.cells)?;
        let mut filled = Parts::default();
        for ((part, shape), (given, array)) in layer.parameters().into_iter().zip(parts) {
            debug_assert_eq!(part, given);
            filled.set(part, tensor(shape, array)?);
        }
        self.cells = layer.output;
        self.is_vector = makes_vector;
        self.layers.push((layer, filled));
        self.read = Some(self.at.to_owned());
        Ok(())
    }

    /// Adds a bias to the last layer, which must be a convolution or dense layer without one.
    ///
    /// # Errors
    /// If the last layer is another one or has a bias, or if the bias does not fit.
    pub fn add_bias(&mut self, bias: Array<f32>) -> Result<(), String> {
        let refused = "expected a bias right after a MatMul or a Conv that has none, got an Add elsewhere; only a plain \
                       chain of layers can be opened, without other sums";
        let Some((layer, parts)) = self.layers.last_mut() else { return Err(refused.into()) };
        let mut spec = layer.spec.clone();
        // Shapes that broadcast only along the features: (F) or (1, F), and for maps (C, 1, 1) or (1, C, 1, 1).
        let (features, trailing) = match &mut spec.kind {
            Kind::Conv2d(conv) if !conv.bias => {
                conv.bias = true;
                (conv.out_channels, 2)
            }
            Kind::Dense(dense) if !dense.bias => {
                dense.bias = true;
                (dense.out_features, 0)
            }
            Kind::Conv2d(_)
            | Kind::Dense(_)
            | Kind::MaxPool2d(_)
            | Kind::AvgPool2d(_)
            | Kind::GlobalAvgPool2d
            | Kind::Activation(_)
            | Kind::Flatten
            | Kind::BatchNorm2d(_)
            | Kind::LocalResponseNorm(_)
            | Kind::Dropout(_)
            | Kind::Softmax
            | Kind::Add
            | Kind::Multiply
            | Kind::Concat => return Err(refused.into()),
        };
        let along = bias.dims.len().checked_sub(trailing + 1);
        let is_row =
            bias.dims.iter().enumerate().all(|(d, &dim)| dim == if Some(d) == along { features } else { 1 });
        if along.is_none() || bias.dims.len() > 4 || !is_row {
            return Err(format!(
                "expected a bias of {features} numbers, one per output, got shape {:?}; only a plain chain of \
                 layers can be opened, without other sums",
                &bias.dims[..bias.dims.len().min(8)]
            ));
        }
        *layer = fit(spec, layer.input)?;
        parts.set(Part::Bias, tensor(Shape::new(1, features, 1, 1), bias)?);
        Ok(())
    }
}

fn fit(spec: LayerSpec, input: [usize; 3]) -> Result<Layer, String> {
    Layer::new(spec, &[(Source::Input, input)]).map_err(|error| error.0)
}

/// The numbers in a parameter's shape; axes of length 1 may be missing or added.
fn tensor(shape: Shape, array: Array<f32>) -> Result<Tensor, String> {
    let but_ones = |dims: &[usize]| dims.iter().copied().filter(|&dim| dim != 1).collect::<Vec<_>>();
    if but_ones(&shape.0) != but_ones(&array.dims) {
        return Err(format!(
            "expected weights of shape {:?}, got {:?}; the file is damaged, export it again",
            shape.0,
            &array.dims[..array.dims.len().min(8)]
        ));
    }
    Tensor::from_shape_vec(shape.0, array.values)
        .map_err(|error| format!("{error}; the file is damaged, export it again"))
}
