//! Convolutions, pools and means over maps.

use super::{
    attributes::{input, int, ints, ints_or_input, listed, needed, text},
    constant::{Array, quoted},
    graph::Graph,
    operators::{first, maps},
    proto::NodeProto,
    value::Value,
};
use crate::nn::{
    Part,
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
    let padding = padding(&x, node, kernel, stride, dilation)?;
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
        padding: Pair(padding),
        dilation: Pair(dilation),
        groups,
        bias: parts.len() == 2,
        normalize: false,
    };
    graph.push_maps(node, Kind::Conv2d(spec), parts, &x)
}

/// A max pool.
///
/// # Errors
/// If its sizes don't fit its input.
pub fn max_pool(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let (kernel, stride, padding) = window(&x, node)?;
    let spec = MaxPoolSpec { kernel, stride: Some(stride).filter(|&stride| stride != kernel), padding };
    graph.push_maps(node, Kind::MaxPool2d(spec), vec![], &x)
}

/// An average pool.
///
/// # Errors
/// If its sizes don't fit its input.
pub fn average_pool(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let (kernel, stride, padding) = window(&x, node)?;
    // Without padding the two are equal.
    let count_include_pad = int(node, "count_include_pad", 0) != 0 || padding == Pair::square(0);
    let stride = Some(stride).filter(|&stride| stride != kernel);
    let spec = AvgPoolSpec { kernel, stride, padding, count_include_pad };
    graph.push_maps(node, Kind::AvgPool2d(spec), vec![], &x)
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
    Kind::MaxPool2d(MaxPoolSpec { kernel: Pair([h, w]), stride: None, padding: Pair::square(0) })
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

/// A padding that adds nothing.
///
/// # Errors
/// If it adds something.
pub fn pad(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let pads = match ints(node, "paddings") {
        Some(pads) => pads.to_vec(),
        None => ints_or_input(node, &graph.constants, "pads", 1)?.unwrap_or_default(),
    };
    match pads.iter().all(|&pad| pad == 0) {
        true => Ok(x),
        false => Err(format!(
            "expected a padding that adds nothing, got {}; pad in the convolution or pool and export again",
            listed(&pads)
        )),
    }
}

/// Kernel, stride and padding of a pool.
fn window(x: &Value, node: &NodeProto) -> Result<(Pair, Pair, Pair), String> {
    maps(x)?;
    let kernel = pair(node, x, "kernel_shape", None)?;
    // ONNX's default stride is 1, not the kernel.
    let stride = pair(node, x, "strides", Some([1; 2]))?;
    let dilation = pair(node, x, "dilations", Some([1; 2]))?;
    if dilation != [1; 2] {
        return Err(format!("expected dilations of 1 in a pool, got {dilation:?}; pool without dilation"));
    }
    let padding = padding(x, node, kernel, stride, dilation)?;
    if int(node, "ceil_mode", 0) != 0 {
        for (name, d) in [("rows", 0), ("columns", 1)] {
            let len = (x.cells[d + 1] + 2 * padding[d]).checked_sub(kernel[d]);
            if stride[d] == 0 || len.is_none_or(|len| len % stride[d] != 0) {
                return Err(format!(
                    "expected windows that cover all {name} evenly, got ceil_mode = 1 on {} {name} with kernel {}, stride \
                     {}, padding {}; export with ceil_mode = 0 or change the input's size",
                    x.cells[d + 1],
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
    x: &Value,
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
    // A one-dimensional layer has no rows to pad.
    let pads = ints(node, "pads").map(|pads| match (pads, x.axes.len()) {
        (&[before, after], 2) => vec![0, before, 0, after],
        _ => pads.to_vec(),
    });
    match text(node, "auto_pad").unwrap_or("NOTSET") {
        "" | "NOTSET" => {
            match pads.as_deref() {
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
                let len = x.cells[d + 1];
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
