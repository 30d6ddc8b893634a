//! A layer as a user writes it: the numbers of an architecture file, not yet checked.

use super::{
    Activation,
    resample::{Border, Upsampling},
};
use serde::{Deserialize, Serialize};

/// Rows and columns; a single number means both.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "PairText", into = "PairText")]
pub struct Pair(pub [usize; 2]);

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a whole number or a pair of them, as in 3 or [3, 5]")]
enum PairText {
    One(usize),
    Two([usize; 2]),
}

impl From<PairText> for Pair {
    fn from(text: PairText) -> Self {
        match text {
            PairText::One(n) => Self([n, n]),
            PairText::Two(pair) => Self(pair),
        }
    }
}

impl From<Pair> for PairText {
    fn from(Pair([a, b]): Pair) -> Self {
        if a == b { Self::One(a) } else { Self::Two([a, b]) }
    }
}

impl Pair {
    /// The pair (n, n).
    pub const fn square(n: usize) -> Self {
        Self([n, n])
    }
}

const fn one() -> Pair {
    Pair::square(1)
}
const fn zero() -> Pair {
    Pair::square(0)
}
const fn yes() -> bool {
    true
}
const fn one_group() -> usize {
    1
}

/// Numbers of a `conv2d` layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvSpec {
    /// Output channels.
    pub out_channels: usize,
    /// Kernel extents.
    pub kernel: Pair,
    /// Default 1.
    #[serde(default = "one")]
    pub stride: Pair,
    /// Zeros above and on the left, default 0.
    #[serde(default = "zero")]
    pub padding: Pair,
    /// Zeros below and on the right. Default: the padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding_end: Option<Pair>,
    /// Default 1.
    #[serde(default = "one")]
    pub dilation: Pair,
    /// Default 1.
    #[serde(default = "one_group")]
    pub groups: usize,
    /// Default true.
    #[serde(default = "yes")]
    pub bias: bool,
    /// Divide the sum by the number of filter pixels, default false.
    #[serde(default)]
    pub normalize: bool,
}

impl ConvSpec {
    /// A square kernel, everything else by default.
    pub fn new(out_channels: usize, kernel: usize) -> Self {
        Self {
            out_channels,
            kernel: Pair::square(kernel),
            stride: one(),
            padding: zero(),
            padding_end: None,
            dilation: one(),
            groups: 1,
            bias: true,
            normalize: false,
        }
    }
}

/// Numbers of a `conv_transpose2d` layer, named as PyTorch's ConvTranspose2d names them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConvTransposeSpec {
    /// Output channels.
    pub out_channels: usize,
    /// Kernel extents.
    pub kernel: Pair,
    /// From the stamp of one input cell to that of the next, default 1.
    #[serde(default = "one")]
    pub stride: Pair,
    /// Rows and columns of the output that are cut off above and on the left, default 0.
    #[serde(default = "zero")]
    pub padding: Pair,
    /// Those cut off below and on the right. Default: the padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding_end: Option<Pair>,
    /// More rows below and columns on the right, default 0.
    #[serde(default = "zero")]
    pub output_padding: Pair,
    /// Default 1.
    #[serde(default = "one")]
    pub dilation: Pair,
    /// Default 1.
    #[serde(default = "one_group")]
    pub groups: usize,
    /// Default true.
    #[serde(default = "yes")]
    pub bias: bool,
}

impl ConvTransposeSpec {
    /// A square kernel, everything else by default.
    pub const fn new(out_channels: usize, kernel: usize) -> Self {
        Self {
            out_channels,
            kernel: Pair::square(kernel),
            stride: one(),
            padding: zero(),
            padding_end: None,
            output_padding: zero(),
            dilation: one(),
            groups: 1,
            bias: true,
        }
    }
}

/// Numbers of a `max_pool2d` layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPoolSpec {
    /// Window extents.
    pub kernel: Pair,
    /// Default: the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Pair>,
    /// Above and on the left, default 0; padding never wins.
    #[serde(default = "zero")]
    pub padding: Pair,
    /// Below and on the right. Default: the padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding_end: Option<Pair>,
    /// Default 1.
    #[serde(default = "one")]
    pub dilation: Pair,
    /// Whether a rest at the end gets a window of its own, default false.
    #[serde(default)]
    pub ceil_mode: bool,
}

