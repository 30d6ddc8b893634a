//! A convolution of small maps as a window that slides: what it reads, with its weights in the corners of the cells that
//! they meet, beside the map that it fills.

use super::super::{caption::Caption, ladder};
use super::conv_cell::ConvCell;
use super::sum::Sum;
use super::sum_layout;
use crate::trace::{Equation, TensorId};
use crate::ui::{
    fonts, names, number,
    theme::text_size,
    widgets::{
        addressed_grid::{AddressedGrid, addressed_grid_ui, tensor_plane_ui},
        flow::{arrow_ui, caption_ui},
        grid::{CellSpan, GridResponse, MARGIN, Overlay, fit_cell, plane_size},
    },
};
use egui::{Align2, Color32, FontId, Pos2, Rect, Ui, pos2, vec2};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Between what is read and what is filled, for an arrow.
const GAP: f32 = 56.0;

/// The caption of the sum; of a whole cell first all its products, where they fit.
pub fn caption(conv_cell: &ConvCell, sum: &Sum) -> Caption {
    let mut caption = sum_layout::caption(conv_cell, sum);
    if conv_cell.marked.is_none() && conv_cell.done == conv_cell.terms {
        let digits = conv_cell.view.state.view().digits.count();
        let steps = &conv_cell.fold.steps;
        let products: Vec<f32> = steps.iter().filter_map(|step| step.product()).collect();
        if products.len() == steps.len() {
            let added = Equation::from_sum(&products, conv_cell.fold.value, digits);
            caption.equations.splice(0..0, in_full(conv_cell).into_iter().chain(added));
        }
    }
    caption
}

/// `3 · 0 + 3 · 1 = 3`: every product with its factors; `None` where what is printed does not add up.
fn in_full(conv_cell: &ConvCell) -> Option<Equation> {
    let digits = conv_cell.view.state.view().digits.count();
    let read = |text: &str| text.replace(number::MINUS, "-").parse::<f64>().ok();
    let (mut left, mut total) = (String::new(), 0.0);
    for step in &conv_cell.fold.steps {
        let [a, b] = step.values.map(|value| number::written(value, digits));
        total += read(&a)? * read(&b)?;
        let sign = if left.is_empty() { "" } else { " + " };
        let b = if b.starts_with(number::MINUS) { format!("({b})") } else { b };
        left += &format!("{sign}{a}·{b}");
    }
    let right = number::written(conv_cell.fold.value, digits);
    let exact = number::written(total as f32, digits) == right;
    exact.then_some(Equation { left, right, exact })
}

/// Draws both planes side by side, as large as the room allows, on one middle line.
pub fn slide_ui(ui: &mut Ui, conv_cell: &ConvCell, sum: &Sum, rect: Rect) {
    let (view, ppp) = (conv_cell.view, ui.pixels_per_point());
    let result = sum.result();
    let [rows, cols] = [0, 1].map(|d| sum.shown[d].len());
    let room = vec2(rect.width() - GAP - 2.0 * MARGIN, rect.height() - 2.0 * ladder::CAPTIONS);
    let cell = fit_cell(room, rows.max(result.rows()), cols + result.cols(), 0, ppp).min(ladder::LARGEST);
    let sizes = [(rows, cols), (result.rows(), result.cols())].map(|(r, c)| plane_size(r, c, 0, cell, ppp));
    let left = rect.left() + 0.5 * (rect.width() - sizes[0].x - GAP - sizes[1].x).max(0.0);
    let highest = sizes[0].y.max(sizes[1].y);
    let middle =
        rect.top() + ladder::CAPTIONS + 0.5 * (rect.height() - ladder::CAPTIONS).min(highest + 2.0 * GAP);
    let at =
        |x: f32, height: f32| pos2(x, (middle - 0.5 * height).max(rect.top() + ladder::CAPTIONS)).round();
    let read = at(left, sizes[0].y);
    let filled = at(left + sizes[0].x + GAP, sizes[1].y);
    let above = |at: Pos2| at - vec2(0.0, ladder::CAPTIONS - 2.0);
    caption_ui(ui, above(read), sizes[0].x + GAP, &source_name(conv_cell, sum), "");
    let sheet = sheet_ui(ui, conv_cell, sum, read, cell);
    weights_ui(ui, conv_cell, sum, &sheet);
    let from = read.x + sizes[0].x;
    arrow_ui(ui, &[pos2(from + 10.0, middle), pos2(filled.x - 10.0, middle)], view.theme.text_weak);
    let [_, channel, i, j] = conv_cell.at;
    let map = names::plane(view, result.tensor(), channel);
    let layer = conv_cell.name(result.tensor());
    let name = view.fill("conv.map_of", &[("map", &map), ("layer", &layer)]);
    caption_ui(ui, above(filled), sizes[1].x + GAP, &name, "");
    let mut overlays = sum.lit().result;
    overlays.push(Overlay::cursor(view.theme, i, j));
    tensor_plane_ui(ui, view, filled, "filled", &result, cell, overlays);
}

