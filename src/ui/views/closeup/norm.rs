//! What the close-ups of the normalisations have in common: the sums that statistics and gradients are, and a single
//! number beside a map.

use super::caption::Caption;
use super::focused_cell::FocusedCell;
use super::part::{Part as Grid, around, wrap};
use super::parts::Item;
use super::{Closeup, arithmetic::lines, legends};
use crate::nn::Part;
use crate::trace::{Address, TensorId};
use crate::ui::{
    names,
    tensor_plane::TensorPlane,
    view::View,
    widgets::grid::{CellSpan, Overlay},
};

/// The close-up of a stage of a normalisation: a row of parts, its words, and the arithmetic where it is not a sum, whose
/// terms are alike.
pub(super) fn closeup<'a>(
    view: &'a View<'a>,
    focus: &Address,
    items: Vec<Item<'a>>,
    words: impl IntoIterator<Item = String>,
    is_sum: bool,
) -> Option<Closeup<'a>> {
    let spot = FocusedCell::from_address(view, focus)?;
    let steps = view.state.trace().cell_until(focus, spot.done).steps;
    let caption = Caption::from_steps(view, &steps).with_words(words).with_legends(legends(&items));
    let extra = if is_sum { None } else { lines(view, &steps, 6) };
    Some(Closeup::of_parts(items, extra, caption))
}

/// Marks how many cells of a part have been added up: the last is framed, those that are still to come are paler.
pub(super) fn added_up<'a>(view: &View, grid: Grid<'a>, added: usize) -> Grid<'a> {
    let [len, rows, cols] = grid.form();
    let added = added.min(len);
    let color = view.theme.hatch_ground.gamma_multiply(0.75);
    let (row, col) = (added / cols, added % cols);
    let here = CellSpan::new(row as i32, col as i32, 1, (cols - col) as i32);
    let below = CellSpan::new(row as i32 + 1, 0, rows.saturating_sub(row + 1) as i32, cols as i32);
    let rest = [(row < rows).then_some(here), (row + 1 < rows).then_some(below)];
    let tints = rest.into_iter().flatten().map(|span| Overlay::tint(span, color));
    grid.over(tints).focus(added.checked_sub(1))
}

/// Cells of an image that are added up, as many as `run` from `first` on, maybe over the images of a batch: the map that
/// the sum is at, or of a vector the cells, with what has been added up.
pub(super) fn summed<'a>(
    view: &'a View<'a>,
    spot: &FocusedCell,
    tensor: TensorId,
    [first, run]: [usize; 2],
    over_images: bool,
) -> Grid<'a> {
    let plan = view.state.plan();
    let plane = plan.shape_of(tensor).plane();
    let done = spot.done as usize;
    let coupled = over_images && plan.is_layered();
    let images = if coupled { plan.setup().images as usize } else { 1 };
    let nth = (done.saturating_sub(1) / run).min(images - 1);
    let image = if coupled { nth as u32 } else { spot.image };
    let added = (done - nth * run).min(run);
    if run == 1 {
        return around(view, tensor, image, first as u32);
    }
    if plane > 1 {
        let map = (added.saturating_sub(1) / plane).min(run / plane - 1);
        let grid = around(view, tensor, image, (first + map * plane) as u32);
        return added_up(view, grid, added - map * plane);
    }
    let words = [names::tensor(view, tensor), view.fill("closeup.cells", &[("count", &run.to_string())])];
    let cells = TensorPlane::new(view, tensor, image, 0);
    let grid = Grid::from_cells(view, cells, [first as u32, 1], run, wrap(run, 12), words);
    added_up(view, grid, added)
}

/// A single number of a tensor that has one for each map or group.
pub(super) fn one_number<'a>(view: &'a View<'a>, tensor: TensorId, image: u32, index: u32) -> Grid<'a> {
    let plane = TensorPlane::new(view, tensor, image, 0);
    let letters = [(Part::Weight, "γ"), (Part::Bias, "β")];
    let letter = letters.into_iter().find(|(part, _)| *part == tensor.part);
    let name = letter.map_or_else(|| names::tensor(view, tensor), |(_, letter)| letter.to_owned());
    let words = [name, names::plane(view, tensor, index as usize)];
    Grid::from_cells(view, plane, [index, 1], 1, 1, words).without_legend()
}
