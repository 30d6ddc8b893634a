//! The whole network with its answer, and the timeline: drawn for networks of all sizes, pointed at and clicked.

use crate::frame;

use crate::frame::draw;
use crate::harness::{Program, update, window};
use convstep::app::{
    Action, AdjustAction, AppState, Compared, Guide, Lane, Lang, MarkAction, Scale, ThemeChoice, With, apply,
};
use convstep::data::{Content, Loaded, samples};
use convstep::model_io::{Architecture, Model, bundled};
use convstep::nn::{Op, init::Init};
use convstep::tensor::Tensor;
use convstep::trace::{Depth, Grain, Move};
use convstep::ui::{shell, theme::Theme, view::Memory};
use egui::{
    Context, Event, Modifiers, PointerButton, Pos2, RawInput, Rect, Shape, Vec2, epaint::ClippedShape, pos2,
    vec2,
};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};

/// A network from the text of its architecture, on values that rise from cell to cell.
fn made(toml: &str) -> AppState {
    let architecture = Architecture::parse(toml).expect("an architecture");
    let model = Model::initial("made", architecture, Init::He, 7).expect("a network");
    let [c, h, w] = model.network.input;
    let values =
        Tensor::from_shape_fn((1, c, h, w), |(_, c, i, j)| ((c * 31 + i * 7 + j) % 19) as f32 / 19.0);
    let picture = Loaded { name: "values".into(), content: Content::Values(values), label: None };
    AppState::open(model, picture).expect("fits")
}

/// 20 convolutions, each with its ReLU.
fn deep() -> AppState {
    let mut toml = "input = [1, 12, 12]\n".to_owned();
    for l in 0..20 {
        toml += &format!(
            "[[layers]]\nname = \"conv{l}\"\nkind = \"conv2d\"\nout_channels = 3\nkernel = 3\npadding = 1\n\
             [[layers]]\nname = \"a_rather_long_name_{l}\"\nkind = \"relu\"\n"
        );
    }
    toml += "[loss]\nkind = \"mse\"\n";
    made(&toml)
}

/// 200 maps and 200 features; rows that no window reads.
fn broad() -> AppState {
    made(
        "input = [2, 10, 9]\n\
         [[layers]]\nname = \"conv\"\nkind = \"conv2d\"\nout_channels = 200\nkernel = 3\nstride = 2\n\
         [[layers]]\nname = \"pool\"\nkind = \"global_avg_pool2d\"\n\
         [[layers]]\nname = \"flatten\"\nkind = \"flatten\"\n\
         [[layers]]\nname = \"fc\"\nkind = \"dense\"\nout_features = 40\n",
    )
}

const SIZES: [Vec2; 2] = [vec2(1280.0, 720.0), vec2(1024.0, 768.0)];

fn bundled_state(name: &str) -> AppState {
    let model = bundled::load(name).expect("bundled");
    let sample = bundled::models().iter().find(|model| model.name == name).expect("bundled").default_sample;
    AppState::open(model, samples::load(sample).expect("bundled")).expect("fits")
}

/// Draws a state at each quarter of a training step, at its start, and at the end of the second step
/// with everything else switched.
fn draw_everywhere(mut state: AppState) {
    let len = state.plan().len();
    for part in 0..4 {
        let step = len * part / 4 + 3;
        let grain = Grain::ALL[4 + part as usize];
        let address = state.plan().locate(step, grain);
        let action = Action::visit(state.plan(), &address);
        apply(&mut state, action);
        draw(&state, SIZES[part as usize % 2], part % 2 == 1);
    }
    apply(&mut state, Action::Go(Move::Start));
    apply(&mut state, Action::Go(Move::Grain(Grain::Pass)));
    let at_start = draw(&state, SIZES[0], false);
    for lane in [Lane::Values, Lane::Gradients, Lane::Both] {
        apply(&mut state, Action::SetLane(lane));
        let texts = draw(&state, SIZES[0], false);
        assert!(texts.iter().any(|text| text.starts_with("Not computed yet")), "{lane:?}: {texts:#?}");
    }
    let last = state.plan().locate(len + len - 1, Grain::Pass);
    let action = Action::visit(state.plan(), &last);
    apply(&mut state, action);
    while state.pending().is_some() {
        apply(&mut state, Action::Advance);
    }
    apply(&mut state, Action::SetScale(Scale::Map));
    apply(&mut state, Action::ToggleLog);
    apply(&mut state, Action::SetLang(Lang::Zh));
    apply(&mut state, Action::Mark(MarkAction::ToggleBookmark));
    let at_end = draw(&state, SIZES[1], true);
    let is_chinese = |text: &String| text.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c));
    assert!(at_end.iter().any(is_chinese), "{at_end:#?}");
    assert!(at_start.iter().filter(|text| is_chinese(text)).count() <= 1, "{at_start:#?}");
}

