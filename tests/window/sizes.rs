//! The question how large a network's picture is, by role and label.

use convstep::{
    app::{Action, AppState, Effect, FileAction, Lang, apply, run_tasks_here},
    data::Disk,
    nn::Execution,
    ui::strings::Words,
};
use egui_kittest::{Harness, kittest::Queryable};
use std::{path::Path, sync::Arc};

use crate::harness::{Program, window};
use crate::start;

fn update(state: &mut AppState, action: Action) -> Vec<Effect> {
    let effects = apply(state, action);
    run_tasks_here(state, effects, Execution::SERIAL, &Disk)
}

/// The window with a network of any size that was dropped onto it.
fn asking(lang: Lang) -> Harness<'static, Program> {
    let mut state = start::shapes();
    apply(&mut state, Action::SetLang(lang));
    let bytes = Arc::new(include_bytes!("../fixtures/onnx/free_size.onnx").to_vec());
    update(&mut state, FileAction::Opened { location: "free.onnx".into(), bytes }.into());
    let mut harness = window(state, [1280.0, 720.0], update);
    harness.run_steps(4);
    harness
}

#[test]
fn rows_and_columns_are_asked_for_and_the_network_opens() {
    for lang in Lang::ALL {
        let words = Words(lang);
        let mut harness = asking(lang);
        assert!(harness.query_by_label(&words.text("files.any_size")).is_some());
        assert!(harness.query_by_label_contains("free.onnx").is_some());
        if let Some(shots) = std::env::var_os("CONVSTEP_SHOTS") {
            for (size, dark) in [([1280, 720], false), ([1024, 768], true)] {
                let frame = convstep::ui::render::render(&harness.state().state, size, 1.0, dark);
                let name = format!("any_size_{}_{}.png", lang.code(), size[0]);
                frame.save(Path::new(&shots).join(name)).expect("saves");
            }
        }
        let rows = words.text("build.rows");
        assert!(harness.query_by_role_and_label(egui::accesskit::Role::SpinButton, &rows).is_some());
        harness.get_by_label(&words.text("files.open_sized")).click();
        harness.run_steps(4);
        let state = &harness.state().state;
        assert_eq!(state.model().network.input, [3, 224, 224]);
        assert!(state.files().size_question().is_none());
    }
}

#[test]
fn it_is_left_by_cancel_and_by_escape() {
    let mut harness = asking(Lang::En);
    harness.get_by_label("Cancel").click();
    harness.run_steps(4);
    assert!(harness.state().state.files().size_question().is_none());
    let mut harness = asking(Lang::En);
    harness.key_press(egui::Key::Escape);
    harness.run_steps(4);
    assert!(harness.state().state.files().size_question().is_none());
    assert_eq!(harness.state().state.model().name, "shapes");
}
