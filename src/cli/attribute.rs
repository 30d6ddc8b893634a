//! `attribute`: attributes a unit of a network to a picture; prints numbers and writes a map.

use super::{AttributeArgs, CliError, Ended, ImageArgs, heat, open_input, open_model, out::print};
use crate::attribution::{
    Attribution, AttributionSettings, Patch, PixelRange, Probe, Unit, randomised, rank_correlation,
    usual_layer,
};
use crate::files::write_atomically;
use crate::model_io::Model;
use crate::nn::{Execution, Params};
use crate::tensor::Tensor;
use crate::threads::Threads;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

/// Runs the attribution, writes its map and prints the results.
pub fn attribute(args: &AttributeArgs) -> Result<Ended, CliError> {
    let model = open_model(&args.model, args.image.as_deref())?;
    let Some(image) = args.image.clone() else {
        return Err(CliError("expected a picture, got none; name one with --image".into()));
    };
    let input = open_input(&model, &ImageArgs { image, label: args.label.clone(), fit: args.fit })?;
    if input.x.dim().0 != 1 {
        return Err(CliError(format!(
            "{}: expected one picture, got {}; use a single one",
            input.name,
            input.x.dim().0
        )));
    }
    let workers = Threads::new(args.threads).map_err(CliError)?;
    let finished = compute(args, &model, &input.x, Execution { workers: &workers, ..Execution::SERIAL })?;
    if let Some(path) = &args.out {
        write_atomically(path, &finished.png(&model, input.pixels.as_ref())?)?;
    }
    let answer = if args.json { format!("{}\n", finished.json(&model)) } else { finished.text(&model) };
    print(&answer)?;
    Ok(Ended::Whole)
}

/// Parses a unit, finding classes by the model's names.
pub fn unit_of(text: &str, model: &Model) -> Result<Unit, CliError> {
    let class = |class: &str| model.class_index(class).map_err(|error| error.to_string());
    Ok(Unit::parse(text, &model.network, class)?)
}

/// A finished attribution, and its correlation with that of random weights if requested.
struct Finished {
    attribution: Attribution,
    unit: Unit,
    random: Option<f64>,
}

fn compute(args: &AttributeArgs, model: &Model, x: &Tensor, exec: Execution) -> Result<Finished, CliError> {
    let unit = match &args.unit {
        Some(text) => unit_of(text, model)?,
        None => {
            let output = model.network.output_with(&model.params, x, exec, &mut |_, _| {});
            Unit::Score(output.map_or(0, |output| model.network.loss.predicted(output.iter().copied())))
        }
    };
    let settings = settings(args, model)?;
    let attribution = finish(model, &model.params, unit, settings, x, exec)?;
    let random = match args.randomise {
        Some(seed) => {
            let params = randomised(&model.network, &model.params, 0, seed);
            let randomised_attribution = finish(model, &params, unit, settings, x, exec)?;
            attribution.map().zip(randomised_attribution.map()).map(|(a, b)| rank_correlation(&a, &b))
        }
        None => None,
    };
    Ok(Finished { attribution, unit, random })
}

/// The settings from the arguments; defaults for the rest.
fn settings(args: &AttributeArgs, model: &Model) -> Result<AttributionSettings, CliError> {
    let mut settings = AttributionSettings::usual(args.method, model.network.input);
    if let Some(steps) = args.steps {
        (settings.steps, settings.ascent.steps) = (steps as usize, steps as usize);
    }
    if let Some(name) = &args.layer {
        let found = model.network.layers.iter().position(|layer| layer.name() == name);
        settings.layer = Some(found.ok_or_else(|| {
            let names: Vec<_> = model.network.layers.iter().map(|layer| layer.name()).collect();
            CliError(format!(
                "expected a layer of {}, got {name:?}; the layers are {}",
                model.name,
                names.join(", ")
            ))
        })?);
    }
    settings.fill = args.fill;
    settings.ascent.seed = args.seed;
    let patch = args.patch.map_or(settings.patch.size, |side| [side as usize; 2]);
    let half = patch.map(|side: usize| side.div_ceil(2));
    settings.patch = Patch { size: patch, stride: args.stride.map_or(half, |stride| [stride as usize; 2]) };
    Ok(settings)
}

/// Runs an attribution to its end, with a progress bar on standard error.
fn finish(
    model: &Model,
    params: &Params,
    unit: Unit,
    settings: AttributionSettings,
    x: &Tensor,
    exec: Execution,
) -> Result<Attribution, CliError> {
    let probe = Probe::new(&model.network, params, unit)?;
    let range =
        PixelRange::new(model.network.input[0], |c, pixel| model.architecture.preprocess.value(c, pixel));
    let mut attribution = Attribution::new(&probe, settings, x.clone(), range)?;
    let bar = ProgressBar::new(1).with_message(settings.method.name());
    // An error in the template leaves the default style.
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}  {eta} left") {
        bar.set_style(style);
    }
    while !attribution.is_done() {
        attribution.step(&probe, exec)?;
        let (done, all) = attribution.progress();
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    }
    bar.finish_and_clear();
    Ok(attribution)
}

