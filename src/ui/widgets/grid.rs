//! A plane of a tensor: cells in colour, with numbers where they can be read, to look at, point at
//! and walk through by keyboard.
//!
//! The same widget draws a thumbnail of 224x224 cells and a close-up of nine. Colours are one
//! texture, rebuilt only when the caller's revision, the mapping or the theme changes; lines,
//! hatching, numbers and overlays are drawn for visible cells only.

use egui::{
    Align2, Color32, EventFilter, FontId, Id, IdSalt, Key, Mesh, Modifiers, Painter, PointerButton, Pos2,
    Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, accesskit, pos2, vec2,
};
use std::hash::Hash;
use std::ops::Range;

use super::super::colormap::Mapping;
use super::super::fonts;
use super::super::number;
use super::super::theme::{Theme, text_size};
use super::hatch::{Hatching, Slope};

mod geometry;
mod overlay;
mod picture;

pub use geometry::{CellSpan, MARGIN, ScreenFromGrid, fit_cell, map_size, plane_size, snap_cell};
pub use overlay::Overlay;

use geometry::clamped;

/// How far a cell's number can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CellState {
    /// Not computed yet: hatched, without a number.
    NotYet,
    /// A running sum: in colour, with a hatched rim.
    Partial,
    /// Computed, and its inputs have not changed since.
    #[default]
    Current,
    /// Computed, but its inputs have changed since: tinted, with thin hatching.
    Stale,
}

/// The value and state that a cell shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellView {
    /// Its number; ignored if the state is `NotYet`.
    pub value: f32,
    /// How far the number can be trusted.
    pub state: CellState,
}

impl CellView {
    /// A computed, current value.
    pub fn current(value: f32) -> Self {
        Self { value, state: CellState::Current }
    }

    /// A cell without a value yet.
    pub fn not_yet() -> Self {
        Self { value: 0.0, state: CellState::NotYet }
    }
}

/// Where the cells come from.
enum Cells<'a> {
    Values(&'a dyn Fn(usize, usize) -> CellView),
    Rgb(&'a dyn Fn(usize, usize) -> ([f32; 3], CellState)),
}

/// Row and column of a cell.
type RowCol = (usize, usize);

/// The name for a screen reader of the plane (`None`) or of one of its cells.
type LabelOf<'a> = &'a dyn Fn(Option<(usize, usize)>) -> String;

/// A plane of `rows` x `cols` cells, to be shown with [`Grid::show_ui`].
///
/// ```no_run
/// # use convstep::ui::{colormap::Mapping, widgets::grid::{CellView, Grid}};
/// # fn example(ui: &mut egui::Ui, values: &[f32; 9], revision: u64) {
/// let mapping = Mapping::fit_signed(values.iter().copied(), ui.visuals().dark_mode);
/// let cells = |i, j| CellView::current(values[i * 3 + j]);
/// let plane = Grid::new("conv1.weight", 3, 3, mapping, &cells).revision(revision).cell_points(40.0).show_ui(ui);
/// if let Some((i, j)) = plane.clicked {
///     println!("row {i}, column {j}");
/// }
/// # }
/// ```
#[must_use = "a plane is drawn by show_ui"]
pub struct Grid<'a> {
    id_salt: IdSalt,
    rows: usize,
    cols: usize,
    mapping: Mapping,
    cells: Cells<'a>,
    revision: u64,
    cell_points: f32,
    padding: usize,
    numbers: bool,
    style: Option<NumberStyle>,
    current: Option<(usize, usize)>,
    overlays: &'a [Overlay],
    selected: Option<(usize, usize)>,
    label: Option<LabelOf<'a>>,
    sense: Sense,
}

