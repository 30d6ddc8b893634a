//! What the screen calls tensors and their parts: `conv1`, `∂L/∂relu1`, `map 3`, `filter 3, slice 0`.
//!
//! Addresses keep their own letters (`conv1.dW/k3,0`); they stand only where an address is typed or copied.

use super::view::View;
use crate::attribution::Unit;
use crate::nn::{Op, Part};
use crate::trace::{Address, Owner, Plan, TensorId};

/// The name of a tensor: `conv1`, `conv1 weights`, `∂L/∂relu1`.
pub fn tensor(view: &View, tensor: TensorId) -> String {
    let plan = view.state.plan();
    let layers = plan.network().layers.len();
    let owner = match tensor.owner {
        Owner::Input => return view.text("name.input"),
        Owner::Loss => view.text("name.loss"),
        Owner::Layer(l) => plan.layer(l as usize).name().to_owned(),
    };
    let key = match tensor.part {
        Part::Out => return owner,
        Part::Dx => {
            let read = match tensor.owner {
                Owner::Input | Owner::Loss => Plan::input_of(layers),
                Owner::Layer(l) => Plan::input_of(l as usize),
            };
            return format!("∂L/∂{}", self::tensor(view, read));
        }
        Part::Target => "name.target",
        Part::Prob => "name.prob",
        Part::Winner => "name.winner",
        Part::Max => "name.max",
        Part::Shift => "name.shift",
        Part::Exp => "name.exp",
        Part::Sum => "name.sum",
        Part::Mean => "name.mean",
        Part::Var => "name.var",
        Part::InvStd => "name.inv_std",
        Part::Xhat => "name.xhat",
        Part::Mask => "name.mask",
        Part::Scale => "name.scale",
        Part::Factor => "name.factor",
        Part::Ratio => "name.ratio",
        Part::Ds => "name.ds",
        Part::Dot => "name.dot",
        Part::Dw => "name.dw",
        Part::Db => "name.db",
        Part::DwMean => "name.dw_mean",
        Part::DbMean => "name.db_mean",
        Part::DwDecayed => "name.dw_decayed",
        Part::DbDecayed => "name.db_decayed",
        Part::WeightM => "name.weight_m",
        Part::BiasM => "name.bias_m",
        Part::WeightV => "name.weight_v",
        Part::BiasV => "name.bias_v",
        Part::WeightStep => "name.weight_step",
        Part::BiasStep => "name.bias_step",
        Part::Weight => "name.weight",
        Part::Bias => "name.bias",
        Part::RunningMean => "name.running_mean",
        Part::RunningVar => "name.running_var",
    };
    view.fill(key, &[("layer", &owner)])
}

/// The name of the plane number `plane` of a tensor: `map 3`, `filter 3, slice 0`, `neuron 3`; `red` for the first
/// of an input of three maps.
pub fn plane(view: &View, tensor: TensorId, plane: usize) -> String {
    let plan = view.state.plan();
    let shape = plan.shape_of(tensor);
    if plan.is_weight_shaped(tensor) {
        let (o, c) = (plane / shape.0[1].max(1), plane % shape.0[1].max(1));
        let is_dense = matches!(operation(view, tensor), Some(Op::Dense(_)));
        let key = if is_dense { "name.connection" } else { "name.slice" };
        return view.fill(key, &[("o", &o.to_string()), ("c", &c.to_string())]);
    }
    let is_input = tensor == TensorId::INPUT
        || (tensor.part == Part::Dx && matches!(tensor.owner, Owner::Layer(0)) && shape.plane() > 1);
    if is_input {
        match (shape.planes(), plane) {
            (1, _) => return view.text("name.grey"),
            (3, 0) => return view.text("name.red"),
            (3, 1) => return view.text("name.green"),
            (3, _) => return view.text("name.blue"),
            _ => {}
        }
    }
    let is_like_output = matches!(tensor.part, Part::Out | Part::Dx | Part::Ds);
    let key = match (shape.plane(), operation(view, tensor)) {
        (1, Some(Op::Dense(_))) if tensor.part != Part::Dx => "name.neuron",
        (1, Some(Op::Activation(_))) if tensor.part == Part::Out && follows_dense(view, tensor) => {
            "name.neuron"
        }
        (1, Some(Op::Conv2d(_))) if !is_like_output => "name.filter",
        (1, Some(Op::BatchNorm2d(_))) => "name.map",
        (1, _) => "name.cell",
        _ => "name.map",
    };
    view.fill(key, &[("k", &plane.to_string())])
}

