//! The window by role and label, with no display and no GPU.

use convstep::{
    app::{Action, BuildAction, Drawer, Lang, ThemeChoice, Work, apply},
    nn::{
        hyperparameter::{Hyperparameter, Value},
        spec::Pair,
    },
    ui::told,
};
use egui::{Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable};

use crate::harness::{Program, update, window};
use crate::start;

/// A window with the panel "Why?" open.
fn harness(lang: Lang, dark: bool, size: [f32; 2]) -> Harness<'static, Program> {
    let mut state = start::shapes();
    apply(&mut state, Action::SetDrawer(Some(Drawer::Why)));
    apply(&mut state, Action::SetLang(lang));
    apply(&mut state, Action::SetTheme(if dark { ThemeChoice::Dark } else { ThemeChoice::Light }));
    window(state, size, update)
}

fn at(harness: &Harness<Program>) -> String {
    let state = &harness.state().state;
    state.cursor().text(state.plan())
}

#[test]
fn steps_by_buttons_and_by_keys() {
    let mut harness = harness(Lang::En, false, [1280.0, 720.0]);
    assert_eq!(at(&harness), "fwd");
    harness.get_by_label("Next step").click();
    harness.run_steps(2);
    assert_eq!(at(&harness), "loss");
    harness.key_press(Key::ArrowLeft);
    harness.run_steps(2);
    assert_eq!(at(&harness), "fwd");
    harness.key_press(Key::ArrowDown);
    harness.run_steps(2);
    assert_eq!(at(&harness), "fwd/conv1");
    harness.key_press(Key::Num9);
    harness.run_steps(2);
    assert!(at(&harness).starts_with("fwd/conv1/k"), "{}", at(&harness));
    harness.key_press(Key::Home);
    harness.run_steps(2);
    assert_eq!(at(&harness), "start");
}

#[test]
fn an_address_is_typed() {
    let mut harness = harness(Lang::En, true, [1024.0, 768.0]);
    harness.key_press(Key::G);
    harness.run_steps(3);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.get_by_label("Go to an address").type_text("fwd/conv1/k2/(3,5)/m7");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert_eq!(at(&harness), "fwd/conv1/k2/(3,5)/m7");
    assert!(harness.state().state.notices().is_empty(), "{:?}", harness.state().state.notices());
}

#[test]
fn a_sample_and_a_model_are_chosen_from_the_menu() {
    let mut harness = harness(Lang::En, false, [1280.0, 720.0]);
    harness.get_by_label("Menu").click();
    harness.run_steps(3);
    harness.get_by_label_contains("File").click();
    harness.run_steps(3);
    harness.get_by_label_contains("Models").click();
    harness.run_steps(3);
    harness.get_by_label("Digits: ten, handwritten").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.model().name, "digits");
}

#[test]
fn every_region_is_there_in_both_languages_and_sizes() {
    for lang in Lang::ALL {
        for size in [[1280.0, 720.0], [1024.0, 768.0]] {
            let mut harness = harness(lang, false, size);
            let words = convstep::ui::strings::Words(lang);
            for key in ["cmd.next", "cmd.play", "top.menu", "cmd.show_timeline"] {
                assert!(harness.query_by_label(&words.text(key)).is_some(), "{key} in {lang:?} at {size:?}");
            }
            for address in ["fwd/conv1", "bwd/conv1.dW/k0,0/(1,1)", "update/conv1.weight/k0,0/(1,1)", "e1.b0"]
            {
                apply(&mut harness.state_mut().state, Action::GoTo(address.into()));
                harness.run_steps(2);
                assert!(harness.state().state.notices().is_empty(), "{:?}", harness.state().state.notices());
            }
        }
    }
}

#[test]
fn help_lists_the_keys_and_escape_closes_it() {
    let mut harness = harness(Lang::En, false, [1280.0, 720.0]);
    harness.key_press(Key::F1);
    harness.run_steps(3);
    assert!(harness.state().state.view().help);
    assert!(harness.query_all_by_label("Run to here").next().is_some());
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!harness.state().state.view().help);
}

#[test]
fn the_last_term_done_is_in_view_after_a_jump() {
    let mut harness = harness(Lang::En, false, [1280.0, 720.0]);
    apply(&mut harness.state_mut().state, Action::GoTo("bwd/conv2.dX/k3/(5,6)/m40".into()));
    harness.run_steps(6);
    // Rows that are out of view are not laid out at all. The breadcrumb names the term too.
    let rows: Vec<String> = (0..144)
        .map(|m| format!("term {m}"))
        .filter(|row| harness.query_all_by_label(row).any(|node| node.rect().left() > 900.0))
        .collect();
    let has = |m: u32| rows.contains(&format!("term {m}"));
    assert!(has(40) && !has(0), "in view are {rows:?}");
}

