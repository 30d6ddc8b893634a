//! How many windows of a layer read each cell of its input: on the picture itself, and as numbers. What none reads is
//! crossed out.

use super::{count, part_ui, plane_mapping, plane_of, says_ui, weak_ui};
use crate::nn::Window;
use crate::trace::TensorId;
use crate::ui::{
    canvas::canvas_ui,
    colormap::{Mapping, ValueRange},
    lit, names,
    theme::space,
    view::View,
    widgets::grid::{CellSpan, CellView, Grid, GridResponse, Overlay, fit_cell, plane_size},
};
use egui::{Pos2, Rect, Ui, UiBuilder, vec2};

/// The height of a part's name, and of the words below both parts.
const LINES: [f32; 2] = [26.0, 46.0];

/// What is drawn: the window, the tensor that it slides over, and whether the numbers are covered.
struct Coverage<'a> {
    view: &'a View<'a>,
    window: Window,
    tensor: TensorId,
    is_covered: bool,
}

/// Draws both parts side by side.
pub fn coverage_ui(ui: &mut Ui, view: &View) {
    let l = view.state.figure_layer();
    let layer = view.state.plan().layer(l);
    let Some(window) = layer.window().copied() else { return };
    let is_covered = view.state.covers().counts();
    let coverage = Coverage { view, window, tensor: view.state.plan().input_of(l), is_covered };
    let axis = window.cols;
    let parts = [axis.kernel, axis.stride, axis.padding].map(|n| n.to_string());
    let [f, s, p] = parts.each_ref().map(String::as_str);
    let words = view.fill("figure.coverage_says", &[("layer", layer.name()), ("f", f), ("s", s), ("p", p)]);
    let area = says_ui(ui, view, ui.max_rect(), &words);
    let (body, foot) = area.split_top_bottom_at_y((area.bottom() - LINES[1]).max(area.top()));
    let middle = body.center().x;
    let left = body.with_max_x(middle - space::M);
    let right = body.with_min_x(middle + space::M);
    let seen = part_ui(ui, view, left, &view.text("figure.coverage_picture"));
    let times = part_ui(ui, view, right, &view.text("figure.coverage_times"));
    let room = vec2(left.width(), body.height() - LINES[0]);
    let cell = fit_cell(room, window.rows.len, window.cols.len, 0, ui.pixels_per_point());
    let hovered = view.hovered().and_then(|place| plane_of(view, coverage.tensor, 0).0.cell_of(&place));
    let drawn =
        [coverage.picture_ui(ui, seen.min, cell, hovered), coverage.times_ui(ui, times.min, cell, hovered)];
    coverage.pointed_ui(&drawn);
    weak_ui(ui, view, foot, &coverage.words());
}

