//! Loss and accuracy over the steps, for each branch of training. A click goes to the step.

use crate::app::{Action, TrainAction};
use crate::train::{Record, TrainingBranch};
use crate::ui::{
    number,
    theme::{Theme, small_font},
    view::View,
};
use egui::{Color32, RichText, Ui};
use egui_plot::{Corner, HoverPosition, Legend, Line, LineStyle, Plot, PlotPoint, PlotPoints, Points, VLine};

/// The largest number of points per curve; more cannot be distinguished.
const POINTS: usize = 400;

/// The color of a line of training.
pub fn color(theme: &Theme, line: usize) -> Color32 {
    theme.series[line % theme.series.len()]
}

/// A curve over the steps in at most [`POINTS`] points, each the mean of the steps that it stands for; `smooth`:
/// the share of the curve so far in each next point.
pub fn curve(records: impl ExactSizeIterator<Item = (u32, f64)>, smooth: f64) -> Vec<PlotPoint> {
    let each = records.len().div_ceil(POINTS).max(1);
    let mut points = Vec::with_capacity(records.len() / each + 1);
    let (mut sum, mut count, mut first) = (0.0, 0, 0);
    let mut push = |x: f64, y: f64| {
        let before = points.last().map_or(y, |point: &PlotPoint| point.y);
        let y = if before.is_finite() { before * smooth + y * (1.0 - smooth) } else { y };
        points.push(PlotPoint::new(x, y));
    };
    for (time, y) in records {
        if count == 0 {
            first = time;
        }
        (sum, count) = (sum + y, count + 1);
        if count == each {
            push(f64::from(first + time) / 2.0, sum / count as f64);
            (sum, count) = (0.0, 0);
        }
    }
    if count > 0 {
        push(f64::from(first), sum / f64::from(count as u32));
    }
    points.retain(|point| point.y.is_finite());
    points
}

/// Draws loss and accuracy, one below the other, in so much height where that can be.
pub fn run_ui(ui: &mut Ui, view: &View, room: f32) {
    let texts = 3.0 * (ui.text_style_height(&egui::TextStyle::Body) + ui.spacing().item_spacing.y);
    let height = ((room - texts) / 2.0 - 2.0 * ui.spacing().item_spacing.y).clamp(110.0, 320.0);
    let loss = |record: &Record| record.report.loss;
    let accuracy = |record: &Record| record.report.accuracy() * 100.0;
    let checked_loss = |line: &TrainingBranch| checks(line, |report| report.loss);
    let checked_accuracy = |line: &TrainingBranch| checks(line, |report| report.accuracy() * 100.0);
    curves_ui(ui, view, ("training.loss", height, Corner::RightTop), &loss, &checked_loss);
    curves_ui(ui, view, ("training.accuracy", height, Corner::RightBottom), &accuracy, &checked_accuracy);
    ui.label(RichText::new(view.text("training.click")).font(small_font()).color(view.theme.text_weak));
}

fn checks(line: &TrainingBranch, of: impl Fn(&crate::train::Report) -> f64) -> Vec<PlotPoint> {
    line.checks.iter().map(|(&time, check)| PlotPoint::new(time, of(&check.report))).collect()
}

