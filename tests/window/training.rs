//! The page of training, by role and label, with no display and no GPU.

use convstep::{
    app::{Action, AppState, Effect, Lang, Page, TrainAction, Training, Until, apply, run_tasks_here},
    data::{Dataset, Disk, Generated},
    nn::Execution,
    ui::render::render,
};
use egui::accesskit::Role;
use egui_kittest::{Harness, kittest::NodeT, kittest::Queryable};

use crate::harness::{Program, train_to_the_end, window};

/// Applies an action; jobs are done at once.
fn update(state: &mut AppState, action: Action) -> Vec<Effect> {
    let effects = apply(state, action);
    let mut left = run_tasks_here(state, effects, Execution::SERIAL, &Disk);
    left.retain(|effect| match effect {
        Effect::Train { job, .. } => {
            let job = job.lock().expect("no panic").take();
            train_to_the_end(state, job.expect("a job"), update);
            false
        }
        _ => true,
    });
    left
}

fn train(state: &mut AppState, action: TrainAction) {
    update(state, Action::Train(action));
}

/// The network of shapes on shapes, in small batches, after so many steps.
fn trained(steps: u32) -> AppState {
    let mut state = AppState::new();
    update(&mut state, Action::OpenBundled("shapes".into()));
    update(&mut state, Action::SetPage(Page::Training));
    train(&mut state, TrainAction::Use(Some(Dataset::generated(Generated::Shapes, 0))));
    let mut training = state.inputs().training.clone().expect("set").with_batch(4);
    training.schedule.epoch_len = 80;
    train(&mut state, TrainAction::Set(Training { epochs: 3, ..training }));
    if steps > 0 {
        train(&mut state, TrainAction::Start(Until::Step(steps - 1)));
    }
    state
}

fn page(state: AppState, size: [f32; 2]) -> Harness<'static, Program> {
    let mut harness = window(state, size, update);
    harness.run_steps(4);
    harness
}

/// What a node is called, or says.
fn said(node: &egui_kittest::kittest::AccessKitNode) -> String {
    node.label().or_else(|| node.value()).unwrap_or_default()
}

