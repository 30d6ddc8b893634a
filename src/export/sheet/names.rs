//! What worksheets call tensors, maps and cells.

use super::words::Words;
use crate::nn::{Op, Part};
use crate::trace::{Address, Grain, Owner, Place, Plan, TensorId};

/// The key of the name of a part of a layer or of the loss; none for outputs and gradients of inputs.
fn key(part: Part) -> Option<String> {
    match part {
        Part::Out | Part::Dx | Part::DxOf(_) | Part::Dy => None,
        Part::GroupMean => Some("name.mean".into()),
        Part::GroupVar => Some("name.var".into()),
        Part::GroupInvStd => Some("name.inv_std".into()),
        Part::DxhatSum => Some("name.dxhat_sum".into()),
        Part::Ds => Some("name.ds".into()),
        Part::Dw => Some("name.dw".into()),
        Part::Db => Some("name.db".into()),
        Part::Weight => Some("name.weight".into()),
        Part::Bias => Some("name.bias".into()),
        Part::Target => Some("name.target".into()),
        Part::DwMean => Some("name.dw_mean".into()),
        Part::DbMean => Some("name.db_mean".into()),
        Part::DwDecayed => Some("name.dw_decayed".into()),
        Part::DbDecayed => Some("name.db_decayed".into()),
        Part::WeightM => Some("name.weight_m".into()),
        Part::BiasM => Some("name.bias_m".into()),
        Part::WeightV => Some("name.weight_v".into()),
        Part::BiasV => Some("name.bias_v".into()),
        Part::WeightStep => Some("name.weight_step".into()),
        Part::BiasStep => Some("name.bias_step".into()),
        Part::RunningMean => Some("name.running_mean".into()),
        Part::RunningVar => Some("name.running_var".into()),
        Part::Winner
        | Part::Max
        | Part::Shift
        | Part::Exp
        | Part::Sum
        | Part::Prob
        | Part::Mean
        | Part::Var
        | Part::InvStd
        | Part::Xhat
        | Part::Scale
        | Part::Factor
        | Part::Ratio
        | Part::Mask
        | Part::Dxhat
        | Part::Dot => Some(format!("name.{}", part.suffix().to_lowercase())),
    }
}

/// The name of a tensor: `conv1`, `conv1 weights`, `∂L/∂relu1`.
pub fn tensor(words: Words, plan: &Plan, tensor: TensorId) -> String {
    if let Some(source) = plan.differentiated(tensor) {
        return format!("∂L/∂{}", self::tensor(words, plan, TensorId::of(source)));
    }
    let owner = match tensor.owner {
        Owner::Input => return words.text("name.input"),
        Owner::Layer(l) => plan.layer(usize::from(l)).name().to_owned(),
        Owner::Loss => words.text("name.loss"),
    };
    key(tensor.part).map_or(owner.clone(), |key| words.fill(&key, &[("layer", &owner)]))
}

/// The name of a plane of a tensor: `map 3`, `filter 3, slice 0`, `neuron 3`; none where there is only one.
pub fn plane(words: Words, plan: &Plan, tensor: TensorId, plane: usize) -> Option<String> {
    let shape = plan.shape_of(tensor);
    let slices = shape.0[1].max(1);
    if plan.is_weight_shaped(tensor) {
        let (o, c) = ((plane / slices).to_string(), (plane % slices).to_string());
        let is_dense =
            matches!(tensor.owner, Owner::Layer(l) if matches!(plan.layer(usize::from(l)).op, Op::Dense(_)));
        return match (is_dense, slices) {
            (true, _) => Some(words.fill("name.connection", &[("o", &o), ("c", &c)])),
            (false, 1) => Some(words.fill("name.filter", &[("k", &o)])),
            (false, _) => Some(words.fill("name.slice", &[("o", &o), ("c", &c)])),
        };
    }
    if shape.planes() <= 1 {
        return None;
    }
    let colour = match (tensor.owner, shape.planes(), plane) {
        (Owner::Input, 3, 0) => Some("name.red"),
        (Owner::Input, 3, 1) => Some("name.green"),
        (Owner::Input, 3, _) => Some("name.blue"),
        (Owner::Input | Owner::Loss | Owner::Layer(_), ..) => None,
    };
    match colour {
        Some(colour) => Some(words.text(colour)),
        None if shape.plane() == 1 => Some(words.fill("name.an_output", &[("k", &plane.to_string())])),
        None => Some(words.fill("name.map", &[("k", &plane.to_string())])),
    }
}

/// A tensor and one of its planes: `conv1, map 3`; a filter by itself where the layer has but one.
pub fn map(words: Words, plan: &Plan, tensor: TensorId, plane: usize) -> String {
    let name = self::tensor(words, plan, tensor);
    match self::plane(words, plan, tensor, plane) {
        Some(plane) => words.fill("name.part", &[("tensor", &name), ("plane", &plane)]),
        None => name,
    }
}

/// The tensor that an address points into.
pub fn tensor_at(plan: &Plan, address: &Address) -> TensorId {
    match address.place() {
        Place::Stage(stage) => plan.stages()[stage as usize].tensor,
        Place::Given(tensor) => tensor,
    }
}

/// A place, as far as its grain goes: `conv1, map 4, row 4, column 4`.
pub fn place(words: Words, plan: &Plan, address: &Address) -> String {
    let tensor = tensor_at(plan, address);
    let shape = plan.shape_at(address);
    let cell = address.cell() as usize;
    match address.grain() {
        Grain::Run | Grain::Epoch | Grain::Batch | Grain::Example | Grain::Pass | Grain::Layer => {
            self::tensor(words, plan, tensor)
        }
        Grain::Channel => map(words, plan, tensor, cell / shape.plane().max(1)),
        Grain::Cell | Grain::Term => {
            let [_, _, i, j] = shape.at(cell);
            let name = map(words, plan, tensor, cell / shape.plane().max(1));
            match shape.plane() {
                0 | 1 => name,
                _ => words.fill("name.at", &[("name", &name), ("i", &i.to_string()), ("j", &j.to_string())]),
            }
        }
    }
}
