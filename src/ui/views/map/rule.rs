//! A map that is no sum of maps: what it reads, the rule in words, and the map. Pools, activations, normalisations,
//! gradients of weights, updates, and what is given.

use super::scene::{Scene, source_name};
use super::{Parts, arrow_ui, body_font, card, foot, gap, has_both, links_ui, strong_font, text_ui, whole};
use crate::trace::{Address, Operand, Place, TensorId};
use crate::ui::widgets::flow::text_width;
use crate::ui::{
    names, number, sentences,
    tensor_plane::TensorPlane,
    theme::space,
    view::View,
    widgets::{
        addressed_grid::tensor_plane_ui,
        grid::{CellSpan, CellState, Overlay, fit_cell, plane_size},
    },
};
use egui::{Align2, Label, Rect, RichText, Stroke, StrokeKind, Ui, UiBuilder, Vec2, pos2, vec2};

/// The width of the card.
const CARD: f32 = 240.0;
/// The caption above a map that is read.
const CAPTION: f32 = 22.0;
/// The most maps, and the most numbers, that are seen of what is read.
const MAPS: usize = 3;
const NUMBERS: usize = 6;
/// The terms that are gone through to find what is read.
const TERMS: u32 = 4096;
/// The largest side of a cell of what is read.
const LARGEST: f32 = 84.0;
/// The side of the cell of a map that is one number: all its digits fit.
const LARGEST_ALONE: f32 = 108.0;

/// A map, or a number, that a cell reads.
struct Read {
    tensor: TensorId,
    image: u32,
    plane: usize,
    /// Rows and columns that are read: top, left, and where they end.
    span: [usize; 4],
    /// The number that is read, where it is one of a vector.
    value: f32,
}

/// Draws the shown map beside the maps that its layer's rule reads.
pub fn rule_ui(ui: &mut Ui, scene: &Scene) {
    let view = scene.view;
    let address = scene.plane.address(scene.cell.0, scene.cell.1);
    let is_given = matches!(address.place(), Place::Given(_));
    let reads = if is_given || !scene.is_done() { Vec::new() } else { reads(view, &address) };
    let (maps, numbers): (Vec<Read>, Vec<Read>) =
        reads.into_iter().partition(|read| view.state.plan().shape_of(read.tensor).plane() > 1);
    // With nothing to its left the card has more room.
    let share = if maps.is_empty() { 0.5 } else { 0.34 };
    let mut parts = Parts::new(ui, scene, CARD.min(share * ui.max_rect().width()));
    if scene.is_vector() {
        // The one number stands at the right of the card.
        let wide = 120.0;
        parts.maps = ui.max_rect().with_min_x(ui.max_rect().right() - wide);
        let gap = gap(ui.max_rect());
        let right = parts.maps.left() - gap;
        parts.card = Rect::from_x_y_ranges(right - parts.card.width()..=right, parts.card.y_range());
        parts.left.set_right(parts.card.left() - gap);
    }
    if maps.is_empty() {
        // With nothing to the left the card and the map come nearer to the middle.
        let move_by = vec2(-0.35 * parts.left.width(), 0.0);
        (parts.card, parts.maps) = (parts.card.translate(move_by), parts.maps.translate(move_by));
    }
    let (rows, right) = maps_ui(ui, scene, parts.left, &maps);
    let card = card_ui(ui, scene, parts.card, &address, &numbers);
    links_ui(ui, view, &rows, right, card);
    arrow_ui(ui, view, pos2(card.right() + 4.0, card.center().y), parts.maps.left() - 4.0);
    if scene.is_vector() {
        number_ui(
            ui,
            scene,
            Rect::from_center_size(pos2(parts.maps.center().x, card.center().y), vec2(120.0, 84.0)),
        );
    } else {
        whole::whole_ui(ui, scene, parts.maps, has_both(scene));
    }
    let right = Rect::from_x_y_ranges(parts.card.left()..=parts.maps.right(), parts.maps.y_range());
    foot::foot_ui(ui, scene, right);
}

