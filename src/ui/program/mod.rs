//! The program on a host: applies actions, has the host carry out their effects, and takes its answers.
//!
//! Everything that happens between two frames goes through here, so a test that drives a [`Program`] on a host of
//! its own drives the whole program but its drawing.

mod autosave;
mod training;
mod work;

pub use autosave::INTERVAL as AUTOSAVE_INTERVAL;

use super::{
    host::{Clock, Contents, Host, LeftSession, Pick, Picked, Reply, Waker, Written},
    render::Drawing,
    strings::Words,
};
use crate::app::{
    Action, AppState, DataAction, Effect, FileAction, FileContent, LessonAction, Message, PictureAction,
    PictureSetup, Recent, RescueOffer, Stamp, Task, Work, apply, picture_pixels,
};
use crate::data::Location;
use crate::model_io::{Model, session};
use crate::nn::{Execution, Workers};
use autosave::Autosave;
use image::RgbaImage;
use std::sync::{
    Arc, PoisonError,
    atomic::AtomicBool,
    mpsc::{Receiver, Sender, channel},
};
use training::Training;
use work::{Once, Reporter};

/// The name under which the list of recent files is kept.
const RECENT_FILE: &str = "recent.json";

/// The name under which what was done of the lessons is kept.
const PROGRESS_FILE: &str = "lessons.json";

/// The program: its state, and the host that it runs on.
pub struct Program<H: Host> {
    state: AppState,
    host: H,
    answers: Receiver<Answer>,
    outbox: Outbox,
    clock: Clock,
    autosave: Autosave,
    /// The running training.
    training: Option<Training>,
    /// [`Action::Advance`] is due.
    advance: bool,
}

/// An answer of the host.
enum Answer {
    /// What follows from it.
    Action(Action),
    /// The list of recent files as it was kept; whether the files exist is not known yet.
    Recent(Vec<Recent>),
    /// A picture for the clipboard.
    Copy(RgbaImage),
}

/// Sends answers to the program from anywhere and wakes the window.
#[derive(Clone)]
struct Outbox {
    sender: Sender<Answer>,
    waker: Waker,
}

impl Outbox {
    fn send(&self, action: Action) {
        self.answer(Answer::Action(action));
    }

    fn answer(&self, answer: Answer) {
        // If the window is gone, nobody waits for it.
        let _ = self.sender.send(answer);
        (self.waker)();
    }

    /// A reply that sends the action that `then` makes of an answer, if any.
    fn reply<T>(&self, then: impl FnOnce(T) -> Option<Action> + Send + 'static) -> Reply<T> {
        let outbox = self.clone();
        Box::new(move |answer| {
            if let Some(action) = then(answer) {
                outbox.send(action);
            }
        })
    }
}

fn offer(left: LeftSession) -> RescueOffer {
    RescueOffer { minutes: (left.age / 60.0) as u64 }
}

