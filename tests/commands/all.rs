//! The built program, driven as a script drives it: what it prints, what it writes, and how it fails.

use ndarray::{ArrayD, Axis};
use ndarray_npy::{NpzReader, WriteNpyExt};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

fn convstep(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_convstep")).args(args).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// What a command prints when it succeeds.
fn prints(args: &[&str]) -> String {
    let output = convstep(args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&prints(args)).expect("JSON")
}

/// The one line on standard error of a command that fails.
fn fails(args: &[&str]) -> String {
    let output = convstep(args);
    let line = text(&output.stderr);
    assert!(
        !output.status.success() && output.status.code().is_some(),
        "{args:?} ended as {}",
        output.status
    );
    assert!(output.stdout.is_empty(), "{args:?} printed {}", text(&output.stdout));
    assert_eq!(line.trim_end().lines().count(), 1, "{args:?}: {line}");
    assert!(line.starts_with("convstep: ") && !line.contains("panicked"), "{args:?}: {line}");
    assert!(line.len() < 700, "{args:?}: {line}");
    line
}

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("writes");
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn models_and_samples_are_listed() {
    let models = prints(&["models"]);
    for name in ["shapes", "digits", "article-backprop", "pattern", "twins", "slide-7-p3"] {
        assert!(models.lines().any(|line| line.starts_with(name)), "{models}");
    }
    for preset in convstep::model_io::presets::all() {
        assert!(models.lines().any(|line| line.starts_with(preset.name)), "{models}");
    }
    let samples = prints(&["samples"]);
    for sample in convstep::data::SAMPLES {
        assert!(samples.lines().any(|line| line.starts_with(sample.name)), "{samples}");
    }
}

#[test]
fn a_preset_opens_with_the_same_first_weights_every_time() {
    let args = ["run", "--model", "lenet5", "--image", "digit-7", "--json"];
    let answer = json(&args);
    assert_eq!((&answer["model"], answer["outputs"].as_array().map(Vec::len)), (&"lenet5".into(), Some(10)));
    assert_eq!(answer, json(&args));
    let error = fails(&[&args[..], &["--architecture", "assets/models/digits.toml"]].concat());
    assert!(error.contains("lenet5: expected no --architecture with a preset"), "{error}");
    let error = fails(&["run", "--model", "lenet", "--image", "digit-7"]);
    assert!(error.contains("did you mean \"lenet5\""), "{error}");
}

#[test]
fn an_onnx_file_runs_and_says_what_was_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let onnx = write(folder.path(), "net.onnx", include_bytes!("../fixtures/onnx/opset_7.onnx"));
    let noise: ArrayD<f32> =
        ArrayD::from_shape_fn(vec![2, 9, 10], |at| (at[0] + at[1] * at[2]) as f32 / 90.0);
    let image = folder.path().join("x.npy");
    noise.write_npy(fs::File::create(&image).expect("creates")).expect("writes");
    let answer = json(&["run", "--model", &onnx, "--image", image.to_str().expect("UTF-8"), "--json"]);
    assert_eq!((&answer["model"], &answer["loss_kind"]), (&"net".into(), &"cross_entropy".into()));
    assert!(answer["notes"][0].as_str().is_some_and(|note| note.contains("Softmax was omitted")), "{answer}");
    let cut = write(folder.path(), "cut.onnx", &include_bytes!("../fixtures/onnx/opset_7.onnx")[..900]);
    assert!(
        fails(&["run", "--model", &cut, "--image", "digit-1"]).contains("cut.onnx: expected an ONNX file")
    );
}

