//! Networks with branches as their users have them: a residual block with a projection, inverted residuals with ReLU6,
//! Fire, a dense block, an inception block, squeeze-and-excite, an encoder with its decoder. Each comes as a state dict
//! with its architecture and as ONNX by both of PyTorch's exporters; the output, the loss, the gradients of the input and
//! of every parameter must be PyTorch's.
//!
//! The files and the script that made them are in `tests/fixtures/branches`.

use convstep::data::ModelFolder;
use convstep::model_io::{Model, Near};
use convstep::nn::{Mode, Part, Source, dropout::Stream, loss};
use convstep::tensor::Tensor;
use safetensors::SafeTensors;
use std::{collections::BTreeSet, path::PathBuf};

/// The largest difference that passes, relative to the tensor's largest magnitude.
const TOLERANCE: f32 = 1e-5;

/// The networks of the fixtures.
pub const NETS: [&str; 7] = [
    "residual",
    "inverted_residual",
    "fire",
    "dense_block",
    "inception",
    "squeeze_excite",
    "encoder_decoder",
];

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/branches").join(file)
}

/// A file of the fixtures.
pub fn bytes(file: &str) -> Vec<u8> {
    std::fs::read(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Opens a file with what lies beside it, all of which has to be of use.
fn open(file: &str) -> Model {
    let folder = ModelFolder::of(&path(file));
    let near = Near { files: &folder, ..Near::NOTHING };
    let model = Model::from_file(file, &bytes(file), &near).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(
        model.notes.is_empty() && model.unused.is_empty(),
        "{file}: {:?} {:?}",
        model.notes,
        model.unused
    );
    model
}

/// What a fixture holds under a name.
fn numbers(file: &SafeTensors, key: &str) -> Vec<f32> {
    let view = file.tensor(key).unwrap_or_else(|error| panic!("{key}: {error}"));
    view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// Runs a model on the fixture's input, and compares all that `expected` holds.
pub fn check(file: &str, model: &Model, input: &[u8], expected: &[u8]) {
    let (_, metadata) = SafeTensors::read_metadata(expected).expect("a header");
    let label = metadata.metadata().as_ref().expect("metadata")["label"].parse().expect("a number");
    let expected = SafeTensors::deserialize(expected).expect("safetensors");
    let input = numbers(&SafeTensors::deserialize(input).expect("safetensors"), "input");
    let network = &model.network;
    let [c, h, w] = network.input;
    let x = Tensor::from_shape_vec((1, c, h, w), input).expect("the network's input");
    let target = loss::one_hot(network.output(), &[label]);
    let values = network.run(&model.params, &x, &target, Mode::Eval, Stream::default());

    let mut left: BTreeSet<String> = expected.names().into_iter().map(str::to_owned).collect();
    left.remove("input");
    let mut compare = |key: &str, ours: &Tensor| {
        let theirs = numbers(&expected, key);
        assert_eq!(ours.len(), theirs.len(), "{file}: {key}");
        let largest = theirs.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        assert!(largest > 1e-3, "{file}: {key} is near 0 and shows nothing");
        for (cell, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
            let error = (ours - theirs).abs() / largest;
            assert!(
                error <= TOLERANCE,
                "{file}: {key}, cell {cell}: {ours} in place of {theirs}, off by {error:.1e}"
            );
        }
        assert!(left.remove(key), "{file}: {key} twice");
    };
    compare("output", values.output());
    compare("loss", values.loss.at(Part::Out));
    compare("input.dX", values.gradient(network, Source::Input).expect("it ran backward"));
    for (layer, made) in network.layers.iter().zip(&values.layers) {
        for (gradient, name) in [(Part::Dw, "weight"), (Part::Db, "bias")] {
            if let Some(gradient) = made.get(gradient) {
                compare(&format!("{}.{name}", layer.file_name()), gradient);
            }
        }
    }
    assert!(left.is_empty(), "{file}: not compared: {left:?}");
}

/// The state dict in either file, with the architecture beside it.
#[test]
fn state_dicts_of_networks_with_branches_compute_what_pytorch_computes() {
    for name in NETS {
        let run = bytes(&format!("{name}.run.safetensors"));
        let [saved, torch] = ["safetensors", "pth"].map(|end| format!("{name}.{end}"));
        let model = open(&saved);
        assert!(!model.network.is_chain(), "{name}");
        check(&saved, &model, &run, &run);
        let other = open(&torch);
        assert_eq!((&other.network, &other.params), (&model.network, &model.params), "{torch}");
        // What is opened can be saved and opened again.
        let again = Model::from_bytes(&model.name, &model.to_bytes().expect("writes"), None).expect("reads");
        assert_eq!((again.network, again.params), (model.network, model.params), "{name}");
    }
}

/// Written with its batch normalisations, a file has the names of the state dict; written by the other exporter, it has
/// them in its convolutions.
#[test]
fn onnx_files_of_networks_with_branches_compute_what_pytorch_computes() {
    for name in NETS {
        let run = bytes(&format!("{name}.run.safetensors"));
        let [script, dynamo] = ["script", "dynamo"].map(|by| format!("{name}.{by}.onnx"));
        check(&script, &open(&script), &run, &run);
        let folded = format!("{name}.folded.safetensors");
        let expected = if path(&folded).exists() { bytes(&folded) } else { run.clone() };
        check(&dynamo, &open(&dynamo), &run, &expected);
    }
}

/// The architecture that is exported of an ONNX file opens the state dict of the same network.
#[test]
fn an_exported_architecture_opens_the_state_dict() {
    for name in NETS {
        let model = open(&format!("{name}.script.onnx"));
        let toml = model.architecture.to_toml();
        let near = Near { architecture: Some(&toml), ..Near::NOTHING };
        let dict = Model::from_file("net.pth", &bytes(&format!("{name}.pth")), &near).expect(name);
        assert!(dict.unused.is_empty(), "{name}: {:?}", dict.unused);
        assert_eq!((dict.network, dict.params), (model.network, model.params), "{name}");
    }
}
