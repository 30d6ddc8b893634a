//! Every kind of stage has a close-up that draws at any moment, at the sizes that must work.
#![cfg(feature = "window")]

use convstep::app::{Action, AppState, Lang, apply};
use convstep::data::{Content, Loaded, samples};
use convstep::model_io::{Architecture, Model, bundled};
use convstep::nn::{
    Mode,
    init::Init,
    optimizer::{Optimizer, Rule},
};
use convstep::tensor::Tensor;
use convstep::trace::{Address, Grain, Move, Place};
use convstep::ui::{shell, theme::Theme, view::Memory};
use egui::{Context, RawInput, Rect, Vec2};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use std::path::Path;

const SIZES: [Vec2; 2] = [Vec2::new(1280.0, 720.0), Vec2::new(1024.0, 768.0)];

/// Networks that have every layer between them, in small.
const NETWORKS: [(&str, &str); 6] = [
    (
        "normed",
        r#"
input = [2, 8, 8]
classes = ["a", "b", "c"]
layers = [
    { name = "conv", kind = "conv2d", out_channels = 3, kernel = 3, padding = 1 },
    { name = "bn", kind = "batch_norm2d" },
    { name = "leaky", kind = "leaky_relu", slope = 0.1 },
    { name = "avg", kind = "avg_pool2d", kernel = 3, stride = 2, padding = 1, count_include_pad = false },
    { name = "tanh", kind = "tanh" },
    { name = "drop", kind = "dropout", p = 0.4 },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 3 },
]
"#,
    ),
    (
        "squares",
        r#"
input = [1, 7, 9]
loss = { kind = "mse" }
layers = [
    { name = "pool", kind = "max_pool2d", kernel = 3, stride = 2, padding = 1 },
    { name = "sigmoid", kind = "sigmoid" },
    { name = "gap", kind = "global_avg_pool2d" },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 5, bias = false },
    { name = "relu", kind = "relu" },
    { name = "out", kind = "dense", out_features = 4 },
    { name = "soft", kind = "softmax" },
]
"#,
    ),
    (
        "volume",
        r#"
input = [3, 6, 5]
layers = [
    { name = "soft", kind = "softmax" },
    { name = "bn", kind = "batch_norm2d" },
    { name = "drop", kind = "dropout" },
]
"#,
    ),
    (
        "rest",
        r#"
input = [1, 5, 5]
layers = [
    { name = "pool", kind = "max_pool2d", kernel = 2, stride = 3 },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 2 },
]
"#,
    ),
    (
        "wide",
        r#"
input = [40, 7, 7]
layers = [
    { name = "relu", kind = "relu" },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 300 },
]
"#,
    ),
    (
        "one",
        r#"
input = [1, 1, 1]
layers = [{ name = "fc", kind = "dense", out_features = 1 }]
loss = { kind = "mse" }
"#,
    ),
];

fn open(name: &str, toml: &str) -> AppState {
    let architecture = Architecture::parse(toml).expect(name);
    let model = Model::initial(name, architecture, Init::He, 7).expect(name);
    let [c, h, w] = model.network.input;
    let mut bits = 1u32;
    // Steps of a quarter, so that ties and zeros occur.
    let values = Tensor::from_shape_simple_fn((1, c, h, w), || {
        bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (bits >> 28) as f32 / 4.0 - 2.0
    });
    let picture = Loaded { name: "numbers".into(), content: Content::Values(values), label: None };
    AppState::open(model, picture).expect(name)
}

/// Draws two frames, as a hover needs, without rasterizing them.
fn draw(state: &AppState, size: Vec2, dark: bool) {
    let ctx = Context::default();
    Theme::by_darkness(dark).apply(&ctx);
    let mut memory = Memory::default();
    for _ in 0..2 {
        let screen_rect = Some(Rect::from_min_size(egui::Pos2::ZERO, size));
        let input = RawInput { screen_rect, ..RawInput::default() };
        ctx.run_ui(input, |ui| {
            shell::window_ui(ui, state, &mut memory);
        })
        .drop_without_applying_deltas();
    }
}

/// For each stage: a cell in its first, middle and last part, at its first and last term.
fn addresses(state: &AppState) -> Vec<Address> {
    let plan = state.plan();
    let mut found = Vec::new();
    for (s, stage) in plan.stages().iter().enumerate() {
        let cells = stage.cells() as u32;
        for (cell, term) in [(0, 0), (cells / 2, stage.terms / 2), (cells - 1, stage.terms - 1)] {
            let place = Place::Stage(s as u32);
            found.push(Address { time: 0, image: 0, place, cell, term, grain: Grain::Term });
        }
    }
    found
}

fn draw_all(state: &mut AppState) {
    for (k, address) in addresses(state).into_iter().enumerate() {
        apply(state, Action::Go(Move::Seek(address)));
        draw(state, SIZES[k % 2], k % 3 == 0);
    }
    // A cell that the cursor has not reached, and given tensors.
    let last = addresses(state).last().copied();
    apply(state, Action::Go(Move::Start));
    for address in last.into_iter().chain(addresses(state).into_iter().step_by(7)) {
        apply(state, Action::Select(address));
        draw(state, SIZES[0], false);
    }
    let given: Vec<_> = state.plan().given().collect();
    for tensor in given {
        let address = state.plan().writer(tensor, 0, 0, 0);
        apply(state, Action::Select(address));
        draw(state, SIZES[1], true);
    }
}