#[test]
fn a_free_size_is_given_or_taken_from_the_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let free = write(folder.path(), "free.onnx", include_bytes!("../fixtures/onnx/free_size.onnx"));
    let fixed = write(folder.path(), "fixed.onnx", include_bytes!("../fixtures/onnx/opset_7.onnx"));
    let picture = folder.path().join("p.png");
    image::RgbImage::from_pixel(30, 20, image::Rgb([9, 50, 90])).save(&picture).expect("saves");
    let odd = folder.path().join("odd.png");
    image::RgbImage::from_pixel(31, 20, image::Rgb([9, 50, 90])).save(&odd).expect("saves");
    let input = |image: &str, more: &[&str]| {
        let answer = json(&[&["run", "--model", &free, "--image", image, "--json"][..], more].concat());
        answer["layers"][0]["shape"].to_string()
    };
    let [picture, odd] = [&picture, &odd].map(|path| path.to_str().expect("UTF-8"));
    assert_eq!(input(picture, &[]), "[4,20,30]");
    assert_eq!(input(picture, &["--input-size", "8x12"]), "[4,8,12]");
    assert_eq!(input(picture, &["--input-size", "16"]), "[4,16,16]");
    // A picture that the network does not take gives way to a usual size.
    assert_eq!(input(odd, &[]), "[4,224,224]");
    let error = fails(&["run", "--model", &free, "--image", picture, "--input-size", "31x20"]);
    assert!(error.contains("expected tensors whose axes go together"), "{error}");
    let error = fails(&["run", "--model", &fixed, "--image", picture, "--input-size", "9x10"]);
    assert!(
        error
            .contains("fixed.onnx: expected no --input-size, because the file fixes its picture's, got 9x10"),
        "{error}"
    );
    let toml = folder.path().join("net.toml");
    let toml = toml.to_str().expect("UTF-8");
    assert!(prints(&["export", "--model", &free, "--input-size", "64x48", "--out", toml]).contains("wrote "));
    assert!(fs::read_to_string(toml).expect("written").starts_with("input = [3, 64, 48]"));
}

#[test]
fn a_model_is_exported_with_pytorchs_names_and_shapes() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let model = write(folder.path(), "net.onnx", include_bytes!("../fixtures/onnx/torch_script.onnx"));
    for out in ["net.safetensors", "net.npz", "net.toml"] {
        assert!(prints(&["export", "--model", &model, "--out", &at(out)]).contains("wrote "));
    }
    // The state dict that PyTorch saved of the same network.
    let dict =
        safetensors::SafeTensors::deserialize(include_bytes!("../fixtures/onnx/torch_plain.safetensors"));
    let dict = dict.expect("safetensors");
    let bytes = fs::read(at("net.safetensors")).expect("written");
    let ours = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let toml = fs::read_to_string(at("net.toml")).expect("written");
    let mut npz = NpzReader::new(fs::File::open(at("net.npz")).expect("written")).expect("an archive");
    assert_eq!(ours.len(), npz.len());
    for name in dict.names().into_iter().filter(|name| !name.ends_with("num_batches_tracked")) {
        let (theirs, ours) = (dict.tensor(name).expect(name), ours.tensor(name).expect(name));
        assert_eq!(
            (ours.dtype(), ours.shape(), ours.data()),
            (theirs.dtype(), theirs.shape(), theirs.data()),
            "{name}"
        );
        let array: ArrayD<f32> = npz.by_name(&format!("{name}.npy")).expect(name);
        let bytes: Vec<u8> = array.iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!((array.shape(), bytes.as_slice()), (theirs.shape(), theirs.data()), "{name}");
    }
    // The state dict itself opens with the architecture that was written.
    let architecture = convstep::model_io::Architecture::parse(&toml).expect("its own");
    assert_eq!(architecture.input, [3, 12, 12]);
    let error = fails(&["export", "--model", "digits", "--out", &at("net.h5")]);
    assert!(
        error.contains(
            "expected a file that ends in .npz, .safetensors, .toml, .py, .svg, .pdf, .png, .tex, got \"h5\""
        ),
        "{error}"
    );
}