impl Finished {
    /// The PNG to write: the map over the picture, or the picture that was made.
    fn png(&self, model: &Model, pixels: Option<&Tensor>) -> Result<Vec<u8>, CliError> {
        let to_pixels = |x: &Tensor| {
            let mut pixels = x.clone();
            for ((_, c, _, _), x) in pixels.indexed_iter_mut() {
                *x = model.architecture.preprocess.pixel(c, *x);
            }
            pixels
        };
        match (self.attribution.map(), self.attribution.ascent()) {
            (Some(map), _) => {
                let own = || to_pixels(self.attribution.picture());
                heat::over(&map, &pixels.cloned().unwrap_or_else(own))
            }
            (None, Some(ascent)) => heat::picture(&to_pixels(ascent.picture())),
            (None, None) => Err(CliError("expected a map, got none; report this with the command".into())),
        }
    }

    fn unit_text(&self, model: &Model) -> String {
        self.unit.text(&model.network, |class| model.class_name(class))
    }

    /// Minimum, maximum and sum of the map.
    fn extent(&self) -> Option<[f32; 3]> {
        let map = self.attribution.map()?;
        let least = map.iter().copied().fold(f32::INFINITY, f32::min);
        let greatest = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        Some([least, greatest, map.iter().map(|&x| f64::from(x)).sum::<f64>() as f32])
    }

    fn json(&self, model: &Model) -> Value {
        let (attribution, settings) = (&self.attribution, self.attribution.settings());
        let method = settings.method;
        let extent = self.extent();
        let mut json = json!({
            "model": model.name,
            "method": method.name(),
            "source": method.source(),
            "changes_gradient": method.changes_gradient(),
            "unit": self.unit_text(model),
            "value": attribution.value(),
            "min": extent.map(|e| e[0]),
            "max": extent.map(|e| e[1]),
            "sum": extent.map(|e| e[2]),
        });
        if let Some(correlation) = self.random {
            json["rank_correlation_with_random_weights"] = json!(correlation);
        }
        if let Some(made) = attribution.integrated() {
            let [sum, should] = made.completeness();
            json["completeness"] = json!({
                "baseline": settings.fill.name(),
                "steps": settings.steps,
                "sum": sum,
                "difference": should,
                "error": made.completeness_error(),
            });
        }
        if let Some(made) = attribution.grad_cam() {
            json["grad_cam"] = json!({ "layer": self.layer(model), "weights": made.weights });
        }
        if let Some(made) = attribution.occlusion() {
            json["occlusion"] = json!({
                "patch": settings.patch.size,
                "stride": settings.patch.stride,
                "fill": settings.fill.name(),
                "places": made.progress().1,
            });
        }
        if let Some(made) = attribution.ascent() {
            json["ascent"] = json!({
                "seed": settings.ascent.seed,
                "steps": settings.ascent.steps,
                "stuck": made.is_stuck(),
                "values": made.values(),
            });
        }
        json
    }

    /// The layer at which Grad-CAM was computed.
    fn layer<'a>(&self, model: &'a Model) -> Option<&'a str> {
        let probe = Probe::new(&model.network, &model.params, self.unit).ok()?;
        let layer = self.attribution.settings().layer.or_else(|| usual_layer(probe.network()))?;
        model.network.layers.get(layer).map(|layer| layer.name())
    }

    fn text(&self, model: &Model) -> String {
        let (attribution, method) = (&self.attribution, self.attribution.settings().method);
        let value = attribution.value().unwrap_or(f32::NAN);
        let mut lines = vec![
            format!("{}: {} = {value}", model.name, self.unit_text(model)),
            format!("{} ({})", method.name(), method.source()),
        ];
        if method.changes_gradient() {
            lines.push("  changes the rule at each ReLU, so that its numbers are not derivatives".into());
        }
        if let Some([least, greatest, sum]) = self.extent() {
            lines.push(format!("  from {least} to {greatest}, sum {sum}"));
        }
        if let Some(made) = attribution.integrated() {
            let [sum, should] = made.completeness();
            let error = made.completeness_error() * 100.0;
            lines.push(format!(
                "  adds up to {sum}; the value minus the baseline's is {should}: {error:.3} % off"
            ));
        }
        if let Some(layer) = attribution.grad_cam().and_then(|_| self.layer(model)) {
            lines.push(format!("  at the output of {layer}"));
        }
        if let Some(made) = attribution.ascent() {
            let first = made.values().first().copied().unwrap_or(f32::NAN);
            let stuck = if made.is_stuck() { "; the gradient is 0 there: the unit is dead" } else { "" };
            lines.push(format!("  climbed from {first} to {value} in {} steps{stuck}", made.progress().0));
        }
        if let Some(correlation) = self.random {
            lines.push(format!("  rank correlation with the map of random weights: {correlation:.3}"));
        }
        lines.join("\n") + "\n"
    }
}
