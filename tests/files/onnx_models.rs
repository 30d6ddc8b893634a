//! ONNX files as their users have them: exported by PyTorch, and built with old and new forms of each operator. What
//! they compute must be what PyTorch computes.
//!
//! The files and the script that made them are in `tests/fixtures/onnx`.

use convstep::data::ModelFolder;
use convstep::model_io::{Architecture, Model, Near};
use convstep::nn::{Mode, Part, dropout::Stream, init::Init, loss::Loss, spec::Kind};
use convstep::tensor::Tensor;
use proptest::{collection::vec, option, prelude::*, sample::Index};
use safetensors::SafeTensors;
use std::path::PathBuf;

/// The largest difference that passes, relative to the tensor's largest magnitude.
const TOLERANCE: f32 = 1e-5;

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/onnx").join(file)
}

fn bytes(file: &str) -> Vec<u8> {
    std::fs::read(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// An architecture beside the file.
fn with(toml: &str) -> Near<'_> {
    Near { architecture: Some(toml), ..Near::NOTHING }
}

fn open(name: &str) -> Model {
    let file = format!("{name}.onnx");
    let folder = ModelFolder::of(&path(&file));
    let near = Near { files: &folder, ..Near::NOTHING };
    Model::from_file(&file, &bytes(&file), &near).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The fixture's tensor and its extents.
fn tensor(file: &[u8], name: &str) -> (Vec<usize>, Vec<f32>) {
    let file = SafeTensors::deserialize(file).expect("safetensors");
    let view = file.tensor(name).expect(name);
    let numbers = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes));
    (view.shape().to_vec(), numbers.collect())
}

fn outputs(model: &Model, x: &Tensor) -> Vec<f32> {
    model.network.forward(&model.params, x, Mode::Eval, Stream::default()).output().iter().copied().collect()
}

/// Opens a file, runs it, and compares.
fn check(name: &str) -> Model {
    check_opened(name, open(name))
}

/// Runs what a file was opened as, and compares.
fn check_opened(name: &str, model: Model) -> Model {
    let run = bytes(&format!("{name}.run.safetensors"));
    let (shape, x) = tensor(&run, "input");
    let shape: [usize; 4] = shape.try_into().expect("four extents");
    assert_eq!(shape[1..], model.network.input, "{name}");
    let ours = outputs(&model, &Tensor::from_shape_vec(shape, x).expect("fits"));
    let (_, theirs) = tensor(&run, "output");
    assert_eq!(ours.len(), theirs.len(), "{name}");
    let largest = theirs.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    assert!(largest > 0.1, "{name}: an output near 0 shows nothing");
    for (cell, (ours, theirs)) in ours.iter().zip(&theirs).enumerate() {
        let error = (ours - theirs).abs() / largest;
        assert!(error <= TOLERANCE, "{name}, cell {cell}: got {ours}, expected {theirs}, off by {error:.1e}");
    }
    // What is opened can be saved and opened again.
    let saved = Model::from_bytes(&model.name, &model.to_bytes().expect("writes"), None).expect("reads");
    assert_eq!((&saved.network, &saved.params), (&model.network, &model.params), "{name}");
    model
}

fn layers(model: &Model) -> Vec<(&str, &str)> {
    model.network.layers.iter().map(|layer| (layer.name(), layer.spec.kind.name())).collect()
}

#[test]
fn what_pytorch_exports_computes_what_pytorch_computes() {
    let model = check("torch_script");
    assert_eq!(
        layers(&model),
        [
            ("features.0", "conv2d"),
            ("features.1", "batch_norm2d"),
            ("features.2", "relu"),
            ("features.3", "max_pool2d"),
            ("features.4", "conv2d"),
            ("features.5", "batch_norm2d"),
            ("features.6", "leaky_relu"),
            ("features.7", "avg_pool2d"),
            ("flatten1", "flatten"),
            ("classifier.0", "dense"),
            ("classifier.1", "tanh"),
            ("classifier.2", "dense"),
        ]
    );
    assert!(model.notes.is_empty() && model.unused.is_empty(), "{:?} {:?}", model.notes, model.unused);
    let Kind::BatchNorm2d(bn) = &model.architecture.layers[5].kind else { panic!("no batch normalisation") };
    assert_eq!((bn.eps, bn.momentum), (1e-3, 0.2));

    // Exported in evaluation mode, PyTorch has put the batch normalisation into the convolution.
    for name in ["torch_folded", "torch_dynamo"] {
        let model = check(name);
        assert_eq!(model.network.layers.len(), 10, "{name}: {:?}", layers(&model));
        assert!(model.unused.is_empty(), "{name}: {:?}", model.unused);
    }
}

