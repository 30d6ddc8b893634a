//! A part of a close-up: one plane of a tensor, a run of its cells wrapped into rows, or numbers computed per cell; with
//! its title, what is marked in it, and which of its cells are enlarged.

use super::ladder::PartForm;
use crate::trace::{Address, TensorId};
use crate::ui::{
    colormap::Mapping,
    names,
    tensor_plane::{self, TensorPlane},
    view::{Legend, View},
    widgets::{
        addressed_grid::{AddressedGrid, framed_grid_ui},
        grid::{CellSpan, CellState, CellView, MARGIN, NumberStyle, Overlay, ScreenFromGrid},
    },
};
use egui::{Pos2, Rect, Ui, UiBuilder};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    rc::Rc,
};

/// Gives a part's k-th cell.
type CellOf<'a> = Rc<dyn Fn(usize) -> CellView + 'a>;
/// Where a part's k-th cell is.
type AddressOf<'a> = Rc<dyn Fn(usize) -> Address + 'a>;

/// Where the cells come from.
#[derive(Clone)]
enum CellSource<'a> {
    /// Cells of a tensor: the first, and how far apart they lie.
    Tensor { plane: TensorPlane<'a>, first: u32, stride: u32 },
    /// Numbers that are in no tensor.
    Values { cells: CellOf<'a>, address: Option<AddressOf<'a>>, revision: u64 },
}

/// A rectangle of cells with a title.
pub(super) struct Part<'a> {
    source: CellSource<'a>,
    len: usize,
    rows: usize,
    cols: usize,
    mapping: Mapping,
    title: String,
    detail: String,
    legend: Option<String>,
    overlays: Vec<Overlay>,
    near_overlays: Vec<Overlay>,
    focus: Option<(usize, usize)>,
    near: Option<CellSpan>,
    crossing: bool,
    outside: &'static str,
    alone: Option<(usize, usize)>,
}

/// Where a part was drawn.
#[derive(Clone, Copy)]
pub(super) struct Drawn {
    /// All its cells on the screen, also those that are not shown.
    pub(super) grid: ScreenFromGrid,
    /// The rectangle of the cells shown.
    pub(super) rect: Rect,
}

/// What of a part is drawn.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Shown {
    /// All cells, with numbers.
    Whole,
    /// All cells as a picture.
    Map,
    /// These, enlarged.
    Near(CellSpan),
}

impl<'a> Part<'a> {
    /// One plane.
    pub(super) fn from_plane(
        plane: TensorPlane<'a>,
        title: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        let (rows, cols) = (plane.rows(), plane.cols());
        let source = CellSource::Tensor { plane, first: plane.index(0, 0), stride: 1 };
        Self::build(source, [rows * cols, rows, cols], plane.mapping(), title, detail)
    }

    /// `len` cells of a tensor from `first` on, each `stride` after the one before, in rows of `cols`; with a title and
    /// a line under it.
    pub(super) fn from_cells(
        view: &View,
        plane: TensorPlane<'a>,
        [first, stride]: [u32; 2],
        len: usize,
        cols: usize,
        [title, detail]: [String; 2],
    ) -> Self {
        let cols = cols.clamp(1, len.max(1));
        let mapping = tensor_plane::mapping(view, plane.tensor(), plane.image(), None);
        let source = CellSource::Tensor { plane, first, stride };
        Self::build(source, [len, len.div_ceil(cols), cols], mapping, title, detail)
    }

    /// Numbers of the trace that are in no tensor: how many, in how many rows and columns.
    pub(super) fn from_values(
        cells: impl Fn(usize) -> CellView + 'a,
        revision: u64,
        form: [usize; 3],
        mapping: Mapping,
        title: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        let source = CellSource::Values { cells: Rc::new(cells), address: None, revision };
        Self::build(source, form, mapping, title, detail)
    }

    fn build(
        source: CellSource<'a>,
        [len, rows, cols]: [usize; 3],
        mapping: Mapping,
        title: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        let (title, detail) = (title.into(), detail.into());
        Self {
            source,
            len,
            rows,
            cols,
            mapping,
            legend: Some(title.clone()),
            title,
            detail,
            overlays: Vec::new(),
            near_overlays: Vec::new(),
            focus: None,
            near: None,
            crossing: false,
            outside: "0",
            alone: None,
        }
    }

    /// Number of cells, rows and columns, for values of the same form.
    pub(super) const fn form(&self) -> [usize; 3] {
        [self.len, self.rows, self.cols]
    }

