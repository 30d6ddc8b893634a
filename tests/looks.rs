//! What a unit looks at, in the program without a window: actions in, maps out.

use convstep::app::{Action, AppState, LooksAction, Page, Subject, apply, settle};
use convstep::attribution::{Method, Unit, rank_correlation};
use convstep::nn::Watch;

fn act(state: &mut AppState, action: Action) {
    let effects = apply(state, action);
    let left = settle(state, effects, Watch::NONE);
    assert!(left.is_empty() && state.notices.is_empty(), "{left:?} {:?}", state.notices);
}

fn ask(state: &mut AppState, action: LooksAction) {
    act(state, Action::Looks(action));
}

fn choose(state: &mut AppState, method: Method) {
    let mut settings = state.looks.settings(&state.model().network);
    settings.method = method;
    (settings.steps, settings.ascent.steps) = (6, 5);
    ask(state, LooksAction::Settings(settings));
}

fn looking() -> AppState {
    let mut state = AppState::new();
    act(&mut state, Action::SetPage(Page::Looks));
    state
}

#[test]
fn nothing_is_computed_until_the_page_is_shown() {
    let mut state = AppState::new();
    choose(&mut state, Method::Occlusion);
    assert!(state.looks.made().is_none());
    act(&mut state, Action::SetPage(Page::Looks));
    let made = state.looks.made().expect("begun");
    assert!(made.is_done() && made.unit == Unit::Score(state.prediction().0));
    assert_eq!(made.look.settings().method, Method::Occlusion);
}

#[test]
fn every_method_comes_to_its_end_piece_by_piece() {
    let mut state = looking();
    for method in Method::ALL {
        choose(&mut state, method);
        let made = state.looks.made().expect("begun");
        assert!(made.is_done() && made.error.is_none(), "{}: {:?}", method.name(), made.error);
        assert_eq!(made.map.is_some(), method.is_map(), "{}", method.name());
    }
}

#[test]
fn the_map_follows_the_picture_and_the_weights() {
    let mut state = looking();
    let map = |state: &AppState| state.looks.made().and_then(|made| made.map.clone()).expect("a map");
    let star = map(&state);
    act(&mut state, Action::OpenSample("shape-circle".into()));
    let circle = map(&state);
    assert_ne!(star, circle);
    // Another training step, other weights; and back again.
    act(&mut state, Action::GoTo("e3.b0".into()));
    let later = map(&state);
    assert_ne!(circle, later);
    act(&mut state, Action::GoTo("e0.b0".into()));
    assert_eq!(map(&state), circle);
}

#[test]
fn the_unit_that_is_looked_at_is_taken_from_the_focused_cell() {
    let mut state = looking();
    act(&mut state, Action::GoTo("fwd/conv1/k2/(3,5)".into()));
    ask(&mut state, LooksAction::Focused);
    let unit = Unit::Cell { layer: 0, channel: 2, at: [3, 5] };
    assert_eq!(state.looks.subject, Subject::Unit(unit));
    assert_eq!(state.looks.made().map(|made| made.unit), Some(unit));
    // A weight belongs to no one unit: the choice stays.
    act(&mut state, Action::GoTo("update/conv1.weight/k0,0/(1,1)".into()));
    ask(&mut state, LooksAction::Focused);
    assert_eq!(state.looks.subject, Subject::Unit(unit));
    // Another network: back to what it predicts.
    act(&mut state, Action::OpenBundled("digits".into()));
    assert_eq!(state.looks.subject, Subject::Predicted);
    assert!(state.looks.made().is_some_and(|made| made.is_done()));
}

#[test]
fn occlusion_goes_place_by_place() {
    let mut state = looking();
    choose(&mut state, Method::Occlusion);
    let all = state.looks.made().expect("begun").look.progress().1;
    assert_eq!(state.looks.place, all - 1);
    ask(&mut state, LooksAction::Previous);
    ask(&mut state, LooksAction::Previous);
    assert_eq!(state.looks.place, all - 3);
    ask(&mut state, LooksAction::Next);
    assert_eq!(state.looks.place, all - 2);
    // Begun anew, paused in the first frame, then one place at a time.
    apply(&mut state, Action::Looks(LooksAction::Again));
    apply(&mut state, Action::Looks(LooksAction::TogglePlay));
    let done = state.looks.made().expect("begun").look.progress().0;
    assert!(done < all);
    assert!(apply(&mut state, Action::Advance).is_empty());
    assert_eq!(state.looks.made().expect("begun").look.progress().0, done);
    ask(&mut state, LooksAction::Next);
    assert_eq!(state.looks.made().expect("begun").look.progress().0, done + 1);
    assert!(state.looks.made().and_then(|made| made.map.as_ref()).expect("a map").iter().any(|x| x.is_nan()));
    ask(&mut state, LooksAction::TogglePlay);
    assert!(state.looks.made().expect("begun").is_done());
}

#[test]
fn random_weights_stand_beside_with_the_correlation() {
    let mut state = looking();
    ask(&mut state, LooksAction::Randomise(Some(5)));
    let made = state.looks.made().expect("begun");
    let random = made.random.as_ref().and_then(|random| random.map.as_ref()).expect("a map");
    let correlation = rank_correlation(made.map.as_ref().expect("a map"), random);
    assert_eq!(made.correlation, Some(correlation));
    assert!(correlation < 0.9, "{correlation}");
    ask(&mut state, LooksAction::Randomise(None));
    assert!(state.looks.made().is_some_and(|made| made.random.is_none()));
}

#[test]
fn a_unit_that_is_not_there_is_told_and_the_prediction_is_shown() {
    let mut state = looking();
    let unit = Unit::Channel { layer: 0, channel: 999 };
    let effects = apply(&mut state, Action::Looks(LooksAction::Subject(Subject::Unit(unit))));
    settle(&mut state, effects, Watch::NONE);
    assert!(state.notices.last().is_some_and(|notice| notice.text.contains("got 999")));
    assert_eq!(state.looks.subject, Subject::Predicted);
}
