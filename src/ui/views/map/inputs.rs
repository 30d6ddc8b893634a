//! The maps that are read: each beside the weights that read it, with what it contributes to the shown cell.

use super::scene::{RowCol, Scene, Sum, source_name};
use super::{TITLE, body_font, strong_font, text_ui};
use crate::app::Digits;
use crate::nn::{Block, Op, Part};
use crate::tensor::printed_sum::with_plus;
use crate::trace::{Address, Contribution, Grain, Pass, TensorId};
use crate::ui::widgets::{flow::text_width, grid::map_size};
use crate::ui::{
    atlas::tensor_atlas,
    lit, names, number,
    tensor_plane::{TensorPlane, mapping},
    theme::space,
    view::View,
    widgets::hatch::hatched_ui,
};
use egui::{Align2, Mesh, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2};

/// The number above a map.
const LABEL: f32 = 22.0;
/// The line below the maps.
const MORE: f32 = 24.0;
/// Between a map and its weights.
const BESIDE: f32 = 14.0;
/// Between two pairs, from left to right and from top to bottom.
const GAPS: Vec2 = vec2(16.0, 8.0);
/// The side of a map: the least, the usual, and the largest.
const SIDES: [f32; 3] = [52.0, 84.0, 150.0];
/// As many are to be seen at least, where there is any room.
const LEAST: usize = 6;

/// What was drawn.
pub struct Drawn {
    /// How many maps are seen.
    pub places: usize,
    /// The middle of each row.
    pub rows: Vec<f32>,
    /// Where the last column ends.
    pub right: f32,
}

/// How the maps stand.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Tiles {
    side: f32,
    columns: usize,
    rows: usize,
}

impl Tiles {
    /// So many maps in a room: as large as all of them fit, between the usual and the largest side; else as many as fit.
    fn new(room: Vec2, count: usize) -> Self {
        let at = |side: f32| Self {
            side,
            columns: (((room.x + GAPS.x) / (Self::width(side) + GAPS.x)).floor() as usize).max(1),
            rows: (((room.y + GAPS.y) / (LABEL + side + GAPS.y)).floor() as usize).max(1),
        };
        let sides = |from: f32, to: f32| {
            let steps = ((to - from) / 2.0).max(0.0) as usize;
            (0..=steps).map(move |k| to - 2.0 * k as f32)
        };
        let fits = |tiles: &Self, count: usize| tiles.columns * tiles.rows >= count && tiles.fits(room);
        let [least, usual, largest] = SIDES;
        let all = sides(usual, largest).map(at).find(|tiles| fits(tiles, count));
        let enough = || sides(least, usual).map(at).find(|tiles| fits(tiles, count.min(LEAST)));
        all.or_else(enough).unwrap_or_else(|| at(least))
    }

    fn fits(&self, room: Vec2) -> bool {
        Self::width(self.side) <= room.x && LABEL + self.side <= room.y
    }

    fn width(side: f32) -> f32 {
        2.0 * side + BESIDE
    }

    /// Where the pair at a place stands.
    fn rect(&self, origin: Pos2, place: usize) -> Rect {
        let (row, column) = (place / self.columns, place % self.columns);
        let size = vec2(Self::width(self.side), LABEL + self.side);
        let offset = (size + GAPS) * vec2(column as f32, row as f32);
        Rect::from_min_size(origin + offset, size)
    }
}

