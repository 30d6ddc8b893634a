//! A filter as it is, which is what a network's layer slides, and turned by 180°, which is what mathematics calls a
//! convolution: the window that it meets, the sum, and the whole map of each.

use super::{part_ui, plane_of, says_ui, words_ui};
use crate::app::Action;
use crate::nn::{Op, Part, conv::Conv2d};
use crate::trace::TensorId;
use crate::ui::{
    names, number,
    summary::summary,
    tensor_plane::{TensorPlane, mapping},
    theme::{self, space},
    view::View,
    widgets::{
        addressed_grid::{AddressedGrid, addressed_grid_ui},
        grid::{CellSpan, CellState, CellView, Grid, Overlay, fit_cell, plane_size},
        segments::segments_ui,
    },
};
use egui::{Rect, Ui, UiBuilder, pos2, vec2};

/// The height of the choice, of a part's name, and of the definitions.
const LINES: [f32; 3] = [38.0, 26.0, 112.0];
/// The most slices that are drawn of a filter.
const MOST: usize = 3;
/// The largest side of a cell.
const LARGEST: f32 = 46.0;
/// From this side on a cell has its number.
const READABLE: f32 = 30.0;

/// The filter, and the cell whose sum it makes.
struct Turned<'a> {
    view: &'a View<'a>,
    layer: usize,
    conv: Conv2d,
    /// Its map.
    plane: TensorPlane<'a>,
    map: usize,
    cell: (usize, usize),
    is_turned: bool,
}

/// Draws the choice, window and filter, the map that comes of it, and the definitions.
pub fn turned_ui(ui: &mut Ui, view: &View) {
    let layer = view.state.figure_layer();
    let Op::Conv2d(conv) = view.state.plan().layer(layer).op else { return };
    let out = TensorId::layer(layer, Part::Out);
    let plane_size = view.state.plan().shape_of(out).plane().max(1);
    let look = view.state.trace().tensor_cell(&view.state.look().whole_cell());
    let map = look.map_or(0, |(.., index)| index as usize / plane_size);
    let plane = plane_of(view, out, map).0;
    let best = summary(view, out, view.state.image()).map_or(0, |summary| summary.maps[map].largest);
    let shown = view.hovered().and_then(|place| plane.cell_of(&place));
    let cell = shown.unwrap_or((best / plane.cols().max(1), best % plane.cols().max(1)));
    let is_turned = view.state.view().turned;
    let turned = Turned { view, layer, conv, plane, map, cell, is_turned };
    turned.draw_ui(ui);
}