/// What a cell reads, map by map.
fn reads(view: &View, address: &Address) -> Vec<Read> {
    let (plan, trace) = (view.state.plan(), view.state.trace());
    let fold = trace.cell_until(address, TERMS);
    let mut found: Vec<Read> = Vec::new();
    for operand in fold.steps.iter().flat_map(|step| step.term.operands()) {
        let &Operand::Cell { tensor, image, index } = operand else { continue };
        let shape = plan.shape_of(tensor);
        let [.., i, j] = shape.at(index as usize);
        let plane = index as usize / shape.plane().max(1);
        let known =
            found.iter_mut().find(|read| (read.tensor, read.image, read.plane) == (tensor, image, plane));
        match known {
            Some(read) => {
                let [top, left, bottom, right] = read.span;
                read.span = [top.min(i), left.min(j), bottom.max(i + 1), right.max(j + 1)];
            }
            None => {
                let (span, value) = ([i, j, i + 1, j + 1], trace.operand(operand));
                found.push(Read { tensor, image, plane, span, value });
            }
        }
    }
    found
}

fn plane_of<'a>(view: &'a View<'a>, read: &Read) -> TensorPlane<'a> {
    match read.tensor.is_parameter() {
        true => TensorPlane::before_update(view, read.tensor, read.plane),
        false => TensorPlane::new(view, read.tensor, read.image, read.plane),
    }
}

/// The maps that are read, one below another; answers the middle of each, and where they end.
fn maps_ui(ui: &mut Ui, scene: &Scene, rect: Rect, maps: &[Read]) -> (Vec<f32>, f32) {
    let view = scene.view;
    let shown = maps.len().min(MAPS);
    let more = maps.len() - shown;
    let each = (rect.height() - if more > 0 { CAPTION } else { 0.0 }) / shown.max(1) as f32;
    let (mut rows, mut end) = (Vec::new(), rect.left());
    for (k, read) in maps[..shown].iter().enumerate() {
        let plane = plane_of(view, read);
        let room = vec2(rect.width(), each - CAPTION - space::S);
        let cell = cell_points(ui, &plane, room);
        let size = plane_size(plane.rows(), plane.cols(), 0, cell, ui.pixels_per_point());
        let top = rect.top() + each * k as f32;
        // As near to the card as it can be.
        let left = rect.right() - size.x.min(rect.width());
        let (layer, map) = (source_name(view, read.tensor), names::plane(view, read.tensor, read.plane));
        let long = view.fill("map.of", &[("layer", &layer), ("map", &map)]);
        let fits = |name: &String| text_width(ui.painter(), name, strong_font(view)) <= rect.right() - left;
        let name = [long, layer].into_iter().find(fits).unwrap_or(map);
        let at = pos2(left, top + 0.5 * CAPTION);
        let font = strong_font(view);
        text_ui(ui, at, Align2::LEFT_CENTER, &name, font, view.theme.text_strong, rect.right() - left);
        let at = pos2(left, top + CAPTION);
        grid_ui(ui, scene, &plane, read, at, cell, k);
        rows.push(at.y + 0.5 * size.y);
        end = end.max(left + size.x);
    }
    if more > 0 {
        let words = view.fill("map.more", &[("n", &more.to_string())]);
        let at = pos2(rect.right(), rect.bottom() - 0.5 * CAPTION);
        let font = body_font(view);
        text_ui(ui, at, Align2::RIGHT_CENTER, &words, font, view.theme.text_weak, rect.width());
    }
    (rows, end)
}

fn cell_points(ui: &Ui, plane: &TensorPlane, room: Vec2) -> f32 {
    fit_cell(room.max(vec2(40.0, 40.0)), plane.rows(), plane.cols(), 0, ui.pixels_per_point()).min(LARGEST)
}

fn grid_ui(
    ui: &mut Ui,
    scene: &Scene,
    plane: &TensorPlane,
    read: &Read,
    at: egui::Pos2,
    cell: f32,
    k: usize,
) {
    let view = scene.view;
    let [top, left, bottom, right] = read.span.map(|n| n as i32);
    let span = CellSpan::new(top, left, bottom - top, right - left);
    let is_whole = (bottom - top) as usize == plane.rows() && (right - left) as usize == plane.cols();
    let overlays = if is_whole { Vec::new() } else { vec![Overlay::reads(view.theme, span)] };
    let id = ["first read", "second read", "third read"][k.min(2)];
    let drawn = tensor_plane_ui(ui, view, at, id, plane, cell, overlays);
    if let Some(cell) = drawn.hovered {
        view.read_out(plane.label(Some(cell)), view.text("map.cell_click"));
    }
}

