//! The gradient of a normalized sum: the output gradient divided by the number of filter pixels,
//! cell by cell.

use super::look::{LEGENDS, Look, legends_ui, room, used_ui};
use crate::ui::{
    plane::Plane,
    theme::space,
    widgets::{
        flow::{CAPTION, caption_ui, sign_ui},
        grid::{CellSpan, CellView, MARGIN, Overlay, fit_cell},
        sheet::{Single, plane_ui, single_ui},
    },
};
use egui::{Rect, Ui, pos2, vec2};

/// Draws it.
pub fn share_ui(ui: &mut Ui, look: &Look) {
    let room = room(ui);
    let (view, theme) = (look.view, look.theme());
    let [_, k, i, j] = look.at;
    let pixels = look.spec.filter_pixels();
    let all = look.spec.out_channels.to_string();
    let place =
        view.fill("conv.place", &[("k", &k.to_string()), ("all", &all), ("cell", &format!("({i},{j})"))]);
    let why = view.fill("conv.share", &[("k", &pixels.to_string())]);
    let top = look.header_ui(ui, room, &place, &[(&why, false)]);

    let dy = Plane::new(view, view.state.plan().output_gradient_of(look.l), look.image, k);
    let ds = Plane::new(view, look.stage.tensor, look.image, k);
    const BOX: f32 = 48.0;
    const SIGN: f32 = 28.0;
    let middle = BOX + 2.0 * MARGIN + 2.0 * SIGN;
    let side =
        vec2((room.width() - middle) / 2.0, room.bottom() - top - CAPTION - 150.0).max(vec2(40.0, 90.0));
    let cell = fit_cell(side, dy.rows(), dy.cols(), 0, ui.pixels_per_point()).min(BOX);
    let overlays = |plane: &Plane| {
        let hovered = view.hovered().and_then(|hovered| dy.cell_of(&hovered).or(ds.cell_of(&hovered)));
        let mut overlays: Vec<_> =
            hovered.iter().map(|&(i, j)| Overlay::outline(CellSpan::cell(i, j), theme.hover)).collect();
        let own = plane.tensor() == look.stage.tensor;
        overlays.push(if own {
            Overlay::cursor(theme, i, j)
        } else {
            Overlay::reads(theme, CellSpan::cell(i, j))
        });
        overlays
    };
    let size = Look::size(dy.rows(), dy.cols());
    let at = pos2(room.left(), top + CAPTION);
    caption_ui(ui, pos2(room.left(), top), side.x, &format!("{} k{k}", look.name(dy.tensor())), &size);
    let left = plane_ui(ui, view, at, "dy", &dy, cell, overlays(&dy)).response.rect;
    let y = left.center().y;
    sign_ui(ui, pos2(left.right() + 0.5 * SIGN, y), "÷");
    let single = |id: &'static str, name: &'static str, cell, address, mapping, frame| Single {
        id,
        name,
        cell,
        address,
        mapping,
        points: BOX,
        frame,
    };
    let by = single("K", "K", CellView::current(pixels as f32), None, look.neutral(), None);
    let by = single_ui(ui, view, pos2(left.right() + SIGN, y - 0.5 * BOX - MARGIN), &by).response.rect;
    caption_ui(ui, pos2(by.left(), by.top() - CAPTION), BOX, "K", "");
    sign_ui(ui, pos2(by.right() + 0.5 * SIGN, y), "=");
    let x = by.right() + SIGN;
    caption_ui(ui, pos2(x, top), side.x, &format!("{} k{k}", look.name(ds.tensor())), &size);
    let right = plane_ui(ui, view, pos2(x, at.y), "ds", &ds, cell, overlays(&ds)).response.rect;

    // The one division in numbers.
    let y = left.bottom() + space::L;
    let mut x = room.left();
    let frame = look.just.map(|_| theme.cursor);
    let steps = [
        ("", "dy", dy.cell(i, j), Some(dy.address(i, j)), dy.mapping(), None),
        ("÷", "K", CellView::current(pixels as f32), None, look.neutral(), None),
        ("=", "dS", ds.cell(i, j), Some(ds.address(i, j)), ds.mapping(), frame),
    ];
    for (n, (sign, name, cell, address, mapping, frame)) in steps.into_iter().enumerate() {
        if n > 0 {
            sign_ui(ui, pos2(x + 0.5 * SIGN, y + CAPTION + 0.5 * BOX + MARGIN), sign);
            x += SIGN;
        }
        caption_ui(ui, pos2(x, y), BOX + SIGN, name, "");
        let id = ["one", "two", "three"][n];
        let one = single(id, name, cell, address, mapping, frame);
        x = single_ui(ui, view, pos2(x, y + CAPTION), &one).response.rect.right();
    }
    let legends = [(look.name(dy.tensor()), dy.mapping()), (look.name(ds.tensor()), ds.mapping())];
    let rect = Rect::from_min_max(pos2(x + space::XL, y), pos2(room.right(), y + LEGENDS));
    legends_ui(ui, rect, &legends);
    let end = pos2(right.right().max(x), y + CAPTION + BOX + 2.0 * MARGIN);
    used_ui(ui, Rect::from_min_max(room.min, end));
}
