//! Convolutions, pools and means over maps.

#![expect(clippy::arithmetic_side_effects, reason = "numbers within limits, and cells of a layer's output")]

use super::{
    attributes::{input, int, ints, ints_or_input, listed, needed, text},
    constant::Array,
    graph::Graph,
    input::{first, maps},
    names::quoted,
    over_channels::{are_channels, mean_of_channels},
    proto::NodeProto,
    value::Value,
};
use crate::nn::{
    Op, Part,
    spec::{AvgPoolSpec, ConvSpec, Kind, MaxPoolSpec, Pair},
};

/// Rows and columns from an attribute of as many numbers as the tensor has axes beside channels; one-dimensional layers
/// have one row.
///
/// # Errors
/// If there are others.
pub fn pair(
    node: &NodeProto,
    x: &Value,
    name: &str,
    default: Option<[usize; 2]>,
) -> Result<[usize; 2], String> {
    let numbers = match (ints(node, name), default) {
        (Some(numbers), _) => numbers,
        (None, Some(default)) => return Ok(default),
        (None, None) => return Err(format!("expected {name}, got none; export the model again")),
    };
    let wanted = x.axes.len().saturating_sub(1).min(2);
    let list: Option<Vec<usize>> = numbers.iter().take(3).map(|&n| usize::try_from(n).ok()).collect();
    match list.as_deref() {
        Some(&[rows, cols]) if wanted == 2 => Ok([rows, cols]),
        Some(&[cols]) if wanted == 1 => Ok([1, cols]),
        _ => Err(format!(
            "expected {} of at least 0 in {name}, got {}; use one- or two-dimensional layers",
            if wanted == 1 { "one number" } else { "two numbers" },
            listed(numbers)
        )),
    }
}

/// Checks that no Pad with the lowest number came before.
fn unlowered(x: Value) -> Result<Value, String> {
    if x.is_low { x.unpadded() } else { Ok(x) }
}

/// A convolution.
///
/// # Errors
/// If its sizes don't fit its input.
pub fn conv(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = unlowered(first(graph, node)?)?;
    maps(&x)?;
    let weight = graph.take(needed(node, 1, "a weight")?)?;
    let weight = match (weight.dims.as_slice(), x.axes.len()) {
        (&[o, i, cols], 2) => Array { dims: vec![o, i, 1, cols], ..weight },
        _ => weight,
    };
    let &[out_channels, _, kh, kw] = weight.dims.as_slice() else {
        return Err(format!(
            "expected a weight with {} axes (out, in, rows, columns), got {}; use one- or two-dimensional convolutions",
            x.axes.len() + 1,
            weight.dims.len()
        ));
    };
    let kernel = pair(node, &x, "kernel_shape", Some([kh, kw]))?;
    let stride = pair(node, &x, "strides", Some([1; 2]))?;
    let dilation = pair(node, &x, "dilations", Some([1; 2]))?;
    let (padding, padding_end) = sides(padding(&x, node, kernel, stride, dilation)?, x.pad);
    let groups = int(node, "group", 1);
    let groups = usize::try_from(groups).map_err(|_| {
        format!("expected a group of at least 1, got {groups}; the file is damaged, export it again")
    })?;
    let mut parts = vec![(Part::Weight, weight)];
    if let Some(bias) = input(node, 2) {
        parts.push((Part::Bias, graph.take(bias)?));
    }
    let spec = ConvSpec {
        out_channels,
        kernel: Pair(kernel),
        stride: Pair(stride),
        padding,
        padding_end,
        dilation: Pair(dilation),
        groups,
        bias: parts.len() == 2,
        normalize: false,
    };
    graph.push_maps(node, Kind::Conv2d(spec), parts, &Value { pad: [0; 4], ..x })
}

/// A max pool.
///
/// # Errors
/// If its sizes don't fit its input.
pub fn max_pool(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    // Zeros never win over what is never below them.
    let is_positive = x.source.is_some_and(|layer| {
        matches!(graph.layers[layer].0.op, Op::Activation(activation) if activation.range()[0] >= 0.0)
    });
    let x = if is_positive || x.is_low { x } else { graph.settled(node, x)? };
    let window = Window::read(&x, node)?;
    let spec = MaxPoolSpec {
        kernel: window.kernel,
        stride: Some(window.stride).filter(|&stride| stride != window.kernel),
        padding: window.padding,
        padding_end: window.padding_end,
        dilation: window.dilation,
        ceil_mode: window.ceil_mode,
    };
    graph.push_maps(node, Kind::MaxPool2d(spec), vec![], &Value { pad: [0; 4], is_low: false, ..x })
}

