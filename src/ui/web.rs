//! The page in a browser: the same window on a canvas, and what the page's script may ask of it.

use super::{
    host::web::{Came, Web, came, files_of, flag, language, leave, link, set_link, set_title, take_in},
    names,
    window::Window,
};
use crate::app::{Action, AppState, FileAction, JobKind, Lang, Link};
use crate::model_io::Model;
use serde_json::json;
use std::cell::RefCell;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use web_sys::HtmlCanvasElement;

thread_local! {
    static RUNNER: RefCell<Option<eframe::WebRunner>> = const { RefCell::new(None) };
}

/// The page's window.
struct Page {
    window: Window<Web>,
    title: String,
    /// The link that the address bar has.
    link: String,
    /// When it was last set, in seconds.
    linked: f64,
}

/// Seconds between two changes of the address bar: browsers allow only so many.
const BETWEEN_LINKS: f64 = 0.5;

/// The language of the browser.
fn system_lang() -> Lang {
    let named = language().to_ascii_lowercase();
    let is_named = |lang: &&Lang| named.split('-').next() == Some(lang.code());
    Lang::ALL.iter().find(is_named).copied().unwrap_or_default()
}

impl Page {
    fn new(context: &eframe::CreationContext<'_>) -> Self {
        let ctx = &context.egui_ctx;
        if flag("test") {
            ctx.add_plugin(labels::Labels);
            ctx.enable_accesskit();
        }
        let given = link();
        let opens = Link::is_meant(&given).then(|| Action::GoTo(given.clone()));
        let first = opens.into_iter().collect();
        let window = Window::new(ctx, context.storage, Web::new(ctx), system_lang(), first);
        Self { window, title: String::new(), link: given, linked: 0.0 }
    }

    /// What has come since the last frame.
    fn came(&mut self) -> Vec<Action> {
        let action = |came: Came| match came {
            Came::Files(files) => {
                let meant = take_in(files, &Model::ENDINGS);
                meant.map(|location| FileAction::Open(location).into())
            }
            Came::Link(link) => Link::is_meant(&link).then(|| Action::GoTo(link)),
            Came::Action(action) => Some(action),
        };
        came().into_iter().filter_map(action).collect()
    }

    /// Has the address bar and the tab say what is shown.
    fn follow(&mut self, ctx: &egui::Context) {
        let state = self.window.program().state();
        let title = names::title(state);
        if title != self.title {
            set_title(&title);
            self.title = title;
        }
        let now = ctx.input(|input| input.time);
        if now - self.linked < BETWEEN_LINKS {
            return;
        }
        let link = Link::from_state(state).fragment();
        if link != self.link {
            set_link(&link);
            (self.link, self.linked) = (link, now);
        }
    }
}

impl eframe::App for Page {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        let came = self.came();
        let lang = self.window.program().state().view().lang;
        self.window.program().host().set_lang(lang);
        self.window.frame(ui, came);
        self.follow(&ctx);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.window.keep(storage);
    }

    fn as_any_mut(&mut self) -> Option<&mut dyn std::any::Any> {
        Some(self)
    }
}

/// Opens the window on the page's canvas; called once by the page's script.
///
/// # Errors
/// If the page has no canvas, or the browser no WebGL.
#[wasm_bindgen]
pub async fn convstep_start() -> Result<(), JsValue> {
    let canvas = web_sys::window().and_then(|window| window.document()?.get_element_by_id("window"));
    let canvas = canvas.and_then(|found| found.dyn_into::<HtmlCanvasElement>().ok());
    let canvas = canvas.ok_or("expected a canvas called window, got none")?;
    let runner = eframe::WebRunner::new();
    RUNNER.with_borrow_mut(|all| *all = Some(runner.clone()));
    let options = eframe::WebOptions::default();
    runner.start(canvas, options, Box::new(|context| Ok(Box::new(Page::new(context))))).await
}

/// Calls `f` with the page's window; `None` before the start, after a panic, and within a frame.
fn with_page<R>(f: impl FnOnce(&mut Page) -> R) -> Option<R> {
    let runner = RUNNER.with_borrow(Clone::clone)?;
    let mut page = runner.app_mut::<Page>()?;
    Some(f(&mut page))
}

/// Has the next frame drawn now.
fn wake() {
    with_page(|page| page.window.program().host().wake());
}

/// Files that were dropped or pasted: [[name, bytes], ..].
#[wasm_bindgen]
pub fn convstep_files(files: JsValue) {
    leave(Came::Files(files_of(&files)));
    wake();
}

/// Another link was put into the address bar.
#[wasm_bindgen]
pub fn convstep_link(link: String) {
    leave(Came::Link(link));
    wake();
}

/// The tab is hidden and may be gone next: work is kept.
#[wasm_bindgen]
pub fn convstep_hidden() {
    with_page(|page| page.window.program().save_now());
}

/// A part of the program has been loaded.
#[wasm_bindgen]
pub fn convstep_part(_name: String) {
    wake();
}

/// What is shown, as JSON: the moment, the outputs, the lesson, training, jobs.
#[wasm_bindgen]
pub fn convstep_state() -> String {
    with_page(|page| shown(page.window.program().state())).unwrap_or_default()
}

fn shown(state: &AppState) -> String {
    let lesson = state.lesson().map(|lesson| {
        json!({
            "id": lesson.lesson().id, "beat": lesson.beat(), "phase": format!("{:?}", lesson.phase()),
            "given": lesson.given().is_some(),
        })
    });
    let kinds = [JobKind::Training, JobKind::Filming, JobKind::OpeningData, JobKind::TopActivations];
    let running = kinds.into_iter().filter_map(|kind| state.jobs().of_kind(kind));
    let running = running.chain(state.jobs().foreground());
    let jobs: Vec<String> = running.map(|job| format!("{:?}", job.kind)).collect();
    json!({ "moment": state.moment().0, "lang": state.view().lang.code(), "lesson": lesson, "jobs": jobs })
        .to_string()
}

/// Places of named things on the screen, for tests: [[role, label, x, y, width, height], ..] in points.
#[wasm_bindgen]
pub fn convstep_labels() -> String {
    labels::text()
}

mod labels {
    //! What a screen reader would be told, with its places.

    use egui::{Context, FullOutput};
    use std::sync::{Mutex, PoisonError};

    static LABELS: Mutex<String> = Mutex::new(String::new());

    /// Notes the labels of each frame.
    pub(super) struct Labels;

    impl egui::Plugin for Labels {
        fn debug_name(&self) -> &'static str {
            "labels"
        }

        fn output_hook(&mut self, ctx: &Context, output: &mut FullOutput) {
            let Some(update) = &output.platform_output.accesskit_update else { return };
            let zoom = f64::from(ctx.zoom_factor());
            let entry = |node: &egui::accesskit::Node| {
                let (label, at) = (node.label().or(node.value())?, node.bounds()?);
                let place = [at.x0, at.y0, at.x1 - at.x0, at.y1 - at.y0].map(|side| side * zoom);
                Some(serde_json::json!([
                    format!("{:?}", node.role()),
                    label,
                    place[0],
                    place[1],
                    place[2],
                    place[3]
                ]))
            };
            let all: Vec<_> = update.nodes.iter().filter_map(|(_, node)| entry(node)).collect();
            *LABELS.lock().unwrap_or_else(PoisonError::into_inner) = serde_json::json!(all).to_string();
        }
    }

    pub(super) fn text() -> String {
        LABELS.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