/// Transposed convolutions as PyTorch exports them, and in each form that ONNX has for a padding.
#[test]
fn transposed_convolutions_compute_what_others_compute() {
    for (exporter, layers_of_it) in [("script", 8), ("dynamo", 7)] {
        let model = check(&format!("decoder_{exporter}"));
        assert_eq!(model.network.layers.len(), layers_of_it, "{exporter}: {:?}", layers(&model));
        assert!(model.notes.is_empty() && model.unused.is_empty(), "{:?} {:?}", model.notes, model.unused);
    }
    for (name, padding, padding_end, more) in [
        ("less", [2, 1], Some([1, 0]), [0, 0]),
        ("upper", [1, 0], Some([2, 1]), [0, 0]),
        ("more", [0, 0], None, [1, 1]),
    ] {
        let model = check(&format!("paddings_{name}"));
        let Kind::ConvTranspose2d(last) = &model.architecture.layers[4].kind else { panic!("{name}") };
        let found = (last.padding.0, last.padding_end.map(|end| end.0), last.output_padding.0);
        assert_eq!(found, (padding, padding_end, more), "{name}");
    }
}

/// Layers on sequences, as those on a picture of one row.
#[test]
fn one_dimensional_layers_compute_what_pytorch_computes() {
    for exporter in ["script", "dynamo"] {
        let model = check(&format!("line_{exporter}"));
        assert_eq!(model.network.input, [3, 1, 40]);
        assert_eq!(model.notes, ["the file's input has one row, so the picture has one"]);
    }
}

/// The state dict, read with the architecture that the ONNX file has: the same weights, so the same bits.
#[test]
fn a_state_dict_and_an_onnx_file_of_one_network_are_one_model() {
    let model = open("torch_script");
    let toml = model.architecture.to_toml();
    let dict =
        Model::from_file("net.safetensors", &bytes("torch_plain.safetensors"), &with(&toml)).expect("fits");
    assert!(dict.unused.is_empty(), "{:?}", dict.unused);
    assert_eq!((dict.network, dict.params), (model.network, model.params));
}

/// The TOML of an architecture without a loss, whose last layer has these outputs.
fn without_a_loss(outputs: usize) -> String {
    format!(
        "input = [1, 4, 4]\n[[layers]]\nname = \"flat\"\nkind = \"flatten\"\n[[layers]]\nname = \"fc\"\nkind = \
         \"dense\"\nout_features = {outputs}\n"
    )
}

/// One output is the logit of the second of two classes, unless the file says otherwise; a cross-entropy, which would
/// find every answer right, is refused with what to write.
#[test]
fn one_output_tells_two_classes_apart() {
    let one = Architecture::parse(&without_a_loss(1)).expect("reads");
    assert_eq!((one.loss, one.build().map(|network| network.classes())), (Loss::BinaryCrossEntropy, Ok(2)));
    assert!(
        one.note_on_loss(&without_a_loss(1))
            .is_some_and(|note| note.starts_with("fc has one output: it is taken"))
    );
    assert_eq!(one.note_on_loss(&one.to_toml()), None, "it is named");
    let two = Architecture::parse(&without_a_loss(2)).expect("reads");
    assert_eq!((two.loss, two.note_on_loss(&without_a_loss(2))), (Loss::CrossEntropy, None));

    let with = |outputs: usize, loss: &str| {
        let text = format!("{}[loss]\nkind = \"{loss}\"\n", without_a_loss(outputs));
        Architecture::parse(&text).and_then(|architecture| architecture.build()).map_err(|error| error.0)
    };
    assert_eq!(
        with(1, "cross_entropy").expect_err("refused"),
        "loss: expected at least 2 outputs of fc for cross_entropy, got 1, whose probability would always be 1; write \
         kind = \"binary_cross_entropy\", or give fc one output for each class"
    );
    assert!(with(1, "mse").is_ok());
    let error = with(3, "binary_cross_entropy").expect_err("refused");
    assert!(
        error.starts_with("loss: expected 1 output of fc for binary_cross_entropy, got 3; give fc one"),
        "{error}"
    );

    // What this program wrote before there was another loss opens, with a note.
    let mut old = Model::initial("old", one, Init::He, 1).expect("fits");
    old.architecture.loss = Loss::CrossEntropy;
    let opened =
        Model::from_file("old.safetensors", &old.to_bytes().expect("writes"), &Near::NOTHING).expect("opens");
    assert_eq!(opened.network.loss, Loss::BinaryCrossEntropy);
    assert!(opened.notes.iter().any(|note| note.contains("would always be 1")), "{:?}", opened.notes);
}

