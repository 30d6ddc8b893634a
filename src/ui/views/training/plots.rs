//! Loss and right answers over the steps, for each run. A click goes to the step.

use super::curve;
use crate::app::{Action, TrainAction};
use crate::nn::loss::Loss;
use crate::train::{Record, Report, TrainingBranch};
use crate::ui::{
    number, run_names,
    theme::{self, Theme, space},
    view::View,
};
use egui::{Color32, Pos2, Rect, Response, RichText, Shape, Stroke, Ui, UiBuilder, pos2, vec2};
use egui_plot::{
    AxisHints, GridInput, GridMark, HPlacement, HoverPosition, Line, Plot, PlotBounds, PlotPoint, PlotPoints,
    PlotTransform, Points, VLine, log_grid_spacer,
};

/// The color of checking: of what is chosen.
fn checking_color(theme: &Theme) -> Color32 {
    theme.series[1]
}

/// The color of the run at a place among all runs.
pub fn color(theme: &Theme, place: usize) -> Color32 {
    // The second color is that of checking.
    let rest = theme.series.len() - 1;
    match place % rest {
        0 => theme.series[0],
        other => theme.series[other + 1],
    }
}

/// A run as the plots draw it.
pub struct Drawn<'a> {
    branch: &'a TrainingBranch,
    name: String,
    color: Color32,
    is_chosen: bool,
}

/// The runs to be drawn; of a session whose data is missing, its runs.
pub fn drawn<'a>(view: &'a View) -> Vec<Drawn<'a>> {
    let absent = view.state.files().absent.as_ref().filter(|_| view.state.inputs().training.is_none());
    if let Some(absent) = absent {
        let lines = absent.session.branches().iter().enumerate();
        let drawn = lines.map(|(place, branch)| {
            let name = view.fill("training.run.number", &[("value", &(place + 1).to_string())]);
            Drawn { branch, name, color: color(view.theme, place), is_chosen: place == 0 }
        });
        return drawn.collect();
    }
    let runs = view.state.training_runs();
    let drawn = runs.into_iter().enumerate().map(|(place, run)| Drawn {
        name: run_names::name(view, &run),
        branch: run.branch,
        color: color(view.theme, place),
        is_chosen: run.is_chosen,
    });
    drawn.collect()
}

/// What a plot shows: the key of its title, what a step and a check come to, and whether in per cent.
struct Measure {
    title: &'static str,
    of: fn(&Report) -> f64,
    is_share: bool,
}

const LOSS: Measure = Measure { title: "training.loss", of: |report| report.loss, is_share: false };
const RIGHT: Measure =
    Measure { title: "training.accuracy", of: |report| report.accuracy() * 100.0, is_share: true };

impl Measure {
    fn text(&self, value: f64) -> String {
        if self.is_share { format!("{value:.0} %") } else { number::significant(value as f32, 3) }
    }
}

/// The height of a title above a plot.
const TITLE: f32 = 44.0;
/// The height of the numbers below the lower plot.
const AXIS: f32 = 24.0;
/// What each plot has at least.
pub const LEAST: f32 = 180.0;

/// Draws both plots into a rectangle, one below the other.
pub fn plots_ui(ui: &mut Ui, view: &View, rect: Rect) {
    let runs = drawn(view);
    let last = last_step(view, &runs);
    let each = ((rect.height() - 2.0 * TITLE - AXIS) / 2.0).floor();
    let upper = Rect::from_min_size(rect.min, vec2(rect.width(), TITLE + each));
    let lower = Rect::from_min_max(pos2(rect.left(), upper.bottom()), rect.max);
    plot_ui(ui, view, upper, (&LOSS, &runs, last, false));
    plot_ui(ui, view, lower, (&RIGHT, &runs, last, true));
    if runs.iter().all(|run| run.branch.done() == 0) {
        let room = upper.with_min_y(upper.top() + TITLE).shrink2(vec2(112.0, space::XL));
        let words = RichText::new(view.text("training.nothing_yet")).color(view.theme.text_weak);
        ui.put(room, egui::Label::new(words).wrap().halign(egui::Align::Center));
    }
}

/// The last step that the axis shows: all of the run, or of a long one a little more than what is done.
fn last_step(view: &View, runs: &[Drawn]) -> f64 {
    let done = runs.iter().map(|run| run.branch.done()).max().unwrap_or(0);
    let times = if view.state.inputs().training.is_some() { view.state.run().times() } else { done };
    let soon = curve::round_up(f64::from(done.max(8)) * 1.25);
    soon.min(f64::from(times.max(done).max(1)))
}

