//! What is wrong with a lesson, where, and what to write instead; and a simulated learner who believes a rule.

use super::{
    answer::Answer,
    catalogue::Catalogue,
    expression::{Condition, Expression},
    format::{Ask, Beat, BeatPage, Kind, Lesson, SetValue, Text},
    item::{Item, ItemError, Verdict, met},
    markup::{Span, spans},
    misconceptions::{Rule, rule},
    pattern::{Variables, places, substitute},
    scene::{Edit, Scene, Setting},
};
use crate::nn::Execution;
use crate::train::{Learned, ShuffleExperiment};
use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

/// How many seeds a question is tried with.
const SEEDS: u64 = 200;

/// Digits by which answers must differ.
const DIGITS: usize = 4;

/// Within how many questions a believer is contradicted.
const QUESTIONS: usize = 3;

/// The longest text of a beat, in English words and in Chinese characters.
const LONGEST: [usize; 2] = [45, 80];

/// A fault of a lesson.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The beat's id; empty for the lesson as a whole.
    pub beat: String,
    /// What is wrong and what to write instead.
    pub text: String,
}

/// Sets up the program as a beat asks for and gives the numbers.
pub type Stage<'a> = &'a dyn Fn(&Setting) -> Result<Scene, String>;

/// The scene of a beat, with what is remembered there.
///
/// # Errors
/// Where the setting cannot be made.
pub fn scene_of_beat(lesson: &Lesson, beat: usize, stage: Stage) -> Result<Scene, String> {
    let scene = stage(&lesson.setting(beat)?)?;
    let before = lesson.remembered(beat)?.map(|setting| stage(&setting)).transpose()?;
    let is_experiment = lesson.beats[beat].page == BeatPage::Experiment;
    let experiment = if is_experiment { Some(experiment()?) } else { None };
    Ok(Scene { before: before.map(Box::new), experiment, ..scene })
}

/// The experiment with shuffled pixels, which comes out the same each time.
fn experiment() -> Result<Arc<[Learned; 4]>, String> {
    static MADE: OnceLock<Result<Arc<[Learned; 4]>, String>> = OnceLock::new();
    let made = || match ShuffleExperiment::default().run(Execution::SERIAL) {
        Ok(Some(learned)) => Ok(Arc::new(learned)),
        Ok(None) => Err("expected the experiment to end, got a cancelled one; try again".into()),
        Err(error) => Err(error.0),
    };
    MADE.get_or_init(made).clone()
}

/// All faults of a lesson.
pub fn check(lesson: &Lesson, catalogue: &Catalogue, stage: Stage) -> Vec<Fault> {
    let mut faults = Vec::new();
    check_whole(lesson, catalogue, &mut faults);
    let mut ids = BTreeSet::new();
    let mut offered = BTreeSet::new();
    let mut scenes: Vec<Option<Scene>> = Vec::new();
    for (number, beat) in lesson.beats.iter().enumerate() {
        let mut say = |text: String| faults.push(Fault { beat: beat.id.clone(), text });
        if !ids.insert(&beat.id) {
            say(format!("id: expected another id, got {:?} twice; rename one", beat.id));
        }
        check_texts(beat, &mut say);
        let scene = match scene_of_beat(lesson, number, stage) {
            Ok(scene) => scene,
            Err(error) => {
                say(error);
                scenes.push(None);
                continue;
            }
        };
        check_beat(lesson, number, &scene, stage, &mut offered, &mut say);
        scenes.push(Some(scene));
    }
    for id in &lesson.meets {
        if !offered.contains(id.as_str()) {
            faults.push(whole(format!(
                "meets: expected a question that offers {id}, got none; add it to a `wrong`, or take it out of meets"
            )));
        } else if let Some(rule) = rule(id) {
            faults.extend(believe(lesson, &scenes, rule).map(whole));
        }
    }
    faults
}

fn whole(text: String) -> Fault {
    Fault { beat: String::new(), text }
}

