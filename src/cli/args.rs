//! The arguments of the commands, and one-line usage errors.

use crate::app::{Digits, Figure, Lane, Lang, Order, Page, Show};
use crate::attribution::{Fill, Method};
use crate::data::{Augment, Difficulty, Fit, Split};
use crate::nn::{
    init::Init,
    kernels::Isa,
    optimizer::{Optimizer, Rule},
};
use clap::{
    Args as ClapArgs, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
use std::path::PathBuf;

/// The commands about lessons.
#[derive(Subcommand, Clone, PartialEq, Debug)]
pub enum LessonCommand {
    /// Lists the bundled lessons.
    List {
        /// Prints JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// Says what is wrong with a lesson, where, and what to write instead.
    Check {
        /// A bundled lesson's id or number, or a file.
        file: String,
    },
    /// Writes a lesson with comments, to begin with.
    New {
        /// The file, which must not be there yet.
        file: PathBuf,
    },
    /// Opens the window on a lesson.
    Play {
        /// A bundled lesson's id or number, or a file.
        lesson: String,
    },
    /// Draws a beat of a lesson into a PNG file.
    Run(LessonRunArgs),
    /// Prints the questions of a lesson with their answers and wrong rules.
    Quiz(QuizArgs),
}

/// Arguments of `lesson run`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct LessonRunArgs {
    /// A bundled lesson's id or number, or a file.
    pub lesson: String,
    /// The number of the beat, from 1, or its id.
    #[arg(long, value_name = "N", default_value = "1")]
    pub beat: String,
    /// Shows the answer.
    #[arg(long)]
    pub shown: bool,
    /// The seed of the question.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// The stage as for a class.
    #[arg(long)]
    pub present: bool,
    /// The zoom, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(50..=400))]
    pub zoom: u32,
    /// The size of the frame in pixels.
    #[arg(long, value_name = "WxH", default_value = "1280x720")]
    pub size: Size,
    /// The colour theme.
    #[arg(long, value_enum, default_value_t)]
    pub theme: Theme,
    /// The language.
    #[arg(long, default_value = "en", value_parser = languages())]
    pub lang: Lang,
    /// The output file.
    #[arg(long, value_name = "FRAME.png")]
    pub out: PathBuf,
}

/// Arguments of `lesson quiz`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct QuizArgs {
    /// A bundled lesson's id or number, or a file.
    pub lesson: String,
    /// The first seed.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Items for each question that varies.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub count: u64,
    /// Significant digits by which answers differ.
    #[arg(long, value_name = "D", default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=9))]
    pub digits: u32,
    /// Prints JSON lines.
    #[arg(long)]
    pub json: bool,
}

/// The model.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct ModelArgs {
    /// The name of a bundled model or of a preset (untrained), or a file: .onnx, .keras, .h5, .pt2, .safetensors, .pth.
    #[arg(long, value_name = "M")]
    pub model: String,
    /// The architecture, for a weight file without one or to replace the file's.
    #[arg(long, value_name = "NET.toml")]
    pub architecture: Option<PathBuf>,
    /// Rows and columns of the picture, for an .onnx file that leaves them free. Default: those of the picture, else the
    /// first usual size that fits.
    #[arg(long, value_name = "HxW", value_parser = parse_size)]
    pub input_size: Option<[usize; 2]>,
}

/// Rows and columns from a text such as `224x224`, or one number for both.
fn parse_size(text: &str) -> Result<[usize; 2], String> {
    let sides: Option<Vec<usize>> =
        text.split(['x', 'X', '×']).map(|side| side.trim().parse().ok()).collect();
    let in_range = |side: &usize| (1..=1 << 16).contains(side);
    match sides.as_deref() {
        Some(&[side]) if in_range(&side) => Ok([side, side]),
        Some(&[rows, columns]) if in_range(&rows) && in_range(&columns) => Ok([rows, columns]),
        _ => Err(format!("expected rows x columns, as in 224x224, got {text:?}")),
    }
}

