//! A grid of cells with a caption: one plane of a tensor, a run of its cells wrapped into rows, or numbers computed per
//! cell; and a row of such grids with signs between.

use super::heading::map_detail;
use crate::trace::{Address, TensorId};
use crate::ui::{
    colormap::{Mapping, legend_ui},
    names,
    tensor_plane::{self, TensorPlane},
    theme::{self, Theme, space, text_size},
    view::View,
    widgets::{
        addressed_grid as cells,
        grid::{CellSpan, CellState, CellView, MARGIN, Overlay, ScreenFromGrid, snap_cell},
    },
};
use egui::{Color32, FontId, Galley, Pos2, Rect, Ui, Vec2, pos2, text::LayoutJob, vec2};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    rc::Rc,
    sync::Arc,
};

/// Gives a grid's k-th cell.
type CellOf<'a> = Rc<dyn Fn(usize) -> CellView + 'a>;
/// Where a grid's k-th cell is.
type AddressOf<'a> = Rc<dyn Fn(usize) -> Address + 'a>;

/// Where the cells come from.
#[derive(Clone)]
enum CellSource<'a> {
    /// Cells of a tensor: the first, and how far apart they lie.
    Tensor { plane: TensorPlane<'a>, first: u32, stride: u32 },
    /// Numbers that are in no tensor.
    Values { cells: CellOf<'a>, address: Option<AddressOf<'a>>, revision: u64 },
}

/// A rectangle of cells with a caption.
pub(super) struct CaptionedGrid<'a> {
    source: CellSource<'a>,
    len: usize,
    rows: usize,
    cols: usize,
    mapping: Mapping,
    name: String,
    detail: String,
    overlays: Vec<Overlay>,
    focus: Option<(usize, usize)>,
    least: f32,
    largest: f32,
    legend: bool,
    crossing: bool,
}

impl<'a> CaptionedGrid<'a> {
    /// One plane.
    pub(super) fn from_plane(
        plane: TensorPlane<'a>,
        name: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        let (rows, cols) = (plane.rows(), plane.cols());
        let source = CellSource::Tensor { plane, first: plane.index(0, 0), stride: 1 };
        Self::build(source, rows * cols, rows, cols, plane.mapping(), name, detail)
    }

    /// `len` cells of a tensor from `first` on, each `stride` after the one before, in rows of `cols`;
    /// named by what they are and which part of it.
    pub(super) fn from_cells(
        view: &View,
        plane: TensorPlane<'a>,
        image: u32,
        [first, stride]: [u32; 2],
        len: usize,
        cols: usize,
        [name, detail]: [String; 2],
    ) -> Self {
        let cols = cols.clamp(1, len.max(1));
        let mapping = tensor_plane::mapping(view, plane.tensor(), image, None);
        let source = CellSource::Tensor { plane, first, stride };
        Self::build(source, len, len.div_ceil(cols), cols, mapping, name, detail)
    }

    /// Numbers of the trace that are in no tensor, in the shape of a grid.
    pub(super) fn from_values(
        cells: impl Fn(usize) -> CellView + 'a,
        revision: u64,
        shape: [usize; 3],
        mapping: Mapping,
        name: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        let [len, rows, cols] = shape;
        let source = CellSource::Values { cells: Rc::new(cells), address: None, revision };
        Self::build(source, len, rows, cols, mapping, name, detail)
    }

