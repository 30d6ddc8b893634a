//! The layers into which a graph is read, and the tensors between them.

#![expect(clippy::arithmetic_side_effects, reason = "the last of the layers, of which one was added")]

use super::{
    constant::{Array, Constants},
    names,
    names::quoted,
    proto::NodeProto,
    value::Value,
};
use crate::data::Beside;
use crate::nn::{
    Activation, Layer, Part, Parts, Source,
    resample::Border,
    spec::{INPUT, Kind, LayerSpec, PadSpec, Pair},
};
use crate::tensor::{Shape, Tensor};
use std::collections::{HashMap, HashSet};

/// The most layers in a network.
const MAX_LAYERS: usize = 1000;

/// The layers read so far, and the tensors that the next ones may read.
pub struct Graph<'a> {
    /// The version of the operators.
    pub opset: i64,
    /// The values that are known before the model runs.
    pub constants: Constants<'a>,
    /// The batch size, if the graph fixes it.
    pub batch: Option<i64>,
    /// The layers and their parameters.
    pub layers: Vec<(Layer, Parts)>,
    /// What was changed, one line per change.
    pub notes: Vec<String>,
    /// How often each tensor is read.
    readers: HashMap<&'a str, usize>,
    values: HashMap<&'a str, Value>,
    /// The layers that scale or shift each channel by constants of the file.
    pub scales: HashSet<usize>,
    /// The names of the weights that layers use.
    taken: HashSet<String>,
    names: HashSet<String>,
    counts: HashMap<&'static str, usize>,
    /// How many numbers were used: with shared weights, a small file must not become a large network.
    used: usize,
    len: usize,
    is_converted: bool,
}

impl<'a> Graph<'a> {
    /// A graph without layers. `len` is the file's size in bytes, `readers` how often each tensor is read.
    pub fn new(
        opset: i64,
        batch: Option<i64>,
        len: usize,
        readers: HashMap<&'a str, usize>,
        files: &'a dyn Beside,
    ) -> Self {
        Self {
            opset,
            constants: Constants::new(len, files),
            batch,
            layers: Vec::new(),
            notes: Vec::new(),
            readers,
            values: HashMap::new(),
            scales: HashSet::new(),
            taken: HashSet::new(),
            names: HashSet::new(),
            counts: HashMap::new(),
            used: 0,
            len,
            is_converted: false,
        }
    }

    /// The tensor of this name.
    ///
    /// # Errors
    /// If no node has made it, or its channels are parted, as for a channel shuffle.
    pub fn value(&self, name: &str) -> Result<&Value, String> {
        let value = self.parted(name)?;
        match value.parts {
            None => Ok(value),
            Some([groups, within]) => Err(format!(
                "expected a channel shuffle (Reshape, Transpose, Reshape), got another use of {groups} groups of {within} \
                 channels; use nn.ChannelShuffle and export again"
            )),
        }
    }

    /// The tensor of this name, whose channels may be parted.
    ///
    /// # Errors
    /// If no node has made it.
    pub fn parted(&self, name: &str) -> Result<&Value, String> {
        self.values.get(name).ok_or_else(|| match self.constants.has(name) {
            true => format!(
                "expected a tensor that depends on the picture, got the constant {}; export the model again",
                quoted(name)
            ),
            false => format!(
                "expected a tensor of the file, got {}, which nothing makes; export the model again",
                quoted(name)
            ),
        })
    }

    /// Whether a tensor of this name depends on the picture.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Whether a node or the output reads a tensor.
    pub fn is_read(&self, name: &str) -> bool {
        self.readers.contains_key(name)
    }

    /// Names a tensor.
    pub fn set(&mut self, name: &'a str, value: Value) {
        let is_sole = value.is_sole && self.readers.get(name).is_none_or(|&readers| readers <= 1);
        self.values.insert(name, Value { is_sole, ..value });
    }