/// A state dict alone: a draft is written, and never over a file that is there.
#[test]
fn weights_without_an_architecture_get_a_draft() {
    let folder = tempfile::tempdir().expect("a folder");
    let weights = write(folder.path(), "net.pth", include_bytes!("../fixtures/torch/plain.pth"));
    let out = folder.path().join("draft.toml").to_str().expect("UTF-8").to_owned();
    let error = fails(&["run", "--model", &weights, "--image", "digit-7"]);
    assert!(error.contains("writes a draft of it to complete"), "{error}");
    let printed = prints(&["export", "--model", &weights, "--out", &out]);
    assert!(printed.contains("has no architecture; wrote a draft of it to"), "{printed}");
    let draft = fs::read_to_string(&out).expect("written");
    assert!(convstep::model_io::Architecture::parse(&draft).is_ok() && draft.contains("# ?"), "{draft}");
    fs::write(&out, "mine").expect("writes");
    fails(&["export", "--model", &weights, "--out", &out]);
    assert_eq!(fs::read_to_string(&out).expect("there"), "mine");
    // Another form of file is not written of weights without a network.
    fails(&["export", "--model", &weights, "--out", folder.path().join("net.npz").to_str().expect("UTF-8")]);
}

#[test]
fn help_and_version_succeed() {
    assert!(prints(&["--help"]).contains("train"));
    assert!(prints(&["--version"]).starts_with("convstep "));
    assert!(prints(&["run", "--help"]).contains("--tensors"));
}

#[test]
fn every_default_sample_runs_on_its_model() {
    for bundled in convstep::model_io::bundled::models() {
        let args = ["run", "--model", bundled.name, "--image", bundled.default_sample];
        let shown = prints(&args);
        let model = convstep::model_io::bundled::load(bundled.name).expect("bundled");
        assert!(
            (shown.contains("prediction") || shown.contains("largest"))
                && shown.contains(model.network.layers[0].name()),
            "{shown}"
        );
        let answer = json(&[&args[..], &["--json"]].concat());
        assert_eq!(answer["model"], bundled.name);
        assert_eq!(answer["image"], bundled.default_sample);
        assert!(answer["loss"].as_f64().is_some_and(|loss| loss >= 0.0), "{answer}");
    }
}

#[test]
fn json_says_what_was_compared_with_what() {
    let args = ["run", "--model", "digits", "--image", "digit-3", "--json"];
    let answer = json(&args);
    assert_eq!(answer["label"]["class"], "3");
    assert_eq!(answer["label"]["source"], "sample");
    let probabilities: Vec<f64> =
        answer["probabilities"].as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
    assert_eq!(probabilities.len(), 10);
    assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-5);
    assert!((answer["loss"].as_f64().expect("a number") + probabilities[3].ln()).abs() < 1e-4);
    assert_eq!(answer["layers"][0]["name"], "conv1");
    assert_eq!(answer["layers"][0]["kind"], "conv2d");
    assert_eq!(answer["layers"][0]["shape"][0], 8);

    let given = json(&[&args[..], &["--label", "5"]].concat());
    assert_eq!((&given["label"]["index"], &given["label"]["source"]), (&5.into(), &"given".into()));
    // A digit's label is no class of the shapes, though it is a number of one.
    let other = json(&["run", "--model", "shapes", "--image", "digit-3", "--json"]);
    assert_eq!(other["label"]["source"], "prediction");
    assert_eq!(other["label"]["index"], other["prediction"]["index"]);
}

#[test]
fn the_articles_example_comes_out_as_by_hand() {
    // x = [1 2 0; 3 1 1; 0 2 4], w = [1 -1; 0.5 2].
    let answer =
        json(&["run", "--model", "article-backprop", "--image", "article-3x3", "--label", "0", "--json"]);
    assert_eq!(answer["outputs"], serde_json::json!([2.5, 4.5, 6.0, 9.0]));
    assert_eq!(answer["loss"], ((1.5 * 1.5) + (4.5 * 4.5) + 36.0 + 81.0) / 4.0);
    assert!(answer["probabilities"].is_null() && answer["prediction"]["probability"].is_null());
}

