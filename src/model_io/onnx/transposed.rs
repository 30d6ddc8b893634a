//! Transposed convolutions.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "numbers within limits, of which the products are counted in 128 bits"
)]

use super::{
    attributes::{input, int, ints, listed, needed, text},
    constant::Array,
    graph::Graph,
    input::{first, maps},
    names::quoted,
    proto::NodeProto,
    value::Value,
    windows::{LARGEST, pair},
};
use crate::nn::{
    Part,
    spec::{ConvTransposeSpec, Kind, Pair},
};

/// A transposed convolution.
///
/// # Errors
/// If its sizes don't fit its input.
pub fn conv_transpose(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    maps(&x)?;
    let weight = graph.take(needed(node, 1, "a weight")?)?;
    let weight = match (weight.dims.as_slice(), x.axes.len()) {
        (&[i, o, cols], 2) => Array { dims: vec![i, o, 1, cols], ..weight },
        _ => weight,
    };
    let &[_, of_group, kh, kw] = weight.dims.as_slice() else {
        return Err(format!(
            "expected a weight with {} axes (in, out, rows, columns), got {}; use one- or two-dimensional convolutions",
            x.axes.len() + 1,
            weight.dims.len()
        ));
    };
    let groups = int(node, "group", 1);
    let groups =
        usize::try_from(groups).ok().filter(|&groups| (1..=LARGEST).contains(&groups)).ok_or_else(|| {
            format!("expected a group of at least 1, got {groups}; the file is damaged, export it again")
        })?;
    let numbers = Numbers::read(node, &x, [kh, kw])?;
    let mut parts = vec![(Part::Weight, weight)];
    if let Some(bias) = input(node, 2) {
        parts.push((Part::Bias, graph.take(bias)?));
    }
    let spec = ConvTransposeSpec {
        out_channels: of_group.saturating_mul(groups),
        kernel: Pair(numbers.kernel),
        stride: Pair(numbers.stride),
        padding: Pair(numbers.padding),
        padding_end: Some(Pair(numbers.padding_end)).filter(|&end| end != Pair(numbers.padding)),
        output_padding: Pair(numbers.output_padding),
        dilation: Pair(numbers.dilation),
        groups,
        bias: parts.len() == 2,
    };
    graph.push_maps(node, Kind::ConvTranspose2d(spec), parts, &x)
}

/// The numbers of a transposed convolution's window.
struct Numbers {
    kernel: [usize; 2],
    stride: [usize; 2],
    dilation: [usize; 2],
    padding: [usize; 2],
    padding_end: [usize; 2],
    output_padding: [usize; 2],
}

impl Numbers {
    fn read(node: &NodeProto, x: &Value, kernel: [usize; 2]) -> Result<Self, String> {
        let mut numbers = Self {
            kernel: pair(node, x, "kernel_shape", Some(kernel))?,
            stride: pair(node, x, "strides", Some([1; 2]))?,
            dilation: pair(node, x, "dilations", Some([1; 2]))?,
            padding: [0; 2],
            padding_end: [0; 2],
            output_padding: pair(node, x, "output_padding", Some([0; 2]))?,
        };
        if x.axes.len() == 2 {
            // A row of its own has no rows more.
            numbers.output_padding[0] = 0;
        }
        let Self { kernel, stride, dilation, output_padding, .. } = numbers;
        if let Some(big) =
            [kernel, stride, dilation, output_padding].into_iter().flatten().find(|&n| n > LARGEST)
        {
            return Err(format!(
                "expected kernel, stride, dilation and output_padding of at most {LARGEST}, got {big}; use smaller numbers"
            ));
        }
        let auto_pad = text(node, "auto_pad").unwrap_or("NOTSET");
        let same = match auto_pad {
            "" | "NOTSET" | "VALID" => None,
            // As many outputs as inputs times the stride.
            "SAME_UPPER" | "SAME_LOWER" => Some([0, 1].map(|d| x.cells[d + 1].saturating_mul(stride[d]))),
            other => {
                let other = quoted(other);
                return Err(format!("expected auto_pad NOTSET, VALID or SAME, got {other}; export it again"));
            }
        };
        let wanted = match ints(node, "output_shape") {
            None => same,
            // Some files have the batch and the channels before them.
            Some(shape) => Some(output_shape(shape, x)?),
        };
        // Programs disagree about what lies between stamps that do not touch.
        let apart = (0..2).find(|&d| (kernel[d].max(1) - 1) * dilation[d] + 1 < stride[d]);
        if let Some(d) = apart.filter(|_| same.is_some() && ints(node, "output_shape").is_none()) {
            return Err(format!(
                "expected a kernel at least as large as the stride with auto_pad {auto_pad}, got {} and {}; write the pads \
                 and export it again",
                kernel[d], stride[d]
            ));
        }
        match wanted {
            Some(shape) => numbers.fit(shape, [x.cells[1], x.cells[2]], auto_pad == "SAME_UPPER")?,
            None if auto_pad == "VALID" => {}
            None => [numbers.padding, numbers.padding_end] = explicit(node, x)?,
        }
        Ok(numbers)
    }