    fn build(
        source: CellSource<'a>,
        len: usize,
        rows: usize,
        cols: usize,
        mapping: Mapping,
        name: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            source,
            len,
            rows,
            cols,
            mapping,
            name: name.into(),
            detail: detail.into(),
            overlays: Vec::new(),
            focus: None,
            least: 0.0,
            largest: 60.0,
            legend: true,
            crossing: false,
        }
    }

    /// Rows and columns.
    pub(super) const fn shape(&self) -> [usize; 2] {
        [self.rows, self.cols]
    }

    /// Number of cells, rows and columns, for a made grid of the same form.
    pub(super) const fn form(&self) -> [usize; 3] {
        [self.len, self.rows, self.cols]
    }

    /// Where the cells of a made grid are.
    pub(super) fn addressed(mut self, of: impl Fn(usize) -> Address + 'a) -> Self {
        if let CellSource::Values { address, .. } = &mut self.source {
            *address = Some(Rc::new(of));
        }
        self
    }

    /// Frames the k-th cell as the current one.
    pub(super) fn focus(mut self, k: impl Into<Option<usize>>) -> Self {
        self.focus = k.into().filter(|&k| k < self.len).map(|k| (k / self.cols, k % self.cols));
        self
    }

    /// Lays something over its cells.
    pub(super) fn over(mut self, overlays: impl IntoIterator<Item = Overlay>) -> Self {
        self.overlays.extend(overlays);
        self
    }

    /// With another name.
    pub(super) fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The same form and colours with other cells.
    pub(super) fn with_cells(
        mut self,
        cells: impl Fn(usize) -> CellView + 'a,
        revision: u64,
        address: impl Fn(usize) -> Address + 'a,
    ) -> Self {
        self.source = CellSource::Values { cells: Rc::new(cells), address: Some(Rc::new(address)), revision };
        self
    }

    /// Cells at most so large.
    pub(super) fn at_most(mut self, points: f32) -> Self {
        self.largest = points;
        self
    }

    /// Cells at least so large, where the room is high enough.
    pub(super) fn at_least(mut self, points: f32) -> Self {
        self.least = points;
        self
    }

    /// Its cells' side in a row of the given height whose cells are `cell` wide.
    fn cell_points(&self, cell: f32, height: f32) -> f32 {
        let least = self.least.min((height - 2.0 * MARGIN) / self.rows.max(1) as f32);
        cell.max(least).min(self.largest)
    }

    /// Cells as large as another grid's.
    pub(super) fn sized_like(mut self, other: &CaptionedGrid<'_>) -> Self {
        (self.least, self.largest) = (other.least, other.largest);
        self
    }

    /// Crosses its cells that are 0, where they are few enough for crosses to be seen.
    pub(super) fn crossing_zeros(mut self, crossing: bool) -> Self {
        self.crossing = crossing;
        self
    }

    /// Leaves its colours out of the legends.
    pub(super) fn without_legend(mut self) -> Self {
        self.legend = false;
        self
    }

    /// The k-th cell.
    pub(super) fn cell(&self, k: usize) -> CellView {
        match &self.source {
            CellSource::Tensor { plane, first, stride } => plane.cell_at(first + k as u32 * stride),
            CellSource::Values { cells, .. } => cells(k),
        }
    }

    /// The cells next to the framed one, in its form; `None` where there is none, or nothing to leave
    /// out.
    fn near(&self) -> Option<Self> {
        let (i, j) = self.focus?;
        let (rows, cols) = (self.rows.min(3), self.cols.min(3));
        if rows * cols == self.len {
            return None;
        }
        let top = i.saturating_sub(1).min(self.rows - rows);
        let left = j.saturating_sub(1).min(self.cols - cols);
        let (source, width, len) = (self.source.clone(), self.cols, self.len);
        let of = move |k: usize| (top + k / cols) * width + left + k % cols;
        let mut hasher = DefaultHasher::new();
        (self.revision(), top, left).hash(&mut hasher);
        let cells = move |k: usize| match &source {
            CellSource::Tensor { .. } | CellSource::Values { .. } if of(k) >= len => CellView::not_yet(),
            CellSource::Tensor { plane, first, stride } => plane.cell_at(first + of(k) as u32 * stride),
            CellSource::Values { cells, .. } => cells(of(k)),
        };
        let form = [rows * cols, rows, cols];
        let detail = format!("({top}…{}, {left}…{})", top + rows - 1, left + cols - 1);
        let near = Self::from_values(cells, hasher.finish(), form, self.mapping, self.name.clone(), detail);
        let near = match self.source.clone() {
            CellSource::Tensor { plane, first, stride } => {
                near.addressed(move |k| plane.address_at(first + of(k).min(len - 1) as u32 * stride))
            }
            CellSource::Values { address: Some(place), .. } => {
                near.addressed(move |k| place(of(k).min(len - 1)))
            }
            CellSource::Values { address: None, .. } => near,
        };
        let near = near.crossing_zeros(self.crossing);
        Some(near.focus((i - top) * cols + j - left).at_most(44.0).without_legend())
    }

    /// The overlay that frames a cell.
    pub(super) fn span(&self, k: usize) -> CellSpan {
        CellSpan::cell(k / self.cols, k % self.cols)
    }

    fn address(&self, k: usize) -> Option<Address> {
        match &self.source {
            CellSource::Tensor { plane, first, stride } => Some(plane.address_at(first + k as u32 * stride)),
            CellSource::Values { address, .. } => address.as_ref().map(|of| of(k)),
        }
    }

    /// Which of its cells an address names.
    fn index_of(&self, view: &View, address: &Address) -> Option<usize> {
        let CellSource::Tensor { plane, first, stride } = &self.source else { return None };
        let (tensor, image, index) = view.state.trace().tensor_cell(address)?;
        if tensor != plane.tensor() || (tensor.is_per_image() && image != plane.image()) {
            return None;
        }
        let from_first = index.checked_sub(*first)?;
        let k = (from_first / stride) as usize;
        (from_first % stride == 0 && k < self.len).then_some(k)
    }

    fn revision(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        match &self.source {
            CellSource::Tensor { plane, first, stride } => {
                let end = first + self.len as u32 * stride;
                plane.revision_of(*first..end).hash(&mut hasher);
                (first, stride).hash(&mut hasher);
            }
            CellSource::Values { revision, .. } => revision.hash(&mut hasher),
        }
        (self.rows, self.cols).hash(&mut hasher);
        hasher.finish()
    }

    fn label(&self, view: &View, cell: Option<(usize, usize)>) -> String {
        let Some((i, j)) = cell else { return self.name.clone() };
        let k = i * self.cols + j;
        if k >= self.len {
            return self.name.clone();
        }
        let shown = self.cell(k);
        let value = match shown.state {
            CellState::NotYet => view.text("grid.not_yet"),
            CellState::Partial | CellState::Current | CellState::Stale => {
                crate::ui::number::four_digits(shown.value)
            }
        };
        let place = match (&self.source, self.address(k)) {
            (CellSource::Tensor { .. }, Some(address)) => names::cell(view, &address),
            _ => format!("{} ({i},{j})", self.name),
        };
        format!("{place} = {value}")
    }

    /// Draws the cells, `cell_points` wide each, at a place.
    fn show_ui(&self, ui: &mut Ui, view: &View, id: &str, at: Pos2, cell_points: f32) -> ScreenFromGrid {
        let theme = view.theme;
        let cell = |i: usize, j: usize| {
            let k = i * self.cols + j;
            if k < self.len { self.cell(k) } else { CellView::current(0.0) }
        };
        let mut overlays = Vec::new();
        let rest = self.rows * self.cols - self.len;
        if rest > 0 {
            let (row, col) = (self.rows as i32 - 1, (self.cols - rest) as i32);
            overlays.push(Overlay::tint(CellSpan::new(row, col, 1, rest as i32), theme.ground));
        }
        overlays.extend(self.overlays.iter().cloned());
        if self.crossing && self.len <= 150 {
            let zeros = (0..self.len).filter(|&k| self.cell(k) == CellView::current(0.0));
            let cell = |k: usize| ((k / self.cols) as i32, (k % self.cols) as i32);
            overlays.extend(zeros.map(cell).map(|(i, j)| Overlay::cross(i, j, theme.bad)));
        }
        if let Some(k) = view.hovered().and_then(|address| self.index_of(view, &address)) {
            overlays.push(Overlay::outline(self.span(k), theme.hover).with_width(1.5));
        }
        let selected = self.focus.filter(|_| view.state.selected().is_some());
        if let Some((i, j)) = self.focus.filter(|_| selected.is_none()) {
            overlays.push(Overlay::cursor(theme, i, j));
        }
        let drawn = cells::AddressedGrid {
            id,
            rows: self.rows,
            cols: self.cols,
            mapping: self.mapping,
            revision: self.revision(),
            cell_points,
            cell: &cell,
            address: &|i, j| Some(i * self.cols + j).filter(|&k| k < self.len).and_then(|k| self.address(k)),
            label: &|cell| self.label(view, cell),
            overlays,
        };
        // A last row that is not full would show zeros under its cover.
        let numbers = rest == 0 || cell_points < 24.0;
        cells::framed_grid_ui(ui, view, at, drawn, selected, numbers).screen_from_grid
    }
}

