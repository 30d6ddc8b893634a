//! Computes nodes that read constants only: shapes, and weights that a file reshapes, transposes or scales.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "places in constants, whose extents have a product of at most 2^40"
)]

use super::{
    attributes::{int, ints, listed},
    constant::{Array, BATCH, Constants, Numbers, floats_of, ints_of, is_whole, product},
    proto::{NodeProto, data_type},
};
use std::rc::Rc;

/// The inputs of a node; `None` where one is omitted.
type Inputs<'a> = [Option<Rc<Numbers>>];

/// Computes a node that reads constants only, and adds what it makes to them. `None` if its operator is not among those
/// that are computed.
///
/// # Errors
/// If its numbers don't fit, or if they become too many.
pub fn add_computed<'a>(
    constants: &mut Constants<'a>,
    node: &'a NodeProto,
    opset: i64,
) -> Result<Option<()>, String> {
    if node.op_type == "Constant" {
        return constants.add_constant(node).map(Some);
    }
    let mut inputs = Vec::with_capacity(node.input.len());
    let mut is_converted = false;
    for name in &node.input {
        inputs.push(match name.as_str() {
            "" => None,
            name => {
                let (numbers, converted) = constants.numbers(name)?;
                is_converted |= converted;
                Some(numbers)
            }
        });
    }
    let Some(made) = compute(node, opset, &inputs, constants.room())? else { return Ok(None) };
    for (name, numbers) in node.output.iter().zip(made) {
        constants.add_computed(name, numbers, is_converted);
    }
    Ok(Some(()))
}

/// The outputs of a node; `None` if its operator is not among those that are computed. At most `room` numbers are made.
///
/// # Errors
/// If the numbers don't fit the operator, or are too many.
fn compute(
    node: &NodeProto,
    opset: i64,
    inputs: &Inputs<'_>,
    room: usize,
) -> Result<Option<Vec<Numbers>>, String> {
    let first = || input(inputs, 0);
    let one = |numbers: Numbers| Ok(Some(vec![numbers]));
    match node.op_type.as_str() {
        "Identity" | "Dropout" => one(first()?.clone()),
        "Cast" | "CastLike" => one(cast(node, inputs)?),
        "Shape" => one(shape_of(node, first()?.dims())),
        "Size" => one(single(first()?.len() as i64)),
        "Reshape" => one(reshaped(node, first()?, &numbers(inputs, 1)?)?),
        "Flatten" => one(flattened(node, first()?)),
        "Unsqueeze" => one(unsqueezed(first()?, axes(node, inputs, 1)?)?),
        "Squeeze" => one(squeezed(first()?, axes(node, inputs, 1)?)?),
        "Transpose" => one(transposed(node, first()?)?),
        "Gather" => one(gathered(node, first()?, input(inputs, 1)?, room)?),
        "Slice" => one(sliced(node, opset, inputs, room)?),
        "Concat" => one(joined(node, inputs, room)?),
        "Split" => split(node, inputs).map(Some),
        "ConstantOfShape" => one(filled(node, &numbers(inputs, 0)?, room)?),
        "Expand" => one(expanded(first()?, &numbers(inputs, 1)?, room)?),
        "Range" => one(range(inputs, room)?),
        "Where" => one(chosen(inputs, room)?),
        "ReduceProd" | "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceMean" => {
            one(reduced(node, first()?, axes(node, inputs, 1)?)?)
        }
        "Neg" | "Sqrt" | "Reciprocal" | "Exp" | "Abs" | "Floor" | "Ceil" | "Not" => {
            one(mapped(node, first()?)?)
        }
        "Add" | "Sub" | "Mul" | "Div" | "Mod" | "Pow" | "Min" | "Max" | "Equal" | "Greater" | "Less"
        | "GreaterOrEqual" | "LessOrEqual" | "And" | "Or" => one(combined(node, inputs, room)?),
        _ => Ok(None),
    }
}

fn input<'a>(inputs: &'a Inputs<'_>, place: usize) -> Result<&'a Numbers, String> {
    inputs.get(place).and_then(Option::as_deref).ok_or_else(|| {
        format!("expected a constant as input {place}, got none; the file is damaged, export it again")
    })
}

