//! Presets: architectures to start from, each with an initialisation.

use super::{ModelError, arithmetic::ARITHMETIC, nearest::hint, preset::Preset};
use crate::{data::Generated, nn::init::Init};

/// The default seed of a preset's weights.
pub const SEED: u64 = 1;

const PRESETS: [Preset; 14] = [
    Preset {
        name: "lenet5",
        title: "LeNet-5",
        summary: "The classic for digits: tanh, average pooling, two dense layers.",
        init: Init::Xavier,
        filter: None,
        data: Some(Generated::Digits),
        default_sample: "digit-7",
        text: include_str!("../../assets/presets/lenet5.toml"),
    },
    Preset {
        name: "tinyvgg",
        title: "TinyVGG",
        summary: "CNN Explainer's network: two blocks of two convolutions on 64x64 pictures.",
        init: Init::He,
        filter: None,
        data: None,
        default_sample: "scene",
        text: include_str!("../../assets/presets/tinyvgg.toml"),
    },
    Preset {
        name: "cifar",
        title: "A network for CIFAR-10",
        summary: "Two blocks of two padded convolutions and a dense layer of 128 on 32x32 pictures.",
        init: Init::He,
        filter: None,
        data: None,
        default_sample: "scene",
        text: include_str!("../../assets/presets/cifar.toml"),
    },
    Preset {
        name: "dense",
        title: "Without convolution",
        summary: "Two dense layers on digits: more weights than LeNet-5, and none of them is shared between places.",
        init: Init::He,
        filter: None,
        data: Some(Generated::Digits),
        default_sample: "digit-7",
        text: include_str!("../../assets/presets/dense.toml"),
    },
    Preset {
        name: "vanishing",
        title: "A gradient that vanishes",
        summary: "Twelve convolutions with sigmoids: the first hardly gets a gradient.",
        init: Init::He,
        filter: None,
        data: Some(Generated::Digits),
        default_sample: "digit-7",
        text: include_str!("../../assets/presets/vanishing.toml"),
    },
    Preset {
        name: "exploding",
        title: "Activations that explode",
        summary: "Ten convolutions that start from weights six times too large: every layer makes its input larger.",
        init: Init::Normal { deviation: 1.0 },
        filter: None,
        data: Some(Generated::Digits),
        default_sample: "digit-7",
        text: include_str!("../../assets/presets/exploding.toml"),
    },
    Preset {
        name: "separable",
        title: "Depthwise separable",
        summary: "A small MobileNet: each convolution taken apart into one per map and one of 1x1 across the maps.",
        init: Init::He,
        filter: None,
        data: None,
        default_sample: "scene",
        text: include_str!("../../assets/presets/separable.toml"),
    },
    Preset {
        name: "inception",
        title: "A small Inception network",
        summary: "Three blocks that look at their input in four ways beside each other, on 32x32 pictures.",
        init: Init::He,
        filter: None,
        data: None,
        default_sample: "scene",
        text: include_str!("../../assets/presets/inception.toml"),
    },
    Preset {
        name: "densenet",
        title: "A small DenseNet",
        summary: "Three blocks in which each convolution reads what all before it made, on 32x32 pictures.",
        init: Init::He,
        filter: None,
        data: None,
        default_sample: "scene",
        text: include_str!("../../assets/presets/densenet.toml"),
    },
    Preset {
        name: "unet",
        title: "A small U-Net",
        summary: "Down, up again, and what was on the way down put beside; its map of scores becomes one class.",
        init: Init::He,
        filter: None,
        data: None,
        default_sample: "scene",
        text: include_str!("../../assets/presets/unet.toml"),
    },
    Preset {
        name: "vgg16",
        title: "VGG-16",
        summary: "Thirteen convolutions and three dense layers on 224x224 pictures: 138 million weights, untrained.",
        init: Init::He,
        filter: None,
        data: None,
        default_sample: "scene",
        text: include_str!("../../assets/presets/vgg16.toml"),
    },
    Preset {
        name: "resnet18",
        title: "ResNet-18",
        summary: "Eight blocks with their input led around them, on 224x224 pictures: 12 million weights, untrained.",
        init: Init::He,
        filter: None,
        data: None,
        default_sample: "scene",
        text: include_str!("../../assets/presets/resnet18.toml"),
    },
    Preset {
        name: "mobilenet_v2",
        title: "MobileNetV2",
        summary: "Seventeen inverted residual blocks on 224x224 pictures: 3.5 million weights, untrained.",
        init: Init::He,
        filter: None,
        data: None,
        default_sample: "scene",
        text: include_str!("../../assets/presets/mobilenet_v2.toml"),
    },
    Preset {
        name: "squeezenet1_1",
        title: "SqueezeNet 1.1",
        summary: "Eight Fire modules and no dense layer on 224x224 pictures: 1.2 million weights, untrained.",
        init: Init::He,
        filter: None,
        data: None,
        default_sample: "scene",
        text: include_str!("../../assets/presets/squeezenet1_1.toml"),
    },
];

