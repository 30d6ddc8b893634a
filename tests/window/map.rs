//! The stage at the depth of a map, by what it paints and by role and label.

use convstep::{
    app::{Action, AppState, Lane, Lang},
    nn::{Op, Part},
    trace::{Depth, TensorId},
};
use egui::{Key, vec2};
use egui_kittest::{Harness, kittest::Queryable};

use crate::frame;
use crate::harness::{Program, update, window};

fn program(model: &str) -> AppState {
    let mut state = AppState::new();
    update(&mut state, Action::OpenBundled(model.into()));
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    state
}

fn look(state: &mut AppState, text: &str) {
    let address = state.plan().parse(text).expect(text);
    update(state, Action::look(state.plan(), &address));
    assert_eq!((state.look(), Depth::new(&address)), (address, Depth::Map));
}

fn at(model: &str, text: &str, size: [f32; 2]) -> Harness<'static, Program> {
    let mut state = program(model);
    look(&mut state, text);
    window(state, size, update)
}

/// A printed number in units of its last decimal, and how many decimals it has.
fn units(text: &str) -> (i64, usize) {
    let text = text.trim().replace('−', "-").replace('+', "");
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    (text.replace('.', "").parse().unwrap_or_else(|_| panic!("{text} is no number")), decimals)
}

/// The number that stands before some words among the painted texts.
fn number_of<'a>(texts: &'a [String], words: &str) -> &'a str {
    let place = texts.iter().position(|text| text == words);
    &texts[place.unwrap_or_else(|| panic!("{words} is not among {texts:#?}")) - 1]
}

#[test]
fn what_is_shown_the_rest_and_the_bias_add_up_to_the_printed_sum() {
    for map in [0, 7, 12, 31] {
        let mut state = program("photos");
        look(&mut state, &format!("fwd/conv2/k{map}"));
        let texts = frame::draw(&state, vec2(1280.0, 720.0), false);
        let numbers = ["12 shown", "20 more", "bias", "sum"].map(|words| units(number_of(&texts, words)));
        assert!(numbers.iter().all(|number| number.1 == numbers[0].1), "the same decimals: {numbers:?}");
        assert_eq!(numbers[0].0 + numbers[1].0 + numbers[2].0, numbers[3].0, "map {map}");
        let gives = texts.iter().filter(|text| text.starts_with("gives ")).count();
        assert_eq!(gives, 12, "{texts:#?}");
    }
}

#[test]
fn three_inputs_have_a_line_each() {
    let mut state = program("photos");
    look(&mut state, "fwd/conv1/k3");
    let texts = frame::draw(&state, vec2(1280.0, 720.0), false);
    let numbers = ["red", "green", "blue", "bias", "sum"].map(|words| {
        let place = texts.iter().rposition(|text| text == words).expect(words);
        units(&texts[place - 1]).0
    });
    assert_eq!(numbers[..4].iter().sum::<i64>(), numbers[4]);
}

#[test]
fn the_map_is_large_and_each_input_stands_beside_its_slice() {
    for (size, least) in [([1280.0, 720.0], 370.0), ([1920.0, 1080.0], 600.0)] {
        let harness = at("photos", "fwd/relu2/k7", size);
        let inputs: Vec<_> = harness.query_all_by_label_contains(" of conv1 gives ").collect();
        assert!(inputs.len() >= 12, "{size:?}: {}", inputs.len());
        assert!(inputs.iter().all(|input| input.rect().width() >= 80.0 && input.rect().height() >= 80.0));
        let slices: Vec<_> = harness.query_all_by_label_contains("filter 7, slice ").collect();
        assert_eq!(slices.len(), inputs.len());
        for (input, slice) in inputs.iter().zip(&slices) {
            assert_eq!(input.rect().top(), slice.rect().top());
            assert!(slice.rect().left() > input.rect().right());
        }
        let map = harness.query_all_by_label_contains("relu2 output, map 7").map(|node| node.rect().width());
        let map = map.fold(0.0, f32::max);
        assert!(map >= least, "{size:?}: {map}");
    }
}

