//! `eval`: evaluates a model on a data set: accuracy, loss and confusion matrix.

use super::{
    CliError, Ended, EvalArgs,
    check::{ENDLESS, Subject, check, count},
    data::{DataArgs, Division, check_shape, open_data, split_of, with_difficulty},
    interrupt,
    out::{print, table},
    source::open_model,
};
use crate::data::{Dataset, Origin, Split};
use crate::model_io::Model;
use crate::threads::Threads;
use crate::train::Check;
use serde_json::{Value, json};

/// Evaluates a model and prints the results.
pub fn eval(args: &EvalArgs) -> Result<Ended, CliError> {
    let model = open_model(&args.model, None)?;
    let division = if args.split.is_some() { Division::KeepBack(None) } else { Division::Own };
    let source =
        DataArgs { name: &args.data, test_folder: args.test_folder.as_deref(), seed: args.seed, division };
    let data = open_data(source, model.network.input)?;
    let data = with_difficulty(data, args.difficulty)?;
    check_shape(&data, &model)?;
    let classes = matched(&model, &data)?;
    let split = split_of(&data, args.split)?;
    let workers = Threads::new(args.threads).map_err(CliError)?;
    let subject = Subject {
        network: &model.network,
        params: &model.params,
        preprocess: &model.architecture.preprocess,
        classes: Some(&classes),
    };
    interrupt::listen()?;
    let count = count(&data, split, args.limit, ENDLESS);
    let Some(found) = check(&subject, &data, split, count, &workers)? else { return Ok(Ended::Interrupted) };
    print(&match args.json {
        true => format!("{}\n", answer(&model, &data, split, &found)),
        false => text(&model, &data, split, &found),
    })?;
    Ok(Ended::Whole)
}

/// For each class of the data, its number in the model: by name, or by number if either side has no names.
fn matched(model: &Model, data: &Dataset) -> Result<Vec<usize>, CliError> {
    let (ours, theirs) = (&model.architecture.classes, data.classes());
    let named = !ours.is_empty();
    let fails = |got: String| {
        let place = data.name();
        let expected = match ours.len() {
            0 => format!("at most {} classes", model.network.classes()),
            n if n > 20 => format!("classes of {}'s {n}", model.name),
            _ => format!("classes of {}, {}", model.name, ours.join(", ")),
        };
        CliError(format!("{place}: expected {expected}, got {got}; rename the classes or use other data"))
    };
    if !named || (!data.names_classes() && theirs.len() == model.network.classes()) {
        return match theirs.len() {
            n if n <= model.network.classes() => Ok((0..n).collect()),
            n => Err(fails(n.to_string())),
        };
    }
    let of_name = |name: &String| {
        let is_same = |other: &&String| other.to_lowercase() == name.to_lowercase();
        let exact = ours.iter().position(|other| other == name);
        exact.or_else(|| {
            let mut alike = ours.iter().enumerate().filter(|(_, other)| is_same(other));
            alike.next().filter(|_| alike.next().is_none()).map(|(class, _)| class)
        })
    };
    let found = theirs.iter().map(|name| of_name(name).ok_or_else(|| fails(format!("{name:?}"))));
    found.collect()
}

/// The share of a class's examples that are predicted correctly; `None` without examples.
fn recall(row: &[u64], class: usize) -> Option<f64> {
    let all: u64 = row.iter().sum();
    (all > 0).then(|| row[class] as f64 / all as f64)
}

fn answer(model: &Model, data: &Dataset, split: Split, found: &Check) -> Value {
    let rows: Vec<&[u64]> = found.confusion.rows().collect();
    let classes: Vec<String> = (0..rows.len()).map(|class| model.class_name(class)).collect();
    let recalls: Vec<Option<f64>> = rows.iter().enumerate().map(|(class, row)| recall(row, class)).collect();
    json!({
        "model": model.name,
        "data": data.name(),
        "part": split,
        "images": found.report.images,
        "accuracy": found.report.accuracy(),
        "loss": found.report.loss,
        "classes": classes,
        "recall": recalls,
        "confusion": rows,
    })
}

fn text(model: &Model, data: &Dataset, split: Split, found: &Check) -> String {
    const COLUMNS: usize = 20;
    let report = &found.report;
    let origin = match data.origin(split) {
        Origin::KeptBack => " (held out from training by the seed)",
        Origin::Generated | Origin::Own | Origin::Absent => "",
    };
    let mut text = format!(
        "{} on {} examples of {}, {} split{origin}: accuracy {:.2} % ({} correct), loss {:.4}\n",
        model.name,
        report.images,
        data.name(),
        split.name(),
        report.accuracy() * 100.0,
        report.correct,
        report.loss
    );
    let classes = found.confusion.classes();
    let is_square = classes <= COLUMNS;
    let head = ["truth", "images", "recall"].map(str::to_owned).into_iter();
    let names = (0..classes).map(|class| model.class_name(class));
    let most = ["most confused with".to_owned(), String::new()];
    let mut rows = vec![match is_square {
        true => head.chain(names).collect::<Vec<_>>(),
        false => head.chain(most).collect(),
    }];
    for (class, row) in found.confusion.rows().enumerate() {
        let images: u64 = row.iter().sum();
        let Some(recall) = recall(row, class) else { continue };
        let first = [model.class_name(class), images.to_string(), format!("{:.1} %", recall * 100.0)];
        let number = |n: &u64| if *n == 0 { "·".to_owned() } else { n.to_string() };
        rows.push(match is_square {
            true => first.into_iter().chain(row.iter().map(number)).collect(),
            false => {
                let wrong = row.iter().enumerate().filter(|(other, n)| *other != class && **n > 0);
                let most = wrong.max_by_key(|(other, n)| (**n, std::cmp::Reverse(*other)));
                let most = most.map_or([String::new(), String::new()], |(other, n)| {
                    [model.class_name(other), n.to_string()]
                });
                first.into_iter().chain(most).collect()
            }
        });
    }
    let right: Vec<usize> = match is_square {
        true => (1..classes + 3).collect(),
        false => vec![1, 2, 4],
    };
    text += "rows: true classes; columns: how often each was predicted\n";
    text + &table(&rows, &right)
}
