//! The panel of time, the palette and the comparison by role and label, with no display and no GPU.

use convstep::{
    app::{Action, AppState, Drawer, Lang, MarkAction, StopReason, Target, ThemeChoice, apply},
    trace::{Address, Break, Depth, Move},
    ui::{
        names,
        room::{Room, Wants},
        strings::Words,
        theme::Theme,
        view::{Memory, View},
    },
};
use egui::{Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable};

use crate::harness::{Program, update as run, window};
use crate::start;

const SIZES: [[f32; 2]; 2] = [[1280.0, 720.0], [1024.0, 768.0]];

fn harness(lang: Lang, dark: bool, size: [f32; 2]) -> Harness<'static, Program> {
    let mut state = start::shapes();
    apply(&mut state, Action::SetLang(lang));
    apply(&mut state, Action::SetTheme(if dark { ThemeChoice::Dark } else { ThemeChoice::Light }));
    window(state, size, run)
}

/// What the screen calls a place.
fn in_words(state: &AppState, address: &Address) -> String {
    let wants = Wants {
        page: state.view().page,
        depth: Depth::new(&state.look()),
        notice: false,
        drawer: None,
        timeline: None,
        presenting: None,
        lesson: None,
        alone: None,
    };
    let room = Room::new(egui::vec2(1280.0, 720.0), &wants);
    names::place(&View::new(state, Theme::by_darkness(false), &Memory::default(), room), address)
}

fn do_it(harness: &mut Harness<Program>, action: Action) {
    run(&mut harness.state_mut().state, action);
    harness.run_steps(3);
}

fn click(harness: &mut Harness<Program>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(3);
}

/// Without a mouse: set a breakpoint, run to it, look at the cell, run back, switch it off.
#[test]
fn a_breakpoint_is_set_and_run_to_and_says_why() {
    for lang in Lang::ALL {
        let words = Words(lang);
        for size in SIZES {
            let mut harness = harness(lang, false, size);
            harness.key_press(Key::T);
            harness.run_steps(3);
            assert_eq!(harness.state().state.view().drawer, Some(Drawer::Time));
            harness.get_by_label_contains(&words.text("time.add_break")).click();
            harness.run_steps(3);
            click(&mut harness, &words.text("sentence.break.relu"));
            harness.key_press(Key::Home);
            harness.key_press_modifiers(Modifiers::COMMAND, Key::ArrowRight);
            harness.run_steps(3);
            assert!(harness.query_by_label(&words.text("sentence.stop.relu")).is_some(), "{lang:?} {size:?}");
            let Some(StopReason::Hit(stop)) = harness.state().state.stopped() else { panic!("it stops") };
            let cell = in_words(&harness.state().state, &stop.cell);
            assert!(harness.query_all_by_label(&cell).count() >= 1, "the cell as a link");
            // It counts, and can be switched off.
            let breakpoint = harness.state().state.marks().breaks[0];
            assert_eq!((breakpoint.kind, breakpoint.hits), (Break::ReluKills, 1));
            click(&mut harness, &words.text("sentence.break.relu"));
            assert!(!harness.state().state.marks().breaks[0].enabled);
            click(&mut harness, &words.text("time.dismiss"));
            assert_eq!(harness.state().state.stopped(), None);
            let remove = words.fill("time.remove", &[("what", &words.text("sentence.break.relu"))]);
            click(&mut harness, &remove);
            assert!(harness.state().state.marks().breaks.is_empty());
            assert!(harness.state().state.notices().is_empty(), "{:?}", harness.state().state.notices());
        }
    }
}

