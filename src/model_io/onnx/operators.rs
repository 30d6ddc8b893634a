//! The operators of an ONNX graph, as equivalent layers of this program. Operators without an exact equivalent are
//! refused.
//!
//! Attributes and their defaults are those of `docs/Operators.md` of the ONNX specification, versions 6 to 28.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes and nodes, which are few")]

use super::{
    attributes::{decimal, float, float_or_input, input, int, needed, optional_float, text},
    blocks,
    constant::Array,
    dense,
    graph::Graph,
    input::{column, first, maps},
    joins,
    names::quoted,
    norms, over_channels, pad,
    proto::NodeProto,
    resize, scale, shapes, slices, transposed,
    value::Value,
    windows,
};
use crate::nn::{
    Activation, Op, Part,
    spec::{BatchNormSpec, DropoutSpec, Kind, LrnSpec, PReluSpec},
};

/// The supported operators, for error messages.
pub const KNOWN: &str = "Abs, Add, Sub, Mul, Max, Min and Div (with constants or of branches, Div by a constant), AveragePool, \
                         BatchNormalization, Celu, Clip, Concat, Conv, ConvTranspose, DepthToSpace, Dropout, Elu, Expand, Flatten, Gather, Gelu, Gemm, \
                         GlobalAveragePool, GlobalMaxPool, GroupNormalization, HardSigmoid, HardSwish, Identity, InstanceNormalization, LRN, LayerNormalization (over the whole input, or the channels at each position), LeakyRelu, LogSoftmax (the \
                         last), MatMul, MaxPool, Mean, Mish, Neg, PRelu, Pad, Pow (squares), ReduceMax, ReduceMin, ReduceMean and ReduceSum \
                         (over a map, the latter two also over the channels), Relu, Reshape, Resize, Selu, Sigmoid, Slice, Softmax, Softplus, SpaceToDepth, Split, Squeeze, Sum, \
                         Swish, Tanh, ThresholdedRelu, Transpose, Unsqueeze, Upsample";

/// Appends the layer of a node that reads a tensor that depends on the picture, and names its output.
///
/// # Errors
/// If no layer of this program is equivalent.
pub fn append<'a>(graph: &mut Graph<'a>, node: &'a NodeProto) -> Result<(), String> {
    // Convolutions and pools add the zeros of a Pad themselves, and a further Pad adds to them.
    if !matches!(node.op_type.as_str(), "Conv" | "MaxPool" | "AveragePool" | "Pad") {
        for name in &node.input {
            graph.settle(node, name)?;
        }
    }
    let value = match node.op_type.as_str() {
        // Also within a channel shuffle.
        "Identity" => graph.parted(needed(node, 0, "an input")?)?.clone(),
        "Cast" | "CastLike" => cast(graph, node)?,
        "Conv" => windows::conv(graph, node)?,
        "ConvTranspose" => transposed::conv_transpose(graph, node)?,
        "DepthToSpace" | "SpaceToDepth" => blocks::append(graph, node)?,
        "MaxPool" => windows::max_pool(graph, node)?,
        "AveragePool" => windows::average_pool(graph, node)?,
        "GlobalAveragePool" | "GlobalMaxPool" => windows::global_pool(graph, node)?,
        "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceSum" => windows::reduce(graph, node)?,
        "Relu" | "LeakyRelu" | "Tanh" | "Sigmoid" | "Elu" | "Gelu" | "Softplus" | "HardSwish" | "Mish" => {
            let activation = activation(node)?;
            let x = first(graph, node)?;
            graph.push_same(node, Kind::Activation(activation), vec![], &x)?
        }
        "Selu" | "Celu" | "Swish" | "HardSigmoid" => scaled_activation(graph, node)?,
        "PRelu" => prelu(graph, node)?,
        "ThresholdedRelu" => {
            let x = first(graph, node)?;
            let activation = Activation::ThresholdedRelu { threshold: float(node, "alpha", 1.0) };
            graph.push_same(node, Kind::Activation(activation), vec![], &x)?
        }
        "Abs" => absolute(graph, node)?,
        "Pow" => power(graph, node)?,
        "Clip" => clip(graph, node)?,
        "Min" | "Max" if !node.input.iter().all(|name| graph.has(name)) => bound(graph, node)?,
        "BatchNormalization" => batch_norm(graph, node)?,
        "Dropout" => dropout(graph, node)?,
        "LayerNormalization" => layer_norm(graph, node)?,
        "GroupNormalization" | "InstanceNormalization" => norms::append(graph, node)?,
        "LRN" => local_response_norm(graph, node)?,
        "Flatten" => shapes::flatten(graph, node)?,
        "Reshape" => shapes::reshape(graph, node)?,
        "Squeeze" => shapes::squeeze(graph, node)?,
        "Unsqueeze" => shapes::unsqueeze(graph, node)?,
        "Transpose" => shapes::transpose(graph, node)?,
        "Pad" => pad::pad(graph, node)?,
        "Resize" | "Upsample" => resize::resize(graph, node)?,
        "Slice" => slices::slice(graph, node)?,
        "Gather" => slices::gather(graph, node)?,
        "Expand" => slices::expand(graph, node)?,
        "Split" => {
            slices::split(graph, node)?.into_iter().for_each(|(name, value)| graph.set(name, value));
            return Ok(());
        }
        "Gemm" => dense::gemm(graph, node)?,
        "MatMul" => dense::mat_mul(graph, node)?,
        "Concat" => joins::concat(graph, node)?,
        "Add" | "Sub" | "Mul" | "Div" | "Sum" | "Mean" | "Max" | "Min"
            if node.input.iter().all(|name| graph.has(name)) =>
        {
            joins::append(graph, node)?
        }
        "Sum" | "Mean" => {
            return Err(
                "expected tensors that depend on the picture, got a constant among them; add it by an Add"
                    .into(),
            );
        }
        "Add" | "Sub" | "Mul" | "Div" | "Neg" => scale::append(graph, node)?,
        "Softmax" => softmax(graph, node)?,
        "LogSoftmax" => {
            let value = softmax(graph, node)?;
            Value { has_ended: true, ..value }
        }
        _ => {
            return Err(format!(
                "expected a supported operator, got another one; the supported operators are {KNOWN}: replace it in the \
                 model and export again"
            ));
        }
    };
    graph.set(node.output.first().map_or("", String::as_str), value);
    Ok(())
}

