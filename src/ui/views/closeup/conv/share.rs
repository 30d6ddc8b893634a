//! The gradient of a normalized sum: the output gradient divided by the number of filter pixels,
//! cell by cell.

use super::conv_cell::{ConvCell, LEGENDS, legends_ui, room, used_ui};
use crate::ui::{
    names,
    tensor_plane::TensorPlane,
    theme::space,
    widgets::{
        addressed_grid::{SingleCell, single_cell_ui, tensor_plane_ui},
        flow::{CAPTION, caption_ui, sign_ui},
        grid::{CellSpan, CellView, MARGIN, Overlay, fit_cell},
    },
};
use egui::{Rect, Ui, pos2, vec2};

/// Draws the gradient of the sum where the convolution divides by the number of weights.
pub fn share_ui(ui: &mut Ui, conv_cell: &ConvCell) {
    let room = room(ui);
    let (view, theme) = (conv_cell.view, conv_cell.theme());
    let [_, k, i, j] = conv_cell.at;
    let pixels = conv_cell.spec.filter_pixels();
    let all = conv_cell.spec.out_channels.to_string();
    let place =
        view.fill("conv.place", &[("k", &k.to_string()), ("all", &all), ("cell", &format!("({i},{j})"))]);
    let why = view.fill("conv.share", &[("k", &pixels.to_string())]);
    let top = conv_cell.header_ui(ui, room, &place, &[(&why, false)]);

    let dy = TensorPlane::new(view, view.state.plan().output_gradient_of(conv_cell.l), conv_cell.image, k);
    let ds = TensorPlane::new(view, conv_cell.stage.tensor, conv_cell.image, k);
    const BOX: f32 = 48.0;
    const SIGN: f32 = 28.0;
    let middle = BOX + 2.0 * MARGIN + 2.0 * SIGN;
    let side =
        vec2((room.width() - middle) / 2.0, room.bottom() - top - CAPTION - 150.0).max(vec2(40.0, 90.0));
    let cell = fit_cell(side, dy.rows(), dy.cols(), 0, ui.pixels_per_point()).min(BOX);
    let overlays = |plane: &TensorPlane| {
        let hovered = view.hovered().and_then(|hovered| dy.cell_of(&hovered).or(ds.cell_of(&hovered)));
        let mut overlays: Vec<_> =
            hovered.iter().map(|&(i, j)| Overlay::outline(CellSpan::cell(i, j), theme.hover)).collect();
        let own = plane.tensor() == conv_cell.stage.tensor;
        overlays.push(if own {
            Overlay::cursor(theme, i, j)
        } else {
            Overlay::reads(theme, CellSpan::cell(i, j))
        });
        overlays
    };
    let size = ConvCell::size(dy.rows(), dy.cols());
    let at = pos2(room.left(), top + CAPTION);
    caption_ui(ui, pos2(room.left(), top), side.x, &names::tensor_and_plane(view, dy.tensor(), k), &size);
    let left = tensor_plane_ui(ui, view, at, "dy", &dy, cell, overlays(&dy)).response.rect;
    let y = left.center().y;
    sign_ui(ui, pos2(left.right() + 0.5 * SIGN, y), "÷");
    let single = |id: &'static str, name: &'static str, cell, address, mapping, frame| SingleCell {
        id,
        name,
        cell,
        address,
        mapping,
        points: BOX,
        frame,
    };
    let by = single("K", "K", CellView::current(pixels as f32), None, conv_cell.neutral(), None);
    let by = single_cell_ui(ui, view, pos2(left.right() + SIGN, y - 0.5 * BOX - MARGIN), &by).response.rect;
    caption_ui(ui, pos2(by.left(), by.top() - CAPTION), BOX, "K", "");
    sign_ui(ui, pos2(by.right() + 0.5 * SIGN, y), "=");
    let x = by.right() + SIGN;
    caption_ui(ui, pos2(x, top), side.x, &names::tensor_and_plane(view, ds.tensor(), k), &size);
    let right = tensor_plane_ui(ui, view, pos2(x, at.y), "ds", &ds, cell, overlays(&ds)).response.rect;

    // The one division in numbers.
    let y = left.bottom() + space::L;
    let mut x = room.left();
    let frame = conv_cell.just.map(|_| theme.cursor);
    let steps = [
        ("", "∂L/∂y", dy.cell(i, j), Some(dy.address(i, j)), dy.mapping(), None),
        ("÷", "K", CellView::current(pixels as f32), None, conv_cell.neutral(), None),
        ("=", "∂L/∂s", ds.cell(i, j), Some(ds.address(i, j)), ds.mapping(), frame),
    ];
    for (n, (sign, name, cell, address, mapping, frame)) in steps.into_iter().enumerate() {
        if n > 0 {
            sign_ui(ui, pos2(x + 0.5 * SIGN, y + CAPTION + 0.5 * BOX + MARGIN), sign);
            x += SIGN;
        }
        caption_ui(ui, pos2(x, y), BOX + SIGN, name, "");
        let id = ["one", "two", "three"][n];
        let one = single(id, name, cell, address, mapping, frame);
        x = single_cell_ui(ui, view, pos2(x, y + CAPTION), &one).response.rect.right();
    }
    let legends = [(conv_cell.name(dy.tensor()), dy.mapping()), (conv_cell.name(ds.tensor()), ds.mapping())];
    let rect = Rect::from_min_max(pos2(x + space::XL, y), pos2(room.right(), y + LEGENDS));
    legends_ui(ui, rect, &legends);
    let end = pos2(right.right().max(x), y + CAPTION + BOX + 2.0 * MARGIN);
    used_ui(ui, Rect::from_min_max(room.min, end));
}