/// One thing in a row.
pub(super) enum Item<'a> {
    /// Cells.
    Grid(Box<CaptionedGrid<'a>>),
    /// A sign of arithmetic, or an arrow.
    Sign(&'static str),
    /// The room of an arrow between grids, whose tops are in line; one from cell to cell is drawn there by
    /// [`link_ui`].
    Link {
        /// It is drawn from cell to cell, so none is here.
        from_cell: bool,
    },
}

impl<'a> From<CaptionedGrid<'a>> for Item<'a> {
    fn from(grid: CaptionedGrid<'a>) -> Self {
        Self::Grid(Box::new(grid))
    }
}

impl From<&'static str> for Item<'_> {
    fn from(sign: &'static str) -> Self {
        Self::Sign(sign)
    }
}

const GAP: f32 = 10.0;

/// A caption in two lines: what it is, and which part of it.
fn caption(ui: &Ui, theme: &Theme, name: &str, detail: &str, longest: f32) -> [Arc<Galley>; 2] {
    // Each line by itself, so that a long one ends in dots instead of pushing its neighbours away.
    let line = |text: &str, font: FontId, color| {
        let mut job = LayoutJob::simple_singleline(text.to_owned(), font, color);
        job.wrap = egui::text::TextWrapping::truncate_at_width(longest);
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let strong = FontId::new(text_size::SMALL, crate::ui::fonts::strong());
    [line(name, strong, theme.text), line(detail, theme::small_font(), theme.text_weak)]
}

fn sign_galley(ui: &Ui, theme: &Theme, sign: &str) -> Arc<Galley> {
    let font = FontId::new(text_size::HEADING, crate::ui::fonts::strong());
    ui.fonts_mut(|fonts| fonts.layout_no_wrap(sign.to_owned(), font, theme.text_weak))
}

/// Where a grid was drawn.
#[derive(Clone, Copy)]
pub(super) struct Drawn {
    /// Its cells on the screen.
    pub(super) grid: ScreenFromGrid,
    /// The rectangle of its cells.
    pub(super) rect: Rect,
}

/// How high the legends below a row are.
pub(super) const LEGENDS_HEIGHT: f32 = 44.0;

/// Draws grids and signs side by side within `room`, all cells equally large where they fit, so
/// that sizes can be compared; the legends of their colours stand below.
pub(super) fn row_ui(ui: &mut Ui, view: &View, salt: usize, items: &[Item], room: Vec2) -> Vec<Drawn> {
    let theme = view.theme;
    let ppp = ui.pixels_per_point();
    let longest = if room.x < 480.0 { 84.0 } else { 120.0 };
    let words: Vec<Vec<Arc<Galley>>> = items
        .iter()
        .map(|item| match item {
            Item::Grid(grid) => caption(ui, theme, &grid.name, &grid.detail, longest).to_vec(),
            Item::Sign(sign) => vec![sign_galley(ui, theme, sign)],
            Item::Link { .. } => vec![sign_galley(ui, theme, "→")],
        })
        .collect();
    let line_height = ui.text_style_height(&egui::TextStyle::Small);
    let has_grid = items.iter().any(|item| matches!(item, Item::Grid(_)));
    let has_detail = items.iter().any(|item| matches!(item, Item::Grid(grid) if !grid.detail.is_empty()));
    let lines = f32::from(u8::from(has_grid) + u8::from(has_detail));
    let caption_height = lines * line_height + space::XS;
    let words_width = |words: &[Arc<Galley>]| words.iter().map(|galley| galley.size().x).fold(0.0, f32::max);
    let most = room.y - caption_height;
    let side = |grid: &CaptionedGrid, cell: f32| snap_cell(grid.cell_points(cell, most), ppp);
    let width_of = |item: &Item, words: &[Arc<Galley>], cell: f32| match item {
        Item::Grid(grid) => {
            let cells = grid.cols as f32 * side(grid, cell) + 2.0 * MARGIN;
            cells.max(words_width(words))
        }
        Item::Sign(_) | Item::Link { .. } => words_width(words),
    };
    let total = |cell: f32| -> f32 {
        let widths = items.iter().zip(&words).map(|(item, words)| width_of(item, words, cell));
        widths.sum::<f32>() + GAP * items.len().saturating_sub(1) as f32
    };
    let height = |cell: f32| -> f32 {
        let heights = items.iter().filter_map(|item| match item {
            Item::Grid(grid) => Some(grid.rows as f32 * side(grid, cell)),
            Item::Sign(_) | Item::Link { .. } => None,
        });
        heights.fold(0.0, f32::max) + 2.0 * MARGIN
    };
    // An arrow to a cell would cross the caption of a grid that stands lower.
    let in_line = items.iter().any(|item| matches!(item, Item::Link { .. }));
    // Whole pixels above two, then smooth: the largest that fits.
    let cell = (2..=72)
        .rev()
        .map(|px| px as f32 / ppp)
        .chain((1..16).rev().map(|k| k as f32 / 8.0 / ppp))
        .find(|&cell| total(cell) <= room.x && height(cell) <= most + 0.5)
        .unwrap_or(0.125);
    let size = vec2(total(cell).max(1.0), height(cell) + caption_height);
    let (outer, _) = ui.allocate_exact_size(vec2(size.x.max(room.x), size.y), egui::Sense::hover());
    let mut x = outer.left() + (0.5 * (outer.width() - size.x)).max(0.0);
    let cells_top = outer.top() + caption_height;
    let middle = cells_top + 0.5 * (size.y - caption_height);
    let mut drawn = Vec::new();
    for (k, (item, words)) in items.iter().zip(&words).enumerate() {
        let width = width_of(item, words, cell);
        match item {
            Item::Grid(grid) => {
                let cell = side(grid, cell);
                let size = vec2(grid.cols as f32, grid.rows as f32) * cell + Vec2::splat(2.0 * MARGIN);
                let top = if in_line { cells_top } else { middle - 0.5 * size.y };
                let min = pos2(x + 0.5 * (width - size.x), top).round();
                let rect = Rect::from_min_size(min, size);
                let screen = grid.show_ui(ui, view, &format!("grid {salt} {k}"), min, cell);
                let left = if words_width(words) > size.x { x } else { rect.left() + MARGIN };
                let height = if grid.detail.is_empty() { line_height } else { 2.0 * line_height };
                let words = caption(ui, theme, &grid.name, &grid.detail, longest.max(size.x));
                for (line, words) in words.iter().enumerate() {
                    let at = pos2(left, rect.top() - height - 2.0 + line as f32 * line_height);
                    ui.painter().galley(at, words.clone(), theme.text);
                }
                drawn.push(Drawn { grid: screen, rect: rect.shrink(MARGIN) });
            }
            Item::Link { from_cell: true } => {}
            Item::Sign(_) | Item::Link { from_cell: false } => {
                for words in words {
                    let at = pos2(x, middle - 0.5 * words.size().y);
                    ui.painter().galley(at, words.clone(), theme.text_weak);
                }
            }
        }
        x += width + GAP;
    }
    drawn
}

/// Below a row whose cells are too small to read: the framed cells and their neighbours, enlarged,
/// where at least `spare` points of height stay free.
pub(super) fn near_ui(ui: &mut Ui, view: &View, salt: usize, items: &[Item], drawn: &[Drawn], spare: f32) {
    const HEIGHT: f32 = 150.0;
    let small = drawn.iter().any(|grid| grid.grid.cell_points < 24.0);
    if !small || ui.available_height() < HEIGHT + spare {
        return;
    }
    let near: Option<Vec<Item>> = items
        .iter()
        .map(|item| match item {
            Item::Grid(grid) if grid.len == 1 => None,
            Item::Grid(grid) => grid.near().map(Item::from),
            Item::Sign(sign) => Some(Item::Sign(sign)),
            Item::Link { from_cell } => Some(Item::Link { from_cell: *from_cell }),
        })
        .collect();
    if let Some(near) = near {
        ui.add_space(space::S);
        row_ui(ui, view, salt, &near, vec2(ui.available_width(), HEIGHT));
    }
}

/// The legends of the grids' colours, one for each mapping.
pub(super) fn legends_ui(ui: &mut Ui, view: &View, items: &[Item]) {
    let mut shown: Vec<(Mapping, Vec<&str>)> = Vec::new();
    for item in items {
        if let Item::Grid(grid) = item
            && grid.legend
        {
            match shown.iter_mut().find(|(mapping, _)| *mapping == grid.mapping) {
                Some((_, names)) if names.contains(&grid.name.as_str()) => {}
                Some((_, names)) => names.push(&grid.name),
                None => shown.push((grid.mapping, vec![&grid.name])),
            }
        }
    }
    // Rows are filled by hand: a group of words and bar must stay together.
    const BAR: f32 = 136.0;
    let width_of = |names: &[&str]| {
        let font = theme::small_font();
        let words = ui.fonts_mut(|fonts| fonts.layout_no_wrap(names.join(", "), font, Color32::PLACEHOLDER));
        words.size().x + space::S + BAR
    };
    let mut rows: Vec<(f32, Vec<usize>)> = Vec::new();
    for (k, (_, names)) in shown.iter().enumerate() {
        let width = width_of(names);
        match rows.last_mut() {
            Some((used, row)) if *used + space::L + width <= ui.available_width() => {
                *used += space::L + width;
                row.push(k);
            }
            _ => rows.push((width, vec![k])),
        }
    }
    for (width, row) in rows {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            ui.add_space((0.5 * (ui.available_width() - width)).max(0.0));
            for (place, &k) in row.iter().enumerate() {
                if place > 0 {
                    ui.add_space(space::L - space::S);
                }
                let (mapping, names) = &shown[k];
                ui.label(egui::RichText::new(names.join(", ")).small().color(view.theme.text_weak));
                legend_ui(ui, mapping, BAR, None);
            }
        });
    }
}

