//! Adjusting the picture by role and label, with no display and no GPU: the frame, the arrows, the advice, the question
//! which answer is right.

use convstep::{
    app::{Action, AppState, Effect, Lang, Target},
    data::{Content, Fit, Loaded, Picture, samples},
    model_io::bundled,
    ui::{render::render, strings::Words},
};
use egui::{Key, Modifiers, Pos2, Vec2, vec2};
use egui_kittest::{Harness, kittest::Queryable};
use std::sync::Arc;

use crate::harness::{Program, update as run, window};

const SIZES: [[f32; 2]; 4] = [[1280.0, 720.0], [1024.0, 768.0], [853.0, 480.0], [640.0, 360.0]];

/// The cat as it comes from a file.
fn photograph() -> Loaded {
    let Content::Picture(cat) = samples::load("cat").expect("bundled").content else { panic!("a picture") };
    Loaded::decode("cat_phone.jpg", &cat.to_png().expect("encodes")).expect("decodes")
}

fn open(model: &str, picture: Loaded) -> AppState {
    AppState::open(bundled::load(model).expect("bundled"), picture).expect("fits")
}

fn state(harness: &Harness<Program>) -> AppState {
    harness.state().state.clone()
}

fn click(harness: &mut Harness<Program>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(3);
}

fn drag(harness: &mut Harness<Program>, from: Pos2, by: Vec2) {
    harness.hover_at(from);
    harness.run_steps(1);
    harness.drag_at(from);
    harness.run_steps(1);
    for part in 1..=4 {
        harness.hover_at(from + by * part as f32 / 4.0);
        harness.run_steps(1);
    }
    harness.drop_at(from + by);
    harness.run_steps(2);
}

#[test]
fn p_opens_it_and_each_control_is_one_step_back() {
    for (lang, size) in [Lang::En, Lang::Zh].into_iter().zip(SIZES) {
        let words = Words(lang);
        let mut start = open("photos", photograph());
        run(&mut start, Action::SetLang(lang));
        let mut harness = window(start, size, run);
        harness.key_press(Key::P);
        harness.run_steps(3);
        assert!(state(&harness).view().adjust);
        for key in ["shift_left", "shift_right", "shift_up", "shift_down", "turn", "mirror", "invert", "grey"]
        {
            let before = state(&harness);
            click(&mut harness, &words.text(&format!("adjust.{key}")));
            let after = state(&harness);
            assert_ne!(after.inputs().adjustment, before.inputs().adjustment, "{key}");
            assert_ne!(after.scores(), before.scores(), "{key}");
            harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
            harness.run_steps(2);
            assert_eq!(state(&harness).inputs(), before.inputs(), "{key}");
        }
        let pad = format!("{}: {}", words.text("adjust.fit"), words.text("adjust.pad"));
        click(&mut harness, &pad);
        assert_eq!(state(&harness).inputs().adjustment.fit, Fit::Pad);
        click(&mut harness, &words.text("adjust.reset"));
        assert_eq!(state(&harness).inputs().adjustment.fit, Fit::default());
        harness.key_press(Key::Escape);
        harness.run_steps(2);
        assert!(!state(&harness).view().adjust);
        assert!(state(&harness).notices().is_empty());
    }
}

#[test]
fn the_frame_is_dragged_sized_and_zoomed_and_the_answer_follows() {
    let words = Words(Lang::En);
    let mut start = open("photos", photograph());
    run(&mut start, Action::ShowAdjust(true));
    let mut harness = window(start, SIZES[0], run);
    let original = harness.get_by_label(&words.text("adjust.original")).rect();
    let before = state(&harness);
    // The picture may move to both sides of its middle.
    drag(&mut harness, original.center(), vec2(40.0, 0.0));
    let moved = state(&harness);
    let frame = moved.inputs().adjustment.frame.expect("moved");
    assert!(frame.centre[0] > 0.55 && frame.zoom == 1.0, "{frame:?}");
    assert_ne!(moved.scores(), before.scores());
    // From a corner it shrinks, about its middle.
    let seen = moved.fitted().seen;
    let scale = f64::from(original.width()) / 451.0;
    let [right, down] = [seen.x + seen.w - 451.0 / 2.0, seen.h / 2.0].map(|at| (at * scale) as f32);
    let corner = original.center() + vec2(right, down);
    assert_eq!(
        harness.get_by_label(&words.text("adjust.original")).rect(),
        original,
        "it stays in its place"
    );
    drag(&mut harness, corner - vec2(3.0, 3.0), vec2(-50.0, -50.0));
    let sized = state(&harness);
    let zoom = sized.inputs().adjustment.frame.expect("sized").zoom;
    assert!(zoom > 1.3 && zoom < 2.0, "{zoom}");
    // The wheel zooms; all that it turns at once is one step.
    harness.hover_at(original.center());
    for _ in 0..3 {
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: vec2(0.0, 40.0),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: Modifiers::NONE,
        });
        harness.run_steps(2);
    }
    harness.run_steps(10);
    assert!(state(&harness).inputs().adjustment.frame.expect("zoomed").zoom > zoom);
    for earlier in [&sized, &moved, &before] {
        harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
        harness.run_steps(2);
        assert_eq!(state(&harness).inputs(), earlier.inputs());
    }
    assert!(!state(&harness).undo().can_undo());
}

