//! Sessions without a window: kept, read back, damaged, and killed while they are written.

use crate::start;

use crate::start::go;
use convstep::{
    app::{
        Action, AppState, EditAction, Effect, FileAction, FileContent, FileKind, JobKind, MarkAction, Page,
        RECENT, Recent, Session, TrainAction, Until, apply,
    },
    data::{Content, Dataset, Fit, Generated, Loaded, Location, Picture, open},
    files::write_atomically,
    model_io::Model,
    nn::{
        Execution, Part,
        optimizer::{Optimizer, Rule},
    },
    tensor::Tensor,
    trace::{Break, Grain, Move},
    train::{Check, StopWhen, TrainingBranch},
};
use proptest::prelude::*;
use std::{
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, OnceLock},
    time::Duration,
};

fn net() -> String {
    architecture(
        [1, 28, 28],
        &[
            "conv1 conv2d out_channels=3 kernel=5 stride=3",
            "bn1 batch_norm2d",
            "relu1 relu",
            "drop dropout p=0.1",
            "fc dense out_features=10",
        ],
    )
}

use crate::program;
use crate::program::{architecture, opened, reopened, run, take_notice};

fn model(seed: u64) -> Model {
    program::model("net", &net(), seed)
}

fn state() -> AppState {
    opened(model(3))
}

const ADAM: Optimizer = Optimizer {
    rule: Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 },
    learning_rate: 0.01,
    weight_decay: 0.001,
};

fn train(state: &mut AppState, action: TrainAction) {
    run(state, [Action::Train(action)]);
}

fn at(state: &AppState) -> String {
    state.cursor().text(state.plan())
}

/// Training on a data set with a fork, bookmarks and all.
fn trained(data: Dataset) -> AppState {
    let mut state = state();
    run(&mut state, [Action::SetOptimizer(ADAM)]);
    train(&mut state, TrainAction::Use(Some(data)));
    let mut training = state.inputs().training.clone().expect("set").with_batch(8);
    (training.schedule.epoch_len, training.schedule.augment.shift) = (80, 2);
    train(&mut state, TrainAction::Set(training));
    train(&mut state, TrainAction::StopAt(StopWhen::Accuracy(0.99)));
    train(&mut state, TrainAction::Start(Until::Step(14)));
    train(&mut state, TrainAction::GoTo(9));
    let sgd = Optimizer { rule: Rule::Sgd, ..ADAM };
    run(&mut state, [Action::SetOptimizer(sgd)]);
    train(&mut state, TrainAction::Start(Until::Step(16)));
    let actions = [
        go("e1.b2.i3/fwd/conv1/k2/(3,4)/m7"),
        Action::Mark(MarkAction::ToggleBookmark),
        Action::Mark(MarkAction::ToggleBreak(Break::Above { tensor: None, limit: 1.5 })),
        Action::SetPage(Page::Training),
        Action::ToggleLog,
        Action::SetSpeed(7.5),
        go("e1.b4/update/fc.weight/k3,7/(0,0)"),
    ];
    run(&mut state, actions);
    assert_eq!((state.notices().len(), state.run().branches().len()), (0, 2), "{:?}", state.notices());
    state
}

fn bytes(state: &AppState) -> Vec<u8> {
    Session::from_state(state).to_bytes().expect("writes")
}

#[test]
fn training_comes_back_bit_for_bit_and_goes_on_as_if_never_broken_off() {
    let mut before = trained(Dataset::generated(Generated::Digits, 5));
    let file = bytes(&before);
    let mut after = reopened(file.clone());
    assert_eq!(after.notices(), []);
    assert_eq!(bytes(&after), file, "the same session, to the byte");
    assert_eq!(
        (after.inputs().clone(), at(&after), after.selected()),
        (before.inputs().clone(), at(&before), before.selected())
    );
    assert_eq!(after.trace().params(), before.trace().params());
    assert_eq!(after.trace().moments(), before.trace().moments());
    assert_eq!(after.marks(), before.marks());
    assert_eq!(
        (after.view().page, after.view().log, after.playback().moves_per_sec),
        (Page::Training, true, 7.5)
    );
    assert_eq!(after.training().stops, before.training().stops);
    for (after, before) in after.run().branches().iter().zip(before.run().branches()) {
        assert_eq!((&after.records, &after.checks), (&before.records, &before.checks));
        assert_eq!(
            (after.fork(), after.done(), after.optimizers()),
            (before.fork(), before.done(), before.optimizers())
        );
    }
    assert!(!after.is_unsaved() && after.files().recent[0].location.name() == "my.convstep");
    for state in [&mut before, &mut after] {
        train(state, TrainAction::Start(Until::Step(19)));
    }
    assert_eq!(after.run().branch().records, before.run().branch().records);
    // Any earlier step of either line is there again.
    for (line, time) in [(0, 12), (1, 3), (1, 18), (0, 14)] {
        for state in [&mut before, &mut after] {
            let number = state.run().branches()[line].number();
            train(state, TrainAction::Choose(number));
            train(state, TrainAction::GoTo(time));
        }
        assert_eq!(after.trace().params(), before.trace().params(), "line {line}, step {time}");
        assert_eq!(at(&after), at(&before));
    }
    assert!(after.is_unsaved());
}

