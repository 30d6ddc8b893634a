//! ONNX files: reads a graph as a model.
//!
//! Each node becomes an equivalent layer, or only counts cells in another order, or is computed once if it reads constants
//! alone, or is refused by name. A final softmax that the loss already contains is omitted, and the model's notes list it.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes and nodes, which are few")]

mod attributes;
mod blocks;
mod constant;
mod dense;
pub(super) mod drawn;
mod external;
mod fold;
mod graph;
mod input;
mod joins;
#[cfg(test)]
mod large_numbers;
mod names;
mod norms;
mod operators;
mod order;
mod over_channels;
mod pad;
mod picture;
pub(super) mod proto;
mod resize;
mod rewrite;
mod scale;
mod shapes;
mod slices;
mod spelled;
#[cfg(test)]
mod tests;
mod transposed;
mod value;
mod windows;

use super::{
    Architecture, Model, ModelError, Near,
    architecture::{note_on_one_output, short},
    weights::one_line,
};
use crate::nn::{Activation, Layer, Op, Params, loss::Loss};
use drawn::{Drawn, Layout};
use graph::Graph;
use names::quoted;
use picture::Picture;
pub use picture::is_size_free;
use prost::Message;
use proto::{GraphProto, ModelProto, NodeProto};
use std::collections::{HashMap, HashSet};
use value::Value;

/// The supported versions of the operators. Within this range, the operators of [`operators`] changed their types,
/// moved attributes to inputs, and changed the default axis of softmax.
const OPSETS: std::ops::RangeInclusive<i64> = 6..=28;

/// The most outputs that are tried.
const MAX_OUTPUTS: usize = 8;

/// Reads a model. Its input is the picture in 0..=1, unless an architecture says otherwise.
///
/// `near.architecture` is the TOML text of this file's architecture, as an export writes it, with what ONNX cannot
/// express: class names, preprocessing, another loss. `near.files` has the weights that are not in the file itself,
/// `near.size` the rows and columns of the picture if the file leaves them free.
///
/// # Errors
/// Names the node, and says what was expected, what came and what to do.
pub fn read(name: &str, bytes: &[u8], near: &Near) -> Result<Model, ModelError> {
    let mut file = ModelProto::decode(bytes).map_err(|error| damaged(&error.to_string()))?;
    let opset = opset(&file)?;
    let mut graph = file.graph.take().filter(|graph| !graph.node.is_empty());
    let graph = graph.as_mut().ok_or_else(|| damaged("no graph in it"))?;
    rewrite::apply(graph);
    spelled::apply(graph, opset);
    let source = Source { graph, opset, len: bytes.len(), near, layout: None, places: &[] };
    let read = source.read()?;
    let unused = source.unused(&read.order);
    finish(name, read, Told { unused, ..Told::default() }, near.architecture)
}

/// Reads a model that another reader has drawn in ONNX's operators.
///
/// # Errors
/// As for [`read`], in the words of that file.
pub(super) fn read_drawn(name: &str, drawn: Drawn, near: &Near) -> Result<Model, ModelError> {
    let (mut graph, places) = drawn.drawing.finish();
    rewrite::apply(&mut graph);
    spelled::apply(&mut graph, drawn::OPSET);
    let source = Source {
        graph: &graph,
        opset: drawn::OPSET,
        len: drawn.len,
        near,
        layout: drawn.layout,
        places: &places,
    };
    let mut read = source.read().map_err(|error| saved(&error))?;
    drawn.notes.into_iter().for_each(|note| read.graph.note(note));
    let mut unused = source.unused(&read.order);
    unused.retain(|name| !name.starts_with("->"));
    unused.extend(drawn.unused);
    unused.sort();
    let told = Told { unused, preprocess: drawn.preprocess, loss: drawn.loss };
    finish(name, read, told, near.architecture).map_err(|error| saved(&error))
}

/// An error in the words of a file that was saved rather than exported.
fn saved(error: &ModelError) -> ModelError {
    let words = [
        ("export the model again", "save the model again"),
        ("export it again", "save it again"),
        ("and export again", "and save again"),
        ("the ONNX file", "the file"),
    ];
    ModelError(words.iter().fold(error.0.clone(), |line, (ours, other)| line.replace(ours, other)))
}

