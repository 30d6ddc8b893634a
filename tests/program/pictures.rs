//! The picture in the program: adjusted step by step, with or without a right answer, and what is advised of it.

use crate::start::run;
use convstep::{
    app::{Action, AdjustAction, Advice, AppState, EditAction, Ink, Page, PictureChange, Session, Target},
    data::{Adjustment, Content, Fit, Frame, Loaded, Picture, paint::Pen, samples},
    model_io::{Model, bundled},
    nn::{Execution, Part},
    trace::TensorId,
};
use std::sync::Arc;

fn open(model: &str, picture: Loaded) -> AppState {
    AppState::open(bundled::load(model).expect("bundled"), picture).expect("fits")
}

fn sample(name: &str) -> Loaded {
    samples::load(name).expect("bundled")
}

fn picture(loaded: &Loaded) -> &Picture {
    match &loaded.content {
        Content::Picture(picture) => picture,
        Content::Values(_) => panic!("a picture"),
    }
}

/// The photograph of the cat, as if it came from a file: it has another name and no label.
fn photograph() -> Loaded {
    let png = picture(&sample("cat")).to_png().expect("encodes");
    Loaded::decode("cat_phone.jpg", &png).expect("decodes")
}

/// A digit in dark ink on white paper, in the middle of a larger sheet.
fn on_paper(digit: &str) -> Loaded {
    let loaded = sample(digit);
    let ink = picture(&loaded);
    let bytes = (0..84u32 * 84).flat_map(|k| {
        let (x, y) = (k % 84, k / 84);
        let [value, ..] = ink.pixel(x / 3, y / 3).expect("inside");
        [250 - value / 255 * 200 - value % 255 / 2, 248 - value / 2, 240 - value / 2, 255]
    });
    let picture = Picture::from_rgba("seven.png", 84, 84, bytes.collect()).expect("a picture");
    Loaded { name: "seven.png".into(), content: Content::Picture(picture), label: None }
}

fn adjust(adjust: AdjustAction) -> Action {
    Action::Adjust { adjust, more: false }
}

/// The likeliest class by its name, and its probability.
fn answer(state: &AppState) -> (String, f32) {
    let (class, probability) = state.prediction();
    (state.model().class_name(class), probability)
}

#[test]
fn the_first_picture_is_one_that_the_network_is_sure_of() {
    let state = AppState::new();
    let (class, probability) = answer(&state);
    assert_eq!(class, "cat");
    assert!(probability >= 0.8, "{probability}");
    assert_eq!(state.target(), Target::Given(state.model().class_index("cat").expect("a class")));
    assert_eq!(state.advice(), None);
    let licence = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/samples/CC0.txt"));
    let licence = licence.expect("beside the photograph");
    assert!(licence.contains("van der Walt") && licence.contains("CC0 1.0 Universal"));
}

const EACH: [AdjustAction; 13] = [
    AdjustAction::Shift { right: 1, down: 0 },
    AdjustAction::Shift { right: -1, down: 0 },
    AdjustAction::Shift { right: 0, down: 1 },
    AdjustAction::Shift { right: 0, down: -1 },
    AdjustAction::Frame(Frame { centre: [0.4, 0.5], zoom: 1.5 }),
    AdjustAction::Turn,
    AdjustAction::Degrees(12.0),
    AdjustAction::Mirror,
    AdjustAction::Invert,
    AdjustAction::Grey,
    AdjustAction::Fit(Fit::Pad),
    AdjustAction::Fit(Fit::Stretch),
    AdjustAction::Mirror,
];

#[test]
fn every_adjustment_is_one_step_back_and_the_answer_follows() {
    let mut state = open("photos", photograph());
    let mut before = Vec::new();
    for step in EACH {
        before.push((state.inputs().clone(), state.scores()));
        let seen = state.fitted().tensor.clone();
        run(&mut state, [adjust(step)]);
        assert_ne!(state.fitted().tensor, seen, "{step:?}");
        assert_ne!(state.scores(), before[before.len() - 1].1, "{step:?}");
        assert!(state.knows_scores());
    }
    assert!(state.notices().is_empty());
    let all = state.inputs().clone();
    for (inputs, scores) in before.into_iter().rev() {
        run(&mut state, [Action::Undo]);
        assert_eq!((state.inputs(), state.scores()), (&inputs, scores));
    }
    assert!(!state.undo().can_undo());
    run(&mut state, EACH.map(|_| Action::Redo));
    assert_eq!(*state.inputs(), all);
    // Back to the file clears all, and can be undone.
    run(&mut state, [adjust(AdjustAction::Reset)]);
    assert_eq!(state.inputs().adjustment, Adjustment::default());
    run(&mut state, [Action::Undo]);
    assert_eq!(*state.inputs(), all);
}

