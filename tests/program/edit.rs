//! Editing in place, without a window: everything downstream follows, and every edit can be undone.

use crate::start;

use crate::program::take_notice;
use crate::start::run;
use convstep::{
    app::{Action, AppState, EditAction, Extent, FilterTurn, Ink},
    data::{Content, Loaded, paint::Pen},
    nn::{Part, filters::Filter},
    tensor::Tensor,
    trace::TensorId,
};
use std::sync::Arc;

fn edit(edit: EditAction) -> Action {
    Action::Edit { edit, more: false }
}

fn more(edit: EditAction) -> Action {
    Action::Edit { edit, more: true }
}

fn set(layer: usize, index: usize, value: f32) -> EditAction {
    EditAction::SetParameter { layer, part: Part::Weight, index, value }
}

fn line(to: [f32; 2], ink: Ink) -> EditAction {
    EditAction::Paint { points: vec![[4.0, 4.0], to], pen: Pen { radius: 2.0, softness: 1.0 }, ink }
}

const WHITE: Ink = Ink::Colour([255; 3]);

/// Everything that the network computed, to be held bit for bit against another time.
fn values(state: &AppState) -> convstep::nn::Values {
    state.trace().values().clone()
}

fn digits() -> AppState {
    let mut state = start::shapes();
    run(&mut state, [Action::OpenBundled("digits".into())]);
    state
}

#[test]
fn a_weight_changes_what_the_network_computes_and_undo_restores_it_bit_for_bit() {
    let mut state = digits();
    let (before, place) = (values(&state), state.cursor());
    let cell = state.plan().parse("conv1.weight/k0,0/(1,1)").expect("an address");
    let select = Action::look(state.plan(), &cell);
    run(&mut state, [select, edit(set(0, 4, 9.5))]);
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    assert_eq!(state.trace().value(TensorId::layer(0, Part::Weight), 0, 4), 9.5);
    assert_ne!(state.trace().values().output(), before.output());
    assert_eq!((state.cursor(), state.selected()), (place, Some(cell)), "it stays where it was");
    assert!(state.inputs().loaded.is_some(), "it is marked as edited");
    run(&mut state, [Action::Undo]);
    assert_eq!(values(&state), before);
    assert!(state.inputs().loaded.is_none());
    run(&mut state, [Action::Redo]);
    assert_eq!(state.trace().value(TensorId::layer(0, Part::Weight), 0, 4), 9.5);
}

#[test]
fn a_drag_is_undone_as_one() {
    let mut state = digits();
    let before = values(&state);
    run(&mut state, [edit(set(0, 0, 0.1)), more(set(0, 0, 0.2)), more(set(0, 0, 0.3))]);
    run(&mut state, [edit(set(0, 0, 0.7)), more(set(0, 0, 0.8))]);
    run(&mut state, [Action::Undo]);
    assert_eq!(state.trace().value(TensorId::layer(0, Part::Weight), 0, 0), 0.3);
    run(&mut state, [Action::Undo]);
    assert_eq!(values(&state), before);
    // A stroke that continues after an undo is a new stroke.
    run(&mut state, [more(set(0, 0, 0.4)), Action::Undo]);
    assert_eq!(values(&state), before);
}

#[test]
fn a_blank_filter_makes_a_map_of_its_bias_and_reset_brings_all_back() {
    let mut state = digits();
    let before = values(&state);
    let weight = |state: &AppState| state.trace().params().0[0].at(Part::Weight).clone();
    let loaded = weight(&state);
    run(&mut state, [edit(EditAction::SetFilter { layer: 0, out: 2, channel: None, filter: Filter::Blank })]);
    let bias = state.trace().params().0[0].get(Part::Bias).map_or(0.0, |bias| bias[[0, 2, 0, 0]]);
    let out = state.trace().tensor(TensorId::layer(0, Part::Out)).expect("computed");
    assert!(out.index_axis(ndarray::Axis(1), 2).iter().all(|&y| y == bias));
    assert!(out.index_axis(ndarray::Axis(1), 1).iter().any(|&y| y != 0.0));
    run(&mut state, [edit(set(0, 0, 3.0)), edit(EditAction::Reset(Extent::Filter { layer: 0, out: 2 }))]);
    let now = weight(&state);
    assert_eq!(now.index_axis(ndarray::Axis(0), 2), loaded.index_axis(ndarray::Axis(0), 2));
    assert_eq!(now[[0, 0, 0, 0]], 3.0, "another filter stays as it was edited");
    run(&mut state, [edit(EditAction::Reset(Extent::Model))]);
    assert_eq!(values(&state), before);
    assert!(state.inputs().loaded.is_none(), "nothing is edited any more");
}

