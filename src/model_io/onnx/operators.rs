//! The operators of a plain chain, as equivalent layers of this program. Operators without an exact equivalent are
//! refused.
//!
//! Attributes and their defaults are those of `docs/Operators.md` of the ONNX specification, versions 7 to 28.

use super::{
    attributes::{
        decimal, float, float_or_input, input, int, ints, ints_or_input, listed, needed, optional_float,
        pair, text,
    },
    chain::Chain,
    constant::{Array, quoted},
    proto::NodeProto,
};
use crate::nn::{
    Activation, Op, Part,
    spec::{AvgPoolSpec, BatchNormSpec, ConvSpec, DenseSpec, DropoutSpec, Kind, LrnSpec, MaxPoolSpec, Pair},
};

/// The supported operators, for error messages.
pub const KNOWN: &str = "Add (a bias), AveragePool, BatchNormalization, Clip (as ReLU or ReLU6), Conv, Dropout, Elu, \
                         Flatten, Gelu, Gemm, GlobalAveragePool, GlobalMaxPool, HardSigmoid, HardSwish, Identity, \
                         LRN, LeakyRelu, LogSoftmax (the last), MatMul, MaxPool, Mish, Mul (by its Sigmoid), PRelu (one \
                         slope), ReduceMean (over a map), Relu, Reshape (that flattens), Selu, Sigmoid, Softmax, Softplus, \
                         Squeeze, Tanh";

/// Appends the layer of a node that reads the chain's tensor.
///
/// # Errors
/// If no layer of this program is equivalent.
pub fn append(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    match node.op_type.as_str() {
        "Identity" => Ok(()),
        "Conv" => conv(chain, node),
        "MaxPool" => max_pool(chain, node),
        "AveragePool" => average_pool(chain, node),
        "GlobalAveragePool" => maps(chain).and_then(|()| chain.push(node, Kind::GlobalAvgPool2d, vec![])),
        "GlobalMaxPool" => {
            maps(chain)?;
            let [_, h, w] = chain.cells;
            let kind = MaxPoolSpec {
                kernel: Pair([h, w]),
                stride: None,
                padding: Pair::square(0),
                ..MaxPoolSpec::new(1)
            };
            chain.push(node, Kind::MaxPool2d(kind), vec![])
        }
        "ReduceMean" => reduce_mean(chain, node),
        "Relu" | "LeakyRelu" | "PRelu" | "Tanh" | "Sigmoid" | "Elu" | "Selu" | "Gelu" | "Softplus"
        | "HardSwish" | "HardSigmoid" | "Mish" => {
            let activation = activation(chain, node)?;
            chain.push(node, Kind::Activation(activation), vec![])
        }
        "Mul" => silu(chain, node),
        "Clip" => clip(chain, node),
        "BatchNormalization" => batch_norm(chain, node),
        "Dropout" => dropout(chain, node),
        "Flatten" => flatten(chain, node),
        "Reshape" => reshape(chain, node),
        "Squeeze" => squeeze(chain, node),
        "Gemm" => gemm(chain, node),
        "MatMul" => mat_mul(chain, node),
        "Add" => {
            let is_first = node.input.first().is_some_and(|name| name == chain.at);
            let other = needed(node, usize::from(is_first), "a bias")?;
            if !chain.constants.has(other) {
                return Err(format!(
                    "expected a bias stored in the file, got {}, which is computed; only a plain chain of layers can \
                     be opened, without branches that join",
                    quoted(other)
                ));
            }
            let bias = chain.take(other)?;
            chain.add_bias(bias)
        }
        "LRN" => local_response_norm(chain, node),
        "Softmax" => softmax_axis(chain, node).and_then(|()| chain.push(node, Kind::Softmax, vec![])),
        "LogSoftmax" => {
            softmax_axis(chain, node)?;
            chain.has_ended = true;
            let note = "the final LogSoftmax was omitted, because the cross-entropy loss contains it";
            chain.notes.push(note.into());
            Ok(())
        }
        _ => Err(format!(
            "expected a supported operator, got another one; the supported operators are {KNOWN}: replace it in the model \
             and export again"
        )),
    }
}

/// Checks that the tensor has rows and columns.
fn maps(chain: &Chain) -> Result<(), String> {
    match chain.is_vector {
        false => Ok(()),
        true => Err(
            "expected an input with rows and columns, got a flattened one; move the layer before the Flatten"
                .into(),
        ),
    }
}

/// Checks that the tensor is (batch, features).
fn vector(chain: &Chain) -> Result<(), String> {
    match chain.is_vector {
        true => Ok(()),
        false => {
            Err(format!("expected a flattened input, got maps of {:?}; put a Flatten before it", chain.cells))
        }
    }
}

