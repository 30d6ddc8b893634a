//! What of a Keras model is drawn so far, and single nodes of the drawing.

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

/// A node on maps, with the axes in the order of ONNX and back.
///
/// # Errors
/// If they are no maps.
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
    if x.rank != 4 {
        return Err(layer.error(&format!(
            "expected pictures of rows, columns and channels, got {} axes; give the Input layer a shape such as (28, 28, 1)",
            x.rank.saturating_sub(1)
        )));
    }
    if !layer.is_channels_last() {
        let input = draw.used(x)?;
        let inputs = [&[input.as_str()], more].concat();
        let name = draw.drawing.node(op, name, &layer.place(), &inputs, attributes)?;
        return Ok(Value { name, rank: 4, pixels: None });
    }
    let turned = transposed(draw, layer, x, [0, 3, 1, 2])?;
    let inputs = [&[turned.name.as_str()], more].concat();
    let made = draw.drawing.node(op, name, &layer.place(), &inputs, attributes)?;
    transposed(draw, layer, &Value { name: made, rank: 4, pixels: None }, [0, 2, 3, 1])
}

/// The axes in another order.
///
/// # Errors
/// As for [`same`].
pub fn transposed<const N: usize>(
    draw: &mut Draw,
    layer: &Layer,
    x: &Value,
    order: [i64; N],
) -> Result<Value, ModelError> {
    same(draw, layer, x, "Transpose", &[], vec![ints("perm", order)])
}

/// The padding of a window.
///
/// # Errors
/// If it is neither "valid" nor "same".
pub fn padding(layer: &Layer) -> Result<AttributeProto, ModelError> {
    match layer.text("padding").unwrap_or("valid") {
        "valid" => Ok(text("auto_pad", "VALID")),
        "same" => Ok(text("auto_pad", "SAME_UPPER")),
        other => Err(layer
            .error(&format!("expected the padding valid or same, got {}; use one of them", short(other)))),
    }
}
