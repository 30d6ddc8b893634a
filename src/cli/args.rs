//! The command line: commands, their arguments, and usage errors in one line.

use crate::attribution::{Fill, Method};
use crate::data::{Augment, Difficulty, Fit, Split};
use crate::nn::{init::Init, optimizer::Rule};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Steps through a convolutional neural network, forward and backward, down to one multiply-add.
#[derive(Parser, Clone, PartialEq, Debug)]
#[command(name = "convstep", version, about, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Without one, the window opens.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// A picture, a model, a session or data to open in the window.
    pub file: Option<PathBuf>,
}

/// What to do without a window.
#[derive(Subcommand, Clone, PartialEq, Debug)]
pub enum Command {
    /// Lists the bundled models and the presets.
    Models,
    /// Lists the bundled samples.
    Samples,
    /// Runs a model on a picture: forward, loss and backward.
    Run(RunArgs),
    /// Trains a network on generated data or a data set.
    Train(Box<TrainArgs>),
    /// Tests a model on a data set: accuracy, loss, and what is taken for what.
    Eval(EvalArgs),
    /// Answers one step: its formula, operands and value.
    Step(StepArgs),
    /// Writes a model's weights or its architecture into a file.
    Export(ExportArgs),
    /// Shows what a class or another unit looks at: saliency, Grad-CAM and their kin; or the pictures of a data set
    /// that excite it most.
    #[command(alias = "look")]
    Attribute(Box<AttributeArgs>),
    /// Measures how fast the core is, as JSON lines.
    Bench(BenchArgs),
    /// Draws the window's contents into a PNG file, without a display.
    Render(RenderArgs),
}

/// Which model.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct ModelArgs {
    /// A bundled model's name, a preset's, which starts untrained, or a .safetensors or .onnx file.
    #[arg(long, value_name = "M")]
    pub model: String,
    /// The architecture, where the weight file has none or another is wanted.
    #[arg(long, value_name = "NET.toml")]
    pub architecture: Option<PathBuf>,
}

/// Which picture, how it is fitted, and its true class.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct ImageArgs {
    /// A bundled sample's name, a picture file, or a .npy array (C, H, W), which is taken as it is.
    #[arg(long, value_name = "I")]
    pub image: String,
    /// The true class, by name or number; without it the sample's own, else the predicted one.
    #[arg(long, value_name = "L", allow_negative_numbers = true)]
    pub label: Option<String>,
    /// How a picture of another size is fitted.
    #[arg(long, value_enum, default_value_t)]
    pub fit: FitArg,
}

/// Arguments of `run`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct RunArgs {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Which picture.
    #[command(flatten)]
    pub image: ImageArgs,
    /// Writes every tensor and its gradient into this file.
    #[arg(long, value_name = "OUT.npz")]
    pub tensors: Option<PathBuf>,
    /// Threads to compute on; the numbers are the same on any number.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub threads: usize,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `export`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct ExportArgs {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The file to write: weights with PyTorch's names as .npz or .safetensors, or the architecture as .toml.
    #[arg(long, value_name = "OUT")]
    pub out: PathBuf,
}