#[test]
fn a_bookmark_is_named_gone_to_and_removed() {
    let mut harness = harness(Lang::En, true, SIZES[1]);
    do_it(&mut harness, Action::SetDrawer(Some(Drawer::Time)));
    let start = harness.state().state.cursor().text(harness.state().state.plan());
    do_it(&mut harness, Action::GoTo("fwd/conv2/k1/(2,3)".into()));
    harness.key_press(Key::M);
    harness.run_steps(3);
    click(&mut harness, "Name of: map 1 of conv2, row 2, column 3");
    harness.get_by_label("Name of the bookmark").type_text("the corner");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert_eq!(harness.state().state.marks().bookmarks[0].name, "the corner");
    do_it(&mut harness, Action::Go(Move::End));
    click(&mut harness, "the corner");
    let state = &harness.state().state;
    assert_eq!(state.cursor().text(state.plan()), "fwd/conv2/k1/(2,3)");
    // The trail has both places; one click goes back two.
    let first =
        in_words(&harness.state().state, &harness.state().state.plan().parse(&start).expect("a place"));
    // The ladder may have a button of this name too: the panel stands at the right.
    let nodes: Vec<_> = harness.query_all_by_label(&first).collect();
    let right = |node: &&egui_kittest::Node| node.rect().left();
    nodes.iter().max_by(|a, b| right(a).total_cmp(&right(b))).expect("a place of the trail").click();
    harness.run_steps(3);
    let state = &harness.state().state;
    assert_eq!((state.cursor().text(state.plan()), state.trail_ahead().len()), (start, 3));
    click(&mut harness, "Remove: the corner");
    assert!(harness.state().state.marks().bookmarks.is_empty());
    do_it(&mut harness, Action::Undo);
    assert_eq!(harness.state().state.marks().bookmarks.len(), 1);
    do_it(&mut harness, Action::Mark(MarkAction::RemoveBookmark(0)));
}

#[test]
fn the_palette_finds_commands_places_and_models_by_letters() {
    for lang in Lang::ALL {
        for size in SIZES {
            let words = Words(lang);
            let mut harness = harness(lang, size[0] > 1100.0, size);
            let choose = |harness: &mut Harness<Program>, keys: (Modifiers, Key), letters: &str| {
                harness.key_press_modifiers(keys.0, keys.1);
                harness.run_steps(3);
                assert!(harness.state().state.view().palette);
                harness.event(egui::Event::Text(letters.into()));
                harness.run_steps(3);
                harness.key_press(Key::Enter);
                harness.run_steps(3);
                assert!(!harness.state().state.view().palette, "{letters}");
            };
            let k = (Modifiers::COMMAND, Key::K);
            choose(&mut harness, (Modifiers::COMMAND | Modifiers::SHIFT, Key::P), "article-backp");
            assert_eq!(harness.state().state.model().name, "article-backprop");
            choose(&mut harness, k, "loss.dX");
            let at = |harness: &Harness<Program>| {
                let state = &harness.state().state;
                state.cursor().text(state.plan())
            };
            assert_eq!(at(&harness), "bwd/loss.dX");
            let name = harness.state().state.model().network.layers[0].name().to_owned();
            let address = format!("fwd/{name}/k0/(0,1)/m2");
            choose(&mut harness, k, &address);
            assert_eq!(at(&harness), address);
            // Letters of the words in the user's language, and of the English ones.
            choose(&mut harness, k, &words.text("cmd.page_training"));
            assert_eq!(harness.state().state.view().page, convstep::app::Page::Training);
            choose(&mut harness, k, "stp layr");
            assert_eq!(harness.state().state.cursor().grain(), convstep::trace::Grain::Layer);
            choose(&mut harness, k, "dark theme");
            assert_eq!(harness.state().state.view().theme, convstep::app::ThemeChoice::Dark);
            choose(&mut harness, k, "chinese");
            assert_eq!(harness.state().state.view().lang, Lang::Zh);
            assert!(harness.state().state.notices().is_empty(), "{:?}", harness.state().state.notices());
        }
    }
}

