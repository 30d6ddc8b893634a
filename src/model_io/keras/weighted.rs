//! The layers of Keras that have weights, in ONNX's operators. A kernel of Keras is (rows, columns, in, out).

use super::{
    activations,
    config::Layer,
    draw::{Draw, Value, on_maps, on_maps_as, padding, same},
    settings::shown,
};
use crate::model_io::{
    ModelError,
    hdf5::Numbers,
    onnx::{
        drawn::{float, int, ints},
        proto::AttributeProto,
    },
};
use serde_json::Value as Json;

/// The name of a weight in the drawing; a bias or another constant that is shared is so by its name.
fn weight_name(group: &str, layer: &Layer, part: &str) -> String {
    // The group keeps layers of one name in several models apart.
    format!("{group}:{}/{part}", layer.name)
}

/// The four extents of a kernel.
fn extents(layer: &Layer, kernel: &Numbers) -> Result<[usize; 4], ModelError> {
    <[usize; 4]>::try_from(kernel.dims.as_slice()).map_err(|_| {
        layer.error(&format!(
            "expected a kernel with 4 axes (rows, columns, in, out), got {}; save the model again",
            kernel.dims.len()
        ))
    })
}

/// A kernel as (out, in, rows, columns).
fn turned(dims: [usize; 4], values: &[f32]) -> Vec<f32> {
    let [h, w, i, o] = dims;
    let cells =
        (0..o).flat_map(|o_| (0..i).flat_map(move |i_| (0..h * w).map(move |at| (at * i + i_) * o + o_)));
    cells.filter_map(|cell| values.get(cell).copied()).collect()
}

/// The kernel and, where there is one, the bias.
fn kernel_and_bias(
    draw: &Draw,
    layer: &Layer,
    group: &str,
    names: &[&str],
) -> Result<(Vec<Numbers>, Option<Numbers>), ModelError> {
    let has_bias = layer.flag("use_bias", true);
    let names = if has_bias { [names, &["bias"]].concat() } else { names.to_vec() };
    let mut found = draw.store.variables(layer, group, &names)?;
    let bias = if has_bias { found.pop() } else { None };
    Ok((found, bias))
}

/// Adds a bias, and returns its name.
fn bias_name(draw: &mut Draw, layer: &Layer, group: &str, bias: &Numbers) -> String {
    draw.drawing.floats(&weight_name(group, layer, "bias"), &bias.dims, &bias.values)
}

/// The numbers of a convolution's window.
fn window(layer: &Layer, dims: [usize; 4], groups: usize) -> Result<Vec<AttributeProto>, ModelError> {
    Ok(vec![
        ints("kernel_shape", [dims[0] as i64, dims[1] as i64]),
        ints("strides", layer.pair("strides")?.unwrap_or([1, 1])),
        ints("dilations", layer.pair("dilation_rate")?.unwrap_or([1, 1])),
        int("group", groups as i64),
        padding(layer)?,
    ])
}

/// A convolution.
///
/// # Errors
/// If it is not complete.
pub fn conv(draw: &mut Draw, layer: &Layer, group: &str, x: &Value) -> Result<Value, ModelError> {
    let (kernel, bias) = kernel_and_bias(draw, layer, group, &["kernel"])?;
    let dims = extents(layer, &kernel[0])?;
    let [h, w, i, o] = dims;
    let name = weight_name(group, layer, "kernel");
    let kernel = draw.drawing.floats(&name, &[o, i, h, w], &turned(dims, &kernel[0].values));
    let bias = bias.map(|bias| bias_name(draw, layer, group, &bias)).unwrap_or_default();
    let groups =
        layer.get("groups").and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    let value = on_maps(draw, layer, x, "Conv", &[&kernel, &bias], window(layer, dims, groups)?)?;
    activations::own(draw, layer, value)
}