#[test]
fn a_picture_of_ones_own_and_what_was_edited_come_back() {
    let mut before = state();
    let pixels = (0..60 * 40).flat_map(|n| [(n % 256) as u8, 120, 30, (n % 251) as u8]).collect();
    let picture = Picture::from_rgba("mine", 60, 40, pixels).expect("a picture");
    let mine =
        Arc::new(Loaded { name: "mine".into(), content: Content::Picture(picture), label: Some("4".into()) });
    let actions = [
        Action::UsePicture(mine),
        Action::SetFit(Fit::Pad),
        Action::SetLabel(7),
        Action::Edit { edit: EditAction::SetPixel { index: 40, value: 9.0 }, more: false },
        Action::Edit {
            edit: EditAction::SetParameter {
                layer: 0,
                part: Part::Weight,
                index: 1,
                value: f32::MIN_POSITIVE,
            },
            more: false,
        },
        go("e12.b0.i0/bwd/fc.dW/k2,7"),
        Action::Go(Move::Grain(Grain::Term)),
        Action::Go(Move::Next),
    ];
    run(&mut before, actions);
    assert_eq!(before.notices(), []);
    let cell = before.plan().parse("e12.b0.i0/fwd/conv1/k1/(2,2)").expect("an address");
    let select = Action::look(before.plan(), &cell);
    run(&mut before, [select]);
    let after = reopened(bytes(&before));
    assert_eq!((after.notices(), after.inputs().clone()), (&[][..], before.inputs().clone()));
    assert!(after.inputs().loaded.is_some() && after.inputs().painted.is_some());
    assert_eq!(
        (at(&after), after.cursor().grain(), after.selected()),
        (at(&before), before.cursor().grain(), before.selected())
    );
    assert_eq!(after.trace().params(), before.trace().params());
    assert_eq!(after.trace().values(), before.trace().values());
    assert_eq!(bytes(&after), bytes(&before));
    // An array is kept unchanged.
    let values = Tensor::from_shape_fn((1, 1, 28, 28), |(_, _, i, j)| (i as f32 - j as f32) / 3.0);
    let array = Loaded { name: "a.npy".into(), content: Content::Values(values), label: None };
    let before = AppState::open(model(4), array).expect("fits");
    assert_eq!(reopened(bytes(&before)).inputs(), before.inputs());
}

/// A folder with some pictures of digits, by their classes.
fn digits(folder: &Path) {
    for index in 0..60 {
        let (pixels, class) = Generated::Digits.sample(8, index);
        let place = folder.join(class.to_string());
        std::fs::create_dir_all(&place).expect("a folder");
        let picture = image::GrayImage::from_fn(28, 28, |x, y| {
            image::Luma([pixels[[0, 0, y as usize, x as usize]] as u8])
        });
        picture.save(place.join(format!("{index}.png"))).expect("saves");
    }
}