#[test]
fn tensors_have_pytorchs_names_and_shapes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("out.npz");
    let args = ["run", "--model", "digits", "--image", "digit-7", "--tensors", path.to_str().expect("UTF-8")];
    prints(&args);
    let mut npz = NpzReader::new(fs::File::open(&path).expect("opens")).expect("reads");
    for (name, shape) in [
        ("input", &[1usize, 1, 28, 28][..]),
        ("conv1", &[1, 8, 24, 24]),
        ("conv1.weight", &[8, 1, 5, 5]),
        ("conv1.bias", &[8]),
        ("flatten", &[1, 256]),
        ("fc", &[1, 10]),
        ("fc.weight", &[10, 256]),
        ("loss", &[]),
    ] {
        for name in [format!("{name}.npy"), format!("grad.{name}.npy")] {
            let array: ArrayD<f32> = npz.by_name(&name).expect(&name);
            assert_eq!(array.shape(), shape, "{name}");
        }
    }
    // The sums of cross-entropy: the logits' gradients add up to 0, the bias's gradient is the output's.
    let dz: ArrayD<f32> = npz.by_name("grad.fc.npy").expect("there");
    let db: ArrayD<f32> = npz.by_name("grad.fc.bias.npy").expect("there");
    assert!(dz.sum().abs() < 1e-5);
    assert_eq!(dz.index_axis(Axis(0), 0), db);
    // Nothing but the file itself is left.
    assert_eq!(fs::read_dir(folder.path()).expect("lists").count(), 1);
}

#[test]
fn an_array_is_taken_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut bytes = Vec::new();
    let array = ArrayD::from_shape_vec(vec![1, 3, 3], vec![0.0f32, 0.0, 0.0, 0.0, -7.5, 0.0, 0.0, 0.0, 0.0]);
    array.expect("fits").write_npy(&mut bytes).expect("writes");
    let image = write(folder.path(), "x.npy", &bytes);
    let answer = json(&["run", "--model", "article-backprop", "--image", &image, "--json"]);
    assert_eq!(answer["outputs"], serde_json::json!([-15.0, -3.75, 7.5, -7.5]));
    let error = fails(&["run", "--model", "digits", "--image", &image]);
    assert!(error.contains("x.npy") && error.contains('3') && error.contains("28"), "{error}");
    let error = fails(&["run", "--model", "digits", "--image", &write(folder.path(), "y.npy", &bytes[..40])]);
    assert!(error.contains("y.npy"), "{error}");
}

#[test]
fn a_model_file_may_have_its_architecture_in_it_beside_it_or_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = convstep::model_io::bundled::load("article-backprop").expect("bundled");
    let whole = write(folder.path(), "whole.safetensors", model.to_bytes().expect("writes"));
    let answer = json(&["run", "--model", &whole, "--image", "article-3x3", "--json"]);
    assert_eq!(answer["model"], "whole");

    let weight: Vec<u8> = [1.0f32, -1.0, 0.5, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1, 1, 2, 2], &weight);
    let bytes = safetensors::serialize([("net.0.weight", view.expect("valid"))], None).expect("writes");
    let bare = write(folder.path(), "bare.safetensors", bytes);
    let error = fails(&["run", "--model", &bare, "--image", "article-3x3"]);
    assert!(error.contains("expected the architecture") && error.contains("--architecture"), "{error}");
    let toml = model.architecture.to_toml();
    let named = toml.replace("kind = \"conv2d\"", "kind = \"conv2d\"\nweights = \"net.0\"");
    let given = write(folder.path(), "given.toml", &named);
    let args = ["run", "--model", &bare, "--image", "article-3x3", "--json"];
    let outputs = json(&[&args[..], &["--architecture", &given]].concat())["outputs"].clone();
    assert_eq!(outputs, answer["outputs"]);
    let error = fails(&[&args[..], &["--architecture", &write(folder.path(), "other.toml", &toml)]].concat());
    assert!(error.contains("expected a tensor conv1.weight") && error.contains("net.0.weight"), "{error}");
    write(folder.path(), "bare.toml", &named);
    assert_eq!(json(&args)["outputs"], outputs);
}