/// The picture, how it is fitted, and its true class.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct ImageArgs {
    /// The name of a bundled sample, a picture file, or a .npy array (C, H, W), which is used unchanged.
    #[arg(long, value_name = "I")]
    pub image: String,
    /// The true class, by name or number. Default: the sample's class, else the predicted one.
    #[arg(long, value_name = "L", allow_negative_numbers = true)]
    pub label: Option<String>,
    /// How to fit a picture of another size.
    #[arg(long, value_enum, default_value_t)]
    pub fit: FitArg,
}

/// Arguments of `run`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct RunArgs {
    /// The model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The picture.
    #[command(flatten)]
    pub image: ImageArgs,
    /// Writes every tensor and its gradient to this file.
    #[arg(long, value_name = "OUT.npz")]
    pub tensors: Option<PathBuf>,
    /// Number of threads; the results don't depend on it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub threads: usize,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// An optimizer with its numbers.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct OptimizerArgs {
    /// The optimizer: sgd, momentum, nesterov or adam.
    #[arg(long, value_name = "RULE", default_value = "sgd", value_parser = rule)]
    pub optimizer: Rule,
    /// The learning rate.
    #[arg(long, value_name = "RATE", default_value_t = 0.01, value_parser = rate)]
    pub lr: f64,
    /// Weight decay.
    #[arg(long, value_name = "DECAY", default_value_t = 0.0, value_parser = decay)]
    pub weight_decay: f64,
}

impl OptimizerArgs {
    /// The optimizer.
    pub const fn optimizer(&self) -> Optimizer {
        Optimizer { rule: self.optimizer, learning_rate: self.lr, weight_decay: self.weight_decay }
    }
}

