//! Models whose weights are chosen, not trained: those of the article, and small ones that lessons need. They are
//! defined here; the bundled files are generated from them.

use super::{Architecture, Model, ModelError, Preprocess};
use crate::nn::{
    Part,
    init::Init,
    loss::Loss,
    spec::{ConvSpec, DenseSpec, Kind, LayerSpec, MaxPoolSpec, Pair},
};
use crate::tensor::Tensor;

/// All of them, under their bundled names.
///
/// # Errors
/// Only if the network's rules change.
pub fn all() -> Result<Vec<Model>, ModelError> {
    let mut models = vec![backprop()?, pattern()?, overlap()?, twins()?];
    for (name, stride, padding) in SLIDES {
        models.push(slide(name, stride, padding)?);
    }
    Ok(models)
}

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
    with_weights("article-backprop", architecture, &[("conv1", &[1.0, -1.0, 0.5, 2.0])])
}

/// The upper half of a circle.
const CURVE: [&str; 5] = [
    ".....", //
    ".###.", //
    "#####", //
    "#...#", //
    "#...#",
];

/// An upright line.
const LINE: [&str; 5] = [
    ".###.", //
    ".###.", //
    ".###.", //
    ".###.", //
    ".###.",
];

/// Black is -1 and white 1, as in drawn filters.
fn black_is_minus_one(channels: usize) -> Result<Preprocess, ModelError> {
    Preprocess::new(channels, vec![0.5; channels], vec![0.5; channels])
}

/// Input 3x32x32, two drawn 5x5x3 filters whose score is divided by the number of filter pixels, then each filter's
/// best score over the whole picture: 1 is a perfect match, and where d of 25 pixels differ the score is 1 - 2d/25. A
/// drawn pixel is 1 and any other -1, in all three channels.
///
/// # Errors
/// Only if the network's rules change.
pub fn pattern() -> Result<Model, ModelError> {
    let conv = ConvSpec { bias: false, normalize: true, ..ConvSpec::new(2, 5) };
    let pool = MaxPoolSpec {
        kernel: Pair::square(28),
        stride: None,
        padding: Pair::square(0),
        ..MaxPoolSpec::new(1)
    };
    let architecture = Architecture {
        input: [3, 32, 32],
        classes: PATTERN_CLASSES.map(str::to_owned).into(),
        preprocess: black_is_minus_one(3)?,
        layers: vec![
            LayerSpec::new("conv1", Kind::Conv2d(conv)),
            LayerSpec::new("best1", Kind::MaxPool2d(pool)),
        ],
        loss: Loss::Mse,
    };
    let drawn = |rows: [&str; 5]| -> Vec<f32> {
        rows.concat().chars().map(|pixel| if pixel == '#' { 1.0 } else { -1.0 }).collect()
    };
    let filters: Vec<f32> = [CURVE, LINE].map(|rows| drawn(rows).repeat(3)).concat();
    with_weights("pattern", architecture, &[("conv1", &filters)])
}

/// What the two filters of [`pattern`] are called.
pub const PATTERN_CLASSES: [&str; 2] = ["curve", "line"];

/// Input 3x3, a max pool of 2x2 that moves by one: a cell in the middle can win all four windows, and gets the sum of
/// their gradients.
///
/// # Errors
/// Only if the network's rules change.
pub fn overlap() -> Result<Model, ModelError> {
    let pool = MaxPoolSpec {
        kernel: Pair::square(2),
        stride: Some(Pair::square(1)),
        padding: Pair::square(0),
        ..MaxPoolSpec::new(1)
    };
    let architecture = Architecture {
        input: [1, 3, 3],
        classes: Vec::new(),
        preprocess: Preprocess::identity(1),
        layers: vec![LayerSpec::new("pool1", Kind::MaxPool2d(pool))],
        loss: Loss::Mse,
    };
    with_weights("overlap", architecture, &[])
}

/// Input 3x3, two equal 2x2 filters, ReLU, two outputs that treat both maps alike: no training step parts the filters.
///
/// # Errors
/// Only if the network's rules change.
pub fn twins() -> Result<Model, ModelError> {
    let conv = ConvSpec { bias: false, ..ConvSpec::new(2, 2) };
    let architecture = Architecture {
        input: [1, 3, 3],
        classes: ["a", "b"].map(str::to_owned).into(),
        preprocess: Preprocess::identity(1),
        layers: vec![
            LayerSpec::new("conv1", Kind::Conv2d(conv)),
            LayerSpec::new("relu1", Kind::RELU),
            LayerSpec::new("fc", Kind::Dense(DenseSpec { out_features: 2, bias: false })),
        ],
        loss: Loss::CrossEntropy,
    };
    let filter = [1.0, -1.0, 0.5, 2.0];
    let row = [0.1f32, 0.2, -0.1, 0.1];
    let rows = [row, row, row.map(|w| -w), row.map(|w| -w)].concat();
    with_weights("twins", architecture, &[("conv1", &filter.repeat(2)), ("fc", &rows)])
}

/// Name, stride and padding of the models of [`slide`].
const SLIDES: [(&str, usize, usize); 4] =
    [("slide-7", 1, 0), ("slide-7-2", 2, 0), ("slide-7-3", 3, 0), ("slide-7-p3", 1, 3)];

/// Input 32x32, one 7x7 filter that takes the mean of what it sees: to follow the window over the picture.
fn slide(name: &str, stride: usize, padding: usize) -> Result<Model, ModelError> {
    let conv = ConvSpec {
        bias: false,
        normalize: true,
        stride: Pair::square(stride),
        padding: Pair::square(padding),
        ..ConvSpec::new(1, 7)
    };
    let architecture = Architecture {
        input: [1, 32, 32],
        classes: Vec::new(),
        preprocess: black_is_minus_one(1)?,
        layers: vec![LayerSpec::new("conv1", Kind::Conv2d(conv))],
        loss: Loss::Mse,
    };
    with_weights(name, architecture, &[("conv1", &[1.0; 49])])
}

/// A model with these weights: the layer's name, and its numbers in the order of the weight file.
pub(super) fn with_weights(
    name: &str,
    architecture: Architecture,
    weights: &[(&str, &[f32])],
) -> Result<Model, ModelError> {
    let mut model = Model::initial(name, architecture, Init::Zeros, 0)?;
    let params = std::sync::Arc::make_mut(&mut model.params);
    for (layer, parts) in model.network.layers.iter().zip(&mut params.0) {
        let Some((_, numbers)) = weights.iter().find(|(owner, _)| *owner == layer.name()) else { continue };
        let shape = parts.at(Part::Weight).dim();
        let weight = Tensor::from_shape_vec(shape, numbers.to_vec()).map_err(|error| {
            ModelError(format!(
                "{name}: expected weights of shape {shape:?} for {}, got {error}; write all of them",
                layer.name()
            ))
        })?;
        parts.set(Part::Weight, weight);
    }
    Ok(model)
}