    /// Its title and the line under it.
    pub(super) fn words(&self) -> [&str; 2] {
        [&self.title, &self.detail]
    }

    /// Its colours and what they stand for, if it has a legend.
    pub(super) fn legend(&self) -> Option<Legend> {
        let name = self.legend.as_deref()?;
        Some(match &self.source {
            CellSource::Tensor { plane, .. } => plane.legend(name, self.mapping),
            CellSource::Values { .. } => Legend::new(self.mapping, "").named(name, None),
        })
    }

    /// Where the cells of values are.
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

    /// Enlarges these cells instead of those around the current one; what lies outside is padding.
    pub(super) fn near(mut self, span: CellSpan) -> Self {
        self.near = Some(span);
        self
    }

    /// What the padding around its cells holds, if it is not 0; empty where there are no cells.
    pub(super) fn outside(mut self, number: &'static str) -> Self {
        self.outside = number;
        self
    }

    /// The cell that is left where there is room for one alone, in place of the one in focus.
    pub(super) fn alone(mut self, cell: Option<[usize; 2]>) -> Self {
        self.alone = cell.map(|[i, j]| (i, j));
        self
    }

    /// Lays something over its cells.
    pub(super) fn over(mut self, overlays: impl IntoIterator<Item = Overlay>) -> Self {
        self.overlays.extend(overlays);
        self
    }

    /// Lays something over its cells where they are large.
    pub(super) fn over_large(mut self, overlays: impl IntoIterator<Item = Overlay>) -> Self {
        self.near_overlays.extend(overlays);
        self
    }

    /// With another title; its legend keeps the old one.
    pub(super) fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds a line under its title.
    pub(super) fn detailed(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// A part of the same form and colours with other cells.
    pub(super) fn with_cells(
        mut self,
        cells: impl Fn(usize) -> CellView + 'a,
        revision: u64,
        address: impl Fn(usize) -> Address + 'a,
    ) -> Self {
        self.source = CellSource::Values { cells: Rc::new(cells), address: Some(Rc::new(address)), revision };
        self
    }

    /// Crosses its cells that are 0, where they are large enough for crosses to be seen.
    pub(super) fn crossing_zeros(mut self, crossing: bool) -> Self {
        self.crossing = crossing;
        self
    }

    /// Leaves its colours out of the legends.
    pub(super) fn without_legend(mut self) -> Self {
        self.legend = None;
        self
    }

    /// The span of the k-th cell.
    pub(super) fn span(&self, k: usize) -> CellSpan {
        CellSpan::cell(k / self.cols, k % self.cols)
    }

    /// What the ladder needs to know of it; `words` are the widths of its title and of the line under it.
    pub(super) fn fitted(&self, words: [f32; 2]) -> PartForm {
        let near = self.near_span().map(|span| [span.rows, span.cols].map(|n| n.max(1) as usize));
        PartForm { whole: [self.rows, self.cols], near, words }
    }

    /// What is enlarged: what was asked for, or the neighbours of the cell in focus; `None` for a part of few cells.
    pub(super) fn near_span(&self) -> Option<CellSpan> {
        if self.near.is_some() || (self.rows <= 4 && self.cols <= 4) {
            return self.near;
        }
        let (i, j) = self.focus.unwrap_or((0, 0));
        let (rows, cols) = (self.rows.min(3), self.cols.min(3));
        let (top, left) =
            (i.saturating_sub(1).min(self.rows - rows), j.saturating_sub(1).min(self.cols - cols));
        Some(CellSpan::new(top as i32, left as i32, rows as i32, cols as i32))
    }

    /// The cell in focus alone, or the first of those that would be enlarged.
    pub(super) fn alone_span(&self) -> CellSpan {
        match (self.alone.or(self.focus), self.near) {
            (Some((i, j)), _) => CellSpan::cell(i, j),
            (None, Some(span)) => CellSpan::new(span.top.max(0), span.left.max(0), 1, 1),
            (None, None) => CellSpan::cell(0, 0),
        }
    }

    /// The cells that `shown` shows.
    fn shown_span(&self, shown: Shown) -> CellSpan {
        match shown {
            Shown::Whole | Shown::Map => CellSpan::new(0, 0, self.rows as i32, self.cols as i32),
            Shown::Near(span) => span,
        }
    }

    /// The numbers that are there among the cells that `shown` shows.
    pub(super) fn numbers(&self, shown: Shown) -> impl Iterator<Item = f32> + '_ {
        let span = self.shown_span(shown);
        let cells =
            (0..span.rows).flat_map(move |i| (0..span.cols).map(move |j| (i + span.top, j + span.left)));
        let cells = cells.filter_map(|(i, j)| self.index(i, j)).map(|k| self.cell(k));
        cells.filter(|cell| cell.state != CellState::NotYet).map(|cell| cell.value)
    }