/// Arguments of `step`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct StepArgs {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Which picture.
    #[command(flatten)]
    pub image: ImageArgs,
    /// The address, as in fwd/conv1/k2/(3,5)/m7.
    #[arg(long, value_name = "ADDRESS")]
    pub at: String,
    /// A move to make from there: next, previous, into, out, over, back-over, writer, reader, start, end, or a grain
    /// to change to: run, epoch, batch, example, pass, layer, channel, cell, term.
    #[arg(long = "move", value_name = "MOVE")]
    pub movement: Option<String>,
    /// How many times to make the move.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "movement")]
    pub times: u64,
    /// Training steps of the run, each on this picture; e0 is the first.
    #[arg(long, value_name = "E", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub epochs: u32,
    /// The optimizer of the updates: sgd, momentum, nesterov or adam.
    #[arg(long, value_name = "RULE", default_value = "sgd", value_parser = rule)]
    pub optimizer: Rule,
    /// The learning rate.
    #[arg(long, value_name = "RATE", default_value_t = 0.01, value_parser = rate)]
    pub lr: f64,
    /// Weight decay.
    #[arg(long, value_name = "DECAY", default_value_t = 0.0, value_parser = decay)]
    pub weight_decay: f64,
    /// Normalises by the batch and drops out, as in training; without it as in evaluation.
    #[arg(long)]
    pub train: bool,
    /// The seed of dropout.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub seed: u64,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `look`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct AttributeArgs {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The picture: a bundled sample's name, a picture file, or a .npy array (C, H, W), which is taken as it is.
    #[arg(long, value_name = "I", required_unless_present = "top_activations")]
    pub image: Option<String>,
    /// The true class, by name or number; no method asks for it.
    #[arg(long, value_name = "L", allow_negative_numbers = true, conflicts_with = "top_activations")]
    pub label: Option<String>,
    /// How a picture of another size is fitted.
    #[arg(long, value_enum, default_value_t)]
    pub fit: FitArg,
    /// Instead of a map of one picture: the N pictures of a data set that excite the unit most, each with the patch
    /// that does. A map of a layer counts by its largest value.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), requires_all = ["data", "unit"],
        conflicts_with_all = ["image", "fit", "method", "layer", "steps", "fill", "patch", "stride", "randomise"])]
    pub top_activations: Option<u32>,
    /// With --top-activations: the data, as of train.
    #[arg(long, value_name = "DATA", requires = "top_activations")]
    pub data: Option<String>,
    /// With --top-activations: a part of the data, as of eval.
    #[arg(long, value_name = "PART", value_parser = part, requires = "top_activations")]
    pub part: Option<Split>,
    /// With --top-activations: how hard generated examples are, from 0 to 1 [default: 0.5].
    #[arg(long, value_name = "D", allow_negative_numbers = true, requires = "top_activations")]
    pub difficulty: Option<Difficulty>,
    /// With --top-activations: at most so many examples, evenly spread; without it all, or 2000 of generated data.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), requires = "top_activations")]
    pub limit: Option<u64>,
    /// saliency, gradient-x-input, integrated-gradients, guided-backprop, deconvnet, grad-cam, occlusion or
    /// activation-maximisation.
    #[arg(long, value_name = "METHOD", default_value = "saliency", value_parser = method)]
    pub method: Method,
    /// Whose: class:NAME (its score), prob:NAME (its probability), LAYER:kCHANNEL (the mean of a map) or
    /// LAYER:kCHANNEL:(ROW,COLUMN); without it the score of the predicted class.
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
    /// Grad-CAM: the layer; without it the last convolution, behind its activation.
    #[arg(long, value_name = "LAYER")]
    pub layer: Option<String>,
    /// Steps of integrated gradients (64) or of activation maximisation (100).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub steps: Option<u32>,
    /// What covers a patch, and where integrated gradients start: black, grey or white.
    #[arg(long, value_name = "COLOUR", default_value = "grey", value_parser = fill)]
    pub fill: Fill,
    /// Occlusion: the patch's side in cells; without it an eighth of the picture.
    #[arg(long, value_name = "N")]
    pub patch: Option<u32>,
    /// Occlusion: cells from place to place; without it half the patch.
    #[arg(long, value_name = "N")]
    pub stride: Option<u32>,
    /// Activation maximisation: the seed of its start. With --top-activations: that generates the data, or by which --part
    /// divides it.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// Also makes the map with random weights of this seed, and says how alike the two are.
    #[arg(long, value_name = "S")]
    pub randomise: Option<u64>,
    /// Threads to compute on; the numbers are the same on any number.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub threads: usize,
    /// The map over the picture, as a PNG file; of activation maximisation the picture it made; with --top-activations all
    /// pictures on one sheet, their patches framed, and enlarged beside them.
    #[arg(long, value_name = "MAP.png")]
    pub out: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `render`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct RenderArgs {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Which picture.
    #[command(flatten)]
    pub image: ImageArgs,
    /// The address to show.
    #[arg(long, value_name = "ADDRESS")]
    pub at: String,
    /// Size of the frame in pixels.
    #[arg(long, value_name = "WxH", default_value = "1280x800")]
    pub size: Size,
    /// Colours.
    #[arg(long, value_enum, default_value_t)]
    pub theme: Theme,
    /// Language.
    #[arg(long, value_enum, default_value_t)]
    pub lang: Language,
    /// The file to write.
    #[arg(long, value_name = "FRAME.png")]
    pub out: PathBuf,
}

