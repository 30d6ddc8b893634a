//! The settings that determine a training run: from the arguments, or from a checkpoint that the arguments must match.

use super::{
    CliError, TrainArgs,
    args::{self, ScheduleArg},
};
use crate::data::{Augment, Difficulty};
use crate::nn::{init::Init, optimizer::Rule};
use clap::ValueEnum;
use std::{collections::BTreeMap, path::PathBuf};

/// The settings of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// The name or path of the data; the path may differ from the checkpoint's.
    pub data: String,
    /// The data's folder of test pictures, or `none`, if given.
    pub test_folder: Option<String>,
    /// The number of epochs.
    pub epochs: u64,
    /// Examples in a batch.
    pub batch: u64,
    /// Examples in an epoch, if given.
    pub samples_per_epoch: Option<u64>,
    /// Validation examples, if given.
    pub validation: Option<u64>,
    /// The augmentation of training pictures.
    pub augment: Augment,
    /// The difficulty of generated examples, if given.
    pub difficulty: Option<Difficulty>,
    /// The optimizer.
    pub optimizer: Rule,
    /// The initial learning rate.
    pub lr: f64,
    /// How the learning rate changes.
    pub schedule: ScheduleArg,
    /// Weight decay.
    pub weight_decay: f64,
    /// The initialisation of the weights.
    pub init: Init,
    /// The seed of weights, examples, their order and dropout.
    pub seed: u64,
    /// The model file. This setting and the following ones don't affect the weights and may change when resuming.
    pub out: PathBuf,
    /// The log file, if given.
    pub log: Option<PathBuf>,
    /// Steps between rows of the log, if given.
    pub log_every: Option<u64>,
    /// Epochs between checkpoints.
    pub checkpoint_every: u64,
    /// Examples for the final test, if given.
    pub held_out: Option<u64>,
}

impl Settings {
    /// The settings from the arguments, else from the record, else the defaults.
    ///
    /// # Errors
    /// If an argument differs from the recorded one, which the message names, or the record is incomplete.
    pub fn new(args: &TrainArgs, record: Option<&BTreeMap<String, String>>) -> Result<Self, CliError> {
        let from = SettingsSource { record };
        let needed = |name: &str| CliError(format!("--{name}: expected a value, got none; supply one"));
        Ok(Self {
            data: from.free("data", &args.data)?.ok_or_else(|| needed("data"))?,
            test_folder: from.fixed("test-folder", &args.test_folder)?,
            epochs: from.fixed("epochs", &args.epochs)?.unwrap_or(5),
            batch: from.fixed("batch", &args.batch)?.unwrap_or(16),
            samples_per_epoch: from.fixed("samples-per-epoch", &args.samples_per_epoch)?,
            validation: from.fixed("validation", &args.validation)?,
            augment: from.fixed("augment", &args.augment)?.unwrap_or_default(),
            difficulty: from.fixed("difficulty", &args.difficulty)?,
            optimizer: from.fixed("optimizer", &args.optimizer)?.unwrap_or(Rule::ALL[3]),
            lr: from.fixed("lr", &args.lr)?.unwrap_or(0.001),
            schedule: from.fixed("schedule", &args.schedule)?.unwrap_or_default(),
            weight_decay: from.fixed("weight-decay", &args.weight_decay)?.unwrap_or(0.0),
            init: from.fixed("init", &args.init)?.unwrap_or(Init::He),
            seed: from.fixed("seed", &args.seed)?.unwrap_or(1),
            out: from.free("out", &args.out)?.ok_or_else(|| needed("out"))?,
            log: from.free("log", &args.log)?,
            log_every: from.free("log-every", &args.log_every)?,
            checkpoint_every: from.free("checkpoint-every", &args.checkpoint_every)?.unwrap_or(1),
            held_out: from.free("held-out", &args.held_out)?,
        })
    }

    /// The settings as a checkpoint stores them.
    pub fn record(&self) -> BTreeMap<String, String> {
        let settings = [
            ("data", Some(self.data.text())),
            ("test-folder", self.test_folder.clone()),
            ("epochs", Some(self.epochs.text())),
            ("batch", Some(self.batch.text())),
            ("samples-per-epoch", self.samples_per_epoch.map(|n| n.text())),
            ("validation", self.validation.map(|n| n.text())),
            ("augment", Some(self.augment.text())),
            ("difficulty", self.difficulty.map(|d| d.text())),
            ("optimizer", Some(self.optimizer.text())),
            ("lr", Some(self.lr.text())),
            ("schedule", Some(self.schedule.text())),
            ("weight-decay", Some(self.weight_decay.text())),
            ("init", Some(self.init.text())),
            ("seed", Some(self.seed.text())),
            ("out", Some(self.out.text())),
            ("log", self.log.as_ref().map(Setting::text)),
            ("log-every", self.log_every.map(|n| n.text())),
            ("checkpoint-every", Some(self.checkpoint_every.text())),
            ("held-out", self.held_out.map(|n| n.text())),
        ];
        settings.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?))).collect()
    }
}

struct SettingsSource<'a> {
    record: Option<&'a BTreeMap<String, String>>,
}

