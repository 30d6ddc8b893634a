//! The maps of one backward pass: saliency, gradient times input, guided backprop, deconvnet.

use super::{Method, Probe};
use crate::nn::Watch;
use crate::tensor::Tensor;

/// x: (1, C, H, W) -> the unit's value and the method's number for each input cell, (1, C, H, W): |dy/dx| for
/// saliency, x * dy/dx for gradient times input, else dy/dx by the method's rule at ReLUs. `None` where it was told
/// to stop.
pub fn gradient(probe: &Probe, method: Method, x: &Tensor, watch: Watch) -> Option<(f32, Tensor)> {
    let (value, dx) = probe.input_gradient(x, method.gate(), watch)?;
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
