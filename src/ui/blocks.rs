//! Blocks: a layer with the activation, flatten or dropout that follows it, as one step that a newcomer sees.

use super::view::View;
use crate::app::AppState;
use crate::nn::{Network, Op, Part, Source, prelu::PRelu};
use crate::trace::{Address, Owner, Pass, Plan, TensorId};
use std::ops::Range;

/// Layers that are shown as one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Block {
    /// The numbers of its layers, at least one.
    pub layers: Range<usize>,
    /// The layer whose output is shown: the last one that computes values.
    pub shown: usize,
}

/// The blocks of a network, in order.
pub fn blocks(network: &Network) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (l, layer) in network.layers.iter().enumerate() {
        let (follows, computes) = match &layer.op {
            Op::Activation(_) | Op::PRelu(_) => (true, true),
            Op::Flatten | Op::Dropout { .. } => (true, false),
            Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::Dense(_)
            | Op::BatchNorm2d(_)
            | Op::GroupNorm(_)
            | Op::LocalResponseNorm(_)
            | Op::Softmax
            | Op::Add
            | Op::Multiply
            | Op::Concat => (false, true),
        };
        // It belongs to the layer before only where it alone reads that one's output.
        let follows = follows && l > 0 && network.only_reader(Source::before(l)) == Some(l);
        match blocks.last_mut().filter(|_| follows) {
            Some(block) => {
                block.layers.end = l + 1;
                if computes {
                    block.shown = l;
                }
            }
            None => blocks.push(Block { layers: l..l + 1, shown: l }),
        }
    }
    blocks
}

impl Block {
    /// The tensor whose maps stand for the block.
    pub fn output(&self) -> TensorId {
        TensorId::layer(self.shown, Part::Out)
    }

    /// The gradient of that tensor.
    pub fn gradient(&self, plan: &Plan) -> TensorId {
        plan.output_gradient_of(self.shown)
    }

    /// The name of its first layer.
    pub fn name<'a>(&self, plan: &'a Plan) -> &'a str {
        plan.layer(self.layers.start).name()
    }

    /// The activations that follow its first layer: their layers and their titles.
    pub fn activations<'a>(&self, plan: &'a Plan) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
        self.layers.clone().skip(1).filter_map(|l| match &plan.layer(l).op {
            Op::Activation(activation) => Some((l, activation.title())),
            Op::PRelu(_) => Some((l, PRelu::TITLE)),
            Op::Flatten
            | Op::Dropout { .. }
            | Op::Conv2d(_)
            | Op::ConvTranspose2d(_)
            | Op::MaxPool2d(_)
            | Op::AvgPool2d(_)
            | Op::Resample2d(_)
            | Op::Dense(_)
            | Op::BatchNorm2d(_)
            | Op::GroupNorm(_)
            | Op::LocalResponseNorm(_)
            | Op::Softmax
            | Op::Add
            | Op::Multiply
            | Op::Concat => None,
        })
    }

    /// What its further layers add, such as "+ ReLU"; empty for a single layer.
    pub fn addition(&self, view: &View) -> String {
        let added = self.activations(view.state.plan());
        added.map(|(_, title)| format!("+ {title}")).collect::<Vec<_>>().join(" ")
    }

    /// The whole stage that computes what is shown, in the current training step and image.
    pub fn stage(&self, state: &AppState) -> Option<Address> {
        let stage = state.plan().stage_of(self.output())?;
        Some(Address::whole_stage(state.trace().time(), state.image(), stage))
    }
}

/// A tensor that the layers hand on, with its gradient, whichever of the two is given; `None` for other tensors.
pub fn with_gradient(plan: &Plan, tensor: TensorId) -> Option<(TensorId, TensorId)> {
    let (values, gradient) = match (tensor.owner, tensor.part, plan.differentiated(tensor)) {
        (_, _, Some(source)) => (TensorId::of(source), tensor),
        (Owner::Input, Part::Out, None) => (tensor, plan.picture_gradient()),
        (Owner::Layer(l), Part::Out, None) => (tensor, plan.output_gradient_of(l as usize)),
        (Owner::Input | Owner::Layer(_) | Owner::Loss, _, None) => return None,
    };
    (plan.knows(values) && plan.knows(gradient)).then_some((values, gradient))
}

/// The convolution whose filters make the maps of the shown layer; `None` where there are none.
pub fn filters_of(view: &View, look: &Address) -> Option<usize> {
    let plan = view.state.plan();
    let stage =
        plan.stage_at(look).filter(|stage| stage.pass == Pass::Fwd && stage.tensor.part == Part::Out)?;
    let blocks = blocks(plan.network());
    let first = blocks[block_of(&blocks, stage.tensor)?].layers.start;
    matches!(plan.layer(first).op, Op::Conv2d(_)).then_some(first)
}

/// The dense layer that makes the scores of the classes; `None` where another layer does.
pub fn scores_layer(network: &Network) -> Option<usize> {
    let last = network.layers.len().checked_sub(1)?;
    let is_softmax = network.layers[last].op == Op::Softmax;
    let layer = if is_softmax { network.layers[last].sources[0].layer()? } else { last };
    matches!(network.layers[layer].op, Op::Dense(_)).then_some(layer)
}

/// The number of the block that a tensor belongs to: its layer's, or for the gradient of a layer's output that
/// layer's. `None` for the picture and the loss.
pub fn block_of(blocks: &[Block], tensor: TensorId) -> Option<usize> {
    let Owner::Layer(l) = tensor.owner else { return None };
    blocks.iter().position(|block| block.layers.contains(&(l as usize)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::bundled;

    #[test]
    fn an_activation_belongs_to_the_layer_before_it() {
        for model in bundled::models() {
            let network = bundled::load(model.name).expect("bundled").network;
            let blocks = blocks(&network);
            let covered: Vec<usize> = blocks.iter().flat_map(|block| block.layers.clone()).collect();
            assert_eq!(covered, (0..network.layers.len()).collect::<Vec<_>>(), "{}", model.name);
            for block in &blocks {
                assert!(block.layers.contains(&block.shown));
                let is_activation = matches!(network.layers[block.layers.start].op, Op::Activation(_));
                assert!(!is_activation || block.layers.start == 0);
            }
        }
    }
}
