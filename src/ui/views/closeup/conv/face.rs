//! The grids of a row: the picture that the window slides over, the window, the filter, the products.

use super::conv_cell::ConvCell;
use super::sum::{Lit, Sum};
use crate::data::Content;
use crate::trace::TensorId;
use crate::ui::{
    colormap::Mapping,
    fonts, names,
    theme::text_size,
    view::View,
    widgets::{
        addressed_grid::{AddressedGrid, addressed_grid_ui, revision_of},
        grid::{CellSpan, CellView, NumberStyle, Overlay, fit_cell, plane_size},
    },
};
use egui::{FontId, Pos2, Rect, Ui, Vec2, pos2, vec2};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Which of a slice's three grids.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// What the window shows.
    Window,
    /// The slice of the filter.
    Filter,
    /// What they give.
    Products,
}

/// What slice `k` is called: `red`, `map 17`.
pub fn slice_name(view: &View, sum: &Sum, k: usize) -> String {
    names::plane(view, sum.source, sum.first + k)
}

/// The colours of a channel as a picture: in its own colour where it is one of a colour picture.
fn picture_mapping(conv_cell: &ConvCell, sum: &Sum, k: usize) -> Mapping {
    let view = conv_cell.view;
    let channels = view.state.model().network.input[0];
    let is_values = matches!(view.state.inputs().picture.content, Content::Values(_));
    if sum.source != TensorId::INPUT || channels != 3 || is_values {
        return sum.plane(k).mapping();
    }
    let preprocess = &view.state.model().architecture.preprocess;
    let channel = sum.first + k;
    let [lo, hi] = [0.0, 255.0].map(|level| preprocess.value(channel, level));
    Mapping::tinted(channel, lo, hi, view.theme.dark)
}

/// The padded plane that the window slides over, in a room of `side`; returns its place and that of the window in it.
pub fn picture_ui(
    ui: &mut Ui,
    conv_cell: &ConvCell,
    sum: &Sum,
    lit: &Lit,
    k: usize,
    room: Rect,
) -> (Rect, Rect) {
    let theme = conv_cell.theme();
    let plane = sum.plane(k);
    let window = sum.window();
    let mut overlays = sum.padding();
    overlays.extend(lit.on_sheet(k).iter().cloned());
    overlays.push(Overlay::reads(theme, window));
    let id = format!("picture{k}");
    let mut hasher = DefaultHasher::new();
    (plane.revision(), sum.shown[0].len(), sum.shown[1].len(), sum.flipped).hash(&mut hasher);
    let [rows, cols] = [0, 1].map(|d| sum.shown[d].len());
    let ppp = ui.pixels_per_point();
    let cell = fit_cell(room.size(), rows, cols, 0, ppp);
    let size = plane_size(rows, cols, 0, cell, ppp);
    let at = pos2(room.left(), room.center().y - 0.5 * size.y).round();
    let grid = AddressedGrid {
        id: &id,
        rows,
        cols,
        mapping: picture_mapping(conv_cell, sum, k),
        revision: hasher.finish(),
        cell_points: cell,
        numbers: Some(NumberStyle {
            size: text_size::CELL[0],
            max_chars: 4,
            max_digits: Some(2),
            decimals: None,
            sparse: true,
        }),
        current: None,
        cell: &|r, c| sum.sheet_cell(&plane, [r, c]),
        address: &|r, c| sum.sheet_address(&plane, [r, c]),
        label: &|place| match place {
            Some((r, c)) => sum
                .cell_at([r, c])
                .map_or_else(|| conv_cell.view.text("conv.padding"), |[i, j]| plane.label(Some((i, j)))),
            None => plane.label(None),
        },
        overlays,
    };
    let grid = addressed_grid_ui(ui, conv_cell.view, at, grid).screen_from_grid;
    (Rect::from_min_size(at, size), grid.span_rect(window))
}

/// A name on a light tag at the lower left corner of a picture.
pub fn tag_ui(ui: &Ui, view: &View, picture: Rect, name: &str) {
    let theme = view.theme;
    let font = FontId::new(text_size::SMALL, fonts::strong());
    let galley = ui.painter().layout_no_wrap(name.to_owned(), font, theme.text);
    let size = galley.size() + vec2(12.0, 4.0);
    if size.x + 8.0 > picture.width() || 2.0 * size.y > picture.height() {
        return;
    }
    let tag = Rect::from_min_size(picture.left_bottom() + vec2(5.0, -5.0 - size.y), size);
    ui.painter().rect_filled(tag, 4, theme.raised);
    ui.painter().galley(tag.min + vec2(6.0, 2.0), galley, theme.text);
}

