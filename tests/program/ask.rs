//! Questions about a cell, without a window: the gradient check and the paths from the loss.

use crate::start;

use crate::program::{self, take_notice};
use crate::start::{go, run};
use convstep::{
    app::{
        Action, Answer, AppState, EXPONENTS, EditAction, Effect, FileAction, QuestionKind, Tab, apply,
        run_tasks_here,
    },
    nn::{Execution, Part, check::Cell},
    trace::{Paths, Place, TensorId},
};
use std::sync::Arc;

fn answer(state: &AppState) -> &Answer {
    state.asked().expect("a question").1.expect("an answer")
}

fn paths(state: &AppState) -> &Paths {
    match answer(state) {
        Answer::Paths(paths) => paths,
        other => panic!("{other:?}"),
    }
}

const CELLS: [&str; 6] = [
    "conv1.weight/k0,0/(1,1)",
    "bwd/conv1.dW/k2,0/(0,2)",
    "bwd/conv2.db/k1/(0,0)",
    "fwd/relu1/k0/(5,5)",
    "bwd/conv2.dX/k3/(4,4)",
    "input/k0/(9,9)",
];

#[test]
fn the_check_follows_the_cell_and_the_step() {
    let mut state = start::shapes();
    run(&mut state, [Action::SetTab(Tab::Check), Action::SetExponent(5)]);
    let mut agreeing = 0;
    for text in CELLS {
        run(&mut state, [go(text)]);
        assert!(state.notices().is_empty(), "{:?}", state.notices());
        let Answer::Check(wide, shown) = answer(&state) else { panic!("{text}") };
        let gradient = shown.gradient.expect("it has one");
        let wide_gradient = wide.gradient.expect("it has one");
        assert!((f64::from(gradient) - wide_gradient).abs() <= 1e-4 * wide_gradient.abs() + 1e-7, "{text}");
        if wide.kink_count == 0 {
            agreeing += 1;
            assert!(wide.relative_error() < Some(1e-3) || wide_gradient.abs() < 1e-9, "{text}: {wide:?}");
        }
        assert!(wide.below < wide.value && wide.value < wide.above);
        assert_eq!(shown.loss, state.trace().loss_before());
    }
    assert!(agreeing >= 3, "only {agreeing} without a kink");
    // A step ten times as large is another question.
    let before = state.asked().map(|(question, _)| question);
    run(&mut state, [Action::SetExponent(1)]);
    let after = state.asked().map(|(question, _)| question);
    assert_ne!(before, after);
    assert!(matches!(after.map(|question| question.kind), Some(QuestionKind::Check { exponent: 1 })));
    run(&mut state, [Action::SetExponent(200)]);
    assert_eq!(state.view().exponent, EXPONENTS);
    // And so is another weight.
    let revision = state.asked().map(|(question, _)| question.revision);
    let edit = EditAction::SetParameter { layer: 0, part: Part::Weight, index: 0, value: 0.5 };
    run(&mut state, [Action::Edit { edit, more: false }]);
    assert_ne!(state.asked().map(|(question, _)| question.revision), revision);
    answer(&state);
}

#[test]
fn shares_are_a_hundred_percent_and_parts_add_up_to_the_gradient() {
    let mut state = start::shapes();
    run(&mut state, [Action::SetTab(Tab::Paths)]);
    for text in CELLS {
        run(&mut state, [go(text)]);
        let paths = paths(&state);
        let gradient = f64::from(paths.gradient);
        let size = |cut: &convstep::trace::Cut| {
            cut.groups.iter().map(|group| group.sum.abs()).sum::<f64>() + cut.others_sum.abs()
        };
        assert!(!paths.cuts.is_empty());
        for cut in &paths.cuts {
            if cut.groups.is_empty() {
                assert!(gradient.abs() < 1e-6, "{text}");
                continue;
            }
            let shares: u32 = cut.groups.iter().map(|group| group.share).sum();
            assert_eq!(shares + cut.others_share, 1000, "{text}, layer {}", cut.layer);
            let sum = cut.groups.iter().map(|group| group.sum).sum::<f64>() + cut.others_sum;
            assert!((sum - gradient).abs() <= 1e-4 * size(cut).max(1e-3), "{text}: {sum}, {gradient}");
            assert!(cut.groups.is_sorted_by(|a, b| a.sum.abs() >= b.sum.abs()));
        }
    }
}

#[test]
fn the_strongest_path_is_made_of_terms_that_are_there() {
    let mut state = start::shapes();
    run(&mut state, [Action::SetTab(Tab::Paths), go("bwd/conv1.dW/k0,0/(1,1)")]);
    let paths = paths(&state);
    let (cut, trace) = (&paths.cuts[0], state.trace());
    assert_eq!(paths.cell, Cell::Parameter { layer: 0, part: Part::Weight, index: 4 });
    let group = &cut.groups[0];
    assert_eq!(
        trace.value(TensorId::layer(1, Part::Dx), group.image as u32, group.index as u32),
        group.gradient
    );
    let links = trace.strongest_path(cut.layer, group);
    assert!(links.len() > 5, "{links:?}");
    assert_eq!(links[0].value, group.gradient);
    for pair in links.windows(2) {
        let factor = pair[0].next.expect("the path continues");
        let cell = trace.cell(&pair[0].at);
        assert_eq!(cell.value, pair[0].value);
        let product = factor.value * pair[1].value;
        let found = cell.steps.iter().any(|step| step.product() == Some(product));
        // A gate passes a gradient on unchanged.
        assert!(found || cell.steps.len() == 1 && cell.value == product, "{pair:?}");
    }
    let last = links.last().expect("a link");
    assert_eq!(last.next, None);
    let Place::Stage(stage) = last.at.place() else { panic!("{last:?}") };
    assert_eq!(state.plan().stages()[stage as usize].tensor, TensorId::loss(Part::Dx));
}

#[test]
fn what_has_no_gradient_is_not_asked() {
    let mut state = start::shapes();
    run(&mut state, [Action::SetTab(Tab::Check), go("loss/loss.exp/k0/(0,0)")]);
    assert_eq!(state.asked(), None);
    run(&mut state, [Action::Ask]);
    assert!(take_notice(&mut state).is_some_and(|notice| notice.text.contains("expected")));
}

#[test]
fn a_network_that_takes_longer_is_asked_by_a_button_and_answered_by_a_worker() {
    let layers = [
        "conv1 conv2d out_channels=64 kernel=3 padding=1",
        "conv2 conv2d out_channels=16 kernel=3",
        "fc dense out_features=5",
    ];
    let model = program::model("larger", &program::architecture([3, 32, 32], &layers), 3);
    let bytes = Arc::new(model.to_bytes().expect("it builds"));
    let mut state = start::shapes();
    run(&mut state, [FileAction::Opened { location: "larger.safetensors".into(), bytes }.into()]);
    run(&mut state, [Action::SetTab(Tab::Paths), go("bwd/conv2.dW/k0,7/(1,1)")]);
    assert!(state.asked().is_some_and(|(_, answer)| answer.is_none()), "nobody has asked for it");
    let effects = apply(&mut state, Action::Ask);
    assert!(matches!(effects.as_slice(), [Effect::Work { .. }]));
    run_tasks_here(&mut state, effects, Execution::SERIAL, &());
    assert!(paths(&state).gradient != 0.0);
    // Elsewhere it is another question.
    run(&mut state, [go("bwd/conv2.dW/k0,7/(1,2)")]);
    assert!(state.asked().is_some_and(|(_, answer)| answer.is_none()));
}