/// Arguments of `train`. What is not given comes from the checkpoint of `--resume`, else it is the default.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct TrainArgs {
    /// The architecture.
    #[arg(long, value_name = "NET.toml", required_unless_present = "resume")]
    pub architecture: Option<PathBuf>,
    /// The data: shapes or digits, which are generated, or a path to a data set: a folder of class folders with
    /// pictures or a .zip of one, IDX files as of MNIST or the folder that holds them.
    #[arg(long, value_name = "DATA", required_unless_present = "resume")]
    pub data: Option<String>,
    /// How hard generated examples are, from 0 to 1 [default: 0.5].
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    pub difficulty: Option<Difficulty>,
    /// Times to go through an epoch; of generated data every epoch has new examples [default: 5].
    #[arg(long, value_name = "E")]
    pub epochs: Option<u64>,
    /// Examples in a batch [default: 16].
    #[arg(long, value_name = "B", value_parser = clap::value_parser!(u64).range(1..=65_536))]
    pub batch: Option<u64>,
    /// Examples in an epoch; without it 4000 of generated data, or all there are to train on.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub samples_per_epoch: Option<u64>,
    /// Examples to validate on after each epoch, none of them trained on; without it 1000 of generated data, or the
    /// set's validation part, or where it has none 1000 kept back from training, a tenth of it at most.
    #[arg(long, value_name = "N")]
    pub validation: Option<u64>,
    /// How training pictures vary: shift=PIXELS,flip,rotate=DEGREES,brightness=SHARE in any choice [default: none].
    #[arg(long, value_name = "A")]
    pub augment: Option<Augment>,
    /// The optimizer: sgd, momentum, nesterov or adam [default: adam].
    #[arg(long, value_name = "RULE", value_parser = rule)]
    pub optimizer: Option<Rule>,
    /// The learning rate at the start [default: 0.001].
    #[arg(long, value_name = "RATE", value_parser = rate, allow_negative_numbers = true)]
    pub lr: Option<f64>,
    /// How the rate goes on [default: cosine].
    #[arg(long, value_enum)]
    pub schedule: Option<ScheduleArg>,
    /// Weight decay [default: 0].
    #[arg(long, value_name = "DECAY", value_parser = decay, allow_negative_numbers = true)]
    pub weight_decay: Option<f64>,
    /// How weights start: zeros, xavier, he, uniform:LIMIT or normal:DEVIATION [default: he].
    #[arg(long, value_name = "INIT", value_parser = init)]
    pub init: Option<Init>,
    /// The seed of weights, examples, their order and dropout [default: 1].
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Threads to train on; the weights are the same on any number.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub threads: usize,
    /// Examples to test on at the end, none of them trained on; without it 2000 of generated data, or the whole test
    /// part. A set without one keeps a tenth of its examples back, by the seed.
    #[arg(long, value_name = "N")]
    pub held_out: Option<u64>,
    /// The model file to write.
    #[arg(long, value_name = "MODEL.safetensors", required_unless_present = "resume")]
    pub out: Option<PathBuf>,
    /// Writes a checkpoint, from which --resume goes on, every 30 seconds or so and after epochs.
    #[arg(long, value_name = "FILE.safetensors")]
    pub checkpoint: Option<PathBuf>,
    /// Epochs to a checkpoint [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub checkpoint_every: Option<u64>,
    /// Goes on from a checkpoint to the same weights as without the break, and goes on writing it. Other settings
    /// need not be given again.
    #[arg(long, value_name = "FILE.safetensors")]
    pub resume: Option<PathBuf>,
    /// Writes a log: loss, accuracy, learning rate, gradient norm, images a second.
    #[arg(long, value_name = "FILE.csv|FILE.jsonl")]
    pub log: Option<PathBuf>,
    /// Steps to a row of the log; without it so many that 2000 rows will do.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub log_every: Option<u64>,
}