/// The cells of one of a slice's grids, in order.
pub fn face_cells(conv_cell: &ConvCell, sum: &Sum, face: Face, k: usize) -> Vec<CellView> {
    let (source, filter) = (sum.plane(k), sum.filter(k));
    sum.places()
        .map(|ab| match face {
            Face::Window => sum.sheet_cell(&source, sum.on_sheet(ab)),
            Face::Filter => {
                let [u, v] = sum.tap(ab);
                filter.cell(u, v)
            }
            Face::Products => conv_cell.product(sum.term(k, ab)),
        })
        .collect()
}

/// One of a slice's grids with its top left corner at `at`.
#[expect(clippy::too_many_arguments, reason = "one grid of a row, where it stands, and how large")]
pub fn face_ui(
    ui: &mut Ui,
    conv_cell: &ConvCell,
    sum: &Sum,
    lit: &Lit,
    face: Face,
    k: usize,
    at: Pos2,
    cell_points: f32,
    numbers: NumberStyle,
) -> Rect {
    let (view, theme) = (conv_cell.view, conv_cell.theme());
    let (source, filter) = (sum.plane(k), sum.filter(k));
    let cells = face_cells(conv_cell, sum, face, k);
    let address = |ab: [usize; 2]| match face {
        Face::Window => sum.sheet_address(&source, sum.on_sheet(ab)),
        Face::Filter => {
            let [u, v] = sum.tap(ab);
            Some(filter.address(u, v))
        }
        Face::Products => Some(conv_cell.term(sum.term(k, ab))),
    };
    let (id, name, mapping) = match face {
        Face::Window => (format!("window{k}"), view.text("conv.window"), source.mapping()),
        Face::Filter => (format!("filter{k}"), filter_name(conv_cell, sum), filter.mapping()),
        Face::Products => (format!("products{k}"), view.text("conv.times"), conv_cell.sum_mapping()),
    };
    let mut overlays = if face == Face::Window { sum.window_padding() } else { Vec::new() };
    if let Some([a, b]) = lit.place_in(k) {
        overlays.push(Overlay::outline(CellSpan::cell(a, b), theme.hover));
    }
    let marked = sum.marked().filter(|&(slice, _)| slice == k).map(|(_, [a, b])| (a, b));
    overlays.extend(marked.map(|(a, b)| Overlay::cursor(theme, a, b)));
    let label = |place: Option<(usize, usize)>| match place {
        Some((a, b)) => cell_label(conv_cell, sum, face, k, [a, b], &name),
        None => format!("{name} {}", slice_name(view, sum, k)),
    };
    let grid = AddressedGrid {
        id: &id,
        rows: sum.kernel[0],
        cols: sum.kernel[1],
        mapping,
        revision: revision_of(&cells),
        cell_points,
        numbers: Some(numbers),
        current: marked,
        cell: &|a, b| cells.get(a * sum.kernel[1] + b).copied().unwrap_or_else(CellView::not_yet),
        address: &|a, b| address([a, b]),
        label: &label,
        overlays,
    };
    let rect = Rect::from_min_size(at, grid.size(ui));
    addressed_grid_ui(ui, view, at, grid);
    rect
}

/// The name for a screen reader of cell `ab` of a face of slice `k`; `name` is the face's.
fn cell_label(conv_cell: &ConvCell, sum: &Sum, face: Face, k: usize, ab: [usize; 2], name: &str) -> String {
    match face {
        Face::Window => match sum.cell_at(sum.on_sheet(ab)) {
            Some([i, j]) => sum.plane(k).label(Some((i, j))),
            None => conv_cell.view.text("conv.padding"),
        },
        Face::Filter => {
            let [u, v] = sum.tap(ab);
            sum.filter(k).label(Some((u, v)))
        }
        Face::Products => {
            let [a, b] = ab;
            conv_cell.words(&format!("{name} ({a}, {b})"), conv_cell.product(sum.term(k, ab)))
        }
    }
}

/// What the filter is called: the input gradient reads it flipped.
pub fn filter_name(conv_cell: &ConvCell, sum: &Sum) -> String {
    conv_cell.view.text(if sum.flipped { "conv.flipped_filter" } else { "conv.filter" })
}

/// The size of one of a slice's grids, its frame included.
pub fn face_size(ui: &Ui, sum: &Sum, cell: f32) -> Vec2 {
    plane_size(sum.kernel[0], sum.kernel[1], 0, cell, ui.pixels_per_point())
}
