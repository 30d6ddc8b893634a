//! A moment as text: copied, and pasted into another window, it is there again.

use crate::program::{architecture, model, opened, run, take_notice};
use convstep::{
    app::{Action, AppState, Effect, Figure, Lane, Link, Moment, Order, Page, Show, apply},
    data::samples,
    model_io::{bundled, presets},
    nn::{Mode, optimizer::Optimizer},
    trace::{Grain, Move},
};

/// What the window puts on the clipboard.
fn copied(state: &mut AppState) -> String {
    match apply(state, Action::CopyMoment).pop() {
        Some(Effect::Copy(text)) => text,
        other => panic!("{other:?}"),
    }
}

/// The same texts for the same moment.
fn shown(state: &AppState) -> String {
    let view = state.view();
    format!(
        "{} {} {:?} {:?} {:?} {:?} {:?}",
        state.model().name,
        state.inputs().picture.name,
        state.place(),
        (state.inputs().optimizer, state.inputs().mode, state.inputs().seed, state.inputs().adjustment),
        (view.page, view.show, view.figure),
        (view.lane, view.order),
        state.inputs().target.filter(|target| target.is_given()),
    )
}

/// A number below `n` by a small generator.
fn next(seed: &mut u64, n: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % n
}

/// One of the things that a user does.
fn any_action(state: &AppState, seed: &mut u64) -> Action {
    match next(seed, 12) {
        0 => Action::Go(Move::Next),
        1 => Action::Go(Move::Into),
        2 => Action::Go(Move::Out),
        3 => Action::Go(Move::Over),
        4 => Action::Go(Move::Grain(Grain::ALL[next(seed, 9) as usize])),
        5 => {
            let step = next(seed, state.plan().run_len().min(1 << 40));
            Action::visit(state.plan(), &state.plan().locate(step, Grain::ALL[4 + next(seed, 5) as usize]))
        }
        6 => {
            let step = next(seed, state.plan().len());
            Action::look(state.plan(), &state.plan().locate(step, Grain::Layer))
        }
        7 => Action::SetShow(Show::ALL[next(seed, Show::ALL.len() as u64) as usize]),
        8 => Action::SetLane(Lane::ALL[next(seed, 3) as usize]),
        9 => Action::SetOrder(Order::Sum),
        10 => Action::SetOptimizer(Optimizer { learning_rate: 0.25, ..Optimizer::default() }),
        _ => Action::SetMode(if next(seed, 2) == 0 { Mode::Eval } else { Mode::Train }),
    }
}

#[test]
fn a_moment_comes_back_in_every_bundled_network() {
    let names = bundled::models().iter().map(|model| model.name);
    let small = ["lenet5", "arithmetic-dilation", "arithmetic-padding_strides_transposed"];
    assert!(small.iter().all(|name| presets::find(name).is_some()));
    for (n, name) in names.chain(small).enumerate() {
        let mut seed = n as u64 + 1;
        for round in 0..4 {
            let mut state = AppState::new();
            run(&mut state, [Action::OpenBundled(name.to_owned())]);
            // At most the first training steps: later ones are replayed.
            for _ in 0..6 {
                let action = any_action(&state, &mut seed);
                if !matches!(action, Action::Visit(_)) || round < 2 {
                    let before = state.clone();
                    run(&mut state, [action]);
                    if state.trace().time() > 3 {
                        state = before;
                    }
                }
            }
            while take_notice(&mut state).is_some() {}
            let text = copied(&mut state);
            assert!(state.notices().is_empty(), "{name}: nothing is left out: {:?}", state.notices());
            assert!(text.lines().count() == 1 && Moment::is_meant(&text), "{text}");
            let mut other = AppState::new();
            run(&mut other, [Action::SetPage(Page::Home), Action::GoTo(format!("  {text}\n"))]);
            assert!(other.notices().is_empty(), "{text}: {:?}", other.notices());
            assert_eq!(shown(&other), shown(&state), "{text}");
        }
    }
}

