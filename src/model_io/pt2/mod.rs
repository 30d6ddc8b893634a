//! Programs that `torch.export.save` wrote (`.pt2`): a zip with the graph of ATen operators as JSON, and the weights. The
//! graph is drawn in ONNX's operators and read as an ONNX file is; nothing in the file is executed.

mod arguments;
mod draw;
mod network;
mod operators;
mod values;
mod weights;
mod zip;

use super::{
    ModelError,
    onnx::drawn::{Drawing, Drawn, Layout},
    weights::one_line,
};
use arguments::Node;
use serde_json::Value as Json;
use values::Values;
use zip::Zip;

/// The most nodes that are looked at.
const MOST_NODES: usize = 1 << 13;

/// Reads a program, as a graph in ONNX's operators.
///
/// # Errors
/// Names the operator, and says what was expected, what came and what to do.
pub(super) fn read(bytes: &[u8]) -> Result<Drawn, ModelError> {
    let mut zip = Zip::open(bytes).map_err(|got| damaged(&got))?;
    let program = zip.program().map_err(|got| damaged(&got))?;
    let module = program.get("graph_module").ok_or_else(|| damaged("no graph in it"))?;
    let graph = module.get("graph").ok_or_else(|| damaged("no graph in it"))?;
    let signature = module.get("signature").ok_or_else(|| damaged("no signature in it"))?;
    let weights = weights::read(&mut zip).map_err(|got| damaged(&got))?;
    let mut drawing = Drawing::default();
    let mut values = Values::new(graph);
    let inputs = list(signature, "input_specs");
    let mut used = Vec::new();
    for spec in inputs {
        if let Some((argument, name)) = parameter(spec) {
            values.set(argument, name.to_owned());
            used.push(name);
            if let Some(weight) = weights.get(name) {
                drawing.raw(name, &weight.shape, weight.data_type, weight.bytes.clone());
            }
        } else if let Some(argument) = spec.pointer("/user_input/arg/as_tensor/name").and_then(Json::as_str) {
            let dims = values.sizes(argument);
            drawing.input(argument, &dims);
            values.set(argument, argument.to_owned());
        }
    }
    let nodes = list(graph, "nodes");
    if nodes.len() > MOST_NODES {
        return Err(damaged(&format!("{} operators", nodes.len())));
    }
    for node in nodes.iter().filter_map(Node::new) {
        operators::draw(&mut drawing, &mut values, &node)?;
    }
    for spec in list(signature, "output_specs") {
        if let Some(output) = spec.pointer("/user_output/arg/as_tensor/name").and_then(Json::as_str) {
            drawing.output(&values.get(output).map_err(|what| ModelError(format!("output: {what}")))?);
        }
    }
    let unused = weights.keys().filter(|name| !used.contains(&name.as_str())).cloned().collect();
    Ok(Drawn {
        drawing,
        len: bytes.len(),
        layout: Some(Layout::ChannelsFirst),
        preprocess: None,
        loss: None,
        notes: Vec::new(),
        unused,
    })
}

/// A weight among the inputs: the name of the argument, and that of the state dict.
fn parameter(spec: &Json) -> Option<(&str, &str)> {
    [("parameter", "parameter_name"), ("buffer", "buffer_name"), ("tensor_constant", "tensor_constant_name")]
        .into_iter()
        .find_map(|(kind, key)| {
            let spec = spec.get(kind)?;
            Some((spec.pointer("/arg/name")?.as_str()?, spec.get(key)?.as_str()?))
        })
}

/// The items of a list; none if it is not there.
fn list<'a>(json: &'a Json, key: &str) -> &'a [Json] {
    json.get(key).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn damaged(got: &str) -> ModelError {
    ModelError(format!(
        "expected a program by torch.export (.pt2), got {}; it is cut short, damaged or of another kind: save it again with \
         torch.export.save(torch.export.export(net.eval(), (x,)), \"net.pt2\")",
        one_line(got)
    ))
}
