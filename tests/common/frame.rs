//! A frame of the window without its pixels: the texts that it paints, and what must hold of every frame.

use convstep::{
    app::{AppState, Drawer, Page},
    trace::{Address, Depth, Place},
    ui::{
        names, number,
        room::{Room, Wants},
        shell,
        theme::Theme,
        view::{Memory, View},
    },
};
use egui::{Context, Pos2, RawInput, Rect, Shape, Vec2, epaint::ClippedShape};
use std::{fs, path::Path, sync::LazyLock};

/// The frames until the layout stands, and the seconds between two.
const FRAMES: u32 = 3;
const PAUSE: f64 = 0.25;

/// Draws the window for a state and gives the texts on the screen.
///
/// # Panics
/// Where something is painted at a place that is no number, two widgets share an id, or a text is missing and its key
/// stands in its place; and where the page of close-ups is shown without the name and the value of the cell in
/// focus, in a window of at least 1024x720 points.
pub fn draw(state: &AppState, size: Vec2, dark: bool) -> Vec<String> {
    let ctx = Context::default();
    Theme::by_darkness(dark).apply(&ctx);
    let mut memory = Memory::default();
    let screen = Rect::from_min_size(Pos2::ZERO, size);
    let place = state.cursor().text(state.plan());
    let mut texts = Vec::new();
    for frame in 1..=FRAMES {
        let time = Some(f64::from(frame) * PAUSE);
        let input = RawInput { screen_rect: Some(screen), time, ..RawInput::default() };
        let mut output = ctx.run_ui(input, |ui| {
            shell::window_ui(ui, state, &mut memory);
        });
        let shapes = std::mem::take(&mut output.shapes);
        output.drop_without_applying_deltas();
        if frame == FRAMES {
            for ClippedShape { clip_rect, shape, .. } in shapes {
                add(&shape, clip_rect.intersect(screen), &place, &mut texts);
            }
        }
    }
    for text in &texts {
        let is_clash =
            ["First use of ", "Second use of ", "Double use of "].iter().any(|w| text.starts_with(w));
        assert!(!is_clash, "{place}: {text}");
        assert!(!is_key(text, state), "{place}: the text of {text} is missing");
    }
    // Smaller windows than the smallest that the layout is made for leave regions out.
    let has_room = size.x >= 1024.0 && size.y >= 720.0;
    if has_room && (state.view().page, state.view().drawer) == (Page::Network, Some(Drawer::Why)) {
        let focus = state.focus();
        let name = in_words(state, &focus);
        assert!(texts.contains(&name), "{place}: {name} is not among {texts:#?}");
        let (done, _) = state.terms_done(&focus);
        let steps = state.trace().cell(&focus).steps;
        if let Some(step) = done.checked_sub(1).and_then(|last| steps.get(last as usize))
            && !matches!(focus.place(), Place::Given(_))
        {
            let value = number::written(step.after, state.view().digits.count());
            assert!(texts.contains(&value), "{place}: the value {value} is not among {texts:#?}");
        }
    }
    texts
}

/// What the screen calls a place.
#[allow(dead_code, reason = "not every test asks")]
pub fn in_words(state: &AppState, address: &Address) -> String {
    let wants = Wants {
        page: state.view().page,
        depth: Depth::new(&state.look()),
        notice: false,
        drawer: None,
        timeline: None,
        presenting: None,
        lesson: None,
        alone: None,
    };
    let memory = Memory::default();
    let room = Room::new(Vec2::new(1280.0, 720.0), &wants);
    names::place(&View::new(state, Theme::by_darkness(false), &memory, room), address)
}

/// Adds the texts of a shape that can be seen within `clip`.
fn add(shape: &Shape, clip: Rect, place: &str, texts: &mut Vec<String>) {
    if let Shape::Vec(shapes) = shape {
        shapes.iter().for_each(|shape| add(shape, clip, place, texts));
        return;
    }
    // What covers nothing has its box at infinity.
    let covers_nothing = match shape {
        Shape::Text(text) => {
            assert!(text.pos.is_finite(), "{place}: {:?} is painted at {:?}", text.galley.text(), text.pos);
            text.galley.mesh_bounds.is_negative()
        }
        shape => !shape.visual_bounding_rect().any_nan() && shape.visual_bounding_rect().is_negative(),
    };
    if covers_nothing {
        return;
    }
    let covered = shape.visual_bounding_rect();
    assert!(covered.is_finite(), "{place}: {shape:?} is painted at {covered:?}");
    if let Shape::Text(text) = shape
        && clip.intersects(covered)
        && !text.galley.text().is_empty()
    {
        texts.push(text.galley.text().to_owned());
    }
}

/// Whether a text is a key of the strings, such as `group.file`, and not a tensor's name, such as `conv.db`.
fn is_key(text: &str, state: &AppState) -> bool {
    static TABLES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/strings");
        let files = fs::read_dir(folder).expect("strings").map(|entry| entry.expect("a file").path());
        let tables = files.flat_map(|file| {
            fs::read_to_string(file).expect("a file").parse::<toml::Table>().expect("strings").into_iter()
        });
        tables.map(|(table, _)| table).collect()
    });
    let mut parts = text.split('.');
    let is_word = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let is_of_table = parts.next().is_some_and(|first| TABLES.iter().any(|table| table == first));
    let is_tensor = state.plan().network().layers.iter().any(|layer| text.starts_with(layer.name()));
    is_of_table && !is_tensor && text.contains('.') && parts.all(is_word)
}
