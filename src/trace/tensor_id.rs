//! The tensors of a training step, named by their owner and what they are of it.

use crate::nn::{Part, Source};
use serde::{Deserialize, Serialize};

/// Who a tensor belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Owner {
    /// The network's input.
    Input,
    /// The layer with this number.
    Layer(u16),
    /// The loss.
    Loss,
}

/// A tensor of the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct TensorId {
    /// Who it belongs to.
    pub owner: Owner,
    /// Which of its tensors.
    pub part: Part,
}

impl TensorId {
    /// The input picture.
    pub const INPUT: Self = Self { owner: Owner::Input, part: Part::Out };
    /// The target of the loss.
    pub const TARGET: Self = Self { owner: Owner::Loss, part: Part::Target };

    /// A tensor of layer `l`.
    pub const fn layer(l: usize, part: Part) -> Self {
        Self { owner: Owner::Layer(l as u16), part }
    }

    /// What a layer reads.
    pub const fn of(source: Source) -> Self {
        match source {
            Source::Input => Self::INPUT,
            Source::Layer(l) => Self::layer(l, Part::Out),
        }
    }

    /// A tensor of the loss.
    pub const fn loss(part: Part) -> Self {
        Self { owner: Owner::Loss, part }
    }

    /// Whether each image of a batch has its own; otherwise the batch has one.
    pub fn is_per_image(self) -> bool {
        match self.part {
            Part::Mean => false,
            Part::Out
            | Part::Winner
            | Part::Max
            | Part::Shift
            | Part::Exp
            | Part::Sum
            | Part::Prob
            | Part::GroupMean
            | Part::GroupVar
            | Part::GroupInvStd
            | Part::Xhat
            | Part::Scale
            | Part::Factor
            | Part::Ratio
            | Part::Mask
            | Part::Ds
            | Part::Dxhat
            | Part::DxhatSum
            | Part::Dot
            | Part::Dx
            | Part::DxOf(_)
            | Part::Dy
            | Part::Target => true,
            Part::Var
            | Part::InvStd
            | Part::Dw
            | Part::Db
            | Part::DwMean
            | Part::DbMean
            | Part::DwDecayed
            | Part::DbDecayed
            | Part::WeightM
            | Part::BiasM
            | Part::WeightV
            | Part::BiasV
            | Part::WeightStep
            | Part::BiasStep
            | Part::Weight
            | Part::Bias
            | Part::RunningMean
            | Part::RunningVar => false,
        }
    }

    /// Whether it is a parameter of the network.
    pub const fn is_parameter(self) -> bool {
        matches!(self.part, Part::Weight | Part::Bias | Part::RunningMean | Part::RunningVar)
    }
}
