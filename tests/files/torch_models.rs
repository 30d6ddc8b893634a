//! PyTorch models as their users have them: a state dict saved as safetensors, loaded through the
//! program's own readers with a TOML architecture. Every output, every gradient and the loss must be
//! PyTorch's.
//!
//! The files and the script that made them are in `tests/fixtures/torch`.

use convstep::data::{Background, Content, Loaded, ModelFolder, npy};
use convstep::model_io::{Architecture, Model, Near};
use convstep::nn::{Mode, Part, Source, dropout::Stream, loss};
use convstep::tensor::Tensor;
use proptest::{collection::vec, option, prelude::*, sample::Index};
use safetensors::SafeTensors;
use std::{collections::BTreeSet, path::PathBuf};

/// The largest difference that passes, relative to the tensor's largest magnitude.
/// What comes out is some 1e-6.
const TOLERANCE: f64 = 1e-5;

fn bytes(file: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/torch").join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// Loads a model, runs it on its input, and compares all there is.
fn check(name: &str) -> Model {
    let toml = String::from_utf8(bytes(&format!("{name}.toml"))).expect("text");
    let model = Model::from_bytes(name, &bytes(&format!("{name}.safetensors")), Some(&toml))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let [c, h, w] = model.network.input;
    let x = npy::decode(&bytes(&format!("{name}.npy"))).expect("an array");
    let x = x.into_shape_with_order((1, c, h, w)).expect("one input");

    let file = bytes(&format!("{name}.expected.safetensors"));
    let (_, metadata) = SafeTensors::read_metadata(&file).expect("a header");
    let label = metadata.metadata().as_ref().expect("metadata")["label"].parse().expect("a number");
    let expected = SafeTensors::deserialize(&file).expect("safetensors");
    let mut left: BTreeSet<String> = expected.names().into_iter().map(str::to_owned).collect();

    let target = loss::one_hot(model.network.output(), &[label]);
    let values = model.network.run(&model.params, &x, &target, Mode::Eval, Stream::default());

    let mut worst = (0.0, String::new());
    let mut compare = |key: String, ours: &Tensor| {
        let view = expected.tensor(&key).unwrap_or_else(|error| panic!("{name}: {key}: {error}"));
        let theirs: Vec<f32> =
            view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        assert_eq!(ours.len(), theirs.len(), "{name}: {key}");
        let largest = theirs.iter().fold(0.0f64, |largest, x| largest.max(f64::from(x.abs())));
        assert!(largest > 0.0, "{name}: {key} is all zero and shows nothing");
        for (cell, (&ours, &theirs)) in ours.iter().zip(&theirs).enumerate() {
            let error = (f64::from(ours) - f64::from(theirs)).abs() / largest;
            assert!(
                error <= TOLERANCE,
                "{name}: {key}, cell {cell}: got {ours}, expected {theirs}, off by {error:.2e} of the largest"
            );
            if error >= worst.0 {
                worst = (error, key.clone());
            }
        }
        assert!(left.remove(&key), "{name}: {key} twice");
    };
    compare("loss".into(), values.loss.at(Part::Out));
    compare("input.dX".into(), values.layers[0].at(Part::Dx));
    for (l, layer) in model.network.layers.iter().enumerate() {
        let made = &values.layers[l];
        compare(layer.name().into(), made.at(Part::Out));
        compare(
            format!("{}.dY", layer.name()),
            values.gradient(&model.network, Source::Layer(l)).expect("it ran backward"),
        );
        for part in [Part::Dw, Part::Db] {
            if let Some(gradient) = made.get(part) {
                compare(format!("{}.{}", layer.name(), part.suffix()), gradient);
            }
        }
    }
    println!("{name}: off by at most {:.1e} of the largest, in {}", worst.0, worst.1);
    assert!(left.is_empty(), "{name}: not compared: {left:?}");
    model
}

#[test]
fn plain() {
    let model = check("plain");
    assert!(model.unused.is_empty(), "{:?}", model.unused);
}

#[test]
fn grouped() {
    check("grouped");
}

#[test]
fn normed() {
    check("normed");
}

#[test]
fn squares() {
    check("squares");
}

#[test]
fn slits() {
    let model = check("slits");
    assert_eq!(model.architecture.preprocess.mean(), [0.25]);
    let unseen: Vec<_> =
        model.network.unseen().into_iter().map(|unseen| (unseen.layer, unseen.rows, unseen.cols)).collect();
    assert_eq!(
        unseen,
        [(2, vec![], vec![1, 2, 4, 5, 7, 8, 10, 11, 13, 14]), (5, vec![2], vec![2, 5, 6])],
        "a stride of 3 under a kernel of width 1 and of width 2"
    );
}

#[test]
fn volume() {
    check("volume");
}

#[test]
fn decoder() {
    check("decoder");
}

/// Convolutions, pools and normalisation of sequences, as those of a picture of one row; their weights are (O, C, K).
#[test]
fn line() {
    let model = check("line");
    assert_eq!(model.network.input, [3, 1, 40]);
    // The array (C, L) is its picture.
    let values = npy::decode(&bytes("line.npy")).expect("an array");
    assert_eq!(values.dim(), (1, 1, 3, 40));
    let first = values[[0, 0, 1, 0]];
    let picture = Loaded { name: "line".into(), content: Content::Values(values), label: None };
    let adjustment = convstep::data::Adjustment::default();
    let fitted = picture.input(3, 1, 40, adjustment, Background::default()).expect("it fits");
    assert_eq!((fitted.tensor.dim(), fitted.tensor[[0, 1, 0, 0]]), ((1, 3, 1, 40), first));
}

/// What torch.save leaves of one state dict, in all its forms, is what safetensors leaves of it.
#[test]
fn the_files_of_torch_save_are_one_model() {
    let toml = String::from_utf8(bytes("plain.toml")).expect("text");
    let near = Near { architecture: Some(&toml), ..Near::NOTHING };
    let expected = Model::from_file("plain.safetensors", &bytes("plain.safetensors"), &near).expect("reads");
    for file in ["plain.pth", "plain_old.pth", "plain_checkpoint.pt", "plain_turned.pth", "plain_module.pt"] {
        let model =
            Model::from_file(file, &bytes(file), &near).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!((&model.network, &model.params), (&expected.network, &expected.params), "{file}");
        assert!(model.unused.is_empty(), "{file}: {:?}", model.unused);
    }
}

/// A state dict does not tell its network; the .toml beside it does.
#[test]
fn a_state_dict_finds_its_architecture_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = ModelFolder::of(&folder.path().join("net.pth"));
    let near = Near { files: &files, ..Near::NOTHING };
    let error = Model::from_file("net.pth", &bytes("plain.pth"), &near).expect_err("no architecture").0;
    assert!(error.contains("give it as a TOML file of the same name in the same folder"), "{error}");
    std::fs::write(folder.path().join("net.toml"), bytes("plain.toml")).expect("a file");
    assert_eq!(Model::from_file("net.pth", &bytes("plain.pth"), &near).map(|model| model.unused), Ok(vec![]));
}

