//! Keras models as their users save them, as `.keras` and as `.h5`: outputs, loss and every gradient must be those of
//! Keras.
//!
//! The files and the script that made them are in `tests/fixtures/keras`.

use crate::changed_zip::with_part_changed;
use convstep::model_io::{Model, Near};
use convstep::nn::{Mode, Part, dropout::Stream, loss};
use convstep::tensor::Tensor;
use proptest::{collection::vec, option, prelude::*, sample::Index};
use safetensors::SafeTensors;
use std::{collections::BTreeSet, path::PathBuf};

/// The largest difference that passes, relative to the tensor's largest magnitude.
const TOLERANCE: f64 = 1e-5;

fn bytes(file: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/keras").join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn open(file: &str) -> Model {
    Model::from_file(file, &bytes(file), &Near::NOTHING).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn numbers(file: &SafeTensors, key: &str) -> (Vec<usize>, Vec<f32>) {
    let view = file.tensor(key).unwrap_or_else(|error| panic!("{key}: {error}"));
    let values = view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    (view.shape().to_vec(), values)
}

fn picture(file: &SafeTensors, key: &str) -> Tensor {
    let (shape, values) = numbers(file, key);
    let shape = <[usize; 4]>::try_from(shape).expect("four extents");
    Tensor::from_shape_vec(shape, values).expect("as many")
}

/// How far two lists are apart, relative to the largest magnitude.
fn error(ours: &[f32], theirs: &[f32]) -> f64 {
    let largest = theirs.iter().fold(0.0f64, |largest, x| largest.max(f64::from(x.abs())));
    assert!(largest > 0.0, "all zero, which shows nothing");
    let apart = ours.iter().zip(theirs).map(|(a, b)| (f64::from(*a) - f64::from(*b)).abs() / largest);
    apart.fold(0.0, f64::max)
}

/// Runs a model and compares all there is.
fn check(name: &str, ending: &str) -> Model {
    let model = open(&format!("{name}.{ending}"));
    let file = bytes(&format!("{name}.run.safetensors"));
    let (_, metadata) = SafeTensors::read_metadata(&file).expect("a header");
    let label = metadata.metadata().as_ref().expect("metadata")["label"].parse().expect("a number");
    let run = SafeTensors::deserialize(&file).expect("safetensors");
    let mut left: BTreeSet<String> = run.names().into_iter().map(str::to_owned).collect();
    let x = model.input_from_pixels(&picture(&run, "pixels")).expect("fits");
    left.remove("pixels");
    let target = match model.network.outputs() {
        1 => Tensor::from_elem((1, 1, 1, 1), label as f32),
        _ => loss::one_hot(model.network.output(), &[label]),
    };
    let values = model.network.run(&model.params, &x, &target, Mode::Eval, Stream::default());
    let mut compare = |key: String, ours: &Tensor| {
        let (_, theirs) = numbers(&run, &key);
        let ours: Vec<f32> = ours.iter().copied().collect();
        assert_eq!(ours.len(), theirs.len(), "{name}: {key}");
        let error = error(&ours, &theirs);
        assert!(error <= TOLERANCE, "{name}.{ending}: {key}: off by {error:.2e} of the largest");
        assert!(left.remove(&key), "{name}: {key} twice");
    };
    compare("input".into(), &x);
    compare("loss".into(), values.loss.at(Part::Out));
    compare("input.dX".into(), values.layers[0].at(Part::Dx));
    let last = model.network.layers.len() - 1;
    compare("output".into(), values.layers[last].at(Part::Out));
    for (layer, made) in model.network.layers.iter().zip(&values.layers) {
        for part in [Part::Dw, Part::Db] {
            // Keras has no such weight: a scale or a shift that is switched off, what a maximum or a bound is made of.
            let is_own = match (name, layer.name()) {
                ("depthwise", "point_norm") | ("decoder", "each_norm") => part == Part::Db,
                ("decoder", "norm") => part == Part::Dw,
                ("decoder", layer) => !layer.starts_with("larger") && !layer.starts_with("bounded"),
                _ => true,
            };
            if let Some(gradient) = made.get(part).filter(|_| is_own) {
                compare(format!("{}.{}", layer.name(), part.suffix()), gradient);
            }
        }
    }
    assert!(left.is_empty(), "{name}: not compared: {left:?}");
    model
}

fn has_note(model: &Model, part: &str) -> bool {
    model.notes.iter().any(|note| note.contains(part))
}

#[test]
fn sequential() {
    for ending in ["keras", "h5"] {
        let model = check("sequential", ending);
        assert_eq!(
            (model.architecture.preprocess.mean(), model.architecture.preprocess.std()),
            (&[0.5; 3][..], &[0.5; 3][..])
        );
        let names: Vec<&str> = model.network.layers.iter().map(|layer| layer.name()).collect();
        assert_eq!(
            names,
            [
                "conv",
                "conv_relu",
                "norm",
                "separable_depthwise",
                "separable_pointwise",
                "leaky",
                "pool",
                "drop",
                "flat",
                "hidden",
                "hidden_elu",
                "classes"
            ]
        );
        assert!(has_note(&model, "pictures as (rows, columns, channels)"), "{:?}", model.notes);
        assert!(has_note(&model, "the final Softmax was omitted"), "{:?}", model.notes);
        assert!(has_note(&model, "two convolutions"), "{:?}", model.notes);
        assert!(model.unused.is_empty(), "{:?}", model.unused);
    }
}

#[test]
fn residual() {
    for ending in ["keras", "h5"] {
        let model = check("residual", ending);
        assert!(model.architecture.preprocess.is_identity());
        assert!(has_note(&model, "the file does not tell how pixels become inputs"), "{:?}", model.notes);
    }
}

/// The same in the words of Keras 2, which wrote most of the .h5 files that people hold.
#[test]
fn residual_of_keras_2() {
    let (old, new) = (open("residual_keras2.h5"), open("residual.h5"));
    assert_eq!((&old.network, &old.params), (&new.network, &new.params));
}

#[test]
fn depthwise() {
    for ending in ["keras", "h5"] {
        let model = check("depthwise", ending);
        assert_eq!(model.architecture.loss, loss::Loss::BinaryCrossEntropy);
        assert!(has_note(&model, "changes its input in training only"), "{:?}", model.notes);
    }
}

/// Transposed convolutions, normalisations of each picture, other sizes, parts, the larger of two.
#[test]
fn decoder() {
    for ending in ["keras", "h5"] {
        let model = check("decoder", ending);
        assert!(model.unused.is_empty(), "{:?}", model.unused);
    }
}

/// Layers of sequences, whose file has them as (columns, channels).
#[test]
fn sequence() {
    for ending in ["keras", "h5"] {
        let model = check("sequence", ending);
        assert_eq!(model.network.input, [3, 1, 24]);
        assert!(has_note(&model, "as (columns, channels); the picture has one row"), "{:?}", model.notes);
        assert!(model.unused.is_empty(), "{:?}", model.unused);
    }
}

#[test]
fn channels_first() {
    for ending in ["keras", "h5"] {
        let model = check("channels_first", ending);
        assert!(!has_note(&model, "(rows, columns, channels)"), "{:?}", model.notes);
    }
}

/// A .keras file with its configuration changed.
fn changed(file: &str, change: impl Fn(String) -> String) -> Vec<u8> {
    with_part_changed(bytes(file), "config.json", change)
}

#[test]
fn what_cannot_be_read_is_named_in_one_line() {
    let replaced = |file: &'static str, from: &'static str, to: &'static str| {
        changed(file, move |text| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        })
    };
    for (bytes, expected) in [
        (
            replaced("sequential.keras", "\"class_name\": \"Dropout\"", "\"class_name\": \"Masking\""),
            "layer \"drop\" (Masking): expected a layer that is there, got another one; the layers are Activation",
        ),
        (
            replaced("sequential.keras", "\"activation\": \"elu\"", "\"activation\": \"softsign\""),
            "layer \"hidden\" (Dense): expected an activation that is there, got softsign",
        ),
        (
            replaced("sequential.keras", "\"class_name\": \"Sequential\"", "\"class_name\": \"MyNet\""),
            "expected a Sequential or a Functional model, got MyNet",
        ),
        (
            replaced("sequential.keras", "\"padding\": \"same\"", "\"padding\": \"full\""),
            "layer \"conv\" (Conv2D): expected the padding valid or same, got full",
        ),
        (
            replaced(
                "residual.keras",
                "\"keras_history\": [\"stem_norm\", 0, 0]",
                "\"keras_history\": [\"sum\", 0, 0]",
            ),
            "got an output that no layer makes",
        ),
        (b"\x89HDF\r\n\x1a\n".to_vec(), "expected a Keras model"),
    ] {
        let error = Model::from_file("net.keras", &bytes, &Near::NOTHING).expect_err(expected).0;
        assert!(error.contains(expected) && !error.contains('\n'), "{error}\n  should contain: {expected}");
        assert!(!error.contains("ONNX file") && !error.contains("export it again"), "{error}");
    }
}