#[test]
fn weights_that_were_edited_in_training_come_back_with_their_line() {
    let mut before = trained(Dataset::generated(Generated::Digits, 5));
    train(&mut before, TrainAction::GoTo(12));
    let edit = EditAction::SetParameter { layer: 0, part: Part::Weight, index: 1, value: 0.75 };
    run(&mut before, [Action::Edit { edit, more: false }]);
    train(&mut before, TrainAction::Start(Until::Step(15)));
    assert!(before.run().branches().len() == 3 && before.inputs().forked.is_some(), "{:?}", before.notices());
    let file = bytes(&before);
    let mut after = reopened(file.clone());
    assert_eq!((after.notices(), bytes(&after) == file), (&[][..], true));
    assert_eq!(after.inputs(), before.inputs());
    for (line, time) in [(2, 12), (2, 15), (1, 15)] {
        for state in [&mut before, &mut after] {
            let number = state.run().branches()[line].number();
            train(state, TrainAction::Choose(number));
            train(state, TrainAction::GoTo(time));
        }
        assert_eq!(after.trace().params(), before.trace().params(), "line {line}, step {time}");
    }
}

/// A session's file as it was written before there were runs beside one another.
fn of_the_old_form(bytes: &[u8]) -> Vec<u8> {
    let (len, rest) = bytes.split_at(8);
    let (header, data) = rest.split_at(u64::from_le_bytes(len.try_into().expect("eight")) as usize);
    let mut header: serde_json::Value = serde_json::from_slice(header).expect("JSON");
    let said = &mut header["__metadata__"]["convstep.session"];
    let mut session: serde_json::Value = serde_json::from_str(said.as_str().expect("a text")).expect("JSON");
    let about = session["session"].as_object_mut().expect("an object");
    for key in ["runs", "labels", "networks"] {
        about.remove(key).expect("a field of the new form");
    }
    for line in about["lines"].as_array_mut().expect("a list") {
        line.as_object_mut().expect("an object").remove("number").expect("a field of the new form");
    }
    *said = session.to_string().into();
    let header = header.to_string().into_bytes();
    [&(header.len() as u64).to_le_bytes()[..], &header, data].concat()
}

#[test]
fn a_session_of_the_old_form_opens_and_its_runs_have_numbers() {
    let before = trained(Dataset::generated(Generated::Digits, 5));
    let after = reopened(of_the_old_form(&bytes(&before)));
    assert_eq!(after.notices(), []);
    let runs = after.training_runs();
    assert_eq!(runs.iter().map(|run| run.branch.number()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((at(&after), after.run().branch_index()), (at(&before), 1));
    for (after, before) in after.run().branches().iter().zip(before.run().branches()) {
        assert_eq!((&after.records, after.done()), (&before.records, before.done()));
    }
}

#[test]
fn all_runs_come_back_with_their_names_also_those_of_another_network() {
    let mut before = trained(Dataset::generated(Generated::Digits, 5));
    let training = before.inputs().training.clone().expect("set").with_batch(4);
    train(&mut before, TrainAction::Set(training));
    train(&mut before, TrainAction::Start(Until::Step(6)));
    let first = before.training_runs()[0].branch.number();
    train(&mut before, TrainAction::Rename(first, "mine".into()));
    run(&mut before, [Action::OpenBundled("shapes".into())]);
    // That training on digits has ended is said.
    assert_eq!(before.notices().len(), 1, "{:?}", before.notices());
    run(&mut before, [Action::DismissNotice]);
    train(&mut before, TrainAction::Use(Some(Dataset::generated(Generated::Shapes, 5))));
    train(&mut before, TrainAction::Start(Until::Step(1)));
    assert_eq!((before.notices().len(), before.training_runs().len()), (0, 4), "{:?}", before.notices());
    let file = bytes(&before);
    let mut after = reopened(file.clone());
    assert_eq!((after.notices(), bytes(&after) == file), (&[][..], true));
    let said = |state: &AppState| -> Vec<_> {
        let runs = state.training_runs().into_iter();
        runs.map(|run| (run.branch.number(), run.name.map(str::to_owned), run.branch.records.clone()))
            .collect()
    };
    assert_eq!(said(&after), said(&before));
    assert_eq!(after.training_runs()[0].name, Some("mine"));
    // Each can be selected, and continues as it would have.
    for run in 0..4 {
        let number = before.training_runs()[run].branch.number();
        for state in [&mut before, &mut after] {
            train(state, TrainAction::Choose(number));
            let done = state.run().branch().done();
            train(state, TrainAction::Start(Until::Step(done + 1)));
        }
        assert_eq!(after.run().branch().records, before.run().branch().records, "run {run}");
        assert_eq!(after.trace().params(), before.trace().params(), "run {run}");
    }
}

#[test]
fn an_opened_data_set_is_opened_again_and_where_it_is_gone_the_rest_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("digits");
    digits(&data);
    let mut before = trained(open(&data, None, Execution::SERIAL).expect("opens").dataset.with_split(0.2, 1));
    let file = bytes(&before);
    let mut after = reopened(file.clone());
    assert_eq!((after.notices(), bytes(&after) == file), (&[][..], true));
    for state in [&mut before, &mut after] {
        train(state, TrainAction::Start(Until::Step(19)));
    }
    assert_eq!(after.run().branch().records, before.run().branch().records);
    let weights = before.run().branches()[1].keyframes.before(17).expect("kept").1.params.clone();

    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&data, &elsewhere).expect("moves");
    let mut gone = reopened(file.clone());
    let notice = take_notice(&mut gone).expect("a notice");
    assert!(notice.text.contains("digits: expected") && !notice.text.contains('\n'), "{}", notice.text);
    assert!(
        gone.inputs().training.is_none() && gone.files().location.is_none(),
        "nothing is written over it"
    );
    assert_eq!(gone.model().params, weights, "the weights as far as they were trained");
    let absent = gone.files().absent.as_ref().expect("the training that was left");
    assert_eq!(absent.session.branches()[0].records, before.run().branches()[0].records);
    // It is still gone, then found.
    run(&mut gone, [FileAction::FindData(None).into()]);
    assert!(take_notice(&mut gone).is_some() && gone.files().absent.is_some());
    run(&mut gone, [FileAction::FindData(Some(elsewhere.into())).into()]);
    assert_eq!(
        (gone.notices(), &gone.files().absent, at(&gone)),
        (&[][..], &None, "e1.b4/update/fc.weight/k3,7/(0,0)".to_owned())
    );
    assert_eq!(gone.run().branches()[0].records, before.run().branches()[0].records);
}

