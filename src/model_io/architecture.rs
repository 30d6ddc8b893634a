//! The architecture file: TOML text to [`Architecture`] and back.

#![expect(clippy::arithmetic_side_effects, reason = "counts of lines, layers and names of a text")]

use super::{ModelError, Preprocess, nearest::hint};
use crate::nn::{
    Activation, Network,
    loss::Loss,
    resample::{Border, Upsampling},
    spec::{GroupNormSpec, Kind, LayerSpec, PadSpec, Pair, Together, UpsampleSpec},
};
use serde::Deserialize;
use toml::{Table, Value};

/// The contents of an architecture file.
#[derive(Clone, PartialEq, Debug)]
pub struct Architecture {
    /// The shape of the input, [C, H, W].
    pub input: [usize; 3],
    /// The class names, in the order of the outputs; empty if the classes have no names.
    pub classes: Vec<String>,
    /// How pixels become inputs.
    pub preprocess: Preprocess,
    /// The layers in forward order.
    pub layers: Vec<LayerSpec>,
    /// The loss.
    pub loss: Loss,
}

/// The type of a key's value.
#[derive(Clone, Copy)]
enum Holds {
    Count,
    Pair,
    Flag,
    Number,
}

impl Holds {
    const fn text(self) -> &'static str {
        match self {
            Self::Count => "a whole number of at least 0",
            Self::Pair => "a whole number of at least 0 or a pair of them, as in 3 or [3, 5]",
            Self::Flag => "true or false",
            Self::Number => "a number",
        }
    }

    fn accepts(self, value: &Value) -> bool {
        let count = |value: &Value| value.as_integer().is_some_and(|n| usize::try_from(n).is_ok());
        match self {
            Self::Count => count(value),
            Self::Pair => {
                count(value) || value.as_array().is_some_and(|pair| pair.len() == 2 && pair.iter().all(count))
            }
            Self::Flag => value.is_bool(),
            Self::Number => value.is_integer() || value.as_float().is_some_and(f64::is_finite),
        }
    }
}

/// A key of a layer's table.
#[derive(Clone, Copy)]
struct Key {
    name: &'static str,
    holds: Holds,
    required: bool,
}

const fn required(name: &'static str, holds: Holds) -> Key {
    Key { name, holds, required: true }
}

const fn optional(name: &'static str, holds: Holds) -> Key {
    Key { name, holds, required: false }
}

const CONV: &[Key] = &[
    required("out_channels", Holds::Count),
    required("kernel", Holds::Pair),
    optional("stride", Holds::Pair),
    optional("padding", Holds::Pair),
    optional("padding_end", Holds::Pair),
    optional("dilation", Holds::Pair),
    optional("groups", Holds::Count),
    optional("bias", Holds::Flag),
    optional("normalize", Holds::Flag),
];
const CONV_TRANSPOSE: &[Key] = &[
    required("out_channels", Holds::Count),
    required("kernel", Holds::Pair),
    optional("stride", Holds::Pair),
    optional("padding", Holds::Pair),
    optional("padding_end", Holds::Pair),
    optional("output_padding", Holds::Pair),
    optional("dilation", Holds::Pair),
    optional("groups", Holds::Count),
    optional("bias", Holds::Flag),
];
const MAX_POOL: &[Key] = &[
    required("kernel", Holds::Pair),
    optional("stride", Holds::Pair),
    optional("padding", Holds::Pair),
    optional("padding_end", Holds::Pair),
    optional("dilation", Holds::Pair),
    optional("ceil_mode", Holds::Flag),
];
const AVG_POOL: &[Key] = &[
    required("kernel", Holds::Pair),
    optional("stride", Holds::Pair),
    optional("padding", Holds::Pair),
    optional("padding_end", Holds::Pair),
    optional("ceil_mode", Holds::Flag),
    optional("count_include_pad", Holds::Flag),
];
const ADAPTIVE_POOL: &[Key] = &[required("output_size", Holds::Pair)];
const UPSAMPLE: &[Key] = &[optional("scale", Holds::Pair), optional("size", Holds::Pair)];
const SMOOTH: &[Key] =
    &[optional("scale", Holds::Pair), optional("size", Holds::Pair), optional("align_corners", Holds::Flag)];
const PAD: &[Key] = &[
    required("padding", Holds::Pair),
    optional("padding_end", Holds::Pair),
    optional("channels", Holds::Pair),
];
const CROP: &[Key] =
    &[optional("start", Holds::Pair), required("size", Holds::Pair), optional("step", Holds::Pair)];
const SLICE: &[Key] =
    &[optional("start", Holds::Count), required("count", Holds::Count), optional("step", Holds::Count)];
const SHUFFLE: &[Key] = &[required("groups", Holds::Count)];
const DENSE: &[Key] = &[required("out_features", Holds::Count), optional("bias", Holds::Flag)];
const BATCH_NORM: &[Key] = &[optional("eps", Holds::Number), optional("momentum", Holds::Number)];
const PRELU: &[Key] = &[optional("per_channel", Holds::Flag)];
const GROUP_NORM: &[Key] =
    &[required("groups", Holds::Count), optional("eps", Holds::Number), optional("affine", Holds::Flag)];
const INSTANCE_OR_LAYER_NORM: &[Key] = &[optional("eps", Holds::Number), optional("affine", Holds::Flag)];
const LRN: &[Key] = &[
    optional("size", Holds::Count),
    optional("alpha", Holds::Number),
    optional("beta", Holds::Number),
    optional("k", Holds::Number),
];
const DROPOUT: &[Key] = &[optional("p", Holds::Number)];
const NOTHING: &[Key] = &[];

/// Deserializes the keys of a layer, already checked, into the layer's settings.
type ReadKind = fn(Table) -> Result<Kind, toml::de::Error>;

fn read<T: for<'a> Deserialize<'a>>(table: Table) -> Result<T, toml::de::Error> {
    T::deserialize(Value::Table(table))
}

