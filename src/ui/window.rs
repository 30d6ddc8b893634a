//! The native window: eframe's app, the worker that decodes, dialogs, drag and drop, paste, what is kept on disk.

use super::{rescue::Rescue, shell, strings::Words, theme, trainer::Worker, view::Memory, writer::Writer};
use crate::app::{
    Action, AppState, DataAction, DataFiles, Effect, FileAction, FileKind, Recent, Task, ThemeChoice, apply,
};
use crate::data::{DataError, Loaded, OpenOptions, Opened, Picture, is_data};
use crate::files::write_atomically;
use crate::model_io::{Model, session};
use crate::nn::{Alone, Execution};
use crate::progress::OnProgress;
use crate::threads::Threads;
use egui::{Context, Event, ViewportCommand};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::{Duration, Instant},
};

/// Opens the window and stays until it is closed. `file`: a picture or model to open.
///
/// # Errors
/// Where there is no display.
pub fn open(file: Option<PathBuf>) -> Result<(), String> {
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title(NAME)
            .with_app_id(NAME)
            .with_inner_size([1280.0, 720.0])
            .with_min_inner_size([800.0, 560.0])
            .with_drag_and_drop(true),
        ..Default::default()
    };
    eframe::run_native(
        NAME,
        options,
        Box::new(|context| Ok(Box::new(Window::new(&context.egui_ctx, context.storage, file)))),
    )
    .map_err(|error| {
        format!(
            "expected a display to open the window on, got: {error}; start it in a desktop session, or use a headless \
             command (convstep --help)"
        )
    })
}

/// What opens a path: a data set is read where it lies, anything else as bytes. What cannot be read is a line for
/// the user.
fn opening(path: &Path) -> Action {
    if is_data(path) {
        return Action::Data(DataAction::Open(path.to_owned()));
    }
    // It may be opened again from elsewhere.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match std::fs::read(path) {
        Ok(bytes) => FileAction::Opened { path: whole, bytes: Arc::new(bytes) }.into(),
        Err(error) => Action::Fail(format!(
            "{}: expected a file that can be read, got {error}; check its rights",
            path.display()
        )),
    }
}

/// Data sets are opened on the disk.
struct Disk;

impl DataFiles for Disk {
    fn open(&self, path: &Path, options: OpenOptions, on_progress: OnProgress) -> Result<Opened, DataError> {
        options.open(path, on_progress)
    }
}

/// The least time between two reports of progress.
const BETWEEN: Duration = Duration::from_millis(33);

struct Window {
    state: AppState,
    memory: Memory,
    answers: Receiver<Action>,
    sender: Sender<Action>,
    theme: Option<ThemeChoice>,
    still: Option<bool>,
    title: String,
    /// Training steps are being replayed.
    advance: bool,
    /// Who trains.
    trainer: Option<Worker>,
    /// Who writes.
    writer: Writer,
    /// What is kept against a crash.
    rescue: Rescue,
    /// The program's own folder.
    folder: Option<PathBuf>,
    /// Whether the window had the keyboard in the last frame.
    focused: bool,
}

/// Where the list of what was opened lately is kept, in the program's own folder.
const RECENT_FILE: &str = "recent.json";

/// The list as it was kept, with whether each file is there.
fn recent(folder: &Path) -> Option<Action> {
    let bytes = std::fs::read(folder.join(RECENT_FILE)).ok()?;
    // One that is damaged is begun anew.
    let recent: Vec<Recent> = serde_json::from_slice(&bytes).ok()?;
    Some(looked_for(recent))
}

fn looked_for(recent: Vec<Recent>) -> Action {
    let look = |Recent { path, .. }| Recent { is_there: path.exists(), path };
    FileAction::Recent(recent.into_iter().map(look).collect()).into()
}

/// What is said where files are asked for and there is no dialog of the system.
const NO_DIALOG: &str = "notice.no_dialog";

/// The program's name to the system.
const NAME: &str = "convstep";

/// Where the view's settings are kept.
const STORAGE_KEY: &str = "view";

impl Window {
    fn new(ctx: &Context, storage: Option<&dyn eframe::Storage>, file: Option<PathBuf>) -> Self {
        theme::install(ctx);
        let (sender, answers) = channel();
        let mut state = AppState::new();
        if let Some(view) = storage.and_then(|storage| eframe::get_value(storage, STORAGE_KEY)) {
            apply(&mut state, Action::RestoreView(view));
        }
        if !state.view().toured {
            apply(&mut state, Action::Tour(Some(0)));
        }
        // Where a typed name without a folder is saved.
        let folder = std::env::current_dir().unwrap_or_default();
        apply(&mut state, FileAction::SetFolder(folder).into());
        let folder = eframe::storage_dir(NAME);
        let (rescue, actions) =
            Rescue::new(folder.as_ref().map(|folder| folder.join("kept")).as_deref(), &state);
        for action in actions {
            // Nothing but the state changes.
            apply(&mut state, action);
        }
        let window = Self {
            state,
            memory: Memory::default(),
            answers,
            sender,
            theme: None,
            still: None,
            title: String::new(),
            advance: false,
            trainer: None,
            writer: Writer::new(),
            rescue,
            folder,
            focused: true,
        };
        if let Some(folder) = window.folder.clone() {
            window.spawn(ctx, move || recent(&folder));
        }
        if let Some(file) = file {
            window.spawn(ctx, move || Some(opening(&file)));
        }
        window
    }

