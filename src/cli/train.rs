//! `train`: trains a network on generated data or a data set, with a log and checkpoints from which it can resume.

use super::{
    CliError, Ended, TrainArgs,
    args::ScheduleArg,
    check::{Subject, check, count, inputs},
    data::{DataArgs, Division, about, bar, open_data, with_difficulty},
    interrupt,
    log::{Log, Row, StepRow},
    out::print,
    settings::Settings,
    source::{read_file, read_text},
};
use crate::data::{Dataset, Split, VALIDATION};
use crate::execution::Execution;
use crate::files::{check_writable, write_atomically};
use crate::model_io::{Architecture, Checkpoint, Model, Preprocess};
use crate::nn::optimizer::{Moments, Optimizer};
use crate::threads::Threads;
use crate::train::{BatchSchedule, Check, LearningRateSchedule, Record, Report, Trainer, fault_of_classes};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// Trains a network, evaluates it on held-out examples and writes the model.
pub fn train(args: &TrainArgs) -> Result<Ended, CliError> {
    let mut run = TrainingRun::start(args)?;
    interrupt::listen()?;
    loop {
        if interrupt::wanted() {
            return run.interrupted();
        }
        if run.is_epoch_over() {
            if !run.end_epoch()? {
                continue;
            }
        } else if run.trainer.steps() < run.steps {
            run.save_in_time()?;
            run.step()?;
        } else {
            return run.finish();
        }
    }
}

/// A running training.
struct TrainingRun {
    settings: Settings,
    /// The model with the weights at the start; the trainer has the current ones.
    model: Model,
    schedule: BatchSchedule,
    trainer: Trainer,
    workers: Threads,
    /// The number of steps in the whole run.
    steps: u64,
    tallies: Tallies,
    log: Option<(Log, u64)>,
    bar: ProgressBar,
    /// Time and images since the last row of the log.
    row_begun: Instant,
    row_images: usize,
    checkpoint: Option<PathBuf>,
    /// When the last checkpoint was written or the run began, the time to the next one, and the step of the last one.
    saved: Instant,
    pause: Duration,
    saved_step: Option<u64>,
}

/// Measurements that are not reported yet.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Tallies {
    /// The report on the epoch so far.
    epoch: Report,
    /// Since the last row of the log.
    row: Report,
}

/// The time between two checkpoints; longer if writing one is slow.
const PAUSE: Duration = Duration::from_secs(30);
/// The most rows of a log by default.
const ROWS: u64 = 2000;
/// The default number of test examples from endless data.
const HELD_OUT: u64 = 2000;
/// The setting under which a checkpoint records the data.
const SET: &str = "set";

impl TrainingRun {
    /// Starts a run, or continues it from a checkpoint.
    fn start(args: &TrainArgs) -> Result<Self, CliError> {
        let resumed = args.resume.as_deref().map(read_checkpoint).transpose()?;
        let record = resumed.as_ref().map(|checkpoint| &checkpoint.settings);
        let settings = Settings::new(args, record)?;
        let checkpoint = args.checkpoint.clone().or_else(|| args.resume.clone());
        for path in [Some(&settings.out), checkpoint.as_ref()].into_iter().flatten() {
            // Fail before the work, not after it.
            check_writable(path)?;
        }
        let given = args.architecture.as_deref().map(Given::read).transpose()?;
        let beginning = Beginning::new(resumed, given)?;
        let (seed, division) = (settings.seed, Division::KeepBack(settings.validation));
        let test_folder = settings.test_folder.as_deref();
        let source = DataArgs { name: &settings.data, test_folder, seed, division };
        let data = open_data(source, beginning.input())?;
        let data = with_difficulty(data, settings.difficulty)?;
        let (model, moments, tallies) = beginning.state(&settings, &data)?;
        let epoch_len = settings.samples_per_epoch.unwrap_or_else(|| BatchSchedule::default_epoch_len(&data));
        let batch_len = settings.batch.min(epoch_len);
        let schedule = BatchSchedule { data, seed, epoch_len, batch_len, augment: settings.augment };
        let steps = settings.epochs.saturating_mul(schedule.batches());
        let (rule, weight_decay) = (settings.optimizer, settings.weight_decay);
        let optimizer = Optimizer { rule, learning_rate: settings.lr, weight_decay };
        let from = (moments.steps > 0).then_some(moments.steps);
        let (network, params) = (model.network.clone(), (*model.params).clone());
        let trainer = Trainer::resume(network, params, moments, optimizer, seed)?;
        let log_every = settings.log_every.unwrap_or_else(|| steps.div_ceil(ROWS).max(1));
        let log = settings.log.as_deref().map(|path| Log::open(path, from)).transpose()?;
        let bar = bar("{bar:24} {msg}  {eta} left");
        bar.set_length(steps);
        bar.set_position(trainer.steps());
        bar.reset_eta();
        let run = Self {
            model,
            schedule,
            trainer,
            workers: Threads::new(args.threads).map_err(CliError)?,
            steps,
            tallies,
            log: log.map(|log| (log, log_every)),
            bar,
            row_begun: Instant::now(),
            row_images: 0,
            checkpoint,
            saved: Instant::now(),
            pause: PAUSE,
            saved_step: from,
            settings,
        };
        run.print_start(from)?;
        Ok(run)
    }