/// An arrow from a cell of a grid to one of another, with a seam so that it is seen on any ground.
pub(super) fn link_ui(
    ui: &Ui,
    from: (&Drawn, usize, usize),
    to: (&Drawn, usize, usize),
    color: Color32,
    theme: &Theme,
) {
    let cell = |(drawn, i, j): (&Drawn, usize, usize)| drawn.grid.cell_rect(i as i32, j as i32);
    let top = from.0.rect.top().min(to.0.rect.top());
    let (from, to) = (cell(from).right_center(), cell(to).left_center());
    let along = (to - from).normalized();
    if !along.is_finite() || (to - from).length() < 4.0 {
        return;
    }
    let side = vec2(-along.y, along.x);
    // A slight bow keeps it off the rows of cells; upwards, where that does not lead into the captions.
    let bend = 0.12 * (to - from).length();
    let bowed = |up: f32| from + 0.5 * (to - from) - side * bend * up * along.x.signum();
    let control = if bowed(1.0).y > top { bowed(1.0) } else { bowed(-1.0) };
    let curve = |t: f32| {
        let (a, b) = (from.lerp(control, t), control.lerp(to, t));
        a.lerp(b, t)
    };
    let points: Vec<Pos2> = (0..=24).map(|k| curve(k as f32 / 24.0)).collect();
    let painter = ui.painter();
    let head = (to - control).normalized();
    let wing = vec2(-head.y, head.x);
    let base = to - head * 10.0;
    let shaft: Vec<Pos2> =
        points.iter().copied().filter(|p| (*p - to).dot(head) < -6.0).chain([base]).collect();
    painter.line(shaft.clone(), egui::Stroke::new(4.5, theme.halo));
    painter.line(shaft, egui::Stroke::new(2.0, color));
    let tip = vec![to, base + wing * 5.0, base - wing * 5.0];
    painter.add(egui::Shape::convex_polygon(tip, color, egui::Stroke::new(1.0, theme.halo)));
}