#[test]
fn a_network_is_edited_by_keys_and_fields_and_applied() {
    let mut harness = harness(Lang::En, false, [1280.0, 720.0]);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::E);
    harness.run_steps(3);
    assert!(harness.state().state.draft().is_some(), "the builder is open");
    // Down picks the first layer; a convolution goes behind it.
    harness.key_press(Key::ArrowDown);
    harness.run_steps(3);
    harness.get_by_label_contains("Add a layer").click();
    harness.run_steps(3);
    harness.get_by_label("Convolution").click();
    harness.run_steps(4);
    assert_eq!(at(&harness), "fwd", "nothing steps meanwhile");
    harness.get_by_label("conv4 filters").click();
    harness.run_steps(3);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.get_by_label("conv4 filters").type_text("12");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    let draft = harness.state().state.draft().expect("open");
    assert_eq!((draft.specs()[1].name.as_str(), draft.layers()[1].output), ("conv4", [12, 30, 30]));
    // The arithmetic that gives it is there to read.
    assert!(harness.query_by_label("12·(8·3·3 + 1) = 876").is_some());
    harness.get_by_label("Apply").click();
    harness.run_steps(3);
    let state = &harness.state().state;
    assert!(state.draft().is_none(), "{:?}", state.notices());
    assert_eq!(state.model().network.layers[1].name(), "conv4");
}

#[test]
fn the_builder_moves_and_removes_by_keys_and_says_what_does_not_fit() {
    for lang in Lang::ALL {
        for size in [[1280.0, 720.0], [1024.0, 768.0]] {
            let mut harness = harness(lang, false, size);
            harness.key_press_modifiers(Modifiers::COMMAND, Key::E);
            harness.run_steps(3);
            harness.key_press(Key::ArrowDown);
            harness.run_steps(2);
            harness.key_press_modifiers(Modifiers::ALT, Key::ArrowDown);
            harness.run_steps(3);
            let names = |harness: &Harness<Program>| -> Vec<String> {
                let draft = harness.state().state.draft().expect("open");
                draft.specs().iter().map(|spec| spec.name.clone()).collect()
            };
            assert_eq!(names(&harness)[..2], ["relu1", "conv1"]);
            harness.key_press(Key::Delete);
            harness.run_steps(3);
            assert_eq!(names(&harness)[..2], ["relu1", "pool1"]);
            let kernel = Hyperparameter { name: "kernel", value: Value::Pair(Pair::square(99)) };
            apply(&mut harness.state_mut().state, Action::Build(BuildAction::Set(1, kernel)));
            harness.run_steps(3);
            let error = harness.state().state.draft().and_then(|draft| draft.obstacle());
            let words = convstep::ui::strings::Words(lang);
            let error = told::failed(words, Work::Build, error.expect("a window that is too large"));
            let error = format!("✗ {error}");
            assert_eq!(harness.query_all_by_label(&error).count(), 2, "in its row and at the foot");
            harness.get_by_label(&words.text("build.apply")).click();
            harness.run_steps(2);
            assert!(harness.state().state.draft().is_some(), "what does not fit is not applied");
            harness.get_by_label(&words.text("build.cancel")).click();
            harness.run_steps(2);
            assert!(harness.state().state.draft().is_none());
        }
    }
}

#[test]
fn a_weight_is_typed_and_the_prediction_follows() {
    for lang in Lang::ALL {
        let words = convstep::ui::strings::Words(lang);
        let mut harness = harness(lang, false, [1024.0, 768.0]);
        let before = harness.state().state.prediction().1;
        let state = &mut harness.state_mut().state;
        let weight = state.plan().parse("conv1.weight/k0,0/(1,1)").expect("an address");
        let action = Action::look(state.plan(), &weight);
        apply(state, action);
        harness.run_steps(3);
        let number = || egui_kittest::kittest::By::new().role(egui::accesskit::Role::SpinButton);
        let words = words.text("edit.weight");
        harness.get(number().label(&words)).focus();
        harness.run_steps(2);
        harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
        harness.event(egui::Event::Text("4.5".into()));
        harness.run_steps(2);
        harness.key_press(Key::Enter);
        harness.run_steps(3);
        let state = &harness.state().state;
        assert_eq!(state.trace().params().0[0].at(convstep::nn::Part::Weight)[[0, 0, 1, 1]], 4.5);
        assert_ne!(state.prediction().1, before);
        assert_eq!(state.selected(), Some(weight));
        assert!(state.inputs().loaded.is_some() && state.notices().is_empty());
        // The wheel over it: two notches up are one edit.
        let over = harness.get(number().label(&words)).rect().center();
        harness.event(egui::Event::PointerMoved(over));
        harness.run_steps(2);
        for _ in 0..2 {
            harness.event(egui::Event::MouseWheel {
                unit: egui::MouseWheelUnit::Line,
                delta: egui::vec2(0.0, 1.0),
                source: egui::MouseWheelSource::Wheel,
                phase: egui::TouchPhase::Move,
                modifiers: Modifiers::NONE,
            });
            harness.run_steps(1);
        }
        let value = |harness: &Harness<Program>| {
            harness.state().state.trace().params().0[0].at(convstep::nn::Part::Weight)[[0, 0, 1, 1]]
        };
        assert!(value(&harness) > 4.5 && value(&harness) < 4.7, "{}", value(&harness));
        apply(&mut harness.state_mut().state, Action::Undo);
        assert_eq!(value(&harness), 4.5);
        apply(&mut harness.state_mut().state, Action::Undo);
        assert_eq!(harness.state().state.prediction().1, before);
    }
}