/// An average pool.
///
/// # Errors
/// If its sizes don't fit its input.
pub fn average_pool(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = unlowered(first(graph, node)?)?;
    let is_counted = int(node, "count_include_pad", 0) != 0;
    // The zeros of a Pad count, a padding of the pool's own may not.
    let x = match is_counted {
        true => x,
        false => {
            let own = Window::read(&x, node)?.own_padding;
            if own == [[0; 2]; 2] { x } else { graph.settled(node, x)? }
        }
    };
    let window = Window::read(&x, node)?;
    if window.dilation != Pair::square(1) {
        return Err(format!(
            "expected dilations of 1 in an average pool, got {:?}; pool without dilation",
            window.dilation.0
        ));
    }
    let is_padded = window.padding != Pair::square(0) || window.padding_end.is_some();
    // Without padding the two are equal; the zeros of a Pad count.
    let count_include_pad = is_counted || !is_padded || x.pad != [0; 4];
    let spec = AvgPoolSpec {
        kernel: window.kernel,
        stride: Some(window.stride).filter(|&stride| stride != window.kernel),
        padding: window.padding,
        padding_end: window.padding_end,
        ceil_mode: window.ceil_mode,
        count_include_pad,
    };
    graph.push_maps(node, Kind::AvgPool2d(spec), vec![], &Value { pad: [0; 4], ..x })
}

/// A pool over whole maps.
///
/// # Errors
/// If its input has no rows and columns.
pub fn global_pool(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    maps(&x)?;
    let kind = match node.op_type.as_str() {
        "GlobalAveragePool" => Kind::GlobalAvgPool2d,
        _ => whole_max(&x),
    };
    graph.push_maps(node, kind, vec![], &x)
}

fn whole_max(x: &Value) -> Kind {
    let [_, h, w] = x.layer_cells();
    Kind::MaxPool2d(MaxPoolSpec {
        kernel: Pair([h, w]),
        stride: None,
        padding: Pair::square(0),
        ..MaxPoolSpec::new(1)
    })
}

/// A mean, maximum or sum over rows, columns or both.
///
/// # Errors
/// If it is over other axes.
pub fn reduce(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let is_least = node.op_type == "ReduceMin";
    let x = if is_least { super::scale::negative(graph, node, &x)? } else { x };
    let rank = x.axes.len() + 1;
    let axes = ints_or_input(node, &graph.constants, "axes", 1)?.unwrap_or_default();
    if axes.is_empty() {
        return match int(node, "noop_with_empty_axes", 0) {
            _ if is_least => Err("expected rows and columns as axes, got none; reduce rows and columns only".into()),
            0 => Err("expected rows and columns as axes, got all axes, the batch among them; reduce rows and columns only".into()),
            _ => Ok(x),
        };
    }
    let axes = axes.iter().map(|&axis| super::fold::axis_of(axis, rank)).collect::<Result<Vec<_>, _>>()?;
    let is_reduced = |place: usize| axes.contains(&(place + 1));
    let over: Vec<usize> = (0..x.axes.len()).filter(|&place| is_reduced(place)).collect();
    let own: Vec<usize> = over.iter().flat_map(|&place| x.axes[place].iter().copied()).collect();
    let is_sum = matches!(node.op_type.as_str(), "ReduceMean" | "ReduceSum");
    let is_kept = |place: &usize| int(node, "keepdims", 1) != 0 || !is_reduced(*place);
    let kept: Vec<Vec<usize>> =
        (0..x.axes.len()).filter(is_kept).map(|place| x.axes[place].clone()).collect();
    if is_sum && !axes.contains(&0) && !x.is_vector() && are_channels(&x, &own) {
        let factor = if node.op_type == "ReduceSum" { 1.0 } else { 1.0 / x.cells[0] as f32 };
        return Ok(Value { axes: kept, ..mean_of_channels(graph, node, &x, factor)? });
    }
    if axes.contains(&0) || own.contains(&0) || x.is_vector() || (x.is_flat && !x.is_column()) {
        return Err(format!(
            "expected a reduction over rows and columns, got axes {} of {}; only these axes can be reduced",
            listed(&axes.iter().map(|&axis| axis as i64).collect::<Vec<_>>()),
            x.words()
        ));
    }
    let [_, h, w] = x.cells;
    let kernel = [1, 2].map(|axis| if own.contains(&axis) { x.cells[axis] } else { 1 });
    let is_whole = kernel == [h, w];
    let kind = match node.op_type.as_str() {
        "ReduceMax" | "ReduceMin" => {
            Kind::MaxPool2d(MaxPoolSpec { kernel: Pair(kernel), ..MaxPoolSpec::new(1) })
        }
        _ if is_whole => Kind::GlobalAvgPool2d,
        _ => Kind::AvgPool2d(AvgPoolSpec { kernel: Pair(kernel), ..AvgPoolSpec::new(1) }),
    };
    let source = Some(graph.push(node, kind, vec![], &x)?);
    let cells = [x.cells[0], h / kernel[0], w / kernel[1]];
    let made = Value { is_sole: true, ..Value::new(source, cells, cells[1..] == [1, 1], kept) };
    match node.op_type.as_str() {
        "ReduceMin" => super::scale::negative(graph, node, &made),
        "ReduceSum" => {
            let count = (kernel[0] * kernel[1]) as f32;
            super::scale::scaled(graph, node, &made, &vec![count; made.cells[0]])
        }
        _ => Ok(made),
    }
}

