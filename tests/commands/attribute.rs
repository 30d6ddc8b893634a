//! `convstep attribute`, driven as a script drives it.

use serde_json::Value;
use std::process::{Command, Output};

fn convstep(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_convstep")).args(args).output().expect("the program starts")
}

fn look(more: &[&str]) -> Output {
    convstep(&[&["attribute", "--model", "shapes", "--image", "shape-star"], more].concat())
}

fn json(more: &[&str]) -> Value {
    let output = look(&[more, &["--json"]].concat());
    assert!(output.status.success(), "{more:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn fails(more: &[&str]) -> String {
    let output = look(more);
    let line = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(!output.status.success() && output.stdout.is_empty(), "{more:?}");
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    line
}

#[test]
fn every_method_writes_a_picture_and_says_what_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    for method in convstep::attribution::Method::ALL {
        let name = method.name();
        let out = folder.path().join(format!("{name}.png"));
        let out = out.to_str().expect("UTF-8");
        let said = json(&["--method", name, "--steps", "4", "--patch", "8", "--out", out]);
        assert_eq!((&said["method"], &said["unit"]), (&name.into(), &"class:star".into()));
        assert_eq!(said["changes_gradient"], method.changes_gradient());
        assert!(said["value"].as_f64().is_some_and(f64::is_finite), "{said}");
        assert_eq!(said["max"].is_null(), !method.is_map());
        let picture = image::open(out).expect("a PNG").to_rgb8();
        assert_eq!(picture.dimensions(), (256, 256));
        let colours: std::collections::HashSet<_> = picture.pixels().collect();
        assert!(colours.len() > 20, "{name}: {} colours", colours.len());
    }
}

#[test]
fn the_numbers_of_each_method_are_told() {
    let said = json(&["--method", "integrated-gradients", "--unit", "prob:star"]);
    assert!(said["completeness"]["error"].as_f64().is_some_and(|error| error < 0.05), "{said}");
    let said = json(&["--method", "grad-cam", "--layer", "conv1"]);
    assert_eq!(said["grad_cam"]["layer"], "conv1");
    let said = json(&["--method", "occlusion", "--patch", "16", "--stride", "8", "--fill", "black"]);
    assert_eq!(said["occlusion"]["places"], 9);
    let said = json(&["--method", "activation-maximisation", "--unit", "conv1:k1:(4,5)", "--steps", "3"]);
    assert_eq!(said["ascent"]["values"].as_array().map(Vec::len), Some(4));
    let said = json(&["--randomise", "3"]);
    let correlation = &said["rank_correlation_with_random_weights"];
    assert!(correlation.as_f64().is_some_and(|r| r.abs() < 0.9), "{said}");
    assert_eq!(said, json(&["--randomise", "3"]));
    assert_eq!(said, json(&["--randomise", "3", "--threads", "2"]));
}

#[test]
fn what_does_not_fit_is_one_line() {
    for (more, says) in [
        (&["--method", "lime"][..], "expected one of saliency, "),
        (&["--unit", "conv7:k1"], "the layers are conv1"),
        (&["--unit", "class:stra"], "did you mean \"star\"?"),
        (&["--unit", "conv1:k99"], "conv1: expected a channel from 0 to"),
        (&["--method", "grad-cam", "--unit", "conv1:k1"], "grad-cam: expected a layer before conv1"),
        (&["--method", "grad-cam", "--layer", "conv0"], "expected a layer of shapes"),
        (&["--method", "occlusion", "--patch", "99"], "patch of 1 to 32 rows"),
        (&["--method", "occlusion", "--patch", "4", "--stride", "5"], "stride of 1 to 4"),
    ] {
        let line = fails(more);
        assert!(line.contains(says), "{line}");
    }
}

fn top_activations(more: &[&str]) -> Output {
    convstep(&[&["look", "--model", "shapes", "--data", "shapes", "--limit", "40"], more].concat())
}