    /// Adds a note, once.
    pub fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Returns a weight of the file.
    ///
    /// # Errors
    /// As for [`Constants::floats`], or if layers share weights to the extent that the network would be
    /// larger than its file.
    pub fn take(&mut self, name: &str) -> Result<Array<f32>, String> {
        let too_many = || {
            format!(
                "expected unshared weights, got {}, which too many layers share; export the model without sharing",
                quoted(name)
            )
        };
        self.used = self.used.saturating_add(self.constants.len(name));
        let is_over = |graph: &Self| graph.used > graph.len.saturating_add(graph.constants.external_len());
        // Another file's size is known once it was read from, which reads no more than there is.
        let (array, is_converted) = match is_over(self) && self.constants.is_here(name) {
            true => return Err(too_many()),
            false => self.constants.floats(name)?,
        };
        if is_over(self) {
            return Err(too_many());
        }
        if !self.taken.insert(name.to_owned()) && array.dims.len() > 1 {
            self.note(format!("layers share {} in the file; each gets its own copy", quoted(name)));
        }
        if is_converted && !self.is_converted {
            self.is_converted = true;
            self.note("the file's weights were converted to float32".into());
        }
        Ok(array)
    }

    /// Appends a layer that reads `input`; `parts` are its parameters with their shapes in the file. Returns the
    /// layer's place.
    ///
    /// # Errors
    /// If the layer does not fit its input, or a parameter does not fit the layer.
    pub fn push(
        &mut self,
        node: &NodeProto,
        kind: Kind,
        parts: Vec<(Part, Array<f32>)>,
        input: &Value,
    ) -> Result<usize, String> {
        self.push_on(node, kind, parts, &[input])
    }

    /// Appends a layer that reads several tensors.
    ///
    /// # Errors
    /// As for [`Graph::push`].
    pub fn push_on(
        &mut self,
        node: &NodeProto,
        kind: Kind,
        parts: Vec<(Part, Array<f32>)>,
        inputs: &[&Value],
    ) -> Result<usize, String> {
        if self.layers.len() == MAX_LAYERS {
            return Err(format!("expected at most {MAX_LAYERS} layers, got more; use a smaller model"));
        }
        for input in inputs {
            (*input).clone().unpadded()?;
        }
        if inputs.iter().any(|input| input.has_ended) {
            return Err(
                "expected nothing after a LogSoftmax, got this node; only the loss can follow it".into()
            );
        }
        let name = names::unused(node, &kind, &mut self.names, &mut self.counts);
        let before = self.layers.len().checked_sub(1);
        let is_next = inputs.len() == 1 && inputs[0].source == before;
        let spec = LayerSpec::new(name, kind);
        let spec = if is_next { spec } else { spec.reading(inputs.iter().map(|input| self.name_of(input))) };
        let from: Vec<_> = inputs.iter().map(|input| (source(input.source), input.layer_cells())).collect();
        let layer = fit(spec, &from)?;
        let mut filled = Parts::default();
        for ((part, shape), (given, array)) in layer.parameters().into_iter().zip(parts) {
            debug_assert_eq!(part, given);
            filled.set(part, tensor(shape, array)?);
        }
        self.layers.push((layer, filled));
        Ok(self.layers.len() - 1)
    }

    /// What a layer calls a tensor that it reads.
    fn name_of(&self, input: &Value) -> String {
        input.source.map_or_else(|| INPUT.to_owned(), |layer| self.layers[layer].0.name().to_owned())
    }

    /// Makes a layer of the zeros that a Pad adds to a tensor, so that whatever comes next may read it.
    ///
    /// # Errors
    /// As for [`Graph::push`].
    pub fn settle(&mut self, node: &NodeProto, name: &'a str) -> Result<(), String> {
        let Some(x) = self.values.get(name).filter(|x| x.pad != [0; 4]).cloned() else { return Ok(()) };
        let value = self.settled(node, x)?;
        self.values.insert(name, value);
        Ok(())
    }

