//! The window of a lesson: led by the clicker's keys alone, answered by mouse and by digits, cut nowhere.

use crate::harness::{Program, window};
use convstep::{
    app::{Action, AppState, Effect, Lang, LessonAction, Page, Phase, apply, run_tasks_here},
    lesson::{Answer, Kind, Verdict, bundled},
    nn::Execution,
    ui::strings::Words,
};
use egui::{Key, Modifiers, Rect, Role, vec2};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};

fn update(state: &mut AppState, action: Action) -> Vec<Effect> {
    let effects = apply(state, action);
    run_tasks_here(state, effects, Execution::SERIAL, &())
}

/// A window of so many points with a lesson at its first beat.
fn lesson(id: &str, lang: Lang, size: [f32; 2]) -> Harness<'static, Program> {
    let mut state = AppState::new();
    update(&mut state, Action::SetLang(lang));
    update(&mut state, LessonAction::Start(id.into()).into());
    window(state, size, update)
}

fn state<'a>(harness: &'a Harness<Program>) -> &'a AppState {
    &harness.state().state
}

fn do_it(harness: &mut Harness<Program>, action: impl Into<Action>) {
    update(&mut harness.state_mut().state, action.into());
    harness.run_steps(3);
}

fn press(harness: &mut Harness<Program>, key: Key) {
    harness.key_press(key);
    harness.run_steps(3);
}

#[test]
fn the_clicker_leads_from_the_first_beat_to_the_last() {
    for id in ["pattern", "backprop"] {
        for lang in Lang::ALL {
            let mut harness = lesson(id, lang, [1280.0, 720.0]);
            let words = Words(lang);
            let beats = state(&harness).lesson().expect("open").lesson().beats.len();
            for beat in 0..beats {
                let open = state(&harness).lesson().expect("open");
                assert_eq!(open.beat(), beat, "{id} {lang:?}");
                let asks = open.phase() == Phase::Asking;
                assert_eq!(harness.query_by_label(&words.text("lesson.show")).is_some(), asks, "{id} {beat}");
                if asks {
                    press(&mut harness, Key::PageDown);
                    let open = state(&harness).lesson().expect("open");
                    assert_eq!((open.beat(), open.phase()), (beat, Phase::Shown), "{id} {lang:?}");
                }
                // Back and forth leads to the same beat.
                if beat > 0 {
                    press(&mut harness, Key::PageUp);
                    assert_eq!(state(&harness).lesson().expect("open").beat(), beat - 1);
                    while state(&harness).lesson().expect("open").beat() < beat {
                        press(&mut harness, Key::PageDown);
                    }
                    if state(&harness).lesson().expect("open").phase() == Phase::Asking {
                        press(&mut harness, Key::PageDown);
                    }
                }
                press(&mut harness, Key::PageDown);
            }
            assert!(state(&harness).lesson().is_none(), "{id} {lang:?}: the lesson has ended");
            assert_eq!(state(&harness).view().page, Page::Home);
            harness.get_by_label_contains(&words.text("home.lesson_done"));
        }
    }
}

/// Goes to the first beat with a question of a kind.
fn at_kind(harness: &mut Harness<Program>, kind: Kind) {
    let open = state(harness).lesson().expect("open");
    let beats = &open.lesson().beats;
    let beat = beats.iter().position(|beat| beat.ask.as_ref().is_some_and(|ask| ask.kind == kind));
    do_it(harness, LessonAction::GoTo(beat.expect("a question of the kind")));
}

#[test]
fn a_choice_is_answered_by_mouse_and_by_digit() {
    let mut harness = lesson("pattern", Lang::En, [1280.0, 720.0]);
    at_kind(&mut harness, Kind::Choice);
    let open = state(&harness).lesson().expect("open");
    let options = open.item().expect("an item").options.clone();
    let right = options.iter().position(|option| option.is_right).expect("a right one");
    let wrong = options.iter().position(|option| !option.is_right).expect("a wrong one");
    let rows = |harness: &Harness<Program>| {
        let all = harness.query_all_by_role(Role::RadioButton);
        all.filter_map(|node| node.accesskit_node().label()).collect::<Vec<String>>()
    };
    let before = rows(&harness);
    assert_eq!(before.len(), options.len(), "{before:?}");
    assert!(!before.iter().any(|row| row.contains("right") || row.contains("wrong")), "{before:?}");
    harness.get_by_label(&before[wrong]).click();
    harness.run_steps(3);
    let open = state(&harness).lesson().expect("open");
    assert_eq!(open.phase(), Phase::Shown);
    let after = rows(&harness);
    assert!(after[right].contains(", right"), "{after:?}");
    assert!(after[wrong].contains(", your answer, wrong"), "{after:?}");
    harness.get_by_label("Not quite.");
    if let Some(Verdict::Rule(rule)) = open.verdict() {
        let idea = &bundled().misconceptions[rule.id].option.en;
        assert!(after[wrong].contains(idea.as_str()), "{after:?} lacks {idea}");
    }
    // Asked again, by the digit of the right answer.
    do_it(&mut harness, LessonAction::GoTo(0));
    at_kind(&mut harness, Kind::Choice);
    let digit = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5];
    let open = state(&harness).lesson().expect("open");
    let right = open.item().expect("an item").options.iter().position(|option| option.is_right);
    press(&mut harness, digit[right.expect("a right one")]);
    assert_eq!(state(&harness).lesson().expect("open").verdict(), Some(&Verdict::Right));
    harness.get_by_label("Right.");
}

