//! The two models of the article: one small enough to compute every partial derivative by hand, and one that
//! matches drawn patterns. Their weights are defined here; the bundled files are generated from them.

use super::{Architecture, Model, ModelError, Preprocess};
use crate::nn::{
    Part,
    init::Init,
    loss::Loss,
    spec::{ConvSpec, Kind, LayerSpec, MaxPoolSpec, Pair},
};
use crate::tensor::Tensor;

/// Input 3x3, one 2x2 filter without bias, output 2x2, mean squared error. The weights are small exact numbers, so
/// that every product can be computed in the head.
///
/// # Errors
/// Only if the network's rules change.
pub fn backprop() -> Result<Model, ModelError> {
    let architecture = Architecture {
        input: [1, 3, 3],
        classes: Vec::new(),
        preprocess: Preprocess::identity(1),
        layers: vec![LayerSpec::new("conv1", Kind::Conv2d(ConvSpec { bias: false, ..ConvSpec::new(1, 2) }))],
        loss: Loss::Mse,
    };
    with_filters("article-backprop", architecture, &[1.0, -1.0, 0.5, 2.0])
}

/// A semicircle, open below, drawn with a thick pen.
const SEMICIRCLE: [&str; 5] = [
    ".....", //
    ".###.", //
    "#####", //
    "##.##", //
    "#...#",
];

/// A line that falls from left to right.
const LINE: [&str; 5] = [
    "##...", //
    "###..", //
    ".###.", //
    "..###", //
    "...##",
];

/// Input 3x32x32, two drawn 5x5x3 filters whose score is divided by the number of filter pixels, then each filter's
/// best score over the whole picture. A drawn pixel is 1 and any other -1, in all three channels.
///
/// # Errors
/// Only if the network's rules change.
pub fn matching() -> Result<Model, ModelError> {
    let conv = ConvSpec { bias: false, normalize: true, ..ConvSpec::new(2, 5) };
    let pool = MaxPoolSpec { kernel: Pair::square(28), stride: None, padding: Pair::square(0) };
    let architecture = Architecture {
        input: [3, 32, 32],
        classes: Vec::new(),
        preprocess: Preprocess::identity(3),
        layers: vec![
            LayerSpec::new("conv1", Kind::Conv2d(conv)),
            LayerSpec::new("best1", Kind::MaxPool2d(pool)),
        ],
        loss: Loss::CrossEntropy,
    };
    let drawn = |rows: [&str; 5]| -> Vec<f32> {
        rows.concat().chars().map(|pixel| if pixel == '#' { 1.0 } else { -1.0 }).collect()
    };
    let filters: Vec<f32> = [SEMICIRCLE, LINE].map(|rows| drawn(rows).repeat(3)).concat();
    with_filters("article-match", architecture, &filters)
}

/// A model whose first layer has the weights `filters`, in (O, I, kh, kw) order.
fn with_filters(name: &str, architecture: Architecture, filters: &[f32]) -> Result<Model, ModelError> {
    let mut model = Model::initial(name, architecture, Init::Zeros, 0)?;
    if let Some(parts) = std::sync::Arc::make_mut(&mut model.params).0.first_mut() {
        let shape = parts.at(Part::Weight).dim();
        let weight = Tensor::from_shape_vec(shape, filters.to_vec()).map_err(|error| {
            ModelError(format!("{name}: expected filters of shape {shape:?}, got {error}; draw all of them"))
        })?;
        parts.set(Part::Weight, weight);
    }
    Ok(model)
}
