//! The pictures side by side, each with its caption, and the legend of the map's colours.

use crate::app::AttributionMaps;
use crate::attribution::{Attribution, Occlusion};
use crate::nn::Network;
use crate::tensor::Tensor;
use crate::ui::{
    colormap::{Mapping, ValueRange, legend_ui},
    names, number, theme,
    theme::space,
    view::View,
    widgets::grid::{CellSpan, CellState, CellView, Grid, Overlay},
};
use egui::{RichText, Ui};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How many pictures stand side by side.
pub fn count(made: &AttributionMaps) -> usize {
    2 + usize::from(made.random.is_some()) + usize::from(made.look.occlusion().is_some())
}

/// Draws the pictures, at most `height` high, and the legend.
pub fn pictures_ui(ui: &mut Ui, view: &View, made: &AttributionMaps, height: f32) {
    let side = side(ui, height, made);
    let pixels = |x: &Tensor| Pixels::new(view, x);
    let seed = |seed: u64| seed.to_string();
    if let Some(ascent) = made.look.ascent() {
        ui.horizontal_wrapped(|ui| {
            let caption = view.text("evidence.made_picture");
            picture_ui(ui, view, made, "made", &caption, &pixels(ascent.picture()), side, &[]);
            if let Some(random) = &made.random
                && let Some(ascent) = random.look.ascent()
            {
                let caption = view.fill("evidence.random_picture", &[("seed", &seed(random.seed))]);
                picture_ui(ui, view, made, "random", &caption, &pixels(ascent.picture()), side, &[]);
            }
            let caption = view.text("evidence.start_picture");
            picture_ui(ui, view, made, "given", &caption, &pixels(made.look.picture()), side, &[]);
        });
        return;
    }
    let map = Map { values: made.map.as_ref(), look: &made.look };
    let value_range = map.value_range();
    let mapping = mapping(view, made, value_range);
    let patch = made.look.occlusion().map(|occlusion| {
        let place = occlusion.place(view.state.attribution().place);
        let [i, j] = place.at.map(|p| p as i32);
        let [rows, cols] = place.size.map(|len| len as i32);
        Overlay::outline(CellSpan::new(i, j, rows, cols), view.theme.cursor)
    });
    let overlays: Vec<Overlay> = patch.into_iter().collect();
    ui.horizontal_wrapped(|ui| {
        let seen = pixels(made.look.picture());
        over_ui(ui, view, made, &seen, map, mapping, side, &overlays);
        let caption = view.text("evidence.alone");
        map_ui(ui, view, made, "alone", &caption, map, mapping, side, &overlays);
        if let Some(random) = &made.random {
            // Its own range: only the pattern is compared.
            let map = Map { values: random.map.as_ref(), look: &random.look };
            let own = self::mapping(view, made, map.value_range());
            let caption = view.fill("evidence.random_map", &[("seed", &seed(random.seed))]);
            map_ui(ui, view, made, "random", &caption, map, own, side, &[]);
        }
        if let Some(occlusion) = made.look.occlusion() {
            let place = view.state.attribution().place;
            let caption = covered_caption(view, occlusion, place);
            let covered = pixels(&occlusion.covered(place));
            picture_ui(ui, view, made, "covered", &caption, &covered, side, &overlays);
        }
    });
    ui.add_space(space::XS);
    let length = ui.available_width().min(2.0 * side + space::L);
    legend_ui(ui, &mapping, length, Some(value_range));
    let signed = made.look.settings().method.is_signed();
    caption_ui(ui, view, &view.text(if signed { "evidence.signed" } else { "evidence.unsigned" }));
}

/// The caption of the picture with a patch over it: the value then, and how far it fell.
fn covered_caption(view: &View, occlusion: &Occlusion, place: usize) -> String {
    let numbered = place.to_string();
    match occlusion.drops().get(place) {
        Some(&drop) => {
            let value = number::four_digits(occlusion.value() - drop);
            let drop = number::four_digits(drop);
            view.fill("evidence.covered", &[("place", &numbered), ("value", &value), ("drop", &drop)])
        }
        None => view.fill("evidence.covered_waiting", &[("place", &numbered)]),
    }
}