/// The activation of a node that is one.
fn activation(chain: &mut Chain, node: &NodeProto) -> Result<Activation, String> {
    let fixed = |name: &str, default: f64, ours: f64| {
        let value = float(node, name, default);
        if (value - ours).abs() < 1e-6 {
            return Ok(());
        }
        let ours = ours as f32;
        Err(format!("expected {name} = {ours}, got {value}; use PyTorch's form of it and export again"))
    };
    match node.op_type.as_str() {
        "Relu" => Ok(Activation::Relu),
        "LeakyRelu" => Ok(Activation::LeakyRelu { slope: float(node, "alpha", 0.01) }),
        "PRelu" => {
            let slopes = chain.take(needed(node, 1, "a slope")?)?.values;
            match slopes.as_slice() {
                [slope, rest @ ..] if rest.iter().all(|other| other == slope) => {
                    Ok(Activation::LeakyRelu { slope: decimal(*slope) })
                }
                _ => Err(format!(
                    "expected one slope for all channels, got {} different ones; use PReLU with one parameter and \
                     train again",
                    slopes.len()
                )),
            }
        }
        "Tanh" => Ok(Activation::Tanh),
        "Sigmoid" => Ok(Activation::Sigmoid),
        "Elu" => Ok(Activation::Elu { alpha: float(node, "alpha", 1.0) }),
        "Selu" => {
            fixed("alpha", 1.673_263_2, 1.673_263_2)?;
            fixed("gamma", 1.050_701, 1.050_701)?;
            Ok(Activation::Selu)
        }
        "Gelu" => match text(node, "approximate").unwrap_or("none") {
            "none" => Ok(Activation::Gelu),
            "tanh" => Ok(Activation::GeluTanh),
            other => {
                Err(format!("expected approximate none or tanh, got {}; export it again", quoted(other)))
            }
        },
        "Softplus" => Ok(Activation::Softplus),
        "HardSwish" => Ok(Activation::Hardswish),
        "HardSigmoid" => {
            fixed("alpha", 0.2, 1.0 / 6.0)?;
            fixed("beta", 0.5, 0.5)?;
            Ok(Activation::Hardsigmoid)
        }
        "Mish" => Ok(Activation::Mish),
        other => Err(format!(
            "expected an activation, got {}; only a plain chain of layers can be opened",
            quoted(other)
        )),
    }
}

/// A product of a tensor and its sigmoid, which exporters write for SiLU: it takes the place of the sigmoid.
fn silu(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    let is_first = node.input.first().is_some_and(|name| name == chain.at);
    let other = needed(node, usize::from(is_first), "a factor")?;
    let is_sigmoid =
        chain.layers.last().is_some_and(|(layer, _)| layer.op == Op::Activation(Activation::Sigmoid));
    if !is_sigmoid || chain.read.as_deref() != Some(other) {
        return Err(format!(
            "expected a product of a tensor and its Sigmoid, as SiLU is, got a product with {}; only a plain chain of \
             layers can be opened, without other products",
            quoted(other)
        ));
    }
    chain.layers.pop();
    chain.push(node, Kind::Activation(Activation::Silu), vec![])
}

fn conv(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    maps(chain)?;
    let weight = chain.take(needed(node, 1, "a weight")?)?;
    let &[out_channels, _, kh, kw] = weight.dims.as_slice() else {
        return Err(format!(
            "expected a weight with 4 axes (out, in, rows, columns), got {}; use two-dimensional convolutions",
            weight.dims.len()
        ));
    };
    let kernel = pair(node, "kernel_shape", Some([kh, kw]))?;
    let (stride, dilation) = (pair(node, "strides", Some([1; 2]))?, pair(node, "dilations", Some([1; 2]))?);
    let padding = padding(chain, node, kernel, stride, dilation)?;
    let groups = int(node, "group", 1);
    let groups = usize::try_from(groups).map_err(|_| {
        format!("expected a group of at least 1, got {groups}; the file is damaged, export it again")
    })?;
    let mut parts = vec![(Part::Weight, weight)];
    if let Some(bias) = input(node, 2) {
        parts.push((Part::Bias, chain.take(bias)?));
    }
    let spec = ConvSpec {
        out_channels,
        kernel: Pair(kernel),
        stride: Pair(stride),
        padding: Pair(padding),
        dilation: Pair(dilation),
        groups,
        bias: parts.len() == 2,
        normalize: false,
        ..ConvSpec::new(1, 1)
    };
    chain.push(node, Kind::Conv2d(spec), parts)
}