/// A kernel with filters of one channel each: (rows, columns, in, filters of each).
fn depthwise_kernel(
    draw: &mut Draw,
    layer: &Layer,
    group: &str,
    kernel: &Numbers,
) -> Result<(String, [usize; 4]), ModelError> {
    let [h, w, i, filters] = extents(layer, kernel)?;
    // Channel by channel, and for each its filters.
    let out = i.saturating_mul(filters);
    let values = turned([h, w, 1, out], &kernel.values);
    let name = weight_name(group, layer, "depthwise_kernel");
    Ok((draw.drawing.floats(&name, &[out, 1, h, w], &values), [h, w, i, filters]))
}

/// A convolution with filters of its own for each channel.
///
/// # Errors
/// If it is not complete.
pub fn depthwise(draw: &mut Draw, layer: &Layer, group: &str, x: &Value) -> Result<Value, ModelError> {
    let (kernel, bias) = kernel_and_bias(draw, layer, group, &["depthwise_kernel"])?;
    let (kernel, dims) = depthwise_kernel(draw, layer, group, &kernel[0])?;
    let bias = bias.map(|bias| bias_name(draw, layer, group, &bias)).unwrap_or_default();
    let value = on_maps(draw, layer, x, "Conv", &[&kernel, &bias], window(layer, dims, dims[2])?)?;
    activations::own(draw, layer, value)
}

/// A depthwise convolution and one with a 1x1 kernel, as two layers.
///
/// # Errors
/// If it is not complete.
pub fn separable(draw: &mut Draw, layer: &Layer, group: &str, x: &Value) -> Result<Value, ModelError> {
    let (kernels, bias) = kernel_and_bias(draw, layer, group, &["depthwise_kernel", "pointwise_kernel"])?;
    let (kernel, dims) = depthwise_kernel(draw, layer, group, &kernels[0])?;
    let name = format!("{}_depthwise", layer.name);
    let value = on_maps_as(draw, layer, &name, x, "Conv", &[&kernel], window(layer, dims, dims[2])?)?;
    let dims = extents(layer, &kernels[1])?;
    let [h, w, i, o] = dims;
    let name = weight_name(group, layer, "pointwise_kernel");
    let kernel = draw.drawing.floats(&name, &[o, i, h, w], &turned(dims, &kernels[1].values));
    let bias = bias.map(|bias| bias_name(draw, layer, group, &bias)).unwrap_or_default();
    let value = on_maps_as(
        draw,
        layer,
        &format!("{}_pointwise", layer.name),
        &value,
        "Conv",
        &[&kernel, &bias],
        vec![],
    )?;
    draw.notes.push(format!("{} is two convolutions here, a depthwise and a pointwise one", layer.place()));
    activations::own(draw, layer, value)
}

/// A dense layer, also on the channels of each cell.
///
/// # Errors
/// If it is not complete.
pub fn dense(draw: &mut Draw, layer: &Layer, group: &str, x: &Value) -> Result<Value, ModelError> {
    let (kernel, bias) = kernel_and_bias(draw, layer, group, &["kernel"])?;
    let name = weight_name(group, layer, "kernel");
    let kernel = draw.drawing.floats(&name, &kernel[0].dims, &kernel[0].values);
    let bias = bias.map(|bias| bias_name(draw, layer, group, &bias));
    let value = match (x.rank, &bias) {
        (2, Some(bias)) => same(draw, layer, x, "Gemm", &[&kernel, bias], vec![])?,
        (2, None) => same(draw, layer, x, "Gemm", &[&kernel], vec![])?,
        (_, bias) => {
            let value = same(draw, layer, x, "MatMul", &[&kernel], vec![])?;
            match bias {
                Some(bias) => same(draw, layer, &value, "Add", &[bias], vec![])?,
                None => value,
            }
        }
    };
    activations::own(draw, layer, value)
}