/// An attribution map, as far as it has been computed.
#[derive(Clone, Copy)]
struct Map<'a> {
    values: Option<&'a Tensor>,
    look: &'a Attribution,
}

impl Map<'_> {
    /// A cell, where it is made: NaN and the infinities too.
    fn cell(&self, i: usize, j: usize) -> Option<f32> {
        self.values.filter(|_| self.look.has([i, j])).map(|map| map[[0, 0, i, j]])
    }

    fn value_range(&self) -> ValueRange {
        let cells = self.values.into_iter().flat_map(|map| map.indexed_iter());
        ValueRange::from_values(
            cells.filter(|((_, _, i, j), _)| self.look.has([*i, *j])).map(|(_, value)| *value),
        )
    }
}

/// The side of a picture: two or three beside each other.
fn side(ui: &Ui, height: f32, made: &AttributionMaps) -> f32 {
    let width = ui.available_width() - space::L;
    let across = count(made).min(3) as f32;
    (width / across - space::S).min(height.max(170.0)).clamp(120.0, 560.0)
}

/// The colours: diverging for signed maps; the log as chosen for all maps.
fn mapping(view: &View, made: &AttributionMaps, value_range: ValueRange) -> Mapping {
    let dark = view.theme.dark;
    let mapping = if made.look.settings().method.is_signed() {
        Mapping::signed_for(value_range, dark)
    } else {
        Mapping::positive_for(value_range, dark)
    };
    mapping.with_log(view.state.view().log)
}

/// A picture in the network's numbers as pixels again.
struct Pixels {
    x: Tensor,
}

impl Pixels {
    fn new(view: &View, x: &Tensor) -> Self {
        let preprocess = &view.state.model().architecture.preprocess;
        let mut x = x.clone();
        for ((_, c, _, _), x) in x.indexed_iter_mut() {
            let pixel = preprocess.pixel(c, *x);
            // Infinite values must be visible.
            *x = if pixel.is_finite() { pixel.clamp(0.0, 255.0) } else { pixel };
        }
        Self { x }
    }

    /// Red, green and blue; other numbers of channels are shown as their mean.
    fn rgb(&self, i: usize, j: usize) -> [f32; 3] {
        let (_, channels, _, _) = self.x.dim();
        match channels {
            3 => [0, 1, 2].map(|c| self.x[[0, c, i, j]]),
            _ => [(0..channels).map(|c| self.x[[0, c, i, j]]).sum::<f32>() / channels as f32; 3],
        }
    }
}

fn picture_size(network: &Network) -> (usize, usize) {
    let [_, h, w] = network.input;
    (h, w)
}

/// Changes with everything that a picture shows.
fn revision(view: &View, made: &AttributionMaps, what: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let attribution = view.state.attribution();
    (what, made.version, made.look.settings().method, made.unit).hash(&mut hasher);
    (attribution.opacity.to_bits(), attribution.place, view.state.revision(), view.state.view().log)
        .hash(&mut hasher);
    (made.random.as_ref().map(|random| random.seed)).hash(&mut hasher);
    hasher.finish()
}

/// The map laid over the picture; what is not finite covers it.
#[expect(clippy::too_many_arguments, reason = "a map, the picture below it and where they stand")]
fn over_ui(
    ui: &mut Ui,
    view: &View,
    made: &AttributionMaps,
    seen: &Pixels,
    map: Map,
    mapping: Mapping,
    side: f32,
    overlays: &[Overlay],
) {
    let (h, w) = picture_size(view.state.plan().network());
    let opacity = view.state.attribution().opacity;
    let cells = |i: usize, j: usize| {
        let under = seen.rgb(i, j);
        let Some(value) = map.cell(i, j) else { return (under, CellState::Current) };
        if !value.is_finite() {
            return ([value; 3], CellState::Current);
        }
        let colour = mapping.color(value);
        let colour = [colour.r(), colour.g(), colour.b()].map(f32::from);
        let mixed = [0, 1, 2].map(|c: usize| under[c] + (colour[c] - under[c]) * opacity);
        (mixed, CellState::Current)
    };
    let caption = view.text("evidence.over");
    let label = |cell| label(view, made, &caption, Some(map), cell);
    card_ui(ui, view, &caption, side, |ui| {
        let plane =
            Grid::rgb("evidence over the picture", h, w, Mapping::rgb(0.0, 255.0, view.theme.dark), &cells)
                .revision(revision(view, made, "over"))
                .cell_points(side / h.max(w) as f32)
                .overlays(overlays)
                .numbers(false)
                .label(&label)
                .show_ui(ui);
        hover_ui(view, map, plane.hovered, plane.response);
    });
}