#[test]
fn saving_asks_where_once_and_a_dot_says_what_is_not_saved() {
    let mut state = state();
    apply(&mut state, FileAction::SetFolder("/home/me".into()).into());
    assert!(!state.is_unsaved());
    run(&mut state, [Action::SetLabel(2)]);
    assert!(state.is_unsaved());
    run(&mut state, [Action::Undo]);
    assert!(!state.is_unsaved(), "it is as it was");
    run(&mut state, [Action::SetLabel(2), FileAction::Save.into()]);
    assert_eq!(state.files().asked.as_ref().map(|asked| asked.text.as_str()), Some("/home/me/net.convstep"));
    let written = run(
        &mut state,
        [FileAction::Type("mine".into()).into(), FileAction::Confirm { replace: false }.into()],
    );
    let location = Location::from("/home/me/mine.convstep");
    assert_eq!(
        (written.len(), &written[0].0, state.files().location.as_ref()),
        (1, &location, Some(&location))
    );
    assert!(!state.is_unsaved() && state.files().asked.is_none());
    assert_eq!(reopened(written[0].1.clone()).inputs(), state.inputs());
    // Looking elsewhere is no work that is lost.
    run(&mut state, [Action::Go(Move::Next)]);
    assert!(!state.is_unsaved());
    run(&mut state, [Action::Mark(MarkAction::ToggleBookmark)]);
    assert!(state.is_unsaved());
    let written = run(&mut state, [FileAction::Save.into()]);
    assert_eq!((written.len(), &written[0].0, state.is_unsaved()), (1, &location, false));
    // A model, and a file that is there already.
    let save = [FileAction::Ask(FileKind::Model).into(), FileAction::Confirm { replace: false }.into()];
    let written = run(&mut state, save.into_iter().chain([FileAction::Save.into()]));
    assert_eq!(written[0].0, Location::from("/home/me/net.safetensors"));
    let again = Model::from_bytes("net", &written[0].1, None).expect("a model");
    assert_eq!(again.params, state.model().params);
    let ask = [FileAction::Ask(FileKind::Session).into(), FileAction::Confirm { replace: false }.into()];
    let twice = ask.clone().into_iter().chain(ask);
    let written = run(&mut state, twice);
    assert!(written.len() == 1 && state.files().asked.as_ref().is_some_and(|asked| asked.is_taken));
    assert_eq!(run(&mut state, [FileAction::Confirm { replace: true }.into()]).len(), 1);
    run(&mut state, [FileAction::Ask(FileKind::Session).into(), Action::Escape]);
    assert!(state.files().asked.is_none());
    // What cannot be written is said, and stays unsaved.
    run(&mut state, [Action::SetLabel(5)]);
    let Some(Effect::Write { location, stamp, .. }) = apply(&mut state, FileAction::Save.into()).pop() else {
        panic!("it is to be written");
    };
    let result = Err("disk: expected room, got none; free some".to_owned());
    run(&mut state, [FileAction::Written { location, kind: FileKind::Session, stamp, result }.into()]);
    assert!(
        take_notice(&mut state).is_some_and(|notice| notice.text.starts_with("disk")) && state.is_unsaved()
    );
}