#[test]
fn old_and_new_operators_compute_what_pytorch_computes() {
    let left_out =
        |name: &str| format!("the final {name} was omitted, because the cross-entropy loss contains it");

    let model = check("opset_7");
    assert_eq!(model.notes, [left_out("Softmax")]);
    assert_eq!(layers(&model)[0], ("first", "conv2d"));
    let Kind::AvgPool2d(pool) = &model.architecture.layers[3].kind else { panic!("no pool") };
    assert!(!pool.count_include_pad);
    assert_eq!(model.network.loss, Loss::CrossEntropy);

    let model = check("opset_11");
    assert_eq!(model.notes, [left_out("LogSoftmax")]);
    let names = ["b_c", "relu1", "pool1", "leaky1", "pool2", "flatten1", "fc1"];
    assert_eq!(layers(&model).iter().map(|layer| layer.0).collect::<Vec<_>>(), names);
    assert!(model.params.0[6].get(Part::Bias).is_some(), "MatMul and Add are one dense layer");

    let model = check("opset_13");
    assert_eq!(model.notes.len(), 2, "{:?}", model.notes);
    assert!(model.notes[0].contains("were converted to float32"), "{:?}", model.notes);

    let model = check("opset_21");
    assert_eq!(model.network.loss, Loss::Mse);
    assert_eq!(model.notes, ["the network ends in sigmoid: its loss is the mean squared error"]);
    assert_eq!(model.unused, ["spare"]);
}

/// Graphs as people have them; the script is `make_graphs.py`.
#[test]
fn graphs_that_spell_a_chain_in_other_ways_compute_the_same() {
    for name in [
        "two_files",
        "many_files",
        "computed_weights",
        "view_of_the_picture",
        "batch_norm_1d",
        "uneven_padding",
        "ceil_mode",
        "branches",
        "channel_shuffle",
        "resized",
    ] {
        let model = check(name);
        assert!(
            model.notes.is_empty() && model.unused.is_empty(),
            "{name}: {:?} {:?}",
            model.notes,
            model.unused
        );
    }
    for (name, notes) in [("bordered", 1), ("repeated", 4)] {
        let model = check(name);
        let is_told =
            |note: &String| note.contains("constants of the file") || note.contains("of two branches");
        assert!(model.notes.iter().all(is_told), "{name}: {:?}", model.notes);
        assert!(model.notes.len() >= notes, "{name}: {:?}", model.notes);
    }
    let kinds = |name: &str| {
        let model = check(name);
        model.network.layers.iter().map(|layer| layer.spec.kind.name()).collect::<Vec<_>>()
    };
    let shuffled =
        ["conv2d", "relu", "slice_channels", "slice_channels", "conv2d", "concat", "channel_shuffle"];
    assert_eq!(kinds("channel_shuffle")[..7], shuffled);
    let size = Some([8, 8]);
    let free = Model::from_file("free_size.onnx", &bytes("free_size.onnx"), &Near { size, ..Near::NOTHING });
    assert!(check_opened("free_size", free.expect("opens")).notes.is_empty());
    let model = check("two_outputs");
    assert_eq!(model.notes, ["the file has 2 outputs: \"y\" is shown, [\"h\"] left out"]);
    let model = check("residual");
    assert_eq!(model.network.layers[4].spec.inputs, ["b", "p"], "{:?}", layers(&model));
    for name in ["channels_last", "channels_last_cells", "channels_last_branches"] {
        let model = check(name);
        assert_eq!(model.network.input[0], 3, "{name}");
        let note = "the file has its pictures as (rows, columns, channels); they are shown as (channels, rows, columns)";
        assert!(model.notes.iter().any(|line| line.starts_with(note)), "{name}: {:?}", model.notes);
    }
}

