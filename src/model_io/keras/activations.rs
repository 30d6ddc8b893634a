//! The activations of Keras in ONNX's operators.

use super::{
    config::Layer,
    draw::{Draw, Value, same},
    settings::shown,
};
use crate::model_io::{
    ModelError,
    architecture::short,
    onnx::{
        drawn::{float, int},
        proto::AttributeProto,
    },
};
use serde_json::Value as Json;

/// An operator with its attributes; `None` for one that changes nothing.
type Operator = Option<(&'static str, Vec<AttributeProto>)>;

/// Draws a layer that is an activation.
///
/// # Errors
/// If nothing here computes the same.
pub fn layer(draw: &mut Draw, layer: &Layer, x: &Value) -> Result<Value, ModelError> {
    let operator = match layer.class {
        "Activation" => named(layer, layer.get("activation").unwrap_or(&Json::Null), &draw.version)?,
        "ReLU" => relu(layer)?,
        "LeakyReLU" => {
            let slope = layer.number("negative_slope").or_else(|| layer.number("alpha")).unwrap_or(0.3);
            Some(("LeakyRelu", vec![float("alpha", slope)]))
        }
        "ELU" => Some(("Elu", vec![float("alpha", layer.number("alpha").unwrap_or(1.0))])),
        "Softmax" => {
            let axis = layer.get("axis").and_then(Json::as_i64).unwrap_or(-1);
            Some(("Softmax", vec![int("axis", axis)]))
        }
        class => named(layer, &Json::from(class), &draw.version)?,
    };
    push(draw, layer, x, operator)
}

/// Draws the activation that a layer with weights has of its own.
///
/// # Errors
/// As for [`layer`].
pub fn own(draw: &mut Draw, layer: &Layer, x: Value) -> Result<Value, ModelError> {
    let operator = named(layer, layer.get("activation").unwrap_or(&Json::Null), &draw.version)?;
    let named = Layer {
        name: match &operator {
            Some((op, _)) => format!("{}_{}", layer.name, op.to_lowercase()),
            None => layer.name.clone(),
        },
        class: layer.class,
        config: layer.config,
        calls: Vec::new(),
    };
    push(draw, &named, &x, operator)
}

fn push(draw: &mut Draw, layer: &Layer, x: &Value, operator: Operator) -> Result<Value, ModelError> {
    match operator {
        Some((op, attributes)) => same(draw, layer, x, op, &[], attributes),
        None => Ok(x.clone()),
    }
}

/// A ReLU with a bound or a slope.
fn relu(layer: &Layer) -> Result<Operator, ModelError> {
    let number = |key: &str| layer.number(key).unwrap_or(0.0);
    let slope =
        if layer.get("negative_slope").is_some() { number("negative_slope") } else { number("alpha") };
    match (layer.number("max_value"), slope, number("threshold")) {
        (None, 0.0, 0.0) => Ok(Some(("Relu", vec![]))),
        (None, slope, 0.0) => Ok(Some(("LeakyRelu", vec![float("alpha", slope)]))),
        (Some(max), 0.0, 0.0) if max > 0.0 => Ok(clip(0.0, max)),
        (max, slope, threshold) => Err(layer.error(&format!(
            "expected a ReLU, one with a slope, or one with a bound, got the bound {max:?}, the slope {slope} and the \
             threshold {threshold}; use one of them and train again"
        ))),
    }
}

fn clip(min: f64, max: f64) -> Operator {
    Some(("Clip", vec![float("min", min), float("max", max)]))
}

/// An activation by its name, or as an object with its settings.
fn named(layer: &Layer, json: &Json, version: &str) -> Result<Operator, ModelError> {
    let name = [json, json.get("config").unwrap_or(json), json.get("class_name").unwrap_or(json)];
    let name = name.into_iter().find_map(Json::as_str).unwrap_or("linear");
    let setting = |key: &str| json.pointer(&format!("/config/{key}")).and_then(Json::as_f64);
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let simple = |op: &'static str| Ok(Some((op, vec![])));
    match plain.as_str() {
        "linear" => Ok(None),
        "relu" => simple("Relu"),
        "relu6" => Ok(clip(0.0, 6.0)),
        "hardtanh" => Ok(clip(-1.0, 1.0)),
        "leakyrelu" => {
            let slope = setting("negative_slope").or_else(|| setting("alpha"));
            // As a layer its slope is 0.3 by default, as a function 0.2.
            let default = if json.is_string() { 0.2 } else { 0.3 };
            Ok(Some(("LeakyRelu", vec![float("alpha", slope.unwrap_or(default))])))
        }
        "tanh" => simple("Tanh"),
        "sigmoid" => simple("Sigmoid"),
        "elu" => Ok(Some(("Elu", vec![float("alpha", setting("alpha").unwrap_or(1.0))]))),
        "celu" => simple("Celu"),
        "selu" => simple("Selu"),
        "gelu" => simple("Gelu"),
        "silu" | "swish" => simple("Swish"),
        "softplus" => simple("Softplus"),
        "mish" => simple("Mish"),
        "hardsilu" | "hardswish" => simple("HardSwish"),
        "hardsigmoid" => {
            // It was 0.2 x + 0.5 before version 3 and is x / 6 + 0.5 since.
            let slope = if version.starts_with('3') { 1.0 / 6.0 } else { 0.2 };
            Ok(Some(("HardSigmoid", vec![float("alpha", slope), float("beta", 0.5)])))
        }
        "softmax" => Ok(Some(("Softmax", vec![int("axis", -1)]))),
        "logsoftmax" => Ok(Some(("LogSoftmax", vec![int("axis", -1)]))),
        _ => Err(layer.error(&format!(
            "expected an activation that is there, got {}; use one of relu, relu6, leaky_relu, elu, selu, gelu, silu, \
             softplus, hard_silu, hard_sigmoid, hard_tanh, mish, tanh, sigmoid and softmax",
            if json.is_string() { short(name) } else { shown(json) }
        ))),
    }
}