/// The whole numbers of an input.
fn numbers(inputs: &Inputs<'_>, place: usize) -> Result<Vec<i64>, String> {
    match input(inputs, place)? {
        Numbers::Ints(array) => Ok(array.values.clone()),
        Numbers::Floats(_) => Err(format!(
            "expected whole numbers as input {place}, got floating-point ones; export the model again"
        )),
    }
}

/// The axes of a node, an attribute in older operators and an input in newer ones.
fn axes(node: &NodeProto, inputs: &Inputs<'_>, place: usize) -> Result<Option<Vec<i64>>, String> {
    match (ints(node, "axes"), inputs.get(place)) {
        (Some(axes), _) => Ok(Some(axes.to_vec())),
        (None, Some(Some(_))) => numbers(inputs, place).map(Some),
        (None, _) => Ok(None),
    }
}

/// An axis counted from the front.
pub fn axis_of(axis: i64, rank: usize) -> Result<usize, String> {
    let counted = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
    usize::try_from(counted).ok().filter(|&axis| axis < rank).ok_or_else(|| {
        format!("expected an axis of {rank}, got {axis}; the file is damaged, export it again")
    })
}

/// Checks that numbers of a shape may be made.
fn check(dims: &[usize], room: usize) -> Result<usize, String> {
    product(dims).filter(|&count| count <= room).ok_or_else(|| {
        format!(
            "expected constants that are not much larger than their file, got {}; simplify the graph (python -m onnxsim) \
             and try again",
            crate::model_io::architecture::short(&format!("{:?}", &dims[..dims.len().min(8)]))
        )
    })
}

fn single(x: i64) -> Numbers {
    Numbers::Ints(Array { dims: vec![], values: vec![x] })
}

/// Distances between neighbours along each axis.
fn strides(dims: &[usize]) -> Vec<isize> {
    let mut strides = vec![1isize; dims.len()];
    for d in (1..dims.len()).rev() {
        strides[d - 1] = strides[d].saturating_mul(dims[d] as isize);
    }
    strides
}

/// The numbers at `start + sum of index * stride` for every index of `dims`, last axis fastest.
fn strided<T: Copy>(values: &[T], dims: &[usize], strides: &[isize], start: isize) -> Vec<T> {
    let count = product(dims).unwrap_or(0);
    let mut out = Vec::with_capacity(count);
    let (mut index, mut at) = (vec![0usize; dims.len()], start);
    for _ in 0..count {
        out.push(values[at as usize]);
        for d in (0..dims.len()).rev() {
            index[d] += 1;
            at += strides[d];
            if index[d] < dims[d] {
                break;
            }
            at -= strides[d] * dims[d] as isize;
            index[d] = 0;
        }
    }
    out
}

fn view(from: &Numbers, dims: Vec<usize>, strides: &[isize], start: isize) -> Numbers {
    match from {
        Numbers::Floats(array) => {
            Numbers::Floats(Array { values: strided(&array.values, &dims, strides, start), dims })
        }
        Numbers::Ints(array) => {
            Numbers::Ints(Array { values: strided(&array.values, &dims, strides, start), dims })
        }
    }
}

fn cast(node: &NodeProto, inputs: &Inputs<'_>) -> Result<Numbers, String> {
    let to_whole = match (node.op_type.as_str(), int(node, "to", 0) as i32) {
        ("CastLike", _) => matches!(input(inputs, 1)?, Numbers::Ints(_)),
        (_, data_type::FLOAT | data_type::DOUBLE | data_type::FLOAT16 | data_type::BFLOAT16) => false,
        (_, to) if is_whole(to) => true,
        (_, to) => return Err(format!("expected a cast to numbers, got type {to}; export the model again")),
    };
    let to_truth = int(node, "to", 0) as i32 == data_type::BOOL;
    match (input(inputs, 0)?, to_whole) {
        (Numbers::Floats(array), true) => {
            let whole = |&x: &f32| if to_truth { i64::from(x != 0.0) } else { x as i64 };
            let values = array.values.iter().map(whole).collect();
            Ok(Numbers::Ints(Array { dims: array.dims.clone(), values }))
        }
        (Numbers::Ints(array), false) => {
            known(&array.values)?;
            let values = array.values.iter().map(|&x| x as f32).collect();
            Ok(Numbers::Floats(Array { dims: array.dims.clone(), values }))
        }
        (same, _) => Ok(same.clone()),
    }
}

