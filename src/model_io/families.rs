//! The networks of torchvision that a state dict tells by its names and shapes alone.

#![expect(clippy::arithmetic_side_effects, reason = "the numbers of known networks, whatever a file says")]

use super::{Architecture, Preprocess};
use crate::nn::{
    Activation,
    loss::Loss,
    spec::{
        AdaptivePoolSpec, BatchNormSpec, ConvSpec, DenseSpec, DropoutSpec, Kind, LayerSpec, MaxPoolSpec, Pair,
    },
};

/// The names of the networks, as torchvision has them.
pub const NAMES: [&str; 17] = [
    "alexnet",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "mobilenet_v2",
    "squeezenet1_0",
    "squeezenet1_1",
];

/// The side of the pictures that these networks were made for; a state dict does not tell it.
pub const SIDE: usize = 224;

/// The network of this name for this many classes; `None` for another name.
pub fn build(name: &str, classes: usize) -> Option<Architecture> {
    let mut make = Maker::default();
    match name {
        "alexnet" => make.alexnet(classes),
        "resnet18" => make.resnet([2, 2, 2, 2], false, classes),
        "resnet34" => make.resnet([3, 4, 6, 3], false, classes),
        "resnet50" => make.resnet([3, 4, 6, 3], true, classes),
        "resnet101" => make.resnet([3, 4, 23, 3], true, classes),
        "resnet152" => make.resnet([3, 8, 36, 3], true, classes),
        "mobilenet_v2" => make.mobilenet_v2(classes),
        "squeezenet1_0" => make.squeezenet(96, 7, &[3, 4, 5, 0, 7, 8, 9, 10, 0, 12], classes),
        "squeezenet1_1" => make.squeezenet(64, 3, &[3, 4, 0, 6, 7, 0, 9, 10, 11, 12], classes),
        _ => {
            let (depth, is_normed) = match name.strip_prefix("vgg")?.strip_suffix("_bn") {
                Some(depth) => (depth, true),
                None => (name.strip_prefix("vgg")?, false),
            };
            let counts = match depth {
                "11" => [1, 1, 2, 2, 2],
                "13" => [2, 2, 2, 2, 2],
                "16" => [2, 2, 3, 3, 3],
                "19" => [2, 2, 4, 4, 4],
                _ => return None,
            };
            make.vgg(counts, is_normed, classes);
        }
    }
    // What torchvision's weights were trained with.
    let preprocess = Preprocess::new(3, vec![0.485, 0.456, 0.406], vec![0.229, 0.224, 0.225]).ok()?;
    Some(Architecture {
        input: [3, SIDE, SIDE],
        classes: Vec::new(),
        preprocess,
        layers: make.layers,
        loss: Loss::of_outputs(classes),
    })
}

/// A convolution's numbers.
#[derive(Clone, Copy)]
struct Conv {
    out: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    groups: usize,
    bias: bool,
}

impl Conv {
    /// As wide as high, padded so that a stride of 1 keeps rows and columns, without a bias.
    const fn same(out: usize, kernel: usize) -> Self {
        Self { out, kernel, stride: 1, padding: kernel / 2, groups: 1, bias: false }
    }

    const fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    const fn biased(self) -> Self {
        Self { bias: true, ..self }
    }
}

#[derive(Default)]
struct Maker {
    layers: Vec<LayerSpec>,
}

impl Maker {
    fn add(&mut self, name: impl Into<String>, kind: Kind) -> String {
        let name = name.into();
        self.layers.push(LayerSpec::new(name.clone(), kind));
        name
    }

    /// What the last layer reads, if not the one before it.
    fn reading(&mut self, inputs: &[&str]) {
        if let Some(last) = self.layers.last_mut() {
            last.inputs = inputs.iter().map(|&name| name.to_owned()).collect();
        }
    }

