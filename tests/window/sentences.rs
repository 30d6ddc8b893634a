//! What a sentence claims holds in the state in which it is shown: the program is put into the state, the sentence read
//! from the frame.

use crate::frame;

use crate::start::run_unnoticed as run;
use convstep::{
    app::{Action, AppState, BuildAction, CompareAction, Drawer, TrainAction},
    data::{Content, Dataset, Generated, Loaded, samples},
    model_io::{Architecture, Model, bundled},
    nn::{
        Mode,
        hyperparameter::{Hyperparameter, Value},
        init::Init,
        optimizer::{Optimizer, Rule},
        spec::{Kind, MaxPoolSpec, Pair},
    },
    tensor::Tensor,
    trace::Depth,
};

const SIZE: egui::Vec2 = egui::Vec2::new(1280.0, 715.0);

fn go(state: &mut AppState, address: &str) {
    run(state, [Action::GoTo(address.into())]);
}

fn select(state: &mut AppState, address: &str) {
    let address = state.plan().parse(address).unwrap_or_else(|e| panic!("{e}"));
    let action = Action::look(state.plan(), &address);
    run(state, [action]);
}

fn open(model: &str) -> AppState {
    let known = bundled::models().iter().find(|known| known.name == model).expect(model);
    let model = bundled::load(known.name).expect("bundled");
    let picture = samples::load(known.default_sample).expect("bundled");
    asking_why(AppState::open(model, picture).expect("fits"))
}

/// With the panel that has the sentence of the cell.
fn asking_why(mut state: AppState) -> AppState {
    run(&mut state, [Action::SetDrawer(Some(Drawer::Why))]);
    state
}

fn build(toml: &str) -> AppState {
    let model = Model::initial("net", Architecture::parse(toml).expect("parses"), Init::He, 7).expect("fits");
    let [c, h, w] = model.network.input;
    let values =
        Tensor::from_shape_fn((1, c, h, w), |(_, c, i, j)| ((c + 3 * i + 5 * j) % 7) as f32 / 3.0 - 1.0);
    let picture = Loaded { name: "numbers".into(), content: Content::Values(values), label: None };
    asking_why(AppState::open(model, picture).expect("fits"))
}

/// The digits, trained in batches of four.
fn batch() -> AppState {
    let mut state = open("digits");
    run(&mut state, [Action::Train(TrainAction::Use(Some(Dataset::generated(Generated::Digits, 5))))]);
    let training = state.inputs().training.clone().expect("set").with_batch(4);
    run(&mut state, [Action::Train(TrainAction::Set(training))]);
    state
}

/// What the window shows with the panel "Why?" open.
fn texts_of(state: &AppState) -> Vec<String> {
    let mut state = state.clone();
    if state.view().page == convstep::app::Page::Network {
        run(&mut state, [Action::SetDrawer(Some(Drawer::Why))]);
    }
    frame::draw(&state, SIZE, false)
}

#[track_caller]
fn says(state: &AppState, words: &str) {
    let texts = texts_of(state);
    assert!(texts.iter().any(|text| text.contains(words)), "{words:?} is not among {texts:#?}");
}

#[track_caller]
fn never_says(state: &AppState, words: &str) {
    let texts = texts_of(state);
    assert!(!texts.iter().any(|text| text.contains(words)), "{words:?} is among {texts:#?}");
}

#[test]
fn what_a_pool_discards_is_counted_so_far_only_while_the_map_is_not_complete() {
    let mut state = open("shapes");
    go(&mut state, "fwd/pool1/k2/(3,5)");
    says(&state, "So far in this map: ");
    // The same cell, when the map is complete.
    go(&mut state, "fwd/pool1/k2");
    select(&mut state, "fwd/pool1/k2/(3,5)");
    says(&state, "In this map: ");
    never_says(&state, "So far in this map");
    let [lost, all] = state.trace().thrown_away(2, 0, 2, usize::MAX).expect("a max pool");
    says(&state, &format!("In this map: {lost} of {all}, "));
    // One more map has begun since.
    go(&mut state, "fwd/pool1/k3/(0,0)");
    select(&mut state, "fwd/pool1/k2/(3,5)");
    never_says(&state, "So far in this map");
}