#[test]
fn a_link_leads_to_its_moment_or_to_its_beat() {
    let mut state = AppState::new();
    run(
        &mut state,
        [Action::OpenBundled("shapes".to_owned()), Action::Go(Move::Over), Action::SetLane(Lane::Both)],
    );
    let to = |fragment: &str| {
        let mut other = AppState::new();
        run(
            &mut other,
            [Action::SetPage(Page::Home), Action::GoTo(format!(" http://localhost/page{fragment}\n"))],
        );
        other
    };
    let there = to(&Link::from_state(&state).fragment());
    assert!(there.notices().is_empty(), "{:?}", there.notices());
    assert_eq!(shown(&there), shown(&state));
    let lesson = to("#lesson=pattern&beat=2");
    let open = lesson.lesson().expect("a lesson");
    assert_eq!((open.lesson().id.as_str(), open.beat()), ("pattern", 1));
    assert_eq!(Link::from_state(&lesson).fragment(), "#lesson=pattern&beat=2");
    for broken in ["#m=AAAA", "#lesson=pattern&beat=0"] {
        let other = to(broken);
        assert_eq!((other.notices().len(), other.view().page), (1, Page::Home), "{broken}");
    }
}

#[test]
fn an_own_picture_and_own_weights_are_named_and_found_where_they_are_open() {
    let net = architecture([1, 6, 6], &["conv1 conv2d out_channels=2 kernel=3"]);
    let mut state = opened(model("mine", &net, 1));
    run(&mut state, [Action::GoTo("fwd/conv1/k1/(1,2)".into())]);
    let text = copied(&mut state);
    let said = take_notice(&mut state).expect("a line").text;
    assert!(said.contains("weights are your own") && said.contains("session file"), "{said}");
    // Another network of that name is not taken for it.
    let mut other = opened(model("mine", &net, 2));
    run(&mut other, [Action::GoTo(text.clone())]);
    assert!(take_notice(&mut other).expect("a line").text.contains("then paste the moment again"));
    // Where the network is open the moment is found.
    let mut there = opened(model("mine", &net, 1));
    run(&mut there, [Action::GoTo(text.clone())]);
    assert_eq!((there.notices().len(), there.place()), (0, state.place()));
    // Elsewhere one line says what is missing, and nothing else changes.
    let mut elsewhere = AppState::new();
    let before = (elsewhere.place(), elsewhere.model().name.clone());
    run(&mut elsewhere, [Action::GoTo(text)]);
    let said = take_notice(&mut elsewhere).expect("a line").text;
    assert!(said.contains("mine") && said.contains("open its file"), "{said}");
    assert_eq!((elsewhere.place(), elsewhere.model().name.clone()), before);
}

#[test]
fn an_own_picture_is_known_by_its_numbers() {
    let named = |sample: &str| {
        let mut loaded = samples::load(sample).expect("bundled");
        loaded.name = "mine.png".into();
        Action::UsePicture(loaded.into())
    };
    let mut state = AppState::new();
    run(&mut state, [named("digit-3"), Action::GoTo("fwd/conv1/k0/(1,1)".into())]);
    while take_notice(&mut state).is_some() {}
    let text = copied(&mut state);
    assert!(take_notice(&mut state).expect("a line").text.contains("picture is your own"));
    let mut same = AppState::new();
    run(&mut same, [named("digit-3"), Action::GoTo(text.clone())]);
    assert_eq!(same.place(), state.place());
    let mut another = AppState::new();
    run(&mut another, [named("digit-4"), Action::GoTo(text)]);
    assert!(take_notice(&mut another).expect("a line").text.contains("mine.png"));
}

#[test]
fn what_is_no_moment_leaves_one_line() {
    let mut state = AppState::new();
    for text in ["convstep {", "convstep {}", "convstep {\"model\":7}", "convstep {\"model\":\"nothing\"}"] {
        run(&mut state, [Action::GoTo(text.into())]);
        let said = take_notice(&mut state).expect("a line").text;
        assert!(said.starts_with("expected a moment") && !said.contains('\n'), "{said}");
    }
    let text = copied(&mut state).replace("\"at\":\"", "\"at\":\"no/where/");
    run(&mut state, [Action::GoTo(text)]);
    assert!(take_notice(&mut state).expect("a line").text.contains("no/where"));
    assert_eq!(state.figure(), None::<Figure>);
}
