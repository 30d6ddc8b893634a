//! One map of a layer, with its filter or its gradient beside it.

use super::{
    arrangement::Arrangement,
    subject::{LEAST_FRAME, Panel, Shown, Subject, WITH_NUMBER, WITH_WORD, What},
    words,
};
use crate::app::Scale;
use crate::trace::{Grain, Pass};
use crate::ui::{
    atlas::{Atlas, tensor_atlas},
    colormap::{MapKind, Mapping},
    compared::Side,
    filters::{FilterCell, filter_atlas},
    lit, number, theme,
    view::View,
    widgets::{
        grid::{CellState, map_size},
        hatch::hatched_ui,
        sign::Sign,
    },
};
use egui::{
    Align2, Color32, FontId, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};
use std::sync::Arc;

/// The tiles of the rows that are visible.
pub struct Tiles<'a> {
    view: &'a View<'a>,
    subject: &'a Subject<'a>,
    arrangement: &'a Arrangement,
    /// The numbers of the maps.
    maps: &'a [usize],
    /// The pictures of each square, and whether they are by the place among the visible ones, not by the map.
    atlases: Vec<Arc<Atlas>>,
    fonts: [FontId; 2],
}

/// What the pointer is over within a tile.
pub struct Under {
    /// The number of the square.
    pub square: usize,
    /// What it shows there.
    pub what: What,
}

impl<'a> Tiles<'a> {
    /// The tiles of some maps.
    pub fn new(
        ui: &Ui,
        view: &'a View<'a>,
        subject: &'a Subject<'a>,
        arrangement: &'a Arrangement,
        maps: &'a [usize],
    ) -> Self {
        let atlas = |shown: &Shown| match shown.form {
            Some(form) => {
                let key = shown.key((form.filters * form.weights()) as u32);
                let colors = |filter| filter_mapping(view, shown, filter);
                filter_atlas(ui.ctx(), key, form, maps, colors, |index| {
                    let cell = shown.cell(index);
                    match cell.state {
                        CellState::NotYet => 0.0,
                        CellState::Partial | CellState::Current | CellState::Stale => cell.value,
                    }
                })
            }
            None => match shown.side {
                Side::Now => tensor_atlas(ui.ctx(), view, shown.panel.tensor(), subject.image),
                Side::Before(_) | Side::Difference(_) => {
                    shown.side.atlas(ui.ctx(), view, shown.panel.tensor(), subject.image)
                }
            },
        };
        let atlases = subject.shown.iter().map(atlas).collect();
        let fonts = [super::number_font(), theme::small_font()];
        Self { view, subject, arrangement, maps, atlases, fonts }
    }

    /// The tile at a place among the visible ones.
    pub fn tile_ui(&self, ui: &mut Ui, place: usize, rect: Rect) {
        let (view, map) = (self.view, self.maps[place]);
        let response = ui.interact(rect, ui.scope_id().with(("map", map)), Sense::click());
        response
            .widget_info(|| WidgetInfo::labeled(Role::Button, true, words::tile(view, self.subject, map)));
        if !ui.is_rect_visible(rect) {
            return;
        }
        let pointer = response.hover_pos().and_then(|at| self.under(rect, at));
        for n in 0..self.subject.shown.len() {
            self.square_ui(ui, n, place, self.arrangement.square(rect, n));
        }
        self.labels_ui(ui, map, rect);
        self.arrow_ui(ui, rect);
        if response.hovered() || response.has_focus() {
            let squares = self
                .arrangement
                .square(rect, 0)
                .union(self.arrangement.square(rect, self.subject.shown.len() - 1));
            let stroke = Stroke::new(2.0, view.theme.accent);
            ui.painter().rect_stroke(squares.expand(1.0), 2, stroke, StrokeKind::Outside);
        }
        if let Some(under) = &pointer {
            self.pointed_ui(ui, map, rect, under);
        }
        self.clicked(&response, map, pointer.as_ref());
    }

    /// Where the map of a square is drawn: in its proportions.
    fn picture_rect(&self, shown: &Shown, square: Rect) -> Rect {
        if let Some(form) = shown.form {
            return form.fitted(square);
        }
        let size = map_size(square.size(), shown.plane.rows(), shown.plane.cols());
        Rect::from_center_size(square.center(), size)
    }