/// A cast between types of floating-point numbers, which are all f32 here.
fn cast(graph: &Graph, node: &NodeProto) -> Result<Value, String> {
    use super::proto::data_type::{BFLOAT16, DOUBLE, FLOAT, FLOAT16};
    let to = match input(node, 1) {
        Some(like) if node.op_type == "CastLike" => graph.constants.floats(like).map(|_| FLOAT)?,
        _ => i32::try_from(int(node, "to", 0)).unwrap_or(0),
    };
    match [FLOAT, DOUBLE, FLOAT16, BFLOAT16].contains(&to) {
        true => first(graph, node),
        false => {
            Err(format!("expected a cast to floating-point numbers, got type {to}; export the model again"))
        }
    }
}

/// The activation of a node that is one.
fn activation(node: &NodeProto) -> Result<Activation, String> {
    match node.op_type.as_str() {
        "Relu" => Ok(Activation::Relu),
        "LeakyRelu" => Ok(Activation::LeakyRelu { slope: float(node, "alpha", 0.01) }),
        "Tanh" => Ok(Activation::Tanh),
        "Sigmoid" => Ok(Activation::Sigmoid),
        "Elu" => Ok(Activation::Elu { alpha: float(node, "alpha", 1.0) }),
        "Gelu" => match text(node, "approximate").unwrap_or("none") {
            "none" => Ok(Activation::Gelu),
            "tanh" => Ok(Activation::GeluTanh),
            other => {
                Err(format!("expected approximate none or tanh, got {}; export it again", quoted(other)))
            }
        },
        "Softplus" => Ok(Activation::Softplus),
        "HardSwish" => Ok(Activation::Hardswish),
        "Mish" => Ok(Activation::Mish),
        other => Err(format!("expected an activation, got {}; export the model again", quoted(other))),
    }
}

/// A layer normalisation of all cells, or of the maps at each position.
fn layer_norm(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let x = column(graph, x)?;
    match over_channels::is_of_channels(graph, node, &x)? {
        true => over_channels::at_each_position(graph, node, &x),
        false => norms::append(graph, node),
    }
}