/// The name of what the window slides over.
fn source_name(conv_cell: &ConvCell, sum: &Sum) -> String {
    let view = conv_cell.view;
    if sum.source == TensorId::INPUT { view.text("conv.picture") } else { names::tensor(view, sum.source) }
}

/// What the window slides over, padded and spread, with a number in each cell.
fn sheet_ui(ui: &mut Ui, conv_cell: &ConvCell, sum: &Sum, at: Pos2, cell: f32) -> GridResponse {
    let (view, theme) = (conv_cell.view, conv_cell.theme());
    let plane = sum.plane(0);
    let mut overlays = sum.padding();
    overlays.extend(sum.lit().on_sheet(0).iter().cloned());
    let is_spread = sum.dilation.iter().any(|&dilation| dilation > 1);
    if is_spread {
        let taps = sum.places().map(|ab| sum.on_sheet(ab));
        overlays.extend(taps.map(|[r, c]| Overlay::reads(theme, CellSpan::cell(r, c))));
    }
    let around = Overlay::reads(theme, sum.window());
    overlays.push(if is_spread { around.with_dashes() } else { around.with_width(3.0) });
    let marked = sum.marked().map(|(_, ab)| sum.on_sheet(ab));
    overlays.extend(marked.map(|[r, c]| Overlay::cursor(theme, r, c)));
    let mut hasher = DefaultHasher::new();
    (plane.revision(), sum.shown[0].len(), sum.shown[1].len(), sum.flipped).hash(&mut hasher);
    let grid = AddressedGrid {
        id: "sheet",
        rows: sum.shown[0].len(),
        cols: sum.shown[1].len(),
        mapping: plane.mapping(),
        revision: hasher.finish(),
        cell_points: cell,
        numbers: None,
        current: None,
        cell: &|r, c| sum.sheet_cell(&plane, [r, c]),
        address: &|r, c| sum.sheet_address(&plane, [r, c]),
        label: &|place| match place {
            Some((r, c)) => sum
                .cell_at([r, c])
                .map_or_else(|| view.text("conv.padding"), |[i, j]| plane.label(Some((i, j)))),
            None => plane.label(None),
        },
        overlays,
    };
    addressed_grid_ui(ui, view, at, grid)
}

/// The weights on tags in the corners of the cells that they meet; none where one is too long for that.
fn weights_ui(ui: &Ui, conv_cell: &ConvCell, sum: &Sum, sheet: &GridResponse) {
    let (theme, filter) = (conv_cell.theme(), sum.filter(0));
    let font = FontId::new(text_size::SMALL, fonts::strong());
    let cell = sheet.screen_from_grid.cell_points;
    let tags: Vec<_> = sum
        .places()
        .map(|ab| {
            let [u, v] = sum.tap(ab);
            let text = number::short(filter.cell(u, v).value);
            let galley = ui.painter().layout_no_wrap(text, font.clone(), Color32::PLACEHOLDER);
            (sum.on_sheet(ab), galley)
        })
        .collect();
    if tags.iter().any(|(_, galley)| galley.size().x + 6.0 > 0.6 * cell || galley.size().y > 0.5 * cell) {
        return;
    }
    for ([r, c], galley) in tags {
        let corner = sheet.screen_from_grid.cell_rect(r as i32, c as i32).right_bottom() - vec2(2.0, 2.0);
        let size = galley.size() + vec2(6.0, -1.0);
        let tag = Align2::RIGHT_BOTTOM.anchor_size(corner, size);
        ui.painter().rect_filled(tag, 3, theme.raised);
        ui.painter().galley(tag.min + vec2(3.0, -0.5), galley, theme.reads);
    }
}
