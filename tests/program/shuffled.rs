//! A network whose preprocessing shuffles pixels: what it sees is shown, edited, trained on and kept.

use crate::program::{reopened, run};
use convstep::{
    app::{Action, AppState, BatchSource, EditAction, Ink, Session},
    data::{Dataset, Generated, Permutation, paint::Pen, samples, shuffle_pixels},
    model_io::{Model, bundled},
    train::stack,
};

const SEED: u64 = 5;

/// The bundled network for digits with shuffled pixels.
fn shuffled() -> Model {
    let mut model = bundled::load("digits").expect("bundled");
    model.architecture.preprocess = model.architecture.preprocess.with_shuffle(Some(SEED));
    model
}

fn state() -> AppState {
    AppState::open(shuffled(), samples::load("digit-7").expect("bundled")).expect("fits")
}

fn edit(edit: EditAction) -> Action {
    Action::Edit { edit, more: false }
}

/// What stands in a cell of the input is the pixel that is shown there, scaled.
fn agrees(state: &AppState) {
    let preprocess = &state.model().architecture.preprocess;
    let (seen, input) = (&state.fitted().tensor, &state.trace().values().input);
    assert!(seen.indexed_iter().all(|(at, &pixel)| input[at] == preprocess.value(at.1, pixel)));
    assert_eq!(*seen, shuffle_pixels(&state.inputs().pixels().expect("fits").tensor, SEED));
}

#[test]
fn what_is_shown_is_what_the_network_sees() {
    let mut state = state();
    agrees(&state);
    let plain =
        AppState::open(bundled::load("digits").expect("bundled"), samples::load("digit-7").expect("bundled"))
            .expect("fits");
    assert_ne!(state.fitted().tensor, plain.fitted().tensor);
    let sum = |state: &AppState| state.fitted().tensor.sum();
    assert_eq!(sum(&state), sum(&plain), "no number is lost");
    // A cell that is typed over is that cell, wherever its pixel lies in the picture.
    run(&mut state, [edit(EditAction::SetPixel { index: 5 * 28 + 7, value: 200.0 })]);
    assert_eq!(state.fitted().tensor[[0, 0, 5, 7]], 200.0);
    let from = Permutation::for_pixels(784, SEED).at(5 * 28 + 7) as usize;
    let pixels = state.inputs().pixels().expect("fits").tensor;
    assert_eq!(pixels[[0, 0, from / 28, from % 28]], 200.0);
    agrees(&state);
    run(&mut state, [Action::Undo]);
    agrees(&state);
}

#[test]
fn one_paints_on_the_picture_not_on_what_is_seen_of_it() {
    let mut state = state();
    run(&mut state, [edit(EditAction::NewDrawing { ground: [0; 3] })]);
    let pen = Pen { radius: 1.0, softness: 0.5 };
    for at in [[10.5, 10.5], [20.5, 10.5]] {
        let ink = Ink::Colour([255; 3]);
        run(&mut state, [edit(EditAction::Paint { points: vec![at], pen, ink })]);
        agrees(&state);
    }
    let pixels = state.inputs().pixels().expect("fits").tensor;
    let bright: Vec<_> =
        pixels.indexed_iter().filter(|(_, pixel)| **pixel > 250.0).map(|(at, _)| at).collect();
    assert!(bright.contains(&(0, 0, 10, 10)) && bright.contains(&(0, 0, 10, 20)), "{bright:?}");
    assert!(bright.len() < 12, "two dots: {bright:?}");
}

#[test]
fn training_sees_shuffled_pixels_too() {
    let model = shuffled();
    let schedule = convstep::train::BatchSchedule {
        data: Dataset::generated(Generated::Digits, 1),
        seed: 1,
        epoch_len: 8,
        batch_len: 4,
        augment: Default::default(),
    };
    let source = BatchSource::Batches {
        schedule: schedule.clone(),
        preprocess: model.architecture.preprocess.clone(),
        targets: model.network.targets(),
    };
    let (x, _) = source.batch(0).expect("reads");
    let plain = bundled::load("digits").expect("bundled").architecture.preprocess;
    let examples = schedule.batch_at(0).expect("reads");
    let (expected, _) =
        stack(&examples, |pixels| plain.apply(pixels), model.network.targets()).expect("fits");
    assert_eq!(x, shuffle_pixels(&expected, SEED));
    // The picture that is shown of an example is the one that is trained on.
    let (pixels, class) = source.pixels(0, 2).expect("an example");
    assert_eq!((pixels, class), (shuffle_pixels(&examples[2].0, SEED), examples[2].1));
}

#[test]
fn files_and_sessions_keep_the_shuffle() {
    let model = shuffled();
    let bytes = model.to_bytes().expect("writes");
    let read = Model::from_bytes("digits", &bytes, None).expect("reads");
    assert_eq!(read, model);
    assert!(read.architecture.to_toml().contains("\nshuffle = 5\n"));
    let mut state = state();
    run(&mut state, [edit(EditAction::SetPixel { index: 100, value: 255.0 })]);
    let bytes = Session::from_state(&state).to_bytes().expect("writes");
    let after = reopened(bytes);
    assert_eq!(after.model().architecture, state.model().architecture);
    assert_eq!(after.fitted().tensor, state.fitted().tensor);
    agrees(&after);
}
