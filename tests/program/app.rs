//! The program without a window: actions in, state out.

use crate::start;

use crate::program::{self, take_notice};
use crate::start::{go, run};
use convstep::{
    app::{Action, AppState, Effect, FileAction, JobKind, MarkAction, StopReason, apply, run_tasks_here},
    data::{Fit, Loaded, Picture},
    model_io::bundled,
    nn::{
        Execution, Part,
        loss::one_hot,
        optimizer::{Optimizer, Rule},
    },
    trace::{Break, Found, Grain, Move, Pass, Stop, TensorId, Trace},
};
use std::sync::{Arc, atomic::Ordering};

fn mark(kind: Break) -> Action {
    Action::Mark(MarkAction::ToggleBreak(kind))
}

fn stop(state: &AppState) -> Stop {
    match state.stopped() {
        Some(StopReason::Hit(stop)) => stop,
        other => panic!("expected a breakpoint, got {other:?}"),
    }
}

fn at(state: &AppState) -> String {
    state.cursor().text(state.plan())
}

/// A file's bytes as the window hands them in.
fn opened(name: &str, bytes: Vec<u8>) -> Action {
    FileAction::Opened { location: name.into(), bytes: Arc::new(bytes) }.into()
}

/// Opens bytes as the window does, with the worker's part done at once.
fn open(state: &mut AppState, name: &str, bytes: Vec<u8>) {
    run(state, [opened(name, bytes)]);
}

#[test]
fn a_fresh_start_has_done_the_forward_pass() {
    let state = AppState::new();
    // The first of the bundled networks, with a photograph that it is sure of.
    assert_eq!((state.model().name.as_str(), state.inputs().picture.name.as_str()), ("photos", "cat"));
    assert_eq!(bundled::models()[0].name, "photos");
    assert_eq!(at(&state), "fwd");
    assert!(state.notices().is_empty());
    let plan = state.plan();
    let last = plan.network().layers.len() - 1;
    let output = plan.stage_of(TensorId::layer(last, Part::Out)).expect("the output's stage");
    assert!(state.trace().progress(output, 0, state.cursor().at()).is_complete());
    let dx = plan.stage_of(TensorId::layer(0, Part::Dx)).expect("the first gradient's stage");
    assert!(state.trace().progress(dx, 0, state.cursor().at()).is_untouched());
}

#[test]
fn the_whole_way_and_back_at_every_grain() {
    let mut state = start::shapes();
    run(&mut state, [Action::OpenBundled("article-backprop".into())]);
    for grain in Grain::ALL {
        run(&mut state, [Action::Go(Move::Start), Action::Go(Move::Grain(grain))]);
        let mut visited = vec![state.cursor()];
        for _ in 0..40 {
            run(&mut state, [Action::Go(Move::Next)]);
            visited.push(state.cursor());
        }
        visited.dedup();
        for before in visited.iter().rev().skip(1) {
            run(&mut state, [Action::Go(Move::Previous)]);
            assert_eq!(state.cursor(), *before, "at grain {grain:?}");
        }
    }
}

#[test]
fn weights_after_going_back_across_updates_are_the_same_bit_for_bit() {
    let mut state = start::shapes();
    run(&mut state, [Action::OpenBundled("digits".into())]);
    let adam = Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 };
    run(
        &mut state,
        [Action::SetOptimizer(Optimizer { rule: adam, learning_rate: 0.01, weight_decay: 0.001 })],
    );
    run(&mut state, [go("e7.b0/update")]);
    let (params, moments) = (state.trace().params().clone(), state.trace().moments().clone());
    run(&mut state, [go("e90.b0/update"), go("e2.b0.i0/fwd"), go("e7.b0/update")]);
    assert_eq!(*params, **state.trace().params());
    assert_eq!(*moments, **state.trace().moments());
    // The next step starts from what this one left.
    let after = state.trace().params_after();
    run(&mut state, [Action::Go(Move::Grain(Grain::Batch)), Action::Go(Move::Next)]);
    assert_eq!(at(&state), "e8.b0");
    assert_eq!(after, **state.trace().params());
}

#[test]
fn training_on_one_picture_lowers_its_loss() {
    let mut state = start::shapes();
    run(&mut state, [Action::SetLabel(3), go("e20.b0")]);
    let loss = |time: u32| state.run().records()[&time].report.loss;
    assert!(loss(20) < loss(0), "{} {}", loss(20), loss(0));
}

