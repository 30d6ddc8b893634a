//! A layer's maps in words: above them, for a screen reader, and under the pointer.

use super::subject::{Panel, Shown, Subject, What};
use crate::attribution::receptive_field;
use crate::nn::{Activation, Op, Part};
use crate::trace::{Owner, TensorId};
use crate::ui::{
    blocks::{block_of, blocks},
    compared::{Side, with_sign},
    filters::{FilterCell, FilterForm},
    names, number,
    tensor_plane::TensorPlane,
    view::View,
    widgets::grid::CellState,
};

/// What stands above a square, at its right end.
pub struct Largest {
    /// The number.
    pub value: String,
    /// With a single digit, where there is no room for it.
    pub shortest: String,
    /// It is the largest value, not the one farthest from 0, and may say so.
    pub has_word: bool,
}

/// The largest value of a map, of a gradient the one farthest from 0; `None` where it is not computed, stands in the
/// map itself, or the filter stands beside its map.
pub fn largest(view: &View, subject: &Subject, shown: &Shown, map: usize) -> Option<Largest> {
    let is_beside = shown.form.is_some() && subject.shown.len() > 1;
    if shown.form.is_none() && shown.plane.is_single() {
        return None;
    }
    if let Side::Difference(before) = &shown.side {
        let change = before.changed.maps.get(map).filter(|_| shown.is_complete(map))?;
        return Some(match change.is_zero() {
            true => Largest { value: view.text("layer.same"), shortest: String::new(), has_word: false },
            false => Largest::signed(change.strongest()),
        });
    }
    let plan = view.state.plan();
    if shown.form.is_some() && !plan.is_weight_shaped(subject.tensor) {
        // A filter says how strongly its map reacts.
        let made = Shown::new(view, Panel::Values(subject.tensor), subject.image);
        let numbers = made.numbers(map).filter(|_| !is_beside)?;
        return Some(Largest::new(numbers.max, true));
    }
    let numbers = shown.numbers(map)?;
    Some(match shown.panel {
        Panel::Values(_) => Largest::new(finite(numbers.max), true),
        Panel::Gradients(_) | Panel::Filters(_) => Largest::new(numbers.strongest(), false),
    })
}

impl Largest {
    fn signed(value: f32) -> Self {
        Self { value: with_sign(value, 2), shortest: with_sign(value, 1), has_word: false }
    }

    fn new(value: f32, has_word: bool) -> Self {
        Self { value: number::short(value), shortest: number::significant(value, 1), has_word }
    }
}

/// Of no finite value at all, NaN.
const fn finite(max: f32) -> f32 {
    if max == f32::NEG_INFINITY { f32::NAN } else { max }
}

/// The name of a tile: `conv2 output, map 7, largest 4.94`.
pub fn tile(view: &View, subject: &Subject, map: usize) -> String {
    let each = subject.shown.iter().map(|shown| {
        let tensor = shown.panel.tensor();
        let name = match (tensor.owner, tensor.part) {
            (Owner::Layer(_), Part::Out) => {
                view.fill("layer.output", &[("tensor", &names::tensor(view, tensor))])
            }
            (Owner::Layer(_) | Owner::Input | Owner::Loss, _) => names::tensor(view, tensor),
        };
        let part = part(view, shown, map);
        let place = view.fill("layer.part", &[("tensor", &name), ("part", &part)]);
        let key = match shown.panel {
            _ if matches!(shown.side, Side::Difference(_)) => "layer.largest_change",
            _ if shown.plane.is_single() && shown.form.is_none() => "layer.is",
            Panel::Values(_) => "layer.largest",
            Panel::Gradients(_) => "layer.largest_gradient",
            Panel::Filters(_) => "layer.largest_weight",
        };
        match shown.numbers(map) {
            None => view.fill("layer.part_not_yet", &[("place", &place)]),
            Some(numbers) if numbers.is_zero() && numbers.cells > 1 => {
                let is_change = matches!(shown.side, Side::Difference(_));
                let key = if is_change { "layer.part_same" } else { "layer.part_zero" };
                view.fill(key, &[("place", &place)])
            }
            Some(numbers) => {
                let value = match shown.panel {
                    _ if matches!(shown.side, Side::Difference(_)) => numbers.strongest(),
                    Panel::Values(_) => finite(numbers.max),
                    Panel::Gradients(_) | Panel::Filters(_) => numbers.strongest(),
                };
                view.fill(key, &[("place", &place), ("value", &number::significant(value, 3))])
            }
        }
    });
    each.collect::<Vec<_>>().join("; ")
}

