//! Flatten: a volume's cells copied into a vector, and back.

use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::part::{Part, around, wrap};
use super::parts::Item;
use super::{Closeup, legends};
use crate::nn::Part as TensorPart;
use crate::trace::{Address, Pass, Stage, TensorId};
use crate::ui::{names, tensor_plane::TensorPlane, view::View};

/// The close-up of a flatten layer: the volume and the vector.
pub(super) fn flatten<'a>(
    view: &'a View<'a>,
    focus: &Address,
    stage: &Stage,
    l: usize,
) -> Option<Closeup<'a>> {
    let cell = FocusedCell::from_address(view, focus)?;
    let plan = view.state.plan();
    let is_backward = stage.pass == Pass::Bwd;
    let (volume, vector) = if is_backward {
        (TensorId::layer(l, TensorPart::Dx), plan.output_gradient_of(l))
    } else {
        (plan.input_of(l), TensorId::layer(l, TensorPart::Out))
    };
    let [c, h, w] = plan.layer(l).input;
    let (len, k) = (c * h * w, cell.index as usize);
    // A row of the strip is a map, so that the order can be seen.
    let cols = if h * w > 1 { h * w } else { wrap(len, 12) };
    let plane = TensorPlane::new(view, vector, cell.image, 0);
    let detail = view.fill("closeup.cells", &[("count", &len.to_string())]);
    let words = [names::tensor(view, vector), detail];
    let strip = Part::from_cells(view, plane, [0, 1], len, cols, words).focus(k);
    let map = around(view, volume, cell.image, cell.index);
    let arrow = Item::Arrow(view.text("closeup.flatten_copy"));
    let items: Vec<Item> = if is_backward {
        vec![strip.into(), arrow, map.into()]
    } else {
        vec![map.into(), arrow, strip.into()]
    };
    let place = [("c", k / (h * w)), ("i", k / w % h), ("j", k % w), ("h", h), ("w", w), ("f", k)];
    let place = place.map(|(name, number)| (name, number.to_string()));
    let place = place.each_ref().map(|(name, text)| (*name, text.as_str()));
    let words = view.fill("closeup.flatten_place", &place);
    let steps = view.state.trace().cell_until(focus, cell.done).steps;
    let caption = Caption::from_steps(view, &steps).with_words([words]).with_legends(legends(&items));
    Some(Closeup::of_parts(items, None, caption))
}
