//! `lesson`: lists, checks and begins lessons, and prints their questions.

use super::{
    CliError, Ended,
    args::{LessonCommand, LessonRunArgs, QuizArgs},
    out::{print, table},
    shown::{apply_all, drawing, write_png},
};
use crate::app::{Action, AppState, Draw, Framing, LessonAction, beat_scene, lesson_scene};
use crate::lesson::{Choice, Item, Lesson, bundled, check};
use serde_json::{Value, json};
use std::path::Path;

/// The start of a teacher's own lesson.
const TEMPLATE: &str = include_str!("../../assets/lessons/template.toml");

/// Runs a command about lessons.
///
/// # Errors
/// Where a lesson cannot be read or written.
pub fn execute(command: &LessonCommand, draw: Option<&dyn Draw>) -> Result<Ended, CliError> {
    match command {
        LessonCommand::List { json } => list(*json),
        LessonCommand::Check { file } => check_file(file),
        LessonCommand::New { file } => {
            if file.exists() {
                let file = file.display();
                return Err(CliError(format!(
                    "{file}: expected no file there, got one; choose another name"
                )));
            }
            crate::files::write_atomically(file, TEMPLATE.as_bytes())?;
            print(&format!("{}\n", file.display()))?;
            Ok(Ended::Whole)
        }
        LessonCommand::Quiz(quiz) => print_quiz(quiz),
        LessonCommand::Run(args) => draw_beat(args, drawing(draw)?).map(|()| Ended::Whole),
        LessonCommand::Play { .. } => Err(CliError(
            "expected a build with the window, got one without it; use lesson quiz or lesson check".into(),
        )),
    }
}

/// Draws a beat of a lesson into a PNG file.
fn draw_beat(args: &LessonRunArgs, draw: &dyn Draw) -> Result<(), CliError> {
    let lesson = open_lesson(&args.lesson)?;
    let numbered = args.beat.parse::<usize>().ok().filter(|n| (1..=lesson.beats.len()).contains(n));
    let beat = lesson.beat(&args.beat).or(numbered.map(|n| n - 1)).ok_or_else(|| {
        let ids: Vec<&str> = lesson.beats.iter().map(|beat| beat.id.as_str()).collect();
        CliError(format!(
            "expected a beat from 1 to {} ({}), got {}; choose one",
            ids.len(),
            ids.join(", "),
            args.beat
        ))
    })?;
    let mut state = AppState::new();
    let mut actions: Vec<Action> = vec![
        Action::SetLang(args.lang),
        Action::Present(args.present),
        LessonAction::Open(lesson.into()).into(),
        LessonAction::GoTo(beat).into(),
    ];
    actions.extend((0..args.seed).map(|_| Action::from(LessonAction::Again)));
    actions.extend(args.shown.then_some(LessonAction::GoOn.into()));
    apply_all(&mut state, actions)?;
    if let Some(trouble) = state.lesson().and_then(|lesson| lesson.trouble()) {
        return Err(CliError(format!("{}: {trouble}", args.beat)));
    }
    let size_px = [args.size.width, args.size.height];
    let framing = Framing::window(size_px, args.zoom as f32 / 100.0, args.theme.is_dark());
    write_png(&draw.pixels(&state, &framing), &args.out)
}

/// A bundled lesson by its id or number, or one from a file.
///
/// # Errors
/// Where there is neither, or the file is no lesson.
pub fn open_lesson(name: &str) -> Result<Lesson, CliError> {
    let numbered = |lesson: &&std::sync::Arc<Lesson>| name.parse() == Ok(lesson.number);
    let known = bundled().lessons.iter().find(|lesson| lesson.id == name);
    if let Some(lesson) = known.or_else(|| bundled().lessons.iter().find(numbered)) {
        return Ok((**lesson).clone());
    }
    if !Path::new(name).exists() {
        let ids: Vec<&str> = bundled().lessons.iter().map(|lesson| lesson.id.as_str()).collect();
        return Err(CliError(format!(
            "expected a lesson ({}) or a file, got {name:?}; see convstep lesson list",
            ids.join(", ")
        )));
    }
    Lesson::read(Path::new(name)).map_err(|error| CliError(format!("{name}: {error}")))
}