#[test]
fn bundled_models_draw_at_every_stage() {
    for known in bundled::models() {
        let model = bundled::load(known.name).expect("a bundled model");
        let picture = samples::load(known.default_sample).expect("a bundled sample");
        let mut state = AppState::open(model, picture).expect("they fit");
        draw_all(&mut state);
    }
}

#[test]
fn every_layer_draws_in_evaluation_and_training() {
    for (name, toml) in NETWORKS {
        for mode in [Mode::Eval, Mode::Train] {
            let mut state = open(name, toml);
            apply(&mut state, Action::SetMode(mode));
            draw_all(&mut state);
        }
    }
}

#[test]
fn every_rule_of_update_draws_in_chinese() {
    let (name, toml) = NETWORKS[0];
    for rule in Rule::ALL {
        let mut state = open(name, toml);
        apply(&mut state, Action::SetLang(Lang::Zh));
        let optimizer = Optimizer { rule, learning_rate: 0.1, weight_decay: 0.01 };
        apply(&mut state, Action::SetOptimizer(optimizer));
        draw_all(&mut state);
        let last = Address { time: 3, ..*addresses(&state).last().expect("stages") };
        apply(&mut state, Action::Go(Move::Seek(last)));
        draw(&state, SIZES[0], false);
    }
}

/// How the close-ups look, small: a picture of a whole window for each stage, kept in tests/golden. After a change
/// that is wanted: `CONVSTEP_GOLDEN=write cargo test --test closeups`, and look at what has become of them.
#[test]
fn every_closeup_looks_as_it_did() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let writes = std::env::var("CONVSTEP_GOLDEN").is_ok_and(|what| what == "write");
    let shapes = AppState::open(
        bundled::load("shapes").expect("a bundled model"),
        samples::load("shape-star").expect("a bundled sample"),
    );
    let mut normed = open(NETWORKS[0].0, NETWORKS[0].1);
    apply(&mut normed, Action::SetMode(Mode::Train));
    apply(&mut normed, Action::SetOptimizer(Optimizer { rule: Rule::ALL[3], ..Optimizer::default() }));
    let squares = open(NETWORKS[1].0, NETWORKS[1].1);
    let mut wrong = Vec::new();
    let mut number = 0;
    for (name, mut state) in [("shapes", shapes.expect("they fit")), ("normed", normed), ("squares", squares)]
    {
        for address in addresses(&state).into_iter().skip(1).step_by(3) {
            let text = state.plan().text(&address);
            // Updates are alike but for their tensor; the network for shapes has many layers of a kind.
            let is_known = match name {
                "shapes" => {
                    !["conv1", "relu1", "pool1", "fc", "loss"].iter().any(|layer| text.contains(layer))
                }
                _ => false,
            };
            if is_known || (text.contains("update/") && !text.contains("conv") && !text.contains("loss")) {
                continue;
            }
            apply(&mut state, Action::Go(Move::Seek(address)));
            number += 1;
            let frame = convstep::ui::render::render(&state, [1280, 720], number % 2 == 0);
            let small = image::imageops::thumbnail(&image::DynamicImage::from(frame).into_rgb8(), 256, 144);
            let file = folder.join(format!("{name}-{}.png", text.replace(['/', '(', ')', ','], "_")));
            if writes {
                let to = std::io::BufWriter::new(std::fs::File::create(&file).expect("a writable folder"));
                let encoder = PngEncoder::new_with_quality(to, CompressionType::Best, FilterType::Adaptive);
                small.write_with_encoder(encoder).expect("a writable folder");
                continue;
            }
            let Ok(golden) = image::open(&file).map(image::DynamicImage::into_rgb8) else {
                wrong.push(format!("{}: no such picture", file.display()));
                continue;
            };
            assert_eq!(golden.dimensions(), small.dimensions(), "{text}");
            // Another rounding of a colour is no change; another number in a corner is.
            let differ = |(a, b): &(&image::Rgb<u8>, &image::Rgb<u8>)| {
                a.0.iter().zip(b.0).any(|(&a, b)| a.abs_diff(b) > 24)
            };
            let changed = golden.pixels().zip(small.pixels()).filter(differ).count();
            if changed > 12 {
                wrong.push(format!("{text}: {changed} pixels differ from {}", file.display()));
            }
        }
    }
    assert!(number > 40, "{number} stages");
    assert!(
        wrong.is_empty(),
        "{wrong:#?}\nlook at them; if they are as they should be, CONVSTEP_GOLDEN=write"
    );
}

/// Frames to look at: `CONVSTEP_FRAMES=DIR cargo test --test closeups -- --ignored`.
#[test]
#[ignore = "writes pictures for a person to look at"]
fn frames() {
    let Ok(directory) = std::env::var("CONVSTEP_FRAMES") else { return };
    for (name, toml) in NETWORKS {
        for mode in [Mode::Eval, Mode::Train] {
            let mut state = open(name, toml);
            let rule = if mode == Mode::Train { Rule::ALL[3] } else { Rule::ALL[2] };
            let optimizer = Optimizer { rule, ..Optimizer::default() };
            apply(&mut state, Action::SetOptimizer(optimizer));
            apply(&mut state, Action::SetMode(mode));
            for address in addresses(&state).into_iter().skip(1).step_by(3) {
                apply(&mut state, Action::Go(Move::Seek(address)));
                let frame = convstep::ui::render::render(&state, [1024, 768], false);
                let text = state.plan().text(&address).replace(['/', '(', ')', ','], "_");
                let file = format!("{directory}/{name}-{mode:?}-{text}.png");
                frame.save(file).expect("a writable directory");
            }
        }
    }
}
