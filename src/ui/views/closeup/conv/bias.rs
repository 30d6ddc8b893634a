//! The gradient of a bias: the sum of the output gradient over all positions.

use super::look::{LEGENDS, Look, legends_ui, room, used_ui};
use super::weight::{chain_ui, current, first_term, image_and_position, images_words};
use crate::ui::{
    plane::{self, Plane},
    theme::space,
    widgets::{
        flow::{CAPTION, arrow_ui, caption_ui},
        grid::{CellSpan, CellState, CellView, Overlay, fit_cell},
        sheet::{Sheet, plane_ui, revision_of, sheet_ui},
    },
};
use egui::{Rect, Ui, pos2, vec2};

/// Draws it.
pub fn bias_ui(ui: &mut Ui, look: &Look) {
    let room = room(ui);
    let (view, theme) = (look.view, look.theme());
    let [rows, cols] = look.spec.window.out();
    let o = look.at[1];
    let channels = look.spec.out_channels;
    let last = (look.done as usize).saturating_sub(1);
    let (image, position) = image_and_position(look, last);
    let ij = [position / cols, position % cols];
    let (all, k) = (channels.to_string(), o.to_string());
    let place = view.fill("conv.bias_place", &[("k", &k), ("all", &all)]);
    let why = view.text("conv.bias_why");
    let batch = images_words(look, image);
    let top = look.header_ui(ui, room, &place, &[(&why, false), (batch.as_deref().unwrap_or(""), false)]);

    const GAP: f32 = 44.0;
    let ppp = ui.pixels_per_point();
    let below = 2.0 * CAPTION + 42.0 + space::L + 40.0 + LEGENDS + 2.0 * space::L;
    let side = vec2((room.width() - GAP) / 2.0, (room.bottom() - top - CAPTION - below).max(80.0));
    let cell = fit_cell(side, rows, cols, 0, ppp).min(46.0);
    let dy = Plane::new(view, view.state.plan().output_gradient_of(look.l), image, o);
    let lit = view.hovered().and_then(|hovered| {
        let own = hovered.place == look.focus.place && hovered.grain == crate::trace::Grain::Term;
        let position = image_and_position(look, hovered.term as usize).1;
        dy.cell_of(&hovered)
            .or((own && hovered.cell == look.focus.cell).then(|| (position / cols, position % cols)))
    });
    let marks = || {
        let mut marks: Vec<_> =
            lit.iter().map(|&(i, j)| Overlay::outline(CellSpan::cell(i, j), theme.hover)).collect();
        if look.done > 0 {
            marks.push(current(theme, ij, look.just.is_some()));
        }
        marks
    };
    let size = Look::size(rows, cols);
    let name = format!("{} k{o}", look.name(dy.tensor()));
    caption_ui(ui, pos2(room.left(), top), side.x, &name, &size);
    let at = pos2(room.left(), top + CAPTION);
    let left = plane_ui(ui, view, at, "dy", &dy, cell, marks()).response.rect;
    let middle = left.center().y;
    let gap = GAP.max((room.width() - 2.0 * left.width()).min(GAP + 24.0));
    let x = left.right() + gap;
    arrow_ui(ui, &[pos2(left.right() + 8.0, middle), pos2(x - 8.0, middle)], theme.text_weak);

    let start = first_term(look, image);
    let added: Vec<CellView> = (0..rows * cols).map(|p| look.product(start + p)).collect();
    let added_name = view.text("conv.added");
    caption_ui(ui, pos2(x, top), side.x, &added_name, "");
    let sheet = Sheet {
        id: "added",
        rows,
        cols,
        mapping: dy.mapping(),
        revision: revision_of(&added),
        cell_points: cell,
        cell: &|i, j| added.get(i * cols + j).copied().unwrap_or_else(CellView::not_yet),
        address: &|i, j| Some(look.term(start + i * cols + j)),
        label: &|cell| match cell {
            Some((i, j)) => {
                look.words(&format!("{added_name} ({i}, {j})"), look.product(start + i * cols + j))
            }
            None => added_name.clone(),
        },
        overlays: marks(),
    };
    let right = sheet_ui(ui, view, pos2(x, at.y), sheet).response.rect;

    // The last term in numbers.
    let y = left.bottom() + space::L;
    let step = look.fold.steps.get(last).filter(|_| look.done > 0);
    let value = |value: Option<f32>| value.map_or_else(CellView::not_yet, CellView::current);
    let mut after = value(step.map(|step| step.after));
    if step.is_some() && look.done < look.terms {
        after.state = CellState::Partial;
    }
    let links = [
        ("", view.text("conv.before"), value(step.map(|s| s.before)), None, look.sum_mapping()),
        (
            "+",
            "dy".to_owned(),
            value(step.map(|s| s.values[0])),
            Some(dy.address(ij[0], ij[1])),
            dy.mapping(),
        ),
        ("=", view.text("conv.after"), after, Some(look.focus), look.sum_mapping()),
    ];
    let end = chain_ui(ui, look, pos2(room.left(), y), &links);

    // All biases' gradients, this one framed.
    let tensor = look.stage.tensor;
    let cells: Vec<CellView> = (0..channels).map(|k| Plane::new(view, tensor, 0, k).cell(0, 0)).collect();
    let mapping = plane::mapping(view, tensor, 0, None);
    let per_row = channels.min(16);
    let count = channels.div_ceil(per_row);
    let strip = fit_cell(vec2(room.width(), 44.0 * count as f32), count, per_row, 0, ppp).min(42.0);
    let y = end.bottom() + space::M;
    caption_ui(ui, pos2(room.left(), y), room.width(), &look.name(tensor), &channels.to_string());
    let flat = |i: usize, j: usize| (i * per_row + j).min(channels - 1);
    let mut overlays = Vec::new();
    if count * per_row > channels {
        let left = (channels - (count - 1) * per_row) as i32;
        let span = CellSpan::new(count as i32 - 1, left, 1, per_row as i32 - left);
        overlays.push(Overlay::tint(span, theme.ground));
    }
    overlays.push(Overlay::cursor(theme, o / per_row, o % per_row));
    let sheet = Sheet {
        id: "db",
        rows: count,
        cols: per_row,
        mapping,
        revision: revision_of(&cells),
        cell_points: strip,
        cell: &|i, j| cells.get(flat(i, j)).copied().unwrap_or_else(CellView::not_yet),
        address: &|i, j| {
            (i * per_row + j < channels).then(|| Plane::new(view, tensor, 0, flat(i, j)).address(0, 0))
        },
        label: &|cell| match cell {
            Some((i, j)) => Plane::new(view, tensor, 0, flat(i, j)).label(Some((0, 0))),
            None => look.name(tensor),
        },
        overlays,
    };
    let strip = sheet_ui(ui, view, pos2(room.left(), y + CAPTION), sheet);
    let target = strip.screen_from_grid.cell_rect((o / per_row) as i32, (o % per_row) as i32);
    let from = pos2(end.right() + 3.0, end.center().y);
    if target.center().x > end.right() + 8.0 {
        let corner = pos2(target.center().x, from.y);
        arrow_ui(ui, &[from, corner, pos2(corner.x, target.top() - 2.0)], theme.cursor);
    }
    let y = strip.response.rect.bottom() + space::M;
    let legends = [
        (look.name(dy.tensor()), dy.mapping()),
        (view.text("conv.sums"), look.sum_mapping()),
        (look.name(tensor), mapping),
    ];
    legends_ui(ui, Rect::from_min_size(pos2(room.left(), y), vec2(room.width(), LEGENDS)), &legends);
    used_ui(ui, Rect::from_min_max(room.min, pos2(right.right(), y + LEGENDS)));
}