    fn square_ui(&self, ui: &Ui, n: usize, place: usize, square: Rect) {
        let (view, shown, map) = (self.view, &self.subject.shown[n], self.maps[place]);
        let (theme, rect) = (view.theme, self.picture_rect(shown, square));
        let is_begun = shown.is_begun(map);
        let is_zero = shown.form.is_none()
            && !matches!(shown.side, Side::Difference(_))
            && !shown.plane.is_single()
            && shown.numbers(map).is_some_and(|numbers| numbers.is_zero());
        if !is_begun || is_zero {
            hatched_ui(ui, theme, rect);
        }
        if is_zero {
            let words = view.text("layer.all_zero");
            let at = Align2::CENTER_CENTER;
            ui.painter().text(rect.center(), at, words, self.fonts[1].clone(), theme.text_weak);
        } else if is_begun {
            let number = if shown.form.is_some() { place } else { map };
            self.atlases[n].paint(ui.painter(), number, rect);
            if shown.plane.is_single() && shown.form.is_none() {
                self.value_ui(ui, shown, map, rect);
            } else if let Some(form) = shown.form.filter(|form| form.slices == 1) {
                self.weights_ui(ui, shown, form, map, rect);
            } else if shown.form.is_none() {
                self.cells_ui(ui, shown, map, rect);
            }
        }
        let color = match shown.panel {
            Panel::Gradients(_) => theme.pass(Pass::Bwd).strong,
            Panel::Values(_) | Panel::Filters(_) => theme.plane_frame,
        };
        let frame = if shown.form.is_some() { square } else { rect };
        ui.painter().rect_stroke(frame, 0, Stroke::new(1.0, color), StrokeKind::Outside);
        self.lit_ui(ui, shown, map, frame);
    }

    /// Frames what is lit: a map and its cells, or a filter where one of its slices is.
    fn lit_ui(&self, ui: &Ui, shown: &Shown, map: usize, rect: Rect) {
        let tensor = shown.panel.tensor();
        match shown.form {
            None => lit::frame_ui(ui.painter(), self.view, rect, tensor, Some(map)),
            Some(form) => {
                let slices = form.slices.max(1);
                let lit = (0..slices).find(|slice| self.view.lit().has_map(tensor, map * slices + slice));
                if let Some(slice) = lit {
                    lit::frame_ui(ui.painter(), self.view, rect, tensor, Some(map * slices + slice));
                }
            }
        }
    }

    /// The number of a map that is a single one.
    fn value_ui(&self, ui: &Ui, shown: &Shown, map: usize, rect: Rect) {
        let plane = shown.plane.of_map(map);
        let value = shown.cell(plane.index(0, 0) as usize).value;
        let mapping = shown.mapping(self.view, self.subject.image, Some(map));
        number_ui(ui, self.view, value, &mapping, rect);
    }

    /// The numbers of a map of few cells, where they have room.
    fn cells_ui(&self, ui: &Ui, shown: &Shown, map: usize, rect: Rect) {
        const FEW: usize = 6;
        let (plane, side) = (shown.plane.of_map(map), shown.plane.rows().max(shown.plane.cols()));
        let cell = rect.size() / vec2(plane.cols() as f32, plane.rows() as f32);
        if side > FEW || cell.x < WITH_NUMBER || !matches!(shown.side, Side::Now) {
            return;
        }
        let mapping = shown.mapping(self.view, self.subject.image, Some(map));
        for (i, j) in (0..plane.rows()).flat_map(|i| (0..plane.cols()).map(move |j| (i, j))) {
            let value = shown.cell(plane.index(i, j) as usize);
            if value.state == CellState::Current {
                let corner = rect.min + vec2(j as f32, i as f32) * cell;
                number_ui(ui, self.view, value.value, &mapping, Rect::from_min_size(corner, cell));
            }
        }
    }

