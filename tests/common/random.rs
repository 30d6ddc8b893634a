//! Random small networks of every layer kind, with random parameters, pictures and targets: the
//! ground that the gradient checks and the laws stand on. All of it is a function of its strategy
//! and seed.
#![allow(dead_code, reason = "each test file uses its own part of this one")]

use convstep::nn::{
    Activation, Network, Params, Part, Parts, Real,
    dropout::Stream,
    loss::Loss,
    outline::Outline,
    resample::{Border, Upsampling},
    spec::{
        AdaptivePoolSpec, AvgPoolSpec, BatchNormSpec, ConvSpec, ConvTransposeSpec, CropSpec, DenseSpec,
        DropoutSpec, GroupNormSpec, INPUT, Kind, LayerSpec, LrnSpec, MaxPoolSpec, PReluSpec, PadSpec, Pair,
        ShuffleSpec, SliceSpec, Together, UpsampleSpec,
    },
};
use convstep::tensor::Tensor;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn pair(range: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Pair> {
    (range.clone(), range).prop_map(|(a, b)| Pair([a, b]))
}

/// Convolutions: not square, strided, padded otherwise on each side, dilated, grouped, with and without bias and division.
pub fn conv() -> impl Strategy<Value = Kind> {
    let sides = (pair(0..=2), proptest::option::of(pair(0..=2)));
    let shape = (1..=4usize, pair(1..=3), pair(1..=3), sides, pair(1..=2));
    (shape, 1..=3usize, any::<bool>(), any::<bool>()).prop_map(
        |((out_channels, kernel, stride, (padding, padding_end), dilation), groups, bias, normalize)| {
            Kind::Conv2d(ConvSpec {
                out_channels: out_channels * groups,
                kernel,
                stride,
                padding,
                dilation,
                groups,
                bias,
                normalize,
                padding_end,
            })
        },
    )
}

/// Transposed convolutions: as [`conv`], with more rows and columns at the end and without; some stamps have gaps between
/// them, some are cut off by the padding.
pub fn conv_transpose() -> impl Strategy<Value = Kind> {
    let sides = (pair(0..=2), proptest::option::of(pair(0..=2)), pair(0..=2));
    let shape = (1..=3usize, pair(1..=3), pair(1..=3), sides, pair(1..=2));
    (shape, 1..=3usize, any::<bool>()).prop_map(
        |((out_channels, kernel, stride, (padding, padding_end, more), dilation), groups, bias)| {
            let most = [0, 1].map(|d| stride.0[d].max(dilation.0[d]) - 1);
            Kind::ConvTranspose2d(ConvTransposeSpec {
                out_channels: out_channels * groups,
                kernel,
                stride,
                padding,
                padding_end,
                output_padding: Pair([more.0[0].min(most[0]), more.0[1].min(most[1])]),
                dilation,
                groups,
                bias,
            })
        },
    )
}

/// Max pools: strides below, at and above the kernel, padded otherwise on each side and not, dilated, with a window for
/// the rest and without.
pub fn max_pool() -> impl Strategy<Value = Kind> {
    let sides = (pair(0..=1), proptest::option::of(pair(0..=1)));
    (pair(1..=3), proptest::option::of(pair(1..=4)), sides, pair(1..=2), any::<bool>()).prop_map(
        |(kernel, stride, (padding, padding_end), dilation, ceil_mode)| {
            Kind::MaxPool2d(MaxPoolSpec { kernel, stride, padding, padding_end, dilation, ceil_mode })
        },
    )
}

/// Average pools: as [`max_pool`], padding counted and not; none is dilated.
pub fn avg_pool() -> impl Strategy<Value = Kind> {
    let sides = (pair(0..=1), proptest::option::of(pair(0..=1)));
    (pair(1..=3), proptest::option::of(pair(1..=4)), sides, any::<bool>(), any::<bool>()).prop_map(
        |(kernel, stride, (padding, padding_end), ceil_mode, count_include_pad)| {
            Kind::AvgPool2d(AvgPoolSpec {
                kernel,
                stride,
                padding,
                padding_end,
                ceil_mode,
                count_include_pad,
            })
        },
    )
}

/// Adaptive pools; those whose windows side by side cover the input fit.
pub fn adaptive_pool(of: fn(AdaptivePoolSpec) -> Kind) -> impl Strategy<Value = Kind> {
    pair(1..=2).prop_map(move |output_size| of(AdaptivePoolSpec { output_size }))
}

/// Upsamplings of all kinds, by a scale and to a size.
pub fn upsample() -> impl Strategy<Value = Kind> {
    let by = proptest::sample::select(Upsampling::ALL.to_vec());
    let size = prop_oneof![
        pair(1..=3).prop_map(|scale| (scale, None)),
        pair(1..=9).prop_map(|size| (Pair::square(1), Some(size)))
    ];
    (by, size, any::<bool>()).prop_map(|(by, (scale, size), aligned)| {
        Kind::Upsample2d(UpsampleSpec { by, scale, size, align_corners: aligned && by.mixes() })
    })
}

/// Paddings with each border, otherwise on each side and not.
pub fn pad() -> impl Strategy<Value = Kind> {
    let border = proptest::sample::select(vec![Border::Zero, Border::Reflection, Border::Replication]);
    let channels = prop_oneof![Just(Pair::square(0)), pair(0..=2)];
    (border, pair(0..=2), proptest::option::of(pair(0..=2)), channels).prop_map(
        |(border, padding, padding_end, channels)| {
            Kind::Pad2d(PadSpec { border, padding, padding_end, channels })
        },
    )
}

/// Crops, with and without gaps.
pub fn crop() -> impl Strategy<Value = Kind> {
    (pair(0..=2), pair(1..=4), pair(1..=2))
        .prop_map(|(start, size, step)| Kind::Crop2d(CropSpec { start, size, step }))
}

/// Some channels, with and without gaps.
pub fn slice() -> impl Strategy<Value = Kind> {
    (0..=2usize, 1..=3usize, 1..=2usize)
        .prop_map(|(start, count, step)| Kind::SliceChannels(SliceSpec { start, count, step }))
}

/// Channels of groups in turn.
pub fn shuffle() -> impl Strategy<Value = Kind> {
    (1..=4usize).prop_map(|groups| Kind::ChannelShuffle(ShuffleSpec { groups }))
}

/// An activation, with any number where it has one.
pub fn with_number(activation: Activation) -> impl Strategy<Value = Kind> {
    // Most inputs lie within the limit of a Hardtanh, so that gradients pass.
    let least = if matches!(activation, Activation::Hardtanh { .. }) { 1.5 } else { 0.0 };
    (-0.5..0.5f64).prop_map(move |number| Kind::Activation(activation.with_number(least + number)))
}

/// Activations of every kind.
pub fn activation() -> impl Strategy<Value = Kind> {
    proptest::sample::select(Activation::ALL.to_vec()).prop_flat_map(with_number)
}

/// Dense layers with and without bias.
pub fn dense() -> impl Strategy<Value = Kind> {
    (1..=6usize, any::<bool>()).prop_map(|(out_features, bias)| Kind::Dense(DenseSpec { out_features, bias }))
}

/// Batch normalisation. Its eps is large enough for the third derivative, some eps^-1.5, to leave
/// central differences their digits.
pub fn batch_norm() -> impl Strategy<Value = Kind> {
    (0.01..0.5f64, 0.0..=1.0f64)
        .prop_map(|(eps, momentum)| Kind::BatchNorm2d(BatchNormSpec { eps, momentum }))
}

/// Normalisations of each image for itself, with and without scale and shift. Their eps is as large as that of
/// [`batch_norm`].
pub fn group_norm(of: Together) -> impl Strategy<Value = Kind> {
    (1..=3usize, 0.01..0.5f64, any::<bool>()).prop_map(move |(groups, eps, affine)| {
        let of = if let Together::Group(_) = of { Together::Group(groups) } else { of };
        Kind::GroupNorm(GroupNormSpec { of, eps, affine })
    })
}

/// PReLU with one slope and with one for each channel.
pub fn prelu() -> impl Strategy<Value = Kind> {
    any::<bool>().prop_map(|per_channel| Kind::PRelu(PReluSpec { per_channel }))
}

/// Local response normalisation, strong enough to show in the numbers.
pub fn local_response_norm() -> impl Strategy<Value = Kind> {
    (1..=5usize, 0.0..2.0f64, 0.0..1.5f64, 0.3..2.0f64)
        .prop_map(|(size, alpha, beta, k)| Kind::LocalResponseNorm(LrnSpec { size, alpha, beta, k }))
}

/// Dropout.
pub fn dropout() -> impl Strategy<Value = Kind> {
    (0.0..0.9f64).prop_map(|p| Kind::Dropout(DropoutSpec { p }))
}

/// A layer of any kind with one input.
pub fn kind() -> impl Strategy<Value = Kind> {
    // So that the activations together come up somewhat more often than convolutions.
    let weighted = |starter: Kind| match starter {
        Kind::Conv2d(_) => (9, conv().boxed()),
        Kind::ConvTranspose2d(_) => (3, conv_transpose().boxed()),
        Kind::MaxPool2d(_) => (3, max_pool().boxed()),
        Kind::AvgPool2d(_) => (3, avg_pool().boxed()),
        Kind::Activation(activation) => (1, with_number(activation).boxed()),
        Kind::Dense(_) => (3, dense().boxed()),
        Kind::BatchNorm2d(_) => (3, batch_norm().boxed()),
        Kind::PRelu(_) => (2, prelu().boxed()),
        Kind::GroupNorm(norm) => (2, group_norm(norm.of).boxed()),
        Kind::LocalResponseNorm(_) => (3, local_response_norm().boxed()),
        Kind::Dropout(_) => (3, dropout().boxed()),
        Kind::AdaptiveAvgPool2d(_) => (1, adaptive_pool(Kind::AdaptiveAvgPool2d).boxed()),
        Kind::AdaptiveMaxPool2d(_) => (1, adaptive_pool(Kind::AdaptiveMaxPool2d).boxed()),
        Kind::Upsample2d(_) => (1, upsample().boxed()),
        Kind::Pad2d(_) => (1, pad().boxed()),
        Kind::Crop2d(_) => (1, crop().boxed()),
        Kind::SliceChannels(_) => (1, slice().boxed()),
        Kind::ChannelShuffle(_) => (1, shuffle().boxed()),
        Kind::GlobalAvgPool2d => (3, Just(starter).boxed()),
        Kind::GlobalMaxPool2d => (1, Just(starter).boxed()),
        Kind::Flatten | Kind::Softmax | Kind::Add | Kind::Multiply | Kind::Concat => {
            (3, Just(starter).boxed())
        }
    };
    let starters = Kind::starters().into_iter().filter(|kind| !kind.is_join());
    proptest::strategy::Union::new_weighted(starters.map(weighted).collect())
}

/// Any loss.
pub fn loss() -> impl Strategy<Value = Loss> {
    proptest::sample::select(Loss::ALL.to_vec())
}

/// Input extents.
pub fn input() -> impl Strategy<Value = [usize; 3]> {
    (1..=4usize, 3..=9usize, 3..=9usize).prop_map(|(c, h, w)| [c, h, w])
}

/// The layers of `kinds` that fit, one after the other; the identity where none does. Binary cross-entropy gets the one
/// output that it takes.
pub fn stack(input: [usize; 3], kinds: impl IntoIterator<Item = Kind>, loss: Loss) -> Network {
    let mut specs: Vec<LayerSpec> = Vec::new();
    for kind in kinds {
        specs.push(LayerSpec::new(format!("layer{}", specs.len()), kind));
        if Network::build(input, specs.clone(), Loss::Mse).is_err() {
            specs.pop();
        }
    }
    if specs.is_empty() {
        specs.push(LayerSpec::new("flatten", Kind::Flatten));
    }
    with_loss(input, specs, loss)
}

/// The network of layers that fit, with one output where the loss takes no more.
fn with_loss(input: [usize; 3], mut specs: Vec<LayerSpec>, loss: Loss) -> Network {
    let network = Network::build(input, specs.clone(), Loss::Mse).expect("each layer was tried");
    if loss == Loss::BinaryCrossEntropy && network.outputs() != 1 {
        specs.push(LayerSpec::new("flat", Kind::Flatten));
        specs.push(LayerSpec::new("score", Kind::Dense(DenseSpec { out_features: 1, bias: true })));
    }
    Network::build(input, specs, loss).expect("each layer was tried")
}

/// Layers of `kinds` and joins, each on one or several earlier outputs, or on the picture: of those drawn, the ones that
/// fit, and whose outputs are read.
pub fn weave(input: [usize; 3], kinds: impl IntoIterator<Item = Kind>, seed: u64, loss: Loss) -> Network {
    let mut draw = Numbers::new(seed);
    let mut specs: Vec<LayerSpec> = Vec::new();
    let fits = |specs: &[LayerSpec]| Outline::new(input, specs.to_vec()).layers.len() == specs.len();
    for kind in kinds {
        let before = specs.len();
        let name = |specs: &[LayerSpec], n: usize| match n {
            0 => INPUT.to_owned(),
            n => specs[n - 1].name.clone(),
        };
        let mut spec = LayerSpec::new(format!("layer{before}"), kind);
        // Mostly the layer before, so that depth comes about.
        if draw.below(3) == 0 {
            let from = draw.below(before + 1);
            spec = spec.reading([name(&specs, from)]);
        }
        specs.push(spec);
        if !fits(&specs) {
            specs.pop();
            continue;
        }
        for join in 0..draw.below(3) {
            let len = specs.len();
            let kind = [Kind::Add, Kind::Multiply, Kind::Concat][draw.below(3)].clone();
            // Any two or three that go together, the newest among them now and then twice.
            for _ in 0..6 {
                let count = 2 + draw.below(2);
                let from: Vec<String> = (0..count).map(|_| name(&specs, draw.below(len + 1))).collect();
                specs.push(LayerSpec::new(format!("join{before}_{join}"), kind.clone()).reading(from));
                if fits(&specs) {
                    break;
                }
                specs.pop();
            }
        }
    }
    if specs.is_empty() {
        specs.push(LayerSpec::new("flatten", Kind::Flatten));
    }
    // What nothing reads goes. The layer behind it names what it reads, for it does not read this one.
    loop {
        match Network::build(input, specs.clone(), Loss::Mse) {
            Ok(_) => return with_loss(input, specs, loss),
            Err(_) => {
                let misfit = Outline::new(input, specs.clone()).misfit.expect("an unread layer");
                specs.remove(misfit.layer.expect("a layer"));
            }
        }
    }
}

/// Chains of one to six layers of all kinds.
pub fn chain() -> impl Strategy<Value = Network> {
    (input(), proptest::collection::vec(kind(), 1..=6), loss())
        .prop_map(|(input, kinds, loss)| stack(input, kinds, loss))
}

/// Networks of one to six layers of all kinds and the joins among them.
pub fn graph() -> impl Strategy<Value = Network> {
    (input(), proptest::collection::vec(kind(), 1..=6), any::<u64>(), loss())
        .prop_map(|(input, kinds, seed, loss)| weave(input, kinds, seed, loss))
}

/// Chains and graphs.
pub fn network() -> impl Strategy<Value = Network> {
    prop_oneof![chain(), graph()]
}

/// Numbers for one network, all from one seed.
pub struct Numbers(ChaCha8Rng);

impl Numbers {
    /// The numbers of a seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A tensor of numbers in +-scale.
    pub fn tensor<T: Real>(&mut self, dim: impl Into<[usize; 4]>, scale: f64) -> Tensor<T> {
        Tensor::from_shape_simple_fn(dim.into(), || T::nearest((self.0.random::<f64>() * 2.0 - 1.0) * scale))
    }

    /// Parameters that a trained network might have: no bias at 0, no scale at 1.
    pub fn params<T: Real>(&mut self, network: &Network) -> Params<T> {
        let layers = network.layers.iter().map(|layer| {
            let mut parts = Parts::default();
            for (part, shape) in layer.parameters() {
                let fan_in = (shape.len() / shape.0[0]).max(1) as f64;
                let tensor = match part {
                    Part::RunningVar => self.tensor(shape.0, 0.4).mapv(|x: T| x + T::nearest(0.6)),
                    Part::Weight if shape.0[0] > 1 => self.tensor(shape.0, (3.0 / fan_in).sqrt()),
                    _ => self.tensor(shape.0, 1.0),
                };
                parts.set(part, tensor);
            }
            parts
        });
        Params(layers.collect())
    }

    /// A batch of pictures for a network.
    pub fn pictures<T: Real>(&mut self, network: &Network, images: usize) -> Tensor<T> {
        let [c, h, w] = network.input;
        self.tensor([images, c, h, w], 1.5)
    }

    /// Targets that fit the loss: a class each, or any numbers for the squared error.
    pub fn targets<T: Real>(&mut self, network: &Network, images: usize) -> Tensor<T> {
        let [c, h, w] = network.output();
        match network.loss {
            Loss::CrossEntropy | Loss::BinaryCrossEntropy => {
                let classes: Vec<_> =
                    (0..images).map(|_| self.0.random_range(0..network.classes())).collect();
                network.target(&classes)
            }
            Loss::Mse => self.tensor([images, c, h, w], 1.0),
        }
    }

    /// A stream of dropout masks.
    pub fn stream(&mut self) -> Stream {
        Stream { seed: self.0.random(), step: self.0.random_range(0..1000) }
    }

    /// A position in a range.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }
}