fn curves_ui(
    ui: &mut Ui,
    view: &View,
    (key, height, corner): (&str, f32, Corner),
    of: &dyn Fn(&Record) -> f64,
    checked: &dyn Fn(&TrainingBranch) -> Vec<PlotPoint>,
) {
    let name = view.text(key);
    ui.label(RichText::new(&name).strong());
    let run = view.state.run();
    let absent = view.state.files().absent.as_ref().filter(|_| view.state.inputs().training.is_none());
    let lines = absent.map_or(run.lines(), |absent| absent.session.lines());
    let (train, validation) = (view.text("training.train"), view.text("training.validation"));
    let series: Vec<_> = lines
        .iter()
        .enumerate()
        .map(|(number, line)| {
            let own = line.fork().map_or(0, |fork| fork.time.saturating_sub(1));
            let done = own..line.done().max(own);
            let records = || line.records.range(done.clone()).map(|(&time, record)| (time, of(record)));
            let records = || records().collect::<Vec<_>>().into_iter();
            (number, curve(records(), 0.0), curve(records(), 0.9), checked(line))
        })
        .collect();
    let says = series.get(run.line_number()).and_then(|(_, _, smooth, _)| smooth.last());
    let says = says.map_or_else(String::new, |point| number::short(point.y as f32));
    let plot = plot(view, key, |y| y).height(height).legend(Legend::default().position(corner));
    let response = plot.show(ui, |plot| {
        for (number, raw, smooth, checked) in &series {
            let color = color(view.theme, *number);
            let faint = color.gamma_multiply(0.35);
            plot.line(Line::new("", PlotPoints::Borrowed(raw)).color(faint).width(1.0).allow_hover(false));
            plot.line(Line::new(train.clone(), PlotPoints::Borrowed(smooth)).color(color).width(2.0));
            let style = LineStyle::dashed_loose();
            plot.line(Line::new(validation.clone(), PlotPoints::Borrowed(checked)).color(color).style(style));
            plot.points(Points::new("", PlotPoints::Borrowed(checked)).color(color).radius(2.5));
        }
        here(plot, view);
        plot.pointer_coordinate()
    });
    answer(view, &response.response, response.inner, &format!("{name}: {says}"));
}

/// A plot over the steps; all of them show the same ones. `number_of`: which number stands at a height of the plot.
pub fn plot<'a>(view: &View, key: &'a str, number_of: fn(f64) -> f64) -> Plot<'a> {
    let group = egui::Id::unique("training plots");
    let step = view.text("training.step");
    Plot::new(key)
        .link_axis(group, [true, false])
        .allow_scroll(false)
        .include_x(0.0)
        .y_axis_min_width(44.0)
        .label_formatter(move |at| {
            let (HoverPosition::NearDataPoint { position, .. } | HoverPosition::Elsewhere { position }) = at;
            let y = number::short(number_of(position.y) as f32);
            Some(format!("{step} {:.0}\n{y}", position.x.max(0.0)))
        })
        .y_axis_formatter(move |mark, _| number::short(number_of(mark.value) as f32))
}

/// Marks the current step.
pub fn here(plot: &mut egui_plot::PlotUi, view: &View) {
    let time = view.state.trace().time();
    plot.vline(VLine::new("", time).color(view.theme.cursor).width(1.5).allow_hover(false));
}

/// A click goes to the step; `says` is what the plot shows, in words.
pub fn answer(view: &View, response: &egui::Response, at: Option<PlotPoint>, says: &str) {
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, says));
    if response.clicked()
        && let Some(at) = at
    {
        let last = view.state.run().line().done().saturating_sub(1);
        let step = (at.x.round().max(0.0) as u32).min(last);
        view.act(Action::Train(TrainAction::GoTo(step)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_has_few_points_and_keeps_the_mean() {
        let records = (0..10_000).map(|time| (time, f64::from(time))).collect::<Vec<_>>();
        let points = curve(records.clone().into_iter(), 0.0);
        assert!(points.len() <= POINTS && points.len() > POINTS / 2);
        assert!(points.iter().all(|point| (point.x - point.y).abs() < 1.0), "{:?}", points.last());
        let mean = points.iter().map(|point| point.y).sum::<f64>() / points.len() as f64;
        assert!((mean - 4999.5).abs() < 1.0);
        let smooth = curve(records.into_iter(), 0.9);
        assert!(smooth.last().is_some_and(|point| point.y < 9_990.0));
    }

    #[test]
    fn what_is_not_finite_leaves_a_gap() {
        let points = curve([(0, 1.0), (1, f64::NAN), (2, 3.0)].into_iter(), 0.0);
        assert_eq!(points.iter().map(|point| point.y).collect::<Vec<_>>(), [1.0, 3.0]);
    }
}