/// The largest value of the axis: above chance, and above all but the first steps.
fn top(view: &View, measure: &Measure, runs: &[Drawn]) -> f64 {
    if measure.is_share {
        return 100.0;
    }
    let network = view.state.plan().network();
    let chance = match network.loss {
        Loss::CrossEntropy | Loss::BinaryCrossEntropy => 1.1 * (network.classes().max(2) as f64).ln(),
        Loss::Mse => 0.0,
    };
    let largest = runs.iter().flat_map(|run| {
        let from = run.branch.done() / 50;
        let own = run.branch.records.range(from..run.branch.done()).map(|(_, record)| record.report.loss);
        own.chain(run.branch.checks.range(from..).map(|(_, check)| check.report.loss))
    });
    let largest = largest.filter(|loss| loss.is_finite()).fold(chance, f64::max).max(1e-6);
    // A run that has gone astray leaves the plot, and the others stay to be seen.
    const ASTRAY: f64 = 10.0;
    if chance > 0.0 { largest.min(ASTRAY * chance) } else { largest }
}

type Wanted<'a> = (&'a Measure, &'a [Drawn<'a>], f64, bool);

/// The curves of a run.
struct Curves {
    raw: Vec<PlotPoint>,
    smooth: Vec<PlotPoint>,
    checks: Vec<PlotPoint>,
    /// The last value, if it is not finite: the curve ends before it.
    astray: Option<f64>,
}

fn curves(measure: &Measure, run: &Drawn) -> Curves {
    let branch = run.branch;
    // What is shared with the run that was left is drawn there.
    let own = branch.fork().map_or(0, |fork| fork.time.saturating_sub(1));
    // The mean at its beginning is over what came before, too.
    let from = own.saturating_sub(curve::SMOOTH as u32 / 2);
    let of = |(&time, record): (&u32, &Record)| (f64::from(time), (measure.of)(&record.report));
    let all: Vec<(f64, f64)> = branch.records.range(from..branch.done().max(from)).map(of).collect();
    let led_in = all.iter().take_while(|(time, _)| *time < f64::from(own)).count();
    let raw = &all[led_in..];
    let astray = raw.last().map(|last| last.1).filter(|last| !last.is_finite());
    let checks = branch.checks.range(own..);
    let checks = checks.map(|(&time, check)| PlotPoint::new(time, (measure.of)(&check.report)));
    let smooth = curve::thin(&curve::smooth(&all)[led_in..]);
    let raw = if run.is_chosen { curve::thin(raw) } else { Vec::new() };
    Curves { raw, smooth, checks: checks.filter(|point| point.y.is_finite()).collect(), astray }
}

fn plot_ui(ui: &mut Ui, view: &View, rect: Rect, wanted: Wanted) {
    let (measure, runs, last, has_steps) = wanted;
    let title = view.text(measure.title);
    let theme = view.theme;
    ui.painter().text(
        rect.left_top() + vec2(0.0, 20.0),
        egui::Align2::LEFT_CENTER,
        &title,
        theme::title_font(),
        theme.text_strong,
    );
    let all: Vec<Curves> = runs.iter().map(|run| curves(measure, run)).collect();
    let (top, step) = curve::ticks(top(view, measure, runs), 4);
    let names = runs.len() > 1;
    let gutter = if names { 132.0f32.min(rect.width() * 0.28) } else { 84.0 };
    let below = if has_steps { AXIS } else { 0.0 };
    let place =
        Rect::from_min_max(pos2(rect.left(), rect.top() + TITLE), pos2(rect.right() - gutter, rect.bottom()));
    let ends = ends(view, measure, runs, &all, top);
    let summary = ends.iter().map(|end| format!("{} {}", end.name, end.value)).collect::<Vec<_>>().join(", ");
    let mut plot_area = ui.new_child(UiBuilder::new().max_rect(place).id_salt(measure.title));
    let plot = plot(view, measure, (place.size(), top, step, last, has_steps));
    let shown = plot.show(&mut plot_area, |plot| {
        plot.set_plot_bounds(PlotBounds::from_min_max([0.0, 0.0], [last, top]));
        for (run, curves) in runs.iter().zip(&all) {
            draw(plot, theme, run, curves);
        }
        plot.vline(
            VLine::new("", view.state.trace().time()).color(theme.cursor).width(2.0).allow_hover(false),
        );
        plot.pointer_coordinate()
    });
    let inner = *shown.transform.frame();
    ui.painter().rect_stroke(inner, 0.0, Stroke::new(1.0, theme.line_strong), egui::StrokeKind::Inside);
    here_ui(ui, view, inner, &shown.transform);
    above_ui(ui, view, measure, inner, highest(&all).filter(|highest| *highest > top));
    let room = Rect::from_min_max(
        pos2(inner.right() + space::S, rect.top() + TITLE),
        rect.right_bottom() - vec2(0.0, below),
    );
    ends_ui(ui, room, ends, |y| shown.transform.position_from_point_y(y));
    if has_steps {
        let at = pos2(inner.right() + space::XL + space::S, inner.bottom() + AXIS / 2.0);
        let steps = view.text("training.steps");
        ui.painter().text(at, egui::Align2::LEFT_CENTER, steps, theme::body_font(), theme.text_weak);
    }
    answer(view, &shown.response, shown.inner, &format!("{title}: {summary}"));
}

