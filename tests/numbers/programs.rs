//! Exported programs give the outputs and gradients of the program that exported them. Each library's part is skipped,
//! saying so, where it is not installed; `CONVSTEP_PYTHON` names another Python than `python3`.

use crate::random::{Numbers, network as random_network};
use convstep::export::{arrays, code, code::Library};
use convstep::model_io::{Architecture, Model, Preprocess, bundled, presets};
use convstep::nn::{
    Mode, Network,
    check::{widen, widen_params},
    dropout::Stream,
    optimizer::Optimizer,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use std::{collections::BTreeMap, path::Path, process::Command, sync::Arc};

/// The largest difference relative to the largest number of a tensor. Keras computes in f32, the others in f64;
/// PyTorch's softplus is a straight line beyond 20.
const fn tolerance(library: Library) -> f64 {
    match library {
        Library::PyTorch => 1e-6,
        Library::Keras => 1e-4,
        Library::NumPy => 1e-9,
    }
}

fn python() -> String {
    std::env::var("CONVSTEP_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// The libraries that are installed.
fn installed() -> Vec<Library> {
    let has = |library: &Library| {
        let imports = match library {
            Library::PyTorch => "import torch, safetensors, numpy",
            Library::Keras => "import os; os.environ.setdefault('KERAS_BACKEND', 'torch'); import keras",
            Library::NumPy => "import numpy",
        };
        let found = Command::new(python()).args(["-c", imports]).output();
        let is_there = found.is_ok_and(|output| output.status.success());
        if !is_there {
            eprintln!("skipped: {} is not installed, so its programs were not run", library.title());
        }
        is_there
    };
    Library::ALL.into_iter().filter(has).collect()
}

/// Writes one case: the programs, their weights and what is expected of them.
fn write(folder: &Path, name: &str, model: &Model, libraries: &[Library], seed: u64) {
    let folder = folder.join(name);
    std::fs::create_dir(&folder).expect("a new folder");
    let network = &model.network;
    let mut numbers = Numbers::new(seed);
    let (x, target) = (numbers.pictures(network, 1), numbers.below(network.classes()));
    // In f64, so that what differs is the programs' and not what f32 lost here.
    let (params, x) = (widen_params(&model.params), widen(&x));
    let values = network.run(&params, &x, &network.target(&[target]), Mode::Eval, Stream::default());
    let put = |file: &str, bytes: &[u8]| std::fs::write(folder.join(file), bytes).expect("writes");
    put("expected.npz", &arrays::archive(network, &params, &values).expect("an archive"));
    let told = serde_json::json!({ "target": target, "last": network.last_name() });
    put("case.json", told.to_string().as_bytes());
    for library in libraries {
        let weights = format!("w.{}", library.weights_ending());
        put(&weights, &code::weights(*library, model).expect("fits"));
        let program = code::program(*library, model, &Optimizer::default(), &weights);
        put(&format!("{}.py", library.name()), program.as_bytes());
    }
}

/// Runs all cases of a folder and checks what their programs gave.
fn check(folder: &Path, libraries: &[Library], cases: usize) {
    if libraries.is_empty() {
        return;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/programs.py");
    let output = Command::new(python()).arg(script).arg(folder).output().expect("runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for line in said.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        let case = line["case"].as_str().unwrap_or_default();
        let library = line["library"].as_str().unwrap_or_default();
        let tolerance = Library::ALL.into_iter().find(|known| known.name() == library).map_or(0.0, tolerance);
        let program =
            || std::fs::read_to_string(folder.join(case).join(format!("{library}.py"))).unwrap_or_default();
        for what in ["outputs", "worst"] {
            let difference = line[what].as_f64().unwrap_or(f64::INFINITY);
            assert!(difference < tolerance, "{what}: {line}\n{}", program());
        }
        let has_gradients = library == Library::Keras.name() || line["gradients"].as_u64() > Some(0);
        assert!(has_gradients, "{line}\n{}", program());
        *count.entry(library.to_owned()).or_default() += 1;
    }
    let expected = libraries.iter().map(|library| (library.name().to_owned(), cases)).collect();
    assert_eq!(count, expected);
}

fn with_random_params(network: Network, seed: u64) -> Model {
    let architecture = Architecture {
        input: network.input,
        classes: Vec::new(),
        preprocess: Preprocess::identity(network.input[0]),
        layers: network.layers.iter().map(|layer| layer.spec.clone()).collect(),
        loss: network.loss,
    };
    let params = Arc::new(Numbers::new(seed).params(&network));
    Model { name: "random".to_owned(), network, params, architecture, unused: Vec::new(), notes: Vec::new() }
}

#[test]
fn programs_of_random_networks_give_the_same_numbers() {
    let libraries = installed();
    let folder = tempfile::tempdir().expect("a folder");
    let mut runner = TestRunner::deterministic();
    const CASES: usize = 50;
    for case in 0..CASES {
        let network = random_network().new_tree(&mut runner).expect("a network").current();
        let seed = case as u64;
        write(folder.path(), &format!("random-{case}"), &with_random_params(network, seed), &libraries, seed);
    }
    check(folder.path(), &libraries, CASES);
}

#[test]
fn programs_of_bundled_models_and_presets_give_the_same_numbers() {
    let libraries = installed();
    let folder = tempfile::tempdir().expect("a folder");
    let mut cases = 0;
    let models = bundled::models().iter().map(|bundled| bundled::load(bundled.name).expect("loads"));
    let presets = presets::all().iter().map(|preset| preset.model(presets::SEED).expect("fits"));
    // Those for large pictures take minutes as loops.
    for model in models.chain(presets).filter(|model| model.network.input[1] <= 64) {
        write(folder.path(), &format!("{cases}-{}", model.name), &model, &libraries, cases as u64);
        cases += 1;
    }
    assert!(cases > 10, "{cases} models");
    check(folder.path(), &libraries, cases);
}

#[test]
fn a_name_cannot_end_the_programs_text() {
    let mut model = bundled::load("shapes").expect("loads");
    model.name = "x\"\"\"\nimport os\\".to_owned();
    model.architecture.classes = vec!["a\"b".to_owned(), "圆\n".to_owned(), "\\".to_owned()];
    for library in Library::ALL {
        let program = code::program(library, &model, &Optimizer::default(), "w\".npz");
        assert!(program.starts_with("\"\"\"The network ximport os as "), "{program}");
        assert!(
            program.contains(r#"CLASSES = ["a\"b", "圆\n", "\\", "3", "4", "5", "6", "7"]"#),
            "{program}"
        );
        assert!(program.contains(r#"with_name("w\".npz")"#), "{program}");
    }
}
