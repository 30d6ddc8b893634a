//! Resize and Upsample: another number of rows and columns.
//!
//! Each way of ONNX to say where a cell lies is compared, cell by cell, with what a layer of this program reads.

#![expect(clippy::arithmetic_side_effects, reason = "counts of axes, and extents of at least 1")]

use super::{
    attributes::{decimal, float, floats, input, int, ints, text},
    graph::Graph,
    input::first,
    names::quoted,
    proto::NodeProto,
    value::Value,
};
use crate::nn::{
    resample::{ResampleAxis, Upsampling},
    spec::{Kind, Pair, UpsampleSpec},
};

/// How one axis is resized.
#[derive(Clone, Copy)]
struct Along {
    len: usize,
    out: usize,
    /// By how much, as the file says it; not always out / len.
    scale: f64,
}

/// How a node resizes.
struct Way<'a> {
    mode: &'a str,
    coordinates: &'a str,
    rounding: &'a str,
}

/// A Resize or an Upsample.
///
/// # Errors
/// If no layer reads the same cells.
pub fn resize(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let is_old = node.op_type == "Upsample" || graph.opset < 11;
    let way = Way {
        mode: text(node, "mode").unwrap_or("nearest"),
        coordinates: text(node, "coordinate_transformation_mode").unwrap_or(if is_old {
            "asymmetric"
        } else {
            "half_pixel"
        }),
        rounding: text(node, "nearest_mode").unwrap_or(if is_old { "floor" } else { "round_prefer_floor" }),
    };
    let along = sizes(graph, node, &x, is_old)?;
    let shrinks = along.iter().any(|axis| axis.out < axis.len);
    if int(node, "antialias", 0) != 0 && shrinks {
        return Err("expected a Resize without antialias, got one with it; resize without it (antialias=False) and export again"
            .into());
    }
    let [rows, cols] = along;
    if [rows, cols].iter().all(|axis| axis.out == axis.len && (axis.scale - 1.0).abs() < 1e-6) {
        return Ok(x);
    }
    let is_cubic = way.mode == "cubic";
    if is_cubic && (float(node, "cubic_coeff_a", -0.75) != -0.75 || int(node, "exclude_outside", 0) != 0) {
        return Err("expected the cubic of PyTorch, with cubic_coeff_a = -0.75 and exclude_outside = 0, got another one; \
                    resize with mode=\"bicubic\" and export again"
            .into());
    }
    let source = match way.layer(along) {
        Some(layer) => push(graph, node, layer, along, &x)?,
        // Rows and columns are read in different ways: one after the other.
        None => {
            let same = |axis: Along| Along { len: axis.len, out: axis.len, scale: 1.0 };
            let ways = (way.layer([rows, same(cols)]), way.layer([same(rows), cols]));
            let (Some(by_rows), Some(by_cols)) = ways else { return Err(way.wrong(along)) };
            let first = push(graph, node, by_rows, [rows, same(cols)], &x)?;
            let cells = [x.cells[0], rows.out, cols.len];
            let made = Value::new(Some(first), cells, false, x.axes.clone());
            push(graph, node, by_cols, [Along { len: rows.out, ..rows }, cols], &made)?
        }
    };
    let source = Some(source);
    let mut cells = x.cells;
    let mut axes = x.axes.clone();
    for (axis, along) in [(1, rows), (2, cols)] {
        // An axis that had one cell is in none until now: it is the place of its rows or columns.
        if cells[axis] == 1
            && along.out > 1
            && let Some(place) = x.place_of(axis)
        {
            axes[place] = vec![axis];
        }
        cells[axis] = along.out;
    }
    Ok(Value { is_sole: true, ..Value::new(source, cells, false, axes) })
}

