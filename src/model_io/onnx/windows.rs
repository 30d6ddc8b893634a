//! Convolutions, pools and means over maps.

use super::{
    attributes::{float_or_input, input, int, ints, ints_or_input, listed, needed, text},
    constant::Array,
    graph::Graph,
    input::{first, maps},
    names::quoted,
    proto::NodeProto,
    value::Value,
};
use crate::nn::{
    Op, Part,
    spec::{AvgPoolSpec, ConvSpec, Kind, MaxPoolSpec, Pair},
};

/// Rows and columns from an attribute of as many numbers as the tensor has axes beside channels; one-dimensional layers
/// have one row.
fn pair(node: &NodeProto, x: &Value, name: &str, default: Option<[usize; 2]>) -> Result<[usize; 2], String> {
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

/// A convolution.
///
/// # Errors
/// If its sizes don't fit its input.
pub fn conv(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
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
    if x.pad != [0; 4] && !is_positive {
        return Err("expected a padding that never wins, got zeros before a max pool of numbers that may be negative; pad in \
                    the pool and export again"
            .into());
    }
    let window = Window::read(&x, node)?;
    let spec = MaxPoolSpec {
        kernel: window.kernel,
        stride: Some(window.stride).filter(|&stride| stride != window.kernel),
        padding: window.padding,
        padding_end: window.padding_end,
        dilation: window.dilation,
        ceil_mode: window.ceil_mode,
    };
    graph.push_maps(node, Kind::MaxPool2d(spec), vec![], &Value { pad: [0; 4], ..x })
}

/// An average pool.
///
/// # Errors
/// If its sizes don't fit its input.
pub fn average_pool(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let window = Window::read(&x, node)?;
    if window.dilation != Pair::square(1) {
        return Err(format!(
            "expected dilations of 1 in an average pool, got {:?}; pool without dilation",
            window.dilation.0
        ));
    }
    let is_padded = window.padding != Pair::square(0) || window.padding_end.is_some();
    let is_counted = int(node, "count_include_pad", 0) != 0;
    if x.pad != [0; 4] && !is_counted && window.own_padding != [[0; 2]; 2] {
        return Err("expected a Pad before a pool without padding of its own, got both; pad in the pool and export again".into());
    }
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

/// A mean or maximum over rows and columns.
///
/// # Errors
/// If it is over other axes.
pub fn reduce(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let mut axes = ints_or_input(node, &graph.constants, "axes", 1)?.unwrap_or_default();
    let rank = x.axes.len() as i64 + 1;
    for axis in &mut axes {
        *axis = axis.saturating_add(if *axis < 0 { rank } else { 0 });
    }
    axes.sort_unstable();
    let is_reduced = |place: usize| axes.contains(&(place as i64 + 1));
    let over: Vec<usize> = (0..x.axes.len()).filter(|&place| is_reduced(place)).collect();
    let mut own: Vec<usize> = over.iter().flat_map(|&place| x.axes[place].iter().copied()).collect();
    own.sort_unstable();
    let expected = [x.along(1), x.along(2)].concat();
    if own != expected || over.len() != axes.len() || x.is_vector() || (x.is_flat && !x.is_column()) {
        return Err(format!(
            "expected a mean over rows and columns, got axes {} of {}; only these axes are supported",
            listed(&axes),
            x.words()
        ));
    }
    let kind = if node.op_type == "ReduceMax" { whole_max(&x) } else { Kind::GlobalAvgPool2d };
    let source = Some(graph.push(node, kind, vec![], &x)?);
    let cells = [x.cells[0], 1, 1];
    if int(node, "keepdims", 1) == 0 {
        let kept = (0..x.axes.len()).filter(|&place| !is_reduced(place)).map(|place| x.axes[place].clone());
        let axes = kept.collect();
        return Ok(Value { is_sole: true, ..Value::new(source, cells, true, axes) });
    }
    Ok(Value { is_sole: true, ..Value::new(source, cells, false, x.axes.clone()) })
}

/// A padding with zeros, which the next layer does.
///
/// # Errors
/// If it pads with something else, or other axes than rows and columns.
pub fn pad(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let pads = match ints(node, "paddings") {
        Some(pads) => pads.to_vec(),
        None => ints_or_input(node, &graph.constants, "pads", 1)?.unwrap_or_default(),
    };
    if pads.iter().all(|&pad| pad == 0) {
        return Ok(x);
    }
    let mode = text(node, "mode").unwrap_or("constant");
    let value = float_or_input(node, &graph.constants, "value", 2)?.unwrap_or(0.0);
    if mode != "constant" || value != 0.0 {
        return Err(format!(
            "expected a padding with zeros, got mode {} with {value}; pad with zeros and train again",
            quoted(mode)
        ));
    }
    let rank = x.axes.len() + 1;
    let axes = match input(node, 3) {
        Some(axes) => graph.constants.ints(axes)?.values,
        None => (0..rank as i64).collect(),
    };
    let wrong = || {
        format!(
            "expected a padding of rows and columns, got {} of {}; pad only rows and columns",
            listed(&pads),
            x.words()
        )
    };
    let mut pad = x.pad;
    if pads.len() != 2 * axes.len() || !(x.is_maps() || x.axes.len() == 3) {
        return Err(wrong());
    }
    for (place, &axis) in axes.iter().enumerate() {
        let [before, after] = [pads[place], pads[axes.len() + place]];
        if [before, after] == [0, 0] {
            continue;
        }
        let axis =
            usize::try_from(if axis < 0 { axis.saturating_add(rank as i64) } else { axis }).unwrap_or(0);
        let own = match axis.checked_sub(1).and_then(|axis| x.axes.get(axis)).map(Vec::as_slice) {
            Some([1]) => 0,
            Some([2]) => 1,
            _ => return Err(wrong()),
        };
        for (side, cells) in [(own, before), (own + 2, after)] {
            let cells = usize::try_from(cells).map_err(|_| wrong())?;
            pad[side] = pad[side].checked_add(cells).filter(|&cells| cells <= LARGEST).ok_or_else(wrong)?;
        }
    }
    Ok(Value { pad, ..x })
}

/// The largest numbers whose sum cannot overflow.
const LARGEST: usize = 1 << 24;

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
