//! Writing a network: the draft beside the one that runs, until it is applied.

use crate::start;

use crate::program::take_notice;
use convstep::{
    app::{Action, AppState, BuildAction, Draft, apply, run_tasks_here},
    model_io::presets,
    nn::{
        Execution, Part,
        hyperparameter::{Hyperparameter, Value},
        init::Init,
        loss::Loss,
        spec::{AvgPoolSpec, ConvSpec, DenseSpec, Kind, Pair},
    },
};

fn build(state: &mut AppState, actions: impl IntoIterator<Item = BuildAction>) {
    for action in actions {
        let asked = apply(state, Action::Build(action));
        run_tasks_here(state, asked, Execution::SERIAL, &());
    }
}

fn draft(state: &AppState) -> &Draft {
    state.draft().expect("the builder is open")
}

fn names(state: &AppState) -> Vec<&str> {
    draft(state).specs().iter().map(|spec| spec.name.as_str()).collect()
}

fn kind(name: &str) -> Kind {
    Kind::starters().into_iter().find(|kind| kind.name() == name).expect("a kind")
}

fn pair(name: &'static str, n: usize) -> Hyperparameter {
    Hyperparameter { name, value: Value::Pair(Pair::square(n)) }
}

fn count(name: &'static str, n: usize) -> Hyperparameter {
    Hyperparameter { name, value: Value::Count(n) }
}

#[test]
fn lenet_5_from_nothing() {
    let mut state = start::shapes();
    build(&mut state, [BuildAction::New, BuildAction::Input([1, 28, 28]), BuildAction::Init(Init::Xavier)]);
    let conv = |filters, padding| {
        Kind::Conv2d(ConvSpec { padding: Pair::square(padding), ..ConvSpec::new(filters, 5) })
    };
    let dense = |units| Kind::Dense(DenseSpec { out_features: units, bias: true });
    let kinds = [
        conv(6, 2),
        kind("tanh"),
        kind("avg_pool2d"),
        conv(16, 0),
        kind("tanh"),
        kind("avg_pool2d"),
        conv(120, 0),
        kind("tanh"),
        kind("flatten"),
        dense(84),
        kind("tanh"),
        dense(7),
    ];
    build(&mut state, kinds.into_iter().map(BuildAction::Add));
    build(&mut state, [BuildAction::Classes(10), BuildAction::Name("mine".into())]);
    assert_eq!(draft(&state).obstacle(), None);
    assert_eq!(draft(&state).parameter_count(), 61_706);
    build(&mut state, [BuildAction::Apply]);
    assert!(state.draft().is_none() && state.notices().is_empty(), "{:?}", state.notices());
    // The very network that the preset is.
    let preset = presets::load("lenet5").and_then(|preset| preset.model(presets::SEED)).expect("a preset");
    let sizes = |network: &convstep::nn::Network| -> Vec<_> {
        network.layers.iter().map(|layer| (layer.op, layer.output)).collect()
    };
    assert_eq!(sizes(&state.model().network), sizes(&preset.network));
    assert_eq!(state.model().params, preset.params);
    // The picture has been fitted, and the network has run on it.
    assert_eq!(state.fitted().tensor.dim(), (1, 1, 28, 28));
    assert_eq!(state.scores().len(), 10);
    assert_eq!(state.cursor().text(state.plan()), "fwd");
}

#[test]
fn a_layer_that_does_not_fit_is_explained_and_cannot_be_applied() {
    let mut state = start::shapes();
    build(&mut state, [BuildAction::Edit]);
    let inputs = state.inputs().clone();
    let layers = draft(&state).specs().len();
    assert_eq!((draft(&state).layers().len(), draft(&state).obstacle()), (layers, None));
    build(&mut state, [BuildAction::Set(3, pair("kernel", 50))]);
    let misfit = draft(&state).misfit().expect("a kernel that is too large").clone();
    assert_eq!((misfit.layer, draft(&state).layers().len()), (Some(3), 3));
    assert!(
        misfit.error.0.starts_with("conv2 rows: expected an output of at least 1, got floor("),
        "{}",
        misfit.error
    );
    assert_eq!(draft(&state).obstacle(), Some(misfit.error.0.as_str()));
    build(&mut state, [BuildAction::Apply]);
    assert_eq!(take_notice(&mut state).map(|notice| notice.text), Some(misfit.error.0));
    assert_eq!(*state.inputs(), inputs, "nothing has changed");
    assert!(state.draft().is_some(), "the draft is there to be corrected");
    build(&mut state, [BuildAction::Cancel]);
    assert!(state.draft().is_none());
    assert_eq!(*state.inputs(), inputs);
}

