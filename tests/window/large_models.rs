//! Networks as people use them, with branches and hundreds of layers: each stage has a close-up that draws.

use crate::frame::draw;
use crate::program;
use convstep::{
    app::{Action, AppState},
    data::{ModelFolder, samples},
    model_io::{Architecture, Model, Near, presets},
    trace::Address,
};
use egui::Vec2;
use std::path::Path;

const SIZE: Vec2 = Vec2::new(1280.0, 720.0);

/// Draws a close-up of each stage of a training step on a picture, at a term of a cell in its middle. Answers how many.
fn draw_each_stage(model: Model) -> usize {
    let name = model.name.clone();
    let mut state = AppState::open(model, samples::load("scene").expect("bundled")).expect(&name);
    let mut drawn = 0;
    for s in 0..state.plan().stages().len() {
        let stage = &state.plan().stages()[s];
        let address = Address::stage_cell(0, 0, s, stage.cells() as u32 / 2)
            .with_term(stage.terms.saturating_sub(1) / 2);
        let action = Action::visit(state.plan(), &address);
        program::run(&mut state, [action]);
        assert!(state.notices().is_empty(), "{name}: {:?}", state.notices());
        draw(&state, SIZE, s % 2 == 1);
        drawn += 1;
    }
    drawn
}

/// A preset for smaller pictures, which its pools before the last layer allow.
fn smaller(name: &str, side: usize) -> Model {
    let preset = presets::load(name).expect(name);
    let architecture = preset.architecture().expect(name);
    let [channels, ..] = architecture.input;
    let architecture = Architecture { input: [channels, side, side], ..architecture };
    Model::initial(name, architecture, preset.init, presets::SEED).expect(name)
}

#[test]
fn presets_with_branches_draw_at_every_stage() {
    for (name, side) in [
        ("separable", 16),
        ("inception", 16),
        ("densenet", 16),
        ("unet", 16),
        ("resnet18", 32),
        ("squeezenet1_1", 32),
    ] {
        let model = smaller(name, side);
        let layers = model.network.layers.len();
        assert!(draw_each_stage(model) > 2 * layers, "{name}");
    }
}

/// The same of files: `CONVSTEP_MODELS=DIR cargo test --release --test window large_models:: -- --ignored --nocapture`. The
/// script `tests/torchvision_nets.py` fills such a folder with torchvision's networks.
#[test]
#[ignore = "reads a folder of models"]
fn models_of_a_folder_draw_at_every_stage() {
    let Ok(folder) = std::env::var("CONVSTEP_MODELS") else { return };
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "onnx") {
            continue;
        }
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let files = ModelFolder::of(Path::new(&path));
        let near = Near { files: &files, ..Near::NOTHING };
        let model = Model::from_file(&name, &std::fs::read(&path).expect(&name), &near).expect(&name);
        let layers = model.network.layers.len();
        println!("{name}: {layers} layers, {} close-ups drawn", draw_each_stage(model));
    }
}