#[test]
fn alt_and_an_arrow_shifts_the_picture_and_leaves_the_cursor() {
    let start = open("photos", photograph());
    let mut harness = window(start, SIZES[0], run);
    let place = state(&harness).place();
    for (key, shift) in [
        (Key::ArrowRight, [1, 0]),
        (Key::ArrowDown, [1, 1]),
        (Key::ArrowLeft, [0, 1]),
        (Key::ArrowUp, [0, 0]),
        (Key::ArrowUp, [0, -1]),
    ] {
        harness.key_press_modifiers(Modifiers::ALT, key);
        harness.run_steps(2);
        assert_eq!(state(&harness).inputs().adjustment.shift, shift, "{key:?}");
    }
    assert_eq!(state(&harness).place(), place);
}

/// A picture of one colour.
fn plain(grey: u8) -> Loaded {
    let picture = Picture::from_rgba("plain", 60, 40, [grey, grey, grey, 255].repeat(60 * 40));
    Loaded { name: "plain".into(), content: Content::Picture(picture.expect("a picture")), label: None }
}

#[test]
fn the_frame_is_seen_on_a_black_and_on_a_white_picture() {
    for grey in [0, 255] {
        let mut start = open("photos", plain(grey));
        run(&mut start, Action::ShowAdjust(true));
        let size = [1280.0, 720.0];
        let harness = window(start.clone(), size, run);
        let original = harness.get_by_label(&Words(Lang::En).text("adjust.original")).rect();
        let frame = render(&start, [1280, 720], 1.0, false);
        // Along the middle of the picture, from its left: the frame's edge is dark beside white.
        let y = original.center().y as u32;
        let line: Vec<u8> = (original.left() as u32 + 8..original.center().x as u32)
            .map(|x| frame.get_pixel(x, y).0[0])
            .collect();
        let is_edge = |near: &[u8]| near.iter().any(|&v| v > 235) && near.iter().any(|&v| v < 60);
        assert!(line.windows(6).any(is_edge), "{grey}: {line:?}");
    }
}

#[test]
fn advice_stands_in_the_notice_row_and_does_what_it_offers() {
    let words = Words(Lang::En);
    let mut harness = window(open("shapes", photograph()), SIZES[0], run);
    assert!(harness.query_by_label(&words.text("advice.only_shapes")).is_some());
    click(&mut harness, &words.text("advice.only_shapes.offer"));
    let after = state(&harness);
    assert_eq!(after.model().name, "photos");
    assert_eq!(after.model().class_name(after.prediction().0), "cat");
    assert!(harness.query_by_label(&words.text("advice.only_shapes")).is_none());
    // In what adjusts the picture it stands there, and only there.
    let mut harness = window(open("shapes", photograph()), SIZES[0], run);
    harness.key_press(Key::P);
    harness.run_steps(3);
    assert_eq!(harness.query_all_by_label(&words.text("advice.only_shapes")).count(), 1);
    click(&mut harness, &words.text("advice.only_shapes.offer"));
    assert_eq!(state(&harness).model().name, "photos");
}