/// What concerns the lesson as a whole: its words, its misconceptions, its levels.
fn check_whole(lesson: &Lesson, catalogue: &Catalogue, faults: &mut Vec<Fault>) {
    for word in lesson.needs.iter().chain(&lesson.words) {
        if !catalogue.words.contains_key(word) {
            faults.push(whole(format!("expected a word of words.toml, got {word:?}; add it there")));
        }
    }
    for word in &lesson.needs {
        let from = catalogue.words.get(word).and_then(|word| catalogue.lesson(&word.lesson));
        if lesson.number > 0 && from.is_some_and(|from| from.number >= lesson.number) {
            faults.push(whole(format!(
                "needs: expected a word of an earlier lesson, got {word:?}; do without it, or move the lesson"
            )));
        }
    }
    for id in &lesson.meets {
        if rule(id).is_none() {
            faults.push(whole(format!(
                "meets: expected a misconception, got {id:?}; docs/lessons.md lists them"
            )));
        }
    }
    let asks = || lesson.beats.iter().filter_map(|beat| beat.ask.as_ref());
    let levels = [
        (asks().any(|ask| ask.kind != Kind::Think), "a question that is scored"),
        (
            asks().any(|ask| ask.again.is_some()) || lesson.beats.iter().any(|beat| !beat.set.is_empty()),
            "a question after a change (set or again)",
        ),
        (
            asks().any(|ask| matches!(ask.kind, Kind::Change | Kind::RunTo)),
            "something to make (kind = \"change\")",
        ),
        (
            lesson
                .beats
                .iter()
                .filter_map(|beat| beat.open.as_ref())
                .any(|open| open.model.as_ref().is_some_and(|model| *model != lesson.model)),
            "a beat on another model (open.model)",
        ),
    ];
    for (there, what) in levels {
        if !there {
            faults.push(whole(format!("expected {what}, got none; add one")));
        }
    }
}

/// The beat's texts: both languages, not too long, no number that could be computed.
fn check_texts(beat: &Beat, say: &mut impl FnMut(String)) {
    for (name, text, longest) in [("en", &beat.en, LONGEST[0]), ("zh", &beat.zh, LONGEST[1])] {
        if text.trim().is_empty() {
            say(format!("{name}: expected a text, got nothing; write one in each language"));
        }
        let length = if name == "en" { words(text) } else { characters(text) };
        if length > longest {
            say(format!("{name}: expected at most {longest} words or characters, got {length}; shorten it"));
        }
        if let Some(number) = typed_number(text) {
            say(format!(
                "{name}: expected a number that is computed, got {number}; write {{value(…)}}, or put it in backquotes"
            ));
        }
        for span in spans(text) {
            let opened = ["**", "](", "{"].into_iter().find(|sign| match &span {
                Span::Plain(plain) => plain.contains(sign),
                Span::Introduced(_) | Span::Link { .. } | Span::Literal(_) | Span::Computed(_) => false,
            });
            if let Some(sign) = opened {
                say(format!("{name}: expected {sign} to be closed, got the end of the text; close it"));
            }
        }
    }
    let ask = beat.ask.as_ref();
    let texts = ask.into_iter().flat_map(|ask| [Some(&ask.q), ask.why.as_ref()]).chain([beat.note.as_ref()]);
    for Text { en, zh } in texts.flatten() {
        if en.trim().is_empty() || zh.trim().is_empty() {
            say("expected a text in each language, got nothing in one; write it".into());
        }
    }
}

fn words(text: &str) -> usize {
    plain(text).split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count()
}

fn characters(text: &str) -> usize {
    plain(text).chars().filter(|c| !c.is_whitespace() && !c.is_ascii_punctuation()).count()
}

/// A text as it is read: links without addresses, a computed number as one character.
fn plain(text: &str) -> String {
    let read = |span| match span {
        Span::Plain(text) | Span::Introduced(text) | Span::Literal(text) | Span::Link { text, .. } => text,
        Span::Computed(_) => "0".into(),
    };
    spans(text).into_iter().map(read).collect()
}