fn max_pool(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    let (kernel, stride, padding) = window(chain, node)?;
    let spec = MaxPoolSpec {
        kernel,
        stride: Some(stride).filter(|&stride| stride != kernel),
        padding,
        ..MaxPoolSpec::new(1)
    };
    chain.push(node, Kind::MaxPool2d(spec), vec![])
}

fn average_pool(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    let (kernel, stride, padding) = window(chain, node)?;
    // Without padding the two are equal.
    let count_include_pad = int(node, "count_include_pad", 0) != 0 || padding == Pair::square(0);
    let stride = Some(stride).filter(|&stride| stride != kernel);
    chain.push(
        node,
        Kind::AvgPool2d(AvgPoolSpec { kernel, stride, padding, count_include_pad, ..AvgPoolSpec::new(1) }),
        vec![],
    )
}

/// Kernel, stride and padding of a pool.
fn window(chain: &Chain, node: &NodeProto) -> Result<(Pair, Pair, Pair), String> {
    maps(chain)?;
    let kernel = pair(node, "kernel_shape", None)?;
    // ONNX's default stride is 1, not the kernel.
    let stride = pair(node, "strides", Some([1; 2]))?;
    let dilation = pair(node, "dilations", Some([1; 2]))?;
    if dilation != [1; 2] {
        return Err(format!("expected dilations of 1 in a pool, got {dilation:?}; pool without dilation"));
    }
    let padding = padding(chain, node, kernel, stride, dilation)?;
    if int(node, "ceil_mode", 0) != 0 {
        for (name, d) in [("rows", 0), ("columns", 1)] {
            let len = (chain.cells[d + 1] + 2 * padding[d]).checked_sub(kernel[d]);
            if stride[d] == 0 || len.is_none_or(|len| len % stride[d] != 0) {
                return Err(format!(
                    "expected windows that cover all {name} evenly, got ceil_mode = 1 on {} {name} with kernel {}, stride \
                     {}, padding {}; export with ceil_mode = 0 or change the input's size",
                    chain.cells[d + 1],
                    kernel[d],
                    stride[d],
                    padding[d]
                ));
            }
        }
    }
    Ok((Pair(kernel), Pair(stride), Pair(padding)))
}

/// The padding of rows and columns, which must be the same on both sides.
fn padding(
    chain: &Chain,
    node: &NodeProto,
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
) -> Result<[usize; 2], String> {
    /// The largest numbers whose sum cannot overflow.
    const LARGEST: usize = 1 << 24;
    if let Some(big) = [kernel, stride, dilation].into_iter().flatten().find(|&n| n > LARGEST) {
        return Err(format!(
            "expected kernel, stride and dilation of at most {LARGEST}, got {big}; use smaller numbers"
        ));
    }
    let uneven = |begin: &[i64], end: &[i64]| {
        Err(format!(
            "expected the same padding on both sides, got {} before and {} after; pad symmetrically and export again",
            listed(begin),
            listed(end)
        ))
    };
    match text(node, "auto_pad").unwrap_or("NOTSET") {
        "" | "NOTSET" => {
            match ints(node, "pads") {
                None | Some([]) => Ok([0; 2]),
                Some(&[top, left, bottom, right]) if top == bottom && left == right => {
                    let side = |n: i64| usize::try_from(n).ok().filter(|&n| n <= LARGEST);
                    side(top).zip(side(left)).map(|(rows, cols)| [rows, cols]).ok_or_else(|| {
                    format!("expected a padding from 0 to {LARGEST}, got {top} and {left}; crop in another way")
                })
                }
                Some([begin @ .., bottom, right]) if begin.len() == 2 => uneven(begin, &[*bottom, *right]),
                Some(pads) => Err(format!(
                    "expected four numbers in pads, got {}; use two-dimensional layers",
                    listed(pads)
                )),
            }
        }
        "VALID" => Ok([0; 2]),
        // SAME: as many outputs as inputs divided by the stride, rounded up.
        "SAME_UPPER" | "SAME_LOWER" => {
            let total = |d: usize| {
                let len = chain.cells[d + 1];
                let reach = dilation[d] * kernel[d].saturating_sub(1) + 1;
                (len.div_ceil(stride[d].max(1)).saturating_sub(1) * stride[d] + reach).saturating_sub(len)
            };
            let [rows, cols] = [total(0), total(1)];
            if rows % 2 != 0 || cols % 2 != 0 {
                let half = |n: usize, up: usize| ((n + up) / 2) as i64;
                return uneven(&[half(rows, 0), half(cols, 0)], &[half(rows, 1), half(cols, 1)]);
            }
            Ok([rows / 2, cols / 2])
        }
        other => {
            Err(format!("expected auto_pad NOTSET, VALID or SAME, got {}; export it again", quoted(other)))
        }
    }
}

