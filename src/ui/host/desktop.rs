//! The host of a native window: dialogs of the system, files by path, threads.

use super::{
    Clock, Content, Contents, Host, LeftSession, Pick, Picked, Reply, Waker, Work, Written, copy_picture,
    rescue::Rescue, writer::Writer,
};
use crate::app::Lang;
use crate::data::{DataFiles, Disk, Location, is_data};
use crate::files::write_atomically;
use crate::lesson::Lesson;
use crate::threads::Threads;
use egui::{Context, ViewportCommand};
use image::RgbaImage;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

/// A dialog that closes within this time, with no answer, was never there.
const NO_DIALOG: Duration = Duration::from_millis(250);

/// The threads that all work of the program is shared out to: as many as there are cores, started with the first
/// work.
static POOL: LazyLock<Threads> = LazyLock::new(Threads::on_all_cores);

/// The language of the system: on Windows and macOS the one that its settings name, elsewhere that of the environment.
pub fn system_lang() -> Lang {
    if cfg!(any(windows, target_os = "macos")) {
        lang_of([sys_locale::get_locale()])
    } else {
        lang_of(["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| std::env::var(name).ok()))
    }
}

/// The language of the first locale that is set; English where it is none of the program's.
fn lang_of(locales: impl IntoIterator<Item = Option<String>>) -> Lang {
    let named = locales.into_iter().flatten().find(|value| !value.is_empty()).unwrap_or_default();
    let named = named.to_ascii_lowercase();
    let is_named = |lang: &&Lang| named.split(['_', '-', '.', '@']).next() == Some(lang.code());
    Lang::ALL.iter().find(is_named).copied().unwrap_or_default()
}

/// The host of a native window.
pub struct Desktop {
    ctx: Context,
    started: Instant,
    writer: Writer,
    rescue: Rescue,
    /// The program's own folder; without one nothing is kept.
    own_folder: Option<PathBuf>,
}

impl Desktop {
    /// The host of the window that `ctx` draws. `own_folder`: where the program keeps what the next start needs.
    pub fn new(ctx: &Context, own_folder: Option<PathBuf>) -> Self {
        let (writer, rescue) = (Writer::new(), Rescue::default());
        Self { ctx: ctx.clone(), started: Instant::now(), writer, rescue, own_folder }
    }
}

fn read(path: &Path) -> Result<(Location, Contents), String> {
    if is_data(path) {
        return Ok((path.into(), Contents::Data));
    }
    if Lesson::is_file(&path.to_string_lossy()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let broken = |error| format!("{name}: {error}; convstep lesson check {name} says more");
        return Ok((path.into(), Contents::Lesson(Arc::new(Lesson::read(path).map_err(broken)?))));
    }
    // It may be read again when another folder is the current one.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match std::fs::read(path) {
        Ok(bytes) => Ok((whole.into(), Contents::File(Arc::new(bytes)))),
        Err(error) => Err(format!(
            "{}: expected a file that can be read, got {error}; check its rights",
            path.display()
        )),
    }
}

fn ask(what: Pick) -> Option<PathBuf> {
    const FILTER: &str = "convstep";
    let dialog = rfd::FileDialog::new();
    match what {
        Pick::File(endings) if endings.is_empty() => dialog.pick_file(),
        Pick::File(endings) => dialog.add_filter(FILTER, &endings).pick_file(),
        Pick::Folder => dialog.pick_folder(),
        Pick::Destination { start, ending } => {
            let folder = start.as_path().parent().unwrap_or(Path::new(""));
            let dialog = dialog.set_file_name(start.name()).add_filter(FILTER, &[ending]);
            dialog.set_directory(folder).save_file()
        }
    }
}

impl Host for Desktop {
    fn clock(&self) -> Clock {
        let started = self.started;
        Arc::new(move || started.elapsed().as_secs_f64())
    }

    fn waker(&self) -> Waker {
        let ctx = self.ctx.clone();
        Arc::new(move || ctx.request_repaint())
    }

    fn start(&mut self, mut work: Box<dyn Work>) {
        std::thread::spawn(move || while work.step(&*POOL) {});
    }

    fn data_files(&self) -> Arc<dyn DataFiles + Send + Sync> {
        Arc::new(Disk)
    }

    fn pick(&mut self, what: Pick, reply: Reply<Picked>) {
        std::thread::spawn(move || {
            let start = Instant::now();
            reply(match ask(what) {
                Some(path) => Picked::At(path.into()),
                // Nobody closes a dialog this fast.
                None if start.elapsed() < NO_DIALOG => Picked::NoDialog,
                None => Picked::Cancelled,
            });
        });
    }

    fn read(&mut self, location: Location, reply: Reply<Result<(Location, Contents), String>>) {
        std::thread::spawn(move || reply(read(location.as_path())));
    }

    fn write(
        &mut self,
        location: Location,
        content: Content,
        replace: bool,
        reply: Reply<Result<Written, String>>,
    ) {
        self.writer.push(move || {
            let path = location.as_path();
            if !replace && path.exists() {
                return reply(Ok(Written::Taken));
            }
            let written = content().and_then(|bytes| write_atomically(path, &bytes).map_err(|error| error.0));
            reply(written.map(|()| Written::Whole));
        });
    }

    fn exist(&mut self, locations: Vec<Location>, reply: Reply<Vec<bool>>) {
        std::thread::spawn(move || {
            reply(locations.iter().map(|location| location.as_path().exists()).collect());
        });
    }

    fn folder(&self) -> Location {
        std::env::current_dir().unwrap_or_default().into()
    }

    fn store(&mut self, name: &'static str, bytes: Vec<u8>) {
        let Some(folder) = self.own_folder.clone() else { return };
        self.writer.push(move || {
            let _ = std::fs::create_dir_all(&folder);
            let _ = write_atomically(&folder.join(name), &bytes);
        });
    }

    fn load(&mut self, name: &'static str, reply: Reply<Option<Vec<u8>>>) {
        let path = self.own_folder.as_ref().map(|folder| folder.join(name));
        std::thread::spawn(move || reply(path.and_then(|path| std::fs::read(path).ok())));
    }

    fn begin_session(&mut self, reply: Reply<Result<Option<LeftSession>, String>>) {
        let Some(folder) = &self.own_folder else { return reply(Ok(None)) };
        reply(Rescue::begin(&folder.join("kept")).map(|rescue| {
            self.rescue = rescue;
            self.rescue.left()
        }));
    }

    fn restore_session(&mut self, reply: Reply<Result<Vec<u8>, String>>) {
        reply(self.rescue.restore());
    }

    fn discard_session(&mut self, reply: Reply<Option<LeftSession>>) {
        self.rescue.discard();
        reply(self.rescue.left());
    }

    fn remove_restored_session(&mut self) {
        self.rescue.remove_restored();
    }

    fn keeps_sessions(&self) -> bool {
        self.rescue.has_place()
    }

    fn keep_session(&mut self, content: Content, reply: Reply<Result<(), String>>) {
        self.rescue.keep(&self.writer, content, reply);
    }

    fn end_session(&mut self, unsaved: Option<Content>, replaces_restored: bool) {
        self.rescue.end(&self.writer, unsaved, replaces_restored);
    }

    fn copy(&mut self, text: String) {
        self.ctx.copy_text(text);
    }

    fn copy_picture(&mut self, picture: RgbaImage) {
        copy_picture(&self.ctx, &picture);
    }

    fn quit(&mut self) {
        self.ctx.send_viewport_cmd(ViewportCommand::Close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_names_the_language() {
        let lang = |variables: [&str; 3]| {
            lang_of(variables.map(|value| (!value.is_empty()).then(|| value.to_owned())))
        };
        assert_eq!(lang(["", "", "zh_CN.UTF-8"]), Lang::Zh);
        assert_eq!(lang(["", "zh_TW", "en_US.UTF-8"]), Lang::Zh);
        assert_eq!(lang(["en_GB", "zh_CN", "zh_CN"]), Lang::En);
        assert_eq!(lang(["C.UTF-8", "", "zh_CN"]), Lang::En);
        assert_eq!(lang(["", "", ""]), Lang::En);
        assert_eq!(lang(["", "", "zhuang"]), Lang::En);
    }

    #[test]
    fn the_names_that_windows_and_macos_give_are_known() {
        let lang = |name: &str| lang_of([Some(name.to_owned())]);
        assert_eq!(["zh-CN", "zh-Hans-CN", "zh-Hant-TW", "zh"].map(lang), [Lang::Zh; 4]);
        assert_eq!(["en-US", "de-DE", "en"].map(lang), [Lang::En; 3]);
        assert_eq!(lang_of([None]), Lang::En);
    }
}