/// What happened to a plane in this frame. Cells are (row, column).
#[derive(Clone, Debug)]
pub struct GridResponse {
    /// The response of the whole widget.
    pub response: Response,
    /// The cell under the pointer.
    pub hovered: Option<(usize, usize)>,
    /// The padding cell under the pointer: rows and columns below zero or past the end.
    pub hovered_padding: Option<(i32, i32)>,
    /// The cell that was clicked, or chosen with Enter.
    pub clicked: Option<(usize, usize)>,
    /// The cell that was clicked twice.
    pub double_clicked: Option<(usize, usize)>,
    /// The cell that was clicked with the other button, for a menu.
    pub secondary_clicked: Option<(usize, usize)>,
    /// The cell under the pointer during a drag that began on this plane.
    pub dragged: Option<(usize, usize)>,
    /// Where an arrow key, Home or End wants the selection; the caller decides.
    pub moved_to: Option<(usize, usize)>,
    /// Where the cells were drawn, for lines from plane to plane.
    pub screen_from_grid: ScreenFromGrid,
}

/// Under this id egui's memory holds which plane had the keyboard last.
const FOCUSED: &str = "the plane with the keyboard";

/// Whether a plane has the keyboard, so that the plain arrow keys are its own.
pub fn has_keyboard(ctx: &egui::Context) -> bool {
    let last: Option<Id> = ctx.data(|data| data.get_temp(Id::unique(FOCUSED)));
    last.is_some() && ctx.memory(|memory| memory.focused()) == last
}

impl<'a> Grid<'a> {
    /// A plane whose cells are numbers.
    pub fn new(
        id_salt: impl Hash + std::fmt::Debug,
        rows: usize,
        cols: usize,
        mapping: Mapping,
        cells: &'a dyn Fn(usize, usize) -> CellView,
    ) -> Self {
        Self::with_cells(IdSalt::new(id_salt), rows, cols, mapping, Cells::Values(cells))
    }

    /// Three planes as one colour picture; `mapping` gives the channel values that are dark and full.
    pub fn rgb(
        id_salt: impl Hash + std::fmt::Debug,
        rows: usize,
        cols: usize,
        mapping: Mapping,
        cells: &'a dyn Fn(usize, usize) -> ([f32; 3], CellState),
    ) -> Self {
        Self::with_cells(IdSalt::new(id_salt), rows, cols, mapping, Cells::Rgb(cells))
    }

    fn with_cells(id_salt: IdSalt, rows: usize, cols: usize, mapping: Mapping, cells: Cells<'a>) -> Self {
        Self {
            id_salt,
            rows,
            cols,
            mapping,
            cells,
            revision: 0,
            cell_points: 24.0,
            padding: 0,
            numbers: true,
            style: None,
            current: None,
            overlays: &[],
            selected: None,
            label: None,
            sense: Sense::click(),
        }
    }

    /// Must change whenever a value or a state does; the texture is rebuilt then.
    pub fn revision(mut self, revision: u64) -> Self {
        self.revision = revision;
        self
    }

    /// The side of a cell. It is rounded down to whole pixels: see [`snap_cell`] and [`fit_cell`].
    pub fn cell_points(mut self, cell_points: f32) -> Self {
        self.cell_points = cell_points;
        self
    }

    /// How many cells of zero padding to draw around the plane.
    pub fn padding(mut self, cells: usize) -> Self {
        self.padding = cells;
        self
    }

    /// Whether cells show their numbers when they are big enough; by default they do.
    pub fn numbers(mut self, numbers: bool) -> Self {
        self.numbers = numbers;
        self
    }

    /// How its numbers are written, where several planes write them alike; by default as large as its cells allow.
    pub fn number_style(mut self, style: Option<NumberStyle>) -> Self {
        self.style = style;
        self
    }

    /// The cell that keeps its number where a [`NumberStyle`] leaves out the others.
    pub fn current(mut self, cell: Option<(usize, usize)>) -> Self {
        self.current = cell;
        self
    }

    /// What is drawn over the cells.
    pub fn overlays(mut self, overlays: &'a [Overlay]) -> Self {
        self.overlays = overlays;
        self
    }

    /// The chosen cell: framed, read out, moved by the arrow keys.
    pub fn selected(mut self, cell: Option<(usize, usize)>) -> Self {
        self.selected = cell;
        self
    }

    /// The words for a screen reader: of the plane, and of each cell.
    pub fn label(mut self, label: LabelOf<'a>) -> Self {
        self.label = Some(label);
        self
    }