    fn print_start(&self, from: Option<u64>) -> Result<(), CliError> {
        print(&format!(
            "training {} parameters on {}, {} epochs of {} examples, {} steps\n",
            self.model.parameter_count(),
            self.schedule.data.name(),
            self.settings.epochs,
            self.schedule.epoch_len,
            self.steps
        ))?;
        if let Some(step) = from {
            print(&format!("resuming after step {step}\n"))?;
        }
        if let (Some(path), Some((_, every))) = (&self.settings.log, &self.log) {
            print(&format!("log: {}, a row every {every} steps and after each epoch\n", path.display()))?;
        }
        Ok(())
    }

    /// Makes the step of one batch.
    fn step(&mut self) -> Result<(), CliError> {
        let step = self.trainer.steps();
        let rate = learning_rate_schedule(&self.settings).rate(self.settings.lr, step, self.steps);
        self.trainer.optimizer.learning_rate = rate;
        let is_row = self.log.as_ref().is_some_and(|(_, every)| (step + 1).is_multiple_of(*every));
        self.trainer.measure = is_row;
        let examples = self.schedule.batch_at(step)?;
        let (x, target) = inputs(&self.model.network, &self.model.architecture.preprocess, &examples)?;
        let report = self.trainer.step_on(&self.workers, &x, &target)?;
        if !report.loss.is_finite() {
            return Err(self.not_finite(&format!("a loss of {}", report.loss)));
        }
        self.tallies.epoch = self.tallies.epoch.and(report);
        self.tallies.row = self.tallies.row.and(report);
        self.row_images += report.images;
        if is_row {
            self.add_row(report, rate)?;
        }
        let images = self.bar.per_sec() * self.schedule.batch_len as f64;
        let epoch = step / self.schedule.batches() + 1;
        let so_far = line(&self.tallies.epoch);
        self.bar
            .set_message(format!("epoch {epoch}/{}  {so_far}  {images:.0} images/s", self.settings.epochs));
        self.bar.inc(1);
        Ok(())
    }

    fn add_row(&mut self, report: Report, learning_rate: f64) -> Result<(), CliError> {
        let norms = self.trainer.norms().into();
        let gradient_norm = Record { report, learning_rate, norms }.gradient_norm().unwrap_or(f64::NAN);
        let images_per_second = self.row_images as f64 / self.row_begun.elapsed().as_secs_f64();
        let step_row = StepRow { learning_rate, gradient_norm, images_per_second };
        let step = self.trainer.steps();
        let row = Row {
            step,
            epoch: (step - 1) / self.schedule.batches() + 1,
            split: Split::Train,
            report: std::mem::take(&mut self.tallies.row),
            step_row: Some(step_row),
        };
        (self.row_begun, self.row_images) = (Instant::now(), 0);
        self.log.as_mut().map_or(Ok(()), |(log, _)| log.add(&row))
    }

    fn is_epoch_over(&self) -> bool {
        self.tallies.epoch.images > 0 && self.trainer.steps().is_multiple_of(self.schedule.batches())
    }

    /// Validates, reports, logs and saves; false if Ctrl+C came before that.
    fn end_epoch(&mut self) -> Result<bool, CliError> {
        let Some(found) = self.check(Split::Validation, self.settings.validation, VALIDATION)? else {
            return Ok(false);
        };
        let epoch = self.trainer.steps() / self.schedule.batches();
        let mut text = format!("epoch {epoch} of {}: {}", self.settings.epochs, line(&self.tallies.epoch));
        if found.report.images > 0 {
            text += &format!("; validation {}", line(&found.report));
            let (step, report) = (self.trainer.steps(), found.report);
            let row = Row { step, epoch, split: Split::Validation, report, step_row: None };
            if let Some((log, _)) = &mut self.log {
                log.add(&row)?;
            }
        }
        self.bar.suspend(|| print(&format!("{text}\n")))?;
        self.tallies.epoch = Report::default();
        if epoch.is_multiple_of(self.settings.checkpoint_every) || epoch == self.settings.epochs {
            self.save()?;
        }
        Ok(true)
    }