/// Refuses what computes with the number of pictures.
fn known(values: &[i64]) -> Result<(), String> {
    if values.contains(&BATCH) { Err(of_batch()) } else { Ok(()) }
}

fn of_batch() -> String {
    "expected shapes that do not depend on the number of pictures, got one that computes with it; export the model \
     with a fixed batch size"
        .into()
}

/// The shape as numbers, or the part of it from `start` to `end`.
pub fn part_of_shape(node: &NodeProto, shape: &[i64]) -> Vec<i64> {
    let rank = shape.len() as i64;
    let place = |name, default| {
        let place = int(node, name, default);
        (if place < 0 { place.saturating_add(rank) } else { place }).clamp(0, rank) as usize
    };
    let (start, end) = (place("start", 0), place("end", rank));
    shape[start..end.max(start)].to_vec()
}

fn shape_of(node: &NodeProto, dims: &[usize]) -> Numbers {
    let dims: Vec<i64> = dims.iter().map(|&dim| dim as i64).collect();
    Numbers::Ints(Array::row(part_of_shape(node, &dims)))
}

fn reshaped(node: &NodeProto, from: &Numbers, to: &[i64]) -> Result<Numbers, String> {
    let wrong = || {
        format!(
            "expected a shape for {} numbers, got {}; the file is damaged, export it again",
            from.len(),
            listed(to)
        )
    };
    let copies = int(node, "allowzero", 0) == 0;
    let mut dims = Vec::with_capacity(to.len());
    for (d, &n) in to.iter().enumerate() {
        dims.push(match n {
            0 if copies => *from.dims().get(d).ok_or_else(wrong)?,
            -1 => 1,
            n => usize::try_from(n).map_err(|_| wrong())?,
        });
    }
    if let Some(free) = to.iter().position(|&n| n == -1) {
        let others = product(&dims).filter(|&others| others > 0).ok_or_else(wrong)?;
        dims[free] = from.len() / others;
    }
    if product(&dims) != Some(from.len()) {
        return Err(wrong());
    }
    Ok(from.clone().with_dims(dims))
}

fn flattened(node: &NodeProto, from: &Numbers) -> Numbers {
    let rank = from.dims().len() as i64;
    let axis = int(node, "axis", 1);
    let axis = (if axis < 0 { axis.saturating_add(rank) } else { axis }).clamp(0, rank) as usize;
    let of = |dims: &[usize]| dims.iter().product();
    let dims = vec![of(&from.dims()[..axis]), of(&from.dims()[axis..])];
    from.clone().with_dims(dims)
}

fn unsqueezed(from: &Numbers, axes: Option<Vec<i64>>) -> Result<Numbers, String> {
    let axes = axes.ok_or("expected axes, got none; the file is damaged, export it again")?;
    let rank = from.dims().len() + axes.len();
    let mut places = axes.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<Vec<_>, _>>()?;
    places.sort_unstable();
    places.dedup();
    let mut dims = from.dims().to_vec();
    for place in places {
        dims.insert(place.min(dims.len()), 1);
    }
    Ok(from.clone().with_dims(dims))
}

fn squeezed(from: &Numbers, axes: Option<Vec<i64>>) -> Result<Numbers, String> {
    let rank = from.dims().len();
    let places = match axes {
        Some(axes) => axes.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<Vec<_>, _>>()?,
        None => (0..rank).filter(|&d| from.dims()[d] == 1).collect(),
    };
    let dims = from.dims().iter().enumerate().filter(|(d, _)| !places.contains(d)).map(|(_, &dim)| dim);
    let dims: Vec<usize> = dims.collect();
    match product(&dims) == Some(from.len()) {
        true => Ok(from.clone().with_dims(dims)),
        false => {
            Err("expected a Squeeze of axes of length 1, got others; the file is damaged, export it again"
                .into())
        }
    }
}

/// The order of axes of a Transpose; reversed if there is none.
pub fn order(node: &NodeProto, rank: usize) -> Result<Vec<usize>, String> {
    let Some(perm) = ints(node, "perm") else { return Ok((0..rank).rev().collect()) };
    let order = perm.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<Vec<_>, _>>()?;
    match order.len() == rank && (0..rank).all(|axis| order.contains(&axis)) {
        true => Ok(order),
        false => Err(format!(
            "expected an order of {rank} axes, got {}; the file is damaged, export it again",
            listed(perm)
        )),
    }
}

