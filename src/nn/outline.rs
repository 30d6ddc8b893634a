//! A network that is being written: its layers up to the first that does not fit.

use super::{Layer, Part, layer::check_cells, spec::LayerSpec};
use crate::tensor::ShapeError;

/// A network that is being written: the layers up to the first that does not fit.
#[derive(Clone, PartialEq, Debug)]
pub struct Outline {
    /// The layers that fit, first layer first.
    pub layers: Vec<Layer>,
    /// What stopped it; `None` where every layer fits.
    pub misfit: Option<Misfit>,
}

/// What keeps a network from being built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misfit {
    /// The layer; `None` where the input does not fit, or there is no layer.
    pub layer: Option<usize>,
    /// The layer, the formula and its numbers in one line.
    pub error: ShapeError,
}

impl Outline {
    /// Checks size after size, first layer first, and stops at the first that does not fit.
    ///
    /// ```
    /// use convstep::nn::{outline::Outline, spec::{ConvSpec, Kind, LayerSpec}};
    ///
    /// let conv = |name: &str, kernel| LayerSpec::new(name, Kind::Conv2d(ConvSpec::new(8, kernel)));
    /// let outline = Outline::new([1, 9, 9], vec![conv("a", 3), conv("b", 20), conv("c", 3)]);
    /// assert_eq!(outline.layers.len(), 1);
    /// assert_eq!(outline.misfit.map(|misfit| misfit.layer), Some(Some(1)));
    /// ```
    pub fn new(input: [usize; 3], specs: Vec<LayerSpec>) -> Self {
        let mut layers: Vec<Layer> = Vec::with_capacity(specs.len());
        let misfit = match check_input(input, &specs) {
            Err(error) => Some(Misfit { layer: None, error }),
            Ok(()) => {
                let failed = specs.into_iter().try_for_each(|spec| {
                    let shape = layers.last().map_or(input, |layer| layer.output);
                    check_name(&spec.name, &layers)?;
                    layers.push(Layer::new(spec, shape)?);
                    Ok(())
                });
                failed.err().map(|error| Misfit { layer: Some(layers.len()), error })
            }
        };
        Self { layers, misfit }
    }
}

fn check_input(input: [usize; 3], specs: &[LayerSpec]) -> Result<(), ShapeError> {
    if input.contains(&0) {
        return Err(ShapeError(format!(
            "input: expected [channels, height, width] of at least 1 each, got {input:?}; set for example \
             input = [3, 32, 32]"
        )));
    }
    if specs.is_empty() {
        return Err(ShapeError("expected at least one layer, got none; add a layer".into()));
    }
    check_cells("input", input)
}

/// Whether a layer may have this name after those before.
///
/// # Errors
/// Where an address or a file could not tell it from another thing.
pub(crate) fn check_name(name: &str, before: &[Layer]) -> Result<(), ShapeError> {
    if name.is_empty() || name.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control()) {
        return Err(ShapeError(format!(
            "expected a layer name without spaces and slashes, got {name:?}; name it for example \"conv1\""
        )));
    }
    if ["input", "target", "loss", "start", "end"].contains(&name) {
        return Err(ShapeError(format!(
            "{name}: this name has a meaning of its own; name the layer otherwise"
        )));
    }
    if let Some(part) =
        Part::ALL.iter().find(|part| **part != Part::Out && name.ends_with(&format!(".{}", part.suffix())))
    {
        return Err(ShapeError(format!(
            "{name}: expected a layer name that does not end like a tensor's (\".{}\"); name the layer otherwise",
            part.suffix()
        )));
    }
    if before.iter().any(|layer| layer.name() == name) {
        return Err(ShapeError(format!("{name}: expected each layer name once, got it twice; rename one")));
    }
    Ok(())
}