impl Turned<'_> {
    fn draw_ui(&self, ui: &mut Ui) {
        let (view, name) = (self.view, self.view.state.plan().layer(self.layer).name());
        let area = says_ui(ui, view, ui.max_rect(), &view.fill("figure.turned_says", &[("layer", name)]));
        let (choice, area) = area.split_top_bottom_at_y(area.top() + LINES[0]);
        self.choice_ui(ui, choice);
        let (body, foot) = area.split_top_bottom_at_y((area.bottom() - LINES[2]).max(area.top()));
        let (left, right) = body.split_left_right_at_x(body.left() + 0.56 * body.width());
        self.sum_ui(ui, left.with_max_x(left.right() - space::XL));
        self.map_ui(ui, right);
        self.definitions_ui(ui, foot);
        view.read_out_first(view.text("figure.turned_point"), "");
    }

    fn choice_ui(&self, ui: &mut Ui, rect: Rect) {
        let view = self.view;
        let words = ["figure.turned_as_is", "figure.turned_turned"].map(|key| view.text(key));
        let chosen = usize::from(self.is_turned);
        ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
            let name = view.text("figure.turned_filter");
            if let Some(clicked) = segments_ui(ui, view.theme, &name, &words, chosen) {
                view.push(Action::ShowTurned(clicked == 1));
            }
        });
    }

    /// A cell of the map: as the network makes it, or with the filter turned; not before the network has made it.
    fn value(&self, i: usize, j: usize) -> CellView {
        let shown = self.plane.cell(i, j);
        if !self.is_turned || shown.state == CellState::NotYet {
            return shown;
        }
        let cell = [self.map, i, j];
        let turned = self.view.state.trace().turned(self.layer, self.view.state.image(), cell);
        turned.map_or_else(CellView::not_yet, CellView::current)
    }

    /// The window and the filter, slice by slice, and their sum.
    fn sum_ui(&self, ui: &mut Ui, rect: Rect) {
        let (view, window) = (self.view, self.conv.window);
        let (kh, kw) = (window.rows.kernel, window.cols.kernel);
        let half = 0.5 * (rect.width() - 40.0);
        let [left, right] = [rect.with_max_x(rect.left() + half), rect.with_min_x(rect.right() - half)];
        let (i, j) = (self.cell.0.to_string(), self.cell.1.to_string());
        let left = part_ui(ui, view, left, &view.fill("figure.turned_window", &[("i", &i), ("j", &j)]));
        let key = if self.is_turned { "figure.turned_is_turned" } else { "figure.turned_is_as_is" };
        let map = self.map.to_string();
        let right = part_ui(ui, view, right, &view.fill(key, &[("k", &map)]));
        // As many slices as can be read.
        let fitted = |slices: usize| {
            let room = (left.height() - 54.0) / slices as f32 - space::S;
            fit_cell(vec2(half, room), kh, kw, 0, ui.pixels_per_point()).min(LARGEST)
        };
        let slices = (1..=self.conv.group_in().min(MOST)).rev().find(|n| fitted(*n) >= READABLE).unwrap_or(1);
        let (cell, rest) = (fitted(slices), self.conv.group_in() - slices);
        let side = plane_size(kh, kw, 0, cell, ui.pixels_per_point());
        let mut top = left.top();
        for slice in 0..slices {
            self.window_ui(ui, pos2(left.left(), top), cell, slice);
            crate::ui::widgets::flow::sign_ui(ui, pos2(right.left() - 20.0, top + 0.5 * side.y), "×");
            self.slice_ui(ui, pos2(right.left(), top), cell, slice);
            top += side.y + space::S;
        }
        let below = rect.with_min_y(top.min(rect.bottom()));
        let shown = self.value(self.cell.0, self.cell.1);
        let value = match shown.state {
            CellState::NotYet => "?".to_owned(),
            CellState::Partial | CellState::Current | CellState::Stale => number::four_digits(shown.value),
        };
        let words = view.fill("figure.turned_sum", &[("value", &value), ("i", &i), ("j", &j)]);
        let below = words_ui(ui, below, &words, theme::strong_font(), view.theme.text_strong);
        if rest > 0 {
            super::weak_ui(ui, view, below, &view.fill("figure.turned_more", &[("n", &rest.to_string())]));
        }
    }

    /// The part of the picture, or of a map, that the window of the cell sees.
    fn window_ui(&self, ui: &mut Ui, at: egui::Pos2, cell: f32, slice: usize) {
        let (view, window) = (self.view, self.conv.window);
        let source = view.state.plan().input_of(self.layer);
        let map = self.conv.inputs_of(self.map).start + slice;
        let plane = plane_of(view, source, map).0;
        let (i, j) = self.cell;
        let cells = |u, v| match window.tap([i, j], [u, v]) {
            Some([p, q]) => plane.cell(p, q),
            None => CellView::current(0.0),
        };
        let address = |u, v| window.tap([i, j], [u, v]).map(|[p, q]| plane.address(p, q));
        let name = names::plane(view, source, map);
        self.few_ui(ui, at, cell, &format!("window {slice}"), plane.mapping(), &cells, &address, &name);
    }

    /// A slice of the filter, turned or not.
    fn slice_ui(&self, ui: &mut Ui, at: egui::Pos2, cell: f32, slice: usize) {
        let (view, window) = (self.view, self.conv.window);
        let weight = TensorId::layer(self.layer, Part::Weight);
        let number = self.map * self.conv.group_in() + slice;
        let plane = TensorPlane::before_update(view, weight, number);
        let (kh, kw) = (window.rows.kernel, window.cols.kernel);
        let from = |u: usize, v: usize| match self.is_turned {
            true => (kh - 1 - u, kw - 1 - v),
            false => (u, v),
        };
        let cells = |u, v| {
            let (u, v) = from(u, v);
            plane.cell(u, v)
        };
        let address = |u, v| {
            let (u, v) = from(u, v);
            Some(plane.address(u, v))
        };
        let name = names::plane(view, weight, number);
        let colors = mapping(view, weight, 0, None);
        self.few_ui(ui, at, cell, &format!("slice {slice}"), colors, &cells, &address, &name);
    }

    #[expect(clippy::too_many_arguments, reason = "what a grid of a few cells needs")]
    fn few_ui(
        &self,
        ui: &mut Ui,
        at: egui::Pos2,
        cell_points: f32,
        id: &str,
        mapping: crate::ui::colormap::Mapping,
        cell: &dyn Fn(usize, usize) -> CellView,
        address: &dyn Fn(usize, usize) -> Option<crate::trace::Address>,
        name: &str,
    ) {
        let (rows, cols) = (self.conv.window.rows.kernel, self.conv.window.cols.kernel);
        let all: Vec<CellView> = (0..rows).flat_map(|u| (0..cols).map(move |v| cell(u, v))).collect();
        let grid = AddressedGrid {
            id,
            rows,
            cols,
            mapping,
            revision: crate::ui::widgets::addressed_grid::revision_of(&all),
            cell_points,
            numbers: None,
            current: None,
            cell,
            address,
            label: &|_| name.to_owned(),
            overlays: Vec::new(),
        };
        addressed_grid_ui(ui, self.view, at, grid);
    }

    /// The whole map.
    fn map_ui(&self, ui: &mut Ui, rect: Rect) {
        let view = self.view;
        let key = if self.is_turned { "figure.turned_map_turned" } else { "figure.turned_map" };
        let rest = part_ui(ui, view, rect, &view.text(key));
        let (rows, cols) = (self.plane.rows(), self.plane.cols());
        let cell = fit_cell(rest.size(), rows, cols, 0, ui.pixels_per_point());
        let (i, j) = self.cell;
        let overlays = [Overlay::outline(CellSpan::cell(i, j), view.theme.cursor).with_width(2.5)];
        let cells = |i, j| self.value(i, j);
        let mut child = ui.new_child(UiBuilder::new().max_rect(rest).id_salt("turned map"));
        let name = view.text(key);
        let drawn = Grid::new("map", rows, cols, self.plane.mapping(), &cells)
            .revision(self.plane.revision() ^ u64::from(self.is_turned))
            .cell_points(cell)
            .overlays(&overlays)
            .label(&|_| name.clone())
            .show_ui(&mut child);
        if let Some((i, j)) = drawn.hovered {
            view.hover(self.plane.address(i, j));
        }
        if let Some((i, j)) = drawn.clicked {
            view.look(&self.plane.address(i, j));
        }
        view.set_legend(crate::ui::view::Legend::new(self.plane.mapping(), ""));
    }

    /// The definitions: of two functions, of two arrays, and what a layer computes.
    fn definitions_ui(&self, ui: &mut Ui, rect: Rect) {
        let view = self.view;
        let mut rest = rect;
        let lines = [
            ("figure.turned_continuous", "(f * g)(t) = ∫ f(τ) · g(t − τ) dτ", self.is_turned),
            (
                "figure.turned_discrete",
                "(x * w)(i, j) = Σ x(i + u, j + v) · w(F − 1 − u, F − 1 − v)",
                self.is_turned,
            ),
            ("figure.turned_layer", "y(i, j) = Σ x(i + u, j + v) · w(u, v)", !self.is_turned),
        ];
        for (key, formula, is_chosen) in lines {
            let ink = if is_chosen { view.theme.accent } else { view.theme.text };
            let words = format!("{}  {formula}", view.text(key));
            rest = words_ui(ui, rest, &words, theme::body_font(), ink);
        }
    }
}
