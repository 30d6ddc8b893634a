//! The contents of a column: maps, strips of features, the loss.

use super::{
    Remembered, Scene,
    column::{self, Lane},
    layout::{self, Body, GAP},
    salt,
};
use crate::nn::Part;
use crate::trace::TensorId;
use crate::ui::{
    colormap::Mapping,
    names, number,
    tensor_plane::{self, TensorPlane},
    widgets::grid::{CellSpan, CellState, Grid, GridResponse, MARGIN, Overlay, fit_cell, plane_size},
};
use egui::{Align2, Rect, Sense, Stroke, StrokeKind, Ui, UiBuilder, Vec2, WidgetInfo, pos2, vec2};
use std::hash::{DefaultHasher, Hash, Hasher};

impl Scene<'_> {
    pub(super) fn lanes_of_column_ui(&self, ui: &mut Ui, c: usize, rect: Rect, remembered: &mut Remembered) {
        let body = self.layout.bodies[c];
        let shown = self.layout.shown(c, ui.pixels_per_point());
        let most = body.items().saturating_sub(shown);
        let first = remembered.first.get(&c).copied().unwrap_or(0).min(most);
        for lane in [Lane::Forward, Lane::Backward] {
            let area = self.layout.lane_rect(rect, lane);
            if !ui.is_rect_visible(area) {
                continue;
            }
            let Some(tensor) = column::tensor_in(self.plan(), c, lane) else {
                self.one_ui(ui, area);
                continue;
            };
            match body {
                Body::Maps { channels, picture } => {
                    self.maps_ui(ui, area, tensor, channels, picture && lane == Lane::Forward, first);
                }
                Body::Vector { features, classes } => {
                    let right = self.strip_ui(ui, area, tensor, features, first, shown, classes);
                    if classes && lane == Lane::Forward {
                        self.classes_ui(ui, area, right, features, first, shown);
                    }
                }
                Body::Loss { features: 0 } => self.maps_ui(ui, area, tensor, 1, false, 0),
                Body::Loss { features } => {
                    let prob = TensorId::loss(Part::Prob);
                    let right = self.strip_ui(ui, area, prob, features, first, shown, true);
                    self.percents_ui(ui, area, right, features, first, shown);
                }
            }
        }
        if most > 0 {
            self.more_ui(ui, c, rect, first, shown, remembered);
        }
    }

    /// How many items are not shown; a click shows the next ones.
    fn more_ui(
        &self,
        ui: &mut Ui,
        c: usize,
        rect: Rect,
        first: usize,
        shown: usize,
        remembered: &mut Remembered,
    ) {
        let (view, theme) = (self.view, self.view.theme);
        let items = self.layout.bodies[c].items();
        let area = self.layout.middle_rect(rect).shrink2(vec2(0.0, 1.0));
        let response = ui.interact(area, ui.scope_id().with(("more", c)), Sense::click());
        if response.hovered() {
            ui.painter().rect_filled(area, 4, theme.button_hover);
        }
        let text = format!("+{}", items - shown);
        let center = Align2::CENTER_CENTER;
        layout::fitted_text_ui(ui.painter(), area, center, &text, layout::small_font(), theme.text_weak);
        let (from, to, all) = (first.to_string(), (first + shown - 1).to_string(), items.to_string());
        let words = view.fill("lanes.more", &[("from", &from), ("to", &to), ("all", &all)]);
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &words));
        if response.on_hover_text(words).clicked() {
            // After the last ones come the first again.
            let last = items - shown;
            let next = if first >= last { 0 } else { (first + shown).min(last) };
            remembered.first.insert(c, next);
            remembered.paged = true;
        }
    }

    /// The gradient of the loss by itself.
    fn one_ui(&self, ui: &mut Ui, area: Rect) {
        let theme = self.view.theme;
        let done = self.done(TensorId::loss(Part::Out)) >= 1.0;
        let color = if done { theme.pass(crate::trace::Pass::Bwd).strong } else { theme.text_weak };
        let text = "∂L/∂L\n= 1";
        ui.painter().text(area.center(), Align2::CENTER_CENTER, text, layout::small_font(), color);
    }

    fn maps_ui(
        &self,
        ui: &mut Ui,
        area: Rect,
        tensor: TensorId,
        channels: usize,
        picture: bool,
        first: usize,
    ) {
        let side = self.layout.thumb;
        let all = channels + usize::from(picture);
        let rows = self.layout.rows.min(all);
        let first = first.min(all - rows);
        for row in 0..rows {
            let top = area.top() + row as f32 * (side + GAP);
            let slot = Rect::from_center_size(pos2(area.center().x, top + 0.5 * side), Vec2::splat(side));
            match (first + row).checked_sub(usize::from(picture)) {
                Some(channel) => self.map_ui(ui, slot, tensor, channel),
                None => self.picture_ui(ui, slot),
            }
        }
    }

    /// Where a plane lies in its place, and the side of its cells.
    fn fit(&self, ui: &Ui, slot: Rect, rows: usize, cols: usize) -> (Rect, f32) {
        let cell = fit_cell(slot.size(), rows, cols, 0, ui.pixels_per_point()).min(64.0);
        let size = plane_size(rows, cols, 0, cell, ui.pixels_per_point());
        (Rect::from_center_size(slot.center(), size), cell)
    }

    fn map_ui(&self, ui: &mut Ui, slot: Rect, tensor: TensorId, channel: usize) {
        let view = self.view;
        let plane = TensorPlane::new(view, tensor, self.image, channel);
        let (rect, cell_points) = self.fit(ui, slot, plane.rows(), plane.cols());
        let overlays = self.overlays(tensor, channel, plane.rows(), plane.cols());
        let cells = |i, j| plane.cell(i, j);
        let label = |cell| plane.label(cell);
        let grid = Grid::new(salt(tensor, channel), plane.rows(), plane.cols(), plane.mapping(), &cells)
            .revision(plane.revision())
            .cell_points(cell_points)
            .numbers(cell_points >= 26.0)
            .overlays(&overlays)
            .label(&label);
        let answer = place_ui(ui, rect, grid);
        self.answer(&answer, |i, j| plane.address(i, j));
        if let Some(cell) = answer.hovered {
            let tip = self.view.fill("name.why", &[("name", &plane.label(Some(cell)))]);
            answer.response.clone().on_hover_text_at_pointer(tip);
        }
        if plane.is_dead() {
            let (corner, half) = (rect.left_top() + Vec2::splat(8.0), Vec2::splat(3.5));
            let cross = Stroke::new(2.0, view.theme.bad);
            ui.painter().line_segment([corner - half, corner + half], cross);
            let across = vec2(half.x, -half.y);
            ui.painter().line_segment([corner - across, corner + across], cross);
            let area = Rect::from_center_size(corner, Vec2::splat(14.0));
            let words = view.text("lanes.dead");
            let mark = ui.interact(area, ui.scope_id().with(("dead", salt(tensor, channel))), Sense::hover());
            mark.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, &words));
            mark.on_hover_text(words);
        }
        if self.focus.is_some_and(|(t, index)| {
            t == tensor && index as usize / (plane.rows() * plane.cols()).max(1) == channel
        }) {
            self.focused_ui(ui, rect);
        }
    }

    /// The frame around the map that is worked on.
    fn focused_ui(&self, ui: &Ui, rect: Rect) {
        let Some(mark) = self.mark else { return };
        let stroke = Stroke::new(2.5, self.view.theme.pass(mark.pass).strong);
        ui.painter().rect_stroke(rect.shrink(1.0), 2, stroke, StrokeKind::Outside);
    }

    /// The three channels of the input as one picture.
    fn picture_ui(&self, ui: &mut Ui, slot: Rect) {
        let view = self.view;
        let tensor = TensorId::INPUT;
        let planes = [0, 1, 2].map(|channel| TensorPlane::new(view, tensor, self.image, channel));
        let (rows, cols) = (planes[0].rows(), planes[0].cols());
        let (rect, cell_points) = self.fit(ui, slot, rows, cols);
        let preprocess = &view.state.model().architecture.preprocess;
        // Back to pixels, whose range is the same in all channels.
        let cells = |i, j| {
            let pixel = |c: usize| preprocess.pixel(c, planes[c].cell(i, j).value) / 255.0;
            ([pixel(0), pixel(1), pixel(2)], CellState::Current)
        };
        let mut overlays = Vec::new();
        for field in self.fields.iter().filter(|field| field.tensor == tensor) {
            overlays.push(self.outline(field.span, field.readers));
        }
        let words = view.text("lanes.picture");
        let label = |_| words.clone();
        let mapping = Mapping::rgb(0.0, 1.0, view.theme.dark);
        let grid = Grid::rgb("picture", rows, cols, mapping, &cells)
            .revision(planes[0].revision())
            .cell_points(cell_points)
            .overlays(&overlays)
            .label(&label);
        let answer = place_ui(ui, rect, grid);
        self.answer(&answer, |i, j| planes[0].address(i, j));
        if answer.hovered.is_some() {
            answer.response.on_hover_text_at_pointer(words);
        }
    }

    fn answer(&self, answer: &GridResponse, address: impl Fn(usize, usize) -> crate::trace::Address) {
        if let Some((i, j)) = answer.hovered {
            self.view.hover(address(i, j));
        }
        if let Some((i, j)) = answer.clicked.or(answer.moved_to) {
            self.view.look(&address(i, j));
        }
    }

    fn outline(&self, span: CellSpan, readers: bool) -> Overlay {
        if readers { Overlay::readers(self.view.theme, span) } else { Overlay::reads(self.view.theme, span) }
    }

    /// What is laid over a map: the cells that belong to the one pointed at, and the cell worked on.
    fn overlays(&self, tensor: TensorId, channel: usize, rows: usize, cols: usize) -> Vec<Overlay> {
        let mut overlays: Vec<Overlay> = self
            .fields
            .iter()
            .filter(|field| field.tensor == tensor && field.channels.contains(&channel))
            .map(|field| self.outline(field.span, field.readers))
            .collect();
        if self.exact
            && let Some((focused, index)) = self.focus
            && focused == tensor
            && index as usize / (rows * cols).max(1) == channel
        {
            let within = index as usize % (rows * cols).max(1);
            overlays.push(Overlay::cursor(self.view.theme, within / cols, within % cols).with_width(2.0));
        }
        overlays
    }

    /// A vector as a strip of cells, from `first` on. Returns its right edge.
    #[expect(clippy::too_many_arguments, reason = "all of it is where and what")]
    fn strip_ui(
        &self,
        ui: &mut Ui,
        area: Rect,
        tensor: TensorId,
        features: usize,
        first: usize,
        shown: usize,
        left: bool,
    ) -> f32 {
        let view = self.view;
        let cell_points = layout::strip_cell(self.layout.lane, features, ui.pixels_per_point());
        let plane_cells = view.state.plan().shape_of(tensor).plane().max(1);
        let cols = view.state.plan().shape_of(tensor).0[3].max(1);
        let of = |row: usize| {
            let index = first + row;
            let within = index % plane_cells;
            (TensorPlane::new(view, tensor, self.image, index / plane_cells), within / cols, within % cols)
        };
        let mut hasher = DefaultHasher::new();
        (0..shown).for_each(|row| of(row).0.revision().hash(&mut hasher));
        let cells = |row: usize, _| {
            let (plane, i, j) = of(row);
            plane.cell(i, j)
        };
        let label = |cell: Option<(usize, usize)>| match cell {
            Some((row, _)) => {
                let (plane, i, j) = of(row);
                plane.label(Some((i, j)))
            }
            None => names::tensor(view, tensor),
        };
        let overlays = self.strip_overlays(tensor, first, shown, plane_cells);
        // All cells have one scale, also where each map would have its own.
        let mapping = tensor_plane::mapping(view, tensor, self.image, None);
        let size = plane_size(shown, 1, 0, cell_points, ui.pixels_per_point());
        let x = if left { area.left() } else { area.center().x - 0.5 * size.x };
        let rect = Rect::from_min_size(pos2(x, area.top()), size);
        let grid = Grid::new(salt(tensor, usize::MAX), shown, 1, mapping, &cells)
            .revision(hasher.finish())
            .cell_points(cell_points)
            .numbers(false)
            .overlays(&overlays)
            .label(&label);
        let answer = place_ui(ui, rect, grid);
        self.answer(&answer, |row, _| {
            let (plane, i, j) = of(row);
            plane.address(i, j)
        });
        if let Some(cell) = answer.hovered {
            let tip = view.fill("name.why", &[("name", &label(Some(cell)))]);
            answer.response.on_hover_text_at_pointer(tip);
        }
        rect.right()
    }

    fn strip_overlays(
        &self,
        tensor: TensorId,
        first: usize,
        shown: usize,
        plane_cells: usize,
    ) -> Vec<Overlay> {
        let rows = |from: usize, to: usize| {
            let (from, to) = (from.max(first), to.min(first + shown));
            (from < to).then(|| CellSpan::new((from - first) as i32, 0, (to - from) as i32, 1))
        };
        let fields = self.fields.iter().filter(|field| field.tensor == tensor);
        let mut overlays: Vec<Overlay> = fields
            .filter_map(|field| {
                let span = rows(field.channels.start * plane_cells, field.channels.end * plane_cells)?;
                Some(self.outline(span, field.readers))
            })
            .collect();
        if let Some((focused, index)) = self.focus
            && focused == tensor
            && self.exact
            && let Some(span) = rows(index as usize, index as usize + 1)
        {
            overlays.push(Overlay::outline(span, self.view.theme.cursor));
        }
        overlays
    }

    /// The rows of a strip that have room for a word beside them: those that matter most, and then
    /// from the top.
    fn rows_with_words(&self, ui: &Ui, features: usize, first: usize, shown: usize) -> Vec<usize> {
        let cell = layout::strip_cell(self.layout.lane, features, ui.pixels_per_point());
        let state = self.view.state;
        let apart = (12.0 / cell).ceil() as usize;
        let prob = TensorId::loss(Part::Prob);
        let predicted = (self.done(prob) >= 1.0).then(|| state.prediction().0);
        let mut rows: Vec<usize> = Vec::new();
        let wanted = predicted.into_iter().chain([state.label()]).chain(first..first + shown);
        for row in wanted.filter(|row| (first..first + shown).contains(row)) {
            if rows.iter().all(|taken| taken.abs_diff(row) >= apart) {
                rows.push(row);
            }
        }
        rows
    }

    fn words_ui(
        &self,
        ui: &Ui,
        area: Rect,
        left: f32,
        (features, first, shown): (usize, usize, usize),
        text: impl Fn(usize) -> String,
    ) {
        let theme = self.view.theme;
        let cell = layout::strip_cell(self.layout.lane, features, ui.pixels_per_point());
        let (target, best) = (self.view.state.label(), self.view.state.prediction().0);
        let known = self.done(TensorId::loss(Part::Prob)) >= 1.0;
        for row in self.rows_with_words(ui, features, first, shown) {
            let y = area.top() + MARGIN + ((row - first) as f32 + 0.5) * cell;
            let line = Rect::from_min_max(
                pos2(left + layout::BESIDE, y - 8.0),
                pos2(area.right().max(left + 20.0), y + 8.0),
            );
            let is_best = known && row == best;
            let font = if is_best { layout::name_font() } else { layout::small_font() };
            let color = if is_best || row == target { theme.text_strong } else { theme.text_weak };
            layout::fitted_text_ui(ui.painter(), line, Align2::LEFT_CENTER, &text(row), font, color);
        }
    }

    fn classes_ui(&self, ui: &Ui, area: Rect, left: f32, features: usize, first: usize, shown: usize) {
        self.words_ui(ui, area, left, (features, first, shown), |class| names::class(self.view, class));
    }

    fn percents_ui(&self, ui: &Ui, area: Rect, left: f32, features: usize, first: usize, shown: usize) {
        let (plan, state) = (self.plan(), self.view.state);
        let prob = TensorId::loss(Part::Prob);
        let Some(stage) = plan.stage_of(prob) else { return };
        let image = if plan.is_layered() { 0 } else { self.image };
        let progress = state.trace().progress(stage, image, state.cursor().at());
        let offset = if plan.is_layered() { self.image * features as u32 } else { 0 };
        self.words_ui(ui, area, left, (features, first, shown), |class| {
            if offset + (class as u32) < progress.done {
                percent(state.trace().value(prob, self.image, class as u32))
            } else {
                String::new()
            }
        });
    }
}

/// A probability in words: a percentage without decimals, but never a false 0 or 100.
fn percent(p: f32) -> String {
    let percent = 100.0 * p;
    if !p.is_finite() {
        number::short(p)
    } else if percent > 0.0 && percent < 0.5 {
        "<1 %".to_owned()
    } else if (99.5..100.0).contains(&percent) {
        ">99 %".to_owned()
    } else {
        format!("{percent:.0} %")
    }
}

fn place_ui(ui: &mut Ui, rect: Rect, grid: Grid) -> GridResponse {
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| grid.show_ui(ui)).inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_do_not_round_to_certainty() {
        let shown = [0.0, 0.001, 0.42, 0.997, 1.0].map(percent);
        assert_eq!(shown, ["0 %", "<1 %", "42 %", ">99 %", "100 %"]);
    }
}