#[test]
fn the_answer_follows_within_a_tenth_of_a_second() {
    let mut state = open("photos", photograph());
    let times = (0..8u8).map(|step| {
        let start = std::time::Instant::now();
        let adjust = AdjustAction::Frame(Frame { centre: [0.5 + f32::from(step) * 0.01, 0.5], zoom: 1.4 });
        run(&mut state, [Action::Adjust { adjust, more: step > 0 }]);
        start.elapsed()
    });
    // The shortest: other tests run beside it.
    let shortest = times.min().expect("some");
    println!("the answer follows after {shortest:?}");
    assert!(shortest.as_millis() < 100, "{shortest:?}");
}

#[test]
fn a_drag_is_one_step_back() {
    let mut state = open("photos", photograph());
    let start = state.inputs().clone();
    for step in 0..9u8 {
        let frame = Frame { centre: [0.5 + f32::from(step) * 0.01, 0.5], zoom: 1.4 };
        let adjust = AdjustAction::Frame(frame);
        run(&mut state, [Action::Adjust { adjust, more: step > 0 }]);
    }
    let framed = state.inputs().clone();
    // Another drag is another step.
    for step in 0..3u8 {
        let adjust = AdjustAction::Degrees(f32::from(step) * 4.0 - 20.0);
        run(&mut state, [Action::Adjust { adjust, more: step > 0 }]);
    }
    // A whole drag was done to the picture, not its last move.
    assert_eq!(state.picture_change(), Some(PictureChange::TurnedBy(-12.0)));
    run(&mut state, [Action::Undo]);
    assert_eq!(*state.inputs(), framed);
    run(&mut state, [Action::Undo]);
    assert_eq!(*state.inputs(), start);
}

#[test]
fn what_was_painted_moves_with_the_picture() {
    let mut state = open("photos", photograph());
    let dot = EditAction::Paint {
        points: vec![[10.5, 4.5]],
        pen: Pen { radius: 0.4, softness: 0.0 },
        ink: Ink::Colour([255, 0, 255]),
    };
    run(&mut state, [Action::Edit { edit: dot, more: false }]);
    let painted = state.fitted().tensor.clone();
    let is_dot = |state: &AppState, i: usize, j: usize| {
        [0, 1, 2].map(|c| state.fitted().tensor[[0, c, i, j]]) == [255.0, 0.0, 255.0]
    };
    assert!(is_dot(&state, 4, 10));
    run(&mut state, [adjust(AdjustAction::Shift { right: 1, down: 2 })]);
    assert!(is_dot(&state, 6, 11) && !is_dot(&state, 4, 10));
    run(&mut state, [adjust(AdjustAction::Shift { right: -1, down: -2 })]);
    assert_eq!(state.fitted().tensor, painted);
    run(&mut state, [adjust(AdjustAction::Mirror)]);
    assert!(is_dot(&state, 4, 21));
    run(&mut state, [adjust(AdjustAction::Turn)]);
    assert!(is_dot(&state, 21, 27));
    run(&mut state, [adjust(AdjustAction::Invert)]);
    assert_eq!([0, 1, 2].map(|c| state.fitted().tensor[[0, c, 21, 27]]), [0.0, 255.0, 0.0]);
}

#[test]
fn arrays_and_batches_are_not_adjusted_and_say_so() {
    let mut state = open("article-backprop", sample("article-3x3"));
    let start = state.inputs().clone();
    run(&mut state, [adjust(AdjustAction::Turn)]);
    assert_eq!(*state.inputs(), start);
    assert!(state.notices()[0].text.contains("expected a picture to adjust"), "{:?}", state.notices());
    // How the next picture will be fitted can be chosen.
    run(&mut state, [Action::SetFit(Fit::Pad)]);
    assert_eq!((state.inputs().adjustment.fit, state.notices().len()), (Fit::Pad, 1));
}

#[test]
fn another_picture_is_only_fitted_and_another_network_sees_the_same() {
    let mut state = open("photos", photograph());
    run(&mut state, [Action::SetFit(Fit::Pad), adjust(AdjustAction::Turn), adjust(AdjustAction::Mirror)]);
    let adjustment = state.inputs().adjustment;
    run(&mut state, [Action::OpenBundled("shapes".into())]);
    assert_eq!(state.inputs().adjustment, adjustment);
    run(&mut state, [Action::UsePicture(Arc::new(sample("shape-star")))]);
    assert_eq!(state.inputs().adjustment, Adjustment::from(Fit::Pad));
}

