//! The layers of a Keras model in ONNX's operators.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes and nodes, which are few")]

use super::{
    activations,
    config::{Call, Layer},
    draw::{Draw, Value, on_maps, padding, same, transposed},
    weighted,
};
use crate::model_io::{
    ModelError,
    architecture::short,
    onnx::drawn::{float, int, ints, text},
};
use serde_json::Value as Json;

/// What can be read, for messages.
const KNOWN: &str = "Activation, Add, Average, AveragePooling2D, BatchNormalization, Concatenate, Conv2D, \
                     Conv2DTranspose, Cropping2D, Dense, DepthwiseConv2D, Dropout, ELU, Flatten, GlobalAveragePooling2D, \
                     GlobalMaxPooling2D, GroupNormalization, LayerNormalization, LeakyReLU, MaxPooling2D, Maximum, \
                     Minimum, Multiply, Normalization, PReLU, Permute, ReLU, Rescaling, Reshape, Resizing, \
                     SeparableConv2D, Softmax, Subtract, UpSampling2D, ZeroPadding2D, and those with 1D for 2D";

/// Draws one call of a layer that is no model.
///
/// # Errors
/// If nothing here computes the same.
pub fn draw(
    draw: &mut Draw,
    layer: &Layer,
    group: &str,
    call: &Call,
    reads: &[Value],
) -> Result<Value, ModelError> {
    let [x, others @ ..] = reads else {
        return Err(layer.error("expected something that it reads, got nothing; save the model again"));
    };
    if let Some(value) = arithmetic(draw, layer, group, call, reads)? {
        return Ok(value);
    }
    if !others.is_empty() {
        return Err(layer.error(&format!("expected one input, got {}; {}", reads.len(), remedy())));
    }
    match layer.class {
        "Conv1D" | "Conv2D" | "Convolution1D" | "Convolution2D" => weighted::conv(draw, layer, group, x),
        "Conv1DTranspose" | "Conv2DTranspose" | "Convolution2DTranspose" => {
            weighted::conv_transpose(draw, layer, group, x)
        }
        "DepthwiseConv1D" | "DepthwiseConv2D" => weighted::depthwise(draw, layer, group, x),
        "SeparableConv1D" | "SeparableConv2D" | "SeparableConvolution1D" | "SeparableConvolution2D" => {
            weighted::separable(draw, layer, group, x)
        }
        "Dense" => weighted::dense(draw, layer, group, x),
        "BatchNormalization" => weighted::batch_norm(draw, layer, group, x),
        "GroupNormalization" => weighted::group_norm(draw, layer, group, x),
        "LayerNormalization" => weighted::layer_norm(draw, layer, group, x),
        "MaxPooling1D" | "MaxPooling2D" | "AveragePooling1D" | "AveragePooling2D" => pool(draw, layer, x),
        "GlobalAveragePooling1D" | "GlobalAveragePooling2D" | "GlobalMaxPooling1D" | "GlobalMaxPooling2D" => {
            global_pool(draw, layer, x)
        }
        "Flatten" => flatten(draw, layer, x),
        "Reshape" => reshape(draw, layer, x),
        "Permute" => permute(draw, layer, x),
        "Dropout" => {
            let rate = layer.number("rate").unwrap_or(0.5);
            same(draw, layer, x, "Dropout", &[], vec![float("ratio", rate)])
        }
        "Activation" | "ReLU" | "LeakyReLU" | "ELU" | "Softmax" | "Relu" | "Relu6" | "Sigmoid" | "Tanh"
        | "Silu" | "Gelu" | "Elu" | "Selu" | "Softplus" | "Mish" | "HardSigmoid" | "HardSwish"
        | "HardSilu" => activations::layer(draw, layer, x),
        "PReLU" => weighted::prelu(draw, layer, group, x),
        "ZeroPadding1D" | "ZeroPadding2D" => border(draw, layer, x, "padding", 1),
        "Cropping1D" | "Cropping2D" => border(draw, layer, x, "cropping", -1),
        "UpSampling1D" | "UpSampling2D" => up_sampling(draw, layer, x),
        "Resizing" => resizing(draw, layer, x),
        "Identity" => Ok(x.clone()),
        class if is_for_training(class) => {
            draw.notes.push(format!("{} is left out: it changes its input in training only", layer.place()));
            Ok(x.clone())
        }
        _ => Err(layer.error(&format!("expected a layer that is there, got another one; {}", remedy()))),
    }
}