    /// The k-th cell.
    pub(super) fn cell(&self, k: usize) -> CellView {
        match &self.source {
            CellSource::Tensor { plane, first, stride } => plane.cell_at(first + k as u32 * stride),
            CellSource::Values { cells, .. } => cells(k),
        }
    }

    /// Which cell is in row `i` and column `j`, if one is.
    fn index(&self, i: i32, j: i32) -> Option<usize> {
        let (i, j) = (usize::try_from(i).ok()?, usize::try_from(j).ok()?);
        (i < self.rows && j < self.cols && i * self.cols + j < self.len).then_some(i * self.cols + j)
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

    fn revision(&self, span: CellSpan) -> u64 {
        let mut hasher = DefaultHasher::new();
        match &self.source {
            CellSource::Tensor { plane, first, stride } => {
                let end = first + self.len as u32 * stride;
                plane.revision_of(*first..end).hash(&mut hasher);
                (first, stride).hash(&mut hasher);
            }
            CellSource::Values { revision, .. } => revision.hash(&mut hasher),
        }
        (self.rows, self.cols, span).hash(&mut hasher);
        hasher.finish()
    }

    fn label(&self, view: &View, k: Option<usize>) -> String {
        let Some(k) = k else { return self.title.clone() };
        let shown = self.cell(k);
        let value = match shown.state {
            CellState::NotYet => view.text("grid.not_yet"),
            CellState::Partial | CellState::Current | CellState::Stale => {
                crate::ui::number::four_digits(shown.value)
            }
        };
        let cell = self.address(k).and_then(|address| view.state.trace().tensor_cell(&address));
        match (&self.source, cell) {
            (CellSource::Tensor { .. }, Some((tensor, _, index))) => {
                names::cell_and_value(view, tensor, index as usize, &value)
            }
            _ => format!("{} ({},{}): {value}", self.title, k / self.cols, k % self.cols),
        }
    }

    /// All that is laid over the cells that `shown` shows.
    fn marks(&self, view: &View, shown: Shown) -> Vec<Overlay> {
        let (theme, span) = (view.theme, self.shown_span(shown));
        let mut marks = Vec::new();
        let rest = self.rows * self.cols - self.len;
        if rest > 0 {
            let rest = CellSpan::new(self.rows as i32 - 1, (self.cols - rest) as i32, 1, rest as i32);
            marks.push(Overlay::tint(rest, theme.ground));
        }
        let cells = || {
            (span.top..span.top + span.rows)
                .flat_map(move |i| (span.left..span.left + span.cols).map(move |j| (i, j)))
        };
        let is_outside =
            |&(i, j): &(i32, i32)| i < 0 || j < 0 || i >= self.rows as i32 || j >= self.cols as i32;
        if let Shown::Near(_) = shown {
            let padding = |(i, j)| Overlay::padding(CellSpan::new(i, j, 1, 1)).holding(self.outside);
            marks.extend(cells().filter(is_outside).map(padding));
        }
        marks.extend(self.overlays.iter().cloned());
        if shown != Shown::Map {
            marks.extend(self.near_overlays.iter().cloned());
            if self.crossing {
                let zeros = cells().filter(|&(i, j)| {
                    self.index(i, j).is_some_and(|k| self.cell(k) == CellView::current(0.0))
                });
                marks.extend(zeros.map(|(i, j)| Overlay::cross(i, j, theme.bad)));
            }
        } else if let Some(near) = self.near_span() {
            marks.push(Overlay::reads(theme, near));
        }
        if let Some(k) = view.hovered().and_then(|address| self.index_of(view, &address)) {
            marks.push(Overlay::outline(self.span(k), theme.hover).with_width(1.5));
        }
        if let Some((i, j)) = self.focus.filter(|_| view.state.selected().is_none()) {
            marks.push(Overlay::cursor(theme, i, j));
        }
        marks.into_iter().map(|mark| mark.moved(span.top, span.left)).collect()
    }

    /// Draws what is shown of it, its cells `cell_points` wide.
    #[expect(clippy::too_many_arguments, reason = "what of it, where it stands, and how large")]
    pub(super) fn show_ui(
        &self,
        ui: &mut Ui,
        view: &View,
        id: &str,
        at: Pos2,
        cell_points: f32,
        shown: Shown,
        numbers: NumberStyle,
    ) -> Drawn {
        let span = self.shown_span(shown);
        let index = |i: usize, j: usize| self.index(i as i32 + span.top, j as i32 + span.left);
        let selected = self.focus.filter(|_| view.state.selected().is_some()).and_then(|(i, j)| {
            let (i, j) = (i as i32 - span.top, j as i32 - span.left);
            (i >= 0 && j >= 0 && i < span.rows && j < span.cols).then_some((i as usize, j as usize))
        });
        let current = self.focus.map(|(i, j)| (i as i32 - span.top, j as i32 - span.left));
        let drawn = AddressedGrid {
            id,
            rows: span.rows as usize,
            cols: span.cols as usize,
            mapping: self.mapping,
            revision: self.revision(span),
            cell_points,
            numbers: Some(NumberStyle { sparse: numbers.sparse || shown == Shown::Map, ..numbers }),
            current: current
                .filter(|_| shown != Shown::Map)
                .map(|(i, j)| (i.max(0) as usize, j.max(0) as usize)),
            cell: &|i, j| index(i, j).map_or_else(CellView::not_yet, |k| self.cell(k)),
            address: &|i, j| index(i, j).and_then(|k| self.address(k)),
            label: &|cell| self.label(view, cell.and_then(|(i, j)| index(i, j))),
            overlays: self.marks(view, shown),
        };
        let rect = Rect::from_min_size(at, drawn.size(ui));
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt(("part", id)));
        child.set_clip_rect(rect.expand(3.0).intersect(ui.clip_rect()));
        let mut grid = framed_grid_ui(&mut child, view, at, drawn, selected).screen_from_grid;
        let rect = rect.shrink(MARGIN);
        grid.origin -= egui::vec2(span.left as f32, span.top as f32) * grid.cell_points;
        Drawn { grid, rect }
    }
}