/// A map in its colours, its numbers on hover.
#[expect(clippy::too_many_arguments, reason = "a picture, its caption and where it stands")]
fn map_ui(
    ui: &mut Ui,
    view: &View,
    made: &AttributionMaps,
    id: &str,
    caption: &str,
    map: Map,
    mapping: Mapping,
    side: f32,
    overlays: &[Overlay],
) {
    let (h, w) = picture_size(view.state.plan().network());
    let cells = |i: usize, j: usize| map.cell(i, j).map_or_else(CellView::not_yet, CellView::current);
    let label = |cell| label(view, made, caption, Some(map), cell);
    card_ui(ui, view, caption, side, |ui| {
        let plane = Grid::new(("evidence", id), h, w, mapping, &cells)
            .revision(revision(view, made, id))
            .cell_points(side / h.max(w) as f32)
            .overlays(overlays)
            .label(&label)
            .show_ui(ui);
        hover_ui(view, map, plane.hovered, plane.response);
    });
}

/// Draws a picture in its own colours.
#[expect(clippy::too_many_arguments, reason = "a picture, its caption and where it stands")]
fn picture_ui(
    ui: &mut Ui,
    view: &View,
    made: &AttributionMaps,
    id: &str,
    caption: &str,
    pixels: &Pixels,
    side: f32,
    overlays: &[Overlay],
) {
    let (h, w) = picture_size(view.state.plan().network());
    let cells = |i: usize, j: usize| (pixels.rgb(i, j), CellState::Current);
    let label = |cell| label(view, made, caption, None, cell);
    card_ui(ui, view, caption, side, |ui| {
        Grid::rgb(("evidence", id), h, w, Mapping::rgb(0.0, 255.0, view.theme.dark), &cells)
            .revision(revision(view, made, id))
            .cell_points(side / h.max(w) as f32)
            .overlays(overlays)
            .numbers(false)
            .label(&label)
            .show_ui(ui);
    });
}

/// A picture with its caption below, no wider than the picture.
fn card_ui(ui: &mut Ui, view: &View, caption: &str, side: f32, add: impl FnOnce(&mut Ui)) {
    if ui.available_size_before_wrap().x < side {
        ui.end_row();
    }
    ui.vertical(|ui| {
        ui.set_width(side);
        add(ui);
        caption_ui(ui, view, caption);
        ui.add_space(space::XS);
    });
}

fn caption_ui(ui: &mut Ui, view: &View, text: &str) {
    ui.label(RichText::new(text).font(theme::small_font()).color(view.theme.text_weak));
}

/// The number under the pointer.
fn hover_ui(view: &View, map: Map, hovered: Option<(usize, usize)>, response: egui::Response) {
    let Some((i, j)) = hovered else { return };
    let value = value_text(view, map, i, j);
    let (row, column) = (i.to_string(), j.to_string());
    let text = view.fill("evidence.hover", &[("row", &row), ("column", &column), ("value", &value)]);
    response.on_hover_text_at_pointer(text);
}

fn value_text(view: &View, map: Map, i: usize, j: usize) -> String {
    map.cell(i, j).map_or_else(|| view.text("evidence.not_yet"), number::four_digits)
}

/// The words for a screen reader.
fn label(
    view: &View,
    made: &AttributionMaps,
    caption: &str,
    map: Option<Map>,
    cell: Option<(usize, usize)>,
) -> String {
    match cell {
        None => view.fill("evidence.plane", &[("name", caption), ("unit", &names::unit(view, made.unit))]),
        Some((i, j)) => {
            let (row, column) = (i.to_string(), j.to_string());
            let Some(map) = map else {
                return view.fill("evidence.hover_pixel", &[("row", &row), ("column", &column)]);
            };
            let value = value_text(view, map, i, j);
            let parts = [("name", caption), ("row", &row), ("column", &column), ("value", &value)];
            view.fill("evidence.cell_of", &parts)
        }
    }
}
