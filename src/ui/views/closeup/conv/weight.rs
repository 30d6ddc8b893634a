//! The gradient of one weight: at each position of the window, the output gradient times the input
//! that the weight met there; all of it added up.

use super::conv_cell::{ConvCell, LEGENDS, legends_height, legends_ui, room, used_ui};
use crate::trace::{Address, Plan};
use crate::ui::{
    colormap::Mapping,
    names,
    tensor_plane::TensorPlane,
    theme::{Theme, space},
    widgets::{
        addressed_grid::{
            AddressedGrid, SingleCell, addressed_grid_ui, revision_of, single_cell_ui, tensor_plane_ui,
        },
        flow::{CAPTION, arrow_ui, caption_ui, sign_ui},
        grid::{CellSpan, CellState, CellView, MARGIN, Overlay, fit_cell, plane_size},
    },
};
use egui::{Pos2, Rect, Ui, pos2, vec2};

const SIGN: f32 = 20.0;
const BOX: f32 = 42.0;
const LARGEST: f32 = 46.0;

/// Draws the gradient of a weight: the input times the output gradient, position by position.
pub fn weight_ui(ui: &mut Ui, conv_cell: &ConvCell) {
    let room = room(ui);
    let (view, theme, spec) = (conv_cell.view, conv_cell.theme(), conv_cell.spec);
    let window = &spec.window;
    let [o, c, u, v] = conv_cell.at;
    let channel = o / spec.group_out() * spec.group_in() + c;
    let [rows, cols] = window.out();
    let last = (conv_cell.done as usize).saturating_sub(1);
    let (image, position) = image_and_position(conv_cell, last);
    let ij = [position / cols, position % cols];
    let touched = |[i, j]: [usize; 2]| {
        [i * window.rows.stride + u * window.rows.dilation, j * window.cols.stride + v * window.cols.dilation]
    };

    let [ot, ct, ut, vt] = conv_cell.at.map(|n| n.to_string());
    let place = view.fill("conv.weight_place", &[("o", &ot), ("c", &ct), ("u", &ut), ("v", &vt)]);
    let positions = ConvCell::size(rows, cols);
    let is_batch = view.state.plan().setup().images > 1;
    let key = if is_batch { "conv.weight_why_batch" } else { "conv.weight_why" };
    let why = view.fill(key, &[("positions", &positions)]);
    let batch = images_words(conv_cell, image);
    let top =
        conv_cell.header_ui(ui, room, &place, &[(&why, false), (batch.as_deref().unwrap_or(""), false)]);

    // Output gradient × input = products.
    let ppp = ui.pixels_per_point();
    let dw = TensorPlane::new(view, conv_cell.stage.tensor, 0, o * spec.group_in() + c);
    // Beside the four boxes of the last term.
    let beside = room.width() - 4.0 * (BOX + 2.0 * MARGIN) - 3.0 * SIGN - 36.0;
    let slice_cell = BOX.min(160.0 / dw.rows().max(dw.cols()) as f32).min(beside / dw.cols() as f32);
    let wide_slice = plane_size(dw.rows(), dw.cols(), 0, slice_cell.max(6.0), ppp);
    let second = CAPTION
        + wide_slice.y.max(BOX + 2.0 * MARGIN)
        + space::M
        + legends_height(room.width(), 4)
        + space::S;
    let padded = [window.rows.len + 2 * window.rows.padding, window.cols.len + 2 * window.cols.padding];
    let side = vec2(
        (room.width() - 2.0 * SIGN) / 3.0,
        (room.bottom() - top - CAPTION - second - space::L).max(80.0),
    );
    let cell_out = fit_cell(side, rows, cols, 0, ppp).min(LARGEST);
    let cell_in = fit_cell(side, padded[0], padded[1], 0, ppp).min(cell_out);
    let out_size = plane_size(rows, cols, 0, cell_out, ppp);
    let in_size = plane_size(padded[0], padded[1], 0, cell_in, ppp);
    let height = out_size.y.max(in_size.y);
    let spare = ((room.width() - 2.0 * SIGN - 2.0 * out_size.x - in_size.x) / 2.0).clamp(0.0, 24.0).floor();
    let gap = SIGN + spare;
    let center = |size: egui::Vec2| top + CAPTION + (0.5 * (height - size.y)).floor();

    let dy = TensorPlane::new(view, conv_cell.sum_gradient(), image, o);
    let x = TensorPlane::new(view, Plan::input_of(conv_cell.l), image, channel);
    let lit = lit(conv_cell, &dy, &x, touched);
    let has_just = conv_cell.just.is_some();

    let mut overlays = lit_overlay(theme, lit);
    if conv_cell.done > 0 {
        overlays.push(current(theme, ij, has_just));
    }
    let at = pos2(room.left(), center(out_size));
    let detail = ConvCell::size(rows, cols);
    caption_ui(
        ui,
        pos2(at.x, top),
        out_size.x.max(side.x) - 4.0,
        &names::tensor_and_plane(view, dy.tensor(), o),
        &detail,
    );
    let left = tensor_plane_ui(ui, view, at, "dy", &dy, cell_out, overlays).response.rect;
    let y = top + CAPTION + 0.5 * height;
    sign_ui(ui, pos2(left.right() + 0.5 * gap, y), "×");

    let at = pos2(left.right() + gap, center(in_size));
    let name = names::tensor_and_plane(view, x.tensor(), channel);
    let detail = ConvCell::size(x.rows(), x.cols());
    caption_ui(ui, pos2(at.x, top), in_size.x.max(side.x) - 4.0, &name, &detail);
    let right = input_ui(ui, conv_cell, &x, at, cell_in, ij, lit, &touched);
    sign_ui(ui, pos2(right.right() + 0.5 * gap, y), "=");

    let products: Vec<CellView> =
        (0..rows * cols).map(|p| conv_cell.product(first_term(conv_cell, image) + p)).collect();
    let mut overlays = lit_overlay(theme, lit);
    if conv_cell.done > 0 {
        overlays.push(current(theme, ij, has_just));
    }
    let at = pos2(right.right() + gap, center(out_size));
    let products_name = view.text("conv.products");
    caption_ui(ui, pos2(at.x, top), out_size.x.max(80.0), &products_name, &ConvCell::size(rows, cols));
    let start = first_term(conv_cell, image);
    let grid = AddressedGrid {
        id: "products",
        rows,
        cols,
        mapping: conv_cell.product_mapping(),
        revision: revision_of(&products),
        cell_points: cell_out,
        cell: &|i, j| products.get(i * cols + j).copied().unwrap_or_else(CellView::not_yet),
        address: &|i, j| Some(conv_cell.term(start + i * cols + j)),
        label: &|cell| match cell {
            Some((i, j)) => conv_cell
                .words(&format!("{products_name} ({i}, {j})"), conv_cell.product(start + i * cols + j)),
            None => products_name.clone(),
        },
        overlays,
    };
    let products_rect = addressed_grid_ui(ui, view, at, grid).response.rect;

    // The last term in numbers, and where the sum goes.
    let y = top + CAPTION + height + space::L;
    let step = conv_cell.fold.steps.get(last).filter(|_| conv_cell.done > 0);
    let value = |value: Option<f32>| value.map_or_else(CellView::not_yet, CellView::current);
    let after = match step {
        Some(_) if conv_cell.done < conv_cell.terms => {
            CellView { state: CellState::Partial, ..value(step.map(|step| step.after)) }
        }
        _ => value(step.map(|step| step.after)),
    };
    let on_image = |plane: &TensorPlane, [i, j]: [usize; 2]| Some(plane.address(i, j));
    let tap = window.tap(ij, [u, v]);
    let links = [
        ("", view.text("conv.before"), value(step.map(|s| s.before)), None, conv_cell.sum_mapping()),
        ("+", "∂L/∂y".to_owned(), value(step.map(|s| s.values[0])), on_image(&dy, ij), dy.mapping()),
        (
            "×",
            "x".to_owned(),
            value(step.map(|s| s.values[1])),
            tap.and_then(|pq| on_image(&x, pq)),
            x.mapping(),
        ),
        ("=", view.text("conv.after"), after, Some(conv_cell.focus), conv_cell.sum_mapping()),
    ];
    let end = chain_ui(ui, conv_cell, pos2(room.left(), y), &links);

    let slice_at =
        pos2((end.right() + 90.0).min(room.right() - wide_slice.x).max(end.right() + 30.0), y + CAPTION);
    let name = names::tensor_and_plane(view, conv_cell.stage.tensor, o * spec.group_in() + c);
    let from = pos2(end.right() + 3.0, end.center().y);
    caption_ui(ui, pos2(slice_at.x, y), 150.0, &name, "");
    let cell = fit_cell(wide_slice, dw.rows(), dw.cols(), 0, ppp);
    let overlays = vec![Overlay::cursor(theme, u, v)];
    let slice = tensor_plane_ui(ui, view, slice_at, "dw", &dw, cell, overlays);
    let to = slice.screen_from_grid.cell_rect(u as i32, v as i32).center().y;
    let tip = pos2(slice.response.rect.left() - 1.0, to);
    let bend = tip.x - 14.0;
    arrow_ui(ui, &[from, pos2(bend, from.y), pos2(bend, tip.y), tip], theme.cursor);

    let below = pos2(room.left(), end.bottom() + space::S);
    let cancelled = super::cancel::cancel_ui(ui, conv_cell, below, slice_at.x - 30.0 - room.left());
    let y = slice.response.rect.bottom().max(end.bottom()).max(cancelled) + space::M;
    let legends = [
        (conv_cell.name(dy.tensor()), dy.mapping()),
        (conv_cell.name(x.tensor()), x.mapping()),
        (products_name.clone(), conv_cell.product_mapping()),
        (conv_cell.name(conv_cell.stage.tensor), dw.mapping()),
    ];
    legends_ui(ui, Rect::from_min_size(pos2(room.left(), y), vec2(room.width(), LEGENDS)), &legends);
    used_ui(
        ui,
        Rect::from_min_max(room.min, pos2(products_rect.right(), y + legends_height(room.width(), 4))),
    );
}

