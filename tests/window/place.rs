//! The place row by role and label: whatever the room, each choice is in the row or in its menu.

use convstep::{
    app::{Action, AppState, Effect, Lang, Order, apply, run_tasks_here},
    nn::Execution,
    trace::Depth,
};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};

use crate::harness::{Program, window};

fn update(state: &mut AppState, action: Action) -> Vec<Effect> {
    let effects = apply(state, action);
    run_tasks_here(state, effects, Execution::SERIAL, &())
}

fn at(address: &str, size: [f32; 2]) -> Harness<'static, Program> {
    let mut state = AppState::new();
    let look = Action::look(state.plan(), &state.plan().parse(address).expect("an address"));
    update(&mut state, look);
    window(state, size, update)
}

fn has(harness: &Harness<Program>, front: &str) -> bool {
    harness.query_all_by(|node| node.label().is_some_and(|label| label.starts_with(front))).next().is_some()
}

fn open(harness: &mut Harness<Program>, front: &str) {
    harness.get_by(|node| node.label().is_some_and(|label| label.starts_with(front))).click();
    harness.run_steps(3);
}

#[test]
fn each_choice_is_in_the_row_or_in_its_menu() {
    let places = [
        ("fwd", &["Compare with: ", "Numbers: "][..]),
        ("fwd/relu2", &["Compare with: ", "Numbers: ", "Show: ", "Order: "]),
        ("fwd/conv2/k7", &["Numbers: "]),
        ("fwd/fc2/k3", &["Against: "]),
    ];
    let mut folded = 0;
    for (address, choices) in places {
        for width in [1920.0, 1280.0, 1024.0, 853.0, 683.0, 640.0, 512.0] {
            let mut harness = at(address, [width, 400.0]);
            let hidden: Vec<&&str> = choices.iter().filter(|front| !has(&harness, front)).collect();
            let has_menu = has(&harness, "More choices: ");
            assert_eq!(hidden.is_empty(), !has_menu, "{address} {width}: {hidden:?}");
            if has_menu {
                folded += hidden.len();
                open(&mut harness, "More choices: ");
                for front in hidden {
                    assert!(has(&harness, front), "{address} {width}: {front}");
                }
            }
            let row = |front: &str| {
                let found = harness.query_all_by(|node| node.label().is_some_and(|l| l.starts_with(front)));
                found.map(|node| node.rect()).next()
            };
            let why = row("Why?").expect("always there");
            assert!(why.right() <= width + 0.5, "{address} {width}: {why:?}");
        }
    }
    assert!(folded >= 4, "{folded}");
}

#[test]
fn a_choice_of_the_menu_is_made_by_a_click() {
    let mut harness = at("fwd/relu2", [512.0, 384.0]);
    open(&mut harness, "More choices: ");
    open(&mut harness, "Order: by number");
    assert_eq!(harness.state().state.view().order, Order::Number);
    assert!(!has(&harness, "Order: strongest first"), "the menu closes");
}

#[test]
fn what_lies_around_is_behind_three_dots() {
    let mut harness = at("fwd/relu2", [512.0, 384.0]);
    open(&mut harness, "What lies around it");
    open(&mut harness, "→ forward");
    let state = &harness.state().state;
    assert_eq!(Depth::new(&state.look()), Depth::Pass, "{}", state.plan().text(&state.look()));
}

#[test]
fn the_chosen_language_names_the_menu() {
    let mut state = AppState::new();
    update(&mut state, Action::SetLang(Lang::Zh));
    let look = Action::look(state.plan(), &state.plan().parse("fwd/relu2").expect("an address"));
    update(&mut state, look);
    let harness = window(state, [512.0, 384.0], update);
    let menu = harness.get_by_label_contains("更多选项：");
    assert!(menu.accesskit_node().label().is_some_and(|label| label.contains('、')));
}