#[test]
fn a_session_keeps_adjustments_and_whether_an_answer_was_given() {
    let mut state = open("photos", photograph());
    run(&mut state, EACH.map(adjust));
    let restore = |state: &AppState| {
        let bytes = Session::from_state(state).to_bytes().expect("writes");
        let session = Session::from_bytes("a.convstep", &bytes).expect("reads");
        let restored = Box::new(session).restore(None, Execution::SERIAL).expect("restores");
        let restored = format!("{:?}", restored.expect("not cancelled"));
        assert!(restored.contains(&format!("{:?}", state.inputs().adjustment)));
        restored
    };
    assert!(restore(&state).contains("target: Some(Assumed("));
    run(&mut state, [Action::SetLabel(3)]);
    assert!(restore(&state).contains("target: Some(Given(3))"));
}

#[test]
fn the_right_answer_is_not_given_until_somebody_says_it() {
    let mut state = open("photos", photograph());
    let guess = state.prediction().0;
    assert_eq!(state.target(), Target::Assumed(guess));
    // The guess is what gradients assume, also when it changes with the picture.
    run(&mut state, [Action::UsePicture(Arc::new(Loaded { label: None, ..sample("shape-ring") }))]);
    let other = state.prediction().0;
    assert_ne!(other, guess);
    assert_eq!(state.target(), Target::Assumed(other));
    assert_eq!(state.trace().target().iter().position(|&share| share == 1.0), Some(other));
    run(&mut state, [Action::SetLabel(2)]);
    assert_eq!((state.target(), state.trace().target()[[0, 2, 0, 0]]), (Target::Given(2), 1.0));
    // It stays when the picture is moved, and goes with it.
    run(&mut state, [adjust(AdjustAction::Shift { right: 1, down: 1 })]);
    assert_eq!(state.target(), Target::Given(2));
    run(&mut state, [Action::UsePicture(Arc::new(photograph()))]);
    assert!(!state.target().is_given());
    // A sample knows its own, where the network has the class.
    run(&mut state, [Action::UsePicture(Arc::new(sample("cat")))]);
    assert_eq!(state.target(), Target::Given(guess));
    run(&mut state, [Action::UsePicture(Arc::new(sample("scene")))]);
    assert!(!state.target().is_given());
    // Nobody has said what a new drawing is.
    run(&mut state, [Action::SetLabel(1)]);
    let edit = EditAction::NewDrawing { ground: [255; 3] };
    run(&mut state, [Action::Edit { edit, more: false }]);
    assert!(!state.target().is_given());
}

#[test]
fn the_first_step_into_what_depends_on_the_right_answer_asks_once() {
    let mut state = open("photos", photograph());
    assert!(!state.asks_right_answer());
    run(&mut state, [Action::GoTo("fwd/conv2".into())]);
    assert!(!state.asks_right_answer());
    run(&mut state, [Action::GoTo("bwd/fc2.dX".into())]);
    assert!(state.asks_right_answer());
    assert_eq!(state.model().class_name(state.likeliest()[0]), "cat");
    assert_eq!(state.likeliest().len(), 10);
    // Until it is put away, and then no more.
    run(&mut state, [Action::GoTo("fwd/conv2".into())]);
    assert!(state.asks_right_answer());
    run(&mut state, [Action::DismissQuestion, Action::GoTo("bwd/fc2.dX".into())]);
    assert!(!state.asks_right_answer());
    // Of another picture it is asked again, and answered.
    run(&mut state, [Action::UsePicture(Arc::new(photograph())), Action::GoTo("bwd/fc2.dX".into())]);
    assert!(state.asks_right_answer());
    run(&mut state, [Action::SetLabel(3)]);
    assert!(!state.asks_right_answer());
    // Nothing is asked where the answer is known.
    let mut state = open("shapes", sample("shape-star"));
    run(&mut state, [Action::GoTo("bwd/fc.dX".into())]);
    assert!(!state.asks_right_answer());
}

