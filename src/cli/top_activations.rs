//! `attribute --top-activations`: the pictures of a data set that activate a unit most, each with the patch that does.

use super::{
    AttributeArgs, CliError, Ended,
    attribute::unit_of,
    check::{ENDLESS, count, spread},
    contact::{self, Tile},
    data::{DataArgs, Division, bar, check_shape, open_data, split_of, with_difficulty},
    interrupt, open_model,
    out::{print, table},
};
use crate::attribution::{Probe, TopActivation, TopActivations, Unit};
use crate::data::{Dataset, Split};
use crate::files::write_atomically;
use crate::model_io::Model;
use crate::nn::Execution;
use crate::threads::Threads;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Searches the data, writes the contact sheet and prints the results. A progress bar appears after a second.
pub fn top_activations(args: &AttributeArgs, keep: usize) -> Result<Ended, CliError> {
    let Some(data) = &args.data else {
        return Err(CliError("expected a data set, got none; name one with --data".into()));
    };
    let Some(unit) = &args.unit else {
        return Err(CliError("expected a unit, got none; name one with --unit".into()));
    };
    let model = &open_model(&args.model, None)?;
    let unit = unit_of(unit, model)?;
    let probe = Probe::new(&model.network, &model.params, unit)?;
    let division = if args.split.is_some() { Division::KeepBack(None) } else { Division::Own };
    let source = DataArgs { name: data, test_folder: args.test_folder.as_deref(), seed: args.seed, division };
    let data = with_difficulty(open_data(source, model.network.input)?, args.difficulty)?;
    check_shape(&data, model)?;
    let split = split_of(&data, args.split)?;
    let count = count(&data, split, args.limit, ENDLESS);
    let workers = Threads::new(args.threads).map_err(CliError)?;
    interrupt::listen()?;
    let (begun, mut shown) = (Instant::now(), None);
    let mut search = TopActivations::new(keep);
    for k in 0..count {
        if interrupt::wanted() {
            return Ok(Ended::Interrupted);
        }
        let index = spread(&data, split, count, k);
        let x = model.input_from_pixels(&data.example(split, index)?.pixels)?;
        let on_progress = |_| !interrupt::wanted();
        if !search.offer(&probe, index, &x, Execution { workers: &workers, on_progress: &on_progress }) {
            return Ok(Ended::Interrupted);
        }
        if shown.is_none() && begun.elapsed() > Duration::from_secs(1) {
            let bar = bar("{bar:30} {pos} of {len} pictures  {eta} left");
            bar.set_length(count);
            shown = Some(bar);
        }
        if let Some(bar) = &shown {
            bar.set_position(k + 1);
        }
    }
    if let Some(bar) = shown {
        bar.finish_and_clear();
    }
    let found = Found { model, unit, data: &data, split, search };
    let best = found.best()?;
    if let Some(path) = &args.out {
        let tiles = best.iter().map(|(top, _)| {
            let pixels = &data.example(split, top.index)?.pixels;
            let pixels = model.architecture.preprocess.seen(pixels).into_owned();
            Ok(Tile { pixels, patch: top.patch })
        });
        write_atomically(path, &contact::sheet(&tiles.collect::<Result<Vec<_>, CliError>>()?)?)?;
    }
    print(&if args.json { format!("{}\n", found.json(&best)) } else { found.text(&best) })?;
    Ok(Ended::Whole)
}

/// The results of a search.
struct Found<'a> {
    model: &'a Model,
    unit: Unit,
    data: &'a Dataset,
    split: Split,
    search: TopActivations,
}

impl Found<'_> {
    /// The top pictures, each with its label.
    fn best(&self) -> Result<Vec<(TopActivation, String)>, CliError> {
        let label = |top: &TopActivation| {
            let class = self.data.example(self.split, top.index)?.class;
            let name = self.data.classes().get(class);
            Ok((*top, name.cloned().unwrap_or_else(|| class.to_string())))
        };
        self.search.best().iter().map(label).collect()
    }

    fn unit_text(&self) -> String {
        self.unit.text(&self.model.network, |class| self.model.class_name(class))
    }

    /// Whether the unit has a position in a map; classes have none.
    fn has_place(&self) -> bool {
        match self.unit {
            Unit::Score(_) | Unit::Probability(_) => false,
            Unit::Channel { .. } | Unit::Cell { .. } => true,
        }
    }

    fn json(&self, best: &[(TopActivation, String)]) -> Value {
        let of = |(top, label): &(TopActivation, String)| {
            let TopActivation { index, value, at, patch } = top;
            json!({
                "index": index,
                "label": label,
                "value": value,
                "position": self.has_place().then_some(at),
                "patch": { "at": patch.at, "size": patch.size },
            })
        };
        json!({
            "model": self.model.name,
            "unit": self.unit_text(),
            "data": self.data.name(),
            "part": self.split,
            "images": self.search.seen(),
            "best": best.iter().map(of).collect::<Vec<_>>(),
        })
    }

    fn text(&self, best: &[(TopActivation, String)]) -> String {
        let mut text = format!(
            "{}: top activations of {} among {} examples of {}, {} split (Zeiler & Fergus 2014, section 4)\n",
            self.model.name,
            self.unit_text(),
            self.search.seen(),
            self.data.name(),
            self.split.name()
        );
        if best.is_empty() {
            return text + "  none: its value is NaN for every picture\n";
        }
        let head = ["picture", "label", "value", "position", "rows", "columns"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        for (TopActivation { index, value, at: [i, j], patch }, label) in best {
            let place = if self.has_place() { format!("({i},{j})") } else { String::new() };
            let span = |d: usize| format!("{}-{}", patch.at[d], patch.at[d] + patch.size[d] - 1);
            rows.push(vec![index.to_string(), label.clone(), value.to_string(), place, span(0), span(1)]);
        }
        text += &table(&rows, &[0]);
        text
    }
}