/// The rule in words, and the numbers of the cell.
fn card_ui(ui: &mut Ui, scene: &Scene, rect: Rect, address: &Address, numbers: &[Read]) -> Rect {
    let view = scene.view;
    let is_done = scene.is_done();
    let sentence = sentences::sentence(view, address);
    let mut lines: Vec<(String, String)> = Vec::new();
    for read in numbers.iter().take(NUMBERS) {
        let name = names::tensor_and_plane(view, read.tensor, read.plane);
        lines.push((name, number::written(read.value, view.state.view().digits.count())));
    }
    if numbers.len() > NUMBERS {
        lines.push((view.fill("map.more", &[("n", &(numbers.len() - NUMBERS).to_string())]), String::new()));
    }
    let inner_width = rect.width() - 2.0 * space::M;
    let words = ui.painter().layout(sentence.clone(), body_font(view), view.theme.text, inner_width);
    let result = if is_done { 34.0 } else { 90.0 };
    let height = words.size().y + 24.0 * lines.len() as f32 + result + 3.0 * space::S;
    let card = Rect::from_center_size(rect.center(), vec2(rect.width(), height.min(rect.height())));
    ui.painter().rect_filled(card, 8.0, view.theme.raised);
    ui.painter().rect_stroke(card, 8.0, Stroke::new(1.0, view.theme.line), StrokeKind::Inside);
    let inner = card.shrink2(vec2(space::M, space::S));
    ui.scope_builder(UiBuilder::new().max_rect(inner), |ui| {
        ui.spacing_mut().item_spacing.y = space::XS;
        ui.add(Label::new(RichText::new(&sentence).font(body_font(view)).color(view.theme.text)).wrap());
        for (name, number) in &lines {
            pair_ui(ui, view, name, number, inner.width());
        }
        if !is_done {
            let below = ui.available_rect_before_wrap().expand2(vec2(space::M, space::S));
            return card::not_yet_ui(ui, scene, below);
        }
        ui.separator();
        let value = view.state.trace().finished(address);
        let value = number::written(value, view.state.view().digits.count());
        let name = match scene.is_vector() {
            true => names::plane(view, scene.tensor, scene.map),
            false => {
                let (i, j) = (scene.cell.0.to_string(), scene.cell.1.to_string());
                let words = view.fill("map.at", &[("i", &i), ("j", &j)]);
                let taken = text_width(ui.painter(), &value, strong_font(view)) + space::S;
                let fits = text_width(ui.painter(), &words, body_font(view)) + taken <= inner.width();
                if fits { words } else { format!("({i},{j})") }
            }
        };
        pair_ui(ui, view, &name, &value, inner.width());
    });
    card
}

/// A name at the left, its number at the right.
fn pair_ui(ui: &mut Ui, view: &View, name: &str, number: &str, width: f32) {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), egui::Sense::hover());
    let words = format!("{name} {number}");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, words.trim_end()));
    let y = rect.center().y;
    let (font, ink) = (strong_font(view), view.theme.text_strong);
    let own = text_ui(ui, pos2(rect.right(), y), Align2::RIGHT_CENTER, number, font, ink, width);
    let room = own.left() - rect.left() - space::S;
    text_ui(ui, pos2(rect.left(), y), Align2::LEFT_CENTER, name, body_font(view), view.theme.text, room);
}

/// A map of one number.
fn number_ui(ui: &mut Ui, scene: &Scene, rect: Rect) {
    let plane = &scene.plane;
    let side = LARGEST_ALONE.min(rect.width()).min(rect.height());
    let name = names::tensor_and_plane(scene.view, scene.tensor, scene.map);
    let at = Rect::from_center_size(rect.center(), vec2(side, side)).min;
    let drawn = tensor_plane_ui(ui, scene.view, at, "the number", plane, side, Vec::new());
    if drawn.hovered.is_some() {
        let state = plane.cell(0, 0);
        let value =
            if state.state == CellState::NotYet { String::new() } else { number::four_digits(state.value) };
        scene.view.read_out(format!("{name} {value}"), scene.view.text("map.cell_click"));
    }
}
