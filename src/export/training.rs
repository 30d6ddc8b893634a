//! Training as a table, and as a drawing of its curves that has their numbers in it.

use super::ExportError;
use crate::train::TrainingBranch;
use std::fmt::Write;

/// A run, with its name and the steps of an epoch.
#[derive(Clone, Copy, Debug)]
pub struct LoggedRun<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Its measurements.
    pub branch: &'a TrainingBranch,
    /// How many steps an epoch has.
    pub steps_per_epoch: u32,
}

/// The columns of [`csv()`].
const COLUMNS: [&str; 8] =
    ["run", "step", "epoch", "part", "loss", "accuracy", "learning_rate", "gradient_norm"];

/// The measurements of each step and each check as comma-separated values: a row for each, in the order of steps. `step`
/// is the number of steps done, `part` is `train` or `validation`.
///
/// # Errors
/// Never in memory.
pub fn csv(runs: &[LoggedRun]) -> Result<Vec<u8>, ExportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| ExportError(format!("expected a log that can be written, got {error}"));
    writer.write_record(COLUMNS).map_err(failed)?;
    for run in runs {
        for row in rows(run) {
            writer.write_record(&row).map_err(failed)?;
        }
    }
    writer
        .into_inner()
        .map_err(|error| ExportError(format!("expected a log that can be written, got {error}")))
}

fn rows(run: &LoggedRun) -> Vec<[String; 8]> {
    let each = run.steps_per_epoch.max(1);
    let row = |step: u32, epoch: u32, part: &str, report: &crate::train::Report, more: [String; 2]| {
        let [rate, norm] = more;
        let (step, epoch) = (step.to_string(), epoch.to_string());
        let (loss, accuracy) = (report.loss.to_string(), report.accuracy().to_string());
        [run.name.to_owned(), step, epoch, part.to_owned(), loss, accuracy, rate, norm]
    };
    let steps = run.branch.records.iter().map(|(time, record)| {
        let norm = record.gradient_norm().map_or_else(String::new, |norm| norm.to_string());
        let more = [record.learning_rate.to_string(), norm];
        ((time + 1, 0), row(time + 1, time / each + 1, "train", &record.report, more))
    });
    let checks = run.branch.checks.iter().map(|(time, check)| {
        let epoch = time.saturating_sub(1) / each + 1;
        ((*time, 1), row(*time, epoch, "validation", &check.report, Default::default()))
    });
    let mut all: Vec<_> = steps.chain(checks).collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, row)| row).collect()
}

/// A curve: its run, its part, and its points.
struct Curve {
    run: String,
    part: String,
    /// Step, loss, accuracy.
    points: Vec<[f64; 3]>,
}

/// The curves of a log: the columns `step`, `part`, `loss` and `accuracy`, and `run` where there are several.
fn curves(log: &[u8]) -> Result<Vec<Curve>, ExportError> {
    let wrong =
        |what: String| ExportError(format!("expected a log of training, got {what}; name a .csv log"));
    let mut reader = csv::Reader::from_reader(log);
    let head = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let column = |name: &str| head.iter().position(|head| head == name);
    let place = |name: &str| column(name).ok_or_else(|| wrong(format!("a table without the column {name}")));
    let [step, part, loss, accuracy] = [place("step")?, place("part")?, place("loss")?, place("accuracy")?];
    let run = column("run");
    let mut curves: Vec<Curve> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| wrong(error.to_string()))?;
        let text = |column: usize| record.get(column).unwrap_or_default();
        let number = |column: usize| {
            text(column)
                .parse::<f64>()
                .map_err(|_| wrong(format!("{:?} where a number should be", text(column))))
        };
        let point = [number(step)?, number(loss)?, number(accuracy)?];
        let (own, part) = (run.map_or("", text), text(part));
        let known = curves.iter_mut().find(|curve| curve.run == own && curve.part == part);
        match known {
            Some(curve) => curve.points.push(point),
            None => curves.push(Curve { run: own.to_owned(), part: part.to_owned(), points: vec![point] }),
        }
    }
    match curves.is_empty() {
        true => Err(wrong("one without a row".into())),
        false => Ok(curves),
    }
}

/// The inks of the runs.
const INKS: [&str; 6] = ["#1f5fbf", "#b45309", "#00796b", "#7b3fb5", "#b3261e", "#5f6b7a"];
/// The size of the drawing, of a plot in it, and where the plots begin.
const SIZE: [f64; 2] = [720.0, 560.0];
const PLOT: [f64; 2] = [600.0, 190.0];
const LEFT: f64 = 70.0;
const TOPS: [f64; 2] = [50.0, 310.0];