fn reduce_mean(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    maps(chain)?;
    let mut axes = ints_or_input(node, &chain.constants, "axes", 1)?.unwrap_or_default();
    for axis in &mut axes {
        *axis += if *axis < 0 { 4 } else { 0 };
    }
    axes.sort_unstable();
    if axes != [2, 3] {
        return Err(format!(
            "expected a mean over rows and columns (axes 2 and 3), got axes {}; only these axes are supported",
            listed(&axes)
        ));
    }
    chain.push(node, Kind::GlobalAvgPool2d, vec![])?;
    chain.is_vector = int(node, "keepdims", 1) == 0;
    Ok(())
}

fn clip(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    let min = float_or_input(node, &chain.constants, "min", 1)?.unwrap_or(f32::NEG_INFINITY);
    let max = float_or_input(node, &chain.constants, "max", 2)?.unwrap_or(f32::INFINITY);
    match (min, max) {
        (0.0, f32::MAX..) => chain.push(node, Kind::RELU, vec![]),
        (0.0, 6.0) => chain.push(node, Kind::Activation(Activation::Relu6), vec![]),
        (..=f32::MIN, f32::MAX..) => Ok(()),
        _ => Err(format!(
            "expected bounds 0 and infinity, as ReLU has, or 0 and 6, as ReLU6 has, got {min} and {max}; replace it by \
             one of them and train again"
        )),
    }
}

fn batch_norm(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    if int(node, "training_mode", 0) != 0 {
        return Err(
            "expected running statistics, got a batch normalisation in training mode; export the model in \
                    evaluation mode (model.eval())"
                .into(),
        );
    }
    if int(node, "spatial", 1) != 1 {
        return Err("expected statistics for each channel, got spatial = 0; export with a newer opset".into());
    }
    let parts = [Part::Weight, Part::Bias, Part::RunningMean, Part::RunningVar];
    let parts = parts
        .into_iter()
        .enumerate()
        .map(|(place, part)| Ok((part, chain.take(needed(node, place + 1, "a statistic or its scale")?)?)));
    let parts = parts.collect::<Result<Vec<_>, String>>()?;
    // ONNX weights the old statistic, PyTorch and this program the new one; rounded to the precision of an f32.
    let momentum = 1.0 - optional_float(node, "momentum").map_or(0.9, decimal);
    let momentum = format!("{momentum:.7}").parse().unwrap_or(momentum);
    let spec = BatchNormSpec { eps: float(node, "epsilon", 1e-5), momentum };
    chain.push(node, Kind::BatchNorm2d(spec), parts)
}

/// A dropout; in training mode its output is drawn at random, which is refused as a batch normalisation in training mode
/// is.
fn dropout(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    let is_training = match input(node, 2) {
        Some(mode) => chain.constants.ints(mode)?.values.iter().any(|&mode| mode != 0),
        None => false,
    };
    if is_training {
        return Err("expected a dropout that passes its input through, got one in training mode, whose output is drawn at \
                    random; export the model in evaluation mode (model.eval())"
            .into());
    }
    let p = float_or_input(node, &chain.constants, "ratio", 1)?.map_or(0.5, decimal);
    chain.push(node, Kind::Dropout(DropoutSpec { p }), vec![])
}

/// ONNX's window reaches one channel less before the middle than after it if its size is even, PyTorch's one more: such a
/// size is refused.
fn local_response_norm(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    maps(chain)?;
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
    chain.push(node, Kind::LocalResponseNorm(spec), vec![])
}

fn flatten(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    let axis = int(node, "axis", 1);
    let rank = if chain.is_vector { 2 } else { 4 };
    match axis {
        1 if chain.is_vector => Ok(()),
        _ if axis == 1 || axis == 1 - rank => chain.push(node, Kind::Flatten, vec![]),
        _ => Err(format!(
            "expected a Flatten of each example (axis 1), got axis {axis}; flatten from axis 1 on"
        )),
    }
}