/// In the panel "Why?" where it is open, else below the stage.
#[test]
fn the_sentences_of_a_closeup_stand_once() {
    let mut state = open("shapes");
    go(&mut state, "fwd/pool1/k2/(3,5)");
    for drawer in [Some(Drawer::Why), None] {
        run(&mut state, [Action::SetDrawer(drawer)]);
        let texts = frame::draw(&state, SIZE, false);
        for words in ["values are discarded.", "So far in this map: "] {
            let count = texts.iter().filter(|text| text.contains(words)).count();
            assert_eq!(count, 1, "{drawer:?}: {words:?} in {texts:#?}");
        }
    }
}

#[test]
fn an_update_speaks_of_the_picture_or_of_the_batch_on_average() {
    let mut state = open("article-backprop");
    go(&mut state, "update/conv1.weight/k0,0/(1,1)");
    says(&state, "This picture: loss ");
    never_says(&state, "batch, on average");
    let mut state = batch();
    go(&mut state, "e0.b0/update/fc.bias/k9");
    says(&state, "This batch, on average: loss ");
    never_says(&state, "This picture: loss");
}

#[test]
fn the_gradient_of_a_weight_is_summed_over_the_batch_where_there_is_one() {
    for (address, sum) in [
        ("bwd/conv1.dW/k3,0/(1,1)", "at each position where it was used"),
        ("bwd/conv1.db/k3", "the gradients of its map, all added up."),
        ("bwd/fc.dW/k2,7", "its input times the gradient of neuron 2"),
        ("bwd/fc.db/k2", "of neuron 2"),
    ] {
        let mut state = open("digits");
        go(&mut state, address);
        says(&state, "How the loss changes with ");
        says(&state, sum);
        never_says(&state, "picture after picture");
        let mut state = batch();
        go(&mut state, &format!("e0.b0.i2/{address}"));
        says(&state, "How the losses of the batch, all added up, change with ");
        says(&state, "picture after picture");
        says(&state, "all added up.");
    }
    let mut state = batch();
    go(&mut state, "e0.b0.i2/bwd/fc.db/k2");
    says(&state, "the output's gradients of the batch, all added up");
}

#[test]
fn a_bias_and_a_division_are_part_of_the_sentence_where_they_are_part_of_the_sum() {
    let sentence = |address: &str, toml: &str, words: &str, never: &str| {
        let mut state = build(toml);
        go(&mut state, address);
        says(&state, words);
        never_says(&state, never);
    };
    let conv = |more: &str| {
        format!(
            "input = [1, 5, 5]\n[[layers]]\nname = \"a\"\nkind = \"conv2d\"\nout_channels = 2\nkernel = 3\n{more}"
        )
    };
    sentence("fwd/a/k1/(1,2)", &conv(""), "window (1,2) matches filter 1: ", "divided by the number");
    sentence("fwd/a/k1/(1,2)", &conv(""), "plus the filter's bias.", "divided by the number");
    sentence("fwd/a/k1/(1,2)", &conv("bias = false"), "times its weight, all added up.", "filter's bias");
    sentence(
        "fwd/a/k1/(1,2)",
        &conv("bias = false\nnormalize = true"),
        "divided by the number of weights.",
        "filter's bias",
    );
    let dense = "input = [1, 2, 2]\n[[layers]]\nname = \"a\"\nkind = \"dense\"\nout_features = 2\n";
    sentence("fwd/a/k1", dense, "plus the neuron's bias.", "filter");
    sentence("fwd/a/k1", &format!("{dense}bias = false"), "its own weight, all added up.", "plus the neuron");
}

