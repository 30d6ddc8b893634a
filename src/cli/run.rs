//! `run`: runs a model on a picture: forward, loss, and backward if its tensors are requested.

use super::{
    CliError, Input, LabelSource, RunArgs,
    bars::bar,
    open_input, open_model,
    out::{print, shape, table},
};
use crate::app::is_large;
use crate::export::arrays;
use crate::files::write_atomically;
use crate::model_io::Model;
use crate::nn::{Execution, Mode, Op, Part, Parts, Values, dropout::Stream, loss::Loss};
use crate::tensor::Tensor;
use crate::threads::Threads;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

/// The results of a run.
struct Answer<'a> {
    model: &'a Model,
    input: &'a Input,
    label: (usize, LabelSource),
    prediction: usize,
    outputs: Vec<f32>,
    /// The probabilities, if the outputs are probabilities or the loss computes them.
    probabilities: Option<Vec<f32>>,
    loss: f32,
}

/// What a run computed.
struct Computed {
    label: (usize, LabelSource),
    output: Tensor,
    loss: Parts,
    /// Every tensor, if any is requested.
    values: Option<Values>,
}

/// Runs a model and prints the results.
pub fn run(args: &RunArgs) -> Result<(), CliError> {
    let model = open_model(&args.model, Some(&args.image.image))?;
    let input = open_input(&model, &args.image)?;
    let workers = Threads::new(args.threads).map_err(CliError)?;
    let bar = progress(&model);
    let on_progress = |part: f32| {
        bar.set_position((part * PARTS as f32) as u64);
        true
    };
    let exec = Execution { workers: &workers, on_progress: &on_progress };
    let computed = compute(&model, &input, args.tensors.is_some(), exec);
    bar.finish_and_clear();
    let Some(computed) = computed else { return Ok(()) };
    if let (Some(path), Some(values)) = (&args.tensors, &computed.values) {
        write_atomically(path, &arrays::archive(&model.network, &model.params, values)?)?;
    }
    let answer = Answer::new(&model, &input, &computed);
    print(&if args.json { format!("{}\n", answer.json()) } else { answer.text() })
}

/// The steps of the progress bar.
const PARTS: u64 = 1000;

/// A progress bar on standard error, hidden for small networks.
fn progress(model: &Model) -> ProgressBar {
    if !is_large(&model.network) {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(PARTS);
    // An error in the template leaves the default style.
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {percent:>3} %  {eta} left") {
        bar.set_style(style);
    }
    bar.with_message(model.name.clone())
}

/// Computes up to the loss; with `all`, every tensor and its gradient. `None` if cancelled.
fn compute(model: &Model, input: &Input, all: bool, exec: Execution) -> Option<Computed> {
    let (network, params) = (&model.network, &model.params);
    let label_of = |output: &Tensor| {
        let predicted = || (network.loss.predicted(output.iter().copied()), LabelSource::Prediction);
        input.label.unwrap_or_else(predicted)
    };
    if !all {
        let output = network.output_with(params, &input.x, exec, &mut |_, _| {})?;
        let label = label_of(&output);
        let loss = network.loss_forward(&output, &network.target(&[label.0]));
        return Some(Computed { label, output, loss, values: None });
    }
    // The backward pass takes about two thirds of the time.
    let share = 1.0 / 3.0;
    let forward = |part: f32| (exec.on_progress)(part * share);
    let backward = |part: f32| (exec.on_progress)(share + part * (1.0 - share));
    let (forward, backward) =
        (Execution { on_progress: &forward, ..exec }, Execution { on_progress: &backward, ..exec });
    let mut values = network.forward_with(params, &input.x, Mode::Eval, Stream::default(), forward)?;
    let label = label_of(values.output());
    let target = network.target(&[label.0]);
    network.add_loss(&mut values, &target);
    if !network.add_gradients(params, &mut values, &target, Mode::Eval, backward) {
        return None;
    }
    Some(Computed { label, output: values.output().clone(), loss: values.loss.clone(), values: Some(values) })
}