#[test]
fn advice_leaves_after_twenty_seconds_and_comes_with_the_next_picture() {
    let words = Words(Lang::En).text("advice.only_shapes");
    let mut harness = window(open("shapes", photograph()), SIZES[0], run);
    let steps = |seconds: f32| (seconds / harness_step()).round() as usize;
    harness.run_steps(steps(15.0));
    assert!(harness.query_by_label(&words).is_some(), "it can be read");
    harness.run_steps(steps(6.0));
    assert!(harness.query_by_label(&words).is_none(), "it leaves by itself");
    run(&mut harness.state_mut().state, Action::UsePicture(std::sync::Arc::new(photograph())));
    harness.run_steps(steps(1.0));
    assert!(harness.query_by_label(&words).is_some(), "a new picture is advised on anew");
}

/// Seconds of a frame in these tests.
const fn harness_step() -> f32 {
    0.25
}

#[test]
fn a_click_on_the_picture_in_the_strip_adjusts_it() {
    let mut state = open("shapes", photograph());
    let layer = Action::look(state.plan(), &state.plan().parse("fwd/conv1").expect("an address"));
    run(&mut state, layer);
    let mut harness = window(state, SIZES[0], run);
    let (look, cursor) = (state_of(&harness).look(), state_of(&harness).cursor());
    click(&mut harness, "The picture. Click: adjust it");
    assert!(state_of(&harness).view().adjust);
    assert_eq!((state_of(&harness).look(), state_of(&harness).cursor()), (look, cursor));
    let again = harness.get_by_role_and_label(egui::accesskit::Role::Button, "The picture. Click: adjust it");
    again.click();
    harness.run_steps(3);
    assert!(!state_of(&harness).view().adjust);
}

fn state_of<'a>(harness: &'a Harness<Program>) -> &'a AppState {
    &harness.state().state
}

#[test]
fn the_right_answer_is_asked_for_in_the_notice_row() {
    let words = Words(Lang::En);
    let mut harness = window(open("photos", photograph()), SIZES[0], run);
    // The stage of the whole network asks the same question; its guess is a button in the notice row alone.
    let guess = words.fill("right.guess", &[("class", "cat")]);
    assert!(harness.query_by_label(&guess).is_none());
    run(&mut harness.state_mut().state, Action::GoTo("bwd/fc2.dX".into()));
    harness.run_steps(3);
    assert!(harness.query_all_by_label(&words.text("right.which")).count() > 0);
    click(&mut harness, &guess);
    let after = state(&harness);
    assert_eq!(after.target(), Target::Given(after.prediction().0));
    assert!(harness.query_by_label(&guess).is_none());
}

#[test]
fn a_file_that_hovers_says_what_dropping_it_does() {
    let words = Words(Lang::En).text("adjust.drop");
    let mut harness = window(open("photos", photograph()), SIZES[0], run);
    let painted = |harness: &Harness<Program>| {
        let has =
            |shape: &egui::Shape| matches!(shape, egui::Shape::Text(text) if text.galley.text() == words);
        harness.output().shapes.iter().any(|clipped| has(&clipped.shape))
    };
    assert!(!painted(&harness));
    harness.input_mut().hovered_files.push(egui::HoveredFile::default());
    harness.run_steps(1);
    assert!(painted(&harness));
}

#[test]
fn a_path_can_be_typed_where_no_dialog_opens() {
    let words = Words(Lang::En);
    let mut harness = window(open("photos", photograph()), SIZES[0], run);
    run(&mut harness.state_mut().state, Action::TypePath(true));
    harness.run_steps(3);
    harness.get_by_label(&words.text("adjust.path_of")).focus();
    harness.event(egui::Event::Text("/somewhere/cat.png".into()));
    harness.run_steps(2);
    click(&mut harness, &words.text("adjust.path_open"));
    let asked = &harness.state().asked;
    assert!(
        matches!(asked.last(), Some(Effect::Read(path)) if path.to_string().ends_with("cat.png")),
        "{asked:?}"
    );
    assert!(!state(&harness).view().typing_path);
}

#[test]
fn an_array_or_a_batch_is_used_as_it_is_and_says_so() {
    let words = Words(Lang::En);
    let mut start = open("article-backprop", samples::load("article-3x3").expect("bundled"));
    run(&mut start, Action::ShowAdjust(true));
    let harness = window(start, SIZES[0], run);
    assert!(harness.query_by_label(&words.text("adjust.array")).is_some());
    // What was painted on goes with a new picture.
    let mut state = open("photos", photograph());
    run(&mut state, Action::UsePicture(Arc::new(plain(9))));
    assert!(state.inputs().painted.is_none());
}
