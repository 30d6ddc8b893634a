//! A layer: all of its maps, its filters, or both, and their gradients, each as large as all fit.

mod arrangement;
mod legend;
mod subject;
mod tile;
mod words;

use crate::data::Content;
use crate::trace::TensorId;
use crate::ui::{
    compared::{effect, nothing_to_compare},
    fonts,
    lit::{self, Lit},
    original::{input_ui, original_size, original_ui},
    theme::{self, text_size},
    view::View,
    widgets::grid::map_size,
};
use arrangement::Arrangement;
use egui::{Align, Align2, Button, FontId, Layout, Rect, RichText, ScrollArea, Ui, UiBuilder, pos2, vec2};
use subject::Subject;

/// The height of a line above the maps.
const LINE: f32 = 38.0;

/// How far a frame reaches over the edge of the stage.
const FRAME: f32 = 4.0;

/// Draws the layer that is looked at into the stage: a click on a map looks at it.
pub fn layer_ui(ui: &mut Ui, view: &View) {
    let Some(subject) = Subject::new(ui.ctx(), view) else { return };
    let mut area = ui.max_rect();
    // Frames lie around the maps, also around those at the edge.
    ui.set_clip_rect(ui.clip_rect().expand2(vec2(FRAME, 0.0)));
    if subject.missing().is_some() {
        let (line, rest) = area.split_top_bottom_at_y(area.top() + LINE);
        missing_ui(ui, view, &subject, line);
        area = rest;
    }
    if subject.before.is_none()
        && let Some(words) = nothing_to_compare(view)
    {
        let (line, rest) = area.split_top_bottom_at_y(area.top() + LINE);
        let text = RichText::new(words).font(theme::body_font()).color(view.theme.text);
        ui.put(line, egui::Label::new(text).halign(Align::Min));
        area = rest;
    }
    if let Some(before) = &subject.before {
        let (front, rest) = effect(view, std::slice::from_ref(before));
        view.read_out_first(front, rest);
    }
    legend::set(view, &subject);
    if points_at_picture(view) && subject.tensor != TensorId::INPUT {
        area = picture_ui(ui, view, area);
    }
    let arrangement =
        Arrangement::new(area.size(), subject.order.len(), subject.tile(ui, view, area.width()));
    if !arrangement.scrolls() {
        return tiles_ui(ui, view, &subject, &arrangement, area, 0);
    }
    let hidden = (arrangement.rows - arrangement.shown) as f32;
    let scroll = ScrollArea::vertical().id_salt(("maps", subject.tensor)).auto_shrink(false);
    ui.scope_builder(UiBuilder::new().max_rect(area), |ui| {
        scroll.show_viewport(ui, |ui, viewport| {
            ui.set_height(area.height() + hidden * arrangement.pitch.y);
            // By whole rows: no row is cut.
            let first = (viewport.top() / arrangement.pitch.y).round().clamp(0.0, hidden) as usize;
            tiles_ui(ui, view, &subject, &arrangement, area, first);
        });
    });
}

/// Whether the beat of a lesson points at the picture.
fn points_at_picture(view: &View) -> bool {
    let Some(lesson) = view.state.lesson().filter(|_| !view.state.is_aside()) else { return false };
    let points = lesson.points();
    Lit::new(view.state, &points).has_any_of(TensorId::INPUT)
}

/// The picture at the left, where a lesson points at it; answers the rest of the area.
fn picture_ui(ui: &Ui, view: &View, area: Rect) -> Rect {
    const SHARE: f32 = 0.32;
    const LABEL: f32 = 20.0;
    let width = (SHARE * area.width()).floor();
    let (left, rest) = area.split_left_right_at_x(area.left() + width);
    let room = vec2(width - LABEL, area.height() - LABEL);
    let is_array = matches!(view.state.inputs().picture.content, Content::Values(_));
    let size = match (is_array, view.state.fitted().tensor.dim()) {
        (true, (_, _, rows, cols)) => map_size(room, rows, cols),
        (false, _) => original_size(view, room),
    };
    let at = Rect::from_min_size(left.min + vec2(0.0, LABEL), size);
    let font = number_font();
    let words = view.text("conv.picture");
    ui.painter().text(
        pos2(at.left(), at.top() - 2.0),
        Align2::LEFT_BOTTOM,
        words,
        font,
        view.theme.text_strong,
    );
    match is_array {
        true => input_ui(ui, view, at),
        false => original_ui(ui, view, at),
    }
    lit::frame_ui(ui.painter(), view, at, TensorId::INPUT, None);
    rest
}

/// The tiles whose rows are visible.
fn tiles_ui(
    ui: &mut Ui,
    view: &View,
    subject: &Subject,
    arrangement: &Arrangement,
    area: Rect,
    first: usize,
) {
    let from = (first * arrangement.columns).min(subject.order.len());
    let to = ((first + arrangement.shown) * arrangement.columns).min(subject.order.len());
    let tiles = tile::Tiles::new(ui, view, subject, arrangement, &subject.order[from..to]);
    for n in from..to {
        let rect = arrangement.tile(n, first).translate(area.min.to_vec2());
        tiles.tile_ui(ui, n - from, rect);
    }
}

/// The line over maps that are not computed at the cursor, and the way to have them computed.
fn missing_ui(ui: &mut Ui, view: &View, subject: &Subject, line: Rect) {
    let Some(missing) = subject.missing() else { return };
    let is_look = missing == subject.tensor;
    let layout = Layout::left_to_right(Align::Center);
    ui.scope_builder(UiBuilder::new().max_rect(line).layout(layout), |ui| {
        let words = view.text(if is_look { "layer.not_yet" } else { "layer.no_gradients" });
        ui.label(RichText::new(words).font(theme::body_font()).color(view.theme.text));
        let run = view.text(if is_look { "layer.run_here" } else { "layer.run_gradients" });
        let button = Button::new(RichText::new(run).font(theme::body_font())).min_size(vec2(0.0, 30.0));
        if !ui.add(button).clicked() {
            return;
        }
        let stage = view.state.plan().stage_of(missing);
        let made = stage
            .map(|stage| subject.look.with_stage(stage))
            .map(|stage| view.state.plan().widen(&stage, crate::trace::Grain::Layer));
        if let Some(made) = made {
            view.visit(&made);
            if !is_look {
                view.look(&subject.look);
            }
        }
    });
}

/// The number of a map, above it.
fn number_font() -> FontId {
    FontId::new(text_size::MAP, fonts::strong())
}