    fn conv(&mut self, name: impl Into<String>, conv: Conv) -> String {
        let spec = ConvSpec {
            stride: Pair::square(conv.stride),
            padding: Pair::square(conv.padding),
            groups: conv.groups,
            bias: conv.bias,
            ..ConvSpec::new(conv.out, conv.kernel)
        };
        self.add(name, Kind::Conv2d(spec))
    }

    fn norm(&mut self, name: impl Into<String>) -> String {
        self.add(name, Kind::BatchNorm2d(BatchNormSpec::default()))
    }

    fn relu(&mut self, name: impl Into<String>) -> String {
        self.add(name, Kind::RELU)
    }

    fn pool(&mut self, name: impl Into<String>, spec: MaxPoolSpec) {
        self.add(name, Kind::MaxPool2d(MaxPoolSpec { stride: Some(Pair::square(2)), ..spec }));
    }

    fn dropout(&mut self, name: &str, p: f64) {
        self.add(name, Kind::Dropout(DropoutSpec { p }));
    }

    fn dense(&mut self, name: &str, out_features: usize) {
        self.add(name, Kind::Dense(DenseSpec { out_features, bias: true }));
    }

    fn mean(&mut self) {
        self.add("avgpool", Kind::GlobalAvgPool2d);
    }

    fn alexnet(&mut self, classes: usize) {
        let convs =
            [(0, 64, 11, 4, 2), (3, 192, 5, 1, 2), (6, 384, 3, 1, 1), (8, 256, 3, 1, 1), (10, 256, 3, 1, 1)];
        for (at, out, kernel, stride, padding) in convs {
            self.conv(format!("features.{at}"), Conv { stride, padding, ..Conv::same(out, kernel).biased() });
            self.relu(format!("features.{}", at + 1));
            if matches!(at, 0 | 3 | 10) {
                self.pool(format!("features.{}", at + 2), MaxPoolSpec::new(3));
            }
        }
        self.add("avgpool", Kind::AdaptiveAvgPool2d(AdaptivePoolSpec { output_size: Pair::square(6) }));
        self.add("flatten", Kind::Flatten);
        self.dropout("classifier.0", 0.5);
        self.dense("classifier.1", 4096);
        self.relu("classifier.2");
        self.dropout("classifier.3", 0.5);
        self.dense("classifier.4", 4096);
        self.relu("classifier.5");
        self.dense("classifier.6", classes);
    }

    fn vgg(&mut self, counts: [usize; 5], is_normed: bool, classes: usize) {
        let mut at = 0;
        let mut next = || {
            at += 1;
            format!("features.{}", at - 1)
        };
        for (count, channels) in counts.into_iter().zip([64, 128, 256, 512, 512]) {
            for _ in 0..count {
                self.conv(next(), Conv::same(channels, 3).biased());
                if is_normed {
                    self.norm(next());
                }
                self.relu(next());
            }
            self.pool(next(), MaxPoolSpec::new(2));
        }
        self.add("avgpool", Kind::AdaptiveAvgPool2d(AdaptivePoolSpec { output_size: Pair::square(7) }));
        self.add("flatten", Kind::Flatten);
        self.dense("classifier.0", 4096);
        self.relu("classifier.1");
        self.dropout("classifier.2", 0.5);
        self.dense("classifier.3", 4096);
        self.relu("classifier.4");
        self.dropout("classifier.5", 0.5);
        self.dense("classifier.6", classes);
    }