    fn run(&mut self, ctx: &Context, effect: Effect) {
        match effect {
            Effect::AskForPicture => {
                let pictures = ["png", "jpg", "jpeg", "gif", "bmp", "webp", "tif", "tiff", "npy"];
                let endings = [&pictures[..], &Model::ENDINGS, &[session::ENDING]].concat();
                self.ask(ctx, &endings);
            }
            Effect::AskForModel => self.ask(ctx, &Model::ENDINGS),
            Effect::AskForData { folder } => self.ask_with(ctx, NO_DIALOG, move || {
                let dialog = rfd::FileDialog::new();
                let path = if folder { dialog.pick_folder() } else { dialog.pick_file() };
                path.map(|path| Action::Data(DataAction::Open(path)))
            }),
            Effect::Work { job, task, cancel } => self.work(ctx, job, task, cancel),
            Effect::Advance => self.advance = true,
            Effect::Train { job, cancel } => {
                let job = job.lock().unwrap_or_else(PoisonError::into_inner).take();
                self.trainer = job.map(|job| Worker::start(job, cancel, self.teller(ctx)));
            }
            Effect::Steer(optimizer) => {
                if let Some(trainer) = &self.trainer {
                    trainer.steer(optimizer);
                }
            }
            Effect::Read(path) => self.spawn(ctx, move || Some(opening(&path))),
            Effect::AskWhere { kind, path } => self.ask_where(ctx, kind, &path),
            Effect::Write { path, content, stamp, replace } => {
                self.writer.save(path, content, stamp, replace, self.teller(ctx));
            }
            Effect::KeepRecent(recent) => self.keep_recent(recent),
            Effect::Rescue => {
                let left = self.rescue.restore();
                self.later(left);
            }
            Effect::DiscardRescue => {
                let next = self.rescue.discard();
                self.later(next);
            }
            Effect::Copy(text) => ctx.copy_text(text),
            Effect::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
        }
    }

    /// Takes answers from other threads and wakes the window.
    fn teller(&self, ctx: &Context) -> impl Fn(Action) + Send + Sync + use<> {
        let (sender, ctx) = (self.sender.clone(), ctx.clone());
        move |action| {
            // Where the window is gone, nobody waits for the answer.
            let _ = sender.send(action);
            ctx.request_repaint();
        }
    }

    /// Runs `work` on a thread of its own; its answer wakes the window.
    fn spawn(&self, ctx: &Context, work: impl FnOnce() -> Option<Action> + Send + 'static) {
        let tell = self.teller(ctx);
        std::thread::spawn(move || work().map(tell));
    }

    /// An answer that is there at once: applied in the next frame.
    fn later(&self, action: Option<Action>) {
        if let Some(action) = action {
            // The window, which listens, is there.
            let _ = self.sender.send(action);
        }
    }

    fn keep_recent(&self, recent: Vec<Recent>) {
        let Some(folder) = self.folder.clone() else { return };
        self.writer.push(move || {
            // What is no text cannot be written down.
            let recent: Vec<Recent> =
                recent.into_iter().filter(|recent| recent.path.to_str().is_some()).collect();
            if let Ok(bytes) = serde_json::to_vec_pretty(&recent) {
                // The list is a convenience: where it cannot be kept, nobody is troubled.
                let _ = std::fs::create_dir_all(&folder);
                let _ = write_atomically(&folder.join(RECENT_FILE), &bytes);
            }
        });
    }

    /// Looks again which files of the list are there, as they may come and go while the window has not the keyboard.
    fn look_for_recent(&mut self, ctx: &Context) {
        let focused = ctx.input(|input| input.focused);
        if focused && !self.focused && !self.state.files().recent.is_empty() {
            let recent = self.state.files().recent.clone();
            self.spawn(ctx, move || Some(looked_for(recent)));
        }
        self.focused = focused;
    }

    /// Does a task on threads of its own and tells some 30 times a second how far it is.
    fn work(&self, ctx: &Context, job: u64, task: Arc<Task>, cancel: Arc<AtomicBool>) {
        let on_progress = self.on_progress(ctx, cancel, move |part| Action::Progress { job, part });
        self.spawn(ctx, move || {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let done = match Threads::new(cores) {
                Ok(threads) => task.run(Execution { workers: &threads, on_progress: &on_progress }, &Disk)?,
                Err(_) => task.run(Execution { workers: &Alone, on_progress: &on_progress }, &Disk)?,
            };
            // Its inputs, or a file's bytes, before they are two.
            drop(task);
            Some(Action::Worked { job, done })
        });
    }