impl<H: Host> Program<H> {
    /// The program with a state; the host is asked for the recent files and for a session that a crash left.
    pub fn new(mut host: H, mut state: AppState) -> Self {
        let (sender, answers) = channel();
        let (outbox, clock) = (Outbox { sender, waker: host.waker() }, host.clock());
        // Where a typed name without a folder is saved.
        apply(&mut state, FileAction::SetFolder(host.folder()).into());
        host.begin_session(outbox.reply(|left: Result<Option<LeftSession>, String>| match left {
            Ok(left) => left.map(|left| FileAction::Offer(Some(offer(left))).into()),
            Err(error) => Some(Action::Fail(Work::OpenSession.failed(error))),
        }));
        let to = outbox.clone();
        let recent = move |bytes: Option<Vec<u8>>| {
            // A damaged list is begun anew.
            let recent = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            if let Some(recent) = recent {
                to.answer(Answer::Recent(recent));
            }
        };
        host.load(RECENT_FILE, Box::new(recent));
        let to = outbox.clone();
        let progress = move |bytes: Option<Vec<u8>>| {
            if let Some(progress) = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
                to.answer(Answer::Action(LessonAction::RestoreProgress(progress).into()));
            }
        };
        host.load(PROGRESS_FILE, Box::new(progress));
        let autosave = Autosave::new(&state, clock());
        Self { state, host, answers, outbox, clock, autosave, training: None, advance: false }
    }

    /// The state.
    pub const fn state(&self) -> &AppState {
        &self.state
    }

    /// The host.
    pub const fn host(&self) -> &H {
        &self.host
    }

    /// The host, to be changed.
    pub const fn host_mut(&mut self) -> &mut H {
        &mut self.host
    }

    /// Applies actions and has the host carry out their effects. Returns whether there were any actions.
    pub fn apply(&mut self, actions: impl IntoIterator<Item = Action>) -> bool {
        let mut any = false;
        for action in actions {
            any = true;
            for effect in apply(&mut self.state, action) {
                self.carry_out(effect);
            }
        }
        any
    }

    /// Applies what was answered since the last call, and what an action put off until now. Returns whether there
    /// was anything.
    pub fn take_answers(&mut self) -> bool {
        let answers: Vec<Answer> = self.answers.try_iter().collect();
        let mut any = false;
        for answer in answers {
            any = true;
            match answer {
                Answer::Action(action) => self.apply([action]),
                Answer::Recent(recent) => self.check(recent),
                Answer::Copy(picture) => {
                    let (width, height) = picture.dimensions();
                    self.host.copy_picture(picture);
                    self.apply([PictureAction::Copied([width, height]).into()])
                }
            };
        }
        if std::mem::take(&mut self.advance) {
            any |= self.apply([Action::Advance]);
        }
        any
    }

    /// Saves the session automatically if it has changed and it is time. Returns the seconds until this is to be
    /// called again, if it is.
    pub fn autosave(&mut self) -> Option<f64> {
        // In a lesson the user's own work waits; what was saved of it before is still true.
        if self.state.lesson().is_some() {
            return None;
        }
        let (wait, failed) = self.autosave.poll(&self.state, &mut self.host, &self.clock);
        if let Some(error) = failed {
            self.outbox.send(Action::Fail(Work::Save.failed(error)));
        }
        wait
    }

    /// Saves the session now if it has changed, as where the window may be gone without a word.
    pub fn save_now(&mut self) {
        self.autosave.hurry();
        self.autosave();
    }

    /// The window closes: work that is not saved is left for the next start.
    pub fn end(&mut self) {
        self.apply([LessonAction::Leave.into()]);
        self.autosave.end(&self.state, &mut self.host);
    }

    /// Asks again which of the recent files exist; they may come and go while another window is used.
    pub fn check_recent(&mut self) {
        let recent = self.state.files().recent.clone();
        if !recent.is_empty() {
            self.check(recent);
        }
    }

    fn check(&mut self, recent: Vec<Recent>) -> bool {
        let locations = recent.iter().map(|recent| recent.location.clone()).collect();
        let reply = self.outbox.reply(|exist: Vec<bool>| {
            let recent = recent.into_iter().zip(exist);
            let recent = recent.map(|(recent, is_there)| Recent { is_there, ..recent });
            Some(FileAction::Recent(recent.collect()).into())
        });
        self.host.exist(locations, reply);
        true
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::AskForPicture => {
                let pictures =
                    ["png", "jpg", "jpeg", "gif", "bmp", "webp", "tif", "tiff", "ppm", "pgm", "npy"];
                self.pick_file([&pictures[..], &Model::ENDINGS, &[session::ENDING]].concat());
            }
            Effect::AskForModel => self.pick_file(Model::ENDINGS.to_vec()),
            Effect::AskForData { folder } => {
                let what = if folder { Pick::Folder } else { Pick::File(Vec::new()) };
                self.pick(what, |location| Action::Data(DataAction::Open(location)));
            }
            Effect::AskWhere { kind, location } => {
                let what = Pick::Destination { start: location, ending: kind.ending() };
                self.pick(what, |location| FileAction::Chosen(location).into());
            }
            Effect::Read(location) => self.read(location),
            Effect::Write { location, content, stamp, replace } => {
                self.write(location, content, stamp, replace);
            }
            Effect::KeepRecent(mut recent) => {
                // A location that is not text cannot be written down.
                recent.retain(|recent| recent.location.is_text());
                if let Ok(bytes) = serde_json::to_vec_pretty(&recent) {
                    self.host.store(RECENT_FILE, bytes);
                }
            }
            Effect::KeepProgress(progress) => {
                if let Ok(bytes) = serde_json::to_vec_pretty(&progress) {
                    self.host.store(PROGRESS_FILE, bytes);
                }
            }
            Effect::Rescue => {
                let reply = self.outbox.reply(|bytes| {
                    Some(match bytes {
                        Ok(bytes) => FileAction::Rescued(Arc::new(bytes)).into(),
                        Err(error) => Action::Fail(Work::OpenSession.failed(error)),
                    })
                });
                self.host.restore_session(reply);
            }
            Effect::DiscardRescue => {
                let reply = self.outbox.reply(|left: Option<LeftSession>| {
                    left.map(|left| FileAction::Offer(Some(offer(left))).into())
                });
                self.host.discard_session(reply);
            }
            Effect::Work { job, task, cancel } => self.work(job, task, cancel),
            Effect::Film { job, film, location, replace, cancel } => {
                let outbox = self.outbox.clone();
                let reporter = self.reporter(job, cancel);
                self.host.start(Box::new(Once::new(move |_: &dyn Workers| {
                    let drawn = film.draw(&Drawing, &|part| reporter.report(part));
                    let result = match drawn {
                        Ok(Some(bytes)) => Ok((film.form, Arc::new(bytes))),
                        Ok(None) => return,
                        Err(error) => Err(error),
                    };
                    outbox.send(FileAction::Filmed { job, location, replace, result }.into());
                })));
            }
            Effect::Advance => self.advance = true,
            Effect::Train { job, cancel } => {
                let job = job.lock().unwrap_or_else(PoisonError::into_inner).take();
                self.training = job.map(|job| {
                    let clock = Arc::clone(&self.clock);
                    let (training, work) = Training::new(job, cancel, clock, self.outbox.clone());
                    self.host.start(Box::new(work));
                    training
                });
            }
            Effect::Steer(optimizer) => {
                if let Some(training) = &self.training {
                    training.steer(optimizer);
                }
            }
            Effect::Copy(text) => self.host.copy(text),
            Effect::Preview { number, state, setup } => self.preview(number, state, setup),
            Effect::CopyPicture { state, setup } => self.copy_picture(state, setup),
            Effect::Quit => self.host.quit(),
        }
    }

    /// What reports the progress of a job.
    fn reporter(&self, job: u64, cancel: Arc<AtomicBool>) -> Reporter {
        Reporter::new(job, cancel, Arc::clone(&self.clock), self.host.pause(), self.outbox.clone())
    }

    /// Has the host run a task; its progress and what comes of it are sent to the program.
    fn work(&mut self, job: u64, task: Arc<Task>, cancel: Arc<AtomicBool>) {
        let (outbox, files) = (self.outbox.clone(), self.host.data_files());
        let reporter = self.reporter(job, cancel);
        self.host.start(Box::new(Once::new(move |workers: &dyn Workers| {
            let on_progress = |part| reporter.report(part);
            let done = task.run(Execution { workers, on_progress: &on_progress }, &*files);
            // The inputs, or a file's bytes, are freed before they are there twice.
            drop(task);
            if let Some(done) = done {
                outbox.send(Action::Worked { job, done });
            }
        })));
    }

    /// Draws a small picture off the window's thread.
    fn preview(&mut self, number: u64, state: Box<AppState>, setup: PictureSetup) {
        let outbox = self.outbox.clone();
        self.host.start(Box::new(Once::new(move |_: &dyn Workers| {
            if let Ok(pixels) = picture_pixels(&Drawing, &state, &setup, setup.preview_scale()) {
                outbox.send(PictureAction::Drawn(number, Arc::new(pixels)).into());
            }
        })));
    }

    /// Draws a picture off the window's thread, to be put on the clipboard.
    fn copy_picture(&mut self, state: Box<AppState>, setup: PictureSetup) {
        let outbox = self.outbox.clone();
        self.host.start(Box::new(Once::new(move |_: &dyn Workers| {
            match picture_pixels(&Drawing, &state, &setup, setup.scale as f32) {
                Ok(picture) => outbox.answer(Answer::Copy(picture)),
                Err(error) => outbox.send(Action::Fail(Work::Save.failed(error))),
            }
        })));
    }

    fn pick_file(&mut self, endings: Vec<&'static str>) {
        self.pick(Pick::File(endings), |location| FileAction::Open(location).into());
    }

    /// Asks the user to pick something, and calls `then` with the answer.
    fn pick(&mut self, what: Pick, then: fn(Location) -> Action) {
        let fail = |key: &str| Action::Fail(Message::as_it_is(Words(self.state.view().lang).text(key)));
        let no_dialog = match what {
            // A path can be typed.
            Pick::File(_) => Action::TypePath(true),
            Pick::Folder => fail("notice.no_dialog"),
            Pick::Destination { .. } => fail("files.no_dialog"),
        };
        let reply = self.outbox.reply(move |picked| match picked {
            Picked::At(location) => Some(then(location)),
            Picked::Cancelled => None,
            Picked::NoDialog => Some(no_dialog),
        });
        self.host.pick(what, reply);
    }

    fn read(&mut self, location: Location) {
        let reply = self.outbox.reply(|result| {
            Some(match result {
                Ok((location, contents)) => opened(location, contents),
                Err(error) => Action::Fail(Work::Reading.failed(error)),
            })
        });
        self.host.read(location, reply);
    }

    fn write(&mut self, location: Location, content: FileContent, stamp: Box<Stamp>, replace: bool) {
        let (kind, whole) = (content.kind(), location.clone());
        let reply = self.outbox.reply(move |written| {
            Some(match written {
                Ok(Written::Taken) => FileAction::Taken(location).into(),
                Ok(Written::Whole) => FileAction::Written { location, kind, stamp, result: Ok(()) }.into(),
                Err(error) => FileAction::Written { location, kind, stamp, result: Err(error) }.into(),
            })
        });
        self.host.write(whole, Box::new(move || content.to_bytes(Some(&Drawing))), replace, reply);
    }
}

/// What opens the contents of a location.
fn opened(location: Location, contents: Contents) -> Action {
    match contents {
        Contents::Data => Action::Data(DataAction::Open(location)),
        Contents::Lesson(lesson) => LessonAction::Open(lesson).into(),
        Contents::File(bytes) => FileAction::Opened { location, bytes }.into(),
    }
}
