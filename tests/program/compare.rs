//! Comparing two pictures, two models, two moments and an edit: actions in, state out.

use crate::start;

use crate::start::run_unnoticed as run;
use convstep::{
    app::{Action, AppState, CompareAction, EditAction},
    nn::Part,
    trace::TensorId,
};

const KEEP: Action = Action::Compare(CompareAction::Keep);

fn cells(state: &AppState, tensor: TensorId) -> Vec<f32> {
    state.trace().tensor(tensor).expect("computed").iter().copied().collect()
}

#[test]
fn two_pictures_differ_as_their_values_do() {
    let mut state = start::shapes();
    assert!(state.compare().sides(&state).is_none(), "nothing is kept");
    let tensor = TensorId::layer(0, Part::Out);
    let a = cells(&state, tensor);
    let scores = state.scores();
    run(&mut state, [KEEP]);
    assert!(
        state
            .compare()
            .sides(&state)
            .and_then(|sides| sides.difference())
            .expect("both")
            .iter()
            .all(|&d| d == 0.0)
    );
    run(&mut state, [Action::OpenSample("shape-ring".into())]);
    let sides = state.compare().sides(&state).expect("both sides");
    assert_eq!((sides.tensor, sides.a.as_ref(), &sides.b), (tensor, Some(&a), &cells(&state, tensor)));
    let expected: Vec<f32> = a.iter().zip(cells(&state, tensor)).map(|(a, b)| a - b).collect();
    assert_eq!(sides.difference(), Some(expected));
    let kept = state.compare().kept.clone().expect("kept");
    assert_eq!((kept.scores(), kept.picture.as_str()), (scores, "shape-star"));
    assert_ne!(state.scores(), kept.scores());
    // Any tensor and any of its planes.
    let weight = TensorId::layer(0, Part::Weight);
    run(
        &mut state,
        [Action::Compare(CompareAction::Tensor(weight)), Action::Compare(CompareAction::Plane(5))],
    );
    let sides = state.compare().sides(&state).expect("both sides");
    assert_eq!((sides.tensor, sides.plane), (weight, 5));
    assert_eq!(sides.plane_of(&sides.b), &cells(&state, weight)[45..54]);
    run(&mut state, [Action::Compare(CompareAction::Forget)]);
    assert!(state.compare().sides(&state).is_none());
}

#[test]
fn two_moments_differ_by_the_updates_between_them() {
    let mut state = start::shapes();
    run(&mut state, [Action::OpenBundled("article-backprop".into()), Action::GoTo("e0.b0".into()), KEEP]);
    run(&mut state, [Action::GoTo("e3.b0".into())]);
    let weight = TensorId::layer(0, Part::Weight);
    run(&mut state, [Action::Compare(CompareAction::Tensor(weight))]);
    let sides = state.compare().sides(&state).expect("both sides");
    let mut then = state.compare().kept.clone().expect("kept").trace.as_ref().clone();
    assert_eq!(sides.a, then.tensor(weight).map(|w| w.iter().copied().collect()));
    for _ in 0..3 {
        then = then.next();
    }
    assert_eq!(Some(sides.b.clone()), then.tensor(weight).map(|w| w.iter().copied().collect()));
    assert!(sides.difference().expect("both").iter().any(|&d| d != 0.0));
}

#[test]
fn an_edit_is_compared_and_another_model_by_its_names() {
    let mut state = start::shapes();
    run(&mut state, [KEEP]);
    let edit = EditAction::SetParameter { layer: 0, part: Part::Weight, index: 4, value: 9.0 };
    run(&mut state, [Action::Edit { edit, more: false }]);
    let weight = TensorId::layer(0, Part::Weight);
    run(&mut state, [Action::Compare(CompareAction::Tensor(weight))]);
    let difference = state.compare().sides(&state).and_then(|sides| sides.difference()).expect("both");
    assert_eq!(difference.iter().filter(|&&d| d != 0.0).count(), 1);
    assert!(difference[4] != 0.0);
    // The reader of digits has a first convolution too, of another shape.
    run(&mut state, [Action::OpenBundled("digits".into())]);
    let sides = state.compare().sides(&state).expect("one side");
    assert_eq!((sides.tensor, sides.a.as_ref(), sides.difference()), (weight, None, None));
    // The two readers of digits are alike in their input.
    run(&mut state, [KEEP, Action::OpenBundled("mnist".into())]);
    run(&mut state, [Action::Compare(CompareAction::Tensor(TensorId::INPUT))]);
    let sides = state.compare().sides(&state).expect("both sides");
    assert!(sides.a.is_some(), "{} {:?}", sides.b.len(), sides.size);
}
