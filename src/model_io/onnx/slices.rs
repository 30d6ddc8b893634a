//! Operators that keep a part of a tensor, or repeat it: Slice, Split, Gather, Expand.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "places along an axis, which is at most as long as a picture or a layer's output"
)]

use super::{
    attributes::{int, ints_or_input, listed, needed},
    constant::BATCH,
    fold,
    graph::Graph,
    input::{column, first},
    proto::NodeProto,
    value::Value,
};
use crate::nn::{
    resample::{Border, Upsampling},
    spec::{CropSpec, Kind, PadSpec, Pair, SliceSpec, UpsampleSpec},
};

/// The most runs of channels that a Gather may take.
const MOST_RUNS: usize = 64;

/// The starts, ends, axes and steps of a Slice.
struct Bounds {
    starts: Vec<i64>,
    ends: Vec<i64>,
    axes: Vec<i64>,
    steps: Vec<i64>,
}

impl Bounds {
    fn read(graph: &Graph, node: &NodeProto) -> Result<Self, String> {
        let list = |name, place| ints_or_input(node, &graph.constants, name, place);
        let missing =
            || "expected starts and ends, got none; the file is damaged, export it again".to_owned();
        let (starts, ends) = (list("starts", 1)?.ok_or_else(missing)?, list("ends", 2)?.ok_or_else(missing)?);
        let axes = list("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = list("steps", 4)?.unwrap_or_else(|| vec![1; starts.len()]);
        if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] || steps.contains(&0) {
            return Err("expected as many starts as ends, axes and steps, got others; the file is damaged, export it again"
                .into());
        }
        Ok(Self { starts, ends, axes, steps })
    }
}

/// Parts of channels, rows and columns.
///
/// # Errors
/// If pictures are left out, or nothing is left.
pub fn slice(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let mut x = first(graph, node)?;
    let bounds = Bounds::read(graph, node)?;
    for n in 0..bounds.starts.len() {
        let (start, end, step) = (bounds.starts[n], bounds.ends[n], bounds.steps[n]);
        let axis = fold::axis_of(bounds.axes[n], x.axes.len() + 1)?;
        let Some(place) = axis.checked_sub(1) else {
            of_batch(graph, start, end, step)?;
            continue;
        };
        let places = places(start, end, step, x.dims()[place]);
        x = picked(graph, node, &x, place, &places)?;
    }
    Ok(x)
}

/// Checks that a Slice of the batch keeps all pictures.
fn of_batch(graph: &Graph, start: i64, end: i64, step: i64) -> Result<(), String> {
    /// No file has as many pictures in a batch.
    const ALL: i64 = 1 << 30;
    let is_whole =
        start == 0 && step == 1 && (end == BATCH || graph.batch.map_or(end >= ALL, |batch| end >= batch));
    if is_whole {
        return Ok(());
    }
    Err(format!(
        "expected a part of each picture, got pictures {start} to {end} of the batch; slice only channels, rows and columns"
    ))
}

/// The positions of a Slice of `len` cells, as Python counts them.
fn places(start: i64, end: i64, step: i64, len: usize) -> Vec<usize> {
    let len = len as i64;
    let wrap = |n: i64| if n < 0 { n.saturating_add(len) } else { n };
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let (mut at, end) = (wrap(start).clamp(low, high), wrap(end).clamp(low, high));
    let mut places = Vec::new();
    while (step > 0 && at < end) || (step < 0 && at > end) {
        places.extend(usize::try_from(at));
        at = at.saturating_add(step);
    }
    places
}

