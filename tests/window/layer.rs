//! A layer's stage by role and label: its maps, filters and gradients, with no display and no GPU.

use convstep::{
    app::{
        Action, AdjustAction, AppState, CompareAction, Compared, EditAction, Lane, Lang, Order, Page, Show,
        With, apply,
    },
    data::samples,
    model_io::bundled,
    trace::{Depth, Pass},
};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};

use crate::harness::{Program, update, window};

fn photos() -> AppState {
    let model = bundled::load("photos").expect("bundled");
    let sample = bundled::models().iter().find(|model| model.name == "photos").expect("bundled");
    AppState::open(model, samples::load(sample.default_sample).expect("bundled")).expect("it fits")
}

fn at(mut state: AppState, size: [f32; 2], actions: &[Action]) -> Harness<'static, Program> {
    for action in actions {
        update(&mut state, action.clone());
    }
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    let mut harness = window(state, size, update);
    harness.run_steps(2);
    harness
}

fn look(state: &AppState, text: &str) -> Action {
    Action::look(state.plan(), &state.plan().parse(text).expect("an address"))
}

/// The names of the nodes that hold `part`, from left to right and top to bottom.
fn names(harness: &Harness<Program>, part: &str) -> Vec<String> {
    let nodes = harness.query_all_by_label_contains(part);
    let mut found: Vec<_> = nodes
        .map(|node| {
            let rect = node.rect();
            ((rect.top() as i32, rect.left() as i32), name(&node))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, name)| name).collect()
}

/// The name of a node; of a text the text.
fn name<'a>(node: &impl NodeT<'a>) -> String {
    let node = node.accesskit_node();
    node.label().filter(|label| !label.is_empty()).or_else(|| node.value()).unwrap_or_default()
}

#[test]
fn a_layer_shows_all_of_its_maps_strongest_first() {
    let state = photos();
    let go = look(&state, "fwd/relu2");
    let harness = at(state, [1280.0, 720.0], &[go]);
    let maps = names(&harness, "relu2 output, map");
    assert_eq!(maps.len(), 32);
    let largest: Vec<f32> = maps
        .iter()
        .map(|name| name.rsplit("largest ").next().and_then(|value| value.parse().ok()).unwrap_or(0.0))
        .collect();
    assert!(largest.is_sorted_by(|a, b| a >= b), "{maps:?}");
    assert!(largest[0] > 1.0, "{maps:?}");
}

#[test]
fn the_order_is_chosen_and_the_place_stays() {
    let state = photos();
    let go = look(&state, "fwd/relu2");
    let before = state.cursor().at();
    let mut harness = at(state, [1280.0, 720.0], &[go, Action::SetOrder(Order::Number)]);
    let numbered = |harness: &Harness<Program>| {
        let maps = names(harness, "relu2 output, map");
        maps.iter().map(|name| name.split([' ', ',']).nth(4).map(str::to_owned)).collect::<Vec<_>>()
    };
    let by_number: Vec<_> = (0..32).map(|k| Some(k.to_string())).collect();
    assert_eq!(numbered(&harness), by_number);
    harness.key_press(egui::Key::O);
    harness.run_steps(2);
    assert_ne!(numbered(&harness), by_number);
    assert_eq!(harness.state().state.cursor().at(), before);
}

#[test]
fn a_click_looks_at_the_map_and_leaves_the_cursor() {
    let state = photos();
    let go = look(&state, "fwd/relu2");
    let before = state.cursor().at();
    let mut harness = at(state, [1280.0, 720.0], &[go]);
    harness.get_by_label_contains("relu2 output, map 1,").click();
    harness.run_steps(2);
    let state = &harness.state().state;
    assert_eq!(state.plan().text(&state.look()), "fwd/relu2/k1");
    assert_eq!(Depth::new(&state.look()), Depth::Map);
    assert_eq!(state.cursor().at(), before);
}

#[test]
fn a_layer_after_the_cursor_is_hatched_and_offers_the_way() {
    let mut state = photos();
    update(&mut state, Action::GoTo("fwd/conv1".into()));
    let go = look(&state, "fwd/conv3");
    let mut harness = at(state, [1280.0, 720.0], &[go]);
    let conv3 = names(&harness, "conv3 output, map");
    assert_eq!(conv3.len(), 64);
    assert!(conv3.iter().all(|name| name.ends_with("not computed yet")), "{conv3:?}");
    let before = harness.state().state.cursor().at();
    harness.get_by_label("Run to here (R)").click();
    harness.run_steps(3);
    let state = &harness.state().state;
    assert!(state.cursor().at() > before);
    assert!(!names(&harness, "conv3 output, map")[0].ends_with("not computed yet"));
    assert_eq!(harness.query_all_by_label("Run to here (R)").count(), 0);
}

#[test]
fn the_key_runs_to_the_end_of_the_layer_that_is_looked_at() {
    let mut state = photos();
    update(&mut state, Action::GoTo("fwd/conv1".into()));
    let go = look(&state, "fwd/conv3");
    update(&mut state, go);
    update(&mut state, Action::RunToHere);
    let whole = state.plan().parse("fwd/conv3").expect("an address");
    assert_eq!(Some(state.cursor().at()), state.plan().steps(&whole).map(|steps| steps.end));
}