#[test]
fn training_exports_the_weights_after_its_last_step() {
    let mut state = trained(Dataset::generated(Generated::Digits, 5));
    let save = [FileAction::Ask(FileKind::Model).into(), FileAction::Confirm { replace: false }.into()];
    let written = run(&mut state, save);
    train(&mut state, TrainAction::GoTo(16));
    let model = Model::from_bytes("net", &written[0].1, None).expect("a model");
    assert_eq!(*model.params, state.trace().params_after());
}

#[test]
fn files_that_were_opened_are_remembered_latest_first() {
    let mut state = state();
    let open = |state: &mut AppState, name: &str, bytes: &[u8]| {
        let location = Location::from("/files").join(name);
        run(state, [FileAction::Opened { location, bytes: Arc::new(bytes.to_vec()) }.into()]);
    };
    let png = |value: u8| {
        Picture::from_rgba("p", 1, 1, vec![value, value, value, 255])
            .and_then(|picture| picture.to_png())
            .expect("writes")
    };
    (0..12).for_each(|n| open(&mut state, &format!("{n}.png"), &png(n)));
    open(&mut state, "5.png", &png(5));
    open(&mut state, "m.safetensors", &model(1).to_bytes().expect("writes"));
    let names = |state: &AppState| -> Vec<String> {
        let paths = state.files().recent.iter().map(|recent| recent.location.to_string());
        paths.map(|path| path.trim_start_matches("/files/").to_owned()).collect()
    };
    assert_eq!(names(&state)[..4], ["m.safetensors", "5.png", "11.png", "10.png"]);
    assert_eq!(state.files().recent.len(), RECENT);
    // What is no picture is not remembered.
    open(&mut state, "note.txt", b"no picture at all");
    assert_eq!(names(&state)[0], "m.safetensors");
}

#[test]
fn what_a_crash_left_comes_back_under_its_file_and_is_unsaved() {
    let mut before = trained(Dataset::generated(Generated::Digits, 5));
    let place = FileAction::Chosen("/home/me/mine.convstep".into());
    run(&mut before, [FileAction::Ask(FileKind::Session).into(), place.into()]);
    let kept = before.rescue().to_bytes().expect("writes");
    let mut after = start::shapes();
    let offer = Some(convstep::app::RescueOffer { minutes: 3 });
    run(&mut after, [FileAction::Offer(offer).into()]);
    let effects = apply(&mut after, FileAction::Restore.into());
    assert!(matches!(effects.as_slice(), [Effect::Rescue]) && after.files().offer.is_none());
    run(&mut after, [FileAction::Rescued(Arc::new(kept)).into()]);
    assert_eq!((after.notices().len(), after.files().location.clone()), (0, before.files().location.clone()));
    assert_eq!(bytes(&after), bytes(&before));
    assert!(after.is_unsaved() && after.files().is_restored && after.files().recent.is_empty());
}

#[test]
fn work_is_what_was_made_not_what_was_opened() {
    let mut fresh = start::shapes();
    assert!(!fresh.has_unsaved_work());
    let png = Picture::from_rgba("p", 1, 1, vec![9, 9, 9, 255]).and_then(|picture| picture.to_png());
    let bytes = Arc::new(png.expect("writes"));
    run(&mut fresh, [FileAction::Opened { location: "/files/5.png".into(), bytes }.into()]);
    assert!(
        fresh.is_unsaved() && !fresh.has_unsaved_work(),
        "a picture that was opened is still in its file"
    );
    run(&mut fresh, [Action::Mark(MarkAction::ToggleBookmark)]);
    assert!(fresh.has_unsaved_work());
    assert!(trained(Dataset::generated(Generated::Digits, 5)).has_unsaved_work());
}