#[test]
fn what_does_not_fit_leaves_a_line_and_the_state_as_it_was() {
    let mut state = start::shapes();
    let (inputs, cursor) = (state.inputs().clone(), state.cursor());
    let bad: Vec<(&str, Vec<u8>, &str)> = vec![
        ("note.txt", b"no picture at all".to_vec(), "PNG"),
        ("empty.png", Vec::new(), "empty"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "cut.png"),
        ("bad.safetensors", vec![0xff; 64], "safetensors"),
        ("bad.ONNX", vec![0xff; 64], "expected an ONNX file"),
    ];
    for (name, bytes, says) in bad {
        open(&mut state, name, bytes);
        let notice = take_notice(&mut state).expect("a notice for the user");
        assert!(notice.text.to_lowercase().contains(&says.to_lowercase()), "{name}: {}", notice.text);
        assert!(!notice.text.contains('\n'), "{}", notice.text);
        assert_eq!((state.inputs(), state.cursor()), (&inputs, cursor), "{name}");
        assert!(state.jobs().foreground().is_none());
    }
    for address in
        ["nowhere", "fwd/conv9", "fwd/conv1/k99", "fwd/conv1/k0/(99,0)", "fwd/conv1/k0/(0,0)/m9999"]
    {
        run(&mut state, [go(address)]);
        let notice = take_notice(&mut state).unwrap_or_else(|| panic!("{address} gave no notice"));
        assert!(notice.text.contains("expected"), "{}", notice.text);
        assert_eq!(state.cursor(), cursor);
    }
    run(&mut state, [Action::OpenBundled("nothing".into()), Action::OpenSample("nothing".into())]);
    assert_eq!(state.notices().len(), 2);
    assert_eq!(*state.inputs(), inputs);
}

#[test]
fn your_own_picture_is_opened_fitted_and_stays_when_the_model_changes() {
    let mut state = start::shapes();
    let pixels = (0..60 * 40).flat_map(|n| [(n % 256) as u8, 120, 30, 255]).collect();
    let picture = Picture::from_rgba("mine", 60, 40, pixels).expect("a picture");
    let content = convstep::data::Content::Picture(picture);
    let mine = Arc::new(Loaded { name: "mine".into(), content, label: None });
    run(&mut state, [Action::UsePicture(mine)]);
    assert_eq!(at(&state), "fwd");
    let seen = state.fitted().seen;
    assert_eq!((seen.w, seen.h), (40.0, 40.0));
    run(&mut state, [Action::SetFit(Fit::Stretch)]);
    assert_eq!((state.fitted().seen.w, state.fitted().seen.h), (60.0, 40.0));
    run(&mut state, [Action::OpenBundled("digits".into())]);
    assert_eq!(state.inputs().picture.name, "mine");
    assert_eq!(state.fitted().tensor.dim(), (1, 1, 28, 28));
    run(&mut state, [Action::Undo]);
    assert_eq!(state.model().name, "shapes");
    run(&mut state, [Action::Redo]);
    assert_eq!(state.model().name, "digits");
}

#[test]
fn an_onnx_file_opens_and_says_what_was_changed() {
    let mut state = start::shapes();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/onnx/torch_script.onnx");
    open(&mut state, "net.onnx", std::fs::read(path).expect("a fixture"));
    assert_eq!((state.model().name.as_str(), state.notices().len()), ("net.onnx", 0));
    assert_eq!(state.model().network.input, [3, 12, 12]);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/onnx/opset_11.onnx");
    open(&mut state, "other.onnx", std::fs::read(path).expect("a fixture"));
    assert_eq!(state.model().name, "other.onnx");
    assert!(take_notice(&mut state).expect("a notice").text.contains("LogSoftmax was omitted"));
}

#[test]
fn undo_brings_back_every_edit() {
    let mut state = start::shapes();
    let start = state.inputs().clone();
    let faster = Optimizer { learning_rate: 0.5, ..start.optimizer };
    run(&mut state, [Action::SetLabel(0), Action::SetFit(Fit::Pad), Action::SetOptimizer(faster)]);
    let end = state.inputs().clone();
    run(&mut state, [Action::Undo, Action::Undo, Action::Undo]);
    assert_eq!(state.inputs().optimizer, start.optimizer);
    assert_eq!(state.inputs().adjustment.fit, start.adjustment.fit);
    run(&mut state, [Action::Redo, Action::Redo, Action::Redo]);
    assert_eq!(*state.inputs(), end);
}

#[test]
fn a_cancelled_picture_does_not_come_back() {
    let mut state = start::shapes();
    let before = state.inputs().clone();
    let effects = apply(&mut state, opened("a.png", vec![1, 2, 3]));
    assert!(state.jobs().foreground().is_some());
    run(&mut state, [Action::Cancel(JobKind::Computing)]);
    assert_eq!(effects.len(), 1);
    run_tasks_here(&mut state, effects, Execution::SERIAL, &());
    assert_eq!(*state.inputs(), before);
    assert!(state.notices().is_empty() && state.jobs().foreground().is_none());
}