#[test]
fn undo_brings_the_model_back_with_its_weights() {
    let mut state = start::shapes();
    let before = state.inputs().clone();
    build(&mut state, [BuildAction::Edit, BuildAction::KeepWeights(false), BuildAction::Seed(9)]);
    build(&mut state, [BuildAction::Apply]);
    assert_ne!(state.model().params, before.model.params);
    apply(&mut state, Action::Undo);
    assert_eq!(*state.inputs(), before);
    apply(&mut state, Action::Redo);
    assert_ne!(state.model().params, before.model.params);
}

#[test]
fn layers_that_stay_keep_their_weights() {
    let mut state = start::shapes();
    let old = state.model().clone();
    // Twice the filters in conv2: conv2 and what reads it start anew, conv1 stays as it was trained.
    build(&mut state, [BuildAction::Edit, BuildAction::Set(3, count("out_channels", 64))]);
    let (kept, all) = draft(&state).kept(&old);
    assert!(kept >= 1 && kept < all, "{kept} of {all}");
    build(&mut state, [BuildAction::Apply]);
    let new = state.model();
    assert_eq!(new.params.0[0], old.params.0[0]);
    assert_eq!(new.params.0[3].at(Part::Weight).dim().0, 64);
    assert_eq!(state.inputs().model.name, "shapes-edited");
}

#[test]
fn layers_are_added_moved_copied_and_removed_and_each_change_can_be_undone() {
    let mut state = start::shapes();
    build(&mut state, [BuildAction::New]);
    assert!(draft(&state).obstacle().is_some_and(|obstacle| obstacle.contains("at least one layer")));
    build(&mut state, [BuildAction::Add(kind("conv2d")), BuildAction::Add(kind("relu"))]);
    build(&mut state, [BuildAction::Select(Some(0)), BuildAction::Duplicate]);
    assert_eq!(names(&state), ["conv1", "conv2", "relu1"]);
    build(&mut state, [BuildAction::Move { up: false }]);
    assert_eq!(names(&state), ["conv1", "relu1", "conv2"]);
    assert_eq!(draft(&state).selected, Some(2));
    build(&mut state, [BuildAction::Move { up: false }]);
    assert_eq!(draft(&state).selected, Some(2), "the last cannot go further");
    build(&mut state, [BuildAction::Remove]);
    assert_eq!(names(&state), ["conv1", "relu1"]);
    // A number that is dragged is one change; another number is another.
    build(&mut state, (4..30).map(|n| BuildAction::Set(0, count("out_channels", n))));
    build(&mut state, [BuildAction::Set(0, pair("kernel", 5))]);
    apply(&mut state, Action::Undo);
    assert_eq!(draft(&state).layers()[0].output[0], 29);
    apply(&mut state, Action::Undo);
    assert_eq!(draft(&state).layers()[0].output[0], 8);
    for _ in 0..5 {
        apply(&mut state, Action::Undo);
    }
    assert!(names(&state).is_empty() && !draft(&state).can_undo());
    for _ in 0..7 {
        apply(&mut state, Action::Redo);
    }
    assert_eq!(names(&state), ["conv1", "relu1"]);
    assert!(!draft(&state).can_redo());
}