#[test]
fn a_number_is_typed_wherever_the_keyboard_is() {
    let mut harness = lesson("pattern", Lang::En, [1280.0, 720.0]);
    at_kind(&mut harness, Kind::Number);
    let open = state(&harness).lesson().expect("open");
    let Some(Answer::Number(right)) = open.item().expect("an item").right.clone() else { panic!("a number") };
    let grain = state(&harness).cursor().grain();
    for c in format!("{}", right.value).chars() {
        harness.event(egui::Event::Text(c.to_string()));
        harness.run_steps(2);
    }
    assert_eq!(state(&harness).cursor().grain(), grain, "digits belong to the number");
    press(&mut harness, Key::Enter);
    assert_eq!(state(&harness).lesson().expect("open").verdict(), Some(&Verdict::Right));
}

#[test]
fn hands_are_counted_by_digits_and_hidden_until_they_are_counted() {
    let mut harness = lesson("pattern", Lang::En, [1280.0, 720.0]);
    at_kind(&mut harness, Kind::Choice);
    press(&mut harness, Key::H);
    for _ in 0..3 {
        press(&mut harness, Key::Num1);
    }
    press(&mut harness, Key::Num2);
    harness.key_press_modifiers(Modifiers::SHIFT, Key::Num1);
    harness.run_steps(3);
    let hands = state(&harness).lesson().expect("open").hands().clone();
    assert_eq!((hands.counting, hands.counts[..2].to_vec()), (true, vec![2, 1]));
    press(&mut harness, Key::H);
    let open = state(&harness).lesson().expect("open");
    assert_eq!((open.hands().counting, open.phase()), (false, Phase::Asking));
}

#[test]
fn one_key_leads_back_to_the_lesson() {
    for lang in Lang::ALL {
        let mut harness = lesson("pattern", lang, [1280.0, 720.0]);
        let words = Words(lang);
        let shown = state(&harness).look();
        assert!(harness.query_by_label(&words.text("lesson.return")).is_none());
        press(&mut harness, Key::F3);
        assert!(state(&harness).is_aside());
        harness.get_by_label(&words.text("lesson.return"));
        press(&mut harness, Key::Backspace);
        assert!(!state(&harness).is_aside());
        assert_eq!(state(&harness).look(), shown);
        // By mouse, too.
        press(&mut harness, Key::ArrowUp);
        press(&mut harness, Key::F3);
        harness.get_by_label(&words.text("lesson.return")).click();
        harness.run_steps(3);
        assert!(!state(&harness).is_aside());
        assert_eq!(state(&harness).look(), shown);
    }
}

#[test]
fn the_panel_is_cut_nowhere() {
    let windows = [[1280.0, 720.0], [1024.0, 768.0], [1920.0, 1080.0]];
    for [w, h] in windows {
        for zoom in [1.0, 1.25, 1.5, 2.0] {
            for lang in Lang::ALL {
                let size = [w / zoom, h / zoom];
                let mut harness = lesson("pattern", lang, size);
                let words = Words(lang);
                for shown in [false, true] {
                    if shown {
                        press(&mut harness, Key::PageDown);
                    }
                    let screen = Rect::from_min_size(egui::Pos2::ZERO, vec2(size[0], size[1]));
                    let keys =
                        ["lesson.back", if shown { "lesson.go_on" } else { "lesson.skip" }, "lesson.close"];
                    for key in keys {
                        let rect = harness.get_by_label(&words.text(key)).rect();
                        assert!(screen.contains_rect(rect), "{size:?} {lang:?}, {key}: {rect:?}");
                        assert!(rect.height() >= 30.0, "{size:?} {lang:?}, {key}: {rect:?}");
                    }
                    for row in harness.query_all_by_role(Role::RadioButton) {
                        let rect = row.rect();
                        let is_whole = rect.left() >= 0.0 && rect.right() <= size[0];
                        assert!(is_whole && rect.height() >= 44.0, "{size:?} {lang:?}: {rect:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn home_and_the_list_begin_a_lesson_and_go_on_with_it() {
    let mut state_ = AppState::new();
    update(&mut state_, Action::SetPage(Page::Home));
    let mut harness = window(state_, [1280.0, 720.0], update);
    harness.get_by_label_contains("Lesson 1: ").click();
    harness.run_steps(3);
    assert_eq!(state(&harness).lesson().map(|open| open.lesson().number), Some(1));
    press(&mut harness, Key::PageDown);
    press(&mut harness, Key::PageDown);
    let beat = state(&harness).lesson().expect("open").beat();
    assert!(beat > 0);
    harness.get_by_label("Close the lesson").click();
    harness.run_steps(3);
    assert!(state(&harness).lesson().is_none());
    harness.get_by_label("All lessons").click();
    harness.run_steps(3);
    let resume =
        harness.query_all_by(|node| node.label().is_some_and(|label| label.starts_with("Go on: 1 ")));
    let resume: Vec<_> = resume.collect();
    assert_eq!(resume.len(), 1);
    resume[0].click();
    harness.run_steps(3);
    let open = state(&harness).lesson().expect("open");
    assert_eq!((open.lesson().number, open.beat()), (1, beat));
}

#[test]
fn a_task_says_how_it_is_done_and_what_came_of_it() {
    for (lang, way, now) in
        [(Lang::En, "One way: ", "Asked for: < 0."), (Lang::Zh, "一种做法：", "要求：< 0。")]
    {
        let mut harness = lesson("backprop", lang, [1280.0, 720.0]);
        let beat = bundled().lesson("backprop").and_then(|lesson| lesson.beat("make")).expect("the task");
        do_it(&mut harness, LessonAction::GoTo(beat));
        assert!(harness.query_by_label_contains(now).is_none());
        do_it(&mut harness, LessonAction::GoOn);
        harness.get_by_label_contains(way);
        harness.get_by_label_contains(now);
    }
}
