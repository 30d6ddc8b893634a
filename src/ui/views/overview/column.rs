//! A column: its head, as many of its maps as fit, the strongest first, and what is below them.

use super::{Drawn, Scene, layout};
use crate::nn::{Op, Part, network::Unseen, resample::Does, spec::Kind};
use crate::trace::{Address, Grain, Owner, Pass, Plan, TensorId};
use crate::ui::{
    atlas::{atlas, tensor_atlas},
    blocks::Block,
    compared::{Side, with_sign},
    fonts, lit, names, number,
    summary::{MapSummary, summary},
    tensor_plane::TensorPlane,
    theme::{self, text_size},
    view::View,
    widgets::{
        flow::{fitted_ui, text_width},
        grid::CellState,
        hatch::{hatch_ui, hatched_ui},
        icon,
    },
};
use egui::{Align2, Color32, FontId, Id, Rect, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use std::{collections::HashSet, ops::Range};

/// Layers that are shown in one column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Their numbers.
    pub layers: Range<usize>,
    /// The layer whose output is shown.
    pub shown: usize,
    /// What its further layers add, such as "+ ReLU".
    addition: String,
    /// The first layer of the block that it belongs to.
    block: usize,
    /// Whether a click folds the block, or unfolds it; `None` where it does neither.
    folds: Option<bool>,
}

/// The width of a column whose words begin at its edge.
const NARROW: f32 = 90.0;

/// Which blocks are unfolded, by their first layers.
type Unfolded = HashSet<(String, usize)>;

fn unfolded_id() -> Id {
    Id::unique("unfolded blocks")
}

/// The columns of a network in a row `room` wide: one per block, and one per layer of those that are unfolded, where
/// each column has room then. A last block that gives one number per class is the answer's.
pub fn columns(ui: &Ui, view: &View, blocks: &[Block], room: f32) -> Vec<Column> {
    let plan = view.state.plan();
    let unfolded: Unfolded = ui.data(|data| data.get_temp(unfolded_id())).unwrap_or_default();
    let model = &view.state.model().name;
    let is_answer = |block: &Block| plan.shape_of(block.output()).plane() == 1;
    let shown = match blocks {
        [rest @ .., last] if !rest.is_empty() && is_answer(last) => rest,
        all => all,
    };
    let fits = |count: usize| room / count as f32 >= layout::SCROLLED;
    let is_open = |block: &Block| unfolded.contains(&(model.clone(), block.layers.start));
    let count: usize = shown.iter().map(|block| if is_open(block) { block.layers.len() } else { 1 }).sum();
    let opens = fits(count);
    let mut columns = Vec::new();
    for block in shown {
        let start = block.layers.start;
        if opens && is_open(block) {
            columns.extend(block.layers.clone().map(|l| Column {
                layers: l..l + 1,
                shown: l,
                addition: String::new(),
                block: start,
                folds: (l == start).then_some(true),
            }));
        } else {
            let can_open = block.layers.len() > 1 && fits(count + block.layers.len() - 1);
            columns.push(Column {
                layers: block.layers.clone(),
                shown: block.shown,
                addition: block.addition(view),
                block: start,
                folds: can_open.then_some(false),
            });
        }
    }
    columns
}

impl Column {
    /// The tensor whose maps it shows.
    pub fn output(&self) -> TensorId {
        TensorId::layer(self.shown, Part::Out)
    }

    /// The gradient of that tensor.
    pub fn gradient(&self, plan: &Plan) -> TensorId {
        plan.output_gradient_of(self.shown)
    }

