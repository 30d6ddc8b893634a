//! `convstep step`, driven as a script drives it: the article's example through every partial
//! derivative, moves, later training steps, and mistakes.

use serde_json::Value;
use std::process::{Command, Output};

const ARTICLE: [&str; 4] = ["--model", "article-backprop", "--image", "article-3x3"];
const DIGITS: [&str; 4] = ["--model", "digits", "--image", "digit-7"];

fn step(model: [&str; 4], args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convstep"));
    command.arg("step").args(model).args(args).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn prints(model: [&str; 4], args: &[&str]) -> String {
    let output = step(model, args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn json(model: [&str; 4], args: &[&str]) -> Value {
    serde_json::from_str(&prints(model, &[args, &["--json"]].concat())).expect("JSON")
}

fn fails(model: [&str; 4], args: &[&str]) -> String {
    let output = step(model, args);
    let line = text(&output.stderr);
    assert!(!output.status.success() && output.status.code().is_some(), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?} printed {}", text(&output.stdout));
    assert_eq!(line.trim_end().lines().count(), 1, "{args:?}: {line}");
    assert!(line.starts_with("convstep: ") && !line.contains("panicked"), "{args:?}: {line}");
    line
}

/// A number of an answer, as the f32 that it stands for.
fn f32_of(value: &Value) -> f32 {
    match value {
        Value::String(text) => text.parse().expect("NaN, inf or -inf"),
        number => number.as_f64().expect("a number") as f32,
    }
}

/// The rows of a plane's values.
fn rows(value: &Value) -> Vec<Vec<f32>> {
    let row = |row: &Value| row.as_array().expect("a row").iter().map(f32_of).collect();
    value.as_array().expect("rows").iter().map(row).collect()
}

fn plane(at: &str) -> Vec<Vec<f32>> {
    let answer = json(ARTICLE, &["--at", at]);
    assert_eq!(answer["address"], at);
    rows(&answer["values"])
}

/// A cell's value; its terms lead to it one after the other, and the last ends in it.
fn cell(model: [&str; 4], at: &str) -> f32 {
    let answer = json(model, &["--at", at]);
    assert_eq!(answer["address"], at);
    let mut running = f32_of(&answer["start"]);
    for (m, term) in answer["terms"].as_array().expect("terms").iter().enumerate() {
        assert_eq!(term["address"], format!("{at}/m{m}"));
        assert_eq!(f32_of(&term["before"]).to_bits(), running.to_bits());
        running = f32_of(&term["after"]);
    }
    let value = f32_of(&answer["value"]);
    assert_eq!(running.to_bits(), value.to_bits());
    value
}

/// The example: 3x3 input, 2x2 filter, 2x2 output, each derivative by the chain rule.
#[test]
fn the_article_steps_through_every_partial_derivative() {
    let (x, w) = (plane("input/k0"), plane("conv1.weight/k0,0"));
    let (y, target) = (plane("fwd/conv1/k0"), plane("target/k0"));
    assert_eq!([x.len(), w.len(), y.len()], [3, 2, 2]);
    let mut dy = [[0.0; 2]; 2];
    let mut loss = 0.0;
    for i in 0..2 {
        for j in 0..2 {
            let product = |u: usize, v: usize| x[i + u][j + v] * w[u][v];
            let sum = product(0, 0) + product(0, 1) + product(1, 0) + product(1, 1);
            assert_eq!(cell(ARTICLE, &format!("fwd/conv1/k0/({i},{j})")), sum);
            assert_eq!(y[i][j], sum);
            loss += (sum - target[i][j]).powi(2) / 4.0;
            dy[i][j] = (sum - target[i][j]) * 2.0 / 4.0;
            assert_eq!(cell(ARTICLE, &format!("bwd/loss.dX/k0/({i},{j})")), dy[i][j]);
        }
    }
    assert_eq!(cell(ARTICLE, "loss/loss/k0/(0,0)"), loss);
    for u in 0..2 {
        for v in 0..2 {
            let mut dw = 0.0;
            for (i, dy) in dy.iter().enumerate() {
                for (j, dy) in dy.iter().enumerate() {
                    dw += dy * x[i + u][j + v];
                }
            }
            assert_eq!(cell(ARTICLE, &format!("bwd/conv1.dW/k0,0/({u},{v})")), dw);
            let after = (-0.01f32).mul_add(dw, w[u][v]);
            assert_eq!(cell(ARTICLE, &format!("update/conv1.weight/k0,0/({u},{v})")), after);
        }
    }
    for p in 0..3usize {
        for q in 0..3usize {
            let mut dx = 0.0;
            for (u, w) in w.iter().enumerate() {
                for (v, w) in w.iter().enumerate() {
                    let (i, j) = (p.wrapping_sub(u), q.wrapping_sub(v));
                    dx += dy.get(i).and_then(|row| row.get(j)).map_or(0.0, |dy| dy * w);
                }
            }
            assert_eq!(cell(ARTICLE, &format!("bwd/conv1.dX/k0/({p},{q})")), dx);
        }
    }
}

/// Term by term through a whole training step, and back again.
#[test]
fn every_step_can_be_gone_to_and_back() {
    let all = json(ARTICLE, &["--at", "e0.b0"]);
    let steps = all["steps"].as_u64().expect("a number");
    assert_eq!(steps, 16 + 5 + 12 + 16 + 36 + 4);
    assert!(f32_of(&all["loss_after"]) < f32_of(&all["loss_before"]));
    let first = "fwd/conv1/k0/(0,0)/m0";
    for n in [0, 1, 15, 16, 40, 88] {
        let there = json(ARTICLE, &["--at", first, "--move", "next", "--times", &n.to_string()]);
        let address = there["address"].as_str().expect("an address").to_owned();
        assert!(there["after"].is_number() && there["operands"].is_array(), "{there}");
        let back = json(ARTICLE, &["--at", &address, "--move", "previous", "--times", &n.to_string()]);
        assert_eq!(back["address"], first, "{n} steps");
    }
    assert_eq!(json(ARTICLE, &["--at", first, "--move", "previous"])["address"], "start");
    assert_eq!(
        json(ARTICLE, &["--at", "update/conv1.weight/k0,0/(1,1)/m0", "--move", "next"])["address"],
        "e1.b0.i0/fwd/conv1/k0/(0,0)/m0"
    );
}

#[test]
fn moves_lead_where_they_say() {
    for (at, movement, times, to) in [
        ("fwd/conv1", "into", "1", "fwd/conv1/k0"),
        ("fwd/conv1", "into", "3", "fwd/conv1/k0/(0,0)/m0"),
        ("fwd/conv1/k0/(1,1)/m3", "out", "2", "fwd/conv1/k0"),
        ("fwd/conv1/k0/(0,1)", "next", "2", "fwd/conv1/k0/(1,1)"),
        ("fwd/conv1/k0/(0,1)", "over", "1", "fwd/conv1/k0/(1,1)"),
        ("bwd/conv1.dX/k0/(2,2)", "back-over", "1", "bwd/conv1.dW/k0,0/(1,1)"),
        ("fwd/conv1/k0/(0,1)", "pass", "1", "fwd"),
        ("bwd", "term", "1", "bwd/conv1.dX/k0/(2,2)/m3"),
        ("bwd", "start", "1", "start"),
        ("bwd", "previous", "99", "start"),
        ("fwd/conv1/k0/(0,0)/m2", "writer", "1", "input/k0/(1,0)"),
        ("bwd/conv1.dX/k0/(0,0)", "writer", "1", "bwd/loss.dX/k0/(0,0)"),
        ("bwd/conv1.dX/k0/(0,0)", "writer", "3", "input/k0/(0,0)"),
        ("input/k0/(1,1)", "reader", "1", "fwd/conv1/k0/(0,0)/m3"),
        ("fwd/conv1/k0/(1,0)", "reader", "1", "loss/loss/k0/(0,0)/m2"),
        ("conv1.weight/k0,0/(0,1)", "reader", "1", "fwd/conv1/k0/(0,0)/m1"),
        // A new weight is read by the next training step.
        ("update/conv1.weight/k0,0/(0,1)", "reader", "1", "e1.b0.i0/fwd/conv1/k0/(0,0)/m1"),
        ("e1.b0.i0/fwd/conv1/k0/(0,0)/m1", "end", "1", "e99.b0/update/conv1.weight/k0,0/(1,1)/m0"),
    ] {
        let answer = json(ARTICLE, &["--at", at, "--move", movement, "--times", times]);
        assert_eq!(answer["address"], to, "{at} {movement} {times}");
    }
}

/// A later training step is replayed: its weights are those that the step before left.
#[test]
fn later_training_steps_are_replayed() {
    let rule = ["--optimizer", "adam", "--lr", "0.1", "--weight-decay", "0.01"];
    let value = |at: &str| f32_of(&json(ARTICLE, &[&["--at", at][..], &rule].concat())["value"]);
    for (after, before) in [
        ("update/conv1.weight/k0,0/(1,0)", "e1.b0/conv1.weight/k0,0/(1,0)"),
        ("e6.b0/update/conv1.weight/k0,0/(0,0)", "e7.b0/conv1.weight/k0,0/(0,0)"),
    ] {
        assert_eq!(value(after).to_bits(), value(before).to_bits());
    }
    let terms = json(ARTICLE, &[&["--at", "e6.b0/update/conv1.weight.step/k0,0/(0,0)"][..], &rule].concat());
    assert_eq!(terms["terms"].as_array().map(Vec::len), Some(6));
    assert_eq!(terms["terms"][1]["operands"][0]["name"], "1 − β₂ᵗ");
}

/// What the issue promises of the JSON.
#[test]
fn json_of_a_term_and_of_a_cell() {
    let term = json(ARTICLE, &["--at", "fwd/conv1/k0/(0,1)/m2"]);
    assert_eq!(term["stage"], "conv1");
    assert!(term["formula"].as_str().is_some_and(|formula| formula.starts_with("y[o,i,j] = Σ")));
    assert_eq!(term["operands"][0]["address"], "input/k0/(1,1)");
    assert_eq!(term["operands"][1]["address"], "conv1.weight/k0,0/(1,0)");
    let [a, b] = [0, 1].map(|n| f32_of(&term["operands"][n]["value"]));
    assert_eq!(f32_of(&term["product"]), a * b);
    assert_eq!(f32_of(&term["after"]), a.mul_add(b, f32_of(&term["before"])));

    let corner = json(ARTICLE, &["--at", "bwd/conv1.dX/k0/(0,0)/m3"]);
    assert_eq!(corner["operands"][0]["name"], "padding");
    assert_eq!(corner["operands"][0]["address"], Value::Null);
    let layer = json(ARTICLE, &["--at", "bwd/conv1.dW"]);
    assert_eq!(layer["shape"], serde_json::json!([1, 1, 2, 2]));
    assert_eq!((&layer["cells"], &layer["steps"]), (&4.into(), &16.into()));
    assert_eq!(rows(&layer["values"][0][0]), plane("bwd/conv1.dW/k0,0"));
}

/// Minus infinity, which no JSON number is, where a maximum starts; and a real network's sums.
#[test]
fn a_trained_network_answers_too() {
    let stages = json(DIGITS, &["--at", "e0.b0"])["stages"].as_array().expect("stages").clone();
    let mut pools = 0;
    for stage in stages {
        let stage = stage.as_str().expect("an address").to_owned();
        let first = json(DIGITS, &["--at", &stage, "--move", "into", "--times", "2"]);
        let address = first["address"].as_str().expect("an address").to_owned();
        let answer = json(DIGITS, &["--at", &address]);
        pools += u32::from(answer["start"] == "-inf" && stage.starts_with("fwd"));
        cell(DIGITS, &address);
    }
    assert!(pools > 0, "no pool started from minus infinity");
}

#[test]
fn text_for_people_has_the_formula_in_symbols_and_numbers() {
    let shown = prints(ARTICLE, &["--at", "bwd/conv1.dW/k0,0/(0,1)"]);
    for line in [
        "dW[o,c,u,v] = Σ dy[o,i,j] · x[c, i·S+u·D−P, j·S+v·D−P]",
        "1.25 · 2 + 2.25 · 0 + 3 · 1 + 4 · 1 = 9.5",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{shown}");
    }
    assert!(shown.contains("input/k0/(1,2)"), "{shown}");
    for at in [
        "run",
        "e0",
        "e0.b0",
        "e0.b0.i0",
        "fwd",
        "update",
        "loss/loss",
        "input",
        "fwd/conv1/k0",
        "start",
        "end",
    ] {
        assert!(prints(ARTICLE, &["--at", at]).lines().count() >= 1, "{at}");
    }
}

#[test]
fn mistakes_are_one_line() {
    for (args, expected) in [
        (&["--at", "fwd/conv2"][..], "expected a stage of the pass, got \"conv2\"; there are conv1"),
        (&["--at", "fwd/conv1/k0/(2,0)"], "expected a position of conv1 from (0,0) to (1,1)"),
        (&["--at", "fwd\n/conv1"], "expected an address like fwd/conv1/k0/(0,0)"),
        (&["--at", "e100"], "expected an epoch of the run from e0 to e99, got e100"),
        (&["--at", "fwd", "--move", "jump"], "--move: expected one of next, previous, into"),
        (&["--at", "fwd", "--move", "writer"], "expected a cell or a term to go to its writer or reader"),
        (&["--at", "input/k0/(0,0)", "--move", "writer"], "a given one, which has no operands"),
        (&["--at", "bwd/conv1.dX/k0/(0,0)", "--move", "reader"], "one that no later step reads"),
        (&["--at", "start", "--move", "reader"], "expected a cell or a term, got the start"),
        (&["--at", "fwd", "--times", "3"], "--move"),
        (&["--at", "fwd", "--optimizer", "magic"], "expected one of sgd, momentum, nesterov, adam"),
        (&["--at", "fwd", "--lr=-1"], "expected a number above 0"),
        (&[], "--at"),
    ] {
        let line = fails(ARTICLE, args);
        assert!(line.contains(expected), "{line}\nshould contain\n{expected}");
    }
}
