//! `train`: a network on generated data, with a progress bar.

use super::{CliError, TrainArgs, args::ScheduleArg, out::print, save::write_atomically, source::read_text};
use crate::model_io::{Architecture, Model};
use crate::nn::optimizer::Optimizer;
use crate::threads::Threads;
use crate::train::{Course, Report, Schedule, Trainer, evaluate, stack};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;

/// Trains, tests on examples it has not seen, and writes the model.
pub fn train(args: &TrainArgs) -> Result<(), CliError> {
    let mut model = first_model(args)?;
    // What can fail at the end is tried before the work.
    write_atomically(&args.out, &model.to_bytes()?)?;
    let course = Course {
        data: args.data,
        seed: args.seed,
        difficulty: args.difficulty,
        epoch_len: args.samples_per_epoch,
        batch_len: args.batch.min(args.samples_per_epoch),
    };
    let optimizer =
        Optimizer { rule: args.optimizer, learning_rate: args.lr, weight_decay: args.weight_decay };
    let mut trainer = Trainer::new(model.network.clone(), (*model.params).clone(), optimizer, args.seed)?;
    print(&format!(
        "training {} parameters on {}, {} epochs of {} examples\n",
        model.parameter_count(),
        args.data.name(),
        args.epochs,
        args.samples_per_epoch
    ))?;
    let workers = Threads::new(args.threads).map_err(CliError)?;
    let steps = args.epochs.saturating_mul(course.batches());
    let bar = progress(steps);
    for epoch in 0..args.epochs {
        let mut seen = Report::default();
        for batch in 0..course.batches() {
            trainer.optimizer.learning_rate = schedule(args).rate(args.lr, trainer.steps(), steps);
            let (x, target) = examples(&model, &course.batch(epoch, batch))?;
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
    let held_out = test(&model, &trainer, &course, args.held_out)?;
    model.params = Arc::new(trainer.into_params());
    write_atomically(&args.out, &model.to_bytes()?)?;
    print(&format!(
        "{} examples held out: {}\nwrote {}\n",
        args.held_out,
        line(&held_out),
        args.out.display()
    ))
}

/// The network with its first weights; classes are the data's where the architecture names none.
fn first_model(args: &TrainArgs) -> Result<Model, CliError> {
    let place = |what: String| CliError(format!("{}: {what}", args.architecture.display()));
    let text = read_text(&args.architecture)?;
    let mut architecture = Architecture::parse(&text).map_err(|error| place(error.0))?;
    let (expected, data) = (args.data.input_shape(), args.data.name());
    if architecture.input != expected {
        return Err(place(format!(
            "expected input = {expected:?}, as {data} are, got {:?}; change input or --data",
            architecture.input
        )));
    }
    let classes: Vec<String> = args.data.classes().iter().map(|&class| class.to_owned()).collect();
    if architecture.classes.is_empty() {
        architecture.classes = classes;
    } else if architecture.classes != classes {
        return Err(place(format!(
            "expected the classes of {data}, {}, got {}; change classes or leave them out",
            classes.join(", "),
            architecture.classes.join(", ")
        )));
    }
    let name = args.out.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    Model::initial(&name, architecture, args.init, args.seed).map_err(|error| place(error.0))
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

fn test(model: &Model, trainer: &Trainer, course: &Course, count: u64) -> Result<Report, CliError> {
    const AT_ONCE: u64 = 50;
    let mut all = Report::default();
    for begin in (0..count).step_by(AT_ONCE as usize) {
        let batch: Vec<_> =
            (begin..(begin + AT_ONCE).min(count)).map(|index| course.held_out(index)).collect();
        let (x, target) = examples(model, &batch)?;
        all = all.and(evaluate(trainer.network(), trainer.params(), &x, &target));
    }
    Ok(all)
}

fn line(report: &Report) -> String {
    format!("loss {:.4}, accuracy {:.2} %", report.loss, report.accuracy() * 100.0)
}

fn progress(steps: u64) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    // A mistake in the template leaves the default style.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  {eta} left") {
        bar.set_style(style);
    }
    bar
}
