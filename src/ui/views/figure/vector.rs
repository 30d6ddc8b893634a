//! Several maps as a block, and the vector that they become when they are put in a row: every number is kept, and what
//! was beside what is not.

use super::{count, part_ui, plane_mapping, plane_of, says_ui, weak_ui};
use crate::trace::{Owner, Place, TensorId};
use crate::ui::{
    names, number,
    theme::{self, space},
    view::View,
    widgets::{
        addressed_grid::{AddressedGrid, addressed_grid_ui},
        grid::{CellState, fit_cell},
    },
};
use egui::{Color32, Rect, Stroke, StrokeKind, Ui, pos2, vec2};

/// The most maps that are drawn of a block.
const MOST: usize = 4;
/// How far each map of the block lies behind the one before it, in shares of a map's side.
const BEHIND: f32 = 0.16;
/// The width of the vector.
const WIDTH: f32 = 56.0;
/// The height of a line of the excerpt.
const LINE: f32 = 27.0;

/// The block and its vector.
struct Block<'a> {
    view: &'a View<'a>,
    tensor: TensorId,
    extents: [usize; 3],
    /// The cell that is followed: under the pointer, else the shown one, else in the middle.
    cell: [usize; 3],
    is_covered: bool,
}

/// Draws block, vector and excerpt from left to right.
pub fn vector_ui(ui: &mut Ui, view: &View) {
    let plan = view.state.plan();
    let tensor = match view.state.look().place() {
        Place::Given(tensor) => tensor,
        Place::Stage(stage) => match plan.stages()[stage as usize].tensor.owner {
            Owner::Layer(l) => plan.input_of(usize::from(l)),
            Owner::Input | Owner::Loss => return,
        },
    };
    let (_, extents) = plane_of(view, tensor, 0);
    let [c, h, w] = extents;
    let under = (0..c).find_map(|map| {
        let at = view.hovered().and_then(|place| plane_of(view, tensor, map).0.cell_of(&place));
        at.map(|(i, j)| [map, i, j])
    });
    // Else the one that a lesson points at.
    let lit = || {
        let cells = (0..c * h * w).map(|index| [index / (h * w).max(1), index / w.max(1) % h, index % w]);
        let is_lit = |[map, i, j]: &[usize; 3]| {
            view.lit().has(view.state, &plane_of(view, tensor, *map).0.address(*i, *j))
        };
        (!view.lit().is_empty()).then(|| cells.into_iter().find(is_lit)).flatten()
    };
    let cell = under.or_else(lit).unwrap_or([0, h / 2, w / 2]);
    let shown = view.state.trace().tensor_cell(&view.state.look().whole_cell());
    let sizes = [Some(tensor), shown.map(|(tensor, ..)| tensor)];
    let is_covered = view.state.covers().counts()
        || sizes.into_iter().flatten().any(|tensor| view.state.covers_size(tensor));
    let block = Block { view, tensor, extents, cell, is_covered };
    let key = if tensor == TensorId::INPUT { "figure.vector_says" } else { "figure.vector_says_maps" };
    let n = count((c * h * w) as u64, is_covered);
    let area = says_ui(ui, view, ui.max_rect(), &view.fill(key, &[("n", &n)]));
    let right = (0.36 * area.width()).clamp(250.0, 360.0);
    let (left, rest) = area.split_left_right_at_x(area.right() - right - WIDTH - 2.0 * space::XL);
    let (bar, rest) = rest.split_left_right_at_x(rest.left() + WIDTH + space::XL);
    block.block_ui(ui, left.with_max_x(left.right() - space::XL));
    block.bar_ui(ui, bar.with_max_x(bar.left() + WIDTH));
    block.excerpt_ui(ui, rest);
    view.read_out_first(view.text("figure.vector_point"), "");
}