/// Loss and accuracy over the steps of a log, as [`csv()`] or `convstep train --log` writes it: a drawing of 720 x 560 as
/// SVG. Each curve's title names it, and the whole log is in the drawing's metadata.
///
/// # Errors
/// Where the log is none.
pub fn plot(log: &[u8]) -> Result<String, ExportError> {
    let curves = curves(log)?;
    let [w, h] = SIZE;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" \
         font-family=\"sans-serif\" font-size=\"13\" fill=\"#1b2430\">\n<title>Training</title>\n\
         <metadata>{}</metadata>\n<rect width=\"{w}\" height=\"{h}\" fill=\"#ffffff\"/>\n",
        escaped(&String::from_utf8_lossy(log))
    );
    let last = extreme(&curves, 0).max(1.0);
    let most = extreme(&curves, 1).max(1e-6);
    panel(&mut svg, &curves, (TOPS[0], "loss", 1, [last, rounded_up(most)]));
    panel(&mut svg, &curves, (TOPS[1], "accuracy", 2, [last, 1.0]));
    legend(&mut svg, &curves);
    svg += "</svg>\n";
    Ok(svg)
}

/// The largest finite number of a column.
fn extreme(curves: &[Curve], column: usize) -> f64 {
    let all = curves.iter().flat_map(|curve| &curve.points).map(|point| point[column]);
    all.filter(|value| value.is_finite()).fold(0.0, f64::max)
}

/// The next of 1, 2, 5, 10, … times a power of ten.
fn rounded_up(value: f64) -> f64 {
    let power = 10f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|top| *top >= value).unwrap_or(value)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A number of at most four digits.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The words of a curve: `run 1, train`.
fn words(curve: &Curve) -> String {
    if curve.run.is_empty() { curve.part.clone() } else { format!("{}, {}", curve.run, curve.part) }
}

/// The ink of a curve: that of its run.
fn ink(curves: &[Curve], curve: &Curve) -> &'static str {
    let mut runs: Vec<&str> = Vec::new();
    for other in curves {
        if !runs.contains(&other.run.as_str()) {
            runs.push(&other.run);
        }
    }
    INKS[runs.iter().position(|run| *run == curve.run).unwrap_or(0) % INKS.len()]
}

/// One plot: `top`, its name, the column that it shows, and the ends of its axes.
fn panel(svg: &mut String, curves: &[Curve], (top, name, column, ends): (f64, &str, usize, [f64; 2])) {
    let [w, h] = PLOT;
    let at = |point: &[f64; 3]| {
        let x = LEFT + w * point[0] / ends[0];
        let y = top + h * (1.0 - (point[column] / ends[1]).clamp(0.0, 1.0));
        format!("{x:.1},{y:.1}")
    };
    let bottom = top + h;
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{:.0}\" font-weight=\"bold\">{name}</text>", top - 14.0);
    for part in 0..=4 {
        let share = f64::from(part) / 4.0;
        let (x, y) = (LEFT + w * share, bottom - h * share);
        let right = LEFT + w;
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#d5dbe3\"/>\
             <text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
            LEFT - 8.0,
            y + 4.0,
            short(ends[1] * share),
            bottom + 18.0,
            short(ends[0] * share)
        );
    }
    for curve in curves {
        let drawn: Vec<String> =
            curve.points.iter().filter(|point| point.iter().all(|value| value.is_finite())).map(at).collect();
        let ink = ink(curves, curve);
        let title = escaped(&format!("{name}: {}", words(curve)));
        let dashes = if curve.part == "train" { "" } else { " stroke-dasharray=\"6 4\"" };
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{ink}\" stroke-width=\"1.5\"{dashes} points=\"{}\"><title>{title}</title></polyline>",
            drawn.join(" ")
        );
        for point in drawn.iter().filter(|_| curve.part != "train") {
            let (x, y) = point.split_once(',').unwrap_or_default();
            let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{ink}\"/>");
        }
    }
}

/// The names of the curves below the plots, and what the axis counts.
fn legend(svg: &mut String, curves: &[Curve]) {
    let y = SIZE[1] - 14.0;
    let mut x = LEFT;
    for curve in curves {
        let dashes = if curve.part == "train" { "" } else { " stroke-dasharray=\"6 4\"" };
        let words = words(curve);
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.0} {:.0}h24\" stroke=\"{}\" stroke-width=\"2\"{dashes}/><text x=\"{:.0}\" y=\"{y:.0}\">{}</text>",
            y - 4.0,
            ink(curves, curve),
            x + 30.0,
            escaped(&words)
        );
        x += 56.0 + 7.0 * words.chars().count() as f64;
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">step</text>",
        LEFT + PLOT[0],
        TOPS[1] + PLOT[1] + 36.0
    );
}