/// Arguments of `step`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct StepArgs {
    /// The model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The picture.
    #[command(flatten)]
    pub image: ImageArgs,
    /// The address, for example fwd/conv1/k2/(3,5)/m7.
    #[arg(long, value_name = "ADDRESS")]
    pub at: String,
    /// A move to make from there: next, previous, into, out, over, back-over, writer, reader, start, end; or a
    /// grain to change to: run, epoch, batch, example, pass, layer, channel, cell, term.
    #[arg(long = "move", value_name = "MOVE")]
    pub movement: Option<String>,
    /// How often to repeat the move.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "movement")]
    pub times: u64,
    /// Number of training steps in the run, each on this picture; e0 is the first.
    #[arg(long, value_name = "E", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub epochs: u32,
    /// The optimizer.
    #[command(flatten)]
    pub optimizer: OptimizerArgs,
    /// Uses batch statistics and dropout, as in training; by default the network is in evaluation mode.
    #[arg(long)]
    pub train: bool,
    /// The seed of dropout.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `attribute`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct AttributeArgs {
    /// The model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The picture: the name of a bundled sample, a picture file, or a .npy array (C, H, W), which is used
    /// unchanged.
    #[arg(long, value_name = "I", required_unless_present = "top_activations")]
    pub image: Option<String>,
    /// The true class, by name or number; no method uses it.
    #[arg(long, value_name = "L", allow_negative_numbers = true, conflicts_with = "top_activations")]
    pub label: Option<String>,
    /// How to fit a picture of another size.
    #[arg(long, value_enum, default_value_t)]
    pub fit: FitArg,
    /// Finds the N pictures of a data set that activate the unit most, each with the patch that does, instead of
    /// attributing one picture. A channel counts by its largest value.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), requires_all = ["data", "unit"],
        conflicts_with_all = ["image", "fit", "method", "layer", "steps", "fill", "patch", "stride", "randomise"])]
    pub top_activations: Option<u32>,
    /// With --top-activations: the data, as for train.
    #[arg(long, value_name = "DATA", requires = "top_activations")]
    pub data: Option<String>,
    /// With --top-activations: the data's folder of test pictures, as for train.
    #[arg(long, value_name = "NAME", requires = "data")]
    pub test_folder: Option<String>,
    /// With --top-activations: a split of the data, as for eval.
    #[arg(long, alias = "part", value_name = "SPLIT", value_parser = split, requires = "top_activations")]
    pub split: Option<Split>,
    /// With --top-activations: the difficulty of generated examples, from 0 to 1 [default: 0.5].
    #[arg(long, value_name = "D", allow_negative_numbers = true, requires = "top_activations")]
    pub difficulty: Option<Difficulty>,
    /// With --top-activations: the most examples to use, spread evenly. Default: all, or 2000 of generated data.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), requires = "top_activations")]
    pub limit: Option<u64>,
    /// The method: saliency, gradient-x-input, integrated-gradients, guided-backprop, deconvnet, grad-cam,
    /// occlusion or activation-maximisation.
    #[arg(long, value_name = "METHOD", default_value = "saliency", value_parser = method)]
    pub method: Method,
    /// The unit to attribute: class:NAME (a score), prob:NAME (a probability), LAYER:kCHANNEL (the mean of a map)
    /// or LAYER:kCHANNEL:(ROW,COLUMN). Default: the score of the predicted class.
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
    /// Grad-CAM: the layer. Default: the last convolution, after its activation.
    #[arg(long, value_name = "LAYER")]
    pub layer: Option<String>,
    /// Number of steps: of integrated gradients (default 64) or of activation maximisation (default 100).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub steps: Option<u32>,
    /// The covering colour of occlusion, and the baseline of integrated gradients: black, grey or white.
    #[arg(long, value_name = "COLOUR", default_value = "grey", value_parser = fill)]
    pub fill: Fill,
    /// Occlusion: the side of the patch in cells. Default: an eighth of the picture.
    #[arg(long, value_name = "N")]
    pub patch: Option<u32>,
    /// Occlusion: the distance between positions of the patch in cells. Default: half the patch.
    #[arg(long, value_name = "N")]
    pub stride: Option<u32>,
    /// Activation maximisation: the seed of the initial noise. With --top-activations: the seed of generated data,
    /// and of the division by --split.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Repeats the attribution with random weights from this seed and prints the similarity of the two maps.
    #[arg(long, value_name = "S")]
    pub randomise: Option<u64>,
    /// Number of threads; the results don't depend on it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub threads: usize,
    /// The PNG file to write: the map over the picture, the picture made by activation maximisation, or with
    /// --top-activations a sheet of all pictures with their patches framed and enlarged.
    #[arg(long, value_name = "MAP.png")]
    pub out: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// What of a model is shown, and how: the same for all that is drawn.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct ShownArgs {
    /// The model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The picture.
    #[command(flatten)]
    pub image: ImageArgs,
    /// The address to look at from there: a pass, a layer, a map or a cell.
    #[arg(long, value_name = "ADDRESS")]
    pub look: Option<String>,
    /// The page.
    #[arg(long, value_parser = named(Page::ALL, Page::key), default_value = "network")]
    pub page: Page,
    /// What a layer's stage shows.
    #[arg(long, value_parser = named(Show::ALL, Show::key), default_value = "maps")]
    pub show: Show,
    /// Another way to show the place: coverage, vector, turned, derivatives, kept or sizes.
    #[arg(long, value_parser = named(Figure::ALL, Figure::key))]
    pub figure: Option<Figure>,
    /// Which numbers the maps show [default: those of the address].
    #[arg(long, value_parser = named(Lane::ALL, Lane::key))]
    pub lane: Option<Lane>,
    /// The order of the maps.
    #[arg(long, value_parser = named(Order::ALL, Order::key), default_value = "strongest")]
    pub order: Order,
    /// Opens the panel "Why?".
    #[arg(long)]
    pub why: bool,
    /// Unfolds the timeline.
    #[arg(long)]
    pub timeline: bool,
    /// The number of digits in arithmetic: 2, 4 or all.
    #[arg(long, value_name = "DIGITS", default_value = "4", value_parser = digits())]
    pub digits: Digits,
    /// The colour theme.
    #[arg(long, value_enum, default_value_t)]
    pub theme: Theme,
    /// The language.
    #[arg(long, default_value = "en", value_parser = languages())]
    pub lang: Lang,
}