fn upsample(table: Table, by: Upsampling) -> Result<Kind, toml::de::Error> {
    if table.contains_key("scale") == table.contains_key("size") {
        let got = if table.contains_key("scale") { "both" } else { "neither" };
        return Err(serde::de::Error::custom(format!(
            "expected a scale or a size, got {got}; set scale = 2"
        )));
    }
    read::<UpsampleSpec>(table).map(|spec| Kind::Upsample2d(UpsampleSpec { by, ..spec }))
}

fn pad(table: Table, border: Border) -> Result<Kind, toml::de::Error> {
    read::<PadSpec>(table).map(|spec| Kind::Pad2d(PadSpec { border, ..spec }))
}

/// The keys of a group, instance or layer normalisation, already checked.
fn group_norm(table: &Table, of: Together) -> Kind {
    let usual = GroupNormSpec::new(of);
    let of = match (of, table.get("groups").and_then(Value::as_integer)) {
        (Together::Group(_), Some(groups)) => Together::Group(usize::try_from(groups).unwrap_or(0)),
        (Together::Group(_) | Together::Channel | Together::Whole, _) => of,
    };
    let eps = table.get("eps").and_then(|eps| eps.as_float().or(eps.as_integer().map(|eps| eps as f64)));
    let affine = table.get("affine").and_then(Value::as_bool);
    Kind::GroupNorm(GroupNormSpec {
        of,
        eps: eps.unwrap_or(usual.eps),
        affine: affine.unwrap_or(usual.affine),
    })
}

/// Every kind but the activations: its name, its keys, and how they are read.
const KINDS: [(&str, &[Key], ReadKind); 31] = [
    ("conv2d", CONV, |table| read(table).map(Kind::Conv2d)),
    ("max_pool2d", MAX_POOL, |table| read(table).map(Kind::MaxPool2d)),
    ("avg_pool2d", AVG_POOL, |table| read(table).map(Kind::AvgPool2d)),
    ("global_avg_pool2d", NOTHING, |_| Ok(Kind::GlobalAvgPool2d)),
    ("global_max_pool2d", NOTHING, |_| Ok(Kind::GlobalMaxPool2d)),
    ("adaptive_avg_pool2d", ADAPTIVE_POOL, |table| read(table).map(Kind::AdaptiveAvgPool2d)),
    ("adaptive_max_pool2d", ADAPTIVE_POOL, |table| read(table).map(Kind::AdaptiveMaxPool2d)),
    ("conv_transpose2d", CONV_TRANSPOSE, |table| read(table).map(Kind::ConvTranspose2d)),
    ("upsample_nearest2d", UPSAMPLE, |table| upsample(table, Upsampling::Nearest)),
    ("upsample_nearest_exact2d", UPSAMPLE, |table| upsample(table, Upsampling::NearestExact)),
    ("upsample_bilinear2d", SMOOTH, |table| upsample(table, Upsampling::Bilinear)),
    ("upsample_bicubic2d", SMOOTH, |table| upsample(table, Upsampling::Bicubic)),
    ("zero_pad2d", PAD, |table| pad(table, Border::Zero)),
    ("reflection_pad2d", PAD, |table| pad(table, Border::Reflection)),
    ("replication_pad2d", PAD, |table| pad(table, Border::Replication)),
    ("prelu", PRELU, |table| read(table).map(Kind::PRelu)),
    ("crop2d", CROP, |table| read(table).map(Kind::Crop2d)),
    ("slice_channels", SLICE, |table| read(table).map(Kind::SliceChannels)),
    ("channel_shuffle", SHUFFLE, |table| read(table).map(Kind::ChannelShuffle)),
    ("flatten", NOTHING, |_| Ok(Kind::Flatten)),
    ("dense", DENSE, |table| read(table).map(Kind::Dense)),
    ("batch_norm2d", BATCH_NORM, |table| read(table).map(Kind::BatchNorm2d)),
    ("group_norm", GROUP_NORM, |table| Ok(group_norm(&table, Together::Group(1)))),
    ("instance_norm", INSTANCE_OR_LAYER_NORM, |table| Ok(group_norm(&table, Together::Channel))),
    ("layer_norm", INSTANCE_OR_LAYER_NORM, |table| Ok(group_norm(&table, Together::Whole))),
    ("local_response_norm", LRN, |table| read(table).map(Kind::LocalResponseNorm)),
    ("dropout", DROPOUT, |table| read(table).map(Kind::Dropout)),
    ("softmax", NOTHING, |_| Ok(Kind::Softmax)),
    ("add", NOTHING, |_| Ok(Kind::Add)),
    ("multiply", NOTHING, |_| Ok(Kind::Multiply)),
    ("concat", NOTHING, |_| Ok(Kind::Concat)),
];

/// The keys of a kind, and a function that reads them.
type Known = (Vec<Key>, Box<dyn Fn(Table) -> Result<Kind, toml::de::Error>>);

/// The kind of this name.
fn known_kind(name: &str) -> Option<Known> {
    if let Some(activation) = Activation::from_key(name) {
        let number = activation.number().map(|(key, _)| key);
        let keys = number.map(|key| optional(key, Holds::Number)).into_iter().collect();
        let read = move |table: Table| {
            let value = number.and_then(|key| table.get(key));
            let value = value.and_then(|value| value.as_float().or(value.as_integer().map(|n| n as f64)));
            Ok(Kind::Activation(value.map_or(activation, |value| activation.with_number(value))))
        };
        return Some((keys, Box::new(read)));
    }
    if let Some((_, of)) = LINES.iter().find(|(line, _)| *line == name) {
        return known_kind(of).map(on_one_row);
    }
    let (_, keys, read) = KINDS.iter().find(|(known, ..)| *known == name)?;
    Some((keys.to_vec(), Box::new(read)))
}

/// The kinds of one-dimensional layers, and those that do the same on a picture of one row.
const LINES: [(&str, &str); 7] = [
    ("conv1d", "conv2d"),
    ("conv_transpose1d", "conv_transpose2d"),
    ("max_pool1d", "max_pool2d"),
    ("avg_pool1d", "avg_pool2d"),
    ("adaptive_avg_pool1d", "adaptive_avg_pool2d"),
    ("adaptive_max_pool1d", "adaptive_max_pool2d"),
    ("batch_norm1d", "batch_norm2d"),
];

