//! The run as an icicle: all training steps in a strip with their losses, below it the one looked at,
//! a row per grain; the cursor, marks. A click or a drag goes there.

mod scale;

pub use scale::{Segment, TimeScale, Unit};

use crate::app::Action;
use crate::trace::{Address, Grain, Move, Pass, Place};
use crate::ui::{
    fonts, number,
    theme::{PassColors, Theme, space, text_size},
    view::View,
};
use egui::{
    Align2, Color32, FontId, Id, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui,
    WidgetInfo, pos2, vec2,
};
use std::ops::Range;

/// The height of the strip of the whole run.
const RUN: f32 = 20.0;
/// The height of the row of passes.
const PASSES: f32 = 19.0;
/// The height of the row of stages.
const STAGES: f32 = 20.0;
/// The height of the rows of images and of channels.
const THIN: f32 = 8.0;
/// Between rows.
const GAP: f32 = 2.0;
/// Between the run and its part.
const ZOOM: f32 = 7.0;
/// The words beside the strip of the run.
const BESIDE: f32 = 290.0;

/// Where everything lies.
struct Rows {
    run: Rect,
    images: Option<Rect>,
    passes: Rect,
    stages: Rect,
    channels: Rect,
}

struct Timeline<'a> {
    view: &'a View<'a>,
    rows: Rows,
    scale: TimeScale,
    /// Steps of the run before the training step looked at.
    before: u64,
    /// The cursor within the training step.
    at: u64,
}

/// Draws it.
pub fn timeline_ui(ui: &mut Ui, view: &View) {
    let plan = view.state.plan();
    let has_images = plan.repeats() > 1;
    let height =
        RUN + ZOOM + PASSES + GAP + STAGES + GAP + THIN + if has_images { THIN + GAP } else { 0.0 } + 5.0;
    let labels = labels_width(ui, view);
    let (whole, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::click_and_drag());
    let line =
        Rect::from_min_max(pos2(whole.left() + labels, whole.top()), whole.right_bottom() - vec2(6.0, 0.0));
    if line.width() < 100.0 {
        return;
    }
    let mut y = line.top();
    let mut row = |height: f32, gap: f32| {
        let rect = Rect::from_min_size(pos2(line.left(), y), vec2(line.width(), height));
        y += height + gap;
        rect
    };
    let mut run = row(RUN, ZOOM);
    run.set_right((run.right() - BESIDE).max(run.left() + 60.0));
    let images = has_images.then(|| row(THIN, GAP));
    let rows =
        Rows { run, images, passes: row(PASSES, GAP), stages: row(STAGES, GAP), channels: row(THIN, 0.0) };
    let trace = view.state.trace();
    let before = u64::from(trace.time()) * plan.len();
    let at = view.state.cursor.at().saturating_sub(before).min(plan.len());
    let image = view.state.focus().image;
    let scale = TimeScale::new(plan, image, line.width());
    let timeline = Timeline { view, rows, scale, before, at };
    if ui.is_rect_visible(whole) {
        timeline.labels_ui(ui.painter(), whole, labels);
        timeline.run_ui(ui, whole);
        timeline.icicle_ui(ui);
        timeline.marks_ui(ui.painter());
        timeline.cursor_ui(ui.painter());
    }
    timeline.answer(ui, response);
}

fn small() -> FontId {
    FontId::proportional(text_size::SMALL)
}

fn strong() -> FontId {
    FontId::new(text_size::SMALL + 0.5, fonts::strong())
}

fn width(painter: &Painter, text: &str, font: FontId) -> f32 {
    painter.layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x
}

/// The names of the rows.
const LABELS: [&str; 3] = ["timeline.run", "timeline.pass", "timeline.layer"];

fn labels_width(ui: &Ui, view: &View) -> f32 {
    let widest = LABELS.map(|key| width(ui.painter(), &view.text(key), small()));
    widest.into_iter().fold(0.0f32, f32::max).ceil() + 10.0
}