#[test]
fn bundled_networks_are_drawn() {
    for bundled in bundled::models() {
        let mut state = bundled_state(bundled.name);
        apply(&mut state, Action::Go(Move::Grain(Grain::Pass)));
        // A network of many columns is scrolled in a window of the usual width.
        let is_broad = state.plan().network().layers.len() > 24;
        let texts = draw(&state, if is_broad { vec2(2560.0, 720.0) } else { SIZES[0] }, false);
        for layer in &state.plan().network().layers {
            // Activations, dropout and flattening stand in the column of the layer before them.
            let has_column =
                matches!(layer.op, Op::Conv2d(_) | Op::Dense(_) | Op::MaxPool2d(_) | Op::AvgPool2d(_));
            let is_there = texts.iter().any(|text| text.split([' ', ',']).any(|word| word == layer.name()));
            assert!(is_there || !has_column, "{} of {}: {texts:#?}", layer.name(), bundled.name);
        }
        // What a task computes is not there within a call.
        if !state.run().is_large() {
            draw_everywhere(state);
        }
    }
}

#[test]
fn a_deep_network_is_drawn() {
    draw_everywhere(deep());
}

#[test]
fn a_broad_network_is_drawn() {
    draw_everywhere(broad());
}

#[test]
fn windows_from_tiny_to_huge_show_where_the_cursor_is() {
    let state = bundled_state("shapes");
    for size in [vec2(300.0, 200.0), vec2(640.0, 400.0), vec2(2560.0, 1440.0)] {
        let texts = draw(&state, size, false);
        assert!(texts.iter().any(|text| text.contains("whole network")), "{texts:#?} of {size:?}");
    }
}

/// What is asked for by a click at a place of the window.
fn clicked(state: &AppState, x: f32, y: f32) -> Vec<Action> {
    let button = |pressed| Event::PointerButton {
        pos: pos2(x, y),
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let ctx = Context::default();
    Theme::light().apply(&ctx);
    let mut memory = Memory::default();
    let mut asked = Vec::new();
    let mut frame = 0.0;
    // The regions find their sizes in the first frames.
    for event in
        [None, None, None, Some(Event::PointerMoved(pos2(x, y))), Some(button(true)), Some(button(false))]
    {
        frame += 1.0;
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 720.0))),
            time: Some(0.1 * frame),
            events: event.into_iter().collect(),
            ..RawInput::default()
        };
        let drawn = ctx.run_ui(input, |ui| asked.extend(shell::window_ui(ui, state, &mut memory)));
        drawn.drop_without_applying_deltas();
    }
    asked
}

#[test]
fn a_click_on_the_timeline_goes_there() {
    let mut state = bundled_state("shapes");
    apply(&mut state, Action::Go(Move::Start));
    // The bar of the passes lies in the last rows of the window.
    let seeks: Vec<u64> = [480.0, 620.0, 800.0, 1030.0]
        .into_iter()
        .map(|x| {
            let asked = clicked(&state, x, 696.0);
            let found = asked.into_iter().find_map(|action| match action {
                Action::Visit(place) => state.plan().steps(&place.resolve(state.plan())?),
                _ => None,
            });
            found.expect("a seek").start
        })
        .collect();
    assert!(seeks.is_sorted() && seeks[0] < seeks[3], "{seeks:?}");
}

/// The window behind the forward pass of a bundled network.
fn overview(name: &str, lane: Lane) -> Harness<'static, Program> {
    let mut state = bundled_state(name);
    apply(&mut state, Action::Go(Move::Grain(Grain::Pass)));
    apply(&mut state, Action::SetLane(lane));
    assert_eq!(Depth::new(&state.look()), Depth::Pass);
    window(state, [1280.0, 720.0], update)
}

fn state_of<'a>(harness: &'a Harness<Program>) -> &'a AppState {
    &harness.state().state
}

