//! Attribution from a single backward pass: saliency, gradient times input, guided backprop, deconvnet.

use super::{Method, Probe};
use crate::nn::Execution;
use crate::tensor::Tensor;

/// Computes the unit's value and the method's attribution of each input cell. x: (1, C, H, W) -> (1, C, H, W):
/// |dy/dx| for saliency, x * dy/dx for gradient times input, else dy/dx with the method's rule at ReLUs. `None` if
/// cancelled.
pub fn gradient(probe: &Probe, method: Method, x: &Tensor, exec: Execution) -> Option<(f32, Tensor)> {
    let (value, dx) = probe.input_gradient(x, method.gate(), exec)?;
    let cells = match method {
        Method::Saliency => dx.mapv(f32::abs),
        Method::GradientTimesInput => dx * x,
        Method::Guided
        | Method::Deconv
        | Method::GradCam
        | Method::Integrated
        | Method::Occlusion
        | Method::Ascent => dx,
    };
    Some((value, cells))
}