/// Draws the maps that the shown cell reads, those first that contribute most.
pub fn inputs_ui(ui: &mut Ui, scene: &Scene, rect: Rect) -> Drawn {
    let (view, Some(sum)) = (scene.view, &scene.sum) else {
        return Drawn { places: 0, rows: Vec::new(), right: rect.right() };
    };
    heading_ui(ui, scene, sum, rect);
    let count = sum.order.len();
    // The frames of the first column lie within the stage.
    let room = rect.with_min_y(rect.top() + TITLE).with_max_y(rect.bottom() - MORE);
    let room = room.with_min_x(room.left() + 2.0);
    let tiles = Tiles::new(room.size(), count);
    let places = (tiles.columns * tiles.rows).min(count);
    for (place, &at) in sum.order.iter().take(places).enumerate() {
        tile_ui(ui, scene, &sum.shown.each[at], sum, tiles.rect(room.min, place), tiles.side);
    }
    if places < count && scene.is_done() {
        let y = tiles.rect(room.min, places - 1).bottom() + 0.5 * MORE;
        let rest = number::significant(sum.shown.rest(&sum.order[..places]) as f32, digits(view));
        let parts = [("n", (count - places).to_string()), ("sum", with_plus(rest))];
        let parts = parts.each_ref().map(|(name, text)| (*name, text.as_str()));
        let words = view.fill("map.together", &parts);
        let ink = view.theme.pass(pass(scene)).strong;
        // Where there is no room for the words, the card of the sum has the number.
        if text_width(ui.painter(), &words, body_font(view)) <= rect.width() {
            let at = pos2(rect.left(), y);
            text_ui(ui, at, Align2::LEFT_CENTER, &words, body_font(view), ink, rect.width());
        }
    }
    let shown_rows = places.div_ceil(tiles.columns);
    let middle = |row: usize| {
        let last = ((row + 1) * tiles.columns).min(places) - 1;
        let tile = tiles.rect(room.min, last);
        (tile.bottom() - 0.5 * tiles.side, tile.right())
    };
    let ends: Vec<(f32, f32)> = (0..shown_rows).map(middle).collect();
    let right = ends.iter().fold(rect.left(), |right, end| right.max(end.1));
    Drawn { places, rows: ends.into_iter().map(|end| end.0).collect(), right }
}

/// The significant digits of what a map gives.
fn digits(view: &View) -> usize {
    match view.state.view().digits {
        Digits::Two | Digits::Four => 2,
        Digits::All => 5,
    }
}

fn pass(scene: &Scene) -> Pass {
    if scene.tensor.part == Part::Out { Pass::Fwd } else { Pass::Bwd }
}

/// What is read, and by what.
fn heading_ui(ui: &Ui, scene: &Scene, sum: &Sum, rect: Rect) {
    let view = scene.view;
    let (count, layer) = (sum.order.len().to_string(), source_name(view, sum.shown.reads));
    let parts = [("n", count.as_str()), ("layer", layer.as_str())];
    let is_gradient = pass(scene) == Pass::Bwd;
    let key = match (is_gradient, sum.shown.reads == TensorId::INPUT) {
        (true, _) => "map.arrives",
        (false, true) => "map.reads_picture",
        (false, false) => "map.reads",
    };
    let op = &view.state.plan().layer(sum.shown.layer).op;
    let is_transposed = matches!(op, Op::ConvTranspose2d(_));
    let rest = match (is_gradient, op.convolution().is_some()) {
        (true, _) if is_transposed => "map.slices",
        (false, true) if is_transposed => "map.slices_for",
        (true, _) => "map.slices_back",
        (false, true) => "map.slices",
        (false, false) => "map.weights",
    };
    let rest = view.fill(rest, &[("k", &scene.map.to_string())]);
    let y = rect.top() + 0.5 * TITLE - 2.0;
    let (font, ink) = (strong_font(view), view.theme.text_strong);
    let words = view.fill(key, &parts);
    // A column too narrow for its title goes without.
    if text_width(ui.painter(), &words, font.clone()) > rect.width() {
        return;
    }
    let own = text_ui(ui, pos2(rect.left(), y), Align2::LEFT_CENTER, &words, font, ink, rect.width());
    let room = rect.right() - own.right() - space::L;
    if text_width(ui.painter(), &rest, body_font(view)) <= room {
        let at = pos2(own.right() + space::L, y);
        text_ui(ui, at, Align2::LEFT_CENTER, &rest, body_font(view), view.theme.text_weak, room);
    }
}