#[test]
fn unseen_rows_and_columns_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let toml = "input = [1, 4, 5]\n[[layers]]\nname = \"pool1\"\nkind = \"max_pool2d\"\nkernel = [3, 2]\n";
    let toml = write(folder.path(), "net.toml", toml);
    let model = write(folder.path(), "net.safetensors", b"\x02\0\0\0\0\0\0\0{}");
    let args = ["run", "--model", &model, "--architecture", &toml, "--image", "digit-1"];
    let shown = prints(&args);
    assert!(shown.contains("pool1 never reads row 3 and column 4 of its input, counted from 0"), "{shown}");
    let answer = json(&[&args[..], &["--json"]].concat());
    assert_eq!(answer["unseen"], serde_json::json!([{ "layer": "pool1", "rows": [3], "columns": [4] }]));
}

/// A data set as a table: pictures of 4x4 pixels, dark ones of the first class and brighter ones of the others.
fn table(classes: usize) -> String {
    let head: Vec<String> = (0..16).map(|pixel| format!("pixel{pixel}")).collect();
    let rows = (0..48usize).map(|row| {
        let class = row % classes;
        let pixels: Vec<String> =
            (0..16).map(|pixel| (class * 90 + (row * 7 + pixel * 3) % 60).to_string()).collect();
        format!("{class},{}\n", pixels.join(","))
    });
    format!("label,{}\n{}", head.join(","), rows.collect::<String>())
}

#[test]
fn one_output_is_trained_for_two_classes() {
    let folder = tempfile::tempdir().expect("a folder");
    let net = |outputs: usize| {
        let toml = format!(
            "input = [1, 4, 4]\n[[layers]]\nname = \"fc\"\nkind = \"dense\"\nout_features = {outputs}\n"
        );
        write(folder.path(), "net.toml", toml)
    };
    let out = folder.path().join("out.safetensors").to_str().expect("UTF-8").to_owned();
    let args = |net: &str, data: &str| {
        ["train", "--architecture", net, "--data", data, "--epochs", "30", "--out", &out].map(str::to_owned)
    };
    let (one, two, three) = (table(1), table(2), table(3));
    let [one, two, three] = [("one.csv", one), ("two.csv", two), ("three.csv", three)]
        .map(|(name, text)| write(folder.path(), name, text));
    let refused = |outputs: usize, data: &str| {
        let args = args(&net(outputs), data);
        fails(&args.each_ref().map(String::as_str))
    };
    assert!(refused(1, &one).contains("expected at least 2 classes, got 1: nothing can be learned from one"));
    assert!(
        refused(10, &two)
            .trim_end()
            .ends_with("2 classes in the data, 10 outputs of fc; set out_features = 2")
    );
    let line = refused(1, &three);
    assert!(line.contains("3 classes in the data, 1 output of fc; set out_features = 3"), "{line}");

    let args = args(&net(1), &two);
    let said = prints(&args.each_ref().map(String::as_str));
    assert!(
        said.contains("fc has one output: it is taken for the score of the second of two classes"),
        "{said}"
    );
    let found = json(&["eval", "--model", &out, "--data", &two, "--json"]);
    assert_eq!(found["classes"], serde_json::json!(["0", "1"]));
    assert!(found["accuracy"].as_f64().is_some_and(|share| share > 0.9), "{found}");
    assert!(
        found["confusion"][0][0].as_u64() > Some(0) && found["confusion"][1][1].as_u64() > Some(0),
        "{found}"
    );

    let answer = json(&["run", "--model", &out, "--image", "digit-3", "--label", "0", "--json"]);
    assert_eq!(answer["loss_kind"], "binary_cross_entropy");
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    let (z, loss) = (number(&answer["outputs"][0]), number(&answer["loss"]));
    let p = 1.0 / (1.0 + (-z).exp());
    let [other, own] = [0, 1].map(|class| number(&answer["probabilities"][class]));
    assert!((own - p).abs() < 1e-6 && (other - (1.0 - p)).abs() < 1e-6, "{answer}");
    assert!((loss - z.exp().ln_1p()).abs() < 1e-5, "{answer}");
}