#[test]
fn a_session_never_takes_the_path_of_another_file() {
    let mut before = state();
    let mut after = start::shapes();
    // A picture is being read, and given up for a session without a file.
    let png = Picture::from_rgba("p", 1, 1, vec![9, 9, 9, 255])
        .and_then(|picture| picture.to_png())
        .expect("writes");
    apply(&mut after, FileAction::Opened { location: "/files/p.png".into(), bytes: Arc::new(png) }.into());
    run(
        &mut after,
        [Action::Cancel(JobKind::Computing), FileAction::Rescued(Arc::new(bytes(&before))).into()],
    );
    assert_eq!((after.files().location.clone(), after.inputs().clone()), (None, before.inputs().clone()));
    run(&mut before, [FileAction::Save.into()]);
    assert!(before.files().asked.is_some());
}

/// A file with all that there can be in one.
fn whole() -> &'static [u8] {
    static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
    WHOLE.get_or_init(|| bytes(&trained(Dataset::generated(Generated::Digits, 5))))
}

/// Reads bytes that may be anything: a session that the program can resume from, or one message.
fn survives(bytes: Vec<u8>) {
    let mut state = state();
    let before = (state.inputs().clone(), state.cursor());
    run(&mut state, [FileAction::Opened { location: "s.convstep".into(), bytes: Arc::new(bytes) }.into()]);
    assert!(state.jobs().foreground().is_none());
    if let Some(notice) = state.notices().last() {
        // What is expected is said, of a key or kind that is unknown by the ones that there are.
        let says_what =
            ["expected", "; the keys ", "; the kinds "].iter().any(|words| notice.text.contains(words));
        assert!(!notice.text.contains('\n') && says_what, "{}", notice.text);
        assert!(state.files().absent.is_some() || (state.inputs().clone(), state.cursor()) == before);
    }
    // It resumes from wherever it is.
    run(&mut state, [Action::Go(Move::Next), Action::Go(Move::End), go("update")]);
}

#[test]
fn what_is_cut_short_gets_one_line() {
    let whole = whole();
    let header = u64::from_le_bytes(whole[..8].try_into().expect("eight bytes")) as usize;
    for end in [0, 1, 8, 9, header / 2, header + 7, header + 8, header + 9, whole.len() / 2, whole.len() - 1]
    {
        survives(whole[..end].to_vec());
    }
}