fn list(as_json: bool) -> Result<Ended, CliError> {
    let lessons = &bundled().lessons;
    if as_json {
        let lines = lessons.iter().map(|lesson| {
            let title = json!({ "en": lesson.title.en, "zh": lesson.title.zh });
            json!({ "number": lesson.number, "id": lesson.id, "minutes": lesson.minutes, "title": title,
                    "beats": lesson.beats.len(), "meets": lesson.meets })
            .to_string()
                + "\n"
        });
        print(&lines.collect::<String>())?;
        return Ok(Ended::Whole);
    }
    let mut rows = vec![["NO", "ID", "MINUTES", "BEATS", "TITLE"].map(str::to_owned).to_vec()];
    rows.extend(lessons.iter().map(|lesson| {
        vec![
            lesson.number.to_string(),
            lesson.id.clone(),
            lesson.minutes.to_string(),
            lesson.beats.len().to_string(),
            format!("{} · {}", lesson.title.en, lesson.title.zh),
        ]
    }));
    print(&table(&rows, &[0, 2, 3]))?;
    Ok(Ended::Whole)
}

fn check_file(file: &str) -> Result<Ended, CliError> {
    let lesson = open_lesson(file)?;
    let faults = check(&lesson, bundled(), &lesson_scene);
    let line = |fault: &crate::lesson::Fault| match fault.beat.is_empty() {
        true => format!("{file}: {}\n", fault.text),
        false => format!("{file}: {}: {}\n", fault.beat, fault.text),
    };
    if faults.is_empty() {
        let questions = lesson.beats.iter().filter(|beat| beat.ask.is_some()).count();
        print(&format!("{file}: {} beats, {questions} questions, no faults\n", lesson.beats.len()))?;
        return Ok(Ended::Whole);
    }
    print(&faults.iter().map(line).collect::<String>())?;
    Err(CliError(format!("{file}: expected no faults, got {}; mend them and check again", faults.len())))
}

/// Prints the questions of a lesson, each with `count` items from a seed on.
fn print_quiz(args: &QuizArgs) -> Result<Ended, CliError> {
    let lesson = open_lesson(&args.lesson)?;
    let mut text = String::new();
    for (number, beat) in lesson.beats.iter().enumerate() {
        let Some(ask) = &beat.ask else { continue };
        let scene = beat_scene(&lesson, number).map_err(|error| CliError(format!("{}: {error}", beat.id)))?;
        for seed in (args.seed..).take(args.count as usize) {
            let item = Item::draw(beat, &scene, seed, args.digits as usize)
                .map_err(|error| CliError(format!("{}: {error}", beat.id)))?;
            let place = item.at.map(|at| scene.plan().text(&at));
            let right = item.right.as_ref().map(|right| right.print(scene.plan(), args.digits as usize));
            if args.json {
                let value = json!({
                    "lesson": lesson.id, "beat": beat.id, "seed": seed, "draws": item.draws, "at": place,
                    "question": { "en": ask.q.en, "zh": ask.q.zh },
                    "right": right,
                    "options": item.options.iter().map(option).collect::<Vec<Value>>(),
                });
                text += &format!("{value}\n");
            } else {
                text += &format!("{} ({}): {}\n", beat.id, place.unwrap_or_default(), ask.q.en);
                for option in &item.options {
                    let rules: Vec<&str> = option.rules.iter().map(|rule| rule.id).collect();
                    let mark = if option.is_right { "right" } else { "" };
                    text += &format!("  {}  {mark}{}\n", option.text, rules.join(", "));
                }
            }
            if ask.vary.is_empty() {
                break;
            }
        }
    }
    print(&text)?;
    Ok(Ended::Whole)
}

fn option(choice: &Choice) -> Value {
    let rules: Vec<&str> = choice.rules.iter().map(|rule| rule.id).collect();
    json!({ "text": choice.text, "right": choice.is_right, "rules": rules })
}
