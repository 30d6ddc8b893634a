//! The window's frame, on any host: input that becomes actions, the repaint, what is kept of the view.

use super::{host::Host, names, program::Program, shell, theme, view::Memory, zoom::Zoom};
use crate::app::{Action, AppState, FileAction, Lang, Link, Page, ThemeChoice, apply};
use crate::data::{Content, Loaded, Picture};
use egui::{ColorImage, Context, Event, ViewportCommand};
use std::{sync::Arc, time::Duration};

/// Where the view's settings are kept.
const STORAGE_KEY: &str = "view";

/// The window on its host.
pub struct Window<H: Host> {
    program: Program<H>,
    memory: Memory,
    theme: Option<ThemeChoice>,
    still: Option<bool>,
    title: String,
    /// Whether the window had the keyboard in the last frame.
    focused: bool,
    zoom: Zoom,
}

impl<H: Host> Window<H> {
    /// The window that `ctx` draws, as it was kept in `storage`; without that, in the language `lang`. It opens on the
    /// page Home and applies `first`, if any.
    pub fn new(
        ctx: &Context,
        storage: Option<&dyn eframe::Storage>,
        host: H,
        lang: Lang,
        first: Vec<Action>,
    ) -> Self {
        theme::install(ctx);
        let mut state = AppState::new();
        let kept = storage.and_then(|storage| eframe::get_value(storage, STORAGE_KEY));
        let is_first = kept.is_none();
        match kept {
            Some(view) => apply(&mut state, Action::RestoreView(view)),
            None => apply(&mut state, Action::SetLang(lang)),
        };
        if !first.iter().any(|action| matches!(action, Action::File(FileAction::Open(_)))) {
            apply(&mut state, Action::SetPage(Page::Home));
        }
        let mut program = Program::new(host, state);
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

    /// The program in it.
    pub const fn program(&mut self) -> &mut Program<H> {
        &mut self.program
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
                Event::Paste(text) if Link::is_meant(text) && !typing => Some(Action::GoTo(text.clone())),
                _ => None,
            });
            let tick = is_playing.then(|| Action::Tick(input.unstable_dt));
            dropped.chain(pasted).chain(typed).chain(tick).collect()
        })
    }

    /// Draws a frame: takes the host's answers, then `more` and the input, then what the views ask for.
    pub fn frame(&mut self, ui: &mut egui::Ui, more: Vec<Action>) {
        let ctx = ui.ctx().clone();
        self.follow_settings(&ctx);
        self.follow_presenting(&ctx);
        let mut has_changed = self.program.take_answers();
        has_changed |= self.program.apply(more);
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

    /// Keeps the view for the next start.
    pub fn keep(&self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, STORAGE_KEY, self.program.state().view());
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