/// The largest numbers whose sum cannot overflow.
pub const LARGEST: usize = 1 << 24;

/// The numbers of a pool's window.
struct Window {
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    padding_end: Option<Pair>,
    /// Without what a Pad has added: before and after.
    own_padding: [[usize; 2]; 2],
    dilation: Pair,
    ceil_mode: bool,
}

impl Window {
    fn read(x: &Value, node: &NodeProto) -> Result<Self, String> {
        maps(x)?;
        let kernel = pair(node, x, "kernel_shape", None)?;
        // ONNX's default stride is 1, not the kernel.
        let stride = pair(node, x, "strides", Some([1; 2]))?;
        let dilation = pair(node, x, "dilations", Some([1; 2]))?;
        let own_padding = padding(x, node, kernel, stride, dilation)?;
        let (padding, padding_end) = sides(own_padding, x.pad);
        let ceil_mode = int(node, "ceil_mode", 0) != 0;
        let [kernel, stride, dilation] = [kernel, stride, dilation].map(Pair);
        Ok(Self { kernel, stride, padding, padding_end, own_padding, dilation, ceil_mode })
    }
}

/// A layer's own padding, before and after, and that of a Pad before it; the second is `None` if both are equal.
fn sides([before, after]: [[usize; 2]; 2], [top, left, bottom, right]: [usize; 4]) -> (Pair, Option<Pair>) {
    let before = Pair([before[0] + top, before[1] + left]);
    let after = Pair([after[0] + bottom, after[1] + right]);
    (before, Some(after).filter(|&after| after != before))
}

/// The padding of rows and columns: before and after.
fn padding(
    x: &Value,
    node: &NodeProto,
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
) -> Result<[[usize; 2]; 2], String> {
    if let Some(big) = [kernel, stride, dilation].into_iter().flatten().find(|&n| n > LARGEST) {
        return Err(format!(
            "expected kernel, stride and dilation of at most {LARGEST}, got {big}; use smaller numbers"
        ));
    }
    // A one-dimensional layer has no rows to pad.
    let pads = ints(node, "pads").map(|pads| match (pads, x.axes.len()) {
        (&[before, after], 2) => vec![0, before, 0, after],
        _ => pads.to_vec(),
    });
    match text(node, "auto_pad").unwrap_or("NOTSET") {
        "" | "NOTSET" => match pads.as_deref() {
            None | Some([]) => Ok([[0; 2]; 2]),
            Some(&[top, left, bottom, right]) => {
                let side = |n: i64| usize::try_from(n).ok().filter(|&n| n <= LARGEST);
                let sides = [top, left, bottom, right].map(side);
                let [Some(top), Some(left), Some(bottom), Some(right)] = sides else {
                    return Err(format!(
                        "expected a padding from 0 to {LARGEST}, got {}; crop in another way",
                        listed(&[top, left, bottom, right])
                    ));
                };
                Ok([[top, left], [bottom, right]])
            }
            Some(pads) => Err(format!(
                "expected four numbers in pads, got {}; use two-dimensional layers",
                listed(pads)
            )),
        },
        "VALID" => Ok([[0; 2]; 2]),
        // SAME: as many outputs as inputs divided by the stride, rounded up.
        same @ ("SAME_UPPER" | "SAME_LOWER") => {
            let total = |d: usize| {
                let len = x.cells[d + 1] + x.pad[d] + x.pad[d + 2];
                let reach = dilation[d] * kernel[d].saturating_sub(1) + 1;
                (len.div_ceil(stride[d].max(1)).saturating_sub(1) * stride[d] + reach).saturating_sub(len)
            };
            let less = [total(0) / 2, total(1) / 2];
            let more = [total(0) - less[0], total(1) - less[1]];
            Ok(if same == "SAME_UPPER" { [less, more] } else { [more, less] })
        }
        other => {
            Err(format!("expected auto_pad NOTSET, VALID or SAME, got {}; export it again", quoted(other)))
        }
    }
}