/// How many columns a vector of `len` cells is wrapped into: one up to `most`, then near a square, without a rest where
/// that can be.
pub(super) fn wrap(len: usize, most: usize) -> usize {
    if len <= most {
        return 1;
    }
    let side = (len as f32).sqrt().ceil() as usize;
    (side..=2 * side).find(|cols| len.is_multiple_of(*cols)).unwrap_or(side)
}

/// A cell of a tensor among its neighbours, framed: its plane, or, where planes have but one cell, the vector or the row
/// of the weight that it stands in.
pub(super) fn around<'a>(view: &'a View<'a>, tensor: TensorId, image: u32, index: u32) -> Part<'a> {
    let channel = index as usize / view.state.plan().shape_of(tensor).plane().max(1);
    around_in(view, TensorPlane::new(view, tensor, image, channel), index)
}

/// The same for a given state of a tensor.
pub(super) fn around_in<'a>(view: &'a View<'a>, plane: TensorPlane<'a>, index: u32) -> Part<'a> {
    let (plan, tensor) = (view.state.plan(), plane.tensor());
    let shape = plan.shape_of(tensor);
    let name = names::tensor(view, tensor);
    let k = index as usize;
    if shape.plane() > 1 {
        let detail = map_detail(view, tensor, k / shape.plane());
        return Part::from_plane(plane, name, detail).focus(k % shape.plane());
    }
    if plan.is_weight_shaped(tensor) {
        let features = shape.0[1];
        let (o, f) = (k / features, k % features);
        let detail = view.fill("closeup.row_of", &[("o", &o.to_string()), ("count", &features.to_string())]);
        let range = [(o * features) as u32, 1];
        return Part::from_cells(view, plane, range, features, wrap(features, 12), [name, detail]).focus(f);
    }
    let len = shape.len();
    let detail = view.fill("closeup.cells", &[("count", &len.to_string())]);
    Part::from_cells(view, plane, [0, 1], len, wrap(len, 12), [name, detail]).focus(k)
}

/// The part of a tensor that a plane is, and its size: `map 2 · 16×16`; for weights `filter 3, slice 0`.
pub(super) fn map_detail(view: &View, tensor: TensorId, plane: usize) -> String {
    let shape = view.state.plan().shape_of(tensor);
    let [_, _, h, w] = shape.0;
    let name = names::plane(view, tensor, plane);
    if view.state.plan().is_weight_shaped(tensor) || view.state.covers_size(tensor) {
        name
    } else {
        format!("{name} · {h}×{w}")
    }
}
