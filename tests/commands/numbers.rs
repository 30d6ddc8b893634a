//! Numbers out of the program, read again by other readers than its own: arrays, tables, the curves of training.

use convstep::{
    app::{Action, AppState, Effect, FileAction, FileKind, NumbersForm, apply, run_tasks_here},
    nn::Execution,
    trace::Address,
};
use ndarray::{ArrayD, Axis};
use ndarray_npy::{NpzReader, ReadNpyExt};
use std::{fs, fs::File, path::Path, process::Command};

fn convstep(args: &[&str]) -> (bool, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_convstep")).args(args).output().expect("the program starts");
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(said).expect("UTF-8"))
}

/// Runs a command that writes a file of this name, and gives its bytes.
fn written(folder: &Path, name: &str, args: &[&str]) -> Vec<u8> {
    let out = folder.join(name);
    let mut all = args.to_vec();
    all.extend(["--out", out.to_str().expect("UTF-8")]);
    let (fine, said) = convstep(&all);
    assert!(fine, "{all:?}: {said}");
    fs::read(out).expect("written")
}

fn state_at(place: &str) -> AppState {
    let mut state = AppState::new();
    for action in [Action::OpenBundled("digits".into()), Action::GoTo(place.into())] {
        let effects = apply(&mut state, action);
        run_tasks_here(&mut state, effects, Execution::SERIAL, &());
    }
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    state
}

