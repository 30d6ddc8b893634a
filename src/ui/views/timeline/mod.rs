//! The run as an icicle: all training steps in a strip with their losses and gradients, below it the selected
//! one, a row per grain; the cursor, marks. A click or a drag goes there; the wheel, two fingers and keys
//! zoom.

mod bar;
mod marks;
mod pointer;
mod scale;
mod steps_row;

pub use bar::bar_ui;
pub use scale::{Segment, TimeScale, Unit};

use crate::app::{AppState, Span};
use crate::trace::{Address, Grain, Pass};
use crate::ui::widgets::flow::text_width;
use crate::ui::{
    fonts, names,
    theme::{PassColors, Theme, text_size},
    view::View,
};
use egui::{Align2, FontId, Painter, Rect, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};
use std::ops::Range;

/// The height of the strip of the whole run: its loss above, its gradient below.
const RUN: f32 = 28.0;
/// The height of the row of passes.
const PASSES: f32 = 19.0;
/// The height of the row of stages.
const STAGES: f32 = 20.0;
/// The height of the rows of images, of channels, of cells and of terms.
const THIN: f32 = 7.0;
/// Between rows.
const GAP: f32 = 2.0;
/// Between the run and its part.
const ZOOM: f32 = 6.0;
/// Above and below all rows.
const MARGIN: f32 = 7.0;
/// The words beside the strip of the run.
const BESIDE: f32 = 290.0;

/// Where everything lies.
struct Rows {
    run: Rect,
    images: Option<Rect>,
    passes: Rect,
    stages: Rect,
    channels: Rect,
    cells: Rect,
    terms: Rect,
}

struct Timeline<'a> {
    view: &'a View<'a>,
    rows: Rows,
    scale: TimeScale,
    /// What is shown of all training steps.
    run: Span,
    /// The visible part of the selected training step.
    step: Span,
    /// Steps of the run before the selected training step.
    before: u64,
    /// The cursor within the training step.
    at: u64,
}

/// The height of the unfolded timeline.
pub fn height(state: &AppState) -> f32 {
    let images = if state.plan().repeats() > 1 { THIN + GAP } else { 0.0 };
    RUN + ZOOM + PASSES + GAP + STAGES + 3.0 * (GAP + THIN) + images + 5.0 + 2.0 * MARGIN
}

/// Draws the timeline: the run, the current training step, and its passes, layers, maps, cells and terms.
pub fn timeline_ui(ui: &mut Ui, view: &View) {
    let plan = view.state.plan();
    let has_images = plan.repeats() > 1;
    ui.add_space(MARGIN);
    let height = height(view.state) - 2.0 * MARGIN;
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
    let rows = Rows {
        run,
        images,
        passes: row(PASSES, GAP),
        stages: row(STAGES, GAP),
        channels: row(THIN, GAP),
        cells: row(THIN, GAP),
        terms: row(THIN, 0.0),
    };
    let trace = view.state.trace();
    let before = u64::from(trace.time()) * plan.len();
    let at = view.state.cursor().at().saturating_sub(before).min(plan.len());
    let image = view.state.focus().image();
    let scale = TimeScale::new(plan, image, line.width());
    let crate::app::Spans { run, step, .. } = view.state.spans();
    let timeline = Timeline { view, rows, scale, run, step, before, at };
    if ui.is_rect_visible(whole) {
        timeline.labels_ui(ui.painter(), whole, labels);
        timeline.run_ui(ui, whole);
        // What is zoomed out of the line does not run into the names; the cursor's handle may.
        let room = |beyond: f32| Rect::from_x_y_ranges(line.x_range().expand(beyond), whole.y_range());
        let inside = ui.painter().with_clip_rect(ui.clip_rect().intersect(room(0.0)));
        timeline.icicle_ui(&inside);
        timeline.marks_ui(&inside);
        timeline.cursor_ui(&ui.painter().with_clip_rect(ui.clip_rect().intersect(room(8.0))));
        timeline.bar_ui(ui.painter());
    }
    timeline.answer(ui, response);
}

fn small() -> FontId {
    FontId::proportional(text_size::SMALL)
}

fn strong() -> FontId {
    FontId::new(text_size::SMALL + 0.5, fonts::strong())
}

/// The names of the rows.
const LABELS: [&str; 3] = ["timeline.run", "timeline.pass", "timeline.layer"];

fn labels_width(ui: &Ui, view: &View) -> f32 {
    let widest = LABELS.map(|key| text_width(ui.painter(), &view.text(key), small()));
    widest.into_iter().fold(0.0f32, f32::max).ceil() + 10.0
}

/// The longest of some texts that fits.
fn fitting(
    painter: &Painter,
    texts: impl IntoIterator<Item = String>,
    room: f32,
    font: &FontId,
) -> Option<String> {
    texts.into_iter().find(|text| text_width(painter, text, font.clone()) + 5.0 <= room)
}