/// What is known of a model beside its graph.
#[derive(Default)]
struct Told {
    unused: Vec<String>,
    /// Mean and deviation.
    preprocess: Option<[Vec<f64>; 2]>,
    loss: Option<Loss>,
}

/// What is read.
struct Source<'a> {
    graph: &'a GraphProto,
    opset: i64,
    /// The file's size in bytes.
    len: usize,
    near: &'a Near<'a>,
    /// How the file has its pictures, if it says so.
    layout: Option<Layout>,
    /// What the nodes stand for in another file than ONNX.
    places: &'a [String],
}

/// What was read: the layers up to an output.
struct Reading<'a> {
    graph: Graph<'a>,
    value: Value,
    order: Vec<usize>,
}

/// Why an output could not be read, and after how many nodes.
struct Failure {
    nodes: usize,
    error: ModelError,
}

impl<'a> Source<'a> {
    /// Reads the first output that ends in classes, with the picture as the graph most probably has it.
    fn read(&self) -> Result<Reading<'a>, ModelError> {
        let mut failed: Option<Failure> = None;
        for picture in picture::possible(self.graph, self.near.size, self.layout)? {
            match self.outputs(&picture) {
                Ok(mut reading) => {
                    picture.notes.iter().for_each(|note| reading.graph.note(note.clone()));
                    return Ok(reading);
                }
                // What fails in the same way for pictures of another size does not fail because of it.
                Err(failure) if failed.as_ref().is_some_and(|first| first.error == failure.error) => break,
                Err(failure) if failed.as_ref().is_none_or(|first| first.nodes < failure.nodes) => {
                    failed = Some(failure);
                }
                Err(_) => {}
            }
        }
        Err(failed.map_or_else(|| damaged("no picture as its input"), |failure| failure.error))
    }

    /// Reads the outputs in turn and keeps the first that ends in classes.
    fn outputs(&self, picture: &Picture<'a>) -> Result<Reading<'a>, Failure> {
        let names: Vec<&'a str> = self.graph.output.iter().map(|output| output.name.as_str()).collect();
        let mut kept: Option<(u8, &str, Reading<'a>)> = None;
        let mut failed = None;
        for name in names.iter().take(MAX_OUTPUTS) {
            match self.output(picture, name) {
                Ok(reading) => {
                    let rank = reading.rank();
                    if kept.as_ref().is_none_or(|(other, ..)| rank > *other) {
                        kept = Some((rank, name, reading));
                    }
                    if rank == Reading::CLASSES {
                        break;
                    }
                }
                Err(failure) => failed = failed.or(Some(failure)),
            }
        }
        let no_output = || Failure {
            nodes: 0,
            error: ModelError("output: expected one, got none; export the model again".into()),
        };
        let Some((_, name, mut reading)) = kept else { return Err(failed.unwrap_or_else(no_output)) };
        if names.len() > 1 {
            let others: Vec<&&str> = names.iter().filter(|other| **other != name).take(8).collect();
            reading.graph.note(format!(
                "the file has {} outputs: {} is shown, {} left out",
                names.len(),
                quoted(name),
                short(&format!("{others:?}"))
            ));
        }
        Ok(reading)
    }

    /// Reads what one output needs.
    fn output(&self, picture: &Picture<'a>, output: &'a str) -> Result<Reading<'a>, Failure> {
        let at_start = |error: String| Failure { nodes: 0, error: ModelError(error) };
        let order = order::sorted(self.graph, output).map_err(at_start)?;
        let mut readers: HashMap<&'a str, usize> = HashMap::from([(output, 1)]);
        for name in order.iter().flat_map(|&n| &self.graph.node[n].input) {
            *readers.entry(name).or_default() += 1;
        }
        let mut graph = Graph::new(self.opset, picture.batch, self.len, readers, self.near.files);
        graph.set(picture.name, picture.value.clone());
        for tensor in &self.graph.initializer {
            graph.constants.add_tensor(tensor);
        }
        for (nodes, &n) in order.iter().enumerate() {
            let node = &self.graph.node[n];
            step(&mut graph, node).map_err(|what| {
                let error = ModelError(format!("{}: {what}", self.place(n, node)));
                Failure { nodes: nodes + 1, error }
            })?;
        }
        let last = order.last().map(|&n| &self.graph.node[n]);
        let settled = last.map_or(Ok(()), |node| graph.settle(node, output));
        let value = settled.and_then(|()| graph.value(output).cloned()).and_then(Value::unpadded);
        let value = value.map_err(|what| Failure {
            nodes: order.len(),
            error: ModelError(format!("output {}: {what}", quoted(output))),
        })?;
        Ok(Reading { graph, value, order })
    }

    /// What a message calls a node.
    fn place(&self, n: usize, node: &NodeProto) -> String {
        let op = short(&node.op_type);
        match self.places.get(n) {
            Some(place) => place.clone(),
            None if node.name.is_empty() => format!("node {} ({op})", n + 1),
            None => format!("node {} ({op})", quoted(&node.name)),
        }
    }

    /// The weights that no node reads, by name.
    fn unused(&self, order: &[usize]) -> Vec<String> {
        let read: HashSet<&str> =
            order.iter().flat_map(|&n| &self.graph.node[n].input).map(String::as_str).collect();
        let names = self.graph.initializer.iter().map(|tensor| &tensor.name);
        let mut unused: Vec<String> = names.filter(|name| !read.contains(name.as_str())).cloned().collect();
        unused.sort();
        unused
    }
}