/// The same kind with one number, that of the columns, in each key that holds a pair: its windows are one row high.
fn on_one_row((keys, read): Known) -> Known {
    let is_pair = |key: &Key| matches!(key.holds, Holds::Pair);
    let pairs: Vec<&str> = keys.iter().filter(|key| is_pair(key)).map(|key| key.name).collect();
    let one = |key: Key| Key { holds: if is_pair(&key) { Holds::Count } else { key.holds }, ..key };
    let keys = keys.into_iter().map(one).collect();
    let read = move |table: Table| {
        let on_row = |(key, columns): (String, Value)| match pairs.contains(&key.as_str()) {
            // There are no rows to pad.
            true => {
                let rows = Value::Integer(if key.contains("padding") { 0 } else { 1 });
                (key, Value::Array(vec![rows, columns]))
            }
            false => (key, columns),
        };
        read(table.into_iter().map(on_row).collect())
    };
    (keys, Box::new(read))
}

const TOP_KEYS: [&str; 5] = ["input", "classes", "preprocess", "layers", "loss"];

impl Architecture {
    /// Reads the TOML text of an architecture.
    ///
    /// ```
    /// use convstep::model_io::Architecture;
    ///
    /// let text = r#"
    ///     input = [1, 4, 4]
    ///     [[layers]]
    ///     name = "conv1"
    ///     kind = "conv2d"
    ///     out_channels = 2
    ///     kernal = 3
    /// "#;
    /// let error = Architecture::parse(text).unwrap_err().to_string();
    /// assert!(error.starts_with("layer 1 (conv1): unknown key \"kernal\" (did you mean \"kernel\"?)"), "{error}");
    ///
    /// let architecture = Architecture::parse(&text.replace("kernal", "kernel"))?;
    /// assert_eq!(Architecture::parse(&architecture.to_toml())?, architecture);
    /// # Ok::<(), convstep::model_io::ModelError>(())
    /// ```
    ///
    /// # Errors
    /// Names the layer and the key, and says what was expected, what came and what to do.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let top: Table = text.parse().map_err(|error| syntax(text, &error))?;
        unknown_keys("architecture", &top, &TOP_KEYS)?;
        let input = input(&top)?;
        let classes = classes(&top)?;
        let preprocess = preprocess(&top, input[0])?;
        let layers = layers(&top)?;
        // Without a loss, the number of outputs tells; layers that do not fit are named when it is built.
        let loss = match loss(&top)? {
            Some(loss) => loss,
            None => {
                let network = Network::build(input, layers.clone(), Loss::default());
                network.map_or(Loss::default(), |network| Loss::of_outputs(network.outputs()))
            }
        };
        Ok(Self { input, classes, preprocess, layers, loss })
    }

    /// What is said of a loss that the TOML text does not name, where it is not the usual one.
    pub fn note_on_loss(&self, text: &str) -> Option<String> {
        let is_named = text.parse::<Table>().is_ok_and(|table| table.contains_key("loss"));
        (self.loss == Loss::BinaryCrossEntropy && !is_named).then(|| note_on_one_output(self.last_name()))
    }

    /// Gives one output with a cross-entropy, which files of earlier versions may have, the loss that can learn from it;
    /// answers what is said of it.
    pub(super) fn mend_loss(&mut self) -> Option<String> {
        let network = Network::build(self.input, self.layers.clone(), self.loss).ok()?;
        (self.loss == Loss::CrossEntropy && network.outputs() == 1).then(|| {
            self.loss = Loss::BinaryCrossEntropy;
            format!(
                "{} has one output, whose probability by a cross-entropy would always be 1: the loss is \
                 binary_cross_entropy",
                self.last_name()
            )
        })
    }

    fn last_name(&self) -> &str {
        self.layers.last().map_or("the last layer", |layer| &layer.name)
    }

    /// Builds the network and checks all sizes.
    ///
    /// # Errors
    /// As for [`Network::build`], or if the number of classes differs from that of the outputs, or the loss cannot learn
    /// from them.
    pub fn build(&self) -> Result<Network, ModelError> {
        let network = Network::build(self.input, self.layers.clone(), self.loss)?;
        if self.loss == Loss::CrossEntropy && network.outputs() == 1 {
            let last = network.last_name();
            return Err(ModelError(format!(
                "loss: expected at least 2 outputs of {last} for cross_entropy, got 1, whose probability would always be \
                 1; write kind = \"binary_cross_entropy\", or give {last} one output for each class"
            )));
        }
        if !self.classes.is_empty() && self.classes.len() != network.classes() {
            let last = network.last_name();
            let per = match self.loss {
                Loss::BinaryCrossEntropy => {
                    format!("of the two classes that the one output of {last} tells apart")
                }
                Loss::CrossEntropy | Loss::Mse => format!("one per output of {last}"),
            };
            return Err(ModelError(format!(
                "classes: expected {} names, {per}, got {}; name all of them or omit classes",
                network.classes(),
                self.classes.len()
            )));
        }
        for (l, layer) in
            network.layers.iter().enumerate().filter(|(_, layer)| !layer.parameters().is_empty())
        {
            let same = |before: &&crate::nn::Layer| {
                !before.parameters().is_empty() && before.file_name() == layer.file_name()
            };
            if let Some(before) = network.layers[..l].iter().find(same) {
                return Err(ModelError(format!(
                    "{}: expected its own weights, got {:?}, which {} uses as well; give each layer its own name",
                    layer.name(),
                    layer.file_name(),
                    before.name()
                )));
            }
        }
        Ok(network)
    }

    /// TOML text that [`parse`](Self::parse) reads back as the same architecture. Keys with default values are
    /// omitted, except slope, eps, momentum and p, which are informative.
    pub fn to_toml(&self) -> String {
        let [c, h, w] = self.input;
        let mut text = format!("input = [{c}, {h}, {w}]\n");
        if !self.classes.is_empty() {
            let names: Vec<String> = self.classes.iter().map(|name| quoted(name)).collect();
            text += &format!("classes = [{}]\n", names.join(", "));
        }
        if !self.preprocess.is_identity() {
            text += &format!(
                "\n[preprocess]\nmean = {:?}\nstd = {:?}\n",
                self.preprocess.mean(),
                self.preprocess.std()
            );
            if let Some(seed) = self.preprocess.shuffle() {
                text += &format!("shuffle = {seed}\n");
            }
        }
        for layer in &self.layers {
            text +=
                &format!("\n[[layers]]\nname = {}\nkind = \"{}\"\n", quoted(&layer.name), layer.kind.name());
            if let Some(weights) = &layer.weights {
                text += &format!("weights = {}\n", quoted(weights));
            }
            if !layer.inputs.is_empty() {
                let names: Vec<String> = layer.inputs.iter().map(|name| quoted(name)).collect();
                text += &format!("inputs = [{}]\n", names.join(", "));
            }
            for (key, value) in numbers(&layer.kind) {
                text += &format!("{key} = {value}\n");
            }
        }
        text + &format!("\n[loss]\nkind = \"{}\"\n", self.loss.name())
    }
}

