//! No window tells the answer of a lesson's question before it is given: not in a painted text, not under the pointer,
//! not in the drawer "Why?", not in what a screen reader says.

use crate::harness::{Program, update, window};
use convstep::{
    app::{Action, AppState, Drawer, Lang, LessonAction, Phase, Tab},
    lesson::{Answer, BeatPage, Item, Kind, bundled},
    tensor::number,
};
use egui::{Pos2, Rect, Shape, pos2};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};

/// The window.
const SIZE: [f32; 2] = [1280.0, 720.0];
/// A second window, with less room.
const SMALL: [f32; 2] = [1024.0, 768.0];
/// Where the pointer rests, in columns and rows over the window; in the second window.
const POINTS: [usize; 2] = [8, 6];
const FEW_POINTS: [usize; 2] = [4, 3];

/// Texts that may hold the answer's number: lesson, beat, part of the text, and why.
const SHOWN_ON_PURPOSE: [[&str; 4]; 25] = [
    ["pooling", "winner", "0.145", "one of the window's four numbers, which of them goes on is asked"],
    ["pooling", "winner", "0.1446", "the same with four digits"],
    ["pooling", "transfer", "2.74", "one of the window's four numbers"],
    ["pooling", "transfer", "2.737", "the same with four digits"],
    ["chain", "who-gets-it", "−0.004044", "the gradient that arrives: who gets it is asked"],
    ["chain", "pool-gate", "−0.00223", "the gradient that arrives: what is passed on of it is asked"],
    ["chain", "relu-gate", "−0.000738", "the gradient that arrives: what is passed on of it is asked"],
    ["evidence", "guided", "−0.001498", "the gradient that arrives: whether it is passed on is asked"],
    ["evidence", "guided", "−0.00150", "the same with three digits"],
    ["chain", "who-gets-it", "−0.00404", "the same with three digits"],
    ["classifier", "other-classes", "0.00385", "the probability, from which the gradient follows"],
    ["channels", "colours", "largest 2.18", "one of two numbers: which is larger, that alone does not tell"],
    ["pooling", "winner", "\"0.181\"", "of the second item: one of the window's four numbers"],
    ["pooling", "transfer", "\"0.698\"", "the same"],
    ["chain", "pool-gate", "0.0013", "of the second item: the gradient that arrives"],
    ["chain", "pool-gate", "0.001286", "the same with four digits"],
    ["chain", "relu-gate", "−0.001565", "the same"],
    ["pixels", "transfer", "\"2.8\"", "other pixels that are white as well"],
    ["pixels", "three-colours", "\"0.25\"", "of the second item: another pixel"],
    ["channels", "colours", "\"max 2.2\"", "the largest of one of the two maps, which the text names"],
    ["learning", "one-weight", "\"−0.75\"", "the weight before the step, the same with two digits"],
    ["learning", "one-weight", "\"−0.45\"", "of the second item: the same"],
    ["learning", "transfer", "\"−0.32\"", "the same"],
    ["leaky", "one-gate", "2.0e−7", "another sum, the same with two digits"],
    ["evidence", "two-maps", "0.0333", "a cell of one of two maps: which is needed more, it does not tell"],
];

/// A text on the screen or in the accessibility tree, and where it stands.
struct Told {
    text: String,
    rect: Rect,
}

fn state<'a>(harness: &'a Harness<Program>) -> &'a AppState {
    &harness.state().state
}

fn act(harness: &mut Harness<Program>, action: impl Into<Action>) {
    update(&mut harness.state_mut().state, action.into());
    harness.run_steps(2);
}

/// All that is painted.
fn painted(shape: &Shape, clip: Rect, told: &mut Vec<Told>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| painted(shape, clip, told)),
        Shape::Text(text) if clip.intersects(shape.visual_bounding_rect()) => {
            told.push(Told { text: text.galley.text().to_owned(), rect: shape.visual_bounding_rect() });
        }
        _ => {}
    }
}

/// All that the window says, but for the options of the question.
fn says(harness: &Harness<Program>) -> Vec<Told> {
    let options: Vec<Rect> =
        harness.query_all_by_role(egui::Role::RadioButton).map(|node| node.rect()).collect();
    let mut told = Vec::new();
    for shape in &harness.output().shapes {
        painted(&shape.shape, shape.clip_rect, &mut told);
    }
    for node in harness.query_all_by(|node| node.label().is_some() || node.value().is_some()) {
        let rect = node.rect();
        let texts = [node.accesskit_node().label(), node.accesskit_node().value()];
        told.extend(texts.into_iter().flatten().map(|text| Told { text, rect }));
    }
    told.retain(|told| !options.iter().any(|option| option.expand(2.0).contains(told.rect.center())));
    told
}