impl Reading<'_> {
    const CLASSES: u8 = 2;

    /// How much the output looks like classes: a vector that a dense layer or a softmax makes before others, a vector
    /// before maps.
    fn rank(&self) -> u8 {
        let last = self.graph.layers.last().map(|(layer, _)| layer.op);
        let ends = matches!(last, Some(Op::Dense(_) | Op::Softmax)) || self.value.has_ended;
        match self.value.is_column() || self.value.is_flat {
            true if ends => Self::CLASSES,
            true => 1,
            false => 0,
        }
    }
}

/// The model of what was read.
fn finish(name: &str, mut reading: Reading, told: Told, given: Option<&str>) -> Result<Model, ModelError> {
    let loss = match told.loss {
        Some(Loss::Mse) => Loss::Mse,
        Some(Loss::CrossEntropy | Loss::BinaryCrossEntropy) | None => loss(&mut reading)?,
    };
    let graph = reading.graph;
    let input = graph.layers.first().map_or(reading.value.cells, |(layer, _)| layer.input);
    let (layers, params): (Vec<Layer>, Vec<_>) = graph.layers.into_iter().unzip();
    let layers = layers.into_iter().map(|layer| layer.spec).collect();
    let preprocess = drawn::preprocess(told.preprocess, input[0])?;
    let mut architecture = Architecture { input, classes: Vec::new(), preprocess, layers, loss };
    if let Some(text) = given {
        let given = Architecture::parse(text)?;
        if (given.input, &given.layers) != (architecture.input, &architecture.layers) {
            return Err(ModelError(format!(
                "{name}: expected an architecture with the input and the layers of the ONNX file, got others; write \
                 the file's own with `convstep export --out NET.toml` and change its classes, preprocess or loss"
            )));
        }
        architecture = given;
    }
    let network = architecture.build()?;
    Ok(Model {
        name: name.to_owned(),
        network,
        params: std::sync::Arc::new(Params(params)),
        architecture,
        unused: told.unused,
        notes: graph.notes,
    })
}

