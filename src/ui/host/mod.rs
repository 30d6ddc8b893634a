//! The host: all that the program asks of the outside. Dialogs, files, the clipboard, the clock, threads and the
//! sessions that are saved automatically stand behind one trait, [`Host`]; [`desktop`] implements it for a native
//! window.
//!
//! No method blocks. What takes time is answered through a [`Reply`], at once or later, from any thread. So a host
//! without threads or blocking dialogs, such as a browser, can implement the trait as well.

#[cfg(not(target_arch = "wasm32"))]
pub mod desktop;
#[cfg(not(target_arch = "wasm32"))]
mod rescue;
#[cfg(target_arch = "wasm32")]
pub mod web;
#[cfg(not(target_arch = "wasm32"))]
mod writer;

use crate::data::{DataFiles, Location};
use crate::lesson::Lesson;
use crate::nn::Workers;
use image::RgbaImage;
use std::sync::Arc;

/// Takes the answer to a request. It is called at most once, possibly from another thread.
pub type Reply<T> = Box<dyn FnOnce(T) + Send>;

/// Makes a file's bytes when it is about to be written; the error is one line.
pub type Content = Box<dyn FnOnce() -> Result<Vec<u8>, String> + Send>;

/// Seconds since some fixed moment; never goes back.
pub type Clock = Arc<dyn Fn() -> f64 + Send + Sync>;

/// Makes the window take the answers that have come.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// Gives way to other things for a moment.
pub type Pause = Arc<dyn Fn() + Send + Sync>;

/// Puts a picture on the clipboard of the window that `ctx` draws.
fn copy_picture(ctx: &egui::Context, picture: &RgbaImage) {
    let size = [picture.width() as usize, picture.height() as usize];
    ctx.copy_image(egui::ColorImage::from_rgba_unmultiplied(size, picture.as_raw()));
}

/// What the user is asked to pick.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pick {
    /// A file with one of these endings; with any name if there are none.
    File(Vec<&'static str>),
    /// A folder.
    Folder,
    /// A place to save a file at.
    Destination {
        /// The place to start from.
        start: Location,
        /// The ending of the file's name.
        ending: &'static str,
    },
}

/// How a dialog ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Picked {
    /// The user picked this.
    At(Location),
    /// The user picked nothing.
    Cancelled,
    /// The host has no such dialog.
    NoDialog,
}

/// What a location holds.
#[derive(Clone, PartialEq, Debug)]
pub enum Contents {
    /// A file, with its bytes.
    File(Arc<Vec<u8>>),
    /// A lesson, with what it names in its folder.
    Lesson(Arc<Lesson>),
    /// A data set, which is opened by [`DataFiles::open`].
    Data,
}

/// How writing a file ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Written {
    /// The file is written.
    Whole,
    /// A file is there already, and it was not to be replaced: nothing is written.
    Taken,
}

/// A session left behind by a program that ended without closing its window.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LeftSession {
    /// Seconds since it was saved.
    pub age: f64,
}

/// Work that may take long. A host with threads runs it on one of its own; a host without them runs some steps
/// between two frames.
pub trait Work: Send {
    /// Does the next step, as short a one as the work allows. Returns whether more is left to do.
    fn step(&mut self, workers: &dyn Workers) -> bool;
}

/// All that the program asks of the outside.
pub trait Host {
    /// The host's clock.
    fn clock(&self) -> Clock;

    /// What an answer calls when it has arrived.
    fn waker(&self) -> Waker;

    /// What work calls on its way, as often as it reports its progress: a host without threads lets a frame through.
    fn pause(&self) -> Pause {
        Arc::new(|| {})
    }

    /// Starts work. It runs until its [`Work::step`] returns `false`.
    fn start(&mut self, work: Box<dyn Work>);

    /// The files of data sets, for work.
    fn data_files(&self) -> Arc<dyn DataFiles + Send + Sync>;

    /// Asks the user to pick something.
    fn pick(&mut self, what: Pick, reply: Reply<Picked>);

    /// Reads what is at a location. Answers the location by which it can be read again, and what it holds, or one
    /// line on why it cannot be read.
    fn read(&mut self, location: Location, reply: Reply<Result<(Location, Contents), String>>);

    /// Writes a file so that at every moment either the old one or the new one is whole. Files are written in the
    /// order in which they were asked for.
    fn write(
        &mut self,
        location: Location,
        content: Content,
        replace: bool,
        reply: Reply<Result<Written, String>>,
    );

    /// Whether there is something at each of the locations.
    fn exist(&mut self, locations: Vec<Location>, reply: Reply<Vec<bool>>);

    /// The location to which typed names of files are relative.
    fn folder(&self) -> Location;

    /// Keeps something small under a name for the next start; what cannot be kept is lost without a word.
    fn store(&mut self, name: &'static str, bytes: Vec<u8>);

    /// What is kept under a name; `None` if there is nothing.
    fn load(&mut self, name: &'static str, reply: Reply<Option<Vec<u8>>>);

    /// Looks for sessions that earlier programs left, and makes a place for this program's own. Answers the latest
    /// one, or one line on why sessions cannot be kept here.
    fn begin_session(&mut self, reply: Reply<Result<Option<LeftSession>, String>>);

    /// The bytes of the latest session that was left. It stays in its place until
    /// [`Host::remove_restored_session`].
    fn restore_session(&mut self, reply: Reply<Result<Vec<u8>, String>>);

    /// Removes the latest session that was left. Answers the one before it.
    fn discard_session(&mut self, reply: Reply<Option<LeftSession>>);

    /// Removes the session that was restored: it is kept as this program's own by now.
    fn remove_restored_session(&mut self);

    /// Whether sessions can be kept, once [`Host::begin_session`] has been called.
    fn keeps_sessions(&self) -> bool;

    /// Saves this program's session against a crash, in place of the one saved before.
    fn keep_session(&mut self, content: Content, reply: Reply<Result<(), String>>);

    /// The window closes. Unsaved work is left for the next start; without any, nothing is left.
    /// `replaces_restored`: the session that was restored is part of it.
    fn end_session(&mut self, unsaved: Option<Content>, replaces_restored: bool);

    /// Puts a text on the clipboard.
    fn copy(&mut self, text: String);

    /// Puts a picture on the clipboard.
    fn copy_picture(&mut self, picture: RgbaImage);

    /// Closes the window.
    fn quit(&mut self);
}
