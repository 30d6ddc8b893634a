//! Programs that `torch.export.save` wrote: the networks of `branched_models`, as exported and with their operators taken
//! apart. The output, the loss, the gradients of the input and of every parameter must be PyTorch's.
//!
//! The files and the scripts that made them are in `tests/fixtures/branches`.

use convstep::model_io::{Model, Near};
use convstep::nn::{Mode, Part, Source, dropout::Stream, loss};
use convstep::tensor::Tensor;
use proptest::{collection::vec, option, prelude::*, sample::Index};
use safetensors::SafeTensors;
use std::{collections::BTreeSet, path::PathBuf};

/// The largest difference that passes, relative to the tensor's largest magnitude.
const TOLERANCE: f32 = 1e-5;

const NETS: [&str; 7] = [
    "residual",
    "inverted_residual",
    "fire",
    "dense_block",
    "inception",
    "squeeze_excite",
    "encoder_decoder",
];

fn bytes(file: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/branches").join(file);
    std::fs::read(path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn open(file: &str) -> Model {
    Model::from_file(file, &bytes(file), &Near::NOTHING).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn numbers(file: &SafeTensors, key: &str) -> Vec<f32> {
    let view = file.tensor(key).unwrap_or_else(|error| panic!("{key}: {error}"));
    view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// Runs a model on the fixture's input, and compares all that the fixture holds.
fn check(file: &str, model: &Model, run: &[u8]) {
    let (_, metadata) = SafeTensors::read_metadata(run).expect("a header");
    let label = metadata.metadata().as_ref().expect("metadata")["label"].parse().expect("a number");
    let run = SafeTensors::deserialize(run).expect("safetensors");
    let network = &model.network;
    let [c, h, w] = network.input;
    let x = Tensor::from_shape_vec((1, c, h, w), numbers(&run, "input")).expect("the network's input");
    let target = loss::one_hot(network.output(), &[label]);
    let values = network.run(&model.params, &x, &target, Mode::Eval, Stream::default());
    let mut left: BTreeSet<String> = run.names().into_iter().map(str::to_owned).collect();
    left.remove("input");
    let mut compare = |key: &str, ours: &Tensor| {
        let theirs = numbers(&run, key);
        assert_eq!(ours.len(), theirs.len(), "{file}: {key}");
        let largest = theirs.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        assert!(largest > 1e-3, "{file}: {key} is near 0 and shows nothing");
        let apart = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs() / largest).fold(0.0, f32::max);
        assert!(apart <= TOLERANCE, "{file}: {key}: off by {apart:.1e} of the largest");
        assert!(left.remove(key), "{file}: {key} twice");
    };
    compare("output", values.output());
    compare("loss", values.loss.at(Part::Out));
    compare("input.dX", values.gradient(network, Source::Input).expect("it ran backward"));
    for (layer, made) in network.layers.iter().zip(&values.layers) {
        for (part, name) in [(Part::Dw, "weight"), (Part::Db, "bias")] {
            if let Some(gradient) = made.get(part) {
                compare(&format!("{}.{name}", layer.file_name()), gradient);
            }
        }
    }
    assert!(left.is_empty(), "{file}: not compared: {left:?}");
}

/// What is compared by name has the names of the state dict.
#[test]
fn programs_compute_what_pytorch_computes() {
    for name in NETS {
        for ending in ["pt2", "core.pt2"] {
            let file = format!("{name}.{ending}");
            let model = open(&file);
            check(&file, &model, &bytes(&format!("{name}.run.safetensors")));
            assert!(
                model.unused.is_empty() && model.notes.is_empty(),
                "{file}: {:?} {:?}",
                model.unused,
                model.notes
            );
        }
    }
}

/// The architecture that is exported of a program opens the state dict of the same network, in both of its files.
#[test]
fn an_exported_architecture_opens_the_state_dict() {
    for name in NETS {
        let program = open(&format!("{name}.pt2"));
        let toml = program.architecture.to_toml();
        let near = Near { architecture: Some(&toml), ..Near::NOTHING };
        for ending in ["pth", "safetensors"] {
            let file = format!("{name}.{ending}");
            let model = Model::from_file(&file, &bytes(&file), &near)
                .unwrap_or_else(|error| panic!("{file}: {error}"));
            assert_eq!((&model.network, &model.params), (&program.network, &program.params), "{file}");
        }
    }
}

/// The parts of a program with its graph changed.
fn changed(file: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    use std::io::{Cursor, Read, Write};
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes(file))).expect("a zip");
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for n in 0..archive.len() {
        let mut entry = archive.by_index(n).expect("an entry");
        let name = entry.name().to_owned();
        let mut part = Vec::new();
        entry.read_to_end(&mut part).expect("reads");
        if name.ends_with("models/model.json") {
            part = change(String::from_utf8(part).expect("text")).into_bytes();
        }
        out.start_file(name, zip::write::SimpleFileOptions::default()).expect("starts");
        out.write_all(&part).expect("writes");
    }
    out.finish().expect("a zip").into_inner()
}

#[test]
fn what_cannot_be_read_is_named_in_one_line() {
    let replaced = |file: &'static str, from: &'static str, to: &'static str| {
        changed(file, move |text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        })
    };
    for (bytes, expected) in [
        (
            replaced("residual.pt2", "torch.ops.aten.relu.default", "torch.ops.aten.erfinv.default"),
            "operator \"relu\" (aten.erfinv.default): expected an operator that is there, got another one; the operators are",
        ),
        (
            replaced(
                "inverted_residual.pt2",
                "{\"name\":\"train\",\"arg\":{\"as_bool\":false}",
                "{\"name\":\"train\",\"arg\":{\"as_bool\":true}",
            ),
            "got one in training mode, whose output is drawn at random",
        ),
        (
            replaced(
                "residual.pt2",
                "{\"name\":\"training\",\"arg\":{\"as_bool\":false}",
                "{\"name\":\"training\",\"arg\":{\"as_bool\":true}",
            ),
            "got a batch normalisation in training mode; export the model in evaluation mode",
        ),
        (
            replaced(
                "residual.pt2",
                "{\"as_tensor\":{\"name\":\"p_fc_weight\"}},\"kind\"",
                "{\"as_tensor\":{\"name\":\"nothing\"}},\"kind\"",
            ),
            "got nothing, which nothing makes",
        ),
        (
            changed("residual.pt2", |text| text[..text.len() / 2].to_owned()),
            "expected a program by torch.export (.pt2)",
        ),
    ] {
        let error = Model::from_file("net.pt2", &bytes, &Near::NOTHING).expect_err(expected).0;
        assert!(error.contains(expected) && !error.contains('\n'), "{error}\n  should contain: {expected}");
        assert!(!error.contains("ONNX file"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(std::env::var("CASES").map_or(96, |n| n.parse().expect("a number"))))]
    #[test]
    fn a_changed_file_is_read_or_refused_in_one_line(
        which in 0usize..3,
        changes in vec((any::<Index>(), any::<u8>()), 0..8),
        cut in option::of(any::<Index>()),
    ) {
        let mut file = bytes(["residual.pt2", "encoder_decoder.pt2", "squeeze_excite.core.pt2"][which]);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        if let Err(error) = Model::from_file("net.pt2", &file, &Near::NOTHING) {
            let line = error.to_string();
            prop_assert!(!line.is_empty() && !line.contains(char::is_control) && line.len() < 2000, "{line}");
        }
    }
}