/// Lines from the corners of some cells to where they are shown larger.
pub(super) fn zoom_ui(ui: &Ui, small: Rect, large: Rect, theme: &Theme) {
    let stroke = egui::Stroke::new(1.0, theme.reads.gamma_multiply(0.45));
    for (from, to) in [(small.left_bottom(), large.left_top()), (small.right_bottom(), large.right_top())] {
        ui.painter().line_segment([from, to], stroke);
    }
}

/// How many columns a vector of `len` cells is wrapped into: one up to `most`, then near a square,
/// without a rest where that can be.
pub(super) fn wrap(len: usize, most: usize) -> usize {
    if len <= most {
        return 1;
    }
    let side = (len as f32).sqrt().ceil() as usize;
    (side..=2 * side).find(|cols| len.is_multiple_of(*cols)).unwrap_or(side)
}

/// A cell of a tensor among its neighbours, framed: its plane, or, where planes have but one cell,
/// the vector or the row of the weight that it stands in.
pub(super) fn around<'a>(view: &'a View<'a>, tensor: TensorId, image: u32, index: u32) -> CaptionedGrid<'a> {
    let channel = index as usize / view.state.plan().shape_of(tensor).plane().max(1);
    around_in(view, TensorPlane::new(view, tensor, image, channel), index)
}