/// Arguments of `render`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct RenderArgs {
    /// What is shown.
    #[command(flatten)]
    pub shown: ShownArgs,
    /// The address to go to [default: behind the forward pass].
    #[arg(long, value_name = "ADDRESS")]
    pub at: Option<String>,
    /// The stage alone, as for a class.
    #[arg(long)]
    pub present: bool,
    /// The zoom, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(50..=400))]
    pub zoom: u32,
    /// The size of the frame in pixels.
    #[arg(long, value_name = "WxH", default_value = "1280x800")]
    pub size: Size,
    /// The output file.
    #[arg(long, value_name = "FRAME.png")]
    pub out: PathBuf,
}

/// Arguments of `train`. Settings that are not given come from the checkpoint of `--resume`, or else are the
/// defaults.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct TrainArgs {
    /// The architecture.
    #[arg(long, value_name = "NET.toml", required_unless_present = "resume")]
    pub architecture: Option<PathBuf>,
    /// The data: shapes or digits (generated), or the path of a data set: a folder of class folders with pictures
    /// or a .zip of one, IDX files like MNIST's or the folder that holds them, batches of CIFAR, a .csv table of pixels or
    /// of file names, or arrays as .npz.
    #[arg(long, value_name = "DATA", required_unless_present = "resume")]
    pub data: Option<String>,
    /// The folder of test pictures, where the names of the upper folders do not tell: the others are for training.
    /// `none`: each upper folder is a class.
    #[arg(long, value_name = "NAME")]
    pub test_folder: Option<String>,
    /// The difficulty of generated examples, from 0 to 1 [default: 0.5].
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    pub difficulty: Option<Difficulty>,
    /// Number of epochs; of generated data, every epoch has new examples [default: 5].
    #[arg(long, value_name = "E")]
    pub epochs: Option<u64>,
    /// Examples in a batch [default: 16].
    #[arg(long, value_name = "B", value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub batch: Option<u64>,
    /// Examples in an epoch. Default: 4000 of generated data, or the whole training split.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub samples_per_epoch: Option<u64>,
    /// Examples for validation after each epoch; none of them is trained on. Default: 1000 of generated data, or
    /// the set's validation split, or else 1000 (at most a tenth) held out from training.
    #[arg(long, value_name = "N")]
    pub validation: Option<u64>,
    /// Augmentation of training pictures: shift=PIXELS,flip,rotate=DEGREES,brightness=SHARE, any of them [default:
    /// none].
    #[arg(long, value_name = "A")]
    pub augment: Option<Augment>,
    /// The optimizer: sgd, momentum, nesterov or adam [default: adam].
    #[arg(long, value_name = "RULE", value_parser = rule)]
    pub optimizer: Option<Rule>,
    /// The initial learning rate [default: 0.001].
    #[arg(long, value_name = "RATE", value_parser = rate, allow_negative_numbers = true)]
    pub lr: Option<f64>,
    /// How the learning rate changes [default: cosine].
    #[arg(long, value_enum)]
    pub schedule: Option<ScheduleArg>,
    /// Weight decay [default: 0].
    #[arg(long, value_name = "DECAY", value_parser = decay, allow_negative_numbers = true)]
    pub weight_decay: Option<f64>,
    /// The initialisation of weights: zeros, xavier, he, uniform:LIMIT or normal:DEVIATION [default: he].
    #[arg(long, value_name = "INIT", value_parser = init)]
    pub init: Option<Init>,
    /// The seed of weights, generated examples, their order and dropout [default: 1].
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Number of threads; the results don't depend on it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub threads: usize,
    /// Examples for the final test; none of them is trained on. Default: 2000 of generated data, or the whole test
    /// split. A set without a test split holds out a tenth of its examples, chosen by the seed.
    #[arg(long, value_name = "N")]
    pub held_out: Option<u64>,
    /// The model file to write.
    #[arg(long, value_name = "MODEL.safetensors", required_unless_present = "resume")]
    pub out: Option<PathBuf>,
    /// Writes a checkpoint, which --resume can continue, about every 30 seconds and after epochs.
    #[arg(long, value_name = "FILE.safetensors")]
    pub checkpoint: Option<PathBuf>,
    /// Epochs between checkpoints [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub checkpoint_every: Option<u64>,
    /// Continues from a checkpoint, giving the same weights as an uninterrupted run, and keeps writing to it. Other
    /// settings need not be given again.
    #[arg(long, value_name = "FILE.safetensors")]
    pub resume: Option<PathBuf>,
    /// Writes a log: loss, accuracy, learning rate, gradient norm, images per second.
    #[arg(long, value_name = "FILE.csv|FILE.jsonl")]
    pub log: Option<PathBuf>,
    /// Steps between rows of the log. Default: enough for at most 2000 rows.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub log_every: Option<u64>,
}