    /// The name of its first layer.
    pub fn name<'a>(&self, plan: &'a Plan) -> &'a str {
        plan.layer(self.layers.start).name()
    }

    /// What it does, in few words, the longer ones first.
    fn kind(&self, view: &View) -> Vec<String> {
        let plan = view.state.plan();
        if !self.addition.is_empty() {
            return vec![self.addition.clone()];
        }
        let text = |key: &str| vec![view.text(key)];
        match &plan.layer(self.layers.start).op {
            Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => {
                let cells = (pool.window.rows.kernel * pool.window.cols.kernel).to_string();
                let is_max = matches!(plan.layer(self.layers.start).op, Op::MaxPool2d(_));
                let [long, short] = match is_max {
                    true => ["overview.largest_of", "overview.largest"],
                    false => ["overview.mean_of", "overview.mean"],
                };
                vec![view.fill(long, &[("n", &cells)]), view.text(short)]
            }
            Op::Activation(activation) => vec![activation.title().to_owned()],
            Op::PRelu(_) => text("build.kind.prelu"),
            Op::Conv2d(_) | Op::Dense(_) => Vec::new(),
            Op::ConvTranspose2d(_) => text("overview.transposed"),
            Op::BatchNorm2d(_) | Op::GroupNorm(_) | Op::LocalResponseNorm(_) => text("overview.normed"),
            Op::Resample2d(resample) => text(match resample.does() {
                Does::Scale(_) if resample.rows.out < resample.rows.len => "overview.reduced",
                Does::Scale(_) => "overview.enlarged",
                Does::Pad(_) => "overview.padded",
                Does::Crop => "overview.cropped",
                Does::Slice => "overview.sliced",
                Does::Shuffle => "overview.shuffled",
            }),
            Op::Flatten => text("overview.flat"),
            Op::Dropout { .. } => text("overview.dropout"),
            Op::Softmax => text("overview.shares"),
            Op::Add => text("overview.added"),
            Op::Multiply => text("overview.multiplied"),
            Op::Concat => text("overview.concatenated"),
        }
    }

    /// How many maps it has, and how large they are; the longer words first.
    fn size(&self, view: &View) -> Vec<String> {
        let [_, maps, rows, cols] = view.state.plan().shape_of(self.output()).0;
        if view.state.covers_size(self.output()) || view.state.covers_maps(maps) {
            return vec!["?".into()];
        }
        let n = maps.to_string();
        let short = format!("× {n}");
        if rows * cols == 1 {
            vec![view.fill("overview.neurons", &[("n", &n)]), short]
        } else {
            vec![format!("{maps} × {rows}×{cols}"), view.fill("name.maps", &[("n", &n)]), short]
        }
    }
}