#[test]
fn both_stand_side_by_side_once_the_gradients_are_there() {
    let state = photos();
    let go = look(&state, "fwd/relu2");
    let mut harness = at(state, [1280.0, 720.0], &[go, Action::SetLane(Lane::Both)]);
    assert!(names(&harness, "relu2 output, map 7,")[0].contains("not computed yet"));
    harness.get_by_label("Compute them").click();
    harness.run_steps(4);
    let state = &harness.state().state;
    assert_eq!(state.plan().text(&state.look()), "fwd/relu2", "the place stays");
    let pairs = names(&harness, "largest gradient");
    assert_eq!(pairs.len(), 32);
    assert!(
        pairs.iter().all(|name| name.starts_with("relu2 output, map") && name.contains("; ∂L/∂relu2, map"))
    );
}

#[test]
fn at_a_gradient_the_maps_are_those_of_the_gradient() {
    let mut state = photos();
    update(&mut state, Action::GoTo("bwd/pool1.dX".into()));
    assert_eq!(state.lane(), Lane::Gradients);
    let mut harness = at(state, [1280.0, 720.0], &[]);
    assert_eq!(names(&harness, "∂L/∂relu2, map").len(), 32);
    let cursor = harness.state().state.cursor().at();
    harness.get_by_label("Numbers: Values").click();
    harness.run_steps(3);
    let state = &harness.state().state;
    assert_eq!(state.plan().text(&state.look()), "fwd/relu2", "its values are those of the forward pass");
    assert_eq!(state.plan().stage_at(&state.look()).map(|stage| stage.pass), Some(Pass::Fwd));
    assert_eq!((state.cursor().at(), state.lane()), (cursor, Lane::Values));
}

#[test]
fn filters_are_shown_with_their_maps_or_alone() {
    let state = photos();
    let go = look(&state, "fwd/relu1");
    let (cursor, scores) = (state.cursor().at(), state.scores());
    let mut harness = at(state, [1280.0, 720.0], &[go, Action::SetShow(Show::Both)]);
    let pairs = names(&harness, "conv1 weights, filter");
    assert_eq!(pairs.len(), 32);
    assert!(pairs.iter().all(|name| name.contains("; relu1 output, map")), "{pairs:?}");
    assert!(!names(&harness, "grey = 0").is_empty(), "the legend says what grey is");
    apply(&mut harness.state_mut().state, Action::SetShow(Show::Filters));
    harness.run_steps(2);
    let filters = names(&harness, "conv1 weights, filter");
    assert_eq!(filters.len(), 32);
    assert!(filters.iter().all(|name| !name.contains("relu1 output")), "{filters:?}");
    let state = &harness.state().state;
    assert_eq!(state.plan().text(&state.look()), "fwd/relu1");
    assert_eq!((state.cursor().at(), state.scores()), (cursor, scores));
}

#[test]
fn the_pointer_reads_a_cell_and_a_slice() {
    let state = photos();
    let go = look(&state, "fwd/relu2");
    let mut harness = at(state, [1280.0, 720.0], &[go]);
    let rect = harness.get_by_label_contains("relu2 output, map 1,").rect();
    let square = egui::Rect::from_min_size(
        rect.left_bottom() - egui::vec2(0.0, rect.width()),
        egui::Vec2::splat(rect.width()),
    );
    let cell = square.width() / 32.0;
    harness.hover_at(square.min + egui::vec2(19.5, 27.5) * cell);
    harness.run_steps(3);
    let read = names(&harness, "map 1, row 27, column 19 =");
    assert_eq!(read.len(), 1, "{read:?}");
    assert!(read[0].contains("sees the 5×5 pixels framed in the picture"), "{read:?}");
    apply(&mut harness.state_mut().state, Action::SetShow(Show::Filters));
    harness.run_steps(2);
    let rect = harness.get_by_label_contains("conv2 weights, filter 1,").rect();
    let top = rect.bottom() - rect.width();
    // The slices stand in six columns: slice 20 in the fourth row, third column.
    let inner =
        egui::Rect::from_min_size(egui::pos2(rect.left(), top), egui::Vec2::splat(rect.width())).shrink(3.0);
    harness.hover_at(inner.min + egui::vec2(2.0 * 4.0 + 1.5, 3.0 * 4.0 + 1.5) * (inner.width() / 23.0));
    harness.run_steps(3);
    let read = names(&harness, "filter 1, slice 20");
    assert!(read.iter().any(|text| text.contains("3 × 3 weights for map 20 of conv1")), "{read:?}");
}

#[test]
fn a_dense_layer_shows_its_neurons_and_the_last_its_classes() {
    let state = photos();
    let go = look(&state, "fwd/fc2");
    let mut harness = at(state, [1280.0, 720.0], &[go]);
    let classes = names(&harness, "fc2 output, neuron");
    assert_eq!(classes.len(), 10);
    let first: usize = classes[0].split([' ', ',']).nth(4).and_then(|k| k.parse().ok()).expect("a number");
    assert_eq!(first, harness.state().state.prediction().0, "the answer stands first");
    let go = look(&harness.state().state, "fwd/fc1");
    update(&mut harness.state_mut().state, go);
    harness.run_steps(2);
    assert_eq!(names(&harness, "fc1 output, neuron").len(), 128);
}