    /// A tensor with the zeros that a Pad adds.
    ///
    /// # Errors
    /// As for [`Graph::push`].
    pub fn settled(&mut self, node: &NodeProto, x: Value) -> Result<Value, String> {
        if x.pad == [0; 4] || x.is_low {
            return Ok(x);
        }
        let [top, left, bottom, right] = x.pad;
        let unpadded = Value { pad: [0; 4], ..x };
        self.push_border(node, Border::Zero, [0, 0], [[top, bottom], [left, right]], &unpadded)
    }

    /// Appends a layer that adds channels before and behind, rows above and below, columns on the left and on the right.
    ///
    /// # Errors
    /// As for [`Graph::push`].
    pub fn push_border(
        &mut self,
        node: &NodeProto,
        border: Border,
        channels: [usize; 2],
        [[top, bottom], [left, right]]: [[usize; 2]; 2],
        input: &Value,
    ) -> Result<Value, String> {
        let (padding, end) = (Pair([top, left]), Pair([bottom, right]));
        let padding_end = Some(end).filter(|&end| end != padding);
        let spec = PadSpec { border, padding, padding_end, channels: Pair(channels) };
        let source = self.push(node, Kind::Pad2d(spec), vec![], input)?;
        let cells = self.layers[source].0.output;
        let mut axes = input.axes.clone();
        // An axis with one cell gets its place when it has more.
        for axis in (0..3).filter(|&axis| input.cells[axis] == 1 && cells[axis] > 1) {
            if let Some(place) = input.place_of(axis) {
                axes[place] = vec![axis];
            }
        }
        Ok(Value { is_sole: true, ..Value::new(Some(source), cells, false, axes) })
    }

    /// Appends a layer that keeps its input's shape, and returns its output.
    ///
    /// # Errors
    /// As for [`Graph::push`].
    pub fn push_same(
        &mut self,
        node: &NodeProto,
        kind: Kind,
        parts: Vec<(Part, Array<f32>)>,
        input: &Value,
    ) -> Result<Value, String> {
        let source = Some(self.push(node, kind, parts, input)?);
        Ok(Value { source, is_sole: true, ..input.clone() })
    }

    /// Appends a layer that makes maps, and returns its output: with rows and columns, or with one axis of them if
    /// `input` has one.
    ///
    /// # Errors
    /// As for [`Graph::push`].
    pub fn push_maps(
        &mut self,
        node: &NodeProto,
        kind: Kind,
        parts: Vec<(Part, Array<f32>)>,
        input: &Value,
    ) -> Result<Value, String> {
        let source = self.push(node, kind, parts, input)?;
        let cells = self.layers[source].0.output;
        let axes =
            if input.axes.len() == 2 { vec![vec![0], vec![2]] } else { vec![vec![0], vec![1], vec![2]] };
        Ok(Value { is_sole: true, ..Value::new(Some(source), cells, false, axes) })
    }

    /// Appends a Flatten, unless the cells are a vector already.
    ///
    /// # Errors
    /// As for [`Graph::push`].
    pub fn flatten(&mut self, node: &NodeProto, input: &Value) -> Result<Value, String> {
        let axes = vec![input.axes.concat()];
        if input.is_flat {
            return Ok(Value { axes, ..input.clone() });
        }
        let source = Some(self.push(node, Kind::Flatten, vec![], input)?);
        Ok(Value { source, axes, is_flat: true, is_sole: true, ..input.clone() })
    }

