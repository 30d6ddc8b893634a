//! `convstep look`, driven as a script drives it.

use serde_json::Value;
use std::process::{Command, Output};

fn convstep(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_convstep")).args(args).output().expect("the program starts")
}

fn look(more: &[&str]) -> Output {
    convstep(&[&["look", "--model", "shapes", "--image", "shape-star"], more].concat())
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