/// A batch normalisation with its running statistics.
///
/// # Errors
/// If it is over another axis than the channels.
pub fn batch_norm(draw: &mut Draw, layer: &Layer, group: &str, x: &Value) -> Result<Value, ModelError> {
    let (has_scale, has_center) = (layer.flag("scale", true), layer.flag("center", true));
    let own = [("gamma", has_scale), ("beta", has_center), ("moving_mean", true), ("moving_variance", true)];
    let names: Vec<&str> = own.iter().filter(|(_, is_there)| *is_there).map(|(name, _)| *name).collect();
    let mut found = draw.store.variables(layer, group, &names)?.into_iter();
    let mut parts: Vec<Numbers> = Vec::new();
    for (_, is_there) in own {
        parts.extend(if is_there { found.next() } else { Some(Numbers { dims: vec![0], values: vec![] }) });
    }
    let [_, _, mean, _] = parts.as_slice() else { return Err(layer.error("expected its weights, got none")) };
    let channels = mean.values.len();
    for (part, fill) in parts.iter_mut().zip([1.0, 0.0, 0.0, 0.0]) {
        if part.dims == [0] {
            *part = Numbers { dims: vec![channels], values: vec![fill; channels] };
        }
    }
    let mut names = Vec::new();
    for ((name, _), part) in own.iter().zip(&parts) {
        names.push(draw.drawing.floats(&weight_name(group, layer, name), &part.dims, &part.values));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let attributes = vec![
        float("epsilon", layer.number("epsilon").unwrap_or(1e-3)),
        float("momentum", layer.number("momentum").unwrap_or(0.99)),
    ];
    let axis = layer.get("axis").map(|axis| axis.get(0).unwrap_or(axis).as_i64());
    let axis = axis.unwrap_or(Some(-1)).map(|axis| if axis < 0 { axis + x.rank as i64 } else { axis });
    match (x.rank, axis) {
        (4, Some(3)) => on_maps(draw, layer, x, "BatchNormalization", &names, attributes),
        (4 | 2, Some(1)) => same(draw, layer, x, "BatchNormalization", &names, attributes),
        _ => Err(layer.error(&format!(
            "expected statistics for each channel, got the axis {}; normalise over the channels",
            layer.get("axis").map_or_else(|| "-1".to_owned(), shown)
        ))),
    }
}

/// A ReLU with learned slopes.
///
/// # Errors
/// If the slopes differ along rows or columns.
pub fn prelu(draw: &mut Draw, layer: &Layer, group: &str, x: &Value) -> Result<Value, ModelError> {
    let found = draw.store.variables(layer, group, &["alpha"])?;
    let name = weight_name(group, layer, "alpha");
    match (found[0].dims.as_slice(), x.rank) {
        (&[1, 1, channels], 4) => {
            let slope = draw.drawing.floats(&name, &[channels, 1, 1], &found[0].values);
            on_maps(draw, layer, x, "PRelu", &[&slope], vec![])
        }
        (&[features], 2) => {
            let slope = draw.drawing.floats(&name, &[features], &found[0].values);
            same(draw, layer, x, "PRelu", &[&slope], vec![])
        }
        _ => Err(layer
            .error("expected one slope for each channel, got one for each cell; give it shared_axes=[1, 2]")),
    }
}

/// What a Normalization multiplies by and adds.
///
/// # Errors
/// If it has no statistics.
pub fn normalization(draw: &Draw, layer: &Layer, group: &str) -> Result<(Vec<f64>, Vec<f64>), ModelError> {
    if layer.flag("invert", false) {
        return Err(
            layer.error("expected a Normalization, got its inverse; leave it out and save the model again")
        );
    }
    let given = layer.numbers("mean").zip(layer.numbers("variance"));
    let (mean, variance) = match given {
        Some(given) => given,
        None => {
            let found = draw.store.variables(layer, group, &["mean", "variance"])?;
            let wide = |numbers: &Numbers| numbers.values.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
            (wide(&found[0]), wide(&found[1]))
        }
    };
    // Keras keeps the deviation above its epsilon.
    let scale: Vec<f64> = variance.iter().map(|variance| 1.0 / variance.sqrt().max(1e-7)).collect();
    if mean.len() != scale.len() {
        return Err(layer.error("expected as many means as variances, got others; save the model again"));
    }
    let shift = mean.iter().zip(&scale).map(|(mean, scale)| -mean * scale).collect();
    Ok((scale, shift))
}
