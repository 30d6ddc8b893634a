//! Attribution in the program without a window: actions in, maps out.

use crate::start;

use convstep::app::{
    Action, AppState, AttributionAction, DataAction, Effect, JobKind, Page, Subject, apply, run_tasks_here,
};
use convstep::attribution::{Method, Unit, rank_correlation};
use convstep::data::Split;
use convstep::nn::Execution;

fn update(state: &mut AppState, action: Action) {
    let effects = apply(state, action);
    let left = run_tasks_here(state, effects, Execution::SERIAL, &());
    assert!(left.is_empty() && state.notices().is_empty(), "{left:?} {:?}", state.notices());
}

/// Whether a search for the top activations is running.
fn is_searching(state: &AppState) -> bool {
    state.jobs().of_kind(JobKind::TopActivations).is_some()
}

fn ask(state: &mut AppState, action: AttributionAction) {
    update(state, Action::Attribution(action));
}

fn choose(state: &mut AppState, method: Method) {
    let mut settings = state.attribution().settings(&state.model().network);
    settings.method = method;
    (settings.steps, settings.ascent.steps) = (6, 5);
    ask(state, AttributionAction::Settings(settings));
}

fn looking() -> AppState {
    let mut state = start::shapes();
    update(&mut state, Action::SetPage(Page::Attribution));
    state
}

#[test]
fn nothing_is_computed_until_the_page_is_shown() {
    let mut state = start::shapes();
    choose(&mut state, Method::Occlusion);
    assert!(state.attribution().made().is_none());
    update(&mut state, Action::SetPage(Page::Attribution));
    let made = state.attribution().made().expect("begun");
    assert!(made.is_done() && made.unit == Unit::Score(state.prediction().0));
    assert_eq!(made.look.settings().method, Method::Occlusion);
}

#[test]
fn every_method_comes_to_its_end_piece_by_piece() {
    let mut state = looking();
    for method in Method::ALL {
        choose(&mut state, method);
        let made = state.attribution().made().expect("begun");
        assert!(made.is_done() && made.error.is_none(), "{}: {:?}", method.name(), made.error);
        assert_eq!(made.map.is_some(), method.is_map(), "{}", method.name());
    }
}

#[test]
fn the_map_follows_the_picture_and_the_weights() {
    let mut state = looking();
    let map = |state: &AppState| state.attribution().made().and_then(|made| made.map.clone()).expect("a map");
    let star = map(&state);
    update(&mut state, Action::OpenSample("shape-circle".into()));
    let circle = map(&state);
    assert_ne!(star, circle);
    // Another training step, other weights; and back again.
    update(&mut state, Action::GoTo("e3.b0".into()));
    let later = map(&state);
    assert_ne!(circle, later);
    update(&mut state, Action::GoTo("e0.b0".into()));
    assert_eq!(map(&state), circle);
}

#[test]
fn the_unit_that_is_looked_at_is_taken_from_the_focused_cell() {
    let mut state = looking();
    update(&mut state, Action::GoTo("fwd/conv1/k2/(3,5)".into()));
    ask(&mut state, AttributionAction::Focused);
    let unit = Unit::Cell { layer: 0, channel: 2, at: [3, 5] };
    assert_eq!(state.attribution().subject, Subject::Unit(unit));
    assert_eq!(state.attribution().made().map(|made| made.unit), Some(unit));
    // A weight belongs to no one unit: the choice stays.
    update(&mut state, Action::GoTo("update/conv1.weight/k0,0/(1,1)".into()));
    ask(&mut state, AttributionAction::Focused);
    assert_eq!(state.attribution().subject, Subject::Unit(unit));
    // Another network: back to what it predicts.
    update(&mut state, Action::OpenBundled("digits".into()));
    assert_eq!(state.attribution().subject, Subject::Predicted);
    assert!(state.attribution().made().is_some_and(|made| made.is_done()));
}