#[test]
fn what_a_shift_by_one_pixel_comes_to() {
    let mut state = open("photos", photograph());
    assert_eq!(state.picture_before().map(|kept| kept.image), None);
    let (class, before) = state.prediction();
    let maps = TensorId::layer(3, Part::Out);
    let old = state.trace().tensor(maps).expect("computed").clone();
    run(&mut state, [adjust(AdjustAction::Shift { right: 1, down: 0 })]);
    let effect = state.picture_effect(maps).expect("changed");
    assert_eq!(effect.change, PictureChange::Moved { right: 1, down: 0 });
    assert_eq!((effect.class, effect.before), (class, before));
    assert_eq!(effect.now, state.scores()[class]);
    assert_eq!(effect.maps, 32);
    // A map changed where any of its cells did.
    let now = state.trace().tensor(maps).expect("computed");
    let changed = |k: usize| {
        let of = |tensor: &convstep::tensor::Tensor| tensor.index_axis(ndarray::Axis(1), k).to_owned();
        of(&old) != of(now)
    };
    assert_eq!(effect.changed, (0..32).filter(|&k| changed(k)).count());
    assert!(effect.changed > 20 && effect.changed < 32, "{effect:?}");
    // Also within later steps of training, with their weights.
    run(&mut state, [Action::GoTo("e2.b0.i0/fwd/conv1".into())]);
    let kept = state.picture_before().expect("computed anew");
    assert!(kept.trace.time() == 2 && Arc::ptr_eq(kept.trace.params(), state.trace().params()));
    run(&mut state, [Action::GoTo("e0.b0.i0/loss".into())]);
    let sides = state.sides_before(maps).expect("changed");
    assert_eq!(sides.a.expect("kept"), old.iter().copied().collect::<Vec<_>>());
    // Back again: what was moved comes back.
    run(&mut state, [Action::Undo]);
    assert_eq!(state.picture_change(), Some(PictureChange::Moved { right: -1, down: 0 }));
    // With other weights both sides have them.
    let edit = EditAction::SetParameter { layer: 0, part: Part::Weight, index: 0, value: 0.75 };
    run(&mut state, [Action::Edit { edit, more: false }]);
    let effect = state.picture_effect(TensorId::layer(0, Part::Out)).expect("computed anew");
    assert_eq!(effect.change, PictureChange::Moved { right: -1, down: 0 });
    let first = state.sides_before(TensorId::layer(0, Part::Out)).expect("computed anew");
    assert_eq!(first.b.len(), first.a.expect("kept").len());
    // Another network has no picture before.
    run(&mut state, [Action::OpenBundled("shapes".into())]);
    assert!(state.picture_before().is_none() && state.picture_change().is_none());
}

#[test]
fn each_change_of_the_picture_has_its_name() {
    let mut state = open("photos", photograph());
    for (step, change) in [
        (AdjustAction::Shift { right: -2, down: 3 }, PictureChange::Moved { right: -2, down: 3 }),
        (AdjustAction::Frame(Frame { centre: [0.4, 0.5], zoom: 1.5 }), PictureChange::Framed),
        (AdjustAction::Turn, PictureChange::Turned(1)),
        (AdjustAction::Degrees(12.0), PictureChange::TurnedBy(12.0)),
        (AdjustAction::Mirror, PictureChange::Mirrored),
        (AdjustAction::Invert, PictureChange::Inverted),
        (AdjustAction::Grey, PictureChange::Grey(true)),
        (AdjustAction::Fit(Fit::Pad), PictureChange::Fitted(Fit::Pad)),
        (AdjustAction::Reset, PictureChange::Several),
    ] {
        run(&mut state, [adjust(step)]);
        assert_eq!(state.picture_change(), Some(change), "{step:?}");
    }
    run(&mut state, [Action::SetBackground(convstep::data::Background([1, 2, 3]))]);
    assert_eq!(state.picture_change(), Some(PictureChange::Background));
    run(&mut state, [Action::Edit { edit: EditAction::Fill([9; 3]), more: false }]);
    assert_eq!(state.picture_change(), Some(PictureChange::Painted));
    run(&mut state, [Action::UsePicture(Arc::new(sample("scene")))]);
    assert_eq!(state.picture_change(), Some(PictureChange::Another));
}

#[test]
fn a_photograph_in_shapes_is_led_to_the_photos() {
    let mut state = open("shapes", photograph());
    let advice = state.advice().expect("advice");
    assert_eq!(advice, Advice::OnlyShapes);
    run(&mut state, [advice.action()]);
    assert_eq!(
        (state.model().name.as_str(), state.inputs().picture.name.as_str()),
        ("photos", "cat_phone.jpg")
    );
    assert_eq!(answer(&state).0, "cat");
    assert!(answer(&state).1 > 0.8);
    assert_eq!(state.advice(), None);
    // The bundled scene is no shape either, and stays.
    let mut state = open("shapes", sample("scene"));
    let advice = state.advice().expect("advice");
    run(&mut state, [advice.action()]);
    assert_eq!((state.model().name.as_str(), state.inputs().picture.name.as_str()), ("photos", "scene"));
    // A shape is at home.
    assert_eq!(open("shapes", sample("shape-star")).advice(), None);
}