/// Channels, rows or columns one after the other, as several tensors, each with its name; only those that are read.
///
/// # Errors
/// As for [`slice()`].
pub fn split<'a>(graph: &mut Graph<'a>, node: &'a NodeProto) -> Result<Vec<(&'a str, Value)>, String> {
    let x = first(graph, node)?;
    let axis = fold::axis_of(int(node, "axis", 0), x.axes.len() + 1)?;
    let Some(place) = axis.checked_sub(1) else {
        return Err(
            "expected parts of each picture, got a Split of the batch; split only channels, rows and columns"
                .into(),
        );
    };
    let len = x.dims()[place];
    let lens = match ints_or_input(node, &graph.constants, "split", 1)? {
        Some(lens) => lens,
        None => {
            let count =
                usize::try_from(int(node, "num_outputs", node.output.len() as i64)).unwrap_or(0).max(1);
            let each = len.div_ceil(count);
            (0..count.min(len)).map(|n| len.saturating_sub(n * each).min(each) as i64).collect()
        }
    };
    let lens: Option<Vec<usize>> = lens.iter().map(|&n| usize::try_from(n).ok()).collect();
    let lens = lens
        .filter(|lens| lens.iter().try_fold(0usize, |sum, &n| sum.checked_add(n)) == Some(len))
        .ok_or_else(|| {
            format!("expected parts of {len} cells in all, got others; the file is damaged, export it again")
        })?;
    let mut start = 0;
    let mut values = Vec::with_capacity(lens.len());
    for (len, name) in lens.into_iter().zip(&node.output) {
        let places: Vec<usize> = (start..start + len).collect();
        start += len;
        if graph.is_read(name) {
            values.push((name.as_str(), picked(graph, node, &x, place, &places)?));
        }
    }
    Ok(values)
}

/// Cells at given places of one axis, or a single one, whose axis is then left out.
///
/// # Errors
/// If the places are computed or have several axes, or as for [`slice()`].
pub fn gather(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let axis = fold::axis_of(int(node, "axis", 0), x.axes.len() + 1)?;
    let indices = graph.constants.ints(needed(node, 1, "indices")?)?;
    let Some(place) = axis.checked_sub(1).filter(|_| indices.dims.len() <= 1) else {
        return Err(format!(
            "expected places in channels, rows or columns of each picture, got a Gather along axis {axis} with indices of \
             shape {:?}; pick in another way",
            indices.dims
        ));
    };
    let len = x.dims()[place];
    let at = |&n: &i64| {
        let n = if n < 0 { n.saturating_add(len as i64) } else { n };
        usize::try_from(n).ok().filter(|&n| n < len)
    };
    let places: Option<Vec<usize>> = indices.values.iter().map(at).collect();
    let places = places.ok_or_else(|| {
        format!(
            "expected indices below {len}, got {}; the file is damaged, export it again",
            listed(&indices.values)
        )
    })?;
    let mut made = picked(graph, node, &x, place, &places)?;
    if indices.dims.is_empty() {
        made.axes.remove(place);
    }
    Ok(made)
}

/// Runs of places with equal steps: the first, how many, and the step.
fn runs(places: &[usize]) -> Vec<[usize; 3]> {
    let mut runs: Vec<[usize; 3]> = Vec::new();
    for &place in places {
        match runs.last_mut() {
            Some([start, count @ 1, step]) if place > *start => (*count, *step) = (2, place - *start),
            Some([start, count, step]) if *count > 1 && place == *start + *count * *step => *count += 1,
            Some(_) | None => runs.push([place, 1, 1]),
        }
    }
    runs
}

/// The cells at some places of one of the file's axes.
pub fn picked(
    graph: &mut Graph,
    node: &NodeProto,
    x: &Value,
    place: usize,
    places: &[usize],
) -> Result<Value, String> {
    if places.iter().copied().eq(0..x.dims()[place]) {
        return Ok(x.clone());
    }
    if places.is_empty() {
        return Err(format!(
            "expected at least one cell, got none of the {} that there are; keep some",
            x.dims()[place]
        ));
    }
    let x = column(graph, x.clone())?;
    let is_features = x.is_vector() && x.is_flat && !x.is_turned();
    let axis = match x.axes[place].as_slice() {
        &[axis] if !x.is_flat || x.is_column() => axis,
        _ if is_features => 0,
        _ => {
            return Err(format!(
                "expected a part of channels, rows or columns, got one of axis {} of {}; only these have parts here",
                place + 1,
                x.words()
            ));
        }
    };
    let source = match axis {
        0 => some_channels(graph, node, &x, places)?,
        _ => {
            let &[[start, count, step]] = runs(places).as_slice() else {
                return Err(format!(
                    "expected rows or columns at equal distances, got {}; pick them in another way",
                    listed(&places.iter().map(|&n| n as i64).collect::<Vec<_>>())
                ));
            };
            let of = |whole, own| if axis == 1 { Pair([own, whole]) } else { Pair([whole, own]) };
            let whole = x.cells[3 - axis];
            let spec = CropSpec { start: of(0, start), size: of(whole, count), step: of(1, step) };
            graph.push(node, Kind::Crop2d(spec), vec![], &x)?
        }
    };
    if is_features {
        return Ok(Value { is_sole: true, ..Value::vector(Some(source), places.len()) });
    }
    let mut cells = x.cells;
    cells[axis] = places.len();
    Ok(Value { is_sole: true, ..Value::new(Some(source), cells, x.is_flat, x.axes) })
}

