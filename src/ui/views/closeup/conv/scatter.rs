//! The input gradient made the other way: each output gradient, times the filter, is added onto the cells that it
//! was made of.

use super::super::arithmetic::{last_steps, lines_ui};
use super::super::heading::{NOTE_HEIGHT, note_ui};
use super::conv_cell::{ConvCell, LEGENDS, legends_height, legends_ui, room, used_ui};
use super::sum::Sum;
use crate::trace::{Step, TermOp};
use crate::ui::{
    names, number,
    theme::space,
    widgets::{
        addressed_grid::{
            AddressedGrid, SingleCell, addressed_grid_ui, revision_of, single_cell_ui, tensor_plane_ui,
        },
        flow::{CAPTION, arrow_ui, caption_ui, sign_ui},
        grid::{CellSpan, CellView, MARGIN, Overlay, fit_cell, plane_size, snap_cell},
    },
};
use egui::{Rect, Ui, UiBuilder, pos2, vec2};

const SIGN: f32 = 20.0;
const BOX: f32 = 42.0;
const LARGEST: f32 = 44.0;

/// Draws the input gradient as scattered: the filter times one output gradient, added where its window was.
pub fn scatter_ui(ui: &mut Ui, conv_cell: &ConvCell) {
    let room = room(ui);
    let (view, theme) = (conv_cell.view, conv_cell.theme());
    let sum = Sum::from_input_gradient(conv_cell);
    let [_, channel, p, q] = conv_cell.at;
    let window = &conv_cell.spec.window;
    // The term done last, or else the first to come.
    let m = (conv_cell.done as usize).saturating_sub(1).min(sum.pixels() - 1);
    let (k, within) = (m / sum.taps(), m % sum.taps());
    let [u, v] = [within / sum.kernel[1], within % sum.kernel[1]];
    let from = window.window_of([p, q], [u, v]);
    let why = view.text("conv.scatter_why");
    let top = conv_cell.header_ui(ui, room, &super::sum_layout::place_words(conv_cell), &[(&why, false)]);

    // One output gradient × filter = what it brings to each cell under the filter.
    let ppp = ui.pixels_per_point();
    let (dy, filter, result) = (sum.plane(k), sum.filter(k), sum.result());
    let [kh, kw] = sum.kernel;
    let side = 0.27 * room.width();
    let height = 0.36 * (room.bottom() - top);
    let cell = ((room.width() - side - BOX - 4.0 * SIGN - 8.0 * MARGIN) / (2 * kw) as f32)
        .min((height - CAPTION) / kh as f32)
        .clamp(4.0, LARGEST);
    let cell = snap_cell(cell, ppp);
    let face = plane_size(kh, kw, 0, cell, ppp);
    let dy_cell = fit_cell(vec2(side, height - CAPTION), dy.rows(), dy.cols(), 0, ppp).min(LARGEST);
    let dy_size = plane_size(dy.rows(), dy.cols(), 0, dy_cell, ppp);
    let tall = face.y.max(dy_size.y).max(BOX + 2.0 * MARGIN);
    let centred = |height: f32| top + CAPTION + (0.5 * (tall - height)).floor();
    let middle = top + CAPTION + 0.5 * tall;

    let caption = names::tensor_and_plane(view, sum.source, sum.first + k);
    caption_ui(ui, pos2(room.left(), top), side, &caption, &ConvCell::size(dy.rows(), dy.cols()));
    let overlays = from.map(|[i, j]| Overlay::cursor(theme, i, j)).into_iter().collect();
    let left = tensor_plane_ui(ui, view, pos2(room.left(), centred(dy_size.y)), "dy", &dy, dy_cell, overlays);
    let left = left.response.rect;
    let spare = (room.width() - left.width() - BOX - 2.0 * face.x - 3.0 * SIGN - 2.0 * MARGIN).max(0.0);
    let gap = SIGN + (spare / 3.0).min(16.0).floor();
    let x_box = left.right() + gap;
    let one = SingleCell {
        id: "one",
        name: "∂L/∂y",
        cell: from.map_or(CellView::current(0.0), |[i, j]| dy.cell(i, j)),
        address: from.map(|[i, j]| dy.address(i, j)),
        mapping: dy.mapping(),
        points: BOX,
        frame: None,
    };
    let name = from.map_or_else(|| view.text("conv.padding"), |[i, j]| format!("∂L/∂y ({i},{j})"));
    caption_ui(ui, pos2(x_box, middle - 0.5 * BOX - CAPTION), BOX + gap, &name, "");
    let one =
        single_cell_ui(ui, view, pos2(x_box, (middle - 0.5 * BOX - MARGIN).floor()), &one).response.rect;
    arrow_ui(ui, &[pos2(left.right() + 2.0, middle), pos2(one.left() - 2.0, middle)], theme.cursor);
    sign_ui(ui, pos2(one.right() + 0.5 * gap, middle), "×");
    let x_filter = one.right() + gap;
    let y_face = centred(face.y);
    let name = format!("{} {kh} × {kw}", view.text("conv.filter"));
    caption_ui(ui, pos2(x_filter, y_face - CAPTION), face.x + gap, &name, "");
    let overlays = vec![Overlay::cursor(theme, u, v)];
    let faced =
        tensor_plane_ui(ui, view, pos2(x_filter, y_face), "filter", &filter, cell, overlays).response.rect;
    sign_ui(ui, pos2(faced.right() + 0.5 * gap, middle), "=");
    let x_stamp = faced.right() + gap;
    let words = view.text("conv.spread_products");
    caption_ui(ui, pos2(x_stamp, y_face - CAPTION), (room.right() - x_stamp).max(face.x), &words, "");
    let stamp: Vec<CellView> = sum
        .places()
        .map(|[a, b]| match from {
            Some([i, j]) => {
                let (dy, w) = (dy.cell(i, j), filter.cell(a, b));
                CellView { value: TermOp::Product.apply(0.0, dy.value, w.value), ..dy }
            }
            None => CellView::current(0.0),
        })
        .collect();
    let grid = AddressedGrid {
        id: "stamp",
        rows: kh,
        cols: kw,
        mapping: conv_cell.sum_mapping(),
        revision: revision_of(&stamp),
        cell_points: cell,
        cell: &|a, b| stamp[a * kw + b],
        address: &|_, _| None,
        label: &|place| match place {
            Some((a, b)) => conv_cell.words(&format!("{words} ({a}, {b})"), stamp[a * kw + b]),
            None => words.clone(),
        },
        overlays: vec![Overlay::cursor(theme, u, v)],
    };
    let stamped = addressed_grid_ui(ui, view, pos2(x_stamp, y_face), grid).response.rect;

    // Where it lands, beside the arithmetic of the cell.
    let top = top + CAPTION + tall + space::L;
    let legends = legends_height(room.width(), 4) + space::S;
    // In a narrow room the arithmetic stands below the map.
    let is_narrow = room.width() < 480.0;
    let words_height = if is_narrow { 150.0 } else { 0.0 };
    let map_room =
        vec2(0.36 * room.width(), (room.bottom() - top - CAPTION - legends - words_height).max(80.0));
    let map_cell = fit_cell(map_room, result.rows(), result.cols(), 0, ppp).min(LARGEST);
    let name = names::tensor_and_plane(view, conv_cell.stage.tensor, channel);
    caption_ui(ui, pos2(room.left(), top), map_room.x, &name, &ConvCell::size(result.rows(), result.cols()));
    let mut overlays = Vec::new();
    if let Some([i, j]) = from {
        let start = |axis: &crate::nn::Axis, i: usize| (i * axis.stride) as i32 - axis.padding as i32;
        let reach = |d: usize| (sum.dilation[d] * (sum.kernel[d] - 1) + 1) as i32;
        let [row, col] = [start(&window.rows, i), start(&window.cols, j)];
        let (first, last) = ([row.max(0), col.max(0)], [row + reach(0), col + reach(1)]);
        let span = CellSpan::new(
            first[0],
            first[1],
            last[0].min(result.rows() as i32) - first[0],
            last[1].min(result.cols() as i32) - first[1],
        );
        overlays.push(Overlay::reads(theme, span));
    }
    overlays.push(Overlay::cursor(theme, p, q));
    let at = pos2(room.left(), top + CAPTION);
    let map = tensor_plane_ui(ui, view, at, "result", &result, map_cell, overlays).response.rect;
    let bend = top - 0.5 * space::L;
    let down = stamped.center().x;
    let onto = map.center().x;
    let tip = pos2(onto, top - 1.0);
    arrow_ui(
        ui,
        &[pos2(down, stamped.bottom() + 2.0), pos2(down, bend), pos2(onto, bend), tip],
        theme.cursor,
    );

    let at = match is_narrow {
        true => pos2(room.left(), map.bottom() + space::S),
        false => pos2(map.right().max(onto + 60.0) + space::L, top),
    };
    let words = Rect::from_min_max(at, pos2(room.right(), (room.bottom() - legends).max(at.y + 90.0)));
    let mut child = ui.new_child(UiBuilder::new().max_rect(words).id_salt("arithmetic"));
    let brings = |step: &&Step| {
        let m = step.address.term() as usize % sum.taps();
        window.window_of([p, q], [m / sum.kernel[1], m % sum.kernel[1]]).is_some()
    };
    let steps: Vec<Step> = conv_cell.fold.steps.iter().filter(brings).copied().collect();
    let is_done = conv_cell.done == conv_cell.terms;
    let scattered =
        view.state.trace().scattered(conv_cell.l, conv_cell.image, [channel, p, q]).filter(|_| is_done);
    let all = if is_done { steps.len() } else { conv_cell.terms as usize };
    let mut lines = last_steps(view, &steps, 5, all.max(2));
    for line in &mut lines {
        let m: usize = line.name.trim_start_matches('m').parse().unwrap_or(0);
        let (k, m) = (m / sum.taps(), m % sum.taps());
        if let Some([i, j]) = window.window_of([p, q], [m / sum.kernel[1], m % sum.kernel[1]]) {
            line.name = format!("{} ({i},{j})", names::plane(view, sum.source, sum.first + k));
        }
    }
    lines_ui(&mut child, view, &lines, if is_done { 2.0 * NOTE_HEIGHT } else { 0.0 });
    if let Some(scattered) = scattered {
        let [gathered, other] = [conv_cell.fold.value, scattered].map(number::full);
        let key = if gathered == other { "conv.same_bits" } else { "conv.same_rounded" };
        let words = view.fill(key, &[("gathered", &gathered), ("scattered", &other)]);
        note_ui(&mut child, view, theme.accent, &words);
    }

    let y = map.bottom().max(child.min_rect().bottom()) + space::M;
    let shown = [
        (conv_cell.name(sum.source), dy.mapping()),
        (view.text("conv.weights"), filter.mapping()),
        (view.text("conv.products_and_sums"), conv_cell.sum_mapping()),
        (conv_cell.name(conv_cell.stage.tensor), result.mapping()),
    ];
    legends_ui(ui, Rect::from_min_size(pos2(room.left(), y), vec2(room.width(), LEGENDS)), &shown);
    used_ui(ui, Rect::from_min_max(room.min, pos2(room.right(), y + legends_height(room.width(), 4))));
}