    /// What the plane responds to: by default clicks; with [`Sense::click_and_drag`] also drags, to paint cells.
    pub fn sense(mut self, sense: Sense) -> Self {
        self.sense = sense;
        self
    }

    /// Draws the plane at the ui's next place.
    pub fn show_ui(self, ui: &mut Ui) -> GridResponse {
        let pixels_per_point = ui.pixels_per_point();
        let theme = Theme::from_ui(ui);
        let cell_points = snap_cell(self.cell_points, pixels_per_point);
        let size = plane_size(self.rows, self.cols, self.padding, cell_points, pixels_per_point);
        let id = ui.make_persistent_id(self.id_salt);
        let (_, rect) = ui.allocate_space(size);
        let response = ui.interact(rect, id, self.sense);

        let corner = geometry::snap_pos(rect.min + Vec2::splat(MARGIN), pixels_per_point);
        let origin = corner + Vec2::splat(self.padding as f32 * cell_points);
        let grid = ScreenFromGrid { origin, cell_points };
        let answer = self.interact(ui, response, grid);
        if ui.is_rect_visible(rect) {
            self.paint_ui(ui, grid, theme, &answer);
        }
        self.announce(ui, &answer);
        answer
    }

    fn in_plane(&self, (i, j): (i32, i32)) -> Option<(usize, usize)> {
        let (i, j) = (usize::try_from(i).ok()?, usize::try_from(j).ok()?);
        (i < self.rows && j < self.cols).then_some((i, j))
    }

    fn interact(&self, ui: &Ui, response: Response, grid: ScreenFromGrid) -> GridResponse {
        let cell_at = |pos: Pos2| self.in_plane(grid.cell_at(pos));
        let under_pointer = response.interact_pointer_pos().or(response.hover_pos());
        let hovered = response.hover_pos().and_then(cell_at);
        let padding = clamped(self.padding);
        let hovered_padding = response.hover_pos().map(|pos| grid.cell_at(pos)).filter(|&(i, j)| {
            let whole = CellSpan::new(
                -padding,
                -padding,
                clamped(self.rows + 2 * self.padding),
                clamped(self.cols + 2 * self.padding),
            );
            whole.contains(i, j) && self.in_plane((i, j)).is_none()
        });
        // A click leaves the keyboard where it is: the arrow keys keep stepping the program. Tab comes here.
        let pointed = under_pointer.and_then(cell_at);
        let (moved_to, entered) = self.keys(ui, &response);
        GridResponse {
            hovered,
            hovered_padding,
            clicked: if response.clicked_by(PointerButton::Primary) { pointed } else { entered },
            double_clicked: pointed.filter(|_| response.double_clicked()),
            secondary_clicked: pointed.filter(|_| response.secondary_clicked()),
            dragged: pointed.filter(|_| response.dragged()),
            moved_to,
            screen_from_grid: grid,
            response,
        }
    }

    /// Where the keys want the selection, and the cell that Enter chose.
    fn keys(&self, ui: &Ui, response: &Response) -> (Option<RowCol>, Option<RowCol>) {
        if !response.has_focus() || self.rows == 0 || self.cols == 0 {
            return (None, None);
        }
        let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
        ui.data_mut(|data| data.insert_temp(Id::unique(FOCUSED), response.id));
        let (last_row, last_col) = (self.rows - 1, self.cols - 1);
        ui.input_mut(|input| {
            let mut pressed = |key| input.consume_key(Modifiers::NONE, key);
            let entered = self.selected.filter(|_| pressed(Key::Enter));
            let moves = [Key::ArrowUp, Key::ArrowDown, Key::ArrowLeft, Key::ArrowRight, Key::Home, Key::End];
            let Some(key) = moves.into_iter().find(|&key| pressed(key)) else { return (None, entered) };
            let Some((i, j)) = self.selected else { return (Some((0, 0)), entered) };
            let moved = match key {
                Key::ArrowUp => (i.saturating_sub(1), j),
                Key::ArrowDown => ((i + 1).min(last_row), j),
                Key::ArrowLeft => (i, j.saturating_sub(1)),
                Key::ArrowRight => (i, (j + 1).min(last_col)),
                Key::Home => (i, 0),
                _ => (i, last_col),
            };
            (Some(moved), entered)
        })
    }