/// The absolute value, relu(x) + relu(-x).
fn absolute(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let x = column(graph, x)?;
    let above = graph.push_same(node, Kind::RELU, vec![], &Value { is_sole: false, ..x.clone() })?;
    let turned = scale::negative(graph, node, &Value { is_sole: false, ..x })?;
    let below = graph.push_same(node, Kind::RELU, vec![], &turned)?;
    joins::sum(graph, node, &[above, below])
}

/// A square, as a product of a tensor with itself.
fn power(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let x = column(graph, x)?;
    let (exponent, _) = graph.constants.floats(needed(node, 1, "an exponent")?)?;
    match exponent.values.as_slice() {
        [1.0] => Ok(x),
        [2.0] => joins::square(graph, node, &x),
        other => Err(format!(
            "expected a square (2 as the exponent), got {:?}; other powers are not supported",
            &other[..other.len().min(8)]
        )),
    }
}

/// A PReLU with one slope, or with one for each channel or feature.
fn prelu(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let x = column(graph, x)?;
    let mut slopes = graph.take(needed(node, 1, "a slope")?)?;
    if graph.opset < 7 && slopes.dims == [x.layer_cells()[0]] {
        // One for each channel, whatever the axes behind these.
        slopes.dims.resize(x.axes.len(), 1);
    }
    let numbers = scale::per_channel(&x, &slopes).ok_or_else(|| {
        format!(
            "expected one slope, or one for each channel, got slopes of shape {:?} for {}; only these are supported",
            &slopes.dims[..slopes.dims.len().min(8)],
            x.words()
        )
    })?;
    let per_channel = slopes.values.len() > 1;
    let numbers = if per_channel { numbers } else { slopes.values };
    let kind = Kind::PRelu(PReluSpec { per_channel });
    graph.push_same(node, kind, vec![(Part::Weight, Array::row(numbers))], &x)
}

/// The bounds of a Clip as an activation. Bounds around all numbers change nothing.
fn clip(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let min = float_or_input(node, &graph.constants, "min", 1)?.unwrap_or(f32::NEG_INFINITY);
    let max = float_or_input(node, &graph.constants, "max", 2)?.unwrap_or(f32::INFINITY);
    let x = first(graph, node)?;
    clipped(graph, node, &x, min, max)
}

/// An activation with factors that this program's has not: the input and the output are multiplied by them.
fn scaled_activation(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
    let by = |x: &Value, factor: f64| vec![factor as f32; x.layer_cells()[0]];
    let alone =
        |graph: &mut Graph, activation| graph.push_same(node, Kind::Activation(activation), vec![], &x);
    // f(alpha x) / alpha
    let inner = |graph: &mut Graph, activation, alpha: f64| {
        if near(alpha, 1.0) {
            return alone(graph, activation);
        }
        if alpha == 0.0 || !alpha.is_finite() {
            return Err(format!(
                "expected a number other than 0, got alpha = {alpha}; export the model again"
            ));
        }
        let x = column(graph, x.clone())?;
        let scaled = scale::scaled(graph, node, &x, &by(&x, alpha))?;
        let y = graph.push_same(node, Kind::Activation(activation), vec![], &scaled)?;
        scale::scaled(graph, node, &y, &by(&y, 1.0 / alpha))
    };
    match node.op_type.as_str() {
        "Celu" => inner(graph, Activation::Elu { alpha: 1.0 }, 1.0 / float(node, "alpha", 1.0)),
        "Swish" => inner(graph, Activation::Silu, float(node, "alpha", 1.0)),
        "Selu" => {
            let (alpha, gamma) = (float(node, "alpha", 1.673_263_2), float(node, "gamma", 1.050_701));
            if near(alpha, 1.673_263_2) && near(gamma, 1.050_701) {
                return alone(graph, Activation::Selu);
            }
            let y = alone(graph, Activation::Elu { alpha })?;
            let y = column(graph, y)?;
            scale::scaled(graph, node, &y, &by(&y, gamma))
        }
        _ => {
            let (alpha, beta) = (float(node, "alpha", 0.2), float(node, "beta", 0.5));
            if near(alpha, 1.0 / 6.0) && near(beta, 0.5) {
                return alone(graph, Activation::Hardsigmoid);
            }
            let x = column(graph, x)?;
            let line = scale::scaled(graph, node, &x, &by(&x, alpha))?;
            let line = scale::shifted(graph, node, &line, &by(&line, beta))?;
            clipped(graph, node, &line, 0.0, 1.0)
        }
    }
}

