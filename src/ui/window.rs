//! The native window: eframe's app, input that becomes actions, the repaint.

use super::{
    host::desktop::{Desktop, system_lang},
    names,
    program::Program,
    shell, theme,
    view::Memory,
    zoom::Zoom,
};
use crate::app::{Action, AppState, FileAction, Moment, Page, ThemeChoice, apply};
use crate::data::{Content, Loaded, Picture};
use egui::{ColorImage, Context, Event, ViewportCommand};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// The program's name to the system.
const NAME: &str = "convstep";

/// Where the view's settings are kept.
const STORAGE_KEY: &str = "view";

/// Opens the window and stays until it is closed. `file`: a picture, model, session or data set to open.
///
/// # Errors
/// If there is no display.
pub fn open(file: Option<PathBuf>, first: Option<Action>) -> Result<(), String> {
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
        Box::new(|context| Ok(Box::new(Window::new(&context.egui_ctx, context.storage, (file, first))))),
    )
    .map_err(|error| {
        format!(
            "expected a display to open the window on, got: {error}; start it in a desktop session, or use a headless \
             command (convstep --help)"
        )
    })
}

struct Window {
    program: Program<Desktop>,
    memory: Memory,
    theme: Option<ThemeChoice>,
    still: Option<bool>,
    title: String,
    /// Whether the window had the keyboard in the last frame.
    focused: bool,
    zoom: Zoom,
}

impl Window {
    fn new(
        ctx: &Context,
        storage: Option<&dyn eframe::Storage>,
        opened: (Option<PathBuf>, Option<Action>),
    ) -> Self {
        let (file, first) = opened;
        theme::install(ctx);
        let mut state = AppState::new();
        let kept = storage.and_then(|storage| eframe::get_value(storage, STORAGE_KEY));
        let is_first = kept.is_none();
        match kept {
            Some(view) => apply(&mut state, Action::RestoreView(view)),
            None => apply(&mut state, Action::SetLang(system_lang())),
        };
        if file.is_none() {
            apply(&mut state, Action::SetPage(Page::Home));
        }
        let host = Desktop::new(ctx, eframe::storage_dir(NAME));
        let mut program = Program::new(host, state);
        program.apply(file.map(|file| FileAction::Open(file.into()).into()));
        program.apply(first);
        let memory = Memory::default();
        Self {
            program,
            memory,
            theme: None,
            still: None,
            title: String::new(),
            focused: true,
            zoom: Zoom::new(is_first),
        }
    }

    /// Applies the theme and the setting for motion to egui.
    fn follow_settings(&mut self, ctx: &Context) {
        let view = self.program.state().view();
        if self.theme != Some(view.theme) {
            self.theme = Some(view.theme);
            ctx.set_theme(match view.theme {
                ThemeChoice::System => egui::ThemePreference::System,
                ThemeChoice::Light => egui::ThemePreference::Light,
                ThemeChoice::Dark => egui::ThemePreference::Dark,
            });
        }
        if self.still != Some(view.still) {
            self.still = Some(view.still);
            theme::set_still(ctx, view.still);
        }
    }

    /// A presented stage fills the screen, and the window's height decides the zoom.
    fn follow_presenting(&mut self, ctx: &Context) {
        let presenting = self.program.state().view().presenting;
        if presenting != self.zoom.is_presented() {
            ctx.send_viewport_cmd(ViewportCommand::Fullscreen(presenting));
        }
        self.zoom.follow(ctx, presenting);
    }

    /// What follows from dropped files, pasted pictures and the time that has passed.
    fn input(&self, ctx: &Context) -> Vec<Action> {
        let is_playing = self.program.state().playback().playing;
        let typing = ctx.egui_wants_keyboard_input();
        ctx.input(|input| {
            let dropped = input.raw.dropped_files.iter();
            let dropped = dropped.map(|file| FileAction::Open(file.path().into()).into());
            let pasted = input.events.iter().filter_map(|event| match event {
                Event::PasteImage(image) => Some(pasted(image)),
                _ => None,
            });
            let typed = input.events.iter().filter_map(|event| match event {
                // A field that is typed into takes the text itself.
                Event::Paste(text) if Moment::is_meant(text) && !typing => Some(Action::GoTo(text.clone())),
                _ => None,
            });
            let tick = is_playing.then(|| Action::Tick(input.unstable_dt));
            dropped.chain(pasted).chain(typed).chain(tick).collect()
        })
    }
}

/// What opens a picture from the clipboard.
fn pasted(image: &ColorImage) -> Action {
    const NAME: &str = "clipboard";
    let [width, height] = image.size.map(|side| side as u32);
    let bytes = image.pixels.iter().flat_map(|pixel| pixel.to_srgba_unmultiplied()).collect();
    match Picture::from_rgba(NAME, width, height, bytes) {
        Ok(picture) => {
            let content = Content::Picture(picture);
            Action::UsePicture(Arc::new(Loaded { name: NAME.into(), content, label: None }))
        }
        Err(error) => Action::Fail(error.into()),
    }
}

impl eframe::App for Window {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        self.follow_settings(&ctx);
        self.follow_presenting(&ctx);
        let mut has_changed = self.program.take_answers();
        has_changed |= self.program.apply(self.input(&ctx));
        let actions = shell::window_ui(ui, self.program.state(), &mut self.memory);
        has_changed |= self.program.apply(actions);
        if has_changed {
            ctx.request_repaint();
        }
        let focused = ctx.input(|input| input.focused);
        let was_focused = std::mem::replace(&mut self.focused, focused);
        if focused && !was_focused {
            self.program.check_recent();
        }
        if let Some(wait) = self.program.autosave() {
            ctx.request_repaint_after(Duration::from_secs_f64(wait));
        }
        let title = names::title(self.program.state());
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        let playback = self.program.state().playback();
        if playback.playing {
            ctx.request_repaint_after(Duration::from_secs_f32(playback.next_due().min(0.25)));
        }
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, STORAGE_KEY, self.program.state().view());
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.program.end();
    }
}
