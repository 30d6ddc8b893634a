//! `train`: a network on generated data or a data set, with a progress bar.

use super::{
    CliError, TrainArgs,
    args::ScheduleArg,
    data::{about, bar, open_data},
    out::print,
    save::write_atomically,
    source::read_text,
};
use crate::data::{Dataset, Part};
use crate::model_io::{Architecture, Model, Preprocess};
use crate::nn::optimizer::Optimizer;
use crate::threads::Threads;
use crate::train::{Course, Report, Schedule, Trainer, evaluate, stack};
use std::sync::Arc;

/// Trains, tests on examples it has not seen, and writes the model.
pub fn train(args: &TrainArgs) -> Result<(), CliError> {
    let (mut model, data) = first_model(args)?;
    // What can fail at the end is tried before the work.
    write_atomically(&args.out, &model.to_bytes()?)?;
    let epoch_len = args.samples_per_epoch.unwrap_or_else(|| Course::epoch_of(&data));
    let batch_len = args.batch.min(epoch_len);
    let course = Course { data, seed: args.seed, epoch_len, batch_len, augment: args.augment };
    let optimizer =
        Optimizer { rule: args.optimizer, learning_rate: args.lr, weight_decay: args.weight_decay };
    let mut trainer = Trainer::new(model.network.clone(), (*model.params).clone(), optimizer, args.seed)?;
    print(&format!(
        "training {} parameters on {}, {} epochs of {} examples\n",
        model.parameter_count(),
        course.data.name(),
        args.epochs,
        course.epoch_len
    ))?;
    let workers = Threads::new(args.threads).map_err(CliError)?;
    let steps = args.epochs.saturating_mul(course.batches());
    let bar = bar("{bar:30} {percent:>3} %  {msg}  {eta} left");
    bar.set_length(steps);
    for epoch in 0..args.epochs {
        let mut seen = Report::default();
        for batch in 0..course.batches() {
            trainer.optimizer.learning_rate = schedule(args).rate(args.lr, trainer.steps(), steps);
            let (x, target) = examples(&model, &course.batch(epoch, batch)?)?;
            let report = workers.within(|| trainer.step_on(&workers, &x, &target))?;
            if !report.loss.is_finite() {
                bar.abandon();
                return Err(CliError(format!(
                    "expected a finite loss, got {} at step {}; use a smaller --lr than {}",
                    report.loss,
                    trainer.steps(),
                    args.lr
                )));
            }
            seen = seen.and(report);
            bar.set_message(line(&seen));
            bar.inc(1);
        }
        let text = format!("epoch {} of {}: {}\n", epoch + 1, args.epochs, line(&seen));
        bar.suspend(|| print(&text))?;
    }
    bar.finish_and_clear();
    let held_out = test(&model, &trainer, &course.data, args.held_out)?;
    model.params = Arc::new(trainer.into_params());
    write_atomically(&args.out, &model.to_bytes()?)?;
    print(&format!(
        "{} examples held out: {}\nwrote {}\n",
        held_out.images,
        line(&held_out),
        args.out.display()
    ))
}

/// The network with its first weights, and its data. Where the architecture names no classes they are the data's,
/// and where it names no preprocessing it is by the data's mean and deviation.
fn first_model(args: &TrainArgs) -> Result<(Model, Dataset), CliError> {
    let place = |what: String| CliError(format!("{}: {what}", args.architecture.display()));
    let text = read_text(&args.architecture)?;
    let mut architecture = Architecture::parse(&text).map_err(|error| place(error.0))?;
    let data = open_data(&args.data, architecture.input, args.seed)?.with_difficulty(args.difficulty);
    if architecture.input != data.shape() {
        return Err(place(format!(
            "expected input = {:?}, as {} are, got {:?}; change input or --data",
            data.shape(),
            data.name(),
            architecture.input
        )));
    }
    // Classes that are only numbers may be given names.
    let count = architecture.classes.len();
    if count == 0 {
        architecture.classes = data.classes().to_vec();
    } else if architecture.classes != data.classes()
        && (data.names_classes() || count != data.classes().len())
    {
        return Err(place(format!(
            "expected the classes of {}, {}, got {}; change classes or leave them out",
            data.name(),
            data.classes().join(", "),
            architecture.classes.join(", ")
        )));
    }
    print(&about(&data))?;
    if !names_preprocess(&text) {
        let found = data.statistics()?;
        print(&format!(
            "preprocess: mean = {:?}, std = {:?}, of {} examples\n",
            found.mean, found.std, found.examples
        ))?;
        let channels = architecture.input[0];
        architecture.preprocess =
            Preprocess::new(channels, found.mean, found.std).map_err(|error| place(error.0))?;
    }
    let name = args.out.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let model = Model::initial(&name, architecture, args.init, args.seed).map_err(|error| place(error.0))?;
    Ok((model, data))
}

/// Whether an architecture's text says how pixels are preprocessed, if only that they are not.
fn names_preprocess(text: &str) -> bool {
    text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("preprocess"))
}

fn schedule(args: &TrainArgs) -> Schedule {
    match args.schedule {
        ScheduleArg::Constant => Schedule::Constant,
        ScheduleArg::Cosine => Schedule::Cosine,
    }
}

fn examples(
    model: &Model,
    examples: &[(crate::tensor::Tensor, usize)],
) -> Result<(crate::tensor::Tensor, crate::tensor::Tensor), CliError> {
    let preprocess = &model.architecture.preprocess;
    stack(examples, |pixels| preprocess.apply(pixels), model.network.output()).ok_or_else(|| {
        CliError("expected examples of one shape, got others; report this as a mistake".into())
    })
}

/// Tests on at most `count` examples of the test part, evenly spread over it.
fn test(model: &Model, trainer: &Trainer, data: &Dataset, count: Option<u64>) -> Result<Report, CliError> {
    const AT_ONCE: u64 = 50;
    const GENERATED: u64 = 2000;
    let len = data.len(Part::Test);
    let count = len.map_or(count.unwrap_or(GENERATED), |len| count.unwrap_or(len).min(len));
    let spread = |k: u64| len.map_or(k, |len| (u128::from(k) * u128::from(len) / u128::from(count)) as u64);
    let mut all = Report::default();
    for begin in (0..count).step_by(AT_ONCE as usize) {
        let batch = (begin..(begin + AT_ONCE).min(count)).map(|k| {
            let example = data.example(Part::Test, spread(k))?;
            Ok((example.pixels, example.class))
        });
        let (x, target) = examples(model, &batch.collect::<Result<Vec<_>, CliError>>()?)?;
        all = all.and(evaluate(trainer.network(), trainer.params(), &x, &target));
    }
    Ok(all)
}

fn line(report: &Report) -> String {
    format!("loss {:.4}, accuracy {:.2} %", report.loss, report.accuracy() * 100.0)
}
