//! The tensors of a layer: their names, and the lists that hold them.

use crate::tensor::Tensor;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// Which of a layer's tensors, or of the loss's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Part {
    /// Forward: the output.
    Out,
    /// Forward, max pooling: p * W + q of each window's first maximum. Not a stage of its own: it
    /// falls out of the comparisons that make the output.
    Winner,
    /// Forward, softmax: the maximum.
    Max,
    /// Forward, softmax: x - max.
    Shift,
    /// Forward, softmax: exp(shift).
    Exp,
    /// Forward, softmax: the sum of exp. Local response normalisation: the sum of the squares in a window.
    Sum,
    /// Forward, cross-entropy: exp / sum.
    Prob,
    /// Forward, batch normalisation: the batch's mean.
    Mean,
    /// Forward, batch normalisation: the batch's biased variance.
    Var,
    /// Forward, batch normalisation: 1 / sqrt(var + eps).
    InvStd,
    /// Forward, group normalisation: the mean of a group of an image's cells.
    GroupMean,
    /// Forward, group normalisation: the biased variance of a group.
    GroupVar,
    /// Forward, group normalisation: 1 / sqrt(var + eps) of a group.
    GroupInvStd,
    /// Forward, batch and group normalisation: (x - mean) * inv_std.
    Xhat,
    /// Forward, local response normalisation: k + alpha / size * sum.
    Scale,
    /// Forward, local response normalisation: scale^-beta.
    Factor,
    /// Backward, local response normalisation: dy * y / scale.
    Ratio,
    /// Forward, dropout: the mask.
    Mask,
    /// Backward: the gradient of a sum before its division.
    Ds,
    /// Backward, group normalisation: the gradient of the normalised values, dy * gamma.
    Dxhat,
    /// Backward, group normalisation: the sum of those gradients over a group.
    DxhatSum,
    /// Backward, softmax: the sum of dy * y. Group normalisation: the sum of dxhat * xhat over a group. Local response
    /// normalisation: the sum of the ratios.
    Dot,
    /// Backward: the gradient of the weight, summed over the batch.
    Dw,
    /// Backward: the gradient of the bias, summed over the batch.
    Db,
    /// Backward: the gradient of the input.
    Dx,
    /// Backward, a join: the gradient of the input with this number, counted from 0.
    DxOf(u8),
    /// Backward: the gradient of an output that is read more than once: the sum of what its readers hand back.
    Dy,
    /// Update: the weight's gradient averaged over the batch.
    DwMean,
    /// Update: the bias's gradient averaged over the batch.
    DbMean,
    /// Update: the weight's gradient with weight decay.
    DwDecayed,
    /// Update: the bias's gradient with weight decay.
    DbDecayed,
    /// Update: the weight's first moment, or velocity.
    WeightM,
    /// Update: the bias's first moment, or velocity.
    BiasM,
    /// Update: the weight's second moment.
    WeightV,
    /// Update: the bias's second moment.
    BiasV,
    /// Update: what the learning rate multiplies.
    WeightStep,
    /// Update: what the learning rate multiplies.
    BiasStep,
    /// The weight; gamma of a normalisation.
    Weight,
    /// The bias; beta of a normalisation.
    Bias,
    /// Batch normalisation: the running mean.
    RunningMean,
    /// Batch normalisation: the running variance.
    RunningVar,
    /// The target of the loss, one-hot for a class.
    Target,
}

impl Part {
    /// Every part; of the inputs of a join the first.
    pub const ALL: [Self; 42] = [
        Self::Out,
        Self::Winner,
        Self::Max,
        Self::Shift,
        Self::Exp,
        Self::Sum,
        Self::Prob,
        Self::Mean,
        Self::Var,
        Self::InvStd,
        Self::GroupMean,
        Self::GroupVar,
        Self::GroupInvStd,
        Self::Xhat,
        Self::Scale,
        Self::Factor,
        Self::Ratio,
        Self::Mask,
        Self::Ds,
        Self::Dxhat,
        Self::DxhatSum,
        Self::Dot,
        Self::Dw,
        Self::Db,
        Self::Dx,
        Self::DxOf(0),
        Self::Dy,
        Self::DwMean,
        Self::DbMean,
        Self::DwDecayed,
        Self::DbDecayed,
        Self::WeightM,
        Self::BiasM,
        Self::WeightV,
        Self::BiasV,
        Self::WeightStep,
        Self::BiasStep,
        Self::Weight,
        Self::Bias,
        Self::RunningMean,
        Self::RunningVar,
        Self::Target,
    ];

    /// The part with this suffix.
    pub fn from_suffix(suffix: &str) -> Option<Self> {
        let input = suffix.strip_prefix("dX").and_then(|input| input.parse().ok()).map(Self::DxOf);
        let part = input.or_else(|| Self::ALL.into_iter().find(|part| part.suffix() == suffix));
        part.filter(|part| part.suffix() == suffix)
    }