impl<'a> Answer<'a> {
    fn new(model: &'a Model, input: &'a Input, computed: &Computed) -> Self {
        let (network, label) = (&model.network, computed.label);
        let outputs: Vec<f32> = computed.output.iter().copied().collect();
        let ends_in_softmax = network.layers.last().is_some_and(|layer| layer.op == Op::Softmax);
        let probabilities = match network.loss {
            Loss::CrossEntropy | Loss::BinaryCrossEntropy => {
                Some(network.scores(&computed.output, &computed.loss, 0))
            }
            Loss::Mse => ends_in_softmax.then(|| outputs.clone()),
        };
        let prediction = network.loss.predicted(outputs.iter().copied());
        // Of one picture.
        let loss = computed.loss.at(Part::Out).iter().sum();
        Self { model, input, label, prediction, outputs, probabilities, loss }
    }

    fn json(&self) -> Value {
        let (network, name) = (&self.model.network, |class| self.model.class_name(class));
        let layers = network.layers.iter().map(|layer| {
            let parameters: usize = layer.parameters().iter().map(|(_, shape)| shape.len()).sum();
            json!({
                "name": layer.name(),
                "kind": layer.spec.kind.name(),
                "input": layer.input,
                "shape": layer.output,
                "parameters": parameters,
            })
        });
        let unseen = network.unseen().into_iter().map(|unseen| {
            json!({ "layer": network.layers[unseen.layer].name(), "rows": unseen.rows, "columns": unseen.cols })
        });
        json!({
            "model": self.model.name,
            "image": self.input.name,
            "label": { "class": name(self.label.0), "index": self.label.0, "source": self.label.1.name() },
            "prediction": {
                "class": name(self.prediction),
                "index": self.prediction,
                "probability": self.probabilities.as_ref().map(|all| all[self.prediction]),
            },
            "probabilities": self.probabilities,
            "outputs": self.outputs,
            "loss": self.loss,
            "loss_kind": network.loss.name(),
            "classes": self.model.architecture.classes,
            "layers": layers.collect::<Vec<_>>(),
            "unseen": unseen.collect::<Vec<_>>(),
            "unused_tensors": self.model.unused,
            "notes": self.model.notes,
        })
    }

    fn text(&self) -> String {
        let (model, network) = (self.model, &self.model.network);
        let row = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
        let label = format!("{} ({})", model.class_name(self.label.0), self.label.1.text());
        let mut text = table(
            &[
                row(&["model", &format!("{}, {} parameters", model.name, model.parameter_count())]),
                row(&["image", &format!("{}, {}", self.input.name, shape(network.input))]),
                row(&["label", &label]),
                row(&[if self.probabilities.is_some() { "prediction" } else { "largest" }, &self.largest()]),
                row(&["loss", &format!("{:.6} ({})", self.loss, network.loss.name())]),
            ],
            &[],
        );
        text += &format!("\n{}\n{}\n", self.chart(), self.layers());
        for unseen in network.unseen() {
            let layer = network.layers[unseen.layer].name();
            let parts = [("row", &unseen.rows), ("column", &unseen.cols)];
            let parts = parts.iter().filter(|(_, all)| !all.is_empty()).map(|(name, all)| places(name, all));
            let parts = parts.collect::<Vec<_>>().join(" and ");
            text += &format!("{layer} never reads {parts} of its input, counted from 0\n");
        }
        for note in &model.notes {
            text += &format!("{note}\n");
        }
        if !model.unused.is_empty() {
            text += &format!("unused tensors in the file: {}\n", model.unused.join(", "));
        }
        text
    }