    /// Gives assistive technology the plane's role and size, and the words of the selected or hovered cell.
    fn announce(&self, ui: &Ui, answer: &GridResponse) {
        let cell = answer.moved_to.or(self.selected).filter(|&(i, j)| i < self.rows && j < self.cols);
        let words = || match self.label {
            Some(label) => label(cell.or(answer.hovered)),
            None => format!("{} × {}", self.rows, self.cols),
        };
        let enabled = ui.is_enabled();
        answer.response.widget_info(|| WidgetInfo::labeled(Role::Grid, enabled, words()));
        let focused = answer.response.has_focus();
        ui.ctx().accesskit_node_builder(answer.response.id, |node| {
            node.set_row_count(self.rows);
            node.set_column_count(self.cols);
            if focused {
                node.set_live(accesskit::Live::Polite);
            }
        });
    }

    fn paint_ui(&self, ui: &Ui, grid: ScreenFromGrid, theme: &Theme, answer: &GridResponse) {
        let painter = ui.painter();
        let px = 1.0 / ui.pixels_per_point();
        let plane = grid.span_rect(CellSpan::new(0, 0, clamped(self.rows), clamped(self.cols)));
        let visible = painter.clip_rect().intersect(answer.response.rect);
        let (rows, cols) = self.visible_cells(grid, visible);
        if !rows.is_empty() && !cols.is_empty() {
            self.pixels_ui(ui, answer.response.id, grid, theme, &rows, &cols, visible);
            cell_lines_ui(painter, grid, theme, &rows, &cols, plane, px);
        }
        if self.padding > 0 {
            self.padding_ui(ui, grid, theme, plane, visible, px);
        }
        let style = self.number_style_at(painter, grid.cell_points);
        if matches!(self.cells, Cells::Values(_)) {
            self.numbers_ui(painter, grid, theme, &rows, &cols, style, answer.hovered);
        }
        painter.rect_stroke(plane, 0, Stroke::new(px, theme.plane_frame), StrokeKind::Outside);

        for overlay in self.overlays {
            overlay::overlay_ui(painter, grid, overlay, theme, style);
        }
        if let Some((i, j)) = self.selected {
            let rect = grid.span_rect(CellSpan::cell(i, j));
            let stroke = Stroke::new(2.5, theme.cursor);
            overlay::outline_ui(painter, rect, grid.cell_points, stroke, false, theme);
        }
        if let Some((i, j)) = answer.hovered.filter(|_| grid.cell_points >= 4.0) {
            let rect = grid.span_rect(CellSpan::cell(i, j));
            painter.rect_stroke(rect, 1, Stroke::new(1.5, theme.hover), StrokeKind::Inside);
        }
        if answer.response.has_focus() {
            let around = answer.response.rect.expand(1.0);
            painter.rect_stroke(around, 2, Stroke::new(1.5, theme.accent), StrokeKind::Outside);
        }
    }

    /// How numbers are written into its cells; `None` where they have none.
    fn number_style_at(&self, painter: &Painter, cell_points: f32) -> Option<NumberStyle> {
        let style = || self.style.or_else(|| number_plan(painter, cell_points));
        if self.numbers { style() } else { None }
    }

    fn visible_cells(&self, grid: ScreenFromGrid, visible: Rect) -> (Range<usize>, Range<usize>) {
        let range = |from: f32, to: f32, origin: f32, cells: usize| {
            let index = |at: f32| ((at - origin) / grid.cell_points).clamp(0.0, cells as f32);
            index(from).floor() as usize..index(to).ceil() as usize
        };
        let rows = range(visible.top(), visible.bottom(), grid.origin.y, self.rows);
        let cols = range(visible.left(), visible.right(), grid.origin.x, self.cols);
        (rows, cols)
    }