fn remedy() -> String {
    format!("the layers are {KNOWN}: replace it and save the model again")
}

/// Layers that pass their input through outside training.
fn is_for_training(class: &str) -> bool {
    matches!(
        class,
        "SpatialDropout1D"
            | "SpatialDropout2D"
            | "GaussianNoise"
            | "GaussianDropout"
            | "AlphaDropout"
            | "ActivityRegularization"
    ) || class.starts_with("Random")
}

/// Sums, products and the like, of branches or with numbers; `None` if the layer is none of these.
fn arithmetic(
    draw: &mut Draw,
    layer: &Layer,
    group: &str,
    call: &Call,
    reads: &[Value],
) -> Result<Option<Value>, ModelError> {
    let class = match layer.class {
        "TFOpLambda" | "SlicingOpLambda" => layer.text("function").unwrap_or_default(),
        class => class,
    };
    let op = match class {
        "Rescaling" => {
            let scale = layer.numbers("scale").unwrap_or_else(|| vec![1.0]);
            let shift = layer.numbers("offset").unwrap_or_else(|| vec![0.0]);
            return scaled(draw, layer, reads, &scale, &shift).map(Some);
        }
        "Normalization" => {
            let (scale, shift) = weighted::normalization(draw, layer, group)?;
            return scaled(draw, layer, reads, &scale, &shift).map(Some);
        }
        "Concatenate" => return concatenate(draw, layer, reads).map(Some),
        "Average" => {
            let sum = join(draw, layer, "Add", reads)?;
            return scaled(draw, layer, &[sum], &[1.0 / reads.len() as f64], &[0.0]).map(Some);
        }
        "Add" | "math.add" | "__operators__.add" => "Add",
        "Multiply" | "math.multiply" => "Mul",
        "Subtract" | "math.subtract" => "Sub",
        "Maximum" | "math.maximum" => "Max",
        "Minimum" | "math.minimum" => "Min",
        "TrueDivide" | "Divide" | "math.truediv" | "math.divide" => "Div",
        _ => return Ok(None),
    };
    match (reads, call.numbers.as_slice()) {
        ([_], &[number])
            if !(call.is_number_first && matches!(op, "Sub" | "Div") || matches!(op, "Max" | "Min")) =>
        {
            let (scale, shift) = match op {
                "Add" => (1.0, number),
                "Sub" => (1.0, -number),
                "Mul" => (number, 0.0),
                _ => (1.0 / number, 0.0),
            };
            scaled(draw, layer, reads, &[scale], &[shift]).map(Some)
        }
        ([_, _, ..], _) if op != "Div" => join(draw, layer, op, reads).map(Some),
        _ => Err(layer.error(&format!(
            "expected a sum, a difference or a product of layers, got another form; {}",
            remedy()
        ))),
    }
}

/// Multiplied, then shifted: as part of the preprocessing while it is the picture, else in layers of its own.
fn scaled(
    draw: &mut Draw,
    layer: &Layer,
    reads: &[Value],
    scale: &[f64],
    shift: &[f64],
) -> Result<Value, ModelError> {
    let [x] = reads else { return Err(layer.error("expected one input, got several; save the model again")) };
    if scale.iter().chain(shift).any(|x| !x.is_finite()) {
        return Err(
            layer.error("expected finite numbers, got others; mend the layer and save the model again")
        );
    }
    if let Some(pixels) = &x.pixels {
        let pixels = pixels.then(scale, shift);
        let pixels = pixels
            .ok_or_else(|| layer.error("expected one number for each channel, got another number of them"))?;
        return Ok(Value { pixels: Some(pixels), ..x.clone() });
    }
    let (&[scale], &[shift]) = (scale, shift) else {
        return Err(layer.error(
            "expected it before all other layers, where it is part of the preprocessing, got it after some; move it to the \
             beginning and save the model again",
        ));
    };
    let mut value = x.clone();
    for (op, number, neutral) in [("Mul", scale, 1.0), ("Add", shift, 0.0)] {
        if number != neutral {
            let number = draw.drawing.number(number);
            value = same(draw, layer, &value, op, &[&number], vec![])?;
        }
    }
    Ok(value)
}