/// A map, a filter or a neuron by its name; of a class with the class.
fn part(view: &View, shown: &Shown, map: usize) -> String {
    let tensor = shown.panel.tensor();
    if shown.form.is_some() {
        let is_dense = matches!(tensor.owner, Owner::Layer(l) if matches!(view.state.plan().layer(l as usize).op, Op::Dense(_)));
        let key = if is_dense { "name.neuron" } else { "name.filter" };
        return view.fill(key, &[("k", &map.to_string())]);
    }
    names::plane(view, tensor, map)
}

/// The same with its class, where the maps are the classes.
fn part_and_class(view: &View, subject: &Subject, shown: &Shown, map: usize) -> String {
    let part = part(view, shown, map);
    if subject.has_classes && view.state.names_classes() {
        let class = names::class_of_output(view, map);
        return view.fill("layer.class", &[("part", &part), ("class", &class)]);
    }
    part
}

/// What is under the pointer: the front, and what follows it.
pub fn read_out(view: &View, subject: &Subject, shown: &Shown, map: usize, what: What) -> (String, String) {
    match (what, shown.form) {
        (What::Cell(i, j), _) => cell(view, subject, shown, map, [i, j]),
        (What::Weight(cell), Some(form)) => filter(view, shown, form, map, cell),
        (What::Weight(_), None) => Default::default(),
    }
}

fn cell(view: &View, subject: &Subject, shown: &Shown, map: usize, [i, j]: [usize; 2]) -> (String, String) {
    let plane = shown.plane.of_map(map);
    let part = part_and_class(view, subject, shown, map);
    let (row, column) = (i.to_string(), j.to_string());
    let place = match plane.is_single() {
        true => part.clone(),
        false => view.fill("layer.cell", &[("part", &part), ("row", &row), ("column", &column)]),
    };
    let shown_cell = plane.cell(i, j);
    if let Some((front, rest)) = change(view, subject, shown, &place, plane.index(i, j) as usize) {
        return (front, rest);
    }
    let front = match shown_cell.state {
        CellState::NotYet => view.fill("layer.cell_not_yet", &[("place", &place)]),
        CellState::Partial | CellState::Current | CellState::Stale => {
            let value = number::significant(shown_cell.value, 3);
            let key = match shown.panel {
                Panel::Gradients(_) => "layer.cell_gradient",
                Panel::Values(_) | Panel::Filters(_) => "layer.cell_value",
            };
            view.fill(key, &[("place", &place), ("value", &value)])
        }
    };
    let why = match shown.panel {
        Panel::Gradients(gradient) => Some(hands_back(view, gradient)),
        Panel::Values(_) | Panel::Filters(_) => sees(view, &plane, [i, j]),
    };
    let opens = view.fill("layer.opens", &[("part", &names::plane(view, plane.tensor(), map))]);
    let rest = why.into_iter().chain([opens]).collect::<Vec<_>>().join(" · ");
    (front, rest)
}

/// A cell before and now; `None` where nothing is compared.
fn change(
    view: &View,
    subject: &Subject,
    shown: &Shown,
    place: &str,
    index: usize,
) -> Option<(String, String)> {
    let before = subject.before.as_ref()?;
    let now = shown.plane.cell_at(index as u32);
    if now.state != CellState::Current {
        return None;
    }
    let (was, by) = (*before.cells.get(index)?, *before.changes.get(index)?);
    let [was, now] = [was, now.value].map(|value| number::significant(value, 3));
    let front = view.fill("layer.cell_change", &[("place", place), ("before", &was), ("now", &now)]);
    Some((front, view.fill("layer.cell_changed_by", &[("change", &with_sign(by, 3))])))
}

/// What part of the picture a cell sees.
fn sees(view: &View, plane: &TensorPlane, at: [usize; 2]) -> Option<String> {
    let (Owner::Layer(l), Part::Out) = (plane.tensor().owner, plane.tensor().part) else { return None };
    let network = view.state.plan().network();
    let field = receptive_field(network, l as usize, at);
    let [_, rows, cols] = network.input;
    if field.size == [rows, cols] {
        return Some(view.text("layer.sees_all"));
    }
    let key = if view.room.strip.is_some() { "layer.sees" } else { "layer.sees_somewhere" };
    let [rows, columns] = field.size.map(|n| n.to_string());
    Some(view.fill(key, &[("rows", &rows), ("columns", &columns)]))
}