    /// The colours, and the hatching of cells that are not current.
    #[expect(clippy::too_many_arguments, reason = "all of it is one frame's state")]
    fn pixels_ui(
        &self,
        ui: &Ui,
        id: Id,
        grid: ScreenFromGrid,
        theme: &Theme,
        rows: &Range<usize>,
        cols: &Range<usize>,
        visible: Rect,
    ) {
        let painter = ui.painter();
        let cell_px = grid.cell_points * ui.pixels_per_point();
        let block = if cell_px < 1.0 { (1.0 / cell_px).ceil() as usize } else { 1 };
        let most = ui.input(|input| input.max_texture_side).max(64);
        let [rows, cols] = [(rows, self.rows), (cols, self.cols)]
            .map(|(visible, all)| texture_window(visible, all, block, most));
        let key = picture::PictureKey {
            revision: self.revision,
            rows: rows.clone(),
            cols: cols.clone(),
            block,
            mapping: self.mapping.key(),
            dark: theme.dark,
        };
        let picture = picture::picture(ui.ctx(), id, key, &self.cells, &self.mapping, theme);

        let window =
            CellSpan::new(clamped(rows.start), clamped(cols.start), clamped(rows.len()), clamped(cols.len()));
        let rect = grid.span_rect(window);
        // The last block may hold fewer cells than a texel has room for.
        let share = |cells: usize| cells as f32 / (cells.div_ceil(block) * block) as f32;
        let uv = Rect::from_min_max(Pos2::ZERO, pos2(share(cols.len()), share(rows.len())));
        painter.image(picture.texture.id(), rect, uv, Color32::WHITE);

        let mut not_yet = Hatching::new(Slope::Rising, grid.origin, theme.hatch_line);
        let mut stale = Hatching::new(Slope::Falling, grid.origin, theme.stale_line);
        for (state, span) in &picture.marked {
            let rect = grid.span_rect(*span).intersect(visible);
            match state {
                CellState::NotYet => not_yet.add(rect),
                CellState::Stale => stale.add(rect),
                CellState::Partial => self.rims_ui(painter, grid, *span, visible, theme, &mut not_yet),
                CellState::Current => {}
            }
        }
        stale.paint_ui(painter);
        not_yet.paint_ui(painter);

        if self.number_style_at(painter, grid.cell_points).is_none_or(|style| style.sparse) {
            signs_ui(painter, grid, theme, &picture.not_finite, visible);
        }
    }

    /// The hatched rims of running sums.
    fn rims_ui(
        &self,
        painter: &Painter,
        grid: ScreenFromGrid,
        span: CellSpan,
        visible: Rect,
        theme: &Theme,
        hatching: &mut Hatching,
    ) {
        let rim = (0.1 * grid.cell_points).clamp(1.0, 4.0).round();
        if grid.cell_points < 5.0 {
            hatching.add(grid.span_rect(span).intersect(visible));
            return;
        }
        for i in span.top..span.top + span.rows {
            for j in span.left..span.left + span.cols {
                let cell = grid.cell_rect(i, j);
                if !cell.intersects(visible) {
                    continue;
                }
                let inner = cell.shrink(rim);
                let sides = [
                    Rect::from_min_max(cell.min, pos2(cell.right(), inner.top())),
                    Rect::from_min_max(pos2(cell.left(), inner.bottom()), cell.max),
                    Rect::from_min_max(pos2(cell.left(), inner.top()), pos2(inner.left(), inner.bottom())),
                    Rect::from_min_max(pos2(inner.right(), inner.top()), pos2(cell.right(), inner.bottom())),
                ];
                for side in sides {
                    painter.rect_filled(side, 0, theme.hatch_ground);
                    hatching.add(side);
                }
            }
        }
    }