#[test]
fn modes_have_sentences_of_their_own() {
    let net = "input = [2, 4, 4]\nlayers = [\n{ name = \"bn\", kind = \"batch_norm2d\" },\n\
               { name = \"drop\", kind = \"dropout\", p = 0.5 },\n\
               { name = \"fc\", kind = \"dense\", out_features = 2 },\n]\n";
    let mut state = build(net);
    for (mode, own, other) in
        [(Mode::Eval, "running", "of the batch"), (Mode::Train, "of the batch", "running")]
    {
        run(&mut state, [Action::SetMode(mode)]);
        go(&mut state, "fwd/bn.xhat/k1/(2,2)");
        let sentence = convstep_sentence(&state);
        assert!(sentence.contains(own) && !sentence.contains(other), "{mode:?}: {sentence}");
    }
    for (address, words) in [
        ("bwd/bn.dX/k1/(0,0)", "through the mean and variance of the batch"),
        ("fwd/drop/k1/(0,0)", "times its mask"),
        ("bwd/drop.dX/k1/(0,0)", "times the mask"),
    ] {
        for (mode, holds) in [(Mode::Train, true), (Mode::Eval, false)] {
            run(&mut state, [Action::SetMode(mode)]);
            go(&mut state, address);
            let sentence = convstep_sentence(&state);
            assert_eq!(sentence.contains(words), holds, "{address} {mode:?}: {sentence}");
        }
    }
}

/// The sentence of the current cell in English.
fn convstep_sentence(state: &AppState) -> String {
    use convstep::ui::{
        room::{Room, Wants},
        sentences,
        theme::Theme,
        view::{Memory, View},
    };
    let (memory, depth) = (Memory::default(), Depth::new(&state.look()));
    let (page, drawer) = (state.view().page, None);
    let wants = Wants {
        page,
        depth,
        notice: false,
        drawer,
        timeline: None,
        presenting: None,
        lesson: None,
        alone: None,
    };
    let view = View::new(state, Theme::by_darkness(false), &memory, Room::new(SIZE, &wants));
    sentences::sentence(&view, &state.focus())
}

#[test]
fn each_rule_of_the_update_says_what_it_goes_against() {
    let momentum = 0.9;
    for (rule, address, words) in [
        (Rule::Sgd, "update/fc.bias/k1", "against its gradient"),
        (Rule::Momentum { momentum }, "update/fc.bias/k1", "against its velocity"),
        (Rule::Momentum { momentum }, "update/fc.bias.m/k1", "The velocity: "),
        (Rule::Nesterov { momentum }, "update/fc.bias.step/k1", "plus μ times the velocity"),
        (Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 }, "update/fc.bias.m/k1", "The running average"),
        (Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 }, "update/fc.bias.step/k1", "divided by the root"),
        (Rule::Adam { beta1: 0.9, beta2: 0.999, eps: 1e-8 }, "update/fc.bias/k1", "made for it"),
    ] {
        let mut state = open("shapes");
        run(&mut state, [Action::SetOptimizer(Optimizer { rule, ..Optimizer::default() })]);
        go(&mut state, address);
        let sentence = convstep_sentence(&state);
        assert!(sentence.contains(words), "{rule:?} {address}: {sentence}");
    }
}

#[test]
fn the_score_of_a_class_says_which_way_the_gradient_goes() {
    let mut state = open("shapes");
    let label = state.label();
    for class in 0..state.model().network.classes() {
        go(&mut state, &format!("bwd/loss.dX/k{class}"));
        let gradient = state.trace().finished(&state.focus());
        match (gradient == 0.0, class == label) {
            (true, _) => says(&state, "the gradient is 0"),
            (false, true) => says(&state, "p − 1, negative"),
            (false, false) => says(&state, "is p, positive"),
        }
    }
}

#[test]
fn of_the_weights_slices_are_counted_and_of_the_picture_maps() {
    let mut state = open("shapes");
    select(&mut state, "conv2.weight/k1,2/(1,1)");
    let all = 16 * 8;
    says(&state, &format!("3 of {all} slices"));
    never_says(&state, &format!("3 of {all} maps"));
}

