//! The host of a page in a browser: files by the browser's chooser, downloads, its storage, and one thread.
//!
//! What the user picks is held in memory as a file at the top of a file tree of the page's own (`/name`), and kept in
//! the browser's storage for the next visit.

mod bridge;
pub mod work;

use super::{
    Clock, Content, Contents, Host, LeftSession, Pause, Pick, Picked, Reply, Waker, Work, Written,
    copy_picture,
};
use crate::app::Lang;
use crate::data::{DataFiles, Disk, Location, is_data, memory_files};
use crate::lesson::Lesson;
use crate::ui::strings::Words;
use egui::Context;
use image::RgbaImage;
use std::{
    cell::Cell,
    path::Path,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};
use web_time::Instant;

pub(in crate::ui) use bridge::{Came, came, files_of, flag, language, leave, link, set_link, set_title};

/// The store of files that were opened or saved here.
const FILES: &str = "files";
/// The store of small things that the next visit needs.
const OWN: &str = "own";

/// The host of a page.
pub struct Web {
    ctx: Context,
    started: Instant,
    /// The language of what it says.
    lang: Arc<Mutex<Lang>>,
    /// Whether sessions can be kept.
    keeps: Rc<Cell<bool>>,
}

impl Web {
    /// The host of the page that `ctx` draws.
    pub fn new(ctx: &Context) -> Self {
        let (lang, keeps) = (Arc::default(), Rc::new(Cell::new(false)));
        Self { ctx: ctx.clone(), started: Instant::now(), lang, keeps }
    }

    /// Has the next frame drawn now.
    pub fn wake(&self) {
        self.ctx.request_repaint();
    }

    /// The language of what it says from now on.
    pub fn set_lang(&self, lang: Lang) {
        *self.lang.lock().unwrap_or_else(PoisonError::into_inner) = lang;
    }
}