/// How a gradient comes from that of the next layer.
fn hands_back(view: &View, gradient: TensorId) -> String {
    if gradient.part == Part::Dy {
        return view.text("layer.back_sum");
    }
    let Owner::Layer(l) = gradient.owner else { return view.text("layer.back_loss") };
    let layer = view.state.plan().layer(l as usize);
    let fill = |key: &str| view.fill(key, &[("layer", layer.name())]);
    match &layer.op {
        Op::MaxPool2d(pool) => {
            let [rows, columns] = [pool.window.rows.kernel, pool.window.cols.kernel].map(|n| n.to_string());
            let values = [("layer", layer.name()), ("rows", rows.as_str()), ("columns", columns.as_str())];
            view.fill("layer.back_max", &values)
        }
        Op::AvgPool2d(_) => fill("layer.back_average"),
        Op::Activation(Activation::Relu) => fill("layer.back_relu"),
        Op::Activation(_) | Op::PRelu(_) => fill("layer.back_slope"),
        Op::Conv2d(_) => fill("layer.back_filters"),
        Op::ConvTranspose2d(_) => fill("layer.back_stamps"),
        Op::Dense(_) => fill("layer.back_neurons"),
        Op::Add => fill("layer.back_add"),
        Op::Multiply => fill("layer.back_multiply"),
        Op::Concat => fill("layer.back_concat"),
        Op::Resample2d(_)
        | Op::Flatten
        | Op::Dropout { .. }
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::LocalResponseNorm(_)
        | Op::Softmax => fill("layer.back_other"),
    }
}

fn filter(
    view: &View,
    shown: &Shown,
    form: FilterForm,
    map: usize,
    cell: Option<FilterCell>,
) -> (String, String) {
    let (plan, tensor) = (view.state.plan(), shown.panel.tensor());
    let part = part(view, shown, map);
    let opens = view.fill("layer.opens", &[("part", &part)]);
    let Owner::Layer(l) = tensor.owner else { return (part, opens) };
    let [rows, columns] = form.size.map(|n| n.to_string());
    let size = [("rows", rows.as_str()), ("columns", columns.as_str())];
    let bias = plan.knows(TensorId::layer(l as usize, Part::Bias));
    let (front, what) = match cell.filter(|_| form.slices > 1 && !form.is_colored) {
        Some(cell) => {
            let read = read_map(view, l as usize, map, cell.slice);
            let slice = cell.slice.to_string();
            let front = view.fill("layer.slice", &[("part", &part), ("slice", &slice)]);
            let layer = read_block(view, l as usize);
            let values = [size[0], size[1], ("map", read.as_str()), ("layer", layer.as_str())];
            (front, view.fill("layer.slice_of", &values))
        }
        None => {
            let count = number::thousands((form.weights() + usize::from(bias)) as u64);
            let slices = form.slices.to_string();
            let values = [size[0], size[1], ("slices", slices.as_str()), ("count", count.as_str())];
            let key = match (form.is_colored, form.slices, bias) {
                (true, _, true) => "layer.colours_bias",
                (true, _, false) => "layer.colours",
                (false, 1, true) => "layer.weights_bias",
                (false, 1, false) => "layer.weights",
                (false, _, true) => "layer.slices_bias",
                (false, _, false) => "layer.slices",
            };
            (part.clone(), view.fill(key, &values))
        }
    };
    let here = cell.filter(|_| !form.is_colored).and_then(|cell| form.index(map, cell)).map(|index| {
        let value = number::significant(shown.plane.cell_at(index as u32).value, 3);
        view.fill("layer.here", &[("value", &value)])
    });
    (front, [Some(what), here, Some(opens)].into_iter().flatten().collect::<Vec<_>>().join(" · "))
}

/// The name of the block whose maps the slices of layer `l` are for: those that it reads, of a transposed convolution
/// its own.
fn read_block(view: &View, l: usize) -> String {
    let plan = view.state.plan();
    if matches!(plan.layer(l).op, Op::ConvTranspose2d(_)) {
        return plan.layer(l).name().to_owned();
    }
    let read = plan.input_of(l);
    let blocks = blocks(plan.network());
    match block_of(&blocks, read) {
        Some(block) => blocks[block].name(plan).to_owned(),
        None => names::tensor(view, read),
    }
}

/// The number of the map that a slice is for: with groups, those of the filter's group.
fn read_map(view: &View, l: usize, filter: usize, slice: usize) -> String {
    let read = match &view.state.plan().layer(l).op {
        Op::Conv2d(conv) => conv.inputs_of(filter).start + slice,
        // The slices of an input map's filter go to the output maps.
        Op::ConvTranspose2d(spec) => spec.conv.inputs_of(filter).start + slice,
        Op::Dense(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Activation(_)
        | Op::PRelu(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::LocalResponseNorm(_)
        | Op::Flatten
        | Op::Dropout { .. }
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => slice,
    };
    read.to_string()
}