/// The image of a batch that term `m` belongs to, and the position in it.
pub fn image_and_position(conv_cell: &ConvCell, m: usize) -> (u32, usize) {
    let [rows, cols] = conv_cell.spec.window.out();
    if conv_cell.view.state.plan().is_layered() {
        ((m / (rows * cols)) as u32, m % (rows * cols))
    } else {
        (conv_cell.focus.image(), m)
    }
}

/// The first term of an image's positions.
pub fn first_term(conv_cell: &ConvCell, image: u32) -> usize {
    let [rows, cols] = conv_cell.spec.window.out();
    if conv_cell.view.state.plan().is_layered() { image as usize * rows * cols } else { 0 }
}

/// `image 1 of 4`, where the sum goes over several.
pub fn images_words(conv_cell: &ConvCell, image: u32) -> Option<String> {
    let all = conv_cell.view.state.plan().setup().images;
    (all > 1).then(|| {
        conv_cell.view.fill("conv.image", &[("image", &image.to_string()), ("all", &all.to_string())])
    })
}

/// The position that the last term took: in the cursor's frame if it was the last step.
pub fn current(theme: &Theme, [i, j]: [usize; 2], just: bool) -> Overlay {
    if just { Overlay::cursor(theme, i, j) } else { Overlay::outline(CellSpan::cell(i, j), theme.hover) }
}