/// The largest value that curves have.
fn highest(all: &[Curves]) -> Option<f64> {
    let points = all.iter().flat_map(|curves| [&curves.raw, &curves.smooth, &curves.checks]).flatten();
    points.map(|point| point.y).reduce(f64::max)
}

/// Says at the upper edge how far curves go beyond it.
fn above_ui(ui: &Ui, view: &View, measure: &Measure, inner: Rect, highest: Option<f64>) {
    let Some(highest) = highest else { return };
    let words = view.fill("training.above", &[("value", &measure.text(highest))]);
    let (at, font) = (inner.left_top() + vec2(space::S, space::XS), theme::small_font());
    let galley = ui.painter().layout_no_wrap(words.clone(), font, view.theme.text);
    let area = Rect::from_min_size(at, galley.size());
    ui.painter().rect_filled(area.expand(2.0), 2.0, view.theme.ground);
    ui.painter().galley(at, galley, view.theme.text);
    let answer = ui.interact(area, ui.scope_id().with(("above", measure.title)), egui::Sense::hover());
    answer.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
}

/// The triangle above the selected step.
fn here_ui(ui: &Ui, view: &View, inner: Rect, transform: &PlotTransform) {
    let x = transform.position_from_point_x(f64::from(view.state.trace().time()));
    if inner.x_range().contains(x) {
        let y = inner.top();
        let points = vec![pos2(x - 6.0, y - 6.0), pos2(x + 6.0, y - 6.0), pos2(x, y + 2.0)];
        ui.painter().add(Shape::convex_polygon(points, view.theme.cursor, Stroke::NONE));
    }
}

fn plot<'a>(
    view: &View,
    measure: &'a Measure,
    (size, top, step, last, has_steps): (egui::Vec2, f64, f64, f64, bool),
) -> Plot<'a> {
    let steps = view.text("training.step");
    let (_, apart) = curve::ticks(last, 4);
    let marks = |step: f64, last: f64| {
        let count = (last / step + 1e-9).floor() as usize;
        let mark = move |k: usize| GridMark { value: k as f64 * step, step_size: step };
        (0..=count).map(mark).collect::<Vec<_>>()
    };
    let (on_y, on_x) = (marks(step, top), marks(apart, last));
    let color = view.theme.text;
    let axis = move |hints: AxisHints<'a>| {
        hints.tick_label_font(theme::body_font()).tick_label_color(color).label_spacing(8.0..=16.0)
    };
    let left = axis(AxisHints::new_y())
        .placement(HPlacement::Left)
        .min_thickness(54.0)
        .formatter(move |mark, _| tick(measure, mark.value, step));
    let below = axis(AxisHints::new_x())
        .min_thickness(AXIS)
        .formatter(|mark, _| number::thousands(mark.value.round().max(0.0) as u64));
    let plot = Plot::new(measure.title)
        .width(size.x)
        .height(size.y)
        .show_background(false)
        .show_axes([has_steps, true])
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .grid_color(view.theme.line)
        .grid_spacing(4.0..=8.0)
        .custom_y_axes(vec![left])
        .x_grid_spacer(move |_| on_x.clone())
        .y_grid_spacer(move |_| on_y.clone())
        .label_formatter(move |at| {
            let (HoverPosition::NearDataPoint { position, .. } | HoverPosition::Elsewhere { position }) = at;
            Some(format!("{steps} {:.0}\n{}", position.x.max(0.0), measure.text(position.y)))
        });
    if has_steps { plot.custom_x_axes(vec![below]) } else { plot }
}