/// A decimal number that stands in a text outside of braces and backquotes.
fn typed_number(text: &str) -> Option<String> {
    for span in spans(text) {
        let Span::Plain(plain) = span else { continue };
        let mut rest = plain.as_str();
        while let Some(begin) = rest.find(|c: char| c.is_ascii_digit()) {
            let tail = &rest[begin..];
            let len = tail.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tail.len());
            let number = tail[..len].trim_end_matches('.');
            if number.contains('.') && number.len() > 4 {
                return Some(number.to_owned());
            }
            rest = &tail[len..];
        }
    }
    None
}

/// The beat's addresses and its question.
fn check_beat(
    lesson: &Lesson,
    number: usize,
    scene: &Scene,
    stage: Stage,
    offered: &mut BTreeSet<&'static str>,
    say: &mut impl FnMut(String),
) {
    let beat = &lesson.beats[number];
    let of_gradients = beat.at.as_deref().unwrap_or_default();
    let needs_label =
        ["loss", "bwd", "update"].iter().any(|pass| of_gradients.split('/').any(|part| part == *pass));
    if needs_label && scene.label.is_none() {
        say("label: expected the right class, got none; without one the program takes its own guess".into());
    }
    let Some(ask) = &beat.ask else {
        check_places(beat, None, scene, &Variables::new(), say);
        return;
    };
    for seed in 0..SEEDS {
        match Item::draw(beat, scene, seed, DIGITS) {
            Ok(item) => {
                offered.extend(item.options.iter().flat_map(|option| &option.rules).map(|rule| rule.id));
                if seed == 0 {
                    check_places(beat, Some(ask), scene, &item.variables, say);
                }
            }
            Err(ItemError::Wrong(error)) => return say(error),
            Err(error @ ItemError::Alike(_)) => return say(error.to_string()),
        }
        if ask.vary.is_empty() {
            break;
        }
    }
    for id in &ask.wrong {
        if rule(id).is_some() && !offered.contains(id.as_str()) {
            say(format!(
                "wrong: expected {id} to lead to an answer of its own, got none in {SEEDS} seeds; take it out"
            ));
        }
    }
    if ask.kind == Kind::Change {
        check_task(lesson, number, ask, scene, stage, say);
    }
}

/// All addresses of a beat, and the expressions in its texts.
fn check_places(
    beat: &Beat,
    ask: Option<&Ask>,
    scene: &Scene,
    variables: &Variables,
    say: &mut impl FnMut(String),
) {
    let targets =
        [&beat.en, &beat.zh].into_iter().flat_map(|text| spans(text)).filter_map(|span| match span {
            Span::Link { target, .. } => Some(target),
            Span::Plain(_) | Span::Introduced(_) | Span::Literal(_) | Span::Computed(_) => None,
        });
    let asked = ask
        .into_iter()
        .flat_map(|ask| ask.within.iter().chain(&ask.items).chain(ask.may.all()).chain(ask.answer.keys()));
    let patterns = beat.at.iter().chain(&beat.point).chain(&beat.hide).chain(beat.set.keys()).chain(asked);
    for pattern in patterns.cloned().chain(targets) {
        let found = substitute(&pattern, variables).and_then(|text| places(scene.plan(), &text));
        if let Err(error) = found {
            say(error);
        }
    }
    let computed =
        [&beat.en, &beat.zh].into_iter().flat_map(|text| spans(text)).filter_map(|span| match span {
            Span::Computed(expression) => Some(expression),
            Span::Plain(_) | Span::Introduced(_) | Span::Literal(_) | Span::Link { .. } => None,
        });
    for expression in computed {
        if variables.contains_key(&expression) {
            continue;
        }
        let parsed = substitute(&expression, variables)
            .and_then(|text| Expression::parse(&text).map_err(|error| error.0));
        let at = super::item::place(beat, scene, variables).ok().flatten();
        let value = parsed.and_then(|parsed| {
            super::evaluator::Evaluator::new(scene, at, variables).answer(&parsed).map(|_| ())
        });
        if let Err(error) = value {
            say(format!("{{{expression}}}: {error}"));
        }
    }
    for goal in ask.into_iter().flat_map(|ask| ask.goal.all()) {
        if let Err(error) = substitute(goal, variables).map(|text| Condition::parse(&text)).map(|_| ()) {
            say(error);
        }
    }
}