    /// Its number among [`Self::ALL`]; all inputs of a join have one.
    pub const fn number(self) -> usize {
        match self {
            Self::Out => 0,
            Self::Winner => 1,
            Self::Max => 2,
            Self::Shift => 3,
            Self::Exp => 4,
            Self::Sum => 5,
            Self::Prob => 6,
            Self::Mean => 7,
            Self::Var => 8,
            Self::InvStd => 9,
            Self::GroupMean => 10,
            Self::GroupVar => 11,
            Self::GroupInvStd => 12,
            Self::Xhat => 13,
            Self::Scale => 14,
            Self::Factor => 15,
            Self::Ratio => 16,
            Self::Mask => 17,
            Self::Ds => 18,
            Self::Dxhat => 19,
            Self::DxhatSum => 20,
            Self::Dot => 21,
            Self::Dw => 22,
            Self::Db => 23,
            Self::Dx => 24,
            Self::DxOf(_) => 25,
            Self::Dy => 26,
            Self::DwMean => 27,
            Self::DbMean => 28,
            Self::DwDecayed => 29,
            Self::DbDecayed => 30,
            Self::WeightM => 31,
            Self::BiasM => 32,
            Self::WeightV => 33,
            Self::BiasV => 34,
            Self::WeightStep => 35,
            Self::BiasStep => 36,
            Self::Weight => 37,
            Self::Bias => 38,
            Self::RunningMean => 39,
            Self::RunningVar => 40,
            Self::Target => 41,
        }
    }

    /// Whether it is the gradient of an input: the one input, or one of a join's.
    pub const fn is_input_gradient(self) -> bool {
        matches!(self, Self::Dx | Self::DxOf(_))
    }

    /// Whether it is the gradient of what a layer or the picture hands on: of an input, or the sum of those.
    pub const fn is_activation_gradient(self) -> bool {
        matches!(self, Self::Dx | Self::DxOf(_) | Self::Dy)
    }

    /// What follows the layer's name in a stage's name: `conv1.dW`; empty for the output.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Out => "",
            Self::Winner => "winner",
            Self::Max => "max",
            Self::Shift => "shift",
            Self::Exp => "exp",
            Self::Sum => "sum",
            Self::Prob => "prob",
            Self::Mean => "mean",
            Self::Var => "var",
            Self::InvStd => "inv_std",
            Self::GroupMean => "group.mean",
            Self::GroupVar => "group.var",
            Self::GroupInvStd => "group.inv_std",
            Self::Xhat => "xhat",
            Self::Scale => "scale",
            Self::Factor => "factor",
            Self::Ratio => "ratio",
            Self::Mask => "mask",
            Self::Ds => "dS",
            Self::Dxhat => "dxhat",
            Self::DxhatSum => "dxhat.sum",
            Self::Dot => "dot",
            Self::Dw => "dW",
            Self::Db => "db",
            Self::Dx => "dX",
            Self::DxOf(input) => &INPUT_GRADIENTS[input as usize],
            Self::Dy => "dY",
            Self::DwMean => "dW.mean",
            Self::DbMean => "db.mean",
            Self::DwDecayed => "dW.decayed",
            Self::DbDecayed => "db.decayed",
            Self::WeightM => "weight.m",
            Self::BiasM => "bias.m",
            Self::WeightV => "weight.v",
            Self::BiasV => "bias.v",
            Self::WeightStep => "weight.step",
            Self::BiasStep => "bias.step",
            Self::Weight => "weight",
            Self::Bias => "bias",
            Self::RunningMean => "running_mean",
            Self::RunningVar => "running_var",
            Self::Target => "target",
        }
    }
}

/// The suffixes of [`Part::DxOf`].
static INPUT_GRADIENTS: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..=u8::MAX).map(|input| format!("dX{input}")).collect());

/// The tensors of one layer, or of the loss, by part.
#[derive(Clone, PartialEq, Debug)]
pub struct Parts<T = f32>(Vec<(Part, Tensor<T>)>);

impl<T> Default for Parts<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Parts<T> {
    /// The tensor of a part, where there is one.
    pub fn get(&self, part: Part) -> Option<&Tensor<T>> {
        self.0.iter().find(|(p, _)| *p == part).map(|(_, tensor)| tensor)
    }

    /// The tensor of a part, mutable.
    pub fn get_mut(&mut self, part: Part) -> Option<&mut Tensor<T>> {
        self.0.iter_mut().find(|(p, _)| *p == part).map(|(_, tensor)| tensor)
    }

    /// Removes and returns the tensor of a part.
    pub fn take(&mut self, part: Part) -> Option<Tensor<T>> {
        let at = self.0.iter().position(|(p, _)| *p == part)?;
        Some(self.0.remove(at).1)
    }

    /// Puts a tensor in place.
    pub fn set(&mut self, part: Part, tensor: Tensor<T>) {
        match self.get_mut(part) {
            Some(old) => *old = tensor,
            None => self.0.push((part, tensor)),
        }
    }

    /// Puts those that are there in place.
    pub(super) fn set_some<const N: usize>(&mut self, parts: [(Part, Option<Tensor<T>>); N]) {
        for (part, tensor) in parts {
            if let Some(tensor) = tensor {
                self.set(part, tensor);
            }
        }
    }

    /// All parts in the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = (Part, &Tensor<T>)> {
        self.0.iter().map(|(part, tensor)| (*part, tensor))
    }

    /// The bytes of their numbers.
    pub fn bytes(&self) -> usize {
        self.iter().map(|(_, tensor)| tensor.len() * size_of::<T>()).sum()
    }

    /// A part that this layer always has.
    ///
    /// # Panics
    /// Where it has not: a mistake in this program, never of its input.
    #[track_caller]
    pub fn at(&self, part: Part) -> &Tensor<T> {
        match self.get(part) {
            Some(tensor) => tensor,
            None => panic!("a layer without its {part:?}"),
        }
    }
}

/// The parameters of a network: per layer weight, bias, running statistics.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Params<T = f32>(pub Vec<Parts<T>>);

impl<T> Params<T> {
    /// The bytes of their numbers.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(Parts::bytes).sum()
    }
}