#[test]
fn occlusion_goes_place_by_place() {
    let mut state = looking();
    choose(&mut state, Method::Occlusion);
    let all = state.attribution().made().expect("begun").look.progress().1;
    assert_eq!(state.attribution().place, all - 1);
    ask(&mut state, AttributionAction::Previous);
    ask(&mut state, AttributionAction::Previous);
    assert_eq!(state.attribution().place, all - 3);
    ask(&mut state, AttributionAction::Next);
    assert_eq!(state.attribution().place, all - 2);
    // Begun anew, paused in the first frame, then one place at a time.
    apply(&mut state, Action::Attribution(AttributionAction::Again));
    apply(&mut state, Action::Attribution(AttributionAction::TogglePlay));
    let done = state.attribution().made().expect("begun").look.progress().0;
    assert!(done < all);
    assert!(apply(&mut state, Action::Advance).is_empty());
    assert_eq!(state.attribution().made().expect("begun").look.progress().0, done);
    ask(&mut state, AttributionAction::Next);
    assert_eq!(state.attribution().made().expect("begun").look.progress().0, done + 1);
    // What no place has covered is not there, and all else is.
    let made = state.attribution().made().expect("begun");
    let map = made.map.as_ref().expect("a map");
    assert!(map.iter().any(|x| x.is_nan()));
    assert!(map.indexed_iter().all(|((_, _, i, j), x)| made.look.has([i, j]) != x.is_nan()));
    ask(&mut state, AttributionAction::TogglePlay);
    assert!(state.attribution().made().expect("begun").is_done());
}

#[test]
fn random_weights_stand_beside_with_the_correlation() {
    let mut state = looking();
    ask(&mut state, AttributionAction::Randomise(Some(5)));
    let made = state.attribution().made().expect("begun");
    let random = made.random.as_ref().and_then(|random| random.map.as_ref()).expect("a map");
    let correlation = rank_correlation(made.map.as_ref().expect("a map"), random);
    assert_eq!(made.correlation, Some(correlation));
    assert!(correlation < 0.9, "{correlation}");
    ask(&mut state, AttributionAction::Randomise(None));
    assert!(state.attribution().made().is_some_and(|made| made.random.is_none()));
}

#[test]
fn a_unit_that_is_not_there_is_told_and_the_prediction_is_shown() {
    let mut state = looking();
    let unit = Unit::Channel { layer: 0, channel: 999 };
    let effects = apply(&mut state, Action::Attribution(AttributionAction::Subject(Subject::Unit(unit))));
    run_tasks_here(&mut state, effects, Execution::SERIAL, &());
    assert!(state.notices().last().is_some_and(|notice| notice.text.contains("got 999")));
    assert_eq!(state.attribution().subject, Subject::Predicted);
}

fn search_for(state: &mut AppState, unit: Unit) {
    ask(state, AttributionAction::Subject(Subject::Unit(unit)));
    ask(state, AttributionAction::Search);
}

#[test]
fn top_activations_are_the_largest_values() {
    let mut state = looking();
    let unit = Unit::Channel { layer: 0, channel: 1 };
    search_for(&mut state, unit);
    let search = state.attribution().search.as_ref().expect("begun");
    assert!(!is_searching(&state) && !search.is_stale(&state) && search.error.is_none());
    assert_eq!((search.unit, search.part, search.seen(), search.best().len()), (unit, Split::Train, 2000, 9));
    // Of all examples none is left out that has a larger value than the last of the nine.
    let model = state.model();
    let value = |index: u64| {
        let example = search.data.example(search.part, index).expect("an example");
        let x = model.input_from_pixels(&example.pixels).expect("fits");
        let values = model.network.forward(&model.params, &x, convstep::nn::Mode::Eval, Default::default());
        let y = values.layers[0].get(convstep::nn::Part::Out).expect("an output");
        y.indexed_iter().filter(|(at, _)| at.1 == 1).map(|(_, y)| *y).fold(f32::NEG_INFINITY, f32::max)
    };
    for excited in search.best() {
        assert_eq!(excited.value, value(excited.index));
    }
    let least = search.best()[8].value;
    let found = |index| search.best().iter().any(|excited| excited.index == index);
    assert!((0..200).all(|index| value(index) <= least || found(index)));
}

