//! The network's lanes and the timeline, drawn for networks of all sizes, at many addresses.
#![cfg(feature = "window")]

use convstep::app::{Action, AppState, Lang, MarkAction, Scale, apply};
use convstep::data::{Content, Loaded, samples};
use convstep::model_io::{Architecture, Model, bundled};
use convstep::nn::init::Init;
use convstep::tensor::Tensor;
use convstep::trace::{Grain, Move};
use convstep::ui::{render::render, shell, theme::Theme, view::Memory};
use egui::{Context, Event, Modifiers, PointerButton, Pos2, RawInput, Rect, pos2, vec2};

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

const SIZES: [[u32; 2]; 2] = [[1280, 720], [1024, 768]];

/// Draws a state at each quarter of a training step, at its start, and at the end of the second step
/// with everything else switched.
fn draw_everywhere(mut state: AppState) {
    let len = state.plan().len();
    for part in 0..4 {
        let step = len * part / 4 + 3;
        let grain = Grain::ALL[4 + part as usize];
        let address = state.plan().locate(step, grain);
        apply(&mut state, Action::Go(Move::Seek(address)));
        let size = SIZES[part as usize % 2];
        assert_eq!(render(&state, size, part % 2 == 1).dimensions(), (size[0], size[1]));
    }
    apply(&mut state, Action::Go(Move::Start));
    render(&state, SIZES[0], false);
    let last = state.plan().locate(len + len - 1, Grain::Term);
    apply(&mut state, Action::Go(Move::Seek(last)));
    while state.pending().is_some() {
        apply(&mut state, Action::Advance);
    }
    apply(&mut state, Action::SetScale(Scale::Map));
    apply(&mut state, Action::ToggleLog);
    apply(&mut state, Action::SetLang(Lang::Zh));
    apply(&mut state, Action::Mark(MarkAction::ToggleBookmark));
    render(&state, SIZES[1], true);
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
fn a_tiny_window_is_drawn() {
    for size in [[300, 200], [640, 400], [2560, 1440]] {
        render(&AppState::new(), size, false);
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
    let state = AppState::new();
    // The row of stages lies in the last rows of the window.
    let seeks: Vec<u64> = [100.0, 500.0, 900.0, 1200.0]
        .into_iter()
        .map(|x| {
            let asked = clicked(&state, x, 690.0);
            let found = asked.into_iter().find_map(|action| match action {
                Action::Go(Move::Seek(address)) => state.plan().steps(&address),
                _ => None,
            });
            found.expect("a seek").start
        })
        .collect();
    assert!(seeks.is_sorted() && seeks[0] < seeks[3], "{seeks:?}");
}

#[test]
fn a_click_on_a_map_looks_at_its_cell() {
    let state = AppState::new();
    let found = (280..400).step_by(20).any(|y| {
        let asked = clicked(&state, 70.0, y as f32);
        asked.iter().any(|action| matches!(action, Action::Select(_)))
    });
    assert!(found);
}