/// The keys of a layer that differ from their defaults, with their TOML values.
fn numbers(kind: &Kind) -> Vec<(&'static str, String)> {
    let pair = |Pair([a, b]): Pair| if a == b { a.to_string() } else { format!("[{a}, {b}]") };
    let unless = |default: usize, value: Pair| (value != Pair::square(default)).then(|| pair(value));
    let flag = |default: bool, value: bool| (value != default).then(|| value.to_string());
    let number = |value: f64| Some(format!("{value:?}"));
    let keys = match kind {
        Kind::Conv2d(conv) => vec![
            ("out_channels", Some(conv.out_channels.to_string())),
            ("kernel", Some(pair(conv.kernel))),
            ("stride", unless(1, conv.stride)),
            ("padding", unless(0, conv.padding)),
            ("padding_end", conv.padding_end.map(pair)),
            ("dilation", unless(1, conv.dilation)),
            ("groups", (conv.groups != 1).then(|| conv.groups.to_string())),
            ("bias", flag(true, conv.bias)),
            ("normalize", flag(false, conv.normalize)),
        ],
        Kind::ConvTranspose2d(conv) => vec![
            ("out_channels", Some(conv.out_channels.to_string())),
            ("kernel", Some(pair(conv.kernel))),
            ("stride", unless(1, conv.stride)),
            ("padding", unless(0, conv.padding)),
            ("padding_end", conv.padding_end.map(pair)),
            ("output_padding", unless(0, conv.output_padding)),
            ("dilation", unless(1, conv.dilation)),
            ("groups", (conv.groups != 1).then(|| conv.groups.to_string())),
            ("bias", flag(true, conv.bias)),
        ],
        Kind::MaxPool2d(pool) => vec![
            ("kernel", Some(pair(pool.kernel))),
            ("stride", pool.stride.map(pair)),
            ("padding", unless(0, pool.padding)),
            ("padding_end", pool.padding_end.map(pair)),
            ("dilation", unless(1, pool.dilation)),
            ("ceil_mode", flag(false, pool.ceil_mode)),
        ],
        Kind::AvgPool2d(pool) => vec![
            ("kernel", Some(pair(pool.kernel))),
            ("stride", pool.stride.map(pair)),
            ("padding", unless(0, pool.padding)),
            ("padding_end", pool.padding_end.map(pair)),
            ("ceil_mode", flag(false, pool.ceil_mode)),
            ("count_include_pad", flag(true, pool.count_include_pad)),
        ],
        Kind::Activation(activation) => {
            activation.number().map(|(key, value)| (key, number(value))).into_iter().collect()
        }
        Kind::Dense(dense) => {
            vec![("out_features", Some(dense.out_features.to_string())), ("bias", flag(true, dense.bias))]
        }
        Kind::BatchNorm2d(bn) => vec![("eps", number(bn.eps)), ("momentum", number(bn.momentum))],
        Kind::GroupNorm(norm) => {
            let groups = match norm.of {
                Together::Group(groups) => Some(groups.to_string()),
                Together::Channel | Together::Whole => None,
            };
            let usual = GroupNormSpec::new(norm.of).affine;
            vec![("groups", groups), ("eps", number(norm.eps)), ("affine", flag(usual, norm.affine))]
        }
        Kind::LocalResponseNorm(norm) => vec![
            ("size", Some(norm.size.to_string())),
            ("alpha", number(norm.alpha)),
            ("beta", number(norm.beta)),
            ("k", number(norm.k)),
        ],
        Kind::PRelu(prelu) => vec![("per_channel", flag(false, prelu.per_channel))],
        Kind::Dropout(dropout) => vec![("p", number(dropout.p))],
        Kind::AdaptiveAvgPool2d(pool) | Kind::AdaptiveMaxPool2d(pool) => {
            vec![("output_size", Some(pair(pool.output_size)))]
        }
        Kind::Upsample2d(upsample) => vec![
            ("scale", upsample.size.is_none().then(|| pair(upsample.scale))),
            ("size", upsample.size.map(pair)),
            ("align_corners", flag(false, upsample.align_corners)),
        ],
        Kind::Pad2d(pad) => vec![
            ("padding", Some(pair(pad.padding))),
            ("padding_end", pad.padding_end.map(pair)),
            ("channels", unless(0, pad.channels)),
        ],
        Kind::Crop2d(crop) => vec![
            ("start", unless(0, crop.start)),
            ("size", Some(pair(crop.size))),
            ("step", unless(1, crop.step)),
        ],
        Kind::SliceChannels(slice) => vec![
            ("start", (slice.start != 0).then(|| slice.start.to_string())),
            ("count", Some(slice.count.to_string())),
            ("step", (slice.step != 1).then(|| slice.step.to_string())),
        ],
        Kind::ChannelShuffle(shuffle) => vec![("groups", Some(shuffle.groups.to_string()))],
        Kind::GlobalAvgPool2d
        | Kind::GlobalMaxPool2d
        | Kind::Flatten
        | Kind::Softmax
        | Kind::Add
        | Kind::Multiply
        | Kind::Concat => vec![],
    };
    keys.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}

