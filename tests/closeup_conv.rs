//! The close-up of every stage of a convolution draws at any moment, and its printed terms add up.
#![cfg(feature = "window")]

use convstep::app::{Action, AppState, apply};
use convstep::data::{Content, Loaded, samples};
use convstep::model_io::{Architecture, Model, Preprocess, bundled};
use convstep::nn::{
    Op,
    init::Init,
    loss::Loss,
    spec::{ConvSpec, Kind, LayerSpec, Pair},
};
use convstep::tensor::Tensor;
use convstep::trace::{Address, Grain, Owner, Place};
use convstep::ui::{
    raster::{FrameSetup, render_frame},
    render::render,
    shell::window_ui,
    view::Memory,
};
use image::RgbaImage;

/// Two convolutions with all that is odd: strides, padding, dilation, groups, division, no bias.
fn odd() -> AppState {
    let first = ConvSpec {
        stride: Pair([2, 1]),
        padding: Pair([2, 1]),
        groups: 2,
        normalize: true,
        ..ConvSpec::new(4, 3)
    };
    let second = ConvSpec {
        kernel: Pair([3, 2]),
        dilation: Pair::square(2),
        stride: Pair::square(2),
        bias: false,
        ..ConvSpec::new(6, 3)
    };
    let architecture = Architecture {
        input: [2, 11, 9],
        classes: Vec::new(),
        preprocess: Preprocess::identity(2),
        layers: vec![
            LayerSpec::new("conv1", Kind::Conv2d(first)),
            LayerSpec::new("conv2", Kind::Conv2d(second)),
        ],
        loss: Loss::Mse,
    };
    let model = Model::initial("odd", architecture, Init::He, 7).expect("a network that fits");
    let values = Tensor::from_shape_fn((1, 2, 11, 9), |(_, c, i, j)| (c * 5 + i * 3 + j) as f32 * 0.1 - 1.0);
    let picture = Loaded { name: "odd".into(), content: Content::Values(values), label: None };
    AppState::open(model, picture).expect("values that fit")
}

fn states() -> Vec<AppState> {
    let of = |model: &convstep::model_io::bundled::Bundled| {
        let picture = samples::load(model.default_sample).expect("a bundled sample");
        AppState::open(bundled::load(model.name).expect("a bundled model"), picture).expect("they fit")
    };
    bundled::models().iter().map(of).chain([odd()]).collect()
}

/// A few cells of each stage that belongs to a convolution.
fn cells(state: &AppState) -> Vec<Address> {
    let plan = state.plan();
    let of_conv = plan.stages().iter().enumerate().filter(|(_, stage)| {
        matches!(stage.tensor.owner, Owner::Layer(l) if matches!(plan.layer(l as usize).op, Op::Conv2d(_)))
    });
    of_conv
        .filter(|(_, stage)| stage.pass != convstep::trace::Pass::Update)
        .flat_map(|(s, stage)| {
            let last = stage.cells() as u32 - 1;
            [0, last / 2, last].map(|cell| Address {
                time: 0,
                image: 0,
                place: Place::Stage(s as u32),
                cell,
                term: 0,
                grain: Grain::Cell,
            })
        })
        .collect()
}

#[test]
fn every_stage_draws_at_every_moment() {
    for mut state in states() {
        for (n, cell) in cells(&state).into_iter().enumerate() {
            let (_, terms) = state.terms_done(&cell);
            let term = Address { term: terms / 2, grain: Grain::Term, ..cell };
            let dark = n % 2 == 0;
            let size = if n % 3 == 0 { [1024, 768] } else { [1280, 720] };
            let text = state.plan().text(if n % 2 == 0 { &term } else { &cell });
            apply(&mut state, Action::GoTo(text));
            render(&state, size, dark);
            // Picked from the very start: nothing of it has been computed.
            apply(&mut state, Action::GoTo("start".into()));
            apply(&mut state, Action::Select(cell));
            render(&state, size, dark);
        }
    }
}

#[test]
fn what_the_boxes_show_adds_up() {
    for state in states() {
        let trace = state.trace();
        for cell in cells(&state) {
            let fold = trace.cell(&cell);
            let sum: f64 = fold.steps.iter().filter_map(|step| step.product()).map(f64::from).sum();
            let scale: f64 = fold.steps.iter().filter_map(|s| s.product()).map(|p| f64::from(p).abs()).sum();
            let divided = fold.steps.iter().any(|step| step.product().is_none());
            if !divided {
                let off = (f64::from(fold.value) - f64::from(fold.start) - sum).abs();
                assert!(off <= 1e-5 * scale + 1e-12, "{} is off by {off}", state.plan().text(&cell));
            }
            assert_eq!(fold.value.to_bits(), trace.finished(&cell).to_bits());
        }
    }
}

/// With `CONVSTEP_GALLERY` set to a folder, the pictures are written there, to be looked at.
fn keep(picture: &RgbaImage, name: &str) {
    if let Some(folder) = std::env::var_os("CONVSTEP_GALLERY") {
        picture.save(std::path::Path::new(&folder).join(name)).expect("a folder to write to");
    }
}

#[test]
fn a_cell_picked_ahead_shows_no_value() {
    let model = bundled::load("shapes").expect("a bundled model");
    let mut pictures = Vec::new();
    // Two pictures whose values differ everywhere; what has not been computed looks the same.
    for sample in ["shape-star", "shape-ring"] {
        let picture = samples::load(sample).expect("a bundled sample");
        let mut state = AppState::open(model.clone(), picture).expect("they fit");
        apply(&mut state, Action::SetLabel(0));
        apply(&mut state, Action::GoTo("start".into()));
        let cell = state.plan().parse("bwd/conv2.dX/k3/(4,6)").expect("an address");
        apply(&mut state, Action::Select(cell));
        let picture = render(&state, [1280, 720], false);
        keep(&picture, &format!("ahead-{sample}.png"));
        pictures.push(picture);
    }
    // The products' column, between the filters and the legends.
    let products = |picture: &RgbaImage| {
        let column = (700..930).flat_map(|x| (130..440).map(move |y| (x, y)));
        column.map(|(x, y)| picture.get_pixel(x, y).0).collect::<Vec<_>>()
    };
    assert_eq!(products(&pictures[0]), products(&pictures[1]));
}

#[test]
fn hovering_lights_up_what_belongs_together() {
    let model = bundled::load("shapes").expect("a bundled model");
    let picture = samples::load("shape-star").expect("a bundled sample");
    let mut state = AppState::open(model, picture).expect("they fit");
    apply(&mut state, Action::GoTo("fwd/conv1/k2/(13,15)/m7".into()));
    let frame = |events: Vec<egui::Event>, memory: &mut Memory| {
        let setup = FrameSetup { events, ..FrameSetup::new(1280, 720) };
        render_frame(&setup, |ui| {
            window_ui(ui, &state, memory);
        })
    };
    let mut memory = Memory::default();
    let before = frame(Vec::new(), &mut memory);
    // A weight, in the middle of the first slice of the filter.
    let pos = egui::pos2(663.0, 178.0);
    frame(vec![egui::Event::PointerMoved(pos)], &mut memory);
    let after = frame(vec![egui::Event::PointerMoved(pos)], &mut memory);
    keep(&after, "hover.png");
    let differs = |from: [u32; 2], to: [u32; 2]| {
        (from[0]..to[0]).any(|x| (from[1]..to[1]).any(|y| before.get_pixel(x, y) != after.get_pixel(x, y)))
    };
    assert!(differs([370, 130], [445, 210]), "the input shows where the weight is used");
}