impl Block<'_> {
    fn len(&self) -> usize {
        self.extents.iter().product()
    }

    /// The place of a cell in the vector.
    fn index(&self, [c, i, j]: [usize; 3]) -> usize {
        let [_, h, w] = self.extents;
        (c * h + i) * w + j
    }

    /// The colour of a channel's name.
    fn ink(&self, map: usize) -> Color32 {
        let theme = self.view.theme;
        let is_colour = self.tensor == TensorId::INPUT && self.extents[0] == 3;
        match (is_colour, map) {
            (true, 0) => theme.bad,
            (true, 1) => theme.good,
            (true, _) => theme.accent,
            (false, _) => theme.series[map % theme.series.len()],
        }
    }

    /// The maps one behind another, the first in front.
    fn block_ui(&self, ui: &mut Ui, rect: Rect) {
        let (view, [c, h, w]) = (self.view, self.extents);
        let size = [c, h, w].map(|n| if self.is_covered { "?".into() } else { n.to_string() });
        let [maps, rows, cols] = size.each_ref().map(String::as_str);
        let name = view.fill("figure.vector_block", &[("c", maps), ("h", rows), ("w", cols)]);
        let rect = part_ui(ui, view, rect, &name);
        let shown = c.min(MOST);
        let rest = c - shown;
        let share = 1.0 + BEHIND * (shown - 1) as f32;
        let room = vec2(rect.width() / share, (rect.height() - 24.0) / share);
        let cell = fit_cell(room, h, w, 0, ui.pixels_per_point());
        let step = BEHIND * cell * h.max(w) as f32;
        for map in (0..shown).rev() {
            let shift = map as f32 * step;
            let at = rect.min + vec2(shift, (shown - 1) as f32 * step - shift);
            self.map_ui(ui, at, cell, map);
        }
        // The followed cell is seen through the maps in front of it.
        let [map, i, j] = self.cell;
        if map < shown {
            let shift = map as f32 * step;
            let corner = rect.min + vec2(shift, (shown - 1) as f32 * step - shift);
            let at = corner + vec2(j as f32 + 0.5, i as f32 + 0.5) * cell;
            let frame = Rect::from_center_size(at, vec2(cell, cell)).expand(2.0);
            ui.painter().rect_stroke(frame, 1.0, Stroke::new(5.0, view.theme.halo), StrokeKind::Outside);
            ui.painter().rect_stroke(frame, 1.0, Stroke::new(3.0, view.theme.point), StrokeKind::Outside);
        }
        if rest > 0 {
            let foot = rect.with_min_y(rect.bottom() - 20.0);
            weak_ui(ui, view, foot, &view.fill("figure.vector_more", &[("n", &rest.to_string())]));
        }
    }

    fn map_ui(&self, ui: &mut Ui, at: egui::Pos2, cell: f32, map: usize) {
        let view = self.view;
        let (plane, _) = plane_of(view, self.tensor, map);
        let grid = AddressedGrid {
            id: &format!("block {map}"),
            rows: plane.rows(),
            cols: plane.cols(),
            mapping: plane_mapping(view, self.tensor, map),
            revision: plane.revision(),
            cell_points: cell,
            numbers: None,
            current: None,
            cell: &|i, j| plane.cell(i, j),
            address: &|i, j| Some(plane.address(i, j)),
            label: &|cell| plane.label(cell),
            overlays: Vec::new(),
        };
        let drawn = addressed_grid_ui(ui, view, at, grid);
        ui.painter().rect_stroke(
            drawn.response.rect.shrink(1.0),
            0.0,
            Stroke::new(2.0, self.ink(map)),
            StrokeKind::Inside,
        );
    }

    /// The vector: all numbers, one below the other, map after map.
    fn bar_ui(&self, ui: &mut Ui, rect: Rect) {
        let (view, [c, h, w]) = (self.view, self.extents);
        let rect =
            part_ui(ui, view, rect.with_max_x(rect.right() + space::XL), &view.text("figure.vector_bar"));
        let rect = Rect::from_min_max(rect.min, pos2(rect.left() + WIDTH, rect.bottom() - 2.0));
        let painter = ui.painter();
        let at = |index: usize| rect.top() + rect.height() * index as f32 / self.len().max(1) as f32;
        let rows = rect.height().floor().max(1.0) as usize;
        let mappings: Vec<_> = (0..c).map(|map| plane_mapping(view, self.tensor, map)).collect();
        for row in 0..rows {
            let index = row * self.len() / rows;
            let map = index / (h * w).max(1);
            let shown = plane_of(view, self.tensor, 0).0.cell_at(index as u32);
            let color = match shown.state {
                CellState::NotYet => view.theme.hatch_ground,
                CellState::Partial | CellState::Current | CellState::Stale => {
                    mappings[map].color(shown.value)
                }
            };
            let y = rect.top() + row as f32;
            let strip = Rect::from_min_max(pos2(rect.left(), y), pos2(rect.right(), y + 1.0));
            painter.rect_filled(strip, 0.0, color);
        }
        // A map's stretch, in its colour.
        for map in 0..c {
            let (top, bottom) = (at(map * h * w), at((map + 1) * h * w));
            let side = Rect::from_min_max(
                pos2(rect.right() + 3.0, top + 1.0),
                pos2(rect.right() + 7.0, bottom - 1.0),
            );
            painter.rect_filled(side, 0.0, self.ink(map));
        }
        painter.rect_stroke(rect, 0.0, Stroke::new(1.0, view.theme.plane_frame), StrokeKind::Outside);
        let mark = at(self.index(self.cell));
        // Where it stands may be what is asked.
        if !self.is_covered {
            painter.hline(rect.left() - 8.0..=rect.right() + 8.0, mark, Stroke::new(3.0, view.theme.point));
        }
        let name = view.text("figure.vector_bar");
        let response = ui.interact(rect, ui.scope_id().with("vector"), egui::Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &name));
        if let Some(pos) = response.hover_pos() {
            let index = ((pos.y - rect.top()) / rect.height() * self.len() as f32) as usize;
            view.hover(plane_of(view, self.tensor, 0).0.address_at(index.min(self.len() - 1) as u32));
        }
    }

    /// The followed cell and its neighbours, with their places in the vector.
    fn excerpt_ui(&self, ui: &mut Ui, rect: Rect) {
        let (view, [c, h, w]) = (self.view, self.extents);
        let rect = part_ui(ui, view, rect, &view.text("figure.vector_where"));
        let [map, i, j] = self.cell;
        let lines = [
            ("figure.vector_here", Some(self.cell)),
            ("figure.vector_right", (j + 1 < w).then_some([map, i, j + 1])),
            ("figure.vector_below", (i + 1 < h).then_some([map, i + 1, j])),
            ("figure.vector_behind", (map + 1 < c).then_some([map + 1, i, j])),
        ];
        let mut top = rect.top();
        for (key, cell) in lines.iter().filter_map(|(key, cell)| Some((*key, (*cell)?))) {
            let line = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), 2.0 * LINE - 6.0));
            self.line_ui(ui, line, key, cell);
            top = line.bottom() + space::XS;
        }
        let foot = rect.with_min_y((top + space::S).min(rect.bottom()));
        let rest = weak_ui(ui, view, foot, &view.text("figure.vector_lost"));
        if rest.height() > 60.0 {
            weak_ui(ui, view, rest, &view.text("figure.vector_kept"));
        }
    }

    /// A cell: what it is to the followed one, its place in the vector, and how far that is away.
    fn line_ui(&self, ui: &mut Ui, rect: Rect, key: &str, cell: [usize; 3]) {
        let view = self.view;
        let (index, here) = (self.index(cell), self.index(self.cell));
        let name = names::plane(view, self.tensor, cell[0]);
        let [_, i, j] = cell.map(|n| n.to_string());
        let what = view.fill(key, &[("name", &name), ("i", &i), ("j", &j)]);
        let painter = ui.painter();
        painter.rect_filled(
            Rect::from_min_max(rect.min, pos2(rect.left() + 4.0, rect.bottom())),
            0.0,
            self.ink(cell[0]),
        );
        let shown = plane_of(view, self.tensor, 0).0.cell_at(index as u32);
        let value = match shown.state {
            CellState::NotYet => "?".to_owned(),
            CellState::Partial | CellState::Current | CellState::Stale => number::four_digits(shown.value),
        };
        let place = count(index as u64, self.is_covered);
        let away = count((index - here) as u64, self.is_covered);
        let key = if index == here { "figure.vector_place" } else { "figure.vector_away" };
        let place = view.fill(key, &[("k", &place), ("n", &away), ("value", &value)]);
        let inner = rect.with_min_x(rect.left() + 12.0);
        let below = super::words_ui(ui, inner, &what, theme::body_font(), view.theme.text);
        super::words_ui(
            ui,
            below.translate(vec2(0.0, -6.0)),
            &place,
            theme::strong_font(),
            view.theme.text_strong,
        );
    }
}