#[test]
fn what_says_something_else_gets_one_line() {
    let text = String::from_utf8_lossy(whole());
    // Each has as many characters as before: the header's length stays right.
    for (from, to) in [
        ("version\\\":1", "version\\\":2"),
        ("\\\"line\\\":1", "\\\"line\\\":9"),
        ("\\\"label\\\":3", "\\\"label\\\":99"),
        ("\\\"epochs\\\":20", "\\\"epochs\\\":00"),
        ("\\\"batch_len\\\":8", "\\\"batch_len\\\":7"),
        ("\\\"batch_len\\\":8", "\\\"batch_len\\\":0"),
        ("\\\"epoch_len\\\":80", "\\\"epoch_len\\\":00"),
        ("\\\"steps\\\":17", "\\\"steps\\\":18"),
        ("\\\"time\\\":14", "\\\"time\\\":99"),
        ("\\\"params\\\":0", "\\\"params\\\":9"),
        ("running_mean", "running_jean"),
        ("out_features = 10", "out_features = 11"),
        ("e1.b4/update", "e1.b4/upgate"),
        ("digits", "digitz"),
    ] {
        let Some(at) = text.find(from) else { panic!("{from} is not in the file") };
        let mut bytes = whole().to_vec();
        bytes.splice(at..at + from.len(), to.bytes());
        if to.len() != from.len() {
            let header = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
            let header = header + to.len() as u64 - from.len() as u64;
            bytes[..8].copy_from_slice(&header.to_le_bytes());
        }
        survives(bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn damage_never_panics(places in prop::collection::vec((0.0f64..1.0, any::<u8>()), 1..4), in_header: bool) {
        let mut bytes = whole().to_vec();
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        let end = if in_header { header } else { bytes.len() };
        for (place, value) in places {
            bytes[(place * end as f64) as usize] = value;
        }
        survives(bytes);
    }
}

/// Set for a process that saves over and over till it is killed.
const VICTIM: &str = "CONVSTEP_SAVES_TO";

/// The sessions that the victim writes, one after the other: all weights of version n are n.
fn version(n: u16) -> Session {
    let mut model = model(1);
    for parts in &mut Arc::make_mut(&mut model.params).0 {
        for part in Part::ALL {
            if let Some(tensor) = parts.get_mut(part) {
                tensor.fill(f32::from(n));
            }
        }
    }
    let picture = convstep::data::samples::load("digit-3").expect("bundled");
    Session::from_state(&AppState::open(model, picture).expect("fits"))
}

#[test]
fn saves_over_and_over_till_it_is_killed() {
    let Ok(path) = std::env::var(VICTIM) else { return };
    // Others than the process before wrote.
    let first = std::process::id() as u16 % 900;
    for n in (1..1000).cycle().skip(usize::from(first)) {
        let bytes = FileContent::Session(Box::new(version(n))).to_bytes(None).expect("writes");
        write_atomically(Path::new(&path), &bytes).expect("writes");
    }
}

#[test]
fn a_kill_in_the_midst_of_saving_leaves_the_old_file_or_the_new_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s.convstep");
    write_atomically(&path, &version(1000).to_bytes().expect("writes")).expect("writes");
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..12u64 {
        let before = std::fs::read(&path).expect("the file that was there");
        // The test binary names a test by its path without the crate.
        let module = module_path!().split_once("::").map_or("", |(_, module)| module);
        let saves = format!("{module}::saves_over_and_over_till_it_is_killed");
        let mut victim = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", &saves, "--nocapture"])
            .env(VICTIM, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        // It is killed while it saves: some time after it has saved first.
        let start = std::time::Instant::now();
        while std::fs::read(&path).is_ok_and(|now| now == before) && start.elapsed() < Duration::from_secs(20)
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_micros(round * 19_371 % 40_000));
        victim.kill().expect("runs till it is killed");
        victim.wait().expect("is gone");
        let session =
            Session::from_bytes("s", &std::fs::read(&path).expect("a file")).expect("a whole session");
        let mut state = state();
        let bytes = Arc::new(session.to_bytes().expect("writes"));
        run(&mut state, [FileAction::Opened { location: path.as_path().into(), bytes }.into()]);
        let numbers: Vec<f32> = state
            .model()
            .params
            .0
            .iter()
            .flat_map(|p| p.iter())
            .flat_map(|(_, t)| t.iter().copied())
            .collect();
        assert!(numbers.iter().all(|x| *x == numbers[0]), "two versions in one file");
        seen.insert(numbers[0] as u16);
    }
    assert!(seen.len() > 3 && !seen.contains(&1000), "{seen:?}");
}

/// Where sessions and other files of earlier forms are stored. A file there is never changed: a new form gets new
/// files beside them.
fn stored(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sessions").join(name)
}

fn small_net() -> String {
    architecture(
        [1, 8, 8],
        &[
            "conv1 conv2d out_channels=2 kernel=3",
            "bn1 batch_norm2d",
            "relu1 relu",
            "drop dropout p=0.1",
            "fc dense out_features=10",
        ],
    )
}

/// A small session on a picture, and one in training: what `tests/fixtures/sessions` was made of.
fn to_store() -> [(&'static str, AppState); 2] {
    let small = || opened(program::model("small", &small_net(), 3));
    let mut picture = small();
    let edit = |edit| Action::Edit { edit, more: false };
    let actions = [
        Action::SetPage(Page::Network),
        Action::SetFit(Fit::Pad),
        edit(EditAction::SetPixel { index: 9, value: 200.0 }),
        edit(EditAction::SetParameter { layer: 0, part: Part::Weight, index: 4, value: 0.5 }),
        Action::SetOptimizer(ADAM),
        Action::SetLabel(3),
        go("e2.b0.i0/fwd/conv1/k1/(2,3)/m4"),
        Action::Mark(MarkAction::ToggleBookmark),
        Action::Mark(MarkAction::Rename(0, "here".into())),
        Action::Mark(MarkAction::ToggleBreak(Break::PoolTies)),
        Action::Mark(MarkAction::ToggleBreak(Break::Above { tensor: None, limit: 1.5 })),
        Action::Mark(MarkAction::Once(1, true)),
        Action::SetSpeed(7.5),
    ];
    run(&mut picture, actions);
    let mut training = small();
    run(&mut training, [Action::SetOptimizer(ADAM)]);
    train(&mut training, TrainAction::Use(Some(Dataset::generated(Generated::Digits, 5))));
    let mut settings = training.inputs().training.clone().expect("set").with_batch(4);
    (settings.schedule.epoch_len, settings.schedule.augment.shift) = (16, 1);
    train(&mut training, TrainAction::Set(settings));
    train(&mut training, TrainAction::StopAt(StopWhen::Accuracy(0.99)));
    train(&mut training, TrainAction::Start(Until::Step(5)));
    train(&mut training, TrainAction::GoTo(3));
    run(&mut training, [Action::SetOptimizer(Optimizer { rule: Rule::Sgd, ..ADAM })]);
    train(&mut training, TrainAction::Start(Until::Step(6)));
    run(&mut training, [Action::SetPage(Page::Training), go("e1.b2/update/fc.weight/k3,7/(0,0)")]);
    [("picture-1.convstep", picture), ("training-1.convstep", training)]
}

#[test]
#[ignore = "writes new files for tests/fixtures/sessions: for a new form, under new names"]
fn files_are_stored() {
    for (name, state) in to_store() {
        assert_eq!(state.notices(), []);
        std::fs::write(stored(name), bytes(&state)).expect("writes");
    }
}

/// Sessions that were stored when their form was new open with all that they hold.
#[test]
fn stored_sessions_open() {
    for (name, today) in to_store() {
        let file = std::fs::read(stored(name)).expect("is stored");
        let mut after = reopened(file);
        assert_eq!(after.notices(), [], "{name}");
        assert_eq!(after.inputs(), today.inputs(), "{name}");
        assert_eq!((at(&after), after.selected()), (at(&today), today.selected()), "{name}");
        assert_eq!(after.marks(), today.marks(), "{name}");
        assert_eq!(after.training().stops, today.training().stops, "{name}");
        assert_eq!(after.view().page, today.view().page, "{name}");
        assert_eq!(after.playback().moves_per_sec, today.playback().moves_per_sec, "{name}");
        assert_eq!(after.trace().params(), today.trace().params(), "{name}");
        assert_eq!(after.trace().moments(), today.trace().moments(), "{name}");
        if today.inputs().training.is_some() {
            let (after_lines, lines) = (after.run().branches(), today.run().branches());
            assert_eq!((after_lines.len(), lines.len()), (2, 2), "{name}");
            for (after, line) in after_lines.iter().zip(lines) {
                assert_eq!((after.fork(), after.done()), (line.fork(), line.done()), "{name}");
                assert_eq!(after.optimizers(), line.optimizers(), "{name}");
                // Files of before have no samples of the pairs.
                let checks = |branch: &TrainingBranch| -> Vec<_> {
                    let checks = branch.checks.iter();
                    checks
                        .map(|(&time, check)| (time, Check { samples: Vec::new(), ..check.clone() }))
                        .collect()
                };
                assert_eq!((&after.records, checks(after)), (&line.records, checks(line)), "{name}");
            }
            train(&mut after, TrainAction::Start(Until::Step(7)));
            assert_eq!((after.notices(), after.run().branch().done()), (&[][..], 8), "{name}");
        }
        assert!(bytes(&reopened(bytes(&after))) == bytes(&after), "{name} is written again in today's form");
    }
}

/// The list of recent files as it was stored when its form was new.
#[test]
fn a_stored_list_of_recent_files_is_read() {
    let text = std::fs::read_to_string(stored("recent-1.json")).expect("is stored");
    let recent: Vec<Recent> = serde_json::from_str(&text).expect("reads");
    let expected = ["/home/me/lessons/digits.convstep", "/home/me/课程/猫.png", "cifar-10"];
    assert_eq!(recent.iter().map(|recent| recent.location.to_string()).collect::<Vec<_>>(), expected);
    assert_eq!(serde_json::to_string_pretty(&recent).expect("writes"), text.trim_end(), "in today's form");
}
