//! The layers of Keras that have weights, in ONNX's operators. A kernel of Keras is (rows, columns, in, out).

#![expect(
    clippy::arithmetic_side_effects,
    reason = "places in a kernel, whose extents have a product that was counted"
)]

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

/// The four extents of a kernel; that of a sequence has one row.
fn extents(layer: &Layer, kernel: &Numbers) -> Result<[usize; 4], ModelError> {
    match *kernel.dims.as_slice() {
        [w, i, o] if layer.axes() == Some(1) => Ok([1, w, i, o]),
        [h, w, i, o] if layer.axes() != Some(1) => Ok([h, w, i, o]),
        _ => Err(layer.error(&format!(
            "expected a kernel with {}, got {}; save the model again",
            if layer.axes() == Some(1) {
                "3 axes (columns, in, out)"
            } else {
                "4 axes (rows, columns, in, out)"
            },
            kernel.dims.len()
        ))),
    }
}

/// Adds a kernel of these extents, (out, in, rows, columns) or of a sequence (out, in, columns), and returns its name.
fn add_kernel(
    draw: &mut Draw,
    layer: &Layer,
    name: &str,
    [o, i, h, w]: [usize; 4],
    values: &[f32],
) -> String {
    match layer.axes() {
        Some(1) => draw.drawing.floats(name, &[o, i, w], values),
        Some(_) | None => draw.drawing.floats(name, &[o, i, h, w], values),
    }
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

/// The numbers of a convolution's window along each axis beside the channels.
struct Window {
    kernel: Vec<i64>,
    strides: Vec<i64>,
    dilations: Vec<i64>,
}

impl Window {
    fn read(layer: &Layer, [h, w, ..]: [usize; 4]) -> Result<Self, ModelError> {
        let axes = layer.axes().unwrap_or(2);
        let kernel = [h, w].into_iter().skip(2usize.saturating_sub(axes));
        let kernel = kernel.map(|n| i64::try_from(n).unwrap_or(i64::MAX)).collect();
        let or_one = |sizes: Option<Vec<i64>>| sizes.unwrap_or_else(|| vec![1; axes]);
        let strides = or_one(layer.sizes("strides")?);
        Ok(Self { kernel, strides, dilations: or_one(layer.sizes("dilation_rate")?) })
    }

    /// How many cells the window spans along each axis.
    fn extents(&self) -> Vec<i64> {
        let span = |(n, by): (&i64, &i64)| n.saturating_sub(1).saturating_mul(*by).saturating_add(1);
        self.kernel.iter().zip(&self.dilations).map(span).collect()
    }

    fn attributes(self) -> Vec<AttributeProto> {
        vec![
            ints("kernel_shape", self.kernel),
            ints("strides", self.strides),
            ints("dilations", self.dilations),
        ]
    }
}

/// The attributes of a convolution.
fn window(layer: &Layer, dims: [usize; 4], groups: usize) -> Result<Vec<AttributeProto>, ModelError> {
    let window = Window::read(layer, dims)?;
    let reach = window.extents().first().map_or(0, |span| span.saturating_sub(1));
    let mut attributes = window.attributes();
    attributes.extend([int("group", groups as i64), padding(layer, reach)?]);
    Ok(attributes)
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
    let kernel = add_kernel(draw, layer, &name, [o, i, h, w], &turned(dims, &kernel[0].values));
    let bias = bias.map(|bias| bias_name(draw, layer, group, &bias)).unwrap_or_default();
    let groups =
        layer.get("groups").and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(1);
    let value = on_maps(draw, layer, x, "Conv", &[&kernel, &bias], window(layer, dims, groups)?)?;
    activations::own(draw, layer, value)
}

/// A transposed convolution, whose kernel is (rows, columns, out, in). Where it is cut or padded on one side more, it is at
/// the end, as in TensorFlow.
///
/// # Errors
/// If it is not complete, or its numbers do not go together.
pub fn conv_transpose(draw: &mut Draw, layer: &Layer, group: &str, x: &Value) -> Result<Value, ModelError> {
    let (kernel, bias) = kernel_and_bias(draw, layer, group, &["kernel"])?;
    let dims = extents(layer, &kernel[0])?;
    let [h, w, o, i] = dims;
    let name = weight_name(group, layer, "kernel");
    let kernel = add_kernel(draw, layer, &name, [i, o, h, w], &turned(dims, &kernel[0].values));
    let bias = bias.map(|bias| bias_name(draw, layer, group, &bias)).unwrap_or_default();
    let window = Window::read(layer, dims)?;
    let given = layer.sizes("output_padding")?;
    let is_same = match layer.text("padding").unwrap_or("valid") {
        "same" => true,
        "valid" => false,
        // Says which there are.
        _ => return padding(layer, 0).map(|_| x.clone()),
    };
    let (mut before, mut behind, mut more) = (vec![], vec![], vec![]);
    for (axis, (span, &stride)) in window.extents().into_iter().zip(&window.strides).enumerate() {
        let given = given.as_ref().and_then(|given| given.get(axis)).copied();
        let less = match (is_same, given) {
            // As many cells as the input times the stride, or those of the last stamp too.
            (true, None) => span.saturating_sub(stride),
            (true, Some(more)) => span.saturating_sub(span % 2).saturating_sub(more),
            (false, more) => more.unwrap_or_else(|| stride.saturating_sub(span).max(0)).saturating_neg(),
        };
        before.push(less.max(0) / 2);
        behind.push(less.max(0).saturating_sub(less.max(0) / 2));
        more.push(less.min(0).saturating_neg());
    }
    let mut attributes = window.attributes();
    attributes.extend([ints("pads", before.into_iter().chain(behind)), ints("output_padding", more)]);
    let value = on_maps(draw, layer, x, "ConvTranspose", &[&kernel, &bias], attributes)?;
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
    Ok((add_kernel(draw, layer, &name, [out, 1, h, w], &values), [h, w, i, filters]))
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
    let kernel = add_kernel(draw, layer, &name, [o, i, h, w], &turned(dims, &kernels[1].values));
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
    of_channels(draw, layer, x, "BatchNormalization", &names, attributes)
}

/// The axes of a normalisation, from the front, the batch among them.
fn norm_axes(layer: &Layer, x: &Value) -> Vec<i64> {
    let rank = i64::try_from(x.rank).unwrap_or(0);
    let axes = match layer.get("axis") {
        Some(Json::Array(axes)) => axes.iter().filter_map(Json::as_i64).collect(),
        Some(axis) => axis.as_i64().into_iter().collect(),
        None => vec![-1],
    };
    axes.into_iter().map(|axis| axis.saturating_add(if axis < 0 { rank } else { 0 })).collect()
}

/// A normalisation with numbers for each channel, which are on the axis that its settings name.
fn of_channels(
    draw: &mut Draw,
    layer: &Layer,
    x: &Value,
    op: &str,
    names: &[&str],
    attributes: Vec<AttributeProto>,
) -> Result<Value, ModelError> {
    match (x.rank, norm_axes(layer, x).as_slice()) {
        (4, [3]) | (3, [2]) => on_maps(draw, layer, x, op, names, attributes),
        (2..=4, [1]) => same(draw, layer, x, op, names, attributes),
        _ => Err(layer.error(&format!(
            "expected the axis of the channels, got {}; normalise over the channels",
            layer.get("axis").map_or_else(|| "-1".to_owned(), shown)
        ))),
    }
}

/// The scale and the shift of a normalisation as constants of the drawing; where one is missing, numbers that change
/// nothing, and none where both are.
fn scale_and_shift(draw: &mut Draw, layer: &Layer, group: &str) -> Result<Vec<String>, ModelError> {
    let own = [("gamma", "scale", 1.0), ("beta", "center", 0.0)];
    let own = own.map(|(name, setting, fill)| (name, layer.flag(setting, true), fill));
    let names: Vec<&str> = own.iter().filter(|(_, is_there, _)| *is_there).map(|(name, ..)| *name).collect();
    let found = draw.store.variables(layer, group, &names)?;
    let Some(like) = found.first() else { return Ok(Vec::new()) };
    let (dims, len) = (like.dims.clone(), like.values.len());
    let mut found = found.into_iter();
    let mut added = Vec::new();
    for (name, is_there, fill) in own {
        let numbers = if is_there { found.next() } else { None };
        let numbers = numbers.unwrap_or_else(|| Numbers { dims: dims.clone(), values: vec![fill; len] });
        added.push(draw.drawing.floats(&weight_name(group, layer, name), &numbers.dims, &numbers.values));
    }
    Ok(added)
}

/// A normalisation of groups of channels.
///
/// # Errors
/// If it is over another axis than the channels.
pub fn group_norm(draw: &mut Draw, layer: &Layer, group: &str, x: &Value) -> Result<Value, ModelError> {
    let names = scale_and_shift(draw, layer, group)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let epsilon = float("epsilon", layer.number("epsilon").unwrap_or(1e-3));
    match layer.get("groups").map_or(Some(32), Json::as_i64) {
        // A group for each channel.
        Some(-1) => of_channels(draw, layer, x, "InstanceNormalization", &names, vec![epsilon]),
        Some(groups) if groups > 0 => {
            let attributes = vec![epsilon, int("num_groups", groups)];
            of_channels(draw, layer, x, "GroupNormalization", &names, attributes)
        }
        _ => Err(layer.error("expected a number of groups, got something else; save the model again")),
    }
}

/// A normalisation of all cells of a picture.
///
/// # Errors
/// If it is of fewer.
pub fn layer_norm(draw: &mut Draw, layer: &Layer, group: &str, x: &Value) -> Result<Value, ModelError> {
    if layer.flag("rms_scaling", false) {
        return Err(layer.error("expected rms_scaling=False, got True; normalise without it and train again"));
    }
    let names = scale_and_shift(draw, layer, group)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let attributes =
        vec![float("epsilon", layer.number("epsilon").unwrap_or(1e-3)), ints("axes", norm_axes(layer, x))];
    same(draw, layer, x, "LayerNormalization", &names, attributes)
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
        (&[1, channels], 3) => {
            let slope = draw.drawing.floats(&name, &[channels, 1], &found[0].values);
            on_maps(draw, layer, x, "PRelu", &[&slope], vec![])
        }
        (&[features], 2) => {
            let slope = draw.drawing.floats(&name, &[features], &found[0].values);
            same(draw, layer, x, "PRelu", &[&slope], vec![])
        }
        _ => Err(layer
            .error("expected one slope for each channel, got one for each cell; give it shared_axes=[1, 2], for a sequence [1]")),
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
