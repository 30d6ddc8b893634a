//! A tensor that is given, not computed: the picture, a weight before training.

use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::part::{around_in, map_detail};
use super::parts::Item;
use super::{Closeup, legends};
use crate::trace::{Address, Equation, TensorId};
use crate::ui::{names, number, tensor_plane::TensorPlane, view::View};

/// How many of a tensor's planes are shown.
const PLANES: usize = 3;

/// A tensor that no stage computes: the picture, the right answer, a parameter before the update.
pub(super) fn given<'a>(view: &'a View<'a>, focus: &Address) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let plan = view.state.plan();
    let shape = plan.shape_of(spot.tensor);
    let cells = shape.plane().max(1);
    let plane_of = spot.index as usize / cells;
    // A parameter as it was given, not as the update leaves it.
    let part = |channel: usize| {
        let plane = match spot.tensor.is_parameter() {
            true => TensorPlane::before_update(view, spot.tensor, channel),
            false => TensorPlane::new(view, spot.tensor, spot.image, channel),
        };
        // The same cell of each plane.
        around_in(view, plane, (channel * cells + spot.index as usize % cells) as u32)
    };
    let several = cells > 1 && shape.planes() > 1;
    let is_weight = plan.is_weight_shaped(spot.tensor);
    // Of a filter its own slices.
    let together = if is_weight && shape.0[1] > 1 { shape.0[1] } else { shape.planes().max(1) };
    let shown = if several { PLANES.min(together) } else { 1 };
    let begin = if several { plane_of / together * together } else { plane_of };
    let first = begin + (plane_of - begin).saturating_sub(shown / 2).min(together - shown);
    let mut items: Vec<Item> = Vec::new();
    for channel in first..first + shown {
        let title = names::plane(view, spot.tensor, channel);
        let part = if several {
            let [_, _, h, w] = shape.0;
            let detail = if is_weight { format!("{h}×{w}") } else { map_detail(view, spot.tensor, channel) };
            part(channel).titled(title).detailed(detail)
        } else {
            part(plane_of)
        };
        let part = match part.near_span() {
            Some(span) if several && channel != plane_of => part.near(span).focus(None),
            None if several && channel != plane_of => part.focus(None),
            Some(_) | None => part,
        };
        items.push(part.into());
        if channel + 1 < first + shown {
            items.push("".into());
        }
    }
    let value = match view.state.covers().cell(spot.tensor, spot.index) {
        true => "?".to_owned(),
        false => number::full(view.state.trace().value(spot.tensor, spot.image, spot.index)),
    };
    let name = names::cell(view, focus);
    let title = match spot.tensor {
        TensorId::INPUT => view.text("closeup.given_input"),
        TensorId::TARGET => view.text("closeup.given_target"),
        tensor => names::tensor(view, tensor),
    };
    let some = (shown < shape.planes() && several).then(|| {
        let (shown, all) = (shown.to_string(), shape.planes().to_string());
        let key = match is_weight {
            true => "closeup.given_some_slices",
            false => "closeup.given_some",
        };
        view.fill(key, &[("shown", &shown), ("all", &all)])
    });
    let equations = vec![Equation { left: name.clone(), right: value, exact: true }];
    let note = view.fill("closeup.given_note", &[("title", &title)]);
    let caption = Caption { name, equations, ..Caption::default() };
    let caption = caption.with_words([note].into_iter().chain(some)).with_legends(legends(&items));
    Some(Closeup::of_parts(items, None, caption))
}
