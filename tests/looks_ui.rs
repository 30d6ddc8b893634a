//! The page of what a unit looks at, by role and label, with no display and no GPU.
#![cfg(feature = "window")]

use convstep::{
    app::{Action, AppState, Effect, Lang, LooksAction, Page, apply, settle},
    attribution::Method,
    nn::Watch,
    ui::strings::Words,
};
use egui_kittest::{Harness, kittest::Queryable};

mod harness;
use harness::{Program, window};

fn act(state: &mut AppState, action: Action) -> Vec<Effect> {
    let effects = apply(state, action);
    settle(state, effects, Watch::NONE)
}

fn harness(lang: Lang, size: [f32; 2]) -> Harness<'static, Program> {
    let mut state = AppState::new();
    state.view.lang = lang;
    window(state, size, act)
}

#[test]
fn a_method_is_chosen_and_its_map_is_there() {
    let mut harness = harness(Lang::En, [1280.0, 720.0]);
    harness.key_press(egui::Key::F4);
    harness.run_steps(3);
    assert_eq!(harness.state().state.view.page, Page::Looks);
    assert!(harness.query_by_label("the map alone, class:star").is_some());
    harness.get_by_label("Method: Saliency").click();
    harness.run_steps(3);
    harness.get_by_label("Grad-CAM").click();
    harness.run_steps(3);
    let made = harness.state().state.looks.made().expect("begun");
    assert!(made.look.grad_cam().is_some());
    assert!(harness.query_by_label_contains("At the output of relu3").is_some());
    harness.get_by_label("Randomise weights").click();
    harness.run_steps(3);
    assert!(harness.state().state.looks.made().is_some_and(|made| made.correlation.is_some()));
}

#[test]
fn every_method_is_shown_in_both_languages_and_sizes() {
    for lang in [Lang::En, Lang::Zh] {
        let words = Words(lang);
        for size in [[1280.0, 720.0], [1024.0, 768.0]] {
            let mut harness = harness(lang, size);
            act(&mut harness.state_mut().state, Action::SetPage(Page::Looks));
            for method in Method::ALL {
                let mut settings = {
                    let state = &harness.state().state;
                    state.looks.settings(&state.model().network)
                };
                settings.method = method;
                (settings.steps, settings.ascent.steps) = (3, 3);
                act(&mut harness.state_mut().state, Action::Looks(LooksAction::Settings(settings)));
                harness.run_steps(2);
                let says = words.text(&format!("looks.says.{}", method.name()));
                assert!(harness.query_by_label(&says).is_some(), "{} in {lang:?}", method.name());
                let warned = harness.query_by_label_contains(&words.text("looks.changes")).is_some();
                assert_eq!(warned, method.changes_gradient(), "{}", method.name());
            }
        }
    }
}