#[test]
fn the_palette_is_gone_through_by_arrows_and_closed_by_escape() {
    let mut harness = harness(Lang::En, false, SIZES[0]);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_steps(3);
    harness.event(egui::Event::Text("Step by".into()));
    harness.run_steps(3);
    let number = |harness: &Harness<Program>| harness.state().state.cursor().grain();
    let before = number(&harness);
    for _ in 0..3 {
        harness.key_press(Key::ArrowDown);
    }
    harness.run_steps(3);
    assert!(harness.query_by_label("Step by run").is_some());
    harness.key_press(Key::Enter);
    harness.run_steps(3);
    assert_ne!(number(&harness), before, "another of them");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_steps(3);
    harness.event(egui::Event::Text("zzzqqq".into()));
    harness.run_steps(3);
    assert!(harness.query_by_label("No matches.").is_some());
    harness.key_press(Key::Escape);
    harness.run_steps(3);
    assert!(!harness.state().state.view().palette);
    // It begins anew.
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_steps(3);
    assert!(harness.query_by_label("No matches.").is_none());
}

#[test]
fn the_timeline_zooms_scrubs_and_follows_the_cursor() {
    let mut harness = harness(Lang::En, false, SIZES[0]);
    do_it(&mut harness, Action::ShowTimeline(true));
    do_it(&mut harness, Action::GoTo("fwd/conv2/k1/(2,3)".into()));
    for _ in 0..8 {
        harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
        harness.run_steps(3);
    }
    let span = harness.state().state.spans().step;
    assert!((span.width() - 1.0 / 256.0).abs() < 1e-9, "{span:?}");
    // A far place comes into view.
    do_it(&mut harness, Action::GoTo("bwd/conv1.dW/k0,0/(1,1)".into()));
    let there = harness.state().state.spans().step;
    assert!(there.from > span.to && (there.width() - span.width()).abs() < 1e-9, "{there:?}");
    // A click goes to what is seen there; so near, neighbouring points are neighbouring cells.
    let unfolded = harness.query_all_by_label_contains("Timeline, at");
    let rect = unfolded.map(|node| node.rect()).max_by(|a, b| a.height().total_cmp(&b.height()));
    let rect = rect.expect("the unfolded timeline");
    let press = |harness: &mut Harness<Program>, x: f32| {
        let pos = egui::pos2(rect.left() + x * rect.width(), rect.center().y + 5.0);
        for pressed in [true, false] {
            let modifiers = Modifiers::NONE;
            harness.event(egui::Event::PointerMoved(pos));
            harness.event(egui::Event::PointerButton {
                pos,
                button: egui::PointerButton::Primary,
                pressed,
                modifiers,
            });
            harness.run_steps(2);
        }
        harness.state().state.cursor().at()
    };
    let (a, b) = (press(&mut harness, 0.5), press(&mut harness, 0.7));
    let all = harness.state().state.plan().len();
    assert!(a < b && b - a < all / 100, "{a} {b} of {all}");
    // The wheel over it zooms out again.
    for _ in 0..20 {
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -200.0),
            source: egui::MouseWheelSource::Wheel,
            phase: egui::TouchPhase::Move,
            modifiers: Modifiers::NONE,
        });
        harness.run_steps(8);
    }
    assert!(harness.state().state.spans().step.is_whole(), "{:?}", harness.state().state.spans());
    harness.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
    harness.key_press(Key::Num0);
    harness.run_steps(3);
    assert!(harness.state().state.spans().step.is_whole());
}