    /// The cells of zero padding around the plane.
    fn padding_ui(&self, ui: &Ui, grid: ScreenFromGrid, theme: &Theme, plane: Rect, visible: Rect, px: f32) {
        let painter = ui.painter();
        let width = self.padding as f32 * grid.cell_points;
        let whole = plane.expand(width);
        let bands = [
            Rect::from_min_max(whole.min, pos2(whole.right(), plane.top())),
            Rect::from_min_max(pos2(whole.left(), plane.bottom()), whole.max),
            Rect::from_min_max(pos2(whole.left(), plane.top()), plane.left_bottom()),
            Rect::from_min_max(plane.right_top(), pos2(whole.right(), plane.bottom())),
        ];
        let mut hatching = Hatching::new(Slope::Falling, grid.origin, theme.padding_line);
        for band in bands.map(|band| band.intersect(visible)) {
            painter.rect_filled(band, 0, theme.padding_ground);
            hatching.add(band);
        }
        hatching.paint_ui(painter);

        let padding = clamped(self.padding);
        let (last_row, last_col) = (clamped(self.rows) + padding, clamped(self.cols) + padding);
        let cells = || {
            (-padding..last_row)
                .flat_map(move |i| (-padding..last_col).map(move |j| (i, j)))
                .filter(|&cell| self.in_plane(cell).is_none())
                .map(|(i, j)| grid.cell_rect(i, j))
                .filter(|rect| rect.intersects(visible))
        };
        if grid.cell_points >= 8.0 {
            for rect in cells() {
                let line = Stroke::new(px, theme.padding_line);
                painter.rect_stroke(rect, 0, line, StrokeKind::Inside);
            }
        }
        if self.numbers && grid.cell_points >= 20.0 {
            let style = self.number_style_at(painter, grid.cell_points);
            let size = style.map_or(text_size::CELL_MIN, |style| style.size);
            let font = FontId::new(size, fonts::cells(ui.ctx()));
            let zero = painter.layout_no_wrap("0".to_owned(), font, theme.text_weak);
            for rect in cells() {
                // A patch of plain ground, so that no line runs through the sign.
                let patch = Rect::from_center_size(rect.center(), zero.size() + vec2(4.0, -2.0));
                painter.rect_filled(patch, 3, theme.padding_ground);
                let at = Align2::CENTER_CENTER.align_size_within_rect(zero.size(), rect).min;
                painter.galley(at, zero.clone(), theme.text_weak);
            }
        }
        painter.rect_stroke(whole, 0, Stroke::new(px, theme.padding_line), StrokeKind::Inside);
    }

    #[expect(clippy::too_many_arguments, reason = "all of it is one frame's state")]
    fn numbers_ui(
        &self,
        painter: &Painter,
        grid: ScreenFromGrid,
        theme: &Theme,
        rows: &Range<usize>,
        cols: &Range<usize>,
        style: Option<NumberStyle>,
        hovered: Option<(usize, usize)>,
    ) {
        let (Cells::Values(view), Some(style)) = (&self.cells, style) else { return };
        let font = FontId::new(style.size, fonts::cells(painter.ctx()));
        for i in rows.clone() {
            for j in cols.clone() {
                let is_marked = Some((i, j)) == hovered || Some((i, j)) == self.current;
                let CellView { value, state } = view(i, j);
                if state == CellState::NotYet || (style.sparse && !is_marked) {
                    continue;
                }
                let Some(text) = style.text(value) else { continue };
                let ground = picture::tinted(self.mapping.color(value), state, theme);
                let ink = theme.ink_on(ground);
                // Laid out without a colour, so that equal numbers share one layout.
                let galley = painter.layout_no_wrap(text, font.clone(), Color32::PLACEHOLDER);
                let rect = grid.span_rect(CellSpan::cell(i, j));
                let at = Align2::CENTER_CENTER.align_size_within_rect(galley.size(), rect).min;
                painter.galley(at, galley, ink);
            }
        }
    }
}

/// The part of a plane that the texture holds: all of it, or, where that would be too big, a little
/// more than what is visible, so that scrolling does not rebuild it in every frame.
fn texture_window(visible: &Range<usize>, all: usize, block: usize, most_texels: usize) -> Range<usize> {
    const STEP: usize = 256;
    if all.div_ceil(block) <= most_texels {
        return 0..all;
    }
    let start = visible.start / (STEP * block) * (STEP * block);
    let end = (visible.end.div_ceil(STEP * block) * (STEP * block)).min(all);
    start..end.min(start + most_texels * block)
}

