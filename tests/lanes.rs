//! The network's lanes and the timeline, drawn for networks of all sizes, at many addresses.
#![cfg(feature = "window")]

mod frame;
mod start;

use convstep::app::{Action, AppState, Lang, MarkAction, Scale, apply};
use convstep::data::{Content, Loaded, samples};
use convstep::model_io::{Architecture, Model, bundled};
use convstep::nn::init::Init;
use convstep::tensor::Tensor;
use convstep::trace::{Grain, Move, Owner, Place};
use convstep::ui::{shell, theme::Theme, view::Memory};
use egui::{Context, Event, Modifiers, PointerButton, Pos2, RawInput, Rect, Vec2, pos2, vec2};
use frame::draw;

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

/// Draws a state, whose lanes show the column of the layer at the cursor, and gives the texts.
fn draw_with_column(state: &AppState, size: Vec2, dark: bool) -> Vec<String> {
    let texts = draw(state, size, dark);
    let plan = state.plan();
    let Place::Stage(stage) = state.focus().place() else { panic!("the cursor is at a stage") };
    let name = match plan.stages()[stage as usize].tensor.owner {
        Owner::Input => "input",
        Owner::Layer(l) => plan.layer(l as usize).name(),
        Owner::Loss => "loss",
    };
    // In the lanes, and in the path and the heading of the close-up.
    let places = texts.iter().filter(|text| text.split([' ', '.', '\n']).any(|word| word == name)).count();
    assert!(places > 1, "{name} stands {places} times in {texts:#?}");
    texts
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
        draw_with_column(&state, SIZES[part as usize % 2], part % 2 == 1);
    }
    apply(&mut state, Action::Go(Move::Start));
    let at_start = draw(&state, SIZES[0], false);
    let last = state.plan().locate(len + len - 1, Grain::Term);
    let action = Action::visit(state.plan(), &last);
    apply(&mut state, action);
    while state.pending().is_some() {
        apply(&mut state, Action::Advance);
    }
    apply(&mut state, Action::SetScale(Scale::Map));
    apply(&mut state, Action::ToggleLog);
    apply(&mut state, Action::SetLang(Lang::Zh));
    apply(&mut state, Action::Mark(MarkAction::ToggleBookmark));
    let at_end = draw_with_column(&state, SIZES[1], true);
    let is_chinese = |text: &String| text.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c));
    assert!(at_end.iter().any(is_chinese), "{at_end:#?}");
    assert!(at_start.iter().filter(|text| is_chinese(text)).count() <= 1, "{at_start:#?}");
}

#[test]
fn bundled_networks_are_drawn() {
    for bundled in bundled::models() {
        let model = bundled::load(bundled.name).expect("bundled");
        let picture = samples::load(bundled.default_sample).expect("bundled");
        draw_everywhere(AppState::open(model, picture).expect("fits"));
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
    let state = start::shapes();
    let stage = state.cursor().text(state.plan());
    let pass = stage.split('/').next().expect("a pass");
    for size in [vec2(300.0, 200.0), vec2(640.0, 400.0), vec2(2560.0, 1440.0)] {
        let texts = draw(&state, size, false);
        assert!(texts.iter().any(|text| text == pass), "{pass} is not among {texts:#?} of {size:?}");
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
    let state = start::shapes();
    // The row of stages lies in the last rows of the window.
    let seeks: Vec<u64> = [100.0, 500.0, 900.0, 1200.0]
        .into_iter()
        .map(|x| {
            let asked = clicked(&state, x, 690.0);
            let found = asked.into_iter().find_map(|action| match action {
                Action::Visit(place) => state.plan().steps(&place.resolve(state.plan())?),
                _ => None,
            });
            found.expect("a seek").start
        })
        .collect();
    assert!(seeks.is_sorted() && seeks[0] < seeks[3], "{seeks:?}");
}

#[test]
fn a_click_on_a_map_looks_at_its_cell() {
    let state = start::shapes();
    let found = (280..400).step_by(20).any(|y| {
        let asked = clicked(&state, 70.0, y as f32);
        asked.iter().any(|action| matches!(action, Action::Look(_)))
    });
    assert!(found);
}
