//! Dropout: each cell times its mask.

use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::part::around;
use super::parts::Item;
use super::{Closeup, legends};
use crate::nn::{Mode, Part};
use crate::trace::{Address, Pass, Stage, TensorId};
use crate::ui::{number, view::View};

/// The close-up of a dropout layer: values × mask = result; `p` is the probability that a cell is dropped.
pub(super) fn dropout<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &Stage,
    l: usize,
    p: f64,
) -> Option<Closeup<'a>> {
    let cell = FocusedCell::from_address(view, focus)?;
    let plan = view.state.plan();
    let train = plan.setup().mode == Mode::Train;
    let at = |tensor| around(view, tensor, cell.image, cell.index);
    let mask = TensorId::layer(l, Part::Mask);
    let (from, to) = match stage.pass {
        Pass::Bwd => (plan.output_gradient_of(l), TensorId::layer(l, Part::Dx)),
        Pass::Fwd | Pass::Loss | Pass::Update => (plan.input_of(l), TensorId::layer(l, Part::Out)),
    };
    let items: Vec<Item> = match (train, stage.tensor.part) {
        (true, Part::Mask) => vec![at(mask).into()],
        (true, _) => vec![at(from).into(), "×".into(), at(mask).into(), "=".into(), at(to).into()],
        (false, _) => vec![at(from).into(), "=".into(), at(to).into()],
    };
    let short = number::short(p as f32);
    let words = if train {
        let scale = number::four_digits((1.0 / (1.0 - p)) as f32);
        let seed = plan.setup().seed.to_string();
        view.fill("closeup.dropout_words", &[("p", &short), ("scale", &scale), ("seed", &seed)])
    } else {
        view.fill("closeup.dropout_eval", &[("p", &short)])
    };
    let steps = view.state.trace().cell_until(focus, cell.done).steps;
    let caption = Caption::from_steps(view, &steps).with_words([words]).with_legends(legends(&items));
    Some(Closeup::of_parts(items, None, caption))
}
