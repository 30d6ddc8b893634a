//! Where cells are: from rows and columns to points on the screen and back.

use egui::{Pos2, Rect, Vec2, pos2, vec2};

/// A rectangle of cells. It may reach into the padding: rows and columns below zero or past the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CellSpan {
    /// The first row.
    pub top: i32,
    /// The first column.
    pub left: i32,
    /// How many rows.
    pub rows: i32,
    /// How many columns.
    pub cols: i32,
}

impl CellSpan {
    /// `rows` x `cols` cells whose first is (`top`, `left`).
    pub fn new(top: i32, left: i32, rows: i32, cols: i32) -> Self {
        Self { top, left, rows, cols }
    }

    /// The one cell (i, j).
    pub fn cell(i: usize, j: usize) -> Self {
        Self::new(clamped(i), clamped(j), 1, 1)
    }

    /// Whether cell (i, j) is in it.
    pub fn contains(&self, i: i32, j: i32) -> bool {
        (self.top..self.top.saturating_add(self.rows)).contains(&i)
            && (self.left..self.left.saturating_add(self.cols)).contains(&j)
    }
}

/// A plane has fewer rows and columns than `i32` has numbers.
pub(super) fn clamped(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

/// The way from a plane's cells to the screen, as it was drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScreenFromGrid {
    /// The top left corner of cell (0, 0), padding not counted.
    pub origin: Pos2,
    /// The side of a cell in points.
    pub cell_points: f32,
}

impl ScreenFromGrid {
    /// Where the cell (i, j) is.
    pub fn cell_rect(&self, i: i32, j: i32) -> Rect {
        self.span_rect(CellSpan::new(i, j, 1, 1))
    }

    /// Where the cells of `span` are.
    pub fn span_rect(&self, span: CellSpan) -> Rect {
        let min = self.origin + vec2(span.left as f32, span.top as f32) * self.cell_points;
        Rect::from_min_size(min, vec2(span.cols as f32, span.rows as f32) * self.cell_points)
    }

    /// The row and column at `pos`, also outside the plane.
    pub fn cell_at(&self, pos: Pos2) -> (i32, i32) {
        let from_origin = (pos - self.origin) / self.cell_points;
        (from_origin.y.floor() as i32, from_origin.x.floor() as i32)
    }
}

/// Room around the cells for the frame, in points.
pub const MARGIN: f32 = 2.0;

/// The side that a cell asked to be `cell_points` wide is drawn with: whole pixels, so that all cells
/// are equal and their borders crisp. Cells below two pixels are taken as they are.
pub fn snap_cell(cell_points: f32, pixels_per_point: f32) -> f32 {
    let px = cell_points * pixels_per_point;
    // A hair is forgiven, so that snapping a snapped size changes nothing.
    if px >= 2.0 { (px + 1e-3).floor() / pixels_per_point } else { cell_points.max(1e-3) }
}

/// The largest cell with which a plane (with `padding` cells around it) fits into `room`.
pub fn fit_cell(room: Vec2, rows: usize, cols: usize, padding: usize, pixels_per_point: f32) -> f32 {
    let side = |room: f32, cells: usize| (room - 2.0 * MARGIN).max(1.0) / (cells + 2 * padding).max(1) as f32;
    snap_cell(side(room.x, cols).min(side(room.y, rows)), pixels_per_point)
}

/// The size of a map painted in `room`: in its proportions; one of a single row or column is a band of bars, a quarter as
/// high or as wide as the room.
pub fn map_size(room: Vec2, rows: usize, cols: usize) -> Vec2 {
    let [rows, cols] = [rows, cols].map(|side| side.max(1) as f32);
    let cell = (room.x / cols).min(room.y / rows);
    let size = vec2(cell * cols, cell * rows);
    match (rows, cols) {
        (1.0, 2.0..) => size.max(vec2(0.0, 0.25 * room.y)),
        (2.0.., 1.0) => size.max(vec2(0.25 * room.x, 0.0)),
        _ => size,
    }
}

/// The room that a plane takes, its frame included, in points.
pub fn plane_size(rows: usize, cols: usize, padding: usize, cell_points: f32, pixels_per_point: f32) -> Vec2 {
    let cell = snap_cell(cell_points, pixels_per_point);
    let whole_px = |points: f32| (points * pixels_per_point - 1e-3).ceil() / pixels_per_point;
    vec2(
        whole_px((cols + 2 * padding) as f32 * cell) + 2.0 * MARGIN,
        whole_px((rows + 2 * padding) as f32 * cell) + 2.0 * MARGIN,
    )
}

/// `pos` moved to a corner of a pixel.
pub(super) fn snap_pos(pos: Pos2, pixels_per_point: f32) -> Pos2 {
    let snap = |points: f32| (points * pixels_per_point).round() / pixels_per_point;
    pos2(snap(pos.x), snap(pos.y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cell_is_where_it_is_drawn(i in -3i32..300, j in -3i32..300, cell in 1.0f32..60.0) {
            let grid = ScreenFromGrid { origin: pos2(17.0, 5.0), cell_points: cell.round() };
            prop_assert_eq!(grid.cell_at(grid.cell_rect(i, j).center()), (i, j));
        }

        #[test]
        fn fitted_planes_fit(
            w in 20.0f32..900.0, h in 20.0f32..900.0, rows in 1usize..250, cols in 1usize..250,
            padding in 0usize..4, ppp in prop::sample::select(vec![1.0f32, 1.25, 1.5, 2.0, 3.0]),
        ) {
            let cell = fit_cell(vec2(w, h), rows, cols, padding, ppp);
            prop_assert!((snap_cell(cell, ppp) - cell).abs() < 1e-4);
            let size = plane_size(rows, cols, padding, cell, ppp);
            // A plane of cells below one pixel is rounded up to a whole one.
            prop_assert!(size.x <= w + 1.01 / ppp && size.y <= h + 1.01 / ppp);
        }
    }

    #[test]
    fn spans() {
        let span = CellSpan::new(-1, 2, 3, 3);
        assert!(span.contains(-1, 2) && span.contains(1, 4) && !span.contains(2, 2));
        assert_eq!(CellSpan::cell(4, 5), CellSpan::new(4, 5, 1, 1));
    }
}