#[test]
fn playing_moves_with_time_and_stops_at_the_end() {
    let mut state = start::shapes();
    run(&mut state, [Action::OpenBundled("article-backprop".into()), Action::Go(Move::Start)]);
    run(&mut state, [Action::Go(Move::Grain(Grain::Term)), Action::SetSpeed(10.0), Action::TogglePlay]);
    run(&mut state, (0..10).map(|_| Action::Tick(0.1)));
    assert!((9..=11).contains(&state.cursor().at()), "{}", state.cursor().at());
    run(&mut state, [Action::TogglePlay, Action::Tick(0.2)]);
    let paused = state.cursor();
    run(&mut state, [Action::Tick(0.2)]);
    assert_eq!(state.cursor(), paused);
    run(&mut state, [go("end"), Action::TogglePlay]);
    assert!(!state.playback().playing);
}

#[test]
fn a_breakpoint_stops_forward_and_back_at_a_cell_where_it_holds() {
    let mut state = start::shapes();
    run(&mut state, [mark(Break::ReluKills), Action::Go(Move::Start)]);
    run(&mut state, [Action::Continue { back: false }]);
    let first = stop(&state);
    assert_eq!((first.found, first.cell), (Found::Value(0.0), first.address));
    assert!(at(&state).starts_with("fwd/relu"), "{}", at(&state));
    run(&mut state, [Action::Continue { back: false }]);
    let second = stop(&state);
    assert_ne!(first.address, second.address);
    run(&mut state, [Action::Continue { back: true }]);
    assert_eq!(stop(&state).address, first.address);
}

#[test]
fn following_a_value_to_its_writer_and_its_reader() {
    let mut state = start::shapes();
    run(&mut state, [Action::OpenBundled("article-backprop".into()), go("bwd/conv.dW/k0,0/(1,0)/m2")]);
    if !state.notices().is_empty() {
        // The layer's name is the model's business: take its first layer.
        while take_notice(&mut state).is_some() {}
        let name = state.model().network.layers[0].name().to_owned();
        run(&mut state, [go(&format!("bwd/{name}.dW/k0,0/(1,0)/m2"))]);
    }
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    let here = at(&state);
    run(&mut state, [Action::LastWriter]);
    assert_ne!(at(&state), here);
    run(&mut state, [Action::NextReader]);
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    run(&mut state, [Action::Trail(2)]);
    assert_eq!(at(&state), here);
}

#[test]
fn a_long_replay_goes_on_in_pieces_and_can_be_cancelled() {
    let mut state = start::shapes();
    run(&mut state, [Action::OpenBundled("article-backprop".into())]);
    let here = state.cursor();
    let effects = apply(&mut state, go("e90.b0/update"));
    assert!(matches!(effects.as_slice(), [Effect::Advance]));
    assert_eq!((state.cursor(), state.trace().time()), (here, 0), "it stays until the numbers are there");
    apply(&mut state, Action::Advance);
    assert!(state.run().replayed().is_some_and(|time| time > 0));
    apply(&mut state, Action::Cancel(JobKind::Computing));
    assert_eq!((state.cursor(), state.pending()), (here, None));
    run(&mut state, [go("e90.b0/update")]);
    assert_eq!(state.trace().time(), 90);
}

/// A network of which the values are computed by a worker: 75 million multiply-adds.
fn large() -> Vec<u8> {
    let layers = [
        "conv1 conv2d out_channels=64 kernel=3 padding=1",
        "conv2 conv2d out_channels=128 kernel=3 padding=1",
        "fc dense out_features=5",
    ];
    program::model("large", &program::architecture([3, 32, 32], &layers), 3).to_bytes().expect("it builds")
}

fn with_large() -> AppState {
    let mut state = start::shapes();
    let action = opened("large.safetensors", large());
    run(&mut state, [action, go("loss/loss")]);
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    assert_eq!(state.model().name, "large.safetensors");
    state
}