    /// The numbers of a filter of one slice, where they have room.
    fn weights_ui(
        &self,
        ui: &Ui,
        shown: &Shown,
        form: crate::ui::filters::FilterForm,
        map: usize,
        rect: Rect,
    ) {
        let [rows, cols] = form.size;
        if rect.width() / (cols as f32) < WITH_NUMBER {
            return;
        }
        let mapping = filter_mapping(self.view, shown, map);
        for k in 0..rows * cols {
            let cell = FilterCell { slice: 0, row: k / cols, column: k % cols };
            if let Some(index) = form.index(map, cell) {
                let value = shown.cell(index).value;
                number_ui(ui, self.view, value, &mapping, form.rect_of(rect, cell));
            }
        }
    }

    /// Above the squares: the number at the left, the largest values at the right.
    fn labels_ui(&self, ui: &Ui, map: usize, rect: Rect) {
        let (view, theme) = (self.view, self.view.theme);
        let [number_font, value_font] = &self.fonts;
        let name = self.subject.name(view, map);
        let painter = ui.painter();
        let number = painter.layout_no_wrap(name, number_font.clone(), theme.text_strong);
        let bottom = self.arrangement.square(rect, 0).top() - 2.0;
        let taken = number.size().x.min(rect.width());
        let clipped = painter.with_clip_rect(rect.intersect(ui.clip_rect()));
        clipped.galley(pos2(rect.left(), bottom - number.size().y), number, theme.text_strong);
        for (n, shown) in self.subject.shown.iter().enumerate() {
            let Some(largest) = words::largest(view, self.subject, shown, map) else { continue };
            let square = self.arrangement.square(rect, n);
            let left = if n == 0 { rect.left() + taken + 2.0 } else { square.left() };
            let has_word = largest.has_word && !self.is_pair() && rect.width() >= WITH_WORD;
            let with_word = has_word.then(|| view.fill("layer.max", &[("value", &largest.value)]));
            for text in with_word.into_iter().chain([largest.value, largest.shortest]) {
                let color = self.label_color(shown);
                let galley = painter.layout_no_wrap(text, value_font.clone(), color);
                let at = pos2(square.right() - galley.size().x, bottom - galley.size().y);
                if at.x >= left {
                    painter.galley(at, galley, color);
                    break;
                }
            }
        }
    }

    /// Two numbers above a pair have the colours of their passes.
    fn label_color(&self, shown: &Shown) -> Color32 {
        let theme = self.view.theme;
        match shown.panel {
            _ if !self.is_pair() => theme.text_weak,
            Panel::Gradients(_) => theme.pass(Pass::Bwd).strong,
            Panel::Values(_) | Panel::Filters(_) => theme.pass(Pass::Fwd).strong,
        }
    }

    /// Values stand beside their gradients.
    fn is_pair(&self) -> bool {
        self.subject.shown.iter().filter(|shown| shown.form.is_none()).count() == 2
    }

    /// Between a filter and the map that it makes.
    fn arrow_ui(&self, ui: &Ui, rect: Rect) {
        for (n, pair) in self.subject.shown.windows(2).enumerate() {
            if pair[0].form.is_some() && pair[1].form.is_none() {
                let [left, right] = [n, n + 1].map(|n| self.arrangement.square(rect, n));
                let center = pos2(0.5 * (left.right() + right.left()), left.center().y);
                let square = Rect::from_center_size(center, vec2(12.0, 12.0));
                Sign::Inwards.paint(ui.painter(), square, self.view.theme.text_weak);
            }
        }
    }

    /// What lies under a point of the tile.
    fn under(&self, rect: Rect, at: Pos2) -> Option<Under> {
        let squares = (0..self.subject.shown.len()).map(|n| (n, self.arrangement.square(rect, n)));
        let (n, square) = squares.into_iter().find(|(_, square)| square.contains(at))?;
        let shown = &self.subject.shown[n];
        let fitted = self.picture_rect(shown, square);
        let what = match shown.form {
            Some(form) => What::Weight(form.under(fitted, at)),
            None if fitted.contains(at) => {
                let along = |from: f32, length: f32, cells: usize| {
                    ((from / length * cells as f32) as usize).min(cells.saturating_sub(1))
                };
                let offset = at - fitted.min;
                let row = along(offset.y, fitted.height(), shown.plane.rows());
                What::Cell(row, along(offset.x, fitted.width(), shown.plane.cols()))
            }
            None => return None,
        };
        Some(Under { square: n, what })
    }