fn lit_overlay(theme: &Theme, lit: Option<[usize; 2]>) -> Vec<Overlay> {
    lit.iter().map(|&[i, j]| Overlay::outline(CellSpan::cell(i, j), theme.hover)).collect()
}

/// The position that the pointer is on, in any of the planes.
fn lit(
    conv_cell: &ConvCell,
    dy: &TensorPlane,
    x: &TensorPlane,
    touched: impl Fn([usize; 2]) -> [usize; 2],
) -> Option<[usize; 2]> {
    let hovered = conv_cell.view.hovered()?;
    if hovered.place() == conv_cell.focus.place() && hovered.cell() == conv_cell.focus.cell() {
        let [_, cols] = conv_cell.spec.window.out();
        let term = (hovered.grain() == crate::trace::Grain::Term).then_some(hovered.term() as usize)?;
        let position = image_and_position(conv_cell, term).1;
        return Some([position / cols, position % cols]);
    }
    if let Some((i, j)) = dy.cell_of(&hovered) {
        return Some([i, j]);
    }
    let (p, q) = x.cell_of(&hovered)?;
    let window = &conv_cell.spec.window;
    let [_, _, u, v] = conv_cell.at;
    let ij = window.window_of([p, q], [u, v])?;
    debug_assert_eq!(touched(ij), [p + window.rows.padding, q + window.cols.padding]);
    Some(ij)
}