/// The loss that suits the end of the network. A final softmax is part of the cross-entropy, which takes logits.
fn loss(reading: &mut Reading) -> Result<Loss, ModelError> {
    let (graph, has_ended) = (&mut reading.graph, reading.value.has_ended);
    let Some((last, _)) = graph.layers.last() else { return Ok(Loss::default()) };
    let [_, h, w] = last.output;
    let kind = last.spec.kind.name();
    let squared_error = |graph: &mut Graph| {
        graph.note(format!("the network ends in {kind}: its loss is the mean squared error"));
        Loss::Mse
    };
    Ok(match last.op {
        Op::Softmax if [h, w] == [1, 1] && graph.layers.len() > 1 => {
            let name = if has_ended { "LogSoftmax" } else { "Softmax" };
            graph.note(format!("the final {name} was omitted, because the cross-entropy loss contains it"));
            graph.layers.pop();
            Loss::CrossEntropy
        }
        Op::Softmax if has_ended => {
            return Err(ModelError(format!(
                "{}: expected a LogSoftmax of classes after a layer, got one of {h} x {w} cells each; only a network that \
                 ends in classes can be opened with it",
                last.name()
            )));
        }
        Op::Softmax => squared_error(graph),
        Op::Activation(Activation::Sigmoid) if last.output == [1; 3] && graph.layers.len() > 1 => {
            graph.note(
                "the final Sigmoid was omitted, because the binary cross-entropy loss contains it".into(),
            );
            graph.layers.pop();
            Loss::BinaryCrossEntropy
        }
        Op::Activation(activation) if activation.range().iter().all(|end| end.is_finite()) => {
            squared_error(graph)
        }
        Op::Activation(_)
        | Op::PRelu(_)
        | Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Flatten
        | Op::Dense(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::LocalResponseNorm(_)
        | Op::Dropout { .. }
        | Op::Add
        | Op::Multiply
        | Op::Concat => {
            let (loss, name) = (Loss::of_outputs(last.output.iter().product()), last.name().to_owned());
            if loss == Loss::BinaryCrossEntropy {
                graph.note(note_on_one_output(&name));
            }
            loss
        }
    })
}

fn damaged(why: &str) -> ModelError {
    ModelError(format!(
        "expected an ONNX file, got something else ({}); it is cut short, damaged or of another kind: export it again",
        one_line(why)
    ))
}

/// The version of the operators.
fn opset(file: &ModelProto) -> Result<i64, ModelError> {
    let of_onnx = file.opset_import.iter().find(|import| is_onnx(&import.domain));
    let version = of_onnx.map_or(1, |import| import.version);
    if OPSETS.contains(&version) {
        return Ok(version);
    }
    Err(ModelError(format!(
        "opset: expected a version from {} to {}, got {version}; export with opset_version=18",
        OPSETS.start(),
        OPSETS.end()
    )))
}

fn is_onnx(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

/// Reads one node.
fn step<'a>(graph: &mut Graph<'a>, node: &'a NodeProto) -> Result<(), String> {
    if !is_onnx(&node.domain) {
        return Err(format!(
            "expected an operator of ONNX itself, got one of {}; export without it",
            quoted(&node.domain)
        ));
    }
    let output = node.output.first().map_or("", String::as_str);
    let input = node.input.first().map_or("", String::as_str);
    if matches!(node.op_type.as_str(), "Shape" | "Size") && graph.has(input) {
        return shape(graph, node, input, output);
    }
    if node.input.iter().any(|name| graph.has(name)) {
        return operators::append(graph, node);
    }
    let unknown = node.input.iter().find(|name| !name.is_empty() && !graph.constants.has(name));
    if let Some(name) = unknown {
        return Err(format!(
            "expected a tensor of the file, got {}, which nothing makes; export the model with its weights",
            quoted(name)
        ));
    }
    let known = fold::add_computed(&mut graph.constants, node, graph.opset)?;
    known.ok_or_else(|| {
        "expected a node that reads the picture, got one that computes with constants only and is not supported; simplify \
         the graph (python -m onnxsim) and try again"
            .into()
    })
}

/// The shape of a tensor or a part of it, or its number of cells.
fn shape<'a>(graph: &mut Graph<'a>, node: &NodeProto, input: &'a str, output: &'a str) -> Result<(), String> {
    graph.settle(node, input)?;
    let shape = graph.parted(input)?.clone().unpadded()?.shape(graph.batch);
    if node.op_type == "Size" {
        return Err("expected shapes that do not depend on the number of pictures, got a Size; export the model again".into());
    }
    graph.constants.add_shape(output, fold::part_of_shape(node, &shape));
    Ok(())
}
