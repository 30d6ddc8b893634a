//! A network: layers whose sizes fit one another, and a loss.

use super::{
    Axis, Edge, Layer, Mode, Op, Params, Part, Parts, Real, Window, edge,
    init::{self, Init},
    loss::{Loss, Targets},
    outline::Outline,
    prelu::PRelu,
    spec::LayerSpec,
};
use crate::tensor::{ShapeError, Tensor};

/// A network whose layers fit one another.
#[derive(Clone, PartialEq, Debug)]
pub struct Network {
    /// Input extents [C, H, W].
    pub input: [usize; 3],
    /// The layers in forward order.
    pub layers: Vec<Layer>,
    /// The loss.
    pub loss: Loss,
    /// Who reads what, as [`edge`] has it.
    pub(super) readers: Vec<Vec<Edge>>,
}

impl Network {
    /// Checks every size, first layer first.
    ///
    /// # Errors
    /// Names the layer, the formula and its numbers.
    pub fn build(input: [usize; 3], specs: Vec<LayerSpec>, loss: Loss) -> Result<Self, ShapeError> {
        let outline = Outline::new(input, specs);
        if let Some(misfit) = outline.misfit {
            return Err(misfit.error);
        }
        let network = Self::of_layers(input, outline.layers, loss);
        loss.check(network.outputs(), network.last_name())?;
        Ok(network)
    }

    /// A network of layers that are known to fit.
    pub(super) fn of_layers(input: [usize; 3], layers: Vec<Layer>, loss: Loss) -> Self {
        let readers = edge::readers(&layers);
        Self { input, layers, loss, readers }
    }

    /// Output extents [C, H, W].
    pub fn output(&self) -> [usize; 3] {
        self.layers.last().map_or(self.input, |layer| layer.output)
    }

    /// The number of output features.
    pub fn outputs(&self) -> usize {
        self.output().iter().product()
    }

    /// The number of classes that the outputs tell apart: one for each output, or two for the one output of a binary
    /// cross-entropy.
    pub fn classes(&self) -> usize {
        self.loss.classes(self.outputs())
    }

    /// The name of the layer that makes the outputs.
    pub fn last_name(&self) -> &str {
        self.layers.last().map_or("the last layer", Layer::name)
    }

    /// The name of the layer that decides how many outputs there are: the last that has a number of its own.
    pub fn scored_by(&self) -> Option<&str> {
        let decides = |layer: &&Layer| layer.spec.kind.clone().outputs_mut().is_some();
        self.layers.iter().rev().find(decides).map(Layer::name)
    }

    /// What its loss compares the output with.
    pub fn targets(&self) -> Targets {
        Targets { loss: self.loss, output: self.output() }
    }

    /// The target of images of these classes: (N, C, H, W) of the output.
    ///
    /// # Panics
    /// Where a class is not one of the network's: who reads labels checks them.
    pub fn target<T: Real>(&self, classes: &[usize]) -> Tensor<T> {
        self.targets().of(classes)
    }

    /// The classes' scores of one image, by the output and what the loss made of it: their probabilities where the loss
    /// makes any, else the outputs. Of an image behind the last, the last one's.
    pub fn scores(&self, output: &Tensor, loss: &Parts, image: usize) -> Vec<f32> {
        let of_image = |tensor: &Tensor| -> Vec<f32> {
            let each = tensor.len() / tensor.dim().0.max(1);
            let image = image.min(tensor.dim().0.saturating_sub(1));
            tensor.iter().copied().skip(image * each).take(each).collect()
        };
        match (self.loss, loss.get(Part::Prob)) {
            (Loss::CrossEntropy, Some(prob)) => of_image(prob),
            (Loss::CrossEntropy | Loss::BinaryCrossEntropy | Loss::Mse, _) => {
                self.loss.scores(of_image(output))
            }
        }
    }

    /// The number of trained and running parameters.
    pub fn parameter_count(&self) -> usize {
        self.layers.iter().map(Layer::parameter_count).sum()
    }

    /// Whether, in training, the images of a batch depend on one another.
    pub fn couples_images(&self, mode: Mode) -> bool {
        mode == Mode::Train && self.layers.iter().any(|layer| matches!(layer.op, Op::BatchNorm2d(_)))
    }

    /// Initial parameters: weights by `init`, biases 0; the scale of a normalisation is 1, the slope of a PReLU 0.25.
    pub fn init<T: Real>(&self, init: Init, seed: u64) -> Params<T> {
        let layers = self.layers.iter().enumerate().map(|(l, layer)| {
            let mut rng = init::rng(seed, l);
            let is_norm = matches!(layer.op, Op::BatchNorm2d(_) | Op::GroupNorm(_));
            let mut parts = Parts::default();
            for (part, shape) in layer.parameters() {
                let tensor = if part == Part::RunningVar || (part == Part::Weight && is_norm) {
                    Tensor::ones(shape.0)
                } else if matches!(layer.op, Op::PRelu(_)) {
                    Tensor::from_elem(shape.0, T::nearest(PRelu::INITIAL))
                } else if part == Part::Weight {
                    init::weight(init, shape.0, &mut rng)
                } else {
                    Tensor::zeros(shape.0)
                };
                parts.set(part, tensor);
            }
            parts
        });
        Params(layers.collect())
    }

    /// One line per layer that leaves rows or columns of its input unread, where no other layer reads them either.
    pub fn unseen(&self) -> Vec<Unseen> {
        let unseen = self.layers.iter().enumerate().filter_map(|(layer, l)| {
            let window = l.window()?;
            let others = self.readers(l.sources[0]).iter().map(|edge| edge.layer);
            let others: Vec<&Layer> =
                others.filter(|&other| other != layer).map(|other| &self.layers[other]).collect();
            // A layer without windows reads all.
            let of_all = |own: Vec<usize>, axis: fn(&Window) -> &Axis| -> Vec<usize> {
                let is_unseen = |&at: &usize| {
                    others.iter().all(|other| other.window().is_some_and(|window| !axis(window).is_seen(at)))
                };
                own.into_iter().filter(is_unseen).collect()
            };
            let rows = of_all(window.rows.unseen(), |window| &window.rows);
            let cols = of_all(window.cols.unseen(), |window| &window.cols);
            (!rows.is_empty() || !cols.is_empty()).then_some(Unseen { layer, rows, cols })
        });
        unseen.collect()
    }

    /// Terms of one image forward: multiply-adds of convolutions and dense layers, nearly all.
    pub fn terms(&self) -> u64 {
        self.layers.iter().map(Layer::terms).sum()
    }
}

/// Rows and columns of a layer's input that no window reads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unseen {
    /// The layer.
    pub layer: usize,
    /// Rows, counted from 0.
    pub rows: Vec<usize>,
    /// Columns, counted from 0.
    pub cols: Vec<usize>,
}