#[expect(clippy::too_many_arguments, reason = "the input plane with all that is marked on it")]
fn input_ui(
    ui: &mut Ui,
    conv_cell: &ConvCell,
    x: &TensorPlane,
    at: Pos2,
    cell: f32,
    ij: [usize; 2],
    lit: Option<[usize; 2]>,
    touched: &dyn Fn([usize; 2]) -> [usize; 2],
) -> Rect {
    let (view, theme) = (conv_cell.view, conv_cell.theme());
    let window = &conv_cell.spec.window;
    let pads = [window.rows.padding, window.cols.padding];
    let (rows, cols) = (x.rows() + 2 * pads[0], x.cols() + 2 * pads[1]);
    let inside = move |r: usize, c: usize| {
        let (p, q) = (r.checked_sub(pads[0])?, c.checked_sub(pads[1])?);
        (p < x.rows() && q < x.cols()).then_some((p, q))
    };
    let mut overlays = Vec::new();
    let [r, c, ph, pw] = [rows, cols, pads[0], pads[1]].map(|n| n as i32);
    for span in [
        CellSpan::new(0, 0, ph, c),
        CellSpan::new(r - ph, 0, ph, c),
        CellSpan::new(ph, 0, r - 2 * ph, pw),
        CellSpan::new(ph, c - pw, r - 2 * ph, pw),
    ] {
        if span.rows > 0 && span.cols > 0 {
            overlays.push(Overlay::padding(span));
        }
    }
    let [out_rows, out_cols] = window.out();
    let (first, last) = (touched([0, 0]), touched([out_rows - 1, out_cols - 1]));
    if (window.rows.stride, window.cols.stride) != (1, 1) && out_rows * out_cols <= 4096 {
        let ink = theme.reads.gamma_multiply(0.3);
        for i in 0..out_rows {
            for j in 0..out_cols {
                let [r, c] = touched([i, j]);
                overlays.push(Overlay::tint(CellSpan::cell(r, c), ink));
            }
        }
    }
    let span = CellSpan::new(
        first[0] as i32,
        first[1] as i32,
        (last[0] - first[0] + 1) as i32,
        (last[1] - first[1] + 1) as i32,
    );
    overlays.push(Overlay::reads(theme, span));
    if let Some(ij) = lit {
        let [r, c] = touched(ij);
        overlays.push(Overlay::outline(CellSpan::cell(r, c), theme.hover));
    }
    if conv_cell.done > 0 {
        let side = |axis: &crate::nn::Axis| (axis.dilation * (axis.kernel - 1) + 1) as i32;
        let top = [ij[0] * window.rows.stride, ij[1] * window.cols.stride].map(|n| n as i32);
        let window = CellSpan::new(top[0], top[1], side(&window.rows), side(&window.cols));
        overlays.push(Overlay::outline(window, theme.hover).with_width(1.5).with_dashes());
        overlays.push(current(theme, touched(ij), conv_cell.just.is_some()));
    }
    let revision = x.revision() ^ ((pads[0] * 31 + pads[1]) as u64);
    let grid = AddressedGrid {
        id: "x",
        rows,
        cols,
        mapping: x.mapping(),
        revision,
        cell_points: cell,
        cell: &|r, c| inside(r, c).map_or_else(|| CellView::current(0.0), |(p, q)| x.cell(p, q)),
        address: &|r, c| inside(r, c).map(|(p, q)| x.address(p, q)),
        label: &|cell| match cell {
            Some((r, c)) => {
                inside(r, c).map_or_else(|| view.text("conv.padding"), |cell| x.label(Some(cell)))
            }
            None => x.label(None),
        },
        overlays,
    };
    addressed_grid_ui(ui, view, at, grid).response.rect
}

/// A link of the last term: sign, name, number, where it is, colours.
pub type Link = (&'static str, String, CellView, Option<Address>, Mapping);

/// The last term in boxes; the last box is framed. Returns that box's place.
pub fn chain_ui(ui: &mut Ui, conv_cell: &ConvCell, at: Pos2, links: &[Link]) -> Rect {
    let mut x = at.x;
    let mut rect = Rect::from_min_size(at, vec2(0.0, BOX));
    for (n, (sign, name, cell, address, mapping)) in links.iter().enumerate() {
        if n > 0 {
            sign_ui(ui, pos2(x + 0.5 * SIGN, at.y + CAPTION + 0.5 * BOX + MARGIN), sign);
            x += SIGN;
        }
        caption_ui(ui, pos2(x, at.y), BOX + SIGN, name, "");
        let frame = (n + 1 == links.len() && conv_cell.just.is_some()).then_some(conv_cell.theme().cursor);
        let id = format!("link{n}");
        let single = SingleCell {
            id: &id,
            name,
            cell: *cell,
            address: *address,
            mapping: *mapping,
            points: BOX,
            frame,
        };
        rect = single_cell_ui(ui, conv_cell.view, pos2(x, at.y + CAPTION), &single).response.rect;
        x = rect.right();
    }
    rect
}