    fn resnet(&mut self, counts: [usize; 4], is_deep: bool, classes: usize) {
        self.conv("conv1", Conv::same(64, 7).stride(2));
        self.norm("bn1");
        self.relu("relu");
        self.pool("maxpool", MaxPoolSpec { padding: Pair::square(1), ..MaxPoolSpec::new(3) });
        let (mut x, mut channels) = ("maxpool".to_owned(), 64);
        for (stage, count) in counts.into_iter().enumerate() {
            let wide = 64 << stage;
            let out = if is_deep { 4 * wide } else { wide };
            for block in 0..count {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let name = format!("layer{}.{block}", stage + 1);
                let convs: &[Conv] = match is_deep {
                    false => &[Conv::same(wide, 3).stride(stride), Conv::same(wide, 3)],
                    true => &[Conv::same(wide, 1), Conv::same(wide, 3).stride(stride), Conv::same(out, 1)],
                };
                let mut last = x.clone();
                for (n, &conv) in convs.iter().enumerate() {
                    self.conv(format!("{name}.conv{}", n + 1), conv);
                    last = self.norm(format!("{name}.bn{}", n + 1));
                    if n + 1 < convs.len() {
                        self.relu(format!("{name}.relu{}", n + 1));
                    }
                }
                let around = match stride == 1 && channels == out {
                    true => x,
                    false => {
                        self.conv(format!("{name}.downsample.0"), Conv::same(out, 1).stride(stride));
                        self.reading(&[&x]);
                        self.norm(format!("{name}.downsample.1"))
                    }
                };
                self.add(format!("{name}.add"), Kind::Add);
                self.reading(&[&last, &around]);
                x = self.relu(format!("{name}.relu"));
                channels = out;
            }
        }
        self.mean();
        self.dense("fc", classes);
    }

    fn mobilenet_v2(&mut self, classes: usize) {
        let relu6 = |make: &mut Self, name: String| make.add(name, Kind::Activation(Activation::Relu6));
        self.conv("features.0.0", Conv::same(32, 3).stride(2));
        self.norm("features.0.1");
        let mut x = relu6(self, "features.0.2".into());
        let (mut channels, mut at) = (32, 0);
        let stages = [
            (1, 16, 1, 1),
            (6, 24, 2, 2),
            (6, 32, 3, 2),
            (6, 64, 4, 2),
            (6, 96, 3, 1),
            (6, 160, 3, 2),
            (6, 320, 1, 1),
        ];
        for (wider, out, count, stride) in stages {
            for block in 0..count {
                at += 1;
                let stride = if block == 0 { stride } else { 1 };
                let (name, wide) = (format!("features.{at}.conv"), channels * wider);
                let mut place = 0;
                if wider > 1 {
                    self.conv(format!("{name}.0.0"), Conv::same(wide, 1));
                    self.norm(format!("{name}.0.1"));
                    relu6(self, format!("{name}.0.2"));
                    place = 1;
                }
                self.conv(
                    format!("{name}.{place}.0"),
                    Conv { groups: wide, ..Conv::same(wide, 3).stride(stride) },
                );
                self.norm(format!("{name}.{place}.1"));
                relu6(self, format!("{name}.{place}.2"));
                self.conv(format!("{name}.{}", place + 1), Conv::same(out, 1));
                let last = self.norm(format!("{name}.{}", place + 2));
                x = match stride == 1 && channels == out {
                    false => last,
                    true => {
                        let sum = self.add(format!("features.{at}.add"), Kind::Add);
                        self.reading(&[&x, &last]);
                        sum
                    }
                };
                channels = out;
            }
        }
        self.conv("features.18.0", Conv::same(1280, 1));
        self.norm("features.18.1");
        relu6(self, "features.18.2".into());
        self.mean();
        self.dropout("classifier.0", 0.2);
        self.dense("classifier.1", classes);
    }