#[test]
fn a_filter_turned_twice_is_as_before_and_once_finds_what_stands_on_its_head() {
    let mut state = digits();
    let weight = |state: &AppState| state.trace().params().0[0].at(Part::Weight).clone();
    let before = weight(&state);
    for (turn, at) in [(FilterTurn::Half, [4, 1]), (FilterTurn::Exchanged, [3, 0])] {
        let turned = edit(EditAction::TurnFilter { layer: 0, out: 2, turn });
        run(&mut state, [turned.clone()]);
        let now = weight(&state);
        assert_eq!(now[[2, 0, 0, 3]], before[[2, 0, at[0], at[1]]], "{turn:?}");
        assert_eq!(now.index_axis(ndarray::Axis(0), 1), before.index_axis(ndarray::Axis(0), 1));
        run(&mut state, [turned]);
        assert_eq!(weight(&state), before, "{turn:?}");
    }
}

#[test]
fn a_named_filter_does_what_it_says() {
    let mut state = digits();
    let bias = EditAction::SetParameter { layer: 0, part: Part::Bias, index: 0, value: 0.0 };
    let filter = EditAction::SetFilter { layer: 0, out: 0, channel: Some(0), filter: Filter::Identity };
    run(&mut state, [edit(bias), edit(filter)]);
    assert!(state.notices().is_empty(), "{:?}", state.notices());
    let (x, y) = (&state.trace().values().input, state.trace().tensor(TensorId::layer(0, Part::Out)));
    let y = y.expect("computed");
    // A 3x3 window's middle is one further in than the output, less the padding.
    let shift = (x.dim().2 - y.dim().2) / 2;
    for ((_, c, i, j), &y) in y.indexed_iter() {
        if c == 0 {
            assert_eq!(y, x[[0, 0, i + shift, j + shift]]);
        }
    }
}

#[test]
fn painting_changes_the_prediction_and_undo_restores_it_bit_for_bit() {
    let mut state = start::shapes();
    let (before, fitted) = (values(&state), state.fitted().tensor.clone());
    let strokes = [[9.0, 9.0], [20.0, 20.0], [28.0, 10.0]];
    run(&mut state, [edit(line(strokes[0], WHITE))]);
    run(&mut state, strokes.map(|to| more(line(to, WHITE))));
    assert_ne!(values(&state).output(), before.output());
    assert_eq!(state.fitted().tensor[[0, 0, 4, 4]], 255.0);
    assert!(state.inputs().painted.is_some(), "it is marked as edited");
    // A stroke is painted from its beginning: what it has left again is as it was.
    assert_eq!(state.fitted().tensor[[0, 0, 18, 18]], fitted[[0, 0, 18, 18]]);
    run(&mut state, [Action::Undo]);
    assert_eq!((values(&state), &state.fitted().tensor), (before.clone(), &fitted));
    // The eraser brings back what was loaded.
    run(&mut state, [edit(line([20.0, 20.0], WHITE)), edit(EditAction::Fill([9, 8, 7]))]);
    assert_eq!(state.fitted().tensor[[0, 2, 0, 0]], 7.0);
    run(&mut state, [edit(line([20.0, 20.0], Ink::Erase))]);
    assert_eq!(state.fitted().tensor[[0, 0, 12, 12]], fitted[[0, 0, 12, 12]]);
    assert_eq!(state.fitted().tensor[[0, 0, 0, 31]], 9.0);
    run(&mut state, [edit(EditAction::ResetPixels)]);
    assert_eq!(values(&state), before);
    assert!(state.inputs().painted.is_none());
}

#[test]
fn a_pixel_is_typed() {
    let mut state = digits();
    let index = 5 * 28 + 7;
    run(&mut state, [edit(EditAction::SetPixel { index, value: 200.0 })]);
    assert_eq!(state.fitted().tensor[[0, 0, 5, 7]], 200.0);
    let preprocess = &state.model().architecture.preprocess;
    assert_eq!(state.trace().values().input[[0, 0, 5, 7]], preprocess.value(0, 200.0));
    let inputs = state.inputs().clone();
    for (index, value) in [(index, 300.0), (index, f32::NAN), (28 * 28, 1.0)] {
        run(&mut state, [edit(EditAction::SetPixel { index, value })]);
        assert!(take_notice(&mut state).is_some_and(|notice| notice.text.contains("expected")));
        assert_eq!(*state.inputs(), inputs);
    }
}