fn reshape(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    let shape = chain.constants.ints(needed(node, 1, "a shape")?)?.values;
    let [c, h, w] = chain.cells;
    let features = (c * h * w) as i64;
    // 0 stands for the input's own extent, the batch; so does -1 if all other extents are given.
    let is_batch = |n: i64| n == 0 || n == 1 || n == -1 || Some(n) == chain.batch;
    match shape.as_slice() {
        &[n, f] if is_batch(n) && (f == features || (f == -1 && n != -1)) => match chain.is_vector {
            true => Ok(()),
            false => chain.push(node, Kind::Flatten, vec![]),
        },
        &[n, a, b, d]
            if !chain.is_vector && is_batch(n) && [a, b, d] == [c, h, w].map(|extent| extent as i64) =>
        {
            Ok(())
        }
        other => Err(format!(
            "expected a Reshape that flattens, to (batch, {features}), got {}; only flattening is supported",
            listed(other)
        )),
    }
}

fn squeeze(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    let axes = ints_or_input(node, &chain.constants, "axes", 1)?;
    let [_, h, w] = chain.cells;
    let mut axes = axes.unwrap_or_default();
    for axis in &mut axes {
        *axis += if *axis < 0 { 4 } else { 0 };
    }
    axes.sort_unstable();
    if chain.is_vector || [h, w] != [1, 1] || axes != [2, 3] {
        return Err(format!(
            "expected a Squeeze of maps of one cell to (batch, channels) (axes 2 and 3), got axes {} of maps of {h} x {w}; \
             flatten in another way",
            listed(&axes)
        ));
    }
    chain.push(node, Kind::Flatten, vec![])
}

fn gemm(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    vector(chain)?;
    if needed(node, 0, "an input")? != chain.at || int(node, "transA", 0) != 0 {
        return Err(
            "expected the features as the left operand, not transposed, got them elsewhere; export it again"
                .into(),
        );
    }
    let has_bias = input(node, 2).is_some();
    let (alpha, beta) = (float(node, "alpha", 1.0), float(node, "beta", 1.0));
    if alpha != 1.0 || (has_bias && beta != 1.0) {
        return Err(format!(
            "expected alpha = 1 and beta = 1, got {alpha} and {beta}; scale the weights instead"
        ));
    }
    let weight = dense_weight(chain, node, int(node, "transB", 0) != 0)?;
    let out_features = weight.dims[0];
    let mut parts = vec![(Part::Weight, weight)];
    if let Some(bias) = input(node, 2) {
        let bias = chain.take(bias)?;
        // A single number is repeated for all outputs.
        let values = if bias.values.len() == 1 { bias.values.repeat(out_features) } else { bias.values };
        parts.push((Part::Bias, Array { dims: vec![values.len()], values }));
    }
    chain.push(node, Kind::Dense(DenseSpec { out_features, bias: has_bias }), parts)
}

fn mat_mul(chain: &mut Chain, node: &NodeProto) -> Result<(), String> {
    vector(chain)?;
    if needed(node, 0, "an input")? != chain.at {
        return Err(
            "expected the features as the left operand, got them as the right one; export it again".into()
        );
    }
    let weight = dense_weight(chain, node, false)?;
    let spec = DenseSpec { out_features: weight.dims[0], bias: false };
    chain.push(node, Kind::Dense(spec), vec![(Part::Weight, weight)])
}

/// The second input as (out, in); it is (in, out) unless `is_transposed`.
fn dense_weight(chain: &mut Chain, node: &NodeProto, is_transposed: bool) -> Result<Array<f32>, String> {
    let weight = chain.take(needed(node, 1, "a weight")?)?;
    let &[rows, cols] = weight.dims.as_slice() else {
        return Err(format!(
            "expected a weight with 2 axes, got {}; use a plain dense layer",
            weight.dims.len()
        ));
    };
    let [o, i] = if is_transposed { [rows, cols] } else { [cols, rows] };
    let features = chain.cells.iter().product::<usize>();
    if i != features || o == 0 {
        return Err(format!(
            "expected a weight for {features} inputs, got {i} inputs and {o} outputs; the file is damaged, export it again"
        ));
    }
    let values = match is_transposed {
        true => weight.values,
        false => (0..o * i).map(|cell| weight.values[cell % i * o + cell / i]).collect(),
    };
    Ok(Array { dims: vec![o, i], values })
}

/// Checks that a softmax is over the channels of each example.
fn softmax_axis(chain: &Chain, node: &NodeProto) -> Result<(), String> {
    let (rank, [_, h, w]) = (if chain.is_vector { 2 } else { 4 }, chain.cells);
    // Before version 13, all axes from this one on are flattened.
    let axis = int(node, "axis", if chain.opset < 13 { 1 } else { -1 });
    let axis = axis + if axis < 0 { rank } else { 0 };
    if axis == 1 && (chain.opset >= 13 || [h, w] == [1, 1]) {
        return Ok(());
    }
    Err(format!(
        "expected a softmax over the channels (axis 1), got axis {axis} of {rank}; only channels are supported"
    ))
}