/// Arguments of `eval`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct EvalArgs {
    /// The model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The data, as for train.
    #[arg(long, value_name = "DATA")]
    pub data: String,
    /// The data's folder of test pictures, as for train.
    #[arg(long, value_name = "NAME")]
    pub test_folder: Option<String>,
    /// A split of the data, divided as by train: train, validation or test. Default: the set's own test split, else
    /// its own validation split, else all examples.
    #[arg(long, alias = "part", value_name = "SPLIT", value_parser = split)]
    pub split: Option<Split>,
    /// The seed of generated data, and of the division by --split.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// The difficulty of generated examples, from 0 to 1 [default: 0.5].
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    pub difficulty: Option<Difficulty>,
    /// The most examples to use, spread evenly. Default: all, or 2000 of generated data.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Number of threads; the results don't depend on it.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub threads: usize,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `bench`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct BenchArgs {
    /// The networks: A is a small one for digits, B and C are larger, D is VGG-16 (forward only); or bundled models,
    /// presets and models' files.
    #[arg(long, value_name = "NETS", value_delimiter = ',', default_value = "A,B,C,D")]
    pub nets: Vec<String>,
    /// The metrics: training in samples per second; one image forward, and forward and backward, in ms.
    #[arg(long, value_name = "METRICS", value_delimiter = ',', default_value = "train,fwd1,fwdbwd1")]
    pub metrics: Vec<String>,
    /// Number of threads for training.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub threads: usize,
    /// Seconds to measure each figure.
    #[arg(long, value_name = "S", default_value_t = 1.5, value_parser = seconds)]
    pub seconds: f64,
    /// The instruction set to compute on, instead of the fastest that this machine has: avx512, avx2, neon or portable.
    #[arg(long, value_name = "SET", value_parser = isa)]
    pub isa: Option<Isa>,
    /// Measures the peak multiply-adds of this machine instead.
    #[arg(long)]
    pub limits: bool,
    /// Measures the window's frames (idle, scrubbing, playing, the pointer over the whole network, a layer, a map) and memory instead.
    #[arg(long)]
    pub ui: bool,
}

/// How a picture of another size is fitted.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FitArg {
    /// Crops the middle.
    #[default]
    Crop,
    /// Keeps the whole picture and adds bars.
    Pad,
    /// Keeps the whole picture and distorts it.
    Stretch,
}

impl From<FitArg> for Fit {
    fn from(fit: FitArg) -> Self {
        match fit {
            FitArg::Crop => Self::CenterCrop,
            FitArg::Pad => Self::Pad,
            FitArg::Stretch => Self::Stretch,
        }
    }
}

/// How the learning rate changes during training.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ScheduleArg {
    /// It stays constant.
    Constant,
    /// It falls along half a cosine to 0.
    #[default]
    Cosine,
}

/// The window's colour theme.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Theme {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// Whether it is the dark one.
    pub const fn is_dark(self) -> bool {
        matches!(self, Self::Dark)
    }
}

/// A size in pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl std::str::FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| text.trim().parse().ok().filter(|side| (64..=8192).contains(side));
        let sides = text.split_once(['x', 'X', '×']).and_then(|(w, h)| Some((side(w)?, side(h)?)));
        let (width, height) =
            sides.ok_or("expected width x height from 64x64 to 8192x8192; for example 1280x800")?;
        Ok(Self { width, height })
    }
}

/// One of `all`, by the last part of its key in the strings.
pub(super) fn named<T: Copy + Send + Sync + 'static, const N: usize>(
    all: [T; N],
    key: fn(T) -> &'static str,
) -> impl TypedValueParser<Value = T> {
    let name = move |value: T| key(value).rsplit('.').next().unwrap_or_default();
    PossibleValuesParser::new(all.map(name))
        .map(move |text| all.into_iter().find(|value| name(*value) == text).unwrap_or(all[0]))
}