/// A TOML string literal.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// A syntax error in one line, with its position.
fn syntax(text: &str, error: &toml::de::Error) -> ModelError {
    let place = error.span().map_or_else(String::new, |span| {
        let before = text.get(..span.start.min(text.len())).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        format!(" at line {line}, column {column}")
    });
    let what: Vec<&str> = error.message().lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    ModelError(format!(
        "architecture: expected TOML, got a syntax error{place}: {}; correct it",
        what.join(", ")
    ))
}

fn unknown_keys(place: &str, table: &Table, known: &[&str]) -> Result<(), ModelError> {
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(ModelError(format!(
            "{place}: unknown key {}{}; the known keys are {}",
            short(&format!("{key:?}")),
            hint(key, known),
            known.join(", ")
        ))),
        None => Ok(()),
    }
}

/// The beginning of a text, short enough for an error message.
pub(super) fn short(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String =
        text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > LONGEST {
        short.push_str("...");
    }
    short
}

/// A value as shown in an error message.
fn shown(value: &Value) -> String {
    let kind = match value {
        Value::String(_) => "text ",
        Value::Datetime(_) => "date ",
        Value::Table(_) => return "a table".into(),
        Value::Array(items) if items.iter().any(Value::is_table) => return "tables".into(),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Array(_) => "",
    };
    format!("{kind}{}", short(&value.to_string()))
}

fn input(top: &Table) -> Result<[usize; 3], ModelError> {
    /// Larger than the largest side of a picture that can be opened.
    const LARGEST: usize = 1 << 16;
    let wrong = |got: String| {
        ModelError(format!(
            "input: expected [channels, height, width], three whole numbers from 1 to {LARGEST}, or [channels, length] \
             for one row, got {got}; for example input = [3, 32, 32]"
        ))
    };
    let value = top.get("input").ok_or_else(|| wrong("none".into()))?;
    let extent = |value: &Value| {
        value.as_integer().and_then(|n| usize::try_from(n).ok()).filter(|n| (1..=LARGEST).contains(n))
    };
    let extents: Option<Vec<usize>> = value.as_array().and_then(|items| items.iter().map(extent).collect());
    match extents.as_deref() {
        Some(&[channels, rows, columns]) => Ok([channels, rows, columns]),
        Some(&[channels, length]) => Ok([channels, 1, length]),
        _ => Err(wrong(shown(value))),
    }
}

fn classes(top: &Table) -> Result<Vec<String>, ModelError> {
    let Some(value) = top.get("classes") else { return Ok(Vec::new()) };
    let names: Option<Vec<String>> = value
        .as_array()
        .and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
    let Some(names) = names else {
        return Err(ModelError(format!(
            "classes: expected a list of names, got {}; for example, write classes = [\"cat\", \"dog\"]",
            shown(value)
        )));
    };
    for (i, name) in names.iter().enumerate() {
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(ModelError(format!(
                "classes: expected printable names, got {name:?} as name {}; use a word",
                i + 1
            )));
        }
        if names[..i].contains(name) {
            return Err(ModelError(format!(
                "classes: expected each name once, got {name:?} twice; rename one"
            )));
        }
    }
    Ok(names)
}

fn preprocess(top: &Table, channels: usize) -> Result<Preprocess, ModelError> {
    let Some(value) = top.get("preprocess") else { return Ok(Preprocess::identity(channels)) };
    let Some(table) = value.as_table() else {
        return Err(ModelError(format!(
            "preprocess: expected a table with mean and std, got {}; write [preprocess] on a line of its own",
            shown(value)
        )));
    };
    unknown_keys("preprocess", table, &["mean", "std", "shuffle"])?;
    let numbers = |name: &str, default: f64| {
        let Some(value) = table.get(name) else { return Ok(vec![default; channels]) };
        let number = |value: &Value| value.as_float().or_else(|| value.as_integer().map(|n| n as f64));
        let numbers: Option<Vec<f64>> = value.as_array().and_then(|items| items.iter().map(number).collect());
        numbers.ok_or_else(|| {
            ModelError(format!(
                "preprocess: expected a list of numbers in {name}, one for each of the {channels} input channels, got \
                 {}; for example, write {name} = [0.5]",
                shown(value)
            ))
        })
    };
    let preprocess = Preprocess::new(channels, numbers("mean", 0.0)?, numbers("std", 1.0)?)?;
    Ok(preprocess.with_shuffle(table.get("shuffle").map(shuffle).transpose()?))
}

/// The seed that shuffles the pixels.
fn shuffle(value: &Value) -> Result<u64, ModelError> {
    value.as_integer().and_then(|seed| u64::try_from(seed).ok()).ok_or_else(|| {
        ModelError(format!(
            "preprocess: expected a whole number of at least 0 in shuffle, the seed of the order, got {}; for example, \
             write shuffle = 1",
            shown(value)
        ))
    })
}

fn layers(top: &Table) -> Result<Vec<LayerSpec>, ModelError> {
    let value = top.get("layers").filter(|value| value.as_array().is_none_or(|items| !items.is_empty()));
    let value = value.ok_or_else(|| {
        ModelError("layers: expected at least one layer, got none; add a [[layers]] entry".into())
    })?;
    let tables: Option<Vec<&Table>> =
        value.as_array().and_then(|items| items.iter().map(Value::as_table).collect());
    let tables = tables.ok_or_else(|| {
        ModelError(format!(
            "layers: expected a table for each layer, got {}; write [[layers]], with two brackets, before each layer",
            shown(value)
        ))
    })?;
    tables.into_iter().enumerate().map(|(l, table)| layer(l, table)).collect()
}