/// A map, its weights beside it, its number and what it gives above them.
fn tile_ui(ui: &mut Ui, scene: &Scene, one: &Contribution, sum: &Sum, rect: Rect, side: f32) {
    let (view, theme, reads) = (scene.view, scene.view.theme, sum.shown.reads);
    let number = with_plus(number::significant(one.gives as f32, digits(view)));
    let gives = match scene.is_done() {
        true => view.fill("map.gives", &[("number", &number)]),
        false => String::new(),
    };
    let name = names::plane(view, reads, one.from);
    let short = if reads == TensorId::INPUT { name.clone() } else { one.from.to_string() };
    let maps = Rect::from_min_size(rect.min + vec2(0.0, LABEL), vec2(side, side));
    let weights = maps.translate(vec2(side + BESIDE, 0.0));
    let words =
        view.fill("map.input", &[("map", &name), ("layer", &source_name(view, reads)), ("gives", &gives)]);
    let response = ui.interact(maps, ui.scope_id().with(("input", one.from)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words.trim_end()));
    let y = rect.top() + 0.5 * LABEL - 1.0;
    let own = text_ui(
        ui,
        pos2(rect.left(), y),
        Align2::LEFT_CENTER,
        &short,
        strong_font(view),
        theme.text_strong,
        rect.width(),
    );
    let ink = theme.pass(pass(scene)).strong;
    let room = rect.right() - own.right() - space::XS;
    // The number alone where both have no room.
    let fits = text_width(ui.painter(), &gives, body_font(view)) <= room || !scene.is_done();
    let gives = if fits { gives } else { number };
    text_ui(ui, pos2(rect.right(), y), Align2::RIGHT_CENTER, &gives, body_font(view), ink, room);
    map_ui(ui, scene, reads, one.from, maps);
    lit::frame_ui(ui.painter(), view, maps, reads, Some(one.from));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_stroke(maps, 0.0, Stroke::new(2.0, theme.accent), StrokeKind::Outside);
    }
    weights_ui(ui, scene, one, sum, weights);
    if response.hovered() {
        view.read_out(words.trim_end(), view.text("map.input_click"));
    }
    if response.clicked() {
        let cell = TensorPlane::new(view, reads, scene.image, one.from).address(0, 0);
        view.look(&view.state.plan().widen(&cell, Grain::Channel));
    }
}

/// A rectangle with the sides of a map within a square.
fn within(square: Rect, rows: usize, cols: usize) -> Rect {
    Rect::from_min_size(square.min, map_size(square.size(), rows, cols))
}

/// The map, with what is read of it framed.
fn map_ui(ui: &Ui, scene: &Scene, reads: TensorId, map: usize, square: Rect) {
    let (view, theme) = (scene.view, scene.view.theme);
    let plane = TensorPlane::new(view, reads, scene.image, map);
    let rect = within(square, plane.rows(), plane.cols());
    if plane.is_begun() {
        tensor_atlas(ui.ctx(), view, reads, scene.image).paint(ui.painter(), map, rect);
        ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, theme.plane_frame), StrokeKind::Outside);
    } else {
        hatched_ui(ui, theme, rect);
    }
    let Some([top, left, bottom, right]) = window(scene, reads, scene.cell) else { return };
    let is_whole = bottom - top == plane.rows() && right - left == plane.cols();
    if is_whole {
        return;
    }
    let scale = vec2(rect.width() / plane.cols() as f32, rect.height() / plane.rows() as f32);
    let frame = Rect::from_min_max(
        rect.min + vec2(left as f32, top as f32) * scale,
        rect.min + vec2(right as f32, bottom as f32) * scale,
    );
    for stroke in [Stroke::new(4.0, theme.halo), Stroke::new(2.0, theme.reads)] {
        ui.painter().rect_stroke(frame, 1.5, stroke, StrokeKind::Outside);
    }
}