#[test]
fn a_name_given_twice_and_classes_that_do_not_count_up_are_obstacles() {
    let mut state = start::shapes();
    build(&mut state, [BuildAction::Edit, BuildAction::Rename(3, "conv1".into())]);
    assert!(draft(&state).obstacle().is_some_and(|obstacle| obstacle.contains("each layer name once")));
    build(&mut state, [BuildAction::Rename(3, "conv2".into())]);
    assert_eq!(draft(&state).obstacle(), None);
    let last = draft(&state).specs().len() - 1;
    build(&mut state, [BuildAction::Set(last, count("out_features", 5))]);
    assert!(
        draft(&state).obstacle().is_some_and(|obstacle| obstacle.starts_with("classes: expected 5 names"))
    );
    // By the number of classes, the names go along.
    build(&mut state, [BuildAction::Classes(10)]);
    assert_eq!(draft(&state).obstacle(), None);
    let classes = &draft(&state).written.architecture.classes;
    assert_eq!((classes.len(), classes[0].as_str(), classes[9].as_str()), (10, "circle", "9"));
}

#[test]
fn a_network_that_no_memory_holds_is_refused() {
    let mut state = start::shapes();
    build(
        &mut state,
        [BuildAction::New, BuildAction::Input([3, 512, 512]), BuildAction::Add(kind("conv2d"))],
    );
    assert_eq!(draft(&state).obstacle(), None);
    build(&mut state, [BuildAction::Set(0, count("out_channels", 4000))]);
    assert!(draft(&state).obstacle().is_some_and(|obstacle| obstacle.contains("weights and outputs")));
    let before = state.inputs().clone();
    build(&mut state, [BuildAction::Apply]);
    assert_eq!(*state.inputs(), before);
}

#[test]
fn every_start_is_a_network_that_can_be_applied() {
    let bundled = convstep::model_io::bundled::models().iter().map(|model| model.name);
    for name in bundled.chain(presets::all().iter().map(|preset| preset.name)) {
        let mut state = start::shapes();
        build(&mut state, [BuildAction::StartFrom(name.into())]);
        assert_eq!(draft(&state).obstacle(), None, "{name}");
        // The weights of the large ones take their time; their sizes are checked all the same.
        if !["vgg16", "resnet18", "mobilenet_v2", "squeezenet1_1"].contains(&name) {
            build(&mut state, [BuildAction::Apply]);
            assert!(state.draft().is_none() && state.notices().is_empty(), "{name}: {:?}", state.notices());
        }
    }
    let mut state = start::shapes();
    build(&mut state, [BuildAction::StartFrom("nothing".into())]);
    assert!(state.draft().is_none() && state.notices().len() == 1);
}

/// The loss and the number of outputs go together: one output tells two classes apart.
#[test]
fn a_binary_cross_entropy_has_one_output_for_two_classes() {
    let mut state = start::shapes();
    build(&mut state, [BuildAction::Edit, BuildAction::Classes(2)]);
    assert_eq!(draft(&state).obstacle(), None);
    let outputs = |state: &AppState| draft(state).layers().last().map(|layer| layer.output[0]);
    build(&mut state, [BuildAction::Loss(Loss::BinaryCrossEntropy)]);
    assert_eq!((outputs(&state), draft(&state).classes(), draft(&state).obstacle()), (Some(1), 2, None));
    build(&mut state, [BuildAction::Classes(2)]);
    assert_eq!(
        (outputs(&state), draft(&state).written.architecture.loss),
        (Some(1), Loss::BinaryCrossEntropy)
    );
    build(&mut state, [BuildAction::Loss(Loss::CrossEntropy)]);
    assert_eq!((outputs(&state), draft(&state).classes(), draft(&state).obstacle()), (Some(2), 2, None));
    build(&mut state, [BuildAction::Loss(Loss::BinaryCrossEntropy), BuildAction::Classes(5)]);
    assert_eq!((outputs(&state), draft(&state).written.architecture.loss), (Some(5), Loss::CrossEntropy));
    // With a cross-entropy, one output could learn nothing.
    build(&mut state, [BuildAction::Classes(1)]);
    let obstacle = draft(&state).obstacle().expect("refused").to_owned();
    assert!(obstacle.contains("write kind = \"binary_cross_entropy\""), "{obstacle}");
    build(&mut state, [BuildAction::Loss(Loss::BinaryCrossEntropy), BuildAction::ClassNames(Vec::new())]);
    assert_eq!(draft(&state).obstacle(), None);
    build(&mut state, [BuildAction::Apply]);
    assert!(state.draft().is_none() && state.notices().is_empty(), "{:?}", state.notices());
    let scores = state.scores();
    let [.., z] = [0, 0].map(|_| *state.trace().values().output().first().expect("one output"));
    let p = 1.0 / (1.0 + (-z).exp());
    assert_eq!(scores, [1.0 - p, p]);
    assert_eq!(state.prediction().0, usize::from(p > 0.5));
    let both = state.likeliest();
    assert_eq!((both.len(), both[0]), (2, state.prediction().0));
    // Either class can be the right one, and its loss is minus the logarithm of its probability.
    for (class, p) in [(0, 1.0 - p), (1, p)] {
        apply(&mut state, Action::SetLabel(class));
        assert_eq!(state.label(), class);
        let loss = state.trace().loss_before();
        assert!((loss + p.ln()).abs() < 1e-5, "{class}: {loss}, {p}");
    }
}