/// The normalisations of each picture and PReLU, as both exporters write them; the script is `make_norms.py`.
#[test]
fn normalisations_that_pytorch_exports_compute_what_pytorch_computes() {
    let kinds = [
        "conv2d",
        "group_norm",
        "prelu",
        "conv2d",
        "instance_norm",
        "prelu",
        "conv2d",
        "instance_norm",
        "conv2d",
        "layer_norm",
        "relu",
        "flatten",
        "dense",
        "layer_norm",
        "prelu",
        "dense",
        "group_norm",
        "dense",
    ];
    for name in ["norms_script_16", "norms_script_20", "norms_dynamo_20", "norms_dynamo_21"] {
        let model = check(name);
        assert_eq!(layers(&model).iter().map(|layer| layer.1).collect::<Vec<_>>(), kinds, "{name}");
        assert!(
            model.notes.is_empty() && model.unused.is_empty(),
            "{name}: {:?} {:?}",
            model.notes,
            model.unused
        );
        let affine = |l: usize| match &model.architecture.layers[l].kind {
            Kind::GroupNorm(norm) => norm.affine,
            other => panic!("{name}: {other:?}"),
        };
        assert_eq!([1, 4, 7, 9, 13, 16].map(affine), [true, true, false, true, true, true], "{name}");
    }
    // Their names are the state dict's own.
    let model = open("norms_script_20");
    let toml = model.architecture.to_toml();
    let dict =
        Model::from_file("norms.safetensors", &bytes("norms.safetensors"), &with(&toml)).expect("fits");
    assert!(dict.unused.is_empty(), "{:?}", dict.unused);
    assert_eq!((dict.network, dict.params), (model.network, model.params));
    let plain =
        toml.replace("kind = \"layer_norm\"\neps = 1e-5\n", "kind = \"layer_norm\"\naffine = false\n");
    assert_ne!(plain, toml);
    let error = Model::from_file("norms.safetensors", &bytes("norms.safetensors"), &with(&plain))
        .expect_err("it has");
    assert!(error.0.contains("as the architecture says affine = false"), "{error}");
}

/// Without the folder, the file that is missing is named.
#[test]
fn weights_that_were_left_behind_are_named() {
    for (name, file) in [("two_files", "two_files.data"), ("many_files", "many_files/conv.weight")] {
        let model = format!("{name}.onnx");
        let error = Model::from_file(&model, &bytes(&model), &Near::NOTHING).expect_err("no weights").0;
        assert!(error.contains(&format!("in the file {file:?} beside the model")), "{error}");
    }
}

#[test]
fn an_architecture_adds_what_onnx_has_no_place_for() {
    let file = bytes("opset_7.onnx");
    let toml = open("opset_7").architecture.to_toml();
    let with = |text: &str| Model::from_file("net.onnx", &file, &self::with(text));
    let named =
        toml.replacen("\n\n", "\nclasses = [\"a\", \"b\", \"c\"]\n[preprocess]\nmean = [0.5, 0.5]\n\n", 1);
    let model = with(&named).expect("fits");
    assert_eq!((model.class_name(2), model.architecture.preprocess.mean()), ("c".into(), &[0.5, 0.5][..]));
    let error = with(&toml.replace("out_channels = 4", "out_channels = 5")).expect_err("another").to_string();
    assert!(
        error.contains("expected an architecture with the input and the layers of the ONNX file"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn a_changed_file_is_read_or_refused_in_one_line(
        which in 0usize..3,
        changes in vec((any::<Index>(), any::<u8>()), 0..8),
        cut in option::of(any::<Index>()),
    ) {
        let mut file = bytes(["opset_7.onnx", "opset_11.onnx", "opset_13.onnx"][which]);
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        if let Err(error) = Model::from_file("net.onnx", &file, &Near::NOTHING) {
            let line = error.to_string();
            prop_assert!(!line.is_empty() && !line.contains(char::is_control) && line.len() < 1000, "{line}");
        }
    }

    #[test]
    fn any_bytes_are_refused(file in vec(any::<u8>(), 0..300)) {
        let line = Model::from_file("net.onnx", &file, &Near::NOTHING).expect_err("no ONNX file").to_string();
        prop_assert!(!line.contains(char::is_control) && line.len() < 1000, "{line}");
    }
}
