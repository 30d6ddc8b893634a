//! A map: what each of the maps that it reads gives to one of its cells, the sum of it, and the map itself, large. A
//! map of a dense layer is a neuron.

mod card;
mod foot;
mod inputs;
mod neuron;
mod rule;
mod scene;
mod whole;

use crate::app::Lane;
use crate::ui::widgets::flow::text_width;
use crate::ui::{
    theme::{self, space, text_size},
    view::View,
};
use egui::{Align2, Color32, FontId, Rect, Ui, pos2, vec2};
use scene::Scene;

/// The title of a part.
const TITLE: f32 = 30.0;
/// Between the parts: where there is room, and in a stage that is narrower than [`NARROW`].
const GAPS: [f32; 2] = [34.0, 16.0];
/// A stage of less width has its parts close together.
const NARROW: f32 = 700.0;
/// The least width of what is read.
const LEAST_READ: f32 = 122.0;
/// The share of the stage's width that the map takes at most, and that each of two takes: usually, and in a narrow
/// stage, where all the rest is small.
const SHARES: [[f32; 2]; 2] = [[0.338, 0.24], [0.46, 0.28]];

/// Draws the shown map: as a sum of its inputs, large, or by its layer's rule.
pub fn map_ui(ui: &mut Ui, view: &View) {
    let Some(scene) = Scene::new(ui.ctx(), view) else { return };
    let is_neuron = scene.sum.as_ref().is_some_and(|sum| sum.shown.side == [1, 1]) && scene.is_vector();
    let keys = match (is_neuron, scene.is_vector()) {
        (true, _) => ["map.click_neuron", "map.click_neuron_rest"],
        (false, false) => ["map.click", "map.click_rest"],
        (false, true) => ["map.click_input", "map.click_input_rest"],
    };
    view.read_out(view.text(keys[0]), view.text(keys[1]));
    if !is_neuron {
        view.set_legends(scene.legends(ui.ctx()));
    }
    if is_neuron {
        neuron::neuron_ui(ui, &scene);
    } else if scene.sum.is_some() {
        sum_ui(ui, &scene);
    } else {
        rule::rule_ui(ui, &scene);
    }
}

/// Where the parts lie: what is read at the left, the card in the middle, the map at the right.
struct Parts {
    left: Rect,
    card: Rect,
    maps: Rect,
}

impl Parts {
    /// The parts of a stage, with a card of a width. The map is as large as height and share allow.
    fn new(ui: &Ui, scene: &Scene, card: f32) -> Self {
        let stage = ui.max_rect();
        let count = if has_both(scene) { 2 } else { 1 };
        let high = stage.height() - TITLE - foot::height(stage.height());
        let gap = gap(stage);
        // What is read, the card and the map lie beside one another, whatever the width.
        let room = (stage.width() - LEAST_READ - card - 2.0 * gap) / count as f32;
        let shares = SHARES[usize::from(stage.width() < NARROW)];
        let wide = (shares[count - 1] * stage.width()).min(room).max(48.0).floor();
        let width = if scene.is_vector() {
            0.0
        } else {
            let each = whole::size(ui, scene, vec2(wide, high)).x;
            each * count as f32 + if count > 1 { space::S } else { 0.0 }
        };
        let maps = stage.with_min_x(stage.right() - width);
        let right = maps.left() - if scene.is_vector() { 0.0 } else { gap };
        let card = Rect::from_x_y_ranges(right - card..=right, stage.y_range());
        Self { left: stage.with_max_x(card.left() - gap), card, maps }
    }
}

/// Between the parts of a stage.
fn gap(stage: Rect) -> f32 {
    GAPS[usize::from(stage.width() < NARROW)]
}

/// Whether the map stands beside its gradient.
fn has_both(scene: &Scene) -> bool {
    scene.view.state.view().lane == Lane::Both
        && !scene.is_vector()
        && scene::gradient_of_map(scene.view.state.plan(), scene.tensor).is_some()
}