/// A state dict of a network that nobody knows: a draft to complete, which opens it once it is completed.
#[test]
fn a_state_dict_without_an_architecture_gets_a_draft() {
    for file in ["plain.pth", "plain_old.pth", "plain.safetensors"] {
        let error = Model::from_file(file, &bytes(file), &Near::NOTHING).expect_err("no architecture").0;
        assert!(
            error.contains(&format!("`convstep export --model {file} --out NET.toml` writes a draft")),
            "{error}"
        );
        let draft = Model::draft(file, &bytes(file)).expect("reads").expect("a draft");
        assert!(draft.contains("# ? rows and columns") && draft.contains("stride = 1  # ?"), "{draft}");
        let drafted = Architecture::parse(&draft).unwrap_or_else(|error| panic!("{error}\n{draft}"));
        // The layers with tensors are those of the network, in its order; a pickle's own order is kept.
        let toml = String::from_utf8(bytes("plain.toml")).expect("text");
        let network =
            Architecture::parse(&toml).and_then(|architecture| architecture.build()).expect("builds");
        let own: Vec<&str> = network
            .layers
            .iter()
            .filter(|layer| !layer.parameters().is_empty())
            .map(|layer| layer.file_name())
            .collect();
        let told: Vec<&str> =
            drafted.layers.iter().map(|layer| layer.weights.as_deref().unwrap_or(&layer.name)).collect();
        let mut told: Vec<&str> = told.into_iter().filter(|name| own.contains(name)).collect();
        if file != "plain.safetensors" {
            told.sort_by_key(|name| own.iter().position(|other| other == name));
        }
        assert_eq!(told, own, "{draft}");
    }
    assert_eq!(Model::draft("net.onnx", b"\x08\x08\x12\x07pytorch"), Ok(None));
}

