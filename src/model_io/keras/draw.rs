//! What of a Keras model is drawn so far, and single nodes of the drawing.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes and nodes, which are few")]

use super::{
    config::Layer,
    pixels::{Pixels, Scale},
    store::Store,
};
use crate::model_io::{
    ModelError,
    architecture::short,
    onnx::{
        drawn::{Drawing, ints, text},
        proto::AttributeProto,
    },
};

/// An output of a layer.
#[derive(Clone)]
pub struct Value {
    /// The name in the drawing.
    pub name: String,
    /// How many axes it has, the pictures of a batch among them.
    pub rank: usize,
    /// How it follows from the pixels, if layers have only scaled and shifted them.
    pub pixels: Option<Scale>,
}

/// What is drawn so far.
pub struct Draw {
    /// The graph so far.
    pub drawing: Drawing,
    /// The weights.
    pub store: Store,
    /// The version of Keras; empty if the file does not tell.
    pub version: String,
    /// What is done with the pixels.
    pub pixels: Pixels,
    /// What is said of the file.
    pub notes: Vec<String>,
    /// How many models the layer lies in.
    pub depth: usize,
}

impl Draw {
    /// The name of a value that a layer reads as it is.
    ///
    /// # Errors
    /// If it is the picture, which another layer reads in another form.
    pub fn used(&mut self, value: &Value) -> Result<String, ModelError> {
        if let Some(scale) = &value.pixels {
            self.pixels.fix(scale)?;
        }
        Ok(value.name.clone())
    }
}

/// A node that keeps its input's axes.
///
/// # Errors
/// As for [`Drawing::node`].
pub fn same(
    draw: &mut Draw,
    layer: &Layer,
    x: &Value,
    op: &str,
    more: &[&str],
    attributes: Vec<AttributeProto>,
) -> Result<Value, ModelError> {
    let name = draw.used(x)?;
    let inputs = [&[name.as_str()], more].concat();
    let name = draw.drawing.node(op, &layer.name, &layer.place(), &inputs, attributes)?;
    Ok(Value { name, rank: x.rank, pixels: None })
}

/// A node on maps or on sequences, with the axes in the order of ONNX and back.
///
/// # Errors
/// If they are others than the layer's class says.
pub fn on_maps(
    draw: &mut Draw,
    layer: &Layer,
    x: &Value,
    op: &str,
    more: &[&str],
    attributes: Vec<AttributeProto>,
) -> Result<Value, ModelError> {
    on_maps_as(draw, layer, &layer.name, x, op, more, attributes)
}

/// The same as a layer of another name.
///
/// # Errors
/// As for [`on_maps`].
pub fn on_maps_as(
    draw: &mut Draw,
    layer: &Layer,
    name: &str,
    x: &Value,
    op: &str,
    more: &[&str],
    attributes: Vec<AttributeProto>,
) -> Result<Value, ModelError> {
    let fits = match layer.axes() {
        Some(axes) => x.rank == axes + 2,
        None => (3..=4).contains(&x.rank),
    };
    if !fits {
        let (expected, shape) = match layer.axes() {
            Some(1) => ("sequences of columns and channels", "(40, 3)"),
            Some(_) | None => ("pictures of rows, columns and channels", "(28, 28, 1)"),
        };
        return Err(layer.error(&format!(
            "expected {expected}, got {} axes; give the Input layer a shape such as {shape}",
            x.rank.saturating_sub(1)
        )));
    }
    let (first, last): (&[i64], &[i64]) =
        if x.rank == 3 { (&[0, 2, 1], &[0, 2, 1]) } else { (&[0, 3, 1, 2], &[0, 2, 3, 1]) };
    let is_last = layer.is_channels_last();
    let turned = if is_last { transposed(draw, layer, x, first)? } else { x.clone() };
    let input = draw.used(&turned)?;
    let inputs = [&[input.as_str()], more].concat();
    let made = draw.drawing.node(op, name, &layer.place(), &inputs, attributes)?;
    let made = Value { name: made, rank: x.rank, pixels: None };
    if is_last { transposed(draw, layer, &made, last) } else { Ok(made) }
}

/// The axes in another order.
///
/// # Errors
/// As for [`same`].
pub fn transposed(draw: &mut Draw, layer: &Layer, x: &Value, order: &[i64]) -> Result<Value, ModelError> {
    same(draw, layer, x, "Transpose", &[], vec![ints("perm", order.iter().copied())])
}

/// The padding of a window. `reach`: how many columns a window of a sequence looks back, for "causal".
///
/// # Errors
/// If it is neither "valid" nor "same" nor, for sequences, "causal".
pub fn padding(layer: &Layer, reach: i64) -> Result<AttributeProto, ModelError> {
    match layer.text("padding").unwrap_or("valid") {
        "valid" => Ok(text("auto_pad", "VALID")),
        "same" => Ok(text("auto_pad", "SAME_UPPER")),
        "causal" if layer.axes() == Some(1) => Ok(ints("pads", [reach, 0])),
        other => Err(layer
            .error(&format!("expected the padding valid or same, got {}; use one of them", short(other)))),
    }
}