#[test]
fn a_drawing_is_a_picture_of_its_own_and_stays_with_another_model() {
    let mut state = digits();
    assert!(state.target().is_given());
    run(&mut state, [edit(EditAction::NewDrawing { ground: [0; 3] })]);
    // Nobody has said what it is going to be.
    assert_eq!((state.inputs().picture.name.as_str(), state.target().is_given()), ("drawing", false));
    let blank = values(&state);
    run(&mut state, [edit(line([20.0, 20.0], WHITE)), more(line([20.0, 24.0], WHITE))]);
    let drawn = values(&state);
    assert_ne!(drawn.output(), blank.output());
    let eraser = Pen { radius: 9.0, softness: 0.0 };
    let erase = EditAction::Paint { points: vec![[4.0, 4.0], [20.0, 24.0]], pen: eraser, ink: Ink::Erase };
    run(&mut state, [edit(erase)]);
    assert_eq!(values(&state), blank, "the eraser brings back the ground");
    run(&mut state, [Action::Undo]);
    assert_eq!(values(&state), drawn);
    run(&mut state, [Action::OpenBundled("shapes".into())]);
    assert_eq!(state.inputs().picture.name, "drawing");
    assert!(state.fitted().tensor.iter().any(|&x| x > 0.0));
    run(&mut state, [Action::Undo, Action::Undo, Action::Undo]);
    assert_ne!(state.inputs().picture.name, "drawing");
}

#[test]
fn an_edit_of_a_later_step_begins_a_run_with_its_weights() {
    let mut state = digits();
    run(&mut state, [Action::GoTo("e3.b0.i0/fwd/conv1".into())]);
    let later = state.trace().params().clone();
    run(&mut state, [edit(set(0, 1, 0.25))]);
    assert_eq!(state.cursor().text(state.plan()), "fwd/conv1");
    assert_eq!(state.trace().time(), 0);
    let now = state.trace().params();
    assert_eq!(now.0[0].at(Part::Weight).iter().nth(1), Some(&0.25));
    assert_eq!(now.0[1..], later.0[1..]);
    run(&mut state, [Action::Undo, Action::GoTo("e3.b0.i0/fwd/conv1".into())]);
    assert_eq!(**state.trace().params(), *later);
}

#[test]
fn what_cannot_be_edited_leaves_a_line_and_the_state_as_it_was() {
    let mut state = digits();
    let [_, h, w] = state.model().network.input;
    let values = Content::Values(Tensor::from_elem([1, 1, h, w], 0.5));
    let array = Loaded { name: "array.npy".into(), content: values, label: None };
    run(&mut state, [Action::UsePicture(Arc::new(array))]);
    let inputs = state.inputs().clone();
    let bad = [
        set(99, 0, 1.0),
        set(0, 9999, 1.0),
        set(1, 0, 1.0),
        EditAction::SetFilter { layer: 1, out: 0, channel: None, filter: Filter::Box },
        EditAction::SetFilter { layer: 0, out: 999, channel: None, filter: Filter::Box },
        EditAction::SetFilter { layer: 0, out: 0, channel: Some(7), filter: Filter::Box },
        line([3.0, 3.0], WHITE),
        EditAction::Fill([0; 3]),
    ];
    for action in bad {
        run(&mut state, [edit(action.clone())]);
        let notice = take_notice(&mut state).unwrap_or_else(|| panic!("{action:?} gave no line"));
        assert!(notice.text.contains("expected") && !notice.text.contains('\n'), "{}", notice.text);
        assert_eq!(*state.inputs(), inputs);
    }
    // A value of an array is typed directly.
    run(&mut state, [edit(EditAction::SetPixel { index: 3, value: -7.5 })]);
    assert_eq!(state.trace().values().input[[0, 0, 0, 3]], -7.5);
    run(&mut state, [edit(EditAction::Reset(Extent::Model)), edit(EditAction::ResetPixels)]);
    assert_eq!(state.trace().values().input[[0, 0, 0, 3]], 0.5);
}