/// A sum, difference or product of several branches.
fn join(draw: &mut Draw, layer: &Layer, op: &str, reads: &[Value]) -> Result<Value, ModelError> {
    let [first, others @ ..] = reads else {
        return Err(layer.error("expected several inputs, got none; save it again"));
    };
    if op == "Sub" && others.len() != 1 {
        return Err(layer.error("expected two inputs, got another number; save the model again"));
    }
    let mut value = first.clone();
    if op == "Add" && others.len() > 1 {
        let names = reads.iter().map(|x| draw.used(x)).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let name = draw.drawing.node("Sum", &layer.name, &layer.place(), &names, vec![])?;
        return Ok(Value { name, pixels: None, ..value });
    }
    for other in others {
        let rank = value.rank.max(other.rank);
        let name = draw.used(other)?;
        value = Value { rank, ..same(draw, layer, &value, op, &[&name], vec![])? };
    }
    Ok(value)
}

fn concatenate(draw: &mut Draw, layer: &Layer, reads: &[Value]) -> Result<Value, ModelError> {
    let names = reads.iter().map(|x| draw.used(x)).collect::<Result<Vec<_>, _>>()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let axis = layer.get("axis").and_then(Json::as_i64).unwrap_or(-1);
    let name = draw.drawing.node("Concat", &layer.name, &layer.place(), &names, vec![int("axis", axis)])?;
    let first =
        reads.first().ok_or_else(|| layer.error("expected several inputs, got none; save it again"))?;
    Ok(Value { name, pixels: None, ..first.clone() })
}

fn pool(draw: &mut Draw, layer: &Layer, x: &Value) -> Result<Value, ModelError> {
    let size = layer.sizes("pool_size")?.unwrap_or_else(|| vec![2; layer.axes().unwrap_or(2)]);
    let strides = layer.sizes("strides")?.unwrap_or_else(|| size.clone());
    let op = if layer.class.starts_with("Max") { "MaxPool" } else { "AveragePool" };
    let attributes = vec![ints("kernel_shape", size), ints("strides", strides), padding(layer, 0)?];
    on_maps(draw, layer, x, op, &[], attributes)
}

fn global_pool(draw: &mut Draw, layer: &Layer, x: &Value) -> Result<Value, ModelError> {
    let op = if layer.class.starts_with("GlobalAverage") { "ReduceMean" } else { "ReduceMax" };
    let own = if layer.axes() == Some(1) { 1 } else { 2 };
    if x.rank != own + 2 {
        return Err(layer.error(&format!(
            "expected {} axes beside the batch, got {}; save the model again",
            own + 1,
            x.rank.saturating_sub(1)
        )));
    }
    let first = if layer.is_channels_last() { 1 } else { 2 };
    let keeps = layer.flag("keepdims", false);
    let attributes = vec![ints("axes", (first..).take(own)), int("keepdims", i64::from(keeps))];
    let value = same(draw, layer, x, op, &[], attributes)?;
    Ok(Value { rank: if keeps { x.rank } else { 2 }, ..value })
}

fn flatten(draw: &mut Draw, layer: &Layer, x: &Value) -> Result<Value, ModelError> {
    // The order is always that of channels-last pictures, so that weights fit both.
    let x = match x.rank {
        4 if !layer.is_channels_last() => transposed(draw, layer, x, &[0, 2, 3, 1])?,
        3 if !layer.is_channels_last() => transposed(draw, layer, x, &[0, 2, 1])?,
        _ => x.clone(),
    };
    let value = same(draw, layer, &x, "Flatten", &[], vec![])?;
    Ok(Value { rank: 2, ..value })
}