    /// `places`: the numbers of the modules, 0 for a pool.
    fn squeezenet(&mut self, stem: usize, kernel: usize, places: &[usize], classes: usize) {
        let pool = MaxPoolSpec { ceil_mode: true, ..MaxPoolSpec::new(3) };
        self.conv("features.0", Conv { padding: 0, ..Conv::same(stem, kernel).stride(2).biased() });
        self.relu("features.1");
        self.pool("features.2", pool.clone());
        let mut sizes =
            [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)]
                .into_iter();
        let mut before = 2;
        for &place in places {
            before += 1;
            let Some((squeeze, each)) = (place > 0).then(|| sizes.next()).flatten() else {
                self.pool(format!("features.{before}"), pool.clone());
                continue;
            };
            let name = format!("features.{place}");
            self.conv(format!("{name}.squeeze"), Conv::same(squeeze, 1).biased());
            let x = self.relu(format!("{name}.squeeze_activation"));
            let mut both = Vec::new();
            for (part, kernel) in [("expand1x1", 1), ("expand3x3", 3)] {
                self.conv(format!("{name}.{part}"), Conv::same(each, kernel).biased());
                if kernel == 3 {
                    self.reading(&[&x]);
                }
                both.push(self.relu(format!("{name}.{part}_activation")));
            }
            self.add(format!("{name}.cat"), Kind::Concat);
            self.reading(&[&both[0], &both[1]]);
        }
        self.dropout("classifier.0", 0.5);
        self.conv("classifier.1", Conv::same(classes, 1).biased());
        self.relu("classifier.2");
        self.add("classifier.3", Kind::GlobalAvgPool2d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model_io::weights::{tensor_name, tensor_shape};
    use std::collections::BTreeSet;

    /// The files and the script that made them are in `tests/fixtures/torchvision`.
    #[test]
    fn tensors_have_torchvisions_names_and_shapes() {
        for name in [
            "alexnet",
            "vgg11_bn",
            "vgg16",
            "resnet18",
            "resnet50",
            "mobilenet_v2",
            "squeezenet1_0",
            "squeezenet1_1",
        ] {
            let path = format!("{}/tests/fixtures/torchvision/{name}.txt", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(path).expect(name);
            let expected: BTreeSet<String> = text
                .lines()
                .filter(|line| !line.contains("num_batches_tracked"))
                .map(str::to_owned)
                .collect();
            let network = build(name, 1000).and_then(|architecture| architecture.build().ok()).expect(name);
            let mut own = BTreeSet::new();
            for layer in &network.layers {
                for (part, shape) in layer.parameters() {
                    let shape: Vec<String> =
                        tensor_shape(layer, part, shape).iter().map(usize::to_string).collect();
                    own.insert(format!("{} {}", tensor_name(layer, part), shape.join(" ")));
                }
            }
            assert_eq!(own, expected, "{name}");
        }
    }

    #[test]
    fn each_network_builds_with_as_many_parameters_as_torchvision_says() {
        for (name, parameters) in [
            ("alexnet", 61_100_840),
            ("vgg11", 132_863_336),
            ("vgg11_bn", 132_868_840),
            ("vgg13", 133_047_848),
            ("vgg13_bn", 133_053_736),
            ("vgg16", 138_357_544),
            ("vgg16_bn", 138_365_992),
            ("vgg19", 143_667_240),
            ("vgg19_bn", 143_678_248),
            ("resnet18", 11_689_512),
            ("resnet34", 21_797_672),
            ("resnet50", 25_557_032),
            ("resnet101", 44_549_160),
            ("resnet152", 60_192_808),
            ("mobilenet_v2", 3_504_872),
            ("squeezenet1_0", 1_248_424),
            ("squeezenet1_1", 1_235_496),
        ] {
            let network = build(name, 1000).and_then(|architecture| architecture.build().ok()).expect(name);
            // Running statistics, of which torchvision does not count, are as many as weights and biases of the norms.
            let counted: usize = network
                .layers
                .iter()
                .flat_map(|layer| layer.parameters())
                .filter(|(part, _)| {
                    !matches!(part, crate::nn::Part::RunningMean | crate::nn::Part::RunningVar)
                })
                .map(|(_, shape)| shape.len())
                .sum();
            assert_eq!((counted, network.outputs()), (parameters, 1000), "{name}");
        }
        assert_eq!(NAMES.iter().filter(|name| build(name, 10).is_some()).count(), NAMES.len());
        assert!(build("vgg12", 10).is_none() && build("net", 10).is_none());
    }
}