fn transposed(node: &NodeProto, from: &Numbers) -> Result<Numbers, String> {
    let order = order(node, from.dims().len())?;
    let own = strides(from.dims());
    let dims = order.iter().map(|&d| from.dims()[d]).collect();
    let strides: Vec<isize> = order.iter().map(|&d| own[d]).collect();
    Ok(view(from, dims, &strides, 0))
}

fn gathered(node: &NodeProto, from: &Numbers, at: &Numbers, room: usize) -> Result<Numbers, String> {
    let Numbers::Ints(at) = at else {
        return Err(
            "expected whole numbers as indices, got floating-point ones; export the model again".into()
        );
    };
    let axis = axis_of(int(node, "axis", 0), from.dims().len())?;
    let len = from.dims()[axis];
    let index = |&i: &i64| {
        let i = if i < 0 { i.saturating_add(len as i64) } else { i };
        usize::try_from(i).ok().filter(|&i| i < len)
    };
    let places: Option<Vec<usize>> = at.values.iter().map(index).collect();
    let places =
        places.ok_or_else(|| format!("expected indices below {len}, got others; export the model again"))?;
    let dims = [&from.dims()[..axis], &at.dims, &from.dims()[axis + 1..]].concat();
    check(&dims, room)?;
    let inner: usize = from.dims()[axis + 1..].iter().product();
    let outer: usize = from.dims()[..axis].iter().product();
    fn picked<T: Copy>(values: &[T], [outer, len, inner]: [usize; 3], places: &[usize]) -> Vec<T> {
        let rows = (0..outer).flat_map(|o| places.iter().map(move |&place| (o * len + place) * inner));
        rows.flat_map(|start| values[start..start + inner].iter().copied()).collect()
    }
    let extents = [outer, len, inner];
    Ok(match from {
        Numbers::Floats(array) => {
            Numbers::Floats(Array { dims, values: picked(&array.values, extents, &places) })
        }
        Numbers::Ints(array) => {
            Numbers::Ints(Array { dims, values: picked(&array.values, extents, &places) })
        }
    })
}

fn sliced(node: &NodeProto, opset: i64, inputs: &Inputs<'_>, room: usize) -> Result<Numbers, String> {
    let from = input(inputs, 0)?;
    let (starts, ends, axes, steps);
    if opset < 10 {
        let list = |name| ints(node, name).map(<[i64]>::to_vec);
        (starts, ends) = (list("starts").unwrap_or_default(), list("ends").unwrap_or_default());
        (axes, steps) = (list("axes"), None);
    } else {
        let optional = |place| match inputs.get(place) {
            Some(Some(_)) => numbers(inputs, place).map(Some),
            _ => Ok(None),
        };
        (starts, ends) = (numbers(inputs, 1)?, numbers(inputs, 2)?);
        (axes, steps) = (optional(3)?, optional(4)?);
    }
    let axes = axes.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] || steps.contains(&0) {
        return Err("expected as many starts as ends, axes and steps, got others; the file is damaged, export it again".into());
    }
    for list in [&starts, &ends] {
        known(list)?;
    }
    let mut sliced = Vec::with_capacity(axes.len());
    let own = strides(from.dims());
    let (mut dims, mut along, mut start) = (from.dims().to_vec(), own.clone(), 0isize);
    for (((&from_, &to), &axis), &step) in starts.iter().zip(&ends).zip(&axes).zip(&steps) {
        let axis = axis_of(axis, dims.len())?;
        if sliced.contains(&axis) {
            return Err(format!(
                "expected each axis once, got axis {axis} again; the file is damaged, export it again"
            ));
        }
        sliced.push(axis);
        let len = from.dims()[axis] as i64;
        let wrap = |n: i64| if n < 0 { n.saturating_add(len) } else { n };
        let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
        let (first, last) = (wrap(from_).clamp(low.max(0), high.max(0)), wrap(to).clamp(low, high));
        let span = if step > 0 { last - first } else { first - last };
        dims[axis] = if span <= 0 { 0 } else { (span as u64).div_ceil(step.unsigned_abs()) as usize };
        start += first as isize * own[axis];
        // Of one place the step is never taken.
        along[axis] = if dims[axis] > 1 { own[axis] * step as isize } else { 0 };
    }
    check(&dims, room)?;
    Ok(view(from, dims, &along, start))
}