impl MaxPoolSpec {
    /// A square window, everything else by default.
    pub const fn new(kernel: usize) -> Self {
        Self {
            kernel: Pair::square(kernel),
            stride: None,
            padding: zero(),
            padding_end: None,
            dilation: one(),
            ceil_mode: false,
        }
    }
}

/// Numbers of an `avg_pool2d` layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvgPoolSpec {
    /// Window extents.
    pub kernel: Pair,
    /// Default: the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<Pair>,
    /// Above and on the left, default 0.
    #[serde(default = "zero")]
    pub padding: Pair,
    /// Below and on the right. Default: the padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding_end: Option<Pair>,
    /// Whether a rest at the end gets a window of its own, default false.
    #[serde(default)]
    pub ceil_mode: bool,
    /// Whether padding counts in the divisor, default true.
    #[serde(default = "yes")]
    pub count_include_pad: bool,
}

impl AvgPoolSpec {
    /// A square window, everything else by default.
    pub const fn new(kernel: usize) -> Self {
        Self {
            kernel: Pair::square(kernel),
            stride: None,
            padding: zero(),
            padding_end: None,
            ceil_mode: false,
            count_include_pad: true,
        }
    }
}

/// Numbers of an `adaptive_avg_pool2d` or `adaptive_max_pool2d` layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaptivePoolSpec {
    /// Output extents, which divide the input's.
    pub output_size: Pair,
}

/// Numbers of an `upsample_nearest2d` layer and the other upsamplings.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpsampleSpec {
    /// How; the kind's name says it.
    #[serde(skip)]
    pub by: Upsampling,
    /// How many times as many rows and columns; 1 where a size is given.
    #[serde(default = "one")]
    pub scale: Pair,
    /// Output rows and columns, in place of a scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Pair>,
    /// Whether the first and last cells of input and output lie on one another, default false: bilinear and bicubic.
    #[serde(default)]
    pub align_corners: bool,
}

impl UpsampleSpec {
    /// As many times as many rows and columns.
    pub const fn by_scale(by: Upsampling, scale: Pair) -> Self {
        Self { by, scale, size: None, align_corners: false }
    }

    /// So many rows and columns.
    pub const fn to_size(by: Upsampling, size: Pair) -> Self {
        Self { by, scale: one(), size: Some(size), align_corners: false }
    }
}

/// Numbers of a `crop2d` layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CropSpec {
    /// The first row and column that are kept, default 0.
    #[serde(default = "zero")]
    pub start: Pair,
    /// How many rows and columns are kept.
    pub size: Pair,
    /// The distance between two that are kept, default 1.
    #[serde(default = "one")]
    pub step: Pair,
}

/// Numbers of a `slice_channels` layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SliceSpec {
    /// The first channel that is kept, default 0.
    #[serde(default)]
    pub start: usize,
    /// How many are kept.
    pub count: usize,
    /// The distance between two that are kept, default 1.
    #[serde(default = "one_group")]
    pub step: usize,
}

/// Numbers of a `channel_shuffle` layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShuffleSpec {
    /// The groups whose channels come in turn; they divide the channels.
    pub groups: usize,
}

/// Numbers of a `zero_pad2d`, `reflection_pad2d` or `replication_pad2d` layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PadSpec {
    /// With what; the kind's name says it.
    #[serde(skip)]
    pub border: Border,
    /// Above and on the left.
    pub padding: Pair,
    /// Below and on the right. Default: the padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub padding_end: Option<Pair>,
    /// Channels before and behind the others, default 0.
    #[serde(default = "zero")]
    pub channels: Pair,
}

impl PadSpec {
    /// As much on each side.
    pub const fn new(border: Border, padding: Pair) -> Self {
        Self { border, padding, padding_end: None, channels: zero() }
    }
}

/// Numbers of a `dense` layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DenseSpec {
    /// Output features.
    pub out_features: usize,
    /// Default true.
    #[serde(default = "yes")]
    pub bias: bool,
}

/// Numbers of a `batch_norm2d` layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BatchNormSpec {
    /// Added to the variance, default 1e-5.
    pub eps: f64,
    /// Weight of the batch in the running statistics, default 0.1.
    pub momentum: f64,
}

impl Default for BatchNormSpec {
    fn default() -> Self {
        Self { eps: 1e-5, momentum: 0.1 }
    }
}