/// Whether a text has a number as a whole, not as a part of another.
fn has_number(text: &str, number: &str) -> bool {
    text.match_indices(number).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + number.len()..].chars();
        let goes_on = |mut after: std::str::Chars| match after.next() {
            Some('.' | ',') => after.next().is_some_and(|c| c.is_ascii_digit()),
            Some(c) => c.is_ascii_digit() || c == 'e',
            None => false,
        };
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '−' | '-' | 'e');
        !before.is_some_and(is_part) && !goes_on(after)
    })
}

/// The numbers that would give an answer away, as the window prints numbers; none where they have so few digits that
/// they stand for other things too.
fn secrets(state: &AppState, item: &Item) -> Vec<String> {
    let trace = &state.lesson().expect("a lesson").scene().trace;
    let values: Vec<f64> = match &item.right {
        Some(Answer::Number(right)) => vec![right.value],
        // Of two places, which has the larger number.
        Some(_) if item.kind == Kind::Choice => {
            let cells = item.places.iter().filter_map(|place| trace.tensor_cell(place));
            cells.map(|(tensor, image, index)| f64::from(trace.value(tensor, image, index))).collect()
        }
        _ => Vec::new(),
    };
    let mut texts: Vec<String> = values
        .into_iter()
        .flat_map(|value| {
            let whole =
                if value.fract() == 0.0 { number::thousands(value.abs() as u64) } else { String::new() };
            let short = [2, 3, 4].map(|digits| number::significant(value as f32, digits));
            short.into_iter().chain([number::full(value as f32), whole])
        })
        // Short whole numbers stand for other things too: rows, columns, maps.
        .filter(|text| text.contains('.') || text.chars().filter(char::is_ascii_digit).count() >= 3)
        .filter(|text| text.chars().filter(|c| ('1'..='9').contains(c)).count() >= 2)
        .filter(|text| text.chars().any(|c| ('1'..='9').contains(&c)))
        .collect();
    texts.sort();
    texts.dedup();
    texts
}

/// Sizes of covered layers, as they stand in strip, overview and headings.
fn sizes(state: &AppState) -> Vec<String> {
    let plan = state.plan();
    let layers = plan.network().layers.iter().enumerate();
    let covered = layers.filter(|(l, _)| state.covers().sizes(*l));
    covered
        .flat_map(|(_, layer)| {
            let [maps, rows, cols] = layer.output;
            match rows * cols {
                1 => vec![format!("{maps} neurons"), format!("× {maps}")],
                _ => vec![
                    format!("{maps} × {rows}×{cols}"),
                    format!("{maps} × {rows} × {cols}"),
                    format!("{maps}×{rows}×{cols}"),
                    format!("{rows} × {cols}"),
                    format!("{rows}×{cols}"),
                    format!("{maps} maps"),
                ],
            }
        })
        .collect()
}

/// What the window tells of these numbers now.
fn leaks(harness: &Harness<Program>, secrets: &[String]) -> Vec<String> {
    let told = says(harness);
    let tells = told.iter().filter(|told| secrets.iter().any(|secret| has_number(&told.text, secret)));
    tells.map(|told| format!("{:?} at {:?}", told.text, told.rect.center().round())).collect()
}

/// What the window tells before the question is answered: as it stands, in the drawer, and under the pointer at so many
/// places.
fn leaks_of_question(harness: &mut Harness<Program>, size: [f32; 2], points: [usize; 2]) -> Vec<String> {
    let open = state(harness).lesson().expect("a lesson");
    let Some(item) = open.item().filter(|_| open.phase() == Phase::Asking).cloned() else {
        return Vec::new();
    };
    let mut searched = secrets(state(harness), &item);
    searched.extend(sizes(state(harness)));
    if searched.is_empty() {
        return Vec::new();
    }
    let named = |place: &str, leaks: Vec<String>| {
        leaks.into_iter().map(move |leak| format!("{place}: {leak}")).collect::<Vec<_>>()
    };
    let mut found = named("stage", leaks(harness, &searched));
    let [columns, rows] = points;
    for at in 0..columns * rows {
        let share = [(at % columns) as f32 + 0.5, (at / columns) as f32 + 0.5];
        harness.hover_at(pos2(size[0] * share[0] / columns as f32, size[1] * share[1] / rows as f32));
        harness.run_steps(2);
        found.extend(named("pointer", leaks(harness, &searched)));
    }
    harness.hover_at(Pos2::ZERO);
    act(harness, Action::SetDrawer(Some(Drawer::Why)));
    for tab in Tab::ALL {
        act(harness, Action::SetTab(tab));
        found.extend(named(tab.name(), leaks(harness, &searched)));
    }
    act(harness, Action::SetDrawer(None));
    found.sort();
    found.dedup();
    found.into_iter().map(|leak| format!("{leak} tells {searched:?}")).collect()
}

