//! Laws of the model files: what is written is read back equal, and no bytes make the readers panic.

use convstep::{
    model_io::{Architecture, Model, Preprocess, bundled},
    nn::{
        Activation,
        init::Init,
        loss::Loss,
        resample::{Border, Upsampling},
        spec::{
            AdaptivePoolSpec, AvgPoolSpec, BatchNormSpec, ConvSpec, ConvTransposeSpec, CropSpec, DenseSpec,
            DropoutSpec, GroupNormSpec, Kind, LayerSpec, LrnSpec, MaxPoolSpec, PReluSpec, PadSpec, Pair,
            ShuffleSpec, SliceSpec, Together, UpsampleSpec,
        },
    },
};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{self, Index},
};

fn pair(from: usize, to: usize) -> impl Strategy<Value = Pair> {
    prop_oneof![(from..=to).prop_map(Pair::square), (from..=to, from..=to).prop_map(|(a, b)| Pair([a, b]))]
}

fn kind() -> impl Strategy<Value = Kind> {
    let conv = (1usize..4, pair(1, 3), pair(1, 2), pair(0, 2), pair(1, 2), any::<bool>(), any::<bool>());
    prop_oneof![
        conv.prop_map(|(out_channels, kernel, stride, padding, dilation, bias, normalize)| {
            Kind::Conv2d(ConvSpec {
                padding_end: (out_channels == 3).then_some(stride),
                out_channels,
                kernel,
                stride,
                padding,
                dilation,
                groups: 1,
                bias,
                normalize,
            })
        }),
        (1usize..4, pair(1, 3), pair(1, 3), pair(0, 1), any::<bool>()).prop_map(
            |(out_channels, kernel, stride, padding, bias)| {
                Kind::ConvTranspose2d(ConvTransposeSpec {
                    padding_end: (out_channels == 3).then_some(stride),
                    output_padding: Pair([stride.0[0] - 1, 0]),
                    dilation: Pair([1, kernel.0[1]]),
                    groups: 1,
                    out_channels,
                    kernel,
                    stride,
                    padding,
                    bias,
                })
            }
        ),
        (pair(1, 3), option::of(pair(1, 3))).prop_map(|(kernel, stride)| Kind::MaxPool2d(MaxPoolSpec {
            kernel,
            stride,
            padding_end: stride,
            dilation: stride.unwrap_or(kernel),
            ceil_mode: stride.is_none(),
            padding: Pair::square(0),
        })),
        (pair(1, 3), option::of(pair(1, 3)), any::<bool>()).prop_map(
            |(kernel, stride, count_include_pad)| {
                let (padding, padding_end) = (Pair::square(0), stride);
                let ceil_mode = !count_include_pad;
                Kind::AvgPool2d(AvgPoolSpec {
                    kernel,
                    stride,
                    padding,
                    padding_end,
                    ceil_mode,
                    count_include_pad,
                })
            }
        ),
        (sample::select(Activation::ALL.to_vec()), -2.0f64..2.0)
            .prop_map(|(activation, number)| Kind::Activation(activation.with_number(number))),
        (1usize..5, any::<bool>())
            .prop_map(|(out_features, bias)| Kind::Dense(DenseSpec { out_features, bias })),
        (1e-9f64..1.0, 0.0f64..1.0)
            .prop_map(|(eps, momentum)| Kind::BatchNorm2d(BatchNormSpec { eps, momentum })),
        (1usize..9, 0.0f64..1.0, 0.0f64..1.0, 0.1f64..2.0)
            .prop_map(|(size, alpha, beta, k)| { Kind::LocalResponseNorm(LrnSpec { size, alpha, beta, k }) }),
        (0usize..3, 1usize..5, 1e-9f64..1.0, any::<bool>()).prop_map(|(of, groups, eps, affine)| {
            let of = [Together::Group(groups), Together::Channel, Together::Whole][of];
            Kind::GroupNorm(GroupNormSpec { of, eps, affine })
        }),
        any::<bool>().prop_map(|per_channel| Kind::PRelu(PReluSpec { per_channel })),
        (0.0f64..=1.0).prop_map(|p| Kind::Dropout(DropoutSpec { p })),
        Just(Kind::GlobalAvgPool2d),
        Just(Kind::GlobalMaxPool2d),
        pair(1, 2).prop_map(|output_size| Kind::AdaptiveAvgPool2d(AdaptivePoolSpec { output_size })),
        pair(1, 2).prop_map(|output_size| Kind::AdaptiveMaxPool2d(AdaptivePoolSpec { output_size })),
        (0usize..4, pair(1, 3), any::<bool>(), any::<bool>()).prop_map(|(by, pair, sized, aligned)| {
            let by = Upsampling::ALL[by];
            let spec = if sized { UpsampleSpec::to_size(by, pair) } else { UpsampleSpec::by_scale(by, pair) };
            Kind::Upsample2d(UpsampleSpec { align_corners: aligned && by.mixes(), ..spec })
        }),
        (0usize..3, pair(0, 2), option::of(pair(0, 2)), pair(0, 2)).prop_map(
            |(border, padding, padding_end, channels)| {
                let border = [Border::Zero, Border::Reflection, Border::Replication][border];
                Kind::Pad2d(PadSpec { border, padding, padding_end, channels })
            }
        ),
        (pair(0, 2), pair(1, 3), pair(1, 2)).prop_map(|(start, size, step)| Kind::Crop2d(CropSpec {
            start,
            size,
            step
        })),
        (0usize..3, 1usize..4, 1usize..3).prop_map(|(start, count, step)| Kind::SliceChannels(SliceSpec {
            start,
            count,
            step
        })),
        (1usize..4).prop_map(|groups| Kind::ChannelShuffle(ShuffleSpec { groups })),
        Just(Kind::Flatten),
        Just(Kind::Softmax),
        Just(Kind::Add),
        Just(Kind::Multiply),
        Just(Kind::Concat),
    ]
}