#[test]
fn escape_closes_a_draft_only_while_nothing_is_written_in_it() {
    let mut state = start::shapes();
    build(&mut state, [BuildAction::Edit, BuildAction::Loss(Loss::Mse)]);
    apply(&mut state, Action::Escape);
    assert!(state.draft().is_some());
    apply(&mut state, Action::Undo);
    apply(&mut state, Action::Escape);
    assert!(state.draft().is_none());
}

#[test]
fn an_array_that_fits_nothing_else_gives_way_to_a_picture() {
    let mut state = start::shapes();
    apply(&mut state, Action::OpenBundled("article-backprop".into()));
    build(&mut state, [BuildAction::StartFrom("lenet5".into()), BuildAction::Apply]);
    assert!(state.draft().is_none() && state.notices().is_empty(), "{:?}", state.notices());
    assert_eq!(state.fitted().tensor.dim(), (1, 1, 28, 28));
}

#[test]
fn a_draft_that_is_cancelled_while_a_worker_makes_it_does_not_come() {
    let mut state = start::shapes();
    // Some millions of weights: not made at once.
    let wide = Kind::Dense(DenseSpec { out_features: 500, bias: true });
    build(&mut state, [BuildAction::New, BuildAction::Input([3, 32, 32]), BuildAction::Add(wide)]);
    let before = state.inputs().clone();
    let asked = apply(&mut state, Action::Build(BuildAction::Apply));
    assert!(state.jobs().foreground().is_some() && state.draft().is_some() && !asked.is_empty());
    build(&mut state, [BuildAction::Cancel]);
    run_tasks_here(&mut state, asked, Execution::SERIAL, &());
    assert!(state.draft().is_none() && state.jobs().foreground().is_none() && state.notices().is_empty());
    assert_eq!(*state.inputs(), before);
}

