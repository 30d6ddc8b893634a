//! The network: a lane of maps forward, below it a lane of their gradients, columns aligned.
//!
//! One column per layer, the input first and the loss last. The gradient under a column is the
//! gradient of that column's tensor, wherever it is made.

mod column;
mod head;
mod layout;
mod legend;
mod receptive_field;
mod thumbnails;

use crate::app::Action;
use crate::trace::{Address, Grain, Pass, Plan, TensorId};
use crate::ui::{names, view::View};
use column::{Lane, Mark};
use egui::{
    Align2, Color32, Pos2, Rect, ScrollArea, Shape, Stroke, StrokeKind, Ui, UiBuilder, Vec2, pos2,
    scroll_area::ScrollBarVisibility, style::ScrollAnimation, vec2,
};
use layout::Layout;
use receptive_field::ReceptiveField;
use std::collections::HashMap;

/// The width of the words beside the lanes.
const GUTTER: f32 = 24.0;

/// What the lanes remember between frames.
#[derive(Clone, Default)]
struct Remembered {
    /// The first item shown, by column.
    first: HashMap<usize, usize>,
    /// Where the cursor was in the last frame, and how wide the lanes were.
    seen: Option<(u64, u32, Option<Address>, u32)>,
    /// The user has looked at other maps since the cursor moved.
    paged: bool,
    /// The column under the pointer in the last frame.
    pointed: Option<usize>,
    /// What the wheel has turned and no step of the zoom has taken yet, in powers of two.
    zoomed: f32,
}

/// One frame's state of the lanes.
struct Scene<'a> {
    view: &'a View<'a>,
    layout: Layout,
    /// The image looked at.
    image: u32,
    mark: Option<Mark>,
    /// The current cell.
    focus: Option<(TensorId, u32)>,
    /// Whether the focus is a cell that was meant, and not just the last of a larger unit.
    exact: bool,
    /// What belongs to the cell pointed at, or else to the focus.
    fields: Vec<ReceptiveField>,
}

/// Draws the network: a column per layer with its values above and its gradients below.
pub fn lanes_ui(ui: &mut Ui, view: &View) {
    let whole = ui.available_rect_before_wrap();
    if whole.width() < 60.0 || whole.height() < 60.0 {
        return;
    }
    let legend_height = legend::height(whole.width());
    let mut lanes = whole;
    lanes.set_bottom((whole.bottom() - legend_height - 4.0).max(whole.top() + 150.0));
    let legends = Rect::from_min_max(pos2(whole.left(), lanes.bottom() + 4.0), whole.max);

    let id = ui.make_persistent_id("lanes");
    let mut remembered: Remembered = ui.data_mut(|data| data.get_temp(id)).unwrap_or_default();
    let room = vec2(lanes.width() - GUTTER, lanes.height());
    let scene = Scene::new(view, Layout::new(ui, view, room));

    scene.gutter_ui(ui, lanes);
    let scrolled = Rect::from_min_max(pos2(lanes.left() + GUTTER, lanes.top()), lanes.max);
    ui.scope_builder(UiBuilder::new().max_rect(scrolled), |ui| {
        ScrollArea::horizontal()
            .id_salt("lanes")
            .auto_shrink(false)
            .scroll_bar_visibility(ScrollBarVisibility::VisibleWhenNeeded)
            .show_viewport(ui, |ui, viewport| scene.columns_ui(ui, viewport, &mut remembered));
    });
    // Ctrl and the wheel, or two fingers, over the lanes.
    let delta = ui.input(|input| input.zoom_delta());
    if delta != 1.0 && ui.rect_contains_pointer(lanes) {
        remembered.zoomed += delta.log2();
        let steps = (2.0 * remembered.zoomed).trunc();
        remembered.zoomed -= 0.5 * steps;
        if steps != 0.0 {
            view.act(Action::ZoomLanes(steps as i8));
        }
    }
    let column = remembered.pointed.or(scene.mark.map(|mark| mark.column)).unwrap_or(0);
    ui.scope_builder(UiBuilder::new().max_rect(legends), |ui| {
        legend::legends_ui(ui, view, scene.image, column, scene.focus);
    });
    ui.data_mut(|data| data.insert_temp(id, remembered));
    ui.advance_cursor_after_rect(whole);
}

