//! Other ways to show a place than by its maps: which a place has, and where each is to be found.

use super::{AppState, view::Figure};
use crate::nn::{Layer, Op, Part};
use crate::trace::{Address, Depth, Grain, Owner, Pass, Place, Plan, TensorId};

/// The most weights, and the most cells of its input and of its output, of a convolution whose derivatives all stand
/// side by side.
const FEW: [usize; 3] = [8, 16, 9];

/// The most rows and columns of what a window slides over, padded, and of what it fills, where both stand side by side
/// with a number in each cell.
const SMALL: usize = 12;

impl AppState {
    /// The way in which the place is shown, where one was chosen and the place has it.
    pub fn figure(&self) -> Option<Figure> {
        self.view.figure.filter(|figure| has(self.plan(), &self.look(), *figure))
    }

    /// The ways that the place has beside its maps.
    pub fn figures(&self) -> Vec<Figure> {
        let (plan, look) = (self.plan(), self.look());
        Figure::ALL.into_iter().filter(|figure| has(plan, &look, *figure)).collect()
    }

    /// The layer that a way to show the place is about.
    pub fn figure_layer(&self) -> usize {
        layer_of(self.plan(), &self.look()).unwrap_or(0)
    }

    /// The first place that has a way to be shown.
    pub(in crate::app) fn place_of_figure(&self, figure: Figure) -> Option<Address> {
        let (plan, time) = (self.plan(), self.trace().time());
        let stages = (0..plan.stages().len()).map(|s| Address::whole_stage(time, 0, s));
        let passes = stages.clone().map(|stage| plan.widen(&stage, Grain::Pass));
        let input = plan.writer(TensorId::INPUT, time, 0, 0);
        let input = std::iter::once(plan.widen(&input, Grain::Layer));
        // What is behind the cursor can be seen at once.
        let of_now = std::iter::once(plan.widen(&self.look(), Grain::Pass));
        let cells = stages.clone().map(|stage| stage.refine(Grain::Cell));
        of_now.chain(input).chain(passes).chain(stages).chain(cells).find(|place| has(plan, place, figure))
    }
}

/// Whether a place has a way to be shown.
fn has(plan: &Plan, place: &Address, figure: Figure) -> bool {
    let depth = Depth::new(place);
    let pass = plan.stage_at(place).map(|stage| stage.pass);
    let layer = || layer_of(plan, place).map(|l| plan.layer(l));
    let is_convolution = |layer: &Layer| matches!(layer.op, Op::Conv2d(_));
    match figure {
        Figure::Coverage => depth == Depth::Layer && layer().is_some_and(|layer| layer.window().is_some()),
        Figure::Vector => depth == Depth::Layer && block_of(plan, place).is_some(),
        Figure::Turned => {
            matches!(depth, Depth::Layer | Depth::Map)
                && pass == Some(Pass::Fwd)
                && layer().is_some_and(is_convolution)
        }
        Figure::Derivatives => {
            depth == Depth::Layer && pass == Some(Pass::Bwd) && layer().is_some_and(has_few)
        }
        Figure::Kept => depth == Depth::Pass && !plan.pass_stages(Pass::Bwd).is_empty(),
        Figure::Sizes => depth == Depth::Pass && matches!(pass, Some(Pass::Fwd | Pass::Bwd)),
        Figure::Slide => {
            let makes_output = plan.stage_at(place).is_some_and(|stage| stage.tensor.part == Part::Out);
            matches!(depth, Depth::Cell | Depth::Term)
                && pass == Some(Pass::Fwd)
                && makes_output
                && layer().is_some_and(slides_over_little)
        }
    }
}

/// The layer whose work a place shows: of an activation the layer before it, of the picture the first.
fn layer_of(plan: &Plan, place: &Address) -> Option<usize> {
    let tensor = match place.place() {
        Place::Given(TensorId::INPUT) => return (!plan.network().layers.is_empty()).then_some(0),
        Place::Given(tensor) => tensor,
        Place::Stage(stage) => plan.stages()[stage as usize].tensor,
    };
    let Owner::Layer(l) = tensor.owner else { return None };
    let is_forward = tensor.part == Part::Out;
    let follows =
        |l: &usize| matches!(plan.layer(*l).op, Op::Activation(_) | Op::PRelu(_) | Op::Dropout { .. });
    let mut back = std::iter::successors(Some(usize::from(l)), |l| plan.layer(*l).sources[0].layer());
    let before = back.find(|l| !is_forward || !follows(l));
    before.filter(|_| matches!(tensor.part, Part::Out | Part::Dx | Part::Dw | Part::Db | Part::Weight))
}

/// The tensor of several maps that a place shows as a block: the picture, or what is flattened.
fn block_of(plan: &Plan, place: &Address) -> Option<TensorId> {
    match place.place() {
        Place::Given(tensor) => (tensor == TensorId::INPUT).then_some(tensor),
        Place::Stage(stage) => {
            let tensor = plan.stages()[stage as usize].tensor;
            let Owner::Layer(l) = tensor.owner else { return None };
            let l = usize::from(l);
            let flattens = plan.layer(l).op == Op::Flatten && tensor.part == Part::Out;
            flattens.then(|| plan.input_of(l))
        }
    }
}

/// Whether a layer slides a window of one map over few cells and fills few.
fn slides_over_little(layer: &Layer) -> bool {
    let (window, slices) = match &layer.op {
        Op::Conv2d(conv) => (conv.window, conv.group_in()),
        Op::ConvTranspose2d(spec) => (spec.conv.window, spec.conv.group_out()),
        Op::Dense(_)
        | Op::MaxPool2d(_)
        | Op::AvgPool2d(_)
        | Op::Resample2d(_)
        | Op::Activation(_)
        | Op::PRelu(_)
        | Op::BatchNorm2d(_)
        | Op::GroupNorm(_)
        | Op::LocalResponseNorm(_)
        | Op::Softmax
        | Op::Flatten
        | Op::Dropout { .. }
        | Op::Add
        | Op::Multiply
        | Op::Concat => return false,
    };
    // A transposed one reads its input spread by the stride, with at most so much around it.
    let is_small = |axis: crate::nn::Axis| {
        let reach = axis.dilation * (axis.kernel - 1);
        axis.len.saturating_add(axis.padding.max(reach)).saturating_add(axis.padding) <= SMALL
    };
    slices == 1 && is_small(window.rows) && is_small(window.cols)
}

/// Whether all derivatives of a convolution have room beside one another.
fn has_few(layer: &Layer) -> bool {
    let Op::Conv2d(conv) = &layer.op else { return false };
    let weights: usize = conv.weight_shape().iter().product();
    let cells = [layer.input, layer.output].map(|extents| extents.iter().product::<usize>());
    [weights, cells[0], cells[1]].iter().zip(FEW).all(|(n, few)| *n <= few)
}