/// The longest of some texts that fits.
fn fitting(
    painter: &Painter,
    texts: impl IntoIterator<Item = String>,
    room: f32,
    font: &FontId,
) -> Option<String> {
    texts.into_iter().find(|text| width(painter, text, font.clone()) + 5.0 <= room)
}

impl Timeline<'_> {
    fn theme(&self) -> &'static Theme {
        self.view.theme
    }

    /// Left and right of some steps, counted from the start of the training step.
    fn x_of(&self, steps: &Range<u64>) -> Range<f32> {
        let x = self.scale.range_of(steps);
        let left = self.rows.stages.left();
        left + x.start as f32..left + x.end as f32
    }

    fn labels_ui(&self, painter: &Painter, whole: Rect, labels: f32) {
        let theme = self.theme();
        let rows = [self.rows.run, self.rows.passes, self.rows.stages];
        for (key, row) in LABELS.into_iter().zip(rows) {
            let at = pos2(whole.left() + labels - 8.0, row.center().y);
            painter.text(at, Align2::RIGHT_CENTER, self.view.text(key), small(), theme.text_weak);
        }
    }

    /// All training steps: which one is looked at, and the losses seen so far.
    fn run_ui(&self, ui: &Ui, whole: Rect) {
        let (theme, view) = (self.theme(), self.view);
        let painter = ui.painter();
        let (rect, times) = (self.rows.run, view.state.plan().times());
        let time = view.state.trace().time();
        let x_of = |time: f64| rect.left() + (time / f64::from(times.max(1))) as f32 * rect.width();
        painter.rect_filled(rect, 3, theme.field);
        let done = view.state.cursor.at() as f64 / view.state.plan().len().max(1) as f64;
        let done = Rect::from_min_max(rect.min, pos2(x_of(done), rect.bottom()));
        painter.rect_filled(done, 3, theme.accent_soft);
        let (from, to) = (x_of(f64::from(time)), x_of(f64::from(time) + 1.0));
        let unit = Rect::from_min_max(
            pos2(from, rect.top()),
            pos2(to.max(from + 4.0).min(rect.right().max(from + 4.0)), rect.bottom()),
        );
        if times <= 200 {
            for tick in 1..times {
                let x = painter.round_to_pixel_center(x_of(f64::from(tick)));
                let height = if tick % 10 == 0 { 0.35 } else { 0.18 };
                let top = rect.bottom() - height * rect.height();
                painter.vline(x, top..=rect.bottom(), Stroke::new(1.0, theme.line_strong));
            }
        }
        // From the part to the whole: what lies below is this one step.
        let below = self.rows.images.unwrap_or(self.rows.passes);
        let zoom = vec![
            pos2(unit.left(), rect.bottom()),
            pos2(unit.right(), rect.bottom()),
            pos2(below.right(), below.top() - 1.0),
            pos2(below.left(), below.top() - 1.0),
        ];
        painter.add(Shape::convex_polygon(zoom, theme.accent_soft, Stroke::NONE));
        self.losses_ui(painter, rect, &x_of);
        painter.rect_stroke(rect, 3, Stroke::new(1.0, theme.line_strong), StrokeKind::Inside);
        painter.rect_stroke(unit, 2, Stroke::new(2.0, theme.accent), StrokeKind::Middle);

        let plan = view.state.plan();
        let batches = plan.setup().batches;
        let epoch = format!("e{}", time / batches);
        let all = plan.setup().epochs.to_string();
        let loss = view.state.known_loss(time).map_or_else(|| "?".to_owned(), number::short);
        let words = view.fill("timeline.where", &[("epoch", &epoch), ("all", &all), ("loss", &loss)]);
        let right = pos2(rect.right() + space::S, rect.center().y);
        let note = view.text("timeline.scale");
        let words_width = width(painter, &words, small());
        painter.text(right, Align2::LEFT_CENTER, words, small(), theme.text);
        if words_width + width(painter, &note, small()) + space::L <= whole.right() - right.x {
            let at = pos2(whole.right() - 6.0, rect.center().y);
            painter.text(at, Align2::RIGHT_CENTER, note, small(), theme.text_weak);
        }
    }

    fn losses_ui(&self, painter: &Painter, rect: Rect, x_of: &dyn Fn(f64) -> f32) {
        let theme = self.theme();
        let state = self.view.state;
        let known = state.run.records().keys().filter_map(|&time| Some((time, state.known_loss(time)?)));
        let finite: Vec<(u32, f32)> = known.filter(|(_, loss)| loss.is_finite()).collect();
        let highest = finite.iter().map(|(_, loss)| *loss).fold(0.0f32, f32::max);
        let color = theme.pass(Pass::Loss).strong;
        let inner = rect.shrink2(vec2(0.0, 4.0));
        let points: Vec<Pos2> = finite
            .into_iter()
            .map(|(time, loss)| {
                let share = if highest > 0.0 { loss / highest } else { 0.0 };
                pos2(x_of(f64::from(time) + 0.5), egui::lerp(inner.bottom()..=inner.top(), share))
            })
            .collect();
        if points.len() > 1 {
            painter.add(Shape::line(points.clone(), Stroke::new(1.6, color)));
        }
        // Single steps are seen as dots; many would run together.
        if points.len() <= 60 {
            for point in points {
                painter.circle_filled(point, 2.2, color);
            }
        }
    }

    fn icicle_ui(&self, ui: &Ui) {
        let painter = ui.painter();
        let plan = self.view.state.plan();
        if let Some(row) = self.rows.images {
            for image in 0..plan.repeats() {
                let address = self.stage_address(0, image);
                if let Some(steps) = plan.steps(&Address { grain: Grain::Example, ..address }) {
                    let steps = steps.start - self.before..steps.end - self.before;
                    self.box_ui(painter, row, &steps, self.theme().pass(Pass::Fwd));
                }
            }
        }
        // Neighbouring stretches of one pass make its box.
        let mut run: Option<(Pass, u32, Range<u64>)> = None;
        let mut passes = Vec::new();
        for segment in self.scale.segments() {
            let now = match segment.unit {
                Unit::Stage { stage, image } => Some((plan.stages()[stage].pass, image)),
                Unit::Image(_) => None,
            };
            match (&mut run, now) {
                (Some((pass, image, steps)), Some(now)) if (*pass, *image) == now => {
                    steps.end = segment.steps.end;
                }
                (_, now) => {
                    passes.extend(run.take());
                    run = now.map(|(pass, image)| (pass, image, segment.steps.clone()));
                }
            }
        }
        passes.extend(run);
        for (pass, _, steps) in passes {
            self.pass_ui(painter, pass, &steps);
        }
        for segment in self.scale.segments() {
            match segment.unit {
                Unit::Stage { stage, .. } => self.stage_ui(painter, stage, segment),
                Unit::Image(_) => {
                    self.box_ui(painter, self.rows.stages, &segment.steps, self.theme().pass(Pass::Fwd));
                }
            }
        }
    }

    fn stage_address(&self, stage: usize, image: u32) -> Address {
        let time = self.view.state.trace().time();
        Address { time, image, place: Place::Stage(stage as u32), cell: 0, term: 0, grain: Grain::Layer }
    }

    /// A box of the icicle: pale, filled as far as its steps are done. Gives the box and whether
    /// the cursor stands in it.
    fn box_ui(&self, painter: &Painter, row: Rect, steps: &Range<u64>, colors: &PassColors) -> (Rect, bool) {
        let x = self.x_of(steps);
        // A hair of ground between neighbours, where there is room for one.
        let seam = if x.end - x.start > 2.5 { 1.0 } else { 0.0 };
        let rect = Rect::from_x_y_ranges(x.start..=x.end - seam, row.y_range());
        let is_thin = row.height() <= THIN;
        let pale = if is_thin { crate::ui::oklab::mix(colors.soft, colors.fill, 0.4) } else { colors.soft };
        painter.rect_filled(rect, if is_thin { 1 } else { 2 }, pale);
        if self.at > steps.start {
            let to = self.x_of(&(steps.start..self.at.min(steps.end))).end;
            let done = Rect::from_x_y_ranges(rect.left()..=to.min(rect.right()), row.y_range());
            painter.rect_filled(done, 2, colors.fill);
        }
        if rect.width() > 3.0 && !is_thin {
            let edge = Stroke::new(1.0, colors.fill);
            painter.rect_stroke(rect, 2, edge, StrokeKind::Inside);
        }
        // The unit that was worked on last.
        let is_here = self.at > steps.start && self.at <= steps.end;
        (rect, is_here)
    }

    fn pass_ui(&self, painter: &Painter, pass: Pass, steps: &Range<u64>) {
        let colors = self.theme().pass(pass);
        let (rect, _) = self.box_ui(painter, self.rows.passes, steps, colors);
        let name = self.view.text(&format!("timeline.{}", pass.name()));
        let texts = [format!("{} {name}", colors.glyph), colors.glyph.to_string()];
        self.words_ui(painter, rect, steps, texts, strong(), colors);
    }

    fn stage_ui(&self, painter: &Painter, number: usize, segment: &Segment) {
        let (theme, plan) = (self.theme(), self.view.state.plan());
        let stage = &plan.stages()[number];
        let colors = theme.pass(stage.pass);
        let (rect, is_here) = self.box_ui(painter, self.rows.stages, &segment.steps, colors);
        if is_here {
            painter.rect_stroke(rect, 2, Stroke::new(2.0, colors.strong), StrokeKind::Inside);
        }
        let texts = [plan.name(stage.tensor), stage.tensor.part.suffix().to_owned()];
        let font = if is_here { strong() } else { small() };
        let texts = texts.into_iter().filter(|text| !text.is_empty());
        self.words_ui(painter, rect, &segment.steps, texts, font, colors);
        // The channels, where they can be told apart.
        let planes = (stage.shape.len() / stage.shape.plane().max(1)) as u64;
        let x = self.x_of(&segment.steps);
        let row = self.rows.channels;
        if planes > 1 && (x.end - x.start) / planes as f32 >= 3.0 {
            let each = (segment.steps.end - segment.steps.start) / planes;
            for plane in 0..planes {
                let start = segment.steps.start + plane * each;
                self.box_ui(painter, row, &(start..start + each), colors);
            }
        } else {
            self.box_ui(painter, row, &segment.steps, colors);
        }
    }

    /// The longest of some texts that fits into a box, in the ink for its done part or for its pale
    /// one; where the cursor stands in it, on the larger side.
    fn words_ui(
        &self,
        painter: &Painter,
        rect: Rect,
        steps: &Range<u64>,
        texts: impl IntoIterator<Item = String>,
        font: FontId,
        colors: &PassColors,
    ) {
        let x = self.x_of(&(steps.start..self.at.clamp(steps.start, steps.end))).end;
        let (done, pale) = rect.split_left_right_at_x(x.clamp(rect.left(), rect.right()));
        let (side, ink) =
            if done.width() >= pale.width() { (done, colors.on_fill) } else { (pale, colors.strong) };
        if let Some(text) = fitting(painter, texts, side.width(), &font) {
            painter.text(side.center(), Align2::CENTER_CENTER, text, font, ink);
        }
    }

    /// Bookmarks, and where the last run stopped.
    fn marks_ui(&self, painter: &Painter) {
        let (theme, state) = (self.theme(), self.view.state);
        let plan = state.plan();
        let font = FontId::proportional(13.0);
        let mark = |address: &Address, glyph: &str, color: Color32| {
            let Some(steps) = plan.steps(address) else { return };
            let run = self.rows.run;
            let at = if address.time == state.trace().time() {
                let within = steps.end - self.before.min(steps.end);
                let x = self.rows.stages.left() + self.scale.x_of(within) as f32;
                painter.vline(
                    painter.round_to_pixel_center(x),
                    self.rows.passes.top()..=self.rows.channels.bottom(),
                    Stroke::new(1.5, color),
                );
                pos2(x, self.rows.passes.top() - 1.0)
            } else {
                let share = (f64::from(address.time) + 0.5) / f64::from(plan.times().max(1));
                pos2(run.left() + share as f32 * run.width(), run.top() + 5.0)
            };
            for offset in [vec2(-1.0, 0.0), vec2(1.0, 0.0), vec2(0.0, -1.0), vec2(0.0, 1.0)] {
                painter.text(at + offset, Align2::CENTER_CENTER, glyph, font.clone(), theme.panel);
            }
            painter.text(at, Align2::CENTER_CENTER, glyph, font.clone(), color);
        };
        for bookmark in &state.bookmarks {
            mark(bookmark, "★", theme.warn);
        }
        if let Some(stop) = &state.stopped {
            mark(&stop.address, "●", theme.bad);
        }
    }

    fn cursor_ui(&self, painter: &Painter) {
        let theme = self.theme();
        let x = self.rows.stages.left() + self.scale.x_of(self.at) as f32;
        let top = self.rows.images.unwrap_or(self.rows.passes).top() - 2.0;
        let y = top..=self.rows.channels.bottom() + 2.0;
        painter.vline(x, y.clone(), Stroke::new(5.0, theme.halo));
        painter.vline(x, y, Stroke::new(2.0, theme.cursor));
        let handle = [(-6.0, -6.0), (6.0, -6.0), (6.0, -1.0), (0.0, 5.0), (-6.0, -1.0)];
        let points = handle.map(|(dx, dy)| pos2(x + dx, top + dy)).to_vec();
        painter.add(Shape::convex_polygon(points, theme.cursor, Stroke::new(1.0, theme.halo)));
    }

    /// The place under the pointer.
    fn address_at(&self, pos: Pos2) -> Address {
        let (plan, state) = (self.view.state.plan(), self.view.state);
        if pos.y < self.rows.run.bottom() + 0.5 * ZOOM {
            // Another training step at the same place.
            let rect = self.rows.run;
            let share = ((pos.x - rect.left()) / rect.width()).clamp(0.0, 1.0);
            let times = plan.times();
            let time = ((f64::from(share) * f64::from(times)) as u32).min(times.saturating_sub(1));
            let step = u64::from(time) * plan.len() + self.at.saturating_sub(1);
            return plan.locate(step, state.cursor.grain().max(Grain::Batch));
        }
        let step = self.scale.step_at(f64::from(pos.x - self.rows.stages.left()));
        plan.locate(self.before + step, Grain::Cell)
    }

    fn answer(&self, ui: &Ui, response: Response) {
        let (state, view) = (self.view.state, self.view);
        let plan = state.plan();
        let text = state.cursor.text(plan);
        let words = view.fill("timeline.label", &[("address", &text)]);
        let done = state.cursor.at() as f64 / plan.run_len().max(1) as f64;
        response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), done, &words));
        ui.ctx().accesskit_node_builder(response.id, |node| node.set_value(text.clone()));
        let is_pressed = response.clicked() || response.dragged();
        let pointed = response.interact_pointer_pos().or(response.hover_pos());
        if let Some(pos) = pointed.filter(|_| is_pressed) {
            let address = self.drag_address(ui, &response, pos);
            // While the pointer rests on one cell, one move is enough.
            if state.cursor.address(plan) != Some(address) || state.selected.is_some() {
                view.act(Action::Go(Move::Seek(address)));
            }
        }
        if let Some(pos) = response.hover_pos() {
            let address = self.address_at(pos);
            if address.time == state.trace().time() && address.grain >= Grain::Cell {
                view.hover(address);
            }
            response.on_hover_text_at_pointer(plan.text(&address));
        }
    }

    /// A drag stays in the part in which it began.
    fn drag_address(&self, ui: &Ui, response: &Response, pos: Pos2) -> Address {
        let id: Id = response.id.with("from");
        if response.drag_started() || response.clicked() {
            ui.data_mut(|data| data.insert_temp(id, pos.y));
        }
        let y = ui.data(|data| data.get_temp(id)).unwrap_or(pos.y);
        self.address_at(pos2(pos.x, y))
    }
}