impl<'a> Scene<'a> {
    fn new(view: &'a View<'a>, layout: Layout) -> Self {
        let (plan, trace, state) = (view.state.plan(), view.state.trace(), view.state);
        let focus = state.focus();
        let cell = trace.tensor_cell(&focus);
        // Before the first step nothing is being made.
        let started = state.cursor().at() > 0 || state.selected().is_some();
        let exact = state.selected().is_some() || state.cursor().grain() >= Grain::Cell;
        let focus_cell = cell.filter(|_| started).map(|(tensor, _, index)| (tensor, index));
        let hovered = view.hovered().and_then(|address| trace.tensor_cell(&address));
        let meant = hovered.map(|(tensor, _, index)| (tensor, index));
        let meant = meant.or(focus_cell.filter(|_| exact));
        Self {
            view,
            layout,
            image: state.image(),
            mark: started.then(|| Mark::from_address(plan, &focus)).flatten(),
            focus: focus_cell,
            exact,
            fields: meant
                .map(|(tensor, index)| receptive_field::receptive_fields(plan, tensor, index))
                .unwrap_or_default(),
        }
    }

    fn plan(&self) -> &'a Plan {
        self.view.state.plan()
    }

    /// The part of a tensor that is done, 0 to 1; a given one is.
    fn done(&self, tensor: TensorId) -> f32 {
        let (plan, state) = (self.plan(), self.view.state);
        plan.stage_of(tensor).map_or(1.0, |stage| {
            let image = if plan.is_layered() { 0 } else { self.image };
            let progress = state.trace().progress(stage, image, state.cursor().at());
            progress.done as f32 / progress.cells.max(1) as f32
        })
    }

    fn columns_ui(&self, ui: &mut Ui, viewport: Rect, remembered: &mut Remembered) {
        let layout = &self.layout;
        let origin = ui.min_rect().min;
        ui.set_width(layout.width);
        ui.set_height(layout.column_rect(0, Pos2::ZERO).height());
        let state = self.view.state;
        let width = viewport.width().round() as u32;
        let now = (state.cursor().at(), state.trace().time(), state.selected(), width);
        let moved = remembered.seen != Some(now);
        remembered.paged &= !moved;
        if moved && let Some(mark) = self.mark {
            // The columns beside it come into view with it.
            let rect = layout.column_rect(mark.column, origin).expand2(vec2(layout.thumb + 8.0, 0.0));
            let animation = match remembered.seen {
                Some((.., before)) if before == width => ui.style().scroll_animation,
                Some(_) | None => ScrollAnimation::none(),
            };
            ui.scroll_to_rect_animation(rect, None, animation);
        }
        remembered.seen = Some(now);
        self.rails_ui(ui, origin);
        let mut pointed = None;
        for c in 0..layout.columns.len() {
            let x = &layout.columns[c];
            if x.end < viewport.left() || x.start > viewport.right() {
                continue;
            }
            let rect = layout.column_rect(c, origin);
            self.follow_focus(ui, c, remembered);
            self.ground_ui(ui, c, rect);
            self.head_ui(ui, c, layout.head_rect(rect));
            self.lanes_of_column_ui(ui, c, rect, remembered);
            let clip = rect.intersect(ui.clip_rect());
            if ui.rect_contains_pointer(clip) {
                pointed = Some(c);
            }
        }
        remembered.pointed = pointed;
    }

    /// After a move of the cursor: the focused map is among those shown.
    fn follow_focus(&self, ui: &Ui, c: usize, remembered: &mut Remembered) {
        let Some((tensor, index)) = self.focus.filter(|_| !remembered.paged) else { return };
        let Some((column, lane)) = column::place_of(self.plan(), tensor) else { return };
        if column != c {
            return;
        }
        let shape = self.plan().shape_of(tensor);
        let picture = matches!(self.layout.bodies[c], layout::Body::Maps { picture: true, .. });
        let before = usize::from(picture && lane == Lane::Forward);
        let item = match self.layout.bodies[c] {
            layout::Body::Loss { .. } => index as usize,
            layout::Body::Maps { .. } | layout::Body::Vector { .. } => {
                index as usize / shape.plane() + before
            }
        };
        let shown = self.layout.shown(c, ui.pixels_per_point());
        let first = remembered.first.entry(c).or_default();
        if item < *first || item >= *first + shown {
            *first = (item + 1).saturating_sub(shown);
        }
    }

    /// What lies under a column's maps: the marked lane in its pass's colour; a click goes there.
    fn ground_ui(&self, ui: &mut Ui, c: usize, rect: Rect) {
        let (theme, plan) = (self.view.theme, self.plan());
        let marked = self.mark.filter(|mark| mark.column == c);
        for lane in [Lane::Forward, Lane::Backward] {
            let area = self.layout.lane_rect(rect, lane).expand(2.0);
            if let Some(mark) = marked
                && mark.lane.is_none_or(|marked| marked == lane)
            {
                let colors = theme.pass(mark.pass);
                ui.painter().rect_filled(area, 4, colors.soft);
                ui.painter().rect_stroke(area, 4, Stroke::new(2.0, colors.strong), StrokeKind::Outside);
            }
            let time = self.view.state.trace().time();
            let Some(address) = column::address_of(plan, time, self.image, c, lane) else { continue };
            let response = ui.interact(area, ui.scope_id().with(("ground", c, lane)), egui::Sense::click());
            let name = names::place(self.view, &address);
            let words = self.view.fill("lanes.go", &[("name", &name)]);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &words));
            if response.on_hover_text(words).clicked() {
                self.view.visit(&address);
            }
        }
    }

    /// The lines along which the values come: coloured as far as they have come.
    fn rails_ui(&self, ui: &Ui, origin: Pos2) {
        let (theme, plan) = (self.view.theme, self.plan());
        let painter = ui.painter();
        let last = self.layout.columns.len() - 1;
        let x_of = |c: usize| {
            let columns = &self.layout.columns;
            match c {
                0 => columns[0].start,
                c if c > last => columns[last].end,
                c => 0.5 * (columns[c - 1].end + columns[c].start),
            }
        };
        for lane in [Lane::Forward, Lane::Backward] {
            let y = origin.y + self.layout.rail_y(lane);
            let at = |x: f32| pos2(origin.x + x, y);
            let colors = theme.pass(match lane {
                Lane::Forward => Pass::Fwd,
                Lane::Backward => Pass::Bwd,
            });
            painter.line_segment([at(x_of(0)), at(x_of(last + 1))], Stroke::new(2.0, theme.line));
            let mut tip = None;
            let order: Vec<usize> = match lane {
                Lane::Forward => (0..=last).collect(),
                Lane::Backward => (0..=last).rev().collect(),
            };
            for c in order {
                let tensor = column::tensor_in(plan, c, lane).unwrap_or(column::tensor_at(plan, last));
                let done = self.done(tensor);
                let (from, to) = match lane {
                    Lane::Forward => (x_of(c), x_of(c + 1)),
                    Lane::Backward => (x_of(c + 1), x_of(c)),
                };
                if done <= 0.0 {
                    break;
                }
                let end = egui::lerp(from..=to, done);
                painter.line_segment([at(from), at(end)], Stroke::new(3.0, colors.strong));
                tip = Some(end);
                if done < 1.0 {
                    break;
                }
            }
            if let Some(tip) = tip {
                let way = if lane == Lane::Forward { 1.0 } else { -1.0 };
                let points = [(0.0, 0.0), (-8.0 * way, -5.0), (-8.0 * way, 5.0)];
                let points = points.map(|(x, dy)| at(tip + x) + vec2(0.0, dy)).to_vec();
                painter.add(Shape::convex_polygon(points, colors.strong, Stroke::NONE));
            }
        }
    }

    /// The names of the lanes beside them.
    fn gutter_ui(&self, ui: &Ui, area: Rect) {
        let theme = self.view.theme;
        let painter = ui.painter().with_clip_rect(ui.clip_rect().intersect(area));
        for (lane, look, key) in
            [(Lane::Forward, Pass::Fwd, "lanes.forward"), (Lane::Backward, Pass::Bwd, "lanes.backward")]
        {
            let column = Rect::from_min_size(area.min, vec2(GUTTER - 6.0, area.height()));
            let rect = self.layout.lane_rect(column, lane);
            let colors = theme.pass(look);
            painter.rect_filled(rect, 4, colors.fill);
            let glyph = format!("{}", colors.glyph);
            let strong = layout::name_font();
            let top = pos2(rect.center().x, rect.top() + 2.0);
            painter.text(top, Align2::CENTER_TOP, glyph, strong.clone(), colors.on_fill);
            let below = Rect::from_min_max(pos2(rect.left(), rect.top() + 18.0), rect.max);
            upright_ui(&painter, below, &self.view.text(key), strong, colors.on_fill);
        }
    }
}

/// Words along a narrow upright rectangle: Chinese from top to bottom, others turned.
fn upright_ui(painter: &egui::Painter, rect: Rect, text: &str, font: egui::FontId, color: Color32) {
    let is_chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    if is_chinese {
        let stacked: Vec<String> = text.chars().map(String::from).collect();
        painter.text(rect.center(), Align2::CENTER_CENTER, stacked.join("\n"), font, color);
        return;
    }
    let galley = painter.layout_no_wrap(text.to_owned(), font, color);
    let size: Vec2 = galley.size();
    let corner = rect.center() + vec2(-0.5 * size.y, 0.5 * size.x);
    let mut shape = egui::epaint::TextShape::new(corner, galley, color);
    shape.angle = -std::f32::consts::FRAC_PI_2;
    painter.add(shape);
}

/// The salt of a plane's widget.
const fn salt(tensor: TensorId, channel: usize) -> (TensorId, usize) {
    (tensor, channel)
}