#[test]
fn a_photograph_among_digits_is_led_to_the_photos() {
    for model in ["digits", "mnist"] {
        let mut state = open(model, photograph());
        assert_eq!(state.advice(), Some(Advice::OnlyDigits));
        run(&mut state, [Advice::OnlyDigits.action()]);
        assert_eq!(answer(&state).0, "cat");
        assert_eq!(open(model, sample("digit-7")).advice(), None);
    }
}

#[test]
fn a_dark_seven_on_white_paper_is_inverted_and_read() {
    for model in ["digits", "mnist"] {
        let mut state = open(model, on_paper("digit-7"));
        assert_eq!(state.advice(), Some(Advice::DarkOnBright), "{model}");
        run(&mut state, [Advice::DarkOnBright.action()]);
        assert_eq!(answer(&state).0, "7", "{model}");
        assert_eq!(state.advice(), None, "{model}");
        run(&mut state, [Action::Undo]);
        assert_eq!(state.advice(), Some(Advice::DarkOnBright));
    }
}

#[test]
fn an_unsure_answer_says_so_and_leads_to_the_evidence() {
    // A part of the photograph that shows no whole cat.
    let mut state = open("photos", photograph());
    let parts = (0..25u8).map(|k| [0.1 + f32::from(k % 5) * 0.2, 0.1 + f32::from(k / 5) * 0.2]);
    for centre in parts {
        run(&mut state, [adjust(AdjustAction::Frame(Frame { centre, zoom: 3.0 }))]);
        if state.prediction().1 < 0.5 {
            break;
        }
    }
    let (_, probability) = state.prediction();
    assert!(probability < 0.5, "{probability}");
    assert_eq!(state.advice(), Some(Advice::NotSure { probability }));
    run(&mut state, [Advice::NotSure { probability }.action()]);
    assert_eq!(state.view().page, Page::Attribution);
    // Before the answer is computed, nothing is said of it.
    run(&mut state, [Action::GoTo("fwd/conv1".into())]);
    assert_eq!(state.advice(), None);
}

#[test]
fn advice_that_was_put_away_comes_back_with_another_picture() {
    let mut state = open("shapes", photograph());
    run(&mut state, [Action::DismissAdvice]);
    assert_ne!(state.advice(), Some(Advice::OnlyShapes));
    run(&mut state, [Action::UsePicture(Arc::new(photograph()))]);
    assert_eq!(state.advice(), Some(Advice::OnlyShapes));
}

#[test]
fn outputs_without_names_are_no_classes() {
    let Model { name, params, mut architecture, unused, notes, network } =
        bundled::load("photos").expect("bundled");
    architecture.classes = Vec::new();
    let model = Model { name, params, architecture, unused, notes, network };
    let mut state = AppState::open(model, sample("shape-ring")).expect("fits");
    assert!(!state.names_classes() && state.advice().is_none());
    run(&mut state, [Action::GoTo("bwd/fc2.dX".into())]);
    assert!(!state.asks_right_answer());
    assert!(AppState::new().names_classes());
}

/// Draws a seven with the pad's pen, at the size of the digit networks.
fn draw_seven(state: &mut AppState, ground: u8) {
    let ink = Ink::Colour([255 - ground; 3]);
    let pen = Pen { radius: 1.2, softness: 1.5 };
    let paint =
        |points: Vec<[f32; 2]>| Action::Edit { edit: EditAction::Paint { points, pen, ink }, more: false };
    let edit = EditAction::NewDrawing { ground: [ground; 3] };
    run(state, [Action::Edit { edit, more: false }]);
    run(state, [paint(vec![[8.0, 7.0], [20.0, 7.0], [12.0, 22.0]])]);
}

#[test]
fn a_drawn_digit_is_read_in_white_on_black_and_in_black_on_white() {
    for model in ["digits", "mnist"] {
        let mut seen = Vec::new();
        for ground in [0, 255] {
            let mut state = open(model, sample("digit-3"));
            draw_seven(&mut state, ground);
            assert_eq!(answer(&state).0, "7", "{model} on {ground}");
            assert_eq!(state.advice(), None);
            seen.push(state.fitted().tensor.clone());
            // The paper is what was drawn on.
            let corner = picture(&state.inputs().picture).pixel(0, 0).expect("inside");
            assert_eq!(corner[0], ground);
        }
        assert_eq!(seen[0], seen[1], "{model}");
    }
    // A network for photographs sees paper as paper.
    let mut state = open("photos", sample("cat"));
    draw_seven(&mut state, 255);
    assert_eq!(state.fitted().tensor[[0, 0, 0, 0]], 255.0);
}