/// The text of a mark: with as many decimals as distinguish it from its neighbours.
fn tick(measure: &Measure, value: f64, step: f64) -> String {
    if measure.is_share {
        return measure.text(value);
    }
    if !(1e-5..1000.0).contains(&step) {
        return number::short(value as f32);
    }
    let places = (-step.log10().floor()).clamp(1.0, 6.0) as usize;
    let exact = if (step * 10f64.powi(places as i32)).fract() > 1e-6 { places + 1 } else { places };
    format!("{value:.exact$}")
}

fn draw<'a>(plot: &mut egui_plot::PlotUi<'a>, theme: &Theme, run: &Drawn, curves: &'a Curves) {
    let faint = run.color.gamma_multiply(0.3);
    let line = |points: &'a [PlotPoint]| Line::new("", PlotPoints::Borrowed(points)).allow_hover(false);
    plot.line(line(&curves.raw).color(faint).width(1.0));
    let color = if run.is_chosen { checking_color(theme) } else { run.color };
    let dots = Points::new("", PlotPoints::Borrowed(&curves.checks)).color(color).allow_hover(false);
    if run.is_chosen {
        plot.line(line(&curves.checks).color(color).width(1.5));
        plot.points(dots.radius(if curves.checks.len() > 24 { 2.5 } else { 4.0 }));
    } else {
        plot.points(dots.radius(3.0).filled(false));
    }
    // Training lies on top: checks are many, and their dots would cover it.
    plot.line(line(&curves.smooth).color(run.color).width(if run.is_chosen { 2.5 } else { 1.5 }));
}

/// What stands at a line's end.
struct End {
    name: String,
    value: String,
    at: f64,
    color: Color32,
}

/// The names and newest values: of the chosen run in training and checking; of the others by their names.
fn ends(view: &View, measure: &Measure, runs: &[Drawn], all: &[Curves], top: f64) -> Vec<End> {
    let mut ends = Vec::new();
    for (run, curves) in runs.iter().zip(all) {
        let name = if runs.len() > 1 { run.name.clone() } else { view.text("training.train") };
        let end = |name, point: &PlotPoint, color| {
            // What has left the plot is above it.
            let sign = if point.y > top { " ↑" } else { "" };
            let value = format!("{}{sign}", measure.text(point.y));
            End { name, value, at: point.y, color: view.theme.ink_of(color) }
        };
        ends.extend(curves.smooth.last().map(|point| {
            let end = end(name, point, run.color);
            let astray = curves.astray.map(|value| measure.text(value));
            End { value: astray.unwrap_or_else(|| end.value.clone()), ..end }
        }));
        if run.is_chosen {
            let (name, color) = (view.text("training.validation"), checking_color(view.theme));
            ends.extend(curves.checks.last().map(|point| end(name, point, color)));
        }
    }
    ends
}

/// Draws the names beside the lines' ends, moved apart where they would overlap; without the values where there is no
/// room for them.
fn ends_ui(ui: &Ui, room: Rect, mut ends: Vec<End>, y_of: impl Fn(f64) -> f32) {
    ends.sort_by(|a, b| b.at.total_cmp(&a.at));
    let layout = |end: &End, with_value: bool| {
        let mut job = egui::text::LayoutJob::default();
        job.wrap.max_width = room.width();
        let format = |font_id| egui::TextFormat { font_id, color: end.color, ..Default::default() };
        job.append(&end.name, 0.0, format(theme::strong_font()));
        if with_value {
            job.append(&format!("\n{}", end.value), 0.0, format(theme::body_font()));
        }
        ui.painter().layout_job(job)
    };
    let tall: Vec<_> = ends.iter().map(|end| layout(end, true)).collect();
    let has_room = tall.iter().map(|galley| galley.size().y).sum::<f32>() <= room.height();
    let galleys = if has_room { tall } else { ends.iter().map(|end| layout(end, false)).collect::<Vec<_>>() };
    let mut tops: Vec<f32> = Vec::new();
    for (end, galley) in ends.iter().zip(&galleys) {
        let wanted = y_of(end.at).clamp(room.top(), room.bottom()) - galley.size().y / 2.0;
        let above = tops.len().checked_sub(1);
        let least = above.map_or(room.top(), |above| tops[above] + galleys[above].size().y);
        tops.push(wanted.max(least));
    }
    // From below up, so that the last one ends within the room.
    let mut bottom = room.bottom();
    for (top, galley) in tops.iter_mut().zip(&galleys).rev() {
        *top = top.min(bottom - galley.size().y);
        bottom = *top;
    }
    for ((top, galley), end) in tops.into_iter().zip(galleys).zip(&ends) {
        ui.painter().galley(Pos2::new(room.left(), top), galley, end.color);
    }
}