/// A layer of some channels; of several runs, one for each, one after the other.
fn some_channels(graph: &mut Graph, node: &NodeProto, x: &Value, places: &[usize]) -> Result<usize, String> {
    let runs = runs(places);
    if runs.len() > MOST_RUNS {
        return Err(format!(
            "expected channels in at most {MOST_RUNS} runs, got {}; pick them in another way",
            runs.len()
        ));
    }
    let mut parts = Vec::with_capacity(runs.len());
    for [start, count, step] in runs {
        let slice = Kind::SliceChannels(SliceSpec { start, count, step });
        let source = graph.push(node, slice, vec![], x)?;
        let [_, h, w] = x.layer_cells();
        parts.push(Value::new(Some(source), [count, h, w], false, vec![]));
    }
    match parts.as_slice() {
        [part] => Ok(part.source.unwrap_or(0)),
        _ => graph.push_on(node, Kind::Concat, vec![], &parts.iter().collect::<Vec<_>>()),
    }
}

/// A tensor repeated to a shape.
///
/// # Errors
/// If it has other axes, or more than one cell along an axis that would be repeated.
pub fn expand(graph: &mut Graph, node: &NodeProto) -> Result<Value, String> {
    let x = first(graph, node)?;
    let shape = graph.constants.ints(needed(node, 1, "a shape")?)?.values;
    let dims = x.dims();
    let own = shape.get(shape.len().saturating_sub(dims.len())..).unwrap_or_default();
    let has_batch = shape.len() <= dims.len() + 1;
    let extents: Vec<Option<usize>> =
        own.iter().map(|&n| usize::try_from(n).ok().filter(|&n| n > 0)).collect();
    let mut like = x.clone();
    let mut fits = has_batch && own.len() == dims.len();
    for (place, extent) in extents.into_iter().enumerate() {
        let free = (0..3).find(|axis| !like.axes.iter().any(|axes| axes.contains(axis)));
        match (extent, free) {
            (Some(1), _) => {}
            (Some(extent), _) if extent == dims[place] => {}
            (Some(extent), Some(axis)) if dims[place] == 1 => {
                like.cells[axis] = extent;
                like.axes[place] = vec![axis];
            }
            (Some(_) | None, _) => fits = false,
        }
    }
    if !fits {
        return Err(format!(
            "expected a shape to which {} of {:?} can be repeated, got {}; expand in another way",
            x.words(),
            dims,
            listed(&shape)
        ));
    }
    repeated(graph, node, &x, &like)
}

/// A tensor with copies along the axes in which it has one cell and `like` has more.
///
/// # Errors
/// As for [`Graph::push`].
pub fn repeated(graph: &mut Graph, node: &NodeProto, x: &Value, like: &Value) -> Result<Value, String> {
    if x.cells == like.cells {
        return Ok(Value { axes: like.axes.clone(), ..x.clone() });
    }
    let [maps, rows, cols] = [0, 1, 2].map(|axis| like.cells[axis] - x.cells[axis]);
    let [_, h, w] = like.cells;
    let kind = match maps {
        0 => Kind::Upsample2d(UpsampleSpec::to_size(Upsampling::Nearest, Pair([h, w]))),
        _ => Kind::Pad2d(PadSpec {
            padding_end: Some(Pair([rows, cols])),
            channels: Pair([0, maps]),
            ..PadSpec::new(Border::Replication, Pair::square(0))
        }),
    };
    let source = Some(graph.push(node, kind, vec![], x)?);
    Ok(Value { is_sole: true, ..Value::new(source, like.cells, false, like.axes.clone()) })
}
