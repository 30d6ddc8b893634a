//! A network that is being written: its layers up to the first that does not fit.

use super::{
    Layer, Part, Source, graph,
    layer::check_cells,
    spec::{INPUT, LayerSpec},
};
use crate::tensor::ShapeError;

/// A network that is being written: the layers up to the first that does not fit.
#[derive(Clone, PartialEq, Debug)]
pub struct Outline {
    /// The layers that fit, first layer first; all, where one of them is not read.
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
                let names: Vec<String> = specs.iter().map(|spec| spec.name.clone()).collect();
                let failed = specs.into_iter().try_for_each(|spec| {
                    check_name(&spec.name, &layers)?;
                    let from = sources(&spec, input, &layers, &names)?;
                    layers.push(Layer::new(spec, &from)?);
                    Ok(())
                });
                match failed {
                    Err(error) => Some(Misfit { layer: Some(layers.len()), error }),
                    Ok(()) => unread(&layers),
                }
            }
        };
        Self { layers, misfit }
    }
}

/// What a layer reads, with its extents: what its inputs name, or the layer before.
fn sources(
    spec: &LayerSpec,
    input: [usize; 3],
    before: &[Layer],
    names: &[String],
) -> Result<Vec<(Source, [usize; 3])>, ShapeError> {
    let extents = |source: Source| (source, source.layer().map_or(input, |l| before[l].output));
    if spec.inputs.is_empty() {
        return Ok(vec![extents(Source::before(before.len()))]);
    }
    let find = |name: &String| {
        if name == INPUT {
            return Ok(extents(Source::Input));
        }
        if let Some(l) = before.iter().position(|layer| layer.name() == name) {
            return Ok(extents(Source::Layer(l)));
        }
        let own = &spec.name;
        Err(ShapeError(if name == own {
            format!(
                "{own}: expected an earlier layer among its inputs, got {own} itself; name a layer before it"
            )
        } else if names.contains(name) {
            format!(
                "{own}: expected an earlier layer among its inputs, got {name:?}, which comes later; layers run in the \
                 order of the list, so move {name} before {own}"
            )
        } else {
            format!(
                "{own}: expected the name of an earlier layer or \"{INPUT}\" among its inputs, got {name:?}, which no \
                 layer has; correct the name"
            )
        }))
    };
    spec.inputs.iter().map(find).collect()
}

/// The first layer that no later one reads, if there is one.
fn unread(layers: &[Layer]) -> Option<Misfit> {
    let readers = graph::readers(layers);
    let last = layers.last()?;
    let l = (0..layers.len() - 1).find(|&l| readers[Source::Layer(l).place()].is_empty())?;
    let error = ShapeError(format!(
        "{}: expected a layer whose output leads to the last one, {}, got one that nothing reads on the way there; name it \
         in the inputs of a later layer or remove it",
        layers[l].name(),
        last.name()
    ));
    Some(Misfit { layer: Some(l), error })
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
    // A suffix of its own may have a dot in it, as "dW.mean" has.
    let suffixes = name.match_indices('.').map(|(at, _)| &name[at + 1..]);
    if let Some(part) = suffixes.filter(|suffix| !suffix.is_empty()).find_map(Part::from_suffix) {
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