#[test]
fn a_filter_with_a_name_is_chosen_and_reset() {
    let mut harness = harness(Lang::En, true, [1280.0, 720.0]);
    let state = &mut harness.state_mut().state;
    let weight = state.plan().parse("conv1.weight/k1,0/(0,0)").expect("an address");
    let action = Action::look(state.plan(), &weight);
    apply(state, action);
    let filter = |harness: &Harness<Program>| {
        let weight = harness.state().state.trace().params().0[0].at(convstep::nn::Part::Weight).clone();
        weight.index_axis(ndarray::Axis(0), 1).to_owned()
    };
    let loaded = filter(&harness);
    harness.run_steps(3);
    harness.get_by_label("Filter").click();
    harness.run_steps(3);
    harness.get_by_label("Blank (all 0)").click();
    harness.run_steps(3);
    assert!(filter(&harness).iter().all(|&w| w == 0.0));
    harness.get_by_label("Reset").click();
    harness.run_steps(3);
    harness.get_by_label("This filter and its bias").click();
    harness.run_steps(3);
    assert_eq!(filter(&harness), loaded);
    assert!(harness.state().state.inputs().loaded.is_none());
}

#[test]
fn the_tabs_answer_for_a_weight_a_pixel_and_a_gradient() {
    for lang in Lang::ALL {
        let words = convstep::ui::strings::Words(lang);
        for size in [[1280.0, 720.0], [1024.0, 768.0]] {
            let mut harness = harness(lang, true, size);
            for tab in ["tab.check", "tab.paths", "tab.statistics", "tab.why"] {
                harness.get_by_label(&words.text(tab)).click();
                harness.run_steps(2);
                for address in [
                    "bwd/conv1.dW/k0,0/(1,1)",
                    "fwd/conv2/k3/(2,2)",
                    "bwd/conv1.dX/k0/(9,9)",
                    "loss/loss/k0/(0,0)",
                ] {
                    apply(&mut harness.state_mut().state, Action::GoTo(address.into()));
                    harness.run_steps(3);
                    let shown = |key: &str| {
                        let words = words.text(key);
                        let start = words.split("%{").next().unwrap_or_default().to_owned();
                        harness.query_all_by_label_contains(&start).next().is_some()
                    };
                    let has_gradient = !address.starts_with("loss");
                    match tab {
                        "tab.check" => {
                            assert_eq!(shown("check.loss_above"), has_gradient, "{address} {lang:?}")
                        }
                        "tab.paths" => {
                            // Where a ReLU blocks, no path carries anything.
                            let answered = shown("paths.strongest") || shown("paths.none");
                            assert_eq!(answered, has_gradient, "{address} {lang:?}");
                        }
                        "tab.statistics" => assert!(shown("statistics.deviation"), "{address} {lang:?}"),
                        _ => assert!(shown("inspector.numbers"), "{address} {lang:?}"),
                    }
                }
            }
        }
    }
}

#[test]
fn a_stroke_on_the_pad_is_one_edit() {
    let mut harness = harness(Lang::En, false, [1280.0, 720.0]);
    harness.key_press(Key::D);
    harness.run_steps(3);
    harness.get_by_label("New, black").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.inputs().picture.name, "drawing");
    assert_eq!(harness.state().state.fitted().tensor.sum(), 0.0);
    let canvas = harness.get_by_label("Canvas: what the network sees").rect();
    let at = |x: f32, y: f32| canvas.min + canvas.size() * egui::vec2(x, y);
    let press = |pressed, pos| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    harness.event(egui::Event::PointerMoved(at(0.2, 0.5)));
    harness.run_steps(2);
    harness.event(press(true, at(0.2, 0.5)));
    harness.run_steps(1);
    for x in [0.3, 0.5, 0.7, 0.8] {
        harness.event(egui::Event::PointerMoved(at(x, 0.5)));
        harness.run_steps(1);
    }
    harness.event(press(false, at(0.8, 0.5)));
    harness.run_steps(2);
    let pixels = &harness.state().state.fitted().tensor;
    let row: Vec<f32> = (0..32).map(|j| pixels[[0, 0, 16, j]]).collect();
    assert!(row[8..25].iter().all(|&x| x > 150.0), "{row:?}");
    assert!(row[..3].iter().chain(&row[29..]).all(|&x| x == 0.0), "{row:?}");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(2);
    assert_eq!(harness.state().state.fitted().tensor.sum(), 0.0, "one stroke is one edit");
    // A click is a dot.
    harness.event(egui::Event::PointerMoved(at(0.5, 0.25)));
    harness.event(press(true, at(0.5, 0.25)));
    harness.event(press(false, at(0.5, 0.25)));
    harness.run_steps(3);
    assert!(harness.state().state.fitted().tensor[[0, 0, 8, 16]] > 150.0);
    assert_eq!(harness.state().state.fitted().tensor[[0, 0, 20, 16]], 0.0);
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(!harness.state().state.view().pad);
}