/// The same of a given state of a tensor.
pub(super) fn around_in<'a>(view: &'a View<'a>, plane: TensorPlane<'a>, index: u32) -> CaptionedGrid<'a> {
    let (plan, tensor, image) = (view.state.plan(), plane.tensor(), plane.image());
    let shape = plan.shape_of(tensor);
    let name = names::tensor(view, tensor);
    let k = index as usize;
    if shape.plane() > 1 {
        let detail = map_detail(view, tensor, k / shape.plane());
        return CaptionedGrid::from_plane(plane, name, detail).focus(k % shape.plane());
    }
    if plan.is_weight_shaped(tensor) {
        let features = shape.0[1];
        let (o, f) = (k / features, k % features);
        let detail = view.fill("closeup.row_of", &[("o", &o.to_string()), ("count", &features.to_string())]);
        let first = (o * features) as u32;
        return CaptionedGrid::from_cells(
            view,
            plane,
            image,
            [first, 1],
            features,
            wrap(features, 12),
            [name, detail],
        )
        .focus(f);
    }
    let len = shape.len();
    let detail = view.fill("closeup.cells", &[("count", &len.to_string())]);
    let strip =
        CaptionedGrid::from_cells(view, plane, image, [0, 1], len, wrap(len, 12), [name, detail]).focus(k);
    if len <= 12 { strip.at_least(30.0).at_most(40.0) } else { strip }
}