/// Lines between cells: none between small ones, full between big ones.
fn cell_lines_ui(
    painter: &Painter,
    grid: ScreenFromGrid,
    theme: &Theme,
    rows: &Range<usize>,
    cols: &Range<usize>,
    plane: Rect,
    px: f32,
) {
    let strength = ((grid.cell_points - 5.0) / 9.0).clamp(0.0, 1.0);
    if strength == 0.0 {
        return;
    }
    let color = theme.cell_line.gamma_multiply(strength);
    let visible = plane.intersect(painter.clip_rect());
    let mut mesh = Mesh::default();
    for j in cols.start.max(1)..cols.end {
        let x = grid.origin.x + j as f32 * grid.cell_points;
        mesh.add_colored_rect(Rect::from_x_y_ranges(x - px..=x, visible.y_range()), color);
    }
    for i in rows.start.max(1)..rows.end {
        let y = grid.origin.y + i as f32 * grid.cell_points;
        mesh.add_colored_rect(Rect::from_x_y_ranges(visible.x_range(), y - px..=y), color);
    }
    painter.add(mesh);
}

/// How numbers are written into cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NumberStyle {
    /// The size of the digits in points.
    pub size: f32,
    /// The most characters.
    pub max_chars: usize,
    /// The most significant digits; `None` for as many as fit.
    pub max_digits: Option<usize>,
    /// So many decimals at most.
    pub decimals: Option<usize>,
    /// Only the current cell and the one under the pointer have their number.
    pub sparse: bool,
}

impl NumberStyle {
    /// A number in a cell; `None` if there is no honest text so short.
    pub fn text(&self, value: f32) -> Option<String> {
        let Some(text) = number::fit_number(value, self.max_chars, self.max_digits) else {
            // `≈0` is honest where decimals are limited anyway.
            return self.decimals.map(|most| number::decimals(value, most)).filter(|text| text == "≈0");
        };
        let decimals = |text: &str| text.split_once('.').map_or(0, |(_, after)| after.chars().count());
        match self.decimals {
            Some(most) if decimals(&text) > most => Some(number::decimals(value, most)),
            Some(_) | None => Some(text),
        }
    }
}

/// Full numbers, four digits, two, one or none, whichever can be read in a cell of this size.
fn number_plan(painter: &Painter, cell_points: f32) -> Option<NumberStyle> {
    if cell_points < 24.0 {
        return None;
    }
    let font = FontId::new(100.0, fonts::cells(painter.ctx()));
    let digit_per_em = painter.fonts_mut(|fonts| fonts.glyph_width(&font, '0')) / 100.0;
    // The point is narrower than a digit.
    let widest = |max_chars: usize| (max_chars as f32 - 0.5) * digit_per_em;
    let room = 0.85 * cell_points - 1.5;
    let levels = [(12, None), (7, Some(4)), (5, Some(2)), (4, Some(1))];
    levels.into_iter().find_map(|(max_chars, max_digits)| {
        let size = ((room / widest(max_chars) * 2.0).floor() / 2.0).min(text_size::CELL_MAX);
        let style = NumberStyle { size, max_chars, max_digits, decimals: None, sparse: false };
        (size >= text_size::CELL_MIN).then_some(style)
    })
}

/// Draws a sign into each visible cell that is NaN or infinite, where cells are large enough.
fn signs_ui(
    painter: &Painter,
    grid: ScreenFromGrid,
    theme: &Theme,
    not_finite: &[(usize, usize, f32)],
    visible: Rect,
) {
    let size = 0.55 * grid.cell_points;
    if size < 8.0 {
        return;
    }
    let font = FontId::proportional(size.min(text_size::CELL_MAX));
    for &(i, j, value) in not_finite {
        let rect = grid.span_rect(CellSpan::cell(i, j));
        if rect.intersects(visible) {
            let sign = if value.is_nan() { "?" } else { "∞" };
            let ink = theme.ink_on(theme.not_finite);
            painter.text(rect.center(), Align2::CENTER_CENTER, sign, font.clone(), ink);
        }
    }
}

#[cfg(test)]
mod tests;
