//! Grids whose cells have addresses: hovering highlights the cell in all views and shows its words, a click selects it,
//! a double click runs to it. All close-ups draw their cells with them.

use egui::{Pos2, Rect, Ui, UiBuilder, Vec2};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::{colormap::Mapping, fonts, lit, tensor_plane::TensorPlane, theme::text_size, view::View};
use super::grid::{CellState, CellView, Grid, GridResponse, NumberStyle, Overlay, plane_size};
use crate::trace::Address;

/// A grid of cells with addresses, to be drawn by [`addressed_grid_ui`].
pub struct AddressedGrid<'a> {
    /// A name of its own within the close-up.
    pub id: &'a str,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// The colours.
    pub mapping: Mapping,
    /// Changes with everything that `cell` shows.
    pub revision: u64,
    /// The side of a cell.
    pub cell_points: f32,
    /// How numbers are written; `None`: as large as the cells allow.
    pub numbers: Option<NumberStyle>,
    /// The cell that keeps its number where the others have none.
    pub current: Option<(usize, usize)>,
    /// The cells.
    pub cell: &'a dyn Fn(usize, usize) -> CellView,
    /// Where a cell is in the plan; `None` for padding and constants.
    pub address: &'a dyn Fn(usize, usize) -> Option<Address>,
    /// The words for a screen reader: of the grid (`None`), or of a cell.
    pub label: &'a dyn Fn(Option<(usize, usize)>) -> String,
    /// What is drawn over the cells.
    pub overlays: Vec<Overlay>,
}

impl AddressedGrid<'_> {
    /// The room that it takes, its frame included.
    pub fn size(&self, ui: &Ui) -> Vec2 {
        plane_size(self.rows, self.cols, 0, self.cell_points, ui.pixels_per_point())
    }
}

/// Draws the grid with its top left corner at `at`.
pub fn addressed_grid_ui(ui: &mut Ui, view: &View, at: Pos2, grid: AddressedGrid) -> GridResponse {
    // The selected cell, where one was picked, is framed in every plane that shows it.
    let selected = view.state.selected().and_then(|selected| {
        // Small sheets only: elsewhere the caller outlines the cell that it knows.
        let cells = (0..grid.rows).flat_map(|i| (0..grid.cols).map(move |j| (i, j)));
        (grid.rows * grid.cols <= 256)
            .then(|| cells.into_iter().find(|&(i, j)| (grid.address)(i, j) == Some(selected)))?
    });
    framed_grid_ui(ui, view, at, grid, selected)
}

/// Draws the grid with the given cell framed as the selected one.
pub fn framed_grid_ui(
    ui: &mut Ui,
    view: &View,
    at: Pos2,
    grid: AddressedGrid,
    selected: Option<(usize, usize)>,
) -> GridResponse {
    let rect = Rect::from_min_size(at, grid.size(ui));
    let mut overlays = grid.overlays.clone();
    overlays.extend(lit::overlays(view, [grid.rows, grid.cols], grid.address));
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt(grid.id));
    let plane = Grid::new("grid", grid.rows, grid.cols, grid.mapping, grid.cell)
        .revision(grid.revision)
        .cell_points(grid.cell_points)
        .number_style(grid.numbers)
        .current(grid.current)
        .overlays(&overlays)
        .label(grid.label)
        .selected(selected)
        .show_ui(&mut child);
    asked_ui(ui, view, &grid, &plane);
    let address = |(i, j): (usize, usize)| (grid.address)(i, j);
    if let Some(address) = plane.hovered.and_then(address) {
        view.hover(address);
    }
    if let Some(address) = plane.double_clicked.and_then(address) {
        view.visit(&address);
    } else if let Some(address) = plane.clicked.or(plane.moved_to).and_then(address) {
        view.look(&address.whole_cell());
    }
    if let Some(cell) = plane.hovered {
        let name = (grid.label)(Some(cell));
        let tip = if address(cell).is_some() { view.fill("name.why", &[("name", &name)]) } else { name };
        plane.response.clone().on_hover_text_at_pointer(tip);
    }
    plane
}

/// Writes "?" into the cells that hold what a lesson asks for.
fn asked_ui(ui: &Ui, view: &View, grid: &AddressedGrid, plane: &GridResponse) {
    /// The most cells of a grid that is searched, and the least cell with room for the sign.
    const FEW: (usize, f32) = (256, 16.0);
    let covers = view.state.covers();
    let cell = plane.screen_from_grid.cell_points;
    if covers.is_empty() || grid.rows * grid.cols > FEW.0 || cell < FEW.1 {
        return;
    }
    let size = (0.5 * cell).clamp(text_size::CELL[0], text_size::CELL[1]);
    for (i, j) in (0..grid.rows).flat_map(|i| (0..grid.cols).map(move |j| (i, j))) {
        let place = (grid.address)(i, j).and_then(|at| view.state.trace().tensor_cell(&at));
        let is_asked = place.is_some_and(|(tensor, _, index)| covers.asks(tensor, index));
        if is_asked && (grid.cell)(i, j).state == CellState::NotYet {
            let center = plane.screen_from_grid.cell_rect(i as i32, j as i32).center();
            let font = egui::FontId::new(size, fonts::strong());
            ui.painter().text(center, egui::Align2::CENTER_CENTER, "?", font, view.theme.text_strong);
        }
    }
}

/// Draws a whole plane of a tensor.
pub fn tensor_plane_ui(
    ui: &mut Ui,
    view: &View,
    at: Pos2,
    id: &str,
    plane: &TensorPlane,
    cell_points: f32,
    overlays: Vec<Overlay>,
) -> GridResponse {
    let grid = AddressedGrid {
        id,
        rows: plane.rows(),
        cols: plane.cols(),
        mapping: plane.mapping(),
        revision: plane.revision(),
        cell_points,
        numbers: None,
        current: None,
        cell: &|i, j| plane.cell(i, j),
        address: &|i, j| Some(plane.address(i, j)),
        label: &|cell| plane.label(cell),
        overlays,
    };
    addressed_grid_ui(ui, view, at, grid)
}

/// A revision for cells that are few enough to look at each.
pub fn revision_of(cells: &[CellView]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for cell in cells {
        (cell.value.to_bits(), cell.state).hash(&mut hasher);
    }
    hasher.finish()
}