    /// Adds a bias to a convolution or dense layer without one; `false` if the layer is another one or has a bias.
    ///
    /// # Errors
    /// If the bias does not fit.
    pub fn add_bias(&mut self, layer: usize, bias: &[f32]) -> Result<bool, String> {
        let (layer, parts) = &mut self.layers[layer];
        let mut spec = layer.spec.clone();
        match &mut spec.kind {
            Kind::Conv2d(conv) if !conv.bias => conv.bias = true,
            Kind::ConvTranspose2d(conv) if !conv.bias => conv.bias = true,
            Kind::Dense(dense) if !dense.bias => dense.bias = true,
            Kind::Conv2d(_)
            | Kind::ConvTranspose2d(_)
            | Kind::Dense(_)
            | Kind::MaxPool2d(_)
            | Kind::AvgPool2d(_)
            | Kind::GlobalAvgPool2d
            | Kind::GlobalMaxPool2d
            | Kind::AdaptiveAvgPool2d(_)
            | Kind::AdaptiveMaxPool2d(_)
            | Kind::Upsample2d(_)
            | Kind::Pad2d(_)
            | Kind::Crop2d(_)
            | Kind::SliceChannels(_)
            | Kind::ChannelShuffle(_)
            | Kind::Activation(_)
            | Kind::PRelu(_)
            | Kind::Flatten
            | Kind::BatchNorm2d(_)
            | Kind::GroupNorm(_)
            | Kind::LocalResponseNorm(_)
            | Kind::Dropout(_)
            | Kind::Softmax
            | Kind::Add
            | Kind::Multiply
            | Kind::Concat => return Ok(false),
        }
        refit(layer, spec)?;
        parts.set(Part::Bias, tensor(Shape::new(1, bias.len(), 1, 1), Array::row(bias.to_vec()))?);
        Ok(true)
    }

    /// Gives a normalisation a scale or a shift, where it has none yet: `false` for another layer, or for a second one.
    ///
    /// # Errors
    /// If the numbers do not fit.
    pub fn scale_norm(&mut self, layer: usize, part: Part, numbers: Array<f32>) -> Result<bool, String> {
        let (layer, parts) = &mut self.layers[layer];
        let mut spec = layer.spec.clone();
        let Kind::GroupNorm(norm) = &mut spec.kind else { return Ok(false) };
        let is_new = !norm.affine;
        let is_unshifted = parts.get(Part::Bias).is_some_and(|bias| bias.iter().all(|&x| x == 0.0));
        let is_replaced = part == Part::Bias && is_unshifted;
        if !(is_new || is_replaced) {
            return Ok(false);
        }
        norm.affine = true;
        refit(layer, spec)?;
        for (own, shape) in layer.parameters() {
            if own == part {
                parts.set(own, tensor(shape, numbers.clone())?);
            } else if is_new {
                let usual = if own == Part::Weight { 1.0 } else { 0.0 };
                parts.set(own, Tensor::from_elem(shape.0, usual));
            }
        }
        Ok(true)
    }

    /// Replaces an activation by another one.
    ///
    /// # Errors
    /// If it does not fit.
    pub fn replace_activation(&mut self, layer: usize, activation: Activation) -> Result<(), String> {
        let layer = &mut self.layers[layer].0;
        let spec = LayerSpec { kind: Kind::Activation(activation), ..layer.spec.clone() };
        refit(layer, spec)
    }

    /// Multiplies the weights and the bias of a layer, channel by channel.
    pub fn scale(&mut self, layer: usize, by: &[f32]) {
        let parts = &mut self.layers[layer].1;
        for part in [Part::Weight, Part::Bias] {
            let Some(tensor) = parts.get_mut(part) else { continue };
            tensor.iter_mut().zip(by).for_each(|(x, by)| *x *= by);
        }
    }
}

fn fit(spec: LayerSpec, from: &[(Source, [usize; 3])]) -> Result<Layer, String> {
    Layer::new(spec, from).map_err(|error| error.0)
}

fn source(layer: Option<usize>) -> Source {
    layer.map_or(Source::Input, Source::Layer)
}

/// The same layer with other settings.
fn refit(layer: &mut Layer, spec: LayerSpec) -> Result<(), String> {
    let from: Vec<_> = layer.sources.iter().copied().zip(layer.inputs.iter().copied()).collect();
    *layer = fit(spec, &from)?;
    Ok(())
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