/// What the window writes of the place that is shown.
fn by_window(state: &AppState, kind: FileKind) -> Vec<u8> {
    let mut state = state.clone();
    apply(&mut state, FileAction::Ask(kind).into());
    let effects = apply(&mut state, FileAction::Confirm { replace: false }.into());
    match effects.into_iter().next() {
        Some(Effect::Write { content, .. }) => content.to_bytes(None).expect("a file"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn tensors_come_back_as_arrays_and_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let export = |name: &str, more: &[&str]| {
        written(folder.path(), name, &[&["export", "tensor", "--model", "digits"], more].concat())
    };
    let state = state_at("fwd/conv1");
    let trace = state.trace();
    let place = |text: &str| state.plan().parse(text).expect("an address");
    let value = |address: &Address, cell: usize| trace.finished(&address.with_cell(cell as u32));
    for (at, shape) in
        [("fwd/conv1", 3), ("fwd/conv1/k2", 2), ("conv1.weight", 4), ("conv1.bias", 1), ("fwd/fc", 1)]
    {
        let Ok(address) = state.plan().parse(at) else { continue };
        let bytes = export("x.npy", &["--at", at]);
        let array = ArrayD::<f32>::read_npy(&bytes[..]).expect("an array");
        assert_eq!(array.ndim(), shape, "{at}");
        let first = address.cell() as usize;
        assert!(array.iter().enumerate().all(|(k, own)| *own == value(&address, first + k)), "{at}");
        let csv = export("x.csv", &["--at", at]);
        let mut reader = csv::ReaderBuilder::new().has_headers(array.ndim() > 2).from_reader(&csv[..]);
        let outer = if array.ndim() > 2 { array.ndim() - 1 } else { 0 };
        let numbers: Vec<f32> = reader
            .records()
            .flat_map(|row| {
                row.expect("a row")
                    .iter()
                    .skip(outer)
                    .map(|n| n.parse().expect("a number"))
                    .collect::<Vec<f32>>()
            })
            .collect();
        assert!(numbers.iter().eq(array.iter()), "{at}");
    }
    // By the name that it has in the archive of a run.
    let whole = folder.path().join("all.npz");
    let (fine, said) = convstep(&[
        "run",
        "--model",
        "digits",
        "--image",
        "digit-7",
        "--tensors",
        whole.to_str().expect("UTF-8"),
    ]);
    assert!(fine, "{said}");
    let names = ["conv1", "grad.conv1.weight"];
    let mut some = NpzReader::new(std::io::Cursor::new(export(
        "some.npz",
        &["--image", "digit-7", "--tensor", names[0], "--tensor", names[1]],
    )))
    .expect("an archive");
    let mut all = NpzReader::new(File::open(&whole).expect("there")).expect("an archive");
    assert_eq!(some.len(), 2);
    for name in names {
        let [own, of_run]: [ArrayD<f32>; 2] = [
            some.by_name(&format!("{name}.npy")).expect("there"),
            all.by_name(&format!("{name}.npy")).expect("there"),
        ];
        assert_eq!(own, of_run, "{name}");
    }
    assert_eq!(
        export("all2.npz", &["--image", "digit-7"]),
        fs::read(&whole).expect("there"),
        "all without a name"
    );
    for (more, line) in [
        (&["--at", "fwd"][..], "expected a layer, a map or a cell"),
        (&["--tensor", "conv1.weigth"], "did you mean \"conv1.weight\""),
        (&["--at", "fwd/conv1", "--at", "conv1.weight"], "write .npz"),
    ] {
        let out = folder.path().join("no.csv");
        let args = [&["export", "tensor", "--model", "digits", "--out", out.to_str().expect("UTF-8")], more]
            .concat();
        let (fine, said) = convstep(&args);
        assert!(!fine && said.contains(line) && said.trim_end().lines().count() == 1, "{said}");
        assert!(!out.exists());
    }
    let _ = place;
}

#[test]
fn a_cells_terms_add_up_to_the_cell() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = "fwd/conv1/k2/(0,5)";
    let args = ["export", "terms", "--model", "digits", "--at", at];
    let csv = written(folder.path(), "t.csv", &args);
    let mut reader = csv::Reader::from_reader(&csv[..]);
    assert_eq!(
        reader.headers().expect("a head"),
        vec!["term", "a_from", "a", "b_from", "b", "product", "sum"]
    );
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows");
    let state = state_at(at);
    let cell = state.plan().parse(at).expect("an address");
    let number = |text: &str| text.parse::<f32>().expect("a number");
    assert_eq!(number(&rows[rows.len() - 1][6]), state.trace().finished(&cell));
    assert!(
        rows.iter().any(|row| row[1].starts_with("input/") && row[1].contains(',')),
        "addresses hold commas"
    );
    let npy = written(folder.path(), "t.npy", &args);
    let array = ArrayD::<f32>::read_npy(&npy[..]).expect("an array");
    assert_eq!(array.shape(), [rows.len(), 4]);
    for (row, numbers) in rows.iter().zip(array.axis_iter(Axis(0))) {
        for (column, own) in [2, 4, 5, 6].into_iter().zip(&numbers) {
            assert!(row[column].is_empty() && own.is_nan() || number(&row[column]) == *own);
        }
    }
    // The window writes the same, and copies it with tabs.
    assert_eq!(by_window(&state, FileKind::Numbers(NumbersForm::Csv)), csv);
    assert_eq!(by_window(&state, FileKind::Numbers(NumbersForm::Npy)), npy);
    let mut state = state;
    let Some(Effect::Copy(table)) = apply(&mut state, Action::CopyTable).pop() else {
        panic!("nothing is copied")
    };
    assert_eq!(table.lines().count(), rows.len() + 1);
    assert!(table.lines().skip(1).zip(&rows).all(|(line, row)| line.split('\t').eq(row)));
    let map = state_at("fwd/conv1/k2");
    let bytes =
        written(folder.path(), "m.csv", &["export", "tensor", "--model", "digits", "--at", "fwd/conv1/k2"]);
    assert_eq!(by_window(&map, FileKind::Numbers(NumbersForm::Csv)), bytes);
}

#[test]
fn the_curves_of_a_log_are_a_drawing_that_holds_their_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log.csv");
    let text = "step,epoch,part,loss,accuracy,learning_rate,gradient_norm,images_per_second\n\
                1,1,train,2.3,0.125,0.001,1.5,100\n2,1,train,2.1,0.25,0.001,1.4,100\n2,1,validation,2.2,0.2,,,\n";
    fs::write(&log, text).expect("writes");
    let svg = written(folder.path(), "c.svg", &["export", "plot", "--log", log.to_str().expect("UTF-8")]);
    let svg = String::from_utf8(svg).expect("UTF-8");
    assert!(resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).is_ok());
    assert!(
        svg.contains("<title>loss: train</title>") && svg.contains("<title>accuracy: validation</title>")
    );
    assert!(svg.contains("2,1,validation,2.2,0.2"), "the log is in it");
    fs::write(&log, "a,b\n1,2\n").expect("writes");
    let out = folder.path().join("no.svg");
    let (fine, said) = convstep(&[
        "export",
        "plot",
        "--log",
        log.to_str().expect("UTF-8"),
        "--out",
        out.to_str().expect("UTF-8"),
    ]);
    assert!(!fine && said.contains("without the column step") && !out.exists(), "{said}");
}