fn joined(node: &NodeProto, inputs: &Inputs<'_>, room: usize) -> Result<Numbers, String> {
    let first = input(inputs, 0)?;
    let axis = axis_of(int(node, "axis", 1), first.dims().len())?;
    let mut dims = first.dims().to_vec();
    dims[axis] = 0;
    let parts = (0..inputs.len()).map(|n| input(inputs, n)).collect::<Result<Vec<_>, _>>()?;
    for part in &parts {
        let fits = part.dims().len() == dims.len()
            && part.dims().iter().enumerate().all(|(d, &dim)| d == axis || dim == dims[d]);
        if !fits {
            return Err(
                "expected constants that fit one another, got others; the file is damaged, export it again"
                    .into(),
            );
        }
        let len = dims[axis].checked_add(part.dims()[axis]);
        dims[axis] = len.ok_or(
            "expected constants that can be counted, got too many; the file is damaged, export it again",
        )?;
    }
    check(&dims, room)?;
    let outer: usize = dims[..axis].iter().product();
    fn rows<T: Copy>(parts: &[&Array<T>], outer: usize) -> Vec<T> {
        let mut values = Vec::new();
        for o in 0..outer {
            for part in parts {
                let len = part.values.len() / outer;
                values.extend_from_slice(&part.values[o * len..(o + 1) * len]);
            }
        }
        values
    }
    let floats: Option<Vec<&Array<f32>>> =
        parts.iter().map(|part| if let Numbers::Floats(array) = part { Some(array) } else { None }).collect();
    if let Some(floats) = floats {
        return Ok(Numbers::Floats(Array { values: rows(&floats, outer), dims }));
    }
    let whole: Option<Vec<&Array<i64>>> =
        parts.iter().map(|part| if let Numbers::Ints(array) = part { Some(array) } else { None }).collect();
    let whole = whole.ok_or("expected constants of one type, got several; export the model again")?;
    Ok(Numbers::Ints(Array { values: rows(&whole, outer), dims }))
}

fn split(node: &NodeProto, inputs: &Inputs<'_>) -> Result<Vec<Numbers>, String> {
    let from = input(inputs, 0)?;
    let axis = axis_of(int(node, "axis", 0), from.dims().len())?;
    let len = from.dims()[axis];
    let parts = match (ints(node, "split"), inputs.get(1)) {
        (Some(parts), _) => parts.to_vec(),
        (None, Some(Some(_))) => numbers(inputs, 1)?,
        (None, _) => {
            let count = node.output.len().max(1);
            let each = len.div_ceil(count);
            (0..count).map(|n| len.saturating_sub(n * each).min(each) as i64).collect()
        }
    };
    let parts: Option<Vec<usize>> = parts.iter().map(|&n| usize::try_from(n).ok()).collect();
    let parts = parts
        .filter(|parts| parts.iter().try_fold(0usize, |sum, &n| sum.checked_add(n)) == Some(len))
        .ok_or_else(|| format!("expected parts of {len} in all, got others; export the model again"))?;
    let own = strides(from.dims());
    let mut start = 0isize;
    Ok(parts
        .into_iter()
        .map(|part| {
            let mut dims = from.dims().to_vec();
            dims[axis] = part;
            let made = view(from, dims, &own, start);
            start += part as isize * own[axis];
            made
        })
        .collect())
}

fn shape(to: &[i64], room: usize) -> Result<Vec<usize>, String> {
    known(to)?;
    let dims: Option<Vec<usize>> = to.iter().map(|&n| usize::try_from(n).ok()).collect();
    let dims = dims.ok_or_else(|| format!("expected a shape, got {}; export the model again", listed(to)))?;
    check(&dims, room)?;
    Ok(dims)
}

