//! The close-up of every stage of a convolution draws at any moment, and its printed terms add up.

use crate::frame::draw;
use convstep::app::{Action, AppState, EditAction, TrainAction, apply};
use convstep::data::{Content, Dataset, Generated, Loaded, samples};
use convstep::model_io::{Architecture, Model, Preprocess, bundled};
use convstep::nn::{
    Execution, Op, Part,
    init::Init,
    loss::Loss,
    spec::{ConvSpec, ConvTransposeSpec, Kind, LayerSpec, Pair},
};
use convstep::tensor::Tensor;
use convstep::trace::{Address, Owner, Pass, TensorId, Trace};
use convstep::ui::{
    raster::{FrameSetup, render_frame},
    render::render,
    shell::window_ui,
    view::Memory,
};
use egui::vec2;
use image::RgbaImage;

/// Two convolutions and a transposed one with all that is odd: strides, padding, dilation, groups, division, no bias.
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
    let third = ConvTransposeSpec {
        stride: Pair([2, 3]),
        padding: Pair([1, 0]),
        dilation: Pair([1, 2]),
        output_padding: Pair([1, 2]),
        groups: 2,
        ..ConvTransposeSpec::new(4, 3)
    };
    let architecture = Architecture {
        input: [2, 11, 9],
        classes: Vec::new(),
        preprocess: Preprocess::identity(2),
        layers: vec![
            LayerSpec::new("conv1", Kind::Conv2d(first)),
            LayerSpec::new("conv2", Kind::Conv2d(second)),
            LayerSpec::new("up", Kind::ConvTranspose2d(third)),
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

/// All values of the training step, also of a network that the window computes in the background.
fn computed(state: &AppState) -> Trace {
    let mut trace = state.trace().as_ref().clone();
    trace.compute_to(Pass::Update, Execution::SERIAL);
    trace
}

/// A few cells of each stage that belongs to a convolution.
fn cells(state: &AppState) -> Vec<Address> {
    let plan = state.plan();
    let of_conv = plan.stages().iter().enumerate().filter(|(_, stage)| {
        matches!(stage.tensor.owner, Owner::Layer(l) if plan.layer(l as usize).op.convolution().is_some())
    });
    of_conv
        .filter(|(_, stage)| stage.pass != Pass::Update)
        .flat_map(|(s, stage)| {
            let last = stage.cells() as u32 - 1;
            [0, last / 2, last].map(|cell| Address::stage_cell(0, 0, s, cell))
        })
        .collect()
}

#[test]
fn every_stage_draws_at_every_moment() {
    for mut state in states() {
        for (n, cell) in cells(&state).into_iter().enumerate() {
            let (_, terms) = state.terms_done(&cell);
            let term = cell.with_term(terms / 2);
            let dark = n % 2 == 0;
            let size = if n % 3 == 0 { vec2(1024.0, 768.0) } else { vec2(1280.0, 720.0) };
            let text = state.plan().text(if n % 2 == 0 { &term } else { &cell });
            apply(&mut state, Action::GoTo(text));
            draw(&state, size, dark);
            // Picked from the very start: nothing of it has been computed.
            apply(&mut state, Action::GoTo("start".into()));
            let action = Action::look(state.plan(), &cell);
            apply(&mut state, action);
            draw(&state, size, dark);
        }
    }
}

#[test]
fn the_products_of_a_cell_add_up_to_its_value() {
    for state in states() {
        let trace = computed(&state);
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

/// With `CONVSTEP_GALLERY` set to a folder, the pictures are written there for inspection.
fn keep(picture: &RgbaImage, name: &str) {
    if let Some(folder) = std::env::var_os("CONVSTEP_GALLERY") {
        picture.save(std::path::Path::new(&folder).join(name)).expect("a folder to write to");
    }
}

#[test]
fn a_cell_picked_ahead_shows_no_value() {
    let model = bundled::load("shapes").expect("a bundled model");
    let mut pictures = Vec::new();
    // Two pictures whose values differ everywhere; what has not been computed is drawn the same.
    for sample in ["shape-star", "shape-ring"] {
        let picture = samples::load(sample).expect("a bundled sample");
        let mut state = AppState::open(model.clone(), picture).expect("they fit");
        apply(&mut state, Action::SetLabel(0));
        apply(&mut state, Action::GoTo("start".into()));
        let cell = state.plan().parse("bwd/conv2.dX/k3/(4,6)").expect("an address");
        let action = Action::look(state.plan(), &cell);
        apply(&mut state, action);
        let picture = render(&state, [1280, 720], 1.0, false);
        keep(&picture, &format!("ahead-{sample}.png"));
        pictures.push(picture);
    }
    // The products and what they come to.
    let products = |picture: &RgbaImage| {
        let column = (527..760).flat_map(|x| (190..600).map(move |y| (x, y)));
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
    let pos = egui::pos2(384.0, 181.0);
    frame(vec![egui::Event::PointerMoved(pos)], &mut memory);
    let after = frame(vec![egui::Event::PointerMoved(pos)], &mut memory);
    keep(&after, "hover.png");
    let differs = |from: [u32; 2], to: [u32; 2]| {
        (from[0]..to[0]).any(|x| (from[1]..to[1]).any(|y| before.get_pixel(x, y) != after.get_pixel(x, y)))
    };
    assert!(differs([12, 158], [150, 296]), "the input shows where the weight is used");
}

/// The texts of a frame, as a screen reader gets them.
fn texts(state: &AppState) -> Vec<String> {
    let ctx = egui::Context::default();
    ctx.enable_accesskit();
    convstep::ui::theme::Theme::by_darkness(false).apply(&ctx);
    let screen_rect = Some(egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1280.0, 720.0)));
    let input = egui::RawInput { screen_rect, ..egui::RawInput::default() };
    let output = ctx.run_ui(input, |ui| {
        window_ui(ui, state, &mut Memory::default());
    });
    let update = output.platform_output.accesskit_update.clone().expect("a tree of the window");
    output.drop_without_applying_deltas();
    update.nodes.iter().filter_map(|(_, node)| node.value().or(node.label()).map(str::to_owned)).collect()
}

#[test]
fn scattering_gives_what_gathering_gives() {
    for state in states() {
        let trace = computed(&state);
        for (l, layer) in state.plan().network().layers.iter().enumerate() {
            let (part, [channels, rows, cols]) = match &layer.op {
                Op::Conv2d(_) => (Part::Dx, layer.input),
                Op::ConvTranspose2d(_) => (Part::Out, layer.output),
                _ => {
                    assert!(trace.scattered(l, 0, [0, 0, 0]).is_none());
                    continue;
                }
            };
            let (made, bias) = (TensorId::layer(l, part), trace.params().0[l].get(Part::Bias));
            for c in 0..channels {
                for (p, q) in (0..rows).flat_map(|p| (0..cols).map(move |q| (p, q))) {
                    let gathered = trace.value(made, 0, ((c * rows + p) * cols + q) as u32);
                    let bias = bias.filter(|_| part == Part::Out).map_or(0.0, |bias| bias[[0, c, 0, 0]]);
                    let scattered = trace.scattered(l, 0, [c, p, q]).expect("a convolution") + bias;
                    let off = (gathered - scattered).abs();
                    assert!(
                        off <= 1e-5 * gathered.abs() + 1e-7,
                        "{}: {gathered} {scattered}",
                        layer.spec.name
                    );
                }
            }
        }
    }
}

#[test]
fn the_scatter_view_says_the_number_that_gathering_gives() {
    let mut state = odd();
    apply(&mut state, Action::ShowScatter(true));
    for (n, text) in
        ["bwd/conv2.dX/k2/(2,3)", "bwd/conv1.dX/k1/(10,8)", "fwd/up/k1/(2,2)"].into_iter().enumerate()
    {
        let cell = state.plan().parse(text).expect("an address");
        let (_, terms) = state.terms_done(&cell);
        apply(&mut state, Action::GoTo(format!("{text}/m{}", terms / 2)));
        render(&state, [1024, 768], 1.0, n == 0);
        apply(&mut state, Action::GoTo(text.into()));
        // Before the bias, which is added to both.
        let fold = state.trace().cell(&cell);
        let sum = fold.steps.iter().rfind(|step| step.term.op == convstep::trace::TermOp::MulAdd);
        let value = convstep::ui::number::full(sum.map_or(fold.value, |step| step.after));
        let all = texts(&state);
        let said = all.iter().any(|line| line.contains(&format!("Gathered {value}, scattered")));
        assert!(said, "{text}: {value} is not among {all:#?}");
    }
}

#[test]
fn what_cancels_out_and_what_each_image_brings_is_shown() {
    let toml = r#"
input = [1, 6, 6]
layers = [
    { name = "conv", kind = "conv2d", out_channels = 2, kernel = 3 },
    { name = "relu", kind = "relu" },
    { name = "flatten", kind = "flatten" },
    { name = "fc", kind = "dense", out_features = 3 },
]
"#;
    let model = Model::initial("small", Architecture::parse(toml).expect("a network"), Init::He, 7);
    let values = Tensor::from_shape_fn((1, 1, 6, 6), |(_, _, i, j)| (i * 7 + j * 5) as f32 % 4.0 - 1.5);
    let picture = Loaded { name: "numbers".into(), content: Content::Values(values), label: None };
    let mut state = AppState::open(model.expect("weights"), picture).expect("values that fit");
    apply(&mut state, Action::GoTo("bwd/conv.dW/k1,0/(1,2)".into()));
    let cell = state.focus();
    let products: Vec<f64> =
        state.trace().cell(&cell).steps.iter().filter_map(|step| step.product()).map(f64::from).collect();
    let (net, all) = (products.iter().sum::<f64>(), products.iter().map(|p| p.abs()).sum::<f64>());
    assert!(all > 0.0, "a weight with a gradient");
    let share = convstep::ui::number::significant((100.0 * (1.0 - net.abs() / all)) as f32, 2);
    let said = texts(&state);
    let words = format!("{share} % cancels out: ");
    assert!(said.iter().any(|line| line.starts_with(&words)), "{words} is not among {said:#?}");
    // A filter of zeros, and its bias with it, let nothing through.
    let is_dead = |said: &[String]| said.iter().any(|line| line.contains("it is silent here"));
    apply(&mut state, Action::GoTo("bwd/relu.dX/k0/(3,3)".into()));
    assert!(!is_dead(&texts(&state)));
    for index in 0..9 {
        let edit = EditAction::SetParameter { layer: 0, part: Part::Weight, index, value: 0.0 };
        apply(&mut state, Action::Edit { edit, more: false });
    }
    apply(&mut state, Action::GoTo("bwd/relu.dX/k0/(3,3)".into()));
    let said = texts(&state);
    assert!(is_dead(&said), "{said:#?}");
    // Maps as large as they go, and as small.
    for by in [9, -18] {
        apply(&mut state, Action::ZoomLanes(by));
        render(&state, [1024, 768], 1.0, true);
    }
}

#[test]
fn a_weights_gradient_is_added_up_image_by_image() {
    let model = bundled::load("shapes").expect("a bundled model");
    let picture = samples::load("shape-star").expect("a bundled sample");
    let mut state = AppState::open(model, picture).expect("they fit");
    let shapes = Dataset::generated(Generated::Shapes, 5);
    apply(&mut state, Action::Train(TrainAction::Use(Some(shapes))));
    apply(&mut state, Action::GoTo("e0.b0.i5/bwd/conv2.dW/k3,4/(1,1)".into()));
    assert_eq!(state.image(), 5, "the image whose pass adds to the batch's gradient is shown");
    let so_far = state.trace().finished(&state.focus());
    let said = texts(&state);
    let prefix = "contribution of each picture: ";
    let line = said.iter().find_map(|line| line.strip_prefix(prefix)).expect("bars for the images");
    let brought: Vec<f32> =
        line.split(", ").map(|number| number.replace('−', "-").parse().expect("a number")).collect();
    assert_eq!(brought.len(), 6);
    let sum: f32 = brought.iter().sum();
    assert!((sum - so_far).abs() <= 1e-3 * brought.iter().map(|b| b.abs()).sum::<f32>(), "{sum} {so_far}");
    assert!(said.contains(&"picture 5; 32 in the batch".to_owned()), "{said:#?}");
}

#[test]
fn a_click_on_another_given_plane_stays_with_what_is_given() {
    let model = bundled::load("shapes").expect("a bundled model");
    let mut state = AppState::open(model, samples::load("shape-star").expect("bundled")).expect("they fit");
    apply(&mut state, Action::GoTo("conv1.weight/k3,0/(1,1)".into()));
    let mut memory = Memory::default();
    // The second of the small planes.
    let pos = egui::pos2(690.0, 347.0);
    let button = |pressed| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    };
    let ctx = egui::Context::default();
    convstep::ui::theme::Theme::by_darkness(false).apply(&ctx);
    let mut clicked = Vec::new();
    for events in [vec![], vec![egui::Event::PointerMoved(pos)], vec![button(true)], vec![button(false)]] {
        let screen_rect = Some(egui::Rect::from_min_size(egui::Pos2::ZERO, egui::vec2(1280.0, 720.0)));
        let input = egui::RawInput { screen_rect, events, ..egui::RawInput::default() };
        ctx.run_ui(input, |ui| clicked.extend(window_ui(ui, &state, &mut memory)))
            .drop_without_applying_deltas();
    }
    let selected = clicked.iter().find_map(|action| match action {
        Action::Look(place) => Some(place.to_string()),
        _ => None,
    });
    let selected = selected.unwrap_or_else(|| panic!("no cell was clicked: {clicked:?}"));
    assert!(selected.starts_with("conv1.weight/"), "{selected}");
}
