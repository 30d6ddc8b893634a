//! Which tensors stand in which column of the lanes, and where the cursor is among them.

use crate::nn::Part;
use crate::trace::{Address, Grain, Owner, Pass, Place, Plan, TensorId};

/// The upper lane or the lower one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lane {
    /// What the layers put out.
    Forward,
    /// The gradients of the same tensors.
    Backward,
}

/// How many columns there are: the input, each layer, the loss.
pub fn count(plan: &Plan) -> usize {
    plan.network().layers.len() + 2
}

/// The tensor of column `c`: the input, a layer's output, the loss.
pub fn tensor_at(plan: &Plan, c: usize) -> TensorId {
    let layers = plan.network().layers.len();
    if c <= layers { Plan::input_of(c) } else { TensorId::loss(Part::Out) }
}

/// The gradient of the tensor of column `c`; the loss's own is 1 and takes no making.
pub fn gradient_at(plan: &Plan, c: usize) -> Option<TensorId> {
    let layers = plan.network().layers.len();
    match c.cmp(&layers) {
        std::cmp::Ordering::Less => Some(TensorId::layer(c, Part::Dx)),
        std::cmp::Ordering::Equal => Some(TensorId::loss(Part::Dx)),
        std::cmp::Ordering::Greater => None,
    }
}

/// The tensor of a column in a lane.
pub fn tensor_in(plan: &Plan, c: usize, lane: Lane) -> Option<TensorId> {
    match lane {
        Lane::Forward => Some(tensor_at(plan, c)),
        Lane::Backward => gradient_at(plan, c),
    }
}

/// The column and the lane in which a tensor stands, if it stands in one.
pub fn place_of(plan: &Plan, tensor: TensorId) -> Option<(usize, Lane)> {
    let layers = plan.network().layers.len();
    match (tensor.owner, tensor.part) {
        (Owner::Input, _) => Some((0, Lane::Forward)),
        (Owner::Layer(l), Part::Out) => Some((l as usize + 1, Lane::Forward)),
        (Owner::Layer(l), Part::Dx) => Some((l as usize, Lane::Backward)),
        (Owner::Loss, Part::Dx) => Some((layers, Lane::Backward)),
        (Owner::Loss, Part::Out | Part::Prob) => Some((layers + 1, Lane::Forward)),
        _ => None,
    }
}

/// Where the cursor stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The column.
    pub column: usize,
    /// The lane; none in the update, which belongs to the column's parameters.
    pub lane: Option<Lane>,
    /// The pass.
    pub pass: Pass,
    /// What is being made, where it is not the column's own tensor.
    pub part: Option<Part>,
}

impl Mark {
    /// The mark of an address; a given tensor has one only where it stands in a lane.
    pub fn from_address(plan: &Plan, address: &Address) -> Option<Self> {
        let (tensor, pass) = match address.place() {
            Place::Stage(s) => {
                let stage = plan.stages().get(s as usize)?;
                (stage.tensor, stage.pass)
            }
            Place::Given(tensor) => (tensor, Pass::Fwd),
        };
        if pass != Pass::Update
            && let Some((column, lane)) = place_of(plan, tensor)
        {
            let own = tensor_in(plan, column, lane) == Some(tensor);
            return Some(Self { column, lane: Some(lane), pass, part: (!own).then_some(tensor.part) });
        }
        let column = match tensor.owner {
            Owner::Input => 0,
            Owner::Layer(l) => l as usize + 1,
            Owner::Loss => plan.network().layers.len() + 1,
        };
        let lane = match pass {
            Pass::Fwd | Pass::Loss => Some(Lane::Forward),
            Pass::Bwd => Some(Lane::Backward),
            Pass::Update => None,
        };
        Some(Self { column, lane, pass, part: Some(tensor.part) })
    }
}

/// The stage of a column in a lane as a whole, to seek to: for the input its place as a given tensor.
pub fn address_of(plan: &Plan, time: u32, image: u32, c: usize, lane: Lane) -> Option<Address> {
    let tensor = tensor_in(plan, c, lane)?;
    let first = plan.writer(tensor, time, image, 0);
    Some(match first.place() {
        Place::Stage(_) => plan.widen(&first, Grain::Layer),
        Place::Given(_) => first,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::bundled;
    use crate::trace::Setup;
    use std::sync::Arc;

    #[test]
    fn a_gradient_stands_under_its_tensor() {
        let model = bundled::load("shapes").expect("bundled");
        let plan = Plan::new(Arc::new(model.network), Setup::default());
        for c in 0..count(&plan) {
            assert_eq!(place_of(&plan, tensor_at(&plan, c)), Some((c, Lane::Forward)));
            if let Some(gradient) = gradient_at(&plan, c) {
                assert_eq!(place_of(&plan, gradient), Some((c, Lane::Backward)));
                assert_eq!(plan.shape_of(gradient), plan.shape_of(tensor_at(&plan, c)));
            }
        }
    }

    #[test]
    fn every_stage_has_its_mark() {
        for bundled in bundled::models() {
            let model = bundled::load(bundled.name).expect("bundled");
            let plan = Plan::new(Arc::new(model.network), Setup::default());
            for stage in 0..plan.stages().len() {
                let mark = Mark::from_address(&plan, &Address::whole_stage(0, 0, stage)).expect("a mark");
                assert!(mark.column < count(&plan));
                assert_eq!(mark.lane.is_none(), mark.pass == Pass::Update);
            }
        }
    }
}