#[test]
fn what_no_window_reads_is_said_by_the_builder() {
    let mut state = open("shapes");
    run(&mut state, [Action::Build(BuildAction::New)]);
    let pool = |kernel, stride| {
        Kind::MaxPool2d(MaxPoolSpec {
            kernel: Pair::square(kernel),
            stride: Some(Pair::square(stride)),
            padding: Pair::square(0),
            ..MaxPoolSpec::new(1)
        })
    };
    let dense = Kind::starters().into_iter().find(|kind| kind.name() == "dense").expect("dense");
    // 32 rows: windows of 3 at a distance of 3 leave 30 and 31 out.
    run(&mut state, [Action::Build(BuildAction::Add(pool(3, 3)))]);
    says(&state, "All sizes fit.");
    never_says(&state, "The weights will be initialised");
    says(&state, "no window reads rows 30, 31 and columns 30, 31 of its input");
    let kernel = Hyperparameter { name: "kernel", value: Value::Pair(Pair([3, 5])) };
    run(&mut state, [Action::Build(BuildAction::Set(0, kernel))]);
    says(&state, "no window reads rows 30, 31 of its input");
    let pair = |name| Hyperparameter { name, value: Value::Pair(Pair::square(2)) };
    run(&mut state, [Action::Build(BuildAction::Set(0, pair("kernel")))]);
    run(&mut state, [Action::Build(BuildAction::Set(0, pair("stride")))]);
    never_says(&state, "no window reads");
    run(&mut state, [Action::Build(BuildAction::Add(dense))]);
    says(&state, "All sizes fit. The weights will be initialised anew.");
}

#[test]
fn a_leaky_gate_speaks_of_the_gradient_on_the_way_back() {
    let net = "input = [1, 3, 3]\nlayers = [\n{ name = \"leaky\", kind = \"leaky_relu\", slope = 0.1 },\n\
               { name = \"fc\", kind = \"dense\", out_features = 2 },\n]\n";
    let mut state = build(net);
    go(&mut state, "fwd/leaky/k0/(0,0)");
    says(&state, "is not positive: it is multiplied by the slope");
    go(&mut state, "bwd/leaky.dX/k0/(0,0)");
    says(&state, "is not positive: the gradient ");
}

#[test]
fn equal_cells_are_all_of_them_only_where_all_are_equal() {
    let mut state = open("shapes");
    run(&mut state, [Action::Compare(CompareAction::Keep), Action::SetPage(convstep::app::Page::Compare)]);
    says(&state, "100 % of the cells are equal");
    // One pixel of 3 × 32 × 32.
    select(&mut state, "input/k0/(4,4)");
    let edit = convstep::app::EditAction::SetPixel { index: 132, value: 17.0 };
    run(&mut state, [Action::Edit { edit, more: false }]);
    let input = convstep::trace::TensorId::INPUT;
    run(&mut state, [Action::Compare(CompareAction::Tensor(input))]);
    says(&state, "99.9 % of the cells are equal");
}

#[test]
fn a_tensor_that_was_not_computed_is_not_called_absent() {
    // So large that the backward pass waits until it is asked for.
    let mut state = build(
        "input = [3, 64, 64]\nlayers = [\n{ name = \"conv1\", kind = \"conv2d\", out_channels = 64, kernel = 5 },\n\
         { name = \"conv2\", kind = \"conv2d\", out_channels = 64, kernel = 5 },\n\
         { name = \"gap\", kind = \"global_avg_pool2d\" },\n]\n",
    );
    run(&mut state, [Action::Compare(CompareAction::Keep)]);
    go(&mut state, "bwd/conv1.dX");
    let gradient = convstep::trace::TensorId::layer(0, convstep::nn::Part::Dx);
    run(&mut state, [Action::Compare(CompareAction::Tensor(gradient))]);
    run(&mut state, [Action::SetPage(convstep::app::Page::Compare)]);
    says(&state, "was not computed yet when A was kept");
    never_says(&state, "has no ∂L/∂input");
}

#[test]
fn a_share_is_all_or_none_only_where_it_is() {
    use convstep::ui::number::percent;
    let shares = [(1, 100_000), (99_999, 100_000), (0, 5), (5, 5), (1, 3)];
    assert_eq!(shares.map(|(part, all)| percent(part, all)), ["0.1", "99.9", "0", "100", "33.3"]);
}