#[test]
fn training_is_repeatable_and_its_model_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let toml = "input = [1, 28, 28]\n[[layers]]\nname = \"pool1\"\nkind = \"avg_pool2d\"\nkernel = 4\n\
                [[layers]]\nname = \"fc\"\nkind = \"dense\"\nout_features = 10\n";
    let toml = write(folder.path(), "net.toml", toml);
    let train = |name: &str, seed: &str| {
        let out = folder.path().join(name).to_str().expect("UTF-8").to_owned();
        let output = prints(&[
            "train",
            "--architecture",
            &toml,
            "--data",
            "digits",
            "--epochs",
            "2",
            "--batch",
            "10",
            "--samples-per-epoch",
            "200",
            "--held-out",
            "100",
            "--lr",
            "0.02",
            "--seed",
            seed,
            "--out",
            &out,
        ]);
        assert!(
            output.contains("epoch 2 of 2: loss") && output.contains("100 examples held out"),
            "{output}"
        );
        out
    };
    let (a, b, c) = (train("a.safetensors", "1"), train("b.safetensors", "1"), train("c.safetensors", "2"));
    assert_eq!(fs::read(&a).expect("reads"), fs::read(&b).expect("reads"));
    assert_ne!(fs::read(&a).expect("reads"), fs::read(&c).expect("reads"));
    let answer = json(&["run", "--model", &a, "--image", "digit-1", "--json"]);
    assert_eq!(answer["label"]["class"], "1");
}

