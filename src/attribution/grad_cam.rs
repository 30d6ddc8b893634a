//! Grad-CAM: the sum of a layer's maps, weighted by their mean gradients, rectified.

use super::{Probe, upsample};
use crate::nn::{Execution, Network, Op, Part, Source, activation::Gate};
use crate::tensor::{ShapeError, Tensor};

/// The result of Grad-CAM.
#[derive(Clone, PartialEq, Debug)]
pub struct GradCam {
    /// The unit's value.
    pub value: f32,
    /// The weight of each of the layer's maps.
    pub weights: Vec<f32>,
    /// (1, 1, h, w): the map at the layer's resolution.
    pub coarse: Tensor,
    /// (1, 1, H, W): the map at the picture's resolution, bilinear.
    pub map: Tensor,
}

/// Computes Grad-CAM at the output A of `layer`: alpha_k = mean over (i, j) of dy/dA_kij, map = max(0, sum over k
/// of alpha_k * A_k): Selvaraju et al. 2017, equations 1 and 2. `Ok(None)` if cancelled.
///
/// # Errors
/// If the layer does not precede the unit, or does not lead to it.
pub fn grad_cam(
    probe: &Probe,
    layer: usize,
    x: &Tensor,
    exec: Execution,
) -> Result<Option<GradCam>, ShapeError> {
    let layers = &probe.network().layers;
    if layer + 1 >= layers.len() {
        let last = layers.last().map_or("", |layer| layer.name());
        return Err(ShapeError(format!(
            "grad-cam: expected a layer before {last}, which holds the unit, got layer {layer}; choose an earlier \
             layer or a later unit"
        )));
    }
    let of = Source::Layer(layer);
    let Some((value, values)) = probe.gradients(x, of, Gate::Derivative, exec) else {
        return Ok(None);
    };
    let Some(gradient) = values.gradient(probe.network(), of) else {
        let [name, last] = [layer, layers.len() - 1].map(|l| layers[l].name());
        return Err(ShapeError(format!(
            "grad-cam: expected a layer that leads to {last}, which holds the unit, got {name}, which lies in another \
             branch; choose a layer before both"
        )));
    };
    let maps = values.layers[layer].at(Part::Out);
    let (_, channels, h, w) = maps.dim();
    let weights: Vec<f32> = (0..channels)
        .map(|k| {
            let of_map = (0..h * w).map(|p| gradient[[0, k, p / w, p % w]]);
            of_map.fold(0.0, |sum, g| sum + g) / (h * w) as f32
        })
        .collect();
    let coarse = Tensor::from_shape_fn((1, 1, h, w), |(_, _, i, j)| {
        let sum = weights.iter().enumerate().fold(0.0f32, |sum, (k, a)| a.mul_add(maps[[0, k, i, j]], sum));
        // NaN stays NaN, as in a ReLU.
        if sum < 0.0 { 0.0 } else { sum }
    });
    let map = upsample(&coarse, [x.dim().2, x.dim().3]);
    Ok(Some(GradCam { value, weights, coarse, map }))
}

/// The default layer for Grad-CAM: the last convolution with the normalisation and activation that follow it.
/// `None` if there is no convolution.
pub fn usual_layer(network: &Network) -> Option<usize> {
    let conv = network.layers.iter().rposition(|layer| matches!(layer.op, Op::Conv2d(_)))?;
    let follows = |l: &usize| match network.layers[*l].op {
        Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::LocalResponseNorm(_)
        | Op::Activation(_)
        | Op::PRelu(_) => true,
        Op::Conv2d(_)
        | Op::ConvTranspose2d(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Flatten
        | Op::Dense(_)
        | Op::Dropout { .. }
        | Op::Softmax
        | Op::Add
        | Op::Multiply
        | Op::Concat => false,
    };
    let next = |&l: &usize| network.only_reader(Source::Layer(l)).filter(follows);
    std::iter::successors(Some(conv), next).last()
}