fn look(harness: &Harness<Program>) -> String {
    let state = state_of(harness);
    state.plan().text(&state.look())
}

/// The buttons of maps whose names begin so, with their names.
fn maps(harness: &Harness<Program>, front: &str) -> Vec<(String, Rect)> {
    let nodes = harness.query_all_by(|node| node.label().is_some_and(|label| label.starts_with(front)));
    nodes.map(|node| (node.accesskit_node().label().unwrap_or_default(), node.rect())).collect()
}

/// The number at the end of a name.
fn number(name: &str) -> f32 {
    let last = name.rsplit(' ').next().unwrap_or_default().replace('\u{2212}', "-");
    last.parse().unwrap_or_else(|_| panic!("a number at the end of {name}"))
}

#[test]
fn maps_are_as_large_as_fits_and_the_strongest_stand_on_top() {
    let harness = overview("photos", Lane::Values);
    let maps = maps(&harness, "relu1 map ");
    assert_eq!(maps.len(), 5, "{maps:?}");
    for (name, rect) in &maps {
        let [width, height] = [rect.width(), rect.height()];
        assert!(width > 82.9 && (width - height).abs() < 0.01, "{name}: {rect:?}");
    }
    let values: Vec<f32> = maps.iter().map(|(name, _)| number(name)).collect();
    assert!(values.is_sorted_by(|a, b| a >= b), "{values:?}");
    assert!(maps.windows(2).all(|pair| pair[0].1.bottom() < pair[1].1.top()));
    harness.get_by_label("27 more maps of conv1: click opens all");
}

#[test]
fn a_click_looks_and_leaves_the_cursor() {
    let mut harness = overview("shapes", Lane::Values);
    let cursor = harness.state().state.cursor();
    let (name, rect) = maps(&harness, "relu1 map ").swap_remove(1);
    let map = name.split([' ', ',']).nth(2).expect("a number").to_owned();
    harness.get_by_label(&name).click();
    harness.run_steps(2);
    assert_eq!(look(&harness), format!("fwd/relu1/k{map}"), "{rect:?}");
    harness.key_press(egui::Key::Escape);
    harness.key_press(egui::Key::Escape);
    harness.run_steps(3);
    assert_eq!(Depth::new(&harness.state().state.look()), Depth::Pass);
    let head = maps(&harness, "conv1 + ReLU").swap_remove(0).0;
    harness.get_by_label(&head).click();
    harness.run_steps(2);
    assert_eq!(look(&harness), "fwd/relu1");
    assert_eq!(harness.state().state.cursor(), cursor);
}

#[test]
fn the_read_out_line_says_what_a_map_reads_and_sees() {
    let mut harness = overview("photos", Lane::Values);
    harness.get_by_label_contains("Point at a map to see where it looks.");
    let (name, rect) = maps(&harness, "relu2 map ").swap_remove(0);
    harness.hover_at(rect.center());
    harness.run_steps(3);
    let map = name.split(',').next().expect("a name").replace("relu2", "conv2,");
    harness.get_by_label_contains(&map);
    harness.get_by_label_contains("reads all 32 maps of conv1 · the framed cell sees 5×5 pixels");
    let (_, rect) = maps(&harness, "pool1 map ").swap_remove(0);
    harness.hover_at(rect.center());
    harness.run_steps(3);
    harness.get_by_label_contains("reads one map of conv2");
}

#[test]
fn the_first_steps_are_told_until_they_are_made() {
    let mut harness = overview("shapes", Lane::Values);
    let (name, _) = maps(&harness, "relu1 map ").swap_remove(0);
    harness.get_by_label(&name).click();
    harness.run_steps(2);
    assert_eq!(harness.state().state.view().guide, Guide::Step);
    harness.key_press(egui::Key::ArrowRight);
    harness.run_steps(2);
    assert_eq!(harness.state().state.view().guide, Guide::Done);
    assert!(harness.query_by_label_contains("Point at a map").is_none());
}