/// A task must not be done already, and its model answer must do it.
fn check_task(
    lesson: &Lesson,
    number: usize,
    ask: &Ask,
    scene: &Scene,
    stage: Stage,
    say: &mut impl FnMut(String),
) {
    let beat = &lesson.beats[number];
    let variables = Item::draw(beat, scene, 0, DIGITS).map(|item| item.variables).unwrap_or_default();
    match met(beat, scene, &variables) {
        Ok(true) => {
            say("goal: expected a condition that does not hold yet, got one that does; sharpen it".into())
        }
        Ok(false) => {}
        Err(error) => return say(format!("goal: {error}")),
    }
    if ask.answer.is_empty() {
        return say("answer: expected edits that reach the goal, got none; write answer = { … }".into());
    }
    match answered(lesson, number, scene, &ask.answer, stage).and_then(|scene| met(beat, &scene, &variables))
    {
        Ok(true) => {}
        Ok(false) => {
            say("answer: expected edits that reach the goal, got some that don't; correct them".into())
        }
        Err(error) => say(format!("answer: {error}")),
    }
}

/// The scene after the model answer of a task.
///
/// # Errors
/// Where the edits cannot be made.
pub fn answered(
    lesson: &Lesson,
    beat: usize,
    scene: &Scene,
    answer: &std::collections::BTreeMap<String, SetValue>,
    stage: Stage,
) -> Result<Scene, String> {
    let mut setting = lesson.setting(beat)?;
    setting.edits.extend(Edit::all(answer)?);
    let before = Scene { before: None, ..scene.clone() };
    Ok(Scene { before: Some(Box::new(before)), ..stage(&setting)? })
}

/// Walks a lesson as a learner who answers with one rule wherever that applies, and rightly elsewhere. `None` where
/// the learner is contradicted, by the rule's name, within three questions from the first to which it applies; else
/// what is wrong.
pub fn believe(lesson: &Lesson, scenes: &[Option<Scene>], rule: &Rule) -> Option<String> {
    let mut left = QUESTIONS;
    let mut others = BTreeSet::new();
    for (beat, scene) in lesson.beats.iter().zip(scenes) {
        let (Some(scene), Some(ask)) = (scene, &beat.ask) else { continue };
        if !ask.wrong.iter().any(|id| id == rule.id) {
            continue;
        }
        let Ok(item) = Item::draw(beat, scene, 0, DIGITS) else { continue };
        let Some(option) = item.options.iter().find(|option| option.rules.contains(&rule)) else { continue };
        match item.judge(&option.answer) {
            Verdict::Rule(named) if named.id == rule.id => return None,
            Verdict::Rule(named) => {
                others.insert(named.id);
            }
            Verdict::Right => {
                return Some(format!("{}: a learner who believes {} is right", beat.id, rule.id));
            }
            Verdict::Wrong => {}
        }
        left -= 1;
        if left == 0 {
            break;
        }
    }
    let others = others.into_iter().collect::<Vec<_>>().join(", ");
    Some(format!(
        "expected a learner who believes {} to be told so within {QUESTIONS} questions, got {}; let {} lead to an \
         answer of its own",
        rule.id,
        if others.is_empty() { "nothing".to_owned() } else { format!("only {others}") },
        rule.id
    ))
}

/// The answer of a learner who believes a rule: the rule's where it applies, else the right one.
pub fn believed_answer(item: &Item, rule: &Rule) -> Option<Answer> {
    let option = item.options.iter().find(|option| option.rules.contains(&rule));
    option.map(|option| option.answer.clone()).or_else(|| item.right.clone())
}