    fn check(&self, split: Split, limit: Option<u64>, endless: u64) -> Result<Option<Check>, CliError> {
        let subject = Subject {
            network: self.trainer.network(),
            params: self.trainer.params(),
            preprocess: &self.model.architecture.preprocess,
            classes: None,
        };
        let count = count(&self.schedule.data, split, limit, endless);
        check(&subject, &self.schedule.data, split, count, &self.workers)
    }

    /// Writes a checkpoint if the last one is old.
    fn save_in_time(&mut self) -> Result<(), CliError> {
        if self.saved.elapsed() < self.pause {
            return Ok(());
        }
        self.save()
    }

    /// Writes a checkpoint, if requested.
    fn save(&mut self) -> Result<(), CliError> {
        let Some(path) = self.checkpoint.clone() else { return Ok(()) };
        let begun = Instant::now();
        write_atomically(&path, &self.state()?.to_bytes()?)?;
        // Writing takes at most a twentieth of the time.
        self.pause = PAUSE.max(begun.elapsed() * 20);
        (self.saved, self.saved_step) = (Instant::now(), Some(self.trainer.steps()));
        Ok(())
    }

    /// A checkpoint of the current state.
    fn state(&self) -> Result<Checkpoint, CliError> {
        let mut settings = self.settings.record();
        settings.insert(SET.into(), about(&self.schedule.data));
        let notes = serde_json::to_string(&self.tallies)
            .map_err(|error| CliError(format!("expected numbers that JSON can hold, got {error}")))?;
        let checkpoint =
            Checkpoint { model: self.trained(), moments: self.trainer.moments().clone(), settings, notes };
        if checkpoint.is_finite() {
            Ok(checkpoint)
        } else {
            Err(self.not_finite("weights that are not finite"))
        }
    }

    fn trained(&self) -> Model {
        Model { params: Arc::new(self.trainer.params().clone()), ..self.model.clone() }
    }

    fn not_finite(&self, got: &str) -> CliError {
        self.bar.finish_and_clear();
        let kept = match (&self.checkpoint, self.saved_step) {
            (Some(path), Some(step)) => format!("; {} holds the state after step {step}", path.display()),
            _ => String::new(),
        };
        CliError(format!(
            "expected finite numbers, got {got} at step {}; use a smaller --lr than {}{kept}",
            self.trainer.steps(),
            self.settings.lr
        ))
    }

    /// Saves the current state and prints how to continue.
    fn interrupted(&mut self) -> Result<Ended, CliError> {
        self.bar.finish_and_clear();
        let state = self.state()?;
        let out = &self.settings.out;
        // Without a checkpoint file, the model file becomes one.
        let checkpoint = self.checkpoint.as_ref().unwrap_or(out);
        write_atomically(checkpoint, &state.to_bytes()?)?;
        if checkpoint != out {
            write_atomically(out, &state.model.to_bytes()?)?;
        }
        print(&format!(
            "stopped after step {} of {}: the model so far is in {}; continue with `convstep train --resume {}`\n",
            self.trainer.steps(),
            self.steps,
            out.display(),
            checkpoint.display()
        ))?;
        Ok(Ended::Interrupted)
    }

    /// Writes the model and evaluates it.
    fn finish(&mut self) -> Result<Ended, CliError> {
        self.bar.finish_and_clear();
        let model = self.trained();
        write_atomically(&self.settings.out, &model.to_bytes()?)?;
        let wrote = format!("wrote {}\n", self.settings.out.display());
        let Some(found) = self.check(Split::Test, self.settings.held_out, HELD_OUT)? else {
            print(&wrote)?;
            return Ok(Ended::Interrupted);
        };
        let held_out = found.report;
        print(&format!("{} examples held out: {}\n{wrote}", held_out.images, line(&held_out)))?;
        Ok(Ended::Whole)
    }
}

/// The state in which a run begins.
enum Beginning {
    /// That of a checkpoint, which must match the given architecture.
    Resumed(Box<Checkpoint>, Option<Given>),
    /// The state before the first step.
    New(Given),
}

impl Beginning {
    fn new(resumed: Option<Checkpoint>, given: Option<Given>) -> Result<Self, CliError> {
        match (resumed, given) {
            (Some(checkpoint), given) => Ok(Self::Resumed(Box::new(checkpoint), given)),
            (None, Some(given)) => Ok(Self::New(given)),
            (None, None) => Err(CliError(
                "--architecture: expected an architecture, got none; name a file, or use --resume".into(),
            )),
        }
    }

    /// (C, H, W) of the network's input.
    fn input(&self) -> [usize; 3] {
        match self {
            Self::Resumed(checkpoint, _) => checkpoint.model.network.input,
            Self::New(given) => given.architecture.input,
        }
    }

