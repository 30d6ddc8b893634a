//! Training from the command line: broken off, killed, taken up again, logged, and tested with `eval`.

use convstep::data::{Dataset, Generated, Split};
use convstep::model_io::{Checkpoint, Model};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

fn convstep(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convstep"));
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn output(args: &[&str]) -> Output {
    convstep(args).output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn prints(args: &[&str]) -> String {
    let output = output(args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

fn fails(args: &[&str]) -> String {
    let output = output(args);
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {line}");
    assert!(line.starts_with("convstep: ") && line.trim_end().lines().count() == 1, "{args:?}: {line}");
    line
}

/// A folder with a small network in it, and paths in it.
struct Place(tempfile::TempDir);

/// Trained on planned buffers.
const PLAIN: &str = "\
    input = [1, 28, 28]\n[[layers]]\nname = \"pool1\"\nkind = \"max_pool2d\"\nkernel = 4\n\
    [[layers]]\nname = \"drop\"\nkind = \"dropout\"\np = 0.2\n\
    [[layers]]\nname = \"fc\"\nkind = \"dense\"\nout_features = 10\n";
/// Trained layer by layer, with running statistics.
const NORMED: &str = "\
    input = [1, 28, 28]\n[[layers]]\nname = \"conv1\"\nkind = \"conv2d\"\nout_channels = 2\nkernel = 5\nstride = 4\n\
    [[layers]]\nname = \"bn1\"\nkind = \"batch_norm2d\"\n[[layers]]\nname = \"relu1\"\nkind = \"relu\"\n\
    [[layers]]\nname = \"drop\"\nkind = \"dropout\"\np = 0.1\n\
    [[layers]]\nname = \"fc\"\nkind = \"dense\"\nout_features = 10\n";

impl Place {
    fn new(toml: &str) -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        fs::write(place.0.path().join("net.toml"), toml).expect("writes");
        place
    }

    fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.at(name)).expect("reads")
    }

    /// `train` with files in this folder.
    fn train(&self, words: &str) -> Vec<String> {
        let start = format!(
            "train --architecture {} --data digits --held-out 20 --validation 20 {words}",
            self.at("net.toml")
        );
        start.split_whitespace().map(|word| word.replace('@', &self.at(""))).collect()
    }
}

fn words(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().expect("kill is there").success());
}

/// Waits until a file has so many lines.
fn wait_for_lines(child: &mut Child, path: &str, lines: usize) {
    let begun = Instant::now();
    while fs::read_to_string(path).map_or(0, |text| text.lines().count()) < lines {
        assert!(child.try_wait().expect("a child").is_none(), "it ended before it could be stopped");
        assert!(begun.elapsed() < Duration::from_secs(120), "nothing was logged");
        sleep(Duration::from_millis(1));
    }
}

/// A log without what the clock says.
fn timeless(log: &[u8]) -> Vec<String> {
    text(log).lines().map(|line| line.rsplit_once(',').expect("columns").0.to_owned()).collect()
}

#[test]
fn a_run_broken_off_goes_on_to_the_same_weights_and_log() {
    for (toml, rule, threads) in
        [(PLAIN, "adam", "1"), (PLAIN, "momentum", "2"), (NORMED, "adam", "2"), (NORMED, "momentum", "1")]
    {
        let place = Place::new(toml);
        let settings = format!(
            "--epochs 4 --samples-per-epoch 990 --batch 10 --optimizer {rule} --lr 0.01 --log-every 7 --threads {threads}"
        );
        prints(&words(&place.train(&format!("{settings} --out @whole.safetensors --log @whole.csv"))));
        // Once with a checkpoint of its own, once in the model file.
        for checkpoint in ["--checkpoint @c.safetensors", ""] {
            let args = place.train(&format!("{settings} --out @m.safetensors --log @m.csv {checkpoint}"));
            // That of the time before would look like one under way.
            let _ = fs::remove_file(place.at("m.csv"));
            let mut child = convstep(&words(&args)).spawn().expect("starts");
            wait_for_lines(&mut child, &place.at("m.csv"), 20);
            signal(&child, "-INT");
            let stopped = child.wait_with_output().expect("ends");
            let output = text(&stopped.stdout);
            assert_eq!(stopped.status.code(), Some(130), "{output} {}", text(&stopped.stderr));
            let file = if checkpoint.is_empty() { "m.safetensors" } else { "c.safetensors" };
            assert!(
                output.contains("stopped after step")
                    && output.contains(&format!("--resume {}", place.at(file))),
                "{output}"
            );
            let state = Checkpoint::from_bytes("c", &place.bytes(file)).expect("a checkpoint");
            assert!(state.moments.steps < 396, "it was not broken off");
            let model = Model::from_bytes("m", &place.bytes("m.safetensors"), None).expect("a model");
            assert_eq!((&model.params, model.unused.len()), (&state.model.params, 0));
            let other = if threads == "1" { "2" } else { "1" };
            let output = prints(&["train", "--resume", &place.at(file), "--threads", other]);
            assert!(output.contains(&format!("resuming after step {}", state.moments.steps)), "{output}");
            assert!(
                place.bytes("m.safetensors") == place.bytes("whole.safetensors"),
                "{rule}: other weights"
            );
            assert_eq!(timeless(&place.bytes("m.csv")), timeless(&place.bytes("whole.csv")));
        }
    }
}