    /// The padding that gives an output of this shape: half on each side, one more at the end where `more_at_end`; where
    /// the output is larger than that, more rows and columns at the end.
    fn fit(&mut self, shape: [usize; 2], cells: [usize; 2], more_at_end: bool) -> Result<(), String> {
        for d in 0..2 {
            let covered = (cells[d] as i128 - 1) * self.stride[d] as i128;
            let reach = (self.kernel[d] as i128 - 1) * self.dilation[d] as i128 + 1;
            let total = covered + reach + self.output_padding[d] as i128 - shape[d] as i128;
            let total = i64::try_from(total).ok().filter(|n| n.unsigned_abs() <= LARGEST as u64);
            let total = total.ok_or_else(|| {
                format!(
                    "expected an output_shape near {}, got {}; export it again",
                    covered + reach,
                    shape[d]
                )
            })?;
            if total < 0 {
                self.output_padding[d] += total.unsigned_abs() as usize;
                continue;
            }
            let (less, more) = (total as usize / 2, total as usize - total as usize / 2);
            (self.padding[d], self.padding_end[d]) = if more_at_end { (less, more) } else { (more, less) };
        }
        Ok(())
    }
}

/// The rows and columns of the attribute output_shape, in which the batch and the channels may stand too.
fn output_shape(shape: &[i64], x: &Value) -> Result<[usize; 2], String> {
    let spatial = x.axes.len() - 1;
    let own = match shape.len() {
        n if n == spatial => shape,
        n if n == spatial + 2 => &shape[2..],
        _ => &[],
    };
    let whole = |n: i64| usize::try_from(n).ok().filter(|n| (1..=LARGEST).contains(n));
    let list: Option<Vec<usize>> = own.iter().map(|&n| whole(n)).collect();
    match list.as_deref() {
        Some(&[rows, cols]) => Ok([rows, cols]),
        Some(&[cols]) => Ok([1, cols]),
        _ => Err(format!(
            "expected {spatial} numbers from 1 to {LARGEST} in output_shape, got {}; export the model again",
            listed(shape)
        )),
    }
}

/// The pads: before and after.
fn explicit(node: &NodeProto, x: &Value) -> Result<[[usize; 2]; 2], String> {
    let Some(pads) = ints(node, "pads").filter(|pads| !pads.is_empty()) else { return Ok([[0; 2]; 2]) };
    let side = |n: i64| usize::try_from(n).ok().filter(|&n| n <= LARGEST);
    let list: Option<Vec<usize>> = pads.iter().take(5).map(|&n| side(n)).collect();
    match (list.as_deref(), x.axes.len()) {
        (Some(&[before, after]), 2) => Ok([[0, before], [0, after]]),
        (Some(&[top, left, bottom, right]), 3) => Ok([[top, left], [bottom, right]]),
        _ => Err(format!(
            "expected {} numbers from 0 to {LARGEST} in pads, got {}; use one- or two-dimensional layers",
            2 * (x.axes.len() - 1),
            listed(pads)
        )),
    }
}