#[test]
fn what_was_found_is_out_of_date_with_another_unit_or_other_weights() {
    let mut state = looking();
    let unit = Unit::Channel { layer: 0, channel: 1 };
    search_for(&mut state, unit);
    let is_stale = |state: &AppState| state.attribution().search.as_ref().expect("kept").is_stale(state);
    assert!(!is_stale(&state));
    ask(&mut state, AttributionAction::Subject(Subject::Predicted));
    assert!(is_stale(&state));
    ask(&mut state, AttributionAction::Subject(Subject::Unit(unit)));
    assert!(!is_stale(&state));
    update(&mut state, Action::GoTo("e3.b0".into()));
    assert!(is_stale(&state));
    update(&mut state, Action::GoTo("e0.b0".into()));
    assert!(!is_stale(&state));
    // One becomes the picture that is stepped through, with its label; what was found stays.
    let search = state.attribution().search.as_ref().expect("kept");
    let (data, part, index) = (search.data.clone(), search.part, search.best()[0].index);
    let class = data.example(part, index).expect("an example").class;
    update(&mut state, Action::Data(DataAction::StepThrough { data, part, index }));
    assert_eq!((state.view().page, state.label()), (Page::Network, class));
    update(&mut state, Action::SetPage(Page::Attribution));
    assert!(!is_stale(&state));
    // Another network has other units.
    update(&mut state, Action::OpenBundled("digits".into()));
    assert!(state.attribution().search.is_none());
}

#[test]
fn a_search_shows_what_it_has_found_and_can_be_cancelled() {
    let mut state = looking();
    let unit = Unit::Channel { layer: 0, channel: 1 };
    ask(&mut state, AttributionAction::Subject(Subject::Unit(unit)));
    let begin = |state: &mut AppState| {
        let mut effects = apply(state, Action::Attribution(AttributionAction::Search));
        match effects.pop() {
            Some(Effect::Work { job, task, cancel: stop }) => (job, task, stop),
            other => panic!("{other:?}"),
        }
    };
    let is_stopped = |stop: &std::sync::atomic::AtomicBool| stop.load(std::sync::atomic::Ordering::Relaxed);
    let (job, task, stop) = begin(&mut state);
    let done = task.run(Execution::SERIAL, &()).expect("an answer");
    let effects = apply(&mut state, Action::Worked { job, done });
    let Some(Effect::Work { job, task, cancel: next }) = effects.into_iter().next() else {
        panic!("finished")
    };
    let search = state.attribution().search.as_ref().expect("begun");
    assert!(is_searching(&state) && search.seen() > 0 && search.seen() < search.all);
    assert_eq!(search.best().len(), 9);
    // Other work runs beside it.
    update(&mut state, Action::Cancel(JobKind::Computing));
    assert!(is_searching(&state));
    apply(&mut state, Action::Cancel(JobKind::TopActivations));
    assert!(is_stopped(&next) && !is_stopped(&stop));
    // An answer that comes later is not heard.
    let seen = state.attribution().search.as_ref().expect("kept").seen();
    let done = task.run(Execution::SERIAL, &()).expect("an answer");
    assert!(apply(&mut state, Action::Worked { job, done }).is_empty());
    let search = state.attribution().search.as_ref().expect("kept");
    assert_eq!((is_searching(&state), search.seen()), (false, seen));
    // It stops by itself where its answer would be out of date.
    let (job, task, _) = begin(&mut state);
    update(&mut state, Action::GoTo("e1.b0".into()));
    let done = task.run(Execution::SERIAL, &()).expect("an answer");
    assert!(apply(&mut state, Action::Worked { job, done }).is_empty());
    assert!(!is_searching(&state));
}
