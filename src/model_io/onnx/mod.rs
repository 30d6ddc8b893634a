//! ONNX files: reads a graph that is a plain chain of layers as a model.
//!
//! Each node becomes an equivalent layer, or is refused by name. A final softmax that the loss already
//! contains is omitted, and the model's notes list it.

mod attributes;
mod chain;
mod constant;
mod names;
mod operators;
mod proto;
#[cfg(test)]
mod tests;

use super::{
    Architecture, Model, ModelError, Preprocess,
    architecture::{note_on_one_output, short},
    weights::one_line,
};
use crate::nn::{Activation, Layer, Op, Params, loss::Loss};
use chain::Chain;
use constant::quoted;
use prost::Message;
use proto::{GraphProto, ModelProto, NodeProto, ValueInfoProto, data_type};
use std::collections::HashSet;

/// The supported versions of the operators. Within this range, the operators of [`operators`] changed their types,
/// moved attributes to inputs, and changed the default axis of softmax.
const OPSETS: std::ops::RangeInclusive<i64> = 7..=28;

/// Reads a model. Its input is the picture in 0..=1, unless `architecture` says otherwise.
///
/// `architecture` is the TOML text of this file's architecture, as an export writes it, with what ONNX cannot
/// express: class names, preprocessing, another loss.
///
/// # Errors
/// Names the node, and says what was expected, what came and what to do.
pub fn read(name: &str, bytes: &[u8], architecture: Option<&str>) -> Result<Model, ModelError> {
    let file = ModelProto::decode(bytes).map_err(|error| damaged(&error.to_string()))?;
    let graph = file.graph.as_ref().filter(|graph| !graph.node.is_empty());
    let graph = graph.ok_or_else(|| damaged("no graph in it"))?;
    let opset = opset(&file)?;
    let (at, cells, batch) = input(graph)?;
    let mut chain = Chain::new(opset, at, cells, batch, bytes.len());
    for tensor in &graph.initializer {
        chain.constants.add_tensor(tensor);
    }
    for (n, node) in graph.node.iter().enumerate() {
        step(&mut chain, node).map_err(|what| {
            let place = if node.name.is_empty() {
                format!("node {}", n + 1)
            } else {
                format!("node {}", quoted(&node.name))
            };
            ModelError(format!("{place} ({}): {what}", short(&node.op_type)))
        })?;
    }
    match graph.output.as_slice() {
        [output] if output.name == chain.at => {}
        outputs => {
            let names: Vec<&str> = outputs.iter().take(8).map(|output| output.name.as_str()).collect();
            return Err(ModelError(format!(
                "output: expected one, {}, which the last node makes, got {}; export a model with one output",
                quoted(chain.at),
                short(&format!("{names:?}"))
            )));
        }
    }
    let read: HashSet<&str> = graph.node.iter().flat_map(|node| &node.input).map(String::as_str).collect();
    let unused =
        graph.initializer.iter().map(|tensor| &tensor.name).filter(|name| !read.contains(name.as_str()));
    let mut unused: Vec<String> = unused.cloned().collect();
    unused.sort();
    finish(name, chain, cells, unused, architecture)
}

/// The model of a complete chain.
fn finish(
    name: &str,
    mut chain: Chain,
    input: [usize; 3],
    unused: Vec<String>,
    given: Option<&str>,
) -> Result<Model, ModelError> {
    let loss = loss(&mut chain);
    let (layers, params): (Vec<Layer>, Vec<_>) = chain.layers.into_iter().unzip();
    let layers = layers.into_iter().map(|layer| layer.spec).collect();
    let preprocess = Preprocess::identity(input[0]);
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
        unused,
        notes: chain.notes,
    })
}