fn architecture() -> impl Strategy<Value = Architecture> {
    let name = "[a-z][a-z0-9 \"\\\\.é]{0,9}";
    let layers = vec((kind(), option::of(name), vec(name, 0..3)), 1..7);
    let shuffle = option::of(0..=i64::MAX as u64);
    let numbers = (-1.0f64..1.0, 0.1f64..3.0, any::<bool>(), shuffle);
    (1usize..4, 1usize..14, 1usize..14, layers, numbers, any::<bool>()).prop_map(
        |(c, h, w, layers, (mean, std, plain, shuffle), mse)| Architecture {
            input: [c, h, w],
            classes: Vec::new(),
            preprocess: if plain {
                Preprocess::identity(c)
            } else {
                Preprocess::new(c, vec![mean; c], vec![std; c]).expect("finite").with_shuffle(shuffle)
            },
            layers: layers
                .into_iter()
                .enumerate()
                .map(|(l, (kind, weights, inputs))| LayerSpec {
                    name: format!("layer{l}"),
                    weights: weights.map(|name| format!("{name}{l}")),
                    kind,
                    inputs,
                })
                .collect(),
            loss: if mse { Loss::Mse } else { Loss::CrossEntropy },
        },
    )
}

/// A reader's complaint is one short line.
fn is_one_line(error: &impl ToString) -> bool {
    let line = error.to_string();
    !line.is_empty() && !line.contains('\n') && line.len() < 2000
}