/// How many rows and columns come out, and by which scales.
fn sizes(graph: &Graph, node: &NodeProto, x: &Value, is_old: bool) -> Result<[Along; 2], String> {
    let rank = x.axes.len() + 1;
    let is_maps = (2..=3).contains(&x.axes.len()) && (!x.is_flat || x.is_column());
    if !is_maps || x.axes.iter().any(|axes| axes.len() > 1) {
        return Err(format!(
            "expected a Resize of rows and columns, got {}; resize before the maps are flattened",
            x.words()
        ));
    }
    let (scales_at, sizes_at) = if is_old { (1, None) } else { (2, Some(3)) };
    let given = |place: usize| input(node, place).filter(|name| graph.constants.len(name) > 0);
    let axes = match ints(node, "axes") {
        Some(axes) => {
            axes.iter().map(|&axis| super::fold::axis_of(axis, rank)).collect::<Result<Vec<_>, _>>()?
        }
        None => (0..rank).collect(),
    };
    let dims: Vec<usize> = std::iter::once(1).chain(x.dims()).collect();
    let mut all: Vec<Along> = dims.iter().map(|&len| Along { len, out: len, scale: 1.0 }).collect();
    let wrong = |got: usize| {
        format!("expected a number for each of {} axes, got {got}; export the model again", axes.len())
    };
    if let Some(name) = sizes_at.and_then(given) {
        let sizes = graph.constants.ints(name)?.values;
        let sizes: Vec<usize> = sizes.iter().map(|&n| usize::try_from(n).unwrap_or(0)).collect();
        if sizes.len() != axes.len() {
            return Err(wrong(sizes.len()));
        }
        // The number of pictures stays what it is.
        let of_pictures = axes.iter().zip(&sizes).filter(|(axis, _)| **axis > 0);
        let (axes, sizes): (Vec<usize>, Vec<usize>) = of_pictures.map(|(&axis, &size)| (axis, size)).unzip();
        by_sizes(&mut all, &axes, &sizes, text(node, "keep_aspect_ratio_policy").unwrap_or("stretch"));
    } else {
        let scales = match (floats(node, "scales"), given(scales_at)) {
            (Some(scales), _) => scales.to_vec(),
            (None, Some(name)) => graph.constants.floats(name)?.0.values,
            (None, None) => return Err("expected scales or sizes, got none; export the model again".into()),
        };
        if scales.len() != axes.len() {
            return Err(wrong(scales.len()));
        }
        for (&axis, &scale) in axes.iter().zip(&scales) {
            if axis == 0 && scale != 1.0 {
                return Err(format!(
                    "expected as many pictures as before, got {scale} times as many; resize only rows and columns"
                ));
            }
            let along = &mut all[axis];
            let out = (along.len as f64 * f64::from(scale)).floor();
            along.out = if (1.0..1e9).contains(&out) { out as usize } else { 0 };
            along.scale = decimal(scale);
        }
    }
    let one = Along { len: 1, out: 1, scale: 1.0 };
    let at = |axis| x.place_of(axis).map_or(one, |place| all[place + 1]);
    let found = [at(1), at(2)];
    let is_other = |place: &usize| ![x.place_of(1), x.place_of(2)].contains(&Some(place - 1));
    let mut others = (1..rank).filter(is_other);
    if others.any(|place| all[place].out != all[place].len) || found.iter().any(|axis| axis.out == 0) {
        return Err(format!(
            "expected a Resize of rows and columns to at least one cell, got {:?} from {:?}; resize nothing else",
            all.iter().map(|axis| axis.out).collect::<Vec<_>>(),
            dims
        ));
    }
    Ok(found)
}

/// Sizes as they are asked for, or with one scale for all axes.
fn by_sizes(all: &mut [Along], axes: &[usize], sizes: &[usize], policy: &str) {
    let scale = |axis: usize, size: usize| size as f64 / all[axis].len as f64;
    let scales = || axes.iter().zip(sizes).map(|(&axis, &size)| scale(axis, size));
    let one = match policy {
        "not_larger" => Some(scales().fold(f64::INFINITY, f64::min)),
        "not_smaller" => Some(scales().fold(0.0, f64::max)),
        _ => None,
    };
    for (&axis, &size) in axes.iter().zip(sizes) {
        let along = &mut all[axis];
        (along.out, along.scale) = match one {
            // Half a cell more counts as one.
            Some(scale) => ((scale * along.len as f64 + 0.5).floor() as usize, scale),
            None => (size, size as f64 / along.len as f64),
        };
    }
}

