//! The convolutional network, written from scratch.
//!
//! Each layer family has one file, its forward beside its backward, as plain loops with the
//! formula's letters, generic over `f32` and `f64`. That is the definition. [`kernels`] is the
//! fast path of the same sums in the same order.
//!
//! One order of summation per quantity: a cell is a fold over its terms by fused multiply-add,
//! then the optional division, then the bias. [`crate::trace`] steps through exactly these folds.

pub mod activation;
pub mod arithmetic;
pub mod batchnorm;
pub mod check;
pub mod cone;
pub mod conv;
pub mod dense;
pub mod dropout;
pub mod engine;
pub mod field;
pub mod filters;
pub mod geometry;
pub mod init;
pub mod kernels;
pub mod loss;
pub mod network;
pub mod optimizer;
pub mod pool;
pub mod softmax;
pub mod spec;
pub mod tangent;

pub use cone::Block;
pub use geometry::{Axis, Window};
pub use network::{Layer, Mode, Network, Op, Params, Part, Parts, Values, Watch};

/// The number types that the definition runs on: `f32` in the program, `f64` in gradient checks.
pub trait Real:
    num_traits::Float + num_traits::FromPrimitive + Send + Sync + std::fmt::Debug + 'static
{
    /// The nearest number of this type.
    fn of(x: f64) -> Self;
    /// The nearest `f32`.
    fn to_f32(self) -> f32;
}

impl Real for f32 {
    fn of(x: f64) -> Self {
        x as f32
    }
    fn to_f32(self) -> f32 {
        self
    }
}

impl Real for f64 {
    fn of(x: f64) -> Self {
        x
    }
    fn to_f32(self) -> f32 {
        self as f32
    }
}

/// The tensor itself where its numbers are f32: those go by the fast path.
fn as_f32<T: Real>(tensor: &crate::tensor::Tensor<T>) -> Option<&crate::tensor::Tensor> {
    (tensor as &dyn std::any::Any).downcast_ref()
}

/// The same, to change.
fn as_f32_mut<T: Real>(tensor: &mut crate::tensor::Tensor<T>) -> Option<&mut crate::tensor::Tensor> {
    (tensor as &mut dyn std::any::Any).downcast_mut()
}
