//! The unit whose attribution map is shown.

use super::AppState;
use crate::attribution::Unit;
use crate::nn::{Part, Source};
use crate::tensor::Shape;
use crate::trace::Owner;

/// Whose map is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Subject {
    /// The score of the class that the network predicts.
    #[default]
    Predicted,
    /// This one, whatever is predicted.
    Unit(Unit),
}

/// The unit whose map is asked for.
pub fn asked_unit(state: &AppState) -> Unit {
    match state.attribution.subject {
        Subject::Predicted => Unit::Score(state.prediction().0),
        Subject::Unit(unit) => unit,
    }
}

/// The unit that a cell belongs to: of a layer's output or its gradient, or a class of the loss.
pub fn focused_unit(state: &AppState) -> Option<Unit> {
    let (trace, address) = (state.trace(), state.focus());
    let (tensor, _, index) = trace.tensor_cell(&address)?;
    let loss = trace.plan().network().loss;
    let cell = |layer: usize| {
        let [_, channel, i, j] = Shape::image(trace.plan().layer(layer).output).at(index as usize);
        Unit::Cell { layer, channel, at: [i, j] }
    };
    match (tensor.owner, tensor.part) {
        (Owner::Layer(l), Part::Out) => Some(cell(l as usize)),
        (Owner::Loss, Part::Prob) => Some(Unit::Probability(loss.class_of(index as usize))),
        (Owner::Loss, Part::Dx) => Some(Unit::Score(loss.class_of(index as usize))),
        // The gradient of a layer's input is that of the output that it reads.
        (Owner::Layer(_) | Owner::Loss | Owner::Input, _) => {
            trace.plan().differentiated(tensor).and_then(Source::layer).map(cell)
        }
    }
}