impl Way<'_> {
    /// Where cell `i` lies between the input's cells.
    fn position(&self, axis: Along, i: usize) -> Option<f64> {
        let (i, len, out) = (i as f64, axis.len as f64, axis.out as f64);
        let half = (i + 0.5) / axis.scale - 0.5;
        Some(match self.coordinates {
            "half_pixel" => half,
            "pytorch_half_pixel" => {
                if axis.out > 1 {
                    half
                } else {
                    0.0
                }
            }
            "asymmetric" => i / axis.scale,
            "tf_half_pixel_for_nn" => (i + 0.5) / axis.scale,
            "align_corners" => {
                let last = len * axis.scale - 1.0;
                if axis.out <= 1 || last <= 0.0 { 0.0 } else { i * (len - 1.0) / last }
            }
            "half_pixel_symmetric" => {
                let offset = len / 2.0 * (1.0 - out / (axis.scale * len));
                offset + half
            }
            _ => return None,
        })
    }

    /// The cell that is nearest to a position.
    fn nearest(&self, position: f64) -> f64 {
        // What the file computes in f32 may lie a little beside a whole number or a half.
        const NEAR: f64 = 1e-6;
        match self.rounding {
            "floor" => (position + NEAR).floor(),
            "ceil" => (position - NEAR).ceil(),
            "round_prefer_ceil" => (position + 0.5 + NEAR).floor(),
            _ => (position - 0.5 - NEAR).ceil(),
        }
    }

    /// Whether an axis of a layer reads what the file's does.
    fn is_read_by(&self, axis: Along, by: Upsampling, align_corners: bool) -> bool {
        let Ok(own) = ResampleAxis::resized("", axis.len, axis.out, by, align_corners) else { return false };
        let last = axis.len as f64 - 1.0;
        (0..axis.out).all(|i| {
            let Some(position) = self.position(axis, i) else { return false };
            match by {
                Upsampling::Nearest | Upsampling::NearestExact => {
                    let cell = self.nearest(position).clamp(0.0, last) as usize;
                    own.tap(i, 0).is_some_and(|(read, _)| read == cell)
                }
                Upsampling::Bilinear => {
                    (position.clamp(0.0, last) - own.position(i).clamp(0.0, last)).abs() < 1e-5
                }
                Upsampling::Bicubic => (position - own.position(i)).abs() < 1e-5,
            }
        })
    }

    /// How a layer reads the same cells, and whether with aligned corners; `None` where none does.
    fn layer(&self, along: [Along; 2]) -> Option<(Upsampling, bool)> {
        let ways: &[(Upsampling, bool)] = match self.mode {
            "nearest" => &[(Upsampling::Nearest, false), (Upsampling::NearestExact, false)],
            "linear" | "bilinear" => &[(Upsampling::Bilinear, false), (Upsampling::Bilinear, true)],
            "cubic" => &[(Upsampling::Bicubic, false), (Upsampling::Bicubic, true)],
            _ => &[],
        };
        let reads = |(by, align): &&(Upsampling, bool)| {
            along.iter().all(|&axis| {
                // An axis that keeps its size is read as it is in every way.
                let is_same = axis.out == axis.len && (axis.scale - 1.0).abs() < 1e-6;
                is_same || self.is_read_by(axis, *by, *align)
            })
        };
        ways.iter().find(reads).copied()
    }

    /// Why no layer does.
    fn wrong(&self, [rows, cols]: [Along; 2]) -> String {
        if !matches!(self.mode, "nearest" | "linear" | "bilinear" | "cubic") {
            let mode = quoted(self.mode);
            return format!("expected the mode nearest, linear or cubic, got {mode}; resize in one of these");
        }
        let how = match self.mode {
            "nearest" => format!("nearest_mode {}", quoted(self.rounding)),
            mode => format!("mode {}", quoted(mode)),
        };
        format!(
            "expected cells where PyTorch's interpolate has them, got coordinate_transformation_mode {} with {how} from {} x {} \
             to {} x {}; resize by size= in PyTorch and export again",
            quoted(self.coordinates),
            rows.len,
            cols.len,
            rows.out,
            cols.out
        )
    }
}

/// A layer that resizes rows and columns.
fn push(
    graph: &mut Graph,
    node: &NodeProto,
    (by, align_corners): (Upsampling, bool),
    along: [Along; 2],
    x: &Value,
) -> Result<usize, String> {
    let [rows, cols] = along;
    let spec = match along.iter().all(|axis| axis.out.is_multiple_of(axis.len)) {
        true => UpsampleSpec::by_scale(by, Pair([rows.out / rows.len, cols.out / cols.len])),
        false => UpsampleSpec::to_size(by, Pair([rows.out, cols.out])),
    };
    graph.push(node, Kind::Upsample2d(UpsampleSpec { align_corners, ..spec }), vec![], x)
}
