//! Wrong orders of computing, and what belongs to them.

use super::{Rule, here, reading::Asked};
use crate::lesson::{
    answer::Answer,
    query::{Function, Query},
    scene::Scene,
};
use crate::nn::Part;
use crate::trace::{Address, Pass, TensorId};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "forward-order-back",
        formula: "backward: first layer → last",
        answer: forward_order_back,
        refute: first_of_backward,
    },
    Rule {
        id: "update-before-backward",
        formula: "loss → update → backward",
        answer: update_before_backward,
        refute: first_of_update,
    },
    Rule {
        id: "order-sum-first",
        formula: "sum → exp → share",
        answer: order_sum_first,
        refute: sum_of_exponentials,
    },
    Rule { id: "order-nothing-kept", formula: "nothing is kept", answer: nothing_kept, refute: here },
];

/// The items of an order, sorted by a key of each; those with equal keys in the order in which they are computed.
fn sorted<K: Ord>(scene: &Scene, query: &Query, key: impl Fn(&Asked, u64) -> Option<K>) -> Option<Answer> {
    if query.function != Function::Ordered {
        return None;
    }
    let keyed = |(index, place): (usize, Address)| {
        let start = scene.plan().steps(&place).map_or(0, |steps| steps.start);
        Some((key(&Asked::at(scene, place)?, start)?, start, index))
    };
    let mut items: Vec<_> = query.places().into_iter().enumerate().map(keyed).collect::<Option<_>>()?;
    items.sort();
    Some(Answer::Order(items.into_iter().map(|(_, _, index)| index).collect()))
}

/// The backward pass starts at the first layer, too. Right: at the loss.
fn forward_order_back(scene: &Scene, query: &Query) -> Option<Answer> {
    sorted(scene, query, |asked, start| {
        let back = if asked.pass == Some(Pass::Bwd) { u64::MAX - start } else { start };
        Some((asked.pass, back))
    })
}

/// The first gradient.
fn first_of_backward(scene: &Scene, _: &Query) -> Option<Address> {
    let first = scene.plan().pass_stages(Pass::Bwd).start;
    Some(Address::whole_stage(scene.trace.time(), 0, first))
}

/// A layer is updated as soon as the loss is known. Right: when all gradients are.
fn update_before_backward(scene: &Scene, query: &Query) -> Option<Answer> {
    sorted(scene, query, |asked, _| Some((asked.pass == Some(Pass::Bwd), asked.pass)))
}

/// The first stage of the update.
fn first_of_update(scene: &Scene, _: &Query) -> Option<Address> {
    let first = scene.plan().pass_stages(Pass::Update).start;
    Some(Address::whole_stage(scene.trace.time(), 0, first))
}

/// The sum comes first, as in a share. Right: the exponentials do.
fn order_sum_first(scene: &Scene, query: &Query) -> Option<Answer> {
    let is_sum = |place: &Address| {
        Asked::at(scene, *place).is_some_and(|asked| asked.tensor == TensorId::loss(Part::Sum))
    };
    if !query.places().iter().any(is_sum) {
        return None;
    }
    sorted(scene, query, |asked, _| Some(asked.tensor != TensorId::loss(Part::Sum)))
}

/// The sum of the exponentials.
fn sum_of_exponentials(scene: &Scene, _: &Query) -> Option<Address> {
    let stage = scene.plan().stage_of(TensorId::loss(Part::Sum))?;
    Some(Address::stage_cell(scene.trace.time(), 0, stage, 0))
}

/// Nothing of the forward pass is needed again. Right: the way back reads it.
fn nothing_kept(_: &Scene, query: &Query) -> Option<Answer> {
    (query.function == Function::Kept).then(|| Answer::count(0))
}