/// The untrained networks, in the order in which menus offer them; not those of [`arithmetic`].
pub fn all() -> &'static [Preset] {
    const { &PRESETS }
}

/// The animations of convolution arithmetic, each a single layer whose filter is chosen.
pub fn arithmetic() -> &'static [Preset] {
    const { &ARITHMETIC }
}

/// All presets: the networks, then the animations.
pub fn every() -> impl Iterator<Item = &'static Preset> {
    all().iter().chain(arithmetic())
}

/// The preset with this name, if there is one.
pub fn find(name: &str) -> Option<&'static Preset> {
    every().find(|preset| preset.name == name)
}

/// The preset with this name, else an error.
///
/// ```
/// use convstep::model_io::presets;
///
/// let lenet5 = presets::load("lenet5")?;
/// assert_eq!(lenet5.architecture()?.build()?.parameter_count(), 61_706);
/// assert_eq!(lenet5.model(presets::SEED)?.network.output(), [10, 1, 1]);
/// assert!(presets::load("lenet").unwrap_err().to_string().contains("did you mean \"lenet5\""));
/// # Ok::<(), convstep::model_io::ModelError>(())
/// ```
///
/// # Errors
/// If there is no preset with this name; the message lists the names.
pub fn load(name: &str) -> Result<Preset, ModelError> {
    find(name).copied().ok_or_else(|| {
        let names: Vec<&str> = every().map(|preset| preset.name).collect();
        let got: String = name.chars().take(60).collect();
        ModelError(format!(
            "expected a preset, got {got:?}{}; the presets are {}",
            hint(&got, &names),
            names.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::samples;
    use crate::model_io::bundled;

    #[test]
    fn every_preset_builds_under_a_name_of_its_own() {
        for (p, preset) in every().enumerate() {
            let architecture = preset.architecture().expect(preset.name);
            let network = architecture.build().expect(preset.name);
            // SqueezeNet's first convolution has no padding, so that its last window ends before the last pixel.
            let unseen: Vec<_> =
                network.unseen().into_iter().map(|one| (one.layer, one.rows, one.cols)).collect();
            let known = match preset.name {
                "squeezenet1_1" => vec![(0, vec![223], vec![223])],
                _ => Vec::new(),
            };
            assert_eq!(unseen, known, "{} leaves pixels unread", preset.name);
            assert!(bundled::models().iter().all(|bundled| bundled.name != preset.name));
            assert!(every().take(p).all(|before| before.name != preset.name));
            assert_eq!(load(preset.name), Ok(*preset));
            let sample = samples::load(preset.default_sample).expect(preset.name);
            assert_eq!(sample.shape()[0], network.input[0], "{}", preset.name);
            if let Some(data) = preset.data {
                assert_eq!(network.input, data.input_shape(), "{}", preset.name);
                assert_eq!(architecture.classes, data.classes(), "{}", preset.name);
            }
        }
    }

    #[test]
    fn the_numbers_of_weights_are_the_papers() {
        let count = |name| {
            let network = load(name).and_then(|preset| preset.architecture()).and_then(|a| a.build());
            network.expect(name).parameter_count()
        };
        // torchvision's, with the running means and variances; the dense network has more weights than LeNet-5, as its
        // summary says.
        assert_eq!(count("vgg16"), 138_357_544);
        assert_eq!(count("resnet18"), 11_689_512 + 9_600);
        assert_eq!(count("mobilenet_v2"), 3_504_872 + 34_112);
        assert_eq!(count("squeezenet1_1"), 1_235_496);
        assert!(count("dense") > count("lenet5"));
    }
}