fn layer(l: usize, table: &Table) -> Result<LayerSpec, ModelError> {
    let unnamed = format!("layer {}", l + 1);
    let text = |place: &str, key: &str, example: &str| match table.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(value) => Err(ModelError(format!(
            "{place}: expected text in {key}, got {}; for example, write {key} = \"{example}\"",
            shown(value)
        ))),
    };
    let missing = |place: &str, key: &str, remedy: &str| {
        ModelError(format!("{place}: expected the key {key}, got none; {remedy}"))
    };
    let names: Vec<&str> = Kind::names().into_iter().chain(LINES.map(|(line, _)| line)).collect();
    // As many as a line holds; a name that is nearly right is told by itself.
    const SHOWN: usize = 16;
    let (shown_names, more) = (names[..SHOWN].join(", "), names.len() - SHOWN);
    let kinds = || format!("the kinds are {shown_names} and {more} more, listed in docs/models.md");
    let name = text(&unnamed, "name", "conv1")?
        .ok_or_else(|| missing(&unnamed, "name", "for example, write name = \"conv1\""))?;
    let place = format!("{unnamed} ({})", short(&name));
    let kind = text(&place, "kind", "conv2d")?.ok_or_else(|| missing(&place, "kind", &kinds()))?;
    let weights = text(&place, "weights", "features.0")?;
    let Some((keys, read)) = known_kind(&kind) else {
        return Err(ModelError(format!(
            "{place}: unknown kind {}{}; {}",
            short(&format!("{kind:?}")),
            hint(&kind, &names),
            kinds()
        )));
    };
    let mut known = vec!["name", "kind", "weights", "inputs"];
    known.extend(keys.iter().map(|key| key.name));
    unknown_keys(&place, table, &known).map_err(|ModelError(line)| {
        ModelError(line.replace("the known keys are", &format!("the keys of {kind} are")))
    })?;
    for key in &keys {
        match table.get(key.name) {
            Some(value) if !key.holds.accepts(value) => {
                return Err(ModelError(format!(
                    "{place}: expected {} in {}, got {}; correct it",
                    key.holds.text(),
                    key.name,
                    shown(value)
                )));
            }
            None if key.required => {
                return Err(missing(&place, key.name, &format!("add {} = {}", key.name, key.holds.text())));
            }
            Some(_) | None => {}
        }
    }
    let own: Table =
        table.iter().filter(|(key, _)| keys.iter().any(|own| own.name == *key)).map(clone_pair).collect();
    let kind = read(own).map_err(|error| {
        ModelError(format!("{place}: expected valid keys of {kind}, got: {}", error.message()))
    })?;
    let inputs = inputs(&place, table)?;
    Ok(LayerSpec { name, weights, kind, inputs })
}

/// The names of what a layer reads; none where the key is missing.
fn inputs(place: &str, table: &Table) -> Result<Vec<String>, ModelError> {
    let Some(value) = table.get("inputs") else { return Ok(Vec::new()) };
    let names: Option<Vec<String>> = value
        .as_array()
        .filter(|names| !names.is_empty())
        .and_then(|names| names.iter().map(|name| name.as_str().map(str::to_owned)).collect());
    names.ok_or_else(|| {
        ModelError(format!(
            "{place}: expected a list of names of earlier layers in inputs, got {}; for example, write inputs = \
             [\"relu1\", \"bn2\"], or leave it out to read the layer before",
            shown(value)
        ))
    })
}