#[test]
fn wrong_arguments_get_one_line_with_the_remedy() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let garbage = write(folder.path(), "garbage.bin", b"neither a picture nor a model");
    let empty = write(folder.path(), "empty.png", b"");
    let no_toml = write(folder.path(), "no.toml", b"input = [3, 32");
    let other =
        "input = [1, 8, 8]\n[[layers]]\nname = \"conv1\"\nkind = \"conv2d\"\nout_channels = 8\nkernel = 5";
    let other = write(folder.path(), "other.toml", other);
    let here = folder.path().to_str().expect("UTF-8");
    let run = |model: &str, image: &str| -> Vec<String> {
        ["run", "--model", model, "--image", image].map(str::to_owned).into()
    };
    let with = |mut args: Vec<String>, more: &[&str]| -> Vec<String> {
        args.extend(more.iter().map(|&arg| arg.to_owned()));
        args
    };
    let train = |more: &[&str]| -> Vec<String> {
        let args =
            ["train", "--architecture", "assets/models/digits.toml", "--data", "digits", "--epochs", "0"];
        with(args.map(str::to_owned).into(), more)
    };
    let out = at("out.safetensors");
    for (args, says) in [
        (vec!["run".to_owned()], vec!["--model", "--image"]),
        (vec!["--wrong".to_owned()], vec!["'--wrong'"]),
        (vec!["sampels".to_owned()], vec!["did you mean \"samples\"", "the commands are"]),
        (run("shapse", "digit-1"), vec!["got \"shapse\"", "did you mean \"shapes\"", "pattern"]),
        (
            run("shapes", "shape-sta"),
            vec!["got \"shape-sta\"", "did you mean \"shape-star\"", "convstep samples"],
        ),
        (run(&garbage, "digit-1"), vec!["garbage.bin", "expected a safetensors file"]),
        (run("shapes", &garbage), vec!["garbage.bin", "expected a picture"]),
        (run("shapes", &empty), vec!["empty.png", "empty file"]),
        (run(here, "digit-1"), vec!["expected a file, got a folder"]),
        (run("shapes", here), vec!["expected a file, got a folder"]),
        (run("shapes", "article-3x3"), vec!["article-3x3", "3", "32"]),
        (
            with(run("shapes", "shape-star"), &["--label", "dog"]),
            vec!["got \"dog\"", "circle, square", "0 to 7"],
        ),
        (with(run("shapes", "shape-star"), &["--label", "8"]), vec!["got \"8\"", "0 to 7"]),
        (with(run("shapes", "shape-star"), &["--label", "-1"]), vec!["got \"-1\"", "0 to 7"]),
        (with(run("shapes", "shape-star"), &["--fit", "zoom"]), vec!["'zoom'", "crop, pad, stretch"]),
        (
            with(run("shapes", "shape-star"), &["--architecture", &at("none.toml")]),
            vec!["none.toml", "expected a file"],
        ),
        (with(run("shapes", "shape-star"), &["--architecture", &no_toml]), vec!["expected TOML", "line 1"]),
        (
            with(run("shapes", "shape-star"), &["--architecture", &other]),
            vec!["conv1.weight: expected shape [8, 1, 5, 5], got [8, 3, 3, 3]"],
        ),
        (with(run("shapes", "shape-star"), &["--tensors", &at("none/out.npz")]), vec!["expected the folder"]),
        (with(run("shapes", "shape-star"), &["--tensors", here]), vec!["expected a file to write"]),
        (
            ["train", "--architecture", "assets/models/digits.toml", "--data", "dgits", "--out", &out]
                .map(str::to_owned)
                .into(),
            vec!["--data", "\"dgits\"", "did you mean \"digits\""],
        ),
        (train(&["--out", &out, "--lr", "-1"]), vec!["'-1'", "expected a number above 0"]),
        (train(&["--out", &out, "--lr", "nan"]), vec!["'nan'", "expected a number above 0"]),
        (train(&["--out", &out, "--difficulty", "1.5"]), vec!["'1.5'", "expected a number from 0 to 1"]),
        (train(&["--out", &out, "--batch", "0"]), vec!["'0'", "1..="]),
        (train(&["--out", &out, "--optimizer", "rmsprop"]), vec!["sgd, momentum, nesterov, adam"]),
        (train(&["--out", &out, "--init", "uniform"]), vec!["uniform:LIMIT"]),
        (train(&["--out", &at("none/out.safetensors")]), vec!["expected the folder"]),
        (
            ["train", "--architecture", "assets/models/digits.toml", "--data", "shapes", "--out", &out]
                .map(str::to_owned)
                .into(),
            vec!["expected input = [3, 32, 32]", "got [1, 28, 28]"],
        ),
    ] {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let line = fails(&args);
        for says in says {
            assert!(line.contains(says), "{args:?}: {line}\n  should say: {says}");
        }
    }
    assert!(!Path::new(&out).exists());
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_error() {
    for args in [&["samples"][..], &["models"], &["run", "--model", "digits", "--image", "digit-1"]] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_convstep"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ends");
        assert!(output.status.success() && output.stderr.is_empty(), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_frame_has_the_programs_own_theme_unless_another_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let frame = |name: &str, theme: &[&str]| {
        let path = folder.path().join(name);
        let path = path.to_str().expect("UTF-8");
        let start =
            ["render", "--model", "shapes", "--image", "shape-star", "--size", "640x400", "--out", path];
        prints(&[&start, theme].concat());
        fs::read(path).expect("a frame")
    };
    let own = frame("own.png", &[]);
    assert_eq!(own, frame("light.png", &["--theme", "light"]), "the window starts light");
    assert_ne!(own, frame("dark.png", &["--theme", "dark"]));
}
