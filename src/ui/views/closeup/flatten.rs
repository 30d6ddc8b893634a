//! Flatten: a volume's cells copied into a vector, and back.

use super::arithmetic::{last_steps, lines_ui};
use super::captioned_grid::{CaptionedGrid, Item, around, legends_ui, link_ui, row_ui, wrap};
use super::focused_cell::FocusedCell;
use super::heading::{heading_ui, note_ui};
use crate::nn::Part;
use crate::trace::{Address, Pass, Plan, Stage, TensorId};
use crate::ui::{names, tensor_plane::TensorPlane, theme::space, view::View};
use egui::{Ui, vec2};

/// Draws the close-up of a flatten layer: the volume and the vector, with an arrow from cell to cell.
pub fn flatten_ui(ui: &mut Ui, view: &View, focus: &Address, stage: &Stage, l: usize) {
    let Some(cell) = FocusedCell::from_address(view, focus) else { return };
    let plan = view.state.plan();
    let is_backward = stage.pass == Pass::Bwd;
    let key = if is_backward { "closeup.flatten_back" } else { "closeup.flatten" };
    heading_ui(ui, view, focus, stage, &view.text(key));
    let (volume, vector) = if is_backward {
        (TensorId::layer(l, Part::Dx), plan.output_gradient_of(l))
    } else {
        (Plan::input_of(l), TensorId::layer(l, Part::Out))
    };
    let [c, h, w] = plan.layer(l).input;
    let (len, k) = (c * h * w, cell.index as usize);
    // A row of the strip is a channel, so that the order can be seen.
    let cols = if h * w > 1 { h * w } else { wrap(len, 12) };
    let plane = TensorPlane::new(view, vector, cell.image, 0);
    let detail = view.fill("closeup.cells", &[("count", &len.to_string())]);
    let strip = CaptionedGrid::from_cells(
        view,
        plane,
        cell.image,
        [0, 1],
        len,
        cols,
        [names::tensor(view, vector), detail],
    )
    .focus(k);
    let map = around(view, volume, cell.image, cell.index);
    let room = ui.available_size();
    let link = Item::Link { from_cell: cell.done > 0 };
    let items: [Item; 3] =
        if is_backward { [strip.into(), link, map.into()] } else { [map.into(), link, strip.into()] };
    let drawn = row_ui(ui, view, 0, &items, vec2(room.x, (0.66 * room.y).max(120.0)));
    if let ([from, to], true) = (&drawn[..], cell.done > 0) {
        let in_map = if h * w > 1 { (k / w % h, k % w) } else { (k / cols, k % cols) };
        let in_strip = (k / cols, k % cols);
        let (a, b) = if is_backward { (in_strip, in_map) } else { (in_map, in_strip) };
        link_ui(ui, (from, a.0, a.1), (to, b.0, b.1), view.theme.accent, view.theme);
    }
    legends_ui(ui, view, &items);
    ui.add_space(space::S);
    let place = [("c", k / (h * w)), ("i", k / w % h), ("j", k % w), ("h", h), ("w", w), ("f", k)];
    let place = place.map(|(name, number)| (name, number.to_string()));
    let place: Vec<(&str, &str)> = place.iter().map(|(name, text)| (*name, text.as_str())).collect();
    note_ui(ui, view, view.theme.accent, &view.fill("closeup.flatten_place", &place));
    let fold = view.state.trace().cell_until(focus, cell.done);
    lines_ui(ui, view, &last_steps(view, &fold.steps, 1, cell.terms as usize), 0.0);
}