/// What the host says, in its language.
fn words(lang: &Mutex<Lang>) -> Words {
    Words(*lang.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Takes files into memory and keeps them; the location of the one that is meant.
pub(in crate::ui) fn take_in(files: Vec<(String, Vec<u8>)>, endings: &[&str]) -> Option<Location> {
    let mut paths = Vec::new();
    for (name, bytes) in files {
        let path = format!("/{name}");
        bridge::put(FILES, &path, &bytes);
        memory_files::put(&path, bytes);
        paths.push(path);
    }
    let has_ending =
        |path: &&String| endings.iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
    let meant = paths.iter().find(|path| is_data(Path::new(path))).or_else(|| paths.iter().find(has_ending));
    meant.or(paths.first()).map(|path| path.as_str().into())
}

/// What is at a path of the page's file tree.
fn contents(location: &Location) -> Option<Result<(Location, Contents), String>> {
    let path = location.as_path();
    if is_data(path) && memory_files::exists(path) {
        return Some(Ok((location.clone(), Contents::Data)));
    }
    let bytes = memory_files::read(path)?;
    if Lesson::is_file(&path.to_string_lossy()) {
        let name = location.name();
        let lesson = Lesson::read(path).map_err(|error| format!("{name}: {error}"));
        return Some(lesson.map(|lesson| (location.clone(), Contents::Lesson(Arc::new(lesson)))));
    }
    Some(Ok((location.clone(), Contents::File(bytes))))
}

impl Host for Web {
    fn clock(&self) -> Clock {
        let started = self.started;
        Arc::new(move || started.elapsed().as_secs_f64())
    }

    fn waker(&self) -> Waker {
        let ctx = self.ctx.clone();
        Arc::new(move || ctx.request_repaint())
    }

    fn start(&mut self, work: Box<dyn Work>) {
        work::start(work);
    }

    fn pause(&self) -> Pause {
        Arc::new(work::pause)
    }

    fn data_files(&self) -> Arc<dyn DataFiles + Send + Sync> {
        Arc::new(Disk)
    }

    fn pick(&mut self, what: Pick, reply: Reply<Picked>) {
        let (endings, is_folder) = match what {
            Pick::File(endings) => (endings, false),
            Pick::Folder => (Vec::new(), true),
            // A browser saves where its settings say, under this name.
            Pick::Destination { start, .. } => return reply(Picked::At(start)),
        };
        bridge::pick(is_folder, move |files| {
            let folder = files.first().and_then(|(name, _)| Some(format!("/{}", name.split_once('/')?.0)));
            let meant = take_in(files, &endings);
            let meant = if is_folder { folder.map(Location::from) } else { meant };
            reply(meant.map_or(Picked::Cancelled, Picked::At));
        });
    }

    fn read(&mut self, location: Location, reply: Reply<Result<(Location, Contents), String>>) {
        if let Some(found) = contents(&location) {
            return reply(found);
        }
        let lang = Arc::clone(&self.lang);
        bridge::get(FILES, &location.to_string(), move |bytes| {
            if let Some(bytes) = bytes {
                memory_files::put(location.as_path(), bytes);
            }
            let absent = || Err(words(&lang).fill("files.not_in_browser", &[("path", &location.name())]));
            reply(contents(&location).unwrap_or_else(absent));
        });
    }

    fn write(
        &mut self,
        location: Location,
        content: Content,
        _replace: bool,
        reply: Reply<Result<Written, String>>,
    ) {
        let bytes = match content() {
            Ok(bytes) => bytes,
            Err(error) => return reply(Err(error)),
        };
        bridge::save(&location.name(), &bytes);
        bridge::put(FILES, &location.to_string(), &bytes);
        memory_files::put(location.as_path(), bytes);
        reply(Ok(Written::Whole));
    }

    fn exist(&mut self, locations: Vec<Location>, reply: Reply<Vec<bool>>) {
        bridge::keys(FILES, move |keys| {
            let is_there = |location: &Location| {
                memory_files::exists(location.as_path()) || keys.contains(&location.to_string())
            };
            reply(locations.iter().map(is_there).collect());
        });
    }

    fn folder(&self) -> Location {
        "/".into()
    }

    fn store(&mut self, name: &'static str, bytes: Vec<u8>) {
        bridge::put(OWN, name, &bytes);
    }

    fn load(&mut self, name: &'static str, reply: Reply<Option<Vec<u8>>>) {
        bridge::get(OWN, name, reply);
    }

    fn begin_session(&mut self, reply: Reply<Result<Option<LeftSession>, String>>) {
        let keeps = Rc::clone(&self.keeps);
        bridge::begin(move |begun| {
            // Where the browser keeps nothing, a file can still be saved.
            keeps.set(begun.is_some());
            reply(Ok(begun.flatten().map(|age| LeftSession { age })));
        });
    }

    fn restore_session(&mut self, reply: Reply<Result<Vec<u8>, String>>) {
        bridge::restore(move |bytes| {
            reply(bytes.ok_or_else(|| "expected a session that was left, got none; open a saved one".into()));
        });
    }

    fn discard_session(&mut self, reply: Reply<Option<LeftSession>>) {
        bridge::discard(move |age| reply(age.map(|age| LeftSession { age })));
    }

    fn remove_restored_session(&mut self) {
        bridge::remove_restored();
    }

    fn keeps_sessions(&self) -> bool {
        self.keeps.get()
    }

    fn keep_session(&mut self, content: Content, reply: Reply<Result<(), String>>) {
        match content() {
            Ok(bytes) => bridge::keep(&bytes, reply),
            Err(error) => reply(Err(error)),
        }
    }

    fn end_session(&mut self, _unsaved: Option<Content>, _replaces_restored: bool) {}

    fn copy(&mut self, text: String) {
        self.ctx.copy_text(text);
    }

    fn copy_picture(&mut self, picture: RgbaImage) {
        copy_picture(&self.ctx, &picture);
    }

    fn quit(&mut self) {
        bridge::say(words(&self.lang).text("files.close_the_tab"));
        self.ctx.request_repaint();
    }
}