#[test]
fn a_large_network_is_computed_elsewhere_and_only_as_far_as_it_is_looked_at() {
    let mut state = with_large();
    let forward = state.trace().clone();
    assert_eq!((forward.reached(), at(&state).as_str()), (Pass::Loss, "loss/loss"));
    assert_eq!(forward.tensor(TensorId::layer(0, Part::Dw)), None, "it was not needed yet");
    // The cursor stays until the numbers are there.
    let effects = apply(&mut state, go("bwd/fc.dW/k2,7"));
    assert!(matches!(effects.as_slice(), [Effect::Work { .. }]));
    assert_eq!(at(&state), "loss/loss");
    assert_eq!(run_tasks_here(&mut state, effects, Execution::SERIAL, &()).len(), 0);
    assert_eq!((state.trace().reached(), at(&state).as_str()), (Pass::Bwd, "bwd/fc.dW/k2,7"));
    // A cell that is only shown must be there too.
    let plan = state.plan().clone();
    let weight = plan.parse("update/fc.weight/k2,7/(0,0)").expect("an address");
    let select = Action::look(state.plan(), &weight);
    run(&mut state, [go("loss/loss"), select]);
    assert_eq!((state.trace().reached(), state.selected()), (Pass::Update, Some(weight)));
    // The values are those of a run in one go, bit for bit.
    let (params, moments) = (forward.params().clone(), forward.moments().clone());
    let target = one_hot(plan.network().output(), &[state.label()]);
    let whole = Trace::new(plan.clone(), 0, params, moments, state.run().input(), target);
    assert_eq!(whole.values(), state.trace().values());
    assert_eq!(whole.params_after(), state.trace().params_after());
    // And so are those of a later step.
    run(&mut state, [go("e2.b0.i0/loss")]);
    let (there, here) = (whole.next().next(), state.trace());
    assert_eq!((there.params(), there.values().output()), (here.params(), here.values().output()));
}

#[test]
fn a_large_network_tells_how_far_it_is_and_can_be_stopped() {
    let mut state = with_large();
    let before = (state.cursor(), state.revision());
    let effects = apply(&mut state, go("bwd"));
    let [Effect::Work { job, task, cancel: stop }] = effects.as_slice() else { panic!("{effects:?}") };
    let parts = std::sync::Mutex::new(Vec::new());
    let on_progress = |part: f32| {
        parts.lock().expect("no panic").push(part);
        !stop.load(Ordering::Relaxed)
    };
    let done = task
        .run(Execution { on_progress: &on_progress, ..Execution::SERIAL }, &())
        .expect("nobody said stop");
    let parts = parts.lock().expect("no panic").clone();
    assert!(parts.len() >= 3 && parts.is_sorted(), "{parts:?}");
    apply(&mut state, Action::Progress { job: *job, part: 0.5 });
    assert_eq!(state.jobs().foreground().map(|busy| busy.part), Some(0.5));
    apply(&mut state, Action::Cancel(JobKind::Computing));
    assert_eq!(
        task.run(Execution { on_progress: &on_progress, ..Execution::SERIAL }, &()).map(|_| ()),
        None,
        "it was cancelled"
    );
    apply(&mut state, Action::Worked { job: *job, done });
    assert_eq!((state.cursor(), state.revision()), before, "an answer that comes too late");
    assert!(state.jobs().foreground().is_none() && state.pending().is_none());
}

#[test]
fn a_breakpoint_is_found_in_what_a_large_network_has_not_computed_yet() {
    let mut state = with_large();
    run(&mut state, [mark(Break::Above { tensor: None, limit: 0.0 }), Action::Continue { back: false }]);
    assert!(at(&state).starts_with("bwd/loss.dX"), "{}", at(&state));
    assert!(state.stopped().is_some());
}

#[test]
fn what_a_large_network_computes_is_forgotten_when_another_comes() {
    let mut state = with_large();
    let effects = apply(&mut state, go("bwd"));
    run(&mut state, [Action::OpenBundled("digits".into())]);
    run_tasks_here(&mut state, effects, Execution::SERIAL, &());
    assert_eq!(state.model().name, "digits");
    assert_eq!(state.plan().network().input, state.model().network.input);
    run(&mut state, [Action::Undo]);
    assert_eq!((state.model().name.as_str(), state.trace().reached()), ("large.safetensors", Pass::Loss));
}

#[test]
fn errors_stay_until_something_succeeds() {
    let mut state = AppState::new();
    for address in ["nowhere", "fwd/conv9", "fwd/conv1/k99"] {
        run(&mut state, [go(address)]);
    }
    assert_eq!(state.notices().len(), 3, "three errors wait");
    run(&mut state, [Action::OpenBundled("digits".into())]);
    assert!(state.notices().is_empty(), "another model leaves none: {:?}", state.notices());
    run(&mut state, [go("nowhere"), go("fwd/conv1")]);
    assert!(state.notices().is_empty(), "a right address after a wrong one");
    run(&mut state, [go("nowhere"), Action::Escape]);
    assert!(state.notices().is_empty(), "Escape takes it away");
}
