//! The layers of a Keras model, and which reads which, from its configuration as JSON.

#![expect(clippy::arithmetic_side_effects, reason = "a count of layers")]

use crate::model_io::{ModelError, architecture::short};
use serde_json::Value as Json;

/// The most layers of one model.
const MOST_LAYERS: usize = 1 << 12;

/// How deep models may lie in one another.
pub const DEEPEST: usize = 8;

/// A Sequential or Functional model.
pub struct Net<'a> {
    /// Its layers, in the file's order.
    pub layers: Vec<Layer<'a>>,
    /// What its inputs are.
    pub inputs: Vec<Link>,
    /// What its outputs are.
    pub outputs: Vec<Link>,
}

/// A layer, which may be a model itself.
pub struct Layer<'a> {
    /// Its name, unique in its model.
    pub name: String,
    /// Its class, as in `Conv2D`.
    pub class: &'a str,
    /// Its settings.
    pub config: &'a Json,
    /// The calls of it: what each reads.
    pub calls: Vec<Call>,
}

/// One call of a layer.
#[derive(Clone, Default)]
pub struct Call {
    /// The outputs that it reads.
    pub inputs: Vec<Link>,
    /// The plain numbers among its arguments.
    pub numbers: Vec<f64>,
    /// Whether a number comes before the first output.
    pub is_number_first: bool,
}

/// The output of a call.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// The layer.
    pub layer: String,
    /// Which of its calls.
    pub call: usize,
}

impl Layer<'_> {
    /// Whether it is a layer of sequences, or a model with one.
    fn is_of_sequences(&self) -> bool {
        let inner = self.config.get("layers").and_then(Json::as_array).filter(|_| is_net(self.class));
        let class = |json: &Json| {
            json.get("class_name").and_then(Json::as_str).is_some_and(|name| name.contains("1D"))
        };
        self.class.contains("1D") || inner.is_some_and(|layers| layers.iter().any(class))
    }

    /// What a message calls it.
    pub fn place(&self) -> String {
        format!("layer {} ({})", short(&format!("{:?}", self.name)), short(self.class))
    }
}

impl Net<'_> {
    /// Whether a layer of sequences reads an input, itself or what layers make of it that keep its axes.
    pub fn is_sequence(&self, input: &Link) -> bool {
        let mut same: Vec<Link> = vec![input.clone()];
        let mut at = 0;
        while let Some(link) = same.get(at).cloned() {
            at += 1;
            if self.layers.iter().any(|layer| layer.name == link.layer && layer.is_of_sequences()) {
                return true;
            }
            for layer in &self.layers {
                let reads = |call: &Call| call.inputs.contains(&link);
                let keeps =
                    !matches!(layer.class, "Reshape" | "Flatten" | "Permute") && !layer.class.contains("2D");
                for (call, _) in layer.calls.iter().enumerate().filter(|(_, call)| reads(call)) {
                    let made = Link { layer: layer.name.clone(), call };
                    if layer.is_of_sequences() {
                        return true;
                    }
                    if keeps && !same.contains(&made) {
                        same.push(made);
                    }
                }
            }
        }
        false
    }
}

/// Whether a setting of some layer has this value.
pub fn has_setting(json: &Json, key: &str, value: &str) -> bool {
    match json {
        Json::Object(object) => object
            .iter()
            .any(|(own, json)| (own == key && json.as_str() == Some(value)) || has_setting(json, key, value)),
        Json::Array(items) => items.iter().any(|json| has_setting(json, key, value)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => false,
    }
}

/// Whether a class is a model, whose layers are in its configuration.
pub fn is_net(class: &str) -> bool {
    matches!(class, "Sequential" | "Functional" | "Model")
}

/// The layers of a model.
///
/// # Errors
/// If it is neither Sequential nor Functional, or damaged.
pub fn net<'a>(class: &str, config: &'a Json) -> Result<Net<'a>, ModelError> {
    if !is_net(class) {
        return Err(ModelError(format!(
            "expected a Sequential or a Functional model, got {}, a class whose calls the file does not tell; build it \
             with keras.Sequential or keras.Model(inputs, outputs), or export it as ONNX (model.export(\"net.onnx\", \
             format=\"onnx\"))",
            short(class)
        )));
    }
    // Before version 2.2.3 the configuration of a Sequential model was the list itself.
    let list = config.get("layers").unwrap_or(config).as_array().ok_or_else(|| damaged("no layers"))?;
    if list.is_empty() || list.len() > MOST_LAYERS {
        return Err(damaged(&format!("{} layers", list.len())));
    }
    let layers = list.iter().map(layer).collect::<Result<Vec<_>, _>>()?;
    match class {
        "Sequential" => Ok(chain(layers)),
        _ => Ok(Net {
            layers,
            inputs: links(config.get("input_layers")),
            outputs: links(config.get("output_layers")),
        }),
    }
}

fn layer(json: &Json) -> Result<Layer<'_>, ModelError> {
    let class =
        json.get("class_name").and_then(Json::as_str).ok_or_else(|| damaged("a layer without a class"))?;
    let config = json.get("config").ok_or_else(|| damaged("a layer without settings"))?;
    let name = json.get("name").or_else(|| config.get("name")).and_then(Json::as_str).unwrap_or(class);
    let nodes = json.get("inbound_nodes").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let calls = nodes.iter().map(|node| {
        let mut call = Call::default();
        arguments(node, &mut call);
        call
    });
    Ok(Layer { name: name.to_owned(), class, config, calls: calls.collect() })
}

/// Each layer reads the one before.
fn chain(mut layers: Vec<Layer>) -> Net {
    let mut before: Option<Link> = None;
    for layer in &mut layers {
        layer.calls = vec![Call { inputs: before.clone().into_iter().collect(), ..Call::default() }];
        before = Some(Link { layer: layer.name.clone(), call: 0 });
    }
    let first = layers.first().map(|layer| Link { layer: layer.name.clone(), call: 0 });
    Net { layers, inputs: first.into_iter().collect(), outputs: before.into_iter().collect() }
}

/// What a call reads: `["name", 0, 0, {...}]` before version 3, objects with a `keras_history` since then.
fn arguments(json: &Json, call: &mut Call) {
    if let Some(link) = link(json) {
        call.inputs.push(link);
        if let Some(more) = json.get(3) {
            arguments(more, call);
        }
        return;
    }
    match json {
        Json::Object(object) => match json.pointer("/config/keras_history") {
            Some(history) => call.inputs.extend(link(history)),
            None => object.values().for_each(|value| arguments(value, call)),
        },
        Json::Array(items) => items.iter().for_each(|item| arguments(item, call)),
        Json::Number(number) => {
            call.is_number_first |= call.inputs.is_empty();
            call.numbers.extend(number.as_f64());
        }
        Json::Null | Json::Bool(_) | Json::String(_) => {}
    }
}

/// `["name", call, output]`, and perhaps more.
fn link(json: &Json) -> Option<Link> {
    let [Json::String(layer), call, output, ..] = json.as_array()?.as_slice() else { return None };
    output.as_u64()?;
    Some(Link { layer: layer.clone(), call: usize::try_from(call.as_u64()?).ok()? })
}

/// All links in a value.
fn links(json: Option<&Json>) -> Vec<Link> {
    let mut call = Call::default();
    json.into_iter().for_each(|json| arguments(json, &mut call));
    call.inputs
}

/// Why a configuration cannot be read.
pub fn damaged(got: &str) -> ModelError {
    ModelError(format!(
        "expected a Keras model with its layers, got {got}; it is cut short, damaged or of another kind: save it again \
         with model.save(\"net.keras\")"
    ))
}