impl Scene<'_> {
    pub(super) fn column_ui(&self, ui: &mut Ui, number: usize, column: &Column, rect: Rect) {
        let body = self.layout.body(self.lane);
        let left = rect.center().x - 0.5 * body;
        let head = Rect::from_min_size(rect.min + vec2(0.0, 8.0), vec2(rect.width(), layout::HEAD - 12.0));
        self.head_ui(ui, column, head, left);
        let top = rect.top() + layout::HEAD;
        let side = self.layout.side;
        let tensors = self.tensors(column);
        let plan = self.view.state.plan();
        let shape = plan.shape_of(column.output());
        if shape.plane() == 1 {
            for (k, &tensor) in tensors.iter().enumerate() {
                let x = left + k as f32 * (side + layout::PAIR);
                let height = self.layout.row.height() - layout::HEAD - layout::FOOT;
                let area = Rect::from_min_size(pos2(x, top), vec2(side, height));
                self.vector_ui(ui, tensor, area);
            }
            return self.foot_ui(ui, column, &tensors, 0, rect);
        }
        let order = self.order(tensors[0]);
        let shown = self.layout.rows.min(order.len());
        for (row, &map) in order.iter().take(shown).enumerate() {
            let y = top + row as f32 * (side + layout::BETWEEN);
            for (k, &tensor) in tensors.iter().enumerate() {
                let x = left + k as f32 * (side + layout::PAIR);
                self.map_ui(ui, number, tensor, map, Rect::from_min_size(pos2(x, y), vec2(side, side)));
            }
        }
        self.foot_ui(ui, column, &tensors, order.len() - shown, rect);
    }

    /// The maps of a tensor, the strongest first, or those that changed most; by their numbers until all are there.
    fn order(&self, tensor: TensorId) -> Vec<usize> {
        let view = self.view;
        let maps = view.state.plan().shape_of(tensor).planes();
        let summary = summary(view, tensor, self.image).filter(|_| self.is_complete(tensor));
        // In the same order before and now.
        let column = self.columns.iter().position(|column| column.output() == tensor);
        let before = column.and_then(|column| self.befores[column].as_ref());
        if let Some(before) = before.filter(|_| summary.is_some()) {
            return before.changed.by_magnitude();
        }
        match summary {
            Some(summary) if tensor.part == Part::Out => summary.by_strength(),
            Some(summary) => summary.by_magnitude(),
            None => (0..maps).collect(),
        }
    }

    /// Icon and name, what the block adds, how many maps; a click shows the layer.
    fn head_ui(&self, ui: &mut Ui, column: &Column, rect: Rect, left: f32) {
        let (view, theme, plan) = (self.view, self.view.theme, self.view.state.plan());
        let response = ui.interact(
            rect.shrink2(vec2(2.0, 0.0)),
            ui.scope_id().with(("head", column.shown)),
            Sense::click(),
        );
        let name = column.name(plan);
        let (kind, size) = (column.kind(view), column.size(view));
        let longest = |words: &[String]| words.first().cloned().unwrap_or_default();
        let words = [name.to_owned(), longest(&kind), longest(&size)].join(" ");
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
        if response.hovered() || response.has_focus() {
            ui.painter().rect_filled(rect, theme::space::RADIUS, theme.button_hover);
        }
        let layer: &Kind = &plan.layer(column.layers.start).spec.kind;
        // The words have the whole column, not only the width of its maps.
        let room = rect.right() - 2.0;
        let left = if rect.width() < NARROW { rect.left() + 2.0 } else { left };
        let line = |top: f32, height: f32, left: f32| {
            Rect::from_min_max(pos2(left, rect.top() + top), pos2(room, rect.top() + top + height))
        };
        let first = line(2.0, 20.0, left);
        let strong = FontId::new(text_size::BODY, fonts::strong());
        let width = text_width(ui.painter(), name, strong.clone());
        // The name alone where both have no room.
        let icon_width = if left + 21.0 + width <= room { 21.0 } else { 0.0 };
        if icon_width > 0.0 {
            let square = Rect::from_center_size(pos2(left + 8.0, first.center().y), vec2(16.0, 16.0));
            icon::icon_ui(ui.painter(), square, icon::Icon::Layer(layer), theme.text);
        }
        fitted_ui(ui, line(2.0, 20.0, left + icon_width), name, strong, theme.text_strong);
        first_fitting_ui(ui, line(22.0, 17.0, left), &kind, theme.text_weak);
        first_fitting_ui(ui, line(39.0, 17.0, left), &size, theme.text_weak);
        if let Some(pass) = self.pass_at(column) {
            let line = Stroke::new(3.0, theme.pass(pass).strong);
            ui.painter().hline(left..=left + self.layout.body(self.lane), rect.bottom(), line);
        }
        let unseen = self.unseen_by(column);
        if unseen.is_some() {
            let at = pos2(rect.right() - 4.0, rect.top() + 30.0);
            ui.painter().text(at, Align2::RIGHT_CENTER, "⚠", theme::strong_font(), theme.warn);
        }
        let is_hovered = response.hovered() || response.has_focus();
        if is_hovered {
            let which = unseen.and_then(|unseen| names::rows_and_columns(view, &unseen.rows, &unseen.cols));
            let rest = match which {
                Some(which) => view.fill("overview.unseen", &[("which", &which)]),
                None => view.text("overview.opens_layer"),
            };
            view.read_out(words, rest);
        }
        let folds = column.folds.is_some_and(|is_open| self.fold_ui(ui, column, rect, is_open, is_hovered));
        if folds || (response.clicked() && column.folds.is_some() && ui.input(|input| input.modifiers.alt)) {
            self.toggle(ui, column);
        } else if response.clicked() {
            self.look_at(column.output(), None);
        }
    }

    /// The sign that unfolds a block or folds it: seen while the pointer or the keyboard is there.
    fn fold_ui(&self, ui: &mut Ui, column: &Column, head: Rect, is_open: bool, is_hovered: bool) -> bool {
        let theme = self.view.theme;
        let rect = Rect::from_min_size(pos2(head.right() - 25.0, head.top()), vec2(24.0, 24.0));
        let response = ui.interact(rect, ui.scope_id().with(("fold", column.shown)), Sense::click());
        let name = column.name(self.view.state.plan());
        let key = if is_open { "overview.fold" } else { "overview.unfold" };
        let words = self.view.fill(key, &[("name", name)]);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
        let is_here = response.hovered() || response.has_focus();
        if is_hovered || is_here {
            let color = if is_here { theme.accent } else { theme.text_weak };
            let stroke = Stroke::new(1.5, color);
            let center = rect.center();
            ui.painter().circle(center, 8.0, theme.raised, stroke);
            ui.painter().hline(center.x - 4.0..=center.x + 4.0, center.y, stroke);
            if !is_open {
                ui.painter().vline(center.x, center.y - 4.0..=center.y + 4.0, stroke);
            }
        }
        if is_here {
            self.view.read_out(words, String::new());
        }
        response.clicked()
    }

    fn toggle(&self, ui: &Ui, column: &Column) {
        let key = (self.view.state.model().name.clone(), column.block);
        ui.data_mut(|data| {
            let unfolded: &mut Unfolded = data.get_temp_mut_or_default(unfolded_id());
            if !unfolded.remove(&key) {
                unfolded.insert(key);
            }
        });
        ui.ctx().request_repaint();
    }

    /// The pass in which the cursor works on a column's layers; `None` where it is elsewhere.
    fn pass_at(&self, column: &Column) -> Option<Pass> {
        let (plan, cursor) = (self.view.state.plan(), self.view.state.cursor());
        let last = plan.locate(cursor.at().checked_sub(1)?, Grain::Layer);
        let stage = plan.stage_at(&last)?;
        let is_here = matches!(stage.tensor.owner, Owner::Layer(l) if column.layers.contains(&(l as usize)));
        is_here.then_some(stage.pass)
    }

    /// What the column's layer leaves unread of its input.
    fn unseen_by(&self, column: &Column) -> Option<&Unseen> {
        self.unseen.iter().find(|unseen| column.layers.contains(&unseen.layer))
    }

    /// Looks at a layer, or at one of its maps, or at their gradients.
    fn look_at(&self, tensor: TensorId, map: Option<usize>) {
        let (state, plan) = (self.view.state, self.view.state.plan());
        let Some(stage) = plan.stage_of(tensor) else { return };
        let layer = Address::whole_stage(state.trace().time(), self.image, stage);
        let plane = plan.shape_of(tensor).plane();
        self.view.look(&match map {
            Some(map) => layer.with_channel_from((map * plane) as u32),
            None => layer,
        });
    }

    fn map_ui(&self, ui: &mut Ui, number: usize, tensor: TensorId, map: usize, rect: Rect) {
        let (view, theme) = (self.view, self.view.theme);
        let response = ui.interact(rect, ui.scope_id().with((number, tensor, map)), Sense::click());
        let words = self.map_words(tensor, map);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words.join(", ")));
        let plane = TensorPlane::new(view, tensor, self.image, map);
        if plane.cells_done() == 0 && !plane.is_begun() {
            hatched_ui(ui, theme, rect);
        } else {
            let side = self.side(tensor);
            let atlas = match side {
                Side::Now => tensor_atlas(ui.ctx(), view, tensor, self.image),
                Side::Before(_) | Side::Difference(_) => side.atlas(ui.ctx(), view, tensor, self.image),
            };
            atlas.paint(ui.painter(), map, rect);
        }
        let (rows, cols) = (plane.rows(), plane.cols());
        let cell = vec2(rect.width() / cols as f32, rect.height() / rows as f32);
        self.unread_ui(ui, tensor, rect, cell);
        let is_gradient = tensor.part.is_activation_gradient();
        let frame = if is_gradient { theme.pass(Pass::Bwd).strong } else { theme.plane_frame };
        ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, frame), StrokeKind::Outside);
        lit::frame_ui(ui.painter(), view, rect, tensor, Some(map));
        self.drawn.borrow_mut().push(Drawn { tensor, map, rect });
        if let Some(pos) = response.hover_pos() {
            let at = (pos - rect.min) / cell;
            let (i, j) = ((at.y as usize).min(rows - 1), (at.x as usize).min(cols - 1));
            view.hover(plane.address(i, j));
            let [front, rest] = self.reading_words(tensor, map);
            view.read_out(front, rest);
        } else if response.has_focus() {
            let largest = summary(view, tensor, self.image).map_or(0, |summary| summary.maps[map].largest);
            view.hover(plane.address(largest / cols, largest % cols));
            let [front, rest] = self.reading_words(tensor, map);
            view.read_out(front, rest);
        }
        if response.clicked() {
            self.look_at(tensor, Some(map));
        }
    }

    /// Hatches the rows and columns that the next layer does not read.
    fn unread_ui(&self, ui: &Ui, tensor: TensorId, rect: Rect, cell: egui::Vec2) {
        let plan = self.view.state.plan();
        let read = self.unseen.iter().find(|unseen| plan.input_of(unseen.layer) == tensor);
        let Some(unseen) = read else { return };
        unread_ui(ui, self.view, unseen, rect, cell);
    }

    /// The name of a map and its largest value, for who does not see it.
    fn map_words(&self, tensor: TensorId, map: usize) -> [String; 2] {
        let view = self.view;
        let name = format!("{} {}", names::tensor(view, tensor), names::plane(view, tensor, map));
        [name, self.largest_words(tensor, map)]
    }

    /// `largest value 4.9`, `largest gradient −0.06`, `not computed yet`; of a difference `changed by −2.6`.
    pub(super) fn largest_words(&self, tensor: TensorId, map: usize) -> String {
        let view = self.view;
        let summary = summary(view, tensor, self.image).filter(|_| self.is_complete(tensor));
        let Some(summary) = summary else { return view.text("grid.not_yet") };
        let side = self.side(tensor);
        let map = side.numbers(map).unwrap_or(summary.maps[map]);
        if matches!(side, Side::Difference(_)) {
            return match map.is_zero() {
                true => view.text("overview.unchanged"),
                false => view.fill("overview.changed_by", &[("change", &with_sign(map.strongest(), 3))]),
            };
        }
        let (key, value) = match tensor.part.is_activation_gradient() {
            true => ("overview.largest_gradient", map.strongest()),
            false => ("overview.largest_value", map.max),
        };
        view.fill(key, &[("value", &number::significant(value, 3))])
    }

    /// A vector as a block of cells, one per neuron, row by row.
    fn vector_ui(&self, ui: &mut Ui, tensor: TensorId, area: Rect) {
        let (view, theme) = (self.view, self.view.theme);
        let count = view.state.plan().shape_of(tensor).planes().max(1);
        let (rows, cols) = grid_of(count, area.size());
        let cell = (area.width() / cols as f32).min(area.height() / rows as f32).min(22.0);
        let rect = Rect::from_min_size(area.min, vec2(cols as f32, rows as f32) * cell);
        let id = ui.scope_id().with(("vector", tensor));
        let response = ui.interact(rect, id, Sense::click());
        let words = format!(
            "{}, {}",
            names::tensor(view, tensor),
            view.fill("overview.neurons", &[("n", &count.to_string())])
        );
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
        let plane = TensorPlane::new(view, tensor, self.image, 0);
        let side = self.side(tensor);
        let mapping = side.mapping(view, tensor, self.image, None);
        if plane.is_begun() {
            let key = ("overview vector", plane.revision_of(0..count as u32), side.key(), mapping.key());
            let atlas = atlas(ui.ctx(), key, 1, [rows, cols], |_, i, j| {
                let k = i * cols + j;
                if k >= count {
                    return Color32::TRANSPARENT;
                }
                let cell = side.cell(plane.cell_at(k as u32), k);
                match cell.state {
                    CellState::NotYet => theme.hatch_ground,
                    CellState::Partial | CellState::Current | CellState::Stale => mapping.color(cell.value),
                }
            });
            atlas.paint(ui.painter(), 0, rect);
        } else {
            hatched_ui(ui, theme, rect);
        }
        let frame = if tensor.part.is_activation_gradient() {
            theme.pass(Pass::Bwd).strong
        } else {
            theme.plane_frame
        };
        ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, frame), StrokeKind::Outside);
        for k in 0..count {
            let at = vec2((k % cols) as f32, (k / cols) as f32) * cell;
            let rect = Rect::from_min_size(rect.min + at, vec2(cell, cell));
            self.drawn.borrow_mut().push(Drawn { tensor, map: k, rect });
        }
        let under = response.hover_pos().or(response.has_focus().then(|| rect.min + vec2(1.0, 1.0)));
        let under = under.map(|pos| ((pos - rect.min) / cell).floor());
        let neuron =
            under.map(|at| at.y.max(0.0) as usize * cols + at.x.max(0.0) as usize).filter(|&k| k < count);
        if let Some(neuron) = neuron {
            view.hover(plane.address_at(neuron as u32));
            let [front, rest] = self.reading_words(tensor, neuron);
            view.read_out(front, rest);
        }
        if response.clicked() {
            self.look_at(tensor, neuron);
        }
    }

    /// Below the maps: how many more there are, and the largest value; of gradients, how many are 0.
    fn foot_ui(&self, ui: &mut Ui, column: &Column, tensors: &[TensorId], more: usize, rect: Rect) {
        let (view, theme) = (self.view, self.view.theme);
        let body = self.layout.body(self.lane);
        let left = rect.center().x - 0.5 * body;
        let Some(bottom) = self.bottom_of(tensors) else { return };
        let line = Rect::from_min_size(pos2(left, bottom + 2.0), vec2(body, layout::FOOT - 2.0));
        let font = theme::small_font();
        let mut free = line;
        if more > 0 {
            let text = format!("+{more}");
            let width = text_width(ui.painter(), &text, font.clone());
            let at = Rect::from_min_size(line.min, vec2(width.max(24.0), line.height()));
            let hit = at.expand2(vec2(0.0, 2.0));
            let response = ui.interact(hit, ui.scope_id().with(("more", column.shown)), Sense::click());
            let count = more.to_string();
            let words =
                view.fill("overview.more", &[("n", &count), ("name", column.name(view.state.plan()))]);
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
            ui.painter().text(line.left_center(), Align2::LEFT_CENTER, text, font.clone(), theme.accent);
            if response.hovered() || response.has_focus() {
                ui.painter().hline(
                    line.left()..=line.left() + width,
                    line.bottom() - 1.0,
                    Stroke::new(1.0, theme.accent),
                );
                view.read_out(words, String::new());
            }
            if response.clicked() {
                self.look_at(tensors[0], None);
            }
            free.set_left(at.right() + 4.0);
        }
        let facts = tensors.iter().rev().filter_map(|&tensor| self.fact(tensor));
        let mut right = free.right();
        for (texts, color) in facts {
            let width =
                |text: &str| ui.painter().layout_no_wrap(text.to_owned(), font.clone(), color).size().x;
            let Some(text) = texts.into_iter().find(|text| width(text) <= right - free.left()) else {
                continue;
            };
            ui.painter().text(pos2(right, line.center().y), Align2::RIGHT_CENTER, &text, font.clone(), color);
            right -= width(&text) + 8.0;
        }
    }

    /// What is said of a tensor below its column, the longer words first.
    fn fact(&self, tensor: TensorId) -> Option<(Vec<String>, Color32)> {
        let (view, theme) = (self.view, self.view.theme);
        let summary = summary(view, tensor, self.image).filter(|_| self.is_complete(tensor))?;
        if tensor.part.is_activation_gradient() {
            let zeros: usize = summary.maps.iter().map(|map| map.zeros).sum();
            let cells: usize = summary.maps.iter().map(|map| map.cells).sum();
            let share = zero_share(zeros, cells);
            let long = view.fill("overview.zeros", &[("share", &share)]);
            return Some((vec![long, share + " %"], theme.pass(Pass::Bwd).strong));
        }
        let side = self.side(tensor);
        if let Side::Difference(before) = &side {
            let strongest = before.changed.maps.iter().map(MapSummary::strongest);
            let most = strongest.max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap_or(0.0);
            let words = if most == 0.0 { view.text("layer.same") } else { with_sign(most, 2) };
            return Some((vec![words], theme.text_weak));
        }
        let maps = match &side {
            Side::Before(before) => &before.summary.maps,
            Side::Now | Side::Difference(_) => &summary.maps,
        };
        let max = maps.iter().map(|map| map.max).fold(f32::NEG_INFINITY, f32::max);
        let max = number::short(max);
        let color =
            if self.lane == crate::app::Lane::Both { theme.pass(Pass::Fwd).strong } else { theme.text_weak };
        Some((vec![view.fill("overview.max", &[("value", &max)]), max], color))
    }

    /// The lower edge of what was drawn of some tensors.
    fn bottom_of(&self, tensors: &[TensorId]) -> Option<f32> {
        let drawn = self.drawn.borrow();
        let rects =
            drawn.iter().filter(|drawn| tensors.contains(&drawn.tensor)).map(|drawn| drawn.rect.bottom());
        rects.reduce(f32::max)
    }
}