fn filled(node: &NodeProto, to: &[i64], room: usize) -> Result<Numbers, String> {
    let value = node.attribute.iter().find(|attribute| attribute.name == "value");
    let Some(value) = value.and_then(|attribute| attribute.t.as_ref()) else {
        let dims = shape(to, room)?;
        let values = vec![0.0; dims.iter().product()];
        return Ok(Numbers::Floats(Array { dims, values }));
    };
    if is_whole(value.data_type) {
        let value = ints_of(value, &value.raw_data)?.first().copied().unwrap_or(0);
        // As many as a shape has of the batch: a shape of ones, as Expand reads it.
        let dims = shape(to, room)?;
        return Ok(Numbers::Ints(Array { values: vec![value; dims.iter().product()], dims }));
    }
    let value = floats_of(value, &value.raw_data)?.first().copied().unwrap_or(0.0);
    let dims = shape(to, room)?;
    Ok(Numbers::Floats(Array { values: vec![value; dims.iter().product()], dims }))
}

/// The shape that two shapes broadcast to.
fn broadcast(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let at = |dims: &[usize], d: usize| (d + dims.len()).checked_sub(rank).map_or(1, |d| dims[d]);
    (0..rank)
        .map(|d| match (at(a, d), at(b, d)) {
            (x, y) if x == y => Ok(x),
            (1, x) | (x, 1) => Ok(x),
            (x, y) => Err(format!(
                "expected constants that fit one another, got {x} and {y} along one axis; the file is damaged, export it \
                 again"
            )),
        })
        .collect()
}

/// Numbers repeated along the axes that they lack.
fn spread(from: &Numbers, dims: &[usize]) -> Numbers {
    let own = strides(from.dims());
    let missing = dims.len() - from.dims().len();
    let strides: Vec<isize> = (0..dims.len())
        .map(|d| d.checked_sub(missing).filter(|&d| from.dims()[d] != 1).map_or(0, |d| own[d]))
        .collect();
    view(from, dims.to_vec(), &strides, 0)
}

fn expanded(from: &Numbers, to: &[i64], room: usize) -> Result<Numbers, String> {
    let dims = broadcast(from.dims(), &shape(to, room)?)?;
    check(&dims, room)?;
    Ok(spread(from, &dims))
}

fn range(inputs: &Inputs<'_>, room: usize) -> Result<Numbers, String> {
    let one = |place| numbers(inputs, place).map(|list| list.first().copied().unwrap_or(0));
    let (start, limit, step) = (one(0)?, one(1)?, one(2)?);
    known(&[start, limit, step])?;
    let span = if step > 0 { limit.saturating_sub(start) } else { start.saturating_sub(limit) };
    if step == 0 {
        return Err("expected a step other than 0, got 0; the file is damaged, export it again".into());
    }
    let count = if span <= 0 { 0 } else { (span as u64).div_ceil(step.unsigned_abs()) };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    check(&[count], room)?;
    let values = (0..count as i64).map(|n| start.wrapping_add(n.wrapping_mul(step))).collect();
    Ok(Numbers::Ints(Array::row(values)))
}

fn chosen(inputs: &Inputs<'_>, room: usize) -> Result<Numbers, String> {
    let (which, yes, no) = (input(inputs, 0)?, input(inputs, 1)?, input(inputs, 2)?);
    let dims = broadcast(&broadcast(which.dims(), yes.dims())?, no.dims())?;
    check(&dims, room)?;
    let Numbers::Ints(which) = spread(which, &dims) else {
        return Err("expected truth values, got floating-point numbers; export the model again".into());
    };
    fn pick<T: Copy>(which: &[i64], yes: &[T], no: &[T]) -> Vec<T> {
        which
            .iter()
            .zip(yes.iter().zip(no))
            .map(|(&which, (&yes, &no))| if which != 0 { yes } else { no })
            .collect()
    }
    match (spread(yes, &dims), spread(no, &dims)) {
        (Numbers::Floats(yes), Numbers::Floats(no)) => {
            Ok(Numbers::Floats(Array { values: pick(&which.values, &yes.values, &no.values), dims }))
        }
        (Numbers::Ints(yes), Numbers::Ints(no)) => {
            Ok(Numbers::Ints(Array { values: pick(&which.values, &yes.values, &no.values), dims }))
        }
        (Numbers::Floats(_), Numbers::Ints(_)) | (Numbers::Ints(_), Numbers::Floats(_)) => Err(mixed()),
    }
}

