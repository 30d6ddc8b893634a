//! The native window: eframe's app on a desktop.

use super::{
    host::desktop::{Desktop, system_lang},
    window::Window,
};
use crate::app::{Action, FileAction};
use std::path::PathBuf;

/// The program's name to the system.
const NAME: &str = "convstep";

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
        Box::new(|context| {
            let ctx = &context.egui_ctx;
            let host = Desktop::new(ctx, eframe::storage_dir(NAME));
            let opens = file.map(|file| FileAction::Open(file.into()).into());
            let first = opens.into_iter().chain(first).collect();
            Ok(Box::new(Native(Window::new(ctx, context.storage, host, system_lang(), first))))
        }),
    )
    .map_err(|error| {
        format!(
            "expected a display to open the window on, got: {error}; start it in a desktop session, or use a headless \
             command (convstep --help)"
        )
    })
}

/// The window as eframe's app.
struct Native(Window<Desktop>);

impl eframe::App for Native {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.0.frame(ui, Vec::new());
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.0.keep(storage);
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.0.program().end();
    }
}