/// The loss that suits the end of the chain. A final softmax is part of the cross-entropy, which takes logits.
fn loss(chain: &mut Chain) -> Loss {
    let Some((last, _)) = chain.layers.last() else { return Loss::default() };
    let [_, h, w] = last.output;
    let kind = last.spec.kind.name();
    let squared_error = |chain: &mut Chain| {
        chain.notes.push(format!("the network ends in {kind}: its loss is the mean squared error"));
        Loss::Mse
    };
    match last.op {
        Op::Softmax if [h, w] == [1, 1] && chain.layers.len() > 1 => {
            let note = "the final Softmax was omitted, because the cross-entropy loss contains it";
            chain.notes.push(note.into());
            chain.layers.pop();
            Loss::CrossEntropy
        }
        Op::Softmax if !chain.has_ended => squared_error(chain),
        Op::Activation(Activation::Sigmoid)
            if last.output == [1; 3] && chain.layers.len() > 1 && !chain.has_ended =>
        {
            let note = "the final Sigmoid was omitted, because the binary cross-entropy loss contains it";
            chain.notes.push(note.into());
            chain.layers.pop();
            Loss::BinaryCrossEntropy
        }
        Op::Activation(activation)
            if !chain.has_ended && activation.range().iter().all(|end| end.is_finite()) =>
        {
            squared_error(chain)
        }
        Op::Softmax
        | Op::Activation(_)
        | Op::Conv2d(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Flatten
        | Op::Dense(_)
        | Op::BatchNorm2d(_)
        | Op::LocalResponseNorm(_)
        | Op::Dropout { .. }
        | Op::Add
        | Op::Multiply
        | Op::Concat => {
            let (loss, name) = (Loss::of_outputs(last.output.iter().product()), last.name().to_owned());
            if loss == Loss::BinaryCrossEntropy {
                chain.notes.push(note_on_one_output(&name));
            }
            loss
        }
    }
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

/// The name of the graph's input, its shape [C, H, W], and the batch size if it is fixed.
fn input(graph: &GraphProto) -> Result<(&str, [usize; 3], Option<i64>), ModelError> {
    /// As in an architecture file.
    const LARGEST: i64 = 1 << 16;
    let known: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    // Old files list their weights as inputs too.
    let mut inputs = graph.input.iter().filter(|input| !known.contains(input.name.as_str()));
    let (input, others) = (inputs.next(), inputs.count());
    let Some(input) = input.filter(|_| others == 0) else {
        return Err(ModelError(format!(
            "input: expected one, the picture, got {}; export a model with one input",
            if input.is_some() { others + 1 } else { 0 }
        )));
    };
    let place = format!("input {}", quoted(&input.name));
    let tensor = |input: &ValueInfoProto| input.r#type.as_ref().and_then(|r#type| r#type.tensor_type.clone());
    let tensor = tensor(input).unwrap_or_default();
    if ![data_type::FLOAT, data_type::FLOAT16, data_type::DOUBLE, data_type::BFLOAT16]
        .contains(&tensor.elem_type)
    {
        return Err(ModelError(format!(
            "{place}: expected floating-point numbers, got type {}; export with a float32 input",
            tensor.elem_type
        )));
    }
    let dims = tensor.shape.unwrap_or_default().dim;
    let [batch, dims @ ..] = dims.as_slice() else {
        return Err(ModelError(format!(
            "{place}: expected 4 extents (batch, channels, rows, columns), got none; export it with an input of known size"
        )));
    };
    let extent = |(dim, what): (&proto::DimensionProto, &str)| match dim.dim_value {
        Some(n) if (1..=LARGEST).contains(&n) => Ok(n as usize),
        Some(n) if n > 0 => Err(ModelError(format!(
            "{place}: expected at most {LARGEST} {what}, got {n}; use a smaller input"
        ))),
        _ => Err(ModelError(format!(
            "{place}: expected a number of {what}, got {}; export it with a fixed size, only the batch may be free",
            dim.dim_param.as_deref().map_or("none".into(), quoted)
        ))),
    };
    if dims.len() != 3 {
        return Err(ModelError(format!(
            "{place}: expected 4 extents (batch, channels, rows, columns), got {}; only networks for pictures can be opened",
            dims.len() + 1
        )));
    }
    let extents =
        dims.iter().zip(["channels", "rows", "columns"]).map(extent).collect::<Result<Vec<_>, _>>()?;
    let batch = batch.dim_value.filter(|&n| n > 0);
    Ok((&input.name, [extents[0], extents[1], extents[2]], batch))
}

/// Reads one node.
fn step<'a>(chain: &mut Chain<'a>, node: &'a NodeProto) -> Result<(), String> {
    if !is_onnx(&node.domain) {
        return Err(format!(
            "expected an operator of ONNX itself, got one of {}; export without it",
            quoted(&node.domain)
        ));
    }
    let inputs = || node.input.iter().filter(|name| !name.is_empty());
    let output = node.output.first().map_or("", String::as_str);
    if node.op_type == "Shape" && inputs().any(|name| name == chain.at) {
        shape(chain, node, output);
        return Ok(());
    }
    if inputs().all(|name| chain.constants.has(name)) {
        let known = chain.constants.compute(node)?;
        return known.ok_or_else(|| "expected a node that reads the picture, got one that computes with constants only; simplify the graph (python -m onnxsim) and try again".into());
    }
    if !inputs().any(|name| name == chain.at) {
        let got = inputs().find(|name| !chain.constants.has(name)).map_or("", String::as_str);
        return Err(format!(
            "expected to read {}, which the node before makes, got {}; only a plain chain of layers can be opened, \
             without branches",
            quoted(chain.at),
            quoted(got)
        ));
    }
    if chain.has_ended && node.op_type != "Identity" {
        return Err("expected nothing after a LogSoftmax, got this node; only the loss can follow it".into());
    }
    operators::append(chain, node)?;
    chain.at = output;
    Ok(())
}

/// The shape of the chain's tensor, with 0 for the batch, or a part of it.
fn shape<'a>(chain: &mut Chain<'a>, node: &NodeProto, output: &'a str) {
    let [c, h, w] = chain.cells.map(|extent| extent as i64);
    let shape = if chain.is_vector { vec![0, c * h * w] } else { vec![0, c, h, w] };
    let rank = shape.len() as i64;
    let place = |name, default| {
        let place = attributes::int(node, name, default);
        (if place < 0 { place.saturating_add(rank) } else { place }).clamp(0, rank) as usize
    };
    let (start, end) = (place("start", 0), place("end", rank));
    chain.constants.add_shape(output, shape[start..end.max(start)].to_vec());
}
