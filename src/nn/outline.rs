//! A network that is being written: its layers up to the first that does not fit.

use super::{
    Layer, Part, Source, edge,
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
    /// The input's extents [C, H, W].
    pub input: [usize; 3],
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
        Self { layers, misfit, input }
    }

    /// The extents of the picture, for 0, or of the output of the n-th layer, counted from 1, where it fits.
    pub fn extents(&self, n: usize) -> Option<[usize; 3]> {
        n.checked_sub(1).map_or(Some(self.input), |l| self.layers.get(l).map(|layer| layer.output))
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
    let readers = edge::readers(layers);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::spec::{ConvSpec, DenseSpec, Kind};

    fn conv(name: &str, out: usize) -> LayerSpec {
        LayerSpec::new(name, Kind::Conv2d(ConvSpec::new(out, 3)))
    }

    #[test]
    fn what_does_not_go_together_is_said_in_one_line_that_names_both() {
        let add = |inputs: &[&str]| LayerSpec::new("add", Kind::Add).reading(inputs.iter().copied());
        let two = || vec![conv("a", 4), conv("b", 4).reading(["input"])];
        let with = |last: LayerSpec| two().into_iter().chain([last]).collect::<Vec<_>>();
        for (specs, layer, expected) in [
            (
                with(add(&["a", "c"])),
                2,
                "add: expected the name of an earlier layer or \"input\" among its inputs, got \"c\"",
            ),
            (with(add(&["a", "add"])), 2, "add: expected an earlier layer among its inputs, got add itself"),
            (
                vec![conv("a", 4), add(&["a", "b"]), conv("b", 4)],
                1,
                "got \"b\", which comes later; layers run in the order of the list, so move b before add",
            ),
            (with(add(&["a"])), 2, "add: expected from 2 to 256 inputs of add, got 1;"),
            (with(add(&[])), 2, "add: expected from 2 to 256 inputs of add, got the layer before alone"),
            (with(add(&["a", "input"])), 2, "got [4, 6, 6] of a and [1, 8, 8] of input;"),
            (
                with(LayerSpec::new("both", Kind::Concat).reading(["a", "input"])),
                2,
                "both: expected inputs with the same rows and columns, got [4, 6, 6] of a and [1, 8, 8] of input",
            ),
            (
                with(LayerSpec::new("times", Kind::Multiply).reading(["a", "input"])),
                2,
                "times: expected inputs of one shape, or two of which one has a number for each channel",
            ),
            (
                with(conv("c", 2).reading(["a", "b"])),
                2,
                "c: expected one input of conv2d, got 2; join a, b by an add",
            ),
            (
                with(conv("c", 2)),
                0,
                "a: expected a layer whose output leads to the last one, c, got one that nothing reads",
            ),
            (with(LayerSpec::new("c.dX1", Kind::RELU)), 2, "does not end like a tensor's (\".dX1\")"),
        ] {
            let outline = Outline::new([1, 8, 8], specs);
            let misfit = outline.misfit.expect(expected);
            assert!(misfit.error.0.contains(expected), "{}\n  should contain {expected}", misfit.error);
            assert!(!misfit.error.0.contains('\n') && misfit.error.0.len() < 300, "{}", misfit.error);
            assert_eq!(misfit.layer, Some(layer), "{expected}");
        }
    }

    #[test]
    fn joins_have_the_extents_of_what_they_make() {
        let flat = |name: &str| LayerSpec::new(name, Kind::Dense(DenseSpec { out_features: 4, bias: false }));
        let specs = vec![
            conv("a", 4),
            conv("b", 3).reading(["input"]),
            LayerSpec::new("both", Kind::Concat).reading(["a", "b", "a"]),
            LayerSpec::new("sum", Kind::Add).reading(["both", "both"]),
            flat("four").reading(["a"]),
            LayerSpec::new("scaled", Kind::Multiply).reading(["four", "a"]),
            LayerSpec::new("all", Kind::Concat).reading(["scaled", "sum"]),
        ];
        let outline = Outline::new([1, 8, 8], specs);
        assert_eq!(outline.misfit, None);
        let output = |l: usize| outline.layers[l].output;
        assert_eq!(
            [output(2), output(3), output(5), output(6)],
            [[11, 6, 6], [11, 6, 6], [4, 6, 6], [15, 6, 6]]
        );
        assert_eq!([0, 1, 2].map(|k| outline.layers[2].first_channel(k)), [0, 4, 7]);
        assert!(outline.layers[5].is_scale(0) && !outline.layers[5].is_scale(1));
    }
}