#[test]
fn every_stage_and_given_tensor_has_a_layer_view() {
    for lang in Lang::ALL {
        let mut state = AppState::new();
        update(&mut state, Action::SetLang(lang));
        update(&mut state, Action::GoTo("e1.b0".into()));
        update(&mut state, Action::GoTo("end".into()));
        let plan = state.plan().clone();
        let mut harness = window(state, [1024.0, 768.0], update);
        let places: Vec<_> = (0..plan.stages().len())
            .map(|stage| convstep::trace::Address::whole_stage(0, 0, stage))
            .chain(plan.given().map(|tensor| convstep::trace::Address::whole_given(0, 0, tensor)))
            .collect();
        for place in places {
            let text = plan.text(&place);
            update(&mut harness.state_mut().state, Action::look(&plan, &place));
            harness.run_steps(1);
            assert_eq!(Depth::new(&harness.state().state.look()), Depth::Layer, "{text}");
        }
    }
}

/// The values of the names that end in one, in their order.
fn values(names: &[String], word: &str) -> Vec<f32> {
    let values = names.iter().filter_map(|name| name.rsplit_once(word)).map(|(_, value)| value);
    values.filter_map(|value| value.replace('\u{2212}', "-").parse().ok()).collect()
}

#[test]
fn a_shift_by_a_pixel_is_seen_as_differences_most_changed_first() {
    let mut state = photos();
    let shift = AdjustAction::Shift { right: 1, down: 0 };
    update(&mut state, Action::Adjust { adjust: shift, more: false });
    let go = look(&state, "fwd/relu2");
    let compare = Action::SetComparison(With::PictureBefore, Compared::Difference);
    let mut harness = at(state, [1280.0, 720.0], &[go, compare]);
    let maps = names(&harness, "relu2 output, map");
    assert_eq!(maps.len(), 32);
    let changes: Vec<f32> = values(&maps, "largest change ").iter().map(|change| change.abs()).collect();
    let same = maps.iter().filter(|name| name.ends_with("same as before")).count();
    assert_eq!(changes.len() + same, 32, "{maps:?}");
    assert!(changes.is_sorted_by(|a, b| a >= b) && changes.len() > 20, "{maps:?}");
    let said = format!("{} of 32 maps changed", changes.len());
    let read = names(&harness, &said);
    assert!(read.iter().any(|text| text.contains("one pixel to the right:")), "{said}: {read:?}");
    // Before is what was there: other largest values than now.
    apply(&mut harness.state_mut().state, Action::SetComparison(With::PictureBefore, Compared::Before));
    harness.run_steps(2);
    let before = names(&harness, "relu2 output, map");
    apply(&mut harness.state_mut().state, Action::SetComparison(With::PictureBefore, Compared::Now));
    harness.run_steps(2);
    assert_ne!(before, names(&harness, "relu2 output, map"));
}

#[test]
fn a_blanked_filter_differs_from_the_weights_before() {
    let mut state = photos();
    let blank = EditAction::Blank { layer: 0, out: 15 };
    update(&mut state, Action::Edit { edit: blank, more: false });
    let go = look(&state, "fwd/conv1");
    let compare = Action::SetComparison(With::ModelBefore, Compared::Difference);
    let harness = at(state, [1280.0, 720.0], &[go, compare]);
    let maps = names(&harness, "conv1 output, map");
    assert!(maps[0].starts_with("conv1 output, map 15, largest change"), "{maps:?}");
    assert_eq!(maps.iter().filter(|name| name.ends_with("same as before")).count(), 31);
    let read = names(&harness, "1 of 32 maps changed");
    assert!(read.iter().any(|text| text.starts_with("The weights were edited:")), "{read:?}");
}

#[test]
fn what_is_not_there_is_said() {
    let cases = [
        (With::PictureBefore, "There is no picture before this one yet"),
        (With::ModelBefore, "The weights have not been edited"),
        (With::Kept, "Nothing is kept as A yet"),
    ];
    for (with, said) in cases {
        let state = photos();
        let go = look(&state, "fwd/relu2");
        let harness = at(state, [1280.0, 720.0], &[go, Action::SetComparison(with, Compared::Difference)]);
        assert!(!names(&harness, said).is_empty(), "{with:?}");
        assert_eq!(names(&harness, "relu2 output, map").len(), 32, "the maps are shown as they are");
    }
    let mut state = photos();
    update(&mut state, Action::Compare(CompareAction::Keep));
    // What is kept is shown on the page that compares.
    update(&mut state, Action::SetPage(Page::Network));
    let go = look(&state, "fwd/relu2");
    let compare = Action::SetComparison(With::Kept, Compared::Difference);
    let harness = at(state, [1280.0, 720.0], &[go, compare]);
    assert_eq!(names(&harness, "same as before").len(), 32, "nothing has changed yet");
}