    /// The model, the optimizer's moments and the measurements that are not reported yet. Prints what the data holds.
    fn state(self, settings: &Settings, data: &Dataset) -> Result<(Model, Moments, Tallies), CliError> {
        match self {
            Self::Resumed(checkpoint, given) => {
                check_agreement(&checkpoint, given.as_ref(), data)?;
                print(&about(data))?;
                let Checkpoint { model, moments, notes, .. } = *checkpoint;
                let tallies = serde_json::from_str(&notes).map_err(|_| {
                    let what =
                        "--resume: expected a checkpoint of `train`, got one of the window; open it there";
                    CliError(what.into())
                })?;
                Ok((model, moments, tallies))
            }
            Self::New(given) => Ok((given.model(settings, data)?, Moments::default(), Tallies::default())),
        }
    }
}

/// The architecture file that the arguments give.
struct Given {
    path: PathBuf,
    architecture: Architecture,
    names_preprocess: bool,
    /// What is said of the loss where the file names none.
    note: Option<String>,
}

impl Given {
    fn read(path: &Path) -> Result<Self, CliError> {
        let text = read_text(path)?;
        let architecture = Architecture::parse(&text)
            .map_err(|error| CliError(format!("{}: {}", path.display(), error.0)))?;
        // An explicit table counts even if it leaves pixels unscaled.
        let names_preprocess =
            text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("preprocess"));
        let note = architecture.note_on_loss(&text);
        Ok(Self { path: path.to_owned(), architecture, names_preprocess, note })
    }

    /// The model with initial weights. Missing classes are taken from the data; missing preprocessing uses the data's
    /// mean and deviation.
    fn model(self, settings: &Settings, data: &Dataset) -> Result<Model, CliError> {
        let Self { path, mut architecture, names_preprocess, note } = self;
        let place = |what: String| CliError(format!("{}: {what}", path.display()));
        if architecture.input != data.shape() {
            return Err(place(format!(
                "expected input = {:?} for {}, got {:?}; change input or --data",
                data.shape(),
                data.name(),
                architecture.input
            )));
        }
        // Classes that are only numbers may be renamed.
        let count = architecture.classes.len();
        if count == 0 {
            let network = architecture.build().map_err(|error| place(error.0))?;
            if let Some(fault) = fault_of_classes(&network, data.classes().len(), false) {
                return Err(place(fault));
            }
            architecture.classes = data.classes().to_vec();
        } else if architecture.classes != data.classes()
            && (data.names_classes() || count != data.classes().len())
        {
            return Err(place(format!(
                "expected the classes of {}, {}, got {}; correct or omit classes",
                data.name(),
                data.classes().join(", "),
                architecture.classes.join(", ")
            )));
        }
        if let Some(note) = note {
            print(&format!("{note}\n"))?;
        }
        print(&about(data))?;
        if !names_preprocess {
            let workers = Threads::on_all_cores();
            let found = data.statistics(Execution { workers: &workers, ..Execution::SERIAL })?;
            print(&format!(
                "preprocess: mean = {:?}, std = {:?}, of {} examples\n",
                found.mean, found.std, found.examples
            ))?;
            let channels = architecture.input[0];
            architecture.preprocess =
                Preprocess::new(channels, found.mean, found.std).map_err(|error| place(error.0))?;
        }
        let name = settings.out.file_stem();
        let name = name.map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        Model::initial(&name, architecture, settings.init, settings.seed).map_err(|error| place(error.0))
    }
}

fn read_checkpoint(path: &Path) -> Result<Checkpoint, CliError> {
    Ok(Checkpoint::from_bytes(&path.display().to_string(), &read_file(path)?)?)
}

/// Checks that a run can continue with this data, and with this architecture if one is given.
fn check_agreement(checkpoint: &Checkpoint, given: Option<&Given>, data: &Dataset) -> Result<(), CliError> {
    let (is, was) = (about(data), checkpoint.settings.get(SET).cloned().unwrap_or_default());
    if is != was {
        return Err(CliError(format!(
            "--data: expected {} as in the checkpoint, got {}; use the same data, or start again without --resume",
            was.trim_end(),
            is.trim_end()
        )));
    }
    match given {
        Some(given) if given.architecture.build()? != checkpoint.model.network => Err(CliError(format!(
            "--architecture: expected the layers of the checkpoint, got others in {}; omit it, or start again \
             without --resume",
            given.path.display()
        ))),
        Some(_) | None => Ok(()),
    }
}

fn learning_rate_schedule(settings: &Settings) -> LearningRateSchedule {
    match settings.schedule {
        ScheduleArg::Constant => LearningRateSchedule::Constant,
        ScheduleArg::Cosine => LearningRateSchedule::Cosine,
    }
}

fn line(report: &Report) -> String {
    format!("loss {:.4}, accuracy {:.2} %", report.loss, report.accuracy() * 100.0)
}