#[test]
fn left_and_right_change_the_map_and_a_click_looks_at_an_input() {
    let mut harness = at("photos", "fwd/relu2/k7", [1280.0, 720.0]);
    let cursor = harness.state().state.cursor();
    harness.key_press(Key::ArrowRight);
    harness.run_steps(3);
    let there = |harness: &Harness<Program>| {
        let state = &harness.state().state;
        (state.plan().text(&state.look()), state.cursor())
    };
    assert_eq!(there(&harness), ("fwd/relu2/k8".to_owned(), cursor));
    assert!(harness.query_all_by_label_contains("filter 8, slice ").count() >= 12);
    let input = harness.query_all_by_label_contains("map 5 of conv1 ").next();
    let input =
        input.unwrap_or_else(|| harness.query_all_by_label_contains(" of conv1 gives ").next().expect("one"));
    input.click();
    harness.run_steps(3);
    assert!(there(&harness).0.starts_with("fwd/relu1/k"), "{:?}", there(&harness));
    assert_eq!(there(&harness).1, cursor);
}

#[test]
fn a_filter_is_blanked_by_its_button_and_comes_back_by_undo() {
    let mut harness = at("photos", "fwd/conv2/k7", [1280.0, 720.0]);
    let before = harness.state().state.model().params.clone();
    harness.get_by_label("Blank filter").click();
    harness.run_steps(3);
    assert_ne!(harness.state().state.model().params, before);
    update(&mut harness.state_mut().state, Action::Undo);
    assert_eq!(harness.state().state.model().params, before);
    assert!(
        harness.query_by_label("Edit filter…").is_some() && harness.query_by_label("Best pictures").is_some()
    );
}

#[test]
fn a_class_against_another_prints_a_sum_that_is_the_difference_of_the_scores() {
    let mut state = program("photos");
    look(&mut state, "fwd/fc2/k3");
    let own = frame::draw(&state, vec2(1280.0, 720.0), false);
    assert!(own.iter().any(|text| text == "What makes the score of cat?"), "{own:#?}");
    update(&mut state, Action::SetAgainst(Some(5)));
    let texts = frame::draw(&state, vec2(1280.0, 720.0), false);
    assert!(texts.iter().any(|text| text == "Why cat and not dog?"), "{texts:#?}");
    let line = texts.iter().find(|text| text.contains(" + ") || text.contains(" − "));
    assert!(line.is_some());
    let result = texts.iter().position(|text| text.starts_with(" = ")).expect("the equation");
    let (sum, decimals) = units(texts[result].trim_start_matches(" = "));
    let parts = texts[result - 1].replace(" − ", " + −");
    let parts: i64 = parts.split(" + ").map(|part| units(part).0).sum();
    assert_eq!(parts, sum);
    // It is what the scores differ by.
    let scores = TensorId::layer(state.plan().network().layers.len() - 1, Part::Out);
    assert!(matches!(state.plan().network().layers.last().expect("one").op, Op::Dense(_)));
    let score = |class| f64::from(state.trace().value(scores, 0, class));
    let unit = 10f64.powi(decimals as i32);
    assert!(((score(3) - score(5)) * unit - sum as f64).abs() <= 0.51);
    // Ranked by how much they give.
    let harness = {
        let mut state = state.clone();
        update(&mut state, Action::SetAgainst(Some(5)));
        window(state, [1280.0, 720.0], update)
    };
    assert!(harness.query_all_by_label_contains(" of fc1 gives ").count() >= 12);
}

#[test]
fn every_map_of_every_stage_can_be_drawn() {
    for (model, lang) in [("shapes", Lang::En), ("lenet5", Lang::Zh), ("pattern", Lang::En)] {
        let mut state = program(model);
        update(&mut state, Action::SetLang(lang));
        let plan = state.plan().clone();
        for (s, stage) in plan.stages().iter().enumerate() {
            let look = convstep::trace::Address::whole_stage(0, 0, s);
            let last = (stage.shape.len() - stage.shape.plane()) as u32;
            update(&mut state, Action::look(&plan, &look.with_channel_from(last)));
            if s % 3 == 0 {
                update(&mut state, Action::RunToHere);
            }
            for (lane, size) in [
                (Lane::Values, [1280.0, 720.0]),
                (Lane::Gradients, [1024.0, 768.0]),
                (Lane::Both, [640.0, 360.0]),
            ] {
                update(&mut state, Action::SetLane(lane));
                let texts = frame::draw(&state, size.into(), s % 2 == 0);
                assert!(!texts.is_empty());
            }
        }
        for tensor in plan.given() {
            let look = convstep::trace::Address::whole_given(0, 0, tensor).with_channel_from(0);
            update(&mut state, Action::look(&plan, &look));
            assert!(!frame::draw(&state, vec2(1280.0, 720.0), false).is_empty());
        }
    }
}