    /// Frames what is pointed at, in each map of the tile, and says what it is.
    fn pointed_ui(&self, ui: &Ui, map: usize, rect: Rect, under: &Under) {
        let (view, pointed) = (self.view, &self.subject.shown[under.square]);
        for (n, shown) in self.subject.shown.iter().enumerate() {
            let fitted = self.picture_rect(shown, self.arrangement.square(rect, n));
            match (under.what, shown.form) {
                (What::Cell(i, j), None) if !shown.plane.is_single() => {
                    let size = fitted.size() / vec2(shown.plane.cols() as f32, shown.plane.rows() as f32);
                    let cell = Rect::from_min_size(fitted.min + vec2(j as f32, i as f32) * size, size);
                    frame_ui(ui, view, cell);
                }
                (What::Weight(Some(cell)), Some(form)) => frame_ui(ui, view, form.rect_of(fitted, cell)),
                (What::Cell(..) | What::Weight(_), _) => {}
            }
        }
        match under.what {
            What::Cell(i, j) => view.hover(pointed.plane.of_map(map).address(i, j)),
            What::Weight(Some(cell)) => {
                if let Some(index) = pointed.form.and_then(|form| form.index(map, cell)) {
                    view.hover(pointed.plane.address_at(index as u32));
                }
            }
            What::Weight(None) => {}
        }
        let (front, rest) = words::read_out(view, self.subject, pointed, map, under.what);
        view.read_out(front, rest);
    }

    /// A click looks at the map; on a filter, at the slice under the pointer.
    fn clicked(&self, response: &Response, map: usize, under: Option<&Under>) {
        if !response.clicked() {
            return;
        }
        let view = self.view;
        let shown = &self.subject.shown[under.map_or(0, |under| under.square)];
        let index = match (under.map(|under| under.what), shown.form) {
            (Some(What::Weight(Some(cell))), Some(form)) => form.index(map, cell),
            (Some(What::Cell(..) | What::Weight(_)) | None, _) => None,
        };
        let address = shown.plane.address_at(index.unwrap_or_else(|| shown.first_cell(map)) as u32);
        view.look(&view.state.plan().widen(&address, Grain::Channel));
    }
}

/// The colours of a filter: one scale for all of the layer, or its own.
fn filter_mapping(view: &View, shown: &Shown, filter: usize) -> Mapping {
    let whole = shown.mapping(view, 0, None);
    match (view.state.view().scale, shown.numbers(filter)) {
        (Scale::Map, Some(numbers)) => {
            let reach = Some(numbers.strongest().abs()).filter(|reach| *reach > 0.0).unwrap_or(whole.hi);
            let lo = if whole.kind == MapKind::Diverging { -reach } else { 0.0 };
            Mapping { lo, hi: reach, ..whole }
        }
        (Scale::Map | Scale::Layer | Scale::Largest | Scale::Network, _) => whole,
    }
}

/// A number in its cell, in the ink that is read on its colour; in a large cell a large one with more digits.
fn number_ui(ui: &Ui, view: &View, value: f32, mapping: &Mapping, rect: Rect) {
    let is_large = rect.width() >= WITH_WORD;
    let font = if is_large { theme::title_font() } else { theme::small_font() };
    let width = ui.fonts_mut(|fonts| fonts.glyph_width(&font, '0')).max(1.0);
    let room = ((rect.width() - 5.0) / width) as usize;
    let text = if is_large { number::four_digits(value) } else { number::short(value) };
    let text =
        if text.chars().count() <= room { Some(text) } else { number::fit_number(value, room, Some(2)) };
    if let Some(text) = text {
        let ink = view.theme.ink_on(mapping.color(value));
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, text, font, ink);
    }
}

/// The frame of what is pointed at, seen on any colour and never too small to be seen.
fn frame_ui(ui: &Ui, view: &View, rect: Rect) {
    let rect = Rect::from_center_size(rect.center(), rect.size().max(LEAST_FRAME));
    ui.painter().rect_stroke(rect, 1, Stroke::new(3.5, view.theme.halo), StrokeKind::Outside);
    ui.painter().rect_stroke(rect, 1, Stroke::new(2.0, view.theme.cursor), StrokeKind::Outside);
}