impl Coverage<'_> {
    fn times(&self, i: usize, j: usize) -> usize {
        self.window.windows_over([i, j])
    }

    /// Crosses over what no window reads, and frames around the first and the last window that read a cell.
    fn overlays(&self, cell: f32, hovered: Option<(usize, usize)>) -> Vec<Overlay> {
        let theme = self.view.theme;
        let (rows, cols) = (self.window.rows, self.window.cols);
        let (plane, _) = plane_of(self.view, self.tensor, 0);
        let address = |i, j| Some(plane.address(i, j));
        let mut overlays: Vec<Overlay> =
            lit::overlays(self.view, [rows.len, cols.len], &address).into_iter().collect();
        if self.is_covered {
            return overlays;
        }
        let cells = (0..rows.len).flat_map(|i| (0..cols.len).map(move |j| (i, j)));
        for (i, j) in cells.filter(|&(i, j)| self.times(i, j) == 0) {
            let span = CellSpan::cell(i, j);
            overlays.push(match cell < 5.0 {
                true => Overlay::tint(span, theme.bad.gamma_multiply(0.6)),
                false => Overlay::cross(i as i32, j as i32, theme.bad),
            });
        }
        if let Some((i, j)) = hovered {
            let first = |axis: crate::nn::Axis, p: usize| {
                (0..axis.kernel)
                    .filter_map(move |u| axis.window_of(p, u))
                    .min()
                    .zip((0..axis.kernel).filter_map(move |u| axis.window_of(p, u)).max())
            };
            if let (Some((top, bottom)), Some((left, right))) = (first(rows, i), first(cols, j)) {
                for (i, j) in [(top, left), (bottom, right)] {
                    let at = |axis: crate::nn::Axis, i: usize| (i * axis.stride) as i32 - axis.padding as i32;
                    let side = |axis: crate::nn::Axis| (axis.dilation * (axis.kernel - 1) + 1) as i32;
                    let span = CellSpan::new(at(rows, i), at(cols, j), side(rows), side(cols));
                    overlays.push(Overlay::reads(theme, span));
                }
            }
        }
        overlays
    }

    /// The picture, or the first of the maps that are read.
    fn picture_ui(&self, ui: &mut Ui, at: Pos2, cell: f32, hovered: Option<(usize, usize)>) -> GridResponse {
        let (view, overlays) = (self.view, self.overlays(cell, hovered));
        let size = plane_size(self.window.rows.len, self.window.cols.len, 0, cell, ui.pixels_per_point());
        let mut child =
            ui.new_child(UiBuilder::new().max_rect(Rect::from_min_size(at, size)).id_salt("read"));
        let name = view.text("figure.coverage_picture");
        if self.tensor == TensorId::INPUT {
            let drawn = canvas_ui(&mut child, view, "coverage", cell, &name, None);
            let over = |painter: &egui::Painter| {
                for overlay in &overlays {
                    overlay.paint_ui(painter, drawn.screen_from_grid, view.theme);
                }
            };
            over(&child.painter().with_clip_rect(drawn.response.rect));
            return drawn;
        }
        let (plane, _) = plane_of(view, self.tensor, 0);
        let cells = |i, j| plane.cell(i, j);
        let mapping = plane_mapping(view, self.tensor, 0);
        Grid::new("coverage", plane.rows(), plane.cols(), mapping, &cells)
            .revision(plane.revision())
            .cell_points(cell)
            .numbers(false)
            .overlays(&overlays)
            .label(&|cell| plane.label(cell))
            .show_ui(&mut child)
    }

    fn times_ui(&self, ui: &mut Ui, at: Pos2, cell: f32, hovered: Option<(usize, usize)>) -> GridResponse {
        let (view, overlays) = (self.view, self.overlays(cell, hovered));
        let (rows, cols) = (self.window.rows.len, self.window.cols.len);
        let size = plane_size(rows, cols, 0, cell, ui.pixels_per_point());
        let mut child =
            ui.new_child(UiBuilder::new().max_rect(Rect::from_min_size(at, size)).id_salt("times"));
        let most = |axis: crate::nn::Axis| (0..axis.len).map(|p| axis.windows_over(p)).max().unwrap_or(0);
        let most = (most(self.window.rows) * most(self.window.cols)) as f32;
        let range = ValueRange::from_values([0.0, most]);
        let mapping = Mapping::positive_for(range, view.theme.dark);
        let cells = |i, j| match self.is_covered {
            true => CellView::not_yet(),
            false => CellView::current(self.times(i, j) as f32),
        };
        let name = view.text("figure.coverage_times");
        let revision = u64::from(self.is_covered) << 40
            | (rows as u64) << 24
            | (cols as u64) << 12
            | (self.window.rows.padding as u64) << 8
            | (self.window.rows.stride as u64) << 4
            | self.window.rows.kernel as u64;
        let drawn = Grid::new("times", rows, cols, mapping, &cells)
            .revision(revision)
            .cell_points(cell)
            .overlays(&overlays)
            .label(&|cell| cell.map_or_else(|| name.clone(), |(i, j)| self.is_read(i, j)))
            .show_ui(&mut child);
        if !self.is_covered {
            view.set_legend(crate::ui::view::Legend::new(mapping, view.text("figure.coverage_legend")));
        }
        drawn
    }

    /// `row 0, column 16: read by 7 windows`.
    fn is_read(&self, i: usize, j: usize) -> String {
        let n = count(self.times(i, j) as u64, self.is_covered);
        let (i, j) = (i.to_string(), j.to_string());
        self.view.fill("figure.coverage_cell", &[("i", &i), ("j", &j), ("n", &n)])
    }

    /// What is under the pointer, in words; it is framed in both parts in the next frame.
    fn pointed_ui(&self, drawn: &[GridResponse; 2]) {
        let view = self.view;
        if let Some((i, j)) = drawn.iter().find_map(|grid| grid.hovered) {
            view.read_out(self.is_read(i, j), "");
            view.hover(plane_of(view, self.tensor, 0).0.address(i, j));
        }
        view.read_out_first(view.text("figure.coverage_point"), "");
        if let Some((i, j)) = drawn[1].clicked {
            view.look(&plane_of(view, self.tensor, 0).0.address(i, j));
        }
    }

    /// A corner, the middle of a side, the middle; and what is never read.
    fn words(&self) -> String {
        let view = self.view;
        let (h, w) = (self.window.rows.len, self.window.cols.len);
        let n = |i, j| count(self.times(i, j) as u64, self.is_covered);
        let at = [(0, 0), (0, w / 2), (h / 2, w / 2)];
        let [corner, side, middle] = at.map(|(i, j)| n(i, j));
        let words =
            view.fill("figure.coverage_words", &[("corner", &corner), ("side", &side), ("middle", &middle)]);
        if self.is_covered {
            return words;
        }
        let (rows, cols) = (self.window.rows.unseen(), self.window.cols.unseen());
        let unread = match names::rows_and_columns(view, &rows, &cols) {
            Some(which) => view.fill("figure.coverage_unread", &[("which", &which)]),
            None => view.text("figure.coverage_all"),
        };
        format!("{words} {unread}")
    }
}