#[test]
fn a_pool_is_switched_where_one_looks_at_it() {
    let mut state = start::shapes();
    apply(&mut state, Action::GoTo("fwd/pool1/k0/(3,5)".into()));
    let before = (state.scores().to_vec(), state.inputs().model.clone());
    let l = state.model().network.layers.iter().position(|layer| layer.name() == "pool1").expect("a pool");
    let avg = |kernel: usize, stride: Option<Pair>| {
        let (kernel, padding) = (Pair::square(kernel), Pair::square(0));
        BuildAction::Become(
            l,
            Kind::AvgPool2d(AvgPoolSpec {
                kernel,
                stride,
                padding,
                count_include_pad: true,
                ..AvgPoolSpec::new(1)
            }),
        )
    };
    build(&mut state, [avg(2, None)]);
    assert_eq!(state.cursor().text(state.plan()), "fwd/pool1/k0/(3,5)");
    assert!(state.notices().is_empty() && state.draft().is_none());
    // The same weights, another network.
    assert_eq!(state.model().params, before.1.params);
    assert_eq!(state.model().network.layers[l].spec.kind.name(), "avg_pool2d");
    assert_ne!(state.scores(), before.0);
    // Larger maps: what reads them as a vector starts anew, and it is said.
    build(&mut state, [avg(2, Some(Pair::square(1)))]);
    assert_eq!(state.notices().len(), 1, "{:?}", state.notices());
    assert!(
        state.notices()[0].text.contains("1 of 4 layers with weights start anew"),
        "{:?}",
        state.notices()
    );
    assert_eq!(state.model().params.0[0], before.1.params.0[0]);
    // What does not fit changes nothing.
    let then = state.inputs().model.clone();
    build(&mut state, [avg(99, None)]);
    assert!(std::sync::Arc::ptr_eq(&then, &state.inputs().model) && state.notices().len() == 2);
    apply(&mut state, Action::Undo);
    apply(&mut state, Action::Undo);
    assert_eq!(state.scores(), before.0);
    assert_eq!(state.model().params, before.1.params);
    assert_eq!(state.cursor().text(state.plan()), "fwd/pool1/k0/(3,5)", "undo keeps the place");
}

#[test]
fn a_residual_block_is_built_and_stays_whole_under_changes() {
    let mut state = start::shapes();
    let conv = |padding| Kind::Conv2d(ConvSpec { padding: Pair::square(padding), ..ConvSpec::new(4, 3) });
    let inputs = |state: &AppState, l: usize| draft(state).specs()[l].inputs.join(" ");
    build(&mut state, [BuildAction::New, BuildAction::Input([3, 8, 8])]);
    build(&mut state, [conv(1), kind("relu"), conv(1), kind("add")].map(BuildAction::Add));
    // A join begins with the layer before it and the nearest output of the same size.
    assert_eq!(names(&state), ["conv1", "relu1", "conv2", "add1"]);
    assert_eq!(inputs(&state, 3), "conv2 relu1");
    assert_eq!(draft(&state).obstacle(), None);
    // A renamed layer is read under its new name.
    build(&mut state, [BuildAction::Rename(1, "around".into())]);
    assert_eq!((inputs(&state, 3).as_str(), draft(&state).obstacle()), ("conv2 around", None));
    // What read a removed layer reads what that one read.
    build(&mut state, [BuildAction::Select(Some(1)), BuildAction::Remove]);
    assert_eq!((inputs(&state, 2).as_str(), draft(&state).obstacle()), ("conv2 conv1", None));
    // A layer that reads something else leaves the one before unread: said, and not applied.
    build(&mut state, [BuildAction::Reads(2, vec!["conv1".into(), "conv1".into()])]);
    let misfit = draft(&state).misfit().expect("conv2 is not read").clone();
    assert_eq!(misfit.layer, Some(1));
    assert!(misfit.error.0.starts_with("conv2: expected a layer whose output leads to the last one, add1"));
    build(&mut state, [BuildAction::Reads(2, vec!["conv1".into(), "conv2".into()])]);
    // What is no join any more reads its first input, and the block is gone, said in one line.
    build(&mut state, [BuildAction::Become(2, kind("relu"))]);
    assert_eq!(inputs(&state, 2), "conv1");
    build(&mut state, [BuildAction::Become(2, kind("concat"))]);
    assert_eq!(inputs(&state, 2), "conv1 conv2");
    assert_eq!(draft(&state).layers()[2].output, [8, 8, 8]);
    build(&mut state, [BuildAction::Select(Some(2))]);
    build(&mut state, [kind("global_avg_pool2d"), kind("dense")].map(BuildAction::Add));
    build(&mut state, [BuildAction::Apply]);
    assert!(state.draft().is_none(), "{:?}", state.notices());
    let network = &state.model().network;
    assert_eq!((network.is_chain(), network.output()), (false, [10, 1, 1]));
    assert!(state.scores().iter().all(|score| score.is_finite()));
}
