//! The gradient of a bias: the sum of the output gradient over all positions.

use super::conv_cell::{ConvCell, LEGENDS, legends_ui, room, used_ui};
use super::weight::{chain_ui, current, first_term, image_and_position, images_words};
use crate::ui::{
    names,
    tensor_plane::{self, TensorPlane},
    theme::space,
    widgets::{
        addressed_grid::{AddressedGrid, addressed_grid_ui, revision_of, tensor_plane_ui},
        flow::{CAPTION, arrow_ui, caption_ui},
        grid::{CellSpan, CellState, CellView, Overlay, fit_cell},
    },
};
use egui::{Rect, Ui, pos2, vec2};

/// Draws the gradient of a bias: the sum of its map's gradients over all positions.
pub fn bias_ui(ui: &mut Ui, conv_cell: &ConvCell) {
    let room = room(ui);
    let (view, theme) = (conv_cell.view, conv_cell.theme());
    let [rows, cols] = conv_cell.spec.window.out();
    let o = conv_cell.at[1];
    let channels = conv_cell.spec.out_channels;
    let last = (conv_cell.done as usize).saturating_sub(1);
    let (image, position) = image_and_position(conv_cell, last);
    let ij = [position / cols, position % cols];
    let (all, k) = (channels.to_string(), o.to_string());
    let place = view.fill("conv.bias_place", &[("k", &k), ("all", &all)]);
    let is_batch = view.state.plan().setup().images > 1;
    let why = view.text(if is_batch { "conv.bias_why_batch" } else { "conv.bias_why" });
    let batch = images_words(conv_cell, image);
    let top =
        conv_cell.header_ui(ui, room, &place, &[(&why, false), (batch.as_deref().unwrap_or(""), false)]);

    const GAP: f32 = 44.0;
    let ppp = ui.pixels_per_point();
    let below = 2.0 * CAPTION + 42.0 + space::L + 40.0 + LEGENDS + 2.0 * space::L;
    let side = vec2((room.width() - GAP) / 2.0, (room.bottom() - top - CAPTION - below).max(80.0));
    let cell = fit_cell(side, rows, cols, 0, ppp).min(46.0);
    let dy = TensorPlane::new(view, view.state.plan().output_gradient_of(conv_cell.l), image, o);
    let lit = view.hovered().and_then(|hovered| {
        let own = hovered.place() == conv_cell.focus.place() && hovered.grain() == crate::trace::Grain::Term;
        let position = image_and_position(conv_cell, hovered.term() as usize).1;
        dy.cell_of(&hovered)
            .or((own && hovered.cell() == conv_cell.focus.cell()).then(|| (position / cols, position % cols)))
    });
    let marks = || {
        let mut marks: Vec<_> =
            lit.iter().map(|&(i, j)| Overlay::outline(CellSpan::cell(i, j), theme.hover)).collect();
        if conv_cell.done > 0 {
            marks.push(current(theme, ij, conv_cell.just.is_some()));
        }
        marks
    };
    let size = ConvCell::size(rows, cols);
    let name = names::tensor_and_plane(view, dy.tensor(), o);
    caption_ui(ui, pos2(room.left(), top), side.x, &name, &size);
    let at = pos2(room.left(), top + CAPTION);
    let left = tensor_plane_ui(ui, view, at, "dy", &dy, cell, marks()).response.rect;
    let middle = left.center().y;
    let gap = GAP.max((room.width() - 2.0 * left.width()).min(GAP + 24.0));
    let x = left.right() + gap;
    arrow_ui(ui, &[pos2(left.right() + 8.0, middle), pos2(x - 8.0, middle)], theme.text_weak);

    let start = first_term(conv_cell, image);
    let added: Vec<CellView> = (0..rows * cols).map(|p| conv_cell.product(start + p)).collect();
    let is_complete = conv_cell.done == conv_cell.terms;
    let added_name = view.text(if is_complete { "conv.added_all" } else { "conv.added" });
    caption_ui(ui, pos2(x, top), side.x, &added_name, "");
    let grid = AddressedGrid {
        id: "added",
        rows,
        cols,
        mapping: dy.mapping(),
        revision: revision_of(&added),
        cell_points: cell,
        cell: &|i, j| added.get(i * cols + j).copied().unwrap_or_else(CellView::not_yet),
        address: &|i, j| Some(conv_cell.term(start + i * cols + j)),
        label: &|cell| match cell {
            Some((i, j)) => {
                conv_cell.words(&format!("{added_name} ({i}, {j})"), conv_cell.product(start + i * cols + j))
            }
            None => added_name.clone(),
        },
        overlays: marks(),
    };
    let right = addressed_grid_ui(ui, view, pos2(x, at.y), grid).response.rect;

    // The last term in numbers.
    let y = left.bottom() + space::L;
    let step = conv_cell.fold.steps.get(last).filter(|_| conv_cell.done > 0);
    let value = |value: Option<f32>| value.map_or_else(CellView::not_yet, CellView::current);
    let mut after = value(step.map(|step| step.after));
    if step.is_some() && conv_cell.done < conv_cell.terms {
        after.state = CellState::Partial;
    }
    let links = [
        ("", view.text("conv.before"), value(step.map(|s| s.before)), None, conv_cell.sum_mapping()),
        (
            "+",
            "∂L/∂y".to_owned(),
            value(step.map(|s| s.values[0])),
            Some(dy.address(ij[0], ij[1])),
            dy.mapping(),
        ),
        ("=", view.text("conv.after"), after, Some(conv_cell.focus), conv_cell.sum_mapping()),
    ];
    let end = chain_ui(ui, conv_cell, pos2(room.left(), y), &links);

    // All biases' gradients, this one framed.
    let tensor = conv_cell.stage.tensor;
    let cells: Vec<CellView> =
        (0..channels).map(|k| TensorPlane::new(view, tensor, 0, k).cell(0, 0)).collect();
    let mapping = tensor_plane::mapping(view, tensor, 0, None);
    let per_row = channels.min(16);
    let count = channels.div_ceil(per_row);
    let strip = fit_cell(vec2(room.width(), 44.0 * count as f32), count, per_row, 0, ppp).min(42.0);
    let y = end.bottom() + space::M;
    caption_ui(ui, pos2(room.left(), y), room.width(), &conv_cell.name(tensor), &channels.to_string());
    let flat = |i: usize, j: usize| (i * per_row + j).min(channels - 1);
    let mut overlays = Vec::new();
    if count * per_row > channels {
        let left = (channels - (count - 1) * per_row) as i32;
        let span = CellSpan::new(count as i32 - 1, left, 1, per_row as i32 - left);
        overlays.push(Overlay::tint(span, theme.ground));
    }
    overlays.push(Overlay::cursor(theme, o / per_row, o % per_row));
    let grid = AddressedGrid {
        id: "db",
        rows: count,
        cols: per_row,
        mapping,
        revision: revision_of(&cells),
        cell_points: strip,
        cell: &|i, j| cells.get(flat(i, j)).copied().unwrap_or_else(CellView::not_yet),
        address: &|i, j| {
            (i * per_row + j < channels).then(|| TensorPlane::new(view, tensor, 0, flat(i, j)).address(0, 0))
        },
        label: &|cell| match cell {
            Some((i, j)) => TensorPlane::new(view, tensor, 0, flat(i, j)).label(Some((0, 0))),
            None => conv_cell.name(tensor),
        },
        overlays,
    };
    let strip = addressed_grid_ui(ui, view, pos2(room.left(), y + CAPTION), grid);
    let target = strip.screen_from_grid.cell_rect((o / per_row) as i32, (o % per_row) as i32);
    let from = pos2(end.right() + 3.0, end.center().y);
    if target.center().x > end.right() + 8.0 {
        let corner = pos2(target.center().x, from.y);
        arrow_ui(ui, &[from, corner, pos2(corner.x, target.top() - 2.0)], theme.cursor);
    }
    let y = strip.response.rect.bottom() + space::M;
    let legends = [
        (conv_cell.name(dy.tensor()), dy.mapping()),
        (view.text("conv.sums"), conv_cell.sum_mapping()),
        (conv_cell.name(tensor), mapping),
    ];
    legends_ui(ui, Rect::from_min_size(pos2(room.left(), y), vec2(room.width(), LEGENDS)), &legends);
    used_ui(ui, Rect::from_min_max(room.min, pos2(right.right(), y + LEGENDS)));
}