    /// A callback that sends the progress of a job to the window, some 30 times a second, and cancels the job once
    /// `stop` is set. `action` makes the message from the progress.
    fn on_progress(
        &self,
        ctx: &Context,
        stop: Arc<AtomicBool>,
        action: impl Fn(f32) -> Action + Send + Sync + 'static,
    ) -> impl Fn(f32) -> bool + Send + Sync + 'static {
        let (sender, ctx) = (self.sender.clone(), ctx.clone());
        let last = Mutex::new(Instant::now());
        move |part| {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.elapsed() > BETWEEN {
                *last = Instant::now();
                // Without a window nobody waits for the answer.
                let _ = sender.send(action(part));
                ctx.request_repaint();
            }
            !stop.load(Ordering::Relaxed)
        }
    }

    fn ask(&self, ctx: &Context, endings: &[&str]) {
        let dialog = rfd::FileDialog::new().add_filter("convstep", endings);
        self.ask_with(ctx, NO_DIALOG, move || dialog.pick_file().map(|path| opening(&path)));
    }

    /// Asks by a dialog of the system.
    fn ask_with(
        &self,
        ctx: &Context,
        no_dialog: &str,
        dialog: impl FnOnce() -> Option<Action> + Send + 'static,
    ) {
        let no_dialog = Words(self.state.view().lang).text(no_dialog);
        self.spawn(ctx, move || {
            let start = Instant::now();
            let answer = dialog();
            // Nobody closes a dialog this fast: there was none.
            let is_there = answer.is_some() || start.elapsed() >= Duration::from_millis(250);
            if is_there { answer } else { Some(Action::Fail(no_dialog)) }
        });
    }

    fn ask_where(&self, ctx: &Context, kind: FileKind, path: &Path) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let dialog = rfd::FileDialog::new().set_file_name(name).add_filter("convstep", &[kind.ending()]);
        let dialog = dialog.set_directory(path.parent().unwrap_or(Path::new("")));
        self.ask_with(ctx, "files.no_dialog", move || {
            dialog.save_file().map(|path| FileAction::Chosen(path).into())
        });
    }

    /// Files that were dropped, which are read elsewhere, and pictures that were pasted.
    fn received(&self, ctx: &Context) -> Vec<Action> {
        for file in ctx.input(|input| input.raw.dropped_files.clone()) {
            self.spawn(ctx, move || Some(opening(file.path())));
        }
        ctx.input(|input| {
            let pasted = input.events.iter().filter_map(|event| match event {
                Event::PasteImage(image) => {
                    let [width, height] = image.size.map(|side| side as u32);
                    let bytes = image.pixels.iter().flat_map(|pixel| pixel.to_srgba_unmultiplied()).collect();
                    Some(match Picture::from_rgba("clipboard", width, height, bytes) {
                        Ok(picture) => Action::UsePicture(Arc::new(Loaded {
                            name: "clipboard".into(),
                            content: crate::data::Content::Picture(picture),
                            label: None,
                        })),
                        Err(error) => Action::Fail(error.to_string()),
                    })
                }
                _ => None,
            });
            pasted.collect()
        })
    }

    fn apply(&mut self, ctx: &Context, actions: Vec<Action>) {
        if actions.is_empty() {
            return;
        }
        for action in actions {
            for effect in apply(&mut self.state, action) {
                self.run(ctx, effect);
            }
        }
        ctx.request_repaint();
    }
}

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        if self.theme != Some(self.state.view().theme) {
            self.theme = Some(self.state.view().theme);
            ctx.set_theme(match self.state.view().theme {
                ThemeChoice::System => egui::ThemePreference::System,
                ThemeChoice::Light => egui::ThemePreference::Light,
                ThemeChoice::Dark => egui::ThemePreference::Dark,
            });
        }
        if self.still != Some(self.state.view().still) {
            self.still = Some(self.state.view().still);
            theme::set_still(&ctx, self.state.view().still);
        }
        let mut actions: Vec<Action> = self.answers.try_iter().collect();
        actions.extend(self.received(&ctx));
        if std::mem::take(&mut self.advance) {
            actions.push(Action::Advance);
        }
        if self.state.playback().playing {
            let dt = ctx.input(|input| input.unstable_dt);
            actions.push(Action::Tick(dt));
        }
        self.apply(&ctx, actions);
        let asked = shell::window_ui(ui, &self.state, &mut self.memory);
        self.apply(&ctx, asked);
        self.look_for_recent(&ctx);
        let (wait, told) = self.rescue.tick(&self.state, &self.writer);
        self.later(told);
        if let Some(wait) = wait {
            ctx.request_repaint_after(wait);
        }
        let mark = if self.state.is_unsaved() { " •" } else { "" };
        let (place, model) = (self.state.cursor().text(self.state.plan()), &self.state.model().name);
        let title = format!("{place} – {model}{mark} – convstep");
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        if self.state.playback().playing {
            ctx.request_repaint_after(Duration::from_secs_f32(self.state.playback().next_due().min(0.25)));
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, STORAGE_KEY, self.state.view());
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.rescue.end(&self.state, &self.writer);
    }
}