fn reshape(draw: &mut Draw, layer: &Layer, x: &Value) -> Result<Value, ModelError> {
    let target =
        layer.get("target_shape").and_then(Json::as_array).filter(|target| (1..=3).contains(&target.len()));
    let target: Option<Vec<i64>> = target.and_then(|target| target.iter().map(Json::as_i64).collect());
    let target = target.ok_or_else(|| {
        layer.error("expected a target_shape of one to three numbers, got another one; use Flatten")
    })?;
    let shape = draw.drawing.whole(&[&[0], target.as_slice()].concat());
    let value = same(draw, layer, x, "Reshape", &[&shape], vec![])?;
    Ok(Value { rank: target.len() + 1, ..value })
}

fn permute(draw: &mut Draw, layer: &Layer, x: &Value) -> Result<Value, ModelError> {
    let dims = layer.get("dims").and_then(Json::as_array);
    let dims: Option<Vec<i64>> = dims.and_then(|dims| dims.iter().map(Json::as_i64).collect());
    let dims =
        dims.ok_or_else(|| layer.error("expected dims as numbers, got others; save the model again"))?;
    same(draw, layer, x, "Transpose", &[], vec![ints("perm", [0].into_iter().chain(dims))])
}

/// Zeros around maps or sequences, or cells left out of them, as `sign` says.
fn border(draw: &mut Draw, layer: &Layer, x: &Value, key: &str, sign: i64) -> Result<Value, ModelError> {
    let sides = layer.sides(key, if sign > 0 { 1 } else { 0 })?;
    let at = |side: usize| sides.iter().map(move |sides| sides[side].saturating_mul(sign));
    // The batch and the channels come first.
    let pads: Vec<i64> = [0, 0].into_iter().chain(at(0)).chain([0, 0]).chain(at(1)).collect();
    let pads = draw.drawing.whole(&pads);
    on_maps(draw, layer, x, "Pad", &[&pads], vec![])
}

fn up_sampling(draw: &mut Draw, layer: &Layer, x: &Value) -> Result<Value, ModelError> {
    let sizes = layer.sizes("size")?.unwrap_or_else(|| vec![2; layer.axes().unwrap_or(2)]);
    let attributes = match layer.text("interpolation").unwrap_or("nearest") {
        "nearest" => vec![
            text("mode", "nearest"),
            text("coordinate_transformation_mode", "asymmetric"),
            text("nearest_mode", "floor"),
        ],
        "bilinear" => vec![text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")],
        other => {
            return Err(layer.error(&format!(
                "expected the interpolation nearest or bilinear, got {}, which Keras computes in several ways; use one of \
                 them",
                short(other)
            )));
        }
    };
    let scales: Vec<f32> = [1, 1].into_iter().chain(sizes).map(|n| n as f32).collect();
    let name = format!("->scales {scales:?}");
    let scales = draw.drawing.floats(&name, &[scales.len()], &scales);
    on_maps(draw, layer, x, "Resize", &["", &scales], attributes)
}

/// Another number of rows and columns.
fn resizing(draw: &mut Draw, layer: &Layer, x: &Value) -> Result<Value, ModelError> {
    let count = |key: &str| layer.get(key).and_then(Json::as_i64).filter(|n| (1..1 << 16).contains(n));
    let (Some(rows), Some(cols)) = (count("height"), count("width")) else {
        return Err(layer.error("expected a height and a width, got others; save the model again"));
    };
    let is_plain = ["crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"];
    let interpolation = layer.text("interpolation").unwrap_or("bilinear");
    if interpolation != "bilinear" || is_plain.iter().any(|key| layer.flag(key, false)) {
        return Err(layer.error(&format!(
            "expected a plain bilinear Resizing, got the interpolation {} or one that crops or pads; use a plain one",
            short(interpolation)
        )));
    }
    let sizes = draw.drawing.whole(&[rows, cols]);
    let attributes = vec![
        text("mode", "linear"),
        text("coordinate_transformation_mode", "half_pixel"),
        ints("axes", [2, 3]),
    ];
    on_maps(draw, layer, x, "Resize", &["", "", &sizes], attributes)
}