#[test]
fn a_kill_harms_no_file() {
    let place = Place::new(PLAIN);
    fs::write(place.at("m.safetensors"), "an older model").expect("writes");
    // Every epoch of two steps writes a checkpoint: most of the time is spent in writing.
    let args = place.train(
        "--epochs 1000000 --samples-per-epoch 20 --batch 10 --out @m.safetensors --checkpoint @c.safetensors",
    );
    let mut step = 0;
    for round in 0..8u64 {
        let resume = ["train", "--resume", &place.at("c.safetensors")].map(str::to_owned);
        let args = if round == 0 { &args[..] } else { &resume[..] };
        // Nobody reads: a pipe would fill and hold it up.
        let mut command = convstep(&words(args));
        let mut child = command.stdout(Stdio::null()).spawn().expect("starts");
        let begun = Instant::now();
        let state = || fs::read(place.at("c.safetensors")).ok();
        let before = state();
        while state() == before {
            assert!(child.try_wait().expect("a child").is_none(), "it ended before it could be killed");
            assert!(begun.elapsed() < Duration::from_secs(120), "no checkpoint was written");
            sleep(Duration::from_millis(1));
        }
        sleep(Duration::from_micros(round * 1370));
        signal(&child, "-KILL");
        child.wait().expect("ends");
        let checkpoint = Checkpoint::from_bytes("c", &place.bytes("c.safetensors")).expect("whole");
        assert!(checkpoint.moments.steps > step, "{} after {step}", checkpoint.moments.steps);
        step = checkpoint.moments.steps;
        assert_eq!(place.bytes("m.safetensors"), b"an older model");
    }
}

#[test]
fn a_checkpoint_goes_with_its_settings_only() {
    let place = Place::new(PLAIN);
    let args = place.train(
        "--epochs 2 --samples-per-epoch 40 --out @m.safetensors --checkpoint @c.safetensors --log @l.jsonl",
    );
    let output = prints(&words(&args));
    assert!(output.contains("l.jsonl, a row every 1 steps"), "{output}");
    assert!(output.contains("epoch 2 of 2: loss") && output.contains("; validation loss"), "{output}");
    let rows: Vec<Value> =
        text(&place.bytes("l.jsonl")).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let parts: Vec<&str> = rows.iter().filter_map(|row| row["part"].as_str()).collect();
    assert_eq!(parts, ["train", "train", "train", "validation", "train", "train", "train", "validation"]);
    for row in &rows {
        let trained = row["part"] == "train";
        assert!(row["loss"].as_f64().is_some_and(|loss| loss > 0.0) && row["accuracy"].is_f64(), "{row}");
        for key in ["learning_rate", "gradient_norm", "images_per_second"] {
            assert_eq!(row[key].as_f64().is_some_and(|x| x > 0.0), trained, "{row}");
        }
    }
    assert_eq!((&rows[7]["step"], &rows[7]["epoch"]), (&6.into(), &2.into()));

    let resume = |more: &[&str]| -> Vec<String> {
        let args = ["train", "--resume", &place.at("c.safetensors")].map(str::to_owned);
        args.into_iter().chain(more.iter().map(|&arg| arg.to_owned())).collect()
    };
    // A finished run is finished: the same model, the same log.
    let before = (place.bytes("m.safetensors"), place.bytes("l.jsonl"));
    prints(&words(&resume(&["--epochs", "2"])));
    assert!(before == (place.bytes("m.safetensors"), place.bytes("l.jsonl")));
    let model = ["run", "--model", &place.at("c.safetensors"), "--image", "digit-1"];
    assert!(!prints(&model).contains("unused"));
    fs::write(place.at("other.toml"), PLAIN.replace("kernel = 4", "kernel = 2")).expect("writes");
    for (more, says) in [
        (&["--batch", "8"][..], "--batch: expected 16 as in the checkpoint, got 8"),
        (&["--data", "shapes"], "--data: expected digits: generated"),
        (
            &["--architecture", &place.at("other.toml")],
            "--architecture: expected the layers of the checkpoint",
        ),
    ] {
        let error = fails(&words(&resume(more)));
        assert!(error.contains(says), "{error}");
    }
    let error = fails(&["train", "--resume", &place.at("m.safetensors")]);
    assert!(error.contains("expected a training checkpoint"), "{error}");
}