#[test]
fn the_pictures_that_excite_a_unit_most_are_told_and_put_on_a_sheet() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("best.png");
    let out = out.to_str().expect("UTF-8");
    let args = ["--unit", "conv2:k1", "--top-activations", "5"];
    let json = |more: &[&str]| -> Value {
        let output = top_activations(&[&args, more, &["--json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let said = json(&["--out", out]);
    assert_eq!(
        (&said["unit"], &said["part"], &said["images"]),
        (&"conv2:k1".into(), &"test".into(), &40.into())
    );
    let best = said["best"].as_array().expect("pictures");
    assert_eq!(best.len(), 5);
    let number = |x: &Value| x.as_f64().expect("a number");
    assert!(best.windows(2).all(|two| number(&two[0]["value"]) >= number(&two[1]["value"])), "{said}");
    let model = convstep::model_io::bundled::load("shapes").expect("bundled");
    let data = convstep::data::Dataset::generated(convstep::data::Generated::Shapes, 1);
    let layer = model.network.layers.iter().position(|layer| layer.name() == "conv2").expect("a layer");
    for excited in best {
        let index = excited["index"].as_u64().expect("a number");
        assert!(index < 40, "{said}");
        let example = data.example(convstep::data::Split::Test, index).expect("an example");
        assert_eq!(excited["label"], data.classes()[example.class]);
        // The value is that of the cell at the position, for the picture as the network sees it.
        let x = model.input_from_pixels(&example.pixels).expect("fits");
        let [i, j] = [0, 1].map(|d| excited["position"][d].as_u64().expect("a number") as usize);
        let cell = convstep::attribution::Unit::Cell { layer, channel: 1, at: [i, j] };
        let probe = convstep::attribution::Probe::new(&model.network, &model.params, cell).expect("a cell");
        let value = probe.value(&x, convstep::nn::Execution::SERIAL).expect("a value");
        assert_eq!(number(&excited["value"]) as f32, value);
        let patch = convstep::attribution::receptive_field(&model.network, layer, [i, j]);
        assert_eq!(excited["patch"]["at"], serde_json::json!(patch.at));
        assert_eq!(excited["patch"]["size"], serde_json::json!(patch.size));
    }
    // Three columns and two rows of pictures of 32 cells, four pixels each, their patches beside them.
    let sheet = image::open(out).expect("a PNG").to_rgb8();
    assert_eq!(sheet.dimensions(), (3 * (128 + 6 + 128 + 12) + 12, 2 * (128 + 12) + 12));
    assert!(sheet.pixels().any(|pixel| pixel.0 == [213, 94, 0]), "a frame");
    assert_eq!(said, json(&["--threads", "2"]));
    // Of a class the whole picture counts, and no place in it.
    let output =
        top_activations(&["--unit", "class:star", "--top-activations", "1", "--part", "train", "--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(said["best"][0]["patch"], serde_json::json!({ "at": [0, 0], "size": [32, 32] }));
    assert!(said["best"][0]["position"].is_null() && said["part"] == "train", "{said}");
    let output = top_activations(&args);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("among 40 examples of shapes, test split") && text.lines().count() == 7, "{text}");
}

#[test]
fn what_a_search_cannot_go_with_is_one_line() {
    for (more, says) in [
        (&["--top-activations", "3"][..], "--unit"),
        (&["--unit", "conv2:k1"], "--image"),
        (&["--unit", "conv2:k1", "--top-activations", "0"], "0 is not in 1..=1000"),
        (&["--unit", "conv2:k99", "--top-activations", "3"], "conv2: expected a channel from 0 to"),
        (&["--unit", "conv2:k1", "--top-activations", "3", "--method", "occlusion"], "--method"),
        (&["--unit", "conv2:k1", "--top-activations", "3", "--image", "shape-star"], "--image"),
    ] {
        let output = top_activations(more);
        let line = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(!output.status.success() && output.stdout.is_empty(), "{more:?}");
        assert!(line.contains(says) && line.trim_end().lines().count() == 1, "{line}");
    }
    let output = convstep(&[
        "look",
        "--model",
        "digits",
        "--data",
        "shapes",
        "--unit",
        "class:1",
        "--top-activations",
        "3",
    ]);
    let line = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(line.contains("shapes: expected pictures of shape [1, "), "{line}");
}