/// A map or neuron that is a sum of maps.
fn sum_ui(ui: &mut Ui, scene: &Scene) {
    let parts = Parts::new(ui, scene, card::width(ui, scene));
    let shown = inputs::inputs_ui(ui, scene, parts.left);
    let card = card::card_ui(ui, scene, parts.card, shown.places);
    links_ui(ui, scene.view, &shown.rows, shown.right, card);
    if !scene.is_vector() {
        arrow_ui(ui, scene.view, pos2(card.right() + 4.0, card.center().y), parts.maps.left() - 4.0);
        whole::whole_ui(ui, scene, parts.maps, has_both(scene));
    }
    foot::foot_ui(
        ui,
        scene,
        Rect::from_x_y_ranges(parts.card.left()..=parts.maps.right(), parts.maps.y_range()),
    );
}

/// Lines from what is read to the card.
fn links_ui(ui: &Ui, view: &View, rows: &[f32], from: f32, card: Rect) {
    let to = pos2(card.left() - 3.0, card.center().y);
    for &y in rows {
        let start = pos2(from + 4.0, y);
        let bend = (to.x - start.x) * 0.6;
        let points = [start, start + vec2(bend, 0.0), to - vec2(bend, 0.0), to];
        let stroke = egui::Stroke::new(1.0, view.theme.line_strong);
        ui.painter().add(egui::epaint::CubicBezierShape::from_points_stroke(
            points,
            false,
            Color32::TRANSPARENT,
            stroke,
        ));
    }
}

/// An arrow to the right.
fn arrow_ui(ui: &Ui, view: &View, from: egui::Pos2, to: f32) {
    let stroke = egui::Stroke::new(1.5, view.theme.text_weak);
    ui.painter().hline(from.x..=to, from.y, stroke);
    let tip = pos2(to, from.y);
    let points = vec![tip, tip + vec2(-7.0, -4.0), tip + vec2(-7.0, 4.0)];
    ui.painter().add(egui::Shape::convex_polygon(points, view.theme.text_weak, egui::Stroke::NONE));
}

/// Running text; in front of a class larger.
fn body_font(view: &View) -> FontId {
    if view.state.view().presenting { FontId::proportional(text_size::TITLE) } else { theme::body_font() }
}

/// Half-bold running text; in front of a class larger.
fn strong_font(view: &View) -> FontId {
    if view.state.view().presenting { theme::title_font() } else { theme::strong_font() }
}

/// Captions; in front of a class as large as running text.
fn small_font(view: &View) -> FontId {
    if view.state.view().presenting { body_font(view) } else { theme::small_font() }
}

/// A line of text, cut with "…" where it is longer than `width`; answers where it stands.
fn text_ui(
    ui: &Ui,
    at: egui::Pos2,
    anchor: Align2,
    text: &str,
    font: FontId,
    ink: Color32,
    width: f32,
) -> Rect {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, ink);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(0.0));
    let galley = ui.painter().layout_job(job);
    let rect = anchor.anchor_size(at, galley.size());
    ui.painter().galley(rect.min, galley, ink);
    rect
}

/// A title at the top of a part, with weaker words behind it where there is room.
fn title_ui(ui: &Ui, view: &View, rect: Rect, title: &str, rest: &str) {
    let y = rect.top() + 0.5 * TITLE - 2.0;
    let own = text_ui(
        ui,
        pos2(rect.left(), y),
        Align2::LEFT_CENTER,
        title,
        theme::title_font(),
        view.theme.text_strong,
        rect.width(),
    );
    let room = rect.right() - own.right() - space::L;
    if !rest.is_empty() && text_width(ui.painter(), rest, body_font(view)) <= room {
        let at = pos2(rect.right(), y);
        text_ui(ui, at, Align2::RIGHT_CENTER, rest, body_font(view), view.theme.text_weak, room);
    }
}
