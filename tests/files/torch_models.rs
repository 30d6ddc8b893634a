//! PyTorch models as their users have them: a state dict saved as safetensors, loaded through the
//! program's own readers with a TOML architecture. Every output, every gradient and the loss must be
//! PyTorch's.
//!
//! The files and the script that made them are in `tests/fixtures/torch`.

use convstep::data::npy;
use convstep::model_io::Model;
use convstep::nn::{Mode, Part, Source, dropout::Stream, loss};
use convstep::tensor::Tensor;
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