/// A minimum or maximum with a number, as a Clip with one bound, or with one for each channel.
fn bound(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let place = usize::from(!graph.has(needed(node, 0, "an input")?));
    let x = graph.value(needed(node, place, "an input")?)?.clone();
    if node.input.len() != 2 {
        return Err(
            "expected one tensor and one constant, or tensors only, got a mixture; use two nodes".into()
        );
    }
    let other = needed(node, 1 - place, "a bound")?;
    if graph.constants.len(other) == 1 {
        let (array, _) = graph.constants.floats(other)?;
        let bound = array.values.first().copied().unwrap_or_default();
        return match node.op_type.as_str() {
            "Min" => clipped(graph, node, &x, f32::NEG_INFINITY, bound),
            _ => clipped(graph, node, &x, bound, f32::INFINITY),
        };
    }
    let x = column(graph, x)?;
    let array = graph.take(other)?;
    let bounds = scale::numbers(&x, &array)?;
    above(graph, node, &x, &bounds, node.op_type == "Min")
}

/// The larger of a tensor and a number for each channel, b + relu(x - b); or the smaller, b - relu(b - x).
fn above(
    graph: &mut Graph,
    node: &NodeProto,
    x: &Value,
    bounds: &[f32],
    is_below: bool,
) -> Result<Value, String> {
    let sign = if is_below { -1.0 } else { 1.0 };
    let turned = if is_below { scale::negative(graph, node, x)? } else { x.clone() };
    let by: Vec<f32> = bounds.iter().map(|bound| -sign * bound).collect();
    let more = scale::shifted(graph, node, &turned, &by)?;
    let more = graph.push_same(node, Kind::RELU, vec![], &more)?;
    let more = if is_below { scale::negative(graph, node, &more)? } else { more };
    scale::shifted(graph, node, &more, bounds)
}

/// A Clip: ReLU, ReLU6 or Hardtanh, shifted where its bounds lie otherwise. After a ReLU, the upper bound alone is left.
fn clipped(graph: &mut Graph, node: &NodeProto, x: &Value, min: f32, max: f32) -> Result<Value, String> {
    let relu = Op::Activation(Activation::Relu);
    let after_relu = x.source.filter(|&layer| x.is_sole && graph.layers[layer].0.op == relu);
    let push = |graph: &mut Graph, activation, x: &Value| {
        graph.push_same(node, Kind::Activation(activation), vec![], x)
    };
    match (min, max, after_relu) {
        (0.0, f32::MAX.., _) => push(graph, Activation::Relu, x),
        (0.0, 6.0, None) => push(graph, Activation::Relu6, x),
        (..=0.0, 6.0, Some(layer)) => {
            graph.replace_activation(layer, Activation::Relu6)?;
            Ok(x.clone())
        }
        (..=f32::MIN, f32::MAX.., _) => Ok(x.clone()),
        (min, max, _) if min == -max && max > 0.0 => {
            push(graph, Activation::Hardtanh { limit: decimal(max) }, x)
        }
        (..=f32::MIN, max, _) => {
            let x = column(graph, x.clone())?;
            above(graph, node, &x, &vec![max; x.layer_cells()[0]], true)
        }
        (min, f32::MAX.., _) => {
            let x = column(graph, x.clone())?;
            above(graph, node, &x, &vec![min; x.layer_cells()[0]], false)
        }
        (min, max, _) if min < max => {
            let x = column(graph, x.clone())?;
            let middle = vec![0.5 * (min + max); x.layer_cells()[0]];
            let negative: Vec<f32> = middle.iter().map(|x| -x).collect();
            let x = scale::shifted(graph, node, &x, &negative)?;
            let limit = decimal(0.5 * (max - min));
            let y = push(graph, Activation::Hardtanh { limit }, &x)?;
            scale::shifted(graph, node, &y, &middle)
        }
        _ => Err(format!(
            "expected a lower bound below the upper one, got {min} and {max}; the output would be the same whatever the \
             picture, choose other bounds"
        )),
    }
}

