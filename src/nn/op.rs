//! The operations that a layer may have, and the mode in which they run.

use super::{batchnorm::BatchNorm2d, conv::Conv2d, dense::Dense, pool::Pool2d};
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
    /// Max pooling.
    MaxPool2d(Pool2d),
    /// Average pooling, global too.
    AvgPool2d(Pool2d),
    /// max(0, x).
    Relu,
    /// ReLU with a slope on the negative side.
    LeakyRelu {
        /// The slope.
        slope: f64,
    },
    /// Hyperbolic tangent.
    Tanh,
    /// Logistic function.
    Sigmoid,
    /// A volume read as a vector.
    Flatten,
    /// Fully connected.
    Dense(Dense),
    /// Batch normalisation.
    BatchNorm2d(BatchNorm2d),
    /// Dropout.
    Dropout {
        /// Probability that a cell is dropped.
        p: f64,
    },
    /// Softmax over the channels.
    Softmax,
}
