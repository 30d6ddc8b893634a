//! The convolutional network, written from scratch.
//!
//! Each layer family has one file, its forward beside its backward, as plain loops with the
//! formula's letters, generic over `f32` and `f64`. That is the definition. [`kernels`] is the
//! fast path of the same sums in the same order.
//!
//! One order of summation per quantity: a cell is a fold over its terms by fused multiply-add,
//! then the optional division, then the bias. [`crate::trace`] steps through exactly these folds.

#![deny(clippy::wildcard_enum_match_arm)]

pub mod activation;
pub mod arithmetic;
pub mod batchnorm;
pub mod check;

pub mod compute;
pub mod conv;
pub mod conv_transpose;
pub mod dense;
pub mod dropout;
pub mod edge;
pub mod engine;
pub mod filters;
pub mod geometry;
pub mod graph;
pub mod group_norm;
pub mod hyperparameter;
pub mod init;
pub mod join;
// Vector instructions, and loads and stores whose bounds their loops establish once for a whole tile.
#[allow(unsafe_code)]
pub mod kernels;
pub mod layer;
pub mod local_response_norm;
pub mod loss;
pub mod network;
pub mod norm;
pub mod op;
pub mod optimizer;
pub mod outline;
pub mod parts;
pub mod pass;
pub mod pool;
pub mod prelu;
pub mod real;
pub mod receptive_region;
pub mod resample;
pub mod softmax;
mod source;
pub mod spec;
pub mod tangent;

use crate::execution;
pub use crate::execution::{Alone, Execution, Workers};
pub use activation::Activation;
pub use compute::Compute;
pub use edge::{Edge, Gradient};
pub use geometry::{Axis, Window, WindowNumbers};
pub use layer::Layer;
pub use network::Network;
pub use op::{Mode, Op};
pub use parts::{Params, Part, Parts};
pub use pass::Values;
pub use real::Real;
pub use receptive_region::Block;
pub use source::Source;