fn mixed() -> String {
    "expected constants of one type, got whole and floating-point numbers; export the model again".into()
}

fn reduced(node: &NodeProto, from: &Numbers, axes: Option<Vec<i64>>) -> Result<Numbers, String> {
    let rank = from.dims().len();
    let mut places = match axes {
        Some(axes) if !axes.is_empty() => {
            axes.iter().map(|&axis| axis_of(axis, rank)).collect::<Result<Vec<_>, _>>()?
        }
        _ => (0..rank).collect(),
    };
    places.sort_unstable();
    places.dedup();
    if from.len() == 0 {
        return Err("expected numbers to reduce, got none; the file is damaged, export it again".into());
    }
    // The reduced axes last, so that what becomes one number lies together.
    let order: Vec<usize> = (0..rank).filter(|d| !places.contains(d)).chain(places.iter().copied()).collect();
    let own = strides(from.dims());
    let dims: Vec<usize> = order.iter().map(|&d| from.dims()[d]).collect();
    let together = view(from, dims, &order.iter().map(|&d| own[d]).collect::<Vec<_>>(), 0);
    let len: usize = places.iter().map(|&d| from.dims()[d]).product();
    let keeps = int(node, "keepdims", 1) != 0;
    let kept = |d: usize| match places.contains(&d) {
        true if keeps => Some(1),
        true => None,
        false => Some(from.dims()[d]),
    };
    let dims: Vec<usize> = (0..rank).filter_map(kept).collect();
    let op = node.op_type.as_str();
    match together {
        Numbers::Floats(array) => {
            let one = |cells: &[f32]| match op {
                "ReduceProd" => cells.iter().product(),
                "ReduceMax" => cells.iter().copied().fold(f32::NEG_INFINITY, f32::max),
                "ReduceMin" => cells.iter().copied().fold(f32::INFINITY, f32::min),
                "ReduceMean" => cells.iter().sum::<f32>() / cells.len() as f32,
                _ => cells.iter().sum(),
            };
            Ok(Numbers::Floats(Array { dims, values: array.values.chunks(len).map(one).collect() }))
        }
        Numbers::Ints(array) => {
            known(&array.values)?;
            let one = |cells: &[i64]| match op {
                "ReduceProd" => cells.iter().try_fold(1i64, |a, &b| a.checked_mul(b)),
                "ReduceMax" => cells.iter().copied().max(),
                "ReduceMin" => cells.iter().copied().min(),
                "ReduceMean" => {
                    cells.iter().try_fold(0i64, |a, &b| a.checked_add(b)).map(|sum| sum / cells.len() as i64)
                }
                _ => cells.iter().try_fold(0i64, |a, &b| a.checked_add(b)),
            };
            let values: Option<Vec<i64>> = array.values.chunks(len).map(one).collect();
            let values = values.ok_or_else(too_large)?;
            Ok(Numbers::Ints(Array { dims, values }))
        }
    }
}

fn too_large() -> String {
    "expected whole numbers that can be counted with, got too large ones; the file is damaged, export it again".into()
}

fn mapped(node: &NodeProto, from: &Numbers) -> Result<Numbers, String> {
    let op = node.op_type.as_str();
    match from {
        Numbers::Floats(array) => {
            let one = |&x: &f32| match op {
                "Neg" => -x,
                "Sqrt" => x.sqrt(),
                "Reciprocal" => 1.0 / x,
                "Exp" => x.exp(),
                "Abs" => x.abs(),
                "Floor" => x.floor(),
                "Ceil" => x.ceil(),
                _ => f32::from(x == 0.0),
            };
            Ok(Numbers::Floats(Array {
                dims: array.dims.clone(),
                values: array.values.iter().map(one).collect(),
            }))
        }
        Numbers::Ints(array) => {
            known(&array.values)?;
            let one = |&x: &i64| match op {
                "Neg" => x.checked_neg(),
                "Abs" => x.checked_abs(),
                "Not" => Some(i64::from(x == 0)),
                "Floor" | "Ceil" => Some(x),
                _ => None,
            };
            let values: Option<Vec<i64>> = array.values.iter().map(one).collect();
            let values = values.ok_or_else(too_large)?;
            Ok(Numbers::Ints(Array { dims: array.dims.clone(), values }))
        }
    }
}

