//! What a stage of a layer with parameters computes.

use crate::nn::Part;

/// What a stage of a convolution, a pool or a dense layer computes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Computed {
    /// The layer's output.
    Output,
    /// The gradient of the sum before its division.
    SumGradient,
    /// The gradient of the weights.
    WeightGradient,
    /// The gradient of the biases.
    BiasGradient,
    /// The gradient of the layer's input.
    InputGradient,
}

impl Computed {
    /// What the stage that makes `part` computes; `None` for parts that no such layer's stage makes.
    pub(super) const fn from_part(part: Part) -> Option<Self> {
        match part {
            Part::Out => Some(Self::Output),
            Part::Ds => Some(Self::SumGradient),
            Part::Dw => Some(Self::WeightGradient),
            Part::Db => Some(Self::BiasGradient),
            Part::Dx => Some(Self::InputGradient),
            Part::Winner
            | Part::Max
            | Part::Shift
            | Part::Exp
            | Part::Sum
            | Part::Prob
            | Part::Mean
            | Part::Var
            | Part::InvStd
            | Part::GroupMean
            | Part::GroupVar
            | Part::GroupInvStd
            | Part::Xhat
            | Part::Scale
            | Part::Factor
            | Part::Ratio
            | Part::Mask
            | Part::Dxhat
            | Part::DxhatSum
            | Part::Dot
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
            | Part::RunningVar
            | Part::DxOf(_)
            | Part::Dy
            | Part::Target => None,
        }
    }
}