/// Searches all questions of all lessons, with the first item or with the one after it.
fn search(lang: Lang, size: [f32; 2], points: [usize; 2], is_second: bool) {
    let mut found = Vec::new();
    let mut asked = 0;
    for lesson in &bundled().lessons {
        let mut opened = AppState::new();
        update(&mut opened, Action::SetLang(lang));
        update(&mut opened, LessonAction::Start(lesson.id.clone()).into());
        let mut harness = window(opened, size, update);
        for (number, beat) in lesson.beats.iter().enumerate() {
            let Some(ask) = &beat.ask else { continue };
            if beat.page == BeatPage::Experiment || is_second && ask.vary.is_empty() {
                continue;
            }
            act(&mut harness, LessonAction::GoTo(number));
            if is_second {
                act(&mut harness, LessonAction::Again);
            }
            asked += 1;
            for leak in leaks_of_question(&mut harness, size, points) {
                let is_on_purpose = SHOWN_ON_PURPOSE
                    .iter()
                    .any(|[id, at, text, _]| (*id, *at) == (&*lesson.id, &*beat.id) && leak.contains(text));
                if !is_on_purpose {
                    found.push(format!("{} {}: {leak}", lesson.id, beat.id));
                }
            }
        }
    }
    println!("{asked} questions");
    assert!(asked > if is_second { 20 } else { 60 }, "{asked}");
    assert!(found.is_empty(), "{} leaks:\n{}", found.len(), found.join("\n"));
}

#[test]
fn no_question_is_answered_by_the_window() {
    search(Lang::En, SIZE, POINTS, false);
}

#[test]
fn nor_in_chinese_in_a_smaller_window_with_another_item() {
    search(Lang::Zh, SMALL, FEW_POINTS, true);
}

/// A cell that is asked for has "?" in it, whether it is given or computed.
#[test]
fn what_is_asked_for_is_a_question_mark() {
    for (id, beat) in
        [("pixels", "what-it-sees"), ("backprop", "forward"), ("backprop", "dw"), ("backprop", "update")]
    {
        let lesson = bundled().lesson(id).expect("the lesson");
        let mut opened = AppState::new();
        update(&mut opened, LessonAction::Start(id.into()).into());
        let mut harness = window(opened, SIZE, update);
        act(&mut harness, LessonAction::GoTo(lesson.beat(beat).expect("the beat")));
        let marks = |harness: &Harness<Program>| {
            let mut told = Vec::new();
            harness
                .output()
                .shapes
                .iter()
                .for_each(|shape| painted(&shape.shape, shape.clip_rect, &mut told));
            told.iter().filter(|told| told.text == "?").count()
        };
        assert!(marks(&harness) > 0, "{id} {beat}");
        act(&mut harness, LessonAction::GoOn);
        assert_eq!(marks(&harness), 0, "{id} {beat}");
    }
}

/// The search finds what the window says once the answer is shown.
#[test]
fn what_is_told_is_found() {
    let lesson = bundled().lesson("pooling").expect("the lesson");
    let mut opened = AppState::new();
    update(&mut opened, LessonAction::Start(lesson.id.clone()).into());
    let mut harness = window(opened, SIZE, update);
    let mut told = 0;
    for number in 0..lesson.beats.len() {
        act(&mut harness, LessonAction::GoTo(number));
        let open = state(&harness).lesson().expect("a lesson");
        let Some(item) = open.item().filter(|_| open.phase() == Phase::Asking).cloned() else { continue };
        let searched = secrets(state(&harness), &item);
        act(&mut harness, LessonAction::GoOn);
        told += usize::from(!leaks(&harness, &searched).is_empty());
    }
    assert!(told > 0, "no answer of {} is on the screen once it is shown", lesson.id);
    assert!(has_number("value 4.214", "4.214") && has_number("(4.214, 3)", "4.214"));
    assert!(
        !has_number("14.214", "4.214") && !has_number("4.2141", "4.214") && !has_number("−4.214", "4.214")
    );
}