proptest! {
    #[test]
    fn an_architecture_comes_back_equal(architecture in architecture(), classes in vec("\\PC{1,9}", 0..5)) {
        let mut architecture = architecture;
        for class in classes {
            if !class.trim().is_empty() && !architecture.classes.contains(&class) {
                architecture.classes.push(class);
            }
        }
        let text = architecture.to_toml();
        prop_assert_eq!(Architecture::parse(&text).map_err(|error| format!("{error}\n{text}")), Ok(architecture));
    }

    #[test]
    fn a_model_comes_back_equal(architecture in architecture(), seed: u64) {
        // Random sizes need not fit; that they are refused in one line is all that is asked then.
        match Model::initial("net", architecture, Init::He, seed) {
            Ok(model) => {
                let bytes = model.to_bytes().expect("writes");
                prop_assert_eq!(Model::from_bytes("net", &bytes, None), Ok(model.clone()));
                prop_assert_eq!(model.to_bytes(), Ok(bytes));
            }
            Err(error) => prop_assert!(is_one_line(&error), "{}", error),
        }
    }

    #[test]
    fn a_changed_weight_file_is_read_or_refused(
        changes in vec((any::<Index>(), any::<u8>()), 0..8),
        cut in option::of(any::<Index>()),
        in_header: bool,
    ) {
        let mut bytes = bundled::models()[2].bytes.to_vec();
        let end = if in_header { 80 } else { bytes.len() };
        for (at, byte) in changes {
            let at = at.index(end);
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Err(error) = Model::from_bytes("net", &bytes, None) {
            prop_assert!(is_one_line(&error), "{}", error);
        }
    }

    #[test]
    fn a_changed_architecture_is_read_or_refused(
        architecture in architecture(),
        changes in vec((any::<Index>(), prop_oneof![Just(None), "\\PC|[0-9\\[\\]\"=.,#\n-]".prop_map(Some)]), 1..6),
    ) {
        let mut text: Vec<String> = architecture.to_toml().chars().map(String::from).collect();
        for (at, change) in changes {
            let at = at.index(text.len());
            text[at] = change.unwrap_or_default();
        }
        match Architecture::parse(&text.concat()) {
            Ok(architecture) => {
                if let Err(error) = architecture.build() {
                    prop_assert!(is_one_line(&error), "{}", error);
                }
            }
            Err(error) => prop_assert!(is_one_line(&error), "{}", error),
        }
    }

    #[test]
    fn any_text_and_any_bytes_are_refused(text in "\\PC{0,200}", bytes in vec(any::<u8>(), 0..200)) {
        if let Err(error) = Architecture::parse(&text) {
            prop_assert!(is_one_line(&error), "{}", error);
        }
        prop_assert!(Model::from_bytes("net", &bytes, None).is_err_and(|error| is_one_line(&error)));
    }
}

#[test]
fn hostile_files_are_refused() {
    let deep = format!("input = {}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = format!(
        "input = [1, 8, 8]\n[[layers]]\nname = \"{}\"\nkind = \"{}\"",
        "n".repeat(10_000),
        "k".repeat(10_000)
    );
    let large = "input = [65536, 65536, 65536]\n[[layers]]\nname = \"r\"\nkind = \"relu\"";
    let wide =
        "input = [1, 8, 8]\n[[layers]]\nname = \"f\"\nkind = \"dense\"\nout_features = 9223372036854775807";
    for text in [&deep, &huge, large, wide] {
        let error =
            Architecture::parse(text).and_then(|architecture| architecture.build()).expect_err("hostile");
        assert!(is_one_line(&error), "{error}");
    }
    // A header that claims more than there is, and one whose shape overflows.
    let header = |json: &str| [&(json.len() as u64).to_le_bytes()[..], json.as_bytes()].concat();
    for bytes in [
        u64::MAX.to_le_bytes().to_vec(),
        99_999_999u64.to_le_bytes().to_vec(),
        header(r#"{"a":{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,4]}}"#),
        header(r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,18446744073709551615]}}"#),
        header(r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#),
        header(&"[".repeat(100_000)),
        header(r#"{"__metadata__":{"convstep.architecture":"\u0000"}}"#),
    ] {
        let error = Model::from_bytes("net", &bytes, None).expect_err("hostile");
        assert!(is_one_line(&error), "{error}");
    }
}