/// A tensor and one of its planes: `conv1 · map 3`; the tensor alone if it has but one plane.
pub fn tensor_and_plane(view: &View, tensor: TensorId, plane: usize) -> String {
    let name = self::tensor(view, tensor);
    match view.state.plan().shape_of(tensor).planes() {
        0 | 1 => name,
        _ => format!("{name} · {}", self::plane(view, tensor, plane)),
    }
}

/// The cell at an address: `conv1 · map 3 · (2,5)`; rows and columns only where the plane has more than one cell.
/// Empty if the address names no cell of a tensor.
pub fn cell(view: &View, address: &Address) -> String {
    let Some((tensor, _, index)) = view.state.trace().tensor_cell(address) else { return String::new() };
    let shape = view.state.plan().shape_of(tensor);
    let [_, _, i, j] = shape.at(index as usize);
    let plane = shape.plane().max(1);
    let name = tensor_and_plane(view, tensor, index as usize / plane);
    if plane > 1 { format!("{name} · ({i},{j})") } else { name }
}

/// What evidence is shown for: `star (score)`, `conv2 · map 3`, `conv2 · map 3 · (2,5)`.
pub fn unit(view: &View, unit: Unit) -> String {
    let class = |key: &str, class: usize| view.fill(key, &[("class", &view.state.model().class_name(class))]);
    let out = |layer: usize| TensorId::layer(layer, Part::Out);
    match unit {
        Unit::Score(k) => class("name.score", k),
        Unit::Probability(k) => class("name.probability", k),
        Unit::Channel { layer, channel } => tensor_and_plane(view, out(layer), channel),
        Unit::Cell { layer, channel, at: [i, j] } => {
            let name = tensor_and_plane(view, out(layer), channel);
            let is_vector = view.state.plan().shape_of(out(layer)).plane() == 1;
            if is_vector { name } else { format!("{name} · ({i},{j})") }
        }
    }
}

/// `rows 30, 31 and column 5`; `None` where there are none of either. More than four of a kind end in "…".
pub fn rows_and_columns(view: &View, rows: &[usize], columns: &[usize]) -> Option<String> {
    let list = |numbers: &[usize], [one, many]: [&str; 2]| {
        let shown: Vec<_> = numbers.iter().take(4).map(ToString::to_string).collect();
        let list = shown.join(", ") + if numbers.len() > 4 { ", …" } else { "" };
        let key = if numbers.len() == 1 { one } else { many };
        (!numbers.is_empty()).then(|| view.fill(key, &[("n", &list)]))
    };
    let rows = list(rows, ["name.row", "name.rows"]);
    let columns = list(columns, ["name.column", "name.columns"]);
    match (rows, columns) {
        (Some(rows), Some(columns)) => Some(view.fill("name.and", &[("a", &rows), ("b", &columns)])),
        (rows, columns) => rows.or(columns),
    }
}

/// Whether the layer before a tensor's is a dense one.
fn follows_dense(view: &View, tensor: TensorId) -> bool {
    let Owner::Layer(l) = tensor.owner else { return false };
    let before = (l as usize).checked_sub(1);
    before.is_some_and(|before| matches!(view.state.plan().layer(before).op, Op::Dense(_)))
}

/// The operation of the layer that a tensor belongs to.
fn operation<'a>(view: &View<'a>, tensor: TensorId) -> Option<&'a Op> {
    match tensor.owner {
        Owner::Layer(l) => Some(&view.state.plan().layer(l as usize).op),
        Owner::Input | Owner::Loss => None,
    }
}