impl Timeline<'_> {
    fn theme(&self) -> &'static Theme {
        self.view.theme
    }

    /// Where a place of the scale is seen; what lies far outside is drawn just outside.
    fn seen(&self, x: f64) -> f32 {
        let row = self.rows.stages;
        let seen = self.step.seen(x / self.scale.length()).clamp(-0.5, 1.5);
        row.left() + (seen * f64::from(row.width())) as f32
    }

    /// Left and right of some steps, counted from the start of the training step.
    fn x_of(&self, steps: &Range<u64>) -> Range<f32> {
        let x = self.scale.range_of(steps);
        self.seen(x.start)..self.seen(x.end)
    }

    /// The step that is seen at a place of the window.
    fn step_at(&self, x: f32) -> u64 {
        let row = self.rows.stages;
        let seen = f64::from((x - row.left()) / row.width());
        self.scale.step_at(self.step.share(seen) * self.scale.length())
    }

    /// The steps that are in view.
    fn in_view(&self) -> Range<u64> {
        let row = self.rows.stages;
        self.step_at(row.left())..self.step_at(row.right()) + 1
    }

    fn labels_ui(&self, painter: &Painter, whole: Rect, labels: f32) {
        let theme = self.theme();
        let rows = [self.rows.run, self.rows.passes, self.rows.stages];
        for (key, row) in LABELS.into_iter().zip(rows) {
            let at = pos2(whole.left() + labels - 8.0, row.center().y);
            painter.text(at, Align2::RIGHT_CENTER, self.view.text(key), small(), theme.text_weak);
        }
    }

    fn icicle_ui(&self, painter: &Painter) {
        let plan = self.view.state.plan();
        if let Some(row) = self.rows.images {
            for image in 0..plan.repeats() {
                let address = self.stage_address(0, image);
                if let Some(steps) = plan.steps(&plan.widen(&address, Grain::Example)) {
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
        Address::whole_stage(time, image, stage)
    }

    /// A box of the icicle: pale, filled as far as its steps are done. Gives the box and whether
    /// the cursor stands in it.
    fn box_ui(&self, painter: &Painter, row: Rect, steps: &Range<u64>, colors: &PassColors) -> (Rect, bool) {
        let x = self.x_of(steps);
        // A hair of ground between neighbours, where there is room for one.
        let seam = if x.end - x.start > 2.5 { 1.0 } else { 0.0 };
        let rect = Rect::from_x_y_ranges(x.start..=x.end - seam, row.y_range());
        if !rect.intersects(painter.clip_rect()) {
            return (rect, false);
        }
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
        let texts = names::short(self.view, stage.tensor);
        let font = if is_here { strong() } else { small() };
        let texts = texts.into_iter().filter(|text| !text.is_empty());
        self.words_ui(painter, rect, &segment.steps, texts, font, colors);
        let terms = u64::from(stage.terms);
        let plane = stage.shape.plane().max(1) as u64;
        self.units_ui(painter, self.rows.channels, &segment.steps, plane * terms, colors);
        self.units_ui(painter, self.rows.cells, &segment.steps, terms, colors);
        self.units_ui(painter, self.rows.terms, &segment.steps, 1, colors);
    }

    /// The units of equal length in a row, where they can be distinguished; otherwise one box.
    fn units_ui(&self, painter: &Painter, row: Rect, steps: &Range<u64>, each: u64, colors: &PassColors) {
        /// The smallest width, in points, that can be distinguished from its neighbours.
        const NARROWEST: f64 = 3.0;
        let x = self.scale.range_of(steps);
        let zoom = f64::from(row.width()) / (self.scale.length() * self.step.width());
        let units = (steps.end - steps.start) / each.max(1);
        if units <= 1 || (x.end - x.start) * zoom / (units as f64) < NARROWEST {
            self.box_ui(painter, row, steps, colors);
            return;
        }
        let shown = self.in_view();
        let number = |step: u64| step.clamp(steps.start, steps.end) - steps.start;
        for unit in number(shown.start) / each..number(shown.end).div_ceil(each) {
            let start = steps.start + unit * each;
            self.box_ui(painter, row, &(start..start + each), colors);
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
        let rect = rect.intersect(Rect::from_x_y_ranges(self.rows.stages.x_range(), rect.y_range()));
        if rect.width() < 4.0 {
            return;
        }
        let (done, pale) = rect.split_left_right_at_x(x.clamp(rect.left(), rect.right()));
        let (side, ink) =
            if done.width() >= pale.width() { (done, colors.on_fill) } else { (pale, colors.strong) };
        if let Some(text) = fitting(painter, texts, side.width(), &font) {
            painter.text(side.center(), Align2::CENTER_CENTER, text, font, ink);
        }
    }

    fn cursor_ui(&self, painter: &Painter) {
        let theme = self.theme();
        let x = self.seen(self.scale.x_of(self.at));
        if !self.rows.stages.x_range().expand(1.0).contains(x) {
            return;
        }
        let top = self.rows.images.unwrap_or(self.rows.passes).top() - 2.0;
        let y = top..=self.rows.terms.bottom() + 2.0;
        painter.vline(x, y.clone(), Stroke::new(5.0, theme.halo));
        painter.vline(x, y, Stroke::new(2.0, theme.cursor));
        let handle = [(-6.0, -6.0), (6.0, -6.0), (6.0, -1.0), (0.0, 5.0), (-6.0, -1.0)];
        let points = handle.map(|(dx, dy)| pos2(x + dx, top + dy)).to_vec();
        painter.add(Shape::convex_polygon(points, theme.cursor, Stroke::new(1.0, theme.halo)));
    }
}