fn texts(harness: &Harness<Program>) -> String {
    let root = harness.root();
    let all = root.children_recursive().filter_map(|node| {
        let node = node.accesskit_node();
        node.label().or_else(|| node.value())
    });
    all.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_says_how_it_stands_and_what_is_looked_at() {
    let mut harness = page(trained(46), [1280.0, 720.0]);
    let words = texts(&harness);
    for wanted in [
        "Step 46 of 60",
        "round 3 of 3",
        "of the pictures kept for checking are right",
        "Loss: how wrong the answers are: training",
        "Right answers: training",
        "checking",
        "Looking at step 45",
        "The 8 filters of conv1, now",
        "Filter 7 of conv1, now",
        "Size of the gradient in each layer, now",
    ] {
        assert!(words.contains(wanted), "{wanted}: {words}");
    }
    for unwanted in ["Branch", "All steps are done", "epoch"] {
        assert!(!words.contains(unwanted), "{unwanted}");
    }
    assert!(harness.query_by_role_and_label(Role::Button, "Train").is_some());
    // An earlier step: then and now, and the way back.
    update(&mut harness.state_mut().state, Action::Train(TrainAction::GoTo(10)));
    harness.run_steps(4);
    let words = texts(&harness);
    assert!(words.contains("Looking at step 10") && words.contains("then and now"), "{words}");
    assert!(words.contains("Filter 7 of conv1, then"));
    harness.get_by_label("Back to the newest").click();
    harness.run_steps(4);
    assert_eq!(harness.state().state.trace().time(), 45);
    harness.get_by_label("Step through this batch").click();
    harness.run_steps(4);
    assert_eq!(harness.state().state.view().page, Page::Network);
}

#[test]
fn both_plots_are_as_high_as_they_should_be_and_the_whole_run_lies_beside_the_right_side() {
    let harness = page(trained(20), [1280.0, 720.0]);
    for title in ["Loss: how wrong", "Right answers"] {
        let rect =
            harness.get_by(|node| said(node).starts_with(title) && said(node).contains("training")).rect();
        assert!(rect.height() >= 180.0, "{title}: {rect:?}");
        assert!(rect.right() < 0.62 * 1280.0 && rect.left() >= 0.0, "{title}: {rect:?}");
    }
}

#[test]
fn a_learning_rate_that_is_typed_is_one_edit_and_undo_goes_back_to_the_one_before() {
    let mut state = trained(10);
    let optimizer = convstep::nn::optimizer::Optimizer { learning_rate: 0.01, ..state.inputs().optimizer };
    train(&mut state, TrainAction::Optimizer(optimizer));
    let mut harness = page(state, [1280.0, 720.0]);
    let rate = |harness: &Harness<Program>| harness.state().state.inputs().optimizer.learning_rate;
    let name = "Learning rate η";
    harness.get_by_role_and_label(Role::SpinButton, name).click();
    harness.run_steps(4);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    harness.run_steps(2);
    for digit in ["0", ".", "1"] {
        harness.event(egui::Event::Text(digit.into()));
        harness.run_steps(2);
        assert_eq!(rate(&harness), 0.01, "typing changes nothing yet");
    }
    harness.key_press(egui::Key::Enter);
    harness.run_steps(4);
    assert_eq!(rate(&harness), 0.1);
    assert_eq!(harness.state().state.training_runs().len(), 1, "the run continues");
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    harness.run_steps(4);
    assert_eq!(rate(&harness), 0.01);
}

#[test]
fn what_does_not_fit_is_reported_before_anything_is_changed() {
    // The network of photos learns eight shapes: its names stay, and what comes is said.
    let mut state = AppState::new();
    update(&mut state, Action::OpenBundled("photos".into()));
    update(&mut state, Action::SetPage(Page::Training));
    let names = state.model().architecture.classes.clone();
    let mut harness = page(state, [1280.0, 720.0]);
    let words = "Learn 8 shapes with 10 outputs: two stay unused";
    let open = harness.get_by_label_contains("Open data").rect();
    let learn = harness.get_by_label(words).rect();
    assert!(open.left() < learn.left() && open.top() <= learn.top(), "what suits the network comes first");
    harness.get_by_label(words).click();
    harness.run_steps(4);
    assert!(texts(&harness).contains(words));
    assert_eq!(harness.state().state.model().architecture.classes, names);
    // Eight outputs cannot learn ten digits.
    let mut state = AppState::new();
    update(&mut state, Action::OpenBundled("shapes".into()));
    update(&mut state, Action::SetPage(Page::Training));
    let harness = page(state, [1280.0, 720.0]);
    let words = texts(&harness);
    assert!(
        words.contains("10 classes in Digits, only 8 outputs of fc: build fc with 10 outputs."),
        "{words}"
    );
    assert!(words.contains("Train on Shapes") && !words.contains("Train on Digits"), "{words}");
}

#[test]
fn runs_stand_by_name_and_are_chosen_compared_and_taken_away() {
    let mut state = trained(20);
    let training = state.inputs().training.clone().expect("set");
    let mut other = training.with_batch(8);
    other.schedule.epoch_len = 80;
    train(&mut state, TrainAction::Set(other));
    train(&mut state, TrainAction::Start(Until::Step(9)));
    let mut harness = page(state, [1280.0, 720.0]);
    let words = texts(&harness);
    assert!(words.contains("batch 4") && words.contains("batch 8"), "{words}");
    assert!(words.contains("answers are: batch 4"), "{words}");
    harness.get_by_label("batch 4").click();
    harness.run_steps(4);
    assert_eq!(harness.state().state.plan().setup().images, 4);
    harness.get_by_label("Options of batch 8").click();
    harness.run_steps(4);
    harness.get_by_label("Compare with the selected run").click();
    harness.run_steps(4);
    let state = &harness.state().state;
    assert_eq!(state.view().page, Page::Compare);
    assert!(texts(&harness).contains("batch 8"));
    update(&mut harness.state_mut().state, Action::SetPage(Page::Training));
    harness.run_steps(4);
    harness.get_by_label("Options of batch 8").click();
    harness.run_steps(4);
    harness.get_by_label("Take this run away").click();
    harness.run_steps(4);
    assert_eq!(harness.state().state.training_runs().len(), 1);
}

#[test]
fn one_batch_does_not_say_that_all_is_done() {
    let harness = page(trained(1), [1280.0, 720.0]);
    let words = texts(&harness);
    assert!(words.contains("Step 1 of 60") && !words.contains("All steps are done"), "{words}");
    let harness = page(trained(60), [1280.0, 720.0]);
    assert!(texts(&harness).contains("All steps are done."));
}

#[test]
fn a_cell_of_the_mix_ups_shows_its_pictures_and_one_of_them_is_stepped_through() {
    for size in [[1280.0, 720.0], [1920.0, 1080.0]] {
        let mut harness = page(trained(8), size);
        harness.get_by_label("Look at: Mix-ups").click();
        harness.run_steps(4);
        let state = &harness.state().state;
        let (_, check) = state.run().branch().checks.last_key_value().expect("checked");
        let classes = state.model().architecture.classes.clone();
        let pairs = (0..8).flat_map(|truth| (0..8).map(move |guess| (truth, guess)));
        let mixed = pairs.filter(|(truth, guess)| truth != guess);
        let count = |&(truth, guess): &(usize, usize)| check.confusion.count(truth, guess);
        let pair = mixed.max_by_key(count).expect("some");
        let (truth, guess, n) = (&classes[pair.0], &classes[pair.1], count(&pair));
        assert!(n > 0, "after eight steps something is mixed up");
        // Each class stands at both sides.
        for class in &classes {
            let cell = format!("{} × {class}, answered {class}", {
                let own = classes.iter().position(|name| name == class).expect("its own");
                check.confusion.count(own, own)
            });
            assert!(harness.query_all_by_label(&cell).next().is_some(), "{cell}");
        }
        let words = format!("{n} × {truth}, answered {guess}");
        harness.get_by_role_and_label(Role::Button, &words).click();
        harness.run_steps(8);
        let picture = format!("{truth} → {guess}, ");
        let shown = |harness: &Harness<Program>| {
            harness
                .query_all_by(|node| said(node).starts_with(&picture))
                .map(|node| node.rect())
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(&harness).len() as u64, n.min(12));
        harness.get_by_label_contains("All mix-ups").click();
        harness.run_steps(4);
        assert!(shown(&harness).is_empty() && texts(&harness).contains(&words));
        harness.get_by_role_and_label(Role::Button, &words).click();
        harness.run_steps(8);
        harness.query_all_by(|node| said(node).starts_with(&picture)).next().expect("a picture").click();
        harness.run_steps(4);
        let state = &harness.state().state;
        assert_eq!(state.view().page, Page::Network);
    }
}

/// Pictures to look at: `PICTURES=folder cargo test --test window training::pictures -- --ignored`.
#[test]
#[ignore = "writes pictures to look at"]
fn pictures() {
    let folder = std::env::var("PICTURES").expect("a folder");
    let draw = |state: &AppState, name: &str, (size, zoom): ([u32; 2], f32), dark: bool| {
        let path = format!("{folder}/{name}.png");
        render(state, size, zoom, dark).save(path).expect("writes");
    };
    let small = ([1280, 720], 1.0);
    let mut state = trained(46);
    draw(&state, "a1280", small, false);
    draw(&state, "a1024", ([1024, 768], 1.0), false);
    draw(&state, "a1920", ([1920, 1080], 1.0), false);
    draw(&state, "zoom150", ([1280, 720], 1.5), false);
    update(&mut state, Action::SetLang(Lang::Zh));
    draw(&state, "zh", small, true);
    update(&mut state, Action::SetLang(Lang::En));
    train(&mut state, TrainAction::GoTo(12));
    let faster = convstep::nn::optimizer::Optimizer { learning_rate: 0.03, ..state.inputs().optimizer };
    update(&mut state, Action::SetOptimizer(faster));
    train(&mut state, TrainAction::Start(Until::Step(50)));
    train(&mut state, TrainAction::GoTo(20));
    draw(&state, "runs", small, false);
    train(&mut state, TrainAction::Use(None));
    draw(&state, "invite", small, false);
    let mut harness = page(trained(40), [1280.0, 720.0]);
    for tab in ["Gradients", "Mix-ups", "Pictures", "Silent"] {
        harness.get_by_label(&format!("Look at: {tab}")).click();
        harness.run_steps(4);
        println!("{tab}: {}", texts(&harness).len());
    }
}