fn clone_pair((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}

/// What is said of a network whose loss was chosen for its one output.
pub(super) fn note_on_one_output(last: &str) -> String {
    format!(
        "{last} has one output: it is taken for the score of the second of two classes, with the loss \
         binary_cross_entropy; for another loss, name it in the architecture"
    )
}

fn loss(top: &Table) -> Result<Option<Loss>, ModelError> {
    let names = Loss::ALL.map(Loss::name);
    let remedy = "write [loss] and below it kind = \"cross_entropy\", \"binary_cross_entropy\" or \"mse\"";
    let Some(value) = top.get("loss") else { return Ok(None) };
    let Some(table) = value.as_table() else {
        return Err(ModelError(format!(
            "loss: expected a table with a kind, got {}; {remedy}",
            shown(value)
        )));
    };
    unknown_keys("loss", table, &["kind"])?;
    let value = table
        .get("kind")
        .ok_or_else(|| ModelError(format!("loss: expected the key kind, got none; {remedy}")))?;
    let kind = value
        .as_str()
        .ok_or_else(|| ModelError(format!("loss: expected text in kind, got {}; {remedy}", shown(value))))?;
    Loss::ALL.into_iter().find(|loss| loss.name() == kind).map(Some).ok_or_else(|| {
        ModelError(format!(
            "loss: unknown kind {}{}; the kinds are {}",
            short(&format!("{kind:?}")),
            hint(kind, &names),
            names.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind of layer, with settings that differ from the defaults.
    const EVERYTHING: &str = r#"
        input = [3, 33, 32]
        classes = ["cat", "a \"dog\"", "鳥", "4"]
        [preprocess]
        mean = [0.485, 0, 0.5]
        std = [0.229, 1.0, 2]
        shuffle = 5
        [[layers]]
        name = "conv1"
        kind = "conv2d"
        weights = "features.0"
        out_channels = 6
        kernel = [3, 5]
        stride = [2, 1]
        padding = 1
        dilation = [1, 2]
        groups = 3
        bias = false
        normalize = true
        [[layers]]
        name = "bn"
        kind = "batch_norm2d"
        eps = 1e-3
        momentum = 0.2
        [[layers]]
        name = "leaky"
        kind = "leaky_relu"
        slope = 0.2
        [[layers]]
        name = "pool1"
        kind = "max_pool2d"
        kernel = 3
        stride = 2
        padding = 1
        [[layers]]
        name = "pool2"
        kind = "avg_pool2d"
        kernel = [2, 3]
        stride = 1
        padding = [0, 1]
        count_include_pad = false
        [[layers]]
        name = "t"
        kind = "tanh"
        [[layers]]
        name = "s"
        kind = "sigmoid"
        [[layers]]
        name = "r"
        kind = "relu"
        [[layers]]
        name = "plus"
        kind = "add"
        inputs = ["r", "s"]
        [[layers]]
        name = "times"
        kind = "multiply"
        inputs = ["plus", "t"]
        [[layers]]
        name = "both"
        kind = "concat"
        inputs = ["times", "r"]
        [[layers]]
        name = "lrn"
        kind = "local_response_norm"
        size = 3
        alpha = 0.5
        [[layers]]
        name = "drop"
        kind = "dropout"
        p = 0
        [[layers]]
        name = "gap"
        kind = "global_avg_pool2d"
        [[layers]]
        name = "near"
        kind = "upsample_nearest2d"
        scale = 4
        [[layers]]
        name = "stamped"
        kind = "conv_transpose2d"
        out_channels = 2
        kernel = [3, 2]
        stride = 2
        padding = 1
        padding_end = [0, 1]
        output_padding = [0, 1]
        dilation = [1, 2]
        groups = 2
        bias = false
        [[layers]]
        name = "most"
        kind = "adaptive_max_pool2d"
        output_size = 2
        [[layers]]
        name = "smooth"
        kind = "upsample_bilinear2d"
        scale = [2, 1]
        [[layers]]
        name = "mean"
        kind = "adaptive_avg_pool2d"
        output_size = [2, 2]
        [[layers]]
        name = "zeros"
        kind = "zero_pad2d"
        padding = 1
        [[layers]]
        name = "mirror"
        kind = "reflection_pad2d"
        padding = [1, 0]
        padding_end = 1
        [[layers]]
        name = "edge"
        kind = "replication_pad2d"
        padding = 1
        [[layers]]
        name = "sloped"
        kind = "prelu"
        per_channel = true
        [[layers]]
        name = "cut"
        kind = "crop2d"
        start = [1, 0]
        size = [6, 3]
        step = [1, 2]
        [[layers]]
        name = "exact"
        kind = "upsample_nearest_exact2d"
        size = [5, 7]
        [[layers]]
        name = "cubic"
        kind = "upsample_bicubic2d"
        scale = 2
        align_corners = true
        [[layers]]
        name = "grouped"
        kind = "group_norm"
        groups = 2
        eps = 1e-3
        [[layers]]
        name = "each"
        kind = "instance_norm"
        affine = true
        [[layers]]
        name = "whole"
        kind = "layer_norm"
        affine = false
        [[layers]]
        name = "mixed"
        kind = "channel_shuffle"
        groups = 2
        [[layers]]
        name = "some"
        kind = "slice_channels"
        start = 1
        count = 1
        [[layers]]
        name = "gmp"
        kind = "global_max_pool2d"
        [[layers]]
        name = "flat"
        kind = "flatten"
        [[layers]]
        name = "fc"
        kind = "dense"
        out_features = 4
        bias = false
        [[layers]]
        name = "soft"
        kind = "softmax"
        [loss]
        kind = "mse"
    "#;

    fn error(text: &str) -> String {
        Architecture::parse(text).expect_err(text).0
    }

    #[test]
    fn every_kind_is_read_built_and_written() {
        let architecture = Architecture::parse(EVERYTHING).expect("valid");
        let kinds: std::collections::BTreeSet<_> =
            architecture.layers.iter().map(|layer| layer.kind.name()).collect();
        assert!(KINDS.iter().all(|(kind, ..)| kinds.contains(kind)));
        let Kind::Conv2d(conv) = &architecture.layers[0].kind else { panic!("no convolution") };
        assert_eq!((conv.kernel, conv.stride, conv.padding), (Pair([3, 5]), Pair([2, 1]), Pair::square(1)));
        assert_eq!(architecture.layers[0].weights.as_deref(), Some("features.0"));
        assert_eq!(architecture.loss, Loss::Mse);
        assert_eq!(architecture.preprocess.shuffle(), Some(5));
        assert_eq!(architecture.build().expect("fits").classes(), 4);
        assert_eq!(Architecture::parse(&architecture.to_toml()).expect("its own"), architecture);
    }

    #[test]
    fn the_table_of_kinds_is_whole() {
        for starter in Kind::starters() {
            let name = starter.name();
            let (keys, read) = known_kind(name).expect(name);
            let one = |key: &Key| (key.name.to_owned(), Value::Integer(1));
            let kind = read(keys.iter().filter(|key| key.required || key.name == "scale").map(one).collect())
                .expect(name);
            assert_eq!(kind.name(), name);
            // A setting that is missing from the table of keys would be written but not read.
            for (key, _) in numbers(&kind) {
                assert!(keys.iter().any(|own| own.name == key), "{name} {key}");
            }
        }
    }

    #[test]
    fn one_dimensional_layers_are_those_of_a_picture_of_one_row() {
        let text = |input: &str, kinds: [&str; 4], numbers: [&str; 4]| {
            let layer = |(kind, numbers): (&str, &str)| format!("[[layers]]\nname = \"{kind}\"\n{numbers}\n");
            let layers = kinds.into_iter().zip(numbers).map(layer).collect::<String>();
            format!("input = {input}\n{layers}")
        };
        let names = ["c", "p", "u", "n"];
        let lines = [
            "kind = \"conv1d\"\nout_channels = 4\nkernel = 3\nstride = 2\npadding = 1",
            "kind = \"max_pool1d\"\nkernel = 2",
            "kind = \"conv_transpose1d\"\nout_channels = 2\nkernel = 4\nstride = 3\noutput_padding = 1",
            "kind = \"batch_norm1d\"\neps = 0.1",
        ];
        let rows = [
            "kind = \"conv2d\"\nout_channels = 4\nkernel = [1, 3]\nstride = [1, 2]\npadding = [0, 1]",
            "kind = \"max_pool2d\"\nkernel = [1, 2]",
            "kind = \"conv_transpose2d\"\nout_channels = 2\nkernel = [1, 4]\nstride = [1, 3]\noutput_padding = [0, 1]",
            "kind = \"batch_norm2d\"\neps = 0.1",
        ];
        let line = Architecture::parse(&text("[3, 20]", names, lines)).expect("valid");
        assert_eq!(line, Architecture::parse(&text("[3, 1, 20]", names, rows)).expect("valid"));
        assert_eq!(line.build().expect("fits").output(), [2, 1, 17]);
        let pair = text("[3, 20]", names, lines).replace("kernel = 2", "kernel = [1, 2]");
        assert!(
            error(&pair).contains("layer 2 (p): expected a whole number of at least 0 in kernel"),
            "{}",
            error(&pair)
        );
    }

    #[test]
    fn activations_are_read_back_with_their_numbers() {
        for activation in Activation::ALL.map(|activation| activation.with_number(0.25)) {
            let kind = Kind::Activation(activation);
            let layers = vec![LayerSpec::new("a", kind)];
            let text = "input = [1, 2, 2]\n[[layers]]\nname = \"f\"\nkind = \"flatten\"";
            let architecture = Architecture { layers, ..Architecture::parse(text).expect("valid") };
            assert_eq!(Architecture::parse(&architecture.to_toml()).expect("its own"), architecture);
        }
    }

    #[test]
    fn defaults() {
        let text = "input = [1, 8, 8]\n[[layers]]\nname = \"p\"\nkind = \"max_pool2d\"\nkernel = 2";
        let architecture = Architecture::parse(text).expect("valid");
        assert!(architecture.classes.is_empty() && architecture.preprocess.is_identity());
        assert_eq!(architecture.loss, Loss::CrossEntropy);
        assert_eq!(architecture.build().expect("fits").output(), [1, 4, 4]);
        assert_eq!(Architecture::parse(&architecture.to_toml()).expect("its own"), architecture);
    }

    #[test]
    fn mistakes_are_named_in_one_line_with_the_remedy() {
        let layer = |keys: &str| format!("input = [3, 8, 8]\n[[layers]]\n{keys}");
        for (text, expected) in [
            ("", "input: expected [channels, height, width]"),
            ("input = [3]", "three whole numbers from 1 to 65536, or [channels, length]"),
            ("input = [3, 8, 0]", "got [3, 8, 0]"),
            ("input = [3, 8, 9999999999]", "got [3, 8, 9999999999]"),
            ("input = [3, 8.5, 8]", "got [3, 8.5, 8]"),
            ("input = \"3x8x8\"", "got text \"3x8x8\""),
            ("input = [3, 8", "at line 1, column"),
            ("input = [3, 8, 8]\ninput = [3, 8, 8]", "duplicate key"),
            (
                "inputs = [3, 8, 8]",
                "unknown key \"inputs\" (did you mean \"input\"?); the known keys are input, classes",
            ),
            ("input = [3, 8, 8]", "layers: expected at least one layer, got none; add a [[layers]] entry"),
            ("input = [3, 8, 8]\nlayers = []", "layers: expected at least one layer, got none"),
            ("input = [3, 8, 8]\n[layers]\nname = \"a\"", "write [[layers]], with two brackets"),
            (&layer(""), "layer 1: expected the key name, got none"),
            (&layer("name = 3"), "layer 1: expected text in name, got 3"),
            (
                &layer("name = \"a\""),
                "layer 1 (a): expected the key kind, got none; the kinds are conv2d, max_pool2d",
            ),
            (
                &layer("name = \"a\"\nkind = \"conv\""),
                "unknown kind \"conv\" (did you mean \"conv2d\"?); the kinds are",
            ),
            (&layer("name = \"a\"\nkind = \"lstm\""), "unknown kind \"lstm\"; the kinds are conv2d"),
            (
                &layer("name = \"a\"\nkind = \"conv2d\""),
                "expected the key out_channels, got none; add out_channels = a whole",
            ),
            (
                &layer("name = \"a\"\nkind = \"dense\"\nout_feature = 3"),
                "unknown key \"out_feature\" (did you mean \"out_features\"?); the keys of dense are name, kind, weights, inputs, out_features, bias",
            ),
            (
                &layer("name = \"a\"\nkind = \"relu\"\nslope = 3"),
                "the keys of relu are name, kind, weights, inputs",
            ),
            (
                &layer("name = \"a\"\nkind = \"dense\"\nout_features = -3"),
                "at least 0 in out_features, got -3",
            ),
            (
                &layer("name = \"a\"\nkind = \"dense\"\nout_features = \"3\""),
                "in out_features, got text \"3\"",
            ),
            (
                &layer("name = \"a\"\nkind = \"max_pool2d\"\nkernel = [1, 2, 3]"),
                "in 3 or [3, 5] in kernel, got [1, 2, 3]",
            ),
            (&layer("name = \"a\"\nkind = \"dropout\"\np = nan"), "expected a number in p, got nan"),
            (
                &layer("name = \"a\"\nkind = \"relu\"\nweights = 1"),
                "layer 1 (a): expected text in weights, got 1",
            ),
            ("input = [3, 8, 8]\nclasses = \"cat\"", "classes: expected a list of names, got text \"cat\""),
            ("input = [3, 8, 8]\nclasses = [\"a\", \"a\"]", "each name once, got \"a\" twice"),
            ("input = [3, 8, 8]\nclasses = [\"\"]", "expected printable names"),
            ("input = [3, 8, 8]\npreprocess = 3", "write [preprocess] on a line of its own"),
            ("input = [3, 8, 8]\n[preprocess]\nmeans = [1]", "(did you mean \"mean\"?)"),
            ("input = [3, 8, 8]\n[preprocess]\nmean = 0.5", "expected a list of numbers in mean"),
            ("input = [3, 8, 8]\n[preprocess]\nstd = [1, 0, 1]", "std other than 0"),
            (
                "input = [3, 8, 8]\n[preprocess]\nshuffle = true",
                "expected a whole number of at least 0 in shuffle, the seed of the order, got true",
            ),
            ("input = [3, 8, 8]\n[preprocess]\nshuffle = -1", "got -1; for example, write shuffle = 1"),
            (
                &format!("{}\n[loss]\nkind = \"entropy\"", layer("name = \"a\"\nkind = \"relu\"")),
                "the kinds are cross_entropy, binary_cross_entropy, mse",
            ),
            (
                &format!("{}\n[loss]", layer("name = \"a\"\nkind = \"relu\"")),
                "loss: expected the key kind, got none",
            ),
        ] {
            let error = error(text);
            assert!(error.contains(expected), "{error}\n  should contain: {expected}");
            assert!(!error.contains('\n') && error.len() < 500, "{error}");
        }
    }

    #[test]
    fn classes_are_as_many_as_outputs_and_weights_have_one_owner() {
        let text = EVERYTHING.replace("[\"cat\", ", "[");
        let error = Architecture::parse(&text).expect("reads").build().expect_err("too few").0;
        assert!(error.contains("expected 4 names, one per output of soft, got 3"), "{error}");
        let text = EVERYTHING.replace("out_features = 4", "out_features = 4\nweights = \"features.0\"");
        let error = Architecture::parse(&text).expect("reads").build().expect_err("twice").0;
        assert!(error.starts_with("fc: expected its own weights"), "{error}");
    }
}
