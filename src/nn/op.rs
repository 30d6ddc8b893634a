//! The operations that a layer may have, and the mode in which they run.

use super::{
    Activation, batchnorm::BatchNorm2d, conv::Conv2d, conv_transpose::ConvTranspose2d, dense::Dense,
    group_norm::GroupNorm, local_response_norm::LocalResponseNorm, pool::Pool2d, prelu::PRelu,
    resample::Resample2d,
};
use serde::{Deserialize, Serialize};

/// Whether batch statistics and dropout are in use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub enum Mode {
    /// Running statistics; dropout passes through.
    #[default]
    Eval,
    /// Batch statistics; dropout drops.
    Train,
}

/// A layer's operation, with sizes that fit its input.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Op {
    /// Convolution.
    Conv2d(Conv2d),
    /// Transposed convolution.
    ConvTranspose2d(ConvTranspose2d),
    /// Max pooling.
    MaxPool2d(Pool2d),
    /// Average pooling, global too.
    AvgPool2d(Pool2d),
    /// Upsampling, padding, cropping, or channels picked or in another order.
    Resample2d(Resample2d),
    /// A function of each cell.
    Activation(Activation),
    /// A ReLU with learned slopes.
    PRelu(PRelu),
    /// A volume read as a vector.
    Flatten,
    /// Fully connected.
    Dense(Dense),
    /// Batch normalisation.
    BatchNorm2d(BatchNorm2d),
    /// Normalisation of each image for itself: group, instance and layer normalisation.
    GroupNorm(GroupNorm),
    /// Local response normalisation.
    LocalResponseNorm(LocalResponseNorm),
    /// Dropout.
    Dropout {
        /// Probability that a cell is dropped.
        p: f64,
    },
    /// Softmax over the channels.
    Softmax,
    /// The sum of its inputs.
    Add,
    /// The product of its inputs.
    Multiply,
    /// The channels of its inputs, one after the other.
    Concat,
}

impl Op {
    /// ReLU, which has kernels and statistics of its own.
    pub const RELU: Self = Self::Activation(Activation::Relu);

    /// A convolution, or that which a transposed one transposes; `None` for other operations.
    pub const fn convolution(&self) -> Option<&Conv2d> {
        match self {
            Self::Conv2d(conv) => Some(conv),
            Self::ConvTranspose2d(spec) => Some(&spec.conv),
            Self::MaxPool2d(_)
            | Self::AvgPool2d(_)
            | Self::Resample2d(_)
            | Self::Activation(_)
            | Self::PRelu(_)
            | Self::Flatten
            | Self::Dense(_)
            | Self::BatchNorm2d(_)
            | Self::GroupNorm(_)
            | Self::LocalResponseNorm(_)
            | Self::Dropout { .. }
            | Self::Softmax
            | Self::Add
            | Self::Multiply
            | Self::Concat => None,
        }
    }
}
