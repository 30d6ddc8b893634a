//! The program without a window and without a host: actions in, state out. What effects ask for is done at once, on
//! the caller's thread; data sets are files on disk.
#![allow(dead_code, reason = "each test file uses its own part of this one")]

use convstep::{
    app::{Action, AppState, Effect, FileAction, News, Notice, TrainAction, TrainingJob, apply},
    data::{Disk, Location, samples},
    model_io::{Architecture, Model},
    nn::{Alone, Execution, init::Init},
};
use std::{collections::VecDeque, sync::Arc};

/// An architecture file's text. A layer is its name, its kind and its settings as `key=value`.
pub fn architecture(input: [usize; 3], layers: &[&str]) -> String {
    let mut text = format!("input = {input:?}\n");
    for layer in layers {
        let mut words = layer.split(' ');
        let (name, kind) = (words.next().expect("a name"), words.next().expect("a kind"));
        text += &format!("[[layers]]\nname = \"{name}\"\nkind = \"{kind}\"\n");
        words.for_each(|setting| text += &format!("{setting}\n"));
    }
    text
}

/// A model of an architecture file's text, with weights of a seed.
pub fn model(name: &str, text: &str, seed: u64) -> Model {
    let architecture = Architecture::parse(text).expect("parses");
    Model::initial(name, architecture, Init::He, seed).expect("fits")
}

/// The program with a model and a bundled picture.
pub fn opened(model: Model) -> AppState {
    AppState::open(model, samples::load("digit-3").expect("bundled")).expect("fits")
}

/// The program with a session's file.
pub fn reopened(bytes: Vec<u8>) -> AppState {
    let mut state = AppState::new();
    let location = Location::from("/somewhere/my.convstep");
    run(&mut state, [FileAction::Opened { location, bytes: Arc::new(bytes) }.into()]);
    state
}

/// The newest notice, which is dismissed.
pub fn take_notice(state: &mut AppState) -> Option<Notice> {
    let newest = state.notices().last().cloned();
    apply(state, Action::DismissNotice);
    newest
}

/// Applies actions and what follows from them. Returns the files that were written.
pub fn run(state: &mut AppState, actions: impl IntoIterator<Item = Action>) -> Vec<(Location, Vec<u8>)> {
    let mut written = Vec::new();
    let mut queue: VecDeque<Action> = actions.into_iter().collect();
    while let Some(action) = queue.pop_front() {
        for effect in apply(state, action) {
            match effect {
                Effect::Advance => queue.push_front(Action::Advance),
                Effect::Work { job, task, .. } => {
                    let done = task.run(Execution::SERIAL, &Disk).expect("nobody stops it");
                    queue.push_front(Action::Worked { job, done });
                }
                Effect::Write { location, content, stamp, replace } => {
                    let taken = written.iter().any(|(other, _)| *other == location);
                    if taken && !replace {
                        queue.push_front(FileAction::Taken(location).into());
                        continue;
                    }
                    let result = content.to_bytes(None).map(|bytes| written.push((location.clone(), bytes)));
                    let kind = content.kind();
                    queue.push_front(FileAction::Written { location, kind, stamp, result }.into());
                }
                Effect::Train { job, .. } => {
                    let mut job = job.lock().expect("no panic").take().expect("a job");
                    loop {
                        let news = news(&mut job);
                        let ended = news.end.is_some();
                        apply(state, Action::Train(TrainAction::News(Box::new(news))));
                        if ended {
                            break;
                        }
                    }
                    queue.push_front(Action::Advance);
                }
                _ => {}
            }
        }
    }
    written
}

/// What a training job tells after one more step.
pub fn news(job: &mut TrainingJob) -> News {
    let step = job.step(&Alone).expect("the examples can be read");
    News {
        id: job.id,
        steps: vec![(step.time, step.record)],
        checks: step.check.map(|check| (job.time(), check)).into_iter().collect(),
        keyframes: vec![(job.time(), job.keyframe())],
        seconds: 0.1,
        end: step.end,
        ..News::default()
    }
}