#[test]
fn gradients_stand_beside_their_maps_with_the_share_of_zeros() {
    let mut harness = overview("shapes", Lane::Both);
    let hatched = maps(&harness, "∂L/∂relu1 ");
    assert!(hatched.iter().all(|(name, _)| name.ends_with("not computed yet")), "{hatched:?}");
    harness.get_by_label("Not computed yet. Run to here (R)").click();
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("Not computed yet").is_none());
    let (values, gradients) = (maps(&harness, "relu1 map "), maps(&harness, "∂L/∂relu1 "));
    assert_eq!(values.len(), gradients.len());
    for ((name, value), (_, gradient)) in values.iter().zip(&gradients) {
        assert_eq!((value.y_range(), value.size()), (gradient.y_range(), gradient.size()), "{name}");
        assert_eq!(gradient.left() - value.right(), 4.0, "{name}");
    }
    let painted = frame::draw(&harness.state().state, SIZES[0], false);
    assert!(painted.iter().any(|text| text.ends_with(" %") || text.ends_with(" % are 0")), "{painted:#?}");
}

#[test]
fn r_runs_to_the_gradients_that_are_shown_and_the_look_stays() {
    let mut harness = overview("shapes", Lane::Gradients);
    let place = state_of(&harness).plan().parse("fwd/relu2").expect("an address");
    let action = Action::look(state_of(&harness).plan(), &place);
    apply(&mut harness.state_mut().state, action);
    harness.run_steps(2);
    harness.key_press(egui::Key::R);
    harness.run_steps(2);
    let state = &harness.state().state;
    assert_eq!(look(&harness), "fwd/relu2");
    assert!(state.cursor().text(state.plan()).starts_with("bwd/"), "{}", state.cursor().text(state.plan()));
}

#[test]
fn a_block_unfolds_to_its_layers_and_folds_again() {
    let mut harness = overview("shapes", Lane::Values);
    harness.get_by_label("conv1: show a column per layer").click();
    harness.run_steps(3);
    assert!(!maps(&harness, "conv1 map ").is_empty() && !maps(&harness, "relu1 map ").is_empty());
    harness.get_by_label("conv1: show as one column").click();
    harness.run_steps(3);
    assert!(maps(&harness, "conv1 map ").is_empty());
}

#[test]
fn a_class_leads_to_its_neuron_and_the_right_answer_is_chosen() {
    let mut harness = overview("shapes", Lane::Values);
    let best = harness.state().state.prediction().0;
    let name = harness.state().state.model().class_name(best);
    harness
        .get_by_role_and_label(egui::accesskit::Role::ComboBox, &format!("Which answer is right? {name}"))
        .click();
    harness.run_steps(3);
    harness.get_by_label("square").click();
    harness.run_steps(3);
    let state = &harness.state().state;
    assert_eq!(state.model().class_name(state.label()), "square");
    let row = maps(&harness, &format!("{name} "))
        .into_iter()
        .find(|(name, _)| name.ends_with('%'))
        .expect("a row")
        .0;
    harness.get_by_label(&row).click();
    harness.run_steps(2);
    assert!(look(&harness).ends_with(&format!("/k{best}")), "{}", look(&harness));
}

#[test]
fn maps_are_made_larger_and_smaller() {
    let mut harness = overview("photos", Lane::Values);
    let side = |harness: &Harness<Program>| maps(harness, "relu1 map ")[0].1.width();
    let usual = side(&harness);
    harness.key_press(egui::Key::CloseBracket);
    harness.run_steps(3);
    assert!(side(&harness) > 1.3 * usual);
    harness.key_press(egui::Key::OpenBracket);
    harness.key_press(egui::Key::OpenBracket);
    harness.run_steps(3);
    assert!(side(&harness) < 0.8 * usual);
}

/// Meshes in the colour of hatching that lie in the left end of the window, where the picture is.
fn hatching_of_the_picture(state: &AppState) -> usize {
    let ctx = Context::default();
    Theme::light().apply(&ctx);
    let mut memory = Memory::default();
    let mut count = 0;
    for frame in 1..=3 {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, SIZES[0])),
            time: Some(0.25 * f64::from(frame)),
            ..RawInput::default()
        };
        let mut output = ctx.run_ui(input, |ui| {
            shell::window_ui(ui, state, &mut memory);
        });
        let shapes = std::mem::take(&mut output.shapes);
        output.drop_without_applying_deltas();
        let is_hatching = |shape: &ClippedShape| match &shape.shape {
            Shape::Mesh(mesh) => mesh.vertices.iter().all(|vertex| {
                vertex.pos.x < 150.0 && vertex.pos.y > 76.0 && vertex.color == Theme::light().hatch_line
            }),
            _ => false,
        };
        count = shapes.iter().filter(|shape| is_hatching(shape)).count();
    }
    count
}