#[test]
fn two_pictures_stand_side_by_side_with_their_difference() {
    for lang in Lang::ALL {
        let words = Words(lang);
        for size in SIZES {
            let mut harness = harness(lang, false, size);
            harness.key_press(Key::F7);
            harness.run_steps(3);
            assert!(harness.query_by_label(&words.text("compare.how")).is_some());
            click(&mut harness, &words.text("cmd.keep"));
            // The button gave way to the maps: nothing is under the pointer.
            harness.event(egui::Event::PointerGone);
            do_it(&mut harness, Action::OpenSample("shape-ring".into()));
            let step = "0";
            let caption = |side: &str, picture: &str| {
                let parts = [("picture", picture), ("step", step)];
                format!("{side} · shapes: {}", words.fill("compare.side", &parts))
            };
            let planes = [
                caption("A", "shape-star"),
                caption("B", "shape-ring"),
                format!("A−B: {}", words.text("compare.difference")),
            ];
            let rects = planes.map(|label| harness.get_by_label(&label).rect());
            assert!(rects.windows(2).all(|pair| pair[0].right() < pair[1].left()), "{rects:?}");
            assert!(harness.query_by_label(&words.text("compare.predictions")).is_some());
            // The cell under the pointer is named for all three.
            harness.event(egui::Event::PointerMoved(rects[0].center()));
            harness.run_steps(4);
            let start = words.text("compare.cell").split("%{").next().unwrap_or_default().to_owned();
            assert!(harness.query_all_by_label_contains(&start).next().is_some());
            click(&mut harness, &words.text("compare.forget"));
            assert!(harness.state().state.compare().kept.is_none());
        }
    }
}

/// The way of a question from the picture to the reason, without a mouse: keys, and what stands there by role and label.
#[test]
fn a_weights_gradient_is_asked_why_without_a_mouse() {
    for lang in Lang::ALL {
        let words = Words(lang);
        let mut harness = harness(lang, true, SIZES[0]);
        let press = |harness: &mut Harness<Program>, modifiers: Modifiers, key: Key| {
            harness.key_press_modifiers(modifiers, key);
            harness.run_steps(3);
        };
        let type_in = |harness: &mut Harness<Program>, text: &str| {
            harness.event(egui::Event::Text(text.into()));
            harness.run_steps(3);
            harness.key_press(Key::Enter);
            harness.run_steps(3);
        };
        let chosen = |harness: &mut Harness<Program>, label: &str| {
            harness.get_by_label_contains(label).click_accesskit();
            harness.run_steps(3);
        };
        let at = |harness: &Harness<Program>| {
            let state = &harness.state().state;
            state.cursor().text(state.plan())
        };
        // Open a picture.
        press(&mut harness, Modifiers::COMMAND, Key::K);
        type_in(&mut harness, "shape-heart");
        assert_eq!(harness.state().state.inputs().picture.name, "shape-heart");
        // Choose a class, at the loss.
        do_it(&mut harness, Action::GoTo("loss/loss/k0".into()));
        let state = &harness.state().state;
        let ring = state.model().class_index("ring").expect("a class");
        assert_ne!(state.inputs().target, Some(Target::Given(ring)));
        do_it(&mut harness, Action::SetLabel(ring));
        assert_eq!(harness.state().state.inputs().target, Some(Target::Given(ring)));
        // Go to a weight's gradient, and ask why.
        press(&mut harness, Modifiers::NONE, Key::G);
        type_in(&mut harness, "bwd/conv1.dW/k2,1/(0,2)");
        assert_eq!(at(&harness), "bwd/conv1.dW/k2,1/(0,2)");
        press(&mut harness, Modifiers::NONE, Key::I);
        assert!(harness.query_by_label(&words.text("inspector.numbers")).is_some());
        // Follow an operand to where it was made.
        press(&mut harness, Modifiers::NONE, Key::W);
        let made = at(&harness);
        assert!(made.starts_with("bwd/relu1.dX/"), "{made}");
        // Set a breakpoint and run back to it.
        press(&mut harness, Modifiers::NONE, Key::T);
        chosen(&mut harness, &words.text("time.add_break"));
        chosen(&mut harness, &words.text("sentence.break.relu"));
        press(&mut harness, Modifiers::COMMAND, Key::ArrowLeft);
        let Some(StopReason::Hit(stop)) = harness.state().state.stopped() else { panic!("it stops") };
        assert_eq!(stop.reason, Break::ReluKills);
        assert!(harness.query_by_label(&words.text("sentence.stop.relu")).is_some());
        assert_ne!(at(&harness), made);
        assert!(harness.state().state.notices().is_empty(), "{:?}", harness.state().state.notices());
    }
}