/// Goes to the step that is clicked; `summary` is the plot in words, for a screen reader.
pub fn answer(view: &View, response: &Response, at: Option<PlotPoint>, summary: &str) {
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, summary));
    if response.clicked()
        && let Some(at) = at
        && view.state.inputs().training.is_some()
        && let Some(last) = view.state.run().branch().done().checked_sub(1)
    {
        let step = (at.x.round().max(0.0) as u32).min(last);
        view.push(Action::Train(TrainAction::GoTo(step)));
    }
}

/// Marks between two numbers at round distances.
fn plain_marks(input: GridInput) -> Vec<GridMark> {
    log_grid_spacer(10)(input)
}

/// Marks on a logarithmic axis: at 1, 2 and 5 times powers of ten, or at the powers alone where there are many.
fn log_marks((from, to): (f64, f64)) -> Vec<GridMark> {
    let is_wide = to - from > 3.0;
    let (steps, step_size): (&[f64], f64) = if is_wide { (&[1.0], 1.0) } else { (&[1.0, 2.0, 5.0], 0.3) };
    let powers = from.floor() as i32..=to.ceil() as i32;
    let marks = powers.flat_map(|power| steps.iter().map(move |step| step.log10() + f64::from(power)));
    marks.filter(|value| (from..=to).contains(value)).map(|value| GridMark { value, step_size }).collect()
}

/// One more plot over the steps, with a curve per name; `number_of`: which number stands at a height.
pub fn small_ui(
    ui: &mut Ui,
    view: &View,
    (key, height): (&'static str, f32),
    series: &[(String, Vec<(f64, f64)>)],
    number_of: fn(f64) -> f64,
) {
    let step = view.text("training.step");
    let points: Vec<_> = series.iter().map(|(_, points)| curve::thin(points)).collect();
    let is_log = number_of(1.0) != 1.0;
    let text = view.theme.text;
    let axis = move |hints: AxisHints<'static>| {
        hints.tick_label_font(theme::body_font()).tick_label_color(text).label_spacing(16.0..=18.0)
    };
    let plot = Plot::new(key)
        .height(height)
        .show_background(false)
        .grid_color(view.theme.line)
        .grid_spacing(16.0..=48.0)
        .y_grid_spacer(move |input| if is_log { log_marks(input.bounds) } else { plain_marks(input) })
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .include_x(0.0)
        .label_formatter(move |at| {
            let (HoverPosition::NearDataPoint { position, .. } | HoverPosition::Elsewhere { position }) = at;
            let y = number::short(number_of(position.y) as f32);
            Some(format!("{step} {:.0}\n{y}", position.x.max(0.0)))
        })
        .custom_x_axes(vec![axis(AxisHints::new_x()).label_spacing(40.0..=40.5)])
        .custom_y_axes(vec![
            axis(AxisHints::new_y())
                .min_thickness(50.0)
                .formatter(move |mark, _| number::short(number_of(mark.value) as f32)),
        ]);
    let shown = plot.show(ui, |plot| {
        for (place, points) in points.iter().enumerate() {
            let line = Line::new("", PlotPoints::Borrowed(points)).allow_hover(false);
            plot.line(line.color(color(view.theme, place)).width(1.5));
        }
        plot.vline(VLine::new("", view.state.trace().time()).color(view.theme.cursor).allow_hover(false));
        plot.pointer_coordinate()
    });
    let newest = |points: &Vec<(f64, f64)>| {
        points.last().map_or_else(String::new, |last| number::short(number_of(last.1) as f32))
    };
    let summary: Vec<_> = series.iter().map(|(name, points)| format!("{name} {}", newest(points))).collect();
    answer(view, &shown.response, shown.inner, &format!("{}: {}", view.text(key), summary.join(", ")));
    ui.horizontal_wrapped(|ui| {
        for (place, (name, _)) in series.iter().enumerate() {
            ui.label(RichText::new(name).color(color(view.theme, place)));
        }
    });
}