/// Arguments of `eval`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct EvalArgs {
    /// Which model.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The data, as of train.
    #[arg(long, value_name = "DATA")]
    pub data: String,
    /// A part of the data as train would divide it: train, validation or test. Without it the whole test part, or
    /// where there is none of its own the validation part, or else all examples.
    #[arg(long, value_name = "PART", value_parser = part)]
    pub part: Option<Split>,
    /// The seed that generates the data, or by which --part divides it.
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
    /// How hard generated examples are, from 0 to 1 [default: 0.5].
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    pub difficulty: Option<Difficulty>,
    /// At most so many examples, evenly spread; without it all, or 2000 of generated data.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Threads to work on; the result is the same on any number.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub threads: usize,
    /// Prints JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `bench`.
#[derive(ClapArgs, Clone, PartialEq, Debug)]
pub struct BenchArgs {
    /// Which networks: A a small one for digits, B and C larger ones, D VGG-16 (forward only).
    #[arg(long, value_name = "NETS", value_delimiter = ',', default_value = "A,B,C,D")]
    pub nets: Vec<String>,
    /// What is measured: training in samples a second; one image forward, and forward and backward, in ms.
    #[arg(long, value_name = "METRICS", value_delimiter = ',', default_value = "train,fwd1,fwdbwd1")]
    pub metrics: Vec<String>,
    /// Threads to train on.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = threads)]
    pub threads: usize,
    /// How long each figure is measured.
    #[arg(long, value_name = "S", default_value_t = 1.5, value_parser = seconds)]
    pub seconds: f64,
    /// Measures instead how many multiply-adds this machine can do.
    #[arg(long)]
    pub limits: bool,
    /// Measures instead what the window's frames cost, idle, scrubbing and playing, and the memory.
    #[arg(long)]
    pub ui: bool,
}

/// How a picture of another size is fitted.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FitArg {
    /// The middle is cut out.
    #[default]
    Crop,
    /// The whole picture, with bars.
    Pad,
    /// The whole picture, distorted.
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

/// How the learning rate goes on.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ScheduleArg {
    /// It stays.
    Constant,
    /// Along half a cosine to 0.
    #[default]
    Cosine,
}

/// Colours of the window.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Theme {
    /// Dark on light.
    Light,
    /// Light on dark.
    #[default]
    Dark,
}

/// Language of the window.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

/// Width and height in pixels.
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
            sides.ok_or("expected width x height from 64x64 to 8192x8192; write for example 1280x800")?;
        Ok(Self { width, height })
    }
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

fn part(text: &str) -> Result<Split, String> {
    let names = Split::ALL.map(Split::name).join(", ");
    Split::ALL.into_iter().find(|part| part.name() == text).ok_or_else(|| format!("expected one of {names}"))
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

/// A usage error in one line, without the usage text.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim);
    let told = lines.take_while(|line| !line.starts_with("Usage:")).filter(|line| !line.is_empty());
    let told = told.filter(|line| !line.starts_with("For more information"));
    let line = told.collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line).replace("  ", " ");
    format!("{line}; `convstep --help` shows what there is")
}