/// The rows and columns that a cell reads of each map: top, left, and where they end.
fn window(scene: &Scene, reads: TensorId, (i, j): RowCol) -> Option<[usize; 4]> {
    let sum = scene.sum.as_ref()?;
    let layer = scene.view.state.plan().layer(sum.shown.layer);
    let is_forward = scene.tensor.part == Part::Out;
    let cell = Block::cell([scene.map, i, j]);
    let blocks = if is_forward { layer.reads(0, &cell) } else { layer.read_by(0, &cell) };
    let is_volume = scene.view.state.plan().shape_of(reads).plane() > 1;
    let block = blocks.first().filter(|_| is_volume && !matches!(layer.op, Op::Dense(_)))?;
    Some([block.rows.start, block.cols.start, block.rows.end, block.cols.end])
}

/// The weights that read a map, in colours.
fn weights_ui(ui: &mut Ui, scene: &Scene, one: &Contribution, sum: &Sum, square: Rect) {
    let (view, [rows, cols]) = (scene.view, sum.shown.side);
    let tensor = TensorId::layer(sum.shown.layer, Part::Weight);
    let mapping = scene.weights(ui.ctx()).unwrap_or_else(|| mapping(view, tensor, 0, None));
    let rect = within(square, rows, cols);
    let cell = vec2(rect.width() / cols as f32, rect.height() / rows as f32);
    let mut mesh = Mesh::default();
    for (k, index) in one.weights.clone().enumerate() {
        let value = view.state.trace().value(tensor, 0, index as u32);
        let at = rect.min + cell * vec2((k % cols) as f32, (k / cols) as f32);
        mesh.add_colored_rect(Rect::from_min_size(at, cell), mapping.color(value));
    }
    ui.painter().add(mesh);
    if cell.x >= 6.0 {
        let line = Stroke::new(1.0, view.theme.cell_line);
        for k in 1..rows {
            ui.painter().hline(rect.x_range(), rect.top() + cell.y * k as f32, line);
        }
        for k in 1..cols {
            ui.painter().vline(rect.left() + cell.x * k as f32, rect.y_range(), line);
        }
    }
    ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, view.theme.plane_frame), StrokeKind::Outside);
    let response = ui.interact(rect, ui.scope_id().with(("weights", one.from)), Sense::click());
    let op = &view.state.plan().layer(sum.shown.layer).op;
    let (is_conv, is_transposed) = (op.convolution().is_some(), matches!(op, Op::ConvTranspose2d(_)));
    let numbers = [scene.map, one.from, rows, cols].map(|number| number.to_string());
    let [k, from, h, w] = numbers.each_ref().map(String::as_str);
    let key = match (is_conv, (pass(scene) == Pass::Bwd) != is_transposed) {
        (true, true) => "map.slice_back",
        (true, false) => "map.slice",
        (false, _) => "map.weights_of",
    };
    let words = view.fill(key, &[("k", k), ("from", from), ("h", h), ("w", w)]);
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_stroke(rect, 0.0, Stroke::new(2.0, view.theme.accent), StrokeKind::Outside);
    }
    if response.hovered() {
        view.read_out(words, view.text("map.slice_click"));
    }
    if response.clicked() {
        let weights =
            Address::whole_given(view.state.trace().time(), 0, tensor).with_cell(one.weights.start as u32);
        view.look(&view.state.plan().widen(&weights, if is_conv { Grain::Channel } else { Grain::Cell }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_maps_of_84_fit_at_1280_x_720_and_a_few_are_larger() {
        let tiles = Tiles::new(vec2(608.0, 456.0), 32);
        assert_eq!((tiles.side, tiles.columns * tiles.rows), (84.0, 12));
        let few = Tiles::new(vec2(608.0, 456.0), 3);
        assert!(few.side > 100.0 && few.columns * few.rows >= 3, "{few:?}");
        let low = Tiles::new(vec2(250.0, 170.0), 32);
        assert!(low.columns * low.rows >= 2 && low.side >= 52.0, "{low:?}");
    }
}