/// Which cells of an image a `group_norm`, `instance_norm` or `layer_norm` layer normalises together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Together {
    /// `group_norm`: the channels of a group, of so many groups.
    Group(usize),
    /// `instance_norm`: a channel.
    Channel,
    /// `layer_norm`: the whole input.
    Whole,
}

/// Numbers of a `group_norm`, `instance_norm` or `layer_norm` layer, named as PyTorch names them.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupNormSpec {
    /// Which cells; the kind's name says it.
    pub of: Together,
    /// Added to the variance, default 1e-5.
    pub eps: f64,
    /// Whether the normalised values are scaled and shifted: with a number for each channel, of a `layer_norm` for each
    /// cell. Default true, of an `instance_norm` false.
    pub affine: bool,
}

impl GroupNormSpec {
    /// With the other numbers by default.
    pub const fn new(of: Together) -> Self {
        Self { of, eps: 1e-5, affine: !matches!(of, Together::Channel) }
    }
}

/// Numbers of a `local_response_norm` layer, named as PyTorch's LocalResponseNorm names them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LrnSpec {
    /// Channels in a window, default 5.
    pub size: usize,
    /// Weight of the mean square, default 1e-4.
    pub alpha: f64,
    /// Exponent, default 0.75.
    pub beta: f64,
    /// Added to the weighted mean square, default 1.
    pub k: f64,
}

impl Default for LrnSpec {
    fn default() -> Self {
        Self { size: 5, alpha: 1e-4, beta: 0.75, k: 1.0 }
    }
}

/// Numbers of a `prelu` layer.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PReluSpec {
    /// Whether each channel has a slope of its own, default false.
    pub per_channel: bool,
}

/// Numbers of a `dropout` layer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DropoutSpec {
    /// Probability that a cell is dropped, default 0.5.
    pub p: f64,
}

impl Default for DropoutSpec {
    fn default() -> Self {
        Self { p: 0.5 }
    }
}

/// A layer's kind with its numbers. The names in an architecture file are in [`Kind::name`].
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// Convolution.
    Conv2d(ConvSpec),
    /// Transposed convolution.
    ConvTranspose2d(ConvTransposeSpec),
    /// Max pooling.
    MaxPool2d(MaxPoolSpec),
    /// Average pooling.
    AvgPool2d(AvgPoolSpec),
    /// Average over all rows and columns.
    GlobalAvgPool2d,
    /// Maximum over all rows and columns.
    GlobalMaxPool2d,
    /// Averages of as many windows as there are outputs.
    AdaptiveAvgPool2d(AdaptivePoolSpec),
    /// Maxima of as many windows as there are outputs.
    AdaptiveMaxPool2d(AdaptivePoolSpec),
    /// Another number of rows and columns, by copies or means of cells.
    Upsample2d(UpsampleSpec),
    /// A border around each map.
    Pad2d(PadSpec),
    /// Some rows and columns.
    Crop2d(CropSpec),
    /// Some channels.
    SliceChannels(SliceSpec),
    /// The channels of several groups in turn.
    ChannelShuffle(ShuffleSpec),
    /// A function of each cell.
    Activation(Activation),
    /// A ReLU with learned slopes.
    PRelu(PReluSpec),
    /// A volume read as a vector, in C, H, W order.
    Flatten,
    /// Fully connected.
    Dense(DenseSpec),
    /// Batch normalisation.
    BatchNorm2d(BatchNormSpec),
    /// Group, instance and layer normalisation.
    GroupNorm(GroupNormSpec),
    /// Local response normalisation.
    LocalResponseNorm(LrnSpec),
    /// Dropout.
    Dropout(DropoutSpec),
    /// Softmax over the channels.
    Softmax,
    /// The sum of several inputs of one shape.
    Add,
    /// The product of several inputs of one shape, or of two of which one has a number for each channel.
    Multiply,
    /// The channels of several inputs, one after the other.
    Concat,
}

impl Kind {
    /// ReLU.
    pub const RELU: Self = Self::Activation(Activation::Relu);

