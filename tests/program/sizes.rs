//! Networks that take pictures of any size.

use convstep::app::{Action, AppState, FileAction};
use std::sync::Arc;

use crate::program::take_notice;
use crate::start::run;

const FREE: &[u8] = include_bytes!("../fixtures/onnx/free_size.onnx");

fn open(state: &mut AppState, name: &str, bytes: &[u8]) {
    let bytes = Arc::new(bytes.to_vec());
    run(state, [FileAction::Opened { location: name.into(), bytes }.into()]);
}

fn asked(state: &AppState) -> Option<[usize; 2]> {
    state.files().size_question().map(|question| question.size)
}

fn png([w, h]: [u32; 2]) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(w, h, |x, y| image::Rgb([x as u8, y as u8, 9]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("encodes");
    bytes.into_inner()
}

#[test]
fn a_network_of_any_size_asks_for_rows_and_columns() {
    let mut state = AppState::new();
    let before = state.model().name.clone();
    open(&mut state, "/nets/free.onnx", FREE);
    // Nothing has changed but the question, which offers a usual size; a sample's size counts for nothing.
    assert_eq!((asked(&state), state.model().name.as_str()), (Some([224, 224]), before.as_str()));
    assert_eq!(state.files().size_question().and_then(|question| question.of_picture), None);
    run(&mut state, [FileAction::SetSize([48, 36]).into(), FileAction::OpenSized.into()]);
    assert_eq!((asked(&state), state.model().network.input), (None, [3, 48, 36]));
    assert_eq!(state.files().recent[0].location, "/nets/free.onnx".into());
    // As the picture at hand.
    open(&mut state, "/pictures/own.png", &png([30, 20]));
    open(&mut state, "/nets/free.onnx", FREE);
    assert_eq!(asked(&state), Some([20, 30]));
    run(&mut state, [FileAction::OpenSized.into()]);
    assert_eq!(state.model().network.input, [3, 20, 30]);
    assert!(take_notice(&mut state).is_none());
    // The usual size needs no second reading.
    open(&mut state, "/nets/free.onnx", FREE);
    run(&mut state, [FileAction::SetSize([224, 224]).into(), FileAction::OpenSized.into()]);
    assert_eq!((asked(&state), state.model().network.input), (None, [3, 224, 224]));
}

#[test]
fn a_size_that_does_not_fit_is_asked_again_with_the_reason() {
    let mut state = AppState::new();
    open(&mut state, "free.onnx", FREE);
    run(&mut state, [FileAction::SetSize([31, 36]).into(), FileAction::OpenSized.into()]);
    let question = state.files().size_question().expect("asks again");
    let why = question.why_not.clone().expect("says why");
    assert!(question.size == [31, 36] && why.contains("expected tensors whose axes go together"), "{why}");
    assert_eq!(state.model().name, "photos");
    // Nothing is smaller than one cell.
    run(&mut state, [FileAction::SetSize([0, 1 << 40]).into()]);
    assert_eq!(asked(&state), Some([1, 1 << 16]));
    // Escape, Cancel and another network leave it closed.
    run(&mut state, [Action::Escape]);
    assert_eq!(asked(&state), None);
    open(&mut state, "free.onnx", FREE);
    run(&mut state, [FileAction::ForgetSize.into()]);
    assert_eq!(asked(&state), None);
    run(&mut state, [FileAction::OpenSized.into()]);
    assert_eq!(state.model().name, "photos", "nothing was asked");
    open(&mut state, "free.onnx", FREE);
    open(&mut state, "fixed.onnx", include_bytes!("../fixtures/onnx/channels_last_cells.onnx"));
    assert_eq!((asked(&state), state.model().network.input), (None, [3, 7, 5]));
}