    /// The class that is predicted; of outputs that are no probabilities all that are the largest.
    fn largest(&self) -> String {
        const SHOWN: usize = 4;
        if self.probabilities.is_some() {
            return self.model.class_name(self.prediction);
        }
        let is_largest = |&k: &usize| self.outputs[k] == self.outputs[self.prediction];
        let all: Vec<usize> = (0..self.outputs.len()).filter(is_largest).collect();
        // Of numbers that are not finite none equals another.
        let all = if all.is_empty() { vec![self.prediction] } else { all };
        let more = if all.len() > SHOWN { ", ..." } else { "" };
        let names: Vec<String> = all.iter().take(SHOWN).map(|&k| self.model.class_name(k)).collect();
        names.join(", ") + more
    }

    /// A bar chart of the largest outputs.
    fn chart(&self) -> String {
        const SHOWN: usize = 10;
        const WIDTH: usize = 30;
        let by = self.probabilities.as_ref().unwrap_or(&self.outputs);
        let mut order: Vec<usize> = (0..by.len()).collect();
        order.sort_by(|&a, &b| by[b].total_cmp(&by[a]));
        // Without class names the outputs are a map and keep their order.
        if self.model.architecture.classes.is_empty() && self.probabilities.is_none() {
            order.sort_unstable();
        }
        let head = if self.probabilities.is_some() { "PROBABILITY" } else { "" };
        let mut rows = vec![vec!["CLASS".to_owned(), "OUTPUT".into(), head.into(), String::new()]];
        for &class in order.iter().take(SHOWN) {
            let (number, chart) = match &self.probabilities {
                Some(all) => (format!("{:.4}", all[class]), bar(all[class], WIDTH)),
                None => (String::new(), String::new()),
            };
            // One output speaks for the second of two classes.
            let loss = self.model.network.loss;
            let own = Some(loss.output_of(class)).filter(|&output| loss.class_of(output) == class);
            let output = own.map_or_else(String::new, |output| format!("{:.4}", self.outputs[output]));
            rows.push(vec![self.model.class_name(class), output, number, chart]);
        }
        let more = by.len().saturating_sub(SHOWN);
        table(&rows, &[1, 2]) + &if more > 0 { format!("and {more} more\n") } else { String::new() }
    }

    fn layers(&self) -> String {
        let mut rows = vec![["LAYER", "KIND", "OUTPUT", "PARAMETERS"].map(str::to_owned).to_vec()];
        rows.push(vec!["input".into(), String::new(), shape(self.model.network.input), String::new()]);
        for layer in &self.model.network.layers {
            let parameters: usize = layer.parameters().iter().map(|(_, shape)| shape.len()).sum();
            rows.push(vec![
                layer.name().to_owned(),
                layer.spec.kind.name().to_owned(),
                shape(layer.output),
                if parameters > 0 { parameters.to_string() } else { String::new() },
            ]);
        }
        table(&rows, &[3])
    }
}

/// A list of rows or columns as text: `row 9`, `columns 8, 9`, `rows 8 to 20`.
fn places(name: &str, all: &[usize]) -> String {
    match all {
        [one] => format!("{name} {one}"),
        [first, .., last] if last - first + 1 == all.len() && all.len() > 2 => {
            format!("{name}s {first} to {last}")
        }
        _ => {
            const SHOWN: usize = 8;
            let list: Vec<String> = all.iter().take(SHOWN).map(ToString::to_string).collect();
            let more =
                if all.len() > SHOWN { format!(" and {} more", all.len() - SHOWN) } else { String::new() };
            format!("{name}s {}{more}", list.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn places_read_well() {
        assert_eq!(places("row", &[9]), "row 9");
        assert_eq!(places("column", &[8, 9]), "columns 8, 9");
        assert_eq!(places("row", &[3, 4, 5]), "rows 3 to 5");
        assert_eq!(places("row", &[2, 5, 8]), "rows 2, 5, 8");
        assert_eq!(
            places("row", &(0..40).map(|i| i * 2).collect::<Vec<_>>()),
            "rows 0, 2, 4, 6, 8, 10, 12, 14 and 32 more"
        );
    }
}