#[test]
fn numbers_that_run_away_stop_the_run_and_harm_nothing() {
    let place = Place::new(PLAIN);
    fs::write(place.at("m.safetensors"), "an older model").expect("writes");
    let args = place.train(
        "--epochs 3 --samples-per-epoch 100 --batch 10 --optimizer sgd --lr 1e38 --schedule constant --out @m.safetensors",
    );
    let error = fails(&words(&args));
    assert!(error.contains("expected finite numbers, got") && error.contains("at step"), "{error}");
    assert!(error.contains("use a smaller --lr than 1"), "{error}");
    assert_eq!(place.bytes("m.safetensors"), b"an older model");
}

/// Pictures of a generator in class folders.
fn write_folders(folder: &Path, classes: &[&str], of_each: usize) {
    let data = Dataset::generated(Generated::Shapes, 5);
    let mut counts = vec![0; classes.len()];
    for index in 0.. {
        let example = data.example(Split::Test, index).expect("endless");
        let name = &data.classes()[example.class];
        let Some(class) = classes.iter().position(|class| class == name) else { continue };
        if counts[class] < of_each {
            fs::create_dir_all(folder.join(name)).expect("writes");
            let pixel =
                |x, y| image::Rgb([0, 1, 2].map(|c| example.pixels[[0, c, y as usize, x as usize]] as u8));
            let picture = image::RgbImage::from_fn(32, 32, pixel);
            picture.save(folder.join(name).join(format!("{index}.png"))).expect("writes");
            counts[class] += 1;
        }
        if counts.iter().all(|count| *count == of_each) {
            return;
        }
    }
}

#[test]
fn eval_matches_classes_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    write_folders(folder.path(), &["star", "circle"], 10);
    let data = folder.path().to_str().expect("UTF-8");
    let args = ["eval", "--model", "shapes", "--data", data, "--json"];
    let answer: Value = serde_json::from_str(&prints(&args)).expect("JSON");
    assert_eq!((&answer["images"], &answer["part"]), (&20.into(), &"train".into()));
    assert!(answer["accuracy"].as_f64().is_some_and(|accuracy| accuracy >= 0.8), "{answer}");
    assert!(answer["loss"].as_f64().is_some_and(|loss| loss < 1.0), "{answer}");
    let names: Vec<&str> =
        answer["classes"].as_array().expect("names").iter().filter_map(Value::as_str).collect();
    for name in ["star", "circle"] {
        // In the folder circle is 0 and star is 1; in the model they are not.
        let class = names.iter().position(|other| *other == name).expect("a class");
        let row = answer["confusion"][class].as_array().expect("a row");
        assert_eq!(row.iter().filter_map(Value::as_u64).sum::<u64>(), 10, "{name}");
        assert_eq!(answer["recall"][class].as_f64(), row[class].as_f64().map(|right| right / 10.0));
    }
    fs::rename(folder.path().join("star"), folder.path().join("dog")).expect("renames");
    let error = fails(&args[..5]);
    assert!(error.contains("expected classes of shapes") && error.contains("got \"dog\""), "{error}");
}