/// A file of weights alone does not tell the layers.
#[test]
fn weights_alone_are_refused_with_what_to_do() {
    let file = bytes("sequential.keras");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(file)).expect("a zip");
    let mut weights = Vec::new();
    std::io::Read::read_to_end(&mut archive.by_name("model.weights.h5").expect("weights"), &mut weights)
        .expect("reads");
    let error = Model::from_file("net.weights.h5", &weights, &Near::NOTHING).expect_err("no layers").0;
    assert!(
        error.contains("got its weights alone (.weights.h5)") && error.contains("model.save(\"net.keras\")"),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(std::env::var("CASES").map_or(96, |n| n.parse().expect("a number"))))]
    #[test]
    fn a_changed_file_is_read_or_refused_in_one_line(
        which in 0usize..4,
        changes in vec((any::<Index>(), any::<u8>()), 0..8),
        cut in option::of(any::<Index>()),
    ) {
        let mut file = bytes(["sequential.keras", "depthwise.h5", "residual.h5", "depthwise.keras"][which]);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        if let Err(error) = Model::from_file("net.keras", &file, &Near::NOTHING) {
            let line = error.to_string();
            prop_assert!(!line.is_empty() && !line.contains(char::is_control) && line.len() < 2000, "{line}");
        }
    }
}