    /// The `kind` in an architecture file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv2d(_) => "conv2d",
            Self::ConvTranspose2d(_) => "conv_transpose2d",
            Self::MaxPool2d(_) => "max_pool2d",
            Self::AvgPool2d(_) => "avg_pool2d",
            Self::GlobalAvgPool2d => "global_avg_pool2d",
            Self::GlobalMaxPool2d => "global_max_pool2d",
            Self::AdaptiveAvgPool2d(_) => "adaptive_avg_pool2d",
            Self::AdaptiveMaxPool2d(_) => "adaptive_max_pool2d",
            Self::Upsample2d(spec) => match spec.by {
                Upsampling::Nearest => "upsample_nearest2d",
                Upsampling::NearestExact => "upsample_nearest_exact2d",
                Upsampling::Bilinear => "upsample_bilinear2d",
                Upsampling::Bicubic => "upsample_bicubic2d",
            },
            Self::Pad2d(spec) => match spec.border {
                Border::Zero => "zero_pad2d",
                Border::Reflection => "reflection_pad2d",
                Border::Replication => "replication_pad2d",
            },
            Self::Crop2d(_) => "crop2d",
            Self::SliceChannels(_) => "slice_channels",
            Self::ChannelShuffle(_) => "channel_shuffle",
            Self::Activation(activation) => activation.key(),
            Self::PRelu(_) => "prelu",
            Self::Flatten => "flatten",
            Self::Dense(_) => "dense",
            Self::BatchNorm2d(_) => "batch_norm2d",
            Self::GroupNorm(spec) => match spec.of {
                Together::Group(_) => "group_norm",
                Together::Channel => "instance_norm",
                Together::Whole => "layer_norm",
            },
            Self::LocalResponseNorm(_) => "local_response_norm",
            Self::Dropout(_) => "dropout",
            Self::Softmax => "softmax",
            Self::Add => "add",
            Self::Multiply => "multiply",
            Self::Concat => "concat",
        }
    }

    /// Whether it joins several inputs into one output.
    pub const fn is_join(&self) -> bool {
        matches!(self, Self::Add | Self::Multiply | Self::Concat)
    }

    /// What the name of a layer of this kind begins with.
    pub fn stem(&self) -> &'static str {
        match self {
            Self::Conv2d(_) => "conv",
            Self::ConvTranspose2d(_) => "convt",
            Self::MaxPool2d(_)
            | Self::AvgPool2d(_)
            | Self::GlobalAvgPool2d
            | Self::GlobalMaxPool2d
            | Self::AdaptiveAvgPool2d(_)
            | Self::AdaptiveMaxPool2d(_) => "pool",
            Self::Upsample2d(_) => "up",
            Self::Pad2d(_) => "pad",
            Self::Crop2d(_) => "crop",
            Self::SliceChannels(_) => "slice",
            Self::ChannelShuffle(_) => "shuffle",
            Self::Activation(activation) => activation.stem(),
            Self::PRelu(_) => "prelu",
            Self::Flatten => "flatten",
            Self::Dense(_) => "fc",
            Self::BatchNorm2d(_) => "bn",
            Self::GroupNorm(spec) => match spec.of {
                Together::Group(_) => "gn",
                Together::Channel => "inorm",
                Together::Whole => "ln",
            },
            Self::LocalResponseNorm(_) => "lrn",
            Self::Dropout(_) => "dropout",
            Self::Softmax => "softmax",
            Self::Add => "add",
            Self::Multiply => "multiply",
            Self::Concat => "concat",
        }
    }

    /// All names, for messages.
    pub fn names() -> Vec<&'static str> {
        Self::starters().iter().map(Self::name).collect()
    }
}

/// One layer of an architecture.
#[derive(Clone, PartialEq, Debug)]
pub struct LayerSpec {
    /// The layer's name, unique in its network.
    pub name: String,
    /// The name that its tensors have in a weight file, where it differs.
    pub weights: Option<String>,
    /// Kind and numbers.
    pub kind: Kind,
    /// The names of what it reads, [`INPUT`] for the picture; none for the layer before, which of the first layer is
    /// the picture.
    pub inputs: Vec<String>,
}

/// The name of the picture among a layer's inputs.
pub const INPUT: &str = "input";

impl LayerSpec {
    /// A layer that reads the one before, and whose tensors have its own name.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), weights: None, kind, inputs: Vec::new() }
    }

    /// The same layer on inputs of these names.
    pub fn reading<I: IntoIterator<Item: Into<String>>>(self, inputs: I) -> Self {
        Self { inputs: inputs.into_iter().map(Into::into).collect(), ..self }
    }
}