#[test]
fn parts_are_recognised_said_and_asked_for() {
    let place = Place::new(&PLAIN.replace("out_features = 10", "out_features = 2"));
    let classes = ["star", "circle"];
    write_folders(&place.0.path().join("named/training_set"), &classes, 10);
    write_folders(&place.0.path().join("named/test_set"), &classes, 4);
    write_folders(&place.0.path().join("other/one"), &classes, 10);
    write_folders(&place.0.path().join("other/two"), &classes, 4);
    let (net, out) = (place.at("net.toml"), place.at("m.safetensors"));
    let train = |data: &str, more: &[&str]| {
        let args =
            ["train", "--architecture", &net, "--out", &out, "--epochs", "1", "--data", &place.at(data)];
        output(&[&args[..], more].concat())
    };
    let named = train("named", &[]);
    let said = text(&named.stderr);
    assert!(said.contains("parts by their names: train from training_set; test from test_set"), "{said}");
    assert!(
        text(&named.stdout).contains("8 test examples") || text(&named.stdout).contains("8 examples"),
        "{}",
        text(&named.stdout)
    );
    let refused = train("other", &[]);
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("folders one, two") && said.contains("--test-folder NAME"), "{said}");
    let chosen = train("other", &["--test-folder", "two/"]);
    let said = text(&chosen.stderr);
    assert!(chosen.status.success() && said.contains("train from one; test from two"), "{said}");
    let classes = train("other", &["--test-folder", "none"]);
    assert!(text(&classes.stderr).contains("the folders within a class are that class: one, two"));
    let wrong = train("other", &["--test-folder", "three"]);
    assert!(text(&wrong.stderr).contains("(one, two), got \"three\""), "{}", text(&wrong.stderr));
    let generated =
        fails(&["eval", "--model", "shapes", "--data", "shapes", "--test-folder", "a", "--limit", "9"]);
    assert!(generated.contains("--test-folder: expected a data set, got shapes"), "{generated}");
    let eval = ["eval", "--model", "shapes", "--json", "--data", &place.at("other"), "--test-folder", "two"];
    let answer: Value = serde_json::from_str(&prints(&eval)).expect("JSON");
    assert_eq!((&answer["images"], &answer["part"]), (&8.into(), &"test".into()));
}

#[test]
fn eval_says_what_it_looked_at_and_is_the_same_on_threads() {
    let args = ["eval", "--model", "digits", "--data", "digits", "--limit", "150", "--threads"];
    let run = |more: &[&str]| prints(&[&args[..], more].concat());
    let output = run(&["1"]);
    assert_eq!(output, run(&["2"]));
    assert!(output.starts_with("digits on 150 examples of digits, test split: accuracy"), "{output}");
    assert_eq!(output.lines().count(), 13, "{output}");
    let answer: Value = serde_json::from_str(&run(&["2", "--json"])).expect("JSON");
    assert!(answer["accuracy"].as_f64().is_some_and(|accuracy| accuracy > 0.95), "{answer}");
    let part: Value = serde_json::from_str(&run(&["1", "--json", "--part", "validation"])).expect("JSON");
    assert_eq!(part["part"], "validation");
    assert_ne!(part["loss"], answer["loss"]);
    let error = fails(&["eval", "--model", "digits", "--data", "shapes"]);
    assert!(error.contains("expected pictures of shape [1, 28, 28]"), "{error}");
}

#[test]
fn mnist_is_learned_and_any_number_of_threads_writes_the_same_file() {
    let Ok(mnist) = std::env::var("CONVSTEP_MNIST") else {
        eprintln!("skipped: CONVSTEP_MNIST names no folder with MNIST's IDX files");
        return;
    };
    let place = Place::new(PLAIN);
    let train = |out: &str, threads: &str| {
        let out = place.at(out);
        let args =
            ["train", "--architecture", "assets/models/digits.toml", "--data", &mnist, "--epochs", "1"];
        let more = [
            "--samples-per-epoch",
            "6000",
            "--batch",
            "32",
            "--lr",
            "0.005",
            "--held-out",
            "500",
            "--threads",
            threads,
        ];
        prints(&[&args[..], &more, &["--out", &out]].concat());
    };
    train("a.safetensors", "1");
    train("b.safetensors", "2");
    assert!(place.bytes("a.safetensors") == place.bytes("b.safetensors"));
    let args = ["eval", "--model", &place.at("a.safetensors"), "--data", &mnist, "--limit", "1000", "--json"];
    let answer: Value = serde_json::from_str(&prints(&args)).expect("JSON");
    assert_eq!((&answer["part"], &answer["images"]), (&"test".into(), &1000.into()));
    assert!(answer["accuracy"].as_f64().is_some_and(|accuracy| accuracy > 0.9), "{answer}");
}