/// What wrappers put before all names is left out, and said.
#[test]
fn names_with_the_prefix_of_a_wrapper_open_with_a_note() {
    let toml = String::from_utf8(bytes("plain.toml")).expect("text");
    let near = Near { architecture: Some(&toml), ..Near::NOTHING };
    let plain = bytes("plain.safetensors");
    let file = SafeTensors::deserialize(&plain).expect("safetensors");
    let expected = Model::from_file("plain.safetensors", &plain, &near).expect("reads");
    for prefix in ["module.", "model.", "module.model."] {
        let tensors = file.tensors().into_iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor));
        let wrapped = safetensors::serialize(tensors, None).expect("serializes");
        let model = Model::from_file("net.safetensors", &wrapped, &near).expect("reads");
        assert_eq!(model.params, expected.params, "{prefix}");
        assert!(
            model
                .notes
                .iter()
                .any(|note| note.contains(&format!("begin with {prefix:?}, which is left out")))
        );
    }
    assert!(expected.notes.is_empty());
}

/// A pickle may name a tensor twice; found by the fuzz target `torch`.
#[test]
fn two_tensors_of_one_name_are_refused() {
    let mut file = bytes("plain_old.pth");
    let (from, to) = (b"features.0.bias", b"features.3.bias");
    let places: Vec<usize> =
        (0..file.len() - from.len()).filter(|&at| file[at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    for at in places {
        file[at..at + to.len()].copy_from_slice(to);
    }
    for error in [
        Model::from_file("net.pth", &file, &Near::NOTHING).expect_err("two of one name"),
        Model::draft("net.pth", &file).expect_err("two of one name"),
    ] {
        assert!(error.to_string().contains("features.3.bias twice"), "{error}");
    }
}

proptest! {
    #[test]
    fn a_changed_state_dict_is_read_or_refused_in_one_line(
        which in 0usize..4,
        changes in vec((any::<Index>(), any::<u8>()), 0..8),
        cut in option::of(any::<Index>()),
    ) {
        let mut file = bytes(["plain.pth", "plain_old.pth", "plain_checkpoint.pt", "plain_module.pt"][which]);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        let toml = String::from_utf8(bytes("plain.toml")).expect("text");
        let near = Near { architecture: Some(&toml), ..Near::NOTHING };
        if let Err(error) = Model::from_file("net.pth", &file, &near) {
            let line = error.to_string();
            prop_assert!(!line.is_empty() && !line.contains(char::is_control) && line.len() < 2000, "{line}");
        }
    }
}

/// Files of other kinds under the name of a model: each is told in a line of its own.
#[test]
fn files_of_other_kinds_are_named_with_their_remedy() {
    let zip = |names: &[&str]| [b"PK\x03\x04", names.join("....").as_bytes()].concat();
    for (file, bytes, expected) in [
        (
            "net.keras",
            zip(&["metadata.json", "config.json", "model.weights.h5"]),
            "expected a Keras model with its layers",
        ),
        ("net.h5", b"\x89HDF\r\n\x1a\n".to_vec(), "expected a Keras model with its layers"),
        ("net.npz", zip(&["w.npy"]), "this is a set of NumPy arrays (.npz)"),
        ("net.pt2", zip(&["net/models/model.json"]), "expected a program by torch.export (.pt2)"),
        ("net.pt", zip(&["net/data.pkl", "net/constants.pkl"]), "this is a program by TorchScript"),
        (
            "net.onnx",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0".to_vec(),
            "a Git LFS pointer",
        ),
        ("net.safetensors", b"version https://git-lfs.github.com/spec/v1".to_vec(), "a Git LFS pointer"),
        ("net.pth", b"<!DOCTYPE html><title>404</title>".to_vec(), "this is a web page"),
        ("net.onnx", zip(&["train/a/1.png"]), "this is a .zip archive"),
        ("net.tflite", b"\x1c\0\0\0TFL3\0".to_vec(), "TensorFlow Lite"),
        ("net.pth", vec![], "the file is empty"),
    ] {
        assert!(Model::is_file(file) || file.ends_with(".npz"), "{file}");
        let error = Model::from_file(file, &bytes, &Near::NOTHING).expect_err(file).0;
        assert!(error.contains(expected) && !error.contains('\n'), "{error}\n  should contain: {expected}");
        assert!(!error.contains("PyTorch checkpoint"), "{error}");
    }
    // What a file is does not depend on its name.
    let plain = bytes("plain.safetensors");
    let named = Model::from_file("weights.onnx", &plain, &Near::NOTHING).expect_err("no architecture");
    assert!(named.0.contains("expected the architecture"), "{named}");
}
