//! Home: what the first page says, and where its buttons lead.

use crate::frame::draw;
use crate::harness::{Program, update, window};
use convstep::{
    app::{Action, AppState, Effect, FileAction, Lang, Page, Recent, apply},
    data::samples,
    model_io::bundled,
    trace::{Depth, Pass},
};
use egui::{Rect, vec2};
use egui_kittest::{Harness, kittest::Queryable};

fn home(lang: Lang) -> AppState {
    let model = bundled::load("shapes").expect("bundled");
    let picture = samples::load("shape-star").expect("bundled");
    let mut state = AppState::open(model, picture).expect("fits");
    apply(&mut state, Action::SetPage(Page::Home));
    apply(&mut state, Action::SetLang(lang));
    state
}

fn state<'a>(harness: &'a Harness<Program>) -> &'a AppState {
    &harness.state().state
}

#[test]
fn look_inside_leads_to_the_whole_network_with_its_answer() {
    let mut harness = window(home(Lang::En), [1280.0, 720.0], update);
    harness.get_by_label("Look inside").click();
    harness.run_steps(3);
    assert_eq!(state(&harness).view().page, Page::Network);
    let look = state(&harness).look();
    assert_eq!(Depth::new(&look), Depth::Pass);
    assert_eq!(state(&harness).plan().stage_at(&look).map(|stage| stage.pass), Some(Pass::Fwd));
    assert!(state(&harness).knows_scores());
    harness.get_by_label_contains("Point at a map to see where it looks.");
    assert!(harness.query_by_label_contains("Not computed yet").is_none());
}

#[test]
fn look_inside_is_large_and_wholly_visible_in_every_window() {
    for size in
        [[1920.0, 1080.0], [1280.0, 720.0], [1024.0, 768.0], [853.0, 480.0], [640.0, 360.0], [512.0, 384.0]]
    {
        for lang in Lang::ALL {
            let harness = window(home(lang), size, update);
            let words = convstep::ui::strings::Words(lang).text("home.look_inside");
            let rect = harness.get_by_label(&words).rect();
            assert!(rect.width() >= 300.0 && rect.height() >= 56.0, "{size:?}: {rect:?}");
            let screen = Rect::from_min_size(egui::Pos2::ZERO, vec2(size[0], size[1]));
            assert!(screen.contains_rect(rect), "{size:?}: {rect:?}");
        }
    }
}

#[test]
fn another_network_and_another_picture_change_the_answer_at_once() {
    let mut harness = window(home(Lang::En), [1280.0, 720.0], update);
    harness.get_by_label_contains("star 9");
    harness.get_by_label_contains("Digits: ").click();
    harness.run_steps(3);
    assert_eq!(state(&harness).model().name, "digits");
    harness.get_by_label("Sample digit-3").click();
    harness.run_steps(3);
    assert_eq!(state(&harness).inputs().picture.name, "digit-3");
    assert_eq!(state(&harness).prediction().0, 3);
    assert_eq!(state(&harness).view().page, Page::Home);
    let texts = draw(state(&harness), vec2(1280.0, 720.0), false);
    assert_eq!(texts.iter().filter(|text| *text == "fits your picture").count(), 1, "{texts:#?}");
}

#[test]
fn what_is_typed_after_g_goes_into_the_address_field_of_the_network() {
    let mut harness = window(home(Lang::En), [1280.0, 720.0], update);
    harness.key_press(egui::Key::G);
    harness.run_steps(2);
    // A full stop would blank the window if no field took it.
    harness.event(egui::Event::Text("conv1.weight/k3,0".into()));
    harness.run_steps(2);
    harness.key_press(egui::Key::Enter);
    harness.run_steps(4);
    let view = state(&harness).view();
    assert_eq!((view.page, view.blank, view.typing_address), (Page::Network, false, false));
    let look = state(&harness).plan().text(&state(&harness).look());
    assert!(look.starts_with("conv1.weight/k3,0"), "{look}");
}

#[test]
fn each_language_is_a_button_in_its_own_words() {
    let mut harness = window(home(Lang::En), [1280.0, 720.0], update);
    harness.get_by_label("中文").click();
    harness.run_steps(3);
    assert_eq!(state(&harness).view().lang, Lang::Zh);
    harness.get_by_label("English").click();
    harness.run_steps(3);
    assert_eq!(state(&harness).view().lang, Lang::En);
}

#[test]
fn a_session_to_go_on_with_is_offered_only_where_there_is_one() {
    let mut harness = window(home(Lang::En), [1280.0, 720.0], update);
    assert!(harness.query_by_label("Go on where you were:").is_none());
    let recent = |path: &str| Recent { location: path.into(), is_there: true };
    let files = vec![recent("/home/me/cat.png"), recent("/home/me/monday.convstep")];
    apply(&mut harness.state_mut().state, FileAction::Recent(files).into());
    harness.run_steps(2);
    harness.get_by_label("Go on where you were:");
    harness.get_by_label_contains("monday").click();
    harness.run_steps(2);
    assert!(
        harness
            .state()
            .asked
            .iter()
            .any(|effect| matches!(effect, Effect::Read(path) if path.name() == "monday.convstep")),
        "{:?}",
        harness.state().asked
    );
}

#[test]
fn the_words_of_home_need_no_explanation() {
    let words = ["address", "tensor", "grain", "stage", "logit", "softmax", "epoch", "channel", "kernel"];
    let texts = draw(&home(Lang::En), vec2(1280.0, 720.0), false);
    for text in &texts {
        let lower = text.to_lowercase();
        assert!(!words.iter().any(|word| lower.contains(word)), "{text}");
    }
    for wanted in ["See how a neural network looks at a picture", "A picture", "Its answer", "Look inside"] {
        assert!(texts.iter().any(|text| text == wanted), "{wanted}: {texts:#?}");
    }
}

#[test]
fn what_is_new_and_what_this_is_open_and_close() {
    let mut harness = window(home(Lang::En), [1280.0, 720.0], update);
    harness.get_by_label("What is new").click();
    harness.run_steps(3);
    assert!(state(&harness).view().sheet.is_some());
    harness.get_by_label_contains("one button that leads inside");
    harness.key_press(egui::Key::Escape);
    harness.run_steps(3);
    assert!(state(&harness).view().sheet.is_none());
    assert_eq!(state(&harness).view().page, Page::Home);
    let buttons = harness.query_all_by(|node| node.label().as_deref() == Some("Look inside"));
    assert_eq!(buttons.count(), 1);
}