pub(super) fn languages() -> impl TypedValueParser<Value = Lang> {
    PossibleValuesParser::new(Lang::ALL.map(Lang::code))
        .map(|code| Lang::ALL.into_iter().find(|lang| lang.code() == code).unwrap_or_default())
}

pub(super) fn digits() -> impl TypedValueParser<Value = Digits> {
    const NAMES: [(&str, Digits); 3] = [("2", Digits::Two), ("4", Digits::Four), ("all", Digits::All)];
    PossibleValuesParser::new(NAMES.map(|(name, _)| name)).map(|text| {
        NAMES.into_iter().find(|(name, _)| *name == text).map_or_else(Digits::default, |(_, digits)| digits)
    })
}

fn fill(text: &str) -> Result<Fill, String> {
    let names = Fill::ALL.map(Fill::name).join(", ");
    Fill::parse(text).ok_or_else(|| format!("expected one of {names}"))
}

fn method(text: &str) -> Result<Method, String> {
    let names = Method::ALL.map(Method::name).join(", ");
    Method::parse(text).ok_or_else(|| format!("expected one of {names}"))
}

pub(super) fn rule(text: &str) -> Result<Rule, String> {
    let names = Rule::ALL.map(Rule::name).join(", ");
    Rule::ALL.into_iter().find(|rule| rule.name() == text).ok_or_else(|| format!("expected one of {names}"))
}

fn split(text: &str) -> Result<Split, String> {
    let names = Split::ALL.map(Split::name).join(", ");
    Split::ALL
        .into_iter()
        .find(|split| split.name() == text)
        .ok_or_else(|| format!("expected one of {names}"))
}

fn number(text: &str, fits: impl Fn(f64) -> bool, expected: &str) -> Result<f64, String> {
    text.parse().ok().filter(|&x: &f64| x.is_finite() && fits(x)).ok_or_else(|| expected.to_owned())
}

fn rate(text: &str) -> Result<f64, String> {
    number(text, |x| x > 0.0, "expected a number above 0, as in 0.001")
}

pub(super) fn decay(text: &str) -> Result<f64, String> {
    number(text, |x| x >= 0.0, "expected a number of at least 0, as in 0.0001")
}

fn threads(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=256).contains(count));
    count.ok_or_else(|| "expected a number of threads from 1 to 256, as in 2".to_owned())
}

fn isa(text: &str) -> Result<Isa, String> {
    let present = Isa::present();
    present.iter().find(|isa| isa.name() == text).copied().ok_or_else(|| {
        let names: Vec<&str> = present.iter().map(|isa| isa.name()).collect();
        format!("expected an instruction set of this machine: {}", names.join(", "))
    })
}

fn seconds(text: &str) -> Result<f64, String> {
    number(text, |x| (0.01..=3600.0).contains(&x), "expected seconds from 0.01 to 3600, as in 1.5")
}

pub(super) fn init(text: &str) -> Result<Init, String> {
    const EXPECTED: &str = "expected zeros, xavier, he, uniform:LIMIT or normal:DEVIATION, as in normal:0.01";
    let (name, size) = text.split_once(':').map_or((text, None), |(name, size)| (name, Some(size)));
    match (name, size) {
        ("zeros", None) => Ok(Init::Zeros),
        ("xavier", None) => Ok(Init::Xavier),
        ("he", None) => Ok(Init::He),
        ("uniform", Some(limit)) => number(limit, |x| x > 0.0, EXPECTED).map(|limit| Init::Uniform { limit }),
        ("normal", Some(deviation)) => {
            number(deviation, |x| x > 0.0, EXPECTED).map(|deviation| Init::Normal { deviation })
        }
        _ => Err(EXPECTED.into()),
    }
}

/// Formats a usage error as one line, without the usage text.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim);
    let message = lines.take_while(|line| !line.starts_with("Usage:")).filter(|line| !line.is_empty());
    let message = message.filter(|line| !line.starts_with("For more information"));
    let line = message.collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line).replace("  ", " ");
    format!("{line}; `convstep --help` lists the commands")
}