#[test]
fn pixels_that_no_window_reads_are_hatched_in_the_picture() {
    let mut broad = broad();
    apply(&mut broad, Action::Go(Move::Grain(Grain::Pass)));
    assert!(hatching_of_the_picture(&broad) > 0);
    let mut shapes = bundled_state("shapes");
    apply(&mut shapes, Action::Go(Move::Grain(Grain::Pass)));
    assert_eq!(hatching_of_the_picture(&shapes), 0);
}

#[test]
fn a_newcomer_reads_no_word_that_was_not_explained() {
    let words = ["address", "tensor", "grain", "stage", "logit", "softmax", "epoch", "channel"];
    for name in ["photos", "shapes", "digits"] {
        let mut state = bundled_state(name);
        apply(&mut state, Action::SetTheme(ThemeChoice::Light));
        apply(&mut state, Action::Go(Move::Grain(Grain::Pass)));
        for text in draw(&state, SIZES[0], false) {
            let lower = text.to_lowercase();
            let found = words.iter().find(|word| lower.contains(**word));
            assert!(found.is_none(), "{name}: {found:?} in {text}");
        }
    }
}

/// A change at the end of a map's name; 0 where it is the same.
fn change(name: &str) -> f32 {
    if name.ends_with("same as before") {
        return 0.0;
    }
    number(name.strip_suffix(" at most").expect(name))
}

#[test]
fn the_whole_network_is_compared_with_the_picture_before() {
    let mut harness = overview("photos", Lane::Values);
    let maps_now = maps(&harness, "relu2 map ");
    let shift = Action::Adjust { adjust: AdjustAction::Shift { right: 1, down: 0 }, more: false };
    update(&mut harness.state_mut().state, shift);
    update(&mut harness.state_mut().state, Action::SetComparison(With::PictureBefore, Compared::Difference));
    harness.run_steps(3);
    harness.get_by_label("Compare with: the picture before");
    for front in ["relu1 map ", "relu2 map ", "pool1 map "] {
        let changes: Vec<f32> = maps(&harness, front).iter().map(|(name, _)| change(name).abs()).collect();
        assert!(changes.len() > 3 && changes[0] > 0.0, "{front}{changes:?}");
        assert!(changes.is_sorted_by(|a, b| a >= b), "{front}{changes:?}");
    }
    harness.get_by_label_contains("The picture moved one pixel to the right:");
    harness.get_by_label_contains("maps changed; cat went from");
    let order: Vec<Rect> = maps(&harness, "relu2 map ").iter().map(|(_, rect)| *rect).collect();
    assert_eq!(order.len(), maps_now.len());
    // Before shows what was there, in the same places.
    update(&mut harness.state_mut().state, Action::SetComparison(With::PictureBefore, Compared::Before));
    harness.run_steps(3);
    let largest = |names: &[(String, Rect)]| names.iter().map(|(name, _)| number(name)).fold(0.0, f32::max);
    assert!((largest(&maps(&harness, "relu2 map ")) - largest(&maps_now)).abs() < 1e-6);
    assert_eq!(maps(&harness, "relu2 map ").iter().map(|(_, rect)| *rect).collect::<Vec<_>>(), order);
}

#[test]
fn what_cannot_be_compared_says_why() {
    let mut harness = overview("shapes", Lane::Both);
    for (with, words) in [
        (With::PictureBefore, "There is no picture before this one yet"),
        (With::ModelBefore, "The weights have not been edited"),
        (With::Kept, "Nothing is kept as A yet"),
    ] {
        update(&mut harness.state_mut().state, Action::SetComparison(with, Compared::Difference));
        harness.run_steps(3);
        harness.get_by_label_contains(words);
    }
}

#[test]
fn outputs_that_are_no_classes_are_called_outputs_and_none_is_the_answer() {
    let mut state = broad();
    let look = Action::look(state.plan(), &state.plan().parse("fwd/fc").expect("an address"));
    apply(&mut state, look);
    let harness = window(state, [1280.0, 720.0], update);
    harness.get_by_label_contains("Output: output 0 ");
    assert!(harness.query_by_label_contains("Answer").is_none());
    let mut state = broad();
    apply(&mut state, Action::GoTo("fwd".into()));
    let harness = window(state, [1280.0, 720.0], update);
    harness.get_by_label_contains("output 0 ");
    assert!(harness.query_by_label_contains("Answer").is_none());
}