fn batch_norm(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let is_training = int(node, "training_mode", 0) != 0
        // Before version 7 the attribute is_test tells.
        || (graph.opset < 7 && int(node, "is_test", 0) == 0 && node.output.len() > 1);
    if is_training {
        return Err(
            "expected running statistics, got a batch normalisation in training mode; export the model in \
                    evaluation mode (model.eval())"
                .into(),
        );
    }
    if int(node, "spatial", 1) != 1 {
        return Err("expected statistics for each channel, got spatial = 0; export with a newer opset".into());
    }
    let x = first(graph, node)?;
    let x = column(graph, x)?;
    let is_channels = x.axes.first() == Some(&x.along(0)) && (!x.is_flat || x.is_column());
    if !is_channels && !x.is_vector() {
        return Err(format!(
            "expected channels as the axis after the batch, got {}; export the model with channels first",
            x.words()
        ));
    }
    let mut parts = Vec::new();
    for (place, part) in
        [Part::Weight, Part::Bias, Part::RunningMean, Part::RunningVar].into_iter().enumerate()
    {
        let array = graph.take(needed(node, place + 1, "a statistic or its scale")?)?;
        parts.push((part, if x.is_vector() { dense::turned(&x, array) } else { array }));
    }
    // ONNX weights the old statistic, PyTorch and this program the new one; rounded to the precision of an f32.
    let momentum = 1.0 - optional_float(node, "momentum").map_or(0.9, decimal);
    let momentum = format!("{momentum:.7}").parse().unwrap_or(momentum);
    let spec = BatchNormSpec { eps: float(node, "epsilon", 1e-5), momentum };
    graph.push_same(node, Kind::BatchNorm2d(spec), parts, &x)
}

/// A dropout; in training mode its output is drawn at random, which is refused as a batch normalisation in training mode
/// is.
fn dropout(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let is_training = match input(node, 2) {
        Some(mode) => graph.constants.ints(mode)?.values.iter().any(|&mode| mode != 0),
        // Before version 7 the attribute is_test tells.
        None => graph.opset < 7 && int(node, "is_test", 0) == 0,
    };
    if is_training {
        return Err("expected a dropout that passes its input through, got one in training mode, whose output is drawn at \
                    random; export the model in evaluation mode (model.eval())"
            .into());
    }
    let p = float_or_input(node, &graph.constants, "ratio", 1)?.map_or(0.5, decimal);
    let x = first(graph, node)?;
    graph.push_same(node, Kind::Dropout(DropoutSpec { p }), vec![], &x)
}

/// ONNX's window reaches one channel less before the middle than after it if its size is even, PyTorch's one more: such a
/// size is refused.
fn local_response_norm(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    maps(&x)?;
    let size = int(node, "size", 0);
    if size < 1 || size % 2 == 0 {
        return Err(format!(
            "expected an odd size of at least 1, got {size}; even windows lie differently in ONNX and here: use an odd size \
             and train again"
        ));
    }
    let spec = LrnSpec {
        size: usize::try_from(size).unwrap_or(usize::MAX),
        alpha: float(node, "alpha", 1e-4),
        beta: float(node, "beta", 0.75),
        k: float(node, "bias", 1.0),
    };
    graph.push_same(node, Kind::LocalResponseNorm(spec), vec![], &x)
}

/// A softmax over the channels of each cell, or over all features.
fn softmax(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let x = column(graph, x)?;
    let rank = x.axes.len() as i64 + 1;
    // Before version 13, all axes from this one on are flattened.
    let axis = int(node, "axis", if graph.opset < 13 { 1 } else { -1 });
    let axis = axis.saturating_add(if axis < 0 { rank } else { 0 });
    let over = usize::try_from(axis - 1).ok().filter(|&axis| axis < x.axes.len());
    let over = over.map(|axis| match graph.opset < 13 {
        true => x.axes[axis..].concat(),
        false => x.axes[axis].clone(),
    });
    let is_channels = over.as_ref() == Some(&x.along(0)) && (!x.is_flat || x.is_column());
    if is_channels || (x.is_vector() && axis == 1) {
        return graph.push_same(node, Kind::Softmax, vec![], &x);
    }
    Err(format!(
        "expected a softmax over the channels, got axis {axis} of {}; only channels are supported",
        x.words()
    ))
}