/// Hatches the rows and columns that no window reads, over a map of cells of a size.
pub fn unread_ui(ui: &Ui, view: &View, unseen: &Unseen, rect: Rect, cell: egui::Vec2) {
    let color = view.theme.hatch_line;
    for &i in &unseen.rows {
        let row = Rect::from_min_size(
            pos2(rect.left(), rect.top() + i as f32 * cell.y),
            vec2(rect.width(), cell.y),
        );
        hatch_ui(ui.painter(), row, color);
    }
    for &j in &unseen.cols {
        let col = Rect::from_min_size(
            pos2(rect.left() + j as f32 * cell.x, rect.top()),
            vec2(cell.x, rect.height()),
        );
        hatch_ui(ui.painter(), col, color);
    }
}

/// Rows and columns of a block of `count` cells, twice as high as wide where there is room.
fn grid_of(count: usize, room: egui::Vec2) -> (usize, usize) {
    let high = (room.y / room.x.max(1.0)).clamp(1.0, 2.0);
    let cols = ((count as f32 / high).sqrt().round() as usize).clamp(1, count);
    (count.div_ceil(cols), cols)
}

/// How many of a hundred are 0; 0 and 100 only where none and all are.
fn zero_share(zeros: usize, cells: usize) -> String {
    match zeros {
        0 => "0".to_owned(),
        zeros if zeros == cells => "100".to_owned(),
        zeros => ((100.0 * zeros as f64 / cells as f64).round() as usize).clamp(1, 99).to_string(),
    }
}

/// The first of some texts that fits into a rectangle.
fn first_fitting_ui(ui: &Ui, rect: Rect, texts: &[String], color: Color32) {
    let font = theme::small_font();
    let width = |text: &str| ui.painter().layout_no_wrap(text.to_owned(), font.clone(), color).size().x;
    if let Some(text) = texts.iter().find(|text| width(text) <= rect.width()) {
        ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, text, font.clone(), color);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_stands_as_a_block_of_all_its_cells() {
        assert_eq!(grid_of(128, vec2(84.0, 480.0)), (16, 8));
        for count in 1..300 {
            let (rows, cols) = grid_of(count, vec2(84.0, 300.0));
            assert!(rows * cols >= count && (rows - 1) * cols < count, "{count}: {rows} x {cols}");
        }
    }

    #[test]
    fn a_share_is_0_or_100_only_where_none_or_all_are_zero() {
        let shares = [(0, 1000), (1, 1000), (633, 1000), (999, 1000), (1000, 1000)];
        assert_eq!(shares.map(|(zeros, cells)| zero_share(zeros, cells)), ["0", "1", "63", "99", "100"]);
    }
}