fn combined(node: &NodeProto, inputs: &Inputs<'_>, room: usize) -> Result<Numbers, String> {
    let mut result = input(inputs, 0)?.clone();
    for place in 1..inputs.len() {
        let other = input(inputs, place)?;
        let dims = broadcast(result.dims(), other.dims())?;
        check(&dims, room)?;
        result = match (spread(&result, &dims), spread(other, &dims)) {
            (Numbers::Floats(a), Numbers::Floats(b)) => floats(&node.op_type, a, &b),
            (Numbers::Ints(a), Numbers::Ints(b)) => {
                let values: Result<Vec<i64>, String> =
                    a.values.iter().zip(&b.values).map(|(&a, &b)| whole(node, a, b)).collect();
                Numbers::Ints(Array { dims, values: values? })
            }
            (Numbers::Floats(a), Numbers::Ints(b)) if node.op_type == "Pow" => {
                let values = b.values.iter().map(|&x| x as f32).collect();
                floats("Pow", a, &Array { dims, values })
            }
            (Numbers::Floats(_), Numbers::Ints(_)) | (Numbers::Ints(_), Numbers::Floats(_)) => {
                return Err(mixed());
            }
        };
    }
    Ok(result)
}

fn floats(op: &str, a: Array<f32>, b: &Array<f32>) -> Numbers {
    let pairs = a.values.iter().zip(&b.values).map(|(&a, &b)| (a, b));
    let truth = |values: Vec<bool>| {
        let values = values.into_iter().map(i64::from).collect();
        Numbers::Ints(Array { dims: a.dims.clone(), values })
    };
    match op {
        "Equal" => truth(pairs.map(|(a, b)| a == b).collect()),
        "Greater" => truth(pairs.map(|(a, b)| a > b).collect()),
        "Less" => truth(pairs.map(|(a, b)| a < b).collect()),
        "GreaterOrEqual" => truth(pairs.map(|(a, b)| a >= b).collect()),
        "LessOrEqual" => truth(pairs.map(|(a, b)| a <= b).collect()),
        _ => {
            let one = |(a, b): (f32, f32)| match op {
                "Sub" => a - b,
                "Mul" => a * b,
                "Div" => a / b,
                "Mod" => a % b,
                "Pow" => a.powf(b),
                "Min" => a.min(b),
                "Max" => a.max(b),
                _ => a + b,
            };
            Numbers::Floats(Array { values: pairs.map(one).collect(), dims: a.dims })
        }
    }
}

/// Two whole numbers combined. The number of pictures only passes through.
fn whole(node: &NodeProto, a: i64, b: i64) -> Result<i64, String> {
    let op = node.op_type.as_str();
    if a == BATCH || b == BATCH {
        return match (op, a, b) {
            ("Mul", BATCH, 1) | ("Mul", 1, BATCH) | ("Div", BATCH, 1) => Ok(BATCH),
            ("Add", BATCH, 0) | ("Add", 0, BATCH) | ("Sub", BATCH, 0) => Ok(BATCH),
            // It is at least 1.
            ("Equal", BATCH, other) | ("Equal", other, BATCH) if other < 1 => Ok(i64::from(a == b)),
            _ => Err(of_batch()),
        };
    }
    let value = match op {
        "Add" => a.checked_add(b),
        "Sub" => a.checked_sub(b),
        "Mul" => a.checked_mul(b),
        "Div" => a.checked_div(b),
        // The sign is the divisor's, unless fmod asks for the other one's.
        "Mod" if int(node, "fmod", 0) == 0 => {
            a.checked_rem(b).map(|rest| if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
        }
        "Mod" => a.checked_rem(b),
        "Pow" => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        "Min" => Some(a.min(b)),
        "Max" => Some(a.max(b)),
        "Equal" => Some(i64::from(a == b)),
        "Greater" => Some(i64::from(a > b)),
        "Less" => Some(i64::from(a < b)),
        "GreaterOrEqual" => Some(i64::from(a >= b)),
        "LessOrEqual" => Some(i64::from(a <= b)),
        "And" => Some(i64::from(a != 0 && b != 0)),
        _ => Some(i64::from(a != 0 || b != 0)),
    };
    value.ok_or_else(too_large)
}