impl SettingsSource<'_> {
    /// A setting that may change when resuming.
    fn free<T: Setting>(&self, name: &str, given: &Option<T>) -> Result<Option<T>, CliError> {
        match given {
            Some(given) => Ok(Some(given.clone())),
            None => self.recorded(name),
        }
    }

    /// A setting that affects the weights and must not change.
    fn fixed<T: Setting>(&self, name: &str, given: &Option<T>) -> Result<Option<T>, CliError> {
        let recorded = self.recorded(name)?;
        match given {
            Some(given) if self.record.is_some() && recorded.as_ref() != Some(given) => {
                let was = recorded.map_or_else(|| "none given".to_owned(), |was| was.text());
                let got = given.text();
                Err(CliError(format!(
                    "--{name}: expected {was} as in the checkpoint, got {got}; omit it, or start again without \
                     --resume"
                )))
            }
            Some(given) => Ok(Some(given.clone())),
            None => Ok(recorded),
        }
    }

    fn recorded<T: Setting>(&self, name: &str) -> Result<Option<T>, CliError> {
        let Some(text) = self.record.and_then(|record| record.get(name)) else { return Ok(None) };
        T::parse(text).map(Some).map_err(|expected| {
            CliError(format!(
                "--resume: in the checkpoint's {name} {expected}, got {text:?}; use another checkpoint"
            ))
        })
    }
}

/// A setting that converts to text and back without loss.
trait Setting: Clone + PartialEq {
    fn text(&self) -> String;
    fn parse(text: &str) -> Result<Self, String>;
}

impl Setting for String {
    fn text(&self) -> String {
        self.clone()
    }
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Setting for PathBuf {
    fn text(&self) -> String {
        self.to_string_lossy().into_owned()
    }
    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }
}

impl Setting for u64 {
    fn text(&self) -> String {
        self.to_string()
    }
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "expected a whole number".to_owned())
    }
}

impl Setting for f64 {
    fn text(&self) -> String {
        // The shortest text that parses to the same number.
        self.to_string()
    }
    fn parse(text: &str) -> Result<Self, String> {
        args::decay(text)
    }
}

impl Setting for Rule {
    fn text(&self) -> String {
        self.name().to_owned()
    }
    fn parse(text: &str) -> Result<Self, String> {
        args::rule(text)
    }
}

impl Setting for Init {
    fn text(&self) -> String {
        match self {
            Self::Zeros => "zeros".into(),
            Self::Xavier => "xavier".into(),
            Self::He => "he".into(),
            Self::Uniform { limit } => format!("uniform:{limit}"),
            Self::Normal { deviation } => format!("normal:{deviation}"),
        }
    }
    fn parse(text: &str) -> Result<Self, String> {
        args::init(text)
    }
}

impl Setting for ScheduleArg {
    fn text(&self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
    fn parse(text: &str) -> Result<Self, String> {
        ValueEnum::from_str(text, false).map_err(|_| "expected constant or cosine".to_owned())
    }
}

impl Setting for Difficulty {
    fn text(&self) -> String {
        self.get().to_string()
    }
    fn parse(text: &str) -> Result<Self, String> {
        text.parse()
    }
}

impl Setting for Augment {
    fn text(&self) -> String {
        self.to_string()
    }
    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: crate::data::DataError| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    fn args(text: &str) -> TrainArgs {
        let words = ["convstep", "train"].into_iter().chain(text.split_whitespace());
        match crate::cli::Args::try_parse_from(words).expect("arguments").command {
            Some(crate::cli::Command::Train(args)) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_recorded_comes_back_whole() {
        let first = args(
            "--architecture a.toml --data digits --out m.safetensors --lr 0.1 --optimizer nesterov --init uniform:0.3 \
             --seed 18446744073709551615 --weight-decay 1e-5 --schedule constant --log l.csv --validation 7 \
             --difficulty 0.3 --augment shift=2,flip --samples-per-epoch 100",
        );
        let settings = Settings::new(&first, None).expect("complete");
        assert_eq!((settings.epochs, settings.lr, settings.validation), (5, 0.1, Some(7)));
        let record = settings.record();
        assert_eq!(Settings::new(&args("--resume c"), Some(&record)), Ok(settings.clone()));
        let moved =
            Settings::new(&args("--resume c --data elsewhere --out n --log-every 3 --lr 0.1"), Some(&record));
        let moved = moved.expect("may change");
        assert_eq!((&moved.data[..], moved.log_every, moved.lr), ("elsewhere", Some(3), 0.1));
    }

    #[test]
    fn another_setting_is_named_with_both_values() {
        let first = args("--architecture a.toml --data digits --out m.safetensors");
        let record = Settings::new(&first, None).expect("complete").record();
        for (given, expected) in [
            ("--batch 8", "--batch: expected 16 as in the checkpoint, got 8; omit it"),
            ("--lr 0.1", "--lr: expected 0.001 as in the checkpoint, got 0.1"),
            ("--optimizer sgd", "--optimizer: expected adam"),
            ("--schedule constant", "--schedule: expected cosine"),
            ("--samples-per-epoch 9", "--samples-per-epoch: expected none given as in the checkpoint, got 9"),
            ("--augment flip", "--augment: expected"),
            ("--difficulty 0.1", "--difficulty: expected none given as in the checkpoint, got 0.1"),
            ("--init zeros", "--init: expected he"),
            ("--epochs 6", "--epochs: expected 5"),
            ("--seed 2", "--seed: expected 1"),
        ] {
            let error =
                Settings::new(&args(&format!("--resume c {given}")), Some(&record)).expect_err(given).0;
            assert!(error.contains(expected), "{error}\n  should contain: {expected}");
        }
        let mut broken = record;
        broken.insert("batch".into(), "many".into());
        let error = Settings::new(&args("--resume c"), Some(&broken)).expect_err("no number").0;
        assert!(error.contains("checkpoint's batch expected a whole number, got \"many\""), "{error}");
    }
}
